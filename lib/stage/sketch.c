/* The stages sketch, values to sketches by group, and sketch.merge, sketches to sketches. */
#include "stage/sketch_stage.h"
#include <jansson.h>

typedef struct sketch_stage {
    const pln_allocator *mem;
    bool merges;
    bool every_epoch;
    char **keys;
    int64_t n_keys;
    pln__sketch_wish *wishes;
    int64_t n_wishes;
    int64_t *columns; /* of the input, one for each wish */
    int64_t rows_at;  /* sketch.merge: the input's column "rows"; -1: it has none */
    pln__sketch_groups groups;
    pln_rejection *rejections;
    int64_t rejections_capacity;
    char (*messages)[sizeof((pln_error *)0)->message];
    int64_t messages_capacity;
    int64_t n_rejections;
} sketch_stage;

/* ---- configuration ---- */

static void sketch_close(void *self, pln_context *ctx) {
    sketch_stage *s = self;
    (void)ctx;
    pln__sketch_groups_close(&s->groups);
    for (int64_t i = 0; s->keys != NULL && i < s->n_keys; i++)
        pln__strfree(s->mem, s->keys[i]);
    for (int64_t i = 0; s->wishes != NULL && i < s->n_wishes; i++) {
        pln__strfree(s->mem, s->wishes[i].name);
        pln__strfree(s->mem, s->wishes[i].column);
    }
    pln__free(s->mem, s->keys, (uint64_t)(s->n_keys + 1) * sizeof *s->keys);
    pln__free(s->mem, s->wishes, (uint64_t)(s->n_wishes + 1) * sizeof *s->wishes);
    pln__free(s->mem, s->columns, (uint64_t)(s->n_wishes + 1) * sizeof *s->columns);
    pln__free(s->mem, s->rejections, (uint64_t)s->rejections_capacity * sizeof *s->rejections);
    pln__free(s->mem, s->messages, (uint64_t)s->messages_capacity * sizeof *s->messages);
    pln__free(s->mem, s, sizeof *s);
}

/* Numbers of a wish, by the kind that has them; the sketch itself holds them to their ranges. */
static pln_status read_number(pln__sketch_wish *wish, const char *name, const json_t *value,
                              pln_error *err) {
    const char *kind = wish->kind->name;
    bool whole = json_is_integer(value), number = json_is_number(value);
    if (whole && strcmp(kind, "hll") == 0 && strcmp(name, "precision") == 0)
        wish->precision = json_integer_value(value);
    else if (whole && strcmp(kind, "top_k") == 0 && strcmp(name, "capacity") == 0)
        wish->capacity = json_integer_value(value);
    else if (whole && strcmp(kind, "quantiles") == 0 && strcmp(name, "k") == 0)
        wish->k = json_integer_value(value);
    else if (number && strcmp(kind, "count_min") == 0 && strcmp(name, "epsilon") == 0)
        wish->epsilon = json_number_value(value);
    else if (number && strcmp(kind, "count_min") == 0 && strcmp(name, "delta") == 0)
        wish->delta = json_number_value(value);
    else
        return pln__error_set(err, PLN_EOPTION,
                              "option 'sketches': %s: a sketch %s has no number '%s'", wish->name,
                              kind, name);
    if (wish->precision != (int32_t)wish->precision || wish->k != (int32_t)wish->k)
        return pln__error_set(err, PLN_EOPTION, "option 'sketches': %s: '%s' is too large",
                              wish->name, name);
    return PLN_OK;
}

/* {"hll": "user", "precision": 12} */
static pln_status read_wish(sketch_stage *s, pln__sketch_wish *wish, const json_t *said,
                            pln_error *err) {
    const char *name;
    json_t *value;
    pln_status status = PLN_OK;
    json_object_foreach((json_t *)(uintptr_t)said, name, value) {
        const pln__sketch_kind *kind = pln__sketch_kind_named(name);
        if (kind == NULL || !json_is_string(value) || wish->kind != NULL)
            continue;
        wish->kind = kind;
        PLN__TRY(pln__stage_text(s->mem, json_string_value(value), &wish->column, err));
    }
    if (wish->kind == NULL)
        PLN__FAIL(err, PLN_EOPTION,
                  "option 'sketches': %s: expected an object with one of hll, top_k, quantiles, "
                  "count_min and the name of a column",
                  wish->name);
    json_object_foreach((json_t *)(uintptr_t)said, name, value) {
        if (strcmp(name, wish->kind->name) != 0)
            PLN__TRY(read_number(wish, name, value, err));
    }
out:
    return status;
}

static pln_status read_wishes(sketch_stage *s, const json_t *said, uint64_t seed, pln_error *err) {
    const char *name;
    json_t *value;
    pln_status status = PLN_OK;
    s->wishes = pln__calloc(s->mem, (uint64_t)json_object_size(said) + 1, sizeof *s->wishes);
    if (s->wishes == NULL)
        return pln__error_memory(err, json_object_size(said) * sizeof *s->wishes);
    s->n_wishes = (int64_t)json_object_size(said);
    int64_t i = 0;
    json_object_foreach((json_t *)(uintptr_t)said, name, value) {
        pln__sketch_wish *wish = &s->wishes[i++];
        *wish = (pln__sketch_wish){.precision = 14, .capacity = 1024, .k = 200, .epsilon = 0.001,
                                   .delta = 0.01, .seed = seed};
        PLN__TRY(pln__stage_text(s->mem, name, &wish->name, err));
        if (!json_is_object(value))
            PLN__FAIL(err, PLN_EOPTION, "option 'sketches': %s: expected an object", name);
        PLN__TRY(read_wish(s, wish, value, err));
    }
    if (s->n_wishes == 0)
        PLN__FAIL(err, PLN_EOPTION, "option 'sketches': expected an object that is not empty");
out:
    return status;
}

/* sketch.merge: a wish for each column named. */
static pln_status name_wishes(sketch_stage *s, pln_context *ctx, const pln_config *config,
                              uint64_t seed, pln_error *err) {
    int64_t n = ctx->host->config_count(config, "columns");
    pln_status status = PLN_OK;
    s->wishes = pln__calloc(s->mem, (uint64_t)n + 1, sizeof *s->wishes);
    if (s->wishes == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *s->wishes);
    s->n_wishes = n;
    for (int64_t i = 0; i < n; i++) {
        s->wishes[i].seed = seed;
        PLN__TRY(pln__stage_text(s->mem, ctx->host->config_item(config, "columns", i, NULL),
                                 &s->wishes[i].name, err));
    }
out:
    return status;
}

static pln_status copy_keys(sketch_stage *s, pln_context *ctx, const pln_config *config,
                            pln_error *err) {
    int64_t n = ctx->host->config_count(config, "key");
    pln_status status = PLN_OK;
    s->keys = pln__calloc(s->mem, (uint64_t)n + 1, sizeof *s->keys);
    if (s->keys == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *s->keys);
    s->n_keys = n;
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(pln__stage_text(s->mem, ctx->host->config_item(config, "key", i, NULL),
                                 &s->keys[i], err));
out:
    return status;
}

static pln_status set_up(sketch_stage *s, pln_context *ctx, const pln_config *config,
                         pln_error *err) {
    pln_status status;
    const pln_host *host = ctx->host;
    uint64_t seed = (uint64_t)host->config_int(config, "seed");
    json_t *said = NULL;
    s->every_epoch = strcmp(host->config_text(config, "every"), "epoch") == 0;
    PLN__TRY(copy_keys(s, ctx, config, err));
    if (s->merges) {
        PLN__TRY(name_wishes(s, ctx, config, seed, err));
    } else {
        said = json_loads(host->config_json(config, "sketches"), 0, NULL);
        PLN__TRY(read_wishes(s, said, seed, err));
    }
    s->columns = pln__calloc(s->mem, (uint64_t)s->n_wishes + 1, sizeof *s->columns);
    if (s->columns == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)s->n_wishes * sizeof *s->columns));
out:
    json_decref(said);
    return status;
}

static pln_status stage_open(bool merges, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    sketch_stage *s = pln__calloc(mem, 1, sizeof *s);
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    s->mem = s->groups.mem = mem;
    s->merges = merges;
    pln_status status = set_up(s, ctx, config, err);
    if (status < 0)
        sketch_close(s, ctx);
    else
        *self = s;
    return status;
}

static pln_status sketch_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    (void)user;
    return stage_open(false, ctx, config, self, err);
}

static pln_status merge_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    (void)user;
    return stage_open(true, ctx, config, self, err);
}

/* ---- schema ---- */

/* A sketch of its own tells whether its numbers are in range and the column has a type for it. */
static pln_status try_wish(const sketch_stage *s, const pln__sketch_wish *wish,
                           const struct ArrowSchema *field, pln_error *err) {
    void *sketch = NULL;
    struct ArrowArray none = {0};
    pln_status status;
    PLN__TRY(wish->kind->make(s->mem, wish, &sketch, err));
    PLN__TRY(pln__array_nulls(s->mem, field, 0, &none, err));
    PLN__TRY(wish->kind->add(sketch, field, &none, err));
out:
    pln__array_release(&none);
    if (sketch != NULL)
        wish->kind->free(sketch);
    if (status == PLN_EINVAL || status == PLN_EUNSUPPORTED)
        pln__error_prefix(err, "option 'sketches': %s", wish->name);
    return status;
}

static pln_status find_columns(sketch_stage *s, const struct ArrowSchema *in, pln_error *err) {
    for (int64_t i = 0; i < s->n_wishes; i++) {
        const pln__sketch_wish *wish = &s->wishes[i];
        const char *name = s->merges ? wish->name : wish->column;
        int64_t at = s->columns[i] = pln__schema_find(in, name);
        pln__type type;
        if (at < 0)
            return pln__schema_find_error(in, name, err);
        pln_status status = pln__type_of(in->children[at], &type, err);
        if (status == PLN_OK && s->merges && type.id != PLN__BINARY) {
            char text[PLN__TYPE_TEXT_SIZE];
            status = pln__error_set(err, PLN_ETYPE, "column %s: expected binary, got %s", name,
                                    pln__type_text(in->children[at], text));
        }
        if (status == PLN_OK && !s->merges)
            status = try_wish(s, wish, in->children[at], err);
        if (status < 0)
            return status;
    }
    s->rows_at = pln__schema_find(in, "rows");
    if (s->rows_at >= 0 && strcmp(in->children[s->rows_at]->format, "l") != 0)
        s->rows_at = -1;
    return PLN_OK;
}

static pln_status sketch_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    sketch_stage *s = self;
    pln_status status;
    (void)n_in;
    (void)n_out;
    pln__sketch_groups_close(&s->groups);
    s->groups = (pln__sketch_groups){.mem = s->mem, .wishes = s->wishes, .n_wishes = s->n_wishes};
    ctx->host->random(ctx, s->groups.secret, sizeof s->groups.secret);
    PLN__TRY(find_columns(s, in[0], err));
    PLN__TRY(
        pln__sketch_groups_open(&s->groups, in[0], (const char *const *)s->keys, s->n_keys, err));
    PLN__TRY(pln__schema_copy(s->mem, &s->groups.out, out, err));
out:
    return status;
}

/* ---- rows ---- */

static pln_status sketch_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    sketch_stage *s = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_status status;
    (void)port;
    PLN__TRY(pln__sketch_groups_find(&s->groups, rows, err));
    PLN__TRY(
        pln__sketch_groups_add(&s->groups, ctx->host->batch_schema(batch), rows, s->columns, err));
    PLN__TRY(ctx->host->account(ctx, PLN_ABSORBED, rows->length, err));
out:
    return status;
}

static pln_status note_bad(sketch_stage *s, int64_t row, const char *column, const pln_error *why,
                           pln_error *err) {
    int64_t n = s->n_rejections + 1;
    pln_status status =
        pln__grow(s->mem, &s->rejections, &s->rejections_capacity, n, sizeof *s->rejections, err);
    if (status == PLN_OK)
        status =
            pln__grow(s->mem, &s->messages, &s->messages_capacity, n, sizeof *s->messages, err);
    if (status < 0)
        return status;
    memcpy(s->messages[n - 1], why->message, sizeof *s->messages);
    s->rejections[n - 1] = (pln_rejection){row, PLN_EDATA, 0, column, NULL};
    s->n_rejections = n;
    return PLN_OK;
}

static int64_t count_of(const sketch_stage *s, const struct ArrowArray *rows, int64_t row) {
    static const pln__type type = {.id = PLN__INT64, .width = 8};
    if (s->rows_at < 0 || !pln__array_valid(rows->children[s->rows_at], row))
        return 1;
    return pln__array_int(&type, rows->children[s->rows_at], row);
}

static pln_status merge_rows(sketch_stage *s, const struct ArrowArray *rows, pln_error *err) {
    s->n_rejections = 0;
    for (int64_t row = 0; row < rows->length; row++) {
        pln_error why = {0};
        int64_t bad = 0, count = count_of(s, rows, row);
        pln_status status =
            count < 0
                ? pln__error_set(&why, PLN_EDATA, "%lld rows", (long long)count)
                : pln__sketch_groups_merge(&s->groups, rows, s->columns, row, count, &bad, &why);
        if (status == PLN_ENOMEM) {
            if (err != NULL)
                *err = why;
            return status;
        }
        if (status < 0)
            status = note_bad(s, row, count < 0 ? "rows" : s->wishes[bad].name, &why, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status merge_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                pln_error *err) {
    sketch_stage *s = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln_status status;
    (void)port;
    PLN__TRY(pln__sketch_groups_find(&s->groups, rows, err));
    PLN__TRY(merge_rows(s, rows, err));
    for (int64_t i = 0; i < s->n_rejections; i++)
        s->rejections[i].message = s->messages[i];
    if (s->n_rejections > 0)
        PLN__TRY(ctx->host->reject(ctx, batch, s->rejections, s->n_rejections, err));
    PLN__TRY(ctx->host->account(ctx, PLN_ABSORBED, rows->length - s->n_rejections, err));
out:
    return status;
}

static pln_status give(sketch_stage *s, pln_context *ctx, pln_error *err) {
    struct ArrowArray rows = {0};
    pln_batch *batch = NULL;
    pln_status status;
    PLN__TRY(pln__sketch_groups_rows(&s->groups, &rows, err));
    PLN__TRY(pln__sketch_groups_clear(&s->groups, err));
    if (rows.length == 0)
        goto out;
    PLN__TRY(ctx->host->batch_new(ctx, 0, &rows, NULL, &batch, err));
    PLN__TRY(ctx->host->emit(ctx, 0, batch, err));
out:
    pln__array_release(&rows);
    return status;
}

static pln_status sketch_finish(void *self, pln_context *ctx, int32_t port, pln_error *err) {
    (void)port;
    return give(self, ctx, err);
}

static pln_status sketch_drain(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    sketch_stage *s = self;
    (void)n;
    return s->every_epoch ? give(s, ctx, err) : PLN_OK;
}

/* ---- state: the groups as rows ---- */

static pln_status sketch_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    sketch_stage *s = self;
    struct ArrowArray rows = {0};
    pln__buffer bytes = {0};
    pln_status status;
    (void)n;
    PLN__TRY(pln__sketch_groups_rows(&s->groups, &rows, err));
    PLN__TRY(pln__array_write(s->mem, &s->groups.out, &rows, &bytes, err));
    PLN__TRY(ctx->host->state_put(ctx, "groups", bytes.data, bytes.size, err));
out:
    pln__array_release(&rows);
    pln__buffer_free(s->mem, &bytes);
    return status;
}

/* Saved rows are rows of the output, whose key columns come first. */
static pln_status restore(sketch_stage *s, const struct ArrowArray *rows, pln_error *err) {
    static const pln__type type = {.id = PLN__INT64, .width = 8};
    pln__sketch_groups *g = &s->groups;
    pln_status status = PLN_OK;
    int64_t *columns = pln__calloc(s->mem, (uint64_t)g->n_wishes + 1, sizeof *columns), bad = 0;
    if (columns == NULL)
        return pln__error_memory(err, (uint64_t)g->n_wishes * sizeof *columns);
    for (int64_t i = 0; i < g->n_wishes; i++)
        columns[i] = g->n_keys + 1 + i;
    PLN__TRY(pln__sketch_groups_restore(g, rows, err));
    for (int64_t row = 0; row < rows->length; row++)
        PLN__TRY(pln__sketch_groups_merge(g, rows, columns, row,
                                          pln__array_int(&type, rows->children[g->n_keys], row),
                                          &bad, err));
out:
    pln__free(s->mem, columns, (uint64_t)(g->n_wishes + 1) * sizeof *columns);
    return status;
}

static pln_status sketch_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *err) {
    sketch_stage *s = self;
    struct ArrowArray rows = {0};
    (void)ctx;
    if (count != 1)
        return pln__error_set(err, PLN_ECORRUPT, "saved sketches: %lld pieces, expected 1",
                              (long long)count);
    pln_status status =
        pln__array_read(s->mem, &s->groups.out, pieces[0].bytes, pieces[0].size, &rows, err);
    if (status == PLN_OK)
        status = restore(s, &rows, err);
    pln__array_release(&rows);
    if (status >= 0 || status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_ECORRUPT;
    pln__error_prefix(err, "saved sketches");
    return PLN_ECORRUPT;
}

#define COMMON_OPTIONS                                                                             \
    {"key", PLN_OPT_COLUMNS, 0, NULL, NULL,                                                        \
     "the columns that make a group; all rows are one group if not given"},                       \
        {"every", PLN_OPT_ENUM, 0, "\"run\"", "run|epoch",                                         \
         "when the groups leave and begin anew: at the end of input, or of each epoch"},           \
        {"seed", PLN_OPT_INT, 0, "0", NULL,                                                        \
         "of the sketches; a secret one for data from an adversary"},                              \
    {0}

static const pln_option sketch_options[] = {
    {"sketches", PLN_OPT_JSON, 1, NULL, NULL,
     "an object: the name of a new column, and what is in it, as {\"hll\": \"user\", \"precision\": 12}"},
    COMMON_OPTIONS};

static const pln_option merge_options[] = {
    {"columns", PLN_OPT_TEXTS, 1, NULL, NULL, "the binary columns that hold sketches"},
    COMMON_OPTIONS};

#define TABLE(title, text, list, opens, works)                                                     \
    {.struct_size = sizeof(pln_transform),                                                         \
     .abi = PLN_PLUGIN_ABI,                                                                        \
     .name = title,                                                                                \
     .summary = text,                                                                              \
     .options = list,                                                                              \
     .option_size = sizeof(pln_option),                                                            \
     .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_KEYED,                                                \
     .open = opens,                                                                                \
     .process = works,                                                                             \
     .close = sketch_close,                                                                        \
     .schema = sketch_schema,                                                                      \
     .finish = sketch_finish,                                                                      \
     .save = sketch_save,                                                                          \
     .load = sketch_load,                                                                          \
     .drain = sketch_drain}

const pln_transform pln__sketch_stage_table =
    TABLE("sketch", "Makes sketches of columns, for each group of rows.", sketch_options,
          sketch_open, sketch_process);
const pln_transform pln__sketch_merge_table =
    TABLE("sketch.merge", "Merges sketches, for each group of rows.", merge_options, merge_open,
          merge_process);

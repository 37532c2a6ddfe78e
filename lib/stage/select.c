#include "stage/stage.h"

/* One output column: which input column, its name and, if it is cast, its type. */
typedef struct pick {
    int64_t from;
    const char *name;      /* of the configuration's copies, or NULL: as the input's */
    const char *cast;
} pick;

typedef struct pair {
    char *key, *value;
} pair;

/* value is NULL in lists of names */
typedef struct pairs {
    pair *items;
    int64_t n;
} pairs;

typedef struct select_stage {
    const pln_allocator *mem;
    pairs columns, drop, rename, cast;
    bool null_on_error;
    pick *picks;
    int64_t n_picks, picks_capacity;
    struct ArrowSchema schema; /* of the output */
    const struct ArrowSchema *in;
    struct ArrowArray *made;
    pln__picks rows;
} select_stage;

static void pairs_free(const pln_allocator *mem, pairs *list) {
    for (int64_t i = 0; list->items != NULL && i < list->n; i++) {
        pln__strfree(mem, list->items[i].key);
        pln__strfree(mem, list->items[i].value);
    }
    pln__free(mem, list->items, (uint64_t)(list->n + 1) * sizeof *list->items);
}

static void forget_picks(select_stage *s) {
    pln__free(s->mem, s->made, (uint64_t)(s->n_picks + 1) * sizeof *s->made);
    s->made = NULL;
    s->n_picks = 0;
    pln__schema_release(&s->schema);
    s->schema = (struct ArrowSchema){0};
}

static void select_close(void *self, pln_context *ctx) {
    select_stage *s = self;
    (void)ctx;
    forget_picks(s);
    pairs_free(s->mem, &s->columns);
    pairs_free(s->mem, &s->drop);
    pairs_free(s->mem, &s->rename);
    pairs_free(s->mem, &s->cast);
    pln__free(s->mem, s->picks, (uint64_t)s->picks_capacity * sizeof *s->picks);
    pln__picks_free(&s->rows);
    pln__free(s->mem, s, sizeof *s);
}

/* A list of names, or an object of names and texts. */
static pln_status read_pairs(select_stage *s, pln_context *ctx, const pln_config *config,
                             const char *key, bool object, pairs *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = ctx->host->config_count(config, key);
    out->items = pln__calloc(s->mem, (uint64_t)n + 1, sizeof *out->items);
    if (out->items == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *out->items);
    out->n = n;
    for (int64_t i = 0; i < n; i++) {
        const char *name = NULL, *text = ctx->host->config_item(config, key, i, &name);
        if (text == NULL || (name != NULL) != object)
            PLN__FAIL(err, PLN_EOPTION, "option '%s': expected %s", key,
                      object ? "an object of column names and texts" : "a list of column names");
        PLN__TRY(pln__stage_text(s->mem, object ? name : text, &out->items[i].key, err));
        if (object)
            PLN__TRY(pln__stage_text(s->mem, text, &out->items[i].value, err));
    }
out:
    return status;
}

static pln_status select_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = ctx->host->allocator(ctx);
    select_stage *s = pln__calloc(mem, 1, sizeof *s);
    (void)user;
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    s->mem = s->rows.mem = mem;
    s->null_on_error = strcmp(ctx->host->config_text(config, "on_error"), "null") == 0;
    PLN__TRY(read_pairs(s, ctx, config, "columns", false, &s->columns, err));
    PLN__TRY(read_pairs(s, ctx, config, "drop", false, &s->drop, err));
    PLN__TRY(read_pairs(s, ctx, config, "rename", true, &s->rename, err));
    PLN__TRY(read_pairs(s, ctx, config, "cast", true, &s->cast, err));
    *self = s;
    return PLN_OK;
out:
    select_close(s, ctx);
    return status;
}

static const pair *find_pair(const pairs *list, const char *key) {
    for (int64_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].key, key) == 0)
            return &list->items[i];
    return NULL;
}

static pln_status known_columns(const pairs *list, const struct ArrowSchema *in, const char *option,
                                pln_error *err) {
    for (int64_t i = 0; i < list->n; i++)
        if (pln__schema_find(in, list->items[i].key) < 0) {
            pln_status status = pln__schema_find_error(in, list->items[i].key, err);
            pln__error_prefix(err, "option '%s'", option);
            return status;
        }
    return PLN_OK;
}

static pln_status add_pick(select_stage *s, const struct ArrowSchema *in, int64_t from,
                           pln_error *err) {
    const char *name = in->children[from]->name;
    const pair *renamed = find_pair(&s->rename, name);
    const pair *cast = find_pair(&s->cast, name);
    if (find_pair(&s->drop, name) != NULL)
        return PLN_OK;
    pln_status status =
        pln__grow(s->mem, &s->picks, &s->picks_capacity, s->n_picks + 1, sizeof *s->picks, err);
    if (status >= 0)
        s->picks[s->n_picks++] = (pick){from, renamed != NULL ? renamed->value : NULL,
                                        cast != NULL ? cast->value : NULL};
    return status;
}

static pln_status choose(select_stage *s, const struct ArrowSchema *in, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(known_columns(&s->columns, in, "columns", err));
    PLN__TRY(known_columns(&s->drop, in, "drop", err));
    PLN__TRY(known_columns(&s->rename, in, "rename", err));
    PLN__TRY(known_columns(&s->cast, in, "cast", err));
    if (s->columns.n > 0)
        for (int64_t i = 0; i < s->columns.n; i++)
            PLN__TRY(add_pick(s, in, pln__schema_find(in, s->columns.items[i].key), err));
    else
        for (int64_t i = 0; i < in->n_children; i++)
            PLN__TRY(add_pick(s, in, i, err));
    if (s->n_picks == 0)
        PLN__FAIL(err, PLN_EOPTION, "select: no column is left");
out:
    return status;
}

static pln_status pick_field(const select_stage *s, const pick *p, const struct ArrowSchema *in,
                             struct ArrowSchema *out, pln_error *err) {
    const struct ArrowSchema *from = in->children[p->from];
    const char *name = p->name != NULL ? p->name : from->name;
    if (p->cast == NULL)
        return pln__field_copy(s->mem, from, name, out, err);
    pln_status status = pln__type_parse(s->mem, p->cast, name, out, err);
    if (status < 0) {
        pln__error_prefix(err, "cast of column %s", from->name);
        return status;
    }
    bool nullable = (from->flags & ARROW_FLAG_NULLABLE) || s->null_on_error;
    out->flags = nullable ? out->flags | ARROW_FLAG_NULLABLE : out->flags & ~ARROW_FLAG_NULLABLE;
    return PLN_OK;
}

/* A cast that does not exist is found before the first row: no rows are cast as well as some. */
static pln_status try_casts(const select_stage *s, const struct ArrowSchema *in, pln_error *err) {
    for (int64_t i = 0; i < s->n_picks; i++) {
        struct ArrowArray none = {0}, out = {0};
        const struct ArrowSchema *from = in->children[s->picks[i].from];
        if (s->picks[i].cast == NULL)
            continue;
        pln_status status = pln__array_nulls(s->mem, from, 0, &none, err);
        if (status >= 0)
            status = pln__cast_array(s->mem, from, &none, s->schema.children[i], &out, NULL, err);
        pln__array_release(&none);
        pln__array_release(&out);
        if (status < 0) {
            pln__error_prefix(err, "cast of column %s", from->name);
            return status;
        }
    }
    return PLN_OK;
}

static pln_status select_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    select_stage *s = self;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    forget_picks(s);
    s->in = in[0];
    PLN__TRY(choose(s, in[0], err));
    s->made = pln__calloc(s->mem, (uint64_t)s->n_picks + 1, sizeof *s->made);
    if (s->made == NULL)
        PLN__TRY(pln__error_memory(err, sizeof *s->made));
    PLN__TRY(pln__field_new(s->mem, "+s", in[0]->name == NULL ? "" : in[0]->name, false, s->n_picks,
                            &s->schema, err));
    for (int64_t i = 0; i < s->n_picks; i++)
        PLN__TRY(pick_field(s, &s->picks[i], in[0], s->schema.children[i], err));
    PLN__TRY(try_casts(s, in[0], err));
    PLN__TRY(pln__schema_copy(s->mem, &s->schema, out, err));
out:
    return status;
}

static void drop_made(select_stage *s) {
    for (int64_t i = 0; i < s->n_picks; i++)
        pln__array_release(&s->made[i]);
}

/* *failed: the name of the column whose cast failed for some rows, which stand in s->rows.failures. */
static pln_status make_columns(select_stage *s, const struct ArrowArray *rows, const char **failed,
                               pln_error *err) {
    pln_status status = PLN_OK;
    *failed = NULL;
    PLN__TRY(pln__picks_begin(&s->rows, rows->length, err));
    for (int64_t i = 0; i < s->n_picks && *failed == NULL; i++) {
        const pick *p = &s->picks[i];
        if (p->cast == NULL) {
            PLN__TRY(pln__array_share(s->mem, rows->children[p->from], &s->made[i], err));
            continue;
        }
        PLN__TRY(pln__cast_array(s->mem, s->in->children[p->from], rows->children[p->from],
                                 s->schema.children[i], &s->made[i],
                                 s->null_on_error ? NULL : &s->rows.failures, err));
        if (s->rows.failures.count > 0)
            *failed = s->in->children[p->from]->name;
    }
out:
    return status;
}

static pln_status emit_made(select_stage *s, pln_context *ctx, pln_batch *batch, pln_error *err) {
    struct ArrowArray array = {0};
    pln_batch *out = NULL;
    int64_t rows = ctx->host->batch_array(batch)->length;
    pln_status status = pln__array_struct(s->mem, rows, s->made, s->n_picks, &array, err);
    memset(s->made, 0, (size_t)s->n_picks * sizeof *s->made);
    if (status >= 0)
        status = ctx->host->batch_derive(ctx, 0, batch, NULL, rows, &array, &out, err);
    return status < 0 ? status : ctx->host->emit(ctx, 0, out, err);
}

static pln_status select_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    select_stage *s = self;
    const char *failed = NULL;
    pln_batch *rest = ctx->host->batch_ref(batch);
    (void)port;
    for (;;) {
        pln_batch *fewer = NULL;
        PLN__TRY(make_columns(s, ctx->host->batch_array(rest), &failed, err));
        if (failed == NULL)
            break;
        drop_made(s);
        PLN__TRY(pln__picks_reject_failures(&s->rows, ctx, rest, failed, err));
        pln__picks_unfailed(&s->rows, ctx->host->batch_array(rest)->length);
        if (s->rows.n == 0)
            goto out;
        pln__derivation how = {rest, s->rows.rows, 0, s->rows.n, NULL, NULL};
        PLN__TRY(pln__batch_derive(s->mem, &how, &fewer, err));
        ctx->host->batch_unref(rest);
        rest = fewer;
    }
    PLN__TRY(emit_made(s, ctx, rest, err));
out:
    if (status < 0)
        drop_made(s);
    ctx->host->batch_unref(rest);
    return status;
}

static const pln_option options[] = {
    {"columns", PLN_OPT_COLUMNS, 0, NULL, NULL, "the input columns to keep, in this order; all if not given"},
    {"drop", PLN_OPT_COLUMNS, 0, NULL, NULL, "input columns to leave out"},
    {"rename", PLN_OPT_JSON, 0, NULL, NULL, "an object of input column names and the names they get"},
    {"cast", PLN_OPT_JSON, 0, NULL, NULL,
     "an object of input column names and the types they are cast to, such as \"decimal(10,2)\""},
    {"on_error", PLN_OPT_ENUM, 0, "\"reject\"", "reject|null",
     "what becomes of a row whose value cannot be cast: it is rejected, or the value is null"},
    {0}};

const pln_transform pln__select = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "select",
    .summary = "Keeps, drops, renames, casts and reorders columns.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = select_open,
    .process = select_process,
    .close = select_close,
    .schema = select_schema,
};

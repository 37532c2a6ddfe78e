/* What an aggregate is made of, and the states of all kinds in one array. */
#include "base/utf8.h"
#include "window/aggregate_internal.h"

/* ---- kinds ---- */

/* Numbers are words, texts have a place of their own. */
static pln_status open_value(pln__aggregate *a, pln_error *err) {
    return pln__agg_load_bits(&a->column.type) == NULL ? pln__agg_value_open(a, err)
                                                       : pln__agg_number_open(a, err);
}

typedef struct row {
    const char *name;
    pln_status (*open)(pln__aggregate *aggregate, pln_error *err);
} row;

static const row rows[PLN__AGG_KINDS] = {
    [PLN__AGG_COUNT] = {"count", pln__agg_number_open},
    [PLN__AGG_SUM] = {"sum", pln__agg_number_open},
    [PLN__AGG_AVG] = {"avg", pln__agg_number_open},
    [PLN__AGG_MIN] = {"min", open_value},
    [PLN__AGG_MAX] = {"max", open_value},
    [PLN__AGG_FIRST] = {"first", open_value},
    [PLN__AGG_LAST] = {"last", open_value},
    [PLN__AGG_ARG_MIN] = {"arg_min", pln__agg_value_open},
    [PLN__AGG_ARG_MAX] = {"arg_max", pln__agg_value_open},
    [PLN__AGG_ANY] = {"any", pln__agg_number_open},
    [PLN__AGG_ALL] = {"all", pln__agg_number_open},
    [PLN__AGG_COUNT_DISTINCT] = {"count_distinct", pln__agg_distinct_open},
    [PLN__AGG_APPROX_COUNT_DISTINCT] = {"approx_count_distinct", pln__agg_sketch_open},
    [PLN__AGG_HLL] = {"hll", pln__agg_sketch_open},
    [PLN__AGG_QUANTILE] = {"quantile", pln__agg_sketch_open},
    [PLN__AGG_TOP_K] = {"top_k", pln__agg_sketch_open},
    [PLN__AGG_COLLECT] = {"collect", pln__agg_collect_open},
    [PLN__AGG_VAR_POP] = {"var_pop", pln__agg_number_open},
    [PLN__AGG_VAR_SAMP] = {"var_samp", pln__agg_number_open},
    [PLN__AGG_STDDEV_POP] = {"stddev_pop", pln__agg_number_open},
    [PLN__AGG_STDDEV_SAMP] = {"stddev_samp", pln__agg_number_open},
};

const char *pln__aggregate_kind_name(int32_t kind) {
    return kind > 0 && kind < PLN__AGG_KINDS ? rows[kind].name : NULL;
}

int32_t pln__aggregate_kind_named(const char *name) {
    for (int32_t kind = 1; kind < PLN__AGG_KINDS; kind++)
        if (rows[kind].name != NULL && strcmp(rows[kind].name, name) == 0)
            return kind;
    return 0;
}

/* ---- making one ---- */

pln_status pln__agg_refuse(const pln__aggregate *a, const pln__agg_column *column,
                           const char *expected, pln_error *err) {
    return pln__error_set(err, PLN_ETYPE, "%s of column %s: expected %s, got %s",
                          rows[a->spec.kind].name, column->name, expected, column->text);
}

pln_status pln__agg_field(pln__aggregate *a, const char *format, int64_t n_children,
                          pln_error *err) {
    bool nullable = a->spec.kind != PLN__AGG_COUNT && a->spec.kind != PLN__AGG_COUNT_DISTINCT &&
                    a->spec.kind != PLN__AGG_APPROX_COUNT_DISTINCT;
    return pln__field_new(a->mem, format == NULL ? a->column.format : format, a->name, nullable,
                          n_children, &a->out, err);
}

pln_status pln__agg_default(int64_t *value, int64_t standard, int64_t least, int64_t most,
                            const char *name, pln_error *err) {
    if (*value == 0)
        *value = standard;
    if (*value >= least && *value <= most)
        return PLN_OK;
    return pln__error_set(err, PLN_EINVAL, "%s is %lld, expected %lld to %lld", name,
                          (long long)*value, (long long)least, (long long)most);
}

static bool is_flat(const pln__agg_column *column) {
    return column->type.id > PLN__NULL && column->type.id <= PLN__TIMESTAMP;
}

static pln_status open_column(const pln__aggregate *a, int32_t child, const struct ArrowSchema *in,
                              pln__agg_column *out, pln_error *err) {
    if (child < 0 || child >= in->n_children)
        return pln__error_set(err, PLN_EINVAL, "%s: there is no column %d, there are %lld",
                              rows[a->spec.kind].name, child, (long long)in->n_children);
    const struct ArrowSchema *field = in->children[child];
    const struct ArrowSchema *values = field->dictionary != NULL ? field->dictionary : field;
    out->child = child;
    out->name = pln__strdup(a->mem, field->name == NULL ? "" : field->name);
    out->format = pln__strdup(a->mem, values->format);
    if (out->name == NULL || out->format == NULL)
        return pln__error_memory(err, strlen(values->format) + 1);
    (void)pln__type_text(field, out->text);
    pln_status status = pln__type_of(field, &out->index, err);
    if (status == PLN_OK)
        status = pln__type_of(values, &out->type, err);
    /* Its text is the schema's, which may go. */
    out->index.timezone = out->type.timezone = "";
    return status;
}

static pln_status open_columns(pln__aggregate *a, const struct ArrowSchema *in, pln_error *err) {
    pln_status status;
    int32_t kind = a->spec.kind;
    a->column.child = a->by.child = -1;
    if (kind == PLN__AGG_COUNT && a->spec.column == -1)
        return PLN_OK;
    PLN__TRY(open_column(a, a->spec.column, in, &a->column, err));
    if (kind == PLN__AGG_ARG_MIN || kind == PLN__AGG_ARG_MAX)
        PLN__TRY(open_column(a, a->spec.by, in, &a->by, err));
    /* What has no bitmap of nulls is not counted either. */
    if (kind == PLN__AGG_COUNT && a->column.type.id != PLN__NULL && a->column.type.id != PLN__UNION)
        return PLN_OK;
    if (kind == PLN__AGG_COUNT)
        return pln__agg_refuse(a, &a->column, "a type other than null and union", err);
    if (is_flat(&a->column))
        return PLN_OK;
    return pln__agg_refuse(a, &a->column, "a type that is neither nested nor null", err);
out:
    return status;
}

static pln_status open(pln__aggregate *a, const struct ArrowSchema *in, pln_error *err) {
    pln_status status;
    PLN__TRY(open_columns(a, in, err));
    PLN__TRY(rows[a->spec.kind].open(a, err));
    PLN__TRY(pln__type_of(&a->out, &a->out_type, err));
out:
    return status;
}

pln_status pln__aggregate_new(const pln_allocator *mem, const pln__aggregate_spec *spec,
                              const struct ArrowSchema *in, const char *name, pln__aggregate **out,
                              pln_error *err) {
    *out = NULL;
    if (pln__aggregate_kind_name(spec->kind) == NULL)
        return pln__error_set(err, PLN_EINVAL, "aggregate %s: there is no kind %d", name,
                              spec->kind);
    pln__aggregate *a = pln__calloc(mem, 1, sizeof *a);
    if (a == NULL)
        return pln__error_memory(err, sizeof *a);
    a->mem = mem;
    a->spec = *spec;
    a->name = pln__strdup(mem, name);
    a->scratch = pln__alloc(mem, sizeof *a->scratch);
    pln_status status = a->name == NULL || a->scratch == NULL
                            ? pln__error_memory(err, sizeof *a->scratch)
                            : open(a, in, err);
    if (status < 0) {
        pln__error_prefix(err, "aggregate %s", name);
        pln__aggregate_free(a);
        return status;
    }
    *out = a;
    return PLN_OK;
}

static void close_column(const pln__aggregate *a, pln__agg_column *column) {
    pln__strfree(a->mem, column->name);
    pln__strfree(a->mem, column->format);
}

void pln__aggregate_free(pln__aggregate *a) {
    if (a == NULL)
        return;
    pln__schema_release(&a->out);
    close_column(a, &a->column);
    close_column(a, &a->by);
    pln__strfree(a->mem, a->name);
    pln__free(a->mem, a->scratch, sizeof *a->scratch);
    pln__free(a->mem, a, sizeof *a);
}

const struct ArrowSchema *pln__aggregate_schema(const pln__aggregate *a) {
    return &a->out;
}
pln_status pln__aggregate_field(const pln__aggregate *a, struct ArrowSchema *out, pln_error *err) {
    return pln__schema_copy(a->mem, &a->out, out, err);
}

/* ---- states ---- */

/* The aggregate's allocator, which counts. */
static void *resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    pln__states *states = user;
    void *got = pln__resize(states->aggregate->mem, ptr, old, now);
    if (got != NULL || now == 0)
        states->held += (int64_t)now - (int64_t)old;
    return got;
}

pln_status pln__states_new(const pln__aggregate *aggregate, pln__states **out, pln_error *err) {
    pln__states *states = pln__calloc(aggregate->mem, 1, sizeof *states);
    *out = states;
    if (states == NULL)
        return pln__error_memory(err, sizeof *states);
    states->aggregate = aggregate;
    states->held = (int64_t)sizeof *states;
    states->mem =
        (pln_allocator){.struct_size = sizeof(pln_allocator), .user = states, .resize = resize};
    return PLN_OK;
}

static void drop(pln__states *states, int64_t group) {
    void (*drop_one)(pln__states *, void *) = states->aggregate->kind.drop;
    if (drop_one != NULL)
        drop_one(states, pln__agg_state(states, group));
}

void pln__states_clear(pln__states *states) {
    for (int64_t i = 0; states->aggregate->kind.drop != NULL && i < states->n; i++)
        drop(states, i);
    if (states->n > 0)
        memset(states->states, 0, (size_t)(states->n * states->aggregate->kind.size));
}

void pln__states_reset(pln__states *states, const int32_t *groups, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int64_t group = pln__agg_at(groups, i);
        drop(states, group);
        memset(pln__agg_state(states, group), 0, (size_t)states->aggregate->kind.size);
    }
}

void pln__states_free(pln__states *states) {
    if (states == NULL)
        return;
    pln__states_clear(states);
    pln__free(&states->mem, states->states,
              (uint64_t)(states->capacity * states->aggregate->kind.size));
    pln__free(states->aggregate->mem, states, sizeof *states);
}

pln_status pln__states_grow(pln__states *states, int64_t n, pln_error *err) {
    uint64_t size = (uint64_t)states->aggregate->kind.size;
    if (n <= states->n)
        return PLN_OK;
    pln_status status = pln__grow(&states->mem, &states->states, &states->capacity, n, size, err);
    if (status < 0)
        return status;
    memset(states->states + (uint64_t)states->n * size, 0, (uint64_t)(n - states->n) * size);
    states->n = n;
    return PLN_OK;
}

int64_t pln__states_count(const pln__states *states) {
    return states->n;
}
int64_t pln__states_bytes(const pln__states *states) {
    return states->held;
}

/* ---- what is done with them ---- */

static pln_status named(const pln__states *states, pln_status status, pln_error *err) {
    if (status < 0)
        pln__error_prefix(err, "aggregate %s", states->aggregate->name);
    return status;
}

pln_status pln__states_add(pln__states *states, const struct ArrowArray *batch,
                           const int32_t *rows_, int64_t first, const int32_t *groups, int64_t n,
                           pln_error *err) {
    const pln__agg_rows all = {batch, rows_, first, groups, 0, n};
    return n == 0 ? PLN_OK : named(states, states->aggregate->kind.add(states, &all, err), err);
}

pln_status pln__states_add_one_group(pln__states *states, const struct ArrowArray *batch,
                                     const int32_t *rows_, int64_t first, int64_t n, int32_t group,
                                     pln_error *err) {
    const pln__agg_rows all = {batch, rows_, first, NULL, group, n};
    return n == 0 ? PLN_OK : named(states, states->aggregate->kind.add(states, &all, err), err);
}

pln_status pln__states_merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                             const int32_t *from_groups, int64_t n, pln_error *err) {
    return named(into, into->aggregate->kind.merge(into, into_groups, from, from_groups, n, err),
                 err);
}

pln_status pln__states_finish(pln__states *states, const int32_t *groups, int64_t n,
                              pln__column *out, pln_error *err) {
    int64_t length = out->length;
    pln_status status = pln__column_reserve(out, n, 0, err);
    for (int64_t i = 0; status == PLN_OK && i < n; i++)
        status = states->aggregate->kind.finish(
            states, pln__agg_state(states, pln__agg_at(groups, i)), out, err);
    if (status < 0)
        pln__column_truncate(out, length);
    return named(states, status, err);
}

pln_status pln__agg_put_bits(pln__column *out, const uint64_t bits[2], pln_error *err) {
    int64_t width = out->type.width;
    pln_status status = pln__column_reserve(out, 1, 0, err);
    if (status < 0)
        return status;
    uint8_t *at = out->data.data + out->length * width;
    switch (out->type.id == PLN__BOOL ? 0 : width) {
    case 0: pln__bit_put(out->data.data, out->length, bits[0] != 0); break;
    case 1: *at = (uint8_t)bits[0]; break;
    case 2: memcpy(at, &(uint16_t){(uint16_t)bits[0]}, 2); break;
    case 4: memcpy(at, &(uint32_t){(uint32_t)bits[0]}, 4); break;
    case 8: memcpy(at, bits, 8); break;
    default: pln__store_decimal128(at, (pln__int128)((pln__uint128)bits[1] << 64 | bits[0])); break;
    }
    out->length++;
    return PLN_OK;
}

pln_status pln__agg_write_words(const pln_allocator *mem, pln__buffer *out, const uint64_t *words,
                                int64_t n, pln_error *err) {
    pln_status status = pln__buffer_reserve(mem, out, n * 8, err);
    for (int64_t i = 0; status == PLN_OK && i < n; i++, out->size += 8)
        pln__store_le64(out->data + out->size, words[i]);
    return status;
}

pln_status pln__agg_write_text(const pln_allocator *mem, pln__buffer *out, const uint8_t *bytes,
                               int64_t size, pln_error *err) {
    uint64_t word = (uint64_t)size;
    pln_status status = pln__agg_write_words(mem, out, &word, 1, err);
    return status < 0 || size == 0 ? status : pln__buffer_append(mem, out, bytes, size, err);
}

bool pln__agg_is_utf8(const uint8_t *bytes, int64_t size) {
    return pln__utf8_valid(bytes, size, pln__cpu_features());
}

const uint8_t *pln__agg_read_text(pln__agg_reader *reader, const pln__type *type, int64_t *size,
                                  pln_error *err) {
    uint64_t word = pln__agg_take_64(reader);
    if (word > INT32_MAX || (type->id == PLN__FIXED && word != (uint64_t)type->width)) {
        (void)pln__error_set(err, PLN_ECORRUPT, "a value has %llu bytes, expected %s%d",
                             (unsigned long long)word, type->id == PLN__FIXED ? "" : "at most ",
                             type->id == PLN__FIXED ? type->width : INT32_MAX);
        return NULL;
    }
    *size = (int64_t)word;
    const uint8_t *bytes = pln__agg_take(reader, *size);
    if (bytes == NULL || type->id != PLN__UTF8 || pln__agg_is_utf8(bytes, *size))
        return bytes;
    (void)pln__error_set(err, PLN_ECORRUPT, "a text of %lld bytes is no UTF-8", (long long)*size);
    return NULL;
}

pln_status pln__states_write(const pln__states *states, const int32_t *groups, int64_t n,
                             pln__buffer *out, pln_error *err) {
    int64_t size = out->size;
    pln_status status = PLN_OK;
    for (int64_t i = 0; status == PLN_OK && i < n; i++)
        status = states->aggregate->kind.write(
            states, pln__agg_state(states, pln__agg_at(groups, i)), out, err);
    if (status < 0)
        out->size = size;
    return named(states, status, err);
}

static pln_status read_one(pln__states *states, int64_t group, pln__agg_reader *reader,
                           pln_error *err) {
    int32_t one = (int32_t)group;
    pln__states_reset(states, &one, 1);
    pln_status status =
        states->aggregate->kind.read(states, pln__agg_state(states, group), reader, err);
    if (status == PLN_OK && reader->cut)
        status = pln__error_set(err, PLN_ECORRUPT, "the bytes end within it");
    if (status < 0)
        pln__states_reset(states, &one, 1);
    return status;
}

pln_status pln__states_read(pln__states *states, const int32_t *groups, int64_t n,
                            const uint8_t *bytes, int64_t size, int64_t *used, pln_error *err) {
    pln__agg_reader reader = {bytes, bytes + size, false};
    pln_status status = PLN_OK;
    for (int64_t i = 0; status == PLN_OK && i < n; i++) {
        int64_t at = reader.at - bytes;
        status = read_one(states, pln__agg_at(groups, i), &reader, err);
        if (status < 0)
            pln__error_prefix(err, "%s, state %lld of %lld at byte %lld of %lld",
                              rows[states->aggregate->spec.kind].name, (long long)i, (long long)n,
                              (long long)at, (long long)size);
    }
    *used = reader.at - bytes;
    return named(states, status, err);
}

#include "stage/stage.h"

/* For each input, which of its columns is column i of the output: -1 for none; and whether anything has to be done at all. */
typedef struct input {
    int64_t *from;
    bool same;
} input;

typedef struct union_stage {
    const pln_allocator *mem;
    bool fill; /* a column that an input does not have is null */
    input *inputs;
    int32_t n_inputs;
    struct ArrowSchema schema;
    struct ArrowArray *made;
} union_stage;

static void forget(union_stage *u) {
    for (int32_t i = 0; i < u->n_inputs; i++)
        pln__free(u->mem, u->inputs[i].from,
                  (uint64_t)(u->schema.n_children + 1) * sizeof(int64_t));
    pln__free(u->mem, u->inputs, (uint64_t)(u->n_inputs + 1) * sizeof *u->inputs);
    pln__free(u->mem, u->made, (uint64_t)(u->schema.n_children + 1) * sizeof *u->made);
    u->inputs = NULL;
    u->made = NULL;
    u->n_inputs = 0;
    pln__schema_release(&u->schema);
    u->schema = (struct ArrowSchema){0};
}

static pln_status union_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    union_stage *u = pln__calloc(mem, 1, sizeof *u);
    (void)user;
    if (u == NULL)
        return pln__error_memory(err, sizeof *u);
    u->mem = mem;
    u->fill = strcmp(ctx->host->config_text(config, "missing"), "null") == 0;
    *self = u;
    return PLN_OK;
}

static void union_close(void *self, pln_context *ctx) {
    union_stage *u = self;
    (void)ctx;
    forget(u);
    pln__free(u->mem, u, sizeof *u);
}

/* The names of all inputs, in the order in which they are met; which input has the field first. */
typedef struct meeting {
    const struct ArrowSchema **fields;
    bool *nullable;
    int64_t n, fields_capacity, nullable_capacity;
} meeting;

static pln_status unlike(const struct ArrowSchema *a, const struct ArrowSchema *b, int32_t port,
                         pln_error *err) {
    char first[PLN__TYPE_TEXT_SIZE], second[PLN__TYPE_TEXT_SIZE];
    return pln__error_set(err, PLN_ETYPE, "column %s: input %d brings %s, an earlier one %s",
                          a->name, (int)port, pln__type_text(b, second), pln__type_text(a, first));
}

static pln_status meet_field(union_stage *u, meeting *m, const struct ArrowSchema *field,
                             int32_t port, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema required;
    for (int64_t i = 0; i < m->n; i++) {
        if (strcmp(m->fields[i]->name, field->name) != 0)
            continue;
        required = *field;
        required.flags = m->fields[i]->flags; /* nullability may differ, the rest may not */
        if (!pln__schema_equal(m->fields[i], &required))
            return unlike(m->fields[i], field, port, err);
        m->nullable[i] |= (field->flags & ARROW_FLAG_NULLABLE) != 0;
        return PLN_OK;
    }
    if (port > 0 && !u->fill)
        return pln__error_set(err, PLN_ETYPE,
                              "column %s: input %d has it, an earlier one has not (\"missing\": "
                              "\"null\" would fill it)",
                              field->name, (int)port);
    PLN__TRY(pln__grow(u->mem, &m->fields, &m->fields_capacity, m->n + 1, sizeof *m->fields, err));
    PLN__TRY(
        pln__grow(u->mem, &m->nullable, &m->nullable_capacity, m->n + 1, sizeof *m->nullable, err));
    m->fields[m->n] = field;
    m->nullable[m->n++] = port > 0 || (field->flags & ARROW_FLAG_NULLABLE) != 0;
out:
    return status;
}

static pln_status meet_all(union_stage *u, meeting *m, const struct ArrowSchema *const *in,
                           int32_t n_in, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t p = 0; p < n_in; p++)
        for (int64_t c = 0; c < in[p]->n_children; c++)
            PLN__TRY(meet_field(u, m, in[p]->children[c], p, err));
    for (int32_t p = 0; p < n_in; p++)
        for (int64_t c = 0; c < m->n; c++) {
            if (pln__schema_find(in[p], m->fields[c]->name) >= 0)
                continue;
            if (!u->fill)
                PLN__FAIL(
                    err, PLN_ETYPE,
                    "column %s: input %d does not have it (\"missing\": \"null\" would fill it)",
                    m->fields[c]->name, (int)p);
            m->nullable[c] = true;
        }
out:
    return status;
}

static pln_status build_schema(union_stage *u, const meeting *m, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__field_new(u->mem, "+s", "", false, m->n, &u->schema, err));
    for (int64_t c = 0; c < m->n; c++) {
        PLN__TRY(pln__schema_copy(u->mem, m->fields[c], u->schema.children[c], err));
        if (m->nullable[c])
            u->schema.children[c]->flags |= ARROW_FLAG_NULLABLE;
    }
    u->made = pln__calloc(u->mem, (uint64_t)m->n + 1, sizeof *u->made);
    if (u->made == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)m->n * sizeof *u->made));
out:
    return status;
}

static pln_status map_inputs(union_stage *u, const struct ArrowSchema *const *in, int32_t n_in,
                             pln_error *err) {
    u->inputs = pln__calloc(u->mem, (uint64_t)n_in + 1, sizeof *u->inputs);
    if (u->inputs == NULL)
        return pln__error_memory(err, (uint64_t)n_in * sizeof *u->inputs);
    u->n_inputs = n_in;
    for (int32_t p = 0; p < n_in; p++) {
        input *to = &u->inputs[p];
        to->from = pln__calloc(u->mem, (uint64_t)u->schema.n_children + 1, sizeof *to->from);
        if (to->from == NULL)
            return pln__error_memory(err, (uint64_t)u->schema.n_children * sizeof *to->from);
        to->same = pln__schema_equal(in[p], &u->schema);
        for (int64_t c = 0; c < u->schema.n_children; c++)
            to->from[c] = pln__schema_find(in[p], u->schema.children[c]->name);
    }
    return PLN_OK;
}

static pln_status union_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                               int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                               pln_error *err) {
    pln_status status = PLN_OK;
    union_stage *u = self;
    meeting m = {0};
    (void)ctx;
    (void)n_out;
    forget(u);
    PLN__TRY(meet_all(u, &m, in, n_in, err));
    PLN__TRY(build_schema(u, &m, err));
    PLN__TRY(map_inputs(u, in, n_in, err));
    PLN__TRY(pln__schema_copy(u->mem, &u->schema, out, err));
out:
    pln__free(u->mem, m.fields, (uint64_t)m.fields_capacity * sizeof *m.fields);
    pln__free(u->mem, m.nullable, (uint64_t)m.nullable_capacity * sizeof *m.nullable);
    return status;
}

static pln_status align(union_stage *u, const input *from, const struct ArrowArray *rows,
                        struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = u->schema.n_children;
    for (int64_t c = 0; c < n; c++)
        PLN__TRY(
            from->from[c] >= 0
                ? pln__array_share(u->mem, rows->children[from->from[c]], &u->made[c], err)
                : pln__array_nulls(u->mem, u->schema.children[c], rows->length, &u->made[c], err));
    status = pln__array_struct(u->mem, rows->length, u->made, n, out, err);
    memset(u->made, 0, (size_t)n * sizeof *u->made);
    return status;
out:
    for (int64_t c = 0; c < n; c++)
        pln__array_release(&u->made[c]);
    return status;
}

static pln_status union_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                pln_error *err) {
    union_stage *u = self;
    struct ArrowArray array = {0};
    pln_batch *out = NULL;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    if (u->inputs[port].same)
        return ctx->host->emit(ctx, 0, ctx->host->batch_ref(batch), err);
    pln_status status = align(u, &u->inputs[port], rows, &array, err);
    if (status >= 0)
        status = ctx->host->batch_derive(ctx, 0, batch, NULL, rows->length, &array, &out, err);
    return status < 0 ? status : ctx->host->emit(ctx, 0, out, err);
}

static const pln_option options[] = {
    {"missing", PLN_OPT_ENUM, 0, "\"fail\"", "fail|null",
     "what a column does that not every input has: it is an error, or null in the rows of inputs without it"},
    {0}};

const pln_transform pln__union = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "union",
    .summary = "Joins the rows of any number of inputs, matching columns by name.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC | PLN_CAP_VARIADIC,
    .open = union_open,
    .process = union_process,
    .close = union_close,
    .schema = union_schema,
};

/*
 * A plugin: a shared object with a transform and a sink. It includes one header and links to nothing of libpipeline; all services come
 * through the table that its slots are given. examples/use_plugin.c loads it.
 *
 *     gcc -shared -fPIC -fvisibility=hidden -o every.so every.c
 *
 * every.nth   passes each n-th row and filters the others, as if there were no batches and no restarts
 * every.total adds up an integer column; the sum is a counter of the run's report
 */
#include <pln/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_status fail(pln_error *err, pln_status status, const char *what, const char *name) {
    if (err != NULL) {
        err->status = status;
        snprintf(err->message, sizeof err->message, "%s%s", what, name);
    }
    return status;
}

/* ---- every.nth ---- */

typedef struct nth {
    int64_t n;
    int64_t seen; /* rows so far: the state that is saved with every epoch */
} nth;

static const pln_option nth_options[] = {
    {"n", PLN_OPT_INT, 1, NULL, NULL, "the distance between two rows that pass"},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static pln_status nth_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *err) {
    nth *me = calloc(1, sizeof *me);
    (void)user;
    if (me == NULL)
        return fail(err, PLN_ENOMEM, "out of memory", "");
    me->n = ctx->host->config_int(config, "n");
    *self = me; /* closed by the host only if open succeeds */
    if (me->n >= 1)
        return PLN_OK;
    free(me);
    return fail(err, PLN_EOPTION, "option 'n': expected a number from 1", "");
}

static pln_status nth_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *err) {
    nth *me = self;
    const pln_host *host = ctx->host;
    int64_t length = host->batch_array(batch)->length, kept = 0;
    int32_t *rows = malloc((size_t)(length + 1) * sizeof *rows);
    pln_batch *out = NULL;
    (void)port;
    if (rows == NULL)
        return fail(err, PLN_ENOMEM, "out of memory", "");
    for (int64_t i = 0; i < length; i++)
        if (me->seen++ % me->n == 0)
            rows[kept++] = (int32_t)i;
    /* Without an array of our own the columns are gathered from the input, and the rows keep their origin. */
    pln_status status = host->batch_derive(ctx, 0, batch, rows, kept, NULL, &out, err);
    free(rows);
    if (status >= 0)
        status = host->emit(ctx, 0, out, err); /* takes `out`, also if it fails */
    if (status >= 0)
        status = host->account(ctx, PLN_FILTERED, length - kept, err); /* every row has one fate */
    return status;
}

static pln_status nth_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const nth *me = self;
    (void)n;
    return ctx->host->state_put(ctx, "seen", &me->seen, sizeof me->seen, err);
}

static pln_status nth_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                           pln_error *err) {
    nth *me = self;
    (void)ctx;
    if (count != 1 || pieces[0].size != sizeof me->seen)
        return fail(err, PLN_ECORRUPT, "the saved state is not that of every.nth", "");
    memcpy(&me->seen, pieces[0].bytes, sizeof me->seen);
    return PLN_OK;
}

static void free_self(void *self, pln_context *ctx) {
    (void)ctx;
    free(self);
}

/* ---- every.total ---- */

typedef struct total {
    char column[64];
    int64_t index;
} total;

static const pln_option total_options[] = {
    {"column", PLN_OPT_COLUMN, 1, NULL, NULL, "the int64 column to add up"},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static pln_status total_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    total *me = calloc(1, sizeof *me);
    (void)user;
    if (me == NULL)
        return fail(err, PLN_ENOMEM, "out of memory", "");
    snprintf(me->column, sizeof me->column, "%s", ctx->host->config_text(config, "column"));
    *self = me;
    return PLN_OK;
}

/* A column that is missing or of another type is found before the first row moves. */
static pln_status total_schema(void *self, pln_context *ctx, const struct ArrowSchema *in,
                               pln_error *err) {
    total *me = self;
    (void)ctx;
    for (me->index = 0; me->index < in->n_children; me->index++)
        if (strcmp(in->children[me->index]->name, me->column) == 0)
            return strcmp(in->children[me->index]->format, "l") == 0
                       ? PLN_OK
                       : fail(err, PLN_ETYPE, "expected int64 in column ", me->column);
    return fail(err, PLN_ENAME, "no such column: ", me->column);
}

static pln_status total_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const total *me = self;
    const struct ArrowArray *column = ctx->host->batch_array(batch)->children[me->index];
    const uint8_t *valid = column->buffers[0];
    const int64_t *values = column->buffers[1];
    int64_t sum = 0;
    (void)err;
    for (int64_t i = column->offset; i < column->offset + column->length; i++)
        if (valid == NULL || (valid[i / 8] >> (i % 8) & 1))
            sum += values[i];
    ctx->host->count(ctx, "total", sum); /* counters are part of the checkpoint: a restart counts nothing twice */
    return PLN_OK;
}

/* ---- the tables, and the one symbol that is exported ---- */

static const pln_transform nth_table = {
    .struct_size = sizeof(pln_transform), .abi = PLN_PLUGIN_ABI,
    .name = "every.nth", .summary = "Passes each n-th row.",
    .options = nth_options, .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = nth_open, .process = nth_process, .close = free_self,
    .save = nth_save, .load = nth_load,
};

static const pln_sink total_table = {
    .struct_size = sizeof(pln_sink), .abi = PLN_PLUGIN_ABI,
    .name = "every.total", .summary = "Adds up a column.",
    .options = total_options, .option_size = sizeof(pln_option),
    .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_IDEMPOTENT,
    .open = total_open, .write = total_write, .close = free_self, .schema = total_schema,
};

PLN_API pln_status pln_plugin_init_v1(const pln_host *host, pln_registry *registry, pln_error *err);
PLN_API pln_status pln_plugin_init_v1(const pln_host *host, pln_registry *registry,
                                      pln_error *err) {
    pln_status status = host->register_stage(registry, PLN_TRANSFORM, &nth_table, NULL, err);
    return status < 0 ? status : host->register_stage(registry, PLN_SINK, &total_table, NULL, err);
}

#include "stage/stage.h"

typedef struct route {
    const pln_allocator *mem;
    char **conditions;
    pln__expr **exprs;
    int64_t n;
    int32_t otherwise; /* a fate, or PLN_PASSED: port number n */
    uint8_t *taken;    /* a byte per row of the batch: 1 + the route that took it, 0 not yet, 255 failed */
    int64_t taken_capacity;
    pln__picks picks;
} route;

#define FAILED 255

static pln_status route_ports(void *user, pln_ports *ports, const pln_host *host,
                              const pln_config *config, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = host->config_count(config, "routes");
    (void)user;
    if (n > 250)
        PLN__FAIL(err, PLN_ELIMIT, "option 'routes': %lld routes, at most 250", (long long)n);
    for (int64_t i = 0; i < n; i++) {
        const char *name = NULL, *text = host->config_item(config, "routes", i, &name);
        if (name == NULL || text == NULL)
            PLN__FAIL(err, PLN_EOPTION,
                      "option 'routes': expected an object of port names and conditions");
        PLN__TRY(host->port_add(ports, 1, name, err));
    }
    if (strcmp(host->config_text(config, "else"), "port") == 0)
        PLN__TRY(host->port_add(ports, 1, "else", err));
out:
    return status;
}

static void route_close(void *self, pln_context *ctx) {
    route *r = self;
    (void)ctx;
    for (int64_t i = 0; i < r->n; i++) {
        if (r->conditions != NULL)
            pln__strfree(r->mem, r->conditions[i]);
        if (r->exprs != NULL)
            pln__expr_free(r->exprs[i]);
    }
    pln__free(r->mem, r->conditions, (uint64_t)(r->n + 1) * sizeof *r->conditions);
    pln__free(r->mem, r->exprs, (uint64_t)(r->n + 1) * sizeof *r->exprs);
    pln__free(r->mem, r->taken, (uint64_t)r->taken_capacity);
    pln__picks_free(&r->picks);
    pln__free(r->mem, r, sizeof *r);
}

static pln_status route_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    route *r = pln__calloc(mem, 1, sizeof *r);
    const char *otherwise = host->config_text(config, "else");
    (void)user;
    if (r == NULL)
        return pln__error_memory(err, sizeof *r);
    r->mem = r->picks.mem = mem;
    r->n = host->config_count(config, "routes");
    r->otherwise = strcmp(otherwise, "drop") == 0     ? PLN_FILTERED
                   : strcmp(otherwise, "reject") == 0 ? PLN_REJECTED
                                                      : PLN_PASSED;
    r->conditions = pln__calloc(mem, (uint64_t)r->n + 1, sizeof *r->conditions);
    r->exprs = pln__calloc(mem, (uint64_t)r->n + 1, sizeof *r->exprs);
    if (r->conditions == NULL || r->exprs == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)r->n * sizeof *r->exprs));
    for (int64_t i = 0; i < r->n; i++)
        PLN__TRY(pln__stage_text(mem, host->config_item(config, "routes", i, NULL),
                                 &r->conditions[i], err));
    *self = r;
    return PLN_OK;
out:
    route_close(r, ctx);
    return status;
}

static pln_status route_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                               int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                               pln_error *err) {
    pln_status status = PLN_OK;
    route *r = self;
    (void)n_in;
    for (int64_t i = 0; i < r->n; i++) {
        pln__expr_free(r->exprs[i]);
        r->exprs[i] = NULL;
        PLN__TRY(pln__stage_condition(ctx, "routes", r->conditions[i], in[0], &r->exprs[i], err));
    }
    for (int32_t i = 0; i < n_out; i++)
        PLN__TRY(pln__schema_copy(r->mem, in[0], &out[i], err));
out:
    return status;
}

/* The first condition that is true takes the row; a condition that fails for it before that rejects it. */
static pln_status decide(route *r, pln_context *ctx, pln_batch *batch, pln_error *err) {
    pln_status status = PLN_OK;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    PLN__TRY(pln__grow(r->mem, &r->taken, &r->taken_capacity, rows->length + 1, 1, err));
    memset(r->taken, 0, (size_t)rows->length);
    for (int64_t i = 0; i < r->n; i++) {
        pln__expr_failures *failures = &r->picks.failures;
        int64_t kept = 0;
        PLN__TRY(pln__picks_begin(&r->picks, rows->length, err));
        PLN__TRY(pln__expr_select(r->exprs[i], rows, ctx->host->now_us(ctx), r->picks.rows,
                                  &r->picks.n, failures, err));
        for (int64_t k = 0; k < r->picks.n; k++)
            if (r->taken[r->picks.rows[k]] == 0)
                r->taken[r->picks.rows[k]] = (uint8_t)(i + 1);
        for (int64_t k = 0; k < failures->count; k++)
            if (r->taken[failures->items[k].row] == 0) {
                r->taken[failures->items[k].row] = FAILED;
                failures->items[kept++] = failures->items[k];
            }
        failures->count = kept;
        PLN__TRY(pln__picks_reject_failures(&r->picks, ctx, batch, NULL, err));
    }
out:
    return status;
}

static void collect(route *r, int64_t rows, uint8_t mark) {
    r->picks.n = 0;
    for (int64_t i = 0; i < rows; i++)
        if (r->taken[i] == mark)
            r->picks.rows[r->picks.n++] = (int32_t)i;
}

static pln_status leave_rest(route *r, pln_context *ctx, pln_batch *batch, pln_error *err) {
    pln_status status = PLN_OK;
    pln__picks *p = &r->picks;
    if (p->n == 0)
        return PLN_OK;
    if (r->otherwise == PLN_PASSED)
        return pln__picks_emit(p, ctx, (int32_t)r->n, batch, err);
    if (r->otherwise == PLN_FILTERED)
        return ctx->host->account(ctx, PLN_FILTERED, p->n, err);
    PLN__TRY(pln__grow(p->mem, &p->rejections, &p->rejections_capacity, p->n, sizeof *p->rejections,
                       err));
    for (int64_t i = 0; i < p->n; i++)
        p->rejections[i] =
            (pln_rejection){p->rows[i], PLN_EDATA, 0, NULL, "no route takes the row"};
    PLN__TRY(ctx->host->reject(ctx, batch, p->rejections, p->n, err));
out:
    return status;
}

static pln_status route_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                pln_error *err) {
    pln_status status = PLN_OK;
    route *r = self;
    int64_t rows = ctx->host->batch_array(batch)->length;
    (void)port;
    PLN__TRY(decide(r, ctx, batch, err));
    PLN__TRY(pln__picks_begin(&r->picks, rows, err));
    for (int64_t i = 0; i < r->n; i++) {
        collect(r, rows, (uint8_t)(i + 1));
        PLN__TRY(pln__picks_emit(&r->picks, ctx, (int32_t)i, batch, err));
    }
    collect(r, rows, 0);
    PLN__TRY(leave_rest(r, ctx, batch, err));
out:
    return status;
}

static const pln_option options[] = {
    {"routes", PLN_OPT_JSON, 1, NULL, NULL,
     "an object of port names and conditions; a row leaves by the first port whose condition is true"},
    {"else", PLN_OPT_ENUM, 0, "\"port\"", "port|drop|reject",
     "where rows go that meet no condition: the port \"else\", nowhere (counted as filtered), or the reject port"},
    {0}};

const pln_transform pln__route = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "route",
    .summary = "Sends each row to the first named port whose condition it meets.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = route_open,
    .process = route_process,
    .close = route_close,
    .ports = route_ports,
    .schema = route_schema,
};

#include "quality/quality.h"
#include "stage/stage.h"

enum { OUT = 0, REPORT = 1 };

/* The room's own check finds what is out of range. */
static int32_t narrow(int64_t value) {
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

typedef struct profile_stage {
    const pln_allocator *mem;
    pln_profile_options options;
    pln_profile *profile; /* made with the schema, or loaded */
} profile_stage;

static void profile_close(void *self, pln_context *ctx) {
    profile_stage *p = self;
    (void)ctx;
    pln_profile_free(p->profile);
    pln__free(p->mem, p, sizeof *p);
}

static pln_status profile_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                               pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln_profile_options checked;
    profile_stage *p = pln__calloc(mem, 1, sizeof *p);
    (void)user;
    if (p == NULL)
        return pln__error_memory(err, sizeof *p);
    p->mem = mem;
    pln_profile_options_init(&p->options, sizeof p->options);
    p->options.precision = narrow(host->config_int(config, "precision"));
    p->options.k = narrow(host->config_int(config, "k"));
    p->options.top = narrow(host->config_int(config, "top"));
    p->options.seed = (uint64_t)host->config_int(config, "seed");
    p->options.allocator = mem;
    pln_status status = pln__profile_check(&p->options, &checked, err);
    if (status == PLN_OK) {
        *self = p;
        return PLN_OK;
    }
    profile_close(p, ctx);
    if (status == PLN_EINVAL && err != NULL)
        err->status = PLN_EOPTION;
    return status == PLN_EINVAL ? PLN_EOPTION : status;
}

static pln_status profile_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                                 int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                                 pln_error *err) {
    profile_stage *p = self;
    pln_status status;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    pln_profile_free(p->profile);
    p->profile = NULL;
    PLN__TRY(pln_profile_new(NULL, in[0], &p->options, &p->profile, err));
    PLN__TRY(pln__schema_copy(p->mem, in[0], &out[OUT], err));
    PLN__TRY(pln__profile_report_schema(p->mem, &out[REPORT], err));
out:
    return status;
}

static pln_status profile_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                  pln_error *err) {
    profile_stage *p = self;
    (void)port;
    pln_status status = pln_profile_add(p->profile, ctx->host->batch_array(batch), err);
    return status < 0 ? status : ctx->host->emit(ctx, OUT, ctx->host->batch_ref(batch), err);
}

static pln_status profile_finish(void *self, pln_context *ctx, int32_t port, pln_error *err) {
    profile_stage *p = self;
    struct ArrowArray rows = {0};
    pln_batch *report = NULL;
    pln_status status;
    (void)port;
    PLN__TRY(pln__profile_report(p->profile, ctx->host->port_schema(ctx, 1, REPORT), &rows, err));
    PLN__TRY(ctx->host->batch_new(ctx, REPORT, &rows, NULL, &report, err));
    PLN__TRY(ctx->host->emit(ctx, REPORT, report, err));
out:
    return status;
}

static pln_status profile_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    profile_stage *p = self;
    const uint8_t *bytes;
    int64_t size;
    (void)n;
    pln_status status = pln_profile_write(p->profile, &bytes, &size, err);
    return status < 0 ? status : ctx->host->state_put(ctx, "profile", bytes, size, err);
}

static pln_status profile_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                               pln_error *err) {
    profile_stage *p = self;
    pln_profile *saved = NULL;
    (void)ctx;
    if (count != 1)
        return pln__error_set(err, PLN_ECORRUPT, "saved profile: %lld pieces, expected 1",
                              (long long)count);
    pln_status status =
        pln_profile_read(NULL, &p->options, pieces[0].bytes, pieces[0].size, &saved, err);
    if (status == PLN_OK)
        status = pln__profile_same_kind(p->profile, saved, err);
    if (status == PLN_OK) {
        pln_profile_free(p->profile);
        p->profile = saved;
        return PLN_OK;
    }
    pln_profile_free(saved);
    if (status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_ECORRUPT;
    pln__error_prefix(err, "saved profile");
    return PLN_ECORRUPT;
}

static const pln_option options[] = {
    {"top", PLN_OPT_INT, 0, "5", NULL,
     "how many of the most frequent values of a column the report lists, 0 to 1000"},
    {"precision", PLN_OPT_INT, 0, "12", NULL,
     "of the distinct values, 4 to 18: a standard error of 1.6 % and 4 KiB a column at 12"},
    {"k", PLN_OPT_INT, 0, "200", NULL,
     "of the quantiles, 8 to 65535: 1.33 % of rank and 9 KiB a column at 200"},
    {"seed", PLN_OPT_INT, 0, "0", NULL, "of the sketches; a secret one for data from an adversary"},
    {0}};

const pln_transform pln__profile_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "profile",
    .summary = "Passes its rows and reports what is in their columns.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_SIDE_PORTS,
    .ports_out = "out profile",
    .open = profile_open,
    .process = profile_process,
    .close = profile_close,
    .schema = profile_schema,
    .finish = profile_finish,
    .save = profile_save,
    .load = profile_load,
};

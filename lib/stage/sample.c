#include "stage/stage.h"

/* Which rows pass is a function of the seed and the row's number in the sequence, so that no border of a batch or epoch matters. */
typedef struct sample {
    const pln_allocator *mem;
    struct {
        uint64_t seed;
        int64_t seen;
    } state;
    uint64_t below; /* of 2^64: fraction */
    bool all;
    int64_t every;
    pln__picks picks;
} sample;

/* A run that dies before its first epoch must choose the same rows again, so its names are the seed, not chance. */
static uint64_t seed_of_names(pln_context *ctx) {
    pln_identity id = {.struct_size = sizeof id};
    const char *names[3];
    uint64_t seed = 0;
    ctx->host->identity(ctx, &id);
    names[0] = id.pipeline;
    names[1] = id.run_key;
    names[2] = id.node;
    for (int i = 0; i < PLN__COUNT(names); i++)
        seed = pln__hash64(names[i], (int64_t)strlen(names[i]), seed);
    return seed;
}

static pln_status sample_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    bool by_fraction = host->config_has(config, "fraction"),
         by_count = host->config_has(config, "every");
    double fraction = host->config_float(config, "fraction");
    int64_t every = host->config_int(config, "every");
    (void)user;
    if (by_fraction == by_count)
        return pln__error_set(err, PLN_EOPTION,
                              "options 'fraction' and 'every': expected one of them");
    if (by_fraction && !(fraction >= 0 && fraction <= 1))
        return pln__error_set(err, PLN_EOPTION, "option 'fraction': expected a number from 0 to 1");
    if (by_count && every < 1)
        return pln__error_set(err, PLN_EOPTION,
                              "option 'every': expected a number from 1, got %lld",
                              (long long)every);
    sample *s = pln__calloc(mem, 1, sizeof *s);
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    s->mem = s->picks.mem = mem;
    s->every = by_count ? every : 0;
    s->all = fraction >= 1;
    s->below = s->all || by_count ? 0 : (uint64_t)(fraction * 18446744073709551616.0);
    if (host->config_has(config, "seed"))
        s->state.seed = (uint64_t)host->config_int(config, "seed");
    else
        s->state.seed = seed_of_names(ctx);
    *self = s;
    return PLN_OK;
}

static void sample_close(void *self, pln_context *ctx) {
    sample *s = self;
    (void)ctx;
    pln__picks_free(&s->picks);
    pln__free(s->mem, s, sizeof *s);
}

/* splitmix64 (Steele, Lea, Flood 2014) at position `at` of the seed's sequence. */
static uint64_t mix(uint64_t seed, uint64_t at) {
    uint64_t z = seed + (at + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool passes(const sample *s, int64_t at) {
    if (s->every > 0)
        return at % s->every == 0;
    return s->all || mix(s->state.seed, (uint64_t)at) < s->below;
}

static pln_status sample_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    sample *s = self;
    int64_t rows = ctx->host->batch_array(batch)->length;
    (void)port;
    PLN__TRY(pln__picks_begin(&s->picks, rows, err));
    for (int64_t i = 0; i < rows; i++)
        if (passes(s, s->state.seen + i))
            s->picks.rows[s->picks.n++] = (int32_t)i;
    s->state.seen += rows;
    PLN__TRY(ctx->host->account(ctx, PLN_FILTERED, rows - s->picks.n, err));
    PLN__TRY(pln__picks_emit(&s->picks, ctx, 0, batch, err));
out:
    return status;
}

static pln_status sample_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    const sample *s = self;
    (void)n;
    return ctx->host->state_put(ctx, "sequence", &s->state, sizeof s->state, err);
}

static pln_status sample_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                              pln_error *err) {
    sample *s = self;
    (void)ctx;
    if (count != 1 || pieces[0].size != sizeof s->state)
        return pln__error_set(err, PLN_ECORRUPT, "the saved place in the sequence is damaged");
    memcpy(&s->state, pieces[0].bytes, sizeof s->state);
    return s->state.seen < 0
               ? pln__error_set(err, PLN_ECORRUPT, "the saved count of rows is negative")
               : PLN_OK;
}

static const pln_option options[] = {
    {"fraction", PLN_OPT_FLOAT, 0, NULL, NULL, "each row passes with this probability, 0 to 1"},
    {"every", PLN_OPT_INT, 0, NULL, NULL, "the first row and then each n-th passes"},
    {"seed", PLN_OPT_INT, 0, NULL, NULL, "another choice of rows; made from the names of pipeline, run and node if not given"},
    {0}};

const pln_transform pln__sample = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "sample",
    .summary = "Passes a random or regular part of the rows.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = sample_open,
    .process = sample_process,
    .close = sample_close,
    .save = sample_save,
    .load = sample_load,
};

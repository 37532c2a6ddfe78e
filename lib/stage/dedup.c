#include "stage/dedup.h"
#include "base/little.h"

/* ---- life ---- */

pln_status pln__dedup_stores_new(pln__dedup_stage *s, pln_error *err) {
    if (s->use_bloom) {
        pln_bloom_options options;
        pln_bloom_options_init(&options, sizeof options);
        options.error = s->error;
        options.expected = s->expected > 0 ? s->expected : options.expected;
        options.seed = s->seed;
        options.allocator = s->mem;
        return pln_bloom_new(NULL, &options, &s->bloom, err);
    }
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.payload =
        pln__dedup_holds(s) || s->scope == PLN__SCOPE_TTL || s->scope == PLN__SCOPE_HORIZON;
    options.expected = s->expected;
    options.memory_limit = s->budget;
    options.seed = s->seed;
    pln_dedup_store store = pln__dedup_store(s);
    if (s->spills)
        options.store = &store;
    return pln__dedup_new(s->mem, &options, &s->index, err);
}

void pln__dedup_stores_free(pln__dedup_stage *s) {
    pln_dedup_free(s->index);
    pln_bloom_free(s->bloom);
    s->index = NULL;
    s->bloom = NULL;
}

static void dedup_close(void *self, pln_context *ctx) {
    pln__dedup_stage *s = self;
    pln__held_free(s, ctx);
    pln__dedup_stores_free(s);
    pln_keys_free(s->keys);
    pln__schema_release(&s->schema);
    for (int64_t i = 0; s->fields != NULL && i < s->n_fields; i++)
        pln__strfree(s->mem, (char *)(uintptr_t)s->fields[i]);
    pln__free(s->mem, s->fields, (uint64_t)(s->n_fields + 1) * sizeof *s->fields);
    pln__strfree(s->mem, s->version);
    pln__strfree(s->mem, s->event_time);
    pln__buffer_free(s->mem, &s->key_bytes);
    pln__buffer_free(s->mem, &s->bits);
    pln__buffer_free(s->mem, &s->numbers);
    pln__picks_free(&s->picks);
    pln__picks_free(&s->duplicates);
    pln__picks_free(&s->late);
    pln__free(s->mem, s, sizeof *s);
}

static int32_t choice(const pln_host *host, const pln_config *config, const char *key,
                      const char *const *names) {
    const char *text = host->config_text(config, key);
    int32_t i = 0;
    while (strcmp(text, names[i]) != 0)
        i++;
    return i;
}

/* An option that goes with a choice: there if and only if it was made. */
static pln_status goes_with(const pln_host *host, const pln_config *config, const char *key,
                            bool chosen, const char *what, pln_error *err) {
    bool has = host->config_has(config, key);
    if (has == chosen)
        return PLN_OK;
    return pln__error_set(err, PLN_EOPTION, "option '%s': %s %s", key,
                          has ? "goes only with" : "is needed with", what);
}

static pln_status check(const pln__dedup_stage *s, const pln_host *host, const pln_config *config,
                        pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(
        goes_with(host, config, "version", s->keep == PLN__KEEP_HIGHEST, "keep \"highest\"", err));
    PLN__TRY(goes_with(host, config, "ttl", s->scope == PLN__SCOPE_TTL, "scope \"ttl\"", err));
    PLN__TRY(goes_with(host, config, "horizon", s->scope == PLN__SCOPE_HORIZON, "scope \"horizon\"",
                       err));
    PLN__TRY(goes_with(host, config, "event_time", s->scope == PLN__SCOPE_HORIZON,
                       "scope \"horizon\"", err));
    if (s->span < 0)
        PLN__FAIL(err, PLN_EOPTION, "options 'ttl' and 'horizon': a negative duration");
    if (s->updates && s->keep != PLN__KEEP_HIGHEST)
        PLN__FAIL(err, PLN_EOPTION, "option 'emit': \"updates\" goes only with keep \"highest\"");
    if (s->use_bloom && (s->keep != PLN__KEEP_FIRST || s->scope == PLN__SCOPE_TTL ||
                         s->scope == PLN__SCOPE_HORIZON))
        PLN__FAIL(
            err, PLN_EOPTION,
            "option 'method': a Bloom filter forgets no single key, so \"bloom\" goes only with "
            "keep \"first\" and scope \"forever\" or \"epoch\"");
    if (host->config_has(config, "error") && !s->use_bloom)
        PLN__FAIL(err, PLN_EOPTION, "option 'error': goes only with method \"bloom\"");
    if (s->budget < 0 || (s->budget > 0 && s->use_bloom))
        PLN__FAIL(err, PLN_EOPTION, "option 'budget': %s",
                  s->budget < 0 ? "a negative size" : "goes only with method \"exact\"");
    if (s->expected < 0)
        PLN__FAIL(err, PLN_EOPTION, "option 'expected': expected a number from 0, got %lld",
                  (long long)s->expected);
out:
    return status;
}

static pln_status copy_fields(pln__dedup_stage *s, const pln_host *host, const pln_config *config,
                              pln_error *err) {
    int64_t n = host->config_count(config, "key");
    s->fields = pln__calloc(s->mem, (uint64_t)n + 1, sizeof *s->fields);
    if (s->fields == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *s->fields);
    s->n_fields = n;
    for (int64_t i = 0; i < n; i++) {
        char *field = NULL;
        pln_status status =
            pln__stage_text(s->mem, host->config_item(config, "key", i, NULL), &field, err);
        if (status < 0)
            return status;
        s->fields[i] = field;
    }
    return PLN_OK;
}

static pln_status set_up(pln__dedup_stage *s, pln_context *ctx, const pln_config *config,
                         pln_error *err) {
    static const char *const keeps[] = {"first", "last", "highest"};
    static const char *const scopes[] = {"forever", "ttl", "horizon", "epoch"};
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    s->keep = choice(host, config, "keep", keeps);
    s->scope = choice(host, config, "scope", scopes);
    s->use_bloom = strcmp(host->config_text(config, "method"), "bloom") == 0;
    s->updates = strcmp(host->config_text(config, "emit"), "updates") == 0;
    s->span = host->config_int(config, s->scope == PLN__SCOPE_TTL ? "ttl" : "horizon");
    s->error = host->config_has(config, "error") ? host->config_float(config, "error") : 0.001;
    s->expected = host->config_int(config, "expected");
    s->budget = host->config_int(config, "budget");
    s->latest = INT64_MIN;
    PLN__TRY(check(s, host, config, err));
    PLN__TRY(copy_fields(s, host, config, err));
    if (s->keep == PLN__KEEP_HIGHEST)
        PLN__TRY(pln__stage_text(s->mem, host->config_text(config, "version"), &s->version, err));
    if (s->scope == PLN__SCOPE_HORIZON)
        PLN__TRY(
            pln__stage_text(s->mem, host->config_text(config, "event_time"), &s->event_time, err));
    host->random(ctx, &s->seed, sizeof s->seed);
    PLN__TRY(pln__dedup_store_ask(s, ctx, err));
    if (s->spills && s->budget < PLN__DEDUP_BUDGET_LEAST)
        PLN__FAIL(err, PLN_EOPTION,
                  "option 'budget': %lld bytes, in a run with a state file it is at least %d",
                  (long long)s->budget, PLN__DEDUP_BUDGET_LEAST);
    status = pln__dedup_stores_new(s, err);
    if (status == PLN_EINVAL || status == PLN_ELIMIT)
        status = pln__error_set(err, PLN_EOPTION,
                                "options 'error', 'expected' and 'budget': "
                                "%.3g, %lld and %lld are out of range or do not go together",
                                s->error, (long long)s->expected, (long long)s->budget);
out:
    return status;
}

static pln_status dedup_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    pln__dedup_stage *s = pln__calloc(mem, 1, sizeof *s);
    (void)user;
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    s->mem = s->picks.mem = s->duplicates.mem = s->late.mem = mem;
    pln_status status = set_up(s, ctx, config, err);
    /* Rows that are held come out later than the watermarks that arrived behind them. */
    if (status >= 0 && pln__dedup_holds(s))
        status = ctx->host->watermark(ctx, NULL, INT64_MIN, err);
    if (status < 0)
        dedup_close(s, ctx);
    else
        *self = s;
    return status;
}

/* ---- schema ---- */

static pln_status find_column(const struct ArrowSchema *in, const char *option, const char *name,
                              int64_t *out, pln_error *err) {
    *out = pln__schema_find(in, name);
    if (*out >= 0)
        return PLN_OK;
    pln_status status = pln__schema_find_error(in, name, err);
    pln__error_prefix(err, "%s", option);
    return status;
}

static pln_status find_columns(pln__dedup_stage *s, const struct ArrowSchema *in, pln_error *err) {
    pln_status status = PLN_OK;
    if (s->version != NULL)
        PLN__TRY(find_column(in, "version", s->version, &s->version_column, err));
    if (s->event_time == NULL)
        return PLN_OK;
    PLN__TRY(find_column(in, "event_time", s->event_time, &s->time_column, err));
    PLN__TRY(pln__type_of(in->children[s->time_column], &s->time_type, err));
    if (s->time_type.id != PLN__TIMESTAMP) {
        char text[PLN__TYPE_TEXT_SIZE];
        PLN__FAIL(err, PLN_ETYPE, "event_time: column %s: expected a timestamp, got %s",
                  s->event_time, pln__type_text(in->children[s->time_column], text));
    }
out:
    return status;
}

/* Keyed, so that nobody can choose a row that takes another one's key and so has it dropped. */
pln_status pln__dedup_keys_new(pln__dedup_stage *s, const struct ArrowSchema *in, pln_error *err) {
    pln_keys *keys = NULL;
    pln_keys_options options;
    uint8_t secret[PLN_KEY_SECRET_MIN];
    pln__store_le64(secret, s->seed);
    pln__store_le64(secret + 8, ~s->seed);
    pln_keys_options_init(&options, sizeof options);
    options.secret = secret;
    options.secret_size = sizeof secret;
    pln_status status = pln__keys_new(s->mem, in, s->fields, s->n_fields, &options, &keys, err);
    if (status < 0) {
        pln__error_prefix(err, "key");
        return status;
    }
    pln_keys_free(s->keys);
    s->keys = keys;
    return PLN_OK;
}

static pln_status dedup_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                               int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                               pln_error *err) {
    pln_status status = PLN_OK;
    pln__dedup_stage *s = self;
    (void)ctx;
    (void)n_in;
    if (s->held.live > 0 && !pln__schema_equal(&s->schema, in[0]))
        PLN__FAIL(err, PLN_ETYPE, "%lld rows of another schema are held", (long long)s->held.live);
    PLN__TRY(find_columns(s, in[0], err));
    PLN__TRY(pln__dedup_keys_new(s, in[0], err));
    if (s->held.live == 0) {
        pln__schema_release(&s->schema);
        s->schema = (struct ArrowSchema){0};
        PLN__TRY(pln__schema_copy(s->mem, in[0], &s->schema, err));
        PLN__TRY(pln__held_schema(s, err));
    }
    for (int32_t i = 0; i < n_out; i++)
        PLN__TRY(pln__schema_copy(s->mem, in[0], &out[i], err));
out:
    return status;
}

/* ---- rows ---- */

static pln_status reserve(pln__dedup_stage *s, pln__buffer *buffer, int64_t size, pln_error *err) {
    buffer->size = 0;
    return pln__buffer_reserve(s->mem, buffer, size + 8, err);
}

/* Event time as µs; false: null. */
static bool time_at(const pln__dedup_stage *s, const struct ArrowArray *rows, int64_t row,
                    int64_t *out) {
    static const int64_t factor[] = {1000000, 1000, 1};
    const struct ArrowArray *column = rows->children[s->time_column];
    if (!pln__array_valid(column, row))
        return false;
    int64_t value = pln__array_int(&s->time_type, column, row);
    if (s->time_type.unit == PLN__NANO)
        *out = value / 1000 - (value % 1000 < 0);
    else if (!pln__mul(value, factor[s->time_type.unit], out))
        *out = value < 0 ? INT64_MIN + 1 : INT64_MAX;
    return true;
}

/* A row without event time is wrong; INT64_MIN stands for it. */
static pln_status find_times(pln__dedup_stage *s, pln_context *ctx, pln_batch *batch,
                             int64_t *times, pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    pln__picks *p = &s->picks;
    p->n_rejections = 0;
    for (int64_t i = 0; i < rows->length; i++) {
        if (time_at(s, rows, i, &times[i]))
            continue;
        times[i] = INT64_MIN;
        pln_status status = pln__grow(p->mem, &p->rejections, &p->rejections_capacity,
                                      p->n_rejections + 1, sizeof *p->rejections, err);
        if (status < 0)
            return status;
        p->rejections[p->n_rejections++] =
            (pln_rejection){i, PLN_EDATA, 0, s->event_time, "the event time is null"};
    }
    return p->n_rejections == 0
               ? PLN_OK
               : ctx->host->reject(ctx, batch, p->rejections, p->n_rejections, err);
}

static void pick(pln__picks *picks, int64_t row) {
    picks->rows[picks->n++] = (int32_t)row;
}

/* Rows whose bit is `value`. */
static void pick_bits(pln__picks *picks, const uint8_t *bits, int64_t n, bool value) {
    for (int64_t i = 0; i < n; i++) {
        picks->rows[picks->n] = (int32_t)i;
        picks->n += pln__bit_get(bits, i) == value;
    }
}

static pln_status all_at_once(pln__dedup_stage *s, int64_t n, const int64_t *times,
                              pln_error *err) {
    pln_status status =
        s->use_bloom
            ? pln_bloom_put_keys(s->bloom, s->key_bytes.data, n, s->bits.data, err)
            : pln_dedup_batch(s->index, s->key_bytes.data, times, n, s->bits.data, NULL, err);
    if (status < 0)
        return status;
    pick_bits(&s->picks, s->bits.data, n, !s->use_bloom);
    pick_bits(&s->duplicates, s->bits.data, n, s->use_bloom);
    return PLN_OK;
}

/* Row by row, for each may move the horizon: what is late or forgotten is the same wherever batches end. */
static pln_status by_horizon(pln__dedup_stage *s, int64_t n, const int64_t *times, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t hashes[PLN__DEDUP_FETCH];
    int64_t step = pln__dedup_step(s->index);
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *key = s->key_bytes.data + i * PLN_KEY_SIZE;
        int64_t stands, k = i % step;
        bool fresh;
        if (k == 0)
            PLN__TRY(pln__dedup_fetch(s->index, key, n - i < step ? n - i : step, hashes, err));
        if (times[i] == INT64_MIN)
            continue;
        if (times[i] > s->latest) {
            s->latest = times[i];
            PLN__TRY(pln_dedup_expire(s->index, pln__dedup_before(s), err));
        }
        if (times[i] < pln__dedup_before(s)) {
            pick(&s->late, i);
            continue;
        }
        PLN__TRY(pln__dedup_one(s->index, &(pln__dedup_asked){key, hashes[k], k}, times[i], &stands,
                                &fresh, err));
        pick(fresh ? &s->picks : &s->duplicates, i);
    }
out:
    return status;
}

/* The clock's time for all rows of a batch; it never goes back. */
static pln_status now_for_all(pln__dedup_stage *s, pln_context *ctx, int64_t n, int64_t *times,
                              pln_error *err) {
    int64_t now = ctx->host->now_us(ctx);
    s->latest = now > s->latest ? now : s->latest;
    for (int64_t i = 0; i < n; i++)
        times[i] = s->latest;
    return pln__dedup_holds(s) ? PLN_OK : pln_dedup_expire(s->index, pln__dedup_before(s), err);
}

/* Rows that do not go on: counted, and shown to who reads the port. */
static pln_status leave(const pln__picks *picks, pln_context *ctx, int32_t port, int32_t fate,
                        pln_batch *batch, pln_error *err) {
    pln_status status = ctx->host->account(ctx, fate, picks->n, err);
    if (status < 0 || ctx->host->port_edges(ctx, port) == 0)
        return status;
    return pln__picks_emit(picks, ctx, port, batch, err);
}

static pln_status dedup_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                pln_error *err) {
    pln_status status = PLN_OK;
    pln__dedup_stage *s = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t n = rows->length, *times = NULL;
    (void)port;
    s->ctx = ctx;
    PLN__TRY(reserve(s, &s->key_bytes, n * PLN_KEY_SIZE, err));
    PLN__TRY(reserve(s, &s->bits, n / 8 + 1, err));
    PLN__TRY(reserve(s, &s->numbers, n * 8, err));
    PLN__TRY(pln__picks_begin(&s->picks, n, err));
    PLN__TRY(pln__picks_begin(&s->duplicates, n, err));
    PLN__TRY(pln__picks_begin(&s->late, n, err));
    if (s->scope == PLN__SCOPE_TTL || s->scope == PLN__SCOPE_HORIZON)
        times = (int64_t *)(void *)s->numbers.data;
    PLN__TRY(pln_keys_batch(s->keys, rows, s->key_bytes.data, err));
    if (s->scope == PLN__SCOPE_HORIZON)
        PLN__TRY(find_times(s, ctx, batch, times, err));
    else if (s->scope == PLN__SCOPE_TTL)
        PLN__TRY(now_for_all(s, ctx, n, times, err));
    if (pln__dedup_holds(s))
        PLN__TRY(pln__held_process(s, ctx, batch, times, err));
    else if (s->scope == PLN__SCOPE_HORIZON)
        PLN__TRY(by_horizon(s, n, times, err));
    else
        PLN__TRY(all_at_once(s, n, times, err));
    if (!pln__dedup_holds(s) && times != NULL)
        PLN__TRY(pln_dedup_sweep(s->index, 2 * n, NULL, err));
    PLN__TRY(leave(&s->late, ctx, PLN__DEDUP_LATE, PLN_LATE, batch, err));
    PLN__TRY(leave(&s->duplicates, ctx, PLN__DEDUP_DUPLICATE, PLN_DUPLICATE, batch, err));
    PLN__TRY(ctx->host->account(ctx, PLN_PASSED, s->picks.n, err));
    PLN__TRY(pln__picks_emit(&s->picks, ctx, PLN__DEDUP_OUT, batch, err));
out:
    return status;
}

/* ---- ends ---- */

static void report_store(pln__dedup_stage *s, pln_context *ctx) {
    static const char *const names[] = {"dedup.spilled", "dedup.asked", "dedup.asked_in_vain"};
    pln_dedup_info info = {.struct_size = sizeof info};
    pln_dedup_info_get(s->index, &info);
    int64_t now[3] = {info.stored, info.asked, info.asked_in_vain};
    for (int i = 0; i < 3; i++) {
        if (now[i] != s->told[i])
            ctx->host->count(ctx, names[i], now[i] - s->told[i]);
        s->told[i] = now[i];
    }
}

static void report(pln__dedup_stage *s, pln_context *ctx) {
    static const char *const names[] = {"dedup.keys", "dedup.bytes", "dedup.false_drop_bound_ppb"};
    int64_t now[3] = {0};
    if (s->use_bloom) {
        pln_bloom_info info = {.struct_size = sizeof info};
        pln_bloom_info_get(s->bloom, &info);
        now[0] = info.estimate < 9e18 ? (int64_t)info.estimate : INT64_MAX;
        now[1] = info.memory_bytes;
        now[2] = (int64_t)(info.error * 1e9) + 1;
    } else {
        now[0] = pln__dedup_holds(s) ? s->held.live : pln_dedup_count(s->index);
        now[1] = pln_dedup_memory(s->index);
    }
    for (int i = 0; i < (s->use_bloom ? 3 : 2); i++) {
        ctx->host->count(ctx, names[i], now[i] - s->reported[i]);
        s->reported[i] = now[i];
    }
    if (s->spills)
        report_store(s, ctx);
}

static pln_status dedup_finish(void *self, pln_context *ctx, int32_t port, pln_error *err) {
    pln__dedup_stage *s = self;
    (void)port;
    s->ctx = ctx;
    return pln__dedup_holds(s) ? pln__held_end(s, ctx, err) : PLN_OK;
}

static pln_status dedup_drain(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    pln__dedup_stage *s = self;
    pln_status status = PLN_OK;
    (void)n;
    s->ctx = ctx;
    report(s, ctx);
    if (s->scope == PLN__SCOPE_EPOCH) {
        if (pln__dedup_holds(s))
            status = pln__held_end(s, ctx, err);
        else if (s->use_bloom)
            pln_bloom_clear(s->bloom);
        else
            pln_dedup_clear(s->index);
        s->generation++;
        int64_t watermark = ctx->host->port_watermark(ctx, 0);
        if (status >= 0 && pln__dedup_holds(s) && watermark != INT64_MAX)
            status = ctx->host->watermark(ctx, NULL, watermark, err);
    }
    return status < 0 ? status : pln__dedup_store_expire(s, ctx, err);
}

static const pln_option options[] = {
    {"key", PLN_OPT_TEXTS, 0, NULL, NULL,
     "the columns, or paths into structs (\"customer.email\"), that make the key; the whole row if not given"},
    {"keep", PLN_OPT_ENUM, 0, "\"first\"", "first|last|highest",
     "which row of a key stays: the first, the last, or the one with the highest version (the first of equal ones)"},
    {"version", PLN_OPT_COLUMN, 0, NULL, NULL, "the column that keep \"highest\" compares; null is lowest"},
    {"emit", PLN_OPT_ENUM, 0, "\"end\"", "end|updates",
     "with keep \"highest\": each key once, when its scope ends, or at once each row that beats all before it, for a sink that upserts"},
    {"scope", PLN_OPT_ENUM, 0, "\"forever\"", "forever|ttl|horizon|epoch",
     "how long a key is remembered: for ever, a time by the run's clock, a span of event time, or within an epoch"},
    {"ttl", PLN_OPT_DURATION, 0, NULL, NULL, "with scope \"ttl\": how long after its first row"},
    {"event_time", PLN_OPT_COLUMN, 0, NULL, NULL, "with scope \"horizon\": a column of timestamps"},
    {"horizon", PLN_OPT_DURATION, 0, NULL, NULL,
     "with scope \"horizon\": a key is forgotten when the greatest event time so far is later by more than this than its first row's; rows older than that are late"},
    {"method", PLN_OPT_ENUM, 0, "\"exact\"", "exact|bloom",
     "an index of all keys, or a Bloom filter, which takes a few of the rows for duplicates that are none"},
    {"error", PLN_OPT_FLOAT, 0, NULL, NULL, "with method \"bloom\": the part of new rows that may be dropped once `expected` keys are in; 0.001 if not given"},
    {"expected", PLN_OPT_INT, 0, "0", NULL, "how many keys room is made for at once; with method \"bloom\" a million if not given"},
    {"budget", PLN_OPT_BYTES, 0, "0", NULL, "the memory that the index of keys may have, with a state file at least 128KiB; beyond it keys go to the state file, and a run without one stops; 0: all of the run's"},
    {0}};

const pln_transform pln__dedup_stage_table = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "dedup",
    .summary = "Passes one row of each key.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_KEYED | PLN_CAP_SIDE_PORTS,
    .ports_out = "out duplicate late",
    .open = dedup_open,
    .process = dedup_process,
    .close = dedup_close,
    .schema = dedup_schema,
    .finish = dedup_finish,
    .save = pln__dedup_save,
    .load = pln__dedup_load,
    .drain = dedup_drain,
};

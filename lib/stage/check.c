/*
 * Stage check: a suite over the rows that pass. A row goes where the strongest action of the checks that it fails sends it; checks of many rows are judged when
 * their epoch or the input ends. With a reference on a port of its own rows wait until that is complete (check_reference.c).
 */
#include "stage/check_stage.h"

static const char results_schema[] =
    "epoch int64, check utf8 not null, kind utf8 not null, columns utf8 not null, "
    "severity utf8 not null, status utf8 not null, rows int64 not null, missing int64 not null, "
    "evaluated int64 not null, unexpected int64, observed float64, message utf8 not null";
static const char *const severities[] = {"info", "warn", "error", "critical"};
static const char *const statuses[] = {"passed", "warned", "failed"};

/* ---- life ---- */

static void let_go(check_stage *s, pln_context *ctx) {
    for (int64_t i = 0; i < s->n_held; i++)
        ctx->host->batch_unref(s->held[i].batch);
    s->n_held = 0;
}

static void forget_messages(check_stage *s) {
    for (int32_t i = 0; s->messages != NULL && i < s->n; i++)
        pln__strfree(s->mem, s->messages[i]);
    pln__free(s->mem, s->messages, (uint64_t)(s->n + 1) * sizeof *s->messages);
    s->messages = NULL;
}

static void check_close(void *self, pln_context *ctx) {
    check_stage *s = self;
    let_go(s, ctx);
    pln__check_wait_close(s, ctx);
    forget_messages(s);
    pln__free(s->mem, s->force, (uint64_t)s->force_capacity);
    pln__free(s->mem, s->who, (uint64_t)s->who_capacity * sizeof *s->who);
    pln__free(s->mem, s->held, (uint64_t)s->held_capacity * sizeof *s->held);
    if (!s->lent)
        pln_validation_free(s->validation);
    pln_suite_free(s->own);
    pln__held_contract_free(s->contract);
    pln__strfree(s->mem, s->tag);
    pln__picks_free(&s->picks);
    pln__free(s->mem, s, sizeof *s);
}

static pln_check check_at(const check_stage *s, int32_t i) {
    pln_check check = {.struct_size = sizeof check};
    (void)pln_suite_check(s->suite, i, &check);
    return check;
}

static pln_status look_at_checks(check_stage *s, pln_error *err) {
    pln_status status = PLN_OK;
    bool tags = false;
    s->n = pln_suite_count(s->suite);
    s->messages = pln__calloc(s->mem, (uint64_t)s->n + 1, sizeof *s->messages);
    if (s->messages == NULL)
        return pln__error_memory(err, sizeof *s->messages);
    for (int32_t i = 0; i < s->n; i++) {
        pln_check check = check_at(s, i);
        pln__text text;
        pln__text_init(&text, s->mem);
        pln__text_printf(&text, "%s%s %s", s->contract == NULL ? "check" : s->contract->title,
                         s->contract == NULL ? "" : ":", check.id);
        s->messages[i] = pln__text_take(&text);
        if (s->messages[i] == NULL)
            return pln__error_memory(err, 1);
        tags |= check.action == PLN_ACTION_TAG;
        s->quarantines |= check.by_row && check.action == PLN_ACTION_QUARANTINE_ROW;
        if (check.action == PLN_ACTION_CALLBACK && s->callback == NULL)
            PLN__FAIL(err, PLN_EOPTION, "check %s: action callback: no option 'callback' is bound",
                      check.id);
        if (check.action != PLN_ACTION_QUARANTINE_BATCH)
            continue;
        s->holds = true;
        if (!pln__suite_by_epoch(s->suite, i))
            PLN__FAIL(err, PLN_EOPTION,
                      "check %s: action quarantine_batch needs \"scope\": \"epoch\"", check.id);
    }
    if (!tags) {
        pln__strfree(s->mem, s->tag);
        s->tag = NULL;
    }
out:
    return status;
}

static pln_status set_up(check_stage *s, pln_context *ctx, const pln_config *config,
                         pln_error *err) {
    const pln_host *host = ctx->host;
    pln_suite_options options;
    pln_status status;
    bool bound = host->config_handle(config, "bound") != NULL;
    s->validation = host->config_handle(config, "validation");
    s->lent = s->validation != NULL;
    bool contract = host->config_has(config, "contract") != 0;
    if (bound + s->lent + contract + (host->config_has(config, "suite") != 0) != 1)
        PLN__FAIL(err, PLN_EOPTION,
                  "options 'suite', 'contract', 'bound' and 'validation': exactly one of them is "
                  "needed");
    s->lenient = host->config_int(config, "enforce") == 0;
    if (contract) {
        /* Its checks are known when the columns are, and none of them has a reference. */
        if (host->config_has(config, "reference"))
            PLN__FAIL(err, PLN_EOPTION, "options 'contract' and 'reference' exclude each other");
        PLN__TRY(pln__held_contract_new(ctx, config, &s->contract, err));
        return pln__stage_text(s->mem, host->config_text(config, "tag"), &s->tag, err);
    }
    s->suite =
        s->lent ? pln__validation_suite(s->validation) : host->config_handle(config, "bound");
    if (s->suite == NULL) {
        pln_suite_options_init(&options, sizeof options);
        options.seed = (uint64_t)host->config_int(config, "seed");
        options.allocator = s->mem;
        status = pln_suite_new(NULL, host->config_json(config, "suite"), &options, &s->own, err);
        if (status < 0)
            pln__error_prefix(err, "option 'suite'");
        PLN__TRY(status);
        s->suite = s->own;
    }
    s->callback = host->config_handle(config, "callback");
    if (s->callback != NULL && s->callback->failed == NULL)
        PLN__FAIL(err, PLN_EOPTION, "option 'callback': it calls nothing");
    PLN__TRY(pln__stage_text(s->mem, host->config_text(config, "tag"), &s->tag, err));
    PLN__TRY(look_at_checks(s, err));
    PLN__TRY(pln__check_wait_open(s, ctx, config, err));
out:
    return status;
}

static pln_status check_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    check_stage *s = pln__calloc(mem, 1, sizeof *s);
    (void)user;
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    s->mem = s->picks.mem = mem;
    pln_status status = set_up(s, ctx, config, err);
    if (status < 0)
        check_close(s, ctx);
    else
        *self = s;
    return status;
}

/* ---- schema ---- */

/* The rows' schema, and the column of tags behind it. */
static pln_status tagged_schema(const check_stage *s, const struct ArrowSchema *in,
                                struct ArrowSchema *out, pln_error *err) {
    int64_t n = in->n_children;
    pln_status status;
    if (s->tag == NULL)
        return pln__schema_copy(s->mem, in, out, err);
    if (pln__schema_find(in, s->tag) >= 0)
        return pln__error_set(err, PLN_EOPTION, "tag: there is a column %s already", s->tag);
    PLN__TRY(
        pln__field_new(s->mem, "+s", in->name == NULL ? "" : in->name, false, n + 1, out, err));
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(pln__schema_copy(s->mem, in->children[i], out->children[i], err));
    PLN__TRY(pln__field_new(s->mem, "u", s->tag, true, 0, out->children[n], err));
out:
    return status;
}

/* The suite that a contract is for rows of this schema. */
static pln_status take_contract(check_stage *s, pln_context *ctx, const struct ArrowSchema *in,
                                pln_error *err) {
    forget_messages(s);
    pln_validation_free(s->validation);
    s->validation = NULL;
    pln_status status = pln__held_contract_bind(s->contract, ctx, in, err);
    s->suite = s->contract->suite;
    return status < 0 ? status : look_at_checks(s, err);
}

/* Rows are kept until their epoch ends, or a reference is complete: event time, too, must wait for that. */
static bool keeps_rows(const check_stage *s) {
    return s->holds || s->table != NULL;
}

static pln_status check_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                               int32_t n_in, struct ArrowSchema *out, int32_t n_out,
                               pln_error *err) {
    check_stage *s = self;
    pln_validation_options options;
    pln_status status;
    (void)n_out;
    if (s->table != NULL)
        PLN__TRY(pln__check_wait_schema(s, n_in > 1 ? in[1] : NULL, err));
    if (s->lent) {
        /* What an attempt before this one has seen comes again. */
        PLN__TRY(pln__validation_takes(s->validation, in[0], err));
        PLN__TRY(pln__validation_forget(s->validation, true, err));
    } else {
        if (s->contract != NULL)
            PLN__TRY(take_contract(s, ctx, in[0], err));
        pln_validation_options_init(&options, sizeof options);
        options.now_us = ctx->host->now_us(ctx);
        options.allocator = s->mem;
        pln_validation_free(s->validation);
        s->validation = NULL;
        PLN__TRY(pln_validation_new(s->suite, in[0], &options, &s->validation, err));
    }
    PLN__TRY(tagged_schema(s, in[0], &out[PLN__CHECK_OUT], err));
    PLN__TRY(tagged_schema(s, in[0], &out[PLN__CHECK_WARN], err));
    PLN__TRY(tagged_schema(s, in[0], &out[PLN__CHECK_QUARANTINE], err));
    if (s->table != NULL && s->quarantines &&
        ctx->host->port_edges(ctx, PLN__CHECK_QUARANTINE) == 0)
        PLN__FAIL(err, PLN_EOPTION,
                  "reference: rows that wait are not rejected but sent to the port quarantine, to "
                  "which nothing is wired");
    if (s->holds && ctx->host->port_edges(ctx, PLN__CHECK_QUARANTINE) == 0)
        PLN__FAIL(err, PLN_EOPTION,
                  "action quarantine_batch: nothing is wired to the port quarantine");
    PLN__TRY(ctx->host->schema_parse(ctx, results_schema, &out[PLN__CHECK_RESULTS], err));
    if (keeps_rows(s))
        PLN__TRY(ctx->host->watermark(ctx, NULL, INT64_MIN, err));
out:
    return status;
}

/* ---- rows ---- */

/* The strongest action of each row, and the first check that asked for it. Returns whether any row has one. */
static pln_status decide(check_stage *s, int64_t rows, bool *any, pln_error *err) {
    pln_status status;
    *any = false;
    PLN__TRY(pln__grow(s->mem, &s->force, &s->force_capacity, rows + 1, 1, err));
    PLN__TRY(pln__grow(s->mem, &s->who, &s->who_capacity, rows + 1, sizeof *s->who, err));
    memset(s->force, 0, (size_t)rows);
    for (int32_t i = 0; i < s->n; i++) {
        const uint8_t *bits = pln_validation_bits(s->validation, i);
        int32_t action = check_at(s, i).action;
        if (bits == NULL || action < PLN_ACTION_WARN || action > PLN_ACTION_QUARANTINE_ROW ||
            pln__bits_count(bits, 0, rows) == 0)
            continue;
        *any = true;
        for (int64_t row = 0; row < rows; row++) {
            if (!pln__bit_get(bits, row) || action <= s->force[row])
                continue;
            s->force[row] = (uint8_t)action;
            s->who[row] = i;
        }
    }
out:
    return status;
}

/* The ids of all checks with this action that a row fails. */
static void put_tags(const check_stage *s, int64_t row, pln__text *out) {
    for (int32_t i = 0; i < s->n; i++) {
        const uint8_t *bits = pln_validation_bits(s->validation, i);
        pln_check check = check_at(s, i);
        if (check.action != PLN_ACTION_TAG || bits == NULL || !pln__bit_get(bits, row))
            continue;
        pln__text_str(out, out->size > 0 ? ", " : "");
        pln__text_str(out, check.id);
    }
}

static pln_status tags_of(const check_stage *s, const struct ArrowSchema *field,
                          struct ArrowArray *out, pln_error *err) {
    pln__column column = {0};
    pln__text text;
    pln_status status;
    pln__text_init(&text, s->mem);
    PLN__TRY(pln__column_init(s->mem, field, &column, err));
    for (int64_t i = 0; i < s->picks.n; i++) {
        text.size = 0;
        put_tags(s, s->picks.rows[i], &text);
        PLN__TRY(pln__text_status(&text, err));
        PLN__TRY(text.size == 0 ? pln__column_null(&column, err)
                                : pln_column_text(&column, text.data, text.size, err));
    }
    PLN__TRY(pln__column_finish(&column, out, err));
out:
    pln__column_free(&column);
    pln__text_free(&text);
    return status;
}

/* Gathered columns and tags as one batch. */
static pln_status with_tags(check_stage *s, pln_context *ctx, int32_t port, pln_batch *batch,
                            pln_batch **out, pln_error *err) {
    const struct ArrowSchema *schema = ctx->host->port_schema(ctx, 1, port);
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t n = schema->n_children;
    struct ArrowArray array = {0};
    struct ArrowArray *columns = pln__calloc(s->mem, (uint64_t)n, sizeof *columns);
    pln_status status = PLN_OK;
    if (columns == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *columns);
    for (int64_t i = 0; i + 1 < n; i++)
        PLN__TRY(pln__array_take(s->mem, schema->children[i], rows->children[i], s->picks.rows,
                                 s->picks.n, &columns[i], err));
    PLN__TRY(tags_of(s, schema->children[n - 1], &columns[n - 1], err));
    status = pln__array_struct(s->mem, s->picks.n, columns, n, &array, err);
    memset(columns, 0, (size_t)n * sizeof *columns);
    if (status >= 0)
        status =
            ctx->host->batch_derive(ctx, port, batch, s->picks.rows, s->picks.n, &array, out, err);
out:
    for (int64_t i = 0; i < n; i++)
        pln__array_release(&columns[i]);
    pln__free(s->mem, columns, (uint64_t)n * sizeof *columns);
    return status;
}

static pln_status hold(check_stage *s, int32_t port, pln_batch *batch, pln_error *err) {
    pln_status status =
        pln__grow(s->mem, &s->held, &s->held_capacity, s->n_held + 1, sizeof *s->held, err);
    if (status == PLN_OK)
        s->held[s->n_held++] = (held_batch){batch, port};
    return status;
}

/* Rows that waited were absorbed when they came. */
static pln_status account(const check_stage *s, pln_context *ctx, int32_t fate, int64_t rows,
                          pln_error *err) {
    return s->late ? PLN_OK : ctx->host->account(ctx, fate, rows, err);
}

/* The picked rows to a port, now or when their epoch is found to be right. */
static pln_status send(check_stage *s, pln_context *ctx, int32_t port, pln_batch *batch,
                       pln_error *err) {
    pln_batch *out = NULL;
    pln_status status;
    if (s->picks.n == 0)
        return PLN_OK;
    PLN__TRY(account(s, ctx, s->holds ? PLN_ABSORBED : PLN_PASSED, s->picks.n, err));
    if (s->tag == NULL && !s->holds)
        return pln__picks_emit(&s->picks, ctx, port, batch, err);
    PLN__TRY(s->tag != NULL ? with_tags(s, ctx, port, batch, &out, err)
                            : ctx->host->batch_derive(ctx, port, batch, s->picks.rows, s->picks.n,
                                                      NULL, &out, err));
    if (!s->holds)
        return ctx->host->emit(ctx, port, out, err);
    status = hold(s, port, out, err);
    if (status < 0)
        ctx->host->batch_unref(out);
out:
    return status;
}

static void pick(check_stage *s, int64_t rows, int32_t from, int32_t to) {
    s->picks.n = 0;
    for (int64_t i = 0; i < rows; i++)
        if (s->force[i] >= from && s->force[i] <= to)
            s->picks.rows[s->picks.n++] = (int32_t)i;
}

static pln_status quarantine(check_stage *s, pln_context *ctx, pln_batch *batch, int64_t rows,
                             pln_error *err) {
    pln__picks *p = &s->picks;
    pick(s, rows, PLN_ACTION_QUARANTINE_ROW, PLN_ACTION_QUARANTINE_ROW);
    if (p->n == 0)
        return PLN_OK;
    if (s->table != NULL)
        return send(s, ctx, PLN__CHECK_QUARANTINE, batch, err);
    pln_status status = pln__grow(p->mem, &p->rejections, &p->rejections_capacity, p->n,
                                  sizeof *p->rejections, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < p->n; i++) {
        int32_t check = s->who[p->rows[i]];
        p->rejections[i] = (pln_rejection){p->rows[i], PLN_EDATA, 0, check_at(s, check).columns,
                                           s->messages[check]};
    }
    return ctx->host->reject(ctx, batch, p->rejections, p->n, err);
}

/* Each row of a batch by what was decided. */
static pln_status leave(check_stage *s, pln_context *ctx, pln_batch *batch, int64_t rows,
                        pln_error *err) {
    bool to_warn = ctx->host->port_edges(ctx, PLN__CHECK_WARN) > 0;
    pln_status status;
    PLN__TRY(pln__picks_begin(&s->picks, rows, err));
    PLN__TRY(quarantine(s, ctx, batch, rows, err));
    pick(s, rows, PLN_ACTION_DROP, PLN_ACTION_DROP);
    PLN__TRY(account(s, ctx, PLN_FILTERED, s->picks.n, err));
    pick(s, rows, PLN_ACTION_PASS, to_warn ? PLN_ACTION_PASS : PLN_ACTION_TAG);
    PLN__TRY(send(s, ctx, PLN__CHECK_OUT, batch, err));
    if (to_warn) {
        pick(s, rows, PLN_ACTION_WARN, PLN_ACTION_TAG);
        PLN__TRY(send(s, ctx, PLN__CHECK_WARN, batch, err));
    }
out:
    return status;
}

/* A run may last for days. What the program's validation takes for now is the program's. */
static void look_at_clock(check_stage *s, pln_context *ctx) {
    if (!s->lent)
        pln__validation_set_now(s->validation, ctx->host->now_us(ctx));
}

static bool may_fail(const pln_check *check) {
    return check->action == PLN_ACTION_FAIL_EPOCH || check->action == PLN_ACTION_FAIL_PIPELINE;
}

/* Whether a row of the last batch has made sure that the epoch fails. */
static pln_status look_for_doom(check_stage *s, int64_t rows, pln_error *err) {
    for (int32_t i = 0; i < s->n && !s->lenient && !s->doomed; i++) {
        const uint8_t *bits = pln_validation_bits(s->validation, i);
        pln_check_result result = {.struct_size = sizeof result};
        pln_check check = check_at(s, i);
        if (bits == NULL || !may_fail(&check) || !pln__suite_is_final(s->suite, i) ||
            pln__bits_count(bits, 0, rows) == 0)
            continue;
        pln_status status = pln_validation_check(s->validation, i, &result, err);
        if (status < 0)
            return status;
        s->doomed = result.status == PLN_CHECK_FAILED;
    }
    return PLN_OK;
}

pln_status pln__check_rows(check_stage *s, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    bool any;
    pln_status status;
    look_at_clock(s, ctx);
    PLN__TRY(pln_validation_add(s->validation, rows, err));
    PLN__TRY(look_for_doom(s, rows->length, err));
    if (s->doomed)
        return account(s, ctx, PLN_ABSORBED, rows->length, err);
    PLN__TRY(decide(s, rows->length, &any, err));
    if (any || s->tag != NULL || s->holds)
        return leave(s, ctx, batch, rows->length, err);
    PLN__TRY(account(s, ctx, PLN_PASSED, rows->length, err));
    PLN__TRY(ctx->host->emit(ctx, PLN__CHECK_OUT, ctx->host->batch_ref(batch), err));
out:
    return status;
}

static pln_status check_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                                pln_error *err) {
    check_stage *s = self;
    if (s->table != NULL && (port == PLN__CHECK_REFERENCE || !s->referred))
        return pln__check_wait(s, ctx, port, batch, err);
    return pln__check_rows(s, ctx, batch, err);
}

/* ---- results ---- */

typedef struct table {
    const pln_builder_calls *calls;
    pln_builder *builder;
    int32_t next;
    pln_status status;
    pln_error *err;
} table;

/* No more rows will be looked at. */
static bool ended(const check_stage *s) {
    return s->finished && (s->table == NULL || !s->once || s->referred);
}

static void put_text(table *t, const char *text) {
    if (t->status == PLN_OK)
        t->status = t->calls->append_text(t->calls->column(t->builder, t->next++), text,
                                          (int64_t)strlen(text), t->err);
}
/* -1: null. */
static void put_int(table *t, int64_t value) {
    pln_column *column = t->calls->column(t->builder, t->next++);
    if (t->status == PLN_OK)
        t->status = value < 0 ? t->calls->append_null(column, t->err)
                              : t->calls->append_int(column, value, t->err);
}
static void put_float(table *t, double value) {
    pln_column *column = t->calls->column(t->builder, t->next++);
    if (t->status == PLN_OK)
        t->status = value != value ? t->calls->append_null(column, t->err)
                                   : t->calls->append_float(column, value, t->err);
}

static void put_result(table *t, int64_t epoch, const pln_check *check,
                       const pln_check_result *result) {
    t->next = 0;
    put_int(t, epoch);
    put_text(t, check->id);
    put_text(t, check->kind);
    put_text(t, check->columns);
    put_text(t, severities[check->severity]);
    put_text(t, statuses[result->status]);
    put_int(t, result->rows);
    put_int(t, result->missing);
    put_int(t, result->evaluated);
    put_int(t, result->unexpected);
    put_float(t, result->observed);
    put_text(t, result->message);
}

/* Results of the checks of one scope, as rows of the port. Those of all rows are of no epoch. */
static pln_status tell(check_stage *s, pln_context *ctx, int64_t epoch, bool by_epoch,
                       pln_error *err) {
    table t = {.calls = ctx->host->builder, .err = err};
    pln_batch *made = NULL;
    if (ctx->host->port_edges(ctx, PLN__CHECK_RESULTS) == 0)
        return PLN_OK;
    t.status = ctx->host->builder_new(ctx, PLN__CHECK_RESULTS, &t.builder, err);
    if (t.status < 0)
        return t.status;
    for (int32_t i = 0; i < s->n && t.status == PLN_OK; i++) {
        pln_check_result result = {.struct_size = sizeof result};
        pln_check check = check_at(s, i);
        if (pln__suite_by_epoch(s->suite, i) != by_epoch)
            continue;
        t.status = pln_validation_check(s->validation, i, &result, err);
        if (t.status == PLN_OK)
            put_result(&t, by_epoch ? epoch : -1, &check, &result);
    }
    if (t.status == PLN_OK)
        t.status = t.calls->finish(t.builder, &made, err);
    t.calls->free(t.builder);
    if (t.status < 0)
        return t.status;
    if (ctx->host->batch_array(made)->length > 0)
        return ctx->host->emit(ctx, PLN__CHECK_RESULTS, made, err);
    ctx->host->batch_unref(made);
    return PLN_OK;
}

/* ---- ends ---- */

static pln_status fail(const check_stage *s, const pln_check *check, const pln_check_result *result,
                       pln_error *err) {
    if (s->contract == NULL)
        pln__error_set(err, PLN_EDATA, "check %s", result->message);
    else
        pln__error_set(err, PLN_EDATA, "%s: %s", s->contract->title, result->message);
    if (check->action == PLN_ACTION_FAIL_PIPELINE && err != NULL)
        err->flags |= PLN_ERR_FATAL;
    return PLN_EDATA;
}

/* Whether a check can be judged now: more rows may yet make a proportion right, but not a row that is wrong. */
static bool due(const check_stage *s, int32_t i) {
    return pln__suite_by_epoch(s->suite, i) || pln__suite_is_final(s->suite, i) || ended(s);
}

/* *quarantine: a check asks for the whole epoch. */
static pln_status judge(check_stage *s, pln_context *ctx, int64_t n, bool *quarantine,
                        pln_error *err) {
    *quarantine = false;
    for (int32_t i = 0; i < s->n; i++) {
        pln_check_result result = {.struct_size = sizeof result};
        pln_check check = check_at(s, i);
        if (!due(s, i) || (s->over && !pln__suite_by_epoch(s->suite, i)))
            continue;
        pln_status status = pln_validation_check(s->validation, i, &result, err);
        if (status < 0)
            return status;
        if (result.status == PLN_CHECK_FAILED && may_fail(&check) && !s->lenient)
            return fail(s, &check, &result, err);
        *quarantine |=
            result.status == PLN_CHECK_FAILED && check.action == PLN_ACTION_QUARANTINE_BATCH;
        bool by_epoch = pln__suite_by_epoch(s->suite, i);
        if (result.status == PLN_CHECK_PASSED || (!ended(s) && !by_epoch))
            continue;
        ctx->host->log(ctx, PLN_LOG_WARNING, result.message);
        if (check.action == PLN_ACTION_CALLBACK)
            status =
                s->callback->failed(s->callback->user, by_epoch ? n : -1, &check, &result, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status release(check_stage *s, pln_context *ctx, bool quarantine, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < s->n_held && status >= 0; i++)
        status = ctx->host->emit(ctx, quarantine ? PLN__CHECK_QUARANTINE : s->held[i].port,
                                 ctx->host->batch_ref(s->held[i].batch), err);
    let_go(s, ctx);
    return status;
}

/* ---- event time: it waits where rows do ---- */

/* Nothing is kept at the moment: the time that came with the rows may follow them. */
static pln_status let_time_go(const check_stage *s, pln_context *ctx, pln_error *err) {
    int64_t watermark = ctx->host->port_watermark(ctx, 0);
    bool told = keeps_rows(s) && watermark != INT64_MIN && watermark != INT64_MAX;
    return told ? ctx->host->watermark(ctx, NULL, watermark, err) : PLN_OK;
}

static pln_status check_advance(void *self, pln_context *ctx, int32_t port, int64_t watermark_us,
                                pln_error *err) {
    const check_stage *s = self;
    bool waits = s->holds || (s->table != NULL && !(s->once && s->referred));
    (void)watermark_us;
    return port != 0 || waits ? PLN_OK : let_time_go(s, ctx, err);
}

/* ---- ends, and epochs ---- */

static pln_status check_finish(void *self, pln_context *ctx, int32_t port, pln_error *err) {
    check_stage *s = self;
    if (port == PLN__CHECK_REFERENCE) {
        pln_status status = pln__check_wait_finish(s, ctx, err);
        return status < 0 || s->holds || !s->once ? status : let_time_go(s, ctx, err);
    }
    s->finished = true;
    return PLN_OK;
}

static pln_status check_drain(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    check_stage *s = self;
    bool quarantine;
    pln_status status;
    look_at_clock(s, ctx);
    if (s->table != NULL)
        PLN__TRY(pln__check_wait_drain(s, ctx, err));
    if (s->contract != NULL)
        PLN__TRY(pln__held_contract_tell(s->contract, ctx, s->validation, err));
    PLN__TRY(tell(s, ctx, n, true, err));
    if (ended(s) && !s->over)
        PLN__TRY(tell(s, ctx, n, false, err));
    PLN__TRY(judge(s, ctx, n, &quarantine, err));
    PLN__TRY(release(s, ctx, quarantine, err));
    PLN__TRY(pln__validation_forget(s->validation, false, err));
    s->over = ended(s);
    /* Rows may still wait for a reference that is not complete. */
    if (!(s->table != NULL && s->once && !s->referred))
        PLN__TRY(let_time_go(s, ctx, err));
out:
    return status;
}

/* ---- state ---- */

static pln_status check_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    check_stage *s = self;
    const uint8_t *bytes;
    int64_t size;
    (void)n;
    pln_status status = pln_validation_write(s->validation, &bytes, &size, err);
    return status < 0 ? status : ctx->host->state_put(ctx, "validation", bytes, size, err);
}

static pln_status check_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                             pln_error *err) {
    check_stage *s = self;
    (void)ctx;
    s->over = false;
    if (count != 1)
        return pln__error_set(err, PLN_ECORRUPT, "saved validation: %lld pieces, expected 1",
                              (long long)count);
    pln_status status = pln__validation_forget(s->validation, true, err);
    if (status == PLN_OK)
        status = pln_validation_read(s->validation, pieces[0].bytes, pieces[0].size, err);
    if (status == PLN_OK || status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_ECORRUPT;
    pln__error_prefix(err, "saved validation");
    return PLN_ECORRUPT;
}

/* Beside "in", which the table has. */
static pln_status check_ports(void *user, pln_ports *ports, const pln_host *host,
                              const pln_config *config, pln_error *err) {
    static const char *const out_ports[] = {"out", "warn", "quarantine", "results"};
    pln_status status = PLN_OK;
    (void)user;
    if (host->config_has(config, "reference"))
        PLN__TRY(host->port_add(ports, 0, "reference", err));
    for (int i = 0; i < PLN__COUNT(out_ports); i++)
        PLN__TRY(host->port_add(ports, 1, out_ports[i], err));
out:
    return status;
}

static const pln_option options[] = {
    {"suite", PLN_OPT_JSON, 0, NULL, NULL, "the suite of checks, pln-checks(7): an object"},
    {"contract", PLN_OPT_JSON, 0, NULL, NULL,
     "instead: a data contract, pln-contracts(7), whose rules are the suite: the path of its file, "
     "or the document"},
    {"contract_object", PLN_OPT_TEXT, 0, NULL, NULL,
     "which table of the contract; default: the only one, or the one named as the node"},
    {"on_breach", PLN_OPT_ENUM, 0, "\"fail\"", "fail|quarantine|warn",
     "what a breach of the contract does: fail the epoch, send the row to the reject port, or be "
     "reported"},
    {"bound", PLN_OPT_HANDLE, 0, NULL, NULL,
     "instead: a pln_suite of the program's, with its references; it outlives the run"},
    {"validation", PLN_OPT_HANDLE, 0, NULL, NULL,
     "instead: a pln_validation of the program's, of rows of this schema, to be asked after the "
     "run"},
    {"enforce", PLN_OPT_BOOL, 0, "true", NULL,
     "false: no check ends the run; results say what has failed"},
    {"tag", PLN_OPT_TEXT, 0, "\"failed_checks\"", NULL,
     "the column that action \"tag\" adds: the checks that a row fails, separated by \", \""},
    {"seed", PLN_OPT_INT, 0, "0", NULL,
     "of the keys of uniqueness; a secret one for data from an adversary"},
    {"callback", PLN_OPT_HANDLE, 0, NULL, NULL,
     "a pln_check_callback, which action \"callback\" tells of checks that did not pass"},
    {"reference", PLN_OPT_TEXT, 0, NULL, NULL,
     "the table that checks refer to by this name comes by an in port \"reference\""},
    {"refresh", PLN_OPT_ENUM, 0, "\"once\"", "once|epoch",
     "whether the reference is all rows of its port, or those of each epoch; rows of the port in "
     "wait for it"},
    {"wait_rows", PLN_OPT_INT, 0, "1000000", NULL,
     "rows that may wait for the reference; more are an error"},
    {0}};

const pln_transform pln__check_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "check",
    .summary = "Holds its rows to a suite of checks.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_SIDE_PORTS,
    .ports_out = "out warn quarantine results",
    .ports = check_ports,
    .open = check_open,
    .process = check_process,
    .close = check_close,
    .schema = check_schema,
    .finish = check_finish,
    .advance = check_advance,
    .save = check_save,
    .load = check_load,
    .drain = check_drain,
};

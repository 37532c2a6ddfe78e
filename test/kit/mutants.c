/*
 * The kit must see what is wrong: stages that are right, and the same with one fault each. Every fault must be found by the check that is
 * there for it; the stages without a fault must pass.
 */
#include "kit/kit.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_error err;

static void must(pln_status status, const char *what) {
    if (status >= 0)
        return;
    printf("%s: %s\n", what, err.message);
    exit(2);
}
#define MUST(call) must((call), #call)

static void kept(struct ArrowSchema *schema) {
    (void)schema;
}
static struct ArrowSchema id_column = {"l", "id", NULL, 0, 0, NULL, NULL, kept, NULL};
static struct ArrowSchema *columns[] = {&id_column};
static struct ArrowSchema schema = {"+s", "", NULL, 0, 1, columns, NULL, kept, NULL};

enum {
    RIGHT = 0,
    /* source */
    LOSES_A_ROW,
    IGNORES_MAX_ROWS,
    FORGETS_POSITION,
    FORGETS_ON_LOAD,
    REPEATS_A_ROW,
    LEAKS,
    FREES_TWICE,
    LEAKS_ON_FAILED_OPEN,
    SWALLOWS_NO_MEMORY,
    BAD_BATCH,
    SILENT_ERROR,
    /* transform */
    COUNTS_TWICE,
    FORGETS_STATE,
    SUMS_PER_BATCH,
    LOSES_AFTER_RESUME,
    REJECTS_AND_EMITS,
    /* sink */
    SHOWS_UNCOMMITTED,
    COMMITS_TWICE,
    SHOWS_ABORTED,
    TAKES_UNKNOWN,
    DROPS_PREPARED,
    FORGETS_UNTOLD,
    NO_HELP
};

/* ---- a source of the numbers below `rows` ---- */

typedef struct counter {
    const pln_allocator *mem;
    int fault;
    int64_t rows, at;
    bool resumed;
    void *block;
} counter;

static void *take(const pln_allocator *mem, uint64_t size) {
    return mem->resize(mem->user, NULL, 0, size);
}

static void drop(const pln_allocator *mem, void *ptr, uint64_t size) {
    if (ptr != NULL)
        mem->resize(mem->user, ptr, size, 0);
}

static pln_status no_memory(pln_error *e) {
    if (e != NULL) {
        *e = (pln_error){.status = PLN_ENOMEM};
        strcpy(e->message, "out of memory");
    }
    return PLN_ENOMEM;
}

static pln_status count_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *e) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    counter *c = take(mem, sizeof *c);
    if (c == NULL)
        return no_memory(e);
    *c =
        (counter){.mem = mem, .fault = *(int *)user, .rows = ctx->host->config_int(config, "rows")};
    c->block = take(mem, 100);
    if (c->block == NULL) {
        if (c->fault != LEAKS_ON_FAILED_OPEN)
            drop(mem, c, sizeof *c);
        return no_memory(e);
    }
    *self = c;
    return PLN_OK;
}

static void count_close(void *self, pln_context *ctx) {
    counter *c = self;
    const pln_allocator *mem = c->mem;
    (void)ctx;
    if (c->fault != LEAKS)
        drop(mem, c->block, 100);
    if (c->fault == FREES_TWICE)
        drop(mem, c->block, 100);
    drop(mem, c, sizeof *c);
}

static pln_status count_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                               pln_error *e) {
    (void)self;
    return ctx->host->schema_parse(ctx, "id int64 not null", out, e);
}

static pln_status numbers(pln_context *ctx, int64_t from, int64_t n, int64_t step, pln_batch **out,
                          pln_error *e) {
    const pln_builder_calls *calls = ctx->host->builder;
    pln_builder *b = NULL;
    pln_status status = ctx->host->builder_new(ctx, 0, &b, e);
    for (int64_t i = 0; i < n && status >= 0; i++)
        status = calls->append_int(calls->column(b, 0), from + i * step, e);
    if (status >= 0)
        status = calls->finish(b, out, e);
    calls->free(b);
    return status;
}

static pln_status count_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                             pln_error *e) {
    counter *c = self;
    int64_t n = c->rows - c->at;
    if (n == 0)
        return PLN_EOS;
    if (c->fault == SILENT_ERROR && c->at == 6) {
        if (e != NULL)
            *e = (pln_error){.status = PLN_EIO};
        return PLN_EIO;
    }
    int64_t most = c->fault == IGNORES_MAX_ROWS && want->max_rows < 4 ? 4 : want->max_rows;
    n = n < most ? n : most;
    pln_status status = numbers(ctx, c->at, n, c->fault == BAD_BATCH ? 0 : 1, batch, e);
    if (status == PLN_ENOMEM && c->fault == SWALLOWS_NO_MEMORY)
        status = PLN_OK;
    if (status < 0)
        return status;
    c->at += n;
    /* Only where the limit cuts. */
    if (c->fault == LOSES_A_ROW && n == want->max_rows && c->at < c->rows)
        c->at++;
    if (c->fault == REPEATS_A_ROW && n == want->max_rows && n > 1)
        c->at--;
    return PLN_OK;
}

static pln_status count_save(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    counter *c = self;
    int64_t at = c->fault == FORGETS_POSITION ? c->at / 10 * 10 : c->at;
    (void)n;
    return ctx->host->state_put(ctx, "0", &at, sizeof at, e);
}

static pln_status count_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                             pln_error *e) {
    counter *c = self;
    (void)ctx;
    (void)e;
    for (int64_t i = 0; i < count; i++)
        memcpy(&c->at, pieces[i].bytes, sizeof c->at);
    if (c->fault == FORGETS_ON_LOAD)
        c->at++;
    return PLN_OK;
}

static const pln_option count_options[] = {{"rows", PLN_OPT_INT, 1, NULL, NULL, "How many rows."},
                                           {0}};
static const pln_option mute_options[] = {{"rows", PLN_OPT_INT, 1, NULL, NULL, NULL}, {0}};

static const pln_source count_table = {
    .struct_size = sizeof(pln_source), .abi = PLN_PLUGIN_ABI, .name = "count", .summary = "Counts.",
    .options = count_options, .option_size = sizeof(pln_option),
    .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
    .open = count_open, .schema = count_schema, .poll = count_poll, .close = count_close,
    .save = count_save, .load = count_load};

/* ---- a transform that gives each id and the sum of all so far; what is divisible by 7 it rejects, by 5 it drops ---- */

typedef struct summer {
    const pln_allocator *mem;
    int fault;
    int64_t sum;
    bool resumed;
} summer;

static pln_status sum_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *e) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    summer *s = take(mem, sizeof *s);
    (void)config;
    if (s == NULL)
        return no_memory(e);
    *s = (summer){.mem = mem, .fault = *(int *)user};
    *self = s;
    return PLN_OK;
}

static void sum_close(void *self, pln_context *ctx) {
    summer *s = self;
    (void)ctx;
    drop(s->mem, s, sizeof *s);
}

static pln_status sum_row(summer *s, pln_context *ctx, pln_batch *batch, int64_t row, int64_t id,
                          pln_column *to, pln_error *e) {
    pln_rejection item = {row, PLN_EDATA, 0, "id", "divisible by 7"};
    if (id % 7 == 6) {
        pln_status status = ctx->host->reject(ctx, batch, &item, 1, e);
        if (status < 0 || s->fault != REJECTS_AND_EMITS)
            return status;
    }
    if (id % 5 == 4)
        return ctx->host->account(ctx, PLN_FILTERED, s->fault == COUNTS_TWICE ? 2 : 1, e);
    if (s->fault == LOSES_AFTER_RESUME && s->resumed) {
        s->resumed = false;
        return ctx->host->account(ctx, PLN_FILTERED, 1, e);
    }
    s->sum += id;
    return ctx->host->builder->append_int(to, s->sum, e);
}

static pln_status sum_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *e) {
    summer *s = self;
    const struct ArrowArray *column = ctx->host->batch_array(batch)->children[0];
    const int64_t *ids = column->buffers[1];
    const pln_builder_calls *calls = ctx->host->builder;
    pln_builder *b = NULL;
    pln_batch *out = NULL;
    pln_status status = ctx->host->builder_new(ctx, 0, &b, e);
    (void)port;
    if (s->fault == SUMS_PER_BATCH)
        s->sum = 0;
    for (int64_t i = 0; i < column->length && status >= 0; i++)
        status = sum_row(s, ctx, batch, i, ids[column->offset + i], calls->column(b, 0), e);
    if (status >= 0)
        status = calls->finish(b, &out, e);
    calls->free(b);
    return status < 0 ? status : ctx->host->emit(ctx, 0, out, e);
}

static pln_status sum_save(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    summer *s = self;
    int32_t low = (int32_t)(s->sum % 16);
    (void)n;
    return s->fault == FORGETS_STATE ? ctx->host->state_put(ctx, "sum", &low, sizeof low, e)
                                     : ctx->host->state_put(ctx, "sum", &s->sum, sizeof s->sum, e);
}

static pln_status sum_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                           pln_error *e) {
    summer *s = self;
    (void)ctx;
    (void)e;
    for (int64_t i = 0; i < count; i++)
        memcpy(&s->sum, pieces[i].bytes, (size_t)pieces[i].size);
    s->resumed = count > 0;
    return PLN_OK;
}

static const pln_transform sum_table = {
    .struct_size = sizeof(pln_transform), .abi = PLN_PLUGIN_ABI, .name = "sum", .summary = "Sums.",
    .caps = PLN_CAP_DETERMINISTIC | PLN_CAP_ROWWISE, .open = sum_open, .process = sum_process, .close = sum_close,
    .save = sum_save, .load = sum_load};

/* ---- a two-phase sink; its world is a board that outlives it ---- */

static struct board {
    char shown[4000];
    char hidden[4000]; /* prepared: survives the process */
    int64_t hidden_n, shown_n;
} board;

typedef struct poster {
    const pln_allocator *mem;
    int fault;
    char text[4000];
} poster;

static pln_status post_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                            pln_error *e) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    poster *p = take(mem, sizeof *p);
    (void)config;
    if (p == NULL)
        return no_memory(e);
    *p = (poster){.mem = mem, .fault = *(int *)user};
    *self = p;
    return PLN_OK;
}

static void post_close(void *self, pln_context *ctx) {
    poster *p = self;
    (void)ctx;
    if (p->fault == DROPS_PREPARED)
        board.hidden[0] = '\0';
    drop(p->mem, p, sizeof *p);
}

static pln_status post_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    poster *p = self;
    const struct ArrowArray *column = ctx->host->batch_array(batch)->children[0];
    char *to = p->fault == SHOWS_UNCOMMITTED ? board.shown : p->text;
    (void)e;
    for (int64_t i = 0; i < column->length; i++) {
        size_t used = strlen(to);
        snprintf(to + used, 4000 - used, "%lld\n",
                 (long long)((const int64_t *)column->buffers[1])[column->offset + i]);
    }
    return PLN_OK;
}

static pln_status post_prepare(void *self, pln_context *ctx, int64_t n, pln_error *e) {
    poster *p = self;
    memcpy(board.hidden, p->text, sizeof board.hidden);
    board.hidden_n = n;
    p->text[0] = '\0';
    return ctx->host->handle_put(ctx, &n, sizeof n, e);
}

static pln_status post_commit(void *self, pln_context *ctx, int64_t n, const void *handle,
                              int64_t size, pln_error *e) {
    poster *p = self;
    (void)ctx;
    (void)n;
    int64_t named = 0;
    if (size == sizeof named)
        memcpy(&named, handle, sizeof named);
    bool known = size == sizeof named && (named == board.hidden_n || named <= board.shown_n);
    if (!known && p->fault != TAKES_UNKNOWN) {
        if (e != NULL) {
            *e = (pln_error){.status = PLN_EDATALOSS};
            strcpy(e->message, "the board does not know that handle");
        }
        return PLN_EDATALOSS;
    }
    if (named <= board.shown_n && p->fault != COMMITS_TWICE)
        return PLN_OK;
    size_t used = strlen(board.shown);
    snprintf(board.shown + used, sizeof board.shown - used, "%s", board.hidden);
    board.shown_n = named;
    return PLN_OK;
}

static pln_status post_abort(void *self, pln_context *ctx, int64_t n, const void *handle,
                             int64_t size, pln_error *e) {
    poster *p = self;
    (void)ctx;
    (void)n;
    (void)handle;
    (void)size;
    (void)e;
    if (p->fault == SHOWS_ABORTED)
        memcpy(board.shown, p->text, sizeof board.shown);
    p->text[0] = '\0';
    return PLN_OK;
}

static pln_status post_recover(void *self, pln_context *ctx, int64_t n, const void *handle,
                               int64_t size, pln_error *e) {
    poster *p = self;
    if (size == 0 || p->fault == FORGETS_UNTOLD)
        return PLN_OK;
    return post_commit(self, ctx, n, handle, size, e);
}

static void post_reset(void *arg) {
    (void)arg;
    memset(&board, 0, sizeof board);
}

static char *post_result(void *arg) {
    (void)arg;
    return strdup(board.shown);
}

static const pln_sink post_table = {
    .struct_size = sizeof(pln_sink), .abi = PLN_PLUGIN_ABI, .name = "post", .summary = "Posts.",
    .caps = PLN_CAP_DETERMINISTIC, .open = post_open, .write = post_write, .close = post_close,
    .prepare = post_prepare, .commit = post_commit, .abort = post_abort, .recover = post_recover};

/* ---- all of them ---- */

static pln_status input(void *arg, pln_runtime *rt, int32_t port, pln_table **out, pln_error *e) {
    pln_builder *b;
    pln_batch *batch;
    (void)arg;
    (void)port;
    MUST(pln_table_new(rt, &schema, out, e));
    MUST(pln_builder_new(rt, &schema, &b, e));
    for (int64_t i = 0; i < 20; i++)
        MUST(pln_column_int(pln_builder_column(b, 0), i, e));
    MUST(pln_builder_finish(b, &batch, e));
    MUST(pln_table_append(*out, batch, e));
    pln_batch_unref(batch);
    pln_builder_free(b);
    return PLN_OK;
}

typedef struct mutant {
    int fault;
    int32_t kind;
    int32_t found_by; /* KIT_CHECKS: by none */
    const char *name;
} mutant;

static const mutant mutants[] = {
    {RIGHT, PLN_SOURCE, KIT_CHECKS, "a right source"},
    {LOSES_A_ROW, PLN_SOURCE, KIT_LIMITS, "a source that loses a row where a limit cuts"},
    {REPEATS_A_ROW, PLN_SOURCE, KIT_LIMITS, "a source that gives a row twice where a limit cuts"},
    {IGNORES_MAX_ROWS, PLN_SOURCE, KIT_LIFE, "a source that ignores max_rows"},
    {FORGETS_POSITION, PLN_SOURCE, KIT_RESUME, "a source that saves a position before its rows"},
    {FORGETS_ON_LOAD, PLN_SOURCE, KIT_RESUME, "a source that loads a position one too far"},
    {LEAKS, PLN_SOURCE, KIT_MEMORY, "a source that leaks"},
    {LEAKS_ON_FAILED_OPEN, PLN_SOURCE, KIT_MEMORY, "a source that leaks when its open fails"},
    {FREES_TWICE, PLN_SOURCE, KIT_LIFE, "a source that frees twice"},
    {SWALLOWS_NO_MEMORY, PLN_SOURCE, KIT_MEMORY, "a source that goes on without the rows it had no memory for"},
    {BAD_BATCH, PLN_SOURCE, KIT_ROWS, "a source whose rows are not those expected"},
    {SILENT_ERROR, PLN_SOURCE, KIT_LIFE, "a source that fails without a message"},
    {NO_HELP, PLN_SOURCE, KIT_OPTIONS, "a source whose option has no help"},
    {RIGHT, PLN_TRANSFORM, KIT_CHECKS, "a right transform"},
    {COUNTS_TWICE, PLN_TRANSFORM, KIT_ROWS, "a transform that counts a row twice"},
    {REJECTS_AND_EMITS, PLN_TRANSFORM, KIT_ROWS, "a transform that rejects a row and emits it"},
    {FORGETS_STATE, PLN_TRANSFORM, KIT_RESUME, "a transform that saves half of its state"},
    {SUMS_PER_BATCH, PLN_TRANSFORM, KIT_LIMITS, "a transform whose rows depend on the borders of batches"},
    {LOSES_AFTER_RESUME, PLN_TRANSFORM, KIT_RESUME, "a transform that drops the first row after a resume"},
    {RIGHT, PLN_SINK, KIT_CHECKS, "a right sink"},
    {SHOWS_UNCOMMITTED, PLN_SINK, KIT_HIDDEN, "a sink that shows what is not committed"},
    {COMMITS_TWICE, PLN_SINK, KIT_TWICE, "a sink whose commit does its work twice"},
    {SHOWS_ABORTED, PLN_SINK, KIT_HIDDEN, "a sink that shows what was aborted"},
    {TAKES_UNKNOWN, PLN_SINK, KIT_UNKNOWN, "a sink that takes any handle"},
    {DROPS_PREPARED, PLN_SINK, KIT_FAULTS, "a sink that drops at close what it had prepared"},
    {FORGETS_UNTOLD, PLN_SINK, KIT_FAULTS, "a sink that does not commit in recover"},
};

static const char count_text[] =
    "[out]\n:+s(id:l)\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n["
    "reject]\n";

static char said[8000];
static void hear(void *user, const char *line) {
    (void)user;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "    %s\n", line);
}

static kit_outcome run(const mutant *m) {
    int fault = m->fault;
    kit_outcome out = {0};
    pln_source count = count_table;
    kit_options options = {.struct_size = sizeof options, .points = 16, .say = hear};
    kit_stage stage = {
        .struct_size = sizeof stage, .kind = m->kind, .name = m->name, .user = &fault};
    said[0] = '\0';
    if (m->kind == PLN_SOURCE) {
        count.options = fault == NO_HELP ? mute_options : count_options;
        stage.table = &count;
        stage.config = "{\"rows\": 20}";
        stage.expect = count_text;
    } else {
        stage.table = m->kind == PLN_SINK ? (const void *)&post_table : &sum_table;
        stage.input = input;
        stage.reset = m->kind == PLN_SINK ? post_reset : NULL;
        stage.result = m->kind == PLN_SINK ? post_result : NULL;
    }
    kit_check(&stage, &options, &out);
    return out;
}

int main(void) {
    int passed = 0, failed = 0;
    if (getenv("TMPDIR") == NULL)
        setenv("TMPDIR", "/dev/shm", 0);
    for (size_t i = 0; i < sizeof mutants / sizeof mutants[0]; i++) {
        const mutant *m = &mutants[i];
        kit_outcome out = run(m);
        bool good = m->found_by < KIT_CHECKS ? out.failed_checks >> m->found_by & 1
                                             : out.failed_checks == 0;
        passed += good;
        failed += !good;
        if (!good)
            printf("%s: expected %s to fail; said was\n%s", m->name,
                   m->found_by < KIT_CHECKS ? kit_check_name(m->found_by) : "nothing",
                   said[0] ? said : "    nothing\n");
        else if (getenv("V") != NULL)
            printf("%s\n%s", m->name, said);
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}

/* Contracts that a run holds: at sources and sinks, in every mode, and what the report says of them. */
#include "fail_alloc.h"
#include "scratch.h"
#include "skip.h"
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pln_runtime *rt;
static pln_error err;
static scratch dir;

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s (%s)", #call, err.message, err.where);                      \
    } while (0)

static void setup(void) {
    memset(&err, 0, sizeof err);
    OK(pln_runtime_new(NULL, &rt, &err));
    dir = scratch_new();
}

static void teardown(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

#define PROPERTIES                                                                                 \
    "{\"name\": \"id\", \"logicalType\": \"integer\", \"required\": true, \"unique\": true},"     \
    "{\"name\": \"amount\", \"logicalType\": \"number\", \"logicalTypeOptions\": {\"minimum\": 0}}," \
    "{\"name\": \"who\", \"logicalType\": \"string\", \"quality\": [{\"id\": \"q\", \"metric\": "  \
    "\"nullValues\", \"mustBeLessThan\": 50, \"unit\": \"percent\", \"severity\": \"warning\"}]}"
#define CONTRACT(more)                                                                             \
    "{\"apiVersion\": \"v3.1.0\", \"kind\": \"DataContract\", \"id\": \"c1\", \"version\": "       \
    "\"2.1.0\", \"status\": \"active\", \"schema\": [{\"name\": \"orders\", \"properties\": [" PROPERTIES \
    "], \"quality\": [{\"metric\": \"rowCount\", \"mustBeGreaterThan\": 2}, {\"type\": \"text\", "    \
    "\"description\": \"Looked at by hand.\"}]}]" more "}"

static const char contract[] = CONTRACT("");
static const char good[] = "id,amount,who\n1,1,a\n2,2,b\n3,3.5,c\n4,0,\n5,5,e\n";
/* An amount below 0, an id twice, no id. */
static const char bad[] = "id,amount,who\n1,1,a\n2,-2,b\n3,3.5,c\n3,0,d\n,5,e\n6,6,f\n";

typedef struct how {
    const char *contract;
    const char *at;        /* "read" or "store" */
    const char *on_breach;
    const char *stage;     /* the sink: csv.write, sqlite.append, memory.write */
    int32_t mode;
    int64_t batch_rows, epoch_rows;
} how;

static const struct {
    int32_t mode;
    int64_t batch_rows, epoch_rows;
} ways[] = {{PLN_BATCH, 1000, 0}, {PLN_BATCH, 1, 0}, {PLN_MICRO_BATCH, 1000, 2},
            {PLN_MICRO_BATCH, 1, 1}, {PLN_STREAM, 1, 4}, {PLN_STREAM, 3, 3}};
enum { WAYS = sizeof ways / sizeof *ways };

static how in_way(const char *at, const char *on_breach, int way) {
    return (how){.contract = contract,
                 .at = at,
                 .on_breach = on_breach,
                 .stage = "csv.write",
                 .mode = ways[way].mode,
                 .batch_rows = ways[way].batch_rows,
                 .epoch_rows = ways[way].epoch_rows};
}

static pln_graph *graph_of(const how *h, const char *rows) {
    pln_graph *g;
    scratch_write(&dir, "in.csv", rows, -1);
    OK(pln_graph_new(rt, "orders", &g, &err));
    pln_graph_add(g, "read", "csv.read", NULL, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.csv"), &err);
    pln_graph_add(g, "store", h->stage, NULL, &err);
    if (strcmp(h->stage, "csv.write") == 0) {
        char name[32];
        static int runs; /* files of epochs are not to be mixed with those of another run */
        snprintf(name, sizeof name, h->epoch_rows ? "out-%d-{n}.csv" : "out.csv", runs++);
        pln_graph_set_text(g, "store", "path", scratch_path(&dir, name), &err);
        pln_graph_set_text(g, "store", "empty", "skip", &err);
    }
    if (h->contract[0] == '{')
        pln_graph_set_json(g, h->at, "contract", h->contract, &err);
    else
        pln_graph_set_text(g, h->at, "contract", h->contract, &err);
    if (h->on_breach != NULL)
        pln_graph_set_text(g, h->at, "on_breach", h->on_breach, &err);
    pln_graph_add(g, "bad", "ndjson.write", NULL, &err);
    pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad.ndjson"), &err);
    OK(pln_graph_wire(g, "read > store; read.reject > bad; store.reject > bad", &err));
    return g;
}

static pln_status run(const how *h, const char *rows, pln_report **report) {
    pln_run_options options;
    pln_graph *g = graph_of(h, rows);
    pln_run_options_init(&options, sizeof options);
    options.mode = h->mode;
    options.max_batch_rows = h->batch_rows > 0 ? h->batch_rows : 1000;
    options.epoch_rows = h->epoch_rows;
    pln_status status = pln_graph_run(g, &options, report, &err);
    pln_graph_free(g);
    return status;
}

/* All that files named "out..." hold. */
static int64_t rows_out(const pln_report *report) {
    pln_run_summary s = {.struct_size = sizeof s};
    pln_report_summary(report, &s);
    return s.rows_out;
}

static pln_contract_summary summary_of(const pln_report *report) {
    pln_contract_summary s = {.struct_size = sizeof s};
    ck_assert_int_eq(pln_report_contract(report, 0, &s), PLN_OK);
    ck_assert_int_eq(pln_report_contract(report, 1, &s), PLN_EINVAL);
    return s;
}

/* The breaches as "rule:rows:level ...". */
static const char *breaches_of(const pln_report *report) {
    static char out[512];
    pln_breach b = {.struct_size = sizeof b};
    int at = 0;
    out[0] = '\0';
    for (int32_t i = 0; pln_report_breach(report, 0, i, &b) == PLN_OK; i++)
        at += snprintf(out + at, sizeof out - (size_t)at, "%s%s:%lld:%d", i > 0 ? " " : "", b.rule,
                       (long long)b.rows, (int)b.level);
    return out;
}

START_TEST(rows_that_keep_it_pass_and_the_report_says_so) {
    static const char *const at[] = {"read", "store"}, *const nodes[] = {"read.contract",
                                                                         "store.contract"};
    how h = in_way(at[_i % 2], "fail", _i / 2);
    pln_report *report;
    OK(run(&h, good, &report));
    pln_contract_summary s = summary_of(report);
    ck_assert_int_eq(s.verdict, PLN_CONTRACT_KEPT);
    ck_assert_str_eq(s.node, nodes[_i % 2]);
    ck_assert_str_eq(s.id, "c1");
    ck_assert_str_eq(s.version, "2.1.0");
    ck_assert_str_eq(s.object, "orders");
    ck_assert_str_eq(s.on_breach, "fail");
    ck_assert_int_eq(s.rows, 5);
    ck_assert_int_eq(s.breaches, 0);
    ck_assert_int_eq(s.not_evaluated, 1);
    ck_assert_int_eq(rows_out(report), 5);
    const char *json = pln_report_json(report);
    ck_assert_ptr_nonnull(
        strstr(json, "\"notes\":{\"contract\":{\"id\":\"c1\",\"version\":\"2.1.0\""));
    ck_assert_ptr_nonnull(strstr(json, "\"pointer\":\"/schema/0/quality/1\""));
    pln_report_free(report);
}
END_TEST

START_TEST(a_breach_fails_the_epoch_and_nothing_is_seen) {
    how h = in_way(_i % 2 ? "store" : "read", _i / 2 % 2 ? NULL : "fail", 0);
    pln_report *report;
    h.batch_rows = _i < 4 ? 1 : 1000;
    ck_assert_int_eq(run(&h, bad, &report), PLN_EDATA);
    ck_assert_msg(strstr(err.message, "contract c1 2.1.0: ") == err.message, "%s", err.message);
    ck_assert_ptr_nonnull(
        strstr(err.where, _i % 2 ? "orders/store.contract" : "orders/read.contract"));
    ck_assert(!scratch_has(&dir, "out.csv"));
    /* Every rule that is broken is told, not only the one that the error names. */
    ck_assert_int_eq(summary_of(report).verdict, PLN_CONTRACT_BROKEN);
    ck_assert_str_eq(breaches_of(report), "id.required:1:2 id.unique:2:2 amount.minimum:1:2");
    pln_report_free(report);
    ck_assert_int_eq(scratch_count(&dir, ""), 1); /* the input: nothing half written is left */
}
END_TEST

/* The rows that a sink of its own gets: one that shows them at once. */
static int64_t seen[100], n_seen;
static pln_status see_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *e) {
    (void)ctx, (void)config, (void)e;
    *self = user;
    n_seen = 0;
    return PLN_OK;
}
static pln_status see_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *e) {
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    (void)self, (void)e;
    for (int64_t i = 0; i < rows->length; i++)
        seen[n_seen++] =
            ((const int64_t *)rows->children[0]->buffers[1])[rows->children[0]->offset + i];
    return PLN_OK;
}
static void see_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}
static const pln_sink see = {.struct_size = sizeof see, .abi = PLN_PLUGIN_ABI, .name = "see",
                             .summary = "Shows rows.", .option_size = sizeof(pln_option),
                             .open = see_open, .write = see_write, .close = see_close};

/* Such a sink cannot take anything back; it gets no row of the batch that breaks the contract, nor any behind it. */
START_TEST(a_sink_that_shows_rows_at_once_sees_none_that_are_wrong) {
    pln_run_options options;
    pln_graph *g;
    scratch_write(&dir, "in.csv", bad, -1);
    OK(pln_graph_new(rt, "orders", &g, &err));
    pln_graph_add(g, "read", "csv.read", NULL, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.csv"), &err);
    pln_graph_add_sink(g, "show", &see, seen, NULL, NULL, &err);
    pln_graph_set_json(g, "show", "contract", contract, &err);
    OK(pln_graph_wire(g, "read > show", &err));
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = 1;
    ck_assert_int_eq(pln_graph_run(g, &options, NULL, &err), PLN_EDATA);
    ck_assert_int_eq(n_seen, 1);
    ck_assert_int_eq(seen[0], 1);
    pln_graph_free(g);
}
END_TEST

START_TEST(rows_that_break_it_are_rejected_with_the_rule) {
    how h = in_way(_i % 2 ? "store" : "read", "quarantine", _i / 2);
    pln_report *report;
    OK(run(&h, bad, &report));
    ck_assert_int_eq(rows_out(report), 3);
    pln_contract_summary s = summary_of(report);
    ck_assert_int_eq(s.verdict, PLN_CONTRACT_BROKEN);
    ck_assert_int_eq(s.rows, 6);
    ck_assert_str_eq(breaches_of(report), "id.required:1:2 id.unique:2:2 amount.minimum:1:2");
    char *rejects = scratch_read(&dir, "bad.ndjson", NULL);
    ck_assert_ptr_nonnull(
        strstr(rejects, "\"message\":\"contract c1 2.1.0: amount.minimum\",\"column\":\"amount\""));
    ck_assert_ptr_nonnull(
        strstr(rejects, "\"message\":\"contract c1 2.1.0: id.unique\",\"column\":\"id\""));
    ck_assert_ptr_nonnull(
        strstr(rejects, "\"message\":\"contract c1 2.1.0: id.required\",\"column\":\"id\""));
    ck_assert_ptr_nonnull(strstr(rejects, "\"original\":\"2,-2,b\""));
    int lines = 0;
    for (const char *at = rejects; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_int_eq(lines, 3);
    free(rejects);
    pln_report_free(report);
}
END_TEST

START_TEST(a_warning_lets_all_rows_pass) {
    how h = in_way(_i % 2 ? "store" : "read", "warn", _i / 2);
    pln_report *report;
    OK(run(&h, bad, &report));
    ck_assert_int_eq(rows_out(report), 6);
    ck_assert_int_eq(summary_of(report).verdict, PLN_CONTRACT_BROKEN);
    ck_assert_str_eq(breaches_of(report), "id.required:1:2 id.unique:2:2 amount.minimum:1:2");
    pln_report_free(report);
}
END_TEST

/* Rules of severity warning, and of the table as a whole. */
START_TEST(rules_of_many_rows_are_judged_when_all_are_there) {
    how h = in_way("read", _i % 2 ? "quarantine" : "fail", _i / 2);
    pln_report *report;
    OK(run(&h, "id,amount,who\n1,1,\n2,2,\n3,3,c\n", &report));
    ck_assert_int_eq(summary_of(report).verdict, PLN_CONTRACT_WARNED);
    ck_assert_str_eq(breaches_of(report), "who.quality.q:2:1");
    pln_report_free(report);
    pln_status status = run(&h, "id,amount,who\n1,1,a\n2,2,a\n", &report);
    ck_assert_msg(status == PLN_EDATA, "%s", err.message);
    ck_assert_msg(strstr(err.message, "$.quality.0: 2, expected min 3") != NULL, "%s", err.message);
    ck_assert_int_eq(summary_of(report).verdict, PLN_CONTRACT_BROKEN);
    pln_report_free(report);
}
END_TEST

static const struct {
    const char *columns, *words; /* NULL: it fits */
} fits[] = {
    {"id,amount,who\n1,1,a\n2,1,a\n3,1,a\n", NULL},
    {"extra,who,amount,id\n9,a,1,1\n9,a,1,2\n9,a,1,3\n", NULL},
    {"id,who\n1,a\n", "column amount: expected float64, found no such column"},
    {"id,amount,who\nx,1,a\n", "column id: expected int64, found utf8"},
    {"id,amount,who\n1,many,a\n", "column amount: expected float64, found utf8"},
    {"id,amount,who\n1,1,7\n", "column who: expected utf8, found int64"},
};

START_TEST(columns_are_held_to_it_before_a_row_moves) {
    how h = in_way(_i % 2 ? "store" : "read", _i / 2 % 2 ? "quarantine" : "fail", 0);
    const char *words = fits[_i / 4].words;
    pln_report *report = NULL;
    pln_status status = run(&h, fits[_i / 4].columns, &report);
    ck_assert_int_eq(status, words == NULL ? PLN_OK : PLN_ETYPE);
    if (words != NULL) {
        ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
        ck_assert_ptr_nonnull(strstr(err.message, "contract c1 2.1.0: "));
        ck_assert_ptr_null(report);
    }
    pln_report_free(report);
}
END_TEST

/* The rules of a column that is not there cannot be evaluated, and the report says it. */
START_TEST(columns_that_only_warn_are_in_the_report) {
    how h = in_way("read", "warn", 0);
    pln_report *report;
    OK(run(&h, "id,who\n1,a\n2,a\n2,a\n", &report));
    ck_assert_int_eq(rows_out(report), 3);
    ck_assert_str_eq(breaches_of(report), "schema:0:2 id.unique:2:2 amount.exists:0:2");
    pln_breach b = {.struct_size = sizeof b};
    OK(pln_report_breach(report, 0, 0, &b));
    ck_assert_str_eq(b.columns, "amount");
    ck_assert_str_eq(b.message, "column amount: expected float64, found no such column");
    ck_assert_ptr_nonnull(
        strstr(pln_report_json(report), "\"rule\":\"amount.minimum\",\"reason\":"));
    pln_report_free(report);
}
END_TEST

START_TEST(service_levels_are_told_and_fail_nothing) {
    static const char late[] =
        CONTRACT(", \"slaProperties\": [{\"property\": \"freshness\", \"value\": 1, \"unit\": "
                 "\"d\", \"element\": \"orders.at\"},"
                 " {\"property\": \"retention\", \"value\": 3, \"unit\": \"y\"}]");
    char text[sizeof late + 200];
    how h = in_way("read", "fail", 0);
    pln_report *report;
    const char *cut = strstr(late, "{\"name\": \"who\"");
    snprintf(text, sizeof text, "%.*s{\"name\": \"at\", \"logicalType\": \"timestamp\"},%s",
             (int)(cut - late), late, cut);
    h.contract = text;
    OK(run(&h,
           "id,amount,who,at\n1,1,a,2001-01-01T00:00:00Z\n2,1,a,2001-01-01T00:00:00Z\n3,1,a,2001-"
           "01-02T00:00:00Z\n",
           &report));
    pln_contract_summary s = summary_of(report);
    ck_assert_int_eq(s.verdict, PLN_CONTRACT_BROKEN);
    ck_assert_int_eq(s.service_levels, 1);
    ck_assert_int_eq(s.not_evaluated, 2); /* the retention and the words */
    ck_assert_int_eq(rows_out(report), 3);
    ck_assert_ptr_nonnull(strstr(pln_report_json(report), "\"service_levels\":[{\"rule\":"));
    pln_report_free(report);
}
END_TEST

/* Interrupted after an epoch and resumed, the report is that of a run that nobody stopped. */
START_TEST(a_resumed_run_tells_of_all_its_rows) {
    how h = in_way("read", "quarantine", 2);
    pln_run_options options;
    pln_run *r;
    pln_report *report;
    pln_graph *g = graph_of(&h, bad);
    pln_run_options_init(&options, sizeof options);
    options.mode = PLN_MICRO_BATCH;
    options.max_batch_rows = options.epoch_rows = 2;
    options.state = scratch_path(&dir, "state.db");
    OK(pln_run_open(g, &options, &r, &err));
    OK(pln_run_step(r, 0, NULL, &err));
    pln_run_stop(r);
    OK(pln_run_finish(r, &err));
    pln_run_free(r);
    OK(pln_graph_run(g, &options, &report, &err));
    ck_assert_str_eq(breaches_of(report), "id.required:1:2 id.unique:2:2 amount.minimum:1:2");
    ck_assert_int_eq(summary_of(report).rows, 6);
    pln_report_free(report);
    /* And a run that is done and left alone still knows. */
    options.when_done = PLN_WHEN_DONE_SKIP;
    OK(pln_graph_run(g, &options, &report, &err));
    ck_assert_int_eq(summary_of(report).rows, 6);
    pln_report_free(report);
    pln_graph_free(g);
}
END_TEST

START_TEST(it_is_a_node_that_graph_and_report_show) {
    how h = in_way("read", "quarantine", 0);
    pln_graph *g = graph_of(&h, good);
    char *json;
    OK(pln_graph_json(g, &json, &err));
    ck_assert_ptr_nonnull(
        strstr(json, "{\"name\":\"read.contract\",\"kind\":\"transform\",\"stage\":\"check\""));
    ck_assert_ptr_nonnull(strstr(json, "{\"from\":\"read.out\",\"to\":\"read.contract.in\"}"));
    ck_assert_ptr_nonnull(strstr(json, "{\"from\":\"read.contract.out\",\"to\":\"store.in\"}"));
    ck_assert_ptr_nonnull(strstr(json, "{\"from\":\"read.contract.reject\",\"to\":\"bad.in\"}"));
    ck_assert_ptr_nonnull(strstr(json, "{\"from\":\"read.reject\",\"to\":\"bad.in\"}"));
    ck_assert_ptr_null(strstr(json, "{\"from\":\"read.out\",\"to\":\"store.in\"}"));
    pln_text_free(rt, json);
    pln_graph_free(g);
}
END_TEST

/* A file, a text, an object; and which object of several. */
START_TEST(it_is_read_from_a_file_and_the_object_is_the_nodes) {
    static const char two[] =
        "apiVersion: v3.1.0\nkind: DataContract\nid: two\nversion: 1.0.0\nstatus: active\nschema:\n"
        "  - {name: people, properties: [{name: x, logicalType: string}]}\n"
        "  - {name: read, properties: [{name: id, logicalType: integer}]}\n";
    pln_report *report;
    how h = in_way("read", NULL, 0);
    if (!pln_contract_has_yaml())
        TEST_SKIP("no libyaml");
    scratch_write(&dir, "c.yaml", two, -1);
    char path[300];
    snprintf(path, sizeof path, "%s", scratch_path(&dir, "c.yaml"));
    h.contract = _i ? two : path;
    OK(run(&h, good, &report));
    ck_assert_str_eq(summary_of(report).object, "read");
    pln_report_free(report);
    h.at = "store";
    ck_assert_int_eq(run(&h, good, &report), PLN_EOPTION);
    ck_assert_msg(
        strstr(
            err.message,
            "option 'contract_object': contract two 1.0.0 has no 'store', it has people, read") !=
            NULL,
        "%s", err.message);
}
END_TEST

static const struct {
    const char *key, *value; /* JSON */
    const char *words;
} wrong[] = {
    {"on_breach", "\"warn\"", "option 'on_breach': there is no option 'contract' beside it"},
    {"contract_object", "\"x\"", "option 'contract_object': there is no option 'contract' beside it"},
    {"contract", "\"none.yaml\"", "none.yaml"},
    {"contract", "{}", "option 'contract': contract, (top)"},
    {"contract", "7", "option 'contract'"},
    {"contract", "[]", "option 'contract'"},
    {"contract", "null", "option 'contract'"},
    {"on_breach", "\"ignore\"", "expected one of fail|quarantine|warn"},
};

START_TEST(what_is_wrong_with_it_is_named) {
    pln_graph *g;
    OK(pln_graph_new(rt, "orders", &g, &err));
    scratch_write(&dir, "in.csv", good, -1);
    pln_graph_add(g, "read", "csv.read", NULL, &err);
    pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.csv"), &err);
    pln_graph_set_json(g, "read", wrong[_i].key, wrong[_i].value, &err);
    pln_graph_add(g, "store", "csv.write", NULL, &err);
    pln_graph_set_text(g, "store", "path", scratch_path(&dir, "out.csv"), &err);
    pln_graph_wire(g, "read > store", &err);
    ck_assert_int_lt(pln_graph_run(g, NULL, NULL, &err), 0);
    ck_assert_msg(strstr(err.message, wrong[_i].words) != NULL, "%s", err.message);
    pln_graph_free(g);
}
END_TEST

/* A load with a contract at both ends and monitors between, whose state is in a database. */
static pln_status loaded(const pln_allocator *mem, const char *database, char **said) {
    pln_runtime_options mine;
    pln_run_options options;
    pln_runtime *own = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    char state[300];
    snprintf(state, sizeof state, "%s.state", database);
    pln_runtime_options_init(&mine, sizeof mine);
    mine.allocator = mem;
    pln_status status = pln_runtime_new(&mine, &own, &err);
    if (status >= 0)
        status = pln_graph_new(own, "orders", &g, &err);
    if (status >= 0) {
        pln_graph_add(g, "read", "csv.read", NULL, &err);
        pln_graph_set_text(g, "read", "path", scratch_path(&dir, "in.csv"), &err);
        pln_graph_set_json(g, "read", "contract", contract, &err);
        pln_graph_set_text(g, "read", "on_breach", "quarantine", &err);
        pln_graph_add(g, "watch", "monitor", PLN_JSON({"metrics": ["row_count", "schema", {"metric": "psi", "column": "amount"}]}), &err);
        pln_graph_add(g, "store", "sqlite.upsert", PLN_JSON({"table": "t", "key": ["id"]}), &err);
        pln_graph_set_text(g, "store", "database", database, &err);
        pln_graph_set_json(g, "store", "contract", contract, &err);
        pln_graph_set_int(g, "read", "sample_bytes", 4096, &err);
        pln_graph_add(g, "bad", "ndjson.write", NULL, &err);
        pln_graph_set_text(g, "bad", "path", scratch_path(&dir, "bad.ndjson"), &err);
        status =
            pln_graph_wire(g, "read > watch > store; read.reject > bad; store.reject > bad", &err);
    }
    pln_run_options_init(&options, sizeof options);
    options.state = state;
    options.when_done = PLN_WHEN_DONE_SKIP;
    options.seed = 1;
    if (status >= 0)
        status = pln_graph_run(g, &options, &report, &err);
    if (status >= 0 && said != NULL) {
        *said = strdup(pln_report_note(report, "read.contract", "contract"));
        pln_alert alert = {.struct_size = sizeof alert};
        ck_assert_int_eq(pln_report_alert(report, 0, &alert), PLN_EINVAL);
    }
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(own);
    return status;
}

enum { POINTS = 100 };

/* Nothing here depends on a disk. */
static void setup_in_memory(void) {
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    setup();
}

/* Wherever memory ends: PLN_ENOMEM or success, nothing is left, and the same run made again says what it would have said. */
START_TEST(memory_may_end_anywhere) {
    char *expected = NULL, *said = NULL, name[300];
    fail_alloc f;
    scratch_write(&dir, "in.csv", bad, -1);
    const pln_allocator *mem = fail_alloc_init(&f, -1);
    snprintf(name, sizeof name, "%s", scratch_path(&dir, "calm.db"));
    OK(loaded(mem, name, &expected));
    int64_t calls = f.calls;
    ck_assert_int_eq(fail_alloc_live(&f), 0);
    for (int64_t i = 0; i < POINTS; i++) {
        mem = fail_alloc_init(&f, i * calls / POINTS);
        f.once = _i;
        char file[32];
        snprintf(file, sizeof file, "%lld.db", (long long)i);
        snprintf(name, sizeof name, "%s", scratch_path(&dir, file));
        pln_status status = loaded(mem, name, NULL);
        ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "%lld: %s (%s)", (long long)i,
                      err.message, err.where);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        OK(loaded(NULL, name, &said));
        ck_assert_str_eq(said, expected);
        free(said);
    }
    free(expected);
}
END_TEST

Suite *suite_stage_contract(void) {
    Suite *s = suite_create("stage/contract");
    TCase *t = tcase_create("runs");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, rows_that_keep_it_pass_and_the_report_says_so, 0, 2 * WAYS);
    tcase_add_loop_test(t, a_breach_fails_the_epoch_and_nothing_is_seen, 0, 8);
    tcase_add_test(t, a_sink_that_shows_rows_at_once_sees_none_that_are_wrong);
    tcase_add_loop_test(t, rows_that_break_it_are_rejected_with_the_rule, 0, 2 * WAYS);
    tcase_add_loop_test(t, a_warning_lets_all_rows_pass, 0, 2 * WAYS);
    tcase_add_loop_test(t, rules_of_many_rows_are_judged_when_all_are_there, 0, 2 * WAYS);
    tcase_add_loop_test(t, columns_are_held_to_it_before_a_row_moves, 0,
                        4 * (int)(sizeof fits / sizeof *fits));
    tcase_add_test(t, columns_that_only_warn_are_in_the_report);
    tcase_add_test(t, service_levels_are_told_and_fail_nothing);
    tcase_add_test(t, a_resumed_run_tells_of_all_its_rows);
    tcase_add_test(t, it_is_a_node_that_graph_and_report_show);
    tcase_add_loop_test(t, it_is_read_from_a_file_and_the_object_is_the_nodes, 0, 2);
    tcase_add_loop_test(t, what_is_wrong_with_it_is_named, 0, sizeof wrong / sizeof *wrong);
    suite_add_tcase(s, t);
    TCase *m = tcase_create("memory");
    tcase_add_checked_fixture(m, setup_in_memory, teardown);
    tcase_set_timeout(m, 60);
    tcase_add_loop_test(m, memory_may_end_anywhere, 0, 2);
    suite_add_tcase(s, m);
    return s;
}

/* The stage dedup against a plain reading of its manual: which row of a key stays, in every scope, at every size of batch, and after an interruption. */
#include "scratch.h"
#include "script.h"
#include "skip.h"
#include <check.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_runtime *rt;
static pln_error err;
static scratch dir;
static test_clock now;

static void setup(void) {
    pln_runtime_options options;
    now = (test_clock){.now_us = 1000000};
    pln_clock clock = test_clock_table(&now);
    pln_runtime_options_init(&options, sizeof options);
    options.clock = &clock;
    memset(&err, 0, sizeof err);
    dir = scratch_new();
    ck_assert_int_eq(pln_runtime_new(&options, &rt, &err), PLN_OK);
}

static void teardown(void) {
    pln_runtime_free(rt);
    scratch_free(&dir);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        if (s_ < 0)                                                                                \
            ck_abort_msg("%s: %s (%s)", #call, err.message, err.where);                            \
    } while (0)

/* ---- rows ---- */

enum { NO_VERSION = -1000000, NO_TIME = -1, ROWS = 3000 };
typedef struct row {
    int64_t id, key, version, time; /* time in seconds */
} row;

static row rows[ROWS];

static uint32_t random_of(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Keys come back again and again, times run on with disorder, some versions are equal or null. */
static void make_rows(uint32_t seed, int64_t keys) {
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t v = random_of(&seed) % 12, t = random_of(&seed);
        rows[i] = (row){i, random_of(&seed) % keys, v == 0 ? NO_VERSION : v,
                        i / 4 + t % 20 - (t % 31 == 0 ? 200 : 0) + 1000};
    }
}

static pln_table *table_of(void) {
    struct ArrowSchema schema;
    pln_table *table;
    pln_builder *b;
    pln_batch *batch;
    OK(pln_schema_parse(rt, "id int64 not null, k utf8, v int64, t timestamp(us)", &schema, &err));
    OK(pln_table_new(rt, &schema, &table, &err));
    OK(pln_builder_new(rt, &schema, &b, &err));
    for (int64_t i = 0; i < ROWS; i++) {
        char key[24];
        snprintf(key, sizeof key, "key %lld", (long long)rows[i].key);
        OK(pln_column_int(pln_builder_column(b, 0), rows[i].id, &err));
        OK(pln_column_text(pln_builder_column(b, 1), key, -1, &err));
        OK(rows[i].version == NO_VERSION
               ? pln_column_null(pln_builder_column(b, 2), &err)
               : pln_column_int(pln_builder_column(b, 2), rows[i].version, &err));
        OK(rows[i].time == NO_TIME
               ? pln_column_null(pln_builder_column(b, 3), &err)
               : pln_column_int(pln_builder_column(b, 3), rows[i].time * 1000000, &err));
    }
    OK(pln_builder_finish(b, &batch, &err));
    OK(pln_table_append(table, batch, &err));
    pln_table_close(table);
    pln_batch_unref(batch);
    pln_builder_free(b);
    schema.release(&schema);
    return table;
}

/* What leaves by each port, by id, in order. */
enum { OUT, DUPLICATE, LATE, REJECT, PORTS };
typedef struct outcome {
    int64_t ids[PORTS][ROWS];
    int64_t n[PORTS];
    int64_t absorbed, passed, duplicate, late, keys;
} outcome;

static void read_ids(const pln_table *table, int64_t *ids, int64_t *n) {
    *n = 0;
    for (int64_t b = 0; b < pln_table_count(table); b++) {
        const struct ArrowArray *array = pln_batch_array(pln_table_batch(table, b));
        const int64_t *values = (const int64_t *)array->children[0]->buffers[1];
        for (int64_t i = 0; i < array->length; i++)
            ids[(*n)++] = values[array->children[0]->offset + i];
    }
}

typedef struct plan {
    const char *config;
    int64_t batch, epoch; /* rows; 0: no limit */
    bool ports;           /* all are wired */
    int64_t stop_each;    /* > 0: the run is given up after so many steps and taken up again */
    int64_t tick_us;      /* what the clock gains at each batch */
} plan;

static pln_graph *graph_of(const plan *p, pln_table *in, pln_table **out) {
    static const char *const names[PORTS] = {"out", "dup", "late", "bad"};
    pln_graph *g;
    OK(pln_graph_new(rt, "t", &g, &err));
    OK(pln_graph_add(g, "in", "memory.read", NULL, &err));
    OK(pln_graph_bind(g, "in", "table", in, NULL, &err));
    OK(pln_graph_add(g, "x", "dedup", p->config, &err));
    for (int i = 0; i < PORTS; i++) {
        if (!p->ports && i != OUT && i != REJECT)
            continue;
        OK(pln_graph_add(g, names[i], "memory.write", NULL, &err));
        OK(pln_graph_bind(g, names[i], "table", out[i], NULL, &err));
    }
    OK(pln_graph_wire(g,
                      p->ports ? "in > x > out; x.duplicate > dup; x.late > late; x.reject > bad"
                               : "in > x > out; x.reject > bad",
                      &err));
    return g;
}

static void note_report(pln_run *run, outcome *o) {
    pln_report *report;
    pln_node_summary s = {.struct_size = sizeof s};
    OK(pln_run_report(run, &report, &err));
    OK(pln_report_node(report, 1, &s));
    o->absorbed = s.absorbed;
    o->passed = s.passed;
    o->duplicate = s.duplicate;
    o->late = s.late;
    o->keys = pln_report_counter(report, "x", "dedup.keys");
    pln_report_free(report);
}

/* One step at a time; the clock ticks with each, and at each stop everything is given up that was not committed. */
static pln_status drive(const plan *p, pln_table *in, pln_table **out, outcome *o) {
    pln_status status = PLN_OK;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.max_batch_rows = p->batch > 0 ? p->batch : 8192;
    options.epoch_rows = p->epoch;
    options.seed = 5;
    if (p->stop_each > 0)
        options.state = scratch_path(&dir, "state.db");
    for (int64_t at = 1; at > 0;) {
        pln_run *run;
        pln_graph *g = graph_of(p, in, out);
        status = pln_run_open(g, &options, &run, &err);
        if (status < 0) {
            pln_graph_free(g);
            return status;
        }
        for (int64_t steps = 1;; steps++) {
            int64_t wake;
            now.now_us += p->tick_us;
            status = pln_run_step(run, 0, &wake, &err);
            if (status == PLN_EOS || status < 0)
                at = -1;
            if (at < 0 || (p->stop_each > 0 && steps % p->stop_each == 0))
                break;
        }
        if (at < 0 && status == PLN_EOS)
            note_report(run, o);
        else
            pln_run_abort(run, NULL);
        pln_run_free(run);
        pln_graph_free(g);
    }
    return status;
}

static pln_status run(const plan *p, outcome *o) {
    pln_table *in = table_of(), *out[PORTS];
    memset(o, 0, sizeof *o);
    for (int i = 0; i < PORTS; i++)
        OK(pln_table_new(rt, NULL, &out[i], &err));
    pln_status status = drive(p, in, out, o);
    for (int i = 0; i < PORTS; i++) {
        read_ids(out[i], o->ids[i], &o->n[i]);
        pln_table_free(out[i]);
    }
    pln_table_free(in);
    return status;
}

/* ---- the plain reading ---- */

enum { FIRST, LAST, HIGHEST };
typedef struct naive_key {
    int64_t key, first, row, order; /* row: the one that stands */
    bool open;
} naive_key;

/* One row after the other over all keys that are open; `horizon` < 0: none. */
static void naive(int keep, int64_t horizon, bool updates, outcome *o) {
    static naive_key keys[ROWS];
    int64_t n = 0, most = INT64_MIN;
    memset(o, 0, sizeof *o);
#define PUT(port, id) o->ids[port][o->n[port]++] = (id)
    for (int64_t i = 0; i < ROWS; i++) {
        if (horizon >= 0 && rows[i].time == NO_TIME) {
            PUT(REJECT, i);
            continue;
        }
        most = rows[i].time > most ? rows[i].time : most;
        for (int64_t k = 0; horizon >= 0 && k < n; k++) {
            if (!keys[k].open || keys[k].first >= most - horizon)
                continue;
            keys[k].open = false;
            if (keep != FIRST && !updates)
                PUT(OUT, keys[k].row);
        }
        if (horizon >= 0 && rows[i].time < most - horizon) {
            PUT(LATE, i);
            continue;
        }
        naive_key *found = NULL;
        for (int64_t k = 0; k < n && found == NULL; k++)
            if (keys[k].open && keys[k].key == rows[i].key)
                found = &keys[k];
        if (found == NULL) {
            keys[n] = (naive_key){rows[i].key, rows[i].time, i, n, true};
            n++;
            if (keep == FIRST || updates)
                PUT(OUT, i);
            continue;
        }
        bool wins = keep == LAST || (keep == HIGHEST && rows[i].version > rows[found->row].version);
        if (updates && wins)
            PUT(OUT, i);
        else
            PUT(DUPLICATE, wins ? found->row : i);
        if (wins)
            found->row = i;
    }
    for (int64_t k = 0; k < n; k++)
        if (keys[k].open && keep != FIRST && !updates)
            PUT(OUT, keys[k].row);
#undef PUT
}

/* Of what was rejected only how many: the first column of that port is another one. */
static void same(const outcome *got, const outcome *want, int port, const char *what) {
    for (int64_t i = 0; port != REJECT && i < got->n[port] && i < want->n[port]; i++)
        if (got->ids[port][i] != want->ids[port][i])
            ck_abort_msg("%s: port %d: row %lld is %lld, expected %lld", what, port, (long long)i,
                         (long long)got->ids[port][i], (long long)want->ids[port][i]);
    if (got->n[port] != want->n[port])
        ck_abort_msg("%s: port %d: %lld rows, expected %lld", what, port, (long long)got->n[port],
                     (long long)want->n[port]);
}

static void check_all(const char *config, const outcome *want) {
    static outcome got;
    static const plan plans[] = {
        {.batch = 0, .ports = true},
        {.batch = 1, .ports = true},
        {.batch = 7, .ports = true, .epoch = 100},
        {.batch = 257, .ports = true},
        {.batch = 100, .ports = true, .epoch = 200, .stop_each = 5},
        {.batch = 500},
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        plan p = plans[i];
        p.config = config;
        scratch_free(&dir);
        dir = scratch_new();
        pln_status status = run(&p, &got);
        if (status < 0)
            ck_abort_msg("%s: %s", config, err.message);
        for (int port = 0; port < (p.ports ? PORTS : 1); port++)
            same(&got, want, port, config);
        ck_assert_int_eq(got.duplicate, want->n[DUPLICATE]);
        ck_assert_int_eq(got.late, want->n[LATE]);
        ck_assert_int_eq(got.passed + got.absorbed + got.duplicate + got.late + want->n[REJECT],
                         ROWS);
    }
}

START_TEST(one_row_of_each_key_for_ever) {
    static outcome want;
    static const struct {
        const char *config;
        int keep;
        bool updates;
    } cases[] = {
        {"{\"key\": \"k\"}", FIRST, false},
        {"{\"key\": \"k\", \"expected\": 1000, \"budget\": \"1MiB\"}", FIRST, false},
        {"{\"key\": [\"k\"], \"keep\": \"last\"}", LAST, false},
        {"{\"key\": \"k\", \"keep\": \"highest\", \"version\": \"v\"}", HIGHEST, false},
        {"{\"key\": \"k\", \"keep\": \"highest\", \"version\": \"v\", \"emit\": \"updates\"}", HIGHEST, true},
    };
    for (uint32_t seed = 0; seed < 2; seed++) {
        make_rows(seed, seed == 0 ? 40 : 2000);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            naive(cases[i].keep, -1, cases[i].updates, &want);
            check_all(cases[i].config, &want);
        }
    }
}
END_TEST

START_TEST(one_row_of_each_key_within_a_horizon) {
    static outcome want;
    static const struct {
        const char *config;
        int keep;
        bool updates;
        int64_t horizon;
    } cases[] = {
        {"{\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"60s\"}", FIRST, false, 60},
        {"{\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": 0}", FIRST, false, 0},
        {"{\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"40s\", \"keep\": \"last\"}", LAST, false, 40},
        {"{\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"90s\", \"keep\": \"highest\", \"version\": \"v\"}",
         HIGHEST, false, 90},
        {"{\"key\": \"k\", \"scope\": \"horizon\", \"event_time\": \"t\", \"horizon\": \"90s\", \"keep\": \"highest\", \"version\": \"v\", "
         "\"emit\": \"updates\"}",
         HIGHEST, true, 90},
    };
    make_rows(3, 30);
    rows[5].time = rows[700].time = rows[2999].time = NO_TIME;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        naive(cases[i].keep, cases[i].horizon, cases[i].updates, &want);
        ck_assert_int_gt(want.n[LATE], 10);
        check_all(cases[i].config, &want);
    }
}
END_TEST

/* ---- time to live ---- */

/* Each batch of 50 is a second later than the one before it: a key lives for so many batches. */
static void check_ttl(const char *config, int64_t batches, int keep) {
    static outcome got, want;
    static row kept[ROWS];
    plan p = {.config = config, .batch = 50, .ports = true, .tick_us = 1000000};
    make_rows(9, 300);
    OK(run(&p, &got));
    /* The same as a horizon over times that run with the clock. */
    memcpy(kept, rows, sizeof rows);
    for (int64_t i = 0; i < ROWS; i++)
        rows[i].time = i / 50;
    naive(keep, batches, false, &want);
    memcpy(rows, kept, sizeof rows);
    same(&got, &want, OUT, config);
    same(&got, &want, DUPLICATE, config);
    ck_assert_int_gt(got.n[OUT], 350);
}

START_TEST(a_key_lives_so_long) {
    check_ttl("{\"key\": \"k\", \"scope\": \"ttl\", \"ttl\": \"4s\"}", 4, FIRST);
    check_ttl("{\"key\": \"k\", \"scope\": \"ttl\", \"ttl\": \"4s\", \"keep\": \"last\"}", 4, LAST);
}
END_TEST

/* ---- within an epoch ---- */

static void check_epochs(const char *config, int keep) {
    static outcome got, want, part;
    static row all[ROWS];
    enum { EPOCH = 500 };
    make_rows(4, 60);
    for (int64_t stop = 0; stop < 2; stop++) {
        plan p = {
            .config = config, .batch = 100, .epoch = EPOCH, .ports = true, .stop_each = 7 * stop};
        scratch_free(&dir);
        dir = scratch_new();
        OK(run(&p, &got));
        memset(&want, 0, sizeof want);
        memcpy(all, rows, sizeof rows);
        for (int64_t from = 0; from < ROWS; from += EPOCH) {
            /* The rows of one epoch, and keys that nobody else has for the rest. */
            for (int64_t i = 0; i < ROWS; i++) {
                rows[i] = all[i];
                if (i < from || i >= from + EPOCH)
                    rows[i].key = 1000000 + i;
            }
            naive(keep, -1, false, &part);
            for (int port = 0; port < 2; port++)
                for (int64_t i = 0; i < part.n[port]; i++)
                    if (part.ids[port][i] >= from && part.ids[port][i] < from + EPOCH)
                        want.ids[port][want.n[port]++] = part.ids[port][i];
        }
        memcpy(rows, all, sizeof rows);
        same(&got, &want, OUT, config);
        same(&got, &want, DUPLICATE, config);
    }
}

START_TEST(one_row_of_each_key_in_each_epoch) {
    check_epochs("{\"key\": \"k\", \"scope\": \"epoch\"}", FIRST);
    check_epochs("{\"key\": \"k\", \"scope\": \"epoch\", \"keep\": \"last\"}", LAST);
    check_epochs(
        "{\"key\": \"k\", \"scope\": \"epoch\", \"keep\": \"highest\", \"version\": \"v\"}",
        HIGHEST);
    check_epochs("{\"key\": \"k\", \"scope\": \"epoch\", \"method\": \"bloom\", \"error\": 1e-7}",
                 FIRST);
}
END_TEST

/* ---- a Bloom filter instead ---- */

START_TEST(a_bloom_filter_drops_what_it_says) {
    static outcome got, want;
    plan p = {.config = "{\"key\": \"k\", \"method\": \"bloom\", \"error\": 1e-7, \"expected\": 3000}",
              .batch = 100, .ports = true, .epoch = 300, .stop_each = 5};
    make_rows(6, 500);
    naive(FIRST, -1, false, &want);
    OK(run(&p, &got));
    same(&got, &want, OUT, p.config);
    same(&got, &want, DUPLICATE, p.config);
    ck_assert_int_ge(got.keys, want.n[OUT] * 95 / 100);
    ck_assert_int_le(got.keys, want.n[OUT] * 105 / 100);
    /* Far too small: what is dropped was a duplicate, or is one of those that the bound allows for. */
    p = (plan){.config = "{\"method\": \"bloom\", \"error\": 0.1, \"expected\": 1500}",
               .ports = true};
    OK(run(&p, &got));
    ck_assert_int_gt(got.n[DUPLICATE], 100);
    ck_assert_int_lt(got.n[DUPLICATE], 1000);
    ck_assert_int_eq(got.n[OUT] + got.n[DUPLICATE], ROWS);
}
END_TEST

static int64_t metric_bound;
static void note_metric(void *user, const char *node, const char *metric, int64_t value) {
    (void)user;
    if (strcmp(node, "x") == 0 && strcmp(metric, "dedup.false_drop_bound_ppb") == 0)
        metric_bound = value;
}

START_TEST(the_bound_is_reported) {
    plan p = {.config = "{\"method\": \"bloom\", \"error\": 0.01, \"expected\": 3000}"};
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.metric = note_metric;
    make_rows(2, 10);
    pln_table *in = table_of(), *out[PORTS];
    for (int i = 0; i < PORTS; i++)
        OK(pln_table_new(rt, NULL, &out[i], &err));
    pln_graph *g = graph_of(&p, in, out);
    OK(pln_graph_run(g, &options, NULL, &err));
    ck_assert_int_gt(metric_bound, 5000000);
    ck_assert_int_lt(metric_bound, 15000000);
    pln_graph_free(g);
    pln_table_free(in);
    for (int i = 0; i < PORTS; i++)
        pln_table_free(out[i]);
}
END_TEST

/* ---- a day of edits, with answers of a database ---- */

/* Half a day of edits of Wikipedia through the stage; sums of two columns of what leaves. */
static void edits(const char *path, const char *config, int64_t *duplicate, int64_t *n,
                  int64_t sums[2]) {
    pln_graph *g;
    pln_table *out;
    pln_report *report;
    pln_node_summary s = {.struct_size = sizeof s};
    OK(pln_table_new(rt, NULL, &out, &err));
    OK(pln_graph_new(rt, "edits", &g, &err));
    OK(pln_graph_add(g, "in", "ndjson.read", NULL, &err));
    OK(pln_graph_set_text(g, "in", "path", path, &err));
    OK(pln_graph_add(g, "few", "select",
                     PLN_JSON({"columns": ["time", "channel", "page", "user", "comment", "added", "deleted"]}),
                     &err));
    OK(pln_graph_add(g, "x", "dedup", config, &err));
    OK(pln_graph_add(g, "out", "memory.write", NULL, &err));
    OK(pln_graph_bind(g, "out", "table", out, NULL, &err));
    OK(pln_graph_wire(g, "in > few > x > out", &err));
    OK(pln_graph_run(g, NULL, &report, &err));
    OK(pln_report_node(report, 2, &s));
    *duplicate = s.duplicate;
    *n = pln_table_rows(out);
    sums[0] = sums[1] = 0;
    for (int64_t b = 0; b < pln_table_count(out); b++) {
        const struct ArrowArray *array = pln_batch_array(pln_table_batch(out, b));
        for (int k = 0; k < 2; k++) {
            const struct ArrowArray *column = array->children[5 + k];
            for (int64_t i = 0; i < column->length; i++)
                sums[k] += ((const int64_t *)column->buffers[1])[column->offset + i];
        }
    }
    pln_report_free(report);
    pln_graph_free(g);
    pln_table_free(out);
}

START_TEST(edits_of_half_a_day) {
    static const struct {
        const char *key;
        int64_t extra;
    } cases[] = {{"\"time\"", 0},
                 {"\"channel\", \"page\"", 1190},
                 {"\"channel\", \"page\", \"user\"", 855},
                 {"\"channel\", \"page\", \"user\", \"comment\"", 269}};
    char path[400], config[200];
    int64_t duplicate, n, all = 0, sums[2];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(config, sizeof config, "{\"key\": [%s]}", cases[i].key);
        edits(path, config, &duplicate, &n, sums);
        ck_assert_int_eq(duplicate, cases[i].extra);
        all = i == 0 ? n : all;
        ck_assert_int_eq(n + duplicate, all);
    }
    edits(path,
          PLN_JSON({"key": ["channel", "page"], "keep": "highest", "version": "time"}),
          &duplicate, &n, sums);
    ck_assert_int_eq(n, 15322);
    ck_assert_int_eq(sums[0], 3706496);
    ck_assert_int_eq(sums[1], 134722);
    /* Every twentieth edit or so comes again, out of order: the whole row is its key. */
    if (test_data("wikiticker/wikiticker_am_unordered_dups.ndjson.gz", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    edits(path, "{\"key\": [\"time\", \"channel\", \"page\", \"user\"]}", &duplicate, &n, sums);
    ck_assert_int_eq(n, all);
    ck_assert_int_gt(duplicate, 100);
}
END_TEST

/* ---- options ---- */

START_TEST(options_that_do_not_go_together) {
    static outcome got;
    static const struct {
        const char *config, *words;
        pln_status status;
    } cases[] = {
        {"{\"keep\": \"highest\"}", "option 'version': is needed with keep \"highest\"", PLN_EOPTION},
        {"{\"version\": \"v\"}", "option 'version': goes only with keep \"highest\"", PLN_EOPTION},
        {"{\"scope\": \"ttl\"}", "option 'ttl': is needed with scope \"ttl\"", PLN_EOPTION},
        {"{\"scope\": \"horizon\", \"horizon\": 5}", "option 'event_time': is needed", PLN_EOPTION},
        {"{\"horizon\": 5}", "option 'horizon': goes only with scope \"horizon\"", PLN_EOPTION},
        {"{\"emit\": \"updates\"}", "goes only with keep \"highest\"", PLN_EOPTION},
        {"{\"method\": \"bloom\", \"keep\": \"last\"}", "a Bloom filter forgets no single key", PLN_EOPTION},
        {"{\"method\": \"bloom\", \"scope\": \"ttl\", \"ttl\": 1}", "a Bloom filter forgets no single key", PLN_EOPTION},
        {"{\"error\": 0.1}", "option 'error': goes only with method \"bloom\"", PLN_EOPTION},
        {"{\"method\": \"bloom\", \"error\": 0.9}", "0.9, 0 and 0 are out of range", PLN_EOPTION},
        {"{\"method\": \"bloom\", \"budget\": 100000}", "option 'budget': goes only with method \"exact\"", PLN_EOPTION},
        {"{\"expected\": -1}", "option 'expected': expected a number from 0, got -1", PLN_EOPTION},
        {"{\"expected\": 1000000, \"budget\": 1000}", "do not go together", PLN_EOPTION},
        {"{\"key\": \"kk\"}", "key: column 'kk'", PLN_ENAME},
        {"{\"keep\": \"highest\", \"version\": \"w\"}", "version: column 'w'", PLN_ENAME},
        {"{\"scope\": \"horizon\", \"horizon\": 5, \"event_time\": \"v\"}", "event_time: column v: expected a timestamp, got int64",
         PLN_ETYPE},
    };
    make_rows(1, 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plan p = {.config = cases[i].config};
        memset(&err, 0, sizeof err);
        pln_status status = run(&p, &got);
        if (status != cases[i].status || strstr(err.message, cases[i].words) == NULL)
            ck_abort_msg("%s: %d %s", cases[i].config, status, err.message);
    }
}
END_TEST

START_TEST(the_budget_is_kept) {
    static outcome got;
    plan p = {.config = "{\"budget\": 20000}"};
    make_rows(1, 10);
    ck_assert_int_eq(run(&p, &got), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "20000 bytes of memory_limit"));
    ck_assert_str_eq(err.where, "t/x");
}
END_TEST

Suite *suite_stage_dedup(void);
Suite *suite_stage_dedup(void) {
    Suite *suite = suite_create("stage/dedup");
    TCase *tcase = tcase_create("dedup");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_row_of_each_key_for_ever);
    tcase_add_test(tcase, one_row_of_each_key_within_a_horizon);
    tcase_add_test(tcase, a_key_lives_so_long);
    tcase_add_test(tcase, one_row_of_each_key_in_each_epoch);
    tcase_add_test(tcase, a_bloom_filter_drops_what_it_says);
    tcase_add_test(tcase, the_bound_is_reported);
    tcase_add_test(tcase, edits_of_half_a_day);
    tcase_add_test(tcase, options_that_do_not_go_together);
    tcase_add_test(tcase, the_budget_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}

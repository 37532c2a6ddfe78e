#include "time_world.h"

/* Watermarks on their way through a graph, and timers: what each node hears, and when. */

/* ---- a stage that notes ---- */

/* Notes "12<7" for a row of time 12 before which the watermark was 7, "|9" for one that came, "timer", "load". */
typedef struct spy {
    char log[2000];
    int64_t timer_us;    /* set so long after open and after each firing; 0: never */
    bool tells;          /* its own watermark: that of a row, less 100 */
    bool tells_the_end;  /* which is not allowed */
} spy;

static void note(spy *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(spy *s, const char *format, ...) {
    size_t used = strlen(s->log);
    va_list args;
    va_start(args, format);
    vsnprintf(s->log + used, sizeof s->log - used, format, args);
    va_end(args);
}

static void note_time(spy *s, const char *before, int64_t time) {
    const char *gap = s->log[0] == '\0' || before[0] == '<' ? "" : " ";
    if (time == INT64_MIN)
        note(s, "%s%s-", gap, before);
    else if (time == INT64_MAX)
        note(s, "%s%send", gap, before);
    else
        note(s, "%s%s%lld", gap, before, (long long)time);
}

static pln_status spy_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *e) {
    spy *s = user;
    pln_status status = PLN_OK;
    (void)config;
    *self = s;
    if (s->timer_us > 0)
        status = ctx->host->timer_set(ctx, NULL, ctx->host->now_us(ctx) + s->timer_us, e);
    if (status >= 0 && s->tells)
        status = ctx->host->watermark(ctx, NULL, INT64_MIN, e);
    return status;
}

static void spy_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static pln_status spy_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *e) {
    spy *s = self;
    const int64_t *marks = ctx->host->batch_watermarks(batch);
    const struct ArrowArray *column = ctx->host->batch_array(batch)->children[0];
    bool timed = strcmp(pln_batch_schema(batch)->children[0]->name, "t") == 0;
    int64_t n = pln_batch_rows(batch), at = ctx->host->port_watermark(ctx, port), last = 0;
    pln_batch *out = NULL;
    for (int64_t i = 0; i < n; i++) {
        last = timed ? ((const int64_t *)column->buffers[1])[column->offset + i] : 0;
        note_time(s, "", last);
        note_time(s, "<", marks != NULL && marks[i] > at ? marks[i] : at);
    }
    pln_status status = ctx->host->batch_derive(ctx, 0, batch, NULL, n, NULL, &out, e);
    if (status >= 0)
        status = ctx->host->emit(ctx, 0, out, e);
    if (status >= 0 && s->tells)
        status = ctx->host->watermark(ctx, NULL, s->tells_the_end ? INT64_MAX : last - 100, e);
    return status;
}

static pln_status spy_advance(void *self, pln_context *ctx, int32_t port, int64_t watermark_us,
                              pln_error *e) {
    (void)e;
    ck_assert_int_eq(ctx->host->port_watermark(ctx, port), watermark_us);
    note_time(self, "|", watermark_us);
    return PLN_OK;
}

static pln_status spy_on_timers(void *self, pln_context *ctx, pln_batch *timers, pln_error *e) {
    spy *s = self;
    ck_assert_ptr_null(timers);
    note(s, "%stimer", s->log[0] == '\0' ? "" : " ");
    return ctx->host->timer_set(ctx, NULL, ctx->host->now_us(ctx) + s->timer_us, e);
}

static const pln_transform spy_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "spy",
    .summary = "Notes what it hears.",
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = spy_open,
    .process = spy_process,
    .close = spy_close,
    .advance = spy_advance,
    .on_timers = spy_on_timers,
};

/* ---- graphs ---- */

static pln_graph *g;
static kept out, out2;
static feed feeds[3];
static int n_feeds;

static void setup(void) {
    world_up(1000000000, "");
    OK(pln_graph_new(rt, "time", &g, &err));
    n_feeds = 0;
    time_sink(g, "out", &out);
}

static void teardown(void) {
    pln_graph_free(g);
    kept_free(&out);
    kept_free(&out2);
    world_down();
}

static void add_feed(const char *name, const char *acts) {
    pln_source live = feed_live();
    feed *f = &feeds[n_feeds++];
    *f = (feed){.acts = acts};
    OK(pln_graph_add_source(g, name, &live, f, NULL, NULL, &err));
}

static void add_spy(const char *name, spy *s) {
    OK(pln_graph_add_transform(g, name, &spy_stage, s, NULL, NULL, &err));
}

static void add(const char *name, const char *stage, const char *config) {
    OK(pln_graph_add(g, name, stage, config, &err));
}

static pln_run *opened(const char *wiring, const char *state) {
    pln_run *run;
    pln_run_options options;
    pln_run_options_init(&options, sizeof options);
    options.mode = PLN_STREAM;
    options.state = state;
    OK(pln_graph_wire(g, wiring, &err));
    OK(pln_run_open(g, &options, &run, &err));
    return run;
}

static void run_all(const char *wiring) {
    pln_run *run = opened(wiring, NULL);
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
}

static void step(pln_run *run, int64_t later_us) {
    now.now_us += later_us;
    OK(pln_run_step(run, 0, NULL, &err));
}

/* ---- several edges ---- */

START_TEST(the_slowest_edge_holds) {
    spy s = {0};
    add_feed("a", "@10 . 11 . @20 . 12 . 13");
    add_feed("b", ". @5 . 6 . @30 . 31");
    add_spy("spy", &s);
    run_all("a > spy; b > spy; spy > out");
    ck_assert_str_eq(s.log, "11<- |5 6<5 12<5 |20 13<20 31<20 |30 |end");
}
END_TEST

START_TEST(a_watermark_never_goes_back) {
    spy s = {0};
    add_feed("a", "@10 . @7 . 8 . @10 . @11 . 9");
    add_spy("spy", &s);
    run_all("a > spy > out");
    ck_assert_str_eq(s.log, "|10 8<10 |11 9<11 |end");
}
END_TEST

START_TEST(idle_edges_are_left_out_until_they_wake) {
    spy s = {0};
    add_feed("a", "@10 . . ~ . . @12 .");
    add_feed("b", ". @20 . @25 . @30 . @40 . @50 .");
    add_spy("spy", &s);
    run_all("a > spy; b > spy; spy > out");
    ck_assert_str_eq(s.log, "|10 |20 |25 |30 |40 |50 |end");
}
END_TEST

/* A node all of whose edges are idle is idle itself: who is behind it waits for others. */
START_TEST(a_node_of_idle_edges_is_idle) {
    spy s = {0}, last = {0};
    add_feed("a", "@10 . ~ . . . @60 .");
    add_feed("b", "@11 . . ~ . . . @70 .");
    add_feed("c", "@20 . @30 . @40 . @50 . @80 .");
    add_spy("spy", &s);
    add_spy("last", &last);
    run_all("a > spy; b > spy; spy > last; c > last; last > out");
    ck_assert_str_eq(s.log, "|10 |11 |60 |70 |end");
    ck_assert_str_eq(last.log, "|10 |11 |30 |40 |50 |60 |80 |end");
}
END_TEST

/* That all others have ended is no end while one is idle: its rows are not late for that. */
START_TEST(an_idle_edge_is_not_an_ended_one) {
    spy s = {0};
    add_feed("a", "@10 .");
    add_feed("b", "@5 . ~ . . @20 . 7 . 30");
    add_spy("spy", &s);
    run_all("a > spy; b > spy; spy > out");
    ck_assert_str_eq(s.log, "|5 |20 7<20 30<20 |end");
}
END_TEST

/* The rows of one edge are not ahead of the watermark of the others, within a batch either. */
START_TEST(rows_wait_for_the_other_edges) {
    spy s = {0};
    add_feed("a", ". 10 30 20 40 . . .");
    add_feed("b", "@9 . @15 . .");
    add("time", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add_spy("spy", &s);
    run_all("a > time > spy; b > spy; spy > out");
    ck_assert_str_eq(s.log, "10<- 30<9 20<9 40<9 |9 |15 |39 |end");
}
END_TEST

/* ---- ports without time ---- */

START_TEST(rejects_carry_no_watermark) {
    spy s = {0}, rejects = {0};
    time_sink(g, "out2", &out2);
    add_feed("a", "5 9000000000000000 7 . 9000000000000000");
    add("time", "watermark", "{\"time\": \"t\", \"unit\": \"s\"}");
    add_spy("spy", &s);
    add_spy("rejects", &rejects);
    run_all("a > time > spy > out; time.reject > rejects > out2");
    ck_assert_str_eq(s.log, "5<- 7<4999999 |6999999 |end");
    ck_assert_str_eq(rejects.log, "0<- 0<- |end");
}
END_TEST

/* What is late for one window is in time for one that stands behind port late. */
START_TEST(late_rows_carry_no_watermark) {
    spy s = {0};
    time_sink(g, "out2", &out2);
    add_feed("a", "5 25 6 7 . 50 8 . 9");
    add("time", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add("w", "window", "{\"size\": 10, \"aggregates\": {\"n\": \"count()\"}}");
    add("again", "window", "{\"size\": 10, \"aggregates\": {\"n\": \"count()\"}}");
    add_spy("spy", &s);
    run_all("a > time > w > out; w.late > spy > again > out2");
    ck_assert_str_eq(s.log, "6<- 7<- 8<- 9<- |end");
    ck_assert_int_eq(out.n, 3);
    ck_assert_int_eq(out2.n, 1);
    ck_assert_ptr_nonnull(strstr(out2.lines[0], "\"n\":4"));
}
END_TEST

/* ---- own time ---- */

START_TEST(a_transform_tells_its_own_time) {
    spy teller = {.tells = true}, s = {0};
    add_feed("a", "@50 . 150 . 300 .");
    add_spy("teller", &teller);
    add_spy("spy", &s);
    run_all("a > teller > spy > out");
    ck_assert_str_eq(teller.log, "|50 150<50 300<50 |end");
    ck_assert_str_eq(s.log, "150<- |50 300<50 |200 |end");
}
END_TEST

START_TEST(the_end_of_time_is_not_told) {
    spy teller = {.tells = true, .tells_the_end = true};
    add_feed("a", "150 .");
    add_spy("teller", &teller);
    pln_run *run = opened("a > teller > out", NULL);
    ck_assert_int_eq(pln_run_finish(run, &err), PLN_ECONTRACT);
    ck_assert_ptr_nonnull(strstr(err.message, "the end of time is said by ending"));
    ck_assert_str_eq(err.where, "time/teller");
    pln_run_free(run);
}
END_TEST

/* ---- what keeps the watermark of each row ---- */

static const struct keeper {
    const char *stage, *config, *wiring, *log;
} keepers[] = {
    {"filter", "{\"where\": \"t <> 30\", \"else\": \"drop\"}", "time > x > spy", "10<- 20<24 40<24 |34 |end"},
    {"derive", "{\"columns\": {\"u\": \"t + 1\"}}", "time > x > spy", "10<- 30<4 20<24 40<24 |34 |end"},
    {"select", "{\"columns\": [\"t\"]}", "time > x > spy", "10<- 30<4 20<24 40<24 |34 |end"},
    {"limit", "{\"rows\": 2, \"offset\": 1}", "time > x > spy", "30<4 20<24 |34 |end"},
    {"dedup", "{\"key\": \"t\"}", "time > x > spy", "10<- 30<4 20<24 40<24 |34 |end"},
    {"union", "{}", "time > x; none > x; x > spy", "10<- 30<4 20<24 40<24 |34 |end"},
    {"route", "{\"routes\": {\"a\": \"t < 25\", \"b\": \"true\"}, \"else\": \"drop\"}", "time > x; x.b > spy; x.a > out2", "30<4 40<24 |34 |end"},
    {"watermark", "{\"time\": \"t\", \"unit\": \"us\", \"bound\": 15}", "time > x > spy", "10<- 30<-6 20<14 40<14 |24 |end"},
};
enum { KEEPERS = sizeof keepers / sizeof keepers[0] };

START_TEST(stages_keep_the_watermark_of_each_row) {
    spy s = {0};
    char wiring[200];
    const struct keeper *k = &keepers[_i];
    bool with_none = strstr(k->wiring, "none") != NULL, with_out2 = strstr(k->wiring, "out2");
    if (with_none)
        add_feed("none", "");
    if (with_out2)
        time_sink(g, "out2", &out2);
    add_feed("a", "10 30 20 40 . .");
    add("time", "watermark", "{\"time\": \"t\", \"unit\": \"us\", \"bound\": 5}");
    add("x", k->stage, k->config);
    add_spy("spy", &s);
    snprintf(wiring, sizeof wiring, "a > time; %s; spy > out", k->wiring);
    run_all(wiring);
    ck_assert_msg(strcmp(s.log, k->log) == 0, "%s: %s, expected %s", k->stage, s.log, k->log);
}
END_TEST

/* ---- timers, and streams that fall silent ---- */

START_TEST(a_timer_wakes_the_run) {
    spy s = {.timer_us = 400000};
    int64_t wake = 0;
    add_feed("a", "w w w 5");
    add_spy("spy", &s);
    pln_run *run = opened("a > spy > out", NULL);
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, 1000400000);
    ck_assert_str_eq(s.log, "");
    now.now_us = wake - 1;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, 1000400000);
    now.now_us = wake;
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_OK);
    ck_assert_str_eq(s.log, "timer");
    step(run, 0);
    ck_assert_str_eq(s.log, "timer 5<-");
    OK(pln_run_finish(run, &err));
    /* Nobody waits for a timer when all rows have come. */
    ck_assert_str_eq(s.log, "timer 5<- |end");
    pln_run_free(run);
}
END_TEST

START_TEST(a_stage_without_the_slot_has_no_timer) {
    spy s = {.timer_us = 400000};
    pln_transform table = spy_stage;
    pln_run *run = NULL;
    table.on_timers = NULL;
    add_feed("a", "");
    OK(pln_graph_add_transform(g, "spy", &table, &s, NULL, NULL, &err));
    OK(pln_graph_wire(g, "a > spy > out", &err));
    ck_assert_int_eq(pln_run_open(g, NULL, &run, &err), PLN_ECONTRACT);
    ck_assert_ptr_nonnull(strstr(err.message, "no slot on_timers"));
    ck_assert_str_eq(err.where, "time/spy");
}
END_TEST

START_TEST(a_silent_stream_releases_the_others) {
    spy s = {0};
    add_feed("a", "10 . w w 40 .");
    add_feed("b", "5 . 20 . 30 . 35 .");
    add("ta", "watermark", "{\"time\": \"t\", \"unit\": \"us\", \"idle\": \"2s\"}");
    add("tb", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add_spy("spy", &s);
    pln_run *run = opened("a > ta > spy; b > tb > spy; spy > out", NULL);
    step(run, 0);
    ck_assert_str_eq(s.log, "10<- 5<- |4");
    step(run, 1000000);
    ck_assert_str_eq(s.log, "10<- 5<- |4 20<4 |9");
    step(run, 1000000);
    ck_assert_str_eq(s.log, "10<- 5<- |4 20<4 |9 |19 30<19 |29");
    step(run, 1000000);
    ck_assert_str_eq(s.log, "10<- 5<- |4 20<4 |9 |19 30<19 |29 40<29 35<29 |34");
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
}
END_TEST

/* Rows without a mark say that the stream is alive, too. */
START_TEST(a_row_without_a_mark_ends_the_silence) {
    spy s = {0};
    add_feed("a", ". . w 7 .");
    add_feed("b", "5 . 20 . . 30 . 35 .");
    add("marks", "derive", "{\"columns\": {\"m\": \"nullif(t, 7)\"}}");
    add("ta", "watermark",
        "{\"time\": \"t\", \"mark\": \"m\", \"unit\": \"us\", \"idle\": \"2s\"}");
    add("more", "derive", "{\"columns\": {\"m\": \"nullif(t, -1)\"}}");
    add("tb", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add_spy("spy", &s);
    pln_run *run = opened("a > marks > ta > spy; b > more > tb > spy; spy > out", NULL);
    step(run, 0);
    ck_assert_str_eq(s.log, "5<-");
    step(run, 2000000);
    ck_assert_str_eq(s.log, "5<- |4 20<4 |19");
    step(run, 0);
    step(run, 0);
    ck_assert_str_eq(s.log, "5<- |4 20<4 |19 7<19 30<19");
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
}
END_TEST

START_TEST(a_silent_stream_goes_on_by_the_clock) {
    spy s = {0};
    int64_t wake = 0;
    add_feed("a", "1000000000 . w w w w");
    add("time", "watermark",
        "{\"time\": \"t\", \"unit\": \"us\", \"bound\": 10, \"idle\": \"2s\", \"when_idle\": "
        "\"clock\"}");
    add_spy("spy", &s);
    pln_run *run = opened("a > time > spy > out", NULL);
    step(run, 0);
    ck_assert_str_eq(s.log, "1000000000<- |999999989");
    ck_assert_int_eq(pln_run_step(run, 0, &wake, &err), PLN_AGAIN);
    ck_assert_int_eq(wake, 1001000000); /* the source's own wish */
    step(run, 2000000);
    ck_assert_str_eq(s.log, "1000000000<- |999999989");
    step(run, 2000000);
    ck_assert_str_eq(s.log, "1000000000<- |999999989 |1001999989");
    step(run, 2000000);
    ck_assert_str_eq(s.log, "1000000000<- |999999989 |1001999989 |1003999989");
    OK(pln_run_finish(run, &err));
    pln_run_free(run);
}
END_TEST

/* ---- after a resume ---- */

/* An edge that had ended holds nobody back in a run that is taken up again, before it ends again. */
START_TEST(an_ended_edge_stays_ended) {
    spy s = {0}, again = {0};
    const char *state = scratch_path(&dir, "state.db");
    add_feed("a", "@5 . 10 . 20 . 30 15 40 . 16 .");
    add_feed("b", "1 .");
    add("time", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add("tb", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add_spy("spy", &s);
    pln_run *run = opened("a > time > spy; b > tb > spy; spy > out", state);
    for (int i = 0; i < 3; i++)
        step(run, 0);
    pln_run_stop(run);
    OK(pln_run_finish(run, &err));
    ck_assert_str_eq(s.log, "1<- 10<- |0 |9 20<9 |19");
    pln_run_free(run);
    pln_graph_free(g);
    OK(pln_graph_new(rt, "time", &g, &err));
    n_feeds = 0;
    time_sink(g, "out", &out);
    add_feed("a", "@5 . 10 . 20 . 30 15 40 . 16 .");
    add_feed("b", "1 .");
    add("time", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add("tb", "watermark", "{\"time\": \"t\", \"unit\": \"us\"}");
    add_spy("spy", &again);
    run = opened("a > time > spy; b > tb > spy; spy > out", state);
    OK(pln_run_finish(run, &err));
    ck_assert_str_eq(again.log, "30<19 15<29 40<29 |39 16<39 |end");
    pln_run_free(run);
}
END_TEST

Suite *suite_run_time(void);
Suite *suite_run_time(void) {
    Suite *suite = suite_create("run/time");
    TCase *tc = tcase_create("time");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_slowest_edge_holds);
    tcase_add_test(tc, a_watermark_never_goes_back);
    tcase_add_test(tc, idle_edges_are_left_out_until_they_wake);
    tcase_add_test(tc, a_node_of_idle_edges_is_idle);
    tcase_add_test(tc, an_idle_edge_is_not_an_ended_one);
    tcase_add_test(tc, rows_wait_for_the_other_edges);
    tcase_add_test(tc, rejects_carry_no_watermark);
    tcase_add_test(tc, late_rows_carry_no_watermark);
    tcase_add_test(tc, a_transform_tells_its_own_time);
    tcase_add_test(tc, the_end_of_time_is_not_told);
    tcase_add_loop_test(tc, stages_keep_the_watermark_of_each_row, 0, KEEPERS);
    tcase_add_test(tc, a_timer_wakes_the_run);
    tcase_add_test(tc, a_stage_without_the_slot_has_no_timer);
    tcase_add_test(tc, a_silent_stream_releases_the_others);
    tcase_add_test(tc, a_row_without_a_mark_ends_the_silence);
    tcase_add_test(tc, a_silent_stream_goes_on_by_the_clock);
    tcase_add_test(tc, an_ended_edge_stays_ended);
    suite_add_tcase(suite, tc);
    return suite;
}

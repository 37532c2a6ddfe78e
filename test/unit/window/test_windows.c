/*
 * Windows against the rules told row by row: random rows, windows, watermarks and borders of batches; states that are written and read in between.
 */
#include "effort.h"
#include "skip.h"
#include "store/store.h"
#include "window/windows.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_ROWS = 400, MAX_OUT = 40000, KEYS = 4 };

static pln_error err;
#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status s_ = (call);                                                                    \
        ck_assert_msg(s_ >= 0, "%s: %s", #call, err.message);                                      \
    } while (0)

typedef struct row {
    int64_t key, value, time, before; /* key KEYS - 1: null */
} row;

typedef struct result {
    int64_t key, start, end, count, sum, before;
} result;

static uint64_t state;
static int64_t pick(int64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)below);
}

/* ---- the rules ---- */

typedef struct open_window {
    int64_t key, start, end, count, sum, since, order;
    bool live, fired;
} open_window;

typedef struct naive {
    const pln__windows_spec *spec;
    open_window windows[20000];
    int64_t n, watermark, made;
    result out[MAX_OUT];
    int64_t n_out;
    int32_t late[MAX_ROWS];
    int64_t n_late;
} naive;

static void naive_fire(naive *w, open_window *o, int64_t before) {
    if (!(w->spec->discarding && o->since == 0)) {
        ck_assert_int_lt(w->n_out, MAX_OUT);
        w->out[w->n_out++] =
            (result){o->key, o->start, o->end, o->count, o->sum, before};
    }
    o->since = 0;
    if (w->spec->discarding)
        o->count = o->sum = 0;
}

static void naive_advance(naive *w, int64_t watermark) {
    for (;;) {
        open_window *first = NULL;
        for (int64_t i = 0; i < w->n; i++) {
            open_window *o = &w->windows[i];
            if (o->live && !o->fired && o->end - 1 <= watermark &&
                (first == NULL || o->end < first->end ||
                 (o->end == first->end && o->order < first->order)))
                first = o;
        }
        if (first == NULL)
            break;
        naive_fire(w, first, w->watermark);
        first->fired = true;
    }
    if (watermark > w->watermark)
        w->watermark = watermark;
    for (int64_t i = 0; i < w->n; i++)
        if (w->windows[i].end - 1 + w->spec->lateness_us <= watermark)
            w->windows[i].live = false;
}

static open_window *naive_window(naive *w, int64_t key, int64_t start, int64_t end) {
    open_window *free = NULL;
    for (int64_t i = 0; i < w->n; i++) {
        open_window *o = &w->windows[i];
        if (o->live && o->key == key && o->start == start && o->end == end)
            return o;
        if (!o->live)
            free = o;
    }
    if (free == NULL)
        free = &w->windows[w->n++];
    ck_assert_int_lt(w->n, 20000);
    *free = (open_window){key, start, end, 0, 0, 0, w->made++, true, false};
    return free;
}

static void naive_put(naive *w, open_window *o, const row *r) {
    o->count++;
    o->sum += r->value;
    o->since++;
    if (o->end - 1 <= w->watermark) {
        naive_fire(w, o, w->watermark);
        o->fired = true;
    } else if (w->spec->every_rows > 0 && o->since >= w->spec->every_rows)
        naive_fire(w, o, w->watermark);
}

static int64_t floor_mod(int64_t a, int64_t b) {
    int64_t m = a % b;
    return m < 0 ? m + b : m;
}

static void naive_aligned(naive *w, const row *r, int32_t index) {
    const pln__windows_spec *s = w->spec;
    bool late = true;
    int64_t last = r->time - floor_mod(r->time - s->offset_us, s->slide_us), first = last;
    while (first - s->slide_us > r->time - s->size_us)
        first -= s->slide_us;
    for (int64_t start = first; start <= last; start += s->slide_us) {
        int64_t end = start + s->size_us;
        if (end - 1 + s->lateness_us <= w->watermark)
            continue;
        late = false;
        naive_put(w, naive_window(w, r->key, start, end), r);
    }
    if (late)
        w->late[w->n_late++] = index;
}

static void naive_session(naive *w, const row *r, int32_t index) {
    int64_t start = r->time, end = r->time + w->spec->gap_us;
    open_window *into = NULL;
    bool grew = false;
    for (bool again = true; again;) {
        again = false;
        for (int64_t i = 0; i < w->n; i++) {
            open_window *o = &w->windows[i];
            if (!o->live || o == into || o->key != r->key || o->start > end || o->end < start)
                continue;
            if (into == NULL) {
                into = o;
                grew = end > o->end;
            } else {
                into->count += o->count;
                into->sum += o->sum;
                into->since += o->since;
                into->order = o->order < into->order ? o->order : into->order;
                grew |= o->end > into->end;
                into->end = o->end > into->end ? o->end : into->end;
                o->live = false;
            }
            start = o->start < start ? o->start : start;
            end = o->end > end ? o->end : end;
            again = true;
        }
    }
    if (end - 1 + w->spec->lateness_us <= w->watermark) {
        w->late[w->n_late++] = index;
        return;
    }
    if (into == NULL)
        into = naive_window(w, r->key, start, end);
    into->start = start;
    into->end = end;
    if (grew)
        into->fired = false;
    naive_put(w, into, r);
}

static void naive_global(naive *w, const row *r) {
    naive_put(w, naive_window(w, r->key, 0, INT64_MAX), r);
}

/* ---- the library ---- */

static struct ArrowSchema fields[3], *children[3], in;
static void never(struct ArrowSchema *schema) {
    (void)schema;
}

static void schemas(void) {
    static const char *const names[] = {"k", "v", "t"}, *const formats[] = {"l", "l", "tsu:UTC"};
    for (int i = 0; i < 3; i++) {
        fields[i] = (struct ArrowSchema){.format = formats[i],
                                         .name = names[i],
                                         .flags = ARROW_FLAG_NULLABLE,
                                         .release = never};
        children[i] = &fields[i];
    }
    in = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 3, .children = children, .release = never};
}

static void put_rows(const row *rows, int64_t n, struct ArrowArray *out) {
    pln__column column;
    MUST(pln__column_init(pln__system_allocator(), &in, &column, &err));
    for (int64_t i = 0; i < n; i++) {
        MUST(rows[i].key == KEYS - 1
                 ? pln_column_null(pln_column_child(&column, 0), &err)
                 : pln_column_int(pln_column_child(&column, 0), rows[i].key, &err));
        MUST(pln_column_int(pln_column_child(&column, 1), rows[i].value, &err));
        MUST(pln_column_int(pln_column_child(&column, 2), rows[i].time, &err));
        MUST(pln_column_end(&column, &err));
    }
    MUST(pln__column_finish(&column, out, &err));
    pln__column_free(&column);
}

typedef struct got {
    result out[MAX_OUT];
    int64_t n_out;
    int32_t late[MAX_ROWS];
    int64_t n_late;
} got;

static const int64_t *longs(const struct ArrowArray *array, int64_t c) {
    return (const int64_t *)array->children[c]->buffers[1] + array->children[c]->offset;
}

static void take(pln__windows *w, const pln__windows_spec *spec, got *g) {
    struct ArrowArray array = {0};
    const int64_t *before = NULL;
    int64_t n = 0;
    MUST(pln__windows_take(w, &array, &before, &n, &err));
    if (n == 0)
        return;
    int64_t at = spec->n_keys, times = spec->kind == PLN__WINDOW_GLOBAL ? 0 : 3;
    MUST(pln__array_validate(pln__windows_schema(w), &array, PLN__VALIDATE_FULL, &err));
    ck_assert_int_eq(array.length, n);
    for (int64_t i = 0; i < n; i++) {
        result *r = &g->out[g->n_out++];
        ck_assert_int_le(g->n_out, MAX_OUT);
        r->key = spec->n_keys == 0                         ? 0
                 : !pln__array_valid(array.children[0], i) ? KEYS - 1
                                                           : longs(&array, 0)[i];
        r->start = times ? longs(&array, at)[i] : 0;
        r->end = times ? longs(&array, at + 1)[i] : INT64_MAX;
        ck_assert(!times || longs(&array, at + 2)[i] == r->end - 1);
        r->count = longs(&array, at + times)[i];
        r->sum = longs(&array, at + times + 1)[i];
        r->before = before[i];
    }
    pln__array_release(&array);
}

static pln__windows *made(const pln__windows_spec *spec) {
    pln__windows *w = NULL;
    MUST(pln__windows_new(pln__system_allocator(), spec, &in, &w, &err));
    return w;
}

/* The same windows, out of their bytes. */
static pln__windows *reborn(pln__windows *w, const pln__windows_spec *spec) {
    pln__buffer bytes = {0}, again = {0};
    pln__windows *fresh = made(spec);
    MUST(pln__windows_write(w, &bytes, &err));
    MUST(pln__windows_read(fresh, bytes.data, bytes.size, &err));
    MUST(pln__windows_write(fresh, &again, &err));
    ck_assert_int_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.data, again.data, (size_t)bytes.size);
    pln__buffer_free(pln__system_allocator(), &bytes);
    pln__buffer_free(pln__system_allocator(), &again);
    pln__windows_free(w);
    return fresh;
}

static int compare(const void *a, const void *b) {
    return memcmp(a, b, sizeof(result));
}

static void check_same(const naive *w, const got *g, const char *what) {
    static result a[MAX_OUT], b[MAX_OUT];
    ck_assert_msg(w->n_late == g->n_late, "%s: %lld late, expected %lld", what,
                  (long long)g->n_late, (long long)w->n_late);
    for (int64_t i = 0; i < w->n_late; i++)
        ck_assert_msg(w->late[i] == g->late[i], "%s: late row %d, expected %d", what, g->late[i],
                      w->late[i]);
    memcpy(a, w->out, (size_t)w->n_out * sizeof *a);
    memcpy(b, g->out, (size_t)g->n_out * sizeof *b);
    /* Sessions fire one by one; of other windows that are due together the keys' order is the bucket's. */
    if (w->spec->kind != PLN__WINDOW_SESSION) {
        qsort(a, (size_t)w->n_out, sizeof *a, compare);
        qsort(b, (size_t)g->n_out, sizeof *b, compare);
    }
    for (int64_t i = 0; i < w->n_out && i < g->n_out; i++)
        ck_assert_msg(memcmp(&a[i], &b[i], sizeof *a) == 0,
                      "%s: key %lld [%lld, %lld) count %lld sum %lld at %lld, expected key %lld "
                      "[%lld, %lld) count %lld sum %lld at %lld",
                      what, (long long)b[i].key, (long long)b[i].start, (long long)b[i].end,
                      (long long)b[i].count, (long long)b[i].sum, (long long)b[i].before,
                      (long long)a[i].key, (long long)a[i].start, (long long)a[i].end,
                      (long long)a[i].count, (long long)a[i].sum, (long long)a[i].before);
    ck_assert_msg(w->n_out == g->n_out, "%s: %lld results, expected %lld", what,
                  (long long)g->n_out, (long long)w->n_out);
}

static const char *const key_names[] = {"k"}, *const names[] = {"n", "total"};
static const pln__aggregate_spec aggregates[] = {{.kind = PLN__AGG_COUNT, .column = -1},
                                                 {.kind = PLN__AGG_SUM, .column = 1}};

static void random_spec(pln__windows_spec *spec) {
    *spec = (pln__windows_spec){.kind = (int32_t)pick(5),
                                .keys = key_names,
                                .n_keys = pick(4) > 0,
                                .aggregates = aggregates,
                                .names = names,
                                .n_aggregates = 2};
    spec->kind = spec->kind < 2    ? PLN__WINDOW_ALIGNED
                 : spec->kind == 2 ? PLN__WINDOW_GLOBAL
                 : spec->kind == 3 ? PLN__WINDOW_SESSION
                                   : PLN__WINDOW_ALIGNED;
    spec->slide_us = 1 + pick(30);
    spec->size_us = pick(2) ? spec->slide_us : spec->slide_us + pick(60);
    spec->offset_us = pick(2) ? 0 : pick(100) - 50;
    spec->gap_us = 1 + pick(12);
    spec->lateness_us = pick(2) || spec->kind == PLN__WINDOW_GLOBAL ? 0 : pick(40);
    spec->every_rows = pick(3) ? 0 : 1 + pick(4);
    spec->discarding = pick(3) == 0;
}

static int64_t random_rows(row *rows, bool keyed) {
    int64_t n = 1 + pick(MAX_ROWS), now = pick(2000) - 1000, greatest = INT64_MIN, bound = pick(30),
            spread = 1 + pick(60), step = 1 + pick(8);
    for (int64_t i = 0; i < n; i++) {
        now += pick(step);
        int64_t before = greatest == INT64_MIN ? INT64_MIN : greatest - bound - 1;
        rows[i] = (row){keyed ? pick(KEYS) : 0, pick(100) - 20, now - pick(spread), before};
        greatest = rows[i].time > greatest ? rows[i].time : greatest;
    }
    return n;
}

static void drive(pln__windows **w, const pln__windows_spec *spec, const row *rows, int64_t n,
                  got *g) {
    int64_t at = 0, times[MAX_ROWS], before[MAX_ROWS];
    while (at < n) {
        struct ArrowArray array = {0};
        pln__late late = {0};
        int64_t size = 1 + pick(pick(2) ? 3 : n - at);
        size = size > n - at ? n - at : size;
        put_rows(rows + at, size, &array);
        for (int64_t i = 0; i < size; i++) {
            times[i] = rows[at + i].time;
            before[i] = rows[at + i].before;
        }
        MUST(pln__windows_add(*w, &array, times, before, &late, &err));
        for (int64_t i = 0; i < late.n; i++)
            g->late[g->n_late++] = (int32_t)(at + late.rows[i]);
        pln__array_release(&array);
        at += size;
        take(*w, spec, g);
        if (pick(8) == 0)
            *w = reborn(*w, spec);
    }
    MUST(pln__windows_advance(*w, INT64_MAX, &err));
    take(*w, spec, g);
}

START_TEST(rules_told_row_by_row) {
    static naive slow;
    static got g;
    static row rows[MAX_ROWS];
    int64_t results = 0, late = 0;
    for (uint64_t seed = 1; seed <= (uint64_t)effort(400, 10000); seed++) {
        pln__windows_spec spec;
        char what[200];
        state = seed * 0x9e3779b97f4a7c15u;
        random_spec(&spec);
        int64_t n = random_rows(rows, spec.n_keys > 0);
        snprintf(what, sizeof what,
                 "seed %d: kind %d size %d slide %d offset %d gap %d lateness %d every %d %s",
                 (int)seed, spec.kind, (int)spec.size_us, (int)spec.slide_us, (int)spec.offset_us,
                 (int)spec.gap_us, (int)spec.lateness_us, (int)spec.every_rows,
                 spec.discarding ? "discarding" : "accumulating");
        memset(&slow, 0, sizeof slow);
        slow.spec = &spec;
        slow.watermark = INT64_MIN;
        for (int64_t i = 0; i < n; i++) {
            naive_advance(&slow, rows[i].before);
            if (spec.kind == PLN__WINDOW_GLOBAL)
                naive_global(&slow, &rows[i]);
            else if (spec.kind == PLN__WINDOW_SESSION)
                naive_session(&slow, &rows[i], (int32_t)i);
            else
                naive_aligned(&slow, &rows[i], (int32_t)i);
        }
        naive_advance(&slow, INT64_MAX);
        g.n_out = g.n_late = 0;
        pln__windows *w = made(&spec);
        drive(&w, &spec, rows, n, &g);
        pln__windows_free(w);
        check_same(&slow, &g, what);
        results += g.n_out;
        late += g.n_late;
    }
    ck_assert_int_gt(results, 1000);
    ck_assert_int_gt(late, 100);
}
END_TEST

/* ---- the calendar ---- */

/* A row each hour of three days: clocks go forward in the second one of March, and back in that of October. */
START_TEST(days_have_their_hours) {
    static const struct {
        const char *zone;
        int64_t start_s; /* local midnight of the first day */
        int64_t hours[3];
    } all[] = {{"Europe/Berlin", 1774652400, {24, 23, 24}}, /* 2026-03-28 */
               {"Europe/Berlin", 1792792800, {24, 25, 24}}, /* 2026-10-24 */
               {"+05:30", 1774636200, {24, 24, 24}}};
    pln__zone *zone = NULL;
    static got g;
    static row rows[MAX_ROWS];
    int64_t n = 0, at = 0, start = all[_i].start_s * 1000000;
    pln_status found = pln__zone_open(pln__system_allocator(), pln__file_posix(),
                                      PLN__ZONE_DIRECTORY, all[_i].zone, &zone, &err);
    if (found == PLN_ENAME)
        TEST_SKIP("no time zones");
    MUST(found);
    pln__windows_spec spec = {.kind = PLN__WINDOW_CALENDAR,
                              .zone = zone,
                              .field = PLN__DAY,
                              .aggregates = aggregates,
                              .names = names,
                              .n_aggregates = 2};
    for (int day = 0; day < 3; day++)
        for (int64_t hour = 0; hour < all[_i].hours[day]; hour++, n++)
            rows[n] = (row){0, 1, start + n * 3600000000, start + n * 3600000000 - 1};
    pln__windows *w = made(&spec);
    g.n_out = g.n_late = 0;
    state = 7;
    drive(&w, &spec, rows, n, &g);
    ck_assert_int_eq(g.n_out, 3);
    for (int day = 0; day < 3; day++) {
        ck_assert_int_eq(g.out[day].count, all[_i].hours[day]);
        ck_assert_int_eq(g.out[day].start, start + at * 3600000000);
        at += all[_i].hours[day];
        ck_assert_int_eq(g.out[day].end, start + at * 3600000000);
    }
    pln__windows_free(w);
    pln__zone_free(zone);
}
END_TEST

Suite *suite_window_windows(void) {
    Suite *suite = suite_create("window/windows");
    TCase *tc = tcase_create("rules");
    schemas();
    tcase_set_timeout(tc, 900);
    tcase_add_test(tc, rules_told_row_by_row);
    tcase_add_loop_test(tc, days_have_their_hours, 0, 3);
    suite_add_tcase(suite, tc);
    return suite;
}

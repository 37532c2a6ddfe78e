/* Aggregates that keep values, sets, lists and sketches, against a look at one row after the other; and laws that hold for all kinds. */
#include "aggregate_help.h"
#include <pln/hll.h>

typedef struct list {
    datum *values;
    int64_t n;
} list;

/* The values of a group that are not NULL, in the order of rows. */
static list list_of(const world *w, int column, int64_t group) {
    list l = {malloc((size_t)(w->n + 1) * sizeof(datum)), 0};
    for (int64_t i = 0; i < w->n; i++) {
        datum v = cell(w, column, i);
        if (w->groups[i] == group && !v.null)
            l.values[l.n++] = v;
    }
    return l;
}

/* Whether values are equal as SQL has it: of two zeros there is one. */
static bool equal(const datum *a, const datum *b) {
    return order_of(a, b) == 0 || (a->class == 'f' && a->real == b->real);
}

static int by_order(const void *a, const void *b) {
    return order_of(a, b);
}

/* ---- judges: what a group's answer must be ---- */

static void judge_arg(const world *w, const pln__aggregate_spec *spec, const datum *got,
                      int64_t group) {
    int sign = spec->kind == PLN__AGG_ARG_MIN ? 1 : -1;
    datum best = {.null = true}, want = {.null = true};
    for (int64_t i = 0; i < w->n; i++) {
        datum by = cell(w, spec->by, i), v = cell(w, spec->column, i);
        if (w->groups[i] != group || by.null || v.null)
            continue;
        if (best.null || sign * order_of(&by, &best) < 0)
            best = by, want = v;
    }
    ck_assert_int_eq(got->null, want.null);
    ck_assert(got->null || order_of(got, &want) == 0);
}

static int64_t distinct(const list *l) {
    int64_t n = 0;
    for (int64_t i = 0, k; i < l->n; i++) {
        for (k = 0; k < i && !equal(&l->values[i], &l->values[k]); k++)
            continue;
        n += k == i;
    }
    return n;
}

static void judge_quantile(const list *l, const pln__aggregate_spec *spec, const datum *got,
                           double scale) {
    int64_t n = 0;
    qsort(l->values, (size_t)l->n, sizeof *l->values, by_order);
    for (n = l->n; n > 0 && l->values[n - 1].class == 'f' && isnan(l->values[n - 1].real); n--)
        continue; /* NaN is left out */
    ck_assert_int_eq(got->null, n == 0);
    if (n == 0)
        return;
    int64_t rank = (int64_t)ceil(spec->q * (double)n);
    datum want = l->values[rank < 1 ? 0 : rank - 1];
    if (got->class == want.class)
        ck_assert(got->class == 'f' ? got->real == want.real : got->whole == want.whole);
    else
        ck_assert(got->real == (double)want.whole * scale ||
                  fabs(got->real - (double)want.whole * scale) < 1e-12 * fabs(got->real));
}

/* A list of values, or of values and counts. */
static void judge_list(const pln__aggregate *a, const struct ArrowArray *answers, const list *l,
                       int64_t group) {
    const struct ArrowSchema *schema = pln__aggregate_schema(a), *item = schema->children[0];
    const int32_t *ends = answers->buffers[1];
    const struct ArrowArray *items = answers->children[0];
    bool null = answers->null_count > 0 && !pln__bit_get(answers->buffers[0], group);
    ck_assert_int_eq(null, l->n == 0);
    if (item->n_children == 0) {
        ck_assert_int_eq(ends[group + 1] - ends[group], l->n);
        for (int64_t i = 0; i < l->n; i++) {
            datum got = value_at(item, items, ends[group] + i);
            ck_assert(order_of(&got, &l->values[i]) == 0);
        }
        return;
    }
    int64_t n = distinct(l), before = INT64_MAX;
    ck_assert_int_eq(ends[group + 1] - ends[group], n < 10 ? n : 10);
    for (int32_t i = ends[group]; i < ends[group + 1]; i++) {
        datum got = value_at(item->children[0], items->children[0], i);
        int64_t count = ((const int64_t *)items->children[1]->buffers[1])[i], want = 0;
        for (int64_t k = 0; k < l->n; k++)
            want += equal(&got, &l->values[k]);
        ck_assert_int_eq(count, want);
        ck_assert_int_le(count, before);
        before = count;
    }
}

static void judge(const world *w, const pln__aggregate *a, const pln__aggregate_spec *spec,
                  const struct ArrowArray *answers, int64_t group) {
    list l = list_of(w, spec->column, group);
    int type = spec->column % PLAIN_COLUMNS;
    datum got = spec->kind == PLN__AGG_TOP_K || spec->kind == PLN__AGG_COLLECT
                    ? (datum){.null = true}
                    : value_at(pln__aggregate_schema(a), answers, group);
    switch (spec->kind) {
    case PLN__AGG_FIRST: ck_assert(l.n == 0 ? got.null : order_of(&got, &l.values[0]) == 0); break;
    case PLN__AGG_LAST:
        ck_assert(l.n == 0 ? got.null : order_of(&got, &l.values[l.n - 1]) == 0);
        break;
    case PLN__AGG_ARG_MIN:
    case PLN__AGG_ARG_MAX: judge_arg(w, spec, &got, group); break;
    case PLN__AGG_COUNT_DISTINCT:
    case PLN__AGG_APPROX_COUNT_DISTINCT: ck_assert(!got.null && got.whole == distinct(&l)); break;
    case PLN__AGG_QUANTILE:
        judge_quantile(&l, spec, &got, type == DECIMAL ? 1e-4 : type == COARSE ? 100 : 1);
        break;
    case PLN__AGG_HLL: ck_assert_int_eq(got.null, l.n == 0); break;
    default: judge_list(a, answers, &l, group); break;
    }
    free(l.values);
}

/* ---- laws ---- */

/* Read what was written: the same answers, and the same bytes again; no shorter piece is read. */
static void write_and_read(const pln__aggregate *a, const pln__states *all) {
    pln__buffer bytes;
    int64_t used = 0, n = pln__states_count(all);
    pln__states *back = states_of(a, n);
    bytes_of(all, &bytes);
    MUST(pln__states_read(back, NULL, n, bytes.data, bytes.size, &used, &why));
    ck_assert_int_eq(used, bytes.size);
    same_bytes(all, back);
    for (int64_t size = bytes.size - 1; size >= 0; size -= 1 + size / 50)
        FAILS(pln__states_read(back, NULL, n, bytes.data, size, &used, &why), PLN_ECORRUPT,
              "aggregate answer: ");
    pln__states_free(back);
    pln__buffer_free(pln__system_allocator(), &bytes);
}

/* Two halves of the rows, merged, are the whole. */
static void merge_halves(const world *w, const pln__aggregate *a, const pln__states *all) {
    pln__states *left = states_of(a, w->n_groups), *right = states_of(a, w->n_groups);
    int64_t half = w->n / 3;
    MUST(pln__states_add(left, &w->rows, NULL, 0, w->groups, half, &why));
    MUST(pln__states_add(right, &w->rows, NULL, half, w->groups + half, w->n - half, &why));
    MUST(pln__states_merge(left, NULL, right, NULL, w->n_groups, &why));
    pln__states_free(right);
    same_bytes(all, left);
    pln__states_clear(left);
    pln__states *none = states_of(a, w->n_groups);
    same_bytes(left, none);
    pln__states_free(none);
    pln__states_free(left);
}

static void check(const world *w, const pln__aggregate_spec *spec) {
    fail_alloc memory;
    const pln_allocator *mem = fail_alloc_init(&memory, -1);
    pln__aggregate *a = aggregate_of(mem, spec, &w->schema);
    pln__states *all = states_of(a, w->n_groups);
    struct ArrowArray answers;
    rng r = {9};
    MUST(pln__states_add(all, &w->rows, NULL, 0, w->groups, w->n, &why));
    answers_of(a, all, &answers);
    for (int64_t g = 0; g < w->n_groups; g++)
        judge(w, a, spec, &answers, g);
    answers.release(&answers);
    for (int way = 0; way < 3; way++) {
        pln__states *other = states_of(a, w->n_groups);
        fill_otherwise(w, other, way, &r);
        same_bytes(all, other);
        pln__states_free(other);
    }
    /* Of floats the last digits go by the order of additions. */
    if (spec->kind != PLN__AGG_QUANTILE)
        merge_halves(w, a, all);
    pln__states_free(all);
    pln__aggregate_free(a);
    ck_assert_int_eq(fail_alloc_live(&memory), 0);
}

START_TEST(every_type) {
    static const int32_t kinds[] = {
        PLN__AGG_FIRST, PLN__AGG_LAST,  PLN__AGG_COUNT_DISTINCT, PLN__AGG_APPROX_COUNT_DISTINCT,
        PLN__AGG_HLL,   PLN__AGG_TOP_K, PLN__AGG_COLLECT,        PLN__AGG_QUANTILE};
    for (uint64_t seed = 1; seed <= 3; seed++) {
        world w;
        world_open(&w, seed, seed == 1 ? 1 : 300 * (int64_t)seed, seed == 2 ? 1 : 11);
        for (int column = 0; column < 2 * PLAIN_COLUMNS; column++)
            for (int i = 0; i < PLN__COUNT(kinds); i++) {
                int type = column % PLAIN_COLUMNS;
                pln__aggregate_spec spec = {.kind = kinds[i],
                                            .column = column,
                                            .q = 0.3,
                                            .precision = kinds[i] == PLN__AGG_QUANTILE ? 400 : 0};
                bool number =
                    type != BOOL_COLUMN && type != TEXT && type != BINARY && type != FIXED;
                if (kinds[i] != PLN__AGG_QUANTILE || number)
                    check(&w, &spec);
            }
        world_close(&w);
    }
}
END_TEST

START_TEST(beside_the_least) {
    static const int columns[] = {BOOL_COLUMN,
                                  INT8,
                                  UINT64,
                                  FLOAT32,
                                  FLOAT64,
                                  DECIMAL,
                                  TEXT,
                                  FIXED,
                                  STAMP,
                                  PLAIN_COLUMNS + TEXT,
                                  PLAIN_COLUMNS + INT32};
    world w;
    world_open(&w, 5, 600, 7);
    for (int i = 0; i < PLN__COUNT(columns); i++)
        for (int k = 0; k < PLN__COUNT(columns); k++)
            for (int32_t kind = PLN__AGG_ARG_MIN; kind <= PLN__AGG_ARG_MAX; kind++) {
                pln__aggregate_spec spec = {.kind = kind, .column = columns[i], .by = columns[k]};
                check(&w, &spec);
            }
    world_close(&w);
}
END_TEST

/* Every kind once, with a column that it takes. */
static const pln__aggregate_spec samples[] = {
    {.kind = PLN__AGG_COUNT, .column = -1},
    {.kind = PLN__AGG_SUM, .column = INT32},
    {.kind = PLN__AGG_SUM, .column = DECIMAL},
    {.kind = PLN__AGG_AVG, .column = INT64},
    {.kind = PLN__AGG_AVG, .column = FLOAT64},
    {.kind = PLN__AGG_MIN, .column = INT16},
    {.kind = PLN__AGG_MIN, .column = TEXT},
    {.kind = PLN__AGG_MAX, .column = DECIMAL},
    {.kind = PLN__AGG_ANY, .column = BOOL_COLUMN},
    {.kind = PLN__AGG_ALL, .column = BOOL_COLUMN},
    {.kind = PLN__AGG_VAR_POP, .column = INT32},
    {.kind = PLN__AGG_STDDEV_SAMP, .column = DECIMAL},
    {.kind = PLN__AGG_FIRST, .column = STAMP},
    {.kind = PLN__AGG_LAST, .column = BINARY},
    {.kind = PLN__AGG_ARG_MIN, .column = TEXT, .by = FLOAT64},
    {.kind = PLN__AGG_ARG_MAX, .column = INT8, .by = TEXT},
    {.kind = PLN__AGG_COUNT_DISTINCT, .column = TEXT},
    {.kind = PLN__AGG_APPROX_COUNT_DISTINCT, .column = INT32, .precision = 4},
    {.kind = PLN__AGG_HLL, .column = TEXT},
    {.kind = PLN__AGG_QUANTILE, .column = INT32, .q = 0.5},
    {.kind = PLN__AGG_QUANTILE, .column = FLOAT32, .q = 1, .precision = 8},
    {.kind = PLN__AGG_TOP_K, .column = TEXT, .precision = 4},
    {.kind = PLN__AGG_TOP_K, .column = FLOAT32},
    {.kind = PLN__AGG_COLLECT, .column = TEXT, .limit = 5, .flags = PLN__AGG_TRUNCATE},
    {.kind = PLN__AGG_COLLECT, .column = DECIMAL},
};

START_TEST(bytes_and_back) {
    world w;
    world_open(&w, 6, 500, 3);
    for (int i = 0; i < PLN__COUNT(samples); i++) {
        pln__aggregate *a = aggregate_of(pln__system_allocator(), &samples[i], &w.schema);
        pln__states *s = states_of(a, 4); /* one stays empty */
        MUST(pln__states_add(s, &w.rows, NULL, 0, w.groups, w.n, &why));
        write_and_read(a, s);
        pln__states_free(s);
        pln__aggregate_free(a);
    }
    world_close(&w);
}
END_TEST

/* Everything that asks for memory: what fails leaves nothing behind, and states that can be freed, cleared and asked. */
static pln_status scenario(const world *w, const pln_allocator *mem,
                           const pln__aggregate_spec *spec) {
    pln__aggregate *a = NULL;
    pln__states *s = NULL, *t = NULL;
    pln__column column = {0};
    pln__buffer bytes = {0};
    struct ArrowArray answers = {0};
    int64_t used;
    pln_status status;
    PLN__TRY(pln__aggregate_new(mem, spec, &w->schema, "answer", &a, &why));
    PLN__TRY(pln__states_new(a, &s, &why));
    PLN__TRY(pln__states_new(a, &t, &why));
    PLN__TRY(pln__states_grow(s, 5, &why));
    PLN__TRY(pln__states_grow(t, 5, &why));
    PLN__TRY(pln__states_add(s, &w->rows, NULL, 0, w->groups, 60, &why));
    PLN__TRY(pln__states_add(t, &w->rows, NULL, 60, w->groups + 60, 60, &why));
    PLN__TRY(pln__states_merge(s, NULL, t, NULL, 5, &why));
    PLN__TRY(pln__states_write(s, NULL, 5, &bytes, &why));
    PLN__TRY(pln__states_read(t, NULL, 5, bytes.data, bytes.size, &used, &why));
    PLN__TRY(pln__column_init(mem, pln__aggregate_schema(a), &column, &why));
    PLN__TRY(pln__states_finish(t, NULL, 5, &column, &why));
    PLN__TRY(pln__column_finish(&column, &answers, &why));
out:
    pln__array_release(&answers);
    pln__column_free(&column);
    pln__buffer_free(mem, &bytes);
    pln__states_free(s);
    pln__states_free(t);
    pln__aggregate_free(a);
    return status;
}

START_TEST(every_allocation_fails) {
    world w;
    world_open(&w, 8, 120, 5);
    for (int i = 0; i < PLN__COUNT(samples); i++)
        for (int64_t n = 0;; n++) {
            fail_alloc f;
            const pln_allocator *mem = fail_alloc_init(&f, n);
            pln_status status = scenario(&w, mem, &samples[i]);
            ck_assert_int_eq(fail_alloc_live(&f), 0);
            ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
            if (!f.failed)
                break;
        }
    world_close(&w);
}
END_TEST

START_TEST(counts_its_memory) {
    world w;
    fail_alloc f;
    const pln_allocator *mem = fail_alloc_init(&f, -1);
    world_open(&w, 9, 400, 5);
    for (int i = 0; i < PLN__COUNT(samples); i++) {
        pln__aggregate *a = aggregate_of(mem, &samples[i], &w.schema);
        int64_t before = fail_alloc_live(&f);
        pln__states *s = states_of(a, 5);
        MUST(pln__states_add(s, &w.rows, NULL, 0, w.groups, w.n, &why));
        ck_assert_int_eq(pln__states_bytes(s), fail_alloc_live(&f) - before);
        pln__states_clear(s);
        ck_assert_int_eq(pln__states_bytes(s), fail_alloc_live(&f) - before);
        pln__states_free(s);
        pln__aggregate_free(a);
    }
    world_close(&w);
}
END_TEST

START_TEST(limits_and_parameters) {
    world w;
    const pln_allocator *mem = pln__system_allocator();
    world_open(&w, 10, 900, 1);
    static const struct {
        pln__aggregate_spec spec;
        int32_t code;
        const char *words;
    } wrong[] = {
        {{.kind = 99}, PLN_EINVAL, "there is no kind 99"},
        {{.kind = PLN__AGG_SUM, .column = 40}, PLN_EINVAL, "there is no column 40, there are 40"},
        {{.kind = PLN__AGG_SUM, .column = -1}, PLN_EINVAL, "there is no column -1"},
        {{.kind = PLN__AGG_QUANTILE, .column = INT8, .q = 1.5}, PLN_EINVAL, "1.5, expected 0 to 1"},
        {{.kind = PLN__AGG_QUANTILE, .column = INT8, .precision = 7},
         PLN_EINVAL,
         "is 7, expected 8 to 65535"},
        {{.kind = PLN__AGG_QUANTILE, .column = TEXT},
         PLN_ETYPE,
         "quantile of column m: expected a number, date or time, got utf8"},
        {{.kind = PLN__AGG_HLL, .column = INT8, .precision = 19},
         PLN_EINVAL,
         "is 19, expected 4 to 18"},
        {{.kind = PLN__AGG_COLLECT, .column = INT8, .limit = -1},
         PLN_EINVAL,
         "is -1, expected 1 to"},
        {{.kind = PLN__AGG_SUM, .column = TEXT},
         PLN_ETYPE,
         "aggregate answer: sum of column m: expected a number, got utf8"},
    };
    pln__aggregate *a;
    for (int i = 0; i < PLN__COUNT(wrong); i++)
        FAILS(pln__aggregate_new(mem, &wrong[i].spec, &w.schema, "answer", &a, &why), wrong[i].code,
              wrong[i].words);
    static const struct {
        pln__aggregate_spec spec;
        const char *words;
    } full[] = {
        {{.kind = PLN__AGG_COUNT_DISTINCT, .column = TEXT, .limit = 3},
         "more than 3 different values of column m"},
        {{.kind = PLN__AGG_COLLECT, .column = INT8, .limit = 3}, "more than 3 values of column b"},
    };
    for (int i = 0; i < PLN__COUNT(full); i++) {
        a = aggregate_of(mem, &full[i].spec, &w.schema);
        pln__states *s = states_of(a, 1);
        FAILS(pln__states_add(s, &w.rows, NULL, 0, w.groups, w.n, &why), PLN_ELIMIT, full[i].words);
        pln__states_free(s);
        pln__aggregate_free(a);
    }
    world_close(&w);
}
END_TEST

/* Lists and structs can be counted, and nothing else. */
START_TEST(nested_columns) {
    rng r = {4};
    struct ArrowSchema schema;
    struct ArrowArray made, rows;
    struct ArrowArray answers;
    const pln_allocator *mem = pln__system_allocator();
    pln__aggregate *a;
    int64_t n = 0;
    plain_schema((const char *const[]){"+l", "n", NULL}, &schema);
    struct ArrowSchema *lists = schema.children[0];
    lists->children = calloc(1, sizeof *lists->children);
    lists->children[0] = calloc(1, sizeof *lists);
    lists->n_children = 1;
    plain_field("i", "item", true, lists->children[0]);
    random_array(&r, &schema, 300, RANDOM_OFFSETS, &made);
    MUST(pln__array_adopt(mem, &made, &rows, &why));
    for (int64_t i = 0; i < 300; i++)
        n += !pln__array_null_at(lists, rows.children[0], i);
    a = aggregate_of(mem, &(pln__aggregate_spec){.kind = PLN__AGG_COUNT}, &schema);
    pln__states *s = states_of(a, 1);
    MUST(pln__states_add_one_group(s, &rows, NULL, 0, 300, 0, &why));
    answers_of(a, s, &answers);
    ck_assert_int_eq(*(const int64_t *)answers.buffers[1], n);
    answers.release(&answers);
    pln__states_free(s);
    pln__aggregate_free(a);
    FAILS(pln__aggregate_new(mem, &(pln__aggregate_spec){.kind = PLN__AGG_FIRST}, &schema, "answer",
                             &a, &why),
          PLN_ETYPE,
          "first of column a: expected a type that is neither nested nor null, got list<int32>");
    FAILS(pln__aggregate_new(mem, &(pln__aggregate_spec){.kind = PLN__AGG_COUNT, .column = 1},
                             &schema, "answer", &a, &why),
          PLN_ETYPE, "count of column b: expected a type other than null and union, got null");
    rows.release(&rows);
    schema.release(&schema);
}
END_TEST

START_TEST(names) {
    for (int32_t kind = 1; kind < PLN__AGG_KINDS; kind++) {
        ck_assert_ptr_nonnull(pln__aggregate_kind_name(kind));
        ck_assert_int_eq(pln__aggregate_kind_named(pln__aggregate_kind_name(kind)), kind);
    }
    ck_assert_int_eq(pln__aggregate_kind_named("summ"), 0);
    ck_assert_ptr_null(pln__aggregate_kind_name(PLN__AGG_KINDS));
}
END_TEST

Suite *suite_window_aggregate_value(void) {
    Suite *suite = suite_create("window/aggregate_value");
    TCase *tcase = tcase_create("values");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, every_type);
    tcase_add_test(tcase, beside_the_least);
    tcase_add_test(tcase, bytes_and_back);
    tcase_add_test(tcase, every_allocation_fails);
    tcase_add_test(tcase, counts_its_memory);
    tcase_add_test(tcase, limits_and_parameters);
    tcase_add_test(tcase, nested_columns);
    tcase_add_test(tcase, names);
    suite_add_tcase(suite, tcase);
    return suite;
}

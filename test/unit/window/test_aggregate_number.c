/* Aggregates whose states are words, against sums of 128 bits and long doubles taken row by row. */
#include "aggregate_help.h"
#include "window/aggregate_internal.h"

/* ---- the reference ---- */

typedef struct truth {
    int64_t n;
    pln__int128 whole;
    double real; /* in the order of rows */
    datum least, most;
} truth;

static void look(truth *t, const datum *v) {
    if (v->null)
        return;
    if (t->n == 0 || order_of(v, &t->least) < 0)
        t->least = *v;
    if (t->n == 0 || order_of(v, &t->most) > 0)
        t->most = *v;
    t->n++;
    t->whole += v->class == 'i' ? v->whole : 0;
    t->real += v->real;
}

static truth truth_of(const world *w, int column, int64_t group) {
    truth t = {0};
    for (int64_t i = 0; i < w->n; i++)
        if (w->groups[i] == group) {
            datum v = cell(w, column, i);
            look(&t, &v);
        }
    return t;
}

static void same_real(double got, double want) {
    if (!(got == want || (isnan(got) && isnan(want))))
        ck_abort_msg("%.17g, expected %.17g", got, want);
}

/* Two passes over the values, in long double. */
static long double variance_of(const world *w, int column, int64_t group, int64_t less) {
    long double mean = 0, squares = 0, n = 0,
                scale = powl(10, column % PLAIN_COLUMNS == DECIMAL  ? -4
                                 : column % PLAIN_COLUMNS == COARSE ? 2
                                                                    : 0);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < w->n; i++) {
            datum v = cell(w, column, i);
            long double x = (v.class == 'f' ? (long double)v.real : (long double)v.whole * scale);
            if (w->groups[i] != group || v.null)
                continue;
            if (pass == 0)
                mean += x, n++;
            else
                squares += (x - mean) * (x - mean);
        }
        mean /= pass == 0 ? n : 1;
    }
    return squares / (n - (long double)less);
}

static void near_real(double got, long double want, long double part) {
    if (!(fabsl((long double)got - want) <= part * fabsl(want)))
        ck_abort_msg("%.17g, expected %.21Lg", got, want);
}

static bool fits(const pln__aggregate_spec *spec, pln__int128 whole) {
    int type = spec->column % PLAIN_COLUMNS;
    if (type == DECIMAL || type == COARSE)
        return true;
    return type == UINT64 ? whole >= 0 && whole <= UINT64_MAX
                          : whole >= INT64_MIN && whole <= INT64_MAX;
}

static void judge_moments(const world *w, const pln__aggregate_spec *spec, const datum *got,
                          int64_t group, const truth *t) {
    bool sample = spec->kind == PLN__AGG_VAR_SAMP || spec->kind == PLN__AGG_STDDEV_SAMP;
    bool root = spec->kind == PLN__AGG_STDDEV_POP || spec->kind == PLN__AGG_STDDEV_SAMP;
    ck_assert_int_eq(got->null, t->n <= sample);
    if (got->null)
        return;
    long double want = variance_of(w, spec->column, group, sample);
    if (isnan(want) || want > 1e300L) /* more than a double holds */
        ck_assert(isnan(got->real) || isinf(got->real));
    else
        near_real(got->real, root ? sqrtl(want) : want, 1e-12L);
}

static void judge(const world *w, const pln__aggregate_spec *spec, const datum *got,
                  int64_t group) {
    truth t = truth_of(w, spec->column, group);
    int type = spec->column % PLAIN_COLUMNS;
    bool real = type == FLOAT32 || type == FLOAT64;
    if (spec->kind == PLN__AGG_COUNT) {
        ck_assert(!got->null && got->whole == t.n);
        return;
    }
    if (spec->kind >= PLN__AGG_VAR_POP && spec->kind <= PLN__AGG_STDDEV_SAMP) {
        judge_moments(w, spec, got, group, &t);
        return;
    }
    bool overflow = spec->kind == PLN__AGG_SUM && !real && !fits(spec, t.whole);
    ck_assert_int_eq(got->null, t.n == 0 || overflow);
    if (got->null)
        return;
    switch (spec->kind) {
    case PLN__AGG_SUM:
        if (real)
            same_real(got->real, t.real);
        else
            ck_assert(got->whole == t.whole);
        break;
    case PLN__AGG_AVG:
        if (real)
            same_real(got->real, t.real / (double)t.n);
        else /* rounded once: half of the last of 53 bits */
            near_real(got->real,
                      (long double)t.whole / (long double)t.n *
                          (type == DECIMAL  ? 1e-4L
                           : type == COARSE ? 100
                                            : 1),
                      0x1.001p-53L);
        break;
    case PLN__AGG_MIN:
    case PLN__AGG_ALL: ck_assert_int_eq(order_of(got, &t.least), 0); break;
    default: ck_assert_int_eq(order_of(got, &t.most), 0); break;
    }
}

static const int32_t kinds[] = {PLN__AGG_COUNT,      PLN__AGG_SUM,        PLN__AGG_AVG,
                                PLN__AGG_MIN,        PLN__AGG_MAX,        PLN__AGG_ANY,
                                PLN__AGG_ALL,        PLN__AGG_VAR_POP,    PLN__AGG_VAR_SAMP,
                                PLN__AGG_STDDEV_POP, PLN__AGG_STDDEV_SAMP};

static bool takes(int32_t kind, int type) {
    if (kind == PLN__AGG_COUNT || kind == PLN__AGG_MIN || kind == PLN__AGG_MAX)
        return true;
    if (kind == PLN__AGG_ANY || kind == PLN__AGG_ALL)
        return type == BOOL_COLUMN;
    return (type >= INT8 && type <= DECIMAL) || type == COARSE;
}

static void refuses(const world *w, const pln__aggregate_spec *spec) {
    pln__aggregate *a = NULL;
    char type[PLN__TYPE_TEXT_SIZE];
    const struct ArrowSchema *field = w->schema.children[spec->column];
    FAILS(pln__aggregate_new(pln__system_allocator(), spec, &w->schema, "answer", &a, &why),
          PLN_ETYPE, "expected");
    ck_assert_ptr_null(a);
    ck_assert_ptr_nonnull(strstr(why.message, pln__type_text(field, type)));
    /* Names behind z are no letters. */
    ck_assert(spec->column >= PLAIN_COLUMNS || strstr(why.message, field->name) != NULL);
}

static void check(const world *w, const pln__aggregate_spec *spec) {
    pln__aggregate *a = aggregate_of(pln__system_allocator(), spec, &w->schema);
    pln__states *all = states_of(a, w->n_groups);
    struct ArrowArray answers;
    rng r = {7};
    MUST(pln__states_add(all, &w->rows, NULL, 0, w->groups, w->n, &why));
    answers_of(a, all, &answers);
    ck_assert_int_eq(answers.length, w->n_groups);
    for (int64_t g = 0; g < w->n_groups; g++) {
        datum got = value_at(pln__aggregate_schema(a), &answers, g);
        judge(w, spec, &got, g);
    }
    answers.release(&answers);
    for (int way = 0; way < 3; way++) {
        pln__states *other = states_of(a, w->n_groups);
        fill_otherwise(w, other, way, &r);
        same_bytes(all, other);
        pln__states_free(other);
    }
    pln__states_free(all);
    pln__aggregate_free(a);
}

START_TEST(every_type) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        world w;
        world_open(&w, seed, seed == 1 ? 1 : 700 * (int64_t)seed, seed == 2 ? 1 : 37);
        for (int column = 0; column < 2 * PLAIN_COLUMNS; column++)
            for (int i = 0; i < PLN__COUNT(kinds); i++) {
                pln__aggregate_spec spec = {
                    .kind = kinds[i], .column = column, .flags = PLN__AGG_OVERFLOW_NULL};
                if (takes(kinds[i], column % PLAIN_COLUMNS))
                    check(&w, &spec);
                else
                    refuses(&w, &spec);
            }
        world_close(&w);
    }
}
END_TEST

START_TEST(counts_rows) {
    world w;
    pln__aggregate_spec spec = {.kind = PLN__AGG_COUNT, .column = -1};
    int64_t counts[5] = {0};
    struct ArrowArray answers;
    world_open(&w, 3, 1000, 5);
    pln__aggregate *a = aggregate_of(pln__system_allocator(), &spec, &w.schema);
    pln__states *s = states_of(a, 5);
    MUST(pln__states_add(s, &w.rows, NULL, 10, w.groups, 500, &why));
    MUST(pln__states_add_one_group(s, &w.rows, NULL, 0, 100, 4, &why));
    for (int i = 0; i < 500; i++)
        counts[w.groups[i]]++;
    counts[4] += 100;
    answers_of(a, s, &answers);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(((const int64_t *)answers.buffers[1])[i], counts[i]);
    answers.release(&answers);
    pln__states_free(s);
    pln__aggregate_free(a);
    world_close(&w);
}
END_TEST

/* Nearest doubles, as Python's fractions.Fraction gives them. */
START_TEST(ratios) {
    static const struct {
        uint64_t a[3], b[3];
        double ratio;
    } cases[] = {
        {{0x1u, 0x0u, 0x0u}, {0x3u, 0x0u, 0x0u}, 0x1.5555555555555p-2},
        {{0x0u, 0x1u, 0x0u}, {0x3u, 0x0u, 0x0u}, 0x1.5555555555555p+62},
        {{0x98a223fffffffffu, 0x4b3b4ca85a86c47au, 0x0u},
         {0x7u, 0x0u, 0x0u},
         0x1.57ea83019dd5dp+123},
        {{0x20000000000001u, 0x0u, 0x0u}, {0x1u, 0x0u, 0x0u}, 0x1.0000000000000p+53},
        {{0x0u, 0x800000000000040u, 0x0u}, {0x0u, 0x40u, 0x0u}, 0x1.0000000000000p+53},
        {{0x2000000000000001u, 0x4000000000000u, 0x0u},
         {0x1000000000000000u, 0x0u, 0x0u},
         0x1.0000000000001p+54},
        {{0x1fffffffffffffffu, 0x4000000000000u, 0x0u},
         {0x1000000000000000u, 0x0u, 0x0u},
         0x1.0000000000000p+54},
        {{0x1u, 0x0u, 0x0u},
         {0x1c9e66c000000000u, 0xe1b1e5f90f944d6eu, 0x0u},
         0x1.225fd13c6fb43p-128},
        {{0xffffffffffffffffu, 0xffffffffffffffffu, 0x7fffffffffffffffu},
         {0x3fffffffffffffffu, 0x0u, 0x0u},
         0x1.0000000000000p+129},
        {{0xffffffffffffffffu, 0xffffffffffffffffu, 0x7fffffffffffffffu},
         {0x1u, 0x0u, 0x0u},
         0x1.0000000000000p+191},
        {{0x1u, 0x0u, 0x0u}, {0x1u, 0x0u, 0x4000000000000000u}, 0x1.0000000000000p-190},
        {{0x20000000000001u, 0x0u, 0x0u}, {0x2u, 0x0u, 0x0u}, 0x1.0000000000000p+52},
        {{0x0u, 0x8000000000000000u, 0x0u},
         {0x98a224000000000u, 0x4b3b4ca85a86c47au, 0x0u},
         0x1.b38fb9daa78e4p+0},
        {{0x691b7584bu, 0x0u, 0x0u}, {0x8299u, 0x0u, 0x0u}, 0x1.9c1105a374cb4p+19},
        {{0x3f6a6abdu, 0x0u, 0x0u},
         {0xa6cecc1b78e51061u, 0xc9e9c612e7696u, 0x0u},
         0x1.419ca12fa3549p-86},
        {{0x1f390b18072e8du, 0x0u, 0x0u}, {0xe5u, 0x0u, 0x0u}, 0x1.173ba2ef7b7a5p+45},
        {{0x9b810e766ec9d287u, 0xcc324c985u, 0x0u}, {0x1u, 0x0u, 0x0u}, 0x1.98649930b3702p+99},
        {{0xb8b6d8fe442e3d43u, 0x1d481cd447e35u, 0x0u},
         {0x1a2b8f1ff1fd42a3u, 0x51431193e6c3f339u, 0x7d4beu},
         0x1.de9db69143d3cp-35},
        {{0x1u, 0x0u, 0x0u},
         {0x25b413f8a9a021fu, 0xe1988ad9f06c144au, 0x57619699cfu},
         0x1.7700244f0090dp-167},
        {{0x6c0fd4f8130c43u, 0x0u, 0x0u},
         {0x8712b8bc076f3787u, 0xc381e88f38c0c8fdu, 0x3c1b4ff701966a0u},
         0x1.cc3ed7cc23fe4p-132},
        {{0x3bab6c398d88348bu, 0x1d8d08ef587fd280u, 0x0u},
         {0xc2cd789a380208a9u, 0xf3c64af775a89294u, 0x3b4b4a2f20aau},
         0x1.fe56fd417bb60p-50},
        {{0x1bu, 0x0u, 0x0u},
         {0xa46d6753ec148cb5u, 0x2f978d8719999e3fu, 0x508eu},
         0x1.5737978b5ab32p-138},
        {{0x4be03db0dc2574bdu, 0xbe3edc0a1ef2a4f0u, 0x39511b7552b82f6u},
         {0xb610a9f7f9270f4fu, 0xefba91fc803468b6u, 0xd81e68f79b17aeu},
         0x1.0f9329c24dc75p+2},
        {{0xe901e35cd47d380du, 0x3099fdf5ab99254au, 0x1u},
         {0xf9341c68966baea1u, 0x1c3u, 0x0u},
         0x1.590e3dc6248d7p+55},
        {{0xf0dfb4a5d8a064dfu, 0x64b2d2bc815a47c5u, 0x0u},
         {0x8d6af57da711449u, 0x3e2434e37af027bcu, 0x5f3290u},
         0x1.0ecb040f95b6bp-24},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        double got = pln__agg_ratio(cases[i].a, cases[i].b);
        if (got != cases[i].ratio)
            ck_abort_msg("case %d: %a, expected %a", i, got, cases[i].ratio);
    }
}
END_TEST

Suite *suite_window_aggregate_number(void) {
    Suite *suite = suite_create("window/aggregate_number");
    TCase *tcase = tcase_create("numbers");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_type);
    tcase_add_test(tcase, counts_rows);
    tcase_add_test(tcase, ratios);
    suite_add_tcase(suite, tcase);
    return suite;
}

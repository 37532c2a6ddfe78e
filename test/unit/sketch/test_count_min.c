/* Count-Min against the definition, exact counts and an oracle: counters in every way of adding, answers, errors. */
#define _POSIX_C_SOURCE 200809L
#include "base/digest.h"
#include "count_min_help.h"
#include <jansson.h>
#include <math.h>
#include <zlib.h>

/* ---- the definition ---- */

enum { N = 3000 };
static uint64_t keys[N];
static int64_t weights[N];
static uint8_t valid[N / 8 + 2];

static void deal(uint64_t *state, bool negative) {
    for (int i = 0; i < N; i++) {
        uint64_t r = hll_random(state);
        keys[i] = i % 3 == 0 ? r : r % 50;
        weights[i] = (int64_t)(r >> 40 & 15) - (negative ? 5 : 0);
        pln__bit_put(valid, i + 3, i % 5 != 0);
    }
}

static void check_counters(const pln_count_min *cm, const int64_t *want, const char *how) {
    for (int64_t i = 0; i < pln__count_min_counters(cm); i++) {
        int64_t got = cm->loops->get(pln__count_min_pane(cm, cm->newest), i);
        if (got != want[i])
            ck_abort_msg("%s, %d rows of 2^%d, %d bits: counter %lld is %lld, not %lld", how,
                         cm->rows, cm->bits, cm->counter_bits, (long long)i, (long long)got,
                         (long long)want[i]);
    }
}

/* One by one, by the column, with and without weights and nulls, with the kernels of every processor. */
static void check_adds(int rows, int log2, int bits, int update, uint64_t seed) {
    static int64_t want[32 << 12];
    uint32_t cpu[2] = {0, pln__cpu_features()};
    pln_count_min_options options = cm_options(rows, (int64_t)1 << log2, bits, update);
    options.seed = seed;
    for (int way = 0; way < 4; way++) {
        bool weighted = way & 1, nulls = way & 2;
        pln_count_min *one = cm_made(&options);
        memset(want, 0, sizeof want);
        for (int i = 0; i < N; i++) {
            if (nulls && i % 5 == 0)
                continue;
            cm_add(one, keys[i], weighted ? weights[i] : 1);
            naive_add(want, keys[i], weighted ? weights[i] : 1, seed, rows, log2, update);
        }
        check_counters(one, want, "one by one");
        for (int k = 0; k < 2; k++) {
            pln_count_min *all = cm_made(&options);
            all->cpu = cpu[k];
            all->far = k == 0;
            MUST(pln_count_min_add_uint64(all, keys, weighted ? weights : NULL, N,
                                          nulls ? valid : NULL, 3, &why));
            check_counters(all, want, "by the column");
            cm_same(one, all);
            int64_t out[N];
            MUST(pln_count_min_query_uint64(all, keys, N, out, &why));
            for (int i = 0; i < N; i++)
                if (out[i] != naive_ask(want, keys[i], seed, rows, log2) ||
                    out[i] != cm_ask(all, keys[i]))
                    ck_abort_msg("answer %d is %lld", i, (long long)out[i]);
            pln_count_min_free(all);
        }
        pln_count_min_free(one);
    }
}

START_TEST(adds_and_answers_are_the_definition) {
    /* The last ones need a second hash and more. */
    static const int shapes[][2] = {{1, 1}, {2, 3}, {3, 12}, {4, 10}, {5, 6}, {7, 12}, {32, 12}};
    uint64_t state = 1;
    for (int k = 0; k < PLN__COUNT(shapes); k++)
        for (int update = PLAIN; update <= CONSERVATIVE; update++) {
            deal(&state, update == PLAIN);
            check_adds(shapes[k][0], shapes[k][1], 64, update, k == 0 ? 0 : hll_random(&state));
            check_adds(shapes[k][0], shapes[k][1], 32, update, 7);
        }
}
END_TEST

/* ---- errors ---- */

typedef struct tally {
    int64_t asked, over, sum, under;
} tally;

/* Value k comes 2000 / (k + 1) times, for k below 2000; then as many are asked for that never came. */
static tally errors_of(int rows, int64_t columns, int update, uint64_t seed) {
    enum { VALUES = 2000 };
    tally out = {0};
    pln_count_min_options options = cm_options(rows, columns, 64, update);
    options.seed = seed;
    pln_count_min *cm = cm_made(&options);
    int64_t total = 0;
    for (int64_t round = 0; round < VALUES; round++)
        for (int64_t k = 0; k < VALUES / (round + 1); k++, total++)
            cm_add(cm, (uint64_t)(k * 77 + (int64_t)seed), 1);
    double confidence, bound = pln_count_min_error(cm, &confidence);
    ck_assert_int_eq(pln_count_min_total(cm), total);
    ck_assert(fabs(bound - exp(1) / (double)columns * (double)total) < 1e-6 * bound);
    ck_assert(fabs(confidence - (1 - exp(-rows))) < 1e-12);
    for (int64_t k = 0; k < 2 * VALUES; k++) {
        int64_t count = k < VALUES ? VALUES / (k + 1) : 0;
        int64_t error = cm_ask(cm, (uint64_t)(k * 77 + (int64_t)seed)) - count;
        out.asked++;
        out.under += error < 0;
        out.over += (double)error > bound;
        out.sum += error;
    }
    pln_count_min_free(cm);
    return out;
}

START_TEST(errors_are_as_stated) {
    static const struct {
        int rows;
        int64_t columns;
    } shapes[] = {{1, 16}, {2, 64}, {3, 64}, {4, 256}, {5, 1024}, {8, 32}};
    for (int k = 0; k < PLN__COUNT(shapes); k++) {
        tally plain = {0}, conservative = {0};
        for (uint64_t seed = 0; seed < 20; seed++) {
            tally p = errors_of(shapes[k].rows, shapes[k].columns, PLAIN, seed);
            tally c = errors_of(shapes[k].rows, shapes[k].columns, CONSERVATIVE, seed);
            plain = (tally){plain.asked + p.asked, plain.over + p.over, plain.sum + p.sum,
                            plain.under + p.under};
            conservative =
                (tally){conservative.asked + c.asked, conservative.over + c.over,
                        conservative.sum + c.sum, conservative.under + c.under};
        }
        double share = (double)plain.over / (double)plain.asked;
        printf("%d x %lld: %.4f over the bound, %.4f allowed; mean error %.2f, conservative %.2f\n",
               shapes[k].rows, (long long)shapes[k].columns, share, exp(-shapes[k].rows),
               (double)plain.sum / (double)plain.asked,
               (double)conservative.sum / (double)plain.asked);
        ck_assert_int_eq(plain.under + conservative.under, 0);
        ck_assert(share <= exp(-shapes[k].rows));
        ck_assert_int_le(conservative.over, plain.over);
        /* One row has nothing to spare. */
        ck_assert(shapes[k].rows == 1 ? conservative.sum == plain.sum
                                      : conservative.sum < plain.sum);
    }
}
END_TEST

/* What the confidence rests on: that a value meets another in one row says nothing of any other row, of the same hash or of the next. */
START_TEST(rows_are_independent) {
    enum { VALUES = 1 << 18, ROWS = 12, LOG2 = 6 };
    static int32_t together[ROWS][ROWS];
    pln_count_min *cm = cm_new(ROWS, 1 << LOG2, 64, PLAIN);
    uint32_t heavy[ROWS], other[ROWS];
    uint64_t word = 12345;
    pln__count_min_places_of(cm, &word, 8, heavy);
    for (word = 0; word < VALUES; word++) {
        pln__count_min_places_of(cm, &word, 8, other);
        for (int i = 0; i < ROWS; i++)
            for (int k = 0; k < ROWS; k++)
                together[i][k] += other[i] == heavy[i] && other[k] == heavy[k];
    }
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < ROWS; k++) {
            /* A Poisson number; 5 standard deviations and the value itself. */
            double want = VALUES / (i == k ? 64.0 : 4096.0);
            ck_assert_msg(fabs(together[i][k] - want) < 5 * sqrt(want) + 1, "rows %d, %d: %d", i, k,
                          together[i][k]);
        }
    pln_count_min_free(cm);
}
END_TEST

/* ---- real columns ---- */

typedef void on_value(void *context, const char *bytes, int64_t size);

static void each_value(const char *events, const char *column, on_value *call, void *context) {
    static char line[1 << 16];
    gzFile file = gzopen(events, "rb");
    ck_assert_ptr_nonnull(file);
    while (gzgets(file, line, sizeof line) != NULL) {
        json_t *row = json_loads(line, 0, NULL), *value = json_object_get(row, column);
        if (json_is_string(value))
            call(context, json_string_value(value), (int64_t)json_string_length(value));
        json_decref(row);
    }
    gzclose(file);
}

static void put_xxh64(void *context, const char *bytes, int64_t size) {
    pln_count_min *cm = context;
    uint32_t places[32];
    for (int row = 0; row < cm->rows; row++)
        places[row] = (uint32_t)(row * pln__count_min_columns(cm) +
                                 (int64_t)(XXH64(bytes, (size_t)size, (uint64_t)row) %
                                           (uint64_t)pln__count_min_columns(cm)));
    pln__count_min_put(cm, places, NULL, 1);
}

static int64_t ask_xxh64(const pln_count_min *cm, const char *item) {
    uint32_t places[32];
    int64_t n;
    for (int row = 0; row < cm->rows; row++)
        places[row] = (uint32_t)(row * pln__count_min_columns(cm) +
                                 (int64_t)(XXH64(item, strlen(item), (uint64_t)row) %
                                           (uint64_t)pln__count_min_columns(cm)));
    pln__count_min_least(cm, places, 1, &n);
    return n;
}

static int64_t number(const json_t *object, const char *name) {
    ck_assert(json_is_integer(json_object_get(object, name)));
    return json_integer_value(json_object_get(object, name));
}

static const char *word(const json_t *object, const char *name) {
    ck_assert(json_is_string(json_object_get(object, name)));
    return json_string_value(json_object_get(object, name));
}

/* Counters of 32 bits and of a little-endian machine are the oracle's bytes as they lie. */
static void check_oracle(const char *events, const json_t *want) {
    uint8_t digest[PLN__SHA256_SIZE], *bytes;
    char hex[2 * PLN__SHA256_SIZE + 1];
    pln_count_min *cm = cm_new((int)number(want, "depth"), number(want, "width"), 32, PLAIN);
    int64_t n = pln__count_min_counters(cm);
    each_value(events, word(want, "column"), put_xxh64, cm);
    ck_assert_int_eq(pln_count_min_total(cm), number(want, "total"));
    bytes = malloc((size_t)n * 4);
    for (int64_t i = 0; i < n; i++)
        pln__store_le32(bytes + 4 * i, (uint32_t)cm->loops->get(cm->counters, i));
    pln__sha256_of(bytes, n * 4, digest);
    for (int i = 0; i < PLN__SHA256_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(hex, word(want, "sha256_counters_le32"));
    const json_t *top = json_object_get(want, "top");
    ck_assert_int_gt((int)json_array_size(top), 0);
    for (size_t i = 0; i < json_array_size(top); i++) {
        const json_t *row = json_array_get(top, i);
        ck_assert_int_eq(ask_xxh64(cm, word(row, "item")), number(row, "estimate"));
    }
    free(bytes);
    pln_count_min_free(cm);
}

START_TEST(counters_of_real_columns) {
    char events[400], path[400];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", events, sizeof events) == NULL ||
        test_data("oracles/sketches_am.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL), *cases = json_object_get(oracle, "cms");
    ck_assert_int_gt((int)json_array_size(cases), 0);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_oracle(events, json_array_get(cases, i));
    json_decref(oracle);
}
END_TEST

static void add_text(void *context, const char *bytes, int64_t size) {
    MUST(pln_count_min_add(context, bytes, size, 1, &why));
}

/* The answers of a query of the oracle, as rows of a text and its number n. */
static void check_heavy(const pln_count_min *cm, const json_t *query, const char *name) {
    const json_t *rows = json_object_get(query, "rows");
    double bound = pln_count_min_error(cm, NULL);
    ck_assert_int_gt((int)json_array_size(rows), 0);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *item = word(json_array_get(rows, i), name);
        int64_t count = number(json_array_get(rows, i), "n"), got;
        MUST(pln_count_min_query(cm, item, (int64_t)strlen(item), &got, &why));
        ck_assert_msg(got >= count && (double)(got - count) <= bound, "%s: %lld, not %lld", item,
                      (long long)got, (long long)count);
    }
}

START_TEST(heavy_pages_and_users) {
    static const char *const columns[][3] = {{"page", "page", "heavy_pages"},
                                             {"user", "u", "heavy_users"}};
    char events[400], path[400];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", events, sizeof events) == NULL ||
        test_data("oracles/wikiticker_am.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL), *queries = json_object_get(oracle, "queries");
    for (int k = 0; k < 2; k++)
        for (int update = PLAIN; update <= CONSERVATIVE; update++) {
            int found = 0;
            pln_count_min_options options = cm_options(0, 0, 64, update);
            pln_count_min *cm = cm_made(&options);
            each_value(events, columns[k][0], add_text, cm);
            ck_assert_int_eq(pln_count_min_total(cm), 16512);
            for (size_t i = 0; i < json_array_size(queries); i++)
                if (strcmp(word(json_array_get(queries, i), "id"), columns[k][2]) == 0) {
                    check_heavy(cm, json_array_get(queries, i), columns[k][1]);
                    found++;
                }
            ck_assert_int_eq(found, 1);
            pln_count_min_free(cm);
        }
    json_decref(oracle);
}
END_TEST

Suite *suite_sketch_count_min(void);
Suite *suite_sketch_count_min(void) {
    Suite *suite = suite_create("sketch/count_min");
    TCase *tc = tcase_create("definition");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, adds_and_answers_are_the_definition);
    tcase_add_test(tc, errors_are_as_stated);
    tcase_add_test(tc, rows_are_independent);
    tcase_add_test(tc, counters_of_real_columns);
    tcase_add_test(tc, heavy_pages_and_users);
    suite_add_tcase(suite, tc);
    return suite;
}

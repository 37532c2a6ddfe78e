/* Top-k against exact counts: bounds, lists, all ways of adding, merging, real columns. */
#define _POSIX_C_SOURCE 200809L
#include "top_k_help.h"
#include <jansson.h>
#include <zlib.h>

/* ---- streams and their exact counts ---- */

enum { N = 20000, DISTINCT = 8000 };

typedef struct stream {
    uint64_t values[N];
    int64_t weights[N];
    int64_t counts[DISTINCT]; /* by weight */
    int64_t total;
} stream;

static uint64_t key_of(uint64_t value) {
    return value * 0x9e3779b97f4a7c15u;
}

/* `kind` 0 to 3: ever steeper; 4: each value once, then some again; 5: by turns, which is the worst for what drops the least. */
static void make_stream(stream *s, int kind, bool weighted, uint64_t seed) {
    memset(s, 0, sizeof *s);
    for (int64_t i = 0; i < N; i++) {
        uint64_t value = kind < 4    ? top_k_skewed(&seed, DISTINCT, kind)
                         : kind == 4 ? (uint64_t)(i < DISTINCT ? i : i % 100)
                                     : (uint64_t)(i % 300);
        s->values[i] = key_of(value);
        s->weights[i] = !weighted        ? 1
                        : value % 7 == 0 ? 0
                                         : (int64_t)(top_k_random(&seed) >> (30 + seed % 30));
        s->counts[value] += s->weights[i];
        s->total += s->weights[i];
    }
}

static const int64_t capacities[] = {1, 2, 3, 4, 5, 16, 100, 1000, 3000, 9000};
enum { KINDS = 6 };

static void check_item(const pln_top_k *top, uint64_t value, int64_t count) {
    uint64_t key = key_of(value);
    int64_t lower = -1, upper = -1, error = pln_top_k_error(top);
    int64_t estimate = pln_top_k_estimate(top, &key, 8, &lower, &upper);
    HOLDS(lower <= count && count <= upper, "%lld: %lld to %lld", (long long)count,
          (long long)lower, (long long)upper);
    HOLDS(lower >= 0 && upper - lower <= error, "%lld %lld", (long long)upper, (long long)lower);
    HOLDS(lower <= estimate && estimate <= upper, "%lld", (long long)estimate);
    HOLDS(count <= error || lower > 0, "%lld, error %lld", (long long)count, (long long)error);
}

/* Of keys of key_of; they are odd multiples, so that the inverse is one too. */
static uint64_t value_of(const uint8_t *bytes) {
    uint64_t factor = 0x9e3779b97f4a7c15u, inverse = factor;
    for (int i = 0; i < 6; i++)
        inverse *= 2 - factor * inverse;
    return pln__load_le64(bytes) * inverse;
}

static void check_lists(const pln_top_k *top, const int64_t *counts) {
    static pln_top_k_entry out[9000];
    static bool listed[DISTINCT];
    int64_t error = pln_top_k_error(top), threshold = error * 3 / 2 + 2;
    for (int guarantee = 1; guarantee <= 2; guarantee++) {
        int64_t found = -1;
        out[0].struct_size = sizeof out[0];
        MUST(pln_top_k_list(top, guarantee, threshold, 9000, out, &found, &why));
        memset(listed, 0, sizeof listed);
        for (int64_t i = 0; i < found; i++) {
            ck_assert(out[i].size == 8 && out[i].struct_size == sizeof out[i]);
            uint64_t value = value_of(out[i].bytes);
            HOLDS(value < DISTINCT && !listed[value], "%llu", (unsigned long long)value);
            listed[value] = true;
            HOLDS(out[i].lower <= counts[value] && counts[value] <= out[i].upper, "%lld",
                  (long long)i);
            HOLDS(guarantee == PLN_TOP_K_NO_FALSE_NEGATIVES || counts[value] > threshold, "%lld",
                  (long long)i);
            HOLDS(i == 0 || out[i - 1].estimate > out[i].estimate ||
                      (out[i - 1].estimate == out[i].estimate &&
                       memcmp(out[i - 1].bytes, out[i].bytes, 8) < 0),
                  "%lld", (long long)i);
        }
        for (int64_t value = 0; value < DISTINCT && guarantee == PLN_TOP_K_NO_FALSE_NEGATIVES;
             value++)
            HOLDS(listed[value] || counts[value] <= threshold, "%lld", (long long)value);
        /* Fewer of them are the first of them. */
        pln_top_k_entry few[5] = {{.struct_size = sizeof few[0]}};
        int64_t again = -1;
        MUST(pln_top_k_list(top, guarantee, threshold, 5, few, &again, &why));
        ck_assert_int_eq(again, found);
        for (int64_t i = 0; i < 5 && i < found; i++)
            ck_assert(few[i].bytes == out[i].bytes && few[i].upper == out[i].upper);
    }
}

static void check_all(const pln_top_k *top, const stream *s, int64_t capacity) {
    int64_t error = pln_top_k_error(top);
    ck_assert_int_eq(pln_top_k_total(top), s->total);
    for (uint64_t value = 0; value < DISTINCT; value++)
        check_item(top, value, s->counts[value]);
    ck_assert_msg((double)error * 3 * (double)capacity < 4.0 * (double)s->total + (error == 0),
                  "error %lld", (long long)error);
    check_lists(top, s->counts);
}

START_TEST(bounds_hold_for_every_item) {
    static stream s;
    for (int weighted = 0; weighted < 2; weighted++) {
        make_stream(&s, _i, weighted, 1);
        for (int k = 0; k < PLN__COUNT(capacities); k++) {
            pln_top_k *top = top_k_new(capacities[k]);
            MUST(pln_top_k_add_uint64(top, s.values, s.weights, N, NULL, 0, &why));
            check_all(top, &s, capacities[k]);
            pln_top_k_info info = {.struct_size = sizeof info};
            pln_top_k_info_get(top, &info);
            ck_assert_int_le(info.entries, capacities[k]);
            ck_assert_int_eq(info.capacity, capacities[k]);
            ck_assert_int_eq(info.error, pln_top_k_error(top));
            ck_assert_int_eq(info.memory_bytes, pln_top_k_memory(top));
            pln_top_k_free(top);
        }
    }
}
END_TEST

/* With an entry for each, counts are exact; of a heavy item that came early they are always. */
START_TEST(exact_where_there_is_room) {
    static stream s;
    make_stream(&s, 1, true, 2);
    pln_top_k *top = top_k_new(DISTINCT), *small = top_k_new(50);
    MUST(pln_top_k_add_uint64(top, s.values, s.weights, N, NULL, 0, &why));
    ck_assert_int_eq(pln_top_k_error(top), 0);
    for (uint64_t value = 0; value < DISTINCT; value++) {
        uint64_t key = key_of(value);
        HOLDS(pln_top_k_estimate(top, &key, 8, NULL, NULL) == s.counts[value], "%d", (int)value);
    }
    for (uint64_t i = 0; i < N; i++) {
        uint64_t heavy = 7;
        MUST(pln_top_k_add_uint64(small, &heavy, NULL, 1, NULL, 0, &why));
        MUST(pln_top_k_add(small, &i, 8, 1, &why));
    }
    int64_t lower, upper;
    uint64_t heavy = 7;
    ck_assert_int_gt(pln_top_k_error(small), 0);
    ck_assert_int_eq(pln_top_k_estimate(small, &heavy, 8, &lower, &upper), N + 1);
    ck_assert_int_eq(lower, upper);
    pln_top_k_free(top);
    pln_top_k_free(small);
}
END_TEST

/* ---- ways of adding ---- */

/* One by one, in columns cut anywhere, by every kernel and with every seed: the same sketch. */
START_TEST(ways_of_adding_are_one) {
    static stream s;
    static uint8_t bits[N / 8 + 2];
    static const uint64_t seeds[] = {0, 1, 0x123456789abcdef0u};
    for (int weighted = 0; weighted < 2; weighted++) {
        make_stream(&s, _i, weighted, 3);
        const int64_t *weights = weighted ? s.weights : NULL;
        for (int64_t i = 0; i < N; i++)
            pln__bit_put(bits, i + 3, i % 5 != 0);
        for (int k = 0; k < PLN__COUNT(capacities); k++) {
            pln_top_k *singly = top_k_new(capacities[k]);
            for (int64_t i = 0; i < N; i++)
                if (i % 5 != 0)
                    MUST(pln_top_k_add(singly, &s.values[i], 8, s.weights[i], &why));
            for (int way = 0; way < 6; way++) {
                pln_top_k_options options = top_k_options(capacities[k], seeds[way / 2]);
                pln_top_k *top = NULL;
                uint64_t state = (uint64_t)way;
                MUST(pln_top_k_new(NULL, &options, &top, &why));
                top->cpu = way % 2 == 0 ? 0 : top->cpu;
                for (int64_t at = 0, size; at < N; at += size) {
                    size = way < 2 ? N : (int64_t)(top_k_random(&state) % 3000);
                    size = size < N - at ? size : N - at;
                    MUST(pln_top_k_add_uint64(top, s.values + at,
                                              weights != NULL ? weights + at : NULL, size, bits,
                                              3 + at, &why));
                }
                top_k_same(top, singly);
                pln_top_k_free(top);
            }
            pln_top_k_free(singly);
        }
    }
}
END_TEST

/* Who knows the seed: keys that all have one home, and the key that marks what is free. */
START_TEST(keys_of_an_adversary) {
    pln_top_k *top = top_k_new(300);
    uint64_t state = 4, keys[400], mark = PLN__LE(64, top->free_key);
    int64_t counts[400] = {0}, marks = 0;
    int n = 0;
    while (n < 400) {
        uint64_t key = top_k_random(&state);
        if (pln__top_k_home(101, pln__top_k_mix(key, top->factor)) == 77)
            keys[n++] = PLN__LE(64, key);
    }
    for (int i = 0; i < 4000; i++) {
        uint64_t batch[16];
        for (int k = 0; k < 16; k++) {
            uint64_t which = top_k_skewed(&state, 400, 1);
            batch[k] = i > 2000 && k == 9 ? mark : keys[which];
            if (batch[k] == mark)
                marks++;
            else
                counts[which]++;
        }
        MUST(pln_top_k_add_uint64(top, batch, NULL, 16, NULL, 0, &why));
    }
    ck_assert_int_gt(pln_top_k_error(top), 0);
    int64_t lower, upper;
    for (int i = 0; i < 400; i++) {
        uint64_t bytes = PLN__LE(64, keys[i]);
        pln_top_k_estimate(top, &bytes, 8, &lower, &upper);
        HOLDS(lower <= counts[i] && counts[i] <= upper, "%d", i);
    }
    uint64_t bytes = PLN__LE(64, mark);
    pln_top_k_estimate(top, &bytes, 8, &lower, &upper);
    ck_assert(lower <= marks && marks <= upper && lower > marks / 2);
    bytes = top->free_key + 1;
    pln_top_k_estimate(top, &bytes, 8, &lower, &upper);
    ck_assert_int_eq(lower, 0);
    ck_assert_int_eq(pln_top_k_size(top, PLN_TOP_K_DATASKETCHES_LONGS), 32 + 16 * top->used);
    pln_top_k_free(top);
}
END_TEST

/* ---- items of any size ---- */

enum { TEXTS = 3000 };
typedef struct texts {
    uint8_t bytes[TEXTS][48];
    int64_t size[TEXTS];
    int64_t counts[TEXTS];
} texts;

/* Different ones, of 0 to 47 bytes, many of 8. */
static void make_texts(texts *t) {
    uint64_t state = 5;
    memset(t, 0, sizeof *t);
    for (int i = 0; i < TEXTS; i++) {
        t->size[i] = i < 3 ? i * 8 : i % 3 == 0 ? 8 : 4 + (int64_t)(top_k_random(&state) % 44);
        for (int64_t k = 0; k < t->size[i]; k++)
            t->bytes[i][k] = k < 4 ? (uint8_t)(i >> (4 * k) & 15) : (uint8_t)top_k_random(&state);
    }
}

static void check_texts(const pln_top_k *top, const texts *t) {
    for (int i = 0; i < TEXTS; i++) {
        int64_t lower, upper;
        pln_top_k_estimate(top, t->bytes[i], t->size[i], &lower, &upper);
        HOLDS(lower <= t->counts[i] && t->counts[i] <= upper, "%d", i);
        HOLDS(t->counts[i] <= pln_top_k_error(top) || lower > 0, "%d", i);
    }
}

START_TEST(items_of_any_size_come_and_go) {
    static texts t;
    static const int64_t sizes[] = {1, 10, 300, 3000};
    for (int k = 0; k < PLN__COUNT(sizes); k++) {
        uint64_t state = 6;
        make_texts(&t);
        pln_top_k *top = top_k_new(sizes[k]);
        int64_t settled = 0;
        for (int i = 0; i < 60000; i++) {
            uint64_t which = top_k_skewed(&state, TEXTS, 1);
            which = i > 30000 ? TEXTS - 1 - which : which;
            t.counts[which]++;
            MUST(pln_top_k_add(top, t.bytes[which], t.size[which], 1, &why));
            settled = i == 20000 ? pln_top_k_memory(top) : settled;
        }
        check_texts(top, &t);
        /* 48 bytes at most, and 4 before them: three times that for each entry, beside the slots. */
        int64_t slots = sizes[k] / 3 * 4 + 4;
        ck_assert_int_le(pln_top_k_memory(top), 600 + slots * 32 + sizes[k] * 52 * 3);
        if (sizes[k] == 300)
            ck_assert_int_le(pln_top_k_memory(top), settled * 2);
        pln_top_k_free(top);
    }
}
END_TEST

/* ---- merging ---- */

static pln_top_k *part_of(const stream *s, int64_t capacity, int64_t from, int64_t to, int step) {
    pln_top_k *top = top_k_new(capacity);
    for (int64_t i = from; i < to; i += step)
        MUST(pln_top_k_add(top, &s->values[i], 8, s->weights[i], &why));
    return top;
}

START_TEST(merged_parts_keep_the_bounds) {
    static stream s;
    uint64_t state = 7;
    make_stream(&s, _i, _i % 2 == 1, 8);
    for (int round = 0; round < 8; round++) {
        int64_t cut = (int64_t)(top_k_random(&state) % N), least = INT64_MAX, size[4];
        for (int k = 0; k < 4; k++) {
            size[k] = capacities[3 + top_k_random(&state) % 6];
            least = size[k] < least ? size[k] : least;
        }
        pln_top_k *part[4] = {part_of(&s, size[0], 0, cut, 1), part_of(&s, size[1], cut, N, 3),
                              part_of(&s, size[2], cut + 1, N, 3), part_of(&s, size[3], cut + 2, N, 3)};
        MUST(pln_top_k_merge(part[1], part[3], &why));
        MUST(pln_top_k_merge(part[1], part[2], &why));
        MUST(pln_top_k_merge(part[0], part[1], &why));
        check_all(part[0], &s, least);
        ck_assert_int_le(part[0]->used, size[0]);
        for (int k = 0; k < 4; k++)
            pln_top_k_free(part[k]);
    }
}
END_TEST

/* Where all have room, merging is adding, whatever the order; with itself, twice. */
START_TEST(merging_with_room_is_adding) {
    static stream s;
    make_stream(&s, 1, true, 9);
    pln_top_k *a = part_of(&s, DISTINCT, 0, N / 3, 1), *b = part_of(&s, DISTINCT, N / 3, N, 1), *c,
              *d;
    pln_top_k *all = part_of(&s, DISTINCT, 0, N, 1), *none = top_k_new(DISTINCT);
    MUST(pln_top_k_copy(a, &c, &why));
    MUST(pln_top_k_copy(b, &d, &why));
    top_k_same(a, c);
    MUST(pln_top_k_merge(c, b, &why));
    MUST(pln_top_k_merge(d, a, &why));
    top_k_same(c, all);
    top_k_same(d, all);
    MUST(pln_top_k_merge(c, none, &why));
    top_k_same(c, all);
    MUST(pln_top_k_merge(none, all, &why));
    top_k_same(none, all);
    MUST(pln_top_k_merge(c, c, &why));
    for (uint64_t value = 0; value < DISTINCT; value++) {
        uint64_t key = key_of(value);
        HOLDS(pln_top_k_estimate(c, &key, 8, NULL, NULL) == 2 * s.counts[value], "%d", (int)value);
    }
    pln_top_k_clear(c);
    ck_assert_int_eq(pln_top_k_total(c), 0);
    pln_top_k *fresh = top_k_new(DISTINCT);
    top_k_same(c, fresh);
    ck_assert_int_eq(pln_top_k_memory(c), pln_top_k_memory(fresh));
    pln_top_k *tops[] = {a, b, c, d, all, none, fresh};
    for (int i = 0; i < PLN__COUNT(tops); i++)
        pln_top_k_free(tops[i]);
}
END_TEST

START_TEST(merged_texts_keep_the_bounds) {
    static texts t;
    uint64_t state = 10;
    make_texts(&t);
    pln_top_k *a = top_k_new(200), *b = top_k_new(500);
    for (int i = 0; i < 30000; i++) {
        uint64_t which = top_k_skewed(&state, TEXTS, 1);
        t.counts[which]++;
        MUST(pln_top_k_add(i % 3 == 0 ? a : b, t.bytes[which], t.size[which], 1, &why));
    }
    MUST(pln_top_k_merge(a, b, &why));
    check_texts(a, &t);
    for (int i = 0; i < 30000; i++) {
        uint64_t which = top_k_skewed(&state, TEXTS, 2);
        t.counts[which]++;
        MUST(pln_top_k_add(a, t.bytes[which], t.size[which], 1, &why));
    }
    check_texts(a, &t);
    pln_top_k_free(a);
    pln_top_k_free(b);
}
END_TEST

/* ---- the oracle: real columns ---- */

static void add_events(pln_top_k *top, const char *events, const char *column) {
    static char line[1 << 16];
    gzFile file = gzopen(events, "rb");
    ck_assert_ptr_nonnull(file);
    while (gzgets(file, line, sizeof line) != NULL) {
        json_t *row = json_loads(line, 0, NULL), *value = json_object_get(row, column);
        if (json_is_string(value))
            MUST(pln_top_k_add(top, json_string_value(value), (int64_t)json_string_length(value), 1,
                               &why));
        json_decref(row);
    }
    gzclose(file);
}

/* `top`: the query's rows are the first by count. Else they are all from a count on. */
static void check_query(const json_t *query, const pln_top_k *top, const char *column, bool first) {
    static pln_top_k_entry out[4096];
    int64_t found, lower, upper;
    json_t *rows = json_object_get(query, "rows");
    ck_assert_int_gt((int)json_array_size(rows), 0);
    out[0].struct_size = sizeof out[0];
    MUST(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, 4096, out, &found, &why));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i), *name = json_object_get(row, column);
        int64_t n = json_integer_value(json_object_get(row, "n")), at = 0;
        int64_t size = (int64_t)json_string_length(name);
        pln_top_k_estimate(top, json_string_value(name), size, &lower, &upper);
        ck_assert(lower <= n && n <= upper);
        if (n <= pln_top_k_error(top))
            continue;
        while (at < found && (out[at].size != size ||
                              memcmp(out[at].bytes, json_string_value(name), (size_t)size) != 0))
            at++;
        ck_assert_int_lt(at, found);
        /* Exact counts come in the oracle's order, ties by bytes. */
        if (first && pln_top_k_error(top) == 0)
            ck_assert_int_eq(at, (int64_t)i);
    }
}

START_TEST(heavy_rows_of_real_columns) {
    static const struct {
        const char *id, *column, *name;
        bool first;
    } queries[] = {{"top_users", "user", "u", true}, {"heavy_users", "user", "u", false},
                   {"top_pages", "page", "page", true}, {"heavy_pages", "page", "page", false}};
    static const int64_t sizes[] = {64, 512, 40000};
    char events[400], path[400];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", events, sizeof events) == NULL ||
        test_data("oracles/wikiticker_am.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL), *all = json_object_get(oracle, "queries");
    int checked = 0;
    for (int k = 0; k < PLN__COUNT(sizes); k++)
        for (int i = 0; i < PLN__COUNT(queries); i += 2) {
            pln_top_k *top = top_k_new(sizes[k]);
            add_events(top, events, queries[i].column);
            for (size_t q = 0; q < json_array_size(all); q++)
                for (int j = i; j < i + 2; j++) {
                    const json_t *query = json_array_get(all, q);
                    if (strcmp(json_string_value(json_object_get(query, "id")), queries[j].id) != 0)
                        continue;
                    check_query(query, top, queries[j].name, queries[j].first);
                    checked++;
                }
            pln_top_k_free(top);
        }
    ck_assert_int_eq(checked, PLN__COUNT(sizes) * PLN__COUNT(queries));
    json_decref(oracle);
}
END_TEST

Suite *suite_sketch_top_k(void);
Suite *suite_sketch_top_k(void) {
    Suite *suite = suite_create("sketch/top_k");
    TCase *tc = tcase_create("bounds");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, bounds_hold_for_every_item, 0, KINDS);
    tcase_add_test(tc, exact_where_there_is_room);
    tcase_add_loop_test(tc, ways_of_adding_are_one, 0, KINDS);
    tcase_add_test(tc, keys_of_an_adversary);
    tcase_add_test(tc, items_of_any_size_come_and_go);
    tcase_add_loop_test(tc, merged_parts_keep_the_bounds, 0, KINDS);
    tcase_add_test(tc, merging_with_room_is_adding);
    tcase_add_test(tc, merged_texts_keep_the_bounds);
    tcase_add_test(tc, heavy_rows_of_real_columns);
    suite_add_tcase(suite, tc);
    return suite;
}

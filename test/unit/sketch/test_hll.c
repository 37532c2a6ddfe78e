/* HyperLogLog against the definition: hashes, registers in every way of adding, merging as the union, folding, failing allocations. */
#define _POSIX_C_SOURCE 200809L
#include "base/digest.h"
#include "hll_help.h"
#include <jansson.h>
#include <math.h>
#include <zlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- hashes ---- */

/* The verification values of A. Appleby's SMHasher: hashes of 0, 01, 012 ... with the seeds 256, 255 ..., hashed once more. */
static uint32_t verify(int size, void (*hash)(const void *, int64_t, uint64_t, uint8_t *)) {
    uint8_t key[256], hashes[256 * 16], final[16];
    for (int i = 0; i < 256; i++) {
        key[i] = (uint8_t)i;
        hash(key, i, (uint64_t)(256 - i), hashes + i * size);
    }
    hash(hashes, 256 * size, 0, final);
    return pln__load_le32(final);
}

static void murmur2(const void *bytes, int64_t size, uint64_t seed, uint8_t *out) {
    pln__store_le64(out, pln__murmur64a(bytes, size, seed));
}

static void murmur3(const void *bytes, int64_t size, uint64_t seed, uint8_t *out) {
    uint64_t hash[2];
    pln__murmur3_128(bytes, size, seed, hash);
    pln__store_le64(out, hash[0]);
    pln__store_le64(out + 8, hash[1]);
}

START_TEST(murmurs_are_murmurs) {
    ck_assert_uint_eq(verify(8, murmur2), 0x1f0d3804);
    ck_assert_uint_eq(verify(16, murmur3), 0x6384ba69);
}
END_TEST

START_TEST(bits_turn_around) {
    ck_assert(pln__reverse_bits(1) == (uint64_t)1 << 63);
    ck_assert(pln__reverse_bits(0x0123456789abcdefu) == 0xf7b3d591e6a2c480u);
}
END_TEST

/* ---- kernels against xxHash and plain loops ---- */

typedef struct variant {
    const char *name;
    uint32_t needs;
    pln__hll_filter_fn *filter;
} variant;
static const variant variants[] = {
    {"words", 0, pln__hll_filter_words},
#if defined(__x86_64__)
    {"avx2", PLN__CPU_AVX2, pln__hll_filter_avx2},
#endif
};

static void check_filter(const variant *v, const uint64_t *keys, int64_t n, uint64_t seed,
                         uint64_t mask) {
    uint64_t out[400];
    int64_t kept = v->filter(keys, n, pln__hll_flip(seed), mask, out), at = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t hash = XXH3_64bits_withSeed(&keys[i], 8, seed);
        if ((hash & mask) != 0)
            continue;
        if (at >= kept || out[at] != hash)
            ck_abort_msg("%s: %lld of %lld", v->name, (long long)i, (long long)n);
        at++;
    }
    ck_assert_int_eq(at, kept);
}

START_TEST(filters_hash_as_xxhash) {
    uint64_t state = 1, keys[300];
    for (int k = 0; k < PLN__COUNT(variants); k++) {
        if ((pln__cpu_features() & variants[k].needs) != variants[k].needs) {
            printf("filter %s: not on this processor\n", variants[k].name);
            continue;
        }
        for (int round = 0; round < 300; round++) {
            for (int i = 0; i < 300; i++)
                keys[i] = round == 0 ? (uint64_t)i : hll_random(&state) >> round % 64;
            uint64_t seed = round < 2 ? (uint64_t)round : hll_random(&state);
            uint64_t mask = ((uint64_t)1 << round % 7) - 1;
            check_filter(&variants[k], keys, round, seed, mask << 40);
        }
    }
}
END_TEST

START_TEST(texts_hash_as_xxhash) {
    uint8_t text[6000];
    int32_t offsets[101] = {0};
    uint64_t state = 2, out[110];
    for (int i = 0; i < 100; i++)
        offsets[i + 1] = offsets[i] + (i < 60 ? i : (int)(hll_random(&state) % 60));
    for (int i = 0; i < offsets[100]; i++)
        text[i] = (uint8_t)hll_random(&state);
    for (uint64_t seed = 0; seed < 5; seed++) {
        uint64_t mask = seed << 50;
        int64_t at = 0,
                kept = pln__hll_filter_texts(offsets, text, 100, seed * seed << 37, mask, out);
        for (int i = 0; i < 100; i++) {
            uint64_t hash = XXH3_64bits_withSeed(
                text + offsets[i], (size_t)(offsets[i + 1] - offsets[i]), seed * seed << 37);
            if ((hash & mask) == 0)
                ck_assert(at < kept && out[at++] == hash);
        }
        ck_assert_int_eq(at, kept);
    }
}
END_TEST

START_TEST(maximum_and_counts) {
    static uint8_t a[4096], b[4096], c[4096];
    uint64_t state = 3;
    uint32_t counts[PLN__HLL_RANKS], plain[PLN__HLL_RANKS] = {0};
    for (int n = 16; n <= 4096; n *= 2) {
        for (int i = 0; i < n; i++) {
            a[i] = (uint8_t)(hll_random(&state) % 64);
            b[i] = (uint8_t)(hll_random(&state) % 64);
        }
        memcpy(c, a, (size_t)n);
        pln__hll_max_words(c, b, n);
        for (int i = 0; i < n; i++)
            ck_assert_int_eq(c[i], a[i] > b[i] ? a[i] : b[i]);
#if defined(__x86_64__)
        if (pln__cpu_features() & PLN__CPU_AVX2) {
            pln__hll_max_avx2(a, b, n);
            ck_assert_int_eq(memcmp(a, c, (size_t)n), 0);
        }
#endif
        memset(plain, 0, sizeof plain);
        for (int i = 0; i < n; i++)
            plain[c[i]]++;
        pln__hll_histogram(c, n, counts);
        ck_assert_int_eq(memcmp(counts, plain, sizeof plain), 0);
        for (int rank = 0; rank < 64; rank++)
            ck_assert_int_eq(pln__hll_equal_to(c, n, (uint8_t)rank), plain[rank]);
    }
}
END_TEST

/* ---- registers by the definition ---- */

static void check_registers(const pln_hll *hll, const uint8_t *want) {
    static uint8_t got[1 << 18];
    pln__hll_registers(hll, got);
    for (int64_t i = 0; i < (int64_t)1 << hll->precision; i++)
        if (got[i] != want[i])
            ck_abort_msg("precision %d, register %lld: %d, not %d", hll->precision, (long long)i,
                         got[i], want[i]);
}

/* Every way to add the same values, in every variant, comes to the registers that the definition gives. */
START_TEST(adds_are_the_definition) {
    static uint8_t want[1 << 18], bits[70000 / 8 + 2];
    static uint64_t keys[70000];
    uint64_t state = 4, seed = 77;
    for (int p = 4; p <= 18; p++) {
        int n = p % 3 == 0 ? 300 : p % 3 == 1 ? 70000 : 5000;
        uint32_t cpu[2] = {0, pln__cpu_features()};
        memset(want, 0, sizeof want);
        for (int i = 0; i < n; i++) {
            keys[i] = hll_random(&state);
            pln__bit_put(bits, i + 3, i % 5 != 0);
            if (i % 5 != 0)
                hll_naive(want, p, XXH3_64bits_withSeed(&keys[i], 8, seed));
        }
        pln_hll *one = hll_new(p, PLN_HLL_XXH3, seed), *hashed = hll_new(p, PLN_HLL_XXH3, seed);
        for (int i = 0; i < n; i++) {
            if (i % 5 == 0)
                continue;
            MUST(pln_hll_add(one, &keys[i], 8, &why));
            MUST(pln_hll_add_hash(hashed, XXH3_64bits_withSeed(&keys[i], 8, seed), &why));
        }
        check_registers(one, want);
        hll_same(one, hashed);
        for (int k = 0; k < 2; k++) {
            pln_hll *column = hll_new(p, PLN_HLL_XXH3, seed);
            column->cpu = cpu[k];
            MUST(pln_hll_add_uint64(column, keys, n, bits, 3, &why));
            hll_same(one, column);
            pln_hll_free(column);
        }
        pln_hll_free(one);
        pln_hll_free(hashed);
    }
}
END_TEST

START_TEST(ends_of_ranks) {
    for (int p = 4; p <= 18; p++) {
        pln_hll *hll = hll_new(p, PLN_HLL_XXH3, 0);
        static uint8_t got[1 << 18];
        MUST(pln_hll_add_hash(hll, 0, &why));
        MUST(pln_hll_add_hash(hll, UINT64_MAX, &why));
        pln__hll_registers(hll, got);
        ck_assert_int_eq(got[0], 64 - p + 1);
        ck_assert_int_eq(got[((size_t)1 << p) - 1], 1);
        /* One hash a register, the last possible rank. */
        for (uint64_t i = 0; i < (uint64_t)1 << p; i++)
            MUST(pln_hll_add_hash(hll, i << (64 - p), &why));
        ck_assert(isinf(pln_hll_estimate(hll)));
        uint64_t keys[600] = {1, 2, 3};
        MUST(pln_hll_add_uint64(hll, keys, 600, NULL, 0, &why));
        pln_hll_clear(hll);
        ck_assert(pln_hll_estimate(hll) == 0);
        pln_hll *fresh = hll_new(p, PLN_HLL_XXH3, 0);
        hll_same(hll, fresh);
        pln_hll_free(fresh);
        pln_hll_free(hll);
    }
}
END_TEST

/* ---- the oracle: registers of real columns for another hash ---- */

static void add_line(pln_hll *hll, const char *line, const char *column) {
    json_t *row = json_loads(line, 0, NULL);
    json_t *value = json_object_get(row, column);
    if (json_is_string(value))
        MUST(pln_hll_add_hash(hll, XXH64(json_string_value(value), json_string_length(value), 0),
                              &why));
    json_decref(row);
}

static void check_oracle(const char *events, const json_t *want) {
    static char line[1 << 16];
    static uint8_t registers[1 << 18];
    uint8_t digest[PLN__SHA256_SIZE];
    char hex[2 * PLN__SHA256_SIZE + 1];
    int p = (int)json_integer_value(json_object_get(want, "p"));
    double exact = json_number_value(json_object_get(want, "exact"));
    pln_hll *hll = hll_new(p, PLN_HLL_XXH3, 0);
    gzFile file = gzopen(events, "rb");
    ck_assert_ptr_nonnull(file);
    while (gzgets(file, line, sizeof line) != NULL)
        add_line(hll, line, json_string_value(json_object_get(want, "column")));
    gzclose(file);
    pln__hll_registers(hll, registers);
    pln__sha256_of(registers, (int64_t)1 << p, digest);
    for (int i = 0; i < PLN__SHA256_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(hex, json_string_value(json_object_get(want, "sha256_registers")));
    double error = fabs(pln_hll_estimate(hll) / exact - 1);
    ck_assert_msg(error < 3 * 1.04 / sqrt((double)((int64_t)1 << p)), "%f", error);
    pln_hll_free(hll);
}

START_TEST(registers_of_real_columns) {
    char events[400], path[400];
    if (test_data("wikiticker/wikiticker_am.ndjson.gz", events, sizeof events) == NULL ||
        test_data("oracles/sketches_am.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL);
    json_t *cases = json_object_get(oracle, "hll");
    ck_assert_int_gt((int)json_array_size(cases), 0);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_oracle(events, json_array_get(cases, i));
    json_decref(oracle);
}
END_TEST

static TCase *hashes(void) {
    TCase *tc = tcase_create("definition");
    tcase_add_test(tc, murmurs_are_murmurs);
    tcase_add_test(tc, bits_turn_around);
    tcase_add_test(tc, filters_hash_as_xxhash);
    tcase_add_test(tc, texts_hash_as_xxhash);
    tcase_add_test(tc, maximum_and_counts);
    tcase_add_test(tc, adds_are_the_definition);
    tcase_add_test(tc, ends_of_ranks);
    tcase_add_test(tc, registers_of_real_columns);
    return tc;
}

Suite *suite_sketch_hll(void);
Suite *suite_sketch_hll(void) {
    Suite *suite = suite_create("sketch/hll");
    suite_add_tcase(suite, hashes());
    return suite;
}

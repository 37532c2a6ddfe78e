/* Serialized forms of HyperLogLog: round trips, damage, files that DataSketches wrote, strings as Redis writes them. */
#define _POSIX_C_SOURCE 200809L
#include "hll_help.h"
#include <math.h>

static const int hashes[] = {PLN_HLL_XXH3, PLN_HLL_REDIS, PLN_HLL_DATASKETCHES};

static pln_hll *filled(int precision, int hash, uint64_t seed, uint64_t n) {
    pln_hll *hll = hll_new(precision, hash, seed);
    for (uint64_t i = 0; i < n; i++)
        MUST(pln_hll_add(hll, &i, 8, &why));
    return hll;
}

static pln_hll *read_form(int form, const void *bytes, int64_t size) {
    pln_hll *hll = NULL;
    MUST(pln_hll_read(NULL, form, NULL, bytes, size, &hll, &why));
    return hll;
}

START_TEST(native_round_trip) {
    static const uint64_t sizes[] = {0, 1, 15, 16, 17, 300, 1024, 1025, 50000};
    for (int p = 4; p <= 18; p++)
        for (int k = 0; k < PLN__COUNT(sizes); k++) {
            pln_hll *hll = filled(p, hashes[_i], 0, sizes[k]);
            hll_bytes bytes = hll_write(hll, PLN_HLL_NATIVE);
            pln_hll *back = read_form(PLN_HLL_NATIVE, bytes.data, bytes.size);
            hll_same(hll, back);
            hll_same_registers(hll, back);
            ck_assert(pln_hll_estimate(hll) == pln_hll_estimate(back));
            /* It goes on as the one that was written. */
            for (uint64_t i = 40000; i < 41000; i++) {
                MUST(pln_hll_add(hll, &i, 8, &why));
                MUST(pln_hll_add(back, &i, 8, &why));
            }
            hll_same(hll, back);
            free(bytes.data);
            pln_hll_free(hll);
            pln_hll_free(back);
        }
}
END_TEST

/* The bytes of one sketch, drawn by hand, so that the form cannot change unseen. */
START_TEST(native_bytes) {
    pln_hll *hll = hll_new(8, PLN_HLL_XXH3, 0);
    MUST(pln_hll_add_hash(hll, (uint64_t)5 << 38 | 1, &why));
    MUST(pln_hll_add_hash(hll, (uint64_t)3 << 38 | (uint64_t)1 << 36, &why));
    hll_bytes bytes = hll_write(hll, PLN_HLL_NATIVE);
    /* SHA-256 of "pln.hll", 1 and eight bytes of 0, by sha256sum. */
    static const uint8_t want[32] = {'P', 'L', 'N', 'H', 1, 1, 8, 0, 0xc3, 0xf8, 0xcc, 0x9e, 0x33, 0x17, 0x46, 0x3a,
                                     2, 0, 0, 0, 0, 0, 0, 0, 0xc2, 0, 0, 0, 0x66, 1, 0, 0};
    ck_assert_int_eq(bytes.size, 40);
    ck_assert_int_eq(memcmp(bytes.data, want, sizeof want), 0);
    free(bytes.data);
    pln_hll_free(hll);
}
END_TEST

/* ---- damage ---- */

static void refused(int form, const uint8_t *bytes, int64_t size, const char *words) {
    uint8_t *exact = malloc((size_t)size + (size == 0));
    pln_error err = {0};
    pln_hll *hll = NULL;
    memcpy(exact, bytes, (size_t)size);
    ck_assert_int_eq(pln_hll_read(NULL, form, NULL, exact, size, &hll, &err), PLN_EDATA);
    ck_assert_ptr_null(hll);
    ck_assert_int_ne(err.flags & PLN_ERR_DATA, 0);
    ck_assert_msg(words == NULL || strstr(err.message, words) != NULL, "%s", err.message);
    free(exact);
}

START_TEST(every_truncation_and_change_is_refused) {
    static const uint64_t sizes[] = {0, 3, 40, 3000};
    for (int k = 0; k < PLN__COUNT(sizes); k++) {
        pln_hll *hll = filled(k == 0 ? 4 : 10, PLN_HLL_XXH3, 0, sizes[k]);
        hll_bytes b = hll_write(hll, PLN_HLL_NATIVE);
        for (int64_t n = 0; n < b.size; n++)
            refused(PLN_HLL_NATIVE, b.data, n, NULL);
        for (int64_t i = 0; i < b.size; i++)
            for (int bit = 0; bit < 8; bit++) {
                b.data[i] ^= (uint8_t)(1 << bit);
                refused(PLN_HLL_NATIVE, b.data, b.size, NULL);
                b.data[i] ^= (uint8_t)(1 << bit);
            }
        free(b.data);
        pln_hll_free(hll);
    }
}
END_TEST

/* Lies with a right checksum: one byte or more is set, then summed anew. */
static void lie(hll_bytes b, int64_t at, uint32_t value, const char *words) {
    uint8_t *copy = malloc((size_t)b.size);
    memcpy(copy, b.data, (size_t)b.size);
    if (at >= 16)
        pln__store_le32(copy + at, value);
    else
        copy[at] = (uint8_t)value;
    pln__store_le64(copy + b.size - 8, pln__hash64(copy, b.size - 8, 0));
    refused(PLN_HLL_NATIVE, copy, b.size, words);
    free(copy);
}

START_TEST(lies_with_a_right_checksum) {
    pln_hll *hll = filled(10, PLN_HLL_XXH3, 0, 3), *full = filled(10, PLN_HLL_XXH3, 0, 3000);
    pln_hll *redis = filled(10, PLN_HLL_REDIS, 0, 3);
    hll_bytes b = hll_write(hll, PLN_HLL_NATIVE), d = hll_write(full, PLN_HLL_NATIVE);
    hll_bytes r = hll_write(redis, PLN_HLL_NATIVE);
    lie(b, 0, 'Q', "begins with");
    lie(b, 4, 2, "version is 2, expected 1");
    lie(b, 5, 9, "hash is 9, expected 1 to 3");
    lie(b, 6, 19, "precision is 19, expected 4 to 18");
    lie(b, 6, 3, "precision is 3");
    lie(b, 6, 5, "form is 0 at precision 5");
    lie(b, 7, 2, "form is 2");
    lie(b, 7, 1, "44 bytes");
    lie(b, 16, 65, "65 registers are not 0, at most 64");
    lie(b, 16, 4, "bytes, expected");
    lie(b, 20, 1, "bytes 20 to 23");
    lie(b, 24, 5 << 6, "rank of entry 0 is 0, expected 1 to 39");
    lie(b, 24, 5 << 6 | 40, "rank of entry 0 is 40, expected 1 to 39");
    lie(b, 28, 1, "index of entry 1 is 0");
    lie(d, 16, 7, "registers are not 0, the head says 7");
    lie(d, 24, 0xffffffff, "register 0 is 63, expected 0 to 55");
    lie(r, 8, r.data[8] ^ 1u, "not that of hash 2");
    free(b.data);
    free(d.data);
    free(r.data);
    pln_hll_free(hll);
    pln_hll_free(full);
    pln_hll_free(redis);
}
END_TEST

START_TEST(seeds) {
    pln_error err = {0};
    pln_hll *secret = filled(12, PLN_HLL_XXH3, 42, 100), *open,
            *more = filled(12, PLN_HLL_XXH3, 42, 90);
    pln_hll *none = NULL;
    hll_bytes b = hll_write(secret, PLN_HLL_NATIVE);
    pln_hll_options right = hll_options(4, PLN_HLL_XXH3, 42),
                    wrong = hll_options(4, PLN_HLL_XXH3, 43);
    pln_hll_options other = hll_options(4, PLN_HLL_REDIS, 0);
    MUST(pln_hll_read(NULL, PLN_HLL_NATIVE, &right, b.data, b.size, &open, &why));
    MUST(pln_hll_add(open, "x", 1, &why));
    pln_hll_free(open);
    ck_assert_int_eq(pln_hll_read(NULL, PLN_HLL_NATIVE, &wrong, b.data, b.size, &none, &err),
                     PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "another seed"));
    ck_assert_int_eq(pln_hll_read(NULL, PLN_HLL_NATIVE, &other, b.data, b.size, &none, &err),
                     PLN_ETYPE);
    ck_assert_int_eq(pln_hll_read(NULL, PLN_HLL_REDIS_STRING, &right, b.data, b.size, &none, &err),
                     PLN_ETYPE);
    ck_assert_int_eq(pln_hll_read(NULL, 9, NULL, b.data, b.size, &none, &err), PLN_EINVAL);
    ck_assert_ptr_null(none);
    open = read_form(PLN_HLL_NATIVE, b.data, b.size);
    ck_assert_int_eq(pln_hll_add(open, "x", 1, &err), PLN_ESTATE);
    ck_assert_int_eq(
        pln_hll_add_uint64(open, (const uint64_t *)(const void *)&right, 1, NULL, 0, &err),
        PLN_ESTATE);
    MUST(pln_hll_merge(open, more, &why));
    hll_same(open, secret);
    free(b.data);
    pln_hll_free(open);
    pln_hll_free(more);
    pln_hll_free(secret);
}
END_TEST

START_TEST(forms_that_a_sketch_lacks) {
    pln_error err = {0};
    uint8_t out[16];
    int64_t size;
    pln_hll *hll = hll_new(14, PLN_HLL_XXH3, 0), *redis = hll_new(13, PLN_HLL_REDIS, 0);
    ck_assert_int_eq(pln_hll_size(hll, PLN_HLL_REDIS_STRING), -1);
    ck_assert_int_eq(pln_hll_size(redis, PLN_HLL_REDIS_STRING), -1);
    ck_assert_int_eq(pln_hll_write(hll, PLN_HLL_REDIS_STRING, out, 16, &size, &err),
                     PLN_EUNSUPPORTED);
    ck_assert_int_eq(pln_hll_write(redis, PLN_HLL_REDIS_STRING, out, 16, &size, &err),
                     PLN_EUNSUPPORTED);
    ck_assert_int_eq(pln_hll_write(hll, PLN_HLL_NATIVE, out, 16, &size, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "32 are needed"));
    ck_assert_int_eq(pln_hll_write(hll, 7, out, 16, &size, &err), PLN_EINVAL);
    pln_hll_free(hll);
    pln_hll_free(redis);
}
END_TEST

/* ---- DataSketches ---- */

/* The sketch of the first n numbers out of a file; NULL where there is none. */
static pln_hll *golden(int bits, uint64_t n, hll_bytes *bytes) {
    char name[80], path[400];
    snprintf(name, sizeof name, "datasketches/hll%d_n%llu_cpp.sk", bits, (unsigned long long)n);
    if (test_data(name, path, sizeof path) == NULL)
        return NULL;
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    bytes->data = malloc(1 << 20);
    bytes->size = (int64_t)fread(bytes->data, 1, 1 << 20, file);
    fclose(file);
    return read_form(PLN_HLL_DATASKETCHES_IMAGE, bytes->data, bytes->size);
}

static void check_golden(int bits, uint64_t n) {
    hll_bytes image;
    pln_hll *hll = golden(bits, n, &image);
    ck_assert_ptr_nonnull(hll);
    pln_hll *mine = filled(12, PLN_HLL_DATASKETCHES, 0, n);
    hll_same_registers(hll, mine);
    double got = pln_hll_estimate(hll), error = n <= 256 ? 1e-4 : 3 * 1.04 / 64;
    ck_assert_msg(fabs(got - (double)n) <= error * (double)n, "%llu: %f", (unsigned long long)n,
                  got);
    /* What was a list or set is one to us too. */
    if (n <= 100)
        hll_same(hll, mine);
    if (bits == 8 && (n == 0 || n > 256)) {
        hll_bytes again = hll_write(mine, PLN_HLL_DATASKETCHES_IMAGE);
        ck_assert_int_eq(again.size, image.size);
        /* All but the estimate in order, and the flag that says that there is none. */
        ck_assert_int_eq(memcmp(again.data + 16 * (n > 0), image.data + 16 * (n > 0),
                                (size_t)(again.size - 16 * (n > 0))),
                         0);
        again.data[5] &= (uint8_t)~16;
        ck_assert_int_eq(memcmp(again.data, image.data, 8), 0);
        free(again.data);
    }
    for (int64_t i = 0; i < image.size && i < 300; i++)
        refused(PLN_HLL_DATASKETCHES_IMAGE, image.data, i, NULL);
    refused(PLN_HLL_DATASKETCHES_IMAGE, image.data, image.size - 1, NULL);
    free(image.data);
    pln_hll_free(hll);
    pln_hll_free(mine);
}

START_TEST(files_of_datasketches) {
    static const int bits[] = {4, 6, 8};
    char path[400];
    uint64_t n = 0;
    if (test_data("datasketches/hll8_n0_cpp.sk", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    for (int k = 0; k < 3; k++)
        for (n = 0; n <= 1000000; n = n == 0 ? 1 : n * 10)
            check_golden(bits[k], n);
}
END_TEST

/* Of lgK 21 with one coupon and registers; lists with free places; lies. */
START_TEST(images_by_hand) {
    uint8_t list[24] = {2, 1, 7, 21, 2, 0, 1, 8}, bad[40] = {2, 1, 7, 12, 2, 8, 1, 8};
    pln__store_le32(list + 12, 3u << 26 | 0x3ffffff);
    pln_hll *hll = read_form(PLN_HLL_DATASKETCHES_IMAGE, list, 24);
    ck_assert_int_eq(hll->precision, 18);
    ck_assert(fabs(pln_hll_estimate(hll) - 1) < 1e-6);
    static uint8_t registers[1 << 18];
    pln__hll_registers(hll, registers);
    ck_assert_int_eq(registers[(1 << 18) - 1], 3);
    pln_hll_free(hll);

    static uint8_t image[40 + (1 << 20)] = {10, 1, 7, 21, 0, 8, 2, 2};
    memset(image + 40, 0, sizeof image - 40);
    image[40] = 0x50;
    image[40 + (1 << 19)] = 0x09;
    hll = read_form(PLN_HLL_DATASKETCHES_IMAGE, image, sizeof image);
    pln__hll_registers(hll, registers);
    ck_assert_int_eq(registers[0], 11);
    ck_assert_int_eq(registers[1], 7);
    ck_assert_int_eq(registers[2], 2);
    pln_hll_free(hll);
    image[6] = 60;
    refused(PLN_HLL_DATASKETCHES_IMAGE, image, sizeof image, "register 1 is 65, expected 0 to 63");
    image[6] = 0;
    image[50] = 0xf0;
    refused(PLN_HLL_DATASKETCHES_IMAGE, image, sizeof image, "1 exceptions among the registers");

    pln__store_le32(bad + 8, 5);
    refused(PLN_HLL_DATASKETCHES_IMAGE, bad, 12, "rank of coupon 0 is 0");
    refused(PLN_HLL_DATASKETCHES_IMAGE, bad, 16, "16 bytes, expected 12");
    static const struct {
        int at, value;
        const char *words;
    } lies[] = {{0, 3, "preamble is 3 ints, expected 2"}, {1, 2, "version is 2"},
                {2, 1, "family is 1"}, {3, 22, "lgK is 22, expected 4 to 21"},
                {3, 3, "lgK is 3"}, {7, 3, "mode is 3"}, {7, 12, "mode is 12"},
                {5, 12, "flags are 12, empty, with 1 coupons"}, {6, 200, "bytes, expected"}};
    for (int i = 0; i < PLN__COUNT(lies); i++) {
        uint8_t copy[40];
        memcpy(copy, bad, sizeof copy);
        copy[lies[i].at] = (uint8_t)lies[i].value;
        refused(PLN_HLL_DATASKETCHES_IMAGE, copy, 12, lies[i].words);
    }
}
END_TEST

/* ---- Redis ---- */

START_TEST(redis_round_trip) {
    static const uint64_t sizes[] = {0, 1, 500, 1025, 100000};
    for (int k = 0; k < PLN__COUNT(sizes); k++) {
        pln_hll *hll = filled(14, PLN_HLL_REDIS, 0, sizes[k]);
        hll_bytes b = hll_write(hll, PLN_HLL_REDIS_STRING);
        ck_assert_int_eq(b.size, 12304);
        pln_hll *back = read_form(PLN_HLL_REDIS_STRING, b.data, b.size);
        hll_same_registers(hll, back);
        hll_bytes again = hll_write(back, PLN_HLL_REDIS_STRING);
        ck_assert_int_eq(memcmp(b.data, again.data, 12304), 0);
        free(again.data);
        free(b.data);
        pln_hll_free(back);
        pln_hll_free(hll);
    }
}
END_TEST

/* What redis-server 7 holds for PFADD k a b c, sparse and, after it was read, dense: runs of zeros and three registers. */
START_TEST(redis_sparse) {
    static const uint8_t runs[] = {'H', 'Y', 'L', 'L', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80,
                                   0x40 | 10, 0x01, 0x80 | 4 << 2 | 1, 0x3f, 0x7f & (0x40 | 53), 0xba, 0x80 | 31 << 2};
    static uint8_t registers[1 << 14];
    uint8_t copy[sizeof runs];
    /* 2562 zeros, two of 5, 64 zeros, 13755 zeros, one of 32. */
    pln_hll *hll = read_form(PLN_HLL_REDIS_STRING, runs, sizeof runs);
    pln__hll_registers(hll, registers);
    int64_t found = 0;
    for (uint64_t i = 0; i < 1 << 14; i++) {
        uint64_t turned = pln__reverse_bits(i) >> 50;
        int want = i == 2562 || i == 2563 ? 5 : i == 16383 ? 32 : 0;
        ck_assert_int_eq(registers[turned], want);
        found += want != 0;
    }
    ck_assert_int_eq(found, 3);
    ck_assert(fabs(pln_hll_estimate(hll) - 3) < 0.01);
    pln_hll_free(hll);
    for (int64_t n = 0; n < (int64_t)sizeof runs; n++)
        refused(PLN_HLL_REDIS_STRING, runs, n, NULL);
    memcpy(copy, runs, sizeof copy);
    copy[22] = 0x80 | 31 << 2 | 1;
    refused(PLN_HLL_REDIS_STRING, copy, sizeof copy, "a run of 2 registers from 16383");
    refused(PLN_HLL_REDIS_STRING, runs, 21, "cut");
    refused(PLN_HLL_REDIS_STRING, runs, 22, "runs of 16383 registers, expected 16384");
    copy[4] = 2;
    refused(PLN_HLL_REDIS_STRING, copy, sizeof copy, "encoding is 2");
    copy[4] = 0;
    refused(PLN_HLL_REDIS_STRING, copy, sizeof copy, "a dense one has 12304");
    uint8_t *dense = calloc(1, 12304);
    memcpy(dense, "HYLL", 4);
    dense[16] = 52;
    refused(PLN_HLL_REDIS_STRING, dense, 12304, "register 0 is 52, expected 0 to 51");
    free(dense);
}
END_TEST

Suite *suite_sketch_hll_forms(void);
Suite *suite_sketch_hll_forms(void) {
    Suite *suite = suite_create("sketch/hll_forms");
    TCase *tc = tcase_create("forms");
    tcase_add_loop_test(tc, native_round_trip, 0, PLN__COUNT(hashes));
    tcase_add_test(tc, native_bytes);
    tcase_add_test(tc, every_truncation_and_change_is_refused);
    tcase_add_test(tc, lies_with_a_right_checksum);
    tcase_add_test(tc, seeds);
    tcase_add_test(tc, forms_that_a_sketch_lacks);
    tcase_add_test(tc, files_of_datasketches);
    tcase_add_test(tc, images_by_hand);
    tcase_add_test(tc, redis_round_trip);
    tcase_add_test(tc, redis_sparse);
    suite_add_tcase(suite, tc);
    return suite;
}

/* Bloom filter: merging, bytes, what is wrong with bytes and options, memory that fails. */
#include "bloom_help.h"
#include "base/little.h"
#include <math.h>

static void fill(pln_bloom *bloom, uint64_t from, uint64_t to) {
    for (uint64_t v = from; v < to; v++)
        MUST(pln_bloom_add_uint64(bloom, &v, 1, NULL, 0, &why));
}

START_TEST(merging_is_the_union_in_any_order) {
    pln_bloom *all = bloom_new(3200, 9), *a = bloom_new(3200, 9), *b = bloom_new(3200, 9),
              *c = NULL;
    fill(all, 0, 900);
    fill(a, 0, 500);
    fill(b, 300, 900);
    MUST(pln_bloom_copy(b, &c, &why));
    MUST(pln_bloom_merge(c, a, &why));
    MUST(pln_bloom_merge(a, b, &why));
    MUST(pln_bloom_merge(a, a, &why));
    bloom_same(a, all);
    bloom_same(c, all);
    ck_assert_double_eq_tol(pln_bloom_error(a), pln_bloom_error(all), 1e-15);
    pln_bloom_free(a);
    pln_bloom_free(b);
    pln_bloom_free(c);
    pln_bloom_free(all);
}
END_TEST

START_TEST(unlike_filters_do_not_merge) {
    pln_bloom *a = bloom_new(64, 1), *size = bloom_new(96, 1), *seed = bloom_new(64, 2);
    FAILS(pln_bloom_merge(a, size, &why), PLN_ETYPE, "different sizes: 2 and 3 blocks");
    FAILS(pln_bloom_merge(a, seed, &why), PLN_ETYPE, "different seeds: fingerprints ");
    pln_bloom_free(a);
    pln_bloom_free(size);
    pln_bloom_free(seed);
}
END_TEST

/* Computed once by a few lines of Python from the picture in the header (xxhash, hashlib). */
static const char two_blocks[] = "504c4e4201010000eee21f1dd0c43d7002000000000000000000002800200004"
                                 "008800000000440000000c000002200000208000101000000000001000000002"
                                 "08000000000400000080000000040000000000014000000049e6ea2c584ae1dc";

static void hex(const uint8_t *bytes, int64_t n, char *out) {
    for (int64_t i = 0; i < n; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
}

START_TEST(bytes_are_those_of_the_picture) {
    pln_bloom *bloom = bloom_new(64, 5);
    char text[2 * 96 + 1];
    int64_t size = 0;
    MUST(pln_bloom_add(bloom, "apple", 5, &why));
    MUST(pln_bloom_add(bloom, "pear", 4, &why));
    MUST(pln_bloom_add(bloom, "", 0, &why));
    uint8_t *bytes = bloom_write(bloom, &size);
    ck_assert_int_eq(size, 96);
    hex(bytes, size, text);
    ck_assert_str_eq(text, two_blocks);
    free(bytes);
    pln_bloom_free(bloom);
}
END_TEST

static pln_bloom_options with_seed(uint64_t seed) {
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    options.seed = seed;
    return options;
}

START_TEST(read_and_written_again) {
    pln_bloom *bloom = bloom_new(320, 5), *back = NULL, *more = NULL;
    pln_bloom_options options = with_seed(5), other = with_seed(6);
    int64_t size = 0;
    int32_t found;
    fill(bloom, 0, 100);
    uint8_t *bytes = bloom_write(bloom, &size);
    MUST(pln_bloom_read(NULL, &options, bytes, size, &back, &why));
    bloom_same(bloom, back);
    fill(back, 100, 200);
    fill(bloom, 100, 200);
    bloom_same(bloom, back);
    FAILS(pln_bloom_read(NULL, &other, bytes, size, &more, &why), PLN_ETYPE, "fingerprint");
    pln_bloom_free(back);
    MUST(pln_bloom_read(NULL, NULL, bytes, size, &back, &why));
    FAILS(pln_bloom_add(back, "x", 1, &why), PLN_ESTATE, "read without its seed");
    FAILS(pln_bloom_contains(back, "x", 1, &found, &why), PLN_ESTATE, "read without its seed");
    FAILS(pln_bloom_add_keys(back, bytes, 1, &why), PLN_ESTATE, "read without its seed");
    MUST(pln_bloom_merge(bloom, back, &why));
    MUST(pln_bloom_merge(back, bloom, &why));
    bloom_same(bloom, back);
    FAILS(pln_bloom_write(bloom, bytes, size - 1, &size, &why), PLN_ELIMIT, "bytes of room");
    free(bytes);
    pln_bloom_free(back);
    pln_bloom_free(bloom);
}
END_TEST

static void seal(uint8_t *bytes, int64_t size) {
    pln__store_le64(bytes + size - 8, pln__hash64(bytes, size - 8, 0));
}

static void spoiled(const uint8_t *good, int64_t size, int64_t at, uint8_t value,
                    const char *words) {
    uint8_t bytes[96];
    pln_bloom *bloom = NULL;
    memcpy(bytes, good, (size_t)size);
    bytes[at] = value;
    seal(bytes, size);
    FAILS(pln_bloom_read(NULL, NULL, bytes, size, &bloom, &why), PLN_EDATA, words);
    ck_assert_ptr_null(bloom);
}

START_TEST(wrong_bytes_are_named) {
    pln_bloom *bloom = bloom_new(64, 0), *back = NULL;
    int64_t size = 0;
    uint8_t *bytes = bloom_write(bloom, &size);
    spoiled(bytes, size, 3, 'H', "begins with 'PLNH', expected 'PLNB'");
    spoiled(bytes, size, 4, 2, "version is 2, expected 1");
    spoiled(bytes, size, 5, 3, "hash is 3, expected 1");
    spoiled(bytes, size, 7, 1, "bytes 6 and 7 are 0001");
    spoiled(bytes, size, 16, 0, "0 blocks, expected 1 to 2147483648");
    spoiled(bytes, size, 16, 3, "96 bytes, expected 128 by its head");
    spoiled(bytes, size, 19, 255, "4278190082 blocks");
    spoiled(bytes, size, 22, 1, "bytes 20 to 23 are 00010000");
    for (int64_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(pln_bloom_read(NULL, NULL, bytes, cut, &back, &why), PLN_EDATA);
    bytes[40] ^= 1;
    FAILS(pln_bloom_read(NULL, NULL, bytes, size, &back, &why), PLN_EDATA, "checksum is ");
    free(bytes);
    pln_bloom_free(bloom);
}
END_TEST

START_TEST(options_are_held_to_their_ranges) {
    pln_bloom *bloom = NULL;
    pln_bloom_options o = with_seed(0), good = o;
    o.struct_size = 8;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_EINVAL, "struct_size is 8");
    o = good;
    o.expected = 0;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_EINVAL, "expected is 0");
    o = good;
    o.error = 0.7;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_EINVAL, "error is 0.7");
    o.error = (double)NAN;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_EINVAL, "error is");
    o = good;
    o.expected = INT64_MAX;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_ELIMIT, "more than 64 GiB");
    o.bytes = 31;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_EINVAL, "bytes is 31");
    o.bytes = INT64_MAX;
    FAILS(pln_bloom_new(NULL, &o, &bloom, &why), PLN_ELIMIT, "at most 64 GiB");
    ck_assert_ptr_null(bloom);
    MUST(pln_bloom_new(NULL, NULL, &bloom, &why));
    ck_assert_int_eq(bloom->blocks * 32, pln_bloom_bytes_for(1000000, 0.01));
    ck_assert_int_eq(pln_bloom_memory(bloom) / 1000, bloom->blocks * 32 / 1000);
    pln_bloom_free(bloom);
    pln_bloom_free(NULL);
}
END_TEST

static pln_status scenario(const pln_allocator *mem) {
    pln_bloom *bloom = NULL, *copy = NULL, *back = NULL;
    uint8_t bytes[128];
    int64_t size = 0;
    pln_status status;
    pln_bloom_options options = with_seed(1);
    options.bytes = 64;
    options.allocator = mem;
    PLN__TRY(pln_bloom_new(NULL, &options, &bloom, &why));
    PLN__TRY(pln_bloom_add(bloom, "a", 1, &why));
    PLN__TRY(pln_bloom_copy(bloom, &copy, &why));
    PLN__TRY(pln_bloom_write(copy, bytes, sizeof bytes, &size, &why));
    PLN__TRY(pln_bloom_read(NULL, &options, bytes, size, &back, &why));
    bloom_same(back, bloom);
out:
    pln_bloom_free(bloom);
    pln_bloom_free(copy);
    pln_bloom_free(back);
    return status;
}

START_TEST(memory_may_fail_anywhere) {
    int64_t n = 0;
    for (;; n++) {
        fail_alloc f;
        pln_status status = scenario(fail_alloc_init(&f, n));
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        if (!f.failed)
            break;
    }
    ck_assert_int_eq(n, 6);
}
END_TEST

Suite *suite_sketch_bloom_forms(void);
Suite *suite_sketch_bloom_forms(void) {
    Suite *suite = suite_create("sketch/bloom_forms");
    TCase *tcase = tcase_create("forms");
    tcase_add_test(tcase, merging_is_the_union_in_any_order);
    tcase_add_test(tcase, unlike_filters_do_not_merge);
    tcase_add_test(tcase, bytes_are_those_of_the_picture);
    tcase_add_test(tcase, read_and_written_again);
    tcase_add_test(tcase, wrong_bytes_are_named);
    tcase_add_test(tcase, options_are_held_to_their_ranges);
    tcase_add_test(tcase, memory_may_fail_anywhere);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* The serialized form of quantiles: round trips, bytes drawn by hand, damage, lies with a right checksum. */
#define _POSIX_C_SOURCE 200809L
#include "quantiles_help.h"

static pln_quantiles *filled(int k, int kind, int64_t n) {
    pln_quantiles *q = quantiles_new(k, kind, 5);
    for (int64_t i = 0; i < n; i++) {
        int64_t value = (i * 7919) % 100003 - 500;
        MUST(pln_quantiles_add_int64(q, &value, 1, NULL, 0, &why));
    }
    return q;
}

START_TEST(round_trip) {
    static const int64_t sizes[] = {0, 1, 2, 100, 641, 642, 5000, 100000, 400000};
    static const int ks[] = {8, 33, 200, 5000};
    for (int kind = PLN_QUANTILES_FLOAT64; kind <= PLN_QUANTILES_INT64; kind++)
        for (int i = 0; i < PLN__COUNT(sizes) * PLN__COUNT(ks); i++) {
            pln_quantiles *q =
                filled(ks[i / PLN__COUNT(sizes)], kind, sizes[i % PLN__COUNT(sizes)]);
            pln_quantiles *back = NULL;
            int64_t size;
            void *bytes = quantiles_write(q, &size);
            MUST(pln_quantiles_read(NULL, NULL, bytes, size, &back, &why));
            quantiles_same(q, back);
            /* It goes on as the one that was written. */
            for (int64_t value = 0; value < 3000; value++) {
                MUST(pln_quantiles_add_int64(q, &value, 1, NULL, 0, &why));
                MUST(pln_quantiles_add_int64(back, &value, 1, NULL, 0, &why));
            }
            quantiles_same(q, back);
            double one, other;
            MUST(pln_quantiles_quantile(q, 0.4, &one, &why));
            MUST(pln_quantiles_quantile(back, 0.4, &other, &why));
            ck_assert(one == other);
            free(bytes);
            pln_quantiles_free(q);
            pln_quantiles_free(back);
        }
}
END_TEST

/* The bytes of one sketch, drawn by hand, so that the form cannot change unseen. */
START_TEST(bytes_by_hand) {
    static const uint8_t head[] = {'P', 'L', 'N', 'Q', 1, 1, 0, 1, 200, 0, 0, 0, 200, 0, 0, 0,
                                   3,   0,   0,   0,   0, 0, 0, 0, 1,   0, 0, 0, 0,   0, 0, 0};
    static const uint8_t tail[] = {0, 0, 0, 0,   0, 0, 0, 0,    0, 0, 0, 0, 0, 0,    0,    0,
                                   0, 0, 0, 0,   0, 0, 0, 0,    0, 0, 0, 0, 0, 0,    0xf0, 0xbf,
                                   0, 0, 0, 0,   0, 0, 4, 0x40, 3, 0, 0, 0, 0, 0,    0,    0,
                                   0, 0, 0xf0, 0xbf, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                   0, 0, 4, 0x40};
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    static const double values[] = {2.5, -1, (double)NAN, -0.0};
    int64_t size;
    MUST(pln_quantiles_add_float64(q, values, 4, NULL, 0, &why));
    uint8_t *bytes = quantiles_write(q, &size);
    ck_assert_int_eq(size, 88 + 4 + 3 * 8 + 8);
    ck_assert_int_eq(memcmp(bytes, head, sizeof head), 0);
    ck_assert_int_eq(memcmp(bytes + 48, tail, sizeof tail), 0);
    /* splitmix64 from 0: the first number is the state, the choice the next one from there. */
    uint64_t state = 0xe220a8397b1dcdafu;
    ck_assert(pln__load_le64(bytes + 40) == random_word(&state));
    ck_assert(pln__load_le64(bytes + 32) == state);
    free(bytes);
    pln_quantiles_free(q);
}
END_TEST

/* ---- damage ---- */

static void refused(const uint8_t *bytes, int64_t size, const char *words) {
    uint8_t *exact = malloc((size_t)size + (size == 0));
    pln_error err = {0};
    pln_quantiles *q = NULL;
    memcpy(exact, bytes, (size_t)size);
    ck_assert_int_eq(pln_quantiles_read(NULL, NULL, exact, size, &q, &err), PLN_EDATA);
    ck_assert_ptr_null(q);
    ck_assert_int_ne(err.flags & PLN_ERR_DATA, 0);
    ck_assert_msg(words == NULL || strstr(err.message, words) != NULL, "%s", err.message);
    free(exact);
}

START_TEST(every_truncation_and_change_is_refused) {
    static const int64_t sizes[] = {0, 5, 3000};
    for (int k = 0; k < PLN__COUNT(sizes); k++) {
        pln_quantiles *q = filled(8, PLN_QUANTILES_FLOAT64, sizes[k]);
        int64_t size;
        uint8_t *bytes = quantiles_write(q, &size);
        for (int64_t n = 0; n < size; n++)
            refused(bytes, n, NULL);
        for (int64_t i = 0; i < size * 8; i++) {
            bytes[i / 8] ^= (uint8_t)(1 << i % 8);
            refused(bytes, size, NULL);
            bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        free(bytes);
        pln_quantiles_free(q);
    }
}
END_TEST

/* So many bytes of a number are set, then summed anew. */
static void lie(const uint8_t *bytes, int64_t size, int64_t at, int width, uint64_t value,
                const char *words) {
    uint8_t *copy = malloc((size_t)size);
    memcpy(copy, bytes, (size_t)size);
    for (int i = 0; i < width; i++)
        copy[at + i] = (uint8_t)(value >> 8 * i);
    pln__store_le64(copy + size - 8, pln__hash64(copy, size - 8, 0));
    refused(copy, size, words);
    free(copy);
}

START_TEST(lies_with_a_right_checksum) {
    pln_quantiles *few = filled(200, PLN_QUANTILES_FLOAT64, 3);
    pln_quantiles *many = filled(8, PLN_QUANTILES_FLOAT64, 1 << 16 | 1 << 2);
    int64_t n, m;
    pln_quantiles *single = filled(200, PLN_QUANTILES_FLOAT64, 1);
    int64_t k;
    uint8_t *c = quantiles_write(single, &k);
    lie(c, k, 80, 8, 0x40f0000000000000u, "and maximum 65536 differ, n is 1");
    free(c);
    pln_quantiles_free(single);
    uint8_t *b = quantiles_write(few, &n), *d = quantiles_write(many, &m);
    ck_assert_int_eq(many->levels, 4);
    ck_assert_int_gt(many->base, 4);
    lie(b, n, 0, 1, 'X', "begins with");
    lie(b, n, 4, 1, 2, "version is 2, expected 1");
    lie(b, n, 5, 1, 3, "kind is 3, expected 1 to 2");
    lie(b, n, 6, 1, 1, "sampler is 1, at most 0 for 1 levels of k 200");
    lie(b, n, 7, 1, 0, "0 levels, expected 1 to 9 for k 200");
    lie(b, n, 7, 1, 10, "10 levels");
    lie(b, n, 7, 1, 9, "cut within 9 counts");
    lie(b, n, 8, 4, 7, "k is 7, expected 8 to 65535");
    lie(b, n, 8, 4, 65536, "k is 65536");
    lie(b, n, 12, 4, 201, "the smallest k is 201, expected 8 to 200");
    lie(b, n, 16, 8, 4, "all weights are 3, n is 4");
    lie(b, n, 16, 8, 2, "level 0 has 3 values, n is 2");
    lie(b, n, 16, 8, ((uint64_t)1 << 60) + 1, "n is 1152921504606846977, at most 2^60");
    lie(b, n, 24, 8, (uint64_t)1 << 60, "1152921504606846976 NaN");
    lie(b, n, 48, 8, (uint64_t)1 << 62, "bytes 48 to 55");
    lie(b, n, 56, 8, 1, "bytes 56 to 63");
    lie(b, n, 64, 8, 1, "the sampler has seen 1, expected less than 2^0");
    lie(b, n, 72, 8, 0x7ff8000000000000u, "expected neither NaN nor -0.0");
    lie(b, n, 80, 8, 0x8000000000000000u, "a value is 8000000000000000");
    lie(b, n, 80, 8, 0xc0f0000000000000u, "is above maximum -65536");
    lie(b, n, 88, 4, 700, "level 0 has 700 values, there is room for ");
    lie(b, n, 92, 8, 0x40f0000000000000u, "value 0 of level 0 is 65536");
    lie(b, n, 92, 8, 0xfff8000000000000u, "NaN");
    lie(d, m, 6, 1, 58, "sampler is 58, at most 57 for 4 levels of k 8");
    lie(d, m, 7, 1, 3, "at most 0 for 3 levels");
    lie(d, m, 100, 4, 0, "has 0 values, expected some in the highest");
    ck_assert_int_eq(pln_quantiles_write(few, b, n - 1, &m, &why), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(why.message, "124 are needed"));
    free(b);
    free(d);
    pln_quantiles_free(few);
    pln_quantiles_free(many);
}
END_TEST

/* A sketch at the end of its range: nothing more goes in, everything else goes on. */
START_TEST(full_to_the_brim) {
    pln_quantiles *q = quantiles_new(8, PLN_QUANTILES_FLOAT64, 0), *back = NULL;
    int64_t size;
    double out;
    for (int i = 0; i < 20; i++)
        MUST(pln_quantiles_add(q, i, &why));
    pln_status status = PLN_OK;
    int doublings = 0;
    for (; status == PLN_OK; doublings++)
        status = pln_quantiles_merge(q, q, &why);
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_int_eq(doublings, 56); /* 20 * 2^55 is below 2^60, one more is not */
    MUST(pln_quantiles_quantile(q, 0.5, &out, &why));
    ck_assert(out > 4 && out < 15);
    uint8_t *bytes = quantiles_write(q, &size);
    MUST(pln_quantiles_read(NULL, NULL, bytes, size, &back, &why));
    quantiles_same(q, back);
    for (int i = 0; i < 1000; i++)
        MUST(pln_quantiles_add(back, i, &why));
    ck_assert_int_eq(back->n - q->n, 1000);
    /* No float64 is this number, and the last rank is still that of the maximum. */
    MUST(pln_quantiles_quantile(back, 1, &out, &why));
    ck_assert(out == 999);
    free(bytes);
    pln_quantiles_free(q);
    pln_quantiles_free(back);
}
END_TEST

Suite *suite_sketch_quantiles_forms(void);
Suite *suite_sketch_quantiles_forms(void) {
    Suite *suite = suite_create("sketch/quantiles_forms");
    TCase *tc = tcase_create("forms");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, round_trip);
    tcase_add_test(tc, bytes_by_hand);
    tcase_add_test(tc, every_truncation_and_change_is_refused);
    tcase_add_test(tc, lies_with_a_right_checksum);
    tcase_add_test(tc, full_to_the_brim);
    suite_add_tcase(suite, tc);
    return suite;
}

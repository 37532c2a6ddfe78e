/* The native form of Count-Min: round trips, its bytes by hand, damage, lies, seeds. */
#define _POSIX_C_SOURCE 200809L
#include "count_min_help.h"

static pln_count_min *filled(int rows, int64_t columns, int bits, int update, int panes,
                             int64_t weight) {
    pln_count_min_options options = cm_options(rows, columns, bits, update);
    options.panes = panes;
    pln_count_min *cm = cm_made(&options);
    for (int t = 0; t < panes + 1; t++) {
        if (t > 0)
            pln_count_min_rotate(cm);
        for (uint64_t i = 0; i < 10; i++)
            cm_add(cm, i * (uint64_t)(t + 1), weight + t);
    }
    return cm;
}

/* From weights of each width; it goes on as the one that was written. */
START_TEST(round_trip) {
    static const int64_t weights[] = {0, 1, 100, 30000, 100000000, (int64_t)1 << 40};
    for (int k = 0; k < PLN__COUNT(weights); k++)
        for (int bits = 32; bits <= 64; bits += 32)
            for (int update = PLAIN; update <= CONSERVATIVE; update++)
                for (int panes = 1; panes <= 3; panes++) {
                    pln_count_min *cm = filled(1 + k, 4 << k, bits, update, panes, weights[k]);
                    pln_count_min *back = NULL;
                    if (update == PLAIN)
                        cm_add(cm, 77, -weights[k]);
                    hll_bytes b = cm_write(cm);
                    MUST(pln_count_min_read(NULL, NULL, b.data, b.size, &back, &why));
                    cm_same(cm, back);
                    ck_assert_int_eq(pln_count_min_memory(cm), pln_count_min_memory(back));
                    for (uint64_t i = 0; i < 30; i++) {
                        ck_assert_int_eq(cm_ask(cm, i), cm_ask(back, i));
                        cm_add(cm, i, 3);
                        cm_add(back, i, 3);
                        if (i % 10 == 0) {
                            pln_count_min_rotate(cm);
                            pln_count_min_rotate(back);
                        }
                    }
                    cm_same(cm, back);
                    free(b.data);
                    pln_count_min_free(cm);
                    pln_count_min_free(back);
                }
}
END_TEST

/* The least of 1, 2, 4, 8 bytes, at its ends. */
START_TEST(counters_take_the_bytes_that_they_need) {
    static const struct {
        int64_t weight;
        int bytes;
    } cases[] = {{0, 1}, {127, 1}, {-128, 1}, {128, 2}, {-129, 2}, {32767, 2}, {-32768, 2}, {32768, 4},
                 {INT32_MAX, 4}, {INT32_MIN, 4}, {(int64_t)INT32_MAX + 1, 8}, {INT64_MAX, 8}, {INT64_MIN, 8}};
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln_count_min *cm = cm_new(1, 2, 64, PLAIN), *back = NULL;
        cm_add(cm, 1, cases[i].weight);
        hll_bytes b = cm_write(cm);
        ck_assert_int_eq(b.size, 24 + 16 + 2 * cases[i].bytes + 8);
        MUST(pln_count_min_read(NULL, NULL, b.data, b.size, &back, &why));
        ck_assert_int_eq(cm_ask(back, 1), cases[i].weight);
        free(b.data);
        pln_count_min_free(cm);
        pln_count_min_free(back);
    }
}
END_TEST

/* The bytes of one sketch, drawn by hand, so that the form cannot change unseen. */
START_TEST(native_bytes) {
    pln_count_min_options options = cm_options(2, 4, 32, PLAIN);
    options.panes = 2;
    pln_count_min *cm = cm_made(&options);
    uint32_t places[2] = {1, 4 + 2};
    int64_t weight = 300, taken = -2;
    pln__count_min_put(cm, places, &weight, 1);
    pln_count_min_rotate(cm);
    pln__count_min_put(cm, places, &taken, 1);
    hll_bytes b = cm_write(cm);
    /* SHA-256 of "pln.cms", 1 and eight bytes of 0, by sha256sum. */
    static const uint8_t want[] = {
        'P', 'L', 'N', 'C', 1, 1, 2, 2, 0x7e, 0xf7, 0x2d, 0xe7, 0xca, 0x1c, 0xf0, 0x4c,
        32, 1, 2, 0, 2, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        0x2c, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0, 0,
        0, 0, 0x2c, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x2c, 1, 0, 0};
    ck_assert_int_eq(b.size, (int64_t)sizeof want + 8);
    ck_assert_int_eq(memcmp(b.data, want, sizeof want), 0);
    ck_assert(pln__load_le64(b.data + sizeof want) == XXH3_64bits(want, sizeof want));
    free(b.data);
    pln_count_min_free(cm);
}
END_TEST

/* ---- damage ---- */

static void refused(const uint8_t *bytes, int64_t size, const char *words) {
    uint8_t *exact = malloc((size_t)size + (size == 0));
    pln_error err = {0};
    pln_count_min *cm = NULL;
    memcpy(exact, bytes, (size_t)size);
    ck_assert_int_eq(pln_count_min_read(NULL, NULL, exact, size, &cm, &err), PLN_EDATA);
    ck_assert_ptr_null(cm);
    ck_assert_int_ne(err.flags & PLN_ERR_DATA, 0);
    ck_assert_msg(words == NULL || strstr(err.message, words) != NULL, "%s", err.message);
    free(exact);
}

START_TEST(every_truncation_and_change_is_refused) {
    for (int update = PLAIN; update <= CONSERVATIVE; update++) {
        pln_count_min *cm = filled(2, 8, 32, update, 2, 5);
        hll_bytes b = cm_write(cm);
        for (int64_t n = 0; n < b.size; n++)
            refused(b.data, n, NULL);
        for (int64_t i = 0; i < b.size; i++)
            for (int bit = 0; bit < 8; bit++) {
                b.data[i] ^= (uint8_t)(1 << bit);
                refused(b.data, b.size, NULL);
                b.data[i] ^= (uint8_t)(1 << bit);
            }
        free(b.data);
        pln_count_min_free(cm);
    }
}
END_TEST

/* Lies with a right checksum: one byte is set, then summed anew. */
static void lie(hll_bytes b, int64_t at, int value, const char *words) {
    uint8_t *copy = malloc((size_t)b.size);
    memcpy(copy, b.data, (size_t)b.size);
    copy[at] = (uint8_t)value;
    pln__store_le64(copy + b.size - 8, XXH3_64bits(copy, (size_t)b.size - 8));
    refused(copy, b.size, words);
    free(copy);
}

START_TEST(lies_with_a_right_checksum) {
    pln_count_min *cm = cm_new(2, 4, 32, PLAIN), *raised = cm_new(2, 4, 32, CONSERVATIVE);
    uint32_t places[2] = {1, 4 + 2};
    int64_t weight = 9;
    pln__count_min_put(cm, places, &weight, 1);
    pln__count_min_put(raised, places, &weight, 1);
    hll_bytes b = cm_write(cm), c = cm_write(raised);
    ck_assert_int_eq(b.size, 24 + 16 + 8 + 8);
    lie(b, 0, 'Q', "begins with");
    lie(b, 4, 2, "version is 2, expected 1");
    lie(b, 5, 2, "hash is 2, expected 1");
    lie(b, 6, 0, "rows is 0, expected 1 to 32");
    lie(b, 6, 33, "rows is 33, expected 1 to 32");
    lie(b, 6, 3, "56 bytes, expected 60 by its head");
    lie(b, 7, 0, "log2 of columns is 0, expected 1 to 26");
    lie(b, 7, 27, "log2 of columns is 27, expected 1 to 26");
    lie(b, 7, 26, "56 bytes, expected 134217776 by its head");
    lie(b, 16, 16, "counter bits is 16, expected 32 or 64");
    lie(b, 17, 3, "update is 3, expected 1 or 2");
    lie(b, 18, 3, "bytes of a counter is 3, expected 1, 2 or 4");
    lie(b, 18, 8, "bytes of a counter is 8, expected 1, 2 or 4");
    lie(b, 18, 2, "56 bytes, expected 64 by its head");
    lie(b, 19, 1, "byte 19 is 1, expected 0");
    lie(b, 20, 0, "panes is 0, expected 1 to 1024");
    lie(b, 23, 1, "panes is 16777217, expected 1 to 1024");
    lie(b, 31, 0x80, "sum of positive weights of pane 0 is -");
    lie(b, 39, 0x80, "sum of negative weights of pane 0 is -");
    lie(c, 32, 1, "sum of negative weights of pane 0 is 1, expected 0 in a conservative sketch");
    lie(b, 40, 10, "counter 0 of pane 0, row 0 is 10, expected -9 to 9");
    lie(b, 46, 0xf6, "counter 2 of pane 0, row 1 is -10, expected -9 to 9");
    lie(b, 47, 1, "counters of pane 0, row 1 sum to 10, expected 9");
    lie(c, 40, 0xff, "counter 0 of pane 0, row 0 is -1, expected 0 to 9");
    lie(c, 47, 1, "counters of pane 0, row 1 sum to 10, at most 9 are possible");
    free(b.data);
    free(c.data);
    pln_count_min_free(cm);
    pln_count_min_free(raised);
}
END_TEST

/* A sketch has one form: counters in more bytes than they need are another. */
START_TEST(wider_counters_than_needed_are_refused) {
    pln_count_min *cm = cm_new(1, 2, 64, PLAIN);
    hll_bytes b = cm_write(cm);
    uint8_t wide[24 + 16 + 4 + 8] = {0};
    memcpy(wide, b.data, 40);
    wide[18] = 2;
    pln__store_le64(wide + 44, XXH3_64bits(wide, 44));
    refused(wide, sizeof wide, "bytes of a counter is 2, 1 are enough");
    free(b.data);
    pln_count_min_free(cm);
}
END_TEST

START_TEST(seeds) {
    pln_error err = {0};
    double product;
    int64_t n, size;
    uint8_t small[40];
    pln_count_min_options right = cm_options(0, 0, 64, PLAIN), wrong = right;
    right.seed = 42;
    wrong.seed = 43;
    pln_count_min *secret = cm_made(&right), *open = NULL, *none = NULL;
    cm_add(secret, 9, 5);
    hll_bytes b = cm_write(secret);
    MUST(pln_count_min_read(NULL, &right, b.data, b.size, &open, &why));
    ck_assert_int_eq(cm_ask(open, 9), 5);
    pln_count_min_free(open);
    ck_assert_int_eq(pln_count_min_read(NULL, &wrong, b.data, b.size, &none, &err), PLN_ETYPE);
    ck_assert_ptr_nonnull(strstr(err.message, "another seed"));
    wrong.struct_size = 4;
    ck_assert_int_eq(pln_count_min_read(NULL, &wrong, b.data, b.size, &none, &err), PLN_EINVAL);
    ck_assert_ptr_null(none);
    MUST(pln_count_min_read(NULL, NULL, b.data, b.size, &open, &why));
    uint64_t key = 9;
    ck_assert_int_eq(pln_count_min_add(open, "x", 1, 1, &err), PLN_ESTATE);
    ck_assert_ptr_nonnull(strstr(err.message, "read without its seed"));
    ck_assert_int_eq(pln_count_min_add_uint64(open, &key, NULL, 1, NULL, 0, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_count_min_query(open, "x", 1, &n, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_count_min_query_uint64(open, &key, 1, &n, &err), PLN_ESTATE);
    MUST(pln_count_min_merge(open, secret, &why));
    MUST(pln_count_min_merge(secret, secret, &why));
    cm_same(open, secret);
    MUST(pln_count_min_inner_product(open, secret, &product, NULL, &why));
    ck_assert(product == 100);
    pln_count_min *copy = cm_copied(open);
    ck_assert_int_eq(pln_count_min_add(copy, "x", 1, 1, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_count_min_write(open, small, sizeof small, &size, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "40 bytes of room, 20528 are needed"));
    free(b.data);
    pln_count_min_free(copy);
    pln_count_min_free(open);
    pln_count_min_free(secret);
}
END_TEST

Suite *suite_sketch_count_min_forms(void);
Suite *suite_sketch_count_min_forms(void) {
    Suite *suite = suite_create("sketch/count_min_forms");
    TCase *tc = tcase_create("forms");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, round_trip);
    tcase_add_test(tc, counters_take_the_bytes_that_they_need);
    tcase_add_test(tc, native_bytes);
    tcase_add_test(tc, every_truncation_and_change_is_refused);
    tcase_add_test(tc, lies_with_a_right_checksum);
    tcase_add_test(tc, wider_counters_than_needed_are_refused);
    tcase_add_test(tc, seeds);
    suite_add_tcase(suite, tc);
    return suite;
}

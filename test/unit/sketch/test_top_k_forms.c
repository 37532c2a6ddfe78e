/* Serialized forms of top-k: round trips, damage, files that DataSketches wrote. And options, columns, errors, memory. */
#define _POSIX_C_SOURCE 200809L
#include "top_k_help.h"
#include <math.h>

/* Some items of 8 bytes and some of others, more than have room if `n` is over the capacity. */
static pln_top_k *filled(int64_t capacity, uint64_t n, bool texts) {
    pln_top_k *top = top_k_new(capacity);
    uint64_t state = 11;
    for (uint64_t i = 0; i < n; i++) {
        char text[24];
        uint64_t value = top_k_skewed(&state, n, 1), key = PLN__LE(64, value);
        int size = snprintf(text, sizeof text, "item %llu", (unsigned long long)value);
        if (texts && value % 2 == 0)
            MUST(pln_top_k_add(top, text, size, 1 + (int64_t)(i % 3), &why));
        else
            MUST(pln_top_k_add(top, &key, 8, 1, &why));
    }
    return top;
}

static pln_top_k *read_form(int form, const void *bytes, int64_t size) {
    pln_top_k *top = NULL;
    MUST(pln_top_k_read(NULL, form, NULL, bytes, size, &top, &why));
    return top;
}

START_TEST(native_round_trip) {
    static const uint64_t sizes[] = {0, 1, 20, 3000};
    static const int64_t capacities[] = {1, 7, 100, 5000};
    for (int k = 0; k < PLN__COUNT(sizes); k++)
        for (int c = 0; c < PLN__COUNT(capacities); c++) {
            pln_top_k *top = filled(capacities[c], sizes[k], _i == 1);
            top_k_bytes bytes = top_k_write(top, PLN_TOP_K_NATIVE);
            pln_top_k *back = read_form(PLN_TOP_K_NATIVE, bytes.data, bytes.size);
            top_k_same(top, back);
            /* It goes on as the one that was written. */
            for (uint64_t i = 0; i < 1000; i++) {
                MUST(pln_top_k_add(top, &i, 1 + (int64_t)(i % 8), 2, &why));
                MUST(pln_top_k_add(back, &i, 1 + (int64_t)(i % 8), 2, &why));
            }
            top_k_same(top, back);
            free(bytes.data);
            pln_top_k_free(top);
            pln_top_k_free(back);
        }
}
END_TEST

/* The bytes of one sketch, drawn by hand, so that the form cannot change unseen. */
START_TEST(native_bytes) {
    pln_top_k *top = top_k_new(2);
    uint64_t number = 258;
    MUST(pln_top_k_add(top, "b", 1, 5, &why));
    MUST(pln_top_k_add(top, "a", 1, 3, &why));
    MUST(pln_top_k_add_uint64(top, &number, NULL, 1, NULL, 0, &why));
    MUST(pln_top_k_add(top, "b", 1, 1, &why));
    top_k_bytes bytes = top_k_write(top, PLN_TOP_K_NATIVE);
    /* "a" went, with 3; the number is between 1 and 4. */
    static const uint8_t want[97] = {
        'P', 'L', 'N', 'T', 1, 0, 0, 0, 2, 0, 0, 0, 0, 0x10, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0,
        3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'b',
        4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0};
    ck_assert_int_eq(bytes.size, (int64_t)sizeof want + 8);
    ck_assert_int_eq(memcmp(bytes.data, want, sizeof want), 0);
    free(bytes.data);
    pln_top_k_free(top);
}
END_TEST

/* ---- damage ---- */

static void refused(int form, const uint8_t *bytes, int64_t size, const char *words) {
    uint8_t *exact = malloc((size_t)size + (size == 0));
    pln_error err = {0};
    pln_top_k *top = NULL;
    memcpy(exact, bytes, (size_t)size);
    ck_assert_int_eq(pln_top_k_read(NULL, form, NULL, exact, size, &top, &err), PLN_EDATA);
    ck_assert_ptr_null(top);
    ck_assert_int_ne(err.flags & PLN_ERR_DATA, 0);
    ck_assert_msg(words == NULL || strstr(err.message, words) != NULL, "%s", err.message);
    free(exact);
}

START_TEST(every_truncation_and_change_is_refused) {
    static const uint64_t sizes[] = {0, 3, 300};
    for (int k = 0; k < PLN__COUNT(sizes); k++) {
        pln_top_k *top = filled(20, sizes[k], true);
        top_k_bytes b = top_k_write(top, PLN_TOP_K_NATIVE);
        for (int64_t n = 0; n < b.size; n++)
            refused(PLN_TOP_K_NATIVE, b.data, n, NULL);
        for (int64_t i = 0; i < b.size; i++)
            for (int bit = 0; bit < 8; bit++) {
                b.data[i] ^= (uint8_t)(1 << bit);
                refused(PLN_TOP_K_NATIVE, b.data, b.size, NULL);
                b.data[i] ^= (uint8_t)(1 << bit);
            }
        free(b.data);
        pln_top_k_free(top);
    }
}
END_TEST

/* Lies with a right checksum: four bytes are set, then summed anew. */
static void lie(top_k_bytes b, int64_t at, uint32_t value, const char *words) {
    uint8_t *copy = malloc((size_t)b.size);
    memcpy(copy, b.data, (size_t)b.size);
    pln__store_le32(copy + at, value);
    pln__store_le64(copy + b.size - 8, pln__hash64(copy, b.size - 8, 0));
    refused(PLN_TOP_K_NATIVE, copy, b.size, words);
    free(copy);
}

START_TEST(lies_with_a_right_checksum) {
    pln_top_k *top = top_k_new(2);
    MUST(pln_top_k_add(top, "b", 1, 5, &why));
    MUST(pln_top_k_add(top, "c", 1, 3, &why));
    MUST(pln_top_k_add(top, "a", 1, 2, &why));
    top_k_bytes b = top_k_write(top, PLN_TOP_K_NATIVE);
    /* Total 10, error 3; "a" has 5 at most and missed 3, "b" 5 and none: 3.5 and 5 in the middle. */
    ck_assert_int_eq(b.size, 98);
    lie(b, 0, 0x584e4c50, "begins with");
    lie(b, 4, 2, "version is 2, expected 1");
    lie(b, 4, 0x301, "bytes 5 to 7 are 03 00 00");
    lie(b, 44, 1, "44 to 47 00000001, expected 0");
    lie(b, 8, 0, "capacity is 0, expected 1 to 67108864");
    lie(b, 8, (1 << 26) + 1, "capacity is 67108865");
    lie(b, 8, 1, "2 entries, the capacity is 1");
    lie(b, 12, 15, "item_bytes_limit is 15, expected 16 to 1048576");
    lie(b, 20, 0x80000000, "expected no more than 2^63 - 1");
    lie(b, 24, 11, "total is 10 and error 11");
    lie(b, 28, 0x80000000, "expected no more than");
    lie(b, 36, 1, "bytes of 2 items");
    lie(b, 32, 3, "98 bytes, expected 99");
    lie(b, 40, 1, "98 bytes, expected 78");
    lie(b, 48, 3,
        "the most of entry 0 is 3, expected more than the error, 3, and no more than the total, "
        "10");
    lie(b, 48, 11, "the most of entry 0 is 11");
    lie(b, 52, 0x80000000, "the most of entry 0 is -1");
    lie(b, 56, 4, "what entry 0 may have missed is 4, expected 0 to the error, 3");
    lie(b, 60, 0x80000000, "what entry 0 may have missed is -1");
    lie(b, 64, 30, "entry 0 ends behind the 2 bytes of all items");
    lie(b, 64, 0xffffffff, "entry 0 ends behind");
    lie(b, 48, 10, "come to more than the total, 10");
    lie(b, 48, 4, "entry 1 should stand before the one before it");
    lie(b, 64, 2, "entry 1 ends behind");
    /* Twice the same item. */
    top_k_bytes twice = b;
    ck_assert_int_eq(b.data[89], 'a');
    b.data[89] = 'b';
    lie(twice, 44, 0, "item of entry 1, 'b', is there twice");
    free(b.data);
    pln_top_k_free(top);
    /* An item that is longer than its limit, within what all may have. */
    pln_top_k_options options = top_k_options(4, 0);
    options.item_bytes_limit = 20;
    MUST(pln_top_k_new(NULL, &options, &top, &why));
    MUST(pln_top_k_add(top, "abcdefghijklmnopqrst", 20, 2, &why));
    MUST(pln_top_k_add(top, "x", 1, 1, &why));
    b = top_k_write(top, PLN_TOP_K_NATIVE);
    lie(b, 12, 16, "item of entry 0 has 20 bytes, at most 16 are allowed");
    free(b.data);
    pln_top_k_free(top);
}
END_TEST

/* ---- DataSketches ---- */

static top_k_bytes file_of(const char *name) {
    char path[400];
    top_k_bytes bytes = {NULL, 0};
    if (test_data(name, path, sizeof path) == NULL)
        return bytes;
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    bytes.data = malloc(1 << 16);
    bytes.size = (int64_t)fread(bytes.data, 1, 1 << 16, file);
    fclose(file);
    return bytes;
}

/* Number i as the item that the file has for it. */
static int64_t item_of(int form, uint64_t i, char out[24]) {
    if (form == PLN_TOP_K_DATASKETCHES_LONGS) {
        pln__store_le64(out, i);
        return 8;
    }
    return snprintf(out, 24, "%llu", (unsigned long long)i);
}

/* Each number from 1 to n once, in a sketch of 2^6 slots. Up to 10 it is exact, above it has an error, and every bound holds. */
static void check_numbers(int form, const pln_top_k *top, uint64_t n, int64_t times) {
    char item[24];
    ck_assert_int_eq(pln_top_k_total(top), times * (int64_t)n);
    ck_assert((pln_top_k_error(top) > 0) == (n > 10));
    for (uint64_t i = 1; i <= n; i++) {
        int64_t lower, upper, size = item_of(form, i, item);
        pln_top_k_estimate(top, item, size, &lower, &upper);
        HOLDS(lower <= times && times <= upper, "%d", (int)i);
        HOLDS(n > 10 || (lower == times && upper == times), "%d", (int)i);
    }
}

static void check_golden(int form, uint64_t n) {
    char name[80], item[24];
    bool longs = form == PLN_TOP_K_DATASKETCHES_LONGS;
    snprintf(name, sizeof name, "datasketches/frequent_%s_n%llu_cpp.sk", longs ? "long" : "string",
             (unsigned long long)n);
    top_k_bytes image = file_of(name);
    ck_assert_ptr_nonnull(image.data);
    pln_top_k *top = read_form(form, image.data, image.size), *mine = top_k_new(48);
    ck_assert_int_eq(top->capacity, 48);
    check_numbers(form, top, n, 1);
    /* What is written from it is the image but for the order of its entries, and reads back as the same. */
    top_k_bytes again = top_k_write(top, form);
    ck_assert_int_eq(again.size, image.size);
    /* The slots in use are of no meaning. */
    again.data[4] = image.data[4];
    ck_assert_int_eq(memcmp(again.data, image.data, n == 0 ? 8 : 32), 0);
    pln_top_k *back = read_form(form, again.data, again.size);
    top_k_same(back, top);
    for (uint64_t i = 1; i <= n; i++)
        MUST(pln_top_k_add(mine, item, item_of(form, i, item), 1, &why));
    check_numbers(form, mine, n, 1 + 0);
    MUST(pln_top_k_merge(mine, top, &why));
    check_numbers(form, mine, n, 2);
    MUST(pln_top_k_merge(top, back, &why));
    check_numbers(form, top, n, 2);
    for (int64_t i = 0; i < image.size; i++)
        refused(form, image.data, i, NULL);
    free(image.data);
    free(again.data);
    pln_top_k_free(top);
    pln_top_k_free(mine);
    pln_top_k_free(back);
}

START_TEST(files_of_datasketches) {
    char path[400];
    if (test_data("datasketches/frequent_long_n0_cpp.sk", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    for (uint64_t n = 0; n <= 1000000; n = n == 0 ? 1 : n * 10)
        check_golden(_i, n);
}
END_TEST

START_TEST(texts_of_datasketches) {
    static const char *const ascii[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                                        "ccccccccccccccccccccccccccccc", "ddddddddddddddddddddddddddddd", NULL};
    static const char *const utf8[] = {"абвгд", "еёжзи", "йклмн", "опрст",
                                       "уфхцч", "шщъыь", "эюя",   NULL};
    static const char *const *const words[] = {ascii, utf8};
    static const char *const names[] = {"datasketches/frequent_string_ascii_cpp.sk",
                                        "datasketches/frequent_string_utf8_cpp.sk"};
    for (int k = 0; k < 2; k++) {
        top_k_bytes image = file_of(names[k]);
        if (image.data == NULL)
            TEST_SKIP("no shared data");
        pln_top_k *top = read_form(PLN_TOP_K_DATASKETCHES_STRINGS, image.data, image.size);
        pln_top_k_entry out[8] = {{.struct_size = sizeof out[0]}};
        int64_t n = 0, found;
        for (; words[k][n] != NULL; n++) {
            int64_t lower, upper;
            int64_t size = (int64_t)strlen(words[k][n]);
            ck_assert_int_eq(pln_top_k_estimate(top, words[k][n], size, &lower, &upper), n + 1);
            ck_assert(lower == n + 1 && upper == n + 1);
        }
        MUST(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_NEGATIVES, 0, 8, out, &found, &why));
        ck_assert_int_eq(found, n);
        for (int64_t i = 0; i < n; i++)
            ck_assert(memcmp(out[i].bytes, words[k][n - 1 - i], (size_t)out[i].size) == 0);
        ck_assert_int_eq(pln_top_k_size(top, PLN_TOP_K_DATASKETCHES_LONGS), -1);
        free(image.data);
        pln_top_k_free(top);
    }
}
END_TEST

START_TEST(other_families_are_refused_by_name) {
    static const uint8_t hll[8] = {2, 1, 7, 12, 3, 4, 0, 8};
    refused(PLN_TOP_K_DATASKETCHES_LONGS, hll, 8, "family is 7, HLL, expected 10");
    top_k_bytes cpc = file_of("datasketches/cpc_n100_cpp.sk");
    if (cpc.data == NULL)
        TEST_SKIP("no shared data");
    refused(PLN_TOP_K_DATASKETCHES_LONGS, cpc.data, cpc.size, "family is 16, CPC, expected 10");
    refused(PLN_TOP_K_DATASKETCHES_STRINGS, cpc.data, cpc.size, "family is 16, CPC, expected 10");
    free(cpc.data);
}
END_TEST

/* Two items, 3 and 2, an offset of 1, a total of 8; as numbers 1 and 2, or as "ab" and "". */
START_TEST(images_by_hand) {
    uint8_t longs[64] = {4, 1, 10, 6, 3, 0, 0, 0, 2}, texts[58], empty[8] = {1, 1, 10, 6, 3, 4};
    static const struct {
        int at, value;
        const char *words;
    } lies[] = {{0, 1, "preamble is 1 longs with flags 0, expected 4"}, {1, 2, "version is 2, expected 1"},
                {2, 99, "family is 99, unknown"}, {3, 2, "log of the most slots is 2, expected 3 to 31"},
                {3, 32, "log of the most slots is 32"}, {4, 2, "log of the slots is 2, expected 3 to 6"},
                {4, 7, "log of the slots is 7"}, {5, 2, "flags are 2, expected 0, 1, 4 or 5"},
                {5, 4, "preamble is 4 longs with flags 4, expected 1"}, {8, 0, "0 items, expected 1 to 6 in 2^3 slots"},
                {8, 7, "7 items"}, {23, 0x80, "total is 9223372036854775816"}, {24, 9, "total is 8 and offset 9"},
                {8, 6, "64 bytes, 6 weights"}, {8, 3, "item 1 of 8 bytes is cut"}, {8, 1, "16 bytes behind the last item"},
                {32, 0, "weight of item 0 is 0, expected 1 to 7"}, {32, 8, "weight of item 0 is 8"},
                {40, 5, "weight of item 1 is 5, expected 1 to 4"}, {56, 1, "item of entry 1, '\\x01"}};
    pln__store_le64(longs + 16, 8);
    pln__store_le64(longs + 24, 1);
    pln__store_le64(longs + 32, 3);
    pln__store_le64(longs + 40, 2);
    pln__store_le64(longs + 48, 1);
    pln__store_le64(longs + 56, 2);
    memcpy(texts, longs, 48);
    pln__store_le32(texts + 48, 2);
    memcpy(texts + 52, "ab\0\0\0\0", 6);
    pln_top_k *top = read_form(PLN_TOP_K_DATASKETCHES_STRINGS, texts, 58);
    int64_t lower, upper;
    pln_top_k_estimate(top, "ab", 2, &lower, &upper);
    ck_assert(lower == 3 && upper == 4);
    ck_assert_int_eq(pln_top_k_estimate(top, "", 0, &lower, &upper), 3);
    ck_assert(lower == 2 && upper == 3);
    pln_top_k_free(top);
    top = read_form(PLN_TOP_K_DATASKETCHES_LONGS, empty, 8);
    ck_assert_int_eq(pln_top_k_total(top), 0);
    pln_top_k_free(top);
    for (int i = 0; i < PLN__COUNT(lies); i++) {
        uint8_t copy[64];
        memcpy(copy, longs, sizeof copy);
        copy[lies[i].at] = (uint8_t)lies[i].value;
        refused(PLN_TOP_K_DATASKETCHES_LONGS, copy, sizeof copy, lies[i].words);
    }
    refused(PLN_TOP_K_DATASKETCHES_LONGS, longs, 9, "9 bytes, the preamble has 32");
    pln__store_le32(texts + 48, 1u << 20);
    refused(PLN_TOP_K_DATASKETCHES_STRINGS, texts, 58,
            "item 0 of 1048576 bytes is cut, 6 are left");
    uint8_t more[9] = {1, 1, 10, 6, 3, 4};
    refused(PLN_TOP_K_DATASKETCHES_STRINGS, more, 9, "9 bytes, an empty one has 8");
    /* A great capacity takes no memory, an item of more than a mebibyte is too long. */
    empty[3] = 31;
    top = read_form(PLN_TOP_K_DATASKETCHES_STRINGS, empty, 8);
    ck_assert_int_eq(top->capacity, 1 << 26);
    ck_assert_int_le(pln_top_k_memory(top), 1024);
    pln_top_k_free(top);
    int64_t size = 44 + (1 << 20) + 1;
    uint8_t *long_one = calloc(1, (size_t)size);
    memcpy(long_one, texts, 40);
    long_one[8] = 1;
    pln__store_le32(long_one + 40, (1u << 20) + 1);
    refused(PLN_TOP_K_DATASKETCHES_STRINGS, long_one, size, "item of entry 0 has 1048577 bytes");
    pln__store_le32(long_one + 40, 1u << 20);
    top = read_form(PLN_TOP_K_DATASKETCHES_STRINGS, long_one, size - 1);
    ck_assert_int_eq(top->item_bytes_limit, 1 << 20);
    pln_top_k_free(top);
    free(long_one);
}
END_TEST

START_TEST(forms_that_a_sketch_lacks) {
    pln_error err = {0};
    uint8_t out[16];
    int64_t size;
    pln_top_k *top = filled(20, 50, true), *none = NULL;
    ck_assert_int_eq(pln_top_k_size(top, 9), -1);
    ck_assert_int_eq(pln_top_k_write(top, PLN_TOP_K_DATASKETCHES_LONGS, out, 16, &size, &err),
                     PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "an item that has not 8 bytes has no form 2"));
    ck_assert_int_eq(pln_top_k_write(top, PLN_TOP_K_NATIVE, out, 16, &size, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "16 bytes of room"));
    ck_assert_int_eq(pln_top_k_write(top, 7, out, 16, &size, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_top_k_read(NULL, 7, NULL, out, 16, &none, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "form is 7, expected 1 to 3"));
    pln_top_k_free(top);
}
END_TEST

Suite *suite_sketch_top_k_forms(void);
Suite *suite_sketch_top_k_forms(void) {
    Suite *suite = suite_create("sketch/top_k_forms");
    TCase *tc = tcase_create("forms");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, native_round_trip, 0, 2);
    tcase_add_test(tc, native_bytes);
    tcase_add_test(tc, every_truncation_and_change_is_refused);
    tcase_add_test(tc, lies_with_a_right_checksum);
    tcase_add_loop_test(tc, files_of_datasketches, PLN_TOP_K_DATASKETCHES_LONGS,
                        PLN_TOP_K_DATASKETCHES_STRINGS + 1);
    tcase_add_test(tc, texts_of_datasketches);
    tcase_add_test(tc, other_families_are_refused_by_name);
    tcase_add_test(tc, images_by_hand);
    tcase_add_test(tc, forms_that_a_sketch_lacks);
    suite_add_tcase(suite, tc);
    return suite;
}

#include "base/base.h"
#include <check.h>
#include <stdio.h>

static const pln_allocator *mem;

static void set_up(void) {
    mem = pln__system_allocator();
}

/* ---- order ---- */

typedef struct thing {
    int32_t key;
    char ballast[36]; /* more than is swapped at once */
} thing;

static int by_key(const void *a, const void *b, const void *context) {
    int32_t left = ((const thing *)a)->key, right = ((const thing *)b)->key;
    int sign = *(const int *)context;
    return sign * ((left > right) - (left < right));
}

/* Equal keys, both directions, all small sizes: in order, and each thing is still there and whole. */
START_TEST(sort_puts_in_order) {
    enum { MOST = 130 };
    thing things[MOST];
    uint32_t state = 1;
    for (int n = 0; n <= MOST; n++) {
        int sign = n % 2 == 0 ? 1 : -1, seen[MOST] = {0};
        for (int i = 0; i < n; i++) {
            state = state * 1664525u + 1013904223u;
            things[i].key = (int32_t)(state >> 16) % (n / 2 + 1);
            memset(things[i].ballast, i + things[i].key, sizeof things[i].ballast);
            snprintf(things[i].ballast, sizeof things[i].ballast, "%d:%d", things[i].key, i);
        }
        pln__sort(things, n, sizeof *things, by_key, &sign);
        for (int i = 0; i < n; i++) {
            int key, was;
            ck_assert(i == 0 || by_key(&things[i - 1], &things[i], &sign) <= 0);
            ck_assert_int_eq(sscanf(things[i].ballast, "%d:%d", &key, &was), 2);
            ck_assert_int_eq(key, things[i].key);
            ck_assert_int_eq(things[i].ballast[35], (char)(was + key));
            ck_assert_int_eq(seen[was]++, 0);
        }
    }
}
END_TEST

START_TEST(error_fills_and_flags) {
    pln_error err = {0};
    ck_assert_int_eq(pln__error_set(&err, PLN_EDATA, "column %s: %d", "amount", 7), PLN_EDATA);
    ck_assert_str_eq(err.message, "column amount: 7");
    ck_assert_uint_eq(err.flags, PLN_ERR_DATA);
    pln__error_where(&err, "graph/%s", "inner");
    pln__error_where(&err, "graph/%s", "outer");
    ck_assert_str_eq(err.where, "graph/inner");
    pln__error_prefix(&err, "reading %s", "x.csv");
    ck_assert_str_eq(err.message, "reading x.csv: column amount: 7");
    ck_assert_int_eq(pln__error_set(&err, PLN_EBUSY, "b"), PLN_EBUSY);
    ck_assert_str_eq(err.where, "");
    ck_assert_uint_eq(err.flags, PLN_ERR_RETRYABLE);
    pln__error_set(&err, PLN_ECORRUPT, "c");
    ck_assert_uint_eq(err.flags, PLN_ERR_FATAL);
    ck_assert_int_eq(pln__error_set(NULL, PLN_EIO, "x"), PLN_EIO);
    pln__error_where(NULL, "x");
    pln__error_prefix(NULL, "x");
    pln_error placed = {.where = "set by the caller"};
    pln__error_set(&placed, PLN_EIO, "x");
    ck_assert_str_eq(placed.where, "set by the caller");
    ck_assert_int_eq(pln__error_memory(&err, 4096), PLN_ENOMEM);
    ck_assert_ptr_nonnull(strstr(err.message, "4096"));
    ck_assert_str_eq(pln_status_name(PLN_EDATA), "PLN_EDATA");
    ck_assert_str_eq(pln_status_name(-999), "PLN_UNKNOWN");
    ck_assert_str_eq(pln_status_text(PLN_OK), "done");
}
END_TEST

START_TEST(error_escapes_and_cuts) {
    pln_error err = {0};
    pln__error_set(&err, PLN_EDATA, "a\nb\x7F \xC3\xA9 \xC3( \xED\xA0\x80 \xC2\x85");
    ck_assert_str_eq(err.message, "a\\x0Ab\\x7F \xC3\xA9 \\xC3( \\xED\\xA0\\x80 \\x85");
    for (int lead = 0; lead < 8; lead++) {
        char text[1200];
        int n = lead;
        memset(text, 'x', sizeof text);
        for (; n + 3 < 1100; n += 2)
            memcpy(text + n, "\xC3\xA9", 2);
        text[n] = '\0';
        pln__error_set(&err, PLN_EDATA, "%s", text);
        size_t size = strlen(err.message);
        ck_assert_uint_le(size, sizeof err.message - 1);
        ck_assert_uint_ge(size, sizeof err.message - 3);
        ck_assert_str_eq(err.message + size - 3, "\xE2\x80\xA6");
        ck_assert_uint_eq((size - 3 - (size_t)lead) % 2, 0);
    }
    memset(err.message, 'y', sizeof err.message);
    err.message[sizeof err.message - 1] = '\0';
    pln__error_prefix(&err, "p");
    ck_assert_int_eq(strncmp(err.message, "p: yyy", 6), 0);
    ck_assert_uint_eq(strlen(err.message), sizeof err.message - 1);
}
END_TEST

START_TEST(show_quotes) {
    char out[PLN__SHOW_SIZE];
    ck_assert_str_eq(pln__show(out, "n/a", 3), "'n/a'");
    ck_assert_str_eq(pln__show(out, "", 0), "''");
    ck_assert_str_eq(pln__show(out, "it's \\ \n\0", 9), "'it\\'s \\\\ \\x0A\\x00'");
    char bytes[100];
    memset(bytes, 0xFF, sizeof bytes);
    ck_assert_uint_eq(strlen(pln__show(out, bytes, 100)), 48 * 4 + 2 + 3);
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes + 47, "\xC3\xA9", 2);
    ck_assert_uint_eq(strlen(pln__show(out, bytes, 100)), 47 + 2 + 3);
    ck_assert_uint_eq(strlen(pln__show(out, bytes, 48)), 47 + 4 + 2);
}
END_TEST

START_TEST(nearest_name) {
    const char *const names[] = {"path", "schema", "delimiter", "header", "key", NULL};
    ck_assert_str_eq(pln__nearest("pth", names), "path");
    ck_assert_str_eq(pln__nearest("ptah", names), "path");
    ck_assert_str_eq(pln__nearest("Header", names), "header");
    ck_assert_str_eq(pln__nearest("delimeter", names), "delimiter");
    ck_assert_str_eq(pln__nearest("keys", names), "key");
    ck_assert_ptr_null(pln__nearest("zebra", names));
    ck_assert_ptr_null(pln__nearest("", names));
    char longest[300];
    memset(longest, 'p', 299);
    longest[299] = '\0';
    ck_assert_ptr_null(pln__nearest(longest, names));
}
END_TEST

/* Cell by cell, as the definition says: insert, delete, replace, swap of neighbours. */
static int plain_distance(const char *a, const char *b) {
    static int cells[65][65];
    int n = (int)strlen(a), m = (int)strlen(b);
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            int best = i == 0 ? j : j == 0 ? i : cells[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (i > 0 && j > 0) {
                best = cells[i - 1][j] + 1 < best ? cells[i - 1][j] + 1 : best;
                best = cells[i][j - 1] + 1 < best ? cells[i][j - 1] + 1 : best;
            }
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cells[i - 2][j - 2] + 1 < best)
                best = cells[i - 2][j - 2] + 1;
            cells[i][j] = best;
        }
    return cells[n][m];
}

START_TEST(nearest_of_random_names) {
    uint64_t state = 88172645463325252u;
    char words[9][64];
    const char *names[9] = {words[1], words[2], words[3], words[4],
                            words[5], words[6], words[7], words[8], NULL};
    int found = 0;
    for (int round = 0; round < 30000; round++) {
        for (int w = 0; w < 9; w++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            int size = 1 + (int)(state >> 33) % (round % 3 == 0 ? 63 : 8);
            for (int i = 0; i < size; i++) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                words[w][i] = "abc\xE9"[state >> 62];
            }
            words[w][size] = '\0';
        }
        if (round % 2 == 0) /* one that is near */
            snprintf(words[5], sizeof words[5], "%c%.62s", words[5][0], words[0]);
        const char *best = NULL;
        int n = (int)strlen(words[0]), limit = n < 3 ? 1 : 1 + n / 4;
        for (int i = 0; names[i] != NULL; i++) {
            int m = (int)strlen(names[i]), d = plain_distance(words[0], names[i]);
            if (d > limit || d >= (n > m ? n : m))
                continue;
            best = names[i];
            limit = d - 1;
        }
        found += best != NULL;
        ck_assert_ptr_eq(pln__nearest(words[0], names), best);
    }
    ck_assert_int_gt(found, 5000);
}
END_TEST

START_TEST(buffers_are_aligned_and_padded) {
    pln__buffer buffer = {0};
    uint8_t byte = 0;
    for (int i = 0; i < 300000; i++, byte = (uint8_t)(byte * 5 + 1)) {
        ck_assert_int_eq(pln__buffer_append(mem, &buffer, &byte, 1, NULL), PLN_OK);
        if (buffer.size == buffer.capacity) {
            ck_assert_uint_eq((uintptr_t)buffer.data % PLN__ALIGN, 0);
            memset(buffer.data + buffer.capacity, 0xEE, PLN__PADDING);
        }
    }
    byte = 0;
    for (int i = 0; i < 300000; i++, byte = (uint8_t)(byte * 5 + 1))
        ck_assert_uint_eq(buffer.data[i], byte);
    pln__buffer_seal(&buffer);
    for (int i = 0; i < PLN__PADDING; i++)
        ck_assert_uint_eq(buffer.data[buffer.size + i], 0);
    pln_error err = {0};
    ck_assert_int_eq(pln__buffer_reserve(mem, &buffer, INT64_MAX, &err), PLN_ENOMEM);
    ck_assert_int_eq(buffer.size, 300000);
    pln__buffer_free(mem, &buffer);
    ck_assert_ptr_null(buffer.data);
    pln__buffer_seal(&buffer);
    void *aligned = pln__aligned_alloc(mem, 0);
    ck_assert_uint_eq((uintptr_t)aligned % PLN__ALIGN, 0);
    pln__aligned_free(mem, aligned, 0);
    pln__aligned_free(mem, NULL, 0);
    ck_assert_ptr_null(pln__aligned_alloc(mem, -1));
    ck_assert_ptr_null(pln__aligned_alloc(mem, INT64_MAX));
}
END_TEST

START_TEST(text_builds) {
    pln__text text;
    pln__text_init(&text, mem);
    pln__text_str(&text, "a");
    pln__text_char(&text, '=');
    pln__text_int(&text, INT64_MIN);
    pln__text_printf(&text, ";%s;%d", "x", 5);
    ck_assert_str_eq(text.data, "a=-9223372036854775808;x;5");
    char wide[600];
    memset(wide, 'w', 599);
    wide[599] = '\0';
    pln__text_printf(&text, "%s", wide);
    ck_assert_int_eq(text.size, 26 + 599);
    ck_assert_int_eq(pln__text_status(&text, NULL), PLN_OK);
    char *taken = pln__text_take(&text);
    ck_assert_uint_eq(strlen(taken), 26 + 599);
    pln__strfree(mem, taken);
    char *empty = pln__text_take(&text);
    ck_assert_str_eq(empty, "");
    pln__strfree(mem, empty);
    pln__text_json(&text, "q\"b\\n\n\x01 \xC3\xA9 \xFF\xE2\x82.", 15);
    ck_assert_str_eq(text.data, "\"q\\\"b\\\\n\\n\\u0001 \xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD.\"");
    pln__text_free(&text);
    char *copy = pln__strndup(mem, "abc\0def", 7);
    ck_assert_str_eq(copy, "abc");
    pln__strfree(mem, copy);
}
END_TEST

static void *no_memory(void *user, void *ptr, uint64_t old, uint64_t now) {
    (void)user;
    (void)ptr;
    (void)old;
    (void)now;
    return NULL;
}

START_TEST(failures_are_reported) {
    pln_allocator none = {sizeof none, 0, NULL, no_memory};
    pln__text text;
    pln_error err = {0};
    pln__text_init(&text, &none);
    pln__text_str(&text, "x");
    pln__text_printf(&text, "%d", 1);
    ck_assert_int_eq(pln__text_status(&text, &err), PLN_ENOMEM);
    ck_assert_ptr_null(pln__text_take(&text));
    ck_assert_int_eq(pln__text_status(&text, &err), PLN_ENOMEM);
    pln__buffer buffer = {0};
    ck_assert_int_eq(pln__buffer_append(&none, &buffer, "x", 1, &err), PLN_ENOMEM);
    ck_assert_ptr_null(pln__map_new(&none, 1));
    ck_assert_ptr_null(pln__strdup(&none, "x"));
    ck_assert_ptr_null(pln__heap_new(&none, 0));
}
END_TEST

START_TEST(bits_against_one_by_one) {
    uint8_t src[64], dst[64], want[64];
    uint64_t state = 99;
    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < 64; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            src[i] = (uint8_t)(state >> 33);
            want[i] = dst[i] = (uint8_t)(state >> 45);
        }
        int64_t from = (int64_t)(state >> 10) & 127, to = (int64_t)(state >> 20) & 127;
        int64_t length = (int64_t)((state >> 50) % 380);
        int64_t count = 0;
        for (int64_t i = 0; i < length; i++) {
            count += pln__bit_get(src, from + i);
            pln__bit_put(want, to + i, pln__bit_get(src, from + i));
        }
        ck_assert_int_eq(pln__bits_count(src, from, length), count);
        pln__bits_copy(dst, to, src, from, length);
        ck_assert_mem_eq(dst, want, 64);
        bool value = (state >> 60) & 1;
        for (int64_t i = 0; i < length; i++)
            pln__bit_put(want, from + i, value);
        pln__bits_fill(dst, from, length, value);
        ck_assert_mem_eq(dst, want, 64);
    }
}
END_TEST

START_TEST(map_holds_everything) {
    enum { N = 50000 };
    pln__map *map = pln__map_new(mem, 12345);
    char key[32];
    int64_t value;
    ck_assert(!pln__map_get(map, "x", 1, &value));
    for (int i = 0; i < N; i++) {
        int n = snprintf(key, sizeof key, "key %d", i * 7);
        ck_assert_int_eq(pln__map_put(map, key, n, i, NULL), PLN_OK);
    }
    for (int i = 0; i < N; i += 3) {
        int n = snprintf(key, sizeof key, "key %d", i * 7);
        ck_assert_int_eq(pln__map_put(map, key, n, -i, NULL), PLN_OK);
    }
    ck_assert_int_eq(pln__map_count(map), N);
    for (int i = 0; i < N; i++) {
        int64_t size, again;
        int n = snprintf(key, sizeof key, "key %d", i * 7);
        ck_assert(pln__map_get(map, key, n, &value));
        ck_assert_int_eq(value, i % 3 == 0 ? -i : i);
        ck_assert_str_eq(pln__map_at(map, i, &size, &again), key);
        ck_assert_int_eq(size, n);
        ck_assert_int_eq(again, value);
        n = snprintf(key, sizeof key, "key %d", i * 7 + 1);
        ck_assert(!pln__map_get(map, key, n, NULL));
    }
    ck_assert_int_eq(pln__map_put(map, "", 0, 5, NULL), PLN_OK);
    ck_assert_int_eq(pln__map_put(map, "a\0b", 3, 6, NULL), PLN_OK);
    ck_assert(pln__map_get(map, NULL, 0, &value) && value == 5);
    ck_assert(pln__map_get(map, "a\0b", 3, &value) && value == 6);
    ck_assert(!pln__map_get(map, "a\0c", 3, &value));
    pln__map_free(map);
    pln__map_free(NULL);
}
END_TEST

START_TEST(hash_is_xxh3) {
    /* XXH3_64bits of the empty input, from the algorithm's specification. */
    ck_assert(pln__hash64("", 0, 0) == UINT64_C(0x2D06800538D394C2));
    ck_assert(pln__hash64("abc", 3, 1) != pln__hash64("abc", 3, 2));
}
END_TEST

Suite *suite_base_base(void);
Suite *suite_base_base(void) {
    Suite *suite = suite_create("base/base");
    TCase *tc = tcase_create("base");
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, error_fills_and_flags);
    tcase_add_test(tc, error_escapes_and_cuts);
    tcase_add_test(tc, show_quotes);
    tcase_add_test(tc, nearest_name);
    tcase_add_test(tc, nearest_of_random_names);
    tcase_add_test(tc, buffers_are_aligned_and_padded);
    tcase_add_test(tc, text_builds);
    tcase_add_test(tc, failures_are_reported);
    tcase_add_test(tc, bits_against_one_by_one);
    tcase_add_test(tc, map_holds_everything);
    tcase_add_test(tc, hash_is_xxh3);
    tcase_add_test(tc, sort_puts_in_order);
    suite_add_tcase(suite, tc);
    return suite;
}

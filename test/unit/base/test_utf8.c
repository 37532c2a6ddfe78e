#include "base/utf8.h"
#include <check.h>

#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* The table of well-formed sequences (Unicode 15, table 3-7), row by row. */
typedef struct row {
    uint8_t length, low[4], high[4];
} row;

static const row table[] = {
    {1, {0x00}, {0x7F}},
    {2, {0xC2, 0x80}, {0xDF, 0xBF}},
    {3, {0xE0, 0xA0, 0x80}, {0xE0, 0xBF, 0xBF}},
    {3, {0xE1, 0x80, 0x80}, {0xEC, 0xBF, 0xBF}},
    {3, {0xED, 0x80, 0x80}, {0xED, 0x9F, 0xBF}},
    {3, {0xEE, 0x80, 0x80}, {0xEF, 0xBF, 0xBF}},
    {4, {0xF0, 0x90, 0x80, 0x80}, {0xF0, 0xBF, 0xBF, 0xBF}},
    {4, {0xF1, 0x80, 0x80, 0x80}, {0xF3, 0xBF, 0xBF, 0xBF}},
    {4, {0xF4, 0x80, 0x80, 0x80}, {0xF4, 0x8F, 0xBF, 0xBF}},
};

/*
 * Length of the well-formed sequence at p, or minus the length of the longest prefix of one, at
 * least 1.
 */
static int by_table(const uint8_t *p, int64_t size) {
    int best = 1;
    for (int r = 0; r < PLN__COUNT(table); r++) {
        int n = 0;
        while (n < table[r].length && n < size && p[n] >= table[r].low[n] &&
               p[n] <= table[r].high[n])
            n++;
        if (n == table[r].length)
            return n;
        if (n > best)
            best = n;
    }
    return -best;
}

static int64_t first_invalid(const uint8_t *p, int64_t size) {
    int64_t i = 0;
    while (i < size) {
        int n = by_table(p + i, size - i);
        if (n < 0)
            return i;
        i += n;
    }
    return -1;
}

static void check_all(const uint8_t *p, int64_t size, uint32_t cpu) {
    int64_t want = first_invalid(p, size);
    MUST(pln__utf8_invalid_at(p, size, 0) == want, "scalar");
    MUST(pln__utf8_invalid_at(p, size, cpu) == want, "vector");
    MUST(pln__utf8_valid(p, size, 0) == (want < 0), "scalar");
    MUST(pln__utf8_valid(p, size, cpu) == (want < 0), "vector");
}

START_TEST(every_code_point) {
    uint32_t surrogates = 0;
    for (uint32_t point = 0; point <= 0x110000; point++) {
        uint8_t out[8] = {0};
        int32_t n = pln__utf8_encode(point, out), used;
        if (n == 0) {
            MUST(point == 0x110000 || (point >= 0xD800 && point <= 0xDFFF), "U+%X", point);
            surrogates++;
            continue;
        }
        MUST(by_table(out, n) == n, "U+%X", point);
        MUST(pln__utf8_decode(out, n, &used) == (int32_t)point && used == n, "U+%X", point);
        MUST(pln__utf8_count(out, n) == 1, "U+%X", point);
        for (int32_t cut = 1; cut < n; cut++) {
            MUST(pln__utf8_decode(out, cut, &used) == -1 && used == cut, "U+%X cut", point);
        }
    }
    ck_assert_uint_eq(surrogates, 2048 + 1);
    uint8_t out[4];
    ck_assert_int_eq(pln__utf8_encode(UINT32_MAX, out), 0);
}
END_TEST

/* Every lead, every second byte, and the third and fourth at the borders of their ranges. */
START_TEST(every_malformed_class) {
    static const uint8_t edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90,
                                    0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    uint32_t cpu = pln__cpu_features();
    for (int lead = 0; lead < 256; lead++) {
        for (int second = 0; second < 256; second++) {
            for (int k = 0; k < PLN__COUNT(edges) * PLN__COUNT(edges); k++) {
                uint8_t text[48];
                memset(text, 'a', sizeof text);
                uint8_t *p = text + (k + second) % 44;
                p[0] = (uint8_t)lead;
                p[1] = (uint8_t)second;
                p[2] = edges[k % PLN__COUNT(edges)];
                p[3] = edges[k / PLN__COUNT(edges)];
                int32_t used;
                int want = by_table(p, 4);
                int32_t point = pln__utf8_decode(p, 4, &used);
                MUST((point >= 0) == (want > 0), "%02X %02X", lead, second);
                MUST(used == (want < 0 ? -want : want), "%02X %02X: %d", lead, second, used);
                check_all(text, 48, cpu);
            }
        }
    }
}
END_TEST

/* A sequence of every length at every place of two blocks, whole, cut at the end, and damaged. */
START_TEST(every_alignment) {
    uint32_t cpu = pln__cpu_features();
    static const char *const sequences[] = {
        "\xC3\xA9",     "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\x80",     "\xC3",         "\xE2\x82",
        "\xF0\x9F\x98", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xFF"};
    uint8_t text[200];
    for (int64_t size = 0; size <= 140; size++) {
        for (int s = 0; s < PLN__COUNT(sequences); s++) {
            int64_t n = (int64_t)strlen(sequences[s]);
            for (int64_t i = 0; i + n <= size; i++) {
                memset(text, 'x', sizeof text);
                memcpy(text + i, sequences[s], (size_t)n);
                check_all(text, size, cpu);
            }
        }
    }
}
END_TEST

START_TEST(random_text) {
    uint32_t cpu = pln__cpu_features();
    uint64_t state = 3;
    uint8_t text[512];
    for (int round = 0; round < 100000; round++) {
        int64_t n = 0, points = 0;
        int64_t offsets[512];
        while (n < 500) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            uint32_t point = (uint32_t)(state >> 33) >> ((state >> 20) & 31);
            int32_t used = pln__utf8_encode(point, text + n);
            if (used > 0)
                offsets[points++] = n;
            n += used;
        }
        int64_t size = (int64_t)((state >> 40) % 500);
        while (size < n && (text[size] & 0xC0) == 0x80)
            size++;
        while (points > 0 && offsets[points - 1] >= size)
            points--;
        MUST(pln__utf8_valid(text, size, cpu), "valid");
        MUST(pln__utf8_count(text, size) == points, "count");
        for (int64_t i = 0; i < points; i += 7)
            MUST(pln__utf8_offset(text, size, i) == offsets[i], "offset");
        MUST(pln__utf8_offset(text, size, points) == size, "offset of the end");
        MUST(pln__utf8_offset(text, size, points + 9) == size, "offset behind the end");
        text[(state >> 24) % 500] = (uint8_t)(state >> 50);
        check_all(text, size, cpu);
    }
}
END_TEST

START_TEST(case_of_ascii) {
    uint8_t text[256 + 13], up[256 + 13], low[256 + 13];
    for (int shift = 0; shift < 13; shift++) {
        for (int i = 0; i < 256; i++)
            text[shift + i] = (uint8_t)(i + shift);
        pln__ascii_upper(up + shift, text + shift, 256);
        pln__ascii_lower(low + shift, text + shift, 256);
        for (int i = shift; i < shift + 256; i++) {
            uint8_t c = text[i];
            MUST(up[i] == (c >= 'a' && c <= 'z' ? c - 32 : c), "%02X", c);
            MUST(low[i] == (c >= 'A' && c <= 'Z' ? c + 32 : c), "%02X", c);
        }
        ck_assert(pln__ascii_equal_nocase(up + shift, low + shift, 256));
    }
    ck_assert(!pln__ascii_equal_nocase("@", "`", 1));
    ck_assert(!pln__ascii_equal_nocase("[", "{", 1));
    ck_assert(!pln__ascii_equal_nocase("a", "b", 1));
    ck_assert(pln__ascii_equal_nocase("", "", 0));
    for (int i = 0; i < 100; i++) {
        memset(text, 'a', 100);
        ck_assert(pln__ascii_only(text, 100));
        text[i] = 0x80;
        ck_assert(!pln__ascii_only(text, 100));
        ck_assert(pln__ascii_only(text, i));
    }
}
END_TEST

Suite *suite_base_utf8(void);
Suite *suite_base_utf8(void) {
    Suite *suite = suite_create("base/utf8");
    TCase *tc = tcase_create("utf8");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, every_code_point);
    tcase_add_test(tc, every_malformed_class);
    tcase_add_test(tc, every_alignment);
    tcase_add_test(tc, random_text);
    tcase_add_test(tc, case_of_ascii);
    suite_add_tcase(suite, tc);
    return suite;
}

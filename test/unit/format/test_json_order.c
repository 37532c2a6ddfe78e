/* Members in any order, among others that the schema does not know: rows and refusals are made up first, and the text from them. */
#include "format/json_plan.h"
#include "json_rows.h"
#include "random_arrow.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* Names around the sizes of words, alike in front, behind and in the middle; one that JSON writes with an escape. */
static const char *const names[] = {"a", "b\"c", "id", "event_id", "event_time", "event_type",
                                    "abcdefgh", "abcdefghi", "abcdefghijklm-opqrst",
                                    "abcdefghijklmnopqrst", "a_name_of_twenty-nine_bytes__",
                                    "a_name_of_twenty-nine_bytes_.", "a_name_of_thirty_bytes________",
                                    "a_name_of_more_than_thirty-two_bytes"};
enum { NAMES = PLN__COUNT(names), STRANGERS = 90, PARTS = NAMES + 8 };

static const uint32_t variants[] = {PLN__JSON_GENERAL, 0, PLN__CPU_SSE42, PLN__CPU_AVX2};

static void make_spec(char *out) {
    for (int i = 0; i < NAMES; i++)
        out += sprintf(out, "%s%s %s?", i > 0 ? ", " : "", names[i], i % 3 == 0 ? "u" : "l");
}

static void escaped(pln__text *to, const char *name) {
    for (; *name != '\0'; name++)
        pln__text_printf(to, "%s%c", *name == '"' ? "\\" : "", *name);
}

static void stranger_name(int64_t i, char out[64]) {
    static const char *const rest[] = {"", "_of_some_size", "_of_exactly_29_bytes_____",
                                       "_of_exactly_30_bytes______", "_that_no_member_has_room_for____"};
    sprintf(out, "u%lld%s", (long long)i, i < 10 ? "" : rest[i % 5]);
}

typedef struct part {
    char text[200];
    char name[64];
} part;

static void one_part(rng *r, const char *name, const char *value, part *out) {
    static const char *const gaps[] = {"", "", "", "", "", "", " ", "\t "};
    pln__text key;
    pln__text_init(&key, pln__system_allocator());
    escaped(&key, name);
    bool hidden = rng_below(r, 12) == 0 && name[0] != '\0';
    snprintf(out->name, sizeof out->name, "%s", name);
    if (hidden) /* the first letter as an escape */
        snprintf(out->text, sizeof out->text, "\"\\u%04x%s\"%s:%s%s%s", (unsigned)name[0],
                 key.data + 1, gaps[rng_below(r, 8)], gaps[rng_below(r, 8)], value,
                 gaps[rng_below(r, 8)]);
    else
        snprintf(out->text, sizeof out->text, "\"%s\"%s:%s%s%s", key.data, gaps[rng_below(r, 8)],
                 gaps[rng_below(r, 8)], value, gaps[rng_below(r, 8)]);
    pln__text_free(&key);
}

static void stranger(rng *r, int64_t i, part *out) {
    static const char *const values[] = {"\"text\"", "17", "{\"a\":1,\"a\":2}", "[]", "\"\\u00e9\"",
                                         "null", "\"a text of more than 32 bytes, so that it takes two steps\""};
    char name[64];
    stranger_name(i, name);
    one_part(r, name, values[rng_below(r, i % 4 == 0 ? PLN__COUNT(values) : 1)], out);
}

/* The members of a record that are there, each with its value; `want` gets the row. */
static int members(rng *r, part *parts, pln__text *want) {
    char value[80];
    int n = 0;
    pln__text_char(want, '{');
    for (int i = 0; i < NAMES; i++) {
        bool there = rng_below(r, 10) > 0;
        if (!there)
            snprintf(value, sizeof value, "null");
        else if (i % 3 == 0)
            snprintf(value, sizeof value, "\"%.*s\"", (int)rng_below(r, 40),
                     "0123456789012345678901234567890123456789");
        else
            snprintf(value, sizeof value, "%lld", (long long)rng_below(r, 1 << 30));
        pln__text_str(want, i > 0 ? ",\"" : "\"");
        escaped(want, names[i]);
        pln__text_printf(want, "\":%s", value);
        if (there)
            one_part(r, names[i], value, &parts[n++]);
    }
    pln__text_str(want, "}\n");
    return n;
}

static void shuffle(rng *r, part *parts, int n) {
    for (int k = n - 1; k > 0; k--) {
        int64_t j = rng_below(r, k + 1);
        part t = parts[k];
        parts[k] = parts[j];
        parts[j] = t;
    }
}

static bool is_member(const char *name) {
    bool yes = false;
    for (int i = 0; i < NAMES; i++)
        yes = yes || strcmp(names[i], name) == 0;
    return yes;
}

/* `order` 0: as the schema has it, which changes now and then; 1: at random. */
static void record(rng *r, int64_t line, bool order, pln__text *text, pln__text *want) {
    static part parts[PARTS + 1];
    int64_t start = text->size, before = want->size;
    pln__text row;
    pln__text_init(&row, pln__system_allocator());
    int n = members(r, parts, &row);
    int64_t first = rng_below(r, order ? STRANGERS - 8 : 4);
    for (int64_t i = 0; i < rng_below(r, 8); i++)
        stranger(r, first + i, &parts[n++]);
    if (order || rng_below(r, 20) == 0)
        shuffle(r, parts, n);
    const char *twice = NULL;
    if (n > 0 && rng_below(r, 15) == 0) { /* the last one stands there again */
        int64_t again = rng_below(r, n);
        twice = parts[again].name;
        one_part(r, twice, is_member(twice) ? "null" : "1", &parts[n++]);
    }
    for (int i = 0; i < n; i++)
        pln__text_printf(text, "%s%s", i > 0 ? "," : "{", parts[i].text);
    pln__text_str(text, n > 0 ? "}\n" : "{}\n");
    pln__text_printf(want, "%lld%s %lld+%lld ", (long long)line, twice == NULL ? "" : "!",
                     (long long)start, (long long)(text->size - start - 1));
    if (twice == NULL)
        pln__text_str(want, row.data);
    else if (!is_member(twice))
        pln__text_printf(want, "PLN_EDATA -1 the member '%s' stands there twice\n", twice);
    else
        for (int i = 0; i < NAMES; i++)
            if (strcmp(names[i], twice) == 0)
                pln__text_printf(want, "PLN_EDATA %d member '%s': stands there twice\n", i, twice);
    ck_assert_int_gt(want->size, before);
    pln__text_free(&row);
}

START_TEST(any_order_gives_the_same) {
    rng r = {.state = (uint64_t)_i * 104729 + 5};
    char spec[1000];
    pln__text text, want;
    pln__text_init(&text, pln__system_allocator());
    pln__text_init(&want, pln__system_allocator());
    make_spec(spec);
    for (int64_t line = 0; line < 500; line++) /* spells of one order and of none */
        record(&r, line, line / 60 % 2 == 1, &text, &want);
    for (int v = 0; v < PLN__COUNT(variants); v++) {
        json_way way = {.cpu = variants[v] & (pln__cpu_features() | PLN__JSON_GENERAL),
                        .block = v % 2 == 0 ? 0 : 700,
                        .max_rows = v % 3 == 0 ? 0 : 9};
        char *got = json_decoded(spec, text.data, &way);
        int64_t at = 0;
        while (got[at] == want.data[at] && got[at] != '\0')
            at++;
        while (at > 0 && got[at - 1] != '\n')
            at--;
        ck_assert_msg(strcmp(got, want.data) == 0, "variant %d: got\n%.600s\nexpected\n%.600s", v,
                      got + at, want.data + at);
        free(got);
    }
    pln__text_free(&text);
    pln__text_free(&want);
}
END_TEST

/* A key must not be taken for a member that it is only like, whatever the index holds. */
START_TEST(keys_that_are_nearly_names) {
    static const char *const keys[] = {"event_i", "event_id ", "event_idx", "Event_id", "event-id",
                                       "event_id\\u0000", "event_id\\\"", ""};
    for (int i = 0; i < PLN__COUNT(keys); i++)
        for (int v = 0; v < PLN__COUNT(variants); v++) {
            char text[300], want[300];
            json_way way = {.cpu = variants[v] & (pln__cpu_features() | PLN__JSON_GENERAL)};
            int size = snprintf(text, sizeof text,
                                "{\"%s\":1,\"event_id\":2}\n{\"event_id\":3,\"%s\":4}\n", keys[i],
                                keys[i]);
            snprintf(want, sizeof want, "0 0+%d {\"event_id\":2}\n1 %d+%d {\"event_id\":3}\n",
                     size / 2 - 1, size / 2, size / 2 - 1);
            char *got = json_decoded("event_id l?", text, &way);
            ck_assert_str_eq(got, want);
            free(got);
        }
}
END_TEST

Suite *suite_format_json_order(void);
Suite *suite_format_json_order(void) {
    Suite *suite = suite_create("format/json_order");
    TCase *tcase = tcase_create("order");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, any_order_gives_the_same, 0, 12);
    tcase_add_test(tcase, keys_that_are_nearly_names);
    suite_add_tcase(suite, tcase);
    return suite;
}

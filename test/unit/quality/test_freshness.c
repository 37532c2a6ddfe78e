/* Data that must be there by a time of the day or within an age: due days by hand, incidents, partitions, bytes, refusals. */
#include "fail_alloc.h"
#include "random_arrow.h"
#include "base/base.h"
#include <check.h>
#include <jansson.h>
#include <pln/pln.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
/* 2024-01-01, a Monday, 00:00 UTC; the year is a leap year */
#define MONDAY INT64_C(1704067200000000)

static pln_error err;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, err.message);                            \
    } while (0)

static pln_freshness_options options_of(int32_t due_minutes) {
    pln_freshness_options options;
    pln_freshness_options_init(&options, sizeof options);
    options.due_minutes = due_minutes;
    return options;
}
static pln_freshness *freshness_of(const pln_freshness_options *options) {
    pln_freshness *f = NULL;
    MUST(pln_freshness_new(NULL, options, &f, &err));
    return f;
}
static void landed(pln_freshness *f, const char *partition, int64_t time_us) {
    MUST(pln_freshness_landed(f, partition, time_us, &err));
}
static pln_freshness_verdict check(pln_freshness *f, const char *partition, int64_t now_us) {
    pln_freshness_verdict v = {.struct_size = sizeof v};
    MUST(pln_freshness_check(f, partition, now_us, &v, &err));
    return v;
}

START_TEST(by_seven_every_day) {
    pln_freshness_options options = options_of(7 * 60);
    pln_freshness *f = freshness_of(&options);
    landed(f, NULL, MONDAY + 6 * HOUR);
    ck_assert_int_eq(check(f, NULL, MONDAY + 7 * HOUR).status, PLN_FRESHNESS_FRESH);
    ck_assert_int_eq(check(f, NULL, MONDAY + DAY + 7 * HOUR - 1).status, PLN_FRESHNESS_FRESH);
    /* What lands before midnight is of the day before. */
    landed(f, NULL, MONDAY + DAY - 1);
    pln_freshness_verdict v = check(f, NULL, MONDAY + DAY + 7 * HOUR);
    ck_assert_int_eq(v.status, PLN_FRESHNESS_LATE);
    ck_assert_int_eq(v.reason, PLN_FRESHNESS_DUE);
    ck_assert_int_eq(v.severity, PLN_FRESHNESS_ERROR);
    ck_assert(v.due_us == MONDAY + DAY + 7 * HOUR && v.overdue_us == 0);
    v = check(f, NULL, MONDAY + DAY + 9 * HOUR);
    ck_assert(v.status == PLN_FRESHNESS_STILL && v.overdue_us == 2 * HOUR && v.incident == 1);
    landed(f, NULL, MONDAY + DAY + 10 * HOUR);
    ck_assert_int_eq(check(f, NULL, MONDAY + DAY + 10 * HOUR).status, PLN_FRESHNESS_RESOLVED);
    v = check(f, NULL, MONDAY + DAY + 10 * HOUR);
    ck_assert(v.status == PLN_FRESHNESS_FRESH && v.incident == 0 && v.since_us == INT64_MIN);
    ck_assert_str_eq(v.json, "");
    ck_assert_int_eq(check(f, NULL, MONDAY + 2 * DAY + 8 * HOUR).incident, 2);
    pln_freshness_free(f);
    /* With a window of eight hours the evening before counts. */
    options.window_minutes = 8 * 60;
    f = freshness_of(&options);
    landed(f, NULL, MONDAY + DAY - 1);
    ck_assert_int_eq(check(f, NULL, MONDAY + DAY + 7 * HOUR).status, PLN_FRESHNESS_FRESH);
    pln_freshness_free(f);
    /* By midnight: what has landed on the day that ends. */
    options = options_of(0);
    f = freshness_of(&options);
    landed(f, NULL, MONDAY + 12 * HOUR);
    ck_assert_int_eq(check(f, NULL, MONDAY + DAY).status, PLN_FRESHNESS_FRESH);
    ck_assert_int_eq(check(f, NULL, MONDAY + 2 * DAY).status, PLN_FRESHNESS_LATE);
    pln_freshness_free(f);
}
END_TEST

/* The last due time before `now`, of something that is known for long. */
static int64_t due_at(const pln_freshness_options *options, int64_t now_us) {
    pln_freshness *f = freshness_of(options);
    MUST(pln_freshness_expect(f, NULL, MONDAY - 20000 * DAY, &err));
    int64_t due = check(f, NULL, now_us).due_us;
    pln_freshness_free(f);
    return due;
}

START_TEST(days_that_are_due) {
    pln_freshness_options options = options_of(7 * 60);
    options.weekdays = 1 << 0 | 1 << 4; /* Monday and Friday */
    ck_assert(due_at(&options, MONDAY + 8 * HOUR) == MONDAY + 7 * HOUR);
    ck_assert(due_at(&options, MONDAY + 6 * HOUR) == MONDAY - 3 * DAY + 7 * HOUR);
    ck_assert(due_at(&options, MONDAY + 6 * DAY) == MONDAY + 4 * DAY + 7 * HOUR);
    /* 07:00 in UTC-05:00 is 12:00 UTC; in UTC+05:30 it is 01:30 UTC. */
    options.weekdays = 1;
    options.offset_minutes = -300;
    ck_assert(due_at(&options, MONDAY + 12 * HOUR) == MONDAY + 12 * HOUR);
    ck_assert(due_at(&options, MONDAY + 12 * HOUR - 1) == MONDAY - 7 * DAY + 12 * HOUR);
    options.offset_minutes = 330;
    ck_assert(due_at(&options, MONDAY + 90 * MINUTE) == MONDAY + 90 * MINUTE);
    options = options_of(7 * 60);
    options.days_of_month = 1u << 15;
    ck_assert(due_at(&options, MONDAY) == MONDAY - 17 * DAY + 7 * HOUR);
    options.days_of_month = 1; /* the last one: 29 February */
    ck_assert(due_at(&options, MONDAY + 70 * DAY) == MONDAY + 59 * DAY + 7 * HOUR);
    options.days_of_month = 1u << 31;
    ck_assert(due_at(&options, MONDAY + 89 * DAY) == MONDAY + 30 * DAY + 7 * HOUR);
    /* Friday the 13th: 13 October 2023. */
    options.days_of_month = 1u << 13;
    options.weekdays = 1 << 4;
    ck_assert(due_at(&options, MONDAY) == MONDAY - 80 * DAY + 7 * HOUR);
    /* Every one of a month and every weekday meet, and the last one that they did is a day of both. */
    for (int k = 0; k < 32 * 7 * 40; k++) {
        options.days_of_month = 1u << k % 32;
        options.weekdays = 1u << k / 32 % 7;
        int64_t now = MONDAY + k / 224 * 331 * DAY, due = due_at(&options, now);
        ck_assert(due != INT64_MIN && due <= now);
        ck_assert_int_eq((due - MONDAY) % (7 * DAY) / DAY - (due < MONDAY ? 1 : 0) +
                             (due < MONDAY ? 7 : 0),
                         k / 32 % 7);
    }
    options = options_of(-1);
    ck_assert(due_at(&options, MONDAY) == INT64_MIN);
}
END_TEST

START_TEST(what_was_due_before_is_not_missed) {
    pln_freshness_options options = options_of(7 * 60);
    pln_freshness *f = freshness_of(&options);
    MUST(pln_freshness_expect(f, NULL, MONDAY + 8 * HOUR, &err));
    pln_freshness_verdict v = check(f, NULL, MONDAY + 23 * HOUR);
    ck_assert(v.status == PLN_FRESHNESS_FRESH && v.due_us == INT64_MIN);
    v = check(f, NULL, MONDAY + DAY + 8 * HOUR);
    ck_assert(v.status == PLN_FRESHNESS_LATE && v.landed_us == INT64_MIN);
    pln_freshness_free(f);
}
END_TEST

START_TEST(ages) {
    pln_freshness_options options = options_of(-1);
    options.warning_age_us = 2 * DAY;
    options.error_age_us = 4 * DAY;
    pln_freshness *f = freshness_of(&options);
    landed(f, NULL, MONDAY);
    landed(f, NULL, MONDAY - DAY); /* earlier: nothing new */
    ck_assert_int_eq(check(f, NULL, MONDAY + 2 * DAY).status, PLN_FRESHNESS_FRESH);
    pln_freshness_verdict v = check(f, NULL, MONDAY + 2 * DAY + 1);
    ck_assert(v.status == PLN_FRESHNESS_LATE && v.severity == PLN_FRESHNESS_WARNING);
    ck_assert(v.reason == PLN_FRESHNESS_AGE && v.age_us == 2 * DAY + 1);
    ck_assert_int_eq(check(f, NULL, MONDAY + 3 * DAY).status, PLN_FRESHNESS_STILL);
    v = check(f, NULL, MONDAY + 5 * DAY); /* graver: said again */
    ck_assert(v.status == PLN_FRESHNESS_LATE && v.severity == PLN_FRESHNESS_ERROR);
    ck_assert(v.incident == 1 && v.since_us == MONDAY + 2 * DAY + 1);
    int alerts = 0;
    for (int i = 0; i < 1000; i++)
        alerts += check(f, NULL, MONDAY + 5 * DAY + i).status != PLN_FRESHNESS_STILL;
    ck_assert_int_eq(alerts, 0);
    landed(f, NULL, MONDAY + 6 * DAY);
    ck_assert_int_eq(check(f, NULL, MONDAY + 6 * DAY).status, PLN_FRESHNESS_RESOLVED);
    ck_assert_int_eq(check(f, NULL, MONDAY).status, PLN_FRESHNESS_FRESH); /* a clock that was put back */
    pln_freshness_free(f);
}
END_TEST

START_TEST(partitions_do_not_speak_for_each_other) {
    pln_freshness_options options = options_of(-1);
    options.error_age_us = DAY;
    options.partitions = 3;
    pln_freshness *f = freshness_of(&options);
    landed(f, NULL, MONDAY);
    landed(f, "day=2024-01-02", MONDAY);
    landed(f, "day=2023-12-01", MONDAY);
    landed(f, "day=2023-12-01", MONDAY + 3 * DAY); /* an old one is filled again */
    ck_assert_int_eq(check(f, "day=2023-12-01", MONDAY + 3 * DAY).status, PLN_FRESHNESS_FRESH);
    ck_assert_int_eq(check(f, "day=2024-01-02", MONDAY + 3 * DAY).status, PLN_FRESHNESS_LATE);
    ck_assert_int_eq(check(f, NULL, MONDAY + 3 * DAY).status, PLN_FRESHNESS_LATE);
    ck_assert_int_eq(check(f, "", MONDAY + 3 * DAY).status, PLN_FRESHNESS_STILL);
    ck_assert_str_eq(pln_freshness_partition(f, 0), "");
    ck_assert_str_eq(pln_freshness_partition(f, 1), "day=2023-12-01");
    ck_assert_str_eq(pln_freshness_partition(f, 2), "day=2024-01-02");
    ck_assert_ptr_null(pln_freshness_partition(f, 3));
    ck_assert_ptr_null(pln_freshness_partition(f, -1));
    ck_assert_int_eq(pln_freshness_landed(f, "another", MONDAY, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "more than 3 partitions"));
    pln_freshness_forget(f, "day=2023-12-01");
    pln_freshness_forget(f, "nobody");
    landed(f, "another", MONDAY);
    ck_assert_str_eq(pln_freshness_partition(f, 1), "another");
    pln_freshness_verdict v = {.struct_size = sizeof v};
    ck_assert_int_eq(pln_freshness_check(f, "day=2023-12-01", MONDAY, &v, &err), PLN_ENOENT);
    ck_assert_ptr_nonnull(strstr(err.message, "'day=2023-12-01' is not known"));
    pln_freshness_free(f);
}
END_TEST

START_TEST(json_says_it_all) {
    pln_freshness_options options = options_of(7 * 60);
    pln_freshness *f = freshness_of(&options);
    char name[256];
    memset(name, '\1', 255);
    name[255] = '\0';
    landed(f, name, MONDAY);
    json_t *json = json_loads(check(f, name, MONDAY + DAY + 8 * HOUR).json, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "status")), "late");
    ck_assert_str_eq(json_string_value(json_object_get(json, "severity")), "error");
    ck_assert_str_eq(json_string_value(json_object_get(json, "reason")), "due");
    ck_assert_str_eq(json_string_value(json_object_get(json, "partition")), name);
    ck_assert_str_eq(json_string_value(json_object_get(json, "time")), "2024-01-02T08:00:00Z");
    ck_assert_str_eq(json_string_value(json_object_get(json, "landed")), "2024-01-01T00:00:00Z");
    ck_assert_str_eq(json_string_value(json_object_get(json, "due")), "2024-01-02T07:00:00Z");
    ck_assert_str_eq(json_string_value(json_object_get(json, "since")), "2024-01-02T08:00:00Z");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "age_us")), 32 * HOUR);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "overdue_us")), HOUR);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "incident")), 1);
    ck_assert_uint_eq(json_object_size(json), 11);
    json_decref(json);
    pln_freshness_free(f);
}
END_TEST

/* ---- bytes ---- */

static uint8_t *bytes_of(const pln_freshness *f, int64_t *size) {
    int64_t capacity = pln_freshness_size(f);
    uint8_t *bytes = malloc((size_t)capacity);
    MUST(pln_freshness_write(f, bytes, capacity, size, &err));
    ck_assert_int_eq(*size, capacity);
    ck_assert_int_eq(pln_freshness_write(f, bytes, capacity - 1, size, &err), PLN_ELIMIT);
    *size = capacity;
    return bytes;
}

START_TEST(a_stop_changes_nothing) {
    pln_freshness_options options = options_of(7 * 60);
    options.warning_age_us = 30 * HOUR;
    options.error_age_us = 3 * DAY;
    options.weekdays = 0x1f;
    pln_freshness *whole = freshness_of(&options), *part = freshness_of(&options);
    rng r = {1};
    int statuses[4] = {0};
    for (int i = 0; i < 2000; i++) {
        char name[16];
        int64_t size, again, now = MONDAY + i * HOUR;
        sprintf(name, "p%d", (int)rng_below(&r, 6));
        MUST(pln_freshness_expect(whole, name, now, &err));
        MUST(pln_freshness_expect(part, name, now, &err));
        if (rng_below(&r, 5) == 0) {
            landed(whole, name, now);
            landed(part, name, now);
        }
        if (rng_below(&r, 400) == 0) {
            pln_freshness_forget(whole, name);
            pln_freshness_forget(part, name);
            continue;
        }
        pln_freshness_verdict a = check(whole, name, now), b = check(part, name, now);
        statuses[a.status]++;
        ck_assert_str_eq(a.json, b.json);
        a.json = b.json = NULL;
        ck_assert_mem_eq(&a, &b, sizeof a);
        uint8_t *bytes = bytes_of(part, &size), *others = bytes_of(whole, &again);
        ck_assert(size == again && memcmp(bytes, others, (size_t)size) == 0);
        pln_freshness_free(part);
        part = NULL;
        MUST(pln_freshness_read(NULL, &options, bytes, size, &part, &err));
        free(bytes);
        free(others);
    }
    for (int s = 0; s < 4; s++)
        ck_assert_msg(statuses[s] > 10, "status %d: %d", s, statuses[s]);
    pln_freshness_free(whole);
    pln_freshness_free(part);
}
END_TEST

START_TEST(bytes_are_held_to_their_ranges) {
    static const struct {
        int at, size;
        uint64_t value;
        const char *words;
    } cases[] = {
        {5, 1, 1, "bytes 5 to 7"},
        {8, 4, 1, "45 bytes behind the last"},
        {8, 4, 3, "partition 2 of 3: the bytes end within it"},
        {12, 1, 3, "partition 0 of 2: severity is 3"},
        {12, 1, 1, "partition 0 of 2: 0 incidents, one open"},
        {13, 1, 200, "partition 0 of 2: the bytes end within it"},
        {14, 1, 0, "partition 0 of 2: its name has a NUL"},
        {15 + 16, 8, 5, "partition 0 of 2: an incident since 5"},
        {15 + 24, 8, (uint64_t)-1, "partition 0 of 2: -1 incidents"},
        {14, 1, 'z', "partition 1 of 2: its name does not rise"},
    };
    pln_freshness *f = freshness_of(NULL), *back = NULL;
    landed(f, "a", MONDAY);
    landed(f, "b...2345...", MONDAY);
    int64_t size;
    uint8_t *bytes = bytes_of(f, &size), *copy = malloc((size_t)size);
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        memcpy(copy, bytes, (size_t)size);
        for (int k = 0; k < cases[i].size; k++)
            copy[cases[i].at + k] = (uint8_t)(cases[i].value >> 8 * k);
        uint64_t sum = pln__hash64(copy, size - 8, 0);
        for (int k = 0; k < 8; k++)
            copy[size - 8 + k] = (uint8_t)(sum >> 8 * k);
        ck_assert_int_eq(pln_freshness_read(NULL, NULL, copy, size, &back, &err), PLN_EDATA);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s, expected %s", err.message,
                      cases[i].words);
        ck_assert_ptr_null(back);
    }
    pln_freshness_options options = options_of(-1);
    options.partitions = 1;
    ck_assert_int_eq(pln_freshness_read(NULL, &options, bytes, size, &back, &err), PLN_ELIMIT);
    bytes[20] ^= 1;
    ck_assert_int_eq(pln_freshness_read(NULL, NULL, bytes, size, &back, &err), PLN_EDATA);
    ck_assert_ptr_nonnull(strstr(err.message, "checksum"));
    free(bytes);
    free(copy);
    pln_freshness_free(f);
}
END_TEST

START_TEST(what_is_refused) {
    static const struct {
        size_t offset;
        int32_t value;
        const char *words;
    } cases[] = {
        {offsetof(pln_freshness_options, struct_size), 8, "struct_size is 8"},
        {offsetof(pln_freshness_options, due_minutes), 1440, "due_minutes is 1440, expected -1 to 1439"},
        {offsetof(pln_freshness_options, offset_minutes), -1440, "offset_minutes is -1440"},
        {offsetof(pln_freshness_options, window_minutes), -1, "window_minutes is -1"},
        {offsetof(pln_freshness_options, weekdays), 128, "weekdays is 128"},
        {offsetof(pln_freshness_options, partitions), 0, "partitions is 0, expected 1 to 65536"},
    };
    pln_freshness *f = NULL;
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln_freshness_options options = options_of(-1);
        memcpy((char *)&options + cases[i].offset, &cases[i].value, 4);
        ck_assert_int_eq(pln_freshness_new(NULL, &options, &f, &err), PLN_EINVAL);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s", err.message);
    }
    pln_freshness_options options = options_of(-1);
    options.error_age_us = -1;
    ck_assert_int_eq(pln_freshness_new(NULL, &options, &f, &err), PLN_EINVAL);
    f = freshness_of(NULL);
    char name[300] = "";
    memset(name, 'x', 256);
    ck_assert_int_eq(pln_freshness_landed(f, name, 0, &err), PLN_EINVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "at most 255 bytes"));
    pln_freshness_verdict v = {.struct_size = 4};
    ck_assert_int_eq(pln_freshness_check(f, NULL, 0, &v, &err), PLN_EINVAL);
    pln_freshness_free(f);
}
END_TEST

START_TEST(extreme_times) {
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    for (int i = 0; i < 36; i++) {
        pln_freshness_options options = options_of(i % 2 ? 0 : 1439);
        options.offset_minutes = i % 3 ? 1439 : -1439;
        options.error_age_us = 1;
        options.days_of_month = i % 5 ? 0 : 1u << 30;
        pln_freshness *f = freshness_of(&options);
        landed(f, NULL, times[i / 6]);
        pln_freshness_verdict v = check(f, NULL, times[i % 6]);
        ck_assert(v.age_us >= 0 && v.overdue_us >= 0);
        pln_freshness_free(f);
    }
}
END_TEST

START_TEST(memory_fails) {
    for (int64_t n = 0;; n++) {
        fail_alloc a;
        pln_freshness_options options = options_of(7 * 60);
        pln_freshness *f = NULL, *back = NULL;
        options.allocator = fail_alloc_init(&a, n);
        pln_status status = pln_freshness_new(NULL, &options, &f, &err);
        for (int i = 0; i < 20 && status == PLN_OK; i++) {
            char name[16];
            sprintf(name, "%d", i);
            status = pln_freshness_landed(f, name, MONDAY, &err);
        }
        if (status == PLN_OK) {
            int64_t calls = a.calls, size;
            ck_assert_int_eq(check(f, "7", MONDAY + 3 * DAY).status, PLN_FRESHNESS_LATE);
            ck_assert_int_eq(a.calls, calls); /* a verdict takes none */
            uint8_t *bytes = bytes_of(f, &size);
            status = pln_freshness_read(NULL, &options, bytes, size, &back, &err);
            free(bytes);
        }
        ck_assert(status == PLN_OK || status == PLN_ENOMEM);
        pln_freshness_free(f);
        pln_freshness_free(back);
        ck_assert_int_eq(fail_alloc_live(&a), 0);
        if (!a.failed)
            break;
    }
}
END_TEST

Suite *suite_quality_freshness(void);
Suite *suite_quality_freshness(void) {
    Suite *suite = suite_create("quality/freshness");
    TCase *tc = tcase_create("freshness");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, by_seven_every_day);
    tcase_add_test(tc, days_that_are_due);
    tcase_add_test(tc, what_was_due_before_is_not_missed);
    tcase_add_test(tc, ages);
    tcase_add_test(tc, partitions_do_not_speak_for_each_other);
    tcase_add_test(tc, json_says_it_all);
    tcase_add_test(tc, a_stop_changes_nothing);
    tcase_add_test(tc, bytes_are_held_to_their_ranges);
    tcase_add_test(tc, what_is_refused);
    tcase_add_test(tc, extreme_times);
    tcase_add_test(tc, memory_fails);
    suite_add_tcase(suite, tc);
    return suite;
}

/* What a comparison keeps: the form, what is refused of it, and when an incident begins, grows and ends. */
#include "quality/baseline.h"
#include "sketch/form.h"
#include <check.h>
#include <pln/monitor.h>
#include <stdlib.h>
#include <string.h>

static pln_error err;

static pln__buffer written(const pln__baseline *b) {
    pln__buffer out = {0};
    ck_assert_int_eq(pln__baseline_write(b, pln__system_allocator(), &out, &err), PLN_OK);
    return out;
}

START_TEST(it_reads_what_it_wrote) {
    static const uint8_t thing[] = "a sketch";
    pln__baseline b, back;
    pln__baseline_init(&b);
    b.bytes = _i ? thing : NULL;
    b.size = _i ? (int64_t)sizeof thing : 0;
    (void)pln__baseline_judge(&b, 77, _i ? PLN_MONITOR_WARNING : PLN_MONITOR_FINE);
    pln__buffer bytes = written(&b);
    ck_assert_int_eq(bytes.size, 48 + b.size);
    ck_assert_int_eq(memcmp(bytes.data, "PLNL\1", 5), 0);
    ck_assert_int_eq(pln__baseline_read(&back, bytes.data, bytes.size, &err), PLN_OK);
    ck_assert_int_eq(back.severity, b.severity);
    ck_assert_int_eq(back.incidents, _i);
    ck_assert_int_eq(back.since_us, b.since_us);
    ck_assert_int_eq(back.last_us, 77);
    ck_assert_int_eq(back.size, b.size);
    ck_assert(back.size == 0 || memcmp(back.bytes, thing, sizeof thing) == 0);
    pln__buffer again = written(&back);
    ck_assert_int_eq(again.size, bytes.size);
    ck_assert_int_eq(memcmp(again.data, bytes.data, (size_t)bytes.size), 0);
    pln__buffer_free(pln__system_allocator(), &again);
    /* Every truncation is refused. */
    for (int64_t n = 0; n < bytes.size; n++)
        ck_assert_int_eq(pln__baseline_read(&back, bytes.data, n, &err), PLN_EDATA);
    pln__buffer_free(pln__system_allocator(), &bytes);
}
END_TEST

static const struct {
    int at, value;
    const char *words;
} wrong[] = {{0, 'X', "baseline"},
             {4, 2, "version"},
             {5, 3, "byte 5: severity 3, expected 0 to 2"},
             {6, 1, "byte 6: 1, expected 0"},
             {5, 1, "byte 8: 0 incidents"},
             {15, 0x80, "byte 8: -"},
             {23, 0, "byte 16: a time of"},
             {39, 0x80, "byte 32: "}};

START_TEST(fields_that_are_wrong_are_named) {
    pln__baseline b;
    pln__baseline_init(&b);
    pln__buffer bytes = written(&b);
    bytes.data[wrong[_i].at] = (uint8_t)wrong[_i].value;
    pln__form_seal(bytes.data, bytes.size - PLN__FORM_SUM);
    ck_assert_int_eq(pln__baseline_read(&b, bytes.data, bytes.size, &err), PLN_EDATA);
    ck_assert_msg(strstr(err.message, wrong[_i].words) != NULL, "%s", err.message);
    pln__buffer_free(pln__system_allocator(), &bytes);
}
END_TEST

START_TEST(an_incident_is_said_when_it_begins_grows_and_ends) {
    static const struct {
        int32_t severity, verdict;
        int64_t incident, since;
    } steps[] = {{PLN_MONITOR_FINE, PLN_MONITOR_NORMAL, 0, INT64_MIN},
                 {PLN_MONITOR_WARNING, PLN_MONITOR_ANOMALY, 1, 1},
                 {PLN_MONITOR_WARNING, PLN_MONITOR_STILL, 1, 1},
                 {PLN_MONITOR_ERROR, PLN_MONITOR_ANOMALY, 1, 1},
                 {PLN_MONITOR_WARNING, PLN_MONITOR_STILL, 1, 1},
                 {PLN_MONITOR_ERROR, PLN_MONITOR_STILL, 1, 1},
                 {PLN_MONITOR_FINE, PLN_MONITOR_RESOLVED, 1, INT64_MIN},
                 {PLN_MONITOR_FINE, PLN_MONITOR_NORMAL, 1, INT64_MIN},
                 {PLN_MONITOR_ERROR, PLN_MONITOR_ANOMALY, 2, 8}};
    pln__baseline b;
    pln__baseline_init(&b);
    for (int64_t i = 0; i < (int64_t)(sizeof steps / sizeof *steps); i++) {
        ck_assert_int_eq(pln__baseline_judge(&b, i, steps[i].severity), steps[i].verdict);
        ck_assert_int_eq(b.incidents, steps[i].incident);
        ck_assert_int_eq(b.since_us, steps[i].since);
    }
}
END_TEST

Suite *suite_quality_baseline(void) {
    Suite *s = suite_create("quality/baseline");
    TCase *t = tcase_create("baseline");
    tcase_add_loop_test(t, it_reads_what_it_wrote, 0, 2);
    tcase_add_loop_test(t, fields_that_are_wrong_are_named, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(t, an_incident_is_said_when_it_begins_grows_and_ends);
    suite_add_tcase(s, t);
    return s;
}

/*
 * Time zones: offsets and calendar windows against Python's zoneinfo (zones.tsv.gz, made by oracle.py), the cases that calendars are known for, names, files and damage.
 */
#include "fail_alloc.h"
#include "store/store.h"
#include "random_arrow.h"
#include "skip.h"
#include "window/zone_internal.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)
#define FAILS(call, code, words)                                                                   \
    do {                                                                                           \
        memset(&why, 0, sizeof why);                                                               \
        ck_assert_int_eq((call), (code));                                                          \
        if (strstr(why.message, (words)) == NULL)                                                  \
            ck_abort_msg("'%s' is not in: %s", (words), why.message);                              \
    } while (0)

/* ---- the oracle's table ---- */

enum { LINE_MOST = 32768, FIELDS_MOST = 16 };

typedef struct table {
    gzFile file;
    char line[LINE_MOST];
    char *fields[FIELDS_MOST];
    uint8_t bytes[LINE_MOST / 2];
    int64_t size; /* of the last zone's file */
    pln__zone *zone;
} table;

static table the_table;

static int64_t number(const table *t, int field) {
    return strtoll(t->fields[field], NULL, 10);
}

static void take_zone(table *t) {
    const char *hex = t->fields[2];
    t->size = (int64_t)strcspn(hex, "\n") / 2;
    for (int64_t i = 0; i < t->size; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        t->bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    pln__zone_free(t->zone);
    MUST(pln__zone_read(pln__system_allocator(), t->fields[1], t->bytes, t->size, &t->zone, &why));
    ck_assert_str_eq(pln__zone_name(t->zone), t->fields[1]);
}

/* The kind of the next line, its fields split, and the zone it is of; 0 at the end. */
static char next_line(table *t) {
    if (t->file == NULL)
        t->file = gzopen("test/unit/window/zones.tsv.gz", "rb");
    ck_assert_ptr_nonnull(t->file);
    if (gzgets(t->file, t->line, sizeof t->line) == NULL) {
        gzclose(t->file);
        pln__zone_free(t->zone);
        return 0;
    }
    int n = 0;
    for (char *at = strtok(t->line, "\t"); at != NULL && n < FIELDS_MOST; at = strtok(NULL, "\t"))
        t->fields[n++] = at;
    if (t->fields[0][0] == 'Z')
        take_zone(t);
    return t->fields[0][0];
}

static void same_window(const table *t, pln__time_field field, int64_t second, int64_t start,
                        int64_t end) {
    /* Anywhere in the second. */
    for (int64_t us = 0; us <= 999999; us += 999999) {
        int64_t got_start, got_end;
        ck_assert(pln__zone_window(t->zone, field, second * 1000000 + us, &got_start, &got_end));
        if (got_start != start * 1000000 || got_end != end * 1000000)
            ck_abort_msg("%s at %lld, field %d: [%lld, %lld), expected [%lld, %lld)",
                         pln__zone_name(t->zone), (long long)second, field, (long long)got_start,
                         (long long)got_end, (long long)start * 1000000, (long long)end * 1000000);
    }
}

START_TEST(zoneinfo_of_python) {
    static const pln__time_field fields[] = {PLN__DAY, PLN__WEEK, PLN__MONTH, PLN__QUARTER,
                                             PLN__YEAR};
    table *t = &the_table;
    int64_t changes = 0, instants = 0, at = 0;
    for (char kind; (kind = next_line(t)) != 0;) {
        if (kind == 'Z') {
            at = 0;
        } else if (kind == 'C') {
            at += number(t, 1);
            ck_assert_int_eq(pln__zone_offset(t->zone, at - 1), number(t, 2));
            ck_assert_int_eq(pln__zone_offset(t->zone, at), number(t, 3));
            same_window(t, PLN__DAY, at, at + number(t, 4), at + number(t, 5));
            changes++;
        } else {
            int64_t second = number(t, 1);
            ck_assert_int_eq(pln__zone_offset(t->zone, second), number(t, 2));
            for (int i = 0; i < 5; i++)
                same_window(t, fields[i], second, second + number(t, 3 + 2 * i),
                            second + number(t, 4 + 2 * i));
            instants++;
        }
    }
    ck_assert_int_ge(changes, 4000);
    ck_assert_int_eq(instants, 2100);
}
END_TEST

/* ---- laws: windows follow each other without gap or overlap, and each is that of its own instants ---- */

static void follow(const pln__zone *zone, pln__time_field field, int64_t us, int n) {
    int64_t start, end, next_start, next_end;
    ck_assert(pln__zone_window(zone, field, us, &start, &end));
    ck_assert(start <= us && us < end);
    for (int i = 0; i < n; i++) {
        ck_assert(pln__zone_window(zone, field, end, &next_start, &next_end));
        ck_assert(next_start == end && next_end > next_start);
        int64_t same_start, same_end;
        ck_assert(pln__zone_window(zone, field, next_start - 1, &same_start, &same_end));
        ck_assert(same_start == start && same_end == end);
        start = next_start;
        end = next_end;
    }
}

START_TEST(windows_follow_each_other) {
    table *t = &the_table;
    rng r = {3};
    for (char kind; (kind = next_line(t)) != 0;)
        if (kind == 'Z')
            for (int field = PLN__YEAR; field <= PLN__DAY; field++)
                for (int i = 0; i < 5; i++)
                    follow(t->zone, (pln__time_field)field,
                           (rng_below(&r, 500) - 150) * 31556952000000 + rng_below(&r, 1000000),
                           400);
}
END_TEST

/* ---- by hand ---- */

static pln__zone *rule_zone(const char *rule) {
    uint8_t bytes[256] = "TZif2";
    int64_t size = 2 * 44 + 6 + 1;
    bytes[44] = 'T', bytes[45] = 'Z', bytes[46] = 'i', bytes[47] = 'f', bytes[48] = '2';
    bytes[44 + 39] = 1; /* one type of UTC, one letter */
    bytes[44 + 43] = 1;
    size += sprintf((char *)bytes + size, "\n%s\n", rule);
    pln__zone *zone = NULL;
    MUST(pln__zone_read(pln__system_allocator(), rule, bytes, size, &zone, &why));
    return zone;
}

/* RFC 8536, 3.3.1 and Appendix B; and POSIX's own examples. */
START_TEST(rules) {
    static const struct {
        const char *rule, *when;
        int32_t offset;
    } cases[] = {
        {"EST5", "2030-07-01T00:00:00Z", -5 * 3600},
        {"<+0530>-5:30", "2030-07-01T00:00:00Z", 19800},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -5 * 3600},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -4 * 3600},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T05:59:59Z", -4 * 3600},
        {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -5 * 3600},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", "2030-01-01T00:00:00Z", 13 * 3600},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", "2030-06-01T00:00:00Z", 12 * 3600},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2030-01-01T00:00:00Z", 0},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2030-07-01T00:00:00Z", 3600},
        {"IST-2IDT,M3.4.4/26,M10.5.0", "2030-03-29T00:00:00Z", 3 * 3600},
        {"IST-2IDT,M3.4.4/26,M10.5.0", "2030-03-28T23:59:59Z", 2 * 3600},
        {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2030-03-31T00:59:59Z", -3 * 3600},
        {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2030-03-31T01:00:00Z", -2 * 3600},
        /* all the year */
        {"EST5EDT,0/0,J365/25", "2030-01-01T04:59:59Z", -4 * 3600},
        {"EST5EDT,0/0,J365/25", "2030-01-01T05:00:00Z", -4 * 3600},
        {"EST5EDT,0/0,J365/25", "2032-12-31T23:00:00Z", -4 * 3600},
        /* J60 is 1 March always, 59 is 29 February in a leap year */
        {"AAA0BBB,J60/0,J61/0", "2028-03-01T00:00:00Z", 3600},
        {"AAA0BBB,59/0,60/0", "2028-02-29T00:00:00Z", 3600},
        {"AAA0BBB,59/0,60/0", "2028-03-01T00:00:00Z", 0},
        {"AAA0BBB,59/0,60/0", "2027-03-01T00:00:00Z", 3600},
        {"AAA0BBB,J365/167,J100/0", "2027-01-06T22:59:59Z", 0},
        {"AAA0BBB,J365/167,J100/0", "2027-01-06T23:00:00Z", 3600},
        {"AAA0BBB,J1/-167,J2/-167", "2026-12-25T01:00:00Z", 3600},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__zone *zone = rule_zone(cases[i].rule);
        int64_t second;
        ck_assert_int_eq(pln__parse_timestamp(cases[i].when, (int64_t)strlen(cases[i].when),
                                              PLN__SECOND, 0, &second),
                         PLN__PARSED);
        if (pln__zone_offset(zone, second) != cases[i].offset)
            ck_abort_msg("%s at %s: %d", cases[i].rule, cases[i].when,
                         pln__zone_offset(zone, second));
        pln__zone_free(zone);
    }
}
END_TEST

START_TEST(rules_that_are_none) {
    static const char *const wrong[] = {"EST",
                                        "E5",
                                        "5",
                                        "EST5EDT",
                                        "EST5EDT,M3.2.0",
                                        "EST5EDT,M13.2.0,M11.1.0",
                                        "EST5EDT,M3.6.0,M11.1.0",
                                        "EST5EDT,M3.2.7,M11.1.0",
                                        "EST25",
                                        "<EST5",
                                        "EST5EDT,J0,J1",
                                        "EST5EDT,366,1",
                                        "EST5EDT,M3.2.0/168,M11.1.0",
                                        "EST5EDT,M3.2.0,M11.1.0,",
                                        "EST5 ",
                                        "EST5:60",
                                        "<+1>5:00:99"};
    for (int i = 0; i < PLN__COUNT(wrong); i++) {
        pln__zone_rule rule;
        FAILS(pln__zone_parse_rule(wrong[i], (int64_t)strlen(wrong[i]), &rule, &why), PLN_ECORRUPT,
              wrong[i]);
    }
}
END_TEST

/* ---- names and files ---- */

START_TEST(fixed_offsets) {
    static const struct {
        const char *name;
        int32_t seconds;
    } cases[] = {{"UTC", 0},     {"Z", 0},      {"+05:30", 19800}, {"-0330", -12600},
                 {"+14", 50400}, {"-00:00", 0}, {"-23:59", -86340}};
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__zone *zone;
        int64_t start, end;
        MUST(pln__zone_open(pln__system_allocator(), NULL, PLN__ZONE_DIRECTORY, cases[i].name,
                            &zone, &why));
        ck_assert_int_eq(pln__zone_offset(zone, 1234567890), cases[i].seconds);
        ck_assert(pln__zone_window(zone, PLN__DAY, 0, &start, &end));
        ck_assert_int_eq(end - start, 86400000000);
        ck_assert_int_eq((start / 1000000 + cases[i].seconds) % 86400, 0);
        /* Days, weeks and years everywhere, up to where they do not fit. */
        for (int64_t us = INT64_MAX; us != 0; us /= 3)
            for (int sign = -1; sign <= 1; sign += 2)
                for (int field = PLN__YEAR; field <= PLN__DAY; field++)
                    if (pln__zone_window(zone, (pln__time_field)field, sign * us, &start, &end))
                        ck_assert(start <= sign * us && sign * us < end);
                    else
                        ck_assert_int_gt(us, 104000000 * (int64_t)86400000000 - 1);
        pln__zone_free(zone);
    }
}
END_TEST

START_TEST(names) {
    static const char *const wrong[] = {
        "",       "/etc/passwd", "../UTC", "Europe/../Paris", "Europe//Paris", "Europe/",
        ".",      "Europe/.",    "a b",    "Europe/Paris\n",  "+24:00",        "+5:30",
        "+05:60", "+05:30x",     "+:",     "Euro\xc3\xa9"};
    pln__zone *zone;
    char longest[300];
    for (int i = 0; i < PLN__COUNT(wrong); i++) {
        pln_status status = pln__zone_open(pln__system_allocator(), NULL, PLN__ZONE_DIRECTORY,
                                           wrong[i], &zone, &why);
        /* A sign and digits are letters of names, too. */
        ck_assert(status == PLN_EINVAL || status == PLN_ENAME);
        ck_assert(status == PLN_EINVAL || wrong[i][0] == '+');
        ck_assert_ptr_null(zone);
    }
    memset(longest, 'a', sizeof longest);
    longest[299] = '\0';
    FAILS(pln__zone_open(pln__system_allocator(), NULL, PLN__ZONE_DIRECTORY, longest, &zone, &why),
          PLN_EINVAL, "expected UTC, +hh:mm or a name such as Europe/Berlin");
    FAILS(pln__zone_open(pln__system_allocator(), pln__file_posix(), "test/unit/window", "No/Where",
                         &zone, &why),
          PLN_ENAME, "time zone No/Where: there is no file test/unit/window/No/Where");
    FAILS(pln__zone_open(pln__system_allocator(), pln__file_posix(), "test/unit", "window", &zone,
                         &why),
          PLN_ENAME, "is no file");
    FAILS(pln__zone_open(pln__system_allocator(), pln__file_posix(), "test/unit/window",
                         "oracle.py", &zone, &why),
          PLN_ECORRUPT, "time zone oracle.py: letters are");
}
END_TEST

/* ---- damage ---- */

/* The first zone's file with one byte changed, or cut. */
START_TEST(damage) {
    table *t = &the_table;
    static uint8_t bytes[LINE_MOST / 2];
    pln__zone *zone;
    ck_assert_int_eq(next_line(t), 'Z');
    for (int64_t size = 0; size < t->size; size++) {
        memset(&why, 0, sizeof why);
        ck_assert_int_eq(
            pln__zone_read(pln__system_allocator(), "Cut/Off", t->bytes, size, &zone, &why),
            PLN_ECORRUPT);
        ck_assert_ptr_nonnull(strstr(why.message, "time zone Cut/Off: "));
        ck_assert_ptr_null(zone);
    }
    for (int64_t i = 0; i < t->size; i++)
        for (int bit = 0; bit < 8; bit += 7) {
            int64_t start, end;
            memcpy(bytes, t->bytes, (size_t)t->size);
            bytes[i] = (uint8_t)(bytes[i] ^ 1 << bit);
            pln_status status =
                pln__zone_read(pln__system_allocator(), "Bit/Flipped", bytes, t->size, &zone, &why);
            ck_assert(status == PLN_OK || status == PLN_ECORRUPT || status == PLN_EUNSUPPORTED);
            if (status == PLN_OK)
                ck_assert(pln__zone_window(zone, PLN__WEEK, 1700000000000000, &start, &end));
            pln__zone_free(zone);
        }
    gzclose(t->file);
    pln__zone_free(t->zone);
}
END_TEST

START_TEST(words_of_damage) {
    static uint8_t bytes[LINE_MOST / 2];
    table *t = &the_table;
    ck_assert_int_eq(next_line(t), 'Z');
    static const struct {
        int at; /* from the second head on */
        uint8_t byte;
        int32_t code;
        const char *words;
    } cases[] = {
        {4, '1', PLN_ECORRUPT, "version is 0x31, expected 2 or later"},
        {39, 0, PLN_ECORRUPT, "there are 0 types, expected 1 to 256"},
        {31, 1, PLN_EUNSUPPORTED, "it counts leap seconds"},
        {32, 0xff, PLN_ECORRUPT, "bytes where"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__zone *zone;
        int64_t second = 44;
        memcpy(bytes, t->bytes, (size_t)t->size);
        while (memcmp(bytes + second, "TZif", 4) != 0)
            second++;
        bytes[second + cases[i].at] = cases[i].byte;
        FAILS(pln__zone_read(pln__system_allocator(), "Some/Where", bytes, t->size, &zone, &why),
              cases[i].code, cases[i].words);
    }
    gzclose(t->file);
    pln__zone_free(t->zone);
}
END_TEST

START_TEST(every_allocation_fails) {
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        pln__zone *zone = NULL;
        pln_status status = pln__zone_open(fail_alloc_init(&f, n), pln__file_posix(),
                                           PLN__ZONE_DIRECTORY, "Europe/Berlin", &zone, &why);
        pln__zone_free(zone);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        if (status == PLN_ENAME) {
            TEST_SKIP("there are no files of time zones");
        }
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        if (!f.failed)
            break;
    }
}
END_TEST

Suite *suite_window_zone(void) {
    Suite *suite = suite_create("window/zone");
    TCase *tcase = tcase_create("zone");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, zoneinfo_of_python);
    tcase_add_test(tcase, windows_follow_each_other);
    tcase_add_test(tcase, rules);
    tcase_add_test(tcase, rules_that_are_none);
    tcase_add_test(tcase, fixed_offsets);
    tcase_add_test(tcase, names);
    tcase_add_test(tcase, damage);
    tcase_add_test(tcase, words_of_damage);
    tcase_add_test(tcase, every_allocation_fails);
    suite_add_tcase(suite, tcase);
    return suite;
}

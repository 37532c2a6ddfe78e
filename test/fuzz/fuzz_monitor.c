/*
 * Monitors and freshness out of bytes. An odd first byte sets the checksum right, so that what lies behind it is reached; its other bits choose method and season. What is read is written back
 * the same, goes on, and what is written from it then reads back the same.
 */
#include "quality/quality.h"
#include "seal.h"
#include <pln/freshness.h>
#include <pln/monitor.h>
#include <string.h>

enum { ROOM = 1 << 17 };
static uint8_t first[ROOM], again[ROOM];

/* ---- monitors ---- */

static pln_monitor *read_monitor(const pln_monitor_options *options, const uint8_t *bytes,
                                 int64_t size) {
    pln_error err = {0};
    pln_monitor *m = NULL;
    pln_status status = pln_monitor_read(NULL, options, bytes, size, &m, &err);
    REQUIRE(status == PLN_OK || (err.message[0] != '\0' && m == NULL));
    return m;
}

static void same_monitor(const pln_monitor_options *options, const pln_monitor *m) {
    int64_t size, other;
    REQUIRE(pln_monitor_write(m, first, ROOM, &size, NULL) == PLN_OK);
    pln_monitor *back = read_monitor(options, first, size);
    REQUIRE(back != NULL && pln_monitor_write(back, again, ROOM, &other, NULL) == PLN_OK);
    REQUIRE(size == other && memcmp(first, again, (size_t)size) == 0);
    pln_monitor_free(back);
}

static void go_on(pln_monitor *m) {
    static const double values[] = {0, 1000, -5, 1e150, 3.5, -1e150};
    pln_monitor_verdict v = {.struct_size = sizeof v};
    pln_monitor_point point = {0, 0};
    int64_t n = pln_monitor_history(m, 0, 1, &point);
    if (n > 0)
        (void)pln_monitor_history(m, n - 1, 1, &point);
    for (int i = 0; i < 40; i++) {
        int64_t step = (int64_t)1 << (i + 12);
        if (point.time_us > INT64_MAX - step)
            return;
        point.time_us += step;
        if (pln_monitor_observe(m, point.time_us, values[i % 6], i % 7 == 6 ? 1 : 0, &v, NULL) < 0)
            continue;
        REQUIRE(v.lower <= v.upper && v.score == v.score && strlen(v.json) < 640);
    }
}

static void monitor(uint8_t choice, const uint8_t *bytes, int64_t size) {
    pln_monitor_options options;
    pln_monitor_options_init(&options, sizeof options);
    options.method = 1 + (choice >> 1) % 5;
    options.season = (choice >> 4) % 5;
    options.month_end_days = choice >> 7;
    options.lookback = 4200;
    options.error = 3;
    pln_monitor *m = read_monitor(&options, bytes, size);
    if (m == NULL)
        return;
    REQUIRE(pln_monitor_size(m) == size);
    REQUIRE(pln_monitor_write(m, first, ROOM, &size, NULL) == PLN_OK);
    REQUIRE(memcmp(first, bytes, (size_t)size) == 0);
    go_on(m);
    same_monitor(&options, m);
    pln_monitor_free(m);
}

/* ---- freshness ---- */

static void freshness(uint8_t choice, const uint8_t *bytes, int64_t size) {
    pln_error err = {0};
    pln_freshness_options options;
    pln_freshness *f = NULL, *back = NULL;
    int64_t other;
    pln_freshness_options_init(&options, sizeof options);
    options.due_minutes = choice * 5;
    options.weekdays = choice >> 1;
    options.error_age_us = choice;
    pln_status status = pln_freshness_read(NULL, &options, bytes, size, &f, &err);
    REQUIRE(status == PLN_OK || (err.message[0] != '\0' && f == NULL));
    if (f == NULL)
        return;
    REQUIRE(pln_freshness_write(f, first, ROOM, &other, NULL) == PLN_OK);
    REQUIRE(other == size && memcmp(first, bytes, (size_t)size) == 0);
    for (int64_t i = 0; pln_freshness_partition(f, i) != NULL; i++) {
        pln_freshness_verdict v = {.struct_size = sizeof v};
        const char *name = pln_freshness_partition(f, i);
        REQUIRE(pln_freshness_check(f, name, i * 1000000007, &v, NULL) == PLN_OK);
        REQUIRE(pln_freshness_landed(f, name, i, NULL) == PLN_OK);
        REQUIRE(pln_freshness_check(f, name, INT64_MAX - i, &v, NULL) == PLN_OK);
    }
    pln_freshness_forget(f, "a");
    REQUIRE(pln_freshness_write(f, first, ROOM, &size, NULL) == PLN_OK);
    REQUIRE(pln_freshness_read(NULL, &options, first, size, &back, NULL) == PLN_OK);
    REQUIRE(pln_freshness_write(back, again, ROOM, &other, NULL) == PLN_OK);
    REQUIRE(size == other && memcmp(first, again, (size_t)size) == 0);
    pln_freshness_free(f);
    pln_freshness_free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 5 || size > 1 << 16)
        return 0;
    uint8_t *copy = sealed(data + 1, size - 1);
    const uint8_t *bytes = data[0] & 1 ? copy : data + 1;
    if (bytes[3] == 'W')
        freshness(data[0], bytes, (int64_t)size - 1);
    else
        monitor(data[0], bytes, (int64_t)size - 1);
    free(copy);
    return 0;
}

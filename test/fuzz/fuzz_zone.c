/*
 * Files of time zones. What is read has an offset at every instant and windows that hold it and follow each other.
 */
#include "fuzz.h"
#include "window/zone_internal.h"

static void use(const pln__zone *zone, pln__time_field field, int64_t us) {
    int64_t start, end, next_start, next_end;
    if (!pln__zone_window(zone, field, us, &start, &end))
        return;
    REQUIRE(start <= us && us < end);
    if (pln__zone_window(zone, field, end, &next_start, &next_end))
        REQUIRE(next_start == end && next_end > end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t instants[] = {INT64_MIN,        -2208988800000000, -1,       0,
                                       1700000000000000, 4102444800000000,  INT64_MAX};
    pln_error err = {0};
    pln__zone *zone = NULL;
    pln_status status =
        pln__zone_read(pln__system_allocator(), "Fuzz", data, (int64_t)size, &zone, &err);
    if (status < 0) {
        REQUIRE((status == PLN_ECORRUPT || status == PLN_EUNSUPPORTED) && zone == NULL);
        REQUIRE(strstr(err.message, "time zone Fuzz: ") == err.message);
        return 0;
    }
    for (int field = PLN__YEAR; field <= PLN__DAY; field++) {
        for (unsigned i = 0; i < sizeof instants / sizeof instants[0]; i++)
            use(zone, (pln__time_field)field, instants[i]);
        for (int64_t i = 0; i < zone->n && i < 16; i++)
            if (zone->at[i] > -8000000000000 && zone->at[i] < 8000000000000)
                for (int near = -1; near <= 1; near++)
                    use(zone, (pln__time_field)field, zone->at[i] * 1000000 + near);
    }
    pln__zone_free(zone);
    return 0;
}

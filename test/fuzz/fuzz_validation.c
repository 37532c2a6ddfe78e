/*
 * What a validation of a fixed suite wrote, as bytes from anybody. An odd first byte sets the checksum right, so that what lies behind it is reached. What is read
 * reports, merges and goes on, and what is written from it reads back the same.
 */
#include "seal.h"
#include "suite_rows.h"

static const char *const checks[] = {
    "{\"checks\":[{\"check\":\"in_set\",\"column\":\"t\",\"values\":[\"a\"],\"sample_limit\":2}]}",
    "{\"checks\":[{\"check\":\"unique\",\"column\":\"a\",\"sample_limit\":1},"
    "{\"check\":\"freshness\",\"column\":\"at\",\"error_after\":\"1h\"}]}",
    "{\"checks\":[{\"check\":\"column_stdev\",\"column\":\"f\",\"min\":0},"
    "{\"check\":\"column_sum\",\"column\":\"d\",\"min\":0}]}",
    "{\"checks\":[{\"check\":\"column_median\",\"column\":\"b\",\"max\":10}]}",
    "{\"checks\":[{\"check\":\"unique\",\"column\":\"a\",\"sample_limit\":0,\"group_by\":[\"e\"],\"max_groups\":3}]}",
    "{\"checks\":[{\"check\":\"distinct_equals_set\",\"column\":\"t\",\"values\":[\"x@y.z\",\"q\"]},"
    "{\"check\":\"most_common_in_set\",\"column\":\"a\",\"values\":[1]}]}",
    "{\"checks\":[{\"check\":\"monotonic\",\"column\":\"f\",\"sample_limit\":0},"
    "{\"check\":\"monotonic\",\"column\":\"d\",\"sample_limit\":0}]}",
    "{\"checks\":[{\"check\":\"freshness\",\"column\":\"at\",\"error_after\":\"1h\",\"group_by\":[\"e\"]},"
    "{\"check\":\"json_schema\",\"column\":\"t\",\"schema\":true,\"sample_limit\":0}]}"};

enum { SUITES = sizeof checks / sizeof *checks };
static pln_suite *suites[SUITES];

static void try(const pln_suite *suite, const uint8_t *bytes, int64_t size) {
    pln_error err = {0};
    pln_validation *v = open_fixed(suite, NULL);
    REQUIRE(v != NULL);
    pln_status status = pln_validation_read(v, bytes, size, &err);
    REQUIRE(status == PLN_OK || err.message[0] != '\0');
    REQUIRE(status == PLN_OK || pln_validation_count(v) == 0);
    require_results(v);
    require_form(suite, v);
    if (status == PLN_OK && pln_validation_add(v, &fixed_rows()->rows, NULL) == PLN_OK)
        require_results(v);
    pln_validation_free(v);
}

/* The first byte: bit 0 seals, the others choose the suite. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int i = 0; i < SUITES; i++)
        if (suites[i] == NULL)
            REQUIRE(pln_suite_new(NULL, checks[i], NULL, &suites[i], NULL) == PLN_OK);
    if (size < 16 || size > 1 << 14)
        return 0;
    uint8_t *copy = sealed(data + 1, size - 1);
    try(suites[data[0] >> 1 & 7], data[0] & 1 ? copy : data + 1, (int64_t)size - 1);
    free(copy);
    return 0;
}

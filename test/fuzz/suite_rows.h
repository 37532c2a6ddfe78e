/* What the targets of suites have in common: fixed rows, a table to refer to, and what must hold of every validation. */
#ifndef TEST_FUZZ_SUITE_ROWS_H
#define TEST_FUZZ_SUITE_ROWS_H

#include "format/format.h"
#include "fuzz.h"
#include "json_rows.h"
#include "quality/quality.h"
#include <jansson.h>
#include <string.h>

typedef struct fuzz_rows {
    struct ArrowSchema schema;
    struct ArrowArray rows;
} fuzz_rows;

static inline fuzz_rows rows_of(const char *spec, const char *json) {
    fuzz_rows out;
    size_t size = strlen(json);
    pln__json_dialect dialect;
    pln__decoder *decoder;
    pln__decoded decoded;
    uint8_t *padded = calloc(1, size + PLN__PADDING);
    REQUIRE(padded != NULL);
    memcpy(padded, json, size);
    json_schema(spec, &out.schema);
    pln__json_dialect_default(&dialect);
    pln__decode_options options = {.schema = &out.schema};
    const pln_allocator *mem = pln__system_allocator();
    REQUIRE(pln__json_decoder.open(mem, &dialect, &options, &decoder, NULL) == PLN_OK);
    REQUIRE(pln__json_decoder.begin(decoder, true, NULL, 0, NULL) == PLN_OK);
    REQUIRE(pln__json_decoder.decode(decoder, padded, (int64_t)size, true, 100, &decoded, NULL) >=
            0);
    REQUIRE(decoded.n_bad == 0);
    out.rows = decoded.array;
    pln__json_decoder.close(decoder);
    free(padded);
    return out;
}

static const fuzz_rows *fixed_rows(void) {
    static fuzz_rows rows;
    if (rows.schema.format == NULL)
        rows = rows_of("a i?, b l?, u L?, f g?, d d:10.2?, t u?, e #u?, day tdD?, at tsm:UTC?, "
                       "ok b?, tags [u?]?",
                       "{\"a\":1,\"b\":-5,\"u\":18446744073709551615,\"f\":1.5,\"d\":2.25,"
                       "\"t\":\"x@y.z\",\"e\":\"p\",\"day\":\"2026-01-01\","
                       "\"at\":\"2026-01-01T00:00:00Z\",\"ok\":true,\"tags\":[\"q\"]}\n"
                       "{\"a\":0,\"b\":9223372036854775807,\"f\":\"NaN\",\"d\":-1.00,\"t\":\"\","
                       "\"e\":\"p\",\"day\":\"1969-12-31\",\"at\":\"2027-01-01T00:00:00Z\"}\n"
                       "{}\n"
                       "{\"a\":1,\"b\":3,\"u\":7,\"f\":1e300,\"t\":\"\xc3\xa9\\u0000\\\"\","
                       "\"e\":\"q\",\"ok\":false,\"tags\":[]}\n"
                       "{\"a\":-7,\"f\":-0.5,\"d\":2.25,\"t\":\"x@y.z\"}\n");
    return &rows;
}

static inline pln_validation *open_fixed(const pln_suite *suite, pln_error *err) {
    pln_validation *v = NULL;
    pln_validation_options options;
    pln_validation_options_init(&options, sizeof options);
    options.now_us = INT64_C(1772366400000000);
    pln_status status = pln_validation_new(suite, &fixed_rows()->schema, &options, &v, err);
    REQUIRE((status == PLN_OK) == (v != NULL));
    return v;
}

/* Results are JSON for others, too. A query of check sql may come to nothing only now. */
static inline void require_results(pln_validation *v) {
    const char *text;
    int64_t size;
    int32_t worst;
    pln_status status = pln_validation_json(v, &text, &size, NULL);
    if (status == PLN_ELIMIT || status == PLN_ETYPE || status == PLN_EDATA || status == PLN_ESYNTAX)
        return;
    REQUIRE(status == PLN_OK);
    json_t *json = json_loadb(text, (size_t)size, JSON_ALLOW_NUL, NULL);
    REQUIRE(json != NULL);
    json_decref(json);
    REQUIRE(pln_validation_text(v, &text, &size, NULL) == PLN_OK && size > 0);
    REQUIRE(pln_validation_status(v, &worst, NULL) == PLN_OK);
}

/* What is written is read, and is written the same. */
static inline void require_form(const pln_suite *suite, pln_validation *v) {
    const uint8_t *first, *again;
    int64_t size, other;
    pln_validation *back = open_fixed(suite, NULL);
    REQUIRE(back != NULL);
    pln_status status = pln_validation_write(v, &first, &size, NULL);
    if (status == PLN_EUNSUPPORTED) {
        pln_validation_free(back);
        return;
    }
    REQUIRE(status == PLN_OK);
    REQUIRE(pln_validation_read(back, first, size, NULL) == PLN_OK);
    REQUIRE(pln_validation_write(back, &again, &other, NULL) == PLN_OK);
    REQUIRE(size == other && memcmp(first, again, (size_t)size) == 0);
    /* Twice the rows that hostile bytes tell of may be too many; a failure is all that may come of it. */
    if (pln_validation_merge(back, v, NULL) == PLN_OK)
        require_results(back);
    pln_validation_free(back);
}

#endif

/*
 * Bytes are the JSON text of a suite: it is refused with a message, or held to fixed rows. What it says of them is JSON, is written and read back, and is the same row
 * by row.
 */
#include "suite_rows.h"

static int ids_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    const fuzz_rows *rows = fixed_rows();
    (void)stream;
    return pln__schema_copy(pln__system_allocator(), &rows->schema, out, NULL) == PLN_OK ? 0 : 12;
}
static int ids_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    int *given = stream->private_data;
    *out = (struct ArrowArray){0};
    if ((*given)++ > 0)
        return 0;
    REQUIRE(pln__array_share(pln__system_allocator(), &fixed_rows()->rows, out, NULL) == PLN_OK);
    return 0;
}
static const char *ids_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}
static void ids_release(struct ArrowArrayStream *stream) {
    stream->release = NULL;
}

/* The rows are what all checks refer to as "r", too. */
static void refer(pln_suite *suite) {
    int given = 0;
    struct ArrowArrayStream stream = {ids_schema, ids_next, ids_error, ids_release, &given};
    pln_error err = {0};
    if (pln_suite_reference(suite, "r", &stream, &err) < 0)
        REQUIRE(err.message[0] != '\0');
    REQUIRE(stream.release == NULL);
}

static void describe(const pln_suite *suite) {
    pln_check check = {.struct_size = sizeof check};
    int32_t n = 0;
    while (pln_suite_check(suite, n, &check)) {
        json_t *json = json_loads(check.json, 0, NULL);
        REQUIRE(json != NULL && check.id != NULL && check.kind != NULL && check.columns != NULL);
        json_decref(json);
        n++;
    }
    REQUIRE(n == pln_suite_count(suite));
}

static void validate(pln_suite *suite) {
    pln_error err = {0};
    pln_validation *v = open_fixed(suite, &err);
    REQUIRE(v != NULL || err.message[0] != '\0');
    if (v == NULL)
        return;
    pln_status status = pln_validation_add(v, &fixed_rows()->rows, &err);
    REQUIRE(status == PLN_OK || err.message[0] != '\0');
    if (status == PLN_OK) {
        require_results(v);
        require_form(suite, v);
    }
    pln_validation_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln_error err = {0};
    pln_suite *suite = NULL;
    if (size > 1 << 13)
        return 0;
    char *text = calloc(1, size + 1);
    REQUIRE(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    pln_status status = pln_suite_new(NULL, text, NULL, &suite, &err);
    REQUIRE((status == PLN_OK) == (suite != NULL) && (status == PLN_OK || err.message[0] != '\0'));
    if (suite != NULL) {
        refer(suite);
        describe(suite);
        validate(suite);
    }
    pln_suite_free(suite);
    free(text);
    return 0;
}

/*
 * Bytes are the text of an expression over fixed rows of every type: it is refused with a message, or gives a valid column and, if it is a
 * condition, the same rows when selected; with and without vector instructions. Memory is limited.
 */
#include "expr/expr.h"
#include "format/format.h"
#include "fuzz.h"
#include "json_rows.h"
#include <stdlib.h>

static const char spec[] =
    "a l?, b l?, i i?, h s?, c c?, n C?, w L?, f g?, r f?, d d:10.2?, s u?, z z?, k #u?, t tdD?, "
    "ts tsu:?, tz tsn:UTC?, tm ttu?, ok b?, tags [u?]?, who {x l?, at {y b?}?}?, m <u l?>?, nil n?";
static const char json[] =
    "{\"a\": 1, \"b\": 2, \"i\": 3, \"h\": 4, \"c\": 5, \"n\": 6, \"w\": 18446744073709551615, "
    "\"f\": 1.5, \"r\": -0.5, \"d\": 12.34, "
    "\"s\": \"Hello, W\xc3\xb6rld\", \"z\": \"bytes\", \"k\": \"red\", \"t\": \"2013-01-31\", "
    "\"ts\": \"2013-01-31T10:11:12.5\", "
    "\"tz\": \"2013-01-31T10:11:12.5Z\", \"tm\": \"10:11:12\", \"ok\": true, \"tags\": [\"x\", "
    "null], \"who\": {\"x\": 1, \"at\": {\"y\": true}}, "
    "\"m\": {\"p\": 7}}\n"
    "{\"a\": 9223372036854775807, \"b\": 0, \"i\": -2147483648, \"h\": -32768, \"c\": -128, \"n\": "
    "255, \"w\": 0, \"f\": 1e308, \"r\": 3e38, "
    "\"d\": -99999999.99, \"s\": \"\", \"z\": \"\", \"k\": \"\", \"t\": \"9999-12-31\", \"ts\": "
    "\"0001-01-01T00:00:00\", \"ok\": false, \"tags\": [], "
    "\"who\": {}, \"m\": {}}\n"
    "{}\n"
    "{\"a\": -9223372036854775808, \"b\": -1, \"i\": 100, \"f\": -0.0, \"d\": 0.05, \"s\": \"12\", "
    "\"k\": \"blue\", \"t\": \"1969-12-31\", \"ok\": true}\n";

static struct ArrowSchema schema;
static struct ArrowArray rows;

static void must(pln_status status) {
    if (status < 0)
        abort();
}

static void make_rows(void) {
    static uint8_t padded[sizeof json + PLN__PADDING];
    const pln_allocator *mem = pln__system_allocator();
    pln__json_dialect dialect;
    pln__decoder *decoder;
    pln__decoded decoded;
    memcpy(padded, json, sizeof json);
    json_schema(spec, &schema);
    pln__json_dialect_default(&dialect);
    pln__decode_options options = {.schema = &schema};
    must(pln__json_decoder.open(mem, &dialect, &options, &decoder, NULL));
    must(pln__json_decoder.begin(decoder, true, NULL, 0, NULL));
    must(pln__json_decoder.decode(decoder, padded, sizeof json - 1, true, 100, &decoded, NULL));
    if (decoded.n_bad > 0 || decoded.rows != 4)
        abort();
    rows = decoded.array;
    pln__json_decoder.close(decoder);
}

static bool is_true(const struct ArrowArray *out, int64_t row) {
    return pln__array_valid(out, row) && pln__bit_get(out->buffers[1], out->offset + row);
}

static void select_rows(pln__expr *expr, const struct ArrowArray *out) {
    int32_t selected[4];
    int64_t n = 0, at = 0;
    pln_status status = pln__expr_select(expr, &rows, 0, selected, &n, NULL, NULL);
    if (status == PLN_ENOMEM)
        return;
    for (int64_t row = 0; row < out->length; row++)
        if (is_true(out, row) && (at >= n || selected[at++] != row))
            abort();
    if (status < 0 || at != n)
        abort();
}

static void run(const char *text, uint32_t cpu) {
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 64 << 20);
    const pln_allocator *mem = pln__heap_allocator(heap);
    pln__expr_options options = {.cpu = cpu, .seed = 5};
    pln__expr_failures failures = {0};
    struct ArrowArray out;
    pln__expr *expr;
    pln_error err = {0};
    if (pln__expr_compile(mem, text, &schema, &options, &expr, &err) < 0) {
        if (err.message[0] == '\0')
            abort();
    } else {
        pln_status status = pln__expr_eval(expr, &rows, 1359626400000000, &out, &failures, &err);
        if (status >= 0) {
            must(pln__array_validate(pln__expr_field(expr), &out, PLN__VALIDATE_FULL, &err));
            if (pln__expr_field(expr)->format[0] == 'b')
                select_rows(expr, &out);
            pln__array_release(&out);
        } else if (status != PLN_ENOMEM && status != PLN_ELIMIT) {
            abort();
        }
        pln__expr_free(expr);
    }
    pln__expr_failures_free(mem, &failures);
    pln__heap_close(heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (schema.release == NULL)
        make_rows();
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    run(text, PLN__EXPR_INTERPRET);
    run(text, pln__cpu_features());
    free(text);
    return 0;
}

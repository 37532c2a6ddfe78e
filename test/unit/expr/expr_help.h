/*
 * For tests of expressions: batches from NDJSON, results as text.
 *
 * A result is its rows with " ; " between them: numbers and dates as SQL writes them, text in quotes, null, and a failed row as
 * "!message" ("!PLN_ELIMIT: message" where that is its code). An expression that does not compile gives "PLN_ETYPE: message".
 */
#ifndef TEST_EXPR_HELP_H
#define TEST_EXPR_HELP_H

#include "base/number.h"
#include "base/time.h"
#include "expr/expr.h"
#include "format/format.h"
#include "json_rows.h"
#include "random_arrow.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct rows {
    struct ArrowSchema schema;
    struct ArrowArray array;
} rows;

static inline void rows_make(const char *spec, const char *json, rows *out) {
    const pln_allocator *mem = pln__system_allocator();
    pln__json_dialect dialect;
    pln__decoder *decoder;
    pln__decoded decoded = {0};
    pln_error err = {0};
    int64_t size = (int64_t)strlen(json);
    char *padded = calloc(1, (size_t)size + PLN__PADDING);
    memcpy(padded, json, (size_t)size);
    json_schema(spec, &out->schema);
    pln__json_dialect_default(&dialect);
    pln__decode_options options = {.schema = &out->schema};
    ck_assert_msg(pln__json_decoder.open(mem, &dialect, &options, &decoder, &err) >= 0, "%s",
                  err.message);
    ck_assert_int_ge(pln__json_decoder.begin(decoder, true, NULL, 0, &err), 0);
    ck_assert_int_ge(pln__json_decoder.decode(decoder, (const uint8_t *)padded, size, true,
                                              INT32_MAX, &decoded, &err),
                     0);
    ck_assert_msg(decoded.n_bad == 0, "row %d: %s", (int)decoded.bad[0].line,
                  decoded.bad[0].message);
    out->array = decoded.array;
    pln__json_decoder.close(decoder);
    free(padded);
}

static inline void rows_free(rows *r) {
    pln__array_release(&r->array);
    pln__schema_release(&r->schema);
}

static inline void say_value(pln__text *to, const struct ArrowSchema *field,
                             const struct ArrowArray *array, int64_t row) {
    pln__type type;
    char text[PLN__DECIMAL128_TEXT_SIZE];
    int64_t size;
    ck_assert_int_ge(pln__type_of(field, &type, NULL), 0);
    if (pln__array_null_at(field, array, row)) {
        pln__text_str(to, "null");
        return;
    }
    switch (type.id) {
    case PLN__UTF8:
        pln__text_char(to, '\'');
        const uint8_t *bytes = pln__array_bytes(&type, array, row, &size);
        pln__text_bytes(to, bytes, size);
        pln__text_char(to, '\'');
        return;
    case PLN__BOOL:
        pln__text_str(to, pln__bit_get(array->buffers[1], array->offset + row) ? "true" : "false");
        return;
    case PLN__FLOAT32:
    case PLN__FLOAT64:
        pln__text_printf(to, "%.*g", type.id == PLN__FLOAT64 ? 17 : 9,
                         pln__array_float(&type, array, row));
        return;
    case PLN__DECIMAL128:
        size = pln__format_decimal128(
            text,
            pln__load_decimal128((const uint8_t *)array->buffers[1] + (array->offset + row) * 16),
            type.scale);
        break;
    case PLN__UINT64:
        size = pln__format_uint64(text, (uint64_t)pln__array_int(&type, array, row));
        break;
    case PLN__DATE32:
        size = pln__format_date(text, (int32_t)pln__array_int(&type, array, row));
        break;
    case PLN__TIMESTAMP:
        size =
            pln__format_timestamp(text, pln__array_int(&type, array, row), (pln__unit)type.unit,
                                  PLN__TIME_SPACE | (type.timezone[0] != '\0' ? PLN__TIME_UTC : 0));
        break;
    case PLN__TIME32:
    case PLN__TIME64:
        size = pln__format_time(text, pln__array_int(&type, array, row), (pln__unit)type.unit, 0);
        break;
    default:
        if (pln__type_is_integer(type.id)) {
            size = pln__format_int64(text, pln__array_int(&type, array, row));
            break;
        }
        char *shown = show_row(field, array, row);
        pln__text_str(to, shown);
        free(shown);
        return;
    }
    pln__text_bytes(to, text, size);
}

/* All rows of an evaluated expression, failures among them. */
static inline void say_rows(pln__text *to, const struct ArrowSchema *field,
                            const struct ArrowArray *array, const pln__expr_failures *failures) {
    int64_t f = 0;
    for (int64_t i = 0; i < array->length; i++) {
        if (i > 0)
            pln__text_str(to, " ; ");
        if (f < failures->count && failures->items[f].row == i) {
            ck_assert(pln__array_null_at(field, array, i));
            bool limit = failures->items[f].code == PLN_ELIMIT;
            ck_assert(limit || failures->items[f].code == PLN_EDATA);
            pln__text_printf(to, "!%s%s", limit ? "PLN_ELIMIT: " : "", failures->items[f].message);
            f++;
        } else {
            say_value(to, field, array, i);
        }
    }
    ck_assert_int_eq(f, failures->count);
}

/* To be freed. `now` is 2024-02-29 12:34:56.789012. */
#define EXPR_NOW INT64_C(1709210096789012)
static inline char *expr_on(const rows *r, const char *text, uint32_t cpu) {
    const pln_allocator *mem = pln__system_allocator();
    /* Under valgrind: see the Makefile. */
    bool interpret = cpu == 0 || getenv("PLN_INTERPRET") != NULL;
    pln__expr_options options = {.cpu = interpret ? cpu | PLN__EXPR_INTERPRET : cpu, .seed = 7};
    pln__expr_failures failures = {0};
    struct ArrowArray out;
    pln__expr *expr = NULL;
    pln_error err = {0};
    pln__text to;
    pln__text_init(&to, mem);
    pln__text_str(&to, "");
    pln_status status = pln__expr_compile(mem, text, &r->schema, &options, &expr, &err);
    if (status < 0) {
        ck_assert_ptr_null(expr);
        pln__text_printf(&to, "%s: %s", pln_status_name(status), err.message);
        return to.data;
    }
    status = pln__expr_eval(expr, &r->array, EXPR_NOW, &out, &failures, &err);
    ck_assert_msg(status >= 0, "%s: %s", text, err.message);
    status = pln__array_validate(pln__expr_field(expr), &out, PLN__VALIDATE_FULL, &err);
    ck_assert_msg(status >= 0, "%s: %s", text, err.message);
    say_rows(&to, pln__expr_field(expr), &out, &failures);
    pln__array_release(&out);
    pln__expr_failures_free(mem, &failures);
    pln__expr_free(expr);
    return to.data;
}

static inline void expect_on(const rows *r, const char *text, const char *expected) {
    uint32_t cpu[] = {0, pln__cpu_features()};
    for (int i = 0; i < 2; i++) {
        char *got = expr_on(r, text, cpu[i]);
        ck_assert_msg(strcmp(got, expected) == 0, "%s\n  gives    %s\n  expected %s", text, got,
                      expected);
        pln__text t = {.mem = pln__system_allocator(), .data = got, .size = (int64_t)strlen(got)};
        (void)t;
        pln__strfree(pln__system_allocator(), got);
    }
}

#endif

/* Suites over rows written as JSON, tables to refer to, and the check of a call. */
#ifndef TEST_SUITE_HELP_H
#define TEST_SUITE_HELP_H

#include "table.h"
#include <check.h>
#include <jansson.h>
#include <pln/pln.h>
#include <string.h>

static pln_error err;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, err.message);                            \
    } while (0)

/* ---- a stream of one batch, which takes the table ---- */

static int one_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    table *t = stream->private_data;
    return pln__schema_copy(pln__system_allocator(), &t->schema, out, NULL) == PLN_OK ? 0 : 12;
}

static int one_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    table *t = stream->private_data;
    *out = t->rows;
    t->rows = (struct ArrowArray){0};
    return 0;
}

static const char *one_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void one_release(struct ArrowArrayStream *stream) {
    table *t = stream->private_data;
    pln__schema_release(&t->schema);
    pln__array_release(&t->rows);
    free(t);
    stream->release = NULL;
}

static inline struct ArrowArrayStream stream_of(table t) {
    table *own = malloc(sizeof *own);
    *own = t;
    return (struct ArrowArrayStream){one_schema, one_next, one_error, one_release, own};
}

/* ---- rows as lists of values ---- */

/* Decimals and uint64 may be written as texts, so that their digits stay what they are. */
static inline void put_lists(pln__text *out, const struct ArrowSchema *schema, const json_t *rows) {
    size_t i, k;
    json_t *row, *value;
    json_array_foreach((json_t *)rows, i, row) {
        json_array_foreach(row, k, value) {
            const char *name = schema->children[k]->name;
            bool bare =
                strchr("dL", schema->children[k]->format[0]) != NULL && json_is_string(value);
            char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            pln__text_str(out, k == 0 ? "{" : ",");
            pln__text_json(out, name, (int64_t)strlen(name));
            pln__text_char(out, ':');
            pln__text_str(out, bare ? json_string_value(value) : text);
            free(text);
        }
        pln__text_str(out, "}\n");
    }
}

/* [[1, "x"], [null, "y"]] as rows of "a int64, b utf8". */
static inline table table_of_lists(const char *spec, const json_t *rows) {
    struct ArrowSchema schema;
    pln_error table_error = {0};
    pln__text lines;
    TABLE_OK(pln__schema_parse(pln__system_allocator(), spec, &schema, &table_error));
    pln__text_init(&lines, pln__system_allocator());
    pln__text_str(&lines, "");
    put_lists(&lines, &schema, rows);
    pln__schema_release(&schema);
    table t = table_of(spec, lines.data);
    pln__text_free(&lines);
    return t;
}

static inline pln_suite *suite_of(const char *json) {
    pln_suite *suite = NULL;
    MUST(pln_suite_new(NULL, json, NULL, &suite, &err));
    return suite;
}

static inline pln_validation *validation_of(const pln_suite *suite,
                                            const struct ArrowSchema *schema, int64_t now_us) {
    pln_validation *v = NULL;
    pln_validation_options options;
    pln_validation_options_init(&options, sizeof options);
    options.now_us = now_us;
    MUST(pln_validation_new(suite, schema, &options, &v, &err));
    return v;
}

/* The results as text; lent. */
static inline const char *json_text(pln_validation *v) {
    const char *text;
    int64_t size;
    MUST(pln_validation_json(v, &text, &size, &err));
    ck_assert_int_eq(size, (int64_t)strlen(text));
    return text;
}

static inline json_t *json_of(pln_validation *v) {
    json_error_t why;
    const char *text = json_text(v);
    json_t *json = json_loads(text, JSON_ALLOW_NUL, &why);
    ck_assert_msg(json != NULL, "%s at %d: %.300s", why.text, why.position,
                  text + (why.position > 100 ? why.position - 100 : 0));
    return json;
}

static inline pln_check_result result_of(pln_validation *v, int32_t i) {
    pln_check_result result = {.struct_size = sizeof result};
    MUST(pln_validation_check(v, i, &result, &err));
    return result;
}

#endif

/*
 * Values of a list of the configuration as keys of a column's values: what a list is held to that is too long for an expression, or is compared as a whole. What a
 * value means beside a column is what it means in an expression: numbers by their digits, texts, dates and times as they are written.
 */
#include "base/number.h"
#include "quality/suite.h"
#include <stdlib.h>

static pln_status unfit(const struct ArrowSchema *field, const char *expected, const json_t *value,
                        pln_error *err) {
    char shown[PLN__SHOW_SIZE], *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    pln__error_set(
        err, PLN_ETYPE, "values: column %s: expected %s, got %s", field->name, expected,
        pln__show(shown, text != NULL ? text : "", text != NULL ? (int64_t)strlen(text) : 0));
    free(text);
    return PLN_ETYPE;
}

static void put_plain(const json_t *value, pln__text *out) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    if (json_is_string(value))
        pln__text_bytes(out, json_string_value(value), (int64_t)json_string_length(value));
    else if (json_is_integer(value))
        pln__text_int(out, json_integer_value(value));
    else if (json_is_real(value))
        pln__text_bytes(out, text, pln__format_double(text, json_real_value(value)));
    else
        pln__text_str(out, json_is_true(value) ? "true" : "false");
}

/* Exactly what the column can hold; false: no value of the column is equal. */
static bool put_exact(const pln__type *type, const char *digits, int64_t size, pln__text *out) {
    int32_t scale = type->id == PLN__DECIMAL128 ? type->scale : 0;
    char text[PLN__DECIMAL128_TEXT_SIZE];
    pln__int128 value;
    if (pln__parse_decimal128(digits, size, PLN__DECIMAL128_PRECISION, scale, &value) !=
        PLN__PARSED)
        return false;
    pln__text_bytes(out, text, pln__format_decimal128(text, value, scale));
    return true;
}

/* The text that is cast to the column's type; *none: no value of the column is equal. */
static pln_status put_value(const struct ArrowSchema *field, const pln__type *type,
                            const json_t *value, pln__text *out, bool *none, pln_error *err) {
    double number;
    *none = json_is_null(value);
    if (*none)
        return PLN_OK;
    put_plain(value, out);
    pln_status status = pln__text_status(out, err);
    if (status < 0)
        return status;
    if (pln__type_is_number(type->id)) {
        if (json_is_boolean(value) || strspn(out->data, "+-0123456789.eE") != (size_t)out->size ||
            pln__parse_double(out->data, out->size, PLN__DOUBLE_LENIENT, &number) == PLN__NOT_ONE)
            return unfit(field, "a number", value, err);
        if (type->id == PLN__FLOAT32 || type->id == PLN__FLOAT64)
            return PLN_OK;
        int64_t size = out->size;
        *none = !put_exact(type, out->data, size, out);
        if (!*none)
            memmove(out->data, out->data + size, (size_t)(out->size -= size));
        return pln__text_status(out, err);
    }
    if (type->id == PLN__BOOL && strcmp(out->data, "true") != 0 && strcmp(out->data, "false") != 0)
        return unfit(field, "true or false", value, err);
    if (type->id != PLN__UTF8 && type->id != PLN__BOOL && !json_is_string(value))
        return unfit(field, "a text", value, err);
    return PLN_OK;
}

static bool comparable(const pln__type *type) {
    return pln__type_is_number(type->id) || type->id == PLN__UTF8 || type->id == PLN__BOOL ||
           type->id == PLN__DATE32 || type->id == PLN__TIME32 || type->id == PLN__TIME64 ||
           type->id == PLN__TIMESTAMP;
}

/* All values as texts; null where none of the column is equal. */
static pln_status texts_of(const pln_allocator *mem, const struct ArrowSchema *field,
                           const json_t *values, const struct ArrowSchema *texts,
                           struct ArrowArray *out, pln_error *err) {
    pln__column column = {0};
    pln__type type;
    pln__text text;
    size_t i;
    json_t *value;
    bool none;
    pln_status status;
    pln__text_init(&text, mem);
    PLN__TRY(pln__type_of(field, &type, err));
    PLN__TRY(pln__column_init(mem, texts, &column, err));
    json_array_foreach((json_t *)values, i, value) {
        text.size = 0;
        PLN__TRY(put_value(field, &type, value, &text, &none, err));
        PLN__TRY(none ? pln__column_null(&column, err)
                      : pln_column_text(&column, text.data, text.size, err));
    }
    PLN__TRY(pln__column_finish(&column, out, err));
out:
    pln__column_free(&column);
    pln__text_free(&text);
    return status;
}

/* Numbers that the type cannot hold are equal to none of its values; a date that is none is a mistake. */
static pln_status cast(const pln_allocator *mem, const struct ArrowSchema *field,
                       const json_t *values, struct ArrowArray *out, pln_error *err) {
    char shown[PLN__TYPE_TEXT_SIZE];
    struct ArrowSchema texts = {0};
    struct ArrowArray given = {0};
    pln__expr_failures failures = {0};
    pln__type type;
    pln_status status;
    PLN__TRY(pln__field_new(mem, "u", field->name, true, 0, &texts, err));
    PLN__TRY(pln__type_of(field, &type, err));
    if (!comparable(&type))
        PLN__FAIL(err, PLN_ETYPE, "values: column %s: %s is compared with no list", field->name,
                  pln__type_text(field, shown));
    PLN__TRY(texts_of(mem, field, values, &texts, &given, err));
    PLN__TRY(pln__cast_array(mem, &texts, &given, field, out, &failures, err));
    if (failures.count > 0 && !pln__type_is_number(type.id))
        status = unfit(field, pln__type_text(field, shown),
                       json_array_get(values, (size_t)failures.items[0].row), err);
out:
    pln__expr_failures_free(mem, &failures);
    pln__array_release(&given);
    pln__schema_release(&texts);
    return status;
}

pln_status pln__value_keys(const pln__check_run *run, const json_t *values, pln__buffer *keys,
                           int32_t *places, int64_t *n, pln_error *err) {
    const pln_validation *v = run->owner;
    const struct ArrowSchema *field = v->schema.children[run->fields[0]];
    const char *const name = run->check->columns[0];
    struct ArrowSchema whole = {0};
    struct ArrowArray column = {0}, rows = {0};
    pln_keys *maker = NULL;
    pln_status status;
    *n = 0;
    PLN__TRY(pln__field_new(&v->mem, "+s", "", false, 1, &whole, err));
    PLN__TRY(pln__field_copy(&v->mem, field->dictionary != NULL ? field->dictionary : field, name,
                             whole.children[0], err));
    whole.children[0]->flags |= ARROW_FLAG_NULLABLE;
    PLN__TRY(cast(&v->mem, whole.children[0], values, &column, err));
    int64_t count = column.length;
    PLN__TRY(pln__buffer_reserve(&v->mem, keys, count * PLN_KEY_SIZE + 8, err));
    PLN__TRY(pln__suite_keys(v->suite, &whole, &name, 1, &maker, err));
    PLN__TRY(pln__array_struct(&v->mem, count, &column, 1, &rows, err));
    column = (struct ArrowArray){0};
    PLN__TRY(pln_keys_batch(maker, &rows, keys->data, err));
    for (int64_t i = 0; i < count; i++) {
        if (!pln__array_valid(rows.children[0], i))
            continue;
        memmove(keys->data + *n * PLN_KEY_SIZE, keys->data + i * PLN_KEY_SIZE, PLN_KEY_SIZE);
        if (places != NULL)
            places[*n] = (int32_t)i;
        ++*n;
    }
    keys->size = *n * PLN_KEY_SIZE;
out:
    pln_keys_free(maker);
    pln__array_release(&column);
    pln__array_release(&rows);
    pln__schema_release(&whole);
    return status;
}

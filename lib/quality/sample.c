/* Values behind a failure: the first wrong rows, with the check's columns and those that tell rows apart. */
#include "quality/suite.h"

pln_status pln__sample_add(pln__check_run *run, int64_t row, const char *json, int64_t size,
                           pln_error *err) {
    const pln_allocator *mem = &run->owner->mem;
    pln_status status = pln__grow(mem, &run->samples, &run->samples_capacity, run->n_samples + 1,
                                  sizeof *run->samples, err);
    if (status < 0)
        return status;
    char *copy = pln__strndup(mem, json, size);
    if (copy == NULL)
        return pln__error_memory(err, (uint64_t)size);
    run->samples[run->n_samples++] = (pln__sample){row, copy};
    return PLN_OK;
}

/* Numbers that readers of JSON take whole stand as they are, all else as text. */
static void put_cell(pln__text *out, const pln__type *type, const uint8_t *bytes, int64_t size) {
    int64_t ignored;
    bool bare = size > 0 && type->id == PLN__BOOL;
    if (pln__type_is_integer(type->id))
        bare = pln__parse_int64((const char *)bytes, size, &ignored) == PLN__PARSED;
    if (type->id == PLN__DECIMAL128)
        bare = size > 0 && size <= 16;
    if (type->id == PLN__FLOAT32 || type->id == PLN__FLOAT64)
        bare = size > 0 && bytes[size - 1] >= '0' && bytes[size - 1] <= '9' &&
               (size < 19 || memchr(bytes, '.', (size_t)size) != NULL ||
                memchr(bytes, 'e', (size_t)size) != NULL);
    if (bare)
        pln__text_bytes(out, bytes, size);
    else
        pln__text_json(out, (const char *)bytes, size);
}

enum { SHOWN_MOST = 1024 }; /* bytes of one text */

/* One column of one row: gathered, cast to text, told. What has no text is named by its type. */
static pln_status put_value(const pln_validation *v, const struct ArrowArray *rows, int64_t field,
                            int32_t row, pln__text *out, pln_error *err) {
    const pln_allocator *mem = &v->mem;
    const struct ArrowSchema *schema = v->schema.children[field];
    struct ArrowSchema text = {0};
    struct ArrowArray one = {0}, cast = {0};
    char shown[PLN__TYPE_TEXT_SIZE];
    pln__type type, texts;
    int64_t size;
    pln_status status;
    if (pln__array_null_at(schema, rows->children[field], row)) {
        pln__text_str(out, "null");
        return PLN_OK;
    }
    PLN__TRY(pln__field_new(mem, "u", "", true, 0, &text, err));
    PLN__TRY(pln__type_of(&text, &texts, err));
    PLN__TRY(pln__type_of(schema->dictionary != NULL ? schema->dictionary : schema, &type, err));
    PLN__TRY(pln__array_take(mem, schema, rows->children[field], &row, 1, &one, err));
    status = pln__cast_array(mem, schema, &one, &text, &cast, NULL, NULL);
    if (status == PLN_ENOMEM)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for a sample");
    if (status < 0 || !pln__array_valid(&cast, 0)) {
        pln__type_text(schema, shown);
        pln__text_json(out, shown, (int64_t)strlen(shown));
        status = PLN_OK;
    } else {
        const uint8_t *bytes = pln__array_bytes(&texts, &cast, 0, &size);
        put_cell(out, &type, bytes, size < SHOWN_MOST ? size : SHOWN_MOST);
    }
out:
    pln__schema_release(&text);
    pln__array_release(&one);
    pln__array_release(&cast);
    return status;
}

pln_status pln__row_members(const pln_validation *v, const struct ArrowArray *rows,
                            const char *const *names, int64_t n, int32_t row, pln__text *out,
                            pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < n; i++) {
        int64_t field = pln__schema_find(&v->schema, names[i]);
        if (field < 0)
            continue;
        if (out->size > 0 && out->data[out->size - 1] != '{')
            pln__text_char(out, ',');
        pln__text_json(out, names[i], (int64_t)strlen(names[i]));
        pln__text_char(out, ':');
        PLN__TRY(put_value(v, rows, field, row, out, err));
    }
out:
    return status;
}

static bool among(const pln__check *check, const char *name) {
    for (int64_t i = 0; i < check->n_columns; i++)
        if (strcmp(check->columns[i], name) == 0)
            return true;
    return false;
}

static pln_status take_row(pln__check_run *run, const struct ArrowArray *rows, int32_t row,
                           pln_error *err) {
    const pln__check *check = run->check;
    pln__text text;
    pln_status status = PLN_OK;
    size_t i;
    json_t *key;
    pln__text_init(&text, &run->owner->mem);
    pln__text_char(&text, '{');
    if (!check->redact)
        PLN__TRY(
            pln__row_members(run->owner, rows, check->columns, check->n_columns, row, &text, err));
    json_array_foreach((json_t *)pln__check_get(check, "key_columns"), i, key) {
        const char *name = json_string_value(key);
        if (!check->redact && !among(check, name))
            PLN__TRY(pln__row_members(run->owner, rows, &name, 1, row, &text, err));
    }
    pln__text_char(&text, '}');
    PLN__TRY(pln__text_status(&text, err));
    PLN__TRY(pln__sample_add(run, run->owner->rows + row, text.data, text.size, err));
out:
    pln__text_free(&text);
    return status;
}

/* It is shown as it is, and cut apart. */
bool pln__is_sample(const uint8_t *text, int64_t size) {
    json_t *whole = json_loadb((const char *)text, (size_t)size, JSON_ALLOW_NUL, NULL), *value;
    bool good = json_is_object(whole) && memchr(text, 0, (size_t)size) == NULL && size >= 2 &&
                text[0] == '{' && text[size - 1] == '}' && (text[1] == '"' || size == 2);
    const char *key;
    json_object_foreach(whole, key, value) good &= !json_is_object(value) && !json_is_array(value);
    json_decref(whole);
    return good;
}

/* Behind a text in quotes. */
static const char *behind_text(const char *at) {
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* The first member's value of a sample's object as it is written there: a scalar. */
const char *pln__sample_value(const char *json, int64_t *size) {
    static const char space[] = " \t\r\n:";
    const char *at = json + 1;
    *size = 0;
    if (*at != '"')
        return at;
    at = behind_text(at);
    at += strspn(at, space);
    *size = *at == '"' ? behind_text(at) - at : (int64_t)strcspn(at, " \t\r\n,}");
    return at;
}

pln_status pln__check_sample(pln__check_run *run, const struct ArrowArray *rows, pln_error *err) {
    int64_t limit = run->check->sample_limit;
    const uint64_t *bad = (const uint64_t *)(const void *)run->bad.data;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < (rows->length + 63) / 64 && run->n_samples < limit; i++)
        for (uint64_t word = bad[i]; word != 0 && run->n_samples < limit; word &= word - 1)
            PLN__TRY(take_row(run, rows, (int32_t)(i * 64 + __builtin_ctzll(word)), err));
out:
    return status;
}

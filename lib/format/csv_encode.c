/* Columns to CSV: what the decoder of the same dialect reads back as the same values. */
#include "base/utf8.h"
#include "format/csv_internal.h"

struct pln__encoder {
    const pln_allocator *mem;
    const struct ArrowSchema *schema;
    pln__csv_rules rules;
    pln__type *types;
    pln__type *values; /* of a dictionary */
    int32_t quoting;
    bool guard;
    bool numbers_need_look; /* the dialect uses characters of numbers */
    bool special[256];      /* a text with one of them is quoted */
    char *null_text;
    int64_t null_size;
    const char *newline;
};

/* ---- open ---- */

static void csv_encoder_close(pln__encoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    uint64_t size = (uint64_t)self->schema->n_children * sizeof(pln__type);
    pln__free(mem, self->types, size);
    pln__free(mem, self->values, size);
    if (self->null_text != NULL)
        pln__strfree(mem, self->null_text);
    pln__csv_rules_free(mem, &self->rules);
    pln__free(mem, self, sizeof *self);
}

static void mark_special(pln__encoder *self) {
    static const char numeric[] = "0123456789+-.:TZeinfatrulsny";
    const pln__csv_rules *r = &self->rules;
    self->special['\n'] = self->special['\r'] = true;
    self->special[r->delimiter] = true;
    if (r->quote != 0)
        self->special[r->quote] = true;
    if (r->escape != 0)
        self->special[r->escape] = true;
    for (const char *p = numeric; *p != '\0'; p++)
        self->numbers_need_look = self->numbers_need_look || self->special[(uint8_t)*p] ||
                                  r->comment == (uint8_t)*p || r->null_first[(uint8_t)*p] ||
                                  (self->null_size > 0 && *self->null_text == *p);
}

static pln_status take_options(pln__encoder *self, const pln__csv_dialect *dialect,
                               pln_error *err) {
    pln_status status = PLN_OK;
    char show[PLN__SHOW_SIZE];
    const char *null_text = dialect->null_text != NULL ? dialect->null_text : "";
    self->newline =
        dialect->newline != NULL && strcmp(dialect->newline, "\r\n") == 0 ? "\r\n" : "\n";
    if (dialect->newline != NULL && strcmp(dialect->newline, self->newline) != 0)
        PLN__FAIL(err, PLN_EOPTION, "newline %s: must be LF or CR LF",
                  pln__show(show, dialect->newline, (int64_t)strlen(dialect->newline)));
    self->quoting = dialect->quoting;
    if (self->quoting < PLN__CSV_QUOTE_MINIMAL || self->quoting > PLN__CSV_QUOTE_TEXT)
        PLN__FAIL(err, PLN_EOPTION, "quoting %d: is none of 0, 1, 2", self->quoting);
    if (self->quoting != PLN__CSV_QUOTE_MINIMAL && self->rules.quote == 0)
        PLN__FAIL(err, PLN_EOPTION, "quoting %d: there is no quote character", self->quoting);
    self->guard = dialect->formula_guard;
    self->null_size = (int64_t)strlen(null_text);
    self->null_text = pln__strdup(self->mem, null_text);
    if (self->null_text == NULL)
        return pln__error_memory(err, (uint64_t)self->null_size + 1);
    mark_special(self);
    for (int64_t i = 0; i < self->null_size; i++)
        if (self->special[(uint8_t)null_text[i]])
            PLN__FAIL(err, PLN_EOPTION, "null_text %s: has a character that must be quoted",
                      pln__show(show, null_text, self->null_size));
out:
    return status;
}

static pln_status csv_encoder_open(const pln_allocator *mem, const void *dialect,
                                   const struct ArrowSchema *schema, pln__encoder **out,
                                   pln_error *err) {
    pln_status status;
    pln__csv_dialect usual;
    pln__csv_dialect_default(&usual);
    uint64_t n = (uint64_t)schema->n_children;
    pln__encoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->schema = schema;
    if (n == 0)
        PLN__FAIL(err, PLN_EUNSUPPORTED, "CSV cannot hold rows without columns");
    PLN__TRY(pln__csv_rules_init(mem, dialect != NULL ? dialect : &usual, &self->rules, err));
    PLN__TRY(take_options(self, dialect != NULL ? dialect : &usual, err));
    self->types = pln__calloc(mem, n, sizeof *self->types);
    self->values = pln__calloc(mem, n, sizeof *self->values);
    if (self->types == NULL || self->values == NULL)
        PLN__TRY(pln__error_memory(err, n * sizeof *self->types));
    for (uint64_t i = 0; i < n; i++) {
        PLN__TRY(pln__csv_supported(schema->children[i], &self->types[i], err));
        if (self->types[i].id == PLN__DICTIONARY)
            PLN__TRY(pln__type_of(schema->children[i]->dictionary, &self->values[i], err));
    }
    *out = self;
out:
    if (status < 0)
        csv_encoder_close(self);
    return status;
}

/* ---- fields ---- */

static bool must_quote(const pln__encoder *self, const char *text, int64_t size, bool first) {
    const pln__csv_rules *r = &self->rules;
    if (pln__csv_is_null(r, text, size))
        return true;
    if (size == self->null_size && memcmp(text, self->null_text, (size_t)size) == 0)
        return true;
    for (int64_t i = 0; i < size; i++)
        if (self->special[(uint8_t)text[i]])
            return true;
    if (size == 0)
        return first && self->schema->n_children == 1;
    if (first && (r->comment != 0 && (uint8_t)*text == r->comment))
        return true;
    if (first && size >= 2 && (uint8_t)text[0] >= 0xEF)
        return true; /* may look like a byte order mark */
    return r->trim &&
           (*text == ' ' || *text == '\t' || text[size - 1] == ' ' || text[size - 1] == '\t');
}

static pln_status put_quoted(const pln__encoder *self, const char *text, int64_t size,
                             pln__buffer *out, pln_error *err) {
    uint8_t quote = self->rules.quote, escape = self->rules.escape;
    pln_status status = pln__buffer_reserve(self->mem, out, 2 * size + 2, err);
    if (status < 0)
        return status;
    uint8_t *to = out->data + out->size;
    *to++ = quote;
    for (int64_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)text[i];
        if (escape != 0 && (c == quote || c == escape))
            *to++ = escape;
        else if (c == quote)
            *to++ = quote;
        *to++ = c;
    }
    *to++ = quote;
    out->size = to - out->data;
    return PLN_OK;
}

/* What cannot be quoted, or would be null in quotes, cannot be written. */
static pln_status check_quotable(const pln__encoder *self, const char *text, int64_t size,
                                 pln_error *err) {
    char show[PLN__SHOW_SIZE];
    if (self->rules.quote == 0)
        return pln__error_set(err, PLN_EDATA, "%s needs quotes, and there is no quote character",
                              pln__show(show, text, size));
    if (self->rules.quoted_null && pln__csv_is_null(&self->rules, text, size))
        return pln__error_set(err, PLN_EDATA, "%s would read back as null",
                              pln__show(show, text, size));
    return PLN_OK;
}

static pln_status put_field(const pln__encoder *self, const char *text, int64_t size, bool quoted,
                            bool first, pln__buffer *out, pln_error *err) {
    if (quoted || must_quote(self, text, size, first)) {
        pln_status status = check_quotable(self, text, size, err);
        return status < 0 ? status : put_quoted(self, text, size, out, err);
    }
    return pln__buffer_append(self->mem, out, text, size, err);
}

static pln_status put_text(const pln__encoder *self, const char *text, int64_t size, bool first,
                           pln__buffer *out, pln_error *err) {
    bool quoted = self->quoting != PLN__CSV_QUOTE_MINIMAL;
    if (!self->guard || size == 0 || memchr("=+-@\t\r", *text, 6) == NULL)
        return put_field(self, text, size, quoted, first, out, err);
    pln__text guarded;
    pln__text_init(&guarded, self->mem);
    pln__text_char(&guarded, '\'');
    pln__text_bytes(&guarded, text, size);
    pln_status status = pln__text_status(&guarded, err);
    if (status == PLN_OK)
        status = put_field(self, guarded.data, guarded.size, quoted, first, out, err);
    pln__text_free(&guarded);
    return status;
}

static int64_t format_bool(char *text, bool value) {
    int64_t size = value ? 4 : 5;
    memcpy(text, value ? "true" : "false", (size_t)size);
    return size;
}

static int64_t format_float(char *text, const pln__type *type, const struct ArrowArray *array,
                            int64_t row) {
    double value = pln__array_float(type, array, row);
    if (type->id == PLN__FLOAT32)
        return pln__format_float(text, (float)value);
    return pln__format_double(text, value);
}

/* Any value but text, as text; 0 if it has none. */
static int64_t format_value(char *text, const pln__type *type, const struct ArrowArray *array,
                            int64_t row) {
    const uint8_t *decimal;
    pln__unit unit = (pln__unit)type->unit;
    switch (type->id) {
    case PLN__BOOL: return format_bool(text, pln__bit_get(array->buffers[1], array->offset + row));
    case PLN__FLOAT32:
    case PLN__FLOAT64: return format_float(text, type, array, row);
    case PLN__DECIMAL128:
        decimal = (const uint8_t *)array->buffers[1] + (array->offset + row) * 16;
        return pln__format_decimal128(text, pln__load_decimal128(decimal), type->scale);
    case PLN__DATE32: return pln__format_date(text, (int32_t)pln__array_int(type, array, row));
    case PLN__TIME32:
    case PLN__TIME64: return pln__format_time(text, pln__array_int(type, array, row), unit, 0);
    case PLN__TIMESTAMP:
        return pln__format_timestamp(text, pln__array_int(type, array, row), unit,
                                     type->timezone[0] != '\0' ? PLN__TIME_UTC : 0);
    case PLN__UINT64: return pln__format_uint64(text, (uint64_t)pln__array_int(type, array, row));
    default: return pln__format_int64(text, pln__array_int(type, array, row));
    }
}

static pln_status put_value(const pln__encoder *self, const pln__type *type,
                            const struct ArrowArray *array, int64_t row, bool first,
                            pln__buffer *out, pln_error *err) {
    char text[PLN__DECIMAL128_TEXT_SIZE];
    int64_t size = format_value(text, type, array, row);
    if (size == 0)
        return pln__error_set(err, PLN_EDATA, "the value %lld has no text form",
                              (long long)pln__array_int(type, array, row));
    bool quoted = self->quoting == PLN__CSV_QUOTE_ALL ||
                  (self->quoting == PLN__CSV_QUOTE_TEXT && !pln__type_is_number(type->id));
    if (!quoted && !self->numbers_need_look)
        return pln__buffer_append(self->mem, out, text, size, err);
    return put_field(self, text, size, quoted, first, out, err);
}

static pln_status put_bytes(const pln__encoder *self, const pln__type *type,
                            const struct ArrowArray *array, int64_t row, bool first,
                            pln__buffer *out, pln_error *err) {
    int64_t size;
    const uint8_t *bytes = pln__array_bytes(type, array, row, &size);
    if (type->id != PLN__UTF8 && !pln__utf8_valid(bytes, size, 0))
        return pln__error_set(err, PLN_EDATA,
                              "the bytes are no UTF-8 text, and CSV holds text only");
    return put_text(self, (const char *)bytes, size, first, out, err);
}

static pln_status put_null(const pln__encoder *self, pln__buffer *out, pln_error *err) {
    if (self->null_size == 0 && self->schema->n_children == 1 && self->rules.skip_blank)
        return pln__error_set(err, PLN_EDATA,
                              "null in the only column would be a blank line, give a null_text");
    return pln__buffer_append(self->mem, out, self->null_text, self->null_size, err);
}

/* ---- rows ---- */

static pln_status put_cell(const pln__encoder *self, int64_t c, const struct ArrowArray *array,
                           int64_t row, pln__buffer *out, pln_error *err) {
    const struct ArrowSchema *schema = self->schema->children[c];
    const pln__type *type = &self->types[c];
    bool first = c == 0;
    if (pln__array_null_at(schema, array, row))
        return put_null(self, out, err);
    if (type->id == PLN__DICTIONARY) {
        int64_t word = pln__array_int(type, array, row);
        if (pln__array_null_at(schema->dictionary, array->dictionary, word))
            return put_null(self, out, err);
        return put_bytes(self, &self->values[c], array->dictionary, word, first, out, err);
    }
    if (pln__type_is_bytes(type->id) || type->id == PLN__FIXED)
        return put_bytes(self, type, array, row, first, out, err);
    return put_value(self, type, array, row, first, out, err);
}

static pln_status csv_encode(pln__encoder *self, const struct ArrowArray *rows, pln__buffer *out,
                             pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = self->schema->n_children, before = out->size,
            newline = (int64_t)strlen(self->newline);
    uint64_t size = (uint64_t)n * sizeof(struct ArrowArray);
    struct ArrowArray *columns = pln__alloc(self->mem, size);
    if (columns == NULL)
        return pln__error_memory(err, size);
    for (int64_t c = 0; c < n; c++) {
        columns[c] = *rows->children[c];
        columns[c].offset += rows->offset;
    }
    for (int64_t row = 0; row < rows->length; row++) {
        for (int64_t c = 0; c < n; c++) {
            if (c > 0)
                PLN__TRY(pln__buffer_append(self->mem, out, &self->rules.delimiter, 1, err));
            status = put_cell(self, c, &columns[c], row, out, err);
            if (status < 0) {
                pln__error_prefix(err, "row %lld, column %s", (long long)row,
                                  self->schema->children[c]->name);
                goto out;
            }
        }
        PLN__TRY(pln__buffer_append(self->mem, out, self->newline, newline, err));
    }
out:
    pln__free(self->mem, columns, size);
    if (status < 0)
        out->size = before;
    return status;
}

static pln_status csv_encoder_begin(pln__encoder *self, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    bool quoted = self->quoting != PLN__CSV_QUOTE_MINIMAL;
    if (!self->rules.header)
        return PLN_OK;
    for (int64_t c = 0; c < self->schema->n_children; c++) {
        const char *name = self->schema->children[c]->name;
        if (c > 0)
            PLN__TRY(pln__buffer_append(self->mem, out, &self->rules.delimiter, 1, err));
        PLN__TRY(put_field(self, name, (int64_t)strlen(name), quoted, c == 0, out, err));
    }
    PLN__TRY(
        pln__buffer_append(self->mem, out, self->newline, (int64_t)strlen(self->newline), err));
out:
    return status;
}

const pln__encoder_table pln__csv_encoder = {
    .open = csv_encoder_open,
    .begin = csv_encoder_begin,
    .encode = csv_encode,
    .close = csv_encoder_close,
};

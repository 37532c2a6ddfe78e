/* From the text of a field to an entry of a column: the types outside of the hot loop, and what to say when it fails. */
#include "format/csv_value.h"
#include <stdio.h>

bool pln__csv_parse_bool(const char *text, int64_t size, bool *out) {
    static const char words[][6] = {"0", "1", "f", "t", "n", "y", "no", "yes", "false", "true"};
    for (int i = 0; i < PLN__COUNT(words); i++) {
        if ((int64_t)strlen(words[i]) == size && pln__ascii_equal_nocase(words[i], text, size)) {
            *out = (i & 1) != 0;
            return true;
        }
    }
    return false;
}

/* Integers other than int32 and int64. Two's complement makes storing the low bytes right for all of them. */
static int put_int(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    static const int64_t low[] = {INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN, 0, 0, 0};
    static const int64_t high[] = {INT8_MAX,  INT16_MAX,  INT32_MAX, INT64_MAX,
                                   UINT8_MAX, UINT16_MAX, UINT32_MAX};
    int32_t id = f->column->type.id, width = f->column->type.width;
    uint64_t bits = 0;
    int64_t value = 0;
    int code;
    if (id == PLN__UINT64) {
        code = csv__code(pln__parse_uint64(text, size, &bits));
    } else {
        code = csv__int64(text, size, &value);
        if (code == CSV_OK && (value < low[id - PLN__INT8] || value > high[id - PLN__INT8]))
            code = CSV_RANGE;
        bits = (uint64_t)value;
    }
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits <<= 64 - 8 * width;
#endif
    memcpy(f->data + row * width, &bits, (size_t)width);
    return code;
}

static int put_float(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    float value = 0;
    int code = csv__code(pln__parse_float(text, size, PLN__DOUBLE_LENIENT, &value));
    memcpy(f->data + row * 4, &value, 4);
    return code;
}

static int put_decimal(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    const pln__type *type = &f->column->type;
    pln__int128 value = 0;
    int code = csv__code(pln__parse_decimal128(text, size, type->precision, type->scale, &value));
    pln__store_decimal128(f->data + row * 16, value);
    return code;
}

static int put_time(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    int64_t value = 0;
    int code = csv__code(pln__parse_time(text, size, (pln__unit)f->unit, 0, &value));
    if (f->column->type.id == PLN__TIME64) {
        memcpy(f->data + row * 8, &value, 8);
    } else {
        int32_t narrow = (int32_t)value;
        memcpy(f->data + row * 4, &narrow, 4);
    }
    return code;
}

static int put_fixed(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    int64_t width = f->column->type.width;
    if (size != width)
        return CSV_RANGE;
    if (width > 0)
        memcpy(f->data + row * width, text, (size_t)width);
    return CSV_OK;
}

static pln_status add_word(pln__column *column, const char *text, int64_t size, uint64_t seed,
                           pln_error *err) {
    pln_status status;
    pln__column *words = column->dictionary;
    int32_t end;
    if (column->dictionary_index == NULL)
        column->dictionary_index = pln__map_new(column->mem, seed);
    if (column->dictionary_index == NULL)
        return pln__error_memory(err, 0);
    PLN__TRY(pln__column_reserve(words, 1, size > 0 ? size : 1, err));
    PLN__TRY(pln__map_put(column->dictionary_index, text, size, words->length, err));
    memcpy(words->data.data + words->data.size, text, (size_t)size);
    words->data.size += size;
    words->length++;
    end = (int32_t)words->data.size;
    memcpy(words->offsets.data + words->length * 4, &end, 4);
out:
    return status;
}

static void put_index(const pln__csv_field *f, int64_t row, int64_t index) {
    int32_t width = f->column->type.width;
    uint64_t bits = (uint64_t)index;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits <<= 64 - 8 * width;
#endif
    memcpy(f->data + row * width, &bits, (size_t)width);
}

static int put_symbol(const pln__csv_field *f, int64_t row, const char *text, int64_t size) {
    int64_t index = pln__symbols_find(f->symbols, text, size);
    if (PLN__UNLIKELY(index < 0))
        return CSV_NO_SYMBOL;
    put_index(f, row, index);
    return CSV_OK;
}

static int put_word(const pln__csv_field *f, int64_t row, const char *text, int64_t size,
                    uint32_t cpu, pln_error *err) {
    static const int64_t words_max[] = {INT8_MAX,  INT16_MAX,  INT32_MAX, INT32_MAX,
                                        UINT8_MAX, UINT16_MAX, INT32_MAX, INT32_MAX};
    pln__column *column = f->column;
    int64_t index = 0;
    if (f->symbols != NULL)
        return put_symbol(f, row, text, size);
    if (!pln__utf8_valid(text, size, cpu))
        return CSV_NOT_UTF8;
    if (column->dictionary_index == NULL ||
        !pln__map_get(column->dictionary_index, text, size, &index)) {
        index = column->dictionary->length;
        if (index > words_max[column->type.index_id - PLN__INT8])
            return CSV_RANGE;
        pln_status status = add_word(column, text, size, f->seed, err);
        if (status < 0)
            return status;
    }
    put_index(f, row, index);
    return CSV_OK;
}

int pln__csv_put_other(const pln__csv_field *field, int64_t row, const char *text, int64_t size,
                       uint32_t cpu, pln_error *err) {
    switch (field->column->type.id) {
    case PLN__FLOAT32: return put_float(field, row, text, size);
    case PLN__DECIMAL128: return put_decimal(field, row, text, size);
    case PLN__TIME32:
    case PLN__TIME64: return put_time(field, row, text, size);
    case PLN__BINARY: return csv__put_text(field, row, text, size);
    case PLN__FIXED: return put_fixed(field, row, text, size);
    case PLN__DICTIONARY: return put_word(field, row, text, size, cpu, err);
    default: return put_int(field, row, text, size);
    }
}

pln_status pln__csv_null(pln__csv_field *field, int64_t row, pln_error *err) {
    pln__column *column = field->column;
    int32_t id = column->type.id, width = column->type.width;
    column->length = row;
    pln_status status = pln__column_validity(column, false, err);
    if (status < 0)
        return status;
    if (pln__type_is_bytes(id))
        field->offsets[row + 1] = field->offsets[row];
    else if (id == PLN__BOOL)
        pln__bit_clear(field->data, row);
    else
        memset(field->data + row * width, 0, (size_t)width);
    return PLN_OK;
}

void pln__csv_null_undo(pln__csv_field *field, int64_t row) {
    pln__column *column = field->column;
    if (column->null_count == 0 || pln__bit_get(column->validity.data, row))
        return;
    pln__bit_set(column->validity.data, row);
    column->null_count--;
}

/* ---- messages ---- */

static const char *hint(const pln__csv_field *f, int code) {
    int32_t id = f->column->type.id;
    switch (code) {
    case CSV_RANGE:
        return id == PLN__FIXED        ? " (another size)"
               : id == PLN__DICTIONARY ? " (the dictionary is full)"
                                       : " (out of range)";
    case CSV_DIGITS: return " (digits would be lost)";
    case CSV_NOT_UTF8: return " (no UTF-8)";
    default: break;
    }
    if (id == PLN__TIMESTAMP)
        return (f->flags & PLN__TIME_NO_ZONE) != 0 ? " (YYYY-MM-DDThh:mm:ss, without an offset)"
                                                   : " (YYYY-MM-DDThh:mm:ssZ)";
    return id == PLN__DATE32 ? " (YYYY-MM-DD)" : "";
}

void pln__csv_value_message(const pln__csv_field *field, int code, const char *text, int64_t size,
                            char out[200]) {
    char type[PLN__TYPE_TEXT_SIZE], show[PLN__SHOW_SIZE];
    char whole[PLN__TYPE_TEXT_SIZE + PLN__SHOW_SIZE + 80];
    if (code == CSV_NO_SYMBOL) {
        pln__symbols_refusal(field->symbols, text, size, out);
        return;
    }
    pln__type_text(field->column->schema, type);
    if (code == CSV_NULL_REQUIRED)
        snprintf(whole, sizeof whole, "null in a required column, expected %s", type);
    else
        snprintf(whole, sizeof whole, "expected %s, got %s%s", type, pln__show(show, text, size),
                 hint(field, code));
    int64_t length = (int64_t)strlen(whole);
    length = length < 200 ? length : 199;
    int64_t cut = pln__utf8_invalid_at(whole, length, 0);
    memcpy(out, whole, (size_t)(cut < 0 ? length : cut));
    out[cut < 0 ? length : cut] = '\0';
}

/* ---- what a column must be ---- */

pln_status pln__csv_supported(const struct ArrowSchema *schema, pln__type *type, pln_error *err) {
    char text[PLN__TYPE_TEXT_SIZE];
    pln_status status = pln__type_of(schema, type, err);
    if (status < 0)
        return status;
    bool flat = type->id > PLN__NULL && type->id <= PLN__TIMESTAMP;
    if (type->id == PLN__DICTIONARY) {
        pln__type values;
        status = pln__type_of(schema->dictionary, &values, err);
        if (status < 0)
            return status;
        flat = values.id == PLN__UTF8;
    }
    if (flat)
        return PLN_OK;
    return pln__error_set(err, PLN_EUNSUPPORTED, "column %s: CSV cannot hold %s", schema->name,
                          pln__type_text(schema, text));
}

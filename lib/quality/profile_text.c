/* Values as people read them. */
#include "base/time.h"
#include "base/utf8.h"
#include "quality/profile.h"
#include <stdio.h>

static int64_t format_integer(char *text, const pln__type *type, pln__int128 value) {
    pln__unit unit = (pln__unit)type->unit;
    int64_t number = (int64_t)value;
    switch (type->id) {
    case PLN__BOOL: return snprintf(text, 8, "%s", value != 0 ? "true" : "false");
    case PLN__UINT64: return pln__format_uint64(text, (uint64_t)value);
    case PLN__DECIMAL128: return pln__format_decimal128(text, value, type->scale);
    case PLN__DATE32: return pln__format_date(text, (int32_t)number);
    case PLN__TIME32:
    case PLN__TIME64: return pln__format_time(text, number, unit, 0);
    case PLN__TIMESTAMP:
        return pln__format_timestamp(text, number, unit,
                                     type->timezone[0] != '\0' ? PLN__TIME_UTC : 0);
    default: return pln__format_int64(text, number);
    }
}

void pln__profile_put_integer(pln__text *out, const pln__profile_column *column,
                              pln__int128 value) {
    char text[PLN__DECIMAL128_TEXT_SIZE];
    int64_t n = format_integer(text, &column->type, value);
    /* A year that no text can say. */
    if (n == 0)
        n = pln__format_int64(text, (int64_t)value);
    pln__text_bytes(out, text, n);
}

void pln__profile_put_float(pln__text *out, double value) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    pln__text_bytes(out, text, pln__format_double(text, value));
}

void pln__profile_put_bytes(pln__text *out, const pln__profile_column *column, const uint8_t *bytes,
                            int64_t size) {
    if (column->type.id == PLN__UTF8 && pln__utf8_valid(bytes, size, 0)) {
        pln__text_bytes(out, bytes, size);
        return;
    }
    for (int64_t i = 0; i < size; i++)
        pln__text_printf(out, "%02x", bytes[i]);
}

void pln__profile_put_item(pln__text *out, const pln__profile_column *column, const uint8_t *bytes,
                           int64_t size) {
    double number;
    /* A sketch that came from outside may hold anything. */
    bool other = size != (column->kind == PLN__PROFILE_DECIMAL ? 16 : 8);
    if (column->kind == PLN__PROFILE_BYTES || other) {
        pln__profile_put_bytes(out, column, bytes, size);
    } else if (column->kind == PLN__PROFILE_DECIMAL) {
        pln__profile_put_integer(out, column, pln__load_decimal128(bytes));
    } else if (column->kind == PLN__PROFILE_FLOAT) {
        uint64_t bits = pln__load_le64(bytes);
        memcpy(&number, &bits, 8);
        pln__profile_put_float(out, number);
    } else if (column->kind == PLN__PROFILE_UNSIGNED) {
        pln__profile_put_integer(out, column, pln__load_le64(bytes));
    } else {
        pln__profile_put_integer(out, column, (int64_t)pln__load_le64(bytes));
    }
}

/* Without a character that was cut in two. */
static int32_t whole_characters(const pln__profile_text *text) {
    int32_t lead = text->size;
    while (lead > 0 && (text->bytes[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0 || text->bytes[lead - 1] < 0xC0)
        return text->size;
    uint8_t first = text->bytes[lead - 1];
    int32_t need = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    return lead - 1 + need > text->size ? lead - 1 : text->size;
}

static void put_text(pln__text *out, const pln__profile_column *c, const pln__profile_text *text) {
    bool split = text->cut && c->type.id == PLN__UTF8;
    pln__profile_put_bytes(out, c, text->bytes, split ? whole_characters(text) : text->size);
    if (text->cut)
        pln__text_str(out, "...");
}

static pln_status put_extreme(pln_profile *profile, const pln__profile_column *c, bool most,
                              char **out, pln_error *err) {
    pln__text text;
    pln__text_init(&text, &profile->mem);
    pln__strfree(&profile->mem, *out);
    *out = NULL;
    if (c->values == 0)
        return PLN_OK;
    if (c->kind == PLN__PROFILE_BYTES)
        put_text(&text, c, most ? &c->most_text : &c->least_text);
    else if (c->kind == PLN__PROFILE_FLOAT)
        pln__profile_put_float(&text, most ? c->most_float : c->least_float);
    else
        pln__profile_put_integer(&text, c, most ? c->most : c->least);
    pln__text_char(&text, '\0');
    pln_status status = pln__text_status(&text, err);
    if (status == PLN_OK)
        *out = pln__strdup(&profile->mem, text.data);
    pln__text_free(&text);
    return status == PLN_OK && *out == NULL ? pln__error_memory(err, 1) : status;
}

pln_status pln__profile_extremes(pln_profile *profile, pln__profile_column *c, pln_error *err) {
    pln_status status = put_extreme(profile, c, false, &c->minimum, err);
    return status < 0 ? status : put_extreme(profile, c, true, &c->maximum, err);
}

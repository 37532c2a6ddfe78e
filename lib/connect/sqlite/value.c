#include "connect/sqlite/value.h"
#include "base/number.h"
#include "base/time.h"
#include <math.h>

#define EXACT_DOUBLE ((int64_t)1 << 53)

static bool contains(const char *text, const char *word) {
    size_t size = strlen(word);
    for (; strlen(text) >= size; text++)
        if (sqlite3_strnicmp(text, word, (int)size) == 0)
            return true;
    return false;
}

int pln__lite_affinity(const char *declared) {
    if (declared == NULL || declared[0] == '\0')
        return PLN__AFFINITY_BLOB;
    if (contains(declared, "INT"))
        return PLN__AFFINITY_INTEGER;
    if (contains(declared, "CHAR") || contains(declared, "CLOB") || contains(declared, "TEXT"))
        return PLN__AFFINITY_TEXT;
    if (contains(declared, "BLOB"))
        return PLN__AFFINITY_BLOB;
    if (contains(declared, "REAL") || contains(declared, "FLOA") || contains(declared, "DOUB"))
        return PLN__AFFINITY_REAL;
    return PLN__AFFINITY_NUMERIC;
}

static int32_t how_of(const pln__type *type, const pln__lite_storing *storing) {
    switch (type->id) {
    case PLN__NULL: return PLN__STORE_NULL;
    case PLN__UINT64: return PLN__STORE_UINT64;
    case PLN__FLOAT32:
    case PLN__FLOAT64: return PLN__STORE_FLOAT;
    case PLN__UTF8: return PLN__STORE_TEXT;
    case PLN__BINARY:
    case PLN__FIXED: return PLN__STORE_BLOB;
    case PLN__DECIMAL128:
        return storing->decimals_real ? PLN__STORE_DECIMAL_REAL : PLN__STORE_DECIMAL;
    case PLN__DATE32: return PLN__STORE_DATE;
    case PLN__TIME32:
    case PLN__TIME64: return PLN__STORE_TIME;
    case PLN__TIMESTAMP: return storing->timestamps_integer ? PLN__STORE_INT : PLN__STORE_TIMESTAMP;
    case PLN__LIST:
    case PLN__STRUCT:
    case PLN__MAP:
    case PLN__UNION: return PLN__STORE_JSON;
    case PLN__DICTIONARY: return PLN__STORE_DICTIONARY;
    default: return PLN__STORE_INT;
    }
}

/* Types whose nulls are all in the bitmap; of these text and int64 need no look at how they are stored. */
static void set_plain(pln__lite_value *value) {
    int32_t id = value->type.id;
    bool odd = id == PLN__NULL || id == PLN__UNION || id == PLN__DICTIONARY;
    bool as_it_lies = value->how == PLN__STORE_TEXT || value->how == PLN__STORE_INT;
    value->plain = odd ? -1 : as_it_lies ? id : PLN__NULL;
}

static int32_t *stored(pln__lite_value *value) {
    return value->how == PLN__STORE_DICTIONARY ? &value->inner_how : &value->how;
}

const char *pln__lite_value_declared(const pln__lite_value *value) {
    switch (value->how == PLN__STORE_DICTIONARY ? value->inner_how : value->how) {
    case PLN__STORE_NULL: return "";
    case PLN__STORE_INT:
    case PLN__STORE_UINT64: return "INTEGER";
    case PLN__STORE_FLOAT:
    case PLN__STORE_INT_REAL:
    case PLN__STORE_DECIMAL_REAL: return "REAL";
    case PLN__STORE_BLOB: return "BLOB";
    default: return "TEXT";
    }
}

static pln_status misfit(const pln__lite_value *value, const char *declared, const char *why,
                         pln_error *err) {
    char type[PLN__TYPE_TEXT_SIZE], shown[PLN__SHOW_SIZE];
    return pln__error_set(err, PLN_ETYPE, "column %s: %s into declared type %s: %s",
                          value->schema->name, pln__type_text(value->schema, type),
                          pln__show(shown, declared, (int64_t)strlen(declared)), why);
}

/* Text in a column of numeric affinity stays text unless it looks like a number. */
static const char *text_in_numbers(int32_t how, int affinity) {
    if (how == PLN__STORE_TEXT)
        return "SQLite would turn text that looks like a number into one; declare the column TEXT";
    if (how == PLN__STORE_DECIMAL)
        return "SQLite would round the decimals; declare the column TEXT, or set decimals to "
               "\"real\"";
    if (affinity == PLN__AFFINITY_NUMERIC)
        return NULL;
    if (how == PLN__STORE_TIMESTAMP)
        return "timestamps are stored as text; declare the column TEXT, or set timestamps to "
               "\"integer\"";
    return how == PLN__STORE_DATE || how == PLN__STORE_TIME || how == PLN__STORE_JSON
               ? "it is stored as text; declare the column TEXT"
               : NULL;
}

static pln_status fit(pln__lite_value *value, const char *declared, pln_error *err) {
    int affinity = pln__lite_affinity(declared);
    value->how = value->natural;
    value->inner_how = value->inner_natural;
    int32_t *how = stored(value);
    if (affinity == PLN__AFFINITY_BLOB)
        return PLN_OK;
    if (affinity == PLN__AFFINITY_TEXT) {
        if (*how == PLN__STORE_FLOAT)
            *how = PLN__STORE_FLOAT_TEXT;
        else if (*how == PLN__STORE_UINT64)
            *how = PLN__STORE_UINT64_TEXT;
        else if (*how == PLN__STORE_DECIMAL_REAL)
            *how = PLN__STORE_DECIMAL;
        return PLN_OK;
    }
    const char *why = text_in_numbers(*how, affinity);
    if (why != NULL)
        return misfit(value, declared, why, err);
    if (affinity == PLN__AFFINITY_REAL && (*how == PLN__STORE_INT || *how == PLN__STORE_UINT64))
        *how = PLN__STORE_INT_REAL;
    return PLN_OK;
}

pln_status pln__lite_value_fit(pln__lite_value *value, const char *declared, pln_error *err) {
    pln_status status = fit(value, declared, err);
    set_plain(value);
    return status;
}

bool pln__lite_value_injective(const pln__lite_value *value) {
    return value->how != PLN__STORE_DECIMAL_REAL && value->how != PLN__STORE_JSON &&
           value->how != PLN__STORE_DICTIONARY && value->how != PLN__STORE_NULL;
}

bool pln__lite_value_null_slow(const pln__lite_value *value, const struct ArrowArray *array,
                               int64_t row) {
    if (value->type.id == PLN__NULL || value->type.id == PLN__UNION ||
        value->type.id == PLN__DICTIONARY)
        return pln__array_null_at(value->schema, array, row);
    return !pln__array_valid(array, row);
}

static const char *put_integer(int64_t integer, pln__lite_cell *to) {
    *to = (pln__lite_cell){.type = SQLITE_INTEGER, .as.integer = integer};
    return NULL;
}

static const char *put_real(double real, pln__lite_cell *to) {
    *to = (pln__lite_cell){.type = SQLITE_FLOAT, .as.real = real};
    return NULL;
}

static const char *put_scratch(const pln__lite_value *value, int64_t size, pln__lite_cell *to) {
    *to = (pln__lite_cell){.type = SQLITE_TEXT, .size = (int32_t)size, .as.bytes = value->scratch};
    return NULL;
}

static const char *put_int(const pln__type *type, int32_t how, const struct ArrowArray *array,
                           int64_t row, pln__lite_cell *to) {
    int64_t number = pln__array_int(type, array, row);
    bool wrapped = type->id == PLN__UINT64 && number < 0;
    if (how == PLN__STORE_INT_REAL && (wrapped || number > EXACT_DOUBLE || number < -EXACT_DOUBLE))
        return "the integer has more than 53 bits and the column is declared REAL";
    if (wrapped)
        return "the value is above 9223372036854775807, SQLite's largest integer; declare the "
               "column TEXT";
    return put_integer(number, to);
}

static const char *put_float(pln__lite_value *value, const pln__type *type, int32_t how,
                             const struct ArrowArray *array, int64_t row, pln__lite_cell *to) {
    double number = pln__array_float(type, array, row);
    if (isnan(number))
        return "NaN cannot be stored, SQLite would make it NULL";
    if (how == PLN__STORE_FLOAT)
        return put_real(number, to);
    return put_scratch(value,
                       type->id == PLN__FLOAT32 ? pln__format_float(value->scratch, (float)number)
                                                : pln__format_double(value->scratch, number),
                       to);
}

static const char *put_decimal(pln__lite_value *value, const pln__type *type, int32_t how,
                               const struct ArrowArray *array, int64_t row, pln__lite_cell *to) {
    pln__int128 number =
        pln__load_decimal128((const uint8_t *)array->buffers[1] + (array->offset + row) * 16);
    int64_t size = pln__format_decimal128(value->scratch, number, type->scale);
    double nearest;
    if (how == PLN__STORE_DECIMAL)
        return put_scratch(value, size, to);
    if (pln__parse_double(value->scratch, size, 0, &nearest) != PLN__PARSED)
        return "the decimal has no double near it";
    return put_real(nearest, to);
}

static const char *put_time(pln__lite_value *value, const pln__type *type, int32_t how,
                            const struct ArrowArray *array, int64_t row, pln__lite_cell *to) {
    int64_t number = pln__array_int(type, array, row), size;
    if (how == PLN__STORE_DATE)
        size = pln__format_date(value->scratch, (int32_t)number);
    else if (how == PLN__STORE_TIME)
        size = pln__format_time(value->scratch, number, (pln__unit)type->unit, PLN__TIME_FIXED);
    else
        size = pln__format_timestamp(value->scratch, number, (pln__unit)type->unit,
                                     PLN__TIME_FIXED |
                                         (type->timezone[0] != '\0' ? PLN__TIME_UTC : 0));
    if (size == 0)
        return how == PLN__STORE_TIME ? "the time lies outside of a day"
                                      : "the year is not between 0001 and 9999";
    return put_scratch(value, size, to);
}

static const char *put_bytes(const pln__type *type, int32_t how, const struct ArrowArray *array,
                             int64_t row, pln__lite_cell *to) {
    int64_t size;
    const uint8_t *bytes = pln__array_bytes(type, array, row, &size);
    *to = (pln__lite_cell){.type = how == PLN__STORE_TEXT ? SQLITE_TEXT : SQLITE_BLOB,
                           .size = (int32_t)size,
                           .as.bytes = bytes};
    return NULL;
}

/* The encoder writes rows, {"name":value} and a line end, of which only the value is wanted. */
static const char *put_json(pln__lite_value *value, const struct ArrowArray *array, int64_t row,
                            pln__lite_cell *to) {
    struct ArrowArray *columns[1] = {(struct ArrowArray *)(uintptr_t)array};
    const void *buffers[1] = {NULL};
    struct ArrowArray one = {.length = 1,
                             .offset = row,
                             .n_buffers = 1,
                             .buffers = buffers,
                             .n_children = 1,
                             .children = columns};
    pln_error err = {0};
    value->json.size = 0;
    pln_status status = pln__json_encoder.encode(value->encoder, &one, &value->json, &err);
    if (status == PLN_ENOMEM) {
        to->type = PLN__LITE_NO_MEMORY;
        return NULL;
    }
    if (status < 0) {
        (void)sqlite3_snprintf((int)sizeof value->scratch, value->scratch, "%s", err.message);
        return value->scratch;
    }
    *to = (pln__lite_cell){.type = SQLITE_TEXT,
                           .size = (int32_t)(value->json.size - value->prefix - 2),
                           .as.bytes = value->json.data + value->prefix};
    return NULL;
}

static pln_status open_encoder(pln__lite_value *value, pln_error *err) {
    pln__json_dialect dialect;
    pln__text name;
    pln_status status = PLN_OK;
    pln__json_dialect_default(&dialect);
    pln__text_init(&name, value->mem);
    pln__text_json(&name, value->schema->name, (int64_t)strlen(value->schema->name));
    value->prefix = name.size + 2; /* the bracket and the colon */
    PLN__TRY(pln__text_status(&name, err));
    PLN__TRY(pln__field_new(value->mem, "+s", "", false, 1, &value->row, err));
    PLN__TRY(pln__field_copy(value->mem, value->schema, NULL, value->row.children[0], err));
    PLN__TRY(pln__json_encoder.open(value->mem, &dialect, &value->row, &value->encoder, err));
out:
    pln__text_free(&name);
    return status;
}

static const char *put(pln__lite_value *value, const pln__type *type, int32_t how,
                       const struct ArrowArray *array, int64_t row, pln__lite_cell *to) {
    switch (how) {
    case PLN__STORE_INT:
    case PLN__STORE_INT_REAL:
    case PLN__STORE_UINT64: return put_int(type, how, array, row, to);
    case PLN__STORE_UINT64_TEXT:
        return put_scratch(
            value, pln__format_uint64(value->scratch, (uint64_t)pln__array_int(type, array, row)),
            to);
    case PLN__STORE_FLOAT:
    case PLN__STORE_FLOAT_TEXT: return put_float(value, type, how, array, row, to);
    case PLN__STORE_TEXT:
    case PLN__STORE_BLOB: return put_bytes(type, how, array, row, to);
    case PLN__STORE_DECIMAL:
    case PLN__STORE_DECIMAL_REAL: return put_decimal(value, type, how, array, row, to);
    case PLN__STORE_DATE:
    case PLN__STORE_TIME:
    case PLN__STORE_TIMESTAMP: return put_time(value, type, how, array, row, to);
    default: return put_json(value, array, row, to);
    }
}

pln_status pln__lite_value_init(const pln_allocator *mem, const struct ArrowSchema *schema,
                                const pln__lite_storing *storing, pln__lite_value *out,
                                pln_error *err) {
    pln_status status = PLN_OK;
    memset(out, 0, sizeof *out);
    out->mem = mem;
    out->schema = schema;
    PLN__TRY(pln__type_of(schema, &out->type, err));
    out->how = how_of(&out->type, storing);
    if (out->how == PLN__STORE_DICTIONARY) {
        PLN__TRY(pln__type_of(schema->dictionary, &out->inner, err));
        out->inner_how = how_of(&out->inner, storing);
        /* A dictionary of dictionaries or of nested values goes the slow way, as JSON. */
        if (out->inner_how == PLN__STORE_DICTIONARY || out->inner_how == PLN__STORE_JSON)
            out->how = PLN__STORE_JSON;
    }
    out->natural = out->how;
    out->inner_natural = out->inner_how;
    set_plain(out);
    if (out->how == PLN__STORE_JSON)
        PLN__TRY(open_encoder(out, err));
out:
    return status;
}

void pln__lite_value_free(pln__lite_value *value) {
    if (value->encoder != NULL)
        pln__json_encoder.close(value->encoder);
    pln__schema_release(&value->row);
    pln__buffer_free(value->mem, &value->json);
}

const char *pln__lite_value_put(pln__lite_value *value, const struct ArrowArray *array, int64_t row,
                                pln__lite_cell *out) {
    if (value->how == PLN__STORE_DICTIONARY)
        return put(value, &value->inner, value->inner_how, array->dictionary,
                   pln__array_int(&value->type, array, row), out);
    return put(value, &value->type, value->how, array, row, out);
}

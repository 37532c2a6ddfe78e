/* Avro's JSON encoding of one datum to Avro binary. */
#include "base/number.h"
#include "format/avro_program.h"
#include "format/json_check.h"
#include "format/json_scan.h"

typedef pln__avro_place place;

typedef struct reader {
    const pln_allocator *mem;
    const pln__avro_schema *schema;
    const uint8_t *start;
    pln__map **names; /* by type: fields of a record, symbols, branches; made when first needed */
    int32_t n_types;
    pln__buffer text; /* the string read last */
    pln__buffer *out;
    const place *at;
    pln_error *err;
    pln_status status;
    uint32_t cpu;
} reader;

static const uint8_t *value(reader *r, const pln__avro_type *type, const uint8_t *p, int32_t depth);

/* ---- failures: all return NULL ---- */

static const uint8_t *refuse(reader *r, const uint8_t *p, const char *format, ...)
    PLN__PRINTF(3, 4);
static const uint8_t *refuse(reader *r, const uint8_t *p, const char *format, ...) {
    char path[PLN__AVRO_PLACE_SIZE];
    va_list args;
    if (r->status < 0)
        return NULL;
    va_start(args, format);
    r->status = pln__error_setv(r->err, PLN_EDATA, format, args);
    va_end(args);
    pln__avro_place_text(r->at, path);
    if (path[0] == '\0')
        pln__error_prefix(r->err, "Avro JSON, offset %lld", (long long)(p - r->start));
    else
        pln__error_prefix(r->err, "Avro JSON, offset %lld, field %s", (long long)(p - r->start),
                          path);
    return NULL;
}

static const uint8_t *stop(reader *r, pln_status status) {
    if (r->status >= 0)
        r->status = status;
    return NULL;
}

static const uint8_t *expected(reader *r, const uint8_t *p, const char *what) {
    char shown[PLN__SHOW_SIZE];
    int64_t size = 0;
    while (size < 24 && p[size] != '\n')
        size++;
    return size == 0 ? refuse(r, p, "expected %s, the text ends", what)
                     : refuse(r, p, "expected %s, got %s", what, pln__show(shown, p, size));
}

static bool put(reader *r, const void *bytes, int64_t size) {
    pln_status status = pln__buffer_append(r->mem, r->out, bytes, size, r->err);
    if (status < 0)
        (void)stop(r, status);
    return status >= 0;
}

static bool put_number(reader *r, int64_t number) {
    uint8_t bytes[PLN__AVRO_VARINT_MAX];
    return put(r, bytes, pln__avro_put(bytes, number));
}

/* ---- names ---- */

static const char *name_at(const pln__avro_type *type, int32_t i) {
    if (type->kind == PLN__AVRO_RECORD)
        return type->fields[i].name;
    if (type->kind == PLN__AVRO_ENUM)
        return type->symbols[i];
    const pln__avro_type *branch = type->branches[i];
    return branch->full_name != NULL ? branch->full_name : pln__avro_kind_name(branch->kind);
}

/* The field, symbol or branch that r->text names; -1: there is none, or no memory (then r->status says so). */
static int32_t find_name(reader *r, const pln__avro_type *type) {
    pln__map **names = &r->names[type->index];
    int64_t found = -1;
    int32_t n = type->kind == PLN__AVRO_RECORD ? type->n_fields
                : type->kind == PLN__AVRO_ENUM ? type->n_symbols
                                               : type->n_branches;
    if (*names == NULL) {
        *names = pln__map_new(r->mem, 0);
        if (*names == NULL) {
            (void)stop(r, pln__error_memory(r->err, sizeof(void *)));
            return -1;
        }
        for (int32_t i = 0; i < n; i++) {
            const char *name = name_at(type, i);
            pln_status status = pln__map_put(*names, name, (int64_t)strlen(name), i, r->err);
            if (status < 0) {
                (void)stop(r, status);
                return -1;
            }
        }
    }
    (void)pln__map_get(*names, r->text.data, r->text.size, &found);
    return (int32_t)found;
}

/* ---- strings ---- */

static const uint8_t *string(reader *r, const uint8_t *p, const char *what) {
    pln__json_fault fault = {0};
    pln_status status = PLN_OK;
    if (*p != '"')
        return expected(r, p, what);
    r->text.size = 0;
    const uint8_t *end = pln__json_text(r->mem, p, r->cpu, &r->text, &fault, &status);
    if (end != NULL)
        return end;
    if (status < 0)
        return stop(r, pln__error_memory(r->err, (uint64_t)r->text.size));
    return expected(r, fault.at, fault.expected);
}

static const uint8_t *key(reader *r, const uint8_t *p) {
    p = string(r, pln__json_space(p), "a key in quotes");
    if (p == NULL)
        return NULL;
    p = pln__json_space(p);
    return *p == ':' ? pln__json_space(p + 1) : expected(r, p, "':'");
}

static const uint8_t *put_text(reader *r, const uint8_t *p) {
    p = string(r, p, "a string");
    if (p == NULL || !put_number(r, r->text.size) || !put(r, r->text.data, r->text.size))
        return NULL;
    return p;
}

/* Code points 0 to 255 to bytes, in place. */
static bool narrow(pln__buffer *text) {
    int64_t n = 0;
    for (int64_t i = 0; i < text->size; i++) {
        uint8_t c = text->data[i];
        if (c >= 0x80) {
            if (c != 0xC2 && c != 0xC3)
                return false;
            c = (uint8_t)((c & 3) << 6 | (text->data[++i] & 0x3F));
        }
        text->data[n++] = c;
    }
    text->size = n;
    return true;
}

static const uint8_t *put_bytes(reader *r, const pln__avro_type *type, const uint8_t *p) {
    bool fixed = type->kind == PLN__AVRO_FIXED;
    const uint8_t *at = p;
    p = string(r, p, "a string of bytes");
    if (p == NULL)
        return NULL;
    if (!narrow(&r->text))
        return refuse(r, at, "a character beyond \\u00ff in bytes");
    if (fixed && r->text.size != type->size)
        return refuse(r, at, "fixed %s: expected %lld bytes, got %lld", type->full_name,
                      (long long)type->size, (long long)r->text.size);
    if ((!fixed && !put_number(r, r->text.size)) || !put(r, r->text.data, r->text.size))
        return NULL;
    return p;
}

static const uint8_t *put_symbol(reader *r, const pln__avro_type *type, const uint8_t *p) {
    char shown[PLN__SHOW_SIZE];
    const uint8_t *at = p;
    p = string(r, p, "a symbol");
    if (p == NULL)
        return NULL;
    int32_t symbol = find_name(r, type);
    if (symbol < 0)
        return refuse(r, at, "%s is no symbol of enum %s",
                      pln__show(shown, r->text.data, r->text.size), type->full_name);
    return put_number(r, symbol) ? p : NULL;
}

/* ---- numbers ---- */

static const uint8_t *put_integer(reader *r, const pln__avro_type *type, const uint8_t *p) {
    bool plain, narrow_int = type->kind == PLN__AVRO_INT;
    int64_t number;
    char shown[PLN__SHOW_SIZE];
    const uint8_t *end = pln__json_number(p, &plain);
    if (end == NULL || !plain)
        return expected(r, p, narrow_int ? "an int" : "a long");
    if (pln__parse_int64((const char *)p, end - p, &number) != PLN__PARSED ||
        (narrow_int && number != (int32_t)number))
        return refuse(r, p, "%s does not fit %s", pln__show(shown, p, end - p),
                      narrow_int ? "an int of 32 bits" : "a long of 64 bits");
    return put_number(r, number) ? end : NULL;
}

/* What JSON has no number for: Java writes the first three, and reads all. */
static bool special(const pln__buffer *text, double *out) {
    static const struct {
        const char *name;
        double value;
    } known[] = {{"NaN", (double)__builtin_nanf("")},
                 {"Infinity", (double)__builtin_inff()},
                 {"-Infinity", -(double)__builtin_inff()},
                 {"INF", (double)__builtin_inff()},
                 {"-INF", -(double)__builtin_inff()}};
    for (int i = 0; i < PLN__COUNT(known); i++)
        if ((int64_t)strlen(known[i].name) == text->size &&
            memcmp(known[i].name, text->data, (size_t)text->size) == 0) {
            *out = known[i].value;
            return true;
        }
    return false;
}

static const uint8_t *put_float(reader *r, const pln__avro_type *type, const uint8_t *p) {
    bool plain, single = type->kind == PLN__AVRO_FLOAT;
    char shown[PLN__SHOW_SIZE];
    double number = 0;
    float small = 0;
    const char *what = single ? "a float" : "a double";
    const uint8_t *at = p, *end;
    if (*p == '"') {
        end = string(r, p, what);
        if (end == NULL)
            return NULL;
        if (!special(&r->text, &number))
            return expected(r, at, what);
        small = (float)number;
    } else {
        end = pln__json_number(p, &plain);
        if (end == NULL)
            return expected(r, p, what);
        pln__parsed parsed = single ? pln__parse_float((const char *)p, end - p, 0, &small)
                                    : pln__parse_double((const char *)p, end - p, 0, &number);
        if (parsed != PLN__PARSED)
            return refuse(r, p, "%s does not fit %s", pln__show(shown, p, end - p), what);
    }
    uint8_t bytes[8];
    uint64_t word = 0;
    uint32_t half = 0;
    memcpy(&word, &number, 8);
    memcpy(&half, &small, 4);
    word = single ? half : word;
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(word >> 8 * i);
    return put(r, bytes, single ? 4 : 8) ? end : NULL;
}

/* ---- nesting ---- */

/* A block's count, put in front of the items once they are counted, and the end behind them. */
static bool close_block(reader *r, int64_t from, int64_t count) {
    uint8_t head[PLN__AVRO_VARINT_MAX];
    if (count > 0) {
        int64_t n = pln__avro_put(head, count);
        if (!put(r, head, n))
            return false;
        memmove(r->out->data + from + n, r->out->data + from, (size_t)(r->out->size - n - from));
        memcpy(r->out->data + from, head, (size_t)n);
    }
    return put_number(r, 0);
}

static const uint8_t *items(reader *r, const pln__avro_type *type, const uint8_t *p, int32_t depth,
                            pln__map *keys) {
    bool map = type->kind == PLN__AVRO_MAP;
    char shown[PLN__SHOW_SIZE], close = map ? '}' : ']';
    int64_t from = r->out->size, count = 0;
    p = pln__json_space(p + 1);
    while (*p != close || count > 0) {
        const uint8_t *at = p;
        if (map) {
            if ((p = key(r, p)) == NULL)
                return NULL;
            if (pln__map_get(keys, r->text.data, r->text.size, NULL))
                return refuse(r, at, "key %s stands twice in a map",
                              pln__show(shown, r->text.data, r->text.size));
            pln_status status = pln__map_put(keys, r->text.data, r->text.size, 0, r->err);
            if (status < 0)
                return stop(r, status);
            if (!put_number(r, r->text.size) || !put(r, r->text.data, r->text.size))
                return NULL;
        }
        if ((p = value(r, type->items, p, depth + 1)) == NULL)
            return NULL;
        count++;
        p = pln__json_space(p);
        if (*p == close)
            break;
        if (*p != ',')
            return expected(r, p, map ? "',' or '}'" : "',' or ']'");
        p = pln__json_space(p + 1);
    }
    return close_block(r, from, count) ? p + 1 : NULL;
}

static const uint8_t *put_items(reader *r, const pln__avro_type *type, const uint8_t *p,
                                int32_t depth) {
    bool map = type->kind == PLN__AVRO_MAP;
    place here = {map ? "{}" : "[]", r->at};
    pln__map *keys = NULL;
    if (*p != (map ? '{' : '['))
        return expected(r, p, map ? "an object for a map" : "an array");
    if (map && (keys = pln__map_new(r->mem, 0)) == NULL)
        return stop(r, pln__error_memory(r->err, sizeof(void *)));
    r->at = &here;
    p = items(r, type, p, depth, keys);
    r->at = here.up;
    if (keys != NULL)
        pln__map_free(keys);
    return p;
}

/*
 * Where the value of each field stands, whatever the order of the members; p is where one may begin, and `done` fields
 * have been read.
 */
static const uint8_t *find_members(reader *r, const pln__avro_type *type, const uint8_t *p,
                                   const uint8_t **found, int32_t done) {
    char shown[PLN__SHOW_SIZE];
    pln__json_fault fault;
    for (int32_t i = 0; i < done; i++)
        found[i] = p;
    while (*p != '}') {
        const uint8_t *at = p;
        if ((p = key(r, p)) == NULL)
            return NULL;
        int32_t field = find_name(r, type);
        if (field < 0)
            return refuse(r, at, "record %s has no field %s", type->full_name,
                          pln__show(shown, r->text.data, r->text.size));
        if (found[field] != NULL)
            return refuse(r, at, "record %s: field '%s' stands twice", type->full_name,
                          type->fields[field].name);
        found[field] = p;
        if ((p = pln__json_check(p, PLN__JSON_DEPTH_MAX, r->cpu, &fault)) == NULL)
            return expected(r, fault.at, fault.expected);
        p = pln__json_space(p);
        if (*p == '}')
            break;
        if (*p != ',')
            return expected(r, p, "',' or '}'");
        p = pln__json_space(p + 1);
        if (*p == '}')
            return expected(r, p, "a key in quotes");
    }
    for (int32_t i = 0; i < type->n_fields; i++)
        if (found[i] == NULL)
            return refuse(r, p, "record %s: field '%s' is missing", type->full_name,
                          type->fields[i].name);
    return p + 1;
}

static const uint8_t *put_field(reader *r, const pln__avro_field *field, const uint8_t *p,
                                int32_t depth) {
    place here = {field->name, r->at};
    r->at = &here;
    p = value(r, field->type, p, depth + 1);
    r->at = here.up;
    return p;
}

static const uint8_t *put_members(reader *r, const pln__avro_type *type, const uint8_t *p,
                                  int32_t depth, int32_t done) {
    uint64_t size = ((uint64_t)type->n_fields + 1) * sizeof(uint8_t *);
    const uint8_t **found = pln__calloc(r->mem, 1, size);
    if (found == NULL)
        return stop(r, pln__error_memory(r->err, size));
    p = find_members(r, type, p, found, done);
    for (int32_t i = done; i < type->n_fields && p != NULL; i++)
        if (put_field(r, &type->fields[i], found[i], depth) == NULL)
            p = NULL;
    pln__free(r->mem, (void *)(uintptr_t)found, size);
    return p;
}

/* Behind the colon if the member at p has that name, without escapes; else NULL. */
static const uint8_t *named(const uint8_t *p, const char *name) {
    if (*p++ != '"')
        return NULL;
    for (; *name != '\0'; name++, p++)
        if (*p != (uint8_t)*name)
            return NULL;
    if (*p != '"')
        return NULL;
    p = pln__json_space(p + 1);
    return *p == ':' ? pln__json_space(p + 1) : NULL;
}

/* Members mostly come in the order of the fields; those behind the first that does not are looked for. */
static const uint8_t *put_record(reader *r, const pln__avro_type *type, const uint8_t *p,
                                 int32_t depth) {
    if (*p != '{')
        return expected(r, p, "an object for a record");
    p = pln__json_space(p + 1);
    for (int32_t i = 0; i < type->n_fields; i++) {
        const uint8_t *at = named(p, type->fields[i].name);
        if (at == NULL)
            return put_members(r, type, p, depth, i);
        if ((p = put_field(r, &type->fields[i], at, depth)) == NULL)
            return NULL;
        p = pln__json_space(p);
        if (*p == '}')
            return i + 1 == type->n_fields ? p + 1 : put_members(r, type, p, depth, i + 1);
        if (*p != ',')
            return expected(r, p, "',' or '}'");
        p = pln__json_space(p + 1);
        if (*p != '"')
            return expected(r, p, "a key in quotes");
    }
    return *p == '}' ? p + 1 : put_members(r, type, p, depth, type->n_fields);
}

static const uint8_t *put_union(reader *r, const pln__avro_type *type, const uint8_t *p,
                                int32_t depth) {
    char shown[PLN__SHOW_SIZE];
    const uint8_t *at = p;
    if (*p == 'n') {
        for (int32_t i = 0; i < type->n_branches; i++)
            if (type->branches[i]->kind == PLN__AVRO_NULL)
                return put_number(r, i) ? value(r, type->branches[i], p, depth) : NULL;
        return refuse(r, p, "null, and the union has no such branch");
    }
    if (*p != '{')
        return expected(r, p, "null or {\"branch\": value} for a union");
    if ((p = key(r, p + 1)) == NULL)
        return NULL;
    int32_t branch = find_name(r, type);
    if (branch < 0)
        return refuse(r, at, "%s is no branch of the union",
                      pln__show(shown, r->text.data, r->text.size));
    if (!put_number(r, branch) || (p = value(r, type->branches[branch], p, depth)) == NULL)
        return NULL;
    p = pln__json_space(p);
    return *p == '}' ? p + 1 : expected(r, p, "'}'");
}

static const uint8_t *word(reader *r, const uint8_t *p, const char *text, const char *what) {
    int64_t i = 0;
    while (text[i] != '\0' && p[i] == (uint8_t)text[i])
        i++;
    return text[i] == '\0' ? p + i : expected(r, p, what);
}

static const uint8_t *put_boolean(reader *r, const uint8_t *p) {
    uint8_t bit = *p == 't';
    p = word(r, p, bit ? "true" : "false", "true or false");
    return p != NULL && put(r, &bit, 1) ? p : NULL;
}

static const uint8_t *value(reader *r, const pln__avro_type *type, const uint8_t *p,
                            int32_t depth) {
    if (depth > PLN__NESTING_MAX)
        return refuse(r, p, "more than %d levels of nesting", PLN__NESTING_MAX);
    switch (type->kind) {
    case PLN__AVRO_NULL: return word(r, p, "null", "null");
    case PLN__AVRO_BOOLEAN: return put_boolean(r, p);
    case PLN__AVRO_INT:
    case PLN__AVRO_LONG: return put_integer(r, type, p);
    case PLN__AVRO_FLOAT:
    case PLN__AVRO_DOUBLE: return put_float(r, type, p);
    case PLN__AVRO_STRING: return put_text(r, p);
    case PLN__AVRO_BYTES:
    case PLN__AVRO_FIXED: return put_bytes(r, type, p);
    case PLN__AVRO_ENUM: return put_symbol(r, type, p);
    case PLN__AVRO_ARRAY:
    case PLN__AVRO_MAP: return put_items(r, type, p, depth);
    case PLN__AVRO_UNION: return put_union(r, type, p, depth);
    default: return put_record(r, type, p, depth);
    }
}

/* Line ends are blanks here, and the end of the text to those who read it: they become another blank, that no string may hold either. */
static pln_status padded(reader *r, const char *text, int64_t size, pln__buffer *out) {
    pln_status status = pln__buffer_reserve(r->mem, out, size + PLN__PADDING + 1, r->err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < size; i++)
        out->data[i] = text[i] == '\n' ? '\r' : (uint8_t)text[i];
    memset(out->data + size, '\n', PLN__PADDING + 1);
    out->size = size;
    return PLN_OK;
}

pln_status pln__avro_from_json(const pln_allocator *mem, const pln__avro_schema *schema,
                               const char *text, int64_t size, pln__buffer *out, pln_error *err) {
    pln__buffer copy = {0};
    int64_t before = out->size;
    reader r = {.mem = mem, .schema = schema, .out = out, .err = err, .cpu = pln__cpu_features()};
    r.n_types = pln__avro_n_types(schema);
    r.names = pln__calloc(mem, (uint64_t)r.n_types, sizeof(pln__map *));
    if (size < 0)
        size = (int64_t)strlen(text);
    if (r.names == NULL)
        return pln__error_memory(err, (uint64_t)r.n_types * sizeof(pln__map *));
    r.status = padded(&r, text, size, &copy);
    if (r.status >= 0) {
        r.start = copy.data;
        const uint8_t *p = value(&r, pln__avro_root(schema), pln__json_space(copy.data), 0);
        p = p == NULL ? NULL : pln__json_space(p);
        if (p != NULL && p != copy.data + size)
            (void)expected(&r, p, "the end of the text");
    }
    for (int32_t i = 0; i < r.n_types; i++)
        if (r.names[i] != NULL)
            pln__map_free(r.names[i]);
    pln__free(mem, r.names, (uint64_t)r.n_types * sizeof(pln__map *));
    pln__buffer_free(mem, &r.text);
    pln__buffer_free(mem, &copy);
    if (r.status < 0)
        out->size = before;
    return r.status < 0 ? r.status : PLN_OK;
}

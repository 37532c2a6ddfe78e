/* Format strings of the Arrow C Data Interface: parsed, and named for people. */
#include "column/internal.h"

/* A decimal number of at most nine digits, with an optional minus where `minus` allows it; NULL if there is none. */
static const char *read_number(const char *text, bool minus, int32_t *out) {
    bool negative = minus && *text == '-';
    if (negative)
        text++;
    int32_t value = 0;
    int32_t digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++)
        value = value * 10 + (*text - '0');
    if (digits == 0 || (*text >= '0' && *text <= '9'))
        return NULL;
    *out = negative ? -value : value;
    return text;
}

static bool parse_single(char c, pln__type *out) {
    static const struct {
        char format;
        int8_t id;
        int8_t width;
    } table[] = {
        {'n', PLN__NULL, 0},   {'b', PLN__BOOL, 0},    {'c', PLN__INT8, 1},
        {'s', PLN__INT16, 2},  {'i', PLN__INT32, 4},   {'l', PLN__INT64, 8},
        {'C', PLN__UINT8, 1},  {'S', PLN__UINT16, 2},  {'I', PLN__UINT32, 4},
        {'L', PLN__UINT64, 8}, {'f', PLN__FLOAT32, 4}, {'g', PLN__FLOAT64, 8},
        {'u', PLN__UTF8, 0},   {'z', PLN__BINARY, 0},
    };
    for (int i = 0; i < PLN__COUNT(table); i++) {
        if (table[i].format == c) {
            out->id = table[i].id;
            out->width = table[i].width;
            return true;
        }
    }
    return false;
}

static bool parse_decimal(const char *format, pln__type *out) {
    const char *at = read_number(format, false, &out->precision);
    if (at == NULL || *at != ',')
        return false;
    at = read_number(at + 1, true, &out->scale);
    if (at == NULL || (*at != '\0' && strcmp(at, ",128") != 0))
        return false;
    out->id = PLN__DECIMAL128;
    out->width = 16;
    return out->precision >= 1 && out->precision <= 38 && out->scale >= -38 && out->scale <= 38;
}

static int32_t unit_of(char c) {
    switch (c) {
    case 's': return PLN__SECOND;
    case 'm': return PLN__MILLI;
    case 'u': return PLN__MICRO;
    case 'n': return PLN__NANO;
    default: return -1;
    }
}

static bool parse_time(const char *format, pln__type *out) {
    if (format[0] == 'd' && format[1] == 'D' && format[2] == '\0') {
        out->id = PLN__DATE32;
        out->width = 4;
        return true;
    }
    if ((format[0] != 't' && format[0] != 's') || (out->unit = unit_of(format[1])) < 0)
        return false;
    if (format[0] == 's') {
        out->id = PLN__TIMESTAMP;
        out->width = 8;
        out->timezone = format + 3;
        return format[2] == ':';
    }
    bool small = out->unit <= PLN__MILLI;
    out->id = small ? PLN__TIME32 : PLN__TIME64;
    out->width = small ? 4 : 8;
    return format[2] == '\0';
}

/* "I,J,...": each in 0..127 and there once, as many as there are children. */
static bool check_union_ids(const char *text, int64_t n_children) {
    bool seen[128] = {false};
    int64_t n = 0;
    if (*text == '\0')
        return n_children == 0;
    for (;;) {
        int32_t id = 0;
        text = read_number(text, false, &id);
        if (text == NULL || id > 127 || seen[id])
            return false;
        seen[id] = true;
        n++;
        if (*text == '\0')
            return n == n_children && n > 0;
        if (*text++ != ',')
            return false;
    }
}

static bool parse_nested(const struct ArrowSchema *schema, pln__type *out) {
    const char *format = schema->format;
    if (schema->n_children > 0 && schema->children == NULL)
        return false;
    if (strcmp(format, "+l") == 0) {
        out->id = PLN__LIST;
        return schema->n_children == 1;
    }
    if (strcmp(format, "+m") == 0) {
        out->id = PLN__MAP;
        return schema->n_children == 1;
    }
    if (strcmp(format, "+s") == 0) {
        out->id = PLN__STRUCT;
        return schema->n_children >= 0;
    }
    if (strncmp(format, "+ud:", 4) == 0) {
        out->id = PLN__UNION;
        return schema->n_children > 0 && check_union_ids(format + 4, schema->n_children);
    }
    return false;
}

static bool parse_format(const struct ArrowSchema *schema, pln__type *out) {
    const char *format = schema->format;
    if (format[0] != '\0' && format[1] == '\0')
        return parse_single(format[0], out);
    switch (format[0]) {
    case 'w': {
        out->id = PLN__FIXED;
        const char *end = format[1] == ':' ? read_number(format + 2, false, &out->width) : NULL;
        return end != NULL && *end == '\0' && out->width > 0;
    }
    case 'd': return format[1] == ':' && parse_decimal(format + 2, out);
    case 't': return parse_time(format + 1, out);
    case '+': return parse_nested(schema, out);
    default: return false;
    }
}

pln_status pln__type_of(const struct ArrowSchema *schema, pln__type *out, pln_error *err) {
    *out = (pln__type){
        .id = -1, .timezone = "", .nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0};
    bool known = schema->format != NULL && parse_format(schema, out);
    if (known && schema->dictionary != NULL) {
        known = pln__type_is_integer(out->id);
        out->index_id = out->id;
        out->id = PLN__DICTIONARY;
    }
    if (PLN__LIKELY(known))
        return PLN_OK;
    char name[PLN__SHOW_SIZE];
    char format[PLN__SHOW_SIZE];
    const char *n = schema->name == NULL ? "" : schema->name;
    const char *f = schema->format == NULL ? "" : schema->format;
    return pln__error_set(
        err, PLN_EUNSUPPORTED, "column %s: the Arrow format %s%s is not supported",
        pln__show(name, n, (int64_t)strlen(n)), pln__show(format, f, (int64_t)strlen(f)),
        schema->dictionary != NULL ? " as index of a dictionary" : "");
}

void pln__union_map(const struct ArrowSchema *schema, int8_t child_of[128]) {
    memset(child_of, -1, 128);
    const char *at = schema->format + 4;
    for (int32_t child = 0; child < 128; child++) {
        int32_t id = 0;
        at = read_number(at, false, &id);
        if (at == NULL || id > 127)
            return;
        child_of[id] = (int8_t)child;
        if (*at++ != ',')
            return;
    }
}

int8_t pln__union_id(const struct ArrowSchema *schema, int64_t index) {
    const char *at = schema->format + 4;
    for (int64_t child = 0;; child++) {
        int32_t id = 0;
        at = read_number(at, false, &id);
        if (at == NULL)
            return -1;
        if (child == index)
            return (int8_t)id;
        if (*at++ != ',')
            return -1;
    }
}

int32_t pln__union_null_child(const struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children && i < 128; i++)
        if ((schema->children[i]->flags & ARROW_FLAG_NULLABLE) != 0)
            return (int32_t)i;
    return 0;
}

/* ---- names for people ---- */

typedef struct sink {
    char *out;
    int32_t size;
} sink;

static void put(sink *to, const char *text) {
    while (*text != '\0' && to->size < PLN__TYPE_TEXT_SIZE - 1)
        to->out[to->size++] = *text++;
}

static void put_int(sink *to, int32_t value) {
    char digits[16];
    int at = 15;
    uint32_t rest = value < 0 ? (uint32_t)-value : (uint32_t)value;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    put(to, digits + at);
}

static void put_type(sink *to, const struct ArrowSchema *schema, int32_t depth);

static void put_fields(sink *to, const struct ArrowSchema *schema, int32_t depth) {
    for (int64_t i = 0; i < schema->n_children && to->size < PLN__TYPE_TEXT_SIZE - 1; i++) {
        if (i > 0)
            put(to, ", ");
        put(to, schema->children[i]->name == NULL ? "" : schema->children[i]->name);
        put(to, " ");
        put_type(to, schema->children[i], depth + 1);
    }
}

static void put_nested(sink *to, const struct ArrowSchema *schema, int32_t id, int32_t depth) {
    switch (id) {
    case PLN__LIST:
        put(to, "list<");
        put_type(to, schema->children[0], depth + 1);
        break;
    case PLN__STRUCT:
        put(to, "struct<");
        put_fields(to, schema, depth);
        break;
    case PLN__UNION:
        put(to, "union<");
        put_fields(to, schema, depth);
        break;
    case PLN__DICTIONARY:
        put(to, "dictionary<");
        put_type(to, schema->dictionary, depth + 1);
        break;
    default: {
        const struct ArrowSchema *entries = schema->children[0];
        put(to, "map<");
        for (int64_t i = 0; i < entries->n_children; i++) {
            put(to, i > 0 ? ", " : "");
            put_type(to, entries->children[i], depth + 1);
        }
        break;
    }
    }
    put(to, ">");
}

static void put_type(sink *to, const struct ArrowSchema *schema, int32_t depth) {
    static const char *const names[PLN__TYPE_COUNT] = {
        "null",   "bool",   "int8",    "int16",   "int32", "int64",  "uint8",   "uint16", "uint32",
        "uint64", "float32", "float64", "utf8",   "binary", "binary", "decimal", "date32", "time32",
        "time64", "timestamp"};
    static const char *const units[] = {"s", "ms", "us", "ns"};
    pln__type type;
    if (depth > PLN__NESTING_MAX || pln__type_of(schema, &type, NULL) < 0) {
        put(to, schema->format == NULL ? "?" : schema->format);
        return;
    }
    if (type.id >= PLN__LIST) {
        put_nested(to, schema, type.id, depth);
        return;
    }
    put(to, names[type.id]);
    if (type.id == PLN__FIXED) {
        put(to, "(");
        put_int(to, type.width);
        put(to, ")");
    } else if (type.id == PLN__DECIMAL128) {
        put(to, "(");
        put_int(to, type.precision);
        put(to, ", ");
        put_int(to, type.scale);
        put(to, ")");
    } else if (type.id >= PLN__TIME32) {
        put(to, "(");
        put(to, units[type.unit]);
        put(to, type.timezone[0] != '\0' ? ", " : "");
        put(to, type.timezone);
        put(to, ")");
    }
}

const char *pln__type_text(const struct ArrowSchema *schema, char out[PLN__TYPE_TEXT_SIZE]) {
    sink to = {out, 0};
    put_type(&to, schema, 0);
    if (to.size == PLN__TYPE_TEXT_SIZE - 1)
        memcpy(out + to.size - 3, "...", 3);
    out[to.size] = '\0';
    return out;
}

/* ---- paths ---- */

static void path_put(pln__path *path, const char *text) {
    while (*text != '\0' && path->size < PLN__PATH_SIZE - 1)
        path->text[path->size++] = *text++;
    path->text[path->size] = '\0';
}

int32_t pln__path_push(pln__path *path, const char *name) {
    int32_t before = path->size;
    if (name != NULL && *name != '\0') {
        if (before > 0)
            path_put(path, ".");
        path_put(path, name);
    }
    return before;
}

int32_t pln__path_child(pln__path *path, const struct ArrowSchema *parent, int64_t index) {
    int32_t before = path->size;
    const char *format = parent->format == NULL ? "" : parent->format;
    if (strcmp(format, "+l") == 0)
        path_put(path, "[]");
    else if (strcmp(format, "+m") == 0)
        path_put(path, "{}");
    else
        (void)pln__path_push(path, parent->children[index]->name);
    return before;
}

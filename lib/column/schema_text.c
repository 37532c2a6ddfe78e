#include "column/internal.h"
#include <stdio.h>

typedef struct cursor {
    const pln_allocator *mem;
    const char *start, *at;
    int32_t depth;
} cursor;

static const struct {
    const char *name, *format;
} plain[] = {
    {"null", "n"},   {"bool", "b"},   {"int8", "c"},    {"int16", "s"},   {"int32", "i"},
    {"int64", "l"},  {"uint8", "C"},  {"uint16", "S"},  {"uint32", "I"},  {"uint64", "L"},
    {"utf8", "u"},   {"date32", "tdD"}, {"float32", "f"}, {"float64", "g"},
};

static void blanks(cursor *c) {
    while (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')
        c->at++;
}

static bool eat(cursor *c, char wanted) {
    blanks(c);
    if (*c->at != wanted)
        return false;
    c->at++;
    return true;
}

static pln_status wrong(const cursor *c, const char *what, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    int64_t left = (int64_t)strnlen(c->at, 32);
    return pln__error_set(err, PLN_ESYNTAX, "schema, column %lld: expected %s, got %s",
                          (long long)(c->at - c->start) + 1, what, pln__show(shown, c->at, left));
}

static bool in_word(char ch) {
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_' || (unsigned char)ch >= 0x80 || ch == '-' || ch == '.' || ch == '$' ||
           ch == '@' || ch == ':' || ch == '/' || ch == '+';
}

/* A bare word, or one in double quotes with quotes inside doubled. */
static pln_status word(cursor *c, const char *what, char *out, size_t capacity, pln_error *err) {
    size_t size = 0;
    blanks(c);
    bool quoted = *c->at == '"';
    if (quoted)
        c->at++;
    while (quoted ? *c->at != '\0' && (*c->at != '"' || c->at[1] == '"') : in_word(*c->at)) {
        if (quoted && *c->at == '"')
            c->at++;
        if (size + 1 >= capacity)
            return pln__error_set(err, PLN_ELIMIT, "schema: %s of more than %zu bytes", what,
                                  capacity - 1);
        out[size++] = *c->at++;
    }
    out[size] = '\0';
    if ((quoted && *c->at != '"') || size == 0)
        return wrong(c, what, err);
    c->at += quoted;
    return PLN_OK;
}

static bool keyword(cursor *c, const char *text) {
    size_t size = strlen(text);
    blanks(c);
    if (strncmp(c->at, text, size) != 0 || in_word(c->at[size]))
        return false;
    c->at += size;
    return true;
}

static pln_status number(cursor *c, int32_t *out, pln_error *err) {
    int64_t value = 0;
    blanks(c);
    bool minus = eat(c, '-');
    if (*c->at < '0' || *c->at > '9')
        return wrong(c, "a number", err);
    for (; *c->at >= '0' && *c->at <= '9'; c->at++)
        if ((value = value * 10 + (*c->at - '0')) > INT32_MAX)
            return wrong(c, "a smaller number", err);
    *out = (int32_t)(minus ? -value : value);
    return PLN_OK;
}

static pln_status close_with(cursor *c, char wanted, pln_error *err) {
    const char text[] = {'\'', wanted, '\'', '\0'};
    return eat(c, wanted) ? PLN_OK : wrong(c, text, err);
}

/* Unit and zone of a time, as the end of its format. */
static pln_status unit(cursor *c, const char *prefix, bool zoned, char *format, size_t capacity,
                       pln_error *err) {
    char name[8], zone[64] = "";
    static const char *const units[] = {"s", "ms", "us", "ns"};
    static const char letters[] = "smun";
    pln_status status = PLN_OK;
    int found = -1;
    if (!eat(c, '('))
        return wrong(c, "'(' and a unit: s, ms, us or ns", err);
    PLN__TRY(word(c, "a unit: s, ms, us or ns", name, sizeof name, err));
    for (int i = 0; i < 4; i++)
        if (strcmp(name, units[i]) == 0)
            found = i;
    if (found < 0 || (strcmp(prefix, "tt32") == 0 && found > 1) ||
        (strcmp(prefix, "tt64") == 0 && found < 2))
        PLN__FAIL(err, PLN_ESYNTAX, "schema: unit '%s' does not fit the type", name);
    if (zoned && eat(c, ','))
        PLN__TRY(word(c, "a time zone", zone, sizeof zone, err));
    PLN__TRY(close_with(c, ')', err));
    (void)snprintf(format, capacity, "%.2s%c%s%s", prefix, letters[found], zoned ? ":" : "", zone);
out:
    return status;
}

static pln_status decimal(cursor *c, char *format, size_t capacity, pln_error *err) {
    pln_status status = PLN_OK;
    int32_t precision, scale = 0;
    if (!eat(c, '('))
        return wrong(c, "'(' and precision and scale", err);
    PLN__TRY(number(c, &precision, err));
    if (eat(c, ','))
        PLN__TRY(number(c, &scale, err));
    PLN__TRY(close_with(c, ')', err));
    (void)snprintf(format, capacity, "d:%d,%d", (int)precision, (int)scale);
out:
    return status;
}

static pln_status binary(cursor *c, char *format, size_t capacity, pln_error *err) {
    pln_status status = PLN_OK;
    int32_t width;
    (void)snprintf(format, capacity, "z");
    if (!eat(c, '('))
        return PLN_OK;
    PLN__TRY(number(c, &width, err));
    PLN__TRY(close_with(c, ')', err));
    (void)snprintf(format, capacity, "w:%d", (int)width);
out:
    return status;
}

static pln_status type(cursor *c, const char *name, struct ArrowSchema *out, pln_error *err);

static bool not_null(cursor *c) {
    cursor before = *c;
    if (keyword(c, "not") && keyword(c, "null"))
        return true;
    *c = before;
    return false;
}

static pln_status field(cursor *c, struct ArrowSchema *out, pln_error *err) {
    char name[256];
    pln_status status = word(c, "a column name", name, sizeof name, err);
    return status < 0 ? status : type(c, name, out, err);
}

/* How many fields stand up to the bracket or the end. */
static int64_t count_fields(const char *at) {
    int64_t n = 1;
    int32_t depth = 0;
    for (bool quoted = false; *at != '\0' && depth >= 0; at++) {
        if (*at == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        depth += (*at == '<' || *at == '(') - (*at == '>' || *at == ')');
        n += *at == ',' && depth == 0;
    }
    return n;
}

static pln_status fields(cursor *c, const char *name, struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = count_fields(c->at);
    if (n > PLN__COLUMNS_MAX)
        return pln__error_set(err, PLN_ELIMIT, "schema: %lld columns", (long long)n);
    PLN__TRY(pln__field_new(c->mem, "+s", name, true, n, out, err));
    for (int64_t i = 0; i < n; i++) {
        if (i > 0 && !eat(c, ','))
            PLN__TRY(wrong(c, "',' and a column", err));
        PLN__TRY(field(c, out->children[i], err));
    }
out:
    return status;
}

static pln_status item(cursor *c, const char *format, const char *name, const char *child,
                       struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__field_new(c->mem, format, name, true, 1, out, err));
    PLN__TRY(type(c, child, out->children[0], err));
out:
    return status;
}

static pln_status map(cursor *c, const char *name, struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__field_new(c->mem, "+m", name, true, 1, out, err));
    PLN__TRY(pln__field_new(c->mem, "+s", "entries", false, 2, out->children[0], err));
    PLN__TRY(type(c, "key", out->children[0]->children[0], err));
    out->children[0]->children[0]->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
    if (!eat(c, ','))
        PLN__TRY(wrong(c, "',' and the type of the values", err));
    PLN__TRY(type(c, "value", out->children[0]->children[1], err));
out:
    return status;
}

static pln_status dictionary(cursor *c, const char *name, struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema values = {0};
    PLN__TRY(pln__field_new(c->mem, "i", name, true, 0, out, err));
    PLN__TRY(type(c, "", &values, err));
    pln__field_set_dictionary(out, &values);
out:
    pln__schema_release(&values);
    return status;
}

static pln_status nested(cursor *c, const char *kind, const char *name, struct ArrowSchema *out,
                         pln_error *err) {
    pln_status status = PLN_OK;
    if (c->depth >= PLN__NESTING_MAX)
        return pln__error_set(err, PLN_ELIMIT, "schema: nested more than %d levels deep",
                              PLN__NESTING_MAX);
    if (!eat(c, '<'))
        return wrong(c, "'<'", err);
    c->depth++;
    PLN__TRY(strcmp(kind, "list") == 0     ? item(c, "+l", name, "item", out, err)
             : strcmp(kind, "struct") == 0 ? fields(c, name, out, err)
             : strcmp(kind, "map") == 0    ? map(c, name, out, err)
                                           : dictionary(c, name, out, err));
    c->depth--;
    PLN__TRY(close_with(c, '>', err));
out:
    return status;
}

static pln_status flat(cursor *c, const char *kind, char *format, size_t capacity, pln_error *err) {
    for (int i = 0; i < PLN__COUNT(plain); i++)
        if (strcmp(kind, plain[i].name) == 0) {
            (void)snprintf(format, capacity, "%s", plain[i].format);
            return PLN_OK;
        }
    if (strcmp(kind, "binary") == 0)
        return binary(c, format, capacity, err);
    if (strcmp(kind, "decimal") == 0)
        return decimal(c, format, capacity, err);
    if (strcmp(kind, "timestamp") == 0)
        return unit(c, "ts", true, format, capacity, err);
    if (strcmp(kind, "time32") == 0)
        return unit(c, "tt32", false, format, capacity, err);
    if (strcmp(kind, "time64") == 0)
        return unit(c, "tt64", false, format, capacity, err);
    return pln__error_set(err, PLN_ESYNTAX,
                          "schema, column %lld: '%s' is no type (bool, int8 to int64, uint8 to "
                          "uint64, float32, float64, utf8, "
                          "binary, decimal(p, s), date32, time32(u), time64(u), timestamp(u, "
                          "zone), list<t>, struct<..>, "
                          "map<k, v>, dictionary<t>)",
                          (long long)(c->at - c->start) + 1, kind);
}

static pln_status type(cursor *c, const char *name, struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    char kind[32], format[96];
    PLN__TRY(word(c, "a type", kind, sizeof kind, err));
    if (strcmp(kind, "list") == 0 || strcmp(kind, "struct") == 0 || strcmp(kind, "map") == 0 ||
        strcmp(kind, "dictionary") == 0) {
        PLN__TRY(nested(c, kind, name, out, err));
    } else {
        PLN__TRY(flat(c, kind, format, sizeof format, err));
        PLN__TRY(pln__field_new(c->mem, format, name, true, 0, out, err));
    }
    if (not_null(c))
        out->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
out:
    return status;
}

pln_status pln__schema_parse(const pln_allocator *mem, const char *text, struct ArrowSchema *out,
                             pln_error *err) {
    pln_status status = PLN_OK;
    cursor c = {mem, text, text, 0};
    memset(out, 0, sizeof *out);
    PLN__TRY(fields(&c, "", out, err));
    blanks(&c);
    if (*c.at != '\0')
        PLN__TRY(wrong(&c, "',' and a column, or the end", err));
    out->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
    PLN__TRY(pln__schema_check(out, err));
    return PLN_OK;
out:
    pln__schema_release(out);
    return status;
}

/* A name that would not read back as one word is quoted. */
static void put_name(pln__text *out, const char *name) {
    bool bare = *name != '\0';
    for (const char *at = name; *at != '\0'; at++)
        bare = bare && in_word(*at);
    if (bare) {
        pln__text_str(out, name);
        return;
    }
    pln__text_char(out, '"');
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '"')
            pln__text_char(out, '"');
        pln__text_char(out, *at);
    }
    pln__text_char(out, '"');
}

void pln__schema_text(const struct ArrowSchema *schema, pln__text *out) {
    char type_name[PLN__TYPE_TEXT_SIZE];
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *column = schema->children[i];
        pln__text_str(out, i > 0 ? ", " : "");
        put_name(out, column->name);
        pln__text_char(out, ' ');
        pln__text_str(out, pln__type_text(column, type_name));
        pln__text_str(out, column->flags & ARROW_FLAG_NULLABLE ? "" : " not null");
    }
}

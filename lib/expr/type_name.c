/*
 * Names of types: SQL's and our own. Where one word means two things (int8) our own meaning, eight bits, is taken.
 */
#include "expr/internal.h"

static const struct {
    const char *name;
    int32_t id;
} names[] = {{"null", PLN__NULL},
             {"bool", PLN__BOOL},
             {"boolean", PLN__BOOL},
             {"int8", PLN__INT8},
             {"tinyint", PLN__INT8},
             {"int16", PLN__INT16},
             {"smallint", PLN__INT16},
             {"int2", PLN__INT16},
             {"int32", PLN__INT32},
             {"int", PLN__INT32},
             {"integer", PLN__INT32},
             {"int4", PLN__INT32},
             {"int64", PLN__INT64},
             {"bigint", PLN__INT64},
             {"long", PLN__INT64},
             {"uint8", PLN__UINT8},
             {"utinyint", PLN__UINT8},
             {"uint16", PLN__UINT16},
             {"usmallint", PLN__UINT16},
             {"uint32", PLN__UINT32},
             {"uinteger", PLN__UINT32},
             {"uint64", PLN__UINT64},
             {"ubigint", PLN__UINT64},
             {"float32", PLN__FLOAT32},
             {"real", PLN__FLOAT32},
             {"float4", PLN__FLOAT32},
             {"float64", PLN__FLOAT64},
             {"float8", PLN__FLOAT64},
             {"float", PLN__FLOAT64},
             {"double", PLN__FLOAT64},
             {"utf8", PLN__UTF8},
             {"text", PLN__UTF8},
             {"varchar", PLN__UTF8},
             {"string", PLN__UTF8},
             {"binary", PLN__BINARY},
             {"bytea", PLN__BINARY},
             {"blob", PLN__BINARY},
             {"varbinary", PLN__BINARY},
             {"decimal", PLN__DECIMAL128},
             {"numeric", PLN__DECIMAL128},
             {"dec", PLN__DECIMAL128},
             {"date", PLN__DATE32},
             {"date32", PLN__DATE32},
             {"time", PLN__TIME64},
             {"time32", PLN__TIME32},
             {"time64", PLN__TIME64},
             {"timestamp", PLN__TIMESTAMP},
             {"datetime", PLN__TIMESTAMP},
             {"timestamptz", PLN__TIMESTAMP}};

static int32_t id_of(const xlexer *lex) {
    for (int i = 0; i < PLN__COUNT(names); i++)
        if (pln__x_is_word(lex, names[i].name))
            return names[i].id;
    return -1;
}

static pln_status unknown_type(xparser *parser) {
    const char *known[PLN__COUNT(names) + 1];
    char word[64] = "";
    const xtoken *t = &parser->lex.token;
    int32_t size = t->end - t->start;
    for (int i = 0; i < PLN__COUNT(names); i++)
        known[i] = names[i].name;
    known[PLN__COUNT(names)] = NULL;
    if (t->kind != T_NAME || size >= (int32_t)sizeof word)
        return pln__x_unexpected(parser, "a type such as int64");
    pln__ascii_lower(word, parser->lex.text + t->start, size);
    const char *near = pln__nearest(word, known);
    return pln__x_error(parser->lex.text, t->start, parser->err, PLN_ENAME,
                        "no such type '%s'%s%s%s", word, near == NULL ? "" : " (did you mean '",
                        near == NULL ? "" : near, near == NULL ? "" : "'?)");
}

static pln_status take_int(xparser *parser, int32_t low, int32_t high, const char *what,
                           int32_t *out) {
    const xlexer *lex = &parser->lex;
    int64_t value;
    if (lex->token.kind != T_INTEGER)
        return pln__x_unexpected(parser, what);
    if (pln__parse_int64(lex->text + lex->token.start, lex->token.end - lex->token.start, &value) !=
            PLN__PARSED ||
        value < low || value > high)
        return pln__x_error(
            lex->text, lex->token.start, parser->err, PLN_ETYPE, "%s must be %d to %d, got '%.*s'",
            what, low, high,
            lex->token.end - lex->token.start > 24 ? 24 : lex->token.end - lex->token.start,
            lex->text + lex->token.start);
    *out = (int32_t)value;
    return pln__x_next(&parser->lex);
}

static pln_status decimal_tail(xparser *parser, xtype *out) {
    pln_status status = PLN_OK;
    out->precision = 38;
    out->scale = 9;
    if (parser->lex.token.kind != T_LEFT)
        return PLN_OK;
    PLN__TRY(pln__x_next(&parser->lex));
    PLN__TRY(take_int(parser, 1, 38, "the precision", &out->precision));
    out->scale = 0;
    if (parser->lex.token.kind == T_COMMA) {
        PLN__TRY(pln__x_next(&parser->lex));
        PLN__TRY(take_int(parser, 0, out->precision, "the scale", &out->scale));
    }
    status = pln__x_expect(parser, T_RIGHT, "')'");
out:
    return status;
}

static pln_status take_unit(xparser *parser, int32_t *out) {
    static const struct {
        const char *name;
        int32_t unit;
    } units[] = {{"s", PLN__SECOND}, {"ms", PLN__MILLI}, {"us", PLN__MICRO}, {"ns", PLN__NANO}};
    const xtoken *t = &parser->lex.token;
    if (t->kind == T_INTEGER && t->end - t->start == 1) {
        switch (parser->lex.text[t->start]) {
        case '0': *out = PLN__SECOND; return pln__x_next(&parser->lex);
        case '3': *out = PLN__MILLI; return pln__x_next(&parser->lex);
        case '6': *out = PLN__MICRO; return pln__x_next(&parser->lex);
        case '9': *out = PLN__NANO; return pln__x_next(&parser->lex);
        default: break;
        }
    }
    for (int i = 0; i < PLN__COUNT(units); i++)
        if (pln__x_is_word(&parser->lex, units[i].name)) {
            *out = units[i].unit;
            return pln__x_next(&parser->lex);
        }
    return pln__x_unexpected(parser, "a unit: s, ms, us or ns");
}

/* Up to the closing bracket, as it stands there: "Europe/Berlin", "+01:00". */
static pln_status take_zone(xparser *parser, const char **out) {
    xlexer *lex = &parser->lex;
    int32_t start = lex->token.start, size = 0;
    while (start + size < lex->size && lex->text[start + size] != ')')
        size++;
    while (size > 0 && lex->text[start + size - 1] == ' ')
        size--;
    if (size == 0 || size > 63)
        return pln__x_unexpected(parser, "a time zone");
    char *zone = (char *)pln__x_bytes(parser->arena, size + 1);
    if (zone == NULL)
        return pln__error_memory(parser->err, (uint64_t)size + 1);
    memcpy(zone, lex->text + start, (size_t)size);
    zone[size] = '\0';
    *out = zone;
    lex->at = start + size;
    return pln__x_next(lex);
}

/* with time zone, without time zone */
static pln_status zone_words(xparser *parser, xtype *out) {
    pln_status status = PLN_OK;
    bool with = pln__x_accept_word(parser, "with", &status);
    if (!with && !pln__x_accept_word(parser, "without", &status))
        return status;
    PLN__TRY(pln__x_expect_word(parser, "time"));
    PLN__TRY(pln__x_expect_word(parser, "zone"));
    if (with && out->id == PLN__TIMESTAMP)
        out->timezone = "UTC";
out:
    return status;
}

static pln_status time_tail(xparser *parser, bool zoned, xtype *out) {
    pln_status status = PLN_OK;
    out->unit = out->id == PLN__TIME32 ? PLN__MILLI : PLN__MICRO;
    if (zoned)
        out->timezone = "UTC";
    if (parser->lex.token.kind == T_LEFT) {
        PLN__TRY(pln__x_next(&parser->lex));
        PLN__TRY(take_unit(parser, &out->unit));
        if (parser->lex.token.kind == T_COMMA && out->id == PLN__TIMESTAMP) {
            PLN__TRY(pln__x_next(&parser->lex));
            PLN__TRY(take_zone(parser, &out->timezone));
        }
        PLN__TRY(pln__x_expect(parser, T_RIGHT, "')'"));
    }
    PLN__TRY(zone_words(parser, out));
    if (out->id != PLN__TIMESTAMP)
        out->id = out->unit <= PLN__MILLI ? PLN__TIME32 : PLN__TIME64;
out:
    return status;
}

pln_status pln__x_parse_type(xparser *parser, xtype *out) {
    pln_status status;
    int32_t id = id_of(&parser->lex);
    bool is_double = pln__x_is_word(&parser->lex, "double");
    bool zoned = pln__x_is_word(&parser->lex, "timestamptz");
    if (id < 0)
        return unknown_type(parser);
    *out = pln__x_type(id);
    PLN__TRY(pln__x_next(&parser->lex));
    if (is_double)
        (void)pln__x_accept_word(parser, "precision", &status);
    else if (id == PLN__DECIMAL128)
        status = decimal_tail(parser, out);
    else if (x_is_temporal(out) && id != PLN__DATE32)
        status = time_tail(parser, zoned, out);
out:
    return status;
}

/* ---- fields, nested ones too ---- */

static pln_status parse_field(xparser *parser, const char *name, bool nullable,
                              struct ArrowSchema *out);

static pln_status expect_less(xparser *parser) {
    return pln__x_expect(parser, T_LT, "'<'");
}

/* Two closing brackets are one token, ">>". */
static pln_status expect_greater(xparser *parser) {
    xlexer *lex = &parser->lex;
    if (lex->token.kind == T_SHR) {
        lex->token.kind = T_GT;
        lex->token.start++;
        return PLN_OK;
    }
    return pln__x_expect(parser, T_GT, "',' or '>'");
}

static pln_status list_field(xparser *parser, const char *name, bool nullable,
                             struct ArrowSchema *out) {
    pln_status status;
    PLN__TRY(pln__field_new(parser->mem, "+l", name, nullable, 1, out, parser->err));
    PLN__TRY(expect_less(parser));
    PLN__TRY(parse_field(parser, "item", true, out->children[0]));
    status = expect_greater(parser);
out:
    return status;
}

static pln_status map_field(xparser *parser, const char *name, bool nullable,
                            struct ArrowSchema *out) {
    pln_status status;
    PLN__TRY(pln__field_new(parser->mem, "+m", name, nullable, 1, out, parser->err));
    PLN__TRY(pln__field_new(parser->mem, "+s", "entries", false, 2, out->children[0], parser->err));
    PLN__TRY(expect_less(parser));
    PLN__TRY(parse_field(parser, "key", false, out->children[0]->children[0]));
    PLN__TRY(pln__x_expect(parser, T_COMMA, "','"));
    PLN__TRY(parse_field(parser, "value", true, out->children[0]->children[1]));
    status = expect_greater(parser);
out:
    return status;
}

static pln_status member(xparser *parser, struct ArrowSchema *out) {
    pln_status status;
    xlexer *lex = &parser->lex;
    xstr name;
    if (lex->token.kind != T_NAME && lex->token.kind != T_QUOTED)
        return pln__x_unexpected(parser, "a member's name");
    if (lex->token.kind == T_QUOTED) {
        PLN__TRY(pln__x_unescape(lex, parser->arena, '"', &name));
    } else {
        int32_t size = lex->token.end - lex->token.start;
        uint8_t *copy = pln__x_bytes(parser->arena, size + 1);
        if (copy == NULL)
            return pln__error_memory(parser->err, (uint64_t)size + 1);
        memcpy(copy, lex->text + lex->token.start, (size_t)size);
        copy[size] = 0;
        name = (xstr){copy, size};
    }
    PLN__TRY(pln__x_next(lex));
    status = parse_field(parser, (const char *)name.data, true, out);
out:
    return status;
}

/* Members are parsed into a list that grows, then moved: their number is known at the end. */
static pln_status struct_field(xparser *parser, const char *name, bool nullable,
                               struct ArrowSchema *out) {
    pln_status status;
    struct ArrowSchema *members = NULL;
    int64_t capacity = 0, n = 0;
    PLN__TRY(expect_less(parser));
    for (;;) {
        PLN__TRY(pln__grow(parser->mem, &members, &capacity, n + 1, sizeof *members, parser->err));
        members[n].release = NULL;
        n++;
        PLN__TRY(member(parser, &members[n - 1]));
        if (parser->lex.token.kind != T_COMMA)
            break;
        PLN__TRY(pln__x_next(&parser->lex));
    }
    PLN__TRY(expect_greater(parser));
    PLN__TRY(pln__field_new(parser->mem, "+s", name, nullable, n, out, parser->err));
    for (int64_t i = 0; i < n; i++) {
        *out->children[i] = members[i];
        members[i].release = NULL;
    }
out:
    for (int64_t i = 0; i < n; i++)
        pln__schema_release(&members[i]);
    pln__free(parser->mem, members, (uint64_t)capacity * sizeof *members);
    return status;
}

static pln_status parse_field(xparser *parser, const char *name, bool nullable,
                              struct ArrowSchema *out) {
    pln_status status;
    xtype type;
    char format[96];
    if (++parser->depth > PLN__NESTING_MAX)
        PLN__FAIL(parser->err, PLN_ELIMIT, "the type nests deeper than %d", PLN__NESTING_MAX);
    bool is_list = pln__x_is_word(&parser->lex, "list");
    bool is_map = pln__x_is_word(&parser->lex, "map");
    bool is_struct = pln__x_is_word(&parser->lex, "struct");
    if (is_list || is_map || is_struct) {
        PLN__TRY(pln__x_next(&parser->lex));
        status = is_list  ? list_field(parser, name, nullable, out)
                 : is_map ? map_field(parser, name, nullable, out)
                          : struct_field(parser, name, nullable, out);
    } else {
        PLN__TRY(pln__x_parse_type(parser, &type));
        pln__x_format(&type, format);
        status = pln__field_new(parser->mem, format, name, nullable, 0, out, parser->err);
    }
    parser->depth--;
out:
    return status;
}

pln_status pln__type_parse(const pln_allocator *mem, const char *text, const char *name,
                           struct ArrowSchema *out, pln_error *err) {
    pln_status status;
    xarena arena = {.mem = mem};
    size_t size = strlen(text);
    out->release = NULL;
    if (size > X_TEXT_MAX)
        return pln__error_set(err, PLN_ELIMIT, "a type of more than %d bytes", X_TEXT_MAX);
    xparser parser = {.lex = {.text = text, .size = (int32_t)size, .err = err},
                      .arena = &arena,
                      .mem = mem,
                      .err = err};
    PLN__TRY(pln__x_next(&parser.lex));
    PLN__TRY(parse_field(&parser, name, true, out));
    if (parser.lex.token.kind != T_END)
        status = pln__x_unexpected(&parser, "the end");
out:
    if (status < 0)
        pln__schema_release(out);
    pln__x_free(&arena);
    return status;
}

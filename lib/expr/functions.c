/*
 * Which function a call means: the first row of the tables whose arguments fit.
 */
#include "expr/internal.h"

void pln__x_function_tables(xfunctions out[X_FUNCTION_TABLES]) {
    out[0] = (xfunctions){pln__x_text_functions, pln__x_text_functions_count};
    out[1] = (xfunctions){pln__x_make_functions, pln__x_make_functions_count};
    out[2] = (xfunctions){pln__x_number_functions, pln__x_number_functions_count};
    out[3] = (xfunctions){pln__x_time_functions, pln__x_time_functions_count};
    out[4] = (xfunctions){pln__x_date_functions, pln__x_date_functions_count};
    out[5] = (xfunctions){pln__x_other_functions, pln__x_other_functions_count};
    out[6] = (xfunctions){pln__x_regexp_functions, pln__x_regexp_functions_count};
    out[7] = (xfunctions){pln__x_format_functions, pln__x_format_functions_count};
}

static char letter_of(const char *letters, int32_t i) {
    int32_t n = (int32_t)strlen(letters);
    bool repeats = n > 0 && letters[n - 1] == '+';
    if (i < n - repeats)
        return letters[i];
    return repeats ? letters[n - 2] : '\0';
}

static bool takes(const char *letters, int32_t n) {
    int32_t size = (int32_t)strlen(letters);
    bool repeats = size > 0 && letters[size - 1] == '+';
    return repeats ? n >= size - 1 : n == size;
}

static bool accepts(char letter, const xreg *reg) {
    const xtype *t = &reg->type;
    if (reg->null || letter == '*')
        return t->id != X_INTERVAL;
    switch (letter) {
    case 't': return t->id == PLN__UTF8;
    case 'y': return t->id == PLN__BINARY;
    case 'i':
    case 'u': return x_is_integer(t);
    case 'f': return x_is_number(t);
    case 'n': return t->id == PLN__DECIMAL128;
    case 'b': return t->id == PLN__BOOL;
    case 'd': return t->id == PLN__DATE32;
    case 's': return t->id == PLN__TIMESTAMP;
    case 'm': return x_is_time(t);
    case 'l': return t->id == PLN__LIST || t->id == PLN__MAP;
    default: return !x_is_nested(t) && t->id != X_INTERVAL; /* a */
    }
}

/* The type an argument is turned into; false if it stays what it is. */
static bool target(char letter, xtype *out) {
    static const struct {
        char letter;
        int8_t id;
    } ids[] = {{'t', PLN__UTF8},   {'a', PLN__UTF8},    {'y', PLN__BINARY}, {'i', PLN__INT64},
               {'u', PLN__UINT64}, {'f', PLN__FLOAT64}, {'b', PLN__BOOL},   {'d', PLN__DATE32}};
    for (int i = 0; i < PLN__COUNT(ids); i++)
        if (ids[i].letter == letter) {
            *out = pln__x_type(ids[i].id);
            return true;
        }
    return false;
}

static bool fits(const xcompiler *c, const xfunction *f, const int32_t *args, int32_t n) {
    if (!takes(f->args, n))
        return false;
    for (int32_t i = 0; i < n; i++)
        if (!accepts(letter_of(f->args, i), &c->p->regs[args[i]]))
            return false;
    return true;
}

static pln_status unknown_function(xcompiler *c, const xnode *node) {
    xfunctions tables[X_FUNCTION_TABLES];
    const char *names[512];
    int32_t n = 0;
    char name[64] = "";
    pln__x_function_tables(tables);
    for (int t = 0; t < X_FUNCTION_TABLES; t++)
        for (int32_t i = 0; i < tables[t].count && n < PLN__COUNT(names) - 1; i++)
            names[n++] = tables[t].items[i].name;
    names[n] = NULL;
    size_t size = strlen(node->name);
    if (size < sizeof name)
        pln__ascii_lower(name, node->name, (int64_t)size);
    const char *near = size < sizeof name ? pln__nearest(name, names) : NULL;
    char shown[PLN__SHOW_SIZE];
    return pln__x_error_at(c, node, PLN_ENAME, "no such function %s%s%s%s",
                           pln__show(shown, node->name, (int64_t)size),
                           near == NULL ? "" : " (did you mean '", near == NULL ? "" : near,
                           near == NULL ? "" : "'?)");
}

static const char *word_of(char letter) {
    switch (letter) {
    case 't': return "text";
    case 'y': return "binary";
    case 'i':
    case 'u': return "integer";
    case 'f': return "number";
    case 'n': return "decimal";
    case 'b': return "boolean";
    case 'd': return "date";
    case 's': return "timestamp";
    case 'm': return "time";
    case 'l': return "list";
    default: return "value";
    }
}

/* "lower(int64): expected lower(text)" */
static pln_status no_fit(xcompiler *c, const xnode *node, const int32_t *args, int32_t n) {
    xfunctions tables[X_FUNCTION_TABLES];
    pln__text text;
    bool first = true;
    char type[PLN__TYPE_TEXT_SIZE];
    pln__x_function_tables(tables);
    pln__text_init(&text, c->p->mem);
    pln__text_str(&text, "");
    for (int32_t i = 0; i < n; i++)
        pln__text_printf(&text, "%s%s", i > 0 ? ", " : "", pln__x_reg_type(c, args[i], type));
    pln__text_str(&text, "): expected ");
    for (int t = 0; t < X_FUNCTION_TABLES; t++)
        for (int32_t i = 0; i < tables[t].count; i++) {
            const xfunction *f = &tables[t].items[i];
            if (!pln__x_word_is(node->name, (int32_t)strlen(node->name), f->name))
                continue;
            pln__text_printf(&text, "%s%s(", first ? "" : " or ", f->name);
            for (int32_t k = 0; f->args[k] != '\0'; k++)
                pln__text_printf(&text, "%s%s", k > 0 && f->args[k] != '+' ? ", " : "",
                                 f->args[k] == '+' ? ", ..." : word_of(f->args[k]));
            pln__text_char(&text, ')');
            first = false;
        }
    pln_status status = pln__text_status(&text, c->err);
    if (status >= 0)
        status = pln__x_error_at(c, node, PLN_ETYPE, "%s(%s", node->name, text.data);
    pln__text_free(&text);
    return status;
}

static xtype result_of(char letter, const xtype *first) {
    xtype type = *first;
    if (letter == '1' || target(letter, &type))
        return type;
    return pln__x_timestamp(PLN__MICRO, letter == 'z' ? "UTC" : "");
}

static pln_status apply(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                        int32_t *out) {
    pln_status status = PLN_OK;
    xtype type = pln__x_type(PLN__INT64);
    int32_t n = node->n_args;
    if (f->resolve != NULL)
        return f->resolve(c, node, f, args, out);
    for (int32_t i = 0; i < n; i++) {
        char letter = letter_of(f->args, i);
        if (letter == '*' || !target(letter, &type))
            continue;
        PLN__TRY(pln__x_coerce(c, node, &args[i], &type));
    }
    if (n > 0)
        type = c->p->regs[args[0]].type;
    type = result_of(f->result, &type);
    xspec spec = {.run = f->run, .flags = f->flags, .name = f->name, .imm = f->imm};
    status = pln__x_emit(c, node, &spec, args, n, &type, out);
out:
    return status;
}

pln_status pln__x_compile_call(xcompiler *c, xnode *node, int32_t *out) {
    xfunctions tables[X_FUNCTION_TABLES];
    int32_t *args, size = (int32_t)strlen(node->name);
    pln_status status = pln__x_arg_regs(c, node, &args);
    bool known = false;
    if (status < 0)
        return status;
    pln__x_function_tables(tables);
    for (int t = 0; t < X_FUNCTION_TABLES; t++)
        for (int32_t i = 0; i < tables[t].count; i++) {
            const xfunction *f = &tables[t].items[i];
            if (!pln__x_word_is(node->name, size, f->name))
                continue;
            known = true;
            if (fits(c, f, args, node->n_args))
                return apply(c, node, f, args, out);
        }
    return known ? no_fit(c, node, args, node->n_args) : unknown_function(c, node);
}

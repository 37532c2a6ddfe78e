/* Schemas: checked, and compared with each other. */
#include "base/utf8.h"
#include "column/internal.h"

/* ---- is it one we know? ---- */

typedef struct checker {
    pln_error *err;
    int64_t nodes;
    pln__path path;
} checker;

/* All fields of a schema together, so that a small schema cannot describe an endless one by sharing its children. */
#define NODES_MAX (1 << 17)

static pln_status check_node(checker *c, const struct ArrowSchema *schema, int32_t depth);

static pln_status bad_name(checker *c, int64_t i, const char *name, const char *why) {
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(c->err, PLN_EINVAL, "column %s%s%lld: the name %s %s", c->path.text,
                          c->path.size > 0 ? "." : "", (long long)i,
                          pln__show(shown, name, (int64_t)strlen(name)), why);
}

/* A name that is there twice, or -1. Hashes of a block of names are held against all later ones, so no memory is needed. */
#define NAME_BLOCK 1024
static int64_t find_twice(const struct ArrowSchema *schema) {
    uint32_t hashes[NAME_BLOCK];
    for (int64_t from = 0; from < schema->n_children; from += NAME_BLOCK) {
        int64_t n = 0;
        for (int64_t i = from; i < schema->n_children; i++) {
            const char *name = schema->children[i]->name;
            uint32_t hash = (uint32_t)pln__hash64(name, (int64_t)strlen(name), 0);
            for (int64_t j = 0; j < n; j++)
                if (hashes[j] == hash && strcmp(schema->children[from + j]->name, name) == 0)
                    return i;
            if (n < NAME_BLOCK)
                hashes[n++] = hash;
        }
    }
    return -1;
}

static pln_status check_names(checker *c, const struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *name = schema->children[i]->name;
        if (name == NULL || *name == '\0')
            return bad_name(c, i, "", "is empty");
        size_t size = strlen(name);
        if (size > INT32_MAX || !pln__utf8_valid(name, (int64_t)size, 0))
            return bad_name(c, i, name, "is not UTF-8");
    }
    int64_t twice = find_twice(schema);
    return twice < 0 ? PLN_OK : bad_name(c, twice, schema->children[twice]->name, "is there twice");
}

static pln_status check_dictionary(checker *c, const struct ArrowSchema *schema, int32_t depth) {
    pln_status status = PLN_OK;
    pln__type values;
    PLN__TRY(check_node(c, schema->dictionary, depth + 1));
    PLN__TRY(pln__type_of(schema->dictionary, &values, c->err));
    if (!pln__type_is_flat(values.id)) {
        char text[PLN__TYPE_TEXT_SIZE];
        PLN__FAIL(c->err, PLN_EUNSUPPORTED, "column %s: a dictionary of %s values is not supported",
                  c->path.text, pln__type_text(schema->dictionary, text));
    }
out:
    return status;
}

static pln_status check_map(checker *c, const struct ArrowSchema *schema) {
    const struct ArrowSchema *entries = schema->children[0];
    if (entries->format == NULL || strcmp(entries->format, "+s") != 0 || entries->n_children != 2)
        return pln__error_set(c->err, PLN_EUNSUPPORTED,
                              "column %s: the entries of a map must be a struct of key and value",
                              c->path.text);
    return PLN_OK;
}

static pln_status check_node(checker *c, const struct ArrowSchema *schema, int32_t depth) {
    pln_status status = PLN_OK;
    pln__type type;
    if (depth > PLN__NESTING_MAX)
        PLN__FAIL(c->err, PLN_ELIMIT, "column %s: more than %d levels of nesting", c->path.text,
                  PLN__NESTING_MAX);
    if (schema->n_children < 0 || schema->n_children > PLN__COLUMNS_MAX || ++c->nodes > NODES_MAX)
        PLN__FAIL(c->err, PLN_ELIMIT, "column %s: %lld columns, at most %d are allowed",
                  c->path.text, (long long)schema->n_children, PLN__COLUMNS_MAX);
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children == NULL || schema->children[i] == NULL ||
            schema->children[i]->format == NULL || schema->children[i]->release == NULL)
            PLN__FAIL(c->err, PLN_EINVAL, "column %s: child %lld is missing or released",
                      c->path.text, (long long)i);
    PLN__TRY(pln__type_of(schema, &type, c->err));
    bool nested = type.id >= PLN__LIST && type.id != PLN__DICTIONARY;
    if (!nested && schema->n_children > 0)
        PLN__FAIL(c->err, PLN_EINVAL, "column %s: format %s has no children, got %lld",
                  c->path.text, schema->format, (long long)schema->n_children);
    if (type.id == PLN__DICTIONARY)
        PLN__TRY(check_dictionary(c, schema, depth));
    if (type.id == PLN__MAP)
        PLN__TRY(check_map(c, schema));
    if (type.id == PLN__STRUCT)
        PLN__TRY(check_names(c, schema));
    for (int64_t i = 0; i < schema->n_children; i++) {
        int32_t before = pln__path_child(&c->path, schema, i);
        PLN__TRY(check_node(c, schema->children[i], depth + 1));
        pln__path_pop(&c->path, before);
    }
out:
    return status;
}

pln_status pln__schema_check(const struct ArrowSchema *top, pln_error *err) {
    checker c = {.err = err};
    if (top->release == NULL || top->format == NULL)
        return pln__error_set(err, PLN_EINVAL, "the schema is released or has no format");
    if (strcmp(top->format, "+s") != 0 || top->dictionary != NULL)
        return pln__error_set(err, PLN_EINVAL, "the rows of a batch are a struct, got format '%s'",
                              top->format);
    return check_node(&c, top, 0);
}

/* ---- are they the same? ---- */

static bool same_type(const struct ArrowSchema *a, const struct ArrowSchema *b) {
    pln__type x;
    pln__type y;
    if (pln__type_of(a, &x, NULL) < 0 || pln__type_of(b, &y, NULL) < 0)
        return false;
    if (x.id != y.id || x.width != y.width || x.unit != y.unit || x.precision != y.precision ||
        x.scale != y.scale || x.index_id != y.index_id || strcmp(x.timezone, y.timezone) != 0)
        return false;
    return x.id != PLN__UNION || strcmp(a->format, b->format) == 0;
}

static bool named(const struct ArrowSchema *parent) {
    return strcmp(parent->format, "+l") != 0 && strcmp(parent->format, "+m") != 0;
}

static const char *name_of(const struct ArrowSchema *schema) {
    return schema->name == NULL ? "" : schema->name;
}

typedef struct comparison {
    bool fits; /* a required field may stand where an optional one is expected */
    pln__text *out;
    pln__path path;
} comparison;

static bool differ(comparison *c, const char *what, const char *expected, const char *got) {
    if (c->out != NULL) {
        if (c->path.size > 0)
            pln__text_printf(c->out, "column %s: ", c->path.text);
        if (expected != NULL)
            pln__text_printf(c->out, "expected %s%s, got %s", what, expected, got);
        else
            pln__text_str(c->out, what);
    }
    return false;
}

static bool differ_type(comparison *c, const struct ArrowSchema *a, const struct ArrowSchema *b) {
    char x[PLN__TYPE_TEXT_SIZE];
    char y[PLN__TYPE_TEXT_SIZE];
    if (c->out == NULL)
        return false;
    return differ(c, "", pln__type_text(a, x), pln__type_text(b, y));
}

static bool same_node(comparison *c, const struct ArrowSchema *expected,
                      const struct ArrowSchema *got, int32_t depth);

static bool same_children(comparison *c, const struct ArrowSchema *expected,
                          const struct ArrowSchema *got, bool names, int32_t depth) {
    int64_t n = expected->n_children < got->n_children ? got->n_children : expected->n_children;
    for (int64_t i = 0; i < n; i++) {
        int32_t before = c->path.size;
        bool same;
        if (i >= expected->n_children) {
            (void)pln__path_child(&c->path, got, i);
            same = differ(c, "not expected", NULL, NULL);
        } else {
            const struct ArrowSchema *want = expected->children[i];
            (void)pln__path_child(&c->path, expected, i);
            if (i >= got->n_children)
                same = differ(c, "missing", NULL, NULL);
            else if (names && strcmp(name_of(want), name_of(got->children[i])) != 0)
                same = differ(c, "the name ", name_of(want), name_of(got->children[i]));
            else
                same = same_node(c, want, got->children[i], depth + 1);
        }
        pln__path_pop(&c->path, before);
        if (!same)
            return false;
    }
    return true;
}

/* A batch's own nullability means nothing: it has no nulls. */
static bool same_nulls(comparison *c, const struct ArrowSchema *expected,
                       const struct ArrowSchema *got) {
    bool want = (expected->flags & ARROW_FLAG_NULLABLE) != 0;
    bool have = (got->flags & ARROW_FLAG_NULLABLE) != 0;
    if (want == have || (c->fits && want))
        return true;
    return differ(c, "", want ? "nullable" : "required", have ? "nullable" : "required");
}

static bool same_node(comparison *c, const struct ArrowSchema *expected,
                      const struct ArrowSchema *got, int32_t depth) {
    if (depth > PLN__NESTING_MAX)
        return false;
    if (!same_type(expected, got))
        return differ_type(c, expected, got);
    if (depth > 0 && !same_nulls(c, expected, got))
        return false;
    if (expected->dictionary != NULL && !same_type(expected->dictionary, got->dictionary))
        return differ_type(c, expected, got);
    bool names = named(expected);
    if (strcmp(expected->format, "+m") == 0) {
        int32_t before = pln__path_child(&c->path, expected, 0);
        bool same = same_children(c, expected->children[0], got->children[0], false, depth + 1);
        pln__path_pop(&c->path, before);
        return same;
    }
    return same_children(c, expected, got, names, depth);
}

bool pln__schema_equal(const struct ArrowSchema *a, const struct ArrowSchema *b) {
    comparison c = {.fits = false};
    return a == b || same_node(&c, a, b, 0);
}

bool pln__schema_fits(const struct ArrowSchema *from, const struct ArrowSchema *to) {
    comparison c = {.fits = true};
    return from == to || same_node(&c, to, from, 0);
}

void pln__schema_difference(const struct ArrowSchema *expected, const struct ArrowSchema *got,
                            pln__text *out) {
    comparison c = {.out = out};
    (void)same_node(&c, expected, got, 0);
}

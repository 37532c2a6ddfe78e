#include "schema/avro_internal.h"

/*
 * Two schemas are walked side by side, into a named type only where it comes first. Where one of the two has met a type before, the other must have met
 * its counterpart at the same place.
 */
typedef struct pairs {
    int32_t *a, *b; /* for each type's index: the other's index + 1; 0: not met */
} pairs;

static bool same(pairs *p, const pln__avro_type *x, const pln__avro_type *y);

static bool same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_texts(const char *const *a, int32_t n, const char *const *b, int32_t m) {
    if (n != m)
        return false;
    for (int32_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* What the model holds itself; the rest of a definition is compared as it was written. */
static bool is_structure(const json *member, bool field) {
    static const char *const both[] = {"type", "name", "aliases"};
    static const char *const of_type[] = {"namespace", "fields", "symbols",
                                          "items",     "values", "size"};
    for (int i = 0; i < PLN__COUNT(both); i++)
        if (pln__doc_is(member, both[i]))
            return true;
    if (field)
        return pln__doc_is(member, "order");
    for (int i = 0; i < PLN__COUNT(of_type); i++)
        if (pln__doc_is(member, of_type[i]))
            return true;
    return false;
}

static int32_t count_properties(const json *definition, bool field) {
    int32_t n = 0;
    if (definition != NULL && definition->kind == J_OBJECT)
        for (const json *m = definition->first; m != NULL; m = m->next)
            n += !is_structure(m, field);
    return n;
}

static bool same_properties(const json *a, const json *b, bool field) {
    int32_t n = count_properties(a, field);
    if (n != count_properties(b, field))
        return false;
    if (n == 0)
        return true;
    const json *hint = b->first;
    for (const json *m = a->first; m != NULL; m = m->next) {
        if (is_structure(m, field))
            continue;
        const json *other = pln__doc_like(b, m, hint);
        if (other == NULL || !pln__doc_equal(m, other))
            return false;
        hint = other->next;
    }
    return true;
}

static bool same_field(pairs *p, const pln__avro_field *f, const pln__avro_field *g) {
    return strcmp(f->name, g->name) == 0 && f->order == g->order &&
           same_texts(f->aliases, f->n_aliases, g->aliases, g->n_aliases) &&
           same_properties(f->definition, g->definition, true) && same(p, f->type, g->type);
}

static bool same_inside(pairs *p, const pln__avro_type *x, const pln__avro_type *y) {
    bool equal = x->n_fields == y->n_fields && x->n_branches == y->n_branches &&
                 x->is_error == y->is_error && x->size == y->size &&
                 same_texts(x->symbols, x->n_symbols, y->symbols, y->n_symbols) &&
                 same_texts(x->aliases, x->n_aliases, y->aliases, y->n_aliases) &&
                 same_properties(x->definition, y->definition, false);
    for (int32_t i = 0; equal && i < x->n_fields; i++)
        equal = same_field(p, &x->fields[i], &y->fields[i]);
    for (int32_t i = 0; equal && i < x->n_branches; i++)
        equal = same(p, x->branches[i], y->branches[i]);
    return equal && (x->items == NULL || same(p, x->items, y->items));
}

static bool same(pairs *p, const pln__avro_type *x, const pln__avro_type *y) {
    if (x->kind != y->kind || !same_text(x->full_name, y->full_name))
        return false;
    if (pln__avro_is_named(x->kind)) {
        int32_t met = p->a[x->index], counterpart = p->b[y->index];
        if (met != 0 || counterpart != 0)
            return met == y->index + 1 && counterpart == x->index + 1;
        p->a[x->index] = y->index + 1;
        p->b[y->index] = x->index + 1;
    }
    return same_inside(p, x, y);
}

pln_status pln__avro_types_equal(const pln__avro_schema *a, const pln__avro_type *x,
                                 const pln__avro_schema *b, const pln__avro_type *y, bool *equal,
                                 pln_error *err) {
    const pln_allocator *mem = a->mem;
    uint64_t n = (uint64_t)a->n_types, m = (uint64_t)b->n_types;
    pairs p = {pln__calloc(mem, n, sizeof(int32_t)), pln__calloc(b->mem, m, sizeof(int32_t))};
    bool made = p.a != NULL && p.b != NULL;
    *equal = made && same(&p, x, y);
    pln__free(mem, p.a, n * sizeof(int32_t));
    pln__free(b->mem, p.b, m * sizeof(int32_t));
    return made ? PLN_OK : pln__error_memory(err, (n + m) * sizeof(int32_t));
}

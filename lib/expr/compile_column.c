/*
 * Columns, members of structs, items of lists, values of maps.
 */
#include "expr/internal.h"

static int64_t find(const struct ArrowSchema *schema, const char *name, bool quoted) {
    int64_t found = pln__schema_find(schema, name), n = 0;
    size_t size = strlen(name);
    if (found >= 0 || quoted)
        return found;
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *other = schema->children[i]->name;
        if (strlen(other) == size && pln__ascii_equal_nocase(other, name, (int64_t)size)) {
            found = i;
            n++;
        }
    }
    return n == 1 ? found : -1;
}

int64_t pln__x_find_column(const xcompiler *c, const xnode *node) {
    return find(c->p->input, node->name, node->quoted);
}

static pln_status no_such(xcompiler *c, const xnode *node, const struct ArrowSchema *schema) {
    pln_error inner = {0};
    (void)pln__schema_find_error(schema, node->name, &inner);
    return pln__x_error_at(c, node, PLN_ENAME, "%s", inner.message);
}

static xkernel *load_kernel(const struct ArrowSchema *schema, const xtype *type) {
    if (schema->dictionary != NULL || schema->format[0] == 'w')
        return pln__x_load_rows;
    switch (pln__x_phys(type)) {
    case X_BITS: return pln__x_load_bits;
    case X_TEXT: return pln__x_load_text;
    case X_REF: return pln__x_load_ref;
    default: return pln__x_load_fixed;
    }
}

static bool may_be_null(const struct ArrowSchema *schema) {
    return (schema->flags & ARROW_FLAG_NULLABLE) != 0;
}

pln_status pln__x_compile_column(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    int64_t at = pln__x_find_column(c, node);
    xtype type;
    if (at < 0)
        return no_such(c, node, c->p->input);
    const struct ArrowSchema *schema = c->p->input->children[at];
    if (c->columns[at] >= 0) {
        *out = c->columns[at];
        return PLN_OK;
    }
    if (!pln__x_type_of(schema, &type, c->err)) {
        pln__error_prefix(c->err, "column '%s'", node->name);
        return PLN_EUNSUPPORTED;
    }
    if (type.id == PLN__NULL)
        return pln__x_null_constant(c, &type, out);
    xspec spec = {.run = load_kernel(schema, &type),
                  .flags = XF_LOAD,
                  .name = "column",
                  .imm = at,
                  .aux = schema};
    PLN__TRY(pln__x_emit(c, node, &spec, NULL, 0, &type, out));
    c->p->regs[*out].nullable = may_be_null(schema);
    c->columns[at] = *out;
out:
    return status;
}

/* What a nested register gives: another one, or, for a scalar, its values. */
static pln_status fetch(xcompiler *c, const xnode *node, xspec *spec, const int32_t *args,
                        int32_t n_args, const struct ArrowSchema *schema, int32_t *out) {
    pln_status status;
    xtype type, ref = pln__x_type(PLN__STRUCT);
    int32_t inner;
    if (!pln__x_type_of(schema, &type, c->err))
        return PLN_EUNSUPPORTED;
    if (type.id == PLN__NULL)
        return pln__x_null_constant(c, &type, out);
    ref.schema = schema;
    PLN__TRY(pln__x_emit(c, node, spec, args, n_args, x_is_nested(&type) ? &type : &ref, &inner));
    *out = inner;
    if (!x_is_nested(&type)) {
        xspec last = {
            .run = pln__x_gather, .flags = XF_STRICT | XF_LOAD, .name = "item", .aux = schema};
        PLN__TRY(pln__x_emit(c, node, &last, &inner, 1, &type, out));
    }
    c->p->regs[*out].nullable = true;
out:
    return status;
}

pln_status pln__x_compile_member(xcompiler *c, xnode *node, int32_t *out) {
    int32_t arg = node->first->reg;
    const xtype type = c->p->regs[arg].type;
    char text[PLN__TYPE_TEXT_SIZE], shown[PLN__SHOW_SIZE];
    const xnode *of = node->first;
    if (type.id != PLN__STRUCT)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s has no members: it is %s",
                               pln__show(shown, c->p->text + of->start, of->end - of->start),
                               pln__x_reg_type(c, arg, text));
    int64_t at = find(type.schema, node->name, node->quoted);
    if (at < 0)
        return no_such(c, node, type.schema);
    xspec spec = {.run = pln__x_member,
                  .flags = XF_STRICT | XF_LOAD,
                  .name = ".",
                  .imm = at,
                  .aux = type.schema->children[at]};
    return fetch(c, node, &spec, &arg, 1, type.schema->children[at], out);
}

static pln_status map_value(xcompiler *c, const xnode *node, int32_t args[2], int32_t *out) {
    pln_status status;
    const xtype map = c->p->regs[args[0]].type;
    const struct ArrowSchema *entries = map.schema->children[0];
    xtype key;
    char text[PLN__TYPE_TEXT_SIZE];
    if (!pln__x_type_of(entries->children[0], &key, c->err))
        return PLN_EUNSUPPORTED;
    if (!x_is_text(&key))
        return pln__x_error_at(c, node, PLN_EUNSUPPORTED,
                               "a map with keys of type %s: only text is known",
                               pln__x_type_text(&key, text));
    PLN__TRY(pln__x_coerce(c, node, &args[1], &key));
    xspec spec = {
        .run = pln__x_map_get, .flags = XF_STRICT | XF_LOAD, .name = "[]", .aux = map.schema};
    status = fetch(c, node, &spec, args, 2, entries->children[1], out);
out:
    return status;
}

pln_status pln__x_compile_subscript(xcompiler *c, xnode *node, int32_t *out) {
    pln_status status;
    int32_t args[2] = {node->first->reg, node->last->reg};
    const xtype type = c->p->regs[args[0]].type, index = pln__x_type(PLN__INT64);
    char text[PLN__TYPE_TEXT_SIZE];
    if (type.id == PLN__MAP)
        return map_value(c, node, args, out);
    if (type.id != PLN__LIST)
        return pln__x_error_at(c, node, PLN_ETYPE, "a subscript needs a list or a map, got %s",
                               pln__x_reg_type(c, args[0], text));
    if (!x_is_integer(&c->p->regs[args[1]].type) && !c->p->regs[args[1]].null)
        return pln__x_error_at(c, node, PLN_ETYPE, "the index of a list is an integer, got %s",
                               pln__x_reg_type(c, args[1], text));
    PLN__TRY(pln__x_coerce(c, node, &args[1], &index));
    xspec spec = {.run = pln__x_subscript,
                  .flags = XF_STRICT | XF_LOAD,
                  .name = "[]",
                  .aux = type.schema->children[0]};
    status = fetch(c, node, &spec, args, 2, type.schema->children[0], out);
out:
    return status;
}

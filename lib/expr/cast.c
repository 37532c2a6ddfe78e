/*
 * Casting a column without a text: the same program that `cast(x as T)` compiles to.
 */
#include "expr/internal.h"

static pln_status no_cast(const struct ArrowSchema *from, const struct ArrowSchema *to,
                          pln_error *err) {
    char a[PLN__TYPE_TEXT_SIZE], b[PLN__TYPE_TEXT_SIZE];
    return pln__error_set(err, PLN_ETYPE, "there is no cast from %s to %s", pln__type_text(from, a),
                          pln__type_text(to, b));
}

/* Names and nullability of the two fields themselves do not count. */
static bool same_type(const struct ArrowSchema *from, const struct ArrowSchema *to) {
    struct ArrowSchema renamed = *from;
    renamed.name = to->name;
    renamed.flags = to->flags;
    return pln__schema_equal(&renamed, to);
}

static pln_status build(xprog *p, const struct ArrowSchema *from, const struct ArrowSchema *to,
                        pln_error *err) {
    pln_status status;
    int32_t none = -1;
    xcompiler c = {.p = p, .err = err, .columns = &none, .now = -1};
    xnode column = {.kind = N_COLUMN, .name = from->name == NULL ? "" : from->name, .quoted = true};
    xnode cast = {.kind = N_CAST};
    if (to->dictionary != NULL || to->format[0] == 'w' || to->format[0] == '+')
        return no_cast(from, to, err);
    if (!pln__x_type_of(to, &cast.type, err))
        return PLN_EUNSUPPORTED;
    pln__x_append(&cast, &column);
    PLN__TRY(pln__x_compile(&c, &cast, &p->result));
    status = pln__x_finish(&c);
out:
    return status;
}

pln_status pln__cast_array(const pln_allocator *mem, const struct ArrowSchema *from,
                           const struct ArrowArray *array, const struct ArrowSchema *to,
                           struct ArrowArray *out, pln__expr_failures *failures, pln_error *err) {
    pln_status status;
    struct ArrowSchema field = *from, *fields[1] = {&field};
    struct ArrowSchema input = {.format = "+s", .n_children = 1, .children = fields};
    struct ArrowArray column = *array, *columns[1] = {&column};
    struct ArrowArray rows = {.length = array->length, .n_children = 1, .children = columns};
    pln__expr expr = {.prog = {.mem = mem,
                               .arena.mem = mem,
                               .block.mem = mem,
                               .text = "",
                               .bare = -1,
                               .input = &input}};
    out->release = NULL;
    field.name = "";
    if (failures != NULL)
        failures->count = 0;
    if (same_type(from, to))
        return pln__array_slice(mem, array, 0, array->length, out, err);
    PLN__TRY(build(&expr.prog, &field, to, err));
    expr.field = *to;
    status = pln__expr_eval(&expr, &rows, 0, out, failures, err);
out:
    pln__x_program_free(&expr.prog);
    return status;
}

/* Batches and builders of a runtime: the only part of this room that knows there is one. */
#include "column/internal.h"
#include <pln/builder.h>

pln_status pln_batch_import(pln_runtime *runtime, struct ArrowSchema *schema,
                            struct ArrowArray *array, pln_batch **out, pln_error *err) {
    return pln__batch_import(pln__runtime_allocator(runtime), schema, array, out, err);
}

pln_status pln_builder_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                           pln_builder **out, pln_error *err) {
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    struct ArrowSchema copy;
    pln__schema *shared;
    *out = NULL;
    pln_status status = pln__schema_check(schema, err);
    if (status == PLN_OK)
        status = pln__schema_copy(mem, schema, &copy, err);
    if (status == PLN_OK)
        status = pln__schema_share(mem, &copy, &shared, err);
    if (status < 0)
        return status;
    status = pln__builder_new(mem, shared, out, err);
    pln__schema_unref(shared);
    return status;
}

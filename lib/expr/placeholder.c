#include "expr/expr.h"
/* Until the cast of whole columns lands. */
__attribute__((weak)) pln_status pln__cast_array(const pln_allocator *mem, const struct ArrowSchema *from,
                           const struct ArrowArray *array, const struct ArrowSchema *to,
                           struct ArrowArray *out, pln__expr_failures *failures, pln_error *err) {
    (void)mem; (void)from; (void)array; (void)to; (void)out; (void)failures;
    return pln__error_set(err, PLN_ETYPE, "cast");
}

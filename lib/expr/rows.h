/* What kernels share that work row by row. */
#ifndef PLN__EXPR_ROWS_H
#define PLN__EXPR_ROWS_H

#include "expr/internal.h"

/* Whether row i of the result is not null already: what an argument's null makes null need not be computed. */
static inline bool x_live(const xprog *p, const xop *op, int32_t i) {
    return x_valid(&p->regs[op->out].vec, i);
}

static inline const int64_t *x_ints(const xprog *p, const xop *op, int32_t arg) {
    return x_arg(p, op, arg)->data;
}

/* An integer of any width. */
static inline int64_t x_load_int(const uint8_t *at, int32_t phys) {
    switch (phys) {
    case X_I8: return (int8_t)*at;
    case X_U8: return *at;
    case X_I16: {
        int16_t v;
        memcpy(&v, at, 2);
        return v;
    }
    case X_U16: {
        uint16_t v;
        memcpy(&v, at, 2);
        return v;
    }
    case X_I32: {
        int32_t v;
        memcpy(&v, at, 4);
        return v;
    }
    case X_U32: {
        uint32_t v;
        memcpy(&v, at, 4);
        return v;
    }
    default: {
        int64_t v;
        memcpy(&v, at, 8);
        return v;
    }
    }
}

/* One row's text; `out` is empty when it is called. */
typedef pln_status xrow(xprog *p, const xop *op, int32_t n, int32_t i, xstr *out);

/* Inlined, so that `row` is called directly. */
static inline __attribute__((always_inline)) pln_status x_text_rows(xprog *p, const xop *op,
                                                                    int32_t n, xrow *row) {
    xstr *out = x_dest(p, op);
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < n && status >= 0; i++) {
        out[i] = x_empty();
        if (x_live(p, op, i))
            status = row(p, op, n, i, &out[i]);
    }
    return status;
}

#endif

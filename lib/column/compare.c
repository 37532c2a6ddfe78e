/* Order and equality of values. */
#include "column/internal.h"

static int order(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int order_u(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

/* NaN is the greatest number and equal to itself; the zeros are equal. */
static int order_float(double a, double b) {
    bool a_nan = a != a;
    bool b_nan = b != b;
    if (a_nan || b_nan)
        return (int)a_nan - (int)b_nan;
    return (a > b) - (a < b);
}

static int order_bytes(const uint8_t *a, int64_t a_size, const uint8_t *b, int64_t b_size) {
    int64_t size = a_size < b_size ? a_size : b_size;
    int found = size > 0 ? memcmp(a, b, (size_t)size) : 0;
    return found != 0 ? (found > 0) - (found < 0) : order(a_size, b_size);
}

static int order_decimal(const struct ArrowArray *a, int64_t i, const struct ArrowArray *b,
                         int64_t j) {
    int64_t x[2];
    int64_t y[2];
    memcpy(x, (const uint8_t *)a->buffers[1] + (a->offset + i) * 16, 16);
    memcpy(y, (const uint8_t *)b->buffers[1] + (b->offset + j) * 16, 16);
    return x[1] != y[1] ? order(x[1], y[1]) : order_u((uint64_t)x[0], (uint64_t)y[0]);
}

static int order_flat(const pln__type *type, const struct ArrowArray *a, int64_t i,
                      const struct ArrowArray *b, int64_t j) {
    switch (type->id) {
    case PLN__FLOAT32:
    case PLN__FLOAT64:
        return order_float(pln__array_float(type, a, i), pln__array_float(type, b, j));
    case PLN__UTF8:
    case PLN__BINARY:
    case PLN__FIXED: {
        int64_t a_size;
        int64_t b_size;
        const uint8_t *x = pln__array_bytes(type, a, i, &a_size);
        const uint8_t *y = pln__array_bytes(type, b, j, &b_size);
        return order_bytes(x, a_size, y, b_size);
    }
    case PLN__DECIMAL128: return order_decimal(a, i, b, j);
    case PLN__UINT64:
        return order_u((uint64_t)pln__array_int(type, a, i), (uint64_t)pln__array_int(type, b, j));
    default: return order(pln__array_int(type, a, i), pln__array_int(type, b, j));
    }
}

static int order_lists(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                       const struct ArrowArray *b, int64_t j, int32_t depth) {
    int32_t x = pln__offset_at(a->buffers[1], a->offset + i);
    int32_t y = pln__offset_at(b->buffers[1], b->offset + j);
    int32_t a_size = pln__offset_at(a->buffers[1], a->offset + i + 1) - x;
    int32_t b_size = pln__offset_at(b->buffers[1], b->offset + j + 1) - y;
    for (int32_t k = 0; k < a_size && k < b_size; k++) {
        int found = pln__row_compare(schema->children[0], a->children[0], (int64_t)x + k,
                                     b->children[0], (int64_t)y + k, depth + 1);
        if (found != 0)
            return found;
    }
    return order(a_size, b_size);
}

static int order_structs(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                         const struct ArrowArray *b, int64_t j, int32_t depth) {
    for (int64_t c = 0; c < schema->n_children; c++) {
        int found = pln__row_compare(schema->children[c], a->children[c], a->offset + i,
                                     b->children[c], b->offset + j, depth + 1);
        if (found != 0)
            return found;
    }
    return 0;
}

/* By variant, in the order of the children, then by value. */
static int order_unions(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                        const struct ArrowArray *b, int64_t j, int32_t depth) {
    int8_t child_of[128];
    pln__union_map(schema, child_of);
    int8_t x = child_of[((const uint8_t *)a->buffers[0])[a->offset + i] & 127];
    int8_t y = child_of[((const uint8_t *)b->buffers[0])[b->offset + j] & 127];
    if (x != y || x < 0)
        return order(x, y);
    return pln__row_compare(schema->children[x], a->children[x],
                            pln__offset_at(a->buffers[1], a->offset + i), b->children[x],
                            pln__offset_at(b->buffers[1], b->offset + j), depth + 1);
}

int pln__row_compare(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                     const struct ArrowArray *b, int64_t j, int32_t depth) {
    pln__type type;
    if (depth > PLN__NESTING_MAX || pln__type_of(schema, &type, NULL) < 0)
        return 0;
    bool a_null = pln__array_null_at(schema, a, i);
    bool b_null = pln__array_null_at(schema, b, j);
    if (a_null || b_null)
        return (int)b_null - (int)a_null;
    switch (type.id) {
    case PLN__LIST:
    case PLN__MAP: return order_lists(schema, a, i, b, j, depth);
    case PLN__STRUCT: return order_structs(schema, a, i, b, j, depth);
    case PLN__UNION: return order_unions(schema, a, i, b, j, depth);
    case PLN__DICTIONARY:
        return pln__row_compare(schema->dictionary, a->dictionary, pln__array_int(&type, a, i),
                                b->dictionary, pln__array_int(&type, b, j), depth + 1);
    default: return order_flat(&type, a, i, b, j);
    }
}

int pln__array_compare(const struct ArrowSchema *schema, const struct ArrowArray *a, int64_t i,
                       const struct ArrowArray *b, int64_t j) {
    return pln__row_compare(schema, a, i, b, j, 0);
}

/* ---- whole arrays ---- */

/* Equal bytes of a column without nulls settle it; unequal ones may still be equal values (zeros, NaN). */
static bool same_bytes(const pln__type *type, const struct ArrowArray *a,
                       const struct ArrowArray *b) {
    return type->width > 0 && type->id != PLN__DICTIONARY && pln__array_validity(a) == NULL &&
           pln__array_validity(b) == NULL &&
           memcmp((const uint8_t *)a->buffers[1] + a->offset * type->width,
                  (const uint8_t *)b->buffers[1] + b->offset * type->width,
                  (size_t)(a->length * type->width)) == 0;
}

static bool equal(const struct ArrowSchema *schema, const struct ArrowArray *a,
                  const struct ArrowArray *b, int32_t depth) {
    pln__type type;
    if (a->length != b->length || depth > PLN__NESTING_MAX)
        return false;
    if (a->length == 0)
        return true;
    if (pln__type_of(schema, &type, NULL) < 0)
        return false;
    if (type.id == PLN__NULL || same_bytes(&type, a, b))
        return true;
    if (type.id == PLN__STRUCT && pln__array_validity(a) == NULL &&
        pln__array_validity(b) == NULL) {
        for (int64_t c = 0; c < schema->n_children; c++) {
            struct ArrowArray x = pln__array_field(a, c);
            struct ArrowArray y = pln__array_field(b, c);
            if (!equal(schema->children[c], &x, &y, depth + 1))
                return false;
        }
        return true;
    }
    for (int64_t i = 0; i < a->length; i++) {
        if (pln__type_is_flat(type.id)) {
            bool valid = pln__array_valid(a, i);
            if (valid != pln__array_valid(b, i))
                return false;
            if (valid && order_flat(&type, a, i, b, i) != 0)
                return false;
        } else if (pln__row_compare(schema, a, i, b, i, depth) != 0) {
            return false;
        }
    }
    return true;
}

bool pln__array_equal(const struct ArrowSchema *schema, const struct ArrowArray *a,
                      const struct ArrowArray *b) {
    return equal(schema, a, b, 0);
}

/* Arrays checked against their schema, without ever trusting what has not been checked yet. */
#include "base/utf8.h"
#include "column/internal.h"

typedef struct checker {
    pln_error *err;
    int32_t level;
    bool ascending; /* offsets into bytes are all looked at, whatever the level */
    pln__path path;
} checker;

/* Rows and offsets beyond this would let sums of them overflow; no memory holds as many. */
#define ROWS_MAX ((int64_t)1 << 56)

static pln_status bad(checker *c, int64_t row, const char *what, int64_t value) {
    const char *place = c->path.size > 0 ? c->path.text : "(rows)";
    if (row >= 0)
        return pln__error_set(c->err, PLN_EDATA, "column %s: row %lld: %s %lld", place,
                              (long long)row, what, (long long)value);
    return pln__error_set(c->err, PLN_EDATA, "column %s: %s %lld", place, what, (long long)value);
}

/* ---- structure ---- */

static pln_status check_counts(checker *c, const pln__type *type, const struct ArrowSchema *schema,
                               const struct ArrowArray *array) {
    int64_t want = 2;
    if (type->id == PLN__NULL)
        want = 0;
    else if (type->id == PLN__STRUCT)
        want = 1;
    else if (pln__type_is_bytes(type->id))
        want = 3;
    if (array->length < 0 || array->length > ROWS_MAX)
        return bad(c, -1, "length", array->length);
    if (array->offset < 0 || array->offset > ROWS_MAX)
        return bad(c, -1, "offset", array->offset);
    if (array->null_count < -1 || array->null_count > array->length)
        return bad(c, -1, "null count", array->null_count);
    if (array->n_buffers != want || (want > 0 && array->buffers == NULL))
        return bad(c, -1, "number of buffers", array->n_buffers);
    if (array->n_children != schema->n_children ||
        (array->n_children > 0 && array->children == NULL))
        return bad(c, -1, "number of children", array->n_children);
    if ((schema->dictionary != NULL) != (array->dictionary != NULL))
        return bad(c, -1, "dictionaries:", array->dictionary != NULL);
    return PLN_OK;
}

/* The buffers that cannot be missing are there. */
static pln_status check_buffers(checker *c, const pln__type *type, const struct ArrowArray *array) {
    if (type->id == PLN__NULL || array->length == 0)
        return PLN_OK;
    if (type->id == PLN__UNION && array->buffers[0] == NULL)
        return bad(c, -1, "type ids are missing; length", array->length);
    if (type->id != PLN__UNION && array->null_count > 0 && array->buffers[0] == NULL)
        return bad(c, -1, "no validity bitmap, yet the null count is", array->null_count);
    if (type->id != PLN__STRUCT && array->buffers[1] == NULL)
        return bad(c, -1, "buffer 1 is missing; length", array->length);
    return PLN_OK;
}

static pln_status check_child_length(checker *c, const struct ArrowArray *array,
                                     const struct ArrowArray *child) {
    if (child->length < array->offset + array->length)
        return bad(c, -1, "rows of a struct's child are missing; length", child->length);
    return PLN_OK;
}

/* ---- offsets ---- */

/* Offsets may lie at any address. */
static pln_status check_offsets(checker *c, const struct ArrowArray *array, int64_t limit,
                                bool all) {
    if (array->length == 0)
        return PLN_OK;
    const uint8_t *at = (const uint8_t *)array->buffers[1] + array->offset * 4;
    int32_t first = pln__offset_at(at, 0);
    int32_t last = pln__offset_at(at, array->length);
    if (first < 0)
        return bad(c, 0, "offset", first);
    if (last < first || last > limit)
        return bad(c, array->length - 1, "end offset", last);
    if (!all)
        return PLN_OK;
    /* Ascending to the last means that none is beyond it. One pass without branches, a second one to name the row. */
    int32_t before = first;
    bool down = false;
    for (int64_t i = 1; i <= array->length; i++) {
        int32_t now = pln__offset_at(at, i);
        down |= now < before;
        before = now;
    }
    for (int64_t i = 1; down && i <= array->length; i++) {
        int32_t now = pln__offset_at(at, i);
        if (now < pln__offset_at(at, i - 1) || now > last)
            return bad(c, i - 1, "end offset", now);
    }
    return PLN_OK;
}

static pln_status check_list(checker *c, const struct ArrowArray *array) {
    return check_offsets(c, array, array->children[0]->length, c->level >= PLN__VALIDATE_FULL);
}

static pln_status check_union(checker *c, const struct ArrowSchema *schema,
                              const struct ArrowArray *array) {
    int8_t child_of[128];
    pln__union_map(schema, child_of);
    if (c->level < PLN__VALIDATE_FULL)
        return PLN_OK;
    for (int64_t i = 0; i < array->length; i++) {
        int8_t id = ((const int8_t *)array->buffers[0])[array->offset + i];
        if (id < 0 || child_of[id] < 0)
            return bad(c, i, "type id", id);
        int32_t at = pln__offset_at(array->buffers[1], array->offset + i);
        if (at < 0 || at >= array->children[child_of[id]]->length)
            return bad(c, i, "offset into a union's child", at);
    }
    return PLN_OK;
}

/* ---- values ---- */

static pln_status check_text(checker *c, const pln__type *type, const struct ArrowArray *array) {
    bool all = c->ascending || c->level >= PLN__VALIDATE_FULL;
    pln_status status = check_offsets(c, array, INT32_MAX, all);
    if (status < 0 || array->length == 0 || c->level < PLN__VALIDATE_DEFAULT)
        return status;
    const uint8_t *offsets = (const uint8_t *)array->buffers[1] + array->offset * 4;
    int32_t first = pln__offset_at(offsets, 0);
    int32_t last = pln__offset_at(offsets, array->length);
    if (last > first && array->buffers[2] == NULL)
        return bad(c, -1, "buffer 2 is missing; bytes", last);
    if (type->id != PLN__UTF8 || c->level < PLN__VALIDATE_FULL || last == first ||
        pln__ascii_only((const uint8_t *)array->buffers[2] + first, last - first))
        return PLN_OK;
    uint32_t cpu = pln__cpu_features();
    for (int64_t i = 0; i < array->length; i++) {
        int64_t size;
        const uint8_t *bytes = pln__array_bytes(type, array, i, &size);
        if (pln__array_valid(array, i) && !pln__utf8_valid(bytes, size, cpu))
            return bad(c, i, "invalid UTF-8 at byte", pln__utf8_invalid_at(bytes, size, cpu));
    }
    return PLN_OK;
}

static pln_status check_indices(checker *c, const pln__type *type, const struct ArrowArray *array) {
    int64_t limit = array->dictionary->length;
    for (int64_t i = 0; c->level >= PLN__VALIDATE_FULL && i < array->length; i++) {
        if (!pln__array_valid(array, i))
            continue;
        int64_t index = pln__array_int(type, array, i);
        if (index < 0 || index >= limit)
            return bad(c, i, "dictionary index", index);
    }
    return PLN_OK;
}

/* The greatest magnitude of `precision` digits, as two halves. */
static void power_of_ten(int32_t precision, uint64_t *high, uint64_t *low) {
    *high = 0;
    *low = 1;
    for (int32_t i = 0; i < precision; i++) {
        /* Times ten by halves: low = 10 * low, the carry goes up. */
        uint64_t l0 = (*low & 0xffffffffu) * 10;
        uint64_t l1 = (*low >> 32) * 10 + (l0 >> 32);
        *low = l1 << 32 | (l0 & 0xffffffffu);
        *high = *high * 10 + (l1 >> 32);
    }
}

static pln_status check_decimals(checker *c, const pln__type *type,
                                 const struct ArrowArray *array) {
    uint64_t high;
    uint64_t low;
    power_of_ten(type->precision, &high, &low);
    for (int64_t i = 0; c->level >= PLN__VALIDATE_FULL && i < array->length; i++) {
        uint64_t half[2];
        if (!pln__array_valid(array, i))
            continue;
        memcpy(half, (const uint8_t *)array->buffers[1] + (array->offset + i) * 16, 16);
        if ((half[1] >> 63) != 0) {
            half[0] = ~half[0] + 1;
            half[1] = ~half[1] + (half[0] == 0);
        }
        if (half[1] > high || (half[1] == high && half[0] >= low))
            return bad(c, i, "a decimal has more digits than", type->precision);
    }
    return PLN_OK;
}

static pln_status check_null_count(checker *c, const pln__type *type,
                                   const struct ArrowArray *array) {
    const uint8_t *bits = array->n_buffers > 0 ? array->buffers[0] : NULL;
    if (c->level < PLN__VALIDATE_DEFAULT || array->null_count < 0 || array->length == 0)
        return PLN_OK;
    if (type->id == PLN__NULL)
        return array->null_count == array->length ? PLN_OK
                                                  : bad(c, -1, "null count", array->null_count);
    if (type->id == PLN__UNION)
        return array->null_count == 0
                   ? PLN_OK
                   : bad(c, -1, "a union has no nulls of its own, null count", array->null_count);
    if (bits == NULL)
        return PLN_OK;
    int64_t nulls = array->length - pln__bits_count(bits, array->offset, array->length);
    return nulls == array->null_count ? PLN_OK : bad(c, -1, "null count", array->null_count);
}

/* A required field has no null where its parent is there. */
static pln_status check_required(checker *c, const struct ArrowSchema *schema,
                                 const struct ArrowArray *array, const struct ArrowArray *parent) {
    if (c->level < PLN__VALIDATE_FULL || (schema->flags & ARROW_FLAG_NULLABLE) != 0 ||
        array->n_buffers == 0 || schema->format[0] == 'n' || strncmp(schema->format, "+u", 2) == 0)
        return PLN_OK;
    bool any = array->null_count != 0 && array->buffers[0] != NULL;
    any = any || (array->dictionary != NULL && array->dictionary->null_count != 0);
    int64_t first = parent == NULL ? 0 : parent->offset;
    int64_t length = parent == NULL ? array->length : parent->length;
    for (int64_t i = 0; any && i < length; i++)
        if (pln__array_null_at(schema, array, first + i) &&
            (parent == NULL || pln__array_valid(parent, i)))
            return bad(c, i, "null in a required column of rows", length);
    return PLN_OK;
}

/* ---- all types ---- */

static pln_status check(checker *c, const struct ArrowSchema *schema,
                        const struct ArrowArray *array, int32_t depth);

static pln_status check_values(checker *c, const pln__type *type, const struct ArrowSchema *schema,
                               const struct ArrowArray *array) {
    if (c->level < PLN__VALIDATE_DEFAULT)
        return PLN_OK;
    switch (type->id) {
    case PLN__UTF8:
    case PLN__BINARY: return check_text(c, type, array);
    case PLN__LIST:
    case PLN__MAP: return check_list(c, array);
    case PLN__UNION: return check_union(c, schema, array);
    case PLN__DICTIONARY: return check_indices(c, type, array);
    case PLN__DECIMAL128: return check_decimals(c, type, array);
    default: return PLN_OK;
    }
}

static pln_status check_children(checker *c, const pln__type *type,
                                 const struct ArrowSchema *schema, const struct ArrowArray *array,
                                 int32_t depth) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowArray *child = array->children[i];
        int32_t before = pln__path_child(&c->path, schema, i);
        if (child == NULL)
            PLN__TRY(bad(c, -1, "a missing child, number", i));
        PLN__TRY(check(c, schema->children[i], child, depth + 1));
        if (type->id == PLN__STRUCT) {
            PLN__TRY(check_child_length(c, array, child));
            PLN__TRY(check_required(c, schema->children[i], child, array));
        } else if (type->id != PLN__UNION) {
            PLN__TRY(check_required(c, schema->children[i], child, NULL));
        }
        pln__path_pop(&c->path, before);
    }
    if (type->id == PLN__DICTIONARY)
        PLN__TRY(check(c, schema->dictionary, array->dictionary, depth + 1));
out:
    return status;
}

static pln_status check(checker *c, const struct ArrowSchema *schema,
                        const struct ArrowArray *array, int32_t depth) {
    pln_status status = PLN_OK;
    pln__type type;
    PLN__TRY(pln__type_of(schema, &type, c->err));
    if (depth > PLN__NESTING_MAX)
        PLN__TRY(bad(c, -1, "levels of nesting:", depth));
    PLN__TRY(check_counts(c, &type, schema, array));
    PLN__TRY(check_buffers(c, &type, array));
    PLN__TRY(check_null_count(c, &type, array));
    /* Children first: what is checked of a parent reads their lengths. */
    PLN__TRY(check_children(c, &type, schema, array, depth));
    PLN__TRY(check_values(c, &type, schema, array));
out:
    return status;
}

static pln_status validate(const struct ArrowSchema *schema, const struct ArrowArray *array,
                           checker *c) {
    /* A batch is called by no name, its columns by theirs. */
    if (strcmp(schema->format, "+s") != 0 && schema->name != NULL)
        (void)pln__path_push(&c->path, schema->name);
    return check(c, schema, array, 0);
}

pln_status pln__array_validate(const struct ArrowSchema *schema, const struct ArrowArray *array,
                               int32_t level, pln_error *err) {
    checker c = {.err = err, .level = level};
    return validate(schema, array, &c);
}

pln_status pln__array_admit(const struct ArrowSchema *schema, const struct ArrowArray *array,
                            pln_error *err) {
    checker c = {.err = err, .level = PLN__VALIDATE_DEFAULT, .ascending = true};
    return validate(schema, array, &c);
}

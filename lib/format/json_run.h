/*
 * Private to NDJSON: reading records by a shape. Included once by each json_run_*.c, which says by macros what the processor can do: RUN is
 * the name of the function, TARGET the processor it is compiled for, FITS(step, p) compares a literal, SCAN(p, dst, &size) copies a string up to its quote.
 *
 * Nothing here reports an error. Whatever is not as guessed - a longer number, an escape, a null, a wrong type - is read by
 * the general decoder, or makes the record miss, and then the general decoder reads all of it and finds the words.
 */
#include "format/json_put.h"

/* The literal behind its first 32 bytes. Stops at the first difference, which the line end is at the latest. */
static bool fits_rest(const pln__json_step *step, const uint8_t *p) {
    const uint8_t *text = step->rest, *end = text + step->size - PLN__JSON_STEP_WORDS * 8;
    while (text < end && *text == *p) {
        text++;
        p++;
    }
    return text >= end;
}

/* The general way for one value: the column is brought to where it would be. */
static const uint8_t *read_any(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                               int64_t row) {
    pln__json_settle_node(node, row);
    return pln__json_read(self, node, p, node->depth);
}

static const uint8_t *skip_text(pln__decoder *self, const uint8_t *p, int64_t depth) {
    uint64_t high = 0;
    pln__json_fault fault;
    if (*p != '"')
        return pln__json_check(p, self->depth_max - depth, self->cpu, &fault);
    const uint8_t *end = pln__json_scan(p + 1, &high);
    if (PLN__LIKELY(high == 0 && *end == '"'))
        return end + 1;
    return pln__json_check_text(p, self->cpu, &fault);
}

static inline const uint8_t *step_int(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                      int64_t row) {
    uint64_t value;
    pln__column *c = node->column;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_integer(p + negative, &value);
    if (PLN__UNLIKELY(end == NULL || value > (negative ? node->least : node->most)))
        return read_any(self, node, p, row);
    pln__json_store(c, row, (int64_t)(negative ? 0 - value : value));
    return end;
}

static inline const uint8_t *step_float(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                        int64_t row) {
    uint64_t digits;
    unsigned fraction;
    pln__column *c = node->column;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_plain(p + negative, &digits, &fraction);
    if (PLN__UNLIKELY(end == NULL || digits > (uint64_t)1 << 53))
        return read_any(self, node, p, row);
    double number = (double)(int64_t)digits / pln__exact_tens[fraction];
    number = negative ? -number : number;
    memcpy(c->data.data + row * 8, &number, 8);
    return end;
}

static inline const uint8_t *step_decimal(pln__decoder *self, pln__json_node *node,
                                          const uint8_t *p, int64_t row) {
    uint64_t digits;
    unsigned fraction;
    pln__column *c = node->column;
    bool negative = *p == '-';
    const uint8_t *end = pln__json_plain(p + negative, &digits, &fraction);
    int64_t missing = c->type.scale - (int64_t)fraction;
    if (PLN__UNLIKELY(end == NULL || missing < 0 || missing > 18))
        return read_any(self, node, p, row);
    uint64_t number;
    bool over = __builtin_mul_overflow(digits, pln__json_tens[missing], &number);
    if (PLN__UNLIKELY(over || number >= node->most))
        return read_any(self, node, p, row);
    uint64_t sign = negative && number != 0 ? UINT64_MAX : 0;
    uint64_t words[2] = {negative ? 0 - number : number, sign};
    memcpy(c->data.data + row * 16, words, 16);
    return end;
}

static inline const uint8_t *step_bool(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                       int64_t row) {
    bool yes = pln__json_is(p, "true");
    if (PLN__UNLIKELY(!yes && !(*p == 'f' && pln__json_is(p + 1, "alse"))))
        return read_any(self, node, p, row);
    pln__bit_put(node->column->data.data, row, yes);
    return p + 5 - yes;
}

static inline const uint8_t *step_time(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                       int64_t row) {
    pln__json_instant at;
    int64_t value;
    const uint8_t *end = *p == '"' ? pln__json_stamp(p + 1, node->zoned, &node->day, &at) : NULL;
    if (end == NULL || !pln__json_instant_in(&at, node->column->type.unit, &value))
        return read_any(self, node, p, row);
    memcpy(node->column->data.data + row * 8, &value, 8);
    return end + 1;
}

static inline const uint8_t *step_date(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                       int64_t row) {
    if (*p != '"' || p[11] != '"' || !pln__json_same_day(p + 1, &node->day))
        return read_any(self, node, p, row);
    memcpy(node->column->data.data + row * 4, &node->day.days, 4);
    return p + 12;
}

/* A null where the column has a bitmap already. */
static const uint8_t *null_text(pln__decoder *self, pln__json_node *node, const uint8_t *p,
                                int64_t row, int32_t start) {
    pln__column *c = node->column;
    if (c->validity.size == 0 || !node->nullable || !pln__json_is(p, "null"))
        return read_any(self, node, p, row);
    pln__bit_clear(c->validity.data, row);
    c->null_count++;
    memcpy(c->offsets.data + (row + 1) * 4, &start, 4);
    return p + 4;
}

TARGET static inline const uint8_t *step_text(pln__decoder *self, pln__json_node *node,
                                              const uint8_t *p, int64_t row) {
    pln__column *c = node->column;
    int32_t start;
    int64_t size;
    memcpy(&start, c->offsets.data + row * 4, 4);
    if (PLN__UNLIKELY(*p != '"'))
        return null_text(self, node, p, row, start);
    const uint8_t *end = SCAN(p + 1, c->data.data + start, c->data.capacity - start, &size);
    if (PLN__UNLIKELY(end == NULL))
        return read_any(self, node, p, row);
    start += (int32_t)size;
    memcpy(c->offsets.data + (row + 1) * 4, &start, 4);
    return end;
}

TARGET static inline const uint8_t *take_step(pln__decoder *self, const pln__json_step *step,
                                              const uint8_t *p, int64_t row) {
    pln__json_fault fault;
    switch (step->op) {
    case PLN__JSON_UTF8:
        return step_text(self, step->node, p, row);
    case PLN__JSON_INT:
    case PLN__JSON_UINT:
        return step_int(self, step->node, p, row);
    case PLN__JSON_FLOAT64:
        return step_float(self, step->node, p, row);
    case PLN__JSON_DECIMAL:
        return step_decimal(self, step->node, p, row);
    case PLN__JSON_TIMESTAMP:
        return step_time(self, step->node, p, row);
    case PLN__JSON_BOOL:
        return step_bool(self, step->node, p, row);
    case PLN__JSON_DATE:
        return step_date(self, step->node, p, row);
    case PLN__JSON_STEP_SKIP_TEXT:
        return skip_text(self, p, step->depth);
    case PLN__JSON_STEP_SKIP:
        return pln__json_check(p, self->depth_max - step->depth, self->cpu, &fault);
    default:
        return read_any(self, step->node, p, row);
    }
}

/* Columns that do not stand in the text are null. */
static bool complete(pln__decoder *self, const pln__json_shape *shape, int64_t row) {
    for (int64_t i = 0; i < shape->n_absent; i++) {
        pln__json_settle_node(shape->absent[i], row);
        if (pln__column_null(shape->absent[i]->column, self->err) < 0)
            return false;
    }
    return true;
}

TARGET const uint8_t *RUN(pln__decoder *self, pln__json_shape *shape, const uint8_t *p,
                          const uint8_t *end) {
    const pln__json_step *step;
    for (; p < end && self->row < self->row_room; self->row++) {
        const uint8_t *start = p;
        int64_t row = self->row;
        self->line = start;
        for (step = shape->steps;; step++) {
            if (PLN__UNLIKELY(!FITS(step, p)))
                goto missed;
            p += step->size;
            if (step->op == PLN__JSON_STEP_END)
                break;
            p = take_step(self, step, p, row);
            if (PLN__UNLIKELY(p == NULL))
                goto missed;
        }
        if (PLN__UNLIKELY(p - start - 1 > self->record_bytes_max) || !complete(self, shape, row))
            goto missed;
        if (self->origin)
            pln__json_note(self, row, start, p);
        self->lines++;
        continue;
    missed:
        pln__json_shape_undo(self, shape, step - shape->steps + 1);
        self->status = PLN_OK;
        return start;
    }
    return p;
}

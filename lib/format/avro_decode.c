/* Running the program: bytes to columns, and the decoder around it. */
#include "format/avro_program.h"
#include "base/utf8.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* So many bytes are copied without asking for the size; buffers have room for it behind their capacity. */
#define AHEAD 32
#define CHUNK_ROWS 1024
/* The greatest length of one byte. So many bytes may be read behind the end. */
#define SHORT 63

typedef pln__avro_decoder decoder;
typedef pln__avro_op op;
typedef pln__avro_frame_rows frame;

/* ---- frames ---- */

static inline int32_t offset_at(const pln__column *column, int64_t row) {
    int32_t value;
    memcpy(&value, column->offsets.data + row * 4, 4);
    return value;
}
static inline void set_offset(pln__column *column, int64_t row, int64_t value) {
    memcpy(column->offsets.data + row * 4, &(int32_t){(int32_t)value}, 4);
}

static void sync_column(pln__column *column, int64_t row) {
    int64_t more = row - column->length;
    if (column->type.id == PLN__NULL)
        column->null_count = row;
    else if (column->validity.size > 0)
        column->null_count += more - pln__bits_count(column->validity.data, column->length, more);
    if (pln__type_is_bytes(column->type.id) && column->offsets.capacity > 0)
        column->data.size = offset_at(column, row);
    column->length = row;
}

static void sync(frame *f) {
    for (int64_t i = 0; i < f->n_columns; i++)
        sync_column(f->columns[i], f->row);
}

/* Room for rows to come; the columns double by themselves. */
static bool grow(decoder *self, frame *f, int64_t rows) {
    int64_t capacity = INT64_MAX;
    sync(f);
    for (int64_t i = 0; i < f->n_columns; i++) {
        self->failed = pln__column_reserve(f->columns[i], rows, 0, self->err);
        if (self->failed < 0)
            return false;
        if (f->columns[i]->reserved_rows < capacity)
            capacity = f->columns[i]->reserved_rows;
    }
    f->capacity = capacity;
    return true;
}

/* Takes back what the datum under way has left in a column. */
static void roll_back_column(pln__column *column, int64_t row, int64_t reached) {
    if (column->length > row) {
        int64_t gone = column->length - row;
        if (column->type.id == PLN__NULL)
            column->null_count = row;
        else if (column->validity.size > 0)
            column->null_count -= gone - pln__bits_count(column->validity.data, row, gone);
        column->length = row;
        if (pln__type_is_bytes(column->type.id))
            column->data.size = offset_at(column, row);
    }
    int64_t bits = column->validity.size * 8;
    reached = reached + 1 < bits ? reached + 1 : bits;
    if (reached > row)
        pln__bits_fill(column->validity.data, row, reached - row, true);
}

static void roll_back(decoder *self) {
    for (int64_t i = 0; i < self->n_frames; i++) {
        frame *f = &self->frames[i];
        for (int64_t k = 0; k < f->n_columns; k++)
            roll_back_column(f->columns[k], f->mark, f->row);
        f->row = f->mark;
    }
}

/* ---- values ---- */

static const uint8_t *fail(decoder *self, const op *o, int32_t fault, const uint8_t *at,
                           int64_t number) {
    if (self->fault_op == NULL)
        self->fault_op = o;
    return pln__avro_fault(&self->in, fault, at, number);
}

/* A fault that the cursor has already, or a failure without one. */
static const uint8_t *failed(decoder *self, const op *o) {
    if (self->fault_op == NULL)
        self->fault_op = o;
    return NULL;
}

/* Out of line: the first null of a column in a batch brings its bitmap. */
static __attribute__((noinline)) bool first_null(decoder *self, pln__column *column, int64_t row) {
    int64_t length = column->length, nulls = column->null_count;
    column->length = row;
    self->failed = pln__column_validity(column, false, self->err);
    column->length = length;
    column->null_count = nulls;
    return self->failed >= 0;
}

static inline bool null_bit(decoder *self, pln__column *column, int64_t row) {
    if (PLN__UNLIKELY(column->validity.size == 0))
        return first_null(self, column, row);
    pln__bit_clear(column->validity.data, row);
    return true;
}

static inline bool null_value(decoder *self, pln__column *column, int64_t row, int32_t width) {
    if (width == 8)
        memset(column->data.data + row * 8, 0, 8);
    else if (width == 4)
        memset(column->data.data + row * 4, 0, 4);
    else
        memset(column->data.data + row * width, 0, (size_t)width);
    return null_bit(self, column, row);
}

static inline bool null_bool(decoder *self, pln__column *column, int64_t row) {
    pln__bit_clear(column->data.data, row);
    return null_bit(self, column, row);
}

static inline bool null_offset(decoder *self, pln__column *column, int64_t row) {
    memcpy(column->offsets.data + row * 4 + 4, column->offsets.data + row * 4, 4);
    return null_bit(self, column, row);
}

static __attribute__((noinline)) bool more_bytes(decoder *self, pln__column *column, int64_t start,
                                                 int64_t size) {
    column->data.size = start;
    self->failed = pln__column_reserve(column, 0, size, self->err);
    return self->failed >= 0;
}

/* Whether the first `size` (at most AHEAD) bytes are ASCII, where AHEAD can be read. */
static inline bool ascii_ahead(const uint8_t *p, int64_t size) {
#if defined(__SSE2__)
    uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p));
    uint32_t high =
        (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16)));
    return (((uint64_t)(low | high << 16)) & ((UINT64_C(1) << size) - 1)) == 0;
#else
    return pln__ascii_only(p, size);
#endif
}

/* More than AHEAD bytes, or what is not ASCII; where they are cut, the caller sees it by what is returned. */
static __attribute__((noinline)) const uint8_t *put_long_bytes(decoder *self, const op *o,
                                                               const uint8_t *p, int64_t size,
                                                               uint8_t *to) {
    if (size > self->in.end - p)
        return p + size;
    if (size > AHEAD)
        memcpy(to, p, (size_t)size);
    if (o->code == AVRO_STRING && !pln__utf8_valid(p, size, self->cpu))
        return fail(self, o, AVRO_FAULT_UTF8, p, size);
    return p + size;
}

/* Bytes or, where `text`, a string; p is behind the length, which has been checked. */
static inline const uint8_t *put_bytes(decoder *self, const op *o, int64_t row, const uint8_t *p,
                                       int64_t size, bool text) {
    pln__column *column = o->column;
    int64_t start = offset_at(column, row), end = start + size;
    if (PLN__UNLIKELY(end > column->data.capacity) && !more_bytes(self, column, start, size))
        return NULL;
    set_offset(column, row + 1, end);
    if (PLN__UNLIKELY(column->data.capacity == 0))
        return p;
    uint8_t *to = column->data.data + start;
    if (PLN__UNLIKELY(size > AHEAD))
        return put_long_bytes(self, o, p, size, to);
    memcpy(to, p, AHEAD);
    if (text && PLN__UNLIKELY(!ascii_ahead(p, size)))
        return put_long_bytes(self, o, p, size, to);
    return p + size;
}

static const uint8_t *put_decimal(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    pln__int128 value = 0;
    const pln__type *type = &o->column->type;
    int64_t size = o->size;
    if (o->code == AVRO_DECIMAL)
        p = pln__avro_length(&self->in, p, &size);
    else if (size > self->in.end - p)
        return fail(self, o, AVRO_FAULT_CUT, p, size);
    if (p == NULL)
        return failed(self, o);
    if (size == 0)
        return fail(self, o, AVRO_FAULT_NO_DECIMAL, p, 0);
    if (!pln__avro_decimal(p, size, &value))
        return fail(self, o, AVRO_FAULT_DIGITS, p, type->precision);
    pln__int128 ten = pln__decimal128_ten(type->precision);
    if (value <= -ten || value >= ten)
        return fail(self, o, AVRO_FAULT_DIGITS, p, type->precision);
    pln__store_decimal128(o->column->data.data + row * 16, value);
    return p + size;
}

static inline const uint8_t *put_symbol(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    uint64_t value;
    const pln__avro_step *step = o->data;
    const uint8_t *next = pln__avro_varint_short(p, &value);
    if (PLN__UNLIKELY(next == NULL))
        return fail(self, o, AVRO_FAULT_VARINT, p, 0);
    int64_t index = pln__avro_unzigzag(value);
    if (PLN__UNLIKELY((uint64_t)index >= (uint64_t)o->size)) {
        self->in.detail = step->writer;
        return fail(self, o, next > self->in.end ? AVRO_FAULT_CUT : AVRO_FAULT_SYMBOL, p, index);
    }
    int32_t symbol = step->symbols[index];
    if (PLN__UNLIKELY(symbol < 0)) {
        self->in.detail = step->writer;
        return fail(self, o, AVRO_FAULT_NO_SYMBOL, p, index);
    }
    uint8_t *to = o->column->data.data;
    switch (o->width) {
    case 4: memcpy(to + row * 4, &symbol, 4); break;
    case 8: memcpy(to + row * 8, &(int64_t){symbol}, 8); break;
    case 2: memcpy(to + row * 2, &(int16_t){(int16_t)symbol}, 2); break;
    default: to[row] = (uint8_t)symbol;
    }
    return next;
}

/* ---- the program ---- */

static const uint8_t *run(decoder *self, const op *first, int64_t *at_row, int64_t end_row,
                          const uint8_t *p, bool top);

static const uint8_t *run_once(decoder *self, const op *first, int64_t row, const uint8_t *p) {
    int64_t at = row;
    return run(self, first, &at, row + 1, p, false);
}

static const uint8_t *run_fill(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    const pln__avro_fill *from = o->data;
    const uint8_t *end = self->in.end;
    self->in.end = from->bytes + from->size;
    const uint8_t *done = run_once(self, o + 1, row, from->bytes);
    self->in.end = end;
    if (done == NULL && self->in.fault != 0)
        self->in.at = p;
    return done == NULL ? NULL : p;
}

static const uint8_t *run_items(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    frame *f = &self->frames[o->frame];
    for (;;) {
        int64_t count, size;
        p = pln__avro_block(&self->in, p, o->no_bytes, &count, &size);
        if (p == NULL)
            return NULL;
        if (count == 0)
            break;
        const uint8_t *head = p;
        while (count > 0) {
            if (PLN__UNLIKELY(f->row == f->capacity) &&
                !grow(self, f, count < CHUNK_ROWS ? count : CHUNK_ROWS))
                return NULL;
            int64_t n = count < f->capacity - f->row ? count : f->capacity - f->row;
            p = run(self, o + 1, &f->row, f->row + n, p, false);
            if (p == NULL)
                return NULL;
            count -= n;
        }
        if (size >= 0 && p - head != size)
            return fail(self, o, AVRO_FAULT_BLOCK, head, size);
    }
    set_offset(o->column, row + 1, f->row);
    return p;
}

static const uint8_t *run_variant(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    frame *f = &self->frames[o->frame];
    if (PLN__UNLIKELY(f->row == f->capacity) && !grow(self, f, 64))
        return NULL;
    o->column->type_ids.data[row] = (uint8_t)o->size;
    set_offset(o->column, row, f->row);
    return run(self, o + 1, &f->row, f->row + 1, p, false);
}

/* The number of a union's branch. */
static const uint8_t *branch(decoder *self, const op *o, const uint8_t *p, int64_t *out) {
    uint64_t value;
    const pln__avro_type *type = o->data;
    const uint8_t *next = pln__avro_varint_short(p, &value);
    if (next == NULL)
        return fail(self, o, AVRO_FAULT_VARINT, p, 0);
    *out = pln__avro_unzigzag(value);
    self->in.detail = type;
    if (next > self->in.end)
        return fail(self, o, AVRO_FAULT_CUT, p, 0);
    if ((uint64_t)*out >= (uint64_t)type->n_branches)
        return fail(self, o, AVRO_FAULT_BRANCH, p, *out);
    return next;
}

static const uint8_t *run_branches(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    int64_t which;
    const int32_t *starts = self->tables[o->size];
    p = branch(self, o, p, &which);
    return p == NULL ? NULL : run_once(self, self->ops + starts[which], row, p);
}

static bool put_null(decoder *self, const op *o, int64_t row) {
    switch (o->code) {
    case AVRO_OPTION_VALUE: return null_value(self, o->column, row, o->width);
    case AVRO_OPTION_BIT: return null_bool(self, o->column, row);
    case AVRO_OPTION_OFFSET: return null_offset(self, o->column, row);
    default: return run_once(self, o + 1, row, self->in.end) != NULL;
    }
}

/* A number that becomes one of another type. */
static const uint8_t *promote(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    uint8_t *data = o->column->data.data;
    uint64_t number = 0;
    int64_t value;
    const uint8_t *at = p;
    if (o->code == AVRO_FLOAT_TO_DOUBLE) {
        uint32_t bits = pln__load_le32(p);
        float single;
        memcpy(&single, &bits, 4);
        memcpy(data + row * 8, &(double){(double)single}, 8);
        return p + 4;
    }
    if (o->code == AVRO_LONG_TO_FLOAT || o->code == AVRO_LONG_TO_DOUBLE) {
        p = pln__avro_varint(p, &number);
        value = pln__avro_unzigzag(number);
    } else {
        int32_t small = 0;
        p = pln__avro_int(p, &small);
        value = small;
    }
    if (PLN__UNLIKELY(p == NULL))
        return fail(self, o, AVRO_FAULT_INT, at, 0);
    if (o->code == AVRO_INT_TO_LONG)
        memcpy(data + row * 8, &value, 8);
    else if (o->code == AVRO_INT_TO_FLOAT || o->code == AVRO_LONG_TO_FLOAT)
        memcpy(data + row * 4, &(float){(float)value}, 4);
    else
        memcpy(data + row * 8, &(double){(double)value}, 8);
    return p;
}

static const uint8_t *pass(decoder *self, const op *o, const uint8_t *p, int64_t size) {
    return size <= self->in.end - p ? p + size : fail(self, o, AVRO_FAULT_CUT, p, size);
}

static const uint8_t *misfit(decoder *self, const op *o, const uint8_t *p) {
    self->in.detail = o->data;
    return fail(self, o, AVRO_FAULT_MISFIT, p, 0);
}

/* What is rarer, or takes long enough that a call does not matter. */
static __attribute__((noinline)) const uint8_t *run_other(decoder *self, const op *o, int64_t row,
                                                          const uint8_t *p) {
    const uint8_t *at = p;
    switch (o->code) {
    case AVRO_FIXED:
        p = pass(self, o, p, o->size);
        if (p != NULL && o->size > 0)
            memcpy(o->column->data.data + row * o->size, at, (size_t)o->size);
        return p;
    case AVRO_DECIMAL:
    case AVRO_DECIMAL_FIXED: return put_decimal(self, o, row, p);
    case AVRO_ARRAY:
    case AVRO_MAP: return run_items(self, o, row, p);
    case AVRO_FILL: return run_fill(self, o, row, p);
    case AVRO_BRANCHES: return run_branches(self, o, row, p);
    case AVRO_VARIANT: return run_variant(self, o, row, p);
    case AVRO_NO_VALUE: return null_value(self, o->column, row, o->width) ? p : NULL;
    case AVRO_NO_BIT: return null_bool(self, o->column, row) ? p : NULL;
    case AVRO_NO_OFFSET: return null_offset(self, o->column, row) ? p : NULL;
    case AVRO_NO_STRUCT: return null_bit(self, o->column, row) ? p : NULL;
    case AVRO_SKIP_TYPE: return pln__avro_skip_value(&self->in, o->data, p, 0);
    case AVRO_MISFIT: return misfit(self, o, p);
    default: return promote(self, o, row, p);
    }
}

static void begin_datum(decoder *self, const uint8_t *p) {
    self->datum = p;
    self->in.items_left = self->limits.items_max;
    for (int64_t i = 1; i < self->n_frames; i++)
        self->frames[i].mark = self->frames[i].row;
}

/* ---- steps of the inner loop: a number is read first, and held against the end by who calls ---- */

static inline const uint8_t *put_long(const op *o, int64_t row, const uint8_t *p) {
    uint64_t number = 0;
    p = pln__avro_varint(p, &number);
    number = (uint64_t)pln__avro_unzigzag(number);
    memcpy(o->column->data.data + row * 8, &number, 8);
    return p;
}

static inline const uint8_t *put_int(const op *o, int64_t row, const uint8_t *p) {
    int32_t number = 0;
    p = pln__avro_int(p, &number);
    memcpy(o->column->data.data + row * 4, &number, 4);
    return p;
}

static inline const uint8_t *put_word(const op *o, int64_t row, const uint8_t *p, int size) {
    uint64_t wide = pln__load_le64(p);
    uint32_t half = (uint32_t)wide;
    if (size == 8)
        memcpy(o->column->data.data + row * 8, &wide, 8);
    else
        memcpy(o->column->data.data + row * 4, &half, 4);
    return p + size;
}

static inline const uint8_t *put_bool(decoder *self, const op *o, int64_t row, const uint8_t *p) {
    if (PLN__UNLIKELY(*p > 1) && p < self->in.end)
        return fail(self, o, AVRO_FAULT_BOOL, p, *p);
    pln__bit_put(o->column->data.data, row, *p & 1);
    return p + 1;
}

/* A length of one byte: whether the bytes are there is asked once, behind them. */
static inline const uint8_t *put_sized(decoder *self, const op *o, int64_t row, const uint8_t *p,
                                       bool text) {
    int64_t size = *p;
    if (PLN__LIKELY((size & 1) == 0 && size <= self->short_most))
        return put_bytes(self, o, row, p + 1, size >> 1, text);
    p = pln__avro_length(&self->in, p, &size);
    return PLN__LIKELY(p != NULL) ? put_bytes(self, o, row, p, size, text) : NULL;
}

static inline const uint8_t *skip_sized(decoder *self, const uint8_t *p) {
    int64_t size = *p;
    if (PLN__LIKELY((size & 1) == 0 && size <= self->short_most))
        return p + 1 + (size >> 1);
    p = pln__avro_length(&self->in, p, &size);
    return PLN__LIKELY(p != NULL) ? p + size : NULL;
}

static inline const uint8_t *skip_number(const uint8_t *p) {
    uint64_t number;
    return pln__avro_varint(p, &number);
}

static inline const uint8_t *put_option(decoder *self, const op *o, int64_t row, const uint8_t *p,
                                        bool *null) {
    int64_t which = *p >> 1;
    p = PLN__LIKELY((*p & 0xFD) == 0) ? p + 1 : branch(self, o, p, &which);
    *null = which == o->size;
    return PLN__UNLIKELY(*null) && p != NULL && p <= self->in.end && !put_null(self, o, row) ? NULL
                                                                                             : p;
}

static const uint8_t *stopped(decoder *self, const op *o, const uint8_t *p, const uint8_t *at) {
    int64_t size;
    bool sized = o->code == AVRO_BYTES || o->code == AVRO_STRING || o->code == AVRO_SKIP_BYTES;
    if (p != NULL && sized && pln__avro_length(&self->in, at, &size) == NULL)
        return failed(self, o);
    if (p != NULL)
        return fail(self, o, AVRO_FAULT_CUT, at, 0);
    if (self->in.fault == 0 && self->failed >= 0)
        return fail(self, o, o->code == AVRO_INT ? AVRO_FAULT_INT : AVRO_FAULT_VARINT, at, 0);
    return failed(self, o);
}

/*
 * Each step jumps to the next by itself, so that the processor learns what follows what: against a switch in a loop that is
 * a third of the time. C has no such jump of its own.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#define AVRO_GO goto *jumps[o->code]
/* NULL is below every end. */
#define AVRO_STEP(call)                                                                            \
    do {                                                                                           \
        at = p;                                                                                    \
        p = (call);                                                                                \
        if (PLN__UNLIKELY((uintptr_t)p - 1 >= (uintptr_t)end))                                     \
            goto stop;                                                                             \
        o = o->after;                                                                              \
        AVRO_GO;                                                                                   \
    } while (0)

/*
 * Rows [*at_row, end_row) of a frame; NULL: *at_row is the one that failed. `top` rows are datums, and end where the bytes do. Numbers are read up to 10 bytes
 * beyond the end, and a string at the very end is copied AHEAD.
 */
static const uint8_t *run(decoder *self, const op *first, int64_t *at_row, int64_t end_row,
                          const uint8_t *p, bool top) {
    static const void *const jumps[AVRO_CODES] = {
        [AVRO_END] = &&end_of_row,          [AVRO_BOOL] = &&boolean,
        [AVRO_INT] = &&integer,             [AVRO_LONG] = &&long_integer,
        [AVRO_FLOAT] = &&single_float,      [AVRO_DOUBLE] = &&double_float,
        [AVRO_BYTES] = &&bytes,             [AVRO_STRING] = &&string,
        [AVRO_ENUM] = &&symbol,             [AVRO_OPTION_VALUE] = &&option,
        [AVRO_OPTION_BIT] = &&option,       [AVRO_OPTION_OFFSET] = &&option,
        [AVRO_OPTION_NESTED] = &&option,    [AVRO_SKIP_VARINT] = &&pass_number,
        [AVRO_SKIP_BYTES] = &&pass_bytes,   [AVRO_SKIP_FIXED] = &&pass_fixed,
        [AVRO_COMMON ... AVRO_CODES - 1] = &&other};
    const uint8_t *const end = self->in.end, *at = p;
    const op *o = first;
    int64_t row = *at_row;
    bool null = false;
next_row:
    if (PLN__UNLIKELY(row == end_row || (top && p >= end && !self->top_no_bytes))) {
        *at_row = row;
        return p;
    }
    if (top)
        begin_datum(self, p);
    o = first;
    AVRO_GO;
end_of_row:
    row++;
    goto next_row;
long_integer:
    AVRO_STEP(put_long(o, row, p));
integer:
    AVRO_STEP(put_int(o, row, p));
double_float:
    AVRO_STEP(put_word(o, row, p, 8));
single_float:
    AVRO_STEP(put_word(o, row, p, 4));
boolean:
    AVRO_STEP(put_bool(self, o, row, p));
string:
    AVRO_STEP(put_sized(self, o, row, p, true));
bytes:
    AVRO_STEP(put_sized(self, o, row, p, false));
symbol:
    AVRO_STEP(put_symbol(self, o, row, p));
pass_number:
    AVRO_STEP(skip_number(p));
pass_bytes:
    AVRO_STEP(skip_sized(self, p));
pass_fixed:
    AVRO_STEP(pass(self, o, p, o->size));
other:
    AVRO_STEP(run_other(self, o, row, p));
option:
    at = p;
    p = put_option(self, o, row, p, &null);
    if (PLN__UNLIKELY((uintptr_t)p - 1 >= (uintptr_t)end))
        goto stop;
    o = null ? o->after : o->value;
    AVRO_GO;
stop:
    *at_row = row;
    return stopped(self, o, p, at);
}
#pragma GCC diagnostic pop

/* ---- rows ---- */

static bool fill_dictionaries(decoder *self) {
    for (int64_t i = 0; i < self->n_enums && !self->filled; i++) {
        pln__column *column = self->dictionaries[i]->dictionary;
        const pln__avro_type *type = self->enums[i];
        for (int32_t k = 0; k < type->n_symbols; k++) {
            int64_t size = (int64_t)strlen(type->symbols[k]), start = column->data.size;
            self->failed = pln__column_reserve(column, 1, size, self->err);
            if (self->failed < 0) {
                pln__column_truncate(column, 0);
                return false;
            }
            if (size > 0)
                memcpy(column->data.data + start, type->symbols[k], (size_t)size);
            column->data.size = start + size;
            set_offset(column, ++column->length, start + size);
        }
    }
    self->filled = true;
    return true;
}

/* The place is counted from the start of the datum, that it does not depend on how many rows were asked for at once. */
static pln_status bad_datum(decoder *self, const uint8_t *datum, int64_t base) {
    if (self->failed < 0)
        return self->failed;
    pln__text text;
    pln__text_init(&text, self->mem);
    const char *path =
        self->fault_op == NULL ? "" : (const char *)self->names.data + self->fault_op->path;
    pln__avro_fault_text(&self->in, &text);
    pln_status status = pln__text_status(&text, self->err);
    if (status >= 0)
        status = pln__error_set(self->err, PLN_EDATA, "Avro %s%s, offset %lld: %s",
                                path[0] == '\0' ? "datum" : "field ", path,
                                (long long)(self->in.at - datum + base), text.data);
    pln__text_free(&text);
    return status;
}

static bool room_for_rows(decoder *self, int64_t wanted) {
    if (PLN__LIKELY(self->frames[0].row < self->frames[0].capacity))
        return true;
    return fill_dictionaries(self) &&
           grow(self, &self->frames[0], wanted < CHUNK_ROWS ? wanted : CHUNK_ROWS);
}

pln_status pln__avro_decode(pln__avro_decoder *self, pln__avro_input *input, pln_error *err) {
    const uint8_t *start = input->bytes, *p = start, *end = start + input->size;
    frame *f = &self->frames[0];
    int64_t before = f->row, wanted = input->rows < 0 ? 0 : input->rows;
    pln_status status = PLN_OK;
    /* Rows without bytes never come to an end by themselves. */
    if (self->top_no_bytes && wanted > self->limits.items_max)
        wanted = self->limits.items_max;
    self->err = err;
    self->failed = PLN_OK;
    self->fault_op = NULL;
    self->in.fault = 0;
    self->in.end = end;
    while (f->row - before < wanted && (p < end || self->top_no_bytes)) {
        int64_t left = wanted - (f->row - before);
        const uint8_t *next = NULL;
        self->datum = p;
        if (PLN__LIKELY(room_for_rows(self, left))) {
            int64_t room = f->capacity - f->row;
            next = run(self, self->ops, &f->row, f->row + (left < room ? left : room), p, true);
        }
        if (PLN__UNLIKELY(next == NULL)) {
            f->mark = f->row;
            p = self->datum;
            roll_back(self);
            status = bad_datum(self, p, input->base);
            break;
        }
        p = next;
    }
    input->used = p - start;
    input->rows = f->row - before;
    return status;
}

pln_status pln__avro_skip(pln__avro_decoder *self, const uint8_t *bytes, int64_t size,
                          int64_t *used, pln_error *err) {
    const pln__avro_type *type = pln__avro_resolution_top(self->resolution)->writer;
    self->err = err;
    self->failed = PLN_OK;
    self->fault_op = NULL;
    self->in.fault = 0;
    self->in.end = bytes + size;
    self->in.items_left = self->limits.items_max;
    const uint8_t *end = pln__avro_skip_value(&self->in, type, bytes, 0);
    if (end == NULL)
        return bad_datum(self, bytes, 0);
    *used = end - bytes;
    return PLN_OK;
}

/* ---- life ---- */

const struct ArrowSchema *pln__avro_decoder_schema(const pln__avro_decoder *self) {
    return &self->schema;
}

int64_t pln__avro_decoder_rows(const pln__avro_decoder *self) {
    return self->frames[0].row;
}

pln_status pln__avro_decoder_take(pln__avro_decoder *self, struct ArrowArray *out, pln_error *err) {
    self->err = err;
    memset(out, 0, sizeof *out);
    if (!fill_dictionaries(self))
        return self->failed;
    for (int64_t i = 0; i < self->n_frames; i++) {
        sync(&self->frames[i]);
        self->frames[i].row = self->frames[i].mark = self->frames[i].capacity = 0;
    }
    self->filled = false;
    return pln__column_finish(&self->root, out, err);
}

static void limits_of(pln__avro_decoder *self, const pln__avro_limits *limits) {
    self->limits = pln__avro_limits_of(limits);
    self->in.value_max = self->limits.value_bytes_max;
    self->short_most = self->in.value_max < SHORT ? 0 : SHORT * 2;
    self->in.nesting_max = self->limits.nesting_max;
    self->in.widths = self->widths;
}

pln_status pln__avro_decoder_new(const pln_allocator *mem, const pln__avro_schema *writer,
                                 const pln__avro_schema *reader, const pln__avro_limits *limits,
                                 pln__avro_decoder **out, pln_error *err) {
    pln_status status = PLN_OK;
    *out = NULL;
    pln__avro_decoder *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->cpu = pln__cpu_features();
    reader = reader == NULL ? writer : reader;
    PLN__TRY(pln__avro_resolve(mem, writer, reader, &self->resolution, err));
    PLN__TRY(pln__avro_to_arrow(mem, reader, &self->schema, err));
    PLN__TRY(pln__avro_compile(self, pln__avro_n_types(writer), pln__avro_n_types(reader), err));
    limits_of(self, limits);
    *out = self;
out:
    if (status < 0)
        pln__avro_decoder_free(self);
    return status;
}

void pln__avro_decoder_free(pln__avro_decoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    pln__avro_resolution_free(self->resolution);
    pln__column_free(&self->root);
    pln__schema_release(&self->schema);
    pln__free(mem, self->ops, (uint64_t)self->ops_capacity * sizeof *self->ops);
    for (int64_t i = 0; i < self->n_frames; i++)
        pln__free(mem, self->frames[i].columns,
                  (uint64_t)self->frames[i].columns_capacity * sizeof(pln__column *));
    pln__free(mem, self->frames, (uint64_t)self->frames_capacity * sizeof *self->frames);
    pln__free(mem, self->dictionaries, (uint64_t)self->enums_capacity * sizeof(pln__column *));
    pln__free(mem, self->enums, (uint64_t)self->enum_types_capacity * sizeof *self->enums);
    for (int64_t i = 0; i < self->n_tables; i++)
        pln__free(mem, self->tables[i], (uint64_t)self->table_sizes[i] * sizeof(int32_t));
    pln__free(mem, self->tables, (uint64_t)self->tables_capacity * sizeof *self->tables);
    pln__free(mem, self->table_sizes, (uint64_t)self->table_sizes_capacity * sizeof(int32_t));
    pln__buffer_free(mem, &self->names);
    pln__free(mem, self->widths, (uint64_t)self->n_widths);
    pln__free(mem, self, sizeof *self);
}

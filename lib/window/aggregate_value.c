/*
 * States that keep a value of any type: the least, greatest, first or last text, and the value beside the least or greatest of another column.
 */
#include "window/aggregate_internal.h"

/* A value: its bits, its key in the order of its type, or bytes of its own. */
typedef union cell {
    uint64_t words[2];
    struct {
        uint8_t *bytes;
        int32_t size, capacity;
    } text;
} cell;

/* Kinds that have no `by` end before `order`. */
typedef struct value_state {
    int64_t seen;
    cell value;
    cell order;
} value_state;

/* A column's values of one block. */
typedef struct view {
    const pln__type *type;
    bool is_text;
    const struct ArrowArray *values;
    int64_t first;
    const int32_t *index;
    const uint64_t *words;
} view;

static void look(view *v, const pln__type *type, pln__agg_load *load, int64_t n, uint64_t *room) {
    v->type = type;
    v->is_text = pln__agg_is_text(type);
    v->words = v->is_text ? NULL : load(v->values, v->first, v->index, n, room);
}

static const uint8_t *text_at(const view *v, int64_t i, int64_t *size) {
    return pln__array_bytes(v->type, v->values, v->index == NULL ? v->first + i : v->index[i],
                            size);
}

/* ---- cells ---- */

/* Room for a text; what is in it stays. */
static pln_status make_room(pln__states *states, cell *to, int64_t size, pln_error *err) {
    if (size <= to->text.capacity && to->text.bytes != NULL)
        return PLN_OK;
    int64_t room = size < 16 ? 16 : size > INT32_MAX / 2 ? INT32_MAX : size + size / 2;
    uint8_t *grown =
        pln__resize(&states->mem, to->text.bytes, (uint64_t)to->text.capacity, (uint64_t)room);
    if (grown == NULL)
        return pln__error_memory(err, (uint64_t)room);
    to->text.bytes = grown;
    to->text.capacity = (int32_t)room;
    return PLN_OK;
}
static void put_text(cell *to, const uint8_t *bytes, int64_t size) {
    if (size > 0)
        memcpy(to->text.bytes, bytes, (size_t)size);
    to->text.size = (int32_t)size;
}

static pln_status make_room_for(pln__states *states, cell *to, const view *v, int64_t i,
                                pln_error *err) {
    int64_t size;
    if (!v->is_text)
        return PLN_OK;
    (void)text_at(v, i, &size);
    return make_room(states, to, size, err);
}
static void put(cell *to, const view *v, int64_t i) {
    if (v->is_text) {
        int64_t size;
        const uint8_t *bytes = text_at(v, i, &size);
        put_text(to, bytes, size);
        return;
    }
    const uint64_t *words = pln__agg_words(v->type, v->words, i);
    to->words[0] = words[0];
    to->words[1] = v->type->id == PLN__DECIMAL128 ? words[1] : 0;
}

static int compare_texts(const uint8_t *a, int64_t size_a, const uint8_t *b, int64_t size_b) {
    int64_t size = size_a < size_b ? size_a : size_b;
    int by = size == 0 ? 0 : memcmp(a, b, (size_t)size);
    return by != 0 ? by : (size_a > size_b) - (size_a < size_b);
}
static int compare_words(const pln__type *type, const uint64_t a[2], const uint64_t b[2]) {
    if (type->id != PLN__DECIMAL128)
        return ((int64_t)a[0] > (int64_t)b[0]) - ((int64_t)a[0] < (int64_t)b[0]);
    pln__int128 x = (pln__int128)((pln__uint128)a[1] << 64 | a[0]);
    pln__int128 y = (pln__int128)((pln__uint128)b[1] << 64 | b[0]);
    return (x > y) - (x < y);
}
/* Value i against a cell. */
static int compare(const view *v, int64_t i, const cell *with) {
    if (!v->is_text)
        return compare_words(v->type, pln__agg_words(v->type, v->words, i), with->words);
    int64_t size;
    const uint8_t *bytes = text_at(v, i, &size);
    return compare_texts(bytes, size, with->text.bytes, with->text.size);
}
static int compare_cells(const pln__type *type, const cell *a, const cell *b) {
    return pln__agg_is_text(type)
               ? compare_texts(a->text.bytes, a->text.size, b->text.bytes, b->text.size)
               : compare_words(type, a->words, b->words);
}

/* ---- taking rows up ---- */

static bool has_order(const pln__aggregate *a) {
    return a->spec.kind == PLN__AGG_ARG_MIN || a->spec.kind == PLN__AGG_ARG_MAX;
}

/* Whether a value that is before (`by` below 0) or behind that of the state replaces it. */
static bool replaces(int32_t kind, int by) {
    return kind == PLN__AGG_MIN || kind == PLN__AGG_ARG_MIN ? by < 0 : by > 0;
}

static pln_status take(pln__states *states, value_state *s, const view *value, const view *order,
                       int64_t i, pln_error *err) {
    int32_t kind = states->aggregate->spec.kind;
    bool apart = has_order(states->aggregate);
    pln_status status = PLN_OK;
    if (s->seen && kind == PLN__AGG_FIRST)
        return PLN_OK;
    if (s->seen && kind != PLN__AGG_LAST &&
        !replaces(kind, apart ? compare(order, i, &s->order) : compare(value, i, &s->value)))
        return PLN_OK;
    PLN__TRY(make_room_for(states, &s->value, value, i, err));
    if (apart)
        PLN__TRY(make_room_for(states, &s->order, order, i, err));
    put(&s->value, value, i);
    if (apart)
        put(&s->order, order, i);
    s->seen = 1;
out:
    return status;
}

static pln_status add(pln__states *states, const pln__agg_rows *rows, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    pln__agg_scratch *scratch = a->scratch;
    pln__agg_block *block = &scratch->block;
    pln_status status = PLN_OK;
    for (int64_t done = 0; done < rows->n && status == PLN_OK;) {
        PLN__TRY(pln__agg_next(rows, &a->column, has_order(a) ? &a->by : NULL, &done, block, err));
        view value = {.values = block->values, .first = block->first, .index = block->index};
        view order = {.values = block->second_values,
                      .first = block->second_first,
                      .index = block->second_index};
        look(&value, &a->column.type, a->load, block->n, scratch->values);
        if (has_order(a))
            look(&order, &a->by.type, a->load_by, block->n, scratch->orders);
        for (int64_t i = 0; i < block->n && status == PLN_OK; i++)
            status = take(states, pln__agg_state(states, pln__agg_group(block, rows, i)), &value,
                          &order, i, err);
    }
out:
    return status;
}

/* ---- two states ---- */

static pln_status copy_cell(pln__states *states, const pln__type *type, cell *to, const cell *from,
                            pln_error *err) {
    if (!pln__agg_is_text(type)) {
        *to = *from;
        return PLN_OK;
    }
    pln_status status = make_room(states, to, from->text.size, err);
    if (status == PLN_OK)
        put_text(to, from->text.bytes, from->text.size);
    return status;
}

static pln_status unite(pln__states *states, value_state *s, const value_state *t, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    int32_t kind = a->spec.kind;
    bool apart = has_order(a);
    pln_status status = PLN_OK;
    if (!t->seen || (s->seen && kind == PLN__AGG_FIRST))
        return PLN_OK;
    if (s->seen && kind != PLN__AGG_LAST &&
        !replaces(kind, apart ? compare_cells(&a->by.type, &t->order, &s->order)
                              : compare_cells(&a->column.type, &t->value, &s->value)))
        return PLN_OK;
    if (apart && pln__agg_is_text(&a->by.type))
        PLN__TRY(make_room(states, &s->order, t->order.text.size, err));
    PLN__TRY(copy_cell(states, &a->column.type, &s->value, &t->value, err));
    if (apart)
        PLN__TRY(copy_cell(states, &a->by.type, &s->order, &t->order, err));
    s->seen = 1;
out:
    return status;
}

static pln_status merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                        const int32_t *from_groups, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < n && status == PLN_OK; i++)
        status = unite(into, pln__agg_state(into, pln__agg_at(into_groups, i)),
                       pln__agg_state(from, pln__agg_at(from_groups, i)), err);
    return status;
}

static void drop_cell(pln__states *states, const pln__type *type, cell *c) {
    if (pln__agg_is_text(type))
        pln__free(&states->mem, c->text.bytes, (uint64_t)c->text.capacity);
}
static void drop(pln__states *states, void *state) {
    const pln__aggregate *a = states->aggregate;
    value_state *s = state;
    drop_cell(states, &a->column.type, &s->value);
    if (has_order(a))
        drop_cell(states, &a->by.type, &s->order);
}

/* ---- answers and bytes ---- */

static pln_status finish(pln__states *states, void *state, pln__column *out, pln_error *err) {
    const value_state *s = state;
    if (!s->seen)
        return pln__column_null(out, err);
    if (pln__agg_is_text(&states->aggregate->column.type))
        return pln_column_bytes(out, s->value.text.bytes, s->value.text.size, err);
    return pln__agg_put_bits(out, s->value.words, err);
}

static pln_status write_cell(const pln__states *states, const pln__type *type, const cell *c,
                             pln__buffer *out, pln_error *err) {
    if (pln__agg_is_text(type))
        return pln__agg_write_text(states->aggregate->mem, out, c->text.bytes, c->text.size, err);
    return pln__agg_write_words(states->aggregate->mem, out, c->words,
                                type->id == PLN__DECIMAL128 ? 2 : 1, err);
}

static pln_status write(const pln__states *states, const void *state, pln__buffer *out,
                        pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    const value_state *s = state;
    uint64_t seen = (uint64_t)s->seen;
    pln_status status = pln__agg_write_words(states->aggregate->mem, out, &seen, 1, err);
    if (status < 0 || !s->seen)
        return status;
    status = write_cell(states, &a->column.type, &s->value, out, err);
    return status < 0 || !has_order(a) ? status
                                       : write_cell(states, &a->by.type, &s->order, out, err);
}

static pln_status read_cell(pln__states *states, const pln__agg_column *column, bool key, cell *c,
                            pln__agg_reader *reader, pln_error *err) {
    const pln__type *type = &column->type;
    if (pln__agg_is_text(type)) {
        int64_t size;
        const uint8_t *bytes = pln__agg_read_text(reader, type, &size, err);
        if (bytes == NULL)
            return reader->cut ? PLN_OK : PLN_ECORRUPT;
        pln_status status = make_room(states, c, size, err);
        if (status == PLN_OK)
            put_text(c, bytes, size);
        return status;
    }
    c->words[0] = pln__agg_take_64(reader);
    if (type->id == PLN__DECIMAL128)
        c->words[1] = pln__agg_take_64(reader);
    else if (!(key ? pln__agg_is_key(type, (int64_t)c->words[0])
                   : pln__agg_is_bits(type, c->words[0])))
        return pln__error_set(err, PLN_ECORRUPT, "a value of column %s is beyond its type %s",
                              column->name, column->text);
    return PLN_OK;
}

static pln_status read(pln__states *states, void *state, pln__agg_reader *reader, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    value_state *s = state;
    uint64_t seen = pln__agg_take_64(reader);
    if (seen > 1)
        return pln__error_set(err, PLN_ECORRUPT, "the mark of a value is %llu, expected 0 or 1",
                              (unsigned long long)seen);
    s->seen = (int64_t)seen;
    pln_status status =
        seen ? read_cell(states, &a->column, false, &s->value, reader, err) : PLN_OK;
    return status < 0 || !seen || !has_order(a)
               ? status
               : read_cell(states, &a->by, true, &s->order, reader, err);
}

pln_status pln__agg_value_open(pln__aggregate *a, pln_error *err) {
    static const pln__agg_kind kind = {0, add, merge, finish, write, read, drop};
    a->kind = kind;
    a->kind.size =
        has_order(a) ? (int64_t)sizeof(value_state) : (int64_t)offsetof(value_state, order);
    a->load = pln__agg_load_bits(&a->column.type);
    if (has_order(a)) {
        a->load_by = pln__agg_load_keys(a->by.type.id);
        if (a->load_by == NULL && !pln__agg_is_text(&a->by.type))
            return pln__agg_refuse(a, &a->by, "a type that is neither nested nor null", err);
    }
    return pln__agg_field(a, NULL, 0, err);
}

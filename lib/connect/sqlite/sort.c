#include "connect/sqlite/sink.h"

/*
 * Rows in the order of the index they go to: neighbours then share pages, which is worth far more than the sort costs. Keys become 64-bit prefixes
 * (text after the part that all of them share), which a radix sort orders; what the prefix cannot tell apart is merged by whole keys.
 */

typedef struct sorter {
    const pln__lite_sink *sink;
    const pln__lite_column *keys[PLN__NESTING_MAX];
    int32_t n_keys;
    int64_t common; /* bytes that all text keys begin with */
    bool exact;     /* equal prefixes are equal keys */
} sorter;

static const struct ArrowArray *column_of(const sorter *s, const pln__lite_place *place,
                                          int32_t key) {
    return s->sink->held[place->held].rows->children[s->keys[key]->index];
}

static int compare_keys(const sorter *s, const pln__lite_place *a, const pln__lite_place *b) {
    for (int32_t k = 0; k < s->n_keys; k++) {
        int order = pln__array_compare(s->keys[k]->value.schema, column_of(s, a, k), a->row,
                                       column_of(s, b, k), b->row);
        if (order != 0)
            return order;
    }
    return 0;
}

/* ---- prefixes ---- */

static bool bytes_key(const sorter *s) {
    int32_t id = s->keys[0]->value.type.id;
    return pln__type_is_bytes(id) || id == PLN__FIXED;
}

static uint64_t bytes_prefix(const uint8_t *bytes, int64_t size) {
    uint64_t prefix = 0;
    int64_t n = size < 8 ? size : 8;
    for (int64_t i = 0; i < n; i++)
        prefix |= (uint64_t)bytes[i] << (56 - 8 * i);
    return prefix;
}

static uint64_t float_prefix(double value) {
    uint64_t bits;
    value = value == 0 ? 0 : value; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static uint64_t prefix_of(const sorter *s, const pln__lite_place *place) {
    const pln__lite_value *value = &s->keys[0]->value;
    const struct ArrowArray *array = column_of(s, place, 0);
    if (pln__lite_value_null(value, array, place->row))
        return 0;
    if (bytes_key(s)) {
        int64_t size;
        const uint8_t *bytes = pln__array_bytes(&value->type, array, place->row, &size);
        return size <= s->common ? 0 : bytes_prefix(bytes + s->common, size - s->common);
    }
    switch (value->type.id) {
    case PLN__FLOAT32:
    case PLN__FLOAT64: return float_prefix(pln__array_float(&value->type, array, place->row));
    case PLN__UINT64: return (uint64_t)pln__array_int(&value->type, array, place->row);
    case PLN__DECIMAL128:
    case PLN__NULL:
    case PLN__LIST:
    case PLN__STRUCT:
    case PLN__MAP:
    case PLN__UNION:
    case PLN__DICTIONARY: return 0;
    default: return (uint64_t)pln__array_int(&value->type, array, place->row) ^ (uint64_t)1 << 63;
    }
}

static int64_t shared_prefix(const sorter *s, const pln__lite_place *places, int64_t n) {
    const pln__lite_value *value = &s->keys[0]->value;
    const uint8_t *first = NULL;
    int64_t common = 0;
    for (int64_t i = 0; i < n; i++) {
        const struct ArrowArray *array = column_of(s, &places[i], 0);
        int64_t size, same = 0;
        if (pln__lite_value_null(value, array, places[i].row))
            continue;
        const uint8_t *bytes = pln__array_bytes(&value->type, array, places[i].row, &size);
        if (first == NULL) {
            first = bytes;
            common = size;
            continue;
        }
        int64_t most = size < common ? size : common;
        if (most > 0 && memcmp(first, bytes, (size_t)most) == 0)
            same = most;
        else
            while (same < most && first[same] == bytes[same])
                same++;
        common = same;
        if (common == 0)
            break;
    }
    return common;
}

/* ---- sorting ---- */

/* Least significant byte first, stable; bytes that are the same everywhere cost one pass of counting and no more. */
static pln__lite_place *radix(pln__lite_place *from, pln__lite_place *to, int64_t n) {
    static const int BYTES = 8;
    int32_t counts[8][256]; /* n is far below 2^31 */
    memset(counts, 0, sizeof counts);
    for (int64_t i = 0; i < n; i++)
        for (int b = 0; b < BYTES; b++)
            counts[b][from[i].prefix >> (8 * b) & 255]++;
    for (int b = 0; b < BYTES; b++) {
        int32_t *count = counts[b], at = 0;
        if ((int64_t)count[from[0].prefix >> (8 * b) & 255] == n)
            continue;
        for (int i = 0; i < 256; i++) {
            int32_t here = count[i];
            count[i] = at;
            at += here;
        }
        for (int64_t i = 0; i < n; i++)
            to[count[from[i].prefix >> (8 * b) & 255]++] = from[i];
        pln__lite_place *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static void insertion(const sorter *s, pln__lite_place *items, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        pln__lite_place item = items[i];
        int64_t at = i;
        for (; at > 0 && compare_keys(s, &items[at - 1], &item) > 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void merge(const sorter *s, pln__lite_place *items, int64_t left, int64_t n,
                  pln__lite_place *scratch) {
    int64_t i = 0, j = left, at = 0;
    if (compare_keys(s, &items[left - 1], &items[left]) <= 0)
        return;
    memcpy(scratch, items, (size_t)left * sizeof *items);
    while (i < left && j < n)
        items[at++] = compare_keys(s, &scratch[i], &items[j]) <= 0 ? scratch[i++] : items[j++];
    while (i < left)
        items[at++] = scratch[i++];
}

static void stable_sort(const sorter *s, pln__lite_place *items, int64_t n,
                        pln__lite_place *scratch) {
    enum { RUN = 16 };
    for (int64_t at = 0; at < n; at += RUN)
        insertion(s, items + at, n - at < RUN ? n - at : RUN);
    for (int64_t width = RUN; width < n; width *= 2)
        for (int64_t at = 0; at + width < n; at += 2 * width)
            merge(s, items + at, width, n - at < 2 * width ? n - at : 2 * width, scratch);
}

static void settle_ties(const sorter *s, pln__lite_place *items, int64_t n,
                        pln__lite_place *scratch) {
    for (int64_t at = 0; at < n;) {
        int64_t end = at + 1;
        while (end < n && items[end].prefix == items[at].prefix)
            end++;
        if (end - at > 1)
            stable_sort(s, items + at, end - at, scratch);
        at = end;
    }
}

static void set_up(sorter *s, const pln__lite_sink *sink) {
    *s = (sorter){.sink = sink};
    for (int64_t i = 0; i < sink->config.key.count && s->n_keys < PLN__NESTING_MAX; i++)
        for (int64_t c = 0; c < sink->n_columns; c++)
            if (strcmp(sink->columns[c].name, sink->config.key.items[i]) == 0)
                s->keys[s->n_keys++] = &sink->columns[c];
    int32_t how = s->keys[0]->value.how;
    /* A null has the prefix of the lowest value; rows with one are refused anyway, so their order does not matter. */
    s->exact = s->n_keys == 1 &&
               (how == PLN__STORE_INT || how == PLN__STORE_UINT64 || how == PLN__STORE_INT_REAL ||
                how == PLN__STORE_DATE || how == PLN__STORE_TIME || how == PLN__STORE_TIMESTAMP);
}

pln_status pln__lite_order(const pln__lite_sink *sink, pln__lite_place **order, pln_error *err) {
    sorter s;
    int64_t n = 0;
    uint64_t size = (uint64_t)(2 * sink->held_rows) * sizeof(pln__lite_place);
    pln__lite_place *places = pln__alloc(sink->mem, size), *sorted;
    *order = NULL;
    if (places == NULL)
        return pln__error_memory(err, size);
    set_up(&s, sink);
    for (int32_t h = 0; h < sink->n_held; h++)
        for (int64_t row = 0; row < sink->held[h].rows->length; row++)
            places[n++] = (pln__lite_place){0, h, (int32_t)row};
    if (bytes_key(&s))
        s.common = shared_prefix(&s, places, n);
    for (int64_t i = 0; i < n; i++)
        places[i].prefix = prefix_of(&s, &places[i]);
    sorted = radix(places, places + n, n);
    pln__lite_place *scratch = sorted == places ? places + n : places;
    if (!s.exact)
        settle_ties(&s, sorted, n, scratch);
    if (sorted != places)
        memcpy(places, sorted, (size_t)n * sizeof *places);
    *order = places;
    return PLN_OK;
}

void pln__lite_order_free(const pln__lite_sink *sink, pln__lite_place *order) {
    pln__free(sink->mem, order, (uint64_t)(2 * sink->held_rows) * sizeof *order);
}

/* The values themselves, as a list: a group keeps them as they are written down. */
#include "window/aggregate_internal.h"

enum { LIMIT = 1000000, LIMIT_MOST = 1 << 30 };

typedef struct list {
    pln__buffer bytes; /* one word, two of a decimal, or a text behind its size */
    int64_t n;
} list;

static pln_status full(const pln__aggregate *a, pln_error *err) {
    if ((a->spec.flags & PLN__AGG_TRUNCATE) != 0)
        return PLN_OK;
    return pln__error_set(err, PLN_ELIMIT, "a group has more than %lld values of column %s",
                          (long long)a->spec.limit, a->column.name);
}

static int32_t words_of(const pln__aggregate *a) {
    return a->column.type.id == PLN__DECIMAL128 ? 2 : 1;
}

static pln_status put(pln__states *states, list *s, const pln__agg_block *block, const void *words,
                      int64_t i, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    pln_status status;
    if (s->n >= a->spec.limit)
        return full(a, err);
    if (words == NULL) {
        int64_t size;
        const uint8_t *bytes =
            pln__array_bytes(&a->column.type, block->values, pln__agg_row(block, i), &size);
        PLN__TRY(pln__buffer_reserve(&states->mem, &s->bytes, 8 + size, err));
        PLN__TRY(pln__agg_write_text(&states->mem, &s->bytes, bytes, size, err));
    } else {
        PLN__TRY(pln__agg_write_words(&states->mem, &s->bytes,
                                      pln__agg_words(&a->column.type, words, i), words_of(a), err));
    }
    s->n++;
out:
    return status;
}

static pln_status add(pln__states *states, const pln__agg_rows *rows, pln_error *err) {
    const pln__agg_block *block = &states->aggregate->scratch->block;
    const void *words;
    pln_status status = PLN_OK;
    for (int64_t done = 0; done < rows->n && status == PLN_OK;) {
        status = pln__agg_next_values(states->aggregate, rows, &done, &words, err);
        for (int64_t i = 0; status == PLN_OK && i < block->n; i++)
            status = put(states, pln__agg_state(states, pln__agg_group(block, rows, i)), block,
                         words, i, err);
    }
    return status;
}

/* The next value, of words or a text; NULL at the end. */
static const uint8_t *next(const pln__aggregate *a, pln__agg_reader *reader, int64_t *size) {
    if (reader->at == reader->end)
        return NULL;
    if (a->load != NULL)
        *size = 8 * words_of(a);
    else
        *size = (int64_t)pln__agg_take_64(reader);
    return pln__agg_take(reader, *size);
}

static pln_status unite(pln__states *states, list *s, const list *t, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    int64_t room = a->spec.limit - s->n, n = t->n < room ? t->n : room, size;
    if (t->n == 0)
        return PLN_OK;
    pln__agg_reader reader = {t->bytes.data, t->bytes.data + t->bytes.size, false};
    for (int64_t i = 0; i < n; i++)
        (void)next(a, &reader, &size);
    pln_status status =
        pln__buffer_append(&states->mem, &s->bytes, t->bytes.data, reader.at - t->bytes.data, err);
    if (status < 0)
        return status;
    s->n += n;
    return n < t->n ? full(a, err) : PLN_OK;
}

static pln_status merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                        const int32_t *from_groups, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < n && status == PLN_OK; i++)
        status = unite(into, pln__agg_state(into, pln__agg_at(into_groups, i)),
                       pln__agg_state(from, pln__agg_at(from_groups, i)), err);
    return status;
}

static void drop(pln__states *states, void *state) {
    pln__buffer_free(&states->mem, &((list *)state)->bytes);
}

static pln_status finish(pln__states *states, void *state, pln__column *out, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    const list *s = state;
    pln__column *items = &out->children[0];
    pln_status status = PLN_OK;
    int64_t before = items->length, size;
    if (s->n == 0)
        return pln__column_null(out, err);
    pln__agg_reader reader = {s->bytes.data, s->bytes.data + s->bytes.size, false};
    for (const uint8_t *at; (at = next(a, &reader, &size)) != NULL;) {
        if (a->load == NULL) {
            PLN__TRY(pln_column_bytes(items, at, size, err));
            continue;
        }
        const uint64_t bits[2] = {pln__load_le64(at), size == 16 ? pln__load_le64(at + 8) : 0};
        PLN__TRY(pln__agg_put_bits(items, bits, err));
    }
    PLN__TRY(pln_column_end(out, err));
out:
    if (status < 0)
        pln__column_truncate(items, before);
    return status;
}

static pln_status write(const pln__states *states, const void *state, pln__buffer *out,
                        pln_error *err) {
    const list *s = state;
    const uint64_t head[2] = {(uint64_t)s->n, (uint64_t)s->bytes.size};
    const pln_allocator *mem = states->aggregate->mem;
    pln_status status = pln__agg_write_words(mem, out, head, 2, err);
    return status < 0 || s->n == 0
               ? status
               : pln__buffer_append(mem, out, s->bytes.data, s->bytes.size, err);
}

/* Holds the values to their type, and their number to `n`. */
static pln_status check(const pln__aggregate *a, pln__agg_reader *reader, uint64_t n,
                        pln_error *err) {
    for (uint64_t i = 0; i < n; i++) {
        int64_t size;
        if (a->load == NULL) {
            if (pln__agg_read_text(reader, &a->column.type, &size, err) == NULL)
                return reader->cut ? PLN_OK : PLN_ECORRUPT;
            continue;
        }
        uint64_t bits = pln__agg_take_64(reader);
        if (words_of(a) == 2)
            (void)pln__agg_take_64(reader);
        else if (!pln__agg_is_bits(&a->column.type, bits))
            return pln__error_set(err, PLN_ECORRUPT, "value %llu is beyond its type %s",
                                  (unsigned long long)i, a->column.text);
        if (reader->cut)
            break;
    }
    return PLN_OK;
}

static pln_status read(pln__states *states, void *state, pln__agg_reader *reader, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    list *s = state;
    uint64_t n = pln__agg_take_64(reader), size = pln__agg_take_64(reader);
    if (n > (uint64_t)a->spec.limit || size > INT64_MAX)
        return pln__error_set(err, PLN_ECORRUPT, "%llu values in %llu bytes, expected at most %lld",
                              (unsigned long long)n, (unsigned long long)size,
                              (long long)a->spec.limit);
    const uint8_t *bytes = pln__agg_take(reader, (int64_t)size);
    if (bytes == NULL)
        return PLN_OK;
    pln__agg_reader values = {bytes, bytes + size, false};
    pln_status status = check(a, &values, n, err);
    if (status < 0)
        return status;
    if (values.cut || values.at != values.end)
        return pln__error_set(err, PLN_ECORRUPT, "%llu values do not fill %llu bytes",
                              (unsigned long long)n, (unsigned long long)size);
    if (n > 0)
        status = pln__buffer_append(&states->mem, &s->bytes, bytes, (int64_t)size, err);
    s->n = status < 0 ? 0 : (int64_t)n;
    return status;
}

pln_status pln__agg_collect_open(pln__aggregate *a, pln_error *err) {
    static const pln__agg_kind kind = {sizeof(list), add, merge, finish, write, read, drop};
    pln_status status =
        pln__agg_default(&a->spec.limit, LIMIT, 1, LIMIT_MOST, "the limit of values", err);
    a->kind = kind;
    a->load = pln__agg_load_bits(&a->column.type);
    if (status == PLN_OK)
        status = pln__agg_field(a, "+l", 1, err);
    return status < 0 ? status
                      : pln__field_new(a->mem, a->column.format, "item", false, 0,
                                       a->out.children[0], err);
}

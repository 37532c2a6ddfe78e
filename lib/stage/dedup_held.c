/*
 * One row for each key, until it is known that it stays. What is held are rows of the batches that came, not copies; batches of which little is left
 * are copied together. A row that leaves is copied: rows of many batches leave in the order in which their keys came.
 */
#include "base/little.h"
#include "stage/dedup.h"

/* ---- the order in which keys close: a heap ---- */

static bool sooner(const pln__held *h, int64_t a, int64_t b) {
    int64_t first_a = h->rows[a - h->base].first, first_b = h->rows[b - h->base].first;
    return first_a != first_b ? first_a < first_b : a < b;
}

static void swap(int64_t *a, int64_t *b) {
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

static pln_status queue_push(pln__dedup_stage *s, int64_t id, pln_error *err) {
    pln__held_queue *q = &s->held.queue;
    pln_status status = pln__grow(s->mem, &q->ids, &q->capacity, q->n + 1, sizeof *q->ids, err);
    if (status < 0)
        return status;
    int64_t at = q->n++;
    q->ids[at] = id;
    for (; at > 0 && sooner(&s->held, q->ids[at], q->ids[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&q->ids[at], &q->ids[(at - 1) / 2]);
    return PLN_OK;
}

static int64_t queue_pop(pln__held *h) {
    pln__held_queue *q = &h->queue;
    int64_t id = q->ids[0], at = 0;
    q->ids[0] = q->ids[--q->n];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child + 1 < q->n && sooner(h, q->ids[child + 1], q->ids[child]))
            child++;
        if (child >= q->n || !sooner(h, q->ids[child], q->ids[at]))
            return id;
        swap(&q->ids[child], &q->ids[at]);
        at = child;
    }
}

/* ---- batches of which rows are held ---- */

static void let_go(pln__held *h, pln_context *ctx, int32_t slot) {
    pln__held_batch *b = &h->batches[slot];
    h->live--;
    if (--b->live > 0)
        return;
    h->pinned -= ctx->host->batch_array(b->batch)->length;
    ctx->host->batch_unref(b->batch);
    b->batch = NULL;
}

/* A slot for the batch at hand, with one more than its rows as live, so that it stays while they are looked at. */
static pln_status take_slot(pln__dedup_stage *s, pln_context *ctx, pln_batch *batch, int32_t *slot,
                            pln_error *err) {
    pln__held *h = &s->held;
    int64_t at = 0;
    while (at < h->n_batches && h->batches[at].batch != NULL)
        at++;
    if (at == h->n_batches) {
        pln_status status =
            pln__grow(s->mem, &h->batches, &h->batches_capacity, at + 1, sizeof *h->batches, err);
        if (status < 0)
            return status;
        h->n_batches++;
    }
    h->batches[at] = (pln__held_batch){ctx->host->batch_ref(batch), 1};
    h->pinned += ctx->host->batch_array(batch)->length;
    h->live++;
    *slot = (int32_t)at;
    return PLN_OK;
}

static const struct ArrowArray *array_of(const pln__held *h, const pln_host *host, int32_t slot) {
    return host->batch_array(h->batches[slot].batch);
}

/* ---- rows that leave ---- */

/* The copies in a writer as a batch. */
static pln_status made_of(pln__column *column, pln_context *ctx, int32_t port, pln_batch **out,
                          pln_error *err) {
    struct ArrowArray array = {0};
    pln_status status = pln__column_finish(column, &array, err);
    return status < 0 ? status : ctx->host->batch_new(ctx, port, &array, NULL, out, err);
}

static pln_status flush(pln__column *column, pln_context *ctx, int32_t port, pln_error *err) {
    pln_batch *batch = NULL;
    if (column->length == 0)
        return PLN_OK;
    pln_status status = made_of(column, ctx, port, &batch, err);
    return status < 0 ? status : ctx->host->emit(ctx, port, batch, err);
}

/* A key's scope ends. Of rows that were passed on when they came nothing is left to do. */
static pln_status close_key(pln__dedup_stage *s, pln_context *ctx, int64_t id, pln_error *err) {
    pln__held *h = &s->held;
    pln__held_row *r = &h->rows[id - h->base];
    pln_status status = PLN_OK;
    if (!s->updates)
        status = pln__column_copy(&h->out, array_of(h, ctx->host, r->slot), r->row, err);
    if (status < 0)
        return status;
    let_go(h, ctx, r->slot);
    r->slot = -1;
    return h->out.length < PLN__HELD_PART ? PLN_OK : flush(&h->out, ctx, PLN__DEDUP_OUT, err);
}

static int by_number(const void *a, const void *b, const void *context) {
    const int64_t *x = a, *y = b;
    (void)context;
    return (*x > *y) - (*x < *y);
}

/* Numbers at the beginning that are closed are gone; the index forgets their keys. */
static pln_status drop_closed(pln__dedup_stage *s, pln_error *err) {
    pln__held *h = &s->held;
    int64_t gone = 0;
    while (gone < h->n && h->rows[gone].slot < 0)
        gone++;
    if (gone * 2 < h->n || gone == 0)
        return PLN_OK;
    h->n -= gone;
    h->base += gone;
    memmove(h->rows, h->rows + gone, (size_t)h->n * sizeof *h->rows);
    return pln_dedup_expire(s->index, h->base, err);
}

/* All keys that came before the horizon. Those that one row closes leave in the order of their numbers. */
static pln_status close_old(pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    pln__held *h = &s->held;
    pln_status status = PLN_OK;
    int64_t before = pln__dedup_before(s), n = 0;
    pln__buffer *ids = &s->bits; /* not otherwise used by rows that are held */
    ids->size = 0;
    while (h->queue.n > 0 && h->rows[h->queue.ids[0] - h->base].first < before) {
        int64_t id = queue_pop(h);
        PLN__TRY(pln__buffer_append(s->mem, ids, &id, sizeof id, err));
        n++;
    }
    pln__sort(ids->data, n, sizeof(int64_t), by_number, NULL);
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(close_key(s, ctx, ((const int64_t *)(const void *)ids->data)[i], err));
out:
    return status;
}

pln_status pln__held_end(pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    pln__held *h = &s->held;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < h->n; i++)
        if (h->rows[i].slot >= 0)
            PLN__TRY(close_key(s, ctx, h->base + i, err));
    PLN__TRY(flush(&h->out, ctx, PLN__DEDUP_OUT, err));
    h->base += h->n;
    h->n = h->queue.n = 0;
    pln_dedup_clear(s->index);
    PLN__TRY(pln_dedup_expire(s->index, h->base, err)); /* of those in the state file, too */
out:
    return status;
}

/* ---- rows that come ---- */

typedef struct arrival {
    pln__dedup_stage *stage;
    pln_context *ctx;
    const struct ArrowArray *rows;
    int32_t slot; /* of the batch at hand */
    bool show;    /* somebody reads the port of duplicates */
    int64_t absorbed, beaten;
    pln_error *err;
} arrival;

static pln_status new_key(arrival *a, int64_t row, int64_t first, int64_t *id) {
    pln__dedup_stage *s = a->stage;
    pln__held *h = &s->held;
    pln_status status =
        pln__grow(s->mem, &h->rows, &h->capacity, h->n + 1, sizeof *h->rows, a->err);
    if (status < 0)
        return status;
    *id = h->base + h->n;
    h->rows[h->n++] = (pln__held_row){a->slot, (int32_t)row, first};
    h->batches[a->slot].live++;
    h->live++;
    return s->scope == PLN__SCOPE_TTL || s->scope == PLN__SCOPE_HORIZON ? queue_push(s, *id, a->err)
                                                                        : PLN_OK;
}

static bool beats(const arrival *a, const pln__held_row *r, int64_t row) {
    const pln__dedup_stage *s = a->stage;
    if (s->keep == PLN__KEEP_LAST)
        return true;
    int64_t c = s->version_column;
    return pln__array_compare(s->schema.children[c], a->rows->children[c], row,
                              array_of(&s->held, a->ctx->host, r->slot)->children[c], r->row) > 0;
}

/* Of a row of a known key and the one that is held, one stays; the other is a duplicate, and counts as the one that came. */
static pln_status known_key(arrival *a, pln__held_row *r, int64_t row) {
    pln__dedup_stage *s = a->stage;
    bool wins = beats(a, r, row);
    pln_status status = PLN_OK;
    /* What was passed on cannot be taken back: then only rows that lost at once are duplicates. */
    if (a->show && !(wins && s->updates)) {
        if (wins)
            status = pln__column_copy(&s->held.losers, array_of(&s->held, a->ctx->host, r->slot),
                                      r->row, a->err);
        else
            status = pln__column_copy(&s->held.losers, a->rows, row, a->err);
    }
    if (status < 0)
        return status;
    a->beaten += !(wins && s->updates);
    if (!wins)
        return PLN_OK;
    s->held.batches[a->slot].live++;
    s->held.live++;
    let_go(&s->held, a->ctx, r->slot);
    r->slot = a->slot;
    r->row = (int32_t)row;
    if (s->updates)
        s->picks.rows[s->picks.n++] = (int32_t)row;
    return PLN_OK;
}

/* `i`: which of the keys fetched last. */
static pln_status arrive(arrival *a, int64_t row, uint64_t hash, int64_t i, int64_t first) {
    pln__dedup_stage *s = a->stage;
    pln__held *h = &s->held;
    pln__dedup_asked asked = {s->key_bytes.data + row * PLN_KEY_SIZE, hash, i};
    int64_t stands, id;
    bool fresh;
    pln_status status = pln__dedup_one(s->index, &asked, h->base + h->n, &stands, &fresh, a->err);
    if (status < 0)
        return status;
    if (!fresh && h->rows[stands - h->base].slot >= 0)
        return known_key(a, &h->rows[stands - h->base], row);
    status = new_key(a, row, first, &id);
    if (status >= 0 && !fresh)
        status = pln__dedup_set(s->index, &asked, id, a->err);
    if (status < 0)
        return status;
    if (s->updates)
        s->picks.rows[s->picks.n++] = (int32_t)row;
    a->absorbed += !s->updates;
    return status;
}

static pln_status arrive_all(arrival *a, int64_t n, const int64_t *times) {
    pln__dedup_stage *s = a->stage;
    pln_status status = PLN_OK;
    uint64_t hashes[PLN__DEDUP_FETCH];
    int64_t step = pln__dedup_step(s->index);
    for (int64_t i = 0; i < n; i++) {
        int64_t k = i % step, first = times == NULL ? 0 : times[i];
        if (k == 0)
            PLN__TRY(pln__dedup_fetch(s->index, s->key_bytes.data + i * PLN_KEY_SIZE,
                                      n - i < step ? n - i : step, hashes, a->err));
        if (first == INT64_MIN)
            continue;
        if (times != NULL && (first > s->latest || i == 0)) {
            s->latest = first > s->latest ? first : s->latest;
            PLN__TRY(close_old(s, a->ctx, a->err));
        }
        if (s->scope == PLN__SCOPE_HORIZON && first < pln__dedup_before(s))
            s->late.rows[s->late.n++] = (int32_t)i;
        else
            PLN__TRY(arrive(a, i, hashes[k], k, first));
    }
out:
    return status;
}

/* ---- copying together ---- */

/* Rows of batches of which less than a quarter is held go together to new ones. */
static pln_status pack(pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    pln__held *h = &s->held;
    pln_status status = PLN_OK;
    if (h->pinned < 4 * h->live + 16 * PLN__HELD_PART)
        return PLN_OK;
    for (int64_t i = 0; i < h->n;) {
        int64_t end = i;
        pln_batch *batch = NULL;
        int32_t slot = 0, row = 0;
        for (; end < h->n && h->out.length < PLN__HELD_PART; end++)
            if (h->rows[end].slot >= 0)
                PLN__TRY(pln__column_copy(&h->out, array_of(h, ctx->host, h->rows[end].slot),
                                          h->rows[end].row, err));
        if (h->out.length == 0)
            break;
        PLN__TRY(made_of(&h->out, ctx, PLN__DEDUP_OUT, &batch, err));
        status = take_slot(s, ctx, batch, &slot, err);
        ctx->host->batch_unref(batch);
        PLN__TRY(status);
        for (; i < end; i++) {
            if (h->rows[i].slot < 0)
                continue;
            let_go(h, ctx, h->rows[i].slot);
            h->rows[i].slot = slot;
            h->rows[i].row = row++;
            h->batches[slot].live++;
            h->live++;
        }
        let_go(h, ctx, slot);
    }
out:
    return status;
}

pln_status pln__held_process(pln__dedup_stage *s, pln_context *ctx, pln_batch *batch,
                             const int64_t *times, pln_error *err) {
    pln__held *h = &s->held;
    pln_status status = PLN_OK;
    arrival a = {.stage = s, .ctx = ctx, .rows = ctx->host->batch_array(batch), .err = err};
    a.show = ctx->host->port_edges(ctx, PLN__DEDUP_DUPLICATE) > 0;
    PLN__TRY(take_slot(s, ctx, batch, &a.slot, err));
    status = arrive_all(&a, a.rows->length, times);
    let_go(h, ctx, a.slot);
    PLN__TRY(status);
    PLN__TRY(ctx->host->account(ctx, PLN_ABSORBED, a.absorbed, err));
    PLN__TRY(ctx->host->account(ctx, PLN_DUPLICATE, a.beaten, err));
    PLN__TRY(flush(&h->losers, ctx, PLN__DEDUP_DUPLICATE, err));
    PLN__TRY(flush(&h->out, ctx, PLN__DEDUP_OUT, err));
    PLN__TRY(drop_closed(s, err));
    PLN__TRY(pack(s, ctx, err));
out:
    return status;
}

/* ---- life ---- */

pln_status pln__held_schema(pln__dedup_stage *s, pln_error *err) {
    pln__held *h = &s->held;
    if (!pln__dedup_holds(s))
        return PLN_OK;
    if (h->ready) {
        pln__column_free(&h->out);
        pln__column_free(&h->losers);
        h->ready = false;
    }
    pln_status status = pln__column_init(s->mem, &s->schema, &h->out, err);
    if (status < 0)
        return status;
    status = pln__column_init(s->mem, &s->schema, &h->losers, err);
    if (status < 0)
        pln__column_free(&h->out);
    h->ready = status >= 0;
    return status;
}

void pln__held_free(pln__dedup_stage *s, pln_context *ctx) {
    pln__held *h = &s->held;
    for (int64_t i = 0; i < h->n_batches; i++)
        if (h->batches[i].batch != NULL)
            ctx->host->batch_unref(h->batches[i].batch);
    if (h->ready) {
        pln__column_free(&h->out);
        pln__column_free(&h->losers);
    }
    pln__free(s->mem, h->rows, (uint64_t)h->capacity * sizeof *h->rows);
    pln__free(s->mem, h->batches, (uint64_t)h->batches_capacity * sizeof *h->batches);
    pln__free(s->mem, h->queue.ids, (uint64_t)h->queue.capacity * sizeof *h->queue.ids);
    *h = (pln__held){0};
}

pln_status pln__held_restore(pln__dedup_stage *s, pln_context *ctx, pln_batch *batch,
                             const uint8_t *firsts, pln_error *err) {
    pln_status status = PLN_OK;
    arrival a = {.stage = s, .ctx = ctx, .rows = ctx->host->batch_array(batch), .err = err};
    int64_t n = a.rows->length;
    s->key_bytes.size = 0;
    PLN__TRY(pln__buffer_reserve(s->mem, &s->key_bytes, n * PLN_KEY_SIZE + 8, err));
    PLN__TRY(pln_keys_batch(s->keys, a.rows, s->key_bytes.data, err));
    PLN__TRY(take_slot(s, ctx, batch, &a.slot, err));
    uint64_t hashes[PLN__DEDUP_FETCH];
    int64_t step = pln__dedup_step(s->index);
    for (int64_t i = 0; i < n && status >= 0; i++) {
        const uint8_t *key = s->key_bytes.data + i * PLN_KEY_SIZE;
        int64_t stands, id, k = i % step;
        bool fresh = false;
        if (k == 0)
            status = pln__dedup_fetch(s->index, key, n - i < step ? n - i : step, hashes, err);
        if (status >= 0)
            status = pln__dedup_one(s->index, &(pln__dedup_asked){key, hashes[k], k},
                                    s->held.base + s->held.n, &stands, &fresh, err);
        if (status >= 0 && !fresh)
            status = pln__error_set(err, PLN_ECORRUPT, "the saved rows have a key twice");
        if (status >= 0)
            status = new_key(&a, i, (int64_t)pln__load_le64(firsts + 8 * i), &id);
    }
    let_go(&s->held, ctx, a.slot);
out:
    return status;
}

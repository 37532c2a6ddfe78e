/*
 * The state of dedup in pieces of bounded size. "state": numbers of 8 bytes; "keys.N": of the index, "bloom.N": parts of the filter's bytes, "rows.N":
 * rows that are held, each piece a count, when their keys came, and the rows. N counts from 0. "spill": beside a state file that may have more keys, the number of the next
 * key that is held and the generation; "behind0.N" and "behind1.N": what the index knows of the keys there. Rows that are held put theirs there again.
 */
#include "base/little.h"
#include "stage/dedup.h"
#include <stdio.h>

enum { VERSION = 1, NUMBERS = 6, KEYS_PIECE = 1 << 18, BLOOM_PIECE = 1 << 20 };

/* ---- saving ---- */

static pln_status put(pln_context *ctx, const char *what, int64_t number, const void *bytes,
                      int64_t size, pln_error *err) {
    char key[32];
    snprintf(key, sizeof key, "%s.%lld", what, (long long)number);
    return ctx->host->state_put(ctx, key, bytes, size, err);
}

static pln_status save_numbers(const pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    uint64_t numbers[NUMBERS] = {VERSION, s->seed, (uint64_t)s->latest};
    uint8_t bytes[8 * NUMBERS];
    for (int i = 0; i < 3; i++)
        numbers[3 + i] = (uint64_t)s->reported[i];
    for (int i = 0; i < NUMBERS; i++)
        pln__store_le64(bytes + 8 * i, numbers[i]);
    return ctx->host->state_put(ctx, "state", bytes, sizeof bytes, err);
}

static pln_status save_keys(const pln__dedup_stage *s, pln_context *ctx, pln__buffer *scratch,
                            pln_error *err) {
    pln_status status;
    int64_t cursor = 0, size = 0;
    PLN__TRY(pln__buffer_reserve(s->mem, scratch, KEYS_PIECE, err));
    for (int64_t n = 0;; n++) {
        PLN__TRY(pln_dedup_write(s->index, &cursor, scratch->data, KEYS_PIECE, &size, err));
        if (status == PLN_EOS)
            return PLN_OK;
        PLN__TRY(put(ctx, "keys", n, scratch->data, size, err));
    }
out:
    return status;
}

static pln_status save_spill(const pln__dedup_stage *s, pln_context *ctx, pln_error *err) {
    uint8_t bytes[16];
    pln__store_le64(bytes, (uint64_t)(s->held.base + s->held.n));
    pln__store_le64(bytes + 8, (uint64_t)s->generation);
    return ctx->host->state_put(ctx, "spill", bytes, sizeof bytes, err);
}

static const char *const behind_names[] = {"behind0", "behind1"};

static pln_status save_behind(const pln__dedup_stage *s, pln_context *ctx, int which,
                              pln__buffer *scratch, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t size = pln__dedup_filter_size(s->index, which);
    if (size == 0)
        return PLN_OK;
    PLN__TRY(pln__buffer_reserve(s->mem, scratch, size, err));
    PLN__TRY(
        pln__dedup_filter_write(s->index, which, scratch->data, scratch->capacity, &size, err));
    for (int64_t at = 0; at < size; at += BLOOM_PIECE)
        PLN__TRY(put(ctx, behind_names[which], at / BLOOM_PIECE, scratch->data + at,
                     size - at < BLOOM_PIECE ? size - at : BLOOM_PIECE, err));
out:
    return status;
}

static pln_status save_bloom(const pln__dedup_stage *s, pln_context *ctx, pln__buffer *scratch,
                             pln_error *err) {
    pln_status status;
    int64_t size = pln_bloom_size(s->bloom);
    PLN__TRY(pln__buffer_reserve(s->mem, scratch, size, err));
    PLN__TRY(pln_bloom_write(s->bloom, scratch->data, scratch->capacity, &size, err));
    for (int64_t at = 0; at < size; at += BLOOM_PIECE)
        PLN__TRY(put(ctx, "bloom", at / BLOOM_PIECE, scratch->data + at,
                     size - at < BLOOM_PIECE ? size - at : BLOOM_PIECE, err));
out:
    return status;
}

/* Rows [*from ...) that are held, at most a part, copied together. */
static pln_status save_part(pln__dedup_stage *s, pln_context *ctx, int64_t *from,
                            pln__buffer *scratch, pln_error *err) {
    pln_status status = PLN_OK;
    pln__held *h = &s->held;
    struct ArrowArray array = {0};
    uint8_t number[8];
    scratch->size = 0;
    PLN__TRY(pln__buffer_append(s->mem, scratch, "\0\0\0\0\0\0\0", 8, err));
    for (; *from < h->n && h->out.length < PLN__HELD_PART; ++*from) {
        const pln__held_row *r = &h->rows[*from];
        if (r->slot < 0)
            continue;
        const struct ArrowArray *rows = ctx->host->batch_array(h->batches[r->slot].batch);
        PLN__TRY(pln__column_copy(&h->out, rows, r->row, err));
        pln__store_le64(number, (uint64_t)r->first);
        PLN__TRY(pln__buffer_append(s->mem, scratch, number, 8, err));
    }
    pln__store_le64(scratch->data, (uint64_t)h->out.length);
    PLN__TRY(pln__column_finish(&h->out, &array, err));
    PLN__TRY(pln__array_write(s->mem, &s->schema, &array, scratch, err));
out:
    pln__array_release(&array);
    return status;
}

static pln_status save_rows(pln__dedup_stage *s, pln_context *ctx, pln__buffer *scratch,
                            pln_error *err) {
    pln_status status = PLN_OK;
    int64_t from = 0;
    for (int64_t n = 0; from < s->held.n; n++) {
        PLN__TRY(save_part(s, ctx, &from, scratch, err));
        PLN__TRY(put(ctx, "rows", n, scratch->data, scratch->size, err));
    }
out:
    return status;
}

pln_status pln__dedup_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    pln_status status;
    pln__dedup_stage *s = self;
    pln__buffer scratch = {0};
    (void)n;
    PLN__TRY(save_numbers(s, ctx, err));
    if (s->spills)
        PLN__TRY(save_spill(s, ctx, err));
    for (int which = 0; which < 2 && s->spills && !pln__dedup_holds(s); which++) {
        scratch.size = 0;
        PLN__TRY(save_behind(s, ctx, which, &scratch, err));
    }
    scratch.size = 0;
    PLN__TRY(s->use_bloom          ? save_bloom(s, ctx, &scratch, err)
             : pln__dedup_holds(s) ? save_rows(s, ctx, &scratch, err)
                                   : save_keys(s, ctx, &scratch, err));
out:
    pln__buffer_free(s->mem, &scratch);
    return status;
}

/* ---- loading ---- */

static pln_status damaged(pln_error *err, const char *key) {
    return pln__error_set(err, PLN_ECORRUPT, "the saved piece '%s' is damaged", key);
}

static pln_status load_numbers(pln__dedup_stage *s, const pln_piece *piece, pln_error *err) {
    const uint8_t *bytes = piece->bytes;
    if (strcmp(piece->key, "state") != 0 || piece->size != 8 * NUMBERS)
        return damaged(err, piece->key);
    if (pln__load_le64(bytes) != VERSION)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "the saved state has version %llu, expected %d",
                              (unsigned long long)pln__load_le64(bytes), VERSION);
    s->seed = pln__load_le64(bytes + 8);
    s->latest = (int64_t)pln__load_le64(bytes + 16);
    for (int i = 0; i < 3; i++)
        s->reported[i] = (int64_t)pln__load_le64(bytes + 24 + 8 * i);
    return PLN_OK;
}

static pln_status load_rows(pln__dedup_stage *s, pln_context *ctx, const pln_piece *piece,
                            pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowArray array = {0};
    pln_batch *batch = NULL;
    const uint8_t *bytes = piece->bytes;
    int64_t n = piece->size < 8 ? -1 : (int64_t)pln__load_le64(bytes);
    if (n < 0 || n > (piece->size - 8) / 8)
        return damaged(err, piece->key);
    PLN__TRY(pln__array_read(s->mem, &s->schema, bytes + 8 + 8 * n, piece->size - 8 - 8 * n, &array,
                             err));
    if (array.length != n) {
        pln__array_release(&array);
        return damaged(err, piece->key);
    }
    PLN__TRY(ctx->host->batch_new(ctx, PLN__DEDUP_OUT, &array, NULL, &batch, err));
    status = pln__held_restore(s, ctx, batch, bytes + 8, err);
out:
    if (batch != NULL)
        ctx->host->batch_unref(batch);
    return status;
}

static pln_status load_bloom(pln__dedup_stage *s, const pln__buffer *bytes, pln_error *err) {
    pln_bloom *bloom = NULL;
    pln_bloom_options options;
    pln_bloom_options_init(&options, sizeof options);
    options.seed = s->seed;
    options.allocator = s->mem;
    pln_status status = pln_bloom_read(NULL, &options, bytes->data, bytes->size, &bloom, err);
    if (status < 0)
        return status;
    pln_bloom_free(s->bloom);
    s->bloom = bloom;
    return PLN_OK;
}

static pln_status load_spill(pln__dedup_stage *s, const pln_piece *piece, pln_error *err) {
    const uint8_t *bytes = piece->bytes;
    if (strcmp(piece->key, "spill") != 0 || piece->size != 16)
        return damaged(err, piece->key);
    s->held.base = (int64_t)pln__load_le64(bytes);
    s->generation = (int64_t)pln__load_le64(bytes + 8);
    if (s->held.base < 0 || s->held.base == INT64_MAX)
        return damaged(err, piece->key);
    return pln__dedup_holds(s) ? pln_dedup_expire(s->index, s->held.base, err) : PLN_OK;
}

/* Whether a piece is number `n` of those with this name. */
static bool is_piece(const pln_piece *piece, const char *what, int64_t n) {
    char key[32];
    snprintf(key, sizeof key, "%s.%lld", what, (long long)n);
    return strcmp(key, piece->key) == 0;
}

/* The pieces of one filter from *at on. */
static pln_status load_behind(pln__dedup_stage *s, const pln_piece *pieces, int64_t count,
                              int64_t *at, int which, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer bytes = {0};
    for (int64_t n = 0; *at < count && is_piece(&pieces[*at], behind_names[which], n); n++, ++*at)
        PLN__TRY(pln__buffer_append(s->mem, &bytes, pieces[*at].bytes, pieces[*at].size, err));
    if (bytes.size > 0)
        PLN__TRY(pln__dedup_filter_read(s->index, which, bytes.data, bytes.size, err));
out:
    pln__buffer_free(s->mem, &bytes);
    return status;
}

static pln_status load_pieces(pln__dedup_stage *s, pln_context *ctx, const pln_piece *pieces,
                              int64_t count, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer bloom = {0};
    const char *what = s->use_bloom ? "bloom" : pln__dedup_holds(s) ? "rows" : "keys";
    for (int64_t i = 0; i < count; i++) {
        if (!is_piece(&pieces[i], what, i))
            PLN__TRY(damaged(err, pieces[i].key));
        PLN__TRY(
            s->use_bloom ? pln__buffer_append(s->mem, &bloom, pieces[i].bytes, pieces[i].size, err)
            : pln__dedup_holds(s) ? load_rows(s, ctx, &pieces[i], err)
                                  : pln_dedup_read(s->index, pieces[i].bytes, pieces[i].size, err));
    }
    if (s->use_bloom)
        PLN__TRY(load_bloom(s, &bloom, err));
out:
    pln__buffer_free(s->mem, &bloom);
    return status;
}

pln_status pln__dedup_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                           pln_error *err) {
    pln_status status = PLN_OK;
    pln__dedup_stage *s = self;
    int64_t at = 1;
    s->ctx = ctx;
    if (count < 1)
        return pln__error_set(err, PLN_ECORRUPT, "the saved state is missing");
    PLN__TRY(load_numbers(s, &pieces[0], err));
    PLN__TRY(pln__dedup_keys_new(s, &s->schema, err));
    pln__dedup_stores_free(s);
    PLN__TRY(pln__dedup_stores_new(s, err));
    if (!s->use_bloom && !pln__dedup_holds(s) && s->latest != INT64_MIN)
        PLN__TRY(pln_dedup_expire(s->index, pln__dedup_before(s), err));
    if (s->spills && count > 1 && strcmp(pieces[1].key, "spill") == 0) {
        PLN__TRY(load_spill(s, &pieces[at++], err));
        for (int which = 0; which < 2; which++)
            PLN__TRY(load_behind(s, pieces, count, &at, which, err));
    }
    PLN__TRY(load_pieces(s, ctx, pieces + at, count - at, err));
out:
    return status;
}

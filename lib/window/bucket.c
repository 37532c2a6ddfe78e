#include "window/windows_internal.h"

static uint64_t states_size(const pln__windows *w) {
    return (uint64_t)(w->spec.n_aggregates + 1) * sizeof(pln__states *);
}

void pln__bucket_free(pln__windows *w, pln__bucket *bucket) {
    if (bucket == NULL)
        return;
    pln__key_groups_free(&bucket->groups);
    for (int64_t a = 0; bucket->states != NULL && a < w->spec.n_aggregates; a++)
        if (bucket->states[a] != NULL)
            pln__states_free(bucket->states[a]);
    pln__free(w->mem, bucket->states, states_size(w));
    pln__free(w->mem, bucket->since, (uint64_t)bucket->since_capacity * sizeof *bucket->since);
    pln__free(w->mem, bucket, sizeof *bucket);
}

pln_status pln__bucket_new(pln__windows *w, int64_t start, bool groups, bool states,
                           pln__bucket **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__bucket *bucket = pln__calloc(w->mem, 1, sizeof *bucket);
    *out = bucket;
    if (bucket == NULL)
        return pln__error_memory(err, sizeof *bucket);
    bucket->start = start;
    bucket->first_run = bucket->last_run = -1;
    if (groups)
        PLN__TRY(pln__key_groups_init(&bucket->groups, w->mem, &w->keys_schema, err));
    bucket->states = pln__calloc(w->mem, 1, states_size(w));
    if (bucket->states == NULL)
        PLN__TRY(pln__error_memory(err, states_size(w)));
    for (int64_t a = 0; states && a < w->spec.n_aggregates; a++)
        PLN__TRY(pln__states_new(w->aggregates[a], &bucket->states[a], err));
out:
    if (status < 0) {
        pln__bucket_free(w, bucket);
        *out = NULL;
    }
    return status;
}

static pln_status count_rows(pln__windows *w, pln__bucket *bucket, int64_t n, pln_error *err) {
    int64_t had = bucket->since_capacity;
    pln_status status = pln__grow(w->mem, &bucket->since, &bucket->since_capacity,
                                  bucket->groups.n + 1, sizeof *bucket->since, err);
    if (status < 0)
        return status;
    memset(bucket->since + had, 0, (size_t)(bucket->since_capacity - had) * sizeof *bucket->since);
    for (int64_t i = 0; i < n; i++)
        bucket->since[w->group_of[i]] = pln__since_add(bucket->since[w->group_of[i]], 1);
    return PLN_OK;
}

/* The keys of the rows, together where the rows are not. */
static pln_status keys_of_rows(pln__windows *w, const int32_t *rows, int64_t first, int64_t n,
                               const uint8_t **out, pln_error *err) {
    *out = w->key_bytes.data + first * PLN_KEY_SIZE;
    if (rows == NULL)
        return PLN_OK;
    w->row_keys.size = 0;
    pln_status status = pln__buffer_reserve(w->mem, &w->row_keys, n * PLN_KEY_SIZE + 1, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < n; i++)
        memcpy(w->row_keys.data + i * PLN_KEY_SIZE,
               w->key_bytes.data + (int64_t)rows[i] * PLN_KEY_SIZE, PLN_KEY_SIZE);
    *out = w->row_keys.data;
    return PLN_OK;
}

static pln_status find_groups(pln__windows *w, pln__bucket *bucket, const int32_t *rows,
                              int64_t first, int64_t n, pln_error *err) {
    static const uint8_t no_key[PLN_KEY_SIZE] = {0};
    const uint8_t *keys = no_key;
    pln__group_rows from = {w->rows, w->key_columns, rows, first, w->spec.n_keys == 0 ? 1 : n};
    pln_status status = PLN_OK;
    if (w->spec.n_keys > 0)
        PLN__TRY(keys_of_rows(w, rows, first, n, &keys, err));
    PLN__TRY(pln__key_groups_find(&bucket->groups, keys, &from, w->group_of, err));
    for (int64_t i = from.n; i < n; i++)
        w->group_of[i] = 0;
out:
    return status;
}

pln_status pln__bucket_add(pln__windows *w, pln__bucket *bucket, const int32_t *rows, int64_t first,
                           int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(find_groups(w, bucket, rows, first, n, err));
    if (w->spec.every_rows > 0 || w->spec.discarding)
        PLN__TRY(count_rows(w, bucket, n, err));
    for (int64_t a = 0; a < w->spec.n_aggregates; a++) {
        pln__states *states = bucket->states[a];
        PLN__TRY(pln__states_grow(states, bucket->groups.n, err));
        if (w->spec.n_keys == 0)
            PLN__TRY(pln__states_add_one_group(states, w->rows, rows, first, n, 0, err));
        else
            PLN__TRY(pln__states_add(states, w->rows, rows, first, w->group_of, n, err));
    }
out:
    return status;
}

/* ---- rows that wait ---- */

pln_status pln__bucket_wait(pln__windows *w, pln__bucket *bucket, int64_t row, int64_t n,
                            pln_error *err) {
    if (bucket->last_run >= 0) {
        pln__run *last = &w->runs[bucket->last_run];
        if (last->first + last->n == row) {
            last->n += n;
            return PLN_OK;
        }
    }
    pln_status status =
        pln__grow(w->mem, &w->runs, &w->runs_capacity, w->n_runs + 1, sizeof *w->runs, err);
    if (status < 0)
        return status;
    int32_t at = (int32_t)w->n_runs++;
    w->runs[at] = (pln__run){row, n, bucket, -1};
    if (bucket->last_run >= 0)
        w->runs[bucket->last_run].next = at;
    else
        bucket->first_run = at;
    bucket->last_run = at;
    return PLN_OK;
}

static pln_status flush_bucket(pln__windows *w, pln__bucket *bucket, pln_error *err) {
    const pln__run *first = &w->runs[bucket->first_run];
    int64_t n = 0;
    bucket->first_run = bucket->last_run = -1;
    if (first->next < 0)
        return pln__bucket_add(w, bucket, NULL, first->first, first->n, err);
    for (const pln__run *run = first; run != NULL; run = run->next < 0 ? NULL : &w->runs[run->next])
        for (int64_t i = 0; i < run->n; i++)
            w->row_of[n++] = (int32_t)(run->first + i);
    return pln__bucket_add(w, bucket, w->row_of, 0, n, err);
}

pln_status pln__buckets_flush(pln__windows *w, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t r = 0; r < w->n_runs && status >= 0; r++)
        if (w->runs[r].bucket->first_run == r)
            status = flush_bucket(w, w->runs[r].bucket, err);
    w->n_runs = 0;
    return status;
}

pln_status pln__bucket_merge(pln__windows *w, pln__bucket *into, pln__bucket *from,
                             const int32_t *groups, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(
        pln__grow(w->mem, &w->group_of, &w->group_of_capacity, n + 1, sizeof *w->group_of, err));
    PLN__TRY(pln__key_groups_adopt(&into->groups, &from->groups, groups, n, w->group_of, err));
    for (int64_t a = 0; a < w->spec.n_aggregates; a++) {
        PLN__TRY(pln__states_grow(into->states[a], into->groups.n, err));
        PLN__TRY(pln__states_merge(into->states[a], w->group_of, from->states[a], groups, n, err));
    }
out:
    return status;
}

pln_status pln__bucket_clear(pln__windows *w, pln__bucket *bucket, pln_error *err) {
    pln__key_groups_free(&bucket->groups);
    for (int64_t a = 0; a < w->spec.n_aggregates; a++)
        pln__states_clear(bucket->states[a]);
    if (bucket->since != NULL)
        memset(bucket->since, 0, (size_t)bucket->since_capacity * sizeof *bucket->since);
    return pln__key_groups_init(&bucket->groups, w->mem, &w->keys_schema, err);
}

void pln__bucket_reset(pln__windows *w, pln__bucket *bucket, const int32_t *groups, int64_t n) {
    for (int64_t a = 0; a < w->spec.n_aggregates; a++)
        pln__states_reset(bucket->states[a], groups, n);
}

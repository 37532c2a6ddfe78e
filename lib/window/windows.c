#include "base/little.h"
#include "key/key.h"
#include "window/windows_internal.h"

/* ---- making ---- */

static pln_status within(const char *what, int64_t value, int64_t least, pln_error *err) {
    if (value >= least && value <= PLN__TIME_LIMIT)
        return PLN_OK;
    return pln__error_set(err, PLN_EINVAL, "windows: %s %lld us is not %lld to %lld", what,
                          (long long)value, (long long)least, (long long)PLN__TIME_LIMIT);
}

static pln_status check(const pln__windows_spec *spec, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(within("allowed lateness", spec->lateness_us, 0, err));
    if (spec->kind == PLN__WINDOW_SESSION)
        PLN__TRY(within("gap", spec->gap_us, 1, err));
    if (spec->kind == PLN__WINDOW_CALENDAR && spec->zone == NULL)
        PLN__FAIL(err, PLN_EINVAL, "windows: a calendar without a zone");
    if (spec->kind != PLN__WINDOW_ALIGNED)
        return status;
    PLN__TRY(within("size", spec->size_us, 1, err));
    PLN__TRY(within("slide", spec->slide_us, 1, err));
    PLN__TRY(within("offset", spec->offset_us < 0 ? -spec->offset_us : spec->offset_us, 0, err));
    if (spec->slide_us > spec->size_us)
        PLN__FAIL(
            err, PLN_EINVAL,
            "windows: slide %lld us is more than size %lld us: rows between two windows would "
            "be in none",
            (long long)spec->slide_us, (long long)spec->size_us);
    if (spec->size_us / spec->slide_us >= PLN__WINDOWS_PER_ROW)
        PLN__FAIL(err, PLN_ELIMIT, "windows: a row is in %lld of them, at most %d",
                  (long long)(spec->size_us / spec->slide_us), PLN__WINDOWS_PER_ROW);
out:
    return status;
}

static pln_status plan_panes(pln__windows *w, pln_error *err) {
    pln__windows_spec *s = &w->spec;
    if (s->kind != PLN__WINDOW_ALIGNED)
        return PLN_OK;
    pln_status status =
        pln__assign_init(&w->assign, s->size_us, s->slide_us, s->offset_us % s->slide_us, err);
    w->by_pane = pln__assign_panes(&w->assign);
    w->panes = s->slide_us < s->size_us && !s->discarding && s->every_rows == 0;
    return status;
}

static pln_status add_field(pln__windows *w, int64_t *at, const char *format, const char *name,
                            pln_error *err) {
    return pln__field_new(w->mem, format, name, false, 0, w->out.children[(*at)++], err);
}

static pln_status make_schemas(pln__windows *w, const pln__windows_spec *spec, pln_error *err) {
    pln_status status = PLN_OK;
    bool timed = spec->kind != PLN__WINDOW_GLOBAL;
    int64_t n = spec->n_keys + (timed ? 3 : 0) + spec->n_aggregates, at = 0;
    PLN__TRY(pln__field_new(w->mem, "+s", "", false, spec->n_keys, &w->keys_schema, err));
    PLN__TRY(pln__field_new(w->mem, "+s", "", false, n, &w->out, err));
    for (int64_t i = 0; i < spec->n_keys; i++) {
        w->key_columns[i] = pln__schema_find(&w->in, spec->keys[i]);
        if (w->key_columns[i] < 0)
            return pln__schema_find_error(&w->in, spec->keys[i], err);
        const struct ArrowSchema *key = w->in.children[w->key_columns[i]];
        PLN__TRY(pln__schema_copy(w->mem, key, w->keys_schema.children[i], err));
        PLN__TRY(pln__schema_copy(w->mem, key, w->out.children[at++], err));
    }
    if (timed) {
        PLN__TRY(add_field(w, &at, "tsu:UTC", "window_start", err));
        PLN__TRY(add_field(w, &at, "tsu:UTC", "window_end", err));
        PLN__TRY(add_field(w, &at, "tsu:UTC", "window_time", err));
        PLN__TRY(pln__field_set_metadata(&w->out, PLN__EVENT_TIME, "window_time", err));
    }
    for (int64_t i = 0; i < spec->n_aggregates; i++)
        PLN__TRY(pln__aggregate_field(w->aggregates[i], w->out.children[at++], err));
    PLN__TRY(pln__schema_check(&w->out, err));
out:
    return status;
}

static pln_status make_aggregates(pln__windows *w, const pln__windows_spec *spec, pln_error *err) {
    pln_status status = PLN_OK;
    w->aggregates = pln__calloc(w->mem, (uint64_t)spec->n_aggregates + 1, sizeof(pln__aggregate *));
    if (w->aggregates == NULL)
        return pln__error_memory(err, (uint64_t)spec->n_aggregates * sizeof(pln__aggregate *));
    w->spec.n_aggregates = spec->n_aggregates;
    for (int64_t i = 0; i < spec->n_aggregates; i++)
        PLN__TRY(pln__aggregate_new(w->mem, &spec->aggregates[i], &w->in, spec->names[i],
                                    &w->aggregates[i], err));
out:
    return status;
}

static pln_status make_results(pln__windows *w, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t n = (uint64_t)w->out.n_children + 1;
    w->results = pln__calloc(w->mem, n, sizeof *w->results);
    w->taken = pln__calloc(w->mem, n, sizeof *w->taken);
    if (w->results == NULL || w->taken == NULL)
        return pln__error_memory(err, n * sizeof *w->results);
    for (int64_t c = 0; c < w->out.n_children; c++)
        PLN__TRY(pln__column_init(w->mem, w->out.children[c], &w->results[c], err));
out:
    return status;
}

static pln_status find_integer_key(pln__windows *w, pln_error *err) {
    pln__type type;
    pln_status status = pln__type_of(w->in.children[w->key_columns[0]], &type, err);
    if (status >= 0 &&
        (pln__type_is_integer(type.id) || (type.id >= PLN__DATE32 && type.id <= PLN__TIMESTAMP)))
        w->integer_key = type;
    return status;
}

static pln_status build(pln__windows *w, const pln__windows_spec *spec,
                        const struct ArrowSchema *in, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(plan_panes(w, err));
    PLN__TRY(pln__schema_copy(w->mem, in, &w->in, err));
    PLN__TRY(make_aggregates(w, spec, err));
    w->key_columns = pln__calloc(w->mem, (uint64_t)spec->n_keys + 1, sizeof *w->key_columns);
    if (w->key_columns == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)spec->n_keys * sizeof *w->key_columns));
    w->spec.n_keys = spec->n_keys;
    PLN__TRY(make_schemas(w, spec, err));
    PLN__TRY(make_results(w, err));
    if (spec->n_keys == 1)
        PLN__TRY(find_integer_key(w, err));
    if (spec->n_keys > 0 && w->integer_key.width == 0)
        PLN__TRY(pln__keys_new(w->mem, &w->in, spec->keys, spec->n_keys, NULL, &w->keys, err));
    if (w->panes)
        PLN__TRY(pln__bucket_new(w, 0, true, true, &w->sums, err));
    if (spec->kind == PLN__WINDOW_SESSION) {
        PLN__TRY(pln__bucket_new(w, 0, true, false, &w->by_key, err));
        PLN__TRY(pln__bucket_new(w, 0, false, true, &w->held, err));
    }
out:
    return status;
}

pln_status pln__windows_new(const pln_allocator *mem, const pln__windows_spec *spec,
                            const struct ArrowSchema *in, pln__windows **out, pln_error *err) {
    *out = NULL;
    pln_status status = check(spec, err);
    if (status < 0)
        return status;
    pln__windows *w = pln__calloc(mem, 1, sizeof *w);
    if (w == NULL)
        return pln__error_memory(err, sizeof *w);
    w->mem = mem;
    w->spec = *spec;
    w->spec.keys = NULL;
    w->spec.aggregates = NULL;
    w->spec.names = NULL;
    w->spec.n_keys = w->spec.n_aggregates = 0;
    w->watermark = INT64_MIN;
    w->next_due = INT64_MAX;
    w->free_session = -1;
    status = build(w, spec, in, err);
    if (status < 0)
        pln__windows_free(w);
    else
        *out = w;
    return status;
}

static void free_scratch(pln__windows *w) {
    pln__free(w->mem, w->heads, (uint64_t)w->heads_capacity * sizeof *w->heads);
    pln__free(w->mem, w->sessions, (uint64_t)w->sessions_capacity * sizeof *w->sessions);
    pln__free(w->mem, w->due, (uint64_t)w->due_capacity * sizeof *w->due);
    pln__free(w->mem, w->row_key, (uint64_t)w->row_key_capacity * sizeof *w->row_key);
    pln__free(w->mem, w->runs, (uint64_t)w->runs_capacity * sizeof *w->runs);
    pln__free(w->mem, w->zeros, (uint64_t)w->zeros_capacity * sizeof *w->zeros);
    pln__free(w->mem, w->group_of, (uint64_t)w->group_of_capacity * sizeof *w->group_of);
    pln__free(w->mem, w->row_of, (uint64_t)w->row_of_capacity * sizeof *w->row_of);
    pln__free(w->mem, w->late, (uint64_t)w->late_capacity * sizeof *w->late);
    pln__free(w->mem, w->results_before, (uint64_t)w->results_capacity * sizeof *w->results_before);
    pln__buffer_free(w->mem, &w->key_bytes);
    pln__buffer_free(w->mem, &w->row_keys);
}

void pln__windows_free(pln__windows *w) {
    if (w == NULL)
        return;
    for (int64_t i = 0; i < w->n_buckets; i++)
        pln__bucket_free(w, w->buckets[i]);
    pln__free(w->mem, w->buckets, (uint64_t)w->buckets_capacity * sizeof(pln__bucket *));
    pln__bucket_free(w, w->sums);
    pln__bucket_free(w, w->by_key);
    pln__bucket_free(w, w->held);
    free_scratch(w);
    uint64_t n = (uint64_t)w->out.n_children + 1;
    for (int64_t c = 0; w->results != NULL && c < w->out.n_children; c++)
        if (w->results[c].mem != NULL)
            pln__column_free(&w->results[c]);
    if (w->results != NULL)
        pln__free(w->mem, w->results, n * sizeof *w->results);
    if (w->taken != NULL)
        pln__free(w->mem, w->taken, n * sizeof *w->taken);
    for (int64_t a = 0; w->aggregates != NULL && a < w->spec.n_aggregates; a++)
        if (w->aggregates[a] != NULL)
            pln__aggregate_free(w->aggregates[a]);
    pln__free(w->mem, w->aggregates,
              (uint64_t)(w->spec.n_aggregates + 1) * sizeof(pln__aggregate *));
    pln__free(w->mem, w->key_columns, (uint64_t)(w->spec.n_keys + 1) * sizeof *w->key_columns);
    pln_keys_free(w->keys);
    pln__schema_release(&w->out);
    pln__schema_release(&w->keys_schema);
    pln__schema_release(&w->in);
    pln__free(w->mem, w, sizeof *w);
}

const struct ArrowSchema *pln__windows_schema(const pln__windows *w) {
    return &w->out;
}

/* ---- work ---- */

/* One column of integers of up to 64 bits needs no hash: the key is the value, and whether it is null. */
static void integer_keys(pln__windows *w, const struct ArrowArray *column) {
    uint8_t *out = w->key_bytes.data;
    const uint8_t *validity = pln__array_validity(column);
    bool plain = w->integer_key.width == 8;
    const int64_t *values = plain ? (const int64_t *)column->buffers[1] + column->offset : NULL;
    for (int64_t i = 0; i < column->length; i++) {
        bool null = validity != NULL && !pln__bit_get(validity, column->offset + i);
        uint64_t pair[2] = {0, null};
        if (!null)
            pair[0] = PLN__LE(
                64, (uint64_t)(plain ? values[i] : pln__array_int(&w->integer_key, column, i)));
        memcpy(out + i * PLN_KEY_SIZE, pair, PLN_KEY_SIZE);
    }
}

static pln_status keys_of(pln__windows *w, const struct ArrowArray *rows, pln_error *err) {
    if (w->integer_key.width == 0)
        return w->keys == NULL ? PLN_OK : pln_keys_batch(w->keys, rows, w->key_bytes.data, err);
    integer_keys(w, rows->children[w->key_columns[0]]);
    return PLN_OK;
}

static pln_status make_room(pln__windows *w, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(
        pln__grow(w->mem, &w->group_of, &w->group_of_capacity, n + 1, sizeof *w->group_of, err));
    PLN__TRY(pln__grow(w->mem, &w->row_of, &w->row_of_capacity, n + 1, sizeof *w->row_of, err));
    PLN__TRY(pln__grow(w->mem, &w->late, &w->late_capacity, n + 1, sizeof *w->late, err));
    w->key_bytes.size = 0;
    PLN__TRY(pln__buffer_reserve(w->mem, &w->key_bytes, n * PLN_KEY_SIZE + 1, err));
out:
    return status;
}

pln_status pln__windows_add(pln__windows *w, const struct ArrowArray *rows, const int64_t *times,
                            const int64_t *before, pln__late *late, pln_error *err) {
    pln_status status = PLN_OK;
    w->n_late = 0;
    w->rows = rows;
    PLN__TRY(make_room(w, rows->length, err));
    if (w->spec.kind == PLN__WINDOW_GLOBAL) {
        PLN__TRY(pln__grow(w->mem, &w->zeros, &w->zeros_capacity, rows->length + 1,
                           sizeof *w->zeros, err));
        memset(w->zeros, 0, (size_t)rows->length * sizeof *w->zeros);
        times = w->zeros;
    }
    PLN__TRY(keys_of(w, rows, err));
    if (w->spec.kind == PLN__WINDOW_SESSION)
        PLN__TRY(pln__sessions_add(w, times, before, rows->length, err));
    else
        PLN__TRY(pln__aligned_add(w, times, before, rows->length, err));
    *late = (pln__late){w->late, w->n_late};
out:
    w->rows = NULL;
    return status;
}

pln_status pln__windows_advance(pln__windows *w, int64_t watermark_us, pln_error *err) {
    if (watermark_us <= w->watermark)
        return PLN_OK;
    return w->spec.kind == PLN__WINDOW_SESSION ? pln__sessions_advance(w, watermark_us, err)
                                               : pln__aligned_advance(w, watermark_us, err);
}

static int64_t bucket_bytes(const pln__windows *w, const pln__bucket *bucket) {
    int64_t bytes = 0;
    if (bucket == NULL)
        return 0;
    for (int64_t a = 0; a < w->spec.n_aggregates; a++)
        bytes += bucket->states[a] == NULL ? 0 : pln__states_bytes(bucket->states[a]);
    return bytes + (int64_t)sizeof *bucket + pln__groups_bytes(&bucket->groups);
}

int64_t pln__windows_bytes(const pln__windows *w) {
    int64_t bytes = w->sessions_capacity * (int64_t)sizeof *w->sessions +
                    w->due_capacity * (int64_t)sizeof *w->due +
                    w->heads_capacity * (int64_t)sizeof *w->heads;
    for (int64_t i = 0; i < w->n_buckets; i++)
        bytes += bucket_bytes(w, w->buckets[i]);
    return bytes + bucket_bytes(w, w->sums) + bucket_bytes(w, w->by_key) + bucket_bytes(w, w->held);
}

void pln__windows_look(const pln__windows *w, pln__windows_status *out) {
    *out = (pln__windows_status){.open = w->open_sessions + w->n_buckets,
                                 .next_end_us =
                                     w->next_due == INT64_MAX ? INT64_MAX : w->next_due + 1,
                                 .watermark_us = w->watermark,
                                 .groups = w->open_sessions};
    for (int64_t i = 0; i < w->n_buckets; i++)
        out->groups += w->buckets[i]->groups.n;
}

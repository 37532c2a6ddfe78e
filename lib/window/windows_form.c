/*
 * The state of windows as bytes, little-endian:
 *     u64 version 1 · i64 watermark · i64 n, then n buckets
 *     bucket: i64 start · groups (key_groups.c) · i64 whether rows are counted, then i64 a group · i64 size, states, each aggregate
 *     sessions instead of buckets: groups of the keys · i64 n, then n times i64 start, end, since, key, fired, by their first rows · i64 size, states, each aggregate
 */
#include "base/little.h"
#include "window/windows_internal.h"

enum { VERSION = 1 };

typedef struct source {
    const uint8_t *at;
    int64_t left;
    pln_error *err;
} source;

static pln_status damaged(source *from, const char *what) {
    return pln__error_set(from->err, PLN_ECORRUPT, "windows: %s is damaged", what);
}

static pln_status put(pln__windows *w, pln__buffer *out, int64_t value, pln_error *err) {
    uint8_t bytes[8];
    pln__store_le64(bytes, (uint64_t)value);
    return pln__buffer_append(w->mem, out, bytes, sizeof bytes, err);
}

static pln_status get(source *from, const char *what, int64_t *out) {
    if (from->left < 8)
        return damaged(from, what);
    *out = (int64_t)pln__load_le64(from->at);
    from->at += 8;
    from->left -= 8;
    return PLN_OK;
}

/* Of `groups`, NULL: of the first n. */
static pln_status put_states(pln__windows *w, const pln__bucket *bucket, const int32_t *groups,
                             int64_t n, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t a = 0; a < w->spec.n_aggregates; a++) {
        int64_t at = out->size;
        PLN__TRY(put(w, out, 0, err));
        PLN__TRY(pln__states_write(bucket->states[a], groups, n, out, err));
        pln__store_le64(out->data + at, (uint64_t)(out->size - at - 8));
    }
out:
    return status;
}

static pln_status get_states(pln__windows *w, pln__bucket *bucket, int64_t n, source *from) {
    pln_status status = PLN_OK;
    for (int64_t a = 0; a < w->spec.n_aggregates; a++) {
        int64_t size = 0, used = 0;
        PLN__TRY(get(from, "the size of states", &size));
        if (size < 0 || size > from->left)
            return damaged(from, "the size of states");
        PLN__TRY(pln__states_grow(bucket->states[a], n, from->err));
        PLN__TRY(pln__states_read(bucket->states[a], NULL, n, from->at, size, &used, from->err));
        if (used != size)
            return damaged(from, "the size of states");
        from->at += size;
        from->left -= size;
    }
out:
    return status;
}

/* Without keys there is one group, of the key that is nothing. */
static pln_status get_groups(const pln__windows *w, pln__bucket *bucket, source *from) {
    static const uint8_t no_key[PLN_KEY_SIZE] = {0};
    const pln__key_groups *groups = &bucket->groups;
    int64_t used = 0;
    pln_status status =
        pln__key_groups_read(&bucket->groups, from->at, from->left, &used, from->err);
    if (status < 0)
        return status;
    from->at += used;
    from->left -= used;
    if (w->spec.n_keys == 0 && groups->n > 0 &&
        (groups->n > 1 || memcmp(groups->keys, no_key, PLN_KEY_SIZE) != 0))
        return damaged(from, "the one group");
    return PLN_OK;
}

/* ---- buckets ---- */

static pln_status put_bucket(pln__windows *w, pln__bucket *bucket, pln__buffer *out,
                             pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(put(w, out, bucket->start, err));
    PLN__TRY(pln__key_groups_write(&bucket->groups, out, err));
    PLN__TRY(put(w, out, bucket->since != NULL, err));
    for (int64_t g = 0; bucket->since != NULL && g < bucket->groups.n; g++)
        PLN__TRY(put(w, out, bucket->since[g], err));
    PLN__TRY(put_states(w, bucket, NULL, bucket->groups.n, out, err));
out:
    return status;
}

static pln_status get_since(pln__windows *w, pln__bucket *bucket, source *from) {
    int64_t counted = 0, n = bucket->groups.n;
    bool wanted = (w->spec.every_rows > 0 || w->spec.discarding) && n > 0;
    pln_status status = get(from, "the mark of counts", &counted);
    if (status < 0 || !wanted)
        return status < 0 || counted == 0 ? status : damaged(from, "the mark of counts");
    if (counted != 1 || n > from->left / 8)
        return damaged(from, "the mark of counts");
    status = pln__grow(w->mem, &bucket->since, &bucket->since_capacity, n + 1,
                       sizeof *bucket->since, from->err);
    if (status < 0)
        return status;
    memset(bucket->since, 0, (size_t)bucket->since_capacity * sizeof *bucket->since);
    for (int64_t g = 0; g < n && status >= 0; g++) {
        status = get(from, "a count", &bucket->since[g]);
        if (status >= 0 && (bucket->since[g] < 0 || bucket->since[g] > PLN__SINCE_MOST))
            status = damaged(from, "a count");
    }
    return status;
}

static pln_status get_bucket(pln__windows *w, source *from) {
    pln_status status = PLN_OK;
    int64_t start = 0;
    pln__bucket *bucket = NULL;
    PLN__TRY(get(from, "a start", &start));
    bool aligned = start >= -2 * PLN__TIME_LIMIT && start <= PLN__TIME_LIMIT &&
                   pln__bucket_start(w, start) == start;
    if (!aligned || (w->n_buckets > 0 && w->buckets[w->n_buckets - 1]->start >= start))
        return damaged(from, "a start");
    PLN__TRY(pln__grow(w->mem, &w->buckets, &w->buckets_capacity, w->n_buckets + 1,
                       sizeof(pln__bucket *), from->err));
    PLN__TRY(pln__bucket_new(w, start, true, true, &bucket, from->err));
    w->buckets[w->n_buckets++] = bucket;
    PLN__TRY(get_groups(w, bucket, from));
    PLN__TRY(get_since(w, bucket, from));
    PLN__TRY(get_states(w, bucket, bucket->groups.n, from));
out:
    return status;
}

/* ---- sessions ---- */

static pln_status put_sessions(pln__windows *w, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__key_groups_write(&w->by_key->groups, out, err));
    PLN__TRY(pln__sessions_list(w, err));
    PLN__TRY(put(w, out, w->open_sessions, err));
    for (int64_t i = 0; i < w->open_sessions; i++) {
        const pln__session *s = &w->sessions[w->row_of[i]];
        PLN__TRY(put(w, out, s->start, err));
        PLN__TRY(put(w, out, s->end, err));
        PLN__TRY(put(w, out, s->since, err));
        PLN__TRY(put(w, out, s->key, err));
        PLN__TRY(put(w, out, s->fired, err));
    }
    PLN__TRY(put_states(w, w->held, w->row_of, w->open_sessions, out, err));
out:
    return status;
}

static pln_status get_session(pln__windows *w, source *from, pln__session *s) {
    pln_status status = PLN_OK;
    int64_t key = 0, fired = 0;
    PLN__TRY(get(from, "a session", &s->start));
    PLN__TRY(get(from, "a session", &s->end));
    PLN__TRY(get(from, "a session", &s->since));
    PLN__TRY(get(from, "a session", &key));
    PLN__TRY(get(from, "a session", &fired));
    s->key = (int32_t)key;
    s->fired = (int32_t)fired;
    s->due = INT64_MIN;
    s->next = -1;
    if (key < 0 || key >= w->by_key->groups.n || (fired != 0 && fired != 1) ||
        s->start < -PLN__TIME_LIMIT || s->end > 2 * PLN__TIME_LIMIT || s->start >= s->end ||
        s->since < 0 || s->since > PLN__SINCE_MOST)
        return damaged(from, "a session");
out:
    return status;
}

static pln_status get_sessions(pln__windows *w, source *from) {
    pln_status status = PLN_OK;
    int64_t n = 0;
    PLN__TRY(get_groups(w, w->by_key, from));
    PLN__TRY(get(from, "the number of sessions", &n));
    if (n < 0 || n > from->left / 40 || n > INT32_MAX)
        return damaged(from, "the number of sessions");
    PLN__TRY(pln__grow(w->mem, &w->sessions, &w->sessions_capacity, n + 1, sizeof *w->sessions,
                       from->err));
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(get_session(w, from, &w->sessions[i]));
    w->n_sessions = n;
    PLN__TRY(get_states(w, w->held, n, from));
    PLN__TRY(pln__sessions_restore(w, from->err));
out:
    return status;
}

pln_status pln__windows_write(pln__windows *w, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(put(w, out, VERSION, err));
    PLN__TRY(put(w, out, w->watermark, err));
    if (w->spec.kind == PLN__WINDOW_SESSION)
        return put_sessions(w, out, err);
    PLN__TRY(put(w, out, w->n_buckets, err));
    for (int64_t i = 0; i < w->n_buckets; i++)
        PLN__TRY(put_bucket(w, w->buckets[i], out, err));
out:
    return status;
}

pln_status pln__windows_read(pln__windows *w, const uint8_t *bytes, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    source from = {bytes, size, err};
    int64_t version = 0, n = 0;
    PLN__TRY(get(&from, "the version", &version));
    if (version != VERSION)
        PLN__FAIL(err, PLN_EUNSUPPORTED, "windows: version %lld, this library reads %d",
                  (long long)version, VERSION);
    PLN__TRY(get(&from, "the watermark", &w->watermark));
    if (w->spec.kind == PLN__WINDOW_SESSION) {
        PLN__TRY(get_sessions(w, &from));
    } else {
        PLN__TRY(get(&from, "the number of windows", &n));
        if (n < 0 || n > from.left / 24)
            PLN__TRY(damaged(&from, "the number of windows"));
        for (int64_t i = 0; i < n; i++)
            PLN__TRY(get_bucket(w, &from));
        pln__aligned_plan(w);
    }
    if (from.left != 0)
        PLN__TRY(damaged(&from, "what follows"));
out:
    return status;
}

/* Windows at multiples of their slide, those of the calendar, and the one global window. */
#include "window/windows_internal.h"

static bool global(const pln__windows *w) {
    return w->spec.kind == PLN__WINDOW_GLOBAL;
}

/* A row is in one window only. */
static bool single(const pln__windows *w) {
    return w->spec.kind != PLN__WINDOW_ALIGNED || w->spec.slide_us == w->spec.size_us;
}

static int64_t end_of(const pln__windows *w, int64_t start) {
    int64_t first = start, end = 0;
    if (w->spec.kind != PLN__WINDOW_CALENDAR)
        return start + w->spec.size_us;
    (void)pln__zone_window(w->spec.zone, w->spec.field, start, &first, &end);
    return end;
}

/* The watermark that fires a window: its last microsecond. */
static int64_t due_of(const pln__windows *w, int64_t start) {
    return global(w) ? INT64_MAX : end_of(w, start) - 1;
}

/* First and last start of the windows that hold a time. */
static int64_t last_start(const pln__windows *w, int64_t time) {
    int64_t start = 0, end = 0;
    if (w->spec.kind == PLN__WINDOW_ALIGNED)
        return pln__assign_last(&w->assign, time);
    if (!global(w))
        (void)pln__zone_window(w->spec.zone, w->spec.field, time, &start, &end);
    return start;
}

static int64_t first_start(const pln__windows *w, int64_t time) {
    return single(w) ? last_start(w, time)
                     : pln__assign_last(&w->assign, time - w->spec.size_us) + w->spec.slide_us;
}

int64_t pln__bucket_start(const pln__windows *w, int64_t time) {
    return w->panes ? pln__assign_last(&w->by_pane, time) : last_start(w, time);
}

static bool expired(const pln__windows *w, int64_t start, int64_t watermark) {
    return !global(w) && due_of(w, start) + w->spec.lateness_us <= watermark;
}

/* ---- buckets ---- */

/* Index of the first bucket that starts at `start` or later. */
static int64_t bucket_from(const pln__windows *w, int64_t start) {
    int64_t low = 0, high = w->n_buckets;
    if (high > 0 && w->buckets[high - 1]->start < start)
        return high;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (w->buckets[middle]->start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first window of a bucket that has not fired yet; false: all have. */
static bool next_window(const pln__windows *w, const pln__bucket *bucket, int64_t *start) {
    int64_t last = w->panes ? last_start(w, bucket->start) : bucket->start;
    *start = w->panes ? first_start(w, bucket->start) : bucket->start;
    if (due_of(w, *start) <= w->watermark && w->panes && due_of(w, last) > w->watermark)
        *start = first_start(w, w->watermark + 1);
    return due_of(w, *start) > w->watermark;
}

static void plan(pln__windows *w, const pln__bucket *bucket) {
    int64_t start;
    if (next_window(w, bucket, &start) && due_of(w, start) < w->next_due)
        w->next_due = due_of(w, start);
}

void pln__aligned_plan(pln__windows *w) {
    w->next_due = INT64_MAX;
    /* Later buckets have later windows. */
    for (int64_t i = 0; i < w->n_buckets && w->next_due == INT64_MAX; i++)
        plan(w, w->buckets[i]);
}

static pln_status bucket_at(pln__windows *w, int64_t start, pln__bucket **out, pln_error *err) {
    int64_t at = bucket_from(w, start);
    if (at < w->n_buckets && w->buckets[at]->start == start) {
        *out = w->buckets[at];
        return PLN_OK;
    }
    pln_status status = pln__grow(w->mem, &w->buckets, &w->buckets_capacity, w->n_buckets + 1,
                                  sizeof(pln__bucket *), err);
    if (status >= 0)
        status = pln__bucket_new(w, start, true, true, out, err);
    if (status < 0)
        return status;
    memmove(w->buckets + at + 1, w->buckets + at,
            (size_t)(w->n_buckets - at) * sizeof(pln__bucket *));
    w->buckets[at] = *out;
    w->n_buckets++;
    plan(w, *out);
    return PLN_OK;
}

static void purge(pln__windows *w) {
    int64_t n = 0;
    while (n < w->n_buckets) {
        int64_t start = w->buckets[n]->start;
        if (!expired(w, w->panes ? last_start(w, start) : start, w->watermark))
            break;
        pln__bucket_free(w, w->buckets[n++]);
    }
    if (n == 0)
        return;
    w->n_buckets -= n;
    memmove(w->buckets, w->buckets + n, (size_t)w->n_buckets * sizeof(pln__bucket *));
}

/* ---- firing ---- */

static pln_status emit(pln__windows *w, pln__bucket *bucket, const int32_t *groups, int64_t n,
                       int64_t start, int64_t before, pln_error *err) {
    pln__firing firing = {bucket, groups, bucket, groups, n, start, end_of(w, start), before};
    return pln__results_add(w, &firing, err);
}

/* Discarding: what came since the last firing, and then nothing is left of it. */
static pln_status fire_and_discard(pln__windows *w, pln__bucket *bucket, int64_t before,
                                   pln_error *err) {
    int64_t n = 0;
    pln_status status = pln__grow(w->mem, &w->row_of, &w->row_of_capacity, bucket->groups.n + 1,
                                  sizeof *w->row_of, err);
    if (status < 0)
        return status;
    for (int64_t g = 0; g < bucket->groups.n; g++) {
        if (bucket->since[g] > 0)
            w->row_of[n++] = (int32_t)g;
        bucket->since[g] = 0;
    }
    status = emit(w, bucket, w->row_of, n, bucket->start, before, err);
    pln__bucket_reset(w, bucket, w->row_of, n);
    return status;
}

static pln_status fire_bucket(pln__windows *w, pln__bucket *bucket, int64_t before,
                              pln_error *err) {
    if (w->spec.discarding)
        return bucket->groups.n == 0 ? PLN_OK : fire_and_discard(w, bucket, before, err);
    if (bucket->since != NULL)
        memset(bucket->since, 0, (size_t)bucket->since_capacity * sizeof *bucket->since);
    return emit(w, bucket, NULL, bucket->groups.n, bucket->start, before, err);
}

/* A window of several panes: all keys, or one. */
static pln_status fire_panes(pln__windows *w, int64_t start, const uint8_t *key, int64_t before,
                             pln_error *err) {
    pln_status status = PLN_OK;
    int64_t first = bucket_from(w, start), end = bucket_from(w, start + w->spec.size_us);
    if (end - first == 1 && key == NULL)
        return emit(w, w->buckets[first], NULL, w->buckets[first]->groups.n, start, before, err);
    PLN__TRY(pln__bucket_clear(w, w->sums, err));
    for (int64_t i = first; i < end; i++) {
        pln__bucket *pane = w->buckets[i];
        int32_t group = key == NULL ? 0 : pln__key_groups_get(&pane->groups, key);
        if (group >= 0)
            PLN__TRY(pln__bucket_merge(w, w->sums, pane, key == NULL ? NULL : &group,
                                       key == NULL ? pane->groups.n : 1, err));
    }
    PLN__TRY(emit(w, w->sums, NULL, w->sums->groups.n, start, before, err));
out:
    return status;
}

/* Windows of panes that are due, in order; those without rows are leapt over. */
static pln_status fire_due_panes(pln__windows *w, int64_t watermark, int64_t before,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    int64_t start = 0, at = 0;
    while (at < w->n_buckets && !next_window(w, w->buckets[at], &start))
        at++;
    while (at < w->n_buckets && due_of(w, start) <= watermark) {
        PLN__TRY(fire_panes(w, start, NULL, before, err));
        start += w->spec.slide_us;
        while (at < w->n_buckets && w->buckets[at]->start < start)
            at++;
        if (at < w->n_buckets && first_start(w, w->buckets[at]->start) > start)
            start = first_start(w, w->buckets[at]->start);
    }
out:
    return status;
}

static pln_status fire_due(pln__windows *w, int64_t watermark, int64_t before, pln_error *err) {
    pln_status status = PLN_OK;
    if (w->panes) {
        PLN__TRY(fire_due_panes(w, watermark, before, err));
    } else {
        for (int64_t i = 0; i < w->n_buckets && due_of(w, w->buckets[i]->start) <= watermark; i++)
            if (due_of(w, w->buckets[i]->start) > w->watermark)
                PLN__TRY(fire_bucket(w, w->buckets[i], before, err));
    }
    w->watermark = watermark;
    purge(w);
    pln__aligned_plan(w);
out:
    return status;
}

pln_status pln__aligned_advance(pln__windows *w, int64_t watermark_us, pln_error *err) {
    int64_t before = w->watermark;
    if (watermark_us >= w->next_due)
        return fire_due(w, watermark_us, before, err);
    w->watermark = watermark_us;
    return PLN_OK;
}

/* ---- rows ---- */

/* Whether the row, just added to the window, fires it for its key: it is late, or the count is full. */
static bool fires_now(pln__windows *w, pln__bucket *bucket, int32_t group, int64_t start) {
    if (due_of(w, start) <= w->watermark)
        return true;
    if (w->spec.every_rows == 0 || bucket->since[group] < w->spec.every_rows)
        return false;
    return true;
}

static pln_status fire_group(pln__windows *w, pln__bucket *bucket, int32_t group, pln_error *err) {
    pln_status status = emit(w, bucket, &group, 1, bucket->start, w->watermark, err);
    if (bucket->since != NULL)
        bucket->since[group] = 0;
    if (w->spec.discarding)
        pln__bucket_reset(w, bucket, &group, 1);
    return status;
}

/* A row that may fire windows by itself: added at once. */
static pln_status add_now(pln__windows *w, int64_t row, int64_t time, pln_error *err) {
    pln_status status = PLN_OK;
    static const uint8_t no_key[PLN_KEY_SIZE] = {0};
    const uint8_t *key = w->spec.n_keys == 0 ? no_key : w->key_bytes.data + row * PLN_KEY_SIZE;
    int64_t last = last_start(w, time);
    pln__bucket *bucket = NULL;
    PLN__TRY(pln__buckets_flush(w, err));
    if (w->panes) {
        PLN__TRY(bucket_at(w, pln__bucket_start(w, time), &bucket, err));
        PLN__TRY(pln__bucket_add(w, bucket, NULL, row, 1, err));
    }
    for (int64_t start = first_start(w, time); start <= last; start += w->spec.slide_us) {
        if (expired(w, start, w->watermark))
            continue;
        if (w->panes) {
            if (due_of(w, start) <= w->watermark)
                PLN__TRY(fire_panes(w, start, key, w->watermark, err));
            continue;
        }
        PLN__TRY(bucket_at(w, start, &bucket, err));
        PLN__TRY(pln__bucket_add(w, bucket, NULL, row, 1, err));
        if (fires_now(w, bucket, w->group_of[0], start))
            PLN__TRY(fire_group(w, bucket, w->group_of[0], err));
        if (single(w))
            break;
    }
out:
    return status;
}

static pln_status add_waiting(pln__windows *w, int64_t row, int64_t time, pln_error *err) {
    pln_status status = PLN_OK;
    pln__bucket *bucket = NULL;
    if (w->panes || single(w)) {
        PLN__TRY(bucket_at(w, pln__bucket_start(w, time), &bucket, err));
        return pln__bucket_wait(w, bucket, row, 1, err);
    }
    int64_t last = last_start(w, time);
    for (int64_t start = first_start(w, time); start <= last; start += w->spec.slide_us) {
        PLN__TRY(bucket_at(w, start, &bucket, err));
        PLN__TRY(pln__bucket_wait(w, bucket, row, 1, err));
    }
out:
    return status;
}

/*
 * The usual row is on time and of the same bucket as the one before it: [from, to) are the times of that bucket, and `on_time` the watermark at which its
 * first window closes.
 */
typedef struct place {
    pln__bucket *bucket;
    int64_t from, to, on_time;
} place;

static void remember(pln__windows *w, place *p, int64_t time) {
    if (global(w)) {
        *p = (place){w->buckets[0], 0, 1, INT64_MAX}; /* its times are 0 */
        return;
    }
    int64_t start = pln__bucket_start(w, time);
    p->bucket = w->buckets[bucket_from(w, start)];
    p->from = start;
    p->to = w->panes ? start + w->by_pane.slide : end_of(w, start);
    p->on_time = due_of(w, first_start(w, start));
}

static pln_status add_row(pln__windows *w, int64_t row, int64_t time, place *p, pln_error *err) {
    pln_status status = PLN_OK;
    p->bucket = NULL;
    if (expired(w, last_start(w, time), w->watermark)) {
        w->late[w->n_late++] = (int32_t)row;
        return PLN_OK;
    }
    if (w->spec.every_rows > 0 || due_of(w, first_start(w, time)) <= w->watermark)
        return add_now(w, row, time, err);
    PLN__TRY(add_waiting(w, row, time, err));
    if (w->panes || single(w))
        remember(w, p, time);
out:
    return status;
}

/* How many rows from the first on are of the place and on time. Watermarks ascend: the last one of a block speaks for all. */
static int64_t usual_rows(const pln__windows *w, const place *p, const int64_t *times,
                          const int64_t *before, int64_t n) {
    int64_t i = 0, limit = p->on_time < w->next_due ? p->on_time : w->next_due;
    n = pln__times_within(times, n, p->from, p->to);
    if (before == NULL || n == 0 || before[n - 1] < limit)
        return n;
    while (before[i] < limit)
        i++;
    return i;
}

pln_status pln__aligned_add(pln__windows *w, const int64_t *times, const int64_t *before, int64_t n,
                            pln_error *err) {
    pln_status status = PLN_OK;
    place p = {0};
    for (int64_t i = 0; i < n;) {
        int64_t usual = 0;
        if (p.bucket != NULL && w->watermark < p.on_time)
            usual = usual_rows(w, &p, times + i, before == NULL ? NULL : before + i, n - i);
        if (usual > 0) {
            PLN__TRY(pln__bucket_wait(w, p.bucket, i, usual, err));
            i += usual;
            if (before != NULL && before[i - 1] > w->watermark)
                w->watermark = before[i - 1];
            continue;
        }
        if (before != NULL && before[i] > w->watermark) {
            if (before[i] >= w->next_due) {
                PLN__TRY(pln__buckets_flush(w, err));
                p.bucket = NULL;
            }
            PLN__TRY(pln__aligned_advance(w, before[i], err));
        }
        PLN__TRY(add_row(w, i, times[i], &p, err));
        i++;
    }
    status = pln__buckets_flush(w, err);
out:
    return status;
}

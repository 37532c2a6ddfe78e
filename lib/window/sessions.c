/* Sessions: rows of a key that are no further apart than the gap. */
#include "window/windows_internal.h"

/* ---- what is due: a binary heap ---- */

static bool sooner(const pln__session_due *a, const pln__session_due *b) {
    return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void sink(pln__session_due *heap, int64_t n, int64_t at) {
    for (;;) {
        int64_t least = at, left = 2 * at + 1, right = left + 1;
        if (left < n && sooner(&heap[left], &heap[least]))
            least = left;
        if (right < n && sooner(&heap[right], &heap[least]))
            least = right;
        if (least == at)
            return;
        pln__session_due moved = heap[at];
        heap[at] = heap[least];
        heap[least] = moved;
        at = least;
    }
}

static void look_ahead(pln__windows *w) {
    w->next_due = w->n_due == 0 ? INT64_MAX : w->due[0].due;
}

static pln_status queue(pln__windows *w, int32_t session, int64_t due, pln_error *err) {
    pln_status status =
        pln__grow(w->mem, &w->due, &w->due_capacity, w->n_due + 1, sizeof *w->due, err);
    if (status < 0)
        return status;
    int64_t at = w->n_due++;
    w->due[at] = (pln__session_due){due, w->sessions[session].order, session, 0};
    w->sessions[session].due = due;
    while (at > 0 && sooner(&w->due[at], &w->due[(at - 1) / 2])) {
        pln__session_due moved = w->due[at];
        w->due[at] = w->due[(at - 1) / 2];
        w->due[(at - 1) / 2] = moved;
        at = (at - 1) / 2;
    }
    look_ahead(w);
    return PLN_OK;
}

static pln__session_due unqueue(pln__windows *w) {
    pln__session_due first = w->due[0];
    w->due[0] = w->due[--w->n_due];
    sink(w->due, w->n_due, 0);
    look_ahead(w);
    return first;
}

/* ---- sessions of a key ---- */

static pln_status session_new(pln__windows *w, int32_t key, int64_t start, int32_t *out,
                              pln_error *err) {
    pln_status status = PLN_OK;
    int32_t number = w->free_session;
    if (number < 0) {
        PLN__TRY(pln__grow(w->mem, &w->sessions, &w->sessions_capacity, w->n_sessions + 1,
                           sizeof *w->sessions, err));
        for (int64_t a = 0; a < w->spec.n_aggregates; a++)
            PLN__TRY(pln__states_grow(w->held->states[a], w->n_sessions + 1, err));
        number = (int32_t)w->n_sessions++;
    } else {
        w->free_session = w->sessions[number].next;
    }
    w->sessions[number] = (pln__session){.start = start,
                                         .end = start + w->spec.gap_us,
                                         .due = INT64_MIN,
                                         .order = w->next_order++,
                                         .next = -1,
                                         .key = key};
    w->open_sessions++;
    *out = number;
out:
    return status;
}

static void unlink_session(pln__windows *w, int32_t number) {
    int32_t *at = &w->heads[w->sessions[number].key];
    while (*at != number)
        at = &w->sessions[*at].next;
    *at = w->sessions[number].next;
}

static void session_free(pln__windows *w, int32_t number) {
    unlink_session(w, number);
    pln__bucket_reset(w, w->held, &number, 1);
    w->sessions[number] = (pln__session){.due = INT64_MIN, .key = -1, .next = w->free_session};
    w->free_session = number;
    w->open_sessions--;
}

/* Rows that wait go to their sessions, before states are put together or read. */
static pln_status flush(pln__windows *w, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t a = 0; a < w->spec.n_aggregates && status >= 0; a++)
        status = pln__states_add(w->held->states[a], w->rows, w->row_of, 0, w->group_of,
                                 w->n_waiting, err);
    w->n_waiting = 0;
    return status;
}

static pln_status fire(pln__windows *w, int32_t number, int64_t before, pln_error *err) {
    pln_status status = PLN_OK;
    pln__session *s = &w->sessions[number];
    pln__firing firing = {w->by_key, &s->key, w->held, &number, 1, s->start, s->end, before};
    bool empty = w->spec.discarding && s->since == 0;
    PLN__TRY(flush(w, err));
    if (!empty)
        PLN__TRY(pln__results_add(w, &firing, err));
    s->since = 0;
    if (w->spec.discarding)
        pln__bucket_reset(w, w->held, &number, 1);
out:
    return status;
}

/* Session `from`, later and just behind `into` in the list, is part of it. */
static pln_status absorb(pln__windows *w, int32_t into, int32_t from, pln_error *err) {
    pln_status status = PLN_OK;
    pln__session *a = &w->sessions[into], *b = &w->sessions[from];
    PLN__TRY(flush(w, err));
    for (int64_t i = 0; i < w->spec.n_aggregates; i++)
        PLN__TRY(pln__states_merge(w->held->states[i], &into, w->held->states[i], &from, 1, err));
    a->end = b->end > a->end ? b->end : a->end;
    a->since = pln__since_add(a->since, b->since);
    if (b->order < a->order) {
        a->order = b->order;
        a->due = INT64_MIN;
    }
    session_free(w, from);
out:
    return status;
}

/* The session that a row of this key and time is in, made or put together for it; -1: the row is late. */
static pln_status session_for(pln__windows *w, int32_t key, int64_t time, int32_t *out,
                              pln_error *err) {
    pln_status status = PLN_OK;
    int64_t end = time + w->spec.gap_us;
    int32_t found = w->heads[key], earlier = -1;
    *out = -1;
    while (found >= 0 && w->sessions[found].end < time) {
        earlier = found;
        found = w->sessions[found].next;
    }
    if (found < 0 || w->sessions[found].start > end) {
        if (end - 1 + w->spec.lateness_us <= w->watermark)
            return PLN_OK;
        PLN__TRY(session_new(w, key, time, out, err));
        w->sessions[*out].next = found;
        *(earlier < 0 ? &w->heads[key] : &w->sessions[earlier].next) = *out;
        return PLN_OK;
    }
    pln__session *s = &w->sessions[found];
    int64_t was = s->end;
    s->start = time < s->start ? time : s->start;
    s->end = end > s->end ? end : s->end;
    while (s->next >= 0 && w->sessions[s->next].start <= s->end)
        PLN__TRY(absorb(w, found, s->next, err));
    if (s->end != was)
        s->fired = 0;
    *out = found;
out:
    return status;
}

/* ---- time ---- */

/* When something is to be done next: fire, or, when it has fired, forget it. */
static int64_t due_of(const pln__windows *w, const pln__session *s) {
    return s->end - 1 + (s->fired ? w->spec.lateness_us : 0);
}

static pln_status handle(pln__windows *w, int32_t number, int64_t watermark, int64_t before,
                         pln_error *err) {
    pln__session *s = &w->sessions[number];
    if (s->due < due_of(w, s)) /* it has grown: its turn comes */
        return queue(w, number, due_of(w, s), err);
    if (!s->fired) {
        pln_status status = fire(w, number, before, err);
        if (status < 0)
            return status;
        s->fired = 1;
    }
    if (due_of(w, s) > watermark)
        return queue(w, number, due_of(w, s), err);
    session_free(w, number);
    return PLN_OK;
}

/* Keys without sessions are forgotten when they are most of all. */
static pln_status forget_keys(pln__windows *w, pln_error *err) {
    pln_status status = PLN_OK;
    pln__bucket *kept = NULL;
    int64_t n = w->by_key->groups.n;
    if (n < 1024 || n < 4 * w->open_sessions)
        return PLN_OK;
    PLN__TRY(pln__bucket_new(w, 0, true, false, &kept, err));
    for (int64_t key = 0; key < n; key++) {
        int32_t old = (int32_t)key, head = w->heads[key], now = 0;
        if (head < 0)
            continue;
        PLN__TRY(pln__key_groups_adopt(&kept->groups, &w->by_key->groups, &old, 1, &now, err));
        for (int32_t s = head; s >= 0; s = w->sessions[s].next)
            w->sessions[s].key = now;
        w->heads[now] = head; /* now <= key: what stood there has moved */
    }
    pln__bucket_free(w, w->by_key);
    w->by_key = kept;
    return PLN_OK;
out:
    pln__bucket_free(w, kept);
    return status;
}

pln_status pln__sessions_advance(pln__windows *w, int64_t watermark_us, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t before = w->watermark;
    while (w->n_due > 0 && w->due[0].due <= watermark_us) {
        pln__session_due first = unqueue(w);
        const pln__session *s = &w->sessions[first.session];
        if (s->key >= 0 && s->due == first.due && s->order == first.order)
            PLN__TRY(handle(w, first.session, watermark_us, before, err));
    }
    w->watermark = watermark_us;
out:
    return status;
}

/* ---- rows ---- */

static pln_status keys_of(pln__windows *w, int64_t n, pln_error *err) {
    static const uint8_t no_key[PLN_KEY_SIZE] = {0};
    pln_status status = PLN_OK;
    bool keyed = w->spec.n_keys > 0;
    pln__group_rows from = {w->rows, w->key_columns, NULL, 0, keyed ? n : 1};
    int64_t had = w->by_key->groups.n;
    PLN__TRY(pln__grow(w->mem, &w->row_key, &w->row_key_capacity, n + 1, sizeof *w->row_key, err));
    PLN__TRY(pln__key_groups_find(&w->by_key->groups, keyed ? w->key_bytes.data : no_key, &from,
                                  w->row_key, err));
    for (int64_t i = from.n; i < n; i++)
        w->row_key[i] = 0;
    PLN__TRY(pln__grow(w->mem, &w->heads, &w->heads_capacity, w->by_key->groups.n + 1,
                       sizeof *w->heads, err));
    for (int64_t key = had; key < w->by_key->groups.n; key++)
        w->heads[key] = -1;
out:
    return status;
}

static pln_status add_row(pln__windows *w, int64_t row, int64_t time, pln_error *err) {
    pln_status status = PLN_OK;
    int32_t number = -1;
    PLN__TRY(session_for(w, w->row_key[row], time, &number, err));
    if (number < 0) {
        w->late[w->n_late++] = (int32_t)row;
        return PLN_OK;
    }
    pln__session *s = &w->sessions[number];
    w->row_of[w->n_waiting] = (int32_t)row;
    w->group_of[w->n_waiting++] = number;
    s->since = pln__since_add(s->since, 1);
    bool is_late = s->end - 1 <= w->watermark;
    if (is_late || (w->spec.every_rows > 0 && s->since >= w->spec.every_rows)) {
        PLN__TRY(fire(w, number, w->watermark, err));
        s->fired = is_late;
    }
    /* A fired session that goes on is due before it would have been forgotten. */
    if (s->due == INT64_MIN || due_of(w, s) < s->due)
        PLN__TRY(queue(w, number, due_of(w, s), err));
out:
    return status;
}

pln_status pln__sessions_add(pln__windows *w, const int64_t *times, const int64_t *before,
                             int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(keys_of(w, n, err));
    for (int64_t i = 0; i < n; i++) {
        if (before != NULL && before[i] > w->watermark)
            PLN__TRY(pln__sessions_advance(w, before[i], err));
        PLN__TRY(add_row(w, i, times[i], err));
    }
    PLN__TRY(flush(w, err));
    PLN__TRY(forget_keys(w, err));
out:
    return status;
}

/* ---- bytes ---- */

static int by_order(const void *a, const void *b, const void *context) {
    const pln__windows *w = context;
    int64_t x = w->sessions[*(const int32_t *)a].order, y = w->sessions[*(const int32_t *)b].order;
    return (x > y) - (x < y);
}

pln_status pln__sessions_list(pln__windows *w, pln_error *err) {
    int64_t n = 0;
    pln_status status = pln__grow(w->mem, &w->row_of, &w->row_of_capacity, w->open_sessions + 1,
                                  sizeof *w->row_of, err);
    if (status < 0)
        return status;
    for (int32_t i = 0; i < w->n_sessions; i++)
        if (w->sessions[i].key >= 0)
            w->row_of[n++] = i;
    pln__sort(w->row_of, n, sizeof *w->row_of, by_order, w);
    return PLN_OK;
}

/* After reading: the heap and the lists of keys come out of the sessions. */
pln_status pln__sessions_restore(pln__windows *w, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__grow(w->mem, &w->heads, &w->heads_capacity, w->by_key->groups.n + 1,
                       sizeof *w->heads, err));
    for (int64_t key = 0; key < w->by_key->groups.n; key++)
        w->heads[key] = -1;
    for (int64_t i = 0; i < w->n_sessions; i++) {
        pln__session *s = &w->sessions[i];
        int32_t *link = &w->heads[s->key];
        while (*link >= 0 && w->sessions[*link].start < s->start)
            link = &w->sessions[*link].next;
        s->next = *link;
        *link = (int32_t)i;
        s->order = i;
        PLN__TRY(queue(w, (int32_t)i, due_of(w, s), err));
    }
    w->open_sessions = w->next_order = w->n_sessions;
out:
    return status;
}

#include "base/little.h"
#include "window/window.h"

static pln_status split_of(pln__watermarks *w, const char *name, pln__watermark_split **out,
                           pln_error *err) {
    for (int64_t i = 0; i < w->n_splits; i++)
        if (strcmp(w->splits[i].name, name) == 0) {
            *out = &w->splits[i];
            return PLN_OK;
        }
    pln_status status =
        pln__grow(w->mem, &w->splits, &w->capacity, w->n_splits + 1, sizeof *w->splits, err);
    if (status < 0)
        return status;
    char *copy = pln__strdup(w->mem, name);
    if (copy == NULL)
        return pln__error_memory(err, strlen(name) + 1);
    *out = &w->splits[w->n_splits++];
    **out = (pln__watermark_split){copy, PLN__NO_TIME};
    return PLN_OK;
}

static int64_t mark_of(const pln__watermarks *w, int64_t greatest) {
    if (greatest == PLN__NO_TIME || w->strategy == PLN__PUNCTUATED)
        return greatest;
    return greatest - w->bound_us - 1;
}

static int64_t least_of_others(const pln__watermarks *w, const pln__watermark_split *but) {
    int64_t least = INT64_MAX;
    for (int64_t i = 0; i < w->n_splits; i++) {
        int64_t mark = mark_of(w, w->splits[i].greatest);
        if (&w->splits[i] != but && mark < least)
            least = mark;
    }
    return least;
}

pln_status pln__watermarks_add(pln__watermarks *w, const char *split, const int64_t *times,
                               int64_t n, int64_t *before, pln_error *err) {
    pln__watermark_split *s = NULL;
    pln_status status = split_of(w, split == NULL ? "" : split, &s, err);
    if (status < 0)
        return status;
    int64_t cap = least_of_others(w, s), greatest = s->greatest, now = w->now;
    for (int64_t i = 0; i < n; i++) {
        before[i] = now;
        greatest = times[i] > greatest ? times[i] : greatest;
        int64_t mark = mark_of(w, greatest);
        mark = mark < cap ? mark : cap;
        now = mark > now ? mark : now;
    }
    s->greatest = greatest;
    w->now = now;
    return PLN_OK;
}

void pln__watermarks_raise(pln__watermarks *w, int64_t watermark_us) {
    if (watermark_us > w->now)
        w->now = watermark_us;
}

static pln_status put(const pln__watermarks *w, pln__buffer *out, int64_t value, pln_error *err) {
    uint8_t bytes[8];
    pln__store_le64(bytes, (uint64_t)value);
    return pln__buffer_append(w->mem, out, bytes, sizeof bytes, err);
}

pln_status pln__watermarks_write(const pln__watermarks *w, pln__buffer *out, pln_error *err) {
    pln_status status;
    PLN__TRY(put(w, out, w->now, err));
    PLN__TRY(put(w, out, w->n_splits, err));
    for (int64_t i = 0; i < w->n_splits; i++) {
        int64_t size = (int64_t)strlen(w->splits[i].name);
        PLN__TRY(put(w, out, size, err));
        PLN__TRY(pln__buffer_append(w->mem, out, w->splits[i].name, size, err));
        PLN__TRY(put(w, out, w->splits[i].greatest, err));
    }
out:
    return status;
}

static bool get(const uint8_t **at, int64_t *left, int64_t *out) {
    if (*left < 8)
        return false;
    *out = (int64_t)pln__load_le64(*at);
    *at += 8;
    *left -= 8;
    return true;
}

static pln_status read_split(pln__watermarks *w, const uint8_t **at, int64_t *left,
                             pln_error *err) {
    int64_t size = 0, greatest = 0;
    pln__watermark_split *split = NULL;
    if (!get(at, left, &size) || size < 0 || size > *left - 8)
        return pln__error_set(err, PLN_ECORRUPT, "watermarks: the name of a split is cut off");
    char *name = pln__strndup(w->mem, (const char *)*at, size);
    if (name == NULL)
        return pln__error_memory(err, (uint64_t)size + 1);
    *at += size;
    *left -= size;
    get(at, left, &greatest);
    pln_status status = split_of(w, name, &split, err);
    if (status >= 0)
        split->greatest = greatest;
    pln__free(w->mem, name, (uint64_t)size + 1);
    return status;
}

pln_status pln__watermarks_read(pln__watermarks *w, const uint8_t *bytes, int64_t size,
                                pln_error *err) {
    int64_t left = size, n = 0, now = 0;
    pln_status status = PLN_OK;
    if (!get(&bytes, &left, &now) || !get(&bytes, &left, &n) || n < 0 || n > left / 16)
        return pln__error_set(err, PLN_ECORRUPT, "watermarks: %lld bytes are not any",
                              (long long)size);
    w->now = now;
    for (int64_t i = 0; i < n && status >= 0; i++)
        status = read_split(w, &bytes, &left, err);
    if (status >= 0 && left != 0)
        return pln__error_set(err, PLN_ECORRUPT, "watermarks: %lld bytes too many",
                              (long long)left);
    return status;
}

void pln__watermarks_free(pln__watermarks *w) {
    for (int64_t i = 0; i < w->n_splits; i++)
        pln__strfree(w->mem, w->splits[i].name);
    pln__free(w->mem, w->splits, (uint64_t)w->capacity * sizeof *w->splits);
    w->splits = NULL;
    w->n_splits = w->capacity = 0;
}

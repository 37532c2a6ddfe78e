/* Values that come again: which rows repeat, how many different values there are. */
#include "quality/suite.h"
#include <math.h>

enum { PART = 512 };

/* `seen`: every key; `repeated`: those that came again. Groups use keys and scratch of the whole. */
typedef struct uniqueness {
    pln_keys *keys;
    pln_dedup *seen, *repeated;
    int64_t values;
    pln__buffer key, fresh;
} uniqueness;

static int64_t repeats(const uniqueness *u) {
    return u->values - pln_dedup_count(u->seen);
}

/* All rows whose value is found elsewhere, too. */
static int64_t involved(const uniqueness *u) {
    return repeats(u) + pln_dedup_count(u->repeated);
}

static pln_status unique_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const pln__check *check = run->check;
    pln_status status;
    if (check->n_columns == 0)
        return pln__error_set(err, PLN_EOPTION, "%s: parameter 'column' is missing",
                              check->kind->name);
    uniqueness *u = pln__calloc(&v->mem, 1, sizeof *u);
    if (u == NULL)
        return pln__error_memory(err, sizeof *u);
    run->state = u;
    if (run->whole == NULL)
        PLN__TRY(
            pln__suite_keys(v->suite, &v->schema, check->columns, check->n_columns, &u->keys, err));
    PLN__TRY(pln__suite_index(v->suite, &u->seen, err));
    PLN__TRY(pln__suite_index(v->suite, &u->repeated, err));
out:
    return status;
}

static void unique_close(pln__check_run *run) {
    uniqueness *u = run->state;
    const pln_allocator *mem = &run->owner->mem;
    if (u == NULL)
        return;
    pln_keys_free(u->keys);
    pln_dedup_free(u->seen);
    pln_dedup_free(u->repeated);
    pln__buffer_free(mem, &u->key);
    pln__buffer_free(mem, &u->fresh);
    pln__free(mem, u, sizeof *u);
}

/* Adds n keys that stand in `key`; those that were there come to its front. *again is how many. */
static pln_status add_keys(uniqueness *u, uint8_t *key, int64_t n, int64_t *again, pln_error *err) {
    uint8_t fresh[PART / 8];
    *again = 0;
    for (int64_t from = 0; from < n; from += PART) {
        int64_t some = n - from < PART ? n - from : PART;
        uint8_t *at = key + from * PLN_KEY_SIZE;
        pln_status status = pln_dedup_batch(u->seen, at, NULL, some, fresh, NULL, err);
        if (status < 0)
            return status;
        for (int64_t i = 0; i < some; i++)
            if (!pln__bit_get(fresh, i))
                memmove(key + (*again)++ * PLN_KEY_SIZE, at + i * PLN_KEY_SIZE, PLN_KEY_SIZE);
    }
    return PLN_OK;
}

static pln_status unique_add(pln__check_run *run, const struct ArrowArray *rows,
                             const int32_t *chosen, int64_t n, pln_error *err) {
    uniqueness *u = run->state, *lent = run->whole != NULL ? run->whole->state : u;
    const pln_allocator *mem = &run->owner->mem;
    int64_t before = involved(u), again = 0;
    pln_status status;
    lent->key.size = lent->fresh.size = 0;
    PLN__TRY(pln__buffer_reserve(mem, &lent->key, rows->length * PLN_KEY_SIZE, err));
    PLN__TRY(pln__buffer_reserve(mem, &lent->fresh, rows->length / 8 + 8, err));
    PLN__TRY(pln_keys_batch(lent->keys, rows, lent->key.data, err));
    uint8_t *key = lent->key.data;
    for (int64_t i = 0; chosen != NULL && i < n; i++)
        memmove(key + i * PLN_KEY_SIZE, key + (int64_t)chosen[i] * PLN_KEY_SIZE, PLN_KEY_SIZE);
    PLN__TRY(pln_dedup_batch(u->seen, key, NULL, n, lent->fresh.data, NULL, err));
    for (int64_t i = 0; i < n; i++) {
        if (pln__bit_get(lent->fresh.data, i))
            continue;
        pln__bit_set(run->bad.data, chosen != NULL ? chosen[i] : i);
        memmove(key + again++ * PLN_KEY_SIZE, key + i * PLN_KEY_SIZE, PLN_KEY_SIZE);
    }
    u->values += n;
    PLN__TRY(pln_dedup_batch(u->repeated, key, NULL, again, lent->fresh.data, NULL, err));
    run->unexpected += involved(u) - before;
out:
    return status;
}

/* Every key of `from` through add_keys or straight into the repeated ones. */
static pln_status unite(uniqueness *u, const pln_dedup *from, bool all_repeated, pln_error *err) {
    uint8_t key[PART * PLN_KEY_SIZE], fresh[PART / 8];
    int64_t cursor = 0, n, again;
    pln_status status = PLN_OK;
    while ((n = pln__dedup_next(from, &cursor, key, PART)) > 0) {
        again = n;
        if (!all_repeated)
            PLN__TRY(add_keys(u, key, n, &again, err));
        PLN__TRY(pln_dedup_batch(u->repeated, key, NULL, again, fresh, NULL, err));
    }
out:
    return status;
}

static pln_status unique_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    uniqueness *u = into->state;
    const uniqueness *other = from->state;
    int64_t before = involved(u) + involved(other);
    pln_status status;
    PLN__TRY(unite(u, other->seen, false, err));
    PLN__TRY(unite(u, other->repeated, true, err));
    u->values += other->values;
    /* The counts of both were added; values that both have make more. */
    into->unexpected += involved(u) - before;
out:
    return status;
}

static int by_bytes(const void *a, const void *b, const void *context) {
    (void)context;
    return memcmp(a, b, PLN_KEY_SIZE);
}

/* In order, so that the same keys are the same bytes wherever they came from. */
static pln_status write_index(const pln_allocator *mem, const pln_dedup *index, pln__buffer *out,
                              pln_error *err) {
    uint64_t n = (uint64_t)pln_dedup_count(index);
    int64_t cursor = 0, some;
    pln_status status;
    PLN__TRY(pln__put_words(mem, out, &n, 1, err));
    PLN__TRY(pln__buffer_reserve(mem, out, (int64_t)n * PLN_KEY_SIZE, err));
    while ((some = pln__dedup_next(index, &cursor, out->data + out->size, PART)) > 0)
        out->size += some * PLN_KEY_SIZE;
    pln__sort(out->data + out->size - n * PLN_KEY_SIZE, (int64_t)n, PLN_KEY_SIZE, by_bytes, NULL);
out:
    return status;
}

static pln_status unique_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const uniqueness *u = run->state;
    const pln_allocator *mem = &run->owner->mem;
    uint64_t values = (uint64_t)u->values;
    pln_status status;
    PLN__TRY(pln__put_words(mem, out, &values, 1, err));
    PLN__TRY(write_index(mem, u->seen, out, err));
    PLN__TRY(write_index(mem, u->repeated, out, err));
out:
    return status;
}

/* The keys of an index, each of them once; *at moves behind them. */
static pln_status read_index(pln_dedup *index, const uint8_t *bytes, int64_t size, int64_t *at,
                             pln_error *err) {
    uint8_t fresh[PART / 8];
    if (size - *at < 8)
        return pln__error_set(err, PLN_EDATA, "keys: cut short at byte %lld", (long long)*at);
    uint64_t n = pln__load_le64(bytes + *at);
    *at += 8;
    if (n > (uint64_t)(size - *at) / PLN_KEY_SIZE)
        return pln__error_set(err, PLN_EDATA, "keys: %llu, there are bytes for %lld",
                              (unsigned long long)n, (long long)((size - *at) / PLN_KEY_SIZE));
    for (int64_t left = (int64_t)n; left > 0; left -= PART) {
        int64_t some = left < PART ? left : PART;
        pln_status status = pln_dedup_batch(index, bytes + *at, NULL, some, fresh, NULL, err);
        if (status < 0)
            return status;
        *at += some * PLN_KEY_SIZE;
    }
    if ((uint64_t)pln_dedup_count(index) != n)
        return pln__error_set(err, PLN_EDATA, "keys: %llu, of them %lld are different",
                              (unsigned long long)n, (long long)pln_dedup_count(index));
    return PLN_OK;
}

static pln_status unique_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                              pln_error *err) {
    uniqueness *u = run->state;
    int64_t at = 8;
    pln_status status;
    if (size < 8)
        return pln__error_set(err, PLN_EDATA, "values: cut short");
    u->values = (int64_t)pln__load_le64(bytes);
    if (u->values < 0 || u->values > run->rows - run->missing)
        return pln__error_set(err, PLN_EDATA, "values: %lld of %lld rows", (long long)u->values,
                              (long long)(run->rows - run->missing));
    PLN__TRY(read_index(u->seen, bytes, size, &at, err));
    PLN__TRY(read_index(u->repeated, bytes, size, &at, err));
    int64_t seen = pln_dedup_count(u->seen), again = pln_dedup_count(u->repeated);
    int64_t nulls = run->rows - run->missing - u->values; /* that are wrong */
    bool by_row = (run->check->kind->flags & PLN__KIND_BY_ROW) != 0;
    if (at != size || u->values < seen + again || (again == 0) != (u->values == seen) ||
        again > seen || run->unexpected != (by_row ? involved(u) + nulls : 0))
        PLN__FAIL(err, PLN_EDATA, "values: %lld, %lld of them different, %lld repeated",
                  (long long)u->values, (long long)seen, (long long)again);
out:
    return status;
}

static pln_status unique_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const uniqueness *u = run->state;
    *out = (pln__judgement){.success = true, .observed = NAN};
    pln__text_printf(&run->observed, "%lld different, %lld repeated",
                     (long long)pln_dedup_count(u->seen), (long long)pln_dedup_count(u->repeated));
    return pln__text_status(&run->observed, err);
}

const pln__measure pln__measure_unique = {
    .open = unique_open,
    .close = unique_close,
    .add = unique_add,
    .merge = unique_merge,
    .write = unique_write,
    .read = unique_read,
    .judge = unique_judge,
};

/* ---- counts and proportions ---- */

static bool is(const pln__check_run *run, const char *name) {
    return strcmp(run->check->kind->name, name) == 0;
}

static pln_status distinct_open(pln__check_run *run, pln_error *err) {
    pln_status status = is(run, "not_constant") ? PLN_OK : pln__check_bounds(run->check, err);
    return status < 0 ? status : unique_open(run, err);
}

static pln_status distinct_add(pln__check_run *run, const struct ArrowArray *rows,
                               const int32_t *chosen, int64_t n, pln_error *err) {
    int64_t unexpected = run->unexpected;
    pln_status status = unique_add(run, rows, chosen, n, err);
    run->unexpected = unexpected;
    return status;
}

static pln_status distinct_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    pln_status status = unique_merge(into, from, err);
    into->unexpected = 0;
    return status;
}

static pln_status distinct_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const uniqueness *u = run->state;
    double n = (double)u->values, distinct = (double)pln_dedup_count(u->seen);
    double seen =
        is(run, "duplicate_count") || is(run, "duplicate_proportion") ? n - distinct : distinct;
    (void)err;
    if (is(run, "distinct_proportion") || is(run, "duplicate_proportion"))
        seen = n > 0 ? seen / n : NAN;
    *out = (pln__judgement){.observed = seen};
    if (is(run, "not_constant"))
        out->success = n == 0 || distinct > 1;
    else
        out->success = isnan(seen) || pln__check_within(run->check, seen);
    return PLN_OK;
}

const pln__measure pln__measure_distinct = {
    .open = distinct_open,
    .close = unique_close,
    .add = distinct_add,
    .merge = distinct_merge,
    .write = unique_write,
    .read = unique_read,
    .judge = distinct_judge,
};

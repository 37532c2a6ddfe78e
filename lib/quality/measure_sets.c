/* Values against a list: in it or not, row by row, by a hash; the different values against it as a whole; the most common one. */
#include "quality/suite.h"
#include <math.h>
#include <stdlib.h>

static bool is(const pln__check_run *run, const char *name) {
    return strcmp(run->check->kind->name, name) == 0;
}

/* Keys of the check's column; room for those of a batch. */
typedef struct source {
    pln_keys *keys;
    pln__buffer key;
} source;

static pln_status source_open(const pln__check_run *run, source *s, pln_error *err) {
    const pln_validation *v = run->owner;
    return pln__suite_keys(v->suite, &v->schema, run->check->columns, 1, &s->keys, err);
}

static void source_close(const pln__check_run *run, source *s) {
    pln_keys_free(s->keys);
    pln__buffer_free(&run->owner->mem, &s->key);
}

static pln_status source_read(const pln__check_run *run, source *s, const struct ArrowArray *rows,
                              pln_error *err) {
    s->key.size = 0;
    pln_status status =
        pln__buffer_reserve(&run->owner->mem, &s->key, rows->length * PLN_KEY_SIZE + 8, err);
    return status < 0 ? status : pln_keys_batch(s->keys, rows, s->key.data, err);
}

/* ---- in_set and not_in_set of long lists: no state of rows ---- */

typedef struct lookup {
    source source;
    pln_dedup *known;
    bool wanted; /* in_set */
    pln__buffer found;
} lookup;

static void listed_close(pln__check_run *run) {
    lookup *l = run->state;
    if (l == NULL)
        return;
    source_close(run, &l->source);
    pln_dedup_free(l->known);
    pln__buffer_free(&run->owner->mem, &l->found);
    pln__free(&run->owner->mem, l, sizeof *l);
}

static pln_status listed_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    pln__buffer keys = {0}, fresh = {0};
    int64_t n;
    pln_status status;
    lookup *l = pln__calloc(&v->mem, 1, sizeof *l);
    if (l == NULL)
        return pln__error_memory(err, sizeof *l);
    run->state = l;
    l->wanted = is(run, "in_set");
    PLN__TRY(pln__value_keys(run, pln__check_get(run->check, "values"), &keys, NULL, &n, err));
    PLN__TRY(source_open(run, &l->source, err));
    PLN__TRY(pln__suite_index(v->suite, &l->known, err));
    PLN__TRY(pln__buffer_reserve(&v->mem, &fresh, n / 8 + 8, err));
    PLN__TRY(pln_dedup_batch(l->known, keys.data, NULL, n, fresh.data, NULL, err));
out:
    pln__buffer_free(&v->mem, &keys);
    pln__buffer_free(&v->mem, &fresh);
    return status;
}

static pln_status listed_add(pln__check_run *run, const struct ArrowArray *rows,
                             const int32_t *chosen, int64_t n, pln_error *err) {
    lookup *l = run->state;
    pln_status status;
    l->found.size = 0;
    PLN__TRY(pln__buffer_reserve(&run->owner->mem, &l->found, rows->length / 8 + 8, err));
    PLN__TRY(source_read(run, &l->source, rows, err));
    pln__dedup_has(l->known, l->source.key.data, rows->length, l->found.data);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = chosen != NULL ? chosen[i] : i;
        if (pln__bit_get(l->found.data, row) == l->wanted)
            continue;
        pln__bit_set(run->bad.data, row);
        run->unexpected++;
    }
out:
    return status;
}

static pln_status listed_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    (void)run;
    (void)err;
    *out = (pln__judgement){.success = true, .observed = NAN};
    return PLN_OK;
}

const pln__measure pln__measure_listed = {
    .open = listed_open,
    .close = listed_close,
    .add = listed_add,
    .judge = listed_judge,
};

/* ---- a list whose values have numbers; groups use that of the whole ---- */

typedef struct list {
    source source;
    pln__map *places; /* key -> its number, of n different values */
    int64_t n;
    int32_t *shown; /* where each stands in the configuration */
    int64_t n_shown;
} list;

static void list_close(const pln__check_run *run, list *l) {
    source_close(run, &l->source);
    pln__map_free(l->places);
    if (l->shown != NULL)
        pln__free(&run->owner->mem, l->shown, (uint64_t)l->n_shown * sizeof *l->shown);
}

static pln_status list_open(const pln__check_run *run, list *l, pln_error *err) {
    const pln_validation *v = run->owner;
    const json_t *values = pln__check_get(run->check, "values");
    pln__buffer keys = {0};
    int64_t n;
    pln_status status;
    l->n_shown = (int64_t)json_array_size(values) + 1;
    l->shown = pln__calloc(&v->mem, (uint64_t)l->n_shown, sizeof *l->shown);
    l->places = pln__map_new(&v->mem, v->suite->seed);
    if (l->shown == NULL || l->places == NULL)
        return pln__error_memory(err, (uint64_t)l->n_shown * sizeof *l->shown);
    PLN__TRY(pln__value_keys(run, values, &keys, l->shown, &n, err));
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *key = keys.data + i * PLN_KEY_SIZE;
        if (pln__map_get(l->places, key, PLN_KEY_SIZE, NULL))
            continue;
        l->shown[l->n] = l->shown[i];
        PLN__TRY(pln__map_put(l->places, key, PLN_KEY_SIZE, l->n++, err));
    }
    PLN__TRY(source_open(run, &l->source, err));
out:
    pln__buffer_free(&v->mem, &keys);
    return status;
}

static void put_shown(const pln__check_run *run, const list *l, int64_t i, pln__text *out) {
    const json_t *values = pln__check_get(run->check, "values");
    char *text = json_dumps(json_array_get(values, (size_t)l->shown[i]), JSON_ENCODE_ANY);
    pln__text_str(out, text != NULL ? text : "?");
    free(text);
}

/* ---- distinct_in_set, distinct_contains_set, distinct_equals_set ---- */

enum { OUTSIDERS_SHOWN = 20 };

typedef struct different {
    list list;
    pln__buffer seen;   /* a bit for each value of the list */
    pln__map *outside;  /* keys that are not in it, in the order in which they came */
    char *shown[OUTSIDERS_SHOWN]; /* the first of them */
} different;

static list *list_of(const pln__check_run *run) {
    return run->whole != NULL ? run->whole->state : run->state;
}

static void different_close(pln__check_run *run) {
    different *d = run->state;
    const pln_allocator *mem = &run->owner->mem;
    if (d == NULL)
        return;
    list_close(run, &d->list);
    pln__buffer_free(mem, &d->seen);
    pln__map_free(d->outside);
    for (int i = 0; i < OUTSIDERS_SHOWN; i++)
        pln__strfree(mem, d->shown[i]);
    pln__free(mem, d, sizeof *d);
}

static pln_status different_open(pln__check_run *run, pln_error *err) {
    const pln_validation *v = run->owner;
    pln_status status = PLN_OK;
    different *d = pln__calloc(&v->mem, 1, sizeof *d);
    if (d == NULL)
        return pln__error_memory(err, sizeof *d);
    run->state = d;
    if (run->whole == NULL)
        PLN__TRY(list_open(run, &d->list, err));
    int64_t bytes = (list_of(run)->n + 63) / 64 * 8;
    PLN__TRY(pln__buffer_reserve(&v->mem, &d->seen, bytes + 8, err));
    memset(d->seen.data, 0, (size_t)bytes);
    d->seen.size = bytes;
    d->outside = pln__map_new(&v->mem, v->suite->seed);
    if (d->outside == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for values");
out:
    return status;
}

static pln_status meet(pln__check_run *run, const uint8_t *key, const char *text, int64_t size,
                       pln_error *err) {
    different *d = run->state;
    int64_t n = pln__map_count(d->outside);
    if (n < OUTSIDERS_SHOWN && n < run->check->sample_limit && size > 0) {
        d->shown[n] = pln__strndup(&run->owner->mem, text, size);
        if (d->shown[n] == NULL)
            return pln__error_memory(err, (uint64_t)size);
    }
    return pln__map_put(d->outside, key, PLN_KEY_SIZE, 0, err);
}

static pln_status meet_row(pln__check_run *run, const struct ArrowArray *rows, int32_t row,
                           const uint8_t *key, pln_error *err) {
    const different *d = run->state;
    const pln__check *check = run->check;
    pln__text text;
    pln_status status = PLN_OK;
    pln__text_init(&text, &run->owner->mem);
    if (pln__map_count(d->outside) < OUTSIDERS_SHOWN && !check->redact) {
        pln__text_char(&text, '{');
        PLN__TRY(pln__row_members(run->owner, rows, check->columns, 1, row, &text, err));
        pln__text_char(&text, '}');
        PLN__TRY(pln__text_status(&text, err));
    }
    PLN__TRY(meet(run, key, text.data, text.size, err));
out:
    pln__text_free(&text);
    return status;
}

static pln_status different_add(pln__check_run *run, const struct ArrowArray *rows,
                                const int32_t *chosen, int64_t n, pln_error *err) {
    different *d = run->state;
    list *l = list_of(run);
    pln_status status;
    PLN__TRY(source_read(run, &l->source, rows, err));
    for (int64_t i = 0; i < n; i++) {
        int32_t row = chosen != NULL ? chosen[i] : (int32_t)i;
        const uint8_t *key = l->source.key.data + (int64_t)row * PLN_KEY_SIZE;
        int64_t place;
        if (pln__map_get(l->places, key, PLN_KEY_SIZE, &place))
            pln__bit_set(d->seen.data, place);
        else if (!pln__map_get(d->outside, key, PLN_KEY_SIZE, NULL))
            PLN__TRY(meet_row(run, rows, row, key, err));
    }
out:
    return status;
}

static pln_status different_merge(pln__check_run *into, const pln__check_run *from,
                                  pln_error *err) {
    different *d = into->state;
    const different *other = from->state;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < d->seen.size; i++)
        d->seen.data[i] |= other->seen.data[i];
    for (int64_t i = 0; i < pln__map_count(other->outside); i++) {
        int64_t size, value;
        const uint8_t *key = pln__map_at(other->outside, i, &size, &value);
        const char *text = i < OUTSIDERS_SHOWN ? other->shown[i] : NULL;
        if (!pln__map_get(d->outside, key, PLN_KEY_SIZE, NULL))
            PLN__TRY(meet(into, key, text, text != NULL ? (int64_t)strlen(text) : 0, err));
    }
out:
    return status;
}

/* How many are outside, the bits of those seen, and of each outside its key and, of the first, the size of its text and the text. */
static pln_status different_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const different *d = run->state;
    const pln_allocator *mem = &run->owner->mem;
    uint64_t n = (uint64_t)pln__map_count(d->outside);
    pln_status status;
    PLN__TRY(pln__put_words(mem, out, &n, 1, err));
    PLN__TRY(pln__buffer_append(mem, out, d->seen.data, d->seen.size, err));
    for (int64_t i = 0; i < (int64_t)n; i++) {
        int64_t key_size, value;
        const void *key = pln__map_at(d->outside, i, &key_size, &value);
        PLN__TRY(pln__buffer_append(mem, out, key, PLN_KEY_SIZE, err));
        if (i >= OUTSIDERS_SHOWN)
            continue;
        uint64_t size = d->shown[i] != NULL ? strlen(d->shown[i]) : 0;
        PLN__TRY(pln__put_words(mem, out, &size, 1, err));
        PLN__TRY(pln__buffer_append(mem, out, d->shown[i], (int64_t)size, err));
    }
out:
    return status;
}

static pln_status different_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                                 pln_error *err) {
    different *d = run->state;
    int64_t at = 8 + d->seen.size, values = run->rows - run->missing, inside = 0;
    pln_status status = PLN_OK;
    if (size < at)
        return pln__error_set(err, PLN_EDATA, "values: cut short");
    int64_t n = (int64_t)pln__load_le64(bytes);
    memcpy(d->seen.data, bytes + 8, (size_t)d->seen.size);
    inside = pln__bits_count(d->seen.data, 0, d->seen.size * 8);
    if (pln__bits_count(d->seen.data, 0, list_of(run)->n) != inside)
        PLN__FAIL(err, PLN_EDATA, "values: of more than the list has");
    if (n < 0 || n > values || inside > values - n || (values > 0) != (n + inside > 0))
        PLN__FAIL(err, PLN_EDATA, "values: %lld in the list and %lld outside, of %lld",
                  (long long)inside, (long long)n, (long long)values);
    for (int64_t i = 0; i < n; i++) {
        int64_t head = i < OUTSIDERS_SHOWN ? PLN_KEY_SIZE + 8 : PLN_KEY_SIZE;
        if (size - at < head)
            PLN__FAIL(err, PLN_EDATA, "values[%lld]: cut short", (long long)i);
        const uint8_t *key = bytes + at, *text = bytes + at + head;
        int64_t length = i < OUTSIDERS_SHOWN ? (int64_t)pln__load_le64(text - 8) : 0;
        at += head;
        if (length < 0 || length > size - at || (length > 0 && !pln__is_sample(text, length)) ||
            pln__map_get(d->outside, key, PLN_KEY_SIZE, NULL) ||
            pln__map_get(list_of(run)->places, key, PLN_KEY_SIZE, NULL))
            PLN__FAIL(err, PLN_EDATA, "values[%lld]: it is none, or not outside", (long long)i);
        PLN__TRY(meet(run, key, (const char *)text, length, err));
        at += length;
    }
    if (at != size)
        PLN__FAIL(err, PLN_EDATA, "values: %lld bytes too many", (long long)(size - at));
out:
    return status;
}

static void tell_outside(const pln__check_run *run, int64_t n, pln__text *out) {
    const different *d = run->state;
    pln__text_printf(out, "%lld not in the set", (long long)n);
    for (int i = 0; i < OUTSIDERS_SHOWN && d->shown[i] != NULL; i++) {
        int64_t size;
        const char *value = pln__sample_value(d->shown[i], &size);
        pln__text_str(out, i == 0 ? ": " : ", ");
        pln__text_bytes(out, value, size);
    }
}

static void tell_unseen(const pln__check_run *run, int64_t n, pln__text *out) {
    const different *d = run->state;
    const list *l = list_of(run);
    int told = 0;
    pln__text_printf(out, "%lld of the set not there", (long long)n);
    for (int64_t i = 0; i < l->n && told < OUTSIDERS_SHOWN; i++) {
        if (pln__bit_get(d->seen.data, i))
            continue;
        pln__text_str(out, told++ == 0 ? ": " : ", ");
        put_shown(run, l, i, out);
    }
}

static pln_status different_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const different *d = run->state;
    const list *l = list_of(run);
    int64_t outside = pln__map_count(d->outside);
    int64_t unseen = l->n - pln__bits_count(d->seen.data, 0, l->n);
    bool none = run->rows == run->missing;
    *out = (pln__judgement){.success = true, .observed = (double)(outside + l->n - unseen)};
    if (!is(run, "distinct_contains_set") && outside > 0) {
        out->success = false;
        tell_outside(run, outside, &run->observed);
    }
    if (!is(run, "distinct_in_set") && unseen > 0 && !none) {
        pln__text_str(&run->observed, out->success ? "" : "; ");
        out->success = false;
        tell_unseen(run, unseen, &run->observed);
    }
    return pln__text_status(&run->observed, err);
}

const pln__measure pln__measure_different = {
    .open = different_open,
    .close = different_close,
    .add = different_add,
    .merge = different_merge,
    .write = different_write,
    .read = different_read,
    .judge = different_judge,
};

/* ---- most_common_in_set ---- */

typedef struct common {
    list list;
    pln__map *counts; /* key -> how often */
} common;

static void common_close(pln__check_run *run) {
    common *c = run->state;
    if (c == NULL)
        return;
    list_close(run, &c->list);
    pln__map_free(c->counts);
    pln__free(&run->owner->mem, c, sizeof *c);
}

static pln_status common_open(pln__check_run *run, pln_error *err) {
    const pln_validation *v = run->owner;
    pln_status status = PLN_OK;
    common *c = pln__calloc(&v->mem, 1, sizeof *c);
    if (c == NULL)
        return pln__error_memory(err, sizeof *c);
    run->state = c;
    if (run->whole == NULL)
        PLN__TRY(list_open(run, &c->list, err));
    c->counts = pln__map_new(&v->mem, v->suite->seed);
    if (c->counts == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "no memory for values");
out:
    return status;
}

static pln_status count(common *c, const uint8_t *key, int64_t n, pln_error *err) {
    int64_t before = 0;
    (void)pln__map_get(c->counts, key, PLN_KEY_SIZE, &before);
    return pln__map_put(c->counts, key, PLN_KEY_SIZE, before + n, err);
}

static pln_status common_add(pln__check_run *run, const struct ArrowArray *rows,
                             const int32_t *chosen, int64_t n, pln_error *err) {
    source *s = &list_of(run)->source;
    pln_status status;
    PLN__TRY(source_read(run, s, rows, err));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = chosen != NULL ? chosen[i] : i;
        PLN__TRY(count(run->state, s->key.data + row * PLN_KEY_SIZE, 1, err));
    }
out:
    return status;
}

static pln_status common_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    const common *other = from->state;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < pln__map_count(other->counts) && status == PLN_OK; i++) {
        int64_t size, n;
        const uint8_t *key = pln__map_at(other->counts, i, &size, &n);
        status = count(into->state, key, n, err);
    }
    return status;
}

static pln_status common_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const common *c = run->state;
    const pln_allocator *mem = &run->owner->mem;
    uint64_t n = (uint64_t)pln__map_count(c->counts);
    pln_status status = pln__put_words(mem, out, &n, 1, err);
    for (int64_t i = 0; i < (int64_t)n && status == PLN_OK; i++) {
        int64_t size, times;
        const void *key = pln__map_at(c->counts, i, &size, &times);
        uint64_t word = (uint64_t)times;
        PLN__TRY(pln__buffer_append(mem, out, key, PLN_KEY_SIZE, err));
        PLN__TRY(pln__put_words(mem, out, &word, 1, err));
    }
out:
    return status;
}

static pln_status common_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                              pln_error *err) {
    common *c = run->state;
    int64_t left = run->rows - run->missing, each = PLN_KEY_SIZE + 8;
    pln_status status = PLN_OK;
    if (size < 8 || (size - 8) % each != 0 || pln__load_le64(bytes) != (uint64_t)(size / each))
        return pln__error_set(err, PLN_EDATA, "values: not as many as there are bytes for");
    for (int64_t at = 8; at < size; at += each) {
        int64_t n = (int64_t)pln__load_le64(bytes + at + PLN_KEY_SIZE);
        if (n < 1 || n > left || pln__map_get(c->counts, bytes + at, PLN_KEY_SIZE, NULL))
            PLN__FAIL(err, PLN_EDATA, "values[%lld]: %lld times, %lld are left",
                      (long long)(at / each), (long long)n, (long long)left);
        PLN__TRY(count(c, bytes + at, n, err));
        left -= n;
    }
    if (left != 0)
        PLN__FAIL(err, PLN_EDATA, "values: %lld too few", (long long)left);
out:
    return status;
}

static pln_status common_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const common *c = run->state;
    const list *l = list_of(run);
    int64_t most = 0, ties = 0, inside = 0, n, size, place;
    pln__text *seen = &run->observed;
    for (int64_t i = 0; i < pln__map_count(c->counts); i++) {
        (void)pln__map_at(c->counts, i, &size, &n);
        ties = n > most ? 1 : ties + (n == most);
        most = n > most ? n : most;
    }
    *out = (pln__judgement){.success = true, .observed = NAN};
    if (most == 0)
        return PLN_OK;
    pln__text_printf(seen, "%lld times", (long long)most);
    for (int64_t i = 0; i < pln__map_count(c->counts); i++) {
        const void *key = pln__map_at(c->counts, i, &size, &n);
        if (n != most || !pln__map_get(l->places, key, PLN_KEY_SIZE, &place))
            continue;
        if (inside++ < OUTSIDERS_SHOWN) {
            pln__text_str(seen, inside == 1 ? ": " : ", ");
            put_shown(run, l, place, seen);
        }
    }
    if (ties > inside)
        pln__text_printf(seen, "%s %lld not in the set", inside > 0 ? " and" : ":",
                         (long long)(ties - inside));
    out->observed = (double)most;
    out->success =
        inside > 0 && (ties == 1 || json_is_true(pln__check_get(run->check, "ties_okay")));
    return pln__text_status(seen, err);
}

const pln__measure pln__measure_common = {
    .open = common_open,
    .close = common_close,
    .add = common_add,
    .merge = common_merge,
    .write = common_write,
    .read = common_read,
    .judge = common_judge,
};

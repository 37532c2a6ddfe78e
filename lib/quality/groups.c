/*
 * A run for each group of a check with "group_by". Rows of a batch are told apart by the keys of their groups; a measure that keeps state gets the rows of each
 * group as a slice of columns that were gathered in the order of the groups, so that all groups together cost what one does.
 */
#include "quality/suite.h"
#include <math.h>

typedef struct group {
    pln__check_run run;
    char *text;          /* {"region":"north"}; "{}" where the check redacts */
    int32_t first, last; /* of this batch: its rows, chained by `next`; -1: none */
} group;

struct pln__groups {
    pln_keys *keys;
    pln__map *index; /* key -> its place */
    group *items;
    int64_t n, capacity;
    pln__buffer key, of, next, order, touched; /* of a batch; numbers are int32 */
    pln__buffer bad;                           /* of one group's rows */
    pln__text json, lines, text;               /* what the last judgement found */
    int64_t failed;
};

static int32_t *numbers(const pln__buffer *buffer) {
    return (int32_t *)(void *)buffer->data;
}

static bool has_state(const pln__check_run *run) {
    return run->check->kind->measure != NULL && run->check->kind->measure->merge != NULL;
}

/* ---- life ---- */

pln_status pln__groups_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const pln__check *check = run->check;
    pln_status status = PLN_OK;
    pln__groups *g = pln__calloc(&v->mem, 1, sizeof *g);
    if (g == NULL)
        return pln__error_memory(err, sizeof *g);
    run->groups = g;
    pln__text_init(&g->json, &v->mem);
    pln__text_init(&g->lines, &v->mem);
    pln__text_init(&g->text, &v->mem);
    for (int64_t i = 0; i < check->n_group_by && status == PLN_OK; i++)
        if (pln__schema_find(&v->schema, check->group_by[i]) < 0)
            status = pln__schema_find_error(&v->schema, check->group_by[i], err);
    if (status == PLN_OK)
        status = pln__suite_keys(v->suite, &v->schema, check->group_by, check->n_group_by, &g->keys,
                                 err);
    if (status < 0) {
        pln__error_prefix(err, "group_by");
        return status;
    }
    g->index = pln__map_new(&v->mem, v->suite->seed);
    return g->index == NULL ? pln__error_memory(err, 1) : PLN_OK;
}

static void close_group(pln__check_run *run, group *one) {
    if (one->run.state != NULL)
        run->check->kind->measure->close(&one->run);
    pln__text_free(&one->run.observed);
    pln__strfree(&run->owner->mem, one->text);
}

pln_status pln__groups_forget(pln__check_run *run, pln_error *err) {
    pln__groups *g = run->groups;
    if (g == NULL)
        return PLN_OK;
    for (int64_t i = 0; i < g->n; i++)
        close_group(run, &g->items[i]);
    g->n = 0;
    pln__map_free(g->index);
    g->index = pln__map_new(&run->owner->mem, run->owner->suite->seed);
    return g->index == NULL ? pln__error_memory(err, 1) : PLN_OK;
}

void pln__groups_close(pln__check_run *run) {
    pln__groups *g = run->groups;
    const pln_allocator *mem = &run->owner->mem;
    if (g == NULL)
        return;
    for (int64_t i = 0; i < g->n; i++)
        close_group(run, &g->items[i]);
    pln__free(mem, g->items, (uint64_t)g->capacity * sizeof *g->items);
    pln__map_free(g->index);
    pln_keys_free(g->keys);
    pln__buffer *buffers[] = {&g->key, &g->of, &g->next, &g->order, &g->touched, &g->bad};
    for (int i = 0; i < PLN__COUNT(buffers); i++)
        pln__buffer_free(mem, buffers[i]);
    pln__text_free(&g->json);
    pln__text_free(&g->lines);
    pln__text_free(&g->text);
    pln__free(mem, g, sizeof *g);
    run->groups = NULL;
}

/* Another group at the end, with a copy of its text; its key is not there yet. */
static pln_status add_group(pln__check_run *run, const uint8_t *key, const char *text, int64_t size,
                            pln_error *err) {
    pln__groups *g = run->groups;
    pln_validation *v = run->owner;
    const pln__check *check = run->check;
    pln_status status;
    if (g->n == check->max_groups)
        return pln__error_set(err, PLN_ELIMIT, "group_by: more than %lld groups (max_groups)",
                              (long long)check->max_groups);
    PLN__TRY(pln__grow(&v->mem, &g->items, &g->capacity, g->n + 1, sizeof *g->items, err));
    group *one = &g->items[g->n];
    *one = (group){.first = -1, .last = -1};
    one->run = (pln__check_run){.check = check,
                                .owner = v,
                                .whole = run,
                                .where = -1,
                                .fields = run->fields,
                                .n_fields = run->n_fields};
    pln__text_init(&one->run.observed, &v->mem);
    one->text = pln__strndup(&v->mem, text, size);
    status = one->text == NULL ? pln__error_memory(err, (uint64_t)size) : PLN_OK;
    if (status == PLN_OK && has_state(run))
        status = check->kind->measure->open(&one->run, err);
    if (status == PLN_OK)
        status = pln__map_put(g->index, key, PLN_KEY_SIZE, g->n, err);
    if (status == PLN_OK)
        g->n++;
    else
        close_group(run, one);
out:
    return status;
}

/* ---- rows ---- */

static pln_status room(pln__check_run *run, pln__buffer *buffer, int64_t bytes, pln_error *err) {
    buffer->size = 0;
    return pln__buffer_reserve(&run->owner->mem, buffer, bytes + 8, err);
}

static pln_status meet(pln__check_run *run, const struct ArrowArray *rows, int32_t row,
                       const uint8_t *key, pln_error *err) {
    const pln__check *check = run->check;
    pln__text text;
    pln_status status = PLN_OK;
    pln__text_init(&text, &run->owner->mem);
    pln__text_char(&text, '{');
    if (!check->redact)
        PLN__TRY(pln__row_members(run->owner, rows, check->group_by, check->n_group_by, row, &text,
                                  err));
    pln__text_char(&text, '}');
    PLN__TRY(pln__text_status(&text, err));
    PLN__TRY(add_group(run, key, text.data, text.size, err));
out:
    pln__text_free(&text);
    return status;
}

pln_status pln__groups_assign(pln__check_run *run, const struct ArrowArray *rows,
                              const uint8_t *scope, pln_error *err) {
    pln__groups *g = run->groups;
    int64_t n = rows->length;
    pln_status status;
    PLN__TRY(room(run, &g->key, n * PLN_KEY_SIZE, err));
    PLN__TRY(room(run, &g->of, n * 4, err));
    PLN__TRY(pln_keys_batch(g->keys, rows, g->key.data, err));
    int32_t *of = numbers(&g->of);
    for (int32_t i = 0; i < n; i++) {
        const uint8_t *key = g->key.data + (int64_t)i * PLN_KEY_SIZE;
        int64_t at = g->n;
        of[i] = -1;
        if (!pln__bit_get(scope, i))
            continue;
        /* Neighbours are often of one group. */
        if (i > 0 && of[i - 1] >= 0 && memcmp(key, key - PLN_KEY_SIZE, PLN_KEY_SIZE) == 0)
            at = of[i - 1];
        else if (!pln__map_get(g->index, key, PLN_KEY_SIZE, &at))
            PLN__TRY(meet(run, rows, i, key, err));
        of[i] = (int32_t)at;
    }
out:
    return status;
}

void pln__groups_count(pln__check_run *run, int64_t rows, const uint8_t *missing,
                       const uint8_t *bad) {
    pln__groups *g = run->groups;
    const int32_t *of = numbers(&g->of);
    for (int64_t i = 0; i < rows; i++) {
        if (of[i] < 0)
            continue;
        pln__check_run *one = &g->items[of[i]].run;
        one->rows++;
        one->missing += pln__bit_get(missing, i);
        one->unexpected += pln__bit_get(bad, i);
    }
}

/* Chains the rows of each group; the groups that have any stand in `touched`. */
static int64_t chain(pln__groups *g, const int32_t *chosen, int64_t n) {
    const int32_t *of = numbers(&g->of);
    int32_t *next = numbers(&g->next), *touched = numbers(&g->touched);
    int64_t n_touched = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t row = chosen != NULL ? chosen[i] : (int32_t)i;
        group *one = &g->items[of[row]];
        next[row] = -1;
        if (one->first < 0)
            touched[n_touched++] = of[row], one->first = row;
        else
            next[one->last] = row;
        one->last = row;
    }
    return n_touched;
}

/* Columns of the check, gathered in the order of the groups, and a slice of each. */
typedef struct gathered {
    struct ArrowArray rows;
    struct ArrowArray *columns, *slices, **children;
    int64_t n_columns, n_children;
} gathered;

static pln_status gather(const pln__check_run *run, const struct ArrowArray *rows, int64_t n,
                         gathered *out, pln_error *err) {
    const pln_validation *v = run->owner;
    uint64_t k = (uint64_t)run->n_fields + 1;
    pln_status status = PLN_OK;
    out->n_children = rows->n_children;
    out->columns = pln__calloc(&v->mem, k, sizeof *out->columns);
    out->slices = pln__calloc(&v->mem, k, sizeof *out->slices);
    out->children = pln__calloc(&v->mem, (uint64_t)rows->n_children + 1, sizeof *out->children);
    if (out->columns == NULL || out->slices == NULL || out->children == NULL)
        return pln__error_memory(err, k * sizeof *out->columns);
    out->rows = *rows;
    out->rows.children = out->children;
    for (int64_t i = 0; i < rows->n_children; i++)
        out->children[i] = rows->children[i];
    for (; out->n_columns < run->n_fields; out->n_columns++) {
        int64_t field = run->fields[out->n_columns];
        PLN__TRY(pln__array_take(&v->mem, v->schema.children[field], rows->children[field],
                                 numbers(&run->groups->order), n, &out->columns[out->n_columns],
                                 err));
        out->children[field] = &out->slices[out->n_columns];
    }
out:
    return status;
}

static void slice(gathered *g, int64_t from, int64_t n) {
    g->rows.length = n;
    for (int64_t i = 0; i < g->n_columns; i++) {
        g->slices[i] = g->columns[i];
        g->slices[i].offset += from;
        g->slices[i].length = n;
        g->slices[i].null_count = -1;
    }
}

static void gathered_free(const pln_allocator *mem, int64_t n_fields, gathered *g) {
    for (int64_t i = 0; i < g->n_columns; i++)
        pln__array_release(&g->columns[i]);
    pln__free(mem, g->columns, (uint64_t)(n_fields + 1) * sizeof *g->columns);
    pln__free(mem, g->slices, (uint64_t)(n_fields + 1) * sizeof *g->slices);
    pln__free(mem, g->children, (uint64_t)(g->n_children + 1) * sizeof *g->children);
}

/* Rows [from, from + n) of the order are one group's. */
static pln_status measure_group(pln__check_run *run, group *one, gathered *all, int64_t from,
                                int64_t n, pln_error *err) {
    pln__groups *g = run->groups;
    const int32_t *row = numbers(&g->order) + from;
    int64_t before = one->run.unexpected;
    pln_status status;
    slice(all, from, n);
    memset(g->bad.data, 0, (size_t)(n / 8 + 8));
    one->run.bad = g->bad;
    status = run->check->kind->measure->add(&one->run, &all->rows, NULL, n, err);
    one->run.bad = (pln__buffer){0};
    for (int64_t i = 0; i < n && pln__check_by_row(run->check); i++)
        if (pln__bit_get(g->bad.data, i))
            pln__bit_set(run->bad.data, row[i]);
    run->unexpected += one->run.unexpected - before;
    return status;
}

pln_status pln__groups_measure(pln__check_run *run, const struct ArrowArray *rows,
                               const int32_t *chosen, int64_t n, pln_error *err) {
    pln__groups *g = run->groups;
    gathered all = {0};
    int64_t at = 0;
    pln_status status;
    PLN__TRY(room(run, &g->next, rows->length * 4, err));
    PLN__TRY(room(run, &g->order, n * 4, err));
    PLN__TRY(room(run, &g->touched, n * 4, err));
    PLN__TRY(room(run, &g->bad, n / 8 + 8, err));
    int64_t n_touched = chain(g, chosen, n);
    for (int64_t i = 0; i < n_touched; i++)
        for (int32_t row = g->items[numbers(&g->touched)[i]].first; row >= 0;
             row = numbers(&g->next)[row])
            numbers(&g->order)[at++] = row;
    if (n > 0)
        status = gather(run, rows, n, &all, err);
    at = 0;
    for (int64_t i = 0; i < n_touched; i++) {
        group *one = &g->items[numbers(&g->touched)[i]];
        int64_t from = at;
        for (int32_t row = one->first; row >= 0; row = numbers(&g->next)[row])
            at++;
        one->first = one->last = -1;
        if (status >= 0)
            status = measure_group(run, one, &all, from, at - from, err);
    }
out:
    gathered_free(&run->owner->mem, run->n_fields, &all);
    return status;
}

/* ---- merging, bytes ---- */

static pln_status merge_group(pln__check_run *into, group *one, const pln__check_run *from,
                              pln_error *err) {
    int64_t before = one->run.unexpected;
    one->run.rows += from->rows;
    one->run.missing += from->missing;
    one->run.unexpected += from->unexpected;
    pln_status status =
        has_state(into) ? into->check->kind->measure->merge(&one->run, from, err) : PLN_OK;
    /* The counts of both wholes were added; what is wrong across the two is more. */
    into->unexpected += one->run.unexpected - before - from->unexpected;
    return status;
}

pln_status pln__groups_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    pln__groups *g = into->groups;
    const pln__groups *other = from->groups;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < other->n; i++) {
        const group *theirs = &other->items[i];
        int64_t size, value, at = g->n;
        const uint8_t *key = pln__map_at(other->index, i, &size, &value);
        if (!pln__map_get(g->index, key, PLN_KEY_SIZE, &at))
            PLN__TRY(add_group(into, key, theirs->text, (int64_t)strlen(theirs->text), err));
        PLN__TRY(merge_group(into, &g->items[at], &theirs->run, err));
    }
out:
    return status;
}

/* How many groups; of each its key, the size of its text, the text, three counts, the size of its state, the state. */
pln_status pln__groups_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const pln__groups *g = run->groups;
    const pln_allocator *mem = &run->owner->mem;
    uint64_t n = (uint64_t)g->n;
    pln_status status = pln__put_words(mem, out, &n, 1, err);
    for (int64_t i = 0; i < g->n && status == PLN_OK; i++) {
        const group *one = &g->items[i];
        int64_t size, value;
        const void *key = pln__map_at(g->index, i, &size, &value);
        uint64_t length = strlen(one->text);
        uint64_t counts[] = {(uint64_t)one->run.rows, (uint64_t)one->run.missing,
                             (uint64_t)one->run.unexpected, 0};
        PLN__TRY(pln__buffer_append(mem, out, key, PLN_KEY_SIZE, err));
        PLN__TRY(pln__put_words(mem, out, &length, 1, err));
        PLN__TRY(pln__buffer_append(mem, out, one->text, (int64_t)length, err));
        PLN__TRY(pln__put_words(mem, out, counts, 4, err));
        int64_t begin = out->size;
        if (has_state(run))
            PLN__TRY(run->check->kind->measure->write(&one->run, out, err));
        pln__store_le64(out->data + begin - 8, (uint64_t)(out->size - begin));
    }
out:
    return status;
}

typedef struct reader {
    const uint8_t *at, *end;
    bool cut;
} reader;

static const uint8_t *take(reader *r, int64_t size) {
    const uint8_t *at = r->at;
    if (size < 0 || size > r->end - r->at) {
        r->cut = true;
        return NULL;
    }
    r->at += size;
    return at;
}

static int64_t number(reader *r) {
    const uint8_t *at = take(r, 8);
    return at == NULL ? -1 : (int64_t)pln__load_le64(at);
}

static pln_status read_group(pln__check_run *run, reader *r, pln_error *err) {
    pln__groups *g = run->groups;
    const uint8_t *key = take(r, PLN_KEY_SIZE);
    int64_t length = number(r);
    const uint8_t *text = take(r, length);
    int64_t rows = number(r), missing = number(r), unexpected = number(r), size = number(r);
    const uint8_t *state = take(r, size);
    pln_status status;
    if (r->cut)
        return pln__error_set(err, PLN_EDATA, "cut short");
    if (!pln__is_sample(text, length))
        return pln__error_set(err, PLN_EDATA, "its text is no object");
    if (pln__map_get(g->index, key, PLN_KEY_SIZE, NULL))
        return pln__error_set(err, PLN_EDATA, "its key was there before");
    if (rows < 1 || missing < 0 || missing > rows || unexpected < 0 ||
        unexpected > rows - missing || rows > run->rows)
        return pln__error_set(err, PLN_EDATA, "%lld rows, %lld missing, %lld unexpected",
                              (long long)rows, (long long)missing, (long long)unexpected);
    PLN__TRY(add_group(run, key, (const char *)text, length, err));
    pln__check_run *one = &g->items[g->n - 1].run;
    one->rows = rows;
    one->missing = missing;
    one->unexpected = unexpected;
    if (has_state(run))
        PLN__TRY(run->check->kind->measure->read(one, state, size, err));
    else if (size != 0)
        PLN__FAIL(err, PLN_EDATA, "%lld bytes too many", (long long)size);
out:
    return status;
}

pln_status pln__groups_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                            pln_error *err) {
    pln__groups *g = run->groups;
    reader r = {bytes, bytes + size, false};
    int64_t n = number(&r), rows = 0, missing = 0, unexpected = 0;
    if (n < 0 || n > run->check->max_groups)
        return pln__error_set(err, PLN_EDATA, "groups: %lld, expected 0 to %lld", (long long)n,
                              (long long)run->check->max_groups);
    for (int64_t i = 0; i < n; i++) {
        pln_status status = read_group(run, &r, err);
        if (status < 0) {
            pln__error_prefix(err, "groups[%lld]", (long long)i);
            return status;
        }
        /* Each is at most run->rows, which is at most 2^60, and the loop ends with the first sum beyond it. */
        rows += g->items[i].run.rows;
        missing += g->items[i].run.missing;
        unexpected += g->items[i].run.unexpected;
        if (rows > run->rows)
            break;
    }
    if (r.at != r.end || rows != run->rows || missing != run->missing ||
        unexpected != run->unexpected)
        return pln__error_set(
            err, PLN_EDATA,
            "groups: of %lld rows, %lld missing and %lld unexpected, the check has %lld, "
            "%lld and %lld",
            (long long)rows, (long long)missing, (long long)unexpected, (long long)run->rows,
            (long long)run->missing, (long long)run->unexpected);
    return PLN_OK;
}

/* ---- results ---- */

static void put_json(pln__groups *g, const group *one, int32_t verdict, double observed,
                     const pln__text *found, bool by_row) {
    static const char *const names[] = {"passed", "warned", "failed"};
    char number[PLN__DOUBLE_TEXT_SIZE];
    pln__text *out = &g->json;
    pln__text_printf(out, "%s{\"group\":%s,\"status\":\"%s\",\"element_count\":%lld",
                     out->size > 1 ? "," : "", one->text, names[verdict], (long long)one->run.rows);
    pln__text_printf(out, ",\"missing_count\":%lld", (long long)one->run.missing);
    if (by_row)
        pln__text_printf(out, ",\"unexpected_count\":%lld", (long long)one->run.unexpected);
    if (isfinite(observed)) {
        pln__text_str(out, ",\"observed_value\":");
        pln__text_bytes(out, number, pln__format_double(number, observed));
        if (fabs(observed) >= 0x1p63 && fabs(observed) < 1e21)
            pln__text_str(out, ".0");
    }
    pln__text_str(out, ",\"message\":");
    pln__text_json(out, found->data, found->size);
    pln__text_char(out, '}');
}

/* The first `sample_limit` groups that did not pass are told. */
static void tell(pln__check_run *run, const group *one, int32_t verdict, double observed,
                 const pln__text *found) {
    pln__groups *g = run->groups;
    const pln__check *check = run->check;
    if (g->failed > check->sample_limit)
        return;
    put_json(g, one, verdict, observed, found, pln__check_by_row(check));
    if (g->failed <= 5)
        pln__text_printf(&g->lines, "        group %s: %s\n", one->text, found->data);
    if (g->failed <= 3 && !check->redact)
        pln__text_printf(&g->text, "%s%s %s", g->failed == 1 ? "" : "; ", one->text, found->data);
}

pln_status pln__groups_judge(pln__check_run *run, int32_t *worst, pln_error *err) {
    pln__groups *g = run->groups;
    pln__text found;
    pln_status status = PLN_OK;
    pln__text_init(&found, &run->owner->mem);
    pln__text_again(&g->json);
    pln__text_again(&g->lines);
    pln__text_again(&g->text);
    pln__text_str(&g->lines, "");
    pln__text_str(&g->text, "");
    pln__text_char(&g->json, '[');
    g->failed = 0;
    *worst = PLN_CHECK_PASSED;
    for (int64_t i = 0; i < g->n; i++) {
        group *one = &g->items[i];
        int32_t verdict;
        double observed;
        pln__text_again(&found);
        status = pln__run_judge(&one->run, &found, &verdict, &observed, err);
        if (status == PLN_OK && verdict != PLN_CHECK_PASSED) {
            g->failed++;
            tell(run, one, verdict, observed, &found);
        }
        pln__text_free(&one->run.observed);
        pln__text_init(&one->run.observed, &run->owner->mem);
        PLN__TRY(status);
        *worst = verdict > *worst ? verdict : *worst;
    }
    pln__text_char(&g->json, ']');
    PLN__TRY(pln__text_status(&g->json, err));
    PLN__TRY(pln__text_status(&g->lines, err));
    PLN__TRY(pln__text_status(&g->text, err));
out:
    pln__text_free(&found);
    return status;
}

pln__groups_found pln__groups_found_of(const pln__check_run *run) {
    const pln__groups *g = run->groups;
    return (pln__groups_found){g->n, g->failed, g->json.data, g->lines.data, g->text.data};
}

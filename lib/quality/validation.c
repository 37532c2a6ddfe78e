/* A suite over batches: which rows each check looks at, which of them are wrong. */
#include "quality/suite.h"
#include "sketch/form.h"

#define ROWS_MOST ((int64_t)1 << 60)

void pln_validation_options_init(pln_validation_options *options, uint32_t size) {
    pln_validation_options whole = {.struct_size = size, .now_us = INT64_MIN};
    memcpy(options, &whole, size < sizeof whole ? size : sizeof whole);
}

/* ---- opening ---- */

static bool needs_columns(const pln__check *check) {
    return check->kind->measure != &pln__measure_schema;
}

static pln_status resolve_keys(const pln__check_run *run, pln_error *err) {
    const struct ArrowSchema *schema = &run->owner->schema;
    size_t i;
    json_t *key;
    json_array_foreach((json_t *)pln__check_get(run->check, "key_columns"), i, key) {
        if (pln__schema_find(schema, json_string_value(key)) >= 0)
            continue;
        pln_status status = pln__schema_find_error(schema, json_string_value(key), err);
        pln__error_prefix(err, "key_columns");
        return status;
    }
    return PLN_OK;
}

static pln_status resolve(pln__check_run *run, pln_error *err) {
    const pln__check *check = run->check;
    const struct ArrowSchema *schema = &run->owner->schema;
    run->fields =
        pln__calloc(&run->owner->mem, (uint64_t)check->n_columns + 1, sizeof *run->fields);
    if (run->fields == NULL)
        return pln__error_memory(err, (uint64_t)check->n_columns * sizeof *run->fields);
    for (int64_t i = 0; i < check->n_columns && needs_columns(check); i++) {
        int64_t at = pln__schema_find(schema, check->columns[i]);
        if (at < 0)
            return pln__schema_find_error(schema, check->columns[i], err);
        run->fields[run->n_fields++] = at;
    }
    return resolve_keys(run, err);
}

static pln_status compile(pln_validation *v, const char *text, pln__expr **out, pln_error *err) {
    pln__expr_options options = {pln__cpu_features(), v->suite->seed};
    pln_status status = pln__expr_compile(&v->mem, text, &v->schema, &options, out, err);
    if (status == PLN_OK)
        status = pln__expr_check_condition(*out, err);
    if (status == PLN_OK && pln__expr_is_volatile(*out) && v->now_us == INT64_MIN)
        status = pln__error_set(err, PLN_ESTATE, "now_us of the validation's options is needed");
    return status;
}

/* Checks with one condition share it. */
static pln_status open_where(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const char *text = run->check->where;
    run->where = -1;
    if (text == NULL)
        return PLN_OK;
    for (int64_t i = 0; i < v->n_wheres; i++) {
        if (strcmp(v->wheres[i].text, text) == 0) {
            run->where = (int32_t)i;
            return PLN_OK;
        }
    }
    pln__where *where = &v->wheres[v->n_wheres];
    pln_status status = compile(v, text, &where->expr, err);
    if (status < 0) {
        pln__expr_free(where->expr);
        where->expr = NULL;
        pln__error_prefix(err, "where");
        return status;
    }
    where->text = text;
    run->where = (int32_t)v->n_wheres++;
    return PLN_OK;
}

static pln_status open_condition(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    pln__text text;
    pln__text_init(&text, &v->mem);
    pln_status status = pln__check_condition(run->check, &v->schema, &text, err);
    if (status == PLN_OK)
        status = compile(v, text.data, &run->condition, err);
    pln__text_free(&text);
    return status;
}

static pln_status open_run(pln__check_run *run, pln_error *err) {
    const pln__check *check = run->check;
    pln_status status;
    PLN__TRY(resolve(run, err));
    PLN__TRY(open_where(run, err));
    if ((check->kind->flags & PLN__KIND_TIME) != 0 && run->owner->now_us == INT64_MIN)
        PLN__FAIL(err, PLN_ESTATE, "now_us of the validation's options is needed");
    if (check->kind->measure == NULL)
        PLN__TRY(open_condition(run, err));
    else if (check->kind->measure->open != NULL)
        PLN__TRY(check->kind->measure->open(run, err));
    if (check->n_group_by > 0)
        PLN__TRY(pln__groups_open(run, err));
    if ((check->kind->flags & PLN__KIND_BY_ROW) != 0 && check->severity >= PLN_SEVERITY_ERROR)
        run->owner->by_row = true;
out:
    if (status < 0)
        pln__error_prefix(err, "check %s", check->id);
    return status;
}

static pln_status open_all(pln_validation *v, pln_error *err) {
    int64_t n = v->suite->n_checks;
    pln_status status = PLN_OK;
    v->runs = pln__calloc(&v->mem, (uint64_t)n + 1, sizeof *v->runs);
    v->wheres = pln__calloc(&v->mem, (uint64_t)n + 1, sizeof *v->wheres);
    if (v->runs == NULL || v->wheres == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *v->runs);
    for (int64_t i = 0; i < n; i++) {
        pln__check_run *run = &v->runs[i];
        run->check = v->suite->checks[i];
        run->owner = v;
        pln__text_init(&run->observed, &v->mem);
        pln__text_init(&run->message, &v->mem);
    }
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(open_run(&v->runs[i], err));
out:
    return status;
}

pln_status pln_validation_new(const pln_suite *suite, const struct ArrowSchema *schema,
                              const pln_validation_options *options, pln_validation **out,
                              pln_error *err) {
    pln_validation_options o;
    pln_status status;
    pln_validation_options_init(&o, sizeof o);
    if (options != NULL)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    const pln_allocator *mem = o.allocator != NULL ? o.allocator : &suite->mem;
    pln_validation *v = pln__calloc(mem, 1, sizeof *v);
    if (v == NULL)
        return pln__error_memory(err, sizeof *v);
    v->mem = *mem;
    v->suite = suite;
    v->now_us = o.now_us;
    if (v->now_us == INT64_MIN && suite->runtime != NULL)
        v->now_us = pln__runtime_now_us(suite->runtime);
    pln__text_init(&v->json, &v->mem);
    pln__text_init(&v->text, &v->mem);
    pln__text_init(&v->html, &v->mem);
    pln__text_init(&v->facet, &v->mem);
    PLN__TRY(pln__schema_check(schema, err));
    PLN__TRY(pln__schema_copy(&v->mem, schema, &v->schema, err));
    PLN__TRY(open_all(v, err));
    *out = v;
    return PLN_OK;
out:
    pln_validation_free(v);
    return status;
}

/* What was counted, and the samples. */
static void forget(pln__check_run *run) {
    run->rows = run->missing = run->unexpected = 0;
    for (int64_t i = 0; i < run->n_samples; i++)
        pln__strfree(&run->owner->mem, run->samples[i].json);
    run->n_samples = 0;
}

pln_status pln__validation_forget(pln_validation *v, bool all, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < v->suite->n_checks; i++) {
        pln__check_run *run = &v->runs[i];
        const pln__measure *measure = run->check->kind->measure;
        if (!all && !run->check->by_epoch)
            continue;
        forget(run);
        PLN__TRY(pln__groups_forget(run, err));
        if (measure == NULL || measure->close == NULL)
            continue;
        measure->close(run);
        run->state = NULL;
        PLN__TRY(measure->open(run, err));
    }
    v->rows = all ? 0 : v->rows;
out:
    return status;
}

static void free_run(pln__check_run *run) {
    const pln_allocator *mem = &run->owner->mem;
    pln__expr_free(run->condition);
    pln__groups_close(run);
    if (run->check->kind->measure != NULL && run->check->kind->measure->close != NULL)
        run->check->kind->measure->close(run);
    pln__buffer_free(mem, &run->bad);
    if (run->fields != NULL)
        pln__free(mem, run->fields, (uint64_t)(run->check->n_columns + 1) * sizeof *run->fields);
    forget(run);
    pln__free(mem, run->samples, (uint64_t)run->samples_capacity * sizeof *run->samples);
    pln__text_free(&run->observed);
    pln__text_free(&run->message);
}

void pln_validation_free(pln_validation *v) {
    if (v == NULL)
        return;
    pln_allocator mem = v->mem;
    uint64_t n = (uint64_t)v->suite->n_checks + 1;
    for (uint64_t i = 0; v->runs != NULL && i + 1 < n; i++)
        if (v->runs[i].owner != NULL)
            free_run(&v->runs[i]);
    for (int64_t i = 0; i < v->n_wheres; i++) {
        pln__expr_free(v->wheres[i].expr);
        pln__buffer_free(&mem, &v->wheres[i].bits);
    }
    pln__free(&mem, v->runs, n * sizeof *v->runs);
    pln__free(&mem, v->wheres, n * sizeof *v->wheres);
    pln__buffer *buffers[] = {&v->failed, &v->first,  &v->scope, &v->missing,
                              &v->column, &v->chosen, &v->bytes};
    for (int i = 0; i < PLN__COUNT(buffers); i++)
        pln__buffer_free(&mem, buffers[i]);
    pln__expr_failures_free(&mem, &v->failures);
    pln__text_free(&v->json);
    pln__text_free(&v->text);
    pln__text_free(&v->html);
    pln__text_free(&v->facet);
    pln__schema_release(&v->schema);
    pln__free(&mem, v, sizeof *v);
}

/* ---- bits ---- */

static int64_t words_of(int64_t rows) {
    return (rows + 63) / 64;
}

/* Room for the bits of so many rows. */
static pln_status room(pln_validation *v, pln__buffer *bits, int64_t rows, pln_error *err) {
    bits->size = 0;
    pln_status status = pln__buffer_reserve(&v->mem, bits, words_of(rows) * 8 + 8, err);
    bits->size = words_of(rows) * 8;
    return status;
}

static uint64_t *words(const pln__buffer *bits) {
    return (uint64_t *)(void *)bits->data;
}

/* `value` for all rows, and 0 behind them. */
static void fill(const pln__buffer *bits, int64_t rows, bool value) {
    memset(bits->data, value ? 255 : 0, (size_t)words_of(rows) * 8);
    if (value && rows % 64 != 0)
        words(bits)[rows / 64] &= ((uint64_t)1 << rows % 64) - 1;
}

static int64_t count(const pln__buffer *bits, int64_t rows) {
    return pln__bits_count(bits->data, 0, rows);
}

/* Bits of an array at any offset, from bit 0 on; NULL: all are 1. Bits behind the rows are undefined. */
static void load_bits(const pln__buffer *out, const uint8_t *from, int64_t offset, int64_t rows) {
    if (from == NULL)
        fill(out, rows, true);
    else
        pln__bits_copy(out->data, 0, from, offset, rows);
}

/* Where a column is null. */
static pln_status null_bits(pln_validation *v, const struct ArrowArray *rows, int64_t field,
                            pln__buffer *out, pln_error *err) {
    const struct ArrowSchema *schema = v->schema.children[field];
    const struct ArrowArray *array = rows->children[field];
    int64_t n = rows->length;
    pln__type type;
    pln_status status;
    PLN__TRY(pln__type_of(schema, &type, err));
    PLN__TRY(room(v, out, n, err));
    if (type.id == PLN__NULL || type.id == PLN__UNION || type.id == PLN__DICTIONARY) {
        fill(out, n, false);
        for (int64_t i = 0; i < n; i++)
            if (pln__array_null_at(schema, array, i))
                pln__bit_set(out->data, i);
        return PLN_OK;
    }
    load_bits(out, pln__array_validity(array), array->offset, n);
    for (int64_t i = 0; i < words_of(n); i++)
        words(out)[i] = ~words(out)[i];
out:
    return status;
}

/* Rows where any column of the check is null, or all are. */
static pln_status missing_bits(pln__check_run *run, const struct ArrowArray *rows, bool all,
                               pln_error *err) {
    pln_validation *v = run->owner;
    int64_t n = rows->length;
    pln_status status;
    PLN__TRY(room(v, &v->missing, n, err));
    fill(&v->missing, n, all && run->n_fields > 0);
    for (int64_t k = 0; k < run->n_fields; k++) {
        PLN__TRY(null_bits(v, rows, run->fields[k], &v->column, err));
        uint64_t *to = words(&v->missing), *from = words(&v->column);
        for (int64_t i = 0; i < words_of(n); i++)
            to[i] = all ? to[i] & from[i] : to[i] | from[i];
    }
out:
    return status;
}

/* ---- rows in scope ---- */

static pln_status eval_wheres(pln_validation *v, const struct ArrowArray *rows, pln_error *err) {
    int64_t n = rows->length;
    pln_status status = PLN_OK;
    for (int64_t k = 0; k < v->n_wheres; k++) {
        struct ArrowArray result = {0};
        pln__where *where = &v->wheres[k];
        PLN__TRY(room(v, &where->bits, n, err));
        PLN__TRY(room(v, &v->column, n, err));
        PLN__TRY(pln__expr_eval(where->expr, rows, v->now_us, &result, NULL, err));
        load_bits(&where->bits, result.buffers[1], result.offset, n);
        load_bits(&v->column, pln__array_validity(&result), result.offset, n);
        for (int64_t i = 0; i < words_of(n); i++)
            words(&where->bits)[i] &= words(&v->column)[i];
        pln__array_release(&result);
    }
out:
    return status;
}

/* v->scope: the rows that the check looks at. */
static pln_status scope_of(pln__check_run *run, const struct ArrowArray *rows, pln_error *err) {
    pln_validation *v = run->owner;
    int64_t n = rows->length;
    pln_status status;
    PLN__TRY(room(v, &v->scope, n, err));
    fill(&v->scope, n, true);
    uint64_t *scope = words(&v->scope);
    if (run->where >= 0)
        for (int64_t i = 0; i < words_of(n); i++)
            scope[i] &= words(&v->wheres[run->where].bits)[i];
    if (run->check->ignore != PLN__IGNORE_NEVER) {
        PLN__TRY(missing_bits(run, rows, run->check->ignore == PLN__IGNORE_ALL, err));
        for (int64_t i = 0; i < words_of(n); i++)
            scope[i] &= ~words(&v->missing)[i];
    }
    run->rows += count(&v->scope, n);
out:
    return status;
}

/* ---- the two kinds of check ---- */

/* Wrong is what is false, or could not be computed; null is missing, or wrong too. */
static void judge_words(pln__check_run *run, const uint64_t *valid, const uint64_t *value,
                        int64_t n_words) {
    const uint64_t *scope = words(&run->owner->scope);
    uint64_t *bad = words(&run->bad), nulls_fail = run->check->null_fails ? UINT64_MAX : 0;
    int64_t wrong = 0, missing = 0;
    for (int64_t i = 0; i < n_words; i++) {
        uint64_t null = ~valid[i] & scope[i];
        bad[i] = (valid[i] & ~value[i] & scope[i]) | (null & nulls_fail);
        wrong += __builtin_popcountll(bad[i]);
        missing += __builtin_popcountll(null & ~nulls_fail);
    }
    run->unexpected += wrong;
    run->missing += missing;
}

/* What could not be computed is no null. */
static void judge_failures(pln__check_run *run) {
    const pln_validation *v = run->owner;
    for (int64_t i = 0; i < v->failures.count; i++) {
        int64_t row = v->failures.items[i].row;
        if (!pln__bit_get(v->scope.data, row) || pln__bit_get(run->bad.data, row))
            continue;
        pln__bit_set(run->bad.data, row);
        run->unexpected++;
        run->missing--;
    }
}

static pln_status add_condition(pln__check_run *run, const struct ArrowArray *rows,
                                pln_error *err) {
    pln_validation *v = run->owner;
    struct ArrowArray result = {0};
    int64_t n = rows->length;
    pln_status status;
    v->failures.count = 0;
    PLN__TRY(pln__expr_eval(run->condition, rows, v->now_us, &result, &v->failures, err));
    PLN__TRY(room(v, &v->missing, n, err));
    PLN__TRY(room(v, &v->column, n, err));
    load_bits(&v->missing, pln__array_validity(&result), result.offset, n);
    load_bits(&v->column, result.buffers[1], result.offset, n);
    judge_words(run, words(&v->missing), words(&v->column), words_of(n));
    judge_failures(run);
    if (run->groups != NULL) {
        for (int64_t i = 0; i < words_of(n); i++)
            words(&v->missing)[i] =
                ~words(&v->missing)[i] & words(&v->scope)[i] & ~words(&run->bad)[i];
        pln__groups_count(run, n, v->missing.data, run->bad.data);
    }
out:
    pln__array_release(&result);
    return status;
}

/* Rows of v->scope as numbers. */
static pln_status choose(pln_validation *v, int64_t rows, int64_t n, const int32_t **out,
                         pln_error *err) {
    *out = NULL;
    if (n == rows)
        return PLN_OK;
    v->chosen.size = 0;
    pln_status status = pln__buffer_reserve(&v->mem, &v->chosen, (n + 1) * 4, err);
    if (status < 0)
        return status;
    int32_t *to = (int32_t *)(void *)v->chosen.data;
    for (int64_t i = 0; i < words_of(rows); i++)
        for (uint64_t word = words(&v->scope)[i]; word != 0; word &= word - 1)
            *to++ = (int32_t)(i * 64 + __builtin_ctzll(word));
    *out = (const int32_t *)(const void *)v->chosen.data;
    return PLN_OK;
}

/* v->missing has the nulls. */
static void count_groups(pln__check_run *run, int64_t rows) {
    uint64_t *missing = words(&run->owner->missing);
    if (run->groups == NULL)
        return;
    for (int64_t i = 0; i < words_of(rows); i++)
        missing[i] &= ~words(&run->bad)[i];
    pln__groups_count(run, rows, run->owner->missing.data, run->bad.data);
}

static pln_status add_measure(pln__check_run *run, const struct ArrowArray *rows, pln_error *err) {
    pln_validation *v = run->owner;
    const pln__check *check = run->check;
    const int32_t *chosen;
    int64_t n = rows->length, missing;
    pln_status status;
    PLN__TRY(missing_bits(run, rows, false, err));
    uint64_t *scope = words(&v->scope), *null = words(&v->missing), *bad = words(&run->bad);
    for (int64_t i = 0; i < words_of(n); i++) {
        null[i] &= scope[i];
        scope[i] &= ~null[i];
    }
    missing = count(&v->missing, n);
    if (check->null_fails && (check->kind->flags & PLN__KIND_BY_ROW) != 0) {
        memcpy(bad, null, (size_t)words_of(n) * 8);
        run->unexpected += missing;
    } else {
        run->missing += missing;
    }
    const pln__measure *measure = check->kind->measure;
    bool by_group = run->groups != NULL && measure->merge != NULL;
    /* What is wrong by itself is counted here, what is wrong by others of its group is counted there. */
    if (by_group || measure->add == NULL)
        count_groups(run, n);
    if (measure->add == NULL)
        return PLN_OK;
    int64_t kept = count(&v->scope, n);
    PLN__TRY(choose(v, n, kept, &chosen, err));
    PLN__TRY((by_group ? pln__groups_measure : measure->add)(run, rows, chosen, kept, err));
    if (!by_group)
        count_groups(run, n);
out:
    return status;
}

/* ---- the verdict ---- */

static void mark(pln_validation *v, int32_t check, const pln__buffer *bad, int64_t rows) {
    int32_t *first = (int32_t *)(void *)v->first.data;
    for (int64_t i = 0; i < words_of(rows); i++) {
        uint64_t fresh = words(bad)[i] & ~words(&v->failed)[i];
        words(&v->failed)[i] |= fresh;
        for (; fresh != 0; fresh &= fresh - 1)
            first[i * 64 + __builtin_ctzll(fresh)] = check;
    }
}

static pln_status add_run(pln_validation *v, int32_t i, const struct ArrowArray *rows,
                          pln_error *err) {
    pln__check_run *run = &v->runs[i];
    int64_t n = rows->length, before = run->unexpected;
    pln_status status;
    PLN__TRY(room(v, &run->bad, n, err));
    fill(&run->bad, n, false);
    PLN__TRY(scope_of(run, rows, err));
    if (run->groups != NULL)
        PLN__TRY(pln__groups_assign(run, rows, v->scope.data, err));
    if (run->condition != NULL)
        PLN__TRY(add_condition(run, rows, err));
    else
        PLN__TRY(add_measure(run, rows, err));
    if ((run->check->kind->flags & PLN__KIND_BY_ROW) == 0 || run->unexpected == before)
        return PLN_OK;
    if (run->check->severity >= PLN_SEVERITY_ERROR)
        mark(v, i, &run->bad, n);
    PLN__TRY(pln__check_sample(run, rows, err));
out:
    if (status < 0)
        pln__error_prefix(err, "check %s", run->check->id);
    return status;
}

pln_status pln_validation_add(pln_validation *v, const struct ArrowArray *rows, pln_error *err) {
    pln_status status;
    int64_t n = rows->length;
    if (rows->n_children != v->schema.n_children)
        return pln__error_set(err, PLN_EDATA,
                              "validation: rows have %lld columns, the schema has %lld",
                              (long long)rows->n_children, (long long)v->schema.n_children);
    if (rows->offset != 0 || n < 0)
        return pln__error_set(err, PLN_EDATA, "validation: rows begin at %lld, expected 0",
                              (long long)rows->offset);
    if (n > INT32_MAX || v->rows > ROWS_MOST - n)
        return pln__error_set(err, PLN_ELIMIT, "validation: more than 2^60 rows");
    PLN__TRY(room(v, &v->failed, n, err));
    fill(&v->failed, n, false);
    v->first.size = 0;
    PLN__TRY(pln__buffer_reserve(&v->mem, &v->first, (n + 1) * 4, err));
    PLN__TRY(eval_wheres(v, rows, err));
    for (int32_t i = 0; i < (int32_t)v->suite->n_checks; i++)
        PLN__TRY(add_run(v, i, rows, err));
    v->rows += n;
    v->last_rows = n;
    v->last_failed = count(&v->failed, n);
out:
    return status;
}

void pln_validation_rows(const pln_validation *v, pln_validation_verdict *out) {
    pln_validation_verdict whole = {.struct_size = out->struct_size,
                                    .rows = v->last_rows,
                                    .n_failed = v->last_failed,
                                    .failed = v->by_row ? v->failed.data : NULL,
                                    .first = (const int32_t *)(const void *)v->first.data};
    memcpy(out, &whole, out->struct_size < sizeof whole ? out->struct_size : sizeof whole);
}

const uint8_t *pln_validation_bits(const pln_validation *v, int32_t i) {
    if (i < 0 || i >= v->suite->n_checks)
        return NULL;
    return (v->runs[i].check->kind->flags & PLN__KIND_BY_ROW) != 0 ? v->runs[i].bad.data : NULL;
}

int64_t pln_validation_count(const pln_validation *v) {
    return v->rows;
}

void pln__validation_set_now(pln_validation *v, int64_t now_us) {
    v->now_us = now_us;
}

const pln_suite *pln__validation_suite(const pln_validation *v) {
    return v->suite;
}

pln_status pln__validation_takes(const pln_validation *v, const struct ArrowSchema *schema,
                                 pln_error *err) {
    pln__text text;
    pln_status status;
    if (pln__schema_equal(&v->schema, schema))
        return PLN_OK;
    pln__text_init(&text, &v->mem);
    pln__schema_difference(&v->schema, schema, &text);
    status = pln__text_status(&text, err);
    if (status == PLN_OK)
        status = pln__error_set(err, PLN_ETYPE, "validation: %s", text.data);
    pln__text_free(&text);
    return status;
}

/* ---- a stream ---- */

typedef struct streamed {
    const pln_suite *suite;
    const pln_validation_options *options;
    pln_validation *validation;
} streamed;

static pln_status streamed_open(void *user, const struct ArrowSchema *schema, pln_error *err) {
    streamed *s = user;
    return pln_validation_new(s->suite, schema, s->options, &s->validation, err);
}

static pln_status streamed_each(void *user, const struct ArrowArray *rows, pln_error *err) {
    streamed *s = user;
    return pln_validation_add(s->validation, rows, err);
}

pln_status pln_suite_validate(const pln_suite *suite, struct ArrowArrayStream *stream,
                              const pln_validation_options *options, pln_validation **out,
                              pln_error *err) {
    streamed s = {.suite = suite, .options = options};
    pln_status status = pln__each_batch(&suite->mem, stream, streamed_open, streamed_each, &s, err);
    if (stream->release != NULL)
        stream->release(stream);
    if (status < 0) {
        pln_validation_free(s.validation);
        return status;
    }
    *out = s.validation;
    return PLN_OK;
}

/* Tables that checks refer to: their keys, and whether a row's key is among them. */
#include "quality/suite.h"
#include <math.h>

/* ---- keys of a suite ---- */

/* With a seed nobody who chooses values can make two of them one key. */
pln_status pln__suite_keys(const pln_suite *suite, const struct ArrowSchema *schema,
                           const char *const *columns, int64_t n, pln_keys **out, pln_error *err) {
    uint8_t secret[PLN_KEY_SECRET_MIN] = {0};
    pln_keys_options options;
    pln_keys_options_init(&options, sizeof options);
    memcpy(secret, &suite->seed, sizeof suite->seed);
    if (suite->seed != 0) {
        options.secret = secret;
        options.secret_size = sizeof secret;
    }
    return pln__keys_new(&suite->mem, schema, columns, n, &options, out, err);
}

pln_status pln__suite_index(const pln_suite *suite, pln_dedup **out, pln_error *err) {
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.seed = suite->seed;
    return pln__dedup_new(&suite->mem, &options, out, err);
}

/* ---- reading a table ---- */

/* One check that needs to know more of the table that is being read than how many rows it has. */
typedef struct reader {
    pln__check *check;
    pln_suite *aggregate; /* of aggregate_match */
    pln_validation *aggregated;
    pln_keys *keys; /* of relationships */
    pln__expr *condition;
    pln_dedup *index;
    const char **columns;
    int64_t n_columns;
} reader;

struct pln__reading {
    pln_suite *suite;
    pln__reference *reference;
    struct ArrowSchema schema;
    reader *readers;
    int64_t n_readers, capacity;
    pln__buffer key, fresh;
    pln__expr_failures failures;
    int64_t rows;
    bool keeps; /* some check asks for the rows themselves */
    struct ArrowArray *kept;
    int64_t n_kept, kept_capacity;
};
typedef pln__reading reading;

static bool is_of(const pln__check *check, const pln__measure *measure) {
    return check->kind->measure == measure;
}

static pln_status open_keys(reading *r, reader *one, pln_error *err) {
    pln__check *check = one->check;
    const json_t *field = pln__check_get(check, "field"), *fields = pln__check_get(check, "fields");
    const char *condition = json_string_value(pln__check_get(check, "to_condition"));
    pln__expr_options options = {pln__cpu_features(), r->suite->seed};
    size_t i;
    json_t *name;
    pln_status status;
    one->columns = pln__calloc(&r->suite->mem, PLN__CHECK_COLUMNS_MOST + 1, sizeof *one->columns);
    if (one->columns == NULL)
        return pln__error_memory(err, sizeof *one->columns);
    if (field != NULL)
        one->columns[one->n_columns++] = json_string_value(field);
    json_array_foreach((json_t *)fields, i, name) {
        if (one->n_columns <= PLN__CHECK_COLUMNS_MOST)
            one->columns[one->n_columns++] = json_string_value(name);
    }
    /* dbt's and everybody's habit: the same name on both sides. */
    for (int64_t k = 0; field == NULL && fields == NULL && k < check->n_columns; k++)
        one->columns[one->n_columns++] = check->columns[k];
    if (one->n_columns != check->n_columns)
        PLN__FAIL(err, PLN_EOPTION, "%s: %lld columns refer to %lld", check->id,
                  (long long)check->n_columns, (long long)one->n_columns);
    PLN__TRY(pln__suite_keys(r->suite, &r->schema, one->columns, one->n_columns, &one->keys, err));
    PLN__TRY(pln__suite_index(r->suite, &one->index, err));
    if (condition != NULL) {
        PLN__TRY(pln__expr_compile(&r->suite->mem, condition, &r->schema, &options, &one->condition,
                                   err));
        PLN__TRY(pln__expr_check_condition(one->condition, err));
        if (pln__expr_is_volatile(one->condition))
            PLN__FAIL(err, PLN_EUNSUPPORTED, "to_condition: now() has no meaning here");
    }
out:
    return status;
}

static pln_status reader_open(reading *r, reader *one, pln_error *err) {
    pln_status status;
    if (is_of(one->check, &pln__measure_reference))
        return open_keys(r, one, err);
    if (!is_of(one->check, &pln__measure_aggregate))
        return PLN_OK;
    PLN__TRY(pln__aggregate_suite(r->suite, one->check, true, &one->aggregate, err));
    PLN__TRY(pln_validation_new(one->aggregate, &r->schema, NULL, &one->aggregated, err));
out:
    if (status < 0)
        pln__error_prefix(err, "check %s", one->check->id);
    return status;
}

static bool asks_for_rows(const pln__check *check, const char *name) {
    const json_t *tables = pln__check_get(check, "tables"), *table;
    size_t i;
    bool found = false;
    json_array_foreach((json_t *)tables, i, table) found |=
        strcmp(json_string_value(table), name) == 0;
    return found;
}

static pln_status begin(reading *r, pln_error *err) {
    const pln_suite *suite = r->suite;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < suite->n_checks; i++) {
        pln__check *check = suite->checks[i];
        r->keeps |= asks_for_rows(check, r->reference->name);
        if (check->reference < 0 || &suite->references[check->reference] != r->reference ||
            is_of(check, &pln__measure_rows))
            continue;
        PLN__TRY(pln__grow(&suite->mem, &r->readers, &r->capacity, r->n_readers + 1,
                           sizeof *r->readers, err));
        r->readers[r->n_readers] = (reader){.check = check};
        PLN__TRY(reader_open(r, &r->readers[r->n_readers++], err));
    }
out:
    return status;
}

/* Keys that the condition leaves come to the front. */
static pln_status choose(reading *r, const reader *one, const struct ArrowArray *rows, int64_t *n,
                         pln_error *err) {
    const pln_allocator *mem = &r->suite->mem;
    pln__buffer chosen = {0};
    uint8_t *key = r->key.data;
    pln_status status;
    if (one->condition == NULL)
        return PLN_OK;
    PLN__TRY(pln__buffer_reserve(mem, &chosen, (rows->length + 1) * 4, err));
    int32_t *row = (int32_t *)(void *)chosen.data;
    PLN__TRY(pln__expr_select(one->condition, rows, 0, row, n, &r->failures, err));
    if (r->failures.count > 0)
        PLN__FAIL(err, PLN_EDATA, "to_condition: row %lld: %s",
                  (long long)(r->rows + r->failures.items[0].row), r->failures.items[0].message);
    for (int64_t i = 0; i < *n; i++)
        memmove(key + i * PLN_KEY_SIZE, key + (int64_t)row[i] * PLN_KEY_SIZE, PLN_KEY_SIZE);
out:
    pln__buffer_free(mem, &chosen);
    return status;
}

static pln_status take(reading *r, const struct ArrowArray *rows, pln_error *err) {
    const pln_allocator *mem = &r->suite->mem;
    pln_status status;
    r->key.size = r->fresh.size = 0;
    PLN__TRY(pln__buffer_reserve(mem, &r->key, rows->length * PLN_KEY_SIZE, err));
    PLN__TRY(pln__buffer_reserve(mem, &r->fresh, rows->length / 8 + 8, err));
    if (r->keeps) {
        PLN__TRY(pln__grow(mem, &r->kept, &r->kept_capacity, r->n_kept + 1, sizeof *r->kept, err));
        PLN__TRY(pln__array_share(mem, rows, &r->kept[r->n_kept], err));
        r->n_kept++;
    }
    for (int64_t i = 0; i < r->n_readers; i++) {
        reader *one = &r->readers[i];
        int64_t n = rows->length;
        if (one->aggregated != NULL)
            PLN__TRY(pln_validation_add(one->aggregated, rows, err));
        if (one->keys == NULL)
            continue;
        PLN__TRY(pln_keys_batch(one->keys, rows, r->key.data, err));
        PLN__TRY(choose(r, one, rows, &n, err));
        PLN__TRY(pln_dedup_batch(one->index, r->key.data, NULL, n, r->fresh.data, NULL, err));
    }
    r->rows += rows->length;
out:
    return status;
}

static pln_status stream_failed(struct ArrowArrayStream *stream, int code, pln_error *err) {
    const char *why = stream->get_last_error(stream);
    return pln__error_set(err, code == 12 ? PLN_ENOMEM : PLN_EIO, "the stream failed: %s",
                          why != NULL ? why : "no reason given");
}

pln_status pln__each_batch(const pln_allocator *mem, struct ArrowArrayStream *stream,
                           pln_status (*open)(void *user, const struct ArrowSchema *schema,
                                              pln_error *err),
                           pln_status (*each)(void *user, const struct ArrowArray *rows,
                                              pln_error *err),
                           void *user, pln_error *err) {
    struct ArrowSchema schema = {0};
    pln_status status = PLN_OK;
    int code = stream->get_schema(stream, &schema);
    if (code != 0)
        return stream_failed(stream, code, err);
    PLN__TRY(open(user, &schema, err));
    for (;;) {
        struct ArrowArray array = {0};
        struct ArrowSchema copy = {0};
        pln_batch *batch = NULL;
        if ((code = stream->get_next(stream, &array)) != 0)
            PLN__FAIL(err, PLN_EIO, "the stream failed: %s",
                      stream->get_last_error(stream) != NULL ? stream->get_last_error(stream)
                                                             : "no reason given");
        if (array.release == NULL)
            break;
        status = pln__schema_copy(mem, &schema, &copy, err);
        if (status < 0) {
            array.release(&array);
            break;
        }
        /* What is foreign is held to its schema before anybody looks into it. */
        PLN__TRY(pln__batch_import(mem, &copy, &array, &batch, err));
        status = each(user, pln_batch_array(batch), err);
        pln_batch_unref(batch);
        if (status < 0)
            break;
    }
out:
    pln__schema_release(&schema);
    return status;
}

/* The columns of the keys, to tell types that can never be equal. */
static pln_status keep_types(reading *r, reader *one, pln_error *err) {
    struct ArrowSchema kept = {0};
    pln_status status = pln__field_new(&r->suite->mem, "+s", "", false, one->n_columns, &kept, err);
    for (int64_t i = 0; i < one->n_columns && status == PLN_OK; i++) {
        int64_t at = pln__schema_find(&r->schema, one->columns[i]);
        if (at < 0)
            status = pln__error_set(err, PLN_EUNSUPPORTED, "%s: a path cannot be referred to",
                                    one->columns[i]);
        else
            status = pln__field_copy(&r->suite->mem, r->schema.children[at], NULL, kept.children[i],
                                     err);
    }
    if (status < 0) {
        pln__schema_release(&kept);
        return status;
    }
    pln__schema_release(&one->check->referred);
    one->check->referred = kept;
    return PLN_OK;
}

/* Nothing of what was there before is lost until all that is new is there. */
static pln_status settle_one(reading *r, reader *one, pln_error *err) {
    pln__check *check = one->check;
    pln_status status = PLN_OK;
    if (is_of(check, &pln__measure_change)) {
        struct ArrowSchema copy = {0};
        PLN__TRY(pln__schema_copy(&r->suite->mem, &r->schema, &copy, err));
        pln__schema_release(&check->referred);
        check->referred = copy;
    }
    if (one->aggregated != NULL)
        PLN__TRY(pln__aggregate_settle(&r->suite->mem, check, one->aggregated, err));
    if (one->keys != NULL) {
        PLN__TRY(keep_types(r, one, err));
        pln_dedup_free(check->keys);
        check->keys = one->index;
        one->index = NULL;
    }
out:
    return status;
}

static void keep_rows(reading *r) {
    pln__reference_rows before = r->reference->kept;
    r->reference->kept = (pln__reference_rows){r->schema, r->kept, r->n_kept, r->kept_capacity};
    r->schema = before.schema;
    r->kept = before.arrays;
    r->n_kept = before.n;
    r->kept_capacity = before.capacity;
}

void pln__reading_free(pln__reading *r) {
    if (r == NULL)
        return;
    const pln_allocator *mem = &r->suite->mem;
    for (int64_t i = 0; i < r->n_readers; i++) {
        pln_validation_free(r->readers[i].aggregated);
        pln_suite_free(r->readers[i].aggregate);
        pln_keys_free(r->readers[i].keys);
        pln__expr_free(r->readers[i].condition);
        pln_dedup_free(r->readers[i].index);
        if (r->readers[i].columns != NULL)
            pln__free(mem, (void *)r->readers[i].columns,
                      (PLN__CHECK_COLUMNS_MOST + 1) * sizeof *r->readers[i].columns);
    }
    pln__free(mem, r->readers, (uint64_t)r->capacity * sizeof *r->readers);
    pln__buffer_free(mem, &r->key);
    pln__buffer_free(mem, &r->fresh);
    pln__expr_failures_free(mem, &r->failures);
    for (int64_t i = 0; i < r->n_kept; i++)
        pln__array_release(&r->kept[i]);
    pln__free(mem, r->kept, (uint64_t)r->kept_capacity * sizeof *r->kept);
    pln__schema_release(&r->schema);
    pln__free(mem, r, sizeof *r);
}

pln_status pln__reading_new(pln_suite *suite, const char *name, const struct ArrowSchema *schema,
                            pln__reading **out, pln_error *err) {
    pln_status status;
    pln__reading *r = pln__calloc(&suite->mem, 1, sizeof *r);
    if (r == NULL)
        return pln__error_memory(err, sizeof *r);
    r->suite = suite;
    for (int64_t i = 0; i < suite->n_references; i++)
        if (strcmp(suite->references[i].name, name) == 0)
            r->reference = &suite->references[i];
    if (r->reference == NULL)
        PLN__FAIL(err, PLN_ENAME, "no check of the suite refers to '%s'", name);
    PLN__TRY(pln__schema_copy(&suite->mem, schema, &r->schema, err));
    PLN__TRY(begin(r, err));
    *out = r;
    return PLN_OK;
out:
    pln__reading_free(r);
    return status;
}

pln_status pln__reading_add(pln__reading *r, const struct ArrowArray *rows, pln_error *err) {
    return take(r, rows, err);
}

pln_status pln__reading_end(pln__reading *r, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < r->n_readers; i++)
        PLN__TRY(settle_one(r, &r->readers[i], err));
    r->reference->rows = r->rows;
    r->reference->given = true;
    if (r->keeps)
        keep_rows(r);
out:
    return status;
}

/* ---- a stream ---- */

typedef struct streamed {
    pln_suite *suite;
    const char *name;
    pln__reading *reading;
} streamed;

static pln_status streamed_open(void *user, const struct ArrowSchema *schema, pln_error *err) {
    streamed *s = user;
    return pln__reading_new(s->suite, s->name, schema, &s->reading, err);
}

static pln_status streamed_each(void *user, const struct ArrowArray *rows, pln_error *err) {
    streamed *s = user;
    return pln__reading_add(s->reading, rows, err);
}

pln_status pln_suite_reference(pln_suite *suite, const char *name, struct ArrowArrayStream *stream,
                               pln_error *err) {
    streamed s = {.suite = suite, .name = name};
    pln_status status = pln__each_batch(&suite->mem, stream, streamed_open, streamed_each, &s, err);
    if (status >= 0)
        status = pln__reading_end(s.reading, err);
    if (status < 0)
        pln__error_prefix(err, "reference %s", name);
    pln__reading_free(s.reading);
    if (stream->release != NULL)
        stream->release(stream);
    return status;
}

/* ---- the check ---- */

typedef struct lookup {
    pln_keys *keys;
    pln__buffer key, found;
} lookup;

/* Equal keys need equal classes of types: see pln-keys(7). */
static int class_of(const pln__type *type) {
    if (pln__type_is_integer(type->id))
        return PLN__INT64;
    if (type->id == PLN__FLOAT32 || type->id == PLN__FLOAT64)
        return PLN__FLOAT64;
    if (type->id == PLN__TIME32 || type->id == PLN__TIME64)
        return PLN__TIME64;
    return type->id == PLN__FIXED ? PLN__BINARY : type->id;
}

static pln_status check_types(const pln__check_run *run, pln_error *err) {
    const pln__check *check = run->check;
    for (int64_t i = 0; i < run->n_fields; i++) {
        const struct ArrowSchema *mine = run->owner->schema.children[run->fields[i]];
        const struct ArrowSchema *theirs = check->referred.children[i];
        char a[PLN__TYPE_TEXT_SIZE], b[PLN__TYPE_TEXT_SIZE];
        pln__type left, right;
        pln_status status =
            pln__type_of(mine->dictionary != NULL ? mine->dictionary : mine, &left, err);
        if (status == PLN_OK)
            status =
                pln__type_of(theirs->dictionary != NULL ? theirs->dictionary : theirs, &right, err);
        if (status < 0)
            return status;
        if (class_of(&left) != class_of(&right))
            return pln__error_set(err, PLN_ETYPE, "column %s is %s, and %s of the reference %s",
                                  mine->name, pln__type_text(mine, a), theirs->name,
                                  pln__type_text(theirs, b));
    }
    return PLN_OK;
}

static pln_status reference_open(pln__check_run *run, pln_error *err) {
    const pln__check *check = run->check;
    pln_validation *v = run->owner;
    pln_status status;
    if (check->n_columns == 0)
        return pln__error_set(err, PLN_EOPTION, "relationships: parameter 'column' is missing");
    if (check->keys == NULL)
        return pln__error_set(err, PLN_ESTATE, "the reference '%s' was not given",
                              v->suite->references[check->reference].name);
    lookup *l = pln__calloc(&v->mem, 1, sizeof *l);
    if (l == NULL)
        return pln__error_memory(err, sizeof *l);
    run->state = l;
    PLN__TRY(check_types(run, err));
    PLN__TRY(
        pln__suite_keys(v->suite, &v->schema, check->columns, check->n_columns, &l->keys, err));
out:
    return status;
}

static void reference_close(pln__check_run *run) {
    lookup *l = run->state;
    const pln_allocator *mem = &run->owner->mem;
    if (l == NULL)
        return;
    pln_keys_free(l->keys);
    pln__buffer_free(mem, &l->key);
    pln__buffer_free(mem, &l->found);
    pln__free(mem, l, sizeof *l);
}

static pln_status reference_add(pln__check_run *run, const struct ArrowArray *rows,
                                const int32_t *chosen, int64_t n, pln_error *err) {
    lookup *l = run->state;
    const pln_allocator *mem = &run->owner->mem;
    pln_status status;
    l->key.size = l->found.size = 0;
    PLN__TRY(pln__buffer_reserve(mem, &l->key, rows->length * PLN_KEY_SIZE, err));
    PLN__TRY(pln__buffer_reserve(mem, &l->found, rows->length / 8 + 8, err));
    PLN__TRY(pln_keys_batch(l->keys, rows, l->key.data, err));
    pln__dedup_has(run->check->keys, l->key.data, rows->length, l->found.data);
    for (int64_t i = 0; i < n; i++) {
        int64_t row = chosen != NULL ? chosen[i] : i;
        if (!pln__bit_get(l->found.data, row)) {
            pln__bit_set(run->bad.data, row);
            run->unexpected++;
        }
    }
out:
    return status;
}

static pln_status reference_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    (void)run;
    (void)err;
    *out = (pln__judgement){.success = true, .observed = NAN};
    return PLN_OK;
}

const pln__measure pln__measure_reference = {
    .open = reference_open,
    .close = reference_close,
    .add = reference_add,
    .judge = reference_judge,
};

/* The schema, numbers of rows, completeness, freshness: what needs little or no state. */
#include "base/time.h"
#include "quality/suite.h"
#include <math.h>
#include <stdio.h>

static bool is(const pln__check_run *run, const char *name) {
    return strcmp(run->check->kind->name, name) == 0;
}
static const char *text_of(const pln__check *check, const char *name) {
    return json_string_value(pln__check_get(check, name));
}
static bool flag_of(const pln__check *check, const char *name, bool otherwise) {
    const json_t *value = pln__check_get(check, name);
    return value == NULL ? otherwise : json_is_true(value);
}

pln_status pln__put_words(const pln_allocator *mem, pln__buffer *out, const uint64_t *words,
                          int64_t n, pln_error *err) {
    pln_status status = pln__buffer_reserve(mem, out, n * 8, err);
    for (int64_t i = 0; i < n && status == PLN_OK; i++, out->size += 8)
        pln__store_le64(out->data + out->size, words[i]);
    return status;
}

/* ---- the schema ---- */

/* Families that are no one type. */
static const struct {
    const char *name;
    int from, to;
} families[] = {{"number", PLN__INT8, PLN__FLOAT64},       {"integer", PLN__INT8, PLN__UINT64},
                {"float", PLN__FLOAT32, PLN__FLOAT64},     {"decimal", PLN__DECIMAL128, PLN__DECIMAL128},
                {"text", PLN__UTF8, PLN__UTF8},            {"string", PLN__UTF8, PLN__UTF8},
                {"boolean", PLN__BOOL, PLN__BOOL},         {"date", PLN__DATE32, PLN__DATE32},
                {"time", PLN__TIME32, PLN__TIME64},        {"timestamp", PLN__TIMESTAMP, PLN__TIMESTAMP},
                {"list", PLN__LIST, PLN__LIST},            {"struct", PLN__STRUCT, PLN__STRUCT},
                {"map", PLN__MAP, PLN__MAP}};

/* Whether a column's type is the one that this text names; PLN_EOPTION for a name that is none. */
static pln_status has_type(pln__check_run *run, const struct ArrowSchema *field, const char *name,
                           bool *out, pln_error *err) {
    const pln_allocator *mem = &run->owner->mem;
    const struct ArrowSchema *values = field->dictionary != NULL ? field->dictionary : field;
    char mine[PLN__TYPE_TEXT_SIZE], theirs[PLN__TYPE_TEXT_SIZE];
    struct ArrowSchema wanted = {0};
    pln__type type;
    pln_status status = pln__type_of(values, &type, err);
    if (status < 0)
        return status;
    for (int i = 0; i < PLN__COUNT(families); i++) {
        if (strcmp(families[i].name, name) == 0) {
            *out |= (type.id >= families[i].from && type.id <= families[i].to) ||
                    (i == 0 && type.id == PLN__DECIMAL128);
            return PLN_OK;
        }
    }
    status = pln__type_parse(mem, name, "", &wanted, err);
    if (status < 0) {
        pln__error_prefix(err, "type");
        return status == PLN_ENOMEM ? status : PLN_EOPTION;
    }
    *out |= strcmp(pln__type_text(values, mine), pln__type_text(&wanted, theirs)) == 0;
    pln__schema_release(&wanted);
    return PLN_OK;
}

static pln_status judge_type(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const pln__check *check = run->check;
    const struct ArrowSchema *schema = &run->owner->schema;
    const json_t *list = pln__check_get(check, "types"), *item;
    const char *single = text_of(check, "type");
    int64_t at = pln__schema_find(schema, check->columns[0]);
    char shown[PLN__TYPE_TEXT_SIZE];
    pln_status status = PLN_OK;
    size_t i;
    if (at < 0) {
        pln__text_str(&run->observed, "no such column");
        return PLN_OK;
    }
    pln__text_str(&run->observed, pln__type_text(schema->children[at], shown));
    if (single != NULL)
        PLN__TRY(has_type(run, schema->children[at], single, &out->success, err));
    json_array_foreach((json_t *)list, i, item) {
        PLN__TRY(has_type(run, schema->children[at], json_string_value(item), &out->success, err));
    }
out:
    return status;
}

static void judge_columns(pln__check_run *run, pln__judgement *out) {
    const pln__check *check = run->check;
    const struct ArrowSchema *schema = &run->owner->schema;
    bool ordered = flag_of(check, "ordered", false), exact = flag_of(check, "exact", true);
    pln__text *seen = &run->observed;
    int64_t last = -1;
    out->success = true;
    for (int64_t i = 0; i < check->n_columns; i++) {
        int64_t at = pln__schema_find(schema, check->columns[i]);
        if (at < 0)
            pln__text_printf(seen, "%smissing: %s", seen->size > 0 ? ", " : "", check->columns[i]);
        else if (ordered && at <= last)
            pln__text_printf(seen, "%sout of order: %s", seen->size > 0 ? ", " : "",
                             check->columns[i]);
        last = at < 0 ? last : at;
    }
    for (int64_t k = 0; exact && k < schema->n_children; k++) {
        bool wanted = false;
        for (int64_t i = 0; i < check->n_columns; i++)
            wanted |= strcmp(check->columns[i], schema->children[k]->name) == 0;
        if (!wanted)
            pln__text_printf(seen, "%sunexpected: %s", seen->size > 0 ? ", " : "",
                             schema->children[k]->name);
    }
    out->success = seen->size == 0;
}

static pln_status schema_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const struct ArrowSchema *schema = &run->owner->schema;
    pln_status status = PLN_OK;
    *out = (pln__judgement){.observed = NAN};
    if (is(run, "column_type")) {
        PLN__TRY(judge_type(run, out, err));
    } else if (is(run, "columns_match")) {
        judge_columns(run, out);
    } else if (is(run, "column_exists")) {
        int64_t at = pln__schema_find(schema, run->check->columns[0]);
        double index = pln__check_number(run->check, "index", -1);
        out->success = at >= 0 && (index < 0 || (double)at == index);
        if (at >= 0)
            out->observed = (double)at;
    } else {
        out->observed = (double)schema->n_children;
        out->success = pln__check_within(run->check, out->observed);
    }
    PLN__TRY(pln__text_status(&run->observed, err));
out:
    return status;
}

/* What is wrong with the check is told before there are rows. */
static pln_status schema_open(pln__check_run *run, pln_error *err) {
    pln__judgement ignored;
    pln_status status = PLN_OK;
    if (is(run, "column_count"))
        PLN__TRY(pln__check_bounds(run->check, err));
    if (is(run, "column_type") && pln__check_get(run->check, "type") == NULL &&
        pln__check_get(run->check, "types") == NULL)
        PLN__FAIL(err, PLN_EOPTION, "column_type: needs type or types");
    PLN__TRY(schema_judge(run, &ignored, err));
    run->observed.size = 0;
out:
    return status;
}

const pln__measure pln__measure_schema = {.open = schema_open, .judge = schema_judge};

/* ---- rows ---- */

static pln_status rows_open(pln__check_run *run, pln_error *err) {
    const pln_suite *suite = run->owner->suite;
    if (run->check->reference < 0)
        return pln__check_bounds(run->check, err);
    const pln__reference *reference = &suite->references[run->check->reference];
    return reference->given ? PLN_OK
                            : pln__error_set(err, PLN_ESTATE, "the reference '%s' was not given",
                                             reference->name);
}

/* Against another table: as many, `factor` times as many, or a ratio between min and max. */
static bool match(const pln__check_run *run, int64_t other) {
    const pln__check *check = run->check;
    double factor = pln__check_number(check, "factor", 1), rows = (double)run->rows;
    if (pln__check_get(check, "min") == NULL && pln__check_get(check, "max") == NULL)
        return rows == factor * (double)other;
    if (other == 0 && flag_of(check, "strict_max", false))
        return false;
    return other == 0 ? run->rows == 0 : pln__check_within(check, rows / (factor * (double)other));
}

static pln_status rows_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const pln_suite *suite = run->owner->suite;
    *out = (pln__judgement){.observed = (double)run->rows};
    if (run->check->reference < 0) {
        out->success = pln__check_within_decimal(run->check, run->rows, 0);
        return PLN_OK;
    }
    int64_t other = suite->references[run->check->reference].rows;
    out->success = match(run, other);
    pln__text_printf(&run->observed, "%lld, of %s %lld", (long long)run->rows,
                     suite->references[run->check->reference].name, (long long)other);
    return pln__text_status(&run->observed, err);
}

const pln__measure pln__measure_rows = {.open = rows_open, .judge = rows_judge};

/* ---- completeness ---- */

static pln_status completeness_open(pln__check_run *run, pln_error *err) {
    return pln__check_bounds(run->check, err);
}

static pln_status completeness_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    double seen = (double)(run->rows - run->missing) / (double)run->rows;
    (void)err;
    *out = (pln__judgement){.success = run->rows == 0 || pln__check_within(run->check, seen),
                            .observed = run->rows == 0 ? NAN : seen};
    return PLN_OK;
}

const pln__measure pln__measure_completeness = {.open = completeness_open,
                                                .judge = completeness_judge};

/* ---- freshness ---- */

typedef struct newest {
    pln__type type;
    int64_t warn_after, error_after; /* µs; -1: never */
    int64_t at;                      /* µs since 1970 UTC; INT64_MIN: there was none */
} newest;

static pln_status freshness_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const struct ArrowSchema *schema = v->schema.children[run->fields[0]];
    char shown[PLN__TYPE_TEXT_SIZE];
    pln_status status;
    newest *f = pln__calloc(&v->mem, 1, sizeof *f);
    if (f == NULL)
        return pln__error_memory(err, sizeof *f);
    run->state = f;
    f->at = INT64_MIN;
    PLN__TRY(pln__check_duration(run->check, "warn_after", -1, &f->warn_after, err));
    PLN__TRY(pln__check_duration(run->check, "error_after", -1, &f->error_after, err));
    if (f->warn_after < 0 && f->error_after < 0)
        PLN__FAIL(err, PLN_EOPTION, "freshness: needs warn_after or error_after");
    PLN__TRY(pln__type_of(schema, &f->type, err));
    if (f->type.id != PLN__TIMESTAMP && f->type.id != PLN__DATE32)
        PLN__FAIL(err, PLN_ETYPE, "column %s: expected a timestamp or date, got %s", schema->name,
                  pln__type_text(schema, shown));
out:
    return status;
}

static void freshness_close(pln__check_run *run) {
    pln__free(&run->owner->mem, run->state, sizeof(newest));
}

/* Seconds, milliseconds, microseconds, nanoseconds, days to microseconds, as far as they go. */
static int64_t micros(const pln__type *type, int64_t value) {
    static const int64_t per_unit[] = {1000000, 1000, 1, 0};
    int64_t factor = type->id == PLN__DATE32     ? INT64_C(86400000000)
                     : type->unit == PLN__SECOND ? per_unit[0]
                     : type->unit == PLN__MILLI  ? per_unit[1]
                     : type->unit == PLN__MICRO  ? per_unit[2]
                                                 : per_unit[3];
    int64_t out;
    if (factor == 0)
        return value / 1000 - (value % 1000 < 0);
    return pln__mul(value, factor, &out) ? out : value < 0 ? INT64_MIN + 1 : INT64_MAX;
}

static pln_status freshness_add(pln__check_run *run, const struct ArrowArray *rows,
                                const int32_t *chosen, int64_t n, pln_error *err) {
    newest *f = run->state;
    const struct ArrowArray *array = rows->children[run->fields[0]];
    int64_t most = INT64_MIN;
    (void)err;
    for (int64_t i = 0; i < n; i++) {
        int64_t value = pln__array_int(&f->type, array, chosen != NULL ? chosen[i] : i);
        most = value > most ? value : most;
    }
    if (n > 0 && micros(&f->type, most) > f->at)
        f->at = micros(&f->type, most);
    return PLN_OK;
}

static pln_status freshness_merge(pln__check_run *into, const pln__check_run *from,
                                  pln_error *err) {
    newest *f = into->state;
    const newest *other = from->state;
    (void)err;
    f->at = other->at > f->at ? other->at : f->at;
    return PLN_OK;
}

static pln_status freshness_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const newest *f = run->state;
    uint64_t word = (uint64_t)f->at;
    return pln__put_words(&run->owner->mem, out, &word, 1, err);
}

static pln_status freshness_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                                 pln_error *err) {
    newest *f = run->state;
    if (size != 8)
        return pln__error_set(err, PLN_EDATA, "newest: %lld bytes, expected 8", (long long)size);
    f->at = (int64_t)pln__load_le64(bytes);
    return PLN_OK;
}

/* A second is what ages are told in. */
static pln_status freshness_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const newest *f = run->state;
    char text[PLN__DURATION_TEXT_SIZE];
    int64_t age;
    *out = (pln__judgement){.success = true, .observed = NAN};
    if (f->at == INT64_MIN)
        return PLN_OK;
    if (__builtin_sub_overflow(run->owner->now_us, f->at, &age))
        age = f->at < 0 ? INT64_MAX : INT64_MIN + 1;
    out->observed = (double)age / 1e6;
    out->success = f->error_after < 0 || age <= f->error_after;
    out->warn = f->warn_after >= 0 && age > f->warn_after;
    pln__text_bytes(&run->observed, text, pln__format_duration(text, age));
    pln__text_str(&run->observed, " old");
    return pln__text_status(&run->observed, err);
}

const pln__measure pln__measure_freshness = {
    .open = freshness_open,
    .close = freshness_close,
    .add = freshness_add,
    .merge = freshness_merge,
    .write = freshness_write,
    .read = freshness_read,
    .judge = freshness_judge,
};

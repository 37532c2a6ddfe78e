/* What is said of a column: to a program one by one, as a batch, as JSON. */
#include "quality/profile.h"
#include "sketch/form.h"
#include <math.h>

enum { FRACTIONS = 7 };
static const double fractions[FRACTIONS] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

static const char report_schema[] =
    "column utf8 not null, type utf8 not null, rows int64 not null, nulls int64 not null, "
    "distinct float64, distinct_error float64, minimum utf8, maximum utf8, mean float64, "
    "deviation float64, zeros int64, negatives int64, nans int64, shortest int64, longest int64, "
    "mean_length float64, "
    "quantiles list<struct<fraction float64 not null, value utf8 not null> not null>, "
    "top list<struct<value utf8 not null, at_least int64 not null, at_most int64 not null> not "
    "null>";

static void moments_of(const pln__profile_column *c, pln_profile_column *out) {
    if (!pln__profile_has_mean(c))
        return;
    pln__moments all = pln__running_total(&c->running);
    if (all.n > 0)
        out->mean = all.mean;
    if (all.n > 1)
        out->deviation = sqrt(all.squares / (double)(all.n - 1));
}

static void fill(const pln_profile *profile, pln__profile_column *c, pln_profile_column *out) {
    bool text = c->kind == PLN__PROFILE_BYTES, other = c->kind == PLN__PROFILE_OTHER;
    bool number = pln__profile_has_mean(c);
    out->name = c->field->name;
    out->rows = profile->rows;
    out->nulls = c->nulls;
    out->nans = c->kind == PLN__PROFILE_FLOAT ? c->nans : -1;
    out->zeros = number ? c->zeros : -1;
    out->negatives = number ? c->negatives : -1;
    out->shortest = text && c->values > 0 ? c->shortest : -1;
    out->longest = text && c->values > 0 ? c->longest : -1;
    out->mean_length = text && c->values > 0 ? (double)c->length_sum / (double)c->values : NAN;
    out->mean = out->deviation = NAN;
    out->distinct = other ? NAN : pln_hll_estimate(c->hll);
    out->distinct_error = other ? NAN : out->distinct * pln_hll_standard_error(c->hll);
    out->hll = c->hll;
    out->quantiles = c->quantiles;
    out->top = c->top;
    out->minimum = c->minimum;
    out->maximum = c->maximum;
    moments_of(c, out);
}

pln_status pln_profile_column_get(pln_profile *profile, int64_t i, pln_profile_column *out,
                                  pln_error *err) {
    if (i < 0 || i >= profile->n_columns)
        return pln__error_set(err, PLN_EINVAL, "profile: column %lld of %lld", (long long)i,
                              (long long)profile->n_columns);
    if (out->struct_size < sizeof *out)
        return pln__error_set(err, PLN_EINVAL, "profile: struct_size is %u, at least %u are needed",
                              out->struct_size, (unsigned)sizeof *out);
    pln__profile_column *c = &profile->columns[i];
    pln_status status = pln__profile_extremes(profile, c, err);
    if (status < 0)
        return status;
    *out = (pln_profile_column){.struct_size = out->struct_size, .type = c->type_text};
    fill(profile, c, out);
    return PLN_OK;
}

/* Of a column that has values. */
static pln_status put_quantile(pln__text *out, pln__profile_column *c, int64_t i, pln_error *err) {
    double value = 0;
    int64_t integer = 0;
    const double *fraction = &fractions[i];
    bool exact = c->kind == PLN__PROFILE_INTEGER;
    pln_status status =
        exact ? pln_quantiles_quantiles_int64(c->quantiles, fraction, 1, &integer, err)
              : pln_quantiles_quantile(c->quantiles, *fraction, &value, err);
    if (status < 0)
        return status;
    if (exact)
        pln__profile_put_integer(out, c, integer);
    else
        pln__profile_put_float(out, value);
    return PLN_OK;
}

pln_status pln__profile_frequent(pln_profile *profile, const pln__profile_column *c, int64_t *n,
                                 pln_error *err) {
    int64_t wanted = profile->options.top, found = 0;
    *n = 0;
    if (c->top == NULL)
        return PLN_OK;
    profile->entries[0].struct_size = sizeof *profile->entries;
    pln_status status = pln_top_k_list(c->top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, wanted,
                                       profile->entries, &found, err);
    *n = found < wanted ? found : wanted;
    return status;
}

/* ---- as a batch ---- */

pln_status pln__profile_report_schema(const pln_allocator *mem, struct ArrowSchema *out,
                                      pln_error *err) {
    return pln__schema_parse(mem, report_schema, out, err);
}

pln_status pln_profile_schema(pln_runtime *runtime, struct ArrowSchema *out, pln_error *err) {
    return pln__profile_report_schema(pln__sketch_memory(runtime, NULL), out, err);
}

typedef struct row {
    pln__column columns; /* a struct */
    int64_t next;
    pln_status status;
    pln_error *err;
} row;

static pln_column *next(row *r) {
    return &r->columns.children[r->next++];
}
static void put_str(row *r, pln_column *column, const char *text) {
    if (r->status == PLN_OK)
        r->status = text == NULL ? pln_column_null(column, r->err)
                                 : pln_column_text(column, text, -1, r->err);
}
static void put_count(row *r, pln_column *column, int64_t n) {
    if (r->status == PLN_OK)
        r->status = n < 0 ? pln_column_null(column, r->err) : pln_column_int(column, n, r->err);
}
static void put_float(row *r, pln_column *column, double value) {
    if (r->status == PLN_OK)
        r->status = value != value ? pln_column_null(column, r->err)
                                   : pln_column_float(column, value, r->err);
}
static void end(row *r, pln_column *column) {
    if (r->status == PLN_OK)
        r->status = pln_column_end(column, r->err);
}

static void put_quantiles(row *r, pln_profile *profile, pln__profile_column *c) {
    pln_column *list = next(r), *item = pln_column_child(list, 0);
    pln__text text;
    if (c->quantiles == NULL || c->values == 0) {
        if (r->status == PLN_OK)
            r->status = pln_column_null(list, r->err);
        return;
    }
    for (int64_t i = 0; i < FRACTIONS && r->status == PLN_OK; i++) {
        pln__text_init(&text, &profile->mem);
        r->status = put_quantile(&text, c, i, r->err);
        if (r->status == PLN_OK)
            r->status = pln__text_status(&text, r->err);
        put_float(r, pln_column_child(item, 0), fractions[i]);
        put_str(r, pln_column_child(item, 1), text.data);
        end(r, item);
        pln__text_free(&text);
    }
    end(r, list);
}

static void put_frequent(row *r, pln_profile *profile, pln__profile_column *c) {
    pln_column *list = next(r), *item = pln_column_child(list, 0);
    pln_top_k_entry *entries = profile->entries;
    pln__text text;
    int64_t n = 0;
    if (c->top == NULL) {
        if (r->status == PLN_OK)
            r->status = pln_column_null(list, r->err);
        return;
    }
    if (r->status == PLN_OK)
        r->status = pln__profile_frequent(profile, c, &n, r->err);
    for (int64_t i = 0; i < n && r->status == PLN_OK; i++) {
        pln__text_init(&text, &profile->mem);
        pln__profile_put_item(&text, c, entries[i].bytes, entries[i].size);
        r->status = pln__text_status(&text, r->err);
        if (r->status == PLN_OK)
            r->status = pln_column_text(pln_column_child(item, 0), text.size == 0 ? "" : text.data,
                                        text.size, r->err);
        put_count(r, pln_column_child(item, 1), entries[i].lower);
        put_count(r, pln_column_child(item, 2), entries[i].upper);
        end(r, item);
        pln__text_free(&text);
    }
    end(r, list);
}

static void put_row(row *r, pln_profile *profile, int64_t i) {
    pln__profile_column *c = &profile->columns[i];
    pln_profile_column said = {.struct_size = sizeof said};
    r->next = 0;
    r->status = pln_profile_column_get(profile, i, &said, r->err);
    put_str(r, next(r), said.name);
    put_str(r, next(r), said.type);
    put_count(r, next(r), said.rows);
    put_count(r, next(r), said.nulls);
    put_float(r, next(r), said.distinct);
    put_float(r, next(r), said.distinct_error);
    put_str(r, next(r), said.minimum);
    put_str(r, next(r), said.maximum);
    put_float(r, next(r), said.mean);
    put_float(r, next(r), said.deviation);
    put_count(r, next(r), said.zeros);
    put_count(r, next(r), said.negatives);
    put_count(r, next(r), said.nans);
    put_count(r, next(r), said.shortest);
    put_count(r, next(r), said.longest);
    put_float(r, next(r), said.mean_length);
    put_quantiles(r, profile, c);
    put_frequent(r, profile, c);
    end(r, &r->columns);
}

pln_status pln__profile_report(pln_profile *profile, const struct ArrowSchema *schema,
                               struct ArrowArray *out, pln_error *err) {
    row r = {.err = err};
    pln_status status;
    PLN__TRY(pln__column_init(&profile->mem, schema, &r.columns, err));
    for (int64_t i = 0; i < profile->n_columns; i++) {
        put_row(&r, profile, i);
        PLN__TRY(r.status);
    }
    PLN__TRY(pln__column_finish(&r.columns, out, err));
out:
    pln__column_free(&r.columns);
    return status;
}

pln_status pln_profile_report(pln_profile *profile, pln_batch **out, pln_error *err) {
    struct ArrowSchema schema = {0};
    struct ArrowArray rows = {0};
    pln__schema *shared = NULL;
    pln_status status;
    PLN__TRY(pln__profile_report_schema(&profile->mem, &schema, err));
    PLN__TRY(pln__schema_share(&profile->mem, &schema, &shared, err));
    PLN__TRY(pln__profile_report(profile, pln__schema_get(shared), &rows, err));
    PLN__TRY(pln__batch_new(&profile->mem, shared, &rows, out, err));
out:
    pln__schema_unref(shared);
    return status;
}

/* ---- as JSON ---- */

static void json_name(pln__text *out, const char *name) {
    pln__text_str(out, out->data[out->size - 1] == '{' ? "" : ",");
    pln__text_json(out, name, (int64_t)strlen(name));
    pln__text_char(out, ':');
}
static void json_text(pln__text *out, const char *name, const char *value) {
    if (value == NULL)
        return;
    json_name(out, name);
    pln__text_json(out, value, (int64_t)strlen(value));
}
static void json_count(pln__text *out, const char *name, int64_t n) {
    if (n < 0)
        return;
    json_name(out, name);
    pln__text_int(out, n);
}
static void json_float(pln__text *out, const char *name, double value) {
    if (!isfinite(value))
        return;
    json_name(out, name);
    pln__profile_put_float(out, value);
    /* Readers take a number without a point for an integer, and there is none so large. */
    if (fabs(value) >= 0x1p63 && fabs(value) < 1e21)
        pln__text_str(out, ".0");
}

static pln_status json_quantiles(pln__text *out, const pln_allocator *mem, pln__profile_column *c,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    if (c->quantiles == NULL || c->values == 0)
        return PLN_OK;
    json_name(out, "quantiles");
    for (int64_t i = 0; i < FRACTIONS && status == PLN_OK; i++) {
        pln__text text;
        pln__text_init(&text, mem);
        status = put_quantile(&text, c, i, err);
        if (status == PLN_OK)
            status = pln__text_status(&text, err);
        pln__text_str(out, i == 0 ? "[{" : ",{");
        json_float(out, "fraction", fractions[i]);
        json_text(out, "value", text.data);
        pln__text_char(out, '}');
        pln__text_free(&text);
    }
    pln__text_char(out, ']');
    return status;
}

static pln_status json_frequent(pln__text *out, pln_profile *profile, pln__profile_column *c,
                                pln_error *err) {
    int64_t n = 0;
    pln_top_k_entry *entries = profile->entries;
    pln_status status = pln__profile_frequent(profile, c, &n, err);
    if (c->top == NULL || status < 0)
        return status;
    json_name(out, "top");
    pln__text_char(out, '[');
    for (int64_t i = 0; i < n && status == PLN_OK; i++) {
        pln__text text;
        pln__text_init(&text, &profile->mem);
        pln__profile_put_item(&text, c, entries[i].bytes, entries[i].size);
        status = pln__text_status(&text, err);
        pln__text_str(out, i == 0 ? "{" : ",{");
        json_name(out, "value");
        pln__text_json(out, text.size == 0 ? "" : text.data, text.size);
        json_count(out, "at_least", entries[i].lower);
        json_count(out, "at_most", entries[i].upper);
        pln__text_char(out, '}');
        pln__text_free(&text);
    }
    pln__text_char(out, ']');
    return status;
}

static pln_status json_column(pln_profile *profile, int64_t i, pln__text *out, pln_error *err) {
    pln__profile_column *c = &profile->columns[i];
    pln_profile_column said = {.struct_size = sizeof said};
    pln_status status;
    PLN__TRY(pln_profile_column_get(profile, i, &said, err));
    pln__text_str(out, i == 0 ? "{" : ",{");
    json_text(out, "column", said.name);
    json_text(out, "type", said.type);
    json_count(out, "rows", said.rows);
    json_count(out, "nulls", said.nulls);
    json_float(out, "distinct", said.distinct);
    json_float(out, "distinct_error", said.distinct_error);
    json_text(out, "minimum", said.minimum);
    json_text(out, "maximum", said.maximum);
    json_float(out, "mean", said.mean);
    json_float(out, "deviation", said.deviation);
    json_count(out, "zeros", said.zeros);
    json_count(out, "negatives", said.negatives);
    json_count(out, "nans", said.nans);
    json_count(out, "shortest", said.shortest);
    json_count(out, "longest", said.longest);
    json_float(out, "mean_length", said.mean_length);
    PLN__TRY(json_quantiles(out, &profile->mem, c, err));
    PLN__TRY(json_frequent(out, profile, c, err));
    pln__text_char(out, '}');
out:
    return status;
}

pln_status pln_profile_json(pln_profile *profile, const char **text, int64_t *size,
                            pln_error *err) {
    pln__text *out = &profile->json;
    pln_status status;
    pln__text_free(out);
    pln__text_init(out, &profile->mem);
    pln__text_str(out, "{\"rows\":");
    pln__text_int(out, profile->rows);
    pln__text_str(out, ",\"columns\":[");
    for (int64_t i = 0; i < profile->n_columns; i++)
        PLN__TRY(json_column(profile, i, out, err));
    pln__text_str(out, "]}");
    PLN__TRY(pln__text_status(out, err));
    *text = out->data;
    *size = out->size;
out:
    return status;
}

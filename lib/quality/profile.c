#include "quality/profile.h"
#include "sketch/form.h"

void pln_profile_options_init(pln_profile_options *options, uint32_t size) {
    pln_profile_options defaults = {.struct_size = size, .precision = 12, .k = 200, .top = 5};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

pln_status pln__profile_check(const pln_profile_options *options, pln_profile_options *out,
                              pln_error *err) {
    pln_profile_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "profile options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    if (out->top < 0 || out->top > PLN__PROFILE_TOP_MOST)
        return pln__error_set(err, PLN_EINVAL, "profile options: top is %d, expected 0 to %d",
                              out->top, PLN__PROFILE_TOP_MOST);
    if (out->precision < 4 || out->precision > 18)
        return pln__error_set(err, PLN_EINVAL, "profile options: precision is %d, expected 4 to 18",
                              out->precision);
    if (out->k < 8 || out->k > 65535)
        return pln__error_set(err, PLN_EINVAL, "profile options: k is %d, expected 8 to 65535",
                              out->k);
    return PLN_OK;
}

static pln_status open_columns(pln_profile *profile, pln_error *err) {
    const struct ArrowSchema *schema = &profile->schema;
    profile->columns =
        pln__calloc(&profile->mem, (uint64_t)schema->n_children + 1, sizeof *profile->columns);
    if (profile->columns == NULL)
        return pln__error_memory(err, (uint64_t)schema->n_children * sizeof *profile->columns);
    profile->n_columns = schema->n_children;
    profile->entries =
        pln__calloc(&profile->mem, (uint64_t)profile->options.top + 1, sizeof *profile->entries);
    if (profile->entries == NULL)
        return pln__error_memory(err, (uint64_t)profile->options.top * sizeof *profile->entries);
    for (int64_t i = 0; i < profile->n_columns; i++) {
        pln_status status =
            pln__profile_column_open(profile, &profile->columns[i], schema->children[i], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

pln_status pln_profile_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                           const pln_profile_options *options, pln_profile **out, pln_error *err) {
    pln_profile_options mine;
    pln_profile *profile = NULL;
    pln_status status;
    PLN__TRY(pln__profile_check(options, &mine, err));
    if (schema == NULL || schema->format == NULL || strcmp(schema->format, "+s") != 0)
        PLN__FAIL(err, PLN_EINVAL, "profile: the schema is no struct");
    PLN__TRY(pln__schema_check(schema, err));
    const pln_allocator *mem = pln__sketch_memory(runtime, mine.allocator);
    profile = pln__calloc(mem, 1, sizeof *profile);
    if (profile == NULL)
        return pln__error_memory(err, sizeof *profile);
    profile->mem = *mem;
    profile->options = mine;
    profile->options.allocator = NULL;
    pln__text_init(&profile->json, &profile->mem);
    pln__text_init(&profile->suite, &profile->mem);
    PLN__TRY(pln__schema_copy(&profile->mem, schema, &profile->schema, err));
    PLN__TRY(open_columns(profile, err));
    *out = profile;
    return PLN_OK;
out:
    pln_profile_free(profile);
    return status;
}

void pln_profile_free(pln_profile *profile) {
    if (profile == NULL)
        return;
    pln_allocator mem = profile->mem;
    for (int64_t i = 0; i < profile->n_columns; i++)
        pln__profile_column_free(profile, &profile->columns[i]);
    pln__free(&mem, profile->columns,
              (uint64_t)(profile->schema.n_children + 1) * sizeof *profile->columns);
    pln__free(&mem, profile->entries,
              (uint64_t)(profile->options.top + 1) * sizeof *profile->entries);
    pln__schema_release(&profile->schema);
    pln__text_free(&profile->json);
    pln__text_free(&profile->suite);
    pln__buffer_free(&mem, &profile->bytes);
    pln__free(&mem, profile, sizeof *profile);
}

static pln_status check_rows(const pln_profile *profile, int64_t more, pln_error *err) {
    if (more <= PLN__PROFILE_ROWS_MOST - profile->rows)
        return PLN_OK;
    return pln__error_set(err, PLN_ELIMIT, "profile: %lld rows and %lld more, at most %lld",
                          (long long)profile->rows, (long long)more,
                          (long long)PLN__PROFILE_ROWS_MOST);
}

pln_status pln_profile_add(pln_profile *profile, const struct ArrowArray *rows, pln_error *err) {
    if (rows->n_children != profile->n_columns)
        return pln__error_set(err, PLN_EDATA, "profile: rows of %lld columns, expected %lld",
                              (long long)rows->n_children, (long long)profile->n_columns);
    pln_status status = check_rows(profile, rows->length, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < profile->n_columns; i++) {
        const struct ArrowArray *column = rows->children[i];
        if (column->length != rows->length || rows->offset != 0)
            return pln__error_set(err, PLN_EDATA,
                                  "profile: column %s: %lld rows from %lld, expected %lld from 0",
                                  profile->columns[i].field->name, (long long)column->length,
                                  (long long)rows->offset, (long long)rows->length);
        status = pln__profile_column_add(&profile->columns[i], column, err);
        if (status < 0)
            return status;
    }
    profile->rows += rows->length;
    return PLN_OK;
}

pln_status pln__profile_same_kind(const pln_profile *one, const pln_profile *other,
                                  pln_error *err) {
    const pln_profile_options *a = &one->options, *b = &other->options;
    if (!pln__schema_equal(&one->schema, &other->schema))
        return pln__error_set(err, PLN_ETYPE, "profiles of different schemas");
    const char *what = a->seed != b->seed             ? "seed"
                       : a->precision != b->precision ? "precision"
                       : a->k != b->k                 ? "k"
                       : a->top != b->top             ? "top"
                                                      : NULL;
    return what == NULL ? PLN_OK
                        : pln__error_set(err, PLN_ETYPE, "profiles of different options: %s", what);
}

pln_status pln_profile_merge(pln_profile *into, const pln_profile *from, pln_error *err) {
    pln_status status = pln__profile_same_kind(into, from, err);
    if (status == PLN_OK)
        status = check_rows(into, from->rows, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < into->n_columns; i++) {
        status = pln__profile_column_merge(&into->columns[i], &from->columns[i], err);
        if (status < 0)
            return status;
    }
    into->rows += from->rows;
    return PLN_OK;
}

int64_t pln_profile_rows(const pln_profile *profile) {
    return profile->rows;
}

int64_t pln_profile_memory(const pln_profile *profile) {
    int64_t bytes = (int64_t)sizeof *profile + profile->json.capacity + profile->suite.capacity +
                    profile->bytes.capacity +
                    profile->n_columns * (int64_t)sizeof *profile->columns;
    for (int64_t i = 0; i < profile->n_columns; i++) {
        const pln__profile_column *c = &profile->columns[i];
        bytes += c->hll != NULL ? pln_hll_memory(c->hll) : 0;
        bytes += c->quantiles != NULL ? pln_quantiles_memory(c->quantiles) : 0;
        bytes += c->top != NULL ? pln_top_k_memory(c->top) : 0;
    }
    return bytes;
}

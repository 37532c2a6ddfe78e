/* The form that <pln/profile.h> draws. */
#include "quality/profile.h"
#include "sketch/form.h"

enum { HEAD = 36 };

static const pln__form native = {"profile", "PLNP", 1, HEAD};

static uint64_t fingerprint(uint64_t seed) {
    return pln__sketch_fingerprint("pln.pro", 0, seed);
}

/* ---- writing ---- */

typedef struct writer {
    const pln_allocator *mem;
    pln__buffer *out;
    pln_status status;
    pln_error *err;
} writer;

static uint8_t *room(writer *w, int64_t size) {
    if (w->status == PLN_OK)
        w->status = pln__buffer_reserve(w->mem, w->out, size, w->err);
    if (w->status < 0)
        return NULL;
    uint8_t *at = w->out->data + w->out->size;
    w->out->size += size;
    return at;
}
static void put_32(writer *w, uint32_t word) {
    uint8_t *at = room(w, 4);
    if (at != NULL)
        pln__store_le32(at, word);
}
static void put_64(writer *w, uint64_t word) {
    uint8_t *at = room(w, 8);
    if (at != NULL)
        pln__store_le64(at, word);
}
static void put_128(writer *w, pln__int128 value) {
    put_64(w, (uint64_t)value);
    put_64(w, (uint64_t)((pln__uint128)value >> 64));
}
static void put_double(writer *w, double value) {
    uint64_t word;
    memcpy(&word, &value, 8);
    put_64(w, word);
}
static void put_bytes(writer *w, const void *bytes, int64_t size) {
    uint8_t *at = room(w, size);
    if (at != NULL && size > 0)
        memcpy(at, bytes, (size_t)size);
}
static void put_text(writer *w, const pln__profile_text *text) {
    put_32(w, (uint32_t)text->size << 1 | (uint32_t)text->cut);
    put_bytes(w, text->bytes, text->size);
}

static void put_numbers(writer *w, const pln__profile_column *c) {
    put_64(w, (uint64_t)c->nans);
    put_64(w, (uint64_t)c->zeros);
    put_64(w, (uint64_t)c->negatives);
    put_128(w, c->least);
    put_128(w, c->most);
    put_double(w, c->least_float);
    put_double(w, c->most_float);
    put_64(w, (uint64_t)c->running.done.n);
    put_double(w, c->running.done.mean);
    put_double(w, c->running.done.squares);
    put_32(w, (uint32_t)c->running.n_pending);
    for (int32_t i = 0; i < c->running.n_pending; i++)
        put_double(w, c->running.pending[i]);
}

static void put_texts(writer *w, const pln__profile_column *c) {
    put_64(w, (uint64_t)c->shortest);
    put_64(w, (uint64_t)c->longest);
    put_64(w, (uint64_t)c->length_sum);
    put_text(w, &c->least_text);
    put_text(w, &c->most_text);
}

static void put_sketches(writer *w, const pln__profile_column *c) {
    int64_t size = pln_hll_size(c->hll, PLN_HLL_NATIVE);
    put_32(w, (uint32_t)size);
    uint8_t *at = room(w, size);
    if (at != NULL)
        w->status = pln_hll_write(c->hll, PLN_HLL_NATIVE, at, size, &size, w->err);
    if (c->quantiles != NULL) {
        size = pln_quantiles_size(c->quantiles);
        put_32(w, (uint32_t)size);
        at = room(w, size);
        if (at != NULL)
            w->status = pln_quantiles_write(c->quantiles, at, size, &size, w->err);
    }
    if (c->top != NULL) {
        size = pln_top_k_size(c->top, PLN_TOP_K_NATIVE);
        put_32(w, (uint32_t)size);
        at = room(w, size);
        if (at != NULL)
            w->status = pln_top_k_write(c->top, PLN_TOP_K_NATIVE, at, size, &size, w->err);
    }
}

static void put_column(writer *w, const pln__profile_column *c) {
    put_64(w, (uint64_t)c->nulls);
    if (c->kind == PLN__PROFILE_OTHER)
        return;
    if (c->kind == PLN__PROFILE_BYTES)
        put_texts(w, c);
    else
        put_numbers(w, c);
    put_sketches(w, c);
}

static void put_head(writer *w, const pln_profile *profile, const pln__text *schema) {
    const pln_profile_options *options = &profile->options;
    uint8_t *at = room(w, 8);
    if (at == NULL)
        return;
    pln__form_begin(&native, at);
    at[5] = (uint8_t)options->precision;
    at[6] = (uint8_t)options->top;
    at[7] = (uint8_t)(options->top >> 8);
    put_32(w, (uint32_t)options->k);
    put_32(w, (uint32_t)profile->n_columns);
    put_64(w, fingerprint(options->seed));
    put_64(w, (uint64_t)profile->rows);
    put_32(w, (uint32_t)schema->size);
    put_bytes(w, schema->data, schema->size);
}

pln_status pln_profile_write(pln_profile *profile, const uint8_t **bytes, int64_t *size,
                             pln_error *err) {
    pln__text schema;
    writer w = {&profile->mem, &profile->bytes, PLN_OK, err};
    pln__text_init(&schema, &profile->mem);
    pln__schema_text(&profile->schema, &schema);
    w.status = pln__text_status(&schema, err);
    profile->bytes.size = 0;
    put_head(&w, profile, &schema);
    for (int64_t i = 0; i < profile->n_columns; i++)
        put_column(&w, &profile->columns[i]);
    int64_t end = profile->bytes.size;
    if (room(&w, PLN__FORM_SUM) != NULL) {
        pln__form_seal(profile->bytes.data, end);
        *bytes = profile->bytes.data;
        *size = profile->bytes.size;
    }
    pln__text_free(&schema);
    return w.status;
}

/* ---- reading ---- */

/* Beyond the end all is 0, and `cut` says so. */
typedef struct reader {
    const uint8_t *at, *end;
    bool cut;
} reader;

static const uint8_t *take(reader *r, int64_t size) {
    const uint8_t *at = r->at;
    if (size > r->end - r->at) {
        r->cut = true;
        return NULL;
    }
    r->at += size;
    return at;
}
static uint32_t get_32(reader *r) {
    const uint8_t *at = take(r, 4);
    return at == NULL ? 0 : pln__load_le32(at);
}
static uint64_t get_64(reader *r) {
    const uint8_t *at = take(r, 8);
    return at == NULL ? 0 : pln__load_le64(at);
}
static int64_t get_count(reader *r) {
    return (int64_t)get_64(r);
}
static pln__int128 get_128(reader *r) {
    uint64_t low = get_64(r);
    return (pln__int128)((pln__uint128)get_64(r) << 64 | low);
}
static double get_double(reader *r) {
    double value;
    uint64_t word = get_64(r);
    memcpy(&value, &word, 8);
    return value;
}

#define BAD(...) pln__error_set(err, PLN_EDATA, __VA_ARGS__)

static pln_status get_text(reader *r, const char *what, pln__profile_text *text, pln_error *err) {
    uint32_t word = get_32(r), size = word >> 1;
    bool cut = (word & 1) != 0;
    if (size > PLN__PROFILE_TEXT_MOST || (cut && size != PLN__PROFILE_TEXT_MOST))
        return BAD("%s has %u bytes, expected at most %d", what, size, PLN__PROFILE_TEXT_MOST);
    const uint8_t *at = take(r, size);
    text->size = (int32_t)size;
    text->cut = cut;
    if (at != NULL && size > 0)
        memcpy(text->bytes, at, size);
    return PLN_OK;
}

static pln_status get_numbers(reader *r, pln__profile_column *c, pln_error *err) {
    c->nans = get_count(r);
    c->zeros = get_count(r);
    c->negatives = get_count(r);
    c->least = get_128(r);
    c->most = get_128(r);
    c->least_float = get_double(r);
    c->most_float = get_double(r);
    c->running.done.n = get_count(r);
    c->running.done.mean = get_double(r);
    c->running.done.squares = get_double(r);
    uint32_t pending = get_32(r);
    if (pending >= PLN__PROFILE_PENDING)
        return BAD("%u numbers wait, expected at most %d", pending, PLN__PROFILE_PENDING - 1);
    c->running.n_pending = (int32_t)pending;
    for (int32_t i = 0; i < c->running.n_pending; i++)
        c->running.pending[i] = get_double(r);
    return PLN_OK;
}

static pln_status get_texts(reader *r, pln__profile_column *c, pln_error *err) {
    c->shortest = get_count(r);
    c->longest = get_count(r);
    c->length_sum = get_count(r);
    if (c->shortest < 0 || c->longest < c->shortest || c->length_sum < 0)
        return BAD("lengths are %lld to %lld, %lld altogether", (long long)c->shortest,
                   (long long)c->longest, (long long)c->length_sum);
    pln_status status = get_text(r, "minimum", &c->least_text, err);
    return status < 0 ? status : get_text(r, "maximum", &c->most_text, err);
}

/* A sketch must be of the kind that this column has made for itself; it is merged into that one, which is empty. */
static pln_status get_hll(reader *r, const pln_profile *profile, pln__profile_column *c,
                          pln_error *err) {
    uint32_t size = get_32(r);
    const uint8_t *at = take(r, size);
    pln_hll *hll = NULL;
    pln_hll_options options;
    pln_hll_info info = {.struct_size = sizeof info};
    if (at == NULL)
        return PLN_OK;
    pln_hll_options_init(&options, sizeof options);
    options.seed = profile->options.seed;
    options.allocator = &profile->mem;
    pln_status status = pln_hll_read(NULL, PLN_HLL_NATIVE, &options, at, size, &hll, err);
    if (status < 0)
        return status;
    pln_hll_info_get(hll, &info);
    status = info.precision == profile->options.precision
                 ? pln_hll_merge(c->hll, hll, err)
                 : BAD("HLL sketch: precision is %d, expected %d", info.precision,
                       profile->options.precision);
    pln_hll_free(hll);
    return status;
}

static pln_status get_quantiles(reader *r, const pln_profile *profile, pln__profile_column *c,
                                pln_error *err) {
    uint32_t size = get_32(r);
    const uint8_t *at = take(r, size);
    pln_quantiles *sketch = NULL;
    pln_quantiles_info info = {.struct_size = sizeof info}, mine = info;
    if (at == NULL)
        return PLN_OK;
    pln_status status = pln_quantiles_read(NULL, &profile->mem, at, size, &sketch, err);
    if (status < 0)
        return status;
    pln_quantiles_info_get(sketch, &info);
    pln_quantiles_info_get(c->quantiles, &mine);
    if (info.k != mine.k || info.kind != mine.kind || info.n != c->values)
        status = BAD("quantiles: kind %d, k %d of %lld numbers, expected kind %d, k %d of %lld",
                     info.kind, info.k, (long long)info.n, mine.kind, mine.k, (long long)c->values);
    if (status < 0) {
        pln_quantiles_free(sketch);
        return status;
    }
    pln_quantiles_free(c->quantiles);
    c->quantiles = sketch;
    return PLN_OK;
}

static pln_status get_top(reader *r, const pln_profile *profile, pln__profile_column *c,
                          pln_error *err) {
    uint32_t size = get_32(r);
    const uint8_t *at = take(r, size);
    pln_top_k *top = NULL;
    pln_top_k_options options;
    pln_top_k_info info = {.struct_size = sizeof info}, mine = info;
    if (at == NULL)
        return PLN_OK;
    pln_top_k_options_init(&options, sizeof options);
    options.seed = profile->options.seed;
    options.allocator = &profile->mem;
    pln_status status = pln_top_k_read(NULL, PLN_TOP_K_NATIVE, &options, at, size, &top, err);
    if (status < 0)
        return status;
    pln_top_k_info_get(top, &info);
    pln_top_k_info_get(c->top, &mine);
    if (info.capacity != mine.capacity || info.item_bytes_limit != mine.item_bytes_limit)
        status = BAD("top-k sketch: capacity %lld, expected %lld", (long long)info.capacity,
                     (long long)mine.capacity);
    if (status < 0) {
        pln_top_k_free(top);
        return status;
    }
    pln_top_k_free(c->top);
    c->top = top;
    return PLN_OK;
}

static pln_status get_sketches(reader *r, const pln_profile *profile, pln__profile_column *c,
                               pln_error *err) {
    pln_status status;
    PLN__TRY(get_hll(r, profile, c, err));
    if (c->quantiles != NULL)
        PLN__TRY(get_quantiles(r, profile, c, err));
    if (c->top != NULL)
        PLN__TRY(get_top(r, profile, c, err));
out:
    return status;
}

static pln_status get_column(reader *r, pln_profile *profile, pln__profile_column *c,
                             pln_error *err) {
    pln_status status = PLN_OK;
    c->nulls = get_count(r);
    if (c->nulls < 0 || c->nulls > profile->rows)
        return BAD("%lld nulls in %lld rows", (long long)c->nulls, (long long)profile->rows);
    if (c->kind == PLN__PROFILE_OTHER)
        return PLN_OK;
    PLN__TRY(c->kind == PLN__PROFILE_BYTES ? get_texts(r, c, err) : get_numbers(r, c, err));
    if (c->nans < 0 || c->nans > profile->rows - c->nulls)
        return BAD("%lld NaN and %lld nulls in %lld rows", (long long)c->nans, (long long)c->nulls,
                   (long long)profile->rows);
    c->values = profile->rows - c->nulls - c->nans;
    if (c->zeros < 0 || c->zeros > c->values || c->negatives < 0 || c->negatives > c->values)
        return BAD("%lld zeros and %lld negatives of %lld numbers", (long long)c->zeros,
                   (long long)c->negatives, (long long)c->values);
    if (c->kind != PLN__PROFILE_BYTES && c->running.done.n != c->values - c->running.n_pending)
        return BAD("mean of %lld numbers, expected %lld", (long long)c->running.done.n,
                   (long long)(c->values - c->running.n_pending));
    PLN__TRY(get_sketches(r, profile, c, err));
out:
    return status;
}

static pln_status get_columns(reader *r, pln_profile *profile, pln_error *err) {
    for (int64_t i = 0; i < profile->n_columns; i++) {
        pln__profile_column *c = &profile->columns[i];
        pln_status status = get_column(r, profile, c, err);
        if (status == PLN_OK && r->cut)
            status = BAD("the bytes end within it");
        if (status < 0) {
            pln__error_prefix(err, "%s", c->field->name);
            pln__error_prefix(err, "profile: column");
            return status;
        }
    }
    return r->at == r->end
               ? PLN_OK
               : BAD("profile: %lld bytes behind the last column", (long long)(r->end - r->at));
}

/* What is wrong with a schema is wrong with the data here. */
static pln_status as_data(pln_status status, pln_error *err) {
    if (status >= 0 || status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_EDATA;
    pln__error_prefix(err, "profile: schema");
    return PLN_EDATA;
}

/* The caller's options, to which memory goes, must be those of the bytes. */
static pln_status check_options(const uint8_t *p, const pln_profile_options *options,
                                pln_error *err) {
    int32_t top = p[6] | p[7] << 8;
    uint32_t k = pln__load_le32(p + 8);
    if (pln__load_le64(p + 16) != fingerprint(options->seed))
        return pln__error_set(err, PLN_ETYPE, "profile: fingerprint %016llx is of another seed",
                              (unsigned long long)pln__load_le64(p + 16));
    if (p[5] != options->precision || k != (uint32_t)options->k || top != options->top)
        return pln__error_set(err, PLN_ETYPE,
                              "profile: precision %d, k %u, top %d; expected %d, %d, %d", p[5], k,
                              top, options->precision, options->k, options->top);
    return PLN_OK;
}

/* What of the head is needed before there is a profile; the schema is the caller's to release. */
static pln_status get_head(reader *r, const pln_allocator *mem, int64_t *rows,
                           struct ArrowSchema *schema, pln_error *err) {
    const uint8_t *p = r->at;
    char *text = NULL;
    pln_status status = PLN_OK;
    uint32_t columns = pln__load_le32(p + 12), size = pln__load_le32(p + 32);
    *rows = (int64_t)pln__load_le64(p + 24);
    r->at += HEAD;
    const uint8_t *at = take(r, size);
    if (at == NULL)
        PLN__FAIL(err, PLN_EDATA, "profile: the schema has %u bytes, %lld are left", size,
                  (long long)(r->end - r->at));
    if (*rows < 0 || *rows > PLN__PROFILE_ROWS_MOST)
        PLN__FAIL(err, PLN_EDATA, "profile: %lld rows", (long long)*rows);
    text = pln__strndup(mem, (const char *)at, size);
    if (text == NULL) {
        status = pln__error_memory(err, size);
        goto out;
    }
    PLN__TRY(as_data(pln__schema_parse(mem, text, schema, err), err));
    if (schema->n_children != columns)
        PLN__FAIL(err, PLN_EDATA, "profile: %u columns, the schema has %lld", columns,
                  (long long)schema->n_children);
out:
    pln__strfree(mem, text);
    return status;
}

pln_status pln_profile_read(pln_runtime *runtime, const pln_profile_options *options,
                            const uint8_t *bytes, int64_t size, pln_profile **out, pln_error *err) {
    pln_profile_options mine;
    pln_profile *profile = NULL;
    struct ArrowSchema schema = {0};
    int64_t rows = 0;
    reader r = {bytes, bytes + size - PLN__FORM_SUM, false};
    pln_status status;
    PLN__TRY(pln__profile_check(options, &mine, err));
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    PLN__TRY(pln__form_check(&native, bytes, size, size, err));
    PLN__TRY(check_options(bytes, &mine, err));
    PLN__TRY(get_head(&r, pln__sketch_memory(runtime, mine.allocator), &rows, &schema, err));
    PLN__TRY(as_data(pln_profile_new(runtime, &schema, &mine, &profile, err), err));
    profile->rows = rows;
    PLN__TRY(get_columns(&r, profile, err));
    *out = profile;
    profile = NULL;
out:
    pln_profile_free(profile);
    pln__schema_release(&schema);
    return status;
}

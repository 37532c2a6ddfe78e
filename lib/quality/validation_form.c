/* Parts that become one: the form that <pln/validation.h> draws, and merging. */
#include "base/digest.h"
#include "quality/suite.h"
#include "sketch/form.h"

enum { HEAD = 32 };
#define ROWS_MOST ((int64_t)1 << 60)

static const pln__form native = {"validation", "PLNV", 1, HEAD};

static int take(const char *bytes, size_t size, void *sum) {
    pln__sha256_add(sum, bytes, (int64_t)size);
    return 0;
}

/* Of what must be the same on both sides, numbers to their last digit. It does not tell the seed. */
static pln_status fingerprint(const pln_validation *v, uint64_t *out, pln_error *err) {
    uint8_t digest[PLN__SHA256_SIZE], seed[8];
    pln__sha256 sum;
    pln__text schema;
    pln__text_init(&schema, &v->mem);
    pln__schema_text(&v->schema, &schema);
    pln_status status = pln__text_status(&schema, err);
    pln__store_le64(seed, v->suite->seed);
    pln__sha256_begin(&sum);
    pln__sha256_add(&sum, "pln.val", 8);
    pln__sha256_add(&sum, seed, 8);
    for (int64_t i = 0; i < v->suite->n_checks && status == PLN_OK; i++) {
        if (json_dump_callback(v->suite->checks[i]->config, take, &sum,
                               JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17)) != 0)
            status = pln__error_set(err, PLN_ENOMEM, "no memory for a check's text");
        pln__sha256_add(&sum, "", 1);
    }
    if (status == PLN_OK)
        pln__sha256_add(&sum, schema.data, schema.size);
    pln__sha256_end(&sum, digest);
    pln__text_free(&schema);
    *out = pln__load_le64(digest);
    return status;
}

/* ---- merging ---- */

static pln_status merge_run(pln__check_run *into, const pln__check_run *from, int64_t rows_before,
                            pln_error *err) {
    const pln__measure *measure = into->check->kind->measure;
    pln_status status = PLN_OK;
    into->rows += from->rows;
    into->missing += from->missing;
    into->unexpected += from->unexpected;
    for (int64_t i = 0; i < from->n_samples && into->n_samples < into->check->sample_limit; i++)
        PLN__TRY(pln__sample_add(into, rows_before + from->samples[i].row, from->samples[i].json,
                                 (int64_t)strlen(from->samples[i].json), err));
    if (into->groups != NULL)
        PLN__TRY(pln__groups_merge(into, from, err));
    else if (measure != NULL && measure->merge != NULL)
        PLN__TRY(measure->merge(into, from, err));
out:
    if (status < 0)
        pln__error_prefix(err, "check %s", into->check->id);
    return status;
}

pln_status pln_validation_merge(pln_validation *into, const pln_validation *from, pln_error *err) {
    uint64_t mine, theirs;
    pln_status status;
    if (into == from)
        return pln__error_set(err, PLN_EINVAL, "validation: merged into itself");
    PLN__TRY(fingerprint(into, &mine, err));
    PLN__TRY(fingerprint(from, &theirs, err));
    if (mine != theirs)
        PLN__FAIL(err, PLN_ETYPE, "validation: of another suite, seed or schema");
    if (into->rows > ROWS_MOST - from->rows)
        PLN__FAIL(err, PLN_ELIMIT, "validation: more than 2^60 rows");
    for (int64_t i = 0; i < into->suite->n_checks; i++)
        PLN__TRY(merge_run(&into->runs[i], &from->runs[i], into->rows, err));
    into->rows += from->rows;
    into->last_rows = into->last_failed = 0;
out:
    return status;
}

/* ---- writing ---- */

static pln_status write_samples(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const pln_allocator *mem = &run->owner->mem;
    uint64_t n = (uint64_t)run->n_samples;
    pln_status status = pln__put_words(mem, out, &n, 1, err);
    for (int64_t i = 0; i < run->n_samples && status == PLN_OK; i++) {
        uint64_t size = strlen(run->samples[i].json);
        uint64_t words[] = {(uint64_t)run->samples[i].row, size};
        PLN__TRY(pln__put_words(mem, out, words, 2, err));
        PLN__TRY(pln__buffer_append(mem, out, run->samples[i].json, (int64_t)size, err));
    }
out:
    return status;
}

static pln_status write_run(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const pln_allocator *mem = &run->owner->mem;
    const pln__measure *measure = run->check->kind->measure;
    uint64_t counts[] = {(uint64_t)run->rows, (uint64_t)run->missing, (uint64_t)run->unexpected};
    int64_t begin = out->size;
    pln_status status;
    PLN__TRY(pln__buffer_append(mem, out, "\0\0\0", 4, err));
    PLN__TRY(pln__put_words(mem, out, counts, 3, err));
    PLN__TRY(write_samples(run, out, err));
    if (run->groups != NULL)
        PLN__TRY(pln__groups_write(run, out, err));
    else if (measure != NULL && measure->write != NULL)
        PLN__TRY(measure->write(run, out, err));
    if (out->size - begin > INT32_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "more than 2 GiB of state");
    pln__store_le32(out->data + begin, (uint32_t)(out->size - begin - 4));
out:
    if (status < 0)
        pln__error_prefix(err, "check %s", run->check->id);
    return status;
}

pln_status pln_validation_write(pln_validation *v, const uint8_t **bytes, int64_t *size,
                                pln_error *err) {
    pln__buffer *out = &v->bytes;
    uint64_t mark;
    pln_status status;
    out->size = 0;
    PLN__TRY(pln__buffer_reserve(&v->mem, out, HEAD, err));
    PLN__TRY(fingerprint(v, &mark, err));
    memset(out->data, 0, HEAD);
    pln__form_begin(&native, out->data);
    pln__store_le32(out->data + 8, (uint32_t)v->suite->n_checks);
    pln__store_le64(out->data + 16, mark);
    pln__store_le64(out->data + 24, (uint64_t)v->rows);
    out->size = HEAD;
    for (int64_t i = 0; i < v->suite->n_checks; i++)
        PLN__TRY(write_run(&v->runs[i], out, err));
    PLN__TRY(pln__buffer_reserve(&v->mem, out, PLN__FORM_SUM, err));
    pln__form_seal(out->data, out->size);
    out->size += PLN__FORM_SUM;
    *bytes = out->data;
    *size = out->size;
out:
    return status;
}

/* ---- reading ---- */

typedef struct reader {
    const uint8_t *at, *end;
} reader;

static bool get_64(reader *r, int64_t *out) {
    if (r->end - r->at < 8)
        return false;
    *out = (int64_t)pln__load_le64(r->at);
    r->at += 8;
    return true;
}

static pln_status read_samples(pln__check_run *run, reader *r, int64_t rows, pln_error *err) {
    int64_t n, row, size;
    pln_status status = PLN_OK;
    if (!get_64(r, &n) || n < 0 || n > run->check->sample_limit)
        return pln__error_set(err, PLN_EDATA, "more samples than %lld",
                              (long long)run->check->sample_limit);
    for (int64_t i = 0; i < n; i++) {
        if (!get_64(r, &row) || !get_64(r, &size) || size < 0 || size > r->end - r->at || row < 0 ||
            row >= rows || !pln__is_sample(r->at, size))
            return pln__error_set(err, PLN_EDATA, "sample %lld is none", (long long)i);
        PLN__TRY(pln__sample_add(run, row, (const char *)r->at, size, err));
        r->at += size;
    }
out:
    return status;
}

static pln_status read_run(pln__check_run *run, reader *r, int64_t rows, pln_error *err) {
    const pln__measure *measure = run->check->kind->measure;
    pln_status status = PLN_OK;
    if (r->end - r->at < 4 || pln__load_le32(r->at) > (uint64_t)(r->end - r->at - 4))
        return pln__error_set(err, PLN_EDATA, "validation: check %s: cut short", run->check->id);
    reader one = {r->at + 4, r->at + 4 + pln__load_le32(r->at)};
    r->at = one.end;
    if (!get_64(&one, &run->rows) || !get_64(&one, &run->missing) ||
        !get_64(&one, &run->unexpected) || run->rows < 0 || run->rows > rows || run->missing < 0 ||
        run->missing > run->rows || run->unexpected < 0 ||
        run->unexpected > run->rows - run->missing)
        PLN__FAIL(err, PLN_EDATA, "%lld rows, %lld missing, %lld unexpected", (long long)run->rows,
                  (long long)run->missing, (long long)run->unexpected);
    PLN__TRY(read_samples(run, &one, rows, err));
    if (run->groups != NULL)
        PLN__TRY(pln__groups_read(run, one.at, one.end - one.at, err));
    else if (measure != NULL && measure->read != NULL)
        PLN__TRY(measure->read(run, one.at, one.end - one.at, err));
    else if (one.at != one.end)
        PLN__FAIL(err, PLN_EDATA, "%lld bytes too many", (long long)(one.end - one.at));
out:
    if (status < 0)
        pln__error_prefix(err, "validation: check %s", run->check->id);
    return status;
}

static pln_status read_into(pln_validation *v, const uint8_t *bytes, int64_t size, pln_error *err) {
    uint64_t mark;
    pln_status status;
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    PLN__TRY(pln__form_check(&native, bytes, size, size, err));
    PLN__TRY(fingerprint(v, &mark, err));
    if (pln__load_le32(bytes + 8) != (uint64_t)v->suite->n_checks ||
        pln__load_le64(bytes + 16) != mark)
        PLN__FAIL(err, PLN_ETYPE, "validation: of another suite, seed or schema");
    v->rows = (int64_t)pln__load_le64(bytes + 24);
    if (v->rows < 0 || v->rows > ROWS_MOST)
        PLN__FAIL(err, PLN_EDATA, "validation: %lld rows", (long long)v->rows);
    reader r = {bytes + HEAD, bytes + size - PLN__FORM_SUM};
    for (int64_t i = 0; i < v->suite->n_checks; i++)
        PLN__TRY(read_run(&v->runs[i], &r, v->rows, err));
    if (r.at != r.end)
        PLN__FAIL(err, PLN_EDATA, "validation: %lld bytes too many", (long long)(r.end - r.at));
out:
    return status;
}

/* Read whole before any of it counts. */
pln_status pln_validation_read(pln_validation *v, const uint8_t *bytes, int64_t size,
                               pln_error *err) {
    pln_validation_options options;
    pln_validation *part = NULL;
    pln_status status;
    pln_validation_options_init(&options, sizeof options);
    options.now_us = v->now_us;
    options.allocator = &v->mem;
    PLN__TRY(pln_validation_new(v->suite, &v->schema, &options, &part, err));
    PLN__TRY(read_into(part, bytes, size, err));
    PLN__TRY(pln_validation_merge(v, part, err));
out:
    pln_validation_free(part);
    return status;
}

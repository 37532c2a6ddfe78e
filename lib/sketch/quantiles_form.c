/* The form that <pln/quantiles.h> draws. */
#include "sketch/form.h"
#include "sketch/quantiles.h"

enum { HEAD = 88, NAN_BITS = 0x7ff };

static const pln__form native = {"quantiles sketch", "PLNQ", 1, HEAD};

static int64_t payload(int32_t levels, int64_t values) {
    return 4 * (int64_t)levels + 8 * values;
}

static int64_t values_of(const pln_quantiles *q) {
    return pln__quantiles_total(q) + __builtin_popcountll(q->seen);
}

int64_t pln_quantiles_size(const pln_quantiles *q) {
    return HEAD + payload(q->levels, values_of(q)) + PLN__FORM_SUM;
}

/* A value of either kind and its key: the turn is its own inverse. */
static int64_t turned(int32_t kind, int64_t word) {
    return kind == PLN_QUANTILES_INT64 ? word : pln__quantiles_turn(word);
}

static uint8_t *put_values(const pln_quantiles *q, const int64_t *keys, int64_t n, uint8_t *out) {
    for (int64_t i = 0; i < n; i++)
        pln__store_le64(out + 8 * i, (uint64_t)turned(q->kind, keys[i]));
    return out + 8 * n;
}

static void write_head(const pln_quantiles *q, uint8_t *out) {
    pln__form_begin(&native, out);
    out[5] = (uint8_t)q->kind;
    out[6] = (uint8_t)q->base;
    out[7] = (uint8_t)q->levels;
    pln__store_le32(out + 8, (uint32_t)q->k);
    pln__store_le32(out + 12, (uint32_t)q->k_least);
    const uint64_t words[] = {(uint64_t)q->n, (uint64_t)q->nans, q->coin, q->pick,
                              q->paired,      q->side,           q->seen, 0,      0};
    for (int i = 0; i < PLN__COUNT(words); i++)
        pln__store_le64(out + 16 + 8 * i, words[i]);
    if (q->n > 0) {
        put_values(q, &q->least, 1, out + 72);
        put_values(q, &q->greatest, 1, out + 80);
    }
}

pln_status pln_quantiles_write(const pln_quantiles *q, uint8_t *out, int64_t capacity,
                               int64_t *size, pln_error *err) {
    int64_t need = pln_quantiles_size(q);
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT,
                              "quantiles sketch: %lld bytes of room, %lld are needed",
                              (long long)capacity, (long long)need);
    pln__quantiles_tidy(q);
    write_head(q, out);
    uint8_t *at = out + HEAD;
    for (int32_t i = 0; i < q->levels; i++, at += 4)
        pln__store_le32(at, (uint32_t)pln__quantiles_population(q, i));
    for (int32_t h = 0; h < q->base; h++)
        if ((q->seen >> h & 1) != 0)
            at = put_values(q, &q->held[h], 1, at);
    for (int32_t i = 0; i < q->levels; i++)
        at = put_values(q, pln__quantiles_level(q, i), pln__quantiles_population(q, i), at);
    pln__form_seal(out, at - out);
    *size = need;
    return PLN_OK;
}

/* ---- reading ---- */

#define BAD(...) pln__error_set(err, PLN_EDATA, "quantiles sketch: " __VA_ARGS__)

/* What can be told of the first bytes before a sketch of this k is made. */
static pln_status read_options(const uint8_t *p, pln_quantiles_options *options, pln_error *err) {
    uint32_t k = pln__load_le32(p + 8), least = pln__load_le32(p + 12);
    if (p[5] < PLN_QUANTILES_FLOAT64 || p[5] > PLN_QUANTILES_INT64)
        return BAD("kind is %u, expected %d to %d", p[5], PLN_QUANTILES_FLOAT64,
                   PLN_QUANTILES_INT64);
    if (k < PLN__QUANTILES_LOWEST || k > PLN__QUANTILES_HIGHEST)
        return BAD("k is %u, expected %d to %d", k, PLN__QUANTILES_LOWEST, PLN__QUANTILES_HIGHEST);
    if (least < PLN__QUANTILES_LOWEST || least > k)
        return BAD("the smallest k is %u, expected %d to %u", least, PLN__QUANTILES_LOWEST, k);
    options->kind = p[5];
    options->k = (int32_t)k;
    return PLN_OK;
}

static pln_status read_words(pln_quantiles *q, const uint8_t *p, pln_error *err) {
    uint64_t n = pln__load_le64(p + 16), nans = pln__load_le64(p + 24);
    uint64_t levels = ((uint64_t)2 << PLN__QUANTILES_TOP) - 1;
    if (n > (uint64_t)PLN__QUANTILES_MOST)
        return BAD("n is %llu, at most 2^60 can be", (unsigned long long)n);
    if (nans > (uint64_t)PLN__QUANTILES_MOST - n)
        return BAD("%llu NaN and n is %llu, at most 2^60 can be", (unsigned long long)nans,
                   (unsigned long long)n);
    q->k_least = (int32_t)pln__load_le32(p + 12);
    q->n = (int64_t)n;
    q->nans = (int64_t)nans;
    q->coin = pln__load_le64(p + 32);
    q->pick = pln__load_le64(p + 40);
    q->paired = pln__load_le64(p + 48);
    q->side = pln__load_le64(p + 56);
    q->seen = pln__load_le64(p + 64);
    if ((q->paired & ~levels) != 0)
        return BAD("bytes 48 to 55 are %016llx, expected levels up to %d",
                   (unsigned long long)q->paired, PLN__QUANTILES_TOP);
    if ((q->side & ~q->paired) != 0)
        return BAD("bytes 56 to 63 are %016llx, expected a part of %016llx",
                   (unsigned long long)q->side, (unsigned long long)q->paired);
    return PLN_OK;
}

/* A sketch has a sampler only where it has all the levels that its k allows. */
static pln_status read_levels(pln_quantiles *q, const uint8_t *p, pln_error *err) {
    if (p[7] < 1 || p[7] > q->levels_most)
        return BAD("%u levels, expected 1 to %d for k %d", p[7], q->levels_most, q->k);
    int32_t most = p[7] < q->levels_most ? 0 : PLN__QUANTILES_TOP + 1 - p[7];
    if (p[6] > most)
        return BAD("level below which there is a sampler is %u, at most %d for %u levels of k %d",
                   p[6], most, p[7], q->k);
    q->base = p[6];
    q->levels = p[7];
    if (q->seen >> q->base != 0)
        return BAD("the sampler has seen %llu, expected less than 2^%d",
                   (unsigned long long)q->seen, q->base);
    return PLN_OK;
}

/* The weights make up n, and no level can have more values than all have together. */
static pln_status read_counts(pln_quantiles *q, const uint8_t *p, pln_error *err) {
    int64_t left = q->n - (int64_t)q->seen, room = q->capacity;
    for (int32_t i = q->levels - 1; i >= 0; i--) {
        int64_t count = pln__load_le32(p + HEAD + 4 * i);
        if (i == q->levels - 1 && i > 0 && count == 0)
            return BAD("level %d has 0 values, expected some in the highest", q->base + i);
        if (count > room)
            return BAD("level %d has %lld values, there is room for %lld", q->base + i,
                       (long long)count, (long long)room);
        if (left < 0 || count > left >> (q->base + i))
            return BAD("level %d has %lld values, n is %lld", q->base + i, (long long)count,
                       (long long)q->n);
        room -= count;
        left -= count << (q->base + i);
        q->start[i] = (int32_t)room;
        q->filled = (int32_t)count;
    }
    q->start[q->levels] = q->capacity;
    return left == 0
               ? PLN_OK
               : BAD("all weights are %lld, n is %lld", (long long)(q->n - left), (long long)q->n);
}

static pln_status read_value(const pln_quantiles *q, const uint8_t *p, int64_t *out,
                             pln_error *err) {
    uint64_t word = pln__load_le64(p);
    if (q->kind == PLN_QUANTILES_FLOAT64 &&
        ((word >> 52 & NAN_BITS) == NAN_BITS ? word << 12 != 0 : word == (uint64_t)1 << 63))
        return BAD("a value is %016llx, expected neither NaN nor -0.0", (unsigned long long)word);
    *out = turned(q->kind, (int64_t)word);
    return PLN_OK;
}

static pln_status read_range(pln_quantiles *q, const uint8_t *p, pln_error *err) {
    pln_status status = read_value(q, p + 72, &q->least, err);
    if (status == PLN_OK)
        status = read_value(q, p + 80, &q->greatest, err);
    if (status < 0)
        return status;
    if (q->n == 0) {
        if (pln__load_le64(p + 72) != 0 || pln__load_le64(p + 80) != 0)
            return BAD("minimum and maximum are not 0, n is 0");
        q->least = INT64_MAX;
        q->greatest = INT64_MIN;
        return PLN_OK;
    }
    if (q->n == 1 && q->least != q->greatest)
        return BAD("minimum %g and maximum %g differ, n is 1", pln__quantiles_double(q, q->least),
                   pln__quantiles_double(q, q->greatest));
    return q->least <= q->greatest
               ? PLN_OK
               : BAD("minimum %g is above maximum %g", pln__quantiles_double(q, q->least),
                     pln__quantiles_double(q, q->greatest));
}

/* A run in order between `least` and the maximum. */
static pln_status read_run(const pln_quantiles *q, const uint8_t **at, int64_t n, int32_t level,
                           int64_t *out, pln_error *err) {
    int64_t last = q->least;
    for (int64_t i = 0; i < n; i++, *at += 8) {
        pln_status status = read_value(q, *at, &out[i], err);
        if (status < 0)
            return status;
        if (out[i] < last || out[i] > q->greatest)
            return BAD("value %lld of level %d is %g, expected %g to %g", (long long)i, level,
                       pln__quantiles_double(q, out[i]), pln__quantiles_double(q, last),
                       pln__quantiles_double(q, q->greatest));
        last = out[i];
    }
    return PLN_OK;
}

static pln_status read_values(pln_quantiles *q, const uint8_t *p, pln_error *err) {
    const uint8_t *at = p + HEAD + 4 * q->levels;
    for (int32_t h = 0; h < q->base; h++) {
        pln_status status =
            (q->seen >> h & 1) == 0 ? PLN_OK : read_run(q, &at, 1, h, &q->held[h], err);
        if (status < 0)
            return status;
    }
    for (int32_t i = 0; i < q->levels; i++) {
        int64_t *out = i == 0 ? q->items : q->items + q->start[i];
        pln_status status =
            read_run(q, &at, pln__quantiles_population(q, i), q->base + i, out, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* Counts are believed only after the checksum, so that the length is first held to what is needed for themselves. */
static pln_status read_all(pln_quantiles *q, const uint8_t *p, int64_t size, pln_error *err) {
    pln_status status;
    PLN__TRY(read_words(q, p, err));
    PLN__TRY(read_levels(q, p, err));
    if (size < HEAD + payload(q->levels, 0) + PLN__FORM_SUM)
        PLN__FAIL(err, PLN_EDATA, "quantiles sketch: %lld bytes, cut within %d counts",
                  (long long)size, q->levels);
    PLN__TRY(read_counts(q, p, err));
    PLN__TRY(pln__form_check(&native, p, size, pln_quantiles_size(q), err));
    PLN__TRY(read_range(q, p, err));
    PLN__TRY(read_values(q, p, err));
out:
    return status;
}

pln_status pln_quantiles_read(pln_runtime *runtime, const pln_allocator *allocator,
                              const uint8_t *bytes, int64_t size, pln_quantiles **out,
                              pln_error *err) {
    pln_quantiles_options options = {.allocator = allocator};
    pln_quantiles *sketch;
    pln_status status = pln__form_open(&native, bytes, size, err);
    if (status == PLN_OK)
        status = read_options(bytes, &options, err);
    if (status == PLN_OK)
        status = pln__quantiles_make(runtime, &options, &sketch, err);
    if (status < 0)
        return status;
    PLN__TRY(read_all(sketch, bytes, size, err));
    *out = sketch;
    return PLN_OK;
out:
    pln_quantiles_free(sketch);
    return status;
}

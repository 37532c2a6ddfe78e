/* The native form, drawn in <pln/count_min.h>. */
#include "sketch/count_min.h"
#include "sketch/form.h"

enum { HEAD = 24, HASH = 1, PANE = 16 };

static const pln__form native = {"Count-Min sketch", "PLNC", 1, HEAD};

/* ---- writing ---- */

/* Of 1, 2, 4 and 8 bytes the fewest that hold a number; a number and its complement need the same. */
static int32_t width_of(int64_t value) {
    uint64_t size = (uint64_t)(value < 0 ? ~value : value);
    return size < 1u << 7 ? 1 : size < 1u << 15 ? 2 : size < (uint64_t)1 << 31 ? 4 : 8;
}

static int32_t width(const pln_count_min *cm) {
    int64_t n = cm->panes * pln__count_min_counters(cm);
    uint64_t all = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t c = cm->loops->get(cm->counters, i);
        all |= (uint64_t)(c < 0 ? ~c : c);
    }
    return width_of((int64_t)all);
}

/* Without the checksum; at most 2^44, as many as the options allow. */
static int64_t size_of(int64_t counters, int32_t panes, int32_t bytes) {
    return HEAD + panes * (PANE + counters * bytes);
}

int64_t pln_count_min_size(const pln_count_min *cm) {
    return size_of(pln__count_min_counters(cm), cm->panes, width(cm)) + PLN__FORM_SUM;
}

static void store(uint8_t *out, int64_t value, int32_t bytes) {
    for (int32_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)((uint64_t)value >> (8 * i));
}

static int64_t load(const uint8_t *p, int32_t bytes) {
    uint64_t value = 0, sign = (uint64_t)1 << (8 * bytes - 1);
    for (int32_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return (int64_t)((value ^ sign) - sign);
}

static void write_head(const pln_count_min *cm, int32_t bytes, uint8_t *out) {
    pln__form_begin(&native, out);
    out[5] = HASH;
    out[6] = (uint8_t)cm->rows;
    out[7] = (uint8_t)cm->bits;
    pln__store_le64(out + 8, cm->fingerprint);
    out[16] = (uint8_t)cm->counter_bits;
    out[17] = (uint8_t)cm->update;
    out[18] = (uint8_t)bytes;
    out[19] = 0;
    pln__store_le32(out + 20, (uint32_t)cm->panes);
}

static uint8_t *write_pane(const pln_count_min *cm, int32_t pane, int32_t bytes, uint8_t *out) {
    int64_t n = pln__count_min_counters(cm);
    const uint8_t *counters = pln__count_min_pane(cm, pane);
    for (int64_t i = 0; i < n; i++, out += bytes)
        store(out, cm->loops->get(counters, i), bytes);
    return out;
}

pln_status pln_count_min_write(const pln_count_min *cm, uint8_t *out, int64_t capacity,
                               int64_t *size, pln_error *err) {
    int32_t bytes = width(cm);
    int64_t end = size_of(pln__count_min_counters(cm), cm->panes, bytes);
    uint8_t *at = out + HEAD;
    if (capacity < end + PLN__FORM_SUM)
        return pln__error_set(err, PLN_ELIMIT,
                              "Count-Min sketch: %lld bytes of room, %lld are needed",
                              (long long)capacity, (long long)(end + PLN__FORM_SUM));
    write_head(cm, bytes, out);
    for (int32_t age = 0; age < cm->panes; age++, at += PANE) {
        const pln__count_min_sums *total = cm->total + pln__count_min_pane_at(cm, age);
        pln__store_le64(at, (uint64_t)total->added);
        pln__store_le64(at + 8, (uint64_t)total->removed);
    }
    for (int32_t age = 0; age < cm->panes; age++)
        at = write_pane(cm, pln__count_min_pane_at(cm, age), bytes, at);
    pln__form_seal(out, end);
    *size = end + PLN__FORM_SUM;
    return PLN_OK;
}

/* ---- reading ---- */

typedef struct head {
    pln_count_min_options options;
    uint64_t fingerprint;
    int32_t bytes;
} head;

#define BAD(...) pln__error_set(err, PLN_EDATA, "Count-Min sketch: " __VA_ARGS__)

static pln_status read_shape(const uint8_t *p, head *out, pln_error *err) {
    uint32_t panes = pln__load_le32(p + 20);
    if (p[5] != HASH)
        return BAD("hash is %u, expected %u", p[5], HASH);
    if (p[6] < 1 || p[6] > PLN__COUNT_MIN_ROWS)
        return BAD("rows is %u, expected 1 to %u", p[6], PLN__COUNT_MIN_ROWS);
    if (p[7] < 1 || p[7] > PLN__COUNT_MIN_BITS)
        return BAD("log2 of columns is %u, expected 1 to %u", p[7], PLN__COUNT_MIN_BITS);
    if (panes < 1 || panes > PLN__COUNT_MIN_PANES)
        return BAD("panes is %u, expected 1 to %u", panes, PLN__COUNT_MIN_PANES);
    out->options.rows = p[6];
    out->options.columns = (int64_t)1 << p[7];
    out->options.panes = (int32_t)panes;
    out->fingerprint = pln__load_le64(p + 8);
    return PLN_OK;
}

static pln_status read_kind(const uint8_t *p, head *out, pln_error *err) {
    if (p[16] != 32 && p[16] != 64)
        return BAD("counter bits is %u, expected 32 or 64", p[16]);
    if (p[17] != PLN_COUNT_MIN_PLAIN && p[17] != PLN_COUNT_MIN_CONSERVATIVE)
        return BAD("update is %u, expected %u or %u", p[17], PLN_COUNT_MIN_PLAIN,
                   PLN_COUNT_MIN_CONSERVATIVE);
    if (p[18] < 1 || p[18] > p[16] / 8 || (p[18] & (p[18] - 1)) != 0)
        return BAD("bytes of a counter is %u, expected %s", p[18],
                   p[16] == 32 ? "1, 2 or 4" : "1, 2, 4 or 8");
    if (p[19] != 0)
        return BAD("byte 19 is %u, expected 0", p[19]);
    out->options.counter_bits = p[16];
    out->options.update = p[17];
    out->bytes = p[18];
    return PLN_OK;
}

static pln_status read_head(const uint8_t *bytes, int64_t size, head *out, pln_error *err) {
    pln_status status;
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    PLN__TRY(read_shape(bytes, out, err));
    PLN__TRY(read_kind(bytes, out, err));
    int64_t need =
        size_of(out->options.rows * out->options.columns, out->options.panes, out->bytes);
    PLN__TRY(pln__form_check(&native, bytes, size, need + PLN__FORM_SUM, err));
out:
    return status;
}

static pln_status read_totals(pln_count_min *cm, const uint8_t *p, pln_error *err) {
    for (int32_t age = 0; age < cm->panes; age++, p += PANE) {
        pln__count_min_sums *total = cm->total + pln__count_min_pane_at(cm, age);
        total->added = (int64_t)pln__load_le64(p);
        total->removed = (int64_t)pln__load_le64(p + 8);
        if (total->added < 0)
            return BAD("sum of positive weights of pane %d is %lld", age, (long long)total->added);
        if (total->removed < 0)
            return BAD("sum of negative weights of pane %d is %lld", age,
                       (long long)total->removed);
        if (total->removed != 0 && cm->update == PLN_COUNT_MIN_CONSERVATIVE)
            return BAD("sum of negative weights of pane %d is %lld, expected 0 in a conservative "
                       "sketch",
                       age, (long long)total->removed);
    }
    return PLN_OK;
}

/*
 * A row of a plain sketch sums to the total, as long as no counter and no sum is at an end, and one of a conservative sketch to no more. The sum of a plain one
 * may pass 64 bits on the way and come back.
 */
typedef struct row_sum {
    uint64_t wrapping;
    int64_t clamped;
    bool ended;
} row_sum;

static pln_status check_row(const pln_count_min *cm, const pln__count_min_sums *total, int32_t age,
                            int32_t row, const row_sum *sum, pln_error *err) {
    bool ended = sum->ended || total->added == INT64_MAX || total->removed == INT64_MAX;
    int64_t net = total->added - total->removed;
    if (cm->update == PLN_COUNT_MIN_CONSERVATIVE && sum->clamped > net)
        return BAD("counters of pane %d, row %d sum to %lld, at most %lld are possible", age, row,
                   (long long)sum->clamped, (long long)net);
    if (cm->update == PLN_COUNT_MIN_PLAIN && !ended && sum->wrapping != (uint64_t)net)
        return BAD("counters of pane %d, row %d sum to %lld, expected %lld", age, row,
                   (long long)sum->wrapping, (long long)net);
    return PLN_OK;
}

static pln_status read_row(pln_count_min *cm, int32_t age, int32_t row, const uint8_t *p,
                           int32_t bytes, pln_error *err) {
    int32_t pane = pln__count_min_pane_at(cm, age);
    const pln__count_min_sums *total = cm->total + pane;
    int64_t columns = pln__count_min_columns(cm), most = pln__count_min_volume(total);
    int64_t least = most == INT64_MAX ? INT64_MIN : -most;
    uint8_t *counters = pln__count_min_pane(cm, pane);
    row_sum sum = {0};
    if (cm->update == PLN_COUNT_MIN_CONSERVATIVE)
        least = 0;
    for (int64_t i = 0; i < columns; i++, p += bytes) {
        int64_t c = load(p, bytes);
        if (c < least || c > most)
            return BAD("counter %lld of pane %d, row %d is %lld, expected %lld to %lld",
                       (long long)i, age, row, (long long)c, (long long)least, (long long)most);
        cm->loops->put(counters, row * columns + i, c);
        sum.wrapping += (uint64_t)c;
        sum.clamped = pln__add_clamped(sum.clamped, c);
        sum.ended |= c == cm->loops->most || c == -cm->loops->most - 1;
    }
    return check_row(cm, total, age, row, &sum, err);
}

static pln_status read_counters(pln_count_min *cm, const uint8_t *p, int32_t bytes,
                                pln_error *err) {
    int64_t row_bytes = pln__count_min_columns(cm) * bytes;
    for (int32_t age = 0; age < cm->panes; age++)
        for (int32_t row = 0; row < cm->rows; row++, p += row_bytes) {
            pln_status status = read_row(cm, age, row, p, bytes, err);
            if (status < 0)
                return status;
        }
    return bytes == width(cm) ? PLN_OK
                              : BAD("bytes of a counter is %d, %d are enough", bytes, width(cm));
}

/* The seed that the caller gives must be the sketch's. Without one, the sketch of another than 0 can still be merged. */
static pln_status fit(const pln_count_min_options *options, head *h, bool *seedless,
                      pln_error *err) {
    if (options != NULL) {
        h->options.seed = options->seed;
        h->options.allocator = options->allocator;
    }
    *seedless = pln__sketch_fingerprint("pln.cms", HASH, h->options.seed) != h->fingerprint;
    if (*seedless && options != NULL)
        return pln__error_set(err, PLN_ETYPE,
                              "Count-Min sketch: fingerprint %016llx is of another seed",
                              (unsigned long long)h->fingerprint);
    return PLN_OK;
}

pln_status pln_count_min_read(pln_runtime *runtime, const pln_count_min_options *options,
                              const uint8_t *bytes, int64_t size, pln_count_min **out,
                              pln_error *err) {
    head h = {0};
    bool seedless = false;
    pln_count_min *cm = NULL;
    pln_status status;
    if (options != NULL)
        PLN__TRY(pln__count_min_struct(options, err));
    PLN__TRY(read_head(bytes, size, &h, err));
    PLN__TRY(fit(options, &h, &seedless, err));
    PLN__TRY(pln__count_min_make(runtime, &h.options, &cm, err));
    cm->fingerprint = h.fingerprint;
    cm->seedless = seedless;
    PLN__TRY(read_totals(cm, bytes + HEAD, err));
    PLN__TRY(read_counters(cm, bytes + HEAD + cm->panes * PANE, h.bytes, err));
    *out = cm;
    return PLN_OK;
out:
    pln_count_min_free(cm);
    return status;
}

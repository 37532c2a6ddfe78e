/*
 * Images of Apache DataSketches' frequent items sketches (fi/include/frequent_items_sketch_impl.hpp of its C++ library), all numbers little-endian:
 *
 *      0  preamble in longs: 1 empty, 4    1  version 1      2  family 10
 *      3  log of the most slots            4  log of the slots, of which three quarters may be taken
 *      5  flags: 1, 4 or both: empty       6  unused
 *      8  u32 items    12 unused    16 u64 total    24 u64 offset
 *     32  u64 weights, then the items: u64, or u32 size and bytes
 *
 * A weight is what an item has over the offset; the offset is what any item may have missed.
 */
#include "sketch/top_k.h"

enum { EMPTY_HEAD = 8, HEAD = 32, FAMILY = 10, EMPTY = 5, LOG_LEAST = 3, LOG_MOST = 31 };

static const char what[] = "DataSketches frequent items";

static int64_t taken_most(int log) {
    return ((int64_t)1 << log) / 4 * 3;
}

static int log_for(int64_t entries) {
    int log = LOG_LEAST;
    while (taken_most(log) < entries)
        log++;
    return log;
}

/* ---- writing ---- */

static bool empty(const pln_top_k *top) {
    return top->used == 0;
}

static int64_t longs_size(const pln_top_k *top) {
    for (int64_t slot = 0; top->places != NULL && slot < pln__top_k_slots(top); slot++) {
        int64_t size = 8;
        if (top->places[slot] != 0)
            (void)pln__top_k_bytes(top, slot, &size);
        if (size != 8)
            return -1;
    }
    return empty(top) ? EMPTY_HEAD : HEAD + 16 * top->used;
}

static int64_t strings_size(const pln_top_k *top) {
    return empty(top) ? EMPTY_HEAD : HEAD + 12 * top->used + pln__top_k_item_bytes(top);
}

/* The weights too; what follows them is told. */
static uint8_t *write_head(const pln_top_k *top, const uint32_t *slots, uint8_t *out) {
    const uint8_t head[EMPTY_HEAD] = {(uint8_t)(empty(top) ? 1 : 4),
                                      1,
                                      FAMILY,
                                      (uint8_t)log_for(top->capacity),
                                      (uint8_t)log_for(top->used),
                                      (uint8_t)(empty(top) ? EMPTY : 0)};
    memcpy(out, head, sizeof head);
    if (empty(top))
        return out + EMPTY_HEAD;
    pln__store_le32(out + 8, (uint32_t)top->used);
    pln__store_le32(out + 12, 0);
    pln__store_le64(out + 16, (uint64_t)top->total);
    pln__store_le64(out + 24, (uint64_t)top->error);
    for (int64_t i = 0; i < top->used; i++)
        pln__store_le64(out + HEAD + 8 * i,
                        (uint64_t)(pln__top_k_upper(top, slots[i]) - top->error));
    return out + HEAD + 8 * top->used;
}

static void write_items(const pln_top_k *top, const uint32_t *slots, bool sizes, uint8_t *out) {
    uint8_t *p = write_head(top, slots, out);
    for (int64_t i = 0; i < top->used; i++) {
        int64_t size;
        const void *bytes = pln__top_k_bytes(top, slots[i], &size);
        if (sizes) {
            pln__store_le32(p, (uint32_t)size);
            p += 4;
        }
        if (size > 0)
            memcpy(p, bytes, (size_t)size);
        p += size;
    }
}

static void longs_write(const pln_top_k *top, const uint32_t *slots, uint8_t *out) {
    write_items(top, slots, false, out);
}

static void strings_write(const pln_top_k *top, const uint32_t *slots, uint8_t *out) {
    write_items(top, slots, true, out);
}

/* ---- reading ---- */

#define BAD(...) pln__error_set(err, PLN_EDATA, "DataSketches frequent items: " __VA_ARGS__)

static const char *family_name(int family) {
    static const char *const names[] = {"",      "Alpha", "QuickSelect", "Compact",   "Union",  "Intersection",
                                        "AnotB", "HLL",   "Quantiles",   "Tuple",     "Frequency", "Reservoir",
                                        "reservoir union", "VarOpt", "VarOpt union", "KLL", "CPC",  "REQ", "Count-Min"};
    return family > 0 && family < PLN__COUNT(names) ? names[family] : "unknown";
}

static pln_status read_fixed(const uint8_t *p, int64_t size, pln_error *err) {
    if (size < EMPTY_HEAD)
        return BAD("%lld bytes, at least %d are needed", (long long)size, EMPTY_HEAD);
    if (p[2] != FAMILY)
        return BAD("family is %u, %s, expected %d", p[2], family_name(p[2]), FAMILY);
    if (p[1] != 1)
        return BAD("version is %u, expected 1", p[1]);
    if (p[5] & ~EMPTY)
        return BAD("flags are %u, expected 0, 1, 4 or 5", p[5]);
    if (p[0] != (p[5] != 0 ? 1 : 4))
        return BAD("preamble is %u longs with flags %u, expected %d", p[0], p[5],
                   p[5] != 0 ? 1 : 4);
    if (p[3] < LOG_LEAST || p[3] > LOG_MOST)
        return BAD("log of the most slots is %u, expected %d to %d", p[3], LOG_LEAST, LOG_MOST);
    if (p[4] < LOG_LEAST || p[4] > p[3])
        return BAD("log of the slots is %u, expected %d to %u", p[4], LOG_LEAST, p[3]);
    if (size < 8 * p[0])
        return BAD("%lld bytes, the preamble has %d", (long long)size, 8 * p[0]);
    if (p[5] != 0 && size != EMPTY_HEAD)
        return BAD("%lld bytes, an empty one has %d", (long long)size, EMPTY_HEAD);
    return PLN_OK;
}

/* What is not empty. */
static pln_status read_counts(pln_top_k *top, const uint8_t *p, int64_t size, pln_error *err) {
    uint64_t items = pln__load_le32(p + 8), total = pln__load_le64(p + 16);
    uint64_t offset = pln__load_le64(p + 24);
    if (items < 1 || items > (uint64_t)taken_most(p[4]) || items > PLN__TOP_K_MOST)
        return BAD("%llu items, expected 1 to %lld in 2^%u slots", (unsigned long long)items,
                   (long long)taken_most(p[4]), p[4]);
    if (total > INT64_MAX || offset > total)
        return BAD("total is %llu and offset %llu, expected no more than 2^63 - 1 and the total",
                   (unsigned long long)total, (unsigned long long)offset);
    if (size - HEAD < 8 * (int64_t)items)
        return BAD("%lld bytes, %llu weights are said to follow the preamble", (long long)size,
                   (unsigned long long)items);
    top->total = (int64_t)total;
    top->error = (int64_t)offset;
    return PLN_OK;
}

/* *p goes on to the bytes of item i, which end before `end`. */
static pln_status item_at(int64_t i, bool sizes, const uint8_t **p, const uint8_t *end,
                          int64_t *size, pln_error *err) {
    int64_t left = end - *p, head = sizes ? 4 : 0;
    if (left < head)
        return BAD("size of item %lld is cut, %lld bytes are left", (long long)i, (long long)left);
    *size = sizes ? pln__load_le32(*p) : 8;
    if (left - head < *size)
        return BAD("item %lld of %lld bytes is cut, %lld are left", (long long)i, (long long)*size,
                   (long long)(left - head));
    *p += head;
    return PLN_OK;
}

static pln_status read_items(pln_top_k *top, const uint8_t *bytes, int64_t size, bool sizes,
                             pln_error *err) {
    int64_t n = pln__load_le32(bytes + 8), room = top->total - top->error, of_item = 0;
    const uint8_t *p = bytes + HEAD + 8 * n, *end = bytes + size;
    pln_status status;
    for (int64_t i = 0; i < n; i++, p += of_item) {
        uint64_t weight = pln__load_le64(bytes + HEAD + 8 * i);
        PLN__TRY(item_at(i, sizes, &p, end, &of_item, err));
        if (weight < 1 || weight > (uint64_t)room)
            return BAD(
                "weight of item %lld is %llu, expected 1 to %lld, what total and offset leave",
                (long long)i, (unsigned long long)weight, (long long)room);
        if (of_item > top->item_bytes_limit && of_item <= PLN__TOP_K_ITEM_MOST)
            top->item_bytes_limit = of_item;
        pln__top_k_item item = pln__top_k_item_of(top, p, of_item);
        pln__top_k_counts counts = {top->error + (int64_t)weight, top->error, &room};
        PLN__TRY(pln__top_k_admit(top, what, &item, &counts, err));
    }
    return p == end ? PLN_OK : BAD("%lld bytes behind the last item", (long long)(end - p));
out:
    return status;
}

static pln_status read_image(pln_top_k *top, const uint8_t *bytes, int64_t size, bool sizes,
                             pln_error *err) {
    pln_status status;
    PLN__TRY(read_fixed(bytes, size, err));
    top->capacity = taken_most(bytes[3]) < PLN__TOP_K_MOST ? taken_most(bytes[3]) : PLN__TOP_K_MOST;
    if (bytes[5] != 0)
        return PLN_OK;
    PLN__TRY(read_counts(top, bytes, size, err));
    return read_items(top, bytes, size, sizes, err);
out:
    return status;
}

static pln_status longs_read(pln_top_k *top, const uint8_t *bytes, int64_t size, pln_error *err) {
    return read_image(top, bytes, size, false, err);
}

static pln_status strings_read(pln_top_k *top, const uint8_t *bytes, int64_t size, pln_error *err) {
    return read_image(top, bytes, size, true, err);
}

const pln__top_k_form pln__top_k_longs = {longs_size, longs_write, longs_read};
const pln__top_k_form pln__top_k_strings = {strings_size, strings_write, strings_read};

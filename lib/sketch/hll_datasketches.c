/*
 * Images of Apache DataSketches' HLL sketches (hll/include/HllUtil.hpp of its C++ library), all numbers little-endian:
 *
 *     0  preamble in ints: 2 list, 3 set, 10 registers    1  version 1    2  family 7    3  lgK, 4 to 21
 *     4  log of the size of the list, set or exceptions   5  flags: 4 empty, 8 compact, 16 out of order
 *     6  list: how many; registers: the least one         7  mode: bits 0, 1: list 0, set 1, registers 2; bits 2, 3: 4 bits 0, 6 bits 1, 8 bits 2
 *     8  list: coupons
 *     8  set: u32 how many; 12 coupons
 *     8  registers: f64 estimate in order; 16, 24 f64 sums of 2^-register, below 32 and from 32; 32 u32 how many are the least;
 *        36 u32 exceptions; 40 registers, exceptions
 *
 * A coupon is rank << 26 | slot; the slot's lowest lgK bits are the index. What is not compact has free places, which are 0. Of 4 bits
 * a register is what it has over the least one, 15 an exception, which is a coupon.
 */
#include "sketch/hll.h"

enum {
    LIST = 0,
    SET = 1,
    REGISTERS = 2,
    LGK_MOST = 21,
    HEAD = 40,
    EMPTY = 4,
    COMPACT = 8,
    OUT_OF_ORDER = 16
};

typedef struct image {
    const uint8_t *bytes;
    int64_t size;
    int32_t lgk;
    int32_t mode;
    int32_t bits; /* of a register */
    bool compact;
    int64_t coupons; /* places of them, from `at` */
    int64_t held;    /* how many are not free */
    int64_t at;
} image;

/* ---- writing ---- */

static int64_t ds_size(const pln_hll *hll) {
    return pln__hll_used(hll) == 0 ? 8 : HEAD + pln__hll_count(hll->precision);
}

static double power(int32_t rank) {
    uint64_t bits = (uint64_t)(1023 - rank) << 52;
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

static void store_double(uint8_t *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    pln__store_le64(out, bits);
}

/* Merged sketches are out of order: their readers do not ask for the estimate that is kept as values come in. */
static void ds_write(const pln_hll *hll, uint8_t *out) {
    int64_t n = pln__hll_count(hll->precision), zeros = 0;
    double low = 0, high = 0;
    const uint8_t empty[8] = {2, 1, 7, (uint8_t)hll->precision, 3, EMPTY | COMPACT, 0, 2 << 2};
    if (pln__hll_used(hll) == 0) {
        memcpy(out, empty, sizeof empty);
        return;
    }
    const uint8_t head[8] = {HEAD / 4, 1, 7, (uint8_t)hll->precision,
                             0, COMPACT | OUT_OF_ORDER, 0, 2 << 2 | REGISTERS};
    memset(out, 0, HEAD);
    memcpy(out, head, sizeof head);
    pln__hll_registers(hll, out + HEAD);
    for (int64_t i = 0; i < n; i++) {
        int32_t rank = out[HEAD + i];
        *(rank < 32 ? &low : &high) += power(rank);
        zeros += rank == 0;
    }
    store_double(out + 16, low);
    store_double(out + 24, high);
    pln__store_le32(out + 32, (uint32_t)zeros);
}

/* ---- reading ---- */

#define BAD(...) pln__error_set(err, PLN_EDATA, "DataSketches HLL: " __VA_ARGS__)

static pln_status read_head(image *in, pln_error *err) {
    static const int preamble[3] = {2, 3, 10};
    const uint8_t *p = in->bytes;
    if (in->size < 8)
        return BAD("%lld bytes, at least 8 are needed", (long long)in->size);
    if (p[1] != 1)
        return BAD("version is %u, expected 1", p[1]);
    if (p[2] != 7)
        return BAD("family is %u, expected 7", p[2]);
    if (p[3] < PLN__HLL_LOWEST || p[3] > LGK_MOST)
        return BAD("lgK is %u, expected %d to %d", p[3], PLN__HLL_LOWEST, LGK_MOST);
    if (p[7] > 15 || (p[7] & 3) == 3 || p[7] >> 2 == 3)
        return BAD("mode is %u", p[7]);
    in->lgk = p[3];
    in->mode = p[7] & 3;
    in->bits = 4 + 2 * (p[7] >> 2);
    in->compact = (p[5] & COMPACT) != 0;
    if (p[0] != preamble[in->mode])
        return BAD("preamble is %u ints, expected %d in mode %u", p[0], preamble[in->mode], p[7]);
    if (in->size < 4 * p[0])
        return BAD("%lld bytes, the preamble has %d", (long long)in->size, 4 * p[0]);
    return PLN_OK;
}

/* Where coupons lie and how many places they have; the length must be just that. */
static pln_status measure(image *in, pln_error *err) {
    const uint8_t *p = in->bytes;
    int64_t k = (int64_t)1 << in->lgk;
    in->at = in->mode == LIST ? 8 : in->mode == SET ? 12 : HEAD;
    in->held = in->mode == LIST ? p[6] : pln__load_le32(p + (in->mode == SET ? 8 : 36));
    if (in->mode == REGISTERS)
        in->at += in->bits == 6 ? k * 6 / 8 + 1 : k * in->bits / 8;
    if (in->held > k || (in->mode == REGISTERS && in->held > 0 && in->bits != 4))
        return BAD("%lld coupons of %lld registers of %d bits", (long long)in->held, (long long)k,
                   in->bits);
    if ((p[5] & EMPTY) != 0 && (in->held > 0 || in->mode != LIST))
        return BAD("flags are %u, empty, with %lld coupons in mode %u", p[5], (long long)in->held,
                   p[7]);
    in->coupons = in->held;
    if (!in->compact && in->held > 0) {
        if (p[4] > LGK_MOST)
            return BAD("log of places is %u, expected 0 to %d", p[4], LGK_MOST);
        in->coupons = (int64_t)1 << p[4];
    }
    int64_t need = in->at + 4 * in->coupons;
    /* An empty list that is not compact has its free places behind it. */
    bool loose = in->held == 0 && !in->compact;
    if (in->size < need || (in->size > need && !loose))
        return BAD("%lld bytes, expected %lld for lgK %d and %lld coupons", (long long)in->size,
                   (long long)need, in->lgk, (long long)in->coupons);
    return PLN_OK;
}

/* A register at the image's precision. Ranks do not depend on it, so that lower ones are a matter of the index. */
static pln_status put(pln_hll *hll, int64_t i, int32_t rank, pln_error *err) {
    if (rank > 63)
        return BAD("register %lld is %d, expected 0 to 63", (long long)i, rank);
    uint32_t index = (uint32_t)i & (uint32_t)(pln__hll_count(hll->precision) - 1);
    pln__hll_grow(hll, pln__hll_entry(index, rank));
    return PLN_OK;
}

/* Of a list or set to the entries of our table; of 4-bit registers to the registers. */
static pln_status read_coupons(pln_hll *hll, const image *in, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t found = 0;
    for (int64_t i = 0; i < in->coupons && status == PLN_OK; i++) {
        uint32_t coupon = pln__load_le32(in->bytes + in->at + 4 * i);
        uint32_t slot = coupon & ((1u << PLN__HLL_SPARSE) - 1), rank = coupon >> PLN__HLL_SPARSE;
        if (coupon == 0 && !in->compact)
            continue;
        if (rank == 0)
            return BAD("rank of coupon %lld is 0, expected 1 to 63", (long long)i);
        found++;
        status = in->mode == REGISTERS
                     ? put(hll, slot, (int32_t)rank, err)
                     : pln__hll_put(hll, pln__hll_entry(slot, (int32_t)rank), err);
    }
    if (status == PLN_OK && found != in->held)
        return BAD("%lld coupons, the head says %lld", (long long)found, (long long)in->held);
    return status;
}

static pln_status read_registers(pln_hll *hll, const image *in, pln_error *err) {
    const uint8_t *p = in->bytes + HEAD;
    int64_t k = (int64_t)1 << in->lgk, exceptions = 0;
    int32_t least = in->bits == 4 ? in->bytes[6] : 0;
    for (int64_t i = 0; i < k; i++) {
        int32_t rank = in->bits == 8   ? p[i]
                       : in->bits == 6 ? pln__hll_bits6_get(p, i)
                                       : (p[i / 2] >> (4 * (i & 1)) & 15) + least;
        if (in->bits == 4 && rank - least == 15) {
            exceptions++;
            continue;
        }
        pln_status status = put(hll, i, rank, err);
        if (status < 0)
            return status;
    }
    if (exceptions != in->held)
        return BAD("%lld exceptions among the registers, the head says %lld", (long long)exceptions,
                   (long long)in->held);
    return read_coupons(hll, in, err);
}

static pln_status ds_read(pln_runtime *runtime, const pln_hll_options *options,
                          const uint8_t *bytes, int64_t size, pln_hll **out, pln_error *err) {
    image in = {.bytes = bytes, .size = size};
    pln_hll *hll = NULL;
    pln_hll_options mine = *options;
    pln_status status;
    PLN__TRY(read_head(&in, err));
    PLN__TRY(measure(&in, err));
    mine.precision = in.lgk < PLN__HLL_HIGHEST ? in.lgk : PLN__HLL_HIGHEST;
    PLN__TRY(pln__hll_make(runtime, &mine, &hll, err));
    if (in.mode == REGISTERS && hll->registers == NULL)
        PLN__TRY(pln__hll_dense(hll, err));
    PLN__TRY(in.mode == REGISTERS ? read_registers(hll, &in, err) : read_coupons(hll, &in, err));
    *out = hll;
    return PLN_OK;
out:
    pln_hll_free(hll);
    return status;
}

const pln__hll_form pln__hll_datasketches = {PLN_HLL_DATASKETCHES, ds_size, ds_write, ds_read};

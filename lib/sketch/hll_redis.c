/*
 * The strings that Redis keeps under a key of PFADD (hyperloglog.c of Redis 7): "HYLL", encoding, three bytes of 0, a cached count of 8 bytes whose
 * highest bit says that it is stale, registers.
 *
 *     dense 0   16384 registers of 6 bits, the least significant bit first
 *     sparse 1  00nnnnnn           n + 1 registers of 0
 *               01nnnnnn nnnnnnnn  n + 1 registers of 0
 *               1vvvvvnn           n + 1 registers of v + 1
 *
 * Redis takes the index from the lowest bits of its hash and counts zeros from there upwards: in a hash that is turned around the same bits
 * are those of our normal form, and the index alone is turned around between the two.
 */
#include "sketch/hll.h"

enum { PRECISION = 14, REGISTERS = 1 << PRECISION, HEAD = 16, RANK_MOST = 51, STALE = 0x80 };

static uint32_t turned(int64_t index) {
    return (uint32_t)(pln__reverse_bits((uint64_t)index) >> (64 - PRECISION));
}

static int64_t redis_size(const pln_hll *hll) {
    return hll->precision == PRECISION ? HEAD + REGISTERS * 6 / 8 : -1;
}

static void put_greater(uint8_t *packed, uint32_t entry) {
    uint32_t i = turned(entry >> 6);
    int32_t rank = entry & 63;
    if (rank > pln__hll_bits6_get(packed, i))
        pln__hll_bits6_put(packed, i, rank);
}

static void redis_write(const pln_hll *hll, uint8_t *out) {
    memset(out, 0, (size_t)redis_size(hll));
    memcpy(out, "HYLL", 4);
    out[15] = STALE;
    for (int64_t i = 0; hll->registers != NULL && i < REGISTERS; i++)
        pln__hll_bits6_put(out + HEAD, turned(i), hll->registers[i]);
    for (int64_t i = 0; i < hll->capacity; i++)
        if (hll->table[i] != 0)
            put_greater(out + HEAD,
                        pln__hll_lower(hll->hash, hll->table[i], PLN__HLL_SPARSE, PRECISION));
}

#define BAD(...) pln__error_set(err, PLN_EDATA, "Redis HLL: " __VA_ARGS__)

static pln_status read_dense(pln_hll *hll, const uint8_t *packed, pln_error *err) {
    for (int64_t i = 0; i < REGISTERS; i++) {
        int32_t rank = pln__hll_bits6_get(packed, i);
        if (rank > RANK_MOST)
            return BAD("register %lld is %d, expected 0 to %d", (long long)i, rank, RANK_MOST);
        hll->registers[turned(i)] = (uint8_t)rank;
    }
    return PLN_OK;
}

static pln_status read_sparse(pln_hll *hll, const uint8_t *p, int64_t size, pln_error *err) {
    int64_t at = 0, i = 0;
    while (at < size) {
        unsigned code = p[at++];
        int64_t run = (code & 63) + 1;
        uint8_t rank = 0;
        if (code >= 128) {
            rank = (uint8_t)((code >> 2 & 31) + 1);
            run = (code & 3) + 1;
        } else if (code >= 64) {
            if (at == size)
                return BAD("a run of zeros is cut at byte %lld", (long long)(HEAD + at));
            run = ((code & 63) << 8 | p[at++]) + 1;
        }
        if (run > REGISTERS - i)
            return BAD("byte %lld: a run of %lld registers from %lld, there are %d",
                       (long long)(HEAD + at - 1), (long long)run, (long long)i, REGISTERS);
        for (; run > 0; run--)
            hll->registers[turned(i++)] = rank;
    }
    return i == REGISTERS ? PLN_OK
                          : BAD("runs of %lld registers, expected %d", (long long)i, REGISTERS);
}

static pln_status read_head(const uint8_t *bytes, int64_t size, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    if (size < HEAD)
        return BAD("%lld bytes, at least %d are needed", (long long)size, HEAD);
    if (memcmp(bytes, "HYLL", 4) != 0)
        return BAD("begins with %s, expected 'HYLL'", pln__show(shown, bytes, 4));
    if (bytes[4] > 1)
        return BAD("encoding is %u, expected 0 or 1", bytes[4]);
    if (bytes[4] == 0 && size != HEAD + REGISTERS * 6 / 8)
        return BAD("%lld bytes, a dense one has %d", (long long)size, HEAD + REGISTERS * 6 / 8);
    return PLN_OK;
}

static pln_status redis_read(pln_runtime *runtime, const pln_hll_options *options,
                             const uint8_t *bytes, int64_t size, pln_hll **out, pln_error *err) {
    pln_hll *hll = NULL;
    pln_hll_options mine = *options;
    pln_status status;
    mine.precision = PRECISION;
    PLN__TRY(read_head(bytes, size, err));
    PLN__TRY(pln__hll_make(runtime, &mine, &hll, err));
    PLN__TRY(pln__hll_dense(hll, err));
    PLN__TRY(bytes[4] == 0 ? read_dense(hll, bytes + HEAD, err)
                           : read_sparse(hll, bytes + HEAD, size - HEAD, err));
    *out = hll;
    return PLN_OK;
out:
    pln_hll_free(hll);
    return status;
}

const pln__hll_form pln__hll_redis = {PLN_HLL_REDIS, redis_size, redis_write, redis_read};

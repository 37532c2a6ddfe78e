/* The form that <pln/bloom.h> draws. */
#include "sketch/bloom.h"
#include "sketch/form.h"

enum { HEAD = 24 };

static const pln__form form = {"Bloom filter", "PLNB", 1, HEAD};

static int64_t size_for(int64_t blocks) {
    return HEAD + blocks * PLN__BLOOM_BLOCK + PLN__FORM_SUM;
}

int64_t pln_bloom_size(const pln_bloom *bloom) {
    return size_for(bloom->blocks);
}

pln_status pln_bloom_write(const pln_bloom *bloom, uint8_t *out, int64_t capacity, int64_t *size,
                           pln_error *err) {
    int64_t need = pln_bloom_size(bloom);
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT, "Bloom filter: %lld bytes of room, %lld are needed",
                              (long long)capacity, (long long)need);
    pln__form_begin(&form, out);
    out[5] = 1;
    out[6] = out[7] = 0;
    pln__store_le64(out + 8, bloom->fingerprint);
    pln__store_le32(out + 16, (uint32_t)bloom->blocks);
    pln__store_le32(out + 20, 0);
    for (int64_t i = 0; i < bloom->blocks * PLN__BLOOM_WORDS; i++)
        pln__store_le32(out + HEAD + 4 * i, bloom->words[i]);
    pln__form_seal(out, need - PLN__FORM_SUM);
    *size = need;
    return PLN_OK;
}

#define BAD(...) pln__error_set(err, PLN_EDATA, "Bloom filter: " __VA_ARGS__)

static pln_status read_head(const uint8_t *p, int64_t size, int64_t *blocks, pln_error *err) {
    pln_status status = pln__form_open(&form, p, size, err);
    if (status < 0)
        return status;
    if (p[5] != 1)
        return BAD("hash is %u, expected 1", p[5]);
    if (p[6] != 0 || p[7] != 0)
        return BAD("bytes 6 and 7 are %02x%02x, expected 0", p[6], p[7]);
    *blocks = pln__load_le32(p + 16);
    if (*blocks < 1 || *blocks > PLN__BLOOM_BLOCKS_MAX)
        return BAD("%lld blocks, expected 1 to %lld", (long long)*blocks,
                   (long long)PLN__BLOOM_BLOCKS_MAX);
    if (pln__load_le32(p + 20) != 0)
        return BAD("bytes 20 to 23 are %08x, expected 0", pln__load_le32(p + 20));
    return pln__form_check(&form, p, size, size_for(*blocks), err);
}

pln_status pln_bloom_read(pln_runtime *runtime, const pln_bloom_options *options,
                          const uint8_t *bytes, int64_t size, pln_bloom **out, pln_error *err) {
    pln_bloom_options mine;
    int64_t blocks = 0;
    pln_status status;
    PLN__TRY(pln__bloom_check(options, true, &mine, err));
    PLN__TRY(read_head(bytes, size, &blocks, err));
    uint64_t told = pln__load_le64(bytes + 8),
             ours = pln__sketch_fingerprint("pln.blm", 1, mine.seed);
    if (told != ours && options != NULL)
        PLN__FAIL(err, PLN_ETYPE,
                  "Bloom filter: fingerprint of the seed is %016llx, the options' seed has %016llx",
                  (unsigned long long)told, (unsigned long long)ours);
    PLN__TRY(pln__bloom_make(pln__sketch_memory(runtime, mine.allocator), blocks, out, err));
    (*out)->seed = mine.seed;
    (*out)->fingerprint = told;
    (*out)->seedless = told != ours;
    (*out)->error = -1;
    for (int64_t i = 0; i < blocks * PLN__BLOOM_WORDS; i++)
        (*out)->words[i] = pln__load_le32(bytes + HEAD + 4 * i);
out:
    return status;
}

#include "sketch/bloom.h"
#include "sketch/form.h"
#include <math.h>

/* ---- the formula ---- */

/*
 * The sum over i of poisson(i; load) (1 - (31/32)^i)^8, with the power multiplied out: each of nine terms is a Poisson sum of its own,
 * exp(-load (1 - (31/32)^k)). The terms are at most 70, so that what is left after they cancel is good to 1e-14.
 */
static double error_at(double load) {
    static const double choose[PLN__BLOOM_WORDS + 1] = {1, 8, 28, 56, 70, 56, 28, 8, 1};
    double sum = 0, kept = 1;
    for (int k = 0; k <= PLN__BLOOM_WORDS; k++, kept *= 31.0 / 32)
        sum += (k & 1 ? -choose[k] : choose[k]) * exp(-load * (1 - kept));
    return sum < 0 ? 0 : sum > 1 ? 1 : sum;
}

/* The greatest number of values a block with this error; error_at rises. */
static double load_for(double error) {
    double low = 0, high = 1024;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (error_at(middle) > error)
            high = middle;
        else
            low = middle;
    }
    return low;
}

static bool error_fits(double error) {
    return error >= 1e-7 && error <= 0.5;
}

static int64_t blocks_for(int64_t expected, double error) {
    double blocks = ceil((double)expected / load_for(error));
    return blocks > (double)PLN__BLOOM_BLOCKS_MAX ? -1 : blocks < 1 ? 1 : (int64_t)blocks;
}

int64_t pln_bloom_bytes_for(int64_t expected, double error) {
    if (expected < 1 || !error_fits(error))
        return -1;
    int64_t blocks = blocks_for(expected, error);
    return blocks < 0 ? -1 : blocks * PLN__BLOOM_BLOCK;
}

double pln_bloom_error_for(int64_t bytes, int64_t values) {
    int64_t blocks = bytes / PLN__BLOOM_BLOCK;
    if (values <= 0)
        return 0;
    return blocks < 1 ? 1 : error_at((double)values / (double)blocks);
}

/* ---- life ---- */

void pln_bloom_options_init(pln_bloom_options *options, uint32_t size) {
    pln_bloom_options defaults = {.struct_size = size, .expected = 1000000, .error = 0.01};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status check_size(const pln_bloom_options *o, pln_error *err) {
    if (o->bytes < 0 || (o->bytes > 0 && o->bytes < PLN__BLOOM_BLOCK))
        return pln__error_set(err, PLN_EINVAL,
                              "Bloom options: bytes is %lld, expected 0 or at least %d",
                              (long long)o->bytes, PLN__BLOOM_BLOCK);
    if (o->bytes > 0)
        return o->bytes / PLN__BLOOM_BLOCK > PLN__BLOOM_BLOCKS_MAX
                   ? pln__error_set(err, PLN_ELIMIT,
                                    "Bloom options: bytes is %lld, at most 64 GiB are possible",
                                    (long long)o->bytes)
                   : PLN_OK;
    if (o->expected < 1)
        return pln__error_set(err, PLN_EINVAL,
                              "Bloom options: expected is %lld, it must be 1 or more",
                              (long long)o->expected);
    if (!error_fits(o->error))
        return pln__error_set(err, PLN_EINVAL, "Bloom options: error is %g, expected 1e-7 to 0.5",
                              o->error);
    return blocks_for(o->expected, o->error) < 0
               ? pln__error_set(err, PLN_ELIMIT,
                                "Bloom options: %lld values with error %g need more than 64 GiB",
                                (long long)o->expected, o->error)
               : PLN_OK;
}

pln_status pln__bloom_check(const pln_bloom_options *options, bool reading, pln_bloom_options *out,
                            pln_error *err) {
    pln_bloom_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "Bloom options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    return reading ? PLN_OK : check_size(out, err);
}

static int64_t bytes_of(const pln_bloom *bloom) {
    return bloom->blocks * PLN__BLOOM_BLOCK;
}

pln_status pln__bloom_make(const pln_allocator *mem, int64_t blocks, pln_bloom **out,
                           pln_error *err) {
    pln_bloom *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = *mem;
    self->cpu = pln__cpu_features();
    self->blocks = blocks;
    self->words = (uint32_t *)(void *)pln__aligned_alloc(mem, bytes_of(self));
    if (self->words == NULL) {
        uint64_t size = (uint64_t)bytes_of(self);
        pln_bloom_free(self);
        return pln__error_memory(err, size);
    }
    pln_bloom_clear(self);
    *out = self;
    return PLN_OK;
}

pln_status pln_bloom_new(pln_runtime *runtime, const pln_bloom_options *options, pln_bloom **out,
                         pln_error *err) {
    pln_bloom_options mine;
    pln_status status = pln__bloom_check(options, false, &mine, err);
    if (status < 0)
        return status;
    int64_t blocks =
        mine.bytes > 0 ? mine.bytes / PLN__BLOOM_BLOCK : blocks_for(mine.expected, mine.error);
    status = pln__bloom_make(pln__sketch_memory(runtime, mine.allocator), blocks, out, err);
    if (status < 0)
        return status;
    (*out)->seed = mine.seed;
    (*out)->fingerprint = pln__sketch_fingerprint("pln.blm", 1, mine.seed);
    return PLN_OK;
}

void pln_bloom_free(pln_bloom *bloom) {
    if (bloom == NULL)
        return;
    pln_allocator mem = bloom->mem;
    pln__aligned_free(&mem, bloom->words, bytes_of(bloom));
    pln__free(&mem, bloom, sizeof *bloom);
}

pln_status pln_bloom_copy(const pln_bloom *bloom, pln_bloom **out, pln_error *err) {
    pln_status status = pln__bloom_make(&bloom->mem, bloom->blocks, out, err);
    if (status < 0)
        return status;
    (*out)->seed = bloom->seed;
    (*out)->fingerprint = bloom->fingerprint;
    (*out)->seedless = bloom->seedless;
    (*out)->error = bloom->error;
    memcpy((*out)->words, bloom->words, (size_t)bytes_of(bloom));
    return PLN_OK;
}

void pln_bloom_clear(pln_bloom *bloom) {
    memset(bloom->words, 0, (size_t)bytes_of(bloom));
    bloom->error = 0;
}

int64_t pln_bloom_memory(const pln_bloom *bloom) {
    return (int64_t)sizeof *bloom + bytes_of(bloom) + PLN__ALIGN + PLN__PADDING;
}

/* ---- answers about the whole ---- */

static double measure(const pln_bloom *bloom, double *fill) {
    double all = 0;
    int64_t set = 0;
    for (int64_t b = 0; b < bloom->blocks; b++) {
        double one = 1;
        for (int w = 0; w < PLN__BLOOM_WORDS; w++) {
            int bits = __builtin_popcount(bloom->words[b * PLN__BLOOM_WORDS + w]);
            one *= bits / 32.0;
            set += bits;
        }
        all += one;
    }
    *fill = (double)set / ((double)bloom->blocks * 256);
    return all / (double)bloom->blocks;
}

double pln_bloom_error(pln_bloom *bloom) {
    double fill;
    if (bloom->error < 0)
        bloom->error = measure(bloom, &fill);
    return bloom->error;
}

void pln_bloom_info_get(const pln_bloom *bloom, pln_bloom_info *out) {
    pln_bloom_info info = {.struct_size = out->struct_size,
                           .blocks = bloom->blocks,
                           .fingerprint = bloom->fingerprint,
                           .memory_bytes = pln_bloom_memory(bloom)};
    info.error = measure(bloom, &info.fill);
    info.estimate =
        info.fill < 1 ? -32 * (double)bloom->blocks * log1p(-info.fill) : (double)INFINITY;
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}

pln_status pln_bloom_merge(pln_bloom *into, const pln_bloom *from, pln_error *err) {
    if (into->blocks != from->blocks)
        return pln__error_set(err, PLN_ETYPE,
                              "Bloom filters of different sizes: %lld and %lld blocks",
                              (long long)into->blocks, (long long)from->blocks);
    if (into->fingerprint != from->fingerprint)
        return pln__error_set(
            err, PLN_ETYPE, "Bloom filters of different seeds: fingerprints %016llx and %016llx",
            (unsigned long long)into->fingerprint, (unsigned long long)from->fingerprint);
    for (int64_t i = 0; i < into->blocks * PLN__BLOOM_WORDS; i++)
        into->words[i] |= from->words[i];
    into->error = -1;
    return PLN_OK;
}

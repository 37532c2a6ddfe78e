#include "sketch/form.h"
#include "sketch/hll.h"

void pln_hll_options_init(pln_hll_options *options, uint32_t size) {
    pln_hll_options defaults = {.struct_size = size, .precision = 14, .hash = PLN_HLL_XXH3};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

pln_status pln__hll_check(const pln_hll_options *options, bool reading, pln_hll_options *out,
                          pln_error *err) {
    pln_hll_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return pln__error_set(err, PLN_EINVAL,
                              "HLL options: struct_size is %u, at least %u are needed",
                              options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    if (!reading && (out->precision < PLN__HLL_LOWEST || out->precision > PLN__HLL_HIGHEST))
        return pln__error_set(err, PLN_EINVAL, "HLL options: precision is %d, expected %d to %d",
                              out->precision, PLN__HLL_LOWEST, PLN__HLL_HIGHEST);
    if (out->hash < PLN_HLL_XXH3 || out->hash > PLN_HLL_DATASKETCHES)
        return pln__error_set(err, PLN_EINVAL, "HLL options: hash is %d, expected %d to %d",
                              out->hash, PLN_HLL_XXH3, PLN_HLL_DATASKETCHES);
    if (out->hash != PLN_HLL_XXH3 && out->seed != 0)
        return pln__error_set(err, PLN_EINVAL,
                              "HLL options: only PLN_HLL_XXH3 has a seed, hash is %d", out->hash);
    return PLN_OK;
}

static pln_status make(const pln_allocator *mem, int32_t precision, pln_hll **out, pln_error *err) {
    pln_hll *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = *mem;
    self->precision = precision;
    self->cpu = pln__cpu_features();
    self->estimate = -1;
    pln_status status = precision < PLN__HLL_DENSE_BELOW ? pln__hll_dense(self, err) : PLN_OK;
    if (status < 0)
        pln_hll_free(self);
    else
        *out = self;
    return status;
}

pln_status pln__hll_make(pln_runtime *runtime, const pln_hll_options *options, pln_hll **out,
                         pln_error *err) {
    pln_status status =
        make(pln__sketch_memory(runtime, options->allocator), options->precision, out, err);
    if (status < 0)
        return status;
    (*out)->hash = options->hash;
    (*out)->seed = options->seed;
    (*out)->fingerprint = pln__sketch_fingerprint("pln.hll", (uint8_t)options->hash, options->seed);
    return PLN_OK;
}

pln_status pln_hll_new(pln_runtime *runtime, const pln_hll_options *options, pln_hll **out,
                       pln_error *err) {
    pln_hll_options mine;
    pln_status status = pln__hll_check(options, false, &mine, err);
    return status < 0 ? status : pln__hll_make(runtime, &mine, out, err);
}

pln_status pln__hll_like(const pln_hll *hll, int32_t precision, pln_hll **out, pln_error *err) {
    pln_status status = make(&hll->mem, precision, out, err);
    if (status < 0)
        return status;
    (*out)->hash = hll->hash;
    (*out)->seed = hll->seed;
    (*out)->fingerprint = hll->fingerprint;
    (*out)->seedless = hll->seedless;
    return PLN_OK;
}

static void drop(pln_hll *hll) {
    pln__aligned_free(&hll->mem, hll->registers, pln__hll_count(hll->precision));
    pln__free(&hll->mem, hll->table, (uint64_t)hll->capacity * sizeof *hll->table);
    hll->registers = NULL;
    hll->table = NULL;
    hll->capacity = hll->used = hll->at_floor = 0;
    hll->floor = 0;
    hll->estimate = -1;
}

void pln_hll_free(pln_hll *hll) {
    if (hll == NULL)
        return;
    drop(hll);
    pln_allocator mem = hll->mem;
    pln__free(&mem, hll, sizeof *hll);
}

void pln__hll_take(pln_hll *hll, pln_hll *from) {
    drop(hll);
    hll->precision = from->precision;
    hll->registers = from->registers;
    hll->table = from->table;
    hll->capacity = from->capacity;
    hll->used = from->used;
    hll->floor = from->floor;
    hll->at_floor = from->at_floor;
    from->registers = NULL;
    from->table = NULL;
    from->capacity = 0;
}

pln_status pln_hll_copy(const pln_hll *hll, pln_hll **out, pln_error *err) {
    pln_hll *copy;
    pln_status status = pln__hll_like(hll, hll->precision, &copy, err);
    if (status < 0)
        return status;
    PLN__TRY(pln_hll_merge(copy, hll, err));
    copy->estimate = hll->estimate;
    *out = copy;
    return PLN_OK;
out:
    pln_hll_free(copy);
    return status;
}

/* Low precisions have no other form than dense, so that their registers stay where they are. */
void pln_hll_clear(pln_hll *hll) {
    if (hll->precision >= PLN__HLL_DENSE_BELOW) {
        drop(hll);
        return;
    }
    memset(hll->registers, 0, (size_t)pln__hll_count(hll->precision));
    hll->floor = 0;
    hll->at_floor = 0;
    hll->estimate = -1;
}

int64_t pln__hll_used(const pln_hll *hll) {
    int64_t n = pln__hll_count(hll->precision);
    return hll->registers == NULL ? hll->used : n - pln__hll_equal_to(hll->registers, n, 0);
}

int64_t pln_hll_memory(const pln_hll *hll) {
    int64_t bytes = (int64_t)sizeof *hll + hll->capacity * (int64_t)sizeof *hll->table;
    return hll->registers == NULL
               ? bytes
               : bytes + pln__hll_count(hll->precision) + PLN__ALIGN + PLN__PADDING;
}

void pln_hll_info_get(const pln_hll *hll, pln_hll_info *out) {
    pln_hll_info info = {.struct_size = out->struct_size,
                         .precision = hll->precision,
                         .hash = hll->hash,
                         .sparse = hll->registers == NULL,
                         .fingerprint = hll->fingerprint,
                         .registers = pln__hll_used(hll),
                         .memory_bytes = pln_hll_memory(hll)};
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}

pln_status pln__hll_same_kind(const pln_hll *a, const pln_hll *b, pln_error *err) {
    if (a->hash != b->hash)
        return pln__error_set(err, PLN_ETYPE, "HLL sketches of different hashes: %d and %d",
                              a->hash, b->hash);
    if (a->fingerprint != b->fingerprint)
        return pln__error_set(
            err, PLN_ETYPE, "HLL sketches of different seeds: fingerprints %016llx and %016llx",
            (unsigned long long)a->fingerprint, (unsigned long long)b->fingerprint);
    return PLN_OK;
}

#ifndef PLN_TOP_K_H
#define PLN_TOP_K_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_top_k pln_top_k;

/* Serialized forms. */
enum {
    PLN_TOP_K_NATIVE = 1,
    PLN_TOP_K_DATASKETCHES_LONGS = 2,  /* images of Apache DataSketches' frequent items: of 64-bit numbers */
    PLN_TOP_K_DATASKETCHES_STRINGS = 3 /* ... and of texts */
};

/* Which items a list has. */
enum {
    PLN_TOP_K_NO_FALSE_POSITIVES = 1, /* lower > threshold: surely */
    PLN_TOP_K_NO_FALSE_NEGATIVES = 2  /* upper > threshold: perhaps */
};

typedef struct pln_top_k_options {
    uint32_t struct_size;
    int32_t reserved;
    int64_t capacity;               /* entries, 1 to 67,108,864 [1024] */
    int64_t item_bytes_limit;       /* of the longest item, 16 to 1,048,576 [4096] */
    uint64_t seed;                  /* of the hash [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_top_k_options;

typedef struct pln_top_k_info {
    uint32_t struct_size;
    int32_t reserved;
    int64_t capacity;
    int64_t item_bytes_limit;
    int64_t entries;
    int64_t total;
    int64_t error;
    int64_t memory_bytes;
} pln_top_k_info;

typedef struct pln_top_k_entry {
    uint32_t struct_size;
    int32_t reserved;
    const uint8_t *bytes;
    int64_t size;
    int64_t lower;
    int64_t estimate;
    int64_t upper;
} pln_top_k_entry;

PLN_API void pln_top_k_options_init(pln_top_k_options *options, uint32_t size);
PLN_API pln_status pln_top_k_new(pln_runtime *runtime, const pln_top_k_options *options,
                                 pln_top_k **out, pln_error *err);
PLN_API void pln_top_k_free(pln_top_k *top);
PLN_API pln_status pln_top_k_copy(const pln_top_k *top, pln_top_k **out, pln_error *err);
PLN_API void pln_top_k_clear(pln_top_k *top);
PLN_API void pln_top_k_info_get(const pln_top_k *top, pln_top_k_info *out);
PLN_API int64_t pln_top_k_memory(const pln_top_k *top);
PLN_API pln_status pln_top_k_add(pln_top_k *top, const void *bytes, int64_t size, int64_t weight,
                                 pln_error *err);
PLN_API pln_status pln_top_k_add_uint64(pln_top_k *top, const uint64_t *values,
                                        const int64_t *weights, int64_t n, const uint8_t *validity,
                                        int64_t offset, pln_error *err);
PLN_API pln_status pln_top_k_add_column(pln_top_k *top, const struct ArrowSchema *schema,
                                        const struct ArrowArray *array, const int64_t *weights,
                                        pln_error *err);
PLN_API int64_t pln_top_k_estimate(const pln_top_k *top, const void *bytes, int64_t size,
                                   int64_t *lower, int64_t *upper);
PLN_API int64_t pln_top_k_error(const pln_top_k *top);
PLN_API int64_t pln_top_k_total(const pln_top_k *top);
PLN_API pln_status pln_top_k_list(const pln_top_k *top, int32_t guarantee, int64_t threshold,
                                  int64_t wanted, pln_top_k_entry *out, int64_t *found,
                                  pln_error *err);
PLN_API pln_status pln_top_k_merge(pln_top_k *into, const pln_top_k *from, pln_error *err);
PLN_API int64_t pln_top_k_size(const pln_top_k *top, int32_t form);
PLN_API pln_status pln_top_k_write(const pln_top_k *top, int32_t form, uint8_t *out,
                                   int64_t capacity, int64_t *size, pln_error *err);
PLN_API pln_status pln_top_k_read(pln_runtime *runtime, int32_t form,
                                  const pln_top_k_options *options, const uint8_t *bytes,
                                  int64_t size, pln_top_k **out, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif

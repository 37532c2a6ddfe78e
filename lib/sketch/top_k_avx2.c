#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2")))
#define ADD pln__top_k_add_avx2
#define TAKEN taken

#include "sketch/top_k.h"

TARGET static inline unsigned taken(const pln__top_k_line *line, uint64_t key) {
    __m256i keys = _mm256_load_si256((const __m256i *)(const void *)line->keys);
    __m256i equal = _mm256_cmpeq_epi64(keys, _mm256_set1_epi64x((int64_t)key));
    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(equal));
}

#include "sketch/top_k_kernel.h"
#else
typedef int pln__top_k_avx2_is_for_x86;
#endif

#if defined(__x86_64__)
#include <immintrin.h>

#include "sketch/quantiles.h"

#define TARGET __attribute__((target("avx2")))

/* A minimum is the second operand where one is NaN: the comparison alone tells that there is one. */
TARGET bool pln__quantiles_range_avx2(const double *values, int64_t n, double *least,
                                      double *greatest) {
    if (n < 8)
        return pln__quantiles_range_words(values, n, least, greatest);
    __m256d low[2], high[2], nan = _mm256_setzero_pd();
    low[0] = high[0] = low[1] = high[1] = _mm256_loadu_pd(values);
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256d a = _mm256_loadu_pd(values + i), b = _mm256_loadu_pd(values + i + 4);
        low[0] = _mm256_min_pd(a, low[0]);
        low[1] = _mm256_min_pd(b, low[1]);
        high[0] = _mm256_max_pd(a, high[0]);
        high[1] = _mm256_max_pd(b, high[1]);
        nan = _mm256_or_pd(nan, _mm256_cmp_pd(a, b, _CMP_UNORD_Q));
    }
    double ends[8], low_rest = values[n - 1], high_rest = low_rest;
    bool fine = i == n || pln__quantiles_range_words(values + i, n - i, &low_rest, &high_rest);
    _mm256_storeu_pd(ends, _mm256_min_pd(low[0], low[1]));
    _mm256_storeu_pd(ends + 4, _mm256_max_pd(high[0], high[1]));
    for (int k = 0; k < 4; k++) {
        low_rest = ends[k] < low_rest ? ends[k] : low_rest;
        high_rest = ends[4 + k] > high_rest ? ends[4 + k] : high_rest;
    }
    *least = low_rest;
    *greatest = high_rest;
    return fine && _mm256_movemask_pd(nan) == 0;
}
#else
typedef int pln__quantiles_range_avx2_is_for_x86;
#endif

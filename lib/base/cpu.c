#include "base/base.h"

uint32_t pln__cpu_features(void) {
    uint32_t features = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool clmul = __builtin_cpu_supports("pclmul");
    if (clmul && __builtin_cpu_supports("sse4.2"))
        features |= PLN__CPU_SSE42;
    if (clmul && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2"))
        features |= PLN__CPU_AVX2;
    if ((features & PLN__CPU_AVX2) != 0 && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi2"))
        features |= PLN__CPU_AVX512;
#elif defined(__aarch64__)
    features |= PLN__CPU_NEON;
#endif
    return features;
}

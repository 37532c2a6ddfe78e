/*
 * The loops over numbers: each value to the state of its group, all values to one state, states to states.
 *
 * Sums of floats and moments go row by row in every loop: their last digits must not depend on where a batch or a window begins.
 */
#include "window/aggregate_internal.h"

typedef pln__uint128 wide;

static inline wide join(uint64_t low, uint64_t high) {
    return (wide)high << 64 | low;
}

static inline uint64_t sign_of(uint64_t word) {
    return 0 - (word >> 63);
}

/* Numbers of values of two states that were read may be anything up to 2^60: together they stay where one more row is no overflow. */
static inline int64_t both(int64_t a, int64_t b) {
    const int64_t most = (int64_t)1 << 61;
    return a + b < most ? a + b : most;
}

/* The loop over groups of one kind and one type, and that over states. `update` has a state s and a value v, `unite` two states s and t. */
#define GROUPS(name, state, type, update)                                                          \
    static void name(void *states, const void *values, const int32_t *groups, int64_t n) {         \
        const type *from = values;                                                                 \
        for (int64_t i = 0; i < n; i++) {                                                          \
            state *s = (state *)states + groups[i];                                                \
            type v = from[i];                                                                      \
            update;                                                                                \
        }                                                                                          \
    }
#define ONE(name, state, type, update)                                                             \
    static void name(void *in, const void *values, int64_t n) {                                    \
        const type *from = values;                                                                 \
        state here = *(state *)in, *s = &here;                                                     \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type v = from[i];                                                                      \
            update;                                                                                \
        }                                                                                          \
        *(state *)in = here;                                                                       \
    }
#define UNITE(name, state, unite)                                                                  \
    static void name(void *into, const int32_t *into_groups, const void *from,                     \
                     const int32_t *from_groups, int64_t n) {                                      \
        for (int64_t i = 0; i < n; i++) {                                                          \
            state *s = (state *)into + pln__agg_at(into_groups, i);                                \
            const state *t = (const state *)from + pln__agg_at(from_groups, i);                    \
            unite;                                                                                 \
        }                                                                                          \
    }

/* ---- count ---- */

static void count_groups(void *states, const void *values, const int32_t *groups, int64_t n) {
    (void)values;
    for (int64_t i = 0; i < n; i++)
        ((int64_t *)states)[groups[i]]++;
}
static void count_one(void *state, const void *values, int64_t n) {
    (void)values;
    *(int64_t *)state += n;
}
UNITE(count_unite, int64_t, *s = both(*s, *t))
const pln__agg_kernels pln__agg_count = {sizeof(int64_t), count_groups, count_one, count_unite};

/* ---- sums of integers ---- */

/* Twice the value in two words: what a shift of both together costs some processors is more than the sum. */
static inline void sum_put(pln__agg_sum *s, uint64_t low, uint64_t high) {
    wide sum = join(s->low, s->high) + join(low, high);
    s->low = (uint64_t)sum | 1;
    s->high = (uint64_t)(sum >> 64);
}
static inline void sum_put_wide(pln__agg_sum *s, wide value) {
    sum_put(s, (uint64_t)(value * 2), (uint64_t)(value * 2 >> 64));
}
static inline void average_put(pln__agg_average *s, wide value, int64_t n) {
    wide sum = join(s->low, s->high) + value;
    s->low = (uint64_t)sum;
    s->high = (uint64_t)(sum >> 64);
    s->n += n;
}

/* The sum of n < 2^31 values: two sums of 32-bit halves, each of which is one instruction for several values. */
static wide sum_of_u64(const uint64_t *values, int64_t n, uint64_t flip) {
    uint64_t low = 0, high = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t v = values[i] ^ flip;
        low += v & UINT32_MAX;
        high += v >> 32;
    }
    return ((wide)high << 32) + low;
}
/* Signed values are 2^63 more than they were with their sign turned round. */
static wide sum_of_i64(const void *values, int64_t n) {
    return sum_of_u64(values, n, (uint64_t)1 << 63) - ((wide)(uint64_t)n << 63);
}

#define SIGNED (wide)(pln__int128)
GROUPS(sum_i64_groups, pln__agg_sum, int64_t, sum_put(s, (uint64_t)v << 1, sign_of((uint64_t)v)))
GROUPS(sum_u64_groups, pln__agg_sum, uint64_t, sum_put(s, v << 1, v >> 63))
GROUPS(avg_i64_groups, pln__agg_average, int64_t, average_put(s, SIGNED v, 1))
GROUPS(avg_u64_groups, pln__agg_average, uint64_t, average_put(s, v, 1))

/* Where there are no values the sum stays without its mark. */
static void sum_i64_one(void *state, const void *values, int64_t n) {
    if (n > 0)
        sum_put_wide(state, sum_of_i64(values, n));
}
static void sum_u64_one(void *state, const void *values, int64_t n) {
    if (n > 0)
        sum_put_wide(state, sum_of_u64(values, n, 0));
}
static void avg_i64_one(void *state, const void *values, int64_t n) {
    average_put(state, sum_of_i64(values, n), n);
}
static void avg_u64_one(void *state, const void *values, int64_t n) {
    average_put(state, sum_of_u64(values, n, 0), n);
}

/* Both marks are one mark. */
static inline void sum_unite(pln__agg_sum *s, const pln__agg_sum *t) {
    wide sum = join(s->low & ~(uint64_t)1, s->high) + join(t->low & ~(uint64_t)1, t->high);
    s->low = (uint64_t)sum | ((s->low | t->low) & 1);
    s->high = (uint64_t)(sum >> 64);
}
UNITE(sums_unite, pln__agg_sum, sum_unite(s, t))
UNITE(averages_unite, pln__agg_average,
      average_put(s, join(t->low, t->high), both(s->n, t->n) - s->n))
const pln__agg_kernels pln__agg_sum_i64 = {sizeof(pln__agg_sum), sum_i64_groups, sum_i64_one,
                                           sums_unite};
const pln__agg_kernels pln__agg_sum_u64 = {sizeof(pln__agg_sum), sum_u64_groups, sum_u64_one,
                                           sums_unite};
const pln__agg_kernels pln__agg_avg_i64 = {sizeof(pln__agg_average), avg_i64_groups, avg_i64_one,
                                           averages_unite};
const pln__agg_kernels pln__agg_avg_u64 = {sizeof(pln__agg_average), avg_u64_groups, avg_u64_one,
                                           averages_unite};

/* ---- sums of decimals: 192 bits ---- */

typedef struct bits128 {
    uint64_t low, high;
} bits128;

static inline void long_put(pln__agg_long *s, wide value, uint64_t top, int64_t n) {
    wide before = join(s->low, s->mid), sum = before + value;
    s->low = (uint64_t)sum;
    s->mid = (uint64_t)(sum >> 64);
    s->high += top + (sum < before);
    s->n += n;
}
GROUPS(long_groups, pln__agg_long, bits128, long_put(s, join(v.low, v.high), sign_of(v.high), 1))
ONE(long_one, pln__agg_long, bits128, long_put(s, join(v.low, v.high), sign_of(v.high), 1))
UNITE(long_unite, pln__agg_long,
      long_put(s, join(t->low, t->mid), t->high, both(s->n, t->n) - s->n))
const pln__agg_kernels pln__agg_sum_long = {sizeof(pln__agg_long), long_groups, long_one,
                                            long_unite};

/* ---- sums of floats ---- */

#define SUM_F64 (s->sum += v, s->n++)
GROUPS(sum_f64_groups, pln__agg_float, double, SUM_F64)
ONE(sum_f64_one, pln__agg_float, double, SUM_F64)
UNITE(sum_f64_unite, pln__agg_float, (s->sum += t->sum, s->n = both(s->n, t->n)))
const pln__agg_kernels pln__agg_sum_f64 = {sizeof(pln__agg_float), sum_f64_groups, sum_f64_one,
                                           sum_f64_unite};

/* ---- moments ---- */

/* B. P. Welford, "Note on a method for calculating corrected sums of squares and products" (1962). The quotient waits for no other value. */
static inline void moments_put(pln__agg_moments *s, double v) {
    double part = 1 / (double)++s->n, distance = v - s->mean;
    s->mean += distance * part;
    s->squares += distance * (v - s->mean);
}
/* T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979). */
static void moments_unite(pln__agg_moments *s, const pln__agg_moments *t) {
    if (t->n == 0)
        return;
    if (s->n == 0) {
        *s = *t;
        return;
    }
    double a = (double)s->n, b = (double)t->n, distance = t->mean - s->mean;
    s->mean += distance * (b / (a + b));
    s->squares += t->squares + distance * distance * (a * b / (a + b));
    s->n = both(s->n, t->n);
}
GROUPS(moments_i64_groups, pln__agg_moments, int64_t, moments_put(s, (double)v))
GROUPS(moments_u64_groups, pln__agg_moments, uint64_t, moments_put(s, (double)v))
GROUPS(moments_f64_groups, pln__agg_moments, double, moments_put(s, v))
ONE(moments_i64_one, pln__agg_moments, int64_t, moments_put(s, (double)v))
ONE(moments_u64_one, pln__agg_moments, uint64_t, moments_put(s, (double)v))
ONE(moments_f64_one, pln__agg_moments, double, moments_put(s, v))
UNITE(moments_all_unite, pln__agg_moments, moments_unite(s, t))
const pln__agg_kernels pln__agg_moments_i64 = {sizeof(pln__agg_moments), moments_i64_groups,
                                               moments_i64_one, moments_all_unite};
const pln__agg_kernels pln__agg_moments_u64 = {sizeof(pln__agg_moments), moments_u64_groups,
                                               moments_u64_one, moments_all_unite};
const pln__agg_kernels pln__agg_moments_f64 = {sizeof(pln__agg_moments), moments_f64_groups,
                                               moments_f64_one, moments_all_unite};

/* ---- least and greatest ---- */

/* Without a branch: what comes first in a group cannot be foreseen. */
#define TAKE(before) (s->key = ((s->seen == 0) | (v before s->key)) != 0 ? v : s->key, s->seen = 1)
GROUPS(min_i64_groups, pln__agg_least, int64_t, TAKE(<))
GROUPS(max_i64_groups, pln__agg_least, int64_t, TAKE(>))

static void min_i64_one(void *state, const void *values, int64_t n) {
    const int64_t *from = values;
    pln__agg_least *s = state;
    int64_t least = s->seen ? s->key : INT64_MAX;
    if (n == 0)
        return;
    for (int64_t i = 0; i < n; i++)
        least = from[i] < least ? from[i] : least;
    *s = (pln__agg_least){least, 1};
}
static void max_i64_one(void *state, const void *values, int64_t n) {
    const int64_t *from = values;
    pln__agg_least *s = state;
    int64_t most = s->seen ? s->key : INT64_MIN;
    if (n == 0)
        return;
    for (int64_t i = 0; i < n; i++)
        most = from[i] > most ? from[i] : most;
    *s = (pln__agg_least){most, 1};
}
#define UNITE_LEAST(before)                                                                        \
    if (t->seen && (!s->seen || t->key before s->key))                                             \
    *s = *t
UNITE(min_i64_unite, pln__agg_least, UNITE_LEAST(<))
UNITE(max_i64_unite, pln__agg_least, UNITE_LEAST(>))
const pln__agg_kernels pln__agg_min_i64 = {sizeof(pln__agg_least), min_i64_groups, min_i64_one,
                                           min_i64_unite};
const pln__agg_kernels pln__agg_max_i64 = {sizeof(pln__agg_least), max_i64_groups, max_i64_one,
                                           max_i64_unite};

#define LESS(a, b) ((pln__int128)join(a->low, a->high) < (pln__int128)join(b->low, b->high))
static inline void long_least(pln__agg_least_long *s, const pln__agg_least_long *t) {
    if (t->seen && (!s->seen || LESS(t, s)))
        *s = *t;
}
static inline void long_most(pln__agg_least_long *s, const pln__agg_least_long *t) {
    if (t->seen && (!s->seen || LESS(s, t)))
        *s = *t;
}
#define AS_STATE (&(pln__agg_least_long){v.low, v.high, 1})
GROUPS(min_long_groups, pln__agg_least_long, bits128, long_least(s, AS_STATE))
GROUPS(max_long_groups, pln__agg_least_long, bits128, long_most(s, AS_STATE))
ONE(min_long_one, pln__agg_least_long, bits128, long_least(s, AS_STATE))
ONE(max_long_one, pln__agg_least_long, bits128, long_most(s, AS_STATE))
UNITE(min_long_unite, pln__agg_least_long, long_least(s, t))
UNITE(max_long_unite, pln__agg_least_long, long_most(s, t))
const pln__agg_kernels pln__agg_min_long = {sizeof(pln__agg_least_long), min_long_groups,
                                            min_long_one, min_long_unite};
const pln__agg_kernels pln__agg_max_long = {sizeof(pln__agg_least_long), max_long_groups,
                                            max_long_one, max_long_unite};

/* ---- first and last ---- */

static inline void take_word(pln__agg_least *s, uint64_t bits) {
    *s = (pln__agg_least){(int64_t)bits, 1};
}
static inline void take_long(pln__agg_least_long *s, bits128 bits) {
    *s = (pln__agg_least_long){bits.low, bits.high, 1};
}
#define IF_FIRST(take)                                                                             \
    if (!s->seen)                                                                                  \
    take
GROUPS(first_groups, pln__agg_least, uint64_t, IF_FIRST(take_word(s, v)))
GROUPS(last_groups, pln__agg_least, uint64_t, take_word(s, v))
GROUPS(first_long_groups, pln__agg_least_long, bits128, IF_FIRST(take_long(s, v)))
GROUPS(last_long_groups, pln__agg_least_long, bits128, take_long(s, v))

static void first_one(void *state, const void *values, int64_t n) {
    if (n > 0 && !((pln__agg_least *)state)->seen)
        take_word(state, *(const uint64_t *)values);
}
static void last_one(void *state, const void *values, int64_t n) {
    if (n > 0)
        take_word(state, ((const uint64_t *)values)[n - 1]);
}
static void first_long_one(void *state, const void *values, int64_t n) {
    if (n > 0 && !((pln__agg_least_long *)state)->seen)
        take_long(state, *(const bits128 *)values);
}
static void last_long_one(void *state, const void *values, int64_t n) {
    if (n > 0)
        take_long(state, ((const bits128 *)values)[n - 1]);
}
#define UNITE_FIRST                                                                                \
    if (t->seen && !s->seen)                                                                       \
    *s = *t
#define UNITE_LAST                                                                                 \
    if (t->seen)                                                                                   \
    *s = *t
UNITE(first_unite, pln__agg_least, UNITE_FIRST)
UNITE(last_unite, pln__agg_least, UNITE_LAST)
UNITE(first_long_unite, pln__agg_least_long, UNITE_FIRST)
UNITE(last_long_unite, pln__agg_least_long, UNITE_LAST)
const pln__agg_kernels pln__agg_first = {sizeof(pln__agg_least), first_groups, first_one,
                                         first_unite};
const pln__agg_kernels pln__agg_last = {sizeof(pln__agg_least), last_groups, last_one, last_unite};
const pln__agg_kernels pln__agg_first_long = {sizeof(pln__agg_least_long), first_long_groups,
                                              first_long_one, first_long_unite};
const pln__agg_kernels pln__agg_last_long = {sizeof(pln__agg_least_long), last_long_groups,
                                             last_long_one, last_long_unite};

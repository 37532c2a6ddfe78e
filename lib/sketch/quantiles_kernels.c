/* Loops over values, for every processor. */
#include "sketch/quantiles.h"

/* Four at a time, for a minimum takes longer than the next value needs to come. */
bool pln__quantiles_range_words(const double *values, int64_t n, double *least, double *greatest) {
    double low[4], high[4];
    int64_t i = 0;
    int nan = 0;
    for (int k = 0; k < 4; k++)
        low[k] = high[k] = values[0];
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++) {
            double value = values[i + k];
            low[k] = value < low[k] ? value : low[k];
            high[k] = value > high[k] ? value : high[k];
            nan |= value != value;
        }
    for (; i < n; i++) {
        low[0] = values[i] < low[0] ? values[i] : low[0];
        high[0] = values[i] > high[0] ? values[i] : high[0];
        nan |= values[i] != values[i];
    }
    for (int k = 1; k < 4; k++) {
        low[0] = low[k] < low[0] ? low[k] : low[0];
        high[0] = high[k] > high[0] ? high[k] : high[0];
    }
    *least = low[0];
    *greatest = high[0];
    return nan == 0;
}

void pln__quantiles_range_int64(const int64_t *values, int64_t n, int64_t *least,
                                int64_t *greatest) {
    int64_t low = values[0], high = values[0];
    for (int64_t i = 1; i < n; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *least = low;
    *greatest = high;
}

/* ---- order ---- */

enum { PIECE = 256, LEAF = 8 };

#define ORDER(a, b)                                                                                \
    do {                                                                                           \
        int64_t low = x[a] < x[b] ? x[a] : x[b], high = x[a] < x[b] ? x[b] : x[a];                 \
        x[a] = low;                                                                                \
        x[b] = high;                                                                               \
    } while (0)

/* from[0, size) for 4 < size <= 8, by a network of 19 comparisons (Batcher); writes 8. */
static inline void sort_leaf(const int64_t *from, int64_t size, int64_t *out) {
    int64_t x[LEAF];
    for (int i = 0; i < LEAF; i++)
        x[i] = i < size ? from[i] : INT64_MAX;
    ORDER(0, 1);
    ORDER(2, 3);
    ORDER(4, 5);
    ORDER(6, 7);
    ORDER(0, 2);
    ORDER(1, 3);
    ORDER(4, 6);
    ORDER(5, 7);
    ORDER(1, 2);
    ORDER(5, 6);
    ORDER(0, 4);
    ORDER(3, 7);
    ORDER(1, 5);
    ORDER(2, 6);
    ORDER(1, 4);
    ORDER(3, 6);
    ORDER(2, 4);
    ORDER(3, 5);
    ORDER(3, 4);
    for (int i = 0; i < LEAF; i++)
        out[i] = x[i];
}

/*
 * From each of `pairs` neighbours of two runs one run. Every choice waits for the one before it: both ends of a pair and two pairs at once give the processor
 * four to make.
 */
static inline void merge_pairs(const int64_t *from, int64_t size, int64_t *to, const int pairs) {
    int64_t low[2] = {0, 0}, high[2] = {size, size};
    for (int64_t i = 0; i < size; i++)
        for (int p = 0; p < pairs; p++) {
            const int64_t *left = from + 2 * size * p, *right = left + size;
            int64_t *out = to + 2 * size * p;
            int64_t a = left[low[p]], b = right[i - low[p]];
            int64_t c = left[high[p] - 1], d = right[2 * size - 1 - i - high[p]];
            out[i] = a <= b ? a : b;
            low[p] += a <= b;
            out[2 * size - 1 - i] = c > d ? c : d;
            high[p] -= c > d;
        }
}

/* At most PIECE: leaves of one size, of which there are a power of two; then pairs of them, to and fro. */
static void sort_piece(int64_t *items, int64_t n) {
    int64_t one[PIECE + 5 * LEAF], other[PIECE + 5 * LEAF], *from = one, *to = other, leaves = 1;
    while (leaves * LEAF < n)
        leaves *= 2;
    int64_t size = (n + leaves - 1) / leaves, all = size * leaves;
    memcpy(to, items, (size_t)n * sizeof *to);
    for (int64_t i = n; i < all; i++)
        to[i] = INT64_MAX;
    for (int64_t i = 0; i < all; i += size)
        sort_leaf(to + i, size, from + i);
    for (; size < all; size *= 2) {
        if (2 * size == all)
            merge_pairs(from, size, to, 1);
        for (int64_t i = 0; i + 4 * size <= all; i += 4 * size)
            merge_pairs(from + i, size, to + i, 2);
        int64_t *swap = from;
        from = to;
        to = swap;
    }
    memcpy(items, from, (size_t)n * sizeof *items);
}

void pln__quantiles_merge_runs(const int64_t *a, int64_t m, const int64_t *b, int64_t n,
                               int64_t *out) {
    const int64_t *a_end = a + m, *b_end = b + n;
    while (a < a_end && b < b_end) {
        int64_t x = *a, y = *b, second = y < x;
        *out++ = second ? y : x;
        b += second;
        a += 1 - second;
    }
    memmove(out, a, (size_t)(a_end - a) * sizeof *out);
    out += a_end - a;
    memmove(out, b, (size_t)(b_end - b) * sizeof *out);
}

void pln__quantiles_sort(int64_t *items, int64_t n, int64_t *scratch) {
    if (n <= PIECE) {
        sort_piece(items, n);
        return;
    }
    int64_t half = n / 2;
    pln__quantiles_sort(items, half, scratch);
    pln__quantiles_sort(items + half, n - half, scratch);
    memcpy(scratch, items, (size_t)half * sizeof *scratch);
    pln__quantiles_merge_runs(scratch, half, items + half, n - half, items);
}

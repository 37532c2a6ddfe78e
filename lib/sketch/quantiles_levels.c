/* Compactors and the sampler below them. */
#include "sketch/quantiles.h"

/* Which half of a level goes up: by the coin, and the next time the other one. */
static int32_t side_of(pln_quantiles *q, int32_t level) {
    uint64_t bit = (uint64_t)1 << level;
    q->paired ^= bit;
    if ((q->paired & bit) == 0) {
        bool last = (q->side & bit) != 0;
        q->side &= ~bit;
        return !last;
    }
    if ((pln__coin_next(&q->coin) >> 63) == 0)
        return 0;
    q->side |= bit;
    return 1;
}

/* Every second of items[0, 2 half) goes into the level that begins at `next`, which grows downwards. */
static void promote(pln_quantiles *q, int64_t *items, int32_t half, int32_t level) {
    int32_t from = q->start[level + 1], upto = q->start[level + 2];
    int32_t side = side_of(q, q->base + level);
    for (int32_t i = 0; i < half; i++)
        items[i] = items[2 * i + side];
    pln__quantiles_merge_runs(items, half, q->items + from, upto - from, q->items + from - half);
    q->start[level + 1] = from - half;
}

/* Of an odd number the least one stays, with its full weight. */
static void compact(pln_quantiles *q, int32_t level) {
    if (level == q->levels - 1) {
        q->start[level + 1] = q->start[level + 2] = q->capacity;
        q->levels++;
    }
    int32_t n = pln__quantiles_population(q, level), odd = n & 1, half = n / 2;
    if (level == 0) {
        pln__quantiles_sort(q->items, n, q->scratch);
        promote(q, q->items + odd, half, 0);
        q->filled = odd;
        return;
    }
    int32_t at = q->start[level];
    promote(q, q->items + at + odd, half, level);
    /* What is left and the levels below move up to it. */
    int64_t *low = q->items + q->start[1];
    memmove(low + half, low, (size_t)(at + odd - q->start[1]) * sizeof *low);
    for (int32_t i = 1; i <= level; i++)
        q->start[i] += half;
}

void pln__quantiles_retire(pln_quantiles *q) {
    compact(q, 0);
    if (q->filled > 0) {
        q->held[q->base] = q->items[0];
        q->seen |= (uint64_t)1 << q->base;
    }
    q->filled = pln__quantiles_population(q, 1);
    memmove(q->items, q->items + q->start[1], (size_t)q->filled * sizeof *q->items);
    for (int32_t i = 1; i < q->levels; i++)
        q->start[i] = q->start[i + 1];
    q->levels--;
    q->base++;
}

void pln__quantiles_shrink(pln_quantiles *q) {
    int32_t level = 0;
    for (; level < q->levels - 1; level++) {
        int32_t share = q->shares[q->levels - 1 - level];
        share += level == 0 ? PLN__QUANTILES_SPARE : 0;
        if (pln__quantiles_population(q, level) >= share)
            break;
    }
    compact(q, level);
    while (q->levels > q->levels_most)
        pln__quantiles_retire(q);
}

void pln__quantiles_put(pln_quantiles *q, int32_t level, int64_t key) {
    for (;;) {
        for (; level < q->base && (q->seen >> level & 1) != 0; level++) {
            key = (q->pick >> level & 1) != 0 ? key : q->held[level];
            q->seen ^= (uint64_t)1 << level;
        }
        if (level < q->base) {
            q->held[level] = key;
            q->seen |= (uint64_t)1 << level;
            return;
        }
        if (q->filled < pln__quantiles_above(q))
            break;
        pln__quantiles_shrink(q);
    }
    q->items[q->filled++] = key;
    if (q->base > 0)
        q->pick = pln__coin_next(&q->coin);
}

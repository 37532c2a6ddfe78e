/* Two sketches become one: level by level in a block that has room for both, then compacted until it fits. */
#include "sketch/quantiles.h"

static int32_t top_of(const pln_quantiles *q) {
    return q->base + q->levels - 1;
}

/* The values of level h in order, into `out`: those of a compactor, or the candidate of a sampler that `bottom` leaves no room for. */
static int32_t gather(const pln_quantiles *q, int32_t h, int32_t bottom, int64_t *out) {
    if (h < q->base) {
        if (h < bottom || (q->seen >> h & 1) == 0)
            return 0;
        out[0] = q->held[h];
        return 1;
    }
    if (h > top_of(q))
        return 0;
    int32_t n = pln__quantiles_population(q, h - q->base);
    memcpy(out, pln__quantiles_level(q, h - q->base), (size_t)n * sizeof *out);
    return n;
}

/*
 * `wide` has all of `into` but block and sizes, which are of both. Levels are laid down from the highest; what either sketch has of one
 * goes by way of `scratch`.
 */
static void lay_out(pln_quantiles *wide, const pln_quantiles *into, const pln_quantiles *from) {
    int32_t top = top_of(into) > top_of(from) ? top_of(into) : top_of(from);
    int32_t bottom = into->base < from->base ? into->base : from->base, at = wide->capacity;
    /* The lowest level of one may be another one's fourth. */
    pln__quantiles_tidy(into);
    pln__quantiles_tidy(from);
    wide->base = bottom;
    wide->levels = top - bottom + 1;
    wide->start[wide->levels] = at;
    wide->seen &= ((uint64_t)1 << bottom) - 1;
    for (int32_t h = top; h > bottom; h--) {
        int32_t m = gather(into, h, bottom, wide->scratch);
        int32_t n = gather(from, h, bottom, wide->scratch + m);
        at -= m + n;
        pln__quantiles_merge_runs(wide->scratch, m, wide->scratch + m, n, wide->items + at);
        wide->start[h - bottom] = at;
    }
    wide->filled = gather(into, bottom, bottom, wide->items);
    wide->filled += gather(from, bottom, bottom, wide->items + wide->filled);
}

static void fit(pln_quantiles *wide, int32_t capacity) {
    while (wide->levels > wide->levels_most)
        pln__quantiles_retire(wide);
    while (pln__quantiles_total(wide) > capacity)
        pln__quantiles_shrink(wide);
}

/* Everything of `wide`, which fits, but its block. */
static void settle(pln_quantiles *into, const pln_quantiles *wide) {
    pln_quantiles was = *into;
    int32_t above = wide->capacity - wide->start[1], gap = wide->capacity - was.capacity;
    *into = *wide;
    into->items = was.items;
    into->scratch = was.scratch;
    into->capacity = was.capacity;
    for (int32_t i = 1; i <= into->levels; i++)
        into->start[i] -= gap;
    memcpy(into->items, wide->items, (size_t)wide->filled * sizeof *into->items);
    memcpy(into->items + was.capacity - above, wide->items + wide->start[1],
           (size_t)above * sizeof *into->items);
}

/* The sampler's candidates of `from` below the levels of both. */
static void add_candidates(pln_quantiles *into, const pln_quantiles *from, int32_t bottom) {
    for (int32_t h = 0; h < bottom; h++)
        if ((from->seen >> h & 1) != 0)
            pln__quantiles_put(into, h, from->held[h]);
}

static void note(pln_quantiles *into, const pln_quantiles *from) {
    into->n += from->n;
    into->least = from->least < into->least ? from->least : into->least;
    into->greatest = from->greatest > into->greatest ? from->greatest : into->greatest;
    if (!pln__quantiles_exact(from) && from->k_least < into->k_least)
        into->k_least = from->k_least;
    into->view_size = 0;
}

/* Room for all values, and behind it as much again for one level of both. */
static pln_status join(pln_quantiles *into, const pln_quantiles *from, pln_error *err) {
    int32_t bottom = into->base < from->base ? into->base : from->base;
    int64_t room = (int64_t)into->capacity + from->capacity + PLN__QUANTILES_TOP;
    uint64_t bytes = (uint64_t)room * 2 * sizeof *into->items;
    int64_t *block = pln__alloc(&into->mem, bytes);
    if (block == NULL)
        return pln__error_memory(err, bytes);
    pln_quantiles wide = *into;
    wide.items = block;
    wide.scratch = block + room;
    wide.capacity = (int32_t)room;
    lay_out(&wide, into, from);
    fit(&wide, into->capacity);
    settle(into, &wide);
    pln__free(&into->mem, block, bytes);
    note(into, from);
    add_candidates(into, from, bottom);
    return PLN_OK;
}

static pln_status join_itself(pln_quantiles *into, pln_error *err) {
    pln_quantiles *copy;
    pln_status status = pln_quantiles_copy(into, &copy, err);
    if (status < 0)
        return status;
    status = join(into, copy, err);
    pln_quantiles_free(copy);
    return status;
}

pln_status pln_quantiles_merge(pln_quantiles *into, const pln_quantiles *from, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t nans = from->nans;
    if (into->kind != from->kind)
        return pln__error_set(err, PLN_ETYPE, "quantiles sketches of different kinds: %d and %d",
                              into->kind, from->kind);
    if (from->n + nans > PLN__QUANTILES_MOST - into->n - into->nans)
        return pln__error_set(err, PLN_ELIMIT,
                              "quantiles sketch: %lld values and %lld more, at most 2^60 can be",
                              (long long)(into->n + into->nans), (long long)(from->n + nans));
    if (from->n > 0)
        status = into == from ? join_itself(into, err) : join(into, from, err);
    if (status == PLN_OK)
        into->nans += nans;
    return status;
}

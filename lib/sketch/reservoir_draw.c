/* Which rows come in. */
#include "sketch/reservoir.h"
#include <math.h>

/* 2 artanh z for |z| < 0.18: the terms that are left out are below the rounding. */
static double twice_artanh(double z) {
    double square = z * z, sum = 0;
    for (int i = 21; i >= 1; i -= 2)
        sum = sum * square + 1.0 / i;
    return 2 * z * sum;
}

double pln__reservoir_log(double x) {
    int exponent;
    double part = frexp(x, &exponent);
    if (part < 0.70710678118654752) {
        part *= 2;
        exponent--;
    }
    return exponent * 0.69314718055994531 + twice_artanh((part - 1) / (part + 1));
}

/* log(1 - k / row), without taking a small number from 1. */
static double log_stays_out(int64_t k, int64_t row) {
    double z = (double)k / (2 * (double)row - (double)k);
    return z < 0.17 ? -twice_artanh(z) : pln__reservoir_log((double)(row - k) / (double)row);
}

void pln__reservoir_aim(pln_reservoir *r) {
    int64_t at = r->n;
    for (;;) {
        double uniform = (double)((pln__coin_next(&r->coin) >> 11) + 1) * 0x1p-53;
        double skip = floor(pln__reservoir_log(uniform) / log_stays_out(r->k, at + 1));
        if (!(skip < (double)(PLN__RESERVOIR_MOST - at))) {
            r->entry = INT64_MAX;
            return;
        }
        int64_t row = at + 1 + (int64_t)skip;
        if (pln__coin_below(&r->coin, (uint64_t)row) <= (uint64_t)at) {
            r->entry = row;
            return;
        }
        at = row;
    }
}

static pln_status may_come(const pln_reservoir *r, int64_t n, pln_error *err) {
    if (n > PLN__RESERVOIR_MOST - r->n || n > PLN__RESERVOIR_ROW_MOST - r->next_row)
        return pln__error_set(err, PLN_ELIMIT,
                              "reservoir: %lld rows and %lld more, at most 2^60 can be",
                              (long long)r->n, (long long)n);
    return PLN_OK;
}

/* n rows come by, none of which comes in but the last. */
static void pass(pln_reservoir *r, int64_t n) {
    r->n += n;
    r->next_row += n;
}

/* The slot of the row that comes in now, which is the last one of `n`. */
static int64_t let_in(pln_reservoir *r, int64_t n, uint8_t *bytes, int64_t size) {
    int64_t slot = r->n < r->k ? r->n : (int64_t)pln__coin_below(&r->coin, (uint64_t)r->k);
    pln__reservoir_set(r, slot, r->next_row + n - 1, bytes, size);
    pass(r, n);
    if (r->n >= r->k)
        pln__reservoir_aim(r);
    return slot;
}

static int64_t until_entry(const pln_reservoir *r) {
    return r->n < r->k ? 1 : r->entry - r->n;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

pln_status pln_reservoir_offer(pln_reservoir *r, int64_t n, pln_reservoir_pick *picks,
                               int64_t capacity, int64_t *count, int64_t *taken, pln_error *err) {
    pln_status status;
    if (n < 0 || capacity < 1)
        PLN__FAIL(err, PLN_EINVAL, "reservoir: %lld rows and room for %lld picks", (long long)n,
                  (long long)capacity);
    PLN__TRY(may_come(r, n, err));
    int64_t new_slots = least(least(n, capacity), r->k - pln__reservoir_held(r));
    PLN__TRY(pln__reservoir_reserve(r, pln__reservoir_held(r) + new_slots, err));
    *count = *taken = 0;
    while (*taken < n && *count < capacity) {
        int64_t rows = until_entry(r);
        if (rows > n - *taken) {
            pass(r, n - *taken);
            *taken = n;
            break;
        }
        *taken += rows;
        picks[*count] = (pln_reservoir_pick){*taken - 1, let_in(r, rows, NULL, 0)};
        ++*count;
    }
out:
    return status;
}

pln_status pln_reservoir_add(pln_reservoir *r, const void *bytes, int64_t size, pln_error *err) {
    uint8_t *copy;
    pln_status status;
    if (size < 0 || size > INT32_MAX)
        PLN__FAIL(err, PLN_EINVAL, "reservoir: a row of %lld bytes, at most %d can be",
                  (long long)size, INT32_MAX);
    PLN__TRY(may_come(r, 1, err));
    if (until_entry(r) > 1) {
        pass(r, 1);
        return PLN_OK;
    }
    PLN__TRY(pln__reservoir_reserve(r, least(r->n + 1, r->k), err));
    PLN__TRY(pln__reservoir_bytes(r, bytes, size, &copy, err));
    let_in(r, 1, copy, size);
out:
    return status;
}

/* ---- two reservoirs ---- */

/* How many of `wanted` rows that are drawn from a + b rows are of the b. */
static int64_t draw_of_second(uint64_t *coin, int64_t a, int64_t b, int64_t wanted) {
    int64_t second = 0;
    for (; wanted > 0; wanted--)
        if (pln__coin_below(coin, (uint64_t)(a + b)) < (uint64_t)a) {
            a--;
        } else {
            b--;
            second++;
        }
    return second;
}

/* Whether the next of `left` is one of the `wanted` that are chosen from them. */
static bool chosen(uint64_t *coin, int64_t wanted, int64_t left) {
    return (int64_t)pln__coin_below(coin, (uint64_t)left) < wanted;
}

/* `wanted` slots of `from`, and for each a slot of `into`: those that are free first, then others at random. */
static void pair_slots(uint64_t *coin, const pln_reservoir *into, const pln_reservoir *from,
                       int64_t wanted, pln_reservoir_pick *picks) {
    int64_t own = pln__reservoir_held(into), other = pln__reservoir_held(from), at = 0;
    int64_t open = least(into->k, into->n + from->n) - own, replaced = wanted - open;
    for (int64_t i = 0; i < other; i++)
        if (chosen(coin, wanted - at, other - i))
            picks[at++].row = i;
    at = 0;
    for (int64_t i = 0; i < open; i++)
        picks[at++].slot = own + i;
    for (int64_t i = 0; i < own; i++)
        if (chosen(coin, replaced - (at - open), own - i))
            picks[at++].slot = i;
}

/* Copies before anything changes; those made before a failure are freed. */
static pln_status copy_items(const pln_reservoir *into, const pln_reservoir *from,
                             const pln_reservoir_pick *picks, int64_t n, uint8_t **copies,
                             pln_error *err) {
    for (int64_t i = 0; i < n; i++) {
        const pln__reservoir_slot *slot = &from->slots[picks[i].row];
        pln_status status = pln__reservoir_bytes(into, slot->bytes, slot->size, &copies[i], err);
        if (status == PLN_OK)
            continue;
        while (i-- > 0)
            pln__free(&into->mem, copies[i], (uint64_t)from->slots[picks[i].row].size);
        return status;
    }
    return PLN_OK;
}

static pln_status check_merge(const pln_reservoir *into, const pln_reservoir *from,
                              pln_error *err) {
    if (into == from)
        return pln__error_set(err, PLN_EINVAL, "reservoir: merged with itself");
    if (into->k != from->k)
        return pln__error_set(err, PLN_ETYPE, "reservoirs of different k: %d and %d", into->k,
                              from->k);
    if (from->n > PLN__RESERVOIR_MOST - into->n)
        return pln__error_set(err, PLN_ELIMIT,
                              "reservoir: %lld rows and %lld more, at most 2^60 can be",
                              (long long)into->n, (long long)from->n);
    return PLN_OK;
}

pln_status pln_reservoir_merge(pln_reservoir *into, const pln_reservoir *from,
                               pln_reservoir_pick *picks, int64_t *count, pln_error *err) {
    pln_reservoir_pick *mine = NULL;
    uint8_t **copies = NULL;
    uint64_t coin = into->coin;
    int64_t wanted = 0, all;
    pln_status status;
    PLN__TRY(check_merge(into, from, err));
    all = least(into->k, into->n + from->n);
    wanted = draw_of_second(&coin, into->n, from->n, all);
    PLN__TRY(pln__reservoir_reserve(into, all, err));
    mine = pln__calloc(&into->mem, (uint64_t)wanted + 1, sizeof *mine);
    copies = pln__calloc(&into->mem, (uint64_t)wanted + 1, sizeof *copies);
    if (mine == NULL || copies == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "out of memory: %lld slots", (long long)wanted);
    pair_slots(&coin, into, from, wanted, mine);
    PLN__TRY(copy_items(into, from, mine, wanted, copies, err));
    for (int64_t i = 0; i < wanted; i++) {
        const pln__reservoir_slot *slot = &from->slots[mine[i].row];
        pln__reservoir_set(into, mine[i].slot, slot->row, copies[i], slot->size);
        if (picks != NULL)
            picks[i] = mine[i];
    }
    into->n += from->n;
    into->coin = coin;
    if (from->n > 0 && into->n >= into->k)
        pln__reservoir_aim(into);
    if (count != NULL)
        *count = wanted;
out:
    pln__free(&into->mem, copies, ((uint64_t)wanted + 1) * sizeof *copies);
    pln__free(&into->mem, mine, ((uint64_t)wanted + 1) * sizeof *mine);
    return status;
}

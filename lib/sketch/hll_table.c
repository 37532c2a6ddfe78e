/* The registers of one sketch, in a table while few are not 0. */
#include "sketch/hll.h"

/* The table's size is a power of two, at most half full. */
static uint32_t *slot_of(uint32_t *table, int64_t capacity, uint32_t index) {
    uint64_t at = (index * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    for (;; at++) {
        uint32_t *slot = table + (at & (uint64_t)(capacity - 1));
        if (*slot == 0 || *slot >> 6 == index)
            return slot;
    }
}

static void lay_out(const pln_hll *hll, uint8_t *registers) {
    for (int64_t i = 0; i < hll->capacity; i++) {
        if (hll->table[i] == 0)
            continue;
        uint32_t entry = pln__hll_lower(hll->hash, hll->table[i], PLN__HLL_SPARSE, hll->precision);
        uint8_t *reg = registers + (entry >> 6), rank = entry & 63;
        *reg = *reg > rank ? *reg : rank;
    }
}

void pln__hll_registers(const pln_hll *hll, uint8_t *out) {
    size_t n = (size_t)pln__hll_count(hll->precision);
    if (hll->registers != NULL) {
        memcpy(out, hll->registers, n);
        return;
    }
    memset(out, 0, n);
    lay_out(hll, out);
}

pln_status pln__hll_dense(pln_hll *hll, pln_error *err) {
    int64_t n = pln__hll_count(hll->precision);
    uint8_t *registers = pln__aligned_alloc(&hll->mem, n);
    if (registers == NULL)
        return pln__error_memory(err, (uint64_t)n);
    memset(registers, 0, (size_t)n);
    lay_out(hll, registers);
    pln__free(&hll->mem, hll->table, (uint64_t)hll->capacity * sizeof *hll->table);
    hll->table = NULL;
    hll->registers = registers;
    hll->capacity = hll->used = hll->at_floor = 0;
    hll->estimate = -1;
    return PLN_OK;
}

static pln_status rehash(pln_hll *hll, pln_error *err) {
    int64_t capacity = hll->capacity == 0 ? 16 : hll->capacity * 2;
    uint32_t *table = pln__calloc(&hll->mem, (uint64_t)capacity, sizeof *table);
    if (table == NULL)
        return pln__error_memory(err, (uint64_t)capacity * sizeof *table);
    for (int64_t i = 0; i < hll->capacity; i++)
        if (hll->table[i] != 0)
            *slot_of(table, capacity, hll->table[i] >> 6) = hll->table[i];
    pln__free(&hll->mem, hll->table, (uint64_t)hll->capacity * sizeof *table);
    hll->table = table;
    hll->capacity = capacity;
    return PLN_OK;
}

/* Of an index that the table does not hold. */
static pln_status insert(pln_hll *hll, uint32_t entry, pln_error *err) {
    pln_status status = PLN_OK;
    if (hll->used == pln__hll_sparse_most(hll->precision)) {
        status = pln__hll_dense(hll, err);
        return status < 0 ? status : pln__hll_put(hll, entry, err);
    }
    if (hll->used * 2 >= hll->capacity)
        status = rehash(hll, err);
    if (status < 0)
        return status;
    *slot_of(hll->table, hll->capacity, entry >> 6) = entry;
    hll->used++;
    hll->estimate = -1;
    return PLN_OK;
}

pln_status pln__hll_put(pln_hll *hll, uint32_t entry, pln_error *err) {
    if (hll->registers != NULL) {
        pln__hll_grow(hll, pln__hll_lower(hll->hash, entry, PLN__HLL_SPARSE, hll->precision));
        return PLN_OK;
    }
    uint32_t *slot = hll->capacity == 0 ? NULL : slot_of(hll->table, hll->capacity, entry >> 6);
    if (slot == NULL || *slot == 0)
        return insert(hll, entry, err);
    if (entry > *slot) {
        *slot = entry;
        hll->estimate = -1;
    }
    return PLN_OK;
}

/* Registers only grow, so that the floor is looked for upwards; 63 is above every rank but DataSketches' last. */
void pln__hll_raise_floor(pln_hll *hll) {
    int64_t n = pln__hll_count(hll->precision);
    for (;; hll->floor++) {
        hll->at_floor = pln__hll_equal_to(hll->registers, n, (uint8_t)hll->floor);
        if (hll->at_floor > 0 || hll->floor == PLN__HLL_RANKS - 1)
            return;
    }
}

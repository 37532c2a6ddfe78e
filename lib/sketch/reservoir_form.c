/* The form that <pln/reservoir.h> draws. */
#include "sketch/form.h"
#include "sketch/reservoir.h"

enum { HEAD = 56, ITEM = 12 };

static const pln__form native = {"reservoir", "PLNR", 1, HEAD};

int64_t pln_reservoir_size(const pln_reservoir *r) {
    return HEAD + ITEM * pln__reservoir_held(r) + r->item_bytes + PLN__FORM_SUM;
}

pln_status pln_reservoir_write(const pln_reservoir *r, uint8_t *out, int64_t capacity,
                               int64_t *size, pln_error *err) {
    int64_t need = pln_reservoir_size(r), held = pln__reservoir_held(r);
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT, "reservoir: %lld bytes of room, %lld are needed",
                              (long long)capacity, (long long)need);
    memset(out, 0, HEAD);
    pln__form_begin(&native, out);
    pln__store_le32(out + 8, (uint32_t)r->k);
    const uint64_t words[] = {(uint64_t)r->n, (uint64_t)r->next_row, (uint64_t)r->entry, r->coin,
                              (uint64_t)r->item_bytes};
    for (int i = 0; i < PLN__COUNT(words); i++)
        pln__store_le64(out + 16 + 8 * i, words[i]);
    uint8_t *at = out + HEAD, *bytes = at + ITEM * held;
    for (int64_t i = 0; i < held; i++, at += ITEM) {
        const pln__reservoir_slot *slot = &r->slots[i];
        pln__store_le64(at, (uint64_t)slot->row);
        pln__store_le32(at + 8, (uint32_t)slot->size);
        if (slot->size > 0)
            memcpy(bytes, slot->bytes, (size_t)slot->size);
        bytes += slot->size;
    }
    pln__form_seal(out, bytes - out);
    *size = need;
    return PLN_OK;
}

/* ---- reading ---- */

#define BAD(...) pln__error_set(err, PLN_EDATA, "reservoir: " __VA_ARGS__)

static pln_status read_k(const uint8_t *p, pln_reservoir_options *options, pln_error *err) {
    uint32_t k = pln__load_le32(p + 8);
    if (p[5] != 0 || p[6] != 0 || p[7] != 0 || pln__load_le32(p + 12) != 0)
        return BAD("bytes 5 to 7 and 12 to 15 are not 0");
    if (k < 1 || k > (uint32_t)PLN__RESERVOIR_K_MOST)
        return BAD("k is %u, expected 1 to %d", k, PLN__RESERVOIR_K_MOST);
    options->k = (int32_t)k;
    return PLN_OK;
}

static pln_status read_words(pln_reservoir *r, const uint8_t *p, int64_t *n, pln_error *err) {
    uint64_t rows = pln__load_le64(p + 16), next = pln__load_le64(p + 24);
    uint64_t entry = pln__load_le64(p + 32);
    if (rows > (uint64_t)PLN__RESERVOIR_MOST)
        return BAD("n is %llu, at most 2^60 can be", (unsigned long long)rows);
    if (next > (uint64_t)PLN__RESERVOIR_ROW_MOST)
        return BAD("the next row is %llu, at most 2^62 can be", (unsigned long long)next);
    if (rows < (uint64_t)r->k ? entry != 0 : entry <= rows || entry > INT64_MAX)
        return BAD("row %llu comes in next, n is %llu and k %d", (unsigned long long)entry,
                   (unsigned long long)rows, r->k);
    *n = (int64_t)rows;
    r->next_row = (int64_t)next;
    r->entry = (int64_t)entry;
    r->coin = pln__load_le64(p + 40);
    return PLN_OK;
}

/* The length says how many slots there can be, before memory is asked for. */
static pln_status read_length(const uint8_t *p, int64_t size, int64_t held, pln_error *err) {
    uint64_t bytes = pln__load_le64(p + 48);
    if (bytes > (uint64_t)size)
        return BAD("items have %llu bytes, there are %lld", (unsigned long long)bytes,
                   (long long)size);
    return pln__form_check(&native, p, size, HEAD + ITEM * held + (int64_t)bytes + PLN__FORM_SUM,
                           err);
}

static pln_status read_items(pln_reservoir *r, const uint8_t *p, int64_t held, pln_error *err) {
    const uint8_t *at = p + HEAD, *bytes = at + ITEM * held;
    int64_t left = (int64_t)pln__load_le64(p + 48);
    for (; r->n < held; r->n++, at += ITEM) {
        uint64_t row = pln__load_le64(at), size = pln__load_le32(at + 8);
        uint8_t *copy;
        if (row > (uint64_t)PLN__RESERVOIR_ROW_MOST)
            return BAD("slot %lld has row %llu, at most 2^62 can be", (long long)r->n,
                       (unsigned long long)row);
        if (size > INT32_MAX || (int64_t)size > left)
            return BAD("slot %lld has %llu bytes, %lld are left", (long long)r->n,
                       (unsigned long long)size, (long long)left);
        pln_status status = pln__reservoir_bytes(r, bytes, (int64_t)size, &copy, err);
        if (status < 0)
            return status;
        pln__reservoir_set(r, r->n, (int64_t)row, copy, (int64_t)size);
        bytes += size;
        left -= (int64_t)size;
    }
    return left == 0 ? PLN_OK : BAD("%lld bytes belong to no slot", (long long)left);
}

pln_status pln_reservoir_read(pln_runtime *runtime, const pln_allocator *allocator,
                              const uint8_t *bytes, int64_t size, pln_reservoir **out,
                              pln_error *err) {
    pln_reservoir_options options;
    pln_reservoir *r = NULL;
    int64_t n = 0, held;
    pln_status status;
    pln_reservoir_options_init(&options, sizeof options);
    options.allocator = allocator;
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    PLN__TRY(read_k(bytes, &options, err));
    PLN__TRY(pln_reservoir_new(runtime, &options, &r, err));
    PLN__TRY(read_words(r, bytes, &n, err));
    held = n < r->k ? n : r->k;
    PLN__TRY(read_length(bytes, size, held, err));
    PLN__TRY(pln__reservoir_reserve(r, held, err));
    PLN__TRY(read_items(r, bytes, held, err));
    r->n = n;
    *out = r;
    return PLN_OK;
out:
    pln_reservoir_free(r);
    return status;
}

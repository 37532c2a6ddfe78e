/* The form that <pln/top_k.h> draws. */
#include "sketch/form.h"
#include "sketch/top_k.h"

enum { HEAD = 48, ENTRY = 20 };

static const char what[] = "top-k sketch";
static const pln__form native = {what, "PLNT", 1, HEAD};

static int64_t native_size(const pln_top_k *top) {
    return HEAD + ENTRY * top->used + pln__top_k_item_bytes(top) + PLN__FORM_SUM;
}

static void native_write(const pln_top_k *top, const uint32_t *slots, uint8_t *out) {
    uint8_t *p = out + HEAD;
    memset(out, 0, HEAD);
    pln__form_begin(&native, out);
    pln__store_le32(out + 8, (uint32_t)top->capacity);
    pln__store_le32(out + 12, (uint32_t)top->item_bytes_limit);
    pln__store_le64(out + 16, (uint64_t)top->total);
    pln__store_le64(out + 24, (uint64_t)top->error);
    pln__store_le64(out + 32, (uint64_t)pln__top_k_item_bytes(top));
    pln__store_le32(out + 40, (uint32_t)top->used);
    for (int64_t i = 0; i < top->used; i++) {
        int64_t size;
        const void *bytes = pln__top_k_bytes(top, slots[i], &size);
        pln__store_le64(p, (uint64_t)pln__top_k_upper(top, slots[i]));
        pln__store_le64(p + 8, (uint64_t)top->missed[slots[i]]);
        pln__store_le32(p + 16, (uint32_t)size);
        if (size > 0)
            memcpy(p + ENTRY, bytes, (size_t)size);
        p += ENTRY + size;
    }
    pln__form_seal(out, p - out);
}

#define BAD(...) pln__error_set(err, PLN_EDATA, "top-k sketch: " __VA_ARGS__)

typedef struct head {
    uint32_t capacity, limit, entries, zero;
    uint64_t total, error, item_bytes;
} head;

static pln_status read_head(const uint8_t *p, int64_t size, head *h, pln_error *err) {
    pln_status status = pln__form_open(&native, p, size, err);
    if (status < 0)
        return status;
    *h = (head){pln__load_le32(p + 8),  pln__load_le32(p + 12), pln__load_le32(p + 40),
                pln__load_le32(p + 44), pln__load_le64(p + 16), pln__load_le64(p + 24),
                pln__load_le64(p + 32)};
    if (p[5] != 0 || p[6] != 0 || p[7] != 0 || h->zero != 0)
        return BAD("bytes 5 to 7 are %02x %02x %02x and 44 to 47 %08x, expected 0", p[5], p[6],
                   p[7], h->zero);
    if (h->capacity < 1 || h->capacity > PLN__TOP_K_MOST)
        return BAD("capacity is %u, expected 1 to %d", h->capacity, PLN__TOP_K_MOST);
    if (h->limit < PLN__TOP_K_ITEM_LEAST || h->limit > PLN__TOP_K_ITEM_MOST)
        return BAD("item_bytes_limit is %u, expected %d to %d", h->limit, PLN__TOP_K_ITEM_LEAST,
                   PLN__TOP_K_ITEM_MOST);
    if (h->total > INT64_MAX || h->error > h->total)
        return BAD("total is %llu and error %llu, expected no more than 2^63 - 1 and the total",
                   (unsigned long long)h->total, (unsigned long long)h->error);
    if (h->entries > h->capacity)
        return BAD("%u entries, the capacity is %u", h->entries, h->capacity);
    if (h->item_bytes > (uint64_t)h->entries * h->limit)
        return BAD("%llu bytes of %u items, each may have %u", (unsigned long long)h->item_bytes,
                   h->entries, h->limit);
    int64_t need = HEAD + (int64_t)h->entries * ENTRY + (int64_t)h->item_bytes + PLN__FORM_SUM;
    return pln__form_check(&native, p, size, need, err);
}

/* The entry before, which must go before. */
typedef struct last {
    int64_t middle;
    const void *bytes;
    int64_t size;
} last;

static pln_status in_order(int64_t i, const last *before, const last *now, pln_error *err) {
    bool right = i == 0 || before->middle > now->middle ||
                 (before->middle == now->middle &&
                  pln__top_k_compare_bytes(before->bytes, before->size, now->bytes, now->size) < 0);
    return right ? PLN_OK : BAD("entry %lld should stand before the one before it", (long long)i);
}

static pln_status read_entries(pln_top_k *top, const head *h, const uint8_t *p, const uint8_t *end,
                               pln_error *err) {
    int64_t left = top->total - top->error;
    last before = {0, NULL, 0};
    pln_status status;
    for (int64_t i = 0; i < h->entries; i++) {
        int64_t room = end - p - ENTRY, size = room < 0 ? 0 : pln__load_le32(p + 16);
        if (room < size)
            return BAD("entry %lld ends behind the %llu bytes of all items", (long long)i,
                       (unsigned long long)h->item_bytes);
        uint64_t upper = pln__load_le64(p), missed = pln__load_le64(p + 8);
        pln__top_k_counts counts = {upper > INT64_MAX ? -1 : (int64_t)upper,
                                    missed > INT64_MAX ? -1 : (int64_t)missed, &left};
        pln__top_k_item item = pln__top_k_item_of(top, p + ENTRY, size);
        PLN__TRY(pln__top_k_admit(top, what, &item, &counts, err));
        last now = {pln__top_k_middle(counts.upper, counts.missed), p + ENTRY, size};
        PLN__TRY(in_order(i, &before, &now, err));
        before = now;
        p += ENTRY + size;
    }
    return p == end ? PLN_OK
                    : BAD("items have %lld bytes less than the %llu of the head",
                          (long long)(end - p), (unsigned long long)h->item_bytes);
out:
    return status;
}

static pln_status native_read(pln_top_k *top, const uint8_t *bytes, int64_t size, pln_error *err) {
    head h;
    pln_status status = read_head(bytes, size, &h, err);
    if (status < 0)
        return status;
    top->capacity = h.capacity;
    top->item_bytes_limit = h.limit;
    top->total = (int64_t)h.total;
    top->error = (int64_t)h.error;
    return read_entries(top, &h, bytes + HEAD, bytes + size - PLN__FORM_SUM, err);
}

const pln__top_k_form pln__top_k_native = {native_size, native_write, native_read};

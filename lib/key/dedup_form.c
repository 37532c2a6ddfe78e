/* The pieces that <pln/dedup.h> draws. */
#include "base/little.h"
#include "key/dedup.h"
#include "sketch/form.h"

enum { HEAD = 16 };

static const pln__form form = {"dedup index", "PLND", 1, HEAD};

static int64_t width_of(bool payload) {
    return payload ? PLN_KEY_SIZE + 8 : PLN_KEY_SIZE;
}

/* Both generations, the old one first: its cursors have the highest bit but one. */
#define OLD_DONE (INT64_C(1) << 62)

static int64_t next_keys(const pln_dedup *dedup, int64_t *cursor, uint8_t *keys, int64_t *payloads,
                         int64_t most) {
    int64_t n = 0;
    if (*cursor < OLD_DONE) {
        n = pln__dedup_table_next(&dedup->old, cursor, keys, payloads, most);
        if (n > 0)
            return n;
        *cursor = OLD_DONE;
    }
    *cursor -= OLD_DONE;
    n = pln__dedup_table_next(&dedup->young, cursor, keys, payloads, most);
    *cursor += OLD_DONE;
    return n;
}

pln_status pln_dedup_write(const pln_dedup *dedup, int64_t *cursor, uint8_t *out, int64_t capacity,
                           int64_t *size, pln_error *err) {
    bool payload = dedup->young.payload;
    if (capacity < PLN_DEDUP_PIECE_MIN || *cursor < 0)
        return pln__error_set(err, PLN_EINVAL,
                              "dedup index: a piece of %lld bytes at %lld, at least %d are needed",
                              (long long)capacity, (long long)*cursor, PLN_DEDUP_PIECE_MIN);
    int64_t room = capacity - HEAD - PLN__FORM_SUM, n = 0, got = 1;
    room -= room % 8;
    int64_t most = room / width_of(payload);
    most = most < UINT32_MAX ? most : UINT32_MAX;
    *size = 0;
    /* Payloads are put at the end of the room first, and closed up once it is known how many keys there are. */
    while (n < most && got > 0) {
        int64_t some[64], part = most - n < 64 ? most - n : 64;
        got = next_keys(dedup, cursor, out + HEAD + n * PLN_KEY_SIZE, payload ? some : NULL, part);
        for (int64_t i = 0; payload && i < got; i++)
            pln__store_le64(out + HEAD + most * PLN_KEY_SIZE + 8 * (n + i), (uint64_t)some[i]);
        n += got;
    }
    if (n == 0)
        return PLN_EOS;
    int64_t end = HEAD + n * PLN_KEY_SIZE;
    if (payload) {
        memmove(out + end, out + HEAD + most * PLN_KEY_SIZE, (size_t)n * 8);
        end += 8 * n;
    }
    pln__form_begin(&form, out);
    out[5] = payload;
    out[6] = out[7] = 0;
    pln__store_le32(out + 8, (uint32_t)n);
    pln__store_le32(out + 12, 0);
    pln__form_seal(out, end);
    *size = end + PLN__FORM_SUM;
    return PLN_OK;
}

#define BAD(...) pln__error_set(err, PLN_EDATA, "dedup index: " __VA_ARGS__)

static pln_status read_head(const uint8_t *p, int64_t size, int64_t *n, pln_error *err) {
    pln_status status = pln__form_open(&form, p, size, err);
    if (status < 0)
        return status;
    if (p[5] > 1)
        return BAD("payloads is %u, expected 0 or 1", p[5]);
    if (p[6] != 0 || p[7] != 0)
        return BAD("bytes 6 and 7 are %02x%02x, expected 0", p[6], p[7]);
    *n = pln__load_le32(p + 8);
    if (*n < 1)
        return BAD("0 keys, expected 1 or more");
    if (pln__load_le32(p + 12) != 0)
        return BAD("bytes 12 to 15 are %08x, expected 0", pln__load_le32(p + 12));
    return pln__form_check(&form, p, size, HEAD + *n * width_of(p[5] != 0) + PLN__FORM_SUM, err);
}

pln_status pln_dedup_read(pln_dedup *dedup, const uint8_t *bytes, int64_t size, pln_error *err) {
    int64_t n = 0;
    pln_status status = read_head(bytes, size, &n, err);
    if (status < 0)
        return status;
    if ((bytes[5] != 0) != dedup->young.payload)
        return pln__error_set(err, PLN_ETYPE, "dedup index %s payloads: a piece %s them",
                              dedup->young.payload ? "with" : "without",
                              bytes[5] != 0 ? "with" : "without");
    for (int64_t i = 0; i < n && status == PLN_OK; i += PLN__DEDUP_PART) {
        int64_t part = n - i < PLN__DEDUP_PART ? n - i : PLN__DEDUP_PART, numbers[PLN__DEDUP_PART];
        uint8_t fresh[PLN__DEDUP_PART / 8];
        for (int64_t k = 0; bytes[5] != 0 && k < part; k++)
            numbers[k] = (int64_t)pln__load_le64(bytes + HEAD + n * PLN_KEY_SIZE + 8 * (i + k));
        status = pln_dedup_batch(dedup, bytes + HEAD + i * PLN_KEY_SIZE,
                                 bytes[5] != 0 ? numbers : NULL, part, fresh, NULL, err);
    }
    return status;
}

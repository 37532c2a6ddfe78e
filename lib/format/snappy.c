/* Snappy's raw format (format_description.txt of google/snappy): a varint of the size, then literals and copies. */
#include "format/avro_block.h"

enum {
    FRAGMENT = 1 << 16, /* an offset of a copy then fits 16 bits */
    TABLE_BITS = 14,
    MARGIN = 15, /* the last bytes of a fragment are a literal, so that words can be loaded before them */
    COPY_MAX = 64
};

static inline uint32_t load32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t load64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* ---- decoding ---- */

pln_status pln__snappy_size(const uint8_t *in, int64_t size, int64_t *head, int64_t *out,
                            pln_error *err) {
    uint64_t value = 0;
    for (int64_t i = 0; i < 5 && i < size; i++) {
        value |= (uint64_t)(in[i] & 0x7F) << (7 * i);
        if (in[i] < 0x80) {
            if (value > UINT32_MAX)
                break;
            *head = i + 1;
            *out = (int64_t)value;
            return PLN_OK;
        }
    }
    return pln__error_set(err, PLN_EDATA, "snappy: the size in front is no number of 32 bits");
}

/* `bytes` bytes, the last of them first: the tail of a tag. */
static inline int64_t little_endian(const uint8_t *in, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint32_t)in[i] << (8 * i);
    return (int64_t)value;
}

static inline void copy16(uint8_t *out, const uint8_t *in) {
    memcpy(out, in, 16);
}

/* What a copy reads it may have written itself: the source may overlap the target in one way only. */
static inline void copy_back(uint8_t *out, int64_t offset, int64_t length, bool room) {
    const uint8_t *from = out - offset;
    if (PLN__LIKELY(room && offset >= 16)) {
        for (int64_t i = 0; i < length; i += 16)
            copy16(out + i, from + i);
        return;
    }
    if (room && offset >= 8) {
        for (int64_t i = 0; i < length; i += 8)
            memcpy(out + i, from + i, 8);
        return;
    }
    for (int64_t i = 0; i < length; i++)
        out[i] = from[i];
}

typedef struct element {
    int64_t size; /* of tag and tail */
    int64_t length;
    int64_t offset; /* 0: a literal */
} element;

/* `left` bytes are there. False if the tag is cut. */
static inline bool read_element(const uint8_t *in, int64_t left, element *out) {
    int tag = in[0], tail = tag & 3;
    if (tail == 0) {
        int64_t length = tag >> 2;
        int more = length < 60 ? 0 : (int)length - 59;
        if (1 + more > left)
            return false;
        *out = (element){1 + more, (more == 0 ? length : little_endian(in + 1, more)) + 1, 0};
        return true;
    }
    if (tail == 3)
        tail = 4;
    if (1 + tail > left)
        return false;
    if (tail == 1)
        *out = (element){2, (tag >> 2 & 7) + 4, (int64_t)(tag >> 5) << 8 | in[1]};
    else
        *out = (element){1 + tail, (tag >> 2) + 1, little_endian(in + 1, tail)};
    return true;
}

static pln_status damaged(const char *what, int64_t at, pln_error *err) {
    return pln__error_set(err, PLN_EDATA, "snappy: %s at byte %lld", what, (long long)at);
}

pln_status pln__snappy_decode(const uint8_t *in, int64_t size, uint8_t *out, int64_t out_size,
                              pln_error *err) {
    int64_t at = 0, to = 0, expected;
    pln_status status = pln__snappy_size(in, size, &at, &expected, err);
    if (status < 0)
        return status;
    if (expected != out_size)
        return damaged("the size in front is another one", 0, err);
    while (at < size) {
        element e;
        if (!read_element(in + at, size - at, &e))
            return damaged("the input is cut off", at, err);
        if (PLN__UNLIKELY(e.length > out_size - to))
            return damaged("more bytes than were announced", at, err);
        bool room = out_size - to >= e.length + 16;
        if ((in[at] & 3) != 0) {
            if (e.offset == 0 || e.offset > to)
                return damaged("a copy from before the start", at, err);
            copy_back(out + to, e.offset, e.length, room);
        } else if (room && e.length <= 16 && size - at >= e.size + 16) {
            copy16(out + to, in + at + e.size);
        } else {
            if (e.length > size - at - e.size)
                return damaged("a literal is cut off", at, err);
            memcpy(out + to, in + at + e.size, (size_t)e.length);
        }
        at += e.size + (e.offset == 0 ? e.length : 0);
        to += e.length;
    }
    return to == out_size ? PLN_OK : damaged("fewer bytes than were announced", size, err);
}

/* ---- encoding ---- */

int64_t pln__snappy_bound(int64_t size) {
    return 32 + size + size / 6;
}

static uint8_t *put_literal(uint8_t *out, const uint8_t *bytes, int64_t size) {
    int64_t n = size - 1;
    if (n < 60) {
        *out++ = (uint8_t)(n << 2);
    } else {
        int more = n < 1 << 8 ? 1 : 2; /* a fragment has no more than 2^16 */
        *out++ = (uint8_t)((59 + more) << 2);
        for (int i = 0; i < more; i++)
            *out++ = (uint8_t)(n >> (8 * i));
    }
    memcpy(out, bytes, (size_t)size);
    return out + size;
}

static uint8_t *put_copy_part(uint8_t *out, int64_t offset, int64_t length) {
    if (length < 12 && offset < 2048) {
        *out++ = (uint8_t)(1 | (length - 4) << 2 | offset >> 8 << 5);
        *out++ = (uint8_t)offset;
    } else {
        *out++ = (uint8_t)(2 | (length - 1) << 2);
        *out++ = (uint8_t)offset;
        *out++ = (uint8_t)(offset >> 8);
    }
    return out;
}

/* The last part has at least 4 bytes, for less has no short form. */
static uint8_t *put_copy(uint8_t *out, int64_t offset, int64_t length) {
    for (; length >= COPY_MAX + 4; length -= COPY_MAX)
        out = put_copy_part(out, offset, COPY_MAX);
    if (length > COPY_MAX) {
        out = put_copy_part(out, offset, COPY_MAX - 4);
        length -= COPY_MAX - 4;
    }
    return put_copy_part(out, offset, length);
}

/* How many bytes at `a`, before `end`, equal those at `b`, which is before `a`. */
static int64_t match_size(const uint8_t *a, const uint8_t *b, const uint8_t *end) {
    const uint8_t *from = a;
    for (; end - a >= 8; a += 8, b += 8)
        if (load64(a) != load64(b))
            break;
    while (a < end && *a == *b)
        a++, b++;
    return a - from;
}

typedef struct hasher {
    uint16_t *table;
    int shift;
} hasher;

static inline uint32_t slot_of(const hasher *hash, const uint8_t *at) {
    return (load32(at) * 0x1E35A7BDu) >> hash->shift;
}

/* The next place in [at, limit) whose 4 bytes came before; *earlier is where. NULL if there is none. Faster steps where nothing is found. */
static const uint8_t *find_match(const hasher *hash, const uint8_t *base, const uint8_t *at,
                                 const uint8_t *limit, const uint8_t **earlier) {
    for (uint32_t skip = 32; at < limit; at += skip++ >> 5) {
        uint32_t slot = slot_of(hash, at);
        *earlier = base + hash->table[slot];
        hash->table[slot] = (uint16_t)(at - base);
        if (*earlier < at && load32(at) == load32(*earlier))
            return at;
    }
    return NULL;
}

static uint8_t *put_fragment(const hasher *hash, const uint8_t *in, int64_t size, uint8_t *out) {
    const uint8_t *end = in + size, *pending = in, *earlier = in;
    const uint8_t *limit = size > MARGIN ? end - MARGIN : in;
    const uint8_t *at = in;
    while ((at = find_match(hash, in, at, limit, &earlier)) != NULL) {
        if (at > pending)
            out = put_literal(out, pending, at - pending);
        int64_t length = 4 + match_size(at + 4, earlier + 4, end);
        out = put_copy(out, at - earlier, length);
        at += length;
        pending = at;
        if (at < limit)
            hash->table[slot_of(hash, at - 1)] = (uint16_t)(at - 1 - in);
    }
    return pending < end ? put_literal(out, pending, end - pending) : out;
}

pln_status pln__snappy_encode(const pln_allocator *mem, const uint8_t *in, int64_t size,
                              pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    uint16_t *table = NULL;
    if (size > UINT32_MAX)
        return pln__error_set(err, PLN_ELIMIT, "snappy: %lld bytes are more than 32 bits can count",
                              (long long)size);
    PLN__TRY(pln__buffer_reserve(mem, out, pln__snappy_bound(size), err));
    table = pln__alloc(mem, sizeof *table << TABLE_BITS);
    if (table == NULL)
        PLN__TRY(pln__error_memory(err, sizeof *table << TABLE_BITS));
    uint8_t *to = out->data + out->size;
    uint64_t left = (uint64_t)size;
    for (; left >= 0x80; left >>= 7)
        *to++ = (uint8_t)(left | 0x80);
    *to++ = (uint8_t)left;
    for (int64_t done = 0; done < size; done += FRAGMENT) {
        int64_t n = size - done < FRAGMENT ? size - done : FRAGMENT;
        int bits = TABLE_BITS;
        while (bits > 8 && n < (int64_t)1 << (bits - 1))
            bits--;
        memset(table, 0, sizeof *table << bits);
        hasher hash = {table, 32 - bits};
        to = put_fragment(&hash, in + done, n, to);
    }
    out->size = to - out->data;
out:
    pln__free(mem, table, sizeof *table << TABLE_BITS);
    return status;
}

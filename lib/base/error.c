#include "base/base.h"
#include "base/utf8.h"
#include <stdio.h>

static const char ellipsis[] = "\xE2\x80\xA6";
enum { ELLIPSIS = 3, FORMAT_SIZE = 1024 };

#define STATUS_ROW(name, value, text) {name, #name, text},
static const struct {
    pln_status status;
    const char *name, *text;
} statuses[] = {PLN_STATUS_TABLE(STATUS_ROW)};

const char *pln_status_name(pln_status status) {
    for (int i = 0; i < PLN__COUNT(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].name;
    }
    return "PLN_UNKNOWN";
}

const char *pln_status_text(pln_status status) {
    for (int i = 0; i < PLN__COUNT(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return "unknown status";
}

static uint32_t flags_of(pln_status code) {
    switch (code) {
    case PLN_EDATA:
    case PLN_EREJECTED: return PLN_ERR_DATA;
    case PLN_EBUSY:
    case PLN_ETIMEOUT: return PLN_ERR_RETRYABLE;
    case PLN_EFENCED:
    case PLN_EDATALOSS:
    case PLN_ECORRUPT: return PLN_ERR_FATAL;
    default: return 0;
    }
}

/*
 * One character of `in` as it may stand in a message: itself, or \xNN. Returns its size in `out`.
 */
static int32_t escape_one(char out[4], const uint8_t *in, int64_t size, int32_t *used) {
    static const char hex[] = "0123456789ABCDEF";
    int32_t point = pln__utf8_decode(in, size, used);
    bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    if (!control) {
        memcpy(out, in, (size_t)*used);
        return *used;
    }
    if (point < 0)
        *used = 1;
    if (*used == 2) { /* a C1 control: U+0080 to U+009F, shown by its code */
        out[2] = hex[point >> 4];
        out[3] = hex[point & 15];
    } else {
        out[2] = hex[in[0] >> 4];
        out[3] = hex[in[0] & 15];
    }
    out[0] = '\\';
    out[1] = 'x';
    return 4;
}

/* Copies what fits, escaped and NUL-terminated, with an ellipsis where it is cut. */
static void copy_escaped(char *out, int64_t capacity, const char *in, int64_t size) {
    int64_t at = 0, keep = 0;
    int64_t room = capacity - 1;
    for (int64_t i = 0; i < size;) {
        char piece[4];
        int32_t used;
        int32_t n = escape_one(piece, (const uint8_t *)in + i, size - i, &used);
        if (at + n > room) {
            memcpy(out + keep, ellipsis, ELLIPSIS);
            out[keep + ELLIPSIS] = '\0';
            return;
        }
        memcpy(out + at, piece, (size_t)n);
        at += n;
        if (at <= room - ELLIPSIS)
            keep = at;
        i += used;
    }
    out[at] = '\0';
}

static void format_into(char *out, int64_t capacity, const char *format, va_list args) {
    char text[FORMAT_SIZE];
    int n = vsnprintf(text, sizeof text, format, args);
    if (n < 0) {
        n = 0;
    } else if (n >= FORMAT_SIZE) {
        n = FORMAT_SIZE - 1;
    }
    copy_escaped(out, capacity, text, n);
}

pln_status pln__error_setv(pln_error *err, pln_status code, const char *format, va_list args) {
    if (err == NULL)
        return code;
    if (err->status != 0)
        err->where[0] = '\0';
    err->where[sizeof err->where - 1] = '\0';
    err->status = code;
    err->flags = flags_of(code);
    err->native = 0;
    format_into(err->message, sizeof err->message, format, args);
    return code;
}

pln_status pln__error_set(pln_error *err, pln_status code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)pln__error_setv(err, code, format, args);
    va_end(args);
    return code;
}

pln_status pln__error_memory(pln_error *err, uint64_t size) {
    return pln__error_set(err, PLN_ENOMEM, "out of memory: %llu bytes were asked for",
                          (unsigned long long)size);
}

void pln__error_where(pln_error *err, const char *format, ...) {
    if (err == NULL || err->where[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    format_into(err->where, sizeof err->where, format, args);
    va_end(args);
}

void pln__error_prefix(pln_error *err, const char *format, ...) {
    if (err == NULL)
        return;
    char text[sizeof err->message];
    char joined[2 * sizeof err->message + 4];
    va_list args;
    va_start(args, format);
    format_into(text, sizeof text, format, args);
    va_end(args);
    err->message[sizeof err->message - 1] = '\0';
    int n = snprintf(joined, sizeof joined, "%s: %s", text, err->message);
    copy_escaped(err->message, sizeof err->message, joined, n < 0 ? 0 : n);
}

const char *pln__show(char out[PLN__SHOW_SIZE], const void *bytes, int64_t size) {
    enum { SHOWN = 48 };
    const uint8_t *in = bytes;
    int64_t at = 0, i = 0;
    out[at++] = '\'';
    while (i < size) {
        int32_t used;
        char piece[4];
        int32_t n = escape_one(piece, in + i, size - i, &used);
        if (i + used > SHOWN)
            break;
        if (n == 1 && (piece[0] == '\'' || piece[0] == '\\'))
            out[at++] = '\\';
        memcpy(out + at, piece, (size_t)n);
        at += n;
        i += used;
    }
    out[at++] = '\'';
    if (i < size) {
        memcpy(out + at, ellipsis, ELLIPSIS);
        at += ELLIPSIS;
    }
    out[at] = '\0';
    return out;
}

enum { NAME_MAX_COMPARED = 63 };

static int lower(char c) {
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Where each byte of a name stands in it, a bit for a place: a name has at most 63. Letters of both cases are one. */
typedef struct places {
    uint64_t of[256];
    int n;
} places;

static void find_places(const char *name, int n, places *out) {
    memset(out->of, 0, sizeof out->of);
    out->n = n;
    for (int i = 0; i < n; i++)
        out->of[(uint8_t)lower(name[i])] |= UINT64_C(1) << i;
}

/*
 * Optimal string alignment: insert, delete, replace, swap of neighbours cost 1 each. A column of the usual table is a word or
 * two of differences between its rows. (H. Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003)
 */
static int distance(const places *a, const char *b, int m) {
    uint64_t up = UINT64_MAX, down = 0, diagonal = 0, before = 0;
    uint64_t last = UINT64_C(1) << (a->n - 1);
    int score = a->n;
    for (int j = 0; j < m; j++) {
        uint64_t here = a->of[(uint8_t)lower(b[j])];
        uint64_t swapped = ((~diagonal & here) << 1) & before;
        diagonal = (((here & up) + up) ^ up) | here | down | swapped;
        uint64_t more = down | ~(diagonal | up), less = diagonal & up;
        score += (more & last) != 0;
        score -= (less & last) != 0;
        more = more << 1 | 1;
        up = less << 1 | ~(diagonal | more);
        down = more & diagonal;
        before = here;
    }
    return score;
}

const char *pln__nearest(const char *name, const char *const *names) {
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX_COMPARED)
        return NULL;
    int n = (int)length;
    int limit = n < 3 ? 1 : 1 + n / 4;
    const char *found = NULL;
    places letters;
    find_places(name, n, &letters);
    for (; *names != NULL; names++) {
        size_t other = strlen(*names);
        if (other == 0 || other > NAME_MAX_COMPARED)
            continue;
        int m = (int)other;
        if (m - n > limit || n - m > limit)
            continue;
        int d = distance(&letters, *names, m);
        if (d > limit || d >= (n > m ? n : m))
            continue;
        limit = d - 1;
        found = *names;
        if (d == 0)
            break;
    }
    return found;
}

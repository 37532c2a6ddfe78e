/*
 * Formats of text that have a name: is_format(email, 'email'). Each check takes any bytes and says whether all of them are of the format.
 */
#ifndef PLN__EXPR_FORMATS_H
#define PLN__EXPR_FORMATS_H

#include "expr/internal.h"

enum { X_JSON_DEPTH = 1024 };

typedef bool xis(xstr s, uint32_t cpu);
/* formats_net.c */
xis pln__x_is_email, pln__x_is_hostname, pln__x_is_ip, pln__x_is_ipv4, pln__x_is_ipv6,
    pln__x_is_uri, pln__x_is_url;
/* formats_code.c */
xis pln__x_is_credit_card, pln__x_is_iso8601, pln__x_is_iso_date, pln__x_is_iso_time,
    pln__x_is_phone, pln__x_is_ssn, pln__x_is_uuid;
/* formats_json.c */
xis pln__x_is_json;

/* Kinds of characters in ASCII. */
static inline bool x_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}
static inline bool x_letter(uint8_t c) {
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}
static inline bool x_hex(uint8_t c) {
    return x_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* The part [from, to) of a text. */
static inline xstr x_part(xstr s, int64_t from, int64_t to) {
    return (xstr){s.data + from, to - from};
}
/* Where `c` comes first at or after `from`, or the end. */
static inline int64_t x_seek(xstr s, int64_t from, uint8_t c) {
    while (from < s.size && s.data[from] != c)
        from++;
    return from;
}

#endif

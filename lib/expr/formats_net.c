/*
 * Addresses: of hosts, of mail, of what is on the web.
 */
#include "expr/formats.h"

/* ---- numbers of hosts ---- */

/* Four numbers from 0 to 255, without leading zeros: some readers take those for octal. */
bool pln__x_is_ipv4(xstr s, uint32_t cpu) {
    int64_t at = 0;
    (void)cpu;
    for (int32_t part = 0; part < 4; part++) {
        int32_t value = 0;
        int64_t from = part == 0 ? 0 : at + 1;
        if (part > 0 && (at >= s.size || s.data[at] != '.'))
            return false;
        for (at = from; at < s.size && at < from + 3 && x_digit(s.data[at]); at++)
            value = value * 10 + (s.data[at] - '0');
        if (at == from || value > 255 || (at > from + 1 && s.data[from] == '0'))
            return false;
    }
    return at == s.size;
}

/*
 * RFC 4291, 2.2: eight groups of hexadecimal digits, the last two of which may be an IPv4 address; `::` once, for one group of zeros or more.
 */
bool pln__x_is_ipv6(xstr s, uint32_t cpu) {
    int32_t groups = 0;
    bool gap = false;
    int64_t at = 0;
    if (s.size < 2 || s.size > 45)
        return false;
    if (s.data[0] == ':' && s.data[1] != ':')
        return false;
    while (at < s.size) {
        if (s.data[at] == ':') { /* the second of two, or the first at the start */
            if (gap)
                return false;
            gap = true;
            at += at == 0 ? 2 : 1;
            continue;
        }
        int64_t from = at;
        while (at < s.size && at < from + 4 && x_hex(s.data[at]))
            at++;
        if (at < s.size && s.data[at] == '.') {
            groups += 2;
            return pln__x_is_ipv4(x_part(s, from, s.size), cpu) && (gap ? groups < 8 : groups == 8);
        }
        if (at == from || ++groups > 8)
            return false;
        if (at == s.size)
            break;
        if (s.data[at++] != ':' || at == s.size)
            return false;
    }
    return gap ? groups < 8 : groups == 8;
}

bool pln__x_is_ip(xstr s, uint32_t cpu) {
    return pln__x_is_ipv4(s, cpu) || pln__x_is_ipv6(s, cpu);
}

/* ---- names of hosts: RFC 1123, 2.1 ---- */

/* A label: letters, digits and hyphens, no hyphen at its ends, at most 63. */
static bool is_label(xstr s) {
    if (s.size < 1 || s.size > 63 || s.data[0] == '-' || s.data[s.size - 1] == '-')
        return false;
    for (int64_t i = 0; i < s.size; i++)
        if (!x_letter(s.data[i]) && !x_digit(s.data[i]) && s.data[i] != '-')
            return false;
    return true;
}

static bool all_digits(xstr s) {
    for (int64_t i = 0; i < s.size; i++)
        if (!x_digit(s.data[i]))
            return false;
    return true;
}

/* Labels with dots between them; *last is the last one. */
static bool is_domain(xstr s, xstr *last) {
    int64_t from = 0;
    if (s.size > 253)
        return false;
    for (;;) {
        int64_t dot = x_seek(s, from, '.');
        *last = x_part(s, from, dot);
        if (!is_label(*last))
            return false;
        if (dot == s.size)
            return true;
        from = dot + 1;
    }
}

/* A last label of digits would be part of an address. */
bool pln__x_is_hostname(xstr s, uint32_t cpu) {
    xstr last;
    (void)cpu;
    return is_domain(s, &last) && !all_digits(last);
}

/* ---- mail: what HTML calls valid, within the lengths of RFC 5321 ---- */

static bool one_of(uint8_t c, const char *set) {
    return c != 0 && c < 0x80 && strchr(set, c) != NULL;
}

bool pln__x_is_email(xstr s, uint32_t cpu) {
    int64_t at = x_seek(s, 0, '@');
    xstr last;
    (void)cpu;
    if (at < 1 || at > 64 || at == s.size || s.size > 254)
        return false;
    for (int64_t i = 0; i < at; i++)
        if (!x_letter(s.data[i]) && !x_digit(s.data[i]) &&
            !one_of(s.data[i], ".!#$%&'*+/=?^_`{|}~-"))
            return false;
    return is_domain(x_part(s, at + 1, s.size), &last);
}

/* ---- RFC 3986 ---- */

#define SUB_DELIMS "!$&'()*+,;="

/* Unreserved characters, %xx, and those of `more`. */
static bool all_of(xstr s, const char *more) {
    for (int64_t i = 0; i < s.size; i++) {
        uint8_t c = s.data[i];
        if (c == '%') {
            if (s.size - i < 3 || !x_hex(s.data[i + 1]) || !x_hex(s.data[i + 2]))
                return false;
            i += 2;
        } else if (!x_letter(c) && !x_digit(c) && !one_of(c, "-._~") && !one_of(c, more)) {
            return false;
        }
    }
    return true;
}

/* v1.anything: addresses of versions to come. */
static bool is_future_address(xstr s) {
    int64_t dot = x_seek(s, 0, '.');
    if (s.size < 4 || (s.data[0] | 32) != 'v' || dot < 2 || dot + 1 >= s.size)
        return false;
    for (int64_t i = 1; i < dot; i++)
        if (!x_hex(s.data[i]))
            return false;
    xstr rest = x_part(s, dot + 1, s.size);
    return x_seek(rest, 0, '%') == rest.size && all_of(rest, SUB_DELIMS ":");
}

/* The end of the host, which begins at `from`, or -1. */
static int64_t host_end(xstr s, int64_t from, uint32_t cpu) {
    if (from < s.size && s.data[from] == '[') {
        int64_t close = x_seek(s, from, ']');
        if (close == s.size)
            return -1;
        xstr inner = x_part(s, from + 1, close);
        return pln__x_is_ipv6(inner, cpu) || is_future_address(inner) ? close + 1 : -1;
    }
    int64_t end = x_seek(s, from, ':');
    return all_of(x_part(s, from, end), SUB_DELIMS) ? end : -1;
}

static bool is_port(xstr s) {
    int32_t value = 0;
    for (int64_t i = 0; i < s.size; i++) {
        if (!x_digit(s.data[i]))
            return false;
        value = value * 10 + (s.data[i] - '0');
        if (value > 65535)
            return false;
    }
    return true;
}

/* [userinfo@]host[:port] */
static bool is_authority(xstr s, bool needs_host, uint32_t cpu) {
    int64_t at = x_seek(s, 0, '@'), from = at == s.size ? 0 : at + 1;
    if (from > 0 && !all_of(x_part(s, 0, at), SUB_DELIMS ":"))
        return false;
    int64_t end = host_end(s, from, cpu);
    if (end < 0 || (needs_host && end == from))
        return false;
    return end == s.size || (s.data[end] == ':' && is_port(x_part(s, end + 1, s.size)));
}

static bool is_scheme(xstr s) {
    if (s.size == 0 || !x_letter(s.data[0]))
        return false;
    for (int64_t i = 1; i < s.size; i++)
        if (!x_letter(s.data[i]) && !x_digit(s.data[i]) && !one_of(s.data[i], "+-."))
            return false;
    return true;
}

static bool is_web(xstr scheme) {
    static const char *const known[] = {"http", "https", "ftp", "ftps", "sftp", "ws", "wss"};
    for (int i = 0; i < PLN__COUNT(known); i++)
        if (pln__x_word_is((const char *)scheme.data, (int32_t)scheme.size, known[i]))
            return true;
    return false;
}

/* scheme ":" ["//" authority] path ["?" query] ["#" fragment] */
static bool is_uri(xstr s, bool web, uint32_t cpu) {
    int64_t colon = x_seek(s, 0, ':'), from = colon + 1;
    if (colon == s.size || !is_scheme(x_part(s, 0, colon)) || (web && !is_web(x_part(s, 0, colon))))
        return false;
    int64_t fragment = x_seek(s, from, '#'), query = x_seek(x_part(s, 0, fragment), from, '?');
    bool authority = query - from >= 2 && s.data[from] == '/' && s.data[from + 1] == '/';
    if (authority) {
        int64_t slash = x_seek(x_part(s, 0, query), from + 2, '/');
        if (!is_authority(x_part(s, from + 2, slash), web, cpu))
            return false;
        from = slash;
    }
    return (authority || !web) && all_of(x_part(s, from, query), SUB_DELIMS ":@/") &&
           all_of(x_part(s, query + (query < fragment), fragment), SUB_DELIMS ":@/?") &&
           all_of(x_part(s, fragment + (fragment < s.size), s.size), SUB_DELIMS ":@/?");
}

bool pln__x_is_uri(xstr s, uint32_t cpu) {
    return is_uri(s, false, cpu);
}

bool pln__x_is_url(xstr s, uint32_t cpu) {
    return is_uri(s, true, cpu);
}

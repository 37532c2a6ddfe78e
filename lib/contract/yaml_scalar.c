#include "contract/contract.h"
#include "base/number.h"

static bool is_one_of(const char *text, int64_t size, const char *words) {
    while (*words != '\0') {
        size_t n = strcspn(words, " ");
        if ((int64_t)n == size && memcmp(words, text, n) == 0)
            return true;
        words += n + (words[n] == ' ');
    }
    return false;
}

static int64_t digits(const char *text, int64_t size) {
    int64_t n = 0;
    while (n < size && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* 0o17 and 0x1F, which have no sign. */
static bool based(const char *text, int64_t size, int base, uint64_t *out) {
    uint64_t value = 0;
    for (int64_t i = 2; i < size; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : 99;
        if (digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
    }
    *out = value;
    return size > 2;
}

/* The parts of [-+]? ( \.[0-9]+ | [0-9]+ ( \.[0-9]* )? ) ( [eE][-+]?[0-9]+ )?, or false. */
typedef struct decimal {
    bool negative;
    const char *whole, *fraction, *exponent;
    int64_t n_whole, n_fraction, n_exponent;
} decimal;

static bool split(const char *text, int64_t size, decimal *out) {
    const char *p = text, *end = text + size;
    memset(out, 0, sizeof *out);
    if (p < end && (*p == '-' || *p == '+'))
        out->negative = *p++ == '-';
    out->whole = p;
    p += out->n_whole = digits(p, end - p);
    if (p < end && *p == '.') {
        out->fraction = ++p;
        p += out->n_fraction = digits(p, end - p);
    }
    if (out->n_whole + out->n_fraction == 0)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        out->exponent = p++;
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        int64_t n = digits(p, end - p);
        if (n == 0)
            return false;
        p += n;
        out->n_exponent = p - out->exponent;
    }
    return p == end;
}

/* As JSON writes it: digits on both sides of a point, no plus, no leading zeros. */
static char *write(pln__arena *arena, decimal d, int32_t *size) {
    int64_t room = d.n_whole + d.n_fraction + d.n_exponent + 5;
    char *out = pln__arena_new(arena, room, 1), *p = out;
    if (out == NULL)
        return NULL;
    while (d.n_whole > 1 && *d.whole == '0') {
        d.whole++;
        d.n_whole--;
    }
    if (d.negative)
        *p++ = '-';
    if (d.n_whole == 0)
        *p++ = '0';
    memcpy(p, d.whole, (size_t)d.n_whole);
    p += d.n_whole;
    if (d.fraction != NULL) {
        *p++ = '.';
        memcpy(p, d.fraction, (size_t)d.n_fraction);
        p += d.n_fraction;
        if (d.n_fraction == 0)
            *p++ = '0';
    }
    if (d.n_exponent > 0)
        memcpy(p, d.exponent, (size_t)d.n_exponent);
    p += d.n_exponent;
    *size = (int32_t)(p - out);
    return out;
}

static pln_status set_number(pln__arena *arena, decimal d, json *node) {
    node->kind = J_NUMBER;
    node->text = write(arena, d, &node->size);
    return node->text == NULL ? PLN_ENOMEM : PLN_OK;
}

pln_status pln__yaml_scalar(pln__arena *arena, const char *text, int64_t size, json *node) {
    decimal d;
    uint64_t value;
    char written[32];
    if (size == 0 || is_one_of(text, size, "null Null NULL ~"))
        node->kind = J_NULL;
    else if (is_one_of(text, size, "true True TRUE"))
        node->kind = J_TRUE;
    else if (is_one_of(text, size, "false False FALSE"))
        node->kind = J_FALSE;
    else if (is_one_of(text, size,
                       ".inf .Inf .INF -.inf -.Inf -.INF +.inf +.Inf +.INF .nan .NaN .NAN"))
        return PLN_EUNSUPPORTED;
    else if (size > 2 && text[0] == '0' &&
             ((text[1] == 'o' && based(text, size, 8, &value)) ||
              (text[1] == 'x' && based(text, size, 16, &value)))) {
        d = (decimal){.whole = written, .n_whole = pln__format_uint64(written, value)};
        return set_number(arena, d, node);
    } else if (split(text, size, &d))
        return set_number(arena, d, node);
    else
        node->kind = J_STRING;
    return PLN_OK;
}

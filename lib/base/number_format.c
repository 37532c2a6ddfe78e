#include "base/number.h"

static const char pairs[201] = "00010203040506070809101112131415161718192021222324"
                               "25262728293031323334353637383940414243444546474849"
                               "50515253545556575859606162636465666768697071727374"
                               "75767778798081828384858687888990919293949596979899";

static int64_t count_digits(uint64_t value) {
    int64_t n = 1;
    for (;;) {
        if (value < 10)
            return n;
        if (value < 100)
            return n + 1;
        if (value < 1000)
            return n + 2;
        if (value < 10000)
            return n + 3;
        value /= 10000;
        n += 4;
    }
}

/* Exactly n digits, with leading zeros, ending before out + n. */
static void put_digits(char *out, int64_t n, uint64_t value) {
    while (n >= 2) {
        n -= 2;
        memcpy(out + n, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (n == 1)
        out[0] = (char)('0' + value % 10);
}

int64_t pln__format_uint64(char *out, uint64_t value) {
    int64_t n = count_digits(value);
    put_digits(out, n, value);
    return n;
}

int64_t pln__format_int64(char *out, int64_t value) {
    uint64_t size = (uint64_t)value;
    int64_t sign = value < 0;
    if (sign) {
        *out++ = '-';
        size = 0 - size;
    }
    return sign + pln__format_uint64(out, size);
}

/* Bytes that a file of cases holds as text. */
#ifndef TEST_BASE64_H
#define TEST_BASE64_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* To be freed. */
static inline uint8_t *from_base64(const char *text, size_t *size) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *out = calloc(1, strlen(text) + 4);
    uint32_t bits = 0;
    int have = 0;
    *size = 0;
    for (; *text != '\0' && *text != '='; text++) {
        bits = bits << 6 | (uint32_t)(strchr(alphabet, *text) - alphabet);
        if ((have += 6) >= 8)
            out[(*size)++] = (uint8_t)(bits >> (have -= 8));
    }
    return out;
}

#endif

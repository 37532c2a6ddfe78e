#include "registry/directory.h"
#include "base/digest.h"

#define NAME_MAX_BYTES 200
#define CUT_AT 120

static const char HEX[] = "0123456789abcdef";

void pln__directory_hex(const uint8_t *bytes, int64_t size, pln__text *out) {
    for (int64_t i = 0; i < size; i++) {
        pln__text_char(out, HEX[bytes[i] >> 4]);
        pln__text_char(out, HEX[bytes[i] & 15]);
    }
}

static int digit(char c) {
    const char *at = c == '\0' ? NULL : strchr(HEX, c);
    return at == NULL ? -1 : (int)(at - HEX);
}

static bool plain(char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || (c == '.' && !first);
}

void pln__directory_encode(const char *subject, pln__text *out) {
    uint8_t digest[PLN__SHA256_SIZE];
    int64_t start = out->size;
    for (const char *at = subject; *at != '\0'; at++) {
        uint8_t byte = (uint8_t)*at;
        if (plain(*at, at == subject)) {
            pln__text_char(out, *at);
        } else {
            pln__text_char(out, '%');
            pln__directory_hex(&byte, 1, out);
        }
    }
    if (out->failed || out->size - start <= NAME_MAX_BYTES)
        return;
    pln__sha256_of(subject, (int64_t)strlen(subject), digest);
    out->size = start + CUT_AT;
    pln__text_char(out, '~');
    pln__directory_hex(digest, (int64_t)sizeof digest, out);
}

bool pln__directory_decode(const char *name, int64_t size, pln__text *out) {
    for (int64_t i = 0; i < size; i++) {
        if (plain(name[i], i == 0)) {
            pln__text_char(out, name[i]);
            continue;
        }
        int high = name[i] == '%' && i + 2 < size ? digit(name[i + 1]) : -1;
        int low = high < 0 ? -1 : digit(name[i + 2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        pln__text_char(out, (char)(high * 16 + low));
        i += 2;
    }
    return size > 0;
}

bool pln__directory_schema_name(const char *name, int64_t *id, uint8_t guid[16], bool *deleted) {
    int64_t value = 0;
    const char *at = name;
    memset(guid, 0, 16);
    for (; *at >= '0' && *at <= '9'; at++)
        if (!pln__mul(value, 10, &value) || !pln__add(value, *at - '0', &value))
            return false;
    if (value < 1 || name[0] == '0')
        return false;
    *id = value;
    *deleted = strcmp(at, ".deleted") == 0;
    if (*deleted)
        return true;
    if (*at++ != '-')
        return false;
    for (int i = 0; i < 16; i++) {
        int high = digit(at[0]), low = high < 0 ? -1 : digit(at[1]);
        if (low < 0)
            return false;
        guid[i] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    return strcmp(at, ".avsc") == 0;
}

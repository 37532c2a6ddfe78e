/*
 * Digests of bytes: SHA-256 (FIPS 180-4) and MD5 (RFC 1321, where a format asks for it; it protects nothing).
 */
#ifndef PLN__BASE_DIGEST_H
#define PLN__BASE_DIGEST_H

#include "base/base.h"

#define PLN__SHA256_SIZE 32
#define PLN__MD5_SIZE 16

/* Of pieces, one after the other. */
typedef struct pln__sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
} pln__sha256;
void pln__sha256_begin(pln__sha256 *self);
void pln__sha256_add(pln__sha256 *self, const void *bytes, int64_t size);
void pln__sha256_end(pln__sha256 *self, uint8_t out[PLN__SHA256_SIZE]);

void pln__sha256_of(const void *bytes, int64_t size, uint8_t out[PLN__SHA256_SIZE]);
void pln__md5_of(const void *bytes, int64_t size, uint8_t out[PLN__MD5_SIZE]);

#endif

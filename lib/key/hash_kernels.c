/* Hashes of rows that have been laid out. */
#include "key/internal.h"

/* Inlined: the call through the shared library costs as much as hashing a row of 50 bytes. */
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { HMAC_BLOCK = 64 };

/* RFC 2104: the digest's state after the key, once for what is hashed and once for its digest. */
static void hmac_init(pln_keys *keys, const uint8_t *secret, int64_t size) {
    uint8_t key[HMAC_BLOCK] = {0}, pad[HMAC_BLOCK];
    if (size > HMAC_BLOCK)
        pln__sha256_of(secret, size, key);
    else
        memcpy(key, secret, (size_t)size);
    for (int i = 0; i < HMAC_BLOCK; i++)
        pad[i] = key[i] ^ 0x36;
    pln__sha256_begin(&keys->inner);
    pln__sha256_add(&keys->inner, pad, HMAC_BLOCK);
    for (int i = 0; i < HMAC_BLOCK; i++)
        pad[i] = key[i] ^ 0x5c;
    pln__sha256_begin(&keys->outer);
    pln__sha256_add(&keys->outer, pad, HMAC_BLOCK);
}

void pln__keys_hash_init(pln_keys *keys, const uint8_t *secret, int64_t size) {
    keys->keyed = secret != NULL;
    if (!keys->keyed)
        pln__sha256_begin(&keys->inner);
    else if (keys->hash == PLN_KEY_SHA256)
        hmac_init(keys, secret, size);
    else
        (void)XXH3_generateSecret(keys->secret, sizeof keys->secret, secret, (size_t)size);
}

static void xxh3_put(uint8_t *out, XXH128_hash_t hash) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(out, canonical.digest, PLN_KEY_SIZE);
}

static void xxh3_rows(const pln_keys *keys, int64_t n, uint8_t *out) {
    for (int64_t i = 0; i < n; i++)
        xxh3_put(out + i * PLN_KEY_SIZE, XXH3_128bits(keys->starts[i], (size_t)keys->sizes[i]));
}

static void xxh3_keyed_rows(const pln_keys *keys, int64_t n, uint8_t *out) {
    for (int64_t i = 0; i < n; i++)
        xxh3_put(out + i * PLN_KEY_SIZE,
                 XXH3_128bits_withSecret(keys->starts[i], (size_t)keys->sizes[i], keys->secret,
                                         sizeof keys->secret));
}

static void sha256_row(const pln_keys *keys, int64_t i, uint8_t digest[PLN__SHA256_SIZE]) {
    pln__sha256 sha = keys->inner;
    pln__sha256_add(&sha, keys->starts[i], keys->sizes[i]);
    pln__sha256_end(&sha, digest);
    if (!keys->keyed)
        return;
    sha = keys->outer;
    pln__sha256_add(&sha, digest, PLN__SHA256_SIZE);
    pln__sha256_end(&sha, digest);
}

void pln__keys_hash(pln_keys *keys, int64_t n, uint8_t *out) {
    uint8_t digest[PLN__SHA256_SIZE];
    if (keys->hash == PLN_KEY_SHA256) {
        for (int64_t i = 0; i < n; i++) {
            sha256_row(keys, i, digest);
            memcpy(out + i * PLN_KEY_SIZE, digest, PLN_KEY_SIZE);
        }
    } else if (keys->keyed) {
        xxh3_keyed_rows(keys, n, out);
    } else {
        xxh3_rows(keys, n, out);
    }
}

void pln__keys_hash_whole(pln_keys *keys, int64_t n, uint8_t *out) {
    for (int64_t i = 0; i < n; i++)
        sha256_row(keys, i, out + i * PLN_KEY_DIGEST_SIZE);
}

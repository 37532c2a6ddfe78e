/*
 * What the native forms of all sketches share: four letters and a version before, a checksum behind, and the fingerprint of the seed.
 *
 *      0  the sketch's four letters, "PLNH" ...
 *      4  u8   version
 *      5  ...  its own
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN__SKETCH_FORM_H
#define PLN__SKETCH_FORM_H

#include "base/base.h"
#include "base/little.h"

enum { PLN__FORM_SUM = 8 };

/* `what` begins every message ("HLL sketch"); `head` is the least size without the checksum. */
typedef struct pln__form {
    const char *what;
    const char *magic;
    uint8_t version;
    int32_t head;
} pln__form;

/* Letters, version, and that there is a whole head to read. */
pln_status pln__form_open(const pln__form *form, const uint8_t *bytes, int64_t size,
                          pln_error *err);
/* Once the head's fields have been read and say that all bytes are `need`: size and checksum. */
pln_status pln__form_check(const pln__form *form, const uint8_t *bytes, int64_t size, int64_t need,
                           pln_error *err);
void pln__form_begin(const pln__form *form, uint8_t *out);
/* The checksum of out[0, end) at out + end. */
void pln__form_seal(uint8_t *out, int64_t end);

/*
 * What tells sketches of different seeds apart and does not tell the seed: of SHA-256 and not of XXH3, whose hash of a few bytes can be turned back.
 * `tag` has at most 7 characters.
 */
uint64_t pln__sketch_fingerprint(const char *tag, uint8_t hash, uint64_t seed);

/* The allocator of a sketch: that of its options, the runtime's, or the C library's. */
const pln_allocator *pln__sketch_memory(pln_runtime *runtime, const pln_allocator *chosen);

#endif

/*
 * Private to NDJSON: the grammar of RFC 8259, checked without building anything. The text must be followed by a line end
 * and 64 readable bytes.
 */
#ifndef PLN__JSON_CHECK_H
#define PLN__JSON_CHECK_H

#include "base/base.h"

enum { PLN__JSON_DEPTH_MAX = 1024 };

typedef struct pln__json_fault {
    const uint8_t *at;
    const char *expected; /* "a value", "',' or '}'" ... */
} pln__json_fault;

/*
 * One value at p, with at most `depth` arrays and objects inside one another: its end, or NULL and *fault.
 */
const uint8_t *pln__json_check(const uint8_t *p, int64_t depth, uint32_t cpu,
                               pln__json_fault *fault);
/* A string, p at its opening quote. */
const uint8_t *pln__json_check_text(const uint8_t *p, uint32_t cpu, pln__json_fault *fault);
/* The same, appended to `out` without its escapes. *status: PLN_OK, or PLN_ENOMEM with NULL and no fault. */
const uint8_t *pln__json_text(const pln_allocator *mem, const uint8_t *p, uint32_t cpu,
                              pln__buffer *out, pln__json_fault *fault, pln_status *status);

#endif

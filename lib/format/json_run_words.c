/* The baseline of every processor, and the oracle of the other variants. */
#include "format/json_put.h"

static inline bool fits_rest(const pln__json_step *step, const uint8_t *p);

static inline bool fits(const pln__json_step *step, const uint8_t *p) {
    uint64_t miss = (pln__json_load8(p) ^ step->words[0]) & step->masks[0];
    miss |= (pln__json_load8(p + 8) ^ step->words[1]) & step->masks[1];
    if (step->size > 16) {
        miss |= (pln__json_load8(p + 16) ^ step->words[2]) & step->masks[2];
        miss |= (pln__json_load8(p + 24) ^ step->words[3]) & step->masks[3];
    }
    return miss == 0 && (step->size <= 32 || fits_rest(step, p + 32));
}

/*
 * Copy the string at p up to its quote: its size, and what lies behind the quote. NULL: not plain ASCII, or no room.
 */
static inline const uint8_t *scan(const uint8_t *p, uint8_t *to, int64_t room, int64_t *size) {
    uint64_t high = 0;
    const uint8_t *end = pln__json_scan_words(p, &high);
    *size = end - p;
    if (PLN__UNLIKELY(high != 0 || *end != '"' || room < *size))
        return NULL;
    if (*size > 0)
        memcpy(to, p, (size_t)*size);
    return end + 1;
}

#define TARGET
#define RUN pln__json_run_words
#define FITS fits
#define SCAN scan
#include "format/json_run.h"

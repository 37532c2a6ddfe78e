/*
 * What a comparison with an earlier run needs of it: the thing itself (a sketch, a schema) as bytes, and the incident that may be open.
 *
 * The serialized form, of little-endian numbers:
 *
 *      0  "PLNL"
 *      4  u8   version, 1
 *      5  u8   severity of the open incident: 0 none, 1 warning, 2 error
 *      6  u16  0
 *      8  u64  incidents so far
 *     16  i64  time of the first difference of the open incident, in microseconds since 1970 UTC; INT64_MIN: none
 *     24  i64  time of the last comparison; INT64_MIN: there was none
 *     32  u64  bytes of the thing
 *     40  ...  the thing
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN__QUALITY_BASELINE_H
#define PLN__QUALITY_BASELINE_H

#include "base/base.h"

typedef struct pln__baseline {
    int32_t severity;
    int64_t incidents;
    int64_t since_us;
    int64_t last_us;
    const uint8_t *bytes; /* NULL: there is none */
    int64_t size;
} pln__baseline;

void pln__baseline_init(pln__baseline *baseline);
/* Out of bytes, which may come from anybody; baseline->bytes points into them. PLN_EDATA names field and value. */
pln_status pln__baseline_read(pln__baseline *baseline, const uint8_t *bytes, int64_t size,
                              pln_error *err);
/* Appends the form. */
pln_status pln__baseline_write(const pln__baseline *baseline, const pln_allocator *mem,
                               pln__buffer *out, pln_error *err);
/*
 * A comparison of this severity (PLN_MONITOR_FINE, WARNING, ERROR), and the verdict as of <pln/monitor.h>: ANOMALY for a new incident or a graver one, STILL, RESOLVED, NORMAL. The
 * number of the incident that is or was open is baseline->incidents.
 */
int32_t pln__baseline_judge(pln__baseline *baseline, int64_t now_us, int32_t severity);

#endif

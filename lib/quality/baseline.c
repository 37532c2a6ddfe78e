#include "quality/baseline.h"
#include "sketch/form.h"
#include <pln/monitor.h>

enum {
    HEAD = 40,
    SEVERITY_AT = 5,
    ZERO_AT = 6,
    INCIDENTS_AT = 8,
    SINCE_AT = 16,
    LAST_AT = 24,
    SIZE_AT = 32
};

static const pln__form native = {"baseline", "PLNL", 1, HEAD};

void pln__baseline_init(pln__baseline *baseline) {
    *baseline = (pln__baseline){.since_us = INT64_MIN, .last_us = INT64_MIN};
}

static int64_t signed_at(const uint8_t *bytes, int at) {
    uint64_t word = pln__load_le64(bytes + at);
    int64_t value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static pln_status check_fields(const pln__baseline *b, const uint8_t *bytes, pln_error *err) {
    if (b->severity > PLN_MONITOR_ERROR)
        return pln__error_set(err, PLN_EDATA, "baseline, byte 5: severity %d, expected 0 to 2",
                              (int)b->severity);
    if (bytes[ZERO_AT] != 0 || bytes[ZERO_AT + 1] != 0)
        return pln__error_set(err, PLN_EDATA, "baseline, byte 6: %d, expected 0",
                              (int)(bytes[ZERO_AT] | bytes[ZERO_AT + 1] << 8));
    if (b->incidents < 0 || (b->severity > 0 && b->incidents == 0))
        return pln__error_set(err, PLN_EDATA, "baseline, byte 8: %lld incidents",
                              (long long)b->incidents);
    if ((b->severity > 0) != (b->since_us != INT64_MIN))
        return pln__error_set(err, PLN_EDATA,
                              "baseline, byte 16: a time of %lld with an incident of severity %d",
                              (long long)b->since_us, (int)b->severity);
    return PLN_OK;
}

pln_status pln__baseline_read(pln__baseline *baseline, const uint8_t *bytes, int64_t size,
                              pln_error *err) {
    pln_status status;
    pln__baseline b = {0};
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    uint64_t thing = pln__load_le64(bytes + SIZE_AT);
    if (thing > (uint64_t)INT64_MAX - HEAD - PLN__FORM_SUM)
        PLN__FAIL(err, PLN_EDATA, "baseline, byte 32: %llu bytes", (unsigned long long)thing);
    PLN__TRY(pln__form_check(&native, bytes, size, HEAD + (int64_t)thing + PLN__FORM_SUM, err));
    b.severity = bytes[SEVERITY_AT];
    b.incidents = signed_at(bytes, INCIDENTS_AT);
    b.since_us = signed_at(bytes, SINCE_AT);
    b.last_us = signed_at(bytes, LAST_AT);
    b.bytes = thing > 0 ? bytes + HEAD : NULL;
    b.size = (int64_t)thing;
    PLN__TRY(check_fields(&b, bytes, err));
    *baseline = b;
out:
    return status;
}

pln_status pln__baseline_write(const pln__baseline *b, const pln_allocator *mem, pln__buffer *out,
                               pln_error *err) {
    int64_t all = HEAD + b->size + PLN__FORM_SUM;
    pln_status status = pln__buffer_reserve(mem, out, all, err);
    if (status < 0)
        return status;
    uint8_t *at = out->data + out->size;
    memset(at, 0, HEAD);
    pln__form_begin(&native, at);
    at[SEVERITY_AT] = (uint8_t)b->severity;
    pln__store_le64(at + INCIDENTS_AT, (uint64_t)b->incidents);
    pln__store_le64(at + SINCE_AT, (uint64_t)b->since_us);
    pln__store_le64(at + LAST_AT, (uint64_t)b->last_us);
    pln__store_le64(at + SIZE_AT, (uint64_t)b->size);
    if (b->size > 0)
        memcpy(at + HEAD, b->bytes, (size_t)b->size);
    pln__form_seal(at, HEAD + b->size);
    out->size += all;
    return PLN_OK;
}

int32_t pln__baseline_judge(pln__baseline *b, int64_t now_us, int32_t severity) {
    int32_t before = b->severity;
    b->severity = severity;
    b->last_us = now_us;
    if (severity == PLN_MONITOR_FINE) {
        b->since_us = INT64_MIN;
        return before == PLN_MONITOR_FINE ? PLN_MONITOR_NORMAL : PLN_MONITOR_RESOLVED;
    }
    if (before == PLN_MONITOR_FINE) {
        b->incidents++;
        b->since_us = now_us;
    } else if (severity < before) {
        b->severity = before; /* said already */
    }
    return severity > before ? PLN_MONITOR_ANOMALY : PLN_MONITOR_STILL;
}

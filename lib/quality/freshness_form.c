/* The form that <pln/freshness.h> draws. */
#include "base/little.h"
#include "quality/freshness.h"
#include "sketch/form.h"

enum { HEAD = 12, FIXED = 2 + 4 * 8 };

static const pln__form native = {"freshness", "PLNW", 1, HEAD};

int64_t pln_freshness_size(const pln_freshness *f) {
    int64_t size = HEAD + PLN__FORM_SUM;
    for (int64_t i = 0; i < f->n; i++)
        size += FIXED + (int64_t)strlen(f->partitions[i].name);
    return size;
}

static uint8_t *put_partition(uint8_t *at, const pln__freshness_partition *p) {
    const int64_t words[] = {p->known, p->landed, p->since, p->incidents};
    size_t size = strlen(p->name);
    *at++ = (uint8_t)p->severity;
    *at++ = (uint8_t)size;
    memcpy(at, p->name, size);
    at += size;
    for (int i = 0; i < PLN__COUNT(words); i++, at += 8)
        pln__store_le64(at, (uint64_t)words[i]);
    return at;
}

pln_status pln_freshness_write(const pln_freshness *f, uint8_t *out, int64_t capacity,
                               int64_t *size, pln_error *err) {
    int64_t need = pln_freshness_size(f);
    if (capacity < need)
        return pln__error_set(err, PLN_ELIMIT, "freshness: room for %lld bytes, %lld are needed",
                              (long long)capacity, (long long)need);
    pln__form_begin(&native, out);
    memset(out + 5, 0, 3);
    pln__store_le32(out + 8, (uint32_t)f->n);
    uint8_t *at = out + HEAD;
    for (int64_t i = 0; i < f->n; i++)
        at = put_partition(at, &f->partitions[i]);
    pln__form_seal(out, need - PLN__FORM_SUM);
    *size = need;
    return PLN_OK;
}

/* ---- reading ---- */

#define BAD(...) pln__error_set(err, PLN_EDATA, __VA_ARGS__)

static pln_status check_partition(const pln__freshness_partition *p, pln_error *err) {
    bool open = p->severity != PLN_FRESHNESS_FINE;
    if (p->severity > PLN_FRESHNESS_ERROR)
        return BAD("severity is %d, expected 0 to 2", p->severity);
    if (p->incidents < open || p->incidents == INT64_MAX)
        return BAD("%lld incidents, one open: %d", (long long)p->incidents, open);
    if ((p->since != INT64_MIN) != open)
        return BAD("an incident since %lld, its severity is %d", (long long)p->since, p->severity);
    return PLN_OK;
}

/* Number i; *at moves behind it. */
static pln_status get_partition(pln_freshness *f, int64_t i, const uint8_t **at, const uint8_t *end,
                                pln_error *err) {
    const uint8_t *p = *at;
    if (end - p < 2 || end - p < FIXED + p[1])
        return BAD("the bytes end within it");
    const uint8_t *words = p + 2 + p[1];
    const char *name = (const char *)p + 2;
    if (memchr(name, '\0', p[1]) != NULL)
        return BAD("its name has a NUL");
    pln_status status = pln__freshness_insert(f, i, name, p[1], err);
    if (status < 0)
        return status;
    pln__freshness_partition *mine = &f->partitions[i];
    if (i > 0 && strcmp(f->partitions[i - 1].name, mine->name) >= 0)
        return BAD("its name does not rise");
    mine->severity = p[0];
    mine->known = (int64_t)pln__load_le64(words);
    mine->landed = (int64_t)pln__load_le64(words + 8);
    mine->since = (int64_t)pln__load_le64(words + 16);
    mine->incidents = (int64_t)pln__load_le64(words + 24);
    *at = words + 32;
    return check_partition(mine, err);
}

pln_status pln_freshness_read(pln_runtime *runtime, const pln_freshness_options *options,
                              const uint8_t *bytes, int64_t size, pln_freshness **out,
                              pln_error *err) {
    pln_freshness *f = NULL;
    pln_status status;
    PLN__TRY(pln__form_open(&native, bytes, size, err));
    PLN__TRY(pln__form_check(&native, bytes, size, size, err));
    if ((bytes[5] | bytes[6] | bytes[7]) != 0)
        PLN__FAIL(err, PLN_EDATA, "freshness: bytes 5 to 7 are %02x%02x%02x, expected 000000",
                  bytes[5], bytes[6], bytes[7]);
    PLN__TRY(pln_freshness_new(runtime, options, &f, err));
    uint32_t n = pln__load_le32(bytes + 8);
    const uint8_t *at = bytes + HEAD, *end = bytes + size - PLN__FORM_SUM;
    for (int64_t i = 0; i < n; i++) {
        status = get_partition(f, i, &at, end, err);
        if (status < 0) {
            pln__error_prefix(err, "freshness: partition %lld of %u", (long long)i, n);
            goto out;
        }
    }
    if (at != end)
        PLN__FAIL(err, PLN_EDATA, "freshness: %lld bytes behind the last partition",
                  (long long)(end - at));
    *out = f;
    f = NULL;
out:
    pln_freshness_free(f);
    return status;
}

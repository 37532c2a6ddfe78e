#include "sketch/form.h"
#include "base/digest.h"
#include "column/column.h"

#define BAD(...) pln__error_set(err, PLN_EDATA, __VA_ARGS__)

pln_status pln__form_open(const pln__form *form, const uint8_t *bytes, int64_t size,
                          pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    if (size < form->head + PLN__FORM_SUM)
        return BAD("%s: %lld bytes, at least %d are needed", form->what, (long long)size,
                   form->head + PLN__FORM_SUM);
    if (memcmp(bytes, form->magic, 4) != 0)
        return BAD("%s: begins with %s, expected '%s'", form->what, pln__show(shown, bytes, 4),
                   form->magic);
    if (bytes[4] != form->version)
        return BAD("%s: version is %u, expected %u", form->what, bytes[4], form->version);
    return PLN_OK;
}

pln_status pln__form_check(const pln__form *form, const uint8_t *bytes, int64_t size, int64_t need,
                           pln_error *err) {
    if (size != need)
        return BAD("%s: %lld bytes, expected %lld by its head", form->what, (long long)size,
                   (long long)need);
    int64_t end = size - PLN__FORM_SUM;
    uint64_t sum = pln__hash64(bytes, end, 0), told = pln__load_le64(bytes + end);
    if (sum != told)
        return BAD("%s: checksum is %016llx, the bytes have %016llx", form->what,
                   (unsigned long long)told, (unsigned long long)sum);
    return PLN_OK;
}

void pln__form_begin(const pln__form *form, uint8_t *out) {
    memcpy(out, form->magic, 4);
    out[4] = form->version;
}

void pln__form_seal(uint8_t *out, int64_t end) {
    pln__store_le64(out + end, pln__hash64(out, end, 0));
}

uint64_t pln__sketch_fingerprint(const char *tag, uint8_t hash, uint64_t seed) {
    uint8_t bytes[16] = {0}, digest[PLN__SHA256_SIZE];
    for (int i = 0; i < 7 && tag[i] != '\0'; i++)
        bytes[i] = (uint8_t)tag[i];
    bytes[7] = hash;
    pln__store_le64(bytes + 8, seed);
    pln__sha256_of(bytes, sizeof bytes, digest);
    return pln__load_le64(digest);
}

const pln_allocator *pln__sketch_memory(pln_runtime *runtime, const pln_allocator *chosen) {
    if (chosen != NULL)
        return chosen;
    return runtime != NULL ? pln__runtime_allocator(runtime) : pln__system_allocator();
}

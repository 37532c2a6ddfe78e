/* What a registry's server may say: the first byte chooses the HTTP status, the rest is the reply. */
#include "connect/http/http.h"
#include "fuzz.h"
#include <pln/compat.h>

static pln_status take_subject(void *arg, const char *subject) {
    *(size_t *)arg += strlen(subject);
    return PLN_OK;
}

static pln_status take_version(void *arg, int32_t version) {
    size_t *sum = arg;
    if (version < 1)
        __builtin_trap();
    (*sum)++;
    return PLN_OK;
}

static void check_entry(const json_t *reply) {
    static pln_schema_reference references[PLN__REPLY_REFERENCES_MAX];
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln_error err = {0};
    if (pln__reply_entry(reply, references, &entry, &err) < 0) {
        if (err.message[0] == '\0')
            __builtin_trap();
        return;
    }
    if (entry.id < 0 || entry.id > INT32_MAX || entry.version < 0 || entry.n_references < 0 ||
        entry.n_references > PLN__REPLY_REFERENCES_MAX)
        __builtin_trap();
    for (int64_t i = 0; i < entry.n_references; i++)
        if (entry.references[i].version < 1 || strlen(entry.references[i].name) > 1 << 20)
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int statuses[] = {200, 404, 409, 422, 500, 302, 401, 200};
    pln_error err = {0};
    json_t *reply = NULL;
    size_t sum = 0;
    int32_t number = 0;
    if (size == 0)
        return 0;
    int status = statuses[data[0] % 8];
    pln_status got =
        pln__reply_parse(status, (const char *)data + 1, (int64_t)size - 1, &reply, &err);
    if ((got < 0) != (err.status < 0) || (got >= 0 && status != 200))
        __builtin_trap();
    check_entry(reply);
    (void)pln__reply_compatible(reply, &number, NULL);
    for (int64_t i = 0; pln__reply_message(reply, i) != NULL; i++)
        sum += strlen(pln__reply_message(reply, i));
    if (pln__reply_level(reply, &number, NULL) >= 0 && pln_compat_level_name(number) == NULL)
        __builtin_trap();
    (void)pln__reply_subjects(reply, pln__system_allocator(), take_subject, &sum, NULL);
    (void)pln__reply_versions(reply, take_version, &sum, NULL);
    json_decref(reply);
    return 0;
}

#include "connect/http/http.h"
#include <pln/compat.h>

/* What a code means, where it means more than its HTTP status. */
static pln_status status_of(int64_t http, int64_t code) {
    if (code >= 42200 && code < 42300)
        return code == PLN_REGISTRY_BAD_SCHEMA   ? PLN_ESYNTAX
               : code == PLN_REGISTRY_REFERENCED ? PLN_ESTATE
                                                 : PLN_EINVAL;
    switch (http) {
    case 404: return PLN_ENOENT;
    case 408:
    case 504: return PLN_ETIMEOUT;
    case 409: return PLN_ETYPE;
    case 413: return PLN_ELIMIT;
    case 422: return PLN_EINVAL;
    case 429:
    case 503: return PLN_EBUSY;
    case 400:
    case 405:
    case 406:
    case 415: return PLN_EUNSUPPORTED;
    default: return PLN_EIO;
    }
}

static pln_status refused(int64_t http, const json_t *reply, pln_error *err) {
    int64_t code = (int64_t)json_integer_value(json_object_get(reply, "error_code"));
    const char *words = json_string_value(json_object_get(reply, "message"));
    bool known = code >= http * 100 && code < http * 100 + 100;
    if (http == 409 && !known)
        code = PLN_REGISTRY_INCOMPATIBLE; /* what older servers mean by 409 alone */
    else if (!known)
        code = http;
    pln_status status = status_of(http, code);
    if (http == 401 || http == 403)
        words = "the registry does not take our user, password or token";
    pln__error_set(err, status, "%s (HTTP %d, code %lld)",
                   words != NULL ? words : "the registry gave no reason", (int)http,
                   (long long)code);
    if (err != NULL) {
        err->native = code;
        if (http >= 500)
            err->flags |= PLN_ERR_RETRYABLE;
    }
    return status;
}

pln_status pln__reply_parse(int64_t http_status, const char *bytes, int64_t size, json_t **out,
                            pln_error *err) {
    json_error_t at;
    *out = json_loadb(bytes, (size_t)size, JSON_DECODE_ANY, &at);
    if (http_status >= 400)
        return refused(http_status, *out, err);
    if (http_status < 200 || http_status >= 300) {
        pln__error_set(err, PLN_EIO, "HTTP %d: redirects are not followed", (int)http_status);
        if (err != NULL)
            err->native = http_status;
        return PLN_EIO;
    }
    if (*out != NULL)
        return PLN_OK;
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(err, PLN_EIO, "reply %s: no JSON: %s", pln__show(shown, bytes, size),
                          at.text);
}

static pln_status unlike(const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EIO, "reply: %s is missing or not what it should be", what);
}

/* Absent: *out stays. */
static bool number(const json_t *reply, const char *key, int64_t least, int64_t *out) {
    const json_t *value = json_object_get(reply, key);
    if (value == NULL || json_is_null(value))
        return true;
    *out = (int64_t)json_integer_value(value);
    return json_is_integer(value) && *out >= least && *out <= INT32_MAX;
}

static bool text(const json_t *reply, const char *key, const char **out) {
    const json_t *value = json_object_get(reply, key);
    if (value == NULL || json_is_null(value))
        return true;
    *out = json_string_value(value);
    return *out != NULL;
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "xxxxxxxx-xxxx-…"; one that is not like this is as good as none. */
static void read_guid(const char *from, pln_schema_entry *out) {
    int n = 0;
    for (; from != NULL && *from != '\0'; from++) {
        int digit = hex(*from);
        if (*from == '-')
            continue;
        if (digit < 0 || n == 32)
            return;
        out->guid[n / 2] = (uint8_t)(out->guid[n / 2] << 4 | digit);
        n++;
    }
    out->has_guid = n == 32;
}

static pln_status read_references(const json_t *list, pln_schema_reference *references,
                                  pln_schema_entry *out, pln_error *err) {
    size_t n = json_array_size(list);
    if (list != NULL && !json_is_null(list) && !json_is_array(list))
        return unlike("references", err);
    if (n > PLN__REPLY_REFERENCES_MAX)
        return pln__error_set(err, PLN_ELIMIT, "reply: %zu references, at most %d may be", n,
                              PLN__REPLY_REFERENCES_MAX);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        int64_t version = 0;
        references[i] = (pln_schema_reference){0};
        if (!text(item, "name", &references[i].name) ||
            !text(item, "subject", &references[i].subject) ||
            !number(item, "version", 1, &version) || references[i].name == NULL ||
            references[i].subject == NULL || version == 0)
            return unlike("a reference", err);
        references[i].version = (int32_t)version;
    }
    out->references = references;
    out->n_references = (int64_t)n;
    return PLN_OK;
}

pln_status pln__reply_entry(const json_t *reply, pln_schema_reference *references,
                            pln_schema_entry *out, pln_error *err) {
    int64_t version = out->version;
    const char *guid = NULL;
    if (!json_is_object(reply))
        return unlike("the object", err);
    if (!number(reply, "id", 0, &out->id))
        return unlike("id", err);
    if (!number(reply, "version", 0, &version))
        return unlike("version", err);
    out->version = (int32_t)version;
    if (!text(reply, "schema", &out->schema))
        return unlike("schema", err);
    if (!text(reply, "subject", &out->subject))
        return unlike("subject", err);
    out->type = "AVRO";
    if (!text(reply, "schemaType", &out->type))
        return unlike("schemaType", err);
    if (text(reply, "guid", &guid))
        read_guid(guid, out);
    out->deleted = json_is_true(json_object_get(reply, "deleted"));
    return read_references(json_object_get(reply, "references"), references, out, err);
}

pln_status pln__reply_compatible(const json_t *reply, int32_t *compatible, pln_error *err) {
    const json_t *value = json_object_get(reply, "is_compatible");
    if (!json_is_boolean(value))
        return unlike("is_compatible", err);
    *compatible = json_is_true(value);
    return PLN_OK;
}

const char *pln__reply_message(const json_t *reply, int64_t index) {
    return json_string_value(json_array_get(json_object_get(reply, "messages"), (size_t)index));
}

pln_status pln__reply_level(const json_t *reply, int32_t *level, pln_error *err) {
    const char *name = NULL;
    if (!text(reply, "compatibilityLevel", &name) || name == NULL)
        return unlike("compatibilityLevel", err);
    *level = pln_compat_level_find(name);
    return *level >= 0
               ? PLN_OK
               : pln__error_set(err, PLN_EUNSUPPORTED, "reply: level '%s' is not known", name);
}

static int by_bytes(const void *a, const void *b, const void *context) {
    (void)context;
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

pln_status pln__reply_subjects(json_t *reply, const pln_allocator *mem,
                               pln_status (*each)(void *arg, const char *subject), void *arg,
                               pln_error *err) {
    pln_status status = PLN_OK;
    size_t n = json_array_size(reply);
    if (!json_is_array(reply))
        return unlike("the list of subjects", err);
    const char **names = pln__calloc(mem, n + 1, sizeof *names);
    if (names == NULL)
        return pln__error_memory(err, n * sizeof *names);
    for (size_t i = 0; i < n && status >= 0; i++)
        if ((names[i] = json_string_value(json_array_get(reply, i))) == NULL)
            status = unlike("a subject", err);
    if (status >= 0)
        pln__sort(names, (int64_t)n, sizeof *names, by_bytes, NULL);
    for (size_t i = 0; i < n && status >= 0; i++)
        status = each(arg, names[i]);
    pln__free(mem, names, (n + 1) * sizeof *names);
    return status;
}

pln_status pln__reply_versions(const json_t *reply, pln_status (*each)(void *arg, int32_t version),
                               void *arg, pln_error *err) {
    pln_status status = PLN_OK;
    json_int_t last = 0;
    if (!json_is_array(reply))
        return unlike("the list of versions", err);
    for (size_t i = 0; i < json_array_size(reply) && status >= 0; i++) {
        json_int_t version = json_integer_value(json_array_get(reply, i));
        if (version <= last || version > INT32_MAX)
            return unlike("a version", err);
        last = version;
        status = each(arg, (int32_t)version);
    }
    return status;
}

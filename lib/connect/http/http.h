/*
 * Connector http: a schema registry behind HTTP, as a plugin.
 *
 * Job: the REST calls of Confluent's registry over libcurl, and what their replies mean.
 * Must not know: how schemas are parsed or kept; runs. Of the library's other rooms it uses base and the names of levels, linked into the plugin.
 * Invariants: no signal, no environment, no redirect, no file beyond the certificates that were named; a reply is bounded and believed in nothing.
 */
#ifndef PLN__CONNECT_HTTP_H
#define PLN__CONNECT_HTTP_H

#include "base/base.h"
#include <jansson.h>
#include <pln/plugin.h>

/* ---- replies (reply.c): no network here ---- */

#define PLN__REPLY_REFERENCES_MAX 256

/*
 * The JSON of a reply. A status of 400 and more, and bytes that are no JSON, are errors: err->native is the registry's code or, without one, the
 * HTTP status. *out may be set beside an error.
 */
pln_status pln__reply_parse(int64_t http_status, const char *bytes, int64_t size, json_t **out,
                            pln_error *err);
/* An entry whose texts and references lie in `reply` and `references` (room for PLN__REPLY_REFERENCES_MAX). What is not there stays as it is in *out. */
pln_status pln__reply_entry(const json_t *reply, pln_schema_reference *references,
                            pln_schema_entry *out, pln_error *err);
/* {"is_compatible": …}; the messages are message 0, 1, … of the reply. */
pln_status pln__reply_compatible(const json_t *reply, int32_t *compatible, pln_error *err);
const char *pln__reply_message(const json_t *reply, int64_t index);
/* {"compatibilityLevel": …} as a number of PLN_COMPAT_*. */
pln_status pln__reply_level(const json_t *reply, int32_t *level, pln_error *err);
/* A list of subjects in the order of their bytes; of versions, ascending. A negative answer of `each` stops. */
pln_status pln__reply_subjects(json_t *reply, const pln_allocator *mem,
                               pln_status (*each)(void *arg, const char *subject), void *arg,
                               pln_error *err);
pln_status pln__reply_versions(const json_t *reply, pln_status (*each)(void *arg, int32_t version),
                               void *arg, pln_error *err);

/* ---- the client (client.c) ---- */

typedef struct pln__http pln__http;

typedef struct pln__http_call {
    const char *method; /* "GET" */
    const char *path;   /* behind the location, escaped */
    const char *body;   /* NULL: none */
} pln__http_call;

pln_status pln__http_new(pln_context *ctx, const pln_config *config, pln__http **out,
                         pln_error *err);
void pln__http_free(pln__http *http);
/* A call and its reply, see pln__reply_parse. The reply is lent until the third call from now. */
pln_status pln__http_call_make(pln__http *http, const pln__http_call *call, json_t **reply,
                               pln_error *err);
const pln_allocator *pln__http_allocator(const pln__http *http);

/* ---- the registry (registry.c) ---- */

extern const pln_option pln__http_options[];
extern const pln_schema_registry_table pln__registry_http;

#endif

#include "connect/http/http.h"
#include "base/utf8.h"
#include <pln/compat.h>

typedef struct server {
    pln__http *http;
    const json_t *messages; /* of the last put or check; lent */
    const char *reason;     /* instead of them */
    pln_schema_reference references[PLN__REPLY_REFERENCES_MAX];
} server;

/* Everything but unreserved characters; dots too where they are all, since "." and ".." mean something in a path. */
static void add_escaped(pln__text *out, const char *name) {
    bool dots = strspn(name, ".") == strlen(name);
    for (const char *at = name; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '_' || c == '~' || (c == '.' && !dots))
            pln__text_char(out, *at);
        else
            pln__text_printf(out, "%%%02X", c);
    }
}

static pln_status add_subject(pln__text *out, const char *prefix, const char *subject,
                              pln_error *err) {
    int64_t size = subject == NULL ? 0 : (int64_t)strlen(subject);
    if (size == 0 || !pln__utf8_valid(subject, size, 0)) {
        pln__error_set(err, PLN_EINVAL, "subject '%s': expected UTF-8, not empty",
                       subject == NULL ? "" : subject);
        if (err != NULL)
            err->native = PLN_REGISTRY_BAD_SUBJECT;
        return PLN_EINVAL;
    }
    pln__text_str(out, prefix);
    add_escaped(out, subject);
    return PLN_OK;
}

static void add_version(pln__text *out, int32_t version) {
    if (version == PLN_SCHEMA_LATEST)
        pln__text_str(out, "/versions/latest");
    else if (version != PLN_SCHEMA_EVERY)
        pln__text_printf(out, "/versions/%d", (int)version);
}

/* The path and body are freed here. */
static pln_status call(server *s, const char *method, pln__text *path, pln__text *body,
                       json_t **reply, pln_error *err) {
    pln_status status = pln__text_status(path, err);
    *reply = NULL;
    if (status >= 0 && body != NULL)
        status = pln__text_status(body, err);
    if (status >= 0) {
        pln__http_call made = {method, path->data, body == NULL ? NULL : body->data};
        status = pln__http_call_make(s->http, &made, reply, err);
    }
    pln__text_free(path);
    if (body != NULL)
        pln__text_free(body);
    return status;
}

static pln__text new_text(const server *s) {
    pln__text text;
    pln__text_init(&text, pln__http_allocator(s->http));
    return text;
}

/* "/subjects/orders/versions/3", and a query where one is asked for; `path` is to be freed only if this succeeds. */
static pln_status version_path(server *s, const char *subject, int32_t version, const char *query,
                               pln__text *path, pln_error *err) {
    *path = new_text(s);
    pln_status status = add_subject(path, "/subjects/", subject, err);
    if (status < 0) {
        pln__text_free(path);
        return status;
    }
    add_version(path, version);
    pln__text_str(path, query);
    return PLN_OK;
}

static void draft_json(const pln_schema_draft *draft, pln__text *out) {
    pln__text_str(out, "{\"schema\":");
    pln__text_json(out, draft->schema, (int64_t)strlen(draft->schema));
    if (draft->type != NULL) {
        pln__text_str(out, ",\"schemaType\":");
        pln__text_json(out, draft->type, (int64_t)strlen(draft->type));
    }
    for (int64_t i = 0; i < draft->n_references; i++) {
        const pln_schema_reference *r = &draft->references[i];
        pln__text_str(out, i == 0 ? ",\"references\":[{\"name\":" : ",{\"name\":");
        pln__text_json(out, r->name, (int64_t)strlen(r->name));
        pln__text_str(out, ",\"subject\":");
        pln__text_json(out, r->subject, (int64_t)strlen(r->subject));
        pln__text_printf(out, ",\"version\":%d}", (int)r->version);
    }
    pln__text_str(out, draft->n_references > 0 ? "]}" : "}");
}

static pln_status post_draft(server *s, pln__text *path, const pln_schema_draft *draft,
                             json_t **reply, pln_error *err) {
    pln__text body = new_text(s);
    draft_json(draft, &body);
    return call(s, "POST", path, &body, reply, err);
}

/* A call that needs nothing but a subject behind a prefix and what follows it. */
static pln_status simple(server *s, const char *method, const char *prefix, const char *subject,
                         const char *rest, json_t **reply, pln_error *err) {
    pln__text path = new_text(s);
    pln_status status = PLN_OK;
    if (subject == NULL)
        pln__text_str(&path, prefix);
    else
        status = add_subject(&path, prefix, subject, err);
    pln__text_str(&path, rest);
    if (status < 0) {
        pln__text_free(&path);
        return status;
    }
    return call(s, method, &path, NULL, reply, err);
}

static void server_close(void *self, pln_context *ctx) {
    server *s = self;
    const pln_allocator *mem = ctx->host->allocator(ctx);
    if (s->http != NULL)
        pln__http_free(s->http);
    pln__free(mem, s, sizeof *s);
}

static pln_status server_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                              pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    server *s = pln__calloc(mem, 1, sizeof *s);
    (void)user;
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    pln_status status = pln__http_new(ctx, config, &s->http, err);
    if (status < 0)
        server_close(s, ctx);
    else
        *self = s;
    return status;
}

static pln_status need_text(const pln_schema_entry *entry, pln_error *err) {
    return entry->schema != NULL ? PLN_OK : pln__error_set(err, PLN_EIO, "reply: it has no schema");
}

static pln_status server_by_id(void *self, pln_context *ctx, int64_t id, pln_schema_entry *out,
                               pln_error *err) {
    server *s = self;
    json_t *reply;
    pln__text path = new_text(s);
    (void)ctx;
    pln__text_printf(&path, "/schemas/ids/%lld", (long long)id);
    pln_status status = call(s, "GET", &path, NULL, &reply, err);
    if (status >= 0)
        status = pln__reply_entry(reply, s->references, out, err);
    out->id = id;
    out->subject = NULL;
    out->version = 0;
    return status < 0 ? status : need_text(out, err);
}

static pln_status server_by_guid(void *self, pln_context *ctx, const uint8_t *guid,
                                 pln_schema_entry *out, pln_error *err) {
    server *s = self;
    json_t *reply;
    pln__text path = new_text(s);
    (void)ctx;
    pln__text_str(&path, "/schemas/guids/");
    for (int i = 0; i < 16; i++)
        pln__text_printf(&path, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", guid[i]);
    pln_status status = call(s, "GET", &path, NULL, &reply, err);
    if (status >= 0)
        status = pln__reply_entry(reply, s->references, out, err);
    out->subject = NULL;
    out->version = 0;
    return status < 0 ? status : need_text(out, err);
}

static pln_status server_by_version(void *self, pln_context *ctx, const char *subject,
                                    int32_t version, uint32_t flags, pln_schema_entry *out,
                                    pln_error *err) {
    server *s = self;
    json_t *reply;
    pln__text path;
    (void)ctx;
    pln_status status = version_path(s, subject, version,
                                     flags & PLN_SCHEMA_DELETED ? "?deleted=true" : "", &path, err);
    if (status >= 0)
        status = call(s, "GET", &path, NULL, &reply, err);
    if (status >= 0)
        status = pln__reply_entry(reply, s->references, out, err);
    return status < 0 ? status : need_text(out, err);
}

static void forget_messages(server *s) {
    s->messages = NULL;
    s->reason = NULL;
}

static pln_status ask_check(server *s, const pln_schema_draft *draft, int32_t version,
                            int32_t *compatible, json_t **reply, pln_error *err) {
    pln__text path = new_text(s);
    pln_status status = add_subject(&path, "/compatibility/subjects/", draft->subject, err);
    if (status < 0) {
        pln__text_free(&path);
        return status;
    }
    if (version == PLN_SCHEMA_EVERY)
        pln__text_str(&path, "/versions");
    add_version(&path, version);
    pln__text_str(&path, draft->flags & PLN_SCHEMA_NORMALIZE ? "?verbose=true&normalize=true"
                                                             : "?verbose=true");
    status = post_draft(s, &path, draft, reply, err);
    if (status >= 0)
        status = pln__reply_compatible(*reply, compatible, err);
    return status;
}

static pln_status server_check(void *self, pln_context *ctx, const pln_schema_draft *draft,
                               int32_t version, int32_t *compatible, pln_error *err) {
    server *s = self;
    json_t *reply;
    (void)ctx;
    forget_messages(s);
    pln_status status = ask_check(s, draft, version, compatible, &reply, err);
    if (status >= 0 && !*compatible)
        s->messages = reply;
    return status;
}

/* A refusal has its reasons in one sentence; asked again without registering, the server lists them. */
static void ask_why(server *s, const pln_schema_draft *draft, const json_t *refusal) {
    int32_t compatible = 1;
    json_t *reply;
    s->reason = json_string_value(json_object_get(refusal, "message"));
    if (ask_check(s, draft, PLN_SCHEMA_EVERY, &compatible, &reply, NULL) >= 0 && !compatible &&
        pln__reply_message(reply, 0) != NULL)
        s->messages = reply;
}

static const char *server_message(void *self, pln_context *ctx, int64_t index) {
    const server *s = self;
    (void)ctx;
    if (s->messages != NULL)
        return pln__reply_message(s->messages, index);
    return index == 0 ? s->reason : NULL;
}

static pln_status server_put(void *self, pln_context *ctx, const pln_schema_draft *draft,
                             pln_schema_entry *out, pln_error *err) {
    server *s = self;
    json_t *reply = NULL;
    pln__text path = new_text(s);
    (void)ctx;
    forget_messages(s);
    pln_status status = add_subject(&path, "/subjects/", draft->subject, err);
    if (status < 0) {
        pln__text_free(&path);
        return status;
    }
    pln__text_str(&path,
                  draft->flags & PLN_SCHEMA_NORMALIZE ? "/versions?normalize=true" : "/versions");
    status = post_draft(s, &path, draft, &reply, err);
    if (status == PLN_ETYPE)
        ask_why(s, draft, reply);
    if (status < 0)
        return status;
    status = pln__reply_entry(reply, s->references, out, err);
    if (status >= 0 && out->id < 1)
        status = pln__error_set(err, PLN_EIO, "reply: it has no id");
    return status;
}

static pln_status server_find(void *self, pln_context *ctx, const pln_schema_draft *draft,
                              pln_schema_entry *out, pln_error *err) {
    server *s = self;
    json_t *reply;
    pln__text path = new_text(s);
    (void)ctx;
    pln_status status = add_subject(&path, "/subjects/", draft->subject, err);
    if (status < 0) {
        pln__text_free(&path);
        return status;
    }
    pln__text_str(&path,
                  draft->flags & PLN_SCHEMA_NORMALIZE ? "?normalize=true" : "?normalize=false");
    pln__text_str(&path, draft->flags & PLN_SCHEMA_DELETED ? "&deleted=true" : "");
    status = post_draft(s, &path, draft, &reply, err);
    return status < 0 ? status : pln__reply_entry(reply, s->references, out, err);
}

static pln_status server_subjects(void *self, pln_context *ctx, uint32_t flags,
                                  pln_status (*each)(void *arg, const char *subject), void *arg,
                                  pln_error *err) {
    server *s = self;
    json_t *reply;
    (void)ctx;
    pln_status status = simple(s, "GET", "/subjects", NULL,
                               flags & PLN_SCHEMA_DELETED ? "?deleted=true" : "", &reply, err);
    return status < 0 ? status
                      : pln__reply_subjects(reply, pln__http_allocator(s->http), each, arg, err);
}

static pln_status server_versions(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                                  pln_status (*each)(void *arg, int32_t version), void *arg,
                                  pln_error *err) {
    json_t *reply;
    (void)ctx;
    pln_status status =
        simple(self, "GET", "/subjects/", subject == NULL ? "" : subject,
               flags & PLN_SCHEMA_DELETED ? "/versions?deleted=true" : "/versions", &reply, err);
    return status < 0 ? status : pln__reply_versions(reply, each, arg, err);
}

static pln_status server_remove(void *self, pln_context *ctx, const char *subject, int32_t version,
                                int32_t permanent, pln_error *err) {
    server *s = self;
    json_t *reply;
    pln__text path;
    (void)ctx;
    pln_status status =
        version_path(s, subject, version, permanent ? "?permanent=true" : "", &path, err);
    return status < 0 ? status : call(s, "DELETE", &path, NULL, &reply, err);
}

static pln_status server_level(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                               int32_t *level, pln_error *err) {
    json_t *reply;
    (void)ctx;
    pln_status status =
        simple(self, "GET", subject == NULL ? "/config" : "/config/", subject,
               subject != NULL && (flags & PLN_SCHEMA_DEFAULT) ? "?defaultToGlobal=true" : "",
               &reply, err);
    return status < 0 ? status : pln__reply_level(reply, level, err);
}

static pln_status server_set_level(void *self, pln_context *ctx, const char *subject, int32_t level,
                                   pln_error *err) {
    server *s = self;
    json_t *reply;
    const char *name = pln_compat_level_name(level),
               *prefix = subject == NULL ? "/config" : "/config/";
    (void)ctx;
    if (name == NULL)
        return simple(s, "DELETE", prefix, subject, "", &reply, err);
    pln__text path = new_text(s), body = new_text(s);
    pln_status status = PLN_OK;
    if (subject == NULL)
        pln__text_str(&path, prefix);
    else
        status = add_subject(&path, prefix, subject, err);
    if (status < 0) {
        pln__text_free(&path);
        return status;
    }
    pln__text_printf(&body, "{\"compatibility\":\"%s\"}", name);
    return call(s, "PUT", &path, &body, &reply, err);
}

const pln_schema_registry_table pln__registry_http = {
    .struct_size = sizeof(pln_schema_registry_table),
    .abi = PLN_PLUGIN_ABI,
    .name = "registry.http",
    .summary = "Asks a schema registry behind HTTP.",
    .options = pln__http_options,
    .option_size = sizeof(pln_option),
    .open = server_open,
    .close = server_close,
    .by_id = server_by_id,
    .by_version = server_by_version,
    .put = server_put,
    .find = server_find,
    .check = server_check,
    .message = server_message,
    .subjects = server_subjects,
    .versions = server_versions,
    .remove = server_remove,
    .level = server_level,
    .set_level = server_set_level,
    .by_guid = server_by_guid,
};

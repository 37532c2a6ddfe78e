#include "registry/registry.h"

struct pln_schema_registry {
    pln__registry_opened opened;
    const pln_allocator *mem;
    char *location;
    pln__map *ids; /* id -> index in schemas */
    pln_avro_schema **schemas;
    int64_t n, capacity;
};

pln_status pln__registry_fail(pln_error *err, pln_status status, int64_t native, const char *format,
                              ...) {
    va_list args;
    va_start(args, format);
    pln__error_setv(err, status, format, args);
    va_end(args);
    if (err != NULL)
        err->native = native;
    return status;
}

static void let_go(const pln__registry_opened *opened) {
    opened->table.close(opened->self, opened->ctx);
    opened->release(opened->ctx);
}

pln_status pln__schema_registry_new(const pln__registry_opened *opened, pln_schema_registry **out,
                                    pln_error *err) {
    pln_schema_registry *registry = pln__calloc(opened->mem, 1, sizeof *registry);
    *out = NULL;
    if (registry != NULL) {
        registry->opened = *opened;
        registry->mem = opened->mem;
        registry->ids = pln__map_new(opened->mem, 0);
        registry->location = pln__strdup(opened->mem, opened->location);
    }
    if (registry == NULL || registry->ids == NULL || registry->location == NULL) {
        if (registry != NULL)
            pln_schema_registry_close(registry);
        else
            let_go(opened);
        return pln__error_memory(err, sizeof *registry);
    }
    *out = registry;
    return PLN_OK;
}

void pln_schema_registry_close(pln_schema_registry *registry) {
    if (registry == NULL)
        return;
    const pln_allocator *mem = registry->mem;
    pln__registry_opened opened = registry->opened;
    for (int64_t i = 0; i < registry->n; i++)
        pln__avro_schema_unref(registry->schemas[i]);
    pln__free(mem, registry->schemas, (uint64_t)registry->capacity * sizeof *registry->schemas);
    if (registry->ids != NULL)
        pln__map_free(registry->ids);
    pln__strfree(mem, registry->location);
    pln__free(mem, registry, sizeof *registry);
    let_go(&opened);
}

/* Every answer passes here: the place of an error is the location. */
static pln_status answer(const pln_schema_registry *registry, pln_status status, pln_error *err) {
    if (status < 0)
        pln__error_where(err, "%s", registry->location);
    return status < 0 ? status : PLN_OK;
}

static pln_status not_offered(const pln_schema_registry *registry, const char *what,
                              pln_error *err) {
    pln__error_set(err, PLN_EUNSUPPORTED, "%s cannot %s", registry->opened.table.name, what);
    return answer(registry, PLN_EUNSUPPORTED, err);
}

/* A plugin may be older or newer than its host's records: it fills one of full size, the caller gets as much as it knows. */
static void hand_out(const pln_schema_entry *full, pln_schema_entry *out) {
    uint32_t size = out->struct_size;
    memcpy(out, full, size < sizeof *full ? size : sizeof *full);
    out->struct_size = size;
}

static pln_status entry_ok(const pln_schema_entry *out, pln_error *err) {
    if (out->struct_size < offsetof(pln_schema_entry, subject) || out->struct_size > 4096)
        return pln__error_set(err, PLN_EINVAL, "schema entry: struct_size %u is wrong",
                              (unsigned)out->struct_size);
    return PLN_OK;
}

static pln_status draft_ok(const pln_schema_draft *draft, pln_error *err) {
    if (draft->struct_size < sizeof *draft || draft->subject == NULL || draft->schema == NULL)
        return pln__error_set(err, PLN_EINVAL,
                              "schema draft: struct_size, subject and schema are needed");
    if (draft->n_references < 0 || draft->n_references > PLN__REFERENCES_MAX)
        return pln__error_set(err, PLN_ELIMIT, "schema draft: %lld references, at most %d may be",
                              (long long)draft->n_references, PLN__REFERENCES_MAX);
    for (int64_t i = 0; i < draft->n_references; i++)
        if (draft->references[i].name == NULL || draft->references[i].subject == NULL)
            return pln__error_set(err, PLN_EINVAL,
                                  "schema draft: reference %lld lacks a name or subject",
                                  (long long)i);
    return PLN_OK;
}

typedef pln_status (*draft_call)(void *self, pln_context *ctx, const pln_schema_draft *draft,
                                 pln_schema_entry *out, pln_error *err);

static pln_status with_draft(pln_schema_registry *registry, draft_call call, const char *what,
                             const pln_schema_draft *draft, pln_schema_entry *out, pln_error *err) {
    pln_schema_entry full = {.struct_size = sizeof full};
    if (call == NULL)
        return not_offered(registry, what, err);
    pln_status status = draft_ok(draft, err);
    if (status >= 0)
        status = entry_ok(out, err);
    if (status >= 0)
        status = call(registry->opened.self, registry->opened.ctx, draft, &full, err);
    if (status >= 0)
        hand_out(&full, out);
    return answer(registry, status, err);
}

pln_status pln_schema_registry_register(pln_schema_registry *registry,
                                        const pln_schema_draft *draft, pln_schema_entry *out,
                                        pln_error *err) {
    return with_draft(registry, registry->opened.table.put, "register schemas", draft, out, err);
}

pln_status pln_schema_registry_lookup(pln_schema_registry *registry, const pln_schema_draft *draft,
                                      pln_schema_entry *out, pln_error *err) {
    return with_draft(registry, registry->opened.table.find, "look schemas up", draft, out, err);
}

pln_status pln_schema_registry_check(pln_schema_registry *registry, const pln_schema_draft *draft,
                                     int32_t version, int32_t *compatible, pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    *compatible = 0;
    if (o->table.check == NULL)
        return not_offered(registry, "check schemas", err);
    pln_status status = draft_ok(draft, err);
    if (status >= 0)
        status = o->table.check(o->self, o->ctx, draft, version, compatible, err);
    return answer(registry, status, err);
}

const char *pln_schema_registry_message(const pln_schema_registry *registry, int64_t index) {
    const pln__registry_opened *o = &registry->opened;
    return o->table.message == NULL || index < 0 ? NULL : o->table.message(o->self, o->ctx, index);
}

pln_status pln_schema_registry_version(pln_schema_registry *registry, const char *subject,
                                       int32_t version, uint32_t flags, pln_schema_entry *out,
                                       pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    pln_schema_entry full = {.struct_size = sizeof full};
    if (o->table.by_version == NULL)
        return not_offered(registry, "find versions", err);
    pln_status status = entry_ok(out, err);
    if (status >= 0 && version != PLN_SCHEMA_LATEST && version < 1)
        status = pln__registry_fail(err, PLN_EINVAL, PLN_REGISTRY_BAD_VERSION,
                                    "version %d: expected 1 or more, or the latest", (int)version);
    if (status >= 0)
        status = o->table.by_version(o->self, o->ctx, subject, version, flags, &full, err);
    if (status >= 0)
        hand_out(&full, out);
    return answer(registry, status, err);
}

pln_status pln_schema_registry_id(pln_schema_registry *registry, int64_t id, pln_schema_entry *out,
                                  pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    pln_schema_entry full = {.struct_size = sizeof full};
    pln_status status = entry_ok(out, err);
    if (status >= 0)
        status = o->table.by_id(o->self, o->ctx, id, &full, err);
    if (status >= 0)
        hand_out(&full, out);
    return answer(registry, status, err);
}

pln_status pln_schema_registry_guid(pln_schema_registry *registry, const uint8_t *guid,
                                    pln_schema_entry *out, pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    pln_schema_entry full = {.struct_size = sizeof full};
    if (o->table.by_guid == NULL)
        return not_offered(registry, "find schemas by guid", err);
    pln_status status = entry_ok(out, err);
    if (status >= 0)
        status = o->table.by_guid(o->self, o->ctx, guid, &full, err);
    if (status >= 0)
        hand_out(&full, out);
    return answer(registry, status, err);
}

pln_status pln_schema_registry_subjects(pln_schema_registry *registry, uint32_t flags,
                                        pln_status (*each)(void *arg, const char *subject),
                                        void *arg, pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    if (o->table.subjects == NULL)
        return not_offered(registry, "list subjects", err);
    return answer(registry, o->table.subjects(o->self, o->ctx, flags, each, arg, err), err);
}

pln_status pln_schema_registry_versions(pln_schema_registry *registry, const char *subject,
                                        uint32_t flags,
                                        pln_status (*each)(void *arg, int32_t version), void *arg,
                                        pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    if (o->table.versions == NULL)
        return not_offered(registry, "list versions", err);
    return answer(registry, o->table.versions(o->self, o->ctx, subject, flags, each, arg, err),
                  err);
}

pln_status pln_schema_registry_delete(pln_schema_registry *registry, const char *subject,
                                      int32_t version, int32_t permanent, pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    if (o->table.remove == NULL)
        return not_offered(registry, "delete", err);
    return answer(registry, o->table.remove(o->self, o->ctx, subject, version, permanent, err),
                  err);
}

pln_status pln_schema_registry_level(pln_schema_registry *registry, const char *subject,
                                     uint32_t flags, int32_t *level, pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    if (o->table.level == NULL)
        return not_offered(registry, "tell levels", err);
    return answer(registry, o->table.level(o->self, o->ctx, subject, flags, level, err), err);
}

pln_status pln_schema_registry_set_level(pln_schema_registry *registry, const char *subject,
                                         int32_t level, pln_error *err) {
    const pln__registry_opened *o = &registry->opened;
    if (o->table.set_level == NULL)
        return not_offered(registry, "set levels", err);
    if (level != -1 && pln_compat_level_name(level) == NULL)
        return answer(registry,
                      pln__registry_fail(err, PLN_EINVAL, PLN_REGISTRY_BAD_LEVEL,
                                         "level %d: there is none of that number", (int)level),
                      err);
    return answer(registry, o->table.set_level(o->self, o->ctx, subject, level, err), err);
}

/* ---- schemas, parsed and kept ---- */

static pln_avro_schema *kept(void *user, int64_t id) {
    const pln_schema_registry *registry = user;
    int64_t at = 0;
    return pln__map_get(registry->ids, &id, (int64_t)sizeof id, &at)
               ? pln__avro_schema_ref(registry->schemas[at])
               : NULL;
}

static pln_status keep(void *user, int64_t id, pln_avro_schema *schema, pln_error *err) {
    pln_schema_registry *registry = user;
    pln_status status = pln__grow(registry->mem, &registry->schemas, &registry->capacity,
                                  registry->n + 1, sizeof *registry->schemas, err);
    if (status >= 0)
        status = pln__map_put(registry->ids, &id, (int64_t)sizeof id, registry->n, err);
    if (status >= 0)
        registry->schemas[registry->n++] = pln__avro_schema_ref(schema);
    return status;
}

static pln_status find(void *user, const char *subject, int32_t version, pln_schema_entry *out,
                       pln_error *err) {
    return pln_schema_registry_version(user, subject, version, PLN_SCHEMA_DELETED, out, err);
}

pln_status pln_schema_registry_schema(pln_schema_registry *registry, int64_t id,
                                      pln_avro_schema **out, pln_error *err) {
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln__assembly assembly = {registry->mem, registry, find, kept, keep, 0, true};
    *out = kept(registry, id);
    if (*out != NULL)
        return PLN_OK;
    pln_status status = pln_schema_registry_id(registry, id, &entry, err);
    entry.id = id;
    if (status >= 0)
        status = pln__assemble(&assembly, &entry, 0, out, err);
    return answer(registry, status, err);
}

pln_status pln_schema_registry_guid_schema(pln_schema_registry *registry, const uint8_t *guid,
                                           pln_avro_schema **out, pln_error *err) {
    pln_schema_entry entry = {.struct_size = sizeof entry};
    pln__assembly assembly = {registry->mem, registry, find, kept, keep, 0, true};
    *out = NULL;
    pln_status status = pln_schema_registry_guid(registry, guid, &entry, err);
    if (status >= 0)
        status = pln__assemble(&assembly, &entry, 0, out, err);
    return answer(registry, status, err);
}

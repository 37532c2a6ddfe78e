/*
 * Embedded registries: one set of rules (local*.c) over a place to keep things (sqlite.c, directory.c).
 *
 * A place keeps three kinds of facts: schemas by id, which never change; subjects with their versions and level, each replaced as a whole;
 * the global level. Between begin(write) and end nobody else writes.
 */
#ifndef PLN__REGISTRY_LOCAL_H
#define PLN__REGISTRY_LOCAL_H

#include "registry/registry.h"

/* Beyond these a call answers PLN_ELIMIT: files are read whole. */
#define PLN__SCHEMA_TEXT_MAX (1 << 20)
#define PLN__SUBJECT_NAME_MAX 1024
#define PLN__SUBJECT_VERSIONS_MAX 100000
#define PLN__NO_LEVEL (-1)

/* A schema as it is kept; owns its texts. `guid` is the MD5 of the text and of the references. */
typedef struct pln__stored {
    int64_t id;
    char *text;
    pln__references references;
    uint8_t guid[16];
} pln__stored;
void pln__stored_free(const pln_allocator *mem, pln__stored *stored);
pln_status pln__stored_set_guid(const pln_allocator *mem, pln__stored *stored, pln_error *err);

typedef struct pln__subject_version {
    int64_t id;
    int32_t version;
    int32_t deleted;
} pln__subject_version;

/* Owns all. Versions ascend. */
typedef struct pln__subject {
    char *name;
    int32_t level; /* PLN__NO_LEVEL: none of its own */
    pln__subject_version *versions;
    int64_t n, capacity;
} pln__subject;
void pln__subject_free(const pln_allocator *mem, pln__subject *subject);
pln_status pln__subject_add(const pln_allocator *mem, pln__subject *subject,
                            const pln__subject_version *version, pln_error *err);

typedef struct pln__place {
    void (*close)(void *self);
    /* Nested reads may begin without `write`; every begin that succeeded has its end, and an end that commits may fail. */
    pln_status (*begin)(void *self, bool write, pln_error *err);
    pln_status (*end)(void *self, bool commit, pln_error *err);
    /* These fill what the caller frees; PLN_EOS: there is none. */
    pln_status (*schema)(void *self, int64_t id, pln__stored *out, pln_error *err);
    pln_status (*subject)(void *self, const char *name, pln__subject *out, pln_error *err);
    /* The id of a schema of that guid; from `after` + 1 on. PLN_EOS: none. */
    pln_status (*find)(void *self, const uint8_t *guid, int64_t after, int64_t *id, pln_error *err);
    /* Gives it an id that was never used. */
    pln_status (*add)(void *self, pln__stored *stored, pln_error *err);
    pln_status (*drop)(void *self, int64_t id, pln_error *err);
    /* Without versions and level it is forgotten. */
    pln_status (*put)(void *self, const pln__subject *subject, pln_error *err);
    /* The names of all subjects, in any order. */
    pln_status (*names)(void *self, pln_status (*each)(void *arg, const char *name), void *arg,
                        pln_error *err);
    pln_status (*level)(void *self, int32_t *level, pln_error *err); /* PLN__NO_LEVEL: none */
    pln_status (*set_level)(void *self, int32_t level, pln_error *err);
} pln__place;

/* What entries point to. */
typedef struct pln__lent {
    pln__stored stored;
    char *subject;
} pln__lent;

typedef struct pln__local {
    const pln_allocator *mem;
    pln_runtime *runtime;
    const pln__place *place;
    void *at;
    int32_t mode; /* PLN_COMPAT_SOUND, PLN_COMPAT_JAVA_PARITY */
    pln_compat *answer; /* of the last put or check */
    pln__lent lent; /* to the caller, who may hand it in with the next call */
    pln__lent inner; /* while schemas are put together */
} pln__local;

pln_status pln__local_new(const pln_allocator *mem, pln_runtime *runtime, const pln__place *place,
                          void *at /* (takes) */, const char *mode, void **out, pln_error *err);
void pln__local_close(void *self, pln_context *ctx);

/* ---- inside ---- */

pln_status pln__local_subject_ok(const char *subject, pln_error *err);
pln_status pln__local_no_subject(const char *subject, pln_error *err);
/* Parse a draft and give its text as it is kept; 42201 if it is no schema. */
pln_status pln__local_prepare(pln__local *local, const pln_schema_draft *draft, pln__stored *out,
                              pln_avro_schema **schema, pln_error *err);
/* The id under which it is kept, 0: not yet. */
pln_status pln__local_known(pln__local *local, pln__stored *stored, pln_error *err);
pln_status pln__local_level_of(pln__local *local, const pln__subject *subject, int32_t *level,
                               pln_error *err);
/* Hold a schema against versions of its subject: all, or the one at index `only`. */
pln_status pln__local_judge(pln__local *local, const pln__subject *subject, int64_t only,
                            const pln_avro_schema *schema, int32_t *compatible, pln_error *err);
/* The index of a version by number or PLN_SCHEMA_LATEST, -1: none. */
int64_t pln__local_index(const pln__subject *subject, int32_t version, bool deleted);
bool pln__local_active(const pln__subject *subject);
/* Lend an entry to the caller; `stored` is taken, also on failure; version NULL: by id alone. `subject` is not what was lent before. */
pln_status pln__local_lend(pln__local *local, pln__stored *stored, const char *subject,
                           const pln__subject_version *version, pln_schema_entry *out,
                           pln_error *err);
/* Parse what is kept (id > 0) or a draft (id 0). */
pln_status pln__local_parse(pln__local *local, const pln_schema_entry *entry, pln_avro_schema **out,
                            pln_error *err);
pln_status pln__local_parse_id(pln__local *local, int64_t id, pln_avro_schema **out,
                               pln_error *err);

/* The slots of the table. */
pln_status pln__local_by_id(void *self, pln_context *ctx, int64_t id, pln_schema_entry *out,
                            pln_error *err);
pln_status pln__local_by_guid(void *self, pln_context *ctx, const uint8_t *guid,
                              pln_schema_entry *out, pln_error *err);
pln_status pln__local_by_version(void *self, pln_context *ctx, const char *subject, int32_t version,
                                 uint32_t flags, pln_schema_entry *out, pln_error *err);
pln_status pln__local_put(void *self, pln_context *ctx, const pln_schema_draft *draft,
                          pln_schema_entry *out, pln_error *err);
pln_status pln__local_find(void *self, pln_context *ctx, const pln_schema_draft *draft,
                           pln_schema_entry *out, pln_error *err);
pln_status pln__local_check(void *self, pln_context *ctx, const pln_schema_draft *draft,
                            int32_t version, int32_t *compatible, pln_error *err);
const char *pln__local_message(void *self, pln_context *ctx, int64_t index);
pln_status pln__local_subjects(void *self, pln_context *ctx, uint32_t flags,
                               pln_status (*each)(void *arg, const char *subject), void *arg,
                               pln_error *err);
pln_status pln__local_versions(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                               pln_status (*each)(void *arg, int32_t version), void *arg,
                               pln_error *err);
pln_status pln__local_remove(void *self, pln_context *ctx, const char *subject, int32_t version,
                             int32_t permanent, pln_error *err);
pln_status pln__local_level(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                            int32_t *level, pln_error *err);
pln_status pln__local_set_level(void *self, pln_context *ctx, const char *subject, int32_t level,
                                pln_error *err);

#define PLN__LOCAL_SLOTS                                                                           \
    .struct_size = sizeof(pln_schema_registry_table), .abi = PLN_PLUGIN_ABI,                       \
    .option_size = sizeof(pln_option), .close = pln__local_close, .by_id = pln__local_by_id,       \
    .by_version = pln__local_by_version, .put = pln__local_put, .find = pln__local_find,           \
    .check = pln__local_check, .message = pln__local_message, .subjects = pln__local_subjects,     \
    .versions = pln__local_versions, .remove = pln__local_remove, .level = pln__local_level,       \
    .set_level = pln__local_set_level, .by_guid = pln__local_by_guid

extern const pln_schema_registry_table pln__registry_sqlite, pln__registry_directory;
/* The path of a location "scheme:path", or all of it. */
const char *pln__registry_path(const char *location, const char *scheme);

#endif

/*
 * A schema registry: subjects, their versions, and the promise that a new version fits the old ones. In a state file, in a directory, or on a server.
 *
 *     pln_schema_registry *registry;
 *     pln_schema_registry_open(rt, "schemas/", NULL, &registry, &err);
 *     pln_schema_draft draft = {.struct_size = sizeof draft, .subject = "orders-value", .schema = text};
 *     pln_schema_entry entry = {.struct_size = sizeof entry};
 *     if (pln_schema_registry_register(registry, &draft, &entry, &err) < 0 && err.native == PLN_REGISTRY_INCOMPATIBLE)
 *         for (int64_t i = 0; pln_schema_registry_message(registry, i) != NULL; i++)
 *             puts(pln_schema_registry_message(registry, i));
 *
 * The backends behave alike, as the REST calls of Confluent's registry do; err->native has its error codes (<pln/schema_entry.h>). pln-registry(7) tells
 * of locations, layouts on disk and differences. Errors of all calls that work: PLN_ENOENT with PLN_REGISTRY_NO_*; PLN_EIO, PLN_EBUSY,
 * PLN_ETIMEOUT, flagged PLN_ERR_RETRYABLE where the same call may succeed later; PLN_ECORRUPT; PLN_ENOMEM.
 */
#ifndef PLN_SCHEMA_REGISTRY_H
#define PLN_SCHEMA_REGISTRY_H

#include <pln/compat.h>
#include <pln/schema_entry.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Open a registry. `location` is "sqlite:FILE" (a state file, which may be the one of runs), "directory:DIR", or a URL of http or https (after
 * the plugin pln-http is loaded); a bare path is a directory if it ends with a slash or is one, else a state file. What is not there is
 * made. `config` is a JSON object with the backend's other options, NULL: none.
 *
 * Errors: PLN_EINVAL, PLN_EOPTION name what is wrong; PLN_ENAME if no backend knows the location; PLN_EIO, PLN_ECORRUPT; PLN_ENOMEM.
 * Owner: *out is yours; pln_schema_registry_close, before the runtime is freed.
 * Threads: one at a time.
 * Blocks: on the file system; a server is not asked yet.
 */
PLN_API pln_status pln_schema_registry_open(pln_runtime *runtime, const char *location,
                                            const char *config, pln_schema_registry **out,
                                            pln_error *err);

/*
 * Close a registry and forget what it lent. Schemas given away stay. NULL is allowed.
 *
 * Errors: none.
 * Owner: the registry is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_schema_registry_close(pln_schema_registry *registry);

/*
 * Add a schema to a subject, or find it there: the same schema again is no new version. It is refused if it does not fit the versions that the
 * subject's level asks about; the reasons are pln_schema_registry_message.
 *
 * Errors: PLN_ETYPE with PLN_REGISTRY_INCOMPATIBLE; PLN_ESYNTAX with PLN_REGISTRY_BAD_SCHEMA; PLN_EINVAL with PLN_REGISTRY_BAD_SUBJECT; and the above.
 * Owner: `draft` is borrowed. *out gets id, subject and version (a server may leave the version 0); lent until the next call.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_register(pln_schema_registry *registry,
                                                const pln_schema_draft *draft,
                                                pln_schema_entry *out, pln_error *err);

/*
 * The id and version that a schema has under a subject.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_SUBJECT or PLN_REGISTRY_NO_SCHEMA; PLN_ESYNTAX with PLN_REGISTRY_BAD_SCHEMA; and the above.
 * Owner: as for pln_schema_registry_register.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_lookup(pln_schema_registry *registry,
                                              const pln_schema_draft *draft, pln_schema_entry *out,
                                              pln_error *err);

/*
 * Whether a schema would fit: version PLN_SCHEMA_EVERY asks as pln_schema_registry_register would, a number or PLN_SCHEMA_LATEST asks about that version
 * alone, by the subject's level. Nothing is changed. The reasons are pln_schema_registry_message.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_VERSION; PLN_ESYNTAX with PLN_REGISTRY_BAD_SCHEMA; and the above.
 * Owner: *compatible is 1 or 0.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_check(pln_schema_registry *registry,
                                             const pln_schema_draft *draft, int32_t version,
                                             int32_t *compatible, pln_error *err);

/*
 * Reason number `index` why the last pln_schema_registry_register or _check found a schema incompatible, or NULL.
 *
 * Errors: none.
 * Owner: lent until the next call on the registry.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const char *pln_schema_registry_message(const pln_schema_registry *registry, int64_t index);

/*
 * A version of a subject by its number or PLN_SCHEMA_LATEST, with its text. `flags`: PLN_SCHEMA_DELETED.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_SUBJECT or _NO_VERSION; PLN_EINVAL with PLN_REGISTRY_BAD_VERSION; and the above.
 * Owner: *out is lent until the next call.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_version(pln_schema_registry *registry, const char *subject,
                                               int32_t version, uint32_t flags,
                                               pln_schema_entry *out, pln_error *err);

/*
 * A schema by its id, with its text.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_SCHEMA; and the above.
 * Owner: *out is lent until the next call.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_id(pln_schema_registry *registry, int64_t id,
                                          pln_schema_entry *out, pln_error *err);

/*
 * A schema by the 16 bytes that stand in front of data framed with one.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_SCHEMA; PLN_EUNSUPPORTED if the backend has none; and the above.
 * Owner: *out is lent until the next call.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_guid(pln_schema_registry *registry, const uint8_t *guid,
                                            pln_schema_entry *out, pln_error *err);

/*
 * A schema by its id, parsed with all that it refers to. Kept for ever: the second time nothing is asked and nothing can fail.
 *
 * Errors: as pln_schema_registry_id; PLN_ESYNTAX, PLN_ELIMIT if it is none that is understood; PLN_EUNSUPPORTED if it is not Avro.
 * Owner: *out is yours; pln_avro_schema_free.
 * Threads: one at a time.
 * Blocks: the first time, on files or the server.
 */
PLN_API pln_status pln_schema_registry_schema(pln_schema_registry *registry, int64_t id,
                                              pln_avro_schema **out, pln_error *err);

/*
 * The same for 16 bytes. Not every server tells the id of such a schema, so that it is asked each time.
 *
 * Errors: as pln_schema_registry_guid and pln_schema_registry_schema.
 * Owner: *out is yours; pln_avro_schema_free.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_guid_schema(pln_schema_registry *registry,
                                                   const uint8_t *guid, pln_avro_schema **out,
                                                   pln_error *err);

/*
 * Call `each` with every subject, in the order of their names. A negative answer stops and is returned. `flags`: PLN_SCHEMA_DELETED.
 *
 * Errors: what `each` answers; and the above.
 * Owner: the names are lent for the call; `each` must not use the registry.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_subjects(pln_schema_registry *registry, uint32_t flags,
                                                pln_status (*each)(void *arg, const char *subject),
                                                void *arg, pln_error *err);

/*
 * Call `each` with every version of a subject, ascending. A negative answer stops and is returned. `flags`: PLN_SCHEMA_DELETED.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_SUBJECT; what `each` answers; and the above.
 * Owner: nothing; `each` must not use the registry.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_versions(pln_schema_registry *registry, const char *subject,
                                                uint32_t flags,
                                                pln_status (*each)(void *arg, int32_t version),
                                                void *arg, pln_error *err);

/*
 * Delete a version, or with PLN_SCHEMA_EVERY the whole subject. First without `permanent`: it is no more listed or checked against, but its id still works.
 * Then with it: it is gone.
 *
 * Errors: PLN_ENOENT with the codes 40401, 40402, 40404 to 40407; PLN_ESTATE with PLN_REGISTRY_REFERENCED; and the above.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_delete(pln_schema_registry *registry, const char *subject,
                                              int32_t version, int32_t permanent, pln_error *err);

/*
 * The level (PLN_COMPAT_*) of a subject, or with NULL the global one, BACKWARD where nobody set it. `flags`: PLN_SCHEMA_DEFAULT.
 *
 * Errors: PLN_ENOENT with PLN_REGISTRY_NO_LEVEL if the subject has none of its own and PLN_SCHEMA_DEFAULT was not given; and the above.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_level(pln_schema_registry *registry, const char *subject,
                                             uint32_t flags, int32_t *level, pln_error *err);

/*
 * Set the level of a subject, or with NULL the global one. -1: as if it had never been set.
 *
 * Errors: PLN_EINVAL with PLN_REGISTRY_BAD_LEVEL; and the above.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: on files or the server.
 */
PLN_API pln_status pln_schema_registry_set_level(pln_schema_registry *registry, const char *subject,
                                                 int32_t level, pln_error *err);

/* How the subject of a topic's records is named; serializers of one topic must agree. */
enum {
    PLN_SUBJECT_TOPIC = 0,       /* "orders-value", "orders-key" */
    PLN_SUBJECT_RECORD = 1,      /* "com.example.Order": one history for the record in all topics */
    PLN_SUBJECT_TOPIC_RECORD = 2 /* "orders-com.example.Order" */
};

/*
 * The name of the subject for keys (`is_key` 1) or values (0) of a topic. The strategies with a record need a schema whose top type has a name; `topic`
 * and `schema` may be NULL where the strategy does not need them.
 *
 * Errors: PLN_EINVAL names the argument; PLN_ETYPE if the schema has no name; PLN_ENOMEM.
 * Owner: *subject is yours; free it with pln_text_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_subject_name(pln_runtime *runtime, int32_t strategy, const char *topic,
                                    int32_t is_key, const pln_avro_schema *schema, char **subject,
                                    pln_error *err);

#ifdef __cplusplus
}
#endif

#endif

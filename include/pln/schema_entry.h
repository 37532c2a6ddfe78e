/*
 * What a schema registry is given and what it answers: plain records, shared by <pln/schema_registry.h> and by the tables of <pln/plugin.h>.
 *
 * A subject is a named history of schemas ("orders-value"); its versions count from 1. A schema has an id, which is the same under every
 * subject and never means another schema: what was read once by its id may be kept for ever.
 */
#ifndef PLN_SCHEMA_ENTRY_H
#define PLN_SCHEMA_ENTRY_H

#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In place of a version number. */
enum { PLN_SCHEMA_LATEST = -1, PLN_SCHEMA_EVERY = 0 };

enum {
    /* Two texts of one schema that differ in the order of attributes, white space or ways to write a name are the same. */
    PLN_SCHEMA_NORMALIZE = 1,
    /* What was deleted, but not for good, is there, too. */
    PLN_SCHEMA_DELETED = 2,
    /* A subject without a level of its own has the global one. */
    PLN_SCHEMA_DEFAULT = 4
};

/*
 * Numbers that registries give as error codes over HTTP; err->native has them, whichever the backend. The first three digits are those of the
 * HTTP status.
 */
enum {
    PLN_REGISTRY_NO_SUBJECT = 40401,
    PLN_REGISTRY_NO_VERSION = 40402,
    PLN_REGISTRY_NO_SCHEMA = 40403,
    PLN_REGISTRY_SUBJECT_DELETED = 40404,         /* already; what is left to do is to delete it for good */
    PLN_REGISTRY_SUBJECT_NOT_DELETED = 40405,     /* it must be deleted before it is deleted for good */
    PLN_REGISTRY_VERSION_DELETED = 40406,
    PLN_REGISTRY_VERSION_NOT_DELETED = 40407,
    PLN_REGISTRY_NO_LEVEL = 40408,                /* the subject has no level of its own */
    PLN_REGISTRY_INCOMPATIBLE = 40901,
    PLN_REGISTRY_BAD_SCHEMA = 42201,
    PLN_REGISTRY_BAD_VERSION = 42202,
    PLN_REGISTRY_BAD_LEVEL = 42203,
    PLN_REGISTRY_REFERENCED = 42206,              /* another schema refers to it */
    PLN_REGISTRY_BAD_SUBJECT = 42208
};

/* The types of another subject's schema may be used by name. */
typedef struct pln_schema_reference {
    const char *name; /* the type's full name; some registries take any text */
    const char *subject;
    int32_t version;
    int32_t reserved;
} pln_schema_reference;

/* A schema to be registered, looked up or tried. */
typedef struct pln_schema_draft {
    uint32_t struct_size;
    uint32_t flags; /* PLN_SCHEMA_NORMALIZE; for a look-up PLN_SCHEMA_DELETED */
    const char *subject;
    const char *schema; /* its text */
    const char *type;   /* NULL: "AVRO", the only one that backends of files take */
    const pln_schema_reference *references;
    int64_t n_references;
} pln_schema_draft;

/* A version of a subject, or a schema by its id (subject NULL, version 0). All texts are lent until the next call on the registry. */
typedef struct pln_schema_entry {
    uint32_t struct_size; /* to be set by the caller */
    int32_t version;
    int64_t id;
    const char *subject;
    const char *schema; /* NULL where the backend was not asked for it: see the call */
    const char *type;
    const pln_schema_reference *references;
    int64_t n_references;
    int32_t deleted;
    int32_t has_guid;
    uint8_t guid[16];
} pln_schema_entry;

#ifdef __cplusplus
}
#endif

#endif

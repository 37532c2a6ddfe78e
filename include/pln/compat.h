/*
 * May this schema replace that one? Avro compatibility with every reason, and the levels of a schema registry.
 *
 *     pln_compat *answer;
 *     pln_compat_check(rt, reader, writer, NULL, &answer, &err);
 *     if (!pln_compat_compatible(answer))
 *         for (int64_t i = 0; i < pln_compat_count(answer); i++)
 *             puts(pln_compat_issue_at(answer, i)->message);
 *     pln_compat_free(answer);
 *
 * "Compatible" means: whatever was written with the writer's schema can be read with the reader's. pln-compatibility(7) shows an example of each kind of
 * issue. Paths are JSON pointers into the schemas: the number of a field is the reader's, that of a branch of a union the writer's; a named type that is
 * used at several places is reported at each.
 */
#ifndef PLN_COMPAT_H
#define PLN_COMPAT_H

#include <pln/avro_schema.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of issues; the first six are those of Java's org.apache.avro.SchemaCompatibility. */
enum {
    PLN_COMPAT_NAME_MISMATCH = 0,
    PLN_COMPAT_FIXED_SIZE_MISMATCH = 1,
    PLN_COMPAT_MISSING_ENUM_SYMBOLS = 2,
    PLN_COMPAT_READER_FIELD_MISSING_DEFAULT_VALUE = 3,
    PLN_COMPAT_TYPE_MISMATCH = 4,
    PLN_COMPAT_MISSING_UNION_BRANCH = 5,
    PLN_COMPAT_AMBIGUOUS_ALIAS = 6,  /* aliases: a field takes two of the writer's, or two take one; Java throws at the first */
    PLN_COMPAT_LOGICAL_MISMATCH = 7  /* only with strict_logical */
};

/* How to judge. */
enum {
    /* Never says compatible where some datum cannot be read, recursive types included. */
    PLN_COMPAT_SOUND = 0,
    /* Verdict, kinds, paths, messages and order of Java's checker, where these are wrong too. */
    PLN_COMPAT_JAVA_PARITY = 1
};

/* What a version must keep, as registries call it; "transitive" is against all earlier versions, otherwise the latest only. */
enum {
    PLN_COMPAT_NONE = 0,
    PLN_COMPAT_BACKWARD = 1, /* the new schema reads old data: readers go first */
    PLN_COMPAT_BACKWARD_TRANSITIVE = 2,
    PLN_COMPAT_FORWARD = 3, /* old readers read new data: writers go first */
    PLN_COMPAT_FORWARD_TRANSITIVE = 4,
    PLN_COMPAT_FULL = 5, /* both */
    PLN_COMPAT_FULL_TRANSITIVE = 6
};

/* Zeroed is the default. */
typedef struct pln_compat_options {
    uint32_t struct_size;
    int32_t mode;           /* PLN_COMPAT_SOUND, PLN_COMPAT_JAVA_PARITY */
    int32_t strict_logical; /* 1: two logical types that differ, decimals of other precision or scale too, do not fit; not for JAVA_PARITY */
    int32_t ignore_names;   /* 1: names of records, enums and fixed do not count; not for JAVA_PARITY */
    int32_t issues_max;     /* 0: 10,000; beyond it pln_compat_truncated is 1 */
} pln_compat_options;

/* One reason why data cannot be read. */
typedef struct pln_compat_issue {
    uint32_t struct_size;
    int32_t kind;
    int32_t old_reads_new; /* of pln_compat_check_level: 1 where the old schema is the reader */
    int32_t n_children;
    const char *path;    /* "/fields/0/type" */
    const char *message; /* as Java's: "reader type: STRING not compatible with writer type: LONG" */
    const char *description; /* a sentence, as Confluent's registry says it */
    /*
     * MISSING_UNION_BRANCH: why the branches that come nearest do not fit, with paths that go on into the reader's branch. Empty in JAVA_PARITY.
     */
    const struct pln_compat_issue *children;
} pln_compat_issue;

/* The versions that a new schema is held against. */
typedef struct pln_compat_history {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t n_previous;
    const pln_avro_schema *const *previous; /* the newest first */
    const int32_t *versions;                /* their numbers, for messages; NULL: none are known */
} pln_compat_history;

typedef struct pln_compat pln_compat;

/*
 * Hold a reader's schema against a writer's.
 *
 * That the two do not fit is an answer, not an error. Time and memory are bounded for any pair of schemas.
 *
 * Errors: PLN_EINVAL names an option; PLN_ELIMIT if the pair needs more than 10 million comparisons; PLN_ENOMEM.
 * Owner: *out is yours; pln_compat_free. The schemas may go before it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_compat_check(pln_runtime *runtime, const pln_avro_schema *reader,
                                    const pln_avro_schema *writer,
                                    const pln_compat_options *options, pln_compat **out,
                                    pln_error *err);

/*
 * Hold a new version against those before it, as a registry does. The transitive levels stop at the first version that does not fit; FULL lists first
 * what old readers cannot read, then what the new one cannot.
 *
 * Errors: PLN_EINVAL names the level or option; PLN_ELIMIT, PLN_ENOMEM as for pln_compat_check.
 * Owner: *out is yours; pln_compat_free. The schemas may go before it.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_compat_check_level(pln_runtime *runtime, int32_t level,
                                          const pln_avro_schema *schema,
                                          const pln_compat_history *history,
                                          const pln_compat_options *options, pln_compat **out,
                                          pln_error *err);

/*
 * Whether all is well: 1 or 0.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_compat_compatible(const pln_compat *answer);

/*
 * The number of issues, without those inside others.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_compat_count(const pln_compat *answer);

/*
 * Issue number `index`, or NULL if there is none. They stand in the order of the reader's schema.
 *
 * Errors: none.
 * Owner: lent; valid while the answer is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_compat_issue *pln_compat_issue_at(const pln_compat *answer, int64_t index);

/*
 * 1 if there are more issues than are listed: beyond issues_max, or too deep in schemas made to cost. The verdict is right all the same.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_compat_truncated(const pln_compat *answer);

/*
 * The index in the history of the version that does not fit, or -1.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_compat_version(const pln_compat *answer);

/*
 * The number of lines that Confluent's registry answers with: one an issue, then that of the old version and its schema, then that of the level
 * (the last three only for pln_compat_check_level).
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_compat_message_count(const pln_compat *answer);

/*
 * Line number `index`, as "{errorType:'TYPE_MISMATCH', description:'…', additionalInfo:'…'}", or NULL if there is none.
 *
 * Errors: none.
 * Owner: lent; valid while the answer is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_compat_message_at(const pln_compat *answer, int64_t index);

/*
 * The answer as JSON: {"compatible", "incompatibilities": [{"type", "path", "message", "description", "children"}], "truncated"}; children and truncated
 * only where there are any.
 *
 * Errors: PLN_ENOMEM.
 * Owner: *text is yours; free it with pln_text_free of the runtime that checked.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_compat_json(const pln_compat *answer, char **text, pln_error *err);

/*
 * Free an answer. NULL is allowed.
 *
 * Errors: none.
 * Owner: the answer is gone, with all that it lent.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_compat_free(pln_compat *answer);

/*
 * The name of a kind, such as "TYPE_MISMATCH", or NULL.
 *
 * Errors: none.
 * Owner: the library; static text.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_compat_kind_name(int32_t kind);

/*
 * The name of a level, such as "BACKWARD_TRANSITIVE", or NULL.
 *
 * Errors: none.
 * Owner: the library; static text.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_compat_level_name(int32_t level);

/*
 * The level of a name, in any case, or -1.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_compat_level_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif

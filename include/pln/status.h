/*
 * Status codes and the error record: how every fallible call of libpipeline answers.
 *
 * A call returns a pln_status: 0 is success, a positive value is a normal turn of flow (no data yet,
 * end of stream), a negative value is an error. Details go into a pln_error that the caller owns and
 * passes last; NULL means "I do not want them"; a call that succeeds leaves it alone. Nothing is kept in errno or in thread-local storage,
 * so an error can be carried across threads, coroutines and languages.
 *
 *     pln_error err = {0};
 *     if (pln_graph_wire(g, "read > store", &err) < 0)
 *         fprintf(stderr, "%s: %s\n", err.where, err.message);
 */
#ifndef PLN_STATUS_H
#define PLN_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(PLN_API)
#define PLN_API __attribute__((visibility("default")))
#elif !defined(PLN_API)
#define PLN_API
#endif

typedef int32_t pln_status;

/* Handles that more than one header names; what they are stands in runtime.h, batch.h, builder.h, avro_schema.h and schema_registry.h. */
typedef struct pln_runtime pln_runtime;
typedef struct pln_batch pln_batch;
typedef struct pln_builder pln_builder;
typedef struct pln_column pln_column;
typedef struct pln_avro_schema pln_avro_schema;
typedef struct pln_schema_registry pln_schema_registry;

/*
 * Every code once: X(name, value, text). Values never change and are never reused.
 * Flow (>= 0) first, then errors grouped by what the caller can do about them.
 */
#define PLN_STATUS_TABLE(X)                                                                        \
    X(PLN_OK, 0, "done")                                                                           \
    X(PLN_AGAIN, 1, "nothing to do now, ask again later")                                          \
    X(PLN_EOS, 2, "end of the stream")                                                             \
    X(PLN_SCHEMA, 3, "the schema has changed, ask for it again")                                   \
    X(PLN_BARRIER, 4, "commit the epoch before the next poll")                                     \
    X(PLN_EINVAL, -1, "an argument is wrong")                                                      \
    X(PLN_ESTATE, -2, "the call is not allowed now")                                               \
    X(PLN_ENOMEM, -3, "out of memory, or the memory limit was reached")                            \
    X(PLN_ELIMIT, -4, "a limit other than memory was reached")                                     \
    X(PLN_ENAME, -5, "no such stage, node, port, option or column")                                \
    X(PLN_EOPTION, -6, "an option is unknown, missing or ill-typed")                               \
    X(PLN_ESYNTAX, -7, "wiring, expression, schema or JSON text does not parse")                   \
    X(PLN_ETYPE, -8, "types or schemas do not fit together")                                       \
    X(PLN_EUNSUPPORTED, -9, "legal, but not offered here")                                         \
    X(PLN_EGUARANTEE, -10, "the guarantee asked for cannot be given by this graph")                \
    X(PLN_EDATA, -11, "data is malformed or does not fit its type")                                \
    X(PLN_EREJECTED, -12, "a row was rejected and no port takes it")                               \
    X(PLN_EIO, -13, "input or output failed")                                                      \
    X(PLN_EEXIST, -14, "it exists already")                                                        \
    X(PLN_ENOENT, -15, "no such file, table or object")                                            \
    X(PLN_EBUSY, -16, "in use by somebody else, try again")                                        \
    X(PLN_EFENCED, -17, "another owner has taken this run over")                                   \
    X(PLN_EDATALOSS, -18, "something that was durable is missing")                                 \
    X(PLN_ECORRUPT, -19, "durable state is damaged")                                               \
    X(PLN_EABI, -20, "the plugin and the library do not fit together")                             \
    X(PLN_ECONTRACT, -21, "a stage broke its contract")                                            \
    X(PLN_ECALLBACK, -22, "a callback of the host failed")                                         \
    X(PLN_ECANCELLED, -23, "stopped on request")                                                   \
    X(PLN_ETIMEOUT, -24, "a deadline passed")                                                      \
    X(PLN_EFORKED, -25, "the handle belongs to the parent of this process")                        \
    X(PLN_EINTERNAL, -26, "a defect of libpipeline")

#define PLN__STATUS_ENTRY(name, value, text) name = value,
enum { PLN_STATUS_TABLE(PLN__STATUS_ENTRY) PLN_STATUS_END_ = -1000 };
#undef PLN__STATUS_ENTRY

/* What a caller can do about an error. */
enum {
    PLN_ERR_RETRYABLE = 1, /* the same call may succeed later */
    PLN_ERR_FATAL = 2,     /* the handle is of no further use; free it */
    PLN_ERR_DATA = 4       /* a row is at fault, not the program; retrying cannot help */
};

/*
 * One error, 512 bytes for ever, plain data. `where` is a path such as "orders/valid" (graph/node) or a
 * file; `message` names the noun and the value. Both are NUL-terminated, valid UTF-8 with control
 * characters escaped, and truncated at a character border with "…" where they do not fit.
 * `native` is the code of the layer below (errno, an SQLite result code), 0 if there is none.
 */
typedef struct pln_error {
    int32_t status;
    uint32_t flags;
    int64_t native;
    char where[112];
    char message[384];
} pln_error;

/*
 * The name of a status, such as "PLN_ENOMEM", or "PLN_UNKNOWN".
 *
 * Errors: none.
 * Owner: the library; static text.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_status_name(pln_status status);

/*
 * The sentence that PLN_STATUS_TABLE gives for a status, in English.
 *
 * Errors: none.
 * Owner: the library; static text.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_status_text(pln_status status);

#ifdef __cplusplus
}
#endif

#endif

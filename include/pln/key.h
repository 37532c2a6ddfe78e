/*
 * Keys of rows: the same row gives the same key in any file, format, language or year.
 *
 * A key is a hash of the canonical bytes of some columns of a row. The bytes are typed and length-prefixed, so that ('a-b', 'c') and ('a', 'b-c')
 * differ, NULL is not the empty text, and the width, unit or dictionary that a column happens to have does not count: 5 in
 * an int8 and in a uint64 are one value, and so are 1000 ms and 1 s. pln-keys(7) draws every byte of version 1 and gives vectors.
 *
 *     const char *const fields[] = {"order_id", "customer.email"};
 *     pln_keys_new(rt, schema, fields, 2, NULL, &keys, &err);
 *     pln_keys_batch(keys, pln_batch_array(batch), out, &err);           16 bytes a row
 *
 * A row that is written again after a crash has the key that it had before: a table whose primary key it is takes it once.
 */
#ifndef PLN_KEY_H
#define PLN_KEY_H

#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLN_KEY_VERSION 1 /* the first of the canonical bytes */
#define PLN_KEY_SIZE 16
#define PLN_KEY_DIGEST_SIZE 32
#define PLN_KEY_HEX_SIZE 33  /* 32 characters and a NUL */
#define PLN_KEY_UUID_SIZE 37 /* 36 characters and a NUL */
#define PLN_KEY_SECRET_MIN 16

/* What the canonical bytes are hashed with. */
enum {
    PLN_KEY_XXH3 = 0,   /* XXH3-128, big-endian; fast, but whoever chooses the rows can make two of them collide */
    PLN_KEY_SHA256 = 1, /* the first 16 bytes of SHA-256: for rows that somebody hostile may choose */
    /*
     * MD5 of what dbt_utils.generate_surrogate_key hashes on PostgreSQL: the fields as text with '-' between them. For tables that have such keys
     * already; ('a-b', 'c') and ('a', 'b-c') are one key of it.
     */
    PLN_KEY_DBT_SURROGATE = 2
};

/* The keys of one schema's rows, with memory that is used again from batch to batch. */
typedef struct pln_keys pln_keys;

typedef struct pln_keys_options {
    uint32_t struct_size;
    int32_t hash; /* PLN_KEY_XXH3 ... */
    /*
     * At least PLN_KEY_SECRET_MIN bytes that only the host knows: keys that nobody else can compute from the row. XXH3 takes a secret that is
     * derived from them, SHA-256 becomes HMAC-SHA-256. NULL: none.
     */
    const uint8_t *secret; /* copied */
    int64_t secret_size;
} pln_keys_options;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes: XXH3-128 without a secret.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_keys_options_init(pln_keys_options *options, uint32_t size);

/*
 * Keys out of these fields of rows with this schema, in this order. A field is the name of a column, or a path "customer.address.city" into
 * structs; a column whose name has the whole text goes before a path. n 0: all columns, in the order of the schema. The names of the fields are not in the key.
 *
 * Errors: PLN_ENAME with the nearest name; PLN_ETYPE for a path into what is no struct, and for a type that PLN_KEY_DBT_SURROGATE has no text for; PLN_EINVAL
 * for a schema that is none, a field named twice, an unknown hash, a secret that is too short, or one for PLN_KEY_DBT_SURROGATE; PLN_EUNSUPPORTED, PLN_ELIMIT name the column; PLN_ENOMEM.
 * Owner: all arguments are copied; *out is yours, free it with pln_keys_free before the runtime.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_keys_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                                const char *const *fields, int64_t n_fields,
                                const pln_keys_options *options, pln_keys **out, pln_error *err);

/*
 * Free it, and what it lent. The secret is overwritten. NULL is allowed.
 *
 * Errors: none.
 * Owner: the handle is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_keys_free(pln_keys *keys);

/*
 * The keys of all rows of a batch: rows->length times PLN_KEY_SIZE bytes. The rows are a struct of the schema given to pln_keys_new, as
 * pln_batch_array lends one; an array of the program's own must be sound (pln_batch_import checks one). Once the handle has seen a batch
 * of the size and shape, nothing is allocated.
 *
 * Errors: PLN_EDATA for rows of another shape, and for an index, offset or branch that is out of range; PLN_ELIMIT names a row of more than 2 GiB; PLN_ENOMEM. What `out` holds is then undefined.
 * Owner: `rows` is borrowed for the call; `out` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_keys_batch(pln_keys *keys, const struct ArrowArray *rows, uint8_t *out,
                                  pln_error *err);

/*
 * The key of one row, PLN_KEY_SIZE bytes. A batch at a time is many times faster.
 *
 * Errors: as pln_keys_batch; PLN_EINVAL if the row is not there.
 * Owner: `rows` is borrowed for the call; `out` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_keys_row(pln_keys *keys, const struct ArrowArray *rows, int64_t row,
                                uint8_t *out, pln_error *err);

/*
 * The whole SHA-256 (or HMAC) of all rows: rows->length times PLN_KEY_DIGEST_SIZE bytes, of which the keys are the first 16.
 *
 * Errors: as pln_keys_batch; PLN_ESTATE for another hash.
 * Owner: `rows` is borrowed for the call; `out` is filled.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_keys_digests(pln_keys *keys, const struct ArrowArray *rows, uint8_t *out,
                                    pln_error *err);

/*
 * The canonical bytes of one row: what is hashed. For PLN_KEY_DBT_SURROGATE the joined text.
 *
 * Errors: as pln_keys_row.
 * Owner: *bytes is lent; valid until the handle is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_keys_encode(pln_keys *keys, const struct ArrowArray *rows, int64_t row,
                                   const uint8_t **bytes, int64_t *size, pln_error *err);

/*
 * A key as 32 lower-case hexadecimal digits and a NUL: `out` has PLN_KEY_HEX_SIZE bytes.
 *
 * Errors: none.
 * Owner: `out` is filled.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_key_hex(const uint8_t *key, char *out);

/*
 * A key as the text of a UUID of version 8 (RFC 9562) and a NUL: `out` has PLN_KEY_UUID_SIZE bytes. Six of its 128 bits give way to version and variant.
 *
 * Errors: none.
 * Owner: `out` is filled.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_key_uuid(const uint8_t *key, char *out);

#ifdef __cplusplus
}
#endif

#endif

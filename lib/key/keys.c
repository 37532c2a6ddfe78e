/* Handles, and keys as text. */
#include "key/internal.h"

void pln_keys_options_init(pln_keys_options *options, uint32_t size) {
    memset(options, 0, size);
    options->struct_size = size;
}

static pln_status check_options(const pln_keys_options *options, pln_error *err) {
    int32_t hash = options->hash;
    if (hash < PLN_KEY_XXH3 || hash > PLN_KEY_DBT_SURROGATE)
        return pln__error_set(err, PLN_EINVAL, "hash: %d is none of PLN_KEY_XXH3 ...", (int)hash);
    if (options->secret == NULL && options->secret_size == 0)
        return PLN_OK;
    if (hash == PLN_KEY_DBT_SURROGATE)
        return pln__error_set(err, PLN_EINVAL, "secret: surrogate keys of dbt have none");
    if (options->secret == NULL || options->secret_size < PLN_KEY_SECRET_MIN)
        return pln__error_set(err, PLN_EINVAL, "secret: at least %d bytes are needed, got %lld",
                              PLN_KEY_SECRET_MIN, (long long)options->secret_size);
    return PLN_OK;
}

static pln_status read_options(const pln_keys_options *given, pln_keys_options *out,
                               pln_error *err) {
    *out = (pln_keys_options){.struct_size = sizeof *out};
    if (given == NULL)
        return PLN_OK;
    if (given->struct_size < sizeof given->struct_size)
        return pln__error_set(err, PLN_EINVAL, "options: struct_size is %u, which is none",
                              (unsigned)given->struct_size);
    memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    return check_options(out, err);
}

pln_status pln__keys_new(const pln_allocator *mem, const struct ArrowSchema *schema,
                         const char *const *fields, int64_t n_fields,
                         const pln_keys_options *options, pln_keys **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln_keys_options o;
    pln_keys *keys = NULL;
    *out = NULL;
    if (n_fields < 0)
        PLN__FAIL(err, PLN_EINVAL, "%lld fields", (long long)n_fields);
    PLN__TRY(read_options(options, &o, err));
    PLN__TRY(pln__schema_check(schema, err));
    keys = pln__calloc(mem, 1, sizeof *keys);
    if (keys == NULL)
        return pln__error_memory(err, sizeof *keys);
    keys->mem = mem;
    keys->hash = o.hash;
    PLN__TRY(pln__schema_copy(mem, schema, &keys->schema, err));
    PLN__TRY(pln__keys_compile(keys, fields, n_fields, err));
    if (o.hash == PLN_KEY_DBT_SURROGATE)
        PLN__TRY(pln__keys_surrogate_check(keys, err));
    else
        pln__keys_hash_init(keys, o.secret, o.secret_size);
    *out = keys;
    return PLN_OK;
out:
    pln_keys_free(keys);
    return status;
}

pln_status pln_keys_new(pln_runtime *runtime, const struct ArrowSchema *schema,
                        const char *const *fields, int64_t n_fields,
                        const pln_keys_options *options, pln_keys **out, pln_error *err) {
    return pln__keys_new(pln__runtime_allocator(runtime), schema, fields, n_fields, options, out,
                         err);
}

/* A store that the compiler may not leave out because nobody reads it again. */
static void forget(void *bytes, size_t size) {
    memset(bytes, 0, size);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

void pln_keys_free(pln_keys *keys) {
    if (keys == NULL)
        return;
    const pln_allocator *mem = keys->mem;
    pln__free(mem, keys->nodes, (uint64_t)(keys->n_nodes + 1) * sizeof *keys->nodes);
    pln__free(mem, keys->fields, (uint64_t)(keys->n_fields + 1) * sizeof *keys->fields);
    pln__free(mem, keys->steps, (uint64_t)(keys->n_steps + 1) * sizeof *keys->steps);
    pln__free(mem, keys->spans, (uint64_t)keys->spans_capacity * sizeof *keys->spans);
    pln__buffer_free(mem, &keys->block);
    pln__buffer_free(mem, &keys->scratch);
    pln__schema_release(&keys->schema);
    forget(keys, sizeof *keys);
    pln__free(mem, keys, sizeof *keys);
}

/* ---- rows ---- */

static pln_status surrogates(pln_keys *keys, int64_t first, int64_t n, uint8_t *out,
                             pln_error *err) {
    for (int64_t i = 0; i < n; i++) {
        pln_status status = pln__keys_surrogate(keys, first + i, err);
        if (status < 0)
            return status;
        pln__md5_of(keys->block.data, keys->block.size, out + i * PLN_KEY_SIZE);
    }
    return PLN_OK;
}

static pln_status keys_of(pln_keys *keys, int64_t first, int64_t n, uint8_t *out, pln_error *err) {
    if (keys->hash == PLN_KEY_DBT_SURROGATE)
        return surrogates(keys, first, n, out, err);
    return pln__keys_rows(keys, first, n, pln__keys_hash, out, PLN_KEY_SIZE, err);
}

static pln_status bind_row(pln_keys *keys, const struct ArrowArray *rows, int64_t row,
                           pln_error *err) {
    if (row < 0 || row >= rows->length)
        return pln__error_set(err, PLN_EINVAL, "row %lld: the batch has %lld rows", (long long)row,
                              (long long)rows->length);
    return pln__keys_bind(keys, rows, err);
}

pln_status pln_keys_batch(pln_keys *keys, const struct ArrowArray *rows, uint8_t *out,
                          pln_error *err) {
    pln_status status = pln__keys_bind(keys, rows, err);
    return status < 0 ? status : keys_of(keys, 0, rows->length, out, err);
}

pln_status pln_keys_row(pln_keys *keys, const struct ArrowArray *rows, int64_t row, uint8_t *out,
                        pln_error *err) {
    pln_status status = bind_row(keys, rows, row, err);
    return status < 0 ? status : keys_of(keys, row, 1, out, err);
}

pln_status pln_keys_digests(pln_keys *keys, const struct ArrowArray *rows, uint8_t *out,
                            pln_error *err) {
    if (keys->hash != PLN_KEY_SHA256)
        return pln__error_set(err, PLN_ESTATE, "digests: only SHA-256 has more than the key");
    pln_status status = pln__keys_bind(keys, rows, err);
    if (status < 0)
        return status;
    return pln__keys_rows(keys, 0, rows->length, pln__keys_hash_whole, out, PLN_KEY_DIGEST_SIZE,
                          err);
}

pln_status pln_keys_encode(pln_keys *keys, const struct ArrowArray *rows, int64_t row,
                           const uint8_t **bytes, int64_t *size, pln_error *err) {
    pln_status status = bind_row(keys, rows, row, err);
    *bytes = NULL;
    *size = 0;
    if (status < 0)
        return status;
    if (keys->hash == PLN_KEY_DBT_SURROGATE) {
        status = pln__keys_surrogate(keys, row, err);
        *size = keys->block.size;
    } else {
        /* The part's row is the first of the block, and its size is kept. */
        status = pln__keys_rows(keys, row, 1, NULL, NULL, 0, err);
        *size = keys->sizes[0];
    }
    *bytes = keys->block.data;
    return status;
}

/* ---- text ---- */

static char *put_hex(char *out, const uint8_t *bytes, int n) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    return out;
}

void pln_key_hex(const uint8_t *key, char *out) {
    *put_hex(out, key, PLN_KEY_SIZE) = '\0';
}

void pln_key_uuid(const uint8_t *key, char *out) {
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    uint8_t uuid[PLN_KEY_SIZE];
    const uint8_t *at = uuid;
    memcpy(uuid, key, sizeof uuid);
    uuid[6] = (uint8_t)(0x80 | (uuid[6] & 0x0f));
    uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3f));
    for (int i = 0; i < PLN__COUNT(groups); at += groups[i++]) {
        if (i > 0)
            *out++ = '-';
        out = put_hex(out, at, groups[i]);
    }
    *out = '\0';
}

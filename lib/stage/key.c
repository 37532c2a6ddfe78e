#include "key/key.h"
#include "stage/stage.h"

enum { AS_BYTES, AS_HEX, AS_UUID };

typedef struct key_stage {
    const pln_allocator *mem;
    char *column;
    const char **fields;
    int64_t n_fields;
    int32_t output;
    pln_keys_options options;
    char *secret;
    pln_keys *keys;
    pln__buffer scratch; /* keys that become text */
} key_stage;

static void key_close(void *self, pln_context *ctx) {
    key_stage *k = self;
    (void)ctx;
    pln_keys_free(k->keys);
    for (int64_t i = 0; k->fields != NULL && i < k->n_fields; i++)
        pln__strfree(k->mem, (char *)(uintptr_t)k->fields[i]);
    pln__free(k->mem, k->fields, (uint64_t)(k->n_fields + 1) * sizeof *k->fields);
    /* Not with zeros: how long it is must stay known. */
    if (k->secret != NULL)
        memset(k->secret, 'x', strlen(k->secret));
    pln__strfree(k->mem, k->secret);
    pln__strfree(k->mem, k->column);
    pln__buffer_free(k->mem, &k->scratch);
    pln__free(k->mem, k, sizeof *k);
}

static pln_status copy_fields(key_stage *k, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    int64_t n = ctx->host->config_count(config, "fields");
    k->fields = pln__calloc(k->mem, (uint64_t)n + 1, sizeof *k->fields);
    if (k->fields == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *k->fields);
    k->n_fields = n;
    for (int64_t i = 0; i < n; i++) {
        char *field = NULL;
        const char *text = ctx->host->config_item(config, "fields", i, NULL);
        pln_status status = pln__stage_text(k->mem, text, &field, err);
        if (status < 0)
            return status;
        k->fields[i] = field;
    }
    return PLN_OK;
}

static pln_status set_up(key_stage *k, pln_context *ctx, const pln_config *config, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_host *host = ctx->host;
    const char *hash = host->config_text(config, "hash"),
               *output = host->config_text(config, "output"),
               *secret = host->config_text(config, "secret");
    pln_keys_options_init(&k->options, sizeof k->options);
    k->options.hash = strcmp(hash, "xxh3") == 0     ? PLN_KEY_XXH3
                      : strcmp(hash, "sha256") == 0 ? PLN_KEY_SHA256
                                                    : PLN_KEY_DBT_SURROGATE;
    k->output = strcmp(output, "bytes") == 0 ? AS_BYTES
                : strcmp(output, "hex") == 0 ? AS_HEX
                                             : AS_UUID;
    PLN__TRY(pln__stage_text(k->mem, host->config_text(config, "column"), &k->column, err));
    PLN__TRY(copy_fields(k, ctx, config, err));
    if (secret == NULL)
        return PLN_OK;
    if (k->options.hash == PLN_KEY_DBT_SURROGATE)
        PLN__FAIL(err, PLN_EOPTION, "option 'secret': surrogate keys of dbt have none");
    if (strlen(secret) < PLN_KEY_SECRET_MIN)
        PLN__FAIL(err, PLN_EOPTION, "option 'secret': at least %d bytes are needed",
                  PLN_KEY_SECRET_MIN);
    PLN__TRY(pln__stage_text(k->mem, secret, &k->secret, err));
    k->options.secret = (const uint8_t *)k->secret;
    k->options.secret_size = (int64_t)strlen(k->secret);
out:
    return status;
}

static pln_status key_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *err) {
    const pln_allocator *mem = ctx->host->allocator(ctx);
    key_stage *k = pln__calloc(mem, 1, sizeof *k);
    (void)user;
    if (k == NULL)
        return pln__error_memory(err, sizeof *k);
    k->mem = mem;
    pln_status status = set_up(k, ctx, config, err);
    if (status < 0)
        key_close(k, ctx);
    else
        *self = k;
    return status;
}

static pln_status key_schema(void *self, pln_context *ctx, const struct ArrowSchema *const *in,
                             int32_t n_in, struct ArrowSchema *out, int32_t n_out, pln_error *err) {
    pln_status status = PLN_OK;
    key_stage *k = self;
    int64_t n = in[0]->n_children;
    (void)ctx;
    (void)n_in;
    (void)n_out;
    if (pln__schema_find(in[0], k->column) >= 0)
        return pln__error_set(err, PLN_EOPTION, "option 'column': the input has a column '%s'",
                              k->column);
    pln_keys_free(k->keys);
    k->keys = NULL;
    status = pln__keys_new(k->mem, in[0], k->fields, k->n_fields, &k->options, &k->keys, err);
    if (status < 0) {
        pln__error_prefix(err, "fields");
        return status;
    }
    PLN__TRY(pln__field_new(k->mem, "+s", in[0]->name == NULL ? "" : in[0]->name, false, n + 1, out,
                            err));
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(pln__schema_copy(k->mem, in[0]->children[i], out->children[i], err));
    PLN__TRY(pln__field_new(k->mem, k->output == AS_BYTES ? "w:16" : "u", k->column, false, 0,
                            out->children[n], err));
    if (k->output == AS_UUID)
        PLN__TRY(pln__field_set_metadata(out->children[n], "pln.logical", "uuid", err));
out:
    return status;
}

/* ---- the column ---- */

static void put_texts(const key_stage *k, int64_t rows, int64_t width, pln__buffer buffers[3]) {
    char text[PLN_KEY_UUID_SIZE];
    for (int64_t i = 0; i <= rows; i++) {
        int32_t at = (int32_t)(i * width);
        memcpy(buffers[1].data + 4 * i, &at, 4);
    }
    for (int64_t i = 0; i < rows; i++) {
        const uint8_t *key = k->scratch.data + i * PLN_KEY_SIZE;
        if (k->output == AS_HEX)
            pln_key_hex(key, text);
        else
            pln_key_uuid(key, text);
        memcpy(buffers[2].data + i * width, text, (size_t)width);
    }
    buffers[1].size = 4 * (rows + 1);
    buffers[2].size = rows * width;
}

static pln_status make_texts(key_stage *k, const struct ArrowArray *in, pln__buffer buffers[3],
                             pln_error *err) {
    pln_status status = PLN_OK;
    int64_t rows = in->length, width = k->output == AS_HEX ? 32 : 36;
    if (rows > INT32_MAX / width)
        PLN__FAIL(err, PLN_ELIMIT, "column %s: %lld keys as text have more than 2 GiB", k->column,
                  (long long)rows);
    k->scratch.size = 0;
    PLN__TRY(pln__buffer_reserve(k->mem, &k->scratch, rows * PLN_KEY_SIZE + 1, err));
    PLN__TRY(pln_keys_batch(k->keys, in, k->scratch.data, err));
    PLN__TRY(pln__buffer_reserve(k->mem, &buffers[1], 4 * (rows + 1), err));
    PLN__TRY(pln__buffer_reserve(k->mem, &buffers[2], rows * width + 1, err));
    put_texts(k, rows, width, buffers);
out:
    return status;
}

static pln_status make_column(key_stage *k, const struct ArrowArray *in, struct ArrowArray *out,
                              pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer buffers[3] = {{0}};
    pln__array_parts parts = {.length = in->length, .buffers = buffers};
    parts.n_buffers = k->output == AS_BYTES ? 2 : 3;
    if (k->output == AS_BYTES) {
        buffers[1].size = 0;
        PLN__TRY(pln__buffer_reserve(k->mem, &buffers[1], in->length * PLN_KEY_SIZE + 1, err));
        PLN__TRY(pln_keys_batch(k->keys, in, buffers[1].data, err));
        buffers[1].size = in->length * PLN_KEY_SIZE;
    } else {
        PLN__TRY(make_texts(k, in, buffers, err));
    }
    for (int i = 1; i < parts.n_buffers; i++)
        pln__buffer_seal(&buffers[i]);
    return pln__array_make(k->mem, &parts, out, err);
out:
    pln__buffer_free(k->mem, &buffers[1]);
    pln__buffer_free(k->mem, &buffers[2]);
    return status;
}

static pln_status key_process(void *self, pln_context *ctx, int32_t port, pln_batch *batch,
                              pln_error *err) {
    pln_status status = PLN_OK;
    key_stage *k = self;
    const struct ArrowArray *rows = ctx->host->batch_array(batch);
    int64_t n = rows->n_children;
    uint64_t size = (uint64_t)(n + 1) * sizeof(struct ArrowArray);
    struct ArrowArray *columns = pln__calloc(k->mem, (uint64_t)n + 1, sizeof *columns), all = {0};
    pln_batch *out = NULL;
    (void)port;
    if (columns == NULL)
        return pln__error_memory(err, size);
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(pln__array_share(k->mem, rows->children[i], &columns[i], err));
    PLN__TRY(make_column(k, rows, &columns[n], err));
    status = pln__array_struct(k->mem, rows->length, columns, n + 1, &all, err);
    memset(columns, 0, (size_t)size); /* moved, also on failure */
    PLN__TRY(status);
    PLN__TRY(ctx->host->batch_derive(ctx, 0, batch, NULL, rows->length, &all, &out, err));
    PLN__TRY(ctx->host->emit(ctx, 0, out, err));
out:
    for (int64_t i = 0; i <= n; i++)
        pln__array_release(&columns[i]);
    pln__free(k->mem, columns, size);
    return status;
}

static const pln_option options[] = {
    {"fields", PLN_OPT_TEXTS, 0, NULL, NULL,
     "the columns, or paths into structs (\"customer.email\"), that make the key, in this order; all columns if not given"},
    {"column", PLN_OPT_TEXT, 0, "\"key\"", NULL, "the name of the column with the key, which is added at the end"},
    {"output", PLN_OPT_ENUM, 0, "\"hex\"", "bytes|hex|uuid",
     "16 bytes, 32 hexadecimal digits, or a UUID of version 8"},
    {"hash", PLN_OPT_ENUM, 0, "\"xxh3\"", "xxh3|sha256|dbt_surrogate", "what makes the key of the fields"},
    {"secret", PLN_OPT_SECRET, 0, NULL, NULL, "at least 16 bytes: keys that nobody else can compute"},
    {0}};

const pln_transform pln__key_stage = {
    .struct_size = sizeof(pln_transform),
    .abi = PLN_PLUGIN_ABI,
    .name = "key",
    .summary = "Adds a column with a key of each row.",
    .options = options,
    .option_size = sizeof(pln_option),
    .caps = PLN_CAP_ROWWISE | PLN_CAP_DETERMINISTIC,
    .open = key_open,
    .process = key_process,
    .close = key_close,
    .schema = key_schema,
};

#include "connect/file/parts.h"

enum {
    HEADER_MAX = 5 << 20, /* beyond what a reader takes of metadata */
    FRAME = 64,
    BLOCK_BYTES_MAX = 16 << 20
};

static pln_status take_schema(pln__file_dialect *dialect, const char *text, int64_t size,
                              struct ArrowSchema *out, pln_error *err) {
    pln__avro_schema *schema;
    pln_status status = pln__avro_parse(dialect->mem, text, size, NULL, &schema, err);
    if (status >= 0 && out != NULL) {
        status = pln__avro_to_arrow(dialect->mem, schema, out, err);
        if (status < 0)
            pln__avro_schema_unref(schema);
    }
    if (status < 0)
        return status;
    dialect->avro_schema = schema;
    dialect->avro_read.reader = dialect->avro_write.schema = schema;
    return PLN_OK;
}

static pln_status learn(pln__file_dialect *dialect, const uint8_t *bytes, int64_t size, bool whole,
                        struct ArrowSchema *out, pln_error *err) {
    pln__avro_schema *schema = NULL;
    pln_status status = pln__avro_file_schema(dialect->mem, bytes, size, whole, &schema, err);
    if (status == PLN_AGAIN)
        status = pln__error_set(
            err, PLN_ELIMIT, "header of the container file: more than %lld bytes", (long long)size);
    if (status == PLN_OK)
        status = pln__avro_to_arrow(dialect->mem, schema, out, err);
    if (status == PLN_OK)
        dialect->avro_read.reader = dialect->avro_schema = schema;
    else if (schema != NULL)
        pln__avro_schema_unref(schema);
    return status;
}

static pln_status read_options(pln__file_dialect *out, const pln_host *host,
                               const pln_config *config, pln_error *err) {
    (void)host;
    (void)config;
    (void)err;
    out->options = &out->avro_read;
    return PLN_OK;
}

static pln_status record_name(pln__file_dialect *out, const pln_host *host,
                              const pln_config *config, pln_error *err) {
    const char *name = host->config_text(config, "name");
    const char *space = host->config_text(config, "namespace");
    if (host->config_has(config, "schema") &&
        (host->config_has(config, "name") || host->config_has(config, "namespace")))
        return pln__error_set(err, PLN_EOPTION,
                              "options 'name' and 'namespace': the schema has its own");
    pln__text full;
    pln__text_init(&full, out->mem);
    if (space != NULL && space[0] != '\0')
        pln__text_printf(&full, "%s.", space);
    pln__text_str(&full, name);
    pln_status status = pln__text_status(&full, err);
    if (status >= 0)
        status = pln__file_dialect_text(out, full.data, &out->avro_write.record_name, err);
    pln__text_free(&full);
    return status;
}

static pln_status write_options(pln__file_dialect *out, const pln_host *host,
                                const pln_config *config, pln_error *err) {
    pln__avro_write_dialect *avro = &out->avro_write;
    const char *codec = host->config_text(config, "codec");
    int64_t level = host->config_int(config, "level");
    pln_status status = PLN_OK;
    avro->block_rows = host->config_int(config, "block_rows");
    avro->block_bytes = host->config_int(config, "block_bytes");
    if (avro->block_rows < 1 || avro->block_rows > PLN__AVRO_BLOCK_ROWS)
        PLN__FAIL(err, PLN_EOPTION, "option 'block_rows': %lld is not in 1 to %d",
                  (long long)avro->block_rows, PLN__AVRO_BLOCK_ROWS);
    if (avro->block_bytes < 1 || avro->block_bytes > BLOCK_BYTES_MAX)
        PLN__FAIL(err, PLN_EOPTION, "option 'block_bytes': %lld is not in 1 to %d",
                  (long long)avro->block_bytes, BLOCK_BYTES_MAX);
    PLN__TRY(pln__avro_codec_find(codec, (int64_t)strlen(codec), &avro->codec, err));
    status = pln__avro_level_check(avro->codec, level, err);
    if (status < 0) {
        pln__error_prefix(err, "option 'level'");
        goto out;
    }
    avro->level = (int32_t)level;
    PLN__TRY(record_name(out, host, config, err));
    out->options = avro;
out:
    return status;
}

const pln__file_format pln__avro_format = {
    .name = "avro",
    .decoder = &pln__avro_file_decoder,
    .encoder = &pln__avro_file_encoder,
    .read_options = read_options,
    .write_options = write_options,
    .take_schema = take_schema,
    .learn = learn,
    .sample_bytes = HEADER_MAX,
    .record_bytes_max = PLN__AVRO_BLOCK_MAX + FRAME,
};

#include "connect/file/parts.h"
#include "connect/file/file.h"
#include "schema/schema.h"
#include "store/store.h"

pln_status pln__file_dialect_text(pln__file_dialect *dialect, const char *text, const char **out,
                                  pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__grow(dialect->mem, &dialect->texts, &dialect->texts_capacity,
                       dialect->n_texts + 1, sizeof *dialect->texts, err));
    char *copy = pln__strdup(dialect->mem, text);
    if (copy == NULL)
        return pln__error_memory(err, strlen(text) + 1);
    dialect->texts[dialect->n_texts++] = copy;
    *out = copy;
out:
    return status;
}

/* A NULL-terminated list of an option's texts; an option that is not set leaves *list NULL. */
static pln_status keep_list(pln__file_dialect *dialect, const pln_host *host,
                            const pln_config *config, const char *key, const char ***list,
                            int64_t *capacity, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = host->config_count(config, key);
    if (!host->config_has(config, key))
        return PLN_OK;
    PLN__TRY(pln__grow(dialect->mem, list, capacity, n + 1, sizeof **list, err));
    for (int64_t i = 0; i < n; i++) {
        const char *text = host->config_item(config, key, i, NULL);
        if (text == NULL)
            PLN__FAIL(err, PLN_EOPTION, "option '%s': item %lld is no text", key, (long long)i);
        PLN__TRY(pln__file_dialect_text(dialect, text, &(*list)[i], err));
    }
    (*list)[n] = NULL;
out:
    return status;
}

/* One ASCII character that is no line end, or 0 for an empty or missing text. */
static pln_status read_char(const pln_host *host, const pln_config *config, const char *key,
                            bool required, char *out, pln_error *err) {
    const char *text = host->config_text(config, key);
    char shown[PLN__SHOW_SIZE];
    *out = '\0';
    if (text == NULL || text[0] == '\0') {
        if (required)
            return pln__error_set(err, PLN_EOPTION, "option '%s': expected one character, got none",
                                  key);
        return PLN_OK;
    }
    if (text[1] != '\0' || (unsigned char)text[0] >= 0x80 || text[0] == '\n' || text[0] == '\r')
        return pln__error_set(err, PLN_EOPTION,
                              "option '%s': expected one ASCII character that ends no line, got %s",
                              key, pln__show(shown, text, (int64_t)strlen(text)));
    *out = text[0];
    return PLN_OK;
}

static pln_status csv_chars(pln__file_dialect *out, const pln_host *host, const pln_config *config,
                            bool reading, pln_error *err) {
    pln_status status = PLN_OK;
    pln__csv_dialect *csv = &out->csv;
    PLN__TRY(read_char(host, config, "delimiter", true, &csv->delimiter, err));
    PLN__TRY(read_char(host, config, "quote", false, &csv->quote, err));
    if (reading) {
        PLN__TRY(read_char(host, config, "escape", false, &csv->escape, err));
        PLN__TRY(read_char(host, config, "comment", false, &csv->comment, err));
    }
    const char chars[] = {csv->delimiter, csv->quote, csv->escape, csv->comment};
    static const char *const names[] = {"delimiter", "quote", "escape", "comment"};
    for (int i = 0; i < 4; i++)
        for (int j = i + 1; j < 4; j++)
            if (chars[i] != '\0' && chars[i] == chars[j])
                PLN__FAIL(err, PLN_EOPTION, "options '%s' and '%s' are the same character '%c'",
                          names[i], names[j], chars[i]);
out:
    return status;
}

static pln_status csv_read_options(pln__file_dialect *out, const pln_host *host,
                                   const pln_config *config, pln_error *err) {
    pln_status status = PLN_OK;
    pln__csv_dialect *csv = &out->csv;
    int64_t skip = host->config_int(config, "skip_lines");
    PLN__TRY(csv_chars(out, host, config, true, err));
    PLN__TRY(keep_list(out, host, config, "nulls", &out->nulls, &out->nulls_capacity, err));
    PLN__TRY(keep_list(out, host, config, "columns", &out->columns, &out->columns_capacity, err));
    if (skip < 0 || skip > INT32_MAX)
        PLN__FAIL(err, PLN_EOPTION, "option 'skip_lines': %lld is no number of lines",
                  (long long)skip);
    csv->nulls = out->nulls;
    csv->columns = out->columns;
    csv->skip_lines = (int32_t)skip;
    csv->header = host->config_int(config, "header") != 0;
    csv->trim = host->config_int(config, "trim") != 0;
    csv->ragged = host->config_int(config, "ragged") != 0;
    csv->quoted_null = host->config_int(config, "quoted_null") != 0;
    csv->skip_blank = host->config_int(config, "skip_blank") != 0;
    if (csv->header && csv->columns != NULL && host->config_has(config, "header"))
        PLN__FAIL(err, PLN_EOPTION, "options 'columns' and 'header': names come from one of them");
    if (csv->columns != NULL)
        csv->header = false;
out:
    return status;
}

static int32_t enum_index(const pln_host *host, const pln_config *config, const char *key,
                          const char *const *values) {
    const char *text = host->config_text(config, key);
    for (int32_t i = 0; values[i] != NULL; i++)
        if (text != NULL && strcmp(text, values[i]) == 0)
            return i;
    return 0;
}

static pln_status csv_write_options(pln__file_dialect *out, const pln_host *host,
                                    const pln_config *config, pln_error *err) {
    static const char *const quotings[] = {"minimal", "all", "text", NULL};
    static const char *const newlines[] = {"lf", "crlf", NULL};
    pln_status status = PLN_OK;
    pln__csv_dialect *csv = &out->csv;
    PLN__TRY(csv_chars(out, host, config, false, err));
    PLN__TRY(
        pln__file_dialect_text(out, host->config_text(config, "null_text"), &csv->null_text, err));
    csv->header = host->config_int(config, "header") != 0;
    csv->quoting = enum_index(host, config, "quoting", quotings);
    csv->newline = enum_index(host, config, "newline", newlines) == 1 ? "\r\n" : "\n";
    csv->formula_guard = host->config_int(config, "formula_guard") != 0;
out:
    return status;
}

static pln_status ndjson_read_options(pln__file_dialect *out, const pln_host *host,
                                      const pln_config *config, pln_error *err) {
    static const char *const duplicates[] = {"reject", "first", "last", NULL};
    pln__json_dialect *json = &out->json;
    int64_t nesting = host->config_int(config, "nesting_max");
    if (nesting < 1 || nesting > PLN__NESTING_MAX)
        return pln__error_set(err, PLN_EOPTION, "option 'nesting_max': %lld is not in 1 to %d",
                              (long long)nesting, PLN__NESTING_MAX);
    json->nesting_max = (int32_t)nesting;
    json->duplicates = enum_index(host, config, "duplicates", duplicates);
    json->unknown_reject = strcmp(host->config_text(config, "unknown"), "reject") == 0;
    json->missing_reject = strcmp(host->config_text(config, "missing"), "reject") == 0;
    json->float_to_int = host->config_int(config, "float_to_int") != 0;
    json->text_to_number = host->config_int(config, "text_to_number") != 0;
    json->number_to_text = host->config_int(config, "number_to_text") != 0;
    return PLN_OK;
}

static pln_status ndjson_write_options(pln__file_dialect *out, const pln_host *host,
                                       const pln_config *config, pln_error *err) {
    (void)err;
    out->json.write_nulls = host->config_int(config, "write_nulls") != 0;
    return PLN_OK;
}

const pln__file_format pln__csv_format = {.name = "csv", .decoder = &pln__csv_decoder,
                                          .encoder = &pln__csv_encoder,
                                          .read_options = csv_read_options,
                                          .write_options = csv_write_options};
const pln__file_format pln__ndjson_format = {.name = "ndjson", .decoder = &pln__json_decoder,
                                             .encoder = &pln__json_encoder,
                                             .read_options = ndjson_read_options,
                                             .write_options = ndjson_write_options};

void pln__file_dialect_init(pln__file_dialect *dialect, const pln_allocator *mem,
                            const pln__file_format *format) {
    memset(dialect, 0, sizeof *dialect);
    dialect->mem = mem;
    dialect->format = format;
    pln__csv_dialect_default(&dialect->csv);
    pln__json_dialect_default(&dialect->json);
    if (format == &pln__csv_format)
        dialect->options = &dialect->csv;
    else if (format == &pln__ndjson_format)
        dialect->options = &dialect->json;
}

void pln__file_dialect_free(pln__file_dialect *dialect) {
    if (dialect->mem == NULL)
        return;
    for (int64_t i = 0; i < dialect->n_texts; i++)
        pln__strfree(dialect->mem, dialect->texts[i]);
    pln__free(dialect->mem, dialect->texts, (uint64_t)dialect->texts_capacity * sizeof(char *));
    pln__free(dialect->mem, dialect->nulls, (uint64_t)dialect->nulls_capacity * sizeof(char *));
    pln__free(dialect->mem, dialect->columns, (uint64_t)dialect->columns_capacity * sizeof(char *));
    if (dialect->avro_schema != NULL)
        pln__avro_schema_unref(dialect->avro_schema);
    memset(dialect, 0, sizeof *dialect);
}

pln_status pln__config_schema_open(pln__config_schema *out, const pln_allocator *mem,
                                   pln_context *ctx, const pln_config *config, pln_error *err) {
    const pln_host *host = ctx->host;
    *out = (pln__config_schema){.text = host->config_text(config, "schema"), .size = -1};
    if (out->text == NULL)
        out->text = host->config_json(config, "schema");
    else if (strchr("{[\"", out->text[strspn(out->text, " \t\r\n")]) == NULL)
        out->path = out->text;
    if (out->path != NULL) {
        pln_status status = pln__file_read_all(host->files(ctx), mem, out->path,
                                               PLN__SCHEMA_TEXT_MAX, &out->loaded, &out->size, err);
        out->text = out->loaded;
        return status;
    }
    return out->text == NULL ? pln__error_memory(err, 0) : PLN_OK;
}

void pln__config_schema_free(pln__config_schema *self, const pln_allocator *mem) {
    pln__free(mem, self->loaded, (uint64_t)self->size + 1);
}

int32_t pln__file_compression(const pln_host *host, const pln_config *config) {
    static const char *const values[] = {"auto", "none", "gzip", NULL};
    return enum_index(host, config, "compression", values);
}

pln_status pln__connect_file_register(const pln_host *host, pln_registry *registry,
                                      pln_error *err) {
    /* The format is never written through `user`; the table asks for a plain pointer. */
    const struct {
        int32_t kind;
        const void *table;
        const pln__file_format *format;
    } stages[] = {
        {PLN_SOURCE, &pln__csv_read, &pln__csv_format},
        {PLN_SOURCE, &pln__ndjson_read, &pln__ndjson_format},
        {PLN_SINK, &pln__csv_write, &pln__csv_format},
        {PLN_SINK, &pln__ndjson_write, &pln__ndjson_format},
        {PLN_SOURCE, &pln__avro_read, &pln__avro_format},
        {PLN_SINK, &pln__avro_write, &pln__avro_format},
    };
    for (int i = 0; i < PLN__COUNT(stages); i++) {
        pln_status status = host->register_stage(registry, stages[i].kind, stages[i].table,
                                                 (void *)(uintptr_t)stages[i].format, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

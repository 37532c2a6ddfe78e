#include "connect/sqlite/sink.h"

#define COMMON                                                                                     \
    {"database",                                                                                   \
     PLN_OPT_TEXT,                                                                                 \
     1,                                                                                            \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "The database file. Its directory must exist; the file itself may not be a symbolic link."},  \
        {"table", PLN_OPT_TEXT, 1, NULL, NULL, "The table."},                                      \
        {"create",                                                                                 \
         PLN_OPT_BOOL,                                                                             \
         0,                                                                                        \
         "true",                                                                                   \
         NULL,                                                                                     \
         "Make the file and the table, with a column for each of the rows', if they are not "      \
         "there."},                                                                                \
        {"on_new_column", PLN_OPT_ENUM, 0,                                                         \
         "\"fail\"",      "fail|add",   "What to do with a column that the table does not have."}, \
        {"timestamps",                                                                             \
         PLN_OPT_ENUM,                                                                             \
         0,                                                                                        \
         "\"text\"",                                                                               \
         "text|integer",                                                                           \
         "Timestamps as ISO 8601 text, with all digits of their unit and a Z where the column "    \
         "has a time zone, or as the count of units."                                              \
         " Dates and times of day are always text."},                                              \
        {"decimals", PLN_OPT_ENUM, 0,                                                              \
         "\"text\"", "text|real",  "Decimals as text with all digits, or as the nearest double."}, \
        {"busy_timeout",                                                                           \
         PLN_OPT_DURATION,                                                                         \
         0,                                                                                        \
         "\"5s\"",                                                                                 \
         NULL,                                                                                     \
         "How long to wait for a database that somebody else is writing to."},                     \
    {                                                                                              \
        "cache", PLN_OPT_BYTES, 0, "\"64MiB\"", NULL,                                              \
            "What SQLite may hold of the file in memory."                                          \
    }
#define END                                                                                        \
    { NULL, 0, 0, NULL, NULL, NULL }

const pln_option pln__lite_append_options[] = {
    COMMON,
    {"key", PLN_OPT_COLUMNS, 0, NULL, NULL,
     "Columns of the primary key of a table that is made; rows that break it are rejected. With "
     "key_column: the columns that make a row's key; all if not given."},
    {"key_column", PLN_OPT_TEXT, 0, NULL, NULL,
     "A column, behind those of the rows, for a key of each row. A row whose key is there is left "
     "out and counted as a duplicate. The table must have a primary key or unique index on it."},
    END,
};

const pln_option pln__lite_upsert_options[] = {
    COMMON,
    {"key", PLN_OPT_COLUMNS, 1, NULL, NULL,
     "The columns that say which row is meant; the table must have a primary key or unique index "
     "on them. A row with a null in them is rejected."},
    {"version", PLN_OPT_COLUMN, 0, NULL, NULL,
     "A column that grows with each change: a row whose version is lower than the stored one is "
     "stale and changes nothing. Of equal versions the last"
     " row wins; null is the lowest."},
    {"delete", PLN_OPT_COLUMN, 0, NULL, NULL,
     "A boolean column, itself not stored: a row where it is true deletes the stored row with its "
     "key, unless that has a higher version. Nothing"
     " remembers the deletion: an older row that comes later is inserted."},
    {"sort", PLN_OPT_BOOL, 0, "true", NULL,
     "Write up to 65536 rows at a time in the order of their key, rows of one key as they came. It "
     "is left out where a trigger, another"
     " unique index or a collation could make the order show."},
    END,
};

const pln_option pln__lite_overwrite_options[] = {
    COMMON,
    {"key", PLN_OPT_COLUMNS, 0, NULL, NULL,
     "Columns of the primary key of a table that is made; rows that break it are rejected."},
    {"partition", PLN_OPT_COLUMNS, 0, NULL, NULL,
     "The columns whose values say which partition a row belongs to. The run replaces the "
     "partitions that its rows belong to and leaves the others alone;"
     " without this option it replaces the whole table."},
    {"partitions", PLN_OPT_JSON, 0, NULL, NULL,
     "Partitions to clear though no row comes for them: a list of values of the partition column, "
     "or of objects with a value for each."},
    END,
};

static pln_status dup_text(const pln_allocator *mem, const char *text, char **out, pln_error *err) {
    *out = NULL;
    if (text == NULL)
        return PLN_OK;
    *out = pln__strdup(mem, text);
    return *out == NULL ? pln__error_memory(err, strlen(text) + 1) : PLN_OK;
}

static void names_free(const pln_allocator *mem, pln__lite_names *names) {
    for (int64_t i = 0; i < names->count; i++)
        pln__strfree(mem, names->items[i]);
    pln__free(mem, names->items, (uint64_t)names->count * sizeof *names->items);
    *names = (pln__lite_names){NULL, 0};
}

static pln_status read_names(pln_context *ctx, const pln_config *config, const char *key,
                             pln__lite_names *out, pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    int64_t count = host->config_count(config, key);
    if (count == 0)
        return host->config_has(config, key)
                   ? pln__error_set(err, PLN_EOPTION, "option '%s': expected at least one column",
                                    key)
                   : PLN_OK;
    out->items = pln__calloc(mem, (uint64_t)count, sizeof *out->items);
    if (out->items == NULL)
        return pln__error_memory(err, (uint64_t)count * sizeof *out->items);
    out->count = count;
    for (int64_t i = 0; i < count; i++) {
        pln_status status =
            dup_text(mem, host->config_item(config, key, i, NULL), &out->items[i], err);
        if (status < 0)
            return status;
        for (int64_t j = 0; j < i; j++)
            if (pln__lite_name_equal(out->items[i], out->items[j]))
                return pln__error_set(err, PLN_EOPTION, "option '%s': column %s is named twice",
                                      key, out->items[i]);
    }
    return PLN_OK;
}

static pln_status one_name(const pln_allocator *mem, const char *name, pln__lite_names *out,
                           pln_error *err) {
    out->items = pln__calloc(mem, 1, sizeof *out->items);
    if (out->items == NULL)
        return pln__error_memory(err, sizeof *out->items);
    out->count = 1;
    return dup_text(mem, name, &out->items[0], err);
}

static bool chosen(const pln_host *host, const pln_config *config, const char *key,
                   const char *value) {
    const char *text = host->config_text(config, key);
    return text != NULL && strcmp(text, value) == 0;
}

pln_status pln__lite_config_read(pln_context *ctx, const pln_config *config, int32_t mode,
                                 pln__lite_config *out, pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln_status status = PLN_OK;
    memset(out, 0, sizeof *out);
    PLN__TRY(dup_text(mem, host->config_text(config, "table"), &out->table, err));
    PLN__TRY(pln__lite_name_check("table", out->table, err));
    out->create = host->config_int(config, "create") != 0;
    out->add_columns = chosen(host, config, "on_new_column", "add");
    out->storing.timestamps_integer = chosen(host, config, "timestamps", "integer");
    out->storing.decimals_real = chosen(host, config, "decimals", "real");
    out->keyed = mode == PLN__LITE_APPEND && host->config_has(config, "key_column");
    PLN__TRY(read_names(ctx, config, "key", out->keyed ? &out->fields : &out->key, err));
    if (out->keyed)
        PLN__TRY(one_name(mem, host->config_text(config, "key_column"), &out->key, err));
    if (mode == PLN__LITE_UPSERT) {
        out->sort = host->config_int(config, "sort") != 0;
        PLN__TRY(dup_text(mem, host->config_text(config, "version"), &out->version, err));
        PLN__TRY(dup_text(mem, host->config_text(config, "delete"), &out->tombstone, err));
    }
    if (mode == PLN__LITE_OVERWRITE) {
        PLN__TRY(read_names(ctx, config, "partition", &out->partition, err));
        PLN__TRY(dup_text(mem, host->config_json(config, "partitions"), &out->clear, err));
        if (out->clear != NULL && out->partition.count == 0)
            PLN__FAIL(err, PLN_EOPTION,
                      "option 'partitions': the option 'partition' does not name a column");
    }
out:
    return status;
}

void pln__lite_config_free(const pln_allocator *mem, pln__lite_config *config) {
    pln__strfree(mem, config->table);
    pln__strfree(mem, config->version);
    pln__strfree(mem, config->tombstone);
    pln__strfree(mem, config->clear);
    names_free(mem, &config->key);
    names_free(mem, &config->fields);
    names_free(mem, &config->partition);
}

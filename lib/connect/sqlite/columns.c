#include "connect/sqlite/sink.h"

static int32_t find_child(const struct ArrowSchema *schema, const char *name) {
    return (int32_t)pln__schema_find(schema, name);
}

static pln__lite_column *find_column(pln__lite_sink *sink, const char *name) {
    for (int64_t i = 0; i < sink->n_columns; i++)
        if (strcmp(sink->columns[i].name, name) == 0)
            return &sink->columns[i];
    return NULL;
}

/* SQLite sees no difference between A and a, so two columns that differ in nothing else cannot both be stored. */
static pln_status check_names(pln__lite_sink *sink, pln_error *err) {
    pln_status status = PLN_OK;
    pln__map *seen = pln__map_new(sink->mem, 0);
    char folded[256];
    if (seen == NULL)
        return pln__error_memory(err, 64);
    for (int64_t i = 0; i < sink->n_columns; i++) {
        const char *name = sink->columns[i].name;
        int64_t size = (int64_t)strlen(name), other;
        PLN__TRY(pln__lite_name_check("column", name, err));
        for (int64_t b = 0; b < size; b++)
            folded[b] = name[b] >= 'A' && name[b] <= 'Z' ? (char)(name[b] + 32) : name[b];
        if (pln__map_get(seen, folded, size, &other))
            PLN__FAIL(err, PLN_ETYPE,
                      "columns %s and %s have one name in SQLite, which does not tell case apart",
                      sink->columns[other].name, name);
        PLN__TRY(pln__map_put(seen, folded, size, i, err));
    }
out:
    pln__map_free(seen);
    return status;
}

static pln_status mark_key(pln__lite_sink *sink, pln_error *err) {
    const pln__lite_names *key = &sink->config.key;
    for (int64_t i = 0; i < key->count; i++) {
        pln__lite_column *column = find_column(sink, key->items[i]);
        if (column == NULL)
            return pln__schema_find_error(&sink->schema, key->items[i], err);
        column->key = true;
    }
    return PLN_OK;
}

static pln_status mark_partition(pln__lite_sink *sink, pln_error *err) {
    const pln__lite_names *partition = &sink->config.partition;
    for (int64_t i = 0; i < partition->count; i++) {
        pln__lite_column *column = find_column(sink, partition->items[i]);
        if (column == NULL)
            return pln__schema_find_error(&sink->schema, partition->items[i], err);
        column->partition = true;
    }
    return PLN_OK;
}

/* Versions are compared as they are stored, so what is stored must order as the values do. */
static pln_status mark_version(pln__lite_sink *sink, pln_error *err) {
    char text[PLN__TYPE_TEXT_SIZE];
    sink->version = -1;
    if (sink->config.version == NULL)
        return PLN_OK;
    pln__lite_column *column = find_column(sink, sink->config.version);
    if (column == NULL)
        return pln__schema_find_error(&sink->schema, sink->config.version, err);
    if (column->key)
        return pln__error_set(err, PLN_EOPTION, "column %s: the version cannot be part of the key",
                              column->name);
    switch (column->value.how) {
    case PLN__STORE_INT:
    case PLN__STORE_UINT64:
    case PLN__STORE_FLOAT:
    case PLN__STORE_TEXT:
    case PLN__STORE_DATE:
    case PLN__STORE_TIME:
    case PLN__STORE_TIMESTAMP:
    case PLN__STORE_DECIMAL_REAL: break;
    default:
        return pln__error_set(
            err, PLN_ETYPE, "column %s: %s cannot be a version, its stored form has another order",
            column->name, pln__type_text(column->value.schema, text));
    }
    sink->version = (int32_t)(column - sink->columns);
    return PLN_OK;
}

static pln_status find_tombstone(pln__lite_sink *sink, pln_error *err) {
    char text[PLN__TYPE_TEXT_SIZE];
    const char *name = sink->config.tombstone;
    pln__type type;
    sink->tombstone = -1;
    if (name == NULL)
        return PLN_OK;
    sink->tombstone = find_child(&sink->schema, name);
    if (sink->tombstone < 0)
        return pln__schema_find_error(&sink->schema, name, err);
    const struct ArrowSchema *field = sink->schema.children[sink->tombstone];
    pln_status status = pln__type_of(field, &type, err);
    if (status >= 0 && type.id != PLN__BOOL)
        status =
            pln__error_set(err, PLN_ETYPE, "column %s: the option 'delete' needs a boolean, got %s",
                           name, pln__type_text(field, text));
    return status;
}

/*
 * The column with the rows' keys. By SHA-256, for of two rows with one key the second is lost: nobody may make such a pair, and the keys are the same in every run, so
 * that no secret helps.
 */
static pln_status add_key(pln__lite_sink *sink, pln_error *err) {
    pln_status status = PLN_OK;
    pln_keys_options options;
    const char *name = sink->config.key.items[0];
    if (pln__schema_find(&sink->schema, name) >= 0)
        PLN__FAIL(err, PLN_EOPTION, "option 'key_column': the input has a column '%s'", name);
    pln_keys_options_init(&options, sizeof options);
    options.hash = PLN_KEY_SHA256;
    status = pln__keys_new(sink->mem, &sink->schema,
                           (const char *const *)(void *)sink->config.fields.items,
                           sink->config.fields.count, &options, &sink->keys, err);
    if (status < 0)
        pln__error_prefix(err, "key");
    PLN__TRY(status);
    PLN__TRY(pln__field_new(sink->mem, "w:16", name, false, 0, &sink->key_schema, err));
    pln__lite_column *column = &sink->columns[sink->n_columns++];
    column->name = sink->key_schema.name;
    column->index = -1;
    PLN__TRY(pln__lite_value_init(sink->mem, &sink->key_schema, &sink->config.storing,
                                  &column->value, err));
out:
    return status;
}

pln_status pln__lite_columns(pln__lite_sink *sink, const struct ArrowSchema *schema,
                             pln_error *err) {
    pln_status status = PLN_OK;
    int64_t room = schema->n_children + sink->config.keyed;
    pln__lite_columns_free(sink);
    PLN__TRY(pln__schema_copy(sink->mem, schema, &sink->schema, err));
    PLN__TRY(find_tombstone(sink, err));
    if (schema->n_children - (sink->tombstone >= 0) < 1)
        PLN__FAIL(err, PLN_ETYPE, "table %s: the rows have no column to store", sink->config.table);
    sink->columns = pln__calloc(sink->mem, (uint64_t)room, sizeof *sink->columns);
    if (sink->columns == NULL) {
        status = pln__error_memory(err, (uint64_t)room * sizeof *sink->columns);
        goto out;
    }
    sink->columns_size = room;
    sink->feed.cells = pln__calloc(sink->mem, (uint64_t)room, sizeof *sink->feed.cells);
    if (sink->feed.cells == NULL) {
        status = pln__error_memory(err, (uint64_t)room * sizeof *sink->feed.cells);
        goto out;
    }
    for (int32_t i = 0; i < schema->n_children; i++) {
        if (i == sink->tombstone)
            continue;
        pln__lite_column *column = &sink->columns[sink->n_columns++];
        column->name = sink->schema.children[i]->name;
        column->index = i;
        PLN__TRY(pln__lite_value_init(sink->mem, sink->schema.children[i], &sink->config.storing,
                                      &column->value, err));
    }
    if (sink->config.keyed)
        PLN__TRY(add_key(sink, err));
    PLN__TRY(check_names(sink, err));
    PLN__TRY(mark_key(sink, err));
    PLN__TRY(mark_partition(sink, err));
    PLN__TRY(mark_version(sink, err));
out:
    return status;
}

void pln__lite_columns_free(pln__lite_sink *sink) {
    for (int64_t i = 0; i < sink->n_columns; i++)
        pln__lite_value_free(&sink->columns[i].value);
    pln__free(sink->mem, sink->columns, (uint64_t)sink->columns_size * sizeof *sink->columns);
    pln__free(sink->mem, sink->feed.cells, (uint64_t)sink->columns_size * sizeof *sink->feed.cells);
    sink->columns = NULL;
    sink->feed.cells = NULL;
    sink->n_columns = sink->columns_size = 0;
    pln_keys_free(sink->keys);
    sink->keys = NULL;
    pln__schema_release(&sink->key_schema);
    sink->key_schema = (struct ArrowSchema){0};
    pln__schema_release(&sink->schema);
}

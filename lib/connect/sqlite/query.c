#include "connect/sqlite/query.h"
#include "schema/schema.h"
#include "store/store.h"

static const pln_option options[] = {
    {"database", PLN_OPT_TEXT, 1, NULL, NULL,
     "The database file; it is opened for reading only, and what is read is how it was at that "
     "moment. A database without a write-ahead log cannot be"
     " written while it is read, by other nodes of the run neither."},
    {"query", PLN_OPT_TEXT, 1, NULL, NULL,
     "One SELECT. Its values come by name (:name) from params, never by pasting text together."},
    {"params", PLN_OPT_JSON, 0, NULL, NULL, "An object: the values of the query's parameters."},
    {"schema", PLN_OPT_JSON, 0, NULL, NULL,
     "An Avro record schema, inline or as the path of a file: the columns to take out of the "
     "result, by name. Without one a column declared INT... is int64,"
     " CHAR, CLOB or TEXT utf8, REAL, FLOA or DOUB float64, BLOB binary; of others the first rows "
     "decide. A value that does not fit is rejected."},
    {"cursor", PLN_OPT_COLUMN, 0, NULL, NULL,
     "A column of the result that is unique, never null and only grows: rows come in its order, "
     "and an interrupted run goes on behind its last"
     " value."},
    {"order", PLN_OPT_COLUMNS, 0, NULL, NULL,
     "Columns of the result that together are unique: rows come in their order, and an interrupted "
     "run goes on after as many rows."
     " Without cursor and order that is the order the query gives by itself; if the last row is "
     "not the same one as before, the run is refused."},
    {"sample_rows", PLN_OPT_INT, 0, "1000", NULL,
     "How many rows are looked at where the declared type does not say enough."},
    {"busy_timeout", PLN_OPT_DURATION, 0, "\"5s\"", NULL,
     "How long to wait for a database that somebody else has locked."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static int on_progress(void *user) {
    pln__lite_query *query = user;
    return query->db->cancelled || (query->ctx != NULL && query->ctx->host->cancelled(query->ctx));
}

static void query_close(void *self, pln_context *ctx) {
    pln__lite_query *query = self;
    (void)ctx;
    query->ctx = NULL;
    (void)sqlite3_finalize(query->statement);
    sqlite3_value_free(query->at);
    pln__lite_fetch_close(query);
    pln__schema_release(&query->schema);
    pln__lite_close(query->db);
    pln__strfree(query->mem, query->sql);
    pln__strfree(query->mem, query->resume_sql);
    pln__strfree(query->mem, query->cursor);
    pln__strfree(query->mem, query->params);
    pln__free(query->mem, query, sizeof *query);
}

static pln_status read_schema(pln__lite_query *query, pln_context *ctx, const pln_config *config,
                              pln_error *err) {
    const pln_host *host = ctx->host;
    pln_status status = PLN_OK;
    char *loaded = NULL;
    int64_t size = 0;
    const char *text = host->config_text(config, "schema"), *path = NULL;
    if (!host->config_has(config, "schema"))
        return PLN_OK;
    if (text == NULL)
        text = host->config_json(config, "schema");
    else if (text[strspn(text, " \t\r\n")] != '{')
        path = text;
    if (path != NULL) {
        PLN__TRY(pln__file_read_all(host->files(ctx), query->mem, path, PLN__SCHEMA_TEXT_MAX,
                                    &loaded, &size, err));
        text = loaded;
    }
    if (text == NULL)
        PLN__TRY(pln__error_memory(err, 0));
    status = pln__schema_from_avro(query->mem, text, path != NULL ? size : -1, &query->schema, err);
    if (status < 0) {
        pln__error_prefix(err, "schema %s", path == NULL ? "in the configuration" : path);
        goto out;
    }
    query->known = query->given = true;
out:
    pln__free(query->mem, loaded, (uint64_t)size + 1);
    return status < 0 ? status : PLN_OK;
}

static pln_status dup_text(pln__lite_query *query, const char *text, char **out, pln_error *err) {
    if (text == NULL)
        return PLN_OK;
    *out = pln__strdup(query->mem, text);
    return *out == NULL ? pln__error_memory(err, strlen(text) + 1) : PLN_OK;
}

static pln_status query_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln_status status = PLN_OK;
    pln__lite_query *query = pln__calloc(mem, 1, sizeof *query);
    (void)user;
    *self = NULL;
    if (query == NULL)
        return pln__error_memory(err, sizeof *query);
    query->mem = mem;
    pln__text_init(&query->nested, mem);
    query->sample_rows = host->config_int(config, "sample_rows");
    PLN__TRY(dup_text(query, host->config_text(config, "cursor"), &query->cursor, err));
    PLN__TRY(dup_text(query, host->config_json(config, "params"), &query->params, err));
    if (query->params != NULL && query->params[0] != '{')
        PLN__FAIL(err, PLN_EOPTION, "option 'params': expected an object");
    if (query->cursor != NULL && host->config_count(config, "order") > 0)
        PLN__FAIL(err, PLN_EOPTION, "options 'cursor' and 'order': only one of them may be set");
    PLN__TRY(read_schema(query, ctx, config, err));
    pln__lite_options how = {.path = host->config_text(config, "database"),
                             .flags = PLN__SQLITE_READ_ONLY,
                             .busy_timeout_us = host->config_int(config, "busy_timeout")};
    PLN__TRY(pln__lite_open(mem, &how, &query->db, err));
    sqlite3_progress_handler(query->db->handle, 20000, on_progress, query);
    /* One snapshot from the sample to the last row, taken now. */
    PLN__TRY(pln__lite_exec(query->db, "BEGIN; SELECT count(*) FROM sqlite_schema",
                            "cannot be read", err));
    PLN__TRY(pln__lite_query_sql(query, host->config_text(config, "query"), host, config, err));
    *self = query;
    query = NULL;
out:
    if (query != NULL)
        query_close(query, ctx);
    return status;
}

static pln_status query_schema_load(void *self, pln_context *ctx, const struct ArrowSchema *saved,
                                    pln_error *err) {
    pln__lite_query *query = self;
    (void)ctx;
    if (query->given)
        return PLN_OK;
    pln__schema_release(&query->schema);
    pln_status status = pln__schema_copy(query->mem, saved, &query->schema, err);
    query->known = status >= 0;
    return status;
}

static pln_status query_schema(void *self, pln_context *ctx, struct ArrowSchema *out,
                               pln_error *err) {
    pln__lite_query *query = self;
    pln_status status = PLN_OK;
    query->ctx = ctx;
    if (!query->known)
        PLN__TRY(pln__lite_query_infer(query, err));
    PLN__TRY(pln__schema_copy(query->mem, &query->schema, out, err));
out:
    return status;
}

static pln_status query_load(void *self, pln_context *ctx, const pln_piece *pieces, int64_t count,
                             pln_error *err) {
    (void)ctx;
    return pln__lite_position_load(self, pieces, count, err);
}

static pln_status query_save(void *self, pln_context *ctx, int64_t n, pln_error *err) {
    pln__lite_query *query = self;
    (void)n;
    query->ctx = ctx;
    return pln__lite_position_save(query, err);
}

static pln_status step(pln__lite_query *query, pln_error *err) {
    int code = sqlite3_step(query->statement);
    if (code == SQLITE_ROW)
        return PLN_OK;
    return code == SQLITE_DONE ? PLN_EOS : pln__lite_fail(query->db, "the query failed", err);
}

/* Without a cursor a resumed run steps over what was read, and looks whether it ends at the same row. */
static pln_status skip(pln__lite_query *query, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = 0;
    for (; n < query->ordinal && status == PLN_OK; n += status == PLN_OK)
        status = step(query, err);
    if (status >= 0 &&
        (n < query->ordinal || pln__lite_row_hash(query->statement) != query->expected))
        status = pln__error_set(err, PLN_EDATALOSS,
                                "%s: row %lld of the query is not the one that the interrupted run "
                                "has read; give it a cursor, or an order",
                                query->db->title, (long long)query->ordinal);
    return status;
}

static pln_status start(pln__lite_query *query, pln_error *err) {
    pln_status status = PLN_OK;
    bool behind = query->at != NULL;
    PLN__TRY(pln__lite_query_prepare(query, behind ? query->resume_sql : query->sql,
                                     &query->statement, err));
    PLN__TRY(pln__lite_query_bind(query, query->statement, err));
    PLN__TRY(pln__lite_fetch_open(query, err));
    query->started = true;
    if (!behind && query->ordinal > 0)
        PLN__TRY(skip(query, err));
out:
    return status;
}

static bool same_value(sqlite3_value *a, sqlite3_value *b) {
    int type = sqlite3_value_type(a);
    if (type != sqlite3_value_type(b))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_value_int64(a) == sqlite3_value_int64(b);
    if (type == SQLITE_FLOAT)
        return sqlite3_value_double(a) == sqlite3_value_double(b);
    int size = sqlite3_value_bytes(a);
    return size == sqlite3_value_bytes(b) &&
           (size == 0 || memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b), (size_t)size) == 0);
}

/* A cursor that stands still would lose rows when resumed behind it. */
static pln_status move_cursor(pln__lite_query *query, int64_t *position, pln_error *err) {
    if (query->cursor_column < 0)
        return PLN_OK;
    sqlite3_value *now =
        sqlite3_value_dup(sqlite3_column_value(query->statement, query->cursor_column));
    if (now == NULL)
        return pln__error_memory(err, 1);
    bool null = sqlite3_value_type(now) == SQLITE_NULL;
    bool again = !null && query->at != NULL && same_value(query->at, now);
    if (null || again) {
        sqlite3_value_free(now);
        return pln__error_set(
            err, PLN_EDATA, "option 'cursor': column %s %s in row %lld of the query", query->cursor,
            null ? "is null" : "has the value of the row before", (long long)query->ordinal);
    }
    sqlite3_value_free(query->at);
    query->at = now;
    if (sqlite3_value_type(now) == SQLITE_INTEGER)
        *position = sqlite3_value_int64(now);
    return PLN_OK;
}

static pln_status reject_row(pln__lite_query *query, int64_t position, int32_t column,
                             const pln_error *why, pln_error *err) {
    pln__text row;
    pln__text_init(&row, query->mem);
    pln__lite_fetch_json(query->statement, &row);
    pln_raw_rejection item = {.code = PLN_EDATA,
                              .split = "query",
                              .position = position,
                              .line = -1,
                              .raw = row.failed ? NULL : row.data,
                              .raw_size = row.failed ? 0 : row.size,
                              .column = column >= 0 ? query->schema.children[column]->name : NULL,
                              .message = why->message};
    pln_status status = query->ctx->host->reject_raw(query->ctx, &item, 1, err);
    pln__text_free(&row);
    return status;
}

/* PLN_OK with one row more read, whatever became of it; PLN_EOS behind the last. */
static pln_status read_row(pln__lite_query *query, int64_t *bytes, pln_error *err) {
    pln_error why = {0};
    int32_t column = -1;
    int64_t position = query->ordinal;
    pln_status status = step(query, err);
    query->on_row = status == PLN_OK;
    if (status != PLN_OK)
        return status;
    query->ordinal++;
    status = move_cursor(query, &position, err);
    if (status < 0)
        return status;
    status = pln__lite_fetch_row(query, position, bytes, &column, &why);
    if (status == PLN_EDATA)
        return reject_row(query, position, column, &why, err);
    if (status < 0 && err != NULL)
        *err = why;
    return status;
}

static pln_status query_poll(void *self, pln_context *ctx, const pln_want *want, pln_batch **batch,
                             pln_error *err) {
    pln__lite_query *query = self;
    pln_status status = PLN_OK;
    int64_t bytes = 0, before = query->ordinal;
    query->ctx = ctx;
    *batch = NULL;
    if (query->done)
        return PLN_EOS;
    if (!query->started)
        PLN__TRY(start(query, err));
    while (query->n_rows < want->max_rows && query->ordinal - before < 65536 &&
           (bytes == 0 || want->max_bytes <= 0 || bytes < want->max_bytes)) {
        PLN__TRY(read_row(query, &bytes, err));
        if (status == PLN_EOS) {
            query->done = true;
            break;
        }
    }
    bool any = query->ordinal > before;
    PLN__TRY(pln__lite_fetch_batch(query, batch, err));
    status = query->done && !any ? PLN_EOS : PLN_OK;
out:
    return status;
}

static pln_status query_estimate(void *self, pln_context *ctx, int64_t *done, int64_t *total,
                                 pln_error *err) {
    (void)ctx;
    (void)err;
    *done = ((pln__lite_query *)self)->ordinal;
    *total = -1;
    return PLN_OK;
}

static void query_interrupt(void *self) {
    pln__lite_interrupt(((pln__lite_query *)self)->db);
}

pln_status pln__lite_register_query(const pln_host *host, pln_registry *registry, pln_error *err) {
    static const pln_source table = {
        .struct_size = (uint32_t)sizeof table,
        .abi = PLN_PLUGIN_ABI,
        .name = "sqlite.query",
        .summary = "The rows of a SELECT in a SQLite database.",
        .options = options,
        .option_size = (uint32_t)sizeof(pln_option),
        .caps = PLN_CAP_BOUNDED | PLN_CAP_REPLAYABLE | PLN_CAP_DETERMINISTIC,
        .open = query_open,
        .schema = query_schema,
        .poll = query_poll,
        .close = query_close,
        .save = query_save,
        .load = query_load,
        .interrupt = query_interrupt,
        .estimate = query_estimate,
        .schema_load = query_schema_load,
    };
    return host->register_stage(registry, PLN_SOURCE, &table, NULL, err);
}

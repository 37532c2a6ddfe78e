#include "connect/sqlite/sink.h"

/*
 * Rows go to a staging table, made like the table itself so that its constraints refuse the same rows, and durable epoch by epoch with the
 * head. With the last epoch they take the place of the partitions that they belong to. Readers see all of the old or all of the new.
 */

#define EPOCH "\"pln_epoch\""

static const char CANNOT[] = "the partitions cannot be replaced";

static pln_identity identify(pln_context *ctx) {
    pln_identity who = {.struct_size = (uint32_t)sizeof who};
    ctx->host->identity(ctx, &who);
    return who;
}

static uint64_t hash_of(const pln_identity *who) {
    uint64_t hash = pln__hash_chain(0, who->pipeline, (int64_t)strlen(who->pipeline));
    hash = pln__hash_chain(hash, who->run_key, (int64_t)strlen(who->run_key));
    return pln__hash_chain(hash, who->node, (int64_t)strlen(who->node));
}

/* ---- the staging table ---- */

static const char *skip_blank(const char *at) {
    for (;;) {
        if (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == '\f')
            at++;
        else if (at[0] == '-' && at[1] == '-')
            at += strcspn(at, "\n");
        else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end == NULL ? at + strlen(at) : end + 2;
        } else
            return at;
    }
}

static const char *skip_name(const char *at) {
    char close = *at == '[' ? ']' : *at;
    if (*at != '"' && *at != '`' && *at != '[' && *at != '\'') {
        while (*at != '\0' && *at != '(' && skip_blank(at) == at)
            at++;
        return at;
    }
    for (at++; *at != '\0'; at++)
        if (*at == close) {
            if (at[1] != close || close == ']')
                return at + 1;
            at++;
        }
    return at;
}

/* What follows the opening bracket of the text that SQLite keeps of a table; NULL if it is no plain table. */
static const char *body_of(const char *sql) {
    static const char START[] = "CREATE TABLE ";
    if (sqlite3_strnicmp(sql, START, (int)sizeof START - 1) != 0)
        return NULL;
    sql = skip_blank(skip_name(skip_blank(sql + sizeof START - 1)));
    return *sql == '(' ? sql + 1 : NULL;
}

static pln_status query(pln__lite_sink *sink, const char *sql, const char *name, sqlite3_stmt **out,
                        pln_error *err) {
    pln_status status = pln__lite_prepare(sink->db, sql, CANNOT, out, err);
    if (status >= 0 && sqlite3_bind_text(*out, 1, name, -1, SQLITE_STATIC) != SQLITE_OK)
        status = pln__lite_fail(sink->db, CANNOT, err);
    return status;
}

static pln_status step(pln__lite_sink *sink, sqlite3_stmt *statement, pln_error *err) {
    int code = sqlite3_step(statement);
    return code == SQLITE_ROW    ? PLN_OK
           : code == SQLITE_DONE ? PLN_EOS
                                 : pln__lite_fail(sink->db, CANNOT, err);
}

static pln_status make_like_target(pln__lite_sink *sink, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    pln__text sql;
    const char *body = NULL;
    PLN__TRY(query(sink,
                   "SELECT sql FROM sqlite_schema WHERE type='table' AND name=?1 COLLATE NOCASE",
                   sink->config.table, &statement, err));
    PLN__TRY(step(sink, statement, err));
    if (status == PLN_OK && sqlite3_column_text(statement, 0) != NULL)
        body = body_of((const char *)sqlite3_column_text(statement, 0));
    if (body == NULL)
        PLN__FAIL(err, PLN_ETYPE, "%s: %s is not a table whose rows can be staged", sink->db->title,
                  sink->config.table);
    pln__text_init(&sql, sink->mem);
    pln__text_str(&sql, "CREATE TABLE ");
    pln__lite_quote(&sql, sink->stage);
    pln__text_str(&sql, "(" EPOCH " INTEGER NOT NULL, ");
    pln__text_str(&sql, body);
    PLN__TRY(pln__lite_exec_text(sink->db, &sql, "the staging table cannot be made", err));
out:
    (void)sqlite3_finalize(statement);
    return status < 0 ? status : PLN_OK;
}

/* Unique indexes on plain columns; what others refuse shows when the partitions are swapped in. */
static pln_status copy_index(pln__lite_sink *sink, const char *name, int number, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    pln__text sql;
    bool plain = true;
    int columns = 0;
    pln__text_init(&sql, sink->mem);
    pln__text_printf(&sql, "CREATE UNIQUE INDEX \"pln_stage_index_%d_%s\" ON ", number,
                     sink->stage + strlen(sink->stage) - 16);
    pln__lite_quote(&sql, sink->stage);
    PLN__TRY(query(sink, "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key=1 ORDER BY seqno",
                   name, &statement, err));
    for (;;) {
        PLN__TRY(step(sink, statement, err));
        if (status == PLN_EOS)
            break;
        const char *column = (const char *)sqlite3_column_text(statement, 0);
        const char *collation = (const char *)sqlite3_column_text(statement, 1);
        plain &= column != NULL && collation != NULL;
        if (!plain)
            continue;
        pln__text_str(&sql, columns++ == 0 ? "(" : ", ");
        pln__lite_quote(&sql, column);
        pln__text_str(&sql, " COLLATE ");
        pln__lite_quote(&sql, collation);
    }
    pln__text_char(&sql, ')');
    if (plain && columns > 0)
        PLN__TRY(pln__lite_exec_text(sink->db, &sql, "the staging table cannot be made", err));
out:
    pln__text_free(&sql);
    (void)sqlite3_finalize(statement);
    return status < 0 ? status : PLN_OK;
}

static pln_status copy_indexes(pln__lite_sink *sink, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(query(
        sink,
        "SELECT name FROM pragma_index_list(?1) WHERE \"unique\"=1 AND origin='c' AND partial=0",
        sink->config.table, &statement, err));
    for (int number = 0;; number++) {
        PLN__TRY(step(sink, statement, err));
        if (status == PLN_EOS)
            break;
        PLN__TRY(copy_index(sink, (const char *)sqlite3_column_text(statement, 0), number, err));
    }
out:
    (void)sqlite3_finalize(statement);
    return status < 0 ? status : PLN_OK;
}

static pln_status stage_there(pln__lite_sink *sink, bool *there, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = query(sink, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1",
                              sink->stage, &statement, err);
    if (status >= 0)
        status = step(sink, statement, err);
    *there = status == PLN_OK;
    (void)sqlite3_finalize(statement);
    return status < 0 ? status : PLN_OK;
}

static pln_status drop(pln__lite_sink *sink, const char *kind, const char *name, pln_error *err) {
    pln__text sql;
    pln__text_init(&sql, sink->mem);
    pln__text_printf(&sql, "DROP TABLE IF EXISTS %s", kind);
    pln__lite_quote(&sql, name);
    return pln__lite_exec_text(sink->db, &sql, "the staging table cannot be dropped", err);
}

/*
 * Where the head is in another database, an epoch may be durable here and not there, and comes again. Its rows are then in the staging table
 * already.
 */
static pln_status drop_repeated(pln__lite_sink *sink, const pln_identity *who, pln_error *err) {
    pln__text sql;
    pln__text_init(&sql, sink->mem);
    pln__text_str(&sql, "DELETE FROM ");
    pln__lite_quote(&sql, sink->stage);
    pln__text_printf(&sql, " WHERE " EPOCH " >= %lld", (long long)who->epoch);
    return pln__lite_exec_text(sink->db, &sql, "the staging table cannot be written", err);
}

pln_status pln__lite_stage_ensure(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    pln_identity who = identify(ctx);
    pln_status status = PLN_OK;
    bool there = false;
    (void)sqlite3_snprintf(sizeof sink->stage, sink->stage, "pln_stage_%s_%016llx",
                           sink->config.table, (unsigned long long)hash_of(&who));
    PLN__TRY(stage_there(sink, &there, err));
    if (sink->resumed) {
        if (!there)
            PLN__FAIL(err, PLN_EDATALOSS, "%s: the staging table %s of the interrupted run is gone",
                      sink->db->title, sink->stage);
        PLN__TRY(drop_repeated(sink, &who, err));
        goto out;
    }
    PLN__TRY(drop(sink, "", sink->stage, err));
    PLN__TRY(make_like_target(sink, err));
    PLN__TRY(copy_indexes(sink, err));
out:
    return status;
}

/* ---- which partitions ---- */

static void scope_name(const pln__lite_sink *sink, char out[40]) {
    (void)sqlite3_snprintf(40, out, "pln_scope_%s", sink->stage + strlen(sink->stage) - 16);
}

static void partition_list(const pln__lite_sink *sink, const char *prefix, pln__text *sql) {
    for (int64_t i = 0; i < sink->config.partition.count; i++) {
        pln__text_str(sql, i > 0 ? ", " : "");
        pln__text_str(sql, prefix);
        pln__lite_quote(sql, sink->config.partition.items[i]);
    }
}

/* True of the table's rows whose partition is in scope. IN knows no nulls, so those are looked for one by one. */
static void in_scope(const pln__lite_sink *sink, pln__text *sql) {
    const pln__lite_names *names = &sink->config.partition;
    char scope[40];
    if (names->count == 0) {
        pln__text_char(sql, '1');
        return;
    }
    scope_name(sink, scope);
    pln__text_str(sql, names->count > 1 ? "(" : "");
    partition_list(sink, "t.", sql);
    pln__text_printf(sql, "%s IN (SELECT ", names->count > 1 ? ")" : "");
    partition_list(sink, "", sql);
    pln__text_printf(sql, " FROM temp.\"%s\") OR (", scope);
    for (int64_t i = 0; i < names->count; i++) {
        pln__text_str(sql, i > 0 ? " OR t." : "t.");
        pln__lite_quote(sql, names->items[i]);
        pln__text_str(sql, " IS NULL");
    }
    pln__text_printf(sql, ") AND EXISTS (SELECT 1 FROM temp.\"%s\" s WHERE ", scope);
    for (int64_t i = 0; i < names->count; i++) {
        pln__text_str(sql, i > 0 ? " AND s." : "s.");
        pln__lite_quote(sql, names->items[i]);
        pln__text_str(sql, " IS t.");
        pln__lite_quote(sql, names->items[i]);
    }
    pln__text_char(sql, ')');
}

static pln_status make_scope(pln__lite_sink *sink, pln_error *err) {
    pln_status status = PLN_OK;
    char scope[40];
    pln__text sql;
    scope_name(sink, scope);
    PLN__TRY(drop(sink, "temp.", scope, err));
    pln__text_init(&sql, sink->mem);
    pln__text_printf(&sql, "CREATE TEMP TABLE \"%s\" AS SELECT ", scope);
    partition_list(sink, "", &sql);
    pln__text_str(&sql, " FROM main.");
    pln__lite_quote(&sql, sink->config.table);
    pln__text_str(&sql, " WHERE 0");
    PLN__TRY(pln__lite_exec_text(sink->db, &sql, CANNOT, err));
    pln__text_init(&sql, sink->mem);
    pln__text_printf(&sql, "INSERT INTO temp.\"%s\" SELECT DISTINCT ", scope);
    partition_list(sink, "", &sql);
    pln__text_str(&sql, " FROM main.");
    pln__lite_quote(&sql, sink->stage);
    PLN__TRY(pln__lite_exec_text(sink->db, &sql, CANNOT, err));
out:
    return status;
}

static pln_status wrong_partition(const char *item, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    return pln__error_set(err, PLN_EOPTION,
                          "option 'partitions': %s is not a value of the partition column or an "
                          "object with a value for each",
                          pln__show(shown, item, (int64_t)strlen(item)));
}

/* One member of the list, an object, into the parameters of `insert`. */
static pln_status bind_members(pln__lite_sink *sink, const char *object, sqlite3_stmt *insert,
                               pln_error *err) {
    const pln__lite_names *names = &sink->config.partition;
    sqlite3_stmt *members = NULL;
    pln_status status = PLN_OK;
    int64_t found = 0;
    PLN__TRY(query(sink, "SELECT key, value FROM json_each(?1)", object, &members, err));
    for (;;) {
        int64_t i = 0;
        PLN__TRY(step(sink, members, err));
        if (status == PLN_EOS)
            break;
        const char *key = (const char *)sqlite3_column_text(members, 0);
        while (key != NULL && i < names->count && strcmp(names->items[i], key) != 0)
            i++;
        if (key == NULL || i == names->count) {
            status = wrong_partition(object, err);
            goto out;
        }
        if (sqlite3_bind_value(insert, (int)i + 1, sqlite3_column_value(members, 1)) != SQLITE_OK)
            PLN__TRY(pln__lite_fail(sink->db, CANNOT, err));
        found++;
    }
    if (found != names->count)
        status = wrong_partition(object, err);
out:
    (void)sqlite3_finalize(members);
    return status < 0 ? status : PLN_OK;
}

static pln_status add_named(pln__lite_sink *sink, pln_error *err) {
    sqlite3_stmt *list = NULL, *insert = NULL;
    pln_status status = PLN_OK;
    char scope[40];
    pln__text sql;
    if (sink->config.clear == NULL)
        return PLN_OK;
    scope_name(sink, scope);
    pln__text_init(&sql, sink->mem);
    pln__text_printf(&sql, "INSERT INTO temp.\"%s\" VALUES(", scope);
    for (int64_t i = 0; i < sink->config.partition.count; i++)
        pln__text_printf(&sql, "%s?%lld", i > 0 ? ", " : "", (long long)i + 1);
    pln__text_char(&sql, ')');
    PLN__TRY(pln__lite_prepare_text(sink->db, &sql, CANNOT, &insert, err));
    PLN__TRY(query(sink, "SELECT value, type, json_type(?1)='array' FROM json_each(?1)",
                   sink->config.clear, &list, err));
    for (;;) {
        PLN__TRY(step(sink, list, err));
        if (status == PLN_EOS)
            break;
        const char *text = (const char *)sqlite3_column_text(list, 0);
        const char *type = (const char *)sqlite3_column_text(list, 1);
        (void)sqlite3_reset(insert);
        if (sqlite3_column_int(list, 2) == 0 || strcmp(type, "array") == 0 ||
            (sink->config.partition.count > 1 && strcmp(type, "object") != 0))
            status = wrong_partition(text == NULL ? "null" : text, err);
        else if (strcmp(type, "object") == 0)
            status = bind_members(sink, text, insert, err);
        else if (sqlite3_bind_value(insert, 1, sqlite3_column_value(list, 0)) != SQLITE_OK)
            status = pln__lite_fail(sink->db, CANNOT, err);
        PLN__TRY(status);
        PLN__TRY(step(sink, insert, err));
    }
out:
    (void)sqlite3_finalize(list);
    (void)sqlite3_finalize(insert);
    return status < 0 ? status : PLN_OK;
}

/* ---- swapping ---- */

static pln_status has_rowid(pln__lite_sink *sink, bool *out, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status =
        query(sink, "SELECT wr=0 FROM pragma_table_list WHERE schema='main' AND name=?1",
              sink->stage, &statement, err);
    if (status >= 0)
        status = step(sink, statement, err);
    *out = status == PLN_OK && sqlite3_column_int(statement, 0) != 0;
    (void)sqlite3_finalize(statement);
    return status < 0 ? status : PLN_OK;
}

static pln_status prepare_rows(pln__lite_sink *sink, const char *table, bool scoped, bool rowid,
                               sqlite3_stmt **out, pln_error *err) {
    pln__text sql;
    pln__text_init(&sql, sink->mem);
    pln__text_str(&sql, "SELECT ");
    pln__lite_column_list(sink, "t.", &sql);
    pln__text_str(&sql, " FROM main.");
    pln__lite_quote(&sql, table);
    pln__text_str(&sql, " t");
    if (scoped) {
        pln__text_str(&sql, " WHERE ");
        in_scope(sink, &sql);
    }
    pln__text_str(&sql, rowid ? " ORDER BY t.rowid" : "");
    return pln__lite_prepare_text(sink->db, &sql, CANNOT, out, err);
}

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column) {
    int type = sqlite3_column_type(a, column);
    if (type != sqlite3_column_type(b, column))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
    if (type == SQLITE_FLOAT) {
        double x = sqlite3_column_double(a, column), y = sqlite3_column_double(b, column);
        return memcmp(&x, &y, sizeof x) == 0;
    }
    const void *x = sqlite3_column_blob(a, column), *y = sqlite3_column_blob(b, column);
    int size = sqlite3_column_bytes(a, column);
    return size == sqlite3_column_bytes(b, column) &&
           (size == 0 || (x != NULL && y != NULL && memcmp(x, y, (size_t)size) == 0));
}

/* Whether the table holds, in scope, just the rows that are staged, in their order: then nothing is written. */
static pln_status already_there(pln__lite_sink *sink, bool rowid, bool *same, int64_t *rows,
                                pln_error *err) {
    sqlite3_stmt *old = NULL, *fresh = NULL;
    pln_status status = PLN_OK;
    *same = false;
    *rows = 0;
    PLN__TRY(prepare_rows(sink, sink->config.table, true, rowid, &old, err));
    PLN__TRY(prepare_rows(sink, sink->stage, false, rowid, &fresh, err));
    for (;; ++*rows) {
        PLN__TRY(step(sink, old, err));
        bool old_ends = status == PLN_EOS;
        PLN__TRY(step(sink, fresh, err));
        bool fresh_ends = status == PLN_EOS;
        status = PLN_OK;
        *same = old_ends && fresh_ends;
        if (old_ends || fresh_ends)
            goto out;
        for (int64_t i = 0; i < sink->n_columns; i++)
            if (!same_value(old, fresh, (int)i))
                goto out;
    }
out:
    (void)sqlite3_finalize(old);
    (void)sqlite3_finalize(fresh);
    return status;
}

static pln_status replace(pln__lite_sink *sink, pln_context *ctx, bool rowid, pln_error *err) {
    pln_status status = PLN_OK;
    pln__text sql;
    pln__text_init(&sql, sink->mem);
    pln__text_str(&sql, "DELETE FROM main.");
    pln__lite_quote(&sql, sink->config.table);
    pln__text_str(&sql, " AS t WHERE ");
    in_scope(sink, &sql);
    PLN__TRY(pln__lite_exec_text(sink->db, &sql, CANNOT, err));
    ctx->host->count(ctx, "deleted", sqlite3_changes64(sink->db->handle));
    pln__text_init(&sql, sink->mem);
    pln__text_str(&sql, "INSERT OR ABORT INTO main.");
    pln__lite_quote(&sql, sink->config.table);
    pln__text_char(&sql, '(');
    pln__lite_column_list(sink, "", &sql);
    pln__text_str(&sql, ") SELECT ");
    pln__lite_column_list(sink, "", &sql);
    pln__text_str(&sql, " FROM main.");
    pln__lite_quote(&sql, sink->stage);
    pln__text_str(&sql, rowid ? " ORDER BY rowid" : "");
    PLN__TRY(pln__lite_exec_text(sink->db, &sql, "rows of other partitions stand in the way", err));
    ctx->host->count(ctx, "inserted", sqlite3_changes64(sink->db->handle));
out:
    return status;
}

pln_status pln__lite_stage_swap(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    pln_identity who = identify(ctx);
    pln_status status = PLN_OK;
    bool rowid = false, same = false;
    int64_t rows = 0;
    char scope[40];
    if (sink->swapped)
        return PLN_OK;
    pln__lite_statements_free(sink);
    sink->ready = false;
    if (sink->config.partition.count > 0) {
        PLN__TRY(make_scope(sink, err));
        PLN__TRY(add_named(sink, err));
    }
    PLN__TRY(has_rowid(sink, &rowid, err));
    PLN__TRY(already_there(sink, rowid, &same, &rows, err));
    if (same)
        ctx->host->count(ctx, "unchanged", rows);
    else
        PLN__TRY(replace(sink, ctx, rowid, err));
    scope_name(sink, scope);
    PLN__TRY(drop(sink, "temp.", scope, err));
    /* Where the head is elsewhere this epoch may come again, and then needs the rows of those before it. */
    if (who.owner == 0 || sink->db->owner > 0)
        PLN__TRY(drop(sink, "", sink->stage, err));
    sink->swapped = true;
out:
    return status;
}

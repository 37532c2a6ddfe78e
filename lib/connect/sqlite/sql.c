#include "connect/sqlite/query.h"

/* A query reads; whatever else SQL can do, such as attaching files or changing settings, it may not. */
static int authorize(void *user, int action, const char *a, const char *b, const char *c,
                     const char *d) {
    (void)user;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    default: return SQLITE_DENY;
    }
}

static pln_status refused(pln__lite_query *query, const char *why, pln_error *err) {
    return pln__error_set(err, PLN_ESYNTAX, "%s: option 'query': %s", query->db->title, why);
}

static pln_status prepare(pln__lite_query *query, const char *sql, sqlite3_stmt **out,
                          const char **tail, pln_error *err) {
    sqlite3 *db = query->db->handle;
    (void)sqlite3_set_authorizer(db, authorize, NULL);
    int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, tail);
    (void)sqlite3_set_authorizer(db, NULL, NULL);
    if (code == SQLITE_OK)
        return PLN_OK;
    if ((code & 0xff) == SQLITE_AUTH)
        return refused(query, "only a SELECT is run here", err);
    if ((code & 0xff) != SQLITE_ERROR)
        return pln__lite_fail(query->db, "the query cannot be prepared", err);
    pln_status status = refused(query, sqlite3_errmsg(db), err);
    if (err != NULL)
        err->native = code;
    return status;
}

pln_status pln__lite_query_prepare(pln__lite_query *query, const char *sql, sqlite3_stmt **out,
                                   pln_error *err) {
    return prepare(query, sql, out, NULL, err);
}

/* The text of the one SELECT, without the semicolon; what follows may be blank or comment only. */
static pln_status only_select(pln__lite_query *query, const char *text, int64_t *size,
                              pln_error *err) {
    sqlite3_stmt *statement = NULL, *more = NULL;
    const char *tail = NULL;
    pln_status status = PLN_OK;
    PLN__TRY(prepare(query, text, &statement, &tail, err));
    if (statement == NULL)
        PLN__TRY(refused(query, "it is empty", err));
    if (sqlite3_column_count(statement) == 0 || sqlite3_stmt_isexplain(statement) != 0 ||
        sqlite3_stmt_readonly(statement) == 0)
        PLN__TRY(refused(query, "only a SELECT is run here", err));
    if (sqlite3_prepare_v2(query->db->handle, tail, -1, &more, NULL) != SQLITE_OK || more != NULL)
        PLN__TRY(refused(query, "only one statement is run here", err));
    *size = tail - text;
    if (*size > 0 && text[*size - 1] == ';')
        --*size;
out:
    (void)sqlite3_finalize(statement);
    (void)sqlite3_finalize(more);
    return status;
}

/* The line end keeps a comment at the end of the query from swallowing what is put behind it. */
static void wrap(pln__text *sql, const char *text, int64_t size) {
    pln__text_str(sql, "SELECT * FROM (");
    pln__text_bytes(sql, text, size);
    pln__text_str(sql, "\n)");
}

static pln_status take(pln__text *sql, char **out, pln_error *err) {
    pln_status status = pln__text_status(sql, err);
    if (status >= 0 && (*out = pln__text_take(sql)) == NULL)
        status = pln__error_memory(err, 1);
    pln__text_free(sql);
    return status;
}

static void by_order(pln__text *sql, const pln_host *host, const pln_config *config) {
    for (int64_t i = 0, n = host->config_count(config, "order"); i < n; i++) {
        pln__text_str(sql, i == 0 ? " ORDER BY " : ", ");
        pln__lite_quote(sql, host->config_item(config, "order", i, NULL));
    }
}

pln_status pln__lite_query_sql(pln__lite_query *query, const char *text, const pln_host *host,
                               const pln_config *config, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t size = 0;
    bool ordered = host->config_count(config, "order") > 0;
    pln__text sql;
    pln__text_init(&sql, query->mem);
    PLN__TRY(only_select(query, text, &size, err));
    if (query->cursor == NULL && !ordered)
        pln__text_bytes(&sql, text, size);
    else
        wrap(&sql, text, size);
    if (query->cursor != NULL) {
        pln__text_str(&sql, " ORDER BY ");
        pln__lite_quote(&sql, query->cursor);
    } else {
        by_order(&sql, host, config);
    }
    PLN__TRY(take(&sql, &query->sql, err));
    if (query->cursor == NULL)
        goto out;
    pln__text_init(&sql, query->mem);
    wrap(&sql, text, size);
    pln__text_str(&sql, " WHERE ");
    pln__lite_quote(&sql, query->cursor);
    pln__text_str(&sql, " > :pln_cursor ORDER BY ");
    pln__lite_quote(&sql, query->cursor);
    PLN__TRY(take(&sql, &query->resume_sql, err));
out:
    pln__text_free(&sql);
    return status;
}

/* ---- parameters ---- */

static pln_status no_value(const char *name, pln_error *err) {
    return pln__error_set(err, PLN_EOPTION,
                          "option 'params': the query's parameter '%s' has no value", name);
}

static pln_status bind_one(pln__lite_query *query, sqlite3_stmt *members, sqlite3_stmt *statement,
                           int index, pln_error *err) {
    const char *name = sqlite3_bind_parameter_name(statement, index);
    if (name == NULL || name[0] == '?')
        return pln__error_set(
            err, PLN_EOPTION,
            "option 'query': its parameters must have names (:name), number %d has none", index);
    if (strcmp(name, ":pln_cursor") == 0)
        return sqlite3_bind_value(statement, index, query->at) == SQLITE_OK
                   ? PLN_OK
                   : pln__lite_fail(query->db, "the query cannot be run", err);
    if (members == NULL)
        return no_value(name, err);
    (void)sqlite3_reset(members);
    if (sqlite3_bind_text(members, 1, query->params, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_text(members, 2, name + 1, -1, SQLITE_STATIC) != SQLITE_OK)
        return pln__lite_fail(query->db, "the query cannot be run", err);
    int code = sqlite3_step(members);
    if (code == SQLITE_DONE)
        return no_value(name, err);
    if (code != SQLITE_ROW ||
        sqlite3_bind_value(statement, index, sqlite3_column_value(members, 0)) != SQLITE_OK)
        return pln__lite_fail(query->db, "the query cannot be run", err);
    return PLN_OK;
}

static pln_status all_used(pln__lite_query *query, sqlite3_stmt *statement, pln_error *err) {
    sqlite3_stmt *members = NULL;
    pln_status status = PLN_OK;
    char name[260];
    PLN__TRY(pln__lite_prepare(query->db, "SELECT key FROM json_each(?1)",
                               "the query cannot be run", &members, err));
    (void)sqlite3_bind_text(members, 1, query->params, -1, SQLITE_STATIC);
    while (sqlite3_step(members) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(members, 0);
        int found = 0;
        for (int i = 0; i < 3 && key != NULL; i++) {
            (void)sqlite3_snprintf(sizeof name, name, "%c%s", ":@$"[i], key);
            found |= sqlite3_bind_parameter_index(statement, name);
        }
        if (found == 0)
            PLN__FAIL(err, PLN_EOPTION, "option 'params': the query has no parameter ':%s'",
                      key == NULL ? "" : key);
    }
out:
    (void)sqlite3_finalize(members);
    return status;
}

pln_status pln__lite_query_bind(pln__lite_query *query, sqlite3_stmt *statement, pln_error *err) {
    sqlite3_stmt *members = NULL;
    pln_status status = PLN_OK;
    if (query->params != NULL) {
        PLN__TRY(all_used(query, statement, err));
        PLN__TRY(pln__lite_prepare(query->db, "SELECT value FROM json_each(?1) WHERE key=?2",
                                   "the query cannot be run", &members, err));
    }
    for (int i = 1; i <= sqlite3_bind_parameter_count(statement); i++)
        PLN__TRY(bind_one(query, members, statement, i, err));
out:
    (void)sqlite3_finalize(members);
    return status;
}

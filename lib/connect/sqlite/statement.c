#include "connect/sqlite/sink.h"

static void insert_into(const pln__lite_sink *sink, const char *how, pln__text *sql) {
    bool staged = sink->mode == PLN__LITE_OVERWRITE;
    /* Always OR something, because a clause of the table's own, such as ON CONFLICT IGNORE, would lose a row without a word. */
    pln__text_printf(sql, "INSERT OR %s INTO ", how);
    pln__lite_quote(sql, staged ? sink->stage : sink->config.table);
    pln__text_char(sql, '(');
    pln__lite_column_list(sink, "", sql);
    pln__text_str(sql, staged ? ", \"pln_epoch\") " : ") ");
}

static void values(const pln__lite_sink *sink, pln__text *sql) {
    int64_t n = sink->n_columns + (sink->mode == PLN__LITE_OVERWRITE);
    for (int64_t i = 0; i < n; i++)
        pln__text_printf(sql, "%s?%lld", i > 0 ? ", " : "VALUES(", (long long)i + 1);
    pln__text_char(sql, ')');
}

/* The epoch is the parameter behind the columns, as in the statement for one row. */
static void rows(const pln__lite_sink *sink, pln__text *sql) {
    for (int64_t i = 0; i < sink->n_columns; i++)
        pln__text_printf(sql, "%s%lld", i > 0 ? ", c" : "SELECT c", (long long)i);
    if (sink->mode == PLN__LITE_OVERWRITE)
        pln__text_printf(sql, ", ?%lld", (long long)sink->n_columns + 1);
    /* Without a WHERE the grammar takes ON CONFLICT for the ON of a join. */
    pln__text_printf(sql, " FROM \"pln_rows_%d\" WHERE 1", sink->feed_number);
}

static void stored(const pln__lite_sink *sink, const char *name, pln__text *sql) {
    pln__lite_quote(sql, sink->config.table);
    pln__text_char(sql, '.');
    pln__lite_quote(sql, name);
}

/* pln_note(whether the row at hand is no older than the stored one) */
static void newer(const pln__lite_sink *sink, const char *mine, pln__text *sql) {
    if (sink->version < 0) {
        pln__text_str(sql, "pln_note(1)");
        return;
    }
    const char *name = sink->columns[sink->version].name;
    pln__text_str(sql, "pln_note(");
    stored(sink, name, sql);
    pln__text_str(sql, " IS NULL OR ");
    if (mine != NULL)
        pln__text_str(sql, mine);
    else {
        pln__text_str(sql, "excluded.");
        pln__lite_quote(sql, name);
    }
    pln__text_str(sql, " >= ");
    stored(sink, name, sql);
    pln__text_str(sql, " COLLATE BINARY)");
}

/* In the order in which a difference is found fastest: the version, numbers, text, the rest. */
static int costs(const pln__lite_sink *sink, int64_t column) {
    switch (sink->columns[column].value.how) {
    case PLN__STORE_INT:
    case PLN__STORE_INT_REAL:
    case PLN__STORE_UINT64:
    case PLN__STORE_FLOAT:
    case PLN__STORE_DECIMAL_REAL: return column == sink->version ? 0 : 1;
    case PLN__STORE_BLOB:
    case PLN__STORE_JSON: return 3;
    default: return column == sink->version ? 0 : 2;
    }
}

static void compare_columns(const pln__lite_sink *sink, pln__text *sql) {
    const char *before = "";
    for (int cost = 0; cost < 4; cost++)
        for (int64_t i = 0; i < sink->n_columns; i++) {
            if (sink->columns[i].key || costs(sink, i) != cost)
                continue;
            pln__text_str(sql, before);
            stored(sink, sink->columns[i].name, sql);
            pln__text_str(sql, " COLLATE BINARY IS NOT excluded.");
            pln__lite_quote(sql, sink->columns[i].name);
            before = " OR ";
        }
}

/* For where there must be something to set. */
static void set_to_itself(const pln__lite_sink *sink, pln__text *sql) {
    pln__text_str(sql, " DO UPDATE SET ");
    pln__lite_quote(sql, sink->config.key.items[0]);
    pln__text_str(sql, "=excluded.");
    pln__lite_quote(sql, sink->config.key.items[0]);
}

/* An equal row is not written again, so that a rerun leaves the file as it is. */
static void update_if_different(const pln__lite_sink *sink, pln__text *sql) {
    int64_t n = 0;
    for (int64_t i = 0; i < sink->n_columns; i++) {
        if (sink->columns[i].key)
            continue;
        pln__text_str(sql, n++ == 0 ? " DO UPDATE SET " : ", ");
        pln__lite_quote(sql, sink->columns[i].name);
        pln__text_str(sql, "=excluded.");
        pln__lite_quote(sql, sink->columns[i].name);
    }
    if (n == 0)
        set_to_itself(sink, sql);
    pln__text_str(sql, " WHERE ");
    newer(sink, NULL, sql);
    /* Where all columns are the key there is nothing to update, but SQLite would not even ask beside a plain false. */
    pln__text_str(sql, n == 0 ? " IS NULL" : " AND (");
    compare_columns(sink, sql);
    pln__text_str(sql, n == 0 ? "" : ")");
}

/* Nothing, but with a note that the row was there: a trigger that ignores a row changes nothing, too. */
static void note_if_there(const pln__lite_sink *sink, pln__text *sql) {
    set_to_itself(sink, sql);
    pln__text_str(sql, " WHERE pln_note(1) IS NULL");
}

static void on_conflict(const pln__lite_sink *sink, pln__text *sql) {
    if (sink->mode != PLN__LITE_UPSERT && !sink->config.keyed)
        return;
    for (int64_t i = 0; i < sink->config.key.count; i++) {
        pln__text_str(sql, i == 0 ? " ON CONFLICT(" : ", ");
        pln__lite_quote(sql, sink->config.key.items[i]);
    }
    pln__text_char(sql, ')');
    if (sink->config.keyed)
        note_if_there(sink, sql);
    else
        update_if_different(sink, sql);
}

static pln_status prepare_write(pln__lite_sink *sink, pln_error *err) {
    pln__text sql;
    pln__text_init(&sql, sink->mem);
    insert_into(sink, "ABORT", &sql);
    values(sink, &sql);
    on_conflict(sink, &sql);
    return pln__lite_prepare_text(sink->db, &sql, "the rows cannot be written", &sink->write, err);
}

/*
 * OR FAIL keeps the rows before the one that fails, so that only that one is refused; a row is checked before anything of it is written. But the UPDATE
 * of an upsert always aborts: where it could, all rows of the statement are undone and written again one by one.
 */
static pln_status prepare_bulk(pln__lite_sink *sink, pln_error *err) {
    pln__text sql;
    pln_status status = pln__lite_feed_register(sink, err);
    if (status < 0)
        return status;
    pln__text_init(&sql, sink->mem);
    insert_into(sink, sink->bulk_undo ? "ABORT" : "FAIL", &sql);
    rows(sink, &sql);
    on_conflict(sink, &sql);
    return pln__lite_prepare_text(sink->db, &sql, "the rows cannot be written", &sink->bulk_write,
                                  err);
}

/* Parameters as in the insert, so that one way of binding serves both. */
static pln_status prepare_remove(pln__lite_sink *sink, pln_error *err) {
    pln__text sql;
    char version[32];
    pln__text_init(&sql, sink->mem);
    pln__text_str(&sql, "DELETE FROM ");
    pln__lite_quote(&sql, sink->config.table);
    pln__text_str(&sql, " WHERE ");
    for (int64_t i = 0; i < sink->n_columns; i++) {
        if (!sink->columns[i].key)
            continue;
        stored(sink, sink->columns[i].name, &sql);
        pln__text_printf(&sql, " = ?%lld AND ", (long long)i + 1);
    }
    (void)sqlite3_snprintf(sizeof version, version, "?%d", sink->version + 1);
    newer(sink, version, &sql);
    return pln__lite_prepare_text(sink->db, &sql, "rows cannot be deleted", &sink->remove, err);
}

pln_status pln__lite_statements(pln__lite_sink *sink, pln_error *err) {
    pln_status status = PLN_OK;
    pln__lite_statements_free(sink);
    PLN__TRY(prepare_write(sink, err));
    if (sink->tombstone >= 0)
        PLN__TRY(prepare_remove(sink, err));
    if (sink->bulk)
        PLN__TRY(prepare_bulk(sink, err));
out:
    return status;
}

void pln__lite_statements_free(pln__lite_sink *sink) {
    (void)sqlite3_finalize(sink->write);
    (void)sqlite3_finalize(sink->remove);
    (void)sqlite3_finalize(sink->bulk_write);
    sink->write = sink->remove = sink->bulk_write = NULL;
    pln__lite_feed_unregister(sink);
}

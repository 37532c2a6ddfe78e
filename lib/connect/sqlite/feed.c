#include "connect/sqlite/sink.h"

/*
 * The rows held, as a table-valued function of this connection. One INSERT ... SELECT over it keeps its cursors open from row to row and
 * costs little more than half of as many executions of an INSERT.
 */

void pln__lite_feed_start(pln__lite_sink *sink, pln_context *ctx, const pln__lite_place *order) {
    pln__lite_cell *cells = sink->feed.cells;
    sink->feed = (pln__lite_feed){.order = order, .ctx = ctx, .cells = cells, .at = -1, .row = -1};
}

bool pln__lite_feed_forward(pln__lite_sink *sink) {
    pln__lite_feed *feed = &sink->feed;
    feed->at++;
    feed->end = feed->at >= sink->held_rows;
    if (feed->end)
        return false;
    if (feed->order != NULL) {
        feed->held = feed->order[feed->at].held;
        feed->row = feed->order[feed->at].row;
        return true;
    }
    feed->row++;
    while (feed->row >= sink->held[feed->held].rows->length) {
        feed->held++;
        feed->row = 0;
    }
    return true;
}

void pln__lite_feed_back(pln__lite_sink *sink) {
    sink->feed.at--;
    sink->feed.row--;
}

bool pln__lite_feed_removes(const pln__lite_sink *sink) {
    if (sink->tombstone < 0)
        return false;
    const struct ArrowArray *flags = sink->held[sink->feed.held].rows->children[sink->tombstone];
    return pln__array_valid(flags, sink->feed.row) &&
           pln__bit_get(flags->buffers[1], flags->offset + sink->feed.row);
}

pln_status pln__lite_feed_cancelled(pln__lite_sink *sink, pln_error *err) {
    pln_context *ctx = sink->feed.ctx;
    return sink->db->cancelled || ctx->host->cancelled(ctx)
               ? pln__error_set(err, PLN_ECANCELLED, "%s: stopped while rows were written",
                                sink->db->title)
               : PLN_OK;
}

static const char *load_cell(pln__lite_sink *sink, const struct ArrowArray *rows, int32_t i) {
    pln__lite_column *column = &sink->columns[i];
    pln__lite_cell *cell = &sink->feed.cells[i];
    if (PLN__UNLIKELY(column->index < 0)) {
        const uint8_t *keys = sink->held[sink->feed.held].keys;
        *cell = (pln__lite_cell){.type = SQLITE_BLOB, .size = PLN_KEY_SIZE};
        cell->as.bytes = keys + sink->feed.row * PLN_KEY_SIZE;
        return NULL;
    }
    const struct ArrowArray *array = rows->children[column->index];
    if (PLN__LIKELY(!pln__lite_value_null(&column->value, array, sink->feed.row)))
        return pln__lite_value_cell(&column->value, array, sink->feed.row, cell);
    if (column->key && sink->mode == PLN__LITE_UPSERT)
        return "the key is null";
    *cell = (pln__lite_cell){.type = SQLITE_NULL};
    return NULL;
}

pln_status pln__lite_feed_load(pln__lite_sink *sink, bool keys_only, pln_error *err) {
    const struct ArrowArray *rows = sink->held[sink->feed.held].rows;
    for (int32_t i = 0; i < sink->n_columns; i++) {
        if (keys_only && !sink->columns[i].key && i != sink->version)
            continue;
        const char *why = load_cell(sink, rows, i);
        if (why == NULL && sink->feed.cells[i].type == PLN__LITE_NO_MEMORY)
            return pln__error_memory(err, 0);
        if (why == NULL && sink->feed.cells[i].size > sink->db->largest)
            why = "the value is larger than the database takes";
        if (PLN__LIKELY(why == NULL))
            continue;
        pln_status status = pln__lite_refuse(sink, sink->columns[i].name, why, err);
        return status < 0 ? status : PLN_EOS;
    }
    return PLN_OK;
}

/* To the next row that can be written; where a row deletes, the statement ends for now. */
static pln_status next(pln__lite_sink *sink, bool *end) {
    pln__lite_feed *feed = &sink->feed;
    pln_status status = PLN_OK;
    for (;;) {
        *end = (!feed->pending && !pln__lite_feed_forward(sink)) || pln__lite_feed_removes(sink);
        feed->pending = false;
        if (*end)
            return PLN_OK;
        if (feed->at % 1024 == 0)
            PLN__TRY(pln__lite_feed_cancelled(sink, &feed->error));
        PLN__TRY(pln__lite_feed_load(sink, false, &feed->error));
        if (status == PLN_OK)
            break;
    }
    feed->fed++;
out:
    return feed->status = status;
}

/* ---- as SQLite sees it (https://www.sqlite.org/vtab.html) ---- */

typedef struct rows_table {
    sqlite3_vtab base;
    const pln_allocator *mem; /* SQLite may keep the table until after the sink is closed */
    pln__lite_sink *sink;
} rows_table;

typedef struct rows_cursor {
    sqlite3_vtab_cursor base;
    bool end;
} rows_cursor;

static pln__lite_sink *sink_of(const sqlite3_vtab_cursor *cursor) {
    return ((const rows_table *)(const void *)cursor->pVtab)->sink;
}

static int rows_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **message) {
    pln__lite_sink *sink = aux;
    pln__text text;
    (void)argc;
    (void)argv;
    (void)message;
    pln__text_init(&text, sink->mem);
    for (int64_t i = 0; i < sink->n_columns; i++)
        pln__text_printf(&text, "%s%lld", i == 0 ? "CREATE TABLE x(c" : ", c", (long long)i);
    pln__text_char(&text, ')');
    int code = text.failed ? SQLITE_NOMEM : sqlite3_declare_vtab(db, text.data);
    pln__text_free(&text);
    if (code != SQLITE_OK)
        return code;
    (void)sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    rows_table *table = pln__calloc(sink->mem, 1, sizeof *table);
    if (table == NULL)
        return SQLITE_NOMEM;
    table->mem = sink->mem;
    table->sink = sink;
    *out = &table->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *base) {
    rows_table *table = (rows_table *)(void *)base;
    pln__free(table->mem, table, sizeof *table);
    return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
    (void)base;
    info->estimatedCost = 1;
    info->estimatedRows = PLN__LITE_HELD_ROWS;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
    const pln_allocator *mem = ((rows_table *)(void *)base)->sink->mem;
    rows_cursor *cursor = pln__calloc(mem, 1, sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *base) {
    rows_cursor *cursor = (rows_cursor *)(void *)base;
    pln__free(sink_of(base)->mem, cursor, sizeof *cursor);
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *base) {
    rows_cursor *cursor = (rows_cursor *)(void *)base;
    return next(sink_of(base), &cursor->end) < 0 ? SQLITE_ABORT : SQLITE_OK;
}

static int rows_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
                       sqlite3_value **argv) {
    (void)number;
    (void)text;
    (void)argc;
    (void)argv;
    return rows_next(base);
}

static int rows_eof(sqlite3_vtab_cursor *base) {
    return ((rows_cursor *)(void *)base)->end;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
    const pln__lite_cell *cell = &sink_of(base)->feed.cells[column];
    switch (cell->type) {
    case SQLITE_INTEGER: sqlite3_result_int64(context, cell->as.integer); break;
    case SQLITE_FLOAT: sqlite3_result_double(context, cell->as.real); break;
    case SQLITE_TEXT:
        sqlite3_result_text(context, cell->as.bytes, cell->size, SQLITE_STATIC);
        break;
    case SQLITE_BLOB:
        sqlite3_result_blob(context, cell->as.bytes, cell->size, SQLITE_STATIC);
        break;
    default: sqlite3_result_null(context);
    }
    return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
    *out = sink_of(base)->feed.at;
    return SQLITE_OK;
}

/* Without xCreate the table is there by itself, under the module's name. */
static const sqlite3_module ROWS = {
    .xConnect = rows_connect,
    .xBestIndex = rows_best_index,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

pln_status pln__lite_feed_register(pln__lite_sink *sink, pln_error *err) {
    char name[32];
    sink->feed_number = ++sink->db->feeds;
    (void)sqlite3_snprintf(sizeof name, name, "pln_rows_%d", sink->feed_number);
    return sqlite3_create_module_v2(sink->db->handle, name, &ROWS, sink, NULL) == SQLITE_OK
               ? PLN_OK
               : pln__lite_fail(sink->db, "the rows cannot be written", err);
}

void pln__lite_feed_unregister(pln__lite_sink *sink) {
    char name[32];
    if (sink->feed_number == 0)
        return;
    (void)sqlite3_snprintf(sizeof name, name, "pln_rows_%d", sink->feed_number);
    (void)sqlite3_create_module_v2(sink->db->handle, name, NULL, NULL, NULL);
    sink->feed_number = 0;
}

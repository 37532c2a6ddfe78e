#include "connect/sqlite/sink.h"

pln_status pln__lite_refuse(pln__lite_sink *sink, const char *column, const char *message,
                            pln_error *err) {
    pln_status status = pln__grow(sink->mem, &sink->refused, &sink->refused_capacity,
                                  sink->n_refused + 1, sizeof *sink->refused, err);
    if (status < 0)
        return status;
    pln__lite_refused *refused = &sink->refused[sink->n_refused++];
    *refused = (pln__lite_refused){
        .held = sink->feed.held, .code = PLN_EDATA, .row = sink->feed.row, .column = column};
    (void)sqlite3_snprintf(sizeof refused->message, refused->message, "%s", message);
    return PLN_OK;
}

/* SQLite speaks of the table that it knows; what the user knows of a staged row is the table it is meant for. */
static void message_of(const pln__lite_sink *sink, char out[240]) {
    const char *text = sqlite3_errmsg(sink->db->handle), *at;
    if (sink->mode != PLN__LITE_OVERWRITE || (at = strstr(text, sink->stage)) == NULL)
        (void)sqlite3_snprintf(240, out, "%s", text);
    else
        (void)sqlite3_snprintf(240, out, "%.*s%s%s", (int)(at - text), text, sink->config.table,
                               at + strlen(sink->stage));
}

/* The column that SQLite names: "UNIQUE constraint failed: orders.id". */
static const char *named_column(const pln__lite_sink *sink, const char *message) {
    const char *at = strstr(message, "constraint failed: ");
    size_t table = strlen(sink->config.table);
    if (at == NULL || strlen(at += 19) <= table || at[table] != '.')
        return NULL;
    for (int64_t i = 0; i < sink->n_columns; i++)
        if (strcmp(sink->columns[i].name, at + table + 1) == 0)
            return sink->columns[i].name;
    return NULL;
}

/* Whether what failed is the row's fault and the transaction still stands: then the row goes, and the epoch goes on. */
static pln_status failed_step(pln__lite_sink *sink, pln_error *err) {
    pln__lite *db = sink->db;
    int code = sqlite3_extended_errcode(db->handle), kind = code & 0xff;
    bool row = kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH || kind == SQLITE_TOOBIG;
    if (sink->feed.status < 0) {
        if (err != NULL)
            *err = sink->feed.error;
        (void)pln__lite_stands(db);
        return sink->feed.status;
    }
    if (!row)
        return pln__lite_fail(db, "the rows cannot be written", err);
    char message[240];
    message_of(sink, message);
    if (!pln__lite_stands(db)) {
        pln_status status = pln__error_set(
            err, PLN_EDATA, "%s: a trigger rolled the whole epoch back: %s", db->title, message);
        if (err != NULL)
            err->native = code;
        return status;
    }
    return pln__lite_refuse(sink, named_column(sink, message), message, err);
}

static int bind_cell(sqlite3_stmt *statement, int parameter, const pln__lite_cell *cell) {
    switch (cell->type) {
    case SQLITE_INTEGER: return sqlite3_bind_int64(statement, parameter, cell->as.integer);
    case SQLITE_FLOAT: return sqlite3_bind_double(statement, parameter, cell->as.real);
    case SQLITE_TEXT:
        return sqlite3_bind_text(statement, parameter, cell->as.bytes, cell->size, SQLITE_STATIC);
    case SQLITE_BLOB:
        return sqlite3_bind_blob(statement, parameter, cell->as.bytes, cell->size, SQLITE_STATIC);
    default: return sqlite3_bind_null(statement, parameter);
    }
}

static void count(pln__lite_sink *sink, bool remove) {
    pln__lite_counts *counts = &sink->counts;
    int note = sink->db->note;
    bool changed = sqlite3_changes(sink->db->handle) > 0;
    if (note < 0)
        counts->stale++;
    else if (!changed)
        counts->unchanged++;
    else if (remove)
        counts->deleted++;
    else if (note > 0)
        counts->updated++;
    else
        counts->inserted++;
}

static pln_status apply_row(pln__lite_sink *sink, bool remove, pln_error *err) {
    sqlite3_stmt *statement = remove ? sink->remove : sink->write;
    pln_status status = pln__lite_feed_load(sink, remove, err);
    if (PLN__UNLIKELY(status != PLN_OK))
        return status < 0 ? status : PLN_OK;
    for (int32_t i = 0; i < sink->n_columns; i++)
        if (!remove || sink->columns[i].key || i == sink->version)
            if (bind_cell(statement, i + 1, &sink->feed.cells[i]) != SQLITE_OK)
                return pln__lite_fail(sink->db, "the rows cannot be written", err);
    sink->db->note = 0;
    if (PLN__LIKELY(sqlite3_step(statement) == SQLITE_DONE)) {
        if (PLN__UNLIKELY(!remove && sink->db->note == 0 && sqlite3_changes(sink->db->handle) == 0))
            status = pln__lite_refuse(sink, NULL, "a trigger of the table ignored the row", err);
        else
            count(sink, remove);
    } else {
        status = failed_step(sink, err);
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* What became of the rows that one statement has taken. */
static void count_many(pln__lite_sink *sink, int64_t taken) {
    const int64_t *noted = sink->db->noted;
    int64_t there = noted[0] + noted[1];
    int64_t changed = sqlite3_changes64(sink->db->handle);
    if (sink->mode != PLN__LITE_UPSERT && !sink->config.keyed)
        changed = taken;
    sink->counts.inserted += taken - there;
    sink->counts.updated += changed - (taken - there);
    sink->counts.unchanged += noted[1] - (changed - (taken - there));
    sink->counts.stale += noted[0];
}

/* From the row it stands on to one that deletes, one that SQLite refuses, or the last. */
static pln_status apply_many(pln__lite_sink *sink, pln_error *err) {
    pln__lite_feed *feed = &sink->feed, start = *feed;
    int64_t refused = sink->n_refused;
    pln_status status = PLN_OK;
    feed->pending = true;
    feed->fed = 0;
    sink->db->noted[0] = sink->db->noted[1] = 0;
    if (sqlite3_step(sink->bulk_write) == SQLITE_DONE) {
        count_many(sink, feed->fed);
        if (!feed->end)
            pln__lite_feed_back(sink);
    } else if (sink->bulk_undo && feed->status >= 0 &&
               (sqlite3_errcode(sink->db->handle) & 0xff) == SQLITE_CONSTRAINT &&
               pln__lite_stands(sink->db)) {
        *feed = start;
        sink->n_refused = refused;
        sink->bulk = false;
        pln__lite_feed_back(sink);
    } else {
        status = failed_step(sink, err);
        if (status >= 0)
            count_many(sink, feed->fed - 1);
    }
    (void)sqlite3_reset(sink->bulk_write);
    return status;
}

/* By batch, and in it by row: the order in which rows were written may be another. */
static int earlier(const void *left, const void *right, const void *context) {
    const pln__lite_refused *a = left, *b = right;
    (void)context;
    return a->held != b->held ? (a->held < b->held ? -1 : 1)
                              : (a->row > b->row) - (a->row < b->row);
}

static pln_status reject_all(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    pln_rejection items[64];
    pln__sort(sink->refused, sink->n_refused, sizeof *sink->refused, earlier, NULL);
    for (int64_t i = 0; i < sink->n_refused && status >= 0;) {
        int64_t n = 0;
        int32_t held = sink->refused[i].held;
        for (; n < PLN__COUNT(items) && i < sink->n_refused && sink->refused[i].held == held;
             i++, n++)
            items[n] = (pln_rejection){sink->refused[i].row, sink->refused[i].code, 0,
                                       sink->refused[i].column, sink->refused[i].message};
        status = ctx->host->reject(ctx, sink->held[held].batch, items, n, err);
    }
    sink->n_refused = 0;
    return status;
}

static void report(pln__lite_sink *sink, pln_context *ctx) {
    pln__lite_counts *c = &sink->counts;
    if (sink->mode == PLN__LITE_OVERWRITE)
        *c =
            (pln__lite_counts){0}; /* what becomes of the table shows when partitions are swapped */
    const struct {
        const char *name;
        int64_t n;
    } all[] = {{"inserted", c->inserted},
               {"updated", c->updated},
               {"unchanged", c->unchanged},
               {"deleted", c->deleted},
               {"stale", c->stale}};
    for (int i = 0; i < PLN__COUNT(all); i++)
        if (all[i].n > 0)
            ctx->host->count(ctx, all[i].name, all[i].n);
    sink->counts = (pln__lite_counts){0};
}

pln_status pln__lite_apply(pln__lite_sink *sink, pln_context *ctx, const pln__lite_place *order,
                           pln_error *err) {
    pln_status status = PLN_OK;
    pln__lite_feed_start(sink, ctx, order);
    while (pln__lite_feed_forward(sink)) {
        bool remove = pln__lite_feed_removes(sink);
        if (sink->bulk && !remove)
            PLN__TRY(apply_many(sink, err));
        else
            PLN__TRY(apply_row(sink, remove, err));
        if (sink->feed.at % 1024 == 0)
            PLN__TRY(pln__lite_feed_cancelled(sink, err));
    }
    PLN__TRY(reject_all(sink, ctx, err));
    if (sink->config.keyed) {
        PLN__TRY(ctx->host->account(ctx, PLN_DUPLICATE, sink->counts.unchanged, err));
        sink->counts.unchanged = 0;
    }
out:
    sink->n_refused = 0;
    report(sink, ctx);
    return status;
}

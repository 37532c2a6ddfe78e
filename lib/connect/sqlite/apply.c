#include "connect/sqlite/sink.h"

typedef struct applier {
    pln__lite_sink *sink;
    int32_t held;
    int64_t row;
} applier;

static pln_status refuse(const applier *a, int32_t code, const char *column, const char *message,
                         pln_error *err) {
    pln__lite_sink *sink = a->sink;
    pln_status status = pln__grow(sink->mem, &sink->refused, &sink->refused_capacity,
                                  sink->n_refused + 1, sizeof *sink->refused, err);
    if (status < 0)
        return status;
    pln__lite_refused *refused = &sink->refused[sink->n_refused++];
    *refused = (pln__lite_refused){.held = a->held, .code = code, .row = a->row, .column = column};
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
static pln_status failed_step(const applier *a, pln_error *err) {
    pln__lite *db = a->sink->db;
    int code = sqlite3_extended_errcode(db->handle), kind = code & 0xff;
    bool row = kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH || kind == SQLITE_TOOBIG;
    if (!row)
        return pln__lite_fail(db, "the rows cannot be written", err);
    char message[240];
    message_of(a->sink, message);
    if (!pln__lite_stands(db)) {
        pln_status status = pln__error_set(
            err, PLN_EDATA, "%s: a trigger rolled the whole epoch back: %s", db->title, message);
        if (err != NULL)
            err->native = code;
        return status;
    }
    return refuse(a, PLN_EDATA, named_column(a->sink, message), message, err);
}

static pln_status refuse_value(const applier *a, const char *column, const char *why,
                               pln_error *err) {
    pln_status status = refuse(a, PLN_EDATA, column, why, err);
    return status < 0 ? status : PLN_EOS;
}

/* PLN_EOS: a value was refused. */
static pln_status bind(const applier *a, sqlite3_stmt *statement, const struct ArrowArray *rows,
                       bool keys_only, pln_error *err) {
    pln__lite_sink *sink = a->sink;
    for (int32_t i = 0; i < sink->n_columns; i++) {
        pln__lite_column *column = &sink->columns[i];
        const struct ArrowArray *array = rows->children[column->index];
        const char *why = NULL;
        int code;
        if (keys_only && !column->key && i != sink->version)
            continue;
        if (PLN__LIKELY(!pln__lite_value_null(&column->value, array, a->row)))
            why = pln__lite_value_bind(&column->value, array, a->row, statement, i + 1, &code);
        else if (column->key && sink->mode == PLN__LITE_UPSERT)
            why = "the key is null";
        else
            code = sqlite3_bind_null(statement, i + 1);
        if (PLN__UNLIKELY(why != NULL))
            return refuse_value(a, column->name, why, err);
        if (PLN__LIKELY(code == SQLITE_OK))
            continue;
        if (code == SQLITE_TOOBIG)
            return refuse_value(a, column->name, "the value is larger than the database takes",
                                err);
        return code == SQLITE_NOMEM ? pln__error_memory(err, 0)
                                    : pln__lite_fail(sink->db, "the rows cannot be written", err);
    }
    return PLN_OK;
}

static void count(pln__lite_sink *sink, bool remove) {
    pln__lite_counts *counts = &sink->counts;
    if (sink->mode == PLN__LITE_OVERWRITE)
        return; /* what becomes of the table shows when the partitions are swapped */
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

static pln_status apply_row(const applier *a, const struct ArrowArray *rows, pln_error *err) {
    pln__lite_sink *sink = a->sink;
    bool remove = false;
    if (sink->tombstone >= 0) {
        const struct ArrowArray *flags = rows->children[sink->tombstone];
        remove = pln__array_valid(flags, a->row) &&
                 pln__bit_get(flags->buffers[1], flags->offset + a->row);
    }
    sqlite3_stmt *statement = remove ? sink->remove : sink->write;
    pln_status status = bind(a, statement, rows, remove, err);
    if (PLN__UNLIKELY(status != PLN_OK))
        return status < 0 ? status : PLN_OK;
    sink->db->note = 0;
    if (PLN__LIKELY(sqlite3_step(statement) == SQLITE_DONE)) {
        if (PLN__UNLIKELY(!remove && sink->db->note == 0 && sqlite3_changes(sink->db->handle) == 0))
            status = refuse(a, PLN_EDATA, NULL, "a trigger of the table ignored the row", err);
        else
            count(sink, remove);
    } else {
        status = failed_step(a, err);
    }
    (void)sqlite3_reset(statement);
    return status;
}

/* By batch, and in it by row: the order in which rows were written may be another. */
static int earlier(const pln__lite_refused *a, const pln__lite_refused *b) {
    return a->held != b->held ? (a->held < b->held ? -1 : 1)
                              : (a->row > b->row) - (a->row < b->row);
}

static void sift(pln__lite_refused *items, int64_t root, int64_t n) {
    for (int64_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && earlier(&items[child], &items[child + 1]) < 0)
            child++;
        if (earlier(&items[root], &items[child]) >= 0)
            return;
        pln__lite_refused swap = items[root];
        items[root] = items[child];
        items[child] = swap;
    }
}

static void sort_refused(pln__lite_refused *items, int64_t n) {
    for (int64_t i = n / 2; i > 0; i--)
        sift(items, i - 1, n);
    for (int64_t i = n; i > 1; i--) {
        pln__lite_refused swap = items[0];
        items[0] = items[i - 1];
        items[i - 1] = swap;
        sift(items, 0, i - 1);
    }
}

static pln_status reject_all(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    pln_rejection items[64];
    sort_refused(sink->refused, sink->n_refused);
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
    const pln__lite_counts *c = &sink->counts;
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

static pln_status cancelled(pln__lite_sink *sink, pln_context *ctx, pln_error *err) {
    return sink->db->cancelled || ctx->host->cancelled(ctx)
               ? pln__error_set(err, PLN_ECANCELLED, "%s: stopped while rows were written",
                                sink->db->title)
               : PLN_OK;
}

pln_status pln__lite_apply(pln__lite_sink *sink, pln_context *ctx, const pln__lite_place *order,
                           pln_error *err) {
    pln_status status = PLN_OK;
    applier a = {sink, 0, 0};
    int64_t done = 0;
    for (int64_t i = 0; order != NULL && i < sink->held_rows; i++) {
        if (i % 1024 == 0)
            PLN__TRY(cancelled(sink, ctx, err));
        a.held = order[i].held;
        a.row = order[i].row;
        PLN__TRY(apply_row(&a, sink->held[a.held].rows, err));
    }
    for (; order == NULL && a.held < sink->n_held; a.held++)
        for (a.row = 0; a.row < sink->held[a.held].rows->length; a.row++) {
            if (done++ % 1024 == 0)
                PLN__TRY(cancelled(sink, ctx, err));
            PLN__TRY(apply_row(&a, sink->held[a.held].rows, err));
        }
    PLN__TRY(reject_all(sink, ctx, err));
out:
    sink->n_refused = 0;
    report(sink, ctx);
    return status;
}

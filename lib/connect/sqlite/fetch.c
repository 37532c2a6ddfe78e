#include "base/number.h"
#include "connect/sqlite/query.h"
#include <math.h>

#define EXACT_DOUBLE ((int64_t)1 << 53)

static bool is_nested(const struct ArrowSchema *field) {
    return field->format[0] == '+';
}

static void *grown(pln__lite_query *query, int64_t count, uint64_t size, pln_error *err) {
    void *items = pln__calloc(query->mem, (uint64_t)count + 1, size);
    if (items == NULL)
        (void)pln__error_memory(err, (uint64_t)(count + 1) * size);
    return items;
}

/* ---- columns ---- */

static pln_status match_columns(pln__lite_query *query, pln_error *err) {
    int n = sqlite3_column_count(query->statement);
    query->cursor_column = -1;
    for (int64_t i = 0; i < query->schema.n_children; i++) {
        const char *name = query->schema.children[i]->name;
        query->source_of[i] = -1;
        for (int c = 0; c < n && query->source_of[i] < 0; c++)
            if (strcmp(sqlite3_column_name(query->statement, c), name) == 0)
                query->source_of[i] = c;
        if (query->source_of[i] < 0)
            return pln__error_set(err, PLN_ETYPE, "%s: the query gives no column %s",
                                  query->db->title, name);
    }
    for (int c = 0; query->cursor != NULL && c < n && query->cursor_column < 0; c++)
        if (pln__lite_name_equal(sqlite3_column_name(query->statement, c), query->cursor))
            query->cursor_column = c;
    return query->cursor != NULL && query->cursor_column < 0
               ? pln__error_set(err, PLN_EOPTION, "option 'cursor': the query gives no column %s",
                                query->cursor)
               : PLN_OK;
}

static pln_status open_decoder(pln__lite_query *query, int64_t n, pln_error *err) {
    pln__json_dialect dialect;
    pln_status status = PLN_OK;
    int64_t at = 0;
    PLN__TRY(pln__field_new(query->mem, "+s", "", false, n, &query->nested_schema, err));
    for (int64_t i = 0; i < query->schema.n_children; i++)
        if (is_nested(query->schema.children[i]))
            PLN__TRY(pln__field_copy(query->mem, query->schema.children[i], NULL,
                                     query->nested_schema.children[at++], err));
    pln__json_dialect_default(&dialect);
    pln__decode_options options = {
        .schema = &query->nested_schema, .record_bytes_max = 64 << 20, .cpu = pln__cpu_features()};
    PLN__TRY(pln__json_decoder.open(query->mem, &dialect, &options, &query->decoder, err));
out:
    return status;
}

pln_status pln__lite_fetch_open(pln__lite_query *query, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = query->schema.n_children, nested = 0;
    query->n_source_of = n;
    query->source_of = grown(query, n, sizeof *query->source_of, err);
    query->columns = grown(query, n, sizeof *query->columns, err);
    if (query->source_of == NULL || query->columns == NULL)
        return PLN_ENOMEM;
    PLN__TRY(match_columns(query, err));
    for (int64_t i = 0; i < n; i++) {
        nested += is_nested(query->schema.children[i]);
        PLN__TRY(pln__column_init(query->mem, query->schema.children[i], &query->columns[i], err));
        query->n_columns++;
    }
    if (nested > 0)
        PLN__TRY(open_decoder(query, nested, err));
out:
    return status;
}

void pln__lite_fetch_close(pln__lite_query *query) {
    for (int64_t i = 0; i < query->n_columns; i++)
        pln__column_free(&query->columns[i]);
    pln__free(query->mem, query->columns,
              (uint64_t)(query->n_source_of + 1) * sizeof *query->columns);
    pln__free(query->mem, query->source_of,
              (uint64_t)(query->n_source_of + 1) * sizeof *query->source_of);
    pln__free(query->mem, query->positions,
              (uint64_t)query->rows_capacity * sizeof *query->positions);
    if (query->decoder != NULL)
        pln__json_decoder.close(query->decoder);
    pln__schema_release(&query->nested_schema);
    pln__text_free(&query->nested);
}

/* ---- a row ---- */

static pln_status append_double(const pln_builder_calls *calls, pln__column *column, double value,
                                pln_error *err) {
    char digits[PLN__DOUBLE_TEXT_SIZE];
    int32_t id = column->type.id;
    if (id == PLN__FLOAT32 || id == PLN__FLOAT64)
        return calls->append_float(column, value, err);
    if (pln__type_is_integer(id) && value == floor(value) && fabs(value) <= (double)EXACT_DOUBLE)
        return calls->append_int(column, (int64_t)value, err);
    return calls->append_text(column, digits, pln__format_double(digits, value), err);
}

static pln_status append_int(const pln_builder_calls *calls, pln__column *column, int64_t value,
                             pln_error *err) {
    char digits[PLN__INT64_TEXT_SIZE];
    int32_t id = column->type.id;
    bool is_float = id == PLN__FLOAT32 || id == PLN__FLOAT64;
    if (is_float && (value > EXACT_DOUBLE || value < -EXACT_DOUBLE))
        return pln__error_set(err, PLN_EDATA, "column %s: the integer %lld has more than 53 bits",
                              column->schema->name, (long long)value);
    if (id == PLN__UTF8 || id == PLN__DICTIONARY)
        return calls->append_text(column, digits, pln__format_int64(digits, value), err);
    return calls->append_int(column, value, err);
}

static pln_status append_value(const pln__lite_query *query, pln__column *column, int at,
                               int64_t *bytes, pln_error *err) {
    const pln_builder_calls *calls = query->ctx->host->builder;
    sqlite3_stmt *statement = query->statement;
    const char *text;
    int size;
    *bytes += 8;
    switch (sqlite3_column_type(statement, at)) {
    case SQLITE_INTEGER: return append_int(calls, column, sqlite3_column_int64(statement, at), err);
    case SQLITE_FLOAT:
        return append_double(calls, column, sqlite3_column_double(statement, at), err);
    case SQLITE_NULL:
        return column->type.nullable
                   ? calls->append_null(column, err)
                   : pln__error_set(err, PLN_EDATA, "column %s: null in a required column",
                                    column->schema->name);
    case SQLITE_TEXT:
        text = (const char *)sqlite3_column_text(statement, at);
        size = sqlite3_column_bytes(statement, at);
        *bytes += size;
        if (text == NULL)
            return pln__error_memory(err, (uint64_t)size);
        return pln__type_is_bytes(column->type.id) && column->type.id != PLN__UTF8
                   ? calls->append_bytes(column, text, size, err)
                   : calls->append_text(column, text, size, err);
    default:
        text = sqlite3_column_blob(statement, at);
        size = sqlite3_column_bytes(statement, at);
        *bytes += size;
        return column->type.id == PLN__UTF8
                   ? pln__error_set(err, PLN_EDATA,
                                    "column %s: expected text, got a blob of %d bytes",
                                    column->schema->name, size)
                   : calls->append_bytes(column, text == NULL ? "" : text, size, err);
    }
}

/* JSON may be spread over lines; between its tokens a line end is a blank like another, and inside strings it is not allowed. */
static void append_json(pln__text *out, const char *text, int64_t size) {
    int64_t start = out->size;
    pln__text_bytes(out, text, size);
    for (int64_t i = start; !out->failed && i < out->size; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
}

static pln_status append_nested(pln__lite_query *query, int64_t *bytes, int32_t *column,
                                pln_error *err) {
    const char *before = "{";
    for (int64_t i = 0; i < query->n_columns; i++) {
        const struct ArrowSchema *field = query->schema.children[i];
        int at = query->source_of[i], type = sqlite3_column_type(query->statement, at);
        if (!is_nested(field))
            continue;
        *column = (int32_t)i;
        if (type != SQLITE_TEXT && type != SQLITE_NULL)
            return pln__error_set(err, PLN_EDATA, "column %s: expected JSON text", field->name);
        pln__text_str(&query->nested, before);
        pln__text_json(&query->nested, field->name, (int64_t)strlen(field->name));
        pln__text_char(&query->nested, ':');
        if (type == SQLITE_NULL)
            pln__text_str(&query->nested, "null");
        else
            append_json(&query->nested, (const char *)sqlite3_column_text(query->statement, at),
                        sqlite3_column_bytes(query->statement, at));
        *bytes += sqlite3_column_bytes(query->statement, at);
        before = ",";
    }
    pln__text_str(&query->nested, "}\n");
    return pln__text_status(&query->nested, err);
}

pln_status pln__lite_fetch_row(pln__lite_query *query, int64_t position, int64_t *bytes,
                               int32_t *column, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t nested = query->nested.size;
    *column = -1;
    PLN__TRY(pln__grow(query->mem, &query->positions, &query->rows_capacity, query->n_rows + 1,
                       sizeof *query->positions, err));
    for (int32_t i = 0; i < query->n_columns; i++) {
        if (is_nested(query->schema.children[i]))
            continue;
        *column = i;
        PLN__TRY(append_value(query, &query->columns[i], query->source_of[i], bytes, err));
    }
    if (query->decoder != NULL)
        PLN__TRY(append_nested(query, bytes, column, err));
    query->positions[query->n_rows++] = position;
    return PLN_OK;
out:
    if (status == PLN_ETYPE)
        status = PLN_EDATA;
    for (int64_t i = 0; i < query->n_columns; i++)
        if (!is_nested(query->schema.children[i]) && query->columns[i].length > query->n_rows)
            pln__column_truncate(&query->columns[i], query->n_rows);
    query->nested.size = nested;
    return status;
}

void pln__lite_fetch_json(sqlite3_stmt *statement, pln__text *out) {
    char digits[PLN__DOUBLE_TEXT_SIZE];
    for (int i = 0, n = sqlite3_column_count(statement); i < n; i++) {
        const char *name = sqlite3_column_name(statement, i);
        int type = sqlite3_column_type(statement, i);
        pln__text_char(out, i == 0 ? '{' : ',');
        pln__text_json(out, name == NULL ? "" : name, name == NULL ? 0 : (int64_t)strlen(name));
        pln__text_char(out, ':');
        if (type == SQLITE_NULL)
            pln__text_str(out, "null");
        else if (type == SQLITE_INTEGER)
            pln__text_int(out, sqlite3_column_int64(statement, i));
        else if (type == SQLITE_FLOAT && isfinite(sqlite3_column_double(statement, i)))
            pln__text_bytes(out, digits,
                            pln__format_double(digits, sqlite3_column_double(statement, i)));
        else if (type == SQLITE_BLOB) {
            const uint8_t *bytes = sqlite3_column_blob(statement, i);
            int size = sqlite3_column_bytes(statement, i);
            pln__text_char(out, '"');
            for (int b = 0; b < size; b++)
                pln__text_printf(out, "%02x", bytes[b]);
            pln__text_char(out, '"');
        } else {
            const char *text = (const char *)sqlite3_column_text(statement, i);
            pln__text_json(out, text == NULL ? "" : text,
                           text == NULL ? 0 : sqlite3_column_bytes(statement, i));
        }
    }
    pln__text_char(out, '}');
}

/* ---- a batch ---- */

static pln_status reject_nested(pln__lite_query *query, const pln__bad_row *bad, pln_error *err) {
    const char *line = query->nested.data + bad->start;
    pln_raw_rejection item = {
        .code = PLN_EDATA,
        .split = "query",
        .position = query->positions[bad->line],
        .line = -1,
        .raw = line,
        .raw_size = bad->size,
        .message = bad->message,
        .column = bad->column >= 0 ? query->nested_schema.children[bad->column]->name : NULL};
    return query->ctx->host->reject_raw(query->ctx, &item, 1, err);
}

/* Decodes the nested columns of all rows; rows that do not parse are rejected and taken out of `keep`. */
static pln_status decode_nested(pln__lite_query *query, struct ArrowArray *out, int32_t *keep,
                                int64_t *kept, pln_error *err) {
    pln__decoded decoded = {0};
    pln_status status = PLN_OK;
    int64_t bad = 0, row = 0;
    for (int i = 0; i < PLN__PADDING; i++)
        pln__text_char(&query->nested, '\0');
    PLN__TRY(pln__text_status(&query->nested, err));
    PLN__TRY(pln__json_decoder.begin(query->decoder, true, NULL, 0, err));
    PLN__TRY(pln__json_decoder.decode(query->decoder, (const uint8_t *)query->nested.data,
                                      query->nested.size - PLN__PADDING, true, query->n_rows,
                                      &decoded, err));
    *out = decoded.array;
    *kept = 0;
    for (; row < query->n_rows; row++) {
        if (bad < decoded.n_bad && decoded.bad[bad].line == row)
            PLN__TRY(reject_nested(query, &decoded.bad[bad++], err));
        else
            keep[(*kept)++] = (int32_t)row;
    }
    if (*kept != decoded.rows || bad != decoded.n_bad)
        PLN__FAIL(err, PLN_EINTERNAL, "the JSON of %lld rows gave %lld rows and %lld bad ones",
                  (long long)query->n_rows, (long long)decoded.rows, (long long)decoded.n_bad);
out:
    pln__buffer_free(query->mem, &decoded.row_start);
    pln__buffer_free(query->mem, &decoded.row_size);
    pln__buffer_free(query->mem, &decoded.row_line);
    query->nested.size = 0;
    return status;
}

/* Columns in the schema's order, nested ones out of `nested`, the others with only the rows of `keep` if some were lost. */
static pln_status gather(pln__lite_query *query, struct ArrowArray *nested, const int32_t *keep,
                         int64_t kept, struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = query->n_columns, done = 0, at = 0;
    struct ArrowArray all = {0};
    struct ArrowArray *columns = grown(query, n, sizeof *columns, err);
    if (columns == NULL)
        return PLN_ENOMEM;
    for (; done < n; done++) {
        const struct ArrowSchema *field = query->schema.children[done];
        if (is_nested(field)) {
            PLN__TRY(pln__array_share(query->mem, nested->children[at++], &columns[done], err));
            continue;
        }
        PLN__TRY(pln__column_finish(&query->columns[done], &columns[done], err));
        if (kept == query->n_rows)
            continue;
        all = columns[done];
        columns[done] = (struct ArrowArray){0};
        status = pln__array_take(query->mem, field, &all, keep, kept, &columns[done], err);
        pln__array_release(&all);
        PLN__TRY(status);
    }
    status = pln__array_struct(query->mem, kept, columns, n, out, err);
    done = 0;
out:
    for (int64_t i = 0; i < done; i++)
        pln__array_release(&columns[i]);
    pln__free(query->mem, columns, (uint64_t)(n + 1) * sizeof *columns);
    return status;
}

static pln_status make_origin(pln__lite_query *query, const int32_t *keep, int64_t kept,
                              pln_origin *out, pln_error *err) {
    pln__positions *p = NULL;
    pln_status status = pln__positions_new(query->mem, 0, kept, &p, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < kept; i++)
        p->at[i] = query->positions[keep[i]];
    *out = (pln_origin){.struct_size = (uint32_t)sizeof *out,
                        .split = "query",
                        .position = p->at,
                        .release = pln__positions_free,
                        .owner = p};
    return PLN_OK;
}

pln_status pln__lite_fetch_batch(pln__lite_query *query, pln_batch **out, pln_error *err) {
    pln_context *ctx = query->ctx;
    pln_status status = PLN_OK;
    struct ArrowArray nested = {0}, rows = {0};
    pln_origin origin;
    int64_t kept = query->n_rows;
    uint64_t size = (uint64_t)query->n_rows * sizeof(int32_t);
    int32_t *keep = NULL;
    *out = NULL;
    if (query->n_rows == 0)
        return PLN_OK;
    keep = pln__alloc(query->mem, size);
    if (keep == NULL)
        PLN__TRY(pln__error_memory(err, size));
    for (int64_t i = 0; i < kept; i++)
        keep[i] = (int32_t)i;
    if (query->decoder != NULL)
        PLN__TRY(decode_nested(query, &nested, keep, &kept, err));
    PLN__TRY(gather(query, &nested, keep, kept, &rows, err));
    if (kept > 0 && (ctx->host->wants(ctx) & PLN_WANT_POSITION) != 0) {
        PLN__TRY(make_origin(query, keep, kept, &origin, err));
        status = ctx->host->batch_new(ctx, 0, &rows, &origin, out, err);
    } else if (kept > 0) {
        status = ctx->host->batch_new(ctx, 0, &rows, NULL, out, err);
    }
out:
    query->n_rows = 0;
    pln__array_release(&nested);
    pln__array_release(&rows);
    pln__free(query->mem, keep, size);
    return status;
}

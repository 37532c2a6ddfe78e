#include "connect/sqlite/query.h"

/*
 * A saved position: version, whether the end was reached, rows read, hash of the last of them, and the cursor's value as its SQLite type and bytes.
 */
#define VERSION 1
#define HEAD_SIZE 19

static void put64(uint8_t *out, uint64_t value) {
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get64(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint64_t pln__lite_row_hash(sqlite3_stmt *statement) {
    uint64_t hash = 0;
    for (int i = 0, n = sqlite3_column_count(statement); i < n; i++) {
        int type = sqlite3_column_type(statement, i);
        int64_t integer = sqlite3_column_type(statement, i) == SQLITE_INTEGER
                              ? sqlite3_column_int64(statement, i)
                              : 0;
        double real = type == SQLITE_FLOAT ? sqlite3_column_double(statement, i) : 0;
        hash = pln__hash_chain(hash, &type, (int64_t)sizeof type);
        if (type == SQLITE_INTEGER)
            hash = pln__hash_chain(hash, &integer, (int64_t)sizeof integer);
        else if (type == SQLITE_FLOAT)
            hash = pln__hash_chain(hash, &real, (int64_t)sizeof real);
        else if (type != SQLITE_NULL) {
            const void *bytes = sqlite3_column_blob(statement, i);
            int size = sqlite3_column_bytes(statement, i);
            hash = pln__hash_chain(hash, bytes, bytes == NULL ? 0 : size);
        }
    }
    return hash;
}

static pln_status append_cursor(pln__lite_query *query, pln__buffer *out, pln_error *err) {
    uint8_t type = query->at == NULL ? SQLITE_NULL : (uint8_t)sqlite3_value_type(query->at);
    uint8_t number[8];
    pln_status status = PLN_OK;
    PLN__TRY(pln__buffer_append(query->mem, out, &type, 1, err));
    if (type == SQLITE_INTEGER) {
        put64(number, (uint64_t)sqlite3_value_int64(query->at));
        PLN__TRY(pln__buffer_append(query->mem, out, number, 8, err));
    } else if (type == SQLITE_FLOAT) {
        double real = sqlite3_value_double(query->at);
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        put64(number, bits);
        PLN__TRY(pln__buffer_append(query->mem, out, number, 8, err));
    } else if (type != SQLITE_NULL) {
        const void *bytes = sqlite3_value_blob(query->at);
        PLN__TRY(pln__buffer_append(query->mem, out, bytes,
                                    bytes == NULL ? 0 : sqlite3_value_bytes(query->at), err));
    }
out:
    return status;
}

pln_status pln__lite_position_save(pln__lite_query *query, pln_error *err) {
    pln_status status = PLN_OK;
    pln__buffer bytes = {0};
    uint8_t head[HEAD_SIZE - 1] = {VERSION, query->done};
    put64(head + 2, (uint64_t)query->ordinal);
    put64(head + 10, query->on_row ? pln__lite_row_hash(query->statement) : query->expected);
    PLN__TRY(pln__buffer_append(query->mem, &bytes, head, (int64_t)sizeof head, err));
    PLN__TRY(append_cursor(query, &bytes, err));
    PLN__TRY(query->ctx->host->state_put(query->ctx, "query", bytes.data, bytes.size, err));
out:
    pln__buffer_free(query->mem, &bytes);
    return status;
}

/* SQLite makes values only in statements, so one is asked to give the cursor's value back. */
static pln_status load_cursor(pln__lite_query *query, const uint8_t *bytes, int64_t size,
                              pln_error *err) {
    sqlite3_stmt *statement = NULL;
    pln_status status = PLN_OK;
    int type = bytes[0], code = SQLITE_OK;
    double real;
    uint64_t bits = size == 9 ? get64(bytes + 1) : 0;
    if (type == SQLITE_NULL)
        return PLN_OK;
    PLN__TRY(pln__lite_prepare(query->db, "SELECT ?1", "the saved position cannot be used",
                               &statement, err));
    memcpy(&real, &bits, sizeof real);
    if (type == SQLITE_INTEGER)
        code = sqlite3_bind_int64(statement, 1, (int64_t)bits);
    else if (type == SQLITE_FLOAT)
        code = sqlite3_bind_double(statement, 1, real);
    else if (type == SQLITE_TEXT)
        code = sqlite3_bind_text64(statement, 1, (const char *)bytes + 1, (sqlite3_uint64)size - 1,
                                   SQLITE_STATIC, SQLITE_UTF8);
    else
        code =
            sqlite3_bind_blob64(statement, 1, bytes + 1, (sqlite3_uint64)size - 1, SQLITE_STATIC);
    if (code != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        PLN__TRY(pln__lite_fail(query->db, "the saved position cannot be used", err));
    sqlite3_value_free(query->at);
    query->at = sqlite3_value_dup(sqlite3_column_value(statement, 0));
    if (query->at == NULL)
        status = pln__error_memory(err, (uint64_t)size);
out:
    (void)sqlite3_finalize(statement);
    return status;
}

pln_status pln__lite_position_load(pln__lite_query *query, const pln_piece *pieces, int64_t count,
                                   pln_error *err) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *bytes = pieces[i].bytes;
        int64_t size = pieces[i].size;
        if (strcmp(pieces[i].key, "query") != 0)
            continue;
        int type = size >= HEAD_SIZE ? bytes[HEAD_SIZE - 1] : 0;
        bool number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
        if (size < HEAD_SIZE || bytes[0] != VERSION || bytes[1] > 1 ||
            (int64_t)get64(bytes + 2) < 0 || type < SQLITE_INTEGER || type > SQLITE_NULL ||
            (number && size != HEAD_SIZE + 8))
            return pln__error_set(err, PLN_ECORRUPT,
                                  "%s: the saved position of the query is damaged",
                                  query->db->title);
        query->done = bytes[1] != 0;
        query->ordinal = (int64_t)get64(bytes + 2);
        query->expected = get64(bytes + 10);
        return load_cursor(query, bytes + HEAD_SIZE - 1, size - HEAD_SIZE + 1, err);
    }
    return PLN_OK;
}

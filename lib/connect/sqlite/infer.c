#include "connect/sqlite/query.h"
#include "connect/sqlite/value.h"

enum { SEEN_INTEGER = 1, SEEN_REAL = 2, SEEN_TEXT = 4, SEEN_BLOB = 8 };

static unsigned seen_bit(int type) {
    return type == SQLITE_INTEGER ? SEEN_INTEGER
           : type == SQLITE_FLOAT ? SEEN_REAL
           : type == SQLITE_TEXT  ? SEEN_TEXT
           : type == SQLITE_BLOB  ? SEEN_BLOB
                                  : 0;
}

/* A declared type says what a column holds unless it holds anything; then the first rows do. */
static const char *format_of(const char *declared, unsigned seen) {
    int affinity = pln__lite_affinity(declared);
    if (affinity == PLN__AFFINITY_INTEGER)
        return "l";
    if (affinity == PLN__AFFINITY_TEXT)
        return "u";
    if (affinity == PLN__AFFINITY_REAL)
        return "g";
    if (affinity == PLN__AFFINITY_BLOB && declared != NULL && declared[0] != '\0')
        return "z";
    if (seen == SEEN_INTEGER)
        return "l";
    if (seen != 0 && (seen & ~(unsigned)(SEEN_INTEGER | SEEN_REAL)) == 0)
        return "g";
    return seen == SEEN_BLOB ? "z" : "u";
}

static pln_status look(pln__lite_query *query, sqlite3_stmt *statement, unsigned *seen,
                       pln_error *err) {
    int n = sqlite3_column_count(statement);
    for (int64_t row = 0; row < query->sample_rows; row++) {
        int code = sqlite3_step(statement);
        if (code == SQLITE_DONE)
            return PLN_OK;
        if (code != SQLITE_ROW)
            return pln__lite_fail(query->db, "the query cannot be run", err);
        for (int i = 0; i < n; i++)
            seen[i] |= seen_bit(sqlite3_column_type(statement, i));
    }
    return PLN_OK;
}

static pln_status make_schema(pln__lite_query *query, sqlite3_stmt *statement, const unsigned *seen,
                              pln_error *err) {
    struct ArrowSchema schema = {0};
    int n = sqlite3_column_count(statement);
    pln_status status = PLN_OK;
    PLN__TRY(pln__field_new(query->mem, "+s", "", false, n, &schema, err));
    for (int i = 0; i < n; i++) {
        const char *name = sqlite3_column_name(statement, i);
        if (name == NULL)
            PLN__TRY(pln__error_memory(err, 1));
        PLN__TRY(pln__field_new(query->mem,
                                format_of(sqlite3_column_decltype(statement, i), seen[i]), name,
                                true, 0, schema.children[i], err));
    }
    PLN__TRY(pln__schema_check(&schema, err));
    query->schema = schema;
    query->known = true;
    return PLN_OK;
out:
    pln__schema_release(&schema);
    return status;
}

pln_status pln__lite_query_infer(pln__lite_query *query, pln_error *err) {
    sqlite3_stmt *statement = NULL;
    unsigned *seen = NULL;
    uint64_t size = 0;
    pln_status status = PLN_OK;
    PLN__TRY(pln__lite_query_prepare(query, query->sql, &statement, err));
    PLN__TRY(pln__lite_query_bind(query, statement, err));
    size = (uint64_t)sqlite3_column_count(statement) * sizeof *seen;
    seen = pln__calloc(query->mem, 1, size);
    if (seen == NULL)
        PLN__TRY(pln__error_memory(err, size));
    PLN__TRY(look(query, statement, seen, err));
    PLN__TRY(make_schema(query, statement, seen, err));
out:
    pln__free(query->mem, seen, size);
    (void)sqlite3_finalize(statement);
    return status;
}

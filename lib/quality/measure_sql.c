/*
 * sql: a query over the rows, in a private SQLite database that is nowhere but in memory. A query can read its tables and nothing else: what SQLite would let it do
 * beyond is denied when it is prepared, and its steps are counted.
 */
#include "quality/suite.h"
#include "sketch/value.h"
#include "store/sqlite.h"
#include <math.h>
#include <stdio.h>

enum { PAGE = 4096, STEP = 1000, ROWS_TOLD = 1000000 };

typedef struct query {
    sqlite3 *db;
    sqlite3_stmt *asked, *insert;
    int64_t steps, max_steps;
    bool judged; /* of the rows that are there */
    bool none;   /* a metric that is NULL */
    double observed;
    pln__text told;
} query;

static const char *text_of(const pln__check *check, const char *name) {
    return json_string_value(pln__check_get(check, name));
}

static const char *sql_of(const pln__check *check) {
    const char *sql = text_of(check, "query");
    return sql != NULL ? sql : text_of(check, "metric");
}

/* ---- what a query may do ---- */

static int allow(void *user, int action, const char *a, const char *b, const char *c,
                 const char *d) {
    (void)user;
    (void)a;
    (void)c;
    (void)d;
    bool loads =
        action == SQLITE_FUNCTION && b != NULL && sqlite3_stricmp(b, "load_extension") == 0;
    bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
                 action == SQLITE_RECURSIVE;
    return reads && !loads ? SQLITE_OK : SQLITE_DENY;
}

static int step_on(void *user) {
    query *q = user;
    q->steps += STEP;
    return q->steps > q->max_steps;
}

static pln_status failed(const pln__check_run *run, const char *what, pln_error *err) {
    query *q = run->state;
    int code = sqlite3_errcode(q->db) & 0xff;
    if (code == SQLITE_INTERRUPT)
        return pln__error_set(err, PLN_ELIMIT, "sql: more than %lld steps (max_steps)",
                              (long long)q->max_steps);
    if (code == SQLITE_FULL)
        return pln__error_set(err, PLN_ELIMIT, "sql: more than %lld bytes of rows (max_bytes)",
                              (long long)pln__check_number(run->check, "max_bytes", 1 << 28));
    if (code == SQLITE_AUTH)
        return pln__error_set(err, PLN_EOPTION, "sql: a query may only read its tables: %s",
                              sqlite3_errmsg(q->db));
    if (code == SQLITE_ERROR)
        return pln__error_set(err, PLN_ESYNTAX, "sql: %s: %s", what, sqlite3_errmsg(q->db));
    return pln__sqlite_fail(q->db, "sql", what, err);
}

/* ---- tables ---- */

static void put_name(pln__text *out, const char *name) {
    pln__text_char(out, '"');
    for (; *name != '\0'; name++) {
        pln__text_str(out, *name == '"' ? "\"" : "");
        pln__text_char(out, *name);
    }
    pln__text_char(out, '"');
}

/* Decimals compare as numbers, if no digit is lost; a time or date is its text. NULL: lists and the like are in no table. */
static pln_status affinity_of(const struct ArrowSchema *field, const char **out, pln_error *err) {
    pln__type type;
    pln_status status =
        pln__type_of(field->dictionary != NULL ? field->dictionary : field, &type, err);
    *out = NULL;
    if (status < 0 || (field->dictionary != NULL ? field->dictionary : field)->n_children > 0)
        return status;
    *out = pln__type_is_integer(type.id) || type.id == PLN__BOOL ? " INTEGER"
           : type.id == PLN__FLOAT32 || type.id == PLN__FLOAT64  ? " REAL"
           : type.id == PLN__DECIMAL128                          ? " NUMERIC"
           : type.id == PLN__BINARY || type.id == PLN__FIXED     ? " BLOB"
                                                                 : " TEXT";
    return PLN_OK;
}

static pln_status create(const pln__check_run *run, const char *name,
                         const struct ArrowSchema *schema, pln_error *err) {
    query *q = run->state;
    const char *affinity, *between = "(";
    pln__text sql;
    pln_status status = PLN_OK;
    if (schema->n_children == 0 || schema->n_children > 2000)
        return pln__error_set(err, PLN_ELIMIT, "sql: %s has %lld columns, expected 1 to 2000", name,
                              (long long)schema->n_children);
    pln__text_init(&sql, &run->owner->mem);
    pln__text_str(&sql, "CREATE TABLE ");
    put_name(&sql, name);
    for (int64_t i = 0; i < schema->n_children; i++) {
        PLN__TRY(affinity_of(schema->children[i], &affinity, err));
        if (affinity == NULL)
            continue;
        pln__text_str(&sql, between);
        put_name(&sql, schema->children[i]->name);
        pln__text_str(&sql, affinity);
        between = ", ";
    }
    pln__text_char(&sql, ')');
    PLN__TRY(pln__text_status(&sql, err));
    if (between[0] == '(')
        PLN__FAIL(err, PLN_ETYPE, "sql: %s has no column that a query could read", name);
    if (sqlite3_exec(q->db, sql.data, NULL, NULL, NULL) != SQLITE_OK)
        status = failed(run, name, err);
out:
    pln__text_free(&sql);
    return status;
}

static pln_status prepare_insert(const pln__check_run *run, const char *name,
                                 const struct ArrowSchema *schema, sqlite3_stmt **out,
                                 pln_error *err) {
    query *q = run->state;
    const char *affinity, *between = " VALUES(?";
    pln__text sql;
    pln_status status = PLN_OK;
    pln__text_init(&sql, &run->owner->mem);
    pln__text_str(&sql, "INSERT INTO ");
    put_name(&sql, name);
    for (int64_t i = 0; i < schema->n_children && status == PLN_OK; i++) {
        status = affinity_of(schema->children[i], &affinity, err);
        pln__text_str(&sql, affinity == NULL ? "" : between);
        between = affinity == NULL ? between : ",?";
    }
    pln__text_char(&sql, ')');
    if (status == PLN_OK)
        status = pln__text_status(&sql, err);
    if (status == PLN_OK && sqlite3_prepare_v2(q->db, sql.data, -1, out, NULL) != SQLITE_OK)
        status = failed(run, name, err);
    pln__text_free(&sql);
    return status;
}

/* A column of a batch as what is bound: as it is, or as its text. */
typedef struct bound {
    const struct ArrowSchema *schema;
    const struct ArrowArray *array;
    struct ArrowSchema text;
    struct ArrowArray cast;
    pln__type type; /* of its values */
} bound;

static pln_status bound_open(const pln__check_run *run, const struct ArrowSchema *schema,
                             const struct ArrowArray *array, bound *out, pln_error *err) {
    const pln_allocator *mem = &run->owner->mem;
    pln_status status = pln__type_of(schema, &out->type, err);
    out->schema = schema;
    out->array = array;
    if (status < 0 ||
        (pln__type_is_number(out->type.id) && out->type.id != PLN__UINT64 &&
         out->type.id != PLN__DECIMAL128) ||
        out->type.id == PLN__BOOL || pln__type_is_bytes(out->type.id))
        return status;
    PLN__TRY(pln__field_new(mem, "u", "", true, 0, &out->text, err));
    status = pln__cast_array(mem, schema, array, &out->text, &out->cast, NULL, err);
    if (status < 0) {
        pln__error_prefix(err, "sql: column %s", schema->name);
        return status;
    }
    out->schema = &out->text;
    out->array = &out->cast;
    status = pln__type_of(&out->text, &out->type, err);
out:
    return status;
}

static int bind(sqlite3_stmt *insert, int at, const bound *b, int64_t row) {
    int64_t size;
    if (pln__array_null_at(b->schema, b->array, row))
        return sqlite3_bind_null(insert, at);
    if (b->type.id == PLN__FLOAT32 || b->type.id == PLN__FLOAT64)
        return sqlite3_bind_double(insert, at, pln__array_float(&b->type, b->array, row));
    if (b->type.id == PLN__BOOL)
        return sqlite3_bind_int(insert, at,
                                pln__bit_get(b->array->buffers[1], b->array->offset + row));
    if (pln__type_is_integer(b->type.id))
        return sqlite3_bind_int64(insert, at, pln__array_int(&b->type, b->array, row));
    const void *bytes = pln__array_bytes(&b->type, b->array, row, &size);
    bytes = bytes != NULL ? bytes : "";
    return b->type.id == PLN__UTF8
               ? sqlite3_bind_text64(insert, at, bytes, (sqlite3_uint64)size, SQLITE_STATIC,
                                     SQLITE_UTF8)
               : sqlite3_bind_blob64(insert, at, bytes, (sqlite3_uint64)size, SQLITE_STATIC);
}

static pln_status insert_rows(const pln__check_run *run, sqlite3_stmt *insert,
                              const struct ArrowSchema *schema, const struct ArrowArray *rows,
                              const int32_t *chosen, int64_t n, pln_error *err) {
    const query *q = run->state;
    const pln_allocator *mem = &run->owner->mem;
    const char *affinity;
    int64_t columns = 0;
    pln_status status = PLN_OK;
    bound *b = pln__calloc(mem, (uint64_t)schema->n_children, sizeof *b);
    if (b == NULL)
        return pln__error_memory(err, (uint64_t)schema->n_children * sizeof *b);
    for (int64_t i = 0; i < schema->n_children; i++) {
        PLN__TRY(affinity_of(schema->children[i], &affinity, err));
        if (affinity != NULL)
            PLN__TRY(bound_open(run, schema->children[i], rows->children[i], &b[columns++], err));
    }
    if (sqlite3_exec(q->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        PLN__TRY(failed(run, "rows", err));
    for (int64_t k = 0; k < n; k++) {
        int code = SQLITE_OK;
        for (int64_t i = 0; i < columns && code == SQLITE_OK; i++)
            code = bind(insert, (int)i + 1, &b[i], chosen != NULL ? chosen[k] : k);
        if (code != SQLITE_OK || sqlite3_step(insert) != SQLITE_DONE)
            PLN__TRY(failed(run, "rows", err));
        (void)sqlite3_reset(insert);
    }
    if (sqlite3_exec(q->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        PLN__TRY(failed(run, "rows", err));
out:
    (void)sqlite3_reset(insert);
    (void)sqlite3_clear_bindings(insert);
    for (int64_t i = 0; i < columns; i++) {
        pln__array_release(&b[i].cast);
        pln__schema_release(&b[i].text);
    }
    pln__free(mem, b, (uint64_t)schema->n_children * sizeof *b);
    return status;
}

static pln_status fill_table(const pln__check_run *run, const char *name, pln_error *err) {
    const pln_suite *suite = run->owner->suite;
    const pln__reference *reference = NULL;
    sqlite3_stmt *insert = NULL;
    pln_status status;
    for (int64_t i = 0; i < suite->n_references; i++)
        if (strcmp(suite->references[i].name, name) == 0)
            reference = &suite->references[i];
    if (reference == NULL || !reference->given)
        return pln__error_set(err, PLN_ESTATE, "the reference '%s' was not given", name);
    const struct ArrowSchema *schema = &reference->kept.schema;
    PLN__TRY(create(run, name, schema, err));
    PLN__TRY(prepare_insert(run, name, schema, &insert, err));
    for (int64_t i = 0; i < reference->kept.n; i++)
        PLN__TRY(insert_rows(run, insert, schema, &reference->kept.arrays[i], NULL,
                             reference->kept.arrays[i].length, err));
out:
    (void)sqlite3_finalize(insert);
    return status;
}

/* ---- the check ---- */

static void sql_close(pln__check_run *run) {
    query *q = run->state;
    if (q == NULL)
        return;
    (void)sqlite3_finalize(q->asked);
    (void)sqlite3_finalize(q->insert);
    (void)sqlite3_close(q->db);
    pln__text_free(&q->told);
    pln__free(&run->owner->mem, q, sizeof *q);
}

static pln_status read_limits(const pln__check_run *run, query *q, pln_error *err) {
    double steps = pln__check_number(run->check, "max_steps", 1e8);
    double bytes = pln__check_number(run->check, "max_bytes", 1 << 28);
    char pragma[96];
    if (!(steps >= STEP && steps <= 1e15))
        return pln__error_set(err, PLN_EOPTION, "max_steps: expected 1000 to 1e15, got %g", steps);
    if (!(bytes >= 16 * PAGE && bytes <= 1e12))
        return pln__error_set(err, PLN_EOPTION, "max_bytes: expected 65536 to 1e12, got %g", bytes);
    q->max_steps = (int64_t)steps;
    snprintf(pragma, sizeof pragma,
             "PRAGMA page_size=%d; PRAGMA max_page_count=%lld; PRAGMA temp_store=MEMORY", PAGE,
             (long long)(bytes / PAGE));
    if (pln__sqlite_open(":memory:", PLN__SQLITE_CREATE, &q->db) != SQLITE_OK ||
        sqlite3_exec(q->db, pragma, NULL, NULL, NULL) != SQLITE_OK)
        return q->db == NULL ? pln__error_memory(err, 1)
                             : pln__sqlite_fail(q->db, "sql", "open", err);
    return PLN_OK;
}

/* Of the one question, on a schema that is there: it is known to be one before there are rows. */
static pln_status prepare(const pln__check_run *run, query *q, pln_error *err) {
    const char *sql = sql_of(run->check), *rest = "";
    (void)sqlite3_set_authorizer(q->db, allow, q);
    int code = sqlite3_prepare_v2(q->db, sql, -1, &q->asked, &rest);
    pln_status status = code == SQLITE_OK ? PLN_OK : failed(run, "query", err);
    (void)sqlite3_set_authorizer(q->db, NULL, NULL);
    if (status < 0)
        return status;
    if (q->asked == NULL || rest[strspn(rest, " \t\r\n;")] != '\0' ||
        sqlite3_column_count(q->asked) == 0 || !sqlite3_stmt_readonly(q->asked))
        return pln__error_set(err, PLN_EOPTION, "sql: expected one query");
    if (text_of(run->check, "metric") != NULL && sqlite3_column_count(q->asked) != 1)
        return pln__error_set(err, PLN_EOPTION, "sql: metric: expected one column, got %d",
                              sqlite3_column_count(q->asked));
    if (sqlite3_bind_parameter_count(q->asked) > 0)
        return pln__error_set(err, PLN_EOPTION, "sql: a query has no parameters");
    return PLN_OK;
}

static pln_status sql_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const json_t *tables = pln__check_get(run->check, "tables"), *table;
    bool metric = text_of(run->check, "metric") != NULL;
    size_t i;
    pln_status status = PLN_OK;
    query *q = pln__calloc(&v->mem, 1, sizeof *q);
    if (q == NULL)
        return pln__error_memory(err, sizeof *q);
    run->state = q;
    pln__text_init(&q->told, &v->mem);
    if (metric == (text_of(run->check, "query") != NULL))
        PLN__FAIL(err, PLN_EOPTION, "sql: needs either query or metric");
    if (metric)
        PLN__TRY(pln__check_bounds(run->check, err));
    PLN__TRY(read_limits(run, q, err));
    PLN__TRY(create(run, "rows", &v->schema, err));
    PLN__TRY(prepare_insert(run, "rows", &v->schema, &q->insert, err));
    json_array_foreach((json_t *)tables, i, table) {
        PLN__TRY(fill_table(run, json_string_value(table), err));
    }
    PLN__TRY(prepare(run, q, err));
    (void)sqlite3_progress_handler(q->db, STEP, step_on, q);
out:
    return status;
}

static pln_status sql_add(pln__check_run *run, const struct ArrowArray *rows, const int32_t *chosen,
                          int64_t n, pln_error *err) {
    query *q = run->state;
    q->judged = false;
    /* What counts are the steps of the query. */
    q->steps = INT64_MIN / 2;
    return insert_rows(run, q->insert, &run->owner->schema, rows, chosen, n, err);
}

static pln_status apart(pln_error *err) {
    return pln__error_set(
        err, PLN_EUNSUPPORTED,
        "sql: a query needs all rows in one place: it is neither merged nor saved");
}

static pln_status sql_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    (void)into;
    return from->rows > 0 ? apart(err) : PLN_OK;
}

static pln_status sql_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    (void)out;
    return run->rows > 0 ? apart(err) : PLN_OK;
}

static pln_status sql_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                           pln_error *err) {
    (void)bytes;
    return run->rows > 0 || size > 0
               ? pln__error_set(err, PLN_EDATA, "sql: rows were never written")
               : PLN_OK;
}

/* The first row that a query gives, as text. */
static void tell_row(query *q) {
    for (int i = 0; i < sqlite3_column_count(q->asked); i++) {
        const char *text = (const char *)sqlite3_column_text(q->asked, i);
        int64_t size = sqlite3_column_bytes(q->asked, i);
        pln__text_printf(&q->told, "%s%s ", i == 0 ? ", the first: " : ", ",
                         sqlite3_column_name(q->asked, i));
        if (text == NULL)
            pln__text_str(&q->told, "null");
        else
            pln__text_bytes(&q->told, text, size < 200 ? size : 200);
    }
}

static pln_status ask(const pln__check_run *run, query *q, pln_error *err) {
    bool metric = text_of(run->check, "metric") != NULL;
    int64_t n = 0;
    pln_status status = PLN_OK;
    int code;
    q->steps = 0;
    q->none = false;
    pln__text_again(&q->told);
    while ((code = sqlite3_step(q->asked)) == SQLITE_ROW) {
        if (n++ == 0 && metric) {
            int type = sqlite3_column_type(q->asked, 0);
            q->none = type == SQLITE_NULL;
            q->observed = sqlite3_column_double(q->asked, 0);
            if (!q->none && type != SQLITE_INTEGER && type != SQLITE_FLOAT)
                PLN__FAIL(err, PLN_ETYPE, "sql: metric: expected a number");
        } else if (n == 1 && !run->check->redact && run->check->sample_limit > 0) {
            tell_row(q);
        }
        if (metric && n > 1)
            PLN__FAIL(err, PLN_EDATA, "sql: metric: expected one row, there are more");
        if (n == ROWS_TOLD)
            break;
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        PLN__TRY(failed(run, "query", err));
    if (metric && n == 0)
        q->none = true;
    if (!metric)
        q->observed = (double)n;
    q->judged = true;
    PLN__TRY(pln__text_status(&q->told, err));
out:
    (void)sqlite3_reset(q->asked);
    return status;
}

static pln_status sql_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    query *q = run->state;
    pln_status status = q->judged ? PLN_OK : ask(run, q, err);
    if (status < 0)
        return status;
    *out = (pln__judgement){.observed = q->none ? NAN : q->observed};
    if (text_of(run->check, "metric") != NULL) {
        out->success = q->none || pln__check_within(run->check, q->observed);
        return PLN_OK;
    }
    out->success = q->observed == 0;
    pln__text_printf(&run->observed, "%s%lld rows", q->observed == ROWS_TOLD ? "at least " : "",
                     (long long)q->observed);
    if (q->told.size > 0)
        pln__text_bytes(&run->observed, q->told.data, q->told.size);
    return pln__text_status(&run->observed, err);
}

const pln__measure pln__measure_sql = {
    .open = sql_open,
    .close = sql_close,
    .add = sql_add,
    .merge = sql_merge,
    .write = sql_write,
    .read = sql_read,
    .judge = sql_judge,
};

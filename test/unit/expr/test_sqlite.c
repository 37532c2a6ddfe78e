/*
 * Random typed expressions over random rows, against SQLite at run time, on what the two have in common. Rows that fail here (an overflow, a
 * division by zero) are left out: SQLite has other ideas of them.
 */
#include "expr_help.h"
#include <sqlite3.h>

enum { INT, REAL, TEXT, BOOL };
enum { ROWS = 150 };

typedef struct maker {
    rng r;
    char text[16384];
    size_t size;
} maker;

static void put(maker *m, const char *text) {
    size_t n = strlen(text);
    ck_assert_uint_lt(m->size + n, sizeof m->text);
    memcpy(m->text + m->size, text, n + 1);
    m->size += n;
}

static void make(maker *m, int type, int depth);

/* Pieces of text and, between them, letters that stand for an expression: I R T B, and O for an operator of numbers. */
static void fill(maker *m, const char *form, int depth) {
    static const char *const sums[] = {" + ", " - ", " * "};
    static const char *const orders[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    static const char *const words[] = {"'a'", "'ab'", "''",    "'%a%'", "'b_'",
                                        "'%'", "'A%'", "'_b%'", "'x'"};
    char one[2] = "";
    for (; *form != '\0'; form++) {
        switch (*form) {
        case 'I': make(m, INT, depth - 1); break;
        case 'R': make(m, REAL, depth - 1); break;
        case 'T': make(m, TEXT, depth - 1); break;
        case 'B': make(m, BOOL, depth - 1); break;
        case 'O': put(m, sums[rng_below(&m->r, 3)]); break;
        case 'C': put(m, orders[rng_below(&m->r, 6)]); break;
        case 'W': put(m, words[rng_below(&m->r, PLN__COUNT(words))]); break;
        case 'N': put(m, rng_below(&m->r, 2) ? " not " : " "); break;
        case 'D':
            one[0] = (char)('1' + rng_below(&m->r, 4));
            put(m, one);
            break;
        default: one[0] = *form; put(m, one);
        }
    }
}

static void leaf(maker *m, int type) {
    static const char *const ints[] = {"a", "b", "c", "0", "1", "-3", "7", "null", "20", "a"};
    static const char *const reals[] = {"x", "y", "0.5e0", "-2e0", "1.25e1", "x"};
    static const char *const texts[] = {"s", "u", "'a'", "''", "'ab'", "'Ba%'", "s", "u"};
    static const char *const bools[] = {"p", "q", "true", "false", "p", "q"};
    switch (type) {
    case INT: put(m, ints[rng_below(&m->r, PLN__COUNT(ints))]); break;
    case REAL: put(m, reals[rng_below(&m->r, PLN__COUNT(reals))]); break;
    case TEXT: put(m, texts[rng_below(&m->r, PLN__COUNT(texts))]); break;
    default: put(m, bools[rng_below(&m->r, PLN__COUNT(bools))]); break;
    }
}

/* Lower case is text as it stands; what would clash with a letter of fill() is spelt in lower case. */
static const char *const int_forms[] = {"(IOI)",
                                        "(I / I)",
                                        "(I % I)",
                                        "(- I)",
                                        "abs(I)",
                                        "length(T)",
                                        "coalesce(I, I)",
                                        "nullif(I, I)",
                                        "case when B then I else I end",
                                        "case when B then I when B then I end",
                                        "instr(T, T)",
                                        "case I when I then I when D then I else I end",
                                        "octet_length(T)",
                                        "coalesce(I, I, D)",
                                        "(I & I)",
                                        "(I | I)",
                                        "(case when B then D end)"};
static const char *const real_forms[] = {"(ROR)",
                                         "(ROI)",
                                         "(IOR)",
                                         "(- R)",
                                         "abs(R)",
                                         "coalesce(R, R)",
                                         "case when B then R else R end",
                                         "nullif(R, R)",
                                         "(R / R)"};
static const char *const text_forms[] = {"(T || T)",
                                         "lower(T)",
                                         "upper(T)",
                                         "substr(T, D)",
                                         "substr(T, D, D)",
                                         "replace(T, 'a', T)",
                                         "replace(T, T, 'q')",
                                         "trim(T)",
                                         "ltrim(T, T)",
                                         "rtrim(T, T)",
                                         "trim(T, 'a')",
                                         "coalesce(T, T)",
                                         "nullif(T, T)",
                                         "case when B then T else T end",
                                         "case T when T then T else T end",
                                         "(T || I)",
                                         "cast(I as text)"};
static const char *const bool_forms[] = {"(ICI)",
                                         "(RCR)",
                                         "(TCT)",
                                         "(ICR)",
                                         "(B and B)",
                                         "(B or B)",
                                         "(not B)",
                                         "(I is N null)",
                                         "(T is N null)",
                                         "(B is N true)",
                                         "(B is N false)",
                                         "(I is N distinct from I)",
                                         "(T is N distinct from T)",
                                         "(I N between I and I)",
                                         "(T N between T and T)",
                                         "(I N in (I, I, I))",
                                         "(I N in (1, 2, 5, 7, null))",
                                         "(T N in ('a', 'ab', ''))",
                                         "(T N in (T, T))",
                                         "(T N like W)",
                                         "(I N in (-3, 0, 1, 7, 20))",
                                         "(T N like T)",
                                         "(B = B)",
                                         "(B and B and B)",
                                         "(B or B or B)",
                                         "coalesce(B, B)",
                                         "case when B then B else B end",
                                         "(T N in ('a', null, 'a longer text than eight'))"};

static void make(maker *m, int type, int depth) {
    if (depth <= 0) {
        leaf(m, type);
        return;
    }
    switch (type) {
    case INT: fill(m, int_forms[rng_below(&m->r, PLN__COUNT(int_forms))], depth); break;
    case REAL: fill(m, real_forms[rng_below(&m->r, PLN__COUNT(real_forms))], depth); break;
    case TEXT: fill(m, text_forms[rng_below(&m->r, PLN__COUNT(text_forms))], depth); break;
    default: fill(m, bool_forms[rng_below(&m->r, PLN__COUNT(bool_forms))], depth); break;
    }
}

/* ---- rows in both ---- */

static void random_row(rng *r, char *out, size_t room) {
    static const char *const words[] = {
        "a", "ab", "Ba", "", "abc", "b%b", "AbAb", "x_y", "longer than eight", "ba"};
    size_t n = 0;
    n += (size_t)snprintf(out + n, room - n, "{\"z\": 0");
    for (const char *name = "abc"; *name != '\0'; name++)
        if (rng_below(r, 5) > 0)
            n += (size_t)snprintf(out + n, room - n, ", \"%c\": %d", *name,
                                  (int)rng_below(r, 41) - 20);
    for (const char *name = "xy"; *name != '\0'; name++)
        if (rng_below(r, 5) > 0)
            n += (size_t)snprintf(out + n, room - n, ", \"%c\": %.2f", *name,
                                  (double)rng_below(r, 41) / 4 - 5);
    for (const char *name = "su"; *name != '\0'; name++)
        if (rng_below(r, 5) > 0)
            n += (size_t)snprintf(out + n, room - n, ", \"%c\": \"%s\"", *name,
                                  words[rng_below(r, PLN__COUNT(words))]);
    for (const char *name = "pq"; *name != '\0'; name++)
        if (rng_below(r, 4) > 0)
            n += (size_t)snprintf(out + n, room - n, ", \"%c\": %s", *name,
                                  rng_below(r, 2) ? "true" : "false");
    snprintf(out + n, room - n, "}\n");
}

static sqlite3 *load(const rows *t) {
    sqlite3 *db;
    sqlite3_stmt *insert;
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db,
                     "pragma case_sensitive_like = on; create table t (z integer, a integer, "
                     "b integer, c integer, x real, y real, s text, u text, p integer, q integer)",
                     NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db, "insert into t values (?,?,?,?,?,?,?,?,?,?)", -1, &insert, NULL),
        SQLITE_OK);
    for (int64_t row = 0; row < t->array.length; row++) {
        for (int c = 0; c < 10; c++) {
            const struct ArrowArray *array = t->array.children[c];
            pln__type type;
            int64_t size;
            pln__type_of(t->schema.children[c], &type, NULL);
            if (!pln__array_valid(array, row))
                sqlite3_bind_null(insert, c + 1);
            else if (type.id == PLN__UTF8) {
                const char *bytes = (const char *)pln__array_bytes(&type, array, row, &size);
                sqlite3_bind_text(insert, c + 1, bytes, (int)size, SQLITE_TRANSIENT);
            } else if (type.id == PLN__FLOAT64)
                sqlite3_bind_double(insert, c + 1, pln__array_float(&type, array, row));
            else if (type.id == PLN__BOOL)
                sqlite3_bind_int(insert, c + 1,
                                 pln__bit_get(array->buffers[1], array->offset + row));
            else
                sqlite3_bind_int64(insert, c + 1, pln__array_int(&type, array, row));
        }
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    return db;
}

static bool equal_value(sqlite3_stmt *stmt, const struct ArrowSchema *field,
                        const struct ArrowArray *array, int64_t row) {
    pln__type type;
    int64_t size;
    pln__type_of(field, &type, NULL);
    bool null = sqlite3_column_type(stmt, 0) == SQLITE_NULL;
    if (null || pln__array_null_at(field, array, row))
        return null && pln__array_null_at(field, array, row);
    if (type.id == PLN__UTF8) {
        const uint8_t *bytes = pln__array_bytes(&type, array, row, &size);
        const void *theirs = sqlite3_column_text(stmt, 0);
        return size == sqlite3_column_bytes(stmt, 0) && memcmp(bytes, theirs, (size_t)size) == 0;
    }
    if (type.id == PLN__FLOAT64)
        return pln__array_float(&type, array, row) == sqlite3_column_double(stmt, 0);
    if (type.id == PLN__BOOL)
        return pln__bit_get(array->buffers[1], array->offset + row) == sqlite3_column_int(stmt, 0);
    return pln__array_int(&type, array, row) == sqlite3_column_int64(stmt, 0);
}

typedef struct tally {
    int64_t values, failed, null;
} tally;

static void compare(sqlite3 *db, const rows *t, const char *text, int64_t first, uint32_t cpu,
                    tally *count) {
    const pln_allocator *mem = pln__system_allocator();
    pln__expr_options options = {.cpu = cpu, .seed = 3};
    pln__expr_failures failures = {0};
    pln__expr *expr;
    pln_error err = {0};
    struct ArrowArray slice, out;
    char sql[20000];
    sqlite3_stmt *stmt;
    snprintf(sql, sizeof sql, "select %s from t order by rowid limit -1 offset %d", text,
             (int)first);
    ck_assert_msg(pln__expr_compile(mem, text, &t->schema, &options, &expr, &err) >= 0, "%s: %s",
                  text, err.message);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s", sql,
                  sqlite3_errmsg(db));
    ck_assert_int_ge(pln__rows_slice(mem, &t->array, first, t->array.length - first, &slice, &err),
                     0);
    ck_assert_msg(pln__expr_eval(expr, &slice, 0, &out, &failures, &err) >= 0, "%s", err.message);
    int64_t f = 0;
    for (int64_t row = 0; row < out.length; row++) {
        ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
        if (f < failures.count && failures.items[f].row == row) {
            f++;
            continue;
        }
        count->null += pln__array_null_at(pln__expr_field(expr), &out, row);
        if (!equal_value(stmt, pln__expr_field(expr), &out, row)) {
            pln__text shown;
            pln__text_init(&shown, mem);
            say_value(&shown, pln__expr_field(expr), &out, row);
            ck_abort_msg("%s\n row %d: SQLite %s, we %s", text, (int)(first + row),
                         (const char *)sqlite3_column_text(stmt, 0), shown.data);
        }
    }
    count->values += out.length;
    count->failed += failures.count;
    sqlite3_finalize(stmt);
    pln__array_release(&slice);
    pln__array_release(&out);
    pln__expr_failures_free(mem, &failures);
    pln__expr_free(expr);
}

/* Younger than the SQLite of Debian 12. */
static void octet_length(sqlite3_context *context, int n, sqlite3_value **args) {
    (void)n;
    if (sqlite3_value_type(args[0]) == SQLITE_NULL)
        sqlite3_result_null(context);
    else
        sqlite3_result_int(context, sqlite3_value_bytes(args[0]));
}

static void check_random(uint64_t seed, int expressions, uint32_t cpu) {
    maker m = {.r = {seed}};
    char *json = calloc(1, ROWS * 256);
    rows t;
    tally count = {0};
    for (int i = 0; i < ROWS; i++)
        random_row(&m.r, json + strlen(json), 256);
    rows_make("z l, a l?, b l?, c l?, x g?, y g?, s u?, u u?, p b?, q b?", json, &t);
    sqlite3 *db = load(&t);
    sqlite3_create_function(db, "octet_length", 1, SQLITE_UTF8, NULL, octet_length, NULL, NULL);
    for (int i = 0; i < expressions; i++) {
        m.size = 0;
        make(&m, (int)rng_below(&m.r, 4), 1 + (int)rng_below(&m.r, 4));
        compare(db, &t, m.text, rng_below(&m.r, 70), cpu, &count);
    }
    /* The comparison must not be an empty one. */
    ck_assert_int_gt(count.values, expressions * (ROWS - 70));
    ck_assert_int_lt(count.failed, count.values / 4);
    ck_assert_int_lt(count.null, count.values * 3 / 4);
    sqlite3_close(db);
    rows_free(&t);
    free(json);
}

START_TEST(scalar_agrees_with_sqlite) {
    check_random(20130101, 2500, 0);
}
END_TEST

START_TEST(simd_agrees_with_sqlite) {
    check_random(20130102, 2500, pln__cpu_features());
}
END_TEST

Suite *suite_expr_sqlite(void);
Suite *suite_expr_sqlite(void) {
    Suite *suite = suite_create("expr/sqlite");
    TCase *tests = tcase_create("sqlite");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, scalar_agrees_with_sqlite);
    tcase_add_test(tests, simd_agrees_with_sqlite);
    suite_add_tcase(suite, tests);
    return suite;
}

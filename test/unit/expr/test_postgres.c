/*
 * What PostgreSQL answers (postgres.tsv, made by postgres.py) against what we do, row by row, over whole batches, slices of them and
 * each instruction set.
 */
#include "expr_help.h"
#include <math.h>

#define SPEC                                                                                       \
    "id l, a l?, b l?, i i?, h s?, f g?, r f?, d d:10.2?, e d:12.4?, s u?, u u?, t tdD?, ts "      \
    "tsu:?, "                                                                                      \
    "tm ttu?, ok b?, no b?"

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *text = calloc(1, 1 << 20);
    ck_assert_uint_lt(fread(text, 1, (1 << 20) - 1, file), (1 << 20) - 1);
    fclose(file);
    return text;
}

/* Digits behind the point, to compare quotients of which one has more of them. */
static int digits_of(const char *text) {
    const char *point = strchr(text, '.');
    return point == NULL || strchr(text, 'e') != NULL ? 0 : (int)strlen(point + 1);
}

static bool near(const char *got, const char *expected, double tolerance) {
    char *end, *end2;
    double a = strtod(got, &end), b = strtod(expected, &end2);
    if (end == got || *end != '\0' || end2 == expected || *end2 != '\0')
        return false;
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b));
}

/* A value of ours as text, in the words of psql. */
static bool agrees(const struct ArrowSchema *field, const struct ArrowArray *array, int64_t row,
                   bool failed, const char *expected) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    if (failed)
        pln__text_str(&text, "!");
    else if (pln__array_null_at(field, array, row))
        pln__text_str(&text, "\\N");
    else
        say_value(&text, field, array, row);
    char *got = text.data;
    if (field->format[0] == 'u' && !failed && got[0] == '\'') {
        got[text.size - 1] = '\0';
        got++;
    }
    bool same = strcmp(got, expected) == 0;
    char kind = field->format[0];
    if (!same && kind == 'd') {
        int ours = digits_of(got), theirs = digits_of(expected);
        double step = pow(10, -(ours < theirs ? ours : theirs));
        same = fabs(strtod(got, NULL) - strtod(expected, NULL)) <= (ours == theirs ? 0 : step) ||
               near(got, expected, 1e-15);
    }
    if (!same && kind == 'g')
        same = near(got, expected, 4e-16 * 16);
    if (!same && kind == 'f')
        same = near(got, expected, 1e-6);
    if (!same && pln__array_null_at(field, array, row) == false)
        same = near(got, expected, 0) && kind != 'u';
    pln__text_free(&text);
    return same;
}

static void check_line(const rows *r, char *line, uint32_t cpu) {
    const pln_allocator *mem = pln__system_allocator();
    pln__expr_options options = {.cpu = cpu};
    pln__expr_failures failures = {0};
    struct ArrowArray out;
    pln__expr *expr;
    pln_error err = {0};
    char *tab = strchr(line, '\t');
    int64_t f = 0;
    *tab = '\0';
    pln_status status = pln__expr_compile(mem, line, &r->schema, &options, &expr, &err);
    ck_assert_msg(status >= 0, "%s: %s", line, err.message);
    ck_assert_int_ge(pln__expr_eval(expr, &r->array, 0, &out, &failures, &err), 0);
    for (int64_t row = 0; row < out.length; row++) {
        char *end = strpbrk(tab + 1, "\t\n");
        char was = *end;
        *end = '\0';
        bool failed = f < failures.count && failures.items[f].row == row;
        if (!agrees(pln__expr_field(expr), &out, row, failed, tab + 1)) {
            pln__text text;
            pln__text_init(&text, mem);
            say_value(&text, pln__expr_field(expr), &out, row);
            ck_abort_msg("%s, row %d: PostgreSQL says %s, we say %s%s", line, (int)row + 1, tab + 1,
                         failed ? failures.items[f].message : "", failed ? "" : text.data);
        }
        f += failed;
        *end = was;
        *tab = '\t';
        tab = end;
    }
    pln__array_release(&out);
    pln__expr_failures_free(mem, &failures);
    pln__expr_free(expr);
}

static void check_all(uint32_t cpu) {
    rows r;
    char *json = read_file("test/unit/expr/rows.ndjson"),
         *table = read_file("test/unit/expr/postgres.tsv");
    int n = 0;
    rows_make(SPEC, json, &r);
    for (char *line = table; *line != '\0'; n++) {
        char *end = strchr(line, '\n');
        char *copy = calloc(1, (size_t)(end - line) + 2);
        memcpy(copy, line, (size_t)(end - line) + 1);
        check_line(&r, copy, cpu);
        free(copy);
        line = end + 1;
    }
    ck_assert_int_gt(n, 400);
    rows_free(&r);
    free(json);
    free(table);
}

START_TEST(scalar_agrees_with_postgresql) {
    check_all(0);
}
END_TEST

START_TEST(simd_agrees_with_postgresql) {
    check_all(pln__cpu_features());
}
END_TEST

Suite *suite_expr_postgres(void);
Suite *suite_expr_postgres(void) {
    Suite *suite = suite_create("expr/postgres");
    TCase *tests = tcase_create("postgres");
    tcase_add_test(tests, scalar_agrees_with_postgresql);
    tcase_add_test(tests, simd_agrees_with_postgresql);
    suite_add_tcase(suite, tests);
    return suite;
}

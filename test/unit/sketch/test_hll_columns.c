/* The bytes in hll_columns.txt, to which the tests of the bindings hold Python and Go as well. */
#include "hll_help.h"
#include "table.h"

static const char *const words[] = {"", "xxh3", "redis", "datasketches"};
static const char *const forms[] = {"", "native", "redis", "datasketches"};

static int32_t number_of(const char *const *list, const char *word) {
    for (int32_t i = 1; i < 4; i++)
        if (strcmp(list[i], word) == 0)
            return i;
    ck_abort_msg("%s", word);
    return 0;
}

/* hash, precision, seed, form, schema, rows, bytes */
static void check_line(char *line) {
    char *cell[7];
    for (int i = 0; i < 7; i++) {
        cell[i] = line;
        line += strcspn(line, "\t\n");
        ck_assert_int_eq(*line, i < 6 ? '\t' : '\n');
        *line++ = '\0';
    }
    for (char *at = cell[5]; (at = strstr(at, "} {")) != NULL;)
        at[1] = '\n';
    table t = table_of(cell[4], cell[5]);
    pln_hll *hll = hll_new(atoi(cell[1]), number_of(words, cell[0]), strtoull(cell[2], NULL, 10));
    MUST(pln_hll_add_column(hll, t.schema.children[0], t.rows.children[0], &why));
    hll_bytes got = hll_write(hll, number_of(forms, cell[3]));
    char *hex = hex_of(got.data, got.size);
    ck_assert_msg(strcmp(hex, cell[6]) == 0, "%s of %s: expected\n%s, got\n%s", cell[5], cell[4],
                  cell[6], hex);
    free(hex);
    free(got.data);
    pln_hll_free(hll);
    table_free(&t);
}

START_TEST(columns_give_these_bytes) {
    FILE *file = fopen("test/unit/sketch/hll_columns.txt", "r");
    char line[4096];
    int n = 0;
    if (file == NULL)
        TEST_SKIP("test/unit/sketch/hll_columns.txt is not below the working folder");
    while (fgets(line, sizeof line, file) != NULL)
        if (line[0] != '#') {
            check_line(line);
            n++;
        }
    fclose(file);
    ck_assert_int_ge(n, 15);
}
END_TEST

Suite *suite_sketch_hll_columns(void) {
    Suite *s = suite_create("sketch/hll_columns");
    TCase *c = tcase_create("columns");
    tcase_add_test(c, columns_give_these_bytes);
    suite_add_tcase(s, c);
    return s;
}

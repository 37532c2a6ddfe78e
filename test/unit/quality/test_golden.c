/* One suite over one batch, and all that comes of it, byte by byte: the tests of the bindings hold Python and Go to the same files. */
#include "skip.h"
#include "suite_help.h"

#define FOLDER "test/unit/quality/golden/"

static const int64_t now_us = INT64_C(1772280000000000); /* 2026-02-28T12:00:00Z */

/* Its line ends are the file's; NULL where there is no such file. */
static char *file_text(const char *name) {
    char path[128];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, 1 << 16);
    size_t size = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    ck_assert_msg(size > 0 && size < (1 << 16) - 1, "%s has %zu bytes", path, size);
    return text;
}

static char *line_of(const char *name) {
    char *text = file_text(name);
    ck_assert_ptr_nonnull(text);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void holds(const char *name, const char *text) {
    char *wanted = file_text(name);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_str_eq(text, wanted);
    free(wanted);
}

/* "2 wrong: 3(4) 5(7)", and a line of numbers for each check that says something of rows. */
static void put_verdict(const pln_suite *suite, const pln_validation *v, pln__text *out) {
    pln_validation_verdict verdict = {.struct_size = sizeof verdict};
    pln_validation_rows(v, &verdict);
    pln__text_printf(out, "%lld wrong:", (long long)verdict.n_failed);
    for (int64_t i = 0; i < verdict.rows; i++)
        if (verdict.failed[i / 8] >> i % 8 & 1)
            pln__text_printf(out, " %lld(%d)", (long long)i, verdict.first[i]);
    for (int32_t check = 0; check < pln_suite_count(suite); check++) {
        const uint8_t *bits = pln_validation_bits(v, check);
        if (bits == NULL)
            continue;
        pln__text_printf(out, "\n%d:", check);
        for (int64_t i = 0; i < verdict.rows; i++)
            if (bits[i / 8] >> i % 8 & 1)
                pln__text_printf(out, " %lld", (long long)i);
    }
    pln__text_char(out, '\n');
}

static void put_hex(const uint8_t *bytes, int64_t size, pln__text *out) {
    for (int64_t i = 0; i < size; i++)
        pln__text_printf(out, "%02x%s", bytes[i], i % 64 == 63 || i == size - 1 ? "\n" : "");
}

START_TEST(golden) {
    char *suite_text = file_text("suite.json"), *rows = file_text("rows.ndjson");
    char *customers = file_text("customers.ndjson");
    if (suite_text == NULL)
        TEST_SKIP(FOLDER " is not below the working folder");
    char *columns = line_of("columns.txt");
    table t = table_of(columns, rows);
    struct ArrowArrayStream stream = stream_of(table_of("id int64", customers));
    pln_suite *suite = suite_of(suite_text);
    MUST(pln_suite_reference(suite, "customers", &stream, &err));
    pln_validation *v = validation_of(suite, &t.schema, now_us);
    MUST(pln_validation_add(v, &t.rows, &err));
    const char *text;
    const uint8_t *bytes;
    int64_t size;
    pln__text out;
    pln__text_init(&out, pln__system_allocator());
    put_verdict(suite, v, &out);
    holds("verdict.txt", out.data);
    MUST(pln_validation_json(v, &text, &size, &err));
    holds("result.json", text);
    MUST(pln_validation_text(v, &text, &size, &err));
    holds("result.txt", text);
    MUST(pln_validation_facet(v, "https://example.org/orders", &text, &size, &err));
    holds("facet.json", text);
    MUST(pln_validation_write(v, &bytes, &size, &err));
    pln__text_free(&out);
    pln__text_init(&out, pln__system_allocator());
    put_hex(bytes, size, &out);
    holds("state.hex", out.data);
    pln__text_free(&out);
    pln_validation_free(v);
    pln_suite_free(suite);
    table_free(&t);
    free(columns);
    free(customers);
    free(rows);
    free(suite_text);
}
END_TEST

Suite *suite_quality_golden(void);
Suite *suite_quality_golden(void) {
    Suite *suite = suite_create("quality/golden");
    TCase *tcase = tcase_create("golden");
    tcase_add_test(tcase, golden);
    suite_add_tcase(suite, tcase);
    return suite;
}

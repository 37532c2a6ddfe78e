/* CSV that others wrote, with answers that others gave. */
#define _POSIX_C_SOURCE 200809L
#include "csv_help.h"
#include "skip.h"
#include <dirent.h>
#include <jansson.h>

static pln__csv_dialect usual;

static void set_up(void) {
    pln__csv_dialect_default(&usual);
}

/* The bytes of a file of the shared data, with padding behind them; NULL if it is not there. */
static char *load(const char *path, int64_t *size) {
    char place[512];
    if (test_data(path, place, sizeof place) == NULL)
        return NULL;
    FILE *file = fopen(place, "rb");
    ck_assert_ptr_nonnull(file);
    fseek(file, 0, SEEK_END);
    *size = ftell(file);
    rewind(file);
    char *bytes = calloc(1, (size_t)*size + PLN__PADDING);
    ck_assert_int_eq((int64_t)fread(bytes, 1, (size_t)*size, file), *size);
    fclose(file);
    return bytes;
}

/* ---- csv_cases ---- */

static void show_rows(json_t *rows, pln__text *to) {
    size_t i, k;
    json_t *row, *cell;
    json_array_foreach(rows, i, row) {
        json_array_foreach(row, k, cell) {
            if (k == PLN__COLUMNS_MAX)
                break;
            if (k > 0)
                pln__text_char(to, '|');
            if (json_is_null(cell))
                pln__text_char(to, '~');
            else
                pln__text_bytes(to, json_string_value(cell), (int64_t)json_string_length(cell));
        }
        pln__text_char(to, '\n');
    }
}

/* Text columns c1, c2, ... without a header, as many as the first row has. */
static void make_text_schema(int64_t n, struct ArrowSchema *out) {
    const pln_allocator *mem = pln__system_allocator();
    ck_assert_int_eq(pln__field_new(mem, "+s", "", false, n, out, NULL), PLN_OK);
    for (int64_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "c%lld", (long long)i + 1);
        ck_assert_int_eq(pln__field_new(mem, "u", name, true, 0, out->children[i], NULL), PLN_OK);
    }
}

/* More fields than a schema may have columns: named, so that those beyond are skipped. */
static const char **make_names(int64_t n) {
    const char **names = calloc((size_t)n + 1, sizeof *names);
    for (int64_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof name, "c%lld", (long long)i + 1);
        names[i] = strdup(name);
    }
    return names;
}

static void free_names(const char **names) {
    for (const char **name = names; *name != NULL; name++)
        free((char *)(uintptr_t)*name);
    free(names);
}

/* What the reader says of records that are errors, and the contested one that is none to it: a CR alone ends records, too. */
static const struct {
    const char *id, *rows;
} ours[] = {
    {"csv-030", "!0 0 6 -1: text after the closing quote of field 1\n"},
    {"csv-032", "!0 0 5 -1: a quote inside of field 1, which is not quoted\n"},
    {"csv-033", "!0 0 8 -1: a quote inside of field 2, which is not quoted\n"},
    {"csv-048", "!1 4 5 -1: expected 2 fields, got more\n"},
    {"csv-049", "!1 4 1 -1: expected 2 fields, got 1\n"},
    {"csv-064", "a|b\n"},
};

/* In one block and in small ones. */
static void reads_as(drive *d, json_t *one, const char *expected, int64_t size) {
    json_t *text = json_object_get(one, "text");
    for (int64_t block = 0; block < 4; block++) {
        d->block = block;
        d->step = block * 1000;
        const char *got = drive_run(d, json_string_value(text), (int64_t)json_string_length(text));
        ck_assert_msg(d->text.size == size && memcmp(expected, got, (size_t)size) == 0,
                      "%s: expected %s, got %s", json_string_value(json_object_get(one, "id")),
                      expected, got);
        pln__text_free(&d->text);
    }
}

static void is_refused(drive *d, json_t *one) {
    json_t *text = json_object_get(one, "text");
    (void)drive_run(d, json_string_value(text), (int64_t)json_string_length(text));
    ck_assert_msg(json_is_true(json_object_get(one, "contested")) || d->bad > 0 ||
                      d->status == PLN_EDATA,
                  "%s: got %s", json_string_value(json_object_get(one, "id")), d->text.data);
    pln__text_free(&d->text);
}

static void run_case(json_t *one) {
    const char *id = json_string_value(json_object_get(one, "id"));
    json_t *options = json_object_get(one, "options");
    json_t *rows = json_object_get(one, "rows");
    const char *nulls[2] = {json_string_value(json_object_get(options, "null_token")), NULL};
    const char *delimiter = json_string_value(json_object_get(options, "delimiter"));
    const char *quote = json_string_value(json_object_get(options, "quote"));
    pln__csv_dialect dialect = usual;
    dialect.header = json_is_true(json_object_get(options, "header"));
    dialect.delimiter = delimiter != NULL ? *delimiter : ',';
    dialect.quote = quote != NULL ? *quote : '"';
    dialect.nulls = nulls;
    int64_t n = (int64_t)json_array_size(json_array_get(rows, 0));
    dialect.skip_blank = n != 1;
    const char **names = make_names(n);
    dialect.columns = n > PLN__COLUMNS_MAX ? names : NULL;
    struct ArrowSchema schema;
    if (dialect.header)
        make_schema("a:u b:u", &schema);
    else
        make_text_schema(n > PLN__COLUMNS_MAX ? PLN__COLUMNS_MAX : n > 0 ? n : 2, &schema);
    drive d = drive_new(&dialect, &schema);
    pln__text expected;
    pln__text_init(&expected, pln__system_allocator());
    pln__text_str(&expected, "");
    for (int i = 0; i < PLN__COUNT(ours); i++)
        if (strcmp(ours[i].id, id) == 0)
            pln__text_str(&expected, ours[i].rows);
    bool error = json_is_true(json_object_get(one, "error"));
    if (expected.size == 0)
        show_rows(rows, &expected);
    if (expected.size > 0 || !error)
        reads_as(&d, one, expected.data, expected.size);
    else
        is_refused(&d, one);
    free_names(names);
    pln__text_free(&expected);
    pln__schema_release(&schema);
}

START_TEST(case_table) {
    int64_t size;
    char *bytes = load("csv_cases/csv_cases_public.jsonl", &size);
    int n = 0;
    if (bytes == NULL)
        TEST_SKIP("the shared data has no csv_cases");
    for (char *line = strtok(bytes, "\n"); line != NULL; line = strtok(NULL, "\n"), n++) {
        json_error_t error;
        json_t *one = json_loads(line, JSON_ALLOW_NUL, &error);
        ck_assert_ptr_nonnull(one);
        run_case(one);
        json_decref(one);
    }
    ck_assert_int_ge(n, 34);
    free(bytes);
}
END_TEST

/* ---- Python ---- */

static void run_python(json_t *one) {
    const char *delimiter = json_string_value(json_object_get(one, "delimiter"));
    const char *quote = json_string_value(json_object_get(one, "quote"));
    const char *escape = json_string_value(json_object_get(one, "escape"));
    const char *text = json_string_value(json_object_get(one, "text"));
    json_t *rows = json_object_get(one, "rows");
    static const char *const none[] = {NULL};
    pln__csv_dialect dialect = usual;
    dialect.header = false;
    dialect.nulls = none;
    dialect.delimiter = delimiter != NULL ? *delimiter : ',';
    dialect.quote = quote != NULL ? *quote : '"';
    dialect.escape = escape != NULL ? *escape : '\0';
    struct ArrowSchema schema;
    make_text_schema(rows != NULL ? (int64_t)json_array_size(json_array_get(rows, 0)) : 2, &schema);
    drive d = drive_new(&dialect, &schema);
    const char *got = drive_run(&d, text, (int64_t)strlen(text));
    pln__text expected;
    pln__text_init(&expected, pln__system_allocator());
    show_rows(rows, &expected);
    if (rows == NULL)
        ck_assert_msg(d.bad > 0, "%s: got %s", text, got);
    else
        ck_assert_msg(strcmp(got, expected.data) == 0, "%s: expected %s, got %s", text,
                      expected.data, got);
    pln__text_free(&expected);
    pln__text_free(&d.text);
    pln__schema_release(&schema);
}

/* Made by make_csv_python.py. */
START_TEST(as_python_reads_it) {
    static char line[65536];
    FILE *file = fopen("test/unit/format/csv_python.jsonl", "r");
    int n = 0;
    if (file == NULL)
        TEST_SKIP("test/unit/format/csv_python.jsonl is not below the working folder");
    for (; fgets(line, sizeof line, file) != NULL; n++) {
        json_t *one = json_loads(line, 0, NULL);
        ck_assert_ptr_nonnull(one);
        run_python(one);
        json_decref(one);
    }
    ck_assert_int_eq(n, 500);
    fclose(file);
}
END_TEST

/* ---- csv-spectrum ---- */

/* A checkout may have turned the CR LF of the _crlf files into LF. */
static char *with_crlf(char *bytes, int64_t *size) {
    char *out = calloc(1, 2 * (size_t)*size + PLN__PADDING);
    int64_t n = 0;
    for (int64_t i = 0; i < *size; i++) {
        if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = bytes[i];
    }
    *size = n;
    free(bytes);
    return out;
}

static void run_spectrum(const char *name) {
    char path[128], spec[256] = "";
    int64_t size, answer_size;
    snprintf(path, sizeof path, "csv-spectrum/csvs/%s.csv", name);
    char *bytes = load(path, &size);
    snprintf(path, sizeof path, "csv-spectrum/json/%s.json", name);
    char *answer = load(path, &answer_size);
    ck_assert(bytes != NULL && answer != NULL);
    if (strstr(name, "_crlf") != NULL)
        bytes = with_crlf(bytes, &size);
    json_t *rows = json_loads(answer, 0, NULL), *lists = json_array();
    size_t i;
    json_t *row, *cell;
    const char *key;
    json_array_foreach(rows, i, row) {
        json_t *list = json_array();
        json_object_foreach(row, key, cell) {
            json_array_append(list, cell);
            if (i == 0)
                snprintf(spec + strlen(spec), sizeof spec - strlen(spec), "%s%s:u",
                         *spec ? " " : "", key);
        }
        json_array_append_new(lists, list);
    }
    struct ArrowSchema schema;
    make_schema(spec, &schema);
    pln__text expected;
    pln__text_init(&expected, pln__system_allocator());
    show_rows(lists, &expected);
    drive d = drive_new(&usual, &schema);
    for (d.block = 0; d.block < size; d.block++) {
        ck_assert_str_eq(drive_run(&d, bytes, size), expected.data);
        pln__text_free(&d.text);
    }
    pln__text_free(&expected);
    pln__schema_release(&schema);
    json_decref(rows);
    json_decref(lists);
    free(bytes);
    free(answer);
}

START_TEST(spectrum) {
    static const char *const names[] = {"comma_in_quotes",
                                        "empty",
                                        "empty_crlf",
                                        "escaped_quotes",
                                        "json",
                                        "newlines",
                                        "newlines_crlf",
                                        "quotes_and_newlines",
                                        "simple",
                                        "simple_crlf",
                                        "utf8"};
    char place[512];
    if (test_data("csv-spectrum/csvs", place, sizeof place) == NULL)
        TEST_SKIP("the shared data has no csv-spectrum");
    for (int i = 0; i < PLN__COUNT(names); i++)
        run_spectrum(names[i]);
}
END_TEST

/* ---- flights ---- */

static char *gunzip_all(const char *bytes, int64_t size, int64_t *out_size) {
    const pln_allocator *mem = pln__system_allocator();
    pln__gunzip *gz;
    int64_t at = 0, capacity = 64 << 20;
    char *out = malloc((size_t)capacity);
    ck_assert_int_eq(pln__gunzip_new(mem, 0, &gz, NULL), PLN_OK);
    *out_size = 0;
    for (pln_status status = PLN_OK; status != PLN_EOS;) {
        int64_t give = size - at < 10007 ? size - at : 10007;
        pln_error err = {0};
        pln__gunzip_piece step = {.in = (const uint8_t *)bytes + at,
                                  .in_size = give,
                                  .final = at + give == size,
                                  .out = (uint8_t *)out + *out_size,
                                  .out_size = 4099};
        status = pln__gunzip_run(gz, &step, &err);
        ck_assert_msg(status >= 0, "%s", err.message);
        at += step.in_used;
        *out_size += step.out_used;
        ck_assert_int_lt(*out_size, capacity - 8192);
    }
    ck_assert_int_eq(at, size);
    pln__gunzip_free(gz);
    return out;
}

static json_t *oracle(const char *id) {
    int64_t size;
    char *bytes = load("oracles/nycflights13_2013h1.json", &size);
    json_t *all = json_loadb(bytes, (size_t)size, 0, NULL), *query, *found = NULL;
    size_t i;
    json_array_foreach(json_object_get(all, "queries"), i,
                       query) if (strcmp(json_string_value(json_object_get(query, "id")), id) == 0)
        found = json_incref(json_object_get(query, "rows"));
    ck_assert_ptr_nonnull(found);
    json_decref(all);
    free(bytes);
    return found;
}

/* Infer from the first 100,000 bytes, decode in blocks, count rows and nulls. */
static void count_table(const char *table, const char *bytes, int64_t size, const char *formats) {
    const pln_allocator *mem = pln__system_allocator();
    const char *nulls[] = {"NA", "\\N", NULL};
    struct ArrowSchema schema;
    pln__decoder *decoder;
    pln_error err = {0};
    int64_t rows = 0, at = 0, counts[32] = {0};
    usual.nulls = nulls;
    ck_assert_int_eq(pln__csv_decoder.infer(mem, &usual, (const uint8_t *)bytes,
                                            size < 100000 ? size : 100000, size < 100000, &schema,
                                            &err),
                     PLN_OK);
    pln__text got;
    pln__text_init(&got, mem);
    for (int64_t i = 0; i < schema.n_children; i++)
        pln__text_printf(&got, "%s%s", i > 0 ? " " : "", schema.children[i]->format);
    ck_assert_str_eq(got.data, formats);
    pln__text_free(&got);
    pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
    ck_assert_int_eq(pln__csv_decoder.open(mem, &usual, &options, &decoder, &err), PLN_OK);
    ck_assert_int_eq(pln__csv_decoder.begin(decoder, true, NULL, 0, &err), PLN_OK);
    while (at < size) {
        int64_t end = at + 300000 < size ? at + 300000 : size;
        pln__decoded batch;
        ck_assert_int_eq(pln__csv_decoder.decode(decoder, (const uint8_t *)bytes + at, end - at,
                                                 end == size, 4096, &batch, &err),
                         PLN_OK);
        ck_assert_msg(batch.n_bad == 0, "%s", batch.n_bad > 0 ? batch.bad[0].message : "");
        at += batch.consumed;
        rows += batch.rows;
        for (int64_t i = 0; i < schema.n_children; i++)
            counts[i] += batch.array.children[i]->null_count;
        struct ArrowSchema *top = &schema;
        ck_assert_int_eq(pln__array_validate(top, &batch.array, PLN__VALIDATE_FULL, &err), PLN_OK);
        batch.array.release(&batch.array);
    }
    pln__csv_decoder.close(decoder);
    size_t k;
    json_t *answers = oracle("rows"), *row;
    json_array_foreach(answers, k,
                       row) if (strcmp(json_string_value(json_object_get(row, "t")), table) == 0)
        ck_assert_int_eq(rows, json_integer_value(json_object_get(row, "n")));
    json_decref(answers);
    char id[64];
    snprintf(id, sizeof id, "nulls_%s", table);
    if (strcmp(table, "airlines") != 0) {
        answers = oracle(id);
        for (int64_t i = 0; i < schema.n_children; i++) {
            json_t *n = json_object_get(json_array_get(answers, 0), schema.children[i]->name);
            if (n != NULL)
                ck_assert_msg(counts[i] == json_integer_value(n), "%s.%s: %lld nulls", table,
                              schema.children[i]->name, (long long)counts[i]);
        }
        json_decref(answers);
    }
    pln__schema_release(&schema);
}

START_TEST(flights) {
    int64_t packed_size, size;
    char *packed = load("nycflights13/flights_2013h1.csv.gz", &packed_size);
    if (packed == NULL)
        TEST_SKIP("the shared data has no nycflights13");
    char *bytes = gunzip_all(packed, packed_size, &size);
    count_table("flights", bytes, size, "l l l l l l l u u l u u l l l l");
    free(bytes);
    free(packed);
    static const struct {
        const char *table, *formats;
    } tables[] = {
        {"airlines", "u u"},
        {"airports", "u u g g l l u u"},
        {"planes", "u l u u u l l l u"},
        {"weather", "u l l l l g g g l g g g g g tss:UTC"},
    };
    for (int i = 0; i < PLN__COUNT(tables); i++) {
        char path[64];
        snprintf(path, sizeof path, "nycflights13/%s.csv", tables[i].table);
        bytes = load(path, &size);
        ck_assert_ptr_nonnull(bytes);
        count_table(tables[i].table, bytes, size, tables[i].formats);
        free(bytes);
    }
}
END_TEST

Suite *suite_format_csv_data(void);
Suite *suite_format_csv_data(void) {
    Suite *suite = suite_create("format/csv_data");
    TCase *one = tcase_create("csv_data");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_set_timeout(one, 120);
    tcase_add_test(one, case_table);
    tcase_add_test(one, as_python_reads_it);
    tcase_add_test(one, spectrum);
    tcase_add_test(one, flights);
    suite_add_tcase(suite, one);
    return suite;
}

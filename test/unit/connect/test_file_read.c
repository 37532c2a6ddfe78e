#define _GNU_SOURCE /* memmem */
#include "file_rows.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(reads_rows_with_every_limit) {
    const format *f = &formats[_i];
    text file = {0}, want = {0};
    add_header(&file, f);
    for (int i = 0; i < 50; i++) {
        char row[80];
        add_row(&file, f, i, i % 2 ? "odd" : "even");
        add_str(&file, "\n");
        snprintf(row, sizeof row, "%d=%s;", i, i % 2 ? "odd" : "even");
        add_str(&want, row);
    }
    store("a", &file);
    for (int64_t limit = 1; limit <= 51; limit++)
        expect_rows(f, path_config("a", ""), limit, want.data);
    expect_rows(f, path_config("a", ""), INT64_MAX, want.data);
    free_text(&file);
    free_text(&want);
}
END_TEST

START_TEST(last_line_needs_no_newline) {
    const format *f = &formats[_i];
    text file = {0};
    add_header(&file, f);
    add_row(&file, f, 1, "x");
    add_str(&file, "\n");
    add_row(&file, f, 2, "y");
    store("a", &file);
    expect_rows(f, path_config("a", ""), 10, "1=x;2=y;");
    store_gzip("a.gz", &file, 1);
    expect_rows(f, path_config("a.gz", ""), 10, "1=x;2=y;");
    free_text(&file);
}
END_TEST

START_TEST(empty_files_have_no_rows) {
    const format *f = &formats[_i];
    text file = {0};
    store("d/a", &file);
    add_header(&file, f);
    store("d/b", &file);
    store_gzip("d/c", &file, 1);
    expect_rows(f, path_config("d", ""), 10, "");
    ck_assert_int_eq(mkdir(scratch_path(&dir, "none"), 0777), 0);
    expect_rows(f, path_config("none", ""), 10, "");
    free_text(&file);
}
END_TEST

START_TEST(gzip_members_are_one_stream) {
    const format *f = &formats[_i];
    text file = {0}, want = {0};
    add_header(&file, f);
    for (int i = 0; i < 3000; i++) {
        char row[80];
        add_row(&file, f, i, "some text that packs well");
        add_str(&file, "\n");
        snprintf(row, sizeof row, "%d=some text that packs well;", i);
        add_str(&want, row);
    }
    for (size_t members = 1; members < 40; members += 7) {
        store_gzip("a.gz", &file, members);
        expect_rows(f, path_config("a.gz", ""), 700, want.data);
        expect_rows(f, path_config("a.gz", ", \"compression\": \"gzip\""), 3, want.data);
    }
    free_text(&file);
    free_text(&want);
}
END_TEST

START_TEST(directories_and_patterns_are_read_in_order) {
    const format *f = &formats[_i];
    const char *names[] = {"d/b.txt", "d/a.txt",     "d/Z.txt",   "d/.hidden",
                           "d/_tmp",  "d/sub/c.txt", "d/a[1].txt"};
    for (int i = 0; i < PLN__COUNT(names); i++) {
        text file = {0};
        add_header(&file, f);
        add_row(&file, f, i, strrchr(names[i], '/') + 1);
        store(names[i], &file);
        free_text(&file);
    }
    const char *sorted = "2=Z.txt;1=a.txt;6=a[1].txt;0=b.txt;";
    expect_rows(f, path_config("d", ""), 10, sorted);
    expect_rows(f, path_config("d/", ""), 10, sorted);
    expect_rows(f, path_config("d/*.txt", ""), 10, sorted);
    expect_rows(f, path_config("d/[ab]*.txt", ""), 10, "1=a.txt;6=a[1].txt;0=b.txt;");
    expect_rows(f, path_config("d/[!a-b]*", ""), 10, "2=Z.txt;4=_tmp;");
    expect_rows(f, path_config("*/*/?.txt", ""), 10, "5=c.txt;");
    expect_rows(f, path_config("d/a[1].txt", ""), 10, "6=a[1].txt;");
    char options[900];
    snprintf(options, sizeof options, "\"paths\": [\"%s\", \"%s\", \"%s\"]",
             scratch_path(&dir, "d/sub"), scratch_path(&dir, "d/b.txt"),
             scratch_path(&dir, "d/*.txt"));
    expect_rows(f, config_of(options), 10, "5=c.txt;0=b.txt;2=Z.txt;1=a.txt;6=a[1].txt;");
}
END_TEST

START_TEST(wrong_inputs_are_refused_by_name) {
    const format *f = &formats[_i];
    expect_open_error(f, path_config("missing", ""), PLN_ENOENT, "missing");
    expect_open_error(f, path_config("no*such", ""), PLN_ENOENT, "no file matches");
    expect_open_error(f, config_of(""), PLN_EOPTION, "one of them is required");
    expect_open_error(f, path_config("x", ", \"paths\": [\"y\"]"), PLN_EOPTION, "only one");
    expect_open_error(f, config_of("\"path\": \"\""), PLN_EOPTION, "empty");
    expect_open_error(f, config_of("\"path\": \"/dev/null\""), PLN_EOPTION, "descriptor");
    expect_open_error(f, path_config("x", ", \"record_bytes_max\": 0"), PLN_EOPTION,
                      "record_bytes_max");
    expect_open_error(f, path_config("x", ", \"record_bytes_max\": \"65MiB\""), PLN_EOPTION,
                      "67108864");
    scratch_write(&dir, "a", "", 0);
    char json[900];
    snprintf(json, sizeof json, "{\"path\": \"%s\", \"schema\": \"%s\"}", scratch_path(&dir, "a"),
             scratch_path(&dir, "none.avsc"));
    expect_open_error(f, json, PLN_ENOENT, "none.avsc");
    snprintf(json, sizeof json, "{\"path\": \"%s\", \"schema\": \"{\\\"type\\\": \\\"recrd\\\"}\"}",
             scratch_path(&dir, "a"));
    pln_error err = {0};
    fake_node *node = fake_node_new(host, f->stage, json);
    ck_assert_int_lt(fake_open(node, &err), 0);
    ck_assert_msg(strstr(err.message, "schema") != NULL, "%s", err.message);
    fake_node_free(node);
}
END_TEST

START_TEST(schema_comes_from_a_file_or_a_pointer) {
    const format *f = &formats[_i];
    text file = {0};
    char json[900];
    pln_error err = {0};
    add_header(&file, f);
    add_row(&file, f, 7, "x");
    store("a", &file);
    scratch_write(&dir, "r.avsc", ID_NAME, -1);
    snprintf(json, sizeof json, "{\"path\": \"%s\", \"schema\": \"%s\"}", scratch_path(&dir, "a"),
             scratch_path(&dir, "r.avsc"));
    expect_rows(f, json, 10, "7=x;");
    struct ArrowSchema schema;
    ck_assert_int_eq(pln__schema_from_avro(host->mem, ID_NAME, -1, &schema, &err), PLN_OK);
    snprintf(json, sizeof json, "{\"path\": \"%s\"}", scratch_path(&dir, "a"));
    fake_node *node = fake_node_new(host, f->stage, json);
    fake_bind(node, "schema_handle", &schema);
    ck_assert_int_eq(fake_open(node, &err), PLN_OK);
    schema.release(&schema);
    ck_assert_int_eq(fake_schema(node, &err), PLN_OK);
    text got = {0};
    ck_assert_int_eq(drain(node, 10, INT64_MAX, &got, &err), PLN_EOS);
    ck_assert_str_eq(got.data, "7=x;");
    fake_node_free(node);
    free_text(&got);
    free_text(&file);
}
END_TEST

START_TEST(schema_is_inferred_from_the_first_file_with_a_record) {
    const format *f = &formats[_i];
    text file = {0};
    char json[900];
    store("d/0", &file);
    add_header(&file, f);
    for (int i = 0; i < 20; i++) {
        add_row(&file, f, i, "x");
        add_str(&file, "\n");
    }
    store("d/1", &file);
    store_gzip("d/2", &file, 1);
    snprintf(json, sizeof json, "{\"path\": \"%s\", \"sample_bytes\": 100}",
             scratch_path(&dir, "d"));
    fake_node *node = open_node(f, json);
    const struct ArrowSchema *schema = fake_out(node, 0);
    ck_assert_int_eq(schema->n_children, 2);
    ck_assert_str_eq(schema->children[0]->format, "l");
    ck_assert_str_eq(schema->children[0]->name, "id");
    ck_assert_str_eq(schema->children[1]->format, "u");
    text got = {0};
    pln_error err = {0};
    ck_assert_int_eq(drain(node, 7, INT64_MAX, &got, &err), PLN_EOS);
    ck_assert_uint_eq(got.size, 2 * (10 * 4 + 10 * 5));

    /* A resumed run brings the schema it had inferred; the files are not looked at for it. */
    char later[900];
    snprintf(later, sizeof later, "{\"path\": \"%s\"}", scratch_path(&dir, "d/0"));
    fake_node *next = fake_node_new(host, f->stage, later);
    ck_assert_int_eq(fake_open(next, &err), PLN_OK);
    ck_assert_int_eq(next->stage->table.source.schema_load(next->self, &next->ctx, schema, &err),
                     PLN_OK);
    ck_assert_int_eq(fake_schema(next, &err), PLN_OK);
    ck_assert(pln__schema_equal(schema, fake_out(next, 0)));
    fake_node_free(next);

    next = fake_node_new(host, f->stage, later);
    ck_assert_int_eq(fake_open(next, &err), PLN_OK);
    ck_assert_int_eq(fake_schema(next, &err), PLN_EDATA);
    fake_node_free(next);
    fake_node_free(node);
    free_text(&got);
    free_text(&file);
}
END_TEST

/* ---- rejected records ---- */

/* Where the lines of a text begin, found by nothing but looking for line ends. */
typedef struct line {
    size_t start, size;
} line;
static size_t lines_of(const text *t, line *out, size_t max) {
    size_t n = 0;
    for (size_t at = 0; at < t->size && n < max;) {
        const char *end = memchr(t->data + at, '\n', t->size - at);
        size_t size = end == NULL ? t->size - at : (size_t)(end - t->data) - at;
        out[n++] = (line){at, size};
        at += size + 1;
    }
    return n;
}

static void check_rejects(const fake_node *node, const text *file, const char *split) {
    line lines[4000];
    size_t n = lines_of(file, lines, 4000), k = 0;
    for (size_t i = 0; i < n; i++) {
        if (memmem(file->data + lines[i].start, lines[i].size, "bad", 3) == NULL)
            continue;
        ck_assert_int_lt((int64_t)k, node->n_rejects);
        const fake_reject *r = &node->rejects[k++];
        ck_assert_int_eq(r->code, PLN_EDATA);
        ck_assert_int_eq(r->position, (int64_t)lines[i].start);
        ck_assert_int_eq(r->line, (int64_t)i + 1);
        ck_assert_str_eq(r->split, split);
        ck_assert_int_eq(r->raw_size, (int64_t)lines[i].size);
        ck_assert_mem_eq(r->raw, file->data + lines[i].start, lines[i].size);
        ck_assert_str_eq(r->column, "id");
        ck_assert_ptr_nonnull(strstr(r->message, "bad"));
    }
    ck_assert_int_eq(node->n_rejects, (int64_t)k);
}

START_TEST(bad_records_are_rejected_with_place_and_bytes) {
    const format *f = &formats[_i];
    text file = {0};
    make_mixed(&file, f, 3000, "\n");
    store("a", &file);
    store_gzip("a.gz", &file, 5);
    const char *names[] = {"a", "a.gz"};
    for (int gz = 0; gz < 2; gz++)
        for (int64_t limit = 1; limit < 5000; limit = limit * 3 + 1) {
            pln_error err = {0};
            text got = {0};
            fake_node *node = open_node(f, path_config(names[gz], ""));
            ck_assert_int_eq(drain(node, limit, INT64_MAX, &got, &err), PLN_EOS);
            check_rejects(node, &file, scratch_path(&dir, names[gz]));
            int64_t rows = 0;
            for (size_t i = 0; i < got.size; i++)
                rows += got.data[i] == ';';
            ck_assert_int_eq(rows + node->n_rejects, 3000);
            fake_node_free(node);
            free_text(&got);
        }
    free_text(&file);
}
END_TEST

START_TEST(unwired_reject_port_stops_the_source) {
    const format *f = &formats[_i];
    text file = {0};
    pln_error err = {0};
    pln_batch *batch;
    add_header(&file, f);
    add_row(&file, f, 1, "x");
    add_str(&file, "\n");
    add_bad(&file, f, 1);
    store("a", &file);
    fake_node *node = open_node(f, path_config("a", ""));
    node->refuse_rejects = true;
    ck_assert_int_eq(fake_poll(node, 10, &batch, &err), PLN_EREJECTED);
    ck_assert_ptr_null(batch);
    fake_node_free(node);
    free_text(&file);
}
END_TEST

START_TEST(origin_of_every_row_is_its_line) {
    const format *f = &formats[_i];
    text file = {0};
    line lines[4000];
    make_mixed(&file, f, 2000, "\n");
    store("a", &file);
    size_t n = lines_of(&file, lines, 4000);
    pln_batch *kept[2000];
    int64_t n_kept = 0;
    fake_node *node = open_node(f, path_config("a", ""));
    pln_error err = {0};
    while (fake_poll(node, 37, &kept[n_kept], &err) == PLN_OK)
        n_kept += kept[n_kept] != NULL;
    fake_node_free(node); /* origins outlive their source */
    size_t at = 0;
    for (int64_t b = 0; b < n_kept; b++) {
        for (int64_t row = 0; row < pln_batch_rows(kept[b]); row++) {
            pln_raw_rejection where;
            ck_assert_int_eq(host->host.batch_origin(kept[b], row, &where), PLN_OK);
            while (at < n && lines[at].start != (size_t)where.position)
                at++;
            ck_assert_uint_lt(at, n);
            ck_assert_int_eq(where.line, (int64_t)at + 1);
            ck_assert_int_eq(where.raw_size, (int64_t)lines[at].size);
            ck_assert_mem_eq(where.raw, file.data + lines[at].start, lines[at].size);
            ck_assert_str_eq(where.split, scratch_path(&dir, "a"));
        }
        pln_batch_unref(kept[b]);
    }
    free_text(&file);
}
END_TEST

START_TEST(origin_has_only_what_is_wanted) {
    const format *f = &formats[_i];
    text file = {0};
    pln_error err = {0};
    pln_raw_rejection where;
    add_header(&file, f);
    add_row(&file, f, 1, "x");
    store("a", &file);
    for (int wish = 0; wish < 2; wish++) {
        pln_batch *batch;
        host->wants = wish == 0 ? 0 : PLN_WANT_POSITION;
        fake_node *node = open_node(f, path_config("a", ""));
        ck_assert_int_eq(fake_poll(node, 5, &batch, &err), PLN_OK);
        ck_assert_int_eq(host->host.batch_origin(batch, 0, &where), wish == 0 ? PLN_EOS : PLN_OK);
        ck_assert_int_eq(where.position, wish == 0 ? -1 : f->csv ? 8 : 0);
        ck_assert_ptr_null(where.raw);
        pln_batch_unref(batch);
        fake_node_free(node);
    }
    free_text(&file);
}
END_TEST

START_TEST(records_beyond_the_limit_are_rejected) {
    const format *f = &formats[_i];
    static const int64_t sizes[] = {3000, 260000, 600000, 1400000};
    for (int k = 0; k < PLN__COUNT(sizes); k++) {
        text file = {0};
        pln_error err = {0};
        char *huge = malloc((size_t)sizes[k] + 1);
        memset(huge, 'h', (size_t)sizes[k]);
        huge[sizes[k]] = '\0';
        add_header(&file, f);
        add_row(&file, f, 1, "x");
        add_str(&file, "\n");
        size_t start = file.size;
        add_str(&file, f->csv ? "2," : "{\"id\": 2, \"name\": \"");
        add_str(&file, huge);
        add_str(&file, f->csv ? "\n" : "\"}\n");
        size_t after = file.size;
        add_row(&file, f, 3, "z");
        add_str(&file, "\n");
        add_bad(&file, f, 4);
        store("a", &file);
        store_gzip("a.gz", &file, 1);
        for (int gz = 0; gz < 2; gz++) {
            text got = {0};
            fake_node *node =
                open_node(f, path_config(gz ? "a.gz" : "a", ", \"record_bytes_max\": 2000"));
            ck_assert_int_eq(drain(node, 100, INT64_MAX, &got, &err), PLN_EOS);
            ck_assert_str_eq(got.data, "1=x;3=z;");
            ck_assert_int_eq(node->n_rejects, 2);
            ck_assert_int_eq(node->rejects[0].code, PLN_ELIMIT);
            ck_assert_int_eq(node->rejects[0].position, (int64_t)start);
            ck_assert_int_eq(node->rejects[0].line, f->csv ? 3 : 2);
            ck_assert_int_gt(node->rejects[0].raw_size, 0);
            ck_assert_mem_eq(node->rejects[0].raw, file.data + start,
                             (size_t)node->rejects[0].raw_size);
            ck_assert_int_eq(node->rejects[1].line, f->csv ? 5 : 4);
            ck_assert_int_gt(node->rejects[1].position, (int64_t)after);
            fake_node_free(node);
            free_text(&got);
        }
        /* With a limit that allows it, it is a row like any other. */
        text whole = {0};
        read_all(f, path_config("a", ", \"record_bytes_max\": \"2MiB\""), 100, &whole);
        ck_assert_uint_gt(whole.size, (size_t)sizes[k]);
        free_text(&whole);
        free_text(&file);
        free(huge);
    }
}
END_TEST

Suite *suite_connect_file_read(void) {
    Suite *suite = suite_create("connect/file_read");
    TCase *tcase = tcase_create("file_read");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    int n = PLN__COUNT(formats);
    tcase_add_loop_test(tcase, reads_rows_with_every_limit, 0, n);
    tcase_add_loop_test(tcase, last_line_needs_no_newline, 0, n);
    tcase_add_loop_test(tcase, empty_files_have_no_rows, 0, n);
    tcase_add_loop_test(tcase, gzip_members_are_one_stream, 0, n);
    tcase_add_loop_test(tcase, directories_and_patterns_are_read_in_order, 0, n);
    tcase_add_loop_test(tcase, wrong_inputs_are_refused_by_name, 0, n);
    tcase_add_loop_test(tcase, schema_comes_from_a_file_or_a_pointer, 0, n);
    tcase_add_loop_test(tcase, schema_is_inferred_from_the_first_file_with_a_record, 0, n);
    tcase_add_loop_test(tcase, bad_records_are_rejected_with_place_and_bytes, 0, n);
    tcase_add_loop_test(tcase, unwired_reject_port_stops_the_source, 0, n);
    tcase_add_loop_test(tcase, origin_of_every_row_is_its_line, 0, n);
    tcase_add_loop_test(tcase, origin_has_only_what_is_wanted, 0, n);
    tcase_add_loop_test(tcase, records_beyond_the_limit_are_rejected, 0, n);
    suite_add_tcase(suite, tcase);
    return suite;
}

#define _GNU_SOURCE /* memmem */
#include "connect/file/file.h"
#include "fake_host.h"
#include "schema/schema.h"
#include "scratch.h"
#include "skip.h"
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/*
 * Rows are compared as text: each row of "id,name" as "id=name;", nulls as "-". Every test knows its answer from how it made the file.
 */

static scratch dir;
static fake_host *host;

static void set_up(void) {
    pln_error err = {0};
    dir = scratch_new();
    host = fake_host_new(NULL);
    ck_assert_msg(pln__connect_file_register(&host->host, &host->runtime->registry, &err) == PLN_OK,
                  "%s", err.message);
}

static void tear_down(void) {
    ck_assert_int_eq(fake_host_free(host), 0);
    scratch_free(&dir);
}

#define ID_NAME                                                                                    \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}, "        \
    "{\"name\": \"name\", \"type\": [\"null\", \"string\"]}]}"

typedef struct format {
    const char *stage;
    bool csv;
} format;
static const format formats[] = {{"csv.read", true}, {"ndjson.read", false}};

/* ---- writing test data ---- */

typedef struct text {
    char *data;
    size_t size;
    size_t room;
} text;

static void add(text *to, const void *bytes, size_t size) {
    if (to->data == NULL || to->size + size >= to->room) {
        to->room = 2 * (to->size + size) + 64;
        to->data = realloc(to->data, to->room);
        ck_assert_ptr_nonnull(to->data);
    }
    if (size > 0)
        memcpy(to->data + to->size, bytes, size);
    to->size += size;
    to->data[to->size] = '\0';
}

static void add_str(text *to, const char *str) {
    add(to, str, strlen(str));
}

static void add_header(text *to, const format *f) {
    if (f->csv)
        add_str(to, "id,name\n");
}

static void add_row(text *to, const format *f, int64_t id, const char *name) {
    char line[400];
    snprintf(line, sizeof line, f->csv ? "%lld,%s" : "{\"id\": %lld, \"name\": \"%s\"}",
             (long long)id, name);
    add_str(to, line);
}

/* A record that does not fit, with no line end. */
static void add_bad(text *to, const format *f, int64_t i) {
    char line[100];
    snprintf(line, sizeof line, f->csv ? "bad%lld,x" : "{\"id\": \"bad%lld\"}", (long long)i);
    add_str(to, line);
}

static void store(const char *name, const text *from) {
    scratch_write(&dir, name, from->data == NULL ? "" : from->data, (int64_t)from->size);
}

static void store_gzip(const char *name, const text *from, size_t members) {
    gzFile file = NULL;
    size_t step = from->size / members + 1;
    for (size_t at = 0; at < from->size || at == 0; at += step) {
        file = gzopen(scratch_path(&dir, name), at == 0 ? "wb" : "ab");
        ck_assert_ptr_nonnull(file);
        size_t n = from->size - at < step ? from->size - at : step;
        if (n > 0)
            ck_assert_int_eq(gzwrite(file, from->data + at, (unsigned)n), (int)n);
        ck_assert_int_eq(gzclose(file), Z_OK);
    }
}

/* ---- reading ---- */

static char *config_of(const char *options) {
    static char json[8][2048];
    static int next;
    char *out = json[next++ % 8];
    snprintf(out, sizeof json[0], "{\"schema\": %s%s%s}", ID_NAME, options[0] == '\0' ? "" : ", ",
             options);
    return out;
}

static char *path_config(const char *name, const char *more) {
    char options[1200];
    snprintf(options, sizeof options, "\"path\": \"%s\"%s", scratch_path(&dir, name), more);
    return config_of(options);
}

static void show_rows(text *to, const pln_batch *batch) {
    const struct ArrowArray *rows = pln_batch_array(batch);
    const struct ArrowArray *ids = rows->children[0], *names = rows->children[1];
    pln__type id = {.id = PLN__INT64, .width = 8}, name = {.id = PLN__UTF8};
    char line[64];
    for (int64_t i = 0; i < rows->length; i++) {
        int64_t size;
        snprintf(line, sizeof line, "%lld=", (long long)pln__array_int(&id, ids, i));
        add_str(to, line);
        if (pln__array_valid(names, i)) {
            const uint8_t *bytes = pln__array_bytes(&name, names, i, &size);
            add(to, bytes, (size_t)size);
        } else {
            add_str(to, "-");
        }
        add_str(to, ";");
    }
}

static fake_node *open_node(const format *f, const char *json) {
    pln_error err = {0};
    fake_node *node = fake_node_new(host, f->stage, json);
    ck_assert_msg(fake_open(node, &err) == PLN_OK, "%s", err.message);
    ck_assert_msg(fake_schema(node, &err) == PLN_OK, "%s", err.message);
    return node;
}

/* Polls to the end, or `polls` times; the rows are appended to `to`. */
static pln_status drain(fake_node *node, int64_t max_rows, int64_t polls, text *to,
                        pln_error *err) {
    pln_status status = PLN_OK;
    while (polls-- > 0) {
        pln_batch *batch = NULL;
        status = fake_poll(node, max_rows, &batch, err);
        if (status != PLN_OK)
            break;
        if (batch == NULL)
            continue;
        ck_assert_int_le(pln_batch_rows(batch), max_rows);
        ck_assert_int_gt(pln_batch_rows(batch), 0);
        show_rows(to, batch);
        pln_batch_unref(batch);
    }
    return status;
}

static void read_all(const format *f, const char *json, int64_t max_rows, text *to) {
    pln_error err = {0};
    fake_node *node = open_node(f, json);
    pln_status status = drain(node, max_rows, INT64_MAX, to, &err);
    ck_assert_msg(status == PLN_EOS, "%s", err.message);
    pln_batch *batch;
    ck_assert_int_eq(fake_poll(node, 1, &batch, &err), PLN_EOS);
    fake_node_free(node);
}

static void expect_rows(const format *f, const char *json, int64_t max_rows, const char *rows) {
    text got = {0};
    add_str(&got, "");
    read_all(f, json, max_rows, &got);
    ck_assert_str_eq(got.data, rows);
    free(got.data);
}

static void free_text(text *t) {
    free(t->data);
    *t = (text){0};
}

/* ---- tests ---- */

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

static void expect_open_error(const format *f, const char *json, pln_status code,
                              const char *word) {
    pln_error err = {0};
    fake_node *node = fake_node_new(host, f->stage, json);
    ck_assert_int_eq(fake_open(node, &err), code);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
    fake_node_free(node);
}

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

static void make_mixed(text *file, const format *f, int rows, const char *end) {
    add_header(file, f);
    for (int i = 0; i < rows; i++) {
        if (i % 7 == 3 || i % 11 == 0)
            add_bad(file, f, i);
        else
            add_row(file, f, i, i % 5 == 0 ? "a longer name" : "n");
        add_str(file, i % 13 == 5 ? "\n\n" : end);
    }
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

/* ---- resume ---- */

/* Reads `polls` polls, saves, and gives the position to a second instance, which reads the rest. */
static void resume_after(const format *f, const char *json, int64_t max_rows, int64_t polls,
                         text *rows, int64_t *rejects) {
    pln_error err = {0};
    fake_node *first = open_node(f, json);
    pln_status status = drain(first, max_rows, polls, rows, &err);
    ck_assert_msg(status == PLN_OK || status == PLN_EOS, "%s", err.message);
    ck_assert_msg(fake_save(first, 1, &err) == PLN_OK, "%s", err.message);
    ck_assert_int_le(first->n_pieces, 1);
    fake_node *second = open_node(f, json);
    ck_assert_msg(fake_load(second, first, &err) == PLN_OK, "%s", err.message);
    /* A second save at once says the same. */
    ck_assert_int_eq(fake_save(second, 1, &err), PLN_OK);
    ck_assert_int_eq(second->n_pieces, first->n_pieces);
    if (first->n_pieces == 1) {
        ck_assert_str_eq(second->pieces[0].key, first->pieces[0].key);
        ck_assert_int_eq(second->pieces[0].size, first->pieces[0].size);
        ck_assert_mem_eq(second->pieces[0].bytes, first->pieces[0].bytes,
                         (size_t)first->pieces[0].size);
    }
    *rejects = first->n_rejects;
    fake_node_free(first);
    status = drain(second, max_rows, INT64_MAX, rows, &err);
    ck_assert_msg(status == PLN_EOS, "%s", err.message);
    *rejects += second->n_rejects;
    fake_node_free(second);
}

static void check_resume(const format *f, const char *json, int64_t max_rows) {
    pln_error err = {0};
    text whole = {0};
    fake_node *node = open_node(f, json);
    int64_t polls = 0, rejects;
    for (pln_status status = PLN_OK; status == PLN_OK; polls++)
        status = drain(node, max_rows, 1, &whole, &err);
    int64_t all = node->n_rejects;
    fake_node_free(node);
    for (int64_t stop = 0; stop <= polls; stop++) {
        text rows = {0};
        resume_after(f, json, max_rows, stop, &rows, &rejects);
        ck_assert_str_eq(rows.data, whole.data);
        ck_assert_int_eq(rejects, all);
        free_text(&rows);
    }
    free_text(&whole);
}

START_TEST(resumes_at_every_row) {
    const format *f = &formats[_i];
    text file = {0}, huge = {0};
    make_mixed(&file, f, 60, "\n");
    store("d/a", &file);
    store_gzip("d/b", &file, 3);
    free_text(&file);
    add_header(&file, f);
    store("d/c", &file);
    add_row(&file, f, 1000, "last");
    store("d/e", &file);
    for (int64_t limit = 1; limit < 8; limit += 3)
        check_resume(f, path_config("d", ""), limit);
    /* A line beyond the limit: its rest is no record of its own for whoever goes on behind it. */
    free_text(&file);
    for (int i = 0; i < 70000; i++)
        add_str(&huge, "hhhhhhhhhh");
    add_header(&file, f);
    add_row(&file, f, 1, "x");
    add_str(&file, "\n");
    add_str(&file, f->csv ? "2," : "{\"id\": 2, \"name\": \"");
    add(&file, huge.data, huge.size);
    add_str(&file, f->csv ? "\n" : "\"}\n");
    add_row(&file, f, 3, "z");
    store("h/a", &file);
    store_gzip("h/b", &file, 2);
    check_resume(f, path_config("h", ", \"record_bytes_max\": 5000"), 1);
    free_text(&file);
    free_text(&huge);
}
END_TEST

START_TEST(resumes_in_a_changed_directory) {
    const format *f = &formats[_i];
    const char *names[] = {"d/b", "d/d", "d/f"};
    text rows = {0};
    pln_error err = {0};
    for (int i = 0; i < 3; i++) {
        text file = {0};
        add_header(&file, f);
        add_row(&file, f, i, names[i]);
        store(names[i], &file);
        free_text(&file);
    }
    fake_node *first = open_node(f, path_config("d", ""));
    drain(first, 1, 2, &rows, &err);
    ck_assert_int_eq(fake_save(first, 1, &err), PLN_OK);
    /* What was read may go; what comes with a later name is read; what comes with an earlier one is not. */
    ck_assert_int_eq(unlink(scratch_path(&dir, "d/b")), 0);
    text file = {0};
    add_header(&file, f);
    add_row(&file, f, 9, "new");
    store("d/a", &file);
    store("d/e", &file);
    fake_node *second = open_node(f, path_config("d", ""));
    ck_assert_int_eq(fake_load(second, first, &err), PLN_OK);
    ck_assert_int_eq(drain(second, 10, INT64_MAX, &rows, &err), PLN_EOS);
    ck_assert_str_eq(rows.data, "0=d/b;1=d/d;9=new;2=d/f;");
    fake_node_free(second);
    free_text(&file);

    scratch_write(&dir, "d/d", "x", 1);
    second = open_node(f, path_config("d", ""));
    ck_assert_int_eq(fake_load(second, first, &err), PLN_EDATALOSS);
    ck_assert_msg(strstr(err.message, "shrunk") != NULL && strstr(err.message, "d/d") != NULL, "%s",
                  err.message);
    fake_node_free(second);
    ck_assert_int_eq(unlink(scratch_path(&dir, "d/d")), 0);
    second = open_node(f, path_config("d", ""));
    ck_assert_int_eq(fake_load(second, first, &err), PLN_EDATALOSS);
    ck_assert_msg(strstr(err.message, "gone") != NULL, "%s", err.message);
    ck_assert_uint_eq(err.flags, PLN_ERR_FATAL);
    fake_node_free(second);

    /* Damaged positions are known as such. */
    for (int64_t i = 0; i < first->pieces[0].size; i++) {
        ((uint8_t *)first->pieces[0].bytes)[i] ^= 4;
        second = open_node(f, path_config("d", ""));
        ck_assert_int_eq(fake_load(second, first, &err), PLN_ECORRUPT);
        fake_node_free(second);
        ((uint8_t *)first->pieces[0].bytes)[i] ^= 4;
    }
    fake_node_free(first);
    free_text(&rows);
}
END_TEST

START_TEST(gzip_that_lost_its_end_is_an_error_not_an_end) {
    const format *f = &formats[_i];
    text file = {0};
    add_header(&file, f);
    for (int i = 0; i < 2000; i++) {
        add_row(&file, f, i, "x");
        add_str(&file, "\n");
    }
    store_gzip("a.gz", &file, 1);
    int64_t size;
    char *bytes = scratch_read(&dir, "a.gz", &size);
    for (int64_t cut = 1; cut < size - 2; cut += size / 7) {
        pln_error err = {0};
        text rows = {0};
        scratch_write(&dir, "cut.gz", bytes, size - cut);
        fake_node *node = open_node(f, path_config("cut.gz", ""));
        ck_assert_int_eq(drain(node, 100, INT64_MAX, &rows, &err), PLN_EDATA);
        ck_assert_msg(strstr(err.message, "cut.gz") != NULL, "%s", err.message);
        fake_node_free(node);
        free_text(&rows);
    }
    free(bytes);
    free_text(&file);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(a_pipe_is_read_as_it_fills) {
    const format *f = &formats[_i];
    text file = {0}, rows = {0};
    int ends[2];
    pln_error err = {0};
    pln_batch *batch;
    ck_assert_int_eq(pipe(ends), 0);
    if (_i < 2)
        ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    fake_node *node = fake_node_new(host, f->stage, config_of(""));
    fake_bind(node, "fd", (void *)(intptr_t)ends[0]);
    ck_assert_int_eq(fake_open(node, &err), PLN_OK);
    ck_assert_int_eq(fake_schema(node, &err), PLN_OK);
    ck_assert_int_eq(fake_poll(node, 5, &batch, &err), PLN_AGAIN);
    ck_assert_int_eq(node->wait_fd, ends[0]);
    add_header(&file, f);
    add_row(&file, f, 1, "x");
    add_str(&file, "\n");
    add_row(&file, f, 2, "y");
    for (size_t i = 0; i < file.size; i++) {
        ck_assert_int_eq(write(ends[1], file.data + i, 1), 1);
        pln_status status = fake_poll(node, 5, &batch, &err);
        ck_assert(status == PLN_AGAIN || status == PLN_OK);
        if (status == PLN_OK && batch != NULL) {
            show_rows(&rows, batch);
            pln_batch_unref(batch);
        }
    }
    ck_assert_str_eq(rows.data, "1=x;");
    ck_assert_int_eq(fake_save(node, 1, &err), PLN_EGUARANTEE);
    close(ends[1]);
    ck_assert_int_eq(drain(node, 5, INT64_MAX, &rows, &err), PLN_EOS);
    ck_assert_str_eq(rows.data, "1=x;2=y;");
    ck_assert_int_eq(fcntl(ends[0], F_GETFD) >= 0, 1);
    fake_node_free(node);
    ck_assert_int_eq(fcntl(ends[0], F_GETFD) >= 0, 1); /* it stays the host's */
    close(ends[0]);
    free_text(&file);
    free_text(&rows);
}
END_TEST

START_TEST(a_descriptor_s_sample_is_not_lost) {
    const format *f = &formats[_i];
    text file = {0}, rows = {0};
    pln_error err = {0};
    add_header(&file, f);
    for (int i = 0; i < 100; i++) {
        add_row(&file, f, i, "x");
        add_str(&file, "\n");
    }
    const char *names[] = {"a", "a.gz"};
    store("a", &file);
    store_gzip("a.gz", &file, 1);
    for (int k = 0; k < 2; k++) {
        int fd = open(scratch_path(&dir, names[k]), O_RDONLY);
        fake_node *node = fake_node_new(host, f->stage, "{\"sample_bytes\": 64}");
        fake_bind(node, "fd", (void *)(intptr_t)fd);
        ck_assert_int_eq(fake_open(node, &err), PLN_OK);
        ck_assert_msg(fake_schema(node, &err) == PLN_OK, "%s", err.message);
        ck_assert_int_eq(drain(node, 9, INT64_MAX, &rows, &err), PLN_EOS);
        ck_assert_uint_eq(rows.size, (10 * 4 + 90 * 5) * (unsigned)(k + 1));
        fake_node_free(node);
        close(fd);
    }
    free_text(&file);
    free_text(&rows);
}
END_TEST

/* ---- replay ---- */

static void add_reject(text *to, const char *node, const char *original) {
    char row[300];
    snprintf(row, sizeof row,
             "{\"node\": \"%s\", \"code\": \"PLN_EDATA\", \"message\": \"m\", \"original\": %s, "
             "\"n\": 1}\n",
             node, original);
    add_str(to, row);
}

START_TEST(rejected_records_are_read_again) {
    const format *f = &formats[_i];
    text file = {0}, rows = {0};
    pln_error err = {0};
    add_reject(&file, "read",
               f->csv ? "\"1,one\"" : "\"{\\\"id\\\": 1, \\\"name\\\": \\\"one\\\"}\"");
    add_reject(&file, "other",
               f->csv ? "\"2,two\"" : "\"{\\\"id\\\": 2, \\\"name\\\": \\\"two\\\"}\"");
    add_reject(&file, "read", "null");
    size_t second = file.size;
    add_reject(&file, "read", f->csv ? "\"bad,x\"" : "\"{\\\"id\\\": \\\"bad\\\"}\"");
    add_reject(&file, "read", f->csv ? "\"\\\"3,open quote\"" : "\"{\\\"id\\\": 3, \"");
    add_reject(&file, "read",
               f->csv ? "\"4,four\"" : "\"{\\\"id\\\": 4, \\\"name\\\": \\\"four\\\"}\"");
    store("rejects", &file);
    char options[600];
    snprintf(options, sizeof options, "\"replay\": \"%s\", \"replay_node\": \"read\"",
             scratch_path(&dir, "rejects"));
    fake_node *node = open_node(f, config_of(options));
    ck_assert_int_eq(drain(node, 10, INT64_MAX, &rows, &err), PLN_EOS);
    ck_assert_str_eq(rows.data, "1=one;4=four;");
    ck_assert_int_eq(node->n_rejects, 3);
    ck_assert_int_eq(node->rejects[0].line, 3);
    ck_assert_str_eq(node->rejects[0].column, "original");
    ck_assert_int_eq(node->rejects[1].position, (int64_t)second);
    ck_assert_int_eq(node->rejects[1].line, 4);
    ck_assert_str_eq(node->rejects[1].raw, f->csv ? "bad,x" : "{\"id\": \"bad\"}");
    ck_assert_int_eq(node->rejects[2].line, 5);
    fake_node_free(node);
    free_text(&rows);
    snprintf(options, sizeof options, "\"replay\": \"%s\"", scratch_path(&dir, "rejects"));
    check_resume(f, config_of(options), 1);
    expect_open_error(f, "{\"replay\": \"/nowhere\", \"schema\": " ID_NAME "}", PLN_ENOENT,
                      "/nowhere");
    snprintf(options, sizeof options, "{\"replay\": \"%s\"}", scratch_path(&dir, "rejects"));
    expect_open_error(f, options, PLN_EOPTION, "schema");
    free_text(&file);
}
END_TEST

/* ---- memory, failures, stopping ---- */

static int64_t peak_of(void) {
    pln__heap_stats stats;
    pln__heap_stats_get(host->runtime->heap, &stats);
    return stats.peak_bytes;
}

START_TEST(memory_is_bounded) {
    const format *f = &formats[_i];
    text some = {0};
    FILE *out = fopen(scratch_path(&dir, "big"), "wb");
    add_header(&some, f);
    fwrite(some.data == NULL ? "" : some.data, 1, some.size, out);
    free_text(&some);
    for (int i = 0; i < 1000; i++) {
        add_row(&some, f, i, "some text of sixty-four bytes - to make the file large soon here.");
        add_str(&some, "\n");
    }
    int64_t rows = 0, size = 0, want_rows = 0;
    for (; size < 64 << 20; size += (int64_t)some.size, want_rows += 1000)
        fwrite(some.data, 1, some.size, out);
    ck_assert_int_eq(fclose(out), 0);
    fake_node *node = open_node(f, path_config("big", ""));
    int64_t before = peak_of();
    pln_batch *batch;
    pln_error err = {0};
    pln_status status;
    while ((status = fake_poll(node, 8192, &batch, &err)) == PLN_OK) {
        rows += batch == NULL ? 0 : pln_batch_rows(batch);
        pln_batch_unref(batch);
    }
    ck_assert_int_eq(status, PLN_EOS);
    ck_assert_int_eq(rows, want_rows);
    ck_assert_msg(peak_of() - before < 8 << 20, "%lld bytes more", (long long)(peak_of() - before));
    int64_t done, total;
    ck_assert_int_eq(
        node->stage->table.source.estimate(node->self, &node->ctx, &done, &total, &err), PLN_OK);
    ck_assert_int_eq(done, total);
    ck_assert_int_ge(total, size);
    fake_node_free(node);
    free_text(&some);
}
END_TEST

START_TEST(stops_on_request) {
    const format *f = &formats[_i];
    text file = {0}, rows = {0};
    pln_error err = {0};
    add_header(&file, f);
    add_row(&file, f, 1, "x");
    store("a", &file);
    fake_node *node = open_node(f, path_config("a", ""));
    host->cancelled = 1;
    ck_assert_int_eq(drain(node, 5, INT64_MAX, &rows, &err), PLN_ECANCELLED);
    host->cancelled = 0;
    ck_assert_int_eq(drain(node, 5, INT64_MAX, &rows, &err), PLN_EOS);
    ck_assert_str_eq(rows.data, "1=x;");
    fake_node_free(node);
    free_text(&file);
    free_text(&rows);
}
END_TEST

/* Fails allocation number `at`, once or from then on. */
typedef struct failing {
    int64_t at, seen;
    bool sticky;
} failing;
static void *failing_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    failing *f = user;
    (void)old;
    if (now == 0) {
        free(ptr);
        return NULL;
    }
    int64_t n = ++f->seen;
    if (f->at > 0 && (n == f->at || (f->sticky && n > f->at)))
        return NULL;
    return realloc(ptr, now);
}

/* One attempt to read everything; false once it succeeded. */
static bool read_with(const format *f, const char *json, fake_host *h, text *rows) {
    pln_error err = {0};
    fake_node *node = fake_node_try(h, f->stage, json, &err);
    if (node == NULL)
        return true;
    pln_status status = fake_open(node, &err);
    if (status >= 0)
        status = fake_schema(node, &err);
    while (status >= 0 && status != PLN_EOS) {
        pln_batch *batch = NULL;
        status = fake_poll(node, 7, &batch, &err);
        if (status == PLN_OK && batch != NULL)
            show_rows(rows, batch);
        pln_batch_unref(batch);
        if (status == PLN_OK)
            status = fake_save(node, 1, &err);
    }
    ck_assert_msg(status == PLN_EOS || status == PLN_ENOMEM, "%d %s", (int)status, err.message);
    fake_node_free(node);
    return status != PLN_EOS;
}

START_TEST(every_failing_allocation_is_survived) {
    const format *f = &formats[_i / 2];
    text file = {0}, want = {0};
    make_mixed(&file, f, 40, "\n");
    store("d/a", &file);
    store_gzip("d/b", &file, 2);
    char json[600];
    snprintf(json, sizeof json, "{\"path\": \"%s\"}", scratch_path(&dir, "d"));
    if (_i % 2 == 0)
        snprintf(json, sizeof json, "%s", path_config("d", ""));
    bool failed = true;
    for (int64_t at = 0; failed || at == 1; at++)
        for (int sticky = 0; sticky < 2; sticky++) {
            failing how = {.sticky = sticky != 0};
            pln_allocator below = {sizeof below, 0, &how, failing_resize};
            fake_options options = {.allocator = &below};
            text rows = {0};
            fake_host *h = fake_host_new(&options);
            ck_assert_int_eq(pln__connect_file_register(&h->host, &h->runtime->registry, NULL),
                             PLN_OK);
            how.seen = 0;
            how.at = at;
            failed = read_with(f, json, h, &rows);
            how.at = 0;
            if (at == 0 && sticky == 0)
                add(&want, rows.data, rows.size);
            if (!failed)
                ck_assert_str_eq(rows.data, want.data);
            ck_assert_int_eq(fake_host_free(h), 0);
            free_text(&rows);
        }
    free_text(&file);
    free_text(&want);
}
END_TEST

Suite *suite_connect_file_read(void) {
    Suite *suite = suite_create("connect/file_read");
    TCase *tcase = tcase_create("file_read");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    int first = getenv("PLN_NO_CSV") != NULL, n = PLN__COUNT(formats);
    tcase_add_loop_test(tcase, reads_rows_with_every_limit, first, n);
    tcase_add_loop_test(tcase, last_line_needs_no_newline, first, n);
    tcase_add_loop_test(tcase, empty_files_have_no_rows, first, n);
    tcase_add_loop_test(tcase, gzip_members_are_one_stream, first, n);
    tcase_add_loop_test(tcase, directories_and_patterns_are_read_in_order, first, n);
    tcase_add_loop_test(tcase, wrong_inputs_are_refused_by_name, first, n);
    tcase_add_loop_test(tcase, schema_comes_from_a_file_or_a_pointer, first, n);
    tcase_add_loop_test(tcase, schema_is_inferred_from_the_first_file_with_a_record, first, n);
    tcase_add_loop_test(tcase, bad_records_are_rejected_with_place_and_bytes, first, n);
    tcase_add_loop_test(tcase, unwired_reject_port_stops_the_source, first, n);
    tcase_add_loop_test(tcase, origin_of_every_row_is_its_line, first, n);
    tcase_add_loop_test(tcase, origin_has_only_what_is_wanted, first, n);
    tcase_add_loop_test(tcase, records_beyond_the_limit_are_rejected, first, n);
    tcase_add_loop_test(tcase, resumes_at_every_row, first, n);
    tcase_add_loop_test(tcase, resumes_in_a_changed_directory, first, n);
    tcase_add_loop_test(tcase, gzip_that_lost_its_end_is_an_error_not_an_end, first, n);
    tcase_add_loop_test(tcase, a_pipe_is_read_as_it_fills, first, n);
    tcase_add_loop_test(tcase, a_descriptor_s_sample_is_not_lost, first, n);
    tcase_add_loop_test(tcase, rejected_records_are_read_again, first, n);
    tcase_add_loop_test(tcase, memory_is_bounded, first, n);
    tcase_add_loop_test(tcase, stops_on_request, first, n);
    tcase_add_loop_test(tcase, every_failing_allocation_is_survived, 2 * first, 2 * n);
    suite_add_tcase(suite, tcase);
    return suite;
}

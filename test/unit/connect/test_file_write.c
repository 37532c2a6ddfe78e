#include "connect/file/file.h"
#include "fake_host.h"
#include "schema/schema.h"
#include "scratch.h"
#include <check.h>
#include <fcntl.h>
#include <pln/builder.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static scratch dir;
static fake_host *host;

static void set_up(void) {
    pln_error err = {0};
    dir = scratch_new();
    host = fake_host_new(NULL);
    host->identity.owner = 1;
    ck_assert_int_eq(pln__connect_file_register(&host->host, &host->runtime->registry, &err),
                     PLN_OK);
}

static void tear_down(void) {
    ck_assert_int_eq(fake_host_free(host), 0);
    scratch_free(&dir);
}

#define ID_NAME                                                                                    \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}, "        \
    "{\"name\": \"name\", \"type\": [\"null\", \"string\"]}]}"
#define ID_BYTES                                                                                   \
    "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"id\",\"type\":\"long\"}, "        \
    "{\"name\": \"b\", \"type\": [\"null\", \"bytes\"]}]}"

typedef struct format {
    const char *name;
    bool csv;
} format;
static const format formats[] = {{"csv", true}, {"ndjson", false}};

/* ---- driving ---- */

static fake_node *open_sink(const format *f, const char *options, const char *avro) {
    char stage[32], json[1500];
    struct ArrowSchema schema;
    pln_error err = {0};
    snprintf(stage, sizeof stage, "%s.write", f->name);
    snprintf(json, sizeof json, "{%s}", options);
    fake_node *sink = fake_node_new(host, stage, json);
    ck_assert_msg(fake_open(sink, &err) == PLN_OK, "%s", err.message);
    ck_assert_int_eq(pln__schema_from_avro(host->mem, avro, -1, &schema, NULL), PLN_OK);
    fake_in(sink, 0, &schema);
    schema.release(&schema);
    ck_assert_msg(fake_schema(sink, &err) == PLN_OK, "%s", err.message);
    return sink;
}

static char *path_option(const char *name, const char *more) {
    static char text[4][1400];
    static int next;
    char *out = text[next++ % 4];
    snprintf(out, sizeof text[0], "\"path\": \"%s\"%s", scratch_path(&dir, name), more);
    return out;
}

static fake_node *open_path(const format *f, const char *name, const char *more) {
    return open_sink(f, path_option(name, more), ID_NAME);
}

static pln_batch *rows_from(const fake_node *sink, int64_t first, int64_t count) {
    pln_builder *builder;
    pln_batch *batch;
    char name[40];
    ck_assert_int_eq(pln_builder_new(host->runtime, pln__schema_get(sink->in[0]), &builder, NULL),
                     PLN_OK);
    for (int64_t i = first; i < first + count; i++) {
        ck_assert_int_eq(pln_column_int(pln_builder_column(builder, 0), i, NULL), PLN_OK);
        snprintf(name, sizeof name, "n%lld", (long long)i);
        if (i % 10 == 7)
            ck_assert_int_eq(pln_column_null(pln_builder_column(builder, 1), NULL), PLN_OK);
        else
            ck_assert_int_eq(pln_column_text(pln_builder_column(builder, 1), name, -1, NULL),
                             PLN_OK);
    }
    ck_assert_int_eq(pln_builder_finish(builder, &batch, NULL), PLN_OK);
    pln_builder_free(builder);
    return batch;
}

/* What the file must hold for rows [first, first + count), without a header. */
static char *text_of(const format *f, int64_t first, int64_t count) {
    char *out = malloc((size_t)count * 60 + 1), *at = out;
    *at = '\0';
    for (int64_t i = first; i < first + count; i++) {
        if (i % 10 == 7)
            at += sprintf(at, f->csv ? "%lld,\n" : "{\"id\":%lld,\"name\":null}\n", (long long)i);
        else
            at += sprintf(at, f->csv ? "%lld,n%lld\n" : "{\"id\":%lld,\"name\":\"n%lld\"}\n",
                          (long long)i, (long long)i);
    }
    return out;
}

static void write_rows(fake_node *sink, int64_t first, int64_t count) {
    pln_error err = {0};
    pln_batch *batch = rows_from(sink, first, count);
    ck_assert_msg(fake_write(sink, batch, &err) == PLN_OK, "%s", err.message);
    pln_batch_unref(batch);
}

static void prepare(fake_node *sink, int64_t n, bool last) {
    pln_error err = {0};
    if (last)
        ck_assert_int_eq(fake_finish(sink, &err), PLN_OK);
    ck_assert_msg(fake_flush(sink, n, &err) == PLN_OK, "%s", err.message);
    ck_assert_msg(fake_prepare(sink, n, &err) == PLN_OK, "%s", err.message);
}

static void commit(fake_node *sink, int64_t n) {
    pln_error err = {0};
    if (sink->handle_size > 0)
        ck_assert_msg(fake_commit(sink, n, sink->handle, sink->handle_size, &err) == PLN_OK, "%s",
                      err.message);
}

static void epoch(fake_node *sink, int64_t n, int64_t first, int64_t count, bool last) {
    pln_error err = {0};
    ck_assert_int_eq(fake_begin(sink, n, &err), PLN_OK);
    if (count > 0)
        write_rows(sink, first, count);
    prepare(sink, n, last);
    commit(sink, n);
}

static void expect_file(const char *name, const char *header, char *text) {
    int64_t size;
    char *got = scratch_read(&dir, name, &size);
    ck_assert_msg(got != NULL, "%s is not there", name);
    ck_assert_int_eq(size, (int64_t)(strlen(header) + strlen(text)));
    ck_assert_int_eq(strncmp(got, header, strlen(header)), 0);
    ck_assert_str_eq(got + strlen(header), text);
    free(got);
    free(text);
}

static const char *header_of(const format *f) {
    return f->csv ? "id,name\n" : "";
}

/* ---- one file ---- */

START_TEST(a_file_appears_whole_at_the_end) {
    const format *f = &formats[_i];
    fake_node *sink = open_path(f, "out", "");
    for (int64_t n = 1; n <= 5; n++) {
        ck_assert(!scratch_has(&dir, "out"));
        epoch(sink, n, n * 100, 100, n == 5);
        ck_assert_int_eq(scratch_count(&dir, ""), 1);
    }
    expect_file("out", header_of(f), text_of(f, 100, 500));
    commit(sink, 5); /* again */
    fake_node_free(sink);
    expect_file("out", header_of(f), text_of(f, 100, 500));
    ck_assert_int_eq(scratch_count(&dir, ""), 1);

    /* The next run replaces it, and only at its end. */
    host->identity.owner = 2;
    sink = open_path(f, "out", "");
    pln_error err = {0};
    ck_assert_int_eq(fake_recover(sink, 0, NULL, 0, &err), PLN_OK);
    epoch(sink, 6, 0, 10, false);
    expect_file("out", header_of(f), text_of(f, 100, 500));
    epoch(sink, 7, 10, 10, true);
    expect_file("out", header_of(f), text_of(f, 0, 20));
    fake_node_free(sink);
}
END_TEST

START_TEST(many_rows_pass_in_chunks) {
    const format *f = &formats[_i];
    fake_node *sink = open_path(f, "out", "");
    for (int64_t i = 0; i < 300; i++)
        write_rows(sink, i * 1000, 1000);
    prepare(sink, 1, true);
    commit(sink, 1);
    fake_node_free(sink);
    expect_file("out", header_of(f), text_of(f, 0, 300000));
}
END_TEST

START_TEST(gzip_files_are_gzip_files) {
    const format *f = &formats[_i];
    fake_node *sink = open_path(f, "out.gz", "");
    for (int64_t n = 1; n <= 3; n++)
        epoch(sink, n, n * 1000, n == 2 ? 0 : 1000, n == 3);
    fake_node_free(sink);
    gzFile file = gzopen(scratch_path(&dir, "out.gz"), "rb");
    char *got = malloc(200000);
    int size = gzread(file, got, 199999);
    ck_assert_int_eq(gzdirect(file), 0);
    ck_assert_int_eq(gzclose(file), Z_OK);
    ck_assert_int_ge(size, 0);
    scratch_write(&dir, "plain", got, size);
    char *one = text_of(f, 1000, 1000), *two = text_of(f, 3000, 1000);
    one = realloc(one, strlen(one) + strlen(two) + 1);
    strcat(one, two);
    free(two);
    expect_file("plain", header_of(f), one);
    free(got);
}
END_TEST

START_TEST(an_empty_run_makes_an_empty_file) {
    const format *f = &formats[_i];
    const char *names[] = {"a", "a.gz"};
    for (int k = 0; k < 2; k++) {
        fake_node *sink = open_path(f, names[k], "");
        epoch(sink, 1, 0, 0, false);
        ck_assert_int_eq(scratch_count(&dir, ""), k);
        epoch(sink, 2, 0, 0, true);
        fake_node_free(sink);
    }
    expect_file("a", header_of(f), text_of(f, 0, 0));
    gzFile file = gzopen(scratch_path(&dir, "a.gz"), "rb");
    char got[20] = "";
    ck_assert_int_eq(gzread(file, got, 19), (int)strlen(header_of(f)));
    ck_assert_int_eq(gzdirect(file), 0);
    gzclose(file);
    ck_assert_str_eq(got, header_of(f));
    fake_node *sink = open_path(f, "none", ", \"empty\": \"skip\"");
    epoch(sink, 1, 0, 0, true);
    fake_node_free(sink);
    ck_assert(!scratch_has(&dir, "none"));
    ck_assert_int_eq(scratch_count(&dir, ""), 2);
    /* Without a header an empty file has no byte. */
    if (f->csv) {
        sink = open_path(f, "bare", ", \"header\": false");
        epoch(sink, 1, 0, 0, true);
        fake_node_free(sink);
        expect_file("bare", "", text_of(f, 0, 0));
    }
}
END_TEST

/* ---- a file an epoch ---- */

START_TEST(numbered_files_appear_by_epoch) {
    const format *f = &formats[_i];
    pln_error err = {0};
    fake_node *sink = open_path(f, "out-{n}.txt", "");
    for (int64_t n = 7; n <= 10; n++) {
        epoch(sink, n, n * 100, n == 8 ? 0 : 50, n == 10);
        ck_assert_int_eq(sink->handle_size > 0, n != 8);
        ck_assert_int_eq(scratch_count(&dir, ""), n == 7 ? 1 : n - 7);
    }
    for (int64_t n = 7; n <= 10; n++) {
        char name[60];
        snprintf(name, sizeof name, "out-%020lld.txt", (long long)n);
        if (n == 8)
            ck_assert(!scratch_has(&dir, name));
        else
            expect_file(name, header_of(f), text_of(f, n * 100, 50));
    }
    /* An epoch's file is never written over. */
    ck_assert_int_eq(fake_begin(sink, 10, &err), PLN_OK);
    write_rows(sink, 1, 1);
    ck_assert_int_eq(fake_prepare(sink, 10, &err), PLN_EEXIST);
    ck_assert_ptr_nonnull(strstr(err.message, "out-00000000000000000010.txt"));
    ck_assert_int_eq(fake_abort(sink, 10, NULL, 0, &err), PLN_OK);
    fake_node_free(sink);
    ck_assert_int_eq(scratch_count(&dir, ""), 3);
}
END_TEST

/* ---- going back ---- */

START_TEST(abort_forgets_what_was_not_committed) {
    const format *f = &formats[_i];
    pln_error err = {0};
    fake_node *sink = open_path(f, "out", "");
    write_rows(sink, 900, 5);
    ck_assert_int_eq(fake_abort(sink, 1, NULL, 0, &err), PLN_OK);
    epoch(sink, 1, 0, 10, false);
    write_rows(sink, 900, 5);
    prepare(sink, 2, true);
    ck_assert_int_eq(fake_abort(sink, 2, sink->handle, sink->handle_size, &err), PLN_OK);
    ck_assert(!scratch_has(&dir, "out"));
    /* Its commit point was passed, though commit could not be called: epoch 2 stays. */
    write_rows(sink, 10, 10);
    prepare(sink, 2, false);
    write_rows(sink, 900, 5);
    ck_assert_int_eq(fake_abort(sink, 3, NULL, 0, &err), PLN_OK);
    epoch(sink, 3, 20, 10, true);
    fake_node_free(sink);
    expect_file("out", header_of(f), text_of(f, 0, 30));
    ck_assert_int_eq(scratch_count(&dir, ""), 1);

    sink = open_path(f, "e{n}", "");
    write_rows(sink, 900, 5);
    prepare(sink, 1, false);
    ck_assert_int_eq(fake_abort(sink, 1, sink->handle, sink->handle_size, &err), PLN_OK);
    ck_assert_int_eq(scratch_count(&dir, ""), 1);
    write_rows(sink, 0, 5);
    prepare(sink, 1, false);
    ck_assert_int_eq(fake_abort(sink, 2, NULL, 0, &err), PLN_OK);
    commit(sink, 1);
    fake_node_free(sink);
    expect_file("e00000000000000000001", header_of(f), text_of(f, 0, 5));
    ck_assert_int_eq(scratch_count(&dir, ""), 2);
}
END_TEST

START_TEST(recover_goes_on_behind_the_committed_rows) {
    const format *f = &formats[_i / 2];
    bool gzip = _i % 2 == 1;
    const char *name = gzip ? "out.gz" : "out";
    pln_error err = {0};
    for (int64_t owner = 1; owner <= 4; owner++) {
        static char handle[2000];
        static int64_t size;
        host->identity.owner = owner;
        fake_node *sink = open_path(f, name, "");
        if (owner > 1) {
            ck_assert_msg(fake_recover(sink, owner - 1, handle, size, &err) == PLN_OK, "%s",
                          err.message);
            ck_assert_int_eq(scratch_count(&dir, ""), 2);
        }
        epoch(sink, owner, owner * 10, 10, owner == 4);
        ck_assert_int_eq(scratch_count(&dir, ""), 1);
        size = sink->handle_size;
        memcpy(handle, sink->handle, (size_t)size);
        write_rows(sink, 900, 3); /* never committed */
        if (owner < 4)
            prepare(sink, owner + 1, true);
        else
            ck_assert_int_eq(fake_abort(sink, 5, NULL, 0, &err), PLN_OK);
        fake_node_free(sink);
    }
    ck_assert_int_eq(scratch_count(&dir, ""), 1);
    if (!gzip) {
        expect_file(name, header_of(f), text_of(f, 10, 40));
    } else {
        char got[4000];
        gzFile file = gzopen(scratch_path(&dir, name), "rb");
        int n = gzread(file, got, sizeof got);
        gzclose(file);
        scratch_write(&dir, "plain", got, n);
        expect_file("plain", header_of(f), text_of(f, 10, 40));
    }
}
END_TEST

START_TEST(unknown_handles_are_lost_data) {
    const format *f = &formats[_i];
    pln_error err = {0};
    fake_node *sink = open_path(f, "out", "");
    epoch(sink, 1, 0, 10, false);
    prepare(sink, 2, true);
    uint8_t handle[2000];
    int64_t size = sink->handle_size;
    for (int64_t i = 0; i <= size; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            memcpy(handle, sink->handle, (size_t)size);
            if (i < size)
                handle[i] ^= (uint8_t)(1 << bit);
            int64_t cut = i < size ? size : size - 1 - bit;
            ck_assert_int_eq(fake_commit(sink, 2, handle, cut, &err), PLN_EDATALOSS);
            ck_assert_uint_eq(err.flags, PLN_ERR_FATAL);
        }
    ck_assert(!scratch_has(&dir, "out"));
    memcpy(handle, sink->handle, (size_t)size);
    fake_node_free(sink);

    /* The file that it names has gone, or lost bytes. */
    char temp[600];
    snprintf(temp, sizeof temp, "ls -A %s > %s.list", dir.path, dir.path);
    ck_assert_int_eq(system(temp), 0);
    snprintf(temp, sizeof temp, "%s.list", dir.path);
    FILE *list = fopen(temp, "r");
    char name[300];
    ck_assert_ptr_nonnull(fgets(name, sizeof name, list));
    fclose(list);
    unlink(temp);
    name[strcspn(name, "\n")] = '\0';
    ck_assert_int_eq(strncmp(name, ".out.", 5), 0);
    host->identity.owner = 2;
    ck_assert_int_eq(truncate(scratch_path(&dir, name), 20), 0);
    sink = open_path(f, "out", "");
    ck_assert_int_eq(fake_recover(sink, 2, handle, size, &err), PLN_EDATALOSS);
    ck_assert_ptr_nonnull(strstr(err.message, name));
    ck_assert_int_eq(unlink(scratch_path(&dir, name)), 0);
    ck_assert_int_eq(fake_recover(sink, 2, handle, size, &err), PLN_EDATALOSS);
    scratch_write(&dir, "out", "something else", -1);
    ck_assert_int_eq(fake_recover(sink, 2, handle, size, &err), PLN_EDATALOSS);
    fake_node_free(sink);
}
END_TEST

START_TEST(recover_leaves_what_is_not_its_own) {
    const format *f = &formats[_i];
    pln_error err = {0};
    char own[100] = "", other[100];
    /* The name that this sink uses: pipeline, run key and node are in the hash. */
    fake_node *sink = open_path(f, "out", "");
    epoch(sink, 1, 0, 1, false);
    char command[700];
    snprintf(command, sizeof command, "ls -A %s", dir.path);
    FILE *list = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(own, sizeof own, list));
    pclose(list);
    own[strcspn(own, "\n")] = '\0';
    fake_node_free(sink);
    ck_assert_int_eq(unlink(scratch_path(&dir, own)), 0);
    ck_assert_int_eq((int)strlen(own), 5 + 16 + 1 + 1 + 4);
    ck_assert_str_eq(own + strlen(own) - 6, ".1.tmp");

    scratch_write(&dir, own, "old", -1);
    const char *kept[] = {".out.0123456789abcdef.1.tmp", "out.tmp", ".tmp", ".x.tmp", "other"};
    for (int i = 0; i < PLN__COUNT(kept); i++)
        scratch_write(&dir, kept[i], "x", -1);
    snprintf(other, sizeof other, "%.*s.9.tmp", (int)strlen(own) - 6, own); /* of a later owner */
    scratch_write(&dir, other, "x", -1);
    snprintf(command, sizeof command, "%.*s.r123.tmp", (int)strlen(own) - 6, own); /* of a run without a state file */
    scratch_write(&dir, command, "x", -1);
    host->identity.owner = 3;
    sink = open_path(f, "out", "");
    ck_assert_int_eq(fake_recover(sink, 0, NULL, 0, &err), PLN_OK);
    fake_node_free(sink);
    ck_assert(!scratch_has(&dir, own));
    ck_assert(scratch_has(&dir, other));
    ck_assert(scratch_has(&dir, command));
    for (int i = 0; i < PLN__COUNT(kept); i++)
        ck_assert(scratch_has(&dir, kept[i]));
    ck_assert_int_eq(scratch_count(&dir, ""), PLN__COUNT(kept) + 2);
}
END_TEST

START_TEST(without_a_state_file_nothing_stays_behind) {
    const format *f = &formats[_i];
    pln_error err = {0};
    host->identity.owner = 0;
    fake_node *sink = open_path(f, "out", "");
    write_rows(sink, 0, 10);
    prepare(sink, 1, true);
    ck_assert_int_eq(scratch_count(&dir, ""), 1);
    fake_node_free(sink);
    ck_assert_int_eq(scratch_count(&dir, ""), 0);
    /* Two at once do not meet. */
    fake_node *a = open_path(f, "out", ""), *b = open_path(f, "out", "");
    write_rows(a, 0, 10);
    write_rows(b, 10, 10);
    prepare(a, 1, true);
    prepare(b, 1, true);
    commit(a, 1);
    expect_file("out", header_of(f), text_of(f, 0, 10));
    commit(b, 1);
    expect_file("out", header_of(f), text_of(f, 10, 10));
    fake_node_free(a);
    fake_node_free(b);
    ck_assert_int_eq(scratch_count(&dir, ""), 1);
    /* A second attempt of the same run finds what the first had committed. */
    sink = open_path(f, "again", "");
    epoch(sink, 1, 0, 10, false);
    write_rows(sink, 900, 10);
    ck_assert_int_eq(fake_abort(sink, 2, NULL, 0, &err), PLN_OK);
    char handle[2000];
    int64_t size = sink->handle_size;
    memcpy(handle, sink->handle, (size_t)size);
    fake_node_free(sink);
    sink = open_path(f, "again", "");
    ck_assert_msg(fake_recover(sink, 1, handle, size, &err) == PLN_OK, "%s", err.message);
    epoch(sink, 2, 10, 10, true);
    fake_node_free(sink);
    expect_file("again", header_of(f), text_of(f, 0, 20));
    ck_assert_int_eq(scratch_count(&dir, ""), 2);
}
END_TEST

/* ---- places ---- */

static void refuse(const format *f, const char *options, pln_status code, const char *word) {
    char stage[32], json[1500];
    pln_error err = {0};
    snprintf(stage, sizeof stage, "%s.write", f->name);
    snprintf(json, sizeof json, "{%s}", options);
    fake_node *sink = fake_node_new(host, stage, json);
    ck_assert_int_eq(fake_open(sink, &err), code);
    ck_assert_msg(strstr(err.message, word) != NULL, "%s", err.message);
    fake_node_free(sink);
}

START_TEST(places_that_cannot_be_written_are_refused_at_once) {
    const format *f = &formats[_i];
    scratch_write(&dir, "sub/x", "", 0);
    refuse(f, "", PLN_EOPTION, "one of them is required");
    refuse(f, path_option("a/b/out", ""), PLN_ENOENT, "mkdir");
    refuse(f, path_option("sub/x/out", ""), PLN_ENOENT, "no directory");
    refuse(f, path_option("sub", ""), PLN_EOPTION, "no regular file");
    refuse(f, "\"path\": \"/dev/null\"", PLN_EOPTION, "no regular file");
    refuse(f, path_option("sub/", ""), PLN_EOPTION, "name of a file");
    refuse(f, path_option("{n}/out", ""), PLN_EOPTION, "{n}");
    refuse(f, path_option("{n}{n}", ""), PLN_EOPTION, "{n}");
    refuse(f, path_option("x", ", \"compression_level\": 10"), PLN_EOPTION, "10");
    if (f->csv) {
        refuse(f, path_option("x", ", \"delimiter\": \"ab\""), PLN_EOPTION, "delimiter");
        refuse(f, path_option("x", ", \"delimiter\": \"\\n\""), PLN_EOPTION, "delimiter");
        refuse(f, path_option("x", ", \"delimiter\": \"\\\"\""), PLN_EOPTION, "the same character");
    }
    fake_node *sink = open_path(f, "a/b/out", ", \"mkdir\": true");
    epoch(sink, 1, 0, 3, true);
    fake_node_free(sink);
    expect_file("a/b/out", header_of(f), text_of(f, 0, 3));
    char name[260], path[300];
    memset(name, 'x', 250);
    snprintf(name + 240, 20, "{n}");
    snprintf(path, sizeof path, "%.230s", name);
    sink = open_path(f, path, "");
    epoch(sink, 1, 0, 3, true);
    fake_node_free(sink);
    expect_file(path, header_of(f), text_of(f, 0, 3));
    /* A relative path in the working directory. */
    char was[1000];
    ck_assert_ptr_nonnull(getcwd(was, sizeof was));
    ck_assert_int_eq(chdir(dir.path), 0);
    sink = open_sink(f, "\"path\": \"here\"", ID_NAME);
    epoch(sink, 1, 0, 3, true);
    fake_node_free(sink);
    ck_assert_int_eq(chdir(was), 0);
    expect_file("here", header_of(f), text_of(f, 0, 3));
}
END_TEST

/* ---- descriptors ---- */

static fake_node *open_fd(const format *f, int fd) {
    char stage[32];
    struct ArrowSchema schema;
    pln_error err = {0};
    snprintf(stage, sizeof stage, "%s.write", f->name);
    fake_node *sink = fake_node_new(host, stage, "{}");
    fake_bind(sink, "fd", (void *)(intptr_t)fd);
    ck_assert_msg(fake_open(sink, &err) == PLN_OK, "%s", err.message);
    ck_assert_int_eq(pln__schema_from_avro(host->mem, ID_NAME, -1, &schema, NULL), PLN_OK);
    fake_in(sink, 0, &schema);
    schema.release(&schema);
    ck_assert_int_eq(fake_schema(sink, &err), PLN_OK);
    return sink;
}

START_TEST(a_descriptor_gets_rows_at_flush) {
    const format *f = &formats[_i];
    pln_error err = {0};
    int ends[2];
    char got[4000];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    fake_node *sink = open_fd(f, ends[1]);
    ck_assert_int_eq(fake_recover(sink, 0, NULL, 0, &err), PLN_EGUARANTEE);
    write_rows(sink, 900, 5);
    ck_assert_int_eq(fake_abort(sink, 1, NULL, 0, &err), PLN_OK);
    write_rows(sink, 0, 10);
    ck_assert_int_eq(read(ends[0], got, sizeof got), -1);
    prepare(sink, 1, false);
    ck_assert_int_eq(sink->handle_size, 0);
    write_rows(sink, 10, 10);
    prepare(sink, 2, true);
    ssize_t size = read(ends[0], got, sizeof got);
    ck_assert_int_gt(size, 0);
    scratch_write(&dir, "got", got, size);
    expect_file("got", header_of(f), text_of(f, 0, 20));
    /* In stream mode a batch is out as soon as it is written. */
    fake_node_free(sink);
    host->identity.mode = 2;
    sink = open_fd(f, ends[1]);
    write_rows(sink, 0, 10);
    size = read(ends[0], got, sizeof got);
    scratch_write(&dir, "got", got, size);
    expect_file("got", header_of(f), text_of(f, 0, 10));
    /* A pipe that is full, and a host that wants to stop. */
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    host->cancelled = 1;
    pln_status status = PLN_OK;
    for (int i = 0; i < 100 && status == PLN_OK; i++) {
        pln_batch *batch = rows_from(sink, 0, 1000);
        status = fake_write(sink, batch, &err);
        pln_batch_unref(batch);
    }
    ck_assert_int_eq(status, PLN_ECANCELLED);
    host->cancelled = 0;
    fake_node_free(sink);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static volatile sig_atomic_t signals;
static void count_signal(int number) {
    (void)number;
    signals++;
}

START_TEST(a_reader_that_left_is_an_error_not_a_signal) {
    const format *f = &formats[_i];
    pln_error err = {0};
    int ends[2];
    struct sigaction action = {.sa_handler = count_signal};
    ck_assert_int_eq(sigaction(SIGPIPE, &action, NULL), 0);
    signals = 0;
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    fake_node *sink = open_fd(f, ends[1]);
    write_rows(sink, 0, 10);
    ck_assert_int_eq(fake_flush(sink, 1, &err), PLN_EIO);
    ck_assert_ptr_nonnull(strstr(err.message, "reader"));
    ck_assert_int_eq(signals, 0);
    sigset_t pending, mask;
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    ck_assert_int_eq(sigismember(&mask, SIGPIPE), 0);
    fake_node_free(sink);
    close(ends[1]);
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_that_cannot_be_written_are_rejected) {
    const format *f = &formats[0];
    pln_error err = {0};
    fake_node *sink = open_sink(f, path_option("out", ""), ID_BYTES);
    pln_builder *builder;
    pln_batch *batch;
    ck_assert_int_eq(pln_builder_new(host->runtime, pln__schema_get(sink->in[0]), &builder, NULL),
                     PLN_OK);
    char want[3000] = "id,b\n", *at = want + strlen(want);
    for (int i = 0; i < 100; i++) {
        bool bad = i % 9 == 4 || i == 99;
        ck_assert_int_eq(pln_column_int(pln_builder_column(builder, 0), i, NULL), PLN_OK);
        ck_assert_int_eq(
            pln_column_bytes(pln_builder_column(builder, 1), bad ? "\xFF\xFE" : "ok", 2, NULL),
            PLN_OK);
        if (!bad)
            at += sprintf(at, "%d,ok\n", i);
    }
    ck_assert_int_eq(pln_builder_finish(builder, &batch, NULL), PLN_OK);
    pln_builder_free(builder);
    ck_assert_msg(fake_write(sink, batch, &err) == PLN_OK, "%s", err.message);
    ck_assert_int_eq(sink->n_rejects, 12);
    for (int64_t i = 0; i < 11; i++)
        ck_assert_int_eq(sink->rejects[i].row, 9 * i + 4);
    ck_assert_int_eq(sink->rejects[11].row, 99);
    ck_assert_int_eq(sink->rejects[0].code, PLN_EDATA);
    prepare(sink, 1, true);
    commit(sink, 1);
    expect_file("out", "", strdup(want));
    /* Where no port takes them, the run stops. */
    sink->refuse_rejects = true;
    ck_assert_int_eq(fake_write(sink, batch, &err), PLN_EREJECTED);
    pln_batch_unref(batch);
    fake_node_free(sink);
}
END_TEST

START_TEST(a_file_s_columns_do_not_change) {
    const format *f = &formats[_i];
    pln_error err = {0};
    struct ArrowSchema other;
    fake_node *sink = open_path(f, "out", "");
    ck_assert_int_eq(fake_schema(sink, &err), PLN_OK);
    write_rows(sink, 0, 3);
    ck_assert_int_eq(fake_schema(sink, &err), PLN_OK);
    ck_assert_int_eq(pln__schema_from_avro(host->mem, ID_BYTES, -1, &other, NULL), PLN_OK);
    fake_in(sink, 0, &other);
    other.release(&other);
    ck_assert_int_eq(fake_schema(sink, &err), f->csv ? PLN_ETYPE : PLN_OK);
    if (f->csv)
        ck_assert_ptr_nonnull(strstr(err.message, "columns already"));
    fake_node_free(sink);
}
END_TEST

START_TEST(what_is_written_reads_back) {
    const format *f = &formats[_i];
    const char *dialects[] = {"",
                              ", \"delimiter\": \";\", \"null_text\": \"n7\", "
                              "\"quoting\": \"text\", \"newline\": \"crlf\"",
                              ", \"quoting\": \"all\", \"quote\": \"'\", \"null_text\": \"NA\""};
    const char *reading[] = {"", ", \"delimiter\": \";\", \"nulls\": \"n7\"",
                             ", \"quote\": \"'\", \"nulls\": \"NA\""};
    for (int d = 0; d < (f->csv ? 3 : 1); d++) {
        pln_error err = {0};
        char json[2000], stage[30];
        fake_node *sink = open_path(f, "out.gz", dialects[d]);
        pln_batch *written = rows_from(sink, 0, 1000), *read;
        ck_assert_int_eq(fake_write(sink, written, &err), PLN_OK);
        prepare(sink, 1, true);
        commit(sink, 1);
        fake_node_free(sink);
        snprintf(stage, sizeof stage, "%s.read", f->name);
        snprintf(json, sizeof json, "{%s, \"schema\": " ID_NAME "%s}", path_option("out.gz", ""),
                 reading[d]);
        fake_node *source = fake_node_new(host, stage, json);
        ck_assert_msg(fake_open(source, &err) == PLN_OK, "%s", err.message);
        ck_assert_int_eq(fake_schema(source, &err), PLN_OK);
        ck_assert_msg(fake_poll(source, 5000, &read, &err) == PLN_OK, "%s", err.message);
        ck_assert_int_eq(source->n_rejects, 0);
        ck_assert_int_eq(pln_batch_equal(written, read), 1);
        pln_batch_unref(written);
        pln_batch_unref(read);
        fake_node_free(source);
    }
}
END_TEST

/* ---- memory that fails ---- */

typedef struct failing {
    int64_t at, seen;
    bool sticky;
} failing;
static void *failing_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    failing *how = user;
    (void)old;
    if (now == 0) {
        free(ptr);
        return NULL;
    }
    int64_t n = ++how->seen;
    if (how->at > 0 && (n == how->at || (how->sticky && n > how->at)))
        return NULL;
    return realloc(ptr, now);
}

static pln_status write_all(fake_host *h, const char *stage, const char *json, pln_batch *batch,
                            pln_error *err) {
    fake_node *sink = fake_node_try(h, stage, json, err);
    if (sink == NULL)
        return err->status;
    pln_status status = fake_open(sink, err);
    for (int64_t n = 1; n <= 3 && status >= 0; n++) {
        status = fake_begin(sink, n, err);
        if (status >= 0)
            status = fake_write(sink, batch, err);
        if (status >= 0 && n == 3)
            status = fake_finish(sink, err);
        if (status >= 0)
            status = fake_prepare(sink, n, err);
        if (status >= 0)
            status = fake_commit(sink, n, sink->handle, sink->handle_size, err);
    }
    fake_node_free(sink);
    return status;
}

START_TEST(every_failing_allocation_is_survived) {
    const format *f = &formats[_i / 2];
    const char *name = _i % 2 == 0 ? "out.gz" : "e{n}";
    char stage[30], json[1500];
    snprintf(stage, sizeof stage, "%s.write", f->name);
    snprintf(json, sizeof json, "{%s}", path_option(name, ""));
    struct ArrowSchema schema;
    ck_assert_int_eq(pln__schema_from_avro(host->mem, ID_NAME, -1, &schema, NULL), PLN_OK);
    fake_node *maker = fake_node_new(host, stage, json);
    fake_in(maker, 0, &schema);
    schema.release(&schema);
    pln_batch *batch = rows_from(maker, 0, 20);
    fake_node_free(maker);
    bool failed = true;
    for (int64_t at = 1; failed; at++)
        for (int sticky = 0; sticky < 2; sticky++) {
            pln_error err = {0};
            failing how = {.sticky = sticky != 0};
            pln_allocator below = {sizeof below, 0, &how, failing_resize};
            fake_options options = {.allocator = &below};
            fake_host *h = fake_host_new(&options);
            ck_assert_int_eq(pln__connect_file_register(&h->host, &h->runtime->registry, NULL),
                             PLN_OK);
            how.seen = 0;
            how.at = at;
            pln_status status = write_all(h, stage, json, batch, &err);
            failed = status < 0;
            ck_assert_msg(!failed || status == PLN_ENOMEM, "%d %s", (int)status, err.message);
            how.at = 0;
            ck_assert_int_eq(fake_host_free(h), 0);
            char command[900];
            snprintf(command, sizeof command, "rm -f %s/* %s/.o* %s/.e*", dir.path, dir.path,
                     dir.path);
            if (at % 8 == 0 || !failed)
                ck_assert_int_eq(system(command), 0);
            else
                for (int n = 1; n <= 3; n++) {
                    char file[60];
                    snprintf(file, sizeof file, "e%020d", n);
                    unlink(scratch_path(&dir, file));
                }
        }
    pln_batch_unref(batch);
}
END_TEST

Suite *suite_connect_file_write(void) {
    Suite *suite = suite_create("connect/file_write");
    TCase *tcase = tcase_create("file_write");
    int n = PLN__COUNT(formats);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_file_appears_whole_at_the_end, 0, n);
    tcase_add_loop_test(tcase, many_rows_pass_in_chunks, 0, n);
    tcase_add_loop_test(tcase, gzip_files_are_gzip_files, 0, n);
    tcase_add_loop_test(tcase, an_empty_run_makes_an_empty_file, 0, n);
    tcase_add_loop_test(tcase, numbered_files_appear_by_epoch, 0, n);
    tcase_add_loop_test(tcase, abort_forgets_what_was_not_committed, 0, n);
    tcase_add_loop_test(tcase, recover_goes_on_behind_the_committed_rows, 0, 2 * n);
    tcase_add_loop_test(tcase, unknown_handles_are_lost_data, 0, n);
    tcase_add_loop_test(tcase, recover_leaves_what_is_not_its_own, 0, n);
    tcase_add_loop_test(tcase, without_a_state_file_nothing_stays_behind, 0, n);
    tcase_add_loop_test(tcase, places_that_cannot_be_written_are_refused_at_once, 0, n);
    tcase_add_loop_test(tcase, a_descriptor_gets_rows_at_flush, 0, n);
    tcase_add_loop_test(tcase, a_reader_that_left_is_an_error_not_a_signal, 0, n);
    tcase_add_test(tcase, rows_that_cannot_be_written_are_rejected);
    tcase_add_loop_test(tcase, a_file_s_columns_do_not_change, 0, n);
    tcase_add_loop_test(tcase, what_is_written_reads_back, 0, n);
    tcase_add_loop_test(tcase, every_failing_allocation_is_survived, 0, 2 * n);
    suite_add_tcase(suite, tcase);
    return suite;
}

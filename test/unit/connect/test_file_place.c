#include "file_epochs.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

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
    ck_assert_ptr_nonnull(strstr(sink->lacks, "writes to a descriptor"));
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

Suite *suite_connect_file_place(void) {
    Suite *suite = suite_create("connect/file_place");
    TCase *tcase = tcase_create("file_place");
    int n = PLN__COUNT(formats);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
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

#include "file_rows.h"
#include "memfs.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
    ck_assert_ptr_nonnull(strstr(node->lacks, "reads a descriptor"));
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
    int64_t enough = getenv("PLN_TORTURE") != NULL ? 1000000000 : 64 << 20;
    for (; size < enough; size += (int64_t)some.size, want_rows += 1000)
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

/* A device that fails: the rows before are good, the error names the file, and a saved place is good, too. */
START_TEST(every_failing_read_is_an_error_with_a_name) {
    const format *f = &formats[_i];
    text file = {0}, want = {0};
    make_mixed(&file, f, 30, "\n");
    for (int64_t at = 0;; at++) {
        pln_error err = {0};
        text rows = {0};
        memfs *fs = memfs_new();
        memfs_fault fault = {.kinds = MEMFS_READ | MEMFS_INFO | MEMFS_LIST, .at = at, .native = 5};
        memfs_put(fs, "d/a", file.data, (int64_t)file.size);
        memfs_put(fs, "d/b", file.data, (int64_t)file.size);
        memfs_fail(fs, &fault);
        host->files = *memfs_ops(fs);
        fake_node *node = fake_node_new(host, f->stage, config_of("\"path\": \"d\""));
        pln_status status = fake_open(node, &err);
        if (status >= 0)
            status = fake_schema(node, &err);
        if (status >= 0)
            status = drain(node, 4, INT64_MAX, &rows, &err);
        if (at == 0)
            add(&want, rows.data, rows.size);
        bool failed = status != PLN_EOS;
        if (failed) {
            ck_assert_int_eq(status, PLN_EIO);
            ck_assert_int_eq(err.native, 5);
        }
        if (failed && node->self != NULL) {
            ck_assert_msg(strncmp(err.where, "d/", 2) == 0, "%s", err.where);
            ck_assert_int_eq(fake_save(node, 1, &err), PLN_OK);
            fake_node *next = open_node(f, config_of("\"path\": \"d\""));
            ck_assert_int_eq(fake_load(next, node, &err), PLN_OK);
            ck_assert_int_eq(drain(next, 4, INT64_MAX, &rows, &err), PLN_EOS);
            ck_assert_str_eq(rows.data, want.data);
            fake_node_free(next);
        }
        fake_node_free(node);
        ck_assert_int_eq(memfs_open_count(fs), 0);
        memfs_free(fs);
        free_text(&rows);
        if (at > 0 && !failed)
            break;
    }
    free_text(&file);
    free_text(&want);
}
END_TEST

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

Suite *suite_connect_file_resume(void) {
    Suite *suite = suite_create("connect/file_resume");
    TCase *tcase = tcase_create("file_resume");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    int n = PLN__COUNT(formats);
    tcase_add_loop_test(tcase, resumes_at_every_row, 0, n);
    tcase_add_loop_test(tcase, resumes_in_a_changed_directory, 0, n);
    tcase_add_loop_test(tcase, gzip_that_lost_its_end_is_an_error_not_an_end, 0, n);
    tcase_add_loop_test(tcase, a_pipe_is_read_as_it_fills, 0, n);
    tcase_add_loop_test(tcase, a_descriptor_s_sample_is_not_lost, 0, n);
    tcase_add_loop_test(tcase, rejected_records_are_read_again, 0, n);
    tcase_add_loop_test(tcase, memory_is_bounded, 0, n);
    tcase_add_loop_test(tcase, stops_on_request, 0, n);
    tcase_add_loop_test(tcase, every_failing_read_is_an_error_with_a_name, 0, n);
    tcase_add_loop_test(tcase, every_failing_allocation_is_survived, 0, 2 * n);
    suite_add_tcase(suite, tcase);
    return suite;
}

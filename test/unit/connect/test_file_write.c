#include "file_epochs.h"
#include <unistd.h>
#include <zlib.h>

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
    suite_add_tcase(suite, tcase);
    return suite;
}

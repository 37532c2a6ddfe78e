#include "scratch.h"
#include "store/store.h"
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static scratch dir;
static const pln_file_ops *files;
static const pln_allocator *mem;

static void set_up(void) {
    dir = scratch_new();
    files = pln__file_posix();
    mem = pln__system_allocator();
}

static void tear_down(void) {
    scratch_free(&dir);
}

static void expect(pln_status got, pln_status want, const pln_error *err, int native,
                   const char *word) {
    ck_assert_int_eq(got, want);
    ck_assert_int_eq(err->status, want);
    ck_assert_int_eq(err->native, native);
    ck_assert_msg(strstr(err->message, word) != NULL, "%s", err->message);
}

START_TEST(reads_and_writes_at_offsets) {
    int64_t fd, got;
    char bytes[100];
    pln_error err = {0};
    const char *path = scratch_path(&dir, "a");
    ck_assert_int_eq(
        files->open(NULL, path, PLN_FILE_WRITE | PLN_FILE_CREATE | PLN_FILE_EXCLUSIVE, &fd, &err),
        PLN_OK);
    ck_assert_int_ne(fcntl((int)fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(files->write(NULL, fd, 4, "efgh", 4, &err), PLN_OK);
    ck_assert_int_eq(files->write(NULL, fd, 0, "abcd", 4, &err), PLN_OK);
    expect(files->read(NULL, fd, 0, bytes, 4, &got, &err), PLN_EIO, &err, 9, "cannot read");
    ck_assert_int_eq(files->sync(NULL, fd, &err), PLN_OK);
    ck_assert_int_eq(files->truncate(NULL, fd, 6, &err), PLN_OK);
    files->close(NULL, fd);
    ck_assert_int_eq(files->open(NULL, path, PLN_FILE_READ, &fd, &err), PLN_OK);
    ck_assert_int_eq(files->read(NULL, fd, 1, bytes, 100, &got, &err), PLN_OK);
    ck_assert_int_eq(got, 5);
    ck_assert_mem_eq(bytes, "bcdef", 5);
    ck_assert_int_eq(files->read(NULL, fd, 6, bytes, 100, &got, &err), PLN_OK);
    ck_assert_int_eq(got, 0);
    expect(files->write(NULL, fd, 0, "x", 1, &err), PLN_EIO, &err, 9, "cannot write");
    files->close(NULL, fd);
    ck_assert_int_eq(files->open(NULL, path, PLN_FILE_WRITE | PLN_FILE_TRUNCATE, &fd, &err),
                     PLN_OK);
    files->close(NULL, fd);
    ck_assert_int_eq(files->sync_directory(NULL, dir.path, &err), PLN_OK);
    pln_file_info info = {.struct_size = sizeof info};
    struct stat at;
    ck_assert_int_eq(files->info(NULL, path, &info, &err), PLN_OK);
    ck_assert_int_eq(stat(path, &at), 0);
    ck_assert_int_eq(info.kind, PLN_FILE_REGULAR);
    ck_assert_int_eq(info.size_bytes, 0);
    ck_assert_uint_eq(info.inode, at.st_ino);
    ck_assert_uint_eq(info.device, at.st_dev);
    ck_assert_int_eq(info.modified_us / 1000000, at.st_mtime);
}
END_TEST

START_TEST(a_short_info_is_not_written_past) {
    struct {
        pln_file_info info;
        char behind;
    } both;
    memset(&both, 7, sizeof both);
    both.info.struct_size = 16;
    ck_assert_int_eq(files->info(NULL, dir.path, &both.info, NULL), PLN_OK);
    ck_assert_int_eq(both.info.kind, PLN_FILE_DIRECTORY);
    ck_assert_uint_eq(both.info.inode, 0x0707070707070707u);
    ck_assert_int_eq(both.behind, 7);
}
END_TEST

START_TEST(errors_have_a_status_for_each_cause) {
    int64_t fd;
    pln_error err = {0};
    pln_file_info info = {.struct_size = sizeof info};
    scratch_write(&dir, "a", "x", 1);
    const char *a = scratch_path(&dir, "a"), *none = scratch_path(&dir, "none");
    expect(files->open(NULL, none, PLN_FILE_READ, &fd, &err), PLN_ENOENT, &err, 2, none);
    expect(files->open(NULL, scratch_path(&dir, "a/b"), PLN_FILE_READ, &fd, &err), PLN_ENOENT, &err,
           20, "a/b");
    expect(files->open(NULL, a, PLN_FILE_WRITE | PLN_FILE_CREATE | PLN_FILE_EXCLUSIVE, &fd, &err),
           PLN_EEXIST, &err, 17, "exists");
    expect(files->open(NULL, dir.path, PLN_FILE_WRITE, &fd, &err), PLN_EIO, &err, 21, "directory");
    expect(files->info(NULL, none, &info, &err), PLN_ENOENT, &err, 2, none);
    expect(files->rename(NULL, none, a, &err), PLN_ENOENT, &err, 2, "rename");
    expect(files->link(NULL, none, a, &err), PLN_ENOENT, &err, 2, "link");
    expect(files->link(NULL, a, dir.path, &err), PLN_EEXIST, &err, 17, "link");
    expect(files->unlink(NULL, none, &err), PLN_ENOENT, &err, 2, "remove");
    expect(files->make_directory(NULL, dir.path, &err), PLN_EEXIST, &err, 17, "directory");
    expect(files->sync_directory(NULL, none, &err), PLN_ENOENT, &err, 2, "directory");
    expect(files->list(NULL, none, NULL, NULL, &err), PLN_ENOENT, &err, 2, "list");
    ck_assert_int_eq(files->open(NULL, none, PLN_FILE_READ, &fd, NULL), PLN_ENOENT);
    /* A device that is always full. */
    if (access("/dev/full", W_OK) == 0) {
        ck_assert_int_eq(files->open(NULL, "/dev/full", PLN_FILE_WRITE, &fd, &err), PLN_OK);
        expect(files->write(NULL, fd, 0, "x", 1, &err), PLN_ELIMIT, &err, 28, "no space");
        files->close(NULL, fd);
    }
    struct rlimit few = {3, 3}, was;
    getrlimit(RLIMIT_NOFILE, &was);
    few.rlim_max = was.rlim_max;
    setrlimit(RLIMIT_NOFILE, &few);
    pln_status status = files->open(NULL, a, PLN_FILE_READ, &fd, &err);
    setrlimit(RLIMIT_NOFILE, &was);
    expect(status, PLN_ELIMIT, &err, 24, "too many");
}
END_TEST

static pln_status note(void *arg, const char *name) {
    strcat(arg, name);
    strcat(arg, ";");
    return strcmp(name, "stop") == 0 ? PLN_ECANCELLED : PLN_OK;
}

START_TEST(names_move_and_are_listed) {
    pln_error err = {0};
    char names[200] = "";
    scratch_write(&dir, "a", "one", 3);
    const char *a = scratch_path(&dir, "a"), *b = scratch_path(&dir, "b"),
               *c = scratch_path(&dir, "c");
    ck_assert_int_eq(files->link(NULL, a, b, &err), PLN_OK);
    ck_assert_int_eq(files->rename(NULL, a, c, &err), PLN_OK);
    ck_assert_int_eq(files->unlink(NULL, b, &err), PLN_OK);
    ck_assert_int_eq(files->list(NULL, dir.path, note, names, &err), PLN_OK);
    ck_assert_str_eq(names, "c;");
    ck_assert_int_eq(files->make_directory(NULL, scratch_path(&dir, "stop"), &err), PLN_OK);
    ck_assert_int_eq(files->unlink(NULL, c, &err), PLN_OK);
    names[0] = '\0';
    ck_assert_int_eq(files->list(NULL, dir.path, note, names, &err), PLN_ECANCELLED);
    ck_assert_str_eq(names, "stop;");
}
END_TEST

START_TEST(small_files_are_read_whole) {
    pln_error err = {0};
    char *bytes;
    int64_t size;
    scratch_write(&dir, "a", "one\0two", 7);
    scratch_write(&dir, "empty", "", 0);
    const char *a = scratch_path(&dir, "a");
    ck_assert_int_eq(pln__file_read_all(files, mem, a, 7, &bytes, &size, &err), PLN_OK);
    ck_assert_int_eq(size, 7);
    ck_assert_mem_eq(bytes, "one\0two\0", 8);
    pln__free(mem, bytes, 8);
    ck_assert_int_eq(
        pln__file_read_all(files, mem, scratch_path(&dir, "empty"), 0, &bytes, &size, &err),
        PLN_OK);
    ck_assert_int_eq(size, 0);
    ck_assert_int_eq(bytes[0], '\0');
    pln__free(mem, bytes, 1);
    ck_assert_int_eq(pln__file_read_all(files, mem, a, 6, &bytes, &size, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "7 bytes"));
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(pln__file_read_all(files, mem, dir.path, 99999, &bytes, &size, &err), PLN_EIO);
    ck_assert_int_eq(
        pln__file_read_all(files, mem, scratch_path(&dir, "x"), 9, &bytes, &size, &err),
        PLN_ENOENT);
}
END_TEST

START_TEST(the_directory_of_a_path) {
    static const char *const cases[][2] = {
        {"a", "."},    {"a/b", "a"},     {"/a", "/"},  {"/a/b", "/a"}, {"a//b", "a"},  {"//a", "/"},
        {"./a", "."},  {"a/b/c", "a/b"}, {"", "."},    {"/", "/"},     {"../x", ".."},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        char *got = pln__file_directory(mem, cases[i][0]);
        ck_assert_str_eq(got, cases[i][1]);
        pln__strfree(mem, got);
    }
}
END_TEST

Suite *suite_store_file(void) {
    Suite *suite = suite_create("store/file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, reads_and_writes_at_offsets);
    tcase_add_test(tcase, a_short_info_is_not_written_past);
    tcase_add_test(tcase, errors_have_a_status_for_each_cause);
    tcase_add_test(tcase, names_move_and_are_listed);
    tcase_add_test(tcase, small_files_are_read_whole);
    tcase_add_test(tcase, the_directory_of_a_path);
    suite_add_tcase(suite, tcase);
    return suite;
}

/* Small files that appear whole, and one writer at a time. */
#include "store/store.h"
#include "store/sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static pln_status write_whole(const pln_file_ops *files, const char *path, const void *bytes,
                              int64_t size, pln_error *err) {
    int64_t fd = -1;
    pln_status status = files->open(files->user, path,
                                    PLN_FILE_WRITE | PLN_FILE_CREATE | PLN_FILE_TRUNCATE, &fd, err);
    if (status < 0)
        return status;
    if (size > 0)
        status = files->write(files->user, fd, 0, bytes, size, err);
    if (status >= 0)
        status = files->sync(files->user, fd, err);
    files->close(files->user, fd);
    return status;
}

pln_status pln__file_replace(const pln_file_ops *files, const pln_allocator *mem, const char *path,
                             const void *bytes, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    char *directory = pln__file_directory(mem, path);
    pln__text temp;
    pln__text_init(&temp, mem);
    pln__text_printf(&temp, "%s%s", path, PLN__TEMP_SUFFIX);
    if (directory == NULL)
        PLN__TRY(pln__error_memory(err, strlen(path)));
    PLN__TRY(pln__text_status(&temp, err));
    status = write_whole(files, temp.data, bytes, size, err);
    if (status >= 0)
        status = files->rename(files->user, temp.data, path, err);
    if (status < 0) {
        pln__error_prefix(err, "file '%s'", path);
        (void)files->unlink(files->user, temp.data, NULL);
        goto out;
    }
    PLN__TRY(files->sync_directory(files->user, directory, err));
out:
    pln__strfree(mem, directory);
    pln__text_free(&temp);
    return status;
}

/* A host's own files have no locks: it knows who else writes them. */
pln_status pln__file_lock(const pln_file_ops *files, const char *path, int64_t wait_ms, int *lock,
                          pln_error *err) {
    *lock = -1;
    if (files->open != pln__file_posix()->open)
        return PLN_OK;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        int code = errno;
        pln__error_set(err, PLN_EIO, "lock '%s': cannot be opened (errno %d)", path, code);
        if (err != NULL)
            err->native = code;
        return PLN_EIO;
    }
    for (int64_t waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += 5) {
        int code = errno;
        if (code != EINTR && (code != EWOULDBLOCK || waited >= wait_ms)) {
            (void)close(fd);
            return code == EWOULDBLOCK
                       ? pln__error_set(err, PLN_EBUSY, "lock '%s': another writer has it", path)
                       : pln__error_set(err, PLN_EIO, "lock '%s': errno %d", path, code);
        }
        (void)sqlite3_sleep(5);
    }
    *lock = fd;
    return PLN_OK;
}

void pln__file_unlock(int lock) {
    if (lock >= 0)
        (void)close(lock);
}

/*
 * The file operations that a run uses, as a table: the POSIX calls by default, a test's own to fail or to lose power.
 *
 * Every call answers PLN_OK or an error with `native` set to errno: PLN_ENOENT, PLN_EEXIST, PLN_EIO, PLN_ELIMIT for a full disk or quota.
 * EINTR and short transfers are handled below the table. A descriptor is opened close-on-exec. After a failed sync the
 * outcome of all writes since the last good sync is unknown: close the file, never sync it again.
 */
#ifndef PLN_FILE_H
#define PLN_FILE_H

#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PLN_FILE_READ = 1,
    PLN_FILE_WRITE = 2,
    PLN_FILE_CREATE = 4,    /* with 0666 and the umask */
    PLN_FILE_EXCLUSIVE = 8, /* PLN_EEXIST if it is there */
    PLN_FILE_TRUNCATE = 16
};
enum { PLN_FILE_REGULAR = 1, PLN_FILE_DIRECTORY = 2, PLN_FILE_OTHER = 3 };

typedef struct pln_file_info {
    uint32_t struct_size;
    int32_t kind; /* PLN_FILE_REGULAR, PLN_FILE_DIRECTORY, PLN_FILE_OTHER */
    int64_t size_bytes;
    int64_t modified_us;
    uint64_t device;
    uint64_t inode;
} pln_file_info;

typedef struct pln_file_ops {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    pln_status (*open)(void *user, const char *path, uint32_t flags, int64_t *fd, pln_error *err);
    void (*close)(void *user, int64_t fd);
    /* *got < size only at the end of the file. */
    pln_status (*read)(void *user, int64_t fd, int64_t offset, void *bytes, int64_t size,
                       int64_t *got, pln_error *err);
    pln_status (*write)(void *user, int64_t fd, int64_t offset, const void *bytes, int64_t size,
                        pln_error *err);
    pln_status (*truncate)(void *user, int64_t fd, int64_t size, pln_error *err);
    pln_status (*sync)(void *user, int64_t fd, pln_error *err);
    pln_status (*sync_directory)(void *user, const char *path, pln_error *err);
    pln_status (*info)(void *user, const char *path, pln_file_info *out, pln_error *err);
    pln_status (*rename)(void *user, const char *from, const char *to, pln_error *err);
    pln_status (*link)(void *user, const char *from, const char *to, pln_error *err);
    pln_status (*unlink)(void *user, const char *path, pln_error *err);
    pln_status (*make_directory)(void *user, const char *path, pln_error *err);
    /* Calls `each` with every name in a directory but . and .., in no order; a negative answer stops and is returned. */
    pln_status (*list)(void *user, const char *path,
                       pln_status (*each)(void *arg, const char *name), void *arg, pln_error *err);
} pln_file_ops;

#ifdef __cplusplus
}
#endif

#endif

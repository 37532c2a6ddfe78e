#include "store/store.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* strerror speaks the host's language and keeps its text in shared memory. */
static const char *errno_text(int code) {
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {ENOENT, "no such file or directory"},
        {ENOTDIR, "a part of the path is no directory"},
        {EISDIR, "it is a directory"},
        {EEXIST, "it exists already"},
        {EACCES, "permission denied"},
        {EPERM, "not permitted"},
        {EROFS, "the file system is read-only"},
        {ENOSPC, "no space left on the device"},
        {EDQUOT, "the disk quota is used up"},
        {EFBIG, "the file would be too large"},
        {EIO, "the device failed"},
        {EMFILE, "too many files are open in this process"},
        {ENFILE, "too many files are open on this machine"},
        {ENAMETOOLONG, "the name is too long"},
        {ELOOP, "too many symbolic links"},
        {EXDEV, "the two names are on different file systems"},
        {ESPIPE, "it has no positions"},
        {EBADF, "the descriptor is not open for this"},
        {ENOMEM, "the system has no memory"},
        {EINVAL, "an argument is wrong"},
        {EPIPE, "the reader is gone"},
    };
    for (int i = 0; i < PLN__COUNT(texts); i++)
        if (texts[i].code == code)
            return texts[i].text;
    return "the system call failed";
}

static pln_status status_of(int code) {
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return PLN_ENOENT;
    case EEXIST:
        return PLN_EEXIST;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
        return PLN_ELIMIT;
    case ENOMEM:
        return PLN_ENOMEM;
    default:
        return PLN_EIO;
    }
}

static pln_status refuse(const char *verb, const char *path, pln_error *err) {
    int code = errno;
    pln_status status = status_of(code);
    if (path != NULL)
        pln__error_set(err, status, "file '%s': cannot %s: %s (errno %d)", path, verb,
                       errno_text(code), code);
    else
        pln__error_set(err, status, "cannot %s: %s (errno %d)", verb, errno_text(code), code);
    if (err != NULL)
        err->native = code;
    return status;
}

static pln_status posix_open(void *user, const char *path, uint32_t flags, int64_t *fd,
                             pln_error *err) {
    (void)user;
    bool both = (flags & PLN_FILE_READ) != 0 && (flags & PLN_FILE_WRITE) != 0;
    int mode = both ? O_RDWR : (flags & PLN_FILE_WRITE) != 0 ? O_WRONLY : O_RDONLY;
    mode |= (flags & PLN_FILE_CREATE) != 0 ? O_CREAT : 0;
    mode |= (flags & PLN_FILE_EXCLUSIVE) != 0 ? O_EXCL : 0;
    mode |= (flags & PLN_FILE_TRUNCATE) != 0 ? O_TRUNC : 0;
    int opened;
    do {
        opened = open(path, mode | O_CLOEXEC | O_NOCTTY, 0666);
    } while (opened < 0 && errno == EINTR);
    if (opened < 0)
        return refuse("open", path, err);
    *fd = opened;
    return PLN_OK;
}

static void posix_close(void *user, int64_t fd) {
    (void)user;
    /* After EINTR the descriptor is gone, too, on Linux; a second close could hit somebody else's. */
    (void)close((int)fd);
}

static pln_status posix_read(void *user, int64_t fd, int64_t offset, void *bytes, int64_t size,
                             int64_t *got, pln_error *err) {
    (void)user;
    *got = 0;
    while (*got < size) {
        ssize_t n = pread((int)fd, (char *)bytes + *got, (size_t)(size - *got), offset + *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse("read", NULL, err);
        if (n == 0)
            break;
        *got += n;
    }
    return PLN_OK;
}

static pln_status posix_write(void *user, int64_t fd, int64_t offset, const void *bytes,
                              int64_t size, pln_error *err) {
    (void)user;
    for (int64_t done = 0; done < size;) {
        ssize_t n =
            pwrite((int)fd, (const char *)bytes + done, (size_t)(size - done), offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENOSPC;
        if (n <= 0)
            return refuse("write", NULL, err);
        done += n;
    }
    return PLN_OK;
}

static pln_status posix_truncate(void *user, int64_t fd, int64_t size, pln_error *err) {
    (void)user;
    int failed;
    do {
        failed = ftruncate((int)fd, size);
    } while (failed != 0 && errno == EINTR);
    return failed != 0 ? refuse("cut", NULL, err) : PLN_OK;
}

static pln_status posix_sync(void *user, int64_t fd, pln_error *err) {
    (void)user;
    /* EINTR is not repeated: what the interrupted sync has dropped is unknown. */
    return fsync((int)fd) != 0 ? refuse("sync", NULL, err) : PLN_OK;
}

static pln_status posix_sync_directory(void *user, const char *path, pln_error *err) {
    (void)user;
    pln_status status = PLN_OK;
    int fd;
    do {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return refuse("open the directory", path, err);
    /* EINVAL: this file system does not know syncs of directories, its names are durable by themselves. */
    if (fsync(fd) != 0 && errno != EINVAL)
        status = refuse("sync the directory", path, err);
    close(fd);
    return status;
}

static pln_status posix_info(void *user, const char *path, pln_file_info *out, pln_error *err) {
    (void)user;
    struct stat at;
    pln_file_info info = {.struct_size = out->struct_size};
    if (stat(path, &at) != 0)
        return refuse("look at it", path, err);
    info.kind = S_ISREG(at.st_mode)   ? PLN_FILE_REGULAR
                : S_ISDIR(at.st_mode) ? PLN_FILE_DIRECTORY
                                      : PLN_FILE_OTHER;
    info.size_bytes = at.st_size;
    info.modified_us = (int64_t)at.st_mtim.tv_sec * 1000000 + at.st_mtim.tv_nsec / 1000;
    info.device = at.st_dev;
    info.inode = at.st_ino;
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
    return PLN_OK;
}

static pln_status posix_rename(void *user, const char *from, const char *to, pln_error *err) {
    (void)user;
    return rename(from, to) != 0 ? refuse("rename to it", to, err) : PLN_OK;
}

static pln_status posix_link(void *user, const char *from, const char *to, pln_error *err) {
    (void)user;
    return link(from, to) != 0 ? refuse("link to it", to, err) : PLN_OK;
}

static pln_status posix_unlink(void *user, const char *path, pln_error *err) {
    (void)user;
    return unlink(path) != 0 ? refuse("remove it", path, err) : PLN_OK;
}

static pln_status posix_make_directory(void *user, const char *path, pln_error *err) {
    (void)user;
    return mkdir(path, 0777) != 0 ? refuse("make the directory", path, err) : PLN_OK;
}

static pln_status posix_list(void *user, const char *path,
                             pln_status (*each)(void *arg, const char *name), void *arg,
                             pln_error *err) {
    (void)user;
    pln_status status = PLN_OK;
    DIR *directory = opendir(path);
    if (directory == NULL)
        return refuse("list the directory", path, err);
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            if (errno != 0)
                status = refuse("list the directory", path, err);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        status = each(arg, entry->d_name);
        if (status < 0)
            break;
        status = PLN_OK;
    }
    closedir(directory);
    return status;
}

static const pln_file_ops posix = {
    .struct_size = sizeof(pln_file_ops),
    .open = posix_open,
    .close = posix_close,
    .read = posix_read,
    .write = posix_write,
    .truncate = posix_truncate,
    .sync = posix_sync,
    .sync_directory = posix_sync_directory,
    .info = posix_info,
    .rename = posix_rename,
    .link = posix_link,
    .unlink = posix_unlink,
    .make_directory = posix_make_directory,
    .list = posix_list,
};

const pln_file_ops *pln__file_posix(void) {
    return &posix;
}

pln_status pln__file_read_all(const pln_file_ops *files, const pln_allocator *mem, const char *path,
                              int64_t max, char **out, int64_t *size, pln_error *err) {
    pln_status status = PLN_OK;
    pln_file_info info = {.struct_size = sizeof info};
    int64_t fd = -1, got = 0, room = 0;
    char *bytes = NULL;
    *out = NULL;
    *size = 0;
    PLN__TRY(files->info(files->user, path, &info, err));
    if (info.kind != PLN_FILE_REGULAR)
        PLN__FAIL(err, PLN_EIO, "file '%s': it is no regular file", path);
    if (info.size_bytes > max)
        PLN__FAIL(err, PLN_ELIMIT, "file '%s': it has %lld bytes, at most %lld are read", path,
                  (long long)info.size_bytes, (long long)max);
    PLN__TRY(files->open(files->user, path, PLN_FILE_READ, &fd, err));
    room = info.size_bytes + 1;
    bytes = pln__alloc(mem, (uint64_t)room);
    if (bytes == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)room));
    status = files->read(files->user, fd, 0, bytes, info.size_bytes, &got, err);
    if (status < 0) {
        pln__error_prefix(err, "file '%s'", path);
        goto out;
    }
    if (got < info.size_bytes) { /* it shrank meanwhile; the caller's size must be the allocated one */
        char *less = pln__resize(mem, bytes, (uint64_t)room, (uint64_t)got + 1);
        if (less == NULL)
            PLN__TRY(pln__error_memory(err, (uint64_t)got + 1));
        bytes = less;
    }
    bytes[got] = '\0';
    *out = bytes;
    *size = got;
    bytes = NULL;
out:
    pln__free(mem, bytes, (uint64_t)room);
    if (fd >= 0)
        files->close(files->user, fd);
    return status < 0 ? status : PLN_OK;
}

char *pln__file_directory(const pln_allocator *mem, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return pln__strdup(mem, ".");
    while (slash > path && slash[-1] == '/')
        slash--;
    return slash == path ? pln__strdup(mem, "/") : pln__strndup(mem, path, slash - path);
}

#include "connect/file/parts.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static pln_status failed(int32_t fd, const char *verb, int code, pln_error *err) {
    pln_status status =
        pln__error_set(err, PLN_EIO, "descriptor %d: cannot %s (errno %d)", (int)fd, verb, code);
    if (err != NULL)
        err->native = code;
    return status;
}

/* 1: ready, 0: not within the time. A failure counts as ready, the transfer will tell. */
static int ready(int32_t fd, short events, int64_t timeout_us) {
    struct pollfd item = {.fd = fd, .events = events};
    int64_t ms = timeout_us < 0 ? 0 : (timeout_us + 999) / 1000;
    return poll(&item, 1, ms > INT32_MAX ? INT32_MAX : (int)ms) != 0;
}

pln_status pln__descriptor_read(int32_t fd, int64_t timeout_us, void *bytes, int64_t size,
                                int64_t *got, pln_error *err) {
    *got = 0;
    if (!ready(fd, POLLIN, timeout_us))
        return PLN_AGAIN;
    for (;;) {
        ssize_t n = read(fd, bytes, (size_t)size);
        if (n > 0) {
            *got = n;
            return PLN_OK;
        }
        if (n == 0)
            return PLN_EOS;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return PLN_AGAIN;
        if (errno != EINTR)
            return failed(fd, "read", errno, err);
    }
}

/*
 * write(2) to a pipe or socket without a reader raises SIGPIPE, which would end the host. It is held back on this thread only; one that
 * our write has raised is taken back, one that was pending before is left.
 */
static ssize_t write_quietly(int32_t fd, const uint8_t *bytes, size_t size, int *code) {
    sigset_t pipe_signal, before, pending;
    struct timespec at_once = {0, 0};
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t n = write(fd, bytes, size);
    *code = n < 0 ? errno : 0;
    if (n < 0 && *code == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

pln_status pln__descriptor_write(pln_context *ctx, int32_t fd, const uint8_t *bytes, int64_t size,
                                 int64_t *done, pln_error *err) {
    enum { LOOK_UP_US = 100000 };
    int code = 0;
    for (*done = 0; *done < size;) {
        ssize_t n = write_quietly(fd, bytes + *done, (size_t)(size - *done), &code);
        if (n >= 0) {
            *done += n;
        } else if (code == EAGAIN || code == EWOULDBLOCK) {
            while (!ready(fd, POLLOUT, LOOK_UP_US))
                if (ctx->host->cancelled(ctx))
                    return pln__error_set(err, PLN_ECANCELLED,
                                          "descriptor %d: stopped while its reader "
                                          "was busy",
                                          (int)fd);
        } else if (code != EINTR) {
            return failed(fd, code == EPIPE ? "write: its reader is gone" : "write", code, err);
        }
    }
    return PLN_OK;
}

bool pln__descriptor_seekable(int32_t fd) {
    return lseek(fd, 0, SEEK_CUR) >= 0;
}

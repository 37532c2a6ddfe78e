/*
 * event_loop: a pipeline as a guest in a program's own poll(2) loop. Readings come through a pipe as NDJSON; the program has a timer and
 * descriptors of its own; the run gets a slice of time whenever it has something to do and never blocks.
 *
 * A child process plays the sensor. In a real program the descriptor is a socket.
 */
#include <fcntl.h>
#include <poll.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READINGS = 200, WAITS = 8, SLICE_US = 2000, TICK_US = 20000 };

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Bursts of lines with pauses; some lines are cut in the middle of a pause, which must not matter. */
static void sensor(int fd) {
    char text[128];
    for (int i = 0; i < READINGS; i++) {
        int n = snprintf(text, sizeof text, "{\"sensor\": \"s%d\", \"celsius\": %d.%d}\n", i % 3,
                         15 + i % 20, i % 10);
        int cut = i % 7 == 0 ? n / 2 : n;
        struct timespec pause = {0, 4000000};
        if (write(fd, text, (size_t)cut) < 0)
            _exit(1);
        if (i % 7 == 0)
            nanosleep(&pause, NULL);
        if (cut < n && write(fd, text + cut, (size_t)(n - cut)) < 0)
            _exit(1);
    }
    _exit(0);
}

/* What this program does besides: here, something every 20 ms. */
static int64_t ticks;
static void on_timer(const pln_table *warm) {
    if (ticks++ % 2 == 0)
        printf("tick %lld: %lld warm readings so far\n", (long long)ticks,
               (long long)pln_table_rows(warm));
}

/* The loop: the run's descriptors beside ours, its wake-up time beside our timer's. */
static pln_status loop(pln_run *run, const pln_table *warm, pln_error *err) {
    int64_t timer = now_us() + TICK_US;
    for (;;) {
        pln_wait_fd wanted[WAITS];
        struct pollfd fds[WAITS];
        int64_t wake = INT64_MAX;
        int32_t n = 0;
        pln_status status = pln_run_step(run, SLICE_US, &wake, err);
        if (status < 0 || status == PLN_EOS)
            return status;
        if (status == PLN_AGAIN)
            n = pln_run_wait_fds(run, wanted, WAITS);
        if (n > WAITS)
            n = WAITS; /* more would come with the next round */
        for (int32_t i = 0; i < n; i++) {
            fds[i].fd = wanted[i].fd;
            fds[i].events = (short)((wanted[i].events & PLN_READABLE ? POLLIN : 0) |
                                    (wanted[i].events & PLN_WRITABLE ? POLLOUT : 0));
        }
        int64_t until = status == PLN_OK ? 0 : wake < timer ? wake : timer, left = until - now_us();
        if (poll(fds, (nfds_t)n, left <= 0 ? 0 : (int)((left + 999) / 1000)) < 0)
            perror("poll");
        if (now_us() >= timer) {
            timer += TICK_US;
            on_timer(warm);
        }
    }
}

static pln_status pipeline(int fd, pln_error *err) {
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_run *run = NULL;
    pln_table *warm = NULL;
    pln_run_options options;
    pln_status status;
    pln_run_options_init(&options, sizeof options);
    options.mode = PLN_STREAM; /* rows flow as they come; PLN_BATCH would be the same graph */
    options.epoch_us = 10000;  /* and reach the table every 10 ms */
    if ((status = pln_runtime_new(NULL, &rt, err)) < 0 ||
        (status = pln_table_new(rt, NULL, &warm, err)) < 0 ||
        (status = pln_graph_new(rt, "readings", &g, err)) < 0)
        goto out;
    pln_graph_add(g, "read", "ndjson.read", PLN_JSON({"schema": {
        "type": "record", "name": "reading", "fields": [
            {"name": "sensor", "type": "string"}, {"name": "celsius", "type": "double"}]}}), err);
    pln_graph_bind(g, "read", "fd", (void *)(intptr_t)fd, NULL, err);
    pln_graph_add(g, "warm", "filter", PLN_JSON({"where" : "celsius >= 25"}), err);
    pln_graph_add(g, "keep", "memory.write", NULL, err);
    pln_graph_bind(g, "keep", "table", warm, NULL, err);
    pln_graph_wire(g, "read > warm > keep", err);
    status = pln_run_open(g, &options, &run, err);
    if (status >= 0)
        status = loop(run, warm, err);
    if (status >= 0) {
        printf("%lld of %d readings were warm\n", (long long)pln_table_rows(warm), READINGS);
        status = pln_table_rows(warm) == READINGS / 2 ? PLN_OK : PLN_EINTERNAL;
    }
out:
    pln_run_free(run);
    pln_graph_free(g);
    pln_table_free(warm);
    pln_runtime_free(rt);
    return status;
}

int main(void) {
    int ends[2], exited = 0;
    pln_error err = {0};
    if (pipe(ends) != 0)
        return 3;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        sensor(ends[1]);
    }
    close(ends[1]);
    /* Non-blocking: an empty pipe then means "not now", and the run says which descriptor it waits for. */
    fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK);
    pln_status status = pipeline(ends[0], &err);
    if (status < 0)
        fprintf(stderr, "event_loop: %s: %s\n", err.where, err.message);
    close(ends[0]);
    if (child > 0)
        waitpid(child, &exited, 0);
    return status < 0 ? 3 : 0;
}

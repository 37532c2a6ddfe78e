#define _XOPEN_SOURCE 700
#include "registry_stand.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

const char *built_plugin(const char *name) {
    static char path[4096];
    char wanted[1024];
    const char *built = getenv("O");
    snprintf(wanted, sizeof wanted, "%s/plugins/%s", built == NULL ? "build" : built, name);
    return realpath(wanted, path);
}

/* The server says its port on its standard output, and ends when its standard input does. */
static bool start_server(stand *s) {
    int to[2], from[2];
    char port[16] = "";
    if (pipe(to) != 0 || pipe(from) != 0)
        return false;
    s->server = fork();
    if (s->server == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        execlp("python3", "python3", "test/support/registry_server.py", (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    s->talk = to[1];
    size_t got = 0;
    while (got < sizeof port - 1 && read(from[0], port + got, 1) == 1 && port[got] != '\n')
        got++;
    close(from[0]);
    if (got == 0)
        return false;
    snprintf(s->location, sizeof s->location, "http://127.0.0.1:%d", atoi(port));
    return true;
}

static void stop_server(stand *s) {
    if (s->server <= 0)
        return;
    close(s->talk);
    waitpid(s->server, NULL, 0);
    s->server = 0;
}

static void open_it(stand *s) {
    OK(s, pln_runtime_new(NULL, &s->rt, &s->err));
    if (s->kind == ON_SERVER)
        OK(s, pln_runtime_load(s->rt, built_plugin("pln-http.so"), &s->err));
    OK(s, pln_schema_registry_open(s->rt, s->location, NULL, &s->registry, &s->err));
}

bool stand_up(stand *s, int kind) {
    memset(s, 0, sizeof *s);
    s->kind = kind;
    if (kind == ON_SERVER && built_plugin("pln-http.so") == NULL) {
        printf("skip: the plugin pln-http.so was not built\n");
        return false;
    }
    s->dir = scratch_new();
    if (kind == ON_SERVER && !start_server(s)) {
        printf("skip: there is no python3 for the registry's server\n");
        stop_server(s);
        scratch_free(&s->dir);
        return false;
    }
    if (kind == ON_FILE)
        snprintf(s->location, sizeof s->location, "sqlite:%s/state.db", s->dir.path);
    if (kind == ON_DIRECTORY)
        snprintf(s->location, sizeof s->location, "%s/schemas/", s->dir.path);
    open_it(s);
    return true;
}

static void close_it(stand *s) {
    pln_schema_registry_close(s->registry);
    pln_runtime_free(s->rt);
}

void stand_down(stand *s) {
    close_it(s);
    stop_server(s);
    scratch_free(&s->dir);
}

void stand_again(stand *s) {
    close_it(s);
    open_it(s);
}

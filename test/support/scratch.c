#define _XOPEN_SOURCE 700
#include "scratch.h"
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    abort();
}

scratch scratch_new(void) {
    scratch dir;
    const char *root = getenv("TMPDIR");
    snprintf(dir.path, sizeof dir.path, "%s/pln-test-XXXXXX", root == NULL ? "/tmp" : root);
    if (mkdtemp(dir.path) == NULL)
        die("mkdtemp");
    return dir;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at) {
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void scratch_free(scratch *dir) {
    nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const scratch *dir, const char *name) {
    static char paths[8][1024];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, 1024, "%s/%s", dir->path, name);
    return path;
}

void scratch_write(const scratch *dir, const char *name, const void *bytes, int64_t size) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir->path, name);
    for (char *at = path + strlen(dir->path) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(path, 0777);
        *at = '/';
    }
    FILE *file = fopen(path, "wb");
    size_t n = size < 0 ? strlen(bytes) : (size_t)size;
    if (file == NULL || (n > 0 && fwrite(bytes, 1, n, file) != n) || fclose(file) != 0)
        die(path);
}

char *scratch_read(const scratch *dir, const char *name, int64_t *size) {
    FILE *file = fopen(scratch_path(dir, name), "rb");
    char *bytes = NULL;
    size_t got = 0, room = 0;
    if (file == NULL)
        return NULL;
    do {
        room = room * 2 + 4096;
        bytes = realloc(bytes, room + 1);
        if (bytes == NULL)
            die("realloc");
        got += fread(bytes + got, 1, room - got, file);
    } while (got == room);
    fclose(file);
    bytes[got] = '\0';
    if (size != NULL)
        *size = (int64_t)got;
    return bytes;
}

bool scratch_has(const scratch *dir, const char *name) {
    return access(scratch_path(dir, name), F_OK) == 0;
}

int scratch_count(const scratch *dir, const char *name) {
    DIR *at = opendir(scratch_path(dir, name));
    int n = 0;
    if (at == NULL)
        die(name);
    for (struct dirent *entry; (entry = readdir(at)) != NULL;)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(at);
    return n;
}

/*
 * A temporary directory for one test: files in it are made and read whole; everything goes with scratch_free.
 */
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

typedef struct scratch {
    char path[256];
} scratch;

/* Prints and aborts on failure, as all of these do. */
scratch scratch_new(void);
void scratch_free(scratch *dir);
/* The path of a name in it, in a static buffer of which there are 8. */
const char *scratch_path(const scratch *dir, const char *name);
/* `size` -1: up to NUL. Missing directories are made. */
void scratch_write(const scratch *dir, const char *name, const void *bytes, int64_t size);
/* NUL behind; NULL if there is no such file. Freed with free(). */
char *scratch_read(const scratch *dir, const char *name, int64_t *size);
bool scratch_has(const scratch *dir, const char *name);
/* Number of names in a directory of it ("" for the scratch itself), hidden ones too. */
int scratch_count(const scratch *dir, const char *name);

#endif

/*
 * How a test says that it cannot run here: a line that starts with "skip:". The runner counts such lines.
 */
#ifndef TEST_SKIP_H
#define TEST_SKIP_H

#include <stdio.h>

#define TEST_SKIP(why)                                                                             \
    do {                                                                                           \
        printf("skip: %s\n", why);                                                                 \
        fflush(stdout);                                                                            \
        return;                                                                                    \
    } while (0)

/* Where a file of the shared test data lies, or NULL; `path` is relative to the data folder. */
const char *test_data(const char *path, char *out, unsigned long size);

#endif

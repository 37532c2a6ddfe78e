#include "skip.h"
#include <stdlib.h>
#include <unistd.h>

const char *test_data(const char *path, char *out, unsigned long size) {
    const char *root = getenv("PLN_TEST_DATA");
    int n = snprintf(out, size, "%s/%s", root != NULL ? root : "../shared/data", path);
    return n > 0 && (unsigned long)n < size && access(out, R_OK) == 0 ? out : NULL;
}

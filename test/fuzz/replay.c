/*
 * Runs one fuzz target without a fuzzer: its corpus as it is, then every truncation and every one-byte
 * change of each input until the budget of runs is used up, then some random bytes.
 *
 *     fuzz_csv [-n RUNS] [FILE or FOLDER...]      (default: test/fuzz/corpus/<thing>)
 */
#define _POSIX_C_SOURCE 200809L
#include "effort.h"
#include "fuzz.h"
#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_INPUT = 1 << 20, MAX_INPUTS = 4096 };

static struct {
    uint8_t *bytes;
    size_t size;
} inputs[MAX_INPUTS];
static size_t input_count;
static long runs;

/* An exact heap copy, so that a read past the end is seen by ASan and valgrind. */
static void run(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        perror("replay");
        exit(2);
    }
    if (size > 0)
        memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    runs++;
}

static void load_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || input_count == MAX_INPUTS) {
        fprintf(stderr, "replay: cannot take %s\n", path);
        exit(2);
    }
    uint8_t *bytes = malloc(MAX_INPUT);
    size_t size = bytes != NULL ? fread(bytes, 1, MAX_INPUT, file) : 0;
    fclose(file);
    inputs[input_count].bytes = bytes;
    inputs[input_count++].size = size;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void load(const char *path) {
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        load_file(path);
        return;
    }
    struct dirent **names;
    int n = scandir(path, &names, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char full[4096];
        int size = snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && size > 0 && (size_t)size < sizeof full)
            load(full);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

/* Inputs take turns, so that a long one does not eat the budget of the others. */
static void mutate(long budget) {
    static const uint8_t values[] = {0, 0xff, '"', '\n', ',', '{', '9', 0x80};
    bool more = true;
    for (size_t step = 0; more && runs < budget; step++) {
        more = false;
        for (size_t i = 0; i < input_count && runs < budget; i++) {
            size_t at = step / (sizeof values + 2);
            size_t kind = step % (sizeof values + 2);
            if (at >= inputs[i].size)
                continue;
            more = true;
            uint8_t old = inputs[i].bytes[at];
            if (kind == 0) {
                run(inputs[i].bytes, inputs[i].size - 1 - at);
                continue;
            }
            if (kind == 1)
                inputs[i].bytes[at] = (uint8_t)(old ^ (1u << (at % 8)));
            else
                inputs[i].bytes[at] = values[kind - 2];
            run(inputs[i].bytes, inputs[i].size);
            inputs[i].bytes[at] = old;
        }
    }
}

/* Bytes from a fixed seed, mostly printable: what no corpus thought of. */
static void scatter(long budget) {
    uint64_t state = 0x9e3779b97f4a7c15u;
    uint8_t bytes[96];
    for (long i = 0; i < budget; i++) {
        size_t size = 0;
        for (size_t j = 0; j < sizeof bytes; j++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            uint8_t byte = (uint8_t)(state >> 40);
            bytes[j] = byte < 224 ? (uint8_t)(' ' + byte % 95) : (uint8_t)(state >> 48);
            size = j == 0 ? byte % sizeof bytes : size;
        }
        run(bytes, size);
    }
}

int main(int argc, char **argv) {
    long budget = effort(20000, 2000000);
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        budget = strtol(argv[2], NULL, 10);
        first = 3;
    }
    if (first == argc) {
        const char *name = strrchr(argv[0], '/');
        name = name != NULL ? name + 1 : argv[0];
        char path[4096];
        snprintf(path, sizeof path, "test/fuzz/corpus/%s",
                 strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
        load(path);
    }
    for (int i = first; i < argc; i++)
        load(argv[i]);
    run((const uint8_t *)"", 0);
    for (size_t i = 0; i < input_count; i++)
        run(inputs[i].bytes, inputs[i].size);
    mutate(budget);
    scatter(budget / 10);
    for (size_t i = 0; i < input_count; i++)
        free(inputs[i].bytes);
    printf("%zu inputs, %ld runs\n", input_count, runs);
    return 0;
}

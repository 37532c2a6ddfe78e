/*
 * Runs the unit tests: check-unit [-l] [pattern...], a pattern being how a name starts: "room", "room/thing".
 *
 * One line per suite. A test that cannot run prints "skip: why" at the start of a line and returns; it is
 * counted as skipped. CK_FORK=no runs all in one process, CK_RUN_CASE chooses test cases.
 */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUITE(function, name) Suite *function(void);
#include "suites.inc"
#undef SUITE

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define SUITE(function, name) {name, function},
#include "suites.inc"
#undef SUITE
    {NULL, NULL},
};

static bool wanted(const char *name, int argc, char **argv) {
    bool any = false;
    for (int i = 1; i < argc; i++) {
        any = true;
        if (strncmp(name, argv[i], strlen(argv[i])) == 0)
            return true;
    }
    return !any;
}

/* What tests print goes through a file, so that their skips can be counted though they run in children. */
static int replay(FILE *from, FILE *to) {
    char line[4096];
    int skips = 0;
    bool at_start = true;
    rewind(from);
    while (fgets(line, sizeof line, from) != NULL) {
        if (at_start && strncmp(line, "skip:", 5) == 0)
            skips++;
        at_start = strchr(line, '\n') != NULL;
        fputs(line, to);
    }
    if (!at_start)
        fputc('\n', to);
    return skips;
}

static void run(const char *name, Suite *suite, int total[3]) {
    SRunner *runner = srunner_create(suite);
    fflush(stdout);
    FILE *said = tmpfile();
    int out = dup(STDOUT_FILENO);
    if (said == NULL || out < 0 || dup2(fileno(said), STDOUT_FILENO) < 0) {
        perror("check-unit");
        exit(2);
    }
    srunner_run_all(runner, CK_SILENT);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    int skipped = replay(said, stdout);
    fclose(said);

    int failed = srunner_ntests_failed(runner);
    int ran = srunner_ntests_run(runner);
    TestResult **failures = srunner_failures(runner);
    for (int i = 0; i < failed; i++)
        printf("    %s:%d: %s: %s\n", tr_lfile(failures[i]) ? tr_lfile(failures[i]) : "?",
               tr_lno(failures[i]), tr_tcname(failures[i]), tr_msg(failures[i]));
    free(failures);
    if (skipped > ran - failed)
        skipped = ran - failed;
    printf("unit %s: %d passed, %d failed, %d skipped\n", name, ran - failed - skipped, failed,
           skipped);
    fflush(stdout);
    total[0] += ran - failed - skipped;
    total[1] += failed;
    total[2] += skipped;
    srunner_free(runner);
}

int main(int argc, char **argv) {
    int total[3] = {0, 0, 0};
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        for (int i = 0; suites[i].name != NULL; i++)
            puts(suites[i].name);
        return 0;
    }
    /* Check's own limit of four seconds is too near on a busy machine or under a sanitizer. */
    setenv("CK_DEFAULT_TIMEOUT", "300", 0);
    for (int i = 0; suites[i].name != NULL; i++)
        if (wanted(suites[i].name, argc, argv))
            run(suites[i].name, suites[i].make(), total);
    printf("%d passed, %d failed, %d skipped\n", total[0], total[1], total[2]);
    return total[1] == 0 ? 0 : 1;
}

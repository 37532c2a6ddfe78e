/*
 * Compatibility checks a second over random pairs of schemas, parsed beforehand; one JSON line for each mode. The same pairs for Java:
 *
 *     bench_compat --print >pairs.tsv && test/laws/test_compat_java.sh --bench pairs.tsv 10
 */
#define _POSIX_C_SOURCE 200809L
#include "random_schemas.h"
#include "schema/compat.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAIRS = 500 };
static pln__avro_schema *schemas[PAIRS][2];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static pln__avro_schema *parse(const char *text) {
    pln__avro_schema *schema = NULL;
    pln_error err;
    (void)pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err);
    return schema;
}

/* No pair at which Java throws. */
static bool make(rng *r, pln__avro_schema *out[2], char texts[2][AVRO_TEXT]) {
    static avro_model models[2];
    pln_compat_options java = {.struct_size = sizeof java, .mode = PLN_COMPAT_JAVA_PARITY};
    pln_compat *answer = NULL;
    random_schemas(r, &models[0], &models[1]);
    out[0] = avro_text(&models[0], texts[0]) ? parse(texts[0]) : NULL;
    out[1] = avro_text(&models[1], texts[1]) ? parse(texts[1]) : NULL;
    if (out[0] != NULL && out[1] != NULL &&
        pln__compat_check(pln__system_allocator(), out[0], out[1], &java, &answer, NULL) ==
            PLN_OK) {
        const pln_compat_issue *issue = pln_compat_issue_at(answer, 0);
        bool throws = issue != NULL && issue->kind == PLN_COMPAT_AMBIGUOUS_ALIAS;
        pln_compat_free(answer);
        if (!throws)
            return true;
    }
    pln__avro_schema_unref(out[0]);
    pln__avro_schema_unref(out[1]);
    return false;
}

static void measure(const char *name, int32_t mode) {
    pln_compat_options options = {.struct_size = sizeof options, .mode = mode};
    int64_t checks = 0, issues = 0;
    double start = now(), end = start;
    for (; end - start < 1; end = now())
        for (int i = 0; i < PAIRS; i++, checks++) {
            pln_compat *answer;
            if (pln__compat_check(pln__system_allocator(), schemas[i][0], schemas[i][1], &options,
                                  &answer, NULL) < 0)
                exit(1);
            issues += pln_compat_count(answer);
            pln_compat_free(answer);
        }
    printf("{\"bench\": \"compat\", \"case\": \"%s\", \"checks\": %lld, \"issues\": %lld, "
           "\"checks_per_second\": %.0f}\n",
           name, (long long)checks, (long long)issues, (double)checks / (end - start));
}

int main(int argc, char **argv) {
    static char texts[2][AVRO_TEXT];
    rng r = {42};
    for (int i = 0; i < PAIRS; i++) {
        while (!make(&r, schemas[i], texts))
            ;
        if (argc > 1)
            printf("%s\t%s\n", texts[0], texts[1]);
    }
    if (argc == 1) {
        measure("sound", PLN_COMPAT_SOUND);
        measure("java_parity", PLN_COMPAT_JAVA_PARITY);
    }
    (void)argv;
    return 0;
}

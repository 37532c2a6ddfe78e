/*
 * Laws of the compatibility checker on random pairs of schemas.
 *
 *     compat                       the laws
 *     compat --print SEED N        pairs and our answers in the mode of Java, for CompatPeer.java: reader TAB writer TAB answer
 */
#include "random_avro.h"
#include "schema/compat.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct pair {
    avro_model models[2];
    char texts[2][AVRO_TEXT];
    pln__avro_schema *schemas[2];
} pair;

static pln__avro_schema *parse(const char *text) {
    pln_error err = {0};
    pln__avro_schema *schema = NULL;
    if (pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err) < 0)
        return NULL;
    return schema;
}

static void drop(pair *p) {
    pln__avro_schema_unref(p->schemas[0]);
    pln__avro_schema_unref(p->schemas[1]);
}

/* Tries until both are schemas. */
static void make(rng *r, pair *p) {
    for (;;) {
        random_avro(r, &p->models[0], &p->models[1]);
        if (!avro_text(&p->models[0], p->texts[0]) || !avro_text(&p->models[1], p->texts[1]))
            continue;
        p->schemas[0] = parse(p->texts[0]);
        p->schemas[1] = p->schemas[0] == NULL ? NULL : parse(p->texts[1]);
        if (p->schemas[1] != NULL)
            return;
        pln__avro_schema_unref(p->schemas[0]);
    }
}

static pln_compat *check(const pair *p, int32_t mode) {
    pln_compat_options options = {.struct_size = sizeof options, .mode = mode};
    pln_compat *answer;
    pln_error err = {0};
    if (pln__compat_check(pln__system_allocator(), p->schemas[0], p->schemas[1], &options, &answer,
                          &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return answer;
}

static int print(uint64_t seed, long n) {
    static pair p;
    for (long i = 0; i < n; i++) {
        rng r = {seed + (uint64_t)i * 7919};
        make(&r, &p);
        pln_compat *answer = check(&p, PLN_COMPAT_JAVA_PARITY);
        const pln_compat_issue *first = pln_compat_issue_at(answer, 0);
        printf("%s\t%s\t", p.texts[0], p.texts[1]);
        if (first != NULL && first->kind == PLN_COMPAT_AMBIGUOUS_ALIAS) {
            printf("AMBIGUOUS\n");
        } else {
            printf("%s", pln_compat_compatible(answer) ? "COMPATIBLE" : "INCOMPATIBLE");
            for (int64_t k = 0; k < pln_compat_count(answer); k++) {
                const pln_compat_issue *issue = pln_compat_issue_at(answer, k);
                printf("\t%s %s %s", pln_compat_kind_name(issue->kind), issue->path, issue->message);
            }
            printf("\n");
        }
        pln_compat_free(answer);
        drop(&p);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4)
        return print(strtoull(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
    return 0;
}

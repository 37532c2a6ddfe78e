/*
 * Laws of the compatibility checker on random pairs of schemas: "fits" means that every random datum of the writer reads, "does not fit" that a datum can
 * be made that does not. Data are trees over the producer's own model of the schemas; they are read by the rules of the specification as they stand, and
 * as bytes by the library's decoder.
 *
 *     compat                       the laws
 *     compat --print SEED N        pairs and our answers in the mode of Java, for CompatPeer.java: reader TAB writer TAB answer
 */
#include "effort.h"
#include "format/avro.h"
#include "random_schemas.h"
#include "schema/diff.h"
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
        random_schemas(r, &p->models[0], &p->models[1]);
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
                printf("\t%s %s %s", pln_compat_kind_name(issue->kind), issue->path,
                       issue->message);
            }
            printf("\n");
        }
        pln_compat_free(answer);
        drop(&p);
    }
    return 0;
}

/* ---- which pairs fit: rounds over the whole table, until nothing changes ---- */

typedef struct table {
    const avro_model *r, *w;
    int rank[AVRO_NODES][AVRO_NODES]; /* the round in which a pair was found not to fit; 0: it fits */
} table;

static bool promotes(int from, int to) {
    return (from == A_INT && to >= A_LONG && to <= A_DOUBLE) ||
           (from == A_LONG && (to == A_FLOAT || to == A_DOUBLE)) ||
           (from == A_FLOAT && to == A_DOUBLE) || (from == A_BYTES && to == A_STRING) ||
           (from == A_STRING && to == A_BYTES);
}

static bool named_alike(const avro_node *r, const avro_node *w) {
    char full[40], alias[40];
    if (r->kind != A_RECORD && r->kind != A_ENUM && r->kind != A_FIXED)
        return true;
    if (strcmp(r->name, w->name) == 0)
        return true;
    for (int i = 0; i < r->n_aliases; i++) {
        bool dotted = strchr(r->aliases[i], '.') != NULL || r->space[0] == '\0';
        snprintf(alias, sizeof alias, "%s%s%s", dotted ? "" : r->space, dotted ? "" : ".",
                 r->aliases[i]);
        if (strcmp(alias, avro_full(w, full)) == 0)
            return true;
    }
    return false;
}

static bool means(const avro_field *field, const char *name) {
    if (strcmp(field->name, name) == 0)
        return true;
    for (int i = 0; i < field->n_aliases; i++)
        if (strcmp(field->aliases[i], name) == 0)
            return true;
    return false;
}

/* The writer's field for field i of the reader: -1 none, -2 it is not one for one. */
static int match(const avro_node *r, int i, const avro_node *w) {
    int found = -1;
    for (int k = 0; k < w->n; k++)
        if (means(&r->fields[i], w->fields[k].name)) {
            if (found >= 0)
                return -2;
            found = k;
        }
    for (int j = 0; found >= 0 && j < r->n; j++)
        if (j != i && means(&r->fields[j], w->fields[found].name))
            return -2;
    return found;
}

static int symbol(const avro_node *r, const char *name) {
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->symbols[i], name) == 0)
            return i;
    return r->enum_default;
}

/* Misfits of the two types themselves, whatever is below them; no unions. */
static bool misfit(const table *t, const avro_node *r, const avro_node *w) {
    if (r->kind != w->kind)
        return !promotes(w->kind, r->kind);
    if (!named_alike(r, w) || (r->kind == A_FIXED && r->size != w->size))
        return true;
    for (int i = 0; r->kind == A_RECORD && i < r->n; i++) {
        int m = match(r, i, w);
        if (m == -2 || (m == -1 && !avro_has_default(t->r, &r->fields[i])))
            return true;
    }
    return false;
}

static bool fails(const table *t, int reader, int writer) {
    const avro_node *r = &t->r->nodes[reader], *w = &t->w->nodes[writer];
    bool any = false;
    if (w->kind == A_UNION) {
        for (int i = 0; i < w->n; i++)
            any |= t->rank[reader][w->types[i]] > 0;
        return any;
    }
    if (r->kind == A_UNION) {
        for (int i = 0; i < r->n; i++)
            any |= t->rank[r->types[i]][writer] == 0;
        return !any;
    }
    if (misfit(t, r, w))
        return true;
    for (int i = 0; r->kind == A_ENUM && i < w->n; i++)
        any |= symbol(r, w->symbols[i]) < 0;
    for (int i = 0; r->kind == A_RECORD && i < r->n; i++)
        any |=
            match(r, i, w) >= 0 && t->rank[r->fields[i].type][w->fields[match(r, i, w)].type] > 0;
    if (r->kind == A_ARRAY || r->kind == A_MAP)
        any |= t->rank[r->types[0]][w->types[0]] > 0;
    return any;
}

static void fill(table *t, const avro_model *r, const avro_model *w) {
    memset(t, 0, sizeof *t);
    t->r = r;
    t->w = w;
    for (int round = 1, changed = 1; changed; round++) {
        static bool now[AVRO_NODES][AVRO_NODES];
        changed = 0;
        for (int i = 0; i < r->n; i++)
            for (int k = 0; k < w->n; k++)
                now[i][k] = t->rank[i][k] == 0 && fails(t, i, k);
        for (int i = 0; i < r->n; i++)
            for (int k = 0; k < w->n; k++)
                if (now[i][k]) {
                    t->rank[i][k] = round;
                    changed = 1;
                }
    }
}

/* ---- data ---- */

typedef struct datum {
    int type, choice, n; /* choice: branch or symbol */
    struct datum *parts[AVRO_PARTS];
} datum;

static datum pool[4096];
static int used;

static datum *new_datum(int type) {
    if (used == (int)(sizeof pool / sizeof pool[0]))
        return NULL;
    pool[used] = (datum){.type = type};
    return &pool[used++];
}

/* Random, ending soon below depth 0. NULL: it grew too large. */
static datum *random_datum(rng *r, const avro_model *m, int type, int depth) {
    const avro_node *node = &m->nodes[type];
    datum *d = new_datum(type);
    if (d == NULL || depth < -40)
        return NULL;
    if (node->kind == A_UNION && node->n > 0) {
        d->choice = depth > 0 ? (int)rng_below(r, node->n) : 0;
        d->parts[d->n++] = random_datum(r, m, node->types[d->choice], depth - 1);
    } else if (node->kind == A_UNION) {
        return NULL;
    } else if (node->kind == A_ENUM) {
        d->choice = (int)rng_below(r, node->n);
    } else if (node->kind == A_RECORD) {
        for (int i = 0; i < node->n; i++)
            d->parts[d->n++] = random_datum(r, m, node->fields[i].type, depth - 1);
    } else if (node->kind == A_ARRAY || node->kind == A_MAP) {
        for (int64_t i = depth > 0 ? rng_below(r, 3) : 0; i > 0; i--)
            d->parts[d->n++] = random_datum(r, m, node->types[0], depth - 1);
    }
    for (int i = 0; i < d->n; i++)
        if (d->parts[i] == NULL)
            return NULL;
    return d;
}

/* The reader's branch for a type: the first that reads all of it, else the first of its kind and name. */
static int branch_for(const table *t, const avro_node *r, int writer) {
    for (int i = 0; i < r->n; i++)
        if (t->rank[r->types[i]][writer] == 0)
            return i;
    for (int i = 0; i < r->n; i++) {
        const avro_node *branch = &t->r->nodes[r->types[i]];
        if (branch->kind == t->w->nodes[writer].kind && named_alike(branch, &t->w->nodes[writer]))
            return i;
    }
    return -1;
}

static bool reads(const table *t, int reader, const datum *d) {
    const avro_node *r = &t->r->nodes[reader], *w = &t->w->nodes[d->type];
    if (w->kind == A_UNION)
        return reads(t, reader, d->parts[0]);
    if (r->kind == A_UNION) {
        int branch = branch_for(t, r, d->type);
        return branch >= 0 && reads(t, r->types[branch], d);
    }
    if (misfit(t, r, w))
        return false;
    if (r->kind == A_ENUM)
        return symbol(r, w->symbols[d->choice]) >= 0;
    for (int i = 0; r->kind == A_RECORD && i < r->n; i++) {
        int m = match(r, i, w);
        if (m >= 0 && !reads(t, r->fields[i].type, d->parts[m]))
            return false;
    }
    for (int i = 0; (r->kind == A_ARRAY || r->kind == A_MAP) && i < d->n; i++)
        if (!reads(t, r->types[0], d->parts[i]))
            return false;
    return true;
}

/* ---- as bytes ---- */

typedef struct bytes {
    uint8_t at[1 << 16];
    size_t n;
} bytes;

static void put_byte(bytes *out, int64_t byte) {
    if (out->n < sizeof out->at - PLN__PADDING)
        out->at[out->n] = (uint8_t)byte;
    out->n++;
}

static void put_number(bytes *out, int64_t value) {
    uint64_t bits = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; bits > 127; bits >>= 7)
        put_byte(out, (int64_t)(bits & 127) | 128);
    put_byte(out, (int64_t)bits);
}

static void put_letters(bytes *out, int64_t n) {
    while (n-- > 0)
        put_byte(out, 'a' + n % 26);
}

static void put_datum(bytes *out, const avro_model *m, const datum *d) {
    const avro_node *node = &m->nodes[d->type];
    switch (node->kind) {
    case A_NULL: break;
    case A_BOOLEAN: put_byte(out, d->n == 0); break;
    case A_INT: put_number(out, INT32_MIN); break;
    case A_LONG: put_number(out, INT64_MAX); break;
    case A_FLOAT: put_letters(out, 4); break;
    case A_DOUBLE: put_letters(out, 8); break;
    case A_FIXED: put_letters(out, node->size); break;
    case A_ENUM: put_number(out, d->choice); break;
    case A_BYTES:
    case A_STRING:
        put_number(out, 3);
        put_letters(out, 3);
        break;
    case A_UNION: put_number(out, d->choice); break;
    default:
        if (node->kind != A_RECORD && d->n > 0)
            put_number(out, d->n);
    }
    for (int i = 0; i < d->n; i++) {
        if (node->kind == A_MAP) {
            put_number(out, 1);
            put_byte(out, 'a' + i);
        }
        put_datum(out, m, d->parts[i]);
    }
    if (node->kind == A_ARRAY || node->kind == A_MAP)
        put_byte(out, 0);
}

/* 1: the decoder reads the datum to its last byte; 0: it does not; -1: the datum is too large. */
static int decodes(const pair *p, const datum *d) {
    static bytes out;
    pln__avro_resolution *resolution;
    pln__text text;
    pln_error err = {0};
    int64_t end = 0;
    out.n = 0;
    put_datum(&out, &p->models[1], d);
    if (out.n > sizeof out.at - PLN__PADDING)
        return -1;
    pln_status status =
        pln__avro_resolve(pln__system_allocator(), p->schemas[1], p->schemas[0], &resolution, &err);
    if (status < 0)
        return 0;
    pln__text_init(&text, pln__system_allocator());
    status = pln__avro_to_json(resolution, NULL, out.at, (int64_t)out.n, &end, &text, &err);
    pln__text_free(&text);
    pln__avro_resolution_free(resolution);
    return status == PLN_OK && end == (int64_t)out.n;
}

/* ---- a datum that cannot be read, for a pair that does not fit ---- */

/* Where the reason lies: a part whose own reason was found in an earlier round. */
static datum *witness(rng *rand, const table *t, int reader, int writer) {
    const avro_node *r = &t->r->nodes[reader], *w = &t->w->nodes[writer];
    int rank = t->rank[reader][writer];
    datum *d = random_datum(rand, t->w, writer, 0);
    if (d == NULL)
        return NULL;
    if (w->kind == A_UNION) {
        for (int i = 0; i < w->n; i++)
            if (t->rank[reader][w->types[i]] > 0 && t->rank[reader][w->types[i]] < rank) {
                d->choice = i;
                d->parts[0] = witness(rand, t, reader, w->types[i]);
                return d->parts[0] == NULL ? NULL : d;
            }
    } else if (r->kind == A_UNION) {
        int branch = branch_for(t, r, writer);
        return branch < 0 ? d : witness(rand, t, r->types[branch], writer);
    }
    if (misfit(t, r, w))
        return d;
    for (int i = 0; r->kind == A_ENUM && i < w->n; i++)
        if (symbol(r, w->symbols[i]) < 0)
            d->choice = i;
    for (int i = 0; r->kind == A_RECORD && i < r->n; i++) {
        int m = match(r, i, w);
        int below = m < 0 ? 0 : t->rank[r->fields[i].type][w->fields[m].type];
        if (below > 0 && below < rank) {
            d->parts[m] = witness(rand, t, r->fields[i].type, w->fields[m].type);
            return d->parts[m] == NULL ? NULL : d;
        }
    }
    if (r->kind == A_ARRAY || r->kind == A_MAP) {
        d->n = 1;
        d->parts[0] = witness(rand, t, r->types[0], w->types[0]);
        return d->parts[0] == NULL ? NULL : d;
    }
    return d;
}

/* ---- the laws ---- */

typedef struct tally {
    long fits, misfits, data, witnesses, java, beyond, silent;
    int failed;
} tally;

static void broken(tally *all, const pair *p, const char *what) {
    if (all->failed++ < 5)
        printf("%s:\n  reader %s\n  writer %s\n", what, p->texts[0], p->texts[1]);
}

/* The changes break those whom the verdicts say, each by one change at least. */
static void hold_diff(const pair *p, tally *all) {
    pln_schema_diff *diff;
    pln_error err = {0};
    int32_t together = 0, expected = 0;
    static pair turned;
    if (pln__schema_diff(pln__system_allocator(), p->schemas[1], p->schemas[0], NULL, false, &diff,
                         &err) < 0) {
        broken(all, p, err.message);
        return;
    }
    turned = *p;
    turned.schemas[0] = p->schemas[1];
    turned.schemas[1] = p->schemas[0];
    pln_compat *new_reads = check(p, PLN_COMPAT_SOUND),
               *old_reads = check(&turned, PLN_COMPAT_SOUND);
    expected = (pln_compat_compatible(new_reads) ? 0 : PLN_BREAKS_NEW_READERS) |
               (pln_compat_compatible(old_reads) ? 0 : PLN_BREAKS_OLD_READERS);
    for (int64_t i = 0; i < pln_schema_diff_count(diff); i++)
        together |= pln_schema_diff_at(diff, i)->breaks;
    if (together != expected || pln_schema_diff_breaks(diff) != expected)
        broken(all, p, "the changes break others than the verdicts say");
    if ((pln_schema_diff_count(diff) == 0) != (strcmp(p->texts[0], p->texts[1]) == 0) &&
        pln_schema_diff_count(diff) == 0)
        all->silent++;
    pln_compat_free(new_reads);
    pln_compat_free(old_reads);
    pln_schema_diff_free(diff);
}

static void hold(rng *r, const pair *p, tally *all) {
    static table t;
    pln_compat *sound = check(p, PLN_COMPAT_SOUND), *java = check(p, PLN_COMPAT_JAVA_PARITY);
    int32_t fits = pln_compat_compatible(sound);
    int reader = p->models[0].root, writer = p->models[1].root;
    fill(&t, &p->models[0], &p->models[1]);
    if (fits != (t.rank[reader][writer] == 0))
        broken(all, p, fits ? "said to fit, and does not" : "said not to fit, and does");
    if ((pln_compat_count(sound) == 0) != fits || pln_compat_truncated(sound))
        broken(all, p, "an answer without a reason");
    all->java += pln_compat_compatible(java) != fits;
    all->fits += fits;
    all->misfits += !fits;
    for (int i = 0; fits && i < 10; i++) {
        used = 0;
        datum *d = random_datum(r, &p->models[1], writer, 6);
        all->data += d != NULL;
        if (d != NULL && (!reads(&t, reader, d) || decodes(p, d) == 0))
            broken(all, p, "said to fit, and a datum cannot be read");
    }
    used = 0;
    datum *d = fits ? NULL : witness(r, &t, reader, writer);
    all->witnesses += d != NULL;
    all->beyond += !fits && d == NULL;
    if (d != NULL && (reads(&t, reader, d) || decodes(p, d) == 1))
        broken(all, p, "said not to fit, and the witness can be read");
    pln_compat_free(sound);
    pln_compat_free(java);
}

int main(int argc, char **argv) {
    static pair p;
    tally all = {0};
    long n = effort(20000, 200000);
    if (argc == 4)
        return print(strtoull(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
    for (long i = 0; i < n; i++) {
        rng r = {0xc0ffee + (uint64_t)i * 104729};
        make(&r, &p);
        hold(&r, &p, &all);
        hold_diff(&p, &all);
        drop(&p);
    }
    printf("%ld pairs fit (%ld data read), %ld do not (%ld witnesses, %ld without a datum at all), "
           "%ld are judged otherwise by Java; %ld differ in text alone\n",
           all.fits, all.data, all.misfits, all.witnesses, all.beyond, all.java, all.silent);
    printf("%ld passed, %d failed, 0 skipped\n", n - all.failed, all.failed);
    return all.failed != 0;
}

/* The bytes in columns.txt, to which the tests of the bindings hold Python and Go as well. */
#include "key/key.h"
#include "skip.h"
#include "sketch/value.h"
#include "table.h"
#include <check.h>
#include <pln/pln.h>
#include <string.h>

static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)

typedef struct line {
    const char *options; /* "k=8 seed=7" */
    const char *form;
    const char *schema;
    const table *rows;
    int64_t *weights; /* 1, 2, 3 ..., if the options say so */
} line;

/* What follows "name=", NULL if it is not there. */
static const char *option(const line *l, const char *name) {
    size_t size = strlen(name);
    const char *at = l->options;
    while (*at != '\0' && (strncmp(at, name, size) != 0 || at[size] != '=')) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    return *at != '\0' ? at + size + 1 : NULL;
}

static uint64_t number(const line *l, const char *name, uint64_t otherwise) {
    const char *text = option(l, name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Which of the words it is, from 1. */
static int32_t word(const char *text, int32_t otherwise, const char *const *words) {
    for (int32_t i = 0; text != NULL && words[i] != NULL; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return i + 1;
    return otherwise;
}

#define WORD(text, otherwise, ...) word(text, otherwise, (const char *const[]){__VA_ARGS__, NULL})

/* The bytes of a sketch as hexadecimal digits; it is freed. */
#define WRITTEN(noun, ...)                                                                         \
    do {                                                                                           \
        int64_t size = pln_##noun##_size(sketch __VA_ARGS__);                                      \
        uint8_t *data = malloc((size_t)size);                                                      \
        MUST(pln_##noun##_write(sketch __VA_ARGS__, data, size, &size, &why));                     \
        pln_##noun##_free(sketch);                                                                 \
        char *written = hex_of(data, size);                                                        \
        free(data);                                                                                \
        return written;                                                                            \
    } while (0)

#define COLUMN(l) (l)->rows->schema.children[0], (l)->rows->rows.children[0]

static char *of_hll(const line *l) {
    pln_hll *sketch;
    pln_hll_options o;
    pln_hll_options_init(&o, sizeof o);
    o.precision = (int32_t)number(l, "precision", 14);
    o.hash = WORD(option(l, "hash"), 1, "xxh3", "redis", "datasketches");
    o.seed = number(l, "seed", 0);
    MUST(pln_hll_new(NULL, &o, &sketch, &why));
    MUST(pln_hll_add_column(sketch, COLUMN(l), &why));
    WRITTEN(hll, , WORD(l->form, 0, "native", "redis", "datasketches"));
}

static char *of_count_min(const line *l) {
    pln_count_min *sketch;
    pln_count_min_options o;
    pln_count_min_options_init(&o, sizeof o);
    o.rows = (int32_t)number(l, "rows", 0);
    o.columns = (int64_t)number(l, "columns", 0);
    o.epsilon = option(l, "epsilon") != NULL ? atof(option(l, "epsilon")) : o.epsilon;
    o.delta = option(l, "delta") != NULL ? atof(option(l, "delta")) : o.delta;
    o.counter_bits = (int32_t)number(l, "counter_bits", 64);
    o.update = WORD(option(l, "update"), 1, "plain", "conservative");
    o.panes = (int32_t)number(l, "panes", 1);
    o.seed = number(l, "seed", 0);
    MUST(pln_count_min_new(NULL, &o, &sketch, &why));
    MUST(pln_count_min_add_column(sketch, COLUMN(l), l->weights, &why));
    WRITTEN(count_min, );
}

static char *of_top_k(const line *l) {
    pln_top_k *sketch;
    pln_top_k_options o;
    pln_top_k_options_init(&o, sizeof o);
    o.capacity = (int64_t)number(l, "capacity", 1024);
    o.seed = number(l, "seed", 0);
    MUST(pln_top_k_new(NULL, &o, &sketch, &why));
    MUST(pln_top_k_add_column(sketch, COLUMN(l), l->weights, &why));
    WRITTEN(top_k, , WORD(l->form, 0, "native", "datasketches longs", "datasketches strings"));
}

static char *of_quantiles(const line *l) {
    pln_quantiles *sketch;
    pln_quantiles_options o;
    pln_quantiles_options_init(&o, sizeof o);
    o.k = (int32_t)number(l, "k", 200);
    o.kind = WORD(option(l, "kind"), 1, "float64", "int64");
    o.seed = number(l, "seed", 0);
    MUST(pln_quantiles_new(NULL, &o, &sketch, &why));
    MUST(pln_quantiles_add_column(sketch, COLUMN(l), &why));
    WRITTEN(quantiles, );
}

static char *of_reservoir(const line *l) {
    pln_reservoir *sketch;
    pln_reservoir_options o;
    pln__sketch_column column;
    pln_reservoir_options_init(&o, sizeof o);
    o.k = (int32_t)number(l, "k", 1000);
    o.seed = number(l, "seed", 0);
    o.first_row = (int64_t)number(l, "first_row", 0);
    MUST(pln_reservoir_new(NULL, &o, &sketch, &why));
    MUST(pln__sketch_column_open("reservoir", COLUMN(l), &column, &why));
    for (int64_t i = 0; i < l->rows->rows.length; i++) {
        int64_t size;
        uint64_t none;
        const void *text = pln__sketch_value(&column, i, &none, &size);
        if (text != NULL)
            MUST(pln_reservoir_add(sketch, text, size, &why));
    }
    WRITTEN(reservoir, );
}

static char *of_bloom(const line *l) {
    pln_bloom *sketch;
    pln_bloom_options o;
    pln_bloom_options_init(&o, sizeof o);
    o.expected = (int64_t)number(l, "expected", 1000000);
    o.error = option(l, "error") != NULL ? atof(option(l, "error")) : o.error;
    o.bytes = (int64_t)number(l, "bytes", 0);
    o.seed = number(l, "seed", 0);
    MUST(pln_bloom_new(NULL, &o, &sketch, &why));
    MUST(pln_bloom_add_column(sketch, COLUMN(l), &why));
    WRITTEN(bloom, );
}

static char *of_dedup(const line *l) {
    pln_dedup *index;
    pln_keys *keys;
    pln_dedup_options o;
    uint8_t key[64 * PLN_KEY_SIZE], fresh[8], piece[4096];
    int64_t held[64], n = l->rows->rows.length, cursor = 0, size = 0;
    pln_dedup_options_init(&o, sizeof o);
    o.payload = (int32_t)number(l, "payload", 0);
    o.seed = number(l, "seed", 0);
    ck_assert_int_le(n, 64);
    MUST(pln_dedup_new(NULL, &o, &index, &why));
    MUST(pln__keys_new(pln__system_allocator(), &l->rows->schema, NULL, 0, NULL, &keys, &why));
    MUST(pln_keys_batch(keys, &l->rows->rows, key, &why));
    MUST(pln_dedup_batch(index, key, o.payload ? l->weights : NULL, n, fresh,
                         o.payload ? held : NULL, &why));
    MUST(pln_dedup_write(index, &cursor, piece, sizeof piece, &size, &why));
    pln_keys_free(keys);
    pln_dedup_free(index);
    return hex_of(piece, size);
}

static char *of_profile(const line *l) {
    pln_profile *profile;
    pln_profile_options o;
    const uint8_t *bytes;
    int64_t size;
    pln_profile_options_init(&o, sizeof o);
    o.precision = (int32_t)number(l, "precision", 12);
    o.k = (int32_t)number(l, "k", 200);
    o.top = (int32_t)number(l, "top", 5);
    o.seed = number(l, "seed", 0);
    MUST(pln_profile_new(NULL, &l->rows->schema, &o, &profile, &why));
    MUST(pln_profile_add(profile, &l->rows->rows, &why));
    MUST(pln_profile_write(profile, &bytes, &size, &why));
    char *written = hex_of(bytes, size);
    pln_profile_free(profile);
    return written;
}

static const struct {
    const char *name;
    char *(*bytes)(const line *l);
} kinds[] = {
    {"hll", of_hll}, {"count_min", of_count_min}, {"top_k", of_top_k}, {"quantiles", of_quantiles},
    {"reservoir", of_reservoir}, {"bloom", of_bloom}, {"dedup", of_dedup}, {"profile", of_profile},
};

enum { KINDS = sizeof kinds / sizeof kinds[0], WEIGHTS = 200 };

/* kind, options, form, schema, rows, bytes. Which kind it was. */
static int check_line(char *text) {
    char *cell[6];
    int64_t weights[WEIGHTS];
    int kind = 0;
    for (int i = 0; i < 6; i++) {
        cell[i] = text;
        text += strcspn(text, "\t\n");
        ck_assert_int_eq(*text, i < 5 ? '\t' : '\n');
        *text++ = '\0';
    }
    for (char *at = cell[4]; (at = strstr(at, "} {")) != NULL;)
        at[1] = '\n';
    for (int i = 0; i < WEIGHTS; i++)
        weights[i] = i + 1;
    table rows = table_of(cell[3], cell[4]);
    line l = {cell[1], cell[2], cell[3], &rows, NULL};
    ck_assert_int_le(rows.rows.length, WEIGHTS);
    if (option(&l, "weights") != NULL || option(&l, "payload") != NULL)
        l.weights = weights;
    while (kind < KINDS - 1 && strcmp(kinds[kind].name, cell[0]) != 0)
        kind++;
    ck_assert_str_eq(kinds[kind].name, cell[0]);
    char *hex = kinds[kind].bytes(&l);
    ck_assert_msg(strcmp(hex, cell[5]) == 0, "%s %s, %s of %s: expected\n%s, got\n%s", cell[0],
                  cell[1], cell[4], cell[3], cell[5], hex);
    free(hex);
    table_free(&rows);
    return kind;
}

START_TEST(columns_give_these_bytes) {
    FILE *file = fopen("test/unit/sketch/columns.txt", "r");
    char text[8192];
    int n[KINDS] = {0};
    if (file == NULL)
        TEST_SKIP("test/unit/sketch/columns.txt is not below the working folder");
    while (fgets(text, sizeof text, file) != NULL)
        if (text[0] != '#')
            n[check_line(text)]++;
    fclose(file);
    for (int kind = 0; kind < KINDS; kind++)
        ck_assert_msg(n[kind] >= 2, "%d lines of %s", n[kind], kinds[kind].name);
}
END_TEST

Suite *suite_sketch_columns(void) {
    Suite *s = suite_create("sketch/columns");
    TCase *c = tcase_create("columns");
    tcase_add_test(c, columns_give_these_bytes);
    suite_add_tcase(s, c);
    return s;
}

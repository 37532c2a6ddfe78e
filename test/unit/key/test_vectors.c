/* The published vectors, and random rows of every type, against a program that was written from pln-keys(7) alone. */
#include "key_help.h"
#include "random_arrow.h"
#include "skip.h"
#include <stdio.h>
#include <unistd.h>

/* ---- vectors ---- */

static void expect_key(const table *t, int32_t hash, const char *secret, const char *expected) {
    pln_keys_options options;
    pln_keys *keys;
    uint8_t key[PLN_KEY_SIZE], digest[PLN_KEY_DIGEST_SIZE];
    char hex[PLN_KEY_HEX_SIZE];
    pln_keys_options_init(&options, sizeof options);
    options.hash = hash;
    options.secret = (const uint8_t *)secret;
    options.secret_size = secret == NULL ? 0 : (int64_t)strlen(secret);
    OK(pln__keys_new(heap(), &t->schema, NULL, 0, &options, &keys, &err));
    OK(pln_keys_batch(keys, &t->rows, key, &err));
    pln_key_hex(key, hex);
    ck_assert_msg(strncmp(hex, expected, 32) == 0, "expected %s, got %s", expected, hex);
    OK(pln_keys_row(keys, &t->rows, 0, key, &err));
    pln_key_hex(key, hex);
    ck_assert_msg(strncmp(hex, expected, 32) == 0, "expected %s, got %s", expected, hex);
    if (hash == PLN_KEY_SHA256) {
        OK(pln_keys_digests(keys, &t->rows, digest, &err));
        char *whole = hex_of(digest, sizeof digest);
        ck_assert_str_eq(whole, expected);
        free(whole);
    } else {
        ck_assert_int_eq(pln_keys_digests(keys, &t->rows, digest, &err), PLN_ESTATE);
    }
    pln_keys_free(keys);
}

/* schema, row, bytes, XXH3-128, keyed, SHA-256, HMAC, UUID */
static void check_vector(char *line, const char *secret) {
    const char *cell[8];
    uint8_t key[PLN_KEY_SIZE];
    char uuid[PLN_KEY_UUID_SIZE];
    for (int i = 0; i < 8; i++) {
        cell[i] = line;
        line += strcspn(line, "\t\n");
        ck_assert_int_eq(*line, i < 7 ? '\t' : '\n');
        *line++ = '\0';
    }
    table t = table_of(cell[0], cell[1]);
    char *bytes = encoded_json(cell[0], cell[1]);
    ck_assert_msg(strcmp(bytes, cell[2]) == 0, "%s of %s: expected\n%s, got\n%s", cell[1], cell[0],
                  cell[2], bytes);
    expect_key(&t, PLN_KEY_XXH3, NULL, cell[3]);
    expect_key(&t, PLN_KEY_XXH3, secret, cell[4]);
    expect_key(&t, PLN_KEY_SHA256, NULL, cell[5]);
    expect_key(&t, PLN_KEY_SHA256, secret, cell[6]);
    for (int i = 0; i < PLN_KEY_SIZE; i++) {
        unsigned byte;
        sscanf(cell[3] + 2 * i, "%2x", &byte);
        key[i] = (uint8_t)byte;
    }
    pln_key_uuid(key, uuid);
    ck_assert_str_eq(uuid, cell[7]);
    free(bytes);
    table_free(&t);
}

START_TEST(vectors_are_kept) {
    FILE *file = fopen("test/unit/key/vectors.txt", "r");
    char line[4096], secret[200] = "";
    int n = 0;
    if (file == NULL)
        TEST_SKIP("test/unit/key/vectors.txt is not below the working folder");
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            (void)sscanf(line, "# The secret is '%199[^']'", secret);
            continue;
        }
        check_vector(line, secret);
        n++;
    }
    fclose(file);
    ck_assert_int_ge(n, 35);
}
END_TEST

/* ---- random rows ---- */

static void put_hex(FILE *to, const void *bytes, int64_t size) {
    fputc('"', to);
    for (int64_t i = 0; bytes != NULL && i < size; i++)
        fprintf(to, "%02x", ((const uint8_t *)bytes)[i]);
    fputc('"', to);
}

static void put_schema(FILE *to, const struct ArrowSchema *s) {
    fprintf(to, "{\"format\": \"%s\", \"name\": \"%s\", \"children\": [", s->format, s->name);
    for (int64_t i = 0; i < s->n_children; i++) {
        fputs(i > 0 ? ", " : "", to);
        put_schema(to, s->children[i]);
    }
    fputs("]", to);
    if (s->dictionary != NULL) {
        fputs(", \"dictionary\": ", to);
        put_schema(to, s->dictionary);
    }
    fputs("}", to);
}

static int64_t width(const char *format) {
    switch (format[0]) {
    case 'c':
    case 'C': return 1;
    case 's':
    case 'S': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'w': return atoi(format + 2);
    case 'd': return 16;
    case 't': return format[1] == 'd' || (format[1] == 't' && strchr("sm", format[2])) ? 4 : 8;
    default: return 8;
    }
}

static int64_t size_of(const struct ArrowSchema *s, const struct ArrowArray *a, int64_t buffer) {
    int64_t n = a->offset + a->length;
    bool nested = s->format[0] == '+', texts = s->dictionary == NULL && strchr("uz", s->format[0]);
    if (nested && s->format[1] == 'u')
        return buffer == 0 ? n : 4 * n;
    if (buffer == 0 || s->format[0] == 'b')
        return (n + 7) / 8;
    if (buffer == 2)
        return ((const int32_t *)a->buffers[1])[n];
    return nested || texts ? 4 * (n + 1) : n * width(s->format);
}

static void put_array(FILE *to, const struct ArrowSchema *s, const struct ArrowArray *a) {
    fprintf(to, "{\"offset\": %lld, \"buffers\": [", (long long)a->offset);
    for (int64_t i = 0; i < a->n_buffers; i++) {
        fputs(i > 0 ? ", " : "", to);
        put_hex(to, a->buffers[i], a->buffers[i] == NULL ? 0 : size_of(s, a, i));
    }
    fputs("], \"children\": [", to);
    for (int64_t i = 0; i < a->n_children; i++) {
        fputs(i > 0 ? ", " : "", to);
        put_array(to, s->children[i], a->children[i]);
    }
    fputs("]", to);
    if (a->dictionary != NULL) {
        fputs(", \"dictionary\": ", to);
        put_array(to, s->dictionary, a->dictionary);
    }
    fputs("}", to);
}

static void put_rows(FILE *to, const char *name, const struct ArrowSchema *s,
                     const struct ArrowArray *a, int32_t hash, int64_t size) {
    pln_keys_options options;
    pln_keys *keys;
    uint8_t *out = malloc((size_t)(a->length * PLN_KEY_DIGEST_SIZE) + 1);
    pln_keys_options_init(&options, sizeof options);
    options.hash = hash;
    OK(pln__keys_new(heap(), s, NULL, 0, &options, &keys, &err));
    OK(size == PLN_KEY_SIZE ? pln_keys_batch(keys, a, out, &err)
                            : pln_keys_digests(keys, a, out, &err));
    fprintf(to, ", \"%s\": [", name);
    for (int64_t i = 0; i < a->length; i++) {
        fputs(i > 0 ? ", " : "", to);
        put_hex(to, out + i * size, size);
    }
    fputs("]", to);
    pln_keys_free(keys);
    free(out);
}

static void put_encoded(FILE *to, const struct ArrowSchema *s, const struct ArrowArray *a) {
    pln_keys *keys;
    OK(pln__keys_new(heap(), s, NULL, 0, NULL, &keys, &err));
    fputs(", \"rows\": [", to);
    for (int64_t i = 0; i < a->length; i++) {
        char *hex = encoded(keys, a, i);
        fprintf(to, "%s\"%s\"", i > 0 ? ", " : "", hex);
        free(hex);
    }
    fputs("]", to);
    pln_keys_free(keys);
}

static void put_batch(FILE *to, rng *r) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    random_schema(r, 4, 3, &schema);
    /* Now and then more than is laid out at once. */
    int64_t rows = rng_below(r, 12) == 0 ? 256 + rng_below(r, 400) : rng_below(r, 30);
    random_array(r, &schema, rows,
                 (rng_below(r, 3) > 0 ? RANDOM_OFFSETS : 0) |
                     (rng_below(r, 3) == 0 ? RANDOM_NO_NULLS : 0),
                 &array);
    fputs("{\"schema\": ", to);
    put_schema(to, &schema);
    fputs(", \"array\": ", to);
    put_array(to, &schema, &array);
    put_encoded(to, &schema, &array);
    put_rows(to, "xxh3", &schema, &array, PLN_KEY_XXH3, PLN_KEY_SIZE);
    put_rows(to, "sha256", &schema, &array, PLN_KEY_SHA256, PLN_KEY_DIGEST_SIZE);
    fputs("}\n", to);
    array.release(&array);
    schema.release(&schema);
}

START_TEST(random_rows_are_as_python_makes_them) {
    char path[] = "/tmp/pln-keys-XXXXXX", command[200], said[4000] = "";
    rng r = {(uint64_t)_i + 1};
    if (system("python3 -c 'import json' 2>/dev/null") != 0 ||
        access("test/unit/key/pln_keys.py", R_OK) != 0)
        TEST_SKIP("no python3, or test/unit/key/pln_keys.py is not below the working folder");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *to = fdopen(fd, "w");
    for (int i = 0; i < (getenv("PLN_TORTURE") != NULL ? 3000 : 100); i++)
        put_batch(to, &r);
    fclose(to);
    snprintf(command, sizeof command, "python3 test/unit/key/pln_keys.py check < %s 2>&1", path);
    FILE *out = popen(command, "r");
    size_t size = fread(said, 1, sizeof said - 1, out);
    int status = pclose(out);
    remove(path);
    ck_assert_msg(status == 0, "%s", size > 1500 ? said + size - 1500 : said);
}
END_TEST

Suite *suite_key_vectors(void) {
    Suite *suite = suite_create("key/vectors");
    TCase *tc = tcase_create("key");
    tcase_add_test(tc, vectors_are_kept);
    tcase_add_loop_test(tc, random_rows_are_as_python_makes_them, 0, 4);
    suite_add_tcase(suite, tc);
    return suite;
}

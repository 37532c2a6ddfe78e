/* decode(encode(x)) = x for random columns of every type, judged by a reader that does not use the library. */
#define _POSIX_C_SOURCE 200809L
#include "format/json_plan.h"
#include "json_rows.h"
#include "random_arrow.h"
#include "skip.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Times outside of a day are nothing that text can say; the generator makes them, so they are put right. */
static void mend(const struct ArrowSchema *schema, struct ArrowArray *array) {
    const char *format = schema->dictionary == NULL ? schema->format : "";
    int64_t n = array->offset + array->length;
    if (format[0] == 't' && format[1] == 't') {
        static const int64_t per_second[] = {
            ['s'] = 1, ['m'] = 1000, ['u'] = 1000000, ['n'] = 1000000000};
        int64_t day = per_second[(int)format[2]] * 86400;
        bool narrow = format[2] == 's' || format[2] == 'm';
        uint8_t *data = (uint8_t *)(uintptr_t)array->buffers[1];
        for (int64_t i = 0; i < n; i++) {
            int64_t value = 0;
            int32_t small;
            memcpy(&small, data + i * (narrow ? 4 : 8), 4);
            if (!narrow)
                memcpy(&value, data + i * 8, 8);
            value = narrow ? small : value;
            value = (value % day + day) % day;
            small = (int32_t)value;
            memcpy(data + i * (narrow ? 4 : 8), narrow ? (void *)&small : (void *)&value,
                   narrow ? 4 : 8);
        }
    }
    for (int64_t i = 0; i < schema->n_children; i++)
        mend(schema->children[i], array->children[i]);
    if (schema->dictionary != NULL)
        mend(schema->dictionary, array->dictionary);
}

static char *decode_text(const struct ArrowSchema *schema, const char *text, int64_t rows,
                         uint32_t cpu) {
    const pln_allocator *mem = pln__system_allocator();
    pln_error err = {0};
    pln__decoder *decoder;
    pln__decoded out;
    pln__decode_options options = {
        .schema = schema, .cpu = cpu, .seed = 7, .record_bytes_max = 1 << 26};
    size_t size = strlen(text);
    uint8_t *block = calloc(1, size + PLN__PADDING);
    memcpy(block, text, size);
    pln_status status = pln__json_decoder.open(mem, NULL, &options, &decoder, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    status = pln__json_decoder.decode(decoder, block, (int64_t)size, true, INT64_MAX, &out, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    ck_assert_msg(out.n_bad == 0, "%s in\n%.*s", out.bad[0].message, (int)out.bad[0].size,
                  (char *)block + out.bad[0].start);
    ck_assert_int_eq(out.rows, rows);
    status = pln__array_validate(schema, &out.array, PLN__VALIDATE_FULL, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    char *shown = show_rows(schema, &out.array);
    pln__array_release(&out.array);
    pln__json_decoder.close(decoder);
    free(block);
    return shown;
}

START_TEST(what_is_written_is_read_back) {
    static const uint32_t variants[] = {0, PLN__CPU_SSE42, PLN__CPU_AVX2, PLN__JSON_GENERAL};
    uint32_t have = pln__cpu_features() | PLN__JSON_GENERAL;
    rng r = {.state = (uint64_t)_i * 7919 + 1};
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln__json_dialect terse;
    pln__json_dialect_default(&terse);
    terse.write_nulls = false;
    for (int i = 0; i < 60; i++) {
        random_schema(&r, 6, 4, &schema);
        random_array(&r, &schema, rng_below(&r, 60), RANDOM_OFFSETS, &array);
        mend(&schema, &array);
        char *expected = show_rows(&schema, &array);
        char *text = json_encoded(&schema, &array, i % 3 == 0 ? &terse : NULL);
        char *got = decode_text(&schema, text, array.length, variants[i % 4] & have);
        ck_assert_msg(strcmp(expected, got) == 0, "%s\nexpected\n%s\ngot\n%s", text, expected, got);
        free(text);
        free(expected);
        free(got);
        array.release(&array);
        schema.release(&schema);
    }
}
END_TEST

START_TEST(one_row_is_what_the_encoder_writes) {
    rng r = {.state = 99};
    struct ArrowSchema schema;
    struct ArrowArray array;
    for (int i = 0; i < 100; i++) {
        random_schema(&r, 4, 3, &schema);
        random_array(&r, &schema, 5, RANDOM_OFFSETS, &array);
        mend(&schema, &array);
        char *all = json_encoded(&schema, &array, NULL);
        pln__text rows;
        pln__text_init(&rows, pln__system_allocator());
        for (int64_t row = 0; row < 5; row++) {
            ck_assert_int_eq(pln__json_row(&schema, &array, row, &rows), PLN_OK);
            pln__text_char(&rows, '\n');
        }
        ck_assert_str_eq(rows.data, all);
        pln__text_free(&rows);
        free(all);
        array.release(&array);
        schema.release(&schema);
    }
}
END_TEST

/* ---- Python's json as a second reader and writer ---- */

static bool has_decimal(const struct ArrowSchema *schema) {
    bool found = schema->format[0] == 'd';
    for (int64_t i = 0; i < schema->n_children && !found; i++)
        found = has_decimal(schema->children[i]);
    return found || (schema->dictionary != NULL && has_decimal(schema->dictionary));
}

/* Escapes every character that is not ASCII. -0 is the one number that its int would not keep. */
static const char script[] = "python3 -c 'import json, sys\n"
                             "zero = lambda text: -0.0 if text == \"-0\" else int(text)\n"
                             "for line in open(sys.argv[1], encoding=\"utf-8\", newline=\"\\n\"):\n"
                             "    print(json.dumps(json.loads(line, parse_int=zero)))' %s";

static char *through_python(const char *text, const char *path) {
    char command[500];
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    snprintf(command, sizeof command, script, path);
    FILE *out = popen(command, "r");
    size_t room = strlen(text) * 8 + 100;
    char *got = calloc(1, room);
    size_t size = fread(got, 1, room - 1, out);
    ck_assert_int_eq(pclose(out), 0);
    got[size] = '\0';
    return got;
}

START_TEST(python_reads_and_writes_the_same) {
    char path[] = "/tmp/pln-json-XXXXXX";
    rng r = {.state = 4711};
    if (system("python3 -c 'import json' 2>/dev/null") != 0)
        TEST_SKIP("no python3");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (int i = 0; i < 25;) {
        struct ArrowSchema schema;
        struct ArrowArray array;
        random_schema(&r, 8, 4, &schema);
        if (has_decimal(&schema)) {
            schema.release(&schema);
            continue;
        }
        random_array(&r, &schema, 80, RANDOM_OFFSETS, &array);
        mend(&schema, &array);
        char *expected = show_rows(&schema, &array);
        char *text = json_encoded(&schema, &array, NULL);
        char *theirs = through_python(text, path);
        char *got = decode_text(&schema, theirs, array.length, pln__cpu_features());
        ck_assert_msg(strcmp(expected, got) == 0, "%s\nexpected\n%s\ngot\n%s", theirs, expected,
                      got);
        free(text);
        free(theirs);
        free(expected);
        free(got);
        array.release(&array);
        schema.release(&schema);
        i++;
    }
    unlink(path);
}
END_TEST

Suite *suite_format_json_laws(void);
Suite *suite_format_json_laws(void) {
    Suite *suite = suite_create("format/json_laws");
    TCase *tcase = tcase_create("laws");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, what_is_written_is_read_back, 0, 20);
    tcase_add_test(tcase, one_row_is_what_the_encoder_writes);
    tcase_add_test(tcase, python_reads_and_writes_the_same);
    suite_add_tcase(suite, tcase);
    return suite;
}

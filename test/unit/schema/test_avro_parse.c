#include "avro_help.h"
#include "skip.h"
#include <jansson.h>

static pln_error err;

/* ---- the cases of the shared data ---- */

static void check_forms(const char *id, const pln__avro_schema *schema, const json_t *row) {
    const char *canonical = json_string_value(json_object_get(row, "canonical"));
    const char *rabin = json_string_value(json_object_get(row, "rabin64"));
    char hex[17];
    uint64_t number;
    if (canonical == NULL)
        return;
    char *text = text_avro(schema, PLN__AVRO_TEXT_CANONICAL);
    ck_assert_msg(strcmp(text, canonical) == 0, "%s: %s, not %s", id, text, canonical);
    ck_assert_int_eq(pln__avro_rabin(schema, &number, &err), PLN_OK);
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)number);
    ck_assert_msg(strcmp(hex, rabin) == 0, "%s: %s, not %s", id, hex, rabin);
    free_text(text);
}

START_TEST(shared_cases) {
    char path[512], line[65536];
    int n = 0;
    FILE *file = fopen(
        test_data("avro/schema_parse_cases_public.jsonl", path, sizeof path) ? path : "", "r");
    if (file == NULL)
        TEST_SKIP("avro/schema_parse_cases_public.jsonl is not there");
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *row = json_loads(line, 0, NULL);
        const char *id = json_string_value(json_object_get(row, "id"));
        char *text = json_dumps(json_object_get(row, "schema"), JSON_ENCODE_ANY);
        pln__avro_schema *schema = NULL;
        memset(&err, 0, sizeof err);
        pln_status status = pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, &err);
        bool valid = json_is_true(json_object_get(row, "valid"));
        if (!json_is_true(json_object_get(row, "contested")))
            ck_assert_msg((status == PLN_OK) == valid, "%s: %s", id, err.message);
        if (status == PLN_OK)
            check_forms(id, schema, row);
        else
            ck_assert_msg(strstr(err.message, "Avro schema, $") == err.message, "%s", err.message);
        pln__avro_schema_unref(schema);
        free(text);
        json_decref(row);
        n++;
    }
    fclose(file);
    ck_assert_int_gt(n, 50);
}
END_TEST

/* ---- share/test/data/schema-tests.txt of Apache Avro ---- */

/* The text behind `tag`: the rest of the line, or the lines up to one with the tag's word alone. */
static char *piece(char *from, const char *tag, const char *word) {
    char *at = strstr(from, tag);
    if (at == NULL)
        return NULL;
    at += strlen(tag);
    char end[32];
    snprintf(end, sizeof end, "\n%s\n", word);
    char *stop = *at == '\n' ? strstr(at, end) : strchr(at, '\n');
    if (stop != NULL)
        *stop = '\0';
    return at + 1;
}

START_TEST(apache_fingerprints) {
    char path[512];
    int64_t size;
    int n = 0, prints = 0;
    char *all = load_file(test_data("avro/share-test/schema-tests.txt", path, sizeof path), &size);
    if (all == NULL)
        TEST_SKIP("avro/share-test/schema-tests.txt is not there");
    for (char *at = strstr(all, "\n// 0"), *next; at != NULL; at = next) {
        next = strstr(at + 1, "\n// 0");
        if (next != NULL)
            *next++ = '\0';
        char *number = piece(at, "\n<<fingerprint", "fingerprint");
        char *canonical = piece(at, "\n<<canonical", "canonical");
        char *input = piece(at, "\n<<INPUT", "INPUT");
        ck_assert(canonical != NULL && input != NULL);
        pln__avro_schema *schema = parse_avro(input);
        char *text = text_avro(schema, PLN__AVRO_TEXT_CANONICAL);
        ck_assert_str_eq(text, canonical);
        if (number != NULL) {
            uint64_t rabin = 0;
            ck_assert_int_eq(pln__avro_rabin(schema, &rabin, &err), PLN_OK);
            ck_assert_int_eq((int64_t)rabin, strtoll(number, NULL, 10));
            prints++;
        }
        free_text(text);
        pln__avro_schema_unref(schema);
        n++;
    }
    free(all);
    ck_assert_int_eq(n, 34);
    ck_assert_int_gt(prints, 20);
}
END_TEST

Suite *suite_schema_avro_parse(void);
Suite *suite_schema_avro_parse(void) {
    Suite *suite = suite_create("schema/avro_parse");
    TCase *tc = tcase_create("shared");
    tcase_add_test(tc, shared_cases);
    tcase_add_test(tc, apache_fingerprints);
    suite_add_tcase(suite, tc);
    return suite;
}

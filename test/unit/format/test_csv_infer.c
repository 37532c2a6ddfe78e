#define _POSIX_C_SOURCE 200809L
#include "csv_help.h"
#include "fail_alloc.h"

static pln__csv_dialect usual;

static void set_up(void) {
    pln__csv_dialect_default(&usual);
}

/* "name:format ..." of what is inferred, or the error. */
static char *inferred(const pln_allocator *mem, const char *text, bool final) {
    struct ArrowSchema schema;
    pln_error err = {0};
    pln__text to;
    int64_t size = (int64_t)strlen(text);
    uint8_t *copy = malloc((size_t)size + PLN__PADDING);
    memset(copy, '9', (size_t)size + PLN__PADDING);
    memcpy(copy, text, (size_t)size);
    pln_status status = pln__csv_decoder.infer(mem, &usual, copy, size, final, &schema, &err);
    free(copy);
    pln__text_init(&to, pln__system_allocator());
    if (status < 0)
        pln__text_printf(&to, "%s: %s", pln_status_name(status), err.message);
    for (int64_t i = 0; status == PLN_OK && i < schema.n_children; i++) {
        ck_assert_int_eq(schema.children[i]->flags & ARROW_FLAG_NULLABLE, ARROW_FLAG_NULLABLE);
        pln__text_printf(&to, "%s%s:%s", i > 0 ? " " : "", schema.children[i]->name,
                         schema.children[i]->format);
    }
    if (status == PLN_OK)
        pln__schema_release(&schema);
    char *out = strdup(to.data);
    pln__text_free(&to);
    return out;
}

#define ck_infers(text, expected)                                                                  \
    do {                                                                                           \
        char *got_ = inferred(pln__system_allocator(), text, true);                                \
        ck_assert_str_eq(got_, expected);                                                          \
        free(got_);                                                                                \
    } while (0)

START_TEST(one_value) {
    usual.header = false;
    static const struct {
        const char *text, *format;
    } cases[] = {
        {"1", "l"},
        {"0", "l"},
        {"-5", "l"},
        {"9223372036854775807", "l"},
        {"-9223372036854775808", "l"},
        {"9223372036854775808", "u"},
        {"007", "u"},
        {"-01", "u"},
        {"+1", "u"},
        {"00", "u"},
        {"-0", "g"},
        {"1.5", "g"},
        {".5", "g"},
        {"1e5", "g"},
        {"0.5", "g"},
        {"00.5", "u"},
        {"1e999", "u"},
        {"nan", "u"},
        {"inf", "u"},
        {"0x10", "u"},
        {"1,", "l"},
        {"-", "u"},
        {".", "u"},
        {"1_000", "u"},
        {"true", "b"},
        {"FALSE", "b"},
        {"t", "u"},
        {"yes", "u"},
        {"2013-01-31", "tdD"},
        {"2013-02-31", "u"},
        {"2013-1-31", "u"},
        {"20130131", "l"},
        {"06:00:00", "tts"},
        {"25:00:00", "u"},
        {"06:00", "u"},
        {"2013-01-31T06:00:00", "tss:"},
        {"2013-01-31 06:00:00Z", "tss:UTC"},
        {"2013-01-31T06:00:00+02:00", "tss:UTC"},
        {"2013-01-31T06:00:00.1Z", "tsm:UTC"},
        {"2013-01-31T06:00:00.123", "tsm:"},
        {"2013-01-31T06:00:00.1234Z", "tsu:UTC"},
        {"2013-01-31T06:00:00.1234567Z", "tsn:UTC"},
        {"3013-01-31T06:00:00.1234567Z", "u"},
        {"3013-01-31T06:00:00.123456Z", "tsu:UTC"},
        {"x", "u"},
        {"\xC3\xA9", "u"},
        {"\xFF", "z"},
        {" 1", "u"},
        {"\"1\"", "l"},
        {"\"\"", "u"},
        {"\"a\"\"b\"", "u"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        char text[64], expected[64];
        snprintf(text, sizeof text, "%s\n", cases[i].text);
        snprintf(expected, sizeof expected, "c1:%s%s", cases[i].format,
                 strchr(text, ',') != NULL ? " c2:u" : "");
        ck_infers(text, expected);
    }
}
END_TEST

START_TEST(mixtures) {
    ck_infers("a,b\n1,1.5\n2,3\n", "a:l b:g");
    ck_infers("a\n1\n9223372036854775808\n", "a:u");
    ck_infers("a\n1.5\n9007199254740993\n", "a:u");
    ck_infers("a\n1.5\n9007199254740992\n", "a:g");
    ck_infers("a\n1\ntrue\n", "a:u");
    ck_infers("a\n2013-01-01\n2013-01-01T00:00:00\n", "a:u");
    ck_infers("a\n2013-01-01T00:00:00Z\n2013-01-01T00:00:00\n", "a:u");
    ck_infers("a\n2013-01-01T00:00:00Z\n2013-01-01T00:00:00.5Z\n", "a:tsm:UTC");
    ck_infers("a\n3013-01-01T00:00:00Z\n2013-01-01T00:00:00.1234567Z\n", "a:u");
    ck_infers("a,b\n,\n1,\n", "a:l b:u");
    ck_infers("a\n1\nx\n\xFF\n", "a:u");
    ck_infers("a\nx\n\xFF\n", "a:z");
    const char *nulls[] = {"NA", NULL};
    usual.nulls = nulls;
    ck_infers("a,b\n1,\nNA,2\n", "a:l b:u");
}
END_TEST

/* n numbers and what else is said. */
static char *with_numbers(int n, const char *more) {
    char *text = malloc((size_t)n * 8 + strlen(more) + 3), *at = text + sprintf(text, "a\n");
    for (int i = 0; i < n; i++)
        at += sprintf(at, "%d\n", 1000 + i);
    strcpy(at, more);
    return text;
}

START_TEST(damage_is_no_evidence) {
    static const struct {
        int n;
        const char *more, *expected;
    } cases[] = {
        {999, "noon\n", "a:l"},     {998, "noon\n", "a:u"},
        {1998, "x\n\xFF\n", "a:l"}, {1997, "x\n\xFF\n", "a:u"},
        {5000, "007\n", "a:u"},     {5000, "2013-01-01\n", "a:u"},
        {5000, "1.5\n", "a:g"},     {5000, "99999999999999999999\n", "a:u"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = with_numbers(cases[i].n, cases[i].more);
        ck_infers(text, cases[i].expected);
        free(text);
    }
}
END_TEST

START_TEST(records_and_names) {
    ck_infers("a,,\"b \"\"c\"\"\"\n1,2,3\n", "a:l c2:l b \"c\":l");
    ck_infers("a,b\n1,2\n1,2,x\nx\n\"x\"y,2\nz\",2\n3,4\n", "a:l b:l");
    ck_infers("a,b", "a:u b:u");
    ck_infers("", "PLN_EDATA: the sample of 0 bytes has no whole record to infer columns from");
    ck_infers("\n\n", "PLN_EDATA: the sample of 2 bytes has no whole record to infer columns from");
    ck_infers("a,a\n", "PLN_EDATA: the fields 1 and 2 have the same name 'a'");
    char *got = inferred(pln__system_allocator(), "a,b\n1,2\n1,x", false);
    ck_assert_str_eq(got, "a:l b:l");
    free(got);
    usual.header = false;
    ck_infers("\"x\"y\n1,2,3\n1\n1,2,x\n", "c1:l c2:l c3:u");
    const char *names[] = {"p", "q", NULL};
    usual.columns = names;
    ck_infers("1,x\n1,2,3\n", "p:l q:u");
}
END_TEST

START_TEST(memory_fails_at_every_n) {
    bool failed = true;
    for (int64_t n = 0; failed; n++) {
        fail_alloc f;
        char *got = inferred(fail_alloc_init(&f, n), "a,\"b\"\"\"\n1,\"x\"\"\"\n", true);
        failed = f.failed;
        if (failed)
            ck_assert_msg(strncmp(got, "PLN_ENOMEM", 10) == 0, "%s", got);
        else
            ck_assert_str_eq(got, "a:l b\":u");
        free(got);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_lt(n, 1000);
    }
}
END_TEST

Suite *suite_format_csv_infer(void);
Suite *suite_format_csv_infer(void) {
    Suite *suite = suite_create("format/csv_infer");
    TCase *one = tcase_create("csv_infer");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_add_test(one, one_value);
    tcase_add_test(one, mixtures);
    tcase_add_test(one, damage_is_no_evidence);
    tcase_add_test(one, records_and_names);
    tcase_add_test(one, memory_fails_at_every_n);
    suite_add_tcase(suite, one);
    return suite;
}

/* A date or time says the same in CSV as in NDJSON: each text in a field and in a member, by every unit and zone. */
#include "csv_help.h"

static const pln_allocator *mem;

static void set_up(void) {
    mem = pln__system_allocator();
}

/* The value that the text is, or "refused". Twice in the input, so that NDJSON reads it in general and by the shape learned from it. */
static void decode(bool csv, const struct ArrowSchema *schema, const char *text, uint32_t cpu,
                   char out[80]) {
    const pln__decoder_table *table = csv ? &pln__csv_decoder : &pln__json_decoder;
    char input[400];
    pln_error err = {0};
    pln__decoder *decoder;
    pln__decoded got;
    pln__type type;
    pln__decode_options options = {.schema = schema, .cpu = cpu};
    int size = csv ? snprintf(input, 400, "t\n%s\n%s\n", text, text)
                   : snprintf(input, 400, "{\"t\":\"%s\"}\n{\"t\":\"%s\"}\n", text, text);
    memset(input + size, '\n', PLN__PADDING);
    ck_assert_int_eq(table->open(mem, NULL, &options, &decoder, &err), PLN_OK);
    ck_assert_int_eq(table->begin(decoder, true, NULL, 0, &err), PLN_OK);
    ck_assert_int_eq(table->decode(decoder, (uint8_t *)input, size, true, 10, &got, &err), PLN_OK);
    ck_assert_int_eq(got.rows + got.n_bad, 2);
    strcpy(out, "refused");
    ck_assert(got.n_bad == 0 || got.n_bad == 2);
    if (got.rows == 2) {
        const struct ArrowArray *column = got.array.children[0];
        ck_assert_int_eq(pln__type_of(schema->children[0], &type, NULL), PLN_OK);
        ck_assert_int_eq(pln__array_int(&type, column, 0), pln__array_int(&type, column, 1));
        snprintf(out, 80, "%lld", (long long)pln__array_int(&type, column, 0));
    }
    pln__array_release(&got.array);
    table->close(decoder);
}

static const char *by_both(const char *format, const char *text) {
    static char csv[80];
    char json[80], spec[40];
    uint32_t cpus[] = {0, pln__cpu_features()};
    struct ArrowSchema schema;
    snprintf(spec, sizeof spec, "t:%s!", format);
    make_schema(spec, &schema);
    for (int i = 0; i < 2; i++) {
        decode(true, &schema, text, cpus[i], csv);
        decode(false, &schema, text, cpus[i], json);
        ck_assert_msg(strcmp(csv, json) == 0, "%s of %s: CSV says %s, NDJSON %s", format, text, csv,
                      json);
    }
    pln__schema_release(&schema);
    return csv;
}

static const char *const days[] = {"2015-09-12", "0001-01-01", "9999-12-31", "2015-02-29",
                                   "2015-9-12"};
static const char *const separators[] = {"T", " ", "t", "_", ""};
static const char *const clocks[] = {"00:46:58",     "23:59:59.5",         "06:00:00.771",
                                     "06:00:00.123456", "06:00:00.123456789", "06:00:00.000000000",
                                     "06:00",        "24:00:00",           "23:59:60",
                                     "6:00:00",      "06:60:00",           "06:00:00."};
static const struct {
    const char *text;
    bool good;
} offsets[] = {{"", true},        {"Z", true},       {"z", true},   {"+02:00", true},
               {"-05:30", true},  {"+0200", true},   {"+02", true}, {"+00:00", true},
               {"-00:00", true},  {"+2", false},     {" Z", false}, {"ZZ", false},
               {"+02:00Z", false}, {"+24:00", false}, {"UTC", false}};
static const char units[] = "smun";
static const char *const zones[] = {"", "UTC", "Europe/Paris"};

START_TEST(timestamps) {
    char text[80], plain[80], format[40];
    int64_t accepted = 0;
    for (int d = 0; d < PLN__COUNT(days); d++)
        for (int s = 0; s < PLN__COUNT(separators); s++)
            for (int c = 0; c < PLN__COUNT(clocks); c++)
                for (int o = 0; o < PLN__COUNT(offsets); o++) {
                    snprintf(format, sizeof format, "ts%c:%s", units[_i / 3], zones[_i % 3]);
                    snprintf(text, sizeof text, "%s%s%s%s", days[d], separators[s], clocks[c],
                             offsets[o].text);
                    const char *got = by_both(format, text);
                    bool refused = strcmp(got, "refused") == 0;
                    /* An offset in a column without a zone would be lost. */
                    if (!offsets[o].good ||
                        (zones[_i % 3][0] == '\0' && offsets[o].text[0] != '\0'))
                        ck_assert_msg(refused, "%s of %s: %s", format, text, got);
                    accepted += !refused;
                    /* Without an offset it is UTC, or the local time as it stands: the same number. */
                    if (o == 0)
                        strcpy(plain, got);
                    if (!refused && (o == 1 || o == 7))
                        ck_assert_str_eq(got, plain);
                }
    ck_assert_int_gt(accepted, zones[_i % 3][0] == '\0' ? 10 : 100);
}
END_TEST

START_TEST(known_values) {
    static const struct {
        const char *format, *text, *value;
    } cases[] = {
        {"tsm:UTC", "2015-09-12T00:46:58.771Z", "1442018818771"},
        {"tsm:UTC", "2015-09-12T00:46:58.771", "1442018818771"},
        {"tsm:UTC", "2015-09-12T02:46:58.771+02:00", "1442018818771"},
        {"tsm:Europe/Paris", "2015-09-12T00:46:58.771", "1442018818771"},
        {"tsm:", "2015-09-12T00:46:58.771", "1442018818771"},
        {"tsm:", "2015-09-12T00:46:58.771Z", "refused"},
        {"tsm:", "2015-09-12T00:46:58.771+00:00", "refused"},
        {"tsn:UTC", "2262-04-11T23:47:16.854775808Z", "refused"},
        {"tss:UTC", "2015-09-12", "refused"},
        {"tss:UTC", "1442018818", "refused"},
        {"tdD", "2015-09-12", "16690"},
        {"tdD", "2015-09-12Z", "refused"},
        {"tts", "06:00:59", "21659"},
        {"tts", "06:00:59Z", "refused"},
        {"ttu", "06:00", "21600000000"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++)
        ck_assert_msg(strcmp(by_both(cases[i].format, cases[i].text), cases[i].value) == 0,
                      "%s of %s: %s", cases[i].format, cases[i].text,
                      by_both(cases[i].format, cases[i].text));
}
END_TEST

Suite *suite_format_times_agree(void);
Suite *suite_format_times_agree(void) {
    Suite *suite = suite_create("format/times_agree");
    TCase *one = tcase_create("times");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_set_timeout(one, 240);
    tcase_add_loop_test(one, timestamps, 0, 12);
    tcase_add_test(one, known_values);
    suite_add_tcase(suite, one);
    return suite;
}

/* Enums of a schema in both readers: what they let in, what the dictionary is, and what stands in the way of a list of symbols. */
#define _POSIX_C_SOURCE 200809L
#include "csv_help.h"
#include "fail_alloc.h"
#include "format/symbols.h"
#include "json_rows.h"
#include "schema/schema.h"

static pln__csv_dialect usual;

static void set_up(void) {
    pln__csv_dialect_default(&usual);
}

static void avro(const char *text, struct ArrowSchema *out) {
    pln_error err = {0};
    pln_status status = pln__schema_from_avro(pln__system_allocator(), text, -1, out, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
}

#define COLOR "{\"type\":\"enum\",\"name\":\"color\",\"symbols\":[\"RED\",\"GREEN\",\"BLUE\"]}"
#define RECORD(fields) "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" fields "]}"
#define TWO                                                                                        \
    RECORD("{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"color\",\"type\":" COLOR "},"          \
           "{\"name\":\"other\",\"type\":[\"null\",\"color\"]}")

/* The words of a dictionary, and the indices of a column: "RED GREEN BLUE: 2 0 ~". */
static void show_indices(const struct ArrowSchema *schema, const struct ArrowArray *array,
                         char out[400]) {
    pln__type words, type;
    const struct ArrowArray *values = array->dictionary;
    ck_assert_ptr_nonnull(values);
    ck_assert_int_eq(pln__type_of(schema, &type, NULL), PLN_OK);
    ck_assert_int_eq(pln__type_of(schema->dictionary, &words, NULL), PLN_OK);
    out[0] = '\0';
    for (int64_t i = 0; i < values->length; i++) {
        int64_t size;
        const char *text = (const char *)pln__array_bytes(&words, values, i, &size);
        snprintf(out + strlen(out), 400 - strlen(out), "%s%.*s", i > 0 ? " " : "", (int)size, text);
    }
    strcat(out, ":");
    for (int64_t i = 0; i < array->length; i++) {
        char one[32] = " ~";
        if (pln__array_valid(array, i))
            snprintf(one, sizeof one, " %lld", (long long)pln__array_int(&type, array, i));
        strcat(out, one);
    }
}

static pln__decoder *open_reader(const pln__decoder_table *table, const pln_allocator *mem,
                                 const struct ArrowSchema *schema) {
    pln_error err = {0};
    pln__decoder *decoder;
    pln__decode_options options = {.schema = schema, .cpu = pln__cpu_features(), .seed = 11};
    pln_status status = table->open(mem, NULL, &options, &decoder, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    ck_assert_int_eq(table->begin(decoder, true, NULL, 0, &err), PLN_OK);
    return decoder;
}

static void read_rows(const pln__decoder_table *table, pln__decoder *decoder, const char *text,
                      int64_t max_rows, pln__decoded *out) {
    pln_error err = {0};
    size_t size = strlen(text);
    uint8_t *block = calloc(1, size + PLN__PADDING);
    memcpy(block, text, size);
    pln_status status = table->decode(decoder, block, (int64_t)size, true, max_rows, out, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    free(block);
}

static const struct {
    const pln__decoder_table *table;
    const char *text, *bad_row;
} readers[] = {
    {&pln__csv_decoder,
     "other,id,color\n,1,BLUE\nGREEN,2,RED\n\"RED\",3,\"BLUE\"\nRED,4,PINK\nGREY,5,RED\n,6,GREEN\n",
     ""},
    {&pln__json_decoder,
     "{\"id\":1,\"color\":\"BLUE\"}\n{\"id\":2,\"color\":\"RED\",\"other\":\"GREEN\"}\n"
     "{\"id\":3,\"color\":\"BL\\u0055E\",\"other\":\"RED\"}\n{\"id\":4,\"color\":\"PINK\",\"other\":null}\n"
     "{\"id\":5,\"color\":\"RED\",\"other\":\"GREY\"}\n{\"id\":6,\"color\":\"GREEN\",\"other\":null}\n",
     "member 'color': "},
};

/* The order is the schema's, not that of appearance; the columns of one enum, and all batches, have one dictionary. */
START_TEST(indices_are_those_of_the_schema) {
    const pln__decoder_table *table = readers[_i].table;
    struct ArrowSchema schema;
    char text[400];
    pln_error err = {0};
    pln__decoded first, second;
    avro(TWO, &schema);
    pln__decoder *decoder = open_reader(table, pln__system_allocator(), &schema);
    read_rows(table, decoder, readers[_i].text, INT32_MAX, &first);
    ck_assert_int_eq(first.rows, 4);
    ck_assert_int_eq(first.n_bad, 2);
    ck_assert_int_eq(first.bad[0].column, 1);
    ck_assert_int_eq(first.bad[0].code, PLN_EDATA);
    snprintf(text, sizeof text, "%sexpected one of RED, GREEN, BLUE, got 'PINK'",
             readers[_i].bad_row);
    ck_assert_str_eq(first.bad[0].message, text);
    ck_assert_int_eq(first.bad[1].column, 2);
    ck_assert_ptr_nonnull(strstr(first.bad[1].message, "RED, GREEN, BLUE, got 'GREY'"));
    ck_assert_int_eq(table->begin(decoder, true, NULL, 0, &err), PLN_OK);
    read_rows(table, decoder, readers[_i].text, 1, &second);
    table->close(decoder);
    ck_assert_int_eq(pln__array_validate(&schema, &first.array, PLN__VALIDATE_FULL, &err), PLN_OK);
    show_indices(schema.children[1], first.array.children[1], text);
    ck_assert_str_eq(text, "RED GREEN BLUE: 2 0 2 1");
    show_indices(schema.children[2], first.array.children[2], text);
    ck_assert_str_eq(text, "RED GREEN BLUE: ~ 1 0 ~");
    show_indices(schema.children[1], second.array.children[1], text);
    ck_assert_str_eq(text, "RED GREEN BLUE: 2");
    const void *words = first.array.children[1]->dictionary->buffers[2];
    ck_assert_ptr_eq(first.array.children[2]->dictionary->buffers[2], words);
    pln__array_release(&first.array);
    ck_assert_ptr_eq(second.array.children[1]->dictionary->buffers[2], words);
    show_indices(schema.children[2], second.array.children[2], text);
    ck_assert_str_eq(text, "RED GREEN BLUE: ~");
    pln__array_release(&second.array);
    pln__schema_release(&schema);
}
END_TEST

/* Joined batches keep the numbers, also where one of them has rows of other words first. */
START_TEST(joined_batches_keep_the_indices) {
    const pln__decoder_table *table = readers[_i].table;
    struct ArrowSchema schema;
    struct ArrowArray joined;
    char text[400];
    pln__decoded parts[2];
    avro(TWO, &schema);
    for (int i = 0; i < 2; i++) { /* two decoders, so that the dictionaries are two */
        pln__decoder *decoder = open_reader(table, pln__system_allocator(), &schema);
        read_rows(table, decoder, readers[_i].text, i == 0 ? INT32_MAX : 2, &parts[i]);
        table->close(decoder);
    }
    const struct ArrowArray *arrays[] = {&parts[1].array, &parts[0].array};
    ck_assert_int_eq(pln__array_concat(pln__system_allocator(), &schema, arrays, 2, &joined, NULL),
                     PLN_OK);
    show_indices(schema.children[1], joined.children[1], text);
    ck_assert_str_eq(text, "RED GREEN BLUE: 2 0 2 0 2 1");
    pln__array_release(&joined);
    pln__array_release(&parts[0].array);
    pln__array_release(&parts[1].array);
    pln__schema_release(&schema);
}
END_TEST

START_TEST(a_file_without_the_column_has_the_symbols) {
    struct ArrowSchema schema;
    char text[400];
    pln__decoded out;
    avro(TWO, &schema);
    pln__decoder *decoder = open_reader(&pln__csv_decoder, pln__system_allocator(), &schema);
    read_rows(&pln__csv_decoder, decoder, "id,color\n1,RED\n2,BLUE\n", INT32_MAX, &out);
    pln__csv_decoder.close(decoder);
    show_indices(schema.children[2], out.array.children[2], text);
    ck_assert_str_eq(text, "RED GREEN BLUE: ~ ~");
    ck_assert_int_eq(pln__array_validate(&schema, &out.array, PLN__VALIDATE_FULL, NULL), PLN_OK);
    pln__array_release(&out.array);
    pln__schema_release(&schema);
}
END_TEST

START_TEST(fields_of_csv) {
    struct ArrowSchema schema;
    static const char text[] = "id,color,other\n"
                               "1,red,\n2, RED,\n3,,\n4,\"\",\n5,RED ,\n6,\"RE\"\"D\",\n7,\xFF,\n"
                               "8,\"RED\",\"GREEN\"\n9,RED,REDDER\n";
    avro(TWO, &schema);
    drive d = drive_new(&usual, &schema);
    for (d.block = 0; d.block < 40; d.block += 3) {
        ck_assert_str_eq(drive_run(&d, text, (int64_t)strlen(text)),
                         "!1 15 6 1: expected one of RED, GREEN, BLUE, got 'red'\n"
                         "!2 22 7 1: expected one of RED, GREEN, BLUE, got ' RED'\n"
                         "!3 30 3 1: null in a required column, expected dictionary<utf8>\n"
                         "!4 34 5 1: expected one of RED, GREEN, BLUE, got ''\n"
                         "!5 40 7 1: expected one of RED, GREEN, BLUE, got 'RED '\n"
                         "!6 48 10 1: expected one of RED, GREEN, BLUE, got 'RE\"D'\n"
                         "!7 59 4 1: expected one of RED, GREEN, BLUE, got '\\xFF'\n"
                         "8|RED|GREEN\n"
                         "!9 80 12 2: expected one of RED, GREEN, BLUE, got 'REDDER'\n");
        pln__text_free(&d.text);
    }
    pln__schema_release(&schema);
}
END_TEST

/* ---- more symbols than a message holds ---- */

static void many(int n, const char *name, struct ArrowSchema *out) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"c\",\"type\":"
                         "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[");
    for (int i = 0; i < n; i++)
        pln__text_printf(&text, "%s\"%s%d\"", i > 0 ? "," : "", name, i);
    pln__text_str(&text, "]}}]}");
    avro(text.data, out);
    pln__text_free(&text);
}

START_TEST(of_many_symbols_the_nearest_is_named) {
    static const struct {
        const char *value, *message;
    } cases[] = {
        {"country_17x", "expected one of 300 symbols, got 'country_17x' (did you mean 'country_17'?)"},
        {"Country_170", "expected one of 300 symbols, got 'Country_170' (did you mean 'country_170'?)"},
        {"what", "expected one of 300 symbols, got 'what'"},
        {"", "expected one of 300 symbols, got ''"},
        {"country_11111111111111111111111111111111111111111",
         "expected one of 300 symbols, got 'country_1111111111111111111111111111111111111111'…"},
    };
    struct ArrowSchema schema;
    char csv[200], json[200], expected[400];
    many(300, "country_", &schema);
    static const char *const none[] = {NULL};
    usual.nulls = none;
    usual.skip_blank = false;
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        snprintf(csv, sizeof csv, "c\n%s\n", cases[i].value);
        snprintf(expected, sizeof expected, "!1 2 %d 0: %s\n", (int)strlen(cases[i].value),
                 cases[i].message);
        drive d = drive_new(&usual, &schema);
        ck_assert_str_eq(drive_run(&d, csv, (int64_t)strlen(csv)), expected);
        pln__text_free(&d.text);
        json_way way = {.cpu = pln__cpu_features()};
        int n = snprintf(json, sizeof json, "{\"c\":\"%s\"}", cases[i].value);
        snprintf(expected, sizeof expected, "0! 0+%d PLN_EDATA 0 member 'c': %s\n", n,
                 cases[i].message);
        char *got = json_transcript(&schema, json, n, &way);
        ck_assert_str_eq(got, expected);
        free(got);
    }
    pln__schema_release(&schema);
}
END_TEST

/* A large enum that thousands of columns have is read once for all of them. */
START_TEST(an_enum_used_often_is_kept_once) {
    enum { COLUMNS = 500, SYMBOLS = 2000 };
    struct ArrowSchema one, schema;
    fail_alloc f;
    pln__decoder *decoder;
    pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
    many(SYMBOLS, "symbol_", &one);
    ck_assert_int_eq(
        pln__field_new(pln__system_allocator(), "+s", "", false, COLUMNS, &schema, NULL), PLN_OK);
    for (int i = 0; i < COLUMNS; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        ck_assert_int_eq(pln__field_copy(pln__system_allocator(), one.children[0], name,
                                         schema.children[i], NULL),
                         PLN_OK);
    }
    const pln__decoder_table *tables[] = {&pln__csv_decoder, &pln__json_decoder};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(tables[i]->open(fail_alloc_init(&f, -1), NULL, &options, &decoder, NULL),
                         PLN_OK);
        ck_assert_int_lt(fail_alloc_live(&f), COLUMNS * 2000 + SYMBOLS * 200);
        tables[i]->close(decoder);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
    }
    pln__schema_release(&schema);
    pln__schema_release(&one);
}
END_TEST

/* ---- lists of symbols that programs write ---- */

static void make_enum(const char *format, const char *values, const char *list,
                      struct ArrowSchema *out) {
    const pln_allocator *mem = pln__system_allocator();
    struct ArrowSchema texts;
    ck_assert_int_eq(pln__field_new(mem, "+s", "", false, 1, out, NULL), PLN_OK);
    ck_assert_int_eq(pln__field_new(mem, format, "c", true, 0, out->children[0], NULL), PLN_OK);
    if (list != NULL)
        ck_assert_int_eq(pln__field_set_metadata(out->children[0], "pln.symbols", list, NULL),
                         PLN_OK);
    if (values == NULL)
        return;
    ck_assert_int_eq(pln__field_new(mem, values, "", true, 0, &texts, NULL), PLN_OK);
    pln__field_set_dictionary(out->children[0], &texts);
}

static const struct {
    const char *list, *message;
} lists[] = {
    {"[\"a\"]", NULL},
    {" [ \"a\" , \"b\\u00e9 \\\"\" ]\t", NULL},
    {"[]", "column c: the metadata pln.symbols names no symbol"},
    {"", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"a,b", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"\"a\"", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"{\"a\": 1}", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\", 1]", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\", [\"b\"]]", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\",]", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\"", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\"] x", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\xFF\"]", "column c: the metadata pln.symbols is no JSON list of texts"},
    {"[\"a\",\"b\",\"\\u0061\"]", "column c: the symbol 'a' stands twice in pln.symbols"},
};

START_TEST(lists_are_checked) {
    const pln__decoder_table *tables[] = {&pln__csv_decoder, &pln__json_decoder};
    struct ArrowSchema schema;
    make_enum("i", "u", lists[_i].list, &schema);
    for (int i = 0; i < 2; i++) {
        pln_error err = {0};
        pln__decoder *decoder;
        pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
        pln_status status =
            tables[i]->open(pln__system_allocator(), NULL, &options, &decoder, &err);
        ck_assert_str_eq(err.message, lists[_i].message == NULL ? "" : lists[_i].message);
        ck_assert_int_eq(status, lists[_i].message == NULL ? PLN_OK : PLN_ESYNTAX);
        if (status == PLN_OK)
            tables[i]->close(decoder);
    }
    pln__schema_release(&schema);
}
END_TEST

START_TEST(an_index_type_counts_so_far) {
    static const struct {
        const char *format;
        int fits;
    } cases[] = {{"c", 128}, {"C", 256}, {"s", 32768}, {"S", 65536}, {"l", 65536}};
    struct ArrowSchema one, schema;
    for (int i = 0; i < PLN__COUNT(cases); i++)
        for (int over = 0; over < 2; over++) {
            pln_error err = {0};
            pln__decoder *decoder;
            pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
            int n = cases[i].fits + over;
            if (n > 65536)
                continue;
            many(n, "s", &one);
            int32_t size;
            const char *list = pln__field_metadata(one.children[0], "pln.symbols", &size);
            char *copy = strndup(list, (size_t)size);
            make_enum(cases[i].format, "u", copy, &schema);
            free(copy);
            pln_status status =
                pln__csv_decoder.open(pln__system_allocator(), NULL, &options, &decoder, &err);
            ck_assert_int_eq(status, over ? PLN_ELIMIT : PLN_OK);
            if (!over)
                pln__csv_decoder.close(decoder);
            else
                ck_assert_ptr_nonnull(strstr(err.message, "column c: "));
            pln__schema_release(&one);
            pln__schema_release(&schema);
        }
}
END_TEST

/* The metadata means something on a dictionary of utf8 alone; without it a dictionary takes any word. */
START_TEST(other_columns_are_free) {
    static const struct {
        const char *format, *values, *list;
    } cases[] = {{"u", NULL, "[\"a\"]"}, {"i", "u", NULL}};
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        struct ArrowSchema schema;
        make_enum(cases[i].format, cases[i].values, cases[i].list, &schema);
        drive d = drive_new(&usual, &schema);
        ck_assert_str_eq(drive_run(&d, "c\na\nb\n", 6), "a\nb\n");
        pln__text_free(&d.text);
        pln__schema_release(&schema);
    }
}
END_TEST

/* ---- nesting and memory ---- */

#define NESTED                                                                                     \
    RECORD("{\"name\":\"c\",\"type\":" COLOR "},"                                                  \
           "{\"name\":\"s\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"t\",\"fields\":["   \
           "{\"name\":\"c\",\"type\":\"color\"}]}]},"                                              \
           "{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"color\"]}},"        \
           "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"color\"}},"                    \
           "{\"name\":\"u\",\"type\":[\"null\",\"color\",\"long\"]}")

START_TEST(below_structs_lists_maps_and_unions) {
    static const char text[] =
        "{\"c\":\"BLUE\",\"s\":{\"c\":\"GREEN\"},\"l\":[\"BLUE\",null,\"RED\"],\"m\":{\"a\":"
        "\"GREEN\"},"
        "\"u\":{\"color\":\"BLUE\"}}\n"
        "{\"c\":\"RED\",\"s\":null,\"l\":[],\"m\":{},\"u\":null}\n"
        "{\"c\":\"RED\",\"s\":{\"c\":\"PINK\"},\"l\":[],\"m\":{},\"u\":null}\n"
        "{\"c\":\"RED\",\"s\":null,\"l\":[\"PINK\"],\"m\":{},\"u\":null}\n"
        "{\"c\":\"RED\",\"s\":null,\"l\":[],\"m\":{\"a\":\"PINK\"},\"u\":null}\n"
        "{\"c\":\"RED\",\"s\":null,\"l\":[],\"m\":{},\"u\":{\"color\":\"PINK\"}}\n";
    static const char *const paths[] = {"s.c", "l[]", "m{}", "u.color"};
    struct ArrowSchema schema;
    char shown[400], message[100];
    pln__decoded out;
    pln_error err = {0};
    avro(NESTED, &schema);
    pln__decoder *decoder = open_reader(&pln__json_decoder, pln__system_allocator(), &schema);
    read_rows(&pln__json_decoder, decoder, text, INT32_MAX, &out);
    ck_assert_int_eq(out.n_bad, 4);
    for (int i = 0; i < 4; i++) {
        snprintf(message, sizeof message,
                 "member '%s': expected one of RED, GREEN, BLUE, got 'PINK'", paths[i]);
        ck_assert_str_eq(out.bad[i].message, message);
        ck_assert_int_eq(out.bad[i].column, i + 1);
    }
    pln__json_decoder.close(decoder);
    ck_assert_int_eq(pln__array_validate(&schema, &out.array, PLN__VALIDATE_FULL, &err), PLN_OK);
    struct ArrowArray **c = out.array.children;
    struct ArrowSchema **s = schema.children;
    const struct ArrowArray *arrays[] = {c[0], c[1]->children[0], c[2]->children[0],
                                         c[3]->children[0]->children[1], c[4]->children[1]};
    const struct ArrowSchema *fields[] = {s[0], s[1]->children[0], s[2]->children[0],
                                          s[3]->children[0]->children[1], s[4]->children[1]};
    static const char *const expected[] = {"RED GREEN BLUE: 2 0", "RED GREEN BLUE: 1 ~",
                                           "RED GREEN BLUE: 2 ~ 0", "RED GREEN BLUE: 1",
                                           "RED GREEN BLUE: 2"};
    for (int i = 0; i < PLN__COUNT(expected); i++) {
        show_indices(fields[i], arrays[i], shown);
        ck_assert_str_eq(shown, expected[i]);
    }
    pln__array_release(&out.array);
    pln__schema_release(&schema);
}
END_TEST

START_TEST(memory_fails_at_every_n) {
    struct ArrowSchema schema;
    bool failed = true;
    avro(TWO, &schema);
    size_t size = strlen(readers[_i].text);
    uint8_t *block = calloc(1, size + PLN__PADDING);
    memcpy(block, readers[_i].text, size);
    for (int64_t n = 0; failed; n++) {
        fail_alloc f;
        pln_error err = {0};
        pln__decoded out = {0};
        pln__decoder *decoder = NULL;
        const pln__decoder_table *table = readers[_i].table;
        pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
        pln_status status = table->open(fail_alloc_init(&f, n), NULL, &options, &decoder, &err);
        if (status == PLN_OK)
            status = table->begin(decoder, true, NULL, 0, &err);
        if (status == PLN_OK)
            status = table->decode(decoder, block, (int64_t)size, true, INT32_MAX, &out, &err);
        failed = f.failed;
        if (status == PLN_OK)
            ck_assert_int_eq(out.rows, 4);
        else
            ck_assert_int_eq(status, PLN_ENOMEM);
        if (decoder != NULL)
            table->close(decoder);
        pln__array_release(&out.array);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_lt(n, 1000);
    }
    free(block);
    pln__schema_release(&schema);
}
END_TEST

Suite *suite_format_symbols(void);
Suite *suite_format_symbols(void) {
    Suite *suite = suite_create("format/symbols");
    TCase *one = tcase_create("symbols");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_set_timeout(one, 60);
    tcase_add_loop_test(one, indices_are_those_of_the_schema, 0, PLN__COUNT(readers));
    tcase_add_loop_test(one, joined_batches_keep_the_indices, 0, PLN__COUNT(readers));
    tcase_add_test(one, a_file_without_the_column_has_the_symbols);
    tcase_add_test(one, fields_of_csv);
    tcase_add_test(one, of_many_symbols_the_nearest_is_named);
    tcase_add_test(one, an_enum_used_often_is_kept_once);
    tcase_add_loop_test(one, lists_are_checked, 0, PLN__COUNT(lists));
    tcase_add_test(one, an_index_type_counts_so_far);
    tcase_add_test(one, other_columns_are_free);
    tcase_add_test(one, below_structs_lists_maps_and_unions);
    tcase_add_loop_test(one, memory_fails_at_every_n, 0, PLN__COUNT(readers));
    suite_add_tcase(suite, one);
    return suite;
}

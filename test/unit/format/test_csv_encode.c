/* What is written reads back as the same values; what cannot be, is refused by name. */
#define _POSIX_C_SOURCE 200809L
#include "csv_help.h"
#include "fail_alloc.h"
#include <math.h>
#include <pln/builder.h>

static pln__csv_dialect usual;

static void set_up(void) {
    pln__csv_dialect_default(&usual);
}

static int64_t in_range(uint64_t *seed, int64_t low, int64_t high) {
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    return (int64_t)((uint64_t)low + (span == 0 ? next_random(seed) : next_random(seed) % span));
}

static int64_t nasty_text(uint64_t *seed, char *out, int64_t max) {
    static const char *const pieces[] = {"a",
                                         "b c",
                                         ",",
                                         ";",
                                         "\t",
                                         "|",
                                         "\n",
                                         "\r",
                                         "\r\n",
                                         "\"",
                                         "'",
                                         "\\",
                                         "#",
                                         " ",
                                         "NA",
                                         "\xC3\xA9",
                                         "\xF0\x9F\x98\x80",
                                         "\xEF\xBB\xBF",
                                         "=1",
                                         "-",
                                         "twenty-four characters.",
                                         "1",
                                         ""};
    int64_t size = 0;
    for (int64_t n = (int64_t)(next_random(seed) % 5); n > 0; n--) {
        const char *piece = pieces[next_random(seed) % PLN__COUNT(pieces)];
        if (size + (int64_t)strlen(piece) > max)
            break;
        memcpy(out + size, piece, strlen(piece));
        size += (int64_t)strlen(piece);
    }
    return size;
}

static void put_random(pln__column *c, uint64_t *seed) {
    static const int64_t low[] = {INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN, 0, 0, 0, 0};
    static const int64_t high[] = {INT8_MAX,  INT16_MAX,  INT32_MAX,  INT64_MAX,
                                   UINT8_MAX, UINT16_MAX, UINT32_MAX, INT64_MAX};
    static const int64_t per[] = {1, 1000, 1000000, 1000000000};
    pln_error err = {0};
    pln_status status;
    char text[64];
    uint64_t bits = next_random(seed);
    int32_t id = c->type.id;
    double real;
    if (c->type.nullable && bits % 5 == 0) {
        status = pln_column_null(c, &err);
    } else if (id == PLN__BOOL) {
        status = pln_column_int(c, bits >> 8 & 1, &err);
    } else if (id == PLN__UINT64) {
        status = pln_column_uint(c, next_random(seed), &err);
    } else if (pln__type_is_integer(id)) {
        status = pln_column_int(c,
                                bits % 7 == 0 ? low[id - PLN__INT8]
                                : bits % 7 == 1
                                    ? high[id - PLN__INT8]
                                    : in_range(seed, low[id - PLN__INT8], high[id - PLN__INT8]),
                                &err);
    } else if (id == PLN__FLOAT64 || id == PLN__FLOAT32) {
        uint64_t pattern = next_random(seed);
        memcpy(&real, &pattern, 8);
        real = bits % 9 == 0   ? (double)INFINITY
               : bits % 9 == 1 ? (double)NAN
               : bits % 9 == 2 ? -0.0
                               : real;
        status = pln_column_float(c, id == PLN__FLOAT32 ? (double)(float)real : real, &err);
    } else if (id == PLN__DECIMAL128) {
        snprintf(text, sizeof text, "%lld.%02d", (long long)in_range(seed, -99999999, 99999999),
                 (int)(bits % 100));
        status = pln_column_text(c, text, -1, &err);
    } else if (id == PLN__DATE32) {
        status = pln_column_int(c, in_range(seed, -719162, 2932896), &err);
    } else if (id == PLN__TIME32 || id == PLN__TIME64) {
        status = pln_column_int(c, in_range(seed, 0, 86400 * per[c->type.unit] - 1), &err);
    } else if (id == PLN__TIMESTAMP) {
        int64_t seconds = c->type.unit == PLN__NANO ? 9223372036 : 62135596800;
        int64_t value = in_range(seed, -seconds * per[c->type.unit], seconds * per[c->type.unit]);
        status = pln_column_int(
            c, bits % 3 == 0 ? value / per[c->type.unit] * per[c->type.unit] : value, &err);
    } else if (id == PLN__FIXED) {
        status = pln_column_bytes(c, "q\",\n" + bits % 2, 3, &err);
    } else if (id == PLN__BINARY) {
        status = pln_column_bytes(c, text, nasty_text(seed, text, sizeof text), &err);
    } else {
        status = pln_column_text(c, text, nasty_text(seed, text, sizeof text), &err);
    }
    ck_assert_msg(status == PLN_OK, "%s", err.message);
}

static void random_batch(const struct ArrowSchema *schema, int64_t rows, uint64_t *seed,
                         struct ArrowArray *out) {
    const pln_allocator *mem = pln__system_allocator();
    struct ArrowArray *arrays = calloc((size_t)schema->n_children, sizeof *arrays);
    for (int64_t i = 0; i < schema->n_children; i++) {
        pln__column column;
        pln_error err = {0};
        ck_assert_int_eq(pln__column_init(mem, schema->children[i], &column, &err), PLN_OK);
        for (int64_t row = 0; row < rows; row++)
            put_random(&column, seed);
        ck_assert_int_eq(pln__column_finish(&column, &arrays[i], &err), PLN_OK);
        pln__column_free(&column);
    }
    ck_assert_int_eq(pln__array_struct(mem, rows, arrays, schema->n_children, out, NULL), PLN_OK);
    free(arrays);
}

static pln_status encode(const pln_allocator *mem, const pln__csv_dialect *dialect,
                         const struct ArrowSchema *schema, const struct ArrowArray *rows,
                         pln__buffer *out, pln_error *err) {
    pln__encoder *encoder;
    pln_status status = pln__csv_encoder.open(mem, dialect, schema, &encoder, err);
    if (status < 0)
        return status;
    status = pln__csv_encoder.begin(encoder, out, err);
    if (status == PLN_OK)
        status = pln__csv_encoder.encode(encoder, rows, out, err);
    pln__csv_encoder.close(encoder);
    return status;
}

static void decode(const pln__csv_dialect *dialect, const struct ArrowSchema *schema,
                   pln__buffer *text, struct ArrowArray *out) {
    const pln_allocator *mem = pln__system_allocator();
    pln__decode_options options = {.schema = schema, .cpu = pln__cpu_features()};
    pln__decoder *decoder;
    pln__decoded got;
    pln_error err = {0};
    ck_assert_int_eq(pln__buffer_reserve(mem, text, PLN__PADDING, NULL), PLN_OK);
    ck_assert_int_eq(pln__csv_decoder.open(mem, dialect, &options, &decoder, &err), PLN_OK);
    ck_assert_int_eq(pln__csv_decoder.begin(decoder, true, NULL, 0, &err), PLN_OK);
    pln_status status =
        pln__csv_decoder.decode(decoder, text->data, text->size, true, INT32_MAX, &got, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    ck_assert_msg(got.n_bad == 0, "column %d: %s: %.*s", got.bad[0].column, got.bad[0].message,
                  (int)got.bad[0].size, text->data + got.bad[0].start);
    ck_assert_int_eq(got.consumed, text->size);
    *out = got.array;
    pln__csv_decoder.close(decoder);
}

static void check_equal(const struct ArrowSchema *schema, const struct ArrowArray *a,
                        const struct ArrowArray *b, const pln__buffer *text) {
    ck_assert_int_eq(a->length, b->length);
    for (int64_t i = 0; i < schema->n_children; i++)
        for (int64_t row = 0; row < a->length; row++) {
            struct ArrowArray left = *a->children[i], right = *b->children[i];
            left.offset += a->offset;
            ck_assert_msg(pln__array_compare(schema->children[i], &left, row, &right, row) == 0,
                          "column %s, row %lld of\n%.*s", schema->children[i]->name, (long long)row,
                          (int)text->size, text->data);
        }
}

static void random_dialect(uint64_t *seed, pln__csv_dialect *dialect, const char **nulls) {
    uint64_t bits = next_random(seed);
    *dialect = usual;
    dialect->delimiter = ",;\t|"[bits & 3];
    dialect->quote = "\"\"\"'"[bits >> 2 & 3];
    dialect->escape = (bits >> 4 & 3) == 0 ? '\\' : '\0';
    dialect->comment = (bits >> 6 & 3) == 0 ? '#' : '\0';
    dialect->header = bits >> 8 & 1;
    dialect->trim = (bits >> 9 & 3) == 0;
    dialect->quoting = (int32_t)(bits >> 11 & 0xFF) % 3;
    dialect->newline = bits >> 20 & 1 ? "\r\n" : "\n";
    if (bits >> 21 & 1) {
        static const char *const tokens[] = {"NA", "\\N", "-", "1", "nan", "true"};
        dialect->nulls = nulls;
        nulls[0] = dialect->null_text = tokens[(bits >> 22 & 0xFF) % 6];
        if (dialect->escape != '\0' && strchr(dialect->null_text, dialect->escape) != NULL)
            nulls[0] = dialect->null_text = "NULL";
        nulls[1] = bits >> 30 & 1 ? "" : NULL;
        nulls[2] = NULL;
    }
}

START_TEST(round_trip) {
    uint64_t seed = 0x9E3779B97F4A7C15u + (uint64_t)_i;
    struct ArrowSchema schema;
    make_schema(
        "b:b c:c C:C s:s S:S i:i I:I l:l L:L f:f g:g u:u u2:u! z:z w:w:3 d:d:10,2 e:d:38,20 td:tdD "
        "t1:tts "
        "t2:ttm t3:ttu t4:ttn s1:tss: s2:tsm:UTC s3:tsu:UTC s4:tsn:UTC s5:tsu: D:D:u,\"'x:l!",
        &schema);
    for (int i = 0; i < 60; i++) {
        const char *nulls[3];
        pln__csv_dialect dialect;
        random_dialect(&seed, &dialect, nulls);
        struct ArrowArray batch, part, back;
        pln__buffer text = {0};
        pln_error err = {0};
        random_batch(&schema, 20, &seed, &batch);
        int64_t from = (int64_t)(next_random(&seed) % 10);
        part = batch;
        part.offset = from;
        part.length = 20 - from;
        pln_status status = encode(pln__system_allocator(), &dialect, &schema, &part, &text, &err);
        ck_assert_msg(status == PLN_OK, "%s", err.message);
        decode(&dialect, &schema, &text, &back);
        check_equal(&schema, &part, &back, &text);
        back.release(&back);
        batch.release(&batch);
        pln__buffer_free(pln__system_allocator(), &text);
    }
    pln__schema_release(&schema);
}
END_TEST

/* The text of `rows` of one utf8 column a and an int64 column b; a NULL text is null. */
static char *written(const pln__csv_dialect *dialect, const char *spec, const char *const *texts,
                     pln_status *status) {
    const pln_allocator *mem = pln__system_allocator();
    struct ArrowSchema schema;
    struct ArrowArray arrays[1], batch;
    pln__column column;
    pln__buffer text = {0};
    pln_error err = {0};
    int64_t n = 0;
    make_schema(spec, &schema);
    ck_assert_int_eq(pln__column_init(mem, schema.children[0], &column, NULL), PLN_OK);
    for (; texts[n] != NULL; n++)
        ck_assert_int_eq(strcmp(texts[n], "~") == 0 ? pln_column_null(&column, NULL)
                         : column.type.id == PLN__BINARY
                             ? pln_column_bytes(&column, texts[n], (int64_t)strlen(texts[n]), NULL)
                             : pln_column_text(&column, texts[n], -1, NULL),
                         PLN_OK);
    ck_assert_int_eq(pln__column_finish(&column, &arrays[0], NULL), PLN_OK);
    pln__column_free(&column);
    ck_assert_int_eq(pln__array_struct(mem, n, arrays, 1, &batch, NULL), PLN_OK);
    *status = encode(mem, dialect, &schema, &batch, &text, &err);
    char *out = *status == PLN_OK
                    ? strndup(text.size > 0 ? (const char *)text.data : "", (size_t)text.size)
                    : strdup(err.message);
    pln__buffer_free(mem, &text);
    batch.release(&batch);
    pln__schema_release(&schema);
    return out;
}

#define ck_writes(dialect, spec, code, expected, ...)                                              \
    do {                                                                                           \
        pln_status status_;                                                                        \
        char *got_ = written(dialect, spec, (const char *const[]){__VA_ARGS__, NULL}, &status_);   \
        ck_assert_str_eq(got_, expected);                                                          \
        ck_assert_int_eq(status_, code);                                                           \
        free(got_);                                                                                \
    } while (0)

START_TEST(layout_of_text) {
    usual.null_text = "NA";
    ck_writes(&usual, "a:u", PLN_OK, "a\nx\n\"x,y\"\n\"x\"\"y\"\n\"x\ny\"\nNA\n\"NA\"\n\"\"\n x\n",
              "x", "x,y", "x\"y", "x\ny", "~", "NA", "", " x");
    usual.newline = "\r\n";
    usual.quoting = PLN__CSV_QUOTE_ALL;
    ck_writes(&usual, "a:l", PLN_OK, "\"a\"\r\n\"1\"\r\nNA\r\n", "1", "~");
    usual.quoting = PLN__CSV_QUOTE_TEXT;
    ck_writes(&usual, "a:l", PLN_OK, "\"a\"\r\n1\r\nNA\r\n", "1", "~");
    ck_writes(&usual, "a:tdD", PLN_OK, "\"a\"\r\n\"2013-01-31\"\r\nNA\r\n", "2013-01-31", "~");
    usual.header = false;
    usual.quoting = PLN__CSV_QUOTE_MINIMAL;
    ck_writes(&usual, "a:tsu:UTC", PLN_OK, "2013-01-31T06:00:00Z\r\n2013-01-31T06:00:00.25Z\r\n",
              "2013-01-31T06:00:00Z", "2013-01-31T06:00:00.250Z");
    ck_writes(&usual, "a:d:10,2", PLN_OK, "1.50\r\n-0.01\r\n", "1.5", "-0.01");
    ck_writes(&usual, "a:g", PLN_OK, "0.1\r\n1e+300\r\n-0\r\n3\r\n", "0.1", "1e300", "-0", "3.0");
    usual.escape = '\\';
    ck_writes(&usual, "a:u", PLN_OK, "\"\\\"\"\r\n\"\\\\\"\r\n", "\"", "\\");
}
END_TEST

START_TEST(formulas_are_guarded) {
    usual.header = false;
    ck_writes(&usual, "a:u", PLN_OK, "=1\n", "=1");
    usual.formula_guard = true;
    ck_writes(&usual, "a:u", PLN_OK, "'=1\n'+x\n'-x\n'@x\n'\tx\n\"'\rx\"\nx=\n", "=1", "+x", "-x",
              "@x", "\tx", "\rx", "x=");
    ck_writes(&usual, "a:l", PLN_OK, "-1\n", "-1");
}
END_TEST

START_TEST(refusals) {
    usual.header = false;
    ck_writes(&usual, "a:u", PLN_EDATA,
              "row 1, column a: null in the only column would be a blank line, give a null_text",
              "x", "~");
    ck_writes(&usual, "a:z", PLN_EDATA,
              "row 0, column a: the bytes are no UTF-8 text, and CSV holds text only", "\xFF");
    ck_writes(&usual, "a:+s", PLN_EUNSUPPORTED, "column a: CSV cannot hold struct<>", NULL);
    usual.quote = '\0';
    ck_writes(&usual, "a:u", PLN_EDATA,
              "row 0, column a: 'x,y' needs quotes, and there is no quote character", "x,y");
    usual.quote = '"';
    usual.quoted_null = true;
    ck_writes(&usual, "a:u", PLN_EDATA, "row 0, column a: '' would read back as null", "");
    usual.null_text = "a,b";
    ck_writes(&usual, "a:u", PLN_EOPTION, "null_text 'a,b': has a character that must be quoted",
              "x");
    usual.null_text = NULL;
    usual.newline = "\r";
    ck_writes(&usual, "a:u", PLN_EOPTION, "newline '\\x0D': must be LF or CR LF", "x");
}
END_TEST

START_TEST(memory_fails_at_every_n) {
    struct ArrowSchema schema;
    struct ArrowArray batch;
    uint64_t seed = 3;
    make_schema("a:u b:l c:D:u d:tsu:UTC", &schema);
    random_batch(&schema, 10, &seed, &batch);
    const char *nulls[] = {"x", "y", NULL};
    usual.nulls = nulls;
    usual.formula_guard = true;
    bool failed = true;
    for (int64_t n = 0; failed; n++) {
        fail_alloc f;
        pln__buffer text = {0};
        const pln_allocator *mem = fail_alloc_init(&f, n);
        pln_status status = encode(mem, &usual, &schema, &batch, &text, NULL);
        failed = f.failed;
        ck_assert_int_eq(status, failed ? PLN_ENOMEM : PLN_OK);
        pln__buffer_free(mem, &text);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_lt(n, 1000);
    }
    batch.release(&batch);
    pln__schema_release(&schema);
}
END_TEST

Suite *suite_format_csv_encode(void);
Suite *suite_format_csv_encode(void) {
    Suite *suite = suite_create("format/csv_encode");
    TCase *one = tcase_create("csv_encode");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_set_timeout(one, 120);
    tcase_add_loop_test(one, round_trip, 0, 4);
    tcase_add_test(one, layout_of_text);
    tcase_add_test(one, formulas_are_guarded);
    tcase_add_test(one, refusals);
    tcase_add_test(one, memory_fails_at_every_n);
    suite_add_tcase(suite, one);
    return suite;
}

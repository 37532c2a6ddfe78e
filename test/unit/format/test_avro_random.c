/* Random schemas, readers and datums, against what was made without the library; every cut and many changed bytes; every failing allocation. */
#include "avro_rows.h"
#include "fail_alloc.h"
#include "random_avro.h"
#include <check.h>
#include <stdlib.h>

enum { SCHEMAS = 400, DATUMS = 6 };

static const pln_allocator *mem;
static pln_error err;

static char *dump(const json_t *value) {
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
}

typedef struct pair {
    avro_node *writer_node, *reader_node;
    pln__avro_schema *writer, *reader;
} pair;

static pair make_pair(rng *r) {
    pair p = {.writer_node = random_avro(r, 3)};
    p.reader_node = random_avro_reader(r, p.writer_node);
    char *writer = random_avro_text(p.writer_node), *reader = random_avro_text(p.reader_node);
    p.writer = avro_schema(writer);
    p.reader = avro_schema(reader);
    free(writer);
    free(reader);
    return p;
}

static void free_pair(pair *p) {
    pln__avro_schema_unref(p->writer);
    pln__avro_schema_unref(p->reader);
    random_avro_free(p->reader_node);
    random_avro_free(p->writer_node);
}

static void check_json(const pln__avro_schema *writer, const pln__avro_schema *reader,
                       const avro_datum *d, const json_t *expected) {
    pln__avro_resolution *resolution;
    pln__text text;
    int64_t used = 0;
    char *want = dump(expected);
    ck_assert_msg(pln__avro_resolve(mem, writer, reader, &resolution, &err) == PLN_OK, "%s",
                  err.message);
    pln__text_init(&text, mem);
    pln_status status = pln__avro_to_json(resolution, NULL, d->bytes, d->size, &used, &text, &err);
    ck_assert_msg(status == PLN_OK, "%s: %s", want, err.message);
    ck_assert_int_eq(used, d->size);
    ck_assert_msg(avro_json_equal(text.data, want), "%s, not %s", text.data, want);
    pln__text_free(&text);
    free(want);
    pln__avro_resolution_free(resolution);
}

static void check_back(const pln__avro_schema *writer, const avro_datum *d) {
    pln__buffer out = {0};
    char *text = dump(d->written);
    ck_assert_msg(pln__avro_from_json(mem, writer, text, -1, &out, &err) == PLN_OK, "%s: %s", text,
                  err.message);
    ck_assert_msg(out.size == d->size && memcmp(out.data, d->bytes, (size_t)d->size) == 0,
                  "%s gives other bytes", text);
    free(text);
    pln__buffer_free(mem, &out);
}

/* Rows of several datums, one behind the other. */
static void check_columns(const pln__avro_schema *writer, const pln__avro_schema *reader,
                          avro_datum *d, bool read) {
    struct ArrowSchema schema;
    struct ArrowArray rows;
    int64_t size = 0;
    for (int i = 0; i < DATUMS; i++)
        size += d[i].size;
    uint8_t *all = malloc((size_t)size + PLN__PADDING);
    size = 0;
    for (int i = 0; i < DATUMS; i++) {
        memcpy(all + size, d[i].bytes, (size_t)d[i].size);
        size += d[i].size;
    }
    memset(all + size, 0x99, PLN__PADDING);
    pln_status status = avro_read(writer, reader, all, size, &schema, &rows, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    /* Datums of no bytes at all: there is no telling how many. */
    for (int i = 0; i < DATUMS && size > 0; i++) {
        char *want = dump(read ? d[i].read : d[i].written);
        char *got = avro_row_json(reader, &schema, &rows, i);
        ck_assert_msg(avro_json_equal(got, want), "%s, not %s", got, want);
        free(got);
        free(want);
    }
    if (size > 0)
        ck_assert_int_eq(rows.length, DATUMS);
    pln__array_release(&rows);
    pln__schema_release(&schema);
    free(all);
}

static void check_encode(const pln__avro_schema *writer, const avro_datum *d) {
    struct ArrowSchema schema;
    struct ArrowArray rows;
    pln__avro_encoder *encoder;
    pln__buffer out = {0};
    int64_t end = 0;
    pln__avro_output output = {.rows = &rows, .n = 1, .ends = &end};
    ck_assert_int_eq(avro_read(writer, NULL, d->bytes, d->size, &schema, &rows, &err), PLN_OK);
    ck_assert_msg(pln__avro_encoder_new(mem, writer, &schema, &encoder, &err) == PLN_OK, "%s",
                  err.message);
    ck_assert_msg(pln__avro_encode(encoder, &output, &out, &err) == PLN_OK, "%s", err.message);
    ck_assert_int_eq(end, out.size);
    ck_assert_int_eq(out.size, d->size);
    ck_assert(d->size == 0 || memcmp(out.data, d->bytes, (size_t)d->size) == 0);
    pln__avro_encoder_free(encoder);
    pln__buffer_free(mem, &out);
    pln__array_release(&rows);
    pln__schema_release(&schema);
}

START_TEST(random_pairs) {
    rng r = {7};
    for (int i = 0; i < SCHEMAS; i++) {
        pair p = make_pair(&r);
        avro_datum d[DATUMS];
        bool blocks = i % 2 == 1;
        for (int k = 0; k < DATUMS; k++) {
            random_avro_datum(&r, p.writer_node, p.reader_node, blocks, &d[k]);
            check_json(p.writer, p.writer, &d[k], d[k].written);
            check_json(p.writer, p.reader, &d[k], d[k].read);
            if (!blocks) {
                check_back(p.writer, &d[k]);
                check_encode(p.writer, &d[k]);
            }
        }
        check_columns(p.writer, p.writer, d, false);
        check_columns(p.writer, p.reader, d, true);
        for (int k = 0; k < DATUMS; k++)
            random_avro_datum_free(&d[k]);
        free_pair(&p);
    }
}
END_TEST

/* Where decoders go on after a bad datum: the rows before it stay, and the same decoder reads the good one again. */
static void check_damaged(pln__avro_decoder *decoder, const pln__avro_schema *reader,
                          const avro_datum *good, const uint8_t *bytes, int64_t size) {
    struct ArrowArray rows;
    pln__avro_input in = {.bytes = good->bytes, .size = good->size, .rows = 1};
    ck_assert_int_eq(pln__avro_decode(decoder, &in, &err), PLN_OK);
    in = (pln__avro_input){.bytes = bytes, .size = size, .rows = 1};
    err.message[0] = '\0';
    pln_status status = pln__avro_decode(decoder, &in, &err);
    int64_t more = in.rows;
    ck_assert(status == PLN_OK || (status == PLN_EDATA && more == 0 && in.used == 0));
    ck_assert(status == PLN_OK || strstr(err.message, "offset") != NULL);
    in = (pln__avro_input){.bytes = good->bytes, .size = good->size, .rows = 1};
    ck_assert_int_eq(pln__avro_decode(decoder, &in, &err), PLN_OK);
    ck_assert_int_eq(pln__avro_decoder_take(decoder, &rows, &err), PLN_OK);
    ck_assert_int_eq(rows.length, 2 + more);
    const struct ArrowSchema *schema = pln__avro_decoder_schema(decoder);
    ck_assert_msg(pln__array_validate(schema, &rows, PLN__VALIDATE_FULL, &err) == PLN_OK, "%s",
                  err.message);
    char *first = avro_row_json(reader, schema, &rows, 0);
    char *last = avro_row_json(reader, schema, &rows, 1 + more);
    ck_assert_str_eq(first, last);
    free(first);
    free(last);
    rows.release(&rows);
}

START_TEST(damaged_datums) {
    rng r = {11};
    for (int i = 0; i < SCHEMAS / 4; i++) {
        pair p = make_pair(&r);
        avro_datum d;
        pln__avro_decoder *decoder;
        random_avro_datum(&r, p.writer_node, p.reader_node, i % 2 == 1, &d);
        ck_assert_int_eq(pln__avro_decoder_new(mem, p.writer, p.reader, NULL, &decoder, &err),
                         PLN_OK);
        for (int64_t n = 0; n < d.size && d.size > 0; n++) {
            uint8_t *cut = avro_padded(d.bytes, n);
            check_damaged(decoder, p.reader, &d, cut, n);
            free(cut);
            uint8_t *changed = avro_padded(d.bytes, d.size);
            changed[n] = (uint8_t)rng_next(&r);
            check_damaged(decoder, p.reader, &d, changed, d.size);
            free(changed);
        }
        pln__avro_decoder_free(decoder);
        random_avro_datum_free(&d);
        free_pair(&p);
    }
}
END_TEST

static pln_status everything(const pln_allocator *with, const pair *p, const avro_datum *d) {
    pln_status status = PLN_OK;
    pln__avro_decoder *decoder = NULL;
    pln__avro_encoder *encoder = NULL;
    pln__avro_resolution *resolution = NULL;
    struct ArrowArray rows = {0};
    pln__buffer out = {0}, again = {0};
    pln__text text;
    int64_t used = 0;
    pln__avro_input in = {.bytes = d->bytes, .size = d->size, .rows = 1};
    pln__avro_output output;
    pln__text_init(&text, with);
    PLN__TRY(pln__avro_decoder_new(with, p->writer, NULL, NULL, &decoder, &err));
    PLN__TRY(pln__avro_decode(decoder, &in, &err));
    PLN__TRY(pln__avro_decoder_take(decoder, &rows, &err));
    PLN__TRY(
        pln__avro_encoder_new(with, p->writer, pln__avro_decoder_schema(decoder), &encoder, &err));
    output = (pln__avro_output){.rows = &rows, .n = rows.length};
    PLN__TRY(pln__avro_encode(encoder, &output, &out, &err));
    PLN__TRY(pln__avro_resolve(with, p->writer, p->reader, &resolution, &err));
    PLN__TRY(pln__avro_to_json(resolution, NULL, d->bytes, d->size, &used, &text, &err));
    char *written = dump(d->written);
    status = pln__avro_from_json(with, p->writer, written, -1, &again, &err);
    free(written);
out:
    pln__array_release(&rows);
    pln__avro_decoder_free(decoder);
    pln__avro_encoder_free(encoder);
    pln__avro_resolution_free(resolution);
    pln__buffer_free(with, &out);
    pln__buffer_free(with, &again);
    pln__text_free(&text);
    return status;
}

START_TEST(allocations_fail) {
    rng r = {5};
    for (int i = 0; i < 6; i++) {
        pair p = make_pair(&r);
        avro_datum d;
        random_avro_datum(&r, p.writer_node, p.reader_node, false, &d);
        for (int64_t n = 0;; n++) {
            fail_alloc f;
            const pln_allocator *with = fail_alloc_init(&f, n);
            f.once = n % 2 == 1;
            pln_status status = everything(with, &p, &d);
            ck_assert_int_eq(fail_alloc_live(&f), 0);
            if (!f.failed) {
                ck_assert_msg(status == PLN_OK, "%s", err.message);
                break;
            }
            ck_assert_int_eq(status, PLN_ENOMEM);
        }
        random_avro_datum_free(&d);
        free_pair(&p);
    }
}
END_TEST

/* What an encoder makes of all rows that it can write. */
static void encode_all(const pln__avro_schema *avro, const struct ArrowSchema *schema,
                       const struct ArrowArray *rows, pln__buffer *out) {
    pln__avro_encoder *encoder;
    pln_status status = pln__avro_encoder_new(mem, avro, schema, &encoder, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    pln__avro_output output = {.rows = rows};
    for (int64_t at = 0; at < rows->length; at = output.bad_row + 1) {
        output.first = at;
        output.n = rows->length - at;
        status = pln__avro_encode(encoder, &output, out, &err);
        if (status == PLN_OK)
            break;
        /* Instants and times that another unit cannot say. */
        ck_assert_int_eq(status, PLN_EDATA);
        ck_assert_msg(strstr(err.message, "unit") != NULL || strstr(err.message, "UTF-8") != NULL,
                      "%s", err.message);
    }
    pln__avro_encoder_free(encoder);
}

/* Columns of every type: written, read and written again they are the same bytes. */
START_TEST(columns_come_back) {
    rng r = {3};
    int64_t written = 0;
    for (int i = 0; i < SCHEMAS; i++) {
        struct ArrowSchema schema, schema2;
        struct ArrowArray rows, rows2;
        pln__avro_schema *avro = NULL;
        pln__buffer once = {0}, twice = {0};
        random_schema(&r, 5, 3, &schema);
        random_array(&r, &schema, rng_below(&r, 40), RANDOM_OFFSETS, &rows);
        pln_status status = pln__avro_from_arrow(mem, &schema, "Row", &avro, &err);
        /* Unions of two lists, of two texts, or of nullable variants have none. */
        ck_assert_msg(status == PLN_OK || strstr(err.message, " union ") != NULL, "%s",
                      err.message);
        if (status == PLN_OK)
            encode_all(avro, &schema, &rows, &once);
        if (once.size > 0) {
            uint8_t *bytes = avro_padded(once.data, once.size);
            status = avro_read(avro, NULL, bytes, once.size, &schema2, &rows2, &err);
            ck_assert_msg(status == PLN_OK, "%s", err.message);
            written += rows2.length;
            encode_all(avro, &schema2, &rows2, &twice);
            ck_assert_int_eq(once.size, twice.size);
            ck_assert(memcmp(once.data, twice.data, (size_t)once.size) == 0);
            rows2.release(&rows2);
            schema2.release(&schema2);
            free(bytes);
        }
        pln__buffer_free(mem, &once);
        pln__buffer_free(mem, &twice);
        if (avro != NULL)
            pln__avro_schema_unref(avro);
        rows.release(&rows);
        schema.release(&schema);
    }
    ck_assert_int_gt(written, SCHEMAS);
}
END_TEST

Suite *suite_format_avro_random(void);
Suite *suite_format_avro_random(void) {
    Suite *suite = suite_create("format/avro_random");
    TCase *laws = tcase_create("laws");
    mem = pln__system_allocator();
    tcase_set_timeout(laws, 60);
    tcase_add_test(laws, random_pairs);
    tcase_add_test(laws, columns_come_back);
    tcase_add_test(laws, damaged_datums);
    tcase_add_test(laws, allocations_fail);
    suite_add_tcase(suite, laws);
    return suite;
}

#include "container_help.h"

/* The rows of make_file as an array. */
static struct ArrowArray make_rows(const struct ArrowSchema *schema, int64_t first, int64_t n) {
    pln__column column;
    struct ArrowArray out;
    ck_assert_int_eq(pln__column_init(mem, schema, &column, &err), PLN_OK);
    for (int64_t i = first; i < first + n; i++) {
        char text[40];
        int size = snprintf(text, sizeof text, "row number %lld", (long long)i);
        ck_assert_int_eq(pln_column_int(&column.children[0], i, &err), PLN_OK);
        ck_assert_int_eq(pln_column_text(&column.children[1], text, size, &err), PLN_OK);
        ck_assert_int_eq(pln_column_end(&column, &err), PLN_OK);
    }
    ck_assert_int_eq(pln__column_finish(&column, &out, &err), PLN_OK);
    pln__column_free(&column);
    return out;
}

typedef struct writer {
    pln__avro_write_dialect dialect;
    pln__avro_schema *avro;
    struct ArrowSchema columns;
    pln__encoder *encoder;
} writer;

static writer open_writer(int32_t codec, int64_t block_rows, int64_t block_bytes) {
    writer w = {.dialect = {.codec = codec, .block_rows = block_rows, .block_bytes = block_bytes}};
    memcpy(w.dialect.sync, SYNC, 16);
    ck_assert_int_eq(pln__avro_parse(mem, RECORD, -1, NULL, &w.avro, &err), PLN_OK);
    ck_assert_int_eq(pln__avro_to_arrow(mem, w.avro, &w.columns, &err), PLN_OK);
    w.dialect.schema = w.avro;
    return w;
}

static void start_writer(writer *w) {
    pln_status status =
        pln__avro_file_encoder.open(mem, &w->dialect, &w->columns, &w->encoder, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
}

static void close_writer(writer *w) {
    pln__avro_file_encoder.close(w->encoder);
    pln__schema_release(&w->columns);
    pln__avro_schema_unref(w->avro);
}

static void write_rows(writer *w, int64_t first, int64_t n, pln__buffer *out) {
    struct ArrowArray rows = make_rows(&w->columns, first, n);
    pln_status status = pln__avro_file_encoder.encode(w->encoder, &rows, out, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    pln__array_release(&rows);
}

/* Byte for byte the file by hand, but for the header, whose metadata are in another order. */
START_TEST(written_by_rows) {
    int64_t ends[6];
    for (int32_t codec = 0; codec < 3 + have_zstd(); codec++) {
        writer w = open_writer(codec, 3, 0);
        pln__buffer hand = make_file(codec, 5, ends + 1);
        for (int64_t step = 1; step <= 15; step += 7) {
            pln__buffer file = {0};
            start_writer(&w);
            ck_assert_int_eq(pln__avro_file_encoder.begin(w.encoder, &file, &err), PLN_OK);
            int64_t head = file.size;
            for (int64_t i = 0; i < 15; i += step)
                write_rows(&w, i, step < 15 - i ? step : 15 - i, &file);
            ck_assert_int_eq(pln__avro_file_encoder.finish(w.encoder, &file, &err), PLN_OK);
            ck_assert_int_eq(file.size - head, hand.size - ends[0]);
            ck_assert(memcmp(file.data + head, hand.data + ends[0], (size_t)(file.size - head)) ==
                      0);
            char *expected = rows_and(15, "end\n");
            assert_transcript(&file, &whole, expected);
            free(expected);
            pln__buffer_free(mem, &file);
            pln__avro_file_encoder.close(w.encoder);
        }
        start_writer(&w);
        close_writer(&w);
        pln__buffer_free(mem, &hand);
    }
}
END_TEST

START_TEST(written_by_bytes) {
    writer w = open_writer(PLN__AVRO_CODEC_NULL, 0, 1000);
    pln__buffer file = {0};
    start_writer(&w);
    ck_assert_int_eq(pln__avro_file_encoder.begin(w.encoder, &file, &err), PLN_OK);
    int64_t at = file.size;
    write_rows(&w, 0, 2000, &file);
    ck_assert_int_eq(pln__avro_file_encoder.finish(w.encoder, &file, &err), PLN_OK);
    for (int64_t count, size; at < file.size;) {
        at += pln__avro_number(file.data + at, file.size - at, &count);
        at += pln__avro_number(file.data + at, file.size - at, &size);
        at += size + 16;
        if (at < file.size) /* the row that reaches it ends a block, and no row is longer than 20 bytes */
            ck_assert(size >= 1000 && size < 1020);
    }
    ck_assert_int_eq(at, file.size);
    char *expected = rows_and(2000, "end\n");
    assert_transcript(&file, &whole, expected);
    free(expected);
    pln__buffer_free(mem, &file);
    close_writer(&w);
}
END_TEST

START_TEST(goes_on_in_a_file) {
    writer w = open_writer(PLN__AVRO_CODEC_SNAPPY, 3, 0);
    pln__buffer file = {0};
    start_writer(&w);
    ck_assert_int_eq(pln__avro_file_encoder.begin(w.encoder, &file, &err), PLN_OK);
    write_rows(&w, 0, 4, &file);
    ck_assert_int_eq(pln__avro_file_encoder.finish(w.encoder, &file, &err), PLN_OK);
    write_rows(&w, 90, 2, &file);
    pln__avro_file_encoder.drop(w.encoder);
    pln__avro_file_encoder.close(w.encoder);
    memcpy(w.dialect.sync, "another marker..", 16);
    start_writer(&w);
    for (int64_t size = 0; size < 40; size++)
        ck_assert_int_eq(pln__avro_file_encoder.resume(w.encoder, file.data, size, &err),
                         PLN_AGAIN);
    ck_assert_int_eq(pln__avro_file_encoder.resume(w.encoder, file.data, file.size, &err), PLN_OK);
    write_rows(&w, 4, 3, &file);
    ck_assert_int_eq(pln__avro_file_encoder.finish(w.encoder, &file, &err), PLN_OK);
    char *expected = rows_and(7, "end\n");
    assert_transcript(&file, &whole, expected);
    free(expected);
    pln__avro_file_encoder.close(w.encoder);
    w.dialect.codec = PLN__AVRO_CODEC_NULL;
    start_writer(&w);
    ck_assert_int_eq(pln__avro_file_encoder.resume(w.encoder, file.data, file.size, &err),
                     PLN_ETYPE);
    ck_assert_str_eq(err.message, "the file was begun with codec snappy, and goes on with null");
    pln__buffer_free(mem, &file);
    close_writer(&w);
}
END_TEST

Suite *suite_format_avro_container_write(void);
Suite *suite_format_avro_container_write(void) {
    Suite *suite = suite_create("format/avro_container_write");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, written_by_rows);
    tcase_add_test(tests, written_by_bytes);
    tcase_add_test(tests, goes_on_in_a_file);
    suite_add_tcase(suite, tests);
    return suite;
}

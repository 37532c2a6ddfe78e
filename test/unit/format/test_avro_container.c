#define _POSIX_C_SOURCE 200809L
#include "container_help.h"
#include "fail_alloc.h"
#include "skip.h"
#include <jansson.h>

/* ---- files of others ---- */

static FILE *open_data(const char *name) {
    char room[500];
    const char *path = test_data(name, room, sizeof room);
    return path == NULL ? NULL : fopen(path, "rb");
}

static bool load(const char *name, pln__buffer *out) {
    FILE *file = open_data(name);
    uint8_t block[4096];
    *out = (pln__buffer){0};
    if (file == NULL)
        return false;
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        ck_assert_int_eq(pln__buffer_append(mem, out, block, (int64_t)n, NULL), PLN_OK);
    fclose(file);
    return true;
}

/* The rows of a transcript, without their numbers, as a JSON list. */
static json_t *rows_of(const char *text) {
    json_t *rows = json_array();
    for (const char *line = text; strncmp(line, "end\n", 4) != 0; line = strchr(line, '\n') + 1) {
        const char *json = strchr(line, ' ') + 1;
        json_t *row = json_loadb(json, strcspn(json, "\n"), JSON_ALLOW_NUL, NULL);
        ck_assert_msg(row != NULL, "%.200s", line);
        json_array_append_new(rows, row);
    }
    return rows;
}

static void assert_rows(const char *name, const json_t *expected) {
    pln__buffer file;
    ck_assert_msg(load(name, &file), "%s", name);
    char *got = transcript(&file, &whole);
    json_t *rows = rows_of(got);
    if (!json_equal(rows, (json_t *)(uintptr_t)expected))
        ck_abort_msg("%s: %.3000s", name, got);
    json_decref(rows);
    free(got);
    pln__buffer_free(mem, &file);
}

/* A union's branch that is a record is named in Avro's JSON; a nullable record is a struct here. */
static void unname_records(json_t *rows) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        json_t *inner = json_object_get(json_object_get(row, "data2"), "inner");
        if (inner != NULL)
            json_object_set(row, "data2", inner);
    }
}

START_TEST(files_of_the_specification) {
    FILE *list = open_data("avro/share-test-expected.jsonl");
    json_t *line;
    int files = 0;
    if (list == NULL)
        TEST_SKIP("avro/share-test-expected.jsonl is not among the test data");
    while ((line = json_loadf(list, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        char name[200];
        snprintf(name, sizeof name, "avro/%s", json_string_value(json_object_get(line, "file")));
        unname_records(json_object_get(line, "rows"));
        assert_rows(name, json_object_get(line, "rows"));
        json_decref(line);
        files++;
    }
    fclose(list);
    ck_assert_int_eq(files, 5);
}
END_TEST

START_TEST(every_codec_gives_the_same_rows) {
    static const char *const names[] = {"avro/share-test/weather.avro",
                                        "avro/share-test/weather-deflate.avro",
                                        "avro/share-test/weather-snappy.avro",
                                        "avro/share-test/weather-zstd.avro"};
    FILE *list = open_data("avro/share-test/weather.json");
    json_t *rows, *row;
    if (list == NULL)
        TEST_SKIP("avro/share-test/weather.json is not among the test data");
    rows = json_array();
    while ((row = json_loadf(list, JSON_DISABLE_EOF_CHECK, NULL)) != NULL)
        json_array_append_new(rows, row);
    fclose(list);
    ck_assert_int_eq((int)json_array_size(rows), 5);
    for (int i = 0; i < 3 + have_zstd(); i++)
        assert_rows(names[i], rows);
    json_decref(rows);
}
END_TEST

/* Its sync marker stands in its metadata, too. */
START_TEST(marker_in_the_metadata) {
    pln__buffer file;
    if (!load("avro/share-test/syncInMeta.avro", &file))
        TEST_SKIP("avro/share-test/syncInMeta.avro is not among the test data");
    char *got = transcript(&file, &whole);
    json_t *rows = rows_of(got), *last;
    ck_assert_int_eq((int)json_array_size(rows), 6001);
    last = json_array_get(rows, 6000);
    ck_assert_ptr_nonnull(json_object_get(last, "First"));
    json_decref(rows);
    free(got);
    pln__buffer_free(mem, &file);
}
END_TEST

START_TEST(the_file_of_avro_1_2) {
    pln__buffer file;
    if (!load("avro/share-test/test.avro12", &file))
        TEST_SKIP("avro/share-test/test.avro12 is not among the test data");
    assert_transcript(&file, &whole,
                      "PLN_EUNSUPPORTED: a container file of version 0 (Obj\\x00): only version 1 "
                      "is read, this is one of Avro 1.2\n");
    pln__buffer_free(mem, &file);
}
END_TEST

static const char flights[] = "nycflights13/flights_2013h1.csv.gz";

/* The first rows of the CSV that the files were made of. */
static void read_csv(const struct ArrowSchema *schema, int64_t rows, pln__decoded *out) {
    static const char *const nulls[] = {"NA", NULL};
    static uint8_t text[1 << 20];
    pln__csv_dialect dialect;
    pln__decoder *decoder;
    char command[600], room[500];
    pln__csv_dialect_default(&dialect);
    dialect.nulls = nulls;
    snprintf(command, sizeof command, "gzip -dc '%s' 2>/dev/null",
             test_data(flights, room, sizeof room));
    FILE *pipe = popen(command, "r");
    int64_t size = (int64_t)fread(text, 1, sizeof text - PLN__PADDING, pipe);
    pclose(pipe);
    pln__decode_options options = {.schema = schema};
    ck_assert_int_eq(pln__csv_decoder.open(mem, &dialect, &options, &decoder, &err), PLN_OK);
    ck_assert_int_eq(pln__csv_decoder.begin(decoder, true, NULL, 0, &err), PLN_OK);
    ck_assert_msg(pln__csv_decoder.decode(decoder, text, size, false, rows, out, &err) == PLN_OK,
                  "%s", err.message);
    ck_assert_int_eq(out->rows, rows);
    pln__csv_decoder.close(decoder);
}

static void assert_flights(const char *name, int64_t rows) {
    pln__avro_read_dialect dialect = {0};
    pln__decode_options options = {0};
    pln__decoder *decoder;
    pln__buffer file;
    pln__decoded got, expected;
    struct ArrowSchema schema;
    ck_assert_msg(load(name, &file), "%s", name);
    pln__buffer_seal(&file);
    ck_assert_int_eq(
        pln__avro_file_decoder.infer(mem, &dialect, file.data, file.size, true, &schema, &err),
        PLN_OK);
    ck_assert_int_eq(pln__avro_file_decoder.open(mem, &dialect, &options, &decoder, &err), PLN_OK);
    ck_assert_int_eq(pln__avro_file_decoder.begin(decoder, true, NULL, 0, &err), PLN_OK);
    pln_status status =
        pln__avro_file_decoder.decode(decoder, file.data, file.size, true, INT64_MAX, &got, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    ck_assert_int_eq(got.rows, rows);
    ck_assert_int_eq(got.n_bad, 0);
    ck_assert_int_eq(got.consumed, file.size);
    read_csv(&schema, rows, &expected);
    ck_assert(pln__array_equal(&schema, &got.array, &expected.array));
    pln__array_release(&got.array);
    pln__array_release(&expected.array);
    pln__schema_release(&schema);
    pln__avro_file_decoder.close(decoder);
    pln__buffer_free(mem, &file);
}

START_TEST(flights_are_those_of_the_csv) {
    char room[500];
    if (test_data(flights, room, sizeof room) == NULL)
        TEST_SKIP("nycflights13/flights_2013h1.csv.gz is not among the test data");
    assert_flights("avro/flights_2000_null.avro", 2000);
    assert_flights("avro/flights_2000_deflate.avro", 2000);
    assert_flights("avro/flights_2000_snappy.avro", 2000);
    assert_flights("avro/flights_first5000_null.avro", 5000);
}
END_TEST

/* ---- hostile files ---- */

static const struct {
    const char *name, *words; /* of the transcript */
} hostile[] = {
    {"f_codec_unknown", NULL},
    {"f_counthuge_null", "0! PLN_EDATA 27 block at byte 57: 4611686018427387904 rows are no count"},
    {"f_countneg", "block at byte 56: -3 rows are no count; reading goes on"},
    {"f_countneg_null", "block at byte 57: -1 rows are no count"},
    {"f_deflate_bad", "0! PLN_EDATA 22 block at byte 59, of 1 rows: deflate: "},
    {"f_empty", "PLN_EDATA: no Avro container file: it is empty"},
    {"f_hdr_hugekey", "PLN_ELIMIT: header of the container file: a metadata key of 8589934592"},
    {"f_hdr_schema_nul", "PLN_ESYNTAX: header of the container file: avro.schema: "},
    {"f_hdronly", "end\n"},
    {"f_lzma_empty", "PLN_EUNSUPPORTED: header of the container file: codec 'lzma'"},
    {"f_lzma_trunc", "PLN_EUNSUPPORTED: header of the container file: codec 'lzma'"},
    {"f_magic", "PLN_EUNSUPPORTED: a container file of version 2 (Obj\\x02)"},
    {"f_noschema", "PLN_EDATA: header of the container file: no avro.schema in the metadata"},
    {"f_ok", "0 {\"value\":1}\n1 {\"value\":2}\n2 {\"value\":3}\nend\n"},
    {"f_size_1t", "block at byte 56: 1 rows in 1099511627776 bytes; no sync marker follows"},
    {"f_size_max", "block at byte 56: 1 rows in 9223372036854775807 bytes"},
    {"f_snappy_4g", "0! PLN_ELIMIT 31 block at byte 58, of 1 rows: snappy: 13 bytes hold more"},
    {"f_snappy_len1", "snappy: cut before the checksum"},
    {"f_trunc_afterdata", "PLN_EDATA: the file is cut: it ends at byte 61, in the block that begins at byte 56"},
    {"g_snappy2", "snappy: cut before the checksum"},
    {"g_snappy3", "snappy: cut before the checksum"},
};

START_TEST(hostile_files) {
    for (int i = 0; i < PLN__COUNT(hostile); i++) {
        char name[100];
        pln__buffer file;
        pln__heap_stats stats;
        snprintf(name, sizeof name, "hostile/avro/%s.avro", hostile[i].name);
        if (!load(name, &file))
            TEST_SKIP("hostile/avro is not among the test data");
        pln__heap *heap = pln__heap_new(mem, 64 << 20);
        char *got = container_transcript(pln__heap_allocator(heap), file.data, file.size, &whole);
        pln__heap_stats_get(heap, &stats);
        pln__heap_close(heap);
        ck_assert_msg(hostile[i].words == NULL || strstr(got, hostile[i].words) != NULL, "%s: %s",
                      name, got);
        ck_assert_int_lt(stats.peak_bytes, 4 << 20);
        ck_assert_int_eq(stats.live_bytes, 0);
        free(got);
        pln__buffer_free(mem, &file);
    }
}
END_TEST

/* ---- the header ---- */

START_TEST(metadata_in_parts) {
    pln__buffer file = {0}, data = {0};
    put_row(&data, 0, "row number 0");
    ck_assert_int_eq(pln__buffer_append(mem, &file, "Obj\1", 4, NULL), PLN_OK);
    container_put_long(&file, -1); /* one entry, and its size to skip it by */
    container_put_long(&file, 12 + 5);
    container_put_text(&file, "user.note", 9);
    container_put_text(&file, SYNC, 6);
    container_put_long(&file, 1);
    container_put_text(&file, "avro.schema", 11);
    container_put_text(&file, RECORD, sizeof RECORD - 1);
    container_put_long(&file, 0);
    ck_assert_int_eq(pln__buffer_append(mem, &file, SYNC, 16, NULL), PLN_OK);
    container_put_block(&file, 1, &data, SYNC);
    assert_transcript(&file, &whole, "0 {\"id\":0,\"s\":\"row number 0\"}\nend\n");
    for (int64_t size = 1; size < 16; size++) {
        pln__buffer cut = {file.data, file.size - data.size - 18 - size, 0};
        char expected[100];
        snprintf(expected, sizeof expected,
                 "PLN_EDATA: the file is cut in its header, behind byte %lld\n",
                 (long long)cut.size);
        assert_transcript(&cut, &whole, expected);
    }
    pln__buffer_free(mem, &file);
    pln__buffer_free(mem, &data);
}
END_TEST

static const struct {
    const char *schema, *codec, *expected;
} headers[] = {
    {RECORD, "bzip2", "PLN_EUNSUPPORTED: header of the container file: codec 'bzip2': expected null, deflate, snappy or zstandard\n"},
    {RECORD, "", "PLN_EUNSUPPORTED: header of the container file: codec '': expected null, deflate, snappy or zstandard\n"},
    {"{\"type\":\"record\"}", NULL, "PLN_ESYNTAX: header of the container file: avro.schema: "},
    {"{\"type\":\"record\",\"name\":\"n\",\"fields\":[{\"name\":\"next\",\"type\":[\"null\",\"n\"]}]}", NULL, "PLN_EUNSUPPORTED: "},
};

START_TEST(headers_are_refused) {
    for (int i = 0; i < PLN__COUNT(headers); i++) {
        pln__buffer file = {0};
        container_put_header(&file, headers[i].schema, headers[i].codec, SYNC);
        char *got = transcript(&file, &whole);
        ck_assert_msg(strncmp(got, headers[i].expected, strlen(headers[i].expected)) == 0, "%s",
                      got);
        free(got);
        pln__buffer_free(mem, &file);
    }
}
END_TEST

/* ---- one file, many ways ---- */

START_TEST(any_split_gives_the_same_rows) {
    static const int64_t blocks[] = {0, 1, 7, 64, 200}, rows[] = {0, 1, 2, 1000};
    int64_t ends[6];
    for (int32_t codec = 0; codec < 3 + have_zstd(); codec++)
        for (int raw = 0; raw < 2; raw++) {
            pln__buffer file = make_file(codec, 5, ends + 1);
            container_way way = {.origin = true, .raw = raw != 0};
            char *expected = transcript(&file, &way);
            ck_assert_int_eq(strncmp(expected, "0 {\"id\":0,\"s\":\"row number 0\"}", 29), 0);
            ck_assert_ptr_nonnull(strstr(expected, "14 {\"id\":14,\"s\":\"row number 14\"}"));
            ck_assert(raw == 0 || strstr(expected, " 021a726f77206e756d6265722030") == NULL);
            ck_assert(raw == 0 || strstr(expected, "0\"} 0018726f77206e756d6265722030\n") != NULL);
            for (int i = 0; i < 5 * 4 * 2; i++) {
                way.block = blocks[i % 5];
                way.max_rows = rows[i / 5 % 4];
                way.resume = i >= 20;
                assert_transcript(&file, &way, expected);
            }
            free(expected);
            pln__buffer_free(mem, &file);
        }
}
END_TEST

START_TEST(cut_at_every_byte) {
    int64_t ends[4];
    for (int32_t codec = 0; codec < 3 + have_zstd(); codec++) {
        pln__buffer file = make_file(codec, 3, ends + 1);
        for (int64_t size = 1; size <= file.size; size++) {
            pln__buffer cut = {file.data, size, 0};
            char end[200];
            int n = 0;
            while (n < 3 && size >= ends[1 + n])
                n++;
            if (size == ends[n])
                snprintf(end, sizeof end, "end\n");
            else if (size < ends[0])
                snprintf(end, sizeof end,
                         "PLN_EDATA: the file is cut in its header, behind byte %lld\n",
                         (long long)size);
            else
                snprintf(end, sizeof end,
                         "PLN_EDATA: the file is cut: it ends at byte %lld, in the block that "
                         "begins at byte %lld\n",
                         (long long)size, (long long)ends[n]);
            char *expected = rows_and(3 * n, end);
            assert_transcript(&cut, &whole, expected);
            free(expected);
        }
        pln__buffer_free(mem, &file);
    }
}
END_TEST

/* ---- damage ---- */

static int count_lines(const char *text, const char *start) {
    int n = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        n += strncmp(line, start, strlen(start)) == 0;
    return n;
}

/* A changed byte costs at most its block and, if it hides where that ends, the next one; never a row of another. */
START_TEST(damage_stays_where_it_is) {
    int64_t ends[6];
    for (int32_t codec = 0; codec < 3 + have_zstd(); codec++) {
        pln__buffer file = make_file(codec, 5, ends + 1);
        for (int64_t at = ends[0]; at < file.size; at++)
            for (int bit = 0; bit < 8; bit++) {
                int hurt = 0;
                while (at >= ends[1 + hurt])
                    hurt++;
                file.data[at] = (uint8_t)(file.data[at] ^ 1u << bit);
                char *got = transcript(&file, &whole);
                for (int row = 0; row < 15; row++) {
                    char json[60];
                    snprintf(json, sizeof json, " {\"id\":%d,\"s\":\"row number %d\"}\n", row, row);
                    if (row / 3 != hurt && row / 3 != hurt + 1)
                        ck_assert_msg(strstr(got, json) != NULL, "codec %d byte %lld bit %d: %s",
                                      codec, (long long)at, bit, got);
                }
                /* Checksums see every change of data. */
                bool data = at >= ends[hurt] + 3 && at < ends[1 + hurt] - 16;
                if (codec == PLN__AVRO_CODEC_SNAPPY && data)
                    ck_assert_ptr_nonnull(strstr(got, "! PLN_E"));
                free(got);
                file.data[at] = (uint8_t)(file.data[at] ^ 1u << bit);
            }
        pln__buffer_free(mem, &file);
    }
}
END_TEST

START_TEST(a_lost_marker) {
    int64_t ends[6];
    pln__buffer file = make_file(PLN__AVRO_CODEC_NULL, 5, ends + 1);
    pln__text expected;
    pln__text_init(&expected, mem);
    memset(file.data + ends[2] - 16, 'x', 16); /* of block 1 */
    add_rows(&expected, 0, 3);
    pln__text_printf(&expected,
                     "3! PLN_EDATA %lld block at byte %lld: no sync marker where it should end; "
                     "reading goes on behind the next sync marker\n",
                     (long long)(ends[3] - ends[1]), (long long)ends[1]);
    for (int i = 9; i < 15; i++) /* how many rows were lost cannot be known: one is counted */
        pln__text_printf(&expected, "%d {\"id\":%d,\"s\":\"row number %d\"}\n", i - 5, i, i);
    pln__text_str(&expected, "end\n");
    for (int64_t block = 0; block < 100; block += 33) {
        container_way way = {.origin = true, .block = block, .max_rows = block / 33};
        assert_transcript(&file, &way, expected.data);
    }
    pln__text_free(&expected);
    pln__buffer_free(mem, &file);
}
END_TEST

/* More than is kept between two markers: what was seen first is the rejected record, the rest is passed over, in any split. */
START_TEST(a_marker_far_away) {
    int64_t ends[3];
    pln__buffer file = make_file(PLN__AVRO_CODEC_NULL, 2, ends + 1), far = {0};
    int64_t gap = 3 << 20;
    ck_assert_int_eq(pln__buffer_reserve(mem, &far, file.size + gap, NULL), PLN_OK);
    memcpy(far.data, file.data, (size_t)ends[1]);
    memset(far.data + ends[1], 0xFF, (size_t)gap);
    memcpy(far.data + ends[1] + gap, file.data + ends[1] - 16, 16);
    memcpy(far.data + ends[1] + gap + 16, file.data + ends[1], (size_t)(file.size - ends[1]));
    far.size = file.size + gap + 16;
    for (int i = 0; i < 4; i++) {
        container_way way = {.origin = true, .block = i == 0 ? 0 : 300000 + 5 * i, .resume = i > 1};
        char *got = transcript(&far, &way);
        ck_assert_int_eq(count_lines(got, "3! PLN_EDATA "), 1);
        ck_assert_ptr_nonnull(strstr(got, "is no number"));
        ck_assert_ptr_nonnull(strstr(got, "4 {\"id\":3,\"s\":\"row number 3\"}\n"));
        ck_assert_ptr_nonnull(strstr(got, "6 {\"id\":5,\"s\":\"row number 5\"}\nend\n"));
        free(got);
    }
    pln__buffer_free(mem, &file);
    pln__buffer_free(mem, &far);
}
END_TEST

static pln__buffer one_block(const char *schema, int64_t count, const pln__buffer *data) {
    pln__buffer file = {0};
    container_put_header(&file, schema, NULL, SYNC);
    container_put_block(&file, count, data, SYNC);
    return file;
}

START_TEST(a_count_that_is_wrong) {
    pln__buffer data = {0};
    for (int i = 0; i < 3; i++)
        put_row(&data, i, "x");
    pln__buffer file = one_block(RECORD, 2, &data);
    int64_t head = file.size - data.size - 18;
    char expected[400];
    snprintf(expected, sizeof expected,
             "0 {\"id\":0,\"s\":\"x\"}\n1 {\"id\":1,\"s\":\"x\"}\n"
             "1! PLN_EDATA 3 block at byte %lld: 3 bytes follow the last of its 2 rows\nend\n",
             (long long)head);
    assert_transcript(&file, &whole, expected);
    pln__buffer_free(mem, &file);
    file = one_block(RECORD, 5, &data);
    char *got = transcript(&file, &whole);
    ck_assert_ptr_nonnull(
        strstr(got, "2 {\"id\":2,\"s\":\"x\"}\n3! PLN_EDATA 0 row 3 of the block "));
    ck_assert_ptr_nonnull(strstr(got, "; all 2 rows from there on are lost\nend\n"));
    free(got);
    pln__buffer_free(mem, &file);
    pln__buffer_free(mem, &data);
}
END_TEST

/* Rows without bytes cannot be counted by their bytes. */
START_TEST(rows_without_bytes) {
    pln__buffer none = {0}, file = one_block("{\"type\":\"record\",\"name\":\"r\",\"fields\":["
                                             "{\"name\":\"n\",\"type\":\"null\"}]}",
                                             3, &none);
    assert_transcript(&file, &whole, "0 {\"n\":null}\n1 {\"n\":null}\n2 {\"n\":null}\nend\n");
    pln__buffer_free(mem, &file);
    file = one_block("\"null\"", 1000001, &none);
    char *got = transcript(&file, &whole);
    ck_assert_ptr_nonnull(strstr(got, "0! PLN_ELIMIT "));
    ck_assert_ptr_nonnull(strstr(got, "of 1000001 rows: they lie in 0 bytes\nend\n"));
    free(got);
    pln__buffer_free(mem, &file);
    file = one_block(RECORD, 0, &none); /* some writers flush nothing */
    assert_transcript(&file, &whole, "end\n");
    pln__buffer_free(mem, &file);
}
END_TEST

/* ---- resolution ---- */

START_TEST(a_datum_that_the_reader_cannot_take) {
    static const char writer[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"e\",\"type\":{\"type\":"
        "\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}},{\"name\":\"n\",\"type\":\"int\"}]}";
    static const char reader[] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"n\","
                                 "\"type\":\"long\"},{\"name\":"
                                 "\"e\",\"type\":{\"type\":\"enum\",\"name\":\"e\",\"symbols\":["
                                 "\"A\",\"C\"]}},{\"name\":\"d\","
                                 "\"type\":\"string\",\"default\":\"new\"}]}";
    pln__buffer data = {0};
    for (int i = 0; i < 4; i++) {
        container_put_long(&data, i == 1 || i == 2);
        container_put_long(&data, i);
    }
    pln__avro_schema *schema;
    ck_assert_int_eq(pln__avro_parse(mem, reader, -1, NULL, &schema, &err), PLN_OK);
    pln__buffer file = one_block(writer, 4, &data);
    for (int i = 0; i < 4; i++) {
        container_way way = {.origin = true, .reader = schema, .max_rows = i, .resume = i > 1};
        char *got = transcript(&file, &way);
        ck_assert_msg(count_lines(got, "0 {\"n\":0,\"e\":\"A\",\"d\":\"new\"}\n") == 1, "%s", got);
        ck_assert_int_eq(count_lines(got, "1! PLN_EDATA 2 row 1 of the block at byte"), 1);
        ck_assert_int_eq(count_lines(got, "2! PLN_EDATA 2 row 2 of the block at byte"), 1);
        ck_assert_int_eq(count_lines(got, "3 {\"n\":3,\"e\":\"A\",\"d\":\"new\"}\n"), 1);
        ck_assert_ptr_nonnull(strstr(got, "\nend\n"));
        free(got);
    }
    pln__avro_schema_unref(schema);
    pln__buffer_free(mem, &file);
    pln__buffer_free(mem, &data);
}
END_TEST

START_TEST(a_file_for_another_reader) {
    pln__avro_schema *schema;
    int64_t ends[2];
    ck_assert_int_eq(pln__avro_parse(mem, "{\"type\":\"record\",\"name\":\"other\",\"fields\":[]}",
                                     -1, NULL, &schema, &err),
                     PLN_OK);
    pln__buffer file = make_file(PLN__AVRO_CODEC_NULL, 1, ends + 1);
    container_way way = {.reader = schema};
    char *got = transcript(&file, &way);
    ck_assert_msg(strncmp(got, "PLN_ETYPE: ", 11) == 0, "%s", got);
    free(got);
    pln__avro_schema_unref(schema);
    pln__buffer_free(mem, &file);
}
END_TEST

/* ---- memory ---- */

START_TEST(allocation_fails) {
    int64_t ends[4];
    for (int32_t codec = 0; codec < 3 + have_zstd(); codec++) {
        pln__buffer file = make_file(codec, 3, ends + 1);
        container_way way = {.origin = true, .raw = true, .resume = true, .max_rows = 4};
        for (int64_t n = 0;; n++) {
            fail_alloc failing;
            char *got =
                container_transcript(fail_alloc_init(&failing, n), file.data, file.size, &way);
            ck_assert_int_eq(fail_alloc_live(&failing), 0);
            bool done = strstr(got, "\nend\n") != NULL;
            if (!done)
                ck_assert_msg(strstr(got, "PLN_ENOMEM: ") != NULL, "%s", got);
            free(got);
            if (done)
                break;
            ck_assert_int_lt(n, 5000);
        }
        pln__buffer_free(mem, &file);
    }
}
END_TEST

Suite *suite_format_avro_container(void);
Suite *suite_format_avro_container(void) {
    Suite *suite = suite_create("format/avro_container");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, files_of_the_specification);
    tcase_add_test(tests, every_codec_gives_the_same_rows);
    tcase_add_test(tests, marker_in_the_metadata);
    tcase_add_test(tests, the_file_of_avro_1_2);
    tcase_add_test(tests, flights_are_those_of_the_csv);
    tcase_add_test(tests, hostile_files);
    tcase_add_test(tests, metadata_in_parts);
    tcase_add_test(tests, headers_are_refused);
    tcase_add_test(tests, any_split_gives_the_same_rows);
    tcase_add_test(tests, cut_at_every_byte);
    tcase_add_test(tests, damage_stays_where_it_is);
    tcase_add_test(tests, a_lost_marker);
    tcase_add_test(tests, a_marker_far_away);
    tcase_add_test(tests, a_count_that_is_wrong);
    tcase_add_test(tests, rows_without_bytes);
    tcase_add_test(tests, a_datum_that_the_reader_cannot_take);
    tcase_add_test(tests, a_file_for_another_reader);
    tcase_add_test(tests, allocation_fails);
    suite_add_tcase(suite, tests);
    return suite;
}

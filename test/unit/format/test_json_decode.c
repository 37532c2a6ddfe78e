/* Records and lines: blocks, limits, places, what is skipped, and that every way of decoding gives the same. */
#include "base64.h"
#include "format/json_plan.h"
#include "json_rows.h"
#include "skip.h"
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static void same(const char *spec, const char *text, const json_way *way, const char *expected) {
    char *got = json_decoded(spec, text, way);
    ck_assert_msg(strcmp(got, expected) == 0, "%s\ngot\n%s\nexpected\n%s", text, got, expected);
    free(got);
}

static const json_way plain = {0};

START_TEST(lines_and_places) {
    same("a l", "{\"a\":1}\n{\"a\":2}\n", &plain, "0 0+7 {\"a\":1}\n1 8+7 {\"a\":2}\n");
    same("a l", "{\"a\":1}\n{\"a\":2}", &plain, "0 0+7 {\"a\":1}\n1 8+7 {\"a\":2}\n");
    same("a l", "{\"a\":1}\r\n{\"a\":2}\r\n", &plain, "0 0+7 {\"a\":1}\n1 9+7 {\"a\":2}\n");
    same("a l", "{\"a\":1}\r\n\r\n \t \n\n{\"a\":2}\r", &plain,
         "0 0+7 {\"a\":1}\n4 16+7 {\"a\":2}\n");
    same("a l", "", &plain, "");
    same("a l", "\n\n", &plain, "");
    same("a l", "   ", &plain, "");
    same("a l", " \t{ \"a\" :\t1 , \"b\" : [ ] } \t\n", &plain, "0 0+27 {\"a\":1}\n");
    same("a l", "\xEF\xBB\xBF{\"a\":1}\n", &plain, "0 3+7 {\"a\":1}\n");
    same("a l", "\xEF\xBB\xBF", &plain, "");
    same("a l", "\xEF\xBB", &plain,
         "0! 0+2 PLN_EDATA -1 no valid JSON at byte 0: expected a value, got '\\xEF\\xBB'\n");
    same("a l", "{\"a\":1}\n\xEF\xBB\xBF{\"a\":2}\n{\"a\":3}\n", &plain,
         "0 0+7 {\"a\":1}\n"
         "1! 8+10 PLN_EDATA -1 no valid JSON at byte 0: expected a value, got "
         "'\xEF\xBB\xBF{\"a\":2}'\n"
         "2 19+7 {\"a\":3}\n");
}
END_TEST

START_TEST(what_is_no_record) {
    same("a l?", "[]\n\"a\"\n42\nnull\n{}\n", &plain,
         "0! 0+2 PLN_EDATA -1 a record is one JSON object, this line holds another value\n"
         "1! 3+3 PLN_EDATA -1 a record is one JSON object, this line holds another value\n"
         "2! 7+2 PLN_EDATA -1 a record is one JSON object, this line holds another value\n"
         "3! 10+4 PLN_EDATA -1 a record is one JSON object, this line holds another value\n"
         "4 15+2 {\"a\":null}\n");
    same(
        "a l?", "{\"a\":1\n{\"a\":1} x\n{\"a\":1}{\"a\":2}\n{\"a\":1,}\n{'a':1}\n{a:1}\n", &plain,
        "0! 0+6 PLN_EDATA -1 no valid JSON at byte 6: expected ',' or '}', got the end of the "
        "line\n"
        "1! 7+9 PLN_EDATA -1 no valid JSON at byte 8: expected nothing more on this line, got 'x'\n"
        "2! 17+14 PLN_EDATA -1 no valid JSON at byte 7: expected nothing more on this line, got "
        "'{\"a\":2}'\n"
        "3! 32+8 PLN_EDATA -1 no valid JSON at byte 7: expected a key in quotes, got '}'\n"
        "4! 41+7 PLN_EDATA -1 no valid JSON at byte 1: expected a key in quotes, got '\\'a\\':1}'\n"
        "5! 49+5 PLN_EDATA -1 no valid JSON at byte 1: expected a key in quotes, got 'a:1}'\n");
}
END_TEST

START_TEST(members) {
    pln__json_dialect how;
    json_way way = {.dialect = &how};
    pln__json_dialect_default(&how);
    same("a l, b u?", "{\"b\":\"x\",\"a\":1}\n{\"\\u0061\":2}\n{\"b\":\"x\"}\n", &way,
         "0 0+15 {\"a\":1,\"b\":\"x\"}\n1 16+12 {\"a\":2,\"b\":null}\n"
         "2! 29+9 PLN_EDATA 0 member 'a': is missing\n");
    same("a l", "{\"a\":1,\"a\":2}\n{\"a\":1,\"\\u0061\":2}\n{\"a\":1,\"x\":1,\"x\":1}\n", &way,
         "0! 0+13 PLN_EDATA 0 member 'a': stands there twice\n"
         "1! 14+18 PLN_EDATA 0 member 'a': stands there twice\n"
         "2! 33+19 PLN_EDATA -1 the member 'x' stands there twice\n");
    how.unknown_reject = true;
    same("a l", "{\"a\":1,\"x\":1}\n", &way, "0! 0+13 PLN_EDATA -1 unknown member 'x'\n");
    how.unknown_reject = false;
    how.missing_reject = true;
    same("a l, b u?", "{\"a\":1}\n", &way, "0! 0+7 PLN_EDATA 1 member 'b': is missing\n");
    how.missing_reject = false;
    how.duplicates = PLN__JSON_DUPLICATE_LAST;
    same("a l, b [u]",
         "{\"a\":1,\"b\":[\"x\"],\"a\":2,\"b\":[]}\n{\"a\":1,\"x\":1,\"x\":1,\"b\":[]}\n", &way,
         "0 0+30 {\"a\":2,\"b\":[]}\n1 31+26 {\"a\":1,\"b\":[]}\n");
    /* Names that JSON writes with escapes, that are longer than a step of a shape, that begin alike. */
    same("q\"q l, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa l, "
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab l",
         "{\"q\\\"q\":1,\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":2,"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\":3}\n"
         "{\"q\"q\":1}\n",
         &plain,
         "0 0+106 {\"q\\\"q\":1,\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":2,"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\":3}\n"
         "1! 107+9 PLN_EDATA -1 no valid JSON at byte 4: expected ':', got 'q\":1}'\n");
}
END_TEST

/* Unknown members are compared with those of the record before first; what that saves must not hide a repetition. */
START_TEST(unknown_members_of_records_in_turn) {
    json_way way = {.cpu = PLN__JSON_GENERAL};
    same("a l",
         "{\"x\":1,\"a\":1,\"y\":2}\n{\"x\":1,\"a\":2,\"y\":2,\"x\":3}\n{\"x\":1,\"a\":3,\"y\":2}\n"
         "{\"x\":1,\"x\":1,\"a\":4}\n{\"x\":1,\"z\":1,\"a\":5,\"y\":1}\n{\"x\":1,\"z\":1,\"a\":6,"
         "\"z\":1}\n"
         "{\"y\":1,\"a\":7,\"x\":1,\"z\":0}\n{\"\\\"\":1,\"a\":8}\n{\"\"\":1,\"a\":9}\n{"
         "\"\\u0078\":1,\"x\":2,\"a\":10}\n",
         &way,
         "0 0+19 {\"a\":1}\n"
         "1! 20+25 PLN_EDATA -1 the member 'x' stands there twice\n"
         "2 46+19 {\"a\":3}\n"
         "3! 66+19 PLN_EDATA -1 the member 'x' stands there twice\n"
         "4 86+25 {\"a\":5}\n"
         "5! 112+25 PLN_EDATA -1 the member 'z' stands there twice\n"
         "6 138+25 {\"a\":7}\n"
         "7 164+14 {\"a\":8}\n"
         "8! 179+13 PLN_EDATA -1 no valid JSON at byte 3: expected ':', got '\":1,\"a\":9}'\n"
         "9! 193+25 PLN_EDATA -1 the member 'x' stands there twice\n");
}
END_TEST

START_TEST(a_thousand_unknown_members) {
    pln__text text, want;
    pln__text_init(&text, pln__system_allocator());
    pln__text_init(&want, pln__system_allocator());
    pln__text_str(&text, "{\"a\":1");
    for (int i = 0; i < 1000; i++)
        pln__text_printf(&text, ",\"k%d\":%d", i, i);
    int64_t size = text.size;
    pln__text_str(&text, "}\n");
    char *once = strdup(text.data);
    same("a l", once, &plain,
         (pln__text_printf(&want, "0 0+%lld {\"a\":1}\n", (long long)size + 1), want.data));
    text.size = size;
    pln__text_str(&text, ",\"k500\":0}\n");
    want.size = 0;
    pln__text_printf(&want, "0! 0+%lld PLN_EDATA -1 the member 'k500' stands there twice\n",
                     (long long)size + 10);
    same("a l", text.data, &plain, want.data);
    free(once);
    pln__text_free(&text);
    pln__text_free(&want);
}
END_TEST

START_TEST(records_beyond_the_limit) {
    json_way way = {.record_bytes_max = 20};
    const char *text =
        "{\"a\":1}\n{\"a\":1,\"b\":\"0123456\"}\n{\"a\":2}\n{\"a\":111,\"b\":\"0123\"}\r\n"
        "{\"a\":111,\"b\":\"01234\"}\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n{\"a\":"
        "3}\n"
        "{\"a\":4,\"b\":\"01234567890123456789012345678901234567890123456789\"}";
    const char *want = "0 0+7 {\"a\":1}\n"
                       "1! 8+20 PLN_ELIMIT -1 a record of more than 20 bytes\n"
                       "2 30+7 {\"a\":2}\n"
                       "3 38+20 {\"a\":111}\n"
                       "4! 60+20 PLN_ELIMIT -1 a record of more than 20 bytes\n"
                       "5! 83+20 PLN_ELIMIT -1 a record of more than 20 bytes\n"
                       "6 134+7 {\"a\":3}\n"
                       "7! 142+20 PLN_ELIMIT -1 a record of more than 20 bytes\n";
    for (way.block = 0; way.block < 150; way.block++)
        same("a l", text, &way, want);
}
END_TEST

/* Records of one shape, of others, with nulls, escapes, blanks, and bad ones among them. */
static char *mixed_text(unsigned seed, int records) {
    static const char *const lines[] = {
        "{\"id\":%u,\"name\":\"n%u\",\"at\":\"2015-09-12T00:46:58.771Z\",\"s\":{\"x\":%u.5,\"y\":[1,2]},\"ok\":true}",
        "{\"id\":%u,\"name\":\"a name of more than thirty-two bytes %u\",\"at\":\"2015-09-13T23:59:59Z\",\"s\":{\"x\":%u,\"y\":[]},\"ok\":false}",
        "{\"id\":%u,\"name\":null,\"at\":null,\"s\":null,\"ok\":null}",
        "{\"id\":%u,\"name\":\"\\u00e9%u é\",\"at\":\"1969-12-31T00:00:00.001Z\",\"s\":{\"x\":-%u,\"y\":null},\"ok\":true}",
        "{\"ok\":true,\"id\":%u}",
        "{ \"id\" : %u , \"name\" : \"n%u\", \"more\": {\"a\":[1,{\"b\":null}]} }",
        "{\"id\":%u,\"name\":%u}",
        "{\"id\":%u.5}",
        "{\"id\":%u,\"name\":\"n\",\"at\":\"2015-09-12T00:46:58.771Z\",\"s\":{\"x\":1,\"y\":[1,\"2\"]},\"ok\":true}",
        "{\"id\":%u,\"name\":\"n\",\"at\":\"2015-09-12T00:46:58.771Z\",\"s\":{\"x\":1e2,\"y\":[1]},\"ok\":true}",
        "{\"id\":%u,\"name\":\"n\xff\"}",
        "{\"id\":%u,\"id\":1}",
        "",
        "  \r",
        "{\"id\":%u,\"name\":\"cut",
        "null",
        "{\"id\":123456789012345678,\"name\":\"\",\"at\":\"2015-09-12T00:46:58.771Z\",\"s\":{\"x\":0.1,\"y\":[1,2]},\"ok\":true}",
        "{\"id\":12345678901234567890}",
    };
    pln__text text;
    char line[400];
    pln__text_init(&text, pln__system_allocator());
    uint32_t state = seed * 2654435761u + 1;
    unsigned run = 0, kind = 0;
    for (int i = 0; i < records; i++) {
        state = state * 1664525u + 1013904223u;
        if (run == 0) {
            kind = (state >> 8) % (unsigned)PLN__COUNT(lines);
            run = (state >> 20) % 5 + 1;
        }
        run--;
        unsigned n = (state >> 12) % 100000;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(line, sizeof line, lines[kind], n, n, n % 1000);
#pragma GCC diagnostic pop
        pln__text_str(&text, line);
        pln__text_char(&text, '\n');
    }
    char *out = strdup(text.data);
    pln__text_free(&text);
    return out;
}

#define MIXED "id l, name u?, at tsm:UTC?, s {x g, y [l]?}?, ok b?"

/* The first difference is what a reader needs, not two texts of 20 kB. */
static void same_lines(const char *got, const char *want, const char *how) {
    if (strcmp(got, want) == 0)
        return;
    size_t i = 0;
    while (got[i] == want[i])
        i++;
    while (i > 0 && got[i - 1] != '\n')
        i--;
    ck_abort_msg("%s: got\n%.300s\nexpected\n%.300s", how, got + i, want + i);
}

START_TEST(every_way_gives_the_same) {
    static const int64_t blocks[] = {0, 1, 7, 64, 333, 4096}, limits[] = {0, 1, 3, 50};
    static const uint32_t variants[] = {0, PLN__CPU_SSE42, PLN__CPU_AVX2, PLN__JSON_GENERAL};
    char *text = mixed_text((unsigned)_i + 1, 400);
    char *want = json_decoded(MIXED, text, &(json_way){.one_by_one = true});
    for (int b = 0; b < PLN__COUNT(blocks); b++)
        for (int v = 0; v < PLN__COUNT(variants); v++) {
            json_way way = {.block = blocks[b],
                            .max_rows = limits[(b + v + _i) % PLN__COUNT(limits)],
                            .cpu = variants[v] & (pln__cpu_features() | PLN__JSON_GENERAL)};
            char how[100], *got = json_decoded(MIXED, text, &way);
            snprintf(how, sizeof how, "block %d, limit %d, variant %u", (int)way.block,
                     (int)way.max_rows, (unsigned)way.cpu);
            same_lines(got, want, how);
            free(got);
        }
    free(want);
    free(text);
}
END_TEST

START_TEST(damaged_bytes_give_the_same) {
    static const char swaps[] = "\"\\{}[],:0-.eE \n\t\x00\x1f\x80\xc3\xff"
                                "tfnu";
    uint32_t state = (uint32_t)_i + 77;
    for (int round = 0; round < 25; round++) {
        char *text = mixed_text((unsigned)(_i * 25 + round) + 500, 40);
        size_t size = strlen(text);
        for (int i = 0; i < 12; i++) {
            state = state * 1664525u + 1013904223u;
            text[(state >> 8) % size] = swaps[(state >> 4) % (sizeof swaps - 1)];
        }
        struct ArrowSchema schema;
        json_schema(MIXED, &schema);
        char *want = json_transcript(&schema, text, (int64_t)size, &(json_way){.one_by_one = true});
        json_way ways[] = {
            {.cpu = PLN__JSON_GENERAL}, {.cpu = 0}, {.cpu = pln__cpu_features()}, {.block = 100, .cpu = pln__cpu_features()}};
        for (int w = 0; w < PLN__COUNT(ways); w++) {
            char *got = json_transcript(&schema, text, (int64_t)size, &ways[w]);
            same_lines(got, want, w == 0 ? "general" : w == 1 ? "words" : "blocks");
            free(got);
        }
        pln__schema_release(&schema);
        free(want);
        free(text);
    }
}
END_TEST

/* ---- memory ---- */

typedef struct failing {
    pln_allocator as;
    int64_t left, live;
} failing;

static void *failing_resize(void *user, void *ptr, uint64_t old, uint64_t now) {
    failing *self = user;
    if (now > old && self->left-- <= 0)
        return NULL;
    self->live += (int64_t)now - (int64_t)old;
    if (now == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, now);
}

static pln_status scenario(const pln_allocator *mem, const char *text, int64_t *rows) {
    struct ArrowSchema schema;
    pln__decoder *decoder = NULL;
    pln__encoder *encoder = NULL;
    pln__decoded out = {0};
    pln__buffer written = {0};
    pln_error err = {0};
    size_t size = strlen(text);
    uint8_t *block = calloc(1, size + PLN__PADDING);
    memcpy(block, text, size);
    json_schema("id l, name u?, at tsm:UTC?, s {x g, y [l]?}?, ok b?, k #u?, m <u l>?, raw any?",
                &schema);
    pln__decode_options options = {.schema = &schema, .origin = true, .cpu = pln__cpu_features()};
    pln_status status = pln__json_decoder.open(mem, NULL, &options, &decoder, &err);
    for (int64_t at = 0; status >= 0 && at < (int64_t)size; at += out.consumed) {
        status = pln__json_decoder.decode(decoder, block + at, (int64_t)size - at, true, 100, &out,
                                          &err);
        if (status >= 0 && encoder == NULL)
            status = pln__json_encoder.open(mem, NULL, &schema, &encoder, &err);
        if (status >= 0)
            status = pln__json_encoder.encode(encoder, &out.array, &written, &err);
        *rows += out.rows;
        pln__array_release(&out.array);
        pln__buffer_free(mem, &out.row_start);
        pln__buffer_free(mem, &out.row_size);
        pln__buffer_free(mem, &out.row_line);
    }
    if (decoder != NULL)
        pln__json_decoder.close(decoder);
    if (encoder != NULL)
        pln__json_encoder.close(encoder);
    pln__buffer_free(mem, &written);
    if (status < 0)
        ck_assert_msg(status == PLN_ENOMEM && err.status == PLN_ENOMEM, "%s", err.message);
    struct ArrowSchema inferred;
    status = status < 0
                 ? status
                 : pln__json_decoder.infer(mem, NULL, block, (int64_t)size, true, &inferred, &err);
    if (status >= 0)
        pln__schema_release(&inferred);
    pln__schema_release(&schema);
    free(block);
    return status;
}

START_TEST(no_memory_at_every_point) {
    pln__text text;
    int64_t whole = 0, n = 0;
    pln__text_init(&text, pln__system_allocator());
    char *mixed = mixed_text(3, 150);
    pln__text_str(&text, mixed);
    pln__text_str(&text,
                  "{\"id\":1,\"k\":\"red\",\"m\":{\"a\":1,\"b\":2},\"raw\":[1]}\n"
                  "{\"id\":1,\"k\":null,\"m\":null,\"raw\":{}}\n{\"id\":2,\"k\":\"blue\\u00e9\"}");
    ck_assert_int_eq(scenario(pln__system_allocator(), text.data, &whole), PLN_OK);
    ck_assert_int_gt(whole, 50);
    for (;; n++) {
        failing memory = {.as = {.struct_size = sizeof(pln_allocator), .resize = failing_resize},
                          .left = n};
        int64_t rows = 0;
        memory.as.user = &memory;
        pln_status status = scenario(&memory.as, text.data, &rows);
        ck_assert_msg(memory.live == 0, "%lld bytes are left after failure %lld",
                      (long long)memory.live, (long long)n);
        if (status == PLN_OK) {
            /* A shape that could not be kept is no failure; the rows are. */
            ck_assert_int_eq(rows, whole);
            if (memory.left > 0)
                break;
        }
    }
    ck_assert_int_gt(n, 50);
    free(mixed);
    pln__text_free(&text);
}
END_TEST

START_TEST(a_short_record_asks_for_little) {
    enum { COLUMNS = 2000, SIZE = 1 << 20 };
    pln__heap *heap = pln__heap_new(pln__system_allocator(), 64 << 20);
    const pln_allocator *mem = pln__heap_allocator(heap);
    struct ArrowSchema schema;
    pln_error err = {0};
    pln__decoder *decoder;
    pln__decoded out;
    char name[16];
    ck_assert_int_eq(pln__field_new(mem, "+s", "", false, COLUMNS, &schema, &err), PLN_OK);
    for (int i = 0; i < COLUMNS; i++) {
        snprintf(name, sizeof name, "c%d", i);
        ck_assert_int_eq(pln__field_new(mem, "l", name, true, 0, schema.children[i], &err), PLN_OK);
    }
    pln__decode_options options = {.schema = &schema, .origin = true, .cpu = pln__cpu_features()};
    uint8_t *block = malloc(SIZE + PLN__PADDING);
    memset(block, ' ', SIZE + PLN__PADDING);
    memcpy(block, "{}\n{\"c7\":7", 10);
    memcpy(block + SIZE - 2, "}\n", 2);
    ck_assert_int_eq(pln__json_decoder.open(mem, NULL, &options, &decoder, &err), PLN_OK);
    pln_status status = pln__json_decoder.decode(decoder, block, SIZE, true, INT64_MAX, &out, &err);
    ck_assert_msg(status == PLN_OK, "%s", err.message);
    ck_assert_int_eq(out.rows, 2);
    ck_assert_int_eq(((const int64_t *)out.array.children[7]->buffers[1])[1], 7);
    pln__array_release(&out.array);
    pln__buffer_free(mem, &out.row_start);
    pln__buffer_free(mem, &out.row_size);
    pln__buffer_free(mem, &out.row_line);
    pln__json_decoder.close(decoder);
    pln__schema_release(&schema);
    pln__heap_close(heap);
    free(block);
}
END_TEST

/* ---- data of others ---- */

static char *unzip(const char *name, int64_t *size) {
    char path[300];
    const char *file = test_data(name, path, sizeof path);
    if (file == NULL)
        return NULL;
    gzFile in = gzopen(file, "rb");
    int64_t room = 64 << 20;
    char *text = malloc((size_t)room);
    *size = gzread(in, text, (unsigned)room);
    gzclose(in);
    return text;
}

#define WIKI                                                                                       \
    "time tsm:UTC, channel u, cityName u?, comment u?, countryIsoCode u?, countryName u?, "        \
    "isAnonymous b?, isMinor b?, isNew b?, isRobot b?, isUnpatrolled b?, metroCode l?, "           \
    "namespace u?, page u?, regionIsoCode u?, regionName u?, user u, delta l?, added l, deleted l?"

typedef struct totals {
    int64_t rows, bad, added, deleted, delta, first, last, nulls[20];
    int64_t lines_of_bad[512];
    pln__bad_row bad_rows[512];
} totals;

static void add_up(totals *to, const struct ArrowArray *rows) {
    const int64_t *columns[] = {rows->children[17]->buffers[1], rows->children[18]->buffers[1],
                                rows->children[19]->buffers[1], rows->children[0]->buffers[1]};
    for (int64_t i = 0; i < rows->length; i++) {
        to->delta += columns[0][i];
        to->added += columns[1][i];
        to->deleted += columns[2][i];
        to->first = to->rows + i == 0 || columns[3][i] < to->first ? columns[3][i] : to->first;
        to->last = to->rows + i == 0 || columns[3][i] > to->last ? columns[3][i] : to->last;
    }
    for (int i = 0; i < 20; i++)
        to->nulls[i] += rows->children[i]->null_count;
    to->rows += rows->length;
}

static void decode_wiki(const char *text, int64_t size, int64_t block, const pln__json_dialect *how,
                        totals *to) {
    const pln_allocator *mem = pln__system_allocator();
    struct ArrowSchema schema;
    pln_error err = {0};
    pln__decoder *decoder;
    pln__decoded out;
    json_schema(WIKI, &schema);
    pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
    ck_assert_int_eq(pln__json_decoder.open(mem, how, &options, &decoder, &err), PLN_OK);
    uint8_t *copy = malloc((size_t)block + PLN__PADDING);
    int64_t line = 1;
    for (int64_t at = 0; at < size; at += out.consumed, line += out.lines) {
        int64_t n = size - at < block ? size - at : block;
        memcpy(copy, text + at, (size_t)n);
        pln_status status =
            pln__json_decoder.decode(decoder, copy, n, at + n == size, 5000, &out, &err);
        ck_assert_msg(status == PLN_OK, "%s", err.message);
        ck_assert_int_gt(out.consumed, 0);
        add_up(to, &out.array);
        for (int64_t i = 0; i < out.n_bad && to->bad < 512; i++) {
            to->bad_rows[to->bad] = out.bad[i];
            to->lines_of_bad[to->bad++] = line + out.bad[i].line;
        }
        pln__array_release(&out.array);
    }
    free(copy);
    pln__json_decoder.close(decoder);
    pln__schema_release(&schema);
}

static json_t *oracle(const char *file, const char *id) {
    char path[300];
    json_t *all = json_load_file(test_data(file, path, sizeof path), 0, NULL), *query,
           *found = NULL;
    size_t i;
    json_array_foreach(json_object_get(all, "queries"), i,
                       query) if (strcmp(json_string_value(json_object_get(query, "id")), id) == 0)
        found = json_incref(json_array_get(json_object_get(query, "rows"), 0));
    json_decref(all);
    return found;
}

static int64_t number_of(const json_t *row, const char *key) {
    return json_integer_value(json_object_get(row, key));
}

START_TEST(wikiticker_against_its_oracle) {
    int64_t size;
    totals got = {0};
    char *text = unzip("wikiticker/wikiticker_am.ndjson.gz", &size);
    if (text == NULL)
        TEST_SKIP("no wikiticker data");
    decode_wiki(text, size, 100000, NULL, &got);
    json_t *rows = oracle("oracles/wikiticker_am.json", "rows");
    json_t *nulls = oracle("oracles/wikiticker_am.json", "nulls");
    ck_assert_int_eq(got.bad, 0);
    ck_assert_int_eq(got.rows, number_of(rows, "rows"));
    ck_assert_int_eq(got.added, number_of(rows, "added"));
    ck_assert_int_eq(got.deleted, number_of(rows, "deleted"));
    ck_assert_int_eq(got.delta, number_of(rows, "delta"));
    int64_t at;
    const char *last = json_string_value(json_object_get(rows, "last_time"));
    ck_assert_int_eq(pln__parse_timestamp(last, (int64_t)strlen(last), PLN__MILLI, 0, &at),
                     PLN__PARSED);
    ck_assert_int_eq(got.last, at);
    ck_assert_int_eq(got.nulls[2], number_of(nulls, "cityName"));
    ck_assert_int_eq(got.nulls[4], number_of(nulls, "countryIsoCode"));
    ck_assert_int_eq(got.nulls[5], number_of(nulls, "countryName"));
    ck_assert_int_eq(got.nulls[11], number_of(nulls, "metroCode"));
    ck_assert_int_eq(got.nulls[14], number_of(nulls, "regionIsoCode"));
    ck_assert_int_eq(got.nulls[15], number_of(nulls, "regionName"));
    json_decref(rows);
    json_decref(nulls);
    free(text);
}
END_TEST

/*
 * Why a damaged line is refused: the column (-1: the record) and words. Where the manifest leaves it to policy, these kinds are refused
 * by default; a negative count of characters is a number like any other.
 */
static const struct {
    const char *kind;
    int32_t column;
    const char *words;
} reasons[] = {
    {"truncated", -1, "no valid JSON at byte "},
    {"trailing_garbage", -1, "expected nothing more on this line"},
    {"single_quotes", -1, "expected a key in quotes"},
    {"missing_time", 0, "member 'time': is missing"},
    {"time_null", 0, "member 'time': expected timestamp(ms, UTC), got null in a required member"},
    {"time_not_iso", 0, "member 'time': expected timestamp(ms, UTC), got string \""},
    {"time_number", 0, "member 'time': expected timestamp(ms, UTC), got 14"},
    {"added_string", 18, "member 'added': expected int64, got string \""},
    {"added_float", 18, "member 'added': expected int64, got "},
    {"added_overflow", 18, " does not fit int64"},
    {"user_missing", 16, "member 'user': is missing"},
    {"bad_utf8", -1, "expected valid UTF-8"},
    {"duplicate_key", 18, "member 'added': stands there twice"},
    {"array_not_object", -1, "a record is one JSON object"},
    {"bare_number", -1, "a record is one JSON object"},
    {"nan_literal", -1, "expected a value, got 'NaN"},
    {"utf8_bom", -1, "no valid JSON at byte 0"},
    {"raw_tab_in_string", -1, "expected no control character"},
    {"deep_nesting", -1, "expected less nesting"},
};

static int reason_of(const char *kind) {
    for (int i = 0; i < PLN__COUNT(reasons); i++)
        if (strcmp(reasons[i].kind, kind) == 0)
            return i;
    return -1;
}

START_TEST(wikiticker_damaged) {
    int64_t size, kinds = 0, next = 0, lines = 0, skipped = 0;
    char path[300], line[400], seen[2000] = "";
    totals got = {0};
    char *text = unzip("wikiticker/wikiticker_am_dirty.ndjson.gz", &size);
    if (text == NULL)
        TEST_SKIP("no damaged wikiticker data");
    decode_wiki(text, size, 65536, NULL, &got);
    FILE *manifest =
        fopen(test_data("wikiticker/wikiticker_am_dirty_manifest.jsonl", path, sizeof path), "r");
    while (fgets(line, sizeof line, manifest) != NULL) {
        json_t *entry = json_loads(line, 0, NULL);
        const char *kind = json_string_value(json_object_get(entry, "kind"));
        const char *expect = json_string_value(json_object_get(entry, "expect"));
        int64_t at = number_of(entry, "line");
        if (strstr(seen, kind) == NULL) {
            strcat(strcat(seen, " "), kind);
            kinds++;
        }
        int reason = reason_of(kind);
        ck_assert_msg(strcmp(expect, "policy") == 0 ||
                          (reason >= 0) == (strcmp(expect, "reject") == 0),
                      "%s has no words", kind);
        bool rejected = next < got.bad && got.lines_of_bad[next] == at;
        ck_assert_msg((reason >= 0) == rejected, "line %lld, %s: %s", (long long)at, kind,
                      rejected ? "rejected" : "not rejected");
        if (rejected) {
            const pln__bad_row *bad = &got.bad_rows[next];
            ck_assert_int_eq(bad->code, PLN_EDATA);
            ck_assert_msg(bad->column == reasons[reason].column &&
                              strstr(bad->message, reasons[reason].words) != NULL,
                          "line %lld, %s: column %d, %s", (long long)at, kind, (int)bad->column,
                          bad->message);
        }
        next += rejected;
        skipped += strcmp(expect, "skip") == 0;
        json_decref(entry);
    }
    fclose(manifest);
    for (int64_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    lines += size > 0 && text[size - 1] != '\n';
    ck_assert_int_eq(kinds, 24);
    ck_assert_int_eq(next, got.bad);
    ck_assert_int_eq(got.rows + got.bad + skipped, lines);
    free(text);
}
END_TEST

/*
 * Where RFC 8259 leaves it to the reader: numbers of any size and keys that come twice below a member are let be, a NUL may stand
 * escaped; text that is no UTF-8, half of a surrogate pair, a mark inside a line and deep nesting are refused.
 */
static bool either_accepts(const char *name) {
    const char *base = strrchr(name, '/') + 1;
    return strncmp(base, "i_number", 8) == 0 || strncmp(base, "number", 6) == 0 ||
           strncmp(base, "object_", 7) == 0 || strstr(base, "escaped_NULL") != NULL;
}

/* As a member's value: kept as it is, and, being unknown, skipped. */
static void as_member(const char *name, const uint8_t *text, size_t size, bool accept) {
    for (int known = 0; known < 2; known++) {
        struct ArrowSchema schema;
        char *record = calloc(1, size + 20);
        memcpy(record, "{\"v\":", 5);
        memcpy(record + 5, text, size);
        record[5 + size] = '}';
        json_schema(known ? "v any?" : "w l?", &schema);
        char *got = json_transcript(&schema, record, (int64_t)size + 6, &plain);
        bool accepted = strchr(got, '!') == NULL || strchr(got, '!') > strchr(got, ' ');
        ck_assert_msg(accepted == accept, "%s: %s", name, got);
        free(got);
        free(record);
        pln__schema_release(&schema);
    }
}

/* As a line of its own, or several where a line end stands in it: a row only if it is one whole object without a key twice. */
static void as_record(const char *name, const uint8_t *text, size_t size, bool accept) {
    struct ArrowSchema schema;
    const uint8_t *p = text;
    bool marked = size > 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0; /* the one place where it may stand */
    p += marked ? 3 : 0;
    while (p < text + size && (*p == ' ' || *p == '\t'))
        p++;
    bool row = (accept || marked) && p < text + size && *p == '{' &&
               memchr(text, '\n', size) == NULL && strstr(name, "duplicated_key") == NULL &&
               strstr(name, "same_key") == NULL;
    json_schema("w l?", &schema);
    char *got = json_transcript(&schema, (const char *)text, (int64_t)size, &plain);
    bool accepted = strstr(got, "{\"w\":null}") != NULL;
    ck_assert_msg(accepted == row, "%s: %s", name, got);
    free(got);
    pln__schema_release(&schema);
}

START_TEST(json_suite) {
    char path[300];
    int cases = 0;
    const char *file = test_data("json_suite/cases.jsonl", path, sizeof path);
    static char line[1 << 20];
    if (file == NULL)
        TEST_SKIP("no JSON test suite");
    FILE *in = fopen(file, "r");
    for (; fgets(line, sizeof line, in) != NULL; cases++) {
        json_t *entry = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(entry, "name"));
        const char *expect = json_string_value(json_object_get(entry, "expect"));
        size_t size;
        uint8_t *text = from_base64(json_string_value(json_object_get(entry, "base64")), &size);
        while (size > 0 && text[size - 1] == '\n')
            size--;
        bool accept =
            strcmp(expect, "either") == 0 ? either_accepts(name) : strcmp(expect, "accept") == 0;
        if (memchr(text, '\n', size) == NULL)
            as_member(name, text, size, accept);
        as_record(name, text, size, accept);
        free(text);
        json_decref(entry);
    }
    fclose(in);
    ck_assert_int_eq(cases, 340);
}
END_TEST

Suite *suite_format_json_decode(void);
Suite *suite_format_json_decode(void) {
    Suite *suite = suite_create("format/json_decode");
    TCase *tcase = tcase_create("records");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, lines_and_places);
    tcase_add_test(tcase, what_is_no_record);
    tcase_add_test(tcase, members);
    tcase_add_test(tcase, unknown_members_of_records_in_turn);
    tcase_add_test(tcase, a_thousand_unknown_members);
    tcase_add_test(tcase, records_beyond_the_limit);
    tcase_add_loop_test(tcase, every_way_gives_the_same, 0, 6);
    tcase_add_loop_test(tcase, damaged_bytes_give_the_same, 0, 8);
    tcase_add_test(tcase, no_memory_at_every_point);
    tcase_add_test(tcase, a_short_record_asks_for_little);
    tcase_add_test(tcase, wikiticker_against_its_oracle);
    tcase_add_test(tcase, wikiticker_damaged);
    tcase_add_test(tcase, json_suite);
    suite_add_tcase(suite, tcase);
    return suite;
}

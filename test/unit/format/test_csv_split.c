/* Laws: however the input is cut into blocks, calls and instruction sets, the same rows come out; a damaged line costs one row. */
#define _POSIX_C_SOURCE 200809L
#include "csv_help.h"
#include "fail_alloc.h"

static pln__csv_dialect usual;

static void set_up(void) {
    pln__csv_dialect_default(&usual);
}

static void check_cut(drive *d, const char *text, int64_t size, const char *expected) {
    const char *got = drive_run(d, text, size);
    if (strcmp(got, expected) != 0)
        ck_abort_msg(
            "block %lld, step %lld, rows %lld, cpu %u, resume %d: input %s\ngot\n%s\nnot\n%s",
            (long long)d->block, (long long)d->step, (long long)d->max_rows, d->cpu, d->resume,
            text, got, expected);
    pln__text_free(&d->text);
}

/* Every cut in two, every block size, few rows a call, every instruction set, a new decoder for each block. */
static void check_all_cuts(const pln__csv_dialect *dialect, const char *spec, const char *text,
                           int64_t size) {
    struct ArrowSchema schema;
    make_schema(spec, &schema);
    drive d = drive_new(dialect, &schema);
    d.record_bytes_max = 40;
    char *expected = strdup(drive_run(&d, text, size));
    pln__text_free(&d.text);
    for (d.block = 1; d.block < size; d.block++)
        check_cut(&d, text, size, expected);
    for (d.step = 1; d.step <= 3; d.step++) {
        d.block = d.step;
        check_cut(&d, text, size, expected);
        d.resume = true;
        check_cut(&d, text, size, expected);
        d.resume = false;
    }
    d.block = d.step = 0;
    for (d.max_rows = 1; d.max_rows <= 3; d.max_rows++)
        check_cut(&d, text, size, expected);
    uint32_t all = pln__cpu_features();
    for (uint32_t cpu = 0; cpu <= all; cpu = cpu * 2 + 1) {
        d.cpu = cpu & all;
        check_cut(&d, text, size, expected);
    }
    free(expected);
    pln__schema_release(&schema);
}

START_TEST(cuts_of_chosen_inputs) {
    static const char *const inputs[] = {
        "a,b,c\n1,x,2013-01-01T00:00:00Z\n2,\"y,\"\"\n\",\n\n3,z,q\nq\n\"4\",\"\",\"2013-01-01 "
        "00:00:00\"\n",
        "\xEF\xBB\xBF"
        "c,b,a\r\n,\"x\r\n\",1\r\n\r\n,\xC3\xA9\xE2\x82\xAC,2\r\n,\xC3,3\r\n,\"\",4",
        "a,b,c\r1,x,\r2,\"\r\",\r\r\n3,y,\r4,z",
        "a,b,c\n1,\"x,\n2,y,\n\"3\",\"z\",\"\"\n4,w\",\n5,\"\"\"\",\n6,\"",
        "a,b,c\n1234567890123456789,12345678901234567,\n1,"
        "12345678901234567890123456789012345678901,\n2,x,\n",
        "a,b,c\n1,\"12345678901234567890123456789012345678901\",\n1,"
        "\"1\n2\n3\n45678901234567890123456789012345678\",\n2,x,\n",
        "a,b,c\n,,\n,,,\n,\n1\n\n\"\n",
        "a\n",
        "a,b\n1,2",
        "\r\n\na,b,c\r\n1,2,\r\n\r",
        "\xEF\xBB",
        "\xEF\xBB\xBF",
        "\r",
        "a\r",
    };
    for (int i = 0; i < PLN__COUNT(inputs); i++)
        check_all_cuts(&usual, "a:l b:u c:tsu:UTC", inputs[i], (int64_t)strlen(inputs[i]));
}
END_TEST

static int64_t random_text(uint64_t *seed, char *out, int64_t max) {
    static const char *const pieces[] = {
        "a",    "1",  ",", ",", ",",  "\n",       "\n",   "\r\n",  "\"",     "\"",
        "\"\"", "\r", " ", "#", "\\", "\xC3\xA9", "\xFF", "\",\"", "\"\n\"", "12345678"};
    int64_t size = 0, n = (int64_t)(next_random(seed) % 24);
    for (int64_t i = 0; i < n; i++) {
        const char *piece = pieces[next_random(seed) % PLN__COUNT(pieces)];
        int64_t more = (int64_t)strlen(piece);
        if (size + more >= max)
            break;
        memcpy(out + size, piece, (size_t)more);
        size += more;
    }
    out[size] = '\0';
    return size;
}

START_TEST(cuts_of_random_inputs) {
    uint64_t seed = 88172645463325252u + (uint64_t)_i;
    char text[256];
    for (int i = 0; i < 150; i++) {
        pln__csv_dialect dialect = usual;
        uint64_t bits = next_random(&seed);
        dialect.header = false;
        dialect.trim = bits & 1;
        dialect.ragged = (bits & 6) == 6;
        dialect.skip_blank = (bits & 24) != 24;
        dialect.comment = (bits & 32) ? '#' : '\0';
        dialect.escape = (bits & 192) == 192 ? '\\' : '\0';
        dialect.quote = (bits & 0x700) == 0 ? '\0' : '"';
        int64_t size = random_text(&seed, text, sizeof text);
        check_all_cuts(&dialect, (bits & 0x800) ? "a:u b:u" : "a:u", text, size);
    }
}
END_TEST

/* Long inputs cross the windows of the index. */
START_TEST(long_inputs) {
    uint64_t seed = 1;
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "a,b,c\n");
    for (int i = 0; i < 6000; i++) {
        pln__text_printf(&text, "%d,", i);
        int64_t n = (int64_t)(next_random(&seed) % 60);
        bool quoted = next_random(&seed) % 3 == 0;
        if (next_random(&seed) % 1000 == 0)
            n = 1 << 16;
        if (quoted)
            pln__text_char(&text, '"');
        for (int64_t k = 0; k < n; k++)
            pln__text_str(&text, quoted && k % 7 == 3    ? ",\n"
                                 : quoted && k % 31 == 5 ? "\"\""
                                 : k % 40 == 39          ? "\xC3\xA9"
                                                         : "x");
        pln__text_str(&text, quoted ? "\"" : "");
        pln__text_str(&text, next_random(&seed) % 50 == 0  ? "\n"
                             : next_random(&seed) % 4 == 0 ? ",\n"
                                                           : ",2013-01-01T00:00:00Z\n");
    }
    struct ArrowSchema schema;
    make_schema("a:i b:u c:tsu:UTC", &schema);
    drive d = drive_new(&usual, &schema);
    char *expected = strdup(drive_run(&d, text.data, text.size));
    pln__text_free(&d.text);
    /* A short record of many lines costs the first one only, and what is left is read as lines. */
    ck_assert_int_ge(d.rows + d.bad, 6000);
    ck_assert_int_ge(d.bad, 60);
    uint32_t all = pln__cpu_features();
    for (uint32_t cpu = 0; cpu <= all; cpu = cpu * 2 + 1) {
        d.cpu = cpu & all;
        d.block = 100000;
        d.step = 50000;
        check_cut(&d, text.data, text.size, expected);
        d.block = 0;
        d.max_rows = 100;
        check_cut(&d, text.data, text.size, expected);
        d.max_rows = 0;
    }
    free(expected);
    pln__text_free(&text);
    pln__schema_release(&schema);
}
END_TEST

/* ---- damage ---- */

#define LINES 40

static void write_line(pln__text *to, int line, bool all_quoted) {
    const char *q = all_quoted ? "\"" : "";
    pln__text_printf(to, "%s%d%s,\"name %d, the %d\",%s2013-01-%02dT00:00:00Z%s,%sx%s", q, line, q,
                     line, line, q, line % 28 + 1, q, q, q);
}

/* Damage `kind` done to a good line; returns false if there is no such. */
static bool damage(char *line, int kind) {
    char *open = strchr(line, '"'), *name = strstr(line, "name"), *end = line + strlen(line);
    char *close = strchr(name, '"');
    switch (kind) {
    case 0: memmove(close, close + 1, strlen(close)); return true;  /* no closing quote */
    case 1: memmove(name - 1, name, strlen(name) + 1); return true; /* no opening quote */
    case 2:
        memmove(line + (*line == '"') + 1, line + (*line == '"'),
                strlen(line + (*line == '"')) + 1);
        line[*line == '"'] = 'q';
        return true;                                 /* a wrong type */
    case 3: *strrchr(line, ',') = '\0'; return true; /* a short row */
    case 4: strcpy(end, ",y"); return true;          /* a long row */
    case 5: name[1] = '\xFF'; return true;           /* no UTF-8 */
    case 6: strcpy(end, "\""); return true;          /* a quote at the end */
    case 7:
        memmove(close + 1, close, strlen(close) + 1);
        close[0] = '"';
        return true; /* one quote more */
    case 8: memmove(open + 1, open, strlen(open) + 1); return true;
    case 9:
        line[0] = '"';
        line[1] = '\0';
        return true; /* cut off inside of quotes */
    case 10: name[2] = '"'; return true;
    case 11: *close = ' '; return true;
    default: return false;
    }
}

static void check_damage(int at, int kind, bool all_quoted) {
    pln__text text, expected, one;
    pln__text_init(&text, pln__system_allocator());
    pln__text_init(&expected, pln__system_allocator());
    pln__text_str(&text, "a,b,c,d\n");
    int64_t bad_start = 0, bad_size = 0;
    for (int i = 0; i < LINES; i++) {
        char line[256];
        pln__text_init(&one, pln__system_allocator());
        write_line(&one, i, all_quoted);
        snprintf(line, sizeof line, "%s", one.data);
        pln__text_free(&one);
        if (i == at) {
            ck_assert(damage(line, kind));
            bad_start = text.size;
            bad_size = (int64_t)strlen(line);
        }
        pln__text_str(&text, line);
        pln__text_char(&text, '\n');
    }
    struct ArrowSchema schema;
    make_schema("a:l b:u c:tss:UTC d:u", &schema);
    drive d = drive_new(&usual, &schema);
    const char *got = drive_run(&d, text.data, text.size);
    ck_assert_msg(d.rows == LINES - 1 && d.bad == 1,
                  "line %d, damage %d, quoted %d: %lld rows, %lld bad\n%s", at, kind, all_quoted,
                  (long long)d.rows, (long long)d.bad, got);
    char place[64];
    snprintf(place, sizeof place, "!%d %lld %lld ", at + 1, (long long)bad_start,
             (long long)bad_size);
    ck_assert_msg(strstr(got, place) != NULL, "line %d, damage %d: %s not in %s", at, kind, place,
                  got);
    for (int i = 0; i < LINES; i++) {
        pln__text_free(&expected);
        pln__text_init(&expected, pln__system_allocator());
        pln__text_printf(&expected, "%d|name %d, the %d|%d|x\n", i, i, i,
                         1356998400 + i % 28 * 86400);
        ck_assert((strstr(got, expected.data) != NULL) == (i != at));
    }
    pln__text_free(&expected);
    pln__text_free(&d.text);
    pln__text_free(&text);
    pln__schema_release(&schema);
}

START_TEST(a_damaged_line_costs_one_row) {
    for (int kind = 0; kind <= 11; kind++)
        for (int at = 0; at < LINES; at++)
            for (int quoted = 0; quoted <= 1; quoted++)
                check_damage(at, kind, quoted != 0);
}
END_TEST

/* Every line opens a quote that is never closed where it should be: the way to the next quote is walked once a field. */
START_TEST(hostile_quotes_are_linear) {
    static const char *const lines[] = {"\"a\n",   "\"\"\"a\n", "x,\"\n",
                                        "\",\"\n", "\"\n",      "a,\"b\"\"\n"};
    for (int i = 0; i < PLN__COUNT(lines); i++) {
        pln__text text;
        pln__text_init(&text, pln__system_allocator());
        for (int k = 0; k < 300000; k++)
            pln__text_str(&text, lines[i]);
        for (int k = 0; k < 300000; k++)
            pln__text_str(&text, "x,y\n");
        struct ArrowSchema schema;
        make_schema("a:u b:u", &schema);
        usual.header = false;
        pln__decode_options options = {.schema = &schema, .cpu = pln__cpu_features()};
        pln__decoder *decoder;
        pln__decoded got;
        ck_assert_int_eq(
            pln__csv_decoder.open(pln__system_allocator(), &usual, &options, &decoder, NULL),
            PLN_OK);
        ck_assert_int_eq(pln__csv_decoder.begin(decoder, true, NULL, 0, NULL), PLN_OK);
        for (int k = 0; k < PLN__PADDING; k++)
            pln__text_char(&text, '\0');
        ck_assert_int_eq(pln__csv_decoder.decode(decoder, (const uint8_t *)text.data,
                                                 text.size - PLN__PADDING, true, INT32_MAX, &got,
                                                 NULL),
                         PLN_OK);
        ck_assert_int_eq(got.consumed, text.size - PLN__PADDING);
        ck_assert_int_ge(got.rows, 300000);
        ck_assert_int_eq(got.lines, 600000);
        got.array.release(&got.array);
        pln__csv_decoder.close(decoder);
        pln__text_free(&text);
        pln__schema_release(&schema);
    }
}
END_TEST

/* ---- memory ---- */

START_TEST(memory_fails_at_every_n) {
    const char *text =
        "a,\"b\"\"\",c,d,e\n1,x,2013-01-01T00:00:00Z,red,1.5\n2,\"y,\"\"\n\",,blue,\nq,,,,\n3,z\n";
    struct ArrowSchema schema;
    make_schema("a:l b\":u c:tsu:UTC d:D:u e:g missing:u", &schema);
    drive d = drive_new(&usual, &schema);
    char *expected = strdup(drive_run(&d, text, (int64_t)strlen(text)));
    pln__text_free(&d.text);
    ck_assert_int_eq(d.rows, 2);
    bool failed = true;
    for (int64_t n = 0; failed; n++) {
        fail_alloc f;
        d.mem = fail_alloc_init(&f, n);
        const char *got = drive_run(&d, text, (int64_t)strlen(text));
        failed = f.failed;
        if (d.status != PLN_OK)
            ck_assert_msg(strncmp(got, "PLN_ENOMEM", 10) == 0, "at %lld: %s", (long long)n, got);
        else
            ck_assert_str_eq(got, expected);
        ck_assert_int_eq(failed, d.status != PLN_OK);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        pln__text_free(&d.text);
        ck_assert_int_lt(n, 1000);
    }
    free(expected);
    pln__schema_release(&schema);
}
END_TEST

Suite *suite_format_csv_split(void);
Suite *suite_format_csv_split(void) {
    Suite *suite = suite_create("format/csv_split");
    TCase *one = tcase_create("csv_split");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_set_timeout(one, 240);
    tcase_add_test(one, cuts_of_chosen_inputs);
    tcase_add_loop_test(one, cuts_of_random_inputs, 0, 4);
    tcase_add_test(one, long_inputs);
    tcase_add_test(one, a_damaged_line_costs_one_row);
    tcase_add_test(one, hostile_quotes_are_linear);
    tcase_add_test(one, memory_fails_at_every_n);
    suite_add_tcase(suite, one);
    return suite;
}

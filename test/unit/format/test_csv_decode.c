#define _POSIX_C_SOURCE 200809L
#include "csv_help.h"

static pln__csv_dialect usual;

static void set_up(void) {
    pln__csv_dialect_default(&usual);
}

START_TEST(header_maps_by_name) {
    ck_decodes(&usual, "a:l b:u", "b,a\nx,1\ny,2\n", "1|x\n2|y\n");
    ck_decodes(&usual, "a:l b:u",
               "\xEF\xBB\xBF"
               "a,zzz,b\n1,?,x\n",
               "1|x\n");
    ck_decodes(&usual, "a:l b:u", "a\n1\n2\n", "1|~\n2|~\n");
    ck_decodes(
        &usual, "a:l amount:l!", "a,amuont\n1,2\n",
        "PLN_ENAME: column amount: not among the fields of the file (did you mean 'amuont'?)");
    ck_decodes(&usual, "a:l b:u", "x,y\n1,2\n",
               "PLN_ENAME: column a: not among the 2 fields of the file, which begin with 'x'");
    ck_decodes(&usual, "a:l", "a,b,a\n1,2,3\n",
               "PLN_EDATA: the fields 1 and 3 have the same name 'a'");
    ck_decodes(&usual, "a:l c2:u", "a,\n1,x\n", "1|x\n");
    ck_decodes(&usual, "a:l", "\"a\"x\n1\n",
               "PLN_EDATA: header: text after the closing quote of field 1");
    ck_decodes(&usual, "a:l", "a\xFF\n1\n",
               "PLN_EDATA: header: the name of field 1 is no text: 'a\\xFF'");
    ck_decodes(&usual, "a\"b:l c:l", "\"a\"\"b\",\"c\"\n1,2\n", "1|2\n");
    ck_decodes(&usual, "a:l", "", "");
    ck_decodes(&usual, "a:l", "\n\n", "");
    ck_decodes(&usual, "a:l", "a\n", "");
    ck_decodes(&usual, "a:l", "a", "");
    ck_decodes(&usual, "a:l",
               "\xFF\xFE"
               "a\n",
               "PLN_EUNSUPPORTED: the input is UTF-16, must be UTF-8");
}
END_TEST

START_TEST(without_header) {
    usual.header = false;
    ck_decodes(&usual, "a:l b:u", "1,x\n2,y", "1|x\n2|y\n");
    const char *names[] = {"b", "z", "a", NULL};
    usual.columns = names;
    ck_decodes(&usual, "a:l b:u", "x,?,1\ny,?,2\n", "1|x\n2|y\n");
    ck_decodes(&usual, "a:l q:u!", "x,?,1\n",
               "PLN_ENAME: column q: not among the 3 fields of the file, which begin with 'b'");
}
END_TEST

START_TEST(line_ends) {
    ck_decodes(&usual, "a:l b:u", "a,b\r\n1,x\r\n2,y\r\n", "1|x\n2|y\n");
    ck_decodes(&usual, "a:l b:u", "a,b\r1,x\r2,y\r", "1|x\n2|y\n");
    ck_decodes(&usual, "a:l b:u", "a,b\r1,x\r\n2,y", "1|x\n2|y\n");
    ck_decodes(&usual, "a:l b:u", "a,b\n1,x\r\n2,\"y\"\r\n3,z", "1|x\n2|y\n3|z\n");
    ck_decodes(&usual, "a:l b:u", "a,b\n1,\"x\r\ny\"\n2,\"\n\"\n", "1|x\r\ny\n2|\n\n");
    ck_decodes(&usual, "a:l b:u", "a,b\n1,x\ry\n", "1|x\ry\n");
    ck_decodes(&usual, "a:u b:u", "a,b\n\n1,\n\r\n,2\n\n", "1|~\n~|2\n");
    ck_decodes(&usual, "a:u", "a\n\n1\n\r\n", "1\n");
    usual.skip_blank = false;
    ck_decodes(&usual, "a:u", "a\n\n1\n\r\n", "~\n1\n~\n");
    ck_decodes(&usual, "a:u b:u", "a,b\n\n1,2\n", "!1 4 0 -1: expected 2 fields, got 1\n1|2\n");
}
END_TEST

START_TEST(nulls_and_empty) {
    ck_decodes(&usual, "a:u b:l", "a,b\n,\n\"\",1\nNA,2\n", "~|~\n|1\nNA|2\n");
    ck_decodes(&usual, "a:u b:l!", "a,b\nx,\ny,\"\"\nz,1\n",
               "!1 4 2 1: null in a required column, expected int64\n"
               "!2 7 4 1: expected int64, got ''\nz|1\n");
    const char *nulls[] = {"NA", "\\N", NULL};
    usual.nulls = nulls;
    ck_decodes(&usual, "a:u b:l", "a,b\nNA,1\n\"NA\",NA\n,\\N\nN,3\n", "~|1\nNA|~\n|~\nN|3\n");
    usual.quoted_null = true;
    ck_decodes(&usual, "a:u b:l", "a,b\n\"NA\",\"NA\"\n", "~|~\n");
}
END_TEST

START_TEST(bad_rows_have_place_and_reason) {
    ck_decodes(&usual, "a:l! b:l c:u",
               "a,b,c\n1,n/a,x\n2,2,y\nx,1\n3,3,z,w\n4,4,\xFFq\n5,5,\"q\"\n",
               "!1 6 7 1: expected int64, got 'n/a'\n2|2|y\n!3 20 3 -1: expected 3 fields, got 2\n"
               "!4 24 7 -1: expected 3 fields, got more\n"
               "!5 32 6 2: expected utf8, got '\\xFFq' (no UTF-8)\n5|5|q\n");
    ck_decodes(&usual, "a:c", "a\n127\n128\n-129\n",
               "127\n!2 6 3 0: expected int8, got '128' (out of range)\n"
               "!3 10 4 0: expected int8, got '-129' (out of range)\n");
}
END_TEST

START_TEST(quoting_faults_cost_one_line) {
    const char *spec = "a:u b:u";
    ck_decodes(&usual, spec, "a,b\nx,\"y\nz,\"w\"\n",
               "!1 4 4 -1: text after the closing quote of field 2\nz|w\n");
    ck_decodes(&usual, spec, "a,b\nx,\"y\nz,w\n1,2\n",
               "!1 4 4 -1: the quote opened in field 2 is not closed\nz|w\n1|2\n");
    ck_decodes(&usual, spec, "a,b\nx,y\"\nz,w\n",
               "!1 4 4 -1: a quote inside of field 2, which is not quoted\nz|w\n");
    ck_decodes(&usual, spec, "a,b\nx,\"y\"q\nz,w\n",
               "!1 4 6 -1: text after the closing quote of field 2\nz|w\n");
    ck_decodes(&usual, spec, "a,b\n\"x,y\n\"\nz,w\n",
               "!1 4 4 -1: expected 2 fields, got 1\n!2 9 1 -1: the quote opened in field 1 is not "
               "closed\nz|w\n");
    ck_decodes(&usual, spec, "a,b\n\"x\ny\",z\n1,2\n", "x\ny|z\n1|2\n");
    ck_decodes(&usual, spec, "a,b\nx,\"\"\"\"\nz,\"a\"\"b\"\n", "x|\"\nz|a\"b\n");
}
END_TEST

START_TEST(dialects) {
    usual.delimiter = ';';
    usual.quote = '\'';
    ck_decodes(&usual, "a:u b:u", "a;b\n'x;''y';\"z\"\n", "x;'y|\"z\"\n");
    pln__csv_dialect_default(&usual);
    usual.quote = 0;
    ck_decodes(&usual, "a:u b:u", "a,b\n\"x,y\"\n", "\"x|y\"\n");
    pln__csv_dialect_default(&usual);
    usual.escape = '\\';
    ck_decodes(&usual, "a:u b:u", "a,b\n\"x\\\"y\\\\\",\"\\,\"\n\\n,\"\\\n\"\n",
               "x\"y\\|,\n\\n|\n\n");
    ck_decodes(&usual, "a:u b:u", "a,b\nx,\"y\\\"\nz,w\n",
               "!1 4 6 -1: the quote opened in field 2 is not closed\nz|w\n");
    /* A CR in quotes, behind a quote that is escaped, says nothing about line ends. */
    usual.header = false;
    ck_decodes(&usual, "a:u b:u", "\"x\\\"y\",\"\r\"\nz,w\n", "x\"y|\r\nz|w\n");
    pln__csv_dialect_default(&usual);
    usual.trim = true;
    ck_decodes(&usual, "a:l b:u", " a ,\tb\n 1 , \" x \" \n2,  \n", "1| x \n2|~\n");
    pln__csv_dialect_default(&usual);
    usual.comment = '#';
    ck_decodes(&usual, "a:u b:u", "#hello, world\na,b\n#,\"\n1,#2\n#", "1|#2\n");
    pln__csv_dialect_default(&usual);
    usual.skip_lines = 2;
    ck_decodes(&usual, "a:u", "\"junk\n,,,\"\na\n1\n", "1\n");
    pln__csv_dialect_default(&usual);
    usual.ragged = true;
    ck_decodes(&usual, "a:u b:u! c:l", "a,b,c\n1\n1,2\n1,2,3,4\n",
               "!1 6 1 1: null in a required column, expected utf8\n1|2|~\n1|2|3\n");
}
END_TEST

START_TEST(dialects_refused) {
    struct ArrowSchema schema;
    pln__decoder *decoder;
    pln_error err = {0};
    make_schema("a:l", &schema);
    pln__decode_options options = {.schema = &schema};
    usual.delimiter = '\n';
    ck_assert_int_eq(
        pln__csv_decoder.open(pln__system_allocator(), &usual, &options, &decoder, &err),
        PLN_EOPTION);
    ck_assert_ptr_nonnull(strstr(err.message, "delimiter"));
    usual.delimiter = '"';
    ck_assert_int_eq(
        pln__csv_decoder.open(pln__system_allocator(), &usual, &options, &decoder, &err),
        PLN_EOPTION);
    ck_assert_str_eq(err.message, "delimiter and quote are both '\"'");
    pln__schema_release(&schema);
    make_schema("a:l inner:+s", &schema);
    usual.delimiter = ',';
    ck_assert_int_eq(
        pln__csv_decoder.open(pln__system_allocator(), &usual, &options, &decoder, &err),
        PLN_EUNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "inner"));
    pln__schema_release(&schema);
}
END_TEST

START_TEST(types) {
    ck_decodes(&usual, "a:b", "a\ntrue\nF\nYES\nn\n1\n0\ny\nNo\nmaybe\n",
               "1\n0\n1\n0\n1\n0\n1\n0\n!9 24 5 0: expected bool, got 'maybe'\n");
    ck_decodes(
        &usual, "c:c C:C s:s S:S i:i I:I l:l L:L",
        "c,C,s,S,i,I,l,L\n-128,255,-32768,65535,-2147483648,4294967295,-9223372036854775808,"
        "18446744073709551615\n"
        "+1,+1,+1,+1,+1,+1,+1,+1\n0,0,0,0,007,0000000000000000000000001,12345678901,"
        "1234567890123456789\n",
        "-128|255|-32768|65535|-2147483648|4294967295|-9223372036854775808|18446744073709551615\n"
        "1|1|1|1|1|1|1|1\n0|0|0|0|7|1|12345678901|1234567890123456789\n");
    ck_decodes(&usual, "l:l",
               "l\n9223372036854775808\n1.0\n 1\n-\n1_0\n123456789x\n12345678901234567x\n1e3\n",
               "!1 2 19 0: expected int64, got '9223372036854775808' (out of range)\n"
               "!2 22 3 0: expected int64, got '1.0'\n!3 26 2 0: expected int64, got ' 1'\n"
               "!4 29 1 0: expected int64, got '-'\n!5 31 3 0: expected int64, got '1_0'\n"
               "!6 35 10 0: expected int64, got '123456789x'\n"
               "!7 46 18 0: expected int64, got '12345678901234567x'\n!8 65 3 0: expected int64, "
               "got '1e3'\n");
    ck_decodes(&usual, "i:i", "i\n2147483648\nx\n",
               "!1 2 10 0: expected int32, got '2147483648' (out of range)\n"
               "!2 13 1 0: expected int32, got 'x'\n");
    ck_decodes(
        &usual, "g:g f:f", "g,f\n1.5,0.1\n-0,1e10\n.5,1.\n1e400,1\n1,1e39\n1e-400,7\n0.1,\n",
        "1.5|0.10000000149011612\n-0|10000000000\n0.5|1\n"
        "!4 26 7 0: expected float64, got '1e400' (out of range)\n"
        "!5 34 6 1: expected float32, got '1e39' (out of range)\n0|7\n0.10000000000000001|~\n");
    ck_decodes(
        &usual, "d:d:10,2", "d\n12345678.90\n-0.5\n1\n123456789\n0.125\n1.500\n1e3\nx\n",
        "12345678.90\n-0.50\n1.00\n!4 21 9 0: expected decimal(10, 2), got '123456789' (out of "
        "range)\n"
        "!5 31 5 0: expected decimal(10, 2), got '0.125' (digits would be lost)\n1.50\n1000.00\n"
        "!8 47 1 0: expected decimal(10, 2), got 'x'\n");
    ck_decodes(&usual, "w:w:3 z:z u:u D:D:u",
               "w,z,u,D\nabc,\xFF,\xC3\xA9,red\nab,,,\nxyz,q,,red\n,,,blue\n",
               "abc|\xFF|\xC3\xA9|red\n!2 21 5 0: expected binary(3), got 'ab' (another size)\n"
               "xyz|q|~|red\n~|~|~|blue\n");
}
END_TEST

/* The fast ways of the hot loop against the C library. */
START_TEST(numbers_as_the_c_library_reads_them) {
    uint64_t seed = 42;
    struct ArrowSchema schema;
    make_schema("g:g l:l", &schema);
    for (int i = 0; i < 20000; i++) {
        char real[40], text[128], expected[128];
        uint64_t bits = next_random(&seed);
        int whole = (int)(bits % 10), fraction = (int)(bits >> 8) % 10;
        fraction = fraction < 0 ? -fraction : fraction;
        int size = snprintf(real, sizeof real, "%s", bits >> 20 & 1 ? "-" : "");
        for (int k = 0; k < whole; k++)
            real[size++] = (char)('0' + next_random(&seed) % 10);
        if (fraction > 0 || (bits >> 21 & 7) == 0 || whole == 0)
            real[size++] = '.';
        for (int k = 0; k < fraction + (whole == 0 && fraction == 0); k++)
            real[size++] = (char)('0' + next_random(&seed) % 10);
        real[size] = '\0';
        long long integer =
            (long long)(next_random(&seed) >> (bits >> 30 & 63)) * (bits >> 40 & 1 ? -1 : 1);
        snprintf(text, sizeof text, "g,l\n%s,%lld\n", real, integer);
        snprintf(expected, sizeof expected, "%.17g|%lld\n", strtod(real, NULL), integer);
        drive d = drive_new(&usual, &schema);
        ck_assert_str_eq(drive_run(&d, text, (int64_t)strlen(text)), expected);
        pln__text_free(&d.text);
    }
    pln__schema_release(&schema);
    ck_decodes(&usual, "g:g",
               "g\n1.2.3\n.\n-\n-.\n1..\n1.x\n12345.678.\n1234567890.12x\n--1\n+1."
               "5\n12345678\n123456789\n",
               "!1 2 5 0: expected float64, got '1.2.3'\n!2 8 1 0: expected float64, got '.'\n"
               "!3 10 1 0: expected float64, got '-'\n!4 12 2 0: expected float64, got '-.'\n"
               "!5 15 3 0: expected float64, got '1..'\n!6 19 3 0: expected float64, got '1.x'\n"
               "!7 23 10 0: expected float64, got '12345.678.'\n!8 34 14 0: expected float64, got "
               "'1234567890.12x'\n"
               "!9 49 3 0: expected float64, got '--1'\n1.5\n12345678\n123456789\n");
}
END_TEST

START_TEST(times) {
    ck_decodes(
        &usual, "d:tdD",
        "d\n1970-01-01\n2013-01-31\n0001-01-01\n9999-12-31\n2013-02-29\n2013-1-1\n",
        "0\n15736\n-719162\n2932896\n!5 46 10 0: expected date32, got '2013-02-29' (YYYY-MM-DD)\n"
        "!6 57 8 0: expected date32, got '2013-1-1' (YYYY-MM-DD)\n");
    ck_decodes(
        &usual, "t:tsu:UTC",
        "t\n1970-01-01T00:00:01Z\n1970-01-01 00:00:01\n1970-01-01T00:00:01.25Z\n"
        "1970-01-01T01:00:01+01:00\n1970-01-01T00:00:01.0000001Z\n1970-01-01T24:00:00Z\n1970-01-"
        "01\n",
        "1000000\n1000000\n1250000\n1000000\n"
        "!5 93 28 0: expected timestamp(us, UTC), got '1970-01-01T00:00:01.0000001Z' (digits would "
        "be lost)\n"
        "!6 122 20 0: expected timestamp(us, UTC), got '1970-01-01T24:00:00Z' "
        "(YYYY-MM-DDThh:mm:ssZ)\n"
        "!7 143 10 0: expected timestamp(us, UTC), got '1970-01-01' (YYYY-MM-DDThh:mm:ssZ)\n");
    ck_decodes(&usual, "t:tss:", "t\n1970-01-01T00:00:01\n1970-01-01T00:00:01Z\n",
               "1\n!2 22 20 0: expected timestamp(s), got '1970-01-01T00:00:01Z' "
               "(YYYY-MM-DDThh:mm:ss, without an offset)\n");
    ck_decodes(&usual, "t:tsn:UTC", "t\n2262-04-11T23:47:16.854775807Z\n2263-01-01T00:00:00Z\n",
               "9223372036854775807\n!2 33 20 0: expected timestamp(ns, UTC), got "
               "'2263-01-01T00:00:00Z' (out of range)\n");
    ck_decodes(&usual, "a:tts b:ttm c:ttu d:ttn",
               "a,b,c,d\n06:00:59,06:00:59.5,00:00:00.000001,23:59:59.999999999\n",
               "21659|21659500|1|86399999999999\n");
}
END_TEST

START_TEST(limits) {
    pln__csv_dialect dialect = usual;
    struct ArrowSchema schema;
    make_schema("a:u b:u", &schema);
    drive d = drive_new(&dialect, &schema);
    d.record_bytes_max = 16;
    const char *text =
        "a,b\n12345678,1234567\n12345678,12345678\n\"1234567\n\n\n\n\n\n\n\n\",1\nx,y\n";
    char *first = strdup(drive_run(&d, text, (int64_t)strlen(text)));
    ck_assert_ptr_nonnull(
        strstr(first, "12345678|1234567\n!2 21 16 -1: the record is longer than 16 bytes\n"
                      "!3 39 8 -1: a quoted field makes the record longer than 16 bytes\n"));
    ck_assert_ptr_nonnull(strstr(first, "x|y\n"));
    pln__text_free(&d.text);
    for (int64_t block = 1; block <= (int64_t)strlen(text); block++) {
        d.block = block;
        d.step = 1;
        ck_assert_str_eq(drive_run(&d, text, (int64_t)strlen(text)), first);
        pln__text_free(&d.text);
    }
    free(first);
    pln__schema_release(&schema);
}
END_TEST

START_TEST(quoted_lines_are_limited) {
    pln__text text;
    pln__text_init(&text, pln__system_allocator());
    pln__text_str(&text, "a,b\n1,\"");
    for (int i = 0; i < 10000; i++)
        pln__text_char(&text, '\n');
    pln__text_str(&text, "\"\n2,\"");
    for (int i = 0; i < 10001; i++)
        pln__text_char(&text, '\n');
    pln__text_str(&text, "\"\n3,z\n");
    struct ArrowSchema schema;
    make_schema("a:l b:u", &schema);
    drive d = drive_new(&usual, &schema);
    (void)drive_run(&d, text.data, text.size);
    ck_assert_int_eq(d.rows, 2);
    ck_assert_int_eq(d.bad, 2);
    ck_assert_ptr_nonnull(
        strstr(d.text.data, ": the quote opened in field 2 is not closed within 10000 lines\n"));
    ck_assert_ptr_nonnull(strstr(d.text.data, "\n3|z\n"));
    pln__text_free(&d.text);
    pln__text_free(&text);
    pln__schema_release(&schema);
}
END_TEST

Suite *suite_format_csv_decode(void);
Suite *suite_format_csv_decode(void) {
    Suite *suite = suite_create("format/csv_decode");
    TCase *one = tcase_create("csv_decode");
    tcase_add_checked_fixture(one, set_up, NULL);
    tcase_set_timeout(one, 60);
    tcase_add_test(one, header_maps_by_name);
    tcase_add_test(one, without_header);
    tcase_add_test(one, line_ends);
    tcase_add_test(one, nulls_and_empty);
    tcase_add_test(one, bad_rows_have_place_and_reason);
    tcase_add_test(one, quoting_faults_cost_one_line);
    tcase_add_test(one, dialects);
    tcase_add_test(one, dialects_refused);
    tcase_add_test(one, types);
    tcase_add_test(one, numbers_as_the_c_library_reads_them);
    tcase_add_test(one, times);
    tcase_add_test(one, limits);
    tcase_add_test(one, quoted_lines_are_limited);
    suite_add_tcase(suite, one);
    return suite;
}

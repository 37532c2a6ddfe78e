/* Real tables, with what SQL said of them: nulls, ranges, repeated keys, broken references, sums; and dbt's tests of a shop. */
#include "skip.h"
#include "suite_help.h"
#include <math.h>
#include <zlib.h>

/* A file of CSV, compressed or not, as rows of a schema; NA is null. */
static table read_csv(const char *path, const char *spec) {
    static const char *const nulls[] = {"", "NA", NULL};
    const pln_allocator *mem = pln__system_allocator();
    pln__csv_dialect dialect;
    pln__decoder *decoder;
    pln__decoded out;
    pln_error table_error = {0};
    table t;
    int room = 16 << 20;
    uint8_t *bytes = calloc(1, (size_t)room + PLN__PADDING);
    gzFile file = gzopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    int size = gzread(file, bytes, (unsigned)room);
    ck_assert_int_gt(size, 0);
    ck_assert_int_lt(size, room);
    gzclose(file);
    TABLE_OK(pln__schema_parse(mem, spec, &t.schema, &table_error));
    pln__csv_dialect_default(&dialect);
    dialect.nulls = nulls;
    pln__decode_options options = {.schema = &t.schema, .cpu = pln__cpu_features(), .seed = 1};
    TABLE_OK(pln__csv_decoder.open(mem, &dialect, &options, &decoder, &table_error));
    TABLE_OK(pln__csv_decoder.begin(decoder, true, NULL, 0, &table_error));
    TABLE_OK(pln__csv_decoder.decode(decoder, bytes, size, true, INT64_MAX, &out, &table_error));
    ck_assert_int_eq(out.n_bad, 0);
    t.rows = out.array;
    pln__buffer_free(mem, &out.row_start);
    pln__buffer_free(mem, &out.row_size);
    pln__buffer_free(mem, &out.row_line);
    pln__csv_decoder.close(decoder);
    free(bytes);
    return t;
}

/* ---- what SQL said ---- */

enum { UNEXPECTED, OBSERVED, STATUS };

typedef struct question {
    const char *check;
    const char *query;
    int row;
    const char *member, *plus; /* of the row; a second one that is added */
    int what;
} question;

static const struct {
    const char *name, *file, *spec;
} files[] = {
    {"flights", "nycflights13/flights_2013h1.csv.gz",
     "year int32, month int8, day int8, dep_time int32, dep_delay int32, arr_time int32, arr_delay int32, carrier utf8, tailnum utf8, flight int32, origin utf8, dest "
     "utf8, air_time int32, distance int32, hour int8, minute int8"},
    {"planes", "nycflights13/planes.csv",
     "tailnum utf8, year int32, type utf8, manufacturer utf8, model utf8, engines int8, seats int32, speed int32, engine utf8"},
    {"airports", "nycflights13/airports.csv", "faa utf8, name utf8, lat float64, lon float64, alt int32, tz int8, dst utf8, tzone utf8"},
    {"weather", "nycflights13/weather.csv",
     "origin utf8, year int32, month int8, day int8, hour int8, temp float64, dewp float64, humid float64, wind_dir int32, wind_speed float64, wind_gust float64, "
     "precip float64, pressure float64, visib float64, time_hour timestamp(s, UTC)"},
    {"airlines", "nycflights13/airlines.csv", "carrier utf8, name utf8"}};
enum { FLIGHTS, PLANES, AIRPORTS, WEATHER, AIRLINES, TABLES };

#define RANGE(column)                                                                              \
    {"\"check\":\"column_min\",\"column\":\"" column "\",\"min\":-1000", "range_flights", 0, column "_min", NULL, OBSERVED}, \
    {"\"check\":\"column_max\",\"column\":\"" column "\",\"max\":9999", "range_flights", 0, column "_max", NULL, OBSERVED}
#define SUM(column)                                                                                \
    {"\"check\":\"column_sum\",\"column\":\"" column "\",\"min\":0", "sums_flights", 0, column, NULL, OBSERVED}
#define DISTINCT(columns, member)                                                                  \
    {"\"check\":\"distinct_count\",\"columns\":[" columns "],\"min\":1", "distinct_flights", 0, member, NULL, OBSERVED}
#define BETWEEN(rest, member)                                                                      \
    {"\"check\":\"between\",\"column\":" rest, "range_breaks_flights", 0, member, NULL, UNEXPECTED}
#define KEY(columns, row)                                                                          \
    {"\"check\":\"unique\",\"columns\":[" columns "]", "dup_keys", row, "extra_rows", "dup_keys", UNEXPECTED}
#define REFERENCE(column, to, field, row)                                                          \
    {"\"check\":\"relationships\",\"column\":\"" column "\",\"to\":\"" to "\",\"field\":\"" field "\"", "ref_summary", row, "rows_broken", NULL, UNEXPECTED}
#define ORIGIN(name, row)                                                                          \
    {"\"check\":\"row_count\",\"min\":1,\"where\":\"origin = '" name "'\"", "by_origin", row, "n", NULL, OBSERVED}, \
    {"\"check\":\"not_null\",\"column\":\"dep_time\",\"where\":\"origin = '" name "'\"", "by_origin", row, "cancelled", NULL, UNEXPECTED}, \
    {"\"check\":\"column_mean\",\"column\":\"dep_delay\",\"min\":0,\"where\":\"origin = '" name "'\"", "by_origin", row, "mean_dep_delay", NULL, OBSERVED}

static const question of_flights[] = {
    {"\"check\":\"row_count\",\"min\":1", "rows", 2, "n", NULL, OBSERVED},
    RANGE("year"), RANGE("month"), RANGE("day"), RANGE("dep_time"), RANGE("dep_delay"), RANGE("arr_time"), RANGE("arr_delay"), RANGE("flight"), RANGE("air_time"),
    RANGE("distance"), RANGE("hour"), RANGE("minute"),
    BETWEEN("\"hour\",\"min\":0,\"max\":23", "hour_not_0_23"), BETWEEN("\"dep_time\",\"min\":0,\"max\":2359", "dep_time_not_0_2359"),
    BETWEEN("\"arr_time\",\"min\":0,\"max\":2359", "arr_time_not_0_2359"), BETWEEN("\"dep_delay\",\"min\":-30", "dep_delay_below_m30"),
    BETWEEN("\"dep_delay\",\"max\":360", "dep_delay_above_360"), BETWEEN("\"arr_delay\",\"min\":-60,\"max\":600", "arr_delay_not_m60_600"),
    BETWEEN("\"distance\",\"min\":80", "distance_below_80"), BETWEEN("\"air_time\",\"min\":25", "air_time_below_25"),
    SUM("dep_delay"), SUM("arr_delay"), SUM("air_time"), SUM("distance"), SUM("flight"), SUM("dep_time"), SUM("arr_time"),
    ORIGIN("EWR", 0), ORIGIN("JFK", 1), ORIGIN("LGA", 2),
    DISTINCT("\"carrier\"", "carrier"), DISTINCT("\"tailnum\"", "tailnum"), DISTINCT("\"flight\"", "flight"), DISTINCT("\"origin\"", "origin"), DISTINCT("\"dest\"", "dest"),
    DISTINCT("\"origin\",\"dest\"", "route"), DISTINCT("\"carrier\",\"flight\"", "carrier_flight"), DISTINCT("\"tailnum\",\"month\",\"day\"", "tailnum_day"),
    DISTINCT("\"distance\"", "distance"),
    {"\"check\":\"duplicate_count\",\"columns\":[\"year\",\"month\",\"day\",\"carrier\",\"flight\",\"origin\",\"dest\"],\"max\":0", "dup_full_row", 0, "extra_rows", NULL, OBSERVED},
    KEY("\"year\",\"month\",\"day\",\"flight\"", 0), KEY("\"year\",\"month\",\"day\",\"carrier\",\"flight\"", 2), KEY("\"year\",\"month\",\"day\",\"carrier\",\"flight\",\"origin\"", 3),
    REFERENCE("dest", "airports", "faa", 0), REFERENCE("origin", "airports", "faa", 1), REFERENCE("tailnum", "planes", "tailnum", 2), REFERENCE("carrier", "airlines", "carrier", 3),
    {"\"check\":\"column_mean\",\"column\":\"dep_delay\",\"min\":0", "stats_dep_delay", 0, "mean_dep", NULL, OBSERVED},
    {"\"check\":\"column_stdev\",\"column\":\"dep_delay\",\"min\":0", "stats_dep_delay", 0, "sd_dep", NULL, OBSERVED},
    {"\"check\":\"column_stdev\",\"column\":\"arr_delay\",\"min\":0", "stats_dep_delay", 0, "sd_arr", NULL, OBSERVED},
    {"\"check\":\"expression\",\"expression\":\"hour * 100 + minute = dep_time\"", "hhmm_rule", 0, "hour_minute_differ", NULL, UNEXPECTED},
    {"\"check\":\"expression\",\"expression\":\"dep_time % 100 <= 59\"", "hhmm_rule", 0, "dep_minute_bad", NULL, UNEXPECTED},
    {"\"check\":\"not_equal_to\",\"column\":\"arr_time\",\"value\":2400", "hhmm_rule", 0, "arr_2400", NULL, UNEXPECTED},
    {"\"check\":\"starts_with\",\"column\":\"tailnum\",\"text\":\"N\"", "regex_tailnum", 0, "not_n", NULL, UNEXPECTED},
    {"\"check\":\"expression\",\"expression\":\"upper(tailnum) = tailnum\"", "regex_tailnum", 0, "lower_case", NULL, UNEXPECTED}};

static const question of_planes[] = {
    {"\"check\":\"row_count\",\"min\":1", "rows", 3, "n", NULL, OBSERVED},
    KEY("\"tailnum\"", 5), REFERENCE("tailnum", "flights", "tailnum", 5),
    {"\"check\":\"at_least\",\"column\":\"year\",\"value\":1980", "planes_breaks", 0, "year_before_1980", NULL, UNEXPECTED},
    {"\"check\":\"at_most\",\"column\":\"year\",\"value\":2013", "planes_breaks", 0, "year_after_2013", NULL, UNEXPECTED},
    {"\"check\":\"column_min\",\"column\":\"year\",\"min\":1", "planes_breaks", 0, "year_min", NULL, OBSERVED},
    {"\"check\":\"not_null\",\"column\":\"year\"", "planes_breaks", 0, "year_null", NULL, UNEXPECTED},
    {"\"check\":\"at_least\",\"column\":\"seats\",\"value\":10", "planes_breaks", 0, "seats_below_10", NULL, UNEXPECTED},
    {"\"check\":\"column_max\",\"column\":\"seats\",\"max\":999", "planes_breaks", 0, "seats_max", NULL, OBSERVED},
    {"\"check\":\"null\",\"column\":\"speed\"", "planes_breaks", 0, "speed_known", NULL, UNEXPECTED}};

static const question of_airports[] = {
    {"\"check\":\"row_count\",\"min\":1", "rows", 1, "n", NULL, OBSERVED},
    KEY("\"faa\"", 6), KEY("\"name\"", 7), REFERENCE("faa", "flights", "dest", 4),
    {"\"check\":\"between\",\"column\":\"lat\",\"min\":18,\"max\":72", "airports_breaks", 0, "lat_not_18_72", NULL, UNEXPECTED},
    {"\"check\":\"at_most\",\"column\":\"lon\",\"value\":0", "airports_breaks", 0, "lon_positive", NULL, UNEXPECTED},
    {"\"check\":\"non_negative\",\"column\":\"alt\"", "airports_breaks", 0, "alt_negative", NULL, UNEXPECTED},
    {"\"check\":\"expression\",\"expression\":\"name = trim(name)\"", "airports_breaks", 0, "name_padded", NULL, UNEXPECTED},
    {"\"check\":\"not_null\",\"column\":\"tzone\"", "airports_breaks", 0, "tzone_null", NULL, UNEXPECTED},
    {"\"check\":\"distinct_count\",\"column\":\"tz\",\"min\":1", "airports_breaks", 0, "tz_distinct", NULL, OBSERVED},
    {"\"check\":\"distinct_count\",\"column\":\"tzone\",\"min\":1", "airports_breaks", 0, "tzone_distinct", NULL, OBSERVED}};

#define STATION(name, row)                                                                         \
    {"\"check\":\"column_min\",\"column\":\"temp\",\"min\":0,\"where\":\"origin = '" name "'\"", "weather_stats", row, "temp_min", NULL, OBSERVED}, \
    {"\"check\":\"column_max\",\"column\":\"wind_speed\",\"max\":99,\"where\":\"origin = '" name "'\"", "weather_stats", row, "wind_speed_max", NULL, OBSERVED}, \
    {"\"check\":\"column_sum\",\"column\":\"precip\",\"min\":0,\"where\":\"origin = '" name "'\"", "weather_stats", row, "precip_sum", NULL, OBSERVED}, \
    {"\"check\":\"column_max\",\"column\":\"pressure\",\"max\":99,\"where\":\"origin = '" name "'\"", "weather_stats", row, "pressure_max", NULL, OBSERVED}

static const question of_weather[] = {
    {"\"check\":\"row_count\",\"min\":1", "rows", 4, "n", NULL, OBSERVED},
    KEY("\"origin\",\"year\",\"month\",\"day\",\"hour\"", 8), KEY("\"origin\",\"time_hour\"", 9),
    STATION("EWR", 0), STATION("JFK", 1), STATION("LGA", 2)};

static const question of_airlines[] = {{"\"check\":\"row_count\",\"equals\":16", "rows", 0, "n", NULL, OBSERVED},
                                       {"\"check\":\"primary_key\",\"column\":\"carrier\"", "ref_summary", 3, "rows_broken", NULL, UNEXPECTED}};

static const struct {
    const question *questions;
    int n;
    const char *nulls; /* the query of nulls by column */
} asked[TABLES] = {{of_flights, PLN__COUNT(of_flights), "nulls_flights"},
                   {of_planes, PLN__COUNT(of_planes), "nulls_planes"},
                   {of_airports, PLN__COUNT(of_airports), "nulls_airports"},
                   {of_weather, PLN__COUNT(of_weather), "nulls_weather"},
                   {of_airlines, PLN__COUNT(of_airlines), NULL}};

static const json_t *row_of(const json_t *oracle, const char *query, int row) {
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(oracle, "queries"), i, one) {
        if (strcmp(json_string_value(json_object_get(one, "id")), query) == 0)
            return json_array_get(json_object_get(one, "rows"), (size_t)row);
    }
    ck_abort_msg("no query %s", query);
}

/* Questions as checks, and behind them one for the nulls of each column. */
static pln_suite *suite_of_table(int k, const json_t *nulls) {
    pln__text text;
    const char *column;
    json_t *ignored;
    pln__text_init(&text, pln__system_allocator());
    for (int i = 0; i < asked[k].n; i++)
        pln__text_printf(&text, "%s{%s}", i == 0 ? "{\"checks\":[" : ",",
                         asked[k].questions[i].check);
    json_object_foreach((json_t *)nulls, column, ignored) {
        pln__text_printf(&text, ",{\"check\":\"not_null\",\"column\":\"%s\"}", column);
    }
    pln__text_str(&text, "]}");
    pln_suite *suite = suite_of(text.data);
    pln__text_free(&text);
    return suite;
}

static void refer(pln_suite *suite, int k, char paths[TABLES][400]) {
    for (int other = 0; other < TABLES; other++) {
        char to[40];
        bool used = false;
        snprintf(to, sizeof to, "\"to\":\"%s\"", files[other].name);
        for (int i = 0; i < asked[k].n; i++)
            used |= strstr(asked[k].questions[i].check, to) != NULL;
        if (!used)
            continue;
        struct ArrowArrayStream stream = stream_of(read_csv(paths[other], files[other].spec));
        MUST(pln_suite_reference(suite, files[other].name, &stream, &err));
    }
}

static void compare(const json_t *oracle, const question *q, const pln_check_result *r) {
    const json_t *row = row_of(oracle, q->query, q->row);
    double expected = json_number_value(json_object_get(row, q->member));
    if (q->plus != NULL)
        expected += json_number_value(json_object_get(row, q->plus));
    double got = q->what == UNEXPECTED ? (double)r->unexpected : r->observed;
    ck_assert_msg(fabs(got - expected) <= 1e-11 * fabs(expected), "%s: %.17g, %s of %s is %.17g",
                  q->check, got, q->member, q->query, expected);
}

START_TEST(what_sql_said) {
    char paths[TABLES][400], path[400];
    for (int k = 0; k < TABLES; k++)
        if (test_data(files[k].file, paths[k], sizeof paths[k]) == NULL)
            TEST_SKIP("no shared data");
    if (test_data("oracles/nycflights13_2013h1.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL);
    for (int k = 0; k < TABLES; k++) {
        const json_t *nulls = asked[k].nulls == NULL ? NULL : row_of(oracle, asked[k].nulls, 0);
        pln_suite *suite = suite_of_table(k, nulls);
        const char *column;
        json_t *count;
        refer(suite, k, paths);
        struct ArrowArrayStream stream = stream_of(read_csv(paths[k], files[k].spec));
        pln_validation *v = NULL;
        MUST(pln_suite_validate(suite, &stream, NULL, &v, &err));
        for (int i = 0; i < asked[k].n; i++) {
            pln_check_result r = result_of(v, i);
            compare(oracle, &asked[k].questions[i], &r);
        }
        int32_t i = asked[k].n;
        json_object_foreach((json_t *)nulls, column, count) {
            pln_check_result r = result_of(v, i++);
            ck_assert_msg(r.unexpected == json_integer_value(count),
                          "%s.%s: %lld nulls, expected %lld", files[k].name, column,
                          (long long)r.unexpected, (long long)json_integer_value(count));
        }
        ck_assert_int_eq(i, pln_suite_count(suite));
        json_decref(json_of(v));
        pln_validation_free(v);
        pln_suite_free(suite);
    }
    json_decref(oracle);
}
END_TEST

/* ---- the shop ---- */

static const struct {
    const char *file, *spec, *columns, *to, *to_file, *to_spec;
    const char *tests[4]; /* of the oracle, in the order of the suite */
} shop[] = {
    {"jaffle_shop/raw_customers.csv", "id int32, first_name utf8, last_name utf8", "[{\"name\":\"id\",\"tests\":[\"unique\",\"not_null\"]}]", NULL, NULL, NULL, {"customers.customer_id unique"}},
    {"jaffle_shop/raw_orders.csv", "id int32, user_id int32, order_date date32, status utf8",
     "[{\"name\":\"id\",\"tests\":[\"unique\"]},{\"name\":\"user_id\",\"data_tests\":[\"not_null\",{\"relationships\":{\"to\":\"ref('customers')\",\"field\":\"id\"}}]},"
     "{\"name\":\"status\",\"tests\":[{\"accepted_values\":{\"values\":[\"placed\",\"shipped\",\"completed\",\"return_pending\",\"returned\"]}}]}]",
     "customers", "jaffle_shop/raw_customers.csv", "id int32, first_name utf8, last_name utf8",
     {"orders.order_id unique", "orders.customer_id not_null", "orders.customer_id relationships customers", "orders.status accepted_values"}},
    {"jaffle_shop/raw_payments.csv", "id int32, order_id int32, payment_method utf8, amount int32",
     "[{\"name\":\"order_id\",\"tests\":[{\"relationships\":{\"to\":\"ref('orders')\",\"field\":\"id\"}}]},"
     "{\"name\":\"payment_method\",\"tests\":[{\"accepted_values\":{\"values\":[\"credit_card\",\"coupon\",\"bank_transfer\",\"gift_card\"]}}]}]",
     "orders", "jaffle_shop/raw_orders.csv", "id int32, user_id int32, order_date date32, status utf8",
     {"payments.order_id relationships orders", "payments.payment_method accepted_values"}},
    {"jaffle_shop/raw_customers.csv", "id int32, first_name utf8, last_name utf8", "[{\"name\":\"id\",\"tests\":[{\"relationships\":{\"to\":\"ref('orders')\",\"field\":\"user_id\"}}]}]",
     "orders", "jaffle_shop/raw_orders.csv", "id int32, user_id int32, order_date date32, status utf8", {"customers without an order"}}};

static int64_t failures_of(const json_t *oracle, const char *test) {
    for (int i = 0;; i++) {
        const json_t *row = row_of(oracle, "tests", i);
        ck_assert_msg(row != NULL, "%s", test);
        if (strcmp(json_string_value(json_object_get(row, "test")), test) == 0)
            return json_integer_value(json_object_get(row, "failures"));
    }
}

START_TEST(tests_of_dbt) {
    char path[400], file[400], to[400], json[900];
    if (test_data("oracles/jaffle_shop.json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    json_t *oracle = json_load_file(path, 0, NULL);
    for (int k = 0; k < PLN__COUNT(shop); k++) {
        snprintf(json, sizeof json, "{\"columns\":%s}", shop[k].columns);
        pln_suite *suite = suite_of(json);
        pln_validation *v = NULL;
        ck_assert_ptr_nonnull(test_data(shop[k].file, file, sizeof file));
        if (shop[k].to != NULL) {
            ck_assert_ptr_nonnull(test_data(shop[k].to_file, to, sizeof to));
            struct ArrowArrayStream stream = stream_of(read_csv(to, shop[k].to_spec));
            MUST(pln_suite_reference(suite, shop[k].to, &stream, &err));
        }
        struct ArrowArrayStream stream = stream_of(read_csv(file, shop[k].spec));
        MUST(pln_suite_validate(suite, &stream, NULL, &v, &err));
        for (int32_t i = 0; i < 4 && shop[k].tests[i] != NULL; i++)
            ck_assert_msg(result_of(v, i).unexpected == failures_of(oracle, shop[k].tests[i]),
                          "%s: %s", shop[k].tests[i], result_of(v, i).message);
        pln_validation_free(v);
        pln_suite_free(suite);
    }
    json_decref(oracle);
}
END_TEST

Suite *suite_quality_suite_data(void);
Suite *suite_quality_suite_data(void) {
    Suite *suite = suite_create("quality/suite_data");
    TCase *c = tcase_create("suite_data");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, what_sql_said);
    tcase_add_test(c, tests_of_dbt);
    suite_add_tcase(suite, c);
    return suite;
}

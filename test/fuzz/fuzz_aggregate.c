/*
 * States of aggregates: the first byte chooses the aggregate, the others are three states. What is read can be asked, merged, added to and written; what is written reads back the same.
 */
#include "fuzz.h"
#include "window/aggregate_internal.h"

enum { GROUPS = 3, ROWS = 4 };

/* One batch: bool, int32, int64, float32, float64, decimal, utf8, fixed-size binary, of which the third row is null. */
static const uint8_t valid[1] = {0x0b};
static const uint8_t bools[1] = {5};
static const int32_t ints[ROWS] = {1, -7, 0, 1};
static const int64_t longs[ROWS] = {INT64_MAX, INT64_MIN, 0, 5};
static const float floats[ROWS] = {1.5f, -0.0f, 0, 3e38f};
static const double doubles[ROWS] = {1e300, -1.0 / 3, 0, 0.0};
static const uint64_t decimals[2 * ROWS] = {5, 0, UINT64_MAX, UINT64_MAX, 0, 0, 7, 0};
static const int32_t ends[ROWS + 1] = {0, 1, 4, 4, 24};
static const char texts[] = "abcdaaaaaaaaaaaaaaaaaaaa";
static const char fixed[] = "aaabbb   ccc";

static const char *const formats[] = {"b", "i", "l", "f", "g", "d:38,2", "u", "w:3"};
enum { BOOL, INT, LONG, FLOAT, DOUBLE, DECIMAL, TEXT, FIXED, COLUMNS };

static const pln__aggregate_spec specs[] = {
    {.kind = PLN__AGG_COUNT, .column = -1},
    {.kind = PLN__AGG_SUM, .column = LONG, .flags = PLN__AGG_OVERFLOW_NULL},
    {.kind = PLN__AGG_SUM, .column = DECIMAL},
    {.kind = PLN__AGG_AVG, .column = LONG},
    {.kind = PLN__AGG_AVG, .column = DOUBLE},
    {.kind = PLN__AGG_AVG, .column = DECIMAL},
    {.kind = PLN__AGG_MIN, .column = INT},
    {.kind = PLN__AGG_MIN, .column = TEXT},
    {.kind = PLN__AGG_MAX, .column = FLOAT},
    {.kind = PLN__AGG_MAX, .column = DECIMAL},
    {.kind = PLN__AGG_ANY, .column = BOOL},
    {.kind = PLN__AGG_STDDEV_SAMP, .column = INT},
    {.kind = PLN__AGG_FIRST, .column = FLOAT},
    {.kind = PLN__AGG_LAST, .column = FIXED},
    {.kind = PLN__AGG_ARG_MIN, .column = TEXT, .by = FLOAT},
    {.kind = PLN__AGG_ARG_MAX, .column = INT, .by = TEXT},
    {.kind = PLN__AGG_COUNT_DISTINCT, .column = TEXT, .limit = 100},
    {.kind = PLN__AGG_COUNT_DISTINCT, .column = DECIMAL, .limit = 4},
    {.kind = PLN__AGG_APPROX_COUNT_DISTINCT, .column = INT, .precision = 4},
    {.kind = PLN__AGG_HLL, .column = TEXT, .precision = 8},
    {.kind = PLN__AGG_QUANTILE, .column = INT, .q = 0.5, .precision = 8},
    {.kind = PLN__AGG_QUANTILE, .column = DOUBLE, .q = 1, .precision = 8},
    {.kind = PLN__AGG_TOP_K, .column = TEXT, .precision = 4, .limit = 2},
    {.kind = PLN__AGG_TOP_K, .column = FLOAT, .precision = 4},
    {.kind = PLN__AGG_COLLECT, .column = TEXT, .limit = 5, .flags = PLN__AGG_TRUNCATE},
    {.kind = PLN__AGG_COLLECT, .column = INT, .limit = 5},
};
enum { SPECS = sizeof specs / sizeof specs[0] };

/* A schema and an array that nobody owns. */
typedef struct world {
    struct ArrowSchema fields[COLUMNS], *field_list[COLUMNS], schema;
    struct ArrowArray columns[COLUMNS], *column_list[COLUMNS], rows;
    const void *buffers[COLUMNS][3];
} world;

static void open_world(world *w) {
    const void *const data[COLUMNS] = {bools, ints, longs, floats, doubles, decimals, ends, fixed};
    for (int i = 0; i < COLUMNS; i++) {
        w->fields[i] = (struct ArrowSchema){
            .format = formats[i], .name = formats[i], .flags = ARROW_FLAG_NULLABLE};
        w->field_list[i] = &w->fields[i];
        w->buffers[i][0] = valid;
        w->buffers[i][1] = data[i];
        w->buffers[i][2] = texts;
        w->columns[i] = (struct ArrowArray){.length = ROWS,
                                            .null_count = 1,
                                            .n_buffers = i == TEXT ? 3 : 2,
                                            .buffers = w->buffers[i]};
        w->column_list[i] = &w->columns[i];
    }
    w->schema = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = COLUMNS, .children = w->field_list};
    w->rows =
        (struct ArrowArray){.length = ROWS, .n_children = COLUMNS, .children = w->column_list};
}

static void finish(const pln__aggregate *a, pln__states *s) {
    pln__column column;
    struct ArrowArray out;
    REQUIRE(pln__column_init(a->mem, pln__aggregate_schema(a), &column, NULL) == PLN_OK);
    pln_status status = pln__states_finish(s, NULL, GROUPS, &column, NULL);
    REQUIRE(status == PLN_OK || status == PLN_EDATA);
    REQUIRE(column.length == (status == PLN_OK ? GROUPS : 0));
    REQUIRE(pln__column_finish(&column, &out, NULL) == PLN_OK);
    out.release(&out);
    pln__column_free(&column);
}

static void write_and_read(const pln__aggregate *a, const pln__states *s) {
    pln__buffer first = {0}, again = {0};
    pln__states *back = NULL;
    int64_t used = 0;
    REQUIRE(pln__states_new(a, &back, NULL) == PLN_OK &&
            pln__states_grow(back, GROUPS, NULL) == PLN_OK);
    REQUIRE(pln__states_write(s, NULL, GROUPS, &first, NULL) == PLN_OK);
    REQUIRE(pln__states_read(back, NULL, GROUPS, first.data, first.size, &used, NULL) == PLN_OK);
    REQUIRE(used == first.size);
    REQUIRE(pln__states_write(back, NULL, GROUPS, &again, NULL) == PLN_OK);
    REQUIRE(first.size == again.size && memcmp(first.data, again.data, (size_t)first.size) == 0);
    pln__states_free(back);
    pln__buffer_free(a->mem, &first);
    pln__buffer_free(a->mem, &again);
}

static void use(const pln__aggregate *a, pln__states *s, const world *w) {
    static const int32_t groups[ROWS] = {0, 1, 2, 0};
    pln__states *other = NULL;
    finish(a, s);
    write_and_read(a, s);
    pln_status status = pln__states_add(s, &w->rows, NULL, 0, groups, ROWS, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    REQUIRE(pln__states_new(a, &other, NULL) == PLN_OK &&
            pln__states_grow(other, GROUPS, NULL) == PLN_OK);
    status = pln__states_merge(other, NULL, s, NULL, GROUPS, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    status = pln__states_merge(other, NULL, s, groups, GROUPS, NULL);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    finish(a, other);
    pln__states_clear(s);
    write_and_read(a, s);
    pln__states_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static world w;
    pln_error err = {0};
    pln__aggregate *a = NULL;
    pln__states *s = NULL;
    int64_t used = 0;
    if (size == 0)
        return 0;
    open_world(&w);
    REQUIRE(pln__aggregate_new(pln__system_allocator(), &specs[data[0] % SPECS], &w.schema, "a", &a,
                               &err) == PLN_OK);
    REQUIRE(pln__states_new(a, &s, NULL) == PLN_OK && pln__states_grow(s, GROUPS, NULL) == PLN_OK);
    pln_status status = pln__states_read(s, NULL, GROUPS, data + 1, (int64_t)size - 1, &used, &err);
    if (status == PLN_OK)
        use(a, s, &w);
    else
        REQUIRE(status == PLN_ECORRUPT && strstr(err.message, "aggregate a: ") == err.message);
    pln__states_free(s);
    pln__aggregate_free(a);
    return 0;
}

/*
 * The state of windows out of bytes: the first byte chooses the windows, the others are their state. What is read can be written, takes rows and watermarks, fires; what is written
 * reads back as the same bytes and does the same.
 */
#include "fuzz.h"
#include "window/windows.h"

enum { ROWS = 6, COLUMNS = 3 };

/* ---- rows: k int64, s utf8, v int64, of which some are null ---- */

static const uint8_t valid[1] = {0x37};
static const int64_t keys[ROWS] = {1, 2, 1, 0, INT64_MIN, 1},
                     values[ROWS] = {5, -7, 0, 1, INT64_MAX, 3};
static const int32_t ends[ROWS + 1] = {0, 1, 4, 4, 4, 5, 6};
static const char texts[] = "aaaaba";
static const int64_t times[ROWS] = {100, 250, -40, 100, 31, 1000000};
static const int64_t before[ROWS] = {INT64_MIN, 50, 120, 120, 120, 400};

typedef struct world {
    struct ArrowSchema fields[COLUMNS], *field_list[COLUMNS], schema;
    struct ArrowArray columns[COLUMNS], *column_list[COLUMNS], rows;
    const void *buffers[COLUMNS][3], *no_buffer[1];
} world;

static void never(struct ArrowSchema *schema) {
    (void)schema;
}

static void open_world(world *w) {
    static const char *const formats[COLUMNS] = {"l", "u", "l"}, *const names[COLUMNS] = {"k", "s",
                                                                                          "v"};
    const void *const data[COLUMNS] = {keys, ends, values};
    for (int i = 0; i < COLUMNS; i++) {
        w->fields[i] = (struct ArrowSchema){.format = formats[i],
                                            .name = names[i],
                                            .flags = ARROW_FLAG_NULLABLE,
                                            .release = never};
        w->field_list[i] = &w->fields[i];
        w->buffers[i][0] = valid;
        w->buffers[i][1] = data[i];
        w->buffers[i][2] = texts;
        w->columns[i] = (struct ArrowArray){.length = ROWS,
                                            .null_count = 1,
                                            .n_buffers = i == 1 ? 3 : 2,
                                            .buffers = w->buffers[i]};
        w->column_list[i] = &w->columns[i];
    }
    w->schema = (struct ArrowSchema){.format = "+s",
                                     .name = "",
                                     .n_children = COLUMNS,
                                     .children = w->field_list,
                                     .release = never};
    w->rows = (struct ArrowArray){.length = ROWS,
                                  .n_buffers = 1,
                                  .buffers = w->no_buffer,
                                  .n_children = COLUMNS,
                                  .children = w->column_list};
}

/* ---- windows ---- */

static const char *const by_k[] = {"k"}, *const by_s[] = {"s"}, *const by_both[] = {"s", "k"};
static const char *const aggregate_names[] = {"n", "total", "first", "least"};
static const pln__aggregate_spec aggregates[] = {
    {.kind = PLN__AGG_COUNT, .column = -1},
    {.kind = PLN__AGG_SUM, .column = 2, .flags = PLN__AGG_OVERFLOW_NULL},
    {.kind = PLN__AGG_FIRST, .column = 2},
    {.kind = PLN__AGG_MIN, .column = 1}};

#define SPEC(...)                                                                                  \
    { .aggregates = aggregates, .names = aggregate_names, __VA_ARGS__ }
static const pln__windows_spec specs[] = {
    SPEC(.size_us = 100, .slide_us = 100, .keys = by_k, .n_keys = 1, .n_aggregates = 2),
    SPEC(.size_us = 300, .slide_us = 200, .offset_us = 7, .keys = by_k, .n_keys = 1, .n_aggregates = 2),
    SPEC(.size_us = 300, .slide_us = 100, .lateness_us = 90, .every_rows = 2, .n_aggregates = 1),
    SPEC(.size_us = 100, .slide_us = 100, .lateness_us = 500, .discarding = true,
         .keys = by_both, .n_keys = 2, .n_aggregates = 3),
    SPEC(.size_us = 64, .slide_us = 64, .n_aggregates = 4),
    SPEC(.kind = PLN__WINDOW_SESSION, .gap_us = 80, .keys = by_k, .n_keys = 1, .n_aggregates = 2),
    SPEC(.kind = PLN__WINDOW_SESSION, .gap_us = 150, .lateness_us = 70, .every_rows = 1,
         .keys = by_s, .n_keys = 1, .n_aggregates = 2),
    SPEC(.kind = PLN__WINDOW_SESSION, .gap_us = 9, .lateness_us = 900, .discarding = true, .n_aggregates = 4),
    SPEC(.kind = PLN__WINDOW_GLOBAL, .every_rows = 2, .keys = by_s, .n_keys = 1, .n_aggregates = 2),
    SPEC(.kind = PLN__WINDOW_GLOBAL, .every_rows = 3, .discarding = true, .n_aggregates = 4),
};
enum { SPECS = sizeof specs / sizeof specs[0] };

static pln__windows *made(const pln__windows_spec *spec, const world *rows) {
    pln__windows *w = NULL;
    REQUIRE(pln__windows_new(pln__system_allocator(), spec, &rows->schema, &w, NULL) == PLN_OK);
    return w;
}

static pln__windows *copied(pln__windows *w, const pln__windows_spec *spec, const world *rows) {
    const pln_allocator *mem = pln__system_allocator();
    pln__buffer first = {0}, again = {0};
    pln__windows *back = made(spec, rows);
    REQUIRE(pln__windows_write(w, &first, NULL) == PLN_OK);
    REQUIRE(pln__windows_read(back, first.data, first.size, NULL) == PLN_OK);
    REQUIRE(pln__windows_write(back, &again, NULL) == PLN_OK);
    REQUIRE(first.size == again.size && memcmp(first.data, again.data, (size_t)first.size) == 0);
    pln__buffer_free(mem, &first);
    pln__buffer_free(mem, &again);
    return back;
}

/* What fired, which must be well-formed; the number of rows. */
static int64_t taken(pln__windows *w, struct ArrowArray *out) {
    const int64_t *marks = NULL;
    int64_t n = 0;
    pln_error err = {0};
    REQUIRE(pln__windows_take(w, out, &marks, &n, &err) == PLN_OK);
    if (n > 0)
        REQUIRE(out->length == n && pln__array_validate(pln__windows_schema(w), out,
                                                        PLN__VALIDATE_FULL, &err) == PLN_OK);
    for (int64_t i = 1; i < n; i++)
        REQUIRE(marks[i - 1] <= marks[i]);
    return n;
}

/* The same has fired in both, as far as fixed widths tell. */
static void take_both(pln__windows *a, pln__windows *b) {
    struct ArrowArray x = {0}, y = {0};
    int64_t n = taken(a, &x);
    REQUIRE(taken(b, &y) == n);
    for (int64_t c = 0; n > 0 && c < x.n_children; c++)
        for (int64_t i = 0; i < n; i++) {
            REQUIRE(pln__array_valid(x.children[c], i) == pln__array_valid(y.children[c], i));
            if (x.children[c]->n_buffers == 2 && pln__array_valid(x.children[c], i))
                REQUIRE(((const int64_t *)x.children[c]->buffers[1])[i] ==
                        ((const int64_t *)y.children[c]->buffers[1])[i]);
        }
    if (n > 0) {
        pln__array_release(&x);
        pln__array_release(&y);
    }
}

static void use(pln__windows *a, const pln__windows_spec *spec, const world *rows) {
    static const int64_t marks[] = {500, 1000090, PLN__TIME_LIMIT - 3, INT64_MAX};
    pln__windows *b = copied(a, spec, rows);
    pln__late late_a = {0}, late_b = {0};
    const int64_t *at = spec->kind == PLN__WINDOW_GLOBAL ? NULL : times;
    REQUIRE(pln__windows_bytes(a) >= 0);
    REQUIRE(pln__windows_add(a, &rows->rows, at, before, &late_a, NULL) == PLN_OK);
    REQUIRE(pln__windows_add(b, &rows->rows, at, before, &late_b, NULL) == PLN_OK);
    REQUIRE(late_a.n == late_b.n);
    for (int64_t i = 0; i < late_a.n; i++)
        REQUIRE(late_a.rows[i] == late_b.rows[i]);
    take_both(a, b);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        REQUIRE(pln__windows_advance(a, marks[i], NULL) == PLN_OK);
        REQUIRE(pln__windows_advance(b, marks[i], NULL) == PLN_OK);
        take_both(a, b);
        pln__windows_free(b);
        b = copied(a, spec, rows);
    }
    pln__windows_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static world rows;
    pln_error err = {0};
    if (size == 0)
        return 0;
    open_world(&rows);
    const pln__windows_spec *spec = &specs[data[0] % SPECS];
    pln__windows *w = made(spec, &rows);
    pln_status status = pln__windows_read(w, data + 1, (int64_t)size - 1, &err);
    if (status == PLN_OK)
        use(w, spec, &rows);
    else
        REQUIRE((status == PLN_ECORRUPT || status == PLN_EUNSUPPORTED) && err.message[0] != '\0');
    pln__windows_free(w);
    return 0;
}

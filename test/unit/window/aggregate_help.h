/*
 * What the tests of aggregates share: batches of every type with nulls, offsets and dictionaries, single values read by the letter of the Arrow format, and the answers of a reference that
 * looks at one row after the other.
 */
#ifndef TEST_AGGREGATE_HELP_H
#define TEST_AGGREGATE_HELP_H

#include "base/number.h"
#include "fail_alloc.h"
#include "random_arrow.h"
#include "window/aggregate_internal.h"
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)
/* An error of this code whose message has these words. */
#define FAILS(call, code, words)                                                                   \
    do {                                                                                           \
        memset(&why, 0, sizeof why);                                                               \
        ck_assert_int_eq((call), (code));                                                          \
        if (strstr(why.message, (words)) == NULL)                                                  \
            ck_abort_msg("'%s' is not in: %s", (words), why.message);                              \
    } while (0)

/* ---- single values ---- */

typedef struct datum {
    bool null;
    char class; /* i whole, f real, b bytes */
    pln__int128 whole;
    double real;
    const uint8_t *bytes;
    int64_t size;
} datum;

static inline pln__int128 whole_of(char format, const uint8_t *at) {
    union {
        int8_t c;
        uint8_t C;
        int16_t s;
        uint16_t S;
        int32_t i;
        uint32_t I;
        int64_t l;
        uint64_t L;
        pln__int128 d;
    } v;
    memcpy(&v, at,
           format == 'd'          ? 16
           : strchr("lL", format) ? 8
           : strchr("iI", format) ? 4
           : strchr("sS", format) ? 2
                                  : 1);
    switch (format) {
    case 'c': return v.c;
    case 'C': return v.C;
    case 's': return v.s;
    case 'S': return v.S;
    case 'i': return v.i;
    case 'I': return v.I;
    case 'l': return v.l;
    case 'L': return v.L;
    default: return v.d;
    }
}

static inline datum value_at(const struct ArrowSchema *s, const struct ArrowArray *a, int64_t row) {
    static const struct {
        char format;
        int width;
    } widths[] = {{'c', 1}, {'C', 1}, {'s', 2}, {'S', 2}, {'i', 4},
                  {'I', 4}, {'l', 8}, {'L', 8}, {'d', 16}};
    datum out = {.class = 'i'};
    const uint8_t *bits = a->null_count == 0 ? NULL : a->buffers[0];
    int64_t at = a->offset + row;
    char format = s->format[0];
    out.null = bits != NULL && !(bits[at / 8] >> (at % 8) & 1);
    if (out.null)
        return out;
    const uint8_t *data = a->buffers[1];
    if (format == 't')
        format = strncmp(s->format, "tdD", 3) == 0 || strncmp(s->format, "ttm", 3) == 0 ||
                         strncmp(s->format, "tts", 3) == 0
                     ? 'i'
                     : 'l';
    for (int i = 0; i < PLN__COUNT(widths); i++)
        if (widths[i].format == format)
            out.whole = whole_of(format, data + at * widths[i].width);
    if (s->dictionary != NULL)
        return value_at(s->dictionary, a->dictionary, (int64_t)out.whole);
    if (format == 'b')
        out.whole = data[at / 8] >> (at % 8) & 1;
    if (format == 'f' || format == 'g') {
        float narrow;
        out.class = 'f';
        memcpy(&narrow, data + at * 4, format == 'f' ? 4 : 0);
        if (format == 'f')
            out.real = (double)narrow;
        else
            memcpy(&out.real, data + at * 8, 8);
    }
    if (format == 'u' || format == 'z') {
        const int32_t *ends = (const int32_t *)data + at;
        out.class = 'b';
        out.size = ends[1] - ends[0];
        out.bytes = out.size == 0 ? (const uint8_t *)"" : (const uint8_t *)a->buffers[2] + ends[0];
    }
    if (format == 'w') {
        out.class = 'b';
        out.size = atoi(s->format + 2);
        out.bytes = data + at * out.size;
    }
    return out;
}

/* NaN is the greatest, -0.0 less than 0.0. */
static inline int order_of(const datum *a, const datum *b) {
    if (a->class == 'i')
        return (a->whole > b->whole) - (a->whole < b->whole);
    if (a->class == 'f') {
        if (isnan(a->real) || isnan(b->real))
            return !!isnan(a->real) - !!isnan(b->real);
        if (a->real == 0 && b->real == 0)
            return !!signbit(b->real) - !!signbit(a->real);
        return (a->real > b->real) - (a->real < b->real);
    }
    int64_t size = a->size < b->size ? a->size : b->size;
    int by = memcmp(a->bytes, b->bytes, (size_t)size);
    return by != 0 ? by < 0 ? -1 : 1 : (a->size > b->size) - (a->size < b->size);
}

/* ---- rows ---- */

/* Columns: every type without children, plain and by a dictionary. */
static const char *const plain_formats[] = {"b",   "c",   "C",   "s",   "S",       "i",      "I",
                                            "l",   "L",   "f",   "g",   "d:38,4",  "u",      "z",
                                            "w:3", "tdD", "ttm", "ttu", "tsu:UTC", "d:9,-2", NULL};
enum {
    BOOL_COLUMN,
    INT8,
    UINT8,
    INT16,
    UINT16,
    INT32,
    UINT32,
    INT64,
    UINT64,
    FLOAT32,
    FLOAT64,
    DECIMAL,
    TEXT,
    BINARY,
    FIXED,
    DATE,
    TIME32,
    TIME64,
    STAMP,
    COARSE,
    PLAIN_COLUMNS
};

typedef struct world {
    rng random;
    struct ArrowSchema schema;
    struct ArrowArray rows;
    int32_t *groups;
    int64_t n, n_groups;
} world;

/* The last columns are those of plain_formats again, behind int8 indices. */
static inline void world_open(world *w, uint64_t seed, int64_t n, int64_t n_groups) {
    const char *formats[2 * PLAIN_COLUMNS + 1] = {0};
    *w = (world){.random = {seed}, .n = n, .n_groups = n_groups};
    for (int i = 0; i < PLAIN_COLUMNS; i++) {
        formats[i] = plain_formats[i];
        formats[PLAIN_COLUMNS + i] = "c";
    }
    struct ArrowArray made;
    plain_schema(formats, &w->schema);
    for (int i = 0; i < PLAIN_COLUMNS; i++) {
        struct ArrowSchema *field = w->schema.children[PLAIN_COLUMNS + i];
        field->dictionary = calloc(1, sizeof *field);
        plain_field(plain_formats[i], "", true, field->dictionary);
    }
    random_array(&w->random, &w->schema, n, RANDOM_OFFSETS, &made);
    MUST(pln__array_adopt(pln__system_allocator(), &made, &w->rows, &why));
    w->groups = malloc((size_t)(n + 1) * sizeof *w->groups);
    for (int64_t i = 0; i < n; i++)
        w->groups[i] = (int32_t)rng_below(&w->random, n_groups);
}

static inline void world_close(world *w) {
    w->rows.release(&w->rows);
    w->schema.release(&w->schema);
    free(w->groups);
}

static inline datum cell(const world *w, int column, int64_t row) {
    return value_at(w->schema.children[column], w->rows.children[column], row);
}

/* ---- states ---- */

static inline pln__aggregate *aggregate_of(const pln_allocator *mem,
                                           const pln__aggregate_spec *spec,
                                           const struct ArrowSchema *in) {
    pln__aggregate *a = NULL;
    MUST(pln__aggregate_new(mem, spec, in, "answer", &a, &why));
    return a;
}
static inline pln__states *states_of(const pln__aggregate *a, int64_t n) {
    pln__states *s = NULL;
    MUST(pln__states_new(a, &s, &why));
    MUST(pln__states_grow(s, n, &why));
    return s;
}

/* The answers of all groups; to be released. */
static inline void answers_of(const pln__aggregate *a, pln__states *s, struct ArrowArray *out) {
    pln__column column;
    MUST(pln__column_init(a->mem, pln__aggregate_schema(a), &column, &why));
    MUST(pln__states_finish(s, NULL, pln__states_count(s), &column, &why));
    MUST(pln__column_finish(&column, out, &why));
    MUST(pln__array_validate(pln__aggregate_schema(a), out, PLN__VALIDATE_FULL, &why));
    pln__column_free(&column);
}

static inline void bytes_of(const pln__states *s, pln__buffer *out) {
    *out = (pln__buffer){0};
    MUST(pln__states_write(s, NULL, pln__states_count(s), out, &why));
}
static inline void same_bytes(const pln__states *a, const pln__states *b) {
    pln__buffer x, y;
    bytes_of(a, &x);
    bytes_of(b, &y);
    ck_assert_int_eq(x.size, y.size);
    if (x.size > 0)
        ck_assert_int_eq(memcmp(x.data, y.data, (size_t)x.size), 0);
    pln__buffer_free(a->aggregate->mem, &x);
    pln__buffer_free(b->aggregate->mem, &y);
}

/* ---- every way to the same states ---- */

/* Rows in pieces, by lists, of one group at a time: the bytes are those of all at once. */
static inline void fill_otherwise(const world *w, pln__states *s, int way, rng *r) {
    int32_t *list = malloc((size_t)(w->n + 1) * sizeof *list);
    if (way == 0) {
        for (int64_t from = 0, n; from < w->n; from += n) {
            n = 1 + rng_below(r, w->n - from);
            MUST(pln__states_add(s, &w->rows, NULL, from, w->groups + from, n, &why));
        }
    } else if (way == 1) {
        for (int64_t i = 0; i < w->n; i++)
            list[i] = (int32_t)i;
        MUST(pln__states_add(s, &w->rows, list, 0, w->groups, w->n, &why));
    } else {
        for (int32_t group = 0; group < w->n_groups; group++) {
            int64_t n = 0;
            for (int64_t i = 0; i < w->n; i++)
                if (w->groups[i] == group)
                    list[n++] = (int32_t)i;
            MUST(pln__states_add_one_group(s, &w->rows, list, 0, n, group, &why));
        }
    }
    free(list);
}

#endif

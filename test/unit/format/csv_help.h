/*
 * For tests of CSV: a schema from a line of text, a decoder driven over blocks of any size, its rows as text.
 *
 * Rows come out one a line: fields with '|' between them, null as "~", a bad row as "!line start size column: message".
 * Every block handed to the decoder is a copy that ends where its padding does, so that ASan sees a read beyond it.
 */
#ifndef TEST_CSV_HELP_H
#define TEST_CSV_HELP_H

#include "base/number.h"
#include "base/time.h"
#include "format/format.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* "id:l! name:u" - required int64 id, nullable utf8 name. A format "D:u" is a dictionary of utf8 with int32 indices. */
static inline void make_schema(const char *spec, struct ArrowSchema *out) {
    /* The struct of a dictionary is the schema's to borrow, not to free. */
    static struct ArrowSchema dictionaries[16];
    static int next_dictionary;
    const pln_allocator *mem = pln__system_allocator();
    pln_error err = {0};
    int64_t n = *spec != '\0';
    for (const char *p = spec; *p != '\0'; p++)
        n += *p == ' ';
    ck_assert_int_eq(pln__field_new(mem, "+s", "", false, n, out, &err), PLN_OK);
    for (int64_t i = 0; i < n; i++) {
        char name[64], format[64];
        int used = 0;
        ck_assert_int_eq(sscanf(spec, "%63[^:]:%63[^ ]%n", name, format, &used), 2);
        spec += used + (spec[used] == ' ');
        size_t last = strlen(format) - 1;
        bool required = format[last] == '!';
        if (required)
            format[last] = '\0';
        bool words = format[0] == 'D';
        ck_assert_int_eq(
            pln__field_new(mem, words ? "i" : format, name, !required, 0, out->children[i], &err),
            PLN_OK);
        if (words) {
            struct ArrowSchema *values = &dictionaries[next_dictionary++ % 16];
            ck_assert_int_eq(pln__field_new(mem, "u", "", true, 0, values, &err), PLN_OK);
            out->children[i]->dictionary = values;
        }
    }
}

static inline void show_cell(const struct ArrowSchema *schema, const struct ArrowArray *array,
                             int64_t row, pln__text *to) {
    pln__type type;
    char text[PLN__DECIMAL128_TEXT_SIZE];
    int64_t size = 0;
    if (pln__array_null_at(schema, array, row)) {
        pln__text_char(to, '~');
        return;
    }
    ck_assert_int_eq(pln__type_of(schema, &type, NULL), PLN_OK);
    if (type.id == PLN__DICTIONARY) {
        show_cell(schema->dictionary, array->dictionary, pln__array_int(&type, array, row), to);
    } else if (pln__type_is_bytes(type.id) || type.id == PLN__FIXED) {
        const uint8_t *bytes = pln__array_bytes(&type, array, row, &size);
        pln__text_bytes(to, bytes, size);
    } else if (type.id == PLN__DECIMAL128) {
        const uint8_t *at = (const uint8_t *)array->buffers[1] + (array->offset + row) * 16;
        size = pln__format_decimal128(text, pln__load_decimal128(at), type.scale);
        pln__text_bytes(to, text, size);
    } else if (type.id == PLN__FLOAT32 || type.id == PLN__FLOAT64) {
        pln__text_printf(to, "%.17g", pln__array_float(&type, array, row));
    } else if (type.id == PLN__UINT64) {
        pln__text_printf(to, "%llu", (unsigned long long)pln__array_int(&type, array, row));
    } else {
        pln__text_int(to, pln__array_int(&type, array, row));
    }
}

typedef struct drive {
    const pln_allocator *mem;
    const pln__csv_dialect *dialect;
    const struct ArrowSchema *schema;
    int64_t block;    /* bytes handed in at first; 0: all */
    int64_t step;     /* bytes added when more are needed; 0: the rest */
    int64_t max_rows; /* 0: many */
    int64_t record_bytes_max;
    uint32_t cpu;
    bool resume; /* a new decoder for every block */
    /* given back */
    pln__text text;
    pln_status status;
    pln_error err;
    int64_t rows, bad, calls;
} drive;

static inline drive drive_new(const pln__csv_dialect *dialect, const struct ArrowSchema *schema) {
    drive d = {.mem = pln__system_allocator(),
               .dialect = dialect,
               .schema = schema,
               .cpu = pln__cpu_features()};
    return d;
}

static inline void drive_show(drive *d, const pln__decoded *got, const uint8_t *bytes, int64_t at,
                              int64_t line) {
    int64_t n = got->n_bad, b = 0;
    const int64_t *lines = (const int64_t *)(const void *)got->row_line.data;
    for (int64_t row = 0; row <= got->rows; row++) {
        for (; b < n && (row == got->rows || got->bad[b].line < lines[row]); b++)
            pln__text_printf(&d->text, "!%lld %lld %lld %d: %s\n",
                             (long long)(line + got->bad[b].line),
                             (long long)(at + got->bad[b].start), (long long)got->bad[b].size,
                             got->bad[b].column, got->bad[b].message);
        if (row == got->rows)
            break;
        for (int64_t c = 0; c < d->schema->n_children; c++) {
            if (c > 0)
                pln__text_char(&d->text, '|');
            show_cell(d->schema->children[c], got->array.children[c], row, &d->text);
        }
        pln__text_char(&d->text, '\n');
    }
    (void)bytes;
}

static inline pln_status drive_begin(drive *d, pln__decoder **decoder, bool at_start,
                                     const uint8_t *header, int64_t size) {
    pln__decode_options options = {.schema = d->schema,
                                   .origin = true,
                                   .cpu = d->cpu,
                                   .record_bytes_max = d->record_bytes_max,
                                   .seed = 7};
    pln_status status = pln__csv_decoder.open(d->mem, d->dialect, &options, decoder, &d->err);
    if (status == PLN_OK)
        status = pln__csv_decoder.begin(*decoder, at_start, header, size, &d->err);
    return status;
}

static inline pln_status drive_resume(drive *d, pln__decoder **decoder) {
    int64_t size;
    const uint8_t *header = pln__csv_decoder.header(*decoder, &size);
    uint8_t *copy = malloc((size_t)size + 1);
    if (size > 0)
        memcpy(copy, header, (size_t)size);
    pln__csv_decoder.close(*decoder);
    *decoder = NULL;
    pln_status status = drive_begin(d, decoder, false, copy, size);
    free(copy);
    return status;
}

/* The whole text through a decoder; returns rows and bad rows as text (free it with pln__text_free(&d->text)). */
static inline const char *drive_run(drive *d, const char *text, int64_t size) {
    pln__decoder *decoder = NULL;
    int64_t at = 0, line = 0, end = d->block > 0 && d->block < size ? d->block : size;
    d->rows = d->bad = d->calls = 0;
    pln__text_init(&d->text, pln__system_allocator());
    pln__text_str(&d->text, "");
    d->status = drive_begin(d, &decoder, true, NULL, 0);
    while (d->status == PLN_OK) {
        pln__decoded got;
        uint8_t *copy = malloc((size_t)(end - at) + PLN__PADDING);
        memset(copy, '"', (size_t)(end - at) + PLN__PADDING);
        memcpy(copy, text + at, (size_t)(end - at));
        d->calls++;
        d->status =
            pln__csv_decoder.decode(decoder, copy, end - at, end == size,
                                    d->max_rows > 0 ? d->max_rows : INT32_MAX, &got, &d->err);
        if (d->status != PLN_OK) {
            free(copy);
            break;
        }
        ck_assert_int_eq(got.array.length, got.rows);
        ck_assert_int_le(got.rows + got.n_bad, d->max_rows > 0 ? d->max_rows : INT32_MAX);
        drive_show(d, &got, copy, at, line);
        d->rows += got.rows;
        d->bad += got.n_bad;
        at += got.consumed;
        line += got.lines;
        bool stuck = got.consumed == 0 && got.rows == 0 && got.n_bad == 0;
        got.array.release(&got.array);
        pln__buffer_free(d->mem, &got.row_start);
        pln__buffer_free(d->mem, &got.row_size);
        pln__buffer_free(d->mem, &got.row_line);
        free(copy);
        ck_assert(!(stuck && end == size && at < size));
        if (at == size && end == size)
            break;
        int64_t header_size;
        (void)pln__csv_decoder.header(decoder, &header_size);
        if (d->resume && got.rows > 0 && header_size > 0 && !stuck)
            d->status = drive_resume(d, &decoder);
        if (stuck || at == end)
            end = d->step > 0 && d->step < size - end ? end + d->step : size;
    }
    if (decoder != NULL)
        pln__csv_decoder.close(decoder);
    if (d->status != PLN_OK) {
        pln__text_free(&d->text);
        pln__text_init(&d->text, pln__system_allocator());
        pln__text_printf(&d->text, "%s: %s", pln_status_name(d->status), d->err.message);
    }
    return d->text.data;
}

/* What `text` gives under the schema, in one block. */
static inline char *decoded(const pln__csv_dialect *dialect, const char *spec, const char *text,
                            int64_t size) {
    struct ArrowSchema schema;
    make_schema(spec, &schema);
    drive d = drive_new(dialect, &schema);
    (void)drive_run(&d, text, size < 0 ? (int64_t)strlen(text) : size);
    char *got = strdup(d.text.data);
    pln__text_free(&d.text);
    pln__schema_release(&schema);
    return got;
}

#define ck_decodes(dialect, spec, text, expected)                                                  \
    do {                                                                                           \
        char *got_ = decoded(dialect, spec, text, -1);                                             \
        ck_assert_str_eq(got_, expected);                                                          \
        free(got_);                                                                                \
    } while (0)

static inline uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif

#include "container_rows.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct session {
    const pln_allocator *mem;
    const container_way *way;
    pln__avro_read_dialect dialect;
    pln__decoder *decoder;
    struct ArrowSchema schema;
    pln__text *out;
    int64_t lines;
    int64_t written;
} session;

static bool is_full(const session *s) {
    return s->way->lines_max > 0 && s->written > s->way->lines_max;
}

static const pln__decoder_table *const table = &pln__avro_file_decoder;

static void add_row(session *s, const pln__decoded *got, const uint8_t *bytes, int64_t row) {
    pln__text json;
    int64_t line, start, size;
    s->written++;
    if (is_full(s))
        return;
    pln__text_init(&json, pln__system_allocator());
    if (pln__json_row(&s->schema, &got->array, row, &json) < 0)
        abort();
    if (got->row_line.size > 0) {
        memcpy(&line, got->row_line.data + 8 * row, 8);
        pln__text_printf(s->out, "%lld %s", (long long)(s->lines + line), json.data);
    } else {
        pln__text_printf(s->out, "- %s", json.data);
    }
    if (got->row_start.size > 0) {
        memcpy(&start, got->row_start.data + 8 * row, 8);
        memcpy(&size, got->row_size.data + 8 * row, 8);
        const uint8_t *raw = (got->raw != NULL ? got->raw : bytes) + start;
        pln__text_char(s->out, ' ');
        for (int64_t i = 0; i < size; i++)
            pln__text_printf(s->out, "%02x", raw[i]);
    }
    pln__text_char(s->out, '\n');
    pln__text_free(&json);
}

static void add_bad(session *s, const pln__bad_row *bad) {
    s->written++;
    if (is_full(s))
        return;
    pln__text_printf(s->out, "%lld! %s %lld %s\n", (long long)(s->lines + bad->line),
                     pln_status_name(bad->code), (long long)bad->size, bad->message);
}

static void add_all(session *s, const pln__decoded *got, const uint8_t *bytes) {
    int64_t b = 0;
    for (int64_t i = 0; i < got->rows; i++) {
        int64_t line = INT64_MAX;
        if (got->row_line.size > 0)
            memcpy(&line, got->row_line.data + 8 * i, 8);
        for (; b < got->n_bad && line != INT64_MAX && got->bad[b].line < line; b++)
            add_bad(s, &got->bad[b]);
        add_row(s, got, bytes, i);
    }
    for (; b < got->n_bad; b++)
        add_bad(s, &got->bad[b]);
}

/* Every block handed in is a copy that ends where its padding does. */
static uint8_t *padded(const uint8_t *bytes, int64_t size) {
    uint8_t *copy = calloc(1, (size_t)size + PLN__PADDING);
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, bytes, (size_t)size);
    return copy;
}

static void free_decoded(const pln_allocator *mem, pln__decoded *got) {
    pln__array_release(&got->array);
    pln__buffer_free(mem, &got->row_start);
    pln__buffer_free(mem, &got->row_size);
    pln__buffer_free(mem, &got->row_line);
    if (got->keep != NULL)
        got->keep->release(got->keep);
}

static pln_status open_decoder(session *s, pln_error *err) {
    pln__decode_options options = {.schema = s->schema.release == NULL ? NULL : &s->schema,
                                   .origin = s->way->origin, .raw = s->way->raw};
    return table->open(s->mem, &s->dialect, &options, &s->decoder, err);
}

/* A decoder that knows what header() gives, and nothing else. */
static pln_status reopen(session *s, pln_error *err) {
    int64_t size;
    const uint8_t *lent = table->header(s->decoder, &size);
    if (size == 0)
        return PLN_OK;
    uint8_t *header = padded(lent, size);
    table->close(s->decoder);
    s->decoder = NULL;
    pln_status status = open_decoder(s, err);
    if (status >= 0)
        status = table->begin(s->decoder, false, header, size, err);
    free(header);
    return status;
}

static pln_status run(session *s, const uint8_t *bytes, int64_t size, pln_error *err) {
    int64_t at = 0, given = s->way->block > 0 && s->way->block < size ? s->way->block : size;
    int64_t max_rows = s->way->max_rows > 0 ? s->way->max_rows : INT64_MAX;
    pln_status status = open_decoder(s, err);
    if (status >= 0)
        status = table->begin(s->decoder, true, NULL, 0, err);
    for (bool over = false; status >= 0 && !over;) {
        pln__decoded got;
        bool final = at + given >= size;
        if (final)
            given = size - at;
        uint8_t *copy = padded(bytes + at, given);
        status = table->decode(s->decoder, copy, given, final, max_rows, &got, err);
        if (status < 0) {
            free(copy);
            break;
        }
        add_all(s, &got, copy);
        bool still = got.consumed == 0 && got.rows == 0 && got.n_bad == 0;
        if (still && final && given > 0)
            abort(); /* it must settle what is there */
        at += got.consumed;
        s->lines += got.lines;
        over = is_full(s) || (final && got.consumed == given && got.rows == 0 && got.n_bad == 0);
        free_decoded(s->mem, &got);
        free(copy);
        given = still
                    ? given + s->way->block
                    : (s->way->block > 0 && s->way->block < size - at ? s->way->block : size - at);
        if (s->way->resume && !over && status >= 0)
            status = reopen(s, err);
    }
    return status;
}

char *container_transcript(const pln_allocator *mem, const void *bytes, int64_t size,
                           const container_way *way) {
    pln__text out;
    pln_error err = {0};
    pln__text_init(&out, pln__system_allocator());
    session s = {.mem = mem, .way = way, .out = &out};
    pln__avro_schema *own = NULL;
    pln_status status = PLN_OK;
    uint8_t *copy = padded(bytes, size);
    if (way->reader == NULL)
        status = pln__avro_file_schema(mem, copy, size, true, &own, &err);
    s.dialect.reader = way->reader != NULL ? way->reader : own;
    if (status >= 0)
        status = pln__avro_to_arrow(mem, s.dialect.reader, &s.schema, &err);
    if (status >= 0)
        status = run(&s, copy, size, &err);
    if (s.decoder != NULL)
        table->close(s.decoder);
    pln__schema_release(&s.schema);
    if (own != NULL)
        pln__avro_schema_unref(own);
    free(copy);
    if (status < 0)
        pln__text_printf(&out, "%s: %s\n", pln_status_name(status), err.message);
    else
        pln__text_str(&out, "end\n");
    return pln__text_take(&out);
}

/* ---- files by hand ---- */

static void put(pln__buffer *out, const void *bytes, int64_t size) {
    if (pln__buffer_append(pln__system_allocator(), out, bytes, size, NULL) < 0)
        abort();
}

void container_put_long(pln__buffer *out, int64_t number) {
    uint64_t value = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
    for (; value >= 0x80; value >>= 7)
        put(out, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
    put(out, &(uint8_t){(uint8_t)value}, 1);
}

void container_put_text(pln__buffer *out, const void *bytes, int64_t size) {
    container_put_long(out, size);
    if (size > 0)
        put(out, bytes, size);
}

void container_put_header(pln__buffer *out, const char *schema, const char *codec,
                          const char *sync) {
    put(out, "Obj\1", 4);
    container_put_long(out, codec == NULL ? 1 : 2);
    container_put_text(out, "avro.schema", 11);
    container_put_text(out, schema, (int64_t)strlen(schema));
    if (codec != NULL) {
        container_put_text(out, "avro.codec", 10);
        container_put_text(out, codec, (int64_t)strlen(codec));
    }
    container_put_long(out, 0);
    put(out, sync, 16);
}

void container_put_block(pln__buffer *out, int64_t count, const pln__buffer *data,
                         const char *sync) {
    container_put_long(out, count);
    container_put_text(out, data->data, data->size);
    put(out, sync, 16);
}

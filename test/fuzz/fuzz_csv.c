/*
 * CSV: any bytes under any dialect. In one block or in small ones the same rows must come out; what is written of them must read
 * back; inference must not fall over. Bytes 0 to 3 choose the dialect and the blocks, the rest is the text.
 */
#include "format/format.h"
#include "fuzz.h"

/* More than that in one text show nothing new. */
enum { PIECES = 40 };

/* "=" is an enum of a few symbols. */
static const char *const formats[] = {"l", "u", "g",   "tsu:UTC", "b",   "tdD", "d:10,2",
                                      "C", "z", "ttm", "i",       "w:2", "=",   "tss:"};

typedef struct outcome {
    int64_t rows, bad, lines, consumed;
    uint64_t hash;
    pln_status status;
} outcome;

static void make_schema(int first, int n, struct ArrowSchema *out) {
    const pln_allocator *mem = pln__system_allocator();
    REQUIRE(pln__field_new(mem, "+s", "", false, n, out, NULL) == PLN_OK);
    for (int i = 0; i < n; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        const char *format = formats[(first + i) % PLN__COUNT(formats)];
        bool symbols = *format == '=';
        struct ArrowSchema *field = out->children[i], texts;
        REQUIRE(pln__field_new(mem, symbols ? "C" : format, name, i != 1, 0, field, NULL) ==
                PLN_OK);
        if (!symbols)
            continue;
        REQUIRE(pln__field_set_metadata(field, "pln.symbols", "[\"a\", \"1\", \"x y\"]", NULL) ==
                PLN_OK);
        REQUIRE(pln__field_new(mem, "u", "", false, 0, &texts, NULL) == PLN_OK);
        pln__field_set_dictionary(field, &texts);
    }
}

static void choose_dialect(uint8_t a, uint8_t b, pln__csv_dialect *dialect) {
    pln__csv_dialect_default(dialect);
    dialect->delimiter = ",;\t|"[a & 3];
    dialect->quote = (a & 12) == 12 ? '\0' : '"';
    dialect->escape = (a & 48) == 48 ? '\\' : '\0';
    dialect->comment = (a & 64) ? '#' : '\0';
    dialect->header = (a & 128) != 0;
    dialect->trim = b & 1;
    dialect->skip_blank = (b & 2) == 0;
    dialect->ragged = (b & 12) == 12;
    dialect->quoted_null = (b & 48) == 48;
    dialect->skip_lines = (b & 192) == 192;
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

static uint64_t hash_row(uint64_t hash, const struct ArrowSchema *schema,
                         const struct ArrowArray *batch, int64_t row) {
    for (int64_t c = 0; c < schema->n_children; c++) {
        const struct ArrowArray *a = batch->children[c];
        pln__type type;
        int64_t size = 0;
        REQUIRE(pln__type_of(schema->children[c], &type, NULL) == PLN_OK);
        if (pln__array_null_at(schema->children[c], a, row)) {
            hash = mix(hash, 77);
        } else if (pln__type_is_bytes(type.id) || type.id == PLN__FIXED) {
            const uint8_t *bytes = pln__array_bytes(&type, a, row, &size);
            hash = mix(hash, pln__hash64(bytes, size, 1));
        } else if (type.id == PLN__DECIMAL128) {
            hash = mix(hash, pln__hash64((const uint8_t *)a->buffers[1] + row * 16, 16, 1));
        } else if (type.id == PLN__FLOAT64) {
            hash = mix(hash, pln__hash64((const uint8_t *)a->buffers[1] + row * 8, 8, 1));
        } else {
            hash = mix(hash, (uint64_t)pln__array_int(&type, a, row));
        }
    }
    return hash;
}

/* What is written of the rows reads back as the same rows. */
static void check_round_trip(const pln__csv_dialect *dialect, const struct ArrowSchema *schema,
                             const struct ArrowArray *batch) {
    const pln_allocator *mem = pln__system_allocator();
    pln__encoder *encoder;
    pln__decoder *decoder;
    pln__buffer text = {0};
    pln__decoded got;
    if (pln__csv_encoder.open(mem, dialect, schema, &encoder, NULL) < 0)
        return;
    REQUIRE(pln__csv_encoder.begin(encoder, &text, NULL) == PLN_OK || dialect->quote == 0);
    if (pln__csv_encoder.encode(encoder, batch, &text, NULL) == PLN_OK &&
        dialect->skip_lines == 0) {
        pln__decode_options options = {
            .schema = schema, .cpu = pln__cpu_features(), .record_bytes_max = 1 << 22};
        REQUIRE(pln__buffer_reserve(mem, &text, PLN__PADDING, NULL) == PLN_OK);
        REQUIRE(pln__csv_decoder.open(mem, dialect, &options, &decoder, NULL) == PLN_OK);
        REQUIRE(pln__csv_decoder.begin(decoder, true, NULL, 0, NULL) == PLN_OK);
        REQUIRE(pln__csv_decoder.decode(decoder, text.data, text.size, true, INT32_MAX, &got,
                                        NULL) == PLN_OK);
        REQUIRE(got.n_bad == 0 && got.rows == batch->length);
        for (int64_t row = 0; row < got.rows; row++)
            REQUIRE(hash_row(1, schema, batch, row) == hash_row(1, schema, &got.array, row));
        got.array.release(&got.array);
        pln__csv_decoder.close(decoder);
    }
    pln__buffer_free(mem, &text);
    pln__csv_encoder.close(encoder);
}

static void take_call(const pln__csv_dialect *dialect, const struct ArrowSchema *schema,
                      pln__decoded *got, int64_t at, outcome *out) {
    const int64_t *start = (const int64_t *)(const void *)got->row_start.data;
    const int64_t *line = (const int64_t *)(const void *)got->row_line.data;
    pln_error err = {0};
    REQUIRE(pln__array_validate(schema, &got->array, PLN__VALIDATE_FULL, &err) == PLN_OK);
    for (int64_t row = 0; row < got->rows; row++) {
        out->hash =
            mix(mix(out->hash, (uint64_t)(start[row] + at)), (uint64_t)(line[row] + out->lines));
        out->hash = hash_row(out->hash, schema, &got->array, row);
    }
    for (int64_t i = 0; i < got->n_bad; i++)
        out->bad +=
            (int64_t)(mix(mix(3, (uint64_t)(got->bad[i].start + at)), (uint64_t)got->bad[i].size) &
                      0xFFFFFF);
    check_round_trip(dialect, schema, &got->array);
    out->rows += got->rows;
    out->lines += got->lines;
    got->array.release(&got->array);
    pln__buffer_free(pln__system_allocator(), &got->row_start);
    pln__buffer_free(pln__system_allocator(), &got->row_size);
    pln__buffer_free(pln__system_allocator(), &got->row_line);
}

static outcome decode(const pln__csv_dialect *dialect, const struct ArrowSchema *schema,
                      const uint8_t *text, int64_t size, int64_t block, int64_t record_bytes_max) {
    /* Small blocks go through the portable scan, whole inputs through the best. */
    pln__decode_options options = {.schema = schema,
                                   .origin = true,
                                   .cpu = block > size ? pln__cpu_features() : 0,
                                   .record_bytes_max = record_bytes_max,
                                   .seed = 5};
    pln__decoder *decoder;
    outcome out = {0};
    int64_t at = 0, end = block < size ? block : size;
    out.status = pln__csv_decoder.open(pln__system_allocator(), dialect, &options, &decoder, NULL);
    if (out.status < 0)
        return out;
    REQUIRE(pln__csv_decoder.begin(decoder, true, NULL, 0, NULL) == PLN_OK);
    while (out.status == PLN_OK) {
        pln__decoded got;
        uint8_t *copy = malloc((size_t)(end - at) + PLN__PADDING);
        REQUIRE(copy != NULL);
        memcpy(copy, text + at, (size_t)(end - at));
        memset(copy + end - at, block % 2 == 0 ? '"' : '\n', PLN__PADDING);
        out.status =
            pln__csv_decoder.decode(decoder, copy, end - at, end == size, block + 1, &got, NULL);
        if (out.status == PLN_OK) {
            bool stuck = got.consumed == 0;
            REQUIRE(got.consumed <= end - at && got.rows + got.n_bad <= block + 1);
            int64_t consumed = got.consumed;
            take_call(dialect, schema, &got, at, &out);
            at += consumed;
            REQUIRE(!stuck || end < size || at == size);
            if (stuck || at == end)
                end = block < size - end ? end + block : size;
        }
        free(copy);
        if (at == size)
            break;
    }
    out.consumed = at;
    pln__csv_decoder.close(decoder);
    return out;
}

static void infer(const pln__csv_dialect *dialect, const uint8_t *text, int64_t size, bool final) {
    struct ArrowSchema schema;
    uint8_t *copy = calloc(1, (size_t)size + PLN__PADDING);
    REQUIRE(copy != NULL);
    memcpy(copy, text, (size_t)size);
    pln_error err = {0};
    if (pln__csv_decoder.infer(pln__system_allocator(), dialect, copy, size, final, &schema,
                               &err) == PLN_OK) {
        outcome whole = decode(dialect, &schema, text, size, size + 1, 0);
        REQUIRE(whole.status == PLN_OK);
        schema.release(&schema);
    } else {
        REQUIRE(err.message[0] != '\0');
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pln__csv_dialect dialect;
    struct ArrowSchema schema;
    if (size < 4 || size > 1 << 16)
        return 0;
    const uint8_t *text = data + 4;
    int64_t n = (int64_t)size - 4;
    choose_dialect(data[0], data[1], &dialect);
    make_schema(data[2], 1 + data[3] % 4, &schema);
    outcome whole = decode(&dialect, &schema, text, n, n + 1, 64);
    int64_t block = 1 + data[3] / 4;
    outcome parts = decode(&dialect, &schema, text, n, block * PIECES < n ? n / PIECES : block, 64);
    REQUIRE(whole.status == parts.status);
    if (whole.status == PLN_OK) {
        REQUIRE(whole.rows == parts.rows && whole.bad == parts.bad && whole.lines == parts.lines);
        REQUIRE(whole.hash == parts.hash && whole.consumed == parts.consumed &&
                whole.consumed == n);
    }
    schema.release(&schema);
    infer(&dialect, text, n, (data[3] & 1) != 0);
    return 0;
}

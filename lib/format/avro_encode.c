/* Columns to Avro binary, row by row through the tree of avro_encoder.h. */
#include "format/avro_encoder.h"
#include "base/time.h"
#include "base/utf8.h"

typedef pln__avro_encoder encoder;
typedef pln__avro_out node;

static pln_status write_node(encoder *self, const node *n, int64_t row);

/* ---- failures ---- */

static pln_status unfit(encoder *self, const node *n, const char *what) {
    const char *path = (const char *)self->names.data + n->path;
    return pln__error_set(self->err, PLN_EDATA, "row %lld: column %s: %s", (long long)self->row,
                          path[0] == '\0' ? "value" : path, what);
}

static pln_status unfit_number(encoder *self, const node *n, int64_t value, const char *what) {
    char text[64];
    pln_error scratch = {0};
    (void)pln__error_set(&scratch, PLN_EDATA, "%lld %s", (long long)value, what);
    memcpy(text, scratch.message, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    return unfit(self, n, text);
}

static pln_status unfit_text(encoder *self, const node *n, const uint8_t *bytes, int64_t size,
                             const char *what) {
    char shown[PLN__SHOW_SIZE];
    pln_error scratch = {0};
    (void)pln__error_set(&scratch, PLN_EDATA, "%s %s", pln__show(shown, bytes, size), what);
    return unfit(self, n, scratch.message);
}

/* ---- bytes ---- */

static inline pln_status room(encoder *self, int64_t size) {
    if (PLN__LIKELY(size <= self->out->capacity - self->out->size))
        return PLN_OK;
    return pln__buffer_reserve(self->mem, self->out, size, self->err);
}

static inline pln_status put_number(encoder *self, int64_t value) {
    pln_status status = room(self, PLN__AVRO_VARINT_MAX);
    if (PLN__LIKELY(status >= 0))
        self->out->size += pln__avro_put(self->out->data + self->out->size, value);
    return status;
}

static inline pln_status put_bytes(encoder *self, const void *bytes, int64_t size) {
    pln_status status = room(self, size);
    if (PLN__LIKELY(status >= 0) && size > 0) {
        memcpy(self->out->data + self->out->size, bytes, (size_t)size);
        self->out->size += size;
    }
    return status;
}

static pln_status put_sized(encoder *self, const void *bytes, int64_t size) {
    pln_status status = put_number(self, size);
    return status < 0 ? status : put_bytes(self, bytes, size);
}

static pln_status put_word(encoder *self, uint64_t word, int size) {
    uint8_t bytes[8];
    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(word >> 8 * i);
    return put_bytes(self, bytes, size);
}

/* ---- scalars ---- */

static pln_status write_int(encoder *self, const node *n, int64_t row) {
    int64_t value = pln__array_int(&n->column, n->array, row);
    if (PLN__UNLIKELY(n->column.id == PLN__UINT64 && value < 0))
        return unfit(self, n, "a number beyond 63 bits");
    if (PLN__UNLIKELY(value < n->low || value > n->high))
        return unfit_number(self, n, value, "does not fit an int of 32 bits");
    return put_number(self, value);
}

static pln_status write_unit(encoder *self, const node *n, int64_t row) {
    int64_t value = pln__array_int(&n->column, n->array, row), out;
    bool exact = true;
    if (!pln__convert_unit(value, (pln__unit)n->column.unit, (pln__unit)n->unit, &out, &exact) ||
        !exact || out < n->low || out > n->high)
        return unfit_number(self, n, value, "cannot be said in the unit of the schema");
    return put_number(self, out);
}

static pln_status write_float(encoder *self, const node *n, int64_t row) {
    double value = pln__array_float(&n->column, n->array, row);
    uint64_t bits = 0;
    if (n->code == AVRO_OUT_DOUBLE) {
        memcpy(&bits, &value, 8);
        return put_word(self, bits, 8);
    }
    float single = (float)value;
    memcpy(&bits, &single, 4);
    return put_word(self, bits, 4);
}

static pln_status write_bytes(encoder *self, const node *n, int64_t row) {
    int64_t size;
    const uint8_t *bytes = pln__array_bytes(&n->column, n->array, row, &size);
    if (n->code == AVRO_OUT_FIXED) {
        if (size != n->type->size)
            return unfit_number(self, n, size, "bytes: the fixed has another size");
        return put_bytes(self, bytes, size);
    }
    if (n->type->kind == PLN__AVRO_STRING && !pln__utf8_valid(bytes, size, self->cpu))
        return unfit_text(self, n, bytes, size, "is not UTF-8");
    return put_sized(self, bytes, size);
}

static pln_status write_symbol(encoder *self, const node *n, int64_t row) {
    int64_t size, symbol = 0;
    const uint8_t *bytes = pln__array_bytes(&n->column, n->array, row, &size);
    if (!pln__map_get(n->symbols, bytes, size, &symbol))
        return unfit_text(self, n, bytes, size, "is no symbol of the enum");
    return put_number(self, symbol);
}

/* Big-endian, no longer than needed, or as long as the fixed. */
static pln_status write_decimal(encoder *self, const node *n, int64_t row) {
    const struct ArrowArray *array = n->array;
    pln__int128 value, ten = pln__decimal128_ten(n->type->precision > 38 ? 38 : n->type->precision);
    if (n->column.id == PLN__DECIMAL128)
        value =
            pln__load_decimal128((const uint8_t *)array->buffers[1] + (array->offset + row) * 16);
    else if (n->column.id == PLN__UINT64)
        value = (pln__int128)(uint64_t)pln__array_int(&n->column, array, row);
    else
        value = pln__array_int(&n->column, array, row);
    /* Zeros are added where the schema has more digits behind the point. */
    int32_t zeros = n->column.id == PLN__DECIMAL128 ? n->type->scale - n->column.scale : 0;
    if (zeros > 38 ||
        (zeros > 0 && __builtin_mul_overflow(value, pln__decimal128_ten(zeros), &value)))
        return unfit(self, n, "a decimal with more digits than the schema's precision");
    if (n->type->precision <= 38 && (value <= -ten || value >= ten))
        return unfit(self, n, "a decimal with more digits than the schema's precision");
    uint8_t bytes[16];
    for (int i = 0; i < 16; i++)
        bytes[15 - i] = (uint8_t)((pln__uint128)value >> 8 * i);
    int first = 0;
    uint8_t sign = value < 0 ? 0xFF : 0;
    while (first < 15 && bytes[first] == sign && ((bytes[first + 1] ^ sign) & 0x80) == 0)
        first++;
    if (n->code == AVRO_OUT_DECIMAL)
        return put_sized(self, bytes + first, 16 - first);
    int64_t size = n->type->size;
    if (16 - first > size)
        return unfit(self, n, "a decimal that does not fit the fixed");
    pln_status status = room(self, size);
    if (status < 0)
        return status;
    for (; size > 16; size--)
        self->out->data[self->out->size++] = sign;
    return put_bytes(self, bytes + 16 - size, size);
}

/* ---- nesting ---- */

static const node *child_of(const encoder *self, const node *n, int64_t i) {
    return &self->nodes[self->links[n->first + i]];
}

static inline int32_t offset_at(const struct ArrowArray *array, int64_t row) {
    int32_t value;
    memcpy(&value, (const uint8_t *)array->buffers[1] + (array->offset + row) * 4, 4);
    return value;
}

static pln_status write_items(encoder *self, const node *n, int64_t row) {
    pln_status status = PLN_OK;
    bool map = n->code == AVRO_OUT_MAP;
    int32_t from = offset_at(n->array, row), to = offset_at(n->array, row + 1);
    int64_t base = map ? n->array->children[0]->offset : 0;
    if (to > from) {
        PLN__TRY(put_number(self, to - from));
        for (int64_t i = from; i < to; i++) {
            PLN__TRY(write_node(self, child_of(self, n, 0), base + i));
            if (map)
                PLN__TRY(write_node(self, child_of(self, n, 1), base + i));
        }
    }
    PLN__TRY(put_number(self, 0));
out:
    return status;
}

static pln_status write_union(encoder *self, const node *n, int64_t row) {
    int64_t at = n->array->offset + row;
    int32_t child = n->child_of[((const uint8_t *)n->array->buffers[0])[at] & 127];
    if (child < 0)
        return unfit(self, n, "a variant that the union does not have");
    return write_node(self, child_of(self, n, child), offset_at(n->array, row));
}

static pln_status write_value(encoder *self, const node *n, int64_t row) {
    pln_status status = PLN_OK;
    uint8_t bit;
    switch (n->code) {
    case AVRO_OUT_NULL: return PLN_OK;
    case AVRO_OUT_BOOL:
        bit = pln__bit_get(n->array->buffers[1], n->array->offset + row);
        return put_bytes(self, &bit, 1);
    case AVRO_OUT_INT: return write_int(self, n, row);
    case AVRO_OUT_UNIT: return write_unit(self, n, row);
    case AVRO_OUT_FLOAT:
    case AVRO_OUT_DOUBLE: return write_float(self, n, row);
    case AVRO_OUT_BYTES:
    case AVRO_OUT_FIXED: return write_bytes(self, n, row);
    case AVRO_OUT_SYMBOL: return write_symbol(self, n, row);
    case AVRO_OUT_DECIMAL:
    case AVRO_OUT_DECIMAL_FIXED: return write_decimal(self, n, row);
    case AVRO_OUT_DICTIONARY:
        return write_node(self, child_of(self, n, 0), pln__array_int(&n->column, n->array, row));
    case AVRO_OUT_ARRAY:
    case AVRO_OUT_MAP: return write_items(self, n, row);
    case AVRO_OUT_UNION: return write_union(self, n, row);
    case AVRO_OUT_DEFAULT: return put_bytes(self, n->fallback.data, n->fallback.size);
    default:
        for (int32_t i = 0; i < n->n && status >= 0; i++)
            status = write_node(self, child_of(self, n, i), n->array->offset + row);
        return status;
    }
}

static bool is_null(const node *n, int64_t row) {
    if (n->code == AVRO_OUT_NULL)
        return true;
    if (n->code == AVRO_OUT_DICTIONARY)
        return pln__array_null_at(n->schema, n->array, row);
    return n->validity != NULL && !pln__bit_get(n->validity, n->array->offset + row);
}

static pln_status write_node(encoder *self, const node *n, int64_t row) {
    pln_status status;
    bool null = is_null(n, row);
    if (PLN__UNLIKELY(null && n->null_branch < 0 && n->code != AVRO_OUT_NULL))
        return unfit(self, n, "a null, and the schema allows none");
    if (n->value_branch >= 0) {
        status = put_number(self, null ? n->null_branch : n->value_branch);
        if (status < 0 || null)
            return status;
    }
    return write_value(self, n, row);
}

/* ---- rows ---- */

static void bind(encoder *self, int32_t at, const struct ArrowArray *array) {
    node *n = &self->nodes[at];
    n->array = array;
    bool bits = n->code != AVRO_OUT_NULL && n->code != AVRO_OUT_UNION;
    n->validity =
        bits && array != NULL && array->null_count != 0 ? (const uint8_t *)array->buffers[0] : NULL;
    for (int32_t i = 0; i < n->n; i++) {
        int32_t child = self->links[n->first + i];
        const struct ArrowArray *below = NULL;
        switch (n->code) {
        case AVRO_OUT_DICTIONARY: below = array->dictionary; break;
        case AVRO_OUT_MAP: below = array->children[0]->children[i]; break;
        case AVRO_OUT_RECORD:
            if (self->nodes[child].field >= 0)
                below = array->children[self->nodes[child].field];
            break;
        default: below = array->children[i];
        }
        bind(self, child, below);
    }
}

pln_status pln__avro_encode(pln__avro_encoder *self, pln__avro_output *output, pln__buffer *out,
                            pln_error *err) {
    const node *root = &self->nodes[self->root];
    const struct ArrowArray *rows = output->rows;
    bool top_record = root->code == AVRO_OUT_RECORD && root->field < 0;
    bind(self, self->root, top_record ? rows : rows->children[0]);
    self->out = out;
    self->err = err;
    output->bad_row = -1;
    for (int64_t i = 0; i < output->n; i++) {
        int64_t before = out->size;
        self->row = output->first + i;
        pln_status status = top_record ? write_value(self, root, self->row)
                                       : write_node(self, root, rows->offset + self->row);
        if (PLN__UNLIKELY(status < 0)) {
            out->size = before;
            output->bad_row = self->row;
            return status;
        }
        if (output->ends != NULL)
            output->ends[i] = out->size;
    }
    return PLN_OK;
}

pln_status pln__avro_encoder_new(const pln_allocator *mem, const pln__avro_schema *schema,
                                 const struct ArrowSchema *columns, pln__avro_encoder **out,
                                 pln_error *err) {
    pln_status status = PLN_OK;
    *out = NULL;
    pln__avro_encoder *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->cpu = pln__cpu_features();
    self->avro = pln__avro_schema_ref(schema);
    PLN__TRY(pln__schema_copy(mem, columns, &self->schema, err));
    PLN__TRY(pln__avro_plan_out(self, err));
    *out = self;
out:
    if (status < 0)
        pln__avro_encoder_free(self);
    return status;
}

void pln__avro_encoder_free(pln__avro_encoder *self) {
    if (self == NULL)
        return;
    const pln_allocator *mem = self->mem;
    for (int64_t i = 0; i < self->n_nodes; i++) {
        if (self->nodes[i].symbols != NULL)
            pln__map_free(self->nodes[i].symbols);
        pln__buffer_free(mem, &self->nodes[i].fallback);
    }
    pln__free(mem, self->nodes, (uint64_t)self->nodes_capacity * sizeof *self->nodes);
    pln__free(mem, self->links, (uint64_t)self->links_capacity * sizeof *self->links);
    pln__buffer_free(mem, &self->names);
    pln__schema_release(&self->schema);
    pln__avro_schema_unref(self->avro);
    pln__free(mem, self, sizeof *self);
}

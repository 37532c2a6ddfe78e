/*
 * Bytes drive a foreign producer: schemas and arrays of any shape, within the memory they own. What imports and passes
 * full validation must survive every kernel; what does not must be released once, like all else.
 */
#include "column/column.h"
#include "fuzz.h"

/* ---- bytes ---- */

typedef struct input {
    const uint8_t *at, *end;
} input;

static uint8_t byte(input *in) {
    return in->at < in->end ? *in->at++ : 0;
}

static int32_t below(input *in, int32_t n) {
    return byte(in) % n;
}

/* ---- memory that a release gives back as a whole ---- */

enum { BLOCKS_MAX = 4096 };
typedef struct owner {
    void *blocks[BLOCKS_MAX];
    int n;
    int nodes;
    int released;
} owner;
static owner schema_owner, array_owner;

static void *own(owner *o, size_t size) {
    void *p = calloc(1, size);
    if (p == NULL || o->n == BLOCKS_MAX)
        abort();
    return o->blocks[o->n++] = p;
}

static void give_back(owner *o) {
    for (int i = 0; i < o->n; i++)
        free(o->blocks[i]);
    o->n = 0;
    o->released++;
}

static void schema_release(struct ArrowSchema *schema) {
    schema->release = NULL;
    give_back(&schema_owner);
}

static void array_release(struct ArrowArray *array) {
    array->release = NULL;
    give_back(&array_owner);
}

/* A consumer must never call the release of a child. */
static void child_schema_release(struct ArrowSchema *schema) {
    (void)schema;
    abort();
}

static void child_array_release(struct ArrowArray *array) {
    (void)array;
    abort();
}

/* ---- schemas ---- */

static const char *const formats[] = {
    "n",   "b",   "c",   "C",   "s",    "S",       "i",    "I",     "l",      "L",    "f",
    "g",   "u",   "z",   "w:1", "w:5",  "d:9,2",   "tdD",  "ttm",   "ttn",    "tss:", "tsu:UTC",
    "+l",  "+s",  "+m",  "+ud:0", "+ud:3,1", "+ud:7,8,9", "w:0", "d:99,1", "e",  "U", "+w:2"};

static char *text(input *in, owner *o) {
    int32_t n = below(in, 4);
    char *out = own(o, (size_t)n + 1);
    for (int32_t i = 0; i < n; i++)
        out[i] = (char)byte(in);
    return out;
}

static const char *metadata(input *in) {
    int32_t *blob = own(&schema_owner, 16);
    blob[0] = below(in, 3) - 1;
    return (const char *)blob;
}

static void make_schema(input *in, int depth, struct ArrowSchema *s) {
    uint8_t style = byte(in);
    int32_t format = below(in, PLN__COUNT(formats));
    schema_owner.nodes++;
    *s = (struct ArrowSchema){.format = depth == 0 ? "+s" : formats[format],
                              .flags = style & ARROW_FLAG_NULLABLE ? ARROW_FLAG_NULLABLE : 0,
                              .release = child_schema_release};
    s->name = (style & 0xc0) == 0xc0 ? NULL : text(in, &schema_owner);
    if ((style & 0x30) == 0x30)
        s->format = (style & 8) != 0 ? NULL : text(in, &schema_owner);
    if ((style & 0x31) == 0x21)
        s->metadata = metadata(in);
    bool nested = s->format != NULL && s->format[0] == '+';
    int64_t n = !nested ? 0 : s->format[1] == 's' ? below(in, 4) : 1;
    if (nested && s->format[1] == 'u')
        for (const char *c = s->format; *c != '\0'; c++)
            n += *c == ',';
    if (nested && s->format[1] == 'm' && depth > 0)
        n = 1;
    n += (style & 0x8d) == 0x8d;
    if (depth > 5 || schema_owner.nodes > 60)
        n = 0;
    s->n_children = n;
    s->children = n > 0 ? own(&schema_owner, (size_t)n * sizeof(void *)) : NULL;
    for (int64_t i = 0; i < n; i++) {
        s->children[i] = own(&schema_owner, sizeof(struct ArrowSchema));
        make_schema(in, depth + 1, s->children[i]);
    }
    /* A map worth its name now and then. */
    if (nested && s->format[1] == 'm' && n == 1 && (style & 1) == 0)
        s->children[0]->format = "+s";
    if (!nested && (style & 0x05) == 0x05 && depth < 6) {
        s->dictionary = own(&schema_owner, sizeof(struct ArrowSchema));
        make_schema(in, depth + 1, s->dictionary);
    }
}

/* ---- arrays ---- */

static int64_t bytes_of(const pln__type *type, int32_t buffer, int64_t rows) {
    bool offsets = pln__type_is_bytes(type->id) || type->id == PLN__LIST || type->id == PLN__MAP;
    if (type->id == PLN__UNION)
        return buffer == 0 ? rows : rows * 4;
    if (buffer == 0 || type->id == PLN__BOOL)
        return (rows + 7) / 8;
    return offsets ? (rows + 1) * 4 : rows * type->width;
}

static const void *buffer(input *in, int64_t size, bool small) {
    uint8_t *data = own(&array_owner, (size_t)size + (size == 0));
    for (int64_t i = 0; i < size; i++)
        data[i] = small && i % 4 != 0 ? 0 : byte(in);
    return data;
}

/* Text of the size that its last offset speaks of, which is the only place that tells it. */
static const void *text_buffer(input *in, uint8_t *offsets, int64_t rows) {
    int32_t last;
    memcpy(&last, offsets + rows * 4, 4);
    last = last < 0 ? last : last % 300;
    memcpy(offsets + rows * 4, &last, 4);
    return buffer(in, last < 0 ? 0 : last, false);
}

static void make_buffers(input *in, const pln__type *type, bool tame, struct ArrowArray *a) {
    int64_t rows = a->offset + a->length;
    bool wide = type->id == PLN__LIST || type->id == PLN__MAP || pln__type_is_bytes(type->id);
    a->n_buffers = type->id == PLN__NULL ? 0 : type->id == PLN__STRUCT ? 1 : 2;
    if (pln__type_is_bytes(type->id))
        a->n_buffers = 3;
    a->buffers = own(&array_owner, 3 * sizeof(void *));
    for (int32_t b = 0; b < a->n_buffers && b < 2; b++)
        a->buffers[b] =
            buffer(in, bytes_of(type, b, rows), b == 1 && (wide || type->id == PLN__UNION));
    if (wide && tame) {
        /* Ascending offsets, or nothing nested would ever pass. */
        int32_t sum = 0;
        uint8_t *at = (uint8_t *)(uintptr_t)a->buffers[1];
        for (int64_t i = 0; i <= rows; i++) {
            sum += at[i * 4] % 3;
            memcpy(at + i * 4, &sum, 4);
        }
    }
    if (type->id == PLN__UNION && tame)
        for (int64_t i = 0; i < rows; i++)
            ((uint8_t *)(uintptr_t)a->buffers[1])[i * 4] &= 7;
    if (pln__type_is_bytes(type->id))
        a->buffers[2] = text_buffer(in, (uint8_t *)(uintptr_t)a->buffers[1], rows);
    if (tame && type->id != PLN__UNION && a->n_buffers > 0) {
        a->null_count = -1;
        if (!type->nullable)
            a->buffers[0] = NULL;
    }
}

static void make_array(input *in, const struct ArrowSchema *s, int depth, int64_t at_least,
                       struct ArrowArray *a) {
    pln__type type;
    uint8_t style = byte(in);
    bool tame = (style & 3) != 0;
    *a = (struct ArrowArray){.length = below(in, 12), .release = child_array_release};
    if (depth > 0)
        a->offset = below(in, 6);
    if (a->length < at_least && tame)
        a->length = at_least;
    if (s->format == NULL || pln__type_of(s, &type, NULL) < 0)
        type = (pln__type){.id = PLN__NULL};
    make_buffers(in, &type, tame, a);
    int64_t need = type.id == PLN__STRUCT ? a->offset + a->length : 0;
    if ((type.id == PLN__LIST || type.id == PLN__MAP) && tame) {
        int32_t last;
        memcpy(&last, (const uint8_t *)a->buffers[1] + (a->offset + a->length) * 4, 4);
        need = last;
    }
    if (type.id == PLN__UNION)
        need = 8;
    a->n_children = s->n_children;
    if (!tame && (style & 4) != 0 && a->n_children > 0)
        a->n_children--;
    a->children =
        a->n_children > 0 ? own(&array_owner, (size_t)a->n_children * sizeof(void *)) : NULL;
    for (int64_t i = 0; i < a->n_children; i++) {
        a->children[i] = own(&array_owner, sizeof(struct ArrowArray));
        make_array(in, s->children[i], depth + 1, need, a->children[i]);
    }
    if (s->dictionary != NULL && (tame || (style & 8) != 0)) {
        a->dictionary = own(&array_owner, sizeof(struct ArrowArray));
        make_array(in, s->dictionary, depth + 1, 0, a->dictionary);
    }
    if (tame)
        return;
    /* Below zero and not zero: fewer rows skipped over the same bytes would promise more of them than there are. */
    switch (style >> 4) {
    case 1: a->null_count = (int8_t)byte(in); break;
    case 2: a->length = -1 - (int64_t)byte(in); break;
    case 3: a->offset = -1 - (int64_t)byte(in); break;
    case 4: a->n_buffers = below(in, 20) - 3; break;
    case 5: a->buffers = NULL; break;
    case 6: a->children = NULL; break;
    case 7:
        if (a->n_children > 0)
            a->children[0] = NULL;
        break;
    case 8: a->release = NULL; break;
    case 9:
        if (a->n_buffers > 1)
            a->buffers[a->n_buffers - 1] = NULL;
        break;
    case 10: a->length = INT64_MAX; break;
    case 11: a->n_children = -1; break;
    default: break;
    }
}

/* ---- what is done with it ---- */

static void round_trip(const pln_allocator *mem, pln_batch *batch) {
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln_batch *again;
    REQUIRE(pln_batch_export(batch, &schema, &array, NULL) == PLN_OK);
    REQUIRE(pln__batch_import(mem, &schema, &array, &again, NULL) == PLN_OK);
    REQUIRE(pln_batch_validate(again, PLN_VALIDATE_FULL, NULL) == PLN_OK);
    REQUIRE(pln_batch_equal(batch, again) == 1);
    pln_batch_unref(again);
}

static void write_again(const pln_allocator *mem, pln_batch *batch) {
    pln__column column;
    struct ArrowArray got;
    const struct ArrowArray *rows = pln_batch_array(batch);
    REQUIRE(pln__column_init(mem, pln_batch_schema(batch), &column, NULL) == PLN_OK);
    for (int64_t i = 0; i < rows->length; i++)
        REQUIRE(pln__column_copy(&column, rows, i, NULL) == PLN_OK);
    REQUIRE(pln__column_finish(&column, &got, NULL) == PLN_OK);
    REQUIRE(pln__array_equal(pln_batch_schema(batch), rows, &got));
    pln__array_release(&got);
    pln__column_free(&column);
}

static void exercise(const pln_allocator *mem, pln_batch *batch, input *in) {
    int64_t rows = pln_batch_rows(batch);
    pln_batch *slice;
    pln_batch *taken;
    pln_batch *joined;
    int32_t picks[8];
    int64_t from = rows == 0 ? 0 : byte(in) % rows;
    REQUIRE(pln_batch_slice(batch, from, rows - from, &slice, NULL) == PLN_OK);
    for (int i = 0; i < 8; i++)
        picks[i] = rows == 0 ? 0 : (int32_t)(byte(in) % rows);
    REQUIRE(pln_batch_take(batch, picks, rows == 0 ? 0 : 8, &taken, NULL) == PLN_OK);
    pln_batch *parts[3] = {taken, slice, batch};
    pln_status status = pln_batch_concat(parts, 3, &joined, NULL);
    /* A small index type may not hold the values of all dictionaries. */
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    if (status == PLN_OK) {
        REQUIRE(pln_batch_validate(joined, PLN_VALIDATE_FULL, NULL) == PLN_OK);
        for (int64_t i = 0; i + 1 < pln_batch_rows(joined); i++)
            (void)pln__array_compare(pln_batch_schema(joined), pln_batch_array(joined), i,
                                     pln_batch_array(joined), i + 1);
        round_trip(mem, joined);
        pln_batch_unref(joined);
    }
    pln_batch_unref(taken);
    pln_batch_unref(slice);
    round_trip(mem, batch);
    write_again(mem, batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, data + size};
    struct ArrowSchema schema;
    struct ArrowArray array;
    pln__heap_stats stats;
    pln_error err;
    pln_batch *batch;
    pln__heap *heap = pln__heap_new(NULL, 64 << 20);
    const pln_allocator *mem = pln__heap_allocator(heap);
    schema_owner = (owner){.n = 0};
    array_owner = (owner){.n = 0};
    make_schema(&in, 0, &schema);
    make_array(&in, &schema, 0, 0, &array);
    schema.release = schema_release;
    array.release = array_release;
    pln_status status = pln__batch_import(mem, &schema, &array, &batch, &err);
    REQUIRE(schema.release == NULL && array.release == NULL && schema_owner.released == 1);
    if (status == PLN_OK) {
        if (pln_batch_validate(batch, PLN_VALIDATE_FULL, &err) == PLN_OK)
            exercise(mem, batch, &in);
        REQUIRE(array_owner.released == 0);
        pln_batch_unref(batch);
    }
    REQUIRE(array_owner.released == 1);
    pln__heap_stats_get(heap, &stats);
    REQUIRE(stats.live_blocks == 0);
    pln__heap_close(heap);
    return 0;
}

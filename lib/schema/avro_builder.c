#include "schema/avro_internal.h"
#include <pln/avro_builder.h>

/* What is open. A type is expected by TOP, ARRAY, MAP and FIELD once, by UNION any number of times. */
enum { TOP, RECORD, FIELDS, FIELD, ARRAY, MAP, UNION, LEAF };
#define FRAMES_MAX (3 * PLN__NESTING_MAX)

typedef struct frame {
    int32_t kind;
    int32_t types; /* how many it has been given */
} frame;

/* The calls write the text of the schema; objects stay open for attributes until the next field or the end. */
struct pln_avro_builder {
    const pln_allocator *mem;
    pln__text text;
    pln_error err;
    int32_t depth; /* of frames: the open one is frames[depth] */
    frame frames[FRAMES_MAX + 1];
};

static bool usable(const pln_avro_builder *b) {
    return b != NULL && b->err.status == 0;
}

static void wrong(pln_avro_builder *b, const char *what) {
    static const char *const open[] = {"nothing", "a record",          "a record", "a field",
                                       "an array", "a map", "a union", "an enum or fixed"};
    (void)pln__error_set(&b->err, PLN_ESTATE, "schema builder: %s, while %s is open", what,
                         open[b->frames[b->depth].kind]);
}

static void quote(pln_avro_builder *b, const char *text) {
    pln__text_json(&b->text, text, (int64_t)strlen(text));
}

/* Before a type: is one expected here, and what stands between it and what was there. */
static bool begin_type(pln_avro_builder *b) {
    if (!usable(b))
        return false;
    frame *f = &b->frames[b->depth];
    bool once = f->kind == TOP || f->kind == ARRAY || f->kind == MAP || f->kind == FIELD;
    if (f->kind != UNION && (!once || f->types > 0)) {
        wrong(b, "a type is not expected");
        return false;
    }
    if (f->kind == UNION && f->types > 0)
        pln__text_char(&b->text, ',');
    if (f->kind == ARRAY)
        pln__text_str(&b->text, ",\"items\":");
    if (f->kind == MAP)
        pln__text_str(&b->text, ",\"values\":");
    if (f->kind == FIELD)
        pln__text_str(&b->text, ",\"type\":");
    f->types++;
    return true;
}

static void push(pln_avro_builder *b, int32_t kind) {
    if (b->depth == FRAMES_MAX) {
        (void)pln__error_set(&b->err, PLN_ELIMIT, "schema builder: types are nested too deeply");
        return;
    }
    b->frames[++b->depth] = (frame){kind, 0};
}

static void begin_named(pln_avro_builder *b, const char *type, const char *name) {
    pln__text_printf(&b->text, "{\"type\":\"%s\",\"name\":", type);
    quote(b, name);
}

pln_avro_builder *pln_avro_builder_new(pln_runtime *runtime) {
    const pln_allocator *mem = pln__runtime_allocator(runtime);
    pln_avro_builder *b = pln__calloc(mem, 1, sizeof *b);
    if (b != NULL) {
        b->mem = mem;
        pln__text_init(&b->text, mem);
    }
    return b;
}

void pln_avro_builder_type(pln_avro_builder *builder, const char *name) {
    if (begin_type(builder))
        quote(builder, name);
}

void pln_avro_builder_logical(pln_avro_builder *builder, const char *type, const char *logical,
                              int32_t precision, int32_t scale) {
    if (!begin_type(builder))
        return;
    pln__text_str(&builder->text, "{\"type\":");
    quote(builder, type);
    pln__text_str(&builder->text, ",\"logicalType\":");
    quote(builder, logical);
    if (precision != 0)
        pln__text_printf(&builder->text, ",\"precision\":%d,\"scale\":%d", (int)precision,
                         (int)scale);
    pln__text_char(&builder->text, '}');
}

/* Text of a caller goes in only as one whole JSON value, printed anew. */
static void put_json(pln_avro_builder *b, const char *text) {
    pln__arena arena = {.mem = b->mem};
    json *value = NULL;
    pln_status status =
        pln__doc_parse(&arena, "Avro schema", text, (int64_t)strlen(text), &value, &b->err);
    if (status >= 0)
        pln__avro_json_text(value, &b->text);
    else
        pln__error_prefix(&b->err, "schema builder");
    pln__arena_free(&arena);
}

void pln_avro_builder_json(pln_avro_builder *builder, const char *json_text) {
    if (begin_type(builder))
        put_json(builder, json_text);
}

void pln_avro_builder_record(pln_avro_builder *builder, const char *name) {
    if (!begin_type(builder))
        return;
    begin_named(builder, "record", name);
    push(builder, RECORD);
}

void pln_avro_builder_enum(pln_avro_builder *builder, const char *name, const char *const *symbols,
                           int32_t n) {
    if (!begin_type(builder))
        return;
    begin_named(builder, "enum", name);
    pln__text_str(&builder->text, ",\"symbols\":[");
    for (int32_t i = 0; i < n; i++) {
        if (i > 0)
            pln__text_char(&builder->text, ',');
        quote(builder, symbols[i]);
    }
    pln__text_char(&builder->text, ']');
    push(builder, LEAF);
}

void pln_avro_builder_fixed(pln_avro_builder *builder, const char *name, int64_t size) {
    if (!begin_type(builder))
        return;
    begin_named(builder, "fixed", name);
    pln__text_printf(&builder->text, ",\"size\":%lld", (long long)size);
    push(builder, LEAF);
}

void pln_avro_builder_array(pln_avro_builder *builder) {
    if (!begin_type(builder))
        return;
    pln__text_str(&builder->text, "{\"type\":\"array\"");
    push(builder, ARRAY);
}

void pln_avro_builder_map(pln_avro_builder *builder) {
    if (!begin_type(builder))
        return;
    pln__text_str(&builder->text, "{\"type\":\"map\"");
    push(builder, MAP);
}

void pln_avro_builder_union(pln_avro_builder *builder) {
    if (!begin_type(builder))
        return;
    pln__text_char(&builder->text, '[');
    push(builder, UNION);
}

static void end_field(pln_avro_builder *b) {
    if (b->frames[b->depth].kind != FIELD)
        return;
    if (b->frames[b->depth].types == 0) {
        wrong(b, "the field has no type");
        return;
    }
    pln__text_char(&b->text, '}');
    b->depth--;
}

void pln_avro_builder_end(pln_avro_builder *builder) {
    if (!usable(builder))
        return;
    end_field(builder);
    if (!usable(builder))
        return;
    frame *f = &builder->frames[builder->depth];
    if (f->kind == TOP || ((f->kind == ARRAY || f->kind == MAP) && f->types == 0)) {
        wrong(builder, "there is nothing to end");
        return;
    }
    if (f->kind == RECORD)
        pln__text_str(&builder->text, ",\"fields\":[");
    if (f->kind == RECORD || f->kind == FIELDS)
        pln__text_char(&builder->text, ']');
    pln__text_char(&builder->text, f->kind == UNION ? ']' : '}');
    builder->depth--;
}

void pln_avro_builder_field(pln_avro_builder *builder, const char *name) {
    if (!usable(builder))
        return;
    end_field(builder);
    if (!usable(builder))
        return;
    frame *f = &builder->frames[builder->depth];
    if (f->kind != RECORD && f->kind != FIELDS) {
        wrong(builder, "a field is not expected");
        return;
    }
    pln__text_str(&builder->text, f->kind == RECORD ? ",\"fields\":[{\"name\":" : ",{\"name\":");
    f->kind = FIELDS;
    quote(builder, name);
    push(builder, FIELD);
}

void pln_avro_builder_attribute(pln_avro_builder *builder, const char *key, const char *json_text) {
    if (!usable(builder))
        return;
    frame *f = &builder->frames[builder->depth];
    bool takes = f->kind == RECORD || f->kind == LEAF || f->kind == ARRAY || f->kind == MAP ||
                 (f->kind == FIELD && f->types > 0);
    if (!takes) {
        wrong(builder, f->kind == FIELD ? "an attribute comes behind the type"
                                        : "an attribute is not expected");
        return;
    }
    pln__text_char(&builder->text, ',');
    quote(builder, key);
    pln__text_char(&builder->text, ':');
    put_json(builder, json_text);
}

static pln_status finish(pln_avro_builder *b, pln_avro_schema **out, pln_error *err) {
    if (usable(b) && (b->depth > 0 || b->frames[0].types == 0))
        wrong(b, b->depth > 0 ? "the schema ends" : "the schema has no type");
    if (b->err.status != 0) {
        if (err != NULL)
            *err = b->err;
        return b->err.status;
    }
    pln_status status = pln__text_status(&b->text, err);
    return status < 0 ? status
                      : pln__avro_parse(b->mem, b->text.data, b->text.size, NULL, out, err);
}

pln_status pln_avro_builder_finish(pln_avro_builder *builder, pln_avro_schema **out,
                                   pln_error *err) {
    if (out != NULL)
        *out = NULL;
    if (builder == NULL)
        return pln__error_memory(err, sizeof *builder);
    pln_status status = out == NULL ? PLN_OK : finish(builder, out, err);
    const pln_allocator *mem = builder->mem;
    pln__text_free(&builder->text);
    pln__free(mem, builder, sizeof *builder);
    return status;
}

/* From a resolution and the reader's columns to a program of typed steps. */
#include "format/avro_program.h"

/* A union of records inside a union of records ...: each way is compiled by itself. */
#define OPS_MAX (1 << 20)
#define PATH_MAX_BYTES 200

typedef struct way {
    pln__avro_decoder *self;
    pln_error *err;
    int32_t path;
    int32_t depth;
    const uint8_t *widths; /* of the types that are read: the writer's, in a default the reader's */
    uint8_t *reader_widths;
} way;

static pln_status value(way *w, const pln__avro_step *step, pln__column *column, int32_t frame);

static const char *path_text(const way *w) {
    return (const char *)w->self->names.data + w->path;
}

static pln_status unsupported(const way *w, const pln__avro_type *type) {
    return pln__error_set(w->err, PLN_EUNSUPPORTED, "Avro field %s: %s has no such column",
                          path_text(w), pln__avro_kind_name(type->kind));
}

/* ---- emitting ---- */

/* *out NULL: only counts. The op is found by its number, as ops move while they grow. */
static pln_status emit(way *w, int32_t code, pln__column *column, int32_t *out) {
    pln__avro_decoder *self = w->self;
    if (self->n_ops >= OPS_MAX)
        return pln__error_set(w->err, PLN_ELIMIT,
                              "Avro schemas: the way from writer to reader has "
                              "more than %d steps",
                              OPS_MAX);
    pln_status status = pln__grow(self->mem, &self->ops, &self->ops_capacity, self->n_ops + 1,
                                  sizeof *self->ops, w->err);
    if (status < 0)
        return status;
    *out = (int32_t)self->n_ops++;
    self->ops[*out] = (pln__avro_op){.code = (int16_t)code,
                                     .column = column,
                                     .path = w->path,
                                     .next = *out + 1,
                                     .width = column == NULL ? 0 : column->type.width};
    return PLN_OK;
}

/* The end of what an op holds. */
static pln_status close_op(way *w, int32_t op) {
    int32_t end;
    pln_status status = emit(w, AVRO_END, NULL, &end);
    if (status >= 0)
        w->self->ops[op].next = end + 1;
    return status;
}

static pln_status enter(way *w, const char *name) {
    char text[2 * PATH_MAX_BYTES + 2];
    const char *outer = path_text(w);
    size_t have = strlen(outer), more = strlen(name);
    have = have < PATH_MAX_BYTES ? have : PATH_MAX_BYTES;
    more = more < PATH_MAX_BYTES - have ? more : PATH_MAX_BYTES - have;
    size_t size = 0;
    memcpy(text, outer, have);
    size += have;
    if (have > 0 && name[0] != '[' && name[0] != '{')
        text[size++] = '.';
    memcpy(text + size, name, more);
    text[size + more] = '\0';
    int64_t at = w->self->names.size;
    pln_status status =
        pln__buffer_append(w->self->mem, &w->self->names, text, (int64_t)(size + more + 1), w->err);
    if (status >= 0)
        w->path = (int32_t)at;
    return status;
}

/* ---- frames ---- */

static pln_status frame_column(way *w, int32_t frame, pln__column *column) {
    pln__avro_frame_rows *f = &w->self->frames[frame];
    pln_status status = pln__grow(w->self->mem, &f->columns, &f->columns_capacity, f->n_columns + 1,
                                  sizeof *f->columns, w->err);
    if (status < 0)
        return status;
    f->columns[f->n_columns++] = column;
    for (int64_t i = 0; i < column->n_children && column->type.id == PLN__STRUCT && status >= 0;
         i++)
        status = frame_column(w, frame, &column->children[i]);
    return status;
}

/* The frame whose rows are those of `column`; several ways may lead to it. */
static pln_status frame_of(way *w, pln__column *column, int32_t *out) {
    pln__avro_decoder *self = w->self;
    for (int64_t i = 0; i < self->n_frames; i++)
        if (self->frames[i].columns[0] == column) {
            *out = (int32_t)i;
            return PLN_OK;
        }
    pln_status status = pln__grow(self->mem, &self->frames, &self->frames_capacity,
                                  self->n_frames + 1, sizeof *self->frames, w->err);
    if (status < 0)
        return status;
    *out = (int32_t)self->n_frames++;
    self->frames[*out] = (pln__avro_frame_rows){.row = 0};
    return frame_column(w, *out, column);
}

/* ---- leaves ---- */

static int leaf_code(const pln__avro_type *writer, const pln__avro_type *reader, int32_t id) {
    static const int8_t to_double[] = {AVRO_INT_TO_DOUBLE, AVRO_LONG_TO_DOUBLE,
                                       AVRO_FLOAT_TO_DOUBLE, AVRO_DOUBLE};
    bool wide = id == PLN__INT64 || id == PLN__TIME64 || id == PLN__TIMESTAMP;
    int32_t from = writer->kind;
    switch (reader->kind) {
    case PLN__AVRO_NULL: return id == PLN__NULL ? AVRO_END : -1;
    case PLN__AVRO_BOOLEAN: return id == PLN__BOOL ? AVRO_BOOL : -1;
    case PLN__AVRO_INT:
        return id == PLN__INT32 || id == PLN__DATE32 || id == PLN__TIME32 ? AVRO_INT : -1;
    case PLN__AVRO_LONG:
        return !wide ? -1 : from == PLN__AVRO_INT ? AVRO_INT_TO_LONG : AVRO_LONG;
    case PLN__AVRO_FLOAT:
        return id != PLN__FLOAT32       ? -1
               : from == PLN__AVRO_INT  ? AVRO_INT_TO_FLOAT
               : from == PLN__AVRO_LONG ? AVRO_LONG_TO_FLOAT
                                        : AVRO_FLOAT;
    case PLN__AVRO_DOUBLE: return id == PLN__FLOAT64 ? to_double[from - PLN__AVRO_INT] : -1;
    case PLN__AVRO_BYTES:
        return id == PLN__DECIMAL128 ? AVRO_DECIMAL : id == PLN__BINARY ? AVRO_BYTES : -1;
    case PLN__AVRO_STRING: return id == PLN__UTF8 ? AVRO_STRING : -1;
    case PLN__AVRO_FIXED:
        return id == PLN__DECIMAL128 ? AVRO_DECIMAL_FIXED : id == PLN__FIXED ? AVRO_FIXED : -1;
    default: return -1;
    }
}

static pln_status leaf(way *w, const pln__avro_step *step, pln__column *column) {
    int32_t op;
    int code = leaf_code(step->writer, step->reader, column->type.id);
    if (code < 0 || (code == AVRO_FIXED && column->type.width != step->reader->size))
        return unsupported(w, step->reader);
    if (code == AVRO_END)
        return PLN_OK;
    pln_status status = emit(w, code, column, &op);
    if (status >= 0)
        w->self->ops[op].size = step->writer->size;
    return status;
}

static pln_status enumeration(way *w, const pln__avro_step *step, pln__column *column) {
    pln__avro_decoder *self = w->self;
    int32_t op;
    pln_status status = PLN_OK;
    if (column->type.id != PLN__DICTIONARY || column->dictionary->type.id != PLN__UTF8)
        return unsupported(w, step->reader);
    PLN__TRY(emit(w, AVRO_ENUM, column, &op));
    self->ops[op].size = step->writer->n_symbols;
    self->ops[op].data = step;
    for (int64_t i = 0; i < self->n_enums; i++)
        if (self->dictionaries[i] == column)
            return PLN_OK;
    PLN__TRY(pln__grow(self->mem, &self->dictionaries, &self->enums_capacity, self->n_enums + 1,
                       sizeof(pln__column *), w->err));
    PLN__TRY(pln__grow(self->mem, &self->enums, &self->enum_types_capacity, self->n_enums + 1,
                       sizeof *self->enums, w->err));
    self->dictionaries[self->n_enums] = column;
    self->enums[self->n_enums++] = step->reader;
out:
    return status;
}

static pln_status misfit(way *w, const pln__avro_step *step) {
    int32_t op;
    pln_status status = emit(w, AVRO_MISFIT, NULL, &op);
    if (status >= 0)
        w->self->ops[op].data = step->message;
    return status;
}

/* ---- what is not wanted ---- */

static pln_status skip(way *w, const pln__avro_type *type, int32_t *last) {
    pln__avro_decoder *self = w->self;
    int32_t op;
    int64_t size = type->kind == PLN__AVRO_FLOAT    ? 4
                   : type->kind == PLN__AVRO_DOUBLE ? 8
                   : type->kind == PLN__AVRO_FIXED  ? type->size
                                                    : type->kind == PLN__AVRO_BOOLEAN;
    int32_t code = size > 0 ? AVRO_SKIP_FIXED : AVRO_SKIP_TYPE;
    if (self->widths[type->index] == AVRO_WIDTH_NONE)
        return PLN_OK;
    if (type->kind == PLN__AVRO_INT || type->kind == PLN__AVRO_LONG)
        code = AVRO_SKIP_VARINT;
    else if (type->kind == PLN__AVRO_BYTES || type->kind == PLN__AVRO_STRING)
        code = AVRO_SKIP_BYTES;
    if (code == AVRO_SKIP_FIXED && *last == self->n_ops - 1) {
        self->ops[*last].size += size;
        return PLN_OK;
    }
    pln_status status = emit(w, code, NULL, &op);
    if (status < 0)
        return status;
    self->ops[op].size = size;
    self->ops[op].data = type;
    *last = code == AVRO_SKIP_FIXED ? op : -2;
    return PLN_OK;
}

/* ---- nulls ---- */

static pln_status null_of(way *w, pln__column *column, int32_t frame) {
    pln_status status = PLN_OK;
    int32_t op, id = column->type.id;
    if (id == PLN__NULL)
        return PLN_OK;
    if (id == PLN__UNION) {
        int64_t child = 0;
        while (child < column->n_children - 1 && !column->children[child].type.nullable)
            child++;
        PLN__TRY(emit(w, AVRO_VARIANT, column, &op));
        w->self->ops[op].size = child;
        PLN__TRY(frame_of(w, &column->children[child], &w->self->ops[op].frame));
        PLN__TRY(null_of(w, &column->children[child], w->self->ops[op].frame));
        return close_op(w, op);
    }
    int32_t code = id == PLN__STRUCT        ? AVRO_NO_STRUCT
                   : id == PLN__BOOL        ? AVRO_NO_BIT
                   : column->type.width > 0 ? AVRO_NO_VALUE
                   : id == PLN__FIXED       ? AVRO_NO_STRUCT
                                            : AVRO_NO_OFFSET;
    PLN__TRY(emit(w, code, column, &op));
    for (int64_t i = 0; i < column->n_children && id == PLN__STRUCT; i++)
        PLN__TRY(null_of(w, &column->children[i], frame));
out:
    return status;
}

/* ---- unions ---- */

static bool is_null_step(const pln__avro_step *step) {
    return step->action == PLN__AVRO_STEP_READER_UNION &&
           step->children[0]->reader->kind == PLN__AVRO_NULL;
}

/* The writer's null of [null, X], where the reader's is a column's null; -1 if it is not of that form. */
static int32_t null_branch(const pln__avro_step *step, const pln__column *column) {
    if (step->writer->n_branches != 2 || column->type.id == PLN__UNION ||
        column->type.id == PLN__NULL || !column->type.nullable ||
        step->reader->kind != PLN__AVRO_UNION)
        return -1;
    for (int32_t i = 0; i < 2; i++)
        if (is_null_step(step->children[i]) && !is_null_step(step->children[1 - i]))
            return i;
    return -1;
}

static pln_status option(way *w, const pln__avro_step *step, pln__column *column, int32_t frame,
                         int32_t null) {
    pln_status status = PLN_OK;
    int32_t op, id = column->type.id;
    int32_t code = id == PLN__BOOL          ? AVRO_OPTION_BIT
                   : column->type.width > 0 ? AVRO_OPTION_VALUE
                   : pln__type_is_bytes(id) || id == PLN__LIST || id == PLN__MAP
                       ? AVRO_OPTION_OFFSET
                       : AVRO_OPTION_NESTED;
    PLN__TRY(emit(w, code, column, &op));
    w->self->ops[op].size = null;
    w->self->ops[op].data = step->writer;
    if (code == AVRO_OPTION_NESTED) {
        PLN__TRY(null_of(w, column, frame));
        PLN__TRY(close_op(w, op));
    }
    w->self->ops[op].body = (int32_t)w->self->n_ops;
    PLN__TRY(value(w, step->children[1 - null], column, frame));
    w->self->ops[op].next = (int32_t)w->self->n_ops;
out:
    return status;
}

static pln_status table(way *w, int32_t n, int32_t **out) {
    pln_status status = PLN_OK;
    pln__avro_decoder *self = w->self;
    PLN__TRY(pln__grow(self->mem, &self->tables, &self->tables_capacity, self->n_tables + 1,
                       sizeof *self->tables, w->err));
    PLN__TRY(pln__grow(self->mem, &self->table_sizes, &self->table_sizes_capacity,
                       self->n_tables + 1, sizeof *self->table_sizes, w->err));
    *out = pln__calloc(self->mem, (uint64_t)n + 1, sizeof **out);
    if (*out == NULL)
        return pln__error_memory(w->err, (uint64_t)n * sizeof **out);
    self->table_sizes[self->n_tables] = n + 1;
    self->tables[self->n_tables++] = *out;
out:
    return status;
}

static pln_status branches(way *w, const pln__avro_step *step, pln__column *column, int32_t frame) {
    pln_status status = PLN_OK;
    pln__avro_decoder *self = w->self;
    int32_t op, n = step->writer->n_branches, *starts;
    PLN__TRY(table(w, n, &starts));
    PLN__TRY(emit(w, AVRO_BRANCHES, column, &op));
    self->ops[op].data = step->writer;
    self->ops[op].size = self->n_tables - 1;
    for (int32_t i = 0; i < n; i++) {
        starts[i] = (int32_t)self->n_ops;
        PLN__TRY(value(w, step->children[i], column, frame));
        PLN__TRY(close_op(w, op));
    }
out:
    return status;
}

static pln_status reader_union(way *w, const pln__avro_step *step, pln__column *column,
                               int32_t frame) {
    pln_status status = PLN_OK;
    int32_t op, inner;
    if (column->type.id != PLN__UNION)
        return step->reader->n_branches > 1 && is_null_step(step)
                   ? null_of(w, column, frame)
                   : value(w, step->children[0], column, frame);
    if (column->n_children != step->reader->n_branches)
        return unsupported(w, step->reader);
    pln__column *child = &column->children[step->branch];
    PLN__TRY(emit(w, AVRO_VARIANT, column, &op));
    w->self->ops[op].size = step->branch;
    PLN__TRY(frame_of(w, child, &inner));
    w->self->ops[op].frame = inner;
    PLN__TRY(value(w, step->children[0], child, inner));
    PLN__TRY(close_op(w, op));
out:
    return status;
}

/* ---- nesting ---- */

static pln_status items(way *w, const pln__avro_step *step, pln__column *column) {
    pln_status status = PLN_OK;
    int32_t op, key, inner, outer = w->path;
    bool map = step->action == PLN__AVRO_STEP_MAP;
    if (column->type.id != (map ? PLN__MAP : PLN__LIST))
        return unsupported(w, step->reader);
    pln__column *item = &column->children[0];
    if (map && (item->n_children != 2 || item->children[0].type.id != PLN__UTF8))
        return unsupported(w, step->reader);
    PLN__TRY(emit(w, map ? AVRO_MAP : AVRO_ARRAY, column, &op));
    PLN__TRY(frame_of(w, item, &inner));
    w->self->ops[op].frame = inner;
    w->self->ops[op].no_bytes = !map && w->widths[step->writer->items->index] == AVRO_WIDTH_NONE;
    PLN__TRY(enter(w, map ? "{}" : "[]"));
    if (map)
        PLN__TRY(emit(w, AVRO_STRING, &item->children[0], &key));
    PLN__TRY(value(w, step->children[0], map ? &item->children[1] : item, inner));
    PLN__TRY(close_op(w, op));
    w->path = outer;
out:
    return status;
}

static pln_status fill(way *w, const pln__avro_fill *from, pln__column *column, int32_t frame) {
    int32_t op;
    const uint8_t *widths = w->widths;
    pln_status status = PLN_OK;
    PLN__TRY(emit(w, AVRO_FILL, column, &op));
    w->self->ops[op].data = from;
    (void)pln__avro_takes_no_bytes(from->step->writer, w->reader_widths, 0);
    w->widths = w->reader_widths;
    PLN__TRY(value(w, from->step, column, frame));
    PLN__TRY(close_op(w, op));
    w->widths = widths;
out:
    return status;
}

static pln_status record(way *w, const pln__avro_step *step, pln__column *column, int32_t frame) {
    pln_status status = PLN_OK;
    const pln__avro_type *reader = step->reader;
    int32_t outer = w->path, last = -2;
    if (column->type.id != PLN__STRUCT || column->n_children != reader->n_fields)
        return unsupported(w, reader);
    for (int32_t i = 0; i < step->writer->n_fields; i++) {
        const pln__avro_take *take = &step->takes[i];
        PLN__TRY(enter(w, take->reader_field < 0 ? step->writer->fields[i].name
                                                 : reader->fields[take->reader_field].name));
        if (take->reader_field < 0)
            PLN__TRY(skip(w, step->writer->fields[i].type, &last));
        else
            PLN__TRY(value(w, take->step, &column->children[take->reader_field], frame));
        w->path = outer;
    }
    for (int32_t i = 0; i < step->n_fills; i++) {
        int32_t field = step->fills[i].reader_field;
        PLN__TRY(enter(w, reader->fields[field].name));
        PLN__TRY(fill(w, &step->fills[i], &column->children[field], frame));
        w->path = outer;
    }
out:
    return status;
}

static pln_status value(way *w, const pln__avro_step *step, pln__column *column, int32_t frame) {
    pln_status status;
    if (++w->depth > 4 * PLN__NESTING_MAX)
        return pln__error_set(w->err, PLN_ELIMIT, "Avro field %s: nested too deeply", path_text(w));
    switch (step->action) {
    case PLN__AVRO_STEP_RECORD: status = record(w, step, column, frame); break;
    case PLN__AVRO_STEP_ENUM: status = enumeration(w, step, column); break;
    case PLN__AVRO_STEP_ARRAY:
    case PLN__AVRO_STEP_MAP: status = items(w, step, column); break;
    case PLN__AVRO_STEP_WRITER_UNION: {
        int32_t null = null_branch(step, column);
        status =
            null >= 0 ? option(w, step, column, frame, null) : branches(w, step, column, frame);
        break;
    }
    case PLN__AVRO_STEP_READER_UNION: status = reader_union(w, step, column, frame); break;
    case PLN__AVRO_STEP_ERROR: status = misfit(w, step); break;
    default: status = leaf(w, step, column);
    }
    w->depth--;
    return status;
}

static pln_status top_value(way *w, const pln__avro_step *top) {
    pln__avro_decoder *self = w->self;
    int32_t frame;
    pln_status status = frame_of(w, &self->root, &frame);
    if (status < 0)
        return status;
    if (top->reader->kind == PLN__AVRO_RECORD)
        return value(w, top, &self->root, frame);
    return self->root.n_children == 1 ? value(w, top, &self->root.children[0], frame)
                                      : unsupported(w, top->reader);
}

static pln_status compile(way *w) {
    pln_status status = PLN_OK;
    pln__avro_decoder *self = w->self;
    const pln__avro_step *top = pln__avro_resolution_top(self->resolution);
    int32_t end;
    self->top_no_bytes = pln__avro_takes_no_bytes(top->writer, self->widths, 0);
    PLN__TRY(pln__buffer_append(self->mem, &self->names, "", 1, w->err));
    PLN__TRY(pln__column_init(self->mem, &self->schema, &self->root, w->err));
    PLN__TRY(top_value(w, top));
    PLN__TRY(emit(w, AVRO_END, NULL, &end));
    for (int64_t i = 0; i < self->n_ops; i++) {
        self->ops[i].after = self->ops + self->ops[i].next;
        self->ops[i].value = self->ops + self->ops[i].body;
    }
out:
    return status;
}

pln_status pln__avro_compile(pln__avro_decoder *self, int32_t n_writer, int32_t n_reader,
                             pln_error *err) {
    way w = {.self = self, .err = err};
    self->n_widths = n_writer;
    self->widths = pln__calloc(self->mem, (uint64_t)n_writer, 1);
    w.reader_widths = pln__calloc(self->mem, (uint64_t)n_reader, 1);
    w.widths = self->widths;
    pln_status status = self->widths == NULL || w.reader_widths == NULL
                            ? pln__error_memory(err, (uint64_t)n_writer)
                            : compile(&w);
    pln__free(self->mem, w.reader_widths, (uint64_t)n_reader);
    return status;
}

/* One datum in Avro binary as Avro's JSON encoding, by the steps of a resolution. */
#include "format/avro_program.h"
#include "base/utf8.h"

/* Names are repeated for values that take no bytes: the text must not outgrow its datum without limit. */
#define TEXT_PER_BYTE 64

typedef pln__avro_place place;

typedef struct writer {
    pln__avro_cursor in;
    const uint8_t *widths[2]; /* by the writer's types, by the reader's */
    pln__text *out;
    int64_t text_max;
    pln__buffer positions; /* of the fields of records that are read in another order */
    const place *at;       /* where the fault is; its names live in the schemas */
    char path[PLN__AVRO_PLACE_SIZE];
    const pln_allocator *mem;
    pln_error *err;
    pln_status failed;
    uint32_t cpu;
} writer;

static const uint8_t *put_value(writer *w, const pln__avro_step *step, const uint8_t *p,
                                int32_t depth);

/* ---- faults ---- */

/* The place is on the stack of calls: its text is kept. */
static const uint8_t *give_up(writer *w, const uint8_t *p) {
    if (p == NULL && w->path[0] == '\0')
        pln__avro_place_text(w->at, w->path);
    return p;
}

static const uint8_t *fail(writer *w, int32_t fault, const uint8_t *at, int64_t number) {
    return pln__avro_fault(&w->in, fault, at, number);
}

static const uint8_t *checked(writer *w, const uint8_t *p, const uint8_t *at) {
    return p <= w->in.end ? p : fail(w, AVRO_FAULT_CUT, at, 0);
}

/* ---- scalars ---- */

static const uint8_t *get_number(writer *w, int32_t kind, const uint8_t *p, int64_t *out) {
    uint64_t value = 0;
    int32_t small = 0;
    const uint8_t *next;
    if (kind == PLN__AVRO_INT) {
        next = pln__avro_int(p, &small);
        *out = small;
    } else {
        next = pln__avro_varint(p, &value);
        *out = pln__avro_unzigzag(value);
    }
    if (next == NULL)
        return fail(w, kind == PLN__AVRO_INT ? AVRO_FAULT_INT : AVRO_FAULT_VARINT, p, 0);
    return checked(w, next, p);
}

static const uint8_t *get_double(writer *w, int32_t kind, const uint8_t *p, double *out) {
    if (kind == PLN__AVRO_FLOAT) {
        uint32_t bits = pln__load_le32(p);
        float single;
        memcpy(&single, &bits, 4);
        *out = (double)single;
        return checked(w, p + 4, p);
    }
    uint64_t bits = pln__load_le64(p);
    memcpy(out, &bits, 8);
    return checked(w, p + 8, p);
}

/* As Java writes them: a whole number keeps its ".0", and what JSON has no number for is a string. */
static void put_float(writer *w, double value, bool single) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    if (value != value) {
        pln__text_str(w->out, "\"NaN\"");
        return;
    }
    if (value - value != 0) {
        pln__text_str(w->out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    int64_t size = single ? pln__format_float(text, (float)value) : pln__format_double(text, value);
    pln__text_bytes(w->out, text, size);
    if (memchr(text, '.', (size_t)size) == NULL && memchr(text, 'e', (size_t)size) == NULL)
        pln__text_str(w->out, ".0");
}

static void put_code_points(writer *w, const uint8_t *bytes, int64_t size) {
    static const char hex[] = "0123456789abcdef";
    pln__text_char(w->out, '"');
    for (int64_t i = 0; i < size; i++) {
        uint8_t c = bytes[i];
        char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\')
            pln__text_char(w->out, (char)c);
        else
            pln__text_bytes(w->out, escape, 6);
    }
    pln__text_char(w->out, '"');
}

static const uint8_t *put_bytes(writer *w, const pln__avro_step *step, const uint8_t *p) {
    int64_t size = step->writer->size;
    if (step->writer->kind != PLN__AVRO_FIXED)
        p = pln__avro_length(&w->in, p, &size);
    else if (size > w->in.end - p)
        return fail(w, AVRO_FAULT_CUT, p, size);
    if (p == NULL)
        return NULL;
    if (step->reader->kind != PLN__AVRO_STRING)
        put_code_points(w, p, size);
    else if (pln__utf8_valid(p, size, w->cpu))
        pln__text_json(w->out, (const char *)p, size);
    else
        return fail(w, AVRO_FAULT_UTF8, p, size);
    return p + size;
}

static const uint8_t *put_scalar(writer *w, const pln__avro_step *step, const uint8_t *p) {
    int32_t from = step->writer->kind, to = step->reader->kind;
    int64_t number = 0;
    double value = 0;
    switch (from) {
    case PLN__AVRO_NULL: pln__text_str(w->out, "null"); return p;
    case PLN__AVRO_BOOLEAN:
        if (p >= w->in.end || *p > 1)
            return fail(w, p >= w->in.end ? AVRO_FAULT_CUT : AVRO_FAULT_BOOL, p, *p);
        pln__text_str(w->out, *p != 0 ? "true" : "false");
        return p + 1;
    case PLN__AVRO_INT:
    case PLN__AVRO_LONG:
        p = get_number(w, from, p, &number);
        if (to == PLN__AVRO_FLOAT)
            put_float(w, (double)(float)number, true);
        else if (to == PLN__AVRO_DOUBLE)
            put_float(w, (double)number, false);
        else
            pln__text_int(w->out, number);
        return p;
    case PLN__AVRO_FLOAT:
    case PLN__AVRO_DOUBLE:
        p = get_double(w, from, p, &value);
        put_float(w, value, to == PLN__AVRO_FLOAT);
        return p;
    default: return put_bytes(w, step, p);
    }
}

static const uint8_t *get_index(writer *w, const pln__avro_type *type, const uint8_t *p,
                                int64_t *out) {
    bool is_enum = type->kind == PLN__AVRO_ENUM;
    const uint8_t *at = p;
    p = get_number(w, PLN__AVRO_LONG, p, out);
    w->in.detail = type;
    if (p != NULL && (uint64_t)*out >= (uint64_t)(is_enum ? type->n_symbols : type->n_branches))
        return fail(w, is_enum ? AVRO_FAULT_SYMBOL : AVRO_FAULT_BRANCH, at, *out);
    return p;
}

static const uint8_t *put_symbol(writer *w, const pln__avro_step *step, const uint8_t *p) {
    int64_t index;
    const uint8_t *at = p;
    p = get_index(w, step->writer, p, &index);
    if (p == NULL)
        return NULL;
    int32_t symbol = step->symbols[index];
    if (symbol < 0)
        return fail(w, AVRO_FAULT_NO_SYMBOL, at, index);
    const char *name = step->reader->symbols[symbol];
    pln__text_json(w->out, name, (int64_t)strlen(name));
    return p;
}

/* ---- nesting ---- */

static const uint8_t *put_items(writer *w, const pln__avro_step *step, const uint8_t *p,
                                int32_t depth) {
    bool map = step->action == PLN__AVRO_STEP_MAP, first = true;
    bool no_bytes = !map && w->in.widths[step->writer->items->index] == AVRO_WIDTH_NONE;
    place here = {map ? "{}" : "[]", w->at};
    int64_t count, size, length;
    w->at = &here;
    pln__text_char(w->out, map ? '{' : '[');
    while ((p = pln__avro_block(&w->in, p, no_bytes, &count, &size)) != NULL && count > 0) {
        const uint8_t *head = p;
        for (int64_t i = 0; i < count && p != NULL; i++, first = false) {
            if (!first)
                pln__text_char(w->out, ',');
            if (map && (p = pln__avro_length(&w->in, p, &length)) != NULL) {
                if (!pln__utf8_valid(p, length, w->cpu))
                    return give_up(w, fail(w, AVRO_FAULT_UTF8, p, length));
                pln__text_json(w->out, (const char *)p, length);
                pln__text_char(w->out, ':');
                p += length;
            }
            if (p != NULL)
                p = put_value(w, step->children[0], p, depth + 1);
        }
        if (p != NULL && size >= 0 && p - head != size)
            p = fail(w, AVRO_FAULT_BLOCK, head, size);
        if (p == NULL)
            break;
    }
    pln__text_char(w->out, map ? '}' : ']');
    give_up(w, p);
    w->at = here.up;
    return p;
}

static void put_name(writer *w, const char *name, bool first) {
    if (!first)
        pln__text_char(w->out, ',');
    pln__text_json(w->out, name, (int64_t)strlen(name));
    pln__text_char(w->out, ':');
}

static bool put_default(writer *w, const pln__avro_fill *fill, int32_t depth) {
    pln__avro_cursor outer = w->in;
    w->in.end = fill->bytes + fill->size;
    w->in.widths = w->widths[1];
    const uint8_t *done = put_value(w, fill->step, fill->bytes, depth + 1);
    outer.fault = w->in.fault;
    outer.detail = w->in.detail;
    outer.number = w->in.number;
    outer.at = outer.end;
    w->in = outer;
    return done != NULL;
}

/* For each of the reader's fields, -1 - n for the default number n, or the writer's field number. */
static int32_t *sources(writer *w, const pln__avro_step *step, int64_t *mark) {
    int64_t n = step->reader->n_fields, size = (n + 1) * 4;
    int64_t more =
        ((size + 7) & ~(int64_t)7) + (step->writer->n_fields + 1) * (int64_t)sizeof(void *);
    *mark = w->positions.size;
    w->failed = pln__buffer_reserve(w->mem, &w->positions, more, w->err);
    if (w->failed < 0)
        return NULL;
    int32_t *from = (int32_t *)(void *)(w->positions.data + *mark);
    w->positions.size += more;
    for (int32_t i = 0; i < step->writer->n_fields; i++)
        if (step->takes[i].reader_field >= 0)
            from[step->takes[i].reader_field] = i;
    for (int32_t i = 0; i < step->n_fills; i++)
        from[step->fills[i].reader_field] = -1 - i;
    return from;
}

/* Where each of the writer's fields begins; what they charge is paid when they are read. */
static const uint8_t *find_fields(writer *w, const pln__avro_step *step, const uint8_t *p,
                                  int64_t at, int32_t depth) {
    int64_t items = w->in.items_left;
    for (int32_t i = 0; i < step->writer->n_fields && p != NULL; i++) {
        place here = {step->writer->fields[i].name, w->at};
        memcpy(w->positions.data + at + i * (int64_t)sizeof p, &p, sizeof p);
        w->at = &here;
        p = give_up(w, pln__avro_skip_value(&w->in, step->writer->fields[i].type, p, depth + 1));
        w->at = here.up;
    }
    w->in.items_left = items;
    return p;
}

static const uint8_t *put_record(writer *w, const pln__avro_step *step, const uint8_t *p,
                                 int32_t depth) {
    int64_t mark, n = step->reader->n_fields;
    int32_t *from = sources(w, step, &mark);
    if (from == NULL)
        return NULL;
    int64_t at = mark + (((n + 1) * 4 + 7) & ~(int64_t)7);
    const uint8_t *end = find_fields(w, step, p, at, depth);
    pln__text_char(w->out, '{');
    for (int32_t i = 0; i < n && end != NULL; i++) {
        int32_t source;
        place here = {step->reader->fields[i].name, w->at};
        memcpy(&source, w->positions.data + mark + i * 4, 4);
        w->at = &here;
        put_name(w, step->reader->fields[i].name, i == 0);
        if (source < 0) {
            if (!put_default(w, &step->fills[-1 - source], depth))
                end = NULL;
        } else {
            memcpy(&p, w->positions.data + at + source * (int64_t)sizeof p, sizeof p);
            if (put_value(w, step->takes[source].step, p, depth + 1) == NULL)
                end = NULL;
        }
        give_up(w, end);
        w->at = here.up;
    }
    pln__text_char(w->out, '}');
    w->positions.size = mark;
    return end;
}

static const uint8_t *put_union(writer *w, const pln__avro_step *step, const uint8_t *p,
                                int32_t depth) {
    const pln__avro_type *branch = step->reader->branches[step->branch];
    if (branch->kind == PLN__AVRO_NULL)
        return put_value(w, step->children[0], p, depth);
    pln__text_char(w->out, '{');
    put_name(w, branch->full_name != NULL ? branch->full_name : pln__avro_kind_name(branch->kind),
             true);
    p = put_value(w, step->children[0], p, depth);
    pln__text_char(w->out, '}');
    return p;
}

static const uint8_t *put_value(writer *w, const pln__avro_step *step, const uint8_t *p,
                                int32_t depth) {
    int64_t index;
    if (depth > w->in.nesting_max)
        return fail(w, AVRO_FAULT_NESTING, p, w->in.nesting_max);
    if (w->out->failed || w->out->size > w->text_max) {
        w->failed = w->out->failed ? pln__error_memory(w->err, (uint64_t)w->out->capacity)
                                   : pln__error_set(w->err, PLN_ELIMIT,
                                                    "Avro datum: more than %lld bytes as JSON",
                                                    (long long)w->text_max);
        return NULL;
    }
    switch (step->action) {
    case PLN__AVRO_STEP_RECORD: return put_record(w, step, p, depth);
    case PLN__AVRO_STEP_ENUM: return put_symbol(w, step, p);
    case PLN__AVRO_STEP_ARRAY:
    case PLN__AVRO_STEP_MAP: return put_items(w, step, p, depth);
    case PLN__AVRO_STEP_WRITER_UNION:
        p = get_index(w, step->writer, p, &index);
        return p == NULL ? NULL : put_value(w, step->children[index], p, depth);
    case PLN__AVRO_STEP_READER_UNION: return put_union(w, step, p, depth);
    case PLN__AVRO_STEP_ERROR:
        w->in.detail = step->message;
        return fail(w, AVRO_FAULT_MISFIT, p, 0);
    default: return put_scalar(w, step, p);
    }
}

static pln_status refuse(writer *w, const uint8_t *start) {
    if (w->failed < 0)
        return w->failed;
    pln__text text;
    pln__text_init(&text, w->mem);
    pln__avro_fault_text(&w->in, &text);
    pln_status status = pln__text_status(&text, w->err);
    if (status >= 0)
        status = pln__error_set(w->err, PLN_EDATA, "Avro %s%s, offset %lld: %s",
                                w->path[0] == '\0' ? "datum" : "field ", w->path,
                                (long long)(w->in.at - start), text.data);
    pln__text_free(&text);
    return status;
}

pln_status pln__avro_to_json(const pln__avro_resolution *resolution, const pln__avro_limits *limits,
                             const uint8_t *bytes, int64_t size, int64_t *used, pln__text *out,
                             pln_error *err) {
    const pln_allocator *mem = out->mem;
    const pln__avro_step *top = pln__avro_resolution_top(resolution);
    pln__avro_limits set = pln__avro_limits_of(limits);
    int64_t n = pln__avro_n_types(pln__avro_resolution_writer(resolution));
    int64_t all = n + pln__avro_n_types(pln__avro_resolution_reader(resolution));
    int64_t before = out->size;
    uint8_t *widths = pln__calloc(mem, (uint64_t)all, 1);
    if (widths == NULL)
        return pln__error_memory(err, (uint64_t)all);
    (void)pln__avro_takes_no_bytes(top->writer, widths, 0);
    (void)pln__avro_takes_no_bytes(top->reader, widths + n, 0);
    writer w = {.in = {.end = bytes + size,
                       .value_max = set.value_bytes_max,
                       .items_left = set.items_max,
                       .nesting_max = set.nesting_max,
                       .widths = widths},
                .widths = {widths, widths + n},
                .out = out,
                .text_max = before + set.value_bytes_max + TEXT_PER_BYTE * size,
                .mem = mem,
                .err = err,
                .cpu = pln__cpu_features()};
    pln_status status = PLN_OK;
    const uint8_t *end = put_value(&w, top, bytes, 0);
    if (end == NULL)
        status = refuse(&w, bytes);
    else if (pln__text_status(out, err) < 0)
        status = PLN_ENOMEM;
    else
        *used = end - bytes;
    if (status < 0 && out->data != NULL) {
        out->size = before;
        out->data[before] = '\0';
    }
    pln__buffer_free(mem, &w.positions);
    pln__free(mem, widths, (uint64_t)all);
    return status;
}

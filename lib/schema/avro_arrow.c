#include "schema/avro_internal.h"
#include "schema/schema.h"

#define NODES_MAX 100000 /* a name used twice at each of 30 levels would be a billion columns */
#define BRANCHES_MAX 127
#define LOGICAL_KEY "pln.logical" /* uuid, duration, big-decimal: what the column type does not tell */

typedef struct walk {
    const pln_allocator *mem;
    const pln__avro_schema *schema;
    pln_error *err;
    uint8_t *open; /* records being built, by index: one that comes again contains itself */
    const json *at; /* for messages */
    int32_t depth;
    int64_t nodes;
} walk;

/* The column to be made. */
typedef struct column {
    const char *name;
    bool nullable;
    struct ArrowSchema *out;
} column;

static pln_status build(walk *w, const pln__avro_type *type, column to);

static pln_status refuse(walk *w, pln_status code, const char *what) {
    return pln__avro_refuse(w->schema, w->at, code, w->err, "%s", what);
}

static pln_status make(walk *w, const char *format, column to, int64_t n_children) {
    return pln__field_new(w->mem, format, to.name, to.nullable, n_children, to.out, w->err);
}

static pln_status make_number(walk *w, column to, const char *format, int64_t a, int64_t b) {
    pln__text text;
    pln__text_init(&text, w->mem);
    pln__text_printf(&text, "%s%lld", format, (long long)a);
    if (b >= 0)
        pln__text_printf(&text, ",%lld", (long long)b);
    pln_status status = pln__text_status(&text, w->err);
    if (status >= 0)
        status = make(w, text.data, to, 0);
    pln__text_free(&text);
    return status;
}

/* The format of a type without children, by its logical type or kind; NULL where it takes more than a word. */
static const char *format_of(const pln__avro_type *type) {
    static const char *const kinds[] = {"n", "b", "i", "l", "f", "g", "z", "u"};
    static const char *const logicals[] = {
        [PLN__AVRO_DATE] = "tdD",
        [PLN__AVRO_TIME_MILLIS] = "ttm",
        [PLN__AVRO_TIME_MICROS] = "ttu",
        [PLN__AVRO_TIMESTAMP_MILLIS] = "tsm:UTC",
        [PLN__AVRO_TIMESTAMP_MICROS] = "tsu:UTC",
        [PLN__AVRO_TIMESTAMP_NANOS] = "tsn:UTC",
        [PLN__AVRO_LOCAL_TIMESTAMP_MILLIS] = "tsm:",
        [PLN__AVRO_LOCAL_TIMESTAMP_MICROS] = "tsu:",
        [PLN__AVRO_LOCAL_TIMESTAMP_NANOS] = "tsn:",
        [PLN__AVRO_BIG_DECIMAL] = NULL,
    };
    if (logicals[type->logical] != NULL)
        return logicals[type->logical];
    return type->kind <= PLN__AVRO_STRING ? kinds[type->kind] : NULL;
}

static pln_status build_leaf(walk *w, const pln__avro_type *type, column to) {
    const char *format = format_of(type);
    pln_status status;
    to.nullable = to.nullable || type->kind == PLN__AVRO_NULL;
    if (type->logical == PLN__AVRO_DECIMAL && type->precision > 38)
        return refuse(w, PLN_EUNSUPPORTED, "a decimal of more than 38 digits has no column type");
    if (type->logical == PLN__AVRO_DECIMAL)
        return make_number(w, to, "d:", type->precision, type->scale);
    if (format == NULL && type->size == 0)
        return refuse(w, PLN_EUNSUPPORTED, "a fixed of 0 bytes has no column type");
    status = format != NULL ? make(w, format, to, 0) : make_number(w, to, "w:", type->size, -1);
    bool tell = type->logical == PLN__AVRO_UUID || type->logical == PLN__AVRO_DURATION ||
                type->logical == PLN__AVRO_BIG_DECIMAL;
    if (status >= 0 && tell)
        status = pln__field_set_metadata(to.out, LOGICAL_KEY, pln__avro_logical_name(type->logical),
                                         w->err);
    return status;
}

static pln_status build_enum(walk *w, const pln__avro_type *type, column to) {
    struct ArrowSchema values = {0};
    pln_status status = PLN_OK;
    pln__text list;
    if (type->n_symbols == 0)
        return refuse(w, PLN_EUNSUPPORTED, "an enum without \"symbols\" has no column type");
    pln__text_init(&list, w->mem);
    for (int32_t i = 0; i < type->n_symbols; i++) {
        pln__text_char(&list, i == 0 ? '[' : ',');
        pln__text_json(&list, type->symbols[i], (int64_t)strlen(type->symbols[i]));
    }
    pln__text_char(&list, ']');
    w->nodes += list.size / 128; /* symbols take room, too */
    PLN__TRY(pln__text_status(&list, w->err));
    PLN__TRY(make(w, "i", to, 0));
    PLN__TRY(pln__field_set_metadata(to.out, PLN__SYMBOLS, list.data, w->err));
    PLN__TRY(make(w, "u", (column){"", false, &values}, 0));
    pln__field_set_dictionary(to.out, &values);
out:
    pln__text_free(&list);
    return status;
}

static pln_status build_fields(walk *w, const pln__avro_type *type, column to) {
    const json *at = w->at;
    if (type->n_fields > PLN__COLUMNS_MAX)
        return refuse(w, PLN_ELIMIT, "the record has too many fields for columns");
    pln_status status = make(w, "+s", to, type->n_fields);
    for (int32_t i = 0; i < type->n_fields && status >= 0; i++) {
        const pln__avro_field *field = &type->fields[i];
        w->at = field->definition;
        status = build(w, field->type, (column){field->name, false, to.out->children[i]});
    }
    w->at = at;
    return status;
}

static pln_status build_record(walk *w, const pln__avro_type *type, column to) {
    if (pln__bit_get(w->open, type->index))
        return refuse(w, PLN_EUNSUPPORTED, "a type that contains itself has no column type");
    pln__bit_set(w->open, type->index);
    pln_status status = build_fields(w, type, to);
    pln__bit_clear(w->open, type->index);
    return status;
}

static pln_status build_map(walk *w, const pln__avro_type *type, column to) {
    pln_status status = make(w, "+m", to, 1);
    if (status < 0)
        return status;
    struct ArrowSchema *entries = to.out->children[0];
    status = make(w, "+s", (column){"entries", false, entries}, 2);
    if (status >= 0)
        status = make(w, "u", (column){"key", false, entries->children[0]}, 0);
    return status < 0 ? status
                      : build(w, type->items, (column){"value", false, entries->children[1]});
}

static pln_status build_dense_union(walk *w, const pln__avro_type *type, column to) {
    pln_status status = PLN_OK;
    pln__text format;
    pln__text_init(&format, w->mem);
    pln__text_str(&format, "+ud:");
    for (int32_t i = 0; i < type->n_branches; i++) {
        pln__text_printf(&format, "%s%d", i > 0 ? "," : "", (int)i);
        to.nullable = to.nullable || type->branches[i]->kind == PLN__AVRO_NULL;
    }
    PLN__TRY(pln__text_status(&format, w->err));
    PLN__TRY(make(w, format.data, to, type->n_branches));
    for (int32_t i = 0; i < type->n_branches; i++) {
        const pln__avro_type *branch = type->branches[i];
        const char *name =
            branch->full_name != NULL ? branch->full_name : pln__avro_kind_name(branch->kind);
        PLN__TRY(build(w, branch, (column){name, false, to.out->children[i]}));
    }
out:
    pln__text_free(&format);
    return status;
}

/* null and one other branch is a nullable column; one branch alone is that branch; the rest is a dense union. */
static pln_status build_union(walk *w, const pln__avro_type *type, column to) {
    if (type->n_branches == 0 || type->n_branches > BRANCHES_MAX)
        return refuse(w, PLN_EUNSUPPORTED,
                      "a union of 0 or of more than 127 branches has no column type");
    if (type->n_branches == 1)
        return build(w, type->branches[0], to);
    if (type->n_branches > 2)
        return build_dense_union(w, type, to);
    for (int i = 0; i < 2; i++)
        if (type->branches[i]->kind == PLN__AVRO_NULL) {
            to.nullable = true;
            return build(w, type->branches[1 - i], to);
        }
    return build_dense_union(w, type, to);
}

static pln_status build(walk *w, const pln__avro_type *type, column to) {
    pln_status status;
    if (w->depth == PLN__NESTING_MAX)
        return refuse(w, PLN_ELIMIT, "columns are nested too deeply");
    if (++w->nodes > NODES_MAX)
        return refuse(w, PLN_ELIMIT, "the schema grows too large where its names are used again");
    w->depth++;
    switch (type->kind) {
    case PLN__AVRO_RECORD: status = build_record(w, type, to); break;
    case PLN__AVRO_ENUM: status = build_enum(w, type, to); break;
    case PLN__AVRO_MAP: status = build_map(w, type, to); break;
    case PLN__AVRO_UNION: status = build_union(w, type, to); break;
    case PLN__AVRO_ARRAY:
        status = make(w, "+l", to, 1);
        if (status >= 0)
            status = build(w, type->items, (column){"item", false, to.out->children[0]});
        break;
    default: status = build_leaf(w, type, to); break;
    }
    w->depth--;
    return status;
}

pln_status pln__avro_to_arrow(const pln_allocator *mem, const pln__avro_schema *schema,
                              struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t bytes = (uint64_t)schema->n_types / 8 + 1;
    const pln__avro_type *root = schema->root;
    walk w = {.mem = mem, .schema = schema, .err = err, .at = root->definition};
    memset(out, 0, sizeof *out);
    w.open = pln__calloc(mem, bytes, 1);
    if (w.open == NULL)
        return pln__error_memory(err, bytes);
    if (root->kind == PLN__AVRO_RECORD) {
        PLN__TRY(build(&w, root, (column){"", false, out}));
    } else {
        PLN__TRY(make(&w, "+s", (column){"", false, out}, 1));
        PLN__TRY(build(&w, root, (column){"value", false, out->children[0]}));
    }
    PLN__TRY(pln__schema_check(out, err));
out:
    if (status < 0)
        pln__schema_release(out);
    pln__free(mem, w.open, bytes);
    return status;
}

pln_status pln__schema_from_avro(const pln_allocator *mem, const char *text, int64_t size,
                                 struct ArrowSchema *out, pln_error *err) {
    pln__avro_schema *schema;
    memset(out, 0, sizeof *out);
    pln_status status = pln__avro_parse(mem, text, size, NULL, &schema, err);
    if (status < 0)
        return status;
    if (schema->root->kind == PLN__AVRO_RECORD)
        status = pln__avro_to_arrow(mem, schema, out, err);
    else
        status = pln__error_set(err, PLN_ESYNTAX, "Avro schema: rows need a record at the top");
    pln__avro_schema_unref(schema);
    return status;
}

/* Which column goes to which type, and how. */
#include "format/avro_encoder.h"

#define NODES_MAX (1 << 18)
#define PATH_BYTES_MAX 200

typedef struct plan {
    pln__avro_encoder *self;
    pln_error *err;
    int32_t path;
    int32_t depth;
} plan;

static pln_status node_of(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                          int32_t *out);

static const char *path_text(const plan *p) {
    const char *text = (const char *)p->self->names.data + p->path;
    return text[0] == '\0' ? "value" : text;
}

static pln_status enter(plan *p, const char *name) {
    const char *outer = (const char *)p->self->names.data + p->path;
    pln_status status;
    pln__text text;
    pln__text_init(&text, p->self->mem);
    pln__text_printf(&text, "%.*s%s%.*s", PATH_BYTES_MAX, outer,
                     outer[0] == '\0' || name[0] == '[' || name[0] == '{' ? "" : ".",
                     PATH_BYTES_MAX, name);
    status = pln__text_status(&text, p->err);
    int64_t at = p->self->names.size;
    if (status >= 0)
        status =
            pln__buffer_append(p->self->mem, &p->self->names, text.data, text.size + 1, p->err);
    if (status >= 0)
        p->path = (int32_t)at;
    pln__text_free(&text);
    return status;
}

static pln_status refuse(plan *p, const pln__avro_type *type, const struct ArrowSchema *column) {
    char shown[PLN__TYPE_TEXT_SIZE];
    const char *logical =
        type->logical == PLN__AVRO_PLAIN ? "" : pln__avro_logical_name(type->logical);
    return pln__error_set(p->err, PLN_ETYPE, "column %s: %s does not fit Avro's %s%s%s",
                          path_text(p), pln__type_text(column, shown),
                          pln__avro_kind_name(type->kind), logical[0] == '\0' ? "" : " ", logical);
}

static pln_status add(plan *p, int32_t code, const pln__avro_type *type,
                      const struct ArrowSchema *column, int32_t *out) {
    pln_status status = PLN_OK;
    pln__avro_encoder *self = p->self;
    if (self->n_nodes >= NODES_MAX)
        PLN__FAIL(p->err, PLN_ELIMIT, "Avro encoder: more than %d columns and types", NODES_MAX);
    PLN__TRY(pln__grow(self->mem, &self->nodes, &self->nodes_capacity, self->n_nodes + 1,
                       sizeof *self->nodes, p->err));
    *out = (int32_t)self->n_nodes++;
    pln__avro_out *node = &self->nodes[*out];
    *node = (pln__avro_out){.code = code,
                            .null_branch = -1,
                            .value_branch = -1,
                            .path = p->path,
                            .field = -1,
                            .type = type,
                            .schema = column,
                            .low = INT64_MIN,
                            .high = INT64_MAX};
    if (column != NULL)
        PLN__TRY(pln__type_of(column, &node->column, p->err));
out:
    return status;
}

/* Room for n children of a node. */
static pln_status link_room(plan *p, int32_t node, int32_t n) {
    pln__avro_encoder *self = p->self;
    pln_status status = pln__grow(self->mem, &self->links, &self->links_capacity, self->n_links + n,
                                  sizeof *self->links, p->err);
    if (status < 0)
        return status;
    for (int32_t i = 0; i < n; i++)
        self->links[self->n_links + i] = -1;
    self->nodes[node].first = (int32_t)self->n_links;
    self->nodes[node].n = n;
    self->n_links += n;
    return PLN_OK;
}

static void link_node(plan *p, int32_t node, int32_t i, int32_t child) {
    p->self->links[p->self->nodes[node].first + i] = child;
}

/* ---- scalars ---- */

static int32_t logical_unit(int32_t logical) {
    switch (logical) {
    case PLN__AVRO_TIME_MILLIS:
    case PLN__AVRO_TIMESTAMP_MILLIS:
    case PLN__AVRO_LOCAL_TIMESTAMP_MILLIS: return PLN__MILLI;
    case PLN__AVRO_TIME_MICROS:
    case PLN__AVRO_TIMESTAMP_MICROS:
    case PLN__AVRO_LOCAL_TIMESTAMP_MICROS: return PLN__MICRO;
    case PLN__AVRO_TIMESTAMP_NANOS:
    case PLN__AVRO_LOCAL_TIMESTAMP_NANOS: return PLN__NANO;
    default: return -1;
    }
}

static bool time_fits(const pln__avro_type *type, const pln__type *column) {
    bool stamp = type->logical >= PLN__AVRO_TIMESTAMP_MILLIS;
    bool local = type->logical >= PLN__AVRO_LOCAL_TIMESTAMP_MILLIS;
    if (type->logical == PLN__AVRO_PLAIN)
        return true;
    if (logical_unit(type->logical) < 0)
        return false;
    if (column->id != PLN__TIMESTAMP)
        return !stamp;
    return stamp && local == (column->timezone[0] == '\0');
}

static int integer_code(const pln__avro_type *type, const pln__type *column) {
    int32_t id = column->id;
    bool narrow = type->kind == PLN__AVRO_INT;
    if (pln__type_is_integer(id))
        return AVRO_OUT_INT;
    if (id == PLN__DATE32)
        return narrow && (type->logical == PLN__AVRO_DATE || type->logical == PLN__AVRO_PLAIN)
                   ? AVRO_OUT_INT
                   : -1;
    if ((id != PLN__TIME32 && id != PLN__TIME64 && id != PLN__TIMESTAMP) ||
        !time_fits(type, column))
        return -1;
    return type->logical == PLN__AVRO_PLAIN || logical_unit(type->logical) == column->unit
               ? AVRO_OUT_INT
               : AVRO_OUT_UNIT;
}

static int number_code(const pln__avro_type *type, const pln__type *column) {
    int32_t id = column->id;
    bool small = id == PLN__INT8 || id == PLN__INT16 || id == PLN__UINT8 || id == PLN__UINT16;
    if (type->kind == PLN__AVRO_FLOAT)
        return small || id == PLN__FLOAT32 ? AVRO_OUT_FLOAT : -1;
    return small || id == PLN__INT32 || id == PLN__UINT32 || id == PLN__FLOAT32 ||
                   id == PLN__FLOAT64
               ? AVRO_OUT_DOUBLE
               : -1;
}

static int decimal_code(const pln__avro_type *type, const pln__type *column) {
    bool fits = column->id == PLN__DECIMAL128
                    ? column->scale == type->scale
                    : pln__type_is_integer(column->id) && type->scale == 0;
    return !fits ? -1 : type->kind == PLN__AVRO_FIXED ? AVRO_OUT_DECIMAL_FIXED : AVRO_OUT_DECIMAL;
}

/* -1: the column does not fit the type. */
static int scalar_code(const pln__avro_type *type, const pln__type *column) {
    int32_t id = column->id;
    bool decimal = type->logical == PLN__AVRO_DECIMAL;
    if (decimal && !pln__type_is_bytes(id) && id != PLN__FIXED)
        return decimal_code(type, column);
    switch (type->kind) {
    case PLN__AVRO_NULL: return id == PLN__NULL ? AVRO_OUT_NULL : -1;
    case PLN__AVRO_BOOLEAN: return id == PLN__BOOL ? AVRO_OUT_BOOL : -1;
    case PLN__AVRO_INT:
    case PLN__AVRO_LONG: return integer_code(type, column);
    case PLN__AVRO_FLOAT:
    case PLN__AVRO_DOUBLE: return number_code(type, column);
    case PLN__AVRO_STRING: return id == PLN__UTF8 ? AVRO_OUT_BYTES : -1;
    case PLN__AVRO_BYTES:
        return id == PLN__BINARY || id == PLN__FIXED || (id == PLN__UTF8 && !decimal)
                   ? AVRO_OUT_BYTES
                   : -1;
    case PLN__AVRO_FIXED:
        return id == PLN__BINARY || (id == PLN__FIXED && column->width == type->size)
                   ? AVRO_OUT_FIXED
                   : -1;
    case PLN__AVRO_ENUM: return id == PLN__UTF8 ? AVRO_OUT_SYMBOL : -1;
    default: return -1;
    }
}

static pln_status symbols_of(plan *p, pln__avro_out *node) {
    pln_status status = PLN_OK;
    node->symbols = pln__map_new(p->self->mem, 0);
    if (node->symbols == NULL)
        return pln__error_memory(p->err, sizeof(void *));
    for (int32_t i = 0; i < node->type->n_symbols; i++)
        PLN__TRY(pln__map_put(node->symbols, node->type->symbols[i],
                              (int64_t)strlen(node->type->symbols[i]), i, p->err));
out:
    return status;
}

static pln_status scalar(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                         int32_t *out) {
    pln__type have;
    pln_status status = pln__type_of(column, &have, p->err);
    if (status < 0)
        return status;
    int code = scalar_code(type, &have);
    if (code < 0)
        return refuse(p, type, column);
    status = add(p, code, type, column, out);
    if (status < 0)
        return status;
    pln__avro_out *node = &p->self->nodes[*out];
    node->unit = logical_unit(type->logical);
    if (type->kind == PLN__AVRO_INT) {
        node->low = INT32_MIN;
        node->high = INT32_MAX;
    }
    return code == AVRO_OUT_SYMBOL ? symbols_of(p, node) : PLN_OK;
}

/* ---- nesting ---- */

static pln_status missing(plan *p, const pln__avro_field *field, int32_t *out) {
    pln__buffer bytes = {0};
    if (field->fallback == NULL)
        return pln__error_set(p->err, PLN_ETYPE,
                              "field %s of the schema has no column and no default", path_text(p));
    pln_status status =
        pln__avro_default_binary(p->self->mem, field->type, field->fallback, &bytes, p->err);
    if (status >= 0)
        status = add(p, AVRO_OUT_DEFAULT, field->type, NULL, out);
    if (status >= 0)
        p->self->nodes[*out].fallback = bytes;
    else
        pln__buffer_free(p->self->mem, &bytes);
    return status;
}

static pln_status unknown_column(plan *p, const pln__avro_type *type,
                                 const struct ArrowSchema *column) {
    for (int64_t i = 0; i < column->n_children; i++) {
        const char *name = column->children[i]->name;
        bool found = false;
        for (int32_t k = 0; k < type->n_fields && !found; k++)
            found = strcmp(type->fields[k].name, name) == 0;
        if (!found)
            return pln__error_set(p->err, PLN_ETYPE, "column %s%s%s: record %s has no such field",
                                  p->path == 0 ? "" : path_text(p), p->path == 0 ? "" : ".", name,
                                  type->full_name);
    }
    return PLN_OK;
}

static pln_status record(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                         int32_t *out) {
    pln_status status = PLN_OK;
    int32_t outer = p->path, child;
    if (strcmp(column->format, "+s") != 0)
        return refuse(p, type, column);
    PLN__TRY(unknown_column(p, type, column));
    PLN__TRY(add(p, AVRO_OUT_RECORD, type, column, out));
    PLN__TRY(link_room(p, *out, type->n_fields));
    for (int32_t i = 0; i < type->n_fields; i++) {
        const pln__avro_field *field = &type->fields[i];
        int64_t at = pln__schema_find(column, field->name);
        PLN__TRY(enter(p, field->name));
        PLN__TRY(at < 0 ? missing(p, field, &child)
                        : node_of(p, field->type, column->children[at], &child));
        p->self->nodes[child].field = (int32_t)at;
        link_node(p, *out, i, child);
        p->path = outer;
    }
out:
    return status;
}

static pln_status array(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                        int32_t *out) {
    pln_status status = PLN_OK;
    int32_t outer = p->path, child;
    if (strcmp(column->format, "+l") != 0 && strncmp(column->format, "+m", 2) != 0)
        return refuse(p, type, column);
    PLN__TRY(add(p, AVRO_OUT_ARRAY, type, column, out));
    PLN__TRY(link_room(p, *out, 1));
    PLN__TRY(enter(p, "[]"));
    PLN__TRY(node_of(p, type->items, column->children[0], &child));
    link_node(p, *out, 0, child);
    p->path = outer;
out:
    return status;
}

static pln_status map(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                      int32_t *out) {
    static const pln__avro_type text = {.kind = PLN__AVRO_STRING};
    pln_status status = PLN_OK;
    int32_t outer = p->path, child;
    if (strncmp(column->format, "+m", 2) != 0)
        return refuse(p, type, column);
    const struct ArrowSchema *entries = column->children[0];
    PLN__TRY(add(p, AVRO_OUT_MAP, type, column, out));
    PLN__TRY(link_room(p, *out, 2));
    PLN__TRY(enter(p, "{}"));
    PLN__TRY(node_of(p, &text, entries->children[0], &child));
    link_node(p, *out, 0, child);
    PLN__TRY(node_of(p, type->items, entries->children[1], &child));
    link_node(p, *out, 1, child);
    p->path = outer;
out:
    return status;
}

static int32_t null_of(const pln__avro_type *type) {
    for (int32_t i = 0; i < type->n_branches; i++)
        if (type->branches[i]->kind == PLN__AVRO_NULL)
            return i;
    return -1;
}

/* Whether the type is the one that such a column would get by itself: among several that fit, it is taken. */
static bool is_natural(const pln__avro_type *type, const struct ArrowSchema *column) {
    pln__type have;
    if (column->dictionary != NULL)
        return type->kind == PLN__AVRO_ENUM;
    if (pln__type_of(column, &have, NULL) < 0)
        return false;
    switch (have.id) {
    case PLN__INT64:
    case PLN__UINT32: return type->kind == PLN__AVRO_LONG;
    case PLN__UINT64: return type->logical == PLN__AVRO_DECIMAL;
    case PLN__FLOAT32: return type->kind == PLN__AVRO_FLOAT;
    case PLN__FLOAT64: return type->kind == PLN__AVRO_DOUBLE;
    case PLN__UTF8: return type->kind == PLN__AVRO_STRING;
    case PLN__BINARY: return type->kind == PLN__AVRO_BYTES;
    case PLN__FIXED: return type->kind == PLN__AVRO_FIXED;
    default: return !pln__type_is_integer(have.id) || type->kind == PLN__AVRO_INT;
    }
}

/* The branch that a column goes to: `guess` if it can be, the first that is natural for it, the first that fits. */
static pln_status branch_for(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                             int32_t guess, int32_t *out) {
    bool only_null = column->format[0] == 'n';
    int32_t path = p->path, depth = p->depth, n = type->n_branches;
    for (int32_t i = -1; i < 2 * n; i++) {
        int32_t which = i < 0 ? guess : i % n;
        if (which < 0 || which >= n || only_null != (type->branches[which]->kind == PLN__AVRO_NULL))
            continue;
        if (i < n && !is_natural(type->branches[which], column))
            continue;
        pln_status status = node_of(p, type->branches[which], column, out);
        p->path = path;
        p->depth = depth;
        if (status >= 0)
            p->self->nodes[*out].value_branch = which;
        if (status != PLN_ETYPE)
            return status;
    }
    return refuse(p, type, column);
}

/* "+ud:0,5": type ids in order. */
static void variants(pln__avro_out *node) {
    const char *p = node->schema->format + 4;
    memset(node->child_of, -1, sizeof node->child_of);
    for (int64_t i = 0; i < node->schema->n_children; i++) {
        int id = 0;
        for (; *p >= '0' && *p <= '9'; p++)
            id = id * 10 + (*p - '0');
        node->child_of[id & 127] = (int8_t)i;
        p += *p == ',';
    }
}

static pln_status union_of(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                           int32_t *out) {
    pln_status status = PLN_OK;
    int32_t child;
    if (strncmp(column->format, "+u", 2) != 0) {
        status = branch_for(p, type, column, -1, out);
        if (status >= 0)
            p->self->nodes[*out].null_branch = null_of(type);
        return status;
    }
    PLN__TRY(add(p, AVRO_OUT_UNION, type, column, out));
    PLN__TRY(link_room(p, *out, (int32_t)column->n_children));
    variants(&p->self->nodes[*out]);
    for (int32_t i = 0; i < column->n_children; i++) {
        /* Nullable variants give the union a branch for their nulls. */
        int32_t null = null_of(type);
        bool more = null >= 0 && type->n_branches == column->n_children + 1;
        PLN__TRY(branch_for(p, type, column->children[i], i + (more && null <= i), &child));
        p->self->nodes[child].null_branch = null;
        link_node(p, *out, i, child);
    }
out:
    return status;
}

static pln_status dictionary(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                             int32_t *out) {
    pln_status status = PLN_OK;
    int32_t child;
    PLN__TRY(add(p, AVRO_OUT_DICTIONARY, type, column, out));
    PLN__TRY(link_room(p, *out, 1));
    PLN__TRY(node_of(p, type, column->dictionary, &child));
    link_node(p, *out, 0, child);
out:
    return status;
}

static pln_status node_of(plan *p, const pln__avro_type *type, const struct ArrowSchema *column,
                          int32_t *out) {
    pln_status status;
    if (++p->depth > 4 * PLN__NESTING_MAX)
        return pln__error_set(p->err, PLN_ELIMIT, "column %s: nested too deeply", path_text(p));
    if (type->kind == PLN__AVRO_UNION)
        status = union_of(p, type, column, out);
    else if (column->dictionary != NULL)
        status = dictionary(p, type, column, out);
    else if (type->kind == PLN__AVRO_RECORD)
        status = record(p, type, column, out);
    else if (type->kind == PLN__AVRO_ARRAY)
        status = array(p, type, column, out);
    else if (type->kind == PLN__AVRO_MAP)
        status = map(p, type, column, out);
    else
        status = scalar(p, type, column, out);
    p->depth--;
    return status;
}

pln_status pln__avro_plan_out(pln__avro_encoder *self, pln_error *err) {
    pln_status status = PLN_OK;
    plan p = {.self = self, .err = err};
    const pln__avro_type *root = pln__avro_root(self->avro);
    PLN__TRY(pln__buffer_append(self->mem, &self->names, "", 1, err));
    if (root->kind == PLN__AVRO_RECORD)
        return node_of(&p, root, &self->schema, &self->root);
    if (self->schema.n_children != 1)
        PLN__FAIL(err, PLN_ETYPE,
                  "Avro schema: a top type that is no record takes one column, there are %lld",
                  (long long)self->schema.n_children);
    PLN__TRY(node_of(&p, root, self->schema.children[0], &self->root));
    self->nodes[self->root].field = 0;
out:
    return status;
}

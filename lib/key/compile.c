/* From a schema and the names of fields to nodes and ways. */
#include "key/internal.h"

static int64_t count_nodes(const struct ArrowSchema *schema) {
    int64_t n = 1;
    if (schema->dictionary != NULL)
        return n + 1;
    /* The entries of a map are its key and its value. */
    if (strcmp(schema->format, "+m") == 0)
        schema = schema->children[0];
    for (int64_t i = 0; i < schema->n_children; i++)
        n += count_nodes(schema->children[i]);
    return n;
}

static void describe(pln__key_node *node) {
    static const struct {
        uint8_t tag;
        int8_t size;
    } table[PLN__TYPE_COUNT] = {
        [PLN__NULL] = {PLN__KEY_NULL, 1},         [PLN__BOOL] = {PLN__KEY_FALSE, 1},
        [PLN__INT8] = {PLN__KEY_UNSIGNED, 9},     [PLN__INT16] = {PLN__KEY_UNSIGNED, 9},
        [PLN__INT32] = {PLN__KEY_UNSIGNED, 9},    [PLN__INT64] = {PLN__KEY_UNSIGNED, 9},
        [PLN__UINT8] = {PLN__KEY_UNSIGNED, 9},    [PLN__UINT16] = {PLN__KEY_UNSIGNED, 9},
        [PLN__UINT32] = {PLN__KEY_UNSIGNED, 9},   [PLN__UINT64] = {PLN__KEY_UNSIGNED, 9},
        [PLN__FLOAT32] = {PLN__KEY_FLOAT, 9},     [PLN__FLOAT64] = {PLN__KEY_FLOAT, 9},
        [PLN__UTF8] = {PLN__KEY_TEXT, 0},         [PLN__BINARY] = {PLN__KEY_BYTES, 0},
        [PLN__FIXED] = {PLN__KEY_BYTES, 5},       [PLN__DECIMAL128] = {PLN__KEY_DECIMAL, 18},
        [PLN__DATE32] = {PLN__KEY_DATE, 5},       [PLN__TIME32] = {PLN__KEY_TIME, 13},
        [PLN__TIME64] = {PLN__KEY_TIME, 13},      [PLN__TIMESTAMP] = {PLN__KEY_LOCAL, 13},
        [PLN__LIST] = {PLN__KEY_LIST, 0},         [PLN__STRUCT] = {PLN__KEY_STRUCT, 0},
        [PLN__MAP] = {PLN__KEY_MAP, 0},           [PLN__DICTIONARY] = {0, 0},
        [PLN__UNION] = {0, 0},
    };
    node->tag = table[node->type.id].tag;
    node->value_size = table[node->type.id].size;
    if (node->type.id == PLN__FIXED)
        node->value_size += node->type.width;
    if (node->type.id == PLN__TIMESTAMP && node->type.timezone[0] != '\0')
        node->tag = PLN__KEY_INSTANT;
}

/* "+ud:5,42": the type ids of the branches, in order. The schema has been checked. */
static void name_branches(const char *format, pln__key_node *node) {
    const char *at = format + 4;
    for (int64_t i = 0; i < node->n_children; i++, at++) {
        int id = 0;
        for (; *at >= '0' && *at <= '9'; at++)
            id = id * 10 + (*at - '0');
        node->children[i].type_id = (int8_t)id;
    }
}

static int by_name(const void *a, const void *b, const void *context) {
    const struct ArrowSchema *schema = context;
    return strcmp(schema->children[*(const int64_t *)a]->name,
                  schema->children[*(const int64_t *)b]->name);
}

/* The places of the fields of a struct, in the order of their names. */
static void sort_names(const struct ArrowSchema *schema, int64_t *order) {
    for (int64_t i = 0; i < schema->n_children; i++)
        order[i] = i;
    pln__sort(order, schema->n_children, sizeof *order, by_name, schema);
}

static pln_status make(pln_keys *keys, const struct ArrowSchema *schema, pln__key_node *node,
                       pln_error *err);

static pln_status make_children(pln_keys *keys, const struct ArrowSchema *schema,
                                const int64_t *order, pln__key_node *node, pln_error *err) {
    node->n_children = schema->n_children;
    node->children = keys->nodes + keys->n_nodes;
    keys->n_nodes += schema->n_children;
    for (int64_t i = 0; i < node->n_children; i++) {
        pln__key_node *child = node->children + i;
        child->index = order == NULL ? i : order[i];
        const struct ArrowSchema *field = schema->children[child->index];
        child->name = field->name == NULL ? "" : field->name;
        child->name_size = (int64_t)strlen(child->name);
        pln_status status = make(keys, field, child, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status make_struct(pln_keys *keys, const struct ArrowSchema *schema, pln__key_node *node,
                              pln_error *err) {
    uint64_t size = (uint64_t)(schema->n_children + 1) * sizeof(int64_t);
    int64_t *order = pln__alloc(keys->mem, size);
    if (order == NULL)
        return pln__error_memory(err, size);
    sort_names(schema, order);
    pln_status status = make_children(keys, schema, order, node, err);
    pln__free(keys->mem, order, size);
    return status;
}

static pln_status make(pln_keys *keys, const struct ArrowSchema *schema, pln__key_node *node,
                       pln_error *err) {
    pln_status status = pln__type_of(schema, &node->type, err);
    if (status < 0)
        return status;
    describe(node);
    switch (node->type.id) {
    case PLN__DICTIONARY:
        node->n_children = 1;
        node->children = keys->nodes + keys->n_nodes++;
        return make(keys, schema->dictionary, node->children, err);
    case PLN__STRUCT: return make_struct(keys, schema, node, err);
    case PLN__MAP:
        keys->maps = true;
        return make_children(keys, schema->children[0], NULL, node, err);
    case PLN__UNION:
        status = make_children(keys, schema, NULL, node, err);
        name_branches(schema->format, node);
        return status;
    default: return make_children(keys, schema, NULL, node, err);
    }
}

/* ---- fields ---- */

static int64_t find_sized(const struct ArrowSchema *schema, const char *name, size_t size) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        const char *other = schema->children[i]->name;
        if (strncmp(other, name, size) == 0 && other[size] == '\0')
            return i;
    }
    return -1;
}

/* The child that a path begins with: all of it, or as little as is a name, for names may have dots themselves. *rest is what follows, or NULL. */
static int64_t find_head(const struct ArrowSchema *schema, const char *path, const char **rest) {
    int64_t index = pln__schema_find(schema, path);
    *rest = NULL;
    for (const char *dot = strchr(path, '.'); dot != NULL && index < 0;
         dot = strchr(dot + 1, '.')) {
        index = find_sized(schema, path, (size_t)(dot - path));
        *rest = dot + 1;
    }
    return index;
}

static pln_status find(const struct ArrowSchema *schema, const char *path, pln__key_step *steps,
                       int32_t *n, const struct ArrowSchema **field, pln_error *err) {
    *n = 0;
    for (;;) {
        const char *rest;
        int64_t index = find_head(schema, path, &rest);
        if (index < 0)
            return pln__schema_find_error(schema, path, err);
        steps[(*n)++].index = index;
        *field = schema->children[index];
        if (rest == NULL)
            return PLN_OK;
        if (strcmp((*field)->format, "+s") != 0) {
            char type[PLN__TYPE_TEXT_SIZE];
            return pln__error_set(err, PLN_ETYPE, "column %s: expected a struct for '%s', got %s",
                                  (*field)->name, rest, pln__type_text(*field, type));
        }
        schema = *field;
        path = rest;
    }
}

static bool same_way(const pln__key_field *a, const pln__key_field *b) {
    if (a->n_steps != b->n_steps)
        return false;
    for (int32_t i = 0; i < a->n_steps; i++)
        if (a->steps[i].index != b->steps[i].index)
            return false;
    return true;
}

typedef struct way {
    pln__key_step steps[PLN__NESTING_MAX + 2];
    int32_t n;
    const struct ArrowSchema *field;
} way;

static pln_status look_up(const pln_keys *keys, const char *const *fields, int64_t i, way *out,
                          pln_error *err) {
    if (fields == NULL) {
        out->n = 1;
        out->steps[0].index = i;
        out->field = keys->schema.children[i];
        return PLN_OK;
    }
    if (fields[i] == NULL)
        return pln__error_set(err, PLN_EINVAL, "field %lld has no name", (long long)i);
    return find(&keys->schema, fields[i], out->steps, &out->n, &out->field, err);
}

/* So that all nodes and all steps are one block each, they are counted first. */
static pln_status count(const pln_keys *keys, const char *const *fields, int64_t n, int64_t *nodes,
                        int64_t *steps, pln_error *err) {
    *nodes = *steps = 0;
    for (int64_t i = 0; i < n; i++) {
        way found = {0};
        pln_status status = look_up(keys, fields, i, &found, err);
        if (status < 0)
            return status;
        *steps += found.n;
        *nodes += count_nodes(found.field);
    }
    return PLN_OK;
}

static pln_status fill(pln_keys *keys, const char *const *fields, pln_error *err) {
    pln__key_step *steps = keys->steps;
    for (int64_t i = 0; i < keys->n_fields; i++) {
        pln__key_field *field = keys->fields + i;
        way found = {0};
        pln_status status = look_up(keys, fields, i, &found, err);
        if (status < 0)
            return status;
        field->steps = steps;
        field->n_steps = found.n;
        memcpy(steps, found.steps, (size_t)found.n * sizeof *steps);
        steps += found.n;
        for (int64_t j = 0; j < i; j++)
            if (same_way(field, keys->fields + j))
                return pln__error_set(err, PLN_EINVAL, "field '%s' is there twice",
                                      fields == NULL ? "" : fields[i]);
        field->node = keys->nodes + keys->n_nodes++;
        field->node->name = found.field->name;
        status = make(keys, found.field, field->node, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

pln_status pln__keys_compile(pln_keys *keys, const char *const *fields, int64_t n, pln_error *err) {
    int64_t nodes = 0;
    if (n == 0) {
        fields = NULL;
        n = keys->schema.n_children;
    }
    if (n > PLN__COLUMNS_MAX)
        return pln__error_set(err, PLN_ELIMIT, "%lld fields, at most %d are allowed", (long long)n,
                              PLN__COLUMNS_MAX);
    pln_status status = count(keys, fields, n, &nodes, &keys->n_steps, err);
    if (status < 0)
        return status;
    keys->nodes = pln__calloc(keys->mem, (uint64_t)nodes + 1, sizeof *keys->nodes);
    if (keys->nodes == NULL)
        return pln__error_memory(err, (uint64_t)(nodes + 1) * sizeof *keys->nodes);
    keys->n_nodes = nodes;
    keys->fields = pln__calloc(keys->mem, (uint64_t)n + 1, sizeof *keys->fields);
    keys->n_fields = n;
    keys->steps = pln__calloc(keys->mem, (uint64_t)keys->n_steps + 1, sizeof *keys->steps);
    if (keys->fields == NULL || keys->steps == NULL)
        return pln__error_memory(err, (uint64_t)(n + 1) * sizeof *keys->fields);
    keys->n_nodes = 0;
    status = fill(keys, fields, err);
    keys->n_nodes = nodes;
    return status;
}

#include "format/json_plan.h"

static int64_t count_nodes(const struct ArrowSchema *schema, int depth) {
    int64_t n = 1;
    if (depth < PLN__NESTING_MAX)
        for (int64_t i = 0; i < schema->n_children; i++)
            n += count_nodes(schema->children[i], depth + 1);
    return n + (schema->dictionary != NULL);
}

static bool keeps_any(const struct ArrowSchema *schema) {
    int32_t size;
    const char *value = pln__field_metadata(schema, "pln.json", &size);
    return value != NULL && size == 3 && memcmp(value, "any", 3) == 0;
}

static int32_t kind_of(const pln__column *column) {
    static const int8_t kinds[PLN__TYPE_COUNT] = {
        [PLN__NULL] = PLN__JSON_NULL,       [PLN__BOOL] = PLN__JSON_BOOL,
        [PLN__INT8] = PLN__JSON_INT,        [PLN__INT16] = PLN__JSON_INT,
        [PLN__INT32] = PLN__JSON_INT,       [PLN__INT64] = PLN__JSON_INT,
        [PLN__UINT8] = PLN__JSON_UINT,      [PLN__UINT16] = PLN__JSON_UINT,
        [PLN__UINT32] = PLN__JSON_UINT,     [PLN__UINT64] = PLN__JSON_UINT,
        [PLN__FLOAT32] = PLN__JSON_FLOAT32, [PLN__FLOAT64] = PLN__JSON_FLOAT64,
        [PLN__UTF8] = PLN__JSON_UTF8,       [PLN__BINARY] = PLN__JSON_BINARY,
        [PLN__FIXED] = PLN__JSON_FIXED,     [PLN__DECIMAL128] = PLN__JSON_DECIMAL,
        [PLN__DATE32] = PLN__JSON_DATE,     [PLN__TIME32] = PLN__JSON_TIME,
        [PLN__TIME64] = PLN__JSON_TIME,     [PLN__TIMESTAMP] = PLN__JSON_TIMESTAMP,
        [PLN__LIST] = PLN__JSON_LIST,       [PLN__STRUCT] = PLN__JSON_STRUCT,
        [PLN__MAP] = PLN__JSON_MAP,         [PLN__DICTIONARY] = PLN__JSON_DICTIONARY,
        [PLN__UNION] = PLN__JSON_UNION,
    };
    if (column->type.id == PLN__UTF8 && keeps_any(column->schema))
        return PLN__JSON_ANY;
    return kinds[column->type.id];
}

static void set_range(pln__json_node *node) {
    int bits = node->column->type.width * 8;
    if (node->kind == PLN__JSON_INT) {
        node->least = (uint64_t)1 << (bits - 1);
        node->most = node->least - 1;
    } else if (node->kind == PLN__JSON_UINT) {
        node->most = UINT64_MAX >> (64 - bits);
    } else if (node->kind == PLN__JSON_DECIMAL) {
        int32_t precision = node->column->type.precision;
        node->most = precision < 20 ? pln__json_tens[precision] : UINT64_MAX;
    }
}

static pln_status fill(pln__decoder *self, pln__json_node *node, pln__column *column,
                       pln_error *err);

static pln_status fill_values(pln__decoder *self, pln__json_node *node, pln_error *err) {
    pln_status status = PLN_OK;
    node->values = pln__calloc(self->mem, 1, sizeof *node->values);
    if (node->values == NULL)
        return pln__error_memory(err, sizeof *node->values);
    PLN__TRY(pln__column_init(self->mem, node->column->schema->dictionary, node->values, err));
    node->children = self->nodes + self->used_nodes++;
    node->n_children = 1;
    node->children->parent = node;
    PLN__TRY(fill(self, node->children, node->values, err));
out:
    return status;
}

static pln_status fill(pln__decoder *self, pln__json_node *node, pln__column *column,
                       pln_error *err) {
    pln_status status = PLN_OK;
    node->column = column;
    node->kind = kind_of(column);
    node->nullable = column->type.nullable;
    (void)pln__json_day_of((const uint8_t *)"1970-01-01", &node->day);
    node->zoned = node->kind == PLN__JSON_TIMESTAMP && column->type.timezone[0] != '\0';
    set_range(node);
    node->name = column->schema->name == NULL ? "" : column->schema->name;
    PLN__TRY(pln__symbols_bind(&self->symbol_sets, self->seed, column, &node->symbols, err));

    pln__column *columns = column->children;
    int64_t n = column->n_children;
    if (node->kind == PLN__JSON_MAP) { /* its node has key and value at once */
        n = columns[0].n_children;
        columns = columns[0].children;
    }
    node->children = self->nodes + self->used_nodes;
    node->members = self->members + self->used_nodes;
    node->n_children = n;
    self->used_nodes += n;
    for (int64_t i = 0; i < n; i++) {
        pln__json_node *child = &node->children[i];
        child->parent = node;
        child->rows = node->rows && node->kind == PLN__JSON_STRUCT;
        child->depth = node->depth + 1;
        if (child->rows)
            self->aligned[self->n_aligned++] = child;
        PLN__TRY(fill(self, child, &columns[i], err));
    }
    if (node->kind == PLN__JSON_DICTIONARY && column->dictionary->type.id != PLN__UTF8)
        PLN__TRY(fill_values(self, node, err));
    if (node->kind == PLN__JSON_STRUCT || node->kind == PLN__JSON_UNION)
        PLN__TRY(pln__json_names_open(self, node, err));
out:
    return status;
}

pln_status pln__json_plan_open(pln__decoder *self, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__schema_check(self->schema, err));
    PLN__TRY(pln__column_init(self->mem, self->schema, &self->top, err));
    self->top_open = true;
    self->n_nodes = count_nodes(self->schema, 0);
    self->nodes = pln__calloc(self->mem, (uint64_t)self->n_nodes, sizeof *self->nodes);
    self->aligned = pln__calloc(self->mem, (uint64_t)self->n_nodes, sizeof *self->aligned);
    self->members = pln__calloc(self->mem, (uint64_t)self->n_nodes, sizeof *self->members);
    if (self->nodes == NULL || self->aligned == NULL || self->members == NULL) {
        status = pln__error_memory(err, (uint64_t)self->n_nodes * sizeof *self->nodes);
        goto out;
    }
    self->used_nodes = 1;
    self->nodes[0].rows = true;
    PLN__TRY(fill(self, &self->nodes[0], &self->top, err));
out:
    return status;
}

void pln__json_plan_close(pln__decoder *self) {
    if (self->nodes != NULL) {
        for (int64_t i = 0; i < self->n_nodes; i++) {
            pln__json_node *node = &self->nodes[i];
            pln__json_names_close(self->mem, &node->names);
            pln__json_keys_free(self->mem, &node->keys);
            if (node->values != NULL)
                pln__column_free(node->values);
            pln__free(self->mem, node->values, sizeof *node->values);
        }
    }
    pln__symbol_sets_free(self->mem, &self->symbol_sets);
    pln__free(self->mem, self->nodes, (uint64_t)self->n_nodes * sizeof *self->nodes);
    pln__free(self->mem, self->members, (uint64_t)self->n_nodes * sizeof *self->members);
    pln__free(self->mem, self->aligned, (uint64_t)self->n_nodes * sizeof *self->aligned);
    pln__column_free(&self->scratch);
    if (self->top_open)
        pln__column_free(&self->top);
}

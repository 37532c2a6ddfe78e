#include "format/json_write.h"

static int64_t count_nodes(const struct ArrowSchema *schema, int depth) {
    int64_t n = 1;
    if (depth < PLN__NESTING_MAX)
        for (int64_t i = 0; i < schema->n_children; i++)
            n += count_nodes(schema->children[i], depth + 1);
    return n + (schema->dictionary != NULL);
}

/* "+ud:3,7": the type ids of the children in order. The schema has been checked. */
static void map_variants(pln__json_out *node) {
    const char *p = node->schema->format + 4;
    memset(node->child_of, -1, sizeof node->child_of);
    for (int64_t i = 0; i < node->n_children; i++) {
        int id = 0;
        for (; *p >= '0' && *p <= '9'; p++)
            id = id * 10 + (*p - '0');
        node->child_of[id & 127] = (int8_t)i;
        p += *p == ',';
    }
    for (int64_t i = 0; i < node->n_children; i++)
        if (node->children[i].type.id == PLN__NULL) {
            node->children[i].plain_null = true;
            break;
        }
}

static pln_status set_key(pln__encoder *self, pln__json_out *node, pln_error *err) {
    pln__text text;
    const char *name = node->schema->name == NULL ? "" : node->schema->name;
    pln__text_init(&text, self->mem);
    pln__text_json(&text, name, (int64_t)strlen(name));
    pln__text_char(&text, ':');
    node->key_size = text.size;
    pln_status status = pln__text_status(&text, err);
    node->key = status < 0 ? NULL : pln__text_take(&text);
    pln__text_free(&text);
    return status < 0 || node->key != NULL ? status : pln__error_memory(err, 0);
}

static bool keeps_any(const struct ArrowSchema *schema) {
    int32_t size;
    const char *value = pln__field_metadata(schema, "pln.json", &size);
    return value != NULL && size == 3 && memcmp(value, "any", 3) == 0;
}

static pln_status fill(pln__encoder *self, pln__json_out *node, const struct ArrowSchema *schema,
                       pln_error *err) {
    pln_status status = PLN_OK;
    node->schema = schema;
    PLN__TRY(pln__type_of(schema, &node->type, err));
    PLN__TRY(set_key(self, node, err));
    node->any = node->type.id == PLN__UTF8 && keeps_any(schema);
    node->children = self->nodes + self->used_nodes;
    node->n_children = schema->n_children;
    self->used_nodes += schema->n_children;
    for (int64_t i = 0; i < schema->n_children; i++) {
        node->children[i].parent = node;
        PLN__TRY(fill(self, &node->children[i], schema->children[i], err));
    }
    if (schema->dictionary != NULL) {
        node->dictionary = &self->nodes[self->used_nodes++];
        node->dictionary->parent = node;
        PLN__TRY(fill(self, node->dictionary, schema->dictionary, err));
    }
    if (node->type.id == PLN__UNION)
        map_variants(node);
out:
    return status;
}

static void bind(pln__json_out *node, const struct ArrowArray *array) {
    node->array = array;
    for (int64_t i = 0; i < node->n_children; i++)
        bind(&node->children[i], array->children[i]);
    if (node->dictionary != NULL)
        bind(node->dictionary, array->dictionary);
}

static void close_nodes(pln__encoder *self) {
    if (self->nodes != NULL)
        for (int64_t i = 0; i < self->used_nodes; i++)
            pln__strfree(self->mem, self->nodes[i].key);
    pln__free(self->mem, self->nodes, (uint64_t)self->n_nodes * sizeof *self->nodes);
    pln__json_keys_free(self->mem, &self->keys);
    pln__buffer_free(self->mem, &self->text);
}

static pln_status open_nodes(pln__encoder *self, const struct ArrowSchema *schema, pln_error *err) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__schema_check(schema, err));
    self->n_nodes = count_nodes(schema, 0);
    self->nodes = pln__calloc(self->mem, (uint64_t)self->n_nodes, sizeof *self->nodes);
    if (self->nodes == NULL) {
        status = pln__error_memory(err, (uint64_t)self->n_nodes * sizeof *self->nodes);
        goto out;
    }
    self->used_nodes = 1;
    PLN__TRY(fill(self, &self->nodes[0], schema, err));
out:
    return status;
}

static void json_close(pln__encoder *self) {
    if (self == NULL)
        return;
    close_nodes(self);
    pln__free(self->mem, self, sizeof *self);
}

static pln_status json_open(const pln_allocator *mem, const void *dialect,
                            const struct ArrowSchema *schema, pln__encoder **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__encoder *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->cpu = pln__cpu_features();
    if (dialect == NULL)
        pln__json_dialect_default(&self->dialect);
    else
        self->dialect = *(const pln__json_dialect *)dialect;
    PLN__TRY(open_nodes(self, schema, err));
    *out = self;
    self = NULL;
out:
    json_close(self);
    return status;
}

static pln_status json_begin(pln__encoder *self, pln__buffer *out, pln_error *err) {
    (void)self;
    (void)out;
    (void)err;
    return PLN_OK;
}

/* After a failure `out` ends where it did before. */
static pln_status json_encode(pln__encoder *self, const struct ArrowArray *rows, pln__buffer *out,
                              pln_error *err) {
    pln_status status = PLN_OK;
    int64_t before = out->size;
    self->out = out;
    self->err = err;
    bind(&self->nodes[0], rows);
    for (self->row = 0; self->row < rows->length; self->row++) {
        PLN__TRY(pln__json_write(self, &self->nodes[0], self->row));
        PLN__TRY(pln__json_put(self, "\n", 1));
    }
out:
    if (status < 0)
        out->size = before;
    self->out = NULL;
    self->err = NULL;
    return status;
}

const pln__encoder_table pln__json_encoder = {
    .open = json_open,
    .begin = json_begin,
    .encode = json_encode,
    .close = json_close,
};

pln_status pln__json_row(const struct ArrowSchema *schema, const struct ArrowArray *rows,
                         int64_t row, pln__text *out) {
    pln_status status = PLN_OK;
    pln__buffer bytes = {0};
    pln__encoder self = {.mem = out->mem, .lenient = true, .row = row, .out = &bytes};
    pln__json_dialect_default(&self.dialect);
    PLN__TRY(open_nodes(&self, schema, NULL));
    bind(&self.nodes[0], rows);
    PLN__TRY(pln__json_write(&self, &self.nodes[0], row));
    pln__text_bytes(out, bytes.data, bytes.size);
    PLN__TRY(pln__text_status(out, NULL));
out:
    close_nodes(&self);
    pln__buffer_free(self.mem, &bytes);
    return status;
}

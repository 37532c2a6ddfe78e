#include "run/run.h"

/*
 * Heads and bodies as bytes, little-endian. Both begin with a magic of four bytes and a version; then fields in fixed order; a list is a count and its items; an item is
 * node, key and bytes, each with its length. A reader believes no length before it has seen that so many bytes are left. The stores keep checksums.
 */
#define HEAD_MAGIC 0x484e4c50u /* "PLNH" */
#define BODY_MAGIC 0x424e4c50u /* "PLNB" */
#define VERSION 1

typedef struct writer {
    const pln_allocator *mem;
    pln__buffer *out;
    pln_error *err;
    pln_status status;
} writer;

static void put(writer *w, const void *bytes, int64_t size) {
    if (w->status >= 0 && size > 0)
        w->status = pln__buffer_append(w->mem, w->out, bytes, size, w->err);
}

static void put_u64(writer *w, uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    put(w, bytes, 8);
}

static void put_i64(writer *w, int64_t value) {
    put_u64(w, (uint64_t)value);
}

static void put_bytes(writer *w, const void *bytes, int64_t size) {
    put_i64(w, size);
    put(w, bytes, size);
}

static void put_list(writer *w, const pln__saved_list *list) {
    put_i64(w, list->count);
    for (int64_t i = 0; i < list->count; i++) {
        put_bytes(w, list->items[i].node, (int64_t)strlen(list->items[i].node));
        put_bytes(w, list->items[i].key, (int64_t)strlen(list->items[i].key));
        put_bytes(w, list->items[i].bytes, list->items[i].size);
    }
}

typedef struct reader {
    const pln_allocator *mem;
    const uint8_t *at;
    int64_t left;
    pln_error *err;
} reader;

static pln_status damaged(reader *r, const char *what) {
    return pln__error_set(r->err, PLN_ECORRUPT, "checkpoint: %s is damaged", what);
}

static pln_status get_u64(reader *r, const char *what, uint64_t *out) {
    if (r->left < 8)
        return damaged(r, what);
    *out = 0;
    for (int i = 0; i < 8; i++)
        *out |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    r->left -= 8;
    return PLN_OK;
}

static pln_status get_i64(reader *r, const char *what, int64_t *out) {
    uint64_t value = 0;
    pln_status status = get_u64(r, what, &value);
    *out = (int64_t)value;
    return status < 0 ? status : *out < 0 ? damaged(r, what) : PLN_OK;
}

static pln_status get_bytes(reader *r, const char *what, const uint8_t **out, int64_t *size) {
    pln_status status = get_i64(r, what, size);
    if (status < 0)
        return status;
    if (*size > r->left)
        return damaged(r, what);
    *out = r->at;
    r->at += *size;
    r->left -= *size;
    return PLN_OK;
}

static pln_status add_sized(reader *r, const char *what, pln__saved_list *list) {
    pln_status status = PLN_OK;
    const uint8_t *node = NULL, *key = NULL, *bytes = NULL;
    int64_t node_size = 0, key_size = 0, size = 0;
    char *node_text = NULL, *key_text = NULL;
    PLN__TRY(get_bytes(r, what, &node, &node_size));
    PLN__TRY(get_bytes(r, what, &key, &key_size));
    PLN__TRY(get_bytes(r, what, &bytes, &size));
    node_text = pln__strndup(r->mem, (const char *)node, node_size);
    key_text = pln__strndup(r->mem, (const char *)key, key_size);
    if (node_text == NULL || key_text == NULL)
        PLN__TRY(pln__error_memory(r->err, (uint64_t)(node_size + key_size)));
    PLN__TRY(pln__saved_add(r->mem, list, node_text, key_text, bytes, size, r->err));
out:
    /* A text with a NUL inside is shorter than its copy was. */
    pln__free(r->mem, node_text, (uint64_t)node_size + 1);
    pln__free(r->mem, key_text, (uint64_t)key_size + 1);
    return status;
}

static pln_status get_list(reader *r, const char *what, pln__saved_list *list) {
    int64_t count = 0;
    pln_status status = get_i64(r, what, &count);
    if (status >= 0 && count > r->left / 24)
        status = damaged(r, what);
    for (int64_t i = 0; i < count && status >= 0; i++)
        status = add_sized(r, what, list);
    return status;
}

static pln_status get_start(reader *r, const char *what, uint32_t magic) {
    uint64_t word = 0;
    pln_status status = get_u64(r, what, &word);
    if (status < 0)
        return status;
    if ((uint32_t)word != magic)
        return damaged(r, what);
    if (word >> 32 != VERSION)
        return pln__error_set(r->err, PLN_EUNSUPPORTED,
                              "checkpoint: %s has version %u, this library reads %d", what,
                              (unsigned)(word >> 32), VERSION);
    return PLN_OK;
}

pln_status pln__saved_add(const pln_allocator *mem, pln__saved_list *list, const char *node,
                          const char *key, const void *bytes, int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    pln__saved item = {NULL, NULL, NULL, size};
    PLN__TRY(
        pln__grow(mem, &list->items, &list->capacity, list->count + 1, sizeof *list->items, err));
    item.node = pln__strdup(mem, node);
    item.key = pln__strdup(mem, key);
    item.bytes = size > 0 ? pln__alloc(mem, (uint64_t)size) : NULL;
    if (item.node == NULL || item.key == NULL || (size > 0 && item.bytes == NULL))
        PLN__TRY(pln__error_memory(err, (uint64_t)size));
    if (size > 0)
        memcpy(item.bytes, bytes, (size_t)size);
    list->items[list->count++] = item;
    return PLN_OK;
out:
    pln__strfree(mem, item.node);
    pln__strfree(mem, item.key);
    pln__free(mem, item.bytes, (uint64_t)size);
    return status;
}

static void list_free(const pln_allocator *mem, pln__saved_list *list) {
    for (int64_t i = 0; i < list->count; i++) {
        pln__strfree(mem, list->items[i].node);
        pln__strfree(mem, list->items[i].key);
        pln__free(mem, list->items[i].bytes, (uint64_t)list->items[i].size);
    }
    pln__free(mem, list->items, (uint64_t)list->capacity * sizeof *list->items);
    *list = (pln__saved_list){0};
}

void pln__checkpoint_free(const pln_allocator *mem, pln__checkpoint *c) {
    list_free(mem, &c->positions);
    list_free(mem, &c->handles);
    list_free(mem, &c->states);
    list_free(mem, &c->schemas);
    list_free(mem, &c->counters);
    list_free(mem, &c->nodes);
    *c = (pln__checkpoint){0};
}

pln_status pln__checkpoint_head(const pln_allocator *mem, const pln__checkpoint *c,
                                const pln__buffer *inline_body, pln__buffer *out, pln_error *err) {
    writer w = {mem, out, err, PLN_OK};
    put_u64(&w, HEAD_MAGIC | (uint64_t)VERSION << 32);
    put_i64(&w, c->n);
    put_i64(&w, c->owner);
    put_i64(&w, c->done);
    put_i64(&w, c->body_owner);
    put_i64(&w, c->body_size);
    put_u64(&w, c->body_digest);
    put_list(&w, &c->positions);
    put_list(&w, &c->handles);
    put_i64(&w, inline_body != NULL);
    if (inline_body != NULL)
        put_bytes(&w, inline_body->data, inline_body->size);
    return w.status;
}

pln_status pln__checkpoint_body(const pln_allocator *mem, const pln__checkpoint *c,
                                pln__buffer *out, pln_error *err) {
    writer w = {mem, out, err, PLN_OK};
    put_u64(&w, BODY_MAGIC | (uint64_t)VERSION << 32);
    put_i64(&w, c->epochs);
    put_i64(&w, c->recoveries);
    put_list(&w, &c->states);
    put_list(&w, &c->schemas);
    put_list(&w, &c->counters);
    put_list(&w, &c->nodes);
    return w.status;
}

pln_status pln__checkpoint_read_head(const pln_allocator *mem, const void *bytes, int64_t size,
                                     pln__checkpoint *c, const uint8_t **body, int64_t *body_size,
                                     pln_error *err) {
    pln_status status = PLN_OK;
    reader r = {mem, bytes, size, err};
    int64_t done = 0, is_inline = 0;
    *body = NULL;
    *body_size = 0;
    PLN__TRY(get_start(&r, "head", HEAD_MAGIC));
    PLN__TRY(get_i64(&r, "head", &c->n));
    PLN__TRY(get_i64(&r, "head", &c->owner));
    PLN__TRY(get_i64(&r, "head", &done));
    PLN__TRY(get_i64(&r, "head", &c->body_owner));
    PLN__TRY(get_i64(&r, "head", &c->body_size));
    PLN__TRY(get_u64(&r, "head", &c->body_digest));
    PLN__TRY(get_list(&r, "head: positions", &c->positions));
    PLN__TRY(get_list(&r, "head: handles", &c->handles));
    PLN__TRY(get_i64(&r, "head", &is_inline));
    if (is_inline)
        PLN__TRY(get_bytes(&r, "head: body", body, body_size));
    if (r.left != 0)
        PLN__TRY(damaged(&r, "head"));
    c->done = done != 0;
out:
    return status;
}

pln_status pln__checkpoint_read_body(const pln_allocator *mem, const void *bytes, int64_t size,
                                     pln__checkpoint *c, pln_error *err) {
    pln_status status = PLN_OK;
    reader r = {mem, bytes, size, err};
    PLN__TRY(get_start(&r, "body", BODY_MAGIC));
    PLN__TRY(get_i64(&r, "body", &c->epochs));
    PLN__TRY(get_i64(&r, "body", &c->recoveries));
    PLN__TRY(get_list(&r, "body: states", &c->states));
    PLN__TRY(get_list(&r, "body: schemas", &c->schemas));
    PLN__TRY(get_list(&r, "body: counters", &c->counters));
    PLN__TRY(get_list(&r, "body: nodes", &c->nodes));
    if (r.left != 0)
        PLN__TRY(damaged(&r, "body"));
out:
    return status;
}

/* The metadata blob of the C Data Interface has no length; its own counts give it. Ours were checked at import. */
static int64_t metadata_size(const char *metadata) {
    int32_t pairs, length;
    int64_t size = 4;
    if (metadata == NULL)
        return 0;
    memcpy(&pairs, metadata, 4);
    for (int64_t i = 0; i < 2 * (int64_t)pairs; i++) {
        memcpy(&length, metadata + size, 4);
        size += 4 + length;
    }
    return size;
}

static void put_schema(writer *w, const struct ArrowSchema *schema) {
    put_bytes(w, schema->format, (int64_t)strlen(schema->format));
    put_bytes(w, schema->name == NULL ? "" : schema->name,
              schema->name == NULL ? 0 : (int64_t)strlen(schema->name));
    put_bytes(w, schema->metadata, metadata_size(schema->metadata));
    put_i64(w, schema->flags);
    put_i64(w, schema->dictionary != NULL);
    put_i64(w, schema->n_children);
    for (int64_t i = 0; i < schema->n_children; i++)
        put_schema(w, schema->children[i]);
    if (schema->dictionary != NULL)
        put_schema(w, schema->dictionary);
}

pln_status pln__schema_write(const pln_allocator *mem, const struct ArrowSchema *schema,
                             pln__buffer *out, pln_error *err) {
    writer w = {mem, out, err, PLN_OK};
    put_schema(&w, schema);
    return w.status;
}

static pln_status get_schema(reader *r, struct ArrowSchema *out, int depth);

static pln_status set_metadata(reader *r, struct ArrowSchema *out, const uint8_t *blob,
                               int64_t size) {
    pln_status status = PLN_OK;
    int32_t pairs = 0, length[2];
    int64_t at = 4;
    if (size < 4)
        return PLN_OK;
    memcpy(&pairs, blob, 4);
    for (int32_t i = 0; i < pairs; i++) {
        const uint8_t *text[2];
        char *copy[2];
        for (int k = 0; k < 2; k++) {
            if (at + 4 > size)
                return damaged(r, "schema");
            memcpy(&length[k], blob + at, 4);
            if (length[k] < 0 || length[k] > size - at - 4)
                return damaged(r, "schema");
            text[k] = blob + at + 4;
            at += 4 + length[k];
        }
        for (int k = 0; k < 2; k++)
            copy[k] = pln__strndup(r->mem, (const char *)text[k], length[k]);
        status = copy[0] == NULL || copy[1] == NULL
                     ? pln__error_memory(r->err, 1)
                     : pln__field_set_metadata(out, copy[0], copy[1], r->err);
        for (int k = 0; k < 2; k++)
            pln__free(r->mem, copy[k], (uint64_t)length[k] + 1);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status get_field(reader *r, struct ArrowSchema *out, int64_t *children,
                            bool *dictionary) {
    pln_status status = PLN_OK;
    const uint8_t *format = NULL, *name = NULL, *metadata = NULL;
    int64_t format_size = 0, name_size = 0, metadata_bytes = 0, flags = 0, has = 0;
    char *format_text = NULL, *name_text = NULL;
    PLN__TRY(get_bytes(r, "schema", &format, &format_size));
    PLN__TRY(get_bytes(r, "schema", &name, &name_size));
    PLN__TRY(get_bytes(r, "schema", &metadata, &metadata_bytes));
    PLN__TRY(get_i64(r, "schema", &flags));
    PLN__TRY(get_i64(r, "schema", &has));
    PLN__TRY(get_i64(r, "schema", children));
    if (*children > PLN__COLUMNS_MAX || *children > r->left / 48)
        PLN__TRY(damaged(r, "schema"));
    *dictionary = has != 0;
    format_text = pln__strndup(r->mem, (const char *)format, format_size);
    name_text = pln__strndup(r->mem, (const char *)name, name_size);
    if (format_text == NULL || name_text == NULL)
        PLN__TRY(pln__error_memory(r->err, (uint64_t)(format_size + name_size)));
    PLN__TRY(pln__field_new(r->mem, format_text, name_text, flags & ARROW_FLAG_NULLABLE, *children,
                            out, r->err));
    out->flags = flags;
    PLN__TRY(set_metadata(r, out, metadata, metadata_bytes));
out:
    pln__free(r->mem, format_text, (uint64_t)format_size + 1);
    pln__free(r->mem, name_text, (uint64_t)name_size + 1);
    return status;
}

static pln_status get_schema(reader *r, struct ArrowSchema *out, int depth) {
    pln_status status = PLN_OK;
    int64_t children = 0;
    bool dictionary = false;
    if (depth > PLN__NESTING_MAX)
        return damaged(r, "schema");
    PLN__TRY(get_field(r, out, &children, &dictionary));
    for (int64_t i = 0; i < children; i++)
        PLN__TRY(get_schema(r, out->children[i], depth + 1));
    if (dictionary) {
        struct ArrowSchema values = {0};
        status = get_schema(r, &values, depth + 1);
        if (status >= 0)
            pln__field_set_dictionary(out, &values);
        else
            pln__schema_release(&values);
    }
out:
    return status;
}

pln_status pln__schema_read(const pln_allocator *mem, const void *bytes, int64_t size,
                            struct ArrowSchema *out, pln_error *err) {
    reader r = {mem, bytes, size, err};
    memset(out, 0, sizeof *out);
    pln_status status = get_schema(&r, out, 0);
    if (status >= 0 && r.left != 0)
        status = damaged(&r, "schema");
    if (status >= 0)
        status = pln__schema_check(out, err);
    if (status < 0)
        pln__schema_release(out);
    return status;
}

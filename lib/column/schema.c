/* Schemas: made, copied, looked into. */
#include "column/internal.h"

/* One block a field: this, then child pointers, child structs, name and format. */
typedef struct field_home {
    const pln_allocator *mem;
    uint64_t size;
    uint64_t metadata_size;
    struct ArrowSchema dictionary;
} field_home;

static void field_release(struct ArrowSchema *field) {
    field_home *home = field->private_data;
    for (int64_t i = 0; i < field->n_children; i++)
        if (field->children[i] != NULL)
            pln__schema_release(field->children[i]);
    if (field->dictionary != NULL)
        pln__schema_release(field->dictionary);
    const pln_allocator *mem = home->mem;
    pln__free(mem, (void *)(uintptr_t)field->metadata, home->metadata_size);
    field->release = NULL;
    field->private_data = NULL;
    pln__free(mem, home, home->size);
}

pln_status pln__field_new(const pln_allocator *mem, const char *format, const char *name,
                          bool nullable, int64_t n_children, struct ArrowSchema *out,
                          pln_error *err) {
    memset(out, 0, sizeof *out);
    if (n_children < 0 || n_children > PLN__COLUMNS_MAX)
        return pln__error_set(err, PLN_ELIMIT, "%s: %lld columns, at most %d are allowed",
                              name == NULL ? "" : name, (long long)n_children, PLN__COLUMNS_MAX);
    uint64_t n = (uint64_t)n_children;
    uint64_t format_size = strlen(format) + 1;
    uint64_t name_size = name == NULL ? 1 : strlen(name) + 1;
    uint64_t size = sizeof(field_home) +
                    n * (sizeof(struct ArrowSchema *) + sizeof(struct ArrowSchema)) + format_size +
                    name_size;
    field_home *home = pln__calloc(mem, 1, size);
    if (home == NULL)
        return pln__error_memory(err, size);
    home->mem = mem;
    home->size = size;
    struct ArrowSchema **pointers = (struct ArrowSchema **)(home + 1);
    struct ArrowSchema *children = (struct ArrowSchema *)(pointers + n);
    for (uint64_t i = 0; i < n; i++)
        pointers[i] = &children[i];
    char *texts = (char *)(children + n);
    memcpy(texts, format, format_size);
    if (name != NULL)
        memcpy(texts + format_size, name, name_size);
    *out = (struct ArrowSchema){.format = texts,
                                .name = texts + format_size,
                                .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
                                .n_children = n_children,
                                .children = n > 0 ? pointers : NULL,
                                .release = field_release,
                                .private_data = home};
    return PLN_OK;
}

void pln__field_set_dictionary(struct ArrowSchema *field, struct ArrowSchema *values) {
    field_home *home = field->private_data;
    home->dictionary = *values;
    values->release = NULL;
    field->dictionary = &home->dictionary;
}

/* ---- metadata: int32 count, then (int32 size, bytes) of keys and values by turns ---- */

static int32_t read_count(const char *at) {
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* Size of a blob, or -1 if a count or a size in it is negative or it is absurdly large. NULL is 0. */
static int64_t metadata_size(const char *blob) {
    if (blob == NULL)
        return 0;
    int32_t pairs = read_count(blob);
    if (pairs < 0)
        return -1;
    int64_t at = 4;
    for (int64_t i = 0; i < 2 * (int64_t)pairs; i++) {
        int32_t size = read_count(blob + at);
        if (size < 0 || at > INT32_MAX)
            return -1;
        at += 4 + (int64_t)size;
    }
    return at;
}

const char *pln__field_metadata(const struct ArrowSchema *field, const char *key, int32_t *size) {
    const char *blob = field->metadata;
    *size = 0;
    if (blob == NULL)
        return NULL;
    size_t key_size = strlen(key);
    const char *at = blob + 4;
    for (int32_t pairs = read_count(blob); pairs > 0; pairs--) {
        int32_t found = read_count(at);
        if (found < 0)
            return NULL;
        const char *name = at + 4;
        at = name + found;
        int32_t value = read_count(at);
        if (value < 0)
            return NULL;
        if ((size_t)found == key_size && memcmp(name, key, key_size) == 0) {
            *size = value;
            return at + 4;
        }
        at += 4 + (int64_t)value;
    }
    return NULL;
}

static char *put_bytes(char *at, const void *bytes, size_t size) {
    int32_t n = (int32_t)size;
    memcpy(at, &n, 4);
    memcpy(at + 4, bytes, size);
    return at + 4 + size;
}

pln_status pln__field_set_metadata(struct ArrowSchema *field, const char *key, const char *value,
                                   pln_error *err) {
    field_home *home = field->private_data;
    size_t key_size = strlen(key);
    size_t value_size = strlen(value);
    uint64_t old = home->metadata_size;
    int32_t pairs = old == 0 ? 0 : read_count(field->metadata);
    if (key_size > INT32_MAX / 4 || value_size > INT32_MAX / 4 || old > INT32_MAX / 4)
        return pln__error_set(err, PLN_ELIMIT, "metadata of column %s is too large", field->name);
    uint64_t room = (old == 0 ? 4 : old) + 8 + key_size + value_size;
    char *blob = pln__alloc(home->mem, room);
    if (blob == NULL)
        return pln__error_memory(err, room);
    int32_t kept = 0;
    char *to = blob + 4;
    const char *at = old == 0 ? NULL : field->metadata + 4;
    for (int32_t i = 0; i < pairs; i++) {
        size_t name = (size_t)read_count(at);
        size_t text = (size_t)read_count(at + 4 + name);
        if (name != key_size || memcmp(at + 4, key, key_size) != 0) {
            to = put_bytes(to, at + 4, name);
            to = put_bytes(to, at + 8 + name, text);
            kept++;
        }
        at += 8 + name + text;
    }
    to = put_bytes(to, key, key_size);
    to = put_bytes(to, value, value_size);
    kept++;
    memcpy(blob, &kept, 4);
    uint64_t used = (uint64_t)(to - blob);
    if (used < room) {
        /* The size handed to free must be the size asked for. */
        char *exact = pln__resize(home->mem, blob, room, used);
        if (exact == NULL) {
            pln__free(home->mem, blob, room);
            return pln__error_memory(err, used);
        }
        blob = exact;
    }
    pln__free(home->mem, (void *)(uintptr_t)field->metadata, old);
    field->metadata = blob;
    home->metadata_size = used;
    return PLN_OK;
}

/* ---- copies ---- */

static pln_status copy(const pln_allocator *mem, const struct ArrowSchema *from, const char *name,
                       struct ArrowSchema *out, int32_t depth, pln_error *err) {
    pln_status status = PLN_OK;
    memset(out, 0, sizeof *out);
    if (depth > PLN__NESTING_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "column %s: more than %d levels of nesting", name,
                  PLN__NESTING_MAX);
    int64_t blob = metadata_size(from->metadata);
    if (from->format == NULL || blob < 0)
        PLN__FAIL(err, PLN_EDATA, "column %s: %s", name,
                  blob < 0 ? "its metadata is malformed" : "it has no Arrow format");
    if (from->n_children > 0 && from->children == NULL)
        PLN__FAIL(err, PLN_EDATA, "column %s: its children are missing", name);
    PLN__TRY(pln__field_new(mem, from->format, name, false, from->n_children, out, err));
    out->flags = from->flags;
    field_home *home = out->private_data;
    if (blob > 4) {
        char *bytes = pln__alloc(mem, (uint64_t)blob);
        if (bytes == NULL) {
            status = pln__error_memory(err, (uint64_t)blob);
            goto out;
        }
        memcpy(bytes, from->metadata, (size_t)blob);
        out->metadata = bytes;
        home->metadata_size = (uint64_t)blob;
    }
    for (int64_t i = 0; i < from->n_children; i++) {
        const struct ArrowSchema *child = from->children[i];
        if (child == NULL)
            PLN__FAIL(err, PLN_EDATA, "column %s: child %lld is missing", name, (long long)i);
        PLN__TRY(copy(mem, child, child->name == NULL ? "" : child->name, out->children[i],
                      depth + 1, err));
    }
    if (from->dictionary != NULL) {
        struct ArrowSchema values;
        const char *values_name = from->dictionary->name == NULL ? "" : from->dictionary->name;
        PLN__TRY(copy(mem, from->dictionary, values_name, &values, depth + 1, err));
        pln__field_set_dictionary(out, &values);
    }
out:
    if (status < 0)
        pln__schema_release(out);
    return status;
}

pln_status pln__schema_copy(const pln_allocator *mem, const struct ArrowSchema *from,
                            struct ArrowSchema *out, pln_error *err) {
    return copy(mem, from, from->name == NULL ? "" : from->name, out, 0, err);
}

pln_status pln__field_copy(const pln_allocator *mem, const struct ArrowSchema *from,
                           const char *name, struct ArrowSchema *out, pln_error *err) {
    if (name == NULL)
        name = from->name == NULL ? "" : from->name;
    return copy(mem, from, name, out, 0, err);
}

/* ---- names ---- */

int64_t pln__schema_find(const struct ArrowSchema *top, const char *name) {
    for (int64_t i = 0; i < top->n_children; i++)
        if (strcmp(top->children[i]->name, name) == 0)
            return i;
    return -1;
}

pln_status pln__schema_find_error(const struct ArrowSchema *top, const char *name, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    char near_shown[PLN__SHOW_SIZE];
    const char *near = NULL;
    /* Names are offered to pln__nearest in small groups, so that no memory is needed for any number of columns. */
    for (int64_t i = 0; i < top->n_children;) {
        const char *names[33];
        int k = 0;
        if (near != NULL)
            names[k++] = near;
        for (; k < 32 && i < top->n_children; i++)
            names[k++] = top->children[i]->name;
        names[k] = NULL;
        const char *best = pln__nearest(name, names);
        near = best != NULL ? best : near;
    }
    pln__show(shown, name, (int64_t)strlen(name));
    if (near == NULL)
        return pln__error_set(err, PLN_ENAME, "column %s: no such column", shown);
    return pln__error_set(err, PLN_ENAME, "column %s: no such column (did you mean %s?)", shown,
                          pln__show(near_shown, near, (int64_t)strlen(near)));
}

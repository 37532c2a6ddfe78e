/*
 * Arrays: who owns the memory behind them.
 *
 * A home is one block that holds the structs of an array tree and either owns buffers (made), owns a foreign tree (adopted), or
 * keeps other homes alive (shared). It is counted: one for each struct in it that is not released yet and one for each
 * home that keeps it. So a child may be moved out of its parent, a slice may outlive what it was cut from, and the block
 * goes when the last of them does, on whatever thread.
 */
#include "column/internal.h"
#include <stdatomic.h>

typedef struct home home;

typedef struct attachment {
    struct attachment *next;
    uint8_t *data;
    int64_t size;
} attachment;

struct home {
    _Atomic int64_t refs;
    const pln_allocator *mem;
    uint64_t size;
    struct ArrowArray foreign;
    attachment *attachments;
    pln__buffer *buffers;
    home **keeps;
    int64_t n_buffers;
    int64_t n_keeps;
};

/* What private_data points at. `keeper` is the home behind the node's buffers, NULL if it has none. */
typedef struct node {
    home *home;
    home *keeper;
} node;

/* Foreign trees may claim any size; no honest one comes near. */
#define NODES_MAX (1 << 17)
#define BUFFERS_MAX 16

static void home_unref(home *h, int64_t n) {
    if (atomic_fetch_sub_explicit(&h->refs, n, memory_order_acq_rel) != n)
        return;
    const pln_allocator *mem = h->mem;
    for (int64_t i = 0; i < h->n_buffers; i++)
        pln__buffer_free(mem, &h->buffers[i]);
    for (int64_t i = 0; i < h->n_keeps; i++)
        home_unref(h->keeps[i], 1);
    if (h->foreign.release != NULL)
        h->foreign.release(&h->foreign);
    while (h->attachments != NULL) {
        attachment *gone = h->attachments;
        h->attachments = gone->next;
        pln__aligned_free(mem, gone->data, gone->size);
        pln__free(mem, gone, sizeof *gone);
    }
    pln__free(mem, h, h->size);
}

static void array_release(struct ArrowArray *array);

static int64_t release_below(struct ArrowArray *array, const home *h);

static int64_t release_child(struct ArrowArray *child, const home *h) {
    if (child == NULL || child->release == NULL)
        return 0;
    if (child->release == array_release && ((node *)child->private_data)->home == h)
        return release_below(child, h);
    child->release(child);
    return 0;
}

/* Releases the tree but for its own home; returns how many structs of that home went. */
static int64_t release_below(struct ArrowArray *array, const home *h) {
    int64_t n = 1;
    for (int64_t i = 0; i < array->n_children; i++)
        n += release_child(array->children[i], h);
    n += release_child(array->dictionary, h);
    array->release = NULL;
    array->private_data = NULL;
    return n;
}

static void array_release(struct ArrowArray *array) {
    home *h = ((node *)array->private_data)->home;
    home_unref(h, release_below(array, h));
}

bool pln__array_is_ours(const struct ArrowArray *array) {
    return array->release == array_release;
}

uint8_t *pln__array_attach(struct ArrowArray *array, int64_t size) {
    home *h = ((node *)array->private_data)->home;
    attachment *a = pln__alloc(h->mem, sizeof *a);
    if (a == NULL)
        return NULL;
    a->data = pln__aligned_alloc(h->mem, size);
    a->size = size;
    if (a->data == NULL) {
        pln__free(h->mem, a, sizeof *a);
        return NULL;
    }
    a->next = h->attachments;
    h->attachments = a;
    return a->data;
}

/* ---- laying out a block ---- */

typedef struct extent {
    int64_t nodes;    /* structs that are live in the home */
    int64_t structs;  /* ArrowArray structs in the block, below the top one */
    int64_t pointers; /* to structs and to buffers */
    int64_t buffers;
    int64_t keeps;
} extent;

typedef struct cursor {
    home *home;
    struct ArrowArray *structs;
    node *nodes;
    void **pointers;
} cursor;

static home *home_new(const pln_allocator *mem, const extent *need, cursor *at) {
    uint64_t structs = (uint64_t)need->structs * sizeof(struct ArrowArray);
    uint64_t nodes = (uint64_t)need->nodes * sizeof(node);
    uint64_t pointers = (uint64_t)need->pointers * sizeof(void *);
    uint64_t buffers = (uint64_t)need->buffers * sizeof(pln__buffer);
    uint64_t keeps = (uint64_t)need->keeps * sizeof(home *);
    uint64_t size = sizeof(home) + structs + nodes + pointers + buffers + keeps;
    home *h = pln__calloc(mem, 1, size);
    if (h == NULL)
        return NULL;
    atomic_init(&h->refs, need->nodes);
    h->mem = mem;
    h->size = size;
    uint8_t *block = (uint8_t *)(h + 1);
    *at = (cursor){.home = h,
                   .structs = (struct ArrowArray *)(void *)block,
                   .nodes = (node *)(void *)(block + structs),
                   .pointers = (void **)(void *)(block + structs + nodes)};
    h->buffers = (pln__buffer *)(void *)(block + structs + nodes + pointers);
    h->keeps = (home **)(void *)(block + structs + nodes + pointers + buffers);
    return h;
}

static uint64_t home_size_failed(const extent *need) {
    return sizeof(home) + (uint64_t)need->structs * sizeof(struct ArrowArray);
}

static void keep(home *h, home *keeper) {
    if (keeper == NULL || (h->n_keeps > 0 && h->keeps[h->n_keeps - 1] == keeper))
        return;
    atomic_fetch_add_explicit(&keeper->refs, 1, memory_order_relaxed);
    h->keeps[h->n_keeps++] = keeper;
}

/* ---- making ---- */

const uint8_t pln__no_bytes[PLN__ALIGN] __attribute__((aligned(PLN__ALIGN)));

static pln_status adopt_parts(const pln_allocator *mem, pln__array_parts *parts, pln_error *err) {
    pln_status status = PLN_OK;
    for (int32_t i = 0; i < parts->n_children; i++)
        if (!pln__array_is_ours(&parts->children[i]))
            PLN__TRY(pln__array_adopt(mem, &parts->children[i], &parts->children[i], err));
    if (parts->dictionary != NULL && !pln__array_is_ours(parts->dictionary))
        PLN__TRY(pln__array_adopt(mem, parts->dictionary, parts->dictionary, err));
out:
    return status;
}

static void free_parts(const pln_allocator *mem, pln__array_parts *parts) {
    for (int32_t i = 0; i < parts->n_buffers; i++)
        pln__buffer_free(mem, &parts->buffers[i]);
    for (int32_t i = 0; i < parts->n_children; i++)
        pln__array_release(&parts->children[i]);
    if (parts->dictionary != NULL)
        pln__array_release(parts->dictionary);
}

static void move_in(cursor *at, pln__array_parts *parts, struct ArrowArray *out) {
    if (parts->n_children > 0)
        out->children = (struct ArrowArray **)(void *)at->pointers;
    for (int32_t i = 0; i < parts->n_children; i++) {
        out->children[i] = &at->structs[i];
        at->structs[i] = parts->children[i];
        parts->children[i].release = NULL;
    }
    at->pointers += parts->n_children;
    if (parts->dictionary != NULL) {
        out->dictionary = &at->structs[parts->n_children];
        *out->dictionary = *parts->dictionary;
        parts->dictionary->release = NULL;
    }
}

static void take_buffers(home *h, pln__array_parts *parts, const void **to, node *self) {
    bool owns = false;
    for (int32_t i = 0; i < parts->n_buffers; i++) {
        if (parts->buffers[i].data != NULL)
            pln__buffer_seal(&parts->buffers[i]);
        h->buffers[i] = parts->buffers[i];
        parts->buffers[i] = (pln__buffer){0};
        /* Some consumers take NULL for damage even where a buffer has no bytes; only validity may be absent. */
        to[i] = h->buffers[i].data;
        if (i > 0 && to[i] == NULL)
            to[i] = pln__no_bytes;
        owns = owns || h->buffers[i].data != NULL;
    }
    h->n_buffers = parts->n_buffers;
    *self = (node){h, owns ? h : NULL};
}

pln_status pln__array_make(const pln_allocator *mem, pln__array_parts *parts,
                           struct ArrowArray *out, pln_error *err) {
    cursor at;
    extent need = {.nodes = 1,
                   .structs = parts->n_children + (parts->dictionary != NULL),
                   .pointers = parts->n_children + parts->n_buffers,
                   .buffers = parts->n_buffers};
    pln_status status = adopt_parts(mem, parts, err);
    home *h = status < 0 ? NULL : home_new(mem, &need, &at);
    if (h == NULL) {
        free_parts(mem, parts);
        *out = (struct ArrowArray){0};
        return status < 0 ? status : pln__error_memory(err, home_size_failed(&need));
    }
    /* `out` may be one of the children, so it is written last. */
    struct ArrowArray made = {.length = parts->length,
                              .null_count = parts->null_count,
                              .n_buffers = parts->n_buffers,
                              .n_children = parts->n_children,
                              .release = array_release,
                              .private_data = at.nodes};
    move_in(&at, parts, &made);
    made.buffers = parts->n_buffers > 0 ? (const void **)at.pointers : NULL;
    take_buffers(h, parts, made.buffers, at.nodes);
    *out = made;
    return PLN_OK;
}

pln_status pln__array_struct(const pln_allocator *mem, int64_t length, struct ArrowArray *columns,
                             int64_t n, struct ArrowArray *out, pln_error *err) {
    pln__buffer none = {0};
    pln__array_parts parts = {.length = length,
                              .n_buffers = 1,
                              .n_children = (int32_t)n,
                              .buffers = &none,
                              .children = columns};
    for (int64_t i = 0; i < n; i++) {
        if (n <= PLN__COLUMNS_MAX && columns[i].length == length)
            continue;
        for (int64_t j = 0; j < n; j++)
            pln__array_release(&columns[j]);
        memset(out, 0, sizeof *out);
        return pln__error_set(err, PLN_EINVAL, "column %lld of %lld has %lld rows, not %lld",
                              (long long)i, (long long)n, (long long)columns[i].length,
                              (long long)length);
    }
    return pln__array_make(mem, &parts, out, err);
}

/* ---- copying the structs of a tree: adoption and sharing ---- */

static pln_status measure(const struct ArrowArray *array, bool ours, int32_t depth, extent *sum,
                          pln_error *err) {
    pln_status status = PLN_OK;
    if (depth > PLN__NESTING_MAX + 1 || sum->nodes >= NODES_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "an array of more than %d levels or %d columns",
                  PLN__NESTING_MAX, NODES_MAX);
    if (array->release == NULL || (ours && !pln__array_is_ours(array)))
        PLN__FAIL(err, PLN_EINVAL, "an array that is released, or whose children are");
    if (array->n_buffers < 0 || array->n_buffers > BUFFERS_MAX || array->n_children < 0 ||
        array->n_children > NODES_MAX || (array->n_buffers > 0 && array->buffers == NULL) ||
        (array->n_children > 0 && array->children == NULL))
        PLN__FAIL(err, PLN_EDATA, "an array with %lld buffers at %p and %lld children at %p",
                  (long long)array->n_buffers, (const void *)array->buffers,
                  (long long)array->n_children, (const void *)array->children);
    sum->nodes++;
    sum->pointers += array->n_buffers + array->n_children;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i] == NULL)
            PLN__FAIL(err, PLN_EDATA, "an array whose child %lld is missing", (long long)i);
        PLN__TRY(measure(array->children[i], ours, depth + 1, sum, err));
    }
    if (array->dictionary != NULL)
        PLN__TRY(measure(array->dictionary, ours, depth + 1, sum, err));
out:
    return status;
}

/* Lays the tree of `from` into the block; foreign nodes are kept by the home itself, ours by their keepers. */
static void mirror(cursor *at, const struct ArrowArray *from, struct ArrowArray *to, bool ours) {
    *to = *from;
    node *self = at->nodes++;
    self->home = at->home;
    self->keeper = ours ? ((const node *)from->private_data)->keeper : at->home;
    if (ours)
        keep(at->home, self->keeper);
    to->release = array_release;
    to->private_data = self;
    to->buffers = from->n_buffers > 0 ? (const void **)at->pointers : NULL;
    at->pointers += from->n_buffers;
    for (int64_t i = 0; i < from->n_buffers; i++)
        to->buffers[i] = from->buffers[i];
    to->children = from->n_children > 0 ? (struct ArrowArray **)(void *)at->pointers : NULL;
    at->pointers += from->n_children;
    for (int64_t i = 0; i < from->n_children; i++) {
        to->children[i] = at->structs++;
        mirror(at, from->children[i], to->children[i], ours);
    }
    if (from->dictionary != NULL) {
        to->dictionary = at->structs++;
        mirror(at, from->dictionary, to->dictionary, ours);
    }
}

static pln_status copy_tree(const pln_allocator *mem, const struct ArrowArray *from, bool ours,
                            struct ArrowArray *out, pln_error *err) {
    extent need = {0};
    cursor at;
    pln_status status = measure(from, ours, 0, &need, err);
    if (status < 0)
        return status;
    need.structs = need.nodes - 1;
    need.keeps = ours ? need.nodes : 0;
    if (home_new(mem, &need, &at) == NULL)
        return pln__error_memory(err, home_size_failed(&need));
    mirror(&at, from, out, ours);
    return PLN_OK;
}

pln_status pln__array_adopt(const pln_allocator *mem, struct ArrowArray *foreign,
                            struct ArrowArray *out, pln_error *err) {
    struct ArrowArray taken = *foreign;
    foreign->release = NULL;
    if (pln__array_is_ours(&taken)) {
        *out = taken;
        return PLN_OK;
    }
    struct ArrowArray made = {0};
    pln_status status = copy_tree(mem, &taken, false, &made, err);
    if (status < 0) {
        pln__array_release(&taken);
        *out = (struct ArrowArray){0};
        return status;
    }
    ((node *)made.private_data)->home->foreign = taken;
    *out = made;
    return PLN_OK;
}

static void cut(struct ArrowArray *array, int64_t offset, int64_t length) {
    if (array->null_count == array->length && array->length > 0)
        array->null_count = length;
    else if (array->null_count != 0 && length != array->length)
        array->null_count = length == 0 ? 0 : -1;
    array->offset += offset;
    array->length = length;
}

static pln_status check_range(const struct ArrowArray *array, int64_t offset, int64_t length,
                              pln_error *err) {
    if (offset >= 0 && length >= 0 && offset <= array->length && length <= array->length - offset)
        return PLN_OK;
    return pln__error_set(err, PLN_EINVAL, "rows %lld and %lld more: there are %lld rows",
                          (long long)offset, (long long)length, (long long)array->length);
}

pln_status pln__array_slice(const pln_allocator *mem, const struct ArrowArray *array,
                            int64_t offset, int64_t length, struct ArrowArray *out,
                            pln_error *err) {
    memset(out, 0, sizeof *out);
    pln_status status = check_range(array, offset, length, err);
    if (status == PLN_OK)
        status = copy_tree(mem, array, true, out, err);
    if (status == PLN_OK)
        cut(out, offset, length);
    return status;
}

pln_status pln__rows_slice(const pln_allocator *mem, const struct ArrowArray *batch, int64_t offset,
                           int64_t length, struct ArrowArray *out, pln_error *err) {
    memset(out, 0, sizeof *out);
    pln_status status = check_range(batch, offset, length, err);
    for (int64_t i = 0; status == PLN_OK && i < batch->n_children; i++)
        status = check_range(batch->children[i], batch->offset + offset, length, err);
    if (status == PLN_OK)
        status = copy_tree(mem, batch, true, out, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < out->n_children; i++)
        cut(out->children[i], batch->offset + offset, length);
    out->offset = 0;
    out->length = length;
    return PLN_OK;
}

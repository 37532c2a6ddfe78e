#include "window/key_groups.h"
#include "base/little.h"

#define AHEAD 16 /* keys whose slots are fetched together */

static const uint8_t *key_of(const pln__key_groups *g, int64_t group) {
    return g->keys + group * PLN_KEY_SIZE;
}

/* Keys are hashes, or integers as they are: the multiplication spreads those (D. E. Knuth, The Art of Computer Programming 6.4). */
static inline uint64_t slot_of(const pln__key_groups *g, const uint8_t *key) {
    return ((pln__load_le64(key) ^ pln__load_le64(key + 8)) * 0x9e3779b97f4a7c15u) >> g->shift;
}

static inline bool same_key(const uint8_t *a, const uint8_t *b) {
    uint64_t x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return x[0] == y[0] && x[1] == y[1];
}

static uint64_t columns_size(const pln__key_groups *g, uint64_t one) {
    return (uint64_t)(g->keys_schema->n_children + 1) * one;
}

pln_status pln__key_groups_init(pln__key_groups *g, const pln_allocator *mem,
                                const struct ArrowSchema *keys_schema, pln_error *err) {
    *g = (pln__key_groups){.mem = mem, .keys_schema = keys_schema};
    g->tail = pln__calloc(mem, 1, columns_size(g, sizeof *g->tail));
    if (g->tail == NULL)
        return pln__error_memory(err, columns_size(g, sizeof *g->tail));
    for (int64_t c = 0; c < keys_schema->n_children; c++) {
        pln_status status = pln__column_init(mem, keys_schema->children[c], &g->tail[c], err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static void chunk_free(const pln__key_groups *g, pln__key_chunk *chunk) {
    for (int64_t c = 0; chunk->columns != NULL && c < g->keys_schema->n_children; c++)
        pln__array_release(&chunk->columns[c]);
    pln__free(g->mem, chunk->columns, columns_size(g, sizeof *chunk->columns));
}

void pln__key_groups_free(pln__key_groups *g) {
    if (g->mem == NULL)
        return;
    for (int64_t i = 0; i < g->n_chunks; i++)
        chunk_free(g, &g->chunks[i]);
    pln__free(g->mem, g->chunks, (uint64_t)g->chunks_capacity * sizeof *g->chunks);
    for (int64_t c = 0; g->tail != NULL && c < g->keys_schema->n_children; c++)
        if (g->tail[c].mem != NULL)
            pln__column_free(&g->tail[c]);
    pln__free(g->mem, g->tail, columns_size(g, sizeof *g->tail));
    pln__free(g->mem, g->slots, g->n_slots * sizeof *g->slots);
    pln__free(g->mem, g->keys, (uint64_t)g->capacity * PLN_KEY_SIZE);
    *g = (pln__key_groups){0};
}

int64_t pln__key_groups_bytes(const pln__key_groups *g) {
    return (int64_t)(g->n_slots * sizeof *g->slots) + g->capacity * PLN_KEY_SIZE;
}

/* ---- keys ---- */

static void place(pln__key_groups *g, int64_t group) {
    uint64_t at = slot_of(g, key_of(g, group));
    while (g->slots[at] != 0)
        at = (at + 1) & (g->n_slots - 1);
    g->slots[at] = (uint32_t)group + 1;
}

/* At most half of the slots are taken. */
static pln_status room_for(pln__key_groups *g, int64_t n, pln_error *err) {
    pln_status status = pln__grow(g->mem, &g->keys, &g->capacity, g->n + n, PLN_KEY_SIZE, err);
    if (status < 0 || (uint64_t)(g->n + n) * 2 <= g->n_slots)
        return status;
    if (g->n + n > INT32_MAX / 2)
        return pln__error_set(err, PLN_ELIMIT, "a window of more than %d keys", INT32_MAX / 2);
    uint64_t wanted = g->n_slots == 0 ? 16 : g->n_slots;
    while (wanted < (uint64_t)(g->n + n) * 2)
        wanted *= 2;
    uint32_t *slots = pln__calloc(g->mem, wanted, sizeof *slots);
    if (slots == NULL)
        return pln__error_memory(err, wanted * sizeof *slots);
    pln__free(g->mem, g->slots, g->n_slots * sizeof *g->slots);
    g->slots = slots;
    g->n_slots = wanted;
    g->shift = 64 - __builtin_ctzll(wanted);
    for (int64_t i = 0; i < g->n; i++)
        place(g, i);
    return PLN_OK;
}

static inline int32_t look_up(const pln__key_groups *g, const uint8_t *key, uint64_t *slot) {
    uint64_t at = slot_of(g, key);
    while (g->slots[at] != 0) {
        int32_t group = (int32_t)g->slots[at] - 1;
        if (same_key(key_of(g, group), key))
            return group;
        at = (at + 1) & (g->n_slots - 1);
    }
    *slot = at;
    return -1;
}

int32_t pln__key_groups_get(const pln__key_groups *g, const uint8_t *key) {
    uint64_t slot = 0;
    return g->n_slots == 0 ? -1 : look_up(g, key, &slot);
}

static int32_t add_key(pln__key_groups *g, const uint8_t *key, uint64_t slot) {
    int32_t group = (int32_t)g->n++;
    memcpy(g->keys + (int64_t)group * PLN_KEY_SIZE, key, PLN_KEY_SIZE);
    g->slots[slot] = (uint32_t)group + 1;
    return group;
}

/* Undo of add_key for the last group: values could not be kept. */
static void drop_last(pln__key_groups *g, uint64_t slot) {
    g->n--;
    g->slots[slot] = 0;
}

static pln_status take_values(pln__key_groups *g, const pln__group_rows *from, int64_t i,
                              pln_error *err) {
    int64_t row = from->rows == NULL ? from->first + i : from->rows[i];
    for (int64_t c = 0; c < g->keys_schema->n_children; c++) {
        int64_t before = g->tail[c].length;
        pln_status status =
            pln__column_copy(&g->tail[c], from->batch->children[from->key_columns[c]], row, err);
        if (status < 0) {
            pln__column_truncate(&g->tail[c], before);
            for (int64_t done = 0; done < c; done++)
                pln__column_truncate(&g->tail[done], before);
            return status;
        }
    }
    return PLN_OK;
}

static pln_status find_some(pln__key_groups *g, const uint8_t *keys, const pln__group_rows *from,
                            int64_t first, int64_t n, int32_t *out, pln_error *err) {
    for (int64_t i = first; i < first + n; i++)
        __builtin_prefetch(&g->slots[slot_of(g, keys + i * PLN_KEY_SIZE)]);
    for (int64_t i = first; i < first + n; i++) {
        uint64_t slot = 0;
        const uint8_t *key = keys + i * PLN_KEY_SIZE;
        out[i] = look_up(g, key, &slot);
        if (out[i] >= 0)
            continue;
        out[i] = add_key(g, key, slot);
        pln_status status = take_values(g, from, i, err);
        if (status < 0) {
            drop_last(g, slot);
            return status;
        }
    }
    return PLN_OK;
}

pln_status pln__key_groups_find(pln__key_groups *g, const uint8_t *keys,
                                const pln__group_rows *from, int32_t *out, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < from->n && status >= 0; i += AHEAD) {
        int64_t n = from->n - i < AHEAD ? from->n - i : AHEAD;
        status = room_for(g, n, err);
        if (status >= 0)
            status = find_some(g, keys, from, i, n, out, err);
    }
    return status;
}

/* ---- values ---- */

/* The later of the last two chunks joins the one before while it is not much smaller: so there are few, and each value is copied few times. */
static pln_status join_last(pln__key_groups *g, pln_error *err) {
    pln__key_chunk *a = &g->chunks[g->n_chunks - 2], *b = a + 1;
    pln_status status = PLN_OK;
    for (int64_t c = 0; c < g->keys_schema->n_children && status >= 0; c++) {
        const struct ArrowArray *both[] = {&a->columns[c], &b->columns[c]};
        struct ArrowArray joined = {0};
        if (a->columns[c].length != a->n)
            continue; /* done by an earlier try */
        status = pln__array_concat(g->mem, g->keys_schema->children[c], both, 2, &joined, err);
        if (status < 0)
            return status;
        pln__array_release(&a->columns[c]);
        a->columns[c] = joined;
    }
    a->n += b->n;
    chunk_free(g, b);
    g->n_chunks--;
    return PLN_OK;
}

static pln_status settle(pln__key_groups *g, pln_error *err) {
    pln_status status = PLN_OK;
    pln__key_chunk chunk = {0};
    const pln__key_chunk *last = g->n_chunks == 0 ? NULL : &g->chunks[g->n_chunks - 1];
    if (g->keys_schema->n_children == 0)
        return PLN_OK;
    chunk.first = last == NULL ? 0 : last->first + last->n;
    chunk.n = g->n - chunk.first;
    if (chunk.n == 0)
        return PLN_OK;
    PLN__TRY(pln__grow(g->mem, &g->chunks, &g->chunks_capacity, g->n_chunks + 1, sizeof *g->chunks,
                       err));
    chunk.columns = pln__calloc(g->mem, 1, columns_size(g, sizeof *chunk.columns));
    if (chunk.columns == NULL)
        PLN__TRY(pln__error_memory(err, columns_size(g, sizeof *chunk.columns)));
    for (int64_t c = 0; c < g->keys_schema->n_children; c++)
        PLN__TRY(pln__column_finish(&g->tail[c], &chunk.columns[c], err));
    g->chunks[g->n_chunks++] = chunk;
    chunk.columns = NULL;
    while (g->n_chunks > 1 && g->chunks[g->n_chunks - 1].n >= g->chunks[g->n_chunks - 2].n / 2)
        PLN__TRY(join_last(g, err));
out:
    if (chunk.columns != NULL)
        chunk_free(g, &chunk);
    return status;
}

static const pln__key_chunk *chunk_with(const pln__key_groups *g, int64_t group) {
    int64_t i = g->n_chunks - 1;
    while (group < g->chunks[i].first)
        i--;
    return &g->chunks[i];
}

pln_status pln__key_groups_values(pln__key_groups *g, int64_t c, const int32_t *groups, int64_t n,
                                  pln__column *out, pln_error *err) {
    pln_status status = settle(g, err);
    for (int64_t i = 0; i < n && status >= 0; i++) {
        int64_t group = groups == NULL ? i : groups[i];
        const pln__key_chunk *chunk = chunk_with(g, group);
        status = pln__column_copy(out, &chunk->columns[c], group - chunk->first, err);
    }
    return status;
}

pln_status pln__key_groups_adopt(pln__key_groups *g, pln__key_groups *from, const int32_t *groups,
                                 int64_t n, int32_t *out, pln_error *err) {
    pln_status status = settle(from, err);
    for (int64_t i = 0; i < n && status >= 0; i++) {
        int64_t group = groups == NULL ? i : groups[i];
        uint64_t slot = 0;
        if ((status = room_for(g, 1, err)) < 0)
            break;
        out[i] = look_up(g, key_of(from, group), &slot);
        if (out[i] >= 0)
            continue;
        out[i] = add_key(g, key_of(from, group), slot);
        const pln__key_chunk *chunk = from->n_chunks == 0 ? NULL : chunk_with(from, group);
        for (int64_t c = 0; c < g->keys_schema->n_children && status >= 0; c++)
            status = pln__column_copy(&g->tail[c], &chunk->columns[c], group - chunk->first, err);
    }
    return status;
}

/* ---- as bytes ---- */

pln_status pln__key_groups_write(pln__key_groups *g, pln__buffer *out, pln_error *err) {
    uint8_t word[8];
    pln_status status = settle(g, err);
    if (status < 0)
        return status;
    while (g->n_chunks > 1)
        PLN__TRY(join_last(g, err));
    pln__store_le64(word, (uint64_t)g->n);
    PLN__TRY(pln__buffer_append(g->mem, out, word, 8, err));
    PLN__TRY(pln__buffer_append(g->mem, out, g->keys, g->n * PLN_KEY_SIZE, err));
    for (int64_t c = 0; c < g->keys_schema->n_children && g->n > 0; c++) {
        int64_t at = out->size;
        PLN__TRY(pln__buffer_append(g->mem, out, word, 8, err));
        PLN__TRY(pln__array_write(g->mem, g->keys_schema->children[c], &g->chunks[0].columns[c],
                                  out, err));
        pln__store_le64(out->data + at, (uint64_t)(out->size - at - 8));
    }
out:
    return status;
}

static pln_status damaged(pln_error *err, const char *what) {
    return pln__error_set(err, PLN_ECORRUPT, "groups: %s is damaged", what);
}

static pln_status read_column(pln__key_groups *g, int64_t c, const uint8_t **at, int64_t *left,
                              pln__key_chunk *chunk, pln_error *err) {
    if (*left < 8)
        return damaged(err, "the size of a column");
    int64_t size = (int64_t)pln__load_le64(*at);
    *at += 8;
    *left -= 8;
    if (size < 0 || size > *left)
        return damaged(err, "the size of a column");
    pln_status status =
        pln__array_read(g->mem, g->keys_schema->children[c], *at, size, &chunk->columns[c], err);
    if (status == PLN_EDATA)
        return damaged(err, "a column");
    if (status < 0)
        return status;
    *at += size;
    *left -= size;
    return chunk->columns[c].length == chunk->n ? PLN_OK : damaged(err, "the length of a column");
}

pln_status pln__key_groups_read(pln__key_groups *g, const uint8_t *bytes, int64_t size,
                                int64_t *used, pln_error *err) {
    pln_status status = PLN_OK;
    const uint8_t *at = bytes + 8;
    int64_t left = size - 8;
    pln__key_chunk chunk = {0};
    if (size < 8)
        return damaged(err, "the count");
    chunk.n = (int64_t)pln__load_le64(bytes);
    if (chunk.n < 0 || chunk.n > left / PLN_KEY_SIZE)
        return damaged(err, "the count");
    PLN__TRY(room_for(g, chunk.n, err));
    for (int64_t i = 0; i < chunk.n; i++, at += PLN_KEY_SIZE, left -= PLN_KEY_SIZE) {
        uint64_t slot = 0;
        if (look_up(g, at, &slot) >= 0)
            PLN__TRY(damaged(err, "a key, which comes twice,"));
        add_key(g, at, slot);
    }
    if (chunk.n > 0 && g->keys_schema->n_children > 0) {
        PLN__TRY(pln__grow(g->mem, &g->chunks, &g->chunks_capacity, 1, sizeof *g->chunks, err));
        chunk.columns = pln__calloc(g->mem, 1, columns_size(g, sizeof *chunk.columns));
        if (chunk.columns == NULL)
            PLN__TRY(pln__error_memory(err, columns_size(g, sizeof *chunk.columns)));
        for (int64_t c = 0; c < g->keys_schema->n_children; c++)
            PLN__TRY(read_column(g, c, &at, &left, &chunk, err));
        g->chunks[g->n_chunks++] = chunk;
        chunk.columns = NULL;
    }
    *used = at - bytes;
out:
    if (chunk.columns != NULL)
        chunk_free(g, &chunk);
    return status;
}

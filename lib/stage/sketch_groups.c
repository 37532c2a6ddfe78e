/* Groups of rows, and the sketches of each. */
#include "stage/sketch_stage.h"

/* ---- groups ---- */

static pln_status make_schema(pln__sketch_groups *g, const struct ArrowSchema *in, pln_error *err) {
    pln_status status;
    int64_t n = g->n_keys;
    PLN__TRY(pln__field_new(g->mem, "+s", "", false, n + 1 + g->n_wishes, &g->out, err));
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(
            pln__schema_copy(g->mem, in->children[g->key_columns[i]], g->out.children[i], err));
    PLN__TRY(pln__field_new(g->mem, "l", "rows", false, 0, g->out.children[n], err));
    for (int64_t i = 0; i < g->n_wishes; i++)
        PLN__TRY(pln__field_new(g->mem, "z", g->wishes[i].name, true, 0, g->out.children[n + 1 + i],
                                err));
    PLN__TRY(pln__schema_check(&g->out, err));
out:
    return status;
}

static pln_status keys_of(const pln__sketch_groups *g, const struct ArrowSchema *schema,
                          const char *const *names, pln_keys **out, pln_error *err) {
    pln_keys_options options;
    pln_keys_options_init(&options, sizeof options);
    options.secret = g->secret;
    options.secret_size = sizeof g->secret;
    return pln__keys_new(g->mem, schema, names, g->n_keys, &options, out, err);
}

pln_status pln__sketch_groups_open(pln__sketch_groups *g, const struct ArrowSchema *in,
                                   const char *const *key_names, int64_t n, pln_error *err) {
    pln_status status;
    g->n_keys = n;
    g->key_columns = pln__calloc(g->mem, (uint64_t)n + 1, sizeof *g->key_columns);
    g->index = pln__map_new(g->mem, 0);
    if (g->key_columns == NULL || g->index == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *g->key_columns);
    for (int64_t i = 0; i < n; i++) {
        g->key_columns[i] = pln__schema_find(in, key_names[i]);
        if (g->key_columns[i] < 0)
            return pln__schema_find_error(in, key_names[i], err);
    }
    PLN__TRY(make_schema(g, in, err));
    if (n > 0)
        PLN__TRY(keys_of(g, in, key_names, &g->keys, err));
    g->key_values = pln__calloc(g->mem, (uint64_t)n + 1, sizeof *g->key_values);
    if (g->key_values == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *g->key_values);
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(pln__column_init(g->mem, g->out.children[i], &g->key_values[i], err));
out:
    return status;
}

static void free_group(const pln__sketch_groups *g, pln__sketch_group *group) {
    for (int64_t i = 0; group->sketches != NULL && i < g->n_wishes; i++)
        if (group->sketches[i] != NULL)
            group->kinds[i]->free(group->sketches[i]);
    uint64_t n = (uint64_t)g->n_wishes + 1;
    pln__free(g->mem, group->sketches, n * sizeof *group->sketches);
    pln__free(g->mem, group->kinds, n * sizeof *group->kinds);
}

static void free_groups(pln__sketch_groups *g) {
    for (int64_t i = 0; i < g->n; i++)
        free_group(g, &g->list[i]);
    g->n = 0;
}

pln_status pln__sketch_groups_clear(pln__sketch_groups *g, pln_error *err) {
    pln__map *index = pln__map_new(g->mem, 0);
    if (index == NULL)
        return pln__error_memory(err, 1);
    pln__map_free(g->index);
    g->index = index;
    free_groups(g);
    for (int64_t i = 0; i < g->n_keys; i++)
        pln__column_truncate(&g->key_values[i], 0);
    return PLN_OK;
}

void pln__sketch_groups_close(pln__sketch_groups *g) {
    free_groups(g);
    pln__free(g->mem, g->list, (uint64_t)g->capacity * sizeof *g->list);
    pln__free(g->mem, g->key_columns, (uint64_t)(g->n_keys + 1) * sizeof *g->key_columns);
    pln__free(g->mem, g->group_of, (uint64_t)g->group_of_capacity * sizeof *g->group_of);
    pln__free(g->mem, g->order, (uint64_t)g->order_capacity * sizeof *g->order);
    pln_keys_free(g->keys);
    pln__map_free(g->index);
    for (int64_t i = 0; g->key_values != NULL && i < g->n_keys; i++)
        if (g->key_values[i].mem != NULL)
            pln__column_free(&g->key_values[i]);
    pln__free(g->mem, g->key_values, (uint64_t)(g->n_keys + 1) * sizeof *g->key_values);
    pln__schema_release(&g->out);
    pln__buffer_free(g->mem, &g->scratch);
}

/* ---- rows to groups ---- */

static pln_status new_group(pln__sketch_groups *g, const struct ArrowArray *rows, int64_t row,
                            const uint8_t *key, pln_error *err) {
    pln_status status;
    pln__sketch_group group = {0};
    uint64_t n = (uint64_t)g->n_wishes + 1;
    int64_t before = g->n;
    PLN__TRY(pln__grow(g->mem, &g->list, &g->capacity, g->n + 1, sizeof *g->list, err));
    group.sketches = pln__calloc(g->mem, n, sizeof *group.sketches);
    group.kinds = pln__calloc(g->mem, n, sizeof *group.kinds);
    if (group.sketches == NULL || group.kinds == NULL)
        PLN__TRY(pln__error_memory(err, n * sizeof *group.kinds));
    for (int64_t i = 0; i < g->n_keys; i++)
        PLN__TRY(pln__column_copy(&g->key_values[i], rows->children[g->key_columns[i]], row, err));
    PLN__TRY(pln__map_put(g->index, key, PLN_KEY_SIZE, g->n, err));
    g->list[g->n++] = group;
    return PLN_OK;
out:
    for (int64_t i = 0; i < g->n_keys; i++)
        pln__column_truncate(&g->key_values[i], before);
    free_group(g, &group);
    return status;
}

pln_status pln__sketch_groups_find(pln__sketch_groups *g, const struct ArrowArray *rows,
                                   pln_error *err) {
    static const uint8_t no_key[PLN_KEY_SIZE] = {0};
    pln_status status;
    int64_t n = rows->length, group = 0;
    PLN__TRY(
        pln__grow(g->mem, &g->group_of, &g->group_of_capacity, n + 1, sizeof *g->group_of, err));
    g->scratch.size = 0;
    PLN__TRY(pln__buffer_reserve(g->mem, &g->scratch, n * PLN_KEY_SIZE + 1, err));
    if (g->keys != NULL)
        PLN__TRY(pln_keys_batch(g->keys, rows, g->scratch.data, err));
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *key = g->keys == NULL ? no_key : g->scratch.data + i * PLN_KEY_SIZE;
        if (!pln__map_get(g->index, key, PLN_KEY_SIZE, &group)) {
            group = g->n;
            PLN__TRY(new_group(g, rows, i, key, err));
        }
        g->group_of[i] = (int32_t)group;
    }
out:
    return status;
}

/* The keys of rows are those of their values, wherever the columns stand. */
pln_status pln__sketch_groups_restore(pln__sketch_groups *g, const struct ArrowArray *rows,
                                      pln_error *err) {
    uint64_t n = (uint64_t)g->n_keys + 1;
    pln_keys *of_input = g->keys;
    int64_t *in_input = g->key_columns, *here = pln__calloc(g->mem, n, sizeof *here);
    const char **names = pln__calloc(g->mem, n, sizeof *names);
    pln_status status;
    g->keys = NULL;
    if (here == NULL || names == NULL)
        PLN__TRY(pln__error_memory(err, n * sizeof *names));
    for (int64_t i = 0; i < g->n_keys; i++) {
        here[i] = i;
        names[i] = g->out.children[i]->name;
    }
    if (g->n_keys > 0)
        PLN__TRY(keys_of(g, &g->out, names, &g->keys, err));
    g->key_columns = here;
    PLN__TRY(pln__sketch_groups_find(g, rows, err));
out:
    pln_keys_free(g->keys);
    g->keys = of_input;
    g->key_columns = in_input;
    pln__free(g->mem, here, n * sizeof *here);
    pln__free(g->mem, names, n * sizeof *names);
    return status;
}

/* ---- values ---- */

static pln_status sketch_of(pln__sketch_groups *g, int64_t group, int64_t wish, pln_error *err) {
    pln__sketch_group *found = &g->list[group];
    if (found->sketches[wish] != NULL)
        return PLN_OK;
    found->kinds[wish] = g->wishes[wish].kind;
    return found->kinds[wish]->make(g->mem, &g->wishes[wish], &found->sketches[wish], err);
}

static int by_group(const void *a, const void *b, const void *context) {
    const int32_t *group_of = context, x = *(const int32_t *)a, y = *(const int32_t *)b;
    return group_of[x] != group_of[y] ? (group_of[x] > group_of[y]) - (group_of[x] < group_of[y])
                                      : (x > y) - (x < y);
}

/* The batch's rows by group, each group's in their order; what it costs goes with the rows and not with the groups there are. */
static pln_status sort_rows(pln__sketch_groups *g, int64_t n, pln_error *err) {
    pln_status status =
        pln__grow(g->mem, &g->order, &g->order_capacity, n + 1, sizeof *g->order, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < n; i++)
        g->order[i] = (int32_t)i;
    if (g->n > 1)
        pln__sort(g->order, n, sizeof *g->order, by_group, g->group_of);
    return PLN_OK;
}

/* Rows order[from, from + n), which are of one group. */
static pln_status add_rows(pln__sketch_groups *g, const struct ArrowSchema *in,
                           const struct ArrowArray *rows, const int64_t *columns, int64_t from,
                           int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowArray some = {0};
    int64_t group = g->group_of[g->order[from]];
    g->list[group].rows += n;
    g->list[group].kept = true;
    for (int64_t w = 0; w < g->n_wishes; w++) {
        const struct ArrowArray *column = rows->children[columns[w]];
        const struct ArrowSchema *field = in->children[columns[w]];
        PLN__TRY(sketch_of(g, group, w, err));
        void *sketch = g->list[group].sketches[w];
        if (n == rows->length) {
            PLN__TRY(g->wishes[w].kind->add(sketch, field, column, err));
            continue;
        }
        PLN__TRY(pln__array_take(g->mem, field, column, g->order + from, n, &some, err));
        PLN__TRY(g->wishes[w].kind->add(sketch, field, &some, err));
        pln__array_release(&some);
    }
out:
    pln__array_release(&some);
    return status;
}

pln_status pln__sketch_groups_add(pln__sketch_groups *g, const struct ArrowSchema *in,
                                  const struct ArrowArray *rows, const int64_t *columns,
                                  pln_error *err) {
    pln_status status = sort_rows(g, rows->length, err);
    for (int64_t from = 0, end; from < rows->length && status == PLN_OK; from = end) {
        for (end = from + 1; end < rows->length; end++)
            if (g->group_of[g->order[end]] != g->group_of[g->order[from]])
                break;
        status = add_rows(g, in, rows, columns, from, end - from, err);
    }
    return status;
}

/* ---- sketches that come as bytes ---- */

typedef struct cell {
    void *sketch; /* NULL: a null */
    const pln__sketch_kind *kind;
} cell;

/* The sketch of one cell, and into it what the group has. */
static pln_status read_cell(const pln__sketch_groups *g, const pln__sketch_group *group,
                            int64_t wish, const struct ArrowArray *column, int64_t row, cell *out,
                            pln_error *err) {
    static const pln__type binary = {.id = PLN__BINARY};
    int64_t size;
    if (!pln__array_valid(column, row))
        return PLN_OK;
    const uint8_t *bytes = pln__array_bytes(&binary, column, row, &size);
    out->kind = pln__sketch_kind_of(bytes, size);
    if (out->kind == NULL) {
        char shown[PLN__SHOW_SIZE];
        return pln__error_set(err, PLN_EDATA, "begins with %s, which is no sketch's",
                              pln__show(shown, bytes, size < 4 ? size : 4));
    }
    pln_status status = out->kind->read(g->mem, &g->wishes[wish], bytes, size, &out->sketch, err);
    if (status < 0 || group->sketches[wish] == NULL)
        return status;
    if (out->kind != group->kinds[wish])
        return pln__error_set(err, PLN_ETYPE, "a sketch %s, those before it were %s",
                              out->kind->name, group->kinds[wish]->name);
    return out->kind->merge(out->sketch, group->sketches[wish], err);
}

pln_status pln__sketch_groups_merge(pln__sketch_groups *g, const struct ArrowArray *rows,
                                    const int64_t *columns, int64_t row, int64_t count,
                                    int64_t *bad, pln_error *err) {
    pln_status status = PLN_OK;
    pln__sketch_group *group = &g->list[g->group_of[row]];
    uint64_t n = (uint64_t)g->n_wishes + 1;
    cell *cells = pln__calloc(g->mem, n, sizeof *cells);
    if (cells == NULL)
        return pln__error_memory(err, n * sizeof *cells);
    for (*bad = 0; *bad < g->n_wishes; ++*bad)
        PLN__TRY(read_cell(g, group, *bad, rows->children[columns[*bad]], row, &cells[*bad], err));
    group->rows = pln__add_clamped(group->rows, count);
    group->kept = true;
    for (int64_t w = 0; w < g->n_wishes; w++) {
        void *old = group->sketches[w];
        if (cells[w].sketch == NULL)
            continue;
        group->sketches[w] = cells[w].sketch;
        group->kinds[w] = cells[w].kind;
        cells[w].sketch = old;
    }
out:
    for (int64_t w = 0; w < g->n_wishes; w++)
        if (cells[w].sketch != NULL)
            cells[w].kind->free(cells[w].sketch);
    pln__free(g->mem, cells, n * sizeof *cells);
    return status;
}

/* ---- groups as rows ---- */

/* The writer keeps its values: what it gave goes back into it. */
static pln_status key_column(pln__sketch_groups *g, int64_t i, struct ArrowArray *out,
                             pln_error *err) {
    pln_status status = pln__column_finish(&g->key_values[i], out, err);
    for (int64_t row = 0; row < out->length && status == PLN_OK; row++)
        status = pln__column_copy(&g->key_values[i], out, row, err);
    return status;
}

static pln_status rows_column(const pln__sketch_groups *g, struct ArrowArray *out, pln_error *err) {
    pln__column column = {0};
    pln_status status;
    PLN__TRY(pln__column_init(g->mem, g->out.children[g->n_keys], &column, err));
    for (int64_t k = 0; k < g->n; k++)
        PLN__TRY(pln_column_int(&column, g->list[k].rows, err));
    PLN__TRY(pln__column_finish(&column, out, err));
out:
    if (column.mem != NULL)
        pln__column_free(&column);
    return status;
}

static pln_status sketch_column(pln__sketch_groups *g, int64_t wish, struct ArrowArray *out,
                                pln_error *err) {
    pln__column column = {0};
    pln_status status;
    PLN__TRY(pln__column_init(g->mem, g->out.children[g->n_keys + 1 + wish], &column, err));
    for (int64_t k = 0; k < g->n; k++) {
        const pln__sketch_group *group = &g->list[k];
        if (group->sketches[wish] == NULL) {
            PLN__TRY(pln_column_null(&column, err));
            continue;
        }
        int64_t size = group->kinds[wish]->size(group->sketches[wish]);
        g->scratch.size = 0;
        PLN__TRY(pln__buffer_reserve(g->mem, &g->scratch, size, err));
        PLN__TRY(group->kinds[wish]->write(group->sketches[wish], g->scratch.data, size, err));
        PLN__TRY(pln_column_bytes(&column, g->scratch.data, size, err));
    }
    PLN__TRY(pln__column_finish(&column, out, err));
out:
    if (column.mem != NULL)
        pln__column_free(&column);
    return status;
}

/* Without the groups whose rows have all been rejected. */
static pln_status drop_empty(pln__sketch_groups *g, struct ArrowArray *rows, pln_error *err) {
    struct ArrowArray full = {0};
    int64_t kept = 0;
    pln_status status =
        pln__grow(g->mem, &g->order, &g->order_capacity, g->n + 1, sizeof *g->order, err);
    for (int64_t k = 0; k < g->n && status == PLN_OK; k++)
        if (g->list[k].kept)
            g->order[kept++] = (int32_t)k;
    if (status < 0 || kept == g->n)
        return status;
    status = pln__array_take(g->mem, &g->out, rows, g->order, kept, &full, err);
    if (status < 0)
        return status;
    pln__array_release(rows);
    *rows = full;
    return PLN_OK;
}

pln_status pln__sketch_groups_rows(pln__sketch_groups *g, struct ArrowArray *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t n = g->n_keys + 1 + g->n_wishes;
    struct ArrowArray *columns = pln__calloc(g->mem, (uint64_t)n, sizeof *columns);
    if (columns == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *columns);
    for (int64_t i = 0; i < g->n_keys; i++)
        PLN__TRY(key_column(g, i, &columns[i], err));
    PLN__TRY(rows_column(g, &columns[g->n_keys], err));
    for (int64_t w = 0; w < g->n_wishes; w++)
        PLN__TRY(sketch_column(g, w, &columns[g->n_keys + 1 + w], err));
    PLN__TRY(pln__array_struct(g->mem, g->n, columns, n, out, err));
    status = drop_empty(g, out, err);
    if (status < 0)
        pln__array_release(out);
out:
    for (int64_t i = 0; i < n; i++)
        pln__array_release(&columns[i]);
    pln__free(g->mem, columns, (uint64_t)n * sizeof *columns);
    return status;
}

/* State under keys: from batches of a node to rows of the state file, and back. */
#include "run/run.h"
#include <pln/builder.h>

/* So many rows go with each put, and with each epoch: what is forgotten goes as fast as new keys come. */
enum { SWEPT_PER_PUT = 4096, SWEPT_PER_EPOCH = 65536 };

static const struct {
    const char *name, *format;
    bool nullable;
} fields[2][2] = {{{"key", "z", false}, {NULL, NULL, false}},
                  {{"value", "z", true}, {"expires", "l", true}}};

pln__schema *pln__keyed_schema(pln_run *run, int32_t port, pln_error *err) {
    int which = port == PLN_KEYED_VALUES;
    struct ArrowSchema schema = {0};
    pln_status status = PLN_OK;
    if (run->keyed_schemas[which] != NULL)
        return run->keyed_schemas[which];
    PLN__TRY(pln__field_new(run->mem, "+s", "", false, which + 1, &schema, err));
    for (int i = 0; i <= which; i++)
        PLN__TRY(pln__field_new(run->mem, fields[which][i].format, fields[which][i].name,
                                fields[which][i].nullable, 0, schema.children[i], err));
    status = pln__schema_share(run->mem, &schema, &run->keyed_schemas[which], err);
    return status < 0 ? NULL : run->keyed_schemas[which];
out:
    pln__schema_release(&schema);
    return NULL;
}

static pln_status legal(pln__run_node *node, pln_error *err) {
    const pln_run *run = node->run;
    if (run->state_path == NULL)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "keyed state of node '%s': the run has no state file",
                              node->node->name);
    return run->state != NULL && run->settled
               ? PLN_OK
               : pln__error_set(err, PLN_ECONTRACT,
                                "keyed state of node '%s': not before the run is resumed, in load",
                                node->node->name);
}

/* ---- batches ---- */

/* Batches of one call as items of the store, in the order of their keys. */
typedef struct items {
    pln__run_node *node;
    pln__keyed *list;
    int32_t *rows; /* of each item */
    int64_t n;
    const struct ArrowArray *keys;
} items;

static void items_free(items *all) {
    const pln_allocator *mem = all->node->run->mem;
    pln__free(mem, all->list, (uint64_t)(all->n + 1) * sizeof *all->list);
    pln__free(mem, all->rows, (uint64_t)(all->n + 1) * sizeof *all->rows);
}

static const void *bytes_at(const struct ArrowArray *column, int64_t row, int64_t *size) {
    const int32_t *ends = (const int32_t *)column->buffers[1] + column->offset + row;
    *size = ends[1] - ends[0];
    return *size == 0 ? "" : (const char *)column->buffers[2] + ends[0];
}

static pln_status check_batch(pln__run_node *node, const pln_batch *batch, int32_t port,
                              pln_error *err) {
    const pln__schema *schema = pln__keyed_schema(node->run, port, err);
    if (schema == NULL)
        return PLN_ENOMEM;
    if (pln__batch_schema_ref(batch) == schema ||
        pln__schema_equal(pln_batch_schema(batch), pln__schema_get(schema)))
        return PLN_OK;
    return pln__error_set(err, PLN_ECONTRACT, "keyed state of node '%s': %s of another schema",
                          node->node->name, port == PLN_KEYED_KEYS ? "keys" : "values");
}

static pln_status too_large(const items *all, const pln__keyed *item, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    const char *node = all->node->node->name;
    if (item->key_size < 1 || item->key_size > PLN_KEYED_KEY_MAX)
        return pln__error_set(err, PLN_ELIMIT,
                              "keyed state of node '%s': key %s has %lld bytes, expected 1 to %d",
                              node, pln__show(shown, item->key, item->key_size),
                              (long long)item->key_size, PLN_KEYED_KEY_MAX);
    return pln__error_set(
        err, PLN_ELIMIT, "keyed state of node '%s': the value of key %s has %lld bytes, at most %d",
        node, pln__show(shown, item->key, item->key_size), (long long)item->value_size,
        PLN_KEYED_VALUE_MAX);
}

/* Keys side by side are pages side by side; rows of one key keep their order. */
static int by_key(const void *a, const void *b, const void *context) {
    const items *all = context;
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    int64_t size_x, size_y;
    const void *key_x = bytes_at(all->keys, x, &size_x), *key_y = bytes_at(all->keys, y, &size_y);
    int order = memcmp(key_x, key_y, (size_t)(size_x < size_y ? size_x : size_y));
    if (order == 0)
        order = (size_x > size_y) - (size_x < size_y);
    return order != 0 ? order : (x > y) - (x < y);
}

static pln_status fill(items *all, const struct ArrowArray *values, pln_error *err) {
    for (int64_t i = 0; i < all->n; i++) {
        pln__keyed *item = &all->list[i];
        int64_t row = all->rows[i];
        item->key = bytes_at(all->keys, row, &item->key_size);
        if (values != NULL) {
            const struct ArrowArray *value = values->children[0], *expires = values->children[1];
            if (pln__array_valid(value, row))
                item->value = bytes_at(value, row, &item->value_size);
            item->has_expires = pln__array_valid(expires, row);
            if (item->has_expires)
                item->expires = ((const int64_t *)expires->buffers[1])[expires->offset + row];
        }
        if (item->key_size < 1 || item->key_size > PLN_KEYED_KEY_MAX ||
            item->value_size > PLN_KEYED_VALUE_MAX)
            return too_large(all, item, err);
    }
    return PLN_OK;
}

static pln_status items_of(pln__run_node *node, const pln_batch *keys, const pln_batch *values,
                           items *out, pln_error *err) {
    pln_status status = PLN_OK;
    *out = (items){.node = node};
    PLN__TRY(legal(node, err));
    PLN__TRY(check_batch(node, keys, PLN_KEYED_KEYS, err));
    if (values != NULL)
        PLN__TRY(check_batch(node, values, PLN_KEYED_VALUES, err));
    int64_t n = pln_batch_rows(keys);
    if (n > INT32_MAX || (values != NULL && pln_batch_rows(values) != n))
        PLN__FAIL(err, PLN_ECONTRACT, "keyed state of node '%s': %lld keys for %lld values",
                  node->node->name, (long long)n,
                  (long long)(values == NULL ? n : pln_batch_rows(values)));
    out->n = n;
    out->keys = pln_batch_array(keys)->children[0];
    out->list = pln__calloc(node->run->mem, (uint64_t)n + 1, sizeof *out->list);
    out->rows = pln__calloc(node->run->mem, (uint64_t)n + 1, sizeof *out->rows);
    if (out->list == NULL || out->rows == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)n * sizeof *out->list));
    for (int64_t i = 0; i < n; i++)
        out->rows[i] = (int32_t)i;
    pln__sort(out->rows, n, sizeof *out->rows, by_key, out);
    PLN__TRY(fill(out, values == NULL ? NULL : pln_batch_array(values), err));
out:
    return status;
}

/* ---- what nodes call ---- */

static pln_status keyed_put(pln_context *ctx, pln_batch *keys, pln_batch *values, pln_error *err) {
    pln_status status = PLN_OK;
    pln__run_node *node = pln__run_node_of(ctx);
    pln_run *run = node->run;
    items all;
    PLN__TRY(items_of(node, keys, values, &all, err));
    if (all.n == 0)
        goto out;
    node->keyed_n = run->n + 1;
    PLN__TRY(pln__state_keyed_put(run->state, node->node->name, run->n + 1, all.list, all.n, err));
    if (node->keyed_before > INT64_MIN)
        PLN__TRY(pln__state_keyed_sweep(run->state, node->node->name, node->keyed_before,
                                        SWEPT_PER_PUT, err));
out:
    items_free(&all);
    return status;
}

/* What was found, by row of the keys: in `bytes`, one value behind the other. */
typedef struct finding {
    bool there, has_expires;
    int64_t at, size, expires;
} finding;

typedef struct findings {
    const items *all;
    finding *rows;
    pln__buffer bytes;
} findings;

static pln_status note(void *user, int64_t index, const pln__keyed *found, pln_error *err) {
    findings *f = user;
    finding *row = &f->rows[f->all->rows[index]];
    *row = (finding){true, found->has_expires, f->bytes.size, found->value_size, found->expires};
    return pln__buffer_append(f->all->node->run->mem, &f->bytes, found->value, found->value_size,
                              err);
}

static pln_status build(const findings *f, pln_batch **out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = f->all->node->run->mem;
    pln__schema *schema = f->all->node->run->keyed_schemas[1];
    struct ArrowArray array = {0};
    pln__column column;
    PLN__TRY(pln__column_init(mem, pln__schema_get(schema), &column, err));
    status = pln__column_reserve(&column, f->all->n, 0, err);
    for (int64_t i = 0; i < f->all->n && status >= 0; i++) {
        const finding *row = &f->rows[i];
        pln_column *value = pln_column_child(&column, 0), *expires = pln_column_child(&column, 1);
        status = row->there
                     ? pln_column_bytes(value,
                                        row->size == 0 ? "" : (const char *)f->bytes.data + row->at,
                                        row->size, err)
                     : pln_column_null(value, err);
        if (status >= 0)
            status = row->has_expires ? pln_column_int(expires, row->expires, err)
                                      : pln_column_null(expires, err);
        if (status >= 0)
            status = pln_column_end(&column, err);
    }
    if (status >= 0)
        status = pln__column_finish(&column, &array, err);
    pln__column_free(&column);
    if (status >= 0)
        status = pln__batch_new(mem, schema, &array, out, err);
out:
    return status;
}

static pln_status keyed_get(pln_context *ctx, pln_batch *keys, pln_batch **values, pln_error *err) {
    pln_status status = PLN_OK;
    pln__run_node *node = pln__run_node_of(ctx);
    const pln_allocator *mem = node->run->mem;
    items all;
    findings f = {.all = &all};
    *values = NULL;
    PLN__TRY(items_of(node, keys, NULL, &all, err));
    f.rows = pln__calloc(mem, (uint64_t)all.n + 1, sizeof *f.rows);
    if (f.rows == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)all.n * sizeof *f.rows));
    if (pln__keyed_schema(node->run, PLN_KEYED_VALUES, err) == NULL)
        PLN__TRY(PLN_ENOMEM);
    PLN__TRY(
        pln__state_keyed_get(node->run->state, node->node->name, all.list, all.n, note, &f, err));
    PLN__TRY(build(&f, values, err));
out:
    pln__free(mem, f.rows, (uint64_t)(all.n + 1) * sizeof *f.rows);
    pln__buffer_free(mem, &f.bytes);
    items_free(&all);
    return status;
}

static pln_status keyed_expire(pln_context *ctx, int64_t before, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    /* In open nobody can know yet what the state file has. */
    pln_status status = node->opened || node->run->state_path == NULL ? legal(node, err) : PLN_OK;
    if (status >= 0 && before > node->keyed_pending)
        node->keyed_pending = before;
    return status;
}

void pln__host_keyed(pln_host *host) {
    host->keyed_get = keyed_get;
    host->keyed_put = keyed_put;
    host->keyed_expire = keyed_expire;
}

/* ---- the run ---- */

void pln__keyed_reset(pln_run *run) {
    run->settled = false;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        run->nodes[i].keyed_n = 0;
        run->nodes[i].keyed_before = run->nodes[i].keyed_pending = INT64_MIN;
    }
}

pln_status pln__keyed_settle(pln_run *run, bool fresh, pln_error *err) {
    pln_status status = PLN_OK;
    if (run->state == NULL)
        return PLN_OK;
    for (int32_t i = 0; i < run->n_nodes && !fresh; i++) {
        const pln__run_node *node = &run->nodes[i];
        int64_t last = 0;
        if (node->keyed_n == 0)
            continue;
        PLN__TRY(pln__state_keyed_last(run->state, node->node->name, &last, err));
        if (last < node->keyed_n)
            PLN__FAIL(err, PLN_EDATALOSS,
                      "state file '%s': run '%s' of pipeline '%s': the keyed state that node '%s' "
                      "had in epoch %lld is missing",
                      run->state_path, run->run_key, run->pipeline, node->node->name,
                      (long long)node->keyed_n);
    }
    PLN__TRY(fresh ? pln__state_keyed_clear(run->state, err)
                   : pln__state_keyed_settle(run->state, run->n, err));
    run->settled = true;
out:
    return status;
}

pln_status pln__keyed_prepare(pln_run *run, int64_t n, pln_error *err) {
    for (int32_t i = 0; i < run->n_nodes && run->store != NULL; i++) {
        const pln__run_node *node = &run->nodes[i];
        /* All nodes' puts are in one log, so that one sync makes them all durable. */
        if (node->keyed_n == n)
            return pln__state_keyed_sync(run->state, node->node->name, n, err);
    }
    return PLN_OK;
}

pln_status pln__keyed_committed(pln_run *run, bool done, pln_error *err) {
    pln_status status = PLN_OK;
    bool any = false;
    for (int32_t i = 0; i < run->n_nodes; i++) {
        pln__run_node *node = &run->nodes[i];
        if (node->keyed_n == 0)
            continue;
        any = true;
        if (node->keyed_pending == INT64_MIN)
            continue;
        node->keyed_before = node->keyed_pending;
        if (!done)
            PLN__TRY(pln__state_keyed_sweep(run->state, node->node->name, node->keyed_before,
                                            SWEPT_PER_EPOCH, err));
    }
    /* All is committed: what is left over is cleared when the run begins anew. */
    pln_error own = {0};
    if (done && any && pln__state_keyed_clear(run->state, &own) < 0)
        pln__runtime_log(run->runtime, PLN_LOG_WARNING, run->pipeline, own.message);
out:
    return status;
}

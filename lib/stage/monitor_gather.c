/* What the rows of a run or epoch say of each watch. */
#include "base/little.h"
#include "base/time.h"
#include "stage/monitor.h"

/* Numbers of a saved piece before the sketch. */
enum { SAVED_HEAD = 24 };

static bool takes_numbers(int32_t id) {
    return pln__type_is_number(id) || (id >= PLN__DATE32 && id <= PLN__TIMESTAMP);
}

/* Sketches of numbers for what has an order, of categories for all else. */
static const char *sketch_of(const pln__watch *watch, int32_t id) {
    if (watch->kind == PLN__WATCH_DISTINCT_RATE)
        return "hll";
    if (watch->kind == PLN__WATCH_KS || (watch->kind == PLN__WATCH_PSI && takes_numbers(id)))
        return "quantiles";
    return watch->kind == PLN__WATCH_PSI ? "top_k" : NULL;
}

pln_status pln__watch_open(pln__monitor_stage *s, pln__watch *watch, const struct ArrowSchema *in,
                           pln_error *err) {
    pln__type type;
    pln_status status = PLN_OK;
    if (watch->column == NULL)
        return PLN_OK;
    watch->field = pln__schema_find(in, watch->column);
    if (watch->field < 0)
        PLN__TRY(pln__schema_find_error(in, watch->column, err));
    PLN__TRY(pln__type_of(in->children[watch->field], &type, err));
    if (watch->kind == PLN__WATCH_KS && !takes_numbers(type.id))
        PLN__FAIL(err, PLN_ETYPE, "%s: a column of numbers or times is needed", watch->key);
    if (watch->kind == PLN__WATCH_FRESHNESS && type.id != PLN__TIMESTAMP && type.id != PLN__DATE32)
        PLN__FAIL(err, PLN_ETYPE, "%s: a column of timestamps or dates is needed", watch->key);
    if (watch->sketch != NULL)
        watch->wish.kind->free(watch->sketch);
    watch->sketch = NULL;
    const char *name = sketch_of(watch, type.id);
    watch->wish.kind = name == NULL ? NULL : pln__sketch_kind_named(name);
    watch->wish.precision = 14;
    watch->wish.capacity = 1024;
    watch->wish.k = 400;
    if (watch->wish.kind != NULL)
        PLN__TRY(watch->wish.kind->make(s->mem, &watch->wish, &watch->sketch, err));
out:
    return status;
}

static int64_t to_us(const pln__type *type, int64_t value) {
    static const int64_t factor[] = {1000000, 1000, 1};
    int64_t out;
    if (type->id == PLN__DATE32)
        return value * INT64_C(86400000000);
    if (type->unit == PLN__NANO)
        return value / 1000;
    return pln__mul(value, factor[type->unit - PLN__SECOND], &out) ? out
           : value < 0                                             ? INT64_MIN + 1
                                                                   : INT64_MAX;
}

static pln_status look_for_newest(pln__watch *watch, const struct ArrowSchema *schema,
                                  const struct ArrowArray *column, pln_error *err) {
    pln__type type;
    int64_t newest = INT64_MIN;
    bool any = false;
    pln_status status = pln__type_of(schema, &type, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < column->length; i++) {
        if (!pln__array_valid(column, i))
            continue;
        int64_t value = pln__array_int(&type, column, i);
        newest = !any || value > newest ? value : newest;
        any = true;
    }
    if (any && to_us(&type, newest) > watch->newest_us)
        watch->newest_us = to_us(&type, newest);
    return PLN_OK;
}

pln_status pln__watch_add(pln__monitor_stage *s, pln__watch *watch, const struct ArrowArray *rows,
                          pln_error *err) {
    watch->rows += rows->length;
    if (watch->column == NULL)
        return PLN_OK;
    const struct ArrowSchema *schema = s->schema.children[watch->field];
    const struct ArrowArray *column = rows->children[watch->field];
    watch->nulls += pln__array_null_count(schema, column);
    if (watch->kind == PLN__WATCH_FRESHNESS)
        return look_for_newest(watch, schema, column, err);
    return watch->sketch == NULL ? PLN_OK
                                 : watch->wish.kind->add(watch->sketch, schema, column, err);
}

void pln__watch_clear(pln__watch *watch) {
    watch->rows = watch->nulls = 0;
    watch->newest_us = INT64_MIN;
    if (watch->sketch == NULL)
        return;
    if (watch->kind == PLN__WATCH_DISTINCT_RATE)
        pln_hll_clear(watch->sketch);
    else if (watch->wish.kind == pln__sketch_kind_named("quantiles"))
        pln_quantiles_clear(watch->sketch);
    else
        pln_top_k_clear(watch->sketch);
}

pln_status pln__watch_save(const pln__monitor_stage *s, const pln__watch *watch, pln_context *ctx,
                           pln_error *err) {
    int64_t sketch = watch->sketch == NULL ? 0 : watch->wish.kind->size(watch->sketch);
    int64_t size = SAVED_HEAD + sketch;
    pln_status status = PLN_OK;
    uint8_t *bytes = pln__alloc(s->mem, (uint64_t)size);
    if (bytes == NULL)
        return pln__error_memory(err, (uint64_t)size);
    pln__store_le64(bytes, (uint64_t)watch->rows);
    pln__store_le64(bytes + 8, (uint64_t)watch->nulls);
    pln__store_le64(bytes + 16, (uint64_t)watch->newest_us);
    if (watch->sketch != NULL)
        status = watch->wish.kind->write(watch->sketch, bytes + SAVED_HEAD, sketch, err);
    if (status >= 0)
        status = ctx->host->state_put(ctx, watch->key, bytes, size, err);
    pln__free(s->mem, bytes, (uint64_t)size);
    return status;
}

pln_status pln__watch_load(pln__monitor_stage *s, pln__watch *watch, const pln_piece *piece,
                           pln_error *err) {
    const uint8_t *bytes = piece->bytes;
    pln_status status = PLN_OK;
    if (piece->size < SAVED_HEAD || (watch->sketch == NULL && piece->size != SAVED_HEAD))
        return pln__error_set(err, PLN_ECORRUPT, "saved monitor: %s has %lld bytes", watch->key,
                              (long long)piece->size);
    watch->rows = (int64_t)pln__load_le64(bytes);
    watch->nulls = (int64_t)pln__load_le64(bytes + 8);
    watch->newest_us = (int64_t)pln__load_le64(bytes + 16);
    if (watch->sketch != NULL) {
        void *sketch = NULL;
        status = watch->wish.kind->read(s->mem, &watch->wish, bytes + SAVED_HEAD,
                                        piece->size - SAVED_HEAD, &sketch, err);
        if (status >= 0) {
            watch->wish.kind->free(watch->sketch);
            watch->sketch = sketch;
        }
    }
    if (status == PLN_OK || status == PLN_ENOMEM)
        return status;
    if (err != NULL)
        err->status = PLN_ECORRUPT;
    pln__error_prefix(err, "saved monitor: %s", watch->key);
    return PLN_ECORRUPT;
}

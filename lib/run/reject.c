#include "base/number.h"
#include "format/format.h"
#include "run/run.h"
#include <pln/builder.h>

enum {
    R_NODE,
    R_CODE,
    R_MESSAGE,
    R_COLUMN,
    R_SPLIT,
    R_POSITION,
    R_LINE,
    R_EVENT_TIME,
    R_N,
    R_ATTEMPT,
    R_ORIGINAL,
    R_ROW,
    R_COUNT
};

static const struct {
    const char *name, *format;
    bool nullable;
} columns[R_COUNT] = {
    {"node", "u", false},      {"code", "u", false},   {"message", "u", false},
    {"column", "u", true},     {"split", "u", true},   {"position", "l", true},
    {"line", "l", true},       {"event_time", "tsu:UTC", true}, {"n", "l", false},
    {"attempt", "l", false},   {"original", "z", true}, {"row", "u", true},
};

/* Rejects go on in batches of this many, so that a flood of them does not pile up. */
#define REJECT_ROWS 1024
#define REJECT_BYTES (4 << 20)

pln_status pln__reject_schema_new(const pln_allocator *mem, pln__schema **out, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowSchema schema = {0};
    PLN__TRY(pln__field_new(mem, "+s", "reject", false, R_COUNT, &schema, err));
    for (int i = 0; i < R_COUNT; i++)
        PLN__TRY(pln__field_new(mem, columns[i].format, columns[i].name, columns[i].nullable, 0,
                                schema.children[i], err));
    return pln__schema_share(mem, &schema, out, err);
out:
    pln__schema_release(&schema);
    return status;
}

static pln_status columns_ready(pln__run_node *node, pln_error *err) {
    const pln_allocator *mem = node->run->mem;
    if (node->reject != NULL)
        return PLN_OK;
    node->reject = pln__calloc(mem, 1, sizeof *node->reject);
    if (node->reject == NULL)
        return pln__error_memory(err, sizeof *node->reject);
    pln_status status =
        pln__column_init(mem, pln__schema_get(node->run->reject_schema), node->reject, err);
    if (status < 0) {
        pln__free(mem, node->reject, sizeof *node->reject);
        node->reject = NULL;
    }
    return status;
}

void pln__reject_free(pln__run_node *node) {
    if (node->reject == NULL)
        return;
    pln__column_free(node->reject);
    pln__free(node->run->mem, node->reject, sizeof *node->reject);
    node->reject = NULL;
}

/* UTF-8 that came from outside may be damaged; the builder refuses it, so it is shown escaped. */
static pln_status put_text(pln__column *column, const char *text, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    if (text == NULL)
        return pln__column_null(column, err);
    pln_status status = pln_column_text(column, text, -1, NULL);
    if (status == PLN_EDATA)
        return pln_column_text(column, pln__show(shown, text, (int64_t)strlen(text)), -1, err);
    return status < 0 ? pln_column_text(column, text, -1, err) : status;
}

static pln_status put_int(pln__column *column, int64_t value, bool known, pln_error *err) {
    return known ? pln_column_int(column, value, err) : pln__column_null(column, err);
}

static int64_t attempt_of(const pln_run *run) {
    for (int64_t i = 0; i < run->options.n_params; i++)
        if (strcmp(run->options.params[i].name, "attempt") == 0) {
            const char *text = run->options.params[i].value;
            int64_t attempt = 0;
            bool parsed = pln__parse_int64(text, (int64_t)strlen(text), &attempt) == PLN__PARSED;
            return parsed && attempt > 0 ? attempt : 1;
        }
    return 1;
}

/* The value of the column that the schema names as event time, as µs. */
static bool event_time(const pln_batch *batch, int64_t row, int64_t *out) {
    const struct ArrowSchema *schema = pln_batch_schema(batch);
    int32_t size;
    pln__type type;
    const char *name = pln__field_metadata(schema, "pln.event_time", &size);
    static const int64_t factor[] = {1000000, 1000, 1, 1};
    for (int64_t i = 0; name != NULL && i < schema->n_children; i++) {
        const struct ArrowArray *column = pln_batch_array(batch)->children[i];
        if (strlen(schema->children[i]->name) != (size_t)size ||
            memcmp(schema->children[i]->name, name, (size_t)size) != 0)
            continue;
        if (pln__type_of(schema->children[i], &type, NULL) < 0 || type.id != PLN__TIMESTAMP ||
            !pln__array_valid(column, row))
            return false;
        int64_t value = pln__array_int(&type, column, row);
        if (type.unit == PLN__NANO) {
            *out = value / 1000;
            return true;
        }
        return pln__mul(value, factor[type.unit], out);
    }
    return false;
}

static pln_status put_row(pln__column *column, pln_batch *batch, int64_t row, pln_error *err) {
    pln__text text;
    if (batch == NULL)
        return pln__column_null(column, err);
    pln__text_init(&text, column->mem);
    pln_status status = pln__json_row(pln_batch_schema(batch), pln_batch_array(batch), row, &text);
    if (status >= 0 && !text.failed)
        status = pln_column_text(column, text.data == NULL ? "" : text.data, text.size, err);
    else
        status = text.failed || status == PLN_ENOMEM ? pln__error_memory(err, 1)
                                                     : pln__column_null(column, err);
    pln__text_free(&text);
    return status;
}

static pln_status put(pln__run_node *node, const pln_raw_rejection *item, pln_batch *batch,
                      int64_t row, pln_error *err) {
    pln_status status = PLN_OK;
    pln__column *c;
    int64_t time_us = 0;
    const pln_run *run = node->run;
    PLN__TRY(columns_ready(node, err));
    c = node->reject->children;
    PLN__TRY(put_text(&c[R_NODE], node->node->name, err));
    PLN__TRY(put_text(&c[R_CODE], pln_status_name(item->code), err));
    PLN__TRY(put_text(&c[R_MESSAGE], item->message == NULL ? "" : item->message, err));
    PLN__TRY(put_text(&c[R_COLUMN], item->column, err));
    PLN__TRY(put_text(&c[R_SPLIT], item->split, err));
    PLN__TRY(put_int(&c[R_POSITION], item->position, item->position >= 0, err));
    PLN__TRY(put_int(&c[R_LINE], item->line, item->line >= 0, err));
    bool timed = batch != NULL && event_time(batch, row, &time_us);
    PLN__TRY(put_int(&c[R_EVENT_TIME], time_us, timed, err));
    PLN__TRY(put_int(&c[R_N], run->n + 1, true, err));
    PLN__TRY(put_int(&c[R_ATTEMPT], attempt_of(run), true, err));
    PLN__TRY(item->raw == NULL ? pln__column_null(&c[R_ORIGINAL], err)
                               : pln_column_bytes(&c[R_ORIGINAL], item->raw, item->raw_size, err));
    PLN__TRY(put_row(&c[R_ROW], batch, row, err));
    PLN__TRY(pln_column_end(node->reject, err));
    if (node->reject->length >= REJECT_ROWS ||
        c[R_ORIGINAL].data.size + c[R_ROW].data.size >= REJECT_BYTES)
        PLN__TRY(pln__reject_flush(node, err));
out:
    return status;
}

/* "orders.csv, line 17, column amount: expected int64, got 'n/a'" */
static void say(const pln_run *run, const pln_raw_rejection *item, pln__text *out) {
    pln__text_init(out, run->mem);
    if (item->split != NULL)
        pln__text_printf(out, "%s, ", item->split);
    if (item->line >= 0)
        pln__text_printf(out, "line %lld, ", (long long)item->line);
    if (item->column != NULL)
        pln__text_printf(out, "column %s: ", item->column);
    pln__text_str(out, item->message == NULL ? "rejected" : item->message);
}

/* Nobody takes the row, and the host did not say that it may be dropped. */
static pln_status unwanted(pln__run_node *node, const pln_raw_rejection *item, pln_error *err) {
    pln__text text;
    say(node->run, item, &text);
    pln_status status =
        pln__error_set(err, PLN_EREJECTED,
                       "%s (the reject port is not wired; \"on_reject\": \"drop\" would go on)",
                       text.data == NULL ? "rejected" : text.data);
    pln__text_free(&text);
    return status;
}

/* Rows that may be dropped are still told of, the first ones of each node. */
#define DROPPED_LOGGED 10
static void dropped(pln__run_node *node, const pln_raw_rejection *item) {
    pln__text text;
    if (node->counts.fates[PLN_REJECTED] > DROPPED_LOGGED)
        return;
    say(node->run, item, &text);
    pln__runtime_log(node->run->runtime, PLN_LOG_WARNING, node->node->name,
                     text.data == NULL || text.failed ? "a row was dropped" : text.data);
    pln__text_free(&text);
}

static pln_status reject_one(pln__run_node *node, const pln_raw_rejection *item, pln_batch *batch,
                             int64_t row, pln_error *err) {
    node->counts.fates[PLN_REJECTED]++;
    if (node->out[node->n_out].n_targets > 0)
        return put(node, item, batch, row, err);
    if (!node->drop_rejects)
        return unwanted(node, item, err);
    dropped(node, item);
    return PLN_OK;
}

pln_status pln__reject_rows(pln__run_node *node, pln_batch *batch, const pln_rejection *items,
                            int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    pln__row_origin origin;
    if (pln__kind_of(node) == PLN_SOURCE) {
        node->counts.rows_in += n;
        node->run->epoch_rows += n;
    }
    for (int64_t i = 0; i < n; i++) {
        pln_raw_rejection item = {.code = items[i].code,
                                  .position = -1,
                                  .line = -1,
                                  .column = items[i].column,
                                  .message = items[i].message};
        if (items[i].row < 0 || items[i].row >= pln_batch_rows(batch))
            PLN__FAIL(err, PLN_ECONTRACT, "reject: row %lld of a batch of %lld",
                      (long long)items[i].row, (long long)pln_batch_rows(batch));
        if (pln__batch_row_origin(batch, items[i].row, &origin)) {
            item.split = origin.split;
            item.position = origin.position;
            item.line = origin.line;
            item.raw = origin.raw;
            item.raw_size = origin.raw_size;
        }
        PLN__TRY(reject_one(node, &item, batch, items[i].row, err));
    }
out:
    return status;
}

pln_status pln__reject_raw(pln__run_node *node, const pln_raw_rejection *items, int64_t n,
                           pln_error *err) {
    pln_status status = PLN_OK;
    if (pln__kind_of(node) == PLN_SOURCE) {
        node->counts.rows_in += n;
        node->run->epoch_rows += n;
    }
    for (int64_t i = 0; i < n; i++)
        PLN__TRY(reject_one(node, &items[i], NULL, -1, err));
out:
    return status;
}

pln_status pln__reject_flush(pln__run_node *node, pln_error *err) {
    pln_status status = PLN_OK;
    struct ArrowArray array = {0};
    pln_batch *batch = NULL;
    if (node->reject == NULL || node->reject->length == 0)
        return PLN_OK;
    PLN__TRY(pln__column_finish(node->reject, &array, err));
    PLN__TRY(pln__batch_new(node->run->mem, node->run->reject_schema, &array, &batch, err));
    PLN__TRY(pln__emit_to(&node->out[node->n_out], batch, err));
out:
    pln_batch_unref(batch);
    return status;
}

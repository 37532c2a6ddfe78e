#include "expr/internal.h"
#include "expr/text_kernels.h"

/* Failures that a try_cast made itself become nulls; those it was handed stay. */
static void forgive(xprog *p, const xop *op, int32_t n) {
    xreg *out = x_out(p, op);
    bool any = false;
    if (out->vec.fail == NULL)
        return;
    for (int32_t i = 0; i < n; i++) {
        if (out->own_fail[i] >> 8 == (uint32_t)p->running)
            out->own_fail[i] = 0;
        any = any || out->own_fail[i] != 0;
    }
    if (!any)
        out->vec.fail = NULL;
}

static pln_status step_to(xprog *p, const xop *op, int32_t n, void *dest) {
    xreg *out = x_out(p, op);
    pln_status status = PLN_OK;
    out->vec = (xvec){.data = dest};
    if (op->flags & XF_STRICT)
        status = pln__x_merge(p, op, n);
    if (status >= 0)
        status = op->run(p, op, n);
    if (status >= 0 && (op->flags & XF_TRY))
        forgive(p, op, n);
    return status;
}

pln_status pln__x_step(xprog *p, const xop *op, int32_t n) {
    return step_to(p, op, n, x_out(p, op)->own);
}

pln_status pln__x_run(xprog *p, int64_t row0, int32_t n, void *dest, pln_error *err) {
    p->row0 = row0;
    pln__x_reset(&p->block);
    for (int32_t i = 0; i < p->n_ops; i++) {
        const xop *op = &p->ops[i];
        bool last = op->out == p->result && dest != NULL;
        p->running = i;
        pln_status status = step_to(p, op, n, last ? dest : x_out(p, op)->own);
        if (status < 0)
            return status == PLN_ENOMEM ? pln__error_memory(err, X_BLOCK * 8)
                                        : pln__error_set(err, status, "%s: %s", p->text, op->name);
    }
    return PLN_OK;
}

/* ---- failures ---- */

void pln__expr_failures_free(const pln_allocator *mem, pln__expr_failures *failures) {
    pln__free(mem, failures->items, (uint64_t)failures->capacity * sizeof *failures->items);
    *failures = (pln__expr_failures){0};
}

static pln_status report(const xprog *p, int32_t n, pln__expr_failures *failures, pln_error *err) {
    const uint32_t *fail = p->regs[p->result].vec.fail;
    pln_status status = PLN_OK;
    if (fail == NULL || failures == NULL)
        return PLN_OK;
    for (int32_t i = 0; i < n; i++) {
        if (fail[i] == 0)
            continue;
        PLN__TRY(pln__grow(p->mem, &failures->items, &failures->capacity, failures->count + 1,
                           sizeof *failures->items, err));
        pln__expr_failure *item = &failures->items[failures->count++];
        item->row = (int32_t)(p->row0 + i);
        item->code = pln__x_failure_code(fail[i]);
        PLN__TRY(pln__x_explain(p, fail[i], i, item->message, (int64_t)sizeof item->message, err));
    }
out:
    return status;
}

/* ---- whole batches ---- */

typedef struct output {
    pln__buffer valid;
    pln__buffer data;
    pln__buffer bytes;
    int64_t nulls;
} output;

static int64_t bit_bytes(int64_t n) {
    return pln__round_up((n + 7) / 8, 8);
}

/* Room for all values at once: kernels then write straight into the column. */
static pln_status reserve(const xprog *p, int64_t n, output *out, pln_error *err) {
    const xreg *reg = &p->regs[p->result];
    int64_t size = reg->phys == X_BITS   ? bit_bytes(n)
                   : reg->phys == X_TEXT ? (n + 1) * 4
                                         : n * pln__x_width(reg->phys);
    pln_status status = pln__buffer_reserve(p->mem, &out->data, size, err);
    if (status >= 0 && reg->phys == X_TEXT) {
        memset(out->data.data, 0, 4);
        status = pln__buffer_reserve(p->mem, &out->bytes, 64, err);
    }
    out->data.size = size;
    return status;
}

static pln_status put_valid(const xprog *p, int64_t total, int32_t n, output *out, pln_error *err) {
    const uint64_t *valid = p->regs[p->result].vec.valid;
    pln_status status;
    if (valid == NULL && out->valid.size == 0)
        return PLN_OK;
    if (out->valid.size == 0) {
        PLN__TRY(pln__buffer_reserve(p->mem, &out->valid, bit_bytes(total), err));
        out->valid.size = bit_bytes(total);
        memset(out->valid.data, 0xFF, (size_t)out->valid.size);
    }
    for (int32_t w = 0; w < x_words(n) && valid != NULL; w++) {
        uint64_t word = valid[w] & x_word_mask(n, w);
        memcpy(out->valid.data + p->row0 / 8 + (int64_t)w * 8, &word, 8);
        out->nulls += (n - w * 64 < 64 ? n - w * 64 : 64) - __builtin_popcountll(word);
    }
    status = PLN_OK;
out:
    return status;
}

static pln_status too_long(pln_error *err) {
    return pln__error_set(err, PLN_ELIMIT, "a text column of more than 2 GiB");
}

/* Text whose rows lie one after the other: one copy. */
static pln_status put_span(const xprog *p, int32_t n, output *out, pln_error *err) {
    pln_status status;
    const xvec *v = &p->regs[p->result].vec;
    int32_t *to = (int32_t *)(void *)out->data.data + p->row0;
    int64_t size = (int64_t)v->offsets[n] - v->offsets[0], shift = out->bytes.size - v->offsets[0];
    if (size + out->bytes.size > INT32_MAX)
        return too_long(err);
    PLN__TRY(pln__buffer_append(p->mem, &out->bytes, v->base + v->offsets[0], size, err));
    for (int32_t i = 1; i <= n; i++)
        to[i] = (int32_t)(v->offsets[i] + shift);
out:
    return status;
}

static int64_t views_size(const xvec *v, const xstr *views, int32_t n) {
    int64_t even = 0, odd = 0;
    int32_t i = 0;
    for (; v->valid == NULL && i + 2 <= n; i += 2) {
        even += views[i].size;
        odd += views[i + 1].size;
    }
    for (; i < n; i++)
        even += x_valid(v, i) ? views[i].size : 0;
    return even + odd;
}

/* Growing by doubling copies all once more, so the first block says how much the others may need; it need not be right. */
static pln_status reserve_bytes(const xprog *p, int64_t size, int32_t n, output *out,
                                pln_error *err) {
    enum { AHEAD_MAX = 1 << 20 };
    int64_t ahead = out->bytes.size > 0 ? 0 : size / n * (p->rows->length - n);
    return pln__buffer_reserve(p->mem, &out->bytes, size + (ahead < AHEAD_MAX ? ahead : AHEAD_MAX),
                               err);
}

static pln_status put_text(const xprog *p, int32_t n, output *out, pln_error *err) {
    pln_status status;
    const xvec *v = &p->regs[p->result].vec;
    const xstr *views = v->data;
    int32_t *to = (int32_t *)(void *)out->data.data + p->row0;
    int64_t size;
    if (views == NULL)
        return put_span(p, n, out, err);
    size = views_size(v, views, n);
    if (size + out->bytes.size > INT32_MAX)
        return too_long(err);
    PLN__TRY(reserve_bytes(p, size, n, out, err));
    uint8_t *start = out->bytes.data, *at = start + out->bytes.size;
    for (int32_t i = 0; i < n; i++) {
        if (v->valid == NULL || x_valid(v, i)) {
            x_copy(at, views[i].data, views[i].size);
            at += views[i].size;
        }
        to[i + 1] = (int32_t)(at - start);
    }
    out->bytes.size = at - start;
out:
    return status;
}

static void *destination(const xprog *p, output *out, int64_t row0, int32_t n) {
    const xreg *reg = &p->regs[p->result];
    if (reg->phys == X_TEXT || reg->phys == X_REF || reg->constant)
        return NULL;
    /* Words of bits are written whole. */
    if (reg->phys == X_BITS)
        return n % 64 == 0 ? out->data.data + row0 / 8 : NULL;
    return out->data.data + row0 * pln__x_width(reg->phys);
}

static pln_status put_block(const xprog *p, int64_t total, int32_t n, output *out, pln_error *err) {
    const xreg *reg = &p->regs[p->result];
    pln_status status = put_valid(p, total, n, out, err);
    if (status < 0)
        return status;
    if (reg->phys == X_TEXT)
        return put_text(p, n, out, err);
    int64_t width = pln__x_width(reg->phys);
    uint8_t *to = out->data.data + (reg->phys == X_BITS ? p->row0 / 8 : p->row0 * width);
    int64_t size = reg->phys == X_BITS ? (int64_t)x_words(n) * 8 : n * width;
    if (reg->vec.data == to)
        return PLN_OK;
    memcpy(to, reg->vec.data, (size_t)size);
    return PLN_OK;
}

static pln_status make_array(const xprog *p, int64_t n, output *out, struct ArrowArray *array,
                             pln_error *err) {
    bool is_text = p->regs[p->result].phys == X_TEXT;
    pln__buffer buffers[3] = {out->valid, out->data, out->bytes};
    pln__array_parts parts = {
        .length = n, .null_count = out->nulls, .n_buffers = is_text ? 3 : 2, .buffers = buffers};
    if (p->regs[p->result].phys == X_BITS)
        buffers[1].size = (n + 7) / 8;
    if (out->nulls == 0) {
        pln__buffer_free(p->mem, &buffers[0]);
        buffers[0] = (pln__buffer){0};
    } else {
        buffers[0].size = (n + 7) / 8;
    }
    *out = (output){0};
    for (int32_t i = 0; i < parts.n_buffers; i++)
        pln__buffer_seal(&buffers[i]);
    return pln__array_make(p->mem, &parts, array, err);
}

static void begin(xprog *p, const struct ArrowArray *rows, int64_t now_us) {
    p->rows = rows;
    p->now_us = now_us;
}

static void end(xprog *p) {
    p->rows = NULL;
    pln__x_trim(&p->block);
}

static pln_status eval_scalar(xprog *p, const struct ArrowArray *rows, struct ArrowArray *array,
                              pln__expr_failures *failures, pln_error *err) {
    pln_status status;
    output out = {0};
    int64_t n = rows->length;
    PLN__TRY(reserve(p, n, &out, err));
    for (int64_t row = 0; row < n; row += X_BLOCK) {
        int32_t block = n - row < X_BLOCK ? (int32_t)(n - row) : X_BLOCK;
        PLN__TRY(pln__x_run(p, row, block, destination(p, &out, row, block), err));
        PLN__TRY(put_block(p, n, block, &out, err));
        PLN__TRY(report(p, block, failures, err));
    }
    status = make_array(p, n, &out, array, err);
out:
    pln__buffer_free(p->mem, &out.valid);
    pln__buffer_free(p->mem, &out.data);
    pln__buffer_free(p->mem, &out.bytes);
    return status;
}

/* Nested results are gathered from the array that they are rows of. */
static pln_status eval_nested(xprog *p, const struct ArrowArray *rows, struct ArrowArray *array,
                              pln__expr_failures *failures, pln_error *err) {
    pln_status status = PLN_OK;
    const xreg *reg = &p->regs[p->result];
    int64_t n = rows->length;
    uint64_t size = (uint64_t)(n + 1) * sizeof(int32_t);
    int32_t *all = pln__alloc(p->mem, size);
    if (all == NULL)
        return pln__error_memory(err, size);
    if (n == 0)
        PLN__TRY(pln__array_nulls(p->mem, reg->type.schema, 0, array, err));
    for (int64_t row = 0; row < n; row += X_BLOCK) {
        int32_t block = n - row < X_BLOCK ? (int32_t)(n - row) : X_BLOCK;
        PLN__TRY(pln__x_run(p, row, block, NULL, err));
        memcpy(all + row, reg->vec.data, (size_t)block * sizeof *all);
        PLN__TRY(report(p, block, failures, err));
    }
    if (n > 0)
        status = pln__array_take(p->mem, reg->type.schema, reg->vec.array, all, n, array, err);
out:
    pln__free(p->mem, all, size);
    return status;
}

static pln_status share(const xprog *p, const struct ArrowArray *rows, struct ArrowArray *array,
                        pln_error *err) {
    return pln__array_slice(p->mem, rows->children[p->bare], rows->offset, rows->length, array,
                            err);
}

pln_status pln__expr_eval(pln__expr *expr, const struct ArrowArray *rows, int64_t now_us,
                          struct ArrowArray *out, pln__expr_failures *failures, pln_error *err) {
    xprog *p = &expr->prog;
    pln_status status;
    out->release = NULL;
    if (failures != NULL)
        failures->count = 0;
    if (p->bare >= 0)
        return share(p, rows, out, err);
    if (p->regs[p->result].type.id == PLN__NULL)
        return pln__array_nulls(p->mem, &expr->field, rows->length, out, err);
    begin(p, rows, now_us);
    status = p->regs[p->result].phys == X_REF ? eval_nested(p, rows, out, failures, err)
                                              : eval_scalar(p, rows, out, failures, err);
    end(p);
    return status;
}

pln_status pln__expr_select(pln__expr *expr, const struct ArrowArray *rows, int64_t now_us,
                            int32_t *selected, int64_t *n, pln__expr_failures *failures,
                            pln_error *err) {
    xprog *p = &expr->prog;
    pln_status status = PLN_OK;
    int64_t total = rows->length;
    *n = 0;
    if (failures != NULL)
        failures->count = 0;
    PLN__TRY(pln__expr_check_condition(expr, err));
    if (expr->field.format[0] == 'n')
        return PLN_OK;
    if (p->bare >= 0)
        return pln__x_select_column(p, rows, selected, n, err);
    begin(p, rows, now_us);
    for (int64_t row = 0; row < total && status >= 0; row += X_BLOCK) {
        int32_t block = total - row < X_BLOCK ? (int32_t)(total - row) : X_BLOCK;
        status = pln__x_run(p, row, block, NULL, err);
        if (status < 0)
            break;
        *n += pln__x_select(p, block, selected + *n, total - *n);
        status = report(p, block, failures, err);
    }
    end(p);
out:
    return status;
}

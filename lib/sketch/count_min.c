#include "sketch/count_min.h"
#include "base/number.h"
#include "sketch/form.h"
#include <math.h>

/* From so many bytes most counters of a pane come from memory: those of a part are all asked for before the first is needed. */
enum { FAR = 4 << 20 };

void pln_count_min_options_init(pln_count_min_options *options, uint32_t size) {
    pln_count_min_options defaults = {.struct_size = size,
                                      .epsilon = 0.001,
                                      .delta = 0.01,
                                      .counter_bits = 64,
                                      .update = PLN_COUNT_MIN_PLAIN,
                                      .panes = 1};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

pln_status pln__count_min_struct(const pln_count_min_options *options, pln_error *err) {
    return options->struct_size >= sizeof *options
               ? PLN_OK
               : pln__error_set(err, PLN_EINVAL,
                                "Count-Min options: struct_size is %u, at least %u are needed",
                                options->struct_size, (unsigned)sizeof *options);
}

#define BAD(...) pln__error_set(err, PLN_EINVAL, "Count-Min options: " __VA_ARGS__)

static pln_status bad_share(const char *name, double value, const char *least, pln_error *err) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    int size = (int)pln__format_double(text, value);
    return BAD("%s is %.*s, expected more than %s and less than 1", name, size, text, least);
}

/* The ends are e / 2^26 and e^-32. */
static pln_status shape(pln_count_min_options *o, pln_error *err) {
    if (o->columns == 0) {
        if (!(o->epsilon > 4.06e-8 && o->epsilon < 1))
            return bad_share("epsilon", o->epsilon, "4.06e-8", err);
        for (o->columns = 2; (double)o->columns < exp(1) / o->epsilon;)
            o->columns *= 2;
    }
    if (o->rows == 0) {
        if (!(o->delta > 1.3e-14 && o->delta < 1))
            return bad_share("delta", o->delta, "1.3e-14", err);
        for (o->rows = 1; exp(-o->rows) > o->delta;)
            o->rows++;
    }
    if (o->rows < 1 || o->rows > PLN__COUNT_MIN_ROWS)
        return BAD("rows is %d, expected 1 to %d", o->rows, PLN__COUNT_MIN_ROWS);
    if (o->columns < 2 || o->columns > (int64_t)1 << PLN__COUNT_MIN_BITS ||
        (o->columns & (o->columns - 1)) != 0)
        return BAD("columns is %lld, expected a power of two from 2 to 2^%d", (long long)o->columns,
                   PLN__COUNT_MIN_BITS);
    return PLN_OK;
}

static pln_status check(const pln_count_min_options *options, pln_count_min_options *out,
                        pln_error *err) {
    pln_count_min_options_init(out, sizeof *out);
    pln_status status = options == NULL ? PLN_OK : pln__count_min_struct(options, err);
    if (status < 0)
        return status;
    if (options != NULL)
        memcpy(out, options, sizeof *out);
    if (out->counter_bits != 32 && out->counter_bits != 64)
        return BAD("counter_bits is %d, expected 32 or 64", out->counter_bits);
    if (out->update != PLN_COUNT_MIN_PLAIN && out->update != PLN_COUNT_MIN_CONSERVATIVE)
        return BAD("update is %d, expected %d or %d", out->update, PLN_COUNT_MIN_PLAIN,
                   PLN_COUNT_MIN_CONSERVATIVE);
    if (out->panes < 1 || out->panes > PLN__COUNT_MIN_PANES)
        return BAD("panes is %d, expected 1 to %d", out->panes, PLN__COUNT_MIN_PANES);
    return shape(out, err);
}

static int64_t head_bytes(int32_t panes) {
    return (int64_t)sizeof(pln_count_min) + panes * (int64_t)sizeof(pln__count_min_sums);
}

static int64_t counter_bytes(const pln_count_min *cm) {
    return cm->panes * pln__count_min_pane_bytes(cm);
}

pln_status pln__count_min_make(pln_runtime *runtime, const pln_count_min_options *options,
                               pln_count_min **out, pln_error *err) {
    const pln_allocator *mem = pln__sketch_memory(runtime, options->allocator);
    pln_count_min *self = pln__calloc(mem, 1, (uint64_t)head_bytes(options->panes));
    if (self == NULL)
        return pln__error_memory(err, (uint64_t)head_bytes(options->panes));
    self->mem = *mem;
    self->rows = options->rows;
    self->bits = __builtin_ctzll((uint64_t)options->columns);
    self->counter_bits = options->counter_bits;
    self->update = options->update;
    self->panes = options->panes;
    self->seed = options->seed;
    self->fingerprint = pln__sketch_fingerprint("pln.cms", 1, options->seed);
    self->cpu = pln__cpu_features();
    self->loops = self->counter_bits == 32 ? &pln__count_min_loops_32 : &pln__count_min_loops_64;
    self->far = pln__count_min_pane_bytes(self) >= FAR;
    int64_t bytes = counter_bytes(self);
    self->counters = pln__aligned_alloc(mem, bytes);
    if (self->counters == NULL) {
        pln_count_min_free(self);
        return pln__error_memory(err, (uint64_t)bytes);
    }
    memset(self->counters, 0, (size_t)bytes);
    *out = self;
    return PLN_OK;
}

pln_status pln_count_min_new(pln_runtime *runtime, const pln_count_min_options *options,
                             pln_count_min **out, pln_error *err) {
    pln_count_min_options mine;
    pln_status status = check(options, &mine, err);
    return status < 0 ? status : pln__count_min_make(runtime, &mine, out, err);
}

void pln_count_min_free(pln_count_min *cm) {
    if (cm == NULL)
        return;
    pln_allocator mem = cm->mem;
    pln__aligned_free(&mem, cm->counters, counter_bytes(cm));
    pln__free(&mem, cm, (uint64_t)head_bytes(cm->panes));
}

pln_status pln_count_min_copy(const pln_count_min *cm, pln_count_min **out, pln_error *err) {
    pln_count_min_options like = {.rows = cm->rows,
                                  .columns = pln__count_min_columns(cm),
                                  .counter_bits = cm->counter_bits,
                                  .update = cm->update,
                                  .panes = cm->panes,
                                  .seed = cm->seed,
                                  .allocator = &cm->mem};
    pln_count_min *copy;
    pln_status status = pln__count_min_make(NULL, &like, &copy, err);
    if (status < 0)
        return status;
    copy->newest = cm->newest;
    copy->fingerprint = cm->fingerprint;
    copy->seedless = cm->seedless;
    memcpy(copy->total, cm->total, (size_t)cm->panes * sizeof *cm->total);
    memcpy(copy->counters, cm->counters, (size_t)counter_bytes(cm));
    *out = copy;
    return PLN_OK;
}

void pln_count_min_clear(pln_count_min *cm) {
    memset(cm->total, 0, (size_t)cm->panes * sizeof *cm->total);
    memset(cm->counters, 0, (size_t)counter_bytes(cm));
}

void pln_count_min_rotate(pln_count_min *cm) {
    cm->newest = (cm->newest + 1) % cm->panes;
    cm->total[cm->newest] = (pln__count_min_sums){0};
    memset(pln__count_min_pane(cm, cm->newest), 0, (size_t)pln__count_min_pane_bytes(cm));
}

int64_t pln_count_min_memory(const pln_count_min *cm) {
    return head_bytes(cm->panes) + counter_bytes(cm) + PLN__ALIGN + PLN__PADDING;
}

pln__count_min_sums pln__count_min_totals(const pln_count_min *cm) {
    pln__count_min_sums all = {0};
    for (int32_t pane = 0; pane < cm->panes; pane++) {
        all.added = pln__add_clamped(all.added, cm->total[pane].added);
        all.removed = pln__add_clamped(all.removed, cm->total[pane].removed);
    }
    return all;
}

int64_t pln_count_min_total(const pln_count_min *cm) {
    pln__count_min_sums all = pln__count_min_totals(cm);
    return all.added - all.removed;
}

double pln_count_min_error(const pln_count_min *cm, double *confidence) {
    double total = (double)pln_count_min_total(cm);
    if (confidence != NULL)
        *confidence = 1 - exp(-cm->rows);
    return total > 0 ? exp(1) / (double)pln__count_min_columns(cm) * total : 0;
}

void pln_count_min_info_get(const pln_count_min *cm, pln_count_min_info *out) {
    pln__count_min_sums all = pln__count_min_totals(cm);
    pln_count_min_info info = {.struct_size = out->struct_size,
                               .rows = cm->rows,
                               .columns = pln__count_min_columns(cm),
                               .epsilon = exp(1) / (double)pln__count_min_columns(cm),
                               .delta = exp(-cm->rows),
                               .counter_bits = cm->counter_bits,
                               .update = cm->update,
                               .panes = cm->panes,
                               .fingerprint = cm->fingerprint,
                               .added = all.added,
                               .removed = all.removed,
                               .counter_most = cm->loops->most,
                               .memory_bytes = pln_count_min_memory(cm)};
    info.saturated = cm->loops->ends(cm->counters, cm->panes * pln__count_min_counters(cm));
    memcpy(out, &info, out->struct_size < sizeof info ? out->struct_size : sizeof info);
}

#include "window/windows_internal.h"

static pln_status put_time(pln__column *column, int64_t value, int64_t n, pln_error *err) {
    pln_status status = pln__column_reserve(column, n, 0, err);
    for (int64_t i = 0; i < n && status >= 0; i++)
        status = pln_column_int(column, value, err);
    return status;
}

pln_status pln__results_add(pln__windows *w, const pln__firing *f, pln_error *err) {
    pln_status status = PLN_OK;
    pln__column *column = w->results;
    if (f->n == 0)
        return PLN_OK;
    PLN__TRY(pln__grow(w->mem, &w->results_before, &w->results_capacity, w->n_results + f->n,
                       sizeof *w->results_before, err));
    for (int64_t c = 0; c < w->spec.n_keys; c++)
        PLN__TRY(pln__key_groups_values(&f->keys->groups, c, f->groups, f->n, column++, err));
    if (w->spec.kind != PLN__WINDOW_GLOBAL) {
        PLN__TRY(put_time(column++, f->start, f->n, err));
        PLN__TRY(put_time(column++, f->end, f->n, err));
        PLN__TRY(put_time(column++, f->end - 1, f->n, err));
    }
    for (int64_t a = 0; a < w->spec.n_aggregates; a++)
        PLN__TRY(pln__states_finish(f->values->states[a], f->states, f->n, column++, err));
    for (int64_t i = 0; i < f->n; i++)
        w->results_before[w->n_results + i] = f->before;
    w->n_results += f->n;
out:
    return status;
}

pln_status pln__windows_take(pln__windows *w, struct ArrowArray *out, const int64_t **before,
                             int64_t *n, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t columns = w->out.n_children;
    *n = w->n_results;
    *before = w->results_before;
    if (w->n_results == 0)
        return PLN_OK;
    memset(w->taken, 0, (size_t)columns * sizeof *w->taken);
    for (int64_t c = 0; c < columns; c++)
        PLN__TRY(pln__column_finish(&w->results[c], &w->taken[c], err));
    w->n_results = 0;
    return pln__array_struct(w->mem, *n, w->taken, columns, out, err);
out:
    for (int64_t c = 0; c < columns; c++)
        pln__array_release(&w->taken[c]);
    return status;
}

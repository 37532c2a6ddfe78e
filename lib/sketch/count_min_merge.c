/* The sketch of the values of two, pane by pane. */
#include "sketch/count_min.h"

static pln_status unlike(const char *what, int64_t a, int64_t b, pln_error *err) {
    return pln__error_set(err, PLN_ETYPE, "Count-Min sketches of different %s: %lld and %lld", what,
                          (long long)a, (long long)b);
}

pln_status pln__count_min_same_kind(const pln_count_min *a, const pln_count_min *b,
                                    pln_error *err) {
    if (a->rows != b->rows)
        return unlike("rows", a->rows, b->rows, err);
    if (a->bits != b->bits)
        return unlike("columns", pln__count_min_columns(a), pln__count_min_columns(b), err);
    if (a->fingerprint != b->fingerprint)
        return pln__error_set(
            err, PLN_ETYPE,
            "Count-Min sketches of different seeds: fingerprints %016llx and %016llx",
            (unsigned long long)a->fingerprint, (unsigned long long)b->fingerprint);
    return PLN_OK;
}

static pln_status may_merge(const pln_count_min *a, const pln_count_min *b, pln_error *err) {
    if (a->counter_bits != b->counter_bits)
        return unlike("counter_bits", a->counter_bits, b->counter_bits, err);
    if (a->update != b->update)
        return unlike("update", a->update, b->update, err);
    if (a->panes != b->panes)
        return unlike("panes", a->panes, b->panes, err);
    return pln__count_min_same_kind(a, b, err);
}

static void merge_pane(pln_count_min *into, int32_t a, const pln_count_min *from, int32_t b) {
    pln__count_min_sums *sums = into->total + a;
    const pln__count_min_sums *more = from->total + b;
    int64_t n = pln__count_min_counters(into), most = into->loops->most;
    int64_t volume = pln__add_clamped(pln__count_min_volume(sums), pln__count_min_volume(more));
    (volume < most ? into->loops->join : into->loops->merge)(pln__count_min_pane(into, a),
                                                             pln__count_min_pane(from, b), n);
    sums->added = pln__add_clamped(sums->added, more->added);
    sums->removed = pln__add_clamped(sums->removed, more->removed);
}

pln_status pln_count_min_merge(pln_count_min *into, const pln_count_min *from, pln_error *err) {
    pln_status status = may_merge(into, from, err);
    for (int32_t age = 0; status == PLN_OK && age < into->panes; age++)
        merge_pane(into, pln__count_min_pane_at(into, age), from,
                   pln__count_min_pane_at(from, age));
    return status;
}

/* Values, one by one and by the column. */
#include "sketch/count_min.h"
#include <stdio.h>

/* Sums of weights; what is on either side stays there. */
static void note(pln__count_min_sums *total, const int64_t *weights, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int64_t w = weights[i];
        if (w >= 0)
            total->added = pln__add_clamped(total->added, w);
        else
            total->removed = pln__add_clamped(total->removed, w == INT64_MIN ? INT64_MAX : -w);
    }
}

static void put_weights(pln_count_min *cm, const uint32_t *places, const int64_t *weights,
                        int64_t n) {
    const pln__count_min_loops *loops = cm->loops;
    uint8_t *pane = pln__count_min_pane(cm, cm->newest);
    if (cm->update == PLN_COUNT_MIN_PLAIN)
        loops->add(pane, places, weights, n, cm->rows);
    else
        loops->raise(pane, places, weights, n, cm->rows);
    note(cm->total + cm->newest, weights, n);
}

/* Out of the function below, which would clear the array on every call. */
static __attribute__((noinline)) void put_ones(pln_count_min *cm, const uint32_t *places,
                                               int64_t n) {
    int64_t ones[PLN__COUNT_MIN_PART];
    for (int64_t i = 0; i < n; i++)
        ones[i] = 1;
    put_weights(cm, places, ones, n);
}

/* `count` does not look for ends: it is for panes that are far from them. */
void pln__count_min_put(pln_count_min *cm, const uint32_t *places, const int64_t *weights,
                        int64_t n) {
    pln__count_min_sums *total = cm->total + cm->newest;
    uint8_t *pane = pln__count_min_pane(cm, cm->newest);
    if (cm->far)
        cm->loops->fetch(pane, places, n * cm->rows);
    if (weights != NULL) {
        put_weights(cm, places, weights, n);
    } else if (cm->update != PLN_COUNT_MIN_PLAIN ||
               pln__count_min_volume(total) >= cm->loops->most - n) {
        put_ones(cm, places, n);
    } else {
        cm->loops->count(pane, places, n * cm->rows);
        total->added += n;
    }
}

/* Of a single value there is no row: -1. */
static pln_status bad_weight(int64_t weight, int64_t row, pln_error *err) {
    char place[40] = "";
    if (row >= 0)
        snprintf(place, sizeof place, "row %lld: ", (long long)row);
    return pln__error_set(err, PLN_EINVAL,
                          "Count-Min sketch: %sweight is %lld, a conservative sketch takes none "
                          "below 0",
                          place, (long long)weight);
}

static pln_status check_weights(const pln_count_min *cm, const pln__count_min_source *source,
                                const int64_t *weights, pln_error *err) {
    if (cm->update == PLN_COUNT_MIN_PLAIN)
        return PLN_OK;
    for (int64_t i = 0; i < source->n; i++)
        if (weights[i] < 0 && !pln__count_min_is_null(source, i))
            return bad_weight(weights[i], i, err);
    return PLN_OK;
}

static pln_status add_source(pln_count_min *cm, pln__count_min_source *source,
                             const int64_t *weights, pln_error *err) {
    pln__count_min_lot lot;
    uint32_t places[PLN__COUNT_MIN_PLACES];
    int64_t some[PLN__COUNT_MIN_PART];
    pln_status status = weights == NULL ? PLN_OK : check_weights(cm, source, weights, err);
    if (status < 0)
        return status;
    while (pln__count_min_next(cm, source, &lot)) {
        const int64_t *mine = weights == NULL ? NULL : lot.first < 0 ? some : weights + lot.first;
        for (int64_t i = 0; mine == some && i < lot.n; i++)
            some[i] = weights[lot.rows[i]];
        pln__count_min_places(cm, lot.hashes, lot.n, places);
        pln__count_min_put(cm, places, mine, lot.n);
    }
    return PLN_OK;
}

pln_status pln_count_min_add(pln_count_min *cm, const void *bytes, int64_t size, int64_t weight,
                             pln_error *err) {
    uint32_t places[PLN__COUNT_MIN_ROWS];
    pln_status status = pln__count_min_may_hash(cm, err);
    if (status < 0)
        return status;
    if (weight < 0 && cm->update != PLN_COUNT_MIN_PLAIN)
        return bad_weight(weight, -1, err);
    pln__count_min_places_of(cm, bytes, size, places);
    pln__count_min_put(cm, places, &weight, 1);
    return PLN_OK;
}

pln_status pln_count_min_add_uint64(pln_count_min *cm, const uint64_t *values,
                                    const int64_t *weights, int64_t n, const uint8_t *validity,
                                    int64_t offset, pln_error *err) {
    if (n < 0 || offset < 0)
        return pln__error_set(err, PLN_EINVAL,
                              "Count-Min sketch: %lld values from bit %lld of validity",
                              (long long)n, (long long)offset);
    pln_status status = pln__count_min_may_hash(cm, err);
    pln__count_min_source source = {
        .keys = values, .validity = validity, .offset = offset, .n = n};
    return status < 0 ? status : add_source(cm, &source, weights, err);
}

pln_status pln_count_min_add_column(pln_count_min *cm, const struct ArrowSchema *schema,
                                    const struct ArrowArray *array, const int64_t *weights,
                                    pln_error *err) {
    pln__sketch_column column;
    pln__count_min_source source;
    pln_status status;
    PLN__TRY(pln__count_min_may_hash(cm, err));
    PLN__TRY(pln__count_min_open(schema, array, &column, &source, err));
    PLN__TRY(add_source(cm, &source, weights, err));
out:
    return status;
}

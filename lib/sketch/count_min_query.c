/* Answers: of values, and of two sketches. */
#include "sketch/count_min.h"
#include <math.h>

/* The sum of its panes first, then the least of the rows. */
static void least_of_panes(const pln_count_min *cm, const uint32_t *places, int64_t n,
                           int64_t *out) {
    int64_t sums[PLN__COUNT_MIN_PART];
    for (int32_t row = 0; row < cm->rows; row++) {
        memset(sums, 0, (size_t)n * sizeof *sums);
        for (int32_t pane = 0; pane < cm->panes; pane++)
            cm->loops->sum(pln__count_min_pane(cm, pane), places + row * n, n, sums);
        for (int64_t i = 0; i < n; i++)
            out[i] = row > 0 && out[i] < sums[i] ? out[i] : sums[i];
    }
}

void pln__count_min_least(const pln_count_min *cm, const uint32_t *places, int64_t n,
                          int64_t *out) {
    if (cm->panes > 1) {
        least_of_panes(cm, places, n, out);
        return;
    }
    if (cm->far)
        cm->loops->fetch(cm->counters, places, n * cm->rows);
    cm->loops->least(cm->counters, places, n, cm->rows, out);
}

/* What is null stays 0. */
static void ask_source(const pln_count_min *cm, pln__count_min_source *source, int64_t *out) {
    pln__count_min_lot lot;
    uint32_t places[PLN__COUNT_MIN_PLACES];
    int64_t some[PLN__COUNT_MIN_PART];
    while (pln__count_min_next(cm, source, &lot)) {
        pln__count_min_places(cm, lot.hashes, lot.n, places);
        pln__count_min_least(cm, places, lot.n, lot.first < 0 ? some : out + lot.first);
        for (int64_t i = 0; lot.first < 0 && i < lot.n; i++)
            out[lot.rows[i]] = some[i];
    }
}

pln_status pln_count_min_query(const pln_count_min *cm, const void *bytes, int64_t size,
                               int64_t *out, pln_error *err) {
    uint32_t places[PLN__COUNT_MIN_ROWS];
    pln_status status = pln__count_min_may_hash(cm, err);
    if (status < 0)
        return status;
    pln__count_min_places_of(cm, bytes, size, places);
    pln__count_min_least(cm, places, 1, out);
    return PLN_OK;
}

pln_status pln_count_min_query_uint64(const pln_count_min *cm, const uint64_t *values, int64_t n,
                                      int64_t *out, pln_error *err) {
    pln__count_min_source source = {.keys = values, .n = n};
    if (n < 0)
        return pln__error_set(err, PLN_EINVAL, "Count-Min sketch: %lld values", (long long)n);
    pln_status status = pln__count_min_may_hash(cm, err);
    if (status == PLN_OK)
        ask_source(cm, &source, out);
    return status;
}

pln_status pln_count_min_query_column(const pln_count_min *cm, const struct ArrowSchema *schema,
                                      const struct ArrowArray *array, int64_t *out,
                                      pln_error *err) {
    pln__sketch_column column;
    pln__count_min_source source;
    pln_status status;
    PLN__TRY(pln__count_min_may_hash(cm, err));
    PLN__TRY(pln__count_min_open(schema, array, &column, &source, err));
    for (int64_t i = 0; i < source.n; i++)
        out[i] = 0;
    ask_source(cm, &source, out);
out:
    return status;
}

static int64_t live(const pln_count_min *cm, int64_t i) {
    int64_t sum = 0;
    for (int32_t pane = 0; pane < cm->panes; pane++)
        sum = pln__add_clamped(sum, cm->loops->get(pln__count_min_pane(cm, pane), i));
    return sum;
}

pln_status pln_count_min_inner_product(const pln_count_min *a, const pln_count_min *b, double *out,
                                       double *error, pln_error *err) {
    pln_status status = pln__count_min_same_kind(a, b, err);
    if (status < 0)
        return status;
    if (a->update != PLN_COUNT_MIN_PLAIN || b->update != PLN_COUNT_MIN_PLAIN)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "Count-Min sketches: no inner product of conservative ones");
    int64_t columns = pln__count_min_columns(a);
    for (int32_t row = 0; row < a->rows; row++) {
        double sum = 0;
        for (int64_t i = row * columns; i < (row + 1) * columns; i++)
            sum += (double)live(a, i) * (double)live(b, i);
        *out = row > 0 && *out < sum ? *out : sum;
    }
    if (error != NULL)
        *error = pln_count_min_error(a, NULL) * fmax((double)pln_count_min_total(b), 0);
    return PLN_OK;
}

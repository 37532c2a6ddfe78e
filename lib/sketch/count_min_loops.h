/* The loops over counters, included once for each width: COUNTER is the type, MOST and LEAST its ends, LOOP(name) a name, ALL the table. */

static void LOOP(fetch)(const void *pane, const uint32_t *places, int64_t n) {
    const COUNTER *counters = pane;
    for (int64_t i = 0; i < n; i++)
        __builtin_prefetch(counters + places[i], 1);
}

static void LOOP(count)(void *pane, const uint32_t *places, int64_t n) {
    COUNTER *counters = pane;
    for (int64_t i = 0; i < n; i++)
        counters[places[i]]++;
}

static COUNTER LOOP(clamp)(int64_t value) {
    return value > MOST ? MOST : value < LEAST ? LEAST : (COUNTER)value;
}

static void LOOP(add)(void *pane, const uint32_t *places, const int64_t *weights, int64_t n,
                      int32_t rows) {
    COUNTER *counters = pane;
    for (int32_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < n; i++) {
            COUNTER *c = counters + places[row * n + i], now = *c;
            COUNTER then = LOOP(clamp)(pln__add_clamped(now, weights[i]));
            *c = now == MOST || now == LEAST ? now : then;
        }
}

static void LOOP(raise)(void *pane, const uint32_t *places, const int64_t *weights, int64_t n,
                        int32_t rows) {
    COUNTER *counters = pane;
    for (int64_t i = 0; i < n; i++) {
        COUNTER least = MOST;
        for (int32_t row = 0; row < rows; row++) {
            COUNTER c = counters[places[row * n + i]];
            least = c < least ? c : least;
        }
        least = LOOP(clamp)(pln__add_clamped(least, weights[i]));
        for (int32_t row = 0; row < rows; row++) {
            COUNTER *c = counters + places[row * n + i];
            *c = *c < least ? least : *c;
        }
    }
}

/* Two rows at a time, so that `out` is read and written half as often; the last of an odd number is taken twice. */
static void LOOP(least)(const void *pane, const uint32_t *places, int64_t n, int32_t rows,
                        int64_t *restrict out) {
    const COUNTER *counters = pane;
    for (int32_t row = 0; row < rows; row += 2) {
        const uint32_t *p = places + row * n, *q = row + 1 < rows ? p + n : p;
        for (int64_t i = 0; row == 0 && i < n; i++) {
            COUNTER a = counters[p[i]], b = counters[q[i]];
            out[i] = a < b ? a : b;
        }
        for (int64_t i = 0; row > 0 && i < n; i++) {
            COUNTER a = counters[p[i]], b = counters[q[i]];
            int64_t less = a < b ? a : b;
            out[i] = out[i] < less ? out[i] : less;
        }
    }
}

static void LOOP(sum)(const void *pane, const uint32_t *places, int64_t n, int64_t *out) {
    const COUNTER *counters = pane;
    for (int64_t i = 0; i < n; i++)
        out[i] = pln__add_clamped(out[i], counters[places[i]]);
}

static void LOOP(join)(void *into, const void *from, int64_t n) {
    COUNTER *a = into;
    const COUNTER *b = from;
    for (int64_t i = 0; i < n; i++)
        a[i] += b[i];
}

/* The upper end wins, whichever of the two is there. */
static void LOOP(merge)(void *into, const void *from, int64_t n) {
    COUNTER *a = into;
    const COUNTER *b = from;
    for (int64_t i = 0; i < n; i++) {
        COUNTER sum = LOOP(clamp)(pln__add_clamped(a[i], b[i]));
        sum = a[i] == LEAST || b[i] == LEAST ? LEAST : sum;
        a[i] = a[i] == MOST || b[i] == MOST ? MOST : sum;
    }
}

static int64_t LOOP(ends)(const void *counters, int64_t n) {
    const COUNTER *c = counters;
    int64_t found = 0;
    for (int64_t i = 0; i < n; i++)
        found += c[i] == MOST || c[i] == LEAST;
    return found;
}

static int64_t LOOP(get)(const void *counters, int64_t i) {
    return ((const COUNTER *)counters)[i];
}

static void LOOP(put)(void *counters, int64_t i, int64_t value) {
    ((COUNTER *)counters)[i] = (COUNTER)value;
}

const pln__count_min_loops ALL = {MOST,      LOOP(fetch), LOOP(count), LOOP(add),
                                  LOOP(raise), LOOP(least), LOOP(sum),   LOOP(join),
                                  LOOP(merge), LOOP(ends),  LOOP(get),   LOOP(put)};

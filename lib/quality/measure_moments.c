/* Numbers of a whole column: extremes, mean, sum, deviation, quantiles. */
#include "quality/moments.h"
#include "quality/suite.h"
#include "sketch/value.h"
#include <math.h>
#include <pln/quantiles.h>

enum { PART = PLN__MOMENTS_PENDING };
enum { MIN, MAX, MEAN, SUM, STDEV, QUANTILE };

static const struct {
    const char *name;
    int what;
} whats[] = {{"column_min", MIN},     {"column_max", MAX},         {"column_mean", MEAN},
             {"column_sum", SUM},     {"column_stdev", STDEV},     {"column_median", QUANTILE},
             {"column_quantile", QUANTILE}};

/* Integers and decimals have their extremes and sum exactly, in units of the scale. */
typedef struct numbers {
    int what;
    bool exact;
    pln__type type;
    double fraction;
    int64_t n, nans;
    pln__int128 least, most, sum;
    bool overflown;
    double least_float, most_float;
    double sum_float, sum_rest; /* what rounding lost: J. Babuska, A. Neumaier */
    pln__running running;
    pln_quantiles *quantiles;
} numbers;

static pln_status moments_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const struct ArrowSchema *schema = v->schema.children[run->fields[0]];
    char shown[PLN__TYPE_TEXT_SIZE];
    pln_quantiles_options options;
    pln_status status;
    numbers *s = pln__calloc(&v->mem, 1, sizeof *s);
    if (s == NULL)
        return pln__error_memory(err, sizeof *s);
    run->state = s;
    PLN__TRY(pln__check_bounds(run->check, err));
    PLN__TRY(pln__type_of(schema->dictionary != NULL ? schema->dictionary : schema, &s->type, err));
    if (!pln__type_is_number(s->type.id))
        PLN__FAIL(err, PLN_ETYPE, "column %s: expected numbers, got %s", schema->name,
                  pln__type_text(schema, shown));
    s->exact = pln__type_is_integer(s->type.id) || s->type.id == PLN__DECIMAL128;
    for (int i = 0; i < PLN__COUNT(whats); i++)
        if (strcmp(whats[i].name, run->check->kind->name) == 0)
            s->what = whats[i].what;
    s->least_float = INFINITY;
    s->most_float = -INFINITY;
    if (s->what != QUANTILE)
        return PLN_OK;
    s->fraction = pln__check_number(run->check, "quantile", 0.5);
    if (!(s->fraction >= 0 && s->fraction <= 1))
        PLN__FAIL(err, PLN_EOPTION, "quantile: expected 0 to 1, got %g", s->fraction);
    pln_quantiles_options_init(&options, sizeof options);
    options.allocator = &v->mem;
    options.seed = v->suite->seed;
    PLN__TRY(pln_quantiles_new(NULL, &options, &s->quantiles, err));
out:
    return status;
}

static void moments_close(pln__check_run *run) {
    numbers *s = run->state;
    if (s == NULL)
        return;
    pln_quantiles_free(s->quantiles);
    pln__free(&run->owner->mem, s, sizeof *s);
}

static void add_exact(numbers *s, pln__int128 value) {
    s->least = s->n == 0 || value < s->least ? value : s->least;
    s->most = s->n == 0 || value > s->most ? value : s->most;
    s->overflown |= __builtin_add_overflow(s->sum, value, &s->sum);
    s->n++;
}

static void add_rest(numbers *s, double value) {
    double sum = s->sum_float + value;
    if (isfinite(sum))
        s->sum_rest += fabs(s->sum_float) >= fabs(value) ? (s->sum_float - sum) + value
                                                         : (value - sum) + s->sum_float;
    s->sum_float = sum;
}

static void add_float(numbers *s, double value) {
    s->least_float = value < s->least_float ? value : s->least_float;
    s->most_float = value > s->most_float ? value : s->most_float;
    add_rest(s, value);
    s->n++;
}

static pln__int128 exact_at(const numbers *s, const pln__sketch_column *column, int64_t row) {
    if (s->type.id == PLN__DECIMAL128)
        return pln__load_decimal128((const uint8_t *)column->values->buffers[1] +
                                    (column->values->offset + row) * 16);
    int64_t value = pln__array_int(&column->type, column->values, row);
    return s->type.id == PLN__UINT64 ? (pln__int128)(uint64_t)value : (pln__int128)value;
}

static pln_status flush(numbers *s, const double *values, int64_t n, pln_error *err) {
    if (s->what == MEAN || s->what == STDEV)
        pln__running_push(&s->running, values, n);
    if (s->what == QUANTILE)
        return pln_quantiles_add_float64(s->quantiles, values, n, NULL, 0, err);
    return PLN_OK;
}

/* ---- plain columns: no row of them is looked at alone ---- */

/* Which rows of a column: [first, first + n), or those of a list. */
typedef struct rows_of {
    const int32_t *list;
    int64_t first, n;
} rows_of;

#define GATHER(type)                                                                               \
    do {                                                                                           \
        const type *from = (const type *)array->buffers[1] + array->offset;                        \
        if (rows->list == NULL)                                                                    \
            for (int64_t i = 0; i < rows->n; i++)                                                  \
                out[i] = from[rows->first + i];                                                    \
        else                                                                                       \
            for (int64_t i = 0; i < rows->n; i++)                                                  \
                out[i] = from[rows->list[rows->first + i]];                                        \
    } while (0)

static bool gather_ints(int id, const struct ArrowArray *array, const rows_of *rows, int64_t *out) {
    switch (id) {
    case PLN__INT8: GATHER(int8_t); return true;
    case PLN__INT16: GATHER(int16_t); return true;
    case PLN__INT32: GATHER(int32_t); return true;
    case PLN__INT64: GATHER(int64_t); return true;
    case PLN__UINT8: GATHER(uint8_t); return true;
    case PLN__UINT16: GATHER(uint16_t); return true;
    case PLN__UINT32: GATHER(uint32_t); return true;
    default: return false;
    }
}

static bool gather_floats(int id, const struct ArrowArray *array, const rows_of *rows,
                          double *out) {
    switch (id) {
    case PLN__FLOAT32: GATHER(float); return true;
    case PLN__FLOAT64: GATHER(double); return true;
    default: return false;
    }
}

static pln_status take_ints(numbers *s, const int64_t *values, int64_t n, pln_error *err) {
    int64_t least = values[0], most = values[0];
    pln__int128 sum = 0;
    double floats[PART];
    if (s->what == MIN || s->what == MAX) {
        for (int64_t i = 1; i < n; i++) {
            least = values[i] < least ? values[i] : least;
            most = values[i] > most ? values[i] : most;
        }
        s->least = s->n == 0 || least < s->least ? least : s->least;
        s->most = s->n == 0 || most > s->most ? most : s->most;
    } else if (s->what == SUM) {
        for (int64_t i = 0; i < n; i++)
            sum += values[i];
        s->overflown |= __builtin_add_overflow(s->sum, sum, &s->sum);
    } else {
        for (int64_t i = 0; i < n; i++)
            floats[i] = (double)values[i];
    }
    s->n += n;
    return s->what <= MAX || s->what == SUM ? PLN_OK : flush(s, floats, n, err);
}

static pln_status take_floats(numbers *s, double *values, int64_t n, pln_error *err) {
    double least = s->least_float, most = s->most_float;
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        double value = values[i];
        values[kept] = value;
        kept += value == value;
    }
    s->nans += n - kept;
    s->n += kept;
    if (s->what == MIN || s->what == MAX) {
        for (int64_t i = 0; i < kept; i++) {
            least = values[i] < least ? values[i] : least;
            most = values[i] > most ? values[i] : most;
        }
        s->least_float = least;
        s->most_float = most;
    }
    for (int64_t i = 0; i < kept && s->what == SUM; i++)
        add_rest(s, values[i]);
    return flush(s, values, kept, err);
}

/* False for a column that is none of these. */
static pln_status add_plain(numbers *s, const pln__sketch_column *column, const int32_t *chosen,
                            int64_t n, bool *plain, pln_error *err) {
    int64_t ints[PART];
    double floats[PART];
    pln_status status = PLN_OK;
    *plain = column->index.id != PLN__DICTIONARY;
    for (int64_t at = 0; at < n && *plain && status == PLN_OK; at += PART) {
        rows_of rows = {chosen, at, n - at < PART ? n - at : PART};
        if (gather_ints(column->type.id, column->values, &rows, ints))
            status = take_ints(s, ints, rows.n, err);
        else if (gather_floats(column->type.id, column->values, &rows, floats))
            status = take_floats(s, floats, rows.n, err);
        else
            *plain = false;
    }
    return status;
}

static pln_status moments_add(pln__check_run *run, const struct ArrowArray *rows,
                              const int32_t *chosen, int64_t n, pln_error *err) {
    numbers *s = run->state;
    int64_t field = run->fields[0], kept = 0;
    pln__sketch_column column;
    double values[PART];
    bool plain;
    pln_status status;
    PLN__TRY(pln__sketch_column_open("check", run->owner->schema.children[field],
                                     rows->children[field], &column, err));
    PLN__TRY(add_plain(s, &column, chosen, n, &plain, err));
    for (int64_t i = 0; i < n && !plain; i++) {
        int64_t row = pln__sketch_row(&column, chosen != NULL ? chosen[i] : i);
        if (row < 0)
            continue;
        if (s->exact) {
            pln__int128 value = exact_at(s, &column, row);
            add_exact(s, value);
            values[kept++] = pln__decimal128_double(value, s->type.scale);
        } else {
            double value = pln__array_float(&column.type, column.values, row);
            if (isnan(value)) {
                s->nans++;
                continue;
            }
            add_float(s, value);
            values[kept++] = value;
        }
        if (kept == PART) {
            PLN__TRY(flush(s, values, kept, err));
            kept = 0;
        }
    }
    PLN__TRY(flush(s, values, kept, err));
out:
    return status;
}

static pln_status moments_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    numbers *s = into->state;
    const numbers *other = from->state;
    if (other->n > 0) {
        s->least = s->n == 0 || other->least < s->least ? other->least : s->least;
        s->most = s->n == 0 || other->most > s->most ? other->most : s->most;
        s->overflown |= other->overflown | __builtin_add_overflow(s->sum, other->sum, &s->sum);
        s->least_float = fmin(s->least_float, other->least_float);
        s->most_float = fmax(s->most_float, other->most_float);
        add_rest(s, other->sum_float);
        add_rest(s, other->sum_rest);
        s->n += other->n;
    }
    s->nans += other->nans;
    pln__running_merge(&s->running, &other->running);
    return s->quantiles == NULL ? PLN_OK : pln_quantiles_merge(s->quantiles, other->quantiles, err);
}

/* ---- bytes ---- */

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}
static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, 8);
    return value;
}
static uint64_t high(pln__int128 value) {
    return (uint64_t)((pln__uint128)value >> 64);
}

static pln_status put_running(const pln_allocator *mem, const pln__running *running,
                              pln__buffer *out, pln_error *err) {
    uint64_t words[] = {(uint64_t)running->done.n, bits_of(running->done.mean),
                        bits_of(running->done.squares), (uint64_t)running->n_pending};
    pln_status status = pln__put_words(mem, out, words, PLN__COUNT(words), err);
    for (int32_t i = 0; i < running->n_pending && status == PLN_OK; i++) {
        uint64_t word = bits_of(running->pending[i]);
        status = pln__put_words(mem, out, &word, 1, err);
    }
    return status;
}

static pln_status moments_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const numbers *s = run->state;
    const pln_allocator *mem = &run->owner->mem;
    uint64_t words[] = {(uint64_t)s->n, (uint64_t)s->nans,
                        (uint64_t)s->least, high(s->least), (uint64_t)s->most, high(s->most),
                        (uint64_t)s->sum, high(s->sum), s->overflown,
                        bits_of(s->least_float), bits_of(s->most_float),
                        bits_of(s->sum_float), bits_of(s->sum_rest)};
    pln_status status;
    PLN__TRY(pln__put_words(mem, out, words, PLN__COUNT(words), err));
    PLN__TRY(put_running(mem, &s->running, out, err));
    if (s->quantiles == NULL)
        return PLN_OK;
    int64_t size = pln_quantiles_size(s->quantiles);
    PLN__TRY(pln__buffer_reserve(mem, out, size, err));
    PLN__TRY(pln_quantiles_write(s->quantiles, out->data + out->size, size, &size, err));
    out->size += size;
out:
    return status;
}

typedef struct words {
    const uint8_t *at, *end;
    bool cut; /* there were not as many as asked for */
} words;

static uint64_t next(words *w) {
    if (w->end - w->at < 8) {
        w->cut = true;
        return 0;
    }
    uint64_t word = pln__load_le64(w->at);
    w->at += 8;
    return word;
}
static pln__int128 next_128(words *w) {
    uint64_t low = next(w);
    return (pln__int128)((pln__uint128)next(w) << 64 | low);
}

static void get_numbers(words *w, numbers *s) {
    s->n = (int64_t)next(w);
    s->nans = (int64_t)next(w);
    s->least = next_128(w);
    s->most = next_128(w);
    s->sum = next_128(w);
    s->overflown = next(w) != 0;
    s->least_float = double_of(next(w));
    s->most_float = double_of(next(w));
    s->sum_float = double_of(next(w));
    s->sum_rest = double_of(next(w));
    s->running.done.n = (int64_t)next(w);
    s->running.done.mean = double_of(next(w));
    s->running.done.squares = double_of(next(w));
    uint64_t pending = next(w);
    w->cut |= pending >= PLN__MOMENTS_PENDING;
    for (uint64_t i = 0; i < pending && !w->cut; i++)
        s->running.pending[s->running.n_pending++] = double_of(next(w));
}

static pln_status moments_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                               pln_error *err) {
    numbers *s = run->state;
    pln_quantiles *read = NULL;
    pln_quantiles_info info = {.struct_size = sizeof info};
    words w = {bytes, bytes + size, false};
    pln_status status = PLN_OK;
    get_numbers(&w, s);
    int64_t most = run->rows - run->missing;
    int64_t counted = s->what == MEAN || s->what == STDEV ? s->n : 0;
    if (w.cut || s->n < 0 || s->n > most || s->nans < 0 || s->nans > most - s->n ||
        s->running.done.n < 0 || s->running.done.n > most ||
        s->running.done.n + s->running.n_pending != counted)
        return pln__error_set(err, PLN_EDATA,
                              "numbers: %lld, %lld of them not a number, mean of %lld",
                              (long long)s->n, (long long)s->nans, (long long)s->running.done.n);
    if (isnan(s->least_float) || isnan(s->most_float))
        return pln__error_set(err, PLN_EDATA, "numbers: NaN is no extreme");
    if (s->quantiles == NULL)
        return w.at == w.end ? PLN_OK
                             : pln__error_set(err, PLN_EDATA, "numbers: %lld bytes too many",
                                              (long long)(w.end - w.at));
    PLN__TRY(pln_quantiles_read(NULL, &run->owner->mem, w.at, w.end - w.at, &read, err));
    pln_quantiles_info_get(read, &info);
    if (info.n != s->n)
        PLN__FAIL(err, PLN_EDATA, "numbers: %lld, quantiles of %lld", (long long)s->n,
                  (long long)info.n);
    PLN__TRY(pln_quantiles_merge(s->quantiles, read, err));
out:
    pln_quantiles_free(read);
    return status;
}

/* ---- what was seen ---- */

static void tell_exact(pln__check_run *run, pln__int128 value, int32_t scale) {
    char text[PLN__DECIMAL128_TEXT_SIZE];
    pln__text_bytes(&run->observed, text, pln__format_decimal128(text, value, scale));
}

static double estimate(const numbers *s, pln_error *err, pln_status *status) {
    pln__moments all = pln__running_total(&s->running);
    double value = NAN;
    switch (s->what) {
    case MIN: return s->least_float;
    case MAX: return s->most_float;
    case SUM: return s->sum_float + s->sum_rest;
    case MEAN: return all.mean;
    case STDEV: return all.n > 1 ? sqrt(all.squares / (double)(all.n - 1)) : NAN;
    default: *status = pln_quantiles_quantile(s->quantiles, s->fraction, &value, err);
    }
    return value;
}

static pln_status moments_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    const numbers *s = run->state;
    pln_status status = PLN_OK;
    *out = (pln__judgement){.success = true, .observed = NAN};
    if (s->nans > 0) {
        /* It is greater than every end, and no mean has it. */
        out->success = false;
        pln__text_printf(&run->observed, "%lld NaN", (long long)s->nans);
        return pln__text_status(&run->observed, err);
    }
    if (s->n == 0)
        return PLN_OK;
    if (s->exact && s->what <= SUM && s->what != MEAN && !(s->what == SUM && s->overflown)) {
        pln__int128 value = s->what == MIN ? s->least : s->what == MAX ? s->most : s->sum;
        out->success = pln__check_within_decimal(run->check, value, s->type.scale);
        out->observed = pln__decimal128_double(value, s->type.scale);
        tell_exact(run, value, s->type.scale);
        return pln__text_status(&run->observed, err);
    }
    out->observed = estimate(s, err, &status);
    /* A sum of integers beyond 2^127: nothing is known of it. */
    if (s->exact && s->what == SUM)
        out->observed = NAN;
    out->success = isnan(out->observed) ? s->what == STDEV && s->n < 2
                                        : pln__check_within(run->check, out->observed);
    return status;
}

const pln__measure pln__measure_moments = {
    .open = moments_open,
    .close = moments_close,
    .add = moments_add,
    .merge = moments_merge,
    .write = moments_write,
    .read = moments_read,
    .judge = moments_judge,
};

/* Kinds whose states are a few words: counts, sums, averages, moments, and the least and greatest of what fits into 128 bits. */
#include "window/aggregate_internal.h"
#include <math.h>
#include <stdio.h>

enum { FAR = 1 << 20 }; /* more bytes than a processor's nearer caches have */

/* Whether there is an answer goes to *valid; an error is without its place. */
typedef pln_status answer_fn(const pln__aggregate *a, const void *state, uint64_t bits[2],
                             bool *valid, pln_error *err);
/* What is wrong with a state that was read, or NULL. */
typedef const char *check_fn(const pln__aggregate *a, const void *state);

/* Floats of a state are read as words, all the same: every field of a state is one. */
typedef struct pln__agg_number {
    const pln__agg_kernels *kernels;
    answer_fn *answer;
    check_fn *check;
    int32_t doubles; /* as many words of a state are such, from its first on */
    bool as_double;  /* values that are no doubles are made ones first */
} number;

/* ---- answers ---- */

/* Which NaN comes out of an addition is the processor's choice, so there is one. */
static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return isnan(value) ? 0x7ff8000000000000 : bits;
}

static pln_status answer_count(const pln__aggregate *a, const void *state, uint64_t bits[2],
                               bool *valid, pln_error *err) {
    (void)a, (void)err;
    bits[0] = *(const uint64_t *)state;
    *valid = true;
    return PLN_OK;
}

/* A sum that its type does not hold, of which `text` has `size` digits. */
static pln_status overflow(const pln__aggregate *a, const char *text, int64_t size, bool *valid,
                           pln_error *err) {
    char type[PLN__TYPE_TEXT_SIZE];
    *valid = false;
    if ((a->spec.flags & PLN__AGG_OVERFLOW_NULL) != 0)
        return PLN_OK;
    return pln__error_set(err, PLN_EDATA, "the sum of column %s is %.*s, which %s does not hold",
                          a->column.name, (int)size, text, pln__type_text(&a->out, type));
}

static pln_status answer_sum(const pln__aggregate *a, const void *state, uint64_t bits[2],
                             bool *valid, pln_error *err) {
    const pln__agg_sum *s = state;
    pln__int128 sum = (pln__int128)((pln__uint128)s->high << 64 | s->low) >> 1;
    bool fits = a->out_type.id == PLN__UINT64 ? sum >= 0 && sum <= UINT64_MAX
                                              : sum >= INT64_MIN && sum <= INT64_MAX;
    bits[0] = (uint64_t)sum;
    *valid = (s->low & 1) != 0;
    if (fits)
        return PLN_OK;
    char text[PLN__DECIMAL128_TEXT_SIZE];
    return overflow(a, text, pln__format_decimal128(text, sum, 0), valid, err);
}

/* The magnitude of 192 bits; whether it was negative. */
static bool magnitude(const pln__agg_long *s, uint64_t out[3]) {
    uint64_t flip = 0 - (s->high >> 63), carry = flip & 1;
    const uint64_t from[3] = {s->low, s->mid, s->high};
    for (int i = 0; i < 3; i++) {
        out[i] = (from[i] ^ flip) + carry;
        carry = carry != 0 && out[i] == 0;
    }
    return flip != 0;
}

static pln_status answer_sum_long(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                  bool *valid, pln_error *err) {
    const pln__agg_long *s = state;
    uint64_t size[3];
    bool negative = magnitude(s, size);
    pln__uint128 whole = (pln__uint128)size[1] << 64 | size[0];
    bits[0] = s->low;
    bits[1] = s->mid;
    *valid = s->n > 0;
    if (size[2] == 0 &&
        whole < (pln__uint128)pln__decimal128_ten(PLN__DECIMAL128_PRECISION - 1) * 10)
        return PLN_OK;
    const uint64_t one[3] = {1, 0, 0};
    char text[PLN__DOUBLE_TEXT_SIZE];
    double about = pln__agg_ratio(size, one) / pow(10, a->column.type.scale);
    return overflow(a, text, pln__format_double(text, negative ? -about : about), valid, err);
}

static pln_status answer_sum_f64(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                 bool *valid, pln_error *err) {
    const pln__agg_float *s = state;
    (void)a, (void)err;
    bits[0] = bits_of(s->sum);
    *valid = s->n > 0;
    return PLN_OK;
}

static pln_status answer_average_f64(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                     bool *valid, pln_error *err) {
    const pln__agg_float *s = state;
    (void)a, (void)err;
    *valid = s->n > 0;
    if (*valid)
        bits[0] = bits_of(s->sum / (double)s->n);
    return PLN_OK;
}

static void average(const pln__agg_long *s, int32_t scale, uint64_t bits[2]) {
    uint64_t sum[3], by[3] = {(uint64_t)s->n, 0, 0};
    bool negative = magnitude(s, sum);
    /* n * 10^scale, three words at most; a scale below 0 multiplies the sum, whose digits and these are 38 together. */
    uint64_t *times = scale < 0 ? sum : by;
    for (int32_t i = scale < 0 ? -scale : scale; i > 0; i--) {
        uint64_t carry = 0;
        for (int k = 0; k < 3; k++) {
            pln__uint128 product = (pln__uint128)times[k] * 10 + carry;
            times[k] = (uint64_t)product;
            carry = (uint64_t)(product >> 64);
        }
    }
    double value = pln__agg_ratio(sum, by);
    bits[0] = bits_of(negative ? -value : value);
}

static pln_status answer_average(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                 bool *valid, pln_error *err) {
    const pln__agg_average *s = state;
    (void)a, (void)err;
    *valid = s->n > 0;
    if (*valid)
        average(&(pln__agg_long){s->low, s->high, 0 - (s->high >> 63), s->n}, 0, bits);
    return PLN_OK;
}

static pln_status answer_average_long(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                      bool *valid, pln_error *err) {
    const pln__agg_long *s = state;
    (void)err;
    *valid = s->n > 0;
    if (*valid)
        average(s, a->column.type.scale, bits);
    return PLN_OK;
}

static pln_status answer_moments(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                 bool *valid, pln_error *err) {
    const pln__agg_moments *s = state;
    int32_t kind = a->spec.kind;
    bool sample = kind == PLN__AGG_VAR_SAMP || kind == PLN__AGG_STDDEV_SAMP;
    bool root = kind == PLN__AGG_STDDEV_POP || kind == PLN__AGG_STDDEV_SAMP;
    (void)err;
    *valid = s->n > sample;
    if (!*valid)
        return PLN_OK;
    double variance = s->squares / (double)(s->n - sample);
    bits[0] = bits_of(root ? sqrt(variance) : variance);
    return PLN_OK;
}

static pln_status answer_least(const pln__aggregate *a, const void *state, uint64_t bits[2],
                               bool *valid, pln_error *err) {
    const pln__agg_least *s = state;
    (void)err;
    *valid = s->seen != 0;
    bits[0] = pln__agg_bits_of_key(a->column.type.id, s->key);
    return PLN_OK;
}

static pln_status answer_first(const pln__aggregate *a, const void *state, uint64_t bits[2],
                               bool *valid, pln_error *err) {
    const pln__agg_least *s = state;
    (void)a, (void)err;
    *valid = s->seen != 0;
    bits[0] = (uint64_t)s->key;
    return PLN_OK;
}

static pln_status answer_least_long(const pln__aggregate *a, const void *state, uint64_t bits[2],
                                    bool *valid, pln_error *err) {
    const pln__agg_least_long *s = state;
    (void)a, (void)err;
    *valid = s->seen != 0;
    bits[0] = s->low;
    bits[1] = s->high;
    return PLN_OK;
}

/* ---- states that were read ---- */

static const char *check_n(int64_t n, bool zeros) {
    if (n < 0 || n > (int64_t)1 << 60)
        return "the number of values is not 0 to 2^60";
    return n == 0 && !zeros ? "there are no values, and yet something that is not 0" : NULL;
}
static const char *check_count(const pln__aggregate *a, const void *state) {
    (void)a;
    return check_n(*(const int64_t *)state, true);
}
static const char *check_sum(const pln__aggregate *a, const void *state) {
    const pln__agg_sum *s = state;
    (void)a;
    return check_n((int64_t)(s->low & 1), (s->low | s->high) == 0);
}
static const char *check_average(const pln__aggregate *a, const void *state) {
    const pln__agg_average *s = state;
    (void)a;
    return check_n(s->n, (s->low | s->high) == 0);
}
static const char *check_long(const pln__aggregate *a, const void *state) {
    const pln__agg_long *s = state;
    (void)a;
    return check_n(s->n, (s->low | s->mid | s->high) == 0);
}
static const char *check_float(const pln__aggregate *a, const void *state) {
    const pln__agg_float *s = state;
    (void)a;
    return check_n(s->n, bits_of(s->sum) == 0);
}
static const char *check_moments(const pln__aggregate *a, const void *state) {
    const pln__agg_moments *s = state;
    (void)a;
    if (s->squares < 0)
        return "the sum of squares is negative";
    return check_n(s->n, (bits_of(s->mean) | bits_of(s->squares)) == 0);
}
static const char *check_seen(int64_t seen, bool zeros) {
    return seen != 0 && seen != 1 ? "the mark of a value is neither 0 nor 1" : check_n(seen, zeros);
}

bool pln__agg_is_bits(const pln__type *type, uint64_t bits) {
    return type->id == PLN__BOOL ? bits <= 1 : type->width >= 8 || bits >> (type->width * 8) == 0;
}

bool pln__agg_is_key(const pln__type *type, int64_t key) {
    int32_t bits = type->width * 8;
    if (type->id == PLN__BOOL)
        return key == 0 || key == 1;
    if (type->id == PLN__FLOAT32 || type->id == PLN__FLOAT64) {
        uint64_t word = pln__agg_bits_of_key(PLN__FLOAT64, key);
        double wide;
        memcpy(&wide, &word, 8);
        if (isnan(wide))
            return word == 0x7ff8000000000000;
        return type->id == PLN__FLOAT64 || isinf(wide) ||
               (fabs(wide) <= (double)3.4028234663852886e38f && (double)(float)wide == wide);
    }
    if (bits == 64)
        return true;
    if (type->id == PLN__UINT8 || type->id == PLN__UINT16 || type->id == PLN__UINT32)
        return key >= 0 && key >> bits == 0;
    return key >= -((int64_t)1 << (bits - 1)) && key < (int64_t)1 << (bits - 1);
}
static const char *check_least(const pln__aggregate *a, const void *state) {
    const pln__agg_least *s = state;
    const char *wrong = check_seen(s->seen, s->key == 0);
    return wrong == NULL && s->seen && !pln__agg_is_key(&a->column.type, s->key)
               ? "the value is beyond its type"
               : wrong;
}
static const char *check_first(const pln__aggregate *a, const void *state) {
    const pln__agg_least *s = state;
    const char *wrong = check_seen(s->seen, s->key == 0);
    return wrong == NULL && s->seen && !pln__agg_is_bits(&a->column.type, (uint64_t)s->key)
               ? "the value is beyond its type"
               : wrong;
}
static const char *check_least_long(const pln__aggregate *a, const void *state) {
    const pln__agg_least_long *s = state;
    (void)a;
    return check_seen(s->seen, (s->low | s->high) == 0);
}

/* ---- the kind ---- */

/* Decimals in halves to doubles, in their place: value i is written after halves 2 i and 2 i + 1 were read. */
static void to_doubles(const pln__aggregate *a, uint64_t *halves, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        pln__int128 value = (pln__int128)((pln__uint128)halves[2 * i + 1] << 64 | halves[2 * i]);
        halves[i] = bits_of(pln__decimal128_double(value, a->column.type.scale));
    }
}

/* Asks for the states of a block before the first one is waited for. */
static void fetch(const pln__states *states, const int32_t *groups, int64_t n) {
    int64_t size = states->aggregate->kind.size;
    for (int64_t i = 0; i < n; i++)
        __builtin_prefetch(states->states + groups[i] * size, 1);
}

static pln_status add(pln__states *states, const pln__agg_rows *rows, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    const pln__agg_kernels *kernels = a->number->kernels;
    const pln__agg_block *block = &a->scratch->block;
    bool far = states->n * a->kind.size > FAR;
    const void *values;
    for (int64_t done = 0; done < rows->n;) {
        pln_status status = pln__agg_next_values(a, rows, &done, &values, err);
        if (status < 0)
            return status;
        if (a->number->as_double)
            to_doubles(a, a->scratch->values, block->n);
        if (block->groups == NULL) {
            kernels->one(pln__agg_state(states, rows->group), values, block->n);
            continue;
        }
        if (far)
            fetch(states, block->groups, block->n);
        kernels->groups(states->states, values, block->groups, block->n);
    }
    return PLN_OK;
}

static pln_status merge(pln__states *into, const int32_t *into_groups, const pln__states *from,
                        const int32_t *from_groups, int64_t n, pln_error *err) {
    (void)err;
    into->aggregate->number->kernels->merge(into->states, into_groups, from->states, from_groups,
                                            n);
    return PLN_OK;
}

static pln_status finish(pln__states *states, void *state, pln__column *out, pln_error *err) {
    uint64_t bits[2] = {0, 0};
    bool valid = false;
    const pln__aggregate *a = states->aggregate;
    pln_status status = a->number->answer(a, state, bits, &valid, err);
    if (status < 0)
        return status;
    return valid ? pln__agg_put_bits(out, bits, err) : pln__column_null(out, err);
}

static pln_status write(const pln__states *states, const void *state, pln__buffer *out,
                        pln_error *err) {
    uint64_t words[sizeof(pln__agg_long) / 8];
    int64_t size = states->aggregate->kind.size;
    memcpy(words, state, (size_t)size);
    for (int32_t i = 0; i < states->aggregate->number->doubles; i++) {
        double value;
        memcpy(&value, &words[i], 8);
        words[i] = bits_of(value);
    }
    return pln__agg_write_words(states->aggregate->mem, out, words, size / 8, err);
}

static pln_status read(pln__states *states, void *state, pln__agg_reader *reader, pln_error *err) {
    const pln__aggregate *a = states->aggregate;
    for (int64_t i = 0; i < a->kind.size; i += 8) {
        uint64_t word = pln__agg_take_64(reader);
        memcpy((uint8_t *)state + i, &word, 8);
    }
    const char *wrong = reader->cut ? NULL : a->number->check(a, state);
    return wrong == NULL ? PLN_OK : pln__error_set(err, PLN_ECORRUPT, "%s", wrong);
}

/* ---- which one ---- */

typedef enum family { SIGNED_INTEGERS, UNSIGNED_INTEGERS, FLOATS, DECIMALS, NO_NUMBERS } family;

static family family_of(int32_t id) {
    if (id == PLN__UINT64)
        return UNSIGNED_INTEGERS;
    if (pln__type_is_integer(id))
        return SIGNED_INTEGERS;
    return id == PLN__FLOAT32 || id == PLN__FLOAT64 ? FLOATS
           : id == PLN__DECIMAL128                  ? DECIMALS
                                                    : NO_NUMBERS;
}

static const number count = {&pln__agg_count, answer_count, check_count, 0, false};
static const number sums[] = {
    {&pln__agg_sum_i64, answer_sum, check_sum, 0, false},
    {&pln__agg_sum_u64, answer_sum, check_sum, 0, false},
    {&pln__agg_sum_f64, answer_sum_f64, check_float, 1, false},
    {&pln__agg_sum_long, answer_sum_long, check_long, 0, false},
};
static const number averages[] = {
    {&pln__agg_avg_i64, answer_average, check_average, 0, false},
    {&pln__agg_avg_u64, answer_average, check_average, 0, false},
    {&pln__agg_sum_f64, answer_average_f64, check_float, 1, false},
    {&pln__agg_sum_long, answer_average_long, check_long, 0, false},
};
static const number moments[] = {
    {&pln__agg_moments_i64, answer_moments, check_moments, 2, false},
    {&pln__agg_moments_u64, answer_moments, check_moments, 2, false},
    {&pln__agg_moments_f64, answer_moments, check_moments, 2, false},
    {&pln__agg_moments_f64, answer_moments, check_moments, 2, true},
};
static const number least = {&pln__agg_min_i64, answer_least, check_least, 0, false};
static const number most = {&pln__agg_max_i64, answer_least, check_least, 0, false};
static const number least_long = {&pln__agg_min_long, answer_least_long, check_least_long, 0,
                                  false};
static const number most_long = {&pln__agg_max_long, answer_least_long, check_least_long, 0, false};
static const number first = {&pln__agg_first, answer_first, check_first, 0, false};
static const number last = {&pln__agg_last, answer_first, check_first, 0, false};
static const number first_long = {&pln__agg_first_long, answer_least_long, check_least_long, 0,
                                  false};
static const number last_long = {&pln__agg_last_long, answer_least_long, check_least_long, 0,
                                 false};

static pln_status choose_sum(pln__aggregate *a, family of, const char **format, pln_error *err) {
    static const char *const formats[] = {"l", "L", "g"};
    a->number = &sums[of];
    if (of != DECIMALS) {
        *format = formats[of];
        return PLN_OK;
    }
    char decimal[32];
    *format = NULL;
    snprintf(decimal, sizeof decimal, "d:%d,%d", PLN__DECIMAL128_PRECISION, a->column.type.scale);
    return pln__agg_field(a, decimal, 0, err);
}

/* One of the values themselves. */
static const number *choose_value(int32_t kind, bool decimal) {
    switch (kind) {
    case PLN__AGG_MIN: return decimal ? &least_long : &least;
    case PLN__AGG_MAX: return decimal ? &most_long : &most;
    case PLN__AGG_FIRST: return decimal ? &first_long : &first;
    default: return decimal ? &last_long : &last;
    }
}

static pln_status choose(pln__aggregate *a, const char **format, pln_error *err) {
    family of = a->column.child < 0 ? NO_NUMBERS : family_of(a->column.type.id);
    int32_t kind = a->spec.kind;
    *format = "g";
    switch (kind) {
    case PLN__AGG_COUNT: *format = "l", a->number = &count; return PLN_OK;
    case PLN__AGG_ANY:
    case PLN__AGG_ALL:
        *format = "b";
        a->number = kind == PLN__AGG_ANY ? &most : &least;
        return a->column.type.id == PLN__BOOL ? PLN_OK
                                              : pln__agg_refuse(a, &a->column, "bool", err);
    case PLN__AGG_MIN:
    case PLN__AGG_MAX:
    case PLN__AGG_FIRST:
    case PLN__AGG_LAST:
        *format = NULL;
        a->number = choose_value(kind, of == DECIMALS);
        return pln__agg_field(a, NULL, 0, err);
    default: break;
    }
    if (of == NO_NUMBERS)
        return pln__agg_refuse(a, &a->column, "a number", err);
    if (kind == PLN__AGG_SUM)
        return choose_sum(a, of, format, err);
    a->number = kind == PLN__AGG_AVG ? &averages[of] : &moments[of];
    return PLN_OK;
}

pln_status pln__agg_number_open(pln__aggregate *a, pln_error *err) {
    static const pln__agg_kind kind = {0, add, merge, finish, write, read, NULL};
    const char *format;
    pln_status status = choose(a, &format, err);
    if (status == PLN_OK && format != NULL)
        status = pln__agg_field(a, format, 0, err);
    if (status < 0)
        return status;
    a->kind = kind;
    a->kind.size = a->number->kernels->size;
    if (a->number == &least || a->number == &most)
        a->load = pln__agg_load_keys(a->column.type.id);
    else if (a->number == &first || a->number == &last)
        a->load = pln__agg_load_bits(&a->column.type);
    else if (a->spec.kind != PLN__AGG_COUNT)
        a->load = pln__agg_load_values(a->column.type.id);
    return PLN_OK;
}

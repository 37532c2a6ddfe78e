/* monotonic: each value against the one before it, from batch to batch. */
#include "base/number.h"
#include "base/time.h"
#include "quality/suite.h"
#include "sketch/value.h"
#include <math.h>

typedef struct value {
    pln__int128 exact;
    double number;
} value;

typedef struct order {
    pln__type type;
    bool exact; /* integers, decimals, times; otherwise floats */
    bool falls, strict, steps;
    value step;
    bool any;
    value first, last;
} order;

/* Units of the column in a second; 0: it is no time. */
static int64_t units(const pln__type *type) {
    static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};
    bool timed = type->id == PLN__TIMESTAMP || type->id == PLN__TIME32 || type->id == PLN__TIME64;
    return !timed                      ? 0
           : type->unit == PLN__SECOND ? per_second[0]
           : type->unit == PLN__MILLI  ? per_second[1]
           : type->unit == PLN__MICRO  ? per_second[2]
                                       : per_second[3];
}

/* A duration in units of the column, which it must be a whole number of. */
static pln_status time_step(const pln__check_run *run, order *o, pln_error *err) {
    const json_t *step = pln__check_get(run->check, "step");
    int64_t us;
    if (!json_is_string(step))
        return pln__error_set(err, PLN_EOPTION,
                              "step: expected a duration as \"1h\" for a column of times");
    pln_status status = pln__check_duration(run->check, "step", 0, &us, err);
    if (status < 0)
        return status;
    pln__int128 scaled = o->type.id == PLN__DATE32 ? us : (pln__int128)us * units(&o->type);
    pln__int128 whole = o->type.id == PLN__DATE32 ? (pln__int128)86400 * 1000000 : 1000000;
    if (scaled % whole != 0)
        return pln__error_set(err, PLN_EOPTION, "step: %s is no whole number of the column's units",
                              json_string_value(step));
    o->step.exact = scaled / whole;
    return PLN_OK;
}

static pln_status number_step(const pln__check_run *run, order *o, pln_error *err) {
    const json_t *step = pln__check_get(run->check, "step");
    int32_t scale = o->type.id == PLN__DECIMAL128 ? o->type.scale : 0;
    char digits[PLN__DOUBLE_TEXT_SIZE], shown[PLN__SHOW_SIZE];
    const char *text = json_string_value(step);
    if (json_is_boolean(step))
        return pln__error_set(err, PLN_EOPTION, "step: expected a number");
    int64_t size = text != NULL            ? (int64_t)strlen(text)
                   : json_is_integer(step) ? pln__format_int64(digits, json_integer_value(step))
                                           : pln__format_double(digits, json_real_value(step));
    text = text != NULL ? text : digits;
    pln__parsed parsed =
        o->exact
            ? pln__parse_decimal128(text, size, PLN__DECIMAL128_PRECISION, scale, &o->step.exact)
            : pln__parse_double(text, size, PLN__DOUBLE_LENIENT, &o->step.number);
    if (parsed != PLN__PARSED || !isfinite(o->step.number))
        return pln__error_set(err, PLN_EOPTION, "step: %s is no number that the column can hold",
                              pln__show(shown, text, size));
    return PLN_OK;
}

static pln_status read_direction(const pln__check_run *run, order *o, pln_error *err) {
    const char *direction = json_string_value(pln__check_get(run->check, "direction"));
    char shown[PLN__SHOW_SIZE];
    o->falls = direction != NULL && strcmp(direction, "decreasing") == 0;
    o->strict = json_is_true(pln__check_get(run->check, "strictly"));
    o->steps = pln__check_get(run->check, "step") != NULL;
    if (direction != NULL && !o->falls && strcmp(direction, "increasing") != 0)
        return pln__error_set(err, PLN_EOPTION,
                              "direction: expected one of increasing, decreasing, got %s",
                              pln__show(shown, direction, (int64_t)strlen(direction)));
    if (o->steps && (direction != NULL || o->strict))
        return pln__error_set(err, PLN_EOPTION,
                              "step: it says by itself where values go, "
                              "without direction and strictly");
    return PLN_OK;
}

static pln_status order_open(pln__check_run *run, pln_error *err) {
    pln_validation *v = run->owner;
    const struct ArrowSchema *schema = v->schema.children[run->fields[0]];
    char shown[PLN__TYPE_TEXT_SIZE];
    pln_status status;
    order *o = pln__calloc(&v->mem, 1, sizeof *o);
    if (o == NULL)
        return pln__error_memory(err, sizeof *o);
    run->state = o;
    PLN__TRY(read_direction(run, o, err));
    PLN__TRY(pln__type_of(schema->dictionary != NULL ? schema->dictionary : schema, &o->type, err));
    bool timed = units(&o->type) > 0 || o->type.id == PLN__DATE32;
    if (!timed && !pln__type_is_number(o->type.id))
        PLN__FAIL(err, PLN_ETYPE, "column %s: expected numbers or times, got %s", schema->name,
                  pln__type_text(schema, shown));
    o->exact = timed || (o->type.id != PLN__FLOAT32 && o->type.id != PLN__FLOAT64);
    if (o->steps)
        PLN__TRY(timed ? time_step(run, o, err) : number_step(run, o, err));
out:
    return status;
}

static void order_close(pln__check_run *run) {
    pln__free(&run->owner->mem, run->state, run->state == NULL ? 0 : sizeof(order));
}

static bool follows(const order *o, value before, value now) {
    pln__int128 next;
    if (o->steps && o->exact)
        return !__builtin_add_overflow(before.exact, o->step.exact, &next) && next == now.exact;
    if (o->steps)
        return before.number + o->step.number == now.number;
    if (o->falls) {
        value other = before;
        before = now;
        now = other;
    }
    if (o->exact)
        return before.exact < now.exact || (!o->strict && before.exact == now.exact);
    return before.number < now.number || (!o->strict && before.number == now.number);
}

static value value_at(const order *o, const pln__sketch_column *column, int64_t row) {
    value out = {0};
    if (!o->exact) {
        out.number = pln__array_float(&column->type, column->values, row);
    } else if (o->type.id == PLN__DECIMAL128) {
        out.exact = pln__load_decimal128((const uint8_t *)column->values->buffers[1] +
                                         (column->values->offset + row) * 16);
    } else {
        int64_t whole = pln__array_int(&column->type, column->values, row);
        out.exact = o->type.id == PLN__UINT64 ? (pln__int128)(uint64_t)whole : whole;
    }
    return out;
}

/* A row is wrong against the one before it, whatever that was; NaN is in no order, and is skipped. */
static pln_status order_add(pln__check_run *run, const struct ArrowArray *rows,
                            const int32_t *chosen, int64_t n, pln_error *err) {
    order *o = run->state;
    int64_t field = run->fields[0];
    pln__sketch_column column;
    pln_status status = pln__sketch_column_open("check", run->owner->schema.children[field],
                                                rows->children[field], &column, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = chosen != NULL ? chosen[i] : i, at = pln__sketch_row(&column, row);
        if (at < 0)
            continue;
        value now = value_at(o, &column, at);
        bool nan = !o->exact && isnan(now.number);
        if (nan || (o->any && !follows(o, o->last, now))) {
            pln__bit_set(run->bad.data, row);
            run->unexpected++;
        }
        if (nan)
            continue;
        o->first = o->any ? o->first : now;
        o->last = now;
        o->any = true;
    }
    return PLN_OK;
}

static pln_status order_merge(pln__check_run *into, const pln__check_run *from, pln_error *err) {
    order *o = into->state;
    const order *other = from->state;
    (void)err;
    if (!other->any)
        return PLN_OK;
    into->unexpected += o->any && !follows(o, o->last, other->first);
    o->first = o->any ? o->first : other->first;
    o->last = other->last;
    o->any = true;
    return PLN_OK;
}

static uint64_t bits_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, 8);
    return bits;
}

static pln_status order_write(const pln__check_run *run, pln__buffer *out, pln_error *err) {
    const order *o = run->state;
    const value *ends[] = {&o->first, &o->last};
    uint64_t words[5] = {o->any};
    for (int i = 0; i < 2; i++) {
        words[1 + 2 * i] = o->exact ? (uint64_t)ends[i]->exact : bits_of(ends[i]->number);
        words[2 + 2 * i] = o->exact ? (uint64_t)((pln__uint128)ends[i]->exact >> 64) : 0;
    }
    return pln__put_words(&run->owner->mem, out, words, PLN__COUNT(words), err);
}

static void read_value(const order *o, const uint8_t *bytes, value *out) {
    uint64_t low = pln__load_le64(bytes);
    if (o->exact)
        out->exact = (pln__int128)((pln__uint128)pln__load_le64(bytes + 8) << 64 | low);
    else
        memcpy(&out->number, &low, 8);
}

static pln_status order_read(pln__check_run *run, const uint8_t *bytes, int64_t size,
                             pln_error *err) {
    order *o = run->state;
    int64_t values = run->rows - run->missing;
    if (size != 40)
        return pln__error_set(err, PLN_EDATA, "order: %lld bytes, expected 40", (long long)size);
    uint64_t any = pln__load_le64(bytes);
    read_value(o, bytes + 8, &o->first);
    read_value(o, bytes + 24, &o->last);
    o->any = any == 1;
    /* With null_policy "fail" all rows may have been null, and wrong. */
    if (any > 1 || (o->any && values == 0) || isnan(o->first.number) || isnan(o->last.number) ||
        run->unexpected > values - o->any || (!o->any && run->unexpected < values))
        return pln__error_set(err, PLN_EDATA, "order: of %lld values, %lld wrong",
                              (long long)values, (long long)run->unexpected);
    if (!o->any)
        o->first = o->last = (value){0};
    else if (!o->exact)
        o->first.exact = o->last.exact = 0;
    return PLN_OK;
}

static pln_status order_judge(pln__check_run *run, pln__judgement *out, pln_error *err) {
    (void)run;
    (void)err;
    *out = (pln__judgement){.success = true, .observed = NAN};
    return PLN_OK;
}

const pln__measure pln__measure_order = {
    .open = order_open,
    .close = order_close,
    .add = order_add,
    .merge = order_merge,
    .write = order_write,
    .read = order_read,
    .judge = order_judge,
};

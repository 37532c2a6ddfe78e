#include "window/window.h"

static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};

static const char *const unit_names[] = {"s", "ms", "us", "ns"};

int32_t pln__event_time_unit(const char *name) {
    for (int32_t i = 0; i < PLN__COUNT(unit_names) && name != NULL; i++)
        if (strcmp(name, unit_names[i]) == 0)
            return PLN__SECOND + i;
    return -1;
}

pln_status pln__event_time_mark(struct ArrowSchema *out, const char *column, int32_t unit,
                                pln_error *err) {
    pln_status status = pln__field_set_metadata(out, PLN__EVENT_TIME, column, err);
    if (status < 0 || unit < 0)
        return status;
    return pln__field_set_metadata(out, PLN__EVENT_TIME_UNIT, unit_names[unit - PLN__SECOND], err);
}

static bool metadata(const struct ArrowSchema *in, const char *key, char out[256]) {
    int32_t size = 0;
    const char *value = pln__field_metadata(in, key, &size);
    if (value == NULL || size >= 256)
        return false;
    memcpy(out, value, (size_t)size);
    out[size] = '\0';
    return true;
}

static pln_status find(const struct ArrowSchema *in, const char *column, int64_t *out,
                       int32_t *unit, pln_error *err) {
    char name[256], counted[256];
    if (column == NULL) {
        if (metadata(in, PLN__EVENT_TIME_UNIT, counted))
            *unit = pln__event_time_unit(counted);
        if (!metadata(in, PLN__EVENT_TIME, name))
            return pln__error_set(err, PLN_EOPTION,
                                  "no column of event time: name it in option 'time', or put a "
                                  "stage 'watermark' in front");
        column = name;
    }
    *out = pln__schema_find(in, column);
    return *out < 0 ? pln__schema_find_error(in, column, err) : PLN_OK;
}

pln_status pln__event_time_bind(const struct ArrowSchema *in, const char *column, int32_t unit,
                                pln__event_time *out, pln_error *err) {
    char text[PLN__TYPE_TEXT_SIZE];
    *out = (pln__event_time){.unit = unit};
    pln_status status = find(in, column, &out->column, &unit, err);
    if (status < 0)
        return status;
    const struct ArrowSchema *field = in->children[out->column];
    if ((status = pln__type_of(field, &out->type, err)) < 0)
        return status;
    out->is_date = out->type.id == PLN__DATE32;
    if (out->type.id == PLN__TIMESTAMP)
        out->unit = out->type.unit;
    else if (pln__type_is_integer(out->type.id) && unit >= 0)
        out->unit = unit;
    else if (!out->is_date)
        return pln__error_set(
            err, PLN_ETYPE,
            "column %s: expected a timestamp, a date, or an integer whose unit is "
            "given, got %s",
            field->name, pln__type_text(field, text));
    return PLN_OK;
}

static int64_t to_micro(const pln__event_time *time, int64_t value) {
    if (time->is_date)
        return value * 86400 * 1000000; /* of 32 bits: fits */
    if (time->unit == PLN__NANO)
        return value / 1000 - (value % 1000 < 0);
    int64_t factor = 1000000 / per_second[time->unit];
    if (value > PLN__TIME_LIMIT / factor || value < -PLN__TIME_LIMIT / factor)
        return PLN__NO_TIME;
    return value * factor;
}

int64_t pln__event_time_read(const pln__event_time *time, const struct ArrowArray *batch,
                             int64_t *out) {
    const struct ArrowArray *column = batch->children[time->column];
    int64_t missing = 0;
    bool plain = time->type.width == 8 && time->type.id != PLN__UINT64;
    const int64_t *values = plain ? (const int64_t *)column->buffers[1] + column->offset : NULL;
    for (int64_t i = 0; i < column->length; i++) {
        int64_t value = plain ? values[i] : pln__array_int(&time->type, column, i);
        if (time->type.id == PLN__UINT64 && value < 0)
            value = INT64_MAX;
        out[i] = to_micro(time, value);
        if (out[i] > PLN__TIME_LIMIT || out[i] < -PLN__TIME_LIMIT)
            out[i] = PLN__NO_TIME;
        missing += out[i] == PLN__NO_TIME;
    }
    if (pln__array_validity(column) == NULL)
        return missing;
    missing = 0;
    for (int64_t i = 0; i < column->length; i++) {
        if (!pln__array_valid(column, i))
            out[i] = PLN__NO_TIME;
        missing += out[i] == PLN__NO_TIME;
    }
    return missing;
}

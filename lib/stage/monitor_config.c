/* Option metrics of stage monitor: a list of objects, each held to what its metric knows. */
#include "base/time.h"
#include "stage/monitor.h"

#define KIND(k) (1u << PLN__WATCH_##k)
#define RATES (KIND(ROW_COUNT) | KIND(NULL_RATE) | KIND(DISTINCT_RATE))
#define DRIFTS (KIND(PSI) | KIND(KS))

static const char *const names[PLN__WATCHES] = {"row_count", "null_rate", "distinct_rate", "psi",
                                                "ks",        "schema",    "freshness"};

enum { F_INT, F_TRUTH, F_FLOAT, F_DURATION, F_WORD };

/* A member of a metric's object: where it goes. The first word is `low`. */
typedef struct field {
    const char *name;
    uint32_t kinds;
    int32_t type;
    int32_t low;
    const char *words[6];
    size_t offset;
} field;

#define MONITOR(name) offsetof(pln__watch, monitor.name)
#define DRIFT(name) offsetof(pln__watch, drift.name)
#define FRESH(name) offsetof(pln__watch, freshness.name)

static const field fields[] = {
    {"method", RATES, F_WORD, PLN_MONITOR_ZSCORE, {"zscore", "mad", "iqr", "relative", "absolute"}, MONITOR(method)},
    {"season", RATES, F_WORD, 0, {"none", "hour_of_day", "weekday", "hour_of_week", "day_of_month"}, MONITOR(season)},
    {"direction", RATES, F_WORD, 0, {"both", "drop", "spike"}, MONITOR(direction)},
    {"min_history", RATES, F_INT, 0, {NULL}, MONITOR(min_history)},
    {"lookback", RATES, F_INT, 0, {NULL}, MONITOR(lookback)},
    {"offset_minutes", RATES, F_INT, 0, {NULL}, MONITOR(offset_minutes)},
    {"month_end_days", RATES, F_INT, 0, {NULL}, MONITOR(month_end_days)},
    {"plain", RATES, F_TRUTH, 0, {NULL}, MONITOR(plain)},
    {"keep_anomalies", RATES, F_TRUTH, 0, {NULL}, MONITOR(keep_anomalies)},
    {"relearn_after", RATES, F_INT, 0, {NULL}, MONITOR(relearn_after)},
    {"error", RATES, F_FLOAT, 0, {NULL}, MONITOR(error)},
    {"warning", RATES, F_FLOAT, 0, {NULL}, MONITOR(warning)},
    {"cliff", RATES, F_FLOAT, 0, {NULL}, MONITOR(cliff)},
    {"ignore_change", RATES, F_FLOAT, 0, {NULL}, MONITOR(ignore_change)},
    {"ignore_below", RATES, F_FLOAT, 0, {NULL}, MONITOR(ignore_below)},
    {"spread_floor", RATES, F_FLOAT, 0, {NULL}, MONITOR(spread_floor)},
    {"training", RATES, F_DURATION, 0, {NULL}, MONITOR(training_us)},
    {"cooldown", RATES, F_DURATION, 0, {NULL}, MONITOR(cooldown_us)},
    {"repeat", RATES, F_DURATION, 0, {NULL}, MONITOR(repeat_us)},
    {"bins", DRIFTS, F_INT, 0, {NULL}, DRIFT(bins)},
    {"error", DRIFTS, F_FLOAT, 0, {NULL}, DRIFT(error)},
    {"warning", DRIFTS, F_FLOAT, 0, {NULL}, DRIFT(warning)},
    {"alpha", DRIFTS, F_FLOAT, 0, {NULL}, DRIFT(alpha)},
    {"floor", DRIFTS, F_FLOAT, 0, {NULL}, DRIFT(floor)},
    {"plain", DRIFTS, F_TRUTH, 0, {NULL}, DRIFT(plain)},
    {"reference", DRIFTS | KIND(SCHEMA), F_WORD, 0, {"last", "first"}, offsetof(pln__watch, first)},
    {"severity", KIND(SCHEMA), F_WORD, PLN_MONITOR_WARNING, {"warning", "error"}, offsetof(pln__watch, severity)},
    {"error_age", KIND(FRESHNESS), F_DURATION, 0, {NULL}, FRESH(error_age_us)},
    {"warning_age", KIND(FRESHNESS), F_DURATION, 0, {NULL}, FRESH(warning_age_us)},
    {"due_minutes", KIND(FRESHNESS), F_INT, 0, {NULL}, FRESH(due_minutes)},
    {"offset_minutes", KIND(FRESHNESS), F_INT, 0, {NULL}, FRESH(offset_minutes)},
    {"window_minutes", KIND(FRESHNESS), F_INT, 0, {NULL}, FRESH(window_minutes)},
    {"weekdays", KIND(FRESHNESS), F_INT, 0, {NULL}, FRESH(weekdays)},
    {"days_of_month", KIND(FRESHNESS), F_INT, 0, {NULL}, FRESH(days_of_month)},
};

const char *pln__watch_name(const pln__watch *watch) {
    return names[watch->kind];
}

void pln__watch_free(pln__monitor_stage *s, pln__watch *watch) {
    if (watch->sketch != NULL)
        watch->wish.kind->free(watch->sketch);
    pln__strfree(s->mem, watch->column);
    pln__strfree(s->mem, watch->key);
}

static pln_status no_member(const char *metric, uint32_t kind, const char *key, pln_error *err) {
    const char *known[PLN__COUNT(fields) + 3] = {"metric", "column"};
    int n = 2;
    for (int i = 0; i < PLN__COUNT(fields); i++)
        if (fields[i].kinds & kind)
            known[n++] = fields[i].name;
    const char *near = pln__nearest(key, known);
    return pln__error_set(err, PLN_EOPTION, "'%s': %s has none of that name%s%s%s", key, metric,
                          near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                          near != NULL ? "'?)" : "");
}

static bool set_word(const field *f, const char *text, void *to) {
    for (int32_t i = 0; text != NULL && i < PLN__COUNT(f->words) && f->words[i] != NULL; i++)
        if (strcmp(f->words[i], text) == 0) {
            int32_t value = f->low + i;
            memcpy(to, &value, sizeof value);
            return true;
        }
    return false;
}

static bool set_duration(const json_t *value, void *to) {
    const char *text = json_string_value(value);
    int64_t us = json_integer_value(value);
    bool ok = text == NULL ? json_is_integer(value)
                           : pln__parse_duration(text, (int64_t)strlen(text), &us) == PLN__PARSED;
    if (ok && us >= 0)
        memcpy(to, &us, sizeof us);
    return ok && us >= 0;
}

static bool set_int(const json_t *value, void *to) {
    json_int_t given = json_integer_value(value);
    int32_t narrow = (int32_t)given;
    if (!json_is_integer(value) || given != narrow)
        return false;
    memcpy(to, &narrow, sizeof narrow);
    return true;
}

static pln_status set_member(pln__watch *watch, const field *f, const json_t *value,
                             pln_error *err) {
    static const char *const expected[] = {"an integer of 32 bits", "true or false", "a number",
                                           "a duration such as \"2h\"", "another word"};
    void *to = (char *)watch + f->offset;
    bool ok = false;
    int32_t truth = json_is_true(value);
    double number = json_number_value(value);
    switch (f->type) {
    case F_INT: ok = set_int(value, to); break;
    case F_TRUTH:
        ok = json_is_boolean(value);
        memcpy(to, &truth, sizeof truth);
        break;
    case F_FLOAT:
        ok = json_is_number(value);
        memcpy(to, &number, sizeof number);
        break;
    case F_DURATION: ok = set_duration(value, to); break;
    default: ok = set_word(f, json_string_value(value), to); break;
    }
    if (ok)
        return PLN_OK;
    return f->type != F_WORD
               ? pln__error_set(err, PLN_EOPTION, "'%s': expected %s", f->name, expected[f->type])
               : pln__error_set(err, PLN_EOPTION, "'%s': expected one of %s, %s%s%s ...", f->name,
                                f->words[0], f->words[1], f->words[2] != NULL ? ", " : "",
                                f->words[2] != NULL ? f->words[2] : "");
}

static pln_status set_members(pln__watch *watch, json_t *object, pln_error *err) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        int i = 0;
        if (strcmp(key, "metric") == 0 || strcmp(key, "column") == 0)
            continue;
        while (i < PLN__COUNT(fields) &&
               (strcmp(fields[i].name, key) != 0 || !(fields[i].kinds >> watch->kind & 1)))
            i++;
        pln_status status = i == PLN__COUNT(fields)
                                ? no_member(names[watch->kind], 1u << watch->kind, key, err)
                                : set_member(watch, &fields[i], value, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status kind_of(const char *name, int32_t *out, pln_error *err) {
    const char *known[PLN__WATCHES + 1] = {0};
    for (int32_t i = 0; i < PLN__WATCHES; i++) {
        known[i] = names[i];
        if (name != NULL && strcmp(names[i], name) == 0) {
            *out = i;
            return PLN_OK;
        }
    }
    const char *near = name == NULL ? NULL : pln__nearest(name, known);
    return pln__error_set(err, PLN_EOPTION, "'metric': '%s' is none%s%s%s",
                          name == NULL ? "" : name, near != NULL ? " (did you mean '" : "",
                          near != NULL ? near : "", near != NULL ? "'?)" : "");
}

/* Options out of their ranges are found by who uses them. */
static pln_status try_options(const pln__monitor_stage *s, const pln__watch *watch,
                              pln_error *err) {
    static const int64_t counts[] = {1, 1};
    pln_monitor *monitor = NULL;
    pln_freshness *freshness = NULL;
    pln_drift drift = {.struct_size = sizeof drift};
    pln_status status = PLN_OK;
    (void)s;
    if (RATES >> watch->kind & 1)
        status = pln_monitor_new(NULL, &watch->monitor, &monitor, err);
    else if (DRIFTS >> watch->kind & 1)
        status = pln_drift_psi(counts, counts, 2, &watch->drift, &drift, err);
    else if (watch->kind == PLN__WATCH_FRESHNESS)
        status = pln_freshness_new(NULL, &watch->freshness, &freshness, err);
    pln_monitor_free(monitor);
    pln_freshness_free(freshness);
    if (status != PLN_EINVAL)
        return status;
    if (err != NULL)
        err->status = PLN_EOPTION;
    return PLN_EOPTION;
}

static pln_status check_column(const pln__watch *watch, pln_error *err) {
    bool whole = watch->kind == PLN__WATCH_ROW_COUNT || watch->kind == PLN__WATCH_SCHEMA;
    const pln_freshness_options *f = &watch->freshness;
    if (whole && watch->column != NULL)
        return pln__error_set(err, PLN_EOPTION, "'column': %s is of no column", names[watch->kind]);
    if (!whole && watch->column == NULL)
        return pln__error_set(err, PLN_EOPTION, "'column': %s needs one", names[watch->kind]);
    if (watch->kind == PLN__WATCH_FRESHNESS && f->error_age_us == 0 && f->warning_age_us == 0 &&
        f->due_minutes < 0)
        return pln__error_set(err, PLN_EOPTION,
                              "freshness: one of 'error_age', 'warning_age' and 'due_minutes' is "
                              "needed");
    return PLN_OK;
}

static pln_status make_key(const pln__monitor_stage *s, pln__watch *watch, pln_error *err) {
    pln__text key;
    pln__text_init(&key, s->mem);
    pln__text_str(&key, names[watch->kind]);
    if (watch->column != NULL)
        pln__text_printf(&key, "(%s)", watch->column);
    watch->key = pln__text_take(&key);
    if (watch->key == NULL)
        return pln__error_memory(err, 1);
    if (strlen(watch->key) > 255)
        return pln__error_set(err, PLN_EOPTION, "'column': at most %d bytes", 255 - 16);
    for (int64_t i = 0; i < s->n; i++)
        if (strcmp(s->watches[i].key, watch->key) == 0)
            return pln__error_set(err, PLN_EOPTION, "%s is there already", watch->key);
    return PLN_OK;
}

static pln_status read_watch(pln__monitor_stage *s, pln__watch *watch, json_t *value,
                             pln_error *err) {
    const json_t *column = json_object_get(value, "column");
    pln_status status = PLN_OK;
    if (!json_is_string(value) && !json_is_object(value))
        PLN__FAIL(err, PLN_EOPTION, "expected the name of a metric or an object");
    const char *name = json_is_string(value) ? json_string_value(value)
                                             : json_string_value(json_object_get(value, "metric"));
    pln_monitor_options_init(&watch->monitor, sizeof watch->monitor);
    pln_drift_options_init(&watch->drift, sizeof watch->drift);
    pln_freshness_options_init(&watch->freshness, sizeof watch->freshness);
    watch->monitor.allocator = watch->freshness.allocator = s->mem;
    watch->severity = PLN_MONITOR_ERROR;
    watch->newest_us = INT64_MIN;
    watch->wish.seed = s->seed;
    PLN__TRY(kind_of(name, &watch->kind, err));
    if (column != NULL && !json_is_string(column))
        PLN__FAIL(err, PLN_EOPTION, "'column': expected a text");
    if (column != NULL)
        PLN__TRY(pln__stage_text(s->mem, json_string_value(column), &watch->column, err));
    if (json_is_object(value))
        PLN__TRY(set_members(watch, value, err));
    PLN__TRY(check_column(watch, err));
    PLN__TRY(try_options(s, watch, err));
    PLN__TRY(make_key(s, watch, err));
out:
    return status;
}

static pln_status read_watches(pln__monitor_stage *s, const json_t *list, pln_error *err) {
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n == 0 || n > PLN__WATCHES_MOST)
        return pln__error_set(err, PLN_EOPTION, "option 'metrics': expected a list of 1 to %d",
                              PLN__WATCHES_MOST);
    s->watches = pln__calloc(s->mem, n, sizeof *s->watches);
    if (s->watches == NULL)
        return pln__error_memory(err, n * sizeof *s->watches);
    s->n_made = (int64_t)n;
    for (size_t i = 0; i < n; i++) {
        pln_status status = read_watch(s, &s->watches[i], json_array_get(list, i), err);
        if (status < 0) {
            pln__error_prefix(err, "option 'metrics': [%d]", (int)i);
            pln__watch_free(s, &s->watches[i]);
            return status;
        }
        s->n++;
    }
    return PLN_OK;
}

pln_status pln__monitor_configure(pln__monitor_stage *s, pln_context *ctx, const pln_config *config,
                                  pln_error *err) {
    const pln_host *host = ctx->host;
    pln_identity id = {.struct_size = sizeof id};
    const char *dataset = host->config_text(config, "dataset");
    json_t *list = NULL;
    pln_status status;
    host->identity(ctx, &id);
    s->seed = (uint64_t)host->config_int(config, "seed");
    s->by_epoch = strcmp(host->config_text(config, "every"), "epoch") == 0;
    PLN__TRY(pln__stage_text(s->mem, dataset == NULL ? id.node : dataset, &s->dataset, err));
    if (s->dataset[0] == '\0' || strlen(s->dataset) > 255)
        PLN__FAIL(err, PLN_EOPTION, "option 'dataset': expected 1 to 255 bytes");
    const char *text = host->config_json(config, "metrics");
    list = text == NULL ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);
    if (list == NULL)
        PLN__TRY(pln__error_memory(err, 1));
    PLN__TRY(read_watches(s, list, err));
out:
    json_decref(list);
    return status;
}

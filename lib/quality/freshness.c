#include "quality/freshness.h"
#include "base/time.h"
#include "sketch/form.h"

#define BAD(...) pln__error_set(err, PLN_EINVAL, __VA_ARGS__)
#define MINUTE INT64_C(60000000)
#define DAY (1440 * MINUTE)

/* ---- options and life ---- */

void pln_freshness_options_init(pln_freshness_options *options, uint32_t size) {
    pln_freshness_options defaults = {
        .struct_size = size, .due_minutes = -1, .partitions = 1000};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status check_options(const pln_freshness_options *o, pln_error *err) {
    const struct {
        const char *name;
        int64_t value, least, most;
    } ranges[] = {{"due_minutes", o->due_minutes, -1, 1439},
                  {"offset_minutes", o->offset_minutes, -1439, 1439},
                  {"window_minutes", o->window_minutes, 0, 44640},
                  {"weekdays", o->weekdays, 0, 0x7f},
                  {"partitions", o->partitions, 1, PLN__FRESHNESS_PARTITIONS_MOST},
                  {"warning_age_us", o->warning_age_us, 0, INT64_MAX},
                  {"error_age_us", o->error_age_us, 0, INT64_MAX}};
    for (int i = 0; i < PLN__COUNT(ranges); i++)
        if (ranges[i].value < ranges[i].least || ranges[i].value > ranges[i].most)
            return BAD("freshness options: %s is %lld, expected %lld to %lld", ranges[i].name,
                       (long long)ranges[i].value, (long long)ranges[i].least,
                       (long long)ranges[i].most);
    return PLN_OK;
}

static pln_status take_options(const pln_freshness_options *options, pln_freshness_options *out,
                               pln_error *err) {
    pln_freshness_options_init(out, sizeof *out);
    if (options == NULL)
        return PLN_OK;
    if (options->struct_size < sizeof *options)
        return BAD("freshness options: struct_size is %u, at least %u are needed",
                   options->struct_size, (unsigned)sizeof *options);
    memcpy(out, options, sizeof *out);
    return check_options(out, err);
}

pln_status pln_freshness_new(pln_runtime *runtime, const pln_freshness_options *options,
                             pln_freshness **out, pln_error *err) {
    pln_freshness_options mine;
    pln_status status = take_options(options, &mine, err);
    if (status < 0)
        return status;
    const pln_allocator *mem = pln__sketch_memory(runtime, mine.allocator);
    pln_freshness *f = pln__calloc(mem, 1, sizeof *f);
    if (f == NULL)
        return pln__error_memory(err, sizeof *f);
    f->mem = *mem;
    f->options = mine;
    f->options.allocator = NULL;
    pln__text_init(&f->json, &f->mem);
    for (int i = 0; i < PLN__FRESHNESS_TEXT_SIZE; i++)
        pln__text_char(&f->json, ' ');
    status = pln__text_status(&f->json, err);
    if (status < 0)
        pln_freshness_free(f);
    else
        *out = f;
    return status;
}

void pln_freshness_free(pln_freshness *f) {
    if (f == NULL)
        return;
    pln_allocator mem = f->mem;
    for (int64_t i = 0; i < f->n; i++)
        pln__strfree(&mem, f->partitions[i].name);
    pln__free(&mem, f->partitions, (uint64_t)f->capacity * sizeof *f->partitions);
    pln__text_free(&f->json);
    pln__free(&mem, f, sizeof *f);
}

/* ---- partitions ---- */

/* Where a name is, or where it would be. */
static int64_t place_of(const pln_freshness *f, const char *name, bool *there) {
    int64_t low = 0, high = f->n;
    *there = false;
    while (low < high && !*there) {
        int64_t half = (low + high) / 2;
        int order = strcmp(f->partitions[half].name, name);
        *there = order == 0;
        if (order < 0)
            low = half + 1;
        else
            high = half;
    }
    return *there ? high : low;
}

static pln__freshness_partition *find(const pln_freshness *f, const char *name) {
    bool there;
    int64_t at = place_of(f, name == NULL ? "" : name, &there);
    return there ? &f->partitions[at] : NULL;
}

pln_status pln__freshness_insert(pln_freshness *f, int64_t at, const char *name, int64_t size,
                                 pln_error *err) {
    if (f->n >= f->options.partitions)
        return pln__error_set(err, PLN_ELIMIT, "freshness: more than %d partitions",
                              f->options.partitions);
    pln_status status =
        pln__grow(&f->mem, &f->partitions, &f->capacity, f->n + 1, sizeof *f->partitions, err);
    if (status < 0)
        return status;
    char *copy = pln__strndup(&f->mem, name, size);
    if (copy == NULL)
        return pln__error_memory(err, (uint64_t)size);
    memmove(f->partitions + at + 1, f->partitions + at,
            (size_t)(f->n - at) * sizeof *f->partitions);
    f->partitions[at] = (pln__freshness_partition){
        .name = copy, .landed = INT64_MIN, .since = INT64_MIN};
    f->n++;
    return PLN_OK;
}

static pln_status find_or_insert(pln_freshness *f, const char *name, int64_t time_us,
                                 pln__freshness_partition **out, pln_error *err) {
    bool there;
    const char *key = name == NULL ? "" : name;
    int64_t size = (int64_t)strnlen(key, PLN__FRESHNESS_NAME_MOST + 1);
    char shown[PLN__SHOW_SIZE];
    if (size > PLN__FRESHNESS_NAME_MOST)
        return BAD("freshness: partition %s: a name has at most %d bytes",
                   pln__show(shown, key, size), PLN__FRESHNESS_NAME_MOST);
    int64_t at = place_of(f, key, &there);
    pln_status status = there ? PLN_OK : pln__freshness_insert(f, at, key, size, err);
    if (status < 0)
        return status;
    *out = &f->partitions[at];
    if (!there)
        (*out)->known = time_us;
    return PLN_OK;
}

pln_status pln_freshness_expect(pln_freshness *f, const char *partition, int64_t time_us,
                                pln_error *err) {
    pln__freshness_partition *p;
    return find_or_insert(f, partition, time_us, &p, err);
}

pln_status pln_freshness_landed(pln_freshness *f, const char *partition, int64_t time_us,
                                pln_error *err) {
    pln__freshness_partition *p;
    pln_status status = find_or_insert(f, partition, time_us, &p, err);
    if (status == PLN_OK && time_us > p->landed)
        p->landed = time_us;
    return status;
}

void pln_freshness_forget(pln_freshness *f, const char *partition) {
    pln__freshness_partition *p = find(f, partition);
    if (p == NULL)
        return;
    pln__strfree(&f->mem, p->name);
    memmove(p, p + 1, (size_t)(f->partitions + f->n - p - 1) * sizeof *p);
    f->n--;
}

const char *pln_freshness_partition(const pln_freshness *f, int64_t i) {
    return i >= 0 && i < f->n ? f->partitions[i].name : NULL;
}

/* ---- what is due ---- */

static bool is_due_on(const pln_freshness_options *options, int64_t day) {
    if (options->weekdays != 0 && !(options->weekdays >> (pln__weekday(day) - 1) & 1))
        return false;
    if (options->days_of_month == 0)
        return true;
    pln__civil civil = pln__civil_of(day);
    bool last = civil.day == pln__days_in_month(civil.year, civil.month);
    return (options->days_of_month >> civil.day & 1) || (last && (options->days_of_month & 1));
}

int64_t pln__freshness_due(const pln_freshness_options *options, int64_t now, int64_t *from) {
    /* A day of the month and a weekday meet every 609 days at the latest. */
    enum { BACK = 610 };
    int64_t of_day, offset = options->offset_minutes * MINUTE, due = options->due_minutes * MINUTE;
    *from = INT64_MIN;
    if (options->due_minutes < 0)
        return INT64_MIN;
    int64_t day = pln__split_timestamp(pln__add_clamped(now, offset), PLN__MICRO, &of_day);
    if (of_day < due)
        day--;
    for (int i = 0; i < BACK; i++, day--) {
        int64_t midnight;
        if (!pln__mul(day, DAY, &midnight))
            return INT64_MIN;
        if (!is_due_on(options, day))
            continue;
        int64_t time_us = pln__add_clamped(midnight, due - offset);
        int64_t window = options->window_minutes * MINUTE;
        if (window == 0)
            window = due > 0 ? due : DAY;
        *from = pln__add_clamped(time_us, -window);
        return time_us;
    }
    return INT64_MIN;
}

/* ---- verdicts ---- */

/* From an earlier time to a later one. */
static int64_t between(int64_t from, int64_t to) {
    uint64_t past = to > from ? (uint64_t)to - (uint64_t)from : 0;
    return past > INT64_MAX ? INT64_MAX : (int64_t)past;
}

static void judge(const pln_freshness *f, const pln__freshness_partition *p, int64_t now,
                  pln_freshness_verdict *out) {
    const pln_freshness_options *o = &f->options;
    int64_t from, due = pln__freshness_due(o, now, &from);
    out->landed_us = p->landed;
    out->age_us = between(p->landed > p->known ? p->landed : p->known, now);
    if (o->error_age_us > 0 && out->age_us > o->error_age_us)
        out->severity = PLN_FRESHNESS_ERROR;
    else if (o->warning_age_us > 0 && out->age_us > o->warning_age_us)
        out->severity = PLN_FRESHNESS_WARNING;
    out->reason = out->severity == PLN_FRESHNESS_FINE ? PLN_FRESHNESS_NOTHING : PLN_FRESHNESS_AGE;
    out->due_us = INT64_MIN;
    if (due == INT64_MIN || due < p->known)
        return;
    out->due_us = due;
    if (p->landed >= from && p->landed != INT64_MIN)
        return;
    out->overdue_us = between(due, now);
    out->severity = PLN_FRESHNESS_ERROR;
    out->reason = PLN_FRESHNESS_DUE;
}

/* One alert, and one that it is over. */
static int32_t tell(pln__freshness_partition *p, int64_t now, int32_t severity) {
    if (severity == PLN_FRESHNESS_FINE) {
        int32_t open = p->severity;
        p->severity = PLN_FRESHNESS_FINE;
        p->since = INT64_MIN;
        return open == PLN_FRESHNESS_FINE ? PLN_FRESHNESS_FRESH : PLN_FRESHNESS_RESOLVED;
    }
    if (p->severity == PLN_FRESHNESS_FINE) {
        p->since = now;
        p->incidents++;
    }
    if (severity <= p->severity)
        return PLN_FRESHNESS_STILL;
    p->severity = severity;
    return PLN_FRESHNESS_LATE;
}

static void put_time(pln__text *out, const char *name, int64_t time_us) {
    char text[PLN__TIMESTAMP_TEXT_SIZE];
    int64_t size = pln__format_timestamp(text, time_us, PLN__MICRO, PLN__TIME_UTC);
    pln__text_printf(out, ",\"%s\":", name);
    if (time_us == INT64_MIN)
        pln__text_str(out, "null");
    else if (size == 0)
        pln__text_int(out, time_us);
    else
        pln__text_json(out, text, size);
}

static void say(pln_freshness *f, const pln__freshness_partition *p, int64_t now,
                pln_freshness_verdict *out) {
    static const char *const statuses[] = {"fresh", "late", "still", "resolved"};
    static const char *const severities[] = {"fine", "warning", "error"};
    static const char *const reasons[] = {"nothing", "age", "due"};
    pln__text *json = &f->json;
    json->size = 0;
    pln__text_printf(json,
                     "{\"status\":\"%s\",\"severity\":\"%s\",\"reason\":\"%s\",\"partition\":",
                     statuses[out->status], severities[out->severity], reasons[out->reason]);
    pln__text_json(json, p->name, (int64_t)strlen(p->name));
    put_time(json, "time", now);
    put_time(json, "landed", out->landed_us);
    put_time(json, "due", out->due_us);
    pln__text_printf(json, ",\"age_us\":%lld,\"overdue_us\":%lld,\"incident\":%lld",
                     (long long)out->age_us, (long long)out->overdue_us, (long long)out->incident);
    put_time(json, "since", out->since_us);
    pln__text_char(json, '}');
    out->json = json->data;
}

pln_status pln_freshness_check(pln_freshness *f, const char *partition, int64_t now_us,
                               pln_freshness_verdict *out, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    if (out->struct_size < sizeof *out)
        return BAD("freshness: struct_size is %u, at least %u are needed", out->struct_size,
                   (unsigned)sizeof *out);
    pln__freshness_partition *p = find(f, partition);
    if (p == NULL)
        return pln__error_set(err, PLN_ENOENT, "freshness: partition %s is not known",
                              partition == NULL
                                  ? "NULL"
                                  : pln__show(shown, partition, (int64_t)strnlen(partition, 256)));
    *out = (pln_freshness_verdict){.struct_size = out->struct_size, .json = ""};
    judge(f, p, now_us, out);
    bool was_open = p->severity != PLN_FRESHNESS_FINE;
    out->since_us = p->since;
    out->status = tell(p, now_us, out->severity);
    if (out->severity != PLN_FRESHNESS_FINE)
        out->since_us = p->since;
    if (was_open || out->severity != PLN_FRESHNESS_FINE)
        out->incident = p->incidents;
    if (out->status != PLN_FRESHNESS_FRESH)
        say(f, p, now_us, out);
    return PLN_OK;
}

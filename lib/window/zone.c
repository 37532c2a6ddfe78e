/* Zones out of TZif files and names, their offsets, and the windows of the calendar. */
#include "window/zone_internal.h"

/* ---- making one ---- */

static pln_status make(const pln_allocator *mem, const char *name, int64_t n, pln__zone **out,
                       pln_error *err) {
    pln__zone *zone = pln__calloc(mem, 1, sizeof *zone);
    *out = NULL;
    if (zone == NULL)
        return pln__error_memory(err, sizeof *zone);
    zone->mem = mem;
    zone->n = n;
    zone->name = pln__strdup(mem, name);
    zone->at = pln__calloc(mem, (uint64_t)n + 1, sizeof *zone->at);
    zone->offsets = pln__calloc(mem, (uint64_t)n + 1, sizeof *zone->offsets);
    if (zone->name == NULL || zone->at == NULL || zone->offsets == NULL) {
        pln__zone_free(zone);
        return pln__error_memory(err, (uint64_t)(n + 1) * sizeof *zone->at);
    }
    *out = zone;
    return PLN_OK;
}

void pln__zone_free(pln__zone *zone) {
    if (zone == NULL)
        return;
    pln__strfree(zone->mem, zone->name);
    pln__free(zone->mem, zone->at, (uint64_t)(zone->n + 1) * sizeof *zone->at);
    pln__free(zone->mem, zone->offsets, (uint64_t)(zone->n + 1) * sizeof *zone->offsets);
    pln__free(zone->mem, zone, sizeof *zone);
}

const char *pln__zone_name(const pln__zone *zone) {
    return zone->name;
}

/* ---- TZif (RFC 8536, 3) ---- */

enum { HEAD = 44, TYPE = 6 };

typedef struct counts {
    int64_t ut, std, leap, time, type, chars;
} counts;

static uint32_t big_32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static int64_t big_64(const uint8_t *at) {
    return (int64_t)((uint64_t)big_32(at) << 32 | big_32(at + 4));
}

#define BAD(...) pln__error_set(err, PLN_ECORRUPT, __VA_ARGS__)

static pln_status read_head(const uint8_t *at, int64_t left, counts *out, pln_error *err) {
    if (left < HEAD)
        return BAD("%lld bytes where a head of %d begins", (long long)left, HEAD);
    if (memcmp(at, "TZif", 4) != 0)
        return BAD("letters are 0x%08x, expected TZif", big_32(at));
    if (at[4] < '2')
        return BAD("version is 0x%02x, expected 2 or later", at[4]);
    *out = (counts){big_32(at + 20), big_32(at + 24), big_32(at + 28),
                    big_32(at + 32), big_32(at + 36), big_32(at + 40)};
    return PLN_OK;
}

/* Of the data behind a head; `width` is that of its times. */
static int64_t size_of(const counts *c, int64_t width) {
    return c->time * (width + 1) + c->type * TYPE + c->chars + c->leap * (width + 4) + c->std +
           c->ut;
}

static pln_status read_types(pln__zone *zone, const uint8_t *at, const counts *c, pln_error *err) {
    const uint8_t *index = at + c->time * 8, *types = index + c->time;
    for (int64_t i = 0; i < c->type; i++) {
        int32_t offset = (int32_t)big_32(types + i * TYPE);
        if (offset <= -PLN__ZONE_OFFSET_MOST || offset >= PLN__ZONE_OFFSET_MOST)
            return BAD("offset of type %lld is %d s, expected less than %d", (long long)i, offset,
                       PLN__ZONE_OFFSET_MOST);
    }
    zone->offsets[0] = (int32_t)big_32(types);
    for (int64_t i = 0; i < c->time; i++) {
        zone->at[i] = big_64(at + i * 8);
        if (i > 0 && zone->at[i] <= zone->at[i - 1])
            return BAD("change %lld is not later than the one before", (long long)i);
        if (index[i] >= c->type)
            return BAD("type of change %lld is %d, there are %lld", (long long)i, index[i],
                       (long long)c->type);
        zone->offsets[i + 1] = (int32_t)big_32(types + index[i] * TYPE);
    }
    return PLN_OK;
}

static pln_status read_footer(pln__zone *zone, const uint8_t *at, int64_t left, pln_error *err) {
    if (left < 2 || at[0] != '\n')
        return BAD("there is no footer");
    const uint8_t *end = memchr(at + 1, '\n', (size_t)left - 1);
    if (end == NULL)
        return BAD("its footer has no end");
    zone->has_rule = end > at + 1;
    return zone->has_rule
               ? pln__zone_parse_rule((const char *)at + 1, end - at - 1, &zone->rule, err)
               : PLN_OK;
}

static pln_status check_counts(const counts *c, int64_t left, pln_error *err) {
    if (size_of(c, 8) > left)
        return BAD("%lld bytes where %lld are to come", (long long)left, (long long)size_of(c, 8));
    if (c->type < 1 || c->type > 256)
        return BAD("there are %lld types, expected 1 to 256", (long long)c->type);
    if (c->leap != 0)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "it counts leap seconds, of which time here has none");
    return PLN_OK;
}

static pln_status read(const pln_allocator *mem, const char *name, const uint8_t *bytes,
                       int64_t size, pln__zone **out, pln_error *err) {
    counts c;
    pln_status status;
    const uint8_t *end = bytes + size;
    if (size > PLN__ZONE_BYTES_MOST)
        return BAD("%lld bytes, expected at most %d", (long long)size, PLN__ZONE_BYTES_MOST);
    PLN__TRY(read_head(bytes, size, &c, err));
    /* What version 1 could say stands before the rest and is not looked at. */
    int64_t skip = HEAD + size_of(&c, 4);
    if (skip > size)
        return BAD("%lld bytes where %lld are to come", (long long)size, (long long)skip);
    bytes += skip;
    PLN__TRY(read_head(bytes, end - bytes, &c, err));
    bytes += HEAD;
    PLN__TRY(check_counts(&c, end - bytes, err));
    PLN__TRY(make(mem, name, c.time, out, err));
    PLN__TRY(read_types(*out, bytes, &c, err));
    bytes += size_of(&c, 8);
    PLN__TRY(read_footer(*out, bytes, end - bytes, err));
out:
    return status;
}

pln_status pln__zone_read(const pln_allocator *mem, const char *name, const void *bytes,
                          int64_t size, pln__zone **out, pln_error *err) {
    *out = NULL;
    pln_status status = read(mem, name, bytes, size, out, err);
    if (status < 0) {
        pln__error_prefix(err, "time zone %s", name);
        pln__zone_free(*out);
        *out = NULL;
    }
    return status;
}

/* ---- names ---- */

static bool two_digits(const char *text, int32_t most, int32_t *out) {
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *out = (text[0] - '0') * 10 + (text[1] - '0');
    return *out <= most;
}

/* "UTC", "Z", "+05:30", "+0530", "+05" */
static bool fixed_offset(const char *name, int32_t *seconds) {
    int32_t hours, minutes = 0;
    *seconds = 0;
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
        return true;
    if ((name[0] != '+' && name[0] != '-') || !two_digits(name + 1, 23, &hours))
        return false;
    const char *rest = name + 3;
    if (*rest != '\0') {
        rest += *rest == ':';
        if (!two_digits(rest, 59, &minutes) || rest[2] != '\0')
            return false;
    }
    *seconds = (hours * 3600 + minutes * 60) * (name[0] == '-' ? -1 : 1);
    return true;
}

/* Parts of letters, digits, "_", "+", "-" and "." between single slashes, none of them "." or "..". */
static bool is_name(const char *name) {
    int64_t part = 0;
    bool dots = true;
    if (strlen(name) > PLN__ZONE_NAME_MOST)
        return false;
    for (const char *at = name;; at++) {
        char x = *at;
        if (x == '/' || x == '\0') {
            if (part == 0 || dots)
                return false;
            if (x == '\0')
                return true;
            part = 0;
            dots = true;
            continue;
        }
        if (!((x >= 'A' && x <= 'Z') || (x >= 'a' && x <= 'z') || (x >= '0' && x <= '9') ||
              x == '_' || x == '+' || x == '-' || x == '.'))
            return false;
        dots = dots && x == '.';
        part++;
    }
}

static pln_status read_file(const pln_allocator *mem, const pln_file_ops *files, const char *path,
                            const char *name, pln__zone **out, pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    int64_t fd = -1, got = 0;
    uint8_t *bytes = NULL;
    pln_status status;
    PLN__TRY(files->info(files->user, path, &info, err));
    if (info.kind != PLN_FILE_REGULAR || info.size_bytes > PLN__ZONE_BYTES_MOST)
        PLN__FAIL(err, PLN_ENAME, "time zone %s: %s is no file of at most %d bytes", name, path,
                  PLN__ZONE_BYTES_MOST);
    bytes = pln__alloc(mem, (uint64_t)info.size_bytes + 1);
    if (bytes == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)info.size_bytes + 1));
    PLN__TRY(files->open(files->user, path, PLN_FILE_READ, &fd, err));
    PLN__TRY(files->read(files->user, fd, 0, bytes, info.size_bytes, &got, err));
    PLN__TRY(pln__zone_read(mem, name, bytes, got, out, err));
out:
    if (fd >= 0)
        files->close(files->user, fd);
    pln__free(mem, bytes, (uint64_t)info.size_bytes + 1);
    if (status == PLN_ENOENT)
        status = pln__error_set(err, PLN_ENAME, "time zone %s: there is no file %s", name, path);
    return status;
}

pln_status pln__zone_open(const pln_allocator *mem, const pln_file_ops *files,
                          const char *directory, const char *name, pln__zone **out,
                          pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    int32_t seconds;
    *out = NULL;
    if (fixed_offset(name, &seconds)) {
        pln_status made = make(mem, name, 0, out, err);
        if (made == PLN_OK)
            (*out)->offsets[0] = seconds;
        return made;
    }
    if (!is_name(name))
        return pln__error_set(err, PLN_EINVAL,
                              "time zone %s: expected UTC, +hh:mm or a name such as Europe/Berlin",
                              pln__show(shown, name, (int64_t)strlen(name)));
    if (files == NULL)
        return pln__error_set(err, PLN_ENAME, "time zone %s: there are no files to look into",
                              name);
    pln__text path;
    pln__text_init(&path, mem);
    pln__text_printf(&path, "%s/%s", directory, name);
    pln_status status = pln__text_status(&path, err);
    if (status == PLN_OK)
        status = read_file(mem, files, path.data, name, out, err);
    pln__text_free(&path);
    return status;
}

/* ---- instants ---- */

/* How many changes of the file are not later than `second`. */
static int64_t passed(const pln__zone *zone, int64_t second) {
    int64_t low = 0, high = zone->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (zone->at[middle] <= second)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The offset at an instant, and until when it stays. */
static int32_t offset_at(const pln__zone *zone, int64_t second, int64_t *until) {
    int64_t i = passed(zone, second);
    *until = i < zone->n ? zone->at[i] : INT64_MAX;
    return i == zone->n && zone->has_rule ? pln__zone_rule_at(&zone->rule, second, until)
                                          : zone->offsets[i];
}

int32_t pln__zone_offset(const pln__zone *zone, int64_t second) {
    int64_t until;
    return offset_at(zone, second, &until);
}

int64_t pln__zone_day(const pln__zone *zone, int64_t day) {
    int64_t midnight = day * 86400, second = midnight - PLN__ZONE_OFFSET_MOST;
    /* From change to change: at the last one within the greatest offset every clock shows more than midnight. */
    for (;;) {
        int64_t until, shown = midnight - offset_at(zone, second, &until);
        if (shown <= second)
            return second;
        if (shown < until)
            return shown;
        second = until;
    }
}

/* The last day that has begun by an instant. */
static int64_t day_at(const pln__zone *zone, int64_t second) {
    int64_t rest;
    int64_t day = pln__floor_div(second + pln__zone_offset(zone, second), 86400, &rest);
    while (pln__zone_day(zone, day + 1) <= second)
        day++;
    return day;
}

/* The first day of the window behind the one that begins with `day`. */
static int32_t next_of(int32_t day, pln__time_field field) {
    int32_t next = day + 1;
    switch (field) {
    case PLN__WEEK: return day + 7;
    case PLN__MONTH: (void)pln__add_months(day, 1, &next); return next;
    case PLN__QUARTER: (void)pln__add_months(day, 3, &next); return next;
    case PLN__YEAR: (void)pln__add_months(day, 12, &next); return next;
    default: return next;
    }
}

bool pln__zone_window(const pln__zone *zone, pln__time_field field, int64_t us, int64_t *start_us,
                      int64_t *end_us) {
    int64_t rest, second = pln__floor_div(us, 1000000, &rest);
    if (second / 86400 <= -PLN__ZONE_DAYS_MOST || second / 86400 >= PLN__ZONE_DAYS_MOST)
        return false;
    int32_t first = (int32_t)day_at(zone, second);
    if (field != PLN__DAY && !pln__truncate_date(first, field, &first))
        return false;
    *start_us = pln__zone_day(zone, first) * 1000000;
    *end_us = pln__zone_day(zone, next_of(first, field)) * 1000000;
    return true;
}

/*
 * Calendar windows: the day, ISO week, month, quarter and year of an instant in a time zone.
 *
 * A zone is read from the bytes of a TZif file (RFC 8536, version 2 and up), with the rule in its footer for all later years; "UTC", "Z" and fixed offsets such as "+05:30" need no file.
 * Who reads files is the caller; pln__zone_open does it by his table of file operations.
 *
 * A day begins at its first instant: the first one at which clocks show midnight or later. Where clocks were set over midnight (America/Sao_Paulo, Africa/Cairo) that is when they were set;
 * where they show midnight twice, the first time. So days follow each other without gap or overlap and have 23, 25 and other numbers of hours; a day that clocks left out altogether
 * (Pacific/Apia, 2011-12-30) has none and begins where the next one does.
 */
#ifndef PLN__ZONE_H
#define PLN__ZONE_H

#include "base/time.h"
#include <pln/file.h>

enum {
    PLN__ZONE_NAME_MOST = 255,
    PLN__ZONE_BYTES_MOST = 1 << 20 /* the greatest files have some 4 KiB */
};

typedef struct pln__zone pln__zone;

/* PLN_ECORRUPT names zone, field and value. */
pln_status pln__zone_read(const pln_allocator *mem, const char *name, const void *bytes,
                          int64_t size, pln__zone **out, pln_error *err);
/*
 * "UTC", "Z", "+05:30", "-03", "+0530" up to 24 hours without a file (files may be NULL then), or directory/name. PLN_EINVAL for a name that is none: empty, with a leading "/", "..", "//" or other
 * characters than those of names; PLN_ENAME if there is no such file.
 */
pln_status pln__zone_open(const pln_allocator *mem, const pln_file_ops *files,
                          const char *directory, const char *name, pln__zone **out, pln_error *err);
#define PLN__ZONE_DIRECTORY "/usr/share/zoneinfo"
void pln__zone_free(pln__zone *zone);
const char *pln__zone_name(const pln__zone *zone);

/* Seconds that clocks are ahead of UTC at an instant, given in seconds. */
int32_t pln__zone_offset(const pln__zone *zone, int64_t second);
/* The first instant, in seconds, of a day, given in days since 1970-01-01; |day| <= PLN__ZONE_DAYS_MOST. */
#define PLN__ZONE_DAYS_MOST 104000000
int64_t pln__zone_day(const pln__zone *zone, int64_t day);

/*
 * The window [*start_us, *end_us) of an instant; `field` is PLN__DAY, PLN__WEEK (from Monday), PLN__MONTH, PLN__QUARTER or PLN__YEAR. False for an instant too near to the ends of int64 for
 * its window to fit (some 290,000 years away).
 */
bool pln__zone_window(const pln__zone *zone, pln__time_field field, int64_t us, int64_t *start_us,
                      int64_t *end_us);

#endif

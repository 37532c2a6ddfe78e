/*
 * Private to zones: what a file says, and the rule of its footer.
 */
#ifndef PLN__ZONE_INTERNAL_H
#define PLN__ZONE_INTERNAL_H

#include "window/zone.h"

/* Offsets are less than 25 hours behind and 26 ahead (RFC 8536, 3.2): clocks show a midnight within this of it. */
enum { PLN__ZONE_OFFSET_MOST = 26 * 3600 };

typedef enum pln__zone_date {
    PLN__ZONE_JULIAN,
    PLN__ZONE_ZERO_BASED,
    PLN__ZONE_WEEKDAY
} pln__zone_date;

/* A day of every year, and the seconds of local time since its midnight. */
typedef struct pln__zone_change {
    pln__zone_date kind;
    int32_t month, week, day; /* Julian: day 1 to 365 without 29 February; zero-based: 0 to 365 with it; weekday: 0 Sunday */
    int32_t time;
} pln__zone_change;

/* The POSIX rule: always `standard`, or between `start` and `end` `summer`. */
typedef struct pln__zone_rule {
    bool has_summer;
    int32_t standard, summer;
    pln__zone_change start, end;
} pln__zone_rule;

struct pln__zone {
    const pln_allocator *mem;
    char *name;
    int64_t n;        /* changes of the file */
    int64_t *at;      /* when, ascending */
    int32_t *offsets; /* n + 1: before the first one, and from each one on */
    bool has_rule;    /* for all behind the last one */
    pln__zone_rule rule;
};

/* "EST5EDT,M3.2.0,M11.1.0" (RFC 8536, 3.3). PLN_ECORRUPT. */
pln_status pln__zone_parse_rule(const char *text, int64_t size, pln__zone_rule *out,
                                pln_error *err);
/* The offset at an instant, and when it changes next: INT64_MAX for never. */
int32_t pln__zone_rule_at(const pln__zone_rule *rule, int64_t second, int64_t *until);

#endif

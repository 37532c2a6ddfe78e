/* The rule in the footer of a zone's file: the TZ variable of POSIX, with times of -167 to 167 hours. */
#include "window/zone_internal.h"

/* ---- text ---- */

typedef struct cursor {
    const char *at, *end;
    bool bad;
} cursor;

static bool next_is(cursor *c, char what) {
    if (c->at == c->end || *c->at != what)
        return false;
    c->at++;
    return true;
}
static void expect(cursor *c, char what) {
    if (!next_is(c, what))
        c->bad = true;
}
static bool is_digit(const cursor *c) {
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}
static int32_t number(cursor *c, int32_t least, int32_t most) {
    int32_t value = 0, digits = 0;
    for (; is_digit(c) && digits < 4; digits++)
        value = value * 10 + (*c->at++ - '0');
    if (digits == 0 || value < least || value > most)
        c->bad = true;
    return value;
}

/* "EST", "<+0530>". */
static void skip_name(cursor *c) {
    int64_t size = 0;
    bool quoted = next_is(c, '<');
    for (; c->at < c->end; c->at++, size++) {
        char x = *c->at;
        bool letter = (x >= 'A' && x <= 'Z') || (x >= 'a' && x <= 'z');
        if (!letter && !(quoted && (is_digit(c) || x == '+' || x == '-')))
            break;
    }
    if (quoted)
        expect(c, '>');
    c->bad |= size < 3;
}

/* "5", "-3:30", "167:59:59" in seconds. */
static int32_t clock_time(cursor *c, int32_t hours_most) {
    bool negative = next_is(c, '-');
    if (!negative)
        (void)next_is(c, '+');
    int32_t seconds = number(c, 0, hours_most) * 3600;
    if (next_is(c, ':')) {
        seconds += number(c, 0, 59) * 60;
        if (next_is(c, ':'))
            seconds += number(c, 0, 59);
    }
    return negative ? -seconds : seconds;
}

/* ",M3.2.0/2", ",J60", ",365/25" */
static void change(cursor *c, pln__zone_change *out) {
    expect(c, ',');
    if (next_is(c, 'M')) {
        out->kind = PLN__ZONE_WEEKDAY;
        out->month = number(c, 1, 12);
        expect(c, '.');
        out->week = number(c, 1, 5);
        expect(c, '.');
        out->day = number(c, 0, 6);
    } else {
        out->kind = next_is(c, 'J') ? PLN__ZONE_JULIAN : PLN__ZONE_ZERO_BASED;
        out->day = number(c, out->kind == PLN__ZONE_JULIAN, 365);
    }
    out->time = next_is(c, '/') ? clock_time(c, 167) : 2 * 3600;
}

pln_status pln__zone_parse_rule(const char *text, int64_t size, pln__zone_rule *out,
                                pln_error *err) {
    cursor c = {text, text + size, false};
    char shown[PLN__SHOW_SIZE];
    *out = (pln__zone_rule){0};
    skip_name(&c);
    out->standard = -clock_time(&c, 24);
    if (!c.bad && c.at < c.end) {
        out->has_summer = true;
        skip_name(&c);
        out->summer = c.at < c.end && *c.at != ',' ? -clock_time(&c, 24) : out->standard + 3600;
        change(&c, &out->start);
        change(&c, &out->end);
    }
    if (!c.bad && c.at == c.end)
        return PLN_OK;
    return pln__error_set(err, PLN_ECORRUPT, "its footer %s is no rule at byte %lld",
                          pln__show(shown, text, size), (long long)(c.at - text));
}

/* ---- instants ---- */

static int64_t day_of(const pln__zone_change *c, int64_t year) {
    int64_t first;
    switch (c->kind) {
    case PLN__ZONE_JULIAN:
        return pln__days_of(year, 1, 1) + c->day - 1 + (c->day >= 60 && pln__is_leap(year));
    case PLN__ZONE_ZERO_BASED: return pln__days_of(year, 1, 1) + c->day;
    default: break;
    }
    first = pln__days_of(year, c->month, 1);
    /* Sunday is 7 to pln__weekday and 0 here. */
    int64_t day = (c->day - pln__weekday(first) + 7) % 7 + (c->week - 1) * 7;
    return first + (day < pln__days_in_month(year, c->month) ? day : day - 7);
}

int32_t pln__zone_rule_at(const pln__zone_rule *rule, int64_t second, int64_t *until) {
    int64_t rest, latest = INT64_MIN;
    bool summer = false;
    *until = INT64_MAX;
    if (!rule->has_summer)
        return rule->standard;
    /* Times reach a week beyond their day, so that a change may lie in the year before or behind: in two years back there are some that have been, in two ahead some that are to come. */
    int64_t year = pln__civil_of(pln__floor_div(second, 86400, &rest)).year;
    for (int64_t y = year - 2; y <= year + 2; y++) {
        /* Where summer time ends as the next one starts (it lasts all the year) the start is the later one. */
        int64_t end = day_of(&rule->end, y) * 86400 + rule->end.time - rule->summer;
        int64_t start = day_of(&rule->start, y) * 86400 + rule->start.time - rule->standard;
        if (end <= second && end > latest)
            latest = end, summer = false;
        if (start <= second && start >= latest)
            latest = start, summer = true;
        if (end > second && end < *until)
            *until = end;
        if (start > second && start < *until)
            *until = start;
    }
    return summer ? rule->summer : rule->standard;
}

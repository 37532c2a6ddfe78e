#include "connect/file/parts.h"

bool pln__glob_is_pattern(const char *text) {
    return strpbrk(text, "*?[") != NULL;
}

/* The bytes of the character at `at`; a byte that begins none counts for itself. */
static int64_t character(const char *at) {
    unsigned char lead = (unsigned char)at[0];
    int64_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    for (int64_t i = 1; i < size; i++)
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            return 1;
    return size;
}

/* `at` is behind '['. The end behind ']', or NULL if there is none and the bracket is a plain character. */
static const char *match_set(const char *at, char c, bool *matched) {
    bool negated = *at == '!' || *at == '^', found = false;
    const char *first = at + negated;
    for (at = first; *at != '\0' && (*at != ']' || at == first);) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        unsigned char low = (unsigned char)*at++, high = low;
        if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
            at++;
            if (*at == '\\' && at[1] != '\0')
                at++;
            high = (unsigned char)*at++;
        }
        found |= (unsigned char)c >= low && (unsigned char)c <= high;
    }
    *matched = found != negated;
    return *at == ']' ? at + 1 : NULL;
}

/* One pattern element other than '*' against the front of `name`: how much of both it takes, or false. */
static bool match_one(const char *pattern, const char *name, int64_t *taken, int64_t *used) {
    bool matched = false;
    const char *end;
    *taken = 1;
    *used = 1;
    if (*name == '\0')
        return false;
    if (*pattern == '?') {
        *used = character(name);
        return true;
    }
    if (*pattern == '[' && (end = match_set(pattern + 1, *name, &matched)) != NULL) {
        *taken = end - pattern;
        return matched;
    }
    if (*pattern == '\\' && pattern[1] != '\0') {
        *taken = 2;
        pattern++;
    }
    return *pattern == *name;
}

bool pln__glob_match(const char *pattern, const char *name) {
    const char *star = NULL, *retry = NULL;
    int64_t taken, used;
    if (*name == '.' && *pattern != '.' && !(pattern[0] == '\\' && pattern[1] == '.'))
        return false;
    while (*name != '\0' || *pattern != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (*pattern != '\0' && match_one(pattern, name, &taken, &used)) {
            pattern += taken;
            name += used;
        } else if (star != NULL && *retry != '\0') {
            /* Only the last star needs another try: an earlier one has done its part. */
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    return true;
}

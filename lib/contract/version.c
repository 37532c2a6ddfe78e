#include "contract/diff.h"
#include "base/number.h"

/* "v1.2.3-rc.1+build": three numbers, the last of which may be missing, and whether something follows them. */
typedef struct version {
    uint64_t part[3];
    const char *rest;
} version;

static bool parse(const char *text, version *out) {
    memset(out, 0, sizeof *out);
    text += *text == 'v';
    for (int i = 0; i < 3; i++) {
        size_t n = strspn(text, "0123456789");
        if (n == 0 || pln__parse_uint64(text, (int64_t)n, &out->part[i]) != PLN__PARSED)
            return false;
        text += n;
        if (*text != '.' || i == 2) {
            if (i == 0)
                return false;
            break;
        }
        text++;
    }
    out->rest = text;
    return *text == '\0' || *text == '-' || *text == '+';
}

int32_t pln__version_step(const char *before, const char *after, bool *initial) {
    version a, b;
    *initial = false;
    if (before == NULL || after == NULL)
        return PLN_CONTRACT_STEP_UNKNOWN;
    if (strcmp(before, after) == 0) {
        *initial = parse(before, &a) && a.part[0] == 0;
        return PLN_CONTRACT_STEP_NONE;
    }
    if (!parse(before, &a) || !parse(after, &b))
        return PLN_CONTRACT_STEP_UNKNOWN;
    *initial = a.part[0] == 0;
    for (int i = 0; i < 3; i++)
        if (a.part[i] != b.part[i])
            return a.part[i] > b.part[i] ? PLN_CONTRACT_STEP_BACK : PLN_CONTRACT_STEP_MAJOR - i;
    /* Of one number, what is a candidate or a build of it. */
    return strcmp(a.rest, b.rest) == 0 ? PLN_CONTRACT_STEP_NONE : PLN_CONTRACT_STEP_PATCH;
}

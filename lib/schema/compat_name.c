/* Names alone, so that a plugin which needs them links to nothing else of this room. */
#include "schema/compat.h"

static const char *const kinds[] = {
    "NAME_MISMATCH",        "FIXED_SIZE_MISMATCH",  "MISSING_ENUM_SYMBOLS", "READER_FIELD_MISSING_DEFAULT_VALUE",
    "TYPE_MISMATCH",        "MISSING_UNION_BRANCH", "AMBIGUOUS_ALIAS",      "LOGICAL_MISMATCH"};

const char *pln_compat_kind_name(int32_t kind) {
    return kind >= 0 && kind < PLN__COUNT(kinds) ? kinds[kind] : NULL;
}

static const char *const levels[] = {"NONE",
                                     "BACKWARD",
                                     "BACKWARD_TRANSITIVE",
                                     "FORWARD",
                                     "FORWARD_TRANSITIVE",
                                     "FULL",
                                     "FULL_TRANSITIVE"};

const char *pln_compat_level_name(int32_t level) {
    return level >= 0 && level < PLN__COUNT(levels) ? levels[level] : NULL;
}

int32_t pln_compat_level_find(const char *name) {
    for (int32_t i = 0; i < PLN__COUNT(levels); i++) {
        const char *a = name, *b = levels[i];
        while (*b != '\0' && (*a == *b || (*a >= 'a' && *a <= 'z' && *a - 'a' + 'A' == *b)))
            a++, b++;
        if (*a == '\0' && *b == '\0')
            return i;
    }
    return -1;
}

#include "base/utf8.h"
#include "connect/sqlite/db.h"

#define NAME_MAX_BYTES 255

/* SQLite folds ASCII letters and no others. */
static char fold(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool pln__lite_name_equal(const char *a, const char *b) {
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

static bool has_prefix(const char *name, const char *prefix) {
    while (*prefix != '\0' && fold(*name) == *prefix) {
        name++;
        prefix++;
    }
    return *prefix == '\0';
}

pln_status pln__lite_name_check(const char *what, const char *name, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    int64_t size = (int64_t)strlen(name);
    if (size == 0)
        return pln__error_set(err, PLN_EINVAL, "%s: its name is empty", what);
    if (size > NAME_MAX_BYTES)
        return pln__error_set(err, PLN_EINVAL, "%s %s: a name of %lld bytes, at most %d", what,
                              pln__show(shown, name, size), (long long)size, NAME_MAX_BYTES);
    if (!pln__utf8_valid(name, size, 0))
        return pln__error_set(err, PLN_EINVAL, "%s %s: its name is not UTF-8", what,
                              pln__show(shown, name, size));
    if (strcmp(what, "column") == 0)
        return PLN_OK;
    if (has_prefix(name, "sqlite_"))
        return pln__error_set(err, PLN_EINVAL,
                              "%s %s: SQLite keeps names with 'sqlite_' for itself", what,
                              pln__show(shown, name, size));
    if (has_prefix(name, "pln_stage_") || pln__lite_name_equal(name, "pln_run"))
        return pln__error_set(err, PLN_EINVAL,
                              "%s %s: a name kept for runs and their staging tables", what,
                              pln__show(shown, name, size));
    return PLN_OK;
}

void pln__lite_quote(pln__text *text, const char *name) {
    pln__text_char(text, '"');
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '"')
            pln__text_char(text, '"');
        pln__text_char(text, *at);
    }
    pln__text_char(text, '"');
}

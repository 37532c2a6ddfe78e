#include "schema/compat.h"

static void member(pln__text *out, const char *key, const char *value) {
    pln__text_printf(out, "\"%s\":", key);
    pln__text_json(out, value, (int64_t)strlen(value));
}

/* Causes nest at most PLN__COMPAT_CAUSES_MAX deep. */
static void issues_json(pln__text *out, const pln_compat_issue *at, int64_t n) {
    pln__text_char(out, '[');
    for (int64_t i = 0; i < n; i++) {
        pln__text_str(out, i == 0 ? "{" : ",{");
        member(out, "type", pln_compat_kind_name(at[i].kind));
        pln__text_char(out, ',');
        member(out, "path", at[i].path);
        pln__text_char(out, ',');
        member(out, "message", at[i].message);
        pln__text_char(out, ',');
        member(out, "description", at[i].description);
        if (at[i].n_children > 0) {
            pln__text_str(out, ",\"children\":");
            issues_json(out, at[i].children, at[i].n_children);
        }
        pln__text_char(out, '}');
    }
    pln__text_char(out, ']');
}

pln_status pln_compat_json(const pln_compat *answer, char **text, pln_error *err) {
    pln__text out;
    pln__text_init(&out, answer->mem);
    pln__text_printf(&out,
                     "{\"compatible\":%s,\"incompatibilities\":", answer->fails ? "false" : "true");
    issues_json(&out, answer->issues.at, answer->issues.n);
    if (answer->truncated)
        pln__text_str(&out, ",\"truncated\":true");
    pln__text_char(&out, '}');
    pln_status status = pln__text_status(&out, err);
    *text = status < 0 ? NULL : pln__text_take(&out);
    pln__text_free(&out);
    return status;
}

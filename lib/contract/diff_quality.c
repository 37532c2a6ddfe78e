#include "contract/diff.h"
#include "contract/suite.h"

/* ---- quality ---- */

static const char *const operators[] = {"mustBe",         "mustNotBe",
                                        "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
                                        "mustBeLessThan", "mustBeLessOrEqualTo",
                                        "mustBeBetween",  "mustNotBeBetween", "unit", NULL};

static bool key_all(const pln__differ *d, const json *item, pln__text *out) {
    (void)d;
    pln__avro_json_text(item, out);
    return true;
}

static void put_member(const json *item, const char *key, pln__text *out) {
    const json *value = pln__doc_get(item, key);
    pln__text_printf(out, "|%s:", key);
    if (value != NULL)
        pln__avro_json_text(value, out);
}

/* What is measured, whatever the threshold. */
static bool key_measure(const pln__differ *d, const json *item, pln__text *out) {
    static const char *const keys[] = {"metric", "rule",   "arguments",     "validValues",
                                       "query",  "engine", "implementation"};
    (void)d;
    for (int i = 0; i < PLN__COUNT(keys); i++)
        put_member(item, keys[i], out);
    return true;
}

static bool key_metric(const pln__differ *d, const json *item, pln__text *out) {
    (void)d;
    put_member(item, "metric", out);
    put_member(item, "rule", out);
    return pln__doc_get(item, "metric") != NULL || pln__doc_get(item, "rule") != NULL;
}

/* Rules that refuse nothing, or that only people can follow, break nobody when they come or go. */
static bool is_binding(const json *rule) {
    static const char *const mild[] = {"info", "information", "low",   "minor",
                                       "warn", "warning",     "medium"};
    const char *severity = pln__contract_text(rule, "severity"),
               *type = pln__contract_text(rule, "type");
    for (int i = 0; i < PLN__COUNT(mild) && severity != NULL; i++)
        if (strcmp(severity, mild[i]) == 0)
            return false;
    return type == NULL || strcmp(type, "text") != 0;
}

/* Whether every value of `inner` is one of `outer`. */
static bool contains(const pln__range *outer, const pln__range *inner) {
    bool low = outer->lo < inner->lo ||
               (outer->lo == inner->lo && (!outer->lo_strict || inner->lo_strict));
    bool high = outer->hi > inner->hi ||
                (outer->hi == inner->hi && (!outer->hi_strict || inner->hi_strict));
    return low && high;
}

static int32_t breaks_of_threshold(const json *a, const json *b) {
    pln__range x, y;
    if (pln__range_read(a, &x) != NULL || pln__range_read(b, &y) != NULL ||
        x.percent != y.percent || x.negated != y.negated || x.text != NULL || y.text != NULL)
        return EVERYBODY;
    bool looser = contains(&y, &x), tighter = contains(&x, &y);
    if (looser && tighter)
        return 0;
    if (x.negated) {
        bool swap = looser;
        looser = tighter;
        tighter = swap;
    }
    return looser ? CONSUMERS : tighter ? PRODUCERS : EVERYBODY;
}

static bool same(const json *a, const json *b, const char *key) {
    return pln__doc_equal(pln__doc_get(a, key), pln__doc_get(b, key));
}

static const char *type_of(const json *rule) {
    const char *type = pln__contract_text(rule, "type");
    return type == NULL ? "library" : type;
}

static int32_t breaks_of_rule(pln__differ *d, const json *a, const json *b) {
    static const char *const keys[] = {"metric", "rule", "query", "engine", "implementation"};
    const json *x = pln__doc_get(pln__doc_get(a, "arguments"), "validValues");
    const json *y = pln__doc_get(pln__doc_get(b, "arguments"), "validValues");
    int32_t breaks = 0;
    bool threshold = false;
    if (strcmp(type_of(a), type_of(b)) != 0)
        return EVERYBODY;
    for (int i = 0; i < PLN__COUNT(keys); i++)
        if (!same(a, b, keys[i]))
            return EVERYBODY;
    for (int i = 0; operators[i] != NULL; i++)
        threshold = threshold || !same(a, b, operators[i]);
    if (threshold)
        breaks |= breaks_of_threshold(a, b);
    if (same(a, b, "arguments") && same(a, b, "validValues"))
        return breaks;
    if (x == NULL || y == NULL || x->kind != J_ARRAY || y->kind != J_ARRAY || x->up->size != 1 ||
        y->up->size != 1)
        return EVERYBODY;
    return breaks | pln__breaks_of_values(d, x, y);
}

static const char *rule_name(const json *rule) {
    static const char *const keys[] = {"id", "name", "metric", "rule", "type"};
    for (int i = 0; i < PLN__COUNT(keys); i++)
        if (pln__contract_text(rule, keys[i]) != NULL)
            return pln__contract_text(rule, keys[i]);
    return "rule";
}

static void rule_changed(pln__differ *d, const pln__text *where, const json *a, const json *b) {
    static const char *const done[] = {
        "type", "metric", "rule", "query", "engine", "implementation", "arguments", "validValues", "severity", "mustBe",
        "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
        "mustBeBetween", "mustNotBeBetween", "unit", NULL};
    bool binds = is_binding(a), will = is_binding(b);
    int32_t breaks = breaks_of_rule(d, a, b);
    bool changed = breaks != 0;
    /* A rule that begins to bind is as one that is new. */
    breaks = binds && will ? breaks : binds ? CONSUMERS : will ? PRODUCERS : 0;
    if (binds != will || changed)
        pln__diff_note(d, where, pln__note_of("quality_changed", breaks, a, b),
                       "quality rule changed%s",
                       breaks == CONSUMERS   ? ", looser"
                       : breaks == PRODUCERS ? ", tighter"
                                             : "");
    else if (!same(a, b, "severity"))
        pln__diff_note(d, where, pln__note_of("quality_changed", 0, a, b),
                       "severity of a quality rule changed");
    pln__diff_rest(d, where, a, b, done);
}

void pln__diff_quality(pln__differ *d, pln__text *where, const json *list_a, const json *list_b) {
    static pln__key_of *const keys[] = {pln__key_id, key_all, pln__key_name, key_measure,
                                        key_metric};
    pln__pairs pairs;
    if (list_a == NULL && list_b == NULL)
        return;
    int64_t top = pln__place_down(where, "quality");
    pln__pair(d, list_a, list_b, keys, PLN__COUNT(keys), &pairs);
    for (int64_t i = 0; i < pairs.n; i++) {
        const json *a = pairs.before[i], *b = pairs.after[i];
        int64_t up = pln__place_down(where, rule_name(a == NULL ? b : a));
        if (a == NULL)
            pln__diff_note(d, where,
                           pln__note_of("quality_added", is_binding(b) ? PRODUCERS : 0, NULL, b),
                           "quality rule added");
        else if (b == NULL)
            pln__diff_note(d, where,
                           pln__note_of("quality_removed", is_binding(a) ? CONSUMERS : 0, a, NULL),
                           "quality rule removed");
        else
            rule_changed(d, where, a, b);
        pln__place_up(where, up);
    }
    pln__place_up(where, top);
}

/* ---- relationships ---- */

static bool key_ends(const pln__differ *d, const json *item, pln__text *out) {
    (void)d;
    put_member(item, "from", out);
    put_member(item, "to", out);
    return true;
}

void pln__diff_relationships(pln__differ *d, pln__text *where, const json *list_a,
                             const json *list_b) {
    static pln__key_of *const keys[] = {key_ends};
    static const char *const done[] = {"from", "to", NULL};
    pln__pairs pairs;
    if (list_a == NULL && list_b == NULL)
        return;
    int64_t top = pln__place_down(where, "relationships");
    pln__pair(d, list_a, list_b, keys, 1, &pairs);
    for (int64_t i = 0; i < pairs.n; i++) {
        const json *a = pairs.before[i], *b = pairs.after[i];
        if (a == NULL)
            pln__diff_note(d, where, pln__note_of("relationship_added", PRODUCERS, NULL, b),
                           "relationship added");
        else if (b == NULL)
            pln__diff_note(d, where, pln__note_of("relationship_removed", CONSUMERS, a, NULL),
                           "relationship removed");
        else
            pln__diff_rest(d, where, a, b, done);
    }
    pln__place_up(where, top);
}

#include "contract/diff.h"
#include <math.h>

/* ---- what is looser, what is tighter ---- */

int32_t pln__breaks_of_bound(double before, double after, bool lower) {
    if (before == after)
        return 0;
    return (after > before) == lower ? PRODUCERS : CONSUMERS;
}

int32_t pln__breaks_of_values(pln__differ *d, const json *a, const json *b) {
    const json *lists[] = {a, b};
    int64_t found[2] = {0};
    pln__text text;
    pln__text_init(&text, d->out->mem);
    for (int i = 0; i < 2; i++) {
        pln__map *map = pln__map_new(d->out->mem, (uint64_t)(uintptr_t)d->out);
        bool good = map != NULL;
        for (const json *v = lists[i]->first; v != NULL && good; v = v->next) {
            text.size = 0;
            pln__avro_json_text(v, &text);
            good = !text.failed && pln__map_put(map, text.data, text.size, 0, NULL) >= 0;
        }
        for (const json *v = lists[1 - i]->first; v != NULL && good; v = v->next) {
            text.size = 0;
            pln__avro_json_text(v, &text);
            good = !text.failed;
            found[i] += good && !pln__map_get(map, text.data, text.size, NULL);
        }
        pln__map_free(map);
        if (!good && d->status >= 0)
            d->status = pln__error_memory(d->err, 1);
    }
    pln__text_free(&text);
    return (found[0] > 0 ? CONSUMERS : 0) | (found[1] > 0 ? PRODUCERS : 0);
}

/* Something that binds values if it is there: no less a demand when it is new, no more a promise when it is gone. */
static int32_t breaks_of_presence(const json *a, const json *b) {
    return a == NULL ? PRODUCERS : b == NULL ? CONSUMERS : EVERYBODY;
}

static const char *done_to(const json *a, const json *b) {
    return a == NULL ? "added" : b == NULL ? "removed" : "changed";
}

static void option_note(pln__differ *d, const pln__text *where, int32_t breaks, const json *a,
                        const json *b, const char *name) {
    pln__note note = pln__note_of("option", breaks, a, b);
    const char *how = breaks == CONSUMERS ? ", looser" : breaks == PRODUCERS ? ", tighter" : "";
    pln__diff_note(d, where, note, "%s %s%s", name, done_to(a, b), how);
}

/* ---- bounds of numbers: the inclusive and the exclusive one together ---- */

typedef struct limit {
    double value;
    bool strict;
    const json *node; /* NULL: there is none */
} limit;

static limit limit_of(const json *options, bool lower) {
    const json *bound = pln__doc_get(options, lower ? "minimum" : "maximum");
    const json *other = pln__doc_get(options, lower ? "exclusiveMinimum" : "exclusiveMaximum");
    limit out = {0};
    double second;
    if (pln__contract_number(bound, &out.value)) {
        out.node = bound;
        out.strict = other != NULL && other->kind == J_TRUE;
    }
    if (pln__contract_number(other, &second) &&
        (out.node == NULL || (lower ? second >= out.value : second <= out.value)))
        out = (limit){second, true, other};
    return out;
}

static void diff_limit(pln__differ *d, const pln__text *where, const json *a, const json *b,
                       bool lower) {
    limit x = limit_of(a, lower), y = limit_of(b, lower);
    int32_t breaks;
    if (x.node == NULL && y.node == NULL)
        return;
    if (x.node == NULL || y.node == NULL)
        breaks = breaks_of_presence(x.node, y.node);
    else if (x.value != y.value)
        breaks = pln__breaks_of_bound(x.value, y.value, lower);
    else
        breaks = x.strict == y.strict ? 0 : y.strict ? PRODUCERS : CONSUMERS;
    if (breaks != 0)
        option_note(d, where, breaks, x.node, y.node, lower ? "minimum" : "maximum");
}

/* Dates and times as texts of one length are in the order of time. */
static int32_t breaks_of_text(const json *a, const json *b, bool lower) {
    if (a == NULL || b == NULL)
        return breaks_of_presence(a, b);
    if (a->kind != J_STRING || b->kind != J_STRING || a->size != b->size)
        return EVERYBODY;
    return pln__breaks_of_bound(0, memcmp(b->text, a->text, (size_t)a->size), lower);
}

/* ---- formats of numbers ---- */

/* Bits of what "i32" or "u8" hold, -1: it is no such format. */
static int bits_of(const json *format) {
    const char *text = pln__doc_string(format);
    int bits = 0;
    if (text == NULL || (text[0] != 'i' && text[0] != 'u' && text[0] != 'f'))
        return -1;
    for (const char *p = text + 1; *p >= '0' && *p <= '9' && bits < 1000; p++)
        bits = bits * 10 + (*p - '0');
    return bits;
}

static bool holds(const json *wide, const json *narrow) {
    int w = bits_of(wide), n = bits_of(narrow);
    if (w <= 0 || n <= 0)
        return false;
    if (wide->text[0] == narrow->text[0])
        return w >= n;
    return wide->text[0] == 'i' && narrow->text[0] == 'u' && w > n;
}

static int32_t breaks_of_format(const json *a, const json *b) {
    if (a == NULL || b == NULL)
        return breaks_of_presence(a, b);
    return holds(b, a) ? CONSUMERS : holds(a, b) ? PRODUCERS : EVERYBODY;
}

static int32_t breaks_of_multiple(const json *a, const json *b) {
    double x, y;
    if (!pln__contract_number(a, &x) || !pln__contract_number(b, &y))
        return breaks_of_presence(a, b);
    if (fmod(y, x) == 0)
        return PRODUCERS;
    return fmod(x, y) == 0 ? CONSUMERS : EVERYBODY;
}

/* ---- options ---- */

enum { LOWER, UPPER, FLAG, NAMES, FORMAT, MULTIPLE, BOTH_WAYS };

static int32_t breaks_of(pln__differ *d, int kind, const json *a, const json *b) {
    double x, y;
    bool lower = kind == LOWER;
    switch (kind) {
    case LOWER:
    case UPPER:
        return pln__contract_number(a, &x) && pln__contract_number(b, &y)
                   ? pln__breaks_of_bound(x, y, lower)
                   : breaks_of_text(a, b, lower);
    case FLAG: {
        bool was = a != NULL && a->kind == J_TRUE, is = b != NULL && b->kind == J_TRUE;
        return was == is ? 0 : is ? PRODUCERS : CONSUMERS;
    }
    case NAMES:
        if (a == NULL || b == NULL || a->kind != J_ARRAY || b->kind != J_ARRAY)
            return breaks_of_presence(a, b);
        /* A name that is new is one more demand. */
        return pln__breaks_of_values(d, b, a);
    case FORMAT: return breaks_of_format(a, b);
    case MULTIPLE: return breaks_of_multiple(a, b);
    default: return breaks_of_presence(a, b);
    }
}

static bool is_numeric(const json *property) {
    const char *type = pln__contract_text(property, "logicalType");
    return type != NULL && (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0);
}

static void diff_options(pln__differ *d, const pln__text *where, const json *a, const json *b) {
    static const struct {
        const char *name;
        int kind;
    } options[] = {{"minLength", LOWER},
                   {"maxLength", UPPER},
                   {"pattern", BOTH_WAYS},
                   {"format", FORMAT},
                   {"multipleOf", MULTIPLE},
                   {"minItems", LOWER},
                   {"maxItems", UPPER},
                   {"uniqueItems", FLAG},
                   {"minProperties", LOWER},
                   {"maxProperties", UPPER},
                   {"required", NAMES},
                   {"timezone", BOTH_WAYS},
                   {"defaultTimezone", BOTH_WAYS},
                   {"minimum", LOWER},
                   {"maximum", UPPER},
                   {"exclusiveMinimum", LOWER},
                   {"exclusiveMaximum", UPPER}};
    const json *x = pln__doc_get(a, "logicalTypeOptions"),
               *y = pln__doc_get(b, "logicalTypeOptions");
    bool numeric = is_numeric(a);
    int n = PLN__COUNT(options) - (numeric ? 4 : 0);
    for (int i = 0; i < n; i++) {
        const json *p = pln__doc_get(x, options[i].name), *q = pln__doc_get(y, options[i].name);
        int32_t breaks = pln__doc_equal(p, q) ? 0 : breaks_of(d, options[i].kind, p, q);
        if (breaks != 0)
            option_note(d, where, breaks, p, q, options[i].name);
    }
    if (numeric) {
        diff_limit(d, where, x, y, true);
        diff_limit(d, where, x, y, false);
    }
}

/* ---- types ---- */

static int32_t breaks_of_type(const json *a, const json *b) {
    const char *x = pln__doc_string(a), *y = pln__doc_string(b);
    if (x == NULL || y == NULL)
        return breaks_of_presence(a, b);
    if (strcmp(x, "integer") == 0 && strcmp(y, "number") == 0)
        return CONSUMERS;
    return strcmp(x, "number") == 0 && strcmp(y, "integer") == 0 ? PRODUCERS : EVERYBODY;
}

/* "varchar(10)" and "varchar(20)" differ in what fits. */
static int32_t breaks_of_physical(const json *a, const json *b) {
    const char *x = pln__doc_string(a), *y = pln__doc_string(b);
    if (x == NULL || y == NULL)
        return 0;
    size_t n = strcspn(x, "(");
    size_t i = strspn(x + n + (x[n] == '('), "0123456789"), j;
    if (x[n] != '(' || strncmp(x, y, n + 1) != 0)
        return EVERYBODY;
    j = strspn(y + n + 1, "0123456789");
    if (strcmp(x + n + 1 + i, y + n + 1 + j) != 0 || i == 0 || j == 0)
        return EVERYBODY;
    bool longer = j != i ? j > i : memcmp(y + n + 1, x + n + 1, i) > 0;
    return longer ? CONSUMERS : PRODUCERS;
}

static void simple(pln__differ *d, const pln__text *where, const json *a, const json *b,
                   const char *key, const char *kind, int32_t breaks) {
    const json *x = pln__doc_get(a, key), *y = pln__doc_get(b, key);
    if (!pln__doc_equal(x, y))
        pln__diff_note(d, where, pln__note_of(kind, breaks, x == NULL ? a : x, y == NULL ? b : y),
                       "%s %s", key, done_to(x, y));
}

static void flag(pln__differ *d, const pln__text *where, const json *a, const json *b,
                 const char *key, const char *kind) {
    bool was = pln__contract_flag(a, key), is = pln__contract_flag(b, key);
    const json *x = pln__doc_get(a, key), *y = pln__doc_get(b, key);
    if (was != is)
        pln__diff_note(
            d, where,
            pln__note_of(kind, is ? PRODUCERS : CONSUMERS, x == NULL ? a : x, y == NULL ? b : y),
            is ? "is %s now" : "is no longer %s", key);
}

static void diff_type(pln__differ *d, const pln__text *where, const json *a, const json *b) {
    const json *x = pln__doc_get(a, "logicalType"), *y = pln__doc_get(b, "logicalType");
    const json *p = pln__doc_get(a, "physicalType"), *q = pln__doc_get(b, "physicalType");
    if (!pln__doc_equal(x, y))
        pln__diff_note(
            d, where,
            pln__note_of("type", breaks_of_type(x, y), x == NULL ? a : x, y == NULL ? b : y),
            "logicalType %s became %s", x == NULL ? "none" : x->text, y == NULL ? "none" : y->text);
    if (!pln__doc_equal(p, q))
        pln__diff_note(d, where,
                       pln__note_of("physical_type", breaks_of_physical(p, q), p == NULL ? a : p,
                                    q == NULL ? b : q),
                       "physicalType %s became %s", p == NULL ? "none" : p->text,
                       q == NULL ? "none" : q->text);
}

/* ---- properties ---- */

static void diff_items(pln__differ *d, pln__text *where, const json *a, const json *b) {
    const json *x = pln__doc_get(a, "items"), *y = pln__doc_get(b, "items");
    if (x == NULL && y == NULL)
        return;
    int64_t up = pln__place_down(where, "[]");
    if (x == NULL || y == NULL)
        pln__diff_note(d, where, pln__note_of("items", breaks_of_presence(x, y), x, y), "items %s",
                       done_to(x, y));
    else
        pln__diff_property(d, where, x, y);
    pln__place_up(where, up);
}

void pln__diff_property(pln__differ *d, pln__text *where, const json *a, const json *b) {
    static const char *const done[] = {
        "id", "name", "physicalName", "encryptedName", "logicalType", "physicalType", "required", "unique", "primaryKey",
        "primaryKeyPosition", "partitioned", "partitionKeyPosition", "classification", "logicalTypeOptions", "items",
        "properties", "relationships", "quality", NULL};
    simple(d, where, a, b, "name", "property_renamed", EVERYBODY);
    simple(d, where, a, b, "physicalName", "physical_name", EVERYBODY);
    simple(d, where, a, b, "encryptedName", "physical_name", EVERYBODY);
    simple(d, where, a, b, "id", "identity", 0);
    diff_type(d, where, a, b);
    flag(d, where, a, b, "required", "required");
    flag(d, where, a, b, "unique", "unique");
    flag(d, where, a, b, "primaryKey", "primary_key");
    simple(d, where, a, b, "primaryKeyPosition", "primary_key", 0);
    simple(d, where, a, b, "partitioned", "partition", 0);
    simple(d, where, a, b, "partitionKeyPosition", "partition", 0);
    simple(d, where, a, b, "classification", "classification", 0);
    if (pln__doc_equal(pln__doc_get(a, "logicalType"), pln__doc_get(b, "logicalType"))) {
        diff_options(d, where, a, b);
        diff_items(d, where, a, b);
        pln__diff_properties(d, where, pln__doc_get(a, "properties"),
                             pln__doc_get(b, "properties"));
    }
    pln__diff_relationships(d, where, pln__doc_get(a, "relationships"),
                            pln__doc_get(b, "relationships"));
    pln__diff_quality(d, where, pln__doc_get(a, "quality"), pln__doc_get(b, "quality"));
    pln__diff_rest(d, where, a, b, done);
}

static void added(pln__differ *d, const pln__text *where, const json *b) {
    bool must = pln__contract_flag(b, "required") || pln__contract_flag(b, "primaryKey");
    pln__note note = pln__note_of("property_added", must ? PRODUCERS : 0, NULL, b);
    note.reason = "producers do not write it yet";
    pln__diff_note(d, where, note, must ? "required property added" : "property added");
}

static void removed(pln__differ *d, const pln__text *where, const json *a) {
    pln__note note = pln__note_of("property_removed", CONSUMERS, a, NULL);
    note.reason = "consumers may read it";
    pln__diff_note(d, where, note, "property removed");
}

/* Whether those that are in both stand in another order. */
static bool is_reordered(const pln__pairs *pairs) {
    int32_t last = -1;
    for (int64_t i = 0; i < pairs->n; i++) {
        const json *b = pairs->before[i] == NULL ? NULL : pairs->after[i];
        if (b != NULL && b->key_size < last)
            return true;
        if (b != NULL)
            last = b->key_size;
    }
    return false;
}

void pln__diff_properties(pln__differ *d, pln__text *where, const json *list_a,
                          const json *list_b) {
    static pln__key_of *const keys[] = {pln__key_id, pln__key_name};
    pln__pairs pairs;
    if (list_a == NULL && list_b == NULL)
        return;
    pln__pair(d, list_a, list_b, keys, 2, &pairs);
    for (int64_t i = 0; i < pairs.n; i++) {
        const json *a = pairs.before[i], *b = pairs.after[i];
        int64_t up = pln__place_down(where, pln__contract_text(a == NULL ? b : a, "name"));
        if (a == NULL)
            added(d, where, b);
        else if (b == NULL)
            removed(d, where, a);
        else
            pln__diff_property(d, where, a, b);
        pln__place_up(where, up);
    }
    if (is_reordered(&pairs)) {
        pln__note note = pln__note_of("properties_reordered", 0, list_a, list_b);
        note.step = PLN_CONTRACT_STEP_PATCH;
        pln__diff_note(d, where, note, "properties stand in another order");
    }
}

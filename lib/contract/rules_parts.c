#include "contract/rules.h"

typedef pln__rule_field field;

/* ---- logicalTypeOptions ---- */

static const char *const integer_formats[] = {"i8", "i16", "i32", "i64", "i128", "u8",
                                              "u16", "u32", "u64", "u128", NULL};
static const char *const number_formats[] = {"f32", "f64", NULL};

static const field string_options[] = {
    {"minLength", T_COUNT, BOTH, 0, NULL},
    {"maxLength", T_COUNT, BOTH, 0, NULL},
    {"pattern", T_STRING, BOTH, 0, NULL},
    {"format", T_STRING, BOTH, 0, NULL},
    {0}};
/* In 3.0.2 an exclusive bound is a flag beside the bound, from 3.1.0 on a bound of its own. */
#define TEXT_BOUNDS                                                                                \
    {"format", T_STRING, BOTH, 0, NULL},                                                           \
    {"maximum", T_STRING, BOTH, 0, NULL},                                                          \
    {"minimum", T_STRING, BOTH, 0, NULL},                                                          \
    {"exclusiveMaximum", T_STRING, V310, 0, NULL},                                                 \
    {"exclusiveMinimum", T_STRING, V310, 0, NULL},                                                 \
    {"exclusiveMaximum", T_BOOL, V302, 0, NULL},                                                   \
    {"exclusiveMinimum", T_BOOL, V302, 0, NULL}
static const field date_options[] = {TEXT_BOUNDS, {0}};
static const field time_options[] = {
    TEXT_BOUNDS, {"timezone", T_BOOL, V310, 0, NULL}, {"defaultTimezone", T_STRING, V310, 0, NULL}, {0}};
#define NUMBER_BOUNDS                                                                              \
    {"multipleOf", T_POSITIVE, BOTH, 0, NULL},                                                     \
    {"maximum", T_NUMBER, BOTH, 0, NULL},                                                          \
    {"minimum", T_NUMBER, BOTH, 0, NULL},                                                          \
    {"exclusiveMaximum", T_NUMBER, V310, 0, NULL},                                                 \
    {"exclusiveMinimum", T_NUMBER, V310, 0, NULL},                                                 \
    {"exclusiveMaximum", T_BOOL, V302, 0, NULL},                                                   \
    {"exclusiveMinimum", T_BOOL, V302, 0, NULL}
static const field integer_options[] = {
    NUMBER_BOUNDS, {"format", T_ENUM, BOTH, 0, integer_formats}, {0}};
static const field number_options[] = {
    NUMBER_BOUNDS, {"format", T_ENUM, BOTH, 0, number_formats}, {0}};
static const field object_options[] = {
    {"maxProperties", T_COUNT, BOTH, 0, NULL},
    {"minProperties", T_COUNT, BOTH, 0, NULL},
    {"required", T_NAMES, BOTH, 0, NULL},
    {0}};
static const field array_options[] = {
    {"maxItems", T_COUNT, BOTH, 0, NULL},
    {"minItems", T_COUNT, BOTH, 0, NULL},
    {"uniqueItems", T_BOOL, BOTH, 0, NULL},
    {0}};

static const struct {
    const char *type;
    pln__rules options;
} by_type[] = {
    {"string", {.what = "the options of a string", .fields = string_options}},
    {"date", {.what = "the options of a date", .fields = date_options}},
    {"timestamp", {.what = "the options of a timestamp", .fields = time_options}},
    {"time", {.what = "the options of a time", .fields = time_options}},
    {"integer", {.what = "the options of an integer", .fields = integer_options}},
    {"number", {.what = "the options of a number", .fields = number_options}},
    {"object", {.what = "the options of an object", .fields = object_options}},
    {"array", {.what = "the options of an array", .fields = array_options}}};

static void check_options(pln__rules_check *c, const json *object, const json *options) {
    static const field any_map = {"", T_MAP, BOTH, 0, NULL};
    const json *type = pln__doc_get(object, "logicalType");
    const char *name = pln__doc_string(type);
    for (int i = 0; name != NULL && i < PLN__COUNT(by_type); i++)
        if (strcmp(by_type[i].type, name) == 0) {
            pln__rules_object(c, options, &by_type[i].options);
            return;
        }
    pln__rules_value(c, options, &any_map);
    /* The schema holds them to the rules of all types at once, which no option passes. */
    if (type == NULL && options->kind == J_OBJECT)
        for (const json *option = options->first; option != NULL; option = option->next)
            pln__rules_say(c, PLN_CONTRACT_ERROR, option,
                           "a property without a logicalType has no such option");
}

static bool is_type(const json *object, const char *type) {
    const json *said = pln__doc_get(object, "logicalType");
    const char *name = pln__doc_string(said);
    return said == NULL || (name != NULL && strcmp(name, type) == 0);
}

static bool typed_member(pln__rules_check *c, const json *object, const json *member,
                         bool properties) {
    static const field list = {"", T_LIST, BOTH, 0, &pln__rules_property};
    if (pln__doc_is(member, "logicalTypeOptions")) {
        check_options(c, object, member);
    } else if (pln__doc_is(member, "properties") && (properties || is_type(object, "object"))) {
        pln__rules_value(c, member, &list);
    } else if (pln__doc_is(member, "items") && is_type(object, "array")) {
        pln__rules_object(c, member, &pln__rules_items);
    } else {
        return false;
    }
    return true;
}

bool pln__property_member(pln__rules_check *c, const json *object, const json *member) {
    return typed_member(c, object, member, false);
}

bool pln__items_member(pln__rules_check *c, const json *object, const json *member) {
    return typed_member(c, object, member, c->version == V302);
}

/* ---- quality ---- */

static const char *const metrics[] = {"nullValues", "missingValues", "invalidValues",
                                      "duplicateValues", "rowCount", NULL};
static const field operators[] = {
    {"mustBe", T_ANY, BOTH, 0, NULL},
    {"mustNotBe", T_ANY, BOTH, 0, NULL},
    {"mustBeGreaterThan", T_NUMBER, BOTH, 0, NULL},
    {"mustBeGreaterOrEqualTo", T_NUMBER, BOTH, 0, NULL},
    {"mustBeLessThan", T_NUMBER, BOTH, 0, NULL},
    {"mustBeLessOrEqualTo", T_NUMBER, BOTH, 0, NULL},
    {"mustBeBetween", T_PAIR, BOTH, 0, NULL},
    {"mustNotBeBetween", T_PAIR, BOTH, 0, NULL},
    {0}};
static const field library_fields[] = {
    {"metric", T_ENUM, V310, V310, metrics},
    {"rule", T_STRING, BOTH, V302, NULL},
    {"arguments", T_MAP, V310, 0, NULL},
    {0}};
static const field sql_fields[] = {{"query", T_STRING, BOTH, BOTH, NULL}, {0}};
static const field custom_fields[] = {
    {"engine", T_STRING, BOTH, BOTH, NULL},
    {"implementation", T_TEXT_OR_MAP, BOTH, BOTH, NULL},
    {0}};

enum { LIBRARY = 1, SQL = 2, CUSTOM = 4 };

static int quality_kinds(const pln__rules_check *c, const json *object) {
    const json *said = pln__doc_get(object, "type"), *metric = pln__doc_get(object, "metric");
    const char *type = pln__doc_string(said);
    int kinds = 0;
    if (type != NULL)
        kinds = strcmp(type, "library") == 0  ? LIBRARY
                : strcmp(type, "sql") == 0    ? SQL
                : strcmp(type, "custom") == 0 ? CUSTOM
                                              : 0;
    if (c->version == V302 ? said == NULL : metric != NULL && metric->kind == J_STRING)
        kinds |= LIBRARY;
    return kinds;
}

static bool has_operators(const pln__rules_check *c, int kinds) {
    return (kinds & (c->version == V310 ? LIBRARY | SQL : LIBRARY)) != 0;
}

bool pln__quality_member(pln__rules_check *c, const json *object, const json *member) {
    int kinds = quality_kinds(c, object);
    const field *known = NULL;
    if (kinds & LIBRARY)
        known = pln__rules_find(c, library_fields, member);
    if (known == NULL && (kinds & SQL) != 0)
        known = pln__rules_find(c, sql_fields, member);
    if (known == NULL && (kinds & CUSTOM) != 0)
        known = pln__rules_find(c, custom_fields, member);
    if (known == NULL && has_operators(c, kinds))
        known = pln__rules_find(c, operators, member);
    if (known == NULL)
        return false;
    pln__rules_value(c, member, known);
    return true;
}

static void require_all(pln__rules_check *c, const json *object, const field *fields,
                        const char *what) {
    for (; fields->name != NULL; fields++)
        if (fields->required & c->version)
            pln__rules_missing(c, object, fields->name, what);
}

void pln__quality_whole(pln__rules_check *c, const json *object) {
    int kinds = quality_kinds(c, object), found = 0;
    const json *second = NULL;
    if (kinds & LIBRARY)
        require_all(c, object, library_fields, "a quality rule of the library");
    if (kinds & SQL)
        require_all(c, object, sql_fields, "a quality rule of type sql");
    if (kinds & CUSTOM)
        require_all(c, object, custom_fields, "a quality rule of type custom");
    if (c->version == V302 || !has_operators(c, kinds))
        return;
    for (const json *member = object->first; member != NULL; member = member->next)
        if (pln__rules_find(c, operators, member) != NULL && found++ == 1)
            second = member;
    if (found == 0)
        pln__rules_say(
            c, PLN_CONTRACT_ERROR, object,
            "no operator: one of mustBe, mustNotBe, mustBeGreaterThan, "
            "mustBeGreaterOrEqualTo, mustBeLessThan, mustBeLessOrEqualTo, mustBeBetween, "
            "mustNotBeBetween is needed");
    if (second != NULL)
        pln__rules_say(c, PLN_CONTRACT_ERROR, second, "a quality rule has only one operator");
}

/* ---- relationships ---- */

void pln__relationship_whole(pln__rules_check *c, const json *object) {
    const json *from = pln__doc_get(object, "from"), *to = pln__doc_get(object, "to");
    if (from == NULL || to == NULL)
        return;
    if ((from->kind == J_ARRAY) != (to->kind == J_ARRAY))
        pln__rules_say(c, PLN_CONTRACT_ERROR, object,
                       "'from' and 'to' must both be references, or both be arrays of them");
    else if (from->kind == J_ARRAY && from->size != to->size)
        pln__rules_say(c, PLN_CONTRACT_WARNING, object, "'from' has %d references and 'to' has %d",
                       (int)from->size, (int)to->size);
}

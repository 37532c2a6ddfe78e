#include "contract/suite.h"
#include "base/number.h"
#include "base/utf8.h"

/* ---- writing ---- */

void pln__contract_suite_key(pln__contract_suite *s, const char *key) {
    pln__text_printf(&s->checks, ",\"%s\":", key);
}

void pln__contract_suite_text(pln__contract_suite *s, const char *key, const char *value) {
    pln__contract_suite_key(s, key);
    pln__text_json(&s->checks, value, (int64_t)strlen(value));
}

void pln__contract_suite_json(pln__contract_suite *s, const json *value) {
    char text[PLN__DOUBLE_TEXT_SIZE];
    double number;
    int64_t integer;
    bool whole = value->kind == J_NUMBER && strpbrk(value->text, ".eE") == NULL;
    if (!whole || pln__doc_int(value, &integer) || !pln__contract_number(value, &number)) {
        pln__avro_json_text(value, &s->checks);
        return;
    }
    text[pln__format_double(text, number)] = '\0';
    pln__text_printf(&s->checks, strchr(text, 'e') == NULL ? "%s.0" : "%s", text);
}

void pln__contract_suite_value(pln__contract_suite *s, const char *key, const json *value) {
    pln__contract_suite_key(s, key);
    pln__contract_suite_json(s, value);
}

static void put_pointer(pln__contract_suite *s, pln__text *out, const json *at) {
    pln__text pointer;
    pln__text_init(&pointer, s->contract->mem);
    pln__doc_pointer(at, &pointer);
    out->failed = out->failed || pointer.failed;
    pln__text_json(out, pointer.data == NULL ? "" : pointer.data, pointer.size);
    pln__text_free(&pointer);
}

void pln__contract_suite_begin(pln__contract_suite *s, const pln__contract_suite_check *check) {
    pln__text *out = &s->checks, id;
    if (out->size > 1)
        pln__text_char(out, ',');
    pln__text_printf(out, "{\"check\":\"%s\"", check->kind);
    pln__text_init(&id, s->contract->mem);
    pln__text_printf(&id, "%s.%s", check->of == NULL ? "$" : check->of, check->rule);
    out->failed = out->failed || id.failed;
    if (!id.failed)
        pln__contract_suite_text(s, "id", id.data);
    pln__text_free(&id);
    if (check->of != NULL && !check->bare)
        pln__contract_suite_text(s, "column", check->of);
}

/* Words for how grave it is are anybody's. */
const char *pln__contract_suite_severity(const json *quality) {
    static const struct {
        const char *word, *severity;
    } words[] = {{"info", "info"},       {"information", "info"}, {"low", "info"},
                 {"minor", "info"},      {"warn", "warn"},        {"warning", "warn"},
                 {"medium", "warn"},     {"error", "error"},      {"high", "error"},
                 {"major", "error"},     {"critical", "critical"}, {"blocker", "critical"},
                 {"fatal", "critical"}};
    const char *said = pln__contract_text(quality, "severity");
    for (int i = 0; i < PLN__COUNT(words) && said != NULL; i++)
        if (strlen(said) == strlen(words[i].word) &&
            pln__ascii_equal_nocase(said, words[i].word, (int64_t)strlen(said)))
            return words[i].severity;
    return "error";
}

void pln__contract_suite_end(pln__contract_suite *s, const pln__contract_suite_check *check) {
    const char *description = pln__contract_text(check->quality, "description");
    const json *tags = pln__doc_get(check->quality, "tags");
    pln__contract_suite_text(s, "severity", pln__contract_suite_severity(check->quality));
    if (description != NULL)
        pln__contract_suite_text(s, "description", description);
    if (tags != NULL && tags->kind == J_ARRAY && tags->size > 0)
        pln__contract_suite_value(s, "tags", tags);
    pln__text_str(&s->checks, ",\"meta\":{\"pointer\":");
    put_pointer(s, &s->checks, check->at);
    pln__text_str(&s->checks, "}}");
}

void pln__contract_suite_left(pln__contract_suite *s, const json *at, const char *rule,
                              const char *format, ...) {
    pln_error words = {0};
    va_list args;
    va_start(args, format);
    (void)pln__error_setv(&words, PLN_EUNSUPPORTED, format, args);
    va_end(args);
    if (s->left.size > 1)
        pln__text_char(&s->left, ',');
    pln__text_str(&s->left, "{\"pointer\":");
    put_pointer(s, &s->left, at);
    pln__text_printf(&s->left, ",\"rule\":\"%s\",\"reason\":", rule);
    pln__text_json(&s->left, words.message, (int64_t)strlen(words.message));
    pln__text_char(&s->left, '}');
}

const json *pln__contract_suite_property(const pln__contract_suite *s, const char *name,
                                         int64_t size) {
    const json *list = pln__doc_get(s->object, "properties");
    for (const json *p = list == NULL ? NULL : list->first; p != NULL; p = p->next)
        if (pln__contract_is_named(p, name, size))
            return p;
    return NULL;
}

/* ---- options of a type ---- */

static void simple(pln__contract_suite *s, const char *kind, const char *column, const char *rule,
                   const json *at) {
    pln__contract_suite_check check = {kind, column, rule, at, NULL, false};
    pln__contract_suite_begin(s, &check);
    pln__contract_suite_end(s, &check);
}

static void with_value(pln__contract_suite *s, const pln__contract_suite_check *check,
                       const char *key, const json *value) {
    pln__contract_suite_begin(s, check);
    pln__contract_suite_value(s, key, value);
    if (strcmp(check->kind, "length") == 0)
        pln__contract_suite_text(s, "unit", "chars");
    pln__contract_suite_end(s, check);
}

static void string_format(pln__contract_suite *s, const char *column, const json *option) {
    static const struct {
        const char *format, *name;
    } known[] = {{"email", "email"},       {"uuid", "uuid"},   {"uri", "uri"},
                 {"url", "url"},           {"ipv4", "ipv4"},   {"ipv6", "ipv6"},
                 {"ip", "ip"},             {"json", "json"},   {"hostname", "hostname"},
                 {"date", "iso_date"},     {"time", "iso_time"}, {"date-time", "iso8601"}};
    const char *format = pln__doc_string(option);
    for (int i = 0; i < PLN__COUNT(known) && format != NULL; i++)
        if (strcmp(known[i].format, format) == 0) {
            pln__contract_suite_check check = {"format", column, "format", option, NULL, false};
            pln__contract_suite_begin(s, &check);
            pln__contract_suite_text(s, "format", known[i].name);
            pln__contract_suite_end(s, &check);
            return;
        }
    pln__contract_suite_left(s, option, "format", "no check knows the format '%s'",
                             format == NULL ? "" : format);
}

/* How a date is written is a matter of the column's type, if it is written as ISO 8601 has it. */
static void time_format(pln__contract_suite *s, const json *option) {
    static const char *const iso[] = {"yyyy-MM-dd", "HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss",
                                      "yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ssZ",
                                      "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy-MM-dd HH:mm:ss",
                                      "yyyy-MM-dd HH:mm:ssZ", "yyyy-MM-dd HH:mm:ssXXX", "ISO8601"};
    const char *format = pln__doc_string(option);
    for (int i = 0; i < PLN__COUNT(iso) && format != NULL; i++)
        if (strcmp(iso[i], format) == 0)
            return;
    pln__contract_suite_left(s, option, "format",
                             "values written as '%s' must be converted before they are checked",
                             format == NULL ? "" : format);
}

/* From the first digit to the last: an integer without sign, fraction and exponent, not 0. */
static bool is_digits(const json *value) {
    for (int32_t i = 0; i < value->size; i++)
        if (value->text[i] < '0' || value->text[i] > '9')
            return false;
    return value->size > 0 && value->size < 19 && value->text[0] != '0';
}

static void multiple_of(pln__contract_suite *s, const char *column, const json *property,
                        const json *option) {
    pln__contract_suite_check check = {"expression", column, "multipleOf", option, NULL, true};
    const char *type = pln__contract_text(property, "logicalType");
    if (strcmp(type, "integer") != 0 || !is_digits(option)) {
        pln__contract_suite_left(s, option, "multipleOf",
                                 "remainders are exact for integers alone");
        return;
    }
    pln__text expression;
    pln__text_init(&expression, s->contract->mem);
    pln__text_char(&expression, '"');
    for (const char *p = column; *p != '\0'; p++)
        pln__text_printf(&expression, *p == '"' ? "\"%c" : "%c", *p);
    pln__text_printf(&expression, "\" %% %s = 0", option->text);
    s->checks.failed = s->checks.failed || expression.failed;
    if (!s->checks.failed) {
        pln__contract_suite_begin(s, &check);
        pln__contract_suite_text(s, "expression", expression.data);
        pln__contract_suite_end(s, &check);
    }
    pln__text_free(&expression);
}

/* A bound; in 3.0.2 a flag beside it says that the bound itself is outside. */
static void bound(pln__contract_suite *s, const char *column, const json *option,
                  const char *name) {
    bool low = strstr(name, "inimum") != NULL, exclusive = strncmp(name, "exclusive", 9) == 0;
    const json *flag = pln__doc_get(option->up, low ? "exclusiveMinimum" : "exclusiveMaximum");
    if (exclusive && option->kind <= J_TRUE) {
        if (option->kind == J_TRUE && pln__doc_get(option->up, low ? "minimum" : "maximum") == NULL)
            pln__contract_suite_left(s, option, name, "there is no bound that could be exclusive");
        return;
    }
    exclusive = exclusive || (flag != NULL && flag->kind == J_TRUE);
    pln__contract_suite_check check = {low ? (exclusive ? "greater_than" : "at_least")
                            : (exclusive ? "less_than" : "at_most"),
                        column, name, option, NULL, false};
    with_value(s, &check, "value", option);
}

static void type_option(pln__contract_suite *s, const char *column, const json *property,
                        const json *option) {
    static const char *const bounds[] = {"minimum", "maximum", "exclusiveMinimum",
                                         "exclusiveMaximum"};
    static const char *const of_type[] = {"timezone", "defaultTimezone"};
    static const char *const nested[] = {"minItems",      "maxItems",      "uniqueItems",
                                         "minProperties", "maxProperties", "required"};
    const char *type = pln__contract_text(property, "logicalType");
    for (int i = 0; i < PLN__COUNT(bounds); i++)
        if (pln__doc_is(option, bounds[i]))
            bound(s, column, option, bounds[i]);
    for (int i = 0; i < PLN__COUNT(nested); i++)
        if (pln__doc_is(option, nested[i]) && option->kind != J_FALSE)
            pln__contract_suite_left(s, option, nested[i],
                                     "no check looks into arrays and objects");
    for (int i = 0; i < PLN__COUNT(of_type); i++)
        if (pln__doc_is(option, of_type[i]))
            return;
    if (pln__doc_is(option, "minLength"))
        with_value(s,
                   &(pln__contract_suite_check){"length", column, "minLength", option, NULL, false},
                   "min", option);
    if (pln__doc_is(option, "maxLength"))
        with_value(s,
                   &(pln__contract_suite_check){"length", column, "maxLength", option, NULL, false},
                   "max", option);
    if (pln__doc_is(option, "pattern"))
        with_value(s,
                   &(pln__contract_suite_check){"matches", column, "pattern", option, NULL, false},
                   "pattern", option);
    if (pln__doc_is(option, "multipleOf"))
        multiple_of(s, column, property, option);
    if (pln__doc_is(option, "format") && strcmp(type, "string") == 0)
        string_format(s, column, option);
    if (pln__doc_is(option, "format") &&
        (strcmp(type, "date") == 0 || strcmp(type, "time") == 0 || strcmp(type, "timestamp") == 0))
        time_format(s, option);
}

/* ---- references ---- */

static bool is_piece(const char *text, size_t n, const json *element, const char *key) {
    const json *value = pln__doc_get(element, key);
    return value != NULL && value->kind == J_STRING && (size_t)value->size == n &&
           memcmp(value->text, text, n) == 0;
}

static const json *with_id(const json *list, const char *text, size_t n) {
    for (const json *item = list == NULL ? NULL : list->first; item != NULL; item = item->next)
        if (is_piece(text, n, item, "id"))
            return item;
    return NULL;
}

/* "/schema/object/properties/property", by ids of this document; false: it is none, or they are not there. */
static bool find_ids(const pln__contract_suite *s, const char *text, const json **object,
                     const json **property) {
    text += *text == '/';
    if (strncmp(text, "schema/", 7) != 0)
        return false;
    text += 7;
    size_t n = strcspn(text, "/");
    *object = with_id(pln__doc_get(s->contract->document, "schema"), text, n);
    if (strncmp(text + n, "/properties/", 12) != 0)
        return false;
    text += n + 12;
    *property = with_id(pln__doc_get(*object, "properties"), text, strlen(text));
    return *property != NULL;
}

/* Object and column that a reference names, as texts; false: it cannot be followed. */
static bool follow(const pln__contract_suite *s, const json *reference, pln__text *object,
                   pln__text *column) {
    const json *found = NULL, *property = NULL;
    const char *text = pln__doc_string(reference);
    if (text == NULL)
        return false;
    object->size = column->size = 0;
    if (find_ids(s, text, &found, &property)) {
        const char *name = pln__contract_column(s->contract, found);
        pln__text_str(object, name == NULL ? "" : name);
        name = pln__contract_column(s->contract, property);
        pln__text_str(column, name == NULL ? "" : name);
        return true;
    }
    if (!pln__match_shorthand(text, reference->size))
        return false;
    const char *dot = strchr(text, '.');
    pln__contract_suite other = *s;
    const json *list = pln__doc_get(s->contract->document, "schema");
    for (const json *o = list == NULL ? NULL : list->first; o != NULL && found == NULL; o = o->next)
        if (pln__contract_is_named(o, text, dot - text))
            found = o;
    other.object = found;
    if (found != NULL)
        property = pln__contract_suite_property(&other, dot + 1, (int64_t)strlen(dot + 1));
    const char *to = found == NULL ? NULL : pln__contract_column(s->contract, found);
    const char *field = property == NULL ? NULL : pln__contract_column(s->contract, property);
    if (to != NULL)
        pln__text_str(object, to);
    else
        pln__text_bytes(object, text, dot - text);
    pln__text_str(column, field != NULL ? field : dot + 1);
    return true;
}

/* One after another into a JSON list; all must be of one object, whose name is left in `object`. */
static bool follow_all(const pln__contract_suite *s, const json *references, pln__text *object,
                       pln__text *list, pln__text *column) {
    pln__text here;
    bool good = true;
    const json *item = references->kind == J_ARRAY ? references->first : references;
    pln__text_init(&here, s->contract->mem);
    pln__text_char(list, '[');
    for (const json *first = item; item != NULL && good; item = item->next) {
        pln__text *into = item == first ? object : &here;
        good = follow(s, item, into, column);
        if (good && item != first)
            good = here.size == object->size &&
                   memcmp(here.data, object->data, (size_t)here.size) == 0;
        if (item != first)
            pln__text_char(list, ',');
        if (good && column->data != NULL)
            pln__text_json(list, column->data, column->size);
        if (references->kind != J_ARRAY)
            break;
    }
    pln__text_char(list, ']');
    list->failed = list->failed || here.failed || column->failed || object->failed;
    pln__text_free(&here);
    return good;
}

static void put_relationship(pln__contract_suite *s, const pln__contract_suite_check *check,
                             const char *columns, const pln__text *to, const pln__text *fields) {
    pln__contract_suite_begin(s, check);
    if (columns != NULL) {
        pln__contract_suite_key(s, "columns");
        pln__text_str(&s->checks, columns);
    }
    pln__contract_suite_text(s, "to", to->data == NULL ? "" : to->data);
    /* Of a single one there is a single field. */
    pln__contract_suite_key(s, columns != NULL ? "fields" : "field");
    if (columns != NULL)
        pln__text_bytes(&s->checks, fields->data, fields->size);
    else
        pln__text_bytes(&s->checks, fields->data + 1, fields->size - 2);
    pln__contract_suite_end(s, check);
}

static void relationship(pln__contract_suite *s, const char *column, const json *at,
                         int64_t index) {
    pln__text from, columns, to, fields, spare;
    const json *source = pln__doc_get(at, "from"), *target = pln__doc_get(at, "to");
    char rule[40] = "relationships.";
    int64_t n = 14 + pln__format_int64(rule + 14, index);
    pln__text *all[] = {&from, &columns, &to, &fields, &spare};
    for (int i = 0; i < PLN__COUNT(all); i++)
        pln__text_init(all[i], s->contract->mem);
    rule[n] = '\0';
    pln__contract_suite_check check = {"relationships", column, rule, at, NULL, false};
    const char *name = pln__contract_column(s->contract, s->object);
    bool single = target == NULL || target->kind != J_ARRAY || target->size == 1;
    if (target == NULL || !follow_all(s, target, &to, &fields, &spare))
        pln__contract_suite_left(s, at, "relationships", "'to' cannot be followed from here");
    else if (column != NULL && !single)
        pln__contract_suite_left(s, at, "relationships",
                                 "one column against several of another object");
    else if (column != NULL)
        put_relationship(s, &check, NULL, &to, &fields);
    else if (source == NULL || !follow_all(s, source, &from, &columns, &spare) ||
             from.data == NULL || name == NULL || strcmp(from.data, name) != 0)
        pln__contract_suite_left(s, at, "relationships", "'from' names no columns of this object");
    else if (source->kind == J_ARRAY && source->size != target->size)
        pln__contract_suite_left(s, at, "relationships", "'from' and 'to' have different lengths");
    else
        put_relationship(s, &check, columns.data, &to, &fields);
    for (int i = 0; i < PLN__COUNT(all); i++) {
        s->checks.failed = s->checks.failed || all[i]->failed;
        pln__text_free(all[i]);
    }
}

static void relationships(pln__contract_suite *s, const json *element, const char *column) {
    const json *list = pln__doc_get(element, "relationships");
    int64_t index = 0;
    for (const json *r = list == NULL || list->kind != J_ARRAY ? NULL : list->first; r != NULL;
         r = r->next)
        relationship(s, column, r, index++);
}

/* ---- properties ---- */

/* Every rule of a property that is no column of its own. */
static void leave_nested(pln__contract_suite *s, const json *property) {
    static const char *const flags[] = {"required", "unique", "primaryKey"};
    static const char *const lists[] = {"logicalTypeOptions", "quality", "relationships"};
    static const char why[] = "no check reaches a property inside of another";
    for (int i = 0; i < PLN__COUNT(flags); i++)
        if (pln__contract_flag(property, flags[i]))
            pln__contract_suite_left(s, pln__doc_get(property, flags[i]), flags[i], why);
    for (int i = 0; i < PLN__COUNT(lists); i++) {
        const json *list = pln__doc_get(property, lists[i]);
        for (const json *m = list == NULL || list->kind < J_ARRAY ? NULL : list->first; m != NULL;
             m = m->next)
            pln__contract_suite_left(s, m, lists[i], why);
    }
    const json *items = pln__doc_get(property, "items"),
               *below = pln__doc_get(property, "properties");
    if (items != NULL)
        leave_nested(s, items);
    for (const json *p = below == NULL ? NULL : below->first; p != NULL; p = p->next)
        leave_nested(s, p);
}

static void property(pln__contract_suite *s, const json *node) {
    const char *column = pln__contract_column(s->contract, node);
    const json *options = pln__doc_get(node, "logicalTypeOptions"),
               *items = pln__doc_get(node, "items"), *below = pln__doc_get(node, "properties");
    simple(s, "column_exists", column, "exists", node);
    if (pln__contract_flag(node, "required"))
        simple(s, "not_null", column, "required", pln__doc_get(node, "required"));
    if (pln__contract_flag(node, "unique"))
        simple(s, "unique", column, "unique", pln__doc_get(node, "unique"));
    for (const json *o = options == NULL || pln__contract_text(node, "logicalType") == NULL
                             ? NULL
                             : options->first;
         o != NULL; o = o->next)
        type_option(s, column, node, o);
    relationships(s, node, column);
    pln__contract_suite_quality(s, node, column);
    if (items != NULL)
        leave_nested(s, items);
    for (const json *p = below == NULL ? NULL : below->first; p != NULL; p = p->next)
        leave_nested(s, p);
}

/* Columns of the primary key by their positions; those without one stand at the end, as they come. */
static const json *next_key(const json *list, int64_t *position) {
    const json *best = NULL;
    int64_t least = INT64_MAX, index = 0, at;
    for (const json *p = list->first; p != NULL; p = p->next, index++) {
        if (!pln__contract_flag(p, "primaryKey"))
            continue;
        if (!pln__doc_int(pln__doc_get(p, "primaryKeyPosition"), &at) || at < 0 || at > INT32_MAX)
            at = INT32_MAX;
        at = at * ((int64_t)1 << 32) + index;
        if (at > *position && at < least) {
            least = at;
            best = p;
        }
    }
    *position = least;
    return best;
}

static void primary_key(pln__contract_suite *s) {
    const json *list = pln__doc_get(s->object, "properties"), *key;
    int64_t position = -1;
    key = list == NULL ? NULL : next_key(list, &position);
    if (key == NULL)
        return;
    pln__contract_suite_check check = {"primary_key", NULL, "primaryKey", pln__doc_get(key, "primaryKey"),
                        NULL,          false};
    pln__contract_suite_begin(s, &check);
    pln__contract_suite_key(s, "columns");
    for (const char *sep = "["; key != NULL; key = next_key(list, &position), sep = ",") {
        const char *column = pln__contract_column(s->contract, key);
        pln__text_str(&s->checks, sep);
        pln__text_json(&s->checks, column, (int64_t)strlen(column));
    }
    pln__text_char(&s->checks, ']');
    pln__contract_suite_end(s, &check);
}

/* ---- the suite ---- */

static void write_suite(pln__contract_suite *s) {
    const json *list = pln__doc_get(s->object, "properties");
    const char *name = pln__contract_column(s->contract, s->object);
    pln__text_str(&s->checks, "{\"name\":");
    pln__text_json(&s->checks, name, (int64_t)strlen(name));
    pln__text_str(&s->checks, ",\"checks\":");
    pln__text head = s->checks;
    pln__text_init(&s->checks, s->contract->mem);
    pln__text_char(&s->checks, '[');
    pln__text_char(&s->left, '[');
    for (const json *p = list == NULL ? NULL : list->first; p != NULL; p = p->next)
        property(s, p);
    primary_key(s);
    relationships(s, s->object, NULL);
    pln__contract_suite_quality(s, s->object, NULL);
    pln__contract_suite_sla(s);
    pln__text_str(&s->left, "]");
    pln__text_str(&s->checks, "]}");
    head.failed = head.failed || s->checks.failed;
    pln__text_bytes(&head, s->checks.data == NULL ? "" : s->checks.data, s->checks.size);
    pln__text_free(&s->checks);
    s->checks = head;
}

pln_status pln_contract_suite(const pln_contract *contract, const char *object, char **text,
                              int64_t *size, char **unsupported, pln_error *err) {
    pln__contract_suite s = {.contract = contract};
    *text = *unsupported = NULL;
    *size = 0;
    pln_status status = pln__contract_object(contract, object, &s.object, err);
    if (status < 0)
        return status;
    pln__text_init(&s.checks, contract->mem);
    pln__text_init(&s.left, contract->mem);
    write_suite(&s);
    *size = s.checks.size;
    *text = pln__text_take(&s.checks);
    *unsupported = pln__text_take(&s.left);
    if (*text != NULL && *unsupported != NULL)
        return PLN_OK;
    pln__strfree(contract->mem, *text);
    pln__strfree(contract->mem, *unsupported);
    *text = *unsupported = NULL;
    *size = 0;
    return pln__error_memory(err, 1);
}

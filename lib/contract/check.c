#include "contract/rules.h"
#include "base/number.h"
#include "base/time.h"

/* ---- the list ---- */

static const char *keep(pln__rules_check *c, pln__text *text) {
    const char *copy = text->failed
                           ? NULL
                           : pln__arena_copy(&c->contract->arena,
                                             text->data == NULL ? "" : text->data, text->size);
    pln__text_free(text);
    if (copy == NULL)
        c->status = pln__error_memory(c->err, 1);
    return copy;
}

/* An error's message holds any text: the same words, cut and escaped the same way. */
static const char *words(pln__rules_check *c, const char *format, va_list args) {
    pln_error made = {0};
    pln__text text;
    (void)pln__error_setv(&made, PLN_ESYNTAX, format, args);
    pln__text_init(&text, c->contract->mem);
    pln__text_str(&text, made.message);
    return keep(c, &text);
}

void pln__rules_say(pln__rules_check *c, int32_t level, const json *node, const char *format, ...) {
    pln_contract *contract = c->contract;
    pln_contract_problem problem = {.struct_size = sizeof problem, .level = level};
    pln__text pointer;
    va_list args;
    if (c->status < 0)
        return;
    contract->errors += level == PLN_CONTRACT_ERROR;
    if (contract->n >= contract->most)
        return;
    pln__text_init(&pointer, contract->mem);
    pln__doc_pointer(node, &pointer);
    problem.pointer = keep(c, &pointer);
    va_start(args, format);
    if (c->status >= 0)
        problem.reason = words(c, format, args);
    va_end(args);
    if (c->status >= 0)
        c->status = pln__grow(contract->mem, &contract->problems, &contract->capacity,
                              contract->n + 1, sizeof problem, c->err);
    if (c->status >= 0)
        contract->problems[contract->n++] = problem;
}

void pln__rules_missing(pln__rules_check *c, const json *object, const char *name,
                        const char *what) {
    if (pln__doc_get(object, name) == NULL)
        pln__rules_say(c, PLN_CONTRACT_ERROR, object, "'%s' is missing: %s must have it", name,
                       what);
}

/* ---- values ---- */

static const char *kind_name(const json *node) {
    static const char *const names[] = {"null",     "false",    "true",     "a number",
                                        "a string", "an array", "an object"};
    return names[node->kind];
}

static void expected(pln__rules_check *c, const json *node, const char *what) {
    char shown[PLN__SHOW_SIZE];
    if (node->kind == J_STRING || node->kind == J_NUMBER)
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "expected %s, got %s %s", what,
                       kind_name(node) + 2, pln__show(shown, node->text, node->size));
    else
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "expected %s, got %s", what, kind_name(node));
}

static void check_enum(pln__rules_check *c, const json *node, const char *const *names) {
    const char *text = pln__doc_string(node), *near;
    char shown[PLN__SHOW_SIZE], all[300] = "";
    if (text == NULL) {
        expected(c, node, "a string");
        return;
    }
    for (int i = 0; names[i] != NULL; i++) {
        size_t have = strlen(all);
        if (strcmp(names[i], text) == 0)
            return;
        if (have + strlen(names[i]) + 3 < sizeof all)
            (void)strcat(strcat(all, i == 0 ? "" : ", "), names[i]);
    }
    near = pln__nearest(text, names);
    (void)pln__show(shown, text, node->size);
    if (near != NULL)
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "%s is none of %s (did you mean '%s'?)", shown,
                       all, near);
    else
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "%s is none of %s", shown, all);
}

static bool is_whole(const json *node) {
    double number;
    return pln__contract_number(node, &number) &&
           (number > 9007199254740992.0 || number < -9007199254740992.0 ||
            number == (double)(int64_t)number);
}

static void check_number(pln__rules_check *c, const json *node, int type) {
    double number = 0;
    if (!pln__contract_number(node, &number) && node->kind == J_NUMBER)
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "the number is beyond the range of float64");
    else if (node->kind != J_NUMBER)
        expected(c, node, type == T_NUMBER || type == T_POSITIVE ? "a number" : "an integer");
    else if ((type == T_INT || type == T_COUNT) && !is_whole(node))
        expected(c, node, "an integer");
    else if (type == T_COUNT && number < 0)
        expected(c, node, "an integer of at least 0");
    else if (type == T_POSITIVE && number <= 0)
        expected(c, node, "a number above 0");
}

static void check_pair(pln__rules_check *c, const json *node) {
    double a, b;
    if (node->kind != J_ARRAY || node->size != 2 || !pln__contract_number(node->first, &a) ||
        !pln__contract_number(node->first->next, &b))
        expected(c, node, "an array of two numbers");
    else if (pln__doc_equal(node->first, node->first->next))
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "the two numbers are the same");
    else if (a > b)
        pln__rules_say(c, PLN_CONTRACT_WARNING, node, "the first number is above the second");
}

static void check_text(pln__rules_check *c, const json *node) {
    if (node->kind != J_STRING)
        expected(c, node, "a string");
    else if (pln__doc_string(node) == NULL)
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "a string with U+0000 in it");
}

/* Texts that stand in `list` twice, as the member `key` of its objects or (NULL) themselves. */
static void say_twice(pln__rules_check *c, int32_t level, const json *list, const char *key) {
    if (list->size < 2 || c->status < 0)
        return;
    pln__map *seen = pln__map_new(c->contract->mem, (uint64_t)(uintptr_t)list);
    if (seen == NULL) {
        c->status = pln__error_memory(c->err, 1);
        return;
    }
    for (const json *item = list->first; item != NULL && c->status >= 0; item = item->next) {
        const json *text = key == NULL ? item : pln__doc_get(item, key);
        if (text == NULL || text->kind != J_STRING)
            continue;
        if (pln__map_get(seen, text->text, text->size, NULL))
            pln__rules_say(c, level, text, "the same %s stands in this list before",
                           key == NULL ? "name" : key);
        else
            c->status = pln__map_put(seen, text->text, text->size, 0, c->err);
    }
    pln__map_free(seen);
}

static void check_texts(pln__rules_check *c, const json *node, bool names) {
    if (node->kind != J_ARRAY) {
        expected(c, node, "an array of strings");
        return;
    }
    for (const json *item = node->first; item != NULL; item = item->next)
        check_text(c, item);
    if (names && node->size == 0)
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "expected at least one name");
    if (names)
        say_twice(c, PLN_CONTRACT_ERROR, node, NULL);
}

static void check_form(pln__rules_check *c, const json *node, int type) {
    int32_t days;
    int64_t at;
    bool good;
    check_text(c, node);
    if (node->kind != J_STRING)
        return;
    if (type == T_ID) {
        if (!pln__match_id(node->text, node->size))
            expected(c, node, "an id of A-Z, a-z, 0-9, '_' and '-'");
        return;
    }
    good = type == T_DATE ? pln__parse_date(node->text, node->size, &days) == PLN__PARSED
           : type == T_URI
               ? pln__match_uri(node->text, node->size)
               : pln__parse_timestamp(node->text, node->size, PLN__MICRO,
                                      PLN__TIME_TRUNCATE | PLN__TIME_NEED_ZONE, &at) == PLN__PARSED;
    if (!good)
        pln__rules_say(c, PLN_CONTRACT_WARNING, node, "it should be %s",
                       type == T_DATE  ? "a date, as 2025-01-31"
                       : type == T_URI ? "a URI"
                                       : "a time with its zone, as 2025-01-31T06:00:00Z");
}

static void check_reference(pln__rules_check *c, const json *node) {
    if (node->kind != J_STRING)
        expected(c, node, "a reference");
    else if (!pln__match_shorthand(node->text, node->size) &&
             !pln__match_reference(node->text, node->size))
        expected(c, node, "a reference such as 'object.property' or 'schema/id/properties/id'");
}

static void check_references(pln__rules_check *c, const json *node) {
    if (node->kind != J_ARRAY) {
        check_reference(c, node);
        return;
    }
    if (node->size == 0)
        pln__rules_say(c, PLN_CONTRACT_ERROR, node, "expected at least one reference");
    for (const json *item = node->first; item != NULL; item = item->next)
        check_reference(c, item);
}

/* ---- lists ---- */

static void check_list(pln__rules_check *c, const json *node, const pln__rules *rules) {
    if (node->kind != J_ARRAY) {
        expected(c, node, "an array");
        return;
    }
    for (const json *item = node->first; item != NULL; item = item->next)
        pln__rules_object(c, item, rules);
    say_twice(c, PLN_CONTRACT_WARNING, node, "id");
    if (rules->named)
        say_twice(c, PLN_CONTRACT_WARNING, node, "name");
}

static void check_team(pln__rules_check *c, const json *node) {
    if (node->kind == J_ARRAY)
        check_list(c, node, &pln__rules_member);
    else
        pln__rules_object(c, node, &pln__rules_team);
}

void pln__rules_value(pln__rules_check *c, const json *node, const pln__rule_field *field) {
    switch (field->type) {
    case T_ANY: break;
    case T_STRING: check_text(c, node); break;
    case T_BOOL:
        if (node->kind != J_TRUE && node->kind != J_FALSE)
            expected(c, node, "true or false");
        break;
    case T_INT:
    case T_COUNT:
    case T_NUMBER:
    case T_POSITIVE: check_number(c, node, field->type); break;
    case T_SCALAR:
        if (node->kind >= J_ARRAY)
            expected(c, node, "a string, a number, true, false or null");
        break;
    case T_MAP:
        if (node->kind != J_OBJECT)
            expected(c, node, "an object");
        break;
    case T_ANYS:
        if (node->kind != J_ARRAY)
            expected(c, node, "an array");
        break;
    case T_TEXT_OR_MAP:
        if (node->kind != J_OBJECT && node->kind != J_STRING)
            expected(c, node, "a string or an object");
        break;
    case T_TEXTS: check_texts(c, node, false); break;
    case T_NAMES: check_texts(c, node, true); break;
    case T_PAIR: check_pair(c, node); break;
    case T_ENUM: check_enum(c, node, field->more); break;
    case T_REFERENCES: check_references(c, node); break;
    case T_OBJECT: pln__rules_object(c, node, field->more); break;
    case T_LIST: check_list(c, node, field->more); break;
    case T_TEAM: check_team(c, node); break;
    default: check_form(c, node, field->type); break;
    }
}

/* ---- objects ---- */

const pln__rule_field *pln__rules_find(const pln__rules_check *c, const pln__rule_field *fields,
                                       const json *member) {
    for (; fields != NULL && fields->name != NULL; fields++)
        if ((fields->versions & c->version) != 0 && pln__doc_is(member, fields->name))
            return fields;
    return NULL;
}

/* The field that was meant, of those that go by no other member. */
static void unknown(pln__rules_check *c, const json *member, const pln__rules *rules) {
    const char *names[64];
    const pln__rule_field *lists[] = {rules->fields, rules->shared};
    char shown[PLN__SHOW_SIZE];
    int n = 0;
    for (int i = 0; i < 2; i++)
        for (const pln__rule_field *f = lists[i]; f != NULL && f->name != NULL && n < 63; f++)
            if (f->versions & c->version)
                names[n++] = f->name;
    names[n] = NULL;
    const char *near =
        strlen(member->key) == (size_t)member->key_size ? pln__nearest(member->key, names) : NULL;
    (void)pln__show(shown, member->key, member->key_size);
    if (near != NULL && !pln__doc_is(member, near))
        pln__rules_say(c, PLN_CONTRACT_ERROR, member,
                       "%s has no field %s here (did you mean '%s'?)", rules->what, shown, near);
    else
        pln__rules_say(c, PLN_CONTRACT_ERROR, member, "%s has no field %s here", rules->what,
                       shown);
}

void pln__rules_object(pln__rules_check *c, const json *node, const pln__rules *rules) {
    if (c->status < 0)
        return;
    if (node->kind != J_OBJECT) {
        expected(c, node, "an object");
        return;
    }
    for (const json *member = node->first; member != NULL; member = member->next) {
        const pln__rule_field *field = pln__rules_find(c, rules->fields, member);
        if (field == NULL)
            field = pln__rules_find(c, rules->shared, member);
        if (field != NULL)
            pln__rules_value(c, member, field);
        else if ((rules->member == NULL || !rules->member(c, node, member)) &&
                 (rules->open & c->version) == 0)
            unknown(c, member, rules);
    }
    for (const pln__rule_field *field = rules->fields; field->name != NULL; field++)
        if ((field->required & c->version) != 0)
            pln__rules_missing(c, node, field->name, rules->what);
    if (rules->whole != NULL)
        rules->whole(c, node);
}

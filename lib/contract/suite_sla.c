/*
 * Service levels. Data that is made every `frequency` and comes `latency` later is, at any moment, at most as old as both together; so these two of one
 * element become one check of freshness.
 */
#include "contract/suite.h"
#include "base/time.h"

static const char *element_of(const pln__contract_suite *s, const json *sla) {
    const char *element = pln__contract_text(sla, "element");
    return element != NULL ? element
                           : pln__contract_text(s->contract->document, "slaDefaultElement");
}

static bool is_property(const json *sla, const char *a, const char *b) {
    const char *property = pln__contract_text(sla, "property");
    return property != NULL && (strcmp(property, a) == 0 || strcmp(property, b) == 0);
}

static bool is_latency(const json *sla) {
    return is_property(sla, "latency", "ly") || is_property(sla, "freshness", "freshness");
}

static bool is_frequency(const json *sla) {
    return is_property(sla, "frequency", "fy");
}

/* The first service level of that kind and element, with a duration. */
static const json *find(const pln__contract_suite *s, bool (*is)(const json *),
                        const char *element) {
    const json *list = pln__doc_get(s->contract->document, "slaProperties");
    for (const json *sla = list == NULL ? NULL : list->first; sla != NULL; sla = sla->next) {
        const char *other = element_of(s, sla);
        if (is(sla) && other != NULL && strcmp(other, element) == 0 &&
            pln__contract_seconds(sla) >= 0)
            return sla;
    }
    return NULL;
}

/* Whether an element, "object.property", is of an object; the property stands behind its dot. */
static bool is_of(const json *object, const char *element) {
    const char *dot = strchr(element, '.');
    return dot != NULL && pln__contract_is_named(object, element, dot - element);
}

static const json *object_of(const pln__contract_suite *s, const char *element) {
    const json *list = pln__doc_get(s->contract->document, "schema");
    for (const json *o = list == NULL ? NULL : list->first; o != NULL; o = o->next)
        if (is_of(o, element))
            return o;
    return NULL;
}

static void freshness(pln__contract_suite *s, const json *sla, const json *other,
                      const json *property) {
    int64_t seconds =
        pln__contract_seconds(sla) + (other == NULL ? 0 : pln__contract_seconds(other));
    const char *column = pln__contract_column(s->contract, property);
    char text[PLN__DURATION_TEXT_SIZE];
    pln__contract_suite_check check = {"freshness", column, "freshness", sla, NULL, false};
    int64_t us;
    if (!pln__mul(seconds, 1000000, &us)) {
        pln__contract_suite_left(s, sla, "freshness", "a duration of more than 292,000 years");
        return;
    }
    text[pln__format_duration(text, us)] = '\0';
    pln__contract_suite_begin(s, &check);
    pln__contract_suite_text(s, "error_after", text);
    pln__contract_suite_end(s, &check);
}

/* One that says how old the data of an element may be. */
static void age(pln__contract_suite *s, const json *sla, const char *element) {
    const json *latency = find(s, is_latency, element), *frequency = find(s, is_frequency, element);
    const char *dot = strchr(element, '.');
    const json *property = pln__contract_suite_property(s, dot + 1, (int64_t)strlen(dot + 1));
    const char *name = pln__contract_text(sla, "property");
    if (pln__contract_seconds(sla) < 0)
        pln__contract_suite_left(s, sla, "slaProperties", "its value and unit are no duration");
    else if (property == NULL)
        pln__contract_suite_left(s, sla, "slaProperties", "there is no property '%s'", dot + 1);
    else if (sla == latency)
        freshness(s, sla, frequency, property);
    else if (sla == frequency && latency == NULL)
        freshness(s, sla, NULL, property);
    else if (sla != frequency)
        pln__contract_suite_left(s, sla, "slaProperties", "a second %s of the same element", name);
}

static void service_level(pln__contract_suite *s, const json *sla, bool first) {
    const char *element = element_of(s, sla), *name = pln__contract_text(sla, "property");
    const json *object = element == NULL ? NULL : object_of(s, element);
    /* What is of no object is said once, for the first. */
    if (object == NULL ? !first : object != s->object)
        return;
    if (!is_latency(sla) && !is_frequency(sla))
        pln__contract_suite_left(s, sla, "slaProperties", "no check of rows can tell '%s'",
                                 name == NULL ? "" : name);
    else if (object == NULL || strchr(element, ',') != NULL)
        pln__contract_suite_left(s, sla, "slaProperties",
                                 "its element is no property of the schema");
    else
        age(s, sla, element);
}

void pln__contract_suite_sla(pln__contract_suite *s) {
    const json *list = pln__doc_get(s->contract->document, "slaProperties");
    const json *objects = pln__doc_get(s->contract->document, "schema");
    bool first = objects != NULL && objects->first == s->object;
    for (const json *sla = list == NULL ? NULL : list->first; sla != NULL; sla = sla->next)
        service_level(s, sla, first);
}

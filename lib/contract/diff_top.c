/* Servers, service levels and roles: what stands beside the schema and still promises something. */
#include "contract/diff.h"

typedef void compare(pln__differ *d, const pln__text *where, const json *a, const json *b);
typedef struct list {
    const char *member, *added, *removed, *what;
    pln__key_of *key;
    int32_t breaks_added;
    const char *why_added, *why_removed;
    compare *changed;
} list;

static void diff_list(pln__differ *d, const list *l) {
    const json *a = pln__doc_get(d->before->document, l->member),
               *b = pln__doc_get(d->after->document, l->member);
    pln__key_of *const keys[] = {l->key, pln__key_id};
    pln__pairs pairs;
    pln__text where, key;
    pln__text_init(&where, d->out->mem);
    pln__text_init(&key, d->out->mem);
    pln__pair(d, a, b, keys, 2, &pairs);
    for (int64_t i = 0; i < pairs.n; i++) {
        const json *x = pairs.before[i], *y = pairs.after[i];
        pln__note added = pln__note_of(l->added, l->breaks_added, NULL, y);
        pln__note removed = pln__note_of(l->removed, CONSUMERS, x, NULL);
        added.reason = l->why_added;
        removed.reason = l->why_removed;
        key.size = 0;
        (void)l->key(d, x == NULL ? y : x, &key);
        where.size = 0;
        pln__text_printf(&where, "%s.%s", l->member, key.data == NULL ? "" : key.data);
        if (x == NULL)
            pln__diff_note(d, &where, added, "%s added", l->what);
        else if (y == NULL)
            pln__diff_note(d, &where, removed, "%s removed", l->what);
        else
            l->changed(d, &where, x, y);
    }
    where.failed = where.failed || key.failed;
    if (where.failed && d->status >= 0)
        d->status = pln__error_memory(d->err, 1);
    pln__text_free(&where);
    pln__text_free(&key);
}

/* ---- servers ---- */

static bool key_server(const pln__differ *d, const json *item, pln__text *out) {
    const char *name = pln__contract_text(item, "server");
    (void)d;
    if (name != NULL)
        pln__text_str(out, name);
    return name != NULL;
}

static bool is_same(const json *a, const json *b, const char *key) {
    return pln__doc_equal(pln__doc_get(a, key), pln__doc_get(b, key));
}

static void server_changed(pln__differ *d, const pln__text *where, const json *a, const json *b) {
    static const char *const place[] = {
        "server", "type", "account", "catalog", "database", "dataset", "delimiter", "endpointUrl", "format", "host",
        "location", "path", "port", "project", "region", "regionName", "schema", "serviceName", "stagingDir", "stream",
        "warehouse", NULL};
    for (int i = 0; place[i] != NULL; i++) {
        if (is_same(a, b, place[i]))
            continue;
        const json *x = pln__doc_get(a, place[i]), *y = pln__doc_get(b, place[i]);
        pln__note note =
            pln__note_of("server_changed", EVERYBODY, x == NULL ? a : x, y == NULL ? b : y);
        note.reason = "consumers and producers look for the data where it was";
        pln__diff_note(d, where, note, "%s changed", place[i]);
    }
    pln__diff_rest(d, where, a, b, place);
}

void pln__diff_servers(pln__differ *d) {
    static const list servers = {"servers", "server_added", "server_removed", "server", key_server, 0,
                                 "", "consumers may read from it", server_changed};
    diff_list(d, &servers);
}

/* ---- service levels ---- */

static bool key_sla(const pln__differ *d, const json *item, pln__text *out) {
    (void)d;
    const char *property = pln__contract_text(item, "property"),
               *element = pln__contract_text(item, "element"),
               *driver = pln__contract_text(item, "driver");
    if (property == NULL)
        return false;
    if (element == NULL)
        element = pln__contract_text(item->up->up, "slaDefaultElement");
    pln__text_printf(out, "%s", property);
    if (element != NULL)
        pln__text_printf(out, ".%s", element);
    if (driver != NULL)
        pln__text_printf(out, ".%s", driver);
    return true;
}

enum { UNKNOWN = 0, SMALL_IS_GOOD, LARGE_IS_GOOD };

static int good_end(const json *sla) {
    static const char *const small[] = {"latency", "ly", "freshness", "frequency", "fy", "errorRate",
                                        "timeToDetect", "timeToNotify", "timeToRepair",
                                        "generalAvailability"};
    static const char *const large[] = {"availability", "throughput", "retention", "endOfSupport",
                                        "endOfLife"};
    const char *property = pln__contract_text(sla, "property");
    for (int i = 0; i < PLN__COUNT(small) && property != NULL; i++)
        if (strcmp(small[i], property) == 0)
            return SMALL_IS_GOOD;
    for (int i = 0; i < PLN__COUNT(large) && property != NULL; i++)
        if (strcmp(large[i], property) == 0)
            return LARGE_IS_GOOD;
    return UNKNOWN;
}

/* Below 0, 0, above 0 as the second is more; false: they cannot be compared. */
static bool compare_levels(const json *a, const json *b, int *order) {
    const json *x = pln__doc_get(a, "value"), *y = pln__doc_get(b, "value");
    int64_t s = pln__contract_seconds(a), t = pln__contract_seconds(b);
    double p, q;
    if (s >= 0 && t >= 0) {
        *order = (t > s) - (t < s);
        return true;
    }
    if (!is_same(a, b, "unit"))
        return false;
    if (pln__contract_number(x, &p) && pln__contract_number(y, &q)) {
        *order = (q > p) - (q < p);
        return true;
    }
    if (x == NULL || y == NULL || x->kind != J_STRING || y->kind != J_STRING || x->size != y->size)
        return false;
    *order = memcmp(y->text, x->text, (size_t)x->size);
    return true;
}

static void sla_changed(pln__differ *d, const pln__text *where, const json *a, const json *b) {
    static const char *const done[] = {"property", "value",  "valueExt", "unit",
                                       "element",  "driver", NULL};
    int order = 0, good = good_end(b);
    int32_t breaks = EVERYBODY;
    bool differs = !is_same(a, b, "value") || !is_same(a, b, "valueExt") ||
                   !is_same(a, b, "unit") || !is_same(a, b, "property");
    if (is_same(a, b, "valueExt") && good != UNKNOWN && compare_levels(a, b, &order))
        breaks = order == 0 ? 0 : (order > 0) == (good == SMALL_IS_GOOD) ? CONSUMERS : PRODUCERS;
    if (differs)
        pln__diff_note(d, where, pln__note_of("sla_changed", breaks, a, b),
                       "service level changed%s",
                       breaks == CONSUMERS   ? ", weaker"
                       : breaks == PRODUCERS ? ", stricter"
                                             : "");
    pln__diff_rest(d, where, a, b, done);
}

void pln__diff_sla(pln__differ *d) {
    static const list levels = {"slaProperties", "sla_added", "sla_removed", "service level", key_sla,
                                PRODUCERS, "producers have not promised it yet",
                                "consumers may rely on it", sla_changed};
    diff_list(d, &levels);
}

/* ---- roles ---- */

static bool key_role(const pln__differ *d, const json *item, pln__text *out) {
    const char *name = pln__contract_text(item, "role");
    (void)d;
    if (name != NULL)
        pln__text_str(out, name);
    return name != NULL;
}

static void role_changed(pln__differ *d, const pln__text *where, const json *a, const json *b) {
    static const char *const done[] = {"access", NULL};
    const json *x = pln__doc_get(a, "access"), *y = pln__doc_get(b, "access");
    pln__note note = pln__note_of("role_changed", CONSUMERS, x == NULL ? a : x, y == NULL ? b : y);
    note.reason = "those who have the role may lose their access";
    if (!pln__doc_equal(x, y))
        pln__diff_note(d, where, note, "access changed");
    pln__diff_rest(d, where, a, b, done);
}

void pln__diff_roles(pln__differ *d) {
    static const list roles = {"roles", "role_added", "role_removed", "role", key_role, 0, "",
                               "those who have the role lose their access", role_changed};
    diff_list(d, &roles);
}

#include "contract/diff.h"

/* ---- places ---- */

int64_t pln__place_down(pln__text *where, const char *step) {
    int64_t size = where->size;
    if (size > 0 && step[0] != '[')
        pln__text_char(where, '.');
    pln__text_str(where, step);
    return size;
}

void pln__place_up(pln__text *where, int64_t size) {
    if (where->failed || where->data == NULL)
        return;
    where->size = size;
    where->data[size] = '\0';
}

/* ---- pairs ---- */

bool pln__key_id(const pln__differ *d, const json *item, pln__text *out) {
    const char *id = pln__contract_text(item, "id");
    (void)d;
    if (id != NULL)
        pln__text_str(out, id);
    return id != NULL;
}

bool pln__key_name(const pln__differ *d, const json *item, pln__text *out) {
    const char *name = pln__contract_text(item, "name");
    (void)d;
    if (name != NULL)
        pln__text_str(out, name);
    return name != NULL;
}

static int64_t length(const json *list) {
    return list == NULL || list->kind != J_ARRAY ? 0 : list->size;
}

static void out_of_memory(pln__differ *d) {
    if (d->status >= 0)
        d->status = pln__error_memory(d->err, 1);
}

typedef struct half {
    const json **items, **partners;
    int64_t n;
} half;

/* The key of an item without a partner, and behind it how often it came before: of several of one key, the first goes with the first. */
static bool numbered_key(pln__differ *d, const half *h, int64_t i, pln__key_of *key,
                         pln__map *counts, pln__text *out) {
    int64_t before = 0;
    out->size = 0;
    if (h->partners[i] != NULL || !key(d, h->items[i], out) || out->failed)
        return false;
    (void)pln__map_get(counts, out->data == NULL ? "" : out->data, out->size, &before);
    if (pln__map_put(counts, out->data == NULL ? "" : out->data, out->size, before + 1, NULL) < 0)
        out->failed = true;
    pln__text_printf(out, "|%lld", (long long)before);
    return !out->failed;
}

static void pair_by(pln__differ *d, half a, half b, pln__key_of *key) {
    uint64_t seed = (uint64_t)(uintptr_t)a.items;
    pln__map *map = pln__map_new(d->out->mem, seed), *old = pln__map_new(d->out->mem, seed),
             *new = pln__map_new(d->out->mem, seed);
    pln__text text;
    int64_t at;
    pln__text_init(&text, d->out->mem);
    text.failed = map == NULL || old == NULL || new == NULL;
    for (int64_t i = 0; i < a.n && !text.failed; i++)
        if (numbered_key(d, &a, i, key, old, &text) &&
            pln__map_put(map, text.data, text.size, i, NULL) < 0)
            text.failed = true;
    for (int64_t i = 0; i < b.n && !text.failed; i++)
        if (numbered_key(d, &b, i, key, new, &text) &&
            pln__map_get(map, text.data, text.size, &at)) {
            a.partners[at] = b.items[i];
            b.partners[i] = a.items[at];
        }
    if (text.failed)
        out_of_memory(d);
    pln__text_free(&text);
    pln__map_free(map);
    pln__map_free(old);
    pln__map_free(new);
}

static half items_of(pln__differ *d, const json *list) {
    half out = {.n = length(list)};
    out.items = pln__arena_new(&d->out->arena, out.n + 1, sizeof *out.items);
    out.partners = pln__arena_new(&d->out->arena, out.n + 1, sizeof *out.partners);
    if (out.items == NULL || out.partners == NULL) {
        out_of_memory(d);
        return (half){0};
    }
    int64_t i = 0;
    for (const json *item = out.n == 0 ? NULL : list->first; item != NULL; item = item->next)
        out.items[i++] = item;
    return out;
}

void pln__pair(pln__differ *d, const json *list_a, const json *list_b, pln__key_of *const *keys,
               int n_keys, pln__pairs *out) {
    half a = items_of(d, list_a), b = items_of(d, list_b);
    *out = (pln__pairs){0};
    for (int i = 0; i < n_keys && d->status >= 0; i++)
        pair_by(d, a, b, keys[i]);
    out->before = pln__arena_new(&d->out->arena, a.n + b.n + 1, sizeof *out->before);
    out->after = pln__arena_new(&d->out->arena, a.n + b.n + 1, sizeof *out->after);
    if (out->before == NULL || out->after == NULL)
        out_of_memory(d);
    if (d->status < 0)
        return;
    for (int64_t i = 0; i < a.n; i++, out->n++) {
        out->before[out->n] = a.items[i];
        out->after[out->n] = a.partners[i];
    }
    for (int64_t i = 0; i < b.n; i++)
        if (b.partners[i] == NULL)
            out->after[out->n++] = b.items[i];
}

/* ---- words ---- */

void pln__diff_words(pln__differ *d, const pln__text *where, const json *a, const json *b,
                     const char *key) {
    const json *x = pln__doc_get(a, key), *y = pln__doc_get(b, key);
    if (pln__doc_equal(x, y))
        return;
    pln__note note = {"documentation", 0, PLN_CONTRACT_STEP_PATCH, x, y, ""};
    pln__diff_note(d, where, note, "%s %s", key,
                   x == NULL   ? "added"
                   : y == NULL ? "removed"
                               : "changed");
}

static bool is_listed(const json *member, const char *const *names) {
    for (; *names != NULL; names++)
        if (pln__doc_is(member, *names))
            return true;
    return false;
}

static bool has(const json *object, const json *like) {
    return object != NULL && pln__doc_like(object, like, object->first) != NULL;
}

void pln__diff_rest(pln__differ *d, const pln__text *where, const json *a, const json *b,
                    const char *const *done) {
    for (const json *m = a->first; m != NULL; m = m->next)
        if (!is_listed(m, done) && strlen(m->key) == (size_t)m->key_size)
            pln__diff_words(d, where, a, b, m->key);
    for (const json *m = b->first; m != NULL; m = m->next)
        if (!is_listed(m, done) && !has(a, m) && strlen(m->key) == (size_t)m->key_size)
            pln__diff_words(d, where, a, b, m->key);
}

/* ---- objects ---- */

static void object_changed(pln__differ *d, pln__text *where, const json *a, const json *b,
                           const char *key, const char *kind, int32_t breaks) {
    const json *x = pln__doc_get(a, key), *y = pln__doc_get(b, key);
    if (pln__doc_equal(x, y))
        return;
    pln__diff_note(d, where, pln__note_of(kind, breaks, x == NULL ? a : x, y == NULL ? b : y),
                   "%s %s", key,
                   x == NULL   ? "added"
                   : y == NULL ? "removed"
                               : "changed");
}

static void diff_object(pln__differ *d, pln__text *where, const json *a, const json *b) {
    static const char *const done[] = {"id",           "name",       "physicalName",  "physicalType",
                                       "logicalType",  "properties", "relationships", "quality", NULL};
    object_changed(d, where, a, b, "name", "object_renamed", EVERYBODY);
    object_changed(d, where, a, b, "physicalName", "physical_name", EVERYBODY);
    object_changed(d, where, a, b, "physicalType", "physical_type", 0);
    object_changed(d, where, a, b, "id", "identity", 0);
    pln__diff_properties(d, where, pln__doc_get(a, "properties"), pln__doc_get(b, "properties"));
    pln__diff_relationships(d, where, pln__doc_get(a, "relationships"),
                            pln__doc_get(b, "relationships"));
    pln__diff_quality(d, where, pln__doc_get(a, "quality"), pln__doc_get(b, "quality"));
    pln__diff_rest(d, where, a, b, done);
}

static void diff_objects(pln__differ *d) {
    static pln__key_of *const keys[] = {pln__key_id, pln__key_name};
    pln__pairs pairs;
    pln__text where;
    pln__text_init(&where, d->out->mem);
    pln__pair(d, pln__doc_get(d->before->document, "schema"),
              pln__doc_get(d->after->document, "schema"), keys, 2, &pairs);
    for (int64_t i = 0; i < pairs.n; i++) {
        const json *a = pairs.before[i], *b = pairs.after[i];
        int64_t up = pln__place_down(&where, pln__contract_text(a == NULL ? b : a, "name"));
        pln__note added = pln__note_of("object_added", 0, NULL, b);
        pln__note removed = pln__note_of("object_removed", CONSUMERS, a, NULL);
        removed.reason = "consumers may read it";
        if (a == NULL)
            pln__diff_note(d, &where, added, "object added");
        else if (b == NULL)
            pln__diff_note(d, &where, removed, "object removed");
        else
            diff_object(d, &where, a, b);
        pln__place_up(&where, up);
    }
    pln__text_free(&where);
}

/* ---- the top ---- */

static void top_changed(pln__differ *d, const char *key, const char *kind, int32_t breaks,
                        const char *reason) {
    const json *x = pln__doc_get(d->before->document, key),
               *y = pln__doc_get(d->after->document, key);
    pln__text where = {0};
    if (pln__doc_equal(x, y))
        return;
    pln__note note = pln__note_of(kind, breaks, x, y);
    if (reason != NULL)
        note.reason = reason;
    pln__diff_note(d, &where, note, "%s %s", key,
                   x == NULL   ? "added"
                   : y == NULL ? "removed"
                               : "changed");
}

static void diff_top(pln__differ *d) {
    static const char *const done[] = {"id",     "name",    "tenant",        "domain", "dataProduct",
                                       "status", "version", "apiVersion",    "kind",   "schema",
                                       "servers", "roles",  "slaProperties", "slaDefaultElement", NULL};
    const char *status = pln__contract_text(d->after->document, "status");
    bool retired = status != NULL && strcmp(status, "retired") == 0;
    pln__text where = {0};
    top_changed(d, "id", "identity", EVERYBODY, "another id is another contract");
    top_changed(d, "tenant", "identity", 0, NULL);
    top_changed(d, "domain", "identity", 0, NULL);
    top_changed(d, "dataProduct", "identity", 0, NULL);
    top_changed(d, "status", "status", retired ? CONSUMERS : 0,
                "nothing is promised by a contract that is retired");
    pln__diff_words(d, &where, d->before->document, d->after->document, "name");
    pln__diff_words(d, &where, d->before->document, d->after->document, "apiVersion");
    diff_objects(d);
    pln__diff_servers(d);
    pln__diff_sla(d);
    pln__diff_roles(d);
    pln__diff_rest(d, &where, d->before->document, d->after->document, done);
}

/* ---- what is acknowledged ---- */

static void acknowledge(pln__differ *d, const char *text, int64_t size) {
    if (d->status >= 0)
        d->status = pln__map_put(d->acknowledged, text, size, 0, d->err);
}

static void read_acknowledged(pln__differ *d, const pln_contract_diff_options *options) {
    const json *list = pln__doc_get(d->after->document, "customProperties");
    d->acknowledged = pln__map_new(d->out->mem, (uint64_t)(uintptr_t)d->out);
    if (d->acknowledged == NULL) {
        out_of_memory(d);
        return;
    }
    for (int64_t i = 0; i < options->n_acknowledged; i++)
        acknowledge(d, options->acknowledged[i], (int64_t)strlen(options->acknowledged[i]));
    for (const json *p = length(list) == 0 ? NULL : list->first; p != NULL; p = p->next) {
        const char *name = pln__contract_text(p, "property");
        const json *value = pln__doc_get(p, "value");
        if (name == NULL || value == NULL || strcmp(name, "acknowledgedChanges") != 0)
            continue;
        if (value->kind == J_STRING)
            acknowledge(d, value->text, value->size);
        for (const json *v = value->kind == J_ARRAY ? value->first : NULL; v != NULL; v = v->next)
            if (v->kind == J_STRING)
                acknowledge(d, v->text, v->size);
    }
}

/* ---- the verdict ---- */

static void judge(pln__differ *d) {
    pln_contract_verdict *v = &d->out->verdict;
    bool initial;
    v->struct_size = sizeof *v;
    v->step_made = pln__version_step(pln__contract_text(d->before->document, "version"),
                                     pln__contract_text(d->after->document, "version"), &initial);
    if (initial && v->step_needed == PLN_CONTRACT_STEP_MAJOR)
        v->step_needed = PLN_CONTRACT_STEP_MINOR;
    v->version_fits = v->step_made >= v->step_needed;
    v->accepted = v->version_fits && v->unacknowledged == 0;
}

void pln_contract_diff_options_init(pln_contract_diff_options *options, uint32_t size) {
    pln_contract_diff_options defaults = {.struct_size = size, .changes_max = 10000};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status read_options(const pln_contract_diff_options *given,
                               pln_contract_diff_options *out, pln_error *err) {
    pln_contract_diff_options_init(out, sizeof *out);
    if (given == NULL)
        return PLN_OK;
    if (given->struct_size < sizeof *given)
        return pln__error_set(err, PLN_EINVAL,
                              "contract diff options: struct_size is %u, at least %u are needed",
                              given->struct_size, (unsigned)sizeof *given);
    memcpy(out, given, sizeof *out);
    if (out->changes_max < 1 || out->changes_max > 100000)
        return pln__error_set(err, PLN_EINVAL,
                              "contract diff options: changes_max is %d, expected 1 to 100000",
                              out->changes_max);
    if (out->n_acknowledged < 0 || (out->n_acknowledged > 0 && out->acknowledged == NULL))
        return pln__error_set(err, PLN_EINVAL, "contract diff options: acknowledged is NULL");
    return PLN_OK;
}

pln_status pln_contract_diff_new(const pln_contract *before, const pln_contract *after,
                                 const pln_contract_diff_options *options, pln_contract_diff **out,
                                 pln_error *err) {
    pln_contract_diff_options mine;
    pln__differ d = {.before = before, .after = after, .err = err};
    pln_status status;
    *out = NULL;
    PLN__TRY(pln__contract_usable(before, err));
    PLN__TRY(pln__contract_usable(after, err));
    PLN__TRY(read_options(options, &mine, err));
    d.out = pln__calloc(before->mem, 1, sizeof *d.out);
    if (d.out == NULL) {
        status = pln__error_memory(err, sizeof *d.out);
        goto out;
    }
    d.out->mem = d.out->arena.mem = before->mem;
    d.out->most = mine.changes_max;
    read_acknowledged(&d, &mine);
    if (d.status >= 0)
        diff_top(&d);
    PLN__TRY(d.status);
    judge(&d);
    *out = d.out;
    d.out = NULL;
out:
    pln__map_free(d.acknowledged);
    pln_contract_diff_free(d.out);
    return status;
}

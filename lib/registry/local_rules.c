/* Listing, deleting and levels. */
#include "registry/local.h"
#include <stdio.h>

/* ---- lists ---- */

typedef struct names {
    const pln_allocator *mem;
    char **at;
    int64_t n, capacity;
    pln_error *err;
} names;

static pln_status names_add(void *arg, const char *name) {
    names *all = arg;
    pln_status status =
        pln__grow(all->mem, &all->at, &all->capacity, all->n + 1, sizeof *all->at, all->err);
    if (status < 0)
        return status;
    all->at[all->n] = pln__strdup(all->mem, name);
    return all->at[all->n] == NULL ? pln__error_memory(all->err, strlen(name) + 1)
                                   : (all->n++, PLN_OK);
}

static void names_free(names *all) {
    for (int64_t i = 0; i < all->n; i++)
        pln__strfree(all->mem, all->at[i]);
    pln__free(all->mem, all->at, (uint64_t)all->capacity * sizeof *all->at);
}

static int by_bytes(const void *a, const void *b, const void *context) {
    (void)context;
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static pln_status names_all(pln__local *local, names *all, pln_error *err) {
    *all = (names){local->mem, NULL, 0, 0, err};
    pln_status status = local->place->names(local->at, names_add, all, err);
    if (status >= 0)
        pln__sort(all->at, all->n, sizeof *all->at, by_bytes, NULL);
    return status;
}

static pln_status shown(pln__local *local, const char *name, bool deleted, bool *out,
                        pln_error *err) {
    pln__subject subject = {0};
    pln_status status = local->place->subject(local->at, name, &subject, err);
    *out = status == PLN_OK && pln__local_index(&subject, PLN_SCHEMA_LATEST, deleted) >= 0;
    pln__subject_free(local->mem, &subject);
    return status < 0 ? status : PLN_OK;
}

pln_status pln__local_subjects(void *self, pln_context *ctx, uint32_t flags,
                               pln_status (*each)(void *arg, const char *subject), void *arg,
                               pln_error *err) {
    pln__local *local = self;
    names all;
    (void)ctx;
    pln_status status = names_all(local, &all, err);
    for (int64_t i = 0; i < all.n && status >= 0; i++) {
        bool is_shown = false;
        status = shown(local, all.at[i], (flags & PLN_SCHEMA_DELETED) != 0, &is_shown, err);
        if (is_shown)
            status = each(arg, all.at[i]);
    }
    names_free(&all);
    return status;
}

pln_status pln__local_versions(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                               pln_status (*each)(void *arg, int32_t version), void *arg,
                               pln_error *err) {
    pln__local *local = self;
    pln__subject found = {0};
    bool deleted = (flags & PLN_SCHEMA_DELETED) != 0;
    (void)ctx;
    pln_status status = pln__local_subject_ok(subject, err);
    if (status < 0)
        return status;
    PLN__TRY(local->place->subject(local->at, subject, &found, err));
    if (pln__local_index(&found, PLN_SCHEMA_LATEST, deleted) < 0)
        PLN__TRY(pln__local_no_subject(subject, err));
    for (int64_t i = 0; i < found.n; i++)
        if (deleted || !found.versions[i].deleted)
            PLN__TRY(each(arg, found.versions[i].version));
out:
    pln__subject_free(local->mem, &found);
    return status;
}

/* ---- deleting ---- */

/* Whether something of a subject still uses what is about to go. */
typedef struct search {
    const char *subject; /* a reference to this one ... */
    int32_t version;     /* ... and version, PLN_SCHEMA_EVERY: any */
    int64_t id;          /* or, with subject NULL, a version of this schema */
    char found[128];     /* who does */
} search;

static pln_status uses(pln__local *local, const pln__subject *subject, search *s, pln_error *err) {
    for (int64_t i = 0; i < subject->n; i++) {
        const pln__subject_version *version = &subject->versions[i];
        pln__stored stored = {0};
        bool hit = s->subject == NULL && version->id == s->id;
        if (s->subject != NULL && !version->deleted) {
            pln_status status = local->place->schema(local->at, version->id, &stored, err);
            for (int64_t r = 0; r < stored.references.n; r++)
                hit |= strcmp(stored.references.at[r].subject, s->subject) == 0 &&
                       (s->version == PLN_SCHEMA_EVERY ||
                        stored.references.at[r].version == s->version);
            pln__stored_free(local->mem, &stored);
            if (status < 0)
                return status;
        }
        if (hit) {
            (void)snprintf(s->found, sizeof s->found, "'%.80s', version %d", subject->name,
                           (int)version->version);
            return PLN_OK;
        }
    }
    return PLN_OK;
}

static pln_status look_for(pln__local *local, search *s, pln_error *err) {
    names all;
    s->found[0] = '\0';
    pln_status status = names_all(local, &all, err);
    for (int64_t i = 0; i < all.n && status >= 0 && s->found[0] == '\0'; i++) {
        pln__subject subject = {0};
        status = local->place->subject(local->at, all.at[i], &subject, err);
        if (status == PLN_OK)
            status = uses(local, &subject, s, err);
        pln__subject_free(local->mem, &subject);
    }
    names_free(&all);
    return status < 0 ? status : PLN_OK;
}

static pln_status not_referenced(pln__local *local, const char *subject, int32_t version,
                                 pln_error *err) {
    search s = {subject, version, 0, ""};
    pln_status status = look_for(local, &s, err);
    if (status >= 0 && s.found[0] != '\0')
        status = pln__registry_fail(err, PLN_ESTATE, PLN_REGISTRY_REFERENCED,
                                    "subject '%s': it cannot be deleted, %s refers to it", subject,
                                    s.found);
    return status;
}

/* The text of a schema that no version has any more goes, too; its id is not given to another. */
static pln_status drop_unused(pln__local *local, int64_t id, pln_error *err) {
    search s = {NULL, 0, id, ""};
    pln_status status = look_for(local, &s, err);
    return status < 0 || s.found[0] != '\0' ? status : local->place->drop(local->at, id, err);
}

static pln_status hide_subject(pln__local *local, pln__subject *subject, pln_error *err) {
    if (!pln__local_active(subject))
        return pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_SUBJECT_DELETED,
                                  "subject '%s': it was deleted before; delete it permanently",
                                  subject->name);
    pln_status status = not_referenced(local, subject->name, PLN_SCHEMA_EVERY, err);
    for (int64_t i = 0; i < subject->n; i++)
        subject->versions[i].deleted = 1;
    subject->level = PLN__NO_LEVEL;
    return status < 0 ? status : local->place->put(local->at, subject, err);
}

/* Version by version, so that what is left after a failure is a subject with fewer versions. */
static pln_status erase(pln__local *local, pln__subject *subject, int64_t first, int64_t n,
                        pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < n && status >= 0; i++) {
        int64_t id = subject->versions[first].id;
        memmove(&subject->versions[first], &subject->versions[first + 1],
                (size_t)(subject->n - first - 1) * sizeof *subject->versions);
        subject->n--;
        status = local->place->put(local->at, subject, err);
        if (status >= 0)
            status = drop_unused(local, id, err);
    }
    return status;
}

static pln_status erase_subject(pln__local *local, pln__subject *subject, pln_error *err) {
    if (pln__local_active(subject))
        return pln__registry_fail(
            err, PLN_ENOENT, PLN_REGISTRY_SUBJECT_NOT_DELETED,
            "subject '%s': it must be deleted before it is deleted permanently", subject->name);
    return erase(local, subject, 0, subject->n, err);
}

static pln_status remove_version(pln__local *local, pln__subject *subject, int32_t version,
                                 bool permanent, pln_error *err) {
    int64_t at = pln__local_index(subject, version, version != PLN_SCHEMA_LATEST);
    if (at < 0)
        return pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_VERSION,
                                  "subject '%s', version %d: not found", subject->name,
                                  (int)version);
    pln__subject_version *found = &subject->versions[at];
    if (permanent && !found->deleted)
        return pln__registry_fail(
            err, PLN_ENOENT, PLN_REGISTRY_VERSION_NOT_DELETED,
            "subject '%s', version %d: it must be deleted before it is deleted permanently",
            subject->name, (int)found->version);
    if (permanent)
        return erase(local, subject, at, 1, err);
    if (found->deleted)
        return pln__registry_fail(
            err, PLN_ENOENT, PLN_REGISTRY_VERSION_DELETED,
            "subject '%s', version %d: it was deleted before; delete it permanently", subject->name,
            (int)found->version);
    pln_status status = not_referenced(local, subject->name, found->version, err);
    found->deleted = 1;
    return status < 0 ? status : local->place->put(local->at, subject, err);
}

static pln_status remove_found(pln__local *local, const char *name, int32_t version, bool permanent,
                               pln_error *err) {
    pln__subject subject = {0};
    pln_status status = local->place->subject(local->at, name, &subject, err);
    if (status >= 0 && subject.n == 0)
        status = pln__local_no_subject(name, err);
    else if (status >= 0 && version != PLN_SCHEMA_EVERY)
        status = remove_version(local, &subject, version, permanent, err);
    else if (status >= 0)
        status =
            permanent ? erase_subject(local, &subject, err) : hide_subject(local, &subject, err);
    pln__subject_free(local->mem, &subject);
    return status;
}

static pln_status finish(pln__local *local, pln_status status, pln_error *err) {
    if (status >= 0)
        return local->place->end(local->at, true, err);
    (void)local->place->end(local->at, false, NULL);
    return status;
}

pln_status pln__local_remove(void *self, pln_context *ctx, const char *subject, int32_t version,
                             int32_t permanent, pln_error *err) {
    pln__local *local = self;
    (void)ctx;
    pln_status status = pln__local_subject_ok(subject, err);
    if (status >= 0 && version < PLN_SCHEMA_LATEST)
        status = pln__registry_fail(err, PLN_EINVAL, PLN_REGISTRY_BAD_VERSION,
                                    "version %d: expected 1 or more, or the latest", (int)version);
    if (status >= 0)
        status = local->place->begin(local->at, true, err);
    if (status < 0)
        return status;
    return finish(local, remove_found(local, subject, version, permanent != 0, err), err);
}

/* ---- levels ---- */

pln_status pln__local_level(void *self, pln_context *ctx, const char *subject, uint32_t flags,
                            int32_t *level, pln_error *err) {
    pln__local *local = self;
    pln__subject found = {.level = PLN__NO_LEVEL};
    pln_status status = PLN_OK;
    (void)ctx;
    if (subject != NULL) {
        PLN__TRY(pln__local_subject_ok(subject, err));
        PLN__TRY(local->place->subject(local->at, subject, &found, err));
        if (status == PLN_EOS)
            found.level = PLN__NO_LEVEL;
        if (found.level == PLN__NO_LEVEL && !(flags & PLN_SCHEMA_DEFAULT))
            PLN__TRY(pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_LEVEL,
                                        "subject '%s': it has no compatibility level of its own",
                                        subject));
    }
    status = pln__local_level_of(local, &found, level, err);
out:
    pln__subject_free(local->mem, &found);
    return status;
}

static pln_status set_subject_level(pln__local *local, const char *name, int32_t level,
                                    pln_error *err) {
    pln__subject subject = {0};
    pln_status status = local->place->subject(local->at, name, &subject, err);
    if (status == PLN_EOS) {
        subject.name = pln__strdup(local->mem, name);
        status = subject.name == NULL ? pln__error_memory(err, strlen(name) + 1) : PLN_OK;
    }
    subject.level = level;
    if (status >= 0)
        status = local->place->put(local->at, &subject, err);
    pln__subject_free(local->mem, &subject);
    return status;
}

pln_status pln__local_set_level(void *self, pln_context *ctx, const char *subject, int32_t level,
                                pln_error *err) {
    pln__local *local = self;
    pln_status status = PLN_OK;
    (void)ctx;
    if (subject != NULL)
        status = pln__local_subject_ok(subject, err);
    if (status >= 0)
        status = local->place->begin(local->at, true, err);
    if (status < 0)
        return status;
    status = subject != NULL ? set_subject_level(local, subject, level, err)
                             : local->place->set_level(local->at, level, err);
    return finish(local, status, err);
}

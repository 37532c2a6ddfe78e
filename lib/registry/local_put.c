/* Registering, looking up, trying: what puts a schema against the versions of its subject. */
#include "registry/local.h"

pln_status pln__local_level_of(pln__local *local, const pln__subject *subject, int32_t *level,
                               pln_error *err) {
    pln_status status = PLN_OK;
    *level = subject == NULL ? PLN__NO_LEVEL : subject->level;
    if (*level == PLN__NO_LEVEL)
        status = local->place->level(local->at, level, err);
    if (*level == PLN__NO_LEVEL)
        *level = PLN_COMPAT_BACKWARD;
    return status;
}

static bool transitive(int32_t level) {
    return level == PLN_COMPAT_BACKWARD_TRANSITIVE || level == PLN_COMPAT_FORWARD_TRANSITIVE ||
           level == PLN_COMPAT_FULL_TRANSITIVE;
}

/* Versions to hold a schema against, the newest first. */
typedef struct past {
    pln_avro_schema **schemas;
    int32_t *versions;
    int64_t n, room;
} past;

static void past_free(const pln_allocator *mem, past *p) {
    for (int64_t i = 0; i < p->n; i++)
        pln__avro_schema_unref(p->schemas[i]);
    pln__free(mem, p->schemas, (uint64_t)p->room * sizeof(void *));
    pln__free(mem, p->versions, (uint64_t)p->room * sizeof *p->versions);
}

static pln_status past_add(pln__local *local, const pln__subject_version *version, past *p,
                           pln_error *err) {
    pln_status status = pln__local_parse_id(local, version->id, &p->schemas[p->n], err);
    if (status < 0) {
        pln__error_prefix(err, "version %d", (int)version->version);
        return status;
    }
    p->versions[p->n++] = version->version;
    return PLN_OK;
}

static pln_status past_collect(pln__local *local, const pln__subject *subject, int64_t only,
                               int32_t level, past *p, pln_error *err) {
    pln_status status = PLN_OK;
    p->room = subject->n + 1;
    p->schemas = pln__calloc(local->mem, (uint64_t)p->room, sizeof(void *));
    p->versions = pln__calloc(local->mem, (uint64_t)p->room, sizeof *p->versions);
    if (p->schemas == NULL || p->versions == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)p->room * sizeof(void *)));
    for (int64_t i = subject->n - 1; i >= 0; i--) {
        if (subject->versions[i].deleted || (only >= 0 && i != only))
            continue;
        PLN__TRY(past_add(local, &subject->versions[i], p, err));
        if (!transitive(level))
            break;
    }
out:
    return status;
}

pln_status pln__local_judge(pln__local *local, const pln__subject *subject, int64_t only,
                            const pln_avro_schema *schema, int32_t *compatible, pln_error *err) {
    pln_status status = PLN_OK;
    pln_compat_options options = {.struct_size = sizeof options, .mode = local->mode};
    past p = {0};
    int32_t level = 0;
    *compatible = 1;
    PLN__TRY(pln__local_level_of(local, subject, &level, err));
    if (level == PLN_COMPAT_NONE)
        goto out;
    PLN__TRY(past_collect(local, subject, only, level, &p, err));
    pln_compat_history history = {.struct_size = sizeof history,
                                  .n_previous = p.n,
                                  .previous = (const pln_avro_schema *const *)p.schemas,
                                  .versions = p.versions};
    PLN__TRY(pln_compat_check_level(local->runtime, level, schema, &history, &options,
                                    &local->answer, err));
    *compatible = pln_compat_compatible(local->answer);
    if (!*compatible)
        status =
            pln__registry_fail(err, PLN_ETYPE, PLN_REGISTRY_INCOMPATIBLE,
                               "subject '%s': the schema does not fit version %d (%s): %s",
                               subject->name, (int)p.versions[pln_compat_version(local->answer)],
                               pln_compat_level_name(level), pln__local_message(local, NULL, 0));
out:
    past_free(local->mem, &p);
    return status;
}

static void forget_answer(pln__local *local) {
    pln_compat_free(local->answer);
    local->answer = NULL;
}

const char *pln__local_message(void *self, pln_context *ctx, int64_t index) {
    const pln__local *local = self;
    (void)ctx;
    if (local->answer == NULL || pln_compat_compatible(local->answer))
        return NULL;
    return pln_compat_message_at(local->answer, index);
}

/* What a call works on. */
typedef struct work {
    pln__stored stored;
    pln__subject subject;
    pln_avro_schema *schema;
} work;

static void work_free(pln__local *local, work *w) {
    pln__stored_free(local->mem, &w->stored);
    pln__subject_free(local->mem, &w->subject);
    pln__avro_schema_unref(w->schema);
}

/* A new subject comes into being with its first version. */
static pln_status work_begin(pln__local *local, const pln_schema_draft *draft, work *w,
                             pln_error *err) {
    pln_status status = pln__local_prepare(local, draft, &w->stored, &w->schema, err);
    if (status < 0)
        return status;
    status = local->place->subject(local->at, draft->subject, &w->subject, err);
    if (status != PLN_EOS)
        return status;
    w->subject.level = PLN__NO_LEVEL;
    w->subject.name = pln__strdup(local->mem, draft->subject);
    return w->subject.name == NULL ? pln__error_memory(err, strlen(draft->subject) + 1) : PLN_OK;
}

/* The version that has this schema, -1: none. */
static int64_t version_of(const work *w, bool deleted) {
    for (int64_t i = w->subject.n - 1; i >= 0; i--)
        if (w->stored.id != 0 && w->subject.versions[i].id == w->stored.id &&
            (!w->subject.versions[i].deleted || deleted))
            return i;
    return -1;
}

static pln_status add_version(pln__local *local, work *w, pln_error *err) {
    pln_status status = PLN_OK;
    int32_t compatible;
    PLN__TRY(pln__local_judge(local, &w->subject, -1, w->schema, &compatible, err));
    if (w->stored.id == 0)
        PLN__TRY(local->place->add(local->at, &w->stored, err));
    pln__subject_version version = {w->stored.id, 1, 0};
    if (w->subject.n > 0)
        version.version = w->subject.versions[w->subject.n - 1].version + 1;
    PLN__TRY(pln__subject_add(local->mem, &w->subject, &version, err));
    PLN__TRY(local->place->put(local->at, &w->subject, err));
out:
    return status;
}

pln_status pln__local_put(void *self, pln_context *ctx, const pln_schema_draft *draft,
                          pln_schema_entry *out, pln_error *err) {
    pln__local *local = self;
    work w = {0};
    (void)ctx;
    forget_answer(local);
    pln_status status = local->place->begin(local->at, true, err);
    if (status < 0)
        return status;
    PLN__TRY(work_begin(local, draft, &w, err));
    PLN__TRY(pln__local_known(local, &w.stored, err));
    int64_t at = version_of(&w, false);
    if (at < 0) {
        PLN__TRY(add_version(local, &w, err));
        at = w.subject.n - 1;
    }
    status = local->place->end(local->at, true, err);
    if (status >= 0)
        status =
            pln__local_lend(local, &w.stored, w.subject.name, &w.subject.versions[at], out, err);
    work_free(local, &w);
    return status;
out:
    (void)local->place->end(local->at, false, NULL);
    work_free(local, &w);
    return status;
}

static pln_status look_up(pln__local *local, const pln_schema_draft *draft, work *w, int64_t *at,
                          pln_error *err) {
    pln_status status = PLN_OK;
    bool deleted = (draft->flags & PLN_SCHEMA_DELETED) != 0;
    PLN__TRY(work_begin(local, draft, w, err));
    PLN__TRY(pln__local_known(local, &w->stored, err));
    if (pln__local_index(&w->subject, PLN_SCHEMA_LATEST, deleted) < 0)
        PLN__TRY(pln__local_no_subject(draft->subject, err));
    *at = version_of(w, deleted);
    if (*at < 0)
        status =
            pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_SCHEMA,
                               "subject '%s': it has no version with this schema", draft->subject);
out:
    return status;
}

pln_status pln__local_find(void *self, pln_context *ctx, const pln_schema_draft *draft,
                           pln_schema_entry *out, pln_error *err) {
    pln__local *local = self;
    work w = {0};
    int64_t at = -1;
    (void)ctx;
    pln_status status = local->place->begin(local->at, false, err);
    if (status < 0)
        return status;
    status = look_up(local, draft, &w, &at, err);
    (void)local->place->end(local->at, false, NULL);
    if (status >= 0)
        status =
            pln__local_lend(local, &w.stored, w.subject.name, &w.subject.versions[at], out, err);
    work_free(local, &w);
    return status;
}

static pln_status try_it(pln__local *local, const pln_schema_draft *draft, int32_t version,
                         int32_t *compatible, work *w, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t only = -1;
    *compatible = 1;
    if (version < PLN_SCHEMA_LATEST)
        PLN__TRY(pln__registry_fail(err, PLN_EINVAL, PLN_REGISTRY_BAD_VERSION,
                                    "version %d: expected 1 or more, or the latest", (int)version));
    PLN__TRY(work_begin(local, draft, w, err));
    only = version == PLN_SCHEMA_EVERY ? -1 : pln__local_index(&w->subject, version, false);
    if (version > 0 && !pln__local_active(&w->subject))
        PLN__TRY(pln__local_no_subject(draft->subject, err));
    if (version > 0 && only < 0)
        PLN__TRY(pln__registry_fail(err, PLN_ENOENT, PLN_REGISTRY_NO_VERSION,
                                    "subject '%s', version %d: not found", draft->subject,
                                    (int)version));
    if (pln__local_active(&w->subject))
        status = pln__local_judge(local, &w->subject, only, w->schema, compatible, err);
    if (status == PLN_ETYPE && local->answer != NULL)
        status = PLN_OK; /* that it does not fit is the answer */
out:
    return status;
}

pln_status pln__local_check(void *self, pln_context *ctx, const pln_schema_draft *draft,
                            int32_t version, int32_t *compatible, pln_error *err) {
    pln__local *local = self;
    pln_error own = {0};
    work w = {0};
    (void)ctx;
    forget_answer(local);
    pln_status status = local->place->begin(local->at, false, err);
    if (status < 0)
        return status;
    status = try_it(local, draft, version, compatible, &w, &own);
    (void)local->place->end(local->at, false, NULL);
    if (status < 0 && err != NULL)
        *err = own;
    work_free(local, &w);
    return status;
}

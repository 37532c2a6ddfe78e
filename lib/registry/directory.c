/*
 * A registry in a directory, to be read by people and kept under version control:
 *
 *     registry.json                     {"format": 1, "level": "FULL"}
 *     lock                              held by who writes
 *     schemas/12-<md5>.avsc             schema 12, its text and nothing else
 *     schemas/12-<md5>.refs.json        what it refers to, if it does
 *     schemas/11.deleted                schema 11 was deleted; its number is not given again
 *     subjects/orders-value.json        {"subject", "level", "versions": [{"version", "id", "deleted"}]}
 *
 * Each file is replaced whole, schemas before the subjects that name them: whoever stops in between leaves a schema that nobody uses yet.
 */
#include "registry/directory.h"
#include "store/store.h"
#include <jansson.h>
#include <stdio.h>

#define FILE_MAX (8 << 20)
#define LOCK_WAIT_MS 5000

typedef struct listed {
    int64_t id;
    uint8_t guid[16];
} listed;

typedef struct directory {
    const pln_allocator *mem;
    const pln_file_ops *files;
    char *root;
    int lock;
    bool writing;
    listed *schemas; /* what was there when it was listed last */
    int64_t n, capacity;
    int64_t last_id;
    pln_error *err; /* of the listing */
    pln__text path;
} directory;

static void directory_close(void *self) {
    directory *d = self;
    pln__file_unlock(d->lock);
    pln__text_free(&d->path);
    pln__free(d->mem, d->schemas, (uint64_t)d->capacity * sizeof *d->schemas);
    pln__strfree(d->mem, d->root);
    pln__free(d->mem, d, sizeof *d);
}

/* ---- paths: each is valid until the next ---- */

static pln_status path_of(directory *d, const char *name, const char **out, pln_error *err) {
    pln__text_free(&d->path);
    pln__text_init(&d->path, d->mem);
    pln__text_printf(&d->path, "%s/%s", d->root, name);
    *out = d->path.data;
    return pln__text_status(&d->path, err);
}

static pln_status subject_path(directory *d, const char *subject, const char **out,
                               pln_error *err) {
    pln_status status = path_of(d, "subjects/", out, err);
    if (status < 0)
        return status;
    pln__directory_encode(subject, &d->path);
    pln__text_str(&d->path, ".json");
    *out = d->path.data;
    return pln__text_status(&d->path, err);
}

static pln_status schema_path(directory *d, const listed *schema, const char *ending,
                              const char **out, pln_error *err) {
    pln_status status = path_of(d, "schemas/", out, err);
    if (status < 0)
        return status;
    pln__text_int(&d->path, schema->id);
    pln__text_char(&d->path, '-');
    pln__directory_hex(schema->guid, 16, &d->path);
    pln__text_str(&d->path, ending);
    *out = d->path.data;
    return pln__text_status(&d->path, err);
}

/* *text NULL and PLN_EOS: there is no such file. Freed with size + 1. */
static pln_status read_file(directory *d, const char *path, char **text, int64_t *size,
                            pln_error *err) {
    pln_error own = {0};
    pln_status status = pln__file_read_all(d->files, d->mem, path, FILE_MAX, text, size, &own);
    if (status == PLN_ENOENT)
        return PLN_EOS;
    if (status < 0 && err != NULL)
        *err = own;
    return status;
}

static pln_status read_json(directory *d, const char *path, json_t **out, pln_error *err) {
    char *text = NULL;
    int64_t size = 0;
    json_error_t at;
    *out = NULL;
    pln_status status = read_file(d, path, &text, &size, err);
    if (status != PLN_OK)
        return status;
    *out = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, &at);
    pln__free(d->mem, text, (uint64_t)size + 1);
    if (json_is_object(*out))
        return PLN_OK;
    status = pln__error_set(err, PLN_ECORRUPT, "file '%s': line %d: %s", path,
                            *out == NULL ? at.line : 1, *out == NULL ? at.text : "no object");
    json_decref(*out);
    *out = NULL;
    return status;
}

/* ---- what is there ---- */

static pln_status list_one(void *arg, const char *name) {
    directory *d = arg;
    listed next;
    bool deleted;
    if (!pln__directory_schema_name(name, &next.id, next.guid, &deleted))
        return PLN_OK;
    if (next.id > d->last_id)
        d->last_id = next.id;
    if (deleted)
        return PLN_OK;
    pln_status status =
        pln__grow(d->mem, &d->schemas, &d->capacity, d->n + 1, sizeof *d->schemas, d->err);
    if (status >= 0)
        d->schemas[d->n++] = next;
    return status;
}

static pln_status list_again(directory *d, pln_error *err) {
    const char *path;
    pln_status status = path_of(d, "schemas", &path, err);
    d->n = d->last_id = 0;
    d->err = err;
    if (status >= 0)
        status = d->files->list(d->files->user, path, list_one, d, err);
    d->err = NULL;
    return status;
}

static const listed *by_id(const directory *d, int64_t id) {
    for (int64_t i = 0; i < d->n; i++)
        if (d->schemas[i].id == id)
            return &d->schemas[i];
    return NULL;
}

static pln_status read_references(directory *d, const listed *schema, pln__stored *out,
                                  pln_error *err) {
    const char *path;
    char *refs = NULL;
    int64_t size = 0;
    pln_status status = schema_path(d, schema, ".refs.json", &path, err);
    if (status >= 0)
        status = read_file(d, path, &refs, &size, err);
    if (status >= 0)
        status = pln__references_parse(d->mem, refs == NULL ? "" : refs, &out->references, err);
    if (status < 0)
        pln__error_prefix(err, "schema %lld", (long long)schema->id);
    pln__free(d->mem, refs, (uint64_t)size + 1);
    return status;
}

static pln_status read_text(directory *d, const listed *schema, pln__stored *out, pln_error *err) {
    const char *path;
    char *text = NULL;
    int64_t size = 0;
    pln_status status = schema_path(d, schema, ".avsc", &path, err);
    if (status >= 0)
        status = read_file(d, path, &text, &size, err);
    if (status != PLN_OK)
        return status;
    if (strlen(text) < (size_t)size)
        status = pln__error_set(err, PLN_ECORRUPT, "file '%s': it has a NUL", path);
    else if ((out->text = pln__strndup(
                  d->mem, text, size > 0 && text[size - 1] == '\n' ? size - 1 : size)) == NULL)
        status = pln__error_memory(err, (uint64_t)size);
    pln__free(d->mem, text, (uint64_t)size + 1);
    return status;
}

static pln_status read_schema(directory *d, const listed *schema, pln__stored *out,
                              pln_error *err) {
    pln_status status = read_references(d, schema, out, err);
    if (status >= 0)
        status = read_text(d, schema, out, err);
    if (status != PLN_OK)
        return status;
    out->id = schema->id;
    status = pln__stored_set_guid(d->mem, out, err);
    if (status >= 0 && memcmp(out->guid, schema->guid, sizeof out->guid) != 0)
        status =
            pln__error_set(err, PLN_ECORRUPT,
                           "registry '%s': schema %lld is not what it was when it was registered",
                           d->root, (long long)schema->id);
    return status;
}

static pln_status directory_schema(void *self, int64_t id, pln__stored *out, pln_error *err) {
    directory *d = self;
    pln_status status = PLN_OK;
    memset(out, 0, sizeof *out);
    const listed *found = by_id(d, id);
    if (found == NULL && !d->writing)
        status = list_again(d, err);
    if (found == NULL && status >= 0)
        found = by_id(d, id);
    if (status < 0)
        return status;
    if (found == NULL)
        return PLN_EOS;
    listed schema = *found;
    status = read_schema(d, &schema, out, err);
    if (status != PLN_OK)
        pln__stored_free(d->mem, out);
    return status;
}

static bool next_of_guid(const directory *d, const uint8_t *guid, int64_t after, int64_t *id) {
    int64_t best = INT64_MAX;
    for (int64_t i = 0; i < d->n; i++)
        if (d->schemas[i].id > after && d->schemas[i].id < best &&
            memcmp(d->schemas[i].guid, guid, 16) == 0)
            best = d->schemas[i].id;
    if (best < INT64_MAX)
        *id = best;
    return best < INT64_MAX;
}

static pln_status directory_find(void *self, const uint8_t *guid, int64_t after, int64_t *id,
                                 pln_error *err) {
    directory *d = self;
    if (next_of_guid(d, guid, after, id))
        return PLN_OK;
    pln_status status = d->writing ? PLN_OK : list_again(d, err);
    return status < 0 ? status : next_of_guid(d, guid, after, id) ? PLN_OK : PLN_EOS;
}

/* ---- subjects ---- */

static pln_status level_from(const json_t *value, const char *path, int32_t *level,
                             pln_error *err) {
    *level = PLN__NO_LEVEL;
    if (value == NULL)
        return PLN_OK;
    const char *name = json_string_value(value);
    *level = name == NULL ? -1 : pln_compat_level_find(name);
    return *level >= 0 ? PLN_OK
                       : pln__error_set(err, PLN_ECORRUPT, "file '%s': level '%s' is none", path,
                                        name == NULL ? "" : name);
}

static pln_status read_versions(directory *d, const json_t *list, const char *path,
                                pln__subject *out, pln_error *err) {
    int64_t last = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        json_int_t version = json_integer_value(json_object_get(item, "version"));
        json_int_t id = json_integer_value(json_object_get(item, "id"));
        if (version <= last || version > INT32_MAX - 1 || id < 1)
            return pln__error_set(
                err, PLN_ECORRUPT,
                "file '%s': versions: number %zu has no id, or no version above %lld", path, i,
                (long long)last);
        pln__subject_version next = {id, (int32_t)version,
                                     json_is_true(json_object_get(item, "deleted"))};
        pln_status status = pln__subject_add(d->mem, out, &next, err);
        if (status < 0)
            return status;
        last = version;
    }
    return PLN_OK;
}

static pln_status directory_subject(void *self, const char *name, pln__subject *out,
                                    pln_error *err) {
    directory *d = self;
    const char *path, *said;
    json_t *value = NULL;
    memset(out, 0, sizeof *out);
    out->level = PLN__NO_LEVEL;
    pln_status status = subject_path(d, name, &path, err);
    if (status >= 0)
        status = read_json(d, path, &value, err);
    if (status != PLN_OK)
        return status;
    said = json_string_value(json_object_get(value, "subject"));
    if (said == NULL || strcmp(said, name) != 0)
        PLN__FAIL(err, PLN_ECORRUPT, "file '%s': it is of subject '%s'", path,
                  said == NULL ? "" : said);
    out->name = pln__strdup(d->mem, name);
    if (out->name == NULL)
        PLN__TRY(pln__error_memory(err, strlen(name) + 1));
    PLN__TRY(level_from(json_object_get(value, "level"), path, &out->level, err));
    PLN__TRY(read_versions(d, json_object_get(value, "versions"), path, out, err));
out:
    json_decref(value);
    if (status < 0) {
        pln__subject_free(d->mem, out);
        out->level = PLN__NO_LEVEL;
    }
    return status;
}

typedef struct naming {
    directory *d;
    pln_status (*each)(void *arg, const char *name);
    void *arg;
    pln_error *err;
} naming;

/* A name that was cut stands in its file. */
static pln_status name_inside(directory *d, const char *file, pln__text *out, pln_error *err) {
    const char *path, *said;
    json_t *value = NULL;
    pln_status status = path_of(d, "subjects/", &path, err);
    pln__text_str(&d->path, file);
    if (status >= 0)
        status = pln__text_status(&d->path, err);
    if (status >= 0)
        status = read_json(d, d->path.data, &value, err);
    said = status == PLN_OK ? json_string_value(json_object_get(value, "subject")) : NULL;
    if (status == PLN_OK && said == NULL)
        status = pln__error_set(err, PLN_ECORRUPT, "file '%s': it names no subject", d->path.data);
    if (status == PLN_OK)
        pln__text_str(out, said);
    json_decref(value);
    return status;
}

static pln_status name_one(void *arg, const char *file) {
    naming *n = arg;
    pln_status status = PLN_OK;
    int64_t size = (int64_t)strlen(file) - 5;
    pln__text name;
    if (size < 1 || strcmp(file + size, ".json") != 0)
        return PLN_OK;
    pln__text_init(&name, n->d->mem);
    bool whole = pln__directory_decode(file, size, &name);
    bool cut = !whole && memchr(file, '~', (size_t)size) != NULL;
    if (cut) {
        pln__text_free(&name);
        pln__text_init(&name, n->d->mem);
        status = name_inside(n->d, file, &name, n->err);
    }
    if (status == PLN_OK)
        status = pln__text_status(&name, n->err);
    if (status == PLN_OK && (whole || cut))
        status = n->each(n->arg, name.data);
    pln__text_free(&name);
    return status < 0 ? status : PLN_OK;
}

static pln_status directory_names(void *self, pln_status (*each)(void *arg, const char *name),
                                  void *arg, pln_error *err) {
    directory *d = self;
    naming n = {d, each, arg, err};
    pln__text path;
    pln__text_init(&path, d->mem);
    pln__text_printf(&path, "%s/subjects", d->root);
    pln_status status = pln__text_status(&path, err);
    if (status >= 0)
        status = d->files->list(d->files->user, path.data, name_one, &n, err);
    pln__text_free(&path);
    return status;
}

/* ---- changes ---- */

static pln_status directory_begin(void *self, bool write, pln_error *err) {
    directory *d = self;
    const char *path;
    if (!write)
        return PLN_OK;
    pln_status status = path_of(d, "lock", &path, err);
    if (status >= 0)
        status = pln__file_lock(d->files, path, LOCK_WAIT_MS, &d->lock, err);
    if (status < 0)
        return status;
    d->writing = true;
    status = list_again(d, err);
    if (status < 0) {
        d->writing = false;
        pln__file_unlock(d->lock);
        d->lock = -1;
    }
    return status;
}

static pln_status directory_end(void *self, bool commit, pln_error *err) {
    directory *d = self;
    (void)commit;
    (void)err;
    pln__file_unlock(d->lock);
    d->lock = -1;
    d->writing = false;
    return PLN_OK;
}

static pln_status write_text(directory *d, const char *path, const pln__text *text,
                             pln_error *err) {
    pln_status status = pln__text_status(text, err);
    return status < 0 ? status
                      : pln__file_replace(d->files, d->mem, path, text->data, text->size, err);
}

static pln_status write_schema(directory *d, const listed *schema, const pln__stored *stored,
                               pln_error *err) {
    pln_status status = PLN_OK;
    const char *path;
    pln__text text;
    pln__text_init(&text, d->mem);
    if (stored->references.n > 0) {
        pln__references_text(&stored->references, &text);
        PLN__TRY(schema_path(d, schema, ".refs.json", &path, err));
        PLN__TRY(write_text(d, path, &text, err));
    }
    PLN__TRY(schema_path(d, schema, ".avsc", &path, err));
    pln__text_free(&text);
    pln__text_init(&text, d->mem);
    pln__text_str(&text, stored->text);
    pln__text_char(&text, '\n');
    PLN__TRY(write_text(d, path, &text, err));
out:
    pln__text_free(&text);
    return status;
}

static pln_status directory_add(void *self, pln__stored *stored, pln_error *err) {
    directory *d = self;
    listed next = {d->last_id + 1, {0}};
    memcpy(next.guid, stored->guid, sizeof next.guid);
    if (next.id > INT32_MAX) /* ids have four bytes in front of data */
        return pln__error_set(err, PLN_ELIMIT, "registry '%s': there is no id left", d->root);
    pln_status status =
        pln__grow(d->mem, &d->schemas, &d->capacity, d->n + 1, sizeof *d->schemas, err);
    if (status >= 0)
        status = write_schema(d, &next, stored, err);
    if (status < 0)
        return status;
    d->last_id = stored->id = next.id;
    d->schemas[d->n++] = next;
    return PLN_OK;
}

static pln_status unlink_if(directory *d, const char *path, pln_error *err) {
    pln_error own = {0};
    pln_status status = d->files->unlink(d->files->user, path, &own);
    if (status < 0 && status != PLN_ENOENT && err != NULL)
        *err = own;
    return status == PLN_ENOENT ? PLN_OK : status;
}

/* The mark comes first: the number is never free. */
static pln_status directory_drop(void *self, int64_t id, pln_error *err) {
    directory *d = self;
    pln_status status = PLN_OK;
    const char *path;
    char name[48];
    const listed *found = by_id(d, id);
    if (found == NULL)
        return PLN_OK;
    listed schema = *found;
    (void)snprintf(name, sizeof name, "schemas/%lld.deleted", (long long)id);
    PLN__TRY(path_of(d, name, &path, err));
    PLN__TRY(pln__file_replace(d->files, d->mem, path, "", 0, err));
    PLN__TRY(schema_path(d, &schema, ".avsc", &path, err));
    PLN__TRY(unlink_if(d, path, err));
    PLN__TRY(schema_path(d, &schema, ".refs.json", &path, err));
    PLN__TRY(unlink_if(d, path, err));
    PLN__TRY(path_of(d, "schemas", &path, err));
    PLN__TRY(d->files->sync_directory(d->files->user, path, err));
    PLN__TRY(list_again(d, err));
out:
    return status;
}

static void subject_text(const pln__subject *subject, pln__text *out) {
    pln__text_str(out, "{\n  \"subject\": ");
    pln__text_json(out, subject->name, (int64_t)strlen(subject->name));
    if (subject->level != PLN__NO_LEVEL)
        pln__text_printf(out, ",\n  \"level\": \"%s\"", pln_compat_level_name(subject->level));
    pln__text_str(out, ",\n  \"versions\": [");
    for (int64_t i = 0; i < subject->n; i++) {
        const pln__subject_version *at = &subject->versions[i];
        pln__text_printf(out, "%s\n    {\"version\": %d, \"id\": %lld%s}", i > 0 ? "," : "",
                         (int)at->version, (long long)at->id,
                         at->deleted ? ", \"deleted\": true" : "");
    }
    pln__text_str(out, subject->n > 0 ? "\n  ]\n}\n" : "]\n}\n");
}

static pln_status directory_put(void *self, const pln__subject *subject, pln_error *err) {
    directory *d = self;
    pln_status status = PLN_OK;
    const char *path;
    pln__text text;
    pln__text_init(&text, d->mem);
    PLN__TRY(subject_path(d, subject->name, &path, err));
    if (subject->n > 0 || subject->level != PLN__NO_LEVEL) {
        subject_text(subject, &text);
        PLN__TRY(write_text(d, path, &text, err));
    } else {
        PLN__TRY(unlink_if(d, path, err));
        PLN__TRY(path_of(d, "subjects", &path, err));
        PLN__TRY(d->files->sync_directory(d->files->user, path, err));
    }
out:
    pln__text_free(&text);
    return status;
}

static pln_status directory_level(void *self, int32_t *level, pln_error *err) {
    directory *d = self;
    const char *path;
    json_t *value = NULL;
    *level = PLN__NO_LEVEL;
    pln_status status = path_of(d, "registry.json", &path, err);
    if (status >= 0)
        status = read_json(d, path, &value, err);
    if (status == PLN_EOS)
        return pln__error_set(err, PLN_EDATALOSS, "file '%s': it is gone", path);
    if (status == PLN_OK)
        status = level_from(json_object_get(value, "level"), path, level, err);
    json_decref(value);
    return status;
}

static pln_status directory_set_level(void *self, int32_t level, pln_error *err) {
    directory *d = self;
    const char *path;
    pln__text text;
    pln__text_init(&text, d->mem);
    pln__text_str(&text, "{\"format\": 1");
    if (level != PLN__NO_LEVEL)
        pln__text_printf(&text, ", \"level\": \"%s\"", pln_compat_level_name(level));
    pln__text_str(&text, "}\n");
    pln_status status = path_of(d, "registry.json", &path, err);
    if (status >= 0)
        status = write_text(d, path, &text, err);
    pln__text_free(&text);
    return status;
}

static const pln__place place = {
    .close = directory_close,
    .begin = directory_begin,
    .end = directory_end,
    .schema = directory_schema,
    .subject = directory_subject,
    .find = directory_find,
    .add = directory_add,
    .drop = directory_drop,
    .put = directory_put,
    .names = directory_names,
    .level = directory_level,
    .set_level = directory_set_level,
};

/* ---- opening ---- */

static pln_status stranger(void *arg, const char *name) {
    char *first = arg;
    if (strcmp(name, "lock") != 0 && strcmp(name, "schemas") != 0 &&
        strcmp(name, "subjects") != 0 && strcmp(name, "registry.json" PLN__TEMP_SUFFIX) != 0)
        (void)snprintf(first, 64, "%.60s", name);
    return PLN_OK;
}

static pln_status make_one(directory *d, const char *path, pln_error *err) {
    pln_error own = {0};
    pln_status status = d->files->make_directory(d->files->user, path, &own);
    if (status < 0 && status != PLN_EEXIST) {
        if (err != NULL)
            *err = own;
        return status;
    }
    return PLN_OK;
}

static pln_status make_all(directory *d, pln_error *err) {
    pln_status status = PLN_OK;
    const char *path;
    char found[64] = "";
    char *parent = pln__file_directory(d->mem, d->root);
    if (parent == NULL)
        PLN__TRY(pln__error_memory(err, strlen(d->root)));
    PLN__TRY(make_one(d, d->root, err));
    PLN__TRY(d->files->list(d->files->user, d->root, stranger, found, err));
    if (found[0] != '\0')
        PLN__FAIL(err, PLN_EINVAL, "directory '%s': it is no registry and not empty, '%s' is in it",
                  d->root, found);
    PLN__TRY(path_of(d, "schemas", &path, err));
    PLN__TRY(make_one(d, path, err));
    PLN__TRY(path_of(d, "subjects", &path, err));
    PLN__TRY(make_one(d, path, err));
    PLN__TRY(directory_set_level(d, PLN__NO_LEVEL, err));
    PLN__TRY(d->files->sync_directory(d->files->user, parent, err));
out:
    pln__strfree(d->mem, parent);
    return status;
}

/* Two programs may make it at once: who comes second finds the mark under the lock. */
static pln_status check_mark(directory *d, bool *is_new, pln_error *err) {
    const char *path;
    json_t *value = NULL;
    pln_status status = path_of(d, "registry.json", &path, err);
    if (status >= 0)
        status = read_json(d, path, &value, err);
    *is_new = status == PLN_EOS;
    json_int_t format = json_integer_value(json_object_get(value, "format"));
    if (status == PLN_OK && format != 1)
        status =
            pln__error_set(err, format > 1 ? PLN_EUNSUPPORTED : PLN_ECORRUPT,
                           "file '%s': format %lld, this library knows 1", path, (long long)format);
    json_decref(value);
    return status < 0 ? status : PLN_OK;
}

static pln_status open_directory(directory *d, pln_error *err) {
    bool is_new = false;
    pln_status status = check_mark(d, &is_new, err);
    if (status < 0 || !is_new)
        return status;
    status = make_one(d, d->root, err);
    const char *path;
    if (status >= 0)
        status = path_of(d, "lock", &path, err);
    if (status >= 0)
        status = pln__file_lock(d->files, path, LOCK_WAIT_MS, &d->lock, err);
    if (status >= 0)
        status = check_mark(d, &is_new, err);
    if (status >= 0 && is_new)
        status = make_all(d, err);
    return directory_end(d, true, err), status;
}

static pln_status directory_open(void *user, pln_context *ctx, const pln_config *config,
                                 void **self, pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    const char *path = pln__registry_path(host->config_text(config, "location"), "directory");
    int64_t size = (int64_t)strlen(path);
    directory *d = pln__calloc(mem, 1, sizeof *d);
    if (d == NULL)
        return pln__error_memory(err, sizeof *d);
    d->mem = mem;
    d->files = host->files(ctx);
    d->lock = -1;
    pln__text_init(&d->path, mem);
    while (size > 1 && path[size - 1] == '/')
        size--;
    d->root = pln__strndup(mem, path, size);
    pln_status status =
        d->root == NULL ? pln__error_memory(err, (uint64_t)size + 1) : open_directory(d, err);
    if (status < 0) {
        directory_close(d);
        return status;
    }
    return pln__local_new(mem, user, &place, d, host->config_text(config, "mode"), self, err);
}

static const pln_option options[] = {
    {"location", PLN_OPT_TEXT, 1, NULL, NULL,
     "the directory, with or without \"directory:\" before it; made if it is not there"},
    {"mode", PLN_OPT_ENUM, 0, "\"sound\"", "sound|java",
     "how compatibility is judged, see pln-compatibility(7)"},
    {0}};

const pln_schema_registry_table pln__registry_directory = {
    .name = "registry.directory",
    .summary = "Keeps schemas in a directory of small files.",
    .options = options,
    .open = directory_open,
    PLN__LOCAL_SLOTS,
};

pln_status pln__registry_register(const pln_host *host, pln_registry *registry,
                                  pln_runtime *runtime, pln_error *err) {
    pln_status status =
        host->register_stage(registry, PLN_SCHEMA_REGISTRY, &pln__registry_sqlite, runtime, err);
    return status < 0 ? status
                      : host->register_stage(registry, PLN_SCHEMA_REGISTRY,
                                             &pln__registry_directory, runtime, err);
}

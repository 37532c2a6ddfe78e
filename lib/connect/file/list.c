#include "connect/file/parts.h"

enum { COMPONENTS_MAX = 64 };

void pln__file_list_init(pln__file_list *list, const pln_allocator *mem,
                         const pln_file_ops *files) {
    *list = (pln__file_list){.mem = mem, .files = files};
}

static void release_names(pln__file_list *list, int64_t from) {
    for (int64_t i = from; i < list->count; i++)
        pln__strfree(list->mem, list->items[i].name);
    list->count = from;
}

void pln__file_list_free(pln__file_list *list) {
    if (list->mem == NULL)
        return;
    release_names(list, 0);
    pln__free(list->mem, list->items, (uint64_t)list->capacity * sizeof *list->items);
    *list = (pln__file_list){0};
}

/* Takes `name`, also on failure. */
static pln_status push(pln__file_list *list, char *name, int64_t size, pln_error *err) {
    if (name == NULL)
        return pln__error_memory(err, 0);
    pln_status status = pln__grow(list->mem, &list->items, &list->capacity, list->count + 1,
                                  sizeof *list->items, err);
    if (status < 0) {
        pln__strfree(list->mem, name);
        return status;
    }
    list->items[list->count++] = (pln__file_item){name, size, list->groups};
    return PLN_OK;
}

static int compare(const pln__file_item *a, int64_t group, const char *name) {
    if (a->group != group)
        return a->group < group ? -1 : 1;
    return strcmp(a->name, name);
}

static int by_place(const void *a, const void *b, const void *context) {
    const pln__file_item *item = b;
    (void)context;
    return compare(a, item->group, item->name);
}

static void sort(pln__file_item *items, int64_t n) {
    pln__sort(items, n, sizeof *items, by_place, NULL);
}

static char *join(const pln_allocator *mem, const char *directory, const char *name) {
    pln__text text;
    pln__text_init(&text, mem);
    pln__text_str(&text, directory);
    if (directory[0] != '\0' && directory[strlen(directory) - 1] != '/')
        pln__text_char(&text, '/');
    pln__text_str(&text, name);
    if (text.failed) {
        pln__text_free(&text);
        return NULL;
    }
    return pln__text_take(&text);
}

typedef struct names {
    pln__file_list list; /* names only */
    const char *pattern; /* NULL: those that are not hidden */
    pln_error *err;
} names;

static pln_status take_name(void *arg, const char *name) {
    names *into = arg;
    bool wanted = into->pattern != NULL ? pln__glob_match(into->pattern, name)
                                        : name[0] != '.' && name[0] != '_';
    return wanted ? push(&into->list, pln__strdup(into->list.mem, name), 0, into->err) : PLN_OK;
}

/* The names of a directory ("" is the current one), sorted. */
static pln_status list_names(const pln__file_list *list, const char *directory, const char *pattern,
                             names *out, pln_error *err) {
    *out = (names){.pattern = pattern, .err = err};
    pln__file_list_init(&out->list, list->mem, list->files);
    pln_status status = list->files->list(list->files->user, directory[0] == '\0' ? "." : directory,
                                          take_name, out, err);
    if (status < 0)
        return status;
    sort(out->list.items, out->list.count);
    return PLN_OK;
}

/* Add `path` if it is a regular file; what vanished meanwhile or cannot be a file is left out. Takes `path`. */
static pln_status push_regular(pln__file_list *list, char *path, pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    if (path == NULL)
        return pln__error_memory(err, 0);
    pln_status status = list->files->info(list->files->user, path, &info, err);
    if (status < 0 || info.kind != PLN_FILE_REGULAR) {
        pln__strfree(list->mem, path);
        return status == PLN_ENOENT ? PLN_OK : status;
    }
    return push(list, path, info.size_bytes, err);
}

static pln_status add_directory(pln__file_list *list, const char *path, pln_error *err) {
    names found;
    pln_status status = PLN_OK;
    PLN__TRY(list_names(list, path, NULL, &found, err));
    for (int64_t i = 0; i < found.list.count; i++)
        PLN__TRY(push_regular(list, join(list->mem, path, found.list.items[i].name), err));
out:
    pln__file_list_free(&found.list);
    return status < 0 ? status : PLN_OK;
}

/* The files below `prefix` that match the components of `pattern`. */
static pln_status expand(pln__file_list *list, const char *prefix, const char *pattern, int depth,
                         pln_error *err) {
    pln_status status = PLN_OK;
    names found = {0};
    pln_file_info info = {.struct_size = sizeof info};
    char *component = NULL, *path = NULL;
    while (*pattern == '/')
        pattern++;
    int64_t size = (int64_t)strcspn(pattern, "/");
    const char *rest = pattern + size;
    while (*rest == '/')
        rest++;
    if (depth > COMPONENTS_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "path: the pattern has more than %d parts", COMPONENTS_MAX);
    component = pln__strndup(list->mem, pattern, size);
    if (component == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)size + 1));
    if (pln__glob_is_pattern(component)) {
        PLN__TRY(list_names(list, prefix, component, &found, err));
    } else {
        pln__file_list_init(&found.list, list->mem, list->files);
        PLN__TRY(push(&found.list, pln__strdup(list->mem, component), 0, err));
    }
    for (int64_t i = 0; i < found.list.count; i++) {
        path = join(list->mem, prefix, found.list.items[i].name);
        if (*rest == '\0') {
            char *given = path;
            path = NULL;
            PLN__TRY(push_regular(list, given, err));
            continue;
        }
        if (path == NULL)
            PLN__TRY(pln__error_memory(err, 0));
        status = list->files->info(list->files->user, path, &info, err);
        if (status < 0 && status != PLN_ENOENT)
            goto out;
        if (status == PLN_OK && info.kind == PLN_FILE_DIRECTORY)
            PLN__TRY(expand(list, path, rest, depth + 1, err));
        pln__strfree(list->mem, path);
        path = NULL;
    }
    status = PLN_OK;
out:
    pln__strfree(list->mem, path);
    pln__strfree(list->mem, component);
    pln__file_list_free(&found.list);
    return status;
}

static pln_status add_pattern(pln__file_list *list, const char *path, pln_error *err) {
    int64_t before = list->count;
    pln_status status = expand(list, path[0] == '/' ? "/" : "", path, 0, err);
    if (status < 0)
        return status;
    if (list->count == before)
        return pln__error_set(err, PLN_ENOENT, "path '%s': no file matches", path);
    return PLN_OK;
}

pln_status pln__file_list_add(pln__file_list *list, const char *path, pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    int64_t before = list->count;
    if (path[0] == '\0')
        return pln__error_set(err, PLN_EOPTION, "path: it is empty");
    pln_status status = list->files->info(list->files->user, path, &info, err);
    if (status == PLN_ENOENT && pln__glob_is_pattern(path))
        status = add_pattern(list, path, err);
    else if (status == PLN_ENOENT)
        status = pln__error_set(err, PLN_ENOENT, "path '%s': there is no such file", path);
    else if (status == PLN_OK && info.kind == PLN_FILE_DIRECTORY)
        status = add_directory(list, path, err);
    else if (status == PLN_OK && info.kind == PLN_FILE_REGULAR)
        status = push(list, pln__strdup(list->mem, path), info.size_bytes, err);
    else if (status == PLN_OK)
        status =
            pln__error_set(err, PLN_EOPTION,
                           "path '%s': neither file nor directory; open it and give the descriptor "
                           "as option 'fd'",
                           path);
    if (status < 0)
        return status;
    sort(list->items + before, list->count - before);
    list->groups++;
    return PLN_OK;
}

pln_status pln__file_list_done(pln__file_list *list, uint64_t seed, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t kept = 0;
    pln__map *seen = NULL;
    if (list->groups < 2)
        return PLN_OK;
    seen = pln__map_new(list->mem, seed);
    if (seen == NULL)
        return pln__error_memory(err, 0);
    for (int64_t i = 0; i < list->count; i++) {
        char *name = list->items[i].name;
        int64_t size = (int64_t)strlen(name);
        bool again = pln__map_get(seen, name, size, NULL);
        if (!again && status == PLN_OK)
            status = pln__map_put(seen, name, size, i, err);
        if (again)
            pln__strfree(list->mem, name);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    pln__map_free(seen);
    return status;
}

int64_t pln__file_list_after(const pln__file_list *list, int64_t group, const char *name,
                             bool *found) {
    int64_t low = 0, high = list->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (compare(&list->items[middle], group, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low > 0 && compare(&list->items[low - 1], group, name) == 0;
    return low;
}

#include "memfs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is stored ---- */

typedef struct blob {
    char *data;
    int64_t size;
} blob;

typedef struct change { /* of an inode; data NULL: cut to `offset` */
    int64_t offset;
    char *data;
    int64_t size;
} change;

typedef struct inode {
    blob durable;
    blob now;
    change *waiting;
    int64_t n_waiting;
} inode;

typedef struct entry {
    char *path;
    int64_t inode;
} entry;

typedef struct table {
    entry *items;
    int64_t count;
} table;

enum { LINK, RENAME, UNLINK };
typedef struct move { /* of a directory entry */
    int kind;
    char *path;
    char *to;
    int64_t inode;
} move;

struct memfs {
    pln_file_ops ops;
    inode *inodes;
    int64_t n_inodes;
    table durable;
    table now;
    move *waiting;
    int64_t n_waiting;
    int64_t *fds; /* inode, -1: closed */
    int64_t n_fds;
    memfs_fault fault;
    int64_t fault_seen;
    int64_t space;
    uint32_t lies;
    int64_t power_at;
    int64_t changes;
    bool off;
};

static void *must(void *ptr) {
    if (ptr == NULL) {
        fprintf(stderr, "memfs: out of memory\n");
        abort();
    }
    return ptr;
}

static void *grown(void *items, int64_t count, size_t size) {
    return must(realloc(items, (size_t)(count + 1) * size));
}

static char *copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(must(malloc(size)), text, size);
}

static void blob_set(blob *to, const blob *from) {
    to->data = must(realloc(to->data, (size_t)from->size + 1));
    if (from->size > 0)
        memcpy(to->data, from->data, (size_t)from->size);
    to->size = from->size;
    to->data[to->size] = '\0';
}

static void blob_apply(blob *to, int64_t offset, const char *data, int64_t size) {
    int64_t end = data == NULL ? offset : offset + size;
    if (data == NULL || end > to->size) {
        to->data = must(realloc(to->data, (size_t)end + 1));
        if (end > to->size)
            memset(to->data + to->size, 0, (size_t)(end - to->size));
        to->size = end;
        to->data[end] = '\0';
    }
    if (data != NULL && size > 0)
        memcpy(to->data + offset, data, (size_t)size);
}

static entry *find(const table *t, const char *path) {
    for (int64_t i = 0; i < t->count; i++)
        if (strcmp(t->items[i].path, path) == 0)
            return &t->items[i];
    return NULL;
}

static void table_remove(table *t, entry *e) {
    free(e->path);
    *e = t->items[--t->count];
}

static void table_link(table *t, const char *path, int64_t node) {
    entry *e = find(t, path);
    if (e == NULL) {
        t->items = grown(t->items, t->count, sizeof *t->items);
        e = &t->items[t->count++];
        e->path = copy_text(path);
    }
    e->inode = node;
}

static void table_apply(table *t, const move *m) {
    entry *e = find(t, m->path);
    if (m->kind == LINK) {
        table_link(t, m->path, m->inode);
    } else if (e != NULL) {
        int64_t node = e->inode;
        table_remove(t, e);
        if (m->kind == RENAME)
            table_link(t, m->to, node);
    }
}

static void table_copy(table *to, const table *from) {
    for (int64_t i = 0; i < from->count; i++)
        table_link(to, from->items[i].path, from->items[i].inode);
}

static void table_free(table *t) {
    for (int64_t i = 0; i < t->count; i++)
        free(t->items[i].path);
    free(t->items);
    *t = (table){0};
}

/* ---- faults ---- */

static pln_status fail_with(int native, const char *what, pln_error *err) {
    pln_status status = native == ENOENT                       ? PLN_ENOENT
                        : native == EEXIST                     ? PLN_EEXIST
                        : native == ENOSPC || native == EDQUOT ? PLN_ELIMIT
                                                               : PLN_EIO;
    if (err != NULL) {
        memset(err, 0, sizeof *err);
        err->status = status;
        err->native = native;
        snprintf(err->message, sizeof err->message, "memfs: %s (errno %d)", what, native);
    }
    return status;
}

/* *half: the operation is to be done by half before it fails. */
static pln_status check(memfs *fs, uint32_t kind, const char *what, bool *half, pln_error *err) {
    *half = false;
    if ((kind & MEMFS_CHANGES) != 0 && !fs->off) {
        fs->changes++;
        if (fs->power_at > 0 && --fs->power_at == 0)
            fs->off = true;
    }
    if (fs->off)
        return fail_with(EIO, "the power is off", err);
    if ((fs->fault.kinds & kind) == 0 || fs->fault.at == 0)
        return PLN_OK;
    int64_t n = ++fs->fault_seen;
    if (n != fs->fault.at && !(fs->fault.sticky && n > fs->fault.at))
        return PLN_OK;
    *half = fs->fault.partial;
    return fail_with(fs->fault.native, what, err);
}

/* ---- the operations ---- */

static inode *inode_of(memfs *fs, int64_t fd) {
    return &fs->inodes[fs->fds[fd]];
}

static void wait_move(memfs *fs, int kind, const char *path, const char *to, int64_t node) {
    fs->waiting = grown(fs->waiting, fs->n_waiting, sizeof *fs->waiting);
    move *m = &fs->waiting[fs->n_waiting++];
    *m = (move){kind, copy_text(path), to == NULL ? NULL : copy_text(to), node};
    table_apply(&fs->now, m);
}

static int64_t new_inode(memfs *fs) {
    fs->inodes = grown(fs->inodes, fs->n_inodes, sizeof *fs->inodes);
    fs->inodes[fs->n_inodes] = (inode){0};
    blob_apply(&fs->inodes[fs->n_inodes].now, 0, "", 0);
    blob_apply(&fs->inodes[fs->n_inodes].durable, 0, "", 0);
    return fs->n_inodes++;
}

static pln_status mem_open(void *user, const char *path, uint32_t flags, int64_t *fd,
                           pln_error *err) {
    memfs *fs = user;
    bool half;
    entry *e = find(&fs->now, path);
    if (e != NULL && (flags & PLN_FILE_EXCLUSIVE) != 0)
        return fail_with(EEXIST, path, err);
    if (e == NULL && (flags & PLN_FILE_CREATE) == 0)
        return fs->off ? fail_with(EIO, "the power is off", err) : fail_with(ENOENT, path, err);
    pln_status status = check(fs, e == NULL ? MEMFS_OPEN : MEMFS_READ, "open", &half, err);
    if (status < 0)
        return status;
    if (e == NULL) {
        wait_move(fs, LINK, path, NULL, new_inode(fs));
        e = find(&fs->now, path);
    }
    fs->fds = grown(fs->fds, fs->n_fds, sizeof *fs->fds);
    fs->fds[fs->n_fds] = e->inode;
    *fd = fs->n_fds++;
    return PLN_OK;
}

static void mem_close(void *user, int64_t fd) {
    ((memfs *)user)->fds[fd] = -1;
}

static pln_status mem_read(void *user, int64_t fd, int64_t offset, void *bytes, int64_t size,
                           int64_t *got, pln_error *err) {
    memfs *fs = user;
    bool half;
    *got = 0;
    pln_status status = check(fs, MEMFS_READ, "read", &half, err);
    if (status < 0)
        return status;
    const blob *now = &inode_of(fs, fd)->now;
    int64_t left = offset < now->size ? now->size - offset : 0;
    *got = left < size ? left : size;
    if (*got > 0)
        memcpy(bytes, now->data + offset, (size_t)*got);
    return PLN_OK;
}

static void wait_change(inode *node, int64_t offset, const char *data, int64_t size) {
    node->waiting = grown(node->waiting, node->n_waiting, sizeof *node->waiting);
    change *c = &node->waiting[node->n_waiting++];
    *c = (change){offset, NULL, size};
    if (data != NULL)
        c->data = memcpy(must(malloc((size_t)size + 1)), data, (size_t)size);
    blob_apply(&node->now, offset, data, size);
}

static pln_status mem_write(void *user, int64_t fd, int64_t offset, const void *bytes, int64_t size,
                            pln_error *err) {
    memfs *fs = user;
    bool half;
    pln_status status = check(fs, MEMFS_WRITE, "write", &half, err);
    if (status >= 0 && fs->space >= 0 && size > fs->space) {
        status = fail_with(ENOSPC, "write", err);
        half = true;
    }
    if (status >= 0 || half)
        wait_change(inode_of(fs, fd), offset, bytes, status >= 0 ? size : size / 2);
    if (status >= 0 && fs->space >= 0)
        fs->space -= size;
    return status;
}

static pln_status mem_truncate(void *user, int64_t fd, int64_t size, pln_error *err) {
    memfs *fs = user;
    bool half;
    pln_status status = check(fs, MEMFS_TRUNCATE, "truncate", &half, err);
    if (status >= 0)
        wait_change(inode_of(fs, fd), size, NULL, 0);
    return status;
}

static void drop_changes(inode *node) {
    for (int64_t i = 0; i < node->n_waiting; i++)
        free(node->waiting[i].data);
    node->n_waiting = 0;
}

static pln_status mem_sync(void *user, int64_t fd, pln_error *err) {
    memfs *fs = user;
    bool half;
    pln_status status = check(fs, MEMFS_SYNC, "sync", &half, err);
    if (status < 0 || (fs->lies & MEMFS_SYNC) != 0)
        return status;
    inode *node = inode_of(fs, fd);
    blob_set(&node->durable, &node->now);
    drop_changes(node);
    return PLN_OK;
}

static bool is_in(const char *path, const char *directory) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strcmp(directory, ".") == 0;
    return strlen(directory) == (size_t)(slash - path) &&
           memcmp(path, directory, (size_t)(slash - path)) == 0;
}

static pln_status mem_sync_directory(void *user, const char *path, pln_error *err) {
    memfs *fs = user;
    bool half;
    int64_t kept = 0;
    pln_status status = check(fs, MEMFS_SYNC_DIRECTORY, "sync the directory", &half, err);
    if (status < 0 || (fs->lies & MEMFS_SYNC_DIRECTORY) != 0)
        return status;
    for (int64_t i = 0; i < fs->n_waiting; i++) {
        move *m = &fs->waiting[i];
        if (is_in(m->path, path)) {
            table_apply(&fs->durable, m);
            free(m->path);
            free(m->to);
        } else {
            fs->waiting[kept++] = *m;
        }
    }
    fs->n_waiting = kept;
    return PLN_OK;
}

static bool is_directory(const memfs *fs, const char *path) {
    for (int64_t i = 0; i < fs->now.count; i++)
        if (is_in(fs->now.items[i].path, path))
            return true;
    return strcmp(path, ".") == 0 || strcmp(path, "dir") == 0;
}

static pln_status mem_info(void *user, const char *path, pln_file_info *out, pln_error *err) {
    memfs *fs = user;
    bool half;
    const entry *e = find(&fs->now, path);
    pln_status status = check(fs, MEMFS_INFO, "info", &half, err);
    if (status < 0)
        return status;
    if (e == NULL && !is_directory(fs, path))
        return fail_with(ENOENT, path, err);
    out->kind = e == NULL ? PLN_FILE_DIRECTORY : PLN_FILE_REGULAR;
    out->size_bytes = e == NULL ? 0 : fs->inodes[e->inode].now.size;
    out->modified_us = 0;
    out->device = 1;
    out->inode = e == NULL ? 0 : (uint64_t)e->inode + 1;
    return PLN_OK;
}

static pln_status mem_rename(void *user, const char *from, const char *to, pln_error *err) {
    memfs *fs = user;
    bool half;
    if (find(&fs->now, from) == NULL && !fs->off)
        return fail_with(ENOENT, from, err);
    pln_status status = check(fs, MEMFS_RENAME, "rename", &half, err);
    if (status >= 0)
        wait_move(fs, RENAME, from, to, 0);
    return status;
}

static pln_status mem_link(void *user, const char *from, const char *to, pln_error *err) {
    memfs *fs = user;
    bool half;
    const entry *e = find(&fs->now, from);
    if (!fs->off && (e == NULL || find(&fs->now, to) != NULL))
        return fail_with(e == NULL ? ENOENT : EEXIST, to, err);
    pln_status status = check(fs, MEMFS_LINK, "link", &half, err);
    if (status >= 0)
        wait_move(fs, LINK, to, NULL, e->inode);
    return status;
}

static pln_status mem_unlink(void *user, const char *path, pln_error *err) {
    memfs *fs = user;
    bool half;
    if (find(&fs->now, path) == NULL && !fs->off)
        return fail_with(ENOENT, path, err);
    pln_status status = check(fs, MEMFS_UNLINK, "unlink", &half, err);
    if (status >= 0)
        wait_move(fs, UNLINK, path, NULL, 0);
    return status;
}

static pln_status mem_make_directory(void *user, const char *path, pln_error *err) {
    (void)user;
    return fail_with(EEXIST, path, err);
}

static pln_status mem_list(void *user, const char *path,
                           pln_status (*each)(void *arg, const char *name), void *arg,
                           pln_error *err) {
    memfs *fs = user;
    bool half;
    pln_status status = check(fs, MEMFS_LIST, "list", &half, err);
    for (int64_t i = 0; i < fs->now.count && status >= 0; i++)
        if (is_in(fs->now.items[i].path, path)) {
            const char *slash = strrchr(fs->now.items[i].path, '/');
            status = each(arg, slash == NULL ? fs->now.items[i].path : slash + 1);
        }
    return status < 0 ? status : PLN_OK;
}

/* ---- making and freeing ---- */

memfs *memfs_new(void) {
    memfs *fs = must(calloc(1, sizeof *fs));
    fs->ops = (pln_file_ops){
        .struct_size = sizeof fs->ops,
        .user = fs,
        .open = mem_open,
        .close = mem_close,
        .read = mem_read,
        .write = mem_write,
        .truncate = mem_truncate,
        .sync = mem_sync,
        .sync_directory = mem_sync_directory,
        .info = mem_info,
        .rename = mem_rename,
        .link = mem_link,
        .unlink = mem_unlink,
        .make_directory = mem_make_directory,
        .list = mem_list,
    };
    fs->space = -1;
    return fs;
}

void memfs_free(memfs *fs) {
    for (int64_t i = 0; i < fs->n_inodes; i++) {
        drop_changes(&fs->inodes[i]);
        free(fs->inodes[i].waiting);
        free(fs->inodes[i].durable.data);
        free(fs->inodes[i].now.data);
    }
    for (int64_t i = 0; i < fs->n_waiting; i++) {
        free(fs->waiting[i].path);
        free(fs->waiting[i].to);
    }
    table_free(&fs->durable);
    table_free(&fs->now);
    free(fs->inodes);
    free(fs->waiting);
    free(fs->fds);
    free(fs);
}

const pln_file_ops *memfs_ops(memfs *fs) {
    return &fs->ops;
}
void memfs_fail(memfs *fs, const memfs_fault *fault) {
    fs->fault = *fault;
    fs->fault_seen = 0;
}
void memfs_space(memfs *fs, int64_t bytes) {
    fs->space = bytes;
}
void memfs_lie(memfs *fs, uint32_t kinds) {
    fs->lies = kinds;
}
void memfs_power(memfs *fs, int64_t at) {
    fs->power_at = at;
}
bool memfs_is_off(const memfs *fs) {
    return fs->off;
}
int64_t memfs_changes(const memfs *fs) {
    return fs->changes;
}

const char *memfs_bytes(const memfs *fs, const char *path, int64_t *size) {
    const entry *e = find(&fs->now, path);
    *size = e == NULL ? 0 : fs->inodes[e->inode].now.size;
    return e == NULL ? NULL : fs->inodes[e->inode].now.data;
}

int64_t memfs_count(const memfs *fs) {
    return fs->now.count;
}
const char *memfs_name(const memfs *fs, int64_t i) {
    return fs->now.items[i].path;
}

int64_t memfs_open_count(const memfs *fs) {
    int64_t n = 0;
    for (int64_t i = 0; i < fs->n_fds; i++)
        n += fs->fds[i] >= 0;
    return n;
}

void memfs_put(memfs *fs, const char *path, const void *bytes, int64_t size) {
    int64_t made = new_inode(fs);
    inode *node = &fs->inodes[made];
    blob_apply(&node->now, 0, bytes, size);
    blob_set(&node->durable, &node->now);
    table_link(&fs->now, path, made);
    table_link(&fs->durable, path, made);
}

/* A file system with these entries, whose files have the given bytes (by inode; NULL: as they are now). Inode numbers stay. */
static memfs *rebuild(const memfs *fs, const table *entries, const blob *const *bytes) {
    memfs *out = memfs_new();
    for (int64_t i = 0; i < fs->n_inodes; i++)
        (void)new_inode(out);
    for (int64_t i = 0; i < fs->n_inodes; i++) {
        blob_set(&out->inodes[i].now, bytes == NULL ? &fs->inodes[i].now : bytes[i]);
        blob_set(&out->inodes[i].durable, &out->inodes[i].now);
    }
    table_copy(&out->now, entries);
    table_copy(&out->durable, entries);
    return out;
}

memfs *memfs_copy(const memfs *fs) {
    return rebuild(fs, &fs->now, NULL);
}

/* ---- every state after a loss of power ---- */

typedef struct blobs {
    blob *items;
    int64_t count;
} blobs;

static void add_blob(blobs *to, const blob *from) {
    for (int64_t i = 0; i < to->count; i++)
        if (to->items[i].size == from->size &&
            memcmp(to->items[i].data, from->data, (size_t)from->size) == 0)
            return;
    to->items = grown(to->items, to->count, sizeof *to->items);
    to->items[to->count] = (blob){0};
    blob_set(&to->items[to->count++], from);
}

/* What may be left of a file: each waiting write is lost, there by half, or there. */
static void contents_of(const inode *node, blobs *out) {
    int64_t combinations = 1;
    for (int64_t i = 0; i < node->n_waiting; i++)
        combinations *= 3;
    for (int64_t c = 0; c < combinations; c++) {
        blob state = {0};
        int64_t rest = c;
        blob_set(&state, &node->durable);
        for (int64_t i = 0; i < node->n_waiting; i++, rest /= 3) {
            const change *w = &node->waiting[i];
            if (rest % 3 == 1 && w->data != NULL)
                blob_apply(&state, w->offset, w->data, w->size / 2);
            else if (rest % 3 == 2)
                blob_apply(&state, w->offset, w->data, w->size);
        }
        add_blob(out, &state);
        free(state.data);
    }
}

static bool same_table(const table *a, const table *b) {
    if (a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++) {
        const entry *e = find(b, a->items[i].path);
        if (e == NULL || e->inode != a->items[i].inode)
            return false;
    }
    return true;
}

static bool is_live(const table *t, int64_t node) {
    for (int64_t i = 0; i < t->count; i++)
        if (t->items[i].inode == node)
            return true;
    return false;
}

/* All combinations of what is left of the files that these entries name. */
static int64_t states_of(const memfs *fs, const table *entries, const blobs *contents,
                         void (*each)(void *arg, memfs *state), void *arg) {
    static const blob empty = {(char *)(uintptr_t) "", 0};
    int64_t count = 0, n = fs->n_inodes;
    int64_t *chosen = must(calloc((size_t)n + 1, sizeof *chosen));
    const blob **bytes = must(calloc((size_t)n + 1, sizeof *bytes));
    for (bool more = true; more;) {
        for (int64_t i = 0; i < n; i++)
            bytes[i] = is_live(entries, i) ? &contents[i].items[chosen[i]] : &empty;
        memfs *state = rebuild(fs, entries, bytes);
        each(arg, state);
        memfs_free(state);
        count++;
        more = false;
        for (int64_t i = 0; i < n && !more; i++) {
            if (!is_live(entries, i))
                continue;
            chosen[i] = (chosen[i] + 1) % contents[i].count;
            more = chosen[i] != 0;
        }
    }
    free(chosen);
    free(bytes);
    return count;
}

int64_t memfs_states(const memfs *fs, void (*each)(void *arg, memfs *state), void *arg) {
    int64_t count = 0, n_tables = 0;
    blobs *contents = must(calloc((size_t)fs->n_inodes + 1, sizeof *contents));
    table *tables = NULL;
    for (int64_t i = 0; i < fs->n_inodes; i++)
        contents_of(&fs->inodes[i], &contents[i]);
    for (int64_t kept = 0; kept < (int64_t)1 << fs->n_waiting; kept++) {
        table t = {0};
        bool known = false;
        table_copy(&t, &fs->durable);
        for (int64_t i = 0; i < fs->n_waiting; i++)
            if ((kept >> i & 1) != 0)
                table_apply(&t, &fs->waiting[i]);
        for (int64_t i = 0; i < n_tables && !known; i++)
            known = same_table(&tables[i], &t);
        if (known) {
            table_free(&t);
            continue;
        }
        tables = grown(tables, n_tables, sizeof *tables);
        tables[n_tables++] = t;
        count += states_of(fs, &tables[n_tables - 1], contents, each, arg);
    }
    for (int64_t i = 0; i < n_tables; i++)
        table_free(&tables[i]);
    for (int64_t i = 0; i < fs->n_inodes; i++) {
        for (int64_t k = 0; k < contents[i].count; k++)
            free(contents[i].items[k].data);
        free(contents[i].items);
    }
    free(tables);
    free(contents);
    return count;
}

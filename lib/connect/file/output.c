#include "connect/file/parts.h"
#include "store/store.h"
#include <errno.h>
#include <stdio.h>

/*
 * How a file appears whole. Rows go to `.NAME.<hash>.<owner>.tmp` beside the target; hash is of pipeline, run key and node.
 *
 *   prepare  sync the temporary file, then its directory; the handle names it and how much of it counts
 *   commit   of the last epoch: rename over the target, sync the directory. With {n} in the path: link to the epoch's own name (which fails
 *            where that exists), sync the directory, remove the temporary name
 *   recover  the committed prefix is copied to a file of the new owner, so that a writer of the old one, should it still live, cannot touch it;
 *            the old file stays until an epoch of the new owner is committed, for until then the committed handle names it
 *
 * The directory is synced between link and unlink: a file system may keep the second and lose the first.
 */

enum { NAME_SHOWN = 160, OWNER_TEXT = 24, TRIES = 16, COPY_SIZE = 256 * 1024 };

/* ---- names ---- */

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static uint64_t hash_identity(const pln_allocator *mem, const pln_identity *who, bool *ok) {
    const char *parts[] = {who->pipeline, who->run_key, who->node};
    pln__text text;
    pln__text_init(&text, mem);
    for (int i = 0; i < PLN__COUNT(parts); i++) {
        const char *part = parts[i] == NULL ? "" : parts[i];
        pln__text_int(&text, (int64_t)strlen(part));
        pln__text_char(&text, ':');
        pln__text_str(&text, part);
    }
    *ok = !text.failed;
    uint64_t hash = *ok ? pln__hash64(text.data, text.size, 0) : 0;
    pln__text_free(&text);
    return hash;
}

/* The path with {n} replaced. */
static char *target_of(const pln__output *output, int64_t n) {
    if (!output->numbered)
        return pln__strdup(output->mem, output->path);
    const char *at = strstr(base_name(output->path), "{n}");
    pln__text text;
    pln__text_init(&text, output->mem);
    pln__text_bytes(&text, output->path, at - output->path);
    pln__text_printf(&text, "%020lld", (long long)n);
    pln__text_str(&text, at + 3);
    if (text.failed) {
        pln__text_free(&text);
        return NULL;
    }
    return pln__text_take(&text);
}

/* A name that no other run makes. Long names are cut: hash and owner tell them apart. */
static char *temp_of(const pln__output *output, const char *target, const char *owner) {
    const char *name = base_name(target);
    pln__text text;
    pln__text_init(&text, output->mem);
    pln__text_bytes(&text, target, name - target);
    pln__text_printf(&text, ".%.*s.%016llx.%s.tmp", (int)NAME_SHOWN, name,
                     (unsigned long long)output->hash, owner);
    if (text.failed) {
        pln__text_free(&text);
        return NULL;
    }
    return pln__text_take(&text);
}

/* The owner in a temporary name of this pipeline, run and node, or -1. */
static int64_t owner_in(const pln__output *output, const char *name) {
    char hash[20];
    int64_t size = (int64_t)strlen(name), owner = 0;
    if (name[0] != '.' || size < 4 || strcmp(name + size - 4, ".tmp") != 0)
        return -1;
    const char *end = name + size - 4, *at = end;
    while (at > name && at[-1] >= '0' && at[-1] <= '9')
        at--;
    snprintf(hash, sizeof hash, ".%016llx.", (unsigned long long)output->hash);
    if (at == end || at - name < 18 || memcmp(at - 18, hash, 18) != 0)
        return -1;
    for (; at < end; at++)
        if (!pln__mul(owner, 10, &owner) || !pln__add(owner, *at - '0', &owner))
            return -1;
    return owner;
}

/* ---- failures ---- */

/* What a failed sync has left on the device is unknown: nothing may be built on it, and it is never tried again. */
static pln_status poison(pln__output *output, pln_status status, pln_error *err) {
    output->poisoned = true;
    if (err != NULL)
        err->flags |= PLN_ERR_FATAL;
    return status;
}

static pln_status check_poison(const pln__output *output, pln_error *err) {
    if (!output->poisoned)
        return PLN_OK;
    pln_status status = pln__error_set(err, PLN_EIO,
                                       "file '%s': an earlier sync has failed, what is on the "
                                       "device is unknown",
                                       output->path);
    if (err != NULL)
        err->flags |= PLN_ERR_FATAL;
    return status;
}

static pln_status sync_directory(pln__output *output, const char *path, pln_error *err) {
    char *directory = pln__file_directory(output->mem, path);
    if (directory == NULL)
        return pln__error_memory(err, strlen(path) + 1);
    pln_status status = output->files->sync_directory(output->files->user, directory, err);
    pln__strfree(output->mem, directory);
    return status < 0 ? poison(output, status, err) : PLN_OK;
}

static pln_status sync_file(pln__output *output, int64_t fd, const char *name, pln_error *err) {
    pln_status status = output->files->sync(output->files->user, fd, err);
    if (status >= 0)
        return PLN_OK;
    pln__error_prefix(err, "file '%s'", name);
    return poison(output, status, err);
}

static pln_status remove_file(const pln__output *output, const char *path, pln_error *err) {
    pln_status status = output->files->unlink(output->files->user, path, err);
    return status == PLN_ENOENT ? PLN_OK : status;
}

/* ---- opening ---- */

/* Makes the directories of `path` that are missing, each durable before the next one needs it. */
static pln_status make_directories(pln__output *output, char *path, pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    pln_status status = PLN_OK;
    for (char *at = path + 1;; at++) {
        char was = *at;
        if (was != '/' && was != '\0')
            continue;
        *at = '\0';
        status = output->files->info(output->files->user, path, &info, err);
        if (status == PLN_ENOENT) {
            status = output->files->make_directory(output->files->user, path, err);
            if (status == PLN_OK)
                status = sync_directory(output, path, err);
            else if (status == PLN_EEXIST)
                status = PLN_OK;
        }
        *at = was;
        if (status < 0 || was == '\0')
            return status;
    }
}

static pln_status check_place(pln__output *output, bool make, pln_error *err) {
    const pln_file_ops *files = output->files;
    pln_file_info info = {.struct_size = sizeof info};
    pln_status status = PLN_OK;
    if (make)
        PLN__TRY(make_directories(output, output->directory, err));
    status = files->info(files->user, output->directory, &info, err);
    if (status == PLN_ENOENT || (status == PLN_OK && info.kind != PLN_FILE_DIRECTORY))
        PLN__FAIL(err, PLN_ENOENT, "path '%s': '%s' is no directory (option mkdir makes it)",
                  output->path, output->directory);
    PLN__TRY(status);
    if (output->numbered)
        goto out;
    status = files->info(files->user, output->path, &info, err);
    if (status == PLN_OK && info.kind != PLN_FILE_REGULAR)
        PLN__FAIL(err, PLN_EOPTION,
                  "path '%s': it is there and no regular file; a device or pipe can be given as "
                  "option 'fd'",
                  output->path);
    if (status == PLN_ENOENT)
        status = PLN_OK;
out:
    return status;
}

pln_status pln__output_init(pln__output *output, const pln_allocator *mem,
                            const pln_file_ops *files, const pln__output_options *options,
                            pln_error *err) {
    pln_status status = PLN_OK;
    bool hashed;
    *output = (pln__output){.mem = mem, .files = files, .fd = -1, .synced = -1};
    const char *name = base_name(options->path), *number = strstr(options->path, "{n}");
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        PLN__FAIL(err, PLN_EOPTION, "path '%s': expected the name of a file", options->path);
    if (number != NULL && (number < name || strstr(number + 3, "{n}") != NULL))
        PLN__FAIL(err, PLN_EOPTION, "path '%s': {n} may stand once, in the name of the file",
                  options->path);
    output->numbered = number != NULL;
    output->owner = options->identity->owner;
    output->hash = hash_identity(mem, options->identity, &hashed);
    output->path = pln__strdup(mem, options->path);
    output->directory = pln__file_directory(mem, options->path);
    if (output->path == NULL || output->directory == NULL || !hashed)
        PLN__TRY(pln__error_memory(err, strlen(options->path) + 1));
    PLN__TRY(check_place(output, options->make_directories, err));
out:
    return status;
}

/* The temporary file is somebody else's now, or gone. */
static void forget_temp(pln__output *output) {
    if (output->fd >= 0)
        output->files->close(output->files->user, output->fd);
    pln__strfree(output->mem, output->temp);
    output->fd = -1;
    output->temp = NULL;
    output->length = output->committed = 0;
    output->synced = -1;
    output->prepared_n = output->prepared = 0;
    output->entry_synced = output->named = false;
}

/* Tried again at the next commit and at the end; what then is left the next owner removes. */
static void remove_retired(pln__output *output) {
    if (output->retired == NULL || !output->superseded ||
        remove_file(output, output->retired, NULL) < 0)
        return;
    pln__strfree(output->mem, output->retired);
    output->retired = NULL;
}

void pln__output_free(pln__output *output) {
    if (output->mem == NULL)
        return;
    /*
     * Nobody will look for a file that no handle names, nor, without a state file, for one that only an epoch before its commit point
     * names. A later one may be asked for by the next attempt of the same run.
     */
    bool wanted = output->named || (output->owner != 0 && output->prepared_n != 0);
    if (output->temp != NULL && !wanted)
        (void)remove_file(output, output->temp, NULL);
    forget_temp(output);
    remove_retired(output);
    pln__strfree(output->mem, output->retired);
    pln__strfree(output->mem, output->directory);
    pln__strfree(output->mem, output->path);
    *output = (pln__output){0};
}

/* ---- writing ---- */

pln_status pln__output_ensure(pln__output *output, pln_context *ctx, pln_error *err) {
    pln_status status = check_poison(output, err);
    pln_identity who = {.struct_size = sizeof who};
    pln_file_info info = {.struct_size = sizeof info};
    char owner[OWNER_TEXT], *target = NULL;
    uint64_t nonce;
    if (status < 0 || output->temp != NULL)
        return status;
    ctx->host->identity(ctx, &who);
    output->owner = who.owner; /* at open the run had not been taken over yet */
    target = target_of(output, who.epoch);
    if (target == NULL)
        PLN__TRY(pln__error_memory(err, strlen(output->path) + 1));
    for (int i = 0; i < TRIES; i++) {
        if (output->owner == 0) {
            ctx->host->random(ctx, &nonce, sizeof nonce);
            snprintf(owner, sizeof owner, "r%016llx", (unsigned long long)nonce);
        } else {
            snprintf(owner, sizeof owner, "%lld", (long long)output->owner);
        }
        output->temp = temp_of(output, target, owner);
        if (output->temp == NULL)
            PLN__TRY(pln__error_memory(err, strlen(target) + 1));
        status = output->files->open(output->files->user, output->temp,
                                     PLN_FILE_WRITE | PLN_FILE_CREATE | PLN_FILE_EXCLUSIVE,
                                     &output->fd, err);
        if (status >= 0)
            break;
        output->fd = -1;
        pln__strfree(output->mem, output->temp);
        output->temp = NULL;
        if (status != PLN_EEXIST || output->owner != 0)
            goto out;
    }
    PLN__TRY(status);
    output->length = output->committed = 0;
    output->synced = -1;
    output->prepared_n = output->prepared = 0;
    output->entry_synced = output->named = false;
    PLN__TRY(output->files->info(output->files->user, output->temp, &info, err));
    output->inode = info.inode;
out:
    if (status < 0 && output->temp != NULL) {
        (void)remove_file(output, output->temp, NULL);
        forget_temp(output);
    }
    pln__strfree(output->mem, target);
    return status < 0 ? status : PLN_OK;
}

pln_status pln__output_head(pln__output *output, int64_t size, pln__buffer *out, pln_error *err) {
    const pln_file_ops *files = output->files;
    int64_t fd = -1, got, end = out->size + (size < output->committed ? size : output->committed);
    pln_status status = files->open(files->user, output->temp, PLN_FILE_READ, &fd, err);
    if (status < 0)
        return status;
    PLN__TRY(pln__buffer_reserve(output->mem, out, end - out->size, err));
    for (int64_t at = 0; out->size < end; at += got, out->size += got) {
        PLN__TRY(
            files->read(files->user, fd, at, out->data + out->size, end - out->size, &got, err));
        if (got == 0)
            PLN__FAIL(err, PLN_EDATALOSS, "file '%s': it has lost bytes", output->temp);
    }
out:
    files->close(files->user, fd);
    return status < 0 ? status : PLN_OK;
}

pln_status pln__output_append(pln__output *output, pln_context *ctx, const uint8_t *bytes,
                              int64_t size, pln_error *err) {
    pln_status status = PLN_OK;
    if (size == 0)
        return PLN_OK;
    PLN__TRY(pln__output_ensure(output, ctx, err));
    status =
        output->files->write(output->files->user, output->fd, output->length, bytes, size, err);
    if (status < 0)
        pln__error_prefix(err, "file '%s'", output->temp);
    else
        output->length += size;
out:
    return status;
}

/* ---- prepare ---- */

pln_status pln__output_prepare(pln__output *output, int64_t n, bool final, pln__buffer *out,
                               pln_error *err) {
    pln_status status = PLN_OK;
    pln_file_info info = {.struct_size = sizeof info};
    pln__file_handle handle = {
        .length = output->length, .inode = output->inode, .temp = output->temp};
    PLN__TRY(check_poison(output, err));
    if (output->numbered && output->temp == NULL)
        return PLN_OK;
    handle.target = target_of(output, n);
    if (handle.target == NULL)
        PLN__TRY(pln__error_memory(err, strlen(output->path) + 1));
    handle.flags |= final ? PLN__HANDLE_FINAL : 0u;
    handle.flags |= output->numbered ? PLN__HANDLE_NUMBERED : 0u;
    handle.flags |= output->temp == NULL ? PLN__HANDLE_NOTHING : 0u;
    if (output->numbered) {
        status = output->files->info(output->files->user, handle.target, &info, err);
        if (status == PLN_OK)
            PLN__FAIL(err, PLN_EEXIST,
                      "file '%s': it is there already, and epoch %lld is not to be mixed with it",
                      handle.target, (long long)n);
        if (status != PLN_ENOENT)
            goto out;
    }
    if (output->temp != NULL && output->synced != output->length) {
        PLN__TRY(sync_file(output, output->fd, output->temp, err));
        output->synced = output->length;
    }
    if (output->temp != NULL && !output->entry_synced) {
        PLN__TRY(sync_directory(output, output->temp, err));
        output->entry_synced = true;
    }
    PLN__TRY(pln__file_handle_encode(output->mem, &handle, out, err));
    if (output->temp != NULL) {
        output->prepared_n = n;
        output->prepared = output->length;
    }
out:
    pln__strfree(output->mem, handle.target);
    return status < 0 ? status : PLN_OK;
}

/* ---- commit ---- */

static pln_status lost(const pln__file_handle *handle, const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EDATALOSS, "file '%s': %s, of which '%s' was to be made",
                          handle->temp, what, handle->target);
}

/* Brings the temporary file to the length that counts. PLN_ENOENT: it is not there. */
static pln_status settle_length(pln__output *output, const pln__file_handle *handle,
                                pln_error *err) {
    const pln_file_ops *files = output->files;
    pln_file_info info = {.struct_size = sizeof info};
    int64_t fd = -1;
    pln_status status = files->info(files->user, handle->temp, &info, err);
    if (status < 0)
        return status;
    if (info.size_bytes < handle->length)
        return lost(handle, "it has lost bytes", err);
    if (info.size_bytes == handle->length)
        return PLN_OK;
    PLN__TRY(files->open(files->user, handle->temp, PLN_FILE_WRITE, &fd, err));
    PLN__TRY(files->truncate(files->user, fd, handle->length, err));
    PLN__TRY(sync_file(output, fd, handle->temp, err));
out:
    if (fd >= 0)
        files->close(files->user, fd);
    return status;
}

/* The temporary name is gone: right if the target is that very file. */
static pln_status check_published(pln__output *output, const pln__file_handle *handle,
                                  pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    pln_status status = output->files->info(output->files->user, handle->target, &info, err);
    if (status < 0 && status != PLN_ENOENT)
        return status;
    if (status == PLN_ENOENT || info.inode != handle->inode || info.size_bytes != handle->length)
        return lost(handle, "it is gone", err);
    /* Whoever renamed it may have died before it was durable. */
    return sync_directory(output, handle->target, err);
}

static pln_status publish_by_rename(pln__output *output, const pln__file_handle *handle,
                                    pln_error *err) {
    pln_status status = settle_length(output, handle, err);
    if (status == PLN_OK)
        status = output->files->rename(output->files->user, handle->temp, handle->target, err);
    if (status == PLN_ENOENT)
        return check_published(output, handle, err);
    return status < 0 ? status : sync_directory(output, handle->target, err);
}

/* A file system without hard links: the check and the rename are two steps there. */
static pln_status rename_instead(pln__output *output, const pln__file_handle *handle,
                                 pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    pln_status status = output->files->info(output->files->user, handle->target, &info, err);
    if (status == PLN_OK)
        return pln__error_set(err, PLN_EEXIST, "file '%s': it is there already", handle->target);
    return status == PLN_ENOENT ? publish_by_rename(output, handle, err) : status;
}

static pln_status publish_by_link(pln__output *output, const pln__file_handle *handle,
                                  pln_error *err) {
    const pln_file_ops *files = output->files;
    pln_file_info info = {.struct_size = sizeof info};
    pln_error why = {0};
    pln_status status = settle_length(output, handle, err);
    if (status == PLN_ENOENT)
        return check_published(output, handle, err);
    PLN__TRY(status);
    status = files->link(files->user, handle->temp, handle->target, &why);
    if (status == PLN_EIO && (why.native == EPERM || why.native == EOPNOTSUPP))
        return rename_instead(output, handle, err);
    if (status == PLN_EEXIST) {
        PLN__TRY(files->info(files->user, handle->target, &info, err));
        if (info.inode != handle->inode)
            PLN__FAIL(err, PLN_EEXIST, "file '%s': it is there already, and not of this run",
                      handle->target);
    } else if (status < 0) {
        if (err != NULL)
            *err = why;
        return status;
    }
    PLN__TRY(sync_directory(output, handle->target, err));
    PLN__TRY(remove_file(output, handle->temp, err));
out:
    return status;
}

static pln_status commit_handle(pln__output *output, const pln__file_handle *handle,
                                pln_error *err) {
    pln_file_info info = {.struct_size = sizeof info};
    if ((handle->flags & PLN__HANDLE_NOTHING) != 0)
        return PLN_OK;
    if (handle->temp == NULL)
        return pln__error_set(err, PLN_EDATALOSS, "file '%s': its handle names no temporary file",
                              handle->target);
    if ((handle->flags & PLN__HANDLE_NUMBERED) != 0)
        return publish_by_link(output, handle, err);
    if ((handle->flags & PLN__HANDLE_FINAL) != 0)
        return publish_by_rename(output, handle, err);
    pln_status status = output->files->info(output->files->user, handle->temp, &info, err);
    if (status == PLN_ENOENT)
        return lost(handle, "it is gone", err);
    return status == PLN_OK && info.size_bytes < handle->length
               ? lost(handle, "it has lost bytes", err)
               : status;
}

static bool is_ours(const pln__output *output, const pln__file_handle *handle) {
    return output->temp != NULL && handle->temp != NULL && strcmp(output->temp, handle->temp) == 0;
}

static void pass_commit_point(pln__output *output) {
    output->committed = output->prepared;
    output->prepared_n = 0;
    output->named = true;
}

pln_status pln__output_commit(pln__output *output, const void *bytes, int64_t size,
                              pln_error *err) {
    pln__file_handle handle = {0};
    pln_status status = check_poison(output, err);
    if (status < 0 || size == 0)
        return status;
    PLN__TRY(pln__file_handle_decode(output->mem, bytes, size, &handle, err));
    PLN__TRY(commit_handle(output, &handle, err));
    if (is_ours(output, &handle)) {
        if ((handle.flags & (PLN__HANDLE_NUMBERED | PLN__HANDLE_FINAL)) != 0)
            forget_temp(output);
        else
            pass_commit_point(output);
    }
    /* This epoch's handle names another file now. */
    output->superseded |=
        handle.temp == NULL || output->retired == NULL || strcmp(output->retired, handle.temp) != 0;
    remove_retired(output);
out:
    pln__file_handle_free(output->mem, &handle);
    return status < 0 ? status : PLN_OK;
}

/* ---- abort ---- */

pln_status pln__output_abort(pln__output *output, int64_t n, const void *bytes, int64_t size,
                             pln_error *err) {
    pln__file_handle handle = {0};
    pln_status status = check_poison(output, err);
    if (status < 0)
        return status;
    if (output->prepared_n != 0 && output->prepared_n < n)
        pass_commit_point(output);
    output->prepared_n = 0;
    if (output->numbered && output->temp != NULL) {
        if (!output->named)
            PLN__TRY(remove_file(output, output->temp, err));
        forget_temp(output);
    } else if (output->temp != NULL && output->length != output->committed) {
        PLN__TRY(output->files->truncate(output->files->user, output->fd, output->committed, err));
        output->length = output->committed;
        output->synced = -1;
    }
    if (output->numbered && size > 0) {
        PLN__TRY(pln__file_handle_decode(output->mem, bytes, size, &handle, err));
        if (handle.temp != NULL)
            PLN__TRY(remove_file(output, handle.temp, err));
    }
out:
    pln__file_handle_free(output->mem, &handle);
    return status;
}

/* ---- recover ---- */

typedef struct stale {
    const pln__output *output;
    const char *keep; /* base name, or NULL */
    pln__text names;  /* each with its NUL */
} stale;

static pln_status collect(void *arg, const char *name) {
    stale *into = arg;
    int64_t owner = owner_in(into->output, name);
    if (owner < 0 || owner >= into->output->owner ||
        (into->keep != NULL && strcmp(name, into->keep) == 0))
        return PLN_OK;
    pln__text_bytes(&into->names, name, (int64_t)strlen(name) + 1);
    return into->names.failed ? PLN_ENOMEM : PLN_OK;
}

/* What earlier owners have left, but for the file that the committed handle still names. */
static pln_status remove_stale(pln__output *output, const char *keep, pln_error *err) {
    const char *slash = strrchr(output->path, '/');
    int64_t prefix = slash == NULL ? 0 : slash + 1 - output->path;
    stale found = {.output = output, .keep = keep == NULL ? NULL : base_name(keep)};
    pln__text path;
    pln__text_init(&found.names, output->mem);
    pln_status status =
        output->files->list(output->files->user, output->directory, collect, &found, err);
    if (status == PLN_ENOMEM)
        pln__error_memory(err, 0);
    for (int64_t at = 0; status >= 0 && at < found.names.size;) {
        const char *name = found.names.data + at;
        pln__text_init(&path, output->mem);
        pln__text_bytes(&path, output->path, prefix);
        pln__text_str(&path, name);
        status = pln__text_status(&path, err);
        if (status >= 0)
            status = remove_file(output, path.data, err);
        pln__text_free(&path);
        at += (int64_t)strlen(name) + 1;
    }
    pln__text_free(&found.names);
    return status < 0 ? status : PLN_OK;
}

static pln_status copy_bytes(pln__output *output, pln_context *ctx, int64_t from,
                             const pln__file_handle *handle, pln_error *err) {
    pln_status status = PLN_OK;
    uint8_t *bytes = pln__alloc(output->mem, COPY_SIZE);
    if (bytes == NULL)
        return pln__error_memory(err, COPY_SIZE);
    for (int64_t at = 0, got = 0; at < handle->length; at += got) {
        int64_t size = handle->length - at < COPY_SIZE ? handle->length - at : COPY_SIZE;
        PLN__TRY(output->files->read(output->files->user, from, at, bytes, size, &got, err));
        if (got < size)
            PLN__TRY(lost(handle, "it has lost bytes", err));
        PLN__TRY(pln__output_append(output, ctx, bytes, got, err));
    }
out:
    pln__free(output->mem, bytes, COPY_SIZE);
    return status;
}

/* Go on behind the committed prefix, in a file that only this owner writes. */
static pln_status take_over(pln__output *output, pln_context *ctx, const pln__file_handle *handle,
                            pln_error *err) {
    const pln_file_ops *files = output->files;
    int64_t from = -1;
    pln_status status = files->open(files->user, handle->temp, PLN_FILE_READ, &from, err);
    if (status == PLN_ENOENT)
        return lost(handle, "it is gone", err);
    PLN__TRY(status);
    PLN__TRY(pln__output_ensure(output, ctx, err));
    PLN__TRY(copy_bytes(output, ctx, from, handle, err));
    output->retired = pln__strdup(output->mem, handle->temp);
    if (output->retired == NULL)
        PLN__TRY(pln__error_memory(err, strlen(handle->temp) + 1));
    output->committed = output->length;
out:
    if (from >= 0)
        files->close(files->user, from);
    return status;
}

pln_status pln__output_recover(pln__output *output, pln_context *ctx, const void *bytes,
                               int64_t size, pln_error *err) {
    pln__file_handle handle = {0};
    pln_status status = check_poison(output, err);
    const char *keep = NULL;
    pln_identity who = {.struct_size = sizeof who};
    if (status < 0)
        return status;
    ctx->host->identity(ctx, &who);
    output->owner = who.owner;
    if (output->temp != NULL)
        return pln__error_set(err, PLN_ESTATE, "file '%s': recover comes before the first row",
                              output->path);
    /* The run is taken over after its nodes were opened; only now is the owner known. */
    pln_identity identity = {.struct_size = sizeof identity};
    ctx->host->identity(ctx, &identity);
    output->owner = identity.owner;
    if (size > 0) {
        PLN__TRY(pln__file_handle_decode(output->mem, bytes, size, &handle, err));
        PLN__TRY(commit_handle(output, &handle, err));
    }
    bool goes_on =
        handle.temp != NULL &&
        (handle.flags & (PLN__HANDLE_FINAL | PLN__HANDLE_NUMBERED | PLN__HANDLE_NOTHING)) == 0;
    if (goes_on) {
        keep = handle.temp;
        PLN__TRY(take_over(output, ctx, &handle, err));
    }
    PLN__TRY(remove_stale(output, keep, err));
out:
    pln__file_handle_free(output->mem, &handle);
    return status < 0 ? status : PLN_OK;
}

#include "graph/graph.h"
#include <dlfcn.h>
#include <errno.h>
#include <pln/builder.h>
#include <pln/version.h>
#include <sys/stat.h>
#include <unistd.h>

typedef pln_status (*init_fn)(const pln_host *host, pln_registry *registry, pln_error *err);

static const pln_builder_calls builder_calls = {
    .struct_size = sizeof(pln_builder_calls),
    .column = pln_builder_column,
    .child = pln_column_child,
    .append_null = pln_column_null,
    .append_int = pln_column_int,
    .append_uint = pln_column_uint,
    .append_float = pln_column_float,
    .append_text = pln_column_text,
    .append_bytes = pln_column_bytes,
    .end = pln_column_end,
    .variant = pln_column_variant,
    .finish = pln_builder_finish,
    .free = pln_builder_free,
};

void pln__host_static(pln_host *host) {
    memset(host, 0, sizeof *host);
    host->struct_size = (uint32_t)sizeof *host;
    host->abi = PLN_PLUGIN_ABI;
    host->version = pln_version();
    host->register_stage = pln__registry_add;
    host->config_has = pln__config_has;
    host->config_text = pln__config_text;
    host->config_int = pln__config_int;
    host->config_float = pln__config_float;
    host->config_count = pln__config_count;
    host->config_item = pln__config_item;
    host->config_json = pln__config_json;
    host->config_handle = pln__config_handle;
    host->port_add = pln__port_add;
    host->builder = &builder_calls;
    host->batch_schema = pln_batch_schema;
    host->batch_array = pln_batch_array;
    host->batch_ref = pln_batch_ref;
    host->batch_unref = pln_batch_unref;
}

/* A plugin is trusted code: refuse a file that somebody else could have replaced. */
static pln_status path_ok(const char *path, pln_error *err) {
    struct stat st;
    if (path == NULL || path[0] != '/')
        return pln__error_set(err, PLN_EINVAL, "plugin '%s': expected an absolute path",
                              path == NULL ? "" : path);
    if (stat(path, &st) != 0) {
        int code = errno;
        pln_status status =
            pln__error_set(err, code == ENOENT ? PLN_ENOENT : PLN_EIO, "plugin %s: %s", path,
                           code == ENOENT ? "no such file" : "cannot be read");
        if (err != NULL)
            err->native = code;
        return status;
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
        return pln__error_set(
            err, PLN_EINVAL,
            "plugin %s: it must belong to root or to this user and be writable by nobody else",
            path);
    return PLN_OK;
}

pln_status pln_runtime_load(pln_runtime *runtime, const char *path, pln_error *err) {
    pln_status status = path_ok(path, err);
    pln_host host;
    init_fn init;
    if (status < 0)
        return status;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        const char *why = dlerror();
        return pln__error_set(err, PLN_EIO, "plugin %s: %s", path,
                              why == NULL ? "cannot be loaded" : why);
    }
    void *symbol = dlsym(object, "pln_plugin_init_v1");
    if (symbol == NULL) {
        dlclose(object);
        return pln__error_set(err, PLN_EABI, "plugin %s: it exports no pln_plugin_init_v1", path);
    }
    memcpy(&init, &symbol, sizeof init); /* ISO C has no cast from object to function pointer */
    pln__host_static(&host);
    status = init(&host, &runtime->registry, err);
    if (status < 0)
        pln__error_prefix(err, "plugin %s", path);
    return status < 0 ? status : PLN_OK;
}

#include "graph/graph.h"
#include "registry/registry.h"
#include <stdio.h>

/* What a backend sees of its host: no run stands behind it. */
typedef struct registry_context {
    pln_context base;
    pln_host host;
    pln_runtime *runtime;
    const char *name; /* of the table, static text of its author */
} registry_context;

static pln_runtime *runtime_of(pln_context *ctx) {
    return ((registry_context *)ctx)->runtime;
}

static const pln_allocator *allocator(pln_context *ctx) {
    return runtime_of(ctx)->mem;
}

static const pln_file_ops *files(pln_context *ctx) {
    return &runtime_of(ctx)->files;
}

static int64_t now_us(pln_context *ctx) {
    const pln_clock *clock = &runtime_of(ctx)->clock;
    return clock->now_us(clock->user);
}

static int64_t monotonic_us(pln_context *ctx) {
    const pln_clock *clock = &runtime_of(ctx)->clock;
    return clock->monotonic_us(clock->user);
}

static void random_bytes(pln_context *ctx, void *bytes, uint64_t size) {
    const pln_random *random = &runtime_of(ctx)->random;
    random->fill(random->user, bytes, size);
}

static void log_line(pln_context *ctx, int32_t level, const char *message) {
    pln__runtime_log(runtime_of(ctx), level, ((registry_context *)ctx)->name, message);
}

static void context_free(pln_context *ctx) {
    registry_context *own = (registry_context *)ctx;
    pln__free(own->runtime->mem, own, sizeof *own);
}

static pln_status context_new(pln_runtime *runtime, const char *name, registry_context **out,
                              pln_error *err) {
    registry_context *own = pln__calloc(runtime->mem, 1, sizeof *own);
    *out = own;
    if (own == NULL)
        return pln__error_memory(err, sizeof *own);
    pln__host_static(&own->host);
    own->host.register_stage = NULL;
    own->host.port_add = NULL;
    own->host.allocator = allocator;
    own->host.files = files;
    own->host.now_us = now_us;
    own->host.monotonic_us = monotonic_us;
    own->host.random = random_bytes;
    own->host.log = log_line;
    own->base.host = &own->host;
    own->runtime = runtime;
    own->name = name;
    return PLN_OK;
}

/* The scheme of "https://..." or "sqlite:...": at least two letters. */
static int64_t scheme_size(const char *location) {
    int64_t n = 0;
    while (location[n] >= 'a' && location[n] <= 'z')
        n++;
    return n >= 2 && location[n] == ':' ? n : 0;
}

static bool is_directory(pln_runtime *runtime, const char *path) {
    pln_file_info info = {.struct_size = sizeof info};
    size_t size = strlen(path);
    if (size > 0 && path[size - 1] == '/')
        return true;
    return runtime->files.info(runtime->files.user, path, &info, NULL) == PLN_OK &&
           info.kind == PLN_FILE_DIRECTORY;
}

static pln_status find_table(pln_runtime *runtime, const char *location, const pln__stage **out,
                             pln_error *err) {
    char name[64];
    int64_t scheme = scheme_size(location);
    if (scheme == 0)
        (void)snprintf(name, sizeof name, "registry.%s",
                       is_directory(runtime, location) ? "directory" : "sqlite");
    else if (scheme == 5 && strncmp(location, "https", 5) == 0)
        (void)snprintf(name, sizeof name, "registry.http");
    else
        (void)snprintf(name, sizeof name, "registry.%.*s", (int)(scheme < 40 ? scheme : 40),
                       location);
    pln_error own = {0};
    *out = pln__registry_find(runtime, name, &own);
    if (*out == NULL || (*out)->kind != PLN_SCHEMA_REGISTRY)
        return pln__error_set(
            err, PLN_ENAME, "registry '%s': there is no backend '%s'%s", location, name,
            strcmp(name, "registry.http") == 0 ? ", the plugin pln-http is not loaded" : "");
    return PLN_OK;
}

static pln_status configure(pln_config *config, const pln_allocator *mem, const pln__stage *stage,
                            const char *location, const char *json, pln_error *err) {
    pln_status status = pln__config_init(config, mem, stage, json, err);
    if (status >= 0)
        status = pln__config_set(config, "location", json_string(location), err);
    return status < 0 ? status : pln__config_complete(config, err);
}

pln_status pln_schema_registry_open(pln_runtime *runtime, const char *location, const char *config,
                                    pln_schema_registry **out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln__stage *stage = NULL;
    registry_context *ctx = NULL;
    pln_config values = {0};
    void *self = NULL;
    bool opened = false;
    *out = NULL;
    if (location == NULL || location[0] == '\0')
        return pln__error_set(err, PLN_EINVAL, "registry: the location is missing");
    PLN__TRY(find_table(runtime, location, &stage, err));
    const pln_schema_registry_table *table = &stage->table.schema_registry;
    PLN__TRY(configure(&values, runtime->mem, stage, location, config, err));
    PLN__TRY(context_new(runtime, table->name, &ctx, err));
    status = table->open(stage->user, &ctx->base, &values, &self, err);
    opened = status >= 0;
    PLN__TRY(pln__config_returned(&values, status, err));
    pln__registry_opened given = {runtime->mem, *table, self, &ctx->base, context_free, location};
    ctx = NULL;
    status = pln__schema_registry_new(&given, out, err);
    pln__config_free(&values);
    return status;
out:
    if (opened)
        table->close(self, &ctx->base);
    if (ctx != NULL)
        context_free(&ctx->base);
    pln__config_free(&values);
    if (status < 0 && strchr(location, '@') == NULL) /* a password may stand before it */
        pln__error_where(err, "%s", location);
    return status;
}

#include "graph/graph.h"

static size_t table_size(int32_t kind) {
    return kind == PLN_SOURCE      ? sizeof(pln_source)
           : kind == PLN_TRANSFORM ? sizeof(pln_transform)
           : kind == PLN_SINK      ? sizeof(pln_sink)
                                   : sizeof(pln_schema_registry_table);
}

/* The bytes that hold the required slots of each kind; a table may end right after them. */
static size_t table_required(int32_t kind) {
    return kind == PLN_SOURCE      ? offsetof(pln_source, save)
           : kind == PLN_TRANSFORM ? offsetof(pln_transform, ports)
           : kind == PLN_SINK      ? offsetof(pln_sink, schema)
                                   : offsetof(pln_schema_registry_table, by_version);
}

static bool name_ok(const char *name) {
    if (name == NULL || name[0] == '\0' || strlen(name) > 63)
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || *at == '.' || *at == '_' || *at == '-'))
            return false;
    return true;
}

static pln_status options_ok(const pln__stage *stage, pln_error *err) {
    const pln_source *head = pln__stage_head(stage);
    pln_option option;
    if (head->options == NULL)
        return PLN_OK;
    if (head->option_size < offsetof(pln_option, fallback) || head->option_size > 1024)
        return pln__error_set(err, PLN_EABI, "stage %s: option_size %u is wrong", head->name,
                              (unsigned)head->option_size);
    for (int64_t i = 0; pln__stage_option(stage, i, &option); i++) {
        if (!name_ok(option.key) || option.type < PLN_OPT_TEXT || option.type > PLN_OPT_TEXTS)
            return pln__error_set(err, PLN_EABI, "stage %s: option %lld has no proper key or type",
                                  head->name, (long long)i);
        if (option.type == PLN_OPT_ENUM && option.values == NULL)
            return pln__error_set(err, PLN_EABI, "stage %s: option %s lists no values", head->name,
                                  option.key);
    }
    return PLN_OK;
}

static bool slots_ok(const pln__stage *stage) {
    if (stage->kind == PLN_SOURCE)
        return stage->table.source.open != NULL && stage->table.source.schema != NULL &&
               stage->table.source.poll != NULL && stage->table.source.close != NULL;
    if (stage->kind == PLN_TRANSFORM)
        return stage->table.transform.open != NULL && stage->table.transform.process != NULL &&
               stage->table.transform.close != NULL;
    if (stage->kind == PLN_SCHEMA_REGISTRY)
        return stage->table.schema_registry.open != NULL &&
               stage->table.schema_registry.close != NULL &&
               stage->table.schema_registry.by_id != NULL;
    return stage->table.sink.open != NULL && stage->table.sink.write != NULL &&
           stage->table.sink.close != NULL;
}

static pln_status stage_fill(pln__stage *stage, const void *table, pln_error *err) {
    uint32_t size;
    if (stage->kind < PLN_SOURCE || stage->kind > PLN_SCHEMA_REGISTRY)
        return pln__error_set(err, PLN_EUNSUPPORTED, "stage: kind %d is not offered yet",
                              (int)stage->kind);
    if (table == NULL)
        return pln__error_set(err, PLN_EINVAL, "stage: the table is NULL");
    memcpy(&size, table, sizeof size);
    if (size < table_required(stage->kind))
        return pln__error_set(err, PLN_EABI,
                              "stage: the table has %u bytes, its required slots need %zu",
                              (unsigned)size, table_required(stage->kind));
    memcpy(&stage->table, table, size < table_size(stage->kind) ? size : table_size(stage->kind));
    const pln_source *head = pln__stage_head(stage);
    if (head->abi < PLN__ABI_MIN || head->abi > PLN_PLUGIN_ABI)
        return pln__error_set(err, PLN_EABI, "stage: abi %u, this library knows %d to %d",
                              (unsigned)head->abi, PLN__ABI_MIN, PLN_PLUGIN_ABI);
    if (!name_ok(head->name))
        return pln__error_set(err, PLN_EINVAL,
                              "stage: the name is missing or not letters, digits, . _ -");
    if (!slots_ok(stage))
        return pln__error_set(err, PLN_EABI, "stage %s: a required slot is NULL", head->name);
    if (stage->kind == PLN_SINK &&
        (stage->table.sink.state_open == NULL) != (stage->table.sink.state_commit == NULL))
        return pln__error_set(err, PLN_EABI, "stage %s: state_open and state_commit go together",
                              head->name);
    return options_ok(stage, err);
}

pln_status pln__stage_new(pln_runtime *runtime, int32_t kind, const void *table, void *user,
                          void (*free_user)(void *), pln__stage **out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__stage *stage = pln__calloc(runtime->mem, 1, sizeof *stage);
    *out = NULL;
    if (stage == NULL) {
        if (free_user != NULL)
            free_user(user);
        return pln__error_memory(err, sizeof *stage);
    }
    stage->kind = kind;
    stage->user = user;
    stage->free_user = free_user;
    PLN__TRY(stage_fill(stage, table, err));
    *out = stage;
    return PLN_OK;
out:
    pln__stage_free(runtime, stage);
    return status;
}

void pln__stage_free(pln_runtime *runtime, pln__stage *stage) {
    if (stage == NULL)
        return;
    if (stage->free_user != NULL)
        stage->free_user(stage->user);
    pln__free(runtime->mem, stage, sizeof *stage);
}

/* What every stage understands, because the engine does it; behind the first, what every source and sink does. */
static const pln_option common_options[] = {
    {"on_reject", PLN_OPT_ENUM, 0, "\"fail\"", "fail|drop",
     "what a rejected row does while the reject port is not wired: end the run, or be counted and dropped"},
    {"contract", PLN_OPT_JSON, 0, NULL, NULL,
     "the data contract that rows are held to, pln-contracts(7): the path of its file, or the document"},
    {"contract_object", PLN_OPT_TEXT, 0, NULL, NULL,
     "which table of the contract; default: the only one, or the one named as the node"},
    {"on_breach", PLN_OPT_ENUM, 0, "\"fail\"", "fail|quarantine|warn",
     "what a breach of the contract does: fail the epoch, send the row to the reject port, or be reported"}};

static int64_t common_count(const pln__stage *stage) {
    if (stage->kind > PLN_SINK)
        return 0;
    return stage->kind == PLN_TRANSFORM ? 1 : PLN__COUNT(common_options);
}

bool pln__stage_option(const pln__stage *stage, int64_t i, pln_option *out) {
    const pln_source *head = pln__stage_head(stage);
    size_t size = head->option_size < sizeof *out ? head->option_size : sizeof *out;
    int64_t own = 0;
    memset(out, 0, sizeof *out);
    for (; head->options != NULL; own++) {
        const char *key;
        memcpy(&key, (const char *)head->options + (size_t)own * head->option_size, sizeof key);
        if (key == NULL || own == i)
            break;
    }
    if (head->options != NULL && own == i)
        memcpy(out, (const char *)head->options + (size_t)i * head->option_size, size);
    if (out->key == NULL && i >= own && i - own < common_count(stage))
        *out = common_options[i - own];
    return out->key != NULL;
}

bool pln__stage_takes_contract(const pln__stage *stage) {
    pln_option option;
    for (int64_t i = 0; pln__stage_option(stage, i, &option); i++)
        if (strcmp(option.key, common_options[1].key) == 0)
            return option.help == common_options[1].help;
    return false;
}

static const pln__stage *find(const pln_runtime *runtime, const char *name) {
    for (int64_t i = 0; i < runtime->n_stages; i++)
        if (strcmp(pln__stage_head(runtime->stages[i])->name, name) == 0)
            return runtime->stages[i];
    return NULL;
}

const pln__stage *pln__registry_find(const pln_runtime *runtime, const char *name, pln_error *err) {
    const pln__stage *stage = name == NULL ? NULL : find(runtime, name);
    const char *names[257] = {0};
    if (stage != NULL)
        return stage;
    for (int64_t i = 0; i < runtime->n_stages && i < 256; i++)
        names[i] = pln__stage_head(runtime->stages[i])->name;
    const char *near = name == NULL ? NULL : pln__nearest(name, names);
    pln__error_set(err, PLN_ENAME, "stage '%s': there is none of that name%s%s%s",
                   name == NULL ? "" : name, near != NULL ? " (did you mean '" : "",
                   near != NULL ? near : "", near != NULL ? "'?)" : "");
    return NULL;
}

static pln_status add(pln_runtime *runtime, int32_t kind, const void *table, void *user,
                      void (*free_user)(void *), pln_error *err) {
    pln_status status = PLN_OK;
    pln__stage *stage = NULL;
    PLN__TRY(pln__stage_new(runtime, kind, table, user, free_user, &stage, err));
    if (find(runtime, pln__stage_head(stage)->name) != NULL)
        PLN__FAIL(err, PLN_EEXIST, "stage '%s': it is registered already",
                  pln__stage_head(stage)->name);
    PLN__TRY(pln__grow(runtime->mem, &runtime->stages, &runtime->stages_capacity,
                       runtime->n_stages + 1, sizeof *runtime->stages, err));
    runtime->stages[runtime->n_stages++] = stage;
    return PLN_OK;
out:
    pln__stage_free(runtime, stage);
    return status;
}

pln_status pln__registry_add(pln_registry *registry, int32_t kind, const void *table, void *user,
                             pln_error *err) {
    return add(registry->runtime, kind, table, user, NULL, err);
}

pln_status pln_runtime_register(pln_runtime *runtime, int32_t kind, const void *table, void *user,
                                void (*free_user)(void *user), pln_error *err) {
    return add(runtime, kind, table, user, free_user, err);
}

const char *pln_runtime_stage(const pln_runtime *runtime, int32_t index) {
    if (index < 0 || index >= runtime->n_stages)
        return NULL;
    return pln__stage_head(runtime->stages[index])->name;
}

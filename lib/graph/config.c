#include "graph/graph.h"

static bool find_option(const pln__stage *stage, const char *key, pln_option *out) {
    for (int64_t i = 0; pln__stage_option(stage, i, out); i++)
        if (strcmp(out->key, key) == 0)
            return true;
    return false;
}

static pln_status unknown_option(const pln__stage *stage, const char *key, pln_error *err) {
    const char *names[129] = {0};
    pln_option option;
    for (int64_t i = 0; i < 128 && pln__stage_option(stage, i, &option); i++)
        names[i] = option.key;
    const char *near = pln__nearest(key, names);
    return pln__error_set(err, PLN_EOPTION, "option '%s': stage %s has none of that name%s%s%s",
                          key, pln__stage_head(stage)->name, near != NULL ? " (did you mean '" : "",
                          near != NULL ? near : "", near != NULL ? "'?)" : "");
}

pln_status pln__json_parse(const char *text, const char *what, json_t **out, pln_error *err) {
    json_error_t at;
    size_t size = strlen(text);
    *out = NULL;
    if (size > PLN__CONFIG_MAX)
        return pln__error_set(err, PLN_ELIMIT, "%s: %zu bytes of JSON, at most %d are read", what,
                              size, PLN__CONFIG_MAX);
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (*out == NULL)
        return pln__error_set(err, PLN_ESYNTAX, "%s: JSON line %d, column %d: %s", what, at.line,
                              at.column, at.text);
    return PLN_OK;
}

pln_status pln__config_unset(pln_config *config, const char *key, pln_error *err) {
    pln_option option;
    if (!find_option(config->stage, key, &option))
        return unknown_option(config->stage, key, err);
    json_object_del(config->values, key);
    return PLN_OK;
}

pln_status pln__config_set(pln_config *config, const char *key, json_t *value, pln_error *err) {
    pln_status status = PLN_OK;
    pln_option option;
    json_t *kept = NULL;
    if (value == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "option '%s': out of memory", key);
    if (!find_option(config->stage, key, &option))
        PLN__TRY(unknown_option(config->stage, key, err));
    if (json_is_null(value) && option.type != PLN_OPT_JSON) {
        json_object_del(config->values, key); /* null says: not set */
        goto out;
    }
    PLN__TRY(pln__option_check(&option, value, &kept, err));
    if (json_object_set_new(config->values, key, kept) != 0)
        PLN__FAIL(err, PLN_ENOMEM, "option '%s': out of memory", key);
out:
    json_decref(value);
    return status;
}

static pln_status set_defaults(pln_config *config, pln_error *err) {
    pln_option option;
    for (int64_t i = 0; pln__stage_option(config->stage, i, &option); i++) {
        json_t *value, *kept;
        if (option.fallback == NULL)
            continue;
        pln_status status = pln__json_parse(option.fallback, option.key, &value, err);
        if (status < 0)
            return status;
        status = pln__option_check(&option, value, &kept, err);
        json_decref(value);
        if (status < 0)
            return status;
        if (json_object_set_new(config->defaults, option.key, kept) != 0)
            return pln__error_set(err, PLN_ENOMEM, "option '%s': out of memory", option.key);
    }
    return PLN_OK;
}

pln_status pln__config_init(pln_config *config, const pln_allocator *mem, const pln__stage *stage,
                            const char *json, pln_error *err) {
    pln_status status = PLN_OK;
    json_t *given = NULL, *value;
    const char *key;
    memset(config, 0, sizeof *config);
    config->mem = mem;
    config->stage = stage;
    config->values = json_object();
    config->defaults = json_object();
    if (config->values == NULL || config->defaults == NULL)
        PLN__FAIL(err, PLN_ENOMEM, "configuration: out of memory");
    PLN__TRY(set_defaults(config, err));
    if (json == NULL)
        goto out;
    PLN__TRY(pln__json_parse(json, "configuration", &given, err));
    if (!json_is_object(given))
        PLN__FAIL(err, PLN_ESYNTAX, "configuration: expected a JSON object");
    json_object_foreach(given, key, value)
        PLN__TRY(pln__config_set(config, key, json_incref(value), err));
out:
    json_decref(given);
    return status;
}

static void drop_texts(pln_config *config) {
    for (int64_t i = 0; i < config->n_texts; i++)
        pln__strfree(config->mem, config->texts[i]);
    config->n_texts = 0;
}

pln_status pln__config_returned(pln_config *config, pln_status status, pln_error *err) {
    bool lacked = config->short_of_memory;
    drop_texts(config);
    config->short_of_memory = false;
    return lacked ? pln__error_set(err, PLN_ENOMEM, "configuration: out of memory") : status;
}

void pln__config_free(pln_config *config) {
    for (int64_t i = 0; i < config->n_bindings; i++) {
        if (config->bindings[i].free_pointer != NULL)
            config->bindings[i].free_pointer(config->bindings[i].pointer);
        pln__strfree(config->mem, config->bindings[i].key);
    }
    drop_texts(config);
    if (config->mem != NULL) {
        pln__free(config->mem, config->bindings,
                  (uint64_t)config->bindings_capacity * sizeof *config->bindings);
        pln__free(config->mem, config->texts,
                  (uint64_t)config->texts_capacity * sizeof *config->texts);
    }
    json_decref(config->values);
    json_decref(config->defaults);
}

pln_status pln__config_bind(pln_config *config, const char *key, void *pointer,
                            void (*free_pointer)(void *), pln_error *err) {
    pln_status status = PLN_OK;
    pln_option option;
    char *copy = NULL;
    if (!find_option(config->stage, key, &option))
        PLN__TRY(unknown_option(config->stage, key, err));
    if (option.type != PLN_OPT_HANDLE)
        PLN__FAIL(err, PLN_EOPTION, "option '%s': expected %s, got a pointer", key,
                  pln__option_type_name(option.type));
    PLN__TRY(pln__grow(config->mem, &config->bindings, &config->bindings_capacity,
                       config->n_bindings + 1, sizeof *config->bindings, err));
    copy = pln__strdup(config->mem, key);
    if (copy == NULL)
        PLN__TRY(pln__error_memory(err, strlen(key) + 1));
    config->bindings[config->n_bindings++] = (pln__binding){copy, pointer, free_pointer};
    return PLN_OK;
out:
    if (free_pointer != NULL)
        free_pointer(pointer);
    return status;
}

pln_status pln__config_complete(const pln_config *config, pln_error *err) {
    pln_option option;
    for (int64_t i = 0; pln__stage_option(config->stage, i, &option); i++)
        if (option.required && !pln__config_has(config, option.key))
            return pln__error_set(err, PLN_EOPTION, "option '%s' of stage %s is required: %s",
                                  option.key, pln__stage_head(config->stage)->name,
                                  option.help == NULL ? "" : option.help);
    return PLN_OK;
}

json_t *pln__config_shown(const pln_config *config) {
    json_t *shown = json_copy(config->values);
    pln_option option;
    for (int64_t i = 0; shown != NULL && pln__stage_option(config->stage, i, &option); i++)
        if (option.type == PLN_OPT_SECRET)
            json_object_del(shown, option.key);
    return shown;
}

static const void *binding(const pln_config *config, const char *key) {
    for (int64_t i = config->n_bindings; i > 0; i--)
        if (strcmp(config->bindings[i - 1].key, key) == 0)
            return &config->bindings[i - 1];
    return NULL;
}

static json_t *value_of(const pln_config *config, const char *key) {
    json_t *value = json_object_get(config->values, key);
    return value != NULL ? value : json_object_get(config->defaults, key);
}

int32_t pln__config_has(const pln_config *config, const char *key) {
    return json_object_get(config->values, key) != NULL || binding(config, key) != NULL;
}

const char *pln__config_text(const pln_config *config, const char *key) {
    json_t *value = value_of(config, key);
    if (json_is_array(value) && json_array_size(value) > 0)
        value = json_array_get(value, 0);
    return json_string_value(value);
}

int64_t pln__config_int(const pln_config *config, const char *key) {
    json_t *value = value_of(config, key);
    return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

double pln__config_float(const pln_config *config, const char *key) {
    return json_number_value(value_of(config, key));
}

int64_t pln__config_count(const pln_config *config, const char *key) {
    json_t *value = value_of(config, key);
    return value == NULL           ? 0
           : json_is_array(value)  ? (int64_t)json_array_size(value)
           : json_is_object(value) ? (int64_t)json_object_size(value)
                                   : 1;
}

static int append_text(const char *bytes, size_t size, void *user) {
    pln__text_bytes(user, bytes, (int64_t)size);
    return 0;
}

/* The JSON text of a value, kept by the configuration; NULL without memory. */
static const char *lend_json(const pln_config *config, const json_t *value) {
    pln_config *owner = (pln_config *)(uintptr_t)config; /* readers are const to stages; the lent texts are ours */
    pln__text text;
    pln__text_init(&text, owner->mem);
    if (json_dump_callback(value, append_text, &text, JSON_ENCODE_ANY | JSON_COMPACT) != 0 ||
        pln__grow(owner->mem, &owner->texts, &owner->texts_capacity, owner->n_texts + 1,
                  sizeof *owner->texts, NULL) < 0) {
        pln__text_free(&text);
        owner->short_of_memory = true;
        return NULL;
    }
    char *lent = pln__text_take(&text);
    if (lent != NULL)
        owner->texts[owner->n_texts++] = lent;
    else
        owner->short_of_memory = true;
    return lent;
}

static const char *item_text(const pln_config *config, const json_t *value) {
    if (value == NULL || json_is_null(value))
        return NULL;
    return json_is_string(value) ? json_string_value(value) : lend_json(config, value);
}

const char *pln__config_item(const pln_config *config, const char *key, int64_t i,
                             const char **name) {
    json_t *value = value_of(config, key);
    if (name != NULL)
        *name = NULL;
    if (i < 0 || i >= pln__config_count(config, key))
        return NULL;
    if (json_is_array(value))
        return item_text(config, json_array_get(value, (size_t)i));
    if (!json_is_object(value))
        return item_text(config, value);
    void *at = json_object_iter(value);
    while (i-- > 0)
        at = json_object_iter_next(value, at);
    if (name != NULL)
        *name = json_object_iter_key(at);
    return item_text(config, json_object_iter_value(at));
}

const char *pln__config_json(const pln_config *config, const char *key) {
    json_t *value = value_of(config, key);
    return value == NULL ? NULL : lend_json(config, value);
}

void *pln__config_handle(const pln_config *config, const char *key) {
    const pln__binding *bound = binding(config, key);
    return bound == NULL ? NULL : bound->pointer;
}

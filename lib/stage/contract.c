/* The contract of a check node: from its file or text to a suite for the columns at hand. */
#include "stage/contract.h"
#include "stage/stage.h"

/* What a contract may have, with room for what is no rule. */
#define FILE_MOST (1 << 20)

/* ---- reading ---- */

static pln_status read_file(pln_context *ctx, const char *path, char **out, int64_t *size,
                            pln_error *err) {
    const pln_file_ops *files = ctx->host->files(ctx);
    const pln_allocator *mem = ctx->host->allocator(ctx);
    pln_file_info info = {.struct_size = sizeof info};
    pln_status status = PLN_OK;
    int64_t fd = -1, got = 0;
    char *bytes = NULL;
    *out = NULL;
    PLN__TRY(files->info(files->user, path, &info, err));
    if (info.size_bytes > FILE_MOST)
        PLN__FAIL(err, PLN_ELIMIT, "%s: %lld bytes, a contract has at most %d", path,
                  (long long)info.size_bytes, FILE_MOST);
    bytes = pln__alloc(mem, (uint64_t)info.size_bytes + 1);
    if (bytes == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)info.size_bytes + 1));
    PLN__TRY(files->open(files->user, path, PLN_FILE_READ, &fd, err));
    status = files->read(files->user, fd, 0, bytes, info.size_bytes, &got, err);
    files->close(files->user, fd);
    if (status >= 0 && got != info.size_bytes)
        status = pln__error_set(err, PLN_EIO, "%s: it changed while it was read", path);
    PLN__TRY(status);
    bytes[info.size_bytes] = '\0';
    *out = bytes;
    *size = info.size_bytes;
    return PLN_OK;
out:
    pln__free(mem, bytes, (uint64_t)info.size_bytes + 1);
    return status;
}

/* A path has one line and does not begin as JSON does. */
static bool is_path(const char *text) {
    return strchr(text, '\n') == NULL && text[strspn(text, " \t\r")] != '{';
}

static pln_status parse(pln__held_contract *held, pln_context *ctx, const char *text,
                        pln_error *err) {
    char *bytes = NULL;
    int64_t size = 0;
    pln_status status;
    if (!is_path(text))
        return pln__contract_read(held->mem, text, -1, NULL, &held->contract, err);
    status = read_file(ctx, text, &bytes, &size, err);
    if (status >= 0) {
        status = pln__contract_read(held->mem, bytes, size, NULL, &held->contract, err);
        pln__free(held->mem, bytes, (uint64_t)size + 1);
        if (status < 0)
            pln__error_prefix(err, "%s", text);
    }
    return status;
}

/* ---- which object ---- */

/* The node that the check belongs to: "orders.contract" holds the rows of node orders. */
static void owner_of(pln_context *ctx, char out[128]) {
    pln_identity id = {.struct_size = sizeof id};
    ctx->host->identity(ctx, &id);
    size_t size = strcspn(id.node, ".");
    size = size < 127 ? size : 127;
    memcpy(out, id.node, size);
    out[size] = '\0';
}

static pln_status no_object(const pln__held_contract *held, const char *name, pln_error *err) {
    pln__text names;
    const pln_contract_element *object;
    pln__text_init(&names, held->mem);
    for (int64_t i = 0; (object = pln_contract_object(held->contract, i)) != NULL; i++) {
        pln_contract_element_info info = {.struct_size = sizeof info};
        pln_contract_element_info_get(object, &info);
        pln__text_printf(&names, i > 0 ? ", %s" : "%s", info.name);
    }
    pln_status status =
        pln__error_set(err, PLN_EOPTION, "option 'contract_object': %s has no '%s', it has %s",
                       held->title, name, names.size > 0 ? names.data : "none");
    pln__text_free(&names);
    return status;
}

static pln_status choose_object(pln__held_contract *held, pln_context *ctx, const char *asked,
                                pln_error *err) {
    char owner[128];
    const pln_contract_element *object = pln_contract_find(held->contract, asked);
    pln_contract_element_info info = {.struct_size = sizeof info};
    owner_of(ctx, owner);
    if (asked == NULL && object == NULL)
        object = pln_contract_find(held->contract, owner);
    if (object == NULL)
        return no_object(held, asked != NULL ? asked : owner, err);
    pln_contract_element_info_get(object, &info);
    return pln__stage_text(held->mem, info.name, &held->object, err);
}

/* ---- life ---- */

static void forget_schema(pln__held_contract *held) {
    pln_suite_free(held->suite);
    json_decref(held->checks);
    held->misfits.size = held->left.size = held->n_misfits = 0;
    pln__free(held->mem, held->rules, (uint64_t)held->n_rules * sizeof *held->rules);
    held->suite = NULL;
    held->checks = NULL;
    held->rules = NULL;
    held->n_rules = 0;
}

void pln__held_contract_free(pln__held_contract *held) {
    if (held == NULL)
        return;
    forget_schema(held);
    pln_contract_free(held->contract);
    pln__text_free(&held->misfits);
    pln__text_free(&held->left);
    pln__strfree(held->mem, held->title);
    pln__strfree(held->mem, held->object);
    pln__free(held->mem, held, sizeof *held);
}

static pln_status make_title(pln__held_contract *held, pln_error *err) {
    pln_contract_info info = {.struct_size = sizeof info};
    pln__text title;
    pln_contract_info_get(held->contract, &info);
    pln__text_init(&title, held->mem);
    pln__text_printf(&title, "contract %s %s", info.id, info.version == NULL ? "" : info.version);
    held->title = pln__text_take(&title);
    return held->title == NULL ? pln__error_memory(err, 1) : PLN_OK;
}

pln_status pln__held_contract_new(pln_context *ctx, const pln_config *config,
                                  pln__held_contract **out, pln_error *err) {
    const pln_host *host = ctx->host;
    const pln_allocator *mem = host->allocator(ctx);
    pln__held_contract *held = pln__calloc(mem, 1, sizeof *held);
    bool document = host->config_count(config, "contract") != 1;
    const char *text, *how = host->config_text(config, "on_breach");
    pln_status status = PLN_OK;
    *out = NULL;
    if (held == NULL)
        return pln__error_memory(err, sizeof *held);
    held->mem = mem;
    pln__text_init(&held->misfits, mem);
    pln__text_init(&held->left, mem);
    held->seed = (uint64_t)host->config_int(config, "seed");
    held->on_breach = strcmp(how, "warn") == 0         ? PLN__BREACH_WARNS
                      : strcmp(how, "quarantine") == 0 ? PLN__BREACH_QUARANTINES
                                                       : PLN__BREACH_FAILS;
    text = document ? host->config_json(config, "contract")
                    : host->config_item(config, "contract", 0, NULL);
    if (text == NULL)
        PLN__FAIL(err, PLN_EOPTION, "option 'contract': expected a path or a document");
    PLN__TRY(parse(held, ctx, text, err));
    PLN__TRY(make_title(held, err));
    PLN__TRY(choose_object(held, ctx, host->config_text(config, "contract_object"), err));
    *out = held;
    return PLN_OK;
out:
    pln__error_prefix(err, "option 'contract'");
    pln__held_contract_free(held);
    return status;
}

/* ---- columns ---- */

typedef struct misfits {
    pln__held_contract *held;
    pln_context *ctx;
    pln_error *err;
} misfits;

static pln_status note_misfit(void *user, const pln__contract_misfit *misfit) {
    misfits *m = user;
    pln_error words = {0};
    (void)pln__error_set(&words, PLN_ETYPE, "column %s: expected %s, found %s", misfit->column,
                         misfit->expected, misfit->found);
    if (m->held->on_breach != PLN__BREACH_WARNS)
        return pln__error_set(m->err, PLN_ETYPE, "%s: %s", m->held->title, words.message);

    m->ctx->host->log(m->ctx, PLN_LOG_WARNING, words.message);
    m->held->n_misfits++;
    pln__contract_breach(&m->held->misfits, &(pln__told_breach){"schema", "", misfit->column,
                                                                "error", 0, words.message});
    return pln__text_status(&m->held->misfits, m->err);
}

static pln_status hold_columns(pln__held_contract *held, pln_context *ctx,
                               const struct ArrowSchema *found, pln_error *err) {
    struct ArrowSchema expected = {0};
    misfits m = {held, ctx, err};
    pln_status status = pln_contract_schema(held->contract, held->object, &expected, err);
    if (status >= 0)
        status = pln__contract_fit(held->mem, &expected, found, note_misfit, &m);
    if (status == PLN_ENOMEM)
        pln__error_memory(err, 1);
    pln__schema_release(&expected);
    return status;
}

/* ---- rules ---- */

static const char *pointer_of(const json_t *check) {
    return json_string_value(json_object_get(json_object_get(check, "meta"), "pointer"));
}

static bool is_service_level(const json_t *check) {
    const char *pointer = pointer_of(check);
    return pointer != NULL && strncmp(pointer, "/slaProperties", 14) == 0;
}

static pln_status suite_of(const pln__held_contract *held, json_t *checks, pln_suite **out,
                           pln_error *err) {
    pln_suite_options options;
    json_t *root = json_pack("{s:s, s:O}", "name", held->object, "checks", checks);
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    pln_status status = text == NULL ? pln__error_memory(err, 1) : PLN_OK;
    pln_suite_options_init(&options, sizeof options);
    options.seed = held->seed;
    options.allocator = held->mem;
    if (status >= 0)
        status = pln_suite_new(NULL, text, &options, out, err);
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    if (text != NULL)
        release(text);
    json_decref(root);
    return status;
}

/* Whether the check can be evaluated here; *by_row: it says of each row whether it is right. */
static pln_status try_check(const pln__held_contract *held, pln_context *ctx, json_t *check,
                            const struct ArrowSchema *schema, bool *by_row, pln_error *err) {
    pln_validation_options options;
    pln_suite *suite = NULL;
    pln_validation *validation = NULL;
    pln_check found = {.struct_size = sizeof found};
    json_t *one = json_pack("[O]", check);
    pln_status status = one == NULL ? pln__error_memory(err, 1) : PLN_OK;
    pln_validation_options_init(&options, sizeof options);
    options.now_us = ctx->host->now_us(ctx);
    options.allocator = held->mem;
    if (status >= 0)
        status = suite_of(held, one, &suite, err);
    if (status >= 0)
        status = pln_validation_new(suite, schema, &options, &validation, err);
    if (status >= 0)
        (void)pln_suite_check(suite, 0, &found);
    *by_row = found.by_row != 0;
    pln_validation_free(validation);
    pln_suite_free(suite);
    json_decref(one);
    return status;
}

static pln_status leave_out(pln__held_contract *held, pln_context *ctx, const json_t *check,
                            const pln_error *why, pln_error *err) {
    const char *pointer = pointer_of(check), *id = json_string_value(json_object_get(check, "id"));
    pln_error words = {0};
    (void)pln__error_set(&words, PLN_EUNSUPPORTED, "%s: %s is not evaluated: %s", held->title, id,
                         why->message);
    ctx->host->log(ctx, PLN_LOG_WARNING, words.message);
    pln__text_str(&held->left, held->left.size > 0 ? ",{\"pointer\":" : "{\"pointer\":");
    pln__text_json(&held->left, pointer == NULL ? "" : pointer,
                   pointer == NULL ? 0 : (int64_t)strlen(pointer));
    pln__contract_member(&held->left, "rule", id);
    pln__contract_member(&held->left, "reason", why->message);
    pln__text_char(&held->left, '}');
    return pln__text_status(&held->left, err);
}

/* A rule that says how many rows may break it says nothing against any one of them. */
static bool has_threshold(const json_t *check) {
    static const char *const names[] = {"mostly", "max_failures", "warn_if", "error_if"};
    for (int i = 0; i < PLN__COUNT(names); i++)
        if (json_object_get(check, names[i]) != NULL)
            return true;
    return false;
}

/* What is late gets no earlier by being thrown away, so a service level only warns. */
static const char *action_of(const pln__held_contract *held, const json_t *check, bool by_row) {
    const char *severity = json_string_value(json_object_get(check, "severity"));
    if (held->on_breach == PLN__BREACH_WARNS || is_service_level(check) ||
        strcmp(severity, "info") == 0 || strcmp(severity, "warn") == 0)
        return "warn";
    return held->on_breach == PLN__BREACH_QUARANTINES && by_row && !has_threshold(check)
               ? "quarantine_row"
               : "fail_epoch";
}

static pln_status take_check(pln__held_contract *held, pln_context *ctx, json_t *check,
                             const struct ArrowSchema *schema, pln_error *err) {
    pln_error why = {0};
    bool by_row = false;
    pln_status status = try_check(held, ctx, check, schema, &by_row, &why);
    if (status == PLN_ENOMEM)
        return pln__error_memory(err, 1);
    if (status < 0)
        return leave_out(held, ctx, check, &why, err);
    return json_object_set_new(check, "action", json_string(action_of(held, check, by_row))) == 0 &&
                   json_array_append(held->checks, check) == 0
               ? PLN_OK
               : pln__error_memory(err, 1);
}

static pln_status note_rules(pln__held_contract *held, pln_error *err) {
    int64_t n = (int64_t)json_array_size(held->checks);
    held->rules = pln__calloc(held->mem, (uint64_t)n, sizeof *held->rules);
    if (n > 0 && held->rules == NULL)
        return pln__error_memory(err, (uint64_t)n * sizeof *held->rules);
    held->n_rules = n;
    for (int64_t i = 0; i < n; i++) {
        const json_t *check = json_array_get(held->checks, (size_t)i);
        held->rules[i] = (pln__contract_rule){pointer_of(check), is_service_level(check)};
    }
    return PLN_OK;
}

static pln_status read_texts(pln__held_contract *held, json_t **all, pln_error *err) {
    char *text = NULL, *left = NULL;
    int64_t size = 0;
    json_t *suite = NULL;
    pln_status status = pln_contract_suite(held->contract, held->object, &text, &size, &left, err);
    if (status < 0)
        return status;
    suite = json_loads(text, 0, NULL);
    /* The list without its brackets, for there is more to come. */
    pln__text_bytes(&held->left, left + 1, (int64_t)strlen(left) - 2);
    held->checks = json_array();
    *all = json_incref(json_object_get(suite, "checks"));
    json_decref(suite);
    pln__strfree(held->mem, text);
    pln__strfree(held->mem, left);
    return *all != NULL && held->checks != NULL && !held->left.failed ? PLN_OK
                                                                      : pln__error_memory(err, 1);
}

pln_status pln__held_contract_bind(pln__held_contract *held, pln_context *ctx,
                                   const struct ArrowSchema *schema, pln_error *err) {
    json_t *all = NULL, *check;
    size_t i;
    pln_status status;
    forget_schema(held);
    PLN__TRY(read_texts(held, &all, err));
    PLN__TRY(hold_columns(held, ctx, schema, err));
    json_array_foreach(all, i, check) PLN__TRY(take_check(held, ctx, check, schema, err));
    PLN__TRY(note_rules(held, err));
    PLN__TRY(suite_of(held, held->checks, &held->suite, err));
out:
    json_decref(all);
    return status;
}

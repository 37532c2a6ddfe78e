/* What nodes keep of data sets from run to run: from their bytes to the state file, with the epoch. */
#include "run/run.h"

enum { BYTES_MOST = 1 << 20, NAME_MOST = 255 };

static pln_status check_name(const char *what, const char *name, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    size_t size = strlen(name);
    return size >= 1 && size <= NAME_MOST
               ? PLN_OK
               : pln__error_set(err, PLN_ELIMIT, "history: %s %s has %zu bytes, expected 1 to %d",
                                what, pln__show(shown, name, (int64_t)size), size, NAME_MOST);
}

static pln_status legal(const pln__run_node *node, const char *dataset, const char *metric,
                        pln_error *err) {
    const pln_run *run = node->run;
    pln_status status = PLN_OK;
    if (run->state_path == NULL)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "history of data set '%s': the run has no state file", dataset);
    if (run->state == NULL || !run->settled)
        return pln__error_set(err, PLN_ECONTRACT, "history of data set '%s': not before `schema`",
                              dataset);
    PLN__TRY(check_name("data set", dataset, err));
    PLN__TRY(check_name("metric", metric, err));
out:
    return status;
}

static pln__history_entry *find(const pln_run *run, const char *dataset, const char *metric) {
    for (int64_t i = 0; i < run->n_histories; i++)
        if (strcmp(run->histories[i].dataset, dataset) == 0 &&
            strcmp(run->histories[i].metric, metric) == 0)
            return &run->histories[i];
    return NULL;
}

/* The entry of what was looked at, with its version. */
static pln_status enter(pln_run *run, const pln__history *item, pln__history_entry **out,
                        pln_error *err) {
    pln_status status = PLN_OK;
    pln__history_entry entry = {.version = item->version};
    *out = find(run, item->dataset, item->metric);
    if (*out != NULL) {
        if ((*out)->owner == NULL)
            (*out)->version = item->version;
        return PLN_OK;
    }
    PLN__TRY(pln__grow(run->mem, &run->histories, &run->histories_capacity, run->n_histories + 1,
                       sizeof *run->histories, err));
    entry.dataset = pln__strdup(run->mem, item->dataset);
    entry.metric = pln__strdup(run->mem, item->metric);
    if (entry.dataset == NULL || entry.metric == NULL)
        PLN__TRY(pln__error_memory(err, strlen(item->dataset) + strlen(item->metric) + 2));
    *out = &run->histories[run->n_histories++];
    **out = entry;
    return PLN_OK;
out:
    pln__strfree(run->mem, entry.dataset);
    pln__strfree(run->mem, entry.metric);
    return status;
}

static pln_status history_get(pln_context *ctx, const char *dataset, const char *metric,
                              const void **bytes, int64_t *size, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    pln__history item = {.dataset = dataset, .metric = metric};
    pln__history_entry *entry;
    pln_status status;
    *bytes = NULL;
    *size = 0;
    PLN__TRY(legal(node, dataset, metric, err));
    PLN__TRY(pln__state_history_get(node->run->state, &item, err));
    PLN__TRY(enter(node->run, &item, &entry, err));
    *bytes = item.bytes;
    *size = item.size;
out:
    return status;
}

static pln_status history_put(pln_context *ctx, const char *dataset, const char *metric,
                              const void *bytes, int64_t size, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    pln_run *run = node->run;
    pln_status status;
    const void *known;
    int64_t known_size;
    PLN__TRY(legal(node, dataset, metric, err));
    if (size < 1 || size > BYTES_MOST)
        PLN__FAIL(err, PLN_ELIMIT, "history of %s of data set '%s': %lld bytes, expected 1 to %d",
                  metric, dataset, (long long)size, BYTES_MOST);
    if (find(run, dataset, metric) == NULL)
        PLN__TRY(history_get(ctx, dataset, metric, &known, &known_size, err));
    pln__history_entry *entry = find(run, dataset, metric);
    if (entry->owner != NULL && entry->owner != node)
        PLN__FAIL(err, PLN_EEXIST, "history of %s of data set '%s': node '%s' has put it already",
                  metric, dataset, entry->owner->node->name);
    uint8_t *copy = pln__alloc(run->mem, (uint64_t)size);
    if (copy == NULL)
        PLN__TRY(pln__error_memory(err, (uint64_t)size));
    memcpy(copy, bytes, (size_t)size);
    pln__free(run->mem, entry->bytes, (uint64_t)entry->size);
    entry->bytes = copy;
    entry->size = size;
    entry->owner = node;
    status = PLN_OK;
out:
    return status;
}

void pln__host_history(pln_host *host) {
    host->history_get = history_get;
    host->history_put = history_put;
}

/* ---- the run ---- */

void pln__history_reset(pln_run *run) {
    for (int64_t i = 0; i < run->n_histories; i++) {
        pln__strfree(run->mem, run->histories[i].dataset);
        pln__strfree(run->mem, run->histories[i].metric);
        pln__free(run->mem, run->histories[i].bytes, (uint64_t)run->histories[i].size);
    }
    run->n_histories = 0;
}

pln_status pln__history_prepare(pln_run *run, int64_t n, pln_error *err) {
    pln_status status = PLN_OK;
    uint64_t size = (uint64_t)run->n_histories * sizeof(pln__history) + 1;
    int64_t count = 0;
    if (run->n_histories == 0)
        return PLN_OK;
    pln__history *items = pln__calloc(run->mem, 1, size);
    if (items == NULL)
        return pln__error_memory(err, size);
    for (int64_t i = 0; i < run->n_histories; i++) {
        const pln__history_entry *e = &run->histories[i];
        if (e->owner != NULL)
            items[count++] =
                (pln__history){e->dataset, e->metric, e->bytes, e->size, e->version};
    }
    if (count > 0)
        status = pln__state_history_put(run->state, n, items, count, run->store != NULL, err);
    pln__free(run->mem, items, size);
    return status;
}

static void warn_of(const pln_run *run, int64_t lost) {
    pln_error words = {0};
    if (lost <= 0)
        return;
    pln__error_set(&words, PLN_EFENCED,
                   "another run of pipeline '%s' has put histories in the meantime: %lld of this "
                   "run's are lost",
                   run->pipeline, (long long)lost);
    pln__runtime_log(run->runtime, PLN_LOG_WARNING, run->pipeline, words.message);
}

pln_status pln__history_settle(pln_run *run, pln_error *err) {
    int64_t lost = 0;
    if (run->state == NULL)
        return PLN_OK;
    pln_status status = pln__state_history_settle(run->state, run->n, &lost, err);
    if (status >= 0)
        warn_of(run, lost);
    return status;
}

pln_status pln__history_committed(pln_run *run, pln_error *err) {
    bool any = false;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < run->n_histories; i++)
        any |= run->histories[i].owner != NULL;
    if (any && run->store != NULL)
        status = pln__history_settle(run, err);
    else if (any)
        warn_of(run, pln__state_history_lost(run->state));
    pln__history_reset(run);
    return status;
}

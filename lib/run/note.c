/* What nodes have to say in the report, and with the checkpoint. */
#include "run/run.h"

enum { NOTE_MOST = 1 << 20, TOPIC_MOST = 63 };

/* In a checkpoint notes are among the counters, told apart by what no counter's name begins with. */
#define MARK '\n'

static bool topic_ok(const char *topic) {
    size_t n = strlen(topic);
    for (size_t i = 0; i < n; i++)
        if (!((topic[i] >= 'a' && topic[i] <= 'z') || (topic[i] >= 'A' && topic[i] <= 'Z') ||
              (topic[i] >= '0' && topic[i] <= '9') || topic[i] == '_'))
            return false;
    return n > 0 && n <= TOPIC_MOST;
}

/* `json` is consumed. */
static pln_status put(pln__run_node *node, const char *topic, char *json, pln_error *err) {
    const pln_allocator *mem = node->run->mem;
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < node->n_notes; i++)
        if (strcmp(node->notes[i].topic, topic) == 0) {
            pln__strfree(mem, node->notes[i].json);
            node->notes[i].json = json;
            return PLN_OK;
        }
    PLN__TRY(pln__grow(mem, &node->notes, &node->notes_capacity, node->n_notes + 1,
                       sizeof *node->notes, err));
    char *copy = pln__strdup(mem, topic);
    if (copy == NULL)
        PLN__TRY(pln__error_memory(err, strlen(topic) + 1));
    node->notes[node->n_notes++] = (pln__note){copy, json};
    return PLN_OK;
out:
    pln__strfree(mem, json);
    return status;
}

/* The text stands in the report as it is, so it must be JSON. */
static pln_status note(pln_context *ctx, const char *topic, const char *json, pln_error *err) {
    pln__run_node *node = pln__run_node_of(ctx);
    json_error_t at;
    char shown[PLN__SHOW_SIZE];
    if (!topic_ok(topic))
        return pln__error_set(err, PLN_ECONTRACT,
                              "note: topic %s, expected 1 to 63 letters, digits and '_'",
                              pln__show(shown, topic, (int64_t)strlen(topic)));
    size_t size = strlen(json);
    if (size > NOTE_MOST)
        return pln__error_set(err, PLN_ELIMIT, "note '%s': %zu bytes, at most %d", topic, size,
                              NOTE_MOST);
    json_t *value = json_loadb(json, size, JSON_DECODE_ANY, &at);
    if (value == NULL)
        return pln__error_set(err, PLN_ECONTRACT, "note '%s': JSON line %d, column %d: %s", topic,
                              at.line, at.column, at.text);
    json_decref(value);
    char *copy = pln__strdup(node->run->mem, json);
    return copy == NULL ? pln__error_memory(err, size + 1) : put(node, topic, copy, err);
}

void pln__host_note(pln_host *host) {
    host->note = note;
}

void pln__notes_forget(pln__run_node *node) {
    const pln_allocator *mem = node->run->mem;
    for (int64_t i = 0; i < node->n_notes; i++) {
        pln__strfree(mem, node->notes[i].topic);
        pln__strfree(mem, node->notes[i].json);
    }
    node->n_notes = 0;
}

void pln__notes_free(pln__run_node *node) {
    if (node->run == NULL)
        return;
    pln__notes_forget(node);
    pln__free(node->run->mem, node->notes, (uint64_t)node->notes_capacity * sizeof *node->notes);
}

pln_status pln__notes_save(const pln__run_node *node, pln__checkpoint *out, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = 0; i < node->n_notes && status >= 0; i++) {
        char key[TOPIC_MOST + 2] = {MARK};
        memcpy(key + 1, node->notes[i].topic, strlen(node->notes[i].topic));
        status = pln__saved_add(node->run->mem, &out->counters, node->node->name, key,
                                node->notes[i].json, (int64_t)strlen(node->notes[i].json), err);
    }
    return status;
}

bool pln__note_load(pln__run_node *node, const pln__saved *saved, pln_status *status,
                    pln_error *err) {
    if (saved->key[0] != MARK)
        return false;
    if (saved->size < 1 || memchr(saved->bytes, '\0', (size_t)saved->size) != NULL ||
        !topic_ok(saved->key + 1)) {
        *status = pln__error_set(err, PLN_ECORRUPT, "checkpoint: a note of node '%s' is damaged",
                                 saved->node);
        return true;
    }
    char *json = pln__strndup(node->run->mem, (const char *)saved->bytes, saved->size);
    *status = json == NULL ? pln__error_memory(err, (uint64_t)saved->size + 1)
                           : put(node, saved->key + 1, json, err);
    return true;
}

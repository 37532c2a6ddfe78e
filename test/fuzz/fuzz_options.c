/*
 * A program of lines that builds graphs: "add NAME STAGE JSON", "set NODE KEY JSON", "text NODE KEY VALUE", "wire TEXT", "schema TEXT", "new NAME". Whatever
 * the texts are, each call answers with a status and, if it fails, a message; a graph that failed stays in that error; the graph as JSON can be
 * parsed. Nothing is run: a graph that is only built touches no file.
 */
#include "fuzz.h"
#include <jansson.h>
#include <pln/pln.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct host {
    pln_runtime *rt;
    pln_graph *g;
    pln_status stuck;
} host;

static void judge(host *h, pln_status status, const pln_error *err) {
    REQUIRE(status <= 0);
    if (status < 0) {
        REQUIRE(err->status == status);
        REQUIRE(err->message[0] != '\0');
        REQUIRE(memchr(err->message, 0, sizeof err->message) != NULL);
        REQUIRE(memchr(err->where, 0, sizeof err->where) != NULL);
        REQUIRE(status != PLN_EINTERNAL && status != PLN_ENOMEM);
    }
    if (h->stuck < 0)
        REQUIRE(status == h->stuck);
    else
        h->stuck = status;
}

static void describe(host *h) {
    char *text;
    pln_error err = {0};
    if (pln_graph_json(h->g, &text, &err) < 0)
        abort();
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    REQUIRE(json != NULL);
    json_decref(json);
    pln_text_free(h->rt, text);
}

static void new_graph(host *h, const char *name) {
    pln_error err = {0};
    pln_graph *next = NULL;
    pln_status status = pln_graph_new(h->rt, name, &next, &err);
    REQUIRE((status >= 0) == (next != NULL));
    if (next == NULL) {
        REQUIRE(err.message[0] != '\0');
        return;
    }
    if (h->g != NULL)
        describe(h);
    pln_graph_free(h->g);
    h->g = next;
    h->stuck = PLN_OK;
}

/* The text from the first schema must give the same schema again. */
static void try_schema(host *h, const char *text) {
    struct ArrowSchema schema = {0}, again = {0};
    char *once = NULL, *twice = NULL;
    pln_error err = {0};
    pln_status status = pln_schema_parse(h->rt, text, &schema, &err);
    if (status < 0) {
        REQUIRE(err.message[0] != '\0' && schema.release == NULL);
        return;
    }
    if (pln_schema_text(h->rt, &schema, &once, &err) >= 0) {
        REQUIRE(pln_schema_parse(h->rt, once, &again, &err) >= 0);
        REQUIRE(pln_schema_text(h->rt, &again, &twice, &err) >= 0);
        REQUIRE(strcmp(once, twice) == 0);
        again.release(&again);
    }
    pln_text_free(h->rt, once);
    pln_text_free(h->rt, twice);
    schema.release(&schema);
}

/* The next word of *at, which it moves past one blank. */
static char *word(char **at) {
    char *start = *at, *end = strchr(start, ' ');
    if (end == NULL) {
        *at = start + strlen(start);
        return start;
    }
    *end = '\0';
    *at = end + 1;
    return start;
}

static void line(host *h, char *text) {
    pln_error err = {0};
    char *verb = word(&text);
    if (strcmp(verb, "new") == 0) {
        new_graph(h, text);
    } else if (strcmp(verb, "schema") == 0) {
        try_schema(h, text);
    } else if (strcmp(verb, "wire") == 0) {
        judge(h, pln_graph_wire(h->g, text, &err), &err);
    } else if (strcmp(verb, "add") == 0) {
        char *name = word(&text), *stage = word(&text);
        judge(h, pln_graph_add(h->g, name, stage, text[0] == '\0' ? NULL : text, &err), &err);
    } else if (strcmp(verb, "set") == 0 || strcmp(verb, "text") == 0) {
        char *node = word(&text), *key = word(&text);
        judge(h,
              verb[0] == 's' ? pln_graph_set_json(h->g, node, key, text, &err)
                             : pln_graph_set_text(h->g, node, key, text, &err),
              &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static pln_runtime *rt;
    host h = {0};
    pln_memory before = {.struct_size = sizeof before}, after = before;
    if (size > 1 << 14)
        return 0;
    if (rt == NULL && pln_runtime_new(NULL, &rt, NULL) < 0)
        abort();
    pln_runtime_memory(rt, &before);
    h.rt = rt;
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    new_graph(&h, "fuzz");
    for (char *at = text, *next; at != NULL; at = next) {
        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        line(&h, at);
    }
    describe(&h);
    pln_graph_free(h.g);
    free(text);
    pln_runtime_memory(rt, &after);
    REQUIRE(after.live_blocks == before.live_blocks);
    return 0;
}

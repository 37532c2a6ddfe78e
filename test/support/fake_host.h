/*
 * A host for one stage at a time: it has the services of <pln/host.h> and keeps what the stage says - batches it emits, rows it rejects, positions
 * it saves, handles it prepares - so that a test can drive any slot of any table, in any order, and look.
 *
 *     fake_host *host = fake_host_new(NULL);
 *     pln__connect_file_register(&host->host, &host->runtime->registry, NULL);
 *     fake_node *read = fake_node_new(host, "csv.read", "{\"path\": \"x.csv\"}");
 *     fake_open(read, &err); fake_schema(read, &err);
 *     while (fake_poll(read, 100, &batch, &err) == PLN_OK) ...
 *     fake_node_free(read);
 *     fake_host_free(host);
 *
 * Identity, clock, wishes and what is cancelled are plain fields of the host. Everything is allocated from the host's runtime, whose heap can be
 * limited, counted and made to fail; what the fake itself keeps comes from malloc, so that it does not disturb the counts.
 */
#ifndef TEST_FAKE_HOST_H
#define TEST_FAKE_HOST_H

#include "graph/graph.h"
#include <pln/plugin.h>
#include <pln/runtime.h>

enum { FAKE_PORTS = 8 };

typedef struct fake_host {
    pln_runtime *runtime;
    const pln_allocator *mem; /* the runtime's */
    pln_host host;
    pln_file_ops files;
    pln_identity identity; /* owner, epoch, mode ...; node is each node's own name */
    uint32_t wants;
    uint64_t random_state;
    int64_t now_us; /* moves only when a test moves it */
    int32_t cancelled;
    int32_t cancel_after; /* becomes cancelled when it was asked so often; 0: never */
    pln_allocator below;  /* what the runtime's memory comes from */
    int64_t live_blocks;
} fake_host;

typedef struct fake_options {
    const pln_file_ops *files;      /* NULL: the system's */
    const pln_allocator *allocator; /* NULL: malloc */
    int64_t memory_limit_bytes;
} fake_options;

/* A rejected row or record, copied. */
typedef struct fake_reject {
    int32_t code;
    int64_t row; /* of its batch; -1: a record that never was a row */
    int64_t position;
    int64_t line;
    char *split, *column, *message; /* NULL where not given */
    char *raw;                      /* NUL behind */
    int64_t raw_size;
} fake_reject;

typedef struct fake_piece {
    char *key;
    void *bytes;
    int64_t size;
} fake_piece;

typedef struct fake_emitted {
    int32_t port;
    pln_batch *batch;
} fake_emitted;

typedef struct fake_node {
    pln_context ctx; /* first: services find the node by it */
    fake_host *host;
    const pln__stage *stage;
    pln_config config;
    char name[64];
    void *self; /* NULL unless open */
    pln__schema *in[FAKE_PORTS], *out[FAKE_PORTS];
    fake_emitted *emitted;
    int64_t n_emitted;
    fake_reject *rejects;
    int64_t n_rejects;
    bool refuse_rejects; /* as if no port were wired: PLN_EREJECTED */
    fake_piece *pieces;  /* of the last save */
    int64_t n_pieces;
    void *handle; /* of the last prepare; NULL: none */
    int64_t handle_size;
    int64_t fates[6];
    int32_t wait_fd; /* of the last wait, -1: none */
    int64_t wait_until_us;
    char lacks[256]; /* what it said with host->lacks */
    int slot; /* which slot is running, for what is legal only there */
} fake_node;

fake_host *fake_host_new(const fake_options *options);
/* Returns how many blocks of the runtime were still live: 0 if nothing leaked. */
int64_t fake_host_free(fake_host *host);

/* A node of a registered stage with a JSON configuration; NULL with err filled if the configuration is refused. */
fake_node *fake_node_try(fake_host *host, const char *stage, const char *json, pln_error *err);
/* The same, for tests that expect success: prints the error and aborts otherwise. */
fake_node *fake_node_new(fake_host *host, const char *stage, const char *json);
pln_status fake_bind(fake_node *node, const char *key, void *pointer);
/* Closes it, if open. */
void fake_node_free(fake_node *node);

pln_status fake_open(fake_node *node, pln_error *err);
void fake_close(fake_node *node);
/* Source: asks until it is known (at most 1000 times). Transform, sink: gives it the schemas set by fake_in. */
pln_status fake_schema(fake_node *node, pln_error *err);
/* The schema of an in port, copied. */
void fake_in(fake_node *node, int32_t port, const struct ArrowSchema *schema);
const struct ArrowSchema *fake_out(const fake_node *node, int32_t port);
pln_status fake_poll(fake_node *node, int64_t max_rows, pln_batch **batch, pln_error *err);
pln_status fake_save(fake_node *node, int64_t n, pln_error *err);
/* What another node of the same stage has saved last. */
pln_status fake_load(fake_node *node, const fake_node *from, pln_error *err);
pln_status fake_process(fake_node *node, int32_t port, pln_batch *batch, pln_error *err);
pln_status fake_write(fake_node *node, pln_batch *batch, pln_error *err);
pln_status fake_begin(fake_node *node, int64_t n, pln_error *err);
pln_status fake_finish(fake_node *node, pln_error *err);
pln_status fake_flush(fake_node *node, int64_t n, pln_error *err);
pln_status fake_prepare(fake_node *node, int64_t n, pln_error *err);
/* commit, abort and recover get the given handle bytes. */
pln_status fake_commit(fake_node *node, int64_t n, const void *handle, int64_t size,
                       pln_error *err);
pln_status fake_abort(fake_node *node, int64_t n, const void *handle, int64_t size, pln_error *err);
pln_status fake_recover(fake_node *node, int64_t n, const void *handle, int64_t size,
                        pln_error *err);

/* Forget the batches and rejects kept so far. */
void fake_forget(fake_node *node);
/* A batch of the host's runtime from a schema (copied) and an array of ours (taken). */
pln_batch *fake_batch(fake_host *host, const struct ArrowSchema *schema, struct ArrowArray *array);

#endif

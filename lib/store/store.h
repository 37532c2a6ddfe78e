/*
 * Room store: durable bytes.
 *
 * Job: the POSIX file table, output files that appear whole, and the state file that remembers runs.
 * Must not know: columns, batches, nodes. It keeps blobs under names and numbers.
 * Invariants: what was said to be durable survives power loss; a failed sync poisons what it concerned, it is never repeated; a write
 * of a lower owner is refused (PLN_EFENCED); damage is found (checksums) and named, never read as data.
 */
#ifndef PLN__STORE_H
#define PLN__STORE_H

#include "base/base.h"
#include <pln/file.h>

/* The operating system's files. */
const pln_file_ops *pln__file_posix(void);
/* Whole small file into memory; PLN_ELIMIT beyond `max`. *out has *size bytes and a NUL after them; free with *size + 1. */
pln_status pln__file_read_all(const pln_file_ops *files, const pln_allocator *mem, const char *path,
                              int64_t max, char **out, int64_t *size, pln_error *err);
/* The directory part of a path, "." if it has none; free with pln__strfree. */
char *pln__file_directory(const pln_allocator *mem, const char *path);

/* What pln__file_replace leaves behind if the power goes: names with this end are nobody's. */
#define PLN__TEMP_SUFFIX ".tmp"
/* Write a small file so that it is there whole or as before, durably. One writer at a time. */
pln_status pln__file_replace(const pln_file_ops *files, const pln_allocator *mem, const char *path,
                             const void *bytes, int64_t size, pln_error *err);
/*
 * Be the only one who holds `path`, which is made; PLN_EBUSY after wait_ms. It ends with pln__file_unlock or the process. Only among those who
 * use the operating system's files; with a host's own table there is no lock (*lock is -1).
 */
pln_status pln__file_lock(const pln_file_ops *files, const char *path, int64_t wait_ms, int *lock,
                          pln_error *err);
void pln__file_unlock(int lock);

/* ---- the state file (state.c): SQLite, WAL, synchronous FULL, made for looking at with sqlite3 ---- */

/*
 * Tables: run(pipeline, run_key, owner, n, head, store, graph, updated_us) one row a run; body(pipeline, run_key, owner, n, bytes, checksum) candidate and
 * committed bodies, of which only the committed and the newest candidate are kept.
 */
typedef struct pln__state pln__state;
typedef struct pln__state_options {
    const char *path;
    int64_t busy_timeout_us; /* 5 s if 0 */
    int64_t now_us;
} pln__state_options;
pln_status pln__state_open(const pln_allocator *mem, const pln__state_options *options,
                           pln__state **out, pln_error *err);
void pln__state_close(pln__state *state);
/* What `updated_us` of the rows written from now on will say. */
void pln__state_set_now(pln__state *state, int64_t now_us);

/*
 * Raise the owner of a run, durably, making the run's row if it is new. `store` says who holds heads ("state", or the store name of a mode A sink): another
 * answer than the recorded one is PLN_ESTATE naming both. *n and *head: the last committed epoch as this file knows it (0, size 0: none); lent until the
 * next call. *graph: the fingerprint text recorded by the last commit.
 */
typedef struct pln__state_run {
    int64_t owner;
    int64_t n;
    const void *head;
    int64_t head_size;
} pln__state_run;
pln_status pln__state_take_over(pln__state *state, const char *pipeline, const char *run_key,
                                const char *store, pln__state_run *out, pln_error *err);
/* Durable candidate body of epoch n. */
pln_status pln__state_put_body(pln__state *state, int64_t owner, int64_t n, const void *bytes,
                               int64_t size, pln_error *err);
/* The body of committed epoch n as written by `owner`: PLN_EDATALOSS if it is missing, PLN_ECORRUPT if it is damaged. Lent until the next call. */
pln_status pln__state_get_body(pln__state *state, int64_t owner, int64_t n, const void **bytes,
                               int64_t *size, pln_error *err);
/* Compare-and-set: n becomes the committed epoch if owner still holds the run and n - 1 is committed there, else PLN_EFENCED. Drops older bodies. */
pln_status pln__state_commit(pln__state *state, int64_t owner, int64_t n, const void *head,
                             int64_t size, pln_error *err);

/* ---- keyed state (keyed.c): values under keys, in a space of its own for each node of the run that was taken over ---- */

/*
 * Tables, made by the first put: keyed_space(id, pipeline, run_key, node, n) one row a node, n the epoch that wrote last; keyed(space, key, value, expires,
 * checksum); keyed_undo(space, n, seq, key, value, expires, checksum) what epoch n found where it wrote, until n + 1 writes; where value is NULL it found nothing, and `key` is a
 * list of keys, each behind its size as two bytes, the low one first.
 *
 * A put is a transaction of its own, so that the file is not locked while an epoch lasts. It belongs to its epoch all the same: who takes the run over undoes
 * what was put behind the epoch that is committed, wherever its head is kept.
 */
typedef struct pln__keyed {
    const void *key;
    int64_t key_size;
    const void *value; /* NULL: the key goes */
    int64_t value_size;
    bool has_expires;
    int64_t expires;
} pln__keyed;

/* Of epoch n, in this order, best sorted by key. PLN_EFENCED if another owner has the run. Durable with the next commit or pln__state_keyed_sync. */
pln_status pln__state_keyed_put(pln__state *state, const char *node, int64_t n,
                                const pln__keyed *items, int64_t count, pln_error *err);
/* `each` is told what stands under the keys that are there; `index` is that of the item. Lent for the call. PLN_ECORRUPT for a row that is damaged. */
typedef pln_status (*pln__keyed_each)(void *user, int64_t index, const pln__keyed *found,
                                      pln_error *err);
pln_status pln__state_keyed_get(pln__state *state, const char *node, const pln__keyed *items,
                                int64_t count, pln__keyed_each each, void *user, pln_error *err);
/* Remove at most `most` rows of the node whose `expires` is less than `before`, oldest first. Not undone: only what no committed epoch wants. */
pln_status pln__state_keyed_sweep(pln__state *state, const char *node, int64_t before, int64_t most,
                                  pln_error *err);
/* Undo all puts of epochs behind n. */
pln_status pln__state_keyed_settle(pln__state *state, int64_t n, pln_error *err);
/* The run keeps nothing from here on. */
pln_status pln__state_keyed_clear(pln__state *state, pln_error *err);
/* What was put is durable. */
pln_status pln__state_keyed_sync(pln__state *state, const char *node, int64_t n, pln_error *err);
/* The epoch that wrote last; 0: none. */
pln_status pln__state_keyed_last(pln__state *state, const char *node, int64_t *n, pln_error *err);

/* ---- histories (history.c): what a pipeline knows of a data set from one run to the next, whatever their run keys ---- */

/*
 * Tables, made by the first put: history(pipeline, dataset, metric, version, bytes, updated_us, checksum); history_next(pipeline, run_key, n, dataset, metric,
 * base, bytes, checksum) what epoch n of a run has put and no commit has made the history yet. Where heads are here the commit does that in the same transaction;
 * where they are in a sink's store it is done behind the commit point, and by who takes the run over next.
 */
typedef struct pln__history {
    const char *dataset;
    const char *metric;
    const void *bytes;
    int64_t size;
    int64_t version; /* 0: there is none yet */
} pln__history;

/* By dataset and metric; size 0: nothing is known. Bytes are lent until the next call. */
pln_status pln__state_history_get(pln__state *state, pln__history *item, pln_error *err);
/* All that epoch n puts, each upon the version that it was made from. PLN_EFENCED if another owner has the run. `durable`: by itself, else with the commit. */
pln_status pln__state_history_put(pln__state *state, int64_t n, const pln__history *items,
                                  int64_t count, bool durable, pln_error *err);
/* Epoch n is the last that is committed. *lost: so many have another version by now, from another run, which stays. */
pln_status pln__state_history_settle(pln__state *state, int64_t n, int64_t *lost, pln_error *err);
/* The same number, of the last pln__state_commit. */
int64_t pln__state_history_lost(const pln__state *state);

#endif

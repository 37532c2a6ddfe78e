/*
 * What the parts of the kit know of each other; tests of stages need kit.h only.
 */
#ifndef PLN_KIT_INNER_H
#define PLN_KIT_INNER_H

#include "kit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { KIT_PORTS = 8, KIT_NODE_NAME = 32 };

/* ---- text (kit_text.c) ---- */

typedef struct kit_text {
    char *data; /* NULL while empty */
    size_t size, room;
} kit_text;

void kit_text_add(kit_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void kit_text_append(kit_text *text, const char *bytes, size_t size);
void kit_text_clear(kit_text *text);
void kit_text_free(kit_text *text);
void kit_text_schema(kit_text *text, const struct ArrowSchema *schema);
/* Row `row` of an array, as a line without its end. Columns whose names stand in `without` (NULL-ended, may be NULL) are left out. */
void kit_text_row(kit_text *text, const struct ArrowSchema *schema, const struct ArrowArray *array,
                  int64_t row, const char *const *without);

/* ---- the allocator of a run (kit_memory.c) ---- */

typedef struct kit_block kit_block;
typedef struct kit_memory {
    pln_allocator allocator;
    int64_t fail_at; /* request number, from 1; 0: none */
    bool once;
    bool failed;
    int64_t requests, blocks;
    int64_t wrong; /* blocks freed twice or with another size */
    kit_block *all;
} kit_memory;

void kit_memory_init(kit_memory *memory, int64_t fail_at, bool once);
void kit_memory_end(kit_memory *memory);

/* ---- between engine and stage (kit_wrap.c) ---- */

enum {
    KIT_SLOT_OPEN = 0,
    KIT_SLOT_SCHEMA,
    KIT_SLOT_POLL,
    KIT_SLOT_PROCESS,
    KIT_SLOT_FINISH,
    KIT_SLOT_WRITE,
    KIT_SLOT_BEGIN,
    KIT_SLOT_FLUSH,
    KIT_SLOT_PREPARE,
    KIT_SLOT_COMMIT,
    KIT_SLOT_STATE_COMMIT,
    KIT_SLOT_SAVE,
    KIT_SLOT_LOAD,
    KIT_SLOT_RECOVER,
    KIT_SLOT_STATE_OPEN,
    KIT_SLOT_ABORT,
    KIT_SLOT_OTHER,
    KIT_SLOTS
};

/* A slot that fails at its at-th call, before or after its work. */
typedef struct kit_fault {
    int32_t slot;
    bool after;
    bool dead;      /* from then on nothing but close reaches the stage, as if the process had died */
    bool retryable; /* the error says that it may pass */
    int64_t at;     /* from 1; 0: no fault */
} kit_fault;

typedef struct kit_self kit_self;
typedef struct kit_wrap {
    union {
        pln_source source;
        pln_transform transform;
        pln_sink sink;
    } inner, outer;
    void *user;
    kit_fault fault;
    bool twice;   /* commit and abort come twice */
    bool garbage; /* recover gets a handle that nobody made */
    bool hit;     /* the fault has happened */
    bool dead;
    int64_t calls[KIT_SLOTS];
    int64_t opens, closes;
    const kit_memory *memory;
    int64_t open_from, open_to; /* allocations of the first open */
    pthread_mutex_t lock;
    kit_self *selves;
    char wrong[160]; /* the first offence against the rules of life */
} kit_wrap;

const char *kit_slot_name(int32_t slot);
void kit_wrap_make(kit_wrap *wrap, const kit_stage *stage);
bool kit_wrap_has(const kit_wrap *wrap, int32_t kind, int32_t slot);
/* Before and after each run. */
void kit_wrap_begin(kit_wrap *wrap);
void kit_wrap_end(kit_wrap *wrap);
/* Call interrupt, if the stage is open; from any thread. */
void kit_wrap_interrupt(kit_wrap *wrap, int32_t kind);
bool kit_wrap_interruptible(const kit_wrap *wrap, int32_t kind);

/* ---- what stands before and behind the stage (kit_ends.c) ---- */

typedef struct kit_feed {
    const pln_table *table;
} kit_feed;

/* A two-phase sink whose store is this struct, which outlives runs. */
typedef struct kit_collect {
    kit_text shown, prepared, staged;
    int64_t rows, prepared_rows, staged_rows;
    int64_t committed, prepared_n;
    bool rejects;
    char wrong[200]; /* an invalid batch */
} kit_collect;

extern const pln_source kit_feed_table;
extern const pln_sink kit_collect_table;
void kit_collect_reset(kit_collect *collect);

/* ---- one run (kit_run.c) ---- */

typedef struct kit_run {
    /* how */
    int32_t mode;
    int64_t batch_rows, epoch_rows;
    const char *state;
    int64_t fail_at;
    bool once;
    int64_t steps; /* given up after so many; -1: never */
    bool interrupt;
    bool watch; /* look at the sink's result after each step */
    bool bare;  /* without configuration and set-up */
    const char *config; /* instead of the stage's */
    int32_t attempts;
    /* what happened */
    pln_status status;
    pln_error error;
    bool done;
    int64_t steps_done;
    int64_t requests, runtime_requests; /* all, and those that made the runtime */
    int64_t epochs;
    int32_t guarantee;
} kit_run;

struct kit_world;
const char *kit_empty_state(const struct kit_world *world, char path[300]);

typedef struct kit_world {
    const kit_stage *stage;
    kit_options options;
    kit_outcome *out;
    pln_runtime *home; /* of the input; it never fails */
    pln_table *inputs[KIT_PORTS];
    kit_feed feeds[KIT_PORTS];
    int64_t input_rows;
    int32_t n_inputs;
    char ports_in[KIT_PORTS][KIT_NODE_NAME];
    char ports_out[KIT_PORTS][KIT_NODE_NAME];
    int32_t n_out;
    kit_collect collects[KIT_PORTS + 1]; /* the last one has the rejects */
    kit_wrap wrap;
    int64_t clock_us;
    char dir[200];
    int64_t states; /* state files made so far */
    char *expected;
    int32_t guarantee;
    int64_t steps, requests; /* of the whole run with, and without, a state file */
    int64_t calls[KIT_SLOTS];
    int32_t check; /* being made */
    int64_t findings; /* of it */
    char doing[120]; /* what is being tried, for findings of another check */
} kit_world;

void kit_finding(kit_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
kit_run kit_run_of(const kit_world *world);
/* Runs and judges what must always hold: no leak, life, valid batches, fates of a run that is done. */
void kit_do(kit_world *world, kit_run *run);
void kit_reset(kit_world *world);
/* All that is to be seen; from malloc. */
char *kit_seen(kit_world *world);
/* Says where `seen` differs from what is expected. */
bool kit_same(kit_world *world, const char *what);

#endif

/*
 * The conformance kit: drives a source, transform or sink through everything that <pln/plugin.h> promises about it.
 *
 * Installed as share/pln/kit. It uses the public headers only; compile the kit's sources into a test program of one's own:
 *
 *     cc -o check my_check.c my_stage.c $(datadir)/pln/kit/kit*.c $(pkg-config --cflags --libs pln) -pthread
 *
 *     static const kit_stage stage = {.struct_size = sizeof stage, .kind = PLN_SOURCE, .name = "my.read", .table = &my_read,
 *                                     .config = "{\"rows\": 20}"};
 *     kit_outcome out = {0};
 *     return kit_check(&stage, NULL, &out) == 0 ? 0 : 1;
 *
 * What it checks (kit_check_name gives the words that findings begin with):
 *   options      every option has a help text; unknown, ill-typed and missing ones are refused by name
 *   rows         a whole run ends well, its batches are valid, its text is `expect` where that is given
 *   limits       every row limit of a poll (1, 2, 3, 7, 64, 8192) gives the same rows
 *   modes        batch, micro-batch and stream give the same rows
 *   fates        every row has one fate, and as many rows arrive behind the node as its report says
 *   hidden       what a sink shows outside changes with a committed epoch only
 *   resume       given up at every border and taken up again from its saved state, the result is that of the uninterrupted run
 *   faults       likewise when any slot fails, before or after its work, with and without the chance to clean up, and on a retry in the same run
 *   twice        commit and abort may come twice
 *   unknown      a handle that is garbage, or names what is gone, is refused
 *   failed open  close is not called after an open that failed
 *   interrupt    may come from another thread at any time
 *   memory       each allocation may fail, once or from then on: PLN_ENOMEM or success, no leak, no wrong result
 *   life         calls lie between open and close, never overlap, one close for each open; no block is freed twice
 *
 * A check that needs what the stage does not claim (saved positions, two-phase commit, interrupt) is counted as skipped.
 * The kit owns the clock, so that nothing sleeps; it writes state files into `dir` and removes them.
 */
#ifndef PLN_KIT_H
#define PLN_KIT_H

#include <pln/pln.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    KIT_OPTIONS = 0,
    KIT_ROWS,
    KIT_LIMITS,
    KIT_MODES,
    KIT_FATES,
    KIT_HIDDEN,
    KIT_RESUME,
    KIT_FAULTS,
    KIT_TWICE,
    KIT_UNKNOWN,
    KIT_FAILED_OPEN,
    KIT_INTERRUPT,
    KIT_MEMORY,
    KIT_LIFE,
    KIT_CHECKS
};

/* A stage as its tests know it. Members that are NULL or 0 are not needed. `arg` comes back as first argument of every callback. */
typedef struct kit_stage {
    uint32_t struct_size;
    int32_t kind;      /* PLN_SOURCE, PLN_TRANSFORM, PLN_SINK */
    const char *name;  /* for findings */
    const void *table; /* pln_source, pln_transform or pln_sink under test; the kit puts itself between it and the engine */
    void *user;        /* first argument of its open and ports */
    /* Without a table: the name of a stage that is registered, or a function that adds the node. Checks that stand between are then skipped. */
    const char *stage;
    pln_status (*add)(void *arg, pln_graph *graph, const char *node, pln_error *err);
    const char *config; /* JSON */
    void *arg;
    /* With each fresh runtime: load a plugin, register stages. */
    pln_status (*runtime)(void *arg, pln_runtime *runtime, pln_error *err);
    /* After the node was added: set options that come from the program, bind pointers. */
    pln_status (*setup)(void *arg, pln_runtime *runtime, pln_graph *graph, const char *node,
                        pln_error *err);
    /* After the graph is gone. */
    void (*teardown)(void *arg);
    /* The world outside as it was before any run: files removed, tables dropped. */
    void (*reset)(void *arg);
    /* Sinks: what the world sees, as text from malloc; the same rows must give the same text. */
    char *(*result)(void *arg);
    /* Transforms and sinks: the rows of in port `port`. *out is the kit's. */
    pln_status (*input)(void *arg, pln_runtime *runtime, int32_t port, pln_table **out,
                        pln_error *err);
    int32_t inputs;        /* edges into the node; 0: one, or none for a source */
    int32_t no_resume;     /* 1: so configured, rows are written at once or read once only, as the stage's manual says */
    const char *ports_in;  /* names separated by blanks, where an edge needs one ("left right") */
    const char *ports_out; /* NULL: those of the table's head */
    const char *expect;    /* the kit's text of the whole result, see kit_check; NULL: what the first run gives */
    int64_t epoch_rows;    /* of runs that commit several epochs; 0: 5 */
    int32_t needs_state;   /* 1: no run without a state file */
} kit_stage;

typedef struct kit_options {
    uint32_t struct_size;
    int32_t points;  /* at most so many points of each kind of failure, evenly spread; 0: 24, negative: all */
    const char *dir; /* for state files; NULL: $TMPDIR or /tmp */
    void (*say)(void *user, const char *line); /* findings; NULL: stdout */
    void *user;
    int32_t show_result; /* 1: say the text of the first run, to be copied into `expect` */
    uint32_t only;       /* set of 1 << KIT_...; 0: all */
} kit_options;

typedef struct kit_outcome {
    int64_t passed, failed, skipped; /* checks */
    uint32_t failed_checks;          /* set of 1 << KIT_... */
    uint32_t skipped_checks;
    int64_t findings;
    int64_t runs; /* of graphs, in all checks */
} kit_outcome;

/*
 * Check one stage; findings are said, *out (may be NULL) is added to. Answers the number of checks that failed.
 *
 * The text of a result has, for each out port and then for the reject port, a line "[port]" and a line a row in a form of the kit's own; then for a sink
 * "[result]" and what `result` answers.
 */
int32_t kit_check(const kit_stage *stage, const kit_options *options, kit_outcome *out);

const char *kit_check_name(int32_t check);

#ifdef __cplusplus
}
#endif

#endif

/*
 * A source that does what a script says, a sink that notes what it gets and fails where it is told to, and a clock that a test owns: for tests of
 * the engine that want one behaviour of a stage and nothing else.
 */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include <pln/pln.h>
#include <stdbool.h>

/*
 * One character of `acts` a poll: 1 to 9 that many rows (at most as many as are wanted; the rest follows) · a AGAIN · w AGAIN until one second
 * later · f AGAIN until `fd` is readable · b BARRIER · B two rows and BARRIER · s SCHEMA: from now on there is a second column · S SCHEMA, and nothing changed · n OK without rows ·
 * e a retryable error, as often as `errors` says · x an error · r a rejected record. The end of the text is PLN_EOS. Rows are 0, 1, 2, ...
 */
typedef struct script {
    const char *acts;
    int32_t schema_after; /* asked so often before the schema is known */
    int32_t errors;
    bool start_wide; /* there are two columns from the start */
    int32_t fd;
    int32_t opens, closes, polls, asked;
    int64_t committed; /* the last epoch acknowledged */
    int64_t max_rows;  /* the largest limit seen */
    const char *lacks; /* said in open; NULL: nothing */
} script;
extern const pln_source script_source;    /* bounded, replayable */
extern const pln_source script_unbounded; /* likewise, but for the capability */

/* A two-phase sink whose output is this struct. */
enum { PROBE_ROWS = 20000, PROBE_LOG = 4000 };
typedef struct probe {
    int64_t ids[PROBE_ROWS]; /* committed */
    int64_t n;
    int64_t staged[PROBE_ROWS];
    int64_t n_staged;
    int64_t prepared[PROBE_ROWS];
    int64_t n_prepared, prepared_n, committed_n;
    int32_t fail_writes; /* so many writes fail with `status`, after `good_writes` */
    int32_t good_writes;
    int32_t fail_prepares, fail_commits;
    uint32_t flags;
    pln_status status;
    int32_t again; /* so many writes answer AGAIN */
    const char *lacks; /* said in open; NULL: nothing */
    int32_t refuse_columns; /* schema: other than so many are refused; 0: none */
    int32_t opens, closes, writes, aborts;
    int32_t columns; /* of the last schema */
    char log[PROBE_LOG]; /* w write, p prepare, c commit, a abort, b begin, f finish, r recover, s schema */
} probe;
extern const pln_sink probe_sink;

/* Time goes on only when somebody waits, or by hand. */
typedef struct test_clock {
    int64_t now_us;
    int64_t waits, waited_us;
    int32_t last_fds;
} test_clock;
pln_clock test_clock_table(test_clock *clock);

#endif

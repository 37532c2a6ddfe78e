/*
 * A job of windows for tests that make things fail or end: rows out of order, some damaged, from a CSV file through tumbling, hopping and session windows and windows of
 * windows to sinks of one mode of pln-guarantees(7); late rows are kept, rejects go to a file; a state file remembers.
 *
 * window_job_seen tells all that it left. It begins where an earlier attempt ended, so that after any failure it must end with what an unharmed one gives.
 */
#ifndef TEST_WINDOW_JOB_H
#define TEST_WINDOW_JOB_H

#include "scratch.h"
#include <pln/pln.h>

/*
 * A: tables of the database that has the epochs. B: files of three formats. C: that database, and a second one with tables that are upserted, which must be as if nothing
 * had happened, and one that is appended to, in which rows may be twice.
 */
enum { WINDOW_JOB_A, WINDOW_JOB_B, WINDOW_JOB_C, WINDOW_JOBS };

typedef struct window_job {
    scratch dir;
    const pln_allocator *mem;
    const pln_file_ops *files;
    int mode;
    int64_t epoch_rows, batch_rows;
    int64_t late, taken_up; /* of the run that was done; how often it went on where another attempt had ended */
    char counts[4000]; /* likewise */
    pln_error err;
} window_job;

void window_job_open(window_job *job, int mode, int64_t rows);
void window_job_close(window_job *job);
pln_status window_job_run(window_job *job);
/* From malloc. */
char *window_job_seen(const window_job *job);
/* Prints the first line that differs; true if none does. */
bool window_job_same(const char *what, const char *expected, const char *seen);

#endif

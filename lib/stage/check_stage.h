/*
 * Private to stage check: its state, and the rows that wait for a reference.
 */
#ifndef PLN__STAGE_CHECK_STAGE_H
#define PLN__STAGE_CHECK_STAGE_H

#include "quality/quality.h"
#include "stage/contract.h"
#include "stage/stage.h"

enum {
    PLN__CHECK_OUT = 0,
    PLN__CHECK_WARN = 1,
    PLN__CHECK_QUARANTINE = 2,
    PLN__CHECK_RESULTS = 3,
    PLN__CHECK_REFERENCE = 1 /* in port */
};

/* Rows that may leave by a port, once their epoch is found to be right. */
typedef struct held_batch {
    pln_batch *batch;
    int32_t port;
} held_batch;

typedef struct check_stage {
    const pln_allocator *mem;
    pln_suite *own; /* made here; NULL: the program's, or the contract's */
    pln__held_contract *contract; /* NULL: none */
    const pln_suite *suite;
    pln_validation *validation;
    bool lent;       /* the validation is the program's */
    bool lenient;    /* no check ends the run */
    char *tag;       /* the column of tags; NULL: none */
    bool holds;      /* some check may quarantine whole epochs */
    bool finished;   /* the input has ended */
    bool doomed;     /* the epoch can only fail: none of its rows goes on */
    bool over;       /* and what is of all rows was said: epochs of other inputs may come */
    char **messages; /* a reason for each check, for rejected rows */
    int32_t n;
    uint8_t *force; /* a byte a row: the action that decides */
    int32_t *who;   /* and the check that asked for it */
    int64_t force_capacity, who_capacity;
    held_batch *held;
    int64_t n_held, held_capacity;
    pln__picks picks;
    const pln_check_callback *callback; /* the program's; NULL: none */
    bool quarantines;                   /* some check may send single rows away */
    /* ---- the reference of a port ---- */
    char *table;           /* its name in the suite; NULL: there is none */
    bool once;             /* it is all rows of the port; else those of an epoch */
    bool referred;         /* it is complete */
    bool late;             /* rows that waited are being looked at */
    struct ArrowSchema referred_schema;
    pln__reading *reading; /* NULL: no row has come since the last was complete */
    pln_batch **waiting;
    int64_t n_waiting, waiting_capacity;
    int64_t rows_waiting, wait_rows;
} check_stage;

/* A batch of the port in, when all that it is held to is known. */
pln_status pln__check_rows(check_stage *s, pln_context *ctx, pln_batch *batch, pln_error *err);

/* ---- check_reference.c; but for open and close only where there is a table ---- */

pln_status pln__check_wait_open(check_stage *s, pln_context *ctx, const pln_config *config,
                                pln_error *err);
void pln__check_wait_close(check_stage *s, pln_context *ctx);
/* NULL: nothing is wired to the port. The suite knows the table's columns from then on. */
pln_status pln__check_wait_schema(check_stage *s, const struct ArrowSchema *schema, pln_error *err);
/* A batch of the reference, or one that waits for it. */
pln_status pln__check_wait(check_stage *s, pln_context *ctx, int32_t port, pln_batch *batch,
                           pln_error *err);
/* No more rows of the reference. */
pln_status pln__check_wait_finish(check_stage *s, pln_context *ctx, pln_error *err);
/* The epoch ends. */
pln_status pln__check_wait_drain(check_stage *s, pln_context *ctx, pln_error *err);

#endif

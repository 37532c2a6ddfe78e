/* Private to reports: what they are made of. */
#ifndef PLN__RUN_REPORT_H
#define PLN__RUN_REPORT_H

#include "run/run.h"

typedef struct pln__port_report {
    char *name;    /* "read.out" */
    char *columns; /* "id int64 not null, name utf8" */
} pln__port_report;

typedef struct pln__node_report {
    pln_node_summary summary;
    pln__metric *metrics;
    int64_t n_metrics;
    pln__port_report *ports;
    int64_t n_ports;
    char *schemas; /* a JSON object, port by port */
    pln__note *notes;
    int64_t n_notes;
} pln__node_report;

/* A contract and its breaches; texts are in `note`. */
typedef struct pln__told_contract {
    json_t *note;
    pln_contract_summary summary;
    const json_t *breaches;
} pln__told_contract;

typedef struct pln__told_alert {
    json_t *note;
    pln_alert alert;
    char *json;
} pln__told_alert;

struct pln_report {
    const pln_allocator *mem;
    pln_run_summary summary;
    pln__node_report *nodes;
    char *json;
    pln__told_contract *contracts;
    int64_t n_contracts, contracts_capacity;
    pln__told_alert *alerts;
    int64_t n_alerts, alerts_capacity;
};

/* report_quality.c: contracts and alerts out of the nodes' notes. PLN_ENOMEM. */
pln_status pln__report_quality(pln_report *report, pln_error *err);
void pln__report_quality_free(pln_report *report);

#endif

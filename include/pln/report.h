/*
 * A report: what a run did, as structs and as JSON. Every row is accounted for: for each node
 * rows_in = passed + absorbed + rejected + late + filtered + duplicate.
 */
#ifndef PLN_REPORT_H
#define PLN_REPORT_H

#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_report pln_report;

/* The run as a whole. Texts live as long as the report. */
typedef struct pln_run_summary {
    uint32_t struct_size;
    int32_t status;     /* PLN_OK so far, PLN_EOS done, or the error that stopped it */
    int32_t mode;
    int32_t guarantee;  /* what was negotiated: PLN_AT_LEAST_ONCE or PLN_EXACTLY_ONCE */
    int32_t skipped;    /* 1: the run had been done before and was left alone */
    int32_t nodes;
    const char *pipeline;
    const char *run_key;
    const char *error; /* the message, "" if there is none */
    int64_t rows_in;   /* records read by all sources */
    int64_t rows_out;  /* rows taken by all sinks but those that hold rejects */
    int64_t rejected;
    int64_t epochs;     /* committed, this attempt and earlier ones */
    int64_t n;          /* the last committed epoch */
    int64_t owner;
    int64_t recoveries; /* how often the run was taken up again */
    int64_t retries;    /* epochs rolled back and tried again, this attempt */
    int64_t started_us;
    int64_t elapsed_us; /* of this attempt */
    int64_t peak_memory_bytes;
} pln_run_summary;

/* One node. For a source rows_in counts records read. */
typedef struct pln_node_summary {
    uint32_t struct_size;
    int32_t kind;
    const char *name;
    const char *stage;
    int64_t rows_in;
    int64_t rows_out; /* over all ports but reject, before fan-out */
    int64_t passed;
    int64_t absorbed;
    int64_t rejected;
    int64_t late;
    int64_t filtered;
    int64_t duplicate;
    int64_t batches_in;
    int64_t batches_out;
    int64_t time_us;      /* spent inside the node, nodes behind it not counted */
    int64_t watermark_us; /* INT64_MIN: none */
} pln_node_summary;

/* Verdicts on a contract. */
enum {
    PLN_CONTRACT_KEPT = 0,
    PLN_CONTRACT_WARNED = 1, /* only rules of severity info or warning are broken */
    PLN_CONTRACT_BROKEN = 2
};

/* A contract that a node was held to, by all rows that came to it in the run. */
typedef struct pln_contract_summary {
    uint32_t struct_size;
    int32_t verdict;         /* PLN_CONTRACT_* */
    const char *node;        /* "read.contract": what came out of node read */
    const char *id;
    const char *version;     /* NULL if the contract has none */
    const char *object;
    const char *on_breach;   /* "fail", "quarantine" or "warn" */
    int64_t rows;
    int64_t breaches;        /* how many rules are broken */
    int64_t service_levels;  /* that were judged; "unknown" ones among them */
    int64_t not_evaluated;   /* rules that nothing evaluates */
} pln_contract_summary;

/* A rule that is broken. */
typedef struct pln_breach {
    uint32_t struct_size;
    int32_t level;       /* PLN_CONTRACT_WARNED or PLN_CONTRACT_BROKEN */
    const char *rule;    /* "amount.minimum"; "schema" for a column that is not as promised */
    const char *pointer; /* where the contract says so, a JSON pointer; "" for a column */
    const char *columns;
    const char *message;
    int64_t rows;        /* that break it; 0 where it is not about single rows */
} pln_breach;

/* What a monitor had to say: an anomaly when it begins or grows, and when it is over. */
typedef struct pln_alert {
    uint32_t struct_size;
    int32_t severity;    /* PLN_MONITOR_WARNING or PLN_MONITOR_ERROR of <pln/monitor.h>; PLN_MONITOR_FINE: resolved */
    const char *node;
    const char *dataset;
    const char *metric;  /* "row_count" */
    const char *column;  /* "" for a metric of the whole */
    const char *status;  /* "anomaly" or "resolved" */
    const char *message; /* "row_count of orders: 103, expected 1034 (968 to 1100)" */
    double value;
    double expected;     /* NaN where there is none; so are the next two */
    double lower;
    double upper;
    int64_t incident;    /* its number: the same for an anomaly and its end */
    const char *json;    /* all of it, with what the metric has besides */
} pln_alert;

/*
 * The run's numbers.
 *
 * Errors: none.
 * Owner: set out->struct_size first; no byte beyond it is written.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_report_summary(const pln_report *report, pln_run_summary *out);

/*
 * The numbers of node `index`, in the order of pln_graph_add.
 *
 * Errors: PLN_EINVAL if there is no such node.
 * Owner: set out->struct_size first; no byte beyond it is written.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_report_node(const pln_report *report, int32_t index, pln_node_summary *out);

/*
 * A counter that a node keeps for itself (such as "inserted" or "unchanged" of sqlite.upsert), or -1 if it has none of that name.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_report_counter(const pln_report *report, const char *node, const char *metric);

/*
 * The columns of a node's out port, "node" or "node.port", as they were declared or inferred, in the form of pln_schema_parse. NULL if there is no such
 * port, or if its schema was not known when the report was made.
 *
 * Errors: none.
 * Owner: lent; valid while the report is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_report_schema(const pln_report *report, const char *port);

/*
 * Contract number `index`, from 0, in the order of their nodes.
 *
 * Errors: PLN_EINVAL past the last.
 * Owner: set out->struct_size first; texts live as long as the report.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_report_contract(const pln_report *report, int32_t index,
                                       pln_contract_summary *out);

/*
 * Breach number `index` of contract number `contract`.
 *
 * Errors: PLN_EINVAL past the last.
 * Owner: set out->struct_size first; texts live as long as the report.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_report_breach(const pln_report *report, int32_t contract, int32_t index,
                                     pln_breach *out);

/*
 * Alert number `index`, from 0, in the order of nodes and metrics.
 *
 * Errors: PLN_EINVAL past the last.
 * Owner: set out->struct_size first; texts live as long as the report.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_report_alert(const pln_report *report, int32_t index, pln_alert *out);

/*
 * What a node said under a topic, as JSON: of "contract" and "monitors" all that is known, of others what its plugin documents. NULL if it said nothing.
 *
 * Errors: none.
 * Owner: lent; valid while the report is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_report_note(const pln_report *report, const char *node, const char *topic);

/*
 * Everything as one JSON object: the run's numbers, "nodes" with fates, counters, notes and schemas of their ports.
 *
 * Errors: none.
 * Owner: lent; valid while the report is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_report_json(const pln_report *report);

/*
 * Free a report. NULL is allowed.
 *
 * Errors: none.
 * Owner: the report is gone.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_report_free(pln_report *report);

#ifdef __cplusplus
}
#endif

#endif

/*
 * contract_pipeline: orders go from a CSV file into a table, and a data contract holds at both ends. What its makers promised is checked as the rows come in, and
 * rows that break it go to a file with the rule; what we promise is checked as they go out, and nothing is stored unless all of it holds.
 *
 *     contract_pipeline CONTRACT FILE.csv [fail|quarantine|warn]      stores into orders.db; rows that break the contract go to rejected.ndjson
 *
 * exit: 0 the contract was kept, 1 rows broke it and were dealt with, 2 wrong use, 3 failed: nothing was stored
 */
#include <pln/pln.h>
#include <stdio.h>
#include <string.h>

enum { KEPT = 0, BROKEN = 1, WRONG_USE = 2, FAILED = 3 };

static pln_status build(pln_graph *g, const char *contract, const char *path, const char *on_breach,
                        pln_error *err) {
    pln_graph_add(g, "orders", "csv.read", NULL, err);
    pln_graph_set_text(g, "orders", "path", path, err);
    /* A text is the path of the contract; a JSON object would be the contract itself. */
    pln_graph_set_text(g, "orders", "contract", contract, err);
    pln_graph_set_text(g, "orders", "on_breach", on_breach, err);
    pln_graph_add(g, "store", "sqlite.upsert", PLN_JSON({
        "database": "orders.db", "table": "orders", "key": ["order_id"]}), err);
    /* The producer's side: what we store is under the contract, too. A breach here fails the run, unless breaches are only told. */
    pln_graph_set_text(g, "store", "contract", contract, err);
    pln_graph_set_text(g, "store", "on_breach", strcmp(on_breach, "warn") == 0 ? "warn" : "fail",
                       err);
    pln_graph_add(g, "bad", "ndjson.write", PLN_JSON({"path": "rejected.ndjson"}), err);
    /* The reject port of a node takes what breaks its contract besides what the node itself rejects. */
    return pln_graph_wire(g, "orders > store; orders.reject > bad; store.reject > bad", err);
}

/* Each contract of the run, and which of its rules were broken. */
static int tell(const pln_report *report) {
    static const char *const verdicts[] = {"kept", "kept, with warnings", "broken"};
    pln_contract_summary contract = {.struct_size = sizeof contract};
    pln_breach breach = {.struct_size = sizeof breach};
    int worst = PLN_CONTRACT_KEPT;
    for (int32_t i = 0; pln_report_contract(report, i, &contract) == PLN_OK; i++) {
        printf("%-16s contract %s %s, %s: %s, %lld rows\n", contract.node, contract.id,
               contract.version, contract.object, verdicts[contract.verdict],
               (long long)contract.rows);
        for (int32_t k = 0; pln_report_breach(report, i, k, &breach) == PLN_OK; k++)
            printf("  %-28s %6lld rows  %s\n", breach.rule, (long long)breach.rows, breach.message);
        worst = contract.verdict > worst ? contract.verdict : worst;
    }
    return worst == PLN_CONTRACT_BROKEN ? BROKEN : KEPT;
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_runtime *rt = NULL;
    pln_graph *g = NULL;
    pln_report *report = NULL;
    pln_run_summary summary = {.struct_size = sizeof summary};
    int status = KEPT;
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: contract_pipeline CONTRACT FILE.csv [fail|quarantine|warn]\n");
        return WRONG_USE;
    }
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_graph_new(rt, "orders", &g, &err) < 0 ||
        build(g, argv[1], argv[2], argc > 3 ? argv[3] : "quarantine", &err) < 0 ||
        pln_graph_run(g, NULL, &report, &err) < 0)
        fprintf(stderr, "contract_pipeline: %s: %s\n", err.where, err.message);
    if (report != NULL) {
        pln_report_summary(report, &summary);
        status = tell(report);
        printf("%lld rows read, %lld rejected, %lld stored\n", (long long)summary.rows_in,
               (long long)summary.rejected,
               (long long)(summary.status == PLN_EOS ? summary.rows_out : 0));
    }
    pln_report_free(report);
    pln_graph_free(g);
    pln_runtime_free(rt);
    return err.status < 0 ? FAILED : status;
}

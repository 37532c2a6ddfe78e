#include "connect/sqlite/query.h"
#include "connect/sqlite/sink.h"

pln_status pln__connect_sqlite_register(const pln_host *host, pln_registry *registry,
                                        pln_error *err) {
    pln_status status = pln__lite_register_query(host, registry, err);
    return status < 0 ? status : pln__lite_register_sinks(host, registry, err);
}

#include "connect/sqlite/sink.h"

pln_status pln__lite_register_sinks(const pln_host *host, pln_registry *registry, pln_error *err);

pln_status pln__connect_sqlite_register(const pln_host *host, pln_registry *registry, pln_error *err) {
    return pln__lite_register_sinks(host, registry, err);
}

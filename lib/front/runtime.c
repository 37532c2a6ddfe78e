#include "connect/file/file.h"
#include "connect/generate/generate.h"
#include "connect/memory/memory.h"
#include "connect/sqlite/sqlite.h"
#include "front/front.h"
#include "registry/registry.h"
#include "stage/stage.h"
#include "store/store.h"

typedef pln_status (*register_fn)(const pln_host *host, pln_registry *registry, pln_error *err);

static const register_fn builtin[] = {
    pln__stage_register,
    pln__connect_memory_register,
    pln__connect_file_register,
    pln__connect_generate_register,
    pln__connect_sqlite_register,
};

pln_status pln_runtime_new(const pln_runtime_options *options, pln_runtime **out, pln_error *err) {
    pln_status status = pln__runtime_create(options, out, err);
    pln_host host;
    if (status < 0)
        return status;
    if ((*out)->files.open == NULL)
        (*out)->files = *pln__file_posix();
    pln__host_static(&host);
    for (int i = 0; i < PLN__COUNT(builtin) && status >= 0; i++)
        status = builtin[i](&host, &(*out)->registry, err);
    if (status >= 0)
        status = pln__registry_register(&host, &(*out)->registry, *out, err);
    if (status < 0) {
        pln_runtime_free(*out);
        *out = NULL;
    }
    return status < 0 ? status : PLN_OK;
}

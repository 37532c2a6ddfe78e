#include "connect/http/http.h"
#include <curl/curl.h>

/*
 * libcurl is set up once for the whole process, when the plugin is loaded. From libcurl 7.84 on that is safe beside other threads; before, no other
 * thread may be inside libcurl at that moment. It is not undone: plugins stay.
 */
PLN_API pln_status pln_plugin_init_v1(const pln_host *host, pln_registry *registry, pln_error *err);
PLN_API pln_status pln_plugin_init_v1(const pln_host *host, pln_registry *registry,
                                      pln_error *err) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return pln__error_set(err, PLN_ENOMEM, "libcurl cannot be set up");
    return host->register_stage(registry, PLN_SCHEMA_REGISTRY, &pln__registry_http, NULL, err);
}

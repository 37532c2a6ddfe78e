#include "stage/avro_stage.h"

pln_status pln__avro_registry_open(pln_context *ctx, const pln_config *config,
                                   pln__avro_registry *out, pln_error *err) {
    const pln_host *host = ctx->host;
    const char *location = host->config_text(config, "registry");
    out->calls = host->schema_registry;
    out->at = host->config_handle(config, "registry_handle");
    if (out->at != NULL && location != NULL)
        return pln__error_set(err, PLN_EOPTION,
                              "options 'registry' and 'registry_handle': only one may be given");
    if (location == NULL)
        return PLN_OK;
    const char *more = host->config_has(config, "registry_config")
                           ? host->config_json(config, "registry_config")
                           : NULL;
    pln_status status = out->calls->open(ctx, location, more, &out->at, err);
    out->own = status >= 0;
    if (status < 0)
        pln__error_prefix(err, "option 'registry'");
    return status;
}

void pln__avro_registry_close(pln__avro_registry *registry) {
    if (registry->own)
        registry->calls->close(registry->at);
    registry->at = NULL;
    registry->own = false;
}

pln_status pln__avro_option_schema(pln_context *ctx, const pln_config *config, const char *option,
                                   pln__avro_schema **out, pln_error *err) {
    const char *text = ctx->host->config_text(config, option);
    *out = NULL;
    if (text == NULL)
        return PLN_OK;
    pln_status status = pln__avro_parse(ctx->host->allocator(ctx), text, -1, NULL, out, err);
    if (status < 0)
        pln__error_prefix(err, "option '%s'", option);
    return status;
}

int32_t pln__avro_frame_of(const char *name) {
    return strcmp(name, "single-object") == 0    ? PLN__FRAME_SINGLE_OBJECT
           : strcmp(name, "confluent") == 0      ? PLN__FRAME_CONFLUENT
           : strcmp(name, "confluent-guid") == 0 ? PLN__FRAME_CONFLUENT_GUID
           : strcmp(name, "any") == 0            ? PLN__FRAME_ANY
                                                 : PLN__FRAME_NONE;
}

pln_status pln__avro_need_registry(const pln__avro_registry *registry, int32_t frame,
                                   pln_error *err) {
    if (registry->at != NULL || frame == PLN__FRAME_NONE || frame == PLN__FRAME_SINGLE_OBJECT)
        return PLN_OK;
    return pln__error_set(
        err, PLN_EOPTION,
        "option 'frame': this one names schemas of a registry, and none is given");
}

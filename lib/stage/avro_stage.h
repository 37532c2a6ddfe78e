/* What avro.decode and avro.encode share: schemas by option, registries, frames. */
#ifndef PLN__STAGE_AVRO_H
#define PLN__STAGE_AVRO_H

#include "format/avro.h"
#include "stage/stage.h"

typedef struct pln__avro_registry {
    const pln_schema_registry_calls *calls;
    pln_schema_registry *at; /* NULL: none was given */
    bool own;                /* it was opened here */
} pln__avro_registry;
/* By the options registry and registry_config, or registry_handle. */
pln_status pln__avro_registry_open(pln_context *ctx, const pln_config *config,
                                   pln__avro_registry *out, pln_error *err);
void pln__avro_registry_close(pln__avro_registry *registry);

/* The schema of a text option, NULL if it is not set. */
pln_status pln__avro_option_schema(pln_context *ctx, const pln_config *config, const char *option,
                                   pln__avro_schema **out, pln_error *err);
/* "none", "single-object", "confluent", "confluent-guid"; "any" is PLN__FRAME_ANY. */
enum { PLN__FRAME_ANY = -1 };
int32_t pln__avro_frame_of(const char *name);
/* Frames but the first name a schema that only a registry knows. */
pln_status pln__avro_need_registry(const pln__avro_registry *registry, int32_t frame,
                                   pln_error *err);

#define PLN__AVRO_REGISTRY_OPTIONS                                                                 \
    {"registry", PLN_OPT_TEXT, 0, NULL, NULL,                                                      \
     "where schemas are found by the ids of frames: a location, see pln-registry(7)"},             \
        {"registry_config", PLN_OPT_JSON, 0, NULL, NULL, "an object with the registry's options"}, \
        {"registry_handle", PLN_OPT_HANDLE, 0, NULL, NULL,                                         \
         "a pln_schema_registry of the program, instead of registry"}

#endif

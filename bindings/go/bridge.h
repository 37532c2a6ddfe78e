/* What stands between Go and the C interface: casts that Go may not make, and loops that would cross the border once a row. */
#ifndef PLN_GO_BRIDGE_H
#define PLN_GO_BRIDGE_H

#include <pln/pln.h>

#if PLN_ABI_VERSION != 0
#error "this binding was written for PLN_ABI_VERSION 0"
#endif

pln_status pln_go_add_map(pln_graph *graph, const char *name, uintptr_t handle, const struct ArrowSchema *schema, uint32_t flags,
                          pln_error *err);
pln_status pln_go_add_source(pln_graph *graph, const char *name, uintptr_t handle, const char *columns, pln_error *err);
void pln_go_count(pln_context *ctx, const char *metric, int64_t n);
void pln_go_release_schema(struct ArrowSchema *schema);
/* n texts that lie end to end; valid may be NULL. */
pln_status pln_go_texts(pln_column *column, const char *bytes, const int64_t *ends, const uint8_t *valid, int64_t n, pln_error *err);
pln_status pln_go_keys_new(pln_runtime *runtime, const struct ArrowSchema *schema, const char *const *fields, int64_t n_fields,
                           int32_t hash, const uint8_t *secret, int64_t secret_size, pln_keys **out, pln_error *err);
/* All n rows of a reservoir in one call; `bytes` is their bytes, end to end. */
pln_status pln_go_items(const pln_reservoir *reservoir, int64_t n, int64_t *numbers, int64_t *sizes, uint8_t *bytes, pln_error *err);
/* A stream of n batches, each of which is held until the stream is released; the array is copied. */
pln_status pln_go_stream(pln_batch *const *batches, int64_t n, struct ArrowArrayStream *out);
/* An Arrow type without Go keywords among its members. */
const struct ArrowArray *pln_go_child(const struct ArrowArray *array, int64_t i);
const struct ArrowSchema *pln_go_field(const struct ArrowSchema *schema, int64_t i);
const void *pln_go_buffer(const struct ArrowArray *array, int64_t i);
void pln_go_progress(pln_run_options *options, uintptr_t handle);

#endif

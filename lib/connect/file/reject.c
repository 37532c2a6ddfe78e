#include "connect/file/parts.h"

pln_status pln__file_reject(pln_context *ctx, const struct ArrowSchema *schema, bool blocks,
                            const pln__chunk *chunk, pln_error *err) {
    enum { AT_ONCE = 64 };
    pln_raw_rejection items[AT_ONCE];
    const pln__decoded *decoded = &chunk->decoded;
    for (int64_t i = 0; i < decoded->n_bad;) {
        int64_t n = 0;
        for (; n < AT_ONCE && i < decoded->n_bad; i++, n++) {
            const pln__bad_row *bad = &decoded->bad[i];
            bool named = schema != NULL && bad->column >= 0 && bad->column < schema->n_children;
            items[n] = (pln_raw_rejection){
                .code = bad->code,
                .split = chunk->file,
                .position = blocks ? chunk->line + bad->line : chunk->offset + bad->start,
                .line = blocks ? -1 : chunk->line + bad->line + 1,
                .raw = bad->raw != NULL ? bad->raw : chunk->bytes + bad->start,
                .raw_size = bad->size,
                .column = named ? schema->children[bad->column]->name : NULL,
                .message = bad->message,
            };
        }
        pln_status status = ctx->host->reject_raw(ctx, items, n, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

#include "front/front.h"
#include <pln/schema.h>

pln_status pln_schema_parse(pln_runtime *runtime, const char *text, struct ArrowSchema *out,
                            pln_error *err) {
    return pln__schema_parse(runtime->mem, text, out, err);
}

pln_status pln_schema_text(pln_runtime *runtime, const struct ArrowSchema *schema, char **text,
                           pln_error *err) {
    pln__text out;
    *text = NULL;
    pln_status status = pln__schema_check(schema, err);
    if (status < 0)
        return status;
    pln__text_init(&out, runtime->mem);
    pln__text_str(&out, "");
    pln__schema_text(schema, &out);
    *text = pln__text_take(&out);
    return pln__text_status(&out, err);
}

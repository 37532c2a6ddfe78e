/*
 * Schemas as text, for people and for programs that would rather not fill in Arrow structs by hand:
 *
 *     pln_schema_parse(rt, "id int64 not null, amount decimal(12, 2), tags list<utf8>", &schema, &err);
 *     pln_builder_new(rt, &schema, &builder, &err);
 *     schema.release(&schema);
 *
 * A column is a name, a type and perhaps "not null"; a name with blanks or commas stands in double quotes. Types: null, bool, int8 to int64, uint8 to
 * uint64, float32, float64, utf8, binary, binary(bytes), decimal(precision, scale), date32, time32(s|ms), time64(us|ns),
 * timestamp(s|ms|us|ns, zone), list<type>, struct<columns>, map<key type, value type>, dictionary<type>.
 */
#ifndef PLN_SCHEMA_H
#define PLN_SCHEMA_H

#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Make a schema, a struct of columns, from its text.
 *
 * Errors: PLN_ESYNTAX with the column of the text; PLN_EINVAL, PLN_EUNSUPPORTED name the column that cannot be; PLN_ENOMEM.
 * Owner: *out is yours; call its release.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_schema_parse(pln_runtime *runtime, const char *text, struct ArrowSchema *out,
                                    pln_error *err);

/*
 * The text of a schema, as pln_schema_parse reads it (types that nest very deep are cut short).
 *
 * Errors: PLN_EINVAL, PLN_EUNSUPPORTED name the column; PLN_ENOMEM.
 * Owner: *text is yours; free it with pln_text_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_schema_text(pln_runtime *runtime, const struct ArrowSchema *schema,
                                   char **text, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif

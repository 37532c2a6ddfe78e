/*
 * A schema made by calls instead of text:
 *
 *     pln_avro_builder *b = pln_avro_builder_new(rt);
 *     pln_avro_builder_record(b, "com.example.Order");
 *     pln_avro_builder_field(b, "id");
 *     pln_avro_builder_type(b, "long");
 *     pln_avro_builder_field(b, "amount");
 *     pln_avro_builder_logical(b, "bytes", "decimal", 12, 2);
 *     pln_avro_builder_field(b, "note");
 *     pln_avro_builder_union(b);
 *     pln_avro_builder_type(b, "null");
 *     pln_avro_builder_type(b, "string");
 *     pln_avro_builder_end(b);                     the union
 *     pln_avro_builder_attribute(b, "default", "null");
 *     pln_avro_builder_end(b);                     the record
 *     status = pln_avro_builder_finish(b, &schema, &err);
 *
 * The calls remember the first mistake and do nothing from then on; pln_avro_builder_finish tells it. A wrong order of calls is PLN_ESTATE, all else is what
 * pln_avro_schema_parse says of the text that the calls amount to.
 */
#ifndef PLN_AVRO_BUILDER_H
#define PLN_AVRO_BUILDER_H

#include <pln/avro_schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Begin a schema. Never NULL unless there is no memory; all other calls take NULL and do nothing, and finish then says PLN_ENOMEM.
 *
 * Errors: NULL for no memory.
 * Owner: yours; pln_avro_builder_finish frees it. The runtime must outlive it.
 * Threads: one at a time, as for all calls with a builder.
 * Blocks: no.
 */
PLN_API pln_avro_builder *pln_avro_builder_new(pln_runtime *runtime);

/*
 * A type by name: a primitive ("long"), or a named type of this schema that was begun before.
 *
 * Errors: remembered.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_type(pln_avro_builder *builder, const char *name);

/*
 * A primitive with a logical type; precision and scale are for decimal, 0 for others.
 *
 * Errors: remembered.
 * Owner: the texts are copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_logical(pln_avro_builder *builder, const char *type,
                                      const char *logical, int32_t precision, int32_t scale);

/*
 * A type as the JSON text of its schema.
 *
 * Errors: remembered.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_json(pln_avro_builder *builder, const char *json);

/*
 * Begin a record, named by itself or with its namespace: its attributes follow, then its fields; pln_avro_builder_end closes it.
 *
 * Errors: remembered.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_record(pln_avro_builder *builder, const char *name);

/*
 * Begin an enum of `n` symbols: its attributes may follow; pln_avro_builder_end closes it.
 *
 * Errors: remembered.
 * Owner: the texts are copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_enum(pln_avro_builder *builder, const char *name,
                                   const char *const *symbols, int32_t n);

/*
 * Begin a fixed of `size` bytes: its attributes may follow; pln_avro_builder_end closes it.
 *
 * Errors: remembered.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_fixed(pln_avro_builder *builder, const char *name, int64_t size);

/*
 * Begin an array: the type of its items follows; pln_avro_builder_end closes it.
 *
 * Errors: remembered.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_array(pln_avro_builder *builder);

/*
 * Begin a map: the type of its values follows; pln_avro_builder_end closes it.
 *
 * Errors: remembered.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_map(pln_avro_builder *builder);

/*
 * Begin a union: its branches follow; pln_avro_builder_end closes it.
 *
 * Errors: remembered.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_union(pln_avro_builder *builder);

/*
 * Close the type begun last.
 *
 * Errors: remembered.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_end(pln_avro_builder *builder);

/*
 * Begin a field of the record: its type follows, then its attributes, then the next field or the end of the record.
 *
 * Errors: remembered.
 * Owner: the text is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_field(pln_avro_builder *builder, const char *name);

/*
 * An attribute of what is open - the field whose type is complete, or else the record, enum, fixed, array or map: "default", "doc", "aliases", "order",
 * "logicalType", or one of your own. The value is JSON text: "null", "\"text\"", "[\"old_name\"]".
 *
 * Errors: remembered.
 * Owner: the texts are copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_avro_builder_attribute(pln_avro_builder *builder, const char *key,
                                        const char *json);

/*
 * The schema, or the first mistake. The builder is freed in any case. out NULL: give up, free only.
 *
 * Errors: PLN_ESTATE for calls out of order, PLN_ESYNTAX, PLN_ELIMIT as pln_avro_schema_parse; PLN_ENOMEM.
 * Owner: *out is yours; free it with pln_avro_schema_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_avro_builder_finish(pln_avro_builder *builder, pln_avro_schema **out,
                                           pln_error *err);

#ifdef __cplusplus
}
#endif

#endif

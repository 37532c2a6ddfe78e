#include "registry/registry.h"

static pln_status need_topic(const char *topic, pln_error *err) {
    if (topic == NULL || topic[0] == '\0')
        return pln__error_set(err, PLN_EINVAL, "subject: the topic has no name");
    return PLN_OK;
}

static pln_status record_name(const pln_avro_schema *schema, const char **name, pln_error *err) {
    if (schema == NULL)
        return pln__error_set(err, PLN_EINVAL, "subject: the strategy needs a schema");
    const pln__avro_type *root = pln__avro_root(schema);
    if (root->full_name == NULL)
        return pln__error_set(
            err, PLN_ETYPE, "subject: the strategy needs a schema with a name, not one of type %s",
            pln__avro_kind_name(root->kind));
    *name = root->full_name;
    return PLN_OK;
}

pln_status pln_subject_name(pln_runtime *runtime, int32_t strategy, const char *topic,
                            int32_t is_key, const pln_avro_schema *schema, char **subject,
                            pln_error *err) {
    pln_status status = PLN_OK;
    const char *name = NULL;
    pln__text text;
    *subject = NULL;
    pln__text_init(&text, pln__runtime_allocator(runtime));
    if (strategy < PLN_SUBJECT_TOPIC || strategy > PLN_SUBJECT_TOPIC_RECORD)
        PLN__FAIL(err, PLN_EINVAL, "subject: strategy %d is none", (int)strategy);
    if (strategy != PLN_SUBJECT_TOPIC)
        PLN__TRY(record_name(schema, &name, err));
    if (strategy != PLN_SUBJECT_RECORD) {
        PLN__TRY(need_topic(topic, err));
        pln__text_str(&text, topic);
        pln__text_char(&text, '-');
    }
    pln__text_str(&text, name != NULL ? name : is_key ? "key" : "value");
    PLN__TRY(pln__text_status(&text, err));
    *subject = pln__text_take(&text);
out:
    pln__text_free(&text);
    return status;
}

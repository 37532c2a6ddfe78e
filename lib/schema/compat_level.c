#include "schema/compat.h"

/* How much of an old schema stands in a message. */
enum { OLD_SCHEMA_MAX = 10 * 1024 };

typedef struct question {
    pln_compat *answer;
    const pln_compat_options *options;
    const pln__avro_schema *schema, *old;
    int32_t level;
    int64_t index;
    const int32_t *versions;
} question;

static pln_status say_old(const question *q, pln_error *err) {
    pln_compat *answer = q->answer;
    pln__text text, schema;
    pln_status status = PLN_OK;
    if (q->versions != NULL) {
        pln__text_init(&text, answer->mem);
        pln__text_printf(&text, "{oldSchemaVersion: %d}", (int)q->versions[q->index]);
        status = pln__compat_say(answer, &text, err);
    }
    if (status < 0)
        return status;
    pln__text_init(&text, answer->mem);
    pln__text_init(&schema, answer->mem);
    pln__avro_text(q->old, PLN__AVRO_TEXT_FULL, &schema);
    bool cut = schema.size > OLD_SCHEMA_MAX;
    if (cut) {
        schema.size = OLD_SCHEMA_MAX;
        while (schema.size > 0 && ((uint8_t)schema.data[schema.size] & 0xc0) == 0x80)
            schema.size--;
    }
    pln__text_str(&text, cut ? "{oldSchema: <truncated> '" : "{oldSchema: '");
    pln__text_bytes(&text, schema.data, schema.size);
    pln__text_str(&text, cut ? "...'}" : "'}");
    if (schema.failed)
        text.failed = true;
    pln__text_free(&schema);
    return pln__compat_say(answer, &text, err);
}

/* One direction; `last`: the old schema is shown after its issues. As the registry does it, issues of one direction alone that is not the last do without. */
static pln_status hold(const question *q, bool old_reads, bool last, pln_error *err) {
    pln_compat *answer = q->answer;
    int64_t first = answer->issues.n;
    bool failed = answer->fails;
    answer->fails = false;
    answer->old_reads_new = old_reads;
    pln_status status = pln__compat_hold(answer, q->options, old_reads ? q->old : q->schema,
                                         old_reads ? q->schema : q->old, err);
    bool fails = answer->fails;
    answer->fails = failed || fails;
    if (status == PLN_OK)
        status = pln__compat_say_issues(answer, q->options, first, err);
    if (status == PLN_OK && fails && last)
        status = say_old(q, err);
    return status;
}

static pln_status hold_version(const question *q, pln_error *err) {
    bool forward = q->level >= PLN_COMPAT_FORWARD, backward = true;
    if (q->level == PLN_COMPAT_FORWARD || q->level == PLN_COMPAT_FORWARD_TRANSITIVE)
        backward = false;
    pln_status status = PLN_OK;
    if (forward)
        status = hold(q, true, !backward, err);
    if (status == PLN_OK && backward)
        status = hold(q, false, true, err);
    return status;
}

static bool is_transitive(int32_t level) {
    return level == PLN_COMPAT_BACKWARD_TRANSITIVE || level == PLN_COMPAT_FORWARD_TRANSITIVE ||
           level == PLN_COMPAT_FULL_TRANSITIVE;
}

static pln_status hold_all(question *q, const pln_compat_history *history, pln_error *err) {
    int64_t n = history == NULL ? 0 : history->n_previous;
    pln_status status = PLN_OK;
    if (q->level == PLN_COMPAT_NONE)
        n = 0;
    else if (n > 1 && !is_transitive(q->level))
        n = 1;
    for (int64_t i = 0; i < n && status == PLN_OK && !q->answer->fails; i++) {
        q->index = i;
        q->old = history->previous[i];
        status = hold_version(q, err);
        if (q->answer->fails)
            q->answer->version = i;
    }
    if (status == PLN_OK && q->answer->fails) {
        pln__text text;
        pln__text_init(&text, q->answer->mem);
        pln__text_printf(&text, "{validateFields: 'false', compatibility: '%s'}",
                         pln_compat_level_name(q->level));
        status = pln__compat_say(q->answer, &text, err);
    }
    return status;
}

pln_status pln__compat_check_level(const pln_allocator *mem, int32_t level,
                                   const pln__avro_schema *schema,
                                   const pln_compat_history *history,
                                   const pln_compat_options *options, pln_compat **out,
                                   pln_error *err) {
    pln_compat_options full;
    question q = {.options = &full, .schema = schema, .level = level};
    pln_status status;
    *out = NULL;
    if (pln_compat_level_name(level) == NULL)
        PLN__FAIL(err, PLN_EINVAL, "compatibility: there is no level %d", (int)level);
    if (history != NULL && (history->struct_size < sizeof *history || history->n_previous < 0))
        PLN__FAIL(err, PLN_EINVAL, "compatibility history: struct_size is %u, n_previous %lld",
                  (unsigned)history->struct_size, (long long)history->n_previous);
    PLN__TRY(pln__compat_options_of(options, &full, err));
    PLN__TRY(pln__compat_new(mem, &full, &q.answer, err));
    q.versions = history == NULL ? NULL : history->versions;
    PLN__TRY(hold_all(&q, history, err));
    *out = q.answer;
    return PLN_OK;
out:
    pln_compat_free(q.answer);
    return status;
}

pln_status pln_compat_check_level(pln_runtime *runtime, int32_t level,
                                  const pln_avro_schema *schema, const pln_compat_history *history,
                                  const pln_compat_options *options, pln_compat **out,
                                  pln_error *err) {
    return pln__compat_check_level(pln__runtime_allocator(runtime), level, schema, history, options,
                                   out, err);
}

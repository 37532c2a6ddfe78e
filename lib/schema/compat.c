#include "schema/compat.h"

enum { ISSUES_MAX = 10000 };

pln_status pln__compat_options_of(const pln_compat_options *given, pln_compat_options *out,
                                  pln_error *err) {
    memset(out, 0, sizeof *out);
    if (given != NULL) {
        size_t size = given->struct_size < sizeof *out ? given->struct_size : sizeof *out;
        if (size < offsetof(pln_compat_options, strict_logical))
            return pln__error_set(err, PLN_EINVAL,
                                  "compatibility options: struct_size is %u; set it to their size",
                                  (unsigned)given->struct_size);
        memcpy(out, given, size);
    }
    out->struct_size = sizeof *out;
    if (out->mode != PLN_COMPAT_SOUND && out->mode != PLN_COMPAT_JAVA_PARITY)
        return pln__error_set(err, PLN_EINVAL, "compatibility options: there is no mode %d",
                              (int)out->mode);
    if (out->mode == PLN_COMPAT_JAVA_PARITY && (out->strict_logical != 0 || out->ignore_names != 0))
        return pln__error_set(err, PLN_EINVAL,
                              "compatibility options: %s is not for the mode that answers as Java",
                              out->ignore_names ? "ignore_names" : "strict_logical");
    if (out->issues_max < 0)
        return pln__error_set(err, PLN_EINVAL, "compatibility options: issues_max is %d, negative",
                              (int)out->issues_max);
    if (out->issues_max == 0)
        out->issues_max = ISSUES_MAX;
    return PLN_OK;
}

pln_status pln__compat_hold(pln_compat *answer, const pln_compat_options *options,
                            const pln__avro_schema *reader, const pln__avro_schema *writer,
                            pln_error *err) {
    pln__compat_graph graph;
    pln__compat_graph_init(&graph, answer->mem, options, reader, writer);
    pln_status status = options->mode == PLN_COMPAT_JAVA_PARITY
                            ? pln__compat_java(answer, &graph, err)
                            : pln__compat_sound(answer, &graph, err);
    pln__compat_graph_free(&graph);
    return status;
}

pln_status pln__compat_say(pln_compat *answer, pln__text *text, pln_error *err) {
    pln_status status = pln__text_status(text, err);
    const char *line = NULL;
    if (status == PLN_OK)
        status = pln__grow(answer->mem, &answer->messages, &answer->messages_capacity,
                           answer->n_messages + 1, sizeof *answer->messages, err);
    if (status == PLN_OK) {
        line = pln__arena_copy(&answer->arena, text->data == NULL ? "" : text->data, text->size);
        status = line == NULL ? pln__error_memory(err, (uint64_t)text->size) : PLN_OK;
    }
    pln__text_free(text);
    if (status == PLN_OK)
        answer->messages[answer->n_messages++] = line;
    return status;
}

pln_status pln__compat_say_issues(pln_compat *answer, const pln_compat_options *options,
                                  int64_t first, pln_error *err) {
    pln_status status = PLN_OK;
    for (int64_t i = first; i < answer->issues.n && status == PLN_OK; i++) {
        const pln_compat_issue *issue = &answer->issues.at[i];
        pln__text text;
        pln__text_init(&text, answer->mem);
        if (options->mode == PLN_COMPAT_JAVA_PARITY && issue->kind == PLN_COMPAT_AMBIGUOUS_ALIAS)
            pln__text_printf(&text, "Unexpected exception during compatibility check: %s",
                             issue->message);
        else
            pln__text_printf(&text, "{errorType:'%s', description:'%s', additionalInfo:'%s'}",
                             pln_compat_kind_name(issue->kind), issue->description, issue->message);
        status = pln__compat_say(answer, &text, err);
    }
    return status;
}

pln_status pln__compat_check(const pln_allocator *mem, const pln__avro_schema *reader,
                             const pln__avro_schema *writer, const pln_compat_options *options,
                             pln_compat **out, pln_error *err) {
    pln_compat_options full;
    pln_compat *answer = NULL;
    pln_status status;
    *out = NULL;
    PLN__TRY(pln__compat_options_of(options, &full, err));
    PLN__TRY(pln__compat_new(mem, &full, &answer, err));
    PLN__TRY(pln__compat_hold(answer, &full, reader, writer, err));
    PLN__TRY(pln__compat_say_issues(answer, &full, 0, err));
    *out = answer;
    return PLN_OK;
out:
    pln_compat_free(answer);
    return status;
}

pln_status pln_compat_check(pln_runtime *runtime, const pln_avro_schema *reader,
                            const pln_avro_schema *writer, const pln_compat_options *options,
                            pln_compat **out, pln_error *err) {
    return pln__compat_check(pln__runtime_allocator(runtime), reader, writer, options, out, err);
}

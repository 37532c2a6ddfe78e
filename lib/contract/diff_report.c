#include "contract/diff.h"
#include "base/utf8.h"

static const char *const step_names[] = {"unknown", "back", "none", "patch", "minor", "major"};

/* ---- texts ---- */

static const char *keep(pln__differ *d, pln__text *text) {
    const char *copy =
        text->failed
            ? NULL
            : pln__arena_copy(&d->out->arena, text->data == NULL ? "" : text->data, text->size);
    pln__text_free(text);
    if (copy == NULL && d->status >= 0)
        d->status = pln__error_memory(d->err, 1);
    return copy;
}

static const char *pointer_of(pln__differ *d, const json *node) {
    pln__text text;
    if (node == NULL)
        return NULL;
    pln__text_init(&text, d->out->mem);
    pln__doc_pointer(node, &text);
    return keep(d, &text);
}

/* A value for people: JSON, cut at a character where it is long. */
static const char *value_of(pln__differ *d, const json *node) {
    enum { LONG = 160 };
    pln__text text;
    pln__text_init(&text, d->out->mem);
    if (node != NULL)
        pln__avro_json_text(node, &text);
    if (text.size > LONG && !text.failed) {
        text.size = LONG;
        while (text.size > 0 && ((uint8_t)text.data[text.size] & 0xC0) == 0x80)
            text.size--;
        pln__text_str(&text, "...");
    }
    return keep(d, &text);
}

static bool is_named(const pln__differ *d, const char *text) {
    return text != NULL && pln__map_get(d->acknowledged, text, (int64_t)strlen(text), NULL);
}

static bool is_acknowledged(pln__differ *d, const pln_contract_change *c) {
    bool named;
    pln__text full;
    if (is_named(d, c->where) || is_named(d, c->old_pointer) || is_named(d, c->new_pointer))
        return true;
    pln__text_init(&full, d->out->mem);
    pln__text_printf(&full, "%s:%s", c->kind, c->where);
    named = !full.failed && is_named(d, full.data);
    if (full.failed)
        d->status = pln__error_memory(d->err, 1);
    pln__text_free(&full);
    return named;
}

/* ---- one change ---- */

pln__note pln__note_of(const char *kind, int32_t breaks, const json *before, const json *after) {
    static const char *const reasons[] = {
        "", "less is promised: consumers may meet data that the old contract did not allow",
        "more is demanded: data that producers made by the old contract may not keep the new one",
        "data of the old contract and of the new one may not fit together"};
    return (pln__note){kind, breaks, PLN_CONTRACT_STEP_MINOR, before, after, reasons[breaks]};
}

static void count(pln__differ *d, const pln_contract_change *c) {
    pln_contract_verdict *v = &d->out->verdict;
    v->changes++;
    v->breaks |= c->breaks;
    v->breaking += c->breaks != 0;
    v->unacknowledged += c->breaks != 0 && !c->acknowledged;
    if (c->step > v->step_needed)
        v->step_needed = c->step;
}

void pln__diff_note(pln__differ *d, const pln__text *where, pln__note note, const char *format,
                    ...) {
    pln_contract_diff *out = d->out;
    pln_error words = {0};
    pln__text text;
    va_list args;
    if (d->status < 0)
        return;
    pln_contract_change c = {.struct_size = sizeof c,
                             .breaks = note.breaks,
                             .step = note.breaks != 0 ? PLN_CONTRACT_STEP_MAJOR : note.step,
                             .kind = note.kind,
                             .reason = note.breaks != 0 ? note.reason : ""};
    c.where = pln__arena_copy(&out->arena, where->data == NULL ? "" : where->data, where->size);
    if (c.where == NULL || where->failed) {
        d->status = pln__error_memory(d->err, 1);
        return;
    }
    c.old_pointer = pointer_of(d, note.before);
    c.new_pointer = pointer_of(d, note.after);
    c.acknowledged = c.breaks != 0 && is_acknowledged(d, &c);
    count(d, &c);
    if (out->n >= out->most || d->status < 0) {
        out->truncated = true;
        return;
    }
    c.before = value_of(d, note.before);
    c.after = value_of(d, note.after);
    va_start(args, format);
    (void)pln__error_setv(&words, PLN_EINVAL, format, args);
    va_end(args);
    pln__text_init(&text, out->mem);
    pln__text_printf(&text, "%s%s%s", c.where, c.where[0] == '\0' ? "" : ": ", words.message);
    c.text = keep(d, &text);
    if (d->status >= 0)
        d->status =
            pln__grow(out->mem, &out->changes, &out->capacity, out->n + 1, sizeof c, d->err);
    if (d->status >= 0)
        out->changes[out->n++] = c;
}

/* ---- asking ---- */

int64_t pln_contract_diff_count(const pln_contract_diff *diff) {
    return diff->n;
}

const pln_contract_change *pln_contract_diff_at(const pln_contract_diff *diff, int64_t index) {
    return index >= 0 && index < diff->n ? &diff->changes[index] : NULL;
}

void pln_contract_diff_verdict(const pln_contract_diff *diff, pln_contract_verdict *out) {
    uint32_t size = out->struct_size;
    memset(out, 0, size);
    memcpy(out, &diff->verdict, size < sizeof diff->verdict ? size : sizeof diff->verdict);
    out->struct_size = size;
}

void pln_contract_diff_free(pln_contract_diff *diff) {
    if (diff == NULL)
        return;
    const pln_allocator *mem = diff->mem;
    pln__free(mem, diff->changes, (uint64_t)diff->capacity * sizeof *diff->changes);
    pln__arena_free(&diff->arena);
    pln__free(mem, diff, sizeof *diff);
}

static void member(pln__text *out, const char *key, const char *value) {
    pln__text_printf(out, ",\"%s\":", key);
    if (value == NULL)
        pln__text_str(out, "null");
    else
        pln__text_json(out, value, (int64_t)strlen(value));
}

static void breaks_json(pln__text *out, int32_t breaks) {
    pln__text_printf(out, ",\"breaks\":[%s%s%s]", breaks & CONSUMERS ? "\"consumers\"" : "",
                     breaks == EVERYBODY ? "," : "", breaks & PRODUCERS ? "\"producers\"" : "");
}

static const char *bool_text(int32_t value) {
    return value ? "true" : "false";
}

static void change_json(pln__text *out, const pln_contract_change *c) {
    pln__text_printf(out, "{\"kind\":\"%s\"", c->kind);
    member(out, "where", c->where);
    member(out, "old_pointer", c->old_pointer);
    member(out, "new_pointer", c->new_pointer);
    member(out, "before", c->before);
    member(out, "after", c->after);
    member(out, "text", c->text);
    breaks_json(out, c->breaks);
    member(out, "reason", c->reason);
    member(out, "step", step_names[c->step + 2]);
    pln__text_printf(out, ",\"acknowledged\":%s}", bool_text(c->acknowledged));
}

pln_status pln_contract_diff_json(const pln_contract_diff *diff, char **text, pln_error *err) {
    const pln_contract_verdict *v = &diff->verdict;
    pln__text out;
    pln__text_init(&out, diff->mem);
    pln__text_printf(&out, "{\"accepted\":%s", bool_text(v->accepted));
    breaks_json(&out, v->breaks);
    member(&out, "step_needed", step_names[v->step_needed + 2]);
    member(&out, "step_made", step_names[v->step_made + 2]);
    pln__text_printf(&out, ",\"version_fits\":%s,\"unacknowledged\":%lld,\"changes\":[",
                     bool_text(v->version_fits), (long long)v->unacknowledged);
    for (int64_t i = 0; i < diff->n; i++) {
        if (i > 0)
            pln__text_char(&out, ',');
        change_json(&out, &diff->changes[i]);
    }
    pln__text_printf(&out, "],\"truncated\":%s}", bool_text(diff->truncated));
    *text = pln__text_take(&out);
    return pln__text_status(&out, err);
}

/*
 * is_format(text, 'email'): whether a text is of a format that has a name.
 */
#include "expr/formats.h"
#include "expr/rows.h"

typedef struct named {
    const char *name;
    xis *is;
} named;
static const named formats[] = {{"credit_card", pln__x_is_credit_card},
                                {"email", pln__x_is_email},
                                {"hostname", pln__x_is_hostname},
                                {"ip", pln__x_is_ip},
                                {"ipv4", pln__x_is_ipv4},
                                {"ipv6", pln__x_is_ipv6},
                                {"iso8601", pln__x_is_iso8601},
                                {"iso_date", pln__x_is_iso_date},
                                {"iso_time", pln__x_is_iso_time},
                                {"json", pln__x_is_json},
                                {"phone", pln__x_is_phone},
                                {"ssn", pln__x_is_ssn},
                                {"uri", pln__x_is_uri},
                                {"url", pln__x_is_url},
                                {"uuid", pln__x_is_uuid}};

/* aux: named. */
static pln_status k_is_format(xprog *p, const xop *op, int32_t n) {
    const xvec *v = x_arg(p, op, 0);
    xis *is = ((const named *)op->aux)->is;
    uint64_t *out = x_dest(p, op);
    memset(out, 0, (size_t)x_words(n) * 8);
    for (int32_t i = 0; i < n; i++) {
        xstr s = x_live(p, op, i) ? x_text(v, i) : x_empty();
        if (s.size > 0)
            out[i / 64] |= (uint64_t)is(s, p->cpu) << (i % 64);
    }
    return PLN_OK;
}

static pln_status no_such(xcompiler *c, const xnode *node, xstr name) {
    const char *names[PLN__COUNT(formats) + 1] = {NULL};
    char copy[32] = "", shown[PLN__SHOW_SIZE];
    pln__text all;
    for (int i = 0; i < PLN__COUNT(formats); i++)
        names[i] = formats[i].name;
    if (name.size < (int64_t)sizeof copy)
        memcpy(copy, name.data, (size_t)name.size);
    const char *near = copy[0] == '\0' ? NULL : pln__nearest(copy, names);
    (void)pln__show(shown, name.data, name.size);
    if (near != NULL)
        return pln__x_error_at(c, node, PLN_ENAME, "no such format %s (did you mean '%s'?)", shown,
                               near);
    pln__text_init(&all, c->p->mem);
    for (int i = 0; i < PLN__COUNT(formats); i++)
        pln__text_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    pln_status status = pln__text_status(&all, c->err);
    if (status >= 0)
        status = pln__x_error_at(c, node, PLN_ENAME, "no such format %s (there are %s)", shown,
                                 all.data);
    pln__text_free(&all);
    return status;
}

static pln_status resolve_is_format(xcompiler *c, xnode *node, const xfunction *f, int32_t *args,
                                    int32_t *out) {
    pln_status status;
    xtype text = pln__x_type(PLN__UTF8), boolean = pln__x_type(PLN__BOOL);
    xstr name;
    PLN__TRY(pln__x_coerce(c, node, &args[0], &text));
    PLN__TRY(pln__x_coerce(c, node, &args[1], &text));
    const xreg *wanted = &c->p->regs[args[1]];
    if (!wanted->constant)
        return pln__x_error_at(c, node, PLN_ETYPE, "%s: the name of the format must be a constant",
                               f->name);
    if (wanted->null)
        return pln__x_null_constant(c, &boolean, out);
    memcpy(&name, wanted->own, sizeof name);
    for (int i = 0; i < PLN__COUNT(formats); i++) {
        if (!pln__x_word_is((const char *)name.data, (int32_t)name.size, formats[i].name))
            continue;
        xspec spec = {
            .run = k_is_format, .flags = XF_STRICT, .name = f->name, .aux = &formats[i]};
        return pln__x_emit(c, node, &spec, args, 1, &boolean, out);
    }
    status = no_such(c, node, name);
out:
    return status;
}

const xfunction pln__x_format_functions[] = {
    {"is_format", "tt", 'b', NULL, XF_STRICT, 0, resolve_is_format}};
const int32_t pln__x_format_functions_count = PLN__COUNT(pln__x_format_functions);

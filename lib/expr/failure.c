/*
 * What went wrong, in words: errors of the text, and rows that failed.
 */
#include "expr/regexp.h"

/* The start and length of the line that holds byte `at`, as line and column of an editor. */
static void place(const char *text, int32_t at, int32_t *line, int32_t *column) {
    *line = 1;
    *column = 1;
    for (int32_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

pln_status pln__x_error(const char *text, int32_t at, pln_error *err, pln_status code,
                        const char *format, ...) {
    int32_t line, column;
    va_list args;
    if (err == NULL)
        return code;
    va_start(args, format);
    pln__error_setv(err, code, format, args);
    va_end(args);
    place(text, at, &line, &column);
    pln__error_prefix(err, "%d:%d", line, column);
    return code;
}

/* A piece of text of at most `max` bytes, cut between characters. */
int32_t pln__x_fit(const char *text, int32_t size, int32_t max) {
    if (size <= max)
        return size;
    while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    return max;
}

static void show_number(const xreg *reg, const uint8_t *at, pln__text *out) {
    char text[PLN__DECIMAL128_TEXT_SIZE];
    int64_t n = 0;
    int64_t value = 0;
    double number;
    float small;
    uint64_t natural = 0;
    int32_t width = pln__x_width(reg->phys);
    switch (reg->phys) {
    case X_I8: value = (int8_t)*at; break;
    case X_I16: {
        int16_t v;
        memcpy(&v, at, 2);
        value = v;
        break;
    }
    case X_I32: {
        int32_t v;
        memcpy(&v, at, 4);
        value = v;
        break;
    }
    case X_I64: memcpy(&value, at, 8); break;
    case X_F32:
        memcpy(&small, at, 4);
        n = pln__format_float(text, small);
        break;
    case X_F64:
        memcpy(&number, at, 8);
        n = pln__format_double(text, number);
        break;
    case X_DEC: n = pln__format_decimal128(text, pln__load_decimal128(at), reg->type.scale); break;
    default: memcpy(&natural, at, (size_t)width); n = pln__format_uint64(text, natural);
    }
    if (reg->type.id == PLN__DATE32)
        n = pln__format_date(text, (int32_t)value);
    else if (reg->type.id == PLN__TIMESTAMP)
        n = pln__format_timestamp(text, value, (pln__unit)reg->type.unit, PLN__TIME_SPACE);
    else if (x_is_time(&reg->type))
        n = pln__format_time(text, value, (pln__unit)reg->type.unit, 0);
    if (n == 0)
        n = pln__format_int64(text, value);
    pln__text_bytes(out, text, n);
}

static void show_text(xstr value, pln__text *out) {
    char shown[PLN__SHOW_SIZE];
    int32_t size = value.size > 64 ? 64 : (int32_t)value.size;
    pln__text_str(out,
                  pln__show(shown, value.data, pln__x_fit((const char *)value.data, size, 24)));
    if (size > 24)
        pln__text_str(out, "…");
}

static void show_value(const xreg *reg, int32_t row, pln__text *out) {
    const xvec *v = &reg->vec;
    int32_t width = pln__x_width(reg->phys);
    if (reg->phys == X_REF || reg->phys == X_VOID)
        pln__text_str(out, "...");
    else if (!x_valid(v, row))
        pln__text_str(out, "null");
    else if (reg->phys == X_TEXT)
        show_text(x_text(v, row), out);
    else if (reg->phys == X_BITS)
        pln__text_str(out, x_bit(v->data, row) ? "true" : "false");
    else
        show_number(reg, (const uint8_t *)v->data + (int64_t)row * width, out);
}

static void show_call(const xprog *p, const xop *op, int32_t row, pln__text *out) {
    const char *name = op->name;
    bool word = (name[0] | 32) >= 'a' && (name[0] | 32) <= 'z';
    if (word || op->n_args > 2) {
        pln__text_str(out, name);
        pln__text_char(out, '(');
        for (int32_t i = 0; i < op->n_args; i++) {
            if (i > 0)
                pln__text_str(out, ", ");
            show_value(x_arg_reg(p, op, i), row, out);
        }
        pln__text_char(out, ')');
        return;
    }
    if (op->n_args == 2) {
        show_value(x_arg_reg(p, op, 0), row, out);
        pln__text_char(out, ' ');
    }
    pln__text_str(out, name);
    if (op->n_args == 2)
        pln__text_char(out, ' ');
    show_value(x_arg_reg(p, op, op->n_args - 1), row, out);
}

static void show_reason(const xprog *p, const xop *op, uint32_t reason, int32_t row,
                        pln__text *out) {
    char type[PLN__TYPE_TEXT_SIZE];
    const char *name = pln__x_type_text(&p->regs[op->out].type, type);
    if (reason == XR_ZERO) {
        pln__text_str(out, "division by zero");
        return;
    }
    if (reason == XR_LONG) {
        pln__text_printf(out, "%s: the result is longer than %d bytes", op->name, X_VALUE_MAX);
        return;
    }
    if (reason == XR_OVERFLOW || reason == XR_DOMAIN)
        show_call(p, op, row, out);
    else
        show_value(x_arg_reg(p, op, 0), row, out);
    if (reason == XR_OVERFLOW)
        pln__text_printf(out, " overflows %s", name);
    else if (reason == XR_DOMAIN)
        pln__text_str(out, " is not defined");
    else if (reason == XR_SYNTAX)
        pln__text_printf(out, " is no %s", name);
    else if (reason == XR_RANGE)
        pln__text_printf(out, " does not fit %s", name);
    else if (reason == XR_INEXACT)
        pln__text_printf(out, " has digits that %s cannot hold", name);
    else if (reason == XR_STEPS)
        pln__text_printf(out, " takes more than %d steps to match", X_REGEXP_STEPS);
    else if (reason == XR_PLACES)
        pln__text_printf(out, " takes more than %d KiB to match", X_REGEXP_KIB);
    else
        pln__text_str(out, " is not valid UTF-8");
}

pln_status pln__x_failure_code(uint32_t why) {
    uint32_t reason = why & 0xFF;
    return reason == XR_STEPS || reason == XR_PLACES ? PLN_ELIMIT : PLN_EDATA;
}

pln_status pln__x_explain(const xprog *p, uint32_t why, int32_t row, char *out, int64_t size,
                          pln_error *err) {
    const xop *op = &p->ops[why >> 8];
    pln__text text;
    int32_t from = op->start, n = pln__x_fit(p->text + from, op->end - from, 40);
    pln__text_init(&text, p->mem);
    if (n > 0)
        pln__text_printf(&text, "%.*s%s: ", n, p->text + from, n < op->end - from ? "…" : "");
    show_reason(p, op, why & 0xFF, row, &text);
    out[0] = '\0';
    if (!text.failed && text.data != NULL) {
        int32_t fits = pln__x_fit(text.data, (int32_t)text.size, (int32_t)size - 4);
        memcpy(out, text.data, (size_t)fits);
        memcpy(out + fits, fits < text.size ? "…" : "", fits < text.size ? 4 : 1);
    }
    pln_status status = pln__text_status(&text, err);
    pln__text_free(&text);
    return status;
}

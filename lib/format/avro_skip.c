/* Values that nobody wants: their end is found, and nothing else. */
#include "format/avro_program.h"

#define VALUE_BYTES_MAX ((int64_t)64 << 20)
#define ITEMS_MAX 1000000
/* Hosts run the library on small stacks. */
#define NESTING_CEILING 256

pln__avro_limits pln__avro_limits_of(const pln__avro_limits *limits) {
    pln__avro_limits set = {0};
    if (limits != NULL)
        set = *limits;
    if (set.value_bytes_max <= 0)
        set.value_bytes_max = VALUE_BYTES_MAX;
    if (set.items_max <= 0)
        set.items_max = ITEMS_MAX;
    if (set.nesting_max <= 0)
        set.nesting_max = PLN__NESTING_MAX;
    if (set.nesting_max > NESTING_CEILING)
        set.nesting_max = NESTING_CEILING;
    return set;
}

bool pln__avro_takes_no_bytes(const pln__avro_type *type, uint8_t *widths, int32_t depth) {
    uint8_t *width = &widths[type->index];
    if (*width != AVRO_WIDTH_UNKNOWN)
        return *width == AVRO_WIDTH_NONE;
    /* What is deeper than anything that is read, and a record inside itself, counts as bytes: the safe side. */
    *width = AVRO_WIDTH_SOME;
    bool none = type->kind == PLN__AVRO_NULL || (type->kind == PLN__AVRO_FIXED && type->size == 0);
    if (depth > 2 * PLN__NESTING_MAX)
        return false;
    if (type->kind == PLN__AVRO_RECORD) {
        none = true;
        for (int32_t i = 0; i < type->n_fields; i++)
            none &= pln__avro_takes_no_bytes(type->fields[i].type, widths, depth + 1);
    } else if (type->kind == PLN__AVRO_ARRAY || type->kind == PLN__AVRO_MAP) {
        (void)pln__avro_takes_no_bytes(type->items, widths, depth + 1);
    } else if (type->kind == PLN__AVRO_UNION) {
        for (int32_t i = 0; i < type->n_branches; i++)
            (void)pln__avro_takes_no_bytes(type->branches[i], widths, depth + 1);
    }
    *width = none ? AVRO_WIDTH_NONE : AVRO_WIDTH_SOME;
    return none;
}

static const uint8_t *number(pln__avro_cursor *in, const uint8_t *p, int64_t *out) {
    uint64_t value;
    const uint8_t *next = pln__avro_varint(p, &value);
    if (PLN__UNLIKELY(next == NULL))
        return pln__avro_fault(in, AVRO_FAULT_VARINT, p, 0);
    if (PLN__UNLIKELY(next > in->end))
        return pln__avro_fault(in, AVRO_FAULT_CUT, p, 0);
    *out = pln__avro_unzigzag(value);
    return next;
}

const uint8_t *pln__avro_block(pln__avro_cursor *in, const uint8_t *p, bool no_bytes,
                               int64_t *count, int64_t *size) {
    const uint8_t *at = p;
    *size = -1;
    p = number(in, p, count);
    if (p == NULL || *count == 0)
        return p;
    if (*count < 0) {
        if (*count == INT64_MIN)
            return pln__avro_fault(in, AVRO_FAULT_COUNT, at, *count);
        *count = -*count;
        const uint8_t *head = p;
        p = number(in, p, size);
        if (p == NULL)
            return NULL;
        if (*size < 0 || *size > in->end - p)
            return pln__avro_fault(in, AVRO_FAULT_BLOCK, head, *size);
    }
    if (no_bytes) {
        if (*count > in->items_left)
            return pln__avro_fault(in, AVRO_FAULT_ITEMS, at, *count);
        in->items_left -= *count;
    } else if (*count > (*size >= 0 ? *size : in->end - p)) {
        return pln__avro_fault(in, AVRO_FAULT_COUNT, at, *count);
    }
    return p;
}

static const uint8_t *skip_items(pln__avro_cursor *in, const pln__avro_type *type, const uint8_t *p,
                                 int32_t depth) {
    bool map = type->kind == PLN__AVRO_MAP;
    bool no_bytes = !map && in->widths[type->items->index] == AVRO_WIDTH_NONE;
    for (;;) {
        int64_t count, size, length;
        p = pln__avro_block(in, p, no_bytes, &count, &size);
        if (p == NULL || count == 0)
            return p;
        if (size >= 0) {
            p += size;
            continue;
        }
        for (int64_t i = 0; i < count && !no_bytes; i++) {
            if (map) {
                p = pln__avro_length(in, p, &length);
                if (p == NULL)
                    return NULL;
                p += length;
            }
            p = pln__avro_skip_value(in, type->items, p, depth + 1);
            if (p == NULL)
                return NULL;
        }
    }
}

static const uint8_t *skip_fixed(pln__avro_cursor *in, const uint8_t *p, int64_t size) {
    return size <= in->end - p ? p + size : pln__avro_fault(in, AVRO_FAULT_CUT, p, size);
}

static const uint8_t *skip_index(pln__avro_cursor *in, const pln__avro_type *type, const uint8_t *p,
                                 int64_t *out) {
    const uint8_t *at = p;
    bool is_enum = type->kind == PLN__AVRO_ENUM;
    p = number(in, p, out);
    in->detail = type;
    if (p != NULL && (uint64_t)*out >= (uint64_t)(is_enum ? type->n_symbols : type->n_branches))
        return pln__avro_fault(in, is_enum ? AVRO_FAULT_SYMBOL : AVRO_FAULT_BRANCH, at, *out);
    return p;
}

const uint8_t *pln__avro_skip_value(pln__avro_cursor *in, const pln__avro_type *type,
                                    const uint8_t *p, int32_t depth) {
    int64_t value;
    if (in->widths[type->index] == AVRO_WIDTH_NONE)
        return p;
    if (depth > in->nesting_max)
        return pln__avro_fault(in, AVRO_FAULT_NESTING, p, in->nesting_max);
    switch (type->kind) {
    case PLN__AVRO_BOOLEAN: return skip_fixed(in, p, 1);
    case PLN__AVRO_INT:
    case PLN__AVRO_LONG: return number(in, p, &value);
    case PLN__AVRO_FLOAT: return skip_fixed(in, p, 4);
    case PLN__AVRO_DOUBLE: return skip_fixed(in, p, 8);
    case PLN__AVRO_FIXED: return skip_fixed(in, p, type->size);
    case PLN__AVRO_BYTES:
    case PLN__AVRO_STRING: p = pln__avro_length(in, p, &value); return p == NULL ? NULL : p + value;
    case PLN__AVRO_ENUM: return skip_index(in, type, p, &value);
    case PLN__AVRO_UNION:
        p = skip_index(in, type, p, &value);
        return p == NULL ? NULL : pln__avro_skip_value(in, type->branches[value], p, depth);
    case PLN__AVRO_ARRAY:
    case PLN__AVRO_MAP: return skip_items(in, type, p, depth);
    case PLN__AVRO_RECORD:
        for (int32_t i = 0; i < type->n_fields && p != NULL; i++)
            p = pln__avro_skip_value(in, type->fields[i].type, p, depth + 1);
        return p;
    default: return p;
    }
}

/* Bytes behind the number at the place of the fault. */
static long long left_behind(const pln__avro_cursor *in) {
    const uint8_t *p = in->at;
    while (p < in->end && *p++ >= 0x80)
        continue;
    return p < in->end ? (long long)(in->end - p) : 0;
}

void pln__avro_fault_text(const pln__avro_cursor *in, pln__text *out) {
    char shown[PLN__SHOW_SIZE];
    long long n = (long long)in->number;
    long long left = in->at > in->end ? 0 : (long long)(in->end - in->at);
    const pln__avro_type *type = in->detail;
    switch (in->fault) {
    case AVRO_FAULT_VARINT: pln__text_str(out, "a number of more than 10 bytes or 64 bits"); break;
    case AVRO_FAULT_INT: pln__text_str(out, "an int of more than 5 bytes or 32 bits"); break;
    case AVRO_FAULT_BOOL: pln__text_printf(out, "boolean byte %lld, expected 0 or 1", n); break;
    case AVRO_FAULT_LENGTH:
        pln__text_printf(out, "a length of %lld, %lld bytes are left", n, left_behind(in));
        break;
    case AVRO_FAULT_TOO_LONG:
        pln__text_printf(out, "a value of %lld bytes, at most %lld are read", n,
                         (long long)in->value_max);
        break;
    case AVRO_FAULT_UTF8:
        pln__text_printf(out, "text is not UTF-8: %s",
                         pln__show(shown, in->at, n < left ? in->number : (int64_t)left));
        break;
    case AVRO_FAULT_SYMBOL:
        pln__text_printf(out, "symbol %lld of enum %s, which has %d", n, type->full_name,
                         type->n_symbols);
        break;
    case AVRO_FAULT_NO_SYMBOL:
        pln__text_printf(out, "symbol '%s' is none of the reader's enum", type->symbols[n]);
        break;
    case AVRO_FAULT_BRANCH:
        pln__text_printf(out, "branch %lld of a union, which has %d", n, type->n_branches);
        break;
    case AVRO_FAULT_COUNT:
        pln__text_printf(out, "a block of %lld items, %lld bytes are left", n, left_behind(in));
        break;
    case AVRO_FAULT_BLOCK:
        pln__text_printf(out, "a block of %lld bytes, %lld are left", n, left);
        break;
    case AVRO_FAULT_ITEMS:
        pln__text_printf(out, "%lld items without bytes: too many for one datum", n);
        break;
    case AVRO_FAULT_NESTING: pln__text_printf(out, "more than %lld levels of nesting", n); break;
    case AVRO_FAULT_DIGITS: pln__text_printf(out, "a decimal of more than %lld digits", n); break;
    case AVRO_FAULT_NO_DECIMAL: pln__text_str(out, "a decimal of no bytes"); break;
    case AVRO_FAULT_MISFIT: pln__text_str(out, in->detail); break;
    default: pln__text_str(out, "the datum is cut short"); break;
    }
}

void pln__avro_place_text(const pln__avro_place *at, char out[PLN__AVRO_PLACE_SIZE]) {
    const char *names[64];
    int32_t n = 0, used = 0;
    for (; at != NULL && n < 64; at = at->up)
        names[n++] = at->name;
    out[0] = '\0';
    while (n-- > 0) {
        int32_t more = (int32_t)strlen(names[n]);
        if (used + more + 2 > PLN__AVRO_PLACE_SIZE)
            return;
        if (used > 0 && names[n][0] != '[' && names[n][0] != '{')
            out[used++] = '.';
        memcpy(out + used, names[n], (size_t)more + 1);
        used += more;
    }
}

#include "schema/avro_internal.h"
#include <stdio.h>

/*
 * The full forms give the members of every object in the order in which they were written, with the types inside printed anew: a named type
 * where it comes first, its name from then on. The canonical form has its own order and nothing that does not change the bytes of data.
 */
typedef struct print {
    pln__text *out;
    uint8_t *seen; /* named types that have been printed, by index */
    int32_t indent;
    bool pretty;
} print;

static void print_type(print *p, const pln__avro_type *type, const char *space);

/* ---- punctuation ---- */

static void new_line(print *p) {
    if (!p->pretty)
        return;
    pln__text_char(p->out, '\n');
    for (int32_t i = 0; i < p->indent; i++)
        pln__text_bytes(p->out, "  ", 2);
}

static void open(print *p, char bracket) {
    pln__text_char(p->out, bracket);
    p->indent++;
}

static void item(print *p, bool first) {
    if (!first)
        pln__text_char(p->out, ',');
    new_line(p);
}

static void item_in_line(print *p, bool first) {
    if (!first)
        pln__text_str(p->out, p->pretty ? ", " : ",");
}

static void shut(print *p, char bracket, bool empty) {
    p->indent--;
    if (!empty)
        new_line(p);
    pln__text_char(p->out, bracket);
}

static void colon(print *p) {
    pln__text_str(p->out, p->pretty ? ": " : ":");
}

static void quote(print *p, const char *text) {
    pln__text_json(p->out, text, (int64_t)strlen(text));
}

static void member(print *p, const char *key, bool first) {
    item(p, first);
    quote(p, key);
    colon(p);
}

static void print_json(print *p, const json *value) {
    bool object = value->kind == J_OBJECT, scalars = value->kind == J_ARRAY;
    if (!p->pretty || value->kind < J_ARRAY || value->size == 0) {
        pln__avro_json_text(value, p->out);
        return;
    }
    for (const json *child = value->first; child != NULL; child = child->next)
        scalars = scalars && child->kind < J_ARRAY;
    open(p, object ? '{' : '[');
    for (const json *child = value->first; child != NULL; child = child->next) {
        if (scalars)
            item_in_line(p, child == value->first);
        else
            item(p, child == value->first);
        if (object) {
            pln__text_json(p->out, child->key, child->key_size);
            colon(p);
        }
        print_json(p, child);
    }
    shut(p, object ? '}' : ']', scalars);
}

/* ---- full ---- */

static bool is_seen(const print *p, const pln__avro_type *type) {
    return pln__avro_is_named(type->kind) && pln__bit_get(p->seen, type->index);
}

static bool is_bare(const pln__avro_type *type) {
    return type->kind <= PLN__AVRO_STRING &&
           (type->definition == NULL || type->definition->size == 1);
}

/* A name in the namespace around it needs none, unless it could be taken for a primitive. */
static void print_reference(print *p, const pln__avro_type *type, const char *space) {
    bool short_form = strcmp(type->space, space) == 0;
    for (int32_t kind = 0; kind <= PLN__AVRO_STRING; kind++)
        short_form = short_form && strcmp(type->name, pln__avro_kind_name(kind)) != 0;
    quote(p, short_form ? type->name : type->full_name);
}

static void print_union(print *p, const pln__avro_type *type, const char *space) {
    bool in_line = true;
    for (int32_t i = 0; i < type->n_branches; i++)
        in_line = in_line && (is_bare(type->branches[i]) || is_seen(p, type->branches[i]));
    open(p, '[');
    for (int32_t i = 0; i < type->n_branches; i++) {
        if (in_line)
            item_in_line(p, i == 0);
        else
            item(p, i == 0);
        print_type(p, type->branches[i], space);
    }
    shut(p, ']', in_line);
}

static void print_field(print *p, const pln__avro_field *field, const char *space) {
    open(p, '{');
    for (const json *m = field->definition->first; m != NULL; m = m->next) {
        item(p, m == field->definition->first);
        pln__text_json(p->out, m->key, m->key_size);
        colon(p);
        if (pln__doc_is(m, "type"))
            print_type(p, field->type, space);
        else
            print_json(p, m);
    }
    shut(p, '}', false);
}

static void print_fields(print *p, const pln__avro_type *type) {
    open(p, '[');
    for (int32_t i = 0; i < type->n_fields; i++) {
        item(p, i == 0);
        print_field(p, &type->fields[i], type->space);
    }
    shut(p, ']', type->n_fields == 0);
}

static void print_member(print *p, const pln__avro_type *type, const json *m, const char *space) {
    bool inner = (type->kind == PLN__AVRO_ARRAY && pln__doc_is(m, "items")) ||
                 (type->kind == PLN__AVRO_MAP && pln__doc_is(m, "values"));
    pln__text_json(p->out, m->key, m->key_size);
    colon(p);
    if (inner)
        print_type(p, type->items, space);
    else if (type->kind == PLN__AVRO_RECORD && pln__doc_is(m, "fields"))
        print_fields(p, type);
    else
        print_json(p, m);
}

static void print_definition(print *p, const pln__avro_type *type, const char *space) {
    bool named = pln__avro_is_named(type->kind), first = true;
    open(p, '{');
    for (const json *m = type->definition->first; m != NULL; m = m->next) {
        if (named && pln__doc_is(m, "namespace"))
            continue; /* stands with the name, and only where it is another than the one around */
        item(p, first);
        first = false;
        if (!named || !pln__doc_is(m, "name")) {
            print_member(p, type, m, space);
            continue;
        }
        pln__text_str(p->out, "\"name\"");
        colon(p);
        quote(p, type->name);
        if (strcmp(type->space, space) != 0) {
            member(p, "namespace", false);
            quote(p, type->space);
        }
    }
    shut(p, '}', false);
}

static void print_type(print *p, const pln__avro_type *type, const char *space) {
    if (is_bare(type)) {
        quote(p, pln__avro_kind_name(type->kind));
    } else if (is_seen(p, type)) {
        print_reference(p, type, space);
    } else if (type->kind == PLN__AVRO_UNION) {
        print_union(p, type, space);
    } else {
        pln__bit_set(p->seen, type->index);
        print_definition(p, type, space);
    }
}

/* ---- canonical: "Transforming into Parsing Canonical Form" of the specification ---- */

static void canon_type(print *p, const pln__avro_type *type);

static void canon_fields(print *p, const pln__avro_type *type) {
    pln__text_str(p->out, ",\"fields\":[");
    for (int32_t i = 0; i < type->n_fields; i++) {
        pln__text_str(p->out, i == 0 ? "{\"name\":" : ",{\"name\":");
        quote(p, type->fields[i].name);
        pln__text_str(p->out, ",\"type\":");
        canon_type(p, type->fields[i].type);
        pln__text_char(p->out, '}');
    }
    pln__text_char(p->out, ']');
}

static void canon_symbols(print *p, const pln__avro_type *type) {
    pln__text_str(p->out, ",\"symbols\":[");
    for (int32_t i = 0; i < type->n_symbols; i++) {
        if (i > 0)
            pln__text_char(p->out, ',');
        quote(p, type->symbols[i]);
    }
    pln__text_char(p->out, ']');
}

static void canon_named(print *p, const pln__avro_type *type) {
    if (is_seen(p, type)) {
        quote(p, type->full_name);
        return;
    }
    pln__bit_set(p->seen, type->index);
    pln__text_str(p->out, "{\"name\":");
    quote(p, type->full_name);
    pln__text_printf(p->out, ",\"type\":\"%s\"", pln__avro_kind_name(type->kind));
    if (type->kind == PLN__AVRO_RECORD)
        canon_fields(p, type);
    else if (type->kind == PLN__AVRO_ENUM)
        canon_symbols(p, type);
    else
        pln__text_printf(p->out, ",\"size\":%lld", (long long)type->size);
    pln__text_char(p->out, '}');
}

static void canon_union(print *p, const pln__avro_type *type) {
    pln__text_char(p->out, '[');
    for (int32_t i = 0; i < type->n_branches; i++) {
        if (i > 0)
            pln__text_char(p->out, ',');
        canon_type(p, type->branches[i]);
    }
    pln__text_char(p->out, ']');
}

static void canon_type(print *p, const pln__avro_type *type) {
    if (pln__avro_is_named(type->kind)) {
        canon_named(p, type);
    } else if (type->kind == PLN__AVRO_UNION) {
        canon_union(p, type);
    } else if (type->kind <= PLN__AVRO_STRING) {
        quote(p, pln__avro_kind_name(type->kind));
    } else {
        bool array = type->kind == PLN__AVRO_ARRAY;
        pln__text_str(p->out,
                      array ? "{\"type\":\"array\",\"items\":" : "{\"type\":\"map\",\"values\":");
        canon_type(p, type->items);
        pln__text_char(p->out, '}');
    }
}

void pln__avro_text(const pln__avro_schema *schema, int32_t form, pln__text *out) {
    uint64_t bytes = (uint64_t)schema->n_types / 8 + 1;
    print p = {.out = out, .pretty = form == PLN__AVRO_TEXT_PRETTY};
    p.seen = pln__calloc(out->mem, bytes, 1);
    if (p.seen == NULL) {
        out->failed = true;
        return;
    }
    if (form == PLN__AVRO_TEXT_CANONICAL)
        canon_type(&p, schema->root);
    else
        print_type(&p, schema->root, "");
    pln__free(out->mem, p.seen, bytes);
}

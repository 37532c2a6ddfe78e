#include "random_schemas.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- making ---- */

static bool chance(rng *r, int percent) {
    return rng_below(r, 100) < percent;
}

static int new_node(avro_model *m, int kind) {
    if (m->n == AVRO_NODES)
        return m->n - 1;
    m->nodes[m->n] = (avro_node){.kind = kind, .enum_default = -1};
    return m->n++;
}

static bool is_named(int kind) {
    return kind == A_RECORD || kind == A_ENUM || kind == A_FIXED;
}

const char *avro_full(const avro_node *node, char out[40]) {
    snprintf(out, 40, "%s%s%s", node->space, node->space[0] != '\0' ? "." : "", node->name);
    return out;
}

static void random_space(rng *r, const avro_model *m, avro_node *node) {
    snprintf(node->space, sizeof node->space, "%s", !m->spaces ? "" : chance(r, 60) ? "n" : "m");
}

static void random_alias(rng *r, const avro_model *m, avro_node *node) {
    char name[2] = {(char)('A' + rng_below(r, 5)), '\0'};
    if (node->n_aliases == 2)
        return;
    snprintf(node->aliases[node->n_aliases++], 16, "%s%s", m->spaces && chance(r, 60) ? "n." : "",
             name);
}

/* False if the full name is taken. */
static bool give_name(rng *r, avro_model *m, int at) {
    avro_node *node = &m->nodes[at];
    char mine[40], other[40];
    for (int tries = 0; tries < 6; tries++) {
        bool taken = false;
        snprintf(node->name, sizeof node->name, "%c", (char)('A' + rng_below(r, 5)));
        random_space(r, m, node);
        for (int i = 0; i < m->n; i++)
            taken |= i != at && is_named(m->nodes[i].kind) &&
                     strcmp(avro_full(&m->nodes[i], other), avro_full(node, mine)) == 0;
        if (!taken)
            return true;
    }
    return false;
}

static int random_type(rng *r, avro_model *m, int depth, bool guarded, bool in_union);

static void random_field(rng *r, avro_model *m, avro_field *field, int number, int depth) {
    snprintf(field->name, sizeof field->name, "f%d", number);
    field->n_aliases = 0;
    if (chance(r, 8))
        snprintf(field->aliases[field->n_aliases++], 16, "f%d", (int)rng_below(r, 10));
    if (chance(r, 2))
        snprintf(field->aliases[field->n_aliases++], 16, "f%d", (int)rng_below(r, 10));
    field->wants_default = chance(r, 35);
    field->type = random_type(r, m, depth, false, false);
}

static void random_symbols(rng *r, avro_node *node) {
    node->n = 1 + (int)rng_below(r, 4);
    for (int i = 0; i < node->n; i++)
        snprintf(node->symbols[i], 16, "S%d", i);
    node->enum_default = chance(r, 30) ? (int)rng_below(r, node->n) : -1;
}

static int random_named(rng *r, avro_model *m, int kind, int depth) {
    int at = new_node(m, kind);
    if (!give_name(r, m, at)) {
        m->nodes[at].kind = A_INT;
        return at;
    }
    if (chance(r, 12))
        random_alias(r, m, &m->nodes[at]);
    if (kind == A_FIXED)
        m->nodes[at].size = 1 + (int)rng_below(r, 4);
    if (kind == A_ENUM)
        random_symbols(r, &m->nodes[at]);
    if (kind == A_RECORD) {
        int n = (int)rng_below(r, 5);
        m->nodes[at].open = true;
        for (int i = 0; i < n; i++)
            random_field(r, m, &m->nodes[at].fields[i], i, depth - 1);
        m->nodes[at].n = n;
        m->nodes[at].open = false;
    }
    return at;
}

static int random_union(rng *r, avro_model *m, int depth) {
    int at = new_node(m, A_UNION), n = 1 + (int)rng_below(r, 4);
    bool null_first = chance(r, 60);
    for (int i = 0; i < n; i++) {
        int type = i == 0 && null_first ? new_node(m, A_NULL)
                                        : random_type(r, m, depth - 1, null_first, true);
        bool twice = false;
        for (int k = 0; k < m->nodes[at].n; k++)
            twice |= m->nodes[at].types[k] == type ||
                     (!is_named(m->nodes[type].kind) &&
                      m->nodes[m->nodes[at].types[k]].kind == m->nodes[type].kind);
        if (!twice)
            m->nodes[at].types[m->nodes[at].n++] = type;
    }
    return at;
}

/* A named type that is there already, or -1. One that is still open may be named only below something that can end. */
static int random_known(rng *r, avro_model *m, bool guarded) {
    for (int tries = 0; tries < 8 && m->n > 0; tries++) {
        int at = (int)rng_below(r, m->n);
        if (is_named(m->nodes[at].kind) && (guarded || !m->nodes[at].open))
            return at;
    }
    return -1;
}

static int random_type(rng *r, avro_model *m, int depth, bool guarded, bool in_union) {
    int64_t roll = rng_below(r, 100);
    int known = roll < (guarded ? 40 : 15) ? random_known(r, m, guarded) : -1;
    if (known >= 0)
        return known;
    if (depth <= 0 || m->n > AVRO_NODES / 2 || roll < (guarded ? 55 : 45))
        return new_node(m, (int)rng_below(r, A_RECORD));
    if (roll < 65)
        return random_named(r, m, A_RECORD, depth);
    if (roll < 72)
        return random_named(r, m, A_ENUM, depth);
    if (roll < 77)
        return random_named(r, m, A_FIXED, depth);
    if (roll < 86 || in_union) {
        int at = new_node(m, roll & 1 ? A_ARRAY : A_MAP);
        int items = random_type(r, m, depth - 1, true, false);
        m->nodes[at].types[0] = items;
        return at;
    }
    return random_union(r, m, depth);
}

static void random_model(rng *r, avro_model *m) {
    memset(m, 0, sizeof *m);
    m->spaces = chance(r, 40);
    m->root = chance(r, 75) ? random_named(r, m, A_RECORD, 4) : random_type(r, m, 3, false, false);
}

/* ---- changing ---- */

static void change_fields(rng *r, avro_model *m, avro_node *node) {
    avro_field *field = node->n > 0 ? &node->fields[rng_below(r, node->n)] : NULL;
    int64_t roll = rng_below(r, 100);
    if (roll < 20 && node->n < AVRO_PARTS) {
        int n = node->n;
        random_field(r, m, &node->fields[n], n, 1);
        node->n = n + 1;
    } else if (field == NULL) {
        return;
    } else if (roll < 35) {
        *field = node->fields[--node->n];
    } else if (roll < 50) {
        snprintf(field->name, sizeof field->name, "f%d", (int)rng_below(r, 8));
    } else if (roll < 62) {
        field->n_aliases = 1;
        snprintf(field->aliases[0], 16, "f%d", (int)rng_below(r, 10));
    } else if (roll < 70) {
        field->wants_default = !field->wants_default;
    } else if (roll < 85) {
        int at = new_node(m, A_UNION);
        m->nodes[at].n = 2;
        m->nodes[at].types[0] = new_node(m, A_NULL);
        m->nodes[at].types[1] = field->type;
        field->type = at;
    } else {
        field->type = random_type(r, m, 1, false, false);
    }
}

static void change_name(rng *r, avro_model *m, avro_node *node) {
    int64_t roll = rng_below(r, 3);
    if (roll == 0)
        snprintf(node->name, sizeof node->name, "%c", (char)('A' + rng_below(r, 6)));
    else if (roll == 1)
        random_space(r, m, node);
    else
        random_alias(r, m, node);
}

static void change_symbols(rng *r, avro_node *node) {
    int64_t roll = rng_below(r, 4);
    if (roll == 0 && node->n < AVRO_PARTS)
        snprintf(node->symbols[node->n++], 16, "S%d", (int)rng_below(r, 7));
    else if (roll == 1 && node->n > 1)
        node->n--;
    else if (roll == 2)
        snprintf(node->symbols[rng_below(r, node->n)], 16, "S%d", (int)rng_below(r, 7));
    else
        node->enum_default = node->enum_default < 0 ? (int)rng_below(r, node->n) : -1;
    if (node->enum_default >= node->n)
        node->enum_default = -1;
}

static void change_union(rng *r, avro_model *m, avro_node *node) {
    int64_t roll = rng_below(r, 3);
    if (roll == 0 && node->n < AVRO_PARTS) {
        int type = random_type(r, m, 1, false, true), n = node->n;
        node->types[n] = type;
        node->n = n + 1;
    } else if (roll == 1 && node->n > 0) {
        node->types[rng_below(r, node->n)] = node->types[node->n - 1];
        node->n--;
    } else if (node->n > 1) {
        int swap = node->types[0], other = (int)rng_below(r, node->n);
        node->types[0] = node->types[other];
        node->types[other] = swap;
    }
}

/* Changes that make no schema any more are found by whoever parses it. */
static void change(rng *r, avro_model *m) {
    avro_node *node = &m->nodes[rng_below(r, m->n)];
    switch (node->kind) {
    case A_RECORD:
        if (chance(r, 20))
            change_name(r, m, node);
        else
            change_fields(r, m, node);
        break;
    case A_ENUM:
        if (chance(r, 25))
            change_name(r, m, node);
        else
            change_symbols(r, node);
        break;
    case A_FIXED:
        if (chance(r, 50))
            change_name(r, m, node);
        else
            node->size = 1 + (int)rng_below(r, 4);
        break;
    case A_ARRAY:
    case A_MAP: node->kind = node->kind == A_ARRAY ? A_MAP : A_ARRAY; break;
    case A_UNION: change_union(r, m, node); break;
    default: node->kind = (int)rng_below(r, A_RECORD); break;
    }
}

void random_schemas(rng *r, avro_model *reader, avro_model *writer) {
    random_model(r, reader);
    if (chance(r, 12)) {
        random_model(r, writer);
        return;
    }
    *writer = *reader;
    for (int64_t i = rng_below(r, 5); i > 0; i--)
        change(r, chance(r, 50) ? reader : writer);
}

/* ---- printing ---- */

typedef struct printer {
    const avro_model *model;
    char *out;
    int size, depth;
    bool failed, seen[AVRO_NODES];
} printer;

static void say(printer *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n =
        p->failed ? 0 : vsnprintf(p->out + p->size, (size_t)(AVRO_TEXT - p->size), format, args);
    va_end(args);
    if (p->failed || n >= AVRO_TEXT - p->size)
        p->failed = true;
    else
        p->size += n;
}

static void say_list(printer *p, const char *key, const void *items, int width, int n) {
    say(p, ",\"%s\":[", key);
    for (int i = 0; i < n; i++)
        say(p, "%s\"%s\"", i == 0 ? "" : ",", (const char *)items + i * width);
    say(p, "]");
}

/* False if a value has no end that the default could take. */
static bool can_default(const avro_model *m, int type, int depth) {
    const avro_node *node = &m->nodes[type];
    if (depth == 0 || (node->kind == A_UNION && node->n == 0))
        return false;
    if (node->kind == A_UNION)
        return can_default(m, node->types[0], depth - 1);
    for (int i = 0; node->kind == A_RECORD && i < node->n; i++)
        if (!can_default(m, node->fields[i].type, depth - 1))
            return false;
    return true;
}

bool avro_has_default(const avro_model *model, const avro_field *field) {
    return field->wants_default && can_default(model, field->type, 5);
}

static void say_default(printer *p, int type) {
    static const char *const values[] = {"null", "true", "7", "8", "1.5", "2.5", "\"b\"", "\"s\""};
    const avro_node *node = &p->model->nodes[type];
    switch (node->kind) {
    case A_RECORD:
        say(p, "{");
        for (int i = 0; i < node->n; i++) {
            say(p, "%s\"%s\":", i == 0 ? "" : ",", node->fields[i].name);
            say_default(p, node->fields[i].type);
        }
        say(p, "}");
        break;
    case A_ENUM: say(p, "\"%s\"", node->symbols[0]); break;
    case A_ARRAY: say(p, "[]"); break;
    case A_MAP: say(p, "{}"); break;
    case A_UNION: say_default(p, node->types[0]); break;
    case A_FIXED: say(p, "\"%.*s\"", node->size, "xxxxxxxx"); break;
    default: say(p, "%s", values[node->kind]); break;
    }
}

static void say_type(printer *p, int type);

static void say_record(printer *p, const avro_node *node) {
    say(p, ",\"fields\":[");
    for (int i = 0; i < node->n; i++) {
        const avro_field *field = &node->fields[i];
        say(p, "%s{\"name\":\"%s\",\"type\":", i == 0 ? "" : ",", field->name);
        say_type(p, field->type);
        if (field->n_aliases > 0)
            say_list(p, "aliases", field->aliases, 16, field->n_aliases);
        if (avro_has_default(p->model, field)) {
            say(p, ",\"default\":");
            say_default(p, field->type);
        }
        say(p, "}");
    }
    say(p, "]}");
}

static void say_named(printer *p, int type) {
    static const char *const kinds[] = {
        [A_RECORD] = "record", [A_ENUM] = "enum", [A_FIXED] = "fixed"};
    const avro_node *node = &p->model->nodes[type];
    char full[40];
    if (p->seen[type]) {
        say(p, "\"%s\"", avro_full(node, full));
        return;
    }
    p->seen[type] = true;
    say(p, "{\"type\":\"%s\",\"name\":\"%s\"", kinds[node->kind], node->name);
    if (p->model->spaces)
        say(p, ",\"namespace\":\"%s\"", node->space);
    if (node->n_aliases > 0)
        say_list(p, "aliases", node->aliases, 16, node->n_aliases);
    if (node->kind == A_FIXED)
        say(p, ",\"size\":%d}", node->size);
    if (node->kind == A_RECORD)
        say_record(p, node);
    if (node->kind == A_ENUM) {
        say_list(p, "symbols", node->symbols, 16, node->n);
        if (node->enum_default >= 0)
            say(p, ",\"default\":\"%s\"", node->symbols[node->enum_default]);
        say(p, "}");
    }
}

static void say_type(printer *p, int type) {
    static const char *const primitives[] = {"null",  "boolean", "int",   "long",
                                             "float", "double",  "bytes", "string"};
    const avro_node *node = &p->model->nodes[type];
    if (++p->depth > 40)
        p->failed = true;
    if (p->failed) {
        p->depth--;
        return;
    }
    if (node->kind < A_RECORD) {
        say(p, "\"%s\"", primitives[node->kind]);
    } else if (is_named(node->kind)) {
        say_named(p, type);
    } else if (node->kind == A_UNION) {
        say(p, "[");
        for (int i = 0; i < node->n; i++) {
            say(p, "%s", i == 0 ? "" : ",");
            say_type(p, node->types[i]);
        }
        say(p, "]");
    } else {
        say(p, node->kind == A_ARRAY ? "{\"type\":\"array\",\"items\":"
                                     : "{\"type\":\"map\",\"values\":");
        say_type(p, node->types[0]);
        say(p, "}");
    }
    p->depth--;
}

bool avro_text(const avro_model *model, char out[AVRO_TEXT]) {
    printer p = {.model = model, .out = out};
    say_type(&p, model->root);
    return !p.failed;
}

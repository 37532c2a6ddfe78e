#include "random_avro.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    A_NULL,
    A_BOOL,
    A_INT,
    A_LONG,
    A_FLOAT,
    A_DOUBLE,
    A_BYTES,
    A_STRING,
    A_RECORD,
    A_ENUM,
    A_ARRAY,
    A_MAP,
    A_UNION,
    A_FIXED
};

struct avro_node {
    int kind;
    int number;          /* of a named type: its name is N<number> */
    const char *logical; /* with a comma before it, or "" */
    int size;            /* fixed: bytes; enum: symbols; record, union: children */
    avro_node *child[6];
    const avro_node *from; /* reader: the writer's node; NULL: not in the writer */
    int order[6];          /* reader's record: the writer's field of each child, -1 added; union: the writer's branch */
};

static int numbers;

static avro_node *node(int kind) {
    avro_node *n = calloc(1, sizeof *n);
    if (n == NULL)
        abort();
    n->kind = kind;
    n->number = ++numbers;
    n->logical = "";
    return n;
}

void random_avro_free(avro_node *n) {
    if (n == NULL)
        return;
    for (int i = 0; i < 6; i++)
        random_avro_free(n->child[i]);
    free(n);
}

static avro_node *leaf(rng *r) {
    static const char *const ints[] = {"", ",\"logicalType\":\"date\"",
                                       ",\"logicalType\":\"time-millis\""};
    static const char *const longs[] = {"", ",\"logicalType\":\"timestamp-micros\"", ",\"logicalType\":\"local-timestamp-nanos\"",
                                        ",\"logicalType\":\"time-micros\"", ",\"logicalType\":\"timestamp-millis\""};
    avro_node *n = node((int)rng_below(r, 10));
    if (n->kind == A_RECORD)
        n->kind = A_FIXED;
    if (n->kind == A_INT)
        n->logical = ints[rng_below(r, 3)];
    if (n->kind == A_LONG)
        n->logical = longs[rng_below(r, 5)];
    if (n->kind == A_BYTES && rng_below(r, 3) == 0)
        n->logical = ",\"logicalType\":\"decimal\",\"precision\":19,\"scale\":2";
    if (n->kind == A_FIXED) {
        n->size = 1 + (int)rng_below(r, 20);
        if (n->size > 8 && rng_below(r, 2) == 0)
            n->logical = ",\"logicalType\":\"decimal\",\"precision\":19,\"scale\":4";
    }
    if (n->kind == A_ENUM)
        n->size = 1 + (int)rng_below(r, 5);
    return n;
}

static avro_node *any(rng *r, int depth);

/* Branches of different kinds; named ones have names of their own. */
static avro_node *union_of(rng *r, int depth) {
    avro_node *n = node(A_UNION);
    unsigned seen = 0;
    int want = 1 + (int)rng_below(r, 4);
    if (rng_below(r, 2) == 0) {
        n->child[n->size++] = node(A_NULL);
        seen |= 1u << A_NULL;
    }
    for (int tries = 0; n->size < want && tries < 20; tries++) {
        avro_node *b = any(r, depth);
        bool named = b->kind == A_RECORD || b->kind == A_ENUM || b->kind == A_FIXED;
        if (b->kind == A_UNION || (!named && (seen & (1u << b->kind)) != 0)) {
            random_avro_free(b);
            continue;
        }
        seen |= 1u << b->kind;
        n->child[n->size++] = b;
    }
    if (n->size == 0)
        n->child[n->size++] = node(A_LONG);
    return n;
}

static avro_node *record_of(rng *r, int depth) {
    avro_node *n = node(A_RECORD);
    n->size = (int)rng_below(r, 6);
    for (int i = 0; i < n->size; i++)
        n->child[i] = any(r, depth - 1);
    return n;
}

static avro_node *any(rng *r, int depth) {
    if (depth <= 0 || rng_below(r, 3) == 0)
        return leaf(r);
    switch (rng_below(r, 4)) {
    case 0: return record_of(r, depth);
    case 1: return union_of(r, depth - 1);
    default: {
        avro_node *n = node(rng_below(r, 2) == 0 ? A_ARRAY : A_MAP);
        n->size = 1;
        n->child[0] = any(r, depth - 1);
        return n;
    }
    }
}

avro_node *random_avro(rng *r, int depth) {
    avro_node *n = record_of(r, depth + 1);
    while (n->size < 2)
        n->child[n->size++] = any(r, depth);
    return n;
}

/* ---- text ---- */

typedef struct text {
    char *data;
    size_t size, room;
} text;

static void say(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(text *t, const char *format, ...) {
    va_list args;
    if (t->room - t->size < 400) {
        t->room = t->room * 2 + 800;
        t->data = realloc(t->data, t->room);
        if (t->data == NULL)
            abort();
    }
    va_start(args, format);
    t->size += (size_t)vsnprintf(t->data + t->size, 400, format, args);
    va_end(args);
}

static const char *kind_name(int kind) {
    static const char *const names[] = {"null", "boolean", "int", "long", "float", "double", "bytes", "string", "record",
                                        "enum", "array", "map", "union", "fixed"};
    return names[kind];
}

/* The number by which a reader's named type is known: the writer's. */
static int name_of(const avro_node *n) {
    return n->from != NULL && n->from->kind == n->kind ? n->from->number : n->number;
}

static void write_text(const avro_node *n, text *t) {
    if (n->kind == A_UNION) {
        say(t, "[");
        for (int i = 0; i < n->size; i++) {
            say(t, i > 0 ? "," : "");
            write_text(n->child[i], t);
        }
        say(t, "]");
        return;
    }
    say(t, "{\"type\":\"%s\"%s", kind_name(n->kind), n->logical);
    if (n->kind == A_RECORD || n->kind == A_ENUM || n->kind == A_FIXED)
        say(t, ",\"name\":\"N%d\"", name_of(n));
    if (n->kind == A_FIXED)
        say(t, ",\"size\":%d", n->size);
    if (n->kind == A_ENUM) {
        say(t, ",\"symbols\":[");
        /* A reader has them the other way round, and one more. */
        for (int i = 0; i < n->size; i++)
            say(t, "%s\"S%d\"", i > 0 ? "," : "", n->from != NULL ? n->size - 1 - i : i);
        say(t, "]");
    }
    if (n->kind == A_ARRAY || n->kind == A_MAP) {
        say(t, n->kind == A_ARRAY ? ",\"items\":" : ",\"values\":");
        write_text(n->child[0], t);
    }
    if (n->kind == A_RECORD) {
        say(t, ",\"fields\":[");
        for (int i = 0; i < n->size; i++) {
            if (n->from != NULL && n->order[i] < 0)
                say(t, "%s{\"name\":\"g%d\",\"default\":%s,\"type\":", i > 0 ? "," : "", i,
                    n->child[i]->kind == A_LONG    ? "-77"
                    : n->child[i]->kind == A_UNION ? "null"
                                                   : "[\"d\"]");
            else
                say(t, "%s{\"name\":\"f%d\",\"type\":", i > 0 ? "," : "",
                    n->from != NULL ? n->order[i] : i);
            write_text(n->child[i], t);
            say(t, "}");
        }
        say(t, "]");
    }
    say(t, "}");
}

char *random_avro_text(const avro_node *n) {
    text t = {0};
    write_text(n, &t);
    return t.data;
}

/* ---- readers ---- */

static avro_node *added(rng *r) {
    avro_node *n = node(A_LONG);
    if (rng_below(r, 3) == 0) {
        n->kind = A_UNION;
        n->size = 2;
        n->child[0] = node(A_NULL);
        n->child[1] = node(A_STRING);
    } else if (rng_below(r, 2) == 0) {
        n->kind = A_ARRAY;
        n->size = 1;
        n->child[0] = node(A_STRING);
    }
    return n;
}

static avro_node *evolve(rng *r, const avro_node *w);

static avro_node *evolve_record(rng *r, const avro_node *w) {
    avro_node *n = node(A_RECORD);
    int order[6] = {0, 1, 2, 3, 4, 5};
    n->from = w;
    for (int k = w->size - 1; k > 0; k--) {
        int j = (int)rng_below(r, k + 1), t = order[k];
        order[k] = order[j];
        order[j] = t;
    }
    for (int i = 0; i < w->size; i++) {
        if (rng_below(r, 4) == 0)
            continue;
        n->order[n->size] = order[i];
        n->child[n->size++] = evolve(r, w->child[order[i]]);
    }
    if (n->size < 6 && rng_below(r, 2) == 0) {
        n->order[n->size] = -1;
        n->child[n->size++] = added(r);
    }
    return n;
}

/* A union keeps its branches, in another order, and may gain one; they are not promoted, for then another could fit better. */
static avro_node *same(const avro_node *w) {
    avro_node *n = node(w->kind);
    n->from = w;
    n->logical = w->logical;
    n->size = w->size;
    for (int i = 0; i < 6; i++) {
        n->order[i] = i;
        n->child[i] = w->child[i] == NULL ? NULL : same(w->child[i]);
    }
    return n;
}

static avro_node *evolve(rng *r, const avro_node *w) {
    if (w->kind == A_RECORD)
        return evolve_record(r, w);
    if (w->kind == A_UNION) {
        avro_node *n = same(w);
        if (n->size > 1 && rng_below(r, 2) == 0) {
            avro_node *first = n->child[0];
            n->child[0] = n->child[n->size - 1];
            n->child[n->size - 1] = first;
            n->order[0] = n->size - 1;
            n->order[n->size - 1] = 0;
        }
        return n;
    }
    avro_node *n = node(w->kind);
    n->from = w;
    n->logical = w->logical;
    n->size = w->size;
    if (w->kind == A_ARRAY || w->kind == A_MAP)
        n->child[0] = evolve(r, w->child[0]);
    bool plain = w->logical[0] == '\0';
    if (plain && rng_below(r, 2) == 0) {
        if (w->kind >= A_INT && w->kind < A_DOUBLE)
            n->kind += 1 + (int)rng_below(r, A_DOUBLE - w->kind);
        else if (w->kind == A_STRING)
            n->kind = A_BYTES;
    } else if (rng_below(r, 4) == 0 && w->kind != A_NULL) {
        avro_node *u = node(A_UNION);
        u->from = w;
        u->size = 2;
        u->order[0] = u->order[1] = -1;
        u->child[0] = node(A_NULL);
        u->child[1] = n;
        return u;
    }
    return n;
}

avro_node *random_avro_reader(rng *r, const avro_node *writer) {
    return evolve_record(r, writer);
}

/* ---- datums ---- */

typedef struct maker {
    rng *r;
    bool blocks;
    unsigned char *bytes;
    int64_t size, room;
} maker;

static void put(maker *m, const void *bytes, int64_t size) {
    if (m->size + size + 64 > m->room) {
        m->room = (m->size + size + 64) * 2;
        m->bytes = realloc(m->bytes, (size_t)m->room);
        if (m->bytes == NULL)
            abort();
    }
    memcpy(m->bytes + m->size, bytes, (size_t)size);
    m->size += size;
}

static void put_long(maker *m, int64_t value) {
    uint64_t u = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    do {
        unsigned char byte = (unsigned char)((u & 0x7F) | (u > 0x7F ? 0x80 : 0));
        put(m, &byte, 1);
        u >>= 7;
    } while (u != 0);
}

static json_t *code_points(const unsigned char *bytes, int64_t size) {
    char out[200];
    int64_t n = 0;
    for (int64_t i = 0; i < size; i++) {
        if (bytes[i] >= 0x80)
            out[n++] = (char)(0xC0 | bytes[i] >> 6);
        out[n++] = (char)(bytes[i] >= 0x80 ? 0x80 | (bytes[i] & 0x3F) : bytes[i]);
    }
    return json_stringn(out, (size_t)n);
}

static json_t *tag(const avro_node *branch, json_t *value) {
    char name[32];
    if (branch->kind == A_NULL)
        return value;
    if (branch->kind == A_RECORD || branch->kind == A_ENUM || branch->kind == A_FIXED)
        snprintf(name, sizeof name, "N%d", name_of(branch));
    else
        snprintf(name, sizeof name, "%s", kind_name(branch->kind));
    return json_pack("{s:o}", name, value);
}

static json_t *value(maker *m, const avro_node *w, const avro_node *reader, json_t **read);

/* Wraps what a reader that is no union sees in the branch that a reader's union has for it. */
static json_t *read_as(const avro_node *reader, json_t *plain) {
    return reader != NULL && reader->kind == A_UNION ? tag(reader->child[1], plain) : plain;
}

static const avro_node *below(const avro_node *w, const avro_node *reader) {
    return reader != NULL && reader->kind == A_UNION && w->kind != A_UNION ? reader->child[1]
                                                                           : reader;
}

static json_t *integer(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    int64_t v = (int64_t)rng_next(m->r) >> rng_below(m->r, 64);
    const avro_node *to = below(w, reader);
    if (w->kind == A_INT)
        v = (int32_t)v;
    put_long(m, v);
    if (to != NULL)
        *read = to->kind == A_FLOAT    ? json_real((double)(float)v)
                : to->kind == A_DOUBLE ? json_real((double)v)
                                       : json_integer(v);
    return json_integer(v);
}

static json_t *real(maker *m, const avro_node *w, json_t **read) {
    double v = (double)((int64_t)rng_next(m->r) >> 20) / 1024.0;
    float f = (float)v;
    if (w->kind == A_FLOAT) {
        put(m, &f, 4);
        v = (double)f;
    } else {
        put(m, &v, 8);
    }
    *read = json_real(v);
    return json_real(v);
}

/* A decimal is as short as it can be, which is how it comes back. */
static json_t *bytes_of(maker *m, const avro_node *w, json_t **read) {
    unsigned char b[48];
    int64_t n = w->kind == A_FIXED ? w->size : rng_below(m->r, rng_below(m->r, 20) == 0 ? 48 : 12);
    bool decimal = w->logical[0] != '\0';
    for (int64_t i = 0; i < n; i++)
        b[i] = (unsigned char)rng_next(m->r);
    if (decimal) {
        int64_t v = ((int64_t)rng_next(m->r) >> 1) >> rng_below(m->r, 62);
        int first = 0;
        unsigned char all[8];
        for (int i = 0; i < 8; i++)
            all[7 - i] = (unsigned char)((uint64_t)v >> 8 * i);
        while (first < 7 && all[first] == (v < 0 ? 0xFF : 0) &&
               ((all[first + 1] & 0x80) != 0) == (v < 0))
            first++;
        if (w->kind != A_FIXED)
            n = 8 - first;
        memset(b, v < 0 ? 0xFF : 0, sizeof b);
        for (int i = 0; i < 8 && i < n; i++)
            b[n - 1 - i] = all[7 - i];
    }
    if (w->kind != A_FIXED)
        put_long(m, n);
    put(m, b, n);
    *read = code_points(b, n);
    return code_points(b, n);
}

static json_t *string(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    static const char *const words[] = {"", "a", "naïve", "text of more than thirty-two bytes, which is copied another way", "日本",
                                        "0123456789abcdef0123456789abcdef", "\"\\\n"};
    const char *s = words[rng_below(m->r, 7)];
    const avro_node *to = below(w, reader);
    put_long(m, (int64_t)strlen(s));
    put(m, s, (int64_t)strlen(s));
    *read = to != NULL && to->kind == A_BYTES
                ? code_points((const unsigned char *)s, (int64_t)strlen(s))
                : json_string(s);
    return json_string(s);
}

static json_t *items(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    bool map = w->kind == A_MAP;
    json_t *out = map ? json_object() : json_array();
    const avro_node *to = below(w, reader);
    int64_t left = rng_below(m->r, 5), key = 0;
    *read = map ? json_object() : json_array();
    while (left > 0) {
        int64_t n = m->blocks ? 1 + rng_below(m->r, left) : left;
        bool sized = m->blocks && rng_below(m->r, 2) == 0;
        maker inner = {.r = m->r, .blocks = m->blocks};
        for (int64_t i = 0; i < n; i++) {
            char name[16];
            json_t *got = NULL;
            snprintf(name, sizeof name, "k%d", (int)key++);
            if (map) {
                put_long(&inner, (int64_t)strlen(name));
                put(&inner, name, (int64_t)strlen(name));
            }
            json_t *item = value(&inner, w->child[0], to == NULL ? NULL : to->child[0], &got);
            if (map) {
                json_object_set_new(out, name, item);
                json_object_set_new(*read, name, got);
            } else {
                json_array_append_new(out, item);
                json_array_append_new(*read, got);
            }
        }
        put_long(m, sized ? -n : n);
        if (sized)
            put_long(m, inner.size);
        if (inner.size > 0)
            put(m, inner.bytes, inner.size);
        free(inner.bytes);
        left -= n;
    }
    put_long(m, 0);
    return out;
}

static json_t *record(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    json_t *out = json_object();
    const avro_node *to = below(w, reader);
    *read = json_object();
    for (int i = 0; i < w->size; i++) {
        char name[16];
        const avro_node *field = NULL;
        json_t *got = NULL;
        snprintf(name, sizeof name, "f%d", i);
        for (int k = 0; to != NULL && k < to->size; k++)
            if (to->order[k] == i)
                field = to->child[k];
        json_object_set_new(out, name, value(m, w->child[i], field, &got));
        if (field != NULL)
            json_object_set_new(*read, name, got);
        else
            json_decref(got);
    }
    for (int k = 0; to != NULL && k < to->size; k++) {
        char name[16];
        if (to->order[k] >= 0)
            continue;
        snprintf(name, sizeof name, "g%d", k);
        json_object_set_new(*read, name,
                            to->child[k]->kind == A_LONG    ? json_integer(-77)
                            : to->child[k]->kind == A_UNION ? json_null()
                                                            : json_pack("[s]", "d"));
    }
    return out;
}

static json_t *union_value(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    int which = (int)rng_below(m->r, w->size), at = 0;
    const avro_node *branch = NULL;
    for (; reader != NULL && at < reader->size && branch == NULL; at++)
        if (reader->order[at] == which)
            branch = reader->child[at];
    put_long(m, which);
    json_t *out = tag(w->child[which], value(m, w->child[which], branch, read));
    if (branch != NULL)
        *read = tag(branch, *read);
    return out;
}

static json_t *plain_value(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    int64_t v;
    char symbol[16];
    unsigned char byte;
    switch (w->kind) {
    case A_NULL: *read = json_null(); return json_null();
    case A_BOOL:
        byte = (unsigned char)rng_below(m->r, 2);
        put(m, &byte, 1);
        *read = json_boolean(byte);
        return json_boolean(byte);
    case A_INT:
    case A_LONG: return integer(m, w, reader, read);
    case A_FLOAT:
    case A_DOUBLE: return real(m, w, read);
    case A_BYTES:
    case A_FIXED: return bytes_of(m, w, read);
    case A_STRING: return string(m, w, reader, read);
    case A_ENUM:
        v = rng_below(m->r, w->size);
        put_long(m, v);
        snprintf(symbol, sizeof symbol, "S%d", (int)v);
        *read = json_string(symbol);
        return json_string(symbol);
    case A_ARRAY:
    case A_MAP: return items(m, w, reader, read);
    default: return record(m, w, reader, read);
    }
}

static json_t *value(maker *m, const avro_node *w, const avro_node *reader, json_t **read) {
    if (w->kind == A_UNION)
        return union_value(m, w, reader, read);
    json_t *out = plain_value(m, w, reader, read);
    if (*read == NULL)
        *read = json_null();
    *read = read_as(reader, *read);
    return out;
}

void random_avro_datum(rng *r, const avro_node *writer, const avro_node *reader, bool blocks,
                       avro_datum *out) {
    maker m = {.r = r, .blocks = blocks};
    json_t *read = NULL;
    put(&m, "", 0);
    out->written = value(&m, writer, reader, &read);
    out->read = read;
    memset(m.bytes + m.size, 0xEE, 64);
    out->bytes = m.bytes;
    out->size = m.size;
}

void random_avro_datum_free(avro_datum *datum) {
    free(datum->bytes);
    json_decref(datum->written);
    json_decref(datum->read);
}

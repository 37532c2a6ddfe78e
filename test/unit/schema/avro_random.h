/*
 * Random schema texts for tests: every kind, nested names and namespaces, references, defaults that fit, aliases, docs and properties. The same
 * seed gives the same text.
 */
#ifndef TEST_AVRO_RANDOM_H
#define TEST_AVRO_RANDOM_H

#include "base/base.h"

typedef struct avro_random {
    uint64_t state;
    pln__text *out;
    int names;       /* types named so far: N0, N1, ... */
    int record;      /* which of them are complete records is not known: references go to leaves only */
    int leaves[64];  /* enums and fixed, by number, safe to refer to */
    int n_leaves;
    int depth;
} avro_random;

static inline uint32_t avro_dice(avro_random *r, uint32_t sides) {
    r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(r->state >> 33) % sides;
}

static inline void random_type(avro_random *r);

static inline void random_name(avro_random *r, const char *type, bool plain) {
    pln__text_printf(r->out, "{\"type\":\"%s\",\"name\":\"%sN%d\"", type,
                     plain || avro_dice(r, 3) > 0 ? "" : "x.y.", r->names++);
    if (!plain && avro_dice(r, 4) == 0)
        pln__text_printf(r->out, ",\"namespace\":\"%s\"", avro_dice(r, 2) ? "p.q" : "");
    if (avro_dice(r, 4) == 0)
        pln__text_printf(r->out, ",\"aliases\":[\"Old%d\",\"z.Old\"]", r->names);
    if (avro_dice(r, 4) == 0)
        pln__text_str(r->out, ",\"doc\":\"a \\\"doc\\\" \\u00e9\"");
}

static inline void random_primitive(avro_random *r) {
    static const char *const texts[] = {
        "\"null\"", "\"boolean\"", "\"int\"", "\"long\"", "\"float\"", "\"double\"", "\"bytes\"", "\"string\"",
        "{\"type\":\"int\",\"logicalType\":\"date\"}",
        "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\",\"own\":[1,{\"a\":0.10}]}",
        "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}",
        "{\"type\":\"string\",\"logicalType\":\"uuid\"}", "{\"type\":\"double\"}"};
    pln__text_str(r->out, texts[avro_dice(r, PLN__COUNT(texts))]);
}

static inline void random_leaf(avro_random *r) {
    if (r->n_leaves < PLN__COUNT(r->leaves))
        r->leaves[r->n_leaves++] = r->names;
    if (avro_dice(r, 2)) {
        random_name(r, "enum", true);
        pln__text_printf(r->out, ",\"symbols\":[\"A\",\"B%u\"]%s}", avro_dice(r, 3),
                         avro_dice(r, 2) ? ",\"default\":\"A\"" : "");
    } else {
        random_name(r, "fixed", true);
        pln__text_printf(r->out, ",\"size\":%u}", avro_dice(r, 20));
    }
}

static inline void random_field(avro_random *r, int number) {
    static const char *const typed[] = {
        "[\"null\",\"string\"],\"default\":null", "[\"long\",\"null\"],\"default\":18446744073709",
        "\"double\",\"default\":0.1", "\"double\",\"default\":1e20", "\"float\",\"default\":3",
        "\"bytes\",\"default\":\"\\u00ff\\u0000\"", "\"string\",\"default\":\"\\ud83d\\ude00\"",
        "{\"type\":\"map\",\"values\":[\"int\",\"boolean\"]},\"default\":{\"k\":1,\"l\":true}",
        "{\"type\":\"array\",\"items\":\"int\"},\"default\":[1,2,3]"};
    pln__text_printf(r->out, "{\"name\":\"f%d\",\"type\":", number);
    if (avro_dice(r, 3) == 0)
        pln__text_str(r->out, typed[avro_dice(r, PLN__COUNT(typed))]);
    else
        random_type(r);
    if (avro_dice(r, 5) == 0)
        pln__text_str(r->out, ",\"order\":\"descending\"");
    if (avro_dice(r, 5) == 0)
        pln__text_printf(r->out, ",\"aliases\":[\"old%d\"]", number);
    if (avro_dice(r, 6) == 0)
        pln__text_str(r->out, ",\"mine\":{\"b\":[],\"a\":-0.5e-3}");
    pln__text_char(r->out, '}');
}

static inline void random_record(avro_random *r) {
    int fields = (int)avro_dice(r, 5), self = r->names;
    random_name(r, avro_dice(r, 9) ? "record" : "error", true);
    pln__text_str(r->out, ",\"fields\":[");
    for (int i = 0; i < fields; i++) {
        if (i > 0)
            pln__text_char(r->out, ',');
        random_field(r, i);
    }
    if (avro_dice(r, 3) == 0)
        pln__text_printf(r->out, "%s{\"name\":\"self\",\"type\":[\"null\",\"N%d\"]}",
                         fields > 0 ? "," : "", self);
    pln__text_str(r->out, "]}");
}

static inline void random_union(avro_random *r) {
    static const char *const parts[] = {"\"null\"", "\"int\"", "\"string\"", "\"double\"",
                                        "{\"type\":\"array\",\"items\":\"long\"}"};
    bool any = false;
    pln__text_char(r->out, '[');
    for (int i = 0; i < PLN__COUNT(parts); i++)
        if (avro_dice(r, 2)) {
            pln__text_printf(r->out, "%s%s", any ? "," : "", parts[i]);
            any = true;
        }
    if (avro_dice(r, 2) || !any) {
        pln__text_str(r->out, any ? "," : "");
        random_record(r);
    }
    pln__text_char(r->out, ']');
}

static inline void random_type(avro_random *r) {
    uint32_t kind = avro_dice(r, r->depth > 5 ? 4 : 9);
    r->depth++;
    if (kind == 4 && r->n_leaves > 0) {
        pln__text_printf(r->out, "\"N%d\"", r->leaves[avro_dice(r, (uint32_t)r->n_leaves)]);
    } else if (kind == 3) {
        random_leaf(r);
    } else if (kind == 5) {
        pln__text_str(r->out, "{\"type\":\"array\",\"items\":");
        random_type(r);
        pln__text_char(r->out, '}');
    } else if (kind == 6) {
        pln__text_str(r->out, "{\"own\":true,\"type\":\"map\",\"values\":");
        random_type(r);
        pln__text_char(r->out, '}');
    } else if (kind == 7) {
        random_union(r);
    } else if (kind == 8) {
        random_record(r);
    } else {
        random_primitive(r);
    }
    r->depth--;
}

/* A schema with a record in a namespace at the top; "outer" types with names of their own stand behind. */
static inline void random_schema(uint64_t seed, pln__text *out) {
    avro_random r = {.state = seed * 2 + 1, .out = out};
    (void)avro_dice(&r, 2);
    pln__text_printf(
        out, "{\"type\":\"record\",\"name\":\"Top\"%s,\"fields\":[{\"name\":\"first\",\"type\":",
        avro_dice(&r, 2) ? ",\"namespace\":\"t.u\"" : "");
    random_type(&r);
    for (int i = 0; i < 3; i++) {
        pln__text_char(out, '}');
        pln__text_char(out, ',');
        pln__text_printf(out, "{\"name\":\"g%d\",\"type\":", i);
        random_type(&r);
    }
    pln__text_str(out, "},{\"name\":\"outer\",\"type\":");
    random_name(&r, "record", false);
    pln__text_printf(
        out,
        ",\"fields\":[{\"name\":\"top\",\"type\":[\"null\",\"%s\"]},{\"name\":\"in\",\"type\":",
        avro_dice(&r, 2) ? "Top" : "int");
    random_type(&r);
    pln__text_str(out, "}]}}]}");
}

#endif

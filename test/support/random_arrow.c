#include "random_arrow.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t live;

int64_t random_arrow_live(void) {
    return live;
}

uint64_t rng_next(rng *r) {
    /* splitmix64 */
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t rng_below(rng *r, int64_t n) {
    return (int64_t)(rng_next(r) % (uint64_t)n);
}

static void *must(void *p) {
    if (p == NULL) {
        perror("random_arrow");
        abort();
    }
    return p;
}

/* ---- schemas ---- */

static void schema_free(struct ArrowSchema *s) {
    for (int64_t i = 0; i < s->n_children; i++) {
        if (s->children[i]->release != NULL)
            s->children[i]->release(s->children[i]);
        free(s->children[i]);
    }
    free(s->children);
    if (s->dictionary != NULL) {
        if (s->dictionary->release != NULL)
            s->dictionary->release(s->dictionary);
        free(s->dictionary);
    }
    free((void *)(uintptr_t)s->format);
    free((void *)(uintptr_t)s->name);
    s->release = NULL;
    live--;
}

void plain_field(const char *format, const char *name, bool nullable, struct ArrowSchema *out) {
    *out = (struct ArrowSchema){.format = must(strdup(format)),
                                .name = must(strdup(name)),
                                .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
                                .release = schema_free};
    live++;
}

static struct ArrowSchema *add_child(struct ArrowSchema *s) {
    struct ArrowSchema *child = must(calloc(1, sizeof *child));
    s->children =
        must(realloc(s->children, (size_t)(s->n_children + 1) * sizeof(struct ArrowSchema *)));
    s->children[s->n_children++] = child;
    return child;
}

void plain_schema(const char *const *formats, struct ArrowSchema *out) {
    plain_field("+s", "", false, out);
    char name[2] = "a";
    for (; *formats != NULL; formats++, name[0]++)
        plain_field(*formats, name, true, add_child(out));
}

static const char *const flat_formats[] = {
    "b", "c", "C", "s", "S", "i", "I", "l", "L", "f", "g", "u", "z", "w:3", "w:16", "d:10,2",
    "d:38,0", "tdD", "tts", "ttm", "ttu", "ttn", "tss:", "tsm:UTC", "tsu:Europe/Berlin", "tsn:"};
#define N_FLAT (int64_t)(sizeof flat_formats / sizeof flat_formats[0])

static void random_field(rng *r, const char *name, int depth, struct ArrowSchema *out);

static void random_union(rng *r, const char *name, int depth, struct ArrowSchema *out) {
    char format[64] = "+ud:";
    char child[16];
    int n = 1 + (int)rng_below(r, 3);
    for (int i = 0; i < n; i++)
        sprintf(format + strlen(format), "%s%d", i > 0 ? "," : "", (i * 37 + 5) % 128);
    plain_field(format, name, false, out);
    for (int i = 0; i < n; i++) {
        sprintf(child, "v%d", i);
        random_field(r, child, depth - 1, add_child(out));
    }
}

static void random_field(rng *r, const char *name, int depth, struct ArrowSchema *out) {
    bool nullable = rng_below(r, 4) != 0;
    char child[16];
    int64_t kind = rng_below(r, depth > 0 ? 12 : 7);
    switch (kind) {
    case 5: {
        static const char *const indices[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
        plain_field(indices[rng_below(r, 8)], name, nullable, out);
        out->dictionary = must(calloc(1, sizeof *out));
        plain_field(flat_formats[rng_below(r, N_FLAT)], "", nullable && rng_below(r, 2) == 0,
                    out->dictionary);
        return;
    }
    case 6: plain_field("n", name, true, out); return;
    case 7:
    case 8:
        plain_field("+l", name, nullable, out);
        random_field(r, "item", depth - 1, add_child(out));
        return;
    case 9:
        plain_field("+s", name, nullable, out);
        for (int i = 0, n = 1 + (int)rng_below(r, 3); i < n; i++) {
            sprintf(child, "f%d", i);
            random_field(r, child, depth - 1, add_child(out));
        }
        return;
    case 10: {
        plain_field("+m", name, nullable, out);
        struct ArrowSchema *entries = add_child(out);
        plain_field("+s", "entries", false, entries);
        plain_field("u", "key", false, add_child(entries));
        random_field(r, "value", depth - 1, add_child(entries));
        return;
    }
    case 11: random_union(r, name, depth, out); return;
    default: plain_field(flat_formats[rng_below(r, N_FLAT)], name, nullable, out); return;
    }
}

void random_schema(rng *r, int columns, int depth, struct ArrowSchema *out) {
    char name[16];
    plain_field("+s", "", false, out);
    for (int i = 0, n = 1 + (int)rng_below(r, columns); i < n; i++) {
        sprintf(name, "c%d", i);
        random_field(r, name, depth, add_child(out));
    }
}

/* ---- arrays ---- */

static void array_free(struct ArrowArray *a) {
    for (int64_t i = 0; i < a->n_children; i++) {
        if (a->children[i]->release != NULL)
            a->children[i]->release(a->children[i]);
        free(a->children[i]);
    }
    free(a->children);
    if (a->dictionary != NULL) {
        if (a->dictionary->release != NULL)
            a->dictionary->release(a->dictionary);
        free(a->dictionary);
    }
    for (int64_t i = 0; i < a->n_buffers; i++)
        free((void *)(uintptr_t)a->buffers[i]);
    free(a->buffers);
    a->release = NULL;
    live--;
}

static bool is(const struct ArrowSchema *s, const char *format) {
    return strcmp(s->format, format) == 0;
}

static int width_of(const char *format) {
    switch (format[0]) {
    case 'c':
    case 'C': return 1;
    case 's':
    case 'S': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'w': return atoi(format + 2);
    case 'd': return 16;
    case 't':
        if (format[1] == 'd' || (format[1] == 't' && (format[2] == 's' || format[2] == 'm')))
            return 4;
        return 8;
    default: return 8;
    }
}

typedef struct making {
    rng *r;
    int flags;
    int64_t offset;
    int64_t total; /* offset + length */
} making;

static void fill(const making *m, uint8_t *to, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        to[i] = (uint8_t)rng_next(m->r);
}

static void put_value(const making *m, const struct ArrowSchema *s, uint8_t *to) {
    static const double doubles[] = {0, -0.0, 1, -1, 1.5, 1e300, INFINITY, -INFINITY, NAN};
    int width = width_of(s->format);
    if (s->format[0] == 'g') {
        memcpy(to, &doubles[rng_below(m->r, 9)], 8);
    } else if (s->format[0] == 'f') {
        float f = (float)doubles[rng_below(m->r, 9)];
        memcpy(to, &f, 4);
    } else if (s->format[0] == 'd') {
        int64_t half[2];
        half[0] = rng_below(m->r, 2000000) - 1000000;
        half[1] = half[0] < 0 ? -1 : 0;
        memcpy(to, half, 16);
    } else if (s->format[0] == 'w' || rng_below(m->r, 4) == 0) {
        for (int i = 0; i < width; i++)
            to[i] = (uint8_t)(rng_below(m->r, 3) * 127);
    } else {
        int64_t small = rng_below(m->r, 5) - 2;
        memcpy(to, &small, (size_t)width);
    }
}

static void make_bytes(const making *m, const struct ArrowSchema *s, struct ArrowArray *a) {
    static const char *const texts[] = {
        "", "a", "b", "ab", "héllo", "日本語", "\"q\"", "z",
        "a much longer text, which no short cut copies whole"};
    int32_t *offsets = must(malloc((size_t)(m->total + 1) * 4));
    char *data = must(malloc((size_t)(m->total + 1) * 100));
    int32_t at = (m->flags & RANDOM_OFFSETS) != 0 ? (int32_t)rng_below(m->r, 5) : 0;
    memset(data, 'x', (size_t)at);
    offsets[0] = at;
    for (int64_t i = 0; i < m->total; i++) {
        if (s->format[0] == 'z' && rng_below(m->r, 3) == 0) {
            fill(m, (uint8_t *)data + at, 3);
            at += 3;
        } else {
            const char *text = texts[rng_below(m->r, 9)];
            memcpy(data + at, text, strlen(text));
            at += (int32_t)strlen(text);
        }
        offsets[i + 1] = at;
    }
    a->buffers[1] = offsets;
    a->buffers[2] = at == 0 ? NULL : must(realloc(data, (size_t)at));
    if (at == 0)
        free(data);
}

static void make_fixed(const making *m, const struct ArrowSchema *s, struct ArrowArray *a) {
    int width = width_of(s->format);
    uint8_t *data = must(malloc((size_t)(m->total * width) + (m->total == 0)));
    for (int64_t i = 0; i < m->total; i++)
        put_value(m, s, data + i * width);
    a->buffers[1] = data;
}

static void random_node(rng *r, const struct ArrowSchema *s, int64_t length, int flags, bool top,
                        struct ArrowArray *out);

static void make_list(const making *m, const struct ArrowSchema *s, struct ArrowArray *a) {
    bool gaps = (m->flags & RANDOM_OFFSETS) != 0;
    int32_t *offsets = must(malloc((size_t)(m->total + 1) * 4));
    offsets[0] = gaps ? (int32_t)rng_below(m->r, 3) : 0;
    for (int64_t i = 0; i < m->total; i++)
        offsets[i + 1] = offsets[i] + (int32_t)rng_below(m->r, 4);
    a->buffers[1] = offsets;
    random_node(m->r, s->children[0], offsets[m->total] + (gaps ? rng_below(m->r, 3) : 0), m->flags,
                false, a->children[0]);
}

static void make_union(const making *m, const struct ArrowSchema *s, struct ArrowArray *a) {
    uint8_t *ids = must(malloc((size_t)m->total + 1));
    int32_t *offsets = must(malloc((size_t)(m->total + 1) * 4));
    int32_t used[8] = {0};
    for (int64_t i = 0; i < m->total; i++) {
        int64_t c = rng_below(m->r, s->n_children);
        ids[i] = (uint8_t)((c * 37 + 5) % 128);
        used[c] += (m->flags & RANDOM_OFFSETS) != 0 && rng_below(m->r, 4) == 0;
        offsets[i] = used[c]++;
    }
    a->buffers[0] = ids;
    a->buffers[1] = offsets;
    for (int64_t c = 0; c < s->n_children; c++)
        random_node(m->r, s->children[c], used[c], m->flags, false, a->children[c]);
}

static void make_dictionary(const making *m, const struct ArrowSchema *s, struct ArrowArray *a) {
    int width = width_of(s->format);
    int64_t n = 1 + rng_below(m->r, 6);
    uint8_t *data = must(malloc((size_t)(m->total * width) + 1));
    a->dictionary = must(calloc(1, sizeof *a));
    random_node(m->r, s->dictionary, n, m->flags, false, a->dictionary);
    for (int64_t i = 0; i < m->total; i++) {
        int64_t index = rng_below(m->r, n);
        memcpy(data + i * width, &index, (size_t)width);
    }
    a->buffers[1] = data;
}

static void make_validity(const making *m, const struct ArrowSchema *s, int64_t length,
                          struct ArrowArray *a) {
    bool nullable = (s->flags & ARROW_FLAG_NULLABLE) != 0 && (m->flags & RANDOM_NO_NULLS) == 0;
    if (!nullable || rng_below(m->r, 4) == 0)
        return;
    int64_t bytes = (m->total + 7) / 8;
    uint8_t *bits = must(malloc((size_t)bytes + (bytes == 0)));
    bool all = rng_below(m->r, 5) == 0;
    fill(m, bits, bytes);
    if (all)
        memset(bits, 0xff, (size_t)bytes);
    int64_t nulls = 0;
    for (int64_t i = m->offset; i < m->total; i++)
        nulls += !((bits[i / 8] >> (i % 8)) & 1);
    a->buffers[0] = bits;
    a->null_count = rng_below(m->r, 3) == 0 ? -1 : nulls;
    /* A null dictionary row may have any index at all. */
    if (s->dictionary != NULL)
        for (int64_t i = 0; i < m->total; i++)
            if (!((bits[i / 8] >> (i % 8)) & 1))
                memset((uint8_t *)(uintptr_t)a->buffers[1] + i * width_of(s->format), 0x7e,
                       (size_t)width_of(s->format));
    (void)length;
}

static void random_node(rng *r, const struct ArrowSchema *s, int64_t length, int flags, bool top,
                        struct ArrowArray *a) {
    making m = {.r = r, .flags = flags};
    if (!top && (flags & RANDOM_OFFSETS) != 0 && rng_below(r, 2) == 0)
        m.offset = rng_below(r, 12);
    m.total = m.offset + length;
    bool bytes = s->dictionary == NULL && (is(s, "u") || is(s, "z"));
    int n_buffers = is(s, "n") ? 0 : is(s, "+s") ? 1 : bytes ? 3 : 2;
    *a = (struct ArrowArray){.length = length,
                             .offset = m.offset,
                             .n_buffers = n_buffers,
                             .n_children = s->n_children,
                             .release = array_free};
    live++;
    a->buffers = must(calloc((size_t)n_buffers + 1, sizeof(void *)));
    a->children = must(calloc((size_t)s->n_children + 1, sizeof(void *)));
    for (int64_t i = 0; i < s->n_children; i++)
        a->children[i] = must(calloc(1, sizeof *a));
    if (is(s, "n")) {
        a->null_count = length;
        return;
    }
    if (s->dictionary != NULL)
        make_dictionary(&m, s, a);
    else if (bytes)
        make_bytes(&m, s, a);
    else if (is(s, "b")) {
        uint8_t *bits = must(malloc((size_t)(m.total + 7) / 8 + 1));
        fill(&m, bits, (m.total + 7) / 8);
        a->buffers[1] = bits;
    } else if (is(s, "+s")) {
        for (int64_t i = 0; i < s->n_children; i++)
            random_node(r, s->children[i],
                        m.total + (!top && (flags & RANDOM_OFFSETS) ? rng_below(r, 3) : 0), flags,
                        false, a->children[i]);
    } else if (is(s, "+l") || is(s, "+m"))
        make_list(&m, s, a);
    else if (s->format[0] == '+')
        make_union(&m, s, a);
    else
        make_fixed(&m, s, a);
    if (!top && s->format[1] != 'u')
        make_validity(&m, s, length, a);
}

void random_array(rng *r, const struct ArrowSchema *schema, int64_t length, int flags,
                  struct ArrowArray *out) {
    random_node(r, schema, length, flags, true, out);
}

/* ---- text ---- */

typedef struct text {
    char *data;
    size_t size, room;
} text;

static void say(text *t, const char *bytes, size_t n) {
    if (t->size + n + 1 > t->room) {
        t->room = (t->size + n + 1) * 2;
        t->data = must(realloc(t->data, t->room));
    }
    memcpy(t->data + t->size, bytes, n);
    t->size += n;
    t->data[t->size] = '\0';
}

static void say_str(text *t, const char *s) {
    say(t, s, strlen(s));
}

static bool valid_at(const struct ArrowArray *a, int64_t i) {
    const uint8_t *bits = a->buffers[0];
    return bits == NULL || ((bits[(a->offset + i) / 8] >> ((a->offset + i) % 8)) & 1);
}

static int64_t load(const char *format, const uint8_t *at) {
    union {
        int8_t c;
        uint8_t C;
        int16_t s;
        uint16_t S;
        int32_t i;
        uint32_t I;
        int64_t l;
    } v = {.l = 0};
    int width = width_of(format);
    memcpy(&v, at, (size_t)width);
    switch (format[0]) {
    case 'c': return v.c;
    case 'C': return v.C;
    case 's': return v.s;
    case 'S': return v.S;
    case 'I': return v.I;
    default: return width == 4 ? v.i : v.l;
    }
}

static void show_number(text *t, const char *format, const uint8_t *at) {
    char out[64];
    if (format[0] == 'f' || format[0] == 'g') {
        double d;
        float f;
        memcpy(&f, at, 4);
        if (format[0] == 'g')
            memcpy(&d, at, 8);
        else
            d = (double)f;
        if (d != d)
            strcpy(out, "nan");
        else
            snprintf(out, sizeof out, "%.17g", d == 0 ? 0.0 : d);
    } else if (format[0] == 'd') {
        uint64_t half[2];
        memcpy(half, at, 16);
        snprintf(out, sizeof out, "0x%016llx%016llx", (unsigned long long)half[1],
                 (unsigned long long)half[0]);
    } else if (format[0] == 'L') {
        snprintf(out, sizeof out, "%llu", (unsigned long long)load(format, at));
    } else {
        snprintf(out, sizeof out, "%lld", (long long)load(format, at));
    }
    say_str(t, out);
}

static void show_bytes(text *t, const uint8_t *at, int64_t n) {
    char hex[8];
    say_str(t, "\"");
    for (int64_t i = 0; i < n; i++) {
        if (at[i] < 32 || at[i] > 126 || at[i] == '"') {
            snprintf(hex, sizeof hex, "\\%02x", at[i]);
            say_str(t, hex);
        } else {
            say(t, (const char *)&at[i], 1);
        }
    }
    say_str(t, "\"");
}

static void show(text *t, const struct ArrowSchema *s, const struct ArrowArray *a, int64_t row);

static void show_nested(text *t, const struct ArrowSchema *s, const struct ArrowArray *a,
                        int64_t row) {
    int64_t at = a->offset + row;
    if (is(s, "+s")) {
        say_str(t, "{");
        for (int64_t i = 0; i < s->n_children; i++) {
            say_str(t, i > 0 ? ", " : "");
            say_str(t, s->children[i]->name);
            say_str(t, ": ");
            show(t, s->children[i], a->children[i], at);
        }
        say_str(t, "}");
        return;
    }
    const int32_t *offsets = a->buffers[1];
    if (s->format[1] == 'u') {
        int64_t c = 0;
        while ((c * 37 + 5) % 128 != ((const uint8_t *)a->buffers[0])[at])
            c++;
        text value = {0};
        show(&value, s->children[c], a->children[c], offsets[at]);
        if (strcmp(value.data, "null") != 0) {
            say_str(t, s->children[c]->name);
            say_str(t, "=");
        }
        say_str(t, value.data);
        free(value.data);
        return;
    }
    say_str(t, "[");
    for (int32_t i = offsets[at]; i < offsets[at + 1]; i++) {
        say_str(t, i > offsets[at] ? ", " : "");
        show(t, s->children[0], a->children[0], i);
    }
    say_str(t, "]");
}

static void show(text *t, const struct ArrowSchema *s, const struct ArrowArray *a, int64_t row) {
    int64_t at = a->offset + row;
    bool is_union = s->format[0] == '+' && s->format[1] == 'u';
    if (is(s, "n") || (!is_union && !valid_at(a, row))) {
        say_str(t, "null");
    } else if (s->dictionary != NULL) {
        show(t, s->dictionary, a->dictionary,
             load(s->format, (const uint8_t *)a->buffers[1] + at * width_of(s->format)));
    } else if (s->format[0] == '+') {
        show_nested(t, s, a, row);
    } else if (is(s, "b")) {
        say_str(t, (((const uint8_t *)a->buffers[1])[at / 8] >> (at % 8)) & 1 ? "true" : "false");
    } else if (is(s, "u") || is(s, "z")) {
        const int32_t *offsets = a->buffers[1];
        show_bytes(t, (const uint8_t *)a->buffers[2] + offsets[at], offsets[at + 1] - offsets[at]);
    } else if (s->format[0] == 'w') {
        show_bytes(t, (const uint8_t *)a->buffers[1] + at * width_of(s->format),
                   width_of(s->format));
    } else {
        show_number(t, s->format, (const uint8_t *)a->buffers[1] + at * width_of(s->format));
    }
}

char *show_row(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t row) {
    text t = {0};
    say_str(&t, "");
    show(&t, schema, array, row);
    return t.data;
}

char *show_range(const struct ArrowSchema *schema, const struct ArrowArray *array, int64_t from,
                 int64_t length) {
    text t = {0};
    say_str(&t, "");
    for (int64_t i = from; i < from + length; i++) {
        show(&t, schema, array, i);
        say_str(&t, "\n");
    }
    return t.data;
}

char *show_rows(const struct ArrowSchema *schema, const struct ArrowArray *array) {
    return show_range(schema, array, 0, array->length);
}

#include "json_rows.h"
#include <stdio.h>
#include <stdlib.h>

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_error must_err = {0};                                                                  \
        pln_error *err = &must_err;                                                                \
        (void)err;                                                                                 \
        if ((call) < 0) {                                                                          \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, must_err.message);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const pln_allocator *mem(void) {
    return pln__system_allocator();
}

/* ---- schemas ---- */

static const char *space(const char *p) {
    while (*p == ' ')
        p++;
    return p;
}

static const char *word(const char *p, const char *stops, char *out, size_t room) {
    size_t n = 0;
    p = space(p);
    while (*p != '\0' && strchr(stops, *p) == NULL && n + 1 < room)
        out[n++] = *p++;
    out[n] = '\0';
    return p;
}

static const char *field(const char *p, const char *name, struct ArrowSchema *out);

/* Fields with or without names up to `end`, into the children of `out`. */
static const char *fields(const char *p, char end, bool named, const char *names[],
                          const char *format, const char *name, struct ArrowSchema *out) {
    struct ArrowSchema children[64];
    int n = 0;
    p = space(p);
    while (*p != end && *p != '\0') {
        char given[64];
        if (named)
            p = word(p, " ", given, sizeof given);
        p = space(field(space(p), named ? given : names[n], &children[n]));
        n++;
        if (*p == ',' || *p == '|')
            p = space(p + 1);
    }
    MUST(pln__field_new(mem(), format, name, false, n, out, err));
    for (int i = 0; i < n; i++)
        *out->children[i] = children[i];
    return *p == end && end != '\0' ? p + 1 : p;
}

/* "red.green": an enum of these symbols, with one byte for an index. */
static const char *symbols(const char *p, const char *name, struct ArrowSchema *out) {
    char given[64], list[300] = "[";
    struct ArrowSchema texts;
    p = word(p, " ?,|]}>)", given, sizeof given);
    for (char *symbol = strtok(given, "."); symbol != NULL; symbol = strtok(NULL, "."))
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s\"%s\"",
                 list[1] != '\0' ? ", " : "", symbol);
    strcat(list, "]");
    MUST(pln__field_new(mem(), "C", name, false, 0, out, err));
    MUST(pln__field_set_metadata(out, "pln.symbols", list, err));
    MUST(pln__field_new(mem(), "u", "", false, 0, &texts, err));
    pln__field_set_dictionary(out, &texts);
    return p;
}

static const char *field(const char *p, const char *name, struct ArrowSchema *out) {
    static const char *item[] = {"item"}, *pair[] = {"key", "value"};
    char format[64];
    struct ArrowSchema inner;
    switch (*p) {
    case '[': p = fields(p + 1, ']', false, item, "+l", name, out); break;
    case '{': p = fields(p + 1, '}', true, NULL, "+s", name, out); break;
    case '<':
        p = fields(p + 1, '>', false, pair, "+s", "entries", &inner);
        MUST(pln__field_new(mem(), "+m", name, false, 1, out, err));
        *out->children[0] = inner;
        break;
    case '(':
        p = fields(p + 1, ')', true, NULL, "+ud:0", name, &inner);
        snprintf(format, sizeof format, "+ud:");
        for (int64_t i = 0; i < inner.n_children; i++)
            snprintf(format + strlen(format), sizeof format - strlen(format), "%s%d",
                     i > 0 ? "," : "", (int)i * 3 + 1);
        MUST(pln__field_new(mem(), format, name, false, inner.n_children, out, err));
        for (int64_t i = 0; i < inner.n_children; i++) {
            *out->children[i] = *inner.children[i];
            inner.children[i]->release = NULL;
        }
        pln__schema_release(&inner);
        break;
    case '#':
        MUST(pln__field_new(mem(), "i", name, false, 0, out, err));
        p = field(p + 1, "", &inner);
        out->flags |= inner.flags & ARROW_FLAG_NULLABLE;
        pln__field_set_dictionary(out, &inner);
        break;
    case '=': p = symbols(p + 1, name, out); break;
    default:
        p = word(p, " ?,|]}>)", format, sizeof format);
        if (strcmp(format, "any") == 0) {
            MUST(pln__field_new(mem(), "u", name, false, 0, out, err));
            MUST(pln__field_set_metadata(out, "pln.json", "any", err));
        } else {
            if (strncmp(format, "d:", 2) == 0) /* "d:10.2", for the comma is ours */
                *strchr(format, '.') = ',';
            MUST(pln__field_new(mem(), format, name, false, 0, out, err));
        }
    }
    if (*p == '?') {
        out->flags |= ARROW_FLAG_NULLABLE;
        p++;
    }
    return p;
}

void json_schema(const char *spec, struct ArrowSchema *out) {
    (void)fields(spec, '\0', true, NULL, "+s", "", out);
}

/* ---- transcripts ---- */

typedef struct note {
    int64_t line;
    char *text;
} note;
typedef struct notes {
    note *items;
    int64_t n;
} notes;

static void add_note(notes *to, int64_t line, const char *text, int64_t size) {
    to->items = realloc(to->items, (size_t)(to->n + 1) * sizeof *to->items);
    to->items[to->n].line = line;
    to->items[to->n].text = calloc(1, (size_t)size + 1);
    memcpy(to->items[to->n].text, text, (size_t)size);
    to->n++;
}

static int64_t origin(const pln__buffer *buffer, int64_t row) {
    int64_t value;
    memcpy(&value, buffer->data + row * 8, 8);
    return value;
}

char *json_encoded(const struct ArrowSchema *schema, const struct ArrowArray *rows,
                   const pln__json_dialect *dialect) {
    pln__encoder *encoder;
    pln__buffer out = {0};
    MUST(pln__json_encoder.open(mem(), dialect, schema, &encoder, err));
    MUST(pln__json_encoder.encode(encoder, rows, &out, err));
    pln__json_encoder.close(encoder);
    char *text = calloc(1, (size_t)out.size + 1);
    if (out.size > 0)
        memcpy(text, out.data, (size_t)out.size);
    pln__buffer_free(mem(), &out);
    return text;
}

static void note_rows(notes *to, const struct ArrowSchema *schema, const pln__decoded *out,
                      const json_way *way, int64_t line, int64_t at) {
    char *text = out->rows > 0 ? json_encoded(schema, &out->array, NULL) : NULL, *p = text;
    char head[700];
    for (int64_t i = 0; i < out->rows; i++) {
        char *end = strchr(p, '\n');
        pln__text row;
        pln__text_init(&row, mem());
        if (!way->no_origin)
            pln__text_printf(&row, "%lld %lld+%lld ", (long long)(line + origin(&out->row_line, i)),
                             (long long)(at + origin(&out->row_start, i)),
                             (long long)origin(&out->row_size, i));
        pln__text_bytes(&row, p, end - p);
        add_note(to, way->no_origin ? -1 : line + origin(&out->row_line, i), row.data, row.size);
        pln__text_free(&row);
        p = end + 1;
    }
    for (int64_t i = 0; i < out->n_bad; i++) {
        const pln__bad_row *bad = &out->bad[i];
        int n =
            snprintf(head, sizeof head, "%lld! %lld+%lld %s %d %s", (long long)(line + bad->line),
                     (long long)(at + bad->start), (long long)bad->size, pln_status_name(bad->code),
                     (int)bad->column, bad->message);
        add_note(to, line + bad->line, head, n);
    }
    free(text);
}

static void check_rows(const struct ArrowSchema *schema, const pln__decoded *out) {
    if (out->array.length != out->rows || out->array.n_children != schema->n_children)
        abort();
    MUST(pln__array_validate(schema, &out->array, PLN__VALIDATE_FULL, err));
}

static void decode_all(notes *to, const struct ArrowSchema *schema, const char *text, int64_t size,
                       const json_way *way, int64_t line, int64_t at) {
    pln__decoder *decoder;
    pln__decode_options options = {.schema = schema,
                                   .origin = !way->no_origin,
                                   .record_bytes_max = way->record_bytes_max,
                                   .cpu = way->cpu,
                                   .seed = 42};
    MUST(pln__json_decoder.open(mem(), way->dialect, &options, &decoder, err));
    MUST(pln__json_decoder.begin(decoder, at == 0, NULL, 0, err));
    int64_t pos = 0, have = 0;
    while (pos < size) {
        int64_t step =
            way->block > 0 && way->block < size - pos - have ? way->block : size - pos - have;
        have += step;
        bool final = pos + have == size;
        /* An exact copy, so that a read beyond the padding is seen; what lies there must not matter. */
        uint8_t *block = malloc((size_t)have + PLN__PADDING);
        memcpy(block, text + pos, (size_t)have);
        memset(block + have, "\"}\n{[1"[(pos + have) % 6], PLN__PADDING);
        for (;;) {
            pln__decoded out;
            MUST(pln__json_decoder.decode(decoder, block, have, final,
                                          way->max_rows > 0 ? way->max_rows : INT64_MAX, &out,
                                          err));
            if (way->max_rows > 0 && out.rows + out.n_bad > way->max_rows)
                abort();
            check_rows(schema, &out);
            note_rows(to, schema, &out, way, line, at + pos);
            line += out.lines;
            pos += out.consumed;
            have -= out.consumed;
            memmove(block, block + out.consumed, (size_t)have);
            pln__array_release(&out.array);
            pln__buffer_free(mem(), &out.row_start);
            pln__buffer_free(mem(), &out.row_size);
            pln__buffer_free(mem(), &out.row_line);
            if (final && have > 0 && out.consumed == 0)
                abort();
            if (have == 0 || out.consumed == 0)
                break;
        }
        free(block);
    }
    pln__json_decoder.close(decoder);
}

static int by_line(const void *a, const void *b) {
    int64_t x = ((const note *)a)->line, y = ((const note *)b)->line;
    return x < y ? -1 : x > y;
}

char *json_transcript(const struct ArrowSchema *schema, const char *text, int64_t size,
                      const json_way *way) {
    notes all = {0};
    if (way->one_by_one) {
        int64_t line = 0, at = 0;
        while (at < size) {
            const char *end = memchr(text + at, '\n', (size_t)(size - at));
            int64_t n = end == NULL ? size - at : end + 1 - (text + at);
            decode_all(&all, schema, text + at, n, way, line++, at);
            at += n;
        }
    } else {
        decode_all(&all, schema, text, size, way, 0, 0);
    }
    if (all.n > 0 && !way->no_origin)
        qsort(all.items, (size_t)all.n, sizeof *all.items, by_line);
    pln__text out;
    pln__text_init(&out, mem());
    pln__text_str(&out, "");
    for (int64_t i = 0; i < all.n; i++) {
        pln__text_str(&out, all.items[i].text);
        pln__text_char(&out, '\n');
        free(all.items[i].text);
    }
    free(all.items);
    char *result = calloc(1, (size_t)out.size + 1);
    if (out.size > 0)
        memcpy(result, out.data, (size_t)out.size);
    pln__text_free(&out);
    return result;
}

char *json_decoded(const char *spec, const char *text, const json_way *way) {
    struct ArrowSchema schema;
    json_schema(spec, &schema);
    char *out = json_transcript(&schema, text, (int64_t)strlen(text), way);
    pln__schema_release(&schema);
    return out;
}

#include "format/symbols.h"
#include "base/utf8.h"
#include "format/json_check.h"
#include "format/json_scan.h"
#include <stdio.h>

/* ---- the list ---- */

/* What it is read with: a column for the texts, and a buffer in which the list has the padding that the JSON of this room needs. */
typedef struct reading {
    const pln_allocator *mem;
    const pln__column *column;
    pln__symbols *to;
    pln__column words;
    pln__buffer list;
    pln__buffer word;
    pln_error *err;
} reading;

static const char *name_of(const pln__column *column) {
    return column->schema->name == NULL ? "" : column->schema->name;
}

static pln_status refuse(const reading *r, pln_status code, const char *what) {
    return pln__error_set(r->err, code, "column %s: the metadata " PLN__SYMBOLS " %s",
                          name_of(r->column), what);
}

/* One more than the greatest index that the index type counts to. */
static int64_t limit_of(const pln__type *type) {
    bool is_signed = type->index_id <= PLN__INT64;
    return type->width >= 4 ? PLN__SYMBOLS_MAX
                            : (int64_t)1 << (8 * type->width - (is_signed ? 1 : 0));
}

static pln_status add(reading *r) {
    pln_status status = PLN_OK;
    const char *text = r->word.size > 0 ? (const char *)r->word.data : "";
    char shown[PLN__SHOW_SIZE];
    int64_t n = r->words.length;
    if (n >= PLN__SYMBOLS_MAX)
        PLN__TRY(refuse(r, PLN_ELIMIT, "names more than 65536 symbols"));
    if (pln__symbols_find(r->to, text, r->word.size) >= 0)
        PLN__FAIL(r->err, PLN_ESYNTAX, "column %s: the symbol %s stands twice in " PLN__SYMBOLS,
                  name_of(r->column), pln__show(shown, text, r->word.size));
    PLN__TRY(pln_column_text(&r->words, text, r->word.size, r->err));
    PLN__TRY(pln__map_put(r->to->index, text, r->word.size, n, r->err));
out:
    return status;
}

/* The list is one line of JSON whose grammar has been checked; what remains to be seen is that it is a list, and of texts. */
static pln_status read_texts(reading *r, const uint8_t *p) {
    pln_status status = PLN_OK;
    pln__json_fault fault;
    if (*p != '[')
        return refuse(r, PLN_ESYNTAX, "is no JSON list of texts");
    for (p = pln__json_space(p + 1); *p != ']'; p = pln__json_space(p)) {
        if (*p == ',')
            p = pln__json_space(p + 1);
        if (*p != '"')
            PLN__TRY(refuse(r, PLN_ESYNTAX, "is no JSON list of texts"));
        r->word.size = 0;
        p = pln__json_text(r->mem, p, 0, &r->word, &fault, &status);
        if (p == NULL)
            PLN__TRY(pln__error_memory(r->err, (uint64_t)r->word.size));
        PLN__TRY(add(r));
    }
    if (r->words.length == 0)
        PLN__TRY(refuse(r, PLN_ESYNTAX, "names no symbol"));
out:
    return status;
}

static pln_status read_list(reading *r, const char *list, int32_t size) {
    pln_status status = PLN_OK;
    pln__json_fault fault;
    const uint8_t *end, *p;
    PLN__TRY(pln__buffer_append(r->mem, &r->list, list, size, r->err));
    PLN__TRY(pln__buffer_reserve(r->mem, &r->list, 1 + PLN__PADDING, r->err));
    memset(r->list.data + size, '\n', 1 + PLN__PADDING);
    p = pln__json_space(r->list.data);
    end = pln__json_check(p, 1, 0, &fault);
    if (end == NULL || pln__json_space(end) != r->list.data + size)
        PLN__TRY(refuse(r, PLN_ESYNTAX, "is no JSON list of texts"));
    PLN__TRY(read_texts(r, p));
out:
    return status;
}

/* ---- life ---- */

static void symbols_free(const pln_allocator *mem, pln__symbols *symbols) {
    if (symbols == NULL)
        return;
    pln__array_release(&symbols->values);
    pln__map_free(symbols->index);
    pln__free(mem, symbols, sizeof *symbols);
}

static pln_status symbols_new(const pln__column *column, uint64_t seed, const char *list,
                              int32_t size, pln__symbols **out, pln_error *err) {
    pln_status status = PLN_OK;
    const pln_allocator *mem = column->mem;
    reading r = {.mem = mem, .column = column, .err = err};
    *out = NULL;
    r.to = pln__calloc(mem, 1, sizeof *r.to);
    if (r.to == NULL)
        return pln__error_memory(err, sizeof *r.to);
    r.to->index = pln__map_new(mem, seed);
    if (r.to->index == NULL)
        PLN__TRY(pln__error_memory(err, 0));
    PLN__TRY(pln__column_init(mem, column->schema->dictionary, &r.words, err));
    PLN__TRY(read_list(&r, list, size));
    PLN__TRY(pln__column_finish(&r.words, &r.to->values, err));
    *out = r.to;
    r.to = NULL;
out:
    symbols_free(mem, r.to);
    pln__column_free(&r.words);
    pln__buffer_free(mem, &r.list);
    pln__buffer_free(mem, &r.word);
    return status;
}

/* A map counts in int64, which has room for a pointer. */
static pln__symbols *pointer_of(int64_t value) {
    return (pln__symbols *)(intptr_t)value;
}

void pln__symbol_sets_free(const pln_allocator *mem, pln__symbol_sets *sets) {
    if (sets->by_list == NULL)
        return;
    for (int64_t i = 0; i < pln__map_count(sets->by_list); i++) {
        int64_t value = 0;
        (void)pln__map_at(sets->by_list, i, NULL, &value);
        symbols_free(mem, pointer_of(value));
    }
    pln__map_free(sets->by_list);
    sets->by_list = NULL;
}

static pln_status make(pln__symbol_sets *sets, uint64_t seed, const pln__column *column,
                       const char *list, int32_t size, pln__symbols **out, pln_error *err) {
    int64_t value = 0;
    if (sets->by_list == NULL)
        sets->by_list = pln__map_new(column->mem, seed);
    if (sets->by_list == NULL)
        return pln__error_memory(err, 0);
    if (pln__map_get(sets->by_list, list, size, &value)) {
        *out = pointer_of(value);
        return PLN_OK;
    }
    pln_status status = symbols_new(column, seed, list, size, out, err);
    if (status >= 0)
        status = pln__map_put(sets->by_list, list, size, (int64_t)(intptr_t)*out, err);
    if (status < 0)
        symbols_free(column->mem, *out);
    return status;
}

pln_status pln__symbols_bind(pln__symbol_sets *sets, uint64_t seed, pln__column *column,
                             const pln__symbols **out, pln_error *err) {
    pln__symbols *symbols = NULL;
    int32_t size = 0;
    const char *list = NULL;
    *out = NULL;
    if (column->type.id == PLN__DICTIONARY && column->dictionary->type.id == PLN__UTF8)
        list = pln__field_metadata(column->schema, PLN__SYMBOLS, &size);
    if (list == NULL)
        return PLN_OK;
    pln_status status = make(sets, seed, column, list, size, &symbols, err);
    if (status < 0)
        return status;
    if (symbols->values.length > limit_of(&column->type))
        return pln__error_set(
            err, PLN_ELIMIT, "column %s: %lld symbols, its index type counts no more than %lld",
            name_of(column), (long long)symbols->values.length, (long long)limit_of(&column->type));
    column->values = &symbols->values;
    *out = symbols;
    return PLN_OK;
}

/* ---- words ---- */

/* The symbols with commas between them, if that is short and shows well. */
static bool short_list(const pln__symbols *symbols, char *out, int64_t room) {
    int64_t at = 0;
    for (int64_t i = 0; i < pln__map_count(symbols->index); i++) {
        int64_t size = 0;
        const char *text = pln__map_at(symbols->index, i, &size, NULL);
        if (at + size + 3 > room)
            return false;
        for (int64_t k = 0; k < size; k++)
            if ((uint8_t)text[k] < 0x20 || text[k] == 0x7F)
                return false;
        if (i > 0) {
            out[at++] = ',';
            out[at++] = ' ';
        }
        memcpy(out + at, text, (size_t)size);
        at += size;
    }
    out[at] = '\0';
    return true;
}

/*
 * Files can be full of wrong values, so the search is bounded: only short texts, and only symbols of about their length, of which there may
 * be a few hundred.
 */
static const char *nearest(const pln__symbols *symbols, const char *text, int64_t size) {
    enum { TEXT_MAX = 32, COMPARED_MAX = 256 };
    const char *names[COMPARED_MAX + 1];
    char word[TEXT_MAX + 1];
    int64_t n = 0, slack = 1 + size / 4;
    if (size == 0 || size > TEXT_MAX || memchr(text, '\0', (size_t)size) != NULL)
        return NULL;
    for (int64_t i = 0; i < pln__map_count(symbols->index) && n < COMPARED_MAX; i++) {
        int64_t other = 0;
        const char *name = pln__map_at(symbols->index, i, &other, NULL);
        if (other >= size - slack && other <= size + slack)
            names[n++] = name;
    }
    names[n] = NULL;
    memcpy(word, text, (size_t)size);
    word[size] = '\0';
    return pln__nearest(word, names);
}

void pln__symbols_refusal(const pln__symbols *symbols, const void *text, int64_t size,
                          char out[PLN__SYMBOLS_TEXT_SIZE]) {
    char list[72], shown[PLN__SHOW_SIZE], near_shown[PLN__SHOW_SIZE];
    char whole[sizeof list + 2 * PLN__SHOW_SIZE + 64];
    if (short_list(symbols, list, sizeof list)) {
        snprintf(whole, sizeof whole, "expected one of %s, got %s", list,
                 pln__show(shown, text, size));
    } else {
        const char *near = nearest(symbols, text, size);
        const char *mean = near == NULL ? "" : " (did you mean ";
        snprintf(whole, sizeof whole, "expected one of %lld symbols, got %s%s%s%s",
                 (long long)pln__map_count(symbols->index), pln__show(shown, text, size), mean,
                 near == NULL ? "" : pln__show(near_shown, near, (int64_t)strlen(near)),
                 near == NULL ? "" : "?)");
    }
    int64_t length = (int64_t)strlen(whole), room = PLN__SYMBOLS_TEXT_SIZE - 1;
    int64_t cut = length < room ? length : pln__utf8_invalid_at(whole, room, 0);
    cut = cut < 0 ? room : cut;
    memcpy(out, whole, (size_t)cut);
    out[cut] = '\0';
}

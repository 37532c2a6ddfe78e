/*
 * A schema out of a sample. Every value seen is noted in a tree of guesses, one a member; a guess knows which kinds of value came
 * and how large they were, and in the end says the narrowest type that holds all of them. Where kinds conflict the column
 * keeps the text of its values ("pln.json" = "any"), so that no record is lost to a guess.
 */
#include "format/json_plan.h"

enum {
    SEEN_NULL = 1,
    SEEN_BOOL = 2,
    SEEN_INT = 4,   /* an integer that int64 holds */
    SEEN_UINT = 8,  /* uint64 alone */
    SEEN_WIDE = 16, /* decimal(38, 0) */
    SEEN_HUGE = 32,
    SEEN_NEGATIVE = 64,
    SEEN_FLOAT = 128,
    SEEN_TEXT = 256,
    SEEN_OBJECT = 512,
    SEEN_ARRAY = 1024,
    SEEN_DEEP = 2048,
    SEEN_NUMBER = SEEN_INT | SEEN_UINT | SEEN_WIDE | SEEN_HUGE | SEEN_NEGATIVE | SEEN_FLOAT
};
/* Deeper objects, and those whose keys are data rather than names, are kept as text. */
enum { INFER_DEPTH_MAX = 32, INFER_KEYS_MAX = 1000 };

typedef struct guess guess;
struct guess {
    guess *before; /* made before this one; the chain frees all */
    char *name;
    uint32_t seen;
    bool not_date; /* of the strings */
    bool not_time;
    bool not_nano; /* an instant beyond the years that nanoseconds reach */
    int32_t digits; /* of the fraction of an instant, the most */
    guess **children; /* members, or the one item of lists */
    int64_t n_children;
    int64_t capacity;
    pln__map *index;
};

typedef struct inference {
    const pln_allocator *mem;
    pln_error *err;
    guess *last;
    uint64_t seed;
    uint32_t cpu;
    pln__buffer text;
    int64_t n_guesses;
} inference;

/* ---- the tree ---- */

static pln_status new_guess(inference *self, const char *name, int64_t size, guess **out) {
    guess *made = pln__calloc(self->mem, 1, sizeof *made);
    *out = made;
    if (made == NULL)
        return pln__error_memory(self->err, sizeof *made);
    made->before = self->last;
    self->last = made;
    made->name = pln__strndup(self->mem, name, size);
    return made->name != NULL ? PLN_OK : pln__error_memory(self->err, (uint64_t)size);
}

static pln_status add_child(inference *self, guess *parent, const char *name, int64_t size,
                            guess **out) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__grow(self->mem, &parent->children, &parent->capacity, parent->n_children + 1,
                       sizeof *parent->children, self->err));
    PLN__TRY(new_guess(self, name, size, out));
    parent->children[parent->n_children++] = *out;
out:
    return status;
}

/* The guess of a member. NULL where there can be none: a name that no column may have, or too many of them. */
static pln_status member_of(inference *self, guess *parent, const uint8_t *name, int64_t size,
                            int64_t most, guess **out) {
    pln_status status = PLN_OK;
    int64_t at;
    *out = NULL;
    if (parent->index == NULL && (parent->index = pln__map_new(self->mem, self->seed)) == NULL) {
        status = pln__error_memory(self->err, sizeof parent->index);
        goto out;
    }
    if (pln__map_get(parent->index, name, size, &at)) {
        *out = parent->children[at];
        goto out;
    }
    if (size == 0 || memchr(name, 0, (size_t)size) != NULL)
        goto out;
    if (parent->n_children >= most) {
        parent->seen |= SEEN_DEEP;
        goto out;
    }
    PLN__TRY(pln__map_put(parent->index, name, size, parent->n_children, self->err));
    PLN__TRY(add_child(self, parent, (const char *)name, size, out));
out:
    return status;
}

static void free_guesses(inference *self) {
    for (guess *g = self->last; g != NULL;) {
        guess *before = g->before;
        pln__strfree(self->mem, g->name);
        pln__free(self->mem, g->children, (uint64_t)g->capacity * sizeof *g->children);
        if (g->index != NULL)
            pln__map_free(g->index);
        pln__free(self->mem, g, sizeof *g);
        g = before;
    }
    pln__buffer_free(self->mem, &self->text);
}

/* ---- noting values ---- */

static uint32_t kind_of_number(const char *text, int64_t size, bool plain) {
    int64_t integer;
    uint64_t natural;
    pln__int128 wide;
    if (!plain)
        return SEEN_FLOAT;
    uint32_t sign = text[0] == '-' ? SEEN_NEGATIVE : 0;
    if (pln__parse_int64(text, size, &integer) == PLN__PARSED)
        return SEEN_INT | sign;
    if (pln__parse_uint64(text, size, &natural) == PLN__PARSED)
        return SEEN_UINT;
    if (pln__parse_decimal128(text, size, 38, 0, &wide) == PLN__PARSED)
        return SEEN_WIDE | sign;
    return SEEN_HUGE | sign;
}

static int32_t fraction_digits(const char *text, int64_t size) {
    const char *point = memchr(text, '.', (size_t)size);
    int32_t n = 0;
    if (point != NULL)
        for (const char *p = point + 1; p < text + size && *p >= '0' && *p <= '9'; p++)
            n++;
    return n;
}

static void note_text(guess *to, const char *text, int64_t size) {
    int32_t days, digits;
    int64_t value;
    to->seen |= SEEN_TEXT;
    if (!to->not_date && pln__parse_date(text, size, &days) != PLN__PARSED)
        to->not_date = true;
    if (to->not_time)
        return;
    int flags = PLN__TIME_NEED_ZONE | PLN__TIME_TRUNCATE;
    digits = fraction_digits(text, size);
    if (digits > 9 || pln__parse_timestamp(text, size, PLN__SECOND, flags, &value) != PLN__PARSED) {
        to->not_time = true;
        return;
    }
    to->digits = digits > to->digits ? digits : to->digits;
    if (pln__parse_timestamp(text, size, PLN__NANO, flags, &value) != PLN__PARSED)
        to->not_nano = true;
}

static pln_status note(inference *self, guess *to, const uint8_t **p, int64_t depth);

/* The text of the string at *p, lent until the next. */
static pln_status take_text(inference *self, const uint8_t **p) {
    pln_status status = PLN_OK;
    pln__json_fault fault;
    self->text.size = 0;
    PLN__TRY(pln__buffer_reserve(self->mem, &self->text, 1, self->err));
    *p = pln__json_text(self->mem, *p, self->cpu, &self->text, &fault, &status);
    if (status < 0)
        status = pln__error_memory(self->err, (uint64_t)self->text.size);
out:
    return status;
}

static pln_status note_object(inference *self, guess *to, const uint8_t **p, int64_t depth) {
    pln_status status = PLN_OK;
    pln__json_fault fault;
    guess *member;
    int64_t most = depth == 0 ? PLN__COLUMNS_MAX : INFER_KEYS_MAX;
    *p = pln__json_space(*p + 1);
    while (**p == '"') {
        PLN__TRY(take_text(self, p));
        PLN__TRY(member_of(self, to, self->text.data, self->text.size, most, &member));
        *p = pln__json_space(pln__json_space(*p) + 1);
        if (member == NULL)
            *p = pln__json_check(*p, PLN__JSON_DEPTH_MAX, self->cpu, &fault);
        else
            PLN__TRY(note(self, member, p, depth + 1));
        *p = pln__json_space(*p);
        if (**p == ',')
            *p = pln__json_space(*p + 1);
    }
    ++*p;
out:
    return status;
}

static pln_status note_array(inference *self, guess *to, const uint8_t **p, int64_t depth) {
    pln_status status = PLN_OK;
    guess *item;
    *p = pln__json_space(*p + 1);
    while (**p != ']') {
        if (to->index == NULL && to->n_children == 0)
            PLN__TRY(add_child(self, to, "item", 4, &item));
        PLN__TRY(note(self, to->children[0], p, depth + 1));
        *p = pln__json_space(*p);
        if (**p == ',')
            *p = pln__json_space(*p + 1);
    }
    ++*p;
out:
    return status;
}

/* Nested values of a column whose kinds conflict already are of no interest. */
static bool is_lost(const guess *to) {
    uint32_t nested = to->seen & (SEEN_OBJECT | SEEN_ARRAY);
    return (to->seen & SEEN_DEEP) != 0 || nested == (SEEN_OBJECT | SEEN_ARRAY) ||
           (nested != 0 && (to->seen & (SEEN_BOOL | SEEN_NUMBER | SEEN_TEXT)) != 0);
}

/* The value at *p, whose grammar has been checked. */
static pln_status note(inference *self, guess *to, const uint8_t **p, int64_t depth) {
    pln_status status = PLN_OK;
    pln__json_fault fault;
    bool plain;
    const uint8_t *end = *p;
    switch (**p) {
    case '"':
        PLN__TRY(take_text(self, p));
        note_text(to, (const char *)self->text.data, self->text.size);
        return PLN_OK;
    case '{':
    case '[':
        to->seen |= **p == '{' ? SEEN_OBJECT : SEEN_ARRAY;
        if (depth > INFER_DEPTH_MAX)
            to->seen |= SEEN_DEEP;
        if (is_lost(to))
            *p = pln__json_check(*p, PLN__JSON_DEPTH_MAX, self->cpu, &fault);
        else if (**p == '{')
            return note_object(self, to, p, depth);
        else
            return note_array(self, to, p, depth);
        return PLN_OK;
    case 'n':
        to->seen |= SEEN_NULL;
        *p += 4;
        return PLN_OK;
    case 't':
    case 'f':
        to->seen |= SEEN_BOOL;
        *p += **p == 't' ? 4 : 5;
        return PLN_OK;
    default:
        end = pln__json_number(*p, &plain);
        to->seen |= kind_of_number((const char *)*p, end - *p, plain);
        *p = end;
    }
out:
    return status;
}

/* ---- the schema ---- */

static const char *format_of_number(uint32_t seen) {
    if ((seen & SEEN_FLOAT) != 0)
        return "g";
    if ((seen & SEEN_HUGE) != 0)
        return NULL;
    if ((seen & SEEN_WIDE) != 0 || ((seen & SEEN_UINT) != 0 && (seen & SEEN_NEGATIVE) != 0))
        return "d:38,0";
    return (seen & SEEN_UINT) != 0 ? "L" : "l";
}

static const char *format_of_text(const guess *of) {
    if (!of->not_date)
        return "tdD";
    if (of->not_time || (of->digits > 6 && of->not_nano))
        return "u";
    return of->digits > 6   ? "tsn:UTC"
           : of->digits > 3 ? "tsu:UTC"
           : of->digits > 0 ? "tsm:UTC"
                            : "tss:UTC";
}

/* NULL: the column keeps any value. */
static const char *format_of(const guess *of) {
    uint32_t seen = of->seen & ~(uint32_t)SEEN_NULL;
    if (seen == 0)
        return "u";
    if (seen == SEEN_BOOL)
        return "b";
    if ((seen & ~(uint32_t)SEEN_NUMBER) == 0)
        return format_of_number(seen);
    if (seen == SEEN_TEXT)
        return format_of_text(of);
    if (seen == SEEN_OBJECT && of->n_children > 0)
        return "+s";
    return seen == SEEN_ARRAY ? "+l" : NULL;
}

static pln_status field_of(inference *self, const guess *of, const char *name,
                           struct ArrowSchema *out) {
    pln_status status = PLN_OK;
    const char *format = format_of(of);
    bool list = format != NULL && strcmp(format, "+l") == 0;
    bool nested = format != NULL && strcmp(format, "+s") == 0;
    int64_t n = list ? 1 : nested ? of->n_children : 0;
    PLN__TRY(
        pln__field_new(self->mem, format == NULL ? "u" : format, name, true, n, out, self->err));
    if (format == NULL)
        PLN__TRY(pln__field_set_metadata(out, "pln.json", "any", self->err));
    if (list && of->n_children == 0)
        PLN__TRY(pln__field_new(self->mem, "u", "item", true, 0, out->children[0], self->err));
    else
        for (int64_t i = 0; i < n; i++)
            PLN__TRY(field_of(self, of->children[i], of->children[i]->name, out->children[i]));
out:
    return status;
}

static pln_status schema_of(inference *self, const guess *record, struct ArrowSchema *out) {
    pln_status status = PLN_OK;
    PLN__TRY(pln__field_new(self->mem, "+s", "", false, record->n_children, out, self->err));
    for (int64_t i = 0; i < record->n_children; i++)
        PLN__TRY(field_of(self, record->children[i], record->children[i]->name, out->children[i]));
    PLN__TRY(pln__schema_check(out, self->err));
out:
    if (status < 0)
        pln__schema_release(out);
    return status;
}

/* ---- the sample ---- */

/* The line [p, end), end being its line end. One that is no record is left out. */
static pln_status note_line(inference *self, guess *record, const uint8_t *p, const uint8_t *end,
                            int64_t depth_max, int64_t *records) {
    pln__json_fault fault;
    p = pln__json_space(p);
    if (*p != '{')
        return PLN_OK;
    const uint8_t *stop = pln__json_check(p, depth_max, self->cpu, &fault);
    if (stop == NULL || pln__json_space(stop) != end)
        return PLN_OK;
    ++*records;
    return note_object(self, record, &p, 0);
}

static pln_status note_sample(inference *self, guess *record, const uint8_t *bytes, int64_t size,
                              bool final, int64_t depth_max, int64_t *records) {
    pln_status status = PLN_OK;
    const uint8_t *p = bytes, *end = bytes + size;
    pln__buffer last = {0};
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    while (p < end) {
        const uint8_t *line_end = memchr(p, '\n', (size_t)(end - p));
        if (line_end == NULL)
            break;
        PLN__TRY(note_line(self, record, p, line_end, depth_max, records));
        p = line_end + 1;
    }
    if (p < end && final) {
        size = end - p;
        PLN__TRY(pln__buffer_reserve(self->mem, &last, size + 1 + PLN__PADDING, self->err));
        memcpy(last.data, p, (size_t)size);
        memset(last.data + size, '\n', 1 + PLN__PADDING);
        PLN__TRY(note_line(self, record, last.data, last.data + size, depth_max, records));
    }
out:
    pln__buffer_free(self->mem, &last);
    return status;
}

pln_status pln__json_infer(const pln_allocator *mem, const void *dialect, const uint8_t *bytes,
                           int64_t size, bool final, struct ArrowSchema *out, pln_error *err) {
    pln_status status = PLN_OK;
    pln__json_dialect how;
    int64_t records = 0;
    guess *record;
    inference self = {.mem = mem, .err = err, .cpu = pln__cpu_features()};
    memset(out, 0, sizeof *out);
    pln__json_dialect_default(&how);
    if (dialect != NULL)
        how = *(const pln__json_dialect *)dialect;
    self.seed = (uint64_t)(uintptr_t)bytes;
    PLN__TRY(new_guess(&self, "", 0, &record));
    PLN__TRY(note_sample(&self, record, bytes, size, final, how.nesting_max, &records));
    if (records == 0)
        PLN__FAIL(err, PLN_EDATA, "no line of the sample is a JSON object");
    if ((record->seen & SEEN_DEEP) != 0)
        PLN__FAIL(err, PLN_ELIMIT, "records with more than %d different members", PLN__COLUMNS_MAX);
    PLN__TRY(schema_of(&self, record, out));
out:
    free_guesses(&self);
    return status;
}

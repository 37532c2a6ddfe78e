/* Whether a table's columns are those that a contract promises. */
#include "column/column.h"
#include "contract/contract.h"

typedef struct fit {
    pln__text path;
    pln_status (*each)(void *user, const pln__contract_misfit *misfit);
    void *user;
    pln_status status;
} fit;

static void say(fit *f, const char *expected, const char *found) {
    pln__contract_misfit misfit = {f->path.data == NULL ? "" : f->path.data, expected, found};
    if (f->path.failed)
        f->status = PLN_ENOMEM;
    else if (f->status >= 0)
        f->status = f->each(f->user, &misfit);
}

static bool is_signed(int32_t id) {
    return id <= PLN__INT64;
}

/* Decimal digits that hold every number of the type. */
static int32_t digits_of(const pln__type *type) {
    static const int32_t digits[] = {3, 5, 10, 19, 3, 5, 10, 20};
    return digits[type->id - PLN__INT8];
}

static bool integer_fits(const pln__type *to, const pln__type *from) {
    if (!pln__type_is_integer(from->id))
        return false;
    return is_signed(to->id) == is_signed(from->id) ? from->width <= to->width
                                                    : is_signed(to->id) && from->width < to->width;
}

static bool decimal_fits(const pln__type *to, const pln__type *from) {
    int32_t whole = to->precision - to->scale;
    if (from->id == PLN__DECIMAL128)
        return from->scale <= to->scale && from->precision - from->scale <= whole;
    return pln__type_is_integer(from->id) && digits_of(from) <= whole;
}

/* A number without a width is any number. */
static bool float_fits(const pln__type *to, const pln__type *from) {
    if (to->id == PLN__FLOAT64)
        return pln__type_is_number(from->id);
    return from->id == PLN__FLOAT32 || (pln__type_is_integer(from->id) && from->width <= 2);
}

/* Times of any unit; an instant is no local time. */
static bool instant_fits(const pln__type *to, const pln__type *from) {
    return from->id == PLN__TIMESTAMP && (to->timezone[0] == '\0') == (from->timezone[0] == '\0');
}

static bool type_fits(const pln__type *to, const pln__type *from) {
    if (pln__type_is_integer(to->id))
        return integer_fits(to, from);
    switch (to->id) {
    case PLN__DECIMAL128: return decimal_fits(to, from);
    case PLN__FLOAT32:
    case PLN__FLOAT64: return float_fits(to, from);
    case PLN__TIMESTAMP: return instant_fits(to, from);
    case PLN__TIME32:
    case PLN__TIME64: return from->id == PLN__TIME32 || from->id == PLN__TIME64;
    case PLN__BINARY: return from->id == PLN__BINARY || from->id == PLN__FIXED;
    default: return to->id == from->id;
    }
}

static bool fits(const struct ArrowSchema *expected, const struct ArrowSchema *found) {
    pln__type to, from;
    if (found->dictionary != NULL)
        found = found->dictionary;
    return pln__type_of(expected, &to, NULL) >= 0 && pln__type_of(found, &from, NULL) >= 0 &&
           type_fits(&to, &from);
}

static bool both_are(const struct ArrowSchema *expected, const struct ArrowSchema *found,
                     const char *format) {
    return strcmp(expected->format, format) == 0 && strcmp(found->format, format) == 0;
}

static void children_fit(fit *f, const struct ArrowSchema *expected,
                         const struct ArrowSchema *found, int depth);

/* Nulls of a column of the table are found by its rows, those inside of arrays and objects by nobody. */
static void column_fits(fit *f, const struct ArrowSchema *expected, const struct ArrowSchema *found,
                        int depth) {
    char want[PLN__TYPE_TEXT_SIZE], got[PLN__TYPE_TEXT_SIZE];
    int64_t size = f->path.size;
    if (depth > 0 && !(expected->flags & ARROW_FLAG_NULLABLE) &&
        (found->flags & ARROW_FLAG_NULLABLE))
        say(f, "not null", "nullable");
    if (both_are(expected, found, "+s")) {
        children_fit(f, expected, found, depth + 1);
    } else if (both_are(expected, found, "+l")) {
        pln__text_str(&f->path, "[]");
        column_fits(f, expected->children[0], found->children[0], depth + 1);
        f->path.size = size;
    } else if (!fits(expected, found)) {
        say(f, pln__type_text(expected, want), pln__type_text(found, got));
    }
}

static void children_fit(fit *f, const struct ArrowSchema *expected,
                         const struct ArrowSchema *found, int depth) {
    char want[PLN__TYPE_TEXT_SIZE];
    for (int64_t i = 0; i < expected->n_children; i++) {
        const struct ArrowSchema *column = expected->children[i];
        int64_t size = f->path.size, at = pln__schema_find(found, column->name);
        pln__text_printf(&f->path, size > 0 ? ".%s" : "%s", column->name);
        if (at < 0)
            say(f, pln__type_text(column, want), "no such column");
        else
            column_fits(f, column, found->children[at], depth);
        f->path.size = size;
    }
}

pln_status pln__contract_fit(const pln_allocator *mem, const struct ArrowSchema *expected,
                             const struct ArrowSchema *found,
                             pln_status (*each)(void *user, const pln__contract_misfit *misfit),
                             void *user) {
    fit f = {.each = each, .user = user};
    pln__text_init(&f.path, mem);
    children_fit(&f, expected, found, 0);
    pln__text_free(&f.path);
    return f.status;
}

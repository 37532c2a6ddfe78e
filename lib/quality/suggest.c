/* Checks out of a profile: what held for the rows that were seen, for a person to keep, change or drop. */
#include "quality/profile.h"
#include <math.h>
#include <stdio.h>

enum { SET_MOST = 20, SET_ROWS = 20, UNIQUE_ROWS = 20 };

typedef struct suggestion {
    pln_profile *profile;
    pln__profile_column *column;
    pln_profile_column said;
    pln__text *out;
} suggestion;

static void put_text(pln__text *out, const char *text) {
    pln__text_json(out, text, (int64_t)strlen(text));
}

static void begin(const suggestion *s, const char *check) {
    pln__text_printf(s->out, ",\n  {\"check\":\"%s\",\"column\":", check);
    put_text(s->out, s->said.name);
}

/* The reason, in words, closes a check. */
PLN__PRINTF(2, 3)
static void end(const suggestion *s, const char *format, ...) {
    char text[128];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pln__text_str(s->out, ",\"description\":");
    put_text(s->out, text);
    pln__text_char(s->out, '}');
}

static int64_t values_of(const suggestion *s) {
    return s->said.rows - s->said.nulls;
}

static void suggest_nulls(const suggestion *s) {
    int64_t rows = s->said.rows, nulls = s->said.nulls;
    if (nulls == 0) {
        begin(s, "not_null");
        end(s, "none of %lld rows was null", (long long)rows);
    } else if (nulls < rows) {
        int64_t hundredths = (rows - nulls) * 100 / rows;
        begin(s, "completeness");
        pln__text_printf(s->out, ",\"min\":%lld.%02lld", (long long)(hundredths / 100),
                         (long long)(hundredths % 100));
        end(s, "%lld of %lld rows were null", (long long)nulls, (long long)rows);
    }
}

/* A number stands as it is; a date or time is a text. */
static void put_end(const suggestion *s, const char *name, const char *value) {
    bool number = pln__profile_has_mean(s->column) && s->column->type.id != PLN__BOOL;
    pln__text_printf(s->out, ",\"%s\":", name);
    if (number)
        pln__text_str(s->out, value);
    else
        put_text(s->out, value);
}

static void suggest_range(const suggestion *s) {
    int32_t kind = s->column->kind;
    if (kind == PLN__PROFILE_BYTES) {
        begin(s, "length");
        pln__text_printf(s->out,
                         ",\"min\":%lld,\"max\":%lld,\"unit\":\"bytes\",\"severity\":\"warn\"",
                         (long long)s->said.shortest, (long long)s->said.longest);
        end(s, "lengths of %lld values", (long long)values_of(s));
        return;
    }
    if (kind == PLN__PROFILE_OTHER || s->column->type.id == PLN__BOOL || s->said.minimum == NULL ||
        s->said.maximum == NULL)
        return;
    /* Infinity is no bound, and JSON has no word for it. */
    if (kind == PLN__PROFILE_FLOAT &&
        !(isfinite(s->column->least_float) && isfinite(s->column->most_float)))
        return;
    begin(s, "between");
    put_end(s, "min", s->said.minimum);
    put_end(s, "max", s->said.maximum);
    pln__text_str(s->out, ",\"severity\":\"warn\"");
    end(s, "the least and the greatest of %lld values", (long long)values_of(s));
}

/* Only if the list of frequent values is exact, and is all of them. */
static pln_status suggest_set(const suggestion *s, pln_error *err) {
    pln_profile *p = s->profile;
    int32_t kind = s->column->kind;
    int64_t n = 0, seen = 0;
    if (s->column->top == NULL || (kind != PLN__PROFILE_BYTES && kind != PLN__PROFILE_INTEGER) ||
        s->column->type.id == PLN__BOOL)
        return PLN_OK;
    pln_status status = pln__profile_frequent(p, s->column, &n, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < n; i++)
        seen += p->entries[i].lower == p->entries[i].upper ? p->entries[i].lower : -values_of(s);
    if (n == 0 || n > SET_MOST || seen != values_of(s) || values_of(s) < SET_ROWS * n)
        return PLN_OK;
    begin(s, "in_set");
    pln__text_str(s->out, ",\"values\":[");
    for (int64_t i = 0; i < n; i++) {
        pln__text value;
        pln__text_init(&value, s->out->mem);
        pln__profile_put_item(&value, s->column, p->entries[i].bytes, p->entries[i].size);
        pln__text_str(s->out, i > 0 ? "," : "");
        pln__text_json(s->out, value.data != NULL ? value.data : "", value.size);
        s->out->failed |= value.failed;
        pln__text_free(&value);
    }
    pln__text_char(s->out, ']');
    end(s, "all %lld values of %lld rows", (long long)n, (long long)s->said.rows);
    return PLN_OK;
}

static void suggest_unique(const suggestion *s) {
    double distance = s->said.distinct - (double)s->said.rows;
    if (s->said.nulls > 0 || s->said.rows < UNIQUE_ROWS || s->column->kind == PLN__PROFILE_OTHER ||
        s->column->kind == PLN__PROFILE_FLOAT)
        return;
    if ((distance < 0 ? -distance : distance) > 3 * s->said.distinct_error + 0.5)
        return;
    begin(s, "unique");
    pln__text_str(s->out, ",\"severity\":\"warn\"");
    end(s, "about as many values as the %lld rows", (long long)s->said.rows);
}

static pln_status suggest_column(pln_profile *profile, int64_t i, pln__text *out, pln_error *err) {
    suggestion s = {.profile = profile, .column = &profile->columns[i], .out = out};
    char type[PLN__TYPE_TEXT_SIZE];
    pln_status status;
    s.said.struct_size = sizeof s.said;
    PLN__TRY(pln_profile_column_get(profile, i, &s.said, err));
    begin(&s, "column_type");
    pln__text_str(out, ",\"type\":");
    put_text(out, pln__type_text(s.column->of_values, type));
    pln__text_char(out, '}');
    if (s.said.rows == 0)
        return PLN_OK;
    suggest_nulls(&s);
    if (values_of(&s) == 0)
        return PLN_OK;
    suggest_range(&s);
    PLN__TRY(suggest_set(&s, err));
    suggest_unique(&s);
out:
    return status;
}

pln_status pln_suite_suggest(pln_profile *profile, const char *name, const char **text,
                             int64_t *size, pln_error *err) {
    pln__text *out = &profile->suite;
    pln_status status = PLN_OK;
    pln__text_free(out);
    pln__text_init(out, &profile->mem);
    pln__text_str(out, "{\"name\":");
    put_text(out, name);
    pln__text_str(out, ",\"checks\":[\n  {\"check\":\"row_count\",\"min\":1},\n  "
                       "{\"check\":\"columns_match\",\"columns\":[");
    for (int64_t i = 0; i < profile->n_columns; i++) {
        pln__text_str(out, i > 0 ? "," : "");
        put_text(out, profile->columns[i].field->name);
    }
    pln__text_str(out, "]}");
    for (int64_t i = 0; i < profile->n_columns; i++)
        PLN__TRY(suggest_column(profile, i, out, err));
    pln__text_str(out, "\n]}\n");
    PLN__TRY(pln__text_status(out, err));
    *text = out->data;
    *size = out->size;
out:
    return status;
}

#include "format/csv_internal.h"

void pln__csv_dialect_default(pln__csv_dialect *dialect) {
    memset(dialect, 0, sizeof *dialect);
    dialect->delimiter = ',';
    dialect->quote = '"';
    dialect->header = true;
    dialect->skip_blank = true;
    dialect->quoting = PLN__CSV_QUOTE_MINIMAL;
    dialect->null_text = "";
    dialect->newline = "\n";
}

static pln_status check_char(const char *what, uint8_t c, pln_error *err) {
    char show[PLN__SHOW_SIZE];
    if (c < 0x80 && c != '\n' && c != '\r')
        return PLN_OK;
    return pln__error_set(err, PLN_EOPTION, "%s %s: must be one ASCII character and no line end",
                          what, pln__show(show, &c, 1));
}

static pln_status check_pair(const char *a, uint8_t x, const char *b, uint8_t y, pln_error *err) {
    if (x == 0 || x != y)
        return PLN_OK;
    return pln__error_set(err, PLN_EOPTION, "%s and %s are both '%c'", a, b, x);
}

static pln_status check(const pln__csv_rules *r, pln_error *err) {
    pln_status status;
    if (r->delimiter == 0)
        PLN__FAIL(err, PLN_EOPTION, "delimiter: must not be empty");
    PLN__TRY(check_char("delimiter", r->delimiter, err));
    PLN__TRY(check_char("quote", r->quote, err));
    PLN__TRY(check_char("escape", r->escape, err));
    PLN__TRY(check_char("comment", r->comment, err));
    PLN__TRY(check_pair("delimiter", r->delimiter, "quote", r->quote, err));
    PLN__TRY(check_pair("delimiter", r->delimiter, "escape", r->escape, err));
    PLN__TRY(check_pair("delimiter", r->delimiter, "comment", r->comment, err));
    PLN__TRY(check_pair("quote", r->quote, "comment", r->comment, err));
    if (r->trim && r->quote != 0 && (r->quote == ' ' || r->quote == '\t'))
        PLN__FAIL(err, PLN_EOPTION, "quote: cannot be a blank when blanks are trimmed");
out:
    return status;
}

static pln_status copy_nulls(const pln_allocator *mem, const char *const *nulls, pln__csv_rules *r,
                             pln_error *err) {
    if (nulls == NULL) {
        r->empty_null = true;
        return PLN_OK;
    }
    for (; *nulls != NULL; nulls++) {
        if (**nulls == '\0') {
            r->empty_null = true;
            continue;
        }
        if (r->n_nulls == CSV_NULLS_MAX)
            return pln__error_set(err, PLN_ELIMIT, "nulls: more than %d tokens", CSV_NULLS_MAX);
        char *copy = pln__strdup(mem, *nulls);
        if (copy == NULL)
            return pln__error_memory(err, strlen(*nulls) + 1);
        r->nulls[r->n_nulls++] = copy;
        r->null_first[(uint8_t)*copy] = true;
    }
    return PLN_OK;
}

static pln_status copy_columns(const pln_allocator *mem, const char *const *columns,
                               pln__csv_rules *r, pln_error *err) {
    int64_t n = 0;
    if (columns == NULL)
        return PLN_OK;
    while (columns[n] != NULL)
        n++;
    if (n == 0 || n > CSV_FIELDS_MAX)
        return pln__error_set(err, PLN_EOPTION, "columns: %lld names, must be 1 to %d",
                              (long long)n, CSV_FIELDS_MAX);
    r->columns = pln__calloc(mem, (uint64_t)n + 1, sizeof *r->columns);
    if (r->columns == NULL)
        return pln__error_memory(err, ((uint64_t)n + 1) * sizeof *r->columns);
    r->n_columns = n;
    for (int64_t i = 0; i < n; i++) {
        r->columns[i] = pln__strdup(mem, columns[i]);
        if (r->columns[i] == NULL)
            return pln__error_memory(err, strlen(columns[i]) + 1);
    }
    return PLN_OK;
}

pln_status pln__csv_rules_init(const pln_allocator *mem, const pln__csv_dialect *dialect,
                               pln__csv_rules *out, pln_error *err) {
    pln_status status;
    pln__csv_dialect usual;
    if (dialect == NULL) {
        pln__csv_dialect_default(&usual);
        dialect = &usual;
    }
    memset(out, 0, sizeof *out);
    out->delimiter = (uint8_t)dialect->delimiter;
    out->quote = (uint8_t)dialect->quote;
    out->escape = (uint8_t)(dialect->escape == dialect->quote ? 0 : dialect->escape);
    out->comment = (uint8_t)dialect->comment;
    out->header = dialect->header;
    out->trim = dialect->trim;
    out->skip_blank = dialect->skip_blank;
    out->ragged = dialect->ragged;
    out->quoted_null = dialect->quoted_null;
    out->skip_lines = dialect->skip_lines;
    PLN__TRY(check(out, err));
    PLN__TRY(copy_nulls(mem, dialect->nulls, out, err));
    PLN__TRY(copy_columns(mem, dialect->columns, out, err));
out:
    if (status < 0)
        pln__csv_rules_free(mem, out);
    return status;
}

void pln__csv_rules_free(const pln_allocator *mem, pln__csv_rules *rules) {
    for (int32_t i = 0; i < rules->n_nulls; i++)
        pln__strfree(mem, rules->nulls[i]);
    rules->n_nulls = 0;
    pln__csv_names_free(mem, rules->columns, rules->n_columns);
    rules->columns = NULL;
}

bool pln__csv_is_token(const pln__csv_rules *rules, const char *text, int64_t size) {
    for (int32_t i = 0; i < rules->n_nulls; i++)
        if ((int64_t)strlen(rules->nulls[i]) == size &&
            memcmp(rules->nulls[i], text, (size_t)size) == 0)
            return true;
    return false;
}

/*
 * Rows in blocks, slices and odd bit offsets; selections; memory that runs out; every function with nulls.
 */
#include "expr/internal.h"
#include "expr_help.h"
#include "fail_alloc.h"

#define SPEC                                                                                       \
    "a l?, b l?, i i?, h s?, c c?, n C?, f g?, r f?, d d:12.2?, s u?, k #u?, t tdD?, ts tsu:?, "   \
    "ok b?, "                                                                                      \
    "no b, l l, tags [u?]?, who {x l?, y b?}?"

static const char *const expressions[] = {"a",
                                          "ok",
                                          "no",
                                          "s",
                                          "k",
                                          "tags",
                                          "who",
                                          "a + b",
                                          "a * 2 - b",
                                          "i + 1",
                                          "h * c",
                                          "n + 1",
                                          "f * r",
                                          "f / (r + 100)",
                                          "d * 2 + 1",
                                          "a > b",
                                          "i >= 5",
                                          "h < c",
                                          "n = 3",
                                          "f <= r",
                                          "d > 1.5",
                                          "s < 'm'",
                                          "s = 'abc'",
                                          "k = 'red'",
                                          "k in ('red', 'blue')",
                                          "ok and no",
                                          "ok or a > 0",
                                          "not ok",
                                          "ok is true",
                                          "a is null",
                                          "ok = no",
                                          "a in (1, 2, 3, 4, 5)",
                                          "a between -3 and 3",
                                          "s in ('abc', 'de', '')",
                                          "s in ('abc', 'a much longer text')",
                                          "s like 'a%'",
                                          "s like '%b_%'",
                                          "s ilike '%B%'",
                                          "lower(s)",
                                          "upper(s)",
                                          "upper(k)",
                                          "s || k",
                                          "substr(s, 2, 2)",
                                          "length(s)",
                                          "trim(s)",
                                          "case when a > 0 then s when ok then k else 'none' end",
                                          "case when no then a else b end",
                                          "coalesce(a, b, 0)",
                                          "nullif(a, b)",
                                          "nullif(s, 'abc')",
                                          "greatest(a, b)",
                                          "t + 1",
                                          "ts - interval '1 hour'",
                                          "extract(year from ts)",
                                          "date_trunc('month', ts)",
                                          "a::text",
                                          "d::text",
                                          "a::float64",
                                          "f::decimal(20, 3)",
                                          "ok::int",
                                          "hash64(a, s, f)",
                                          "tags[1]",
                                          "tags[2] = 'b'",
                                          "who.x + 1",
                                          "who.y",
                                          "cardinality(tags)",
                                          "l",
                                          "l > 0",
                                          "null",
                                          "1",
                                          "'x'",
                                          "true",
                                          "case when no then tags[1] else s end",
                                          "a / b",
                                          "s::int",
                                          "try_cast(s as int)",
                                          "round(d, 1)",
                                          "left(s, 2)",
                                          "reverse(s)",
                                          "concat(a, s, ok)"};

static void random_rows(rng *r, int n, rows *out) {
    static const char *const words[] = {
        "abc",    "de", "", "b", "aXb", "BBB", "1", "-42", "longer than sixteen bytes",
        "größer", " x "};
    static const char *const colours[] = {"red", "green", "blue"};
    char *json = calloc((size_t)n + 1, 512), *at = json;
#define SOME(format, ...)                                                                          \
    if (rng_below(r, 5) > 0)                                                                       \
    at += sprintf(at, ", " format, __VA_ARGS__)
    for (int i = 0; i < n; i++) {
        at += sprintf(at, "{\"no\": %s, \"l\": %d", rng_below(r, 2) ? "true" : "false",
                      (int)rng_below(r, 100) - 50);
        SOME("\"a\": %d", (int)rng_below(r, 21) - 10);
        SOME("\"b\": %d", (int)rng_below(r, 11) - 5);
        SOME("\"i\": %d", (int)rng_below(r, 21) - 10);
        SOME("\"h\": %d", (int)rng_below(r, 21) - 10);
        SOME("\"c\": %d", (int)rng_below(r, 21) - 10);
        SOME("\"n\": %d", (int)rng_below(r, 10));
        SOME("\"f\": %.1f", (double)rng_below(r, 41) / 2 - 10);
        SOME("\"r\": %.1f", (double)rng_below(r, 41) / 2 - 10);
        SOME("\"d\": %.2f", (double)rng_below(r, 1001) / 100 - 5);
        SOME("\"s\": \"%s\"", words[rng_below(r, PLN__COUNT(words))]);
        SOME("\"k\": \"%s\"", colours[rng_below(r, 3)]);
        SOME("\"t\": \"%04d-02-%02d\"", 1900 + (int)rng_below(r, 200), 1 + (int)rng_below(r, 28));
        SOME("\"ts\": \"%04d-02-%02dT10:11:%02d\"", 1900 + (int)rng_below(r, 200),
             1 + (int)rng_below(r, 28), (int)rng_below(r, 60));
        SOME("\"ok\": %s", rng_below(r, 2) ? "true" : "false");
        SOME("\"tags\": [%s]", rng_below(r, 2) ? "\"b\", \"b\"" : rng_below(r, 2) ? "null" : "");
        SOME("\"who\": {%s}", rng_below(r, 2) ? "\"x\": 4, \"y\": true" : "\"y\": false");
        at += sprintf(at, "}\n");
    }
#undef SOME
    rows_make(SPEC, json, out);
    free(json);
}

static pln__expr *compile(const pln_allocator *mem, const rows *r, const char *text, uint32_t cpu) {
    pln__expr_options options = {.cpu = cpu, .seed = 11};
    pln__expr *expr = NULL;
    pln_error err = {0};
    ck_assert_msg(pln__expr_compile(mem, text, &r->schema, &options, &expr, &err) >= 0, "%s: %s",
                  text, err.message);
    return expr;
}

static char *show(pln__expr *expr, const struct ArrowArray *batch) {
    const pln_allocator *mem = pln__system_allocator();
    pln__expr_failures failures = {0};
    struct ArrowArray out;
    pln_error err = {0};
    pln__text to;
    pln__text_init(&to, mem);
    pln__text_str(&to, "");
    ck_assert_msg(pln__expr_eval(expr, batch, 0, &out, &failures, &err) >= 0, "%s", err.message);
    ck_assert_msg(pln__array_validate(pln__expr_field(expr), &out, PLN__VALIDATE_FULL, &err) >= 0,
                  "%s", err.message);
    say_rows(&to, pln__expr_field(expr), &out, &failures);
    pln__array_release(&out);
    pln__expr_failures_free(mem, &failures);
    return to.data;
}

/* The rows [first, first + n) of a result shown as one text. */
static char *part(const char *text, int64_t first, int64_t n) {
    const char *start = text, *end;
    for (int64_t i = 0; i < first; i++)
        start = strstr(start, " ; ") + 3;
    end = start;
    for (int64_t i = 0; i < n; i++) {
        end = i == 0 ? end : end + 3;
        end = strstr(end, " ; ") == NULL ? end + strlen(end) : strstr(end, " ; ");
    }
    char *out = calloc(1, (size_t)(end - start) + 1);
    memcpy(out, start, (size_t)(end - start));
    return out;
}

START_TEST(slices_give_slices) {
    rng r = {5};
    rows all;
    random_rows(&r, 2500, &all);
    for (int e = 0; e < PLN__COUNT(expressions); e++) {
        pln__expr *plain = compile(pln__system_allocator(), &all, expressions[e], 0);
        pln__expr *fast =
            compile(pln__system_allocator(), &all, expressions[e], pln__cpu_features());
        char *whole = show(plain, &all.array), *again = show(fast, &all.array);
        ck_assert_msg(strcmp(whole, again) == 0, "%s: variants differ", expressions[e]);
        for (int k = 0; k < 6; k++) {
            static const int64_t lengths[] = {0, 1, 63, 64, 1025, 1500};
            struct ArrowArray slice;
            int64_t first = rng_below(&r, 900);
            ck_assert_int_ge(pln__rows_slice(pln__system_allocator(), &all.array, first, lengths[k],
                                             &slice, NULL),
                             0);
            char *got = show(k % 2 ? plain : fast, &slice),
                 *expected = part(whole, first, lengths[k]);
            ck_assert_msg(strcmp(got, expected) == 0, "%s: rows %d to %d differ", expressions[e],
                          (int)first, (int)(first + lengths[k]));
            free(expected);
            pln__strfree(pln__system_allocator(), got);
            pln__array_release(&slice);
        }
        pln__strfree(pln__system_allocator(), whole);
        pln__strfree(pln__system_allocator(), again);
        pln__expr_free(plain);
        pln__expr_free(fast);
    }
    rows_free(&all);
}
END_TEST

/* All arms of a case that gives text are chosen between at once; `if` knows two values. Failures and nulls in each place. */
START_TEST(a_case_is_nested_ifs) {
    static const char *const pairs[][2] = {
        {"case when a > 0 then s when ok then k else 'none' end",
         "if(a > 0, s, if(ok, k, 'none'))"},
        {"case when ok then 'large' when no then 'small' end",
         "if(ok, 'large', if(no, 'small', null))"},
        {"case when 1 / a > 0 then (10 / b)::text when ok then null when no then s else k end",
         "if(1 / a > 0, (10 / b)::text, if(ok, null, if(no, s, k)))"},
        {"case when no then k when 1 / b > 0 then 'x' when b < 0 then s else (1 / a)::text end",
         "if(no, k, if(1 / b > 0, 'x', if(b < 0, s, (1 / a)::text)))"},
        {"case when true then s when ok then k end", "if(true, s, if(ok, k, null))"},
        {"case when a = -5 then 'a' when a = -4 then 'b' when a = -3 then 'c' when a = -2 then 'd' "
         "when a = -1 then 'e' when a = 0 then 'f' when a = 1 then 'g' when a = 2 then 'h' "
         "when a = 3 then 'i' when a = 4 then 'j' else s end",
         "if(a = -5, 'a', if(a = -4, 'b', if(a = -3, 'c', if(a = -2, 'd', if(a = -1, 'e', if(a = 0, "
         "'f', if(a = 1, 'g', if(a = 2, 'h', if(a = 3, 'i', if(a = 4, 'j', s))))))))))"}};
    rng r = {8};
    rows all;
    random_rows(&r, 2100, &all);
    for (int e = 0; e < PLN__COUNT(pairs); e++) {
        char *texts[2];
        for (int k = 0; k < 2; k++) {
            pln__expr *expr = compile(pln__system_allocator(), &all, pairs[e][k], 0);
            texts[k] = show(expr, &all.array);
            pln__expr_free(expr);
        }
        ck_assert_msg(strcmp(texts[0], texts[1]) == 0, "%s", pairs[e][0]);
        for (int k = 0; k < 2; k++)
            pln__strfree(pln__system_allocator(), texts[k]);
    }
    rows_free(&all);
}
END_TEST

START_TEST(select_agrees_with_eval) {
    static const char *const conditions[] = {"ok",
                                             "no",
                                             "a > 0",
                                             "a > 0 and s like '%b%'",
                                             "true",
                                             "false",
                                             "null",
                                             "a / b > 1",
                                             "k in ('red')",
                                             "ok or no",
                                             "case when no then null else true end"};
    rng r = {6};
    rows all;
    random_rows(&r, 3000, &all);
    for (int e = 0; e < PLN__COUNT(conditions); e++) {
        for (int k = 0; k < 8; k++) {
            const pln_allocator *mem = pln__system_allocator();
            pln__expr *expr = compile(mem, &all, conditions[e], k % 2 ? pln__cpu_features() : 0);
            int64_t first = rng_below(&r, 100), n = k < 2 ? 2900 : rng_below(&r, 2000), got;
            struct ArrowArray slice, values;
            pln__expr_failures one = {0}, two = {0};
            ck_assert_int_ge(pln__rows_slice(mem, &all.array, first, n, &slice, NULL), 0);
            int32_t *rows_of = malloc((size_t)(n + 1) * 4); /* no more room than promised */
            rows_of[n] = 77;
            ck_assert_int_ge(pln__expr_select(expr, &slice, 0, rows_of, &got, &one, NULL), 0);
            ck_assert_int_ge(pln__expr_eval(expr, &slice, 0, &values, &two, NULL), 0);
            int64_t at = 0;
            for (int64_t row = 0; row < n; row++) {
                bool yes = pln__expr_field(expr)->format[0] == 'b' &&
                           pln__array_valid(&values, row) &&
                           pln__bit_get(values.buffers[1], values.offset + row);
                if (yes)
                    ck_assert_int_eq(rows_of[at++], row);
            }
            ck_assert_int_eq(at, got);
            ck_assert_int_eq(rows_of[n], 77);
            ck_assert_int_eq(one.count, two.count);
            free(rows_of);
            pln__array_release(&values);
            pln__array_release(&slice);
            pln__expr_failures_free(mem, &one);
            pln__expr_failures_free(mem, &two);
            pln__expr_free(expr);
        }
    }
    rows_free(&all);
}
END_TEST

START_TEST(conditions_are_boolean) {
    rows r;
    pln_error err = {0};
    int64_t n;
    rows_make("amount l?", "{}", &r);
    pln__expr *expr = compile(pln__system_allocator(), &r, "amount + 1", 0);
    ck_assert_int_eq(pln__expr_check_condition(expr, &err), PLN_ETYPE);
    ck_assert_str_eq(err.message, "amount + 1: expected a condition, got int64");
    ck_assert_int_eq(pln__expr_select(expr, &r.array, 0, NULL, &n, NULL, &err), PLN_ETYPE);
    pln__expr_free(expr);
    expr = compile(pln__system_allocator(), &r, "null", 0);
    ck_assert_int_eq(pln__expr_check_condition(expr, &err), PLN_OK);
    pln__expr_free(expr);
    rows_free(&r);
}
END_TEST

START_TEST(clock_and_nullability) {
    static const struct {
        const char *text;
        bool nullable, is_volatile;
    } all[] = {{"a", true, false},
               {"l", false, false},
               {"l + 1", true, false},
               {"l > 1", false, false},
               {"a > 1", true, false},
               {"a is null", false, false},
               {"coalesce(a, l)", false, false},
               {"coalesce(a, b)", true, false},
               {"1", false, false},
               {"null", true, false},
               {"now()", false, true},
               {"now() > ts", true, true},
               {"no and l > 0", false, false},
               {"no and ok", true, false},
               {"case when l > 0 then 1 else 2 end", false, false},
               {"case when l > 0 then 1 end", true, false},
               {"l in (1, 2, 3, 4, 5)", false, false},
               {"l in (1, null)", true, false},
               {"hash64(a)", false, false},
               {"greatest(a, l)", false, false},
               {"l::text", false, false},
               {"l::int", true, false},
               {"not no", false, false}};
    rng r = {1};
    rows t;
    random_rows(&r, 1, &t);
    for (int i = 0; i < PLN__COUNT(all); i++) {
        pln__expr *expr = compile(pln__system_allocator(), &t, all[i].text, 0);
        bool nullable = (pln__expr_field(expr)->flags & ARROW_FLAG_NULLABLE) != 0;
        ck_assert_msg(nullable == all[i].nullable, "%s", all[i].text);
        ck_assert_msg(pln__expr_is_volatile(expr) == all[i].is_volatile, "%s", all[i].text);
        ck_assert_str_eq(pln__expr_field(expr)->name, "");
        pln__expr_free(expr);
    }
    rows_free(&t);
}
END_TEST

/* A column alone is shared, not copied. */
START_TEST(columns_are_shared) {
    rng r = {2};
    rows t;
    struct ArrowArray out;
    random_rows(&r, 10, &t);
    pln__expr *expr = compile(pln__system_allocator(), &t, "(a)", 0);
    ck_assert_int_ge(pln__expr_eval(expr, &t.array, 0, &out, NULL, NULL), 0);
    ck_assert_ptr_eq(out.buffers[1], t.array.children[0]->buffers[1]);
    pln__array_release(&out);
    pln__expr_free(expr);
    rows_free(&t);
}
END_TEST

/* Lists and equality of texts around the lengths that fit a word, against memcmp; and parts of texts against strstr. */
static void random_word(rng *r, char *out) {
    int64_t size = rng_below(r, 11);
    for (int64_t i = 0; i < size; i++)
        out[i] = (char)('a' + rng_below(r, 2));
    out[size] = '\0';
}

static void check_words(const rows *t, const char *text, char (*words)[16], int n, char (*list)[16],
                        int items, bool part, uint32_t cpu) {
    pln__expr *expr = compile(pln__system_allocator(), t, text, cpu);
    struct ArrowArray out;
    ck_assert_int_ge(pln__expr_eval(expr, &t->array, 0, &out, NULL, NULL), 0);
    for (int i = 0; i < n; i++) {
        bool yes = false;
        for (int k = 0; k < items; k++)
            yes =
                yes || (part ? strstr(words[i], list[k]) != NULL : strcmp(words[i], list[k]) == 0);
        ck_assert_msg(pln__bit_get(out.buffers[1], i) == yes, "'%s': %s", words[i], text);
    }
    pln__array_release(&out);
    pln__expr_free(expr);
}

START_TEST(words_and_parts) {
    enum { WORDS = 1500 };
    static char words[WORDS][16], list[20][16], json[WORDS * 32];
    rng r = {77};
    rows t;
    char *at = json;
    for (int i = 0; i < WORDS; i++) {
        random_word(&r, words[i]);
        at += sprintf(at, "{\"s\": \"%s\"}\n", words[i]);
    }
    rows_make("s u?", json, &t);
    for (int round = 0; round < 60; round++) {
        char text[512];
        int items = 1 + (int)rng_below(&r, 20);
        size_t n = (size_t)sprintf(text, "s in (");
        for (int k = 0; k < items; k++) {
            random_word(&r, list[k]);
            n += (size_t)sprintf(text + n, "%s'%s'", k > 0 ? ", " : "", list[k]);
        }
        sprintf(text + n, ")");
        for (int k = 0; k < 2; k++)
            check_words(&t, text, words, WORDS, list, items, false,
                        k == 0 ? 0 : pln__cpu_features());
        sprintf(text, "s = '%s'", list[0]);
        for (int k = 0; k < 2; k++)
            check_words(&t, text, words, WORDS, list, 1, false, k == 0 ? 0 : pln__cpu_features());
        sprintf(text, round % 2 ? "s like '%%%s%%'" : "contains(s, '%s')", list[0]);
        for (int k = 0; k < 2; k++)
            check_words(&t, text, words, WORDS, list, 1, true, k == 0 ? 0 : pln__cpu_features());
    }
    rows_free(&t);
}
END_TEST

/* ---- every function, with a null in each place and on no rows ---- */

static const char *sample(char letter, bool column) {
    switch (letter) {
    case 't': return column ? "s" : "'abc'";
    case 'y': return column ? "cast(s as binary)" : "x'0a0b'";
    case 'i':
    case 'u': return column ? "n" : "3";
    case 'f': return column ? "f" : "1.5e0";
    case 'n': return column ? "d" : "1.50";
    case 'b': return column ? "ok" : "true";
    case 'd': return column ? "t" : "date '2013-01-31'";
    case 's': return column ? "ts" : "timestamp '2013-01-31 10:00:00'";
    case 'm': return column ? "cast(ts as time)" : "time '10:00:00'";
    case 'l': return "tags";
    default: return column ? "a" : "7";
    }
}

/* What only a constant may be, of functions that look for a pattern or a format; NULL for all others. */
static const char *constant_at(const xfunction *f, int place) {
    static const char *const all[][6] = {{"is_format", "'ip'"},
                                         {"regexp_like", "'(a)'", "'i'"},
                                         {"regexp_substr", "'(a)'", "1", "1", "'i'", "1"},
                                         {"regexp_replace", "'(a)'", "'x'", "'gi'"}};
    for (int i = 0; i < PLN__COUNT(all); i++)
        if (place > 0 && strcmp(f->name, all[i][0]) == 0)
            return all[i][place];
    return NULL;
}

static void call_text(const xfunction *f, int null_at, bool columns, char *out, size_t room) {
    size_t n = (size_t)snprintf(out, room, "%s(", f->name);
    int place = 0;
    bool field = f->args[0] == 't' && f->args[1] == '*';
    for (const char *p = f->args; *p != '\0'; p++) {
        char letter = *p == '+' ? p[-1] : *p;
        const char *text = null_at == place ? "null" : sample(letter, columns);
        if (field && place == 0)
            text = null_at == 0 ? "null" : "'year'";
        else if (field)
            text = null_at == place ? "null::timestamp"
                   : columns        ? "ts"
                                    : "timestamp '2013-01-31 10:00:00'";
        if (strcmp(f->name, "if") == 0 || strcmp(f->name, "iff") == 0 ||
            strcmp(f->name, "iif") == 0)
            text = place == 0 ? (null_at == 0 ? "null" : "ok") : text;
        if (constant_at(f, place) != NULL && null_at != place)
            text = constant_at(f, place);
        n += (size_t)snprintf(out + n, room - n, "%s%s", place > 0 ? ", " : "", text);
        place++;
    }
    snprintf(out + n, room - n, ")");
}

static void call(const rows *t, const struct ArrowArray *batch, const char *text,
                 bool null_constant, const xfunction *f) {
    const pln_allocator *mem = pln__system_allocator();
    pln__expr_options options = {.cpu = pln__cpu_features()};
    pln__expr *expr;
    pln_error err = {0};
    pln_status status = pln__expr_compile(mem, text, &t->schema, &options, &expr, &err);
    if (strstr(text, "(null") != NULL && status == PLN_ETYPE &&
        strstr(err.message, "needs a field") != NULL)
        return;
    if (strcmp(f->name, "round") == 0 && status == PLN_ETYPE)
        return;
    if (strncmp(f->name, "regexp_", 7) == 0 && status == PLN_EUNSUPPORTED)
        return;
    ck_assert_msg(status >= 0, "%s: %s", text, err.message);
    char *got = show(expr, batch);
    if (null_constant && (f->flags & XF_STRICT) != 0)
        for (const char *p = got; *p != '\0';
             p = strstr(p, " ; ") == NULL ? "" : strstr(p, " ; ") + 3)
            ck_assert_msg(strncmp(p, "null", 4) == 0, "%s gives %s", text, got);
    if (batch->length == 0)
        ck_assert_str_eq(got, "");
    pln__strfree(mem, got);
    pln__expr_free(expr);
}

START_TEST(functions_take_nulls) {
    xfunctions tables[X_FUNCTION_TABLES];
    rng r = {3};
    rows t;
    struct ArrowArray none;
    char text[512];
    int n = 0;
    random_rows(&r, 70, &t);
    ck_assert_int_ge(pln__rows_slice(pln__system_allocator(), &t.array, 7, 0, &none, NULL), 0);
    pln__x_function_tables(tables);
    for (int k = 0; k < X_FUNCTION_TABLES; k++)
        for (int32_t i = 0; i < tables[k].count; i++, n++) {
            const xfunction *f = &tables[k].items[i];
            if (strcmp(f->name, "extract") == 0)
                continue;
            for (int null_at = -1; null_at < (int)strlen(f->args); null_at++)
                for (int columns = 0; columns < 2; columns++) {
                    call_text(f, null_at, columns == 1, text, sizeof text);
                    call(&t, &t.array, text, null_at >= 0, f);
                    call(&t, &none, text, false, f);
                }
        }
    ck_assert_int_gt(n, 150);
    pln__array_release(&none);
    rows_free(&t);
}
END_TEST

static bool names_word(const char *page, const char *word) {
    size_t n = strlen(word);
    for (const char *p = strstr(page, word); p != NULL; p = strstr(p + 1, word)) {
        bool starts = p[-1] == ' ', ends = p[n] == ' ' || p[n] == '\n';
        if (starts && ends)
            return true;
    }
    return false;
}

START_TEST(manual_names_functions) {
    xfunctions tables[X_FUNCTION_TABLES];
    char *page = calloc(1, 1 << 20);
    FILE *file = fopen("man/pln-expressions.7", "rb");
    ck_assert(file != NULL);
    ck_assert_uint_gt(fread(page, 1, (1 << 20) - 1, file), 10000);
    fclose(file);
    pln__x_function_tables(tables);
    for (int k = 0; k < X_FUNCTION_TABLES; k++)
        for (int32_t i = 0; i < tables[k].count; i++)
            ck_assert_msg(names_word(page, tables[k].items[i].name), "pln-expressions.7: %s",
                          tables[k].items[i].name);
    free(page);
}
END_TEST

/* ---- memory that runs out ---- */

static pln_status scenario(const pln_allocator *mem, const rows *t, const char *text) {
    pln__expr_options options = {.cpu = pln__cpu_features(), .seed = 1};
    pln__expr_failures failures = {0};
    pln__expr *expr = NULL;
    struct ArrowArray out = {0};
    pln_error err = {0};
    pln_status status = pln__expr_compile(mem, text, &t->schema, &options, &expr, &err);
    if (status >= 0)
        status = pln__expr_eval(expr, &t->array, 0, &out, &failures, &err);
    if (status >= 0)
        pln__array_release(&out);
    ck_assert_msg(status >= 0 || status == PLN_ENOMEM, "%s: %s", text, err.message);
    ck_assert(status >= 0 || err.status == PLN_ENOMEM);
    pln__expr_failures_free(mem, &failures);
    pln__expr_free(expr);
    return status;
}

START_TEST(memory_runs_out) {
    static const char *const texts[] = {
        "case when a > 0 then lower(s) || k when s in ('abc', 'de', 'a long one here') then 'x' "
        "else repeat(s, 3) end",
        "coalesce(a / b, try_cast(s as int), 5) + length(replace(s, 'b', 'yy'))",
        "who",
        "tags[1]",
        "concat_ws('-', a, d, ts, ok)",
        "a in (1, 2, 3, 4, 5, 6) and s like '%b%'",
        "strftime(ts, '%Y') || reverse(s)"};
    rng r = {4};
    rows t;
    random_rows(&r, 1100, &t);
    for (int i = 0; i < PLN__COUNT(texts); i++) {
        int64_t n = 0;
        for (;; n++) {
            fail_alloc f;
            const pln_allocator *mem = fail_alloc_init(&f, n);
            pln_status status = scenario(mem, &t, texts[i]);
            ck_assert_int_eq(fail_alloc_live(&f), 0);
            ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
            if (!f.failed)
                break;
        }
        ck_assert_int_gt(n, 5);
    }
    rows_free(&t);
}
END_TEST

/* No allocation a row: more rows of numbers need no more requests than one block of them. */
START_TEST(allocations_do_not_grow_with_rows) {
    rng r = {8};
    rows t;
    int64_t calls[2];
    random_rows(&r, 3000, &t);
    for (int i = 0; i < 2; i++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, -1);
        struct ArrowArray slice, out;
        pln__expr *expr = compile(
            mem, &t, "case when a > 0 and s like 'a%' then a * 2 else b end + length(s)", 0);
        ck_assert_int_ge(pln__rows_slice(pln__system_allocator(), &t.array, 0, i == 0 ? 100 : 3000,
                                         &slice, NULL),
                         0);
        int64_t before = f.calls;
        ck_assert_int_ge(pln__expr_eval(expr, &slice, 0, &out, NULL, NULL), 0);
        calls[i] = f.calls - before;
        pln__array_release(&out);
        pln__array_release(&slice);
        pln__expr_free(expr);
    }
    ck_assert_int_eq(calls[0], calls[1]);
    rows_free(&t);
}
END_TEST

Suite *suite_expr_rows(void);
Suite *suite_expr_rows(void) {
    Suite *suite = suite_create("expr/rows");
    TCase *tests = tcase_create("rows");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, slices_give_slices);
    tcase_add_test(tests, a_case_is_nested_ifs);
    tcase_add_test(tests, select_agrees_with_eval);
    tcase_add_test(tests, conditions_are_boolean);
    tcase_add_test(tests, clock_and_nullability);
    tcase_add_test(tests, columns_are_shared);
    tcase_add_test(tests, words_and_parts);
    tcase_add_test(tests, functions_take_nulls);
    tcase_add_test(tests, manual_names_functions);
    tcase_add_test(tests, memory_runs_out);
    tcase_add_test(tests, allocations_do_not_grow_with_rows);
    suite_add_tcase(suite, tests);
    return suite;
}

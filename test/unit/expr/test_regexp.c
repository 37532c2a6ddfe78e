/*
 * Regular expressions, as machine code and interpreted: what they find, what they refuse, where they stop.
 */
#define _GNU_SOURCE
#include "expr/expr.h"
#include "expr_help.h"
#include "fail_alloc.h"
#include "skip.h"
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <regex.h>
#include <stddef.h>
#if defined(__x86_64__) && defined(__linux__)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#ifdef PLN_HAVE_PCRE2

typedef struct expectation {
    const char *text;
    const char *result;
} expectation;

/* Machine code where `cpu` is not 0: see expr_on. */
#define CHECK(spec, json, ...)                                                                     \
    do {                                                                                           \
        const expectation all[] = {__VA_ARGS__};                                                   \
        rows r;                                                                                    \
        rows_make(spec, json, &r);                                                                 \
        for (int i = 0; i < PLN__COUNT(all); i++)                                                  \
            expect_on(&r, all[i].text, all[i].result);                                             \
        rows_free(&r);                                                                             \
    } while (0)

START_TEST(like) {
    CHECK("s u?, k #u?",
          "{\"s\": \"Hello, W\xc3\xb6rld\", \"k\": \"red\"}\n{\"s\": \"\"}\n{}\n{\"s\": \"12\\n\"}",
          {"regexp_like(s, 'W.rld')", "true ; false ; null ; false"},
          {"regexp_like(s, 'W..rld')", "false ; false ; null ; false"},
          {"regexp_like(s, '^h', 'i')", "true ; false ; null ; false"},
          {"regexp_like(s, '^h')", "false ; false ; null ; false"},
          {"regexp_like(s, 'W\xc3\x96RLD', 'i')", "true ; false ; null ; false"},
          {"regexp_like(s, '^h', 'ic')", "false ; false ; null ; false"},
          {"regexp_like(s, '^$')", "false ; true ; null ; false"},
          {"regexp_like(s, '')", "true ; true ; null ; true"},
          {"regexp_like(s, '^[0-9]+$')", "false ; false ; null ; false"},
          {"regexp_like(s, '^[0-9]+$', 'm')", "false ; false ; null ; true"},
          {"regexp_like(s, '^1.+$')", "false ; false ; null ; false"},
          {"regexp_like(s, '^1.+$', 's')", "false ; false ; null ; true"},
          {"regexp_like(s, '^ h # a comment', 'xi')", "true ; false ; null ; false"},
          {"regexp_like(s, '(?i)^HELLO')", "true ; false ; null ; false"},
          {"regexp_like(s, '^(.)\\1')", "false ; false ; null ; false"},
          {"regexp_like(s, '(?<=l)l')", "true ; false ; null ; false"},
          {"regexp_like(s, '^\\w+, \\w')", "true ; false ; null ; false"},
          {"regexp_like(s, '\xc3\xb6\\b')", "true ; false ; null ; false"},
          {"regexp_like(s, '\xc3\xb6\\w')", "true ; false ; null ; false"},
          {"regexp_like(s, '(*UCP)\xc3\xb6\\b')", "false ; false ; null ; false"},
          {"regexp_like(s, '\\p{L}rld$')", "true ; false ; null ; false"},
          {"regexp_like(k, '^r.d$')", "true ; null ; null ; null"},
          {"regexp_like(lower(s), '^h.*d$')", "true ; false ; null ; false"},
          {"not regexp_like(s, '[a-z]')", "false ; true ; null ; true"},
          {"case when s <> '' then regexp_like(s, 'o+') end", "true ; null ; null ; false"},
          {"regexp_like(null, 'a')", "null ; null ; null ; null"},
          {"regexp_like(s, null)", "null ; null ; null ; null"},
          {"regexp_like(s, 'a', null)", "null ; null ; null ; null"},
          {"regexp_like('abc', 'B', 'i')", "true ; true ; true ; true"},
          {"regexp_like(s, 'hel' || 'lo', 'i')", "true ; false ; null ; false"},
          {"regexp_like(s, '^h') or regexp_like(s, '^H')", "true ; false ; null ; false"});
}
END_TEST

/* These need no engine; a flag makes them go to it all the same. */
START_TEST(literals_are_as_patterns) {
    static const char *const pieces[] = {"a", "b",  ".",   "\\.", "^",
                                         "$", "ab", "\\$", "-",   "\xc3\xa4"};
    rng random = {3};
    rows r;
    rows_make("s u?",
              "{\"s\": \"a\"}\n{\"s\": \"b.a\"}\n{}\n{\"s\": \"\"}\n{\"s\": \"ab\"}\n"
              "{\"s\": \"a.b\"}\n{\"s\": \"^a$\"}\n{\"s\": \"b-a\\n\"}\n{\"s\": \"\xc3\xa4-b$\"}\n",
              &r);
    for (int i = 0; i < 2000; i++) {
        char pattern[64] = "", text[128];
        for (int64_t n = rng_below(&random, 5); n > 0; n--)
            strcat(pattern, pieces[rng_below(&random, PLN__COUNT(pieces))]);
        snprintf(text, sizeof text, "regexp_like(s, '%s', 'c')", pattern);
        char *expected = expr_on(&r, text, 0);
        snprintf(text, sizeof text, "regexp_like(s, '%s')", pattern);
        expect_on(&r, text, expected);
        pln__strfree(pln__system_allocator(), expected);
    }
    rows_free(&r);
}
END_TEST

START_TEST(substr) {
    CHECK("s u?",
          "{\"s\": \"ab12cd345\xc3\xa4"
          "6\"}\n{\"s\": \"none\"}\n{}\n{\"s\": \"\"}\n",
          {"regexp_substr(s, '[0-9]+')", "'12' ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 4)", "'2' ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 10)", "'6' ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 12)", "null ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 99)", "null ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 1, 2)", "'345' ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 1, 3)", "'6' ; null ; null ; null"},
          {"regexp_substr(s, '[0-9]+', 1, 4)", "null ; null ; null ; null"},
          {"regexp_substr(s, 'B([0-9])(x)?', 1, 1, 'i', 1)", "'1' ; null ; null ; null"},
          {"regexp_substr(s, 'B([0-9])(x)?', 1, 1, 'i', 2)", "null ; null ; null ; null"},
          {"regexp_substr(s, 'B([0-9])', 1, 1, 'i', 0)", "'b1' ; null ; null ; null"},
          {"regexp_substr(s, '.$')", "'6' ; 'e' ; null ; null"},
          {"regexp_substr(s, 'x*')", "'' ; '' ; null ; ''"},
          {"regexp_substr(s, '\xc3\xa4.')", "'\xc3\xa4"
                                            "6' ; null ; null ; null"},
          {"regexp_substr(s, 'a', 0)",
           "PLN_ETYPE: 1:1: regexp_substr: the start must be 1 or more, got 0"},
          {"regexp_substr(s, 'a', 1, 0)",
           "PLN_ETYPE: 1:1: regexp_substr: the number of the match must be 1 or more, got 0"},
          {"regexp_substr(s, '(a)', 1, 1, '', 2)",
           "PLN_ETYPE: 1:1: regexp_substr: group 2: the pattern has 1"});
}
END_TEST

/* As Perl: s///g, and \& for $&. */
START_TEST(replace) {
    CHECK(
        "s u?",
        "{\"s\": \"abc\"}\n{\"s\": \"\"}\n{}\n{\"s\": \"b\xc3\xa4"
        "bb\"}\n",
        {"regexp_replace(s, 'b', 'X')", "'aXc' ; '' ; null ; 'X\xc3\xa4"
                                        "bb'"},
        {"regexp_replace(s, 'b', 'X', 'g')", "'aXc' ; '' ; null ; 'X\xc3\xa4XX'"},
        {"regexp_replace(s, 'b*', 'X', 'g')", "'XaXXcX' ; 'X' ; null ; 'XX\xc3\xa4XX'"},
        {"regexp_replace(s, '', '-', 'g')", "'-a-b-c-' ; '-' ; null ; '-b-\xc3\xa4-b-b-'"},
        {"regexp_replace(s, 'a\\K', 'X', 'g')", "'aXbc' ; '' ; null ; 'b\xc3\xa4"
                                                "bb'"},
        {"regexp_replace(s, '$', '!', 'g')", "'abc!' ; '!' ; null ; 'b\xc3\xa4"
                                             "bb!'"},
        {"regexp_replace(s, '(.)(.)', '\\2\\1', 'g')", "'bac' ; '' ; null ; '\xc3\xa4"
                                                       "bbb'"},
        {"regexp_replace(s, '(a)|B', '[\\1]', 'gi')", "'[a][]c' ; '' ; null ; '[]\xc3\xa4[][]'"},
        {"regexp_replace(s, 'b', '<\\&\\\\\\q>')", "'a<b\\\\q>c' ; '' ; null ; '<b\\\\q>\xc3\xa4"
                                                   "bb'"},
        {"regexp_replace(s, 'b', '')", "'ac' ; '' ; null ; '\xc3\xa4"
                                       "bb'"},
        {"regexp_replace(s, '^.*$', '')", "'' ; '' ; null ; ''"},
        {"regexp_replace(s, '^.*$', '\\')", "'\\' ; '\\' ; null ; '\\'"},
        {"regexp_replace(s, 'x', 'y')", "'abc' ; '' ; null ; 'b\xc3\xa4"
                                        "bb'"},
        {"regexp_replace(s, 'x', null)", "null ; null ; null ; null"},
        {"length(regexp_replace(repeat(s, 3000), '.', '\\&\\&', 'g'))", "18000 ; 0 ; null ; 24000"},
        {"regexp_replace(repeat(s, 100000), '', repeat('y', 6000), 'g') is null",
         "!regexp_replace(repeat(s, 100000), '', re…: regexp_replace: the result is longer than "
         "16777216 bytes ; false ; true ; !regexp_replace(repeat(s, 100000), '', re…: "
         "regexp_replace: the result is longer than 16777216 bytes"},
        {"regexp_replace(s, '(a)', '\\2')",
         "PLN_ETYPE: 1:1: regexp_replace: group 2: the pattern has 1"});
}
END_TEST

START_TEST(errors) {
    CHECK(
        "s u?, a l?, z z?", "{}",
        {"regexp_like(s, 'a(b')", "PLN_ESYNTAX: 1:1: regexp_like: the pattern 'a(b', after 3 "
                                  "characters: missing closing parenthesis"},
        {"a = 1 and regexp_like(s, '\xc3\xa4[b')",
         "PLN_ESYNTAX: 1:11: regexp_like: the pattern '\xc3\xa4[b', after 3 characters: missing "
         "terminating ] for character class"},
        {"regexp_like(s, '*')", "PLN_ESYNTAX: 1:1: regexp_like: the pattern '*', after 0 "
                                "characters: quantifier does not follow a repeatable item"},
        {"regexp_like(s, '\\C')", "PLN_ESYNTAX: 1:1: regexp_like: the pattern '\\\\C', after 2 "
                                  "characters: using \\C is disabled by the application"},
        {"regexp_like(s, 'a', 'iq')",
         "PLN_ESYNTAX: 1:1: regexp_like: no such flag 'q' (there are c, i, m, s, x)"},
        {"regexp_like(s, 'a', 'g')",
         "PLN_ESYNTAX: 1:1: regexp_like: no such flag 'g' (there are c, i, m, s, x)"},
        {"regexp_replace(s, 'a', 'b', '\xc3\xa4')",
         "PLN_ESYNTAX: 1:1: regexp_replace: no such flag '\xc3\xa4' (there are c, g, i, m, s, x)"},
        {"regexp_like(s, s)",
         "PLN_ETYPE: 1:1: regexp_like: the second argument must be a constant"},
        {"regexp_replace(s, 'a', s)",
         "PLN_ETYPE: 1:1: regexp_replace: the third argument must be a constant"},
        {"regexp_like(a, 'a')", "PLN_ETYPE: 1:1: regexp_like(int64, utf8): expected "
                                "regexp_like(text, text) or regexp_like(text, text, text)"},
        {"regexp_like(z, 'a')", "PLN_ETYPE: 1:1: regexp_like(binary, utf8): expected "
                                "regexp_like(text, text) or regexp_like(text, text, text)"},
        {"regexp_lik(s, 'a')",
         "PLN_ENAME: 1:1: no such function 'regexp_lik' (did you mean 'regexp_like'?)"});
}
END_TEST

/* Brackets of a pattern nest no deeper than those of an expression. */
START_TEST(nesting) {
    char text[400];
    rows r;
    rows_make("s u?", "{\"s\": \"a\"}", &r);
    for (int depth = 60; depth <= 70; depth += 10) {
        int n = snprintf(text, sizeof text, "regexp_like(s, '");
        memset(text + n, '(', (size_t)depth);
        text[n + depth] = 'a';
        memset(text + n + depth + 1, ')', (size_t)depth);
        strcpy(text + n + depth * 2 + 1, "')");
        char *got = expr_on(&r, text, 0);
        ck_assert_msg((strcmp(got, "true") == 0) == (depth == 60), "%s", got);
        ck_assert_msg(depth == 60 || strstr(got, "too many parentheses") != NULL ||
                          strstr(got, "too deeply nested") != NULL,
                      "%s", got);
        pln__strfree(pln__system_allocator(), got);
    }
    rows_free(&r);
}
END_TEST

/* A row whose match takes too much fails, the others do not; the same with both engines. */
START_TEST(limits) {
    CHECK("s u?",
          "{\"s\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}\n{\"s\": \"aaa\"}\n{}\n{\"s\": "
          "\"b\"}\n",
          {"regexp_like(s, '^(a+)+$')",
           "!PLN_ELIMIT: regexp_like(s, '^(a+)+$'): 'aaaaaaaaaaaaaaaaaaaaaaaa'… takes more than "
           "1000000 steps to match ; true ; null ; false"},
          {"regexp_substr(s, '^(a+)+$')",
           "!PLN_ELIMIT: regexp_substr(s, '^(a+)+$'): 'aaaaaaaaaaaaaaaaaaaaaaaa'… takes more than "
           "1000000 steps to match ; 'aaa' ; null ; null"},
          {"regexp_replace(s, '^(a+)+$', 'x')",
           "!PLN_ELIMIT: regexp_replace(s, '^(a+)+$', 'x'): 'aaaaaaaaaaaaaaaaaaaaaaaa'… takes more "
           "than 1000000 steps to match ; 'x' ; null ; 'b'"},
          {"s = 'b' or regexp_like(s, '^(a+)+$')",
           "!PLN_ELIMIT: regexp_like(s, '^(a+)+$'): 'aaaaaaaaaaaaaaaaaaaaaaaa'… takes more than "
           "1000000 steps to match ; true ; null ; true"},
          {"length(s) < 10 and regexp_like(s, '^(a+)+$')", "false ; true ; null ; false"},
          {"regexp_like(s, '(*LIMIT_MATCH=10)^(a+)+$')",
           "!PLN_ELIMIT: regexp_like(s, '(*LIMIT_MATCH=10)^(a+)+$…: 'aaaaaaaaaaaaaaaaaaaaaaaa'… "
           "takes more than 1000000 steps to matc… ; true ; null ; false"});
}
END_TEST

/* More than the stack of machine code holds is interpreted, and what that may not remember fails. */
START_TEST(places_to_go_back_to) {
    CHECK("s u?", "{\"s\": \"ab\"}\n{}\n",
          {"regexp_like(repeat(s, 10000), '^(?:(a)|(b))*$')", "true ; null"},
          {"regexp_like(repeat(s, 400000), '^(?:(a)|(b))*$')",
           "!PLN_ELIMIT: regexp_like(repeat(s, 400000), '^(?:(a)|…: 'abababababababababababab'… "
           "takes more than 8192 KiB to match ; null"});
}
END_TEST

/* ---- oracle ---- */

static void random_pattern(rng *r, int depth, char *out) {
    static const char *const atoms[] = {"a", "b", ".", "[ab]", "[^a]", "a", "ab", "b"};
    static const char *const behind[] = {"*", "+", "?", "{2}", "{1,3}"};
    for (int64_t n = 1 + rng_below(r, 3); n > 0; n--) {
        bool group = depth > 0 && rng_below(r, 3) == 0;
        const char *atom = atoms[rng_below(r, PLN__COUNT(atoms))];
        if (group) {
            strcat(out, "(");
            random_pattern(r, depth - 1, out);
            strcat(out, "|");
            random_pattern(r, depth - 1, out);
            strcat(out, ")");
        } else {
            strcat(out, atom);
        }
        if (rng_below(r, 3) == 0)
            strcat(out, behind[rng_below(r, PLN__COUNT(behind))]);
    }
}

/* Whether there is a match does not hang on which one is taken, so that another kind of engine must agree (^ and $ in groups it takes wrongly). */
START_TEST(as_the_c_library) {
    rng random = {5};
    rows r;
    char json[20000] = "", *end = json;
    char texts[300][12] = {""};
    for (int i = 0; i < PLN__COUNT(texts); i++) {
        int64_t n = rng_below(&random, 10);
        for (int64_t k = 0; k < n; k++)
            texts[i][k] = "abab c"[rng_below(&random, 6)];
        end += sprintf(end, "{\"s\": \"%s\"}\n", texts[i]);
    }
    rows_make("s u?", json, &r);
    for (int i = 0; i < 400; i++) {
        char pattern[1000] = "", text[1100];
        regex_t compiled;
        strcpy(pattern, rng_below(&random, 3) == 0 ? "^" : "");
        random_pattern(&random, 2, pattern);
        strcat(pattern, rng_below(&random, 3) == 0 ? "$" : "");
        ck_assert_msg(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0, "%s", pattern);
        snprintf(text, sizeof text, "regexp_like(s, '%s')", pattern);
        for (int engine = 0; engine < 2; engine++) {
            char *got = expr_on(&r, text, engine == 0 ? 0 : pln__cpu_features()), *at = got;
            for (int k = 0; k < PLN__COUNT(texts); k++) {
                ck_assert_msg((*at == 't') == (regexec(&compiled, texts[k], 0, NULL, 0) == 0),
                              "'%s' of '%s' gives %.5s", pattern, texts[k], at);
                at += strcspn(at, ";");
                at += strspn(at, "; ");
            }
            pln__strfree(pln__system_allocator(), got);
        }
        regfree(&compiled);
    }
    rows_free(&r);
}
END_TEST

/* ---- machine code against the interpreter, over what the fuzzers and the checks have ---- */

static void agree(const rows *r, const char *text, int *n) {
    char *machine = expr_on(r, text, pln__cpu_features()), *interpreted = expr_on(r, text, 0);
    ck_assert_msg(strcmp(machine, interpreted) == 0, "%s\n  machine code %s\n  interpreter  %s",
                  text, machine, interpreted);
    pln__strfree(pln__system_allocator(), machine);
    pln__strfree(pln__system_allocator(), interpreted);
    ++*n;
}

static void agree_on_corpus(const rows *r, int *n) {
    const char *folder = "test/fuzz/corpus/expr";
    DIR *dir = opendir(folder);
    struct dirent *entry;
    ck_assert_msg(dir != NULL, "%s", folder);
    while ((entry = readdir(dir)) != NULL) {
        char path[400], text[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "rb");
        size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
        text[size] = '\0';
        if (file != NULL)
            fclose(file);
        if (strstr(text, "regexp_") != NULL)
            agree(r, text, n);
    }
    closedir(dir);
}

static void agree_on_pattern(const rows *r, const char *pattern, const char *flags, int *n) {
    char text[1000], *to = text;
    to += sprintf(to, "regexp_like(s, '");
    for (; *pattern != '\0' && to < text + 900; pattern++) {
        if (*pattern == '\'')
            *to++ = '\'';
        *to++ = *pattern;
    }
    sprintf(to, "'%s%s%s)", flags != NULL ? ", '" : "", flags != NULL ? flags : "",
            flags != NULL ? "'" : "");
    agree(r, text, n);
}

static void agree_on_checks(const rows *r, int *n) {
    static char line[1 << 16];
    FILE *file = fopen("test/unit/quality/checks/patterns.jsonl", "rb");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *test = json_loads(line, 0, NULL), *pattern;
        const json_t *check = json_object_get(test, "check");
        const char *flags = json_string_value(json_object_get(check, "flags"));
        size_t i;
        ck_assert_ptr_nonnull(test);
        if (json_object_get(check, "pattern") != NULL)
            agree_on_pattern(r, json_string_value(json_object_get(check, "pattern")), flags, n);
        json_array_foreach(json_object_get(check, "patterns"), i, pattern)
            agree_on_pattern(r, json_string_value(pattern), flags, n);
        json_decref(test);
    }
    fclose(file);
}

START_TEST(machine_code_and_interpreter_agree) {
    rows r;
    int n = 0;
    rows_make(
        "s u?",
        "{\"s\": \"Hello, W\xc3\xb6rld\"}\n{\"s\": \"\"}\n{}\n{\"s\": \"12\\n\"}\n{\"s\": "
        "\"abc\"}\n"
        "{\"s\": \"ABC\"}\n{\"s\": \"a\\u0000bc\"}\n{\"s\": \"N/A\"}\n{\"s\": \"it's\"}\n"
        "{\"s\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}\n{\"s\": \"e\xcc\x81\xf0\x9f\x91\x8d\"}\n",
        &r);
    agree_on_corpus(&r, &n);
    agree_on_checks(&r, &n);
    ck_assert_int_gt(n, 60);
    rows_free(&r);
}
END_TEST

/* ---- memory ---- */

static pln_status scenario(const pln_allocator *mem, const rows *t, const char *text,
                           bool interpret) {
    pln__expr_options options = {.cpu = pln__cpu_features() |
                                        (interpret ? PLN__EXPR_INTERPRET : 0)};
    pln__expr_failures failures = {0};
    pln__expr *expr = NULL;
    struct ArrowArray out = {0};
    pln_error err = {0};
    pln_status status = pln__expr_compile(mem, text, &t->schema, &options, &expr, &err);
    if (status >= 0)
        status = pln__expr_eval(expr, &t->array, 0, &out, &failures, &err);
    if (status >= 0)
        pln__array_release(&out);
    ck_assert(status >= 0 || err.status == status);
    pln__expr_failures_free(mem, &failures);
    pln__expr_free(expr);
    return status;
}

START_TEST(memory_runs_out) {
    static const char *const texts[] = {
        "regexp_like(s, '^(a|b)+$')", "regexp_like(s, 'ab')", "regexp_substr(s, '(b)', 1, 1, 'i', 1)",
        "regexp_replace(s, '[ab]', '\\&\\&\\&\\&', 'g')", "is_format(s, 'json')",
        "regexp_like(s, '[') or is_format(s, 'x')"};
    rows t;
    rows_make("s u?", "{\"s\": \"ab\"}\n{}\n{\"s\": \"c\"}\n", &t);
    for (int i = 0; i < PLN__COUNT(texts) * 2; i++) {
        bool interpret = i % 2 == 1 || getenv("PLN_INTERPRET") != NULL;
        pln_status good = scenario(pln__system_allocator(), &t, texts[i / 2], interpret);
        for (int64_t n = 0;; n++) {
            fail_alloc f;
            const pln_allocator *mem = fail_alloc_init(&f, n);
            pln_status status = scenario(mem, &t, texts[i / 2], interpret);
            ck_assert_int_eq(fail_alloc_live(&f), 0);
            ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : good);
            if (!f.failed)
                break;
        }
        /* Without memory for machine code there is none. */
        for (int64_t n = 0; !interpret; n++) {
            fail_alloc f;
            const pln_allocator *mem = fail_alloc_init(&f, n);
            f.once = true;
            pln_status status = scenario(mem, &t, texts[i / 2], interpret);
            ck_assert_int_eq(fail_alloc_live(&f), 0);
            ck_assert(status == good || (f.failed && status == PLN_ENOMEM));
            if (!f.failed)
                break;
        }
    }
    rows_free(&t);
}
END_TEST

START_TEST(allocations_do_not_grow_with_rows) {
    char *json = malloc(100000), *end = json;
    rows t;
    for (int i = 0; i < 3000; i++)
        end += sprintf(end, "{\"s\": \"%s%d\"}\n", i % 3 == 0 ? "aaaaaaaaaaa" : "b", i);
    rows_make("s u?", json, &t);
    for (int interpret = getenv("PLN_INTERPRET") != NULL; interpret < 2; interpret++) {
        int64_t calls[2];
        for (int i = 0; i < 2; i++) {
            fail_alloc f;
            const pln_allocator *mem = fail_alloc_init(&f, -1);
            pln__expr_options options = {.cpu = interpret ? PLN__EXPR_INTERPRET : 0};
            struct ArrowArray slice, out;
            pln__expr *expr;
            ck_assert_int_ge(pln__expr_compile(mem, "regexp_like(s, '^(a|aa)+[0-9]*[02468]$')",
                                               &t.schema, &options, &expr, NULL),
                             0);
            ck_assert_int_ge(pln__rows_slice(pln__system_allocator(), &t.array, 0,
                                             i == 0 ? 100 : 3000, &slice, NULL),
                             0);
            int64_t before = f.calls;
            ck_assert_int_ge(pln__expr_eval(expr, &slice, 0, &out, NULL, NULL), 0);
            calls[i] = f.calls - before;
            pln__array_release(&out);
            pln__array_release(&slice);
            pln__expr_free(expr);
        }
        ck_assert_int_eq(calls[0], calls[1]);
    }
    rows_free(&t);
    free(json);
}
END_TEST

#if defined(__x86_64__) && defined(__linux__)
/* From here on the system gives this process no memory to execute. */
static bool forbid_machine_code(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = PLN__COUNT(filter), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return false;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}

START_TEST(no_memory_to_execute) {
    fflush(stdout);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        rows r;
        if (!forbid_machine_code())
            _exit(77);
        rows_make("s u?", "{\"s\": \"ab\"}\n{}\n{\"s\": \"c\"}\n", &r);
        char *got = expr_on(&r, "regexp_like(s, '^(a|b)+$')", pln__cpu_features());
        _exit(strcmp(got, "true ; null ; false") == 0 ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        TEST_SKIP("this system does not let a process give up memory to execute");
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST
#endif

#else

START_TEST(without_pcre2) {
    rows r;
    rows_make("s u?", "{}", &r);
    expect_on(&r, "regexp_like(s, 'a')",
              "PLN_EUNSUPPORTED: 1:1: regexp_like: this library was built without PCRE2");
    expect_on(&r, "regexp_substr(s, 'a')",
              "PLN_EUNSUPPORTED: 1:1: regexp_substr: this library was built without PCRE2");
    expect_on(&r, "regexp_replace(s, 'a', '')",
              "PLN_EUNSUPPORTED: 1:1: regexp_replace: this library was built without PCRE2");
    rows_free(&r);
}
END_TEST

#endif

Suite *suite_expr_regexp(void);
Suite *suite_expr_regexp(void) {
    Suite *suite = suite_create("expr/regexp");
    TCase *tests = tcase_create("regexp");
    tcase_set_timeout(tests, 120);
#ifdef PLN_HAVE_PCRE2
    tcase_add_test(tests, like);
    tcase_add_test(tests, literals_are_as_patterns);
    tcase_add_test(tests, substr);
    tcase_add_test(tests, replace);
    tcase_add_test(tests, errors);
    tcase_add_test(tests, nesting);
    tcase_add_test(tests, limits);
    tcase_add_test(tests, places_to_go_back_to);
    tcase_add_test(tests, as_the_c_library);
    tcase_add_test(tests, machine_code_and_interpreter_agree);
    tcase_add_test(tests, memory_runs_out);
    tcase_add_test(tests, allocations_do_not_grow_with_rows);
#if defined(__x86_64__) && defined(__linux__)
    tcase_add_test(tests, no_memory_to_execute);
#endif
#else
    tcase_add_test(tests, without_pcre2);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}

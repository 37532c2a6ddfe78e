/*
 * schema_check: may READER.avsc read what was written with WRITER.avsc? For build pipelines. --batch answers many questions, one JSON object a line.
 */
#include <jansson.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPATIBLE = 0, INCOMPATIBLE = 1, WRONG_USE = 2, NO_SCHEMA = 3 };

static const char usage[] =
    "usage: schema_check READER.avsc WRITER.avsc [--level LEVEL] [--java] [--strict] [--json]\n"
    "       schema_check --batch CASES.jsonl [--java] [--strict]\n"
    "  --level   NONE, BACKWARD, FORWARD, FULL, or the last three with _TRANSITIVE: the first file "
    "is the new version, the second the old\n"
    "  --java    answer as Java's checker does, its mistakes with it\n"
    "  --strict  logical types count\n"
    "  --batch   rows {id, reader, writer} or {id, level, new, previous_newest_first}\n"
    "exit: 0 compatible (batch: all rows were answered), 1 not, 2 wrong use, 3 a schema does not "
    "parse\n";

static pln_runtime *rt;
static pln_compat_options options = {.struct_size = sizeof options};

static int misused(const char *what, const char *value) {
    fprintf(stderr, "schema_check: %s%s\n%s", what, value, usage);
    return WRONG_USE;
}

static pln_avro_schema *load(const char *path) {
    pln_error err = {0};
    pln_avro_schema *schema = NULL;
    char *text = NULL;
    size_t room = 0;
    FILE *in = fopen(path, "rb");
    if (in == NULL || getdelim(&text, &room, '\0', in) < 0)
        fprintf(stderr, "schema_check: %s cannot be read\n", path);
    else if (pln_avro_schema_parse(rt, text, -1, NULL, &schema, &err) < 0)
        fprintf(stderr, "schema_check: %s: %s\n", path, err.message);
    free(text);
    if (in != NULL)
        fclose(in);
    return schema;
}

static void print_issues(const pln_compat_issue *at, int64_t n, int depth) {
    for (int64_t i = 0; i < n; i++) {
        printf("%*s%s at %s: %s\n", depth * 2, "", pln_compat_kind_name(at[i].kind), at[i].path,
               at[i].message);
        print_issues(at[i].children, at[i].n_children, depth + 1);
    }
}

static int print_answer(pln_compat *answer, int as_json) {
    pln_error err = {0};
    char *text = NULL;
    int status = pln_compat_compatible(answer) ? COMPATIBLE : INCOMPATIBLE;
    if (as_json && pln_compat_json(answer, &text, &err) == PLN_OK)
        printf("%s\n", text);
    else if (status == COMPATIBLE)
        printf("compatible\n");
    else
        print_issues(pln_compat_issue_at(answer, 0), pln_compat_count(answer), 0);
    pln_text_free(rt, text);
    pln_compat_free(answer);
    return status;
}

static int check_files(const char *reader, const char *writer, int32_t level, int as_json) {
    pln_avro_schema *r = load(reader), *w = load(writer);
    const pln_avro_schema *previous[] = {w};
    pln_compat_history history = {sizeof history, 0, 1, previous, NULL};
    pln_compat *answer = NULL;
    pln_error err = {0};
    int status = NO_SCHEMA;
    if (r != NULL && w != NULL) {
        pln_status called =
            level < 0 ? pln_compat_check(rt, r, w, &options, &answer, &err)
                      : pln_compat_check_level(rt, level, r, &history, &options, &answer, &err);
        if (called < 0)
            fprintf(stderr, "schema_check: %s\n", err.message);
        status = called < 0 ? INCOMPATIBLE : print_answer(answer, as_json);
    }
    pln_avro_schema_free(r);
    pln_avro_schema_free(w);
    return status;
}

static pln_avro_schema *parse_value(const json_t *value, pln_error *err) {
    pln_avro_schema *schema = NULL;
    char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (text == NULL)
        snprintf(err->message, sizeof err->message, "the row lacks a schema");
    else
        (void)pln_avro_schema_parse(rt, text, -1, NULL, &schema, err);
    free(text);
    return schema;
}

static pln_compat *ask_level(const json_t *row, const char *name, pln_error *err) {
    const json_t *list = json_object_get(row, "previous_newest_first");
    size_t n = json_array_size(list), have = 0;
    pln_avro_schema *schema = parse_value(json_object_get(row, "new"), err);
    pln_avro_schema **old = calloc(n + 1, sizeof *old);
    pln_compat_history history = {sizeof history, 0, (int64_t)n,
                                  (const pln_avro_schema *const *)old, NULL};
    pln_compat *answer = NULL;
    while (schema != NULL && old != NULL && have < n &&
           (old[have] = parse_value(json_array_get(list, have), err)) != NULL)
        have++;
    if (pln_compat_level_find(name) < 0)
        snprintf(err->message, sizeof err->message, "there is no level '%s'", name);
    else if (schema != NULL && have == n)
        (void)pln_compat_check_level(rt, pln_compat_level_find(name), schema, &history, &options,
                                     &answer, err);
    while (have > 0)
        pln_avro_schema_free(old[--have]);
    free(old);
    pln_avro_schema_free(schema);
    return answer;
}

static pln_compat *ask_pair(const json_t *row, pln_error *err) {
    pln_avro_schema *reader = parse_value(json_object_get(row, "reader"), err);
    pln_avro_schema *writer = parse_value(json_object_get(row, "writer"), err);
    pln_compat *answer = NULL;
    if (reader != NULL && writer != NULL)
        (void)pln_compat_check(rt, reader, writer, &options, &answer, err);
    pln_avro_schema_free(reader);
    pln_avro_schema_free(writer);
    return answer;
}

static void answer_row(const char *line) {
    json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL), *why;
    const char *level = json_string_value(json_object_get(row, "level"));
    char *id = json_dumps(json_object_get(row, "id"), JSON_ENCODE_ANY), *text = NULL;
    pln_error err = {.message = "the row is no JSON object"};
    pln_compat *answer = NULL;
    if (json_is_object(row))
        answer = level != NULL ? ask_level(row, level, &err) : ask_pair(row, &err);
    if (answer != NULL && pln_compat_json(answer, &text, &err) == PLN_OK) {
        printf("{\"id\":%s,%s\n", id == NULL ? "null" : id, text + 1);
        pln_text_free(rt, text);
    } else {
        text = json_dumps(why = json_string(err.message), JSON_ENCODE_ANY);
        printf("{\"id\":%s,\"error\":%s}\n", id == NULL ? "null" : id, text);
        json_decref(why);
        free(text);
    }
    pln_compat_free(answer);
    free(id);
    json_decref(row);
}

static int check_batch(const char *path) {
    FILE *in = fopen(path, "rb");
    char *line = NULL;
    size_t room = 0;
    if (in == NULL)
        return misused("cannot read ", path);
    while (getline(&line, &room, in) >= 0)
        if (line[strspn(line, " \t\r\n")] != '\0')
            answer_row(line);
    free(line);
    fclose(in);
    return COMPATIBLE;
}

int main(int argc, char **argv) {
    const char *files[2] = {NULL, NULL}, *batch = NULL;
    int32_t level = -1, n = 0, as_json = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--java") == 0)
            options.mode = PLN_COMPAT_JAVA_PARITY;
        else if (strcmp(argv[i], "--strict") == 0)
            options.strict_logical = 1;
        else if (strcmp(argv[i], "--json") == 0)
            as_json = 1;
        else if (strcmp(argv[i], "--batch") == 0 && argv[i + 1] != NULL)
            batch = argv[++i];
        else if (strcmp(argv[i], "--level") == 0 && argv[i + 1] != NULL) {
            if ((level = pln_compat_level_find(argv[++i])) < 0)
                return misused("there is no level ", argv[i]);
        } else if (argv[i][0] == '-' || n == 2)
            return misused("what is ", argv[i]);
        else
            files[n++] = argv[i];
    }
    if (batch != NULL ? n > 0 || level >= 0 : n != 2)
        return misused("two schemas, or --batch with a file", "");
    if ((options.mode == PLN_COMPAT_JAVA_PARITY && options.strict_logical) ||
        pln_runtime_new(NULL, &rt, NULL) < 0)
        return misused("--strict is not for ", "--java");
    n = batch != NULL ? check_batch(batch) : check_files(files[0], files[1], level, as_json);
    pln_runtime_free(rt);
    return n;
}

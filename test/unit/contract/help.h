/* Contracts in tests: short ones, and the files of the shared data. */
#ifndef TEST_CONTRACT_HELP_H
#define TEST_CONTRACT_HELP_H

#include "skip.h"
#include <check.h>
#include <jansson.h>
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pln_error err;
static pln_runtime *rt;

static void setup(void) {
    ck_assert_int_eq(pln_runtime_new(NULL, &rt, &err), PLN_OK);
    memset(&err, 0, sizeof err);
}

static void teardown(void) {
    pln_runtime_free(rt);
}

#define TOP "\"apiVersion\":\"v3.1.0\",\"kind\":\"DataContract\",\"id\":\"c\",\"status\":\"active\""

/* To be freed; NULL: no such file. */
static inline char *file_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    char *text = calloc(1, size + 1);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

static inline pln_contract *parse_as(const char *text, uint32_t flags) {
    pln_contract *contract = NULL;
    pln_contract_options options;
    pln_contract_options_init(&options, sizeof options);
    options.flags = flags;
    pln_status status = pln_contract_parse(rt, text, -1, &options, &contract, &err);
    ck_assert_msg(status == PLN_OK, "%s: %s", text, err.message);
    return contract;
}

static inline pln_contract *parse(const char *text) {
    return parse_as(text, 0);
}

/* A contract of one object "t" with these properties and other members of the object, as JSON in which ' stands for ". */
static inline char *contract_text(const char *version, const char *properties, const char *object,
                                  const char *top) {
    size_t room = 400 + strlen(properties) + strlen(object) + strlen(top);
    char *text = malloc(room);
    snprintf(text, room,
             "{" TOP ",\"version\":\"%s\",\"schema\":[{\"name\":\"t\",\"properties\":[%s]%s}]%s}",
             version, properties, object, top);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return text;
}

static inline pln_contract *contract_of(const char *version, const char *properties,
                                        const char *object, const char *top) {
    char *text = contract_text(version, properties, object, top);
    pln_contract *contract = parse(text);
    free(text);
    return contract;
}

#endif

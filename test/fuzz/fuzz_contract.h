/*
 * A document as a contract. Whatever it is, it is taken or refused with a message that names the first problem; what is taken says itself as JSON that is taken
 * again and says the same, has columns or a reason why not, and a suite and a list that are JSON; it differs from itself in nothing, and from a fixed contract
 * in the same way twice.
 */
#ifndef TEST_FUZZ_CONTRACT_H
#define TEST_FUZZ_CONTRACT_H

#include "fuzz.h"
#include <jansson.h>
#include <pln/pln.h>
#include <string.h>

static pln_runtime *rt;
static const char other_text[] =
    "{\"apiVersion\":\"v3.1.0\",\"kind\":\"DataContract\",\"id\":\"c\",\"version\":\"1.0.0\","
    "\"status\":\"active\",\"schema\":[{\"name\":\"t\",\"properties\":"
    "[{\"name\":\"a\",\"logicalType\":\"integer\",\"required\":true,\"logicalTypeOptions\":{"
    "\"minimum\":1}},{\"name\":\"b\"}],\"quality\":[{\"metric\":\"rowCount\","
    "\"mustBeGreaterThan\":1}]}],\"slaProperties\":[{\"property\":\"latency\",\"value\":1}],"
    "\"servers\":[{\"server\":\"s\",\"type\":\"kafka\",\"host\":\"h\"}]}";

static pln_contract *read_contract(const char *text, int64_t size, int32_t format, uint32_t flags) {
    pln_error err = {0};
    pln_contract *contract = NULL;
    pln_contract_options options;
    pln_contract_options_init(&options, sizeof options);
    options.format = format;
    options.flags = flags;
    pln_status status = pln_contract_parse(rt, text, size, &options, &contract, &err);
    REQUIRE((status == PLN_OK) == (contract != NULL));
    if (status != PLN_OK)
        REQUIRE((status == PLN_ESYNTAX || status == PLN_ELIMIT || status == PLN_EUNSUPPORTED) &&
                err.message[0] != '\0');
    return contract;
}

static char *say(const pln_contract *contract) {
    char *text = NULL;
    REQUIRE(pln_contract_value(contract, "", &text, NULL) == PLN_OK && text != NULL);
    return text;
}

static void is_json(const char *text) {
    json_t *parsed = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    REQUIRE(parsed != NULL);
    json_decref(parsed);
}

static void check_problems(const pln_contract *contract) {
    char *value;
    for (int64_t i = 0; i < pln_contract_problem_count(contract); i++) {
        const pln_contract_problem *p = pln_contract_problem_at(contract, i);
        REQUIRE(p->reason[0] != '\0');
        REQUIRE(pln_contract_value(contract, p->pointer, &value, NULL) == PLN_OK);
        pln_text_free(rt, value);
    }
}

static void check_element(const pln_contract_element *element, int depth) {
    pln_contract_element_info info = {.struct_size = sizeof info};
    pln_contract_element_info_get(element, &info);
    for (int64_t i = 0; i < info.n_children && i < 20 && depth < 20; i++)
        check_element(pln_contract_element_child(element, i), depth + 1);
}

static void check_object(const pln_contract *contract, const pln_contract_element *object) {
    pln_contract_element_info info = {.struct_size = sizeof info};
    struct ArrowSchema columns;
    pln_avro_schema *schema;
    pln_error err = {0};
    char *suite, *left;
    int64_t size;
    pln_contract_element_info_get(object, &info);
    check_element(object, 0);
    pln_status status = pln_contract_schema(contract, info.name, &columns, &err);
    if (status == PLN_OK)
        columns.release(&columns);
    else
        REQUIRE(err.message[0] != '\0' && columns.release == NULL);
    if (pln_contract_avro_schema(contract, info.name, &schema, &err) == PLN_OK)
        pln_avro_schema_free(schema);
    REQUIRE(pln_contract_suite(contract, info.name, &suite, &size, &left, &err) == PLN_OK);
    REQUIRE(size == (int64_t)strlen(suite));
    is_json(suite);
    is_json(left);
    pln_text_free(rt, suite);
    pln_text_free(rt, left);
}

static int64_t differ(const pln_contract *a, const pln_contract *b) {
    pln_contract_diff *diff;
    char *json;
    REQUIRE(pln_contract_diff_new(a, b, NULL, &diff, NULL) == PLN_OK);
    REQUIRE(pln_contract_diff_json(diff, &json, NULL) == PLN_OK);
    is_json(json);
    int64_t n = pln_contract_diff_count(diff);
    pln_text_free(rt, json);
    pln_contract_diff_free(diff);
    return n;
}

static void check_valid(const pln_contract *contract) {
    pln_contract *other = read_contract(other_text, -1, PLN_CONTRACT_JSON, 0);
    const pln_contract_element *object;
    pln_contract_sla sla = {.struct_size = sizeof sla};
    pln_contract_server server = {.struct_size = sizeof server};
    for (int64_t i = 0; (object = pln_contract_object(contract, i)) != NULL && i < 10; i++)
        check_object(contract, object);
    for (int64_t i = 0; pln_contract_sla_at(contract, i, &sla) == PLN_OK && i < 10; i++)
        REQUIRE(sla.property != NULL);
    for (int64_t i = 0; pln_contract_server_at(contract, i, &server) == PLN_OK && i < 10; i++)
        REQUIRE(server.server != NULL);
    REQUIRE(differ(contract, contract) == 0);
    int64_t there = differ(contract, other), back = differ(other, contract);
    REQUIRE((there == 0) == (back == 0));
    pln_contract_free(other);
}

static int check_contract(const uint8_t *data, size_t size, int32_t format) {
    if (rt == NULL && pln_runtime_new(NULL, &rt, NULL) < 0)
        abort();
    pln_contract *contract =
        read_contract((const char *)data, (int64_t)size, format, PLN_CONTRACT_KEEP_INVALID);
    if (contract == NULL)
        return 0;
    pln_contract_info info = {.struct_size = sizeof info};
    pln_contract_info_get(contract, &info);
    check_problems(contract);
    char *text = say(contract);
    pln_contract *again = read_contract(text, -1, PLN_CONTRACT_JSON, PLN_CONTRACT_KEEP_INVALID);
    REQUIRE(again != NULL);
    char *twice = say(again);
    REQUIRE(strcmp(text, twice) == 0);
    REQUIRE(pln_contract_problem_count(contract) == pln_contract_problem_count(again));
    if (info.valid)
        check_valid(contract);
    pln_text_free(rt, text);
    pln_text_free(rt, twice);
    pln_contract_free(again);
    pln_contract_free(contract);
    return 0;
}

#endif

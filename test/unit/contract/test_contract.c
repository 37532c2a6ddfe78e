/* Which documents are contracts, what is wrong with the others and where, and what a contract says. */
#include "fail_alloc.h"
#include "help.h"

/* ---- verdicts ---- */

/* Whether one of the problems stands where the case says that there is an error, or one step below. */
static bool is_expected(const pln_contract *contract, const json_t *places) {
    for (int64_t i = 0; i < pln_contract_problem_count(contract); i++) {
        const pln_contract_problem *p = pln_contract_problem_at(contract, i);
        const char *pointer = p->pointer + (p->pointer[0] == '/');
        size_t at;
        json_t *place;
        json_array_foreach((json_t *)(uintptr_t)places, at, place) {
            const char *text = json_string_value(place);
            size_t n = strlen(text);
            bool below = n == 0 ? strchr(pointer, '/') == NULL
                                : strncmp(pointer, text, n) == 0 && pointer[n] == '/' &&
                                      strchr(pointer + n + 1, '/') == NULL;
            /* The deepest place is the one that counts. */
            if (at + 1 == json_array_size(places) && (strcmp(pointer, text) == 0 || below))
                return true;
        }
    }
    return false;
}

static void public_case(const json_t *row) {
    const char *id = json_string_value(json_object_get(row, "id"));
    char *text = json_dumps(json_object_get(row, "contract"), JSON_ENCODE_ANY);
    pln_contract *contract = parse_as(text, PLN_CONTRACT_KEEP_INVALID), *none = NULL;
    pln_contract_info info = {.struct_size = sizeof info};
    pln_contract_info_get(contract, &info);
    bool valid = json_is_true(json_object_get(row, "valid"));
    ck_assert_msg(info.valid == valid, "%s", id);
    pln_status status = pln_contract_parse(rt, text, -1, NULL, &none, &err);
    ck_assert_msg(status == (valid ? PLN_OK : PLN_ESYNTAX), "%s: %d", id, status);
    ck_assert_int_eq(none != NULL, valid);
    if (!valid)
        ck_assert_msg(is_expected(contract, json_object_get(row, "errors_at")), "%s: %s", id,
                      err.message);
    pln_contract_free(none);
    pln_contract_free(contract);
    free(text);
}

START_TEST(the_public_cases) {
    char path[400], *text, *line, *rest;
    int n = 0;
    if (test_data("spec_cases/odcs_contracts_public.jsonl", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    text = file_text(path);
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        json_t *row = json_loads(line, 0, NULL);
        ck_assert_ptr_nonnull(row);
        public_case(row);
        json_decref(row);
        n++;
    }
    ck_assert_int_ge(n, 45);
    free(text);
}
END_TEST

static char *whole_json(const pln_contract *contract) {
    char *json = NULL;
    ck_assert_int_eq(pln_contract_value(contract, "", &json, &err), PLN_OK);
    return json;
}

static const char *const upstream[][2] = {
    {"all", "full-example"}, {"all", "postgresql-adventureworks-contract"},
    {"data-types", "all-data-types"}, {"fundamentals", "table-column-description"},
    {"quality", "column-accuracy"}, {"quality", "column-completeness"}, {"quality", "column-custom"},
    {"quality", "column-validity"}, {"roles", "service-and-operational-roles"},
    {"schema", "all-schema-types"}, {"schema", "kafka-schema"}, {"schema", "kafka-schemaregistry"},
    {"schema", "table-column"}, {"schema", "table-columns-with-partition"},
    {"server", "azure-server"}, {"server", "kafka-server"}, {"sla", "database-table-sla"},
    {"stakeholders", "basic-four-dpo"}};

START_TEST(the_examples_of_the_standard_are_the_same_in_yaml_and_json) {
    char name[200], path[400];
    if (test_data("odcs/examples_json", path, sizeof path) == NULL)
        TEST_SKIP("no shared data");
    if (!pln_contract_has_yaml())
        TEST_SKIP("built without libyaml");
    for (size_t i = 0; i < sizeof upstream / sizeof upstream[0]; i++) {
        snprintf(name, sizeof name, "odcs/docs/examples/%s/%s.odcs.yaml", upstream[i][0],
                 upstream[i][1]);
        ck_assert_msg(test_data(name, path, sizeof path) != NULL, "%s", name);
        char *yaml = file_text(path);
        snprintf(name, sizeof name, "odcs/examples_json/%s.json", upstream[i][1]);
        ck_assert_msg(test_data(name, path, sizeof path) != NULL, "%s", name);
        char *json = file_text(path);
        pln_contract *a = parse(yaml), *b = parse(json);
        char *x = whole_json(a), *y = whole_json(b);
        json_t *p = json_loads(x, 0, NULL), *q = json_loads(y, 0, NULL),
               *r = json_loads(json, 0, NULL);
        ck_assert_msg(json_equal(p, q) && json_equal(q, r), "%s", name);
        json_decref(p);
        json_decref(q);
        json_decref(r);
        pln_text_free(rt, x);
        pln_text_free(rt, y);
        pln_contract_free(a);
        pln_contract_free(b);
        free(yaml);
        free(json);
    }
}
END_TEST

/* ---- rules that the public cases do not reach ---- */

static const struct {
    const char *property, *object, *top; /* ' stands for " */
    const char *pointer, *reason;        /* NULL: it is valid */
} rules[] = {
    {"{'name':'a','logicalType':'strng'}", "", "", "/schema/0/properties/0/logicalType", "did you mean 'string'?"},
    {"{'name':'a','logicaltype':'string'}", "", "", "/schema/0/properties/0/logicaltype", "did you mean 'logicalType'?"},
    {"{'logicalType':'string'}", "", "", "/schema/0/properties/0", "'name' is missing: a property must have it"},
    {"{'name':'a','required':1}", "", "", "/schema/0/properties/0/required", "expected true or false, got number '1'"},
    {"{'name':'a','id':'a b'}", "", "", "/schema/0/properties/0/id", "expected an id of"},
    {"{'name':'a','logicalTypeOptions':{'minLength':1}}", "", "", "/schema/0/properties/0/logicalTypeOptions/minLength", "without a logicalType"},
    {"{'name':'a','logicalType':'string','logicalTypeOptions':{'minimum':1}}", "", "", "/schema/0/properties/0/logicalTypeOptions/minimum", "the options of a string"},
    {"{'name':'a','logicalType':'integer','logicalTypeOptions':{'multipleOf':0}}", "", "", "/schema/0/properties/0/logicalTypeOptions/multipleOf", "a number above 0"},
    {"{'name':'a','logicalType':'integer','logicalTypeOptions':{'minimum':1.0,'format':'i7'}}", "", "", "/schema/0/properties/0/logicalTypeOptions/format", "'i7' is none of i8"},
    {"{'name':'a','logicalType':'integer','logicalTypeOptions':{'exclusiveMinimum':true}}", "", "", "/schema/0/properties/0/logicalTypeOptions/exclusiveMinimum", "expected a number, got true"},
    {"{'name':'a','logicalType':'string','logicalTypeOptions':{'minLength':2.0}}", "", "", NULL, NULL},
    {"{'name':'a','logicalType':'string','logicalTypeOptions':{'minLength':2.5}}", "", "", "/schema/0/properties/0/logicalTypeOptions/minLength", "expected an integer"},
    {"{'name':'a','logicalType':'string','properties':[]}", "", "", "/schema/0/properties/0/properties", "has no field 'properties' here"},
    {"{'name':'a','logicalType':'object','properties':[{'name':1}]}", "", "", "/schema/0/properties/0/properties/0/name", "expected a string"},
    {"{'name':'a','logicalType':'array','items':{'logicalType':'object','properties':[{'x':1}]}}", "", "", "/schema/0/properties/0/items/properties/0/x", "has no field 'x'"},
    {"{'name':'a','logicalType':'object','logicalTypeOptions':{'required':['x','x']}}", "", "", "/schema/0/properties/0/logicalTypeOptions/required/1", "the same name"},
    {"{'name':'a','logicalType':'object','logicalTypeOptions':{'required':[]}}", "", "", "/schema/0/properties/0/logicalTypeOptions/required", "at least one"},
    {"{'name':'a','relationships':[{'to':'b.c'}]}", "", "", NULL, NULL},
    {"{'name':'a','relationships':[{'to':'https://x.org/b.yaml#schema/b/properties/c'}]}", "", "", NULL, NULL},
    {"{'name':'a','relationships':[{'to':'b'}]}", "", "", "/schema/0/properties/0/relationships/0/to", "a reference"},
    {"{'name':'a','relationships':[{'to':'b.c','from':'t.a'}]}", "", "", "/schema/0/properties/0/relationships/0/from", "which has no 'from'"},
    {"{'name':'a'}", ",'relationships':[{'from':'t.a','to':['b.c']}]", "", "/schema/0/relationships/0", "both be"},
    {"{'name':'a'}", ",'quality':[{'metric':'rowCount'}]", "", "/schema/0/quality/0", "no operator"},
    {"{'name':'a'}", ",'quality':[{'metric':'rowCount','mustBeBetween':[1,1]}]", "", "/schema/0/quality/0/mustBeBetween", "the same"},
    {"{'name':'a'}", ",'quality':[{'type':'text','mustBe':1}]", "", "/schema/0/quality/0/mustBe", "has no field"},
    {"{'name':'a'}", ",'quality':[{'type':'sql','mustBe':1}]", "", "/schema/0/quality/0", "'query' is missing"},
    {"{'name':'a'}", ",'quality':[{'type':'custom','engine':'x','implementation':[]}]", "", "/schema/0/quality/0/implementation", "a string or an object"},
    {"{'name':'a'}", "", ",'servers':[{'server':'s','type':'sftp','location':'ftp://x'}]", "/servers/0/location", "sftp://"},
    {"{'name':'a'}", "", ",'servers':[{'server':'s','type':'postgres','host':'h','port':'5','database':'d','schema':'s'}]", "/servers/0/port", "an integer"},
    {"{'name':'a'}", "", ",'servers':[{'server':'s','type':'trino','host':'h','port':5,'catalog':'c'}]", "/servers/0", "'schema' is missing: a server of type trino"},
    {"{'name':'a'}", "", ",'servers':[{'server':'s','type':'pubsub','project':'p','path':'x'}]", "/servers/0/path", "has no field 'path'"},
    {"{'name':'a'}", "", ",'team':[{'name':'x'}]", "/team/0", "'username' is missing"},
    {"{'name':'a'}", "", ",'team':{'members':[{'username':'x','colour':1}]}", "/team/members/0/colour", "has no field"},
    {"{'name':'a'}", "", ",'slaProperties':[{'property':'p','value':[1]}]", "/slaProperties/0/value", "expected a string, a number"},
    {"{'name':'a'}", "", ",'price':{'priceAmount':1e400}", "/price/priceAmount", "beyond the range of float64"},
    {"{'name':'a'}", "", ",'price':{'priceAmount':'9'}", "/price/priceAmount", "expected a number"},
    {"{'name':'a'}", "", ",'customProperties':[{'property':'p'}]", "/customProperties/0", "'value' is missing"},
    {"{'name':'a'}", "", ",'tags':['x',1]", "/tags/1", "expected a string, got number '1'"},
    {"{'name':'a'}", "", ",'name':'x\\u0000y'", "/name", "U+0000"},
    {"{'name':'a'}", "", ",'a/b~c':1", "/a~1b~0c", "has no field 'a/b~c'"}};

START_TEST(a_rule_that_is_broken_is_named_with_its_place) {
    char *text = contract_text("1.0.0", rules[_i].property, rules[_i].object, rules[_i].top);
    pln_contract *contract = NULL;
    pln_status status = pln_contract_parse(rt, text, -1, NULL, &contract, &err);
    if (rules[_i].pointer == NULL) {
        ck_assert_msg(status == PLN_OK, "%s: %s", text, err.message);
    } else {
        char start[200];
        snprintf(start, sizeof start, "contract, %s: ", rules[_i].pointer);
        ck_assert_int_eq(status, PLN_ESYNTAX);
        ck_assert_ptr_null(contract);
        ck_assert_msg(strncmp(err.message, start, strlen(start)) == 0 &&
                          strstr(err.message, rules[_i].reason) != NULL,
                      "%s: %s", text, err.message);
    }
    pln_contract_free(contract);
    free(text);
}
END_TEST

START_TEST(all_problems_are_listed) {
    const char *text = "{\"kind\":\"Contract\",\"apiVersion\":\"v3.1.0\",\"id\":5,\"status\":\"x\","
                       "\"contractCreatedTs\":\"yesterday\"}";
    pln_contract *contract = parse_as(text, PLN_CONTRACT_KEEP_INVALID);
    char all[1000] = "", *suite, *left;
    int64_t size;
    struct ArrowSchema columns;
    for (int64_t i = 0; i < pln_contract_problem_count(contract); i++) {
        const pln_contract_problem *p = pln_contract_problem_at(contract, i);
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%d %s %s\n", p->level, p->pointer, p->reason);
    }
    ck_assert_str_eq(
        all, "1 /kind 'Contract' is none of DataContract\n"
             "1 /id expected a string, got number '5'\n"
             "2 /contractCreatedTs it should be a time with its zone, as 2025-01-31T06:00:00Z\n"
             "1  'version' is missing: a contract must have it\n");
    ck_assert_ptr_null(pln_contract_problem_at(contract, 4));
    ck_assert_ptr_null(pln_contract_problem_at(contract, -1));
    ck_assert_int_eq(pln_contract_schema(contract, NULL, &columns, &err), PLN_ESTATE);
    ck_assert_int_eq(pln_contract_suite(contract, NULL, &suite, &size, &left, &err), PLN_ESTATE);
    ck_assert_str_eq(err.message,
                     "contract, /kind: 'Contract' is none of DataContract; and 2 more");
    pln_contract_free(contract);
}
END_TEST

START_TEST(older_versions_keep_their_own_rules) {
    static const char text[] =
        "{\"apiVersion\":\"%s\",\"kind\":\"DataContract\",\"id\":\"c\",\"status\":\"active\","
        "\"version\":\"1\",\"team\":[{\"role\":\"x\"}],"
        "\"schema\":[{\"name\":\"t\",\"properties\":[{\"name\":\"a\",\"logicalType\":\"integer\","
        "\"logicalTypeOptions\":{\"minimum\":1,"
        "\"exclusiveMinimum\":true}}],\"quality\":[{\"rule\":\"rowCount\",\"mustBe\":3}]}]}";
    char filled[800];
    pln_contract *contract = NULL;
    pln_contract_info info = {.struct_size = sizeof info};
    snprintf(filled, sizeof filled, text, "v3.0.2");
    contract = parse(filled);
    pln_contract_info_get(contract, &info);
    ck_assert_str_eq(info.rules, "3.0.2");
    ck_assert_str_eq(info.api_version, "v3.0.2");
    pln_contract_free(contract);
    snprintf(filled, sizeof filled, text, "v3.1.0");
    ck_assert_int_eq(pln_contract_parse(rt, filled, -1, NULL, &contract, &err), PLN_ESYNTAX);
    ck_assert_ptr_nonnull(strstr(err.message, "and 3 more"));
}
END_TEST

START_TEST(names_and_ids_that_are_there_twice_are_a_warning) {
    pln_contract *contract =
        contract_of("1.0.0", "{'name':'a','id':'x'},{'name':'a','id':'x'}", "", "");
    struct ArrowSchema columns;
    ck_assert_int_eq(pln_contract_problem_count(contract), 2);
    ck_assert_int_eq(pln_contract_problem_at(contract, 0)->level, PLN_CONTRACT_WARNING);
    ck_assert_str_eq(pln_contract_problem_at(contract, 0)->pointer, "/schema/0/properties/1/id");
    ck_assert_str_eq(pln_contract_problem_at(contract, 1)->pointer, "/schema/0/properties/1/name");
    ck_assert_int_eq(pln_contract_schema(contract, NULL, &columns, &err), PLN_EUNSUPPORTED);
    pln_contract_free(contract);
    contract = contract_of(
        "1.0.0", "{'name':'a','logicalType':'date'},{'name':'a','logicalType':'date'}", "", "");
    ck_assert_int_eq(pln_contract_schema(contract, NULL, &columns, &err), PLN_EINVAL);
    pln_contract_free(contract);
}
END_TEST

/* ---- YAML ---- */

static const struct {
    const char *yaml, *json; /* a value of customProperties; NULL: refused, and `words` say why */
    const char *words;
} scalars[] = {
    {"~", "null", NULL},           {"", "null", NULL},          {"Null", "null", NULL},
    {"true", "true", NULL},        {"FALSE", "false", NULL},    {"yes", "\"yes\"", NULL},
    {"no", "\"no\"", NULL},        {"on", "\"on\"", NULL},      {"tRue", "\"tRue\"", NULL},
    {"12", "12", NULL},            {"-0", "-0", NULL},          {"+12", "12", NULL},
    {"007", "7", NULL},            {"0o17", "15", NULL},        {"0x1F", "31", NULL},
    {"0o8", "\"0o8\"", NULL},      {"1.", "1.0", NULL},         {".5", "0.5", NULL},
    {"-.5e3", "-0.5e3", NULL},     {"1e3", "1e3", NULL},        {"1_000", "\"1_000\"", NULL},
    {"12:30:45", "\"12:30:45\"", NULL}, {"1.2.3", "\"1.2.3\"", NULL}, {".", "\".\"", NULL},
    {"2022-01-31", "\"2022-01-31\"", NULL}, {"18446744073709551616", "18446744073709551616", NULL},
    {"'12'", "\"12\"", NULL},      {"\"true\"", "\"true\"", NULL}, {"!!str 12", "\"12\"", NULL},
    {"! 12", "\"12\"", NULL},      {"!!int 12", "12", NULL},    {"!!float 12", "12", NULL},
    {"!!int \"12\"", "12", NULL},  {"[1, a, {b: c}]", "[1,\"a\",{\"b\":\"c\"}]", NULL},
    {"{<<: 1}", "{\"<<\":1}", NULL}, {"&x [1]\n    description: *x", NULL, "expected a string, got an array"},
    {".inf", NULL, "line 9, column 12: JSON has no such number"}, {"-.INF", NULL, "no such number"},
    {".nan", NULL, "no such number"}, {"!!bool 12", NULL, "none of its tag"},
    {"!!binary aGk=", NULL, "a tag that JSON has no value for"}, {"!mine x", NULL, "a tag"},
    {"*nobody", NULL, "anchor that is not there"}, {"&a [*a]", NULL, "inside of what it stands for"},
    {"{a: 1, a: 2}", NULL, "has a key twice: 'a'"}, {"{[a]: 1}", NULL, "a key that is no text"},
    {"\"a\n---\nb", NULL, "found unexpected document indicator"}, {"[1, 2", NULL, "line"}};

START_TEST(scalars_of_yaml_are_those_of_its_core_schema) {
    char text[500], *json = NULL;
    pln_contract *contract = NULL;
    if (!pln_contract_has_yaml())
        TEST_SKIP("built without libyaml");
    snprintf(text, sizeof text,
             "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
             "schema: []\ncustomProperties:\n  - property: p\n    value: %s\n",
             scalars[_i].yaml);
    pln_status status = pln_contract_parse(rt, text, -1, NULL, &contract, &err);
    if (scalars[_i].json == NULL) {
        ck_assert_msg(status == PLN_ESYNTAX && strstr(err.message, scalars[_i].words) != NULL,
                      "%s: %s", scalars[_i].yaml, err.message);
        return;
    }
    ck_assert_msg(status == PLN_OK, "%s: %s", scalars[_i].yaml, err.message);
    ck_assert_int_eq(pln_contract_value(contract, "/customProperties/0/value", &json, &err),
                     PLN_OK);
    ck_assert_str_eq(json, scalars[_i].json);
    pln_text_free(rt, json);
    pln_contract_free(contract);
}
END_TEST

START_TEST(aliases_are_copies_and_do_not_explode) {
    char text[4000] = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    pln_contract *contract = NULL;
    if (!pln_contract_has_yaml())
        TEST_SKIP("built without libyaml");
    for (char c = 'b'; c < 'n'; c++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c,
                 c, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
    }
    ck_assert_int_eq(pln_contract_parse(rt, text, -1, NULL, &contract, &err), PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "too large by its aliases"));
    contract =
        parse("apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
              "tags: &t [x]\nschema: [{name: t, tags: *t}]\n");
    char *json = whole_json(contract);
    ck_assert_ptr_nonnull(strstr(json, "\"schema\":[{\"name\":\"t\",\"tags\":[\"x\"]}]"));
    pln_text_free(rt, json);
    pln_contract_free(contract);
}
END_TEST

START_TEST(limits_hold) {
    pln_contract *contract = NULL;
    pln_contract_options options;
    char deep[1000];
    memset(deep, '[', 400);
    deep[400] = '\0';
    ck_assert_int_eq(pln_contract_parse(rt, deep, -1, NULL, &contract, &err),
                     pln_contract_has_yaml() ? PLN_ELIMIT : PLN_EUNSUPPORTED);
    snprintf(deep, sizeof deep, "{\"a\":%.200s%.*s}",
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[",
             0, "");
    char closed[1000];
    snprintf(closed, sizeof closed, "%.*s%s}", (int)strlen(deep) - 1, deep,
             "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
             "]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    ck_assert_int_eq(pln_contract_parse(rt, closed, -1, NULL, &contract, &err), PLN_ELIMIT);
    ck_assert_str_eq(err.message, "contract: nested deeper than 100");
    pln_contract_options_init(&options, sizeof options);
    options.size_max = 10;
    ck_assert_int_eq(pln_contract_parse(rt, "{\"a\":     1}", -1, &options, &contract, &err),
                     PLN_ELIMIT);
    ck_assert_str_eq(err.message, "contract: 12 bytes, at most 10 are taken");
    pln_contract_options_init(&options, sizeof options);
    options.flags = PLN_CONTRACT_KEEP_INVALID;
    options.problems_max = 2;
    ck_assert_int_eq(
        pln_contract_parse(rt, "{\"a\":1,\"b\":2,\"c\":3}", -1, &options, &contract, &err), PLN_OK);
    ck_assert_int_eq(pln_contract_problem_count(contract), 2);
    pln_contract_free(contract);
}
END_TEST

static const struct {
    pln_contract_options options;
    const char *words;
} bad_options[] = {
    {{4, 0, 0, 1, 1}, "struct_size is 4"},
    {{sizeof(pln_contract_options), 8, 0, 1, 1}, "unknown flags 0x8"},
    {{sizeof(pln_contract_options), 0, 3, 1, 1}, "3 is no format"},
    {{sizeof(pln_contract_options), 0, 0, 0, 1}, "problems_max is 0, expected 1 to 10000"},
    {{sizeof(pln_contract_options), 0, 0, 1, 0}, "size_max is 0, expected 1 to 16777216"}};

START_TEST(options_are_held_to_their_ranges) {
    pln_contract *contract;
    ck_assert_int_eq(pln_contract_parse(rt, "{}", 2, &bad_options[_i].options, &contract, &err),
                     PLN_EINVAL);
    ck_assert_msg(strstr(err.message, bad_options[_i].words) != NULL, "%s", err.message);
}
END_TEST

/* ---- what it says ---- */

START_TEST(the_example_of_the_quickstart) {
    char *text = file_text("examples/orders.contract.yaml"), *json;
    ck_assert_ptr_nonnull(text);
    if (!pln_contract_has_yaml())
        TEST_SKIP("built without libyaml");
    pln_contract *contract = parse(text);
    pln_contract_info info = {.struct_size = sizeof info};
    pln_contract_element_info element = {.struct_size = sizeof element};
    pln_contract_server server = {.struct_size = sizeof server};
    pln_contract_sla sla = {.struct_size = sizeof sla};
    pln_contract_info_get(contract, &info);
    ck_assert_str_eq(info.id, "quickstart-orders");
    ck_assert_str_eq(info.version, "1.0.0");
    ck_assert_str_eq(info.purpose, "Orders of the quickstart, one row each.");
    ck_assert_int_eq(info.valid, 1);
    ck_assert_int_eq(info.n_objects, 1);
    const pln_contract_element *orders = pln_contract_find(contract, "orders.csv");
    ck_assert_ptr_nonnull(orders);
    ck_assert_ptr_eq(orders, pln_contract_object(contract, 0));
    ck_assert_ptr_null(pln_contract_object(contract, 1));
    pln_contract_element_info_get(pln_contract_element_child(orders, 0), &element);
    ck_assert_str_eq(element.name, "order_id");
    ck_assert_str_eq(element.logical_type, "integer");
    ck_assert(element.required && element.primary_key && !element.unique);
    ck_assert_int_eq(element.primary_key_position, 1);
    ck_assert_ptr_null(pln_contract_element_child(orders, 3));
    ck_assert_int_eq(pln_contract_element_value(contract, pln_contract_element_child(orders, 2),
                                                "/logicalTypeOptions", &json, &err),
                     PLN_OK);
    ck_assert_str_eq(json, "{\"exclusiveMinimum\":0}");
    pln_text_free(rt, json);
    ck_assert_int_eq(pln_contract_server_at(contract, 0, &server), PLN_OK);
    ck_assert_str_eq(server.type, "local");
    ck_assert_int_eq(pln_contract_server_at(contract, 1, &server), PLN_EINVAL);
    ck_assert_int_eq(pln_contract_sla_at(contract, 0, &sla), PLN_OK);
    ck_assert_str_eq(sla.element, "orders.order_id");
    ck_assert_int_eq(sla.seconds, 2 * 365 * 86400);
    ck_assert_int_eq(pln_contract_value(contract, "/servers/0/nothing", &json, &err), PLN_OK);
    ck_assert_ptr_null(json);
    ck_assert_int_eq(pln_contract_value(contract, "servers", &json, &err), PLN_EINVAL);
    ck_assert_int_eq(pln_contract_value(contract, "/~2", &json, &err), PLN_EINVAL);
    pln_contract_free(contract);
    free(text);
}
END_TEST

/* ---- memory ---- */

static const char full[] =
    "{" TOP ",\"version\":\"1.0.0\",\"x\":1,\"schema\":[{\"name\":\"t\",\"properties\":[{\"name\":"
    "\"a\",\"id\":\"i\",\"logicalType\":\"integer\","
    "\"primaryKey\":true,\"quality\":[{\"metric\":\"nullValues\",\"mustBe\":0}]},{\"name\":\"b\","
    "\"logicalType\":\"date\"}]}]}";
static const char full_yaml[] =
    "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 2.0.0\nstatus: active\n"
    "schema: [{name: t, tags: &t [x], properties: [{name: a, tags: *t, logicalType: string}]}]\n";

/* Everything that a contract can be asked for, with memory that runs out; 0 if it did. */
static bool use(const pln_allocator *mem) {
    pln_runtime_options options;
    pln_runtime *small = NULL;
    pln_contract *a = NULL, *b = NULL;
    pln_contract_options keep;
    pln_contract_diff *diff = NULL;
    struct ArrowSchema columns = {0};
    pln_avro_schema *schema = NULL;
    char *text = NULL, *left = NULL, *json = NULL;
    int64_t size;
    pln_contract_options_init(&keep, sizeof keep);
    keep.flags = PLN_CONTRACT_KEEP_INVALID;
    pln_runtime_options_init(&options, sizeof options);
    options.allocator = mem;
    pln_status status = pln_runtime_new(&options, &small, &err);
    if (status == PLN_OK)
        status = pln_contract_parse(small, full, -1, &keep, &a, &err);
    pln_contract_free(a);
    a = NULL;
    if (status == PLN_OK) {
        char good[sizeof full];
        strcpy(good, full);
        memmove(strstr(good, "\"x\""), strstr(good, "\"schema\""),
                strlen(strstr(good, "\"schema\"")) + 1);
        status = pln_contract_parse(small, good, -1, NULL, &a, &err);
    }
    if (status == PLN_OK)
        status = pln_contract_parse(
            small, pln_contract_has_yaml() ? full_yaml : "{" TOP ",\"version\":\"2.0.0\"}", -1,
            NULL, &b, &err);
    if (status == PLN_OK)
        status = pln_contract_schema(a, "t", &columns, &err);
    if (columns.release != NULL)
        columns.release(&columns);
    if (status == PLN_OK)
        status = pln_contract_avro_schema(a, "t", &schema, &err);
    pln_avro_schema_free(schema);
    if (status == PLN_OK)
        status = pln_contract_suite(a, NULL, &text, &size, &left, &err);
    if (status == PLN_OK)
        status = pln_contract_value(a, "/schema", &json, &err);
    pln_text_free(small, text);
    pln_text_free(small, left);
    pln_text_free(small, json);
    json = NULL;
    if (status == PLN_OK)
        status = pln_contract_diff_new(a, b, NULL, &diff, &err);
    if (status == PLN_OK)
        status = pln_contract_diff_json(diff, &json, &err);
    pln_text_free(small, json);
    pln_contract_diff_free(diff);
    pln_contract_free(a);
    pln_contract_free(b);
    pln_runtime_free(small);
    ck_assert_msg(status == PLN_OK || status == PLN_ENOMEM, "%d %s", status, err.message);
    return status == PLN_OK;
}

START_TEST(every_allocation_may_fail) {
    int64_t n = 0;
    for (bool done = false; !done; n++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        done = use(mem);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert(done != f.failed);
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

Suite *suite_contract_contract(void);
Suite *suite_contract_contract(void) {
    Suite *suite = suite_create("contract/contract");
    TCase *tests = tcase_create("contract");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_public_cases);
    tcase_add_test(tests, the_examples_of_the_standard_are_the_same_in_yaml_and_json);
    tcase_add_loop_test(tests, a_rule_that_is_broken_is_named_with_its_place, 0,
                        (int)(sizeof rules / sizeof rules[0]));
    tcase_add_test(tests, all_problems_are_listed);
    tcase_add_test(tests, older_versions_keep_their_own_rules);
    tcase_add_test(tests, names_and_ids_that_are_there_twice_are_a_warning);
    tcase_add_loop_test(tests, scalars_of_yaml_are_those_of_its_core_schema, 0,
                        (int)(sizeof scalars / sizeof scalars[0]));
    tcase_add_test(tests, aliases_are_copies_and_do_not_explode);
    tcase_add_test(tests, limits_hold);
    tcase_add_loop_test(tests, options_are_held_to_their_ranges, 0,
                        (int)(sizeof bad_options / sizeof bad_options[0]));
    tcase_add_test(tests, the_example_of_the_quickstart);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite;
}

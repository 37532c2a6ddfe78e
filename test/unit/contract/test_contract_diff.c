/* What changed between two contracts, whom it breaks, and the version that it needs: forty changes made by hand, and the rules of versions. */
#include "help.h"

enum { C = PLN_CONTRACT_BREAKS_CONSUMERS, P = PLN_CONTRACT_BREAKS_PRODUCERS, CP = C | P };

/* Properties, other members of the object and of the top, before and after; NULL: as before. One change comes of it. */
static const struct {
    const char *property, *object, *top;
    const char *property_now, *object_now, *top_now;
    const char *kind, *where;
    int32_t breaks;
    const char *old_pointer, *new_pointer;
} changes[] = {
    {"{'name':'a'}", "", "", "{'name':'a'},{'name':'b'}", NULL, NULL, "property_added", "t.b", 0, NULL, "/schema/0/properties/1"},
    {"{'name':'a'}", "", "", "{'name':'b','required':true},{'name':'a'}", NULL, NULL, "property_added", "t.b", P, NULL, "/schema/0/properties/0"},
    {"{'name':'a'},{'name':'b'}", "", "", "{'name':'b'}", NULL, NULL, "property_removed", "t.a", C, "/schema/0/properties/0", NULL},
    {"{'name':'a','id':'i'}", "", "", "{'name':'b','id':'i'}", NULL, NULL, "property_renamed", "t.a", CP, "/schema/0/properties/0/name", "/schema/0/properties/0/name"},
    {"{'name':'a'},{'name':'b'}", "", "", "{'name':'b'},{'name':'a'}", NULL, NULL, "properties_reordered", "t", 0, "/schema/0/properties", "/schema/0/properties"},
    {"{'name':'a','physicalName':'x'}", "", "", "{'name':'a','physicalName':'y'}", NULL, NULL, "physical_name", "t.a", CP, "/schema/0/properties/0/physicalName", "/schema/0/properties/0/physicalName"},
    {"{'name':'a','logicalType':'integer'}", "", "", "{'name':'a','logicalType':'number'}", NULL, NULL, "type", "t.a", C, "/schema/0/properties/0/logicalType", "/schema/0/properties/0/logicalType"},
    {"{'name':'a','logicalType':'number'}", "", "", "{'name':'a','logicalType':'integer'}", NULL, NULL, "type", "t.a", P, "/schema/0/properties/0/logicalType", "/schema/0/properties/0/logicalType"},
    {"{'name':'a','logicalType':'date'}", "", "", "{'name':'a','logicalType':'string'}", NULL, NULL, "type", "t.a", CP, "/schema/0/properties/0/logicalType", "/schema/0/properties/0/logicalType"},
    {"{'name':'a'}", "", "", "{'name':'a','logicalType':'string'}", NULL, NULL, "type", "t.a", P, "/schema/0/properties/0", "/schema/0/properties/0/logicalType"},
    {"{'name':'a','physicalType':'varchar(9)'}", "", "", "{'name':'a','physicalType':'varchar(10)'}", NULL, NULL, "physical_type", "t.a", C, "/schema/0/properties/0/physicalType", "/schema/0/properties/0/physicalType"},
    {"{'name':'a','physicalType':'varchar(9)'}", "", "", "{'name':'a','physicalType':'text'}", NULL, NULL, "physical_type", "t.a", CP, "/schema/0/properties/0/physicalType", "/schema/0/properties/0/physicalType"},
    {"{'name':'a'}", "", "", "{'name':'a','required':true}", NULL, NULL, "required", "t.a", P, "/schema/0/properties/0", "/schema/0/properties/0/required"},
    {"{'name':'a','required':true}", "", "", "{'name':'a','required':false}", NULL, NULL, "required", "t.a", C, "/schema/0/properties/0/required", "/schema/0/properties/0/required"},
    {"{'name':'a','unique':true}", "", "", "{'name':'a'}", NULL, NULL, "unique", "t.a", C, "/schema/0/properties/0/unique", "/schema/0/properties/0"},
    {"{'name':'a'}", "", "", "{'name':'a','primaryKey':true}", NULL, NULL, "primary_key", "t.a", P, "/schema/0/properties/0", "/schema/0/properties/0/primaryKey"},
    {"{'name':'a','logicalType':'number','logicalTypeOptions':{'minimum':0}}", "", "", "{'name':'a','logicalType':'number','logicalTypeOptions':{'exclusiveMinimum':0}}", NULL, NULL, "option", "t.a", P, "/schema/0/properties/0/logicalTypeOptions/minimum", "/schema/0/properties/0/logicalTypeOptions/exclusiveMinimum"},
    {"{'name':'a','logicalType':'number','logicalTypeOptions':{'maximum':10}}", "", "", "{'name':'a','logicalType':'number','logicalTypeOptions':{'maximum':20}}", NULL, NULL, "option", "t.a", C, "/schema/0/properties/0/logicalTypeOptions/maximum", "/schema/0/properties/0/logicalTypeOptions/maximum"},
    {"{'name':'a','logicalType':'string'}", "", "", "{'name':'a','logicalType':'string','logicalTypeOptions':{'maxLength':9}}", NULL, NULL, "option", "t.a", P, NULL, "/schema/0/properties/0/logicalTypeOptions/maxLength"},
    {"{'name':'a','logicalType':'string','logicalTypeOptions':{'pattern':'a'}}", "", "", "{'name':'a','logicalType':'string','logicalTypeOptions':{'pattern':'b'}}", NULL, NULL, "option", "t.a", CP, "/schema/0/properties/0/logicalTypeOptions/pattern", "/schema/0/properties/0/logicalTypeOptions/pattern"},
    {"{'name':'a','logicalType':'date','logicalTypeOptions':{'maximum':'2025-01-01'}}", "", "", "{'name':'a','logicalType':'date','logicalTypeOptions':{'maximum':'2024-01-01'}}", NULL, NULL, "option", "t.a", P, "/schema/0/properties/0/logicalTypeOptions/maximum", "/schema/0/properties/0/logicalTypeOptions/maximum"},
    {"{'name':'a','logicalType':'integer','logicalTypeOptions':{'format':'u16'}}", "", "", "{'name':'a','logicalType':'integer','logicalTypeOptions':{'format':'i32'}}", NULL, NULL, "option", "t.a", C, "/schema/0/properties/0/logicalTypeOptions/format", "/schema/0/properties/0/logicalTypeOptions/format"},
    {"{'name':'a','logicalType':'integer','logicalTypeOptions':{'multipleOf':5}}", "", "", "{'name':'a','logicalType':'integer','logicalTypeOptions':{'multipleOf':10}}", NULL, NULL, "option", "t.a", P, "/schema/0/properties/0/logicalTypeOptions/multipleOf", "/schema/0/properties/0/logicalTypeOptions/multipleOf"},
    {"{'name':'a','logicalType':'object','logicalTypeOptions':{'required':['x']}}", "", "", "{'name':'a','logicalType':'object','logicalTypeOptions':{'required':['x','y']}}", NULL, NULL, "option", "t.a", P, "/schema/0/properties/0/logicalTypeOptions/required", "/schema/0/properties/0/logicalTypeOptions/required"},
    {"{'name':'a','logicalType':'array','items':{'logicalType':'integer'}}", "", "", "{'name':'a','logicalType':'array','items':{'logicalType':'string'}}", NULL, NULL, "type", "t.a[]", CP, "/schema/0/properties/0/items/logicalType", "/schema/0/properties/0/items/logicalType"},
    {"{'name':'a','logicalType':'object','properties':[{'name':'x'}]}", "", "", "{'name':'a','logicalType':'object','properties':[]}", NULL, NULL, "property_removed", "t.a.x", C, "/schema/0/properties/0/properties/0", NULL},
    {"{'name':'a','description':'x'}", "", "", "{'name':'a','description':'y'}", NULL, NULL, "documentation", "t.a", 0, "/schema/0/properties/0/description", "/schema/0/properties/0/description"},
    {"{'name':'a','classification':'public'}", "", "", "{'name':'a','classification':'secret'}", NULL, NULL, "classification", "t.a", 0, "/schema/0/properties/0/classification", "/schema/0/properties/0/classification"},
    {"", ",'quality':[{'metric':'rowCount','mustBeGreaterThan':5}]", "", NULL, "", NULL, "quality_removed", "t.quality.rowCount", C, "/schema/0/quality/0", NULL},
    {"", "", "", NULL, ",'quality':[{'metric':'rowCount','mustBeGreaterThan':5}]", NULL, "quality_added", "t.quality.rowCount", P, NULL, "/schema/0/quality/0"},
    {"", "", "", NULL, ",'quality':[{'metric':'rowCount','mustBeGreaterThan':5,'severity':'info'}]", NULL, "quality_added", "t.quality.rowCount", 0, NULL, "/schema/0/quality/0"},
    {"", ",'quality':[{'metric':'rowCount','mustBeGreaterThan':5}]", "", NULL, ",'quality':[{'metric':'rowCount','mustBeGreaterOrEqualTo':5,'type':'library'}]", NULL, "quality_changed", "t.quality.rowCount", C, "/schema/0/quality/0", "/schema/0/quality/0"},
    {"", ",'quality':[{'id':'q','metric':'rowCount','mustBeBetween':[0,9]}]", "", NULL, ",'quality':[{'id':'q','metric':'rowCount','mustBeLessThan':9}]", NULL, "quality_changed", "t.quality.q", CP, "/schema/0/quality/0", "/schema/0/quality/0"},
    {"{'name':'a','quality':[{'metric':'invalidValues','mustBe':0,'arguments':{'validValues':['x']}}]}", "", "", "{'name':'a','quality':[{'metric':'invalidValues','mustBe':0,'arguments':{'validValues':['y','x']}}]}", NULL, NULL, "quality_changed", "t.a.quality.invalidValues", C, "/schema/0/properties/0/quality/0", "/schema/0/properties/0/quality/0"},
    {"{'name':'a'}", "", "", "{'name':'a','relationships':[{'to':'b.c'}]}", NULL, NULL, "relationship_added", "t.a.relationships", P, NULL, "/schema/0/properties/0/relationships/0"},
    {"", "", "", NULL, "},{'name':'u'", NULL, "object_added", "u", 0, NULL, "/schema/1"},
    {"", "},{'name':'u'", "", NULL, "", NULL, "object_removed", "u", C, "/schema/1", NULL},
    {"", ",'physicalType':'table'", "", NULL, ",'physicalType':'view'", NULL, "physical_type", "t", 0, "/schema/0/physicalType", "/schema/0/physicalType"},
    {"", "", ",'slaProperties':[{'property':'latency','value':1,'unit':'d'}]", NULL, NULL, ",'slaProperties':[{'property':'latency','value':36,'unit':'h'}]", "sla_changed", "slaProperties.latency", C, "/slaProperties/0", "/slaProperties/0"},
    {"", "", ",'slaProperties':[{'property':'retention','value':1,'unit':'y'}]", NULL, NULL, ",'slaProperties':[{'property':'retention','value':2,'unit':'y'}]", "sla_changed", "slaProperties.retention", P, "/slaProperties/0", "/slaProperties/0"},
    {"", "", ",'slaProperties':[{'property':'endOfLife','value':'2030-01-01'}]", NULL, NULL, ",'slaProperties':[{'property':'endOfLife','value':'2029-01-01'}]", "sla_changed", "slaProperties.endOfLife", C, "/slaProperties/0", "/slaProperties/0"},
    {"", "", "", NULL, NULL, ",'slaProperties':[{'property':'latency','value':1,'element':'t.a'}]", "sla_added", "slaProperties.latency.t.a", P, NULL, "/slaProperties/0"},
    {"", "", ",'servers':[{'server':'s','type':'kafka','host':'a'}]", NULL, NULL, ",'servers':[{'server':'s','type':'kafka','host':'b'}]", "server_changed", "servers.s", CP, "/servers/0/host", "/servers/0/host"},
    {"", "", ",'servers':[{'server':'s','type':'kafka','host':'a'}]", NULL, NULL, "", "server_removed", "servers.s", C, "/servers/0", NULL},
    {"", "", ",'roles':[{'role':'r','access':'read'}]", NULL, NULL, ",'roles':[]", "role_removed", "roles.r", C, "/roles/0", NULL},
    {"", "", ",'tenant':'x'", NULL, NULL, ",'tenant':'y'", "identity", "", 0, "/tenant", "/tenant"},
    {"", "", ",'team':[{'username':'x'}]", NULL, NULL, "", "documentation", "", 0, "/team", NULL}};

static void same_pointer(const char *got, const char *expected) {
    if (expected == NULL)
        ck_assert_ptr_null(got);
    else
        ck_assert_str_eq(got == NULL ? "none" : got, expected);
}

static pln_contract_diff *diff_of(const pln_contract *a, const pln_contract *b) {
    pln_contract_diff *diff = NULL;
    ck_assert_int_eq(pln_contract_diff_new(a, b, NULL, &diff, &err), PLN_OK);
    return diff;
}

START_TEST(a_change_breaks_whom_it_breaks) {
    const char *property = changes[_i].property_now, *object = changes[_i].object_now,
               *top = changes[_i].top_now;
    pln_contract *a =
        contract_of("1.4.0", changes[_i].property, changes[_i].object, changes[_i].top);
    pln_contract *b = contract_of("1.5.0", property == NULL ? changes[_i].property : property,
                                  object == NULL ? changes[_i].object : object,
                                  top == NULL ? changes[_i].top : top);
    pln_contract_diff *diff = diff_of(a, b), *back = diff_of(b, a), *same = diff_of(a, a);
    char *json;
    pln_contract_verdict verdict = {.struct_size = sizeof verdict};
    ck_assert_int_eq(pln_contract_diff_json(diff, &json, &err), PLN_OK);
    ck_assert_msg(pln_contract_diff_count(diff) == 1, "%s", json);
    const pln_contract_change *c = pln_contract_diff_at(diff, 0);
    ck_assert_str_eq(c->kind, changes[_i].kind);
    ck_assert_str_eq(c->where, changes[_i].where);
    ck_assert_msg(c->breaks == changes[_i].breaks, "%s", json);
    same_pointer(c->old_pointer, changes[_i].old_pointer);
    same_pointer(c->new_pointer, changes[_i].new_pointer);
    ck_assert_int_eq(c->reason[0] != '\0', c->breaks != 0);
    ck_assert_ptr_nonnull(strstr(c->text, c->where));
    pln_contract_diff_verdict(diff, &verdict);
    ck_assert_int_eq(verdict.accepted, c->breaks == 0);
    ck_assert_int_eq(verdict.breaks, c->breaks);
    ck_assert_int_eq(verdict.step_made, PLN_CONTRACT_STEP_MINOR);
    ck_assert_int_eq(verdict.step_needed == PLN_CONTRACT_STEP_MAJOR, c->breaks != 0);
    ck_assert_int_eq(verdict.unacknowledged, c->breaks != 0);
    /* There is a way back, to a lower version; and nothing lies between a contract and itself. */
    ck_assert_int_eq(pln_contract_diff_count(back), 1);
    pln_contract_diff_verdict(back, &verdict);
    ck_assert_int_eq(verdict.step_made, PLN_CONTRACT_STEP_BACK);
    ck_assert_int_eq(verdict.accepted, 0);
    ck_assert_int_eq(pln_contract_diff_count(same), 0);
    json_t *parsed = json_loads(json, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(parsed, "changes"), 0), "kind")),
                     c->kind);
    json_decref(parsed);
    pln_text_free(rt, json);
    pln_contract_diff_free(diff);
    pln_contract_diff_free(back);
    pln_contract_diff_free(same);
    pln_contract_free(a);
    pln_contract_free(b);
}
END_TEST

/* ---- versions ---- */

static const struct {
    const char *before, *after, *property; /* that is new; "": nothing changes */
    int32_t needed, made, fits;
} versions[] = {
    {"1.0.0", "1.0.0", "", 0, 0, 1},
    {"x", "x", "", 0, 0, 1},
    {"1.0.0", "1.0.1", "", 0, 1, 1},
    {"1.0.0", "1.0.0", ",{'name':'b'}", 2, 0, 0},
    {"1.0.0", "1.0.1", ",{'name':'b'}", 2, 1, 0},
    {"1.0.0", "1.1.0", ",{'name':'b'}", 2, 2, 1},
    {"1.9.0", "1.10.0", ",{'name':'b'}", 2, 2, 1},
    {"1.0", "1.1", ",{'name':'b'}", 2, 2, 1},
    {"v1.0.0", "v2.0.0", ",{'name':'b','required':true}", 3, 3, 1},
    {"1.0.0", "1.1.0", ",{'name':'b','required':true}", 3, 2, 0},
    {"0.3.0", "0.4.0", ",{'name':'b','required':true}", 2, 2, 1},
    {"0.3.0", "0.3.1", ",{'name':'b','required':true}", 2, 1, 0},
    {"2.0.0", "1.0.0", "", 0, -1, 0},
    {"1.0.0-rc.1", "1.0.0", "", 0, 1, 1},
    {"1.0.0", "next", ",{'name':'b'}", 2, -2, 0},
    {"1", "2", ",{'name':'b'}", 2, -2, 0},
    {"1.0.0.0", "2.0.0.0", ",{'name':'b'}", 2, -2, 0},
    {"18446744073709551616.0.0", "2.0.0", "", 0, -2, 0}};

START_TEST(versions_make_the_step_that_is_needed) {
    char property[100];
    pln_contract_verdict verdict = {.struct_size = sizeof verdict};
    snprintf(property, sizeof property, "{'name':'a'}%s", versions[_i].property);
    pln_contract *a = contract_of(versions[_i].before, "{'name':'a'}", "", "");
    pln_contract *b = contract_of(versions[_i].after, property, "", "");
    pln_contract_diff *diff = diff_of(a, b);
    pln_contract_diff_verdict(diff, &verdict);
    ck_assert_int_eq(verdict.step_needed, versions[_i].needed);
    ck_assert_int_eq(verdict.step_made, versions[_i].made);
    ck_assert_int_eq(verdict.version_fits, versions[_i].fits);
    pln_contract_diff_free(diff);
    pln_contract_free(a);
    pln_contract_free(b);
}
END_TEST

/* ---- acknowledgement ---- */

static const struct {
    const char *named; /* in the new contract's customProperties, a JSON value */
    const char *option;
    int64_t unacknowledged;
} acknowledged[] = {
    {"[]", NULL, 2},
    {"['property_removed:t.b']", NULL, 1},
    {"['property_removed:t.b','required:t.a']", NULL, 0},
    {"['t.a','t.b']", NULL, 0},
    {"['/schema/0/properties/1','/schema/0/properties/0/required']", NULL, 0},
    {"'t.b'", NULL, 1},
    {"'t.b'", "required:t.a", 0},
    {"[1,null]", "t.c", 2}};

START_TEST(changes_that_break_must_be_named) {
    char top[300];
    pln_contract_diff *diff;
    pln_contract_diff_options options;
    pln_contract_verdict verdict = {.struct_size = sizeof verdict};
    snprintf(top, sizeof top, ",'customProperties':[{'property':'acknowledgedChanges','value':%s}]",
             acknowledged[_i].named);
    pln_contract *a = contract_of("1.0.0", "{'name':'a'},{'name':'b'}", "", "");
    pln_contract *b = contract_of("2.0.0", "{'name':'a','required':true}", "", top);
    pln_contract_diff_options_init(&options, sizeof options);
    options.acknowledged = &acknowledged[_i].option;
    options.n_acknowledged = acknowledged[_i].option != NULL;
    ck_assert_int_eq(pln_contract_diff_new(a, b, &options, &diff, &err), PLN_OK);
    pln_contract_diff_verdict(diff, &verdict);
    ck_assert_int_eq(verdict.breaking, 2);
    ck_assert_int_eq(verdict.unacknowledged, acknowledged[_i].unacknowledged);
    ck_assert_int_eq(verdict.accepted, acknowledged[_i].unacknowledged == 0);
    ck_assert_int_eq(verdict.version_fits, 1);
    pln_contract_diff_free(diff);
    pln_contract_free(a);
    pln_contract_free(b);
}
END_TEST

START_TEST(all_changes_count_though_few_are_listed) {
    pln_contract_diff *diff;
    pln_contract_diff_options options;
    pln_contract_verdict verdict = {.struct_size = sizeof verdict};
    char *json;
    pln_contract *a = contract_of("1.0.0", "{'name':'a','description':'x'},{'name':'b'}", "", "");
    pln_contract *b = contract_of("2.0.0", "{'name':'a'}", "", "");
    pln_contract_diff_options_init(&options, sizeof options);
    options.changes_max = 1;
    ck_assert_int_eq(pln_contract_diff_new(a, b, &options, &diff, &err), PLN_OK);
    pln_contract_diff_verdict(diff, &verdict);
    ck_assert_int_eq(pln_contract_diff_count(diff), 1);
    ck_assert_int_eq(verdict.changes, 2);
    ck_assert_int_eq(verdict.breaking, 1);
    ck_assert_int_eq(pln_contract_diff_json(diff, &json, &err), PLN_OK);
    ck_assert_str_eq(
        json,
        "{\"accepted\":false,\"breaks\":[\"consumers\"],\"step_needed\":\"major\",\"step_made\":"
        "\"major\",\"version_fits\":true,\"unacknowledged\":1,\"changes\":["
        "{\"kind\":\"documentation\",\"where\":\"t.a\",\"old_pointer\":\"/schema/0/properties/0/"
        "description\",\"new_pointer\":null,\"before\":\"\\\"x\\\"\",\"after\":\"\","
        "\"text\":\"t.a: description "
        "removed\",\"breaks\":[],\"reason\":\"\",\"step\":\"patch\",\"acknowledged\":false}],"
        "\"truncated\":true}");
    pln_text_free(rt, json);
    pln_contract_diff_free(diff);
    options.changes_max = 0;
    ck_assert_int_eq(pln_contract_diff_new(a, b, &options, &diff, &err), PLN_EINVAL);
    ck_assert_str_eq(err.message, "contract diff options: changes_max is 0, expected 1 to 100000");
    ck_assert_ptr_null(diff);
    pln_contract_free(a);
    pln_contract_free(b);
}
END_TEST

START_TEST(things_of_one_name_go_with_each_other_in_their_order) {
    pln_contract *a = contract_of(
        "1.0.0", "{'name':'a'},{'name':'a','required':true}",
        ",'quality':[{'metric':'rowCount','mustBe':1},{'metric':'rowCount','mustBe':1}]", "");
    pln_contract *b = contract_of("1.0.0", "{'name':'a'},{'name':'a'}", "", "");
    pln_contract_diff *same = diff_of(a, a), *diff = diff_of(a, b);
    ck_assert_int_eq(pln_contract_diff_count(same), 0);
    ck_assert_int_eq(pln_contract_diff_count(diff), 3);
    ck_assert_str_eq(pln_contract_diff_at(diff, 0)->old_pointer, "/schema/0/properties/1/required");
    ck_assert_ptr_null(pln_contract_diff_at(diff, 3));
    pln_contract_diff_free(same);
    pln_contract_diff_free(diff);
    pln_contract_free(a);
    pln_contract_free(b);
}
END_TEST

Suite *suite_contract_contract_diff(void);
Suite *suite_contract_contract_diff(void) {
    Suite *suite = suite_create("contract/contract_diff");
    TCase *tests = tcase_create("diff");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_change_breaks_whom_it_breaks, 0,
                        (int)(sizeof changes / sizeof changes[0]));
    tcase_add_loop_test(tests, versions_make_the_step_that_is_needed, 0,
                        (int)(sizeof versions / sizeof versions[0]));
    tcase_add_loop_test(tests, changes_that_break_must_be_named, 0,
                        (int)(sizeof acknowledged / sizeof acknowledged[0]));
    tcase_add_test(tests, all_changes_count_though_few_are_listed);
    tcase_add_test(tests, things_of_one_name_go_with_each_other_in_their_order);
    suite_add_tcase(suite, tests);
    return suite;
}

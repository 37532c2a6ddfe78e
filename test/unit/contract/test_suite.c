/* The columns that a contract promises, the checks that hold rows to it, and the list of what neither says. */
#include "table.h"
#include "help.h"

/* ---- columns ---- */

static const struct {
    const char *property; /* what follows its name; ' stands for " */
    const char *type;     /* as pln_schema_text says it; NULL: no column holds it, and `words` say why */
    const char *words;
} types[] = {
    {"'logicalType':'string'", "utf8", NULL},
    {"'logicalType':'string','required':true", "utf8 not null", NULL},
    {"'logicalType':'string','primaryKey':true", "utf8 not null", NULL},
    {"'logicalType':'date'", "date32", NULL},
    {"'logicalType':'time'", "time64(us)", NULL},
    {"'logicalType':'timestamp'", "timestamp(us, UTC)", NULL},
    {"'logicalType':'timestamp','logicalTypeOptions':{'defaultTimezone':'Europe/Berlin'}", "timestamp(us)", NULL},
    {"'logicalType':'timestamp','logicalTypeOptions':{'defaultTimezone':'Europe/Berlin','timezone':true}", "timestamp(us, UTC)", NULL},
    {"'logicalType':'boolean'", "bool", NULL},
    {"'logicalType':'integer'", "int64", NULL},
    {"'logicalType':'integer','physicalType':'smallint'", "int16", NULL},
    {"'logicalType':'integer','physicalType':'text'", "int64", NULL},
    {"'logicalType':'integer','physicalType':'smallint','logicalTypeOptions':{'format':'u32'}", "uint32", NULL},
    {"'logicalType':'number'", "float64", NULL},
    {"'logicalType':'number','logicalTypeOptions':{'format':'f32'}", "float32", NULL},
    {"'logicalType':'number','physicalType':'DECIMAL(10, 2)'", "decimal(10, 2)", NULL},
    {"'logicalType':'number','physicalType':'decimal(40,2)'", "float64", NULL},
    {"'logicalType':'number','physicalType':'bigint'", "int64", NULL},
    {"'physicalType':'varchar(18)'", "utf8", NULL},
    {"'logicalType':'object','properties':[{'name':'x','logicalType':'date'}]", "struct<x date32>", NULL},
    {"'logicalType':'array','items':{'logicalType':'integer','required':true}", "list<int64>", NULL},
    {"'logicalType':'object'", NULL, "an object without properties has no column type"},
    {"'logicalType':'array'", NULL, "an array without items has no column type"},
    {"'logicalType':'integer','logicalTypeOptions':{'format':'i128'}", NULL, "no column holds integers of 128 bits"},
    {"'physicalType':'geometry'", NULL, "neither a logicalType nor a known physicalType"}};

START_TEST(properties_are_columns) {
    char property[400], expected[200], *text;
    struct ArrowSchema columns;
    snprintf(property, sizeof property, "{'name':'ok','logicalType':'date'},{'name':'a',%s}",
             types[_i].property);
    pln_contract *contract = contract_of("1.0.0", property, "", "");
    pln_status status = pln_contract_schema(contract, "t", &columns, &err);
    if (types[_i].type == NULL) {
        ck_assert_int_eq(status, PLN_EUNSUPPORTED);
        ck_assert(columns.release == NULL);
        ck_assert_msg(strncmp(err.message, "contract, /schema/0/properties/1: ", 34) == 0 &&
                          strstr(err.message, types[_i].words) != NULL,
                      "%s", err.message);
    } else {
        ck_assert_msg(status == PLN_OK, "%s: %s", property, err.message);
        ck_assert_int_eq(pln_schema_text(rt, &columns, &text, &err), PLN_OK);
        snprintf(expected, sizeof expected, "ok date32, a %s", types[_i].type);
        ck_assert_str_eq(text, expected);
        pln_text_free(rt, text);
        columns.release(&columns);
    }
    pln_contract_free(contract);
}
END_TEST

START_TEST(an_avro_schema_of_the_same_columns) {
    pln_contract *contract = contract_of(
        "1.0.0",
        "{'name':'a','logicalType':'integer','required':true},{'name':'b','logicalType':'string'}",
        "", "");
    pln_avro_schema *schema;
    char *text;
    ck_assert_int_eq(pln_contract_avro_schema(contract, NULL, &schema, &err), PLN_OK);
    ck_assert_int_eq(pln_avro_schema_text(rt, schema, PLN_AVRO_CANONICAL, &text, &err), PLN_OK);
    ck_assert_str_eq(text, "{\"name\":\"t\",\"type\":\"record\",\"fields\":[{\"name\":\"a\","
                           "\"type\":\"long\"},{\"name\":\"b\",\"type\":[\"null\",\"string\"]}]}");
    pln_text_free(rt, text);
    pln_avro_schema_free(schema);
    pln_contract_free(contract);
}
END_TEST

START_TEST(an_object_that_is_not_there_is_named) {
    pln_contract *contract = contract_of("1.0.0", "{'name':'a'}", "},{'name':'orders'", "");
    char *suite, *left;
    int64_t size;
    ck_assert_int_eq(pln_contract_suite(contract, "order", &suite, &size, &left, &err), PLN_ENAME);
    ck_assert_str_eq(err.message, "contract: no object 'order' (did you mean 'orders'?)");
    ck_assert_int_eq(pln_contract_suite(contract, NULL, &suite, &size, &left, &err), PLN_ENAME);
    ck_assert_str_eq(err.message, "contract: it has 2 objects, name the one that is meant");
    pln_contract_free(contract);
}
END_TEST

START_TEST(columns_may_bear_their_physical_names) {
    char *text = contract_text(
        "1.0.0", "{'name':'a','physicalName':'A_1','logicalType':'date','required':true}",
        ",'physicalName':'T_1'", "");
    pln_contract *contract = parse_as(text, PLN_CONTRACT_PHYSICAL_NAMES);
    struct ArrowSchema columns;
    char *suite, *left;
    int64_t size;
    ck_assert_int_eq(pln_contract_schema(contract, "t", &columns, &err), PLN_OK);
    ck_assert_str_eq(columns.children[0]->name, "A_1");
    columns.release(&columns);
    ck_assert_int_eq(pln_contract_suite(contract, "t", &suite, &size, &left, &err), PLN_OK);
    ck_assert_ptr_nonnull(strstr(suite, "{\"name\":\"T_1\",\"checks\":["));
    ck_assert_ptr_nonnull(strstr(suite, "\"id\":\"A_1.required\",\"column\":\"A_1\""));
    pln_text_free(rt, suite);
    pln_text_free(rt, left);
    pln_contract_free(contract);
    free(text);
}
END_TEST

/* ---- checks ---- */

/* The list of checks, or of what is left, one a line without what is the same in all; ' for ". To be freed. */
static char *lines_of(const char *text, const char *member) {
    json_t *all = json_loads(text, 0, NULL), *item;
    const json_t *list = member == NULL ? all : json_object_get(all, member);
    char *out = calloc(1, 20000);
    size_t i;
    ck_assert_msg(all != NULL, "%s", text);
    json_array_foreach((json_t *)(uintptr_t)list, i, item) {
        const char *id = json_string_value(json_object_get(item, "id")),
                   *tail = id == NULL ? "" : strrchr(id, '.');
        if (strcmp(tail, ".exists") == 0)
            continue;
        const char *severity = json_string_value(json_object_get(item, "severity"));
        if (severity != NULL && strcmp(severity, "error") == 0)
            json_object_del(item, "severity");
        json_object_del(item, "meta");
        char *line = json_dumps(item, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
        ck_assert_uint_lt(strlen(out) + strlen(line) + 2, 20000);
        strcat(strcat(out, line), "\n");
        free(line);
    }
    json_decref(all);
    for (char *p = out; *p != '\0'; p++)
        if (*p == '"')
            *p = '\'';
    return out;
}

static const struct {
    const char *property, *object, *top; /* ' stands for " */
    const char *checks, *left;
} suites[] = {
    {"{'name':'a','required':true,'unique':true}", "", "",
     "{'check':'not_null','id':'a.required','column':'a'}\n{'check':'unique','id':'a.unique','column':'a'}\n", ""},
    {"{'name':'a','primaryKey':true,'primaryKeyPosition':2},{'name':'b','primaryKey':true,'primaryKeyPosition':1},{'name':'c','primaryKey':true}", "", "",
     "{'check':'primary_key','id':'$.primaryKey','columns':['b','a','c']}\n", ""},
    {"{'name':'a','logicalType':'string','logicalTypeOptions':{'minLength':1,'maxLength':9,'pattern':'^A','format':'email'}}", "", "",
     "{'check':'length','id':'a.minLength','column':'a','min':1,'unit':'chars'}\n{'check':'length','id':'a.maxLength','column':'a','max':9,'unit':'chars'}\n"
     "{'check':'matches','id':'a.pattern','column':'a','pattern':'^A'}\n{'check':'format','id':'a.format','column':'a','format':'email'}\n", ""},
    {"{'name':'a','logicalType':'string','logicalTypeOptions':{'format':'password'}}", "", "", "",
     "{'pointer':'/schema/0/properties/0/logicalTypeOptions/format','rule':'format','reason':'no check knows the format \\'password\\''}\n"},
    {"{'name':'a','logicalType':'number','logicalTypeOptions':{'minimum':0,'exclusiveMaximum':1e3,'multipleOf':0.5}}", "", "",
     "{'check':'at_least','id':'a.minimum','column':'a','value':0}\n{'check':'less_than','id':'a.exclusiveMaximum','column':'a','value':1000.0}\n",
     "{'pointer':'/schema/0/properties/0/logicalTypeOptions/multipleOf','rule':'multipleOf','reason':'remainders are exact for integers alone'}\n"},
    {"{'name':'a b','logicalType':'integer','logicalTypeOptions':{'multipleOf':5,'format':'i16'}}", "", "",
     "{'check':'expression','id':'a b.multipleOf','expression':'\\'a b\\' % 5 = 0'}\n", ""},
    {"{'name':'a','logicalType':'integer','logicalTypeOptions':{'maximum':18446744073709551615},"
     "'quality':[{'metric':'invalidValues','mustBe':0,'arguments':{'validValues':[[1]]}}]}", "", "",
     "{'check':'at_most','id':'a.maximum','column':'a','value':1.84467440737096e19}\n",
     "{'pointer':'/schema/0/properties/0/quality/0','rule':'quality.0','reason':'it names no property, or neither a list of validValues nor a pattern'}\n"},
    {"{'name':'a','logicalType':'date','logicalTypeOptions':{'maximum':'2025-01-01','format':'dd.MM.yyyy'}}", "", "",
     "{'check':'at_most','id':'a.maximum','column':'a','value':'2025-01-01'}\n",
     "{'pointer':'/schema/0/properties/0/logicalTypeOptions/format','rule':'format','reason':'values written as \\'dd.MM.yyyy\\' must be converted before they are checked'}\n"},
    {"{'name':'a','logicalType':'array','logicalTypeOptions':{'minItems':1},'items':{'required':true,'unique':true}}", "", "", "",
     "{'pointer':'/schema/0/properties/0/logicalTypeOptions/minItems','rule':'minItems','reason':'no check looks into arrays and objects'}\n"
     "{'pointer':'/schema/0/properties/0/items/required','rule':'required','reason':'no check reaches a property inside of another'}\n"
     "{'pointer':'/schema/0/properties/0/items/unique','rule':'unique','reason':'no check reaches a property inside of another'}\n"},
    {"{'name':'a','relationships':[{'to':'b.c'}]}", ",'relationships':[{'from':['t.a','t.x'],'to':['b.c','b.d']},{'from':'x.a','to':'b.c'}]", "",
     "{'check':'relationships','id':'a.relationships.0','column':'a','to':'b','field':'c'}\n"
     "{'check':'relationships','id':'$.relationships.0','columns':['a','x'],'to':'b','fields':['c','d']}\n",
     "{'pointer':'/schema/0/relationships/1','rule':'relationships','reason':'\\'from\\' names no columns of this object'}\n"},
    {"{'name':'a','id':'ai','relationships':[{'to':'schema/ti/properties/ai'},{'to':'https://x/y.yaml#schema/t/properties/a'}]}", ",'id':'ti'", "",
     "{'check':'relationships','id':'a.relationships.0','column':'a','to':'t','field':'a'}\n",
     "{'pointer':'/schema/0/properties/0/relationships/1','rule':'relationships','reason':'\\'to\\' cannot be followed from here'}\n"},
    /* thresholds */
    {"{'name':'a','quality':[{'metric':'nullValues','mustBe':0,'severity':'warning','description':'d'},{'metric':'nullValues','mustBeLessThan':10},"
     "{'metric':'nullValues','mustBeLessOrEqualTo':2.5,'unit':'percent'},{'metric':'nullValues','mustBeLessThan':1,'unit':'percent','id':'x'}]}", "", "",
     "{'check':'not_null','id':'a.quality.0','column':'a','severity':'warn','description':'d'}\n{'check':'not_null','id':'a.quality.1','column':'a','error_if':'>=10'}\n"
     "{'check':'not_null','id':'a.quality.2','column':'a','error_if':'>2.5%'}\n{'check':'not_null','id':'a.quality.x','column':'a','error_if':'>=1%'}\n", ""},
    {"{'name':'a','quality':[{'metric':'nullValues','mustBeGreaterThan':3},{'metric':'nullValues','mustNotBe':5},{'metric':'nullValues','mustBeGreaterOrEqualTo':0.5,'unit':'percent'},"
     "{'metric':'nullValues','mustBe':2,'severity':'info'},{'metric':'nullValues','mustNotBeBetween':[1,2]},{'metric':'nullValues','mustBeLessThan':0},"
     "{'metric':'nullValues','mustBeBetween':[1,2]},{'metric':'nullValues','mustBeGreaterThan':-1},{'metric':'nullValues','mustBeLessThan':1e30}]}", "", "",
     "{'check':'not_null','id':'a.quality.0','column':'a','error_if':'<=3'}\n{'check':'not_null','id':'a.quality.1','column':'a','error_if':'=5'}\n"
     "{'check':'not_null','id':'a.quality.2','column':'a','error_if':'<0.5%'}\n{'check':'not_null','id':'a.quality.3','column':'a','warn_if':'!=2','severity':'info'}\n"
     "{'check':'not_null','id':'a.quality.4','column':'a','error_if':'between 1 and 2'}\n",
     "{'pointer':'/schema/0/properties/0/quality/5','rule':'quality.5','reason':'no number of rows is in that range'}\n"
     "{'pointer':'/schema/0/properties/0/quality/6','rule':'quality.6','reason':'rows that fail can be held to one end of a range alone'}\n"
     "{'pointer':'/schema/0/properties/0/quality/7','rule':'quality.7','reason':'a number of rows is not below 0'}\n"
     "{'pointer':'/schema/0/properties/0/quality/8','rule':'quality.8','reason':'the number is too large or too small'}\n"},
    {"{'name':'a','quality':[{'metric':'missingValues','mustBe':0,'arguments':{'missingValues':['',null,'n/a']}},"
     "{'metric':'invalidValues','mustBe':0,'arguments':{'validValues':['x',null]}},{'metric':'invalidValues','mustBeBetween':[0,5],'arguments':{'pattern':'^x'}},"
     "{'metric':'invalidValues','mustBe':0,'arguments':{'validValues':[1],'pattern':'1'}},{'metric':'invalidValues','mustBe':0}]}", "", "",
     "{'check':'missing_values','id':'a.quality.0','column':'a','values':['','n/a']}\n{'check':'in_set','id':'a.quality.1','column':'a','values':['x']}\n"
     "{'check':'matches','id':'a.quality.2','column':'a','pattern':'^x','error_if':'>5'}\n"
     "{'check':'all_of','id':'a.quality.3','checks':[{'check':'in_set','column':'a','values':[1]},{'check':'matches','column':'a','pattern':'1'}]}\n",
     "{'pointer':'/schema/0/properties/0/quality/4','rule':'quality.4','reason':'it names no property, or neither a list of validValues nor a pattern'}\n"},
    {"{'name':'a','quality':[{'metric':'duplicateValues','mustBe':0},{'metric':'duplicateValues','mustBeLessThan':3},"
     "{'metric':'duplicateValues','mustBeLessThan':5,'unit':'percent'},{'metric':'duplicateValues','mustBeLessOrEqualTo':5,'unit':'percent'}]}",
     ",'quality':[{'metric':'duplicateValues','mustBe':0,'arguments':{'properties':['a','b']}},{'metric':'duplicateValues','mustBe':0}]", "",
     "{'check':'unique','id':'a.quality.0','column':'a'}\n{'check':'duplicate_count','id':'a.quality.1','column':'a','max':2}\n"
     "{'check':'duplicate_proportion','id':'a.quality.3','column':'a','max':0.05}\n{'check':'unique','id':'$.quality.0','columns':['a','b']}\n",
     "{'pointer':'/schema/0/properties/0/quality/2','rule':'quality.2','reason':'a percentage of values is held to a range that has both its ends'}\n"
     "{'pointer':'/schema/0/quality/1','rule':'quality.1','reason':'it names no properties'}\n"},
    {"{'name':'a','quality':[{'metric':'rowCount','mustBe':1}]}",
     ",'quality':[{'metric':'rowCount','mustBeGreaterThan':0},{'metric':'rowCount','mustBeBetween':[1.5,9]},{'metric':'rowCount','mustNotBe':7},"
     "{'metric':'rowCount','mustNotBeBetween':[2,3]},{'metric':'rowCount','mustBe':4},{'metric':'rowCount','mustBeGreaterOrEqualTo':0}]", "",
     "{'check':'row_count','id':'$.quality.0','min':1}\n{'check':'row_count','id':'$.quality.1','min':2,'max':9}\n"
     "{'check':'row_count','id':'$.quality.4','equals':4}\n",
     "{'pointer':'/schema/0/properties/0/quality/0','rule':'quality.0','reason':'rowCount is of an object, not of a property'}\n"
     "{'pointer':'/schema/0/quality/2','rule':'quality.2','reason':'a count is held to a range, not kept out of one'}\n"
     "{'pointer':'/schema/0/quality/3','rule':'quality.3','reason':'a count is held to a range, not kept out of one'}\n"
     "{'pointer':'/schema/0/quality/5','rule':'quality.5','reason':'it holds for every count'}\n"},
    {"{'name':'a b','quality':[{'type':'sql','query':'SELECT count(*) FROM ${object} WHERE {property} > 1; ','mustBeLessThan':5},{'type':'text'},"
     "{'type':'custom','engine':'soda','implementation':'x'}]}", ",'quality':[{'type':'sql','query':'SELECT 1','mustBe':'it'},{'type':'sql','query':'SELECT 1','mustNotBeBetween':[1,2]}]", "",
     "{'check':'sql','id':'a b.quality.0','query':'SELECT value FROM (SELECT (\\nSELECT count(*) FROM t WHERE \\'a b\\' > 1\\n) AS value) AS metric WHERE ((value < 5)) IS NOT TRUE'}\n"
     "{'check':'sql','id':'$.quality.0','query':'SELECT value FROM (SELECT (\\nSELECT 1\\n) AS value) AS metric WHERE ((value = 'it')) IS NOT TRUE'}\n"
     "{'check':'sql','id':'$.quality.1','query':'SELECT value FROM (SELECT (\\nSELECT 1\\n) AS value) AS metric WHERE (NOT (value >= 1 AND value <= 2)) IS NOT TRUE'}\n",
     "{'pointer':'/schema/0/properties/0/quality/1','rule':'quality.1','reason':'a rule in words is for people'}\n"
     "{'pointer':'/schema/0/properties/0/quality/2','rule':'quality.2','reason':'a rule of another engine, soda'}\n"},
    /* service levels */
    {"{'name':'a'},{'name':'b'}", "",
     ",'slaProperties':[{'property':'latency','value':2,'unit':'h','element':'t.a'},{'property':'frequency','value':1,'unit':'d','element':'t.a'},"
     "{'property':'frequency','value':90,'unit':'min','element':'t.b'},{'property':'latency','value':1,'unit':'moons','element':'t.b'},"
     "{'property':'latency','value':1,'unit':'d','element':'t.c'},{'property':'latency','value':1,'unit':'d'},{'property':'retention','value':1}]",
     "{'check':'freshness','id':'a.freshness','column':'a','error_after':'1d2h'}\n{'check':'freshness','id':'b.freshness','column':'b','error_after':'1h30m'}\n",
     "{'pointer':'/slaProperties/3','rule':'slaProperties','reason':'its value and unit are no duration'}\n"
     "{'pointer':'/slaProperties/4','rule':'slaProperties','reason':'there is no property \\'c\\''}\n"
     "{'pointer':'/slaProperties/5','rule':'slaProperties','reason':'its element is no property of the schema'}\n"
     "{'pointer':'/slaProperties/6','rule':'slaProperties','reason':'no check of rows can tell \\'retention\\''}\n"}};

/* What both sides have as an apostrophe may have been written as \'. */
static char *plain(const char *text) {
    char *out = malloc(strlen(text) + 1), *to = out;
    for (const char *p = text; *p != '\0'; p++)
        if (!(p[0] == '\\' && p[1] == '\''))
            *to++ = *p;
    *to = '\0';
    return out;
}

static void same_lines(char *lines, const char *expected) {
    char *got = plain(lines), *wanted = plain(expected);
    ck_assert_str_eq(got, wanted);
    free(got);
    free(wanted);
    free(lines);
}

START_TEST(each_rule_is_a_check_or_is_left) {
    char *text = contract_text("1.0.0", suites[_i].property, suites[_i].object, suites[_i].top);
    pln_contract *contract = parse_as(text, PLN_CONTRACT_SQL_CHECKS);
    pln_suite *loaded = NULL;
    char *suite, *left;
    int64_t size;
    ck_assert_int_eq(pln_contract_suite(contract, NULL, &suite, &size, &left, &err), PLN_OK);
    ck_assert_int_eq(size, (int64_t)strlen(suite));
    same_lines(lines_of(suite, "checks"), suites[_i].checks);
    same_lines(lines_of(left, NULL), suites[_i].left);
    pln_status status =
        strstr(suite, "\"sql\"") != NULL ? PLN_OK : pln_suite_new(rt, suite, NULL, &loaded, &err);
    ck_assert_msg(status == PLN_OK, "%s: %s", suite, err.message);
    pln_suite_free(loaded);
    pln_text_free(rt, suite);
    pln_text_free(rt, left);
    pln_contract_free(contract);
    free(text);
}
END_TEST

static const char checks_302[] =
    "{\"apiVersion\":\"v3.0.2\",\"kind\":\"DataContract\",\"id\":\"c\",\"status\":\"active\","
    "\"version\":\"1\",\"schema\":[{\"name\":\"t\",\"properties\":"
    "[{\"name\":\"a\",\"logicalType\":\"integer\",\"logicalTypeOptions\":{\"minimum\":1,"
    "\"exclusiveMinimum\":true,\"exclusiveMaximum\":true},"
    "\"quality\":[{\"rule\":\"duplicateCount\",\"mustBeLessThan\":2},{\"rule\":\"mystery\","
    "\"mustBe\":1},{\"rule\":\"nullCheck\",\"mustBe\":0,\"mustNotBe\":1},{\"type\":\"sql\","
    "\"query\":\"q\",\"mustBe\":0}]}]}]}";

START_TEST(rules_of_3_0_2) {
    pln_contract *contract = parse(checks_302);
    char *suite, *left, *lines;
    int64_t size;
    ck_assert_int_eq(pln_contract_suite(contract, "t", &suite, &size, &left, &err), PLN_OK);
    lines = lines_of(suite, "checks");
    ck_assert_str_eq(lines, "{'check':'greater_than','id':'a.minimum','column':'a','value':1}\n{'"
                            "check':'duplicate_count','id':'a.quality.0','column':'a','max':1}\n");
    free(lines);
    ck_assert_ptr_nonnull(strstr(left, "/exclusiveMaximum\""));
    ck_assert_ptr_nonnull(strstr(left, "no check knows the metric 'mystery'"));
    ck_assert_ptr_nonnull(strstr(left, "it has more than one operator"));
    ck_assert_ptr_nonnull(strstr(left, "a query needs a database"));
    pln_text_free(rt, suite);
    pln_text_free(rt, left);
    pln_contract_free(contract);
}
END_TEST

START_TEST(the_suite_of_the_quickstart) {
    char *text = file_text("examples/orders.contract.yaml"), *suite, *left, *lines;
    int64_t size;
    struct ArrowSchema columns;
    if (!pln_contract_has_yaml())
        TEST_SKIP("built without libyaml");
    pln_contract *contract = parse(text);
    ck_assert_int_eq(pln_contract_schema(contract, NULL, &columns, &err), PLN_OK);
    ck_assert_int_eq(columns.n_children, 3);
    columns.release(&columns);
    ck_assert_int_eq(pln_contract_suite(contract, "orders", &suite, &size, &left, &err), PLN_OK);
    lines = lines_of(suite, "checks");
    ck_assert_str_eq(
        lines,
        "{'check':'not_null','id':'order_id.required','column':'order_id'}\n{'check':'at_least','"
        "id':'order_id.minimum','column':'order_id','value':1}\n"
        "{'check':'length','id':'customer.minLength','column':'customer','min':1,'unit':'chars'}\n{"
        "'check':'length','id':'customer.maxLength','column':'customer','max':64,'unit':'chars'}\n"
        "{'check':'not_null','id':'customer.quality.customers-are-known','column':'customer','warn_"
        "if':'>=10%','severity':'warn','description':'Nine orders in ten say who made them.'}\n"
        "{'check':'not_null','id':'amount.required','column':'amount'}\n{'check':'greater_than','"
        "id':'amount.exclusiveMinimum','column':'amount','value':0}\n"
        "{'check':'primary_key','id':'$.primaryKey','columns':['order_id']}\n{'check':'row_count','"
        "id':'$.quality.there-are-orders','min':1}\n");
    free(lines);
    lines = lines_of(left, NULL);
    ck_assert_str_eq(lines,
                     "{'pointer':'/schema/0/quality/1','rule':'quality.reviewed','reason':'a rule "
                     "in words is for people'}\n"
                     "{'pointer':'/slaProperties/0','rule':'slaProperties','reason':'no check of "
                     "rows can tell 'retention''}\n");
    free(lines);
    pln_text_free(rt, suite);
    pln_text_free(rt, left);
    pln_contract_free(contract);
    free(text);
}
END_TEST

/* ---- rows ---- */

START_TEST(rows_are_held_to_the_contract) {
    static const char *const wrong[] = {"id.unique", "amount.minimum", "state.quality.0",
                                        "day.exclusiveMaximum", "$.quality.0"};
    pln_contract *contract = contract_of(
        "1.0.0",
        "{'name':'id','logicalType':'integer','required':true,'unique':true,'logicalTypeOptions':{'"
        "multipleOf':2}},"
        "{'name':'amount','logicalType':'number','logicalTypeOptions':{'minimum':0,'maximum':100}},"
        "{'name':'state','logicalType':'string','logicalTypeOptions':{'minLength':1,'maxLength':9},"
        "'quality':[{'metric':'invalidValues','mustBeLessThan':2,'arguments':"
        "{'validValues':['new','paid']}},{'metric':'nullValues','mustBeLessOrEqualTo':50,'unit':'"
        "percent'}]},"
        "{'name':'day','logicalType':'date','logicalTypeOptions':{'exclusiveMaximum':'2025-01-01'}"
        "}",
        ",'quality':[{'metric':'rowCount','mustBeGreaterThan':4}]", "");
    struct ArrowSchema columns;
    char *text, *left;
    int64_t size;
    pln_suite *suite;
    pln_validation *validation;
    ck_assert_int_eq(pln_contract_schema(contract, "t", &columns, &err), PLN_OK);
    ck_assert_int_eq(pln_contract_suite(contract, "t", &text, &size, &left, &err), PLN_OK);
    ck_assert_str_eq(left, "[]");
    ck_assert_msg(pln_suite_new(rt, text, NULL, &suite, &err) == PLN_OK, "%s", err.message);
    table rows = table_of("id int64 not null, amount float64, state utf8, day date32",
                          "{\"id\":2,\"amount\":-1,\"state\":\"new\",\"day\":\"2025-01-01\"}\n{"
                          "\"id\":2,\"amount\":5,\"state\":\"x\"}\n"
                          "{\"id\":4,\"state\":\"y\",\"day\":\"2024-12-31\"}\n{\"id\":6,\"amount\":"
                          "100,\"state\":null}\n");
    ck_assert_int_eq(pln_validation_new(suite, &columns, NULL, &validation, &err), PLN_OK);
    ck_assert_msg(pln_validation_add(validation, &rows.rows, &err) == PLN_OK, "%s", err.message);
    for (int32_t i = 0; i < pln_suite_count(suite); i++) {
        pln_check check = {.struct_size = sizeof check};
        pln_check_result result = {.struct_size = sizeof result};
        bool expected = true;
        ck_assert(pln_suite_check(suite, i, &check));
        ck_assert_int_eq(pln_validation_check(validation, i, &result, &err), PLN_OK);
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++)
            expected = expected && strcmp(wrong[k], check.id) != 0;
        ck_assert_msg((result.status == PLN_CHECK_PASSED) == expected, "%s: %s", check.id,
                      result.message);
    }
    pln_validation_free(validation);
    pln_suite_free(suite);
    table_free(&rows);
    columns.release(&columns);
    pln_text_free(rt, text);
    pln_text_free(rt, left);
    pln_contract_free(contract);
}
END_TEST

Suite *suite_contract_suite(void);
Suite *suite_contract_suite(void) {
    Suite *suite = suite_create("contract/suite");
    TCase *tests = tcase_create("suite");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, properties_are_columns, 0, (int)(sizeof types / sizeof types[0]));
    tcase_add_test(tests, an_avro_schema_of_the_same_columns);
    tcase_add_test(tests, an_object_that_is_not_there_is_named);
    tcase_add_test(tests, columns_may_bear_their_physical_names);
    tcase_add_loop_test(tests, each_rule_is_a_check_or_is_left, 0,
                        (int)(sizeof suites / sizeof suites[0]));
    tcase_add_test(tests, rules_of_3_0_2);
    tcase_add_test(tests, rows_are_held_to_the_contract);
    tcase_add_test(tests, the_suite_of_the_quickstart);
    suite_add_tcase(suite, tests);
    return suite;
}

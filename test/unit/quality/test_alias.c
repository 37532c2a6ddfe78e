/* Checks in the words of Great Expectations, dbt, dbt_utils and dbt_expectations are the checks of this library that are told beside them. ' stands for ". */
#include "suite_help.h"

static const char *const pairs[][2] = {
    {"'expect_column_to_exist','column':'a','column_index':1", "'column_exists','column':'a','index':1"},
    {"'expect_table_columns_to_match_set','column_set':['a'],'exact_match':false", "'columns_match','columns':['a'],'exact':false"},
    {"'expect_table_columns_to_match_ordered_list','column_list':['a']", "'columns_match','columns':['a'],'ordered':true"},
    {"'dbt_expectations.expect_table_columns_to_contain_set','column_list':['a']", "'columns_match','columns':['a'],'exact':false"},
    {"'expect_table_column_count_to_equal','value':3", "'column_count','equals':3"},
    {"'expect_table_column_count_to_be_between','min_value':1,'max_value':3", "'column_count','min':1,'max':3"},
    {"'expect_column_values_to_be_of_type','column':'a','type_':'int64'", "'column_type','column':'a','type':'int64'"},
    {"'dbt_expectations.expect_column_values_to_be_of_type','column':'a','column_type':'date'", "'column_type','column':'a','type':'date'"},
    {"'expect_column_values_to_be_in_type_list','column':'a','type_list':['int64']", "'column_type','column':'a','types':['int64']"},
    {"'expect_column_values_to_not_be_null','column':'a','mostly':0.9", "'not_null','column':'a','mostly':0.9"},
    {"'expect_column_values_to_be_null','column':'a','row_condition':'b > 1'", "'null','column':'a','where':'b > 1'"},
    {"'expect_column_values_to_be_unique','column':'a'", "'unique','column':'a'"},
    {"'expect_compound_columns_to_be_unique','column_list':['a','b'],'ignore_row_if':'any_value_is_missing'", "'unique','columns':['a','b'],'ignore_row_if':'any_missing'"},
    {"'expect_compound_columns_to_be_unique','column_list':['a','b'],'ignore_row_if':'all_values_are_missing'", "'unique','columns':['a','b'],'ignore_row_if':'all_missing'"},
    {"'expect_select_column_values_to_be_unique_within_record','column_list':['a','b']", "'unique_within_row','columns':['a','b']"},
    {"'expect_column_values_to_be_between','column':'a','min_value':0,'max_value':9,'strict_max':true,'mostly':0.5", "'between','column':'a','min':0,'max':9,'strict_max':true,'mostly':0.5"},
    {"'ExpectColumnValuesToBeBetween','column':'a','min_value':0", "'between','column':'a','min':0"},
    {"'expect_column_value_lengths_to_be_between','column':'t','min_value':1,'max_value':3", "'length','column':'t','min':1,'max':3"},
    {"'expect_column_value_lengths_to_equal','column':'t','value':3", "'length','column':'t','equals':3"},
    {"'expect_column_values_to_be_in_set','column':'a','value_set':[1,2]", "'in_set','column':'a','values':[1,2]"},
    {"'expect_column_values_to_not_be_in_set','column':'a','value_set':[1,2]", "'not_in_set','column':'a','values':[1,2]"},
    {"'expect_column_distinct_values_to_be_in_set','column':'a','value_set':[1]", "'distinct_in_set','column':'a','values':[1]"},
    {"'expect_column_distinct_values_to_contain_set','column':'a','value_set':[1]", "'distinct_contains_set','column':'a','values':[1]"},
    {"'expect_column_distinct_values_to_equal_set','column':'a','value_set':[1]", "'distinct_equals_set','column':'a','values':[1]"},
    {"'expect_column_most_common_value_to_be_in_set','column':'a','value_set':[1],'ties_okay':true", "'most_common_in_set','column':'a','values':[1],'ties_okay':true"},
    {"'expect_column_values_to_match_regex','column':'t','regex':'^a','flags':'i'", "'matches','column':'t','pattern':'^a','flags':'i'"},
    {"'expect_column_values_to_not_match_regex','column':'t','regex':'^a'", "'not_matches','column':'t','pattern':'^a'"},
    {"'expect_column_values_to_match_regex_list','column':'t','regex_list':['a']", "'matches_any','column':'t','patterns':['a']"},
    {"'expect_column_values_to_match_regex_list','column':'t','regex_list':['a'],'match_on':'any'", "'matches_any','column':'t','patterns':['a']"},
    {"'expect_column_values_to_match_regex_list','column':'t','regex_list':['a'],'match_on':'all'", "'matches_all','column':'t','patterns':['a']"},
    {"'expect_column_values_to_not_match_regex_list','column':'t','regex_list':['a']", "'matches_none','column':'t','patterns':['a']"},
    {"'expect_column_values_to_match_like_pattern','column':'t','like_pattern':'a%'", "'like','column':'t','pattern':'a%'"},
    {"'expect_column_values_to_not_match_like_pattern','column':'t','like_pattern':'a%'", "'not_like','column':'t','pattern':'a%'"},
    {"'expect_column_values_to_be_json_parseable','column':'t'", "'format','column':'t','format':'json'"},
    {"'expect_column_values_to_match_json_schema','column':'t','json_schema':{'type':'object'}", "'json_schema','column':'t','schema':{'type':'object'}"},
    {"'expect_column_values_to_be_increasing','column':'a','strictly':true", "'monotonic','column':'a','strictly':true"},
    {"'expect_column_values_to_be_decreasing','column':'a','group_by':['b']", "'monotonic','column':'a','direction':'decreasing','group_by':['b']"},
    {"'expect_column_unique_value_count_to_be_between','column':'a','min_value':1,'max_value':2", "'distinct_count','column':'a','min':1,'max':2"},
    {"'dbt_expectations.expect_column_distinct_count_to_equal','column':'a','value':2", "'distinct_count','column':'a','equals':2"},
    {"'expect_column_proportion_of_unique_values_to_be_between','column':'a','min_value':0.5", "'distinct_proportion','column':'a','min':0.5"},
    {"'expect_column_min_to_be_between','column':'a','min_value':1", "'column_min','column':'a','min':1"},
    {"'expect_column_max_to_be_between','column':'a','max_value':1,'strict_max':true", "'column_max','column':'a','max':1,'strict_max':true"},
    {"'expect_column_mean_to_be_between','column':'a','min_value':1", "'column_mean','column':'a','min':1"},
    {"'expect_column_sum_to_be_between','column':'a','min_value':1", "'column_sum','column':'a','min':1"},
    {"'expect_column_stdev_to_be_between','column':'a','min_value':1", "'column_stdev','column':'a','min':1"},
    {"'expect_column_median_to_be_between','column':'a','min_value':1,'group_by':['b']", "'column_median','column':'a','min':1,'group_by':['b']"},
    {"'expect_column_quantile_values_to_be_between','column':'a','quantile_ranges':{'quantiles':[0.9],'value_ranges':[[null,5]]}", "'column_quantile','column':'a','quantile':0.9,'max':5"},
    {"'dbt_expectations.expect_column_quantile_values_to_be_between','column':'a','quantile':0.9,'min_value':5", "'column_quantile','column':'a','quantile':0.9,'min':5"},
    {"'expect_column_pair_values_to_be_equal','column_A':'a','column_B':'b','ignore_row_if':'both_values_are_missing'", "'pair_equal','a':'a','b':'b','ignore_row_if':'all_missing'"},
    {"'ExpectColumnPairValuesAToBeGreaterThanB','column_A':'a','column_B':'b','or_equal':true,'ignore_row_if':'either_value_is_missing'", "'pair_greater','a':'a','b':'b','or_equal':true,'ignore_row_if':'any_missing'"},
    {"'expect_column_pair_values_a_to_be_greater_than_b','column_A':'a','column_B':'b'", "'pair_greater','a':'a','b':'b'"},
    {"'expect_column_pair_values_to_be_in_set','column_A':'a','column_B':'b','value_pairs_set':[[1,2]]", "'pair_in_set','a':'a','b':'b','pairs':[[1,2]]"},
    {"'expect_multicolumn_sum_to_equal','column_list':['a','b'],'sum_total':3", "'sum_equals','columns':['a','b'],'total':3"},
    {"'expect_table_row_count_to_equal','value':3", "'row_count','equals':3"},
    {"'expect_table_row_count_to_be_between','min_value':1,'max_value':3,'notes':'few'", "'row_count','min':1,'max':3,'description':'few'"},
    {"'expect_table_row_count_to_equal_other_table','other_table_name':'r'", "'row_count_match','to':'r'"},
    {"'dbt_expectations.expect_table_row_count_to_equal_other_table','compare_model':'r','factor':2", "'row_count_match','to':'r','factor':2"},
    {"'dbt_expectations.expect_table_aggregation_to_equal_other_table','expression':'sum(a)','compare_model':'r','compare_expression':'max(id)','tolerance':1", "'aggregate_match','expression':'sum(a)','to':'r','to_expression':'max(id)','tolerance':1"},
    {"'dbt_expectations.expect_row_values_to_have_recent_data','column':'at','datepart':'day','interval':2", "'freshness','column':'at','error_after':'2d'"},
    {"'unexpected_rows_expectation','unexpected_rows_query':'select * from {batch} where a < 0 or {batch}.b'", "'sql','query':'select * from rows where a < 0 or rows.b'"},
    {"'UnexpectedRowsExpectation','unexpected_rows_query':'select 1 from {batch}'", "'sql','query':'select 1 from rows'"},
    {"'accepted_values','column':'a','values':[1]", "'in_set','column':'a','values':[1]"},
    {"'dbt_utils.accepted_range','column':'a','min_value':0,'inclusive':false", "'between','column':'a','min':0,'strict_min':true,'strict_max':true"},
    {"'dbt_utils.accepted_range','column':'a','max_value':0,'inclusive':true", "'between','column':'a','max':0,'strict_min':false,'strict_max':false"},
    {"'dbt_utils.not_accepted_values','column':'a','values':[1]", "'not_in_set','column':'a','values':[1]"},
    {"'dbt_utils.not_null_proportion','column':'a','at_least':0.5,'at_most':0.9", "'completeness','column':'a','min':0.5,'max':0.9"},
    {"'dbt_utils.at_least_one','column':'a','group_by_columns':['b']", "'distinct_count','column':'a','min':1,'group_by':['b']"},
    {"'dbt_utils.not_empty_string','column':'t','trim_whitespace':false", "'not_empty','column':'t','trim':false"},
    {"'dbt_utils.not_constant','column':'a','group_by_columns':['b']", "'not_constant','column':'a','group_by':['b']"},
    {"'dbt_utils.unique_combination_of_columns','combination_of_columns':['a','b']", "'unique','columns':['a','b']"},
    {"'dbt_utils.expression_is_true','expression':'a > 0'", "'expression','expression':'a > 0'"},
    {"'dbt_utils.relationships_where','column':'a','to':'r','field':'id','from_condition':'b > 0','to_condition':'id > 1'", "'relationships','column':'a','to':'r','field':'id','where':'b > 0','to_condition':'id > 1'"},
    {"'dbt_utils.equal_rowcount','compare_model':'r'", "'row_count_match','to':'r'"},
    {"'dbt_utils.fewer_rows_than','compare_model':'r'", "'row_count_match','to':'r','max':1,'strict_max':true"},
    {"'dbt_utils.recency','field':'at','datepart':'hour','interval':3", "'freshness','column':'at','error_after':'3h'"},
    {"'dbt_utils.sequential_values','column':'a','interval':5", "'monotonic','column':'a','step':5"},
    {"'dbt_utils.sequential_values','column':'at','interval':2,'datepart':'week'", "'monotonic','column':'at','step':'14d'"},
};

static pln_status made(const char *members, const char *member, pln_suite **out) {
    char json[1000];
    snprintf(json, sizeof json, "{\"checks\":[{\"%s\":%s}]}", member, members);
    for (char *at = json; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    return pln_suite_new(NULL, json, NULL, out, &err);
}

START_TEST(names_are_known) {
    pln_suite *theirs = NULL, *ours = NULL;
    pln_check a = {.struct_size = sizeof a}, b = a;
    pln_status status = made(pairs[_i][0], "check", &theirs);
    ck_assert_msg(status == PLN_OK, "%s: %s", pairs[_i][0], err.message);
    status = made(pairs[_i][1], "check", &ours);
    ck_assert_msg(status == PLN_OK, "%s: %s", pairs[_i][1], err.message);
    ck_assert_int_eq(pln_suite_check(theirs, 0, &a) + pln_suite_check(ours, 0, &b), 2);
    ck_assert_str_eq(a.json, b.json);
    ck_assert_str_eq(a.kind, b.kind);
    pln_suite_free(theirs);
    pln_suite_free(ours);
}
END_TEST

/* As suites of Great Expectations hold them. */
START_TEST(an_expectation_is_flattened) {
    static const char *const names[] = {"type", "expectation_type"};
    for (int i = 0; i < 2; i++) {
        pln_suite *suite = NULL, *ours = NULL;
        pln_check a = {.struct_size = sizeof a}, b = a;
        MUST(made("'expect_column_values_to_be_between','kwargs':{'column':'a','min_value':0,'"
                  "mostly':0.9},'meta':{'x':1}",
                  names[i], &suite));
        MUST(made("'between','column':'a','min':0,'mostly':0.9,'meta':{'x':1}", "check", &ours));
        ck_assert_int_eq(pln_suite_check(suite, 0, &a) + pln_suite_check(ours, 0, &b), 2);
        ck_assert_str_eq(a.json, b.json);
        pln_suite_free(suite);
        pln_suite_free(ours);
    }
}
END_TEST

static const struct {
    const char *members, *words;
} wrong[] = {
    {"'expect_column_values_to_be_between','column':'a','min_vale':1", "checks[0]: expect_column_values_to_be_between: no such parameter: 'min_vale' (did you mean 'min_value'?)"},
    {"'expect_column_values_to_be_between','column':'a','min_value':1,'min':2", "min_value: min is there, too"},
    {"'expect_column_values_to_match_regex_list','column':'a','regex_list':['a'],'match_on':'some'", "match_on: it is not"},
    {"'accepted_range','column':'a','min_value':1,'inclusive':'no'", "inclusive: it is not"},
    {"'recency','field':'a','datepart':'fortnight','interval':1", "datepart: it is not"},
    {"'recency','field':'a','datepart':'day','interval':-1", "interval: it is not"},
    {"'expect_column_quantile_values_to_be_between','column':'a','quantile_ranges':{'quantiles':[0.1,0.9]}", "quantile_ranges: it is not"},
    {"'expect_column_values_to_be_betwen','column':'a'", "no such check"},
    {"'expect_column_min_to_be_between','column':'a','min_value':1,'mostly':0.5", "mostly: it is of rows"},
    {"'expect_table_row_count_to_equal','value':[1]", "row_count: equals: expected a value"},
};

START_TEST(what_is_not_known_is_refused) {
    pln_suite *suite = NULL;
    ck_assert_int_eq(made(wrong[_i].members, "check", &suite), PLN_EOPTION);
    ck_assert_msg(strstr(err.message, wrong[_i].words) != NULL, "%s", err.message);
}
END_TEST

Suite *suite_quality_alias(void);
Suite *suite_quality_alias(void) {
    Suite *suite = suite_create("quality/alias");
    TCase *c = tcase_create("alias");
    tcase_add_loop_test(c, names_are_known, 0, sizeof pairs / sizeof *pairs);
    tcase_add_test(c, an_expectation_is_flattened);
    tcase_add_loop_test(c, what_is_not_known_is_refused, 0, sizeof wrong / sizeof *wrong);
    suite_add_tcase(suite, c);
    return suite;
}

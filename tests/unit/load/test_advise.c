/* SPDX-License-Identifier: Apache-2.0 */
/* The decision matrix, row by row, and what stands around it: thresholds, what is missing, the options as text. */
#include "harness.h"

#include <incload/incload.h>

#include <string.h>

static incload_error *err;

static void
set_up(void)
{
    err = NULL;
}

static void
tear_down(void)
{
    incload_error_unref(err);
}

static incload_recommendation *
recommend(const char *facts)
{
    incload_recommendation *answer = incload_strategy_recommend(facts, &err);

    ck_assert_msg(answer != NULL, "%s: %s", facts, incload_error_message(err));
    return answer;
}

static void
expect(const char *facts, const char *rule, const char *ideal, const char *strategy, const char *options)
{
    incload_recommendation *answer = recommend(facts);

    ck_assert_msg(strcmp(incload_recommendation_rule(answer), rule) == 0, "%s: decided by %s", facts,
                  incload_recommendation_rule(answer));
    ck_assert_msg(strcmp(incload_recommendation_ideal(answer), ideal) == 0, "%s: best is %s", facts,
                  incload_recommendation_ideal(answer));
    ck_assert_msg(strcmp(incload_recommendation_strategy(answer), strategy) == 0, "%s: %s", facts,
                  incload_recommendation_strategy(answer));
    ck_assert_msg(strcmp(incload_recommendation_options(answer), options) == 0, "%s: options \"%s\"", facts,
                  incload_recommendation_options(answer));
    incload_recommendation_unref(answer);
}

static void
expect_better(const char *facts, const char *part)
{
    incload_recommendation *answer = recommend(facts);

    ck_assert_msg(strstr(incload_recommendation_better(answer), part) != NULL, "%s: %s", facts,
                  incload_recommendation_better(answer));
    incload_recommendation_unref(answer);
}

START_TEST(every_row_of_the_matrix_decides)
{
    expect("rows=99999 cursor=at key=id", "small", "full_refresh", "full_refresh", "");
    expect("rows=5000000 cursor=at key=id", "timestamps", "timestamp", "timestamp", "cursor=at key=id");
    expect("rows=5000000 cursor=at key=id supports_cdc=yes", "cdc", "cdc", "timestamp", "cursor=at key=id");
    expect("rows=5000000 cursor=at key=id one_time=true", "one_time", "backfill", "timestamp", "cursor=at key=id");
    expect("rows=5000000 cursor=at key=id critical=true", "critical", "swap", "swap", "");
    expect("rows=5000000 key=id", "keyed", "upsert", "upsert", "key=id");
    expect("rows=5000000", "otherwise", "full_refresh", "full_refresh", "");
}
END_TEST

START_TEST(an_earlier_row_goes_before_a_later_one)
{
    expect("rows=10 critical=true one_time=true supports_cdc=yes", "critical", "swap", "swap", "");
    expect("rows=10 one_time=true supports_cdc=yes cursor=at key=id", "small", "full_refresh", "full_refresh", "");
    expect("one_time=true supports_cdc=yes", "one_time", "backfill", "full_refresh", "");
}
END_TEST

START_TEST(a_table_is_small_below_the_threshold_and_not_at_it)
{
    expect("rows=99999 key=id", "small", "full_refresh", "full_refresh", "");
    expect("rows=100000 key=id", "keyed", "upsert", "upsert", "key=id");
    expect("rows=100001 key=id", "keyed", "upsert", "upsert", "key=id");
    expect("rows=9 small_rows=10 key=id", "small", "full_refresh", "full_refresh", "");
    expect("rows=10 small_rows=10 key=id", "keyed", "upsert", "upsert", "key=id");
    expect("rows=11 small_rows=10 key=id", "keyed", "upsert", "upsert", "key=id");
    expect("rows=0 small_rows=0 key=id", "keyed", "upsert", "upsert", "key=id");
}
END_TEST

START_TEST(a_cursor_with_more_nulls_than_the_threshold_is_none)
{
    expect("rows=200000 cursor=at key=id cursor_null_percent=0", "timestamps", "timestamp", "timestamp",
           "cursor=at key=id");
    expect("rows=200000 cursor=at key=id cursor_null_percent=9", "timestamps", "timestamp", "timestamp",
           "cursor=at null_cursor=include key=id");
    expect("rows=200000 cursor=at key=id cursor_null_percent=10", "timestamps", "timestamp", "timestamp",
           "cursor=at null_cursor=include key=id");
    expect("rows=200000 cursor=at key=id cursor_null_percent=11", "keyed", "upsert", "upsert", "key=id");
    expect("rows=200000 cursor=at key=id cursor_null_percent=11 most_null_percent=11", "timestamps", "timestamp",
           "timestamp", "cursor=at null_cursor=include key=id");
}
END_TEST

START_TEST(deleted_rows_are_looked_for_by_key_up_to_the_threshold)
{
    expect("rows=9999999 cursor=at key=id deletes_matter=true", "timestamps", "timestamp", "timestamp",
           "cursor=at key=id detect_deletes=keys");
    expect("rows=10000000 cursor=at key=id deletes_matter=true", "timestamps", "timestamp", "timestamp",
           "cursor=at key=id detect_deletes=keys");
    expect("rows=10000001 cursor=at key=id deletes_matter=true", "timestamps", "timestamp", "timestamp",
           "cursor=at key=id");
    expect_better("rows=10000001 cursor=at key=id deletes_matter=true", "deleted rows stay in the target");
    expect_better("rows=10000001 cursor=at key=id deletes_matter=true", "change events");
}
END_TEST

START_TEST(freshness_up_to_the_threshold_calls_for_events)
{
    static const char plain[] = "rows=200000 cursor=at cursor_indexed=yes key=id";
    incload_recommendation *answer = recommend(plain);

    ck_assert_str_eq(incload_recommendation_better(answer), "");
    incload_recommendation_unref(answer);
    answer = recommend("rows=200000 cursor=at cursor_indexed=yes key=id freshness=60001ms");
    ck_assert_str_eq(incload_recommendation_better(answer), "");
    incload_recommendation_unref(answer);
    expect_better("rows=200000 cursor=at cursor_indexed=yes key=id freshness=60000ms", "change events");
    expect_better("rows=200000 cursor=at cursor_indexed=yes key=id freshness=59999ms", "as fresh as asked for");
}
END_TEST

START_TEST(without_a_key_only_rows_that_never_change_go_by_their_cursor)
{
    expect("rows=200000 cursor=at has_key=no", "otherwise", "full_refresh", "full_refresh", "");
    expect_better("rows=200000 cursor=at has_key=no", "a primary key or unique index");
    expect("rows=200000 cursor=at has_key=no append_only=true", "timestamps", "timestamp", "timestamp",
           "cursor=at write=append");
    expect("rows=200000 cursor=at has_key=no append_only=true cursor_null_percent=1", "timestamps", "timestamp",
           "timestamp", "cursor=at write=append null_cursor=exclude");
}
END_TEST

START_TEST(what_is_not_known_is_told_as_such)
{
    expect(NULL, "otherwise", "full_refresh", "full_refresh", "");
    expect_better("", "how many rows there are");
    expect_better("rows=200000", "a column that the database itself sets");
    expect("rows=200000 has_cursor=yes has_key=yes", "timestamps", "timestamp", "timestamp", "");
    expect_better("rows=200000 has_cursor=yes has_key=yes", "option 'cursor'");
    expect_better("rows=200000 has_cursor=yes has_key=yes", "option 'key'");
    expect_better("rows=200000 cursor=at cursor_indexed=no key=id", "an index on 'at'");
}
END_TEST

START_TEST(what_is_a_step_of_its_own_is_told_beside_the_load_that_stands_in)
{
    incload_recommendation *answer = recommend("rows=200000 cursor=at key=id supports_cdc=yes");

    ck_assert_str_eq(incload_recommendation_ideal(answer), "cdc");
    ck_assert_ptr_nonnull(strstr(incload_recommendation_better(answer), "incload_stream_new()"));
    ck_assert_ptr_nonnull(strstr(incload_recommendation_text(answer), "best: cdc, which is no strategy of a load"));
    ck_assert_int_eq(incload_recommendation_rule_verdict(answer, 3), INCLOAD_VERDICT_DECIDED);
    ck_assert_int_eq(incload_recommendation_rule_verdict(answer, 4), INCLOAD_VERDICT_STANDS_IN);
    ck_assert_int_eq(incload_recommendation_rule_verdict(answer, 5), INCLOAD_VERDICT_FITS);
    ck_assert_int_eq(incload_recommendation_rule_verdict(answer, 0), INCLOAD_VERDICT_REFUSED);
    incload_recommendation_unref(answer);
}
END_TEST

START_TEST(every_rule_is_told_with_its_reason)
{
    static const char *const ids[] = { "critical", "small",      "one_time", "cdc",
                                       "timestamps", "keyed", "otherwise" };
    static const char *const whys[] = { "not called critical", "200000 rows are not fewer than 100000",
                                        "not loaded only once", "is not known", "no key identifies a row",
                                        "no key identifies a row", "nothing tells which rows changed" };
    incload_recommendation *answer = recommend("rows=200000 cursor=at has_key=no");

    ck_assert_int_eq(incload_recommendation_rule_count(answer), 7);
    for (int32_t i = 0; i < 7; i++) {
        ck_assert_str_eq(incload_recommendation_rule_id(answer, i), ids[i]);
        ck_assert_msg(strstr(incload_recommendation_rule_text(answer, i), whys[i]) != NULL, "%s",
                      incload_recommendation_rule_text(answer, i));
        ck_assert_ptr_nonnull(strstr(incload_recommendation_text(answer), incload_recommendation_rule_text(answer, i)));
    }
    ck_assert_ptr_null(incload_recommendation_rule_id(answer, -1));
    ck_assert_ptr_null(incload_recommendation_rule_text(answer, 7));
    ck_assert_int_eq(incload_recommendation_rule_verdict(answer, 7), 0);
    incload_recommendation_unref(answer);
}
END_TEST

START_TEST(facts_can_be_asked_with_their_origin)
{
    incload_recommendation *answer = recommend("rows=7 key='a, b'");

    ck_assert_str_eq(incload_recommendation_fact(answer, "rows"), "7");
    ck_assert_str_eq(incload_recommendation_fact(answer, "key"), "a, b");
    ck_assert_str_eq(incload_recommendation_fact(answer, "has_key"), "yes");
    ck_assert_str_eq(incload_recommendation_fact_origin(answer, "rows"), "told");
    ck_assert_str_eq(incload_recommendation_fact_origin(answer, "cursor"), "not known");
    ck_assert_str_eq(incload_recommendation_fact_note(answer, "cursor"), "");
    ck_assert_ptr_null(incload_recommendation_fact(answer, "colour"));
    ck_assert_ptr_null(incload_recommendation_fact_origin(answer, "small_rows"));
    incload_recommendation_unref(answer);
}
END_TEST

START_TEST(options_with_odd_names_are_read_back_as_they_were)
{
    static const char facts[] = "rows=200000 cursor='it\\'s \\\\ at' key='\"a, b\",c'";
    incload_recommendation *answer = recommend(facts);
    incload_strategy *how = incload_strategy_new(incload_recommendation_strategy(answer),
                                                 incload_recommendation_options(answer), &err);

    ck_assert_msg(how != NULL, "%s", incload_error_message(err));
    ck_assert_str_eq(incload_strategy_get(how, "cursor"), "it's \\ at");
    ck_assert_str_eq(incload_strategy_get(how, "key"), "\"a, b\",c");
    incload_strategy_unref(how);
    incload_recommendation_unref(answer);
}
END_TEST

START_TEST(every_recommended_preset_makes_a_strategy)
{
    static const char *const facts[] = {
        "rows=1",
        "critical=true",
        "rows=200000 cursor=at key=id deletes_matter=true cursor_null_percent=3",
        "rows=200000 cursor=at append_only=true",
        "rows=200000 key=id",
        "rows=200000",
        "one_time=true cursor=at key=id",
        "supports_cdc=yes rows=200000 key=id",
    };

    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        incload_recommendation *answer = recommend(facts[i]);
        incload_strategy *how = incload_strategy_new(incload_recommendation_strategy(answer),
                                                     incload_recommendation_options(answer), &err);
        ck_assert_msg(how != NULL, "%s: %s", facts[i], incload_error_message(err));
        incload_strategy_unref(how);
        incload_recommendation_unref(answer);
    }
}
END_TEST

START_TEST(contradictions_and_unknown_facts_are_refused)
{
    static const struct {
        const char *facts;
        int32_t code;
        const char *part;
    } refusals[] = {
        { "has_cursor=no cursor=at", INCLOAD_E_INVALID, "contradicts" },
        { "has_key=no key=id", INCLOAD_E_INVALID, "contradicts" },
        { "row=1", INCLOAD_E_UNKNOWN_OPTION, "rows" },
        { "rows=many", INCLOAD_E_INVALID, "rows" },
        { "cursor_null_percent=101", INCLOAD_E_INVALID, "cursor_null_percent" },
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        ck_assert_ptr_null(incload_strategy_recommend(refusals[i].facts, &err));
        ck_assert_int_eq(incload_error_code(err), refusals[i].code);
        ck_assert_msg(strstr(incload_error_message(err), refusals[i].part) != NULL, "%s", incload_error_message(err));
        incload_error_unref(err);
        err = NULL;
    }
}
END_TEST

START_TEST(json_holds_the_same_and_escapes_what_it_must)
{
    incload_recommendation *answer = recommend("rows=200000 cursor='a\"b\\\\c' key=id");
    const char *json = incload_recommendation_json(answer);

    ck_assert_ptr_nonnull(strstr(json, "\"strategy\":\"timestamp\""));
    ck_assert_ptr_nonnull(strstr(json, "\"cursor\":{\"value\":\"a\\\"b\\\\c\",\"origin\":\"told\""));
    ck_assert_ptr_nonnull(strstr(json, "\"id\":\"small\",\"strategy\":\"full_refresh\",\"verdict\":\"refused\""));
    ck_assert_int_eq(json[strlen(json) - 1], '}');
    incload_recommendation_unref(answer);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_row_of_the_matrix_decides);
    tcase_add_test(tests, an_earlier_row_goes_before_a_later_one);
    tcase_add_test(tests, a_table_is_small_below_the_threshold_and_not_at_it);
    tcase_add_test(tests, a_cursor_with_more_nulls_than_the_threshold_is_none);
    tcase_add_test(tests, deleted_rows_are_looked_for_by_key_up_to_the_threshold);
    tcase_add_test(tests, freshness_up_to_the_threshold_calls_for_events);
    tcase_add_test(tests, without_a_key_only_rows_that_never_change_go_by_their_cursor);
    tcase_add_test(tests, what_is_not_known_is_told_as_such);
    tcase_add_test(tests, what_is_a_step_of_its_own_is_told_beside_the_load_that_stands_in);
    tcase_add_test(tests, every_rule_is_told_with_its_reason);
    tcase_add_test(tests, facts_can_be_asked_with_their_origin);
    tcase_add_test(tests, options_with_odd_names_are_read_back_as_they_were);
    tcase_add_test(tests, every_recommended_preset_makes_a_strategy);
    tcase_add_test(tests, contradictions_and_unknown_facts_are_refused);
    tcase_add_test(tests, json_holds_the_same_and_escapes_what_it_must);
}

HARNESS_MAIN("advise", add_tests)

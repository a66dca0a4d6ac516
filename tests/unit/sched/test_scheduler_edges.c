/* SPDX-License-Identifier: Apache-2.0 */
/* What meets only rarely: a failure, a cancel or the end of a time while something else waits. */
#include "sched/edges.h"

/* ---- time ---- */

START_TEST(each_limit_of_waiting_has_its_own_end)
{
    int32_t late = node_with(0, 0, 0), soon = node_with(0, 0, 1), total = node_with(0, 0, 2);

    policies[0].queue_us = 300;
    policies[1].queue_us = 100;
    policies[1].total_us = 500;
    policies[2].queue_us = 900;
    policies[2].total_us = 200;
    config.paused = true;
    config.hooks.event = note;
    begin();
    ck_assert_int_eq(incload__sched_tick(sched), now_us + 100);
    now_us += 100;
    ck_assert_int_eq(incload__sched_tick(sched), now_us + 100);
    expect(soon, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_QUEUE);
    now_us += 100;
    (void)incload__sched_tick(sched);
    expect(total, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_TOTAL);
    expect(late, INCLOAD_STATUS_PENDING, INCLOAD__REASON_PAUSED);
    now_us += 100;
    (void)incload__sched_tick(sched);
    expect(late, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_QUEUE);
    ck_assert_int_eq(events_of(INCLOAD__SCHED_UNIT_FINISHED, INCLOAD__REASON_TIMEOUT_QUEUE), 2);
    ck_assert_int_eq(events_of(INCLOAD__SCHED_UNIT_FINISHED, INCLOAD__REASON_TIMEOUT_TOTAL), 1);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(the_total_time_ends_a_unit_between_two_attempts)
{
    int32_t only = node();

    policies[0] = (incload__sched_policy){ .attempts = 3, .total_us = 500, .retry = { .base_us = _i == 0 ? 1000 : 0 } };
    begin();
    incload__sched_unit unit = pull(only);
    if (_i != 0)
        ck_assert_int_eq(incload__sched_pause(sched, -1, true), INCLOAD_OK);
    complete(unit, INCLOAD__OUTCOME_RETRY);
    now_us += 499;
    (void)incload__sched_tick(sched);
    ck_assert_int_eq(info(only).status, INCLOAD_STATUS_PENDING);
    now_us += 1;
    (void)incload__sched_tick(sched);
    expect(only, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_TOTAL);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

/* The first unit's time is over first: it stands at the end of the row, or between the others. */
START_TEST(the_total_time_takes_a_unit_of_a_source_out_of_its_row)
{
    int32_t units = source_of(3, 0, 0);

    policies[0] = (incload__sched_policy){ .attempts = 2, .total_us = 500 };
    source.limit.max_running = 3;
    begin();
    incload__sched_unit first = pull(units);
    now_us += 100;
    incload__sched_unit second = pull(units), third = pull(units);
    ck_assert_int_eq(incload__sched_pause(sched, units, true), INCLOAD_OK);
    complete(second, INCLOAD__OUTCOME_RETRY);
    if (_i == 0) {
        complete(third, INCLOAD__OUTCOME_RETRY);
        complete(first, INCLOAD__OUTCOME_RETRY);
    } else {
        complete(first, INCLOAD__OUTCOME_RETRY);
        complete(third, INCLOAD__OUTCOME_RETRY);
    }
    now_us += 400;
    (void)incload__sched_tick(sched);
    ck_assert_int_eq(info(units).failed, 1);
    ck_assert_int_eq(incload__sched_pause(sched, units, false), INCLOAD_OK);
    const incload__sched_unit again[] = { pull(units), pull(units) };
    ck_assert_int_eq(again[0].key, second.key);
    ck_assert_int_eq(again[1].key, third.key);
    complete(again[0], OK);
    complete(again[1], OK);
    ck_assert_int_eq(info(units).succeeded, 2);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_unit_that_is_given_up_is_told_as_lost)
{
    int32_t only = node();

    policies[0] = (incload__sched_policy){ .attempt_us = 100, .grace_us = 50 };
    config.hooks.event = note;
    begin();
    (void)pull(only);
    now_us += 100;
    (void)incload__sched_tick(sched);
    now_us += 50;
    (void)incload__sched_tick(sched);
    expect(only, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_ATTEMPT);
    ck_assert_int_eq(events_of(INCLOAD__SCHED_UNIT_LOST, INCLOAD__REASON_TIMEOUT_ATTEMPT), 1);
}
END_TEST

/* ---- sources that stop ---- */

START_TEST(what_rests_or_waits_is_left_when_a_source_stops)
{
    int32_t units = source_of(10, 0, 0);

    policies[0] = (incload__sched_policy){ .attempts = 2, .retry = { .base_us = SECOND } };
    source.limit.max_running = 4;
    source.max_failures = 0;
    begin();
    incload__sched_unit rests = pull(units), waits = pull(units), fails = pull(units), later = pull(units);
    complete(rests, INCLOAD__OUTCOME_RETRY);
    ck_assert_int_eq(incload__sched_pause(sched, units, true), INCLOAD_OK);
    complete_with(waits, (incload__sched_outcome){ .kind = INCLOAD__OUTCOME_YIELD });
    complete(fails, FAILED);
    ck_assert_int_eq(info(units).failed, 1);
    if (_i == 0)
        complete(later, INCLOAD__OUTCOME_RETRY);
    else
        complete(later, INCLOAD__OUTCOME_YIELD);
    ck_assert_int_eq(info(units).failed, 2);
    expect(units, INCLOAD_STATUS_FAILED, INCLOAD__REASON_THRESHOLD);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_share_that_failed_stops_a_source_only_when_it_is_too_large)
{
    int32_t units = source_of(10, 0, 0);

    source.max_failed_permille = 400;
    source.min_samples = 4;
    begin();
    complete_next(units, OK);
    complete_next(units, OK);
    complete_next(units, OK);
    complete_next(units, FAILED);
    ck_assert_int_eq(info(units).status, INCLOAD_STATUS_RUNNING);
    complete_next(units, FAILED);
    complete_next(units, FAILED);
    expect(units, INCLOAD_STATUS_FAILED, INCLOAD__REASON_THRESHOLD);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

/* Whether the cancel comes before its first unit or behind it. */
START_TEST(a_cancel_spares_a_source_that_cleans_up)
{
    int32_t setup = node();
    const incload__node_spec spec = { .flags = INCLOAD__NODE_SOURCE | INCLOAD__NODE_CLEANUP, .setup = setup };
    int32_t cleanup = incload__graph_add_node(graph, &spec);

    source.node = cleanup;
    source.limit.max_running = 1;
    last_key = 3;
    config.sources = &source;
    config.source_count = 1;
    policies[0].attempts = 2;
    begin();
    incload__sched_unit unit = pull(setup);
    if (_i == 0)
        ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    complete(unit, OK);
    unit = pull(cleanup);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_OK);
    complete(unit, INCLOAD__OUTCOME_RETRY);
    complete_next(cleanup, OK);
    complete_next(cleanup, OK);
    complete_next(cleanup, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_cancel_that_grows_sharper_tells_what_runs)
{
    int32_t only = node();

    begin();
    incload__sched_unit unit = pull(only);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_E_CANCELLED);
    complete(unit, FAILED);
    expect(only, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    pull_end(INCLOAD__RUN_CANCELLED);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
}
END_TEST

START_TEST(a_host_says_why_its_unit_failed)
{
    int32_t only = node();

    begin();
    complete_with(pull(only), (incload__sched_outcome){ .kind = FAILED, .reason = INCLOAD__REASON_FENCED });
    expect(only, INCLOAD_STATUS_FAILED, INCLOAD__REASON_FENCED);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

/* Nobody cancelled the run: it failed. */
START_TEST(a_unit_that_says_it_was_cancelled_fails_a_run_that_was_not)
{
    int32_t only = node();

    begin();
    complete_with(pull(only), (incload__sched_outcome){ .kind = FAILED, .reason = INCLOAD__REASON_CANCELLED });
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_cleanup_that_counts_fails_the_run)
{
    int32_t setup = node();
    const incload__node_spec spec = { .flags = INCLOAD__NODE_CLEANUP | INCLOAD__NODE_COUNTS, .setup = setup };

    ck_assert_int_eq(incload__graph_add_node(graph, &spec), 1);
    begin();
    complete_next(setup, OK);
    complete_next(1, FAILED);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

/* ---- host code that calls back ---- */

static incload__sched_unit running[2];
static int32_t told_to_stop;

static void
end_the_other(void *data, const incload__sched_unit *unit, int32_t reason)
{
    const incload__sched_outcome outcome = { .kind = FAILED };
    const incload__sched_unit *other = &running[unit->node == running[0].node];

    (void)data;
    ck_assert_int_eq(reason, INCLOAD__REASON_CANCELLED);
    if (told_to_stop++ == 0)
        ck_assert_int_eq(incload__sched_complete(sched, other->token, &outcome), INCLOAD_OK);
}

START_TEST(a_unit_that_ends_before_it_could_be_told_to_is_not_told)
{
    int32_t first = node(), second = node();

    told_to_stop = 0;
    config.hooks.cancel = end_the_other;
    begin();
    running[0] = pull(first);
    running[1] = pull(second);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    ck_assert_int_eq(told_to_stop, 1);
    expect(second, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    complete(running[0], FAILED);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

static int32_t asked;

static int32_t
cancel_the_run(const incload__rule_counts *counts, void *data)
{
    (void)counts;
    (void)data;
    if (asked++ == 0)
        ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    return INCLOAD__DECIDE_RUN;
}

START_TEST(rules_that_were_to_be_asked_are_forgotten_when_the_run_is_cancelled)
{
    int32_t first = node(), rules[3];

    asked = 0;
    for (int32_t i = 0; i < 3; i++) {
        const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_CUSTOM, .decide = cancel_the_run } };
        rules[i] = incload__graph_add_node(graph, &spec);
        edge(first, rules[i]);
    }
    begin();
    complete_next(first, OK);
    ck_assert_int_eq(asked, 1);
    for (int32_t i = 0; i < 3; i++)
        expect(rules[i], INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

static int32_t answer;

static int32_t
say(const incload__rule_counts *counts, void *data)
{
    (void)data;
    asked++;
    return counts->ok + counts->skip + counts->bad < counts->upstreams ? INCLOAD__DECIDE_WAIT : answer;
}

START_TEST(a_rule_is_asked_once_of_ends_that_come_together)
{
    int32_t first = node(), left = node(), right = node();
    const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_CUSTOM, .decide = say, .early = true } };
    int32_t last = incload__graph_add_node(graph, &spec);

    edge(first, left);
    edge(first, right);
    edge(left, last);
    edge(right, last);
    asked = 0;
    answer = INCLOAD__DECIDE_RUN;
    begin();
    complete_next(first, FAILED);
    ck_assert_int_eq(asked, 1);
    complete_next(last, OK);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

START_TEST(a_rule_whose_answer_is_none_fails_its_node)
{
    static const int32_t none[] = { -1, INCLOAD__DECIDE_ASK, 99, INCLOAD__DECIDE_WAIT };
    int32_t first = node();
    const incload__node_spec spec = { .rule = { .kind = INCLOAD__RULE_CUSTOM, .decide = say } };
    int32_t last = incload__graph_add_node(graph, &spec);

    edge(first, last);
    answer = none[_i];
    begin();
    complete_next(first, OK);
    expect(last, INCLOAD_STATUS_FAILED, INCLOAD__REASON_RULE);
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_gate_that_adapts_tells_its_new_limit)
{
    const incload__sched_gate gate = { .limit = { .min_running = 1, .max_running = 3 } };

    for (int32_t i = 0; i < 4; i++)
        (void)node();
    config.gates = &gate;
    config.gate_count = 1;
    config.hooks.event = note;
    begin();
    complete_next(0, OK);
    int32_t found = 0;
    for (int32_t i = 0; i < event_count; i++) {
        if (events[i].kind == INCLOAD__SCHED_LIMIT_CHANGED) {
            ck_assert_int_eq(events[i].node, -1);
            ck_assert_int_eq(events[i].code, 2);
            found++;
        }
    }
    ck_assert_int_eq(found, 1);
}
END_TEST

START_TEST(a_least_that_is_no_less_than_the_most_changes_nothing)
{
    incload__limit limit;
    const incload__limit_spec spec = { .min_running = 3, .max_running = 3 };

    incload__limit_init(&limit, &spec);
    ck_assert_int_eq(limit.now, 3);
    incload__limit_start(&limit, 0);
    ck_assert(!incload__limit_end(&limit, true));
    ck_assert_int_eq(limit.now, 3);
}
END_TEST

START_TEST(pauses_grow_by_their_factor_and_never_past_a_month)
{
    const int64_t month_us = INT64_C(30) * 24 * 3600 * SECOND;
    const incload__retry_rule triple = { .base_us = 100, .factor_percent = 300, .jitter = INCLOAD__JITTER_NONE };
    const incload__retry_rule level = { .base_us = 100, .factor_percent = 50, .jitter = INCLOAD__JITTER_NONE };
    const incload__retry_rule endless = { .base_us = INT64_MAX, .cap_us = INT64_MAX, .jitter = INCLOAD__JITTER_NONE };

    ck_assert_int_eq(incload__retry_delay_us(&env, &triple, 3), 900);
    ck_assert_int_eq(incload__retry_delay_us(&env, &triple, 50), 10000);
    ck_assert_int_eq(incload__retry_delay_us(&env, &level, 7), 100);
    ck_assert_int_eq(incload__retry_delay_us(&env, &endless, 7), month_us);
}
END_TEST

START_TEST(a_timer_that_was_not_set_can_be_dropped)
{
    incload__timer timer = { .count = 0 };

    ck_assert(incload__timer_reserve(&timer, &env.mem, 4));
    ck_assert(incload__timer_reserve(&timer, &env.mem, 2));
    incload__timer_drop(&timer, 2);
    ck_assert_int_eq(incload__timer_next(&timer), INT64_MAX);
    incload__timer_set(&timer, 2, 7);
    incload__timer_set(&timer, 2, INT64_MAX);
    incload__timer_set(&timer, 2, INT64_MAX);
    ck_assert_int_eq(incload__timer_next(&timer), INT64_MAX);
    incload__timer_free(&timer, &env.mem);
}
END_TEST

START_TEST(more_units_than_can_be_numbered_are_refused)
{
    (void)node();
    begin();
    int32_t capacity = sched->slot_capacity;
    sched->slot_capacity = INT32_MAX / 4;
    ck_assert(!incload__sched_slot_more(sched));
    sched->slot_capacity = capacity;
    complete_next(0, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

/* ---- memory that runs out ---- */

static lender bank;

static void
lend(void)
{
    bank = (lender){ .failures = 1 };
    env.mem = (incload__mem){ lender_allocate, lender_reallocate, lender_release, &bank };
}

/* Which allocation of the first try fails. */
START_TEST(steps_without_memory_are_added_when_there_is_some)
{
    const incload__node_spec specs[2] = { { .flags = 0 }, { .rule = { .kind = INCLOAD__RULE_ALL_DONE } } };
    const incload__sched_added_edge edges[] = { { 0, -1 }, { -1, -2 } };
    int32_t first = node();

    lend();
    config.max_added = 2;
    begin();
    incload__sched_unit unit = pull(first);
    bank.first = _i + 1;
    bank.made = 0;
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 2, edges, 2), INCLOAD_E_NO_MEMORY);
    bank.first = 0;
    ck_assert_int_eq(incload__sched_add(sched, unit.token, specs, 2, edges, 2), 1);
    complete(unit, OK);
    complete_next(1, OK);
    complete_next(2, OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(every_allocation_of_a_scheduler_may_fail)
{
    const incload__sched_pool pools[] = { { "p", 2 }, { "q", 2 } };
    const incload__sched_gate gates[] = { { .pools = { 0 }, .weights = { 1 }, .limit = { .interval_us = 5 } },
                                          { .pools = { 1 }, .weights = { 1 } } };
    incload__sched *made;

    lend();
    (void)node();
    (void)source_of(1, 0, 1);
    policies[1] = (incload__sched_policy){ .gate = 1, .queue_us = 100, .total_us = 200 };
    policies[2] = (incload__sched_policy){ .queue_us = 100 };
    config.pools = pools;
    config.pool_count = 2;
    config.gates = gates;
    config.gate_count = 2;
    config.hooks.event = note;
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    int64_t before = bank.live;
    do {
        incload_error *err = NULL;
        bank.first++;
        bank.made = 0;
        made = incload__sched_new(&env, graph, &config, &err);
        ck_assert_int_eq(incload_error_code(err), made != NULL ? INCLOAD_OK : INCLOAD_E_NO_MEMORY);
        incload_error_unref(err);
        incload__sched_free(made);
        ck_assert_int_eq(bank.live, before);
    } while (made == NULL);
    ck_assert_int_gt(bank.first, 10);
}
END_TEST

START_TEST(a_node_whose_time_cannot_be_noted_fails)
{
    const incload__node_spec spec = { .flags = 0 };
    int32_t first = node(), second = node_with(0, 0, 1), end = node_with(INCLOAD__NODE_FINISH, 0, 1);

    lend();
    policies[1].queue_us = 100;
    config.max_added = 1;
    edge(first, second);
    begin();
    incload__sched_unit unit = pull(first);
    ck_assert_int_eq(incload__sched_add(sched, unit.token, &spec, 1, NULL, 0), 3);
    complete_next(3, OK);
    bank.first = 1;
    bank.failures = INT64_MAX;
    bank.made = 0;
    complete(unit, OK);
    expect(second, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    expect(end, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    bank.first = 0;
    pull_end(INCLOAD__RUN_FAILED);
}
END_TEST

static incload__sched_unit the_only;

/* A unit, then a moment, then the end, before which the unit ends. */
static int32_t
complete_while_asked(void *data, int64_t *key, int64_t *again_us)
{
    (void)data;
    *key = 0;
    *again_us = now_us;
    if (next_key++ == 0)
        return INCLOAD__SOURCE_UNIT;
    if (next_key == 2)
        return INCLOAD__SOURCE_LATER;
    complete(the_only, OK);
    ck_assert_int_eq(info(0).status, INCLOAD_STATUS_RUNNING);
    return INCLOAD__SOURCE_END;
}

START_TEST(a_source_that_is_being_asked_is_not_over)
{
    int32_t units = source_of(0, 0, 0);

    source.next = complete_while_asked;
    begin();
    the_only = pull(units);
    pull_end(INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(info(units).succeeded, 1);
}
END_TEST

START_TEST(a_cancel_ends_units_that_wait_in_a_row)
{
    int32_t units = source_of(5, 0, 0);

    policies[0].attempts = 2;
    source.limit.max_running = 2;
    begin();
    incload__sched_unit first = pull(units), second = pull(units);
    ck_assert_int_eq(incload__sched_pause(sched, units, true), INCLOAD_OK);
    complete(first, INCLOAD__OUTCOME_RETRY);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    ck_assert_int_eq(info(units).failed, 1);
    complete(second, OK);
    expect(units, INCLOAD_STATUS_FAILED, INCLOAD__REASON_CANCELLED);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

START_TEST(a_run_of_no_steps_succeeds)
{
    begin();
    pull_end(INCLOAD__RUN_SUCCESS);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_NOW), INCLOAD_OK);
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

enum { MANY = 40 };
static incload__sched_unit many[MANY];
static int32_t ends_told;

static void
count_ends(void *data, const incload__sched_event *event)
{
    (void)data;
    ends_told += event->kind == INCLOAD__SCHED_UNIT_FINISHED;
}

START_TEST(events_are_told_a_few_at_a_time_without_memory_for_a_second_box)
{
    int32_t units = source_of(MANY, 0, 0);

    lend();
    ends_told = 0;
    config.hooks.event = count_ends;
    begin();
    incload__sched_lock(sched);
    sched->delivering = true;
    incload__sched_unlock(sched);
    for (int32_t i = 0; i < MANY; i++)
        many[i] = pull(units);
    bank.first = 1;
    bank.failures = INT64_MAX;
    bank.made = 0;
    incload__sched_lock(sched);
    sched->delivering = false;
    incload__sched_unlock(sched);
    for (int32_t i = 0; i < MANY; i++)
        complete(many[i], OK);
    ck_assert_int_eq(ends_told, MANY);
    bank.first = 0;
    pull_end(INCLOAD__RUN_SUCCESS);
}
END_TEST

START_TEST(a_run_that_is_cancelled_before_it_begins_begins_nothing)
{
    (void)node();
    ck_assert_int_eq(incload__graph_freeze(graph, NULL, NULL), INCLOAD_OK);
    sched = incload__sched_new(&env, graph, &config, NULL);
    ck_assert_int_eq(incload__sched_cancel(sched, INCLOAD__CANCEL_DRAIN), INCLOAD_OK);
    ck_assert_int_eq(incload__sched_begin(sched), INCLOAD_OK);
    expect(0, INCLOAD_STATUS_SKIPPED, INCLOAD__REASON_RUN_CANCELLED);
    pull_end(INCLOAD__RUN_CANCELLED);
}
END_TEST

START_TEST(the_total_time_stops_a_unit_that_runs)
{
    (void)node();
    policies[0].total_us = 100;
    begin();
    incload__sched_unit unit = pull(0);
    now_us += 100;
    (void)incload__sched_tick(sched);
    ck_assert_int_eq(incload__sched_beat(sched, unit.token), INCLOAD_E_CANCELLED);
    complete(unit, FAILED);
    expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_TIMEOUT_TOTAL);
}
END_TEST

static int32_t state_while_told;

static void
wait_while_told(void *data, const incload__sched_event *event)
{
    (void)data;
    if (event->kind == INCLOAD__SCHED_RUN_FINISHED)
        state_while_told = incload__sched_wait(sched, 0);
}

START_TEST(a_run_goes_on_until_its_last_event_has_been_told)
{
    (void)node();
    config.hooks.event = wait_while_told;
    begin();
    complete_next(0, OK);
    ck_assert_int_eq(state_while_told, INCLOAD__RUN_RUNNING);
    ck_assert_int_eq(incload__sched_wait(sched, 0), INCLOAD__RUN_SUCCESS);
}
END_TEST

static int32_t
break_down(void *data, int64_t *key, int64_t *again_us)
{
    (void)data;
    (void)key;
    (void)again_us;
    return INCLOAD_E_DATA;
}

START_TEST(a_source_that_fails_gives_its_node_the_code)
{
    int32_t units = source_of(0, 0, 0);

    source.next = break_down;
    begin();
    pull_end(INCLOAD__RUN_FAILED);
    expect(units, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    ck_assert_int_eq(info(units).code, INCLOAD_E_DATA);
}
END_TEST

START_TEST(a_unit_that_there_is_no_memory_to_begin_fails)
{
    const int32_t nodes = 20;
    int32_t begun = 0;
    incload__sched_unit unit;

    lend();
    for (int32_t i = 0; i < nodes && _i == 0; i++)
        (void)node();
    if (_i != 0)
        (void)source_of(nodes, 0, 0);
    begin();
    /* Room for the first few. */
    bank.first = 4;
    bank.failures = INT64_MAX;
    bank.made = 0;
    while (incload__sched_pull(sched, &unit, 0) == INCLOAD__PULL_UNIT)
        many[begun++] = unit;
    ck_assert_int_gt(begun, 0);
    ck_assert_int_lt(begun, nodes);
    for (int32_t i = 0; i < begun; i++)
        complete(many[i], OK);
    pull_end(INCLOAD__RUN_FAILED);
    if (_i == 0) {
        expect(begun - 1, INCLOAD_STATUS_SUCCESS, INCLOAD__REASON_NONE);
        expect(nodes - 1, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
    } else {
        expect(0, INCLOAD_STATUS_FAILED, INCLOAD__REASON_ERROR);
        ck_assert_int_eq(info(0).code, INCLOAD_E_NO_MEMORY);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, stage_tear_down);
    tcase_add_test(tests, each_limit_of_waiting_has_its_own_end);
    tcase_add_loop_test(tests, the_total_time_ends_a_unit_between_two_attempts, 0, 2);
    tcase_add_loop_test(tests, the_total_time_takes_a_unit_of_a_source_out_of_its_row, 0, 2);
    tcase_add_test(tests, a_unit_that_is_given_up_is_told_as_lost);
    tcase_add_loop_test(tests, what_rests_or_waits_is_left_when_a_source_stops, 0, 2);
    tcase_add_test(tests, a_share_that_failed_stops_a_source_only_when_it_is_too_large);
    tcase_add_loop_test(tests, a_cancel_spares_a_source_that_cleans_up, 0, 2);
    tcase_add_test(tests, a_cancel_that_grows_sharper_tells_what_runs);
    tcase_add_test(tests, a_host_says_why_its_unit_failed);
    tcase_add_test(tests, a_unit_that_says_it_was_cancelled_fails_a_run_that_was_not);
    tcase_add_test(tests, a_cleanup_that_counts_fails_the_run);
    tcase_add_test(tests, a_unit_that_ends_before_it_could_be_told_to_is_not_told);
    tcase_add_test(tests, rules_that_were_to_be_asked_are_forgotten_when_the_run_is_cancelled);
    tcase_add_test(tests, a_rule_is_asked_once_of_ends_that_come_together);
    tcase_add_loop_test(tests, a_rule_whose_answer_is_none_fails_its_node, 0, 4);
    tcase_add_test(tests, a_gate_that_adapts_tells_its_new_limit);
    tcase_add_test(tests, a_least_that_is_no_less_than_the_most_changes_nothing);
    tcase_add_test(tests, pauses_grow_by_their_factor_and_never_past_a_month);
    tcase_add_test(tests, a_timer_that_was_not_set_can_be_dropped);
    tcase_add_test(tests, more_units_than_can_be_numbered_are_refused);
    tcase_add_loop_test(tests, steps_without_memory_are_added_when_there_is_some, 0, 8);
    tcase_add_test(tests, every_allocation_of_a_scheduler_may_fail);
    tcase_add_test(tests, a_node_whose_time_cannot_be_noted_fails);
    tcase_add_test(tests, a_source_that_is_being_asked_is_not_over);
    tcase_add_test(tests, a_cancel_ends_units_that_wait_in_a_row);
    tcase_add_test(tests, a_run_of_no_steps_succeeds);
    tcase_add_test(tests, events_are_told_a_few_at_a_time_without_memory_for_a_second_box);
    tcase_add_test(tests, a_run_that_is_cancelled_before_it_begins_begins_nothing);
    tcase_add_test(tests, the_total_time_stops_a_unit_that_runs);
    tcase_add_test(tests, a_run_goes_on_until_its_last_event_has_been_told);
    tcase_add_test(tests, a_source_that_fails_gives_its_node_the_code);
    tcase_add_loop_test(tests, a_unit_that_there_is_no_memory_to_begin_fails, 0, 2);
}

HARNESS_MAIN("scheduler_edges", add_tests)

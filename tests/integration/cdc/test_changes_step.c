/* SPDX-License-Identifier: Apache-2.0 */
/* Changes as a step: until they are caught up, a position is reached or the run is stopped. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

enum { CHUNK = 4, SOON_MS = 20000 };

/* Events 1 to `last`, each a row of its own, as a queue would give them. */
typedef struct feed {
    atomic_int last;
    int32_t pushed; /* the last that was */
    int32_t calls;
    int32_t most_pending;
    int32_t fail_behind; /* once, with an event that is not committed; 0: never */
    int32_t pause_ms;
    int32_t answer; /* in the place of what is right; 0: that */
    int32_t freed;
} feed;

static int32_t
fetch(incload_changes *changes, incload_unit *unit, void *data)
{
    feed *f = data;
    incload_error *err = NULL;
    int32_t last = atomic_load(&f->last);

    f->calls++;
    if (incload_changes_pending(changes) == 0)
        f->pushed = (int32_t)position_of(changes);
    if (f->fail_behind > 0 && f->pushed >= f->fail_behind && incload_changes_pending(changes) > 0) {
        f->fail_behind = 0;
        return incload_unit_fail(unit, "the queue is gone");
    }
    for (int32_t i = 0; i < CHUNK && f->pushed < last; i++) {
        const char *const names[] = { "id", "name" };
        char id[16];
        const char *const values[] = { id, "x" };
        snprintf(id, sizeof id, "%d", (int)++f->pushed);
        incload_changes_push(changes, INCLOAD_CHANGE_INSERT, names, values, 2, (uint64_t)f->pushed, 0, &err);
    }
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    if (incload_changes_pending(changes) > f->most_pending)
        f->most_pending = (int32_t)incload_changes_pending(changes);
    if (f->pause_ms > 0)
        incload_unit_again_in(unit, f->pause_ms);
    if (f->answer != 0)
        return f->answer;
    return f->pushed < last ? INCLOAD_YIELD : INCLOAD_DONE;
}

static void
note_freed(void *data)
{
    ((feed *)data)->freed++;
}

/* A table, its changes and a step with them. */
typedef struct bench {
    place at;
    incload_context *context;
    const char *table;
    incload_changes *changes;
    incload_step *step;
    feed feed;
} bench;

static void
bench_open(bench *b, kind which, const char *table, const char *options, int32_t last)
{
    incload_error *err = NULL;

    memset(b, 0, sizeof *b);
    b->context = incload_context_new(NULL, &err);
    b->at = place_open_with(b->context, which, which == PG_ODBC, NULL);
    b->table = table;
    make_items(b->at, table, false);
    b->changes = changes_open(b->at, table, NULL);
    atomic_init(&b->feed.last, last);
    b->step = incload_step_new_changes(b->changes, options, fetch, &b->feed, note_freed, &err);
    ck_assert_msg(b->step != NULL, "%s", incload_error_message(err));
}

static void
bench_close(bench *b)
{
    incload_step_unref(b->step);
    ck_assert_int_eq(b->feed.freed, 1);
    incload_changes_unref(b->changes);
    incload_context_unref(b->context);
    place_close(b->at);
}

static void
expect_landed(const bench *b, int64_t count)
{
    ck_assert_int_eq(ask_number(b->at, "SELECT count(*) FROM %s", b->table), count);
    ck_assert_uint_eq(position_of(b->changes), (uint64_t)count);
    ck_assert_int_eq(incload_changes_pending(b->changes), 0);
}

static void
run_well(bench *b, int64_t events)
{
    incload_error *err = NULL;
    incload_run *run = incload_step_run(b->step, NULL, &err);

    ck_assert_msg(err == NULL, "%s: %s", kind_names[b->at.kind], incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_rows_read(run), events);
    ck_assert_int_eq(incload_run_rows_written(run), events);
    incload_run_unref(run);
}

START_TEST(a_step_commits_what_is_fetched_until_it_has_caught_up)
{
    bench b;

    bench_open(&b, (kind)_i, "caught_up", "commit_events=10 commit_interval=1h", 25);
    run_well(&b, 25);
    expect_landed(&b, 25);
    /* Two calls do not reach ten, three do. */
    ck_assert_int_eq(b.feed.most_pending, 12);
    /* Another run counts what is its own. */
    atomic_store(&b.feed.last, 30);
    run_well(&b, 5);
    run_well(&b, 0);
    expect_landed(&b, 30);
    bench_close(&b);
}
END_TEST

START_TEST(a_step_ends_once_its_position_is_committed)
{
    bench b;

    bench_open(&b, (kind)_i, "positioned", "until=position position=9 commit_events=1", 25);
    run_well(&b, 12);
    expect_landed(&b, 12);
    int32_t calls = b.feed.calls;
    run_well(&b, 0);
    ck_assert_int_eq(b.feed.calls, calls);
    bench_close(&b);
}
END_TEST

/* ---- stopping ---- */

/* Waits until the run has told of so many events. */
static void
await_events(const bench *b, int64_t count)
{
    int64_t until = now_ms() + SOON_MS;
    bool there = false;

    while (!there && now_ms() < until) {
        incload_event *event = incload_context_next_event(b->context, 1000, NULL);
        there = event != NULL && incload_event_kind(event) == INCLOAD_EVENT_PROGRESS
                && incload_event_rows_read(event) == count;
        incload_event_unref(event);
    }
    ck_assert_msg(there, "%s: no event tells of %d", kind_names[b->at.kind], (int)count);
}

static incload_run *
start(bench *b)
{
    incload_error *err = NULL;
    incload_run *run = incload_step_start(b->step, NULL, &err);

    ck_assert_msg(run != NULL, "%s", incload_error_message(err));
    return run;
}

START_TEST(a_step_without_an_end_goes_on_until_its_run_is_drained)
{
    incload_error *err = NULL;
    bench b;

    bench_open(&b, (kind)_i, "drained", "until=stopped poll=5ms", 5);
    incload_run *run = start(&b);
    await_events(&b, 5);
    ck_assert_int_eq(incload_run_rows_written(run), 5);
    atomic_store(&b.feed.last, 12);
    await_events(&b, 12);
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_RUNNING);
    incload_run_drain(run);
    ck_assert_msg(incload_run_wait(run, SOON_MS, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_rows_read(run), 12);
    incload_run_unref(run);
    expect_landed(&b, 12);
    bench_close(&b);
}
END_TEST

START_TEST(a_step_that_rests_is_woken_by_the_end_of_its_run)
{
    bench b;

    for (int32_t cancel = 0; cancel < 2; cancel++) {
        incload_error *err = NULL;
        bench_open(&b, SQLITE, cancel ? "rest_cancelled" : "rest_drained", "until=stopped poll=1h", 5);
        incload_run *run = start(&b);
        await_events(&b, 5);
        if (cancel)
            incload_run_cancel(run);
        else
            incload_run_drain(run);
        ck_assert_int_eq(incload_run_wait(run, SOON_MS, &err), cancel ? INCLOAD_E_CANCELLED : INCLOAD_OK);
        incload_error_unref(err);
        ck_assert_int_eq(incload_run_rows_written(run), 5);
        incload_run_unref(run);
        expect_landed(&b, 5);
        bench_close(&b);
    }
}
END_TEST

START_TEST(a_commit_under_way_is_interrupted_and_its_events_are_told_again)
{
    incload_error *err = NULL;
    bench b;

    bench_open(&b, sleepers[_i], "interrupted", NULL, 5);
    place other = place_open(b.at.kind, b.at.kind == PG_ODBC);
    make_slow(b.at, b.table);
    incload_run *run = start(&b);
    await_sleep(other);
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, SOON_MS, &err), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_run_rows_written(run), 0);
    incload_error_unref(err);
    incload_run_unref(run);
    expect_landed(&b, 0);
    make_quick(b.at, b.table);
    run_well(&b, 5);
    expect_landed(&b, 5);
    place_close(other);
    bench_close(&b);
}
END_TEST

/* ---- failures ---- */

START_TEST(a_failure_drops_what_is_not_committed_and_the_next_attempt_brings_it_again)
{
    incload_error *err = NULL;
    bench b;

    bench_open(&b, (kind)_i, "failed", "commit_events=5 commit_interval=1h", 25);
    b.feed.fail_behind = 12;
    incload_run *run = incload_step_run(b.step, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CALLBACK);
    expect_words(incload_error_message(err), "the queue is gone");
    ck_assert_str_eq(incload_error_step(err), "failed:changes");
    incload_error_unref(err);
    err = NULL;
    incload_run_unref(run);
    expect_landed(&b, 8);
    /* In a pipeline with retries it ends well. */
    b.feed.fail_behind = 20;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", b.context, &err);
    incload_pipeline_add(pipeline, "follow", b.step, NULL, &err);
    incload_pipeline_set(pipeline, "follow", "retries", "2", &err);
    incload_pipeline_set(pipeline, "follow", "retry_delay", "1ms", &err);
    run = incload_pipeline_run(pipeline, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(b.feed.fail_behind, 0);
    ck_assert_int_eq(incload_run_rows_written(run), 17);
    ck_assert_int_eq(incload_run_attempts(incload_run_step(run, 0)), 2);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    expect_landed(&b, 25);
    bench_close(&b);
}
END_TEST

START_TEST(an_answer_that_is_none_is_a_failure)
{
    bench b;

    bench_open(&b, SQLITE, "garbage", NULL, 3);
    b.feed.answer = 17;
    incload_error *err = NULL;
    incload_run *run = incload_step_run(b.step, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CALLBACK);
    expect_words(incload_error_message(err), "17|INCLOAD_YIELD");
    incload_error_unref(err);
    incload_run_unref(run);
    expect_landed(&b, 0);
    bench_close(&b);
}
END_TEST

START_TEST(a_run_out_of_time_ends_a_step_that_waits)
{
    bench b;

    bench_open(&b, SQLITE, "late", "until=stopped poll=1h", 3);
    incload_error *err = NULL;
    incload_run *run = incload_step_run(b.step, "timeout=200ms", &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_TIMEOUT);
    incload_error_unref(err);
    incload_run_unref(run);
    expect_landed(&b, 3);
    bench_close(&b);
}
END_TEST

START_TEST(two_runs_do_not_share_a_step)
{
    bench b;

    bench_open(&b, SQLITE, "shared", "until=stopped poll=5ms", 3);
    incload_run *first = start(&b);
    await_events(&b, 3);
    incload_error *err = NULL;
    incload_run *second = incload_step_run(b.step, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_BUSY);
    incload_error_unref(err);
    incload_run_unref(second);
    incload_run_drain(first);
    ck_assert_int_eq(incload_run_wait(first, SOON_MS, NULL), INCLOAD_OK);
    incload_run_unref(first);
    bench_close(&b);
}
END_TEST

START_TEST(options_that_contradict_themselves_are_refused)
{
    static const char *const bad[] = { "until=position", "position=7", "until=position position=seven", "until=never",
                                       "every=7" };
    bench b;

    bench_open(&b, SQLITE, "refused", NULL, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        feed unused = { .freed = 0 };
        incload_error *err = NULL;
        ck_assert_ptr_null(incload_step_new_changes(b.changes, bad[i], fetch, &unused, note_freed, &err));
        ck_assert_ptr_nonnull(err);
        ck_assert_int_eq(unused.freed, 1);
        incload_error_unref(err);
    }
    bench_close(&b);
}
END_TEST

/* ---- in a pipeline that a ledger keeps ---- */

static int32_t
count_rows(incload_unit *unit, void *data)
{
    const bench *b = data;

    (void)unit;
    ck_assert_int_eq(ask_number(b->at, "SELECT count(*) FROM %s", b->table), 25);
    return INCLOAD_DONE;
}

START_TEST(the_ledger_tells_what_a_step_of_changes_wrote)
{
    incload_error *err = NULL;
    bench b;

    bench_open(&b, (kind)_i, "kept", "commit_events=10", 25);
    incload_pipeline *pipeline = incload_pipeline_new("kept_nightly", b.context, &err);
    incload_step *then = incload_step_new_function(count_rows, &b, NULL, &err);
    incload_pipeline_add(pipeline, "follow", b.step, NULL, &err);
    incload_pipeline_add(pipeline, "report", then, "follow", &err);
    incload_pipeline_set_ledger(pipeline, b.at.db, &err);
    incload_run *run = incload_pipeline_run(pipeline, NULL, &err);
    ck_assert_msg(err == NULL, "%s: %s", kind_names[b.at.kind], incload_error_message(err));
    ck_assert_int_eq(incload_run_rows_written(incload_run_step(run, 0)), 25);
    incload_unit_history *units = incload_unit_history_new(b.at.db, incload_run_id(run), 0, 10, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_unit_history_count(units), 2);
    ck_assert_int_eq(incload_unit_history_rows_written(units, 0), 25);
    incload_unit_history_unref(units);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    incload_step_unref(then);
    bench_close(&b);
}
END_TEST

/* ---- groups ---- */

/* A group of two tables, whose events come in turn. */
typedef struct pair {
    incload_changes *tables[2];
    incload_changes *told; /* what the function was called with */
    int32_t next;
} pair;

static int32_t
fetch_pair(incload_changes *changes, incload_unit *unit, void *data)
{
    static const char *const rows[] = { "id=1 name=x qty=1", "id=2 name=y qty=2" };
    pair *p = data;

    (void)unit;
    p->told = changes;
    for (int32_t i = 0; i < 3; i++) {
        p->next++;
        push(p->tables[p->next % 2], INCLOAD_CHANGE_INSERT, (uint64_t)p->next, rows[p->next / 2 % 2]);
    }
    return p->next < 6 ? INCLOAD_YIELD : INCLOAD_DONE;
}

/* A table's handle stands for all that its commits take. */
START_TEST(a_step_applies_the_changes_of_a_group_and_counts_those_of_all_tables)
{
    bool by_table = _i >= KINDS;
    place at = place_open((kind)(_i % KINDS), _i % KINDS == PG_ODBC);
    incload_error *err = NULL;
    pair p = { .next = 0 };
    make_items(at, "paired_a", false);
    make_items(at, "paired_b", false);
    incload_changes *group = group_open(at, by_table ? "paired by table" : "paired", NULL);
    p.tables[0] = group_add(group, "paired_a", NULL);
    p.tables[1] = group_add(group, "paired_b", NULL);
    incload_changes *given = by_table ? p.tables[0] : group;
    incload_step *step =
        incload_step_new_changes(given, "commit_events=6 commit_interval=1h", fetch_pair, &p, NULL, &err);
    incload_run *run = incload_step_run(step, NULL, &err);

    ck_assert_msg(err == NULL, "%s: %s", kind_names[at.kind], incload_error_message(err));
    ck_assert_ptr_eq(p.told, given);
    ck_assert_int_eq(incload_run_rows_read(run), 6);
    ck_assert_int_eq(incload_run_rows_written(run), 4);
    expect_items(at, "paired_a", false, "1|x|1\n2|y|2\n");
    expect_items(at, "paired_b", false, "1|x|1\n2|y|2\n");
    ck_assert_uint_eq(position_of(group), 6);
    incload_run_unref(run);
    incload_step_unref(step);
    incload_changes_unref(p.tables[0]);
    incload_changes_unref(p.tables[1]);
    incload_changes_unref(group);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_step_commits_what_is_fetched_until_it_has_caught_up, 0, KINDS);
    tcase_add_loop_test(tests, a_step_ends_once_its_position_is_committed, 0, KINDS);
    tcase_add_loop_test(tests, a_step_without_an_end_goes_on_until_its_run_is_drained, 0, KINDS);
    tcase_add_test(tests, a_step_that_rests_is_woken_by_the_end_of_its_run);
    tcase_add_loop_test(tests, a_commit_under_way_is_interrupted_and_its_events_are_told_again, 0, 3);
    tcase_add_loop_test(tests, a_failure_drops_what_is_not_committed_and_the_next_attempt_brings_it_again, 0, KINDS);
    tcase_add_test(tests, an_answer_that_is_none_is_a_failure);
    tcase_add_test(tests, a_run_out_of_time_ends_a_step_that_waits);
    tcase_add_test(tests, two_runs_do_not_share_a_step);
    tcase_add_test(tests, options_that_contradict_themselves_are_refused);
    tcase_add_loop_test(tests, the_ledger_tells_what_a_step_of_changes_wrote, 0, KINDS);
    tcase_add_loop_test(tests, a_step_applies_the_changes_of_a_group_and_counts_those_of_all_tables, 0, 2 * KINDS);
}

int
main(void)
{
    return run_tests("changes_step", 60, add_tests);
}

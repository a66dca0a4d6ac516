/* SPDX-License-Identifier: Apache-2.0 */
/* A stream as a step: until it has caught up, a position is reached or its run is drained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "streams.h"

enum { SOON_MS = 20000 };

static const char *const stream_options = "tables=followed retry_delay=1ms";

/* A stream and a step with it. */
typedef struct bench {
    flow f;
    incload_stream *stream;
    incload_step *step;
} bench;

static bench
bench_open(const char *name, kind to, const char *options)
{
    bench b = { .f = flow_open(name, to) };
    incload_error *err = NULL;

    source_items(&b.f, "followed");
    b.stream = stream_new(&b.f, stream_options);
    b.step = incload_step_new_stream(b.stream, options, &err);
    ck_assert_msg(b.step != NULL, "%s", incload_error_message(err));
    return b;
}

static void
bench_close(bench *b)
{
    incload_step_unref(b->step);
    incload_stream_unref(b->stream);
    flow_close(&b->f);
}

static void
run_well(const bench *b, int64_t read, int64_t written, int64_t deleted)
{
    incload_error *err = NULL;
    incload_run *run = incload_step_run(b->step, NULL, &err);

    ck_assert_msg(err == NULL, "%s: %s", kind_names[b->f.to.kind], incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_rows_read(run), read);
    ck_assert_int_eq(incload_run_rows_written(run), written);
    ck_assert_int_eq(incload_run_rows_deleted(run), deleted);
    incload_run_unref(run);
}

static incload_run *
start(const bench *b)
{
    incload_error *err = NULL;
    incload_run *run = incload_step_start(b->step, NULL, &err);

    ck_assert_msg(run != NULL, "%s", incload_error_message(err));
    return run;
}

static void
end_well(incload_run *run)
{
    incload_error *err = NULL;

    ck_assert_msg(incload_run_wait(run, SOON_MS, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    incload_run_unref(run);
}

START_TEST(a_step_copies_follows_and_ends_once_it_has_caught_up)
{
    bench b = bench_open("step_caught", (kind)_i, NULL);
    uint64_t position = 0, ordinal = 0;

    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)");
    run_well(&b, 3, 3, 0);
    expect_same(&b.f, "followed");
    sql(b.f.from, "INSERT INTO followed VALUES (4, 'four', 4), (5, 'five', 5)");
    sql(b.f.from, "DELETE FROM followed WHERE id = 1");
    /* A run counts what is its own. */
    run_well(&b, 3, 2, 1);
    run_well(&b, 0, 0, 0);
    expect_same(&b.f, "followed");
    ck_assert_int_eq(incload_stream_position(b.stream, &position, &ordinal, NULL), INCLOAD_OK);
    ck_assert_uint_gt(position, 0);
    bench_close(&b);
}
END_TEST

static int32_t
count_rows(incload_unit *unit, void *data)
{
    const bench *b = data;

    (void)unit;
    ck_assert_int_eq(ask_number(b->f.to, "SELECT COUNT(*) FROM followed"), 2);
    return INCLOAD_DONE;
}

START_TEST(what_comes_behind_it_in_a_pipeline_finds_the_changes)
{
    bench b = bench_open("step_line", (kind)_i, NULL);
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    incload_step *behind = incload_step_new_function(count_rows, &b, NULL, &err);

    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1), (2, 'two', 2)");
    incload_pipeline_add(pipeline, "follow", b.step, NULL, &err);
    incload_pipeline_add(pipeline, "count", behind, "follow", &err);
    incload_run *run = incload_pipeline_run(pipeline, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq(incload_run_rows_written(incload_run_step(run, 0)), 2);
    incload_run_unref(run);
    incload_step_unref(behind);
    incload_pipeline_unref(pipeline);
    bench_close(&b);
}
END_TEST

START_TEST(a_step_ends_once_it_has_all_up_to_a_position)
{
    bench b = bench_open("step_position", (kind)_i, NULL);
    incload_error *err = NULL;
    char options[96];

    run_well(&b, 0, 0, 0);
    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1), (2, 'two', 2)");
    char *position = ask(b.f.from, "SELECT pg_current_wal_insert_lsn()");
    snprintf(options, sizeof options, "until=position position=%.*s", (int)strcspn(position, "\n"), position);
    free(position);
    sql(b.f.from, "INSERT INTO followed VALUES (3, 'three', 3)");
    incload_step_unref(b.step);
    b.step = incload_step_new_stream(b.stream, options, &err);
    ck_assert_msg(b.step != NULL, "%s", incload_error_message(err));
    run_well(&b, 2, 2, 0);
    /* It is there already. */
    run_well(&b, 0, 0, 0);
    expect(b.f.to, "1|one|1\n2|two|2\n", "SELECT id, name, qty FROM followed");
    bench_close(&b);
}
END_TEST

START_TEST(a_step_without_an_end_goes_on_until_its_run_is_drained)
{
    bench b = bench_open("step_drained", (kind)_i, "until=stopped");

    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1)");
    incload_run *run = start(&b);
    await_written(run, 1);
    sql(b.f.from, "INSERT INTO followed SELECT i, 'many', i FROM generate_series(2, 300) AS i");
    await_written(run, 300);
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_RUNNING);
    incload_run_drain(run);
    end_well(run);
    expect_same(&b.f, "followed");
    bench_close(&b);
}
END_TEST

START_TEST(a_cancelled_step_can_run_again)
{
    bench b = bench_open("step_cancelled", (kind)_i, "until=stopped");
    incload_error *err = NULL;

    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1)");
    incload_run *run = start(&b);
    await_written(run, 1);
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, SOON_MS, &err), INCLOAD_E_CANCELLED);
    incload_error_unref(err);
    incload_run_unref(run);
    sql(b.f.from, "INSERT INTO followed VALUES (2, 'two', 2)");
    run = start(&b);
    await_written(run, 1);
    incload_run_drain(run);
    end_well(run);
    expect_same(&b.f, "followed");
    bench_close(&b);
}
END_TEST

START_TEST(a_commit_under_way_is_interrupted_and_its_changes_come_again)
{
    bench b = bench_open("step_broken", sleepers[_i], NULL);
    incload_error *err = NULL;

    run_well(&b, 0, 0, 0);
    make_slow(b.f.to, "followed");
    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1)");
    incload_run *run = start(&b);
    await_sleep(b.f.to);
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, SOON_MS, &err), INCLOAD_E_CANCELLED);
    ck_assert_int_eq(incload_run_rows_written(run), 0);
    incload_error_unref(err);
    incload_run_unref(run);
    make_quick(b.f.to, "followed");
    run_well(&b, 1, 1, 0);
    expect_same(&b.f, "followed");
    bench_close(&b);
}
END_TEST

static int32_t
fail_once(incload_change *change, void *data)
{
    int32_t *calls = data;

    (void)change;
    return ++*calls == 2 ? 0 : INCLOAD_DONE;
}

START_TEST(after_a_failure_another_attempt_goes_on_behind_what_is_committed)
{
    bench b = bench_open("step_again", (kind)_i, NULL);
    incload_error *err = NULL;
    int32_t calls = 0;

    run_well(&b, 0, 0, 0);
    ck_assert_int_eq(incload_stream_set_function(b.stream, fail_once, &calls, NULL, &err), INCLOAD_OK);
    /* In one transaction, of which nothing is committed when the second change fails: both are seen again. */
    sql(b.f.from, "INSERT INTO followed VALUES (1, 'one', 1), (2, 'two', 2)");
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    incload_pipeline_add(pipeline, "follow", b.step, NULL, &err);
    incload_pipeline_set(pipeline, "follow", "retries", "2", &err);
    incload_pipeline_set(pipeline, "follow", "retry_delay", "1ms", &err);
    incload_run *run = incload_pipeline_run(pipeline, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_rows_written(run), 2);
    ck_assert_int_eq(incload_run_attempts(incload_run_step(run, 0)), 2);
    ck_assert_int_eq(calls, 4);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    expect_same(&b.f, "followed");
    bench_close(&b);
}
END_TEST

START_TEST(a_host_that_stops_the_stream_ends_well_only_what_waits_for_that)
{
    static const char *const options[] = { "until=stopped", "until=caught_up" };

    for (int32_t i = 0; i < 2; i++) {
        bench b = bench_open("step_stopped", SQLITE, options[i]);
        incload_error *err = NULL;
        incload_stream_stop(b.stream);
        incload_run *run = incload_step_run(b.step, NULL, &err);
        ck_assert_int_eq(incload_error_code(err), i == 0 ? INCLOAD_OK : INCLOAD_E_CANCELLED);
        expect_words(i == 0 ? "" : incload_error_message(err), i == 0 ? "" : "told to stop");
        incload_error_unref(err);
        incload_run_unref(run);
        bench_close(&b);
    }
}
END_TEST

START_TEST(a_step_that_is_out_of_time_ends)
{
    bench b = bench_open("step_late", SQLITE, "until=stopped");
    incload_error *err = NULL;

    follow(&b.f, stream_options);
    incload_pipeline *pipeline = incload_pipeline_new("nightly", NULL, &err);
    incload_pipeline_add(pipeline, "follow", b.step, NULL, &err);
    incload_pipeline_set(pipeline, "follow", "timeout", "300ms", &err);
    incload_run *run = incload_pipeline_run(pipeline, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_TIMEOUT);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    bench_close(&b);
}
END_TEST

START_TEST(what_a_step_of_a_stream_cannot_do_is_refused_in_clear_words)
{
    bench b = bench_open("step_refused", SQLITE, NULL);
    incload_error *err = NULL;

    ck_assert_ptr_null(incload_step_plan(b.step, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_UNSUPPORTED);
    incload_error_unref(err);
    static const char *const wrong[] = { "until=position", "position=1/2", "until=position position=x", "poll=1s" };
    static const char *const words[] = { "position", "until=position", "16/B374D848", "poll" };
    for (int32_t i = 0; i < 4; i++) {
        err = NULL;
        ck_assert_ptr_null(incload_step_new_stream(b.stream, wrong[i], &err));
        expect_words(incload_error_message(err), words[i]);
        incload_error_unref(err);
    }
    bench_close(&b);
}
END_TEST

static void
add_tests(TCase *tcase)
{
    tcase_add_loop_test(tcase, a_step_copies_follows_and_ends_once_it_has_caught_up, 0, KINDS);
    tcase_add_loop_test(tcase, what_comes_behind_it_in_a_pipeline_finds_the_changes, 0, KINDS);
    tcase_add_loop_test(tcase, a_step_ends_once_it_has_all_up_to_a_position, 0, KINDS);
    tcase_add_loop_test(tcase, a_step_without_an_end_goes_on_until_its_run_is_drained, 0, KINDS);
    tcase_add_loop_test(tcase, a_cancelled_step_can_run_again, 0, KINDS);
    tcase_add_loop_test(tcase, a_commit_under_way_is_interrupted_and_its_changes_come_again, 0, 3);
    tcase_add_loop_test(tcase, after_a_failure_another_attempt_goes_on_behind_what_is_committed, 0, KINDS);
    tcase_add_test(tcase, a_host_that_stops_the_stream_ends_well_only_what_waits_for_that);
    tcase_add_test(tcase, a_step_that_is_out_of_time_ends);
    tcase_add_test(tcase, what_a_step_of_a_stream_cannot_do_is_refused_in_clear_words);
}

int
main(void)
{
    return run_tests("stream_step", 120, add_tests);
}

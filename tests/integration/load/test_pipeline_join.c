/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of pipelines that several processes take part in: by one key, after a death, and until one cancels. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipelines.h"

/* ---- joining ---- */

START_TEST(the_same_key_gives_the_finished_run_and_other_work_under_it_is_refused)
{
    incload_error *err = NULL;
    const char *name = own("key", _i);
    char options[120];

    share();
    seen->open = true;
    place at = place_open((kind)_i, 0);
    snprintf(options, sizeof options, "run_key='of %s'", name);
    incload_pipeline *first = nightly(at, name), *same = nightly(at, name), *other = nightly(at, name),
                     *newer = nightly(at, name);
    incload_run *run = incload_pipeline_run(first, options, &err), *joined = incload_pipeline_run(same, options, &err);
    fine(err);
    ck_assert_str_eq(incload_run_id(run), incload_run_id(joined));
    ck_assert_int_eq(incload_run_status(joined), INCLOAD_STATUS_SUCCESS);
    ck_assert_int_eq((int)incload_run_rows_written(joined), 8);
    size_t size = 0;
    ck_assert_mem_eq(incload_run_step_result(joined, FILES, &size), "three files", 11);
    expect_begun(1, 1, 1, 1);

    well(incload_pipeline_set(other, "report", "rule", "all_done", &err));
    ck_assert_ptr_null(incload_pipeline_run(other, options, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CONFLICT);
    expect_words(incload_error_message(err), "step 'report'|there|here");
    forget(&err);
    well(incload_pipeline_set(newer, "report", "version", "v2", &err));
    ck_assert_ptr_null(incload_pipeline_run(newer, options, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CONFLICT);
    expect_words(incload_error_message(err), "version ''|'v2' here|'report'");
    forget(&err);
    expect_begun(1, 1, 1, 1);
    incload_run_unref(run);
    incload_run_unref(joined);
    incload_pipeline_unref(first);
    incload_pipeline_unref(same);
    incload_pipeline_unref(other);
    incload_pipeline_unref(newer);
    place_close(at);
}
END_TEST

START_TEST(a_failed_run_with_a_key_is_told_as_failed_and_is_not_run_again)
{
    incload_error *err = NULL;
    const char *name = own("failed_key", _i);
    char options[120];

    share();
    place at = place_open((kind)_i, 0);
    snprintf(options, sizeof options, "run_key='of %s'", name);
    incload_pipeline *pipeline = nightly(at, name);
    incload_run_unref(incload_pipeline_run(pipeline, options, &err));
    forget(&err);
    incload_run *run = incload_pipeline_run(pipeline, options, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_CALLBACK);
    expect_words(incload_error_message(err), "the disk is full");
    ck_assert_str_eq(incload_run_step_reason(run, REPORT), "UPSTREAM_FAILED");
    expect_begun(1, 1, 1, 0);
    forget(&err);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

/* Long enough that the others find it at work. */
static int32_t
work_a_while(incload_unit *unit, void *begun)
{
    count(unit, begun);
    pause_ms(20);
    return INCLOAD_DONE;
}

/* Four rows of six; each waits for two of the row before it. */
static incload_pipeline *
lattice(place at, const char *name)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);
    char label[20], after[40];

    well(incload_pipeline_set_ledger(pipeline, at.db, &err));
    for (int i = 0; i < STEPS; i++) {
        snprintf(label, sizeof label, "s%d", i);
        snprintf(after, sizeof after, "s%d s%d", i - 6, i / 6 * 6 - 6 + (i + 1) % 6);
        add(pipeline, label, work_a_while, i, i >= 6 ? after : NULL);
    }
    return pipeline;
}

/* In a process of its own, which ends with 0 when the run did well. */
static pid_t
fork_run(int which, incload_pipeline *(*make)(place at, const char *name), const char *name, const char *options)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid != 0)
        return pid;
    incload_error *err = NULL;
    place at = place_open((kind)which, 0);
    incload_pipeline *pipeline = make(at, name);
    incload_run *run = incload_pipeline_run(pipeline, options, &err);
    if (err != NULL)
        fprintf(stderr, "# %s\n", incload_error_message(err));
    incload_run_unref(run);
    _exit(err == NULL ? 0 : 1);
}

static void
expect_exit(pid_t pid)
{
    int status = 0;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(processes_that_run_one_key_do_each_step_once)
{
    const char *name = own("together", _i);
    char options[120];
    pid_t others[3];

    share();
    snprintf(options, sizeof options, "run_key='of %s' parallel=3", name);
    for (int i = 0; i < 3; i++)
        others[i] = fork_run(_i, lattice, name, options);
    for (int i = 0; i < 3; i++)
        expect_exit(others[i]);
    for (int i = 0; i < STEPS; i++)
        ck_assert_msg(seen->begun[i] == 1, "step %d was begun %d times", i, seen->begun[i]);
    place at = place_open((kind)_i, 0);
    expect_status(at, name, "SUCCESS", 1);
    place_close(at);
}
END_TEST

/* ---- crashes ---- */

static int32_t
wait_for_death(incload_unit *unit, void *begun)
{
    count(unit, begun);
    if (atomic_load(&seen->open))
        return INCLOAD_DONE;
    atomic_store(&seen->in_step, 1);
    for (;;)
        pause();
}

static incload_pipeline *
deadly(place at, const char *name)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);

    well(incload_pipeline_set_ledger(pipeline, at.db, &err));
    add(pipeline, "extract", count, EXTRACT, NULL);
    add(pipeline, "clean", wait_for_death, CLEAN, "extract");
    add(pipeline, "report", count, REPORT, "clean");
    return pipeline;
}

static void
kill_in_step(int which, const char *name, const char *options)
{
    pid_t pid = fork_run(which, deadly, name, options);
    int status = 0;

    AWAIT(atomic_load(&seen->in_step) != 0);
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    atomic_store(&seen->open, true);
}

START_TEST(what_a_killed_process_was_at_is_done_by_one_that_joins)
{
    incload_error *err = NULL;
    const char *name = own("killed", _i);
    char options[120];

    share();
    snprintf(options, sizeof options, "run_key='of %s' lease=600", name);
    kill_in_step(_i, name, options);
    place at = place_open((kind)_i, 0);
    incload_pipeline *pipeline = deadly(at, name);
    incload_run_unref(incload_pipeline_run(pipeline, options, &err));
    fine(err);
    expect_begun(1, 0, 2, 1);
    expect_status(at, name, "SUCCESS", 1);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

START_TEST(what_a_killed_process_was_at_is_done_by_one_that_resumes)
{
    incload_error *err = NULL;
    const char *name = own("resumed", _i);

    share();
    kill_in_step(_i, name, "lease=600");
    place at = place_open((kind)_i, 0);
    incload_pipeline *pipeline = deadly(at, name);
    incload_run_unref(incload_pipeline_resume(pipeline, NULL, "lease=600", &err));
    fine(err);
    expect_begun(1, 0, 2, 1);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

/* In the first process until it is open; the second one has it done at once. */
static int32_t
linger(incload_unit *unit, void *begun)
{
    int before = atomic_fetch_add((atomic_int *)begun, 1);

    if (before > 0)
        return incload_unit_set_result(unit, "second", 6, NULL) == INCLOAD_OK ? INCLOAD_DONE : INCLOAD_FAIL;
    atomic_store(&seen->in_step, 1);
    AWAIT(atomic_load(&seen->open));
    return incload_unit_set_result(unit, "first", 5, NULL) == INCLOAD_OK ? INCLOAD_DONE : INCLOAD_FAIL;
}

static int32_t
expect_second(incload_unit *unit, void *begun)
{
    size_t size = 0;
    const char *left = incload_unit_input(unit, "clean", &size);

    count(unit, begun);
    return size == 6 && memcmp(left, "second", 6) == 0 ? INCLOAD_DONE : INCLOAD_FAIL;
}

static incload_pipeline *
lingering(place at, const char *name)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);

    well(incload_pipeline_set_ledger(pipeline, at.db, &err));
    add(pipeline, "clean", linger, CLEAN, NULL);
    add(pipeline, "report", expect_second, REPORT, "clean");
    return pipeline;
}

START_TEST(a_process_that_was_paused_drops_what_another_has_done_meanwhile)
{
    incload_error *err = NULL;
    const char *name = own("paused", _i);
    char options[120];

    share();
    snprintf(options, sizeof options, "run_key='of %s' lease=400", name);
    pid_t other = fork_run(_i, lingering, name, options);
    AWAIT(atomic_load(&seen->in_step) != 0);
    kill(other, SIGSTOP);
    place at = place_open((kind)_i, 0);
    incload_pipeline *pipeline = lingering(at, name);
    incload_run_unref(incload_pipeline_run(pipeline, options, &err));
    fine(err);
    atomic_store(&seen->open, true);
    kill(other, SIGCONT);
    expect_exit(other);
    expect_begun(0, 0, 2, 1);
    expect_status(at, name, "SUCCESS", 1);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

/* ---- stopping ---- */

static int32_t
wait_to_be_cancelled(incload_unit *unit, void *begun)
{
    count(unit, begun);
    if (atomic_load(&seen->open))
        return INCLOAD_DONE;
    atomic_store(&seen->in_step, 1);
    AWAIT(incload_unit_is_cancelled(unit));
    return INCLOAD_FAIL;
}

START_TEST(a_cancelled_run_is_told_as_such_and_can_be_resumed)
{
    incload_error *err = NULL;
    const char *name = own("cancelled", _i);

    share();
    place at = place_open((kind)_i, 0);
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);
    well(incload_pipeline_set_ledger(pipeline, at.db, &err));
    add(pipeline, "extract", count, EXTRACT, NULL);
    add(pipeline, "clean", wait_to_be_cancelled, CLEAN, "extract");
    add(pipeline, "report", count, REPORT, "clean");
    incload_run *run = incload_pipeline_start(pipeline, NULL, &err);
    AWAIT(atomic_load(&seen->in_step) != 0);
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, 20000, &err), INCLOAD_E_CANCELLED);
    forget(&err);
    expect_status(at, name, "CANCELLED", 1);
    seen->open = true;
    incload_run *again = incload_pipeline_resume(pipeline, incload_run_id(run), NULL, &err);
    fine(err);
    expect_begun(1, 0, 2, 1);
    expect_status(at, name, "SUCCESS", 2);
    incload_run_unref(run);
    incload_run_unref(again);
    incload_pipeline_unref(pipeline);
    place_close(at);
}
END_TEST

START_TEST(cancelling_in_one_process_stops_the_others)
{
    incload_error *err = NULL;
    const char *name = own("everywhere", _i);
    char options[120];

    share();
    snprintf(options, sizeof options, "run_key='of %s' lease=300", name);
    place at = place_open((kind)_i, 0);
    incload_pipeline *one = incload_pipeline_new(name, NULL, &err), *two = incload_pipeline_new(name, NULL, &err);
    well(incload_pipeline_set_ledger(one, at.db, &err));
    well(incload_pipeline_set_ledger(two, at.db, &err));
    add(one, "clean", wait_to_be_cancelled, CLEAN, NULL);
    add(two, "clean", wait_to_be_cancelled, CLEAN, NULL);
    incload_run *works = incload_pipeline_start(one, options, &err);
    AWAIT(atomic_load(&seen->in_step) != 0);
    incload_run *waits = incload_pipeline_start(two, options, &err);
    AWAIT(strcmp(incload_run_id(works), incload_run_id(waits)) == 0);
    incload_run_cancel(waits);
    ck_assert_int_eq(incload_run_wait(works, 20000, &err), INCLOAD_E_CANCELLED);
    forget(&err);
    ck_assert_int_eq(incload_run_wait(waits, 20000, &err), INCLOAD_E_CANCELLED);
    forget(&err);
    expect_begun(0, 0, 1, 0);
    expect_status(at, name, "CANCELLED", 1);
    incload_run_unref(works);
    incload_run_unref(waits);
    incload_pipeline_unref(one);
    incload_pipeline_unref(two);
    place_close(at);
}
END_TEST

static bool
wants_pause(place at, const char *run_id)
{
    return ask_number(at, "SELECT want AS c FROM %spipeline_run WHERE run_id = '%s'", ledger_of(at), run_id) == 1;
}

/* Asks the run to pause, once the ledger knows it; true when the ledger knows that as well. */
static bool
is_paused(place at, const char *name, incload_run *run)
{
    incload_error *err = NULL;
    incload_history *history = incload_history_new(at.db, name, 1, &err);

    fine(err);
    bool known = incload_history_count(history) > 0;
    if (known)
        incload_run_pause(run);
    bool paused = known && wants_pause(at, incload_history_run_id(history, 0));
    incload_history_unref(history);
    return paused;
}

START_TEST(pausing_in_one_process_holds_the_others_until_it_continues)
{
    incload_error *err = NULL;
    const char *name = own("held", _i);
    char options[120];

    share();
    snprintf(options, sizeof options, "run_key='of %s' lease=300", name);
    place at = place_open((kind)_i, 0);
    incload_pipeline *one = deadly(at, name), *two = deadly(at, name);
    seen->open = true;
    char paused[140];
    snprintf(paused, sizeof paused, "%s paused=true", options);
    incload_run *holds = incload_pipeline_start(one, paused, &err);
    AWAIT(is_paused(at, name, holds));
    incload_run *other = incload_pipeline_start(two, options, &err);
    ck_assert_int_eq(incload_run_wait(other, 400, &err), INCLOAD_E_TIMEOUT);
    expect_begun(0, 0, 0, 0);
    incload_run_continue(holds);
    well(incload_run_wait(other, 20000, &err));
    well(incload_run_wait(holds, 20000, &err));
    expect_begun(1, 0, 1, 1);
    incload_run_unref(holds);
    incload_run_unref(other);
    incload_pipeline_unref(one);
    incload_pipeline_unref(two);
    place_close(at);
}
END_TEST

/* ---- loads ---- */

static scene *at_work;
static int32_t at_route;
static bool as_group;

/* It is refused when its rows are there already. */
static incload_pipeline *
appending(place at, const char *name)
{
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);
    load what = at_work->what;

    (void)at;
    route_open(at_route, &what.from, &what.to);
    incload_step *step = load_step(&what, &err);
    if (as_group) {
        load beside = what;
        beside.target = named("beside", at_route);
        beside.function = NULL;
        incload_step *loads[] = { load_step(&beside, &err), step };
        step = incload_step_new_group(loads, 2, "name=appended", &err);
        incload_step_unref(loads[0]);
        incload_step_unref(loads[1]);
    }
    fine(err);
    well(incload_pipeline_set_ledger(pipeline, what.to.db, &err));
    well(incload_pipeline_add(pipeline, "load", step, NULL, &err));
    add(pipeline, "report", count, REPORT, "load");
    incload_step_unref(step);
    route_close(what.from, what.to);
    return pipeline;
}

START_TEST(a_load_whose_process_is_killed_at_any_moment_lands_once)
{
    enum { ROUNDS = 12, ROWS = 3 };
    static const int32_t routes[] = { PAIRS, PAIRS + 1, PAIRS + 2, ODBC_ROUTE };
    incload_error *err = NULL;
    uint64_t seed = 1789;
    char name[60], options[120], target[60];

    share();
    scene s = scene_begin("append", routes[_i], "id:i at:t name:s", "id", "batch_rows=1");
    s.what.preset = "append";
    at_work = &s;
    at_route = routes[_i];
    table_add(s.from, s.source,
              "(1, '2024-01-01 10:00:00.000000', 'a'), (2, '2024-02-01 10:00:00.000000', 'b'), "
              "(3, '2024-03-01 10:00:00.000000', 'c')");
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof name, "append-%d-%d", _i, i);
        snprintf(options, sizeof options, "run_key='%s' lease=300", name);
        snprintf(target, sizeof target, "appended_%d_%d", _i, i);
        s.what.target = target;
        pid_t victim = fork_run((int)s.to.kind, appending, name, options);
        pause_ms((int64_t)(draw(&seed) % 60));
        kill(victim, SIGKILL);
        waitpid(victim, NULL, 0);
        incload_pipeline *pipeline = appending(s.to, name);
        incload_run_unref(incload_pipeline_run(pipeline, options, &err));
        fine(err);
        ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", target), ROWS);
        table_drop(s.to, target);
        incload_pipeline_unref(pipeline);
    }
    scene_end(&s);
}
END_TEST

/* Past its lease: its heart takes it for dead when it beats again. */
static int32_t
stand_still_once(incload_unit *unit, incload_batch *batch, void *data)
{
    int32_t *batches = data;

    (void)batch;
    if (++*batches != 2)
        return INCLOAD_DONE;
    pid_t waker = fork();
    if (waker == 0) {
        pause_ms(1000);
        kill(getppid(), SIGCONT);
        _exit(0);
    }
    raise(SIGSTOP);
    waitpid(waker, NULL, 0);
    for (int i = 0; i < 5000 && !incload_unit_is_cancelled(unit); i++)
        pause_ms(1);
    return INCLOAD_DONE;
}

START_TEST(a_load_that_stood_still_is_begun_again_and_counts_its_rows_once)
{
    static const int32_t routes[] = { PAIRS, PAIRS + 1, ODBC_ROUTE };
    int32_t route = routes[_i / 2];
    incload_error *err = NULL;
    int32_t batches = 0;

    share();
    scene s = scene_begin("still", route, "id:i at:t name:s", "id", "batch_rows=1");
    s.what.preset = "append";
    s.what.function = stand_still_once;
    s.what.user_data = &batches;
    at_work = &s;
    at_route = route;
    as_group = _i % 2 == 1;
    table_drop(s.to, named("beside", route));
    table_add(s.from, s.source,
              "(1, '2024-01-01 10:00:00.000000', 'a'), (2, '2024-02-01 10:00:00.000000', 'b'), "
              "(3, '2024-03-01 10:00:00.000000', 'c')");
    incload_pipeline *pipeline = appending(s.to, named("still", _i));
    incload_run *run = incload_pipeline_run(pipeline, "lease=300", &err);
    fine(err);
    ck_assert_int_eq(batches, 5);
    ck_assert_int_eq((int)incload_run_rows_read(incload_run_step(run, 0)), as_group ? 6 : 3);
    ck_assert_int_eq((int)incload_run_rows_written(incload_run_step(run, 0)), as_group ? 6 : 3);
    expect(s.to, "1\n2\n3\n", "SELECT id FROM %s ORDER BY id", s.target);
    incload_run_unref(run);
    incload_pipeline_unref(pipeline);
    scene_end(&s);
}
END_TEST

/* ---- backfills ---- */

static int32_t
count_day(incload_unit *unit, void *data)
{
    (void)data;
    atomic_fetch_add(&seen->begun[(incload_unit_low(unit) / 86400000000) % 7], 1);
    pause_ms(5);
    return INCLOAD_DONE;
}

static incload_pipeline *
days_pipeline(place at, const char *name, incload_unit_fn work)
{
    char days_name[100];
    incload_error *err = NULL;
    incload_pipeline *pipeline = incload_pipeline_new(name, NULL, &err);
    incload_step *days = incload_step_new_backfill("2024-01-01", "2024-01-07", "parallel=2", work, NULL, NULL, &err);

    fine(err);
    snprintf(days_name, sizeof days_name, "days of %s", name);
    well(incload_step_set(days, "name", days_name, &err));
    well(incload_step_set_ledger(days, at.db, &err));
    well(incload_pipeline_set_ledger(pipeline, at.db, &err));
    add(pipeline, "extract", count, 7, NULL);
    well(incload_pipeline_add(pipeline, "days", days, "extract", &err));
    add(pipeline, "report", count, 8, "days");
    incload_step_unref(days);
    return pipeline;
}

static incload_pipeline *
with_days(place at, const char *name)
{
    return days_pipeline(at, name, count_day);
}

static int32_t
refuse_two_days(incload_unit *unit, void *data)
{
    int day = (int)((incload_unit_low(unit) / 86400000000) % 7);

    (void)data;
    atomic_fetch_add(&seen->begun[day], 1);
    return (day == 2 || day == 5) && !atomic_load(&seen->open) ? INCLOAD_FAIL : INCLOAD_DONE;
}

START_TEST(a_resume_does_what_is_missing_of_a_backfill)
{
    incload_error *err = NULL;
    const char *name = own("missing", _i);

    share();
    place at = place_open((kind)_i, 0);
    for (int round = 1; round <= 2; round++) {
        seen->open = round == 2;
        incload_pipeline *pipeline = days_pipeline(at, name, refuse_two_days);
        incload_run_unref(round == 1 ? incload_pipeline_run(pipeline, NULL, &err)
                                     : incload_pipeline_resume(pipeline, NULL, NULL, &err));
        ck_assert_msg((err == NULL) == (round == 2), "%s", incload_error_message(err));
        if (round == 1)
            expect_words(incload_error_message(err), "2 of 7 units failed");
        forget(&err);
        incload_pipeline_unref(pipeline);
    }
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(seen->begun[i], i == 2 || i == 5 ? 2 : 1);
    ck_assert_int_eq(seen->begun[7], 1);
    ck_assert_int_eq(seen->begun[8], 1);
    expect_status(at, name, "SUCCESS", 2);
    place_close(at);
}
END_TEST

START_TEST(processes_that_run_one_key_do_each_day_of_a_backfill_once)
{
    const char *name = own("days", _i);
    char options[120];
    pid_t others[2];

    share();
    snprintf(options, sizeof options, "run_key='of %s' parallel=3", name);
    for (int i = 0; i < 2; i++)
        others[i] = fork_run(_i, with_days, name, options);
    for (int i = 0; i < 2; i++)
        expect_exit(others[i]);
    for (int i = 0; i < 9; i++)
        ck_assert_msg(seen->begun[i] == 1, "%d was begun %d times", i, seen->begun[i]);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_same_key_gives_the_finished_run_and_other_work_under_it_is_refused, 0, KINDS);
    tcase_add_loop_test(tests, a_failed_run_with_a_key_is_told_as_failed_and_is_not_run_again, 0, KINDS);
    tcase_add_loop_test(tests, processes_that_run_one_key_do_each_step_once, 0, KINDS);
    tcase_add_loop_test(tests, what_a_killed_process_was_at_is_done_by_one_that_joins, 0, KINDS);
    tcase_add_loop_test(tests, what_a_killed_process_was_at_is_done_by_one_that_resumes, 0, KINDS);
    tcase_add_loop_test(tests, a_process_that_was_paused_drops_what_another_has_done_meanwhile, 0, KINDS);
    tcase_add_loop_test(tests, pausing_in_one_process_holds_the_others_until_it_continues, 0, KINDS);
    tcase_add_loop_test(tests, a_load_that_stood_still_is_begun_again_and_counts_its_rows_once, 0, 6);
    tcase_add_loop_test(tests, a_load_whose_process_is_killed_at_any_moment_lands_once, 0, KINDS);
    tcase_add_loop_test(tests, a_resume_does_what_is_missing_of_a_backfill, 0, KINDS);
    tcase_add_loop_test(tests, a_cancelled_run_is_told_as_such_and_can_be_resumed, 0, KINDS);
    tcase_add_loop_test(tests, cancelling_in_one_process_stops_the_others, 0, KINDS);
    tcase_add_loop_test(tests, processes_that_run_one_key_do_each_day_of_a_backfill_once, 0, KINDS);
}

int
main(void)
{
    return run_tests("pipeline_join", 60, add_tests);
}

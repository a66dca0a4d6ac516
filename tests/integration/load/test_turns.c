/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs of one load: the second is told who is at work, or waits for its turn. And the ledgers of older versions. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static const char columns[] = "id:i at:t note:s";
static const char by_time[] = "cursor=at key=id";

/* A process function that stays until it is let go, and tells when it has come. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool came;
    bool open;
} gate;

#define GATE { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER }

static int32_t
stay(incload_unit *unit, incload_batch *batch, void *data)
{
    gate *g = data;

    (void)unit;
    (void)batch;
    pthread_mutex_lock(&g->lock);
    g->came = true;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return INCLOAD_DONE;
}

static void
wait_until_come(gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (!g->came)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void
let_go(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* A run that is in the middle of its unit. */
static incload_run *
start_and_hold(scene *s, gate *g, const char *lease)
{
    incload_error *err = NULL;
    load what = s->what;

    table_add(s->from, s->source, "(1, '2024-03-01 10:00:00.000000', 'a')");
    what.function = stay;
    what.user_data = g;
    incload_step *step = load_step(&what, &err);
    incload_step_set(step, "lease", lease, &err);
    incload_run *run = incload_step_start(step, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    incload_step_unref(step);
    wait_until_come(g);
    return run;
}

static void
end_well(incload_run *run)
{
    incload_error *err = NULL;

    incload_run_wait(run, 30000, &err);
    ck_assert_msg(err == NULL, "%s: %s", incload_error_name(err), incload_error_message(err));
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    incload_run_unref(run);
}

static const char *
detail(const incload_error *err, const char *key)
{
    for (int32_t i = 0; i < incload_error_detail_count(err); i++) {
        if (strcmp(incload_error_detail_key(err, i), key) == 0)
            return incload_error_detail_value(err, i);
    }
    return "";
}

START_TEST(the_second_run_is_told_at_once_who_is_at_work)
{
    scene s = scene_begin("turn_busy", _i, columns, "id", by_time);
    gate g = GATE;
    incload_run *first = start_and_hold(&s, &g, "30s");
    incload_error *err = NULL;
    char pid[40];

    int64_t began = now_ms();
    incload_run *second = load_run(&s.what, &err);
    ck_assert_msg(incload_error_code(err) == INCLOAD_E_BUSY, "%s: %s", incload_error_name(err),
                  incload_error_message(err));
    ck_assert_int_lt(now_ms() - began, 5000);
    ck_assert_str_eq(detail(err, "run_id"), incload_run_id(first));
    snprintf(pid, sizeof pid, " pid %ld (libincload)", (long)getpid());
    ck_assert_msg(strstr(detail(err, "holder"), pid) != NULL, "%s", incload_error_message(err));
    expect_words(incload_error_message(err), "is being run by|since 20| UTC|option 'wait'");
    ck_assert_int_eq(incload_run_attempts(second), 1);
    incload_error_unref(err);
    incload_run_unref(second);
    let_go(&g);
    end_well(first);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(who_waits_runs_after_the_other)
{
    scene s = scene_begin("turn_wait", _i, columns, "id", by_time);
    gate g = GATE;
    incload_run *first = start_and_hold(&s, &g, "30s");
    incload_error *err = NULL;

    incload_step *step = load_step(&s.what, &err);
    incload_run *second = incload_step_start(step, "wait=20s", &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_run_wait(second, 200, NULL), INCLOAD_E_TIMEOUT);
    let_go(&g);
    end_well(first);
    end_well(second);
    incload_step_unref(step);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(who_waits_can_be_cancelled)
{
    scene s = scene_begin("turn_cancel", _i, columns, "id", by_time);
    gate g = GATE;
    incload_run *first = start_and_hold(&s, &g, "30s");
    incload_error *err = NULL;

    incload_step *step = load_step(&s.what, &err);
    incload_run *second = incload_step_start(step, "wait=1h", &err);
    ck_assert_int_eq(incload_run_wait(second, 100, &err), INCLOAD_E_TIMEOUT);
    int64_t began = now_ms();
    incload_run_cancel(second);
    ck_assert_int_eq(incload_run_wait(second, 20000, NULL), INCLOAD_E_CANCELLED);
    ck_assert_int_lt(now_ms() - began, 2000);
    incload_run_unref(second);
    incload_step_unref(step);
    let_go(&g);
    end_well(first);
    scene_end(&s);
}
END_TEST

/* Where one writer has the whole database its lock does the same. */
START_TEST(a_lease_is_renewed_while_its_load_is_at_work)
{
    scene s = scene_begin("turn_renew", _i, columns, "id", by_time);
    gate g = GATE;
    incload_run *first = start_and_hold(&s, &g, "300ms");

    pause_ms(1000);
    load_fails(&s.what, INCLOAD_E_BUSY, "is being run by");
    let_go(&g);
    end_well(first);
    incload_run_unref(load_ok(&s.what));
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(a_run_that_failed_leaves_its_lease_to_the_next)
{
    scene s = scene_begin("turn_failed", _i, columns, "id", by_time);

    table_add(s.from, s.source, "(1, NULL, 'a')");
    load_fails(&s.what, INCLOAD_E_NULL_CURSOR, "");
    load_fails(&s.what, INCLOAD_E_NULL_CURSOR, "");
    scene_end(&s);
}
END_TEST

START_TEST(a_ledger_of_version_one_is_read_as_it_is_and_brought_up_by_the_next_run)
{
    scene s = scene_begin("turn_ledger", _i, columns, "id", by_time);
    const char *l = ledger_of(s.to);
    incload_error *err = NULL;

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:00.000000', 'a')");
    incload_run_unref(load_ok(&s.what));
    sql(s.to, "DELETE FROM %smeta", l);
    sql(s.to, "INSERT INTO %smeta (version, created_us) VALUES (1, 1)", l);
    sql(s.to, "DROP TABLE %slease", l);
    sql(s.to, "DROP TABLE %slease_beat", l);
    sql(s.to, "DROP TABLE %sreject", l);
    sql(s.to, "DROP TABLE %sloaded_columns", l);
    sql(s.to, "DROP TABLE %sobject", l);

    incload_watermark *mark = incload_watermark_open(s.to.db, s.target, &err);
    ck_assert_msg(mark != NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(incload_watermark_version(mark), 1);
    incload_watermark_unref(mark);
    ck_assert_int_eq(ask_number(s.to, "SELECT MAX(version) AS c FROM %smeta", l), 1);

    table_add(s.from, s.source, "(2, '2024-03-01 11:00:00.000000', 'b')");
    incload_run_unref(load_ok(&s.what));
    ck_assert_int_eq(ask_number(s.to, "SELECT MAX(version) AS c FROM %smeta", l), 4);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %sreject", l), 0);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %slease WHERE load_name = '%s'", l, s.target), 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(a_target_without_transactions_is_refused)
{
    place at = place_open(MARIADB, 0);
    load what = { .from = at, .to = at, .table = "turn_plain", .target = "turn_plain_copy", .options = by_time };

    table_make(at, "turn_plain", columns, "id");
    table_add(at, "turn_plain", "(1, '2024-03-01 10:00:00.000000', 'a')");
    sql(at, "CREATE TABLE turn_plain_copy (id int PRIMARY KEY, at datetime(6), note text) ENGINE=%s",
        _i == 0 ? "MyISAM" : "Aria");
    load_fails(&what, INCLOAD_E_UNSUPPORTED, "turn_plain_copy|has no transactions|ENGINE=InnoDB");
    ck_assert_int_eq(ask_number(at, "SELECT COUNT(*) AS c FROM turn_plain_copy"), 0);
    table_drop(at, "turn_plain");
    table_drop(at, "turn_plain_copy");
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_second_run_is_told_at_once_who_is_at_work, 0, ROUTES);
    tcase_add_loop_test(tests, who_waits_runs_after_the_other, 0, ROUTES);
    tcase_add_loop_test(tests, who_waits_can_be_cancelled, 0, ROUTES);
    tcase_add_loop_test(tests, a_lease_is_renewed_while_its_load_is_at_work, 0, ROUTES);
    tcase_add_loop_test(tests, a_run_that_failed_leaves_its_lease_to_the_next, 0, ROUTES);
    tcase_add_loop_test(tests, a_ledger_of_version_one_is_read_as_it_is_and_brought_up_by_the_next_run, 0, ROUTES);
    tcase_add_loop_test(tests, a_target_without_transactions_is_refused, 0, 2);
}

int
main(void)
{
    return run_tests("turns", 60, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Backfills and pipelines between real databases: what lands, what is told, and what a second run does. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

enum { DAYS = 91, ROWS_PER_DAY = 3 };

/* 91 days from 2024-01-01, some rows in each: at its first instant, inside, and at its last. */
static void
add_days(place at, const char *table)
{
    static const int in_month[] = { 31, 29, 31 };
    char *values = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&values, &size);
    int id = 0;

    for (int month = 0; month < 3; month++) {
        for (int day = 1; day <= in_month[month]; day++) {
            static const char *const times[] = { "00:00:00.000000", "12:30:00.000000", "23:59:59.999999" };
            for (int i = 0; i < ROWS_PER_DAY; i++) {
                fprintf(out, "%s(%d, '2024-%02d-%02d %s', 'n')", id > 0 ? ", " : "", id, month + 1, day, times[i]);
                id++;
            }
        }
    }
    fclose(out);
    table_add(at, table, values);
    free(values);
}

static const char *const bad_days[] = { "2024-01-15", "2024-02-11", "2024-03-31" };

typedef struct log {
    atomic_int units;
    bool open; /* the bad days are no more */
} log_t;

static bool
is_bad(const char *label)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(bad_days[i], label) == 0)
            return true;
    }
    return false;
}

static int32_t
refuse_bad_days(incload_unit *unit, incload_batch *batch, void *data)
{
    log_t *log = data;

    (void)batch;
    atomic_fetch_add(&log->units, 1);
    return is_bad(incload_unit_label(unit)) && !log->open ? 0 : INCLOAD_DONE;
}

static incload_run *
run_days(const scene *s, const char *options, incload_error **err)
{
    load what = s->what;

    what.preset = "interval";
    incload_step *one = load_step(&what, err);
    incload_step *days = incload_step_new_load_backfill(one, "2024-01-01", "2024-03-31", options, err);
    incload_run *run = incload_step_run(days, NULL, err);

    incload_step_unref(one);
    incload_step_unref(days);
    return run;
}

START_TEST(three_days_of_91_fail_and_a_second_run_loads_them_alone)
{
    log_t log = { 0 };
    scene s = scene_begin("seed", _i, columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_days(s.from, s.source);
    s.what.function = refuse_bad_days;
    s.what.user_data = &log;
    incload_run *run = run_days(&s, "parallel=4", &err);
    ck_assert_msg(incload_error_code(err) == INCLOAD_E_CALLBACK, "%s", incload_error_message(err));
    expect_words(incload_error_message(err), "3 of 91 units failed");
    ck_assert_int_eq(incload_run_failed_count(run), 3);
    for (int32_t i = 0; i < 3; i++)
        ck_assert_msg(is_bad(incload_run_failed_label(run, i)), "%s", incload_run_failed_label(run, i));
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), DAYS - 3);
    ck_assert_int_eq((int)incload_run_rows_written(run), (DAYS - 3) * ROWS_PER_DAY);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), (DAYS - 3) * ROWS_PER_DAY);
    ck_assert_int_eq(atomic_load(&log.units), DAYS);
    incload_run_unref(run);
    incload_error_unref(err);
    err = NULL;

    log.open = true;
    run = run_days(&s, "parallel=4", &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(atomic_load(&log.units), DAYS + 3);
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), 3);
    incload_run_unref(run);
    expect_equal(s.from, s.to, s.source, s.target, columns);

    run = run_days(&s, "parallel=4", &err);
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), 0);
    ck_assert_int_eq(incload_run_status(run), INCLOAD_STATUS_SUCCESS);
    incload_run_unref(run);
    ck_assert_int_eq(staging_tables(s.to), 0);
    scene_end(&s);
}
END_TEST

START_TEST(select_all_replaces_what_has_landed)
{
    scene s = scene_begin("again", _i, columns, "id", "cursor=at");
    incload_error *err = NULL;

    table_add(s.from, s.source,
              "(1, '2024-01-01 10:00:00.000000', 'a'), (2, '2024-02-01 10:00:00.000000', 'b'), "
              "(3, '2024-04-01 00:00:00.000000', 'past the end')");
    incload_run_unref(run_days(&s, "grain=month parallel=2", &err));
    sql(s.from, "UPDATE %s SET name = 'changed' WHERE id = 2", s.source);
    incload_run_unref(run_days(&s, "grain=month parallel=2", &err));
    expect(s.to, "a\nb\n", "SELECT name FROM %s", s.target);
    incload_run_unref(run_days(&s, "grain=month parallel=2 select=all", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect(s.to, "a\nchanged\n", "SELECT name FROM %s", s.target);
    scene_end(&s);
}
END_TEST

/* SQLite keeps times as the texts that were written. */
START_TEST(midnight_belongs_to_its_day_however_it_is_written)
{
    place from = place_open(SQLITE, 0), to = place_open((kind)_i, 1);
    const char *source = named("midnight", _i), *target = named("midnight_copy", _i);
    load what = { .from = from, .to = to, .table = source, .target = target, .options = "cursor=at" };
    scene s = { .from = from, .to = to, .what = what };
    incload_error *err = NULL;

    table_drop(from, source);
    sql(from, "CREATE TABLE %s (id INTEGER, at TIMESTAMP, name TEXT)", source);
    sql(from, "INSERT INTO %s VALUES (1, '2024-01-31 23:59:59', 'a'), (2, '2024-02-01 00:00:00', 'b'), "
              "(3, '2024-03-31 23:59:59.5', 'c'), (4, '2024-04-01 00:00:00', 'past the end')", source);
    incload_run_unref(run_days(&s, "grain=month", &err));
    incload_run_unref(run_days(&s, "grain=month select=all", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    expect(to, "a\nb\nc\n", "SELECT name FROM %s", target);
    place_close(from);
    place_close(to);
}
END_TEST

static int32_t
process_day(incload_unit *unit, void *data)
{
    log_t *log = data;

    atomic_fetch_add(&log->units, 1);
    return is_bad(incload_unit_label(unit)) && !log->open ? 0 : INCLOAD_DONE;
}

START_TEST(a_function_s_days_are_recorded_and_only_missing_ones_run_again)
{
    place at = place_open((kind)_i, 0);
    log_t log = { 0 };

    for (int turn = 0; turn < 3; turn++) {
        incload_error *err = NULL;
        incload_step *days =
            incload_step_new_backfill("2024-01-01", "2024-03-31", "parallel=4", process_day, &log, NULL, &err);
        incload_step_set(days, "name", named("scores", _i), &err);
        incload_step_set_ledger(days, at.db, &err);
        incload_run *run = incload_step_run(days, NULL, &err);
        ck_assert_msg(incload_error_code(err) == (turn == 0 ? INCLOAD_E_CALLBACK : INCLOAD_OK), "%s",
                      incload_error_message(err));
        ck_assert_int_eq(atomic_load(&log.units), turn == 0 ? DAYS : DAYS + 3);
        log.open = true;
        incload_run_unref(run);
        incload_step_unref(days);
        incload_error_unref(err);
    }
    place_close(at);
}
END_TEST

static int32_t
count_lines(incload_unit *unit, void *data)
{
    const scene *s = data;
    char *text = NULL;

    ck_assert_int_gt(asprintf(&text, "%d", (int)ask_number(s->to, "SELECT COUNT(*) AS c FROM %s", s->target)), 0);
    int32_t status = incload_unit_set_result(unit, text, strlen(text), NULL);
    free(text);
    return status == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(a_pipeline_loads_then_reports)
{
    scene s = scene_begin("nightly", _i, columns, "id", "cursor=at key=id");
    incload_error *err = NULL;
    size_t size;

    add_days(s.from, s.source);
    incload_pipeline *nightly = incload_pipeline_new("nightly", NULL, &err);
    incload_step *one = load_step(&s.what, &err);
    incload_step *report = incload_step_new_function(count_lines, &s, NULL, &err);
    incload_pipeline_add(nightly, "report", report, "orders", &err);
    incload_pipeline_add(nightly, "orders", one, NULL, &err);
    incload_run *run = incload_pipeline_run(nightly, "parallel=2", &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    const incload_run *orders = incload_run_step(run, 1);
    ck_assert_int_eq((int)incload_run_rows_written(orders), DAYS * ROWS_PER_DAY);
    ck_assert_int_eq((int)incload_run_rows_written(run), DAYS * ROWS_PER_DAY);
    ck_assert_str_ne(incload_run_watermark(orders), "");
    ck_assert_str_ne(incload_run_road(orders), "");
    const void *result = incload_run_step_result(run, 0, &size);
    ck_assert(size == 3 && memcmp(result, "273", 3) == 0);
    incload_run_unref(run);
    incload_step_unref(one);
    incload_step_unref(report);
    incload_pipeline_unref(nightly);
    scene_end(&s);
}
END_TEST

START_TEST(a_load_that_fails_leaves_out_what_waits_for_it)
{
    scene s = scene_begin("broken", _i, columns, "id", "cursor=no_such key=id");
    incload_error *err = NULL;

    incload_pipeline *nightly = incload_pipeline_new("nightly", NULL, &err);
    incload_step *one = load_step(&s.what, &err);
    incload_step *report = incload_step_new_function(count_lines, &s, NULL, &err);
    incload_pipeline_add(nightly, "orders", one, NULL, &err);
    incload_pipeline_add(nightly, "report", report, "orders", &err);
    incload_run *run = incload_pipeline_run(nightly, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NOT_FOUND);
    expect_words(incload_error_message(err), "1 of 2 steps failed: 'orders'|no_such");
    ck_assert_str_eq(incload_run_step_status_name(run, 1), "SKIPPED");
    ck_assert_str_eq(incload_run_step_reason(run, 1), "UPSTREAM_FAILED");
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(one);
    incload_step_unref(report);
    incload_pipeline_unref(nightly);
    scene_end(&s);
}
END_TEST

/* ---- cancel ---- */

enum { SLEEPERS = 64 };

static int64_t
sleeping(place at)
{
    return ask_number(at, "SELECT COUNT(*) AS c FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                          " AND datname = current_database()");
}

START_TEST(cancel_ends_64_sleeping_units_within_a_second)
{
    place from = place_open_with(NULL, POSTGRES, 0, "max_connections=70"), to = place_open(POSTGRES, 1);
    place watch = place_open(POSTGRES, 0);
    incload_error *err = NULL;

    table_make(from, "sleepers", columns, "id");
    incload_database *target = incload_database_new(place_url(POSTGRES, 1), NULL, &err);
    incload_database_set(target, "max_connections", "70", &err);
    load what = { .from = from,
                  .to = { POSTGRES, target },
                  .target = "sleepers_copy",
                  .preset = "interval",
                  .options = "cursor=at" };
    what.query = "SELECT id, at, name FROM sleepers WHERE false";
    incload_step *quick = load_step(&what, &err);
    incload_step *first = incload_step_new_load_backfill(quick, "2023-01-01", "2023-01-01", NULL, &err);
    incload_run_unref(incload_step_run(first, NULL, &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));

    what.query = "SELECT id, at, name FROM sleepers, (SELECT pg_sleep(60)) AS pause UNION ALL "
                 "SELECT 1, TIMESTAMP '2024-01-01', pg_sleep(60)::text";
    incload_step *slow = load_step(&what, &err);
    incload_step *days = incload_step_new_load_backfill(slow, "2024-01-01", "2024-03-04", "parallel=64", &err);
    incload_run *run = incload_step_start(days, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    int64_t begun = now_ms();
    while (sleeping(watch) < SLEEPERS && now_ms() - begun < 60000 && incload_run_status(run) <= INCLOAD_STATUS_RUNNING)
        pause_ms(20);
    if (sleeping(watch) != SLEEPERS)
        incload_run_wait(run, 0, &err);
    ck_assert_msg(sleeping(watch) == SLEEPERS, "%d: %s", (int)sleeping(watch), incload_error_message(err));
    int64_t asked = now_ms();
    incload_run_cancel(run);
    ck_assert_int_eq(incload_run_wait(run, 30000, &err), INCLOAD_E_CANCELLED);
    int64_t took = now_ms() - asked;
    ck_assert_msg(took < 1000, "it took %d ms", (int)took);
    /* The units have ended; the server's processes learn of it one by one. */
    while (sleeping(watch) > 0 && now_ms() - asked < 5000)
        pause_ms(20);
    ck_assert_int_eq((int)sleeping(watch), 0);
    ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM sleepers_copy"), 0);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(quick);
    incload_step_unref(first);
    incload_step_unref(slow);
    incload_step_unref(days);
    incload_database_unref(target);
    place_close(watch);
    place_close(from);
    place_close(to);
}
END_TEST

/* Of a column that only the source has a run says so by itself; a server would refuse the statement. */
START_TEST(a_target_that_changes_between_two_units_is_seen_as_it_is)
{
    scene s = scene_begin("changing", _i, columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_days(s.from, s.source);
    load what = s.what;
    what.preset = "interval";
    incload_step *one = load_step(&what, &err);
    incload_step *days = incload_step_new_load_backfill(one, "2024-01-01", "2024-03-31", "parallel=1", &err);
    incload_run *run = incload_step_start(days, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    while (incload_run_count_units(run, INCLOAD_STATUS_SUCCESS) < 1
           && incload_run_status(run) <= INCLOAD_STATUS_RUNNING)
        incload_run_wait(run, 1, NULL);
    incload_run_pause(run);
    while (incload_run_count_units(run, INCLOAD_STATUS_RUNNING) > 0)
        incload_run_wait(run, 1, NULL);
    int done = (int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS);
    if (done == 0)
        incload_run_wait(run, 0, &err);
    ck_assert_msg(done > 0 && done < DAYS, "%d: %s", done, incload_error_message(err));
    sql(s.to, "ALTER TABLE %s DROP COLUMN name", s.target);
    incload_run_continue(run);
    incload_run_wait(run, -1, &err);
    expect_words(incload_error_message(err), "has no column 'name'");
    ck_assert_int_eq((int)incload_run_count_units(run, INCLOAD_STATUS_SUCCESS), done);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), done * ROWS_PER_DAY);
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(one);
    incload_step_unref(days);
    scene_end(&s);
}
END_TEST

START_TEST(units_beside_each_other_replace_what_their_interval_had_and_nothing_else)
{
    scene s = scene_begin("beside", _i, columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_days(s.from, s.source);
    for (int turn = 0; turn < 2; turn++) {
        incload_run *run = run_days(&s, "parallel=4 select=all", &err);
        ck_assert_msg(err == NULL, "%s", incload_error_message(err));
        ck_assert_int_eq((int)incload_run_rows_read(run), DAYS * ROWS_PER_DAY);
        ck_assert_int_eq((int)incload_run_rows_written(run), DAYS * ROWS_PER_DAY);
        incload_run_unref(run);
        expect_equal(s.from, s.to, s.source, s.target, columns);
        sql(s.to, "UPDATE %s SET name = 'old'", s.target);
    }
    scene_end(&s);
}
END_TEST

/* The rows give way with what brings the new ones: the error still tells which of both it was. */
START_TEST(rows_that_may_not_give_way_keep_their_day_and_the_error_says_so)
{
    scene s = scene_begin("kept", POSTGRES, columns, "id", "cursor=at");
    incload_error *err = NULL;

    add_days(s.from, s.source);
    incload_run_unref(run_days(&s, "grain=month", &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    sql(s.to, "ALTER TABLE %s ADD UNIQUE (id)", s.target);
    sql(s.to, "CREATE TABLE refers_to_days (id bigint REFERENCES %s (id))", s.target);
    sql(s.to, "INSERT INTO refers_to_days VALUES (0)");
    sql(s.from, "UPDATE %s SET name = 'new'", s.source);
    incload_run *run = run_days(&s, "grain=month select=all retries=0", &err);
    ck_assert_int_eq((int)incload_run_failed_count(run), 1);
    expect_words(incload_error_message(err), "1 of 3 units failed|making way for the rows of the interval|23503");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE name = 'n'", s.target), 31 * ROWS_PER_DAY);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE name = 'new'", s.target),
                     (DAYS - 31) * ROWS_PER_DAY);
    incload_run_unref(run);
    incload_error_unref(err);
    sql(s.to, "DROP TABLE refers_to_days");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, rows_that_may_not_give_way_keep_their_day_and_the_error_says_so);
    tcase_add_loop_test(tests, a_target_that_changes_between_two_units_is_seen_as_it_is, 0, ROUTES);
    tcase_add_loop_test(tests, units_beside_each_other_replace_what_their_interval_had_and_nothing_else, 0, ROUTES);
    tcase_add_loop_test(tests, three_days_of_91_fail_and_a_second_run_loads_them_alone, 0, ROUTES);
    tcase_add_loop_test(tests, select_all_replaces_what_has_landed, 0, ROUTES);
    tcase_add_loop_test(tests, midnight_belongs_to_its_day_however_it_is_written, 0, KINDS);
    tcase_add_loop_test(tests, a_function_s_days_are_recorded_and_only_missing_ones_run_again, 0, KINDS);
    tcase_add_loop_test(tests, a_pipeline_loads_then_reports, 0, ROUTES);
    tcase_add_test(tests, a_load_that_fails_leaves_out_what_waits_for_it);
    tcase_add_test(tests, cancel_ends_64_sleeping_units_within_a_second);
}

int
main(void)
{
    return run_tests("backfill", 120, add_tests);
}

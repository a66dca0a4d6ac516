/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: positions that are missing, watermarks moved by hand, where it lives, and two runs at once. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

static scene
begin(const char *name, int32_t route, const char *options)
{
    return scene_begin(name, route, columns, "id", options);
}

/* ---- missing state ---- */

/* Rows in the target that the ledger knows nothing of, the newest at 10:00:02. */
static scene
begin_without_state(const char *name, int32_t route, const char *options)
{
    scene s = begin(name, route, options);

    table_make(s.to, s.target, columns, "id");
    table_add(s.to, s.target,
              "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01.000000', 'A'), (2, '2024-03-01 10:00:02.000000', 'b'),"
              " (3, '2024-03-01 10:00:02.000000', 'c'), (4, '2024-03-01 10:00:03.000000', 'd')");
    return s;
}

START_TEST(rows_without_a_watermark_are_refused_and_the_remedies_named)
{
    scene s = begin_without_state("missing", _i, "cursor=at key=id");

    load_fails(&s.what, INCLOAD_E_STATE_MISSING,
               "incload_watermark_set()|missing_state=derive|missing_state=full|'at'|has rows|no watermark");
    expect_rows(s.to, s.target, columns, "1|2024-03-01 10:00:01.000000|a\n2|2024-03-01 10:00:02.000000|b\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_missing_watermark_is_derived_from_the_target_where_both_are_of_one_kind)
{
    scene s = begin_without_state("derive", _i, "cursor=at key=id missing_state=derive");

    if (s.from.kind == s.to.kind) {
        load_counts(&s.what, 3, 2);
        expect_rows(s.to, s.target, columns,
                    "1|2024-03-01 10:00:01.000000|a\n2|2024-03-01 10:00:02.000000|b\n3|2024-03-01 10:00:02.000000|c\n"
                    "4|2024-03-01 10:00:03.000000|d\n");
    } else {
        load_fails(&s.what, INCLOAD_E_UNSUPPORTED, "missing_state=derive|incload_watermark_set()");
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_missing_watermark_can_be_made_good_by_reading_everything)
{
    scene s = begin_without_state("full", _i, "cursor=at key=id missing_state=full");

    load_counts(&s.what, 4, 3);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    load_counts(&s.what, 1, 0);
    scene_end(&s);
}
END_TEST

/* Of what the ledger kept, only the position is gone: what became of it before is still told, and goes on from there.
 */
START_TEST(a_watermark_that_was_lost_alone_is_made_good_and_its_history_goes_on)
{
    scene s = begin("lost", _i, "cursor=at key=id missing_state=full");
    incload_error *err = NULL;

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    load_counts(&s.what, 2, 2);
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:03.000000', 'c')");
    load_counts(&s.what, 2, 1);
    sql(s.to, "DELETE FROM %swatermark WHERE load_name = '%s'", ledger_of(s.to), s.target);
    table_add(s.from, s.source, "(4, '2024-03-01 10:00:04.000000', 'd')");
    load_counts(&s.what, 4, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    table_add(s.from, s.source, "(5, '2024-03-01 10:00:05.000000', 'e')");
    load_counts(&s.what, 2, 1);
    expect_equal(s.from, s.to, s.source, s.target, columns);

    incload_watermark *mark = incload_watermark_open(s.to.db, s.target, &err);
    ck_assert_int_eq(incload_watermark_version(mark), 4);
    ck_assert_int_eq(incload_watermark_history_count(mark, &err), 4);
    for (int32_t i = 0; i < 4; i++)
        ck_assert_int_eq(incload_watermark_history_version(mark, i), 4 - i);
    expect_words(incload_watermark_history_value(mark, 2), "10:00:03");

    sql(s.to, "DELETE FROM %swatermark WHERE load_name = '%s'", ledger_of(s.to), s.target);
    ck_assert_int_eq(incload_watermark_refresh(mark, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_watermark_version(mark), 0);
    ck_assert_int_eq(incload_watermark_set(mark, "2024-03-01 10:00:04.000000", &err), INCLOAD_OK);
    ck_assert_int_eq(incload_watermark_version(mark), 5);
    incload_watermark_unref(mark);
    load_counts(&s.what, 2, 0);
    scene_end(&s);
}
END_TEST

START_TEST(a_missing_watermark_can_be_set_by_hand)
{
    scene s = begin_without_state("by_hand", _i, "cursor=at key=id");
    incload_error *err = NULL;
    incload_watermark *mark = incload_watermark_open(s.to.db, s.target, &err);

    ck_assert_int_eq(incload_watermark_set(mark, "2024-03-01 10:00:02.000000", &err), INCLOAD_OK);
    incload_watermark_unref(mark);
    load_counts(&s.what, 3, 2);
    scene_end(&s);
}
END_TEST

/* ---- watermarks ---- */

START_TEST(a_target_that_is_gone_while_its_watermark_stays_is_not_made_anew)
{
    scene s = begin("gone", _i, "cursor=at key=id");
    incload_error *err = NULL;

    table_add(s.from, s.source,
              "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    load_counts(&s.what, 2, 2);
    table_drop(s.to, s.target);
    load_fails(&s.what, INCLOAD_E_STATE, "is gone|has a watermark|incload_watermark_reset()");

    incload_watermark *mark = incload_watermark_open(s.to.db, s.target, &err);
    incload_watermark_reset(mark, &err);
    incload_watermark_unref(mark);
    ck_assert_ptr_null(err);
    load_counts(&s.what, 2, 2);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(a_watermark_shows_what_loads_and_hosts_made_of_it)
{
    scene s = begin("shown", _i, "cursor=at key=id");
    incload_error *err = NULL;
    incload_watermark *mark = incload_watermark_open(s.to.db, s.target, &err);

    ck_assert_msg(mark != NULL, "%s", incload_error_message(err));
    ck_assert_str_eq(incload_watermark_load(mark), s.target);
    ck_assert_ptr_null(incload_watermark_value(mark));
    ck_assert_str_eq(incload_watermark_type(mark), "");
    ck_assert_str_eq(incload_watermark_level(mark), "");
    ck_assert_str_eq(incload_watermark_document(mark), "");
    ck_assert_int_eq(incload_watermark_version(mark), 0);
    ck_assert_int_eq(incload_watermark_updated_us(mark), 0);
    ck_assert_int_eq(incload_watermark_history_count(mark, &err), 0);

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.250000', 'b')");
    incload_run *run = load_ok(&s.what);
    ck_assert_int_eq(incload_watermark_refresh(mark, &err), INCLOAD_OK);
    ck_assert_str_eq(incload_watermark_value(mark), incload_run_watermark(run));
    expect_words(incload_watermark_value(mark), "2024-03-01|10:00:02.25");
    expect_words(incload_watermark_type(mark), s.from.kind == SQLITE ? "TIME" : "time");
    ck_assert_str_eq(incload_watermark_level(mark), "EXACT_IF_STAMPED");
    expect_words(incload_watermark_document(mark), "\"version\":2|\"at\"|10:00:02.25");
    ck_assert_int_eq(incload_watermark_version(mark), 1);
    ck_assert_int_gt(incload_watermark_updated_us(mark), INT64_C(1700000000000000));

    ck_assert_int_eq(incload_watermark_set(mark, "2024-03-01 10:00:01.500000", &err), INCLOAD_OK);
    ck_assert_str_eq(incload_watermark_value(mark), "2024-03-01 10:00:01.500000");
    ck_assert_int_eq(incload_watermark_version(mark), 2);
    load_counts(&s.what, 1, 0);
    ck_assert_int_eq(incload_watermark_refresh(mark, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_watermark_reset(mark, &err), INCLOAD_OK);
    ck_assert_ptr_null(incload_watermark_value(mark));

    ck_assert_int_eq(incload_watermark_history_count(mark, &err), 4);
    for (int32_t i = 0; i < 4; i++) {
        ck_assert_int_eq(incload_watermark_history_version(mark, i), 4 - i);
        ck_assert_int_gt(incload_watermark_history_time_us(mark, i), INT64_C(1700000000000000));
    }
    ck_assert_ptr_null(incload_watermark_history_value(mark, 0));
    ck_assert_str_eq(incload_watermark_history_run_id(mark, 0), "host");
    ck_assert_str_eq(incload_watermark_history_value(mark, 2), "2024-03-01 10:00:01.500000");
    ck_assert_str_eq(incload_watermark_history_run_id(mark, 2), "host");
    ck_assert_str_eq(incload_watermark_history_run_id(mark, 3), incload_run_id(run));
    ck_assert_ptr_null(incload_watermark_history_run_id(mark, 4));
    ck_assert_int_eq(incload_watermark_history_version(mark, 4), 0);

    /* A reset with rows in the target: what to do about them is asked. */
    load_fails(&s.what, INCLOAD_E_STATE_MISSING, "missing_state=full");
    incload_run_unref(run);
    incload_watermark_unref(mark);
    scene_end(&s);
}
END_TEST

START_TEST(a_watermark_that_moved_meanwhile_is_not_overwritten)
{
    scene s = begin("stale", _i, "cursor=at key=id");
    incload_error *err = NULL;

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    load_counts(&s.what, 1, 1);
    incload_watermark *mark = incload_watermark_open(s.to.db, s.target, &err);
    incload_watermark *other = incload_watermark_open(s.to.db, s.target, &err);
    ck_assert_int_eq(incload_watermark_set(other, "2024-03-01 09:00:00.000000", &err), INCLOAD_OK);
    ck_assert_int_eq(incload_watermark_set(mark, "2024-03-01 08:00:00.000000", &err), INCLOAD_E_BUSY);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload_watermark_reset(mark, &err), INCLOAD_E_BUSY);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload_watermark_refresh(mark, &err), INCLOAD_OK);
    ck_assert_str_eq(incload_watermark_value(mark), "2024-03-01 09:00:00.000000");
    ck_assert_int_eq(incload_watermark_set(mark, "2024-03-01 08:00:00.000000", &err), INCLOAD_OK);
    incload_watermark_unref(mark);
    incload_watermark_unref(other);
    scene_end(&s);
}
END_TEST

START_TEST(all_loads_of_a_database_can_be_listed)
{
    scene s = begin("listed", _i, "cursor=at key=id");
    incload_error *err = NULL;
    bool found = false;

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    incload_run *run = load_ok(&s.what);
    incload_watermark_list *list = incload_watermark_list_new(s.to.db, &err);
    ck_assert_msg(list != NULL, "%s", incload_error_message(err));
    int32_t count = incload_watermark_list_count(list);
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(incload_watermark_list_load(list, i), s.target) == 0) {
            ck_assert_str_eq(incload_watermark_list_value(list, i), incload_run_watermark(run));
            found = true;
        }
    }
    ck_assert(found);
    ck_assert_ptr_null(incload_watermark_list_load(list, count));
    incload_watermark_list_unref(list);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

/* ---- where the ledger lives ---- */

static void
drop_ledger(place at, const char *ledger)
{
    static const char *const tables[] = { "watermark", "watermark_history", "run", "meta" };

    if (at.kind == POSTGRES) {
        sql(at, "DROP SCHEMA IF EXISTS %s CASCADE", ledger);
        return;
    }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        sql(at, "DROP TABLE IF EXISTS %s_%s", ledger, tables[i]);
}

START_TEST(a_ledger_of_another_name_is_another_ledger)
{
    scene s = begin("elsewhere", _i, "cursor=at key=id");
    place to = place_open_with(NULL, s.to.kind, _i >= PAIRS || s.from.kind != s.to.kind ? 0 : 1, "ledger=other_books");

    drop_ledger(to, "other_books");
    s.what.to = to;
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    load_counts(&s.what, 1, 1);
    const char *dot = to.kind == POSTGRES ? "." : "_";
    ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM other_books%swatermark", dot), 1);
    ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM other_books%srun", dot), 1);
    load_counts(&s.what, 1, 0);
    /* The ledger of the usual name knows nothing of it. */
    s.what.to = s.to;
    load_fails(&s.what, INCLOAD_E_STATE_MISSING, s.target);
    drop_ledger(to, "other_books");
    place_close(to);
    scene_end(&s);
}
END_TEST

START_TEST(a_ledger_of_a_newer_version_is_left_alone)
{
    scene s = begin("newer", _i, "cursor=at key=id");
    place to = place_open_with(NULL, s.to.kind, _i >= PAIRS || s.from.kind != s.to.kind ? 0 : 1, "ledger=new_books");
    incload_error *err = NULL;

    drop_ledger(to, "new_books");
    s.what.to = to;
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a')");
    load_counts(&s.what, 1, 1);
    sql(to, "UPDATE new_books%smeta SET version = 1000", to.kind == POSTGRES ? "." : "_");
    load_fails(&s.what, INCLOAD_E_UNSUPPORTED, "version 1000|'new_books'|newer");
    ck_assert_ptr_null(incload_watermark_open(to.db, s.target, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_UNSUPPORTED);
    incload_error_unref(err);
    drop_ledger(to, "new_books");
    place_close(to);
    scene_end(&s);
}
END_TEST

/* ---- two runs at once ---- */

typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int32_t count;
} meeting;

/* Waits for the other run, but not for ever: where the target takes one writer at a time it cannot come. */
static int32_t
meet(incload_unit *unit, incload_batch *batch, void *user_data)
{
    meeting *m = user_data;
    struct timespec until;

    (void)unit;
    (void)batch;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&m->lock);
    m->count++;
    pthread_cond_broadcast(&m->came);
    for (int waited = 0; m->count < 2 && waited == 0;)
        waited = pthread_cond_timedwait(&m->came, &m->lock, &until);
    pthread_mutex_unlock(&m->lock);
    return INCLOAD_DONE;
}

static bool
ended_well(incload_run *run)
{
    incload_error *err = NULL;

    if (incload_run_wait(run, 20000, &err) == INCLOAD_OK)
        return true;
    ck_assert_msg(err != NULL, "the run does not end");
    ck_assert_msg(incload_error_code(err) == INCLOAD_E_BUSY || incload_error_code(err) == INCLOAD_E_CONFLICT, "%s: %s",
                  incload_error_name(err), incload_error_message(err));
    incload_error_unref(err);
    return false;
}

static void
run_twice_at_once(scene *s, incload_batch_fn function)
{
    meeting m = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };
    incload_error *err = NULL;

    s->what.function = function;
    s->what.user_data = &m;
    incload_step *step = load_step(&s->what, &err);
    incload_run *first = incload_step_start(step, NULL, &err), *second = incload_step_start(step, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    int ended = ended_well(first) + ended_well(second);
    /* One after the other is as good: the second then had nothing to write. */
    if (ended == 2)
        ck_assert_int_eq(incload_run_rows_written(first) == 0 || incload_run_rows_written(second) == 0, 1);
    else
        ck_assert_int_eq(ended, 1);
    incload_run_unref(first);
    incload_run_unref(second);
    incload_step_unref(step);
    s->what.function = NULL;
}

START_TEST(of_two_first_loads_at_once_one_lands)
{
    scene s = begin("race_first", _i, "cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    run_twice_at_once(&s, meet);
    load_counts(&s.what, 1, 0);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

/* Without a process function the rows of a first load go straight into the target, where two runs meet at the first
 * key. */
START_TEST(of_two_first_loads_straight_into_the_target_one_lands)
{
    enum { ROUNDS = 5, ROWS = 1000 };

    for (int32_t round = 0; round < ROUNDS; round++) {
        scene s = begin("race_straight", _i, "cursor=at key=id batch_rows=50");
        char *values = NULL, *name = s.target;
        size_t size = 0;
        FILE *out = open_memstream(&values, &size);
        for (int32_t i = 0; i < ROWS; i++)
            fprintf(out, "%s(%d, '2024-03-01 10:00:01.000000', 'a')", i > 0 ? ", " : "", (int)i);
        fclose(out);
        table_add(s.from, s.source, values);
        free(values);
        ck_assert_int_gt(asprintf(&s.target, "%s_%d", name, (int)round), 0);
        free(name);
        s.what.target = s.target;
        run_twice_at_once(&s, NULL);
        load_counts(&s.what, ROWS, 0);
        expect_equal(s.from, s.to, s.source, s.target, columns);
        scene_end(&s);
    }
}
END_TEST

START_TEST(of_two_increments_at_once_one_lands)
{
    scene s = begin("race_more", _i, "cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    load_counts(&s.what, 2, 2);
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:02.000000', 'c'), (4, '2024-03-01 10:00:04.000000', 'd')");
    run_twice_at_once(&s, meet);
    load_counts(&s.what, 1, 0);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(of_two_appends_at_once_one_lands)
{
    scene s = scene_begin("race_append", _i, columns, NULL, "write=append cursor=at");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    run_twice_at_once(&s, meet);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

START_TEST(of_two_appends_of_everything_at_once_one_lands)
{
    scene s = scene_begin("race_all", _i, columns, NULL, "");
    meeting m = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER };
    incload_error *err = NULL;

    s.what.preset = "append";
    s.what.function = meet;
    s.what.user_data = &m;
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, NULL, 'b')");
    incload_step *step = load_step(&s.what, &err);
    incload_run *runs[] = { incload_step_start(step, NULL, &err), incload_step_start(step, NULL, &err) };
    int32_t landed = 0;
    for (int32_t i = 0; i < 2; i++) {
        int32_t status = incload_run_wait(runs[i], 20000, NULL);
        landed += status == INCLOAD_OK;
        /* Who came so late that the rows were there already is told that. */
        ck_assert(status == INCLOAD_OK || status == INCLOAD_E_BUSY || status == INCLOAD_E_CONFLICT
                  || status == INCLOAD_E_STATE);
        incload_run_unref(runs[i]);
    }
    ck_assert_int_eq(landed, 1);
    incload_step_unref(step);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, rows_without_a_watermark_are_refused_and_the_remedies_named, 0, ROUTES);
    tcase_add_loop_test(tests, a_missing_watermark_is_derived_from_the_target_where_both_are_of_one_kind, 0, ROUTES);
    tcase_add_loop_test(tests, a_missing_watermark_can_be_made_good_by_reading_everything, 0, ROUTES);
    tcase_add_loop_test(tests, a_watermark_that_was_lost_alone_is_made_good_and_its_history_goes_on, 0, ROUTES);
    tcase_add_loop_test(tests, a_missing_watermark_can_be_set_by_hand, 0, ROUTES);
    tcase_add_loop_test(tests, a_target_that_is_gone_while_its_watermark_stays_is_not_made_anew, 0, ROUTES);
    tcase_add_loop_test(tests, a_watermark_shows_what_loads_and_hosts_made_of_it, 0, ROUTES);
    tcase_add_loop_test(tests, a_watermark_that_moved_meanwhile_is_not_overwritten, 0, ROUTES);
    tcase_add_loop_test(tests, all_loads_of_a_database_can_be_listed, 0, ROUTES);
    tcase_add_loop_test(tests, a_ledger_of_another_name_is_another_ledger, 0, ROUTES);
    tcase_add_loop_test(tests, a_ledger_of_a_newer_version_is_left_alone, 0, ROUTES);
    tcase_add_loop_test(tests, of_two_first_loads_at_once_one_lands, 0, PAIRS);
    tcase_add_loop_test(tests, of_two_first_loads_straight_into_the_target_one_lands, 0, ROUTES);
    tcase_add_loop_test(tests, of_two_increments_at_once_one_lands, 0, PAIRS);
    tcase_add_loop_test(tests, of_two_appends_at_once_one_lands, 0, PAIRS);
    tcase_add_loop_test(tests, of_two_appends_of_everything_at_once_one_lands, 0, PAIRS);
}

int
main(void)
{
    return run_tests("state", 60, add_tests);
}

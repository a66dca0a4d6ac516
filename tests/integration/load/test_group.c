/* SPDX-License-Identifier: Apache-2.0 */
/* Loads that land together: all tables and watermarks in one transaction, read in one snapshot of their source. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"

static const char by_time[] = "cursor=at key=id";

START_TEST(both_tables_and_both_watermarks_land)
{
    shop s = shop_begin("grp_land", _i, by_time);

    shop_sell(&s, 1, 2);
    shop_sell(&s, 2, 1);
    incload_run *run = shop_ok(&s);
    ck_assert_int_eq(incload_run_rows_read(run), 5);
    ck_assert_int_eq(incload_run_rows_written(run), 5);
    ck_assert_int_eq(incload_run_load_count(run), 2);
    const incload_run *orders = incload_run_load(run, 0), *lines = incload_run_load(run, 1);
    ck_assert_int_eq(incload_run_rows_written(orders), 2);
    ck_assert_int_eq(incload_run_rows_written(lines), 3);
    ck_assert_ptr_nonnull(strstr(incload_run_watermark(orders), ":02"));
    ck_assert_ptr_nonnull(strstr(incload_run_watermark(lines), ":02"));
    ck_assert_str_ne(incload_run_road(orders), "");
    ck_assert_str_eq(incload_run_status_name(lines), "SUCCESS");
    ck_assert_str_ne(incload_run_id(orders), incload_run_id(lines));
    ck_assert_ptr_null(incload_run_load(run, 2));
    incload_run_unref(run);
    shop_expect_equal(&s);

    shop_sell(&s, 3, 2);
    sql(s.from, "UPDATE %s SET article = 'c', at = '2024-03-02 00:00:00.000000' WHERE id = 10", s.texts[1]);
    run = shop_ok(&s);
    ck_assert_int_eq(incload_run_rows_written(incload_run_load(run, 0)), 1);
    ck_assert_int_eq(incload_run_rows_written(incload_run_load(run, 1)), 3);
    incload_run_unref(run);
    shop_expect_equal(&s);
    ck_assert_int_eq(shop_version(&s, s.texts[2]), 2);
    ck_assert_int_eq(shop_version(&s, s.texts[3]), 2);
    ck_assert_int_eq(staging_tables(s.to), 0);
    shop_end(&s);
}
END_TEST

START_TEST(the_ledger_has_a_run_of_the_group_and_one_of_each_load)
{
    shop s = shop_begin("grp_ledger", _i, by_time);
    const char *ledger = ledger_of(s.to);

    shop_sell(&s, 1, 2);
    incload_run *run = shop_ok(&s);
    ck_assert_int_eq(ask_number(s.to, "SELECT rows_written AS c FROM %srun WHERE run_id = '%s' AND load_name = 'shop'",
                                ledger, incload_run_id(run)),
                     3);
    ck_assert_int_eq(ask_number(s.to, "SELECT rows_written AS c FROM %srun WHERE run_id = '%s' AND load_name = '%s'",
                                ledger, incload_run_id(incload_run_load(run, 1)), s.texts[3]),
                     2);
    incload_run_unref(run);
    shop_end(&s);
}
END_TEST

START_TEST(a_check_of_the_second_load_keeps_the_first_out)
{
    shop s = shop_begin("grp_check", _i, by_time);

    shop_sell(&s, 1, 1);
    incload_run_unref(shop_ok(&s));
    shop_sell(&s, 2, 1);
    s.lines.options = "cursor=at key=id min_rows=100";
    shop_fails(&s, NULL, INCLOAD_E_CHECK, "load '|lines_copy|min_rows=100");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.texts[2]), 1);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.texts[3]), 1);
    ck_assert_int_eq(shop_version(&s, s.texts[2]), 1);
    ck_assert_int_eq(shop_version(&s, s.texts[3]), 1);

    s.lines.options = by_time;
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

START_TEST(a_failure_names_its_load)
{
    shop s = shop_begin("grp_names", _i, by_time);
    incload_error *err = NULL;

    shop_sell(&s, 1, 1);
    sql(s.from, "UPDATE %s SET at = NULL", s.texts[1]);
    incload_run *run = shop_run(&s, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NULL_CURSOR);
    ck_assert_str_eq(incload_error_step(err), s.texts[3]);
    ck_assert_str_eq(incload_error_unit(err), "shop");
    expect_words(incload_error_message(err), s.texts[3]);
    ck_assert_str_eq(incload_run_status_name(incload_run_load(run, 0)), "FAILED");
    ck_assert_int_eq(incload_run_rows_written(run), 0);
    incload_error_unref(err);
    incload_run_unref(run);
    /* The first load, which had no fault, went back with it: at its first run straight into the target. */
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.texts[2]), 0);
    ck_assert_int_eq(shop_version(&s, s.texts[2]), 0);
    shop_end(&s);
}
END_TEST

START_TEST(a_load_of_a_group_goes_on_alone_and_back)
{
    shop s = shop_begin("grp_alone", _i, by_time);

    shop_sell(&s, 1, 2);
    incload_run_unref(shop_ok(&s));
    shop_sell(&s, 2, 2);
    incload_run_unref(load_ok(&s.orders));
    ck_assert_int_eq(shop_version(&s, s.texts[2]), 2);
    incload_run_unref(shop_ok(&s));
    ck_assert_int_eq(shop_version(&s, s.texts[2]), 3);
    ck_assert_int_eq(shop_version(&s, s.texts[3]), 2);
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

/* Foreign keys of the target: parents come first and go last. */
START_TEST(rows_come_in_the_given_order_and_go_in_the_opposite_one)
{
    shop s = shop_begin("grp_keys", _i, "cursor=at key=id detect_deletes=keys delete_all=true");

    table_make(s.to, s.texts[2], shop_order_columns, "id");
    table_make(s.to, s.texts[3], shop_line_columns, "id");
    if (s.to.kind != SQLITE)
        sql(s.to, "ALTER TABLE %s ADD FOREIGN KEY (order_id) REFERENCES %s (id)", s.texts[3], s.texts[2]);
    shop_sell(&s, 1, 1);
    incload_run_unref(shop_ok(&s));
    shop_sell(&s, 2, 3);
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    sql(s.from, "DELETE FROM %s WHERE order_id = 1", s.texts[1]);
    sql(s.from, "DELETE FROM %s WHERE id = 1", s.texts[0]);
    incload_run *run = shop_ok(&s);
    ck_assert_int_eq(incload_run_rows_deleted(run), 2);
    ck_assert_int_eq(incload_run_rows_deleted(incload_run_load(run, 1)), 1);
    ck_assert_int_eq(incload_run_keys_read(run), 4);
    incload_run_unref(run);
    shop_expect_equal(&s);
    table_drop(s.to, s.texts[3]);
    shop_end(&s);
}
END_TEST

START_TEST(whole_tables_are_replaced_together)
{
    shop s = shop_begin("grp_replace", _i, "key=id write=replace");

    s.orders.preset = s.lines.preset = "full_refresh";
    shop_sell(&s, 1, 2);
    shop_sell(&s, 2, 2);
    incload_run_unref(shop_ok(&s));
    sql(s.from, "DELETE FROM %s WHERE order_id = 1", s.texts[1]);
    sql(s.from, "DELETE FROM %s WHERE id = 1", s.texts[0]);
    shop_sell(&s, 3, 2);
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_swap_is_refused_with_its_name)
{
    shop s = shop_begin("grp_swap", _i, by_time);

    shop_sell(&s, 1, 1);
    s.lines.preset = "swap";
    s.lines.options = NULL;
    shop_fails(&s, NULL, INCLOAD_E_UNSUPPORTED, "lines_copy|write=swap|write=replace|'shop'");
    shop_end(&s);
}
END_TEST

START_TEST(one_target_table_under_two_spellings_is_refused)
{
    shop s = shop_begin("grp_twice", _i, by_time);
    char spelled[100];

    snprintf(spelled, sizeof spelled, "\"%s\"", s.texts[2]);
    s.lines.table = s.texts[0];
    s.lines.target = spelled;
    shop_fails(&s, NULL, INCLOAD_E_INVALID, "have the same target table");
    shop_end(&s);
}
END_TEST

START_TEST(two_handles_of_one_database_are_refused_where_a_snapshot_could_not_be_shared)
{
    shop s = shop_begin("grp_handles", ROUTES - DATABASES, by_time);
    place other = place_open(s.from.kind, 0);

    shop_sell(&s, 1, 1);
    s.lines.from = other;
    shop_fails(&s, NULL, INCLOAD_E_INVALID, "by two handles|one handle");
    place_close(other);
    shop_end(&s);
}
END_TEST

/* ---- at once ---- */

typedef struct hold {
    shop *s;
    int32_t code; /* of the same load alone, meanwhile */
} hold;

static int32_t
run_alone(incload_unit *unit, incload_batch *batch, void *data)
{
    hold *h = data;
    incload_error *err = NULL;

    (void)unit;
    (void)batch;
    incload_run *run = load_run(&h->s->orders, &err);
    h->code = incload_error_code(err);
    incload_run_unref(run);
    incload_error_unref(err);
    return INCLOAD_DONE;
}

START_TEST(the_same_load_alone_is_busy_while_the_group_runs)
{
    shop s = shop_begin("grp_busy", _i, by_time);
    hold h = { .s = &s };

    shop_sell(&s, 1, 1);
    s.lines.function = run_alone;
    s.lines.user_data = &h;
    incload_run_unref(shop_ok(&s));
    ck_assert_int_eq(h.code, INCLOAD_E_BUSY);
    incload_run_unref(load_ok(&s.orders));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

static int32_t
run_group_too(incload_unit *unit, incload_batch *batch, void *data)
{
    hold *h = data;
    incload_error *err = NULL;
    shop other = *h->s;

    (void)unit;
    (void)batch;
    other.lines.function = NULL;
    incload_run *run = shop_run(&other, "wait=300ms", &err);
    h->code = incload_error_code(err);
    incload_run_unref(run);
    incload_error_unref(err);
    return INCLOAD_DONE;
}

START_TEST(the_group_is_busy_while_one_of_its_loads_runs_and_leaves_the_others_free)
{
    shop s = shop_begin("grp_waits", _i, by_time);
    hold h = { .s = &s };

    shop_sell(&s, 1, 1);
    s.lines.function = run_group_too;
    s.lines.user_data = &h;
    incload_run_unref(load_ok(&s.lines));
    ck_assert_int_eq(h.code, INCLOAD_E_BUSY);
    s.lines.function = NULL;
    incload_run_unref(load_ok(&s.orders));
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

static int32_t
run_alone_later(incload_unit *unit, incload_batch *batch, void *data)
{
    /* Three leases long. */
    pause_ms(900);
    return run_alone(unit, batch, data);
}

/* Where one writer has the whole database its lock does the same. */
START_TEST(the_leases_of_all_loads_are_renewed_while_the_group_runs)
{
    shop s = shop_begin("grp_renew", _i, by_time);
    hold h = { .s = &s };
    incload_error *err = NULL;

    shop_sell(&s, 1, 1);
    s.lines.function = run_alone_later;
    s.lines.user_data = &h;
    incload_step *loads[] = { load_step(&s.orders, &err), load_step(&s.lines, &err) };
    incload_step_set(loads[0], "lease", "300ms", &err);
    incload_step_set(loads[1], "lease", "1h", &err);
    incload_step *group = incload_step_new_group(loads, 2, "name=shop", &err);
    incload_run_unref(incload_step_run(group, NULL, &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    ck_assert_int_eq(h.code, INCLOAD_E_BUSY);
    for (int i = 0; i < 2; i++)
        incload_step_unref(loads[i]);
    incload_step_unref(group);
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

typedef struct stopper {
    incload_run *_Atomic run;
} stopper;

static int32_t
stop_it(incload_unit *unit, incload_batch *batch, void *data)
{
    stopper *st = data;

    (void)batch;
    AWAIT(st->run != NULL);
    incload_run_cancel(st->run);
    return incload_unit_is_cancelled(unit) != 0 ? INCLOAD_DONE : 0;
}

START_TEST(a_cancel_reaches_the_load_at_work_and_keeps_nothing)
{
    shop s = shop_begin("grp_cancel", _i, by_time);
    incload_error *err = NULL;
    stopper st = { NULL };

    shop_sell(&s, 1, 1);
    s.lines.function = stop_it;
    s.lines.user_data = &st;
    incload_step *group = shop_group(&s, NULL, NULL, &err);
    incload_run *run = incload_step_start(group, NULL, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    st.run = run;
    ck_assert_int_eq(incload_run_wait(run, 30000, NULL), INCLOAD_E_CANCELLED);
    incload_run_unref(run);
    incload_step_unref(group);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.texts[2]), 0);
    ck_assert_int_eq(shop_version(&s, s.texts[2]), 0);
    s.lines.function = NULL;
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

typedef struct seller {
    shop *s;
    int64_t order;
    bool sold;
} seller;

/* Between the reading of the two tables: an order with lines, which the group must not see by half. */
static int32_t
sell_another(incload_unit *unit, incload_batch *batch, void *data)
{
    seller *other = data;

    (void)unit;
    (void)batch;
    if (!other->sold) {
        place again = other->s->from;
        other->sold = true;
        shop_sell(&(shop){ .from = again, .texts = { other->s->texts[0], other->s->texts[1] } }, other->order, 3);
    }
    return INCLOAD_DONE;
}

START_TEST(both_tables_are_read_in_one_snapshot)
{
    shop s = shop_begin("grp_shot", _i, by_time);
    seller other = { .s = &s, .order = 7 };

    /* While a file is written into, nobody else can write to it. */
    if (s.from.kind == SQLITE && _i >= PAIRS) {
        shop_end(&s);
        return;
    }
    shop_sell(&s, 1, 1);
    s.orders.function = sell_another;
    s.orders.user_data = &other;
    incload_run_unref(shop_ok(&s));
    ck_assert(other.sold);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.texts[2]), 1);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.texts[3]), 1);
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

/* ---- readers and writers beside it ---- */

enum { ROUNDS = 25 };

typedef struct aside {
    pthread_t thread;
    kind kind;
    int32_t number; /* of its database */
    const char *orders, *lines;
    int64_t done;
    int64_t strays;
    _Atomic int64_t stop;
} aside;

/* One statement of one snapshot. */
static void *
read_on(void *data)
{
    aside *a = data;
    place at = place_open(a->kind, a->number);

    while (!a->stop) {
        a->strays += shop_strays(at, a->orders, a->lines);
        a->done++;
    }
    place_close(at);
    return NULL;
}

START_TEST(no_reader_sees_a_line_without_its_order)
{
    static const int32_t routes[] = { 0, DATABASES + 1, PAIRS, PAIRS + 1 };
    shop s = shop_begin("grp_read", routes[_i], by_time);
    aside reader = {
        .kind = s.to.kind, .number = routes[_i] < PAIRS ? 1 : 0, .orders = s.texts[2], .lines = s.texts[3]
    };

    shop_sell(&s, 1, 1);
    incload_run_unref(shop_ok(&s));
    ck_assert_int_eq(pthread_create(&reader.thread, NULL, read_on, &reader), 0);
    for (int64_t i = 2; i < 2 + ROUNDS; i++) {
        shop_sell(&s, i, 3);
        incload_run_unref(shop_ok(&s));
    }
    reader.stop = 1;
    pthread_join(reader.thread, NULL);
    ck_assert_int_gt(reader.done, ROUNDS / 5);
    ck_assert_int_eq(reader.strays, 0);
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

/* In one statement, so in one transaction. */
static void
sell_at_once(place at, const char *orders, const char *lines, int64_t order)
{
    if (at.kind == POSTGRES)
        sql(at,
            "WITH o AS (INSERT INTO %s VALUES (%lld, clock_timestamp()::timestamp, 'a')) "
            "INSERT INTO %s SELECT %lld + n, %lld, clock_timestamp()::timestamp, 'b' FROM generate_series(0, 1) n",
            orders, (long long)order, lines, (long long)order * 10, (long long)order);
    else
        sql(at,
            "BEGIN NOT ATOMIC START TRANSACTION; INSERT INTO %s VALUES (%lld, NOW(6), 'a'); "
            "INSERT INTO %s VALUES (%lld, %lld, NOW(6), 'b'), (%lld, %lld, NOW(6), 'b'); COMMIT; END",
            orders, (long long)order, lines, (long long)order * 10, (long long)order, (long long)order * 10 + 1,
            (long long)order);
}

static void *
sell_on(void *data)
{
    aside *a = data;
    place at = place_open(a->kind, a->number);

    while (!a->stop) {
        a->done++;
        sell_at_once(at, a->orders, a->lines, a->done);
        /* So that the loads, not the tables, are what takes time. */
        pause_ms(2);
    }
    place_close(at);
    return NULL;
}

START_TEST(what_a_writer_commits_together_is_loaded_together)
{
    static const int32_t routes[] = { 0, DATABASES + 1, PAIRS, PAIRS + 1 };
    shop s = shop_begin("grp_write", routes[_i], by_time);
    aside writer = { .kind = s.from.kind, .orders = s.texts[0], .lines = s.texts[1] };

    ck_assert_int_eq(pthread_create(&writer.thread, NULL, sell_on, &writer), 0);
    for (int64_t i = 0; i < ROUNDS; i++) {
        incload_run_unref(shop_ok(&s));
        ck_assert_int_eq(shop_strays(s.to, s.texts[2], s.texts[3]), 0);
        ck_assert_int_eq(ask_number(s.to, "SELECT (SELECT COUNT(*) FROM %s) * 2 - (SELECT COUNT(*) FROM %s) AS c",
                                    s.texts[2], s.texts[3]),
                         0);
    }
    writer.stop = 1;
    pthread_join(writer.thread, NULL);
    ck_assert_int_gt(writer.done, ROUNDS / 5);
    incload_run_unref(shop_ok(&s));
    shop_expect_equal(&s);
    shop_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, both_tables_and_both_watermarks_land, 0, ROUTES);
    tcase_add_loop_test(tests, the_ledger_has_a_run_of_the_group_and_one_of_each_load, PAIRS, ROUTES);
    tcase_add_loop_test(tests, a_check_of_the_second_load_keeps_the_first_out, 0, ROUTES);
    tcase_add_loop_test(tests, a_failure_names_its_load, 0, ROUTES);
    tcase_add_loop_test(tests, a_load_of_a_group_goes_on_alone_and_back, 0, ROUTES);
    tcase_add_loop_test(tests, rows_come_in_the_given_order_and_go_in_the_opposite_one, 0, ROUTES);
    tcase_add_loop_test(tests, whole_tables_are_replaced_together, 0, ROUTES);
    tcase_add_loop_test(tests, a_swap_is_refused_with_its_name, PAIRS, ROUTES);
    tcase_add_loop_test(tests, one_target_table_under_two_spellings_is_refused, 0, ROUTES);
    tcase_add_test(tests, two_handles_of_one_database_are_refused_where_a_snapshot_could_not_be_shared);
    tcase_add_loop_test(tests, the_same_load_alone_is_busy_while_the_group_runs, 0, ROUTES);
    tcase_add_loop_test(tests, the_group_is_busy_while_one_of_its_loads_runs_and_leaves_the_others_free, 0, ROUTES);
    tcase_add_loop_test(tests, the_leases_of_all_loads_are_renewed_while_the_group_runs, 0, ROUTES);
    tcase_add_loop_test(tests, a_cancel_reaches_the_load_at_work_and_keeps_nothing, 0, ROUTES);
    tcase_add_loop_test(tests, both_tables_are_read_in_one_snapshot, 0, ROUTES);
    tcase_add_loop_test(tests, no_reader_sees_a_line_without_its_order, 0, 4);
    tcase_add_loop_test(tests, what_a_writer_commits_together_is_loaded_together, 0, 4);
}

int
main(void)
{
    return run_tests("groups", 60, add_tests);
}

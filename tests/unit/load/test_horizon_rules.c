/* SPDX-License-Identifier: Apache-2.0 */
/* The rules behind watermarks of MariaDB and of unknown sources, without a server. */
#include "harness.h"

#include <stdio.h>

#include "base/env.h"
#include "load/horizon_mariadb.h"
#include "load/lookback.h"

/* As MariaDB 10.11 writes it: a reader with a snapshot, a sleeping writer, a prepared transaction whose client is gone,
 * an idle writer, sessions that have not begun. */
static const char report[] =
    "Purge done for trx's n:o < 4544 undo n:o < 0 state: running\n"
    "LIST OF TRANSACTIONS FOR EACH SESSION:\n"
    "---TRANSACTION (0x7fae3140f880), ACTIVE 0 sec\n"
    "0 lock struct(s), heap size 1128, 0 row lock(s)\n"
    "MariaDB thread id 725, OS thread handle 140385907091136, query id 45280 localhost root starting\n"
    "show engine innodb status\n"
    "Trx read view will not see trx with id >= 4547, sees < 4534\n"
    "---TRANSACTION 4544, ACTIVE 1 sec\n"
    "1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1\n"
    "MariaDB thread id 724, OS thread handle 140385907398336, query id 45182 localhost root User sleep\n"
    "select sleep(2)\n"
    "---TRANSACTION 4539, ACTIVE (PREPARED) 1 sec recovered trx\n"
    "1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1\n"
    "---TRANSACTION 4534, COMMITTED IN MEMORY\n"
    "MariaDB thread id 718, OS thread handle 140386106881728, query id 45135 localhost incload\n"
    "---TRANSACTION (0x7fae3140cc80), not started\n"
    "0 lock struct(s), heap size 1128, 0 row lock(s)\n"
    "--------\n"
    "FILE I/O\n";

static incload__rows
rows_of(const char *const *cells, int64_t count, int32_t columns)
{
    incload__rows rows = { .mem = &incload__env_system.mem };

    for (int64_t i = 0; i < count; i++)
        ck_assert_int_eq(incload__rows_add(&rows, cells + i * columns, NULL, columns), INCLOAD_OK);
    return rows;
}

START_TEST(every_numbered_transaction_of_the_status_counts)
{
    static const char *const expected[][2] = { { "4544", "724" }, { "4539", "0" }, { "4534", "718" } };
    incload__rows rows = { .mem = &incload__env_system.mem };
    incload_error *err = NULL;

    ck_assert_int_eq(incload__innodb_transactions(report, &rows, &err), INCLOAD_OK);
    ck_assert_int_eq(rows.count, 3);
    for (int64_t i = 0; i < 3; i++) {
        ck_assert_str_eq(incload__rows_get(&rows, i, INCLOAD__OPEN_ID), expected[i][0]);
        ck_assert_str_eq(incload__rows_get(&rows, i, INCLOAD__OPEN_THREAD), expected[i][1]);
    }
    ck_assert_str_eq(incload__rows_get(&rows, 0, INCLOAD__OPEN_SECONDS), "1");
    incload__rows_free(&rows);
}
END_TEST

START_TEST(a_status_that_the_server_cut_is_refused)
{
    incload__rows rows = { .mem = &incload__env_system.mem };
    incload_error *err = NULL;
    char text[sizeof report + 40];

    snprintf(text, sizeof text, "%s... truncated...\n", report);
    ck_assert_int_eq(incload__innodb_transactions(text, &rows, &err), INCLOAD_E_CONFLICT);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
    err = NULL;
    ck_assert_int_eq(incload__innodb_transactions("InnoDB is off", &rows, &err), INCLOAD_E_PROTOCOL);
    incload_error_unref(err);
}
END_TEST

START_TEST(the_read_view_is_that_of_the_threads_own_transaction)
{
    uint64_t least = 0;

    ck_assert(incload__innodb_read_view(report, 725, &least));
    ck_assert_uint_eq(least, 4534);
    ck_assert(!incload__innodb_read_view(report, 724, &least));
    ck_assert(!incload__innodb_read_view(report, 72, &least));
    ck_assert(!incload__innodb_read_view("", 725, &least));
}
END_TEST

/* ---- the ledger ---- */

/* clock, who, start, me, replica */
static const char *const running[] = { "5000", "q90@7", "4000", "0", "0", "5000", "q91@1", "5000", "1", "0" };
/* token, id, thread, query, seconds, words */
static const char *const open_rows[] = { "", "0", "3", NULL, "9", "reads",  "", "61", "8", NULL, "2", "writes",
                                         "", "62", "9", NULL, "2", "writes", "", "63", "0", NULL, "0", "prepared" };

static incload__mariadb_found
lists(void)
{
    incload__mariadb_found found = { .running = rows_of(running, 2, 5), .open = rows_of(open_rows, 4, 6) };

    return found;
}

static void
lists_free(incload__mariadb_found *found)
{
    incload__rows_free(&found->running);
    incload__rows_free(&found->open);
}

static int64_t
bound_of(const incload__mark *mark, const char *who)
{
    const incload__flight *flight = incload__mark_flight(mark, who);

    ck_assert_msg(flight != NULL, "%s is not in the ledger", who);
    return flight->known ? flight->bound : -1;
}

START_TEST(the_first_ledger_knows_starts_of_statements_only)
{
    incload__mariadb_found found = lists();
    incload__mark next;

    incload__mark_init(&next, &incload__env_system.mem);
    ck_assert_int_eq(incload__mariadb_flights(&next, NULL, &found, true, NULL), INCLOAD_OK);
    ck_assert_int_eq(next.flight_count, 4);
    ck_assert_int_eq(bound_of(&next, "q90@7"), 4000);
    ck_assert_int_eq(bound_of(&next, "t61"), -1);
    incload__mark_free(&next);
    /* Of numbers a start says nothing. */
    ck_assert_int_eq(incload__mariadb_flights(&next, NULL, &found, false, NULL), INCLOAD_OK);
    ck_assert_int_eq(bound_of(&next, "q90@7"), -1);
    incload__mark_free(&next);
    lists_free(&found);
}
END_TEST

static void
add_flight(incload__mark *mark, const char *who, int64_t bound)
{
    ck_assert_int_eq(incload__mark_add_flight(mark, who, bound, bound >= 0, NULL), INCLOAD_OK);
}

START_TEST(the_next_ledger_goes_on_from_the_one_before)
{
    incload__mariadb_found found = lists();
    incload__mark mark, next;
    int64_t ended;
    bool known;

    incload__mark_init(&mark, &incload__env_system.mem);
    incload__mark_init(&next, &incload__env_system.mem);
    mark.clock = 3000;
    add_flight(&mark, "t61", 1000);   /* still open: its bound stays */
    add_flight(&mark, "q70@9", 2500); /* has ended into transaction 62 */
    add_flight(&mark, "q71@20", 2000);
    ck_assert_int_eq(incload__mariadb_flights(&next, &mark, &found, true, NULL), INCLOAD_OK);
    ck_assert_int_eq(bound_of(&next, "t61"), 1000);
    ck_assert_int_eq(bound_of(&next, "t62"), 2500);
    ck_assert_int_eq(bound_of(&next, "t63"), 1000); /* prepared: it may be any of them */
    ck_assert_int_eq(bound_of(&next, "q90@7"), 4000);
    incload__mariadb_ended(&mark, &next, false, &ended, &known);
    ck_assert_int_eq(ended, 2000);
    ck_assert(known);
    incload__mariadb_ended(&mark, &next, true, &ended, &known);
    ck_assert_int_eq(ended, 1000);
    incload__mark_free(&next);

    /* Numbers: what was not listed before began after it. */
    ck_assert_int_eq(incload__mariadb_flights(&next, &mark, &found, false, NULL), INCLOAD_OK);
    ck_assert_int_eq(bound_of(&next, "q90@7"), 3000);
    incload__mark_free(&next);
    incload__mark_free(&mark);
    lists_free(&found);
}
END_TEST

START_TEST(an_unknown_bound_stays_unknown_until_it_ends)
{
    incload__mariadb_found found = lists();
    incload__mark mark, next;
    int64_t ended;
    bool known;

    incload__mark_init(&mark, &incload__env_system.mem);
    incload__mark_init(&next, &incload__env_system.mem);
    mark.clock = 3000;
    add_flight(&mark, "t61", -1);
    ck_assert_int_eq(incload__mariadb_flights(&next, &mark, &found, true, NULL), INCLOAD_OK);
    ck_assert_int_eq(bound_of(&next, "t61"), -1);
    ck_assert_int_eq(bound_of(&next, "t63"), -1);
    ck_assert_int_eq(bound_of(&next, "t62"), 3000);
    incload__mariadb_ended(&mark, &next, false, &ended, &known);
    ck_assert(known);
    add_flight(&mark, "t50", -1);
    incload__mariadb_ended(&mark, &next, false, &ended, &known);
    ck_assert(!known);
    incload__mark_free(&next);
    incload__mark_free(&mark);
    lists_free(&found);
}
END_TEST

START_TEST(bounds_are_cut_down_to_the_columns_unit)
{
    ck_assert_int_eq(incload__mariadb_cut(1999999, 0, false), 1000000);
    ck_assert_int_eq(incload__mariadb_cut(1999999, 3, false), 1999000);
    ck_assert_int_eq(incload__mariadb_cut(1999999, 6, false), 1999999);
    ck_assert_int_eq(incload__mariadb_cut(-1, 0, false), -1000000);
    ck_assert_int_eq(incload__mariadb_cut(INT64_C(86400000001), 6, true), INT64_C(86400000000));
    ck_assert_int_eq(incload__mariadb_cut(-1, 6, true), -INT64_C(86400000000));
}
END_TEST

/* ---- looking back ---- */

static const struct {
    incload__cursor_unit unit;
    const char *value;
    int64_t distance;
    const char *initial;
    const char *expected; /* NULL: it cannot be told */
} looks[] = {
    { INCLOAD__UNIT_MICROS, "2024-03-01 00:00:01", 2000000, NULL, "2024-02-29 23:59:59" },
    { INCLOAD__UNIT_MICROS, "2024-03-01 00:00:00.5", 1, NULL, "2024-03-01 00:00:00.4" },
    { INCLOAD__UNIT_MICROS, "2024-03-01 00:00:00.000", 1, NULL, "2024-02-29 23:59:59.999" },
    { INCLOAD__UNIT_MICROS, "2024-03-01T10:00:00.123456Z", 1000000, NULL, "2024-03-01T09:59:59.123456Z" },
    { INCLOAD__UNIT_MICROS, "2024-03-01 10:00:00+02:00", 1000000, NULL, "2024-03-01 09:59:59+02:00" },
    { INCLOAD__UNIT_MICROS, "2024-03-01 10:00:00.25+00", 500000, NULL, "2024-03-01 09:59:59.75+00" },
    { INCLOAD__UNIT_MICROS, "2024-03-01", 1, NULL, "2024-02-29" },
    { INCLOAD__UNIT_MICROS, "2024-03-01 10:00:00", 60000000, "2024-03-01 09:59:30", "2024-03-01 09:59:30" },
    { INCLOAD__UNIT_MICROS, "2024-03-01 10:00:00", 60000000, "2024-03-02", "2024-03-01 10:00:00" },
    { INCLOAD__UNIT_MICROS, "0001-01-01 00:00:00", 1, NULL, NULL },
    { INCLOAD__UNIT_MICROS, "12024-03-01 10:00:00", 1, NULL, NULL },
    { INCLOAD__UNIT_MICROS, "March", 1, NULL, NULL },
    { INCLOAD__UNIT_NUMBER, "100", 10, NULL, "90" },
    { INCLOAD__UNIT_NUMBER, "100", 10, "95", "95" },
    { INCLOAD__UNIT_NUMBER, "-9223372036854775800", 100, NULL, "-9223372036854775808" },
    { INCLOAD__UNIT_NUMBER, "18446744073709551615", 1, NULL, NULL },
    { INCLOAD__UNIT_OTHER, "b", 1, NULL, NULL },
};

START_TEST(an_earlier_value_keeps_the_form_of_the_watermark)
{
    char out[INCLOAD__LOOKBACK_TEXT];
    bool told = incload__look_back(looks[_i].unit, looks[_i].value, looks[_i].distance, looks[_i].initial, out);

    ck_assert_int_eq(told, looks[_i].expected != NULL);
    if (told)
        ck_assert_str_eq(out, looks[_i].expected);
}
END_TEST

START_TEST(distances_take_zones_into_account)
{
    int64_t distance = 0;

    ck_assert(incload__distance_between(INCLOAD__UNIT_MICROS, "2024-03-01 10:00:00+02", "2024-03-01T08:00:01Z",
                                        &distance));
    ck_assert_int_eq(distance, 1000000);
    ck_assert(incload__distance_between(INCLOAD__UNIT_NUMBER, "-5", "5", &distance));
    ck_assert_int_eq(distance, 10);
    ck_assert(!incload__distance_between(INCLOAD__UNIT_NUMBER, "-9223372036854775808", "5", &distance));
    ck_assert(!incload__distance_between(INCLOAD__UNIT_OTHER, "a", "b", &distance));
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, every_numbered_transaction_of_the_status_counts);
    tcase_add_test(tests, a_status_that_the_server_cut_is_refused);
    tcase_add_test(tests, the_read_view_is_that_of_the_threads_own_transaction);
    tcase_add_test(tests, the_first_ledger_knows_starts_of_statements_only);
    tcase_add_test(tests, the_next_ledger_goes_on_from_the_one_before);
    tcase_add_test(tests, an_unknown_bound_stays_unknown_until_it_ends);
    tcase_add_test(tests, bounds_are_cut_down_to_the_columns_unit);
    tcase_add_loop_test(tests, an_earlier_value_keeps_the_form_of_the_watermark, 0, sizeof looks / sizeof looks[0]);
    tcase_add_test(tests, distances_take_zones_into_account);
}

HARNESS_MAIN("horizon rules", add_tests)

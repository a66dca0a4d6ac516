/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB sources: rows that become visible behind the watermark. Each test is one fixed interleaving of writers with
 * loads, into a table of PostgreSQL, of another database of the server, of SQLite, and of the same database. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writers.h"

enum { TARGETS = 4, WRITERS = 3, MARGIN_MS = 250 };

static const char stamped[] =
    "id INT PRIMARY KEY, name VARCHAR(40), "
    "at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (at)";

typedef struct stage {
    place from, to;
    char table[64], target[64], options[160];
    load what;
    writer *w[WRITERS];
} stage;

static stage *
begin(const char *name, int32_t target, const char *columns, const char *options)
{
    static const kind kinds[TARGETS] = { POSTGRES, MARIADB, SQLITE, MARIADB };
    stage *s = calloc(1, sizeof *s);

    s->from = place_open(MARIADB, 0);
    s->to = place_open(kinds[target], target == TARGETS - 1 ? 0 : 1);
    snprintf(s->table, sizeof s->table, "%s_%d", name, (int)target);
    snprintf(s->target, sizeof s->target, "%s_copy_%d", name, (int)target);
    snprintf(s->options, sizeof s->options, "%s", options);
    sql(s->from, "DROP TABLE IF EXISTS %s", s->table);
    sql(s->from, "CREATE TABLE %s (%s) ENGINE=InnoDB", s->table, columns);
    table_drop(s->to, s->target);
    for (int i = 0; i < WRITERS; i++)
        s->w[i] = writer_open(place_url(MARIADB, 0));
    s->what = (load){ .from = s->from, .to = s->to, .table = s->table, .target = s->target, .options = s->options };
    return s;
}

static void
end(stage *s)
{
    for (int i = 0; i < WRITERS; i++) {
        if (s->w[i] != NULL)
            writer_close(s->w[i]);
    }
    table_drop(s->from, s->table);
    table_drop(s->to, s->target);
    place_close(s->from);
    place_close(s->to);
    free(s);
}

static void
add(stage *s, int which, int id)
{
    writer_do(s->w[which], "INSERT INTO %s (id, name) VALUES (%d, 'x')", s->table, id);
}

typedef struct counts {
    int64_t read, written, late, lateness;
    char level[24], reason[1200], held[300];
} counts;

static counts
loaded(stage *s)
{
    incload_run *run = load_ok(&s->what);
    counts c = { incload_run_rows_read(run), incload_run_rows_written(run), incload_run_rows_late(run),
                 incload_run_lateness(run), "", "", "" };

    snprintf(c.level, sizeof c.level, "%s", incload_run_level(run));
    snprintf(c.reason, sizeof c.reason, "%s", incload_run_level_reason(run));
    snprintf(c.held, sizeof c.held, "%s", incload_run_held_by(run));
    incload_run_unref(run);
    return c;
}

static void
expect_copy(stage *s)
{
    expect_equal(s->from, s->to, s->table, s->target, "id:i at:t");
}

/* So that a margin is not what finds a row. */
static void
let_the_margin_pass(void)
{
    pause_ms(MARGIN_MS);
}

START_TEST(a_row_that_is_committed_behind_the_watermark_is_found)
{
    stage *s = begin("behind", _i, stamped, "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    add(s, 0, 1);
    let_the_margin_pass();
    add(s, 1, 2);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "EXACT_IF_STAMPED");
    ck_assert_int_eq(c.written, 1);
    writer_do(s->w[0], "COMMIT");
    let_the_margin_pass();
    ck_assert_int_eq(loaded(s).written, 1);
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_transaction_open_at_the_first_load_is_read_when_it_ends)
{
    stage *s = begin("first", _i, stamped, "cursor=at key=id");

    writer_do(s->w[0], "BEGIN");
    add(s, 0, 1);
    let_the_margin_pass();
    add(s, 1, 2);
    loaded(s);
    writer_do(s->w[0], "COMMIT");
    let_the_margin_pass();
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    expect_words(c.reason, "everything was read again");
    expect_copy(s);
    end(s);
}
END_TEST

static bool
is_running(stage *s, const char *mark)
{
    return writer_number(s->w[2], "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%%%s%%'"
                                  " AND id <> CONNECTION_ID() AND command <> 'Sleep'", mark) > 0;
}

/* An INSERT that has made its stamp, and goes on when it is let go. */
static void
start_slow(stage *s)
{
    ck_assert_int_eq(writer_number(s->w[1], "SELECT GET_LOCK('%s', 0)", s->table), 1);
    writer_start(s->w[0], "INSERT INTO %s (id, name) SELECT 1, GET_LOCK('%s', 60)", s->table, s->table);
    AWAIT(is_running(s, "INSERT%GET_LOCK"));
}

static void
end_slow(stage *s)
{
    writer_do(s->w[1], "DO RELEASE_LOCK('%s')", s->table);
    writer_wait(s->w[0]);
}

START_TEST(a_slow_statement_that_stamps_at_its_start_is_waited_for)
{
    stage *s = begin("slow", _i, stamped, "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    start_slow(s);
    let_the_margin_pass();
    add(s, 1, 2);
    ck_assert_int_eq(loaded(s).written, 1);
    end_slow(s);
    ck_assert_int_eq(loaded(s).written, 1);
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_statement_that_ends_into_an_open_transaction_keeps_its_start)
{
    stage *s = begin("slow_open", _i, stamped, "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    start_slow(s);
    let_the_margin_pass();
    add(s, 1, 2);
    loaded(s);
    end_slow(s);
    for (int i = 0; i < 3; i++) {
        add(s, 1, 3 + i);
        loaded(s);
    }
    writer_do(s->w[0], "COMMIT");
    let_the_margin_pass();
    ck_assert_int_eq(loaded(s).written, 1);
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_prepared_transaction_survives_its_client)
{
    stage *s = begin("xa", _i, stamped, "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "XA START 'late%d'", _i);
    add(s, 0, 1);
    writer_do(s->w[0], "XA END 'late%d'", _i);
    writer_do(s->w[0], "XA PREPARE 'late%d'", _i);
    writer_close(s->w[0]);
    s->w[0] = NULL;
    let_the_margin_pass();
    for (int i = 0; i < 3; i++) {
        add(s, 1, 2 + i);
        loaded(s);
    }
    AWAIT(writer_number(s->w[2], "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = 0")
          > 0);
    writer_do(s->w[1], "XA COMMIT 'late%d'", _i);
    let_the_margin_pass();
    ck_assert_int_eq(loaded(s).written, 1);
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_transaction_that_stays_open_costs_nothing_until_it_ends)
{
    stage *s = begin("stays", _i, stamped, "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    add(s, 0, 1);
    pause_ms(1100);
    for (int i = 0; i < 40; i++)
        add(s, 1, 200 + i);
    /* The next load begins to look a moment before this one. */
    let_the_margin_pass();
    loaded(s);
    /* The list is of the whole server: where another test's transaction has just ended, a load looks further back. */
    int64_t least = INT64_MAX;
    for (int i = 0; i < 20 && least > 1; i++) {
        counts seen = loaded(s);
        least = seen.read < least ? seen.read : least;
        expect_words(seen.held, "transaction open for");
    }
    ck_assert_int_le(least, 1);
    writer_do(s->w[0], "COMMIT");
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    ck_assert_int_ge(c.read, 41);
    ck_assert_str_eq(loaded(s).held, "");
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_rolled_back_transaction_leaves_nothing)
{
    stage *s = begin("undone", _i, stamped, "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    add(s, 0, 1);
    add(s, 1, 2);
    loaded(s);
    writer_do(s->w[0], "ROLLBACK");
    loaded(s);
    expect_copy(s);
    end(s);
}
END_TEST

/* ---- a cache that others keep stale ---- */

static atomic_bool stop_polling;

static void *
poll_transactions(void *data)
{
    (void)data;
    writer *w = writer_open(place_url(MARIADB, 0));
    while (!atomic_load(&stop_polling)) {
        writer_number(w, "SELECT COUNT(*) FROM information_schema.innodb_trx");
        pause_ms(50);
    }
    writer_close(w);
    return NULL;
}

START_TEST(rows_are_found_while_another_session_keeps_the_list_of_transactions_stale)
{
    stage *s = begin("watched", _i, stamped, "cursor=at key=id");
    pthread_t thread;

    atomic_store(&stop_polling, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, poll_transactions, NULL), 0);
    add(s, 1, 1000);
    loaded(s);
    bool by_status = false;
    for (int i = 0; i < 4; i++) {
        writer_do(s->w[0], "BEGIN");
        add(s, 0, 3 * i);
        let_the_margin_pass();
        add(s, 1, 3 * i + 1);
        counts c = loaded(s);
        by_status = by_status || strstr(c.reason, "engine's status was read") != NULL;
        writer_do(s->w[0], "COMMIT");
        let_the_margin_pass();
        ck_assert_int_eq(loaded(s).written, 1);
    }
    atomic_store(&stop_polling, true);
    pthread_join(thread, NULL);
    ck_assert(by_status);
    expect_copy(s);
    end(s);
}
END_TEST

/* ---- what a source may not or cannot show ---- */

/* The url of a user who may do everything with the test's database, and see no one else's threads. */
static const char *
plain_url(void)
{
    static char text[1024];
    const char *whole = place_url(MARIADB, 0), *at = strstr(whole, "UID="), *name = strstr(whole, "Database=") + 9;
    place root = place_open(MARIADB, 0);

    ck_assert_ptr_nonnull(at);
    sql(root, "CREATE USER IF NOT EXISTS plain_reader@localhost IDENTIFIED BY 'plain'");
    sql(root, "GRANT ALL ON `%.*s`.* TO plain_reader@localhost", (int)strcspn(name, ";"), name);
    place_close(root);
    snprintf(text, sizeof text, "%.*sUID=plain_reader;PWD=plain", (int)(at - whole), whole);
    return text;
}

static void
become_plain(stage *s)
{
    incload_error *err = NULL;

    place_close(s->from);
    s->from.db = incload_database_new(plain_url(), NULL, &err);
    ck_assert_ptr_null(err);
    s->what.from = s->from;
}

START_TEST(without_the_privilege_the_load_says_what_it_lacks)
{
    stage *s = begin("plain", _i, stamped, "cursor=at key=id");

    become_plain(s);
    add(s, 1, 1);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "BEST_EFFORT");
    expect_words(c.reason, "GRANT PROCESS ON *.*");
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_privilege_that_is_granted_later_makes_up_for_what_was_missed)
{
    stage *s = begin("granted", _i, stamped, "cursor=at key=id horizon=none");

    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    add(s, 0, 1);
    let_the_margin_pass();
    add(s, 1, 2);
    loaded(s);
    writer_do(s->w[0], "COMMIT");
    ck_assert_int_eq(loaded(s).written, 0);
    snprintf(s->options, sizeof s->options, "cursor=at key=id");
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    expect_words(c.reason, "everything was read again");
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_table_without_transactions_is_read_by_its_cursor)
{
    stage *s = begin("aria", _i, stamped, "cursor=at key=id");

    sql(s->from, "ALTER TABLE %s ENGINE=Aria", s->table);
    add(s, 1, 1);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "BEST_EFFORT");
    expect_words(c.reason, "InnoDB");
    end(s);
}
END_TEST

START_TEST(a_table_made_anew_is_read_from_the_beginning)
{
    stage *s = begin("anew", _i, stamped, "cursor=at key=id");

    add(s, 1, 1);
    loaded(s);
    writer_do(s->w[0], "TRUNCATE TABLE %s", s->table);
    writer_do(s->w[0], "INSERT INTO %s VALUES (2, 'old', '2020-01-01 00:00:00')", s->table);
    counts c = loaded(s);
    expect_words(c.reason, "made anew or truncated|everything was read again");
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM %s", s->target), 2);
    end(s);
}
END_TEST

START_TEST(rows_with_a_programs_old_stamp_are_found_and_measured_by_a_deep_read)
{
    stage *s = begin("clock", _i, stamped, "cursor=at key=id");

    add(s, 1, 1);
    loaded(s);
    writer_do(s->w[0], "INSERT INTO %s VALUES (2, 'old', NOW(6) - INTERVAL 1 HOUR)", s->table);
    ck_assert_int_eq(loaded(s).written, 0);
    snprintf(s->options, sizeof s->options, "cursor=at key=id deep=always");
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    ck_assert_int_eq(c.late, 1);
    ck_assert_int_ge(c.lateness, INT64_C(3590000000));
    ck_assert_int_le(c.lateness, INT64_C(3660000000));
    expect_words(c.reason, "1 rows were found behind the watermark");
    ck_assert_int_eq(loaded(s).late, 0);
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(a_datetime_is_taken_for_the_zone_that_its_writers_use)
{
    stage *s = begin("zone", _i,
                     "id INT PRIMARY KEY, name VARCHAR(40), at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), KEY (at)",
                     "cursor=at key=id cursor_zone=-05:00");

    for (int i = 0; i < 2; i++)
        writer_do(s->w[i], "SET time_zone = '-05:00'");
    add(s, 1, 100);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    add(s, 0, 1);
    let_the_margin_pass();
    add(s, 1, 2);
    ck_assert_int_eq(loaded(s).written, 1);
    writer_do(s->w[0], "COMMIT");
    let_the_margin_pass();
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    ck_assert_int_lt(c.read, 4);
    expect_words(c.reason, "taken for -05:00");
    expect_copy(s);
    end(s);
}
END_TEST

START_TEST(stamps_of_whole_seconds_are_not_passed_over)
{
    stage *s = begin("seconds", _i,
                     "id INT PRIMARY KEY, name VARCHAR(40), at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (at)",
                     "cursor=at key=id");

    add(s, 1, 100);
    loaded(s);
    for (int i = 0; i < 6; i++) {
        writer_do(s->w[0], "BEGIN");
        add(s, 0, 2 * i);
        add(s, 1, 2 * i + 1);
        loaded(s);
        pause_ms(140);
        writer_do(s->w[0], "COMMIT");
        loaded(s);
        expect_copy(s);
    }
    end(s);
}
END_TEST

START_TEST(automatic_numbers_that_are_committed_out_of_order_are_found)
{
    stage *s = begin("serial", _i, "id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40), at TIMESTAMP(6)",
                     "cursor=id key=id");

    writer_do(s->w[1], "INSERT INTO %s (name) VALUES ('x')", s->table);
    loaded(s);
    writer_do(s->w[0], "BEGIN");
    writer_do(s->w[0], "INSERT INTO %s (name) VALUES ('late')", s->table);
    for (int i = 0; i < 3; i++) {
        writer_do(s->w[1], "INSERT INTO %s (name) VALUES ('x')", s->table);
        counts c = loaded(s);
        ck_assert_str_eq(c.level, "EXACT_IF_STAMPED");
        ck_assert_int_eq(c.written, 1);
    }
    writer_do(s->w[0], "COMMIT");
    ck_assert_int_eq(loaded(s).written, 1);
    expect_equal(s->from, s->to, s->table, s->target, "id:i name:s");
    end(s);
}
END_TEST

START_TEST(a_copy_inside_the_server_does_not_wait_for_writers)
{
    stage *s = begin("unlocked", TARGETS - 1, stamped, "cursor=at key=id");

    add(s, 1, 1);
    loaded(s);
    add(s, 1, 2);
    writer_do(s->w[0], "BEGIN");
    writer_do(s->w[0], "UPDATE %s SET name = 'held' WHERE id <= 2", s->table);
    s->what.run = "timeout=5s";
    ck_assert_int_eq(loaded(s).written, 1);
    writer_do(s->w[0], "COMMIT");
    loaded(s);
    expect_equal(s->from, s->to, s->table, s->target, "id:i name:s at:t");
    end(s);
}
END_TEST

/* ---- system versioning ---- */

START_TEST(a_versioned_table_is_exact_whatever_its_stamps_say)
{
    stage *s = begin("versioned", _i,
                     "id INT PRIMARY KEY, name VARCHAR(40), at TIMESTAMP(6) NULL DEFAULT NULL",
                     "cursor=s key=id columns=id,name,at,s");

    sql(s->from, "ALTER TABLE %s ADD s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START INVISIBLE, "
                 "ADD e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END INVISIBLE, ADD PERIOD FOR SYSTEM_TIME (s, e), "
                 "ADD KEY (s), ADD KEY (e), ADD SYSTEM VERSIONING", s->table);
    add(s, 1, 100);
    ck_assert_str_eq(loaded(s).level, "EXACT");
    writer_do(s->w[0], "BEGIN");
    writer_do(s->w[0], "INSERT INTO %s (id, name, at) VALUES (1, 'old', '2001-01-01 00:00:00')", s->table);
    for (int i = 0; i < 3; i++) {
        add(s, 1, 2 + i);
        counts c = loaded(s);
        ck_assert_str_eq(c.level, "EXACT");
        ck_assert_int_eq(c.written, 1);
        if (_i != TARGETS - 1)
            ck_assert_int_eq(c.read, 1);
    }
    writer_do(s->w[0], "UPDATE %s SET name = 'newer' WHERE id = 100", s->table);
    writer_do(s->w[0], "COMMIT");
    ck_assert_int_eq(loaded(s).written, 2);
    ck_assert_int_eq(loaded(s).written, 0);
    expect_equal(s->from, s->to, s->table, s->target, "id:i name:s at:t");
    end(s);
}
END_TEST

START_TEST(a_column_without_versions_is_not_said_to_be_exact)
{
    stage *s = begin("unversioned", _i,
                     "id INT PRIMARY KEY",
                     "cursor=s key=id columns=id,name,qty,s");

    table_drop(s->from, s->table);
    sql(s->from, "CREATE TABLE %s (id INT PRIMARY KEY, name VARCHAR(40), qty INT WITHOUT SYSTEM VERSIONING, "
                 "s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START INVISIBLE, "
                 "e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (s, e)) "
                 "WITH SYSTEM VERSIONING", s->table);
    add(s, 1, 1);
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "BEST_EFFORT");
    expect_words(c.reason, "WITHOUT SYSTEM VERSIONING");
    /* Without it there is none that could be missed. */
    table_drop(s->to, s->target);
    s->what.options = "cursor=s key=id columns=id,name,s";
    s->what.name = "versioned_alone";
    ck_assert_str_eq(loaded(s).level, "EXACT");
    end(s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_row_that_is_committed_behind_the_watermark_is_found, 0, TARGETS);
    tcase_add_loop_test(tests, a_transaction_open_at_the_first_load_is_read_when_it_ends, 0, TARGETS);
    tcase_add_loop_test(tests, a_slow_statement_that_stamps_at_its_start_is_waited_for, 0, TARGETS);
    tcase_add_loop_test(tests, a_statement_that_ends_into_an_open_transaction_keeps_its_start, 0, TARGETS);
    tcase_add_loop_test(tests, a_prepared_transaction_survives_its_client, 0, TARGETS);
    tcase_add_loop_test(tests, a_transaction_that_stays_open_costs_nothing_until_it_ends, 0, TARGETS);
    tcase_add_loop_test(tests, a_rolled_back_transaction_leaves_nothing, 0, TARGETS);
    tcase_add_loop_test(tests, rows_are_found_while_another_session_keeps_the_list_of_transactions_stale, 0, TARGETS);
    tcase_add_loop_test(tests, without_the_privilege_the_load_says_what_it_lacks, 0, TARGETS);
    tcase_add_loop_test(tests, a_privilege_that_is_granted_later_makes_up_for_what_was_missed, 0, TARGETS);
    tcase_add_loop_test(tests, a_table_without_transactions_is_read_by_its_cursor, 0, TARGETS);
    tcase_add_loop_test(tests, a_table_made_anew_is_read_from_the_beginning, 0, TARGETS);
    tcase_add_loop_test(tests, rows_with_a_programs_old_stamp_are_found_and_measured_by_a_deep_read, 0, TARGETS);
    tcase_add_loop_test(tests, a_datetime_is_taken_for_the_zone_that_its_writers_use, 0, TARGETS);
    tcase_add_loop_test(tests, stamps_of_whole_seconds_are_not_passed_over, 0, TARGETS);
    tcase_add_loop_test(tests, automatic_numbers_that_are_committed_out_of_order_are_found, 0, TARGETS);
    tcase_add_test(tests, a_copy_inside_the_server_does_not_wait_for_writers);
    tcase_add_loop_test(tests, a_versioned_table_is_exact_whatever_its_stamps_say, 0, TARGETS);
    tcase_add_loop_test(tests, a_column_without_versions_is_not_said_to_be_exact, 0, TARGETS);
}

int
main(void)
{
    return run_tests("late_mariadb", 60, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A swap on MariaDB and other sessions' snapshots: one that is older than the new rows never finds the table empty, and
 * the new table is rebuilt for that alone where there may be such a snapshot. What was rebuilt is told by the server's
 * log. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writers.h"

static const char columns[] = "id:i at:t name:s";
static const char snapshot[] = "START TRANSACTION WITH CONSISTENT SNAPSHOT";

typedef struct stand {
    place from, to;
    writer *reader;
    writer *log;
    load what;
    int64_t rebuilt;          /* before the load */
    const char *const *begin; /* what the reader says while rows are loaded, NULL behind the last; NULL: nothing */
    bool slow;                /* it says so in a thread of its own, and sleeps; then the load goes on after: */
    int64_t pause_ms;
} stand;

static int64_t
rebuilds(stand *s)
{
    return writer_number(s->log, "SELECT COUNT(DISTINCT argument) FROM mysql.general_log"
                                 " WHERE command_type <> 'Prepare'"
                                 " AND CONVERT(argument USING utf8mb4) LIKE 'ALTER TABLE %%FORCE%%'");
}

/* The staging table is there by now, and its rows are not committed. */
static int32_t
while_loading(incload_unit *unit, incload_batch *batch, void *user_data)
{
    stand *s = user_data;
    const char *const *say = s->begin;

    (void)unit;
    (void)batch;
    s->begin = NULL;
    for (; say != NULL && *say != NULL && !s->slow; say++)
        writer_do(s->reader, "%s", *say);
    if (say != NULL && s->slow) {
        writer_start(s->reader, "%s", say[0]);
        AWAIT(writer_number(s->log, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'")
              > 0);
        pause_ms(s->pause_ms);
    }
    return INCLOAD_DONE;
}

/* Two rows to load, and three old ones in the target. */
static stand *
begin(void)
{
    stand *s = calloc(1, sizeof *s);

    s->from = place_open(MARIADB, 0);
    s->to = place_open(MARIADB, 1);
    table_make(s->from, "viewed", columns, "id");
    table_add(s->from, "viewed", "(1, NULL, 'new'), (2, NULL, 'new')");
    table_make(s->to, "viewed_copy", columns, "id");
    table_add(s->to, "viewed_copy", "(7, NULL, 'old'), (8, NULL, 'old'), (9, NULL, 'old')");
    table_make(s->to, "viewed_beside", columns, "id");
    s->reader = writer_open(place_url(MARIADB, 1));
    s->log = writer_open(place_url(MARIADB, 1));
    writer_do(s->log, "SET GLOBAL log_output = 'TABLE'");
    writer_do(s->log, "SET GLOBAL general_log = ON");
    s->rebuilt = rebuilds(s);
    s->what = (load){ .from = s->from, .to = s->to, .table = "viewed", .target = "viewed_copy", .preset = "swap",
                      .function = while_loading, .user_data = s };
    return s;
}

static void
end(stand *s)
{
    writer_do(s->log, "SET GLOBAL general_log = OFF");
    writer_close(s->reader);
    writer_close(s->log);
    table_drop(s->from, "viewed");
    table_drop(s->to, "viewed_copy");
    table_drop(s->to, "viewed_beside");
    place_close(s->from);
    place_close(s->to);
    free(s);
}

static void
load_under(stand *s, const char *const *say)
{
    s->begin = say;
    load_counts(&s->what, 2, 2);
    ck_assert_ptr_null(s->begin);
}

/* The old rows, or that it must start over. */
static void
expect_not_empty(stand *s)
{
    char problem[600];
    int64_t rows = writer_try(s->reader, problem, "SELECT COUNT(*) FROM viewed_copy");

    ck_assert_msg(rows == 3 || (rows == -1 && strstr(problem, "Table definition has changed") != NULL),
                  "%lld rows; %s", (long long)rows, problem);
    writer_do(s->reader, "ROLLBACK");
    ck_assert_int_eq(writer_number(s->reader, "SELECT COUNT(*) FROM viewed_copy"), 2);
}

/* Ways to come by a snapshot that lasts. */
static const char *const lasting[][4] = {
    { snapshot },
    { "BEGIN", "SELECT COUNT(*) FROM viewed_beside" },
    { "SET autocommit = 0", "SELECT COUNT(*) FROM viewed_beside" },
    { "BEGIN", "SELECT COUNT(*) FROM viewed_beside", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED" },
};
enum { LASTING = sizeof lasting / sizeof lasting[0] };

START_TEST(a_snapshot_from_during_the_load_does_not_find_the_table_empty)
{
    stand *s = begin();

    load_under(s, lasting[_i]);
    ck_assert_int_eq(rebuilds(s), s->rebuilt + 1);
    expect_not_empty(s);
    end(s);
}
END_TEST

START_TEST(a_snapshot_from_before_the_load_does_not_find_the_table_empty)
{
    stand *s = begin();

    writer_do(s->reader, "%s", snapshot);
    load_under(s, NULL);
    ck_assert_int_eq(rebuilds(s), s->rebuilt + 1);
    expect_not_empty(s);
    end(s);
}
END_TEST

/* Its first look at any table is after the load: then its snapshot is, too. */
START_TEST(a_transaction_that_has_no_snapshot_yet_reads_the_new_rows)
{
    static const char *const say[] = { "BEGIN", NULL };
    stand *s = begin();

    load_under(s, say);
    ck_assert_int_eq(rebuilds(s), s->rebuilt);
    ck_assert_int_eq(writer_number(s->reader, "SELECT COUNT(*) FROM viewed_copy"), 2);
    end(s);
}
END_TEST

START_TEST(nothing_is_rebuilt_where_nobody_has_a_snapshot)
{
    stand *s = begin();

    load_under(s, NULL);
    s->what.function = NULL;
    load_counts(&s->what, 2, 2);
    ck_assert_int_eq(rebuilds(s), s->rebuilt);
    end(s);
}
END_TEST

START_TEST(nothing_is_rebuilt_for_transactions_that_look_anew_with_each_statement)
{
    static const char *const say[] = { "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN",
                                       "SELECT COUNT(*) FROM viewed_beside", NULL };
    stand *s = begin();

    load_under(s, say);
    ck_assert_int_eq(rebuilds(s), s->rebuilt);
    ck_assert_int_eq(writer_number(s->reader, "SELECT COUNT(*) FROM viewed_copy"), 2);
    end(s);
}
END_TEST

START_TEST(a_snapshot_that_soon_ends_is_waited_for)
{
    static const char *const say[] = {
        "BEGIN NOT ATOMIC START TRANSACTION WITH CONSISTENT SNAPSHOT; DO SLEEP(1.2); COMMIT; END", NULL
    };
    stand *s = begin();

    s->slow = true;
    s->pause_ms = 900; /* the load is as patient as it was long */
    load_under(s, say);
    writer_wait(s->reader);
    ck_assert_int_eq(rebuilds(s), s->rebuilt);
    ck_assert_int_eq(writer_number(s->reader, "SELECT COUNT(*) FROM viewed_copy"), 2);
    end(s);
}
END_TEST

/* It has opened all its tables, and the next one has a snapshot of its own. */
START_TEST(nothing_is_rebuilt_for_a_statement_outside_of_transactions)
{
    static const char *const say[] = { "SELECT COUNT(*) + SLEEP(3) FROM viewed_beside", NULL };
    stand *s = begin();

    s->slow = true;
    load_under(s, say);
    ck_assert_int_eq(rebuilds(s), s->rebuilt);
    writer_wait(s->reader);
    ck_assert_int_eq(writer_number(s->reader, "SELECT COUNT(*) FROM viewed_copy"), 2);
    end(s);
}
END_TEST

/* The URL of the target for a user with all privileges there, and none of the server's. Freed by the caller. */
static char *
url_without_process(stand *s)
{
    const char *url = place_url(MARIADB, 1), *user = strstr(url, "UID=");
    char *out = NULL;

    ck_assert_ptr_nonnull(user);
    writer_do(s->log, "CREATE OR REPLACE USER viewless@localhost IDENTIFIED BY 'viewless'");
    writer_do(s->log, "GRANT ALL ON `load\\_%%`.* TO viewless@localhost");
    ck_assert_int_gt(asprintf(&out, "%.*sUID=viewless;PWD=viewless", (int)(user - url), url), 0);
    return out;
}

START_TEST(without_the_privilege_to_see_transactions_the_table_is_rebuilt)
{
    stand *s = begin();
    char *url = url_without_process(s);
    incload_error *err = NULL;
    place to = { MARIADB, incload_database_new(url, NULL, &err) };

    ck_assert_msg(to.db != NULL, "%s", incload_error_message(err));
    s->what.to = to;
    load_under(s, lasting[0]);
    ck_assert_int_eq(rebuilds(s), s->rebuilt + 1);
    expect_not_empty(s);
    place_close(to);
    writer_do(s->log, "DROP USER viewless@localhost");
    free(url);
    end(s);
}
END_TEST

START_TEST(a_plan_says_of_the_rebuild_when_it_comes)
{
    static const char words[] = "FORCE /* where a snapshot may be older than its rows */";
    stand *s = begin();
    incload_error *err = NULL;
    incload_step *step = load_step(&s->what, &err);
    incload_plan *plan = incload_step_plan(step, &err);
    int32_t filled = -1, rebuilt = -1, renamed = -1;

    ck_assert_msg(plan != NULL, "%s", incload_error_message(err));
    for (int32_t i = 0; i < incload_plan_statement_count(plan); i++) {
        const char *text = incload_plan_statement(plan, i);
        filled = strncmp(text, "INSERT INTO `", 13) == 0 && strstr(text, "`name`") != NULL ? i : filled;
        rebuilt = strstr(text, words) != NULL ? i : rebuilt;
        renamed = strncmp(text, "RENAME TABLE ", 13) == 0 ? i : renamed;
    }
    ck_assert_int_ge(filled, 0);
    ck_assert_int_gt(rebuilt, filled);
    ck_assert_int_gt(renamed, rebuilt);
    ck_assert_int_eq(rebuilds(s), s->rebuilt);
    incload_plan_unref(plan);
    incload_step_unref(step);
    end(s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_snapshot_from_during_the_load_does_not_find_the_table_empty, 0, LASTING);
    tcase_add_test(tests, a_snapshot_from_before_the_load_does_not_find_the_table_empty);
    tcase_add_test(tests, a_transaction_that_has_no_snapshot_yet_reads_the_new_rows);
    tcase_add_test(tests, nothing_is_rebuilt_where_nobody_has_a_snapshot);
    tcase_add_test(tests, nothing_is_rebuilt_for_transactions_that_look_anew_with_each_statement);
    tcase_add_test(tests, a_snapshot_that_soon_ends_is_waited_for);
    tcase_add_test(tests, nothing_is_rebuilt_for_a_statement_outside_of_transactions);
    tcase_add_test(tests, without_the_privilege_to_see_transactions_the_table_is_rebuilt);
    tcase_add_test(tests, a_plan_says_of_the_rebuild_when_it_comes);
}

int
main(void)
{
    return run_tests("swap_views", 60, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL sources: rows that become visible behind the watermark. Each test is one fixed interleaving of a writer's
 * sessions (plain libpq) with loads. */
#include <incload/incload.h>

#include <check.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a source, two targets, and writers ---- */

enum { WRITERS = 3 };

typedef struct scene {
    PGconn *main;
    PGconn *writer[WRITERS];
    char other[400]; /* URL of a second database on the same server */
    incload_database *source;
    incload_database *target;
    const char *cursor;
} scene;

static const char *
url(void)
{
    const char *text = getenv("INCLOAD_TEST_POSTGRES");

    ck_assert_msg(text != NULL, "INCLOAD_TEST_POSTGRES is not set: run sh tests/run.sh");
    return text;
}

static void sql(PGconn *conn, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
sql(PGconn *conn, const char *format, ...)
{
    char text[4000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    PGresult *result = PQexec(conn, text);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", text, PQerrorMessage(conn));
    PQclear(result);
}

static char *
ask(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);

    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s", text, PQerrorMessage(conn));
    char *value = strdup(PQntuples(result) > 0 && !PQgetisnull(result, 0, 0) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return value;
}

static void
no_notices(void *data, const char *message)
{
    (void)data;
    (void)message;
}

static PGconn *
connect_to(const char *where)
{
    PGconn *conn = PQconnectdb(where);

    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    PQsetNoticeProcessor(conn, no_notices, NULL);
    return conn;
}

static incload_database *
database(const char *where, const char *options)
{
    incload_error *err = NULL;
    incload_database *db = incload_database_new(where, options, &err);

    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    return db;
}

/* inside: the target is a table of the same database, so that rows never leave the server. */
static scene
begin(bool inside, const char *table)
{
    scene s = { .main = connect_to(url()), .cursor = "at" };
    const char *query = strchr(url(), '?');

    sql(s.main, "DROP SCHEMA IF EXISTS late CASCADE; CREATE SCHEMA late; CREATE TABLE late.src (%s)", table);
    snprintf(s.other, sizeof s.other, "postgresql://incload@/incload_late%s", query != NULL ? query : "");
    sql(s.main, "DROP SCHEMA IF EXISTS incload CASCADE");
    if (!inside) {
        PQclear(PQexec(s.main, "DROP DATABASE IF EXISTS incload_late WITH (FORCE)"));
        sql(s.main, "CREATE DATABASE incload_late");
    }
    for (int i = 0; i < WRITERS; i++)
        s.writer[i] = connect_to(url());
    s.source = database(url(), NULL);
    s.target = database(inside ? url() : s.other, NULL);
    return s;
}

static void
end(scene *s)
{
    incload_database_unref(s->source);
    incload_database_unref(s->target);
    for (int i = 0; i < WRITERS; i++)
        PQfinish(s->writer[i]);
    sql(s->main, "DROP SCHEMA IF EXISTS late CASCADE; DROP SCHEMA IF EXISTS incload CASCADE");
    PQclear(PQexec(s->main, "DROP DATABASE IF EXISTS incload_late WITH (FORCE)"));
    PQfinish(s->main);
}

typedef struct counts {
    int64_t read, written, late, deleted;
    char level[24], reason[800], held[400], road[24];
} counts;

static counts
loaded(scene *s, const char *preset, const char *options)
{
    incload_error *err = NULL;
    char all[400];
    counts c = { 0 };

    snprintf(all, sizeof all, "cursor=%s %s %s", s->cursor,
             strcmp(preset, "timestamp") == 0 ? "key=id" : "window=since", options != NULL ? options : "");
    incload_strategy *how = incload_strategy_new(preset, all, &err);
    incload_step *step = incload_step_new_load(s->source, "late.src", s->target, "public.late_copy", how, &err);
    incload_run *run = incload_step_run(step, NULL, &err);
    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    c.read = incload_run_rows_read(run);
    c.written = incload_run_rows_written(run);
    c.late = incload_run_rows_late(run);
    c.deleted = incload_run_rows_deleted(run);
    snprintf(c.level, sizeof c.level, "%s", incload_run_level(run));
    snprintf(c.reason, sizeof c.reason, "%s", incload_run_level_reason(run));
    snprintf(c.held, sizeof c.held, "%s", incload_run_held_by(run));
    snprintf(c.road, sizeof c.road, "%s", incload_run_road(run));
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    return c;
}

/* Loads, and what it must have written; the copy then equals the source. */
static counts
loads(scene *s, int64_t written, const char *options)
{
    counts c = loaded(s, "timestamp", options);

    ck_assert_msg(c.written == written, "%lld rows written, not %lld (read %lld; %s: %s)", (long long)c.written,
                  (long long)written, (long long)c.read, c.level, c.reason);
    return c;
}

static void
equal(scene *s, bool inside)
{
    static const char rows[] =
        "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM (SELECT * FROM %s) t";
    char mine[200], theirs[200];
    PGconn *other = inside ? s->main : connect_to(s->other);

    snprintf(mine, sizeof mine, rows, "late.src");
    snprintf(theirs, sizeof theirs, rows, "public.late_copy");
    char *source = ask(s->main, mine), *target = ask(other, theirs);
    ck_assert_str_eq(source, target);
    free(source);
    free(target);
    if (!inside)
        PQfinish(other);
}

static const char stamped[] = "id bigint PRIMARY KEY, at timestamptz DEFAULT now(), v text";

/* The loop variable says whether the target is in the source's own database. */
#define BOTH(test) tcase_add_loop_test(tests, test, 0, 2)

static scene
begin_and_load_one(bool inside)
{
    scene s = begin(inside, stamped);

    if (inside)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main, "INSERT INTO late.src VALUES (1)");
    loads(&s, 1, NULL);
    return s;
}

START_TEST(a_row_committed_behind_the_watermark_is_loaded)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "COMMIT");
    counts c = loads(&s, 1, NULL);
    ck_assert_int_eq(c.read, 1);
    ck_assert_str_eq(c.level, "EXACT_IF_STAMPED");
    ck_assert_str_eq(c.road, _i ? "same-database" : "relay");
    ck_assert_int_eq(loads(&s, 0, NULL).read, 0);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_transaction_that_has_only_begun_is_waited_for_over_many_loads)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "BEGIN; SELECT now()");
    for (int i = 0; i < 5; i++) {
        sql(s.writer[1], "INSERT INTO late.src VALUES (%d)", 10 + i);
        loads(&s, 1, NULL);
    }
    sql(s.writer[0], "INSERT INTO late.src VALUES (2)");
    loads(&s, 0, NULL);
    sql(s.writer[0], "COMMIT");
    ck_assert_int_eq(loads(&s, 1, NULL).read, 1);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(without_the_horizon_the_same_row_is_lost)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    ck_assert_str_eq(loads(&s, 1, "horizon=none").level, "BEST_EFFORT");
    sql(s.writer[0], "COMMIT");
    loads(&s, 0, "horizon=none");
    end(&s);
}
END_TEST

START_TEST(what_the_cursor_alone_has_lost_is_found_when_the_horizon_comes)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    loads(&s, 1, "horizon=none");
    sql(s.writer[0], "COMMIT");
    loads(&s, 0, "horizon=none");
    ck_assert_ptr_nonnull(strstr(loads(&s, 1, NULL).reason, "everything was compared"));
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(savepoints_and_rollbacks_change_nothing)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "BEGIN; SAVEPOINT a; INSERT INTO late.src VALUES (2); RELEASE a; SAVEPOINT b; "
                     "INSERT INTO late.src VALUES (3); ROLLBACK TO b; SAVEPOINT c; INSERT INTO late.src VALUES (4)");
    sql(s.writer[1], "INSERT INTO late.src VALUES (5)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "COMMIT");
    loads(&s, 2, NULL);
    loads(&s, 0, NULL);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_prepared_transaction_is_loaded_when_it_commits)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    loads(&s, 0, NULL);
    sql(s.writer[0], "PREPARE TRANSACTION 'late'");
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    loads(&s, 1, NULL);
    loads(&s, 0, NULL);
    sql(s.writer[1], "COMMIT PREPARED 'late'");
    ck_assert_int_eq(loads(&s, 1, NULL).read, 1);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(what_was_delivered_while_an_older_transaction_was_open_does_not_come_again)
{
    scene s = begin(_i, "id bigint, at timestamptz DEFAULT now(), v text");

    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main, "INSERT INTO late.src VALUES (1)");
    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    ck_assert_int_eq(loaded(&s, "append", NULL).written, 1);
    for (int i = 0; i < 4; i++) {
        sql(s.writer[1], "INSERT INTO late.src VALUES (7), (7)");
        counts c = loaded(&s, "append", NULL);
        ck_assert_int_eq(c.read, 2);
        ck_assert_int_eq(c.written, 2);
    }
    sql(s.writer[0], "COMMIT");
    ck_assert_int_eq(loaded(&s, "append", NULL).written, 1);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_stamp_of_an_applications_clock_is_found_by_a_deep_read_and_counted)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "INSERT INTO late.src VALUES (2, now() - interval '1 hour'), (3, now())");
    loads(&s, 1, "deep=never");
    counts c = loads(&s, 1, "deep=always");
    ck_assert_int_eq(c.late, 1);
    ck_assert_str_eq(c.level, "EXACT");
    sql(s.writer[0], "UPDATE late.src SET v = 'not stamped' WHERE id = 2");
    loads(&s, 0, "deep=never");
    loads(&s, 1, "deep=always");
    c = loads(&s, 0, "deep=always");
    ck_assert_int_eq(c.read, 0);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_role_without_a_view_of_others_sessions_loses_nothing)
{
    scene s = begin_and_load_one(_i);
    const char *text = getenv("INCLOAD_TEST_POSTGRES_PASSWORD_URL");

    ck_assert_ptr_nonnull(text);
    sql(s.main, "GRANT USAGE ON SCHEMA late TO incload_password; GRANT SELECT ON late.src TO incload_password");
    incload_database_unref(s.source);
    s.source = database(text, NULL);
    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    loaded(&s, "timestamp", NULL);
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "COMMIT");
    loads(&s, 1, NULL);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(numbers_committed_out_of_order_are_loaded)
{
    scene s = begin(_i, "id bigserial PRIMARY KEY, v text");

    s.cursor = "id";
    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main, "INSERT INTO late.src (v) VALUES ('a')");
    loads(&s, 1, NULL);
    sql(s.writer[0], "BEGIN; INSERT INTO late.src (v) VALUES ('b')");
    sql(s.writer[1], "INSERT INTO late.src (v) VALUES ('c')");
    ck_assert_str_eq(loads(&s, 1, NULL).level, "EXACT_IF_STAMPED");
    sql(s.writer[0], "COMMIT");
    loads(&s, 1, NULL);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(numbers_from_a_sequence_with_a_cache_are_loaded_and_named)
{
    scene s = begin(_i, "id bigserial PRIMARY KEY, v text");

    s.cursor = "id";
    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main, "ALTER SEQUENCE late.src_id_seq CACHE 20");
    sql(s.writer[0], "INSERT INTO late.src (v) VALUES ('a')");
    sql(s.writer[1], "INSERT INTO late.src (v) VALUES ('b')");
    loads(&s, 2, NULL);
    sql(s.writer[0], "INSERT INTO late.src (v) VALUES ('c')");
    counts c = loads(&s, 1, NULL);
    ck_assert_str_eq(c.level, "EXACT");
    ck_assert_ptr_nonnull(strstr(c.reason, "CACHE"));
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_transaction_id_as_the_cursor_is_exact)
{
    scene s = begin(_i, "id bigint PRIMARY KEY, at xid8, v text");

    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main, "CREATE INDEX ON late.src (at);"
                "CREATE FUNCTION late.stamp() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN NEW.at := pg_current_xact_id(); RETURN NEW; END';"
                "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON late.src FOR EACH ROW EXECUTE FUNCTION late.stamp();"
                "INSERT INTO late.src VALUES (1)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    sql(s.writer[1], "BEGIN; SAVEPOINT a; INSERT INTO late.src VALUES (3); COMMIT");
    counts c = loads(&s, 1, NULL);
    ck_assert_str_eq(c.level, "EXACT");
    sql(s.writer[0], "COMMIT");
    ck_assert_int_eq(loads(&s, 1, NULL).read, 1);
    loads(&s, 0, NULL);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_stamp_without_a_zone_is_taken_for_the_zone_that_is_named)
{
    scene s = begin(_i, "id bigint PRIMARY KEY, at timestamp DEFAULT now(), v text");

    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    for (int i = 0; i < WRITERS; i++)
        sql(s.writer[i], "SET TimeZone = 'America/New_York'");
    sql(s.writer[2], "INSERT INTO late.src VALUES (1)");
    loads(&s, 1, "cursor_zone=America/New_York");
    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    ck_assert_ptr_nonnull(strstr(loads(&s, 1, "cursor_zone=America/New_York").reason, "America/New_York"));
    sql(s.writer[0], "COMMIT");
    loads(&s, 1, "cursor_zone=America/New_York");
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(the_oldest_open_transaction_is_named)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "SET application_name = 'stalled'; BEGIN; SELECT now(), pg_sleep(1.2)");
    counts c = loads(&s, 0, NULL);
    ck_assert_msg(strstr(c.held, "stalled") != NULL && strstr(c.held, "pid ") != NULL, "%s", c.held);
    sql(s.writer[0], "COMMIT");
    ck_assert_str_eq(loads(&s, 0, NULL).held, "");
    end(&s);
}
END_TEST

START_TEST(a_table_that_was_rewritten_is_compared_whole)
{
    scene s = begin_and_load_one(_i);

    sql(s.main, "INSERT INTO late.src VALUES (2, now() - interval '1 day', 'old')");
    loads(&s, 0, "deep=never");
    sql(s.main, "VACUUM FULL late.src");
    counts c = loads(&s, 1, "deep=never");
    ck_assert_ptr_nonnull(strstr(c.reason, "rewritten"));
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(partitions_that_come_are_read)
{
    scene s = begin(_i, "id bigint, at timestamptz DEFAULT now(), v text, PRIMARY KEY (id, at)");

    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main,
        "DROP TABLE late.src; CREATE TABLE late.src (id bigint PRIMARY KEY, at timestamptz DEFAULT now(), v text)"
        " PARTITION BY RANGE (id); CREATE TABLE late.p1 PARTITION OF late.src FOR VALUES FROM (0) TO (100);"
        "INSERT INTO late.src VALUES (1)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "BEGIN; INSERT INTO late.src VALUES (2)");
    sql(s.writer[1], "INSERT INTO late.src VALUES (3)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "COMMIT");
    loads(&s, 1, NULL);
    sql(s.main, "CREATE TABLE late.p2 (LIKE late.src); INSERT INTO late.p2 VALUES (101, '2001-01-01', 'old')");
    loads(&s, 0, "deep=never");
    sql(s.main, "ALTER TABLE late.src ATTACH PARTITION late.p2 FOR VALUES FROM (100) TO (200)");
    loads(&s, 1, "deep=never");
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(rows_without_a_stamp_come_once_for_each_change)
{
    scene s = begin_and_load_one(_i);

    sql(s.writer[0], "INSERT INTO late.src VALUES (2, NULL, 'x'), (3, 'infinity', 'y')");
    ck_assert_int_eq(loads(&s, 2, "null_cursor=include").read, 2);
    ck_assert_int_eq(loads(&s, 0, "null_cursor=include").read, 0);
    sql(s.writer[0], "UPDATE late.src SET v = 'z' WHERE id = 2");
    ck_assert_int_eq(loads(&s, 1, "null_cursor=include").read, 1);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(a_watermark_moved_by_hand_is_where_the_next_load_begins)
{
    scene s = begin_and_load_one(_i);
    incload_error *err = NULL;

    sql(s.main, "INSERT INTO late.src VALUES (2, '2020-01-01'), (3, '2020-01-03')");
    loads(&s, 0, "deep=never");
    incload_watermark *mark = incload_watermark_open(s.target, "public.late_copy", &err);
    incload_watermark_set(mark, "2020-01-02 00:00:00+00", &err);
    ck_assert_ptr_null(err);
    incload_watermark_unref(mark);
    loads(&s, 1, "deep=never");
    loads(&s, 0, "deep=never");
    end(&s);
}
END_TEST

START_TEST(a_view_is_read_by_its_stamps_from_before_the_oldest_transaction)
{
    scene s = begin(_i, stamped);

    if (_i)
        sql(s.main, "DROP TABLE IF EXISTS public.late_copy");
    sql(s.main, "ALTER TABLE late.src RENAME TO base; CREATE VIEW late.src AS SELECT * FROM late.base;"
                "INSERT INTO late.base VALUES (1)");
    loads(&s, 1, NULL);
    sql(s.writer[0], "BEGIN; INSERT INTO late.base VALUES (2)");
    sql(s.writer[1], "INSERT INTO late.base VALUES (3)");
    counts c = loads(&s, 1, NULL);
    ck_assert_str_eq(c.level, "EXACT_IF_STAMPED");
    ck_assert_ptr_nonnull(strstr(c.reason, "view"));
    sql(s.writer[0], "COMMIT");
    loads(&s, 1, NULL);
    equal(&s, _i);
    end(&s);
}
END_TEST

START_TEST(deleted_rows_leave_the_copy_when_keys_are_compared)
{
    scene s = begin_and_load_one(_i);

    sql(s.main, "INSERT INTO late.src SELECT g, now(), 'n' FROM generate_series(2, 100) AS g");
    ck_assert_int_eq(loads(&s, 99, "detect_deletes=keys").deleted, 0);
    sql(s.main, "DELETE FROM late.src WHERE id %% 3 = 0; UPDATE late.src SET id = 1000, at = now() WHERE id = 50");
    counts c = loads(&s, 1, "detect_deletes=keys");
    ck_assert_int_eq(c.deleted, 34);
    equal(&s, _i);
    /* Also in a run that finds nothing new. */
    ck_assert_int_eq(loads(&s, 0, "detect_deletes=keys").deleted, 0);
    sql(s.main, "DELETE FROM late.src WHERE id = 1000");
    ck_assert_int_eq(loads(&s, 0, "detect_deletes=keys").deleted, 1);
    equal(&s, _i);
    end(&s);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("late rows, PostgreSQL");
    TCase *tests = tcase_create("late");

    tcase_set_timeout(tests, 60);
    BOTH(a_row_committed_behind_the_watermark_is_loaded);
    BOTH(a_transaction_that_has_only_begun_is_waited_for_over_many_loads);
    BOTH(without_the_horizon_the_same_row_is_lost);
    BOTH(what_the_cursor_alone_has_lost_is_found_when_the_horizon_comes);
    BOTH(savepoints_and_rollbacks_change_nothing);
    BOTH(a_prepared_transaction_is_loaded_when_it_commits);
    BOTH(what_was_delivered_while_an_older_transaction_was_open_does_not_come_again);
    BOTH(a_stamp_of_an_applications_clock_is_found_by_a_deep_read_and_counted);
    BOTH(a_role_without_a_view_of_others_sessions_loses_nothing);
    BOTH(numbers_committed_out_of_order_are_loaded);
    BOTH(numbers_from_a_sequence_with_a_cache_are_loaded_and_named);
    BOTH(a_transaction_id_as_the_cursor_is_exact);
    BOTH(a_stamp_without_a_zone_is_taken_for_the_zone_that_is_named);
    BOTH(the_oldest_open_transaction_is_named);
    BOTH(a_table_that_was_rewritten_is_compared_whole);
    BOTH(partitions_that_come_are_read);
    BOTH(rows_without_a_stamp_come_once_for_each_change);
    BOTH(a_watermark_moved_by_hand_is_where_the_next_load_begins);
    BOTH(a_view_is_read_by_its_stamps_from_before_the_oldest_transaction);
    BOTH(deleted_rows_leave_the_copy_when_keys_are_compared);
    suite_add_tcase(suite, tests);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(make_suite());

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

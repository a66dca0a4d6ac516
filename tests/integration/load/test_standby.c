/* SPDX-License-Identifier: Apache-2.0 */
/* A PostgreSQL standby as the source: made here from the tests' server, and stopped at the end. */
#define _GNU_SOURCE
#include <incload/incload.h>

#include <check.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char standby_url[600];
static const char *primary_url;

static bool
run_script(const char *what)
{
    char command[1200];

    snprintf(command, sizeof command, "sh '%s' %s >&2", getenv("INCLOAD_TEST_STANDBY_SCRIPT"), what);
    return system(command) == 0;
}

static PGconn *
connect_to(const char *where)
{
    PGconn *conn = PQconnectdb(where);

    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    return conn;
}

static void
sql(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);

    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s",
                  text, PQerrorMessage(conn));
    PQclear(result);
}

static bool
says_yes(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);
    bool yes = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1
               && strcmp(PQgetvalue(result, 0, 0), "t") == 0;

    PQclear(result);
    return yes;
}

/* What was done on the primary until now is visible on the standby. */
static void
caught_up(PGconn *primary, PGconn *standby)
{
    char question[200];
    PGresult *result = PQexec(primary, "SELECT pg_current_wal_insert_lsn()");

    snprintf(question, sizeof question, "SELECT pg_last_wal_replay_lsn() >= '%s'", PQgetvalue(result, 0, 0));
    PQclear(result);
    for (int tries = 0; !says_yes(standby, question); tries++) {
        ck_assert_msg(tries < 1000, "the standby does not catch up");
        sql(standby, "SELECT pg_sleep(0.01)");
    }
}

typedef struct scene {
    PGconn *writer[3], *standby;
    incload_database *source, *primary, *target;
    bool named; /* the load knows the primary */
} scene;

static scene
begin(bool named)
{
    scene s = { .named = named };
    incload_error *err = NULL;

    for (int i = 0; i < 3; i++)
        s.writer[i] = connect_to(primary_url);
    s.standby = connect_to(standby_url);
    sql(s.writer[0], "SET client_min_messages = warning; DROP TABLE IF EXISTS public.followed, public.followed_copy;"
                     "DROP SCHEMA IF EXISTS incload_standby CASCADE;"
                     "CREATE TABLE public.followed (id bigint PRIMARY KEY, at timestamptz DEFAULT now());"
                     "INSERT INTO public.followed VALUES (1)");
    caught_up(s.writer[0], s.standby);
    s.source = incload_database_new(standby_url, NULL, &err);
    s.primary = incload_database_new(primary_url, NULL, &err);
    s.target = incload_database_new(primary_url, "ledger=incload_standby", &err);
    ck_assert_ptr_null(err);
    return s;
}

static void
end(scene *s)
{
    incload_database_unref(s->source);
    incload_database_unref(s->primary);
    incload_database_unref(s->target);
    for (int i = 0; i < 3; i++)
        PQfinish(s->writer[i]);
    PQfinish(s->standby);
}

static void
loads(scene *s, int64_t read, const char *level, const char *words)
{
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=at key=id", &err);
    incload_step *step =
        incload_step_new_load(s->source, "public.followed", s->target, "public.followed_copy", how, &err);

    if (s->named)
        incload_step_set_primary(step, s->primary, &err);
    incload_run *run = incload_step_run(step, NULL, &err);
    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    ck_assert_msg(incload_run_rows_read(run) == read, "%lld rows read, not %lld", (long long)incload_run_rows_read(run),
                  (long long)read);
    ck_assert_str_eq(incload_run_level(run), level);
    ck_assert_msg(strstr(incload_run_level_reason(run), words) != NULL, "%s", incload_run_level_reason(run));
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
}

START_TEST(late_rows_are_found_from_a_standby)
{
    scene s = begin(_i == 1);
    const char *level = s.named ? "EXACT_IF_STAMPED" : "EXACT", *words = s.named ? "oldest transaction" : "standby";

    loads(&s, 1, level, words);
    sql(s.writer[0], "BEGIN; INSERT INTO public.followed VALUES (2)");
    sql(s.writer[1], "BEGIN; SELECT now()");
    sql(s.writer[2], "INSERT INTO public.followed VALUES (3)");
    caught_up(s.writer[2], s.standby);
    loads(&s, 1, level, words);
    loads(&s, 0, level, words);
    sql(s.writer[0], "COMMIT");
    sql(s.writer[1], "INSERT INTO public.followed VALUES (4); COMMIT");
    caught_up(s.writer[2], s.standby);
    loads(&s, 2, level, words);
    loads(&s, 0, level, words);
    ck_assert(says_yes(s.writer[0], "SELECT (SELECT count(*) FROM public.followed_copy) = 4"));
    end(&s);
}
END_TEST

START_TEST(a_load_goes_on_between_primary_and_standby)
{
    scene s = begin(true);
    incload_database *standby = s.source;

    loads(&s, 1, "EXACT_IF_STAMPED", "");
    s.source = s.primary;
    s.named = false;
    sql(s.writer[0], "INSERT INTO public.followed VALUES (2)");
    loads(&s, 1, "EXACT_IF_STAMPED", "");
    s.source = standby;
    s.named = true;
    sql(s.writer[0], "INSERT INTO public.followed VALUES (3)");
    caught_up(s.writer[0], s.standby);
    loads(&s, 1, "EXACT_IF_STAMPED", "");
    end(&s);
}
END_TEST

START_TEST(a_wrong_primary_is_refused)
{
    scene s = begin(true);
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=at key=id", &err);
    incload_step *step =
        incload_step_new_load(s.source, "public.followed", s.target, "public.followed_copy", how, &err);

    incload_step_set_primary(step, s.source, &err);
    incload_run *run = incload_step_run(step, NULL, &err);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_INVALID);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "a standby itself"));
    incload_error_unref(err);
    incload_run_unref(run);
    incload_step_unref(step);
    incload_strategy_unref(how);
    end(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("standby");
    TCase *tests = tcase_create("standby");
    SRunner *runner = srunner_create(suite);
    const char *host, *port;

    primary_url = getenv("INCLOAD_TEST_POSTGRES");
    host = primary_url != NULL ? strstr(primary_url, "host=") : NULL;
    port = primary_url != NULL ? strstr(primary_url, "&port=") : NULL;
    if (host == NULL || port == NULL || !run_script("start")) {
        printf(
            "Bail out! no standby: INCLOAD_TEST_POSTGRES must be set (run sh tests/run.sh), and the standby start\n");
        return EXIT_FAILURE;
    }
    snprintf(standby_url, sizeof standby_url, "postgresql://incload@/incload?host=%s/standby&port=%s",
             getenv("INCLOAD_TEST_DIR"), port + strlen("&port="));
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, late_rows_are_found_from_a_standby, 0, 2);
    tcase_add_test(tests, a_load_goes_on_between_primary_and_standby);
    tcase_add_test(tests, a_wrong_primary_is_refused);
    suite_add_tcase(suite, tests);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return run_script("stop") && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a server and its administrator can do to a load: sessions ended and cancelled, the server killed and started
 * again, stopped, not ready, full of connections, read-only; locks that are not given, deadlocks. Each load must end
 * right or with the right error, on time, with nothing half done, and the next one must complete. Then a while with all
 * of that at random moments (nemesis.c).
 *
 *     server [--seconds N] [--seed S] [--only WORDS]     seconds of the nemesis, for each kind of connection */
#define _GNU_SOURCE
#include "server.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <incload/incload.h>

#include "report.h"

enum { TAP_SECONDS = 5, FULL_SECONDS = 30, REACH_MS = 10000, AT_ONCE_US = 1000000, GRACE_US = 250000 };

/* ---- loads on a thread ---- */

static void *
load_main(void *data)
{
    working *w = data;

    w->said = stage_load(w->s->from_url, w->s->to_url, w->run_options);
    atomic_store(&w->ended, true);
    return NULL;
}

void
load_begin(working *w, const stage *s, const char *run_options)
{
    pthread_t thread;

    memset(w, 0, sizeof *w);
    w->s = s;
    w->run_options = run_options;
    if (pthread_create(&thread, NULL, load_main, w) != 0)
        report_die("no thread for a load");
    w->thread = thread;
}

void
load_end(working *w)
{
    pthread_join(w->thread, NULL);
}

/* ---- a scene: what is held against the load ---- */

/* At most three kinds of answer to one deed: the drivers see different things of it. */
typedef struct expectation {
    int32_t code; /* INCLOAD_OK: it must succeed */
    const char *sqlstate;
    int64_t native_code; /* 0: any */
    bool retryable;
} expectation;

typedef struct scene {
    stage *s;
    client *admin;  /* all rights, on the target */
    client *holder; /* holds a row that the load will update */
    working load;
    int64_t deed_us; /* when it was done */
} scene;

/* The load has read everything, and waits for this row in its own transaction. */
static void
hold_row(scene *x)
{
    x->holder = private_admin_on(x->s);
    client_do(x->holder, "%s", x->s->to_kind == MARIADB ? "START TRANSACTION" : "BEGIN");
    client_do(x->holder, "UPDATE %s SET name = name WHERE id = 15", stage_target);
}

static void
let_row_go(scene *x)
{
    client_close(x->holder);
    x->holder = NULL;
}

/* The session of the load that waits, 0 while none does. */
static int64_t
waiting_session(scene *x)
{
    if (x->s->to_kind == MARIADB)
        /* innodb_trx does not always show a transaction that waits. */
        return client_number(x->admin, "SELECT CAST(COALESCE(max(id), 0) AS CHAR(20))"
                                       " FROM information_schema.processlist WHERE user = 'loader'"
                                       " AND info LIKE 'UPDATE %%' AND time_ms > 100");
    return client_number(x->admin, "SELECT COALESCE(max(pid), 0) FROM pg_stat_activity WHERE usename = 'loader'"
                                   " AND datname = current_database() AND wait_event_type = 'Lock'");
}

static int64_t
wait_for_session(scene *x)
{
    int64_t until = now_us() + REACH_MS * INT64_C(1000), session;

    while ((session = waiting_session(x)) == 0) {
        if (atomic_load(&x->load.ended) || now_us() > until)
            report_die("a load does not come to the row that is held: %s", x->load.said.message);
        pause_us(2000);
    }
    return session;
}

/* The load begins and comes to the held row. */
static int64_t
come_to_row(scene *x, const char *run_options)
{
    hold_row(x);
    load_begin(&x->load, x->s, run_options);
    return wait_for_session(x);
}

static bool
is_mariadb(const scene *x)
{
    return x->s->to_kind == MARIADB;
}

static void
reopen_stage(scene *x)
{
    client_close(x->s->from);
    client_close(x->s->to);
    client_close(x->admin);
    let_row_go(x);
    x->s->from = client_open(x->s->from_url);
    x->s->to = client_open(x->s->to_url);
    x->admin = private_admin_on(x->s);
}

/* ---- deeds: each leaves x->load.said ---- */

static void
terminate(scene *x)
{
    int64_t session = come_to_row(x, "retries=0");

    x->deed_us = now_us();
    client_do(x->admin, is_mariadb(x) ? "KILL %lld" : "SELECT pg_terminate_backend(%lld)", (long long)session);
    load_end(&x->load);
    let_row_go(x);
}

static void
terminate_with_retries(scene *x)
{
    int64_t session = come_to_row(x, "retries=3");

    client_do(x->admin, is_mariadb(x) ? "KILL %lld" : "SELECT pg_terminate_backend(%lld)", (long long)session);
    let_row_go(x);
    x->deed_us = now_us();
    load_end(&x->load);
}

static void
cancel_statement(scene *x)
{
    int64_t session = come_to_row(x, "retries=0");

    x->deed_us = now_us();
    client_do(x->admin, is_mariadb(x) ? "KILL QUERY %lld" : "SELECT pg_cancel_backend(%lld)", (long long)session);
    load_end(&x->load);
    let_row_go(x);
}

static void
kill_backend(scene *x)
{
    int64_t session = come_to_row(x, "retries=0");

    x->deed_us = now_us();
    kill((pid_t)session, SIGKILL);
    load_end(&x->load);
    /* All sessions of the server end with it. */
    private_crash(x->s->to_kind);
    private_restart(x->s->to_kind, NULL, true);
    reopen_stage(x);
}

static void
crash_server(scene *x)
{
    come_to_row(x, "retries=0");
    x->deed_us = now_us();
    private_crash(x->s->to_kind);
    load_end(&x->load);
    private_restart(x->s->to_kind, NULL, true);
    reopen_stage(x);
}

static void
crash_server_with_retries(scene *x)
{
    come_to_row(x, "retries=50");
    private_crash(x->s->to_kind);
    private_restart(x->s->to_kind, NULL, true);
    x->deed_us = now_us();
    load_end(&x->load);
    reopen_stage(x);
}

static void
keep_locked(scene *x)
{
    if (is_mariadb(x))
        client_do(x->admin, "SET GLOBAL innodb_lock_wait_timeout = 1");
    else
        client_do(x->admin, "ALTER ROLE loader SET lock_timeout = '300ms'");
    come_to_row(x, "retries=0");
    x->deed_us = now_us();
    load_end(&x->load);
    if (is_mariadb(x))
        client_do(x->admin, "SET GLOBAL innodb_lock_wait_timeout = 50");
    else
        client_do(x->admin, "ALTER ROLE loader RESET lock_timeout");
    let_row_go(x);
}

/* The other session has row 15, the load has those before it; now the other wants one of those. InnoDB ends whoever has
 * changed less, PostgreSQL whoever looks first. */
static void
deadlock(scene *x)
{
    hold_row(x);
    if (is_mariadb(x))
        client_do(x->holder, "INSERT INTO scrap SELECT seq FROM seq_1_to_2000");
    else
        client_do(x->holder, "SET deadlock_timeout = '60s'");
    load_begin(&x->load, x->s, "retries=0");
    wait_for_session(x);
    x->deed_us = now_us();
    client_do(x->holder, "UPDATE %s SET name = name WHERE id = 11", stage_target);
    load_end(&x->load);
    let_row_go(x);
}

static void
trigger(scene *x, const char *body_pg, const char *body_my)
{
    if (is_mariadb(x)) {
        client_do(x->admin, "CREATE TRIGGER refuse BEFORE UPDATE ON %s FOR EACH ROW %s", stage_target, body_my);
        return;
    }
    client_do(x->admin, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s END $$", body_pg);
    client_do(x->admin, "CREATE TRIGGER refuse BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION refuse()",
              stage_target);
}

static void
trigger_away(scene *x)
{
    client_do(x->admin, is_mariadb(x) ? "DROP TRIGGER refuse" : "DROP FUNCTION refuse CASCADE");
}

static void
refuse_to_serialize(scene *x)
{
    trigger(x, "RAISE EXCEPTION 'not serializable' USING ERRCODE = '40001';",
            "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'not serializable'");
    x->deed_us = now_us();
    x->load.said = stage_load(x->s->from_url, x->s->to_url, "retries=0");
    trigger_away(x);
}

static void
allow_connections(scene *x, bool allowed)
{
    if (is_mariadb(x))
        client_do(x->admin, "ALTER USER loader@localhost WITH MAX_USER_CONNECTIONS %d", allowed ? 0 : 1);
    else
        client_do(x->admin, "ALTER ROLE loader CONNECTION LIMIT %d", allowed ? -1 : 1);
}

/* The limit is reached: this program's own two sessions of that role are there. */
static void
fill_connections(scene *x)
{
    allow_connections(x, false);
    x->deed_us = now_us();
    x->load.said = stage_load(x->s->from_url, x->s->to_url, "retries=0");
    allow_connections(x, true);
}

static void
with_standby_file(scene *x, const char *argument)
{
    char path[600];
    FILE *file;

    private_crash(x->s->to_kind);
    snprintf(path, sizeof path, "%s/standby.signal", private_data(x->s->to_kind));
    file = fopen(path, "w");
    if (file == NULL)
        report_die("cannot write %s", path);
    fclose(file);
    private_restart(x->s->to_kind, argument, argument == NULL);
}

static void
without_standby_file(scene *x)
{
    char path[600];

    private_crash(x->s->to_kind);
    snprintf(path, sizeof path, "%s/standby.signal", private_data(x->s->to_kind));
    unlink(path);
    private_restart(x->s->to_kind, NULL, true);
    reopen_stage(x);
}

/* It replays its log and lets nobody in. */
static void
start_up(scene *x)
{
    int64_t until = now_us() + REACH_MS * INT64_C(1000);
    client *c;

    with_standby_file(x, "--hot_standby=off");
    while ((c = client_try_open(x->s->to_url)) != NULL || strstr(client_problem(), "the database system") == NULL) {
        client_close(c);
        if (now_us() > until)
            report_die("a server that starts up says: %s", client_problem());
        pause_us(5000);
    }
    x->deed_us = now_us();
    x->load.said = stage_load(x->s->from_url, x->s->to_url, "retries=0");
    without_standby_file(x);
}

static void
read_only(scene *x)
{
    if (is_mariadb(x))
        client_do(x->admin, "SET GLOBAL read_only = ON");
    else
        with_standby_file(x, NULL);
    x->deed_us = now_us();
    x->load.said = stage_load(x->s->from_url, x->s->to_url, "retries=0");
    if (is_mariadb(x))
        client_do(x->admin, "SET GLOBAL read_only = OFF");
    else
        without_standby_file(x);
}

/* Stopped in the middle of the load: only the run's own clock goes on. */
static void
stop_session(scene *x)
{
    int64_t session = come_to_row(x, "retries=0 timeout=1s");
    pid_t pid = is_mariadb(x) ? private_pid(MARIADB) : (pid_t)session;

    kill(pid, SIGSTOP);
    load_end(&x->load);
    x->deed_us = x->load.said.ended_us - x->load.said.took_us + 1000000;
    kill(pid, SIGCONT);
    let_row_go(x);
}

static void
stop_server(scene *x)
{
    pid_t pid = private_pid(x->s->to_kind);

    kill(pid, SIGSTOP);
    x->load.said = stage_load(x->s->from_url, x->s->to_url, "retries=0 timeout=1s");
    x->deed_us = x->load.said.ended_us - x->load.said.took_us + 1000000;
    kill(pid, SIGCONT);
}

/* ---- the list ---- */

enum { FOR_PG = 1, FOR_MARIADB = 2, FOR_ALL = 3 };

static const struct trial {
    const char *name;
    void (*deed)(scene *);
    int kinds;
    int64_t limit_us; /* from the deed to the end */
    expectation pg, mariadb;
} trials[] = {
    { "session ended", terminate, FOR_ALL, AT_ONCE_US, { INCLOAD_E_CONNECT, "", 0, true },
      { INCLOAD_E_CONNECT, "", 0, true } },
    { "session ended, retries", terminate_with_retries, FOR_ALL, 5 * AT_ONCE_US, { INCLOAD_OK, "", 0, false },
      { INCLOAD_OK, "", 0, false } },
    { "statement cancelled", cancel_statement, FOR_ALL, AT_ONCE_US, { INCLOAD_E_CANCELLED, "57014", 0, false },
      { INCLOAD_E_CANCELLED, "", 1317, false } },
    { "backend killed", kill_backend, FOR_PG, AT_ONCE_US, { INCLOAD_E_CONNECT, "", 0, true }, { 0 } },
    { "server killed", crash_server, FOR_ALL, AT_ONCE_US, { INCLOAD_E_CONNECT, "", 0, true },
      { INCLOAD_E_CONNECT, "", 0, true } },
    { "server killed, retries", crash_server_with_retries, FOR_ALL, 30 * AT_ONCE_US, { INCLOAD_OK, "", 0, false },
      { INCLOAD_OK, "", 0, false } },
    { "row locked", keep_locked, FOR_ALL, 2 * AT_ONCE_US, { INCLOAD_E_CONFLICT, "55P03", 0, true },
      { INCLOAD_E_CONFLICT, "", 1205, true } },
    { "deadlock", deadlock, FOR_ALL, AT_ONCE_US, { INCLOAD_E_CONFLICT, "40P01", 0, true },
      { INCLOAD_E_CONFLICT, "40001", 1213, true } },
    { "not serializable", refuse_to_serialize, FOR_ALL, AT_ONCE_US, { INCLOAD_E_CONFLICT, "40001", 0, true },
      { INCLOAD_E_CONFLICT, "40001", 1213, true } },
    { "no connection free", fill_connections, FOR_ALL, AT_ONCE_US, { INCLOAD_E_CONNECT, "53300", 0, true },
      { INCLOAD_E_CONNECT, "", 1226, true } },
    { "server starting up", start_up, FOR_PG, AT_ONCE_US, { INCLOAD_E_CONNECT, "57P03", 0, true }, { 0 } },
    { "read-only", read_only, FOR_ALL, AT_ONCE_US, { INCLOAD_E_PERMISSION, "25006", 0, false },
      { INCLOAD_E_PERMISSION, "", 1290, false } },
    { "session stopped", stop_session, FOR_ALL, GRACE_US, { INCLOAD_E_TIMEOUT, "", 0, true },
      { INCLOAD_E_TIMEOUT, "", 0, true } },
    { "server stopped", stop_server, FOR_ALL, GRACE_US, { INCLOAD_E_TIMEOUT, "", 0, true },
      { INCLOAD_E_TIMEOUT, "", 0, true } },
};
enum { TRIALS = sizeof trials / sizeof trials[0] };

static bool
as_expected(const outcome *said, const expectation *e)
{
    if (e->code == INCLOAD_OK)
        return said->status == INCLOAD_STATUS_SUCCESS;
    return said->status == INCLOAD_STATUS_FAILED && said->code == e->code && said->retryable == e->retryable
           && (e->sqlstate[0] == '\0' || strcmp(said->sqlstate, e->sqlstate) == 0)
           && (e->native_code == 0 || said->native_code == e->native_code);
}

static void
judge(scene *x, const struct trial *t, int64_t took_us, verdicts *v)
{
    const outcome *said = &x->load.said;
    const expectation *e = is_mariadb(x) ? &t->mariadb : &t->pg;
    char why[256];
    landed found = stage_look(x->s, 1, why);
    bool done = said->status == INCLOAD_STATUS_SUCCESS;
    const char *fault = "";

    if (!as_expected(said, e)) {
        v->wrong++;
        fault = "WRONG END";
    } else if (found != (done ? LANDED_ALL : LANDED_NOT)) {
        v->wrong++;
        fault = "HALF DONE";
    } else if (took_us > t->limit_us) {
        v->late++;
        fault = "LATE";
    }
    report_say("%-9s %-24s %6lld ms  %s %s %lld%s  %s", kind_names[x->s->to_kind], t->name, (long long)(took_us / 1000),
               done ? "SUCCESS" : incload_status_name(said->code), said->sqlstate, (long long)said->native_code,
               said->retryable ? " retryable" : "", fault);
    if (fault[0] != '\0')
        report_wrong("    %s; %s", said->message, why);

    outcome again = stage_load_again(x->s);
    if (again.status != INCLOAD_STATUS_SUCCESS || stage_look(x->s, 2, why) != LANDED_ALL) {
        v->stuck++;
        report_wrong("    the next run: %s; %s", again.message, why);
    }
}

static void
try_one(scene *x, const struct trial *t, verdicts *v)
{
    stage_reset(x->s, false);
    memset(&x->load, 0, sizeof x->load);
    t->deed(x);
    judge(x, t, x->load.said.ended_us - x->deed_us, v);
}

static void
try_all(kind which, const char *only, verdicts *v)
{
    scene x = { .s = private_stage(which) };

    x.admin = private_admin_on(x.s);
    if (which == MARIADB)
        client_do(x.admin, "CREATE TABLE scrap (n int)");
    for (int i = 0; i < TRIALS; i++) {
        bool applies = (trials[i].kinds & (which == MARIADB ? FOR_MARIADB : FOR_PG)) != 0;
        if (applies && (only == NULL || strstr(trials[i].name, only) != NULL))
            try_one(&x, &trials[i], v);
    }
    client_close(x.admin);
    stage_free(x.s);
}

int
main(int argc, char **argv)
{
    static const char *const values[] = { "--seconds", "--seed", "--only", "--kind", NULL };
    static const kind kinds[] = { POSTGRES, PG_ODBC, MARIADB };
    verdicts v = { 0 }, n = { 0 };

    if (!arguments_known(argc, argv, NULL, values))
        return 2;
    bool tap = argument_flag(argc, argv, "--tap");
    const char *only = argument_text(argc, argv, "--only", NULL), *one = argument_text(argc, argv, "--kind", NULL);
    int64_t seconds = argument_number(argc, argv, "--seconds", tap ? TAP_SECONDS : FULL_SECONDS);

    report_begin(tap);
    uint64_t seed = (uint64_t)argument_number(argc, argv, "--seed", now_us());
    report_say("seed %llu", (unsigned long long)seed);
    stage_use_lease("1s");
    private_start();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (one != NULL && strcmp(one, kind_names[kinds[i]]) != 0)
            continue;
        if (only == NULL || strcmp(only, "nemesis") != 0)
            try_all(kinds[i], only, &v);
        if (only == NULL || strcmp(only, "nemesis") == 0)
            nemesis(kinds[i], seconds, seed + i, &n);
    }
    private_stop();
    report_at_most("server-wrong-ends", v.wrong, 0);
    report_at_most("server-late", v.late, 0);
    report_at_most("server-next-runs-failed", v.stuck, 0);
    report_at_most("server-nemesis-wrong", n.wrong, 0);
    report_at_most("server-nemesis-unfinished", n.stuck, 0);
    return report_end();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Loads go on every 100 ms while sessions are ended and killed, the server is stopped and crashed, at moments drawn by
 * a seed; rows go on changing at the source. What each run said of itself is kept, and held against the ledger at the
 * end, when target and source must be equal. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <incload/incload.h>

#include "report.h"
#include "server.h"

enum { EVERY_US = 100000, MOST = 20000, DEEDS = 5 };

/* Every other load takes the first no for an answer, and must then have left nothing. */
static const char *const run_options[] = { "retries=20 timeout=20s wait=15s", "retries=0 timeout=20s wait=15s" };

typedef struct told {
    char run_id[40];
    int32_t status, code;
} told;

typedef struct record {
    stage *s;
    atomic_bool stop;
    told *runs;
    int count;
    int64_t success, failed, unknown, changed;
} record;

/* ---- the loads, and the writer at the source ---- */

/* Each load finds something: one row newer than all before. Its own connection dies with the server as well. */
static void
change_source(record *r, client **c)
{
    const stage *s = r->s;

    if (*c == NULL)
        *c = client_try_open(s->from_url);
    if (*c == NULL)
        return;
    int64_t n = r->changed + 1;
    bool done = client_try(*c, "UPDATE %s SET amount = %lld, updated = '2024-04-01 %02d:%02d:%02d.%06d' WHERE id = %d",
                           stage_source, (long long)n, (int)(n / 3600 % 24), (int)(n / 60 % 60), (int)(n % 60), 100001,
                           1 + (int)(n * 7 % STAGE_ROWS));
    /* Whether an answer that was lost meant yes does not matter: the source is what it is. */
    r->changed = n;
    if (!done) {
        client_close(*c);
        *c = NULL;
    }
}

static void *
keep_loading(void *data)
{
    record *r = data;
    client *source = NULL;

    while (!atomic_load(&r->stop) && r->count < MOST) {
        int64_t next = now_us() + EVERY_US;
        change_source(r, &source);
        outcome said = stage_load(r->s->from_url, r->s->to_url, run_options[r->count % 2]);
        told *t = &r->runs[r->count++];
        snprintf(t->run_id, sizeof t->run_id, "%s", said.run_id);
        t->status = said.status;
        t->code = said.code;
        if (now_us() < next)
            pause_us(next - now_us());
    }
    client_close(source);
    return NULL;
}

/* ---- the nemesis ---- */

/* As soon as there is one to be had. */
static client *
admin_again(kind which)
{
    client *c;
    int64_t until = now_us() + 30000000;

    while ((c = private_try_admin(which)) == NULL) {
        if (now_us() > until)
            report_die("the server does not come back: %s", client_problem());
        pause_us(10000);
    }
    return c;
}

static void
end_sessions(kind which)
{
    client *admin = admin_again(which);
    char *list = which == MARIADB
                     ? client_ask(admin, "SELECT id FROM information_schema.processlist WHERE user = 'loader'")
                     : client_ask(admin, "SELECT pid FROM pg_stat_activity WHERE usename = 'loader'");

    for (char *at = list; *at != '\0'; at += strcspn(at, "\n") + 1)
        client_try(admin, which == MARIADB ? "KILL %.*s" : "SELECT pg_terminate_backend(%.*s)", (int)strcspn(at, "\n"),
                   at);
    free(list);
    client_close(admin);
}

/* A process of the server's, one of the loads' if there is one; 0 if none. */
static pid_t
some_backend(kind which)
{
    if (which == MARIADB)
        return private_pid(MARIADB);
    client *admin = admin_again(which);
    pid_t pid = (pid_t)client_number(admin, "SELECT COALESCE((SELECT pid FROM pg_stat_activity"
                                            " WHERE usename = 'loader' ORDER BY random() LIMIT 1), 0)");
    client_close(admin);
    return pid;
}

static void
kill_one(kind which)
{
    pid_t pid = some_backend(which);

    if (which == MARIADB) {
        private_crash(which);
        private_restart(which, NULL, true);
    } else if (pid > 0) {
        kill(pid, SIGKILL);
        client_close(admin_again(which));
    }
}

static void
stop_one(kind which, int64_t us)
{
    pid_t pid = some_backend(which);

    if (pid <= 0)
        return;
    kill(pid, SIGSTOP);
    pause_us(us);
    kill(pid, SIGCONT);
}

static void
restart(kind which)
{
    private_crash(which);
    private_restart(which, NULL, true);
}

static void
do_one(kind which, int deed, uint64_t *seed)
{
    switch (deed) {
    case 0:
    case 1:
        end_sessions(which);
        break;
    case 2:
        kill_one(which);
        break;
    case 3:
        stop_one(which, 100000 + draw_below(seed, 200000));
        break;
    default:
        restart(which);
        break;
    }
}

/* ---- the reckoning ---- */

static void
reckon(record *r, verdicts *v)
{
    stage *s = r->s;
    const char *run = s->to_kind == MARIADB ? "incload_run" : "incload.run";
    char *ids = client_ask(s->to, "SELECT run_id FROM %s", run);

    for (int i = 0; i < r->count; i++) {
        const told *t = &r->runs[i];
        bool recorded = strstr(ids, t->run_id) != NULL;
        bool done = t->status == INCLOAD_STATUS_SUCCESS, unknown = t->code == INCLOAD_E_COMMIT_UNKNOWN;
        r->success += done;
        r->unknown += unknown;
        r->failed += !done && !unknown;
        if (!unknown && recorded != done) {
            v->wrong++;
            report_wrong("    run %s said %s and is %s the ledger", t->run_id, incload_status_name(t->code),
                         recorded ? "in" : "not in");
        }
    }
    free(ids);
}

static void
finish(record *r, verdicts *v)
{
    stage *s = r->s;
    char why[256];

    client_close(s->from);
    client_close(s->to);
    client_close(admin_again(s->to_kind));
    s->from = client_open(s->from_url);
    s->to = client_open(s->to_url);
    outcome last = stage_load_again(s);
    if (last.status != INCLOAD_STATUS_SUCCESS) {
        v->stuck++;
        report_wrong("    the last run: %s", last.message);
    }
    stage_refresh(s);
    if (!stage_is_whole(s, why) || !stage_verify(s, why)) {
        v->wrong++;
        report_wrong("    at the end: %s", why);
    }
    reckon(r, v);
}

void
nemesis(kind which, int64_t seconds, uint64_t seed, verdicts *v)
{
    record r = { .s = private_stage(which), .runs = calloc(MOST, sizeof(told)) };
    pthread_t thread;
    int64_t until = now_us() + seconds * 1000000;
    int deeds = 0;

    if (r.runs == NULL)
        report_die("no memory");
    stage_reset(r.s, false);
    if (pthread_create(&thread, NULL, keep_loading, &r) != 0)
        report_die("no thread for the loads");
    while (now_us() < until) {
        pause_us(300000 + draw_below(&seed, 700000));
        do_one(which, (int)draw_below(&seed, DEEDS), &seed);
        deeds++;
    }
    atomic_store(&r.stop, true);
    pthread_join(thread, NULL);
    finish(&r, v);
    report_say("%-9s nemesis: %d deeds, %d runs: %lld success, %lld failed, %lld unknown", kind_names[which], deeds,
               r.count, (long long)r.success, (long long)r.failed, (long long)r.unknown);
    if (r.success == 0)
        v->stuck++;
    stage_free(r.s);
    free(r.runs);
}

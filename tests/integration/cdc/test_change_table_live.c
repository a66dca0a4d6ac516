/* SPDX-License-Identifier: Apache-2.0 */
/* Change tables while others write, while consumers are killed, and while two consume at once.
 *
 * With arguments this program is a consumer: URL TABLE URL TABLE OPTIONS. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../load/writers.h"
#include "capturing.h"

extern char **environ;

static int32_t
from_kind(int32_t source)
{
    return source * KINDS + (source + 1) % KINDS;
}

/* ---- writers ---- */

/* Draws changes until it is told to end; half of its transactions are undone. */
typedef struct scribe {
    pthread_t thread;
    writer *session;
    const char *table;
    uint64_t seed;
    bool serial; /* the database has one writer at a time */
    atomic_bool ended;
    atomic_int done;
} scribe;

static void
write_one(scribe *s)
{
    int64_t id = (int64_t)(draw(&s->seed) % 40), other = (int64_t)(draw(&s->seed) % 40);
    int64_t qty = (int64_t)(draw(&s->seed) % 1000);
    char problem[600];

    switch (draw(&s->seed) % 4) {
    case 0:
        writer_try(s->session, problem, "INSERT INTO %s VALUES (%d, 'made', %d)", s->table, (int)id, (int)qty);
        break;
    case 1:
        writer_try(s->session, problem, "DELETE FROM %s WHERE id = %d", s->table, (int)id);
        break;
    case 2:
        writer_try(s->session, problem, "UPDATE %s SET qty = %d WHERE id BETWEEN %d AND %d", s->table, (int)qty,
                   (int)id, (int)id + 2);
        break;
    default:
        writer_try(s->session, problem, "UPDATE %s SET id = %d WHERE id = %d", s->table, (int)other, (int)id);
    }
}

static void *
scribble(void *data)
{
    scribe *s = data;
    char problem[600];

    while (!atomic_load(&s->ended)) {
        writer_try(s->session, problem, "BEGIN%s", s->serial ? " IMMEDIATE" : "");
        for (int32_t i = 0; i < 3; i++)
            write_one(s);
        writer_try(s->session, problem, draw(&s->seed) % 2 == 0 ? "COMMIT" : "ROLLBACK");
        writer_try(s->session, problem, "ROLLBACK");
        atomic_fetch_add(&s->done, 1);
        /* SQLite's lock knows no queue: whoever takes it again at once keeps others out. */
        if (s->serial)
            pause_ms(3);
    }
    return NULL;
}

static void
scribe_start(scribe *s, const watched *w, uint64_t seed)
{
    s->session = writer_open(place_url(w->from.kind == POSTGRES ? PG_ODBC : w->from.kind, 0));
    s->table = w->table;
    s->seed = seed;
    s->serial = w->from.kind == SQLITE;
    atomic_init(&s->ended, false);
    atomic_init(&s->done, 0);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, scribble, s), 0);
}

static void
scribe_wait_for(scribe *s, int32_t transactions)
{
    AWAIT(atomic_load(&s->done) >= transactions);
}

static void
scribe_end(scribe *s)
{
    atomic_store(&s->ended, true);
    pthread_join(s->thread, NULL);
    writer_close(s->session);
}

START_TEST(what_is_written_while_it_is_installed_and_loaded_arrives)
{
    watched w = watch("handed", from_kind(_i), "lock_timeout=30s retries=20 retry_delay=50ms");
    scribe scribes[2];
    incload_error *err = NULL;

    sql(w.from, "INSERT INTO %s VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3)", w.table);
    for (int32_t i = 0; i < 2; i++)
        scribe_start(&scribes[i], &w, (uint64_t)(_i * 10 + i + 1));
    scribe_wait_for(&scribes[0], 20);
    install(&w);
    scribe_wait_for(&scribes[1], atomic_load(&scribes[1].done) + 5);
    int32_t status = incload_capture_load(w.changes, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    for (int32_t i = 0; i < 5; i++) {
        consume(&w);
        scribe_wait_for(&scribes[0], atomic_load(&scribes[0].done) + 5);
    }
    for (int32_t i = 0; i < 2; i++)
        scribe_end(&scribes[i]);
    consume(&w);
    expect_mirrored(&w);
    ck_assert_int_eq(pending(&w), 0);
    unwatch(&w);
}
END_TEST

/* ---- consumers that are killed ---- */

static int
consume_alone(char **words)
{
    incload_error *err = NULL;
    incload_database *from = incload_database_new(words[1], NULL, &err);
    incload_database *to = incload_database_new(words[3], NULL, &err);
    incload_capture *changes = incload_capture_new(from, words[2], to, words[4], words[5], &err);

    for (;;) {
        if (incload_capture_run(changes, &err) != INCLOAD_OK) {
            fprintf(stderr, "%s\n", incload_error_message(err));
            return EXIT_FAILURE;
        }
    }
}

static pid_t
start_consumer(const watched *w, const char *options)
{
    char program[4096] = "", table[64], given[128];
    char from[1024], to[1024];
    char *const words[] = { program, from, table, to, table, given, NULL };
    pid_t pid = 0;

    ck_assert_int_gt(readlink("/proc/self/exe", program, sizeof program - 1), 0);
    snprintf(table, sizeof table, "%s", w->table);
    snprintf(given, sizeof given, "%s", options);
    snprintf(from, sizeof from, "%s", place_url(w->from.kind, 0));
    snprintf(to, sizeof to, "%s", place_url(w->to.kind, 1));
    ck_assert_int_eq(posix_spawn(&pid, program, NULL, NULL, words, environ), 0);
    return pid;
}

START_TEST(consumers_that_are_killed_at_any_moment_lose_and_repeat_nothing)
{
    watched w = watch_rows("killed", from_kind(_i), "wait=20s lease=300ms retries=20 retry_delay=50ms",
                           "(1, 'one', 1), (2, 'two', 2), (3, 'three', 3)");
    uint64_t seed = (uint64_t)_i + 77;
    scribe s;

    scribe_start(&s, &w, seed);
    for (int32_t i = 0; i < 12; i++) {
        int status = 0;
        pid_t pid = start_consumer(
            &w, "until=cancelled poll=1ms batch_rows=3 wait=20s lease=300ms retries=20 retry_delay=50ms");
        scribe_wait_for(&s, atomic_load(&s.done) + 3);
        pause_ms((int64_t)(draw(&seed) % 150));
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFSIGNALED(status), "the consumer ended by itself with %d", status);
    }
    scribe_end(&s);
    consume(&w);
    expect_mirrored(&w);
    ck_assert_int_eq(pending(&w), 0);
    unwatch(&w);
}
END_TEST

/* ---- two at once ---- */

typedef struct rival {
    pthread_t thread;
    incload_capture *changes;
    atomic_bool *ended;
    int64_t refusals;
    char problem[400];
} rival;

static void *
compete(void *data)
{
    rival *r = data;

    while (!atomic_load(r->ended) && r->problem[0] == '\0') {
        incload_error *err = NULL;
        int32_t status = incload_capture_run(r->changes, &err);
        r->refusals += status == INCLOAD_E_BUSY;
        if (status != INCLOAD_OK && status != INCLOAD_E_BUSY)
            snprintf(r->problem, sizeof r->problem, "%s: %s", incload_error_name(err), incload_error_message(err));
        incload_error_unref(err);
    }
    return NULL;
}

START_TEST(of_two_consumers_at_once_none_lands_what_the_other_has_overtaken)
{
    watched w = watch_rows("rivals", from_kind(_i), "retries=20 retry_delay=50ms wait=20s", "(1, 'one', 1)");
    atomic_bool ended = false;
    rival rivals[2];
    scribe s;

    scribe_start(&s, &w, (uint64_t)_i + 5);
    for (int32_t i = 0; i < 2; i++) {
        rivals[i] = (rival){ .changes = change_table_of(&w, "batch_rows=5 lease=0 retries=20 retry_delay=50ms"),
                             .ended = &ended };
        ck_assert_int_eq(pthread_create(&rivals[i].thread, NULL, compete, &rivals[i]), 0);
    }
    scribe_wait_for(&s, 150);
    scribe_end(&s);
    atomic_store(&ended, true);
    for (int32_t i = 0; i < 2; i++) {
        pthread_join(rivals[i].thread, NULL);
        ck_assert_str_eq(rivals[i].problem, "");
        incload_capture_unref(rivals[i].changes);
    }
    consume(&w);
    expect_mirrored(&w);
    unwatch(&w);
}
END_TEST

/* ---- until cancelled ---- */

START_TEST(a_consumer_that_follows_ends_when_it_is_cancelled)
{
    watched w = watch_rows("followed", from_kind(_i), "until=cancelled poll=10ms", "(1, 'one', 1)");
    atomic_bool ended = true;
    rival follower = { .changes = w.changes, .ended = &ended };

    atomic_store(&ended, false);
    ck_assert_int_eq(pthread_create(&follower.thread, NULL, compete, &follower), 0);
    sql(w.from, "INSERT INTO %s VALUES (2, 'two', 2)", w.table);
    await_number(w.to, 2, "SELECT COUNT(*) AS c FROM %s", w.table);
    incload_capture_cancel(w.changes);
    pthread_join(follower.thread, NULL);
    expect_words(follower.problem, "INCLOAD_E_CANCELLED");
    incload_capture_unref(w.changes);
    w.changes = change_table_of(&w, NULL);
    unwatch(&w);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, what_is_written_while_it_is_installed_and_loaded_arrives, 0, KINDS);
    tcase_add_loop_test(tests, consumers_that_are_killed_at_any_moment_lose_and_repeat_nothing, 0, KINDS);
    tcase_add_loop_test(tests, of_two_consumers_at_once_none_lands_what_the_other_has_overtaken, 0, KINDS);
    tcase_add_loop_test(tests, a_consumer_that_follows_ends_when_it_is_cancelled, 0, KINDS);
}

int
main(int argc, char **argv)
{
    return argc == 6 ? consume_alone(argv) : run_tests("change_table_live", 120, add_tests);
}

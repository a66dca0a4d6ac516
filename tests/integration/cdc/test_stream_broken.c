/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that are killed, in the copy and later, while others write to the source: nothing is lost, nothing twice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "streams.h"

/* A process of its own that follows until it is killed. Nothing of ours is used in it. */
static pid_t
start_follower(const flow *f, const char *options)
{
    fflush(stdout);
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child;
    flow own = { .from = place_open(POSTGRES, 0), .to = place_open(f->to.kind, f->to.kind == POSTGRES ? 1 : 0) };
    memcpy(own.name, f->name, sizeof own.name);
    incload_stream *stream = stream_new(&own, options);
    _exit(incload_stream_run(stream, NULL) == INCLOAD_OK ? 0 : 1);
}

static void
kill_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Writes to the source until it is killed: transactions of several rows in both tables, some of them undone. */
static pid_t
start_writer(int32_t number)
{
    fflush(stdout);
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child;
    place from = place_open(POSTGRES, 0);
    for (int64_t i = 0;; i++) {
        int64_t id = 1 + (i * 7 + number * 13) % 97;
        char text[600];
        snprintf(text, sizeof text,
                 "DO $$ BEGIN"
                 " INSERT INTO broken_a VALUES (%lld, 'w%d', 1) ON CONFLICT (id) DO UPDATE SET qty = broken_a.qty + 1;"
                 " UPDATE broken_b SET qty = qty + 1 WHERE id %% 10 = %lld;"
                 " DELETE FROM broken_a WHERE id = %lld;"
                 " IF %lld %% 5 = 0 THEN RAISE EXCEPTION 'undone'; END IF; END $$",
                 (long long)id, (int)number, (long long)(id % 10), (long long)((id * 3) % 97), (long long)i);
        incload_database_execute(from.db, text, NULL, NULL);
    }
}

static void
make_tables(const flow *f)
{
    source_items(f, "broken_a");
    source_items(f, "broken_b");
    sql(f->from, "INSERT INTO broken_a SELECT i, 'first', 0 FROM generate_series(1, 60) AS i");
    sql(f->from, "INSERT INTO broken_b SELECT i, 'first', 0 FROM generate_series(1, 2000) AS i");
}

START_TEST(a_copy_among_writers_leaves_no_gap_and_repeats_nothing)
{
    flow f = flow_open("handover", (kind)_i);

    make_tables(&f);
    pid_t one = start_writer(1), two = start_writer(2);
    follow(&f, "tables='broken_a, broken_b'");
    follow(&f, "tables='broken_a, broken_b'");
    kill_child(one);
    kill_child(two);
    follow(&f, "tables='broken_a, broken_b'");
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

START_TEST(a_stream_that_is_killed_again_and_again_ends_right)
{
    flow f = flow_open("killed", (kind)_i);
    uint64_t seed = 7;

    make_tables(&f);
    follow(&f, "tables='broken_a, broken_b'");
    pid_t writer = start_writer(1);
    for (int32_t i = 0; i < 6; i++) {
        pid_t follower = start_follower(&f, "tables='broken_a, broken_b' until=stopped lease=500ms batch_events=20");
        pause_ms((int64_t)(draw(&seed) % 900));
        kill_child(follower);
    }
    kill_child(writer);
    follow(&f, "tables='broken_a, broken_b'");
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

/* A process that keeps others from writing to a table of the target. Its lock needs no transaction number, for whose
 * end a new slot would wait. */
static pid_t
start_locker(const flow *f)
{
    fflush(stdout);
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        place to = place_open(f->to.kind, 1);
        incload_database_execute(to.db, "DO $$ BEGIN LOCK TABLE broken_b IN SHARE MODE; PERFORM pg_sleep(60); END $$",
                                 NULL, NULL);
        _exit(0);
    }
    while (ask_number(f->to, "SELECT COUNT(*) FROM pg_locks WHERE mode = 'ShareLock' AND granted AND"
                             " relation = 'broken_b'::regclass")
           == 0)
        ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
    return child;
}

START_TEST(a_copy_that_was_killed_begins_again)
{
    flow f = flow_open("copykill", POSTGRES);

    make_tables(&f);
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    pid_t locker = start_locker(&f);
    pid_t follower = start_follower(&f, "tables='broken_a, broken_b' lease=500ms");
    await_number(f.to, 1, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'broken_b'::regclass");
    kill_child(follower);
    ck_assert_int_eq(slots_of(&f), 1);
    free(ask(f.to,
             "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE"
             " '%%LOCK TABLE broken_b IN SHARE%%'"));
    kill_child(locker);
    follow(&f, "tables='broken_a, broken_b'");
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

/* More tables than lanes, among writers; then one of them cannot be copied. */
START_TEST(tables_that_are_copied_side_by_side_are_those_of_one_snapshot)
{
    flow f = flow_open("lanes", (kind)_i);

    make_tables(&f);
    for (int32_t i = 0; i < 3; i++) {
        char name[20];
        snprintf(name, sizeof name, "broken_%d", (int)i);
        source_items(&f, name);
        sql(f.from, "INSERT INTO %s SELECT i, 'more', i FROM generate_series(1, 300) AS i", name);
    }
    table_make(f.to, "broken_2", "id:i other:i", "id");
    follow_fails(&f, "tables='broken_a, broken_0, broken_1, broken_2, broken_b' snapshot_parallel=3",
                 INCLOAD_E_NOT_FOUND, "first copy|broken_2");
    ck_assert_int_eq(slots_of(&f), 0);
    table_drop(f.to, "broken_2");
    pid_t writer = start_writer(1);
    follow(&f, "tables='broken_a, broken_0, broken_1, broken_2, broken_b' snapshot_parallel=3");
    kill_child(writer);
    follow(&f, "tables='broken_a, broken_0, broken_1, broken_2, broken_b'");
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    expect_same(&f, "broken_1");
    expect_same(&f, "broken_2");
    flow_close(&f);
}
END_TEST

/* The name of the child comes first. The second round would copy two tables at a time. */
START_TEST(targets_that_refer_to_one_another_are_copied_together_parents_first)
{
    flow f = flow_open("kin", _i % 2 == 0 ? POSTGRES : MARIADB);
    const char *options = _i < 2 ? "tables='kin_a, kin_b'" : "tables='kin_a, kin_b' snapshot_parallel=2";
    char replace[100];

    source_items(&f, "kin_a");
    source_items(&f, "kin_b");
    sql(f.from, "INSERT INTO kin_b SELECT i, 'parent', 0 FROM generate_series(1, 3000) AS i");
    sql(f.from, "INSERT INTO kin_a SELECT i, 'child', 1 + i %% 9 FROM generate_series(1, 50) AS i");
    table_make(f.to, "kin_a", "id:i name:s qty:i", "id");
    table_make(f.to, "kin_b", "id:i name:s qty:i", "id");
    sql(f.to, "ALTER TABLE kin_a ADD CONSTRAINT kin_parent FOREIGN KEY (qty) REFERENCES kin_b (id) ON DELETE CASCADE");
    sql(f.to, "INSERT INTO kin_b VALUES (1, 'old', 1)");
    sql(f.to, "INSERT INTO kin_a VALUES (1, 'old', 1)");
    snprintf(replace, sizeof replace, "%s snapshot=replace", options);
    follow_fails(&f, replace, INCLOAD_E_UNSUPPORTED, "kin_a|kin_b|ON DELETE CASCADE");
    expect(f.to, "1|1|1|1\n", "SELECT a.id, a.qty, b.id, b.qty FROM kin_a AS a, kin_b AS b");
    sql(f.to, "DELETE FROM kin_a");
    sql(f.to, "DELETE FROM kin_b");
    sql(f.to, "ALTER TABLE kin_a DROP %s kin_parent", f.to.kind == POSTGRES ? "CONSTRAINT" : "FOREIGN KEY");
    sql(f.to, "ALTER TABLE kin_a ADD FOREIGN KEY (qty) REFERENCES kin_b (id)");
    follow(&f, options);
    expect_same(&f, "kin_a");
    expect_same(&f, "kin_b");
    table_drop(f.to, "kin_a");
    flow_close(&f);
}
END_TEST

/* One table has landed, the other is held up as it is killed. */
static void
break_copy(flow *f)
{
    pid_t locker = start_locker(f);
    pid_t follower = start_follower(f, "tables='broken_a, broken_b' lease=500ms snapshot_parallel=2");

    await_rows(f, "broken_a", 60);
    await_number(f->to, 1, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'broken_b'::regclass");
    kill_child(follower);
    free(ask(f->to,
             "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE"
             " '%%LOCK TABLE broken_b IN SHARE%%'"));
    kill_child(locker);
}

/* The second table gets rows of somebody else. */
static void
expect_foreign_row_kept(const flow *f)
{
    sql(f->to, "INSERT INTO broken_b VALUES (1, 'foreign', 1)");
    follow_fails(f, "tables='broken_a, broken_b' snapshot_parallel=2", INCLOAD_E_EXISTS, "broken_b|snapshot=replace");
    expect(f->to, "1|foreign|1\n", "SELECT * FROM broken_b");
    sql(f->to, "DELETE FROM broken_b");
    follow(f, "tables='broken_a, broken_b'");
    expect_same(f, "broken_a");
    expect_same(f, "broken_b");
}

START_TEST(a_copy_begun_again_replaces_its_own_rows_and_no_others)
{
    flow f = flow_open("leftover", POSTGRES);

    make_tables(&f);
    table_make(f.to, "broken_a", "id:i name:s qty:i", "id");
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    break_copy(&f);
    expect_foreign_row_kept(&f);
    flow_close(&f);
}
END_TEST

/* Of that the ledger still knows the loads. */
START_TEST(what_an_earlier_stream_of_the_name_copied_does_not_make_rows_those_of_the_copy)
{
    flow f = flow_open("earlier", POSTGRES);
    incload_error *err = NULL;

    make_tables(&f);
    follow(&f, "tables='broken_a, broken_b'");
    incload_stream *stream = stream_new(&f, "tables='broken_a, broken_b'");
    ck_assert_msg(incload_stream_remove(stream, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    incload_stream_unref(stream);
    sql(f.to, "DELETE FROM broken_a");
    sql(f.to, "DELETE FROM broken_b");
    break_copy(&f);
    expect_foreign_row_kept(&f);
    flow_close(&f);
}
END_TEST

START_TEST(a_copy_that_fails_leaves_no_slot_behind)
{
    flow f = flow_open("copyfail", (kind)_i);

    make_tables(&f);
    table_make(f.to, "broken_b", "id:i other:i", "id");
    follow_fails(&f, "tables='broken_a, broken_b'", INCLOAD_E_NOT_FOUND, "first copy|broken_b");
    ck_assert_int_eq(slots_of(&f), 0);
    table_drop(f.to, "broken_b");
    follow(&f, "tables='broken_a, broken_b'");
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

START_TEST(a_connection_of_the_source_that_is_lost_is_made_anew)
{
    flow f = flow_open("lost", (kind)_i);
    runner r;

    make_tables(&f);
    follow(&f, "tables='broken_a, broken_b'");
    incload_stream *stream = stream_new(&f, "tables='broken_a, broken_b' until=stopped retry_delay=50ms");
    runner_start(&r, stream);
    for (int32_t i = 0; i < 3; i++) {
        int64_t before = incload_stream_transactions(stream);
        sql(f.from, "UPDATE broken_b SET qty = qty + 1 WHERE id <= 10");
        int64_t until = now_ms() + 30000;
        while (incload_stream_transactions(stream) == before)
            ck_assert_msg(now_ms() < until, "the change did not come: %s", incload_error_message(r.err));
        free(ask(f.from,
                 "SELECT pg_terminate_backend(active_pid)::text FROM pg_replication_slots WHERE slot_name = '%s'"
                 " AND active_pid IS NOT NULL",
                 f.name));
    }
    incload_stream_stop(stream);
    int32_t status = runner_end(&r);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(r.err));
    incload_stream_unref(stream);
    follow(&f, "tables='broken_a, broken_b'");
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

/* ---- two at once ---- */

static void
end_locker(const flow *f, pid_t locker)
{
    free(ask(f->to,
             "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE"
             " '%%LOCK TABLE broken_b IN SHARE%%'"));
    kill_child(locker);
}

/* So many sessions wait for the locker, or to make their slot for one that does: that takes every open transaction of
 * the server into account, and so do the slots of other tests. */
static void
await_waiting(const flow *f, int64_t sessions)
{
    await_number(f->to, sessions,
                 "WITH held AS (SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'broken_b'::regclass AND"
                 " database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
                 " SELECT COUNT(*) FROM pg_stat_activity WHERE pid IN (SELECT pid FROM held) OR"
                 " (query LIKE 'CREATE_REPLICATION_SLOT \"%s\"%%'"
                 " AND pg_blocking_pids(pid) && ARRAY(SELECT pid FROM held))",
                 f->name);
}

static const char *const ways[] = { "tables='broken_a, broken_b'", "tables='broken_a, broken_b' snapshot_parallel=2" };

/* The change between the two would be in no copy and in no slot if the second had taken the slot of the first. */
START_TEST(a_second_one_leaves_the_first_copy_of_the_first_alone)
{
    flow f = flow_open("second", POSTGRES);
    char options[120];
    runner first;

    make_tables(&f);
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    pid_t locker = start_locker(&f);
    incload_stream *stream = stream_new(&f, ways[_i]);
    runner_start(&first, stream);
    await_waiting(&f, 1);
    sql(f.from, "UPDATE broken_b SET qty = 5 WHERE id <= 50");
    snprintf(options, sizeof options, "%s wait=0", ways[_i]);
    follow_fails(&f, options, INCLOAD_E_BUSY, "first copy|is being run by");
    ck_assert_int_eq(slots_of(&f), 1);
    end_locker(&f, locker);
    ck_assert_msg(runner_end(&first) == INCLOAD_OK, "%s", incload_error_message(first.err));
    incload_stream_unref(stream);
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

START_TEST(a_second_one_waits_for_the_first_copy_and_then_follows)
{
    flow f = flow_open("patient", POSTGRES);
    runner first, second;

    make_tables(&f);
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    pid_t locker = start_locker(&f);
    incload_stream *one = stream_new(&f, ways[_i]), *two = stream_new(&f, ways[_i]);
    runner_start(&first, one);
    await_waiting(&f, 1);
    runner_start(&second, two);
    /* It asks every now and then, for as long as the first one holds the lease. */
    pause_ms(300);
    ck_assert_int_eq(incload_stream_commits(two), 0);
    ck_assert_int_eq(incload_stream_changes(two, INCLOAD_CHANGE_READ), 0);
    end_locker(&f, locker);
    ck_assert_msg(runner_end(&first) == INCLOAD_OK, "%s", incload_error_message(first.err));
    /* Both may have wanted to read the slot in one moment. */
    int32_t status = runner_end(&second);
    ck_assert_msg(status == INCLOAD_OK || status == INCLOAD_E_BUSY, "%s", incload_error_message(second.err));
    ck_assert_int_eq(incload_stream_changes(two, INCLOAD_CHANGE_READ), 0);
    incload_error_unref(second.err);
    incload_stream_unref(one);
    incload_stream_unref(two);
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

/* Nothing tells that the first one is alive, so it is taken for dead: it must find out, by the stream's row or by that
 * of a table that the second has copied by then, and keep nothing. */
START_TEST(without_a_lease_the_second_one_takes_over_and_the_first_keeps_nothing)
{
    flow f = flow_open("overtaken", POSTGRES);
    char options[120], once[140];
    runner first, second;

    make_tables(&f);
    table_make(f.to, "broken_a", "id:i name:s qty:i", "id");
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    pid_t locker = start_locker(&f);
    snprintf(options, sizeof options, "%s lease=0", ways[_i]);
    snprintf(once, sizeof once, "%s retries=0", options);
    incload_stream *one = stream_new(&f, once), *two = stream_new(&f, options);
    runner_start(&first, one);
    await_waiting(&f, 1);
    /* Side by side it has landed by itself. */
    if (_i == 1)
        await_rows(&f, "broken_a", 60);
    sql(f.from, "UPDATE broken_b SET qty = 5 WHERE id <= 50");
    runner_start(&second, two);
    await_waiting(&f, 2);
    sql(f.from, "UPDATE broken_b SET qty = 6 WHERE id <= 20");
    end_locker(&f, locker);
    /* Both write the same rows now, each in its own order: the server may end this one before it can land. Tried again
     * it would go on behind the second. */
    int32_t status = runner_end(&first);
    ck_assert_msg(status == INCLOAD_E_BUSY || status == INCLOAD_E_CONFLICT, "%d", status);
    expect_words(incload_error_message(first.err), status == INCLOAD_E_BUSY ? "first copy|run it again" : "deadlock");
    incload_error_unref(first.err);
    ck_assert_msg(runner_end(&second) == INCLOAD_OK, "%s", incload_error_message(second.err));
    incload_stream_unref(one);
    incload_stream_unref(two);
    ck_assert_int_eq(slots_of(&f), 1);
    expect_same(&f, "broken_a");
    expect_same(&f, "broken_b");
    sql(f.from, "DELETE FROM broken_b WHERE id <= 10");
    follow(&f, ways[_i]);
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

START_TEST(a_stream_that_is_taken_away_during_its_first_copy_keeps_nothing)
{
    flow f = flow_open("removed", POSTGRES);
    runner first;

    make_tables(&f);
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    pid_t locker = start_locker(&f);
    incload_stream *one = stream_new(&f, ways[0]), *two = stream_new(&f, ways[0]);
    runner_start(&first, one);
    await_waiting(&f, 1);
    ck_assert_int_eq(incload_stream_remove(two, NULL), INCLOAD_OK);
    end_locker(&f, locker);
    ck_assert_int_eq(runner_end(&first), INCLOAD_E_BUSY);
    incload_error_unref(first.err);
    incload_stream_unref(one);
    incload_stream_unref(two);
    ck_assert_int_eq(slots_of(&f), 0);
    expect(f.to, "0\n", "SELECT COUNT(*) FROM broken_b");
    follow(&f, ways[0]);
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

START_TEST(a_copy_begun_again_with_another_slot_leaves_the_first_slot_not_behind)
{
    flow f = flow_open("renamed", POSTGRES);
    char killed[160], again[160];

    make_tables(&f);
    table_make(f.to, "broken_b", "id:i name:s qty:i", "id");
    snprintf(killed, sizeof killed, "%s name=renamed slot=%s_old lease=500ms", ways[0], f.name);
    snprintf(again, sizeof again, "%s name=renamed", ways[0]);
    pid_t locker = start_locker(&f);
    pid_t follower = start_follower(&f, killed);
    await_waiting(&f, 1);
    kill_child(follower);
    end_locker(&f, locker);
    expect(f.from, "1\n", "SELECT COUNT(*) FROM pg_replication_slots WHERE slot_name = '%s_old'", f.name);
    follow(&f, again);
    expect(f.from, "0\n", "SELECT COUNT(*) FROM pg_replication_slots WHERE slot_name = '%s_old'", f.name);
    expect_same(&f, "broken_b");
    flow_close(&f);
}
END_TEST

/* The slot is asked for over an ordinary connection, beside that which reads the log. */
START_TEST(a_source_that_gives_no_second_connection_does_not_end_a_stream)
{
    flow f = flow_open("alone", POSTGRES);
    runner r;

    source_items(&f, "broken_alone");
    follow(&f, "tables=broken_alone");
    char *database = ask(f.from, "SELECT current_database()");
    database[strcspn(database, "\n")] = '\0';
    incload_stream *stream = stream_new(&f, "tables=broken_alone until=stopped slot_interval=100ms");
    runner_start(&r, stream);
    sql(f.from, "INSERT INTO broken_alone VALUES (1, 'one', 1)");
    await_rows(&f, "broken_alone", 1);
    sql(f.to, "ALTER DATABASE %s ALLOW_CONNECTIONS false", database);
    free(ask(f.to,
             "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = '%s' AND backend_type ="
             " 'client backend'",
             database));
    pause_ms(500);
    sql(f.to, "ALTER DATABASE %s ALLOW_CONNECTIONS true", database);
    sql(f.from, "INSERT INTO broken_alone VALUES (2, 'two', 2)");
    await_rows(&f, "broken_alone", 2);
    incload_stream_stop(stream);
    ck_assert_msg(runner_end(&r) == INCLOAD_OK, "%s", incload_error_message(r.err));
    incload_stream_unref(stream);
    free(database);
    flow_close(&f);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_copy_among_writers_leaves_no_gap_and_repeats_nothing, 0, DATABASES);
    tcase_add_loop_test(tests, a_stream_that_is_killed_again_and_again_ends_right, 0, DATABASES);
    tcase_add_test(tests, a_copy_that_was_killed_begins_again);
    tcase_add_loop_test(tests, tables_that_are_copied_side_by_side_are_those_of_one_snapshot, 0, KINDS);
    tcase_add_loop_test(tests, targets_that_refer_to_one_another_are_copied_together_parents_first, 0, 4);
    tcase_add_test(tests, a_copy_begun_again_replaces_its_own_rows_and_no_others);
    tcase_add_test(tests, what_an_earlier_stream_of_the_name_copied_does_not_make_rows_those_of_the_copy);
    tcase_add_loop_test(tests, a_second_one_leaves_the_first_copy_of_the_first_alone, 0, 2);
    tcase_add_loop_test(tests, a_second_one_waits_for_the_first_copy_and_then_follows, 0, 2);
    tcase_add_loop_test(tests, without_a_lease_the_second_one_takes_over_and_the_first_keeps_nothing, 0, 2);
    tcase_add_test(tests, a_stream_that_is_taken_away_during_its_first_copy_keeps_nothing);
    tcase_add_test(tests, a_copy_begun_again_with_another_slot_leaves_the_first_slot_not_behind);
    tcase_add_loop_test(tests, a_copy_that_fails_leaves_no_slot_behind, 0, DATABASES);
    tcase_add_test(tests, a_source_that_gives_no_second_connection_does_not_end_a_stream);
    tcase_add_loop_test(tests, a_connection_of_the_source_that_is_lost_is_made_anew, 0, DATABASES);
}

int
main(void)
{
    return run_tests("stream_broken", 150, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of the source that are large enough to be written while they come. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "events.h"
#include "streams.h"

enum { MANY = 40000, MORE = 150000 };

START_TEST(a_large_transaction_is_one_of_the_target)
{
    flow f = flow_open("whole", (kind)_i);
    incload_error *err = NULL;

    source_items(&f, "large_whole");
    sql(f.from, "INSERT INTO large_whole SELECT i, 'old', i FROM generate_series(1, 1000) AS i");
    follow(&f, "tables=large_whole");
    sql(f.from, "INSERT INTO large_whole VALUES (0, 'alone', 0)");
    sql(f.from,
        "DO $$ BEGIN INSERT INTO large_whole SELECT i, 'new', i FROM generate_series(1001, %d) AS i;"
        " UPDATE large_whole SET qty = -qty WHERE id %% 3 = 0; DELETE FROM large_whole WHERE id %% 5 = 0;"
        " UPDATE large_whole SET id = id + 1000000 WHERE id %% 7 = 0; END $$",
        MANY);
    incload_stream *stream = stream_new(&f, "tables=large_whole");
    ck_assert_msg(incload_stream_run(stream, &err) == INCLOAD_OK, "%s", incload_error_message(err));
    ck_assert_int_le(incload_stream_commits(stream), 2);
    ck_assert_int_eq(incload_stream_transactions(stream), 2);
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_INSERT), MANY - 1000 + 1);
    ck_assert_int_eq(incload_stream_changes(stream, INCLOAD_CHANGE_DELETE), MANY / 5 + 1);
    incload_stream_unref(stream);
    expect_same(&f, "large_whole");
    sql(f.from, "UPDATE large_whole SET name = 'last' WHERE id < 10");
    follow(&f, "tables=large_whole");
    expect_same(&f, "large_whole");
    flow_close(&f);
}
END_TEST

/* What is right as a whole, or event by event, may be refused in pieces; and rows that are new may be there. */
START_TEST(what_a_target_refuses_in_pieces_lands_all_the_same)
{
    flow f = flow_open("refused", (kind)_i);

    source_items(&f, "large_refused");
    sql(f.from, "INSERT INTO large_refused VALUES (1, 'one', 1), (2, 'two', 2)");
    follow(&f, "tables=large_refused");
    sql(f.to, "CREATE UNIQUE INDEX large_refused_qty ON large_refused (qty)");
    sql(f.to, "INSERT INTO large_refused VALUES (%d, 'foreign', -1)", MANY - 1);
    sql(f.from,
        "DO $$ BEGIN UPDATE large_refused SET qty = -2 WHERE id = 1; UPDATE large_refused SET qty = 1 WHERE id = 2;"
        " INSERT INTO large_refused SELECT i, 'new', i FROM generate_series(3, %d) AS i;"
        " UPDATE large_refused SET qty = 2 WHERE id = 1; END $$",
        MANY);
    follow(&f, "tables=large_refused");
    expect_same(&f, "large_refused");
    flow_close(&f);
}
END_TEST

START_TEST(a_column_that_comes_amid_a_large_transaction_comes)
{
    flow f = flow_open("altered", (kind)_i);

    source_items(&f, "large_altered");
    follow(&f, "tables=large_altered");
    sql(f.from,
        "DO $$ BEGIN INSERT INTO large_altered SELECT i, 'new', i FROM generate_series(1, %d) AS i;"
        " ALTER TABLE large_altered ADD note text;"
        " INSERT INTO large_altered SELECT i, 'new', i, 'noted' FROM generate_series(%d, %d) AS i; END $$",
        MANY, MANY + 1, 2 * MANY);
    follow(&f, "tables=large_altered schema_changes=apply");
    expect_same(&f, "large_altered");
    flow_close(&f);
}
END_TEST

/* The rest waits in the assembler, in files if need be. */
START_TEST(a_large_transaction_beyond_its_memory_comes)
{
    flow f = flow_open("beyond", (kind)_i);

    source_items(&f, "large_beyond");
    follow(&f, "tables=large_beyond");
    sql(f.from, "INSERT INTO large_beyond SELECT i, repeat('x', 100), i FROM generate_series(1, %d) AS i", 2 * MANY);
    sql(f.from, "UPDATE large_beyond SET qty = 0 WHERE id %% 2 = 0");
    follow(&f, "tables=large_beyond memory=8000000");
    expect_same(&f, "large_beyond");
    sql(f.from, "UPDATE large_beyond SET qty = 1 WHERE id %% 3 = 0");
    follow(&f, "tables=large_beyond memory=131072 batch_bytes=65536");
    expect_same(&f, "large_beyond");
    flow_close(&f);
}
END_TEST

/* ---- what happens while it comes ---- */

static const char beginning[] = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
                                " AND backend_xid IS NOT NULL AND query LIKE '%%large_%%' AND pid <> pg_backend_pid()";

static int64_t
walsender_of(const flow *f)
{
    return ask_number(f->from, "SELECT active_pid::bigint FROM pg_replication_slots WHERE slot_name = '%s'", f->name);
}

/* The target has begun to write it, with the source in the midst of sending it as a rule. */
static incload_stream *
start_large(flow *f, const char *table, const char *options, runner *r)
{
    char text[200];

    source_items(f, table);
    snprintf(text, sizeof text, "tables=%s", table);
    follow(f, text);
    sql(f->from, "INSERT INTO %s VALUES (0, 'before', 0)", table);
    sql(f->from, "INSERT INTO %s SELECT i, 'new', i FROM generate_series(1, %d) AS i", table, MORE);
    snprintf(text, sizeof text, "tables=%s %s", table, options);
    incload_stream *stream = stream_new(f, text);
    runner_start(r, stream);
    await_rows(f, table, 1);
    while (ask_number(f->to, beginning) == 0)
        ck_assert_msg(ask_number(f->to, "SELECT COUNT(*) FROM %s", table) == 1, "it was over too soon to be seen");
    return stream;
}

static void
end_large(flow *f, const char *table, incload_stream *stream, runner *r)
{
    char text[200];

    ck_assert_msg(runner_end(r) == INCLOAD_OK, "%s", incload_error_message(r->err));
    incload_stream_unref(stream);
    snprintf(text, sizeof text, "tables=%s", table);
    follow(f, text);
    expect_same(f, table);
    flow_close(f);
}

/* A transaction that waits for a source that does not come would hold its locks for as long. */
START_TEST(a_source_that_pauses_leaves_no_transaction_open_in_the_target)
{
    flow f = flow_open("paused", POSTGRES);
    runner r;
    incload_stream *stream = start_large(&f, "large_paused", "decoding_memory=1000000000", &r);
    pid_t walsender = (pid_t)walsender_of(&f);

    ck_assert_int_gt(walsender, 1);
    ck_assert_int_eq(kill(walsender, SIGSTOP), 0);
    await_number(f.to, 0, beginning);
    ck_assert_int_eq(kill(walsender, SIGCONT), 0);
    end_large(&f, "large_paused", stream, &r);
}
END_TEST

START_TEST(a_source_that_is_lost_amid_a_large_transaction_is_asked_again)
{
    flow f = flow_open("gone", POSTGRES);
    runner r;
    incload_stream *stream = start_large(&f, "large_gone", "decoding_memory=1000000000 retry_delay=50ms", &r);

    free(ask(f.from, "SELECT pg_terminate_backend(%lld)::text", (long long)walsender_of(&f)));
    end_large(&f, "large_gone", stream, &r);
}
END_TEST

START_TEST(a_target_that_is_lost_amid_a_large_transaction_gets_it_again)
{
    flow f = flow_open("cut", POSTGRES);
    runner r;
    incload_stream *stream = start_large(&f, "large_cut", "decoding_memory=1000000000 retry_delay=50ms", &r);

    free(ask(f.to, "SELECT COUNT(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE datname ="
                   " current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"));
    end_large(&f, "large_cut", stream, &r);
}
END_TEST

/* All or nothing of it is there then. */
START_TEST(a_stream_that_is_stopped_amid_a_large_transaction_keeps_none_or_all_of_it)
{
    flow f = flow_open("ended", POSTGRES);
    runner r;
    incload_stream *stream = start_large(&f, "large_ended", "decoding_memory=1000000000", &r);

    if (_i == 0)
        incload_stream_stop(stream);
    else
        incload_stream_cancel(stream);
    int32_t status = runner_end(&r);
    ck_assert_int_eq(status, _i == 0 ? INCLOAD_OK : INCLOAD_E_CANCELLED);
    incload_error_unref(r.err);
    int64_t rows = ask_number(f.to, "SELECT COUNT(*) FROM large_ended");
    ck_assert_msg(rows == 1 || rows == MORE + 1, "%lld rows", (long long)rows);
    incload_stream_unref(stream);
    follow(&f, "tables=large_ended");
    expect_same(&f, "large_ended");
    flow_close(&f);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_large_transaction_is_one_of_the_target, 0, KINDS);
    tcase_add_loop_test(tests, what_a_target_refuses_in_pieces_lands_all_the_same, 0, DATABASES);
    tcase_add_loop_test(tests, a_column_that_comes_amid_a_large_transaction_comes, 0, DATABASES);
    tcase_add_loop_test(tests, a_large_transaction_beyond_its_memory_comes, 0, DATABASES);
    tcase_add_test(tests, a_source_that_pauses_leaves_no_transaction_open_in_the_target);
    tcase_add_test(tests, a_source_that_is_lost_amid_a_large_transaction_is_asked_again);
    tcase_add_test(tests, a_target_that_is_lost_amid_a_large_transaction_gets_it_again);
    tcase_add_loop_test(tests, a_stream_that_is_stopped_amid_a_large_transaction_keeps_none_or_all_of_it, 0, 2);
}

int
main(void)
{
    return run_tests("stream_large", 150, add_tests);
}

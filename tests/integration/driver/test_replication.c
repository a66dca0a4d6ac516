/* SPDX-License-Identifier: Apache-2.0 */
/* A server's log as a stream: slots, publications, messages, and the thread that takes them in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/harness.h"
#include "cdc/publication.h"
#include "cdc/receiver.h"
#include "cdc/slot.h"
#include "pq_support.h"

#define SLOT "replication_test"

static const incload__replication *replication;

static incload__conn *
log_open(const char *options)
{
    incload__conn *conn = NULL;
    incload_error *err = NULL;
    char url[1024];

    snprintf(url, sizeof url, "%s%s", pq_url(), options);
    incload__connect how = {
        .env = &incload__env_system,
        .url = url,
        .deadline_us = incload__deadline_in(&incload__env_system, 10000),
        .application_name = "incload-test",
        .replication = true,
    };
    int32_t status = pq->connect(&how, &conn, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
    pq_deadline(conn, 25000);
    replication = conn->driver->replication;
    return conn;
}

static incload__lsn
slot_make(incload__conn *log, const char *name)
{
    incload__slot_made made;
    incload_error *err = NULL;

    pq_expect(replication->create_slot(log, name, false, &made, &err), INCLOAD_OK, &err);
    ck_assert_uint_gt(made.consistent, 0);
    ck_assert_str_ne(made.snapshot, "");
    return made.consistent;
}

static void
slot_drop(const char *name)
{
    incload__conn *log = log_open("");
    incload_error *err = NULL;

    pq_expect(replication->drop_slot(log, name, &err), INCLOAD_OK, &err);
    pq->close(log);
}

static incload__slot
slot_look(const char *name)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_READ);
    incload_error *err = NULL;
    incload__slot slot;

    pq_expect(incload__slot_look(conn, name, &slot, &err), INCLOAD_OK, &err);
    pq->close(conn);
    return slot;
}

static void
start(incload__conn *log, const char *slot, const char *publication)
{
    incload__log_start how = { .slot = slot, .publications = &publication, .publication_count = 1, .streaming = true };
    incload_error *err = NULL;
    int32_t protocol = 0;

    pq_expect(replication->start(log, &how, &protocol, &err), INCLOAD_OK, &err);
    ck_assert_int_eq(protocol, log->server_version >= 150000 ? 3 : log->server_version >= 140000 ? 2 : 1);
}

/* The payloads' letters, up to one commit. */
static void
expect_letters(incload__conn *log, const char *expected, incload__lsn *end)
{
    incload__log_message message;
    incload_error *err = NULL;
    char letters[64] = "";
    size_t count = 0;

    do {
        pq_expect(replication->receive(log, 0, true, &message, &err), INCLOAD_OK, &err);
        if (message.kind != INCLOAD__LOG_DATA)
            continue;
        ck_assert_uint_lt(count, sizeof letters - 1);
        letters[count++] = message.data[0];
        *end = message.end;
        replication->free_message(&message);
    } while (count == 0 || letters[count - 1] != 'C');
    ck_assert_str_eq(letters, expected);
}

static void
table_make(incload__conn *conn, const char *table)
{
    char text[512];

    snprintf(text, sizeof text, "DROP TABLE IF EXISTS %s", table);
    pq_run(conn, text);
    snprintf(text, sizeof text, "CREATE TABLE %s (id bigint PRIMARY KEY, name text)", table);
    pq_run(conn, text);
    snprintf(text, sizeof text, "DROP PUBLICATION IF EXISTS %s", table);
    pq_run(conn, text);
}

START_TEST(the_log_says_whose_it_is_and_how_long_it_waits_for_us)
{
    incload__conn *log = log_open("&options=-c%20wal_sender_timeout%3D7min");
    incload__log_server server;
    incload_error *err = NULL;

    pq_expect(replication->identify(log, &server, &err), INCLOAD_OK, &err);
    ck_assert_str_ne(server.system_id, "");
    ck_assert_int_ge(server.timeline, 1);
    ck_assert_uint_gt(server.position, 0);
    ck_assert_int_eq(server.timeout_ms, 420000);
    pq->close(log);
}
END_TEST

START_TEST(a_slot_is_made_once_and_dropped_once)
{
    incload__conn *log = log_open("");
    incload__slot_made made;
    incload_error *err = NULL;

    slot_make(log, SLOT "_once");
    incload__slot slot = slot_look(SLOT "_once");
    ck_assert(slot.exists && slot.here && slot.logical && !slot.lost);
    ck_assert_int_eq(slot.reader, 0);
    ck_assert_uint_gt(slot.confirmed, 0);
    ck_assert_uint_ge(slot.end, slot.confirmed);
    pq_expect(incload__slot_check(&slot, SLOT, &err), INCLOAD_OK, &err);
    pq_expect(replication->create_slot(log, SLOT "_once", false, &made, &err), INCLOAD_E_EXISTS, &err);
    pq_expect(replication->drop_slot(log, SLOT "_once", &err), INCLOAD_OK, &err);
    pq_expect(replication->drop_slot(log, SLOT "_once", &err), INCLOAD_E_NOT_FOUND, &err);
    slot = slot_look(SLOT "_once");
    ck_assert(!slot.exists);
    pq_expect(incload__slot_check(&slot, SLOT, &err), INCLOAD_E_NOT_FOUND, &err);
    pq_expect(replication->create_slot(log, "Not A Slot", false, &made, &err), INCLOAD_E_INVALID, &err);
    pq->close(log);
}
END_TEST

START_TEST(a_slot_that_waits_for_a_transaction_says_for_which)
{
    incload__conn *log = log_open(""), *writer = pq_open(INCLOAD__ROLE_WRITE);
    incload_database *source = incload_database_new(pq_url(), NULL, NULL);
    incload__slot_made made;
    incload_error *err = NULL;

    pq_begin(writer);
    pq_run(writer, "CREATE TABLE replication_open (id bigint)");
    int64_t until = incload__deadline_in(&incload__env_system, 500);
    int32_t status = incload__slot_create(source, log, SLOT "_late", false, until, &made, &err);
    ck_assert_int_eq(status, INCLOAD_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "incload-test"));
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "pid "));
    incload_error_unref(err);
    pq_roll_back(writer);
    pq->close(writer);
    pq->close(log);
    ck_assert(!slot_look(SLOT "_late").exists);
    incload_database_unref(source);
}
END_TEST

START_TEST(commits_come_in_order_and_what_is_kept_moves_the_slot)
{
    incload__conn *log = log_open(""), *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload_error *err = NULL;
    incload__lsn end = 0;

    table_make(conn, "replication_order");
    pq_expect(incload__publication_make(conn, "replication_order",
                                        &(incload__table){ NULL, (char *)(uintptr_t) "replication_order" }, 1, &err),
              INCLOAD_OK, &err);
    slot_make(log, SLOT "_order");
    start(log, SLOT "_order", "replication_order");
    ck_assert_int_gt(slot_look(SLOT "_order").reader, 0);
    pq_run(conn, "INSERT INTO replication_order VALUES (1, 'one'), (2, 'two')");
    expect_letters(log, "BRIIC", &end);
    pq_run(conn, "DELETE FROM replication_order WHERE id = 1");
    expect_letters(log, "BDC", &end);
    pq_expect(replication->confirm(log, end, end, true, &err), INCLOAD_OK, &err);
    incload__log_message message;
    do
        pq_expect(replication->receive(log, 0, true, &message, &err), INCLOAD_OK, &err);
    while (message.kind != INCLOAD__LOG_KEEPALIVE || message.end < end);
    ck_assert_uint_eq(slot_look(SLOT "_order").confirmed, end);
    replication->stop(log);
    pq->close(log);
    slot_drop(SLOT "_order");
    pq->close(conn);
}
END_TEST

START_TEST(a_slot_that_is_read_or_is_not_there_says_so)
{
    incload__conn *one = log_open(""), *two = log_open("");
    const char *publication = "none";
    incload__log_start how = { .slot = SLOT "_read", .publications = &publication, .publication_count = 1 };
    incload_error *err = NULL;
    int32_t protocol;

    pq_expect(replication->start(two, &how, &protocol, &err), INCLOAD_E_NOT_FOUND, &err);
    slot_make(one, SLOT "_read");
    start(one, SLOT "_read", "none");
    int32_t status = replication->start(two, &how, &protocol, &err);
    ck_assert_int_eq(status, INCLOAD_E_BUSY);
    ck_assert_int_eq(incload_error_is_retryable(err), 1);
    incload_error_unref(err);
    replication->stop(one);
    pq->close(one);
    /* It was free again at once. */
    err = NULL;
    pq_expect(replication->drop_slot(two, SLOT "_read", &err), INCLOAD_OK, &err);
    pq->close(two);
}
END_TEST

START_TEST(a_publication_has_its_tables_and_refuses_rows_that_cannot_be_told)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__publication found;
    incload_error *err = NULL;
    char keyed[] = "replication_keyed", bare[] = "replication_bare", space[] = "public";
    incload__table tables[] = { { space, keyed }, { NULL, bare } };

    table_make(conn, "replication_keyed");
    pq_run(conn, "DROP TABLE IF EXISTS replication_bare");
    pq_run(conn, "CREATE TABLE replication_bare (id bigint)");
    int32_t status = incload__publication_make(conn, "replication_keyed", tables, 2, &err);
    ck_assert_int_eq(status, INCLOAD_E_CONSTRAINT);
    ck_assert_ptr_nonnull(strstr(incload_error_message(err), "public.replication_bare"));
    incload_error_unref(err);
    err = NULL;
    pq_expect(incload__publication_look(conn, "replication_keyed", &found, &err), INCLOAD_OK, &err);
    ck_assert(!found.exists);
    incload__publication_free(&found);
    pq_run(conn, "ALTER TABLE replication_bare REPLICA IDENTITY FULL");
    pq_expect(incload__publication_make(conn, "replication_keyed", tables, 2, &err), INCLOAD_OK, &err);
    pq_expect(incload__publication_make(conn, "replication_keyed", tables, 2, &err), INCLOAD_E_EXISTS, &err);
    pq_expect(incload__publication_look(conn, "replication_keyed", &found, &err), INCLOAD_OK, &err);
    ck_assert(found.exists && !found.whole);
    ck_assert_int_eq(found.rows.count, 2);
    ck_assert_int_eq(incload__publication_find(&found, NULL, "replication_keyed"), 1);
    ck_assert_int_eq(incload__publication_find(&found, "other", "replication_keyed"), -1);
    incload__publication_free(&found);
    pq_run(conn, "DROP PUBLICATION replication_keyed");
    pq->close(conn);
}
END_TEST

/* ---- the thread ---- */

static incload__receiver *
receiver_open(incload__conn *log, int64_t memory, int64_t interval_ms)
{
    incload__receiver *receiver = NULL;
    incload_error *err = NULL;
    incload__receiver_config config = {
        .env = &incload__env_system, .conn = log, .memory = memory, .interval_ms = interval_ms
    };

    pq_expect(incload__receiver_start(&config, &receiver, &err), INCLOAD_OK, &err);
    return receiver;
}

/* Messages with this letter, up to a commit. */
static int64_t
take_transaction(incload__receiver *receiver, char letter, incload__lsn *end)
{
    const incload__log_message *message;
    incload_error *err = NULL;
    int64_t count = 0;

    for (;;) {
        pq_expect(incload__receiver_take(receiver, 0, &message, &err), INCLOAD_OK, &err);
        if (message->kind != INCLOAD__LOG_DATA)
            continue;
        count += message->data[0] == letter;
        *end = message->end;
        if (message->data[0] == 'C')
            return count;
    }
}

static incload__receiver *
begin_receiver(incload__conn *conn, const char *name, const char *options, int64_t memory, int64_t interval_ms)
{
    incload__conn *log = log_open(options);
    char text[128];

    table_make(conn, name);
    snprintf(text, sizeof text, "CREATE PUBLICATION %s FOR TABLE %s", name, name);
    pq_run(conn, text);
    slot_make(log, name);
    start(log, name, name);
    return receiver_open(log, memory, interval_ms);
}

START_TEST(a_log_larger_than_the_memory_waits_on_the_server_and_comes_whole)
{
    enum { MEMORY = 200000, ROWS = 20000 };
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__receiver *receiver = begin_receiver(conn, "receiver_large", "", MEMORY, 10000);
    incload__received seen;
    incload__lsn end = 0;

    pq_run(conn, "INSERT INTO receiver_large SELECT i, repeat('x', 100) FROM generate_series(1, 20000) AS i");
    do
        incload__receiver_look(receiver, &seen);
    while (seen.waiting < MEMORY / 2);
    ck_assert_int_eq(take_transaction(receiver, 'I', &end), ROWS);
    incload__receiver_look(receiver, &seen);
    ck_assert_int_le(seen.waiting, MEMORY);
    ck_assert_int_gt(seen.bytes, ROWS * 100);
    incload__receiver_confirm(receiver, end);
    incload__receiver_stop(receiver);
    ck_assert_uint_eq(slot_look("receiver_large").confirmed, end);
    slot_drop("receiver_large");
    pq->close(conn);
}
END_TEST

START_TEST(a_server_that_gives_up_on_silence_hears_of_us_while_nobody_takes)
{
    const char *impatient = "&options=-c%20wal_sender_timeout%3D600ms";
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__receiver *receiver = begin_receiver(conn, "receiver_quiet", impatient, 100000, 100);
    incload__lsn end = 0;
    int64_t begun = pq_now_ms();

    pq_run(conn, "INSERT INTO receiver_quiet SELECT i, repeat('x', 100) FROM generate_series(1, 5000) AS i");
    while (pq_now_ms() < begun + 1800)
        pq_expect_text(conn, "SELECT 'busy' FROM pg_sleep(0.1)", "busy");
    ck_assert_int_eq(take_transaction(receiver, 'I', &end), 5000);
    incload__receiver_stop(receiver);
    slot_drop("receiver_quiet");
    pq->close(conn);
}
END_TEST

START_TEST(a_cancel_ends_a_taker_that_waits_and_an_end_of_the_stream_is_told)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__receiver *receiver = begin_receiver(conn, "receiver_end", "", 100000, 10000);
    const incload__log_message *message;
    incload_error *err = NULL;
    int32_t status = INCLOAD_OK;

    pq_run(conn, "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'receiver_end'");
    while (status == INCLOAD_OK)
        status = incload__receiver_take(receiver, 0, &message, &err);
    pq_expect(status, INCLOAD_E_CONNECT, &err);
    incload__receiver_cancel(receiver);
    pq_expect(incload__receiver_take(receiver, 0, &message, &err), INCLOAD_E_CANCELLED, &err);
    incload__receiver_stop(receiver);
    slot_drop("receiver_end");
    pq->close(conn);
}
END_TEST

START_TEST(an_asked_server_tells_how_far_it_is)
{
    incload__conn *conn = pq_open(INCLOAD__ROLE_WRITE);
    incload__receiver *receiver = begin_receiver(conn, "receiver_ask", "", 100000, 10000);
    const incload__log_message *message;
    incload_error *err = NULL;

    incload__lsn end = slot_look("receiver_ask").end;
    do {
        incload__receiver_ask(receiver);
        int64_t until = incload__deadline_in(&incload__env_system, 5000);
        pq_expect(incload__receiver_take(receiver, until, &message, &err), INCLOAD_OK, &err);
        ck_assert_int_eq(message->kind, INCLOAD__LOG_KEEPALIVE);
    } while (message->end < end);
    incload__receiver_stop(receiver);
    slot_drop("receiver_ask");
    pq->close(conn);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_log_says_whose_it_is_and_how_long_it_waits_for_us);
    tcase_add_test(tests, a_slot_is_made_once_and_dropped_once);
    tcase_add_test(tests, a_slot_that_waits_for_a_transaction_says_for_which);
    tcase_add_test(tests, commits_come_in_order_and_what_is_kept_moves_the_slot);
    tcase_add_test(tests, a_slot_that_is_read_or_is_not_there_says_so);
    tcase_add_test(tests, a_publication_has_its_tables_and_refuses_rows_that_cannot_be_told);
    tcase_add_test(tests, a_log_larger_than_the_memory_waits_on_the_server_and_comes_whole);
    tcase_add_test(tests, a_server_that_gives_up_on_silence_hears_of_us_while_nobody_takes);
    tcase_add_test(tests, a_cancel_ends_a_taker_that_waits_and_an_end_of_the_stream_is_told);
    tcase_add_test(tests, an_asked_server_tells_how_far_it_is);
}

HARNESS_MAIN("replication", add_tests)

/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions come out whole, in the order of their commits, whatever way the server sent them. */
#include "cdc/gathered.h"

#include <stdio.h>
#include <string.h>

#include "../harness.h"
#include "assembled.h"

enum { OID = 5, MUCH = 1 << 20 };

static told t;
static wire w;

static void
setup(void)
{
    told_begin(&t, 4, MUCH, 0);
}

static void
teardown(void)
{
    told_end(&t);
}

static void
begin(uint32_t xid, uint64_t lsn)
{
    wire_transaction(&w, xid, lsn);
    told_push(&t, &w);
}

static void
commit(uint64_t lsn)
{
    wire_commit(&w, lsn);
    told_push(&t, &w);
}

static void
relation(uint32_t xid)
{
    wire_relation(&w, xid, OID, "orders");
    told_push(&t, &w);
}

static void
insert(uint32_t xid, const char *id)
{
    wire_insert(&w, xid, OID, id, "a");
    told_push(&t, &w);
}

static void
start(uint32_t xid, int first)
{
    wire_stream_start(&w, xid, first);
    told_push(&t, &w);
}

static void
stop(void)
{
    wire_stream_stop(&w);
    told_push(&t, &w);
}

static void
stream_commit(uint32_t xid, uint64_t lsn)
{
    wire_stream_commit(&w, xid, lsn);
    told_push(&t, &w);
}

static void
stream_abort(uint32_t xid, uint32_t subxid)
{
    wire_stream_abort(&w, xid, subxid);
    told_push(&t, &w);
}

static void
prepared(char letter, uint32_t xid, uint64_t lsn, const char *gid)
{
    wire_prepared(&w, letter, xid, lsn, gid);
    told_push(&t, &w);
}

static void
refused(int32_t code, const char *with)
{
    incload_error *err = NULL;

    ck_assert_int_eq(told_try(&t, &w, &err), code);
    ck_assert_msg(strstr(incload_error_message(err), with) != NULL, "'%s' is not in: %s", with,
                  incload_error_message(err));
    incload_error_unref(err);
}

START_TEST(a_transaction_comes_with_its_commit)
{
    begin(10, 100);
    relation(0);
    insert(0, "1");
    insert(0, "2");
    told_is(&t, "");
    ck_assert(!incload__assembler_is_idle(&t.assembler));
    commit(100);
    told_is(&t, "begin 10 @100\nrelation orders v1\ninsert orders 100.1 id=1 t=a\ninsert orders 100.2 id=2 t=a\n"
                "commit 100.2\n");
    ck_assert(incload__assembler_is_idle(&t.assembler));
}
END_TEST

START_TEST(an_empty_transaction_moves_the_position)
{
    begin(10, 100);
    commit(100);
    told_is(&t, "begin 10 @100\ncommit 100.0\n");
}
END_TEST

START_TEST(what_was_applied_is_left_out_and_its_relations_stay)
{
    t.assembler.after = 100;
    begin(10, 100);
    relation(0);
    insert(0, "1");
    commit(100);
    told_is(&t, "");
    begin(11, 200);
    insert(0, "2");
    commit(200);
    told_is(&t, "begin 11 @200\nrelation orders v1\ninsert orders 200.1 id=2 t=a\ncommit 200.1\n");
}
END_TEST

START_TEST(changes_bring_their_images)
{
    const char *const full_old[] = { "1", "large" }, *const full_new[] = { "1", "~" };
    const char *const key_old[] = { "1", NULL }, *const key_new[] = { "2", "~" };

    begin(10, 100);
    relation(0);
    wire_begin(&w, 'U', 0);
    wire_u32(&w, OID);
    wire_tuple(&w, 'O', full_old, 2);
    wire_tuple(&w, 'N', full_new, 2);
    told_push(&t, &w);
    wire_begin(&w, 'U', 0);
    wire_u32(&w, OID);
    wire_tuple(&w, 'K', key_old, 2);
    wire_tuple(&w, 'N', key_new, 2);
    told_push(&t, &w);
    wire_begin(&w, 'U', 0);
    wire_u32(&w, OID);
    wire_tuple(&w, 'N', key_old, 2);
    told_push(&t, &w);
    wire_begin(&w, 'D', 0);
    wire_u32(&w, OID);
    wire_tuple(&w, 'K', key_old, 2);
    told_push(&t, &w);
    wire_begin(&w, 'D', 0);
    wire_u32(&w, OID);
    wire_tuple(&w, 'O', key_old, 2);
    told_push(&t, &w);
    commit(100);
    told_is(&t, "begin 10 @100\nrelation orders v1\n"
                "update orders 100.1 id=1 t=large was id=1 t=large\n"
                "update orders 100.2 id=2 was id=1\n"
                "update orders 100.3 id=1 t=-\n"
                "delete orders 100.4 id=1\n"
                "delete orders 100.5 id=1 t=-\n"
                "commit 100.5\n");
}
END_TEST

START_TEST(a_binary_value_is_refused_by_the_name_of_its_column)
{
    begin(10, 100);
    relation(0);
    wire_insert(&w, 0, OID, "1", "#secret");
    told_push(&t, &w);
    wire_commit(&w, 100);
    refused(INCLOAD_E_UNSUPPORTED, "column \"t\" of \"public\".\"orders\" comes in binary form");
}
END_TEST

START_TEST(a_truncate_of_several_tables_is_several_changes)
{
    begin(10, 100);
    relation(0);
    wire_relation(&w, 0, 6, "lines");
    told_push(&t, &w);
    wire_truncate(&w, 0, 0, (const uint32_t[]){ OID, 6 }, 2);
    told_push(&t, &w);
    insert(0, "1");
    commit(100);
    told_is(&t, "begin 10 @100\nrelation orders v1\ntruncate orders 100.1\nrelation lines v1\ntruncate lines 100.2\n"
                "insert orders 100.3 id=1 t=a\ncommit 100.3\n");
}
END_TEST

START_TEST(messages_come_in_and_outside_of_transactions)
{
    wire_message(&w, 0, 0, "mine", "now");
    told_push(&t, &w);
    told_is(&t, "message mine now 77.0\n");
    begin(10, 100);
    wire_message(&w, 0, 1, "mine", "later");
    told_push(&t, &w);
    told_is(&t, "");
    commit(100);
    told_is(&t, "begin 10 @100\nmessage mine later 100.1\ncommit 100.1\n");
    wire_message(&w, 0, 1, "mine", "lost");
    refused(INCLOAD_E_DATA, "no transaction is open");
}
END_TEST

START_TEST(a_transaction_tells_where_it_came_from)
{
    begin(10, 100);
    wire_begin(&w, 'O', 0);
    wire_u64(&w, 7);
    wire_text(&w, "elsewhere");
    told_push(&t, &w);
    commit(100);
    told_is(&t, "begin 10 @100 origin=elsewhere\ncommit 100.0\n");
}
END_TEST

START_TEST(streamed_transactions_come_in_the_order_of_their_commits)
{
    start(10, 1);
    relation(10);
    insert(10, "1");
    stop();
    start(11, 1);
    relation(11);
    insert(11, "2");
    stop();
    begin(12, 100);
    relation(0);
    insert(0, "3");
    commit(100);
    start(10, 0);
    insert(10, "4");
    stop();
    stream_commit(11, 200);
    stream_commit(10, 300);
    told_is(&t, "begin 12 @100\nrelation orders v1\ninsert orders 100.1 id=3 t=a\ncommit 100.1\n"
                "begin 11 @200 streamed\ninsert orders 200.1 id=2 t=a\ncommit 200.1\n"
                "begin 10 @300 streamed\ninsert orders 300.1 id=1 t=a\ninsert orders 300.2 id=4 t=a\ncommit 300.2\n");
    ck_assert(incload__assembler_is_idle(&t.assembler));
}
END_TEST

START_TEST(a_streamed_transaction_that_is_open_keeps_no_position_back)
{
    start(10, 1);
    ck_assert(!incload__assembler_is_idle(&t.assembler));
    relation(10);
    stop();
    ck_assert(incload__assembler_is_idle(&t.assembler));
    begin(11, 100);
    ck_assert(!incload__assembler_is_idle(&t.assembler));
    commit(100);
    ck_assert(incload__assembler_is_idle(&t.assembler));
}
END_TEST

START_TEST(aborted_subtransactions_are_left_out_at_every_depth)
{
    start(10, 1);
    relation(10);
    insert(10, "1");
    insert(11, "2"); /* released within 10 */
    insert(12, "3"); /* aborted with 13 inside, which was released */
    insert(13, "4");
    insert(12, "5");
    stop();
    stream_abort(10, 13);
    stream_abort(10, 12);
    start(10, 0);
    insert(10, "6");
    insert(14, "7"); /* aborted, and the outer one goes on */
    stop();
    stream_abort(10, 14);
    stream_abort(10, 15); /* of which nothing was sent */
    start(10, 0);
    insert(11, "8");
    stop();
    stream_commit(10, 100);
    told_is(&t, "begin 10 @100 streamed\nrelation orders v1\ninsert orders 100.1 id=1 t=a\n"
                "insert orders 100.2 id=2 t=a\ninsert orders 100.3 id=6 t=a\ninsert orders 100.4 id=8 t=a\n"
                "commit 100.4\n");
}
END_TEST

START_TEST(an_abort_before_later_messages_is_cut_out_of_the_middle)
{
    start(10, 1);
    relation(10);
    insert(11, "1");
    insert(10, "2");
    stop();
    stream_abort(10, 11);
    stream_commit(10, 100);
    told_is(&t, "begin 10 @100 streamed\nrelation orders v1\ninsert orders 100.1 id=2 t=a\ncommit 100.1\n");
}
END_TEST

START_TEST(what_is_aborted_last_takes_no_room)
{
    start(10, 1);
    relation(10);
    stop();
    uint64_t before = t.assembler.streamed->spool.end;
    for (uint32_t i = 0; i < 1000; i++) {
        start(10, 0);
        insert(100 + i, "1");
        stop();
        stream_abort(10, 100 + i);
    }
    ck_assert_uint_eq(t.assembler.streamed->spool.end, before);
    ck_assert_uint_eq(t.assembler.streamed->run_count, 1);
}
END_TEST

START_TEST(an_aborted_transaction_is_gone)
{
    start(10, 1);
    relation(10);
    insert(10, "1");
    stop();
    stream_abort(10, 10);
    told_is(&t, "");
    ck_assert(incload__assembler_is_idle(&t.assembler));
}
END_TEST

START_TEST(a_relation_of_a_streamed_transaction_counts_with_its_commit)
{
    start(10, 1);
    wire_relation(&w, 10, OID, "renamed");
    told_push(&t, &w);
    insert(10, "1");
    stop();
    begin(11, 100);
    relation(0);
    insert(0, "2");
    commit(100);
    stream_commit(10, 200);
    told_is(&t, "begin 11 @100\nrelation orders v1\ninsert orders 100.1 id=2 t=a\ncommit 100.1\n"
                "begin 10 @200 streamed\nrelation renamed v2\ninsert renamed 200.1 id=1 t=a\ncommit 200.1\n");
}
END_TEST

START_TEST(a_prepared_transaction_comes_when_it_is_committed)
{
    prepared('b', 10, 100, "g");
    relation(0);
    insert(0, "1");
    prepared('P', 10, 100, "g");
    told_is(&t, "");
    begin(11, 200);
    insert(0, "2");
    commit(200);
    told_is(&t, "begin 11 @200\nrelation orders v1\ninsert orders 200.1 id=2 t=a\ncommit 200.1\n");
    prepared('K', 10, 300, "g");
    told_is(&t, "begin 10 @300 gid=g\ninsert orders 300.1 id=1 t=a\ncommit 300.1\n");
}
END_TEST

START_TEST(a_prepared_transaction_that_is_rolled_back_is_gone)
{
    prepared('b', 10, 100, "g");
    relation(0);
    insert(0, "1");
    prepared('P', 10, 100, "g");
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 500), 92);
    wire_rollback_prepared(&w, 10, 300, "g");
    told_push(&t, &w);
    told_is(&t, "");
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 500), 500);
    wire_rollback_prepared(&w, 10, 400, "g"); /* one whose PREPARE came before the slot's position */
    told_push(&t, &w);
}
END_TEST

START_TEST(a_streamed_transaction_can_be_prepared)
{
    start(10, 1);
    relation(10);
    insert(10, "1");
    insert(11, "2");
    stop();
    stream_abort(10, 11);
    prepared('p', 10, 100, "g");
    prepared('K', 10, 300, "g");
    told_is(&t, "begin 10 @300 streamed gid=g\nrelation orders v1\ninsert orders 300.1 id=1 t=a\ncommit 300.1\n");
}
END_TEST

START_TEST(the_log_is_needed_from_the_first_prepare_that_was_not_applied)
{
    prepared('b', 10, 100, "g");
    prepared('P', 10, 100, "g");
    prepared('b', 11, 200, "h");
    prepared('P', 11, 200, "h");
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 50), 50);
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 250), 92);
    prepared('K', 10, 300, "g");
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 299), 92);
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 300), 192);
    prepared('K', 11, 400, "h");
    ck_assert_uint_eq(incload__assembler_acknowledge(&t.assembler, 400), 400);
}
END_TEST

START_TEST(a_commit_of_what_was_not_prepared_is_refused_unless_it_was_applied)
{
    t.assembler.after = 300;
    prepared('K', 10, 300, "g");
    wire_prepared(&w, 'K', 10, 400, "g");
    refused(INCLOAD_E_DATA, "its PREPARE did not come");
}
END_TEST

START_TEST(messages_out_of_turn_are_refused)
{
    wire_insert(&w, 0, OID, "1", "a");
    refused(INCLOAD_E_DATA, "message Insert of the replication stream came out of turn: no transaction is open");
    wire_commit(&w, 100);
    refused(INCLOAD_E_DATA, "no transaction is open that ends so");
    wire_stream_commit(&w, 10, 100);
    refused(INCLOAD_E_DATA, "no part of its transaction came");
    wire_stream_abort(&w, 10, 10);
    refused(INCLOAD_E_DATA, "no part of its transaction came");
    begin(10, 100);
    wire_transaction(&w, 11, 200);
    refused(INCLOAD_E_DATA, "a transaction is open");
    wire_commit(&w, 108);
    refused(INCLOAD_E_DATA, "no transaction is open that ends so");
    wire_prepared(&w, 'P', 10, 100, "g");
    refused(INCLOAD_E_DATA, "no transaction is open that ends so");
}
END_TEST

START_TEST(a_later_part_without_the_first_is_refused)
{
    wire_stream_start(&w, 10, 0);
    refused(INCLOAD_E_DATA, "the first part did not come");
}
END_TEST

START_TEST(a_transaction_before_the_last_is_refused)
{
    begin(10, 200);
    commit(200);
    begin(11, 100);
    wire_commit(&w, 100);
    refused(INCLOAD_E_DATA, "it ends before the transaction that came last");
}
END_TEST

START_TEST(a_change_that_does_not_fit_its_relation_is_refused)
{
    begin(10, 100);
    insert(0, "1");
    wire_commit(&w, 100);
    refused(INCLOAD_E_DATA, "message Insert of the replication stream is of relation 5, which");
}
END_TEST

START_TEST(a_wider_tuple_than_its_relation_is_refused)
{
    begin(10, 100);
    relation(0);
    wire_begin(&w, 'I', 0);
    wire_u32(&w, OID);
    wire_tuple(&w, 'N', (const char *const[]){ "1", "2", "3" }, 3);
    told_push(&t, &w);
    wire_commit(&w, 100);
    refused(INCLOAD_E_DATA, "a change of \"public\".\"orders\" has 3 columns, and the stream told of 2");
}
END_TEST

START_TEST(a_damaged_change_is_refused_when_its_transaction_is_taken)
{
    begin(10, 100);
    relation(0);
    wire_insert(&w, 0, OID, "1", "a");
    w.length--;
    told_push(&t, &w);
    wire_commit(&w, 100);
    refused(INCLOAD_E_DATA, "message Insert of the replication stream is malformed at byte");
}
END_TEST

START_TEST(a_change_without_an_xid_in_a_streamed_part_is_refused)
{
    start(10, 1);
    wire_begin(&w, 'I', 0);
    wire_u16(&w, 3);
    refused(INCLOAD_E_DATA, "malformed at byte 1 of 3");
}
END_TEST

START_TEST(what_was_not_taken_must_be_taken_before_the_next)
{
    incload_error *err = NULL;

    begin(10, 100);
    wire_commit(&w, 100);
    ck_assert_int_eq(incload__assembler_push(&t.assembler, w.bytes, w.length, NULL), INCLOAD_OK);
    wire_transaction(&w, 11, 200);
    ck_assert_int_eq(incload__assembler_push(&t.assembler, w.bytes, w.length, &err), INCLOAD_E_STATE);
    incload_error_unref(err);
}
END_TEST

START_TEST(a_large_transaction_goes_to_a_file_and_comes_back)
{
    char id[16];

    told_end(&t);
    told_begin(&t, 2, 100000, 0);
    start(10, 1);
    relation(10);
    for (int i = 0; i < 20000; i++) {
        snprintf(id, sizeof id, "%d", i);
        insert(i >= 5000 && i < 15000 ? 11 : 10, id);
        ck_assert_uint_le(t.assembler.space.used, 100000);
    }
    stop();
    stream_abort(10, 11);
    ck_assert_int_eq(t.assembler.space.files, 1);
    t.items = 0;
    stream_commit(10, 100);
    ck_assert_int_eq(t.items, 10000 + 3);
    const char *text = incload__str_text(&t.text);
    ck_assert_ptr_nonnull(strstr(text, "insert orders 100.5000 id=4999 t=a\ninsert orders 100.5001 id=15000 t=a\n"));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_named)
{
    told_end(&t);
    told_begin(&t, 2, 0, 0);
    t.assembler.space.directory = "/nowhere/at/all";
    begin(10, 100);
    wire_insert(&w, 0, OID, "1", "a");
    refused(INCLOAD_E_STATE, "in '/nowhere/at/all': there is no such directory");
}
END_TEST

START_TEST(a_protocol_that_is_not_known_is_refused)
{
    incload__assembler_options options = { .protocol = 5 };
    incload__assembler assembler;

    ck_assert_int_eq(incload__assembler_init(&assembler, &incload__mem_libc, &options, NULL), INCLOAD_E_UNSUPPORTED);
    incload__assembler_free(&assembler);
}
END_TEST

START_TEST(a_transaction_is_handed_over_while_it_comes)
{
    incload__assembled item;

    t.assembler.at_once = true;
    begin(10, 100);
    relation(0);
    told_is(&t, "");
    ck_assert_str_eq(incload__str_text(&t.open), "begin 10 @*\n");
    insert(0, "1");
    ck_assert_str_eq(incload__str_text(&t.open), "begin 10 @*\nrelation orders v1\ninsert orders *.1 id=1 t=a\n");
    ck_assert(!incload__assembler_is_idle(&t.assembler));
    ck_assert_int_eq(incload__assembler_next(&t.assembler, &item, NULL), INCLOAD_OK);
    ck_assert_int_eq(item.kind, INCLOAD__ASSEMBLED_NOTHING);
    insert(0, "2");
    commit(100);
    told_is(&t, "begin 10 @100\nrelation orders v1\ninsert orders 100.1 id=1 t=a\ninsert orders 100.2 id=2 t=a\n"
                "commit 100.2\n");
    ck_assert(incload__assembler_is_idle(&t.assembler));
    begin(11, 200);
    commit(200);
    told_is(&t, "begin 11 @200\ncommit 200.0\n");
}
END_TEST

START_TEST(what_was_applied_in_part_is_not_handed_over_at_once)
{
    t.assembler.at_once = true;
    t.assembler.after = 199;
    begin(10, 100);
    relation(0);
    insert(0, "1");
    commit(100);
    begin(11, 200);
    insert(0, "2");
    ck_assert_str_eq(incload__str_text(&t.open), "");
    commit(200);
    told_is(&t, "begin 11 @200\nrelation orders v1\ninsert orders 200.1 id=2 t=a\ncommit 200.1\n");
    begin(12, 300);
    insert(0, "3");
    ck_assert_str_eq(incload__str_text(&t.open), "begin 12 @*\ninsert orders *.1 id=3 t=a\n");
    commit(300);
    told_is(&t, "begin 12 @300\ninsert orders 300.1 id=3 t=a\ncommit 300.1\n");
}
END_TEST

/* A relation may have changes in its definition, for which what came before is to be committed. */
START_TEST(a_relation_amid_a_transaction_waits_for_the_commit_with_all_behind_it)
{
    t.assembler.at_once = true;
    begin(10, 100);
    relation(0);
    insert(0, "1");
    relation(0);
    insert(0, "2");
    ck_assert_str_eq(incload__str_text(&t.open), "begin 10 @*\nrelation orders v1\ninsert orders *.1 id=1 t=a\n");
    commit(100);
    told_is(&t, "begin 10 @100\nrelation orders v1\ninsert orders 100.1 id=1 t=a\ninsert orders 100.2 id=2 t=a\n"
                "commit 100.2\n");
}
END_TEST

START_TEST(what_is_to_wait_waits_from_there_on)
{
    t.assembler.at_once = true;
    begin(10, 100);
    relation(0);
    insert(0, "1");
    incload__assembler_gather(&t.assembler);
    insert(0, "2");
    ck_assert_str_eq(incload__str_text(&t.open), "begin 10 @*\nrelation orders v1\ninsert orders *.1 id=1 t=a\n");
    commit(100);
    told_is(&t, "begin 10 @100\nrelation orders v1\ninsert orders 100.1 id=1 t=a\ninsert orders 100.2 id=2 t=a\n"
                "commit 100.2\n");
    begin(11, 200);
    insert(0, "3");
    ck_assert_str_eq(incload__str_text(&t.open), "begin 11 @*\ninsert orders *.1 id=3 t=a\n");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_transaction_comes_with_its_commit);
    tcase_add_test(tests, an_empty_transaction_moves_the_position);
    tcase_add_test(tests, what_was_applied_is_left_out_and_its_relations_stay);
    tcase_add_test(tests, changes_bring_their_images);
    tcase_add_test(tests, a_binary_value_is_refused_by_the_name_of_its_column);
    tcase_add_test(tests, a_truncate_of_several_tables_is_several_changes);
    tcase_add_test(tests, messages_come_in_and_outside_of_transactions);
    tcase_add_test(tests, a_transaction_tells_where_it_came_from);
    tcase_add_test(tests, streamed_transactions_come_in_the_order_of_their_commits);
    tcase_add_test(tests, a_streamed_transaction_that_is_open_keeps_no_position_back);
    tcase_add_test(tests, aborted_subtransactions_are_left_out_at_every_depth);
    tcase_add_test(tests, an_abort_before_later_messages_is_cut_out_of_the_middle);
    tcase_add_test(tests, what_is_aborted_last_takes_no_room);
    tcase_add_test(tests, an_aborted_transaction_is_gone);
    tcase_add_test(tests, a_relation_of_a_streamed_transaction_counts_with_its_commit);
    tcase_add_test(tests, a_prepared_transaction_comes_when_it_is_committed);
    tcase_add_test(tests, a_prepared_transaction_that_is_rolled_back_is_gone);
    tcase_add_test(tests, a_streamed_transaction_can_be_prepared);
    tcase_add_test(tests, the_log_is_needed_from_the_first_prepare_that_was_not_applied);
    tcase_add_test(tests, a_commit_of_what_was_not_prepared_is_refused_unless_it_was_applied);
    tcase_add_test(tests, messages_out_of_turn_are_refused);
    tcase_add_test(tests, a_later_part_without_the_first_is_refused);
    tcase_add_test(tests, a_transaction_before_the_last_is_refused);
    tcase_add_test(tests, a_change_that_does_not_fit_its_relation_is_refused);
    tcase_add_test(tests, a_wider_tuple_than_its_relation_is_refused);
    tcase_add_test(tests, a_damaged_change_is_refused_when_its_transaction_is_taken);
    tcase_add_test(tests, a_change_without_an_xid_in_a_streamed_part_is_refused);
    tcase_add_test(tests, what_was_not_taken_must_be_taken_before_the_next);
    tcase_add_test(tests, a_large_transaction_goes_to_a_file_and_comes_back);
    tcase_add_test(tests, a_directory_that_is_not_there_is_named);
    tcase_add_test(tests, a_protocol_that_is_not_known_is_refused);
    tcase_add_test(tests, a_transaction_is_handed_over_while_it_comes);
    tcase_add_test(tests, what_was_applied_in_part_is_not_handed_over_at_once);
    tcase_add_test(tests, a_relation_amid_a_transaction_waits_for_the_commit_with_all_behind_it);
    tcase_add_test(tests, what_is_to_wait_waits_from_there_on);
}

HARNESS_MAIN("assembler", add_tests)

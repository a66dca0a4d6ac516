/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of pgoutput: every kind is read whole, and nothing that is cut, lengthened or in the wrong place is. */
#include "cdc/pgoutput.h"

#include <stdio.h>
#include <string.h>

#include "../harness.h"
#include "wire.h"

static incload__pgoutput_message message;

/* Reads it as the first message of a stream; inside of a streamed part when `streaming`. */
static int32_t
read_as(const wire *w, int32_t protocol, bool streaming, incload_error **err)
{
    incload__pgoutput stream = { .protocol = protocol, .streaming = streaming };

    return incload__pgoutput_parse(&stream, w->bytes, w->length, &message, err);
}

static void
read_well(const wire *w, int32_t protocol, bool streaming)
{
    incload_error *err = NULL;
    int32_t status = read_as(w, protocol, streaming, &err);

    ck_assert_msg(status == INCLOAD_OK, "%s", incload_error_message(err));
}

static void
refused(const wire *w, int32_t protocol, bool streaming, const char *with)
{
    incload_error *err = NULL;

    ck_assert_int_eq(read_as(w, protocol, streaming, &err), INCLOAD_E_DATA);
    ck_assert_msg(strstr(incload_error_message(err), with) != NULL, "'%s' is not in: %s", with,
                  incload_error_message(err));
    incload_error_unref(err);
}

START_TEST(begin_tells_its_transaction)
{
    wire w;

    wire_transaction(&w, 731, 0x100000020);
    read_well(&w, 1, false);
    ck_assert_int_eq(message.kind, INCLOAD__PG_BEGIN);
    ck_assert_uint_eq(message.xid, 731);
    ck_assert_uint_eq(message.lsn, 0x100000018);
}
END_TEST

START_TEST(times_count_from_1970)
{
    wire w;

    wire_begin(&w, 'C', 0);
    wire_u8(&w, 0);
    wire_u64(&w, 16);
    wire_u64(&w, 24);
    wire_u64(&w, 1);
    read_well(&w, 1, false);
    ck_assert_uint_eq(message.lsn, 16);
    ck_assert_uint_eq(message.end_lsn, 24);
    ck_assert_int_eq(message.time_us, INT64_C(946684800000001));
}
END_TEST

START_TEST(origin_tells_its_name)
{
    wire w;

    wire_begin(&w, 'O', 0);
    wire_u64(&w, 0);
    wire_text(&w, "elsewhere");
    read_well(&w, 1, false);
    ck_assert_str_eq(message.name.data, "elsewhere");
    read_well(&w, 2, true);
    ck_assert_uint_eq(message.xid, 0);
}
END_TEST

START_TEST(relation_tells_its_columns)
{
    wire w;
    size_t at = 0;

    wire_relation(&w, 0, 16384, "orders");
    read_well(&w, 1, false);
    ck_assert_uint_eq(message.oid, 16384);
    ck_assert_str_eq(message.schema.data, "public");
    ck_assert_str_eq(message.name.data, "orders");
    ck_assert_int_eq(message.identity, 'd');
    ck_assert_int_eq(message.count, 2);
    incload__pg_column id = incload__pgoutput_column(&message, &at);
    incload__pg_column text = incload__pgoutput_column(&message, &at);
    ck_assert(id.key && !text.key);
    ck_assert_str_eq(id.name.data, "id");
    ck_assert_str_eq(text.name.data, "t");
    ck_assert_uint_eq(id.type, 23);
    ck_assert_uint_eq(text.type, 25);
    ck_assert_int_eq(text.typmod, -1);
}
END_TEST

START_TEST(type_tells_its_name)
{
    wire w;

    wire_begin(&w, 'Y', 9);
    wire_u32(&w, 20001);
    wire_text(&w, "public");
    wire_text(&w, "mood");
    read_well(&w, 2, true);
    ck_assert_uint_eq(message.xid, 9);
    ck_assert_uint_eq(message.oid, 20001);
    ck_assert_str_eq(message.name.data, "mood");
}
END_TEST

START_TEST(insert_holds_every_kind_of_value)
{
    wire w;
    size_t at = 0;

    wire_begin(&w, 'I', 0);
    wire_u32(&w, 5);
    wire_tuple(&w, 'N', (const char *const[]){ "12", NULL, "~", "#ab", "" }, 5);
    read_well(&w, 1, false);
    ck_assert_int_eq(message.row.kind, 'N');
    ck_assert_int_eq(message.old.kind, 0);
    ck_assert_int_eq(message.row.columns, 5);
    incload__pg_value value = incload__pg_tuple_next(&message.row, &at);
    ck_assert_int_eq(value.kind, INCLOAD__PG_TEXT);
    ck_assert_uint_eq(value.length, 2);
    ck_assert_mem_eq(value.bytes, "12", 2);
    ck_assert_int_eq(incload__pg_tuple_next(&message.row, &at).kind, INCLOAD__PG_NULL);
    ck_assert_int_eq(incload__pg_tuple_next(&message.row, &at).kind, INCLOAD__PG_UNCHANGED);
    value = incload__pg_tuple_next(&message.row, &at);
    ck_assert_int_eq(value.kind, INCLOAD__PG_BINARY);
    ck_assert_mem_eq(value.bytes, "#ab", 3);
    value = incload__pg_tuple_next(&message.row, &at);
    ck_assert_int_eq(value.kind, INCLOAD__PG_TEXT);
    ck_assert_uint_eq(value.length, 0);
    ck_assert_uint_eq(at, message.row.length);
}
END_TEST

START_TEST(update_has_the_old_tuple_before_the_new_one)
{
    wire w;
    const char *const old[] = { "1", NULL }, *const row[] = { "2", "b" };

    for (const char *kind = "KO"; *kind != '\0'; kind++) {
        wire_begin(&w, 'U', 0);
        wire_u32(&w, 5);
        wire_tuple(&w, *kind, old, 2);
        wire_tuple(&w, 'N', row, 2);
        read_well(&w, 1, false);
        ck_assert_int_eq(message.old.kind, *kind);
        ck_assert_int_eq(message.row.kind, 'N');
        size_t at = 0;
        ck_assert_mem_eq(incload__pg_tuple_next(&message.old, &at).bytes, "1", 1);
    }
    wire_begin(&w, 'U', 0);
    wire_u32(&w, 5);
    wire_tuple(&w, 'N', row, 2);
    read_well(&w, 1, false);
    ck_assert_int_eq(message.old.kind, 0);
}
END_TEST

START_TEST(delete_has_an_old_tuple_alone)
{
    wire w;
    const char *const old[] = { "1", NULL };

    wire_begin(&w, 'D', 3);
    wire_u32(&w, 5);
    wire_tuple(&w, 'K', old, 2);
    read_well(&w, 2, true);
    ck_assert_uint_eq(message.xid, 3);
    ck_assert_int_eq(message.old.columns, 2);
    wire_begin(&w, 'D', 0);
    wire_u32(&w, 5);
    wire_tuple(&w, 'N', old, 2);
    refused(&w, 1, false, "Delete of the replication stream is malformed at byte 5 of");
}
END_TEST

START_TEST(truncate_names_all_of_its_relations)
{
    wire w;

    wire_truncate(&w, 0, 3, (const uint32_t[]){ 7, 4000000000 }, 2);
    read_well(&w, 1, false);
    ck_assert(message.cascade && message.restart);
    ck_assert_int_eq(message.count, 2);
    ck_assert_uint_eq(incload__pgoutput_truncated(&message, 0), 7);
    ck_assert_uint_eq(incload__pgoutput_truncated(&message, 1), 4000000000);
}
END_TEST

START_TEST(message_tells_whether_it_belongs_to_its_transaction)
{
    wire w;

    wire_message(&w, 0, 0, "mine", "content");
    read_well(&w, 1, false);
    ck_assert(!message.transactional);
    ck_assert_str_eq(message.name.data, "mine");
    ck_assert_uint_eq(message.content_length, 7);
    ck_assert_mem_eq(message.content, "content", 7);
    wire_message(&w, 12, 1, "", "");
    read_well(&w, 2, true);
    ck_assert(message.transactional);
    ck_assert_uint_eq(message.xid, 12);
}
END_TEST

START_TEST(a_streamed_part_is_opened_and_closed)
{
    incload__pgoutput stream = { .protocol = 2 };
    wire w;

    wire_stream_start(&w, 44, 1);
    ck_assert_int_eq(incload__pgoutput_parse(&stream, w.bytes, w.length, &message, NULL), INCLOAD_OK);
    ck_assert(message.first && stream.streaming);
    ck_assert_uint_eq(message.xid, 44);
    wire_insert(&w, 45, 5, "1", "a");
    ck_assert_int_eq(incload__pgoutput_parse(&stream, w.bytes, w.length, &message, NULL), INCLOAD_OK);
    ck_assert_uint_eq(message.xid, 45);
    wire_stream_stop(&w);
    ck_assert_int_eq(incload__pgoutput_parse(&stream, w.bytes, w.length, &message, NULL), INCLOAD_OK);
    ck_assert(!stream.streaming);
    wire_stream_commit(&w, 44, 800);
    ck_assert_int_eq(incload__pgoutput_parse(&stream, w.bytes, w.length, &message, NULL), INCLOAD_OK);
    ck_assert_uint_eq(message.end_lsn, 800);
}
END_TEST

START_TEST(an_abort_tells_when_only_in_protocol_4)
{
    wire w;

    wire_stream_abort(&w, 44, 45);
    read_well(&w, 2, false);
    read_well(&w, 4, false);
    ck_assert_uint_eq(message.xid, 44);
    ck_assert_uint_eq(message.subxid, 45);
    ck_assert_uint_eq(message.lsn, 0);
    wire_u64(&w, 900);
    wire_u64(&w, 1);
    read_well(&w, 4, false);
    ck_assert_uint_eq(message.lsn, 900);
    refused(&w, 3, false, "Stream Abort of the replication stream is malformed at byte 9 of 25: the message goes on");
}
END_TEST

START_TEST(prepared_transactions_tell_their_gid)
{
    wire w;

    for (const char *letter = "bPKp"; *letter != '\0'; letter++) {
        wire_prepared(&w, *letter, 50, 1000, "order 7");
        read_well(&w, 3, false);
        ck_assert_int_eq((char)message.kind, *letter);
        ck_assert_uint_eq(message.xid, 50);
        ck_assert_uint_eq(message.end_lsn, 1000);
        ck_assert_str_eq(message.name.data, "order 7");
    }
    wire_rollback_prepared(&w, 50, 1000, "order 7");
    read_well(&w, 3, false);
    ck_assert_uint_eq(message.end_lsn, 1000);
    ck_assert_str_eq(message.name.data, "order 7");
}
END_TEST

START_TEST(a_message_is_refused_before_its_protocol)
{
    wire w;

    wire_stream_start(&w, 44, 1);
    refused(&w, 1, false, "does not have it");
    wire_prepared(&w, 'P', 50, 1000, "g");
    refused(&w, 2, false, "does not have it");
}
END_TEST

START_TEST(a_message_is_refused_where_it_does_not_belong)
{
    wire w;

    wire_transaction(&w, 1, 100);
    refused(&w, 2, true, "inside of a streamed part");
    wire_stream_start(&w, 1, 1);
    refused(&w, 2, true, "inside of a streamed part");
    wire_stream_stop(&w);
    refused(&w, 2, false, "no streamed part is open");
    wire_begin(&w, 'Q', 0);
    refused(&w, 4, false, "no message of that kind");
    w.length = 0;
    refused(&w, 4, false, "ends too early");
}
END_TEST

START_TEST(what_has_no_meaning_is_refused)
{
    wire w;

    wire_begin(&w, 'C', 0);
    wire_u8(&w, 1);
    wire_u64(&w, 16);
    wire_u64(&w, 24);
    wire_u64(&w, 1);
    refused(&w, 1, false, "Commit of the replication stream is malformed at byte 1 of 26: a flag is unknown");
    w.bytes[1] = 0;
    w.bytes[9] = 0;
    refused(&w, 1, false, "at byte 2 of 26: a log position is 0");
    wire_commit(&w, 100);
    memset(w.bytes + 18, 0xff, 8);
    w.bytes[18] = 0x7f;
    refused(&w, 1, false, "at byte 18 of 26: a time is out of range");
    wire_truncate(&w, 0, 0, (const uint32_t[]){ 7 }, 1);
    w.bytes[1] = 0x80;
    refused(&w, 1, false, "more relations than it has");
    wire_relation(&w, 0, 5, "orders");
    w.bytes[19] = 'x';
    refused(&w, 1, false, "at byte 19 of");
}
END_TEST

/* One of every kind, with the protocol that has it and whether it stands inside of a streamed part. */
static int32_t
sample(int index, wire *w, bool *streaming)
{
    *streaming = index >= 20;
    uint32_t xid = *streaming ? 700 : 0;
    const char *const row[] = { "12", NULL, "~", "#ab", "long enough" };

    switch (index % 20) {
    case 0:
        return wire_transaction(w, 731, 500), *streaming ? 0 : 1;
    case 1:
        return wire_commit(w, 500), *streaming ? 0 : 1;
    case 2:
        wire_begin(w, 'O', 0);
        wire_u64(w, 3);
        return wire_text(w, "origin"), 1;
    case 3:
        return wire_relation(w, xid, 5, "orders"), 1;
    case 4:
        wire_begin(w, 'Y', xid);
        wire_u32(w, 20001);
        wire_text(w, "public");
        return wire_text(w, "mood"), 1;
    case 5:
        wire_begin(w, 'I', xid);
        wire_u32(w, 5);
        return wire_tuple(w, 'N', row, 5), 1;
    case 6:
        wire_begin(w, 'U', xid);
        wire_u32(w, 5);
        wire_tuple(w, 'O', row, 5);
        return wire_tuple(w, 'N', row, 5), 1;
    case 7:
        wire_begin(w, 'D', xid);
        wire_u32(w, 5);
        return wire_tuple(w, 'K', row, 5), 1;
    case 8:
        return wire_truncate(w, xid, 1, (const uint32_t[]){ 5, 6 }, 2), 1;
    case 9:
        return wire_message(w, xid, 1, "mine", "content"), 1;
    case 10:
        return wire_stream_start(w, 700, 1), *streaming ? 0 : 2;
    case 11:
        return wire_stream_stop(w), *streaming ? 2 : 0;
    case 12:
        return wire_stream_commit(w, 700, 900), *streaming ? 0 : 2;
    case 13:
        return wire_stream_abort(w, 700, 701), *streaming ? 0 : 2;
    case 14:
    case 15:
    case 16:
    case 17:
        return wire_prepared(w, "bPKp"[index % 20 - 14], 700, 900, "gid"), *streaming ? 0 : 3;
    case 18:
        return wire_rollback_prepared(w, 700, 900, "gid"), *streaming ? 0 : 3;
    default:
        wire_stream_abort(w, 700, 701);
        wire_u64(w, 900);
        wire_u64(w, 1);
        return *streaming ? 0 : 4;
    }
}

START_TEST(every_message_is_refused_when_it_is_cut_or_longer)
{
    wire w;
    bool streaming;
    int32_t protocol = sample(_i, &w, &streaming);
    size_t length = w.length;

    if (protocol == 0)
        return;
    read_well(&w, protocol, streaming);
    for (w.length = 0; w.length < length; w.length++) {
        bool whole = w.bytes[0] == 'A' && w.length == 9;
        incload_error *err = NULL;
        unsigned char *exact = malloc(w.length + 1); /* so that a tool sees a byte read behind the end */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, w.bytes, w.length);
        incload__pgoutput stream = { .protocol = protocol, .streaming = streaming };
        int32_t status = incload__pgoutput_parse(&stream, exact, w.length, &message, &err);
        ck_assert_int_eq(status, whole ? INCLOAD_OK : INCLOAD_E_DATA);
        ck_assert_int_eq(stream.streaming, streaming);
        incload_error_unref(err);
        free(exact);
    }
    wire_u8(&w, 0);
    ck_assert_int_eq(read_as(&w, protocol, streaming, NULL), INCLOAD_E_DATA);
}
END_TEST

/* What it claims to be there is there: everything is read after random bytes were changed. */
static void
walk(void)
{
    size_t at = 0;

    for (int32_t i = 0; message.row.kind != 0 && i < message.row.columns; i++) {
        incload__pg_value value = incload__pg_tuple_next(&message.row, &at);
        const unsigned char *end = message.row.bytes + message.row.length;
        ck_assert(value.bytes == NULL || (const unsigned char *)value.bytes + value.length <= end);
    }
    at = 0;
    for (int32_t i = 0; message.kind == INCLOAD__PG_RELATION && i < message.count; i++)
        ck_assert_ptr_nonnull(incload__pgoutput_column(&message, &at).name.data);
    for (int32_t i = 0; message.kind == INCLOAD__PG_TRUNCATE && i < message.count; i++)
        (void)incload__pgoutput_truncated(&message, i);
}

START_TEST(changed_bytes_are_refused_or_read_within_the_message)
{
    uint64_t seed = (uint64_t)_i * 7919 + 1;

    for (int turn = 0; turn < 2000; turn++) {
        wire w;
        bool streaming;
        int32_t protocol = sample(_i, &w, &streaming);
        if (protocol == 0)
            return;
        for (int change = 0; change <= turn % 3; change++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            w.bytes[(seed >> 33) % w.length] = (unsigned char)(seed >> 25);
        }
        if (read_as(&w, protocol, streaming, NULL) == INCLOAD_OK)
            walk();
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, begin_tells_its_transaction);
    tcase_add_test(tests, times_count_from_1970);
    tcase_add_test(tests, origin_tells_its_name);
    tcase_add_test(tests, relation_tells_its_columns);
    tcase_add_test(tests, type_tells_its_name);
    tcase_add_test(tests, insert_holds_every_kind_of_value);
    tcase_add_test(tests, update_has_the_old_tuple_before_the_new_one);
    tcase_add_test(tests, delete_has_an_old_tuple_alone);
    tcase_add_test(tests, truncate_names_all_of_its_relations);
    tcase_add_test(tests, message_tells_whether_it_belongs_to_its_transaction);
    tcase_add_test(tests, a_streamed_part_is_opened_and_closed);
    tcase_add_test(tests, an_abort_tells_when_only_in_protocol_4);
    tcase_add_test(tests, prepared_transactions_tell_their_gid);
    tcase_add_test(tests, a_message_is_refused_before_its_protocol);
    tcase_add_test(tests, a_message_is_refused_where_it_does_not_belong);
    tcase_add_test(tests, what_has_no_meaning_is_refused);
    tcase_add_loop_test(tests, every_message_is_refused_when_it_is_cut_or_longer, 0, 40);
    tcase_add_loop_test(tests, changed_bytes_are_refused_or_read_within_the_message, 0, 40);
}

HARNESS_MAIN("pgoutput", add_tests)

/* SPDX-License-Identifier: Apache-2.0 */
/* Debezium's messages, on every kind of database: with and without their schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

/* Columns whose values Debezium writes in forms of their own. */
static void
make_orders(place at, const char *table)
{
    static const char *const columns[KINDS] = {
        "price numeric(12,2), day date, at timestamp, seen timestamptz, data bytea, flag boolean, note text",
        "price decimal(12,2), day date, at datetime(6), seen datetime(6), data varbinary(100), flag boolean, note text",
        "price DECIMAL(12,2), day DATE, at TIMESTAMP, seen TIMESTAMPTZ TEXT, data BLOB, flag BOOLEAN, note TEXT",
        "price numeric(12,2), day date, at timestamp, seen timestamptz, data bytea, flag boolean, note text",
    };

    table_drop(at, table);
    sql(at, "CREATE TABLE %s (id bigint PRIMARY KEY NOT NULL, %s)", table, columns[at.kind]);
}

static void
expect_orders(place at, const char *table, const char *expected)
{
    static const char *const data[KINDS] = { "encode(data, 'hex')", "LOWER(HEX(data))", "lower(hex(data))",
                                             "encode(data, 'hex')" };
    char *times = contents(at, table, "id:i at:t seen:z day:s price:s");
    char *rest =
        ask(at, "SELECT id, %s AS d, CASE WHEN flag THEN 'yes' ELSE 'no' END AS f, note FROM %s", data[at.kind], table);
    char text[2048];

    snprintf(text, sizeof text, "%s%s", times, rest);
    ck_assert_msg(strcmp(text, expected) == 0, "%s: %s", kind_names[at.kind], text);
    free(times);
    free(rest);
}

static void
send(incload_changes *changes, uint64_t position, const char *key, const char *value)
{
    incload_error *err = NULL;
    int32_t status = incload_changes_push_debezium(changes, key, value, position, 0, &err);

    ck_assert_msg(status == INCLOAD_OK, "%s: %s", value, incload_error_message(err));
}

#define FIELDS                                                                                                         \
    "[{\"field\":\"id\",\"type\":\"int64\"},"                                                                          \
    "{\"field\":\"price\",\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\","                      \
    "\"parameters\":{\"scale\":\"2\"}},"                                                                               \
    "{\"field\":\"day\",\"type\":\"int32\",\"name\":\"io.debezium.time.Date\"},"                                       \
    "{\"field\":\"at\",\"type\":\"int64\",\"name\":\"io.debezium.time.MicroTimestamp\"},"                              \
    "{\"field\":\"seen\",\"type\":\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"},"                           \
    "{\"field\":\"data\",\"type\":\"bytes\"},{\"field\":\"flag\",\"type\":\"boolean\"},"                               \
    "{\"field\":\"note\",\"type\":\"string\"}]"
#define WITH_SCHEMA(payload)                                                                                           \
    "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"field\":\"before\",\"type\":\"struct\",\"fields\":" FIELDS        \
    "},{\"field\":\"after\",\"type\":\"struct\",\"fields\":" FIELDS "}]},\"payload\":" payload "}"
#define ROW(id, note)                                                                                                  \
    "{\"id\":" id ",\"price\":\"BNI=\",\"day\":19844,\"at\":1714557600250000,"                                         \
    "\"seen\":\"2024-05-01T12:00:00.5+02:00\",\"data\":\"3q2+7w==\",\"flag\":true,\"note\":" note "}"
#define KEY(id) "{\"schema\":{\"type\":\"struct\"},\"payload\":{\"id\":" id "}}"

START_TEST(messages_with_their_schema_land_in_the_types_of_the_table)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    make_orders(at, "orders");
    incload_changes *changes = changes_open(at, "orders", NULL);

    send(changes, 1, KEY("1"), WITH_SCHEMA("{\"op\":\"r\",\"before\":null,\"after\":" ROW("1", "\"caf\\u00e9\"") "}"));
    send(changes, 2, KEY("2"), WITH_SCHEMA("{\"op\":\"c\",\"before\":null,\"after\":" ROW("2", "null") "}"));
    commit(changes);
    expect_orders(at, "orders",
                  "1|2024-05-01 10:00:00.250000|2024-05-01 10:00:00.500000|2024-05-01|12.34\n"
                  "2|2024-05-01 10:00:00.250000|2024-05-01 10:00:00.500000|2024-05-01|12.34\n"
                  "1|deadbeef|yes|caf\xc3\xa9\n2|deadbeef|yes|NULL\n");
    /* What is unavailable stays. */
    send(changes, 3, KEY("1"),
         WITH_SCHEMA("{\"op\":\"u\",\"before\":null,\"after\":{\"id\":1,\"price\":\"/w==\",\"day\":0,\"at\":null,"
                     "\"seen\":null,\"data\":\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\",\"flag\":false,"
                     "\"note\":\"__debezium_unavailable_value\"}}"));
    /* A delete tells the key alone, and a tombstone comes behind it. */
    send(changes, 4, KEY("2"), WITH_SCHEMA("{\"op\":\"d\",\"before\":{\"id\":2,\"price\":null},\"after\":null}"));
    send(changes, 5, KEY("2"), NULL);
    commit(changes);
    expect_orders(at, "orders", "1|NULL|NULL|1970-01-01|-0.01\n1|deadbeef|no|caf\xc3\xa9\n");
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(messages_without_a_schema_are_read_by_the_types_of_the_table)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    make_orders(at, "bare");
    incload_changes *changes =
        changes_open(at, "bare", "debezium_decimal=precise debezium_time=us unknown_columns=ignore");

    send(changes, 1, "{\"id\":1}", "{\"op\":\"c\",\"after\":" ROW("1", "\"n\"") ",\"source\":{\"lsn\":7}}");
    send(changes, 2, "{\"id\":1}", "{\"op\":\"u\",\"after\":{\"id\":1,\"flag\":false,\"nobody\":1}}");
    commit(changes);
    expect_orders(at, "bare",
                  "1|2024-05-01 10:00:00.250000|2024-05-01 10:00:00.500000|2024-05-01|12.34\n1|deadbeef|no|n\n");
    /* The key of a delete without a row before it. */
    send(changes, 3, "{\"id\":1}", "{\"op\":\"d\",\"before\":null,\"after\":null}");
    commit(changes);
    expect_orders(at, "bare", "");
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

START_TEST(a_change_of_the_key_moves_the_row_in_either_form)
{
    place at = place_open((kind)_i, _i == PG_ODBC);
    make_items(at, "keyed", false);
    incload_changes *changes = changes_open(at, "keyed", NULL);

    send(changes, 1, NULL, "{\"op\":\"c\",\"after\":{\"id\":1,\"name\":\"one\",\"qty\":1}}");
    send(changes, 2, NULL, "{\"op\":\"c\",\"after\":{\"id\":2,\"name\":\"two\",\"qty\":2}}");
    commit(changes);
    /* An update with both rows; and a delete, a tombstone and a row under the new key. */
    send(changes, 3, NULL,
         "{\"op\":\"u\",\"before\":{\"id\":1},\"after\":{\"id\":3,\"name\":\"__debezium_unavailable_value\",\"qty\":7}"
         "}");
    send(changes, 4, "{\"id\":2}", "{\"op\":\"d\",\"before\":{\"id\":2},\"after\":null}");
    send(changes, 5, "{\"id\":2}", "null");
    send(changes, 6, "{\"id\":4}", "{\"op\":\"c\",\"after\":{\"id\":4,\"name\":\"two\",\"qty\":2}}");
    commit(changes);
    expect_items(at, "keyed", false, "3|one|7\n4|two|2\n");
    send(changes, 7, NULL, "{\"op\":\"m\",\"message\":{\"prefix\":\"x\"}}");
    send(changes, 8, NULL, "{\"op\":\"t\",\"before\":null,\"after\":null}");
    commit(changes);
    expect_items(at, "keyed", false, "");
    ck_assert_uint_eq(position_of(changes), 8);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

/* ---- what is no such message ---- */

static const struct {
    const char *key, *value;
    int32_t code;
    const char *words;
} bad[] = {
    { NULL, "{\"op\":\"c\",", INCLOAD_E_INVALID, "value is no JSON|line 1" },
    { "{", "{\"op\":\"c\",\"after\":{}}", INCLOAD_E_INVALID, "key is no JSON" },
    { NULL, "17", INCLOAD_E_INVALID, "payload: it must be an object" },
    { NULL, "{\"id\":1,\"name\":\"secret\"}", INCLOAD_E_INVALID, "payload.op|unwraps" },
    { NULL, "{\"op\":\"x\"}", INCLOAD_E_INVALID, "payload.op|c, u, d, r, t and m" },
    { NULL, "{\"op\":\"c\"}", INCLOAD_E_INVALID, "payload.after" },
    { NULL, "{\"op\":\"c\",\"after\":[\"secret\"]}", INCLOAD_E_INVALID, "payload.after" },
    { NULL, "{\"op\":\"c\",\"after\":{\"id\":[\"secret\"]}}", INCLOAD_E_INVALID, "payload.after.id" },
    { NULL, "{\"op\":\"c\",\"after\":{\"id\":\"secret\"}}", INCLOAD_E_DATA, "'id'" },
    { NULL, "{\"op\":\"d\",\"before\":null}", INCLOAD_E_INVALID, "'id'|key" },
    { NULL, "{\"op\":\"c\",\"after\":{\"id\":1,\"nobody\":\"secret\"}}", INCLOAD_E_NOT_FOUND,
      "'nobody'|unknown_columns" },
    { NULL, "{\"op\":\"c\",\"op\":\"d\"}", INCLOAD_E_INVALID, "no JSON" },
};

START_TEST(a_message_that_is_none_is_refused_with_its_place_and_without_its_data)
{
    place at = place_open(SQLITE, 0);
    make_items(at, "misread", false);
    incload_changes *changes = changes_open(at, "misread", NULL);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        incload_error *err = NULL;
        int32_t status = incload_changes_push_debezium(changes, bad[i].key, bad[i].value, 1, 0, &err);
        ck_assert_msg(status == bad[i].code, "%s: %s", bad[i].value, incload_error_message(err));
        expect_words(incload_error_message(err), bad[i].words);
        expect_words(incload_error_message(err), "misread");
        ck_assert_ptr_null(strstr(incload_error_message(err), "secret"));
        incload_error_unref(err);
    }
    ck_assert_int_eq(incload_changes_pending(changes), 0);
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

/* Cut anywhere, or with any byte changed, it is refused or read as another: never worse. */
START_TEST(a_message_that_is_damaged_does_no_harm)
{
    static const char whole[] = WITH_SCHEMA("{\"op\":\"c\",\"before\":null,\"after\":" ROW("1", "\"n\"") "}");
    place at = place_open(SQLITE, 0);
    make_orders(at, "damaged");
    incload_changes *changes = changes_open(at, "damaged", NULL);
    uint64_t seed = 7;
    char text[sizeof whole];

    for (int32_t i = 0; i < 20000; i++) {
        incload_error *err = NULL;
        memcpy(text, whole, sizeof text);
        if (i % 2 == 0)
            text[draw(&seed) % (sizeof text - 1)] = '\0';
        for (int32_t j = 0; j < 2; j++)
            text[draw(&seed) % (sizeof text - 1)] = (char)(1 + draw(&seed) % 255);
        int32_t status = incload_changes_push_debezium(changes, NULL, text, 1 + (uint64_t)i, 0, &err);
        ck_assert_int_eq(status == INCLOAD_OK, err == NULL);
        incload_error_unref(err);
    }
    incload_changes_unref(changes);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, messages_with_their_schema_land_in_the_types_of_the_table, 0, KINDS);
    tcase_add_loop_test(tests, messages_without_a_schema_are_read_by_the_types_of_the_table, 0, KINDS);
    tcase_add_loop_test(tests, a_change_of_the_key_moves_the_row_in_either_form, 0, KINDS);
    tcase_add_test(tests, a_message_that_is_none_is_refused_with_its_place_and_without_its_data);
    tcase_add_test(tests, a_message_that_is_damaged_does_no_harm);
}

int
main(void)
{
    return run_tests("debezium", 60, add_tests);
}

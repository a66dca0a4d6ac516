/* SPDX-License-Identifier: Apache-2.0 */
/* Events go out as Debezium's messages and come in again: the table that reads them is equal to one that was told the
 * events themselves, for every type of every database, whole and in part, with schemas and without. */
#include <incload/debezium.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

enum { MOST_COLUMNS = 32, KEYS = 9, EVENTS = 300, EVERY = 25, VALUES = 3, NOTHING = -1 };

static const struct {
    const char *name;
    const char *types[DATABASES];
    const char *values[VALUES];
} all_columns[] = {
    { "b", { "boolean", "boolean", "BOOLEAN" }, { "true", "false", "true" } },
    { "i1", { NULL, "tinyint", NULL }, { "-128", "127", "0" } },
    { "i2", { "smallint", "smallint", "SMALLINT" }, { "-32768", "32767", "1" } },
    { "i4", { "integer", "int", "INTEGER" }, { "-2147483648", "2147483647", "5" } },
    { "i8", { "bigint", "bigint", "BIGINT" }, { "-9223372036854775808", "9223372036854775807", "12345678901" } },
    { "u8", { NULL, "bigint unsigned", NULL }, { "18446744073709551615", "0", "9223372036854775808" } },
    { "f4", { "real", "float", NULL }, { "0.1", "-3.4028235e+38", "16777217" } },
    { "f8", { "double precision", "double", "DOUBLE" }, { "0.1", "-1.7976931348623157e+308", "1e-300" } },
    { "d", { "numeric(12,2)", "decimal(12,2)", "DECIMAL(12,2)" }, { "9999999999.99", "-0.01", "1.28" } },
    { "n", { "numeric", "decimal(65,30)", NULL }, { "12345678901234567890.123456789012345678901", "-0.5", "100" } },
    { "day", { "date", "date", "DATE" }, { "2024-02-29", "1969-12-31", "9999-12-31" } },
    { "t", { "time", "time(6)", "TIME" }, { "23:59:59.999999", "00:00:00", "10:20:30.5" } },
    { "t0", { "time(0)", "time", NULL }, { "23:59:59", "00:00:00", "10:20:30" } },
    { "ts",
      { "timestamp", "datetime(6)", "TIMESTAMP" },
      { "2024-05-01 10:00:00.250001", "1969-12-31 23:59:59.999999", "9999-12-31 23:59:59" } },
    { "ts3",
      { "timestamp(3)", "datetime(3)", NULL },
      { "2024-05-01 10:00:00.25", "1969-12-31 23:59:59.999", "2000-01-01 00:00:00" } },
    { "tz",
      { "timestamptz", NULL, "TIMESTAMPTZ TEXT" },
      { "2024-05-01 10:00:00.250001+00", "1999-12-31 23:59:59+05:30", "2038-01-19 03:14:08Z" } },
    { "txt", { "text", "text", "TEXT" }, { "caf\xc3\xa9 \"q\"\\ \n\t\x01", "", "17" } },
    { "vc", { "varchar(20)", "varchar(20)", "VARCHAR(20)" }, { "x", "null", "AAAA" } },
    { "bin", { "bytea", "varbinary(20)", "BLOB" }, { "deadbeef", "", "00ff" } },
    { "u",
      { "uuid", "uuid", NULL },
      { "0123abcd-0000-4000-8000-0123456789ab", "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff" } },
    { "j", { "json", "json", "JSON" }, { "{\"a\": [1, null]}", "[]", "\"text\"" } },
    { "jb", { "jsonb", NULL, NULL }, { "{\"a\": 1.50}", "17", "null" } },
    { "ints", { "integer[]", NULL, NULL }, { "{1,NULL,3}", "{}", "{{1,2},{3,4}}" } },
    { "ip", { "inet", NULL, NULL }, { "10.0.0.1", "2001:db8::/32", "0.0.0.0" } },
    { "bits", { "bit(4)", NULL, NULL }, { "0101", "0000", "1111" } },
    { "span", { "interval", NULL, NULL }, { "1 year 2 mons 3 days 04:05:06", "-00:00:00.000001", "00:00:00" } },
    { "e", { NULL, "enum('a','b')", NULL }, { "a", "b", "a" } },
};

/* How messages are written, and how they are read. */
static const struct {
    const char *written;
    const char *read;
} ways[] = {
    { "partial=omit", "deletes=hard" },
    { "partial=omit decimal=string time=isostring", "deletes=hard" },
    { "partial=omit schemas=false decimal=string time=isostring unavailable=gone",
      "deletes=hard debezium_decimal=string debezium_time=iso debezium_unavailable=gone" },
    { "partial=omit schemas=false decimal=string time=adaptive_time_microseconds",
      "deletes=hard debezium_decimal=string debezium_time=adaptive" },
};

enum { WAYS = sizeof ways / sizeof ways[0] };

typedef struct story {
    place at;
    uint64_t seed;
    char told[64], read[64]; /* tables */
    const char *names[MOST_COLUMNS];
    int32_t columns[MOST_COLUMNS]; /* among all_columns */
    int32_t count;
    int32_t rows[KEYS][MOST_COLUMNS]; /* which of its values each column has */
    bool there[KEYS];
    incload_changes *direct, *reader;
    incload_debezium *writer;
    uint64_t position;
} story;

static int32_t
below(story *s, int32_t limit)
{
    return (int32_t)(draw(&s->seed) % (uint64_t)limit);
}

static int32_t
pass_on(const char *key, size_t key_size, const char *value, size_t value_size, void *data)
{
    story *s = data;
    incload_error *err = NULL;

    (void)key_size;
    (void)value_size;
    int32_t status = incload_changes_push_debezium(s->reader, key, value, ++s->position, 0, &err);
    ck_assert_msg(status == INCLOAD_OK, "%s: %s\n%s", kind_names[s->at.kind], incload_error_message(err), value);
    return INCLOAD_DONE;
}

static void
make_tables(story *s)
{
    int32_t database = s->at.kind == PG_ODBC ? (int32_t)POSTGRES : (int32_t)s->at.kind;
    char columns[2048] = "";
    size_t used = 0;

    for (int32_t i = 0; i < (int32_t)(sizeof all_columns / sizeof all_columns[0]); i++) {
        if (all_columns[i].types[database] == NULL)
            continue;
        used += (size_t)snprintf(columns + used, sizeof columns - used, ", %s %s", all_columns[i].name,
                                 all_columns[i].types[database]);
        s->names[++s->count] = all_columns[i].name;
        s->columns[s->count] = i;
    }
    s->names[0] = "id";
    s->count++;
    for (int32_t i = 0; i < 2; i++) {
        table_drop(s->at, i == 0 ? s->told : s->read);
        sql(s->at, "CREATE TABLE %s (id bigint PRIMARY KEY NOT NULL%s)", i == 0 ? s->told : s->read, columns);
    }
}

static void
open_story(story *s, int32_t way)
{
    incload_error *err = NULL;

    make_tables(s);
    s->direct = changes_open(s->at, s->told, "deletes=hard");
    s->reader = changes_open(s->at, s->read, ways[way].read);
    s->writer = incload_debezium_new(s->at.db, s->told, ways[way].written, pass_on, s, NULL, &err);
    ck_assert_msg(s->writer != NULL, "%s: %s", kind_names[s->at.kind], incload_error_message(err));
}

/* The texts of a row. */
static void
texts_of(const story *s, int32_t key, char id[16], const char *values[MOST_COLUMNS])
{
    snprintf(id, 16, "%d", (int)key);
    values[0] = id;
    for (int32_t i = 1; i < s->count; i++)
        values[i] = s->rows[key][i] == NOTHING ? NULL : all_columns[s->columns[i]].values[s->rows[key][i]];
}

static void
draw_row(story *s, int32_t key)
{
    for (int32_t i = 1; i < s->count; i++)
        s->rows[key][i] = below(s, VALUES + 1) - 1;
}

static void
tell(story *s, int32_t operation, const char *const *old, int32_t old_count, const char *const *names,
     const char *const *values, int32_t count)
{
    incload_error *err = NULL;

    incload_debezium_write(s->writer, operation, s->names, old, old_count, names, values, count, s->position + 1, 0, 0,
                           &err);
    if (old_count > 0)
        incload_changes_push_update(s->direct, s->names, old, old_count, names, values, count, 0, 0, &err);
    else
        incload_changes_push(s->direct, operation, names, values, count, 0, 0, &err);
    ck_assert_msg(err == NULL, "%s: %s", kind_names[s->at.kind], incload_error_message(err));
}

/* Some of its columns, with or without the row before. */
static void
tell_update(story *s, int32_t key)
{
    const char *old[MOST_COLUMNS], *new[MOST_COLUMNS], *names[MOST_COLUMNS], *values[MOST_COLUMNS];
    char id[16], same_id[16];
    int32_t count = 0;

    texts_of(s, key, same_id, old);
    for (int32_t i = 1; i < s->count; i++)
        s->rows[key][i] = below(s, 2) == 0 ? s->rows[key][i] : below(s, VALUES + 1) - 1;
    texts_of(s, key, id, new);
    for (int32_t i = 0; i < s->count; i++) {
        if (i > 0 && strcmp(new[i] != NULL ? new[i] : "-", old[i] != NULL ? old[i] : "-") == 0 && below(s, 2) == 0)
            continue;
        names[count] = s->names[i];
        values[count++] = new[i];
    }
    tell(s, INCLOAD_CHANGE_UPDATE, old, below(s, 2) == 0 ? s->count : 0, names, values, count);
}

static void
tell_move(story *s, int32_t key, int32_t other)
{
    const char *old[MOST_COLUMNS], *new[MOST_COLUMNS];
    char id[16], other_id[16];

    texts_of(s, key, id, old);
    memcpy(s->rows[other], s->rows[key], sizeof s->rows[key]);
    s->rows[other][1] = below(s, VALUES);
    texts_of(s, other, other_id, new);
    s->there[key] = false;
    s->there[other] = true;
    tell(s, INCLOAD_CHANGE_UPDATE, old, 1, s->names, new, s->count);
}

static void
happen(story *s)
{
    int32_t key = below(s, KEYS), other = below(s, KEYS), what = below(s, 100);
    const char *values[MOST_COLUMNS];
    char id[16];

    if (!s->there[key]) {
        draw_row(s, key);
        s->there[key] = true;
        texts_of(s, key, id, values);
        tell(s, what < 20 ? INCLOAD_CHANGE_READ : INCLOAD_CHANGE_INSERT, NULL, 0, s->names, values, s->count);
    } else if (what < 60) {
        tell_update(s, key);
    } else if (what < 80 && !s->there[other]) {
        tell_move(s, key, other);
    } else if (what < 97) {
        texts_of(s, key, id, values);
        s->there[key] = false;
        tell(s, INCLOAD_CHANGE_DELETE, NULL, 0, s->names, values, below(s, 2) == 0 ? 1 : s->count);
    } else {
        memset(s->there, 0, sizeof s->there);
        tell(s, INCLOAD_CHANGE_TRUNCATE, NULL, 0, NULL, NULL, 0);
    }
}

/* JSON has no equality in PostgreSQL. */
static int64_t
more_in(const story *s, const char *table, const char *than)
{
    char columns[1024] = "id";
    size_t used = 2;

    for (int32_t i = 1; i < s->count; i++) {
        bool json = strcmp(s->names[i], "j") == 0 && (s->at.kind == POSTGRES || s->at.kind == PG_ODBC);
        used +=
            (size_t)snprintf(columns + used, sizeof columns - used, json ? ", CAST(%s AS text)" : ", %s", s->names[i]);
    }
    return ask_number(s->at, "SELECT count(*) FROM (SELECT %s FROM %s EXCEPT SELECT %s FROM %s) x", columns, table,
                      columns, than);
}

static void
compare(story *s)
{
    int64_t live = 0;

    commit(s->direct);
    commit(s->reader);
    for (int32_t i = 0; i < KEYS; i++)
        live += s->there[i];
    ck_assert_int_eq(ask_number(s->at, "SELECT count(*) FROM %s", s->told), live);
    ck_assert_int_eq(ask_number(s->at, "SELECT count(*) FROM %s", s->read), live);
    ck_assert_int_eq(more_in(s, s->told, s->read), 0);
    ck_assert_int_eq(more_in(s, s->read, s->told), 0);
}

START_TEST(a_story_told_by_messages_ends_as_it_does_told_by_its_events)
{
    story s = { .at = place_open((kind)(_i % KINDS), 0), .seed = 77 + (uint64_t)_i };

    snprintf(s.told, sizeof s.told, "told_%d", _i);
    snprintf(s.read, sizeof s.read, "read_%d", _i);
    open_story(&s, _i / KINDS);
    for (int32_t i = 1; i <= EVENTS; i++) {
        happen(&s);
        if (i % EVERY == 0)
            compare(&s);
    }
    incload_debezium_unref(s.writer);
    incload_changes_unref(s.direct);
    incload_changes_unref(s.reader);
    place_close(s.at);
}
END_TEST

/* ---- tables as they are found ---- */

static int32_t
keep(const char *key, size_t key_size, const char *value, size_t value_size, void *data)
{
    (void)key_size;
    (void)value_size;
    snprintf(data, 4096, "%s %s", key != NULL ? key : "none", value);
    return INCLOAD_DONE;
}

START_TEST(the_key_is_that_of_the_table_and_computed_columns_are_left_out)
{
    static const char *const computed[KINDS] = { "bigint GENERATED ALWAYS AS (qty * 2) STORED", "bigint AS (qty * 2)",
                                                 "BIGINT AS (qty * 2)", "bigint GENERATED ALWAYS AS (qty * 2) STORED" };
    static const char *const names[] = { "region", "no", "qty", "twice" }, *const values[] = { "n", "1", "3", "6" };
    place at = place_open((kind)_i, _i == PG_ODBC);
    incload_error *err = NULL;
    char message[4096] = "";

    table_drop(at, "ordered");
    sql(at,
        "CREATE TABLE ordered (qty bigint, region varchar(9) NOT NULL, no bigint NOT NULL, twice %s,"
        " PRIMARY KEY (region, no))",
        computed[_i]);
    incload_debezium *writer = incload_debezium_new(at.db, "ordered", "schemas=false", keep, message, NULL, &err);
    incload_debezium_write(writer, INCLOAD_CHANGE_INSERT, NULL, NULL, 0, names, values, 4, 0, 0, 1, &err);
    ck_assert_msg(err == NULL, "%s: %s", kind_names[_i], incload_error_message(err));
    const char expected[] =
        "{\"region\":\"n\",\"no\":1} {\"before\":null,\"after\":{\"qty\":3,\"region\":\"n\",\"no\":1},";
    ck_assert_msg(strncmp(message, expected, strlen(expected)) == 0, "%s: %s", kind_names[_i], message);
    incload_debezium_unref(writer);
    place_close(at);
}
END_TEST

START_TEST(a_table_without_a_key_has_messages_without_one)
{
    static const char *const names[] = { "qty" }, *const values[] = { "3" };
    place at = place_open((kind)_i, _i == PG_ODBC);
    incload_error *err = NULL;
    char message[4096] = "";

    table_drop(at, "keyless");
    sql(at, "CREATE TABLE keyless (qty bigint)");
    incload_debezium *writer = incload_debezium_new(at.db, "keyless", "schemas=false", keep, message, NULL, &err);
    incload_debezium_write(writer, INCLOAD_CHANGE_DELETE, NULL, NULL, 0, names, values, 1, 0, 0, 1, &err);
    ck_assert_msg(err == NULL, "%s: %s", kind_names[_i], incload_error_message(err));
    /* Nor a tombstone, which is for the key alone. */
    ck_assert_msg(strncmp(message, "none {\"before\":{\"qty\":3},\"after\":null,", 36) == 0, "%s", message);
    incload_debezium_unref(writer);
    writer = incload_debezium_new(at.db, "nowhere", NULL, keep, message, NULL, &err);
    ck_assert_ptr_null(writer);
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NOT_FOUND);
    incload_error_unref(err);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_story_told_by_messages_ends_as_it_does_told_by_its_events, 0, KINDS * WAYS);
    tcase_add_loop_test(tests, the_key_is_that_of_the_table_and_computed_columns_are_left_out, 0, KINDS);
    tcase_add_loop_test(tests, a_table_without_a_key_has_messages_without_one, 0, KINDS);
}

int
main(void)
{
    return run_tests("debezium_out", 100, add_tests);
}

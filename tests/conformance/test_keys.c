/* SPDX-License-Identifier: Apache-2.0 */
/* Types as the key of a merge: values that servers like to call equal stay apart, and only what changed is written. */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key {
    const char *name;
    const char *type;
    const char *values[10]; /* SQL; the last one comes with the second load */
};

static const struct key postgres_keys[] = {
    { "key: smallint", "smallint", { "-32768", "0", "32767", "1" } },
    { "key: bigint", "bigint", { "-9223372036854775808", "0", "9223372036854775807", "9223372036854775806" } },
    { "key: boolean", "boolean", { "true", "false" } },
    { "key: numeric",
      "numeric(38,10)",
      { "0.0000000001", "-0.0000000001", "9999999999999999999999999999.9999999999",
        "9999999999999999999999999999.9999999998" } },
    { "key: text",
      "text",
      { "'a'", "'A'", "'a '", "' a'", "''", "U&'\\00e1'", "U&'a\\0301'", "U&'\\+01F600'", "U&'\\+01F601'" } },
    { "key: varchar", "varchar(20)", { "'a'", "'A'", "'a '", "'ss'", "U&'\\00df'" } },
    { "key: bytea", "bytea", { "'\\x'", "'\\x00'", "'\\x0000'", "'\\x61'", "'\\x41'", "'\\x6100'" } },
    { "key: date", "date", { "'0001-01-01'", "'9999-12-31'", "'2024-02-29'" } },
    { "key: timestamp",
      "timestamp",
      { "'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56.000002'", "'2024-02-29 12:34:56'" } },
    { "key: timestamptz",
      "timestamptz",
      { "'2024-02-29 12:34:56.000001+02'", "'2024-02-29 12:34:56.000001+01'", "'2024-02-29 12:34:56+00'" } },
    { "key: uuid",
      "uuid",
      { "'00000000-0000-0000-0000-000000000000'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        "'ffffffff-ffff-ffff-ffff-ffffffffffff'" } },
    { .name = NULL },
};

#define BINARY_TEXT " CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"

static const struct key mariadb_keys[] = {
    { "key: tinyint", "tinyint", { "-128", "0", "127" } },
    { "key: bigint", "bigint", { "-9223372036854775808", "0", "9223372036854775807", "9223372036854775806" } },
    { "key: bigint unsigned", "bigint unsigned", { "18446744073709551615", "0", "9223372036854775808" } },
    { "key: decimal",
      "decimal(38,10)",
      { "0.0000000001", "-0.0000000001", "9999999999999999999999999999.9999999999",
        "9999999999999999999999999999.9999999998" } },
    { "key: varchar",
      "varchar(100)" BINARY_TEXT,
      { "'a'", "'A'", "'a '", "' a'", "''", "_utf8mb4 x'c3a1'", "_utf8mb4 x'61cc81'", "_utf8mb4 x'f09f9880'",
        "_utf8mb4 x'f09f9881'" } },
    { "key: varbinary", "varbinary(16)", { "x''", "x'00'", "x'0000'", "x'61'", "x'41'", "x'6100'" } },
    { "key: date", "date", { "'0001-01-01'", "'9999-12-31'", "'2024-02-29'" } },
    { "key: datetime",
      "datetime(6)",
      { "'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56.000002'", "'2024-02-29 12:34:56'" } },
    { "key: uuid",
      "uuid",
      { "'00000000-0000-0000-0000-000000000000'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        "'ffffffff-ffff-ffff-ffff-ffffffffffff'" } },
    { .name = NULL },
};

static const struct key sqlite_keys[] = {
    { "key: BIGINT", "BIGINT", { "-9223372036854775807", "0", "9223372036854775807", "9223372036854775806" } },
    { "key: INTEGER", "INTEGER", { "-1", "0", "9223372036854775807" } },
    { "key: DECIMAL TEXT",
      "DECIMAL TEXT(38,10)",
      { "'0.0000000001'", "'-0.0000000001'", "'9999999999999999999999999999.9999999999'",
        "'9999999999999999999999999999.9999999998'" } },
    { "key: TEXT",
      "TEXT",
      { "'a'", "'A'", "'a '", "' a'", "''", "char(225)", "char(97, 769)", "char(128512)", "char(128513)" } },
    { "key: BLOB", "BLOB", { "x''", "x'00'", "x'0000'", "x'61'", "x'41'", "x'6100'" } },
    { "key: DATE TEXT", "DATE TEXT", { "'0001-01-01'", "'9999-12-31'", "'2024-02-29'" } },
    { "key: TIMESTAMP TEXT",
      "TIMESTAMP TEXT",
      { "'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56.000002'", "'2024-02-29 12:34:56.000000'" } },
    { "key: UUID TEXT",
      "UUID TEXT",
      { "'00000000-0000-0000-0000-000000000000'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'" } },
    { .name = NULL },
};

static const struct key *const keys[DIALECTS] = { postgres_keys, mariadb_keys, sqlite_keys };

/* The target holds each note so often. */
static void
expect_notes(const char *table, const char *note, int count)
{
    char expected[16];

    snprintf(expected, sizeof expected, "%d", count);
    expect_one(target.database, expected, "SELECT %s FROM %s WHERE note = '%s'",
               text_of("count(*)", target.party->dialect), table, note);
}

static void
check_key(const struct key *key, const char *name, bool typed)
{
    char from[60], to[60];
    int count = 0, late;

    snprintf(from, sizeof from, "%s_source", name);
    snprintf(to, sizeof to, "%s_target", name);
    struct load load = { source.database, from, target.database, to, "upsert", "key=k", .typed = typed };
    run_sql(source.database, "CREATE TABLE %s (k %s NOT NULL PRIMARY KEY, note varchar(40))", from, key->type);
    while (key->values[count] != NULL)
        count++;
    late = count - 1;
    for (int i = 0; i < late; i++)
        run_sql(source.database, "INSERT INTO %s VALUES (%s, 'first %d')", from, key->values[i], i);

    expect_load(&load, late, late, "first load");
    expect_load(&load, late, 0, "the same rows again");
    run_sql(source.database, "UPDATE %s SET note = 'changed' WHERE k = %s", from, key->values[0]);
    run_sql(source.database, "INSERT INTO %s VALUES (%s, 'new')", from, key->values[late]);
    expect_load(&load, count, 2, "one row changed, one new");

    expect_notes(to, "first 0", 0);
    expect_notes(to, "changed", 1);
    expect_notes(to, "new", 1);
    for (int i = 1; i < late; i++) {
        char note[20];
        snprintf(note, sizeof note, "first %d", i);
        expect_notes(to, note, 1);
    }
}

START_TEST(rows_are_told_apart_by_every_value)
{
    char name[40];

    snprintf(name, sizeof name, "key_%d_plain", _i);
    check_key(&keys[source.party->dialect][_i], name, false);
}
END_TEST

START_TEST(rows_are_told_apart_by_every_value_through_a_process_function)
{
    char name[40];

    snprintf(name, sizeof name, "key_%d_typed", _i);
    check_key(&keys[source.party->dialect][_i], name, true);
}
END_TEST

START_TEST(rows_are_told_apart_by_two_columns)
{
    struct load load = { source.database, "pairs", target.database, "pairs", "upsert", "key=tenant,id" };

    run_sql(source.database,
            "CREATE TABLE pairs (id bigint NOT NULL, note varchar(40), tenant varchar(20) NOT NULL, PRIMARY KEY "
            "(tenant, id))");
    run_sql(source.database, "INSERT INTO pairs VALUES (1, 'one', 'a'), (1, 'two', 'b'), (2, 'three', 'a')");
    expect_load(&load, 3, 3, "first load");
    run_sql(source.database, "UPDATE pairs SET note = 'four' WHERE tenant = 'b'");
    expect_load(&load, 3, 1, "one row changed");
    expect_notes("pairs", "one", 1);
    expect_notes("pairs", "two", 0);
    expect_notes("pairs", "three", 1);
    expect_notes("pairs", "four", 1);
}
END_TEST

void
add_key_tests(Suite *suite)
{
    const struct key *list = keys[source.party->dialect];

    for (int i = 0; list[i].name != NULL; i++) {
        TCase *tests = add_case(suite, list[i].name);
        tcase_add_loop_test(tests, rows_are_told_apart_by_every_value, i, i + 1);
        tcase_add_loop_test(tests, rows_are_told_apart_by_every_value_through_a_process_function, i, i + 1);
    }
    tcase_add_test(add_case(suite, "key: text and integer"), rows_are_told_apart_by_two_columns);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One megabyte and sixteen in one value. What they hold is computed by both servers. */
#include "conformance.h"

#include <stdio.h>

/* Blocks of 13 bytes (0123, e acute, euro, a 4-byte character) and of 7: no buffer's size is a multiple of them. */
static const struct large {
    const char *name;
    long bytes, block;
    const char *types[DIALECTS];
    const char *values[DIALECTS]; /* with the number of blocks */
} larges[] = {
    { "1 MB of text",
      1000000,
      13,
      { "text", "longtext", "TEXT" },
      { "repeat(U&'0123\\00e9\\20ac\\+01f600', %ld) || 'end'",
        "CONCAT(REPEAT(_utf8mb4 x'30313233c3a9e282acf09f9880', %ld), 'end')",
        "replace(hex(zeroblob(%ld)), '00', '0123' || char(233, 8364, 128512)) || 'end'" } },
    { "1 MB of bytes",
      1000000,
      7,
      { "bytea", "longblob", "BLOB" },
      { "decode(repeat('0001ff5c270d0a', %ld), 'hex')", "REPEAT(x'0001ff5c270d0a', %ld)",
        "CAST(replace(hex(zeroblob(%ld)), '00', CAST(x'0001ff5c270d0a' AS TEXT)) AS BLOB)" } },
    { "16 MB of text",
      16000000,
      13,
      { "text", "longtext", "TEXT" },
      { "repeat(U&'0123\\00e9\\20ac\\+01f600', %ld) || 'end'",
        "CONCAT(REPEAT(_utf8mb4 x'30313233c3a9e282acf09f9880', %ld), 'end')",
        "replace(hex(zeroblob(%ld)), '00', '0123' || char(233, 8364, 128512)) || 'end'" } },
    { "16 MB of bytes",
      16000000,
      7,
      { "bytea", "longblob", "BLOB" },
      { "decode(repeat('0001ff5c270d0a', %ld), 'hex')", "REPEAT(x'0001ff5c270d0a', %ld)",
        "CAST(replace(hex(zeroblob(%ld)), '00', CAST(x'0001ff5c270d0a' AS TEXT)) AS BLOB)" } },
};

/* The SQL of the whole value. */
static const char *
value_of(const struct large *large, enum dialect dialect)
{
    static char text[300];

    snprintf(text, sizeof text, large->values[dialect], large->bytes / large->block);
    return text;
}

static void
expect_same_bytes(const struct large *large, const struct side *side, const char *table)
{
    enum dialect dialect = side->party->dialect;
    const char *equal = dialect == MARIADB ? "CAST(payload AS BINARY) = CAST(%s AS BINARY)" : "payload = %s";
    char condition[400];

    snprintf(condition, sizeof condition, equal, value_of(large, dialect));
    expect_one(side->database, "1 same", "SELECT CASE WHEN %s THEN '1 same' ELSE 'different' END%s AS found FROM %s",
               condition, dialect == POSTGRES ? "::text" : "", table);
}

static void
check_large(const struct large *large, const char *table, bool typed)
{
    struct load load = { source.database, table, target.database, table, "upsert", "key=id", .typed = typed };

    run_sql(source.database, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, payload %s)", table,
            large->types[source.party->dialect]);
    run_sql(source.database, "INSERT INTO %s VALUES (1, %s)", table, value_of(large, source.party->dialect));
    expect_same_bytes(large, &source, table);
    expect_load(&load, 1, 1, large->name);
    expect_same_bytes(large, &target, table);
    expect_load(&load, 1, 0, "the same row again");
}

START_TEST(a_large_value_arrives_whole)
{
    char table[40];

    snprintf(table, sizeof table, "large_%d", _i);
    check_large(&larges[_i], table, false);
}
END_TEST

START_TEST(a_large_value_arrives_whole_through_a_process_function)
{
    char table[40];

    snprintf(table, sizeof table, "large_%d_typed", _i);
    check_large(&larges[_i], table, true);
}
END_TEST

void
add_large_tests(Suite *suite)
{
    for (int i = 0; i < (int)(sizeof larges / sizeof larges[0]); i++) {
        TCase *tests = add_case(suite, larges[i].name);
        tcase_set_timeout(tests, 120);
        tcase_add_loop_test(tests, a_large_value_arrives_whole, i, i + 1);
        if (larges[i].bytes <= 1000000)
            tcase_add_loop_test(tests, a_large_value_arrives_whole_through_a_process_function, i, i + 1);
    }
}

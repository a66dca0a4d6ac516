/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite's columns may declare, and what becomes of each value elsewhere. A column there holds anything, so values
 * that are not what the column declares are refused; only INSERT ... SELECT inside one file moves them as they are. */
#include "conformance.h"

#define IN(postgres, mariadb, sqlite) { postgres, mariadb, sqlite }
#define NULL_VALUE { .what = "NULL", .sql = "NULL" }
#define NOWHERE IN(REFUSED, REFUSED, REFUSED)

const struct column sqlite_columns[] = {
    { "BOOLEAN", IN("boolean", "tinyint(1)", "BOOLEAN"), WHOLE, NULL, {
        { NULL, "TRUE", "1", IN("true", NULL, NULL) },
        { NULL, "FALSE", "0", IN("false", NULL, NULL) },
        { "neither true nor false", "2", "2", NOWHERE, REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "INTEGER", IN("bigint", "bigint(20)", "INTEGER"), WHOLE, NULL, {
        { "least", "-9223372036854775807 - 1", "-9223372036854775808" },
        { "greatest", "9223372036854775807", "9223372036854775807" },
        { "not exact as a double", "9007199254740993", "9007199254740993" },
        NULL_VALUE,
        { "a text", "'twelve'", "stored as text", NOWHERE, REFUSED },
        { "a fraction", "1.5", "stored as real", NOWHERE, REFUSED },
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "BIGINT", IN("bigint", "bigint(20)", "BIGINT"), WHOLE, NULL, {
        { NULL, "-1", "-1" },
        NULL_VALUE,
    } },
    { "TINYINT", IN("bigint", "bigint(20)", "TINYINT"), WHOLE, NULL, {
        { "more than eight bits", "5000000000", "5000000000" },
        NULL_VALUE,
    } },
    { "REAL", IN("double precision", "double", "REAL"), DOUBLE, NULL, {
        { NULL, "0.1", "0.1" },
        { "17 digits", "0.1 + 0.2", "0.30000000000000004" },
        { "greatest", "1.7976931348623157e308", "1.7976931348623157e308" },
        { "least normal", "2.2250738585072014e-308", "2.2250738585072014e-308" },
        { "whole", "3", "3" },
        { "infinity", "9e999", "Infinity", IN(NULL, REFUSED, NULL) },
        { "-infinity", "-9e999", "-Infinity", IN(NULL, REFUSED, NULL) },
        { "a text", "'twelve'", "stored as text", NOWHERE, REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "DOUBLE", IN("double precision", "double", "DOUBLE"), DOUBLE, NULL, {
        { "least denormal", "5e-324", "5e-324" },
        NULL_VALUE,
    } },
    { "DECIMAL(10,2)", IN("numeric(10,2)", "decimal(10,2)", "DECIMAL(10,2)"), WORDS, "CAST(payload AS TEXT)", {
        { "kept as a double", "1.5", "1.5", IN("1.50", "1.50", NULL) },
        { "kept as an integer", "12", "12", IN("12.00", "12.00", NULL) },
        { NULL, "99999999.99", "99999999.99" },
        { "three digits behind the point", "0.125", "0.125", IN(REFUSED, REFUSED, NULL), REFUSED },
        { "a text", "'twelve'", "twelve", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "12", NOWHERE, REFUSED },
    } },
    { "DECIMAL TEXT(38,10)", IN("numeric(38,10)", "decimal(38,10)", "DECIMAL TEXT(38,10)"), WORDS, NULL, {
        { "38 digits", "'9999999999999999999999999999.9999999999'", "9999999999999999999999999999.9999999999" },
        { "one unit, negative", "'-0.0000000001'", "-0.0000000001" },
        { "39 digits", "'99999999999999999999999999999.9999999999'", "99999999999999999999999999999.9999999999",
          IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "NUMERIC TEXT", IN("numeric", "decimal(65,30)", "NUMERIC TEXT"), WORDS, NULL, {
        { NULL, "'123456789012345678901234567890.5'", "123456789012345678901234567890.5",
          IN(NULL, "123456789012345678901234567890.500000000000000000000000000000", NULL) },
        { "NaN", "'NaN'", "NaN", IN(NULL, REFUSED, NULL) },
        { "infinity", "'Infinity'", "Infinity", IN(NULL, REFUSED, NULL) },
        { "a word", "'twelve'", "twelve", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "DATE TEXT", IN("date", "date", "DATE TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29'", "2024-02-29" },
        { NULL, "'0001-01-01'", "0001-01-01" },
        { NULL, "'9999-12-31'", "9999-12-31" },
        { "no such day", "'2023-02-29'", "2023-02-29", IN(REFUSED, REFUSED, NULL), REFUSED },
        { "another form", "'29.02.2024'", "29.02.2024", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "DATE", IN("date", "date", "DATE"), WORDS, NULL, {
        { NULL, "'2024-02-29'", "2024-02-29" },
        NULL_VALUE,
    } },
    { "TIME TEXT", IN("time(6) without time zone", "time(6)", "TIME TEXT"), WORDS, NULL, {
        { NULL, "'12:34:56.123456'", "12:34:56.123456" },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "DATETIME", IN("timestamp(6) without time zone", "datetime(6)", "DATETIME"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456" },
        { "with T", "'2024-02-29T12:34:56.123456'", "2024-02-29T12:34:56.123456",
          IN("2024-02-29 12:34:56.123456", "2024-02-29 12:34:56.123456", NULL), "2024-02-29 12:34:56.123456" },
        NULL_VALUE,
    } },
    { "TIMESTAMP TEXT", IN("timestamp(6) without time zone", "datetime(6)", "TIMESTAMP TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456" },
        { "first of year 1", "'0001-01-01 00:00:00.000001'", "0001-01-01 00:00:00.000001" },
        { "last of year 9999", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999" },
        { "nanoseconds", "'2024-02-29 12:34:56.123456789'", "2024-02-29 12:34:56.123456789", IN(REFUSED, REFUSED, NULL),
          REFUSED },
        { "no time at all", "'yesterday, about noon'", "yesterday, about noon", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "TIMESTAMPTZ TEXT", IN("timestamp(6) with time zone", "datetime(6)", "TIMESTAMPTZ TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456+00:00'", "2024-02-29 12:34:56.123456+00:00",
          IN("2024-02-29 12:34:56.123456+00", "2024-02-29 12:34:56.123456", NULL) },
        { "another zone", "'2024-02-29 12:34:56.123456+05:30'", "2024-02-29 12:34:56.123456+05:30",
          IN("2024-02-29 07:04:56.123456+00", "2024-02-29 07:04:56.123456", NULL), "2024-02-29 07:04:56.123456+00:00" },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "TEXT", IN("text", "longtext", "TEXT"), CHARACTERS, NULL, {
        { "empty", "''", "" },
        { "blanks", "'  a  '", "  a  " },
        { "4-byte UTF-8", "char(128512, 1114111)", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf" },
        { "line ends, tab, backslash, quotes", "char(13,10,9,92,78,92,46,39,34,96)", "\r\n\t\\N\\.'\"`" },
        { "NUL among others", "'a' || char(0) || 'b'", "hex:610062", IN(REFUSED, NULL, NULL) },
        { "no UTF-8", "CAST(x'ff61' AS TEXT)", "hex:ff61", NOWHERE, REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "hex:stored as blob", NOWHERE, REFUSED },
    } },
    { "VARCHAR(3)", IN("text", "longtext", "VARCHAR(3)"), CHARACTERS, NULL, {
        { "more than it declares", "'abcdef'", "abcdef" },
        NULL_VALUE,
    } },
    /* Without a type: whatever it holds is read as text. */
    { "", IN("text", "longtext", "TEXT"), CHARACTERS,
      "CASE WHEN payload IS NOT NULL THEN lower(hex(typeof(payload) || ' ' || payload)) END", {
        { "a text", "'abc'", "text abc", IN("abc", "abc", NULL), NULL },
        { "an integer", "9007199254740993", "integer 9007199254740993",
          IN("9007199254740993", "9007199254740993", "text 9007199254740993"), NULL, "text 9007199254740993" },
        { "a fraction", "0.1", "real 0.1",
          IN("0.10000000000000000555", "0.10000000000000000555", "text 0.10000000000000000555"),
          NULL, "text 0.1" },
        { "a blob", "x'6162'", "blob ab", NOWHERE, REFUSED },
        NULL_VALUE,
    } },
    { "BLOB", IN("bytea", "longblob", "BLOB"), BYTES, NULL, {
        { "NUL among others", "x'00ff0061007f80'", "00ff0061007f80" },
        { "empty", "x''", "" },
        { "backslash and quotes", "x'5c272260'", "5c272260" },
        { "a text", "'twelve'", "stored as text", NOWHERE, REFUSED },
        { "an integer", "12345", "stored as integer", NOWHERE, REFUSED },
        NULL_VALUE,
    } },
    { "UUID TEXT", IN("uuid", "uuid", "UUID TEXT"), WORDS, NULL, {
        { NULL, "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
        { "too short", "'a0eebc99-9c0b-4ef8'", "a0eebc99-9c0b-4ef8", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
        { "a blob", "x'3132'", "stored as blob", NOWHERE, REFUSED },
    } },
    { "JSON TEXT", IN("json", "longtext", "JSON TEXT"), CHARACTERS, NULL, {
        { "as written", "'{\"b\" : 1.0,  \"a\":[null]}'", "{\"b\" : 1.0,  \"a\":[null]}" },
        { "no JSON", "'{\"b\" : twelve'", "{\"b\" : twelve", IN(REFUSED, NULL, NULL) },
        NULL_VALUE,
        { "a blob", "x'3132'", "hex:stored as blob", NOWHERE, REFUSED },
    } },
    { .type = NULL },
};

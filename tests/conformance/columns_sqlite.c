/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite's columns may declare, and what becomes of each value elsewhere. A column there holds anything, so values
 * that are not what the column declares are refused; only INSERT ... SELECT inside one file moves them as they are. */
#include "conformance.h"

#define IN(postgres, mariadb, sqlite) { postgres, mariadb, sqlite }
#define NULL_VALUE { .what = "NULL", .sql = "NULL" }
#define NOWHERE IN(REFUSED, REFUSED, REFUSED)

const struct column sqlite_columns[] = {
    { "BOOLEAN", IN("boolean", "tinyint(1)", "BOOLEAN"), WHOLE, NULL, {
        { NULL, "TRUE", "1", IN("true", NULL, NULL), NULL },
        { NULL, "FALSE", "0", IN("false", NULL, NULL), NULL },
        { "neither true nor false", "2", "2", NOWHERE, REFUSED },
        NULL_VALUE,
    } },
    { "INTEGER", IN("bigint", "bigint(20)", "INTEGER"), WHOLE, NULL, {
        { "least", "-9223372036854775807 - 1", "-9223372036854775808", { 0 }, NULL },
        { "greatest", "9223372036854775807", "9223372036854775807", { 0 }, NULL },
        { "not exact as a double", "9007199254740993", "9007199254740993", { 0 }, NULL },
        NULL_VALUE,
        { "a text", "'twelve'", "stored as text", NOWHERE, REFUSED },
        { "a fraction", "1.5", "stored as real", NOWHERE, REFUSED },
    } },
    { "BIGINT", IN("bigint", "bigint(20)", "BIGINT"), WHOLE, NULL, {
        { NULL, "-1", "-1", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "TINYINT", IN("bigint", "bigint(20)", "TINYINT"), WHOLE, NULL, {
        { "more than eight bits", "5000000000", "5000000000", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "REAL", IN("double precision", "double", "REAL"), DOUBLE, NULL, {
        { NULL, "0.1", "0.1", { 0 }, NULL },
        { "17 digits", "0.1 + 0.2", "0.30000000000000004", { 0 }, NULL },
        { "greatest", "1.7976931348623157e308", "1.7976931348623157e308", { 0 }, NULL },
        { "least normal", "2.2250738585072014e-308", "2.2250738585072014e-308", { 0 }, NULL },
        { "whole", "3", "3", { 0 }, NULL },
        { "infinity", "9e999", "Infinity", IN(NULL, REFUSED, NULL), NULL },
        { "-infinity", "-9e999", "-Infinity", IN(NULL, REFUSED, NULL), NULL },
        { "a text", "'twelve'", "stored as text", NOWHERE, REFUSED },
        NULL_VALUE,
    } },
    { "DOUBLE", IN("double precision", "double", "DOUBLE"), DOUBLE, NULL, {
        { "least denormal", "5e-324", "5e-324", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "DECIMAL(10,2)", IN("numeric(10,2)", "decimal(10,2)", "DECIMAL(10,2)"), WORDS, "CAST(payload AS TEXT)", {
        { "kept as a double", "1.5", "1.5", IN("1.50", "1.50", NULL), NULL },
        { "kept as an integer", "12", "12", IN("12.00", "12.00", NULL), NULL },
        { NULL, "99999999.99", "99999999.99", { 0 }, NULL },
        { "three digits behind the point", "0.125", "0.125", IN(REFUSED, REFUSED, NULL), REFUSED },
        { "a text", "'twelve'", "twelve", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
    } },
    { "DECIMAL TEXT(38,10)", IN("numeric(38,10)", "decimal(38,10)", "DECIMAL TEXT(38,10)"), WORDS, NULL, {
        { "38 digits", "'9999999999999999999999999999.9999999999'", "9999999999999999999999999999.9999999999", { 0 }, NULL },
        { "one unit, negative", "'-0.0000000001'", "-0.0000000001", { 0 }, NULL },
        { "39 digits", "'99999999999999999999999999999.9999999999'", "99999999999999999999999999999.9999999999",
          IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
    } },
    { "NUMERIC TEXT", IN("numeric", "decimal(65,30)", "NUMERIC TEXT"), WORDS, NULL, {
        { NULL, "'123456789012345678901234567890.5'", "123456789012345678901234567890.5",
          IN(NULL, "123456789012345678901234567890.500000000000000000000000000000", NULL), NULL },
        { "NaN", "'NaN'", "NaN", IN(NULL, REFUSED, NULL), NULL },
        { "infinity", "'Infinity'", "Infinity", IN(NULL, REFUSED, NULL), NULL },
        { "a word", "'twelve'", "twelve", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
    } },
    { "DATE TEXT", IN("date", "date", "DATE TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29'", "2024-02-29", { 0 }, NULL },
        { NULL, "'0001-01-01'", "0001-01-01", { 0 }, NULL },
        { NULL, "'9999-12-31'", "9999-12-31", { 0 }, NULL },
        { "no such day", "'2023-02-29'", "2023-02-29", IN(REFUSED, REFUSED, NULL), REFUSED },
        { "another form", "'29.02.2024'", "29.02.2024", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
    } },
    { "DATE", IN("date", "date", "DATE"), WORDS, NULL, {
        { NULL, "'2024-02-29'", "2024-02-29", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "TIME TEXT", IN("time(6) without time zone", "time(6)", "TIME TEXT"), WORDS, NULL, {
        { NULL, "'12:34:56.123456'", "12:34:56.123456", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "DATETIME", IN("timestamp(6) without time zone", "datetime(6)", "DATETIME"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456", { 0 }, NULL },
        { "with T", "'2024-02-29T12:34:56.123456'", "2024-02-29T12:34:56.123456",
          IN("2024-02-29 12:34:56.123456", "2024-02-29 12:34:56.123456", NULL), "2024-02-29 12:34:56.123456" },
        NULL_VALUE,
    } },
    { "TIMESTAMP TEXT", IN("timestamp(6) without time zone", "datetime(6)", "TIMESTAMP TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456", { 0 }, NULL },
        { "first of year 1", "'0001-01-01 00:00:00.000001'", "0001-01-01 00:00:00.000001", { 0 }, NULL },
        { "last of year 9999", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999", { 0 }, NULL },
        { "nanoseconds", "'2024-02-29 12:34:56.123456789'", "2024-02-29 12:34:56.123456789", IN(REFUSED, REFUSED, NULL),
          REFUSED },
        { "no time at all", "'yesterday, about noon'", "yesterday, about noon", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
    } },
    { "TIMESTAMPTZ TEXT", IN("timestamp(6) with time zone", "datetime(6)", "TIMESTAMPTZ TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456+00:00'", "2024-02-29 12:34:56.123456+00:00",
          IN("2024-02-29 12:34:56.123456+00", "2024-02-29 12:34:56.123456", NULL), NULL },
        { "another zone", "'2024-02-29 12:34:56.123456+05:30'", "2024-02-29 12:34:56.123456+05:30",
          IN("2024-02-29 07:04:56.123456+00", "2024-02-29 07:04:56.123456", NULL), "2024-02-29 07:04:56.123456+00:00" },
        NULL_VALUE,
    } },
    { "TEXT", IN("text", "longtext", "TEXT"), CHARACTERS, NULL, {
        { "empty", "''", "", { 0 }, NULL },
        { "blanks", "'  a  '", "  a  ", { 0 }, NULL },
        { "4-byte UTF-8", "char(128512, 1114111)", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf", { 0 }, NULL },
        { "line ends, tab, backslash, quotes", "char(13,10,9,92,78,92,46,39,34,96)", "\r\n\t\\N\\.'\"`", { 0 }, NULL },
        { "NUL among others", "'a' || char(0) || 'b'", "hex:610062", IN(REFUSED, NULL, NULL), NULL },
        { "no UTF-8", "CAST(x'ff61' AS TEXT)", "hex:ff61", NOWHERE, REFUSED },
        NULL_VALUE,
    } },
    { "VARCHAR(3)", IN("text", "longtext", "VARCHAR(3)"), CHARACTERS, NULL, {
        { "more than it declares", "'abcdef'", "abcdef", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "", IN("text", "longtext", ""), CHARACTERS, "lower(hex(payload))", {
        { "text", "'abc'", "abc", { 0 }, NULL },
        NULL_VALUE,
    } },
    { "BLOB", IN("bytea", "longblob", "BLOB"), BYTES, NULL, {
        { "NUL among others", "x'00ff0061007f80'", "00ff0061007f80", { 0 }, NULL },
        { "empty", "x''", "", { 0 }, NULL },
        { "backslash and quotes", "x'5c272260'", "5c272260", { 0 }, NULL },
        { "a text", "'twelve'", "stored as text", NOWHERE, REFUSED },
        { "an integer", "12345", "stored as integer", NOWHERE, REFUSED },
        NULL_VALUE,
    } },
    { "UUID TEXT", IN("uuid", "uuid", "UUID TEXT"), WORDS, NULL, {
        { NULL, "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", { 0 }, NULL },
        { "too short", "'a0eebc99-9c0b-4ef8'", "a0eebc99-9c0b-4ef8", IN(REFUSED, REFUSED, NULL), REFUSED },
        NULL_VALUE,
    } },
    { "JSON TEXT", IN("json", "longtext", "JSON TEXT"), CHARACTERS, NULL, {
        { "as written", "'{\"b\" : 1.0,  \"a\":[null]}'", "{\"b\" : 1.0,  \"a\":[null]}", { 0 }, NULL },
        { "no JSON", "'{\"b\" : twelve'", "{\"b\" : twelve", IN(REFUSED, NULL, NULL), NULL },
        NULL_VALUE,
    } },
    { .type = NULL },
};

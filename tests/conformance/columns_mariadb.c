/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB's types, and what becomes of each value elsewhere. */
#include "conformance.h"

#define IN(postgres, mariadb, sqlite) { postgres, mariadb, sqlite }
#define NOWHERE IN(REFUSED, REFUSED, REFUSED)
#define NULL_VALUE { .what = "NULL", .sql = "NULL" }

const struct column mariadb_columns[] = {
    { "tinyint(1)", IN("smallint", "tinyint(1)", "INTEGER"), WHOLE, NULL, {
        { "true", "TRUE", "1" },
        { "false", "FALSE", "0" },
        { "neither true nor false", "-128", "-128" },
        NULL_VALUE,
    } },
    { "tinyint unsigned", IN("smallint", "tinyint(3) unsigned", "INTEGER"), WHOLE, NULL, {
        { "greatest", "255", "255" },
        NULL_VALUE,
    } },
    { "smallint", IN("smallint", "smallint(6)", "INTEGER"), WHOLE, NULL, {
        { "least", "-32768", "-32768" },
        { "greatest", "32767", "32767" },
        NULL_VALUE,
    } },
    { "smallint unsigned", IN("integer", "smallint(5) unsigned", "INTEGER"), WHOLE, NULL, {
        { "greatest", "65535", "65535" },
        NULL_VALUE,
    } },
    { "mediumint", IN("integer", "mediumint(9)", "INTEGER"), WHOLE, NULL, {
        { "least", "-8388608", "-8388608" },
        { "greatest", "8388607", "8388607" },
        NULL_VALUE,
    } },
    { "int", IN("integer", "int(11)", "INTEGER"), WHOLE, NULL, {
        { "least", "-2147483648", "-2147483648" },
        { "greatest", "2147483647", "2147483647" },
        NULL_VALUE,
    } },
    { "int unsigned", IN("bigint", "int(10) unsigned", "BIGINT"), WHOLE, NULL, {
        { "greatest", "4294967295", "4294967295" },
        NULL_VALUE,
    } },
    { "bigint", IN("bigint", "bigint(20)", "BIGINT"), WHOLE, NULL, {
        { "least", "-9223372036854775808", "-9223372036854775808" },
        { "greatest", "9223372036854775807", "9223372036854775807" },
        { "not exact as a double", "9007199254740993", "9007199254740993" },
        NULL_VALUE,
    } },
    { "bigint unsigned", IN("numeric(20,0)", "bigint(20) unsigned", "DECIMAL TEXT(20,0)"), WORDS, NULL, {
        { "greatest", "18446744073709551615", "18446744073709551615" },
        { "2 to the 63", "9223372036854775808", "9223372036854775808" },
        { NULL, "0", "0" },
        NULL_VALUE,
    } },
    { "bit(1)", IN("numeric(20,0)", "bit(1)", "DECIMAL TEXT(20,0)"), WORDS, "CAST(payload + 0 AS CHAR)", {
        { NULL, "b'1'", "1" },
        { NULL, "b'0'", "0" },
        NULL_VALUE,
    } },
    { "bit(64)", IN("numeric(20,0)", "bit(64)", "DECIMAL TEXT(20,0)"), WORDS,
      "CAST(CAST(payload AS UNSIGNED) AS CHAR)", {
        { "all ones", "18446744073709551615", "18446744073709551615" },
        { "a digit's code", "b'110001'", "49" },
        NULL_VALUE,
    } },
    { "year(4)", IN("smallint", "year(4)", "INTEGER"), WHOLE, NULL, {
        { NULL, "2155", "2155" },
        { NULL, "1901", "1901" },
        NULL_VALUE,
    } },
    { "float", IN("real", "float", "DOUBLE"), SINGLE, NULL, {
        { NULL, "0.1", "0.1" },
        { "greatest", "3.4028234663852886e38", "3.4028235e38" },
        { "eight digits", "16777215", "16777215" },
        { "least normal", "1.17549435e-38", "1.17549435e-38" },
        { "zero", "0", "0" },
        NULL_VALUE,
    } },
    { "double", IN("double precision", "double", "DOUBLE"), DOUBLE, NULL, {
        { NULL, "0.1", "0.1" },
        { "17 digits", "0.1e0 + 0.2e0", "0.30000000000000004" },
        { "greatest", "1.7976931348623157e308", "1.7976931348623157e308" },
        { "least normal", "2.2250738585072014e-308", "2.2250738585072014e-308" },
        { "zero", "0", "0" },
        NULL_VALUE,
    } },
    { "decimal(10,2)", IN("numeric(10,2)", "decimal(10,2)", "DECIMAL TEXT(10,2)"), WORDS, NULL, {
        { NULL, "99999999.99", "99999999.99" },
        { NULL, "-0.01", "-0.01" },
        { NULL, "0", "0.00" },
        NULL_VALUE,
    } },
    { "decimal(38,10)", IN("numeric(38,10)", "decimal(38,10)", "DECIMAL TEXT(38,10)"), WORDS, NULL, {
        { "38 digits", "9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999" },
        { "38 digits, negative", "-9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999999",
          { 0 } },
        { "one unit", "0.0000000001", "0.0000000001" },
        NULL_VALUE,
    } },
    { "decimal(65,30)", IN("numeric", "decimal(65,30)", "NUMERIC TEXT"), WORDS, NULL, {
        { "65 digits", "99999999999999999999999999999999999.999999999999999999999999999999",
          "99999999999999999999999999999999999.999999999999999999999999999999" },
        { "one unit", "-0.000000000000000000000000000001", "-0.000000000000000000000000000001" },
        NULL_VALUE,
    } },
    { "decimal(20,0) unsigned", IN("numeric(20,0)", "decimal(20,0) unsigned", "DECIMAL TEXT(20,0)"), WORDS, NULL, {
        { NULL, "18446744073709551616", "18446744073709551616" },
        NULL_VALUE,
    } },
    { "date", IN("date", "date", "DATE TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29'", "2024-02-29" },
        { NULL, "'1969-12-31'", "1969-12-31" },
        { NULL, "'0001-01-01'", "0001-01-01" },
        { NULL, "'9999-12-31'", "9999-12-31" },
        { "year 0", "'0000-01-01'", "0000-01-01", IN(REFUSED, NULL, REFUSED), REFUSED },
        { "zero date", "'0000-00-00'", "0000-00-00", NOWHERE, REFUSED, REFUSED },
        { "no day", "'2024-02-00'", "2024-02-00", NOWHERE, REFUSED, REFUSED },
        NULL_VALUE,
    } },
    { "time(6)", IN("time(6) without time zone", "time(6)", "TIME TEXT"), WORDS, NULL, {
        { NULL, "'12:34:56.123456'", "12:34:56.123456" },
        { NULL, "'00:00:00'", "00:00:00.000000", IN("00:00:00", NULL, NULL) },
        { "negative", "'-00:00:01.000001'", "-00:00:01.000001", IN(REFUSED, NULL, REFUSED) },
        { "838 hours", "'838:59:59.999999'", "838:59:59.999999", IN(REFUSED, NULL, REFUSED) },
        { "-838 hours", "'-838:59:59.999999'", "-838:59:59.999999", IN(REFUSED, NULL, REFUSED) },
        NULL_VALUE,
    } },
    { "time", IN("time(0) without time zone", "time", "TIME TEXT"), WORDS, NULL, {
        { NULL, "'12:34:56'", "12:34:56", IN(NULL, NULL, "12:34:56.000000") },
        NULL_VALUE,
    } },
    { "datetime(6)", IN("timestamp(6) without time zone", "datetime(6)", "TIMESTAMP TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456" },
        { "whole seconds", "'2024-02-29 12:34:56'", "2024-02-29 12:34:56.000000",
          IN("2024-02-29 12:34:56", NULL, NULL) },
        { "one microsecond before 1970", "'1969-12-31 23:59:59.999999'", "1969-12-31 23:59:59.999999" },
        { "first of year 1", "'0001-01-01 00:00:00.000001'", "0001-01-01 00:00:00.000001" },
        { "last of year 9999", "'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999" },
        { "zero date", "'0000-00-00'", "0000-00-00 00:00:00.000000", NOWHERE, REFUSED, REFUSED },
        { "year 0", "'0000-12-31 23:59:59.000001'", "0000-12-31 23:59:59.000001", IN(REFUSED, NULL, REFUSED), REFUSED },
        NULL_VALUE,
    } },
    { "datetime", IN("timestamp(0) without time zone", "datetime", "TIMESTAMP TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56'", "2024-02-29 12:34:56", IN(NULL, NULL, "2024-02-29 12:34:56.000000") },
        NULL_VALUE,
    } },
    { "timestamp(6) NULL", IN("timestamp(6) with time zone", "timestamp(6)", "TIMESTAMPTZ TEXT"), WORDS, NULL, {
        { NULL, "'2024-02-29 12:34:56.123456'", "2024-02-29 12:34:56.123456",
          IN("2024-02-29 12:34:56.123456+00", NULL, "2024-02-29 12:34:56.123456+00:00") },
        { "last instant", "'2038-01-19 03:14:07.999999'", "2038-01-19 03:14:07.999999",
          IN("2038-01-19 03:14:07.999999+00", NULL, "2038-01-19 03:14:07.999999+00:00") },
        NULL_VALUE,
    } },
    { "char(5)", IN("character varying(5)", "char(5)", "TEXT"), CHARACTERS, NULL, {
        { NULL, "'ab'", "ab" },
        { "empty", "''", "" },
        NULL_VALUE,
    } },
    { "varchar(20)", IN("character varying(20)", "varchar(20)", "TEXT"), CHARACTERS, NULL, {
        { "20 characters of 4 bytes", "REPEAT(_utf8mb4 x'f09f9880', 20)",
          "hex:f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880"
          "f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880f09f9880" },
        { "blanks", "' a  '", " a  " },
        { "empty", "''", "" },
        { "NUL among others", "CONCAT('a', CHAR(0), 'b')", "hex:610062", IN(REFUSED, NULL, NULL) },
        NULL_VALUE,
    } },
    { "varchar(20) CHARACTER SET latin1", IN("character varying(20)", "varchar(20)", "TEXT"), CHARACTERS, NULL, {
        { NULL, "CONVERT(_utf8mb4 x'c3a9e282ac' USING latin1)", "\xc3\xa9\xe2\x82\xac" },
        NULL_VALUE,
    } },
    { "text", IN("text", "text", "TEXT"), CHARACTERS, NULL, {
        { "4-byte UTF-8", "CONVERT(x'f09f9880f48fbfbf' USING utf8mb4)", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf" },
        { "line ends, tab, backslash, quotes", "'\\r\\n\\t\\\\N\\\\.''\"`'", "\r\n\t\\N\\.'\"`" },
        { "empty", "''", "" },
        { "one NUL", "CHAR(0)", "hex:00", IN(REFUSED, NULL, NULL) },
        NULL_VALUE,
    } },
    { "longtext", IN("text", "longtext", "TEXT"), CHARACTERS, NULL, {
        { "decomposed", "CONVERT(x'65cc81' USING utf8mb4)", "e\xcc\x81" },
        NULL_VALUE,
    } },
    { "json", IN("text", "longtext", "TEXT"), CHARACTERS, NULL, {
        { "as written", "'{\"b\" : 1.0,  \"a\":[null]}'", "{\"b\" : 1.0,  \"a\":[null]}" },
        NULL_VALUE,
    } },
    { "enum('new','it''s')", IN("text", "enum('new','it''s')", "TEXT"), CHARACTERS, NULL, {
        { NULL, "'it''s'", "it's" },
        NULL_VALUE,
    } },
    { "set('a','b','c')", IN("text", "set('a','b','c')", "TEXT"), CHARACTERS, NULL, {
        { NULL, "'c,a'", "a,c" },
        { "empty", "''", "" },
        NULL_VALUE,
    } },
    { "binary(4)", IN("bytea", "binary(4)", "BLOB"), BYTES, NULL, {
        { "padded", "x'61'", "61000000" },
        { "full", "x'00ff2000'", "00ff2000" },
        NULL_VALUE,
    } },
    { "varbinary(16)", IN("bytea", "varbinary(16)", "BLOB"), BYTES, NULL, {
        { "NUL among others", "x'00ff0061007f80'", "00ff0061007f80" },
        { "empty", "''", "" },
        NULL_VALUE,
    } },
    { "blob", IN("bytea", "blob", "BLOB"), BYTES, NULL, {
        { "backslash and quotes", "x'5c272260'", "5c272260" },
        { "one NUL", "x'00'", "00" },
        { "empty", "''", "" },
        NULL_VALUE,
    } },
    { "longblob", IN("bytea", "longblob", "BLOB"), BYTES, NULL, {
        { NULL, "x'deadbeef00'", "deadbeef00" },
        NULL_VALUE,
    } },
    { "uuid", IN("uuid", "uuid", "UUID TEXT"), WORDS, NULL, {
        { NULL, "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
        { "all ones", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "ffffffff-ffff-ffff-ffff-ffffffffffff" },
        NULL_VALUE,
    } },
    { "inet6", IN("text", "inet6", "TEXT"), WORDS, NULL, {
        { NULL, "'2001:db8::1'", "2001:db8::1" },
        NULL_VALUE,
    } },
    /* The server's bytes: four of the SRID, then well-known binary. */
    { "point", IN("bytea", "point", "BLOB"), BYTES, "LOWER(HEX(payload))", {
        { NULL, "ST_GeomFromText('POINT(1 2)', 4326)", "e61000000101000000000000000000f03f0000000000000040" },
        NULL_VALUE,
    } },
    { .type = NULL },
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers that were made to hurt. */
#include "fixture.h"

#define GRINNING "\xf0\x9f\x98\x80"

static int32_t
quote(const incload__dialect *dialect, const char *name, incload__str *out, incload_error **err)
{
    return dialect->quote(out, "column", name, err);
}

static void
expect_quoted(const incload__dialect *dialect, const char *name, const char *expected)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);

    ck_assert_int_eq(quote(dialect, name, &sql, NULL), INCLOAD_OK);
    expect_sql(&sql, expected);
}

static void
refuse(const incload__dialect *dialect, const char *name, const char *part)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;

    ck_assert_int_eq(quote(dialect, name, &sql, &err), INCLOAD_E_INVALID);
    ck_assert_str_eq(incload__str_text(&sql), "");
    expect_error(&err, INCLOAD_E_INVALID, part);
}

/* `count` times `unit`, in a static buffer. */
static const char *
repeat(const char *unit, int count)
{
    static char buffer[2048];

    buffer[0] = '\0';
    for (int i = 0; i < count; i++)
        strcat(buffer, unit);
    return buffer;
}

static bool
takes(const incload__dialect *dialect, const char *name)
{
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    bool taken = quote(dialect, name, &sql, NULL) == INCLOAD_OK;

    incload__str_free(&sql);
    return taken;
}

START_TEST(closing_quotes_are_doubled)
{
    expect_quoted(&incload__dialect_postgres, "a\"b`c]d", "\"a\"\"b`c]d\"");
    expect_quoted(&incload__dialect_mariadb, "a\"b`c]d", "`a\"b``c]d`");
    expect_quoted(&incload__dialect_sqlite, "a b`c]d", "`a b``c]d`");
    /* Its ODBC driver does not know backticks, and would look for the end of a string that begins between them. */
    expect_quoted(&incload__dialect_sqlite, "a\"b`c]d", "\"a\"\"b`c]d\"");
    expect_quoted(&incload__dialect_sqlite, "d'o", "\"d'o\"");
    expect_quoted(&incload__dialect_sqlite, "why?", "\"why?\"");
    expect_quoted(&incload__dialect_sqlite, "{brace}", "\"{brace}\"");
    expect_quoted(&incload__dialect_sqlserver, "a\"b`c]d[", "[a\"b`c]]d[]");
    expect_quoted(&incload__dialect_ansi, "a\"b`c]d", "\"a\"\"b`c]d\"");
}
END_TEST

START_TEST(no_case_is_folded_and_no_space_is_lost)
{
    expect_quoted(&incload__dialect_postgres, " Select ", "\" Select \"");
    expect_quoted(&incload__dialect_sqlite, "; DROP TABLE x --", "\"; DROP TABLE x --\"");
}
END_TEST

START_TEST(empty_and_invalid_names_are_refused_everywhere)
{
    for (int i = 0; i < DIALECT_COUNT; i++) {
        refuse(all_dialects[i], "", "must not be empty");
        refuse(all_dialects[i], NULL, "must not be empty");
        refuse(all_dialects[i], "a\xc3", "not valid UTF-8");
        refuse(all_dialects[i], "\xed\xa0\x80", "not valid UTF-8");
    }
}
END_TEST

START_TEST(postgres_counts_bytes_up_to_63)
{
    ck_assert(takes(&incload__dialect_postgres, repeat("x", 63)));
    refuse(&incload__dialect_postgres, repeat("x", 64), "63 bytes");
    ck_assert(takes(&incload__dialect_postgres, repeat("\xc3\xa9", 31)));
    refuse(&incload__dialect_postgres, repeat("\xc3\xa9", 32), "63 bytes");
}
END_TEST

START_TEST(mariadb_counts_characters_up_to_64)
{
    ck_assert(takes(&incload__dialect_mariadb, repeat("x", 64)));
    refuse(&incload__dialect_mariadb, repeat("x", 65), "64 characters");
    ck_assert(takes(&incload__dialect_mariadb, repeat("\xc3\xa9", 64)));
    refuse(&incload__dialect_mariadb, repeat("\xc3\xa9", 65), "64 characters");
}
END_TEST

START_TEST(sqlserver_counts_utf16_units_up_to_128)
{
    ck_assert(takes(&incload__dialect_sqlserver, repeat("x", 128)));
    refuse(&incload__dialect_sqlserver, repeat("x", 129), "128 UTF-16 units");
    ck_assert(takes(&incload__dialect_sqlserver, repeat(GRINNING, 64)));
    refuse(&incload__dialect_sqlserver, repeat(GRINNING, 65), "128 UTF-16 units");
}
END_TEST

START_TEST(mariadb_names_have_no_emoji_and_no_trailing_space)
{
    refuse(&incload__dialect_mariadb, "a" GRINNING, "U+FFFF");
    refuse(&incload__dialect_mariadb, "a ", "ends in a space");
    expect_quoted(&incload__dialect_postgres, "a" GRINNING, "\"a" GRINNING "\"");
    expect_quoted(&incload__dialect_sqlite, "a" GRINNING " ", "`a" GRINNING " `");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, closing_quotes_are_doubled);
    tcase_add_test(tests, no_case_is_folded_and_no_space_is_lost);
    tcase_add_test(tests, empty_and_invalid_names_are_refused_everywhere);
    tcase_add_test(tests, postgres_counts_bytes_up_to_63);
    tcase_add_test(tests, mariadb_counts_characters_up_to_64);
    tcase_add_test(tests, sqlserver_counts_utf16_units_up_to_128);
    tcase_add_test(tests, mariadb_names_have_no_emoji_and_no_trailing_space);
}

HARNESS_MAIN("dialect-quote", add_tests)

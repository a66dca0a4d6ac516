/* SPDX-License-Identifier: Apache-2.0 */
/* What the errors of each database mean for a load. */
#include "fixture.h"

#include "base/error.h"

typedef struct {
    const char *sqlstate;
    int64_t native_code;
    int32_t code;
    bool retryable;
} meaning;

static void
expect_meanings(const incload__dialect *dialect, const meaning *meanings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        incload__error_class class = dialect->classify(meanings[i].sqlstate, meanings[i].native_code);

        ck_assert_msg(class.code == meanings[i].code && class.retryable == meanings[i].retryable, "%s: %s/%d is %s, %s",
                      dialect->name, meanings[i].sqlstate, (int)meanings[i].native_code,
                      incload_status_name(class.code), class.retryable ? "retryable" : "final");
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(postgres_errors)
{
    static const meaning meanings[] = {
        { "40001", 0, INCLOAD_E_CONFLICT, true },     { "40P01", 0, INCLOAD_E_CONFLICT, true },
        { "55P03", 0, INCLOAD_E_CONFLICT, true },     { "57P01", 0, INCLOAD_E_CONNECT, true },
        { "57P03", 0, INCLOAD_E_CONNECT, true },      { "08006", 0, INCLOAD_E_CONNECT, true },
        { "53300", 0, INCLOAD_E_CONNECT, true },      { "53100", 0, INCLOAD_E_SQL, true },
        { "57P02", 0, INCLOAD_E_CONNECT, true },      { "57P05", 0, INCLOAD_E_CONNECT, true },
        { "25P03", 0, INCLOAD_E_CONNECT, true },      { "25P04", 0, INCLOAD_E_CONNECT, true },
        { "08000", 0, INCLOAD_E_CONNECT, true },      { "08P01", 0, INCLOAD_E_CONNECT, true },
        { "08007", 0, INCLOAD_E_CONNECT, true },      { "40003", 0, INCLOAD_E_CONFLICT, true },
        { "40002", 0, INCLOAD_E_CONSTRAINT, false },  { "55006", 0, INCLOAD_E_CONFLICT, true },
        { "72000", 0, INCLOAD_E_CONFLICT, true },     { "53200", 0, INCLOAD_E_SQL, true },
        { "58030", 0, INCLOAD_E_SQL, true },          { "58P01", 0, INCLOAD_E_SQL, false },
        { "57P04", 0, INCLOAD_E_NOT_FOUND, false },   { "28000", 0, INCLOAD_E_AUTH, false },
        { "25P02", 0, INCLOAD_E_STATE, false },       { "XX000", 0, INCLOAD_E_SQL, false },
        { "57014", 0, INCLOAD_E_CANCELLED, false },   { "28P01", 0, INCLOAD_E_AUTH, false },
        { "42501", 0, INCLOAD_E_PERMISSION, false },  { "25006", 0, INCLOAD_E_PERMISSION, false },
        { "42P01", 0, INCLOAD_E_NOT_FOUND, false },   { "3D000", 0, INCLOAD_E_NOT_FOUND, false },
        { "42P07", 0, INCLOAD_E_EXISTS, false },      { "23505", 0, INCLOAD_E_CONSTRAINT, false },
        { "22P02", 0, INCLOAD_E_DATA, false },        { "42601", 0, INCLOAD_E_SQL, false },
        { "", 0, INCLOAD_E_SQL, false },              { NULL, 0, INCLOAD_E_SQL, false },
    };

    expect_meanings(&incload__dialect_postgres, meanings, COUNT(meanings));
}
END_TEST

START_TEST(mariadb_errors_are_told_by_number)
{
    static const meaning meanings[] = {
        { "40001", 1213, INCLOAD_E_CONFLICT, true },   { "HY000", 1205, INCLOAD_E_CONFLICT, true },
        { "HY000", 1615, INCLOAD_E_CONFLICT, true },   { "HY018", 1969, INCLOAD_E_TIMEOUT, true },
        { "HY018", 1317, INCLOAD_E_CANCELLED, false }, { "HY000", 2002, INCLOAD_E_CONNECT, true },
        { "08S01", 2013, INCLOAD_E_CONNECT, true },    { "08003", 0, INCLOAD_E_CONNECT, true },
        { "28000", 1045, INCLOAD_E_AUTH, false },      { "42000", 1142, INCLOAD_E_PERMISSION, false },
        { "42S02", 1146, INCLOAD_E_NOT_FOUND, false }, { "42S01", 1050, INCLOAD_E_EXISTS, false },
        { "23000", 1062, INCLOAD_E_CONSTRAINT, false }, { "22003", 1264, INCLOAD_E_DATA, false },
        { "22001", 1406, INCLOAD_E_DATA, false },      { "42000", 1064, INCLOAD_E_SQL, false },
        { "70100", 1927, INCLOAD_E_CONNECT, true },    { "08004", 1040, INCLOAD_E_CONNECT, true },
        { "42000", 1203, INCLOAD_E_CONNECT, true },    { "42000", 1226, INCLOAD_E_CONNECT, true },
        { "08S01", 1053, INCLOAD_E_CONNECT, true },    { "HY000", 2006, INCLOAD_E_CONNECT, true },
        { "08S01", 1047, INCLOAD_E_CONNECT, true },    { "08S01", 1158, INCLOAD_E_CONNECT, true },
        { "HY000", 2026, INCLOAD_E_CONNECT, false },   { "HY000", 1130, INCLOAD_E_AUTH, false },
        { "HY000", 1223, INCLOAD_E_CONFLICT, true },   { "HY000", 1020, INCLOAD_E_CONFLICT, true },
        { "HY000", 1114, INCLOAD_E_SQL, true },        { "HY000", 1021, INCLOAD_E_SQL, true },
        { "HY001", 1037, INCLOAD_E_SQL, true },        { "HY000", 1290, INCLOAD_E_PERMISSION, false },
    };

    expect_meanings(&incload__dialect_mariadb, meanings, COUNT(meanings));
}
END_TEST

START_TEST(sqlite_errors_are_told_by_number_with_extended_codes)
{
    static const meaning meanings[] = {
        { "HY000", 5, INCLOAD_E_CONFLICT, true },       { "HY000", 517, INCLOAD_E_CONFLICT, true },
        { "HY000", 6, INCLOAD_E_CONFLICT, true },       { "HY000", 9, INCLOAD_E_CANCELLED, false },
        { "HY000", 19, INCLOAD_E_CONSTRAINT, false },   { "HY000", 2067, INCLOAD_E_CONSTRAINT, false },
        { "HY000", 13, INCLOAD_E_SQL, true },           { "HY000", 14, INCLOAD_E_CONNECT, false },
        { "HY000", 8, INCLOAD_E_PERMISSION, false },    { "HY000", 1, INCLOAD_E_SQL, false },
        { "HY000", 10, INCLOAD_E_SQL, true },           { "HY000", 778, INCLOAD_E_SQL, true },
        { "HY000", 262, INCLOAD_E_CONFLICT, true },     { "HY000", 15, INCLOAD_E_CONFLICT, true },
        { "HY000", 11, INCLOAD_E_SQL, false },          { "HY000", 7, INCLOAD_E_NO_MEMORY, false },
        { "08S01", 0, INCLOAD_E_CONNECT, true },
    };

    expect_meanings(&incload__dialect_sqlite, meanings, COUNT(meanings));
}
END_TEST

START_TEST(sqlserver_and_unknown_errors)
{
    static const meaning sqlserver[] = {
        { "40001", 1205, INCLOAD_E_CONFLICT, true },    { "HY000", 1222, INCLOAD_E_CONFLICT, true },
        { "23000", 2627, INCLOAD_E_CONSTRAINT, false }, { "42S02", 208, INCLOAD_E_NOT_FOUND, false },
        { "28000", 18456, INCLOAD_E_AUTH, false },      { "42000", 8152, INCLOAD_E_DATA, false },
    };
    static const meaning ansi[] = {
        { "HYT00", 0, INCLOAD_E_TIMEOUT, true },        { "08001", 0, INCLOAD_E_CONNECT, true },
        { "40001", 0, INCLOAD_E_CONFLICT, true },       { "23000", 7, INCLOAD_E_CONSTRAINT, false },
        { "HYC00", 0, INCLOAD_E_UNSUPPORTED, false },   { "HY008", 0, INCLOAD_E_CANCELLED, false },
        { "99999", 5, INCLOAD_E_SQL, false },
    };

    expect_meanings(&incload__dialect_sqlserver, sqlserver, COUNT(sqlserver));
    expect_meanings(&incload__dialect_ansi, ansi, COUNT(ansi));
}
END_TEST

static void
expect_to_last(const incload__dialect *dialect, const char *sqlstate, int64_t native_code)
{
    incload__error_class class = dialect->classify(sqlstate, native_code);

    ck_assert_msg(!class.retryable || incload__status_may_pass(class.code), "%s: %s/%d is retryable, but %s never is",
                  dialect->name, sqlstate, (int)native_code, incload_status_name(class.code));
}

/* A rule that says so of another code would not be heard. */
START_TEST(only_codes_that_may_pass_are_retryable_by_a_rule)
{
    static const incload__dialect *const dialects[] = { &incload__dialect_postgres, &incload__dialect_mariadb,
                                                        &incload__dialect_sqlite, &incload__dialect_sqlserver,
                                                        &incload__dialect_ansi };
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char *const rests[] = { "000", "001", "002", "003", "004", "006", "030", "100", "300", "501",
                                         "P01", "P02", "P03", "P04", "P05", "S01", "S02", "T00", "T01", "C00" };

    for (size_t d = 0; d < COUNT(dialects); d++) {
        for (int64_t number = 0; number < 50000; number++)
            expect_to_last(dialects[d], "HY000", number);
        for (size_t class = 0; class < 36 * 36; class++) {
            for (size_t rest = 0; rest < COUNT(rests); rest++) {
                const char sqlstate[] = { letters[class / 36], letters[class % 36], rests[rest][0],
                                          rests[rest][1],      rests[rest][2],      '\0' };
                expect_to_last(dialects[d], sqlstate, 0);
            }
        }
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, postgres_errors);
    tcase_add_test(tests, mariadb_errors_are_told_by_number);
    tcase_add_test(tests, sqlite_errors_are_told_by_number_with_extended_codes);
    tcase_add_test(tests, sqlserver_and_unknown_errors);
    tcase_add_test(tests, only_codes_that_may_pass_are_retryable_by_a_rule);
}

HARNESS_MAIN("dialect-classify", add_tests)

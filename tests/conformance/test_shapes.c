/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of unusual shapes and names: vacant in them, one column, 200 columns, long names, names full of signs. */
#include "conformance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A growing text. */
struct text {
    char *data;
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
    va_list arguments;
    char *more = NULL;

    va_start(arguments, format);
    int length = vasprintf(&more, format, arguments);
    va_end(arguments);
    ck_assert_int_ge(length, 0);
    text->data = realloc(text->data, text->length + (size_t)length + 1);
    ck_assert_ptr_nonnull(text->data);
    memcpy(text->data + text->length, more, (size_t)length + 1);
    text->length += (size_t)length;
    free(more);
}

static void
add_quoted(struct text *text, enum dialect dialect, const char *name)
{
    char mark = dialect == MARIADB ? '`' : '"';

    add(text, "%c", mark);
    for (; *name != '\0'; name++)
        add(text, *name == mark ? "%c%c" : "%c", *name, mark);
    add(text, "%c", mark);
}

START_TEST(an_empty_table_makes_an_empty_table)
{
    struct load load = { source.database, "vacant", target.database, "vacant", "upsert", "key=id", .typed = _i };

    load.target = _i ? "vacant_typed" : "vacant";
    if (!_i)
        run_sql(source.database, "CREATE TABLE vacant (id bigint NOT NULL PRIMARY KEY, note varchar(40))");
    expect_load(&load, 0, 0, "first load");
    expect_one(target.database, "0", "SELECT %s FROM %s", text_of("count(*)", target.party->dialect), load.target);
    expect_load(&load, 0, 0, "second load");
}
END_TEST

START_TEST(a_table_of_one_column_is_merged)
{
    struct load load = { source.database, "lonely", target.database, "lonely", "upsert", "key=id", .typed = _i };

    load.target = _i ? "lonely_typed" : "lonely";
    if (!_i) {
        run_sql(source.database, "CREATE TABLE lonely (id bigint NOT NULL PRIMARY KEY)");
        run_sql(source.database, "INSERT INTO lonely VALUES (1), (2)");
    }
    expect_load(&load, 2 + _i, 2 + _i, "first load");
    run_sql(source.database, "INSERT INTO lonely VALUES (%d)", 3 + _i);
    expect_load(&load, 3 + _i, 1, "one new row");
    expect_load(&load, 3 + _i, 0, "the same rows again");
    expect_one(target.database, _i ? "10" : "6", "SELECT %s FROM %s", text_of("sum(id)", target.party->dialect),
               load.target);
}
END_TEST

/* ---- 200 columns ---- */

enum { WIDE = 200, WIDE_ROWS = 5 };

static bool
is_text_column(int column)
{
    return column % 3 == 0;
}

static void
make_wide_table(void)
{
    struct text sql = { NULL, 0 };

    add(&sql, "CREATE TABLE wide (id bigint NOT NULL PRIMARY KEY");
    for (int i = 1; i < WIDE; i++)
        add(&sql, ", c%d %s", i, is_text_column(i) ? "varchar(20)" : "bigint");
    add(&sql, ")");
    run_sql(source.database, "%s", sql.data);
    for (int row = 1; row <= WIDE_ROWS; row++) {
        sql.length = 0;
        add(&sql, "INSERT INTO wide VALUES (%d", row);
        for (int i = 1; i < WIDE; i++)
            add(&sql, is_text_column(i) ? ", '%d'" : ", %d", row * 1000 + i);
        add(&sql, ")");
        run_sql(source.database, "%s", sql.data);
    }
    free(sql.data);
}

/* Every cell of the target says in which row and column it belongs. */
static void
expect_wide_table(const char *table)
{
    enum dialect dialect = target.party->dialect;
    struct text sql = { NULL, 0 };

    for (int row = 1; row <= WIDE_ROWS; row++) {
        sql.length = 0;
        add(&sql, "SELECT %s FROM %s WHERE id = %d", text_of("count(*)", dialect), table, row);
        for (int i = 1; i < WIDE; i++)
            add(&sql, is_text_column(i) ? " AND c%d = '%d'" : " AND c%d = %d", i, row * 1000 + i);
        expect_one(target.database, "1", "%s", sql.data);
    }
    free(sql.data);
}

START_TEST(two_hundred_columns_arrive_each_in_its_place)
{
    struct load load = { source.database, "wide", target.database, "wide", "upsert", "key=id", .typed = _i };

    load.target = _i ? "wide_typed" : "wide";
    if (!_i)
        make_wide_table();
    expect_load(&load, WIDE_ROWS, WIDE_ROWS, "first load");
    expect_wide_table(load.target);
    run_sql(source.database, "UPDATE wide SET c199 = 0 WHERE id = 3");
    expect_load(&load, WIDE_ROWS, 1, "the last column of one row changed");
    run_sql(source.database, "UPDATE wide SET c199 = 3199 WHERE id = 3");
    expect_load(&load, WIDE_ROWS, 1, "and back");
    expect_wide_table(load.target);
}
END_TEST

/* ---- names ---- */

/* The longest that PostgreSQL takes: 63 bytes, in letters of one and of more bytes. */
#define LONG_NAME "n23456789_123456789_123456789_123456789_123456789_123456789_123"
#define LONG_UNICODE "\xc3\xbc\xe2\x82\xac_456789_123456789_123456789_123456789_123456789_1234567"

static const struct named {
    const char *name;
    const char *table;       /* as SQL knows it */
    const char *option;      /* the same as the library is told: quoted where a sign would mean something */
    const char *columns[20]; /* the first is the key */
    const char *key;
} named[] = {
    { "names: 63 bytes", LONG_NAME, LONG_NAME, { LONG_NAME, LONG_UNICODE, "x" }, LONG_NAME },
    { "names: 63 bytes of Unicode", LONG_UNICODE, LONG_UNICODE, { LONG_UNICODE, LONG_NAME, "x" }, LONG_UNICODE },
    { "names: reserved words",
      "select",
      "select",
      { "order", "group", "table", "user", "from", "where", "values", "excluded", "t", "s", "n", "key", "rowid",
        "ctid_" },
      "order" },
    { "names: signs",
      "a\"b.c `d`",
      "\"a\"\"b.c `d`\"",
      { "k\"e,y", "it's", "a`b", "semi;colon", "per%cent", "per%s", "que?stion", "dollar$1", "back\\slash", " leading",
        "dot.ted", "[bracket]", "{brace}", "--comment", "/*", "a:b", "Upper Lower", "\xc3\xbcn\xc3\xaf",
        "\xe6\x97\xa5\xe6\x9c\xac" },
      "\"k\"\"e,y\"" },
};

static void
make_named_table(const struct named *it, enum dialect dialect)
{
    struct text sql = { NULL, 0 };

    add(&sql, "CREATE TABLE ");
    add_quoted(&sql, dialect, it->table);
    for (int i = 0; it->columns[i] != NULL; i++) {
        add(&sql, i == 0 ? " (" : ", ");
        add_quoted(&sql, dialect, it->columns[i]);
        add(&sql, i == 0 ? " bigint NOT NULL PRIMARY KEY" : " bigint");
    }
    add(&sql, ")");
    run_sql(source.database, "%s", sql.data);
    free(sql.data);
}

static void
add_named_row(const struct named *it, enum dialect dialect, int row)
{
    struct text sql = { NULL, 0 };

    add(&sql, "INSERT INTO ");
    add_quoted(&sql, dialect, it->table);
    for (int i = 0; it->columns[i] != NULL; i++)
        add(&sql, i == 0 ? " VALUES (%d" : ", %d", row * 100 + i);
    add(&sql, ")");
    run_sql(source.database, "%s", sql.data);
    free(sql.data);
}

static void
expect_named_row(const struct named *it, enum dialect dialect, int row)
{
    struct text sql = { NULL, 0 };

    add(&sql, "SELECT %s FROM ", text_of("count(*)", dialect));
    add_quoted(&sql, dialect, it->table);
    for (int i = 0; it->columns[i] != NULL; i++) {
        add(&sql, i == 0 ? " WHERE " : " AND ");
        add_quoted(&sql, dialect, it->columns[i]);
        add(&sql, " = %d", row * 100 + i);
    }
    expect_one(target.database, "1", "%s", sql.data);
    free(sql.data);
}

static void
drop_named_table(const struct named *it)
{
    struct text sql = { NULL, 0 };

    add(&sql, "DROP TABLE ");
    add_quoted(&sql, target.party->dialect, it->table);
    run_sql(target.database, "%s", sql.data);
    free(sql.data);
}

START_TEST(names_mean_themselves)
{
    const struct named *it = &named[_i];
    char options[300];
    struct load load = { source.database, it->option, target.database, it->option, "upsert", options, .typed = false };

    snprintf(options, sizeof options, "key='%s'", it->key);
    if (strchr(it->key, '\'') != NULL)
        ck_abort_msg("a key of this test must hold no single quote");
    make_named_table(it, source.party->dialect);
    for (int typed = 0; typed <= 1; typed++) {
        load.typed = typed;
        if (!typed) {
            add_named_row(it, source.party->dialect, 1);
            add_named_row(it, source.party->dialect, 2);
        } else {
            drop_named_table(it);
        }
        expect_load(&load, 2 + typed, 2 + typed, "first load");
        add_named_row(it, source.party->dialect, 3 + typed);
        expect_load(&load, 3 + typed, 1, "one new row");
        for (int row = 1; row <= 3 + typed; row++)
            expect_named_row(it, target.party->dialect, row);
    }
}
END_TEST

/* PostgreSQL tells "id" from "Id". A target that does not must not get one column's values for the other's. */
START_TEST(columns_that_differ_in_case_stay_apart_or_are_refused)
{
    struct load load = { source.database, "cases", target.database, "cases", "upsert", "key=id" };

    run_sql(source.database, "CREATE TABLE cases (id bigint NOT NULL PRIMARY KEY, note bigint, \"NOTE\" bigint)");
    run_sql(source.database, "INSERT INTO cases VALUES (1, 2, 3)");
    if (target.party->dialect == POSTGRES) {
        expect_load(&load, 1, 1, "first load");
        expect_one(target.database, "2 3", "SELECT note || ' ' || \"NOTE\" FROM cases");
        return;
    }
    struct outcome out = run_load(&load);
    ck_assert_msg(out.code != INCLOAD_OK, "was loaded, expected a refusal");
    ck_assert_msg(strstr(out.words, "NOTE") != NULL || strstr(out.words, "note") != NULL,
                  "the message names no column: %s", out.words);
}
END_TEST

void
add_shape_tests(Suite *suite)
{
    TCase *tests = add_case(suite, "shapes");

    tcase_add_loop_test(tests, an_empty_table_makes_an_empty_table, 0, 2);
    tcase_add_loop_test(tests, a_table_of_one_column_is_merged, 0, 2);
    tcase_add_loop_test(tests, two_hundred_columns_arrive_each_in_its_place, 0, 2);
    for (int i = 0; i < (int)(sizeof named / sizeof named[0]); i++)
        tcase_add_loop_test(add_case(suite, named[i].name), names_mean_themselves, i, i + 1);
    if (source.party->dialect == POSTGRES)
        tcase_add_test(tests, columns_that_differ_in_case_stay_apart_or_are_refused);
}

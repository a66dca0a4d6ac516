/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of the source: each value arrives equal, or the load refuses it and leaves nothing behind; and a second
 * load of the same rows writes none. The expectations are in columns_*.c. */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In every refused row, and in no message. */
#define CANARY "canary-5e9c2"

/* How rows get from one table to the other. */
enum way { FIXTURE, PLAIN, TYPED, BY_QUERY, SAME_DATABASE, WAYS };

static const char *const way_names[WAYS] = { "the source itself", "plain", "typed", "by query", "same database" };

struct table_names {
    char source[80], target[80];
    char query[200];
};

const struct column *
columns_of(enum dialect dialect)
{
    static const struct column *const tables[DIALECTS] = { postgres_columns, mariadb_columns, sqlite_columns };

    return tables[dialect];
}

/* What `value` must be in the target, as the target shows it; REFUSED. */
const char *
outcome_of(const struct value *value, enum dialect from, enum dialect to, bool typed)
{
    if (typed && from == to && value->typed != NULL)
        return value->typed;
    return value->in[to] != NULL ? value->in[to] : value->text;
}

static bool
is_refused(const char *outcome)
{
    return outcome != NULL && strcmp(outcome, REFUSED) == 0;
}

static const char *
expected_by(const struct value *value, enum way way)
{
    if (way == FIXTURE)
        return value->text;
    if (way == SAME_DATABASE)
        return value->inside != NULL ? value->inside : value->text;
    /* Drivers know less of a query's columns than the catalog knows of a table's: there, values travel typed. */
    return outcome_of(value, source.party->dialect, target.party->dialect, way != PLAIN);
}

static const char *
name_of(const struct value *value)
{
    return value->what != NULL ? value->what : value->sql;
}

static size_t
length_without_zeros(const char *text)
{
    size_t length = strlen(text);

    if (strchr(text, '.') == NULL)
        return length;
    while (text[length - 1] == '0')
        length--;
    return text[length - 1] == '.' ? length - 1 : length;
}

/* A query's column may have another scale than the table's. */
static bool
same_decimal(const char *a, const char *b)
{
    size_t length = length_without_zeros(a);

    return strspn(a, "-.0123456789") == strlen(a) && length == length_without_zeros(b) && memcmp(a, b, length) == 0;
}

/* Whether the target shows what is expected. */
static bool
is_expected(const struct column *column, const struct value *value, enum way way, const char *found)
{
    char *expected = as_shown(column->shown, expected_by(value, way)),
         *plain = as_shown(column->shown, expected_by(value, PLAIN));
    bool same = same_shown(column->shown, expected, found);

    if (!same && way == BY_QUERY && found != NULL && expected != NULL)
        same = same_shown(column->shown, plain, found) || same_decimal(expected, found);
    free(expected);
    free(plain);
    return same;
}

/* Before every message: which pair, type and way. */
static const char *
context(const struct column *column, enum way way)
{
    static char text[300];

    snprintf(text, sizeof text, "%s to %s, type %s, %s", source.party->name, target.party->name, column->type,
             way_names[way]);
    return text;
}

static struct load
load_of(const struct table_names *tables, enum way way)
{
    return (struct load){ .from = source.database,
                          .source = way == BY_QUERY ? tables->query : tables->source,
                          .to = way == SAME_DATABASE ? beside_source : target.database,
                          .target = tables->target,
                          .preset = "upsert",
                          .options = "key=id",
                          .query = way == BY_QUERY,
                          .typed = way == TYPED };
}

/* The expression that shows the column where a server of this dialect holds it. */
static const char *
show_column(const struct column *column, enum dialect dialect)
{
    if (dialect == source.party->dialect && column->own != NULL)
        return column->own;
    return show(column->shown, dialect);
}

/* ---- tables ---- */

static void
make_source_table(const struct column *column, const char *table)
{
    run_sql(source.database, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, payload %s, canary varchar(40))", table,
            column->type);
}

static void
add_source_row(const struct value *value, const char *table, int id)
{
    /* MariaDB takes dates that are none when it is not strict, and has them then for good. */
    const char *loosely = source.party->dialect == MARIADB ? "SET STATEMENT sql_mode = '' FOR " : "";

    run_sql(source.database, "%sINSERT INTO %s VALUES (%d, %s, '%s')", loosely, table, id, value->sql, CANARY);
}

/* All values that arrive by this way, with ids from 1 in the order of the column's table. */
static int
fill_source(const struct column *column, const char *table, enum way way)
{
    int count = 0;

    for (int i = 0; column->values[i].sql != NULL; i++) {
        if (is_refused(expected_by(&column->values[i], way)))
            continue;
        add_source_row(&column->values[i], table, i + 1);
        count++;
    }
    return count;
}

/* ---- checks ---- */

static void
check_row(const struct column *column, const struct rows *rows, int index, enum way way)
{
    const struct value *value = &column->values[index];
    char *expected = as_shown(column->shown, expected_by(value, way));
    const char *found = "no row";
    char id[16];

    snprintf(id, sizeof id, "%d", index + 1);
    for (int64_t row = 0; row < rows->count; row++) {
        if (strcmp(cell(rows, row, 0), id) == 0)
            found = cell(rows, row, 1);
    }
    ck_assert_msg(is_expected(column, value, way, found), "%s, value '%s': expected %s, found %s", context(column, way),
                  name_of(value), expected != NULL ? expected : "NULL", found != NULL ? found : "NULL");
    free(expected);
}

static void
check_target(const struct column *column, const struct load *load, enum way way, int count)
{
    enum dialect dialect = target.party->dialect;
    struct rows rows = read_rows(load->to, "SELECT %s AS id, %s AS payload FROM %s", text_of("id", dialect),
                                 show_column(column, dialect), load->target);

    ck_assert_msg(rows.count == count, "%s: %lld rows in the target, expected %d", context(column, way),
                  (long long)rows.count, count);
    for (int i = 0; column->values[i].sql != NULL; i++) {
        if (!is_refused(expected_by(&column->values[i], way)))
            check_row(column, &rows, i, way);
    }
    free_rows(&rows);
}

static void
check_made_type(const struct column *column, const struct load *load, enum way way)
{
    static const char *const queries[DIALECTS] = {
        "SELECT format_type(atttypid, atttypmod)::text FROM pg_attribute WHERE attrelid = '%s'::regclass AND attname = "
        "'payload'",
        "SELECT CAST(COLUMN_TYPE AS CHAR) AS made FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND "
        "TABLE_NAME = '%s' AND COLUMN_NAME = 'payload'",
        "SELECT type || '' AS made FROM pragma_table_info('%s') WHERE name = 'payload'",
    };
    const char *expected = column->made[target.party->dialect];
    char query[400];

    snprintf(query, sizeof query, queries[target.party->dialect], load->target);
    char *found = read_one(load->to, "%s", query);
    ck_assert_msg(found != NULL && strcmp(found, expected) == 0, "%s: the target's column was made as %s, expected %s",
                  context(column, way), found != NULL ? found : "NULL", expected);
    free(found);
}

static struct table_names
names_for(int column, const char *purpose, enum way way)
{
    struct table_names names;

    snprintf(names.source, sizeof names.source, "s%02d_%s_%d", column, purpose, (int)way);
    snprintf(names.target, sizeof names.target, "t%02d_%s_%d", column, purpose, (int)way);
    snprintf(names.query, sizeof names.query, "SELECT id, payload, canary FROM %s", names.source);
    return names;
}

static void
check_way(int index, enum way way)
{
    const struct column *column = &columns_of(source.party->dialect)[index];
    struct table_names tables = names_for(index, "good", way);
    struct load load = load_of(&tables, way);
    char why[400];

    make_source_table(column, tables.source);
    int count = fill_source(column, tables.source, way);
    snprintf(why, sizeof why, "%s", context(column, way));
    /* SQLite itself turns a float into text with 15 digits there, which is not the same value. */
    load.not_proved = way == SAME_DATABASE && column->type[0] == '\0';
    expect_load(&load, count, count, why);
    if (way != BY_QUERY) /* what drivers know of a query's columns is less */
        check_made_type(column, &load, way);
    check_target(column, &load, way, count);
    snprintf(why, sizeof why, "%s, second load of the same rows", context(column, way));
    expect_load(&load, count, 0, why);
    check_target(column, &load, way, count);
}

/* ---- the fixture itself ---- */

START_TEST(the_source_shows_what_the_table_says)
{
    enum dialect dialect = source.party->dialect;
    const struct column *column = &columns_of(dialect)[_i];
    struct table_names tables = names_for(_i, "fixture", FIXTURE);

    make_source_table(column, tables.source);
    for (int i = 0; column->values[i].sql != NULL; i++)
        add_source_row(&column->values[i], tables.source, i + 1);
    struct rows rows = read_rows(source.database, "SELECT %s AS id, %s AS payload FROM %s", text_of("id", dialect),
                                 show_column(column, dialect), tables.source);
    for (int i = 0; column->values[i].sql != NULL; i++)
        check_row(column, &rows, i, FIXTURE);
    free_rows(&rows);
}
END_TEST

/* ---- arrives ---- */

START_TEST(values_arrive_equal)
{
    check_way(_i, PLAIN);
}
END_TEST

START_TEST(values_arrive_equal_through_a_process_function)
{
    check_way(_i, TYPED);
}
END_TEST

START_TEST(values_arrive_equal_by_query)
{
    check_way(_i, BY_QUERY);
}
END_TEST

START_TEST(values_arrive_equal_inside_one_database)
{
    check_way(_i, SAME_DATABASE);
}
END_TEST

/* ---- refused ---- */

/* Words that say what kind of value is refused are no row data. */
static bool
is_telling(const char *text)
{
    static const char *const words[] = { "NaN", "Infinity", "-Infinity", "infinity", "-infinity" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text != NULL && strcmp(text, words[i]) == 0)
            return false;
    }
    return text != NULL && strlen(text) >= 3 && strncmp(text, "stored as", 9) != 0;
}

static void
check_refusal(const struct column *column, const struct value *value, const struct load *load, enum way way)
{
    struct outcome out = run_load(load);
    const char *name = name_of(value);

    ck_assert_msg(out.code != INCLOAD_OK, "%s, value '%s': was loaded, expected a refusal", context(column, way), name);
    ck_assert_msg(out.code == INCLOAD_E_DATA || out.code == INCLOAD_E_TYPE, "%s, value '%s': %s, not a refusal: %s",
                  context(column, way), name, incload_status_name(out.code), out.words);
    ck_assert_msg(strstr(out.words, "payload") != NULL, "%s, value '%s': the message names no column: %s",
                  context(column, way), name, out.words);
    ck_assert_msg(strstr(out.words, CANARY) == NULL, "%s, value '%s': the message shows the row: %s",
                  context(column, way), name, out.words);
    ck_assert_msg(!is_telling(value->text) || strstr(out.words, value->text) == NULL,
                  "%s, value '%s': the message shows the value: %s", context(column, way), name, out.words);
    expect_one(load->to, "0", "SELECT %s FROM %s", text_of("count(*)", target.party->dialect), load->target);
}

static void
check_refusals(int index, enum way way)
{
    const struct column *column = &columns_of(source.party->dialect)[index];
    struct table_names tables = names_for(index, "bad", way);
    struct load load = load_of(&tables, way);
    char why[400];

    make_source_table(column, tables.source);
    snprintf(why, sizeof why, "%s, empty table", context(column, way));
    expect_load(&load, 0, 0, why);
    for (int i = 0; column->values[i].sql != NULL; i++) {
        if (!is_refused(expected_by(&column->values[i], way)))
            continue;
        run_sql(source.database, "DELETE FROM %s", tables.source);
        add_source_row(&column->values[i], tables.source, 1);
        check_refusal(column, &column->values[i], &load, way);
    }
}

START_TEST(values_without_an_equal_are_refused)
{
    check_refusals(_i, PLAIN);
}
END_TEST

START_TEST(values_without_an_equal_are_refused_through_a_process_function)
{
    check_refusals(_i, TYPED);
}
END_TEST

START_TEST(values_without_an_equal_are_refused_inside_one_database)
{
    check_refusals(_i, SAME_DATABASE);
}
END_TEST

static bool
refuses(const struct column *column, enum way way)
{
    for (int i = 0; column->values[i].sql != NULL; i++) {
        if (is_refused(expected_by(&column->values[i], way)))
            return true;
    }
    return false;
}

static void
add_tests_inside_one_database(TCase *tests, const struct column *column, int index)
{
    tcase_add_loop_test(tests, values_arrive_equal_inside_one_database, index, index + 1);
    if (refuses(column, SAME_DATABASE))
        tcase_add_loop_test(tests, values_without_an_equal_are_refused_inside_one_database, index, index + 1);
}

START_TEST(types_of_the_user_are_made)
{
    run_sql(source.database, "CREATE TYPE mood AS ENUM ('sad', 'happy')");
    run_sql(source.database, "CREATE DOMAIN word AS text CHECK (VALUE <> '')");
}
END_TEST

void
add_type_tests(Suite *suite)
{
    const struct column *columns = columns_of(source.party->dialect);

    if (source.party->dialect == POSTGRES)
        tcase_add_test(add_case(suite, "types of the user"), types_of_the_user_are_made);
    for (int i = 0; columns[i].type != NULL; i++) {
        TCase *tests = add_case(suite, columns[i].type[0] != '\0' ? columns[i].type : "no type");
        tcase_add_loop_test(tests, the_source_shows_what_the_table_says, i, i + 1);
        tcase_add_loop_test(tests, values_arrive_equal, i, i + 1);
        tcase_add_loop_test(tests, values_arrive_equal_through_a_process_function, i, i + 1);
        tcase_add_loop_test(tests, values_arrive_equal_by_query, i, i + 1);
        if (source.party->dialect == target.party->dialect)
            add_tests_inside_one_database(tests, &columns[i], i);
        if (refuses(&columns[i], PLAIN))
            tcase_add_loop_test(tests, values_without_an_equal_are_refused, i, i + 1);
        if (refuses(&columns[i], TYPED))
            tcase_add_loop_test(tests, values_without_an_equal_are_refused_through_a_process_function, i, i + 1);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The source's columns change between two loads: what the target becomes, what is refused, and what is told. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* The routes of all tests, and two over psqlODBC. */
enum { EVERY = ROUTES + 2 };

/* A source with `id` and the given columns, each written as all kinds of database understand it. */
static void
remake(const scene *s, const char *columns, const char *values)
{
    sql(s->from, "DROP TABLE IF EXISTS %s", s->source);
    sql(s->from, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY%s%s)", s->source, columns[0] != '\0' ? ", " : "",
        columns);
    table_add(s->from, s->source, values);
}

static scene
begin(const char *name, int32_t route, const char *columns, const char *values, const char *options)
{
    scene s;

    if (route < ROUTES) {
        s = scene_begin(name, route, "id:i", "id", options);
    } else {
        s = (scene){ .from = place_open(route == ROUTES ? SQLITE : PG_ODBC, 0), .to = place_open(PG_ODBC, 0) };
        ck_assert_int_gt(asprintf(&s.source, "%s_%d", name, (int)route), 0);
        ck_assert_int_gt(asprintf(&s.target, "%s_copy_%d", name, (int)route), 0);
        table_drop(s.to, s.target);
        s.what = (load){ .from = s.from, .to = s.to, .table = s.source, .target = s.target, .options = options };
    }
    s.what.preset = strstr(options, "cursor=") != NULL ? "timestamp" : "upsert";
    remake(&s, columns, values);
    incload_run_unref(load_ok(&s.what));
    return s;
}

/* Loads, and the changes that it tells hold each of the words; "": there are none. */
static void
evolves(const scene *s, const char *words)
{
    incload_run *run = load_ok(&s->what);
    const char *told = incload_run_schema_changes(run);

    if (words[0] == '\0')
        ck_assert_msg(told[0] == '\0', "%s to %s: %s", kind_names[s->from.kind], kind_names[s->to.kind], told);
    else
        expect_words(told, words);
    incload_run_unref(run);
}

static bool
is_sqlite(const scene *s)
{
    return s->from.kind == SQLITE || s->to.kind == SQLITE;
}

/* ---- new columns ---- */

START_TEST(a_new_column_is_added_and_rows_loaded_before_have_null_in_it)
{
    scene s = begin("added", _i, "at timestamp NULL", "(1, '2024-03-01 10:00:01'), (2, '2024-03-01 10:00:02')",
                    "cursor=at key=id horizon=none");

    sql(s.from, "ALTER TABLE %s ADD COLUMN note varchar(50)", s.source);
    sql(s.from, "ALTER TABLE %s ADD COLUMN size integer DEFAULT 7 NOT NULL", s.source);
    table_add(s.from, s.source, "(3, '2024-03-01 10:00:03', 'x', 5)");
    evolves(&s, "'note'|'size'|new in the source|added|may be NULL though|watermark is reset");
    expect_rows(s.to, s.target, "id:i note:s size:i", "1|NULL|NULL\n2|NULL|7\n3|x|5\n");
    evolves(&s, "");
    scene_end(&s);
}
END_TEST

START_TEST(new_columns_of_a_full_load_fill_all_rows)
{
    scene s = begin("filled", _i, "name varchar(20)", "(1, 'a'), (2, 'b')", "key=id");

    remake(&s, "name varchar(20), amount decimal(10,2), day date", "(1, 'a', 1.25, '2024-03-01'), (2, 'b', NULL, "
                                                                   "NULL)");
    evolves(&s, "'amount'|'day'");
    expect_rows(s.to, s.target, "id:i name:s amount:s day:s", "1|a|1.25|2024-03-01\n2|b|NULL|NULL\n");
    evolves(&s, "");
    scene_end(&s);
}
END_TEST

START_TEST(a_new_column_is_added_on_every_road)
{
    static const char *const roads[] = { "same-database", "relay", "batches" };

    for (int32_t i = 0; i < 3; i++) {
        scene s = begin(roads[i][0] == 's' ? "by_same" : roads[i], i == 0 ? PAIRS : 0, "name varchar(20)", "(1, 'a')",
                        "key=id");
        char *options = NULL;
        remake(&s, "name varchar(20), n bigint, note text", "(1, 'a', 5, 'x'), (2, 'b', NULL, 'y')");
        ck_assert_int_gt(asprintf(&options, "key=id road=%s", roads[i]), 0);
        s.what.options = options;
        incload_run *run = load_ok(&s.what);
        ck_assert_str_eq(incload_run_road(run), roads[i]);
        incload_run_unref(run);
        expect_rows(s.to, s.target, "id:i name:s n:i note:s", "1|a|5|x\n2|b|NULL|y\n");
        free(options);
        scene_end(&s);
    }
}
END_TEST

START_TEST(a_new_column_can_be_ignored_and_added_later)
{
    scene s = begin("ignored", _i, "name varchar(20)", "(1, 'a')", "key=id new_columns=ignore");

    remake(&s, "extra varchar(20), name varchar(20)", "(1, 'x', 'a'), (2, 'y', 'b')");
    evolves(&s, "'extra'|left out|new_columns=ignore");
    ck_assert(!table_has_column(s.to, s.target, "extra"));
    expect_rows(s.to, s.target, "id:i name:s", "1|a\n2|b\n");
    s.what.options = "key=id";
    evolves(&s, "'extra'|added");
    expect_rows(s.to, s.target, "id:i name:s extra:s", "1|a|x\n2|b|y\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_new_column_can_be_refused)
{
    scene s = begin("refused", _i, "name varchar(20)", "(1, 'a')", "key=id new_columns=error");

    remake(&s, "name varchar(20), extra varchar(20)", "(1, 'a', 'x'), (2, 'b', 'y')");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'extra'|new in the source|new_columns=evolve|new_columns=ignore");
    ck_assert(!table_has_column(s.to, s.target, "extra"));
    expect_rows(s.to, s.target, "id:i name:s", "1|a\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_column_that_the_target_lost_is_not_taken_for_new)
{
    scene s = begin("lost", _i, "name varchar(20)", "(1, 'a')", "key=id");

    sql(s.to, "ALTER TABLE %s DROP COLUMN name", s.target);
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'name'|earlier loads filled");
    scene_end(&s);
}
END_TEST

/* ---- wider types ---- */

START_TEST(a_wider_type_widens_the_target)
{
    scene s = begin("wider", _i, "n integer, name varchar(5), at date", "(1, 7, 'abcde', '2024-03-01')", "key=id");

    remake(&s,
           s.from.kind == MARIADB ? "n bigint, name varchar(300), at datetime" : "n bigint, name varchar(300), at "
                                                                                 "timestamp",
           "(1, 7, 'abcde', '2024-03-01 00:00:00'), (2, 5000000000, 'abcdefgh', '2024-03-02 01:02:03')");
    /* A SQLite column holds any integer and any text, but no other type's text form. */
    if (s.to.kind == SQLITE) {
        load_fails(&s.what, INCLOAD_E_TYPE, "'at'|in place|widened_types=ignore");
    } else {
        evolves(&s, s.from.kind == SQLITE ? "'at'|after the source" : "'n'|'name'|'at'|after the source");
        expect_rows(s.to, s.target, "id:i n:i name:s at:t",
                    "1|7|abcde|2024-03-01 00:00:00.000000\n2|5000000000|abcdefgh|2024-03-02 01:02:03.000000\n");
        evolves(&s, "");
    }
    scene_end(&s);
}
END_TEST

START_TEST(decimals_widen_to_hold_both)
{
    scene s = begin("decimals", _i, "n decimal(6,4)", "(1, 12.3456)", "key=id");

    remake(&s, "n decimal(12,2)", "(1, 12.34), (2, 9999999999.99)");
    if (s.to.kind == SQLITE) {
        load_fails(&s.what, INCLOAD_E_TYPE, "'n'|in place|widened_types=ignore");
    } else {
        evolves(&s, "'n'|14,4");
        expect_rows(s.to, s.target, "id:i n:s", "1|12.3400\n2|9999999999.9900\n");
        evolves(&s, "");
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_wider_type_can_be_refused)
{
    scene s = begin("not_wider", _i, "n integer", "(1, 7)", "key=id widened_types=error");

    remake(&s, "n bigint", "(1, 7), (2, 8)");
    if (is_sqlite(&s))
        evolves(&s, "");
    else
        load_fails(&s.what, INCLOAD_E_TYPE, "'n'|int|bigint|widened_types=evolve|widened_types=ignore");
    scene_end(&s);
}
END_TEST

START_TEST(a_wider_type_can_be_ignored_until_a_value_does_not_fit)
{
    scene s = begin("kept", _i, "n integer", "(1, 7)", "key=id widened_types=ignore");

    remake(&s, "n bigint", "(1, 7), (2, 8)");
    evolves(&s, is_sqlite(&s) ? "" : "'n'|stays|widened_types=ignore");
    expect_rows(s.to, s.target, "id:i n:i", "1|7\n2|8\n");
    table_add(s.from, s.source, "(3, 5000000000)");
    if (!is_sqlite(&s)) {
        load_fails(&s.what, INCLOAD_E_DATA, "");
        expect_rows(s.to, s.target, "id:i n:i", "1|7\n2|8\n");
    }
    /* It is still known to be narrower. */
    s.what.options = "key=id";
    evolves(&s, is_sqlite(&s) ? "" : "'n'|bigint|after the source");
    expect_rows(s.to, s.target, "id:i n:i", "1|7\n2|8\n3|5000000000\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_wider_column_keeps_the_rest_of_its_definition)
{
    scene s = begin("rest", _i, "n integer, word varchar(5)", "(1, 7, 'a')", "key=id");

    if (s.to.kind == MARIADB) {
        sql(s.to,
            "ALTER TABLE %s MODIFY n int NOT NULL DEFAULT 5 COMMENT 'it''s mine', MODIFY word varchar(5) CHARACTER SET "
            "latin1 DEFAULT 'it''s'",
            s.target);
    } else if (s.to.kind == POSTGRES) {
        sql(s.to, "ALTER TABLE %s ALTER n SET NOT NULL, ALTER n SET DEFAULT 5, ALTER word SET DEFAULT "
                  "'it''s'", s.target);
        sql(s.to, "COMMENT ON COLUMN %s.n IS 'it''s mine'", s.target);
    }
    remake(&s, "n bigint, word varchar(9)", "(1, 5000000000, 'abcdefghi')");
    evolves(&s, is_sqlite(&s) ? "" : "'n'|'word'");
    expect_rows(s.to, s.target, "id:i n:i word:s", "1|5000000000|abcdefghi\n");
    if (s.to.kind == MARIADB)
        expect(s.to, "NO|5|it's mine\nYES|'it''s'|\n",
               "SELECT is_nullable AS a, column_default AS b, column_comment AS c FROM information_schema.columns "
               "WHERE table_schema = DATABASE() AND table_name = '%s' AND column_name <> 'id'",
               s.target);
    if (s.to.kind == POSTGRES)
        expect(s.to, "NO|5|it's mine\n",
               "SELECT is_nullable::text AS a, column_default::text AS b, col_description('%s'::regclass, "
               "ordinal_position) AS c FROM information_schema.columns WHERE table_name = '%s' AND column_name = 'n'",
               s.target, s.target);
    scene_end(&s);
}
END_TEST

/* A number of the source's key that outgrows its type. */
START_TEST(a_key_widens_with_its_index)
{
    scene s = begin("key", _i, "code varchar(4), name varchar(20)", "(1, 'a', 'x')", "key=code");

    sql(s.to, "DROP TABLE %s", s.target);
    sql(s.from, "DROP TABLE %s", s.source);
    sql(s.from, "CREATE TABLE %s (code integer NOT NULL PRIMARY KEY, name varchar(20))", s.source);
    table_add(s.from, s.source, "(1, 'a')");
    s.what.name = "widening key";
    incload_run_unref(load_ok(&s.what));
    sql(s.from, "DROP TABLE %s", s.source);
    sql(s.from, "CREATE TABLE %s (code bigint NOT NULL PRIMARY KEY, name varchar(20))", s.source);
    table_add(s.from, s.source, "(1, 'b'), (5000000000, 'c')");
    evolves(&s, is_sqlite(&s) ? "" : "'code'|bigint");
    expect_rows(s.to, s.target, "code:i name:s", "1|b\n5000000000|c\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_view_on_the_column_is_named)
{
    scene s = begin("viewed", _i, "n integer, name varchar(20)", "(1, 7, 'a')", "key=id");

    sql(s.to, "CREATE VIEW %s_view AS SELECT id, n FROM %s", s.target, s.target);
    remake(&s, "n bigint, name varchar(20)", "(1, 5000000000, 'b')");
    if (s.to.kind == POSTGRES && s.from.kind != SQLITE) {
        char *view = NULL;
        ck_assert_int_gt(asprintf(&view, "'n'|views depend|%s_view|widened_types=ignore", s.target), 0);
        load_fails(&s.what, INCLOAD_E_UNSUPPORTED, view);
        expect_rows(s.to, s.target, "id:i n:i name:s", "1|7|a\n");
        free(view);
    } else if (s.to.kind != POSTGRES) {
        evolves(&s, is_sqlite(&s) ? "" : "'n'");
        expect_rows(s.to, s.target, "id:i n:i name:s", "1|5000000000|b\n");
    }
    sql(s.to, "DROP VIEW %s_view", s.target);
    evolves(&s, s.to.kind == POSTGRES && s.from.kind != SQLITE ? "'n'" : "");
    scene_end(&s);
}
END_TEST

/* ---- columns that are gone ---- */

START_TEST(a_column_that_is_gone_is_refused_with_the_remedies)
{
    scene s = begin("gone", _i, "name varchar(20), note varchar(20)", "(1, 'a', 'x')", "key=id");

    remake(&s, "name varchar(20)", "(1, 'b'), (2, 'c')");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND,
               "'note'|gone from the source|dropped_columns=ignore|dropped_columns=evolve");
    expect_rows(s.to, s.target, "id:i name:s note:s", "1|a|x\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_column_that_is_gone_can_stay_in_the_target)
{
    scene s = begin("stays", _i, "name varchar(20), note varchar(20)", "(1, 'a', 'x')", "key=id "
                                                                                        "dropped_columns=ignore");

    remake(&s, "name varchar(20)", "(1, 'b'), (2, 'c')");
    evolves(&s, "'note'|gone from the source|stays");
    expect_rows(s.to, s.target, "id:i name:s note:s", "1|b|x\n2|c|NULL\n");
    /* It is not forgotten: without the word for it the next load is refused. */
    s.what.options = "key=id";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'note'|gone from the source");
    scene_end(&s);
}
END_TEST

START_TEST(a_column_that_is_gone_is_dropped_only_by_that_word)
{
    scene s = begin("dropped", _i, "name varchar(20), note varchar(20) NOT NULL", "(1, 'a', 'x')",
                    "key=id dropped_columns=evolve");

    sql(s.to, "ALTER TABLE %s ADD COLUMN mine varchar(20)", s.target);
    remake(&s, "name varchar(20)", "(1, 'b'), (2, 'c')");
    evolves(&s, "'note'|gone from the source|dropped");
    ck_assert(!table_has_column(s.to, s.target, "note"));
    expect_rows(s.to, s.target, "id:i name:s mine:s", "1|b|NULL\n2|c|NULL\n");
    evolves(&s, "");
    scene_end(&s);
}
END_TEST

START_TEST(a_column_of_a_unique_key_is_not_dropped)
{
    scene s = begin("in_key", _i, "name varchar(20), note varchar(20)", "(1, 'a', 'x')", "key=id "
                                                                                         "dropped_columns=evolve");

    sql(s.to, "CREATE UNIQUE INDEX %s_note ON %s (id, note)", s.target, s.target);
    remake(&s, "name varchar(20)", "(1, 'b'), (2, 'c')");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'note'|unique key|by hand");
    ck_assert(table_has_column(s.to, s.target, "note"));
    scene_end(&s);
}
END_TEST

START_TEST(a_renamed_column_is_refused_with_both_names)
{
    scene s = begin("renamed", _i, "name varchar(20), note varchar(20)", "(1, 'a', 'x')", "key=id");

    remake(&s, "name varchar(20), remark varchar(20)", "(1, 'a', 'y')");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'note'|gone|'remark'|new|rename that in the target too");
    ck_assert(!table_has_column(s.to, s.target, "remark"));
    sql(s.to, "ALTER TABLE %s RENAME COLUMN note TO remark", s.target);
    evolves(&s, "");
    expect_rows(s.to, s.target, "id:i name:s remark:s", "1|a|y\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_column_left_out_by_the_host_is_not_gone)
{
    scene s = begin("left_out", _i, "name varchar(20), note varchar(20)", "(1, 'a', 'x')", "key=id");

    s.what.options = "key=id columns=id,name";
    evolves(&s, "");
    remake(&s, "name varchar(20)", "(1, 'b'), (2, 'c')");
    evolves(&s, "");
    expect_rows(s.to, s.target, "id:i name:s note:s", "1|b|x\n2|c|NULL\n");
    scene_end(&s);
}
END_TEST

/* ---- other types ---- */

START_TEST(a_changed_type_is_refused_with_the_difference)
{
    scene s = begin("changed", _i, "n integer", "(1, 7)", "key=id");

    remake(&s, "n varchar(20)", "(1, '7'), (2, '8')");
    load_fails(&s.what, INCLOAD_E_TYPE, "'n' was|in the source and is|changed_types=evolve|changed_types=ignore");
    expect_rows(s.to, s.target, "id:i n:i", "1|7\n");
    s.what.options = "key=id changed_types=ignore";
    evolves(&s, "'n'|stays|changed_types=ignore");
    expect_rows(s.to, s.target, "id:i n:i", "1|7\n2|8\n");
    table_add(s.from, s.source, "(3, 'nine')");
    load_fails(&s.what, INCLOAD_E_DATA, "'n'");
    expect_rows(s.to, s.target, "id:i n:i", "1|7\n2|8\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_changed_type_is_cast_where_no_value_is_lost)
{
    scene s = begin("cast", _i, "n integer", "(1, 7), (2, -3)", "key=id changed_types=evolve");

    remake(&s, "n varchar(20)", "(1, '7'), (3, 'nine')");
    if (s.to.kind == SQLITE) {
        load_fails(&s.what, INCLOAD_E_TYPE, "'n'|in place|changed_types=ignore");
    } else {
        evolves(&s, "'n'|after the source");
        expect_rows(s.to, s.target, "id:i n:s", "1|7\n2|-3\n3|nine\n");
        evolves(&s, "");
    }
    scene_end(&s);
}
END_TEST

START_TEST(a_changed_type_is_not_cast_where_a_value_could_be_lost)
{
    scene s = begin("lossy", _i, "n bigint", "(1, 9007199254740993)", "key=id changed_types=evolve");

    remake(&s, "n double precision", "(1, 9007199254740992)");
    load_fails(&s.what, INCLOAD_E_TYPE, "'n' was|double|without loss");
    expect_rows(s.to, s.target, "id:i n:i", "1|9007199254740993\n");
    scene_end(&s);
}
END_TEST

/* ---- what is no change ---- */

START_TEST(a_type_that_was_changed_in_source_and_target_alike_is_no_change)
{
    scene s = begin("alike", _i, "n integer", "(1, 7)", "key=id");

    remake(&s, "n varchar(20)", "(1, 'seven'), (2, 'eight')");
    load_fails(&s.what, INCLOAD_E_TYPE, "'n' was");
    sql(s.to, "DROP TABLE %s", s.target);
    sql(s.to, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, n varchar(20))", s.target);
    evolves(&s, "");
    expect_rows(s.to, s.target, "id:i n:s", "1|seven\n2|eight\n");
    scene_end(&s);
}
END_TEST

START_TEST(another_order_of_columns_is_no_change)
{
    scene s = begin("order", _i, "a varchar(20), b integer", "(1, 'x', 5)", "key=id");

    remake(&s, "b integer, a varchar(20)", "(1, 5, 'x'), (2, 6, 'y')");
    evolves(&s, "");
    expect_rows(s.to, s.target, "id:i a:s b:i", "1|x|5\n2|y|6\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_narrower_type_is_no_change)
{
    scene s = begin("narrower", _i, "n bigint, name varchar(50)", "(1, 5000000000, 'x')", "key=id");

    remake(&s, "n integer, name varchar(10)", "(1, 5, 'x'), (2, 6, 'y')");
    evolves(&s, "");
    expect_rows(s.to, s.target, "id:i n:i name:s", "1|5|x\n2|6|y\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_name_in_other_letters_is_the_same_where_the_target_says_so)
{
    scene s = begin("letters", _i, "name varchar(20)", "(1, 'a')", "key=id");
    const char *q = s.from.kind == MARIADB ? "`" : "\"";
    char *columns = NULL;

    ck_assert_int_gt(asprintf(&columns, "%sName%s varchar(20)", q, q), 0);
    remake(&s, columns, "(1, 'b')");
    if (s.to.kind == POSTGRES || s.to.kind == PG_ODBC) {
        load_fails(&s.what, INCLOAD_E_NOT_FOUND, "no column 'Name'|one written 'name'");
    } else {
        evolves(&s, "");
        expect_rows(s.to, s.target, "id:i name:s", "1|b\n");
    }
    free(columns);
    scene_end(&s);
}
END_TEST

START_TEST(the_hosts_own_columns_are_left_alone_unless_no_row_could_be_inserted)
{
    scene s = begin("own", _i, "name varchar(20)", "(1, 'a')", "key=id");

    sql(s.to, "ALTER TABLE %s ADD COLUMN mine integer DEFAULT 5 NOT NULL", s.target);
    remake(&s, "name varchar(20)", "(1, 'a'), (2, 'b')");
    evolves(&s, "");
    expect_rows(s.to, s.target, "id:i name:s mine:i", "1|a|5\n2|b|5\n");
    sql(s.to, "DROP TABLE %s", s.target);
    sql(s.to, "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, name varchar(20), mine integer NOT NULL)", s.target);
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "'mine'|NOT NULL without a default|no row could be inserted");
    scene_end(&s);
}
END_TEST

/* ---- failures and others at work ---- */

START_TEST(a_load_that_fails_takes_its_changes_back_where_the_database_can)
{
    scene s = begin("back", _i, "name varchar(20)", "(1, 'a')", "key=id");

    sql(s.to, "CREATE UNIQUE INDEX %s_name ON %s (name)", s.target, s.target);
    remake(&s, "name varchar(20), note varchar(20)", "(2, 'a', 'x')");
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "");
    ck_assert_int_eq(table_has_column(s.to, s.target, "note"), s.to.kind == MARIADB);
    expect_rows(s.to, s.target, "id:i name:s", "1|a\n");
    sql(s.from, "UPDATE %s SET name = 'b'", s.source);
    evolves(&s, s.to.kind == MARIADB ? "" : "'note'|added");
    expect_rows(s.to, s.target, "id:i name:s note:s", "1|a|NULL\n2|b|x\n");
    scene_end(&s);
}
END_TEST

START_TEST(two_runs_at_once_change_the_target_once)
{
    scene s = begin("twice", _i, "n integer", "(1, 7)", "key=id");
    incload_error *err = NULL;

    remake(&s, "n bigint, note varchar(20)", "(1, 5000000000, 'x'), (2, 8, 'y')");
    incload_step *step = load_step(&s.what, &err);
    incload_run *first = incload_step_start(step, "wait=20s", &err);
    incload_run *second = incload_step_start(step, "wait=20s", &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    incload_run_wait(first, 30000, &err);
    incload_run_wait(second, 30000, &err);
    ck_assert_msg(err == NULL, "%s to %s: %s", kind_names[s.from.kind], kind_names[s.to.kind],
                  incload_error_message(err));
    bool first_told = strstr(incload_run_schema_changes(first), "'note'") != NULL;
    bool second_told = strstr(incload_run_schema_changes(second), "'note'") != NULL;
    ck_assert_int_eq(first_told + second_told, 1);
    expect_rows(s.to, s.target, "id:i n:i note:s", "1|5000000000|x\n2|8|y\n");
    incload_run_unref(first);
    incload_run_unref(second);
    incload_step_unref(step);
    scene_end(&s);
}
END_TEST

/* A reader of the target's rows that stays as long as it is told to. */
typedef struct reader {
    atomic_bool reads, leaves;
} reader;

static int32_t
read_on(incload_unit *unit, incload_batch *batch, void *user_data)
{
    reader *r = user_data;

    (void)unit;
    (void)batch;
    atomic_store(&r->reads, true);
    for (int64_t limit = now_ms() + 15000; !atomic_load(&r->leaves) && now_ms() < limit;)
        pause_ms(5);
    return INCLOAD_DONE;
}

/* SQLite's readers do not keep a column from being added, and its commit waits as any other. */
START_TEST(a_reader_of_the_target_is_waited_for_no_longer_than_a_moment)
{
    scene s = begin("waits", PAIRS + _i, "name varchar(20)", "(1, 'a')", "key=id");
    incload_error *err = NULL;
    reader r = { false, false };
    load reading = { .from = s.to, .to = s.to, .table = s.target, .target = "waits_elsewhere", .preset = "upsert",
                     .options = "key=id", .function = read_on, .user_data = &r };

    table_drop(s.to, "waits_elsewhere");
    incload_step *step = load_step(&reading, &err);
    incload_run *run = incload_step_start(step, NULL, &err);
    AWAIT(atomic_load(&r.reads));
    remake(&s, "name varchar(20), note varchar(20)", "(1, 'a', 'x'), (2, 'b', 'y')");
    s.what.run = "retries=0";
    int64_t before = now_ms();
    load_fails(&s.what, INCLOAD_E_CONFLICT, "adding column 'note'");
    ck_assert_int_lt(now_ms() - before, 8000);
    ck_assert(!table_has_column(s.to, s.target, "note"));
    atomic_store(&r.leaves, true);
    ck_assert_int_eq(incload_run_wait(run, 20000, &err), INCLOAD_OK);
    s.what.run = NULL;
    evolves(&s, "'note'|added");
    expect_rows(s.to, s.target, "id:i name:s note:s", "1|a|x\n2|b|y\n");
    incload_run_unref(run);
    incload_step_unref(step);
    table_drop(s.to, "waits_elsewhere");
    scene_end(&s);
}
END_TEST

START_TEST(changes_are_told_as_events)
{
    incload_error *err = NULL;
    incload_context *context = incload_context_new(NULL, &err);
    place from = place_open_with(context, SQLITE, 0, NULL), to = place_open_with(context, (kind)_i, 1, NULL);
    incload_event *event;
    int32_t told = 0;

    sql(from, "DROP TABLE IF EXISTS told");
    sql(from, "CREATE TABLE told (id bigint PRIMARY KEY)");
    incload_strategy *how = incload_strategy_new_in(context, "upsert", "key=id", &err);
    incload_step *step = incload_step_new_load(from.db, "told", to.db, "told_copy", how, &err);
    incload_run_unref(incload_step_run(step, NULL, &err));
    sql(from, "ALTER TABLE told ADD COLUMN note TEXT");
    incload_run_unref(incload_step_run(step, NULL, &err));
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
    while ((event = incload_context_next_event(context, 0, &err)) != NULL) {
        told += incload_event_kind(event) == INCLOAD_EVENT_NOTICE
                && strstr(incload_event_message(event), "'note'") != NULL;
        incload_event_unref(event);
    }
    ck_assert_int_eq(told, 1);
    table_drop(to, "told_copy");
    incload_step_unref(step);
    incload_strategy_unref(how);
    place_close(from);
    place_close(to);
    incload_context_unref(context);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_new_column_is_added_and_rows_loaded_before_have_null_in_it, 0, EVERY);
    tcase_add_loop_test(tests, new_columns_of_a_full_load_fill_all_rows, 0, EVERY);
    tcase_add_test(tests, a_new_column_is_added_on_every_road);
    tcase_add_loop_test(tests, a_new_column_can_be_ignored_and_added_later, 0, EVERY);
    tcase_add_loop_test(tests, a_new_column_can_be_refused, 0, PAIRS);
    tcase_add_loop_test(tests, a_column_that_the_target_lost_is_not_taken_for_new, 0, DATABASES);
    tcase_add_loop_test(tests, a_wider_type_widens_the_target, 0, EVERY);
    tcase_add_loop_test(tests, decimals_widen_to_hold_both, 0, EVERY);
    tcase_add_loop_test(tests, a_wider_type_can_be_refused, 0, PAIRS);
    tcase_add_loop_test(tests, a_wider_type_can_be_ignored_until_a_value_does_not_fit, 0, ROUTES);
    tcase_add_loop_test(tests, a_wider_column_keeps_the_rest_of_its_definition, 0, DATABASES);
    tcase_add_loop_test(tests, a_key_widens_with_its_index, 0, PAIRS);
    tcase_add_loop_test(tests, a_view_on_the_column_is_named, 0, PAIRS);
    tcase_add_loop_test(tests, a_column_that_is_gone_is_refused_with_the_remedies, 0, EVERY);
    tcase_add_loop_test(tests, a_column_that_is_gone_can_stay_in_the_target, 0, PAIRS);
    tcase_add_loop_test(tests, a_column_that_is_gone_is_dropped_only_by_that_word, 0, EVERY);
    tcase_add_loop_test(tests, a_column_of_a_unique_key_is_not_dropped, 0, DATABASES);
    tcase_add_loop_test(tests, a_renamed_column_is_refused_with_both_names, 0, PAIRS);
    tcase_add_loop_test(tests, a_column_left_out_by_the_host_is_not_gone, 0, DATABASES);
    tcase_add_loop_test(tests, a_changed_type_is_refused_with_the_difference, 0, EVERY);
    tcase_add_loop_test(tests, a_changed_type_is_cast_where_no_value_is_lost, 0, EVERY);
    tcase_add_loop_test(tests, a_changed_type_is_not_cast_where_a_value_could_be_lost, 0, PAIRS);
    tcase_add_loop_test(tests, a_type_that_was_changed_in_source_and_target_alike_is_no_change, 0, EVERY);
    tcase_add_loop_test(tests, another_order_of_columns_is_no_change, 0, EVERY);
    tcase_add_loop_test(tests, a_narrower_type_is_no_change, 0, PAIRS);
    tcase_add_loop_test(tests, a_name_in_other_letters_is_the_same_where_the_target_says_so, 0, EVERY);
    tcase_add_loop_test(tests, the_hosts_own_columns_are_left_alone_unless_no_row_could_be_inserted, 0, DATABASES);
    tcase_add_loop_test(tests, a_load_that_fails_takes_its_changes_back_where_the_database_can, 0, EVERY);
    tcase_add_loop_test(tests, two_runs_at_once_change_the_target_once, 0, PAIRS);
    tcase_add_loop_test(tests, a_reader_of_the_target_is_waited_for_no_longer_than_a_moment, 0, SQLITE);
    tcase_add_loop_test(tests, changes_are_told_as_events, 0, KINDS);
}

int
main(void)
{
    return run_tests("evolve", 20, add_tests);
}

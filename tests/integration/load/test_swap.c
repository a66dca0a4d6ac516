/* SPDX-License-Identifier: Apache-2.0 */
/* write=swap between all kinds of database: the target has exactly the source's rows afterwards, under the same name,
 * with what it had beside them; and nothing of ours stays behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

static scene
begin(const char *name, int32_t route)
{
    scene s = scene_begin(name, route, columns, "id", NULL);

    s.what.preset = "swap";
    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01', 'a'), (2, NULL, NULL), (3, '2024-03-01 10:00:03', '')");
    return s;
}

/* The target as it was before: rows that no source has any more. */
static void
fill_target(const scene *s)
{
    table_make(s->to, s->target, columns, "id");
    table_add(s->to, s->target, "(1, NULL, 'old'), (7, NULL, 'old'), (8, NULL, 'old')");
}

static void
expect_clean(place at)
{
    ck_assert_int_eq(
        ask_number(at, "SELECT COUNT(*) AS c FROM %sobject", at.kind == POSTGRES ? "incload." : "incload_"), 0);
    if (at.kind == SQLITE)
        ck_assert_int_eq(
            ask_number(at, "SELECT COUNT(*) AS c FROM sqlite_master WHERE name GLOB 'incload_[0-9a-f][0-9a-f]*'"), 0);
    else
        ck_assert_int_eq(ask_number(at,
                                    "SELECT COUNT(*) AS c FROM information_schema.tables WHERE LENGTH(table_name) >= 24"
                                    " AND table_name LIKE 'incload!_%%' ESCAPE '!' AND table_schema IN (%s)"
                                    " AND table_name NOT LIKE '%%watermark%%'",
                                    at.kind == MARIADB ? "DATABASE()" : "'public'"),
                         0);
}

START_TEST(the_target_has_exactly_the_rows_of_the_source)
{
    scene s = begin("swap_rows", _i);

    fill_target(&s);
    load_counts(&s.what, 3, 3);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    sql(s.from, "DELETE FROM %s WHERE id = 2", s.source);
    load_counts(&s.what, 2, 2);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_target_that_is_not_there_is_made)
{
    scene s = begin("swap_new", _i);

    load_counts(&s.what, 3, 3);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(an_empty_source_is_refused_unless_it_is_meant)
{
    scene s = begin("swap_empty", _i);

    fill_target(&s);
    sql(s.from, "DELETE FROM %s", s.source);
    load_fails(&s.what, INCLOAD_E_STATE, "would empty target table|allow_empty=true");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 3);
    expect_clean(s.to);
    s.what.options = "allow_empty=true";
    load_counts(&s.what, 0, 0);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(rows_that_the_target_refuses_leave_it_as_it_was)
{
    scene s = begin("swap_broken", _i);

    fill_target(&s);
    sql(s.to, "DELETE FROM %s WHERE id > 1", s.target);
    sql(s.to, "CREATE UNIQUE INDEX swap_unique_%d ON %s (name)", _i, s.target);
    table_add(s.from, s.source, "(4, NULL, 'a')");
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE name = 'old'", s.target), 1);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(guards_and_checks_look_at_the_new_table)
{
    scene s = begin("swap_guards", _i);

    fill_target(&s);
    s.what.options = "max_rows=2";
    load_fails(&s.what, INCLOAD_E_CHECK, "the load brings 3 rows, more than max_rows=2");
    s.what.options = "check_not_null=name";
    load_fails(&s.what, INCLOAD_E_CHECK, "check 'check_not_null' failed: 1 of 3 rows have NULL in column 'name'");
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE name = 'old'", s.target), 3);
    expect_clean(s.to);
    s.what.options = "check_not_null=id";
    load_counts(&s.what, 3, 3);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_new_column_of_the_source_is_refused_by_name_or_left_out)
{
    scene s = begin("swap_column", _i);

    load_counts(&s.what, 3, 3);
    sql(s.from, "ALTER TABLE %s ADD COLUMN extra integer", s.source);
    load_fails(&s.what, INCLOAD_E_UNSUPPORTED, "'extra'|write=swap|new_columns=ignore");
    s.what.options = "new_columns=ignore";
    load_counts(&s.what, 3, 3);
    expect_equal(s.from, s.to, s.source, s.target, columns);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_view_of_the_target_shows_the_new_rows)
{
    scene s = begin("swap_view", _i);

    fill_target(&s);
    sql(s.to, "CREATE VIEW swap_seen_%d AS SELECT id, name FROM %s WHERE id > 1", _i, s.target);
    for (int32_t i = 0; i < 2; i++) {
        load_counts(&s.what, 3, 3);
        expect(s.to, "2|NULL\n3|\n", "SELECT id, name FROM swap_seen_%d", _i);
    }
    sql(s.to, "DROP VIEW swap_seen_%d", _i);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(indexes_defaults_and_numbering_stay)
{
    scene s = begin("swap_kept", _i);
    static const char *const make[DATABASES] = {
        "(id int PRIMARY KEY, at timestamp, name text DEFAULT 'none' CHECK (name <> 'bad'),"
        " number int GENERATED BY DEFAULT AS IDENTITY)",
        "(id int PRIMARY KEY, at datetime(6), name varchar(40) DEFAULT 'none' CHECK (name <> 'bad'),"
        " number int NOT NULL AUTO_INCREMENT, UNIQUE KEY (number)) ENGINE=InnoDB COMMENT='a ''told'' table'",
        "(id int UNIQUE, at text, name text DEFAULT 'none' CHECK (name <> 'bad'),"
        " number INTEGER PRIMARY KEY AUTOINCREMENT)",
    };
    incload_error *err = NULL;

    sql(s.to, "CREATE TABLE %s %s", s.target, make[s.to.kind]);
    sql(s.to, "CREATE INDEX swap_kept_by_name_%d ON %s (name)", _i, s.target);
    sql(s.to, "INSERT INTO %s (id, name, number) VALUES (50, 'old', 1000)", s.target);
    if (s.to.kind == POSTGRES)
        sql(s.to, "SELECT setval(pg_get_serial_sequence('%s', 'number'), 1000)", s.target);
    load_counts(&s.what, 3, 3);
    sql(s.to, "INSERT INTO %s (id) VALUES (60)", s.target);
    ck_assert_int_eq(
        ask_number(s.to, "SELECT COUNT(*) AS c FROM %s WHERE id = 60 AND name = 'none' AND number > 1000", s.target),
        1);
    /* A name that is taken, and a check that holds. */
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 4);
    table_add(s.from, s.source, "(9, NULL, 'bad')");
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "");
    sql(s.from, "DELETE FROM %s WHERE id = 9", s.source);
    load_counts(&s.what, 3, 3);
    if (s.to.kind == MARIADB)
        sql(s.to, "DROP INDEX swap_kept_by_name_%d ON %s", _i, s.target);
    else
        sql(s.to, "DROP INDEX swap_kept_by_name_%d", _i);
    if (s.to.kind == MARIADB)
        expect(
            s.to, "a 'told' table\n",
            "SELECT table_comment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '%s'",
            s.target);
    expect_clean(s.to);
    incload_error_unref(err);
    scene_end(&s);
}
END_TEST

START_TEST(a_source_that_reads_the_target_itself_reads_the_old_rows)
{
    scene s = begin("swap_self", PAIRS + _i);
    char query[300];

    fill_target(&s);
    snprintf(query, sizeof query,
             "SELECT id, at, name FROM %s WHERE id > 1 UNION ALL SELECT id, at, name FROM %s WHERE"
             " id < 2",
             s.target, s.source);
    s.what.table = NULL;
    s.what.query = query;
    load_counts(&s.what, 3, 3);
    expect(s.to, "1|a\n7|old\n8|old\n", "SELECT id, name FROM %s", s.target);
    expect_clean(s.to);
    scene_end(&s);
}
END_TEST

START_TEST(a_window_of_changes_cannot_be_swapped_in)
{
    scene s = begin("swap_since", _i);

    s.what.preset = "timestamp";
    s.what.options = "write=swap cursor=at key=id";
    load_fails(&s.what, INCLOAD_E_INVALID, "write=swap needs window=all");
    scene_end(&s);
}
END_TEST

/* ---- SQLite ---- */

static char *
sqlite_objects(const scene *s)
{
    return ask(s->to,
               "SELECT type, name, tbl_name, CASE WHEN type = 'table' THEN '' ELSE sql END FROM sqlite_master"
               " WHERE name LIKE 'lite_%%' OR name = '%s'",
               s->target);
}

START_TEST(sqlite_triggers_and_references_stay_as_they_were_written)
{
    scene s = begin("swap_lite", PAIRS + SQLITE);

    fill_target(&s);
    sql(s.to, "CREATE TABLE lite_log (text)");
    sql(s.to, "CREATE TABLE lite_child (id int REFERENCES %s (id))", s.target);
    sql(s.to, "CREATE TRIGGER lite_told AFTER UPDATE ON %s BEGIN INSERT INTO lite_log VALUES (NEW.name); END",
        s.target);
    sql(s.to,
        "CREATE TRIGGER lite_other AFTER INSERT ON lite_child BEGIN UPDATE %s SET name = 'seen' WHERE id = NEW.id;"
        " END",
        s.target);
    sql(s.to, "CREATE VIEW lite_view AS SELECT * FROM %s", s.target);
    char *before = sqlite_objects(&s);
    load_counts(&s.what, 3, 3);
    char *after = sqlite_objects(&s);
    ck_assert_str_eq(before, after);
    sql(s.to, "INSERT INTO lite_child VALUES (3)");
    expect(s.to, "seen\n", "SELECT text FROM lite_log");
    expect(s.to, "3\n", "SELECT COUNT(*) FROM lite_view");
    expect(s.to, "1\n", "SELECT COUNT(*) FROM pragma_foreign_key_list('lite_child') WHERE \"table\" = '%s'", s.target);
    free(before);
    free(after);
    sql(s.to, "DROP TABLE lite_child");
    sql(s.to, "DROP TABLE lite_log");
    sql(s.to, "DROP VIEW lite_view");
    scene_end(&s);
}
END_TEST

START_TEST(sqlite_tables_of_any_written_name_are_made_again)
{
    scene s = begin("swap_names", PAIRS + SQLITE);
    static const char *const names[] = { "\"a \"\"b\"", "[a b]", "`c``d`", "'e''f'", "plain$1" };
    static const char *const targets[] = { "\"a \"\"b\"", "\"a b\"", "\"c`d\"", "\"e'f\"", "\"plain$1\"" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sql(s.to, "CREATE TABLE %s(id int primary key, at text, name text) WITHOUT ROWID", names[i]);
        s.what.target = targets[i];
        s.what.name = targets[i];
        load_counts(&s.what, 3, 3);
        ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", names[i]), 3);
        ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM sqlite_master WHERE type = 'table' AND sql LIKE"
                                          " '%%WITHOUT ROWID'"),
                         1);
        sql(s.to, "DROP TABLE %s", names[i]);
    }
    scene_end(&s);
}
END_TEST

/* ---- MariaDB ---- */

static const struct {
    const char *make;
    const char *word;
} obstacles[] = {
    { "CREATE TRIGGER swap_trigger BEFORE INSERT ON swap_refused FOR EACH ROW SET NEW.name = 'x'",
      "trigger swap_trigger" },
    { "CREATE TABLE swap_child (id int, CONSTRAINT swap_key FOREIGN KEY (id) REFERENCES swap_refused (id))"
      " ENGINE=InnoDB",
      "foreign key swap_key of table swap_child" },
};

START_TEST(mariadb_refuses_by_name_what_it_would_lose)
{
    place at = place_open(MARIADB, 0);
    load what = { .from = at, .to = at, .table = "swap_from", .target = "swap_refused", .preset = "swap" };

    table_make(at, "swap_from", columns, "id");
    table_add(at, "swap_from", "(1, NULL, 'a')");
    sql(at, "CREATE TABLE swap_refused (id int PRIMARY KEY, at datetime(6), name text) ENGINE=InnoDB");
    sql(at, "%s", obstacles[_i].make);
    load_fails(&what, INCLOAD_E_UNSUPPORTED, obstacles[_i].word);
    expect_clean(at);
    table_drop(at, "swap_child");
    table_drop(at, "swap_refused");
    table_drop(at, "swap_from");
    place_close(at);
}
END_TEST

/* The ledger and the tables as a run leaves them that ended at one point of its swap. */
START_TEST(mariadb_completes_or_undoes_what_was_cut_off)
{
    static const char *const states[] = { "staging", "swapping", "swapping", "old" };
    static const char *const tables[] = { "", "", "_old", "_old" };
    scene s = begin("swap_cut", PAIRS + MARIADB);
    const char *name = "incload_0123456789abcdef";

    fill_target(&s);
    load_counts(&s.what, 3, 3);
    sql(s.to, "CREATE TABLE %s%s (id int) ENGINE=InnoDB", name, tables[_i]);
    sql(s.to, "INSERT INTO incload_object VALUES ('%s%s', DATABASE(), '%s', 'gone', 'gone%d', '%s', 0, 0, 5, 5)", name,
        strcmp(states[_i], "old") == 0 ? "_old" : "", s.target, _i, states[_i]);
    load_counts(&s.what, 3, 3);
    expect_clean(s.to);
    /* Whether that swap was done can be asked for. */
    ck_assert_int_eq(
        ask_number(s.to, "SELECT COUNT(*) AS c FROM incload_run WHERE run_id = 'gone%d' AND rows_read = 5", _i),
        _i == 2 ? 1 : 0);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_target_has_exactly_the_rows_of_the_source, 0, ROUTES);
    tcase_add_loop_test(tests, a_target_that_is_not_there_is_made, 0, ROUTES);
    tcase_add_loop_test(tests, an_empty_source_is_refused_unless_it_is_meant, 0, ROUTES);
    tcase_add_loop_test(tests, rows_that_the_target_refuses_leave_it_as_it_was, 0, ROUTES);
    tcase_add_loop_test(tests, guards_and_checks_look_at_the_new_table, 0, ROUTES);
    tcase_add_loop_test(tests, a_new_column_of_the_source_is_refused_by_name_or_left_out, 0, ROUTES);
    tcase_add_loop_test(tests, a_view_of_the_target_shows_the_new_rows, 0, ROUTES);
    tcase_add_loop_test(tests, indexes_defaults_and_numbering_stay, 0, ROUTES);
    tcase_add_loop_test(tests, a_source_that_reads_the_target_itself_reads_the_old_rows, 0, DATABASES);
    tcase_add_loop_test(tests, a_window_of_changes_cannot_be_swapped_in, 0, ROUTES);
    tcase_add_test(tests, sqlite_triggers_and_references_stay_as_they_were_written);
    tcase_add_test(tests, sqlite_tables_of_any_written_name_are_made_again);
    tcase_add_loop_test(tests, mariadb_refuses_by_name_what_it_would_lose, 0, 2);
    tcase_add_loop_test(tests, mariadb_completes_or_undoes_what_was_cut_off, 0, 4);
}

int
main(void)
{
    return run_tests("swap", 60, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that the source marks as deleted, and rows that the target marks instead of losing them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

static int32_t
let_pass(incload_unit *unit, incload_batch *batch, void *user_data)
{
    (void)unit;
    (void)batch;
    (void)user_data;
    return INCLOAD_DONE;
}

static void
load_deletes(const load *what, int64_t read, int64_t written, int64_t deleted)
{
    incload_run *run = load_ok(what);

    ck_assert_int_eq(incload_run_rows_written(run), written);
    ck_assert_int_eq(incload_run_rows_deleted(run), deleted);
    ck_assert_int_ge(incload_run_rows_read(run), read);
    incload_run_unref(run);
}

/* The flag as 1 or 0, and whether there is a time. */
static void
expect_marks(const scene *s, const char *expected)
{
    expect(s->to, expected,
           "SELECT id, name, CASE WHEN gone = %s THEN 'gone' ELSE 'there' END AS g, "
           "CASE WHEN gone_at IS NULL THEN 'no time' ELSE 'time' END AS w FROM %s",
           s->to.kind == POSTGRES ? "TRUE" : "1", s->target);
}

static const char soft[] = "key=id deletes=soft deleted_column=gone deleted_at_column=gone_at";

/* ---- hard ---- */

START_TEST(a_marked_row_leaves_the_target_and_the_marker_is_not_stored)
{
    scene s = scene_begin("marked", _i, "op:s id:i at:t name:s", "id", "cursor=at key=id delete_marker=op");

    table_add(s.from, s.source,
              "('i', 1, '2024-03-01 10:00:01', 'a'), ('D', 2, '2024-03-01 10:00:01', 'b'),"
              " (NULL, 3, '2024-03-01 10:00:01', 'c')");
    load_deletes(&s.what, 3, 2, 0);
    expect_rows(s.to, s.target, columns, "1|2024-03-01 10:00:01.000000|a\n3|2024-03-01 10:00:01.000000|c\n");
    sql(s.from, "UPDATE %s SET op = 'delete', at = '2024-03-01 10:00:02.000000' WHERE id = 1", s.source);
    table_add(s.from, s.source, "('d', 4, '2024-03-01 10:00:02', 'never there'), ('u', 5, '2024-03-01 10:00:02', 'e')");
    load_deletes(&s.what, 3, 1, 1);
    load_deletes(&s.what, 0, 0, 0);
    expect_rows(s.to, s.target, columns, "3|2024-03-01 10:00:01.000000|c\n5|2024-03-01 10:00:02.000000|e\n");
    sql(s.from, "UPDATE %s SET op = 'i', at = '2024-03-01 10:00:03.000000' WHERE id = 1", s.source);
    load_deletes(&s.what, 1, 1, 0);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 3);
    ck_assert_int_eq(staging_tables(s.to), 0);
    scene_end(&s);
}
END_TEST

START_TEST(a_marker_that_the_target_has_is_stored)
{
    static const char marked[] = "id:i gone:i name:s";
    scene s = scene_begin("stored", _i, marked, "id", "key=id delete_marker=gone");

    s.what.preset = "upsert";
    table_make(s.to, s.target, marked, "id");
    table_add(s.from, s.source, "(1, 0, 'a'), (2, NULL, 'b'), (3, 7, 'c')");
    load_deletes(&s.what, 3, 2, 0);
    expect_rows(s.to, s.target, marked, "1|0|a\n2|NULL|b\n");
    sql(s.from, "UPDATE %s SET gone = -1 WHERE id = 2", s.source);
    load_deletes(&s.what, 3, 0, 1);
    expect_rows(s.to, s.target, marked, "1|0|a\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_time_of_deletion_marks_by_being_there)
{
    scene s = scene_begin("when", _i, "id:i deleted_at:t name:s", "id", "key=id delete_marker=deleted_at");

    s.what.preset = "upsert";
    table_add(s.from, s.source, "(1, NULL, 'a'), (2, NULL, 'b')");
    load_deletes(&s.what, 2, 2, 0);
    sql(s.from, "UPDATE %s SET deleted_at = '1970-01-01 00:00:00.000000' WHERE id = 2", s.source);
    load_deletes(&s.what, 2, 0, 1);
    expect_rows(s.to, s.target, "id:i name:s", "1|a\n");
    scene_end(&s);
}
END_TEST

START_TEST(of_several_rows_of_a_key_the_last_says_whether_it_is_deleted)
{
    static const char ranked[] = "id:i rank:i op:s name:s";
    scene s = scene_begin("last_says", _i, ranked, NULL, "key=id latest_by=rank delete_marker=op");

    s.what.preset = "upsert";
    table_add(s.from, s.source,
              "(1, 1, 'i', 'a'), (1, 2, 'd', 'a'), (2, 1, 'd', 'b'), (2, 2, 'i', 'b2'), (3, 1, 'i', 'c')");
    load_deletes(&s.what, 5, 2, 0);
    expect_rows(s.to, s.target, "id:i name:s", "2|b2\n3|c\n");
    table_add(s.from, s.source, "(2, 3, 'd', 'b2'), (1, 3, 'i', 'a3')");
    load_deletes(&s.what, 7, 1, 1);
    expect_rows(s.to, s.target, "id:i name:s", "1|a3\n3|c\n");
    scene_end(&s);
}
END_TEST

START_TEST(a_process_function_sees_the_marker)
{
    scene s = scene_begin("seen", _i, "op:s id:i name:s", "id", "key=id delete_marker=op");

    s.what.preset = "upsert";
    s.what.function = let_pass;
    table_add(s.from, s.source, "('i', 1, 'a'), ('true', 2, 'b')");
    load_deletes(&s.what, 2, 1, 0);
    sql(s.from, "UPDATE %s SET op = 'Y'", s.source);
    load_deletes(&s.what, 2, 0, 1);
    ck_assert_int_eq(ask_number(s.to, "SELECT COUNT(*) AS c FROM %s", s.target), 0);
    scene_end(&s);
}
END_TEST

START_TEST(a_marker_of_no_use_is_refused_by_name)
{
    scene s = scene_begin("bad_marker", _i, "id:i x:f name:s", "id", "key=id delete_marker=x");

    s.what.preset = "upsert";
    load_fails(&s.what, INCLOAD_E_TYPE, "delete_marker|'x'|boolean, integer, text, date or timestamp");
    s.what.options = "key=id delete_marker=nope";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'delete_marker'|'nope'");
    s.what.options = "key=id delete_marker=id";
    load_fails(&s.what, INCLOAD_E_INVALID, "delete_marker|'id'|key");
    scene_end(&s);
}
END_TEST

/* ---- soft ---- */

START_TEST(a_marked_row_keeps_its_values_and_one_that_comes_back_is_unmarked)
{
    char options[200];
    scene s = scene_begin("soft", _i, "op:s id:i name:s", "id", NULL);

    snprintf(options, sizeof options, "%s delete_marker=op", soft);
    s.what.preset = "upsert";
    s.what.options = options;
    table_add(s.from, s.source, "('i', 1, 'a'), ('i', 2, 'b'), ('d', 3, 'never')");
    load_deletes(&s.what, 3, 2, 0);
    expect_marks(&s, "1|a|there|no time\n2|b|there|no time\n");
    sql(s.from, "UPDATE %s SET op = 'd', name = NULL WHERE id = 2", s.source);
    load_deletes(&s.what, 3, 0, 1);
    load_deletes(&s.what, 3, 0, 0);
    expect_marks(&s, "1|a|there|no time\n2|b|gone|time\n");
    sql(s.from, "UPDATE %s SET op = 'i', name = 'b' WHERE id = 2", s.source);
    load_deletes(&s.what, 3, 1, 0);
    load_deletes(&s.what, 3, 0, 0);
    expect_marks(&s, "1|a|there|no time\n2|b|there|no time\n");
    scene_end(&s);
}
END_TEST

START_TEST(keys_that_are_gone_are_marked_where_deletes_are_soft)
{
    char options[200];
    scene s = scene_begin("soft_keys", _i, "id:i name:s", "id", NULL);

    snprintf(options, sizeof options, "%s detect_deletes=keys", soft);
    s.what.preset = "upsert";
    s.what.options = options;
    table_add(s.from, s.source, "(1, 'a'), (2, 'b')");
    load_deletes(&s.what, 2, 2, 0);
    sql(s.from, "DELETE FROM %s WHERE id = 2", s.source);
    load_deletes(&s.what, 1, 0, 1);
    load_deletes(&s.what, 1, 0, 0);
    expect_marks(&s, "1|a|there|no time\n2|b|gone|time\n");
    table_add(s.from, s.source, "(2, 'b')");
    load_deletes(&s.what, 2, 1, 0);
    expect_marks(&s, "1|a|there|no time\n2|b|there|no time\n");
    scene_end(&s);
}
END_TEST

START_TEST(the_time_of_a_soft_delete_is_now_in_utc)
{
    scene s = scene_begin("soft_now", _i, "op:s id:i", "id", "key=id deletes=soft delete_marker=op");
    static const char *const now[] = {
        "SELECT CASE WHEN ABS(EXTRACT(EPOCH FROM (clock_timestamp() - deleted_at))) < 60 THEN 1 ELSE 0 END AS c "
        "FROM %s",
        "SELECT CASE WHEN ABS(TIMESTAMPDIFF(SECOND, deleted_at, UTC_TIMESTAMP())) < 60 THEN 1 ELSE 0 END AS c FROM %s",
        "SELECT CASE WHEN ABS(julianday('now') - julianday(substr(deleted_at, 1, 19))) * 86400 < 60 THEN 1 ELSE 0 END "
        "AS c FROM %s",
    };

    s.what.preset = "upsert";
    table_add(s.from, s.source, "('i', 1)");
    load_deletes(&s.what, 1, 1, 0);
    sql(s.from, "UPDATE %s SET op = 't'", s.source);
    load_deletes(&s.what, 1, 0, 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    ck_assert_int_eq(ask_number(s.to, now[s.to.kind], s.target), 1);
#pragma GCC diagnostic pop
    scene_end(&s);
}
END_TEST

START_TEST(a_target_without_the_two_columns_is_refused_with_their_names)
{
    scene s = scene_begin("soft_none", _i, "op:s id:i", "id", "key=id deletes=soft delete_marker=op");

    s.what.preset = "upsert";
    table_make(s.to, s.target, "id:i", "id");
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "'_deleted' (boolean)|'deleted_column'|add it there");
    scene_end(&s);

    scene other = scene_begin("soft_type", _i, "op:s id:i _deleted:i", "id", "key=id deletes=soft delete_marker=op");
    other.what.preset = "upsert";
    load_fails(&other.what, INCLOAD_E_INVALID, "'_deleted' is loaded from the source|'deleted_column'");
    scene_end(&other);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_marked_row_leaves_the_target_and_the_marker_is_not_stored, 0, ROUTES);
    tcase_add_loop_test(tests, a_marker_that_the_target_has_is_stored, 0, ROUTES);
    tcase_add_loop_test(tests, a_time_of_deletion_marks_by_being_there, 0, ROUTES);
    tcase_add_loop_test(tests, of_several_rows_of_a_key_the_last_says_whether_it_is_deleted, 0, ROUTES);
    tcase_add_loop_test(tests, a_process_function_sees_the_marker, 0, ROUTES);
    tcase_add_loop_test(tests, a_marker_of_no_use_is_refused_by_name, 0, DATABASES);
    tcase_add_loop_test(tests, a_marked_row_keeps_its_values_and_one_that_comes_back_is_unmarked, 0, ROUTES);
    tcase_add_loop_test(tests, keys_that_are_gone_are_marked_where_deletes_are_soft, 0, ROUTES);
    tcase_add_loop_test(tests, the_time_of_a_soft_delete_is_now_in_utc, 0, DATABASES);
    tcase_add_loop_test(tests, a_target_without_the_two_columns_is_refused_with_their_names, 0, DATABASES);
}

int
main(void)
{
    return run_tests("marker", 60, add_tests);
}

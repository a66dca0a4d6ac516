/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying loads whose two sides are meant to differ: the source marks rows as deleted, the target keeps rows that are
 * gone, or versions of the past. What is left is compared as ever. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifying.h"

/* Behind the routes: those between two PostgreSQL databases, and inside one, with digests by the servers. */
enum { WAYS = ROUTES + 2 };

static scene
begin(const char *name, int32_t way, const char *of, const char *preset, const char *options)
{
    static char load_name[64];
    int32_t route = way < ROUTES ? way : way == ROUTES ? 0 : PAIRS;
    scene s = scene_begin(name, route, of, "id", options);

    verify_always = way < ROUTES ? "" : "digest=database";
    snprintf(load_name, sizeof load_name, "%s %d", name, (int)way);
    s.what.name = load_name;
    s.what.preset = preset;
    return s;
}

static void
load_again(const scene *s)
{
    incload_run_unref(load_ok(&s->what));
}

START_TEST(marked_rows_of_the_source_and_their_absence_from_the_target_are_equal)
{
    scene s = begin("marked", _i, "op:s id:i name:s", "upsert", "key=id delete_marker=op");

    table_add(s.from, s.source, "(NULL, 1, 'a'), ('u', 2, 'b'), ('D', 3, 'c')");
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    sql(s.from, "UPDATE %s SET op = 'D' WHERE id = 2", s.source);
    verify_lists(&s.what, NULL, "EXTRA id = 2");
    load_again(&s);
    verify_equal(&s.what, NULL, 1);
    sql(s.to, "UPDATE %s SET name = 'x'", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 1 (name)");
    sql(s.to, "DELETE FROM %s", s.target);
    verify_lists(&s.what, NULL, "MISSING id = 1");
    scene_end(&s);
}
END_TEST

START_TEST(a_stored_marker_is_compared_like_any_column)
{
    scene s = begin("stored", _i, "op:i id:i name:s", "upsert", "key=id delete_marker=op");

    table_make(s.to, s.target, "op:i id:i name:s", "id");
    table_add(s.from, s.source, "(NULL, 1, 'a'), (0, 2, 'b'), (1, 3, 'c')");
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    sql(s.to, "UPDATE %s SET op = NULL WHERE id = 2", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 2 (op)");
    scene_end(&s);
}
END_TEST

START_TEST(rows_that_are_marked_in_the_target_are_absent)
{
    scene s = begin("soft", _i, "id:i name:s op:s", "upsert", "key=id delete_marker=op deletes=soft");
    const char *set = s.to.kind == POSTGRES ? "TRUE" : "1", *unset = s.to.kind == POSTGRES ? "FALSE" : "0";

    table_add(s.from, s.source, "(1, 'a', NULL), (2, 'b', NULL)");
    load_again(&s);
    sql(s.from, "UPDATE %s SET op = 'D', name = 'not to be seen' WHERE id = 2", s.source);
    load_again(&s);
    verify_equal(&s.what, NULL, 1);
    sql(s.to, "UPDATE %s SET _deleted = NULL WHERE id = 1", s.target);
    verify_equal(&s.what, NULL, 1);
    sql(s.to, "UPDATE %s SET _deleted = %s WHERE id = 2", s.target, unset);
    verify_lists(&s.what, NULL, "EXTRA id = 2");
    sql(s.to, "UPDATE %s SET _deleted = %s", s.target, set);
    verify_lists(&s.what, NULL, "MISSING id = 1");
    scene_end(&s);
}
END_TEST

START_TEST(keys_that_are_gone_are_absent_where_they_are_marked)
{
    scene s = begin("missing", _i, "id:i name:s", "upsert", "key=id detect_deletes=keys deletes=soft");

    table_add(s.from, s.source, "(1, 'a'), (2, 'b'), (3, 'c')");
    load_again(&s);
    verify_equal(&s.what, NULL, 3);
    sql(s.from, "DELETE FROM %s WHERE id = 2", s.source);
    verify_lists(&s.what, NULL, "EXTRA id = 2");
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    scene_end(&s);
}
END_TEST

START_TEST(a_row_that_was_marked_since_the_load_is_pending)
{
    scene s = begin("since", _i, "id:i at:t op:s", "timestamp", "cursor=at key=id delete_marker=op");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', NULL), (2, '2024-03-01 10:00:02.000000', NULL)");
    load_again(&s);
    sql(s.from, "UPDATE %s SET op = 'D', at = '2024-03-01 10:00:03.000000' WHERE id = 1", s.source);
    incload_verification *found = verify_ok(&s.what, "window=loaded");
    ck_assert_int_eq(incload_verification_is_equal(found), 1);
    ck_assert_int_eq(incload_verification_pending(found), 1);
    incload_verification_unref(found);
    verify_lists(&s.what, NULL, "EXTRA id = 1");
    scene_end(&s);
}
END_TEST

START_TEST(the_current_versions_of_a_history_are_compared)
{
    scene s = begin("history", _i, "id:i name:s", "history", "key=id scd2_deletes=invalidate");

    table_add(s.from, s.source, "(1, 'a'), (2, 'b'), (3, 'c')");
    load_again(&s);
    verify_equal(&s.what, NULL, 3);
    sql(s.from, "UPDATE %s SET name = 'A' WHERE id = 1", s.source);
    sql(s.from, "DELETE FROM %s WHERE id = 2", s.source);
    verify_lists(&s.what, NULL, "CHANGED id = 1 (name)\nEXTRA id = 2");
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    sql(s.to, "UPDATE %s SET name = 'x' WHERE is_current = FALSE", s.target);
    verify_equal(&s.what, NULL, 2);
    sql(s.to, "UPDATE %s SET name = 'x' WHERE is_current = TRUE AND id = 1", s.target);
    verify_lists(&s.what, NULL, "CHANGED id = 1 (name)");
    sql(s.to, "DELETE FROM %s WHERE is_current = TRUE AND id = 1", s.target);
    verify_lists(&s.what, NULL, "MISSING id = 1");
    scene_end(&s);
}
END_TEST

START_TEST(a_recorded_deletion_is_no_row)
{
    scene s = begin("recorded", _i, "id:i name:s", "history",
                    "key=id scd2_deletes=new_record current_column=latest is_deleted_column=gone");

    table_add(s.from, s.source, "(1, 'a'), (2, 'b')");
    load_again(&s);
    sql(s.from, "DELETE FROM %s WHERE id = 2", s.source);
    load_again(&s);
    verify_equal(&s.what, NULL, 1);
    sql(s.to, "UPDATE %s SET gone = FALSE", s.target);
    verify_lists(&s.what, NULL, "EXTRA id = 2");
    scene_end(&s);
}
END_TEST

START_TEST(columns_that_a_history_does_not_follow_do_not_count)
{
    scene s = begin("followed", _i, "seen:i id:i name:s", "history", "key=id scd2_columns=name");

    table_add(s.from, s.source, "(10, 1, 'a'), (20, 2, 'b')");
    load_again(&s);
    sql(s.from, "UPDATE %s SET seen = 11", s.source);
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    sql(s.from, "UPDATE %s SET name = 'B' WHERE id = 2", s.source);
    verify_lists(&s.what, NULL, "CHANGED id = 2 (name)");
    scene_end(&s);
}
END_TEST

START_TEST(an_increment_of_a_history_is_verified_but_for_a_cursor_it_does_not_follow)
{
    scene s = begin("increment", _i, "id:i at:t name:s", "history", "window=since cursor=at key=id");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    load_again(&s);
    sql(s.from, "UPDATE %s SET at = '2024-03-01 10:00:03.000000', name = 'A' WHERE id = 1", s.source);
    verify_lists(&s.what, NULL, "CHANGED id = 1 (at, name)");
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    verify_equal(&s.what, "window=loaded", 2);
    s.what.options = "window=since cursor=at key=id scd2_columns=name";
    verify_fails(&s.what, NULL, INCLOAD_E_UNSUPPORTED, "'at'|scd2_columns|window=all");
    scene_end(&s);
}
END_TEST

START_TEST(versions_by_time_are_verified)
{
    scene s = begin("stamped", _i, "id:i at:t name:s", "history", "key=id latest_by=at scd2_compare=timestamp");

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    load_again(&s);
    sql(s.from, "UPDATE %s SET at = '2024-03-01 10:00:03.000000', name = 'A' WHERE id = 1", s.source);
    load_again(&s);
    verify_equal(&s.what, NULL, 2);
    /* No newer time, so no version: the target does not have it. */
    sql(s.from, "UPDATE %s SET name = 'silent' WHERE id = 2", s.source);
    load_again(&s);
    verify_lists(&s.what, NULL, "CHANGED id = 2 (name)");
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, marked_rows_of_the_source_and_their_absence_from_the_target_are_equal, 0, WAYS);
    tcase_add_loop_test(tests, a_stored_marker_is_compared_like_any_column, 0, WAYS);
    tcase_add_loop_test(tests, rows_that_are_marked_in_the_target_are_absent, 0, WAYS);
    tcase_add_loop_test(tests, keys_that_are_gone_are_absent_where_they_are_marked, 0, WAYS);
    tcase_add_loop_test(tests, a_row_that_was_marked_since_the_load_is_pending, 0, WAYS);
    tcase_add_loop_test(tests, the_current_versions_of_a_history_are_compared, 0, WAYS);
    tcase_add_loop_test(tests, a_recorded_deletion_is_no_row, 0, WAYS);
    tcase_add_loop_test(tests, columns_that_a_history_does_not_follow_do_not_count, 0, WAYS);
    tcase_add_loop_test(tests, an_increment_of_a_history_is_verified_but_for_a_cursor_it_does_not_follow, 0, WAYS);
    tcase_add_loop_test(tests, versions_by_time_are_verified, 0, WAYS);
}

int
main(void)
{
    return run_tests("verify_kept", 60, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What many commits leave in the ledger: the last of them, and nothing of others is touched. */
#include <stdio.h>
#include <stdlib.h>

#include "events.h"

enum { COMMITS = 260, LEAST = 100, MOST = 125 };

static void
commit_one(incload_changes *changes, int32_t number)
{
    const char *const names[] = { "id", "name" };
    char id[16];
    const char *const values[] = { id, "x" };
    incload_error *err = NULL;

    snprintf(id, sizeof id, "%d", (int)number);
    incload_changes_push(changes, INCLOAD_CHANGE_INSERT, names, values, 2, (uint64_t)number, 0, &err);
    incload_changes_commit(changes, &err);
    ck_assert_msg(err == NULL, "%s", incload_error_message(err));
}

static int64_t
rows_of(place at, const char *table, const char *name)
{
    const char *ledger = ledger_of(at);

    return ask_number(at, "SELECT COUNT(*) FROM %s%s WHERE load_name = '%s'", ledger, table, name);
}

START_TEST(of_many_commits_the_last_are_kept)
{
    place at = place_open((kind)_i, _i == PG_ODBC);

    make_items(at, "many", false);
    make_items(at, "few", false);
    incload_changes *few = changes_open(at, "few", NULL), *many = changes_open(at, "many", NULL);
    for (int32_t i = 1; i <= 3; i++)
        commit_one(few, i);
    for (int32_t i = 1; i <= COMMITS; i++)
        commit_one(many, i);
    int64_t versions = rows_of(at, "watermark_history", "many:changes");
    ck_assert_int_ge(versions, LEAST);
    ck_assert_int_le(versions, MOST);
    ck_assert_int_eq(rows_of(at, "run", "many:changes"), versions);
    ck_assert_int_eq(rows_of(at, "watermark_history", "few:changes"), 3);
    ck_assert_int_eq(rows_of(at, "run", "few:changes"), 3);
    ck_assert_uint_eq(position_of(many), COMMITS);
    ck_assert_int_eq(ask_number(at, "SELECT COUNT(*) FROM many"), COMMITS);
    incload_changes_unref(few);
    incload_changes_unref(many);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, of_many_commits_the_last_are_kept, 0, KINDS);
}

int
main(void)
{
    return run_tests("changes_ledger", 120, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways of writing that could empty a target, swap and replace: what keeps a broken source from doing it, on
 * each kind of database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char *const presets[] = { "swap", "full_refresh" };
enum { WAYS = 2, CASES = WAYS * KINDS };

typedef struct stand {
    place from, to;
    load what;
    char options[100];
} stand;

/* `there` rows in the target, `coming` in the source. */
static stand
begin(int32_t number, int64_t there, int64_t coming)
{
    kind which = (kind)(number / WAYS);
    stand s = { .from = place_open(SQLITE, 0), .to = place_open(which, 1) };

    table_drop(s.from, "guard_from");
    table_drop(s.to, "guard_to");
    sql(s.from, "CREATE TABLE guard_from (id integer PRIMARY KEY, name text)");
    sql(s.from,
        "INSERT INTO guard_from WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %lld)"
        " SELECT i, 'old' FROM n",
        (long long)there);
    s.what = (load){
        .from = s.from, .to = s.to, .table = "guard_from", .target = "guard_to", .preset = presets[number % WAYS]
    };
    load_counts(&s.what, there, there);
    sql(s.from, "DELETE FROM guard_from WHERE id > %lld", (long long)coming);
    sql(s.from, "UPDATE guard_from SET name = 'new'");
    return s;
}

static void
refuses(stand *s, const char *options, int32_t code, const char *words)
{
    int64_t before = ask_number(s->to, "SELECT COUNT(*) AS c FROM guard_to");

    s->what.options = options;
    load_fails(&s->what, code, words);
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM guard_to WHERE name = 'old'"), before);
}

static void
lands(stand *s, const char *options, int64_t rows)
{
    s->what.options = options;
    load_counts(&s->what, rows, rows);
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM guard_to"), rows);
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM guard_to WHERE name = 'new'"), rows);
}

static void
end(stand *s)
{
    table_drop(s->to, "guard_to");
    table_drop(s->from, "guard_from");
    place_close(s->from);
    place_close(s->to);
}

START_TEST(a_source_without_rows_is_refused_until_allow_empty)
{
    stand s = begin(_i, 3, 0);

    refuses(&s, NULL, INCLOAD_E_STATE, "allow_empty=true");
    refuses(&s, "max_shrink=100", INCLOAD_E_STATE, "allow_empty=true");
    lands(&s, "allow_empty=true", 0);
    /* Empty already: nothing is lost. */
    lands(&s, NULL, 0);
    end(&s);
}
END_TEST

START_TEST(fewer_rows_than_min_rows_are_refused)
{
    stand s = begin(_i, 6, 4);

    refuses(&s, "min_rows=5", INCLOAD_E_CHECK, "brings 4 rows, fewer than min_rows=5");
    lands(&s, "min_rows=4", 4);
    end(&s);
}
END_TEST

START_TEST(min_rows_holds_where_an_empty_target_is_allowed)
{
    stand s = begin(_i, 3, 0);

    refuses(&s, "min_rows=1 allow_empty=true", INCLOAD_E_CHECK, "fewer than min_rows=1");
    end(&s);
}
END_TEST

START_TEST(a_loss_beyond_max_shrink_is_refused)
{
    stand s = begin(_i, 10, 8);

    refuses(&s, "max_shrink=19", INCLOAD_E_CHECK, "has 10 rows and the source only 8, a loss of more than 19 per cent");
    lands(&s, "max_shrink=20", 8);
    end(&s);
}
END_TEST

START_TEST(without_an_option_half_of_a_thousand_rows_may_go_and_not_more)
{
    stand s = begin(_i, 1000, 499);

    refuses(&s, NULL, INCLOAD_E_CHECK, "a loss of more than 50 per cent|max_shrink=100");
    lands(&s, "max_shrink=100", 499);
    end(&s);
}
END_TEST

START_TEST(of_fewer_rows_any_may_go)
{
    stand s = begin(_i, 999, 1);

    lands(&s, NULL, 1);
    end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_source_without_rows_is_refused_until_allow_empty, 0, CASES);
    tcase_add_loop_test(tests, fewer_rows_than_min_rows_are_refused, 0, CASES);
    tcase_add_loop_test(tests, min_rows_holds_where_an_empty_target_is_allowed, 0, CASES);
    tcase_add_loop_test(tests, a_loss_beyond_max_shrink_is_refused, 0, CASES);
    tcase_add_loop_test(tests, without_an_option_half_of_a_thousand_rows_may_go_and_not_more, 0, CASES);
    tcase_add_loop_test(tests, of_fewer_rows_any_may_go, 0, CASES);
}

int
main(void)
{
    return run_tests("swap_guards", 60, add_tests);
}

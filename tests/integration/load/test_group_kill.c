/* SPDX-License-Identifier: Apache-2.0 */
/* A process that loads two tables together is killed at any moment: both have moved, or neither. */
#include "groups.h"
#include "victim.h"

enum { KILLS = 24, ORDERS = 6, LINES = 3 };

/* Small batches and pages make many moments out of a small load. */
static const char options_of_load[] = "cursor=at key=id batch_rows=4 page_rows=6";

/* Of each kind into its own, into another, and inside one database. */
static const int32_t routes[] = { 0, DATABASES + 1, 2 * DATABASES + 2, 1, PAIRS, PAIRS + 1, PAIRS + 2 };

static victim
loader_of(const shop *s)
{
    int32_t number = s->number < PAIRS && s->from.kind == s->to.kind ? 1 : 0;

    return (victim){ .words = { "", place_url(s->from.kind, 0), s->texts[0], place_url(s->to.kind, number),
                                s->texts[2], "timestamp", options_of_load, s->texts[1], s->texts[3] } };
}

/* In one statement, since what was sent before the kill may still be committed between two. */
static void
expect_both_or_neither(shop *s)
{
    const char *l = ledger_of(s->to);

    ck_assert_int_eq(ask_number(s->to,
                                "SELECT COUNT(*) AS c FROM (SELECT version FROM %swatermark WHERE load_name IN"
                                " ('%s', '%s') GROUP BY version HAVING COUNT(*) <> 2) q",
                                l, s->texts[2], s->texts[3]),
                     0);
    ck_assert_int_eq(ask_number(s->to, "SELECT (SELECT COUNT(*) FROM %s) * %d - (SELECT COUNT(*) FROM %s) AS c",
                                s->texts[2], LINES, s->texts[3]),
                     0);
}

/* What the server has not noticed yet may still hold a lock: that is told, and a run later all is well. */
static void
load_again(shop *s)
{
    for (int32_t i = 0;; i++) {
        incload_error *err = NULL;
        incload_run_unref(shop_run(s, "wait=20s", &err));
        if (err == NULL)
            return;
        bool passing = incload_error_is_retryable(err) || incload_error_code(err) == INCLOAD_E_BUSY;
        ck_assert_msg(passing && i < 20, "%s: %s", incload_error_name(err), incload_error_message(err));
        incload_error_unref(err);
        pause_ms(50);
    }
}

static void
sell(shop *s, int32_t round)
{
    for (int32_t i = 0; i < ORDERS; i++)
        shop_sell(s, 1 + round * ORDERS + i, LINES);
}

START_TEST(a_group_that_was_killed_at_any_moment_has_moved_both_tables_or_neither)
{
    shop s = shop_begin("grp_kill", routes[_i], options_of_load);
    uint64_t seed = 1906 + (uint64_t)_i;
    victim loader = loader_of(&s);

    for (int32_t round = 0; round < 2; round++) {
        sell(&s, round);
        victim_spare(&loader);
    }
    shop_expect_equal(&s);
    for (int32_t i = 0; i < KILLS; i++) {
        sell(&s, 2 + i);
        int64_t part = i * 5 % KILLS, within = (int64_t)(draw(&seed) % 1000);
        victim_kill(&loader, (part * 1000 + within) / KILLS);
        expect_both_or_neither(&s);
        load_again(&s);
        expect_both_or_neither(&s);
        shop_expect_equal(&s);
    }
    ck_assert_msg(loader.killed >= KILLS / 2, "only %d of %d were still at work when they were killed",
                  (int)loader.killed, KILLS);
    shop_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_group_that_was_killed_at_any_moment_has_moved_both_tables_or_neither, 0,
                        sizeof routes / sizeof routes[0]);
}

int
main(void)
{
    return run_tests("group_kill", 120, add_tests);
}

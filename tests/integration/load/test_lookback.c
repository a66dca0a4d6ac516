/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that show nothing of their transactions: loads look back, compare everything now and then, and learn from
 * what they find how far back to look. Such a source is a MariaDB user without the privilege PROCESS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "writers.h"

enum { TARGETS = 3 };

typedef struct stage {
    place from, to;
    char table[64], target[64], options[200];
    load what;
} stage;

static place
plain_source(void)
{
    const char *whole = place_url(MARIADB, 0), *at = strstr(whole, "UID="), *name = strstr(whole, "Database=") + 9;
    place root = place_open(MARIADB, 0), plain = { MARIADB, NULL };
    incload_error *err = NULL;
    char text[1024];

    sql(root, "CREATE USER IF NOT EXISTS plain_reader@localhost IDENTIFIED BY 'plain'");
    sql(root, "GRANT ALL ON `%.*s`.* TO plain_reader@localhost", (int)strcspn(name, ";"), name);
    place_close(root);
    snprintf(text, sizeof text, "%.*sUID=plain_reader;PWD=plain", (int)(at - whole), whole);
    plain.db = incload_database_new(text, NULL, &err);
    ck_assert_ptr_null(err);
    return plain;
}

static stage *
begin(const char *name, int32_t target, const char *cursor, const char *options)
{
    static const kind kinds[TARGETS] = { POSTGRES, MARIADB, SQLITE };
    stage *s = calloc(1, sizeof *s);

    s->from = plain_source();
    s->to = place_open(kinds[target], 1);
    snprintf(s->table, sizeof s->table, "%s_%d", name, (int)target);
    snprintf(s->target, sizeof s->target, "%s_copy_%d", name, (int)target);
    snprintf(s->options, sizeof s->options, "cursor=at key=id %s", options);
    sql(s->from, "DROP TABLE IF EXISTS %s", s->table);
    sql(s->from, "CREATE TABLE %s (id INT PRIMARY KEY, at %s)", s->table, cursor);
    table_drop(s->to, s->target);
    s->what = (load){ .from = s->from, .to = s->to, .table = s->table, .target = s->target, .options = s->options };
    return s;
}

static void
end(stage *s)
{
    table_drop(s->from, s->table);
    table_drop(s->to, s->target);
    place_close(s->from);
    place_close(s->to);
    free(s);
}

static void
use(stage *s, const char *options)
{
    snprintf(s->options, sizeof s->options, "cursor=at key=id %s", options);
}

typedef struct counts {
    int64_t read, written, late, lateness;
    char level[24], reason[1200];
} counts;

static counts
loaded(stage *s)
{
    incload_run *run = load_ok(&s->what);
    counts c = { incload_run_rows_read(run), incload_run_rows_written(run), incload_run_rows_late(run),
                 incload_run_lateness(run), "", "" };

    snprintf(c.level, sizeof c.level, "%s", incload_run_level(run));
    snprintf(c.reason, sizeof c.reason, "%s", incload_run_level_reason(run));
    incload_run_unref(run);
    return c;
}

START_TEST(rows_within_the_lookback_are_found_and_those_beyond_it_are_not)
{
    stage *s = begin("within", _i, "DATETIME(3)", "lookback=10s");

    table_add(s->from, s->table, "(1, '2024-03-01 10:00:00.500')");
    loaded(s);
    table_add(s->from, s->table, "(2, '2024-03-01 09:59:50.500'), (3, '2024-03-01 09:59:50.499')");
    counts c = loaded(s);
    ck_assert_str_eq(c.level, "BEST_EFFORT");
    expect_words(c.reason, "10000 ms before the watermark");
    ck_assert_int_eq(c.written, 1);
    expect_rows(s->to, s->target, "id:i", "1\n2\n");
    end(s);
}
END_TEST

START_TEST(numbers_look_back_by_a_count)
{
    stage *s = begin("count", _i, "BIGINT", "lookback_count=10");

    table_add(s->from, s->table, "(1, 100)");
    loaded(s);
    table_add(s->from, s->table, "(2, 90), (3, 89)");
    ck_assert_int_eq(loaded(s).written, 1);
    expect_rows(s->to, s->target, "id:i", "1\n2\n");
    end(s);
}
END_TEST

START_TEST(twice_the_lateness_that_a_deep_read_met_is_looked_back_from_then_on)
{
    stage *s = begin("learns", _i, "DATETIME(6)", "deep=never");

    table_add(s->from, s->table, "(1, '2024-03-01 10:00:00')");
    loaded(s);
    table_add(s->from, s->table, "(2, '2024-03-01 09:59:30')");
    ck_assert_int_eq(loaded(s).written, 0);
    use(s, "deep=always");
    counts c = loaded(s);
    ck_assert_int_eq(c.late, 1);
    ck_assert_int_eq(c.lateness, 30000000);
    /* From 60 s before on. */
    use(s, "deep=never");
    table_add(s->from, s->table, "(3, '2024-03-01 09:59:00'), (4, '2024-03-01 09:58:59.999999')");
    c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    expect_words(c.reason, "60000 ms before the watermark");
    /* What lies beyond that lookback is measured from the watermark. */
    use(s, "deep=always");
    c = loaded(s);
    ck_assert_int_eq(c.late, 1);
    ck_assert_int_eq(c.lateness, 60000001);
    expect_equal(s->from, s->to, s->table, s->target, "id:i at:t");
    end(s);
}
END_TEST

START_TEST(everything_is_compared_when_its_time_has_come)
{
    stage *s = begin("schedule", _i, "DATETIME(6)", "deep_every=1h");

    table_add(s->from, s->table, "(1, '2024-03-01 10:00:00')");
    loaded(s);
    table_add(s->from, s->table, "(2, '2024-03-01 08:00:00')");
    ck_assert_int_eq(loaded(s).written, 0);
    use(s, "deep_every=1ms");
    pause_ms(5);
    counts c = loaded(s);
    ck_assert_int_eq(c.written, 1);
    ck_assert_int_eq(c.late, 1);
    end(s);
}
END_TEST

START_TEST(the_naive_cursor_neither_looks_back_nor_compares)
{
    stage *s = begin("naive", _i, "DATETIME(6)", "horizon=none lookback=1h deep=always");

    table_add(s->from, s->table, "(1, '2024-03-01 10:00:00')");
    loaded(s);
    table_add(s->from, s->table, "(2, '2024-03-01 09:59:59')");
    counts c = loaded(s);
    ck_assert_int_eq(c.read, 1);
    ck_assert_int_eq(c.written, 0);
    expect_words(c.reason, "is not seen");
    end(s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, rows_within_the_lookback_are_found_and_those_beyond_it_are_not, 0, TARGETS);
    tcase_add_loop_test(tests, numbers_look_back_by_a_count, 0, TARGETS);
    tcase_add_loop_test(tests, twice_the_lateness_that_a_deep_read_met_is_looked_back_from_then_on, 0, TARGETS);
    tcase_add_loop_test(tests, everything_is_compared_when_its_time_has_come, 0, TARGETS);
    tcase_add_loop_test(tests, the_naive_cursor_neither_looks_back_nor_compares, 0, TARGETS);
}

int
main(void)
{
    return run_tests("lookback", 60, add_tests);
}

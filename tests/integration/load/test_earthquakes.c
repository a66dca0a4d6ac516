/* SPDX-License-Identifier: Apache-2.0 */
/* The main job: a table of earthquakes is kept equal in another database, a day of changes at a time. */
#include <stdio.h>
#include <string.h>

#include "quakes.h"

enum { SEED = 20180207 };

/* Where the rows go from and to; what is empty in `road` is decided by the library. */
static const struct route {
    kind from, to;
    int32_t number; /* of the target's database; the source is in database 0 */
    const char *road;
    const char *taken;
} routes[] = {
    { POSTGRES, POSTGRES, 0, "auto", "same-database" },
    { POSTGRES, POSTGRES, 1, "auto", "relay" },
    { POSTGRES, POSTGRES, 1, "batches", "batches" },
    { POSTGRES, MARIADB, 0, "auto", "batches" },
    { POSTGRES, SQLITE, 0, "auto", "batches" },
    { POSTGRES, PG_ODBC, 1, "auto", "batches" },
    { MARIADB, POSTGRES, 0, "auto", "batches" },
    { MARIADB, MARIADB, 0, "auto", "same-database" },
    { MARIADB, MARIADB, 1, "batches", "batches" },
    { MARIADB, SQLITE, 0, "auto", "batches" },
    { MARIADB, PG_ODBC, 0, "auto", "batches" },
    { SQLITE, POSTGRES, 0, "auto", "batches" },
    { SQLITE, MARIADB, 0, "auto", "batches" },
    { SQLITE, SQLITE, 0, "auto", "same-database" },
    { SQLITE, SQLITE, 1, "auto", "batches" },
    { SQLITE, PG_ODBC, 0, "auto", "batches" },
    { PG_ODBC, POSTGRES, 1, "auto", "batches" },
    { PG_ODBC, MARIADB, 0, "auto", "batches" },
    { PG_ODBC, SQLITE, 0, "auto", "batches" },
    { PG_ODBC, PG_ODBC, 0, "auto", "same-database" },
    { PG_ODBC, PG_ODBC, 1, "auto", "batches" },
};

static void
expect_run(const load *what, int64_t written, const char *road)
{
    incload_run *run = load_ok(what);

    ck_assert_str_eq(incload_run_road(run), road);
    ck_assert_msg(incload_run_rows_written(run) == written, "%lld rows written instead of %lld",
                  (long long)incload_run_rows_written(run), (long long)written);
    ck_assert_ptr_nonnull(incload_run_watermark(run));
    incload_run_unref(run);
}

START_TEST(each_day_of_earthquakes_arrives_once_and_whole)
{
    const struct route *route = &routes[_i];
    char options[128], source[64], target[64];
    int64_t total = 0;

    snprintf(options, sizeof options, "cursor=updated key=id road=%s", route->road);
    snprintf(source, sizeof source, "quakes_%d", _i);
    snprintf(target, sizeof target, "copy_%d", _i);
    quakes_read();
    place from = place_open(route->from, 0), to = place_open(route->to, route->number);
    load what = { .from = from, .to = to, .table = source, .target = target, .options = options };

    quakes_make(from, source);
    table_drop(to, target);
    for (int32_t day = 0; day < QUAKE_DAYS; day++) {
        quakes_add(from, source, day, SEED + (uint64_t)day);
        total += quakes_on(day);
        expect_run(&what, quakes_on(day), route->taken);
        expect_equal(from, to, source, target, quake_columns);
        ck_assert_int_eq(ask_number(to, "SELECT COUNT(*) AS c FROM %s", target), total);
    }
    ck_assert_int_eq(total, QUAKES);
    expect_run(&what, 0, route->taken);
    expect_equal(from, to, source, target, quake_columns);
    table_drop(from, source);
    table_drop(to, target);
    place_close(from);
    place_close(to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, each_day_of_earthquakes_arrives_once_and_whole, 0,
                        sizeof routes / sizeof routes[0]);
}

int
main(void)
{
    return run_tests("earthquakes", 120, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which road the rows take, that it can be named, and that the run says why no faster one was open. */
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";

/* From database 0 into database `number`. An empty reason: it was the fastest. */
static const struct {
    kind from, to;
    int32_t number;
    const char *asked, *taken, *reason;
} roads[] = {
    { POSTGRES, POSTGRES, 0, "auto", "same-database", "" },
    { POSTGRES, POSTGRES, 0, "same-database", "same-database", "" },
    { POSTGRES, POSTGRES, 0, "relay", "relay", "option 'road' asked for it" },
    { POSTGRES, POSTGRES, 0, "batches", "batches", "option 'road' asked for it" },
    { POSTGRES, POSTGRES, 1, "auto", "relay", "different databases" },
    { POSTGRES, POSTGRES, 1, "relay", "relay", "different databases" },
    { POSTGRES, POSTGRES, 1, "batches", "batches", "option 'road' asked for it" },
    { POSTGRES, MARIADB, 0, "auto", "batches", "different databases|the relay needs libpq on both sides" },
    { POSTGRES, PG_ODBC, 0, "batches", "batches", "option 'road' asked for it" },
    { POSTGRES, PG_ODBC, 1, "auto", "batches", "different databases|the relay needs libpq on both sides" },
    { MARIADB, MARIADB, 0, "auto", "same-database", "" },
    { MARIADB, MARIADB, 0, "batches", "batches", "option 'road' asked for it" },
    { MARIADB, MARIADB, 1, "batches", "batches", "" },
    { SQLITE, SQLITE, 0, "auto", "same-database", "" },
    { SQLITE, SQLITE, 0, "batches", "batches", "option 'road' asked for it" },
    { SQLITE, SQLITE, 1, "auto", "batches", "different databases|the relay needs libpq on both sides" },
    { SQLITE, POSTGRES, 0, "auto", "batches", "different databases|the relay needs libpq on both sides" },
    { PG_ODBC, PG_ODBC, 0, "auto", "same-database", "" },
};

enum { ROADS = sizeof roads / sizeof roads[0] };

static load
begin(const char *name, int32_t test, const char *options)
{
    place from = place_open(roads[test].from, 0), to = place_open(roads[test].to, roads[test].number);
    load what = { .from = from, .to = to, .options = options,
                  .table = strdup(named(name, test)), .target = strdup(named(named(name, 0), test)) };

    table_make(from, what.table, columns, "id");
    table_drop(to, what.target);
    table_add(from, what.table, "(1, '2024-03-01 10:00:01.000000', 'a'), (2, '2024-03-01 10:00:02.000000', 'b')");
    return what;
}

static void
end(load *what)
{
    table_drop(what->from, what->table);
    table_drop(what->to, what->target);
    free((char *)(uintptr_t)what->table);
    free((char *)(uintptr_t)what->target);
    route_close(what->from, what->to);
}

START_TEST(a_road_is_taken_and_explained)
{
    char options[64] = "cursor=at key=id road=";
    load what = begin("road", _i, strcat(options, roads[_i].asked));

    for (int32_t i = 0; i < 2; i++) {
        incload_run *run = load_ok(&what);
        ck_assert_str_eq(incload_run_road(run), roads[_i].taken);
        expect_words(incload_run_road_reason(run), roads[_i].reason);
        if (strcmp(roads[_i].taken, "same-database") == 0) {
            ck_assert_str_eq(incload_run_road_reason(run), "");
            ck_assert_int_eq(incload_run_bytes(run), 0);
        } else if (incload_run_rows_read(run) > 0) {
            ck_assert_int_gt(incload_run_bytes(run), 0);
        }
        ck_assert_int_eq(incload_run_rows_written(run), i == 0 ? 2 : 0);
        incload_run_unref(run);
    }
    expect_equal(what.from, what.to, what.table, what.target, columns);
    end(&what);
}
END_TEST

static const struct {
    kind from, to;
    int32_t number;
    const char *asked, *words;
} closed[] = {
    { POSTGRES, POSTGRES, 1, "same-database", "road=same-database is closed|different databases" },
    { MARIADB, MARIADB, 0, "relay", "road=relay is closed" },
    { POSTGRES, MARIADB, 0, "relay", "road=relay is closed|libpq on both sides" },
    { SQLITE, SQLITE, 1, "same-database", "road=same-database is closed|different databases" },
    { POSTGRES, PG_ODBC, 1, "relay", "road=relay is closed|libpq on both sides" },
    { POSTGRES, SQLITE, 0, "same-database", "road=same-database is closed|different databases" },
};

START_TEST(a_closed_road_is_refused_and_the_reason_told)
{
    place from = place_open(closed[_i].from, 0), to = place_open(closed[_i].to, closed[_i].number);
    char options[64] = "cursor=at key=id road=";
    load what = { .from = from, .to = to, .options = strcat(options, closed[_i].asked), .table = "closed",
                  .target = "closed_copy" };

    table_make(from, what.table, columns, "id");
    table_drop(to, what.target);
    load_fails(&what, INCLOAD_E_UNSUPPORTED, closed[_i].words);
    route_close(from, to);
}
END_TEST

/* The road for a target whose column `n` has another type than the source's. */
static const struct {
    const char *from, *to;
    int32_t number;
    const char *road, *reason;
} types[] = {
    { "integer", "bigint", 0, "same-database", "" },
    { "integer", "bigint", 1, "batches", "column 'n' is integer in the source and bigint in the target" },
    { "bigint", "integer", 0, "batches", "column 'n' is bigint in the source and integer in the target" },
    { "timestamptz(3)", "timestamptz", 0, "same-database", "" },
    { "varchar(10)", "text", 0, "same-database", "" },
    { "text", "varchar(10)", 0, "batches", "column 'n' is text in the source" },
    { "inet", "inet", 1, "relay", "different databases" },
    { "integer[]", "integer[]", 1, "relay", "different databases" },
};

START_TEST(columns_of_other_types_close_roads)
{
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, types[_i].number);
    load what = { .from = from, .to = to, .options = "cursor=id key=id", .table = "typed", .target = "typed_copy",
                  .name = named("typed", _i) };

    table_drop(from, what.table);
    table_drop(to, what.target);
    sql(from, "CREATE TABLE typed (id bigint PRIMARY KEY, n %s)", types[_i].from);
    sql(from, "INSERT INTO typed VALUES (1, NULL)");
    sql(to, "CREATE TABLE typed_copy (id bigint PRIMARY KEY, n %s)", types[_i].to);
    incload_run *run = load_ok(&what);
    ck_assert_str_eq(incload_run_road(run), types[_i].road);
    expect_words(incload_run_road_reason(run), types[_i].reason);
    incload_run_unref(run);
    route_close(from, to);
}
END_TEST

static int32_t
pass(incload_unit *unit, incload_batch *batch, void *user_data)
{
    (void)unit;
    (void)batch;
    (void)user_data;
    return INCLOAD_DONE;
}

START_TEST(a_process_function_closes_the_roads_on_which_rows_are_not_seen)
{
    load what = begin("seen", _i, "cursor=at key=id");

    what.function = pass;
    incload_run *run = load_ok(&what);
    ck_assert_str_eq(incload_run_road(run), "batches");
    ck_assert_str_eq(incload_run_road_reason(run), "a process function sees the rows");
    incload_run_unref(run);
    expect_equal(what.from, what.to, what.table, what.target, columns);
    end(&what);
}
END_TEST

START_TEST(a_table_is_not_loaded_into_itself)
{
    place at = place_open((kind)_i, 0);
    load what = { .from = at, .to = at, .options = "cursor=at key=id", .table = "itself" };

    table_make(at, what.table, columns, "id");
    load_fails(&what, INCLOAD_E_INVALID, "same table");
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_road_is_taken_and_explained, 0, ROADS);
    tcase_add_loop_test(tests, a_closed_road_is_refused_and_the_reason_told, 0, sizeof closed / sizeof closed[0]);
    tcase_add_loop_test(tests, columns_of_other_types_close_roads, 0, sizeof types / sizeof types[0]);
    tcase_add_loop_test(tests, a_process_function_closes_the_roads_on_which_rows_are_not_seen, 0, ROADS);
    tcase_add_loop_test(tests, a_table_is_not_loaded_into_itself, 0, KINDS);
}

int
main(void)
{
    return run_tests("roads", 60, add_tests);
}

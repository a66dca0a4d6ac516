/* SPDX-License-Identifier: Apache-2.0 */
/* Where a database is, as it may be told to anyone. */
#include "driver/place.h"

#include <string.h>

#include "harness.h"

static void
check_place(const char *url, const char *space, const char *base)
{
    incload__str found_space = INCLOAD__STR(&incload__mem_libc), found_base = INCLOAD__STR(&incload__mem_libc);

    incload__url_place(url, &found_space, &found_base);
    ck_assert_msg(strcmp(incload__str_text(&found_space), space) == 0, "%s: %s", url, incload__str_text(&found_space));
    ck_assert_msg(strcmp(incload__str_text(&found_base), base) == 0, "%s: %s", url, incload__str_text(&found_base));
    incload__str_free(&found_space);
    incload__str_free(&found_base);
}

START_TEST(a_url_of_libpq_gives_host_port_and_name)
{
    check_place("postgresql://app:secret@shop:5433/orders", "postgres://shop:5433", "orders");
    check_place("postgres://shop/orders?sslmode=require", "postgres://shop:5432", "orders");
    check_place("postgresql:///orders?host=/run/pg&port=6000", "postgres://localhost:6000", "orders");
    check_place("postgresql://app@/?host=db.example&dbname=orders", "postgres://db.example:5432", "orders");
    check_place("postgresql://a:1,b:2/orders", "postgres://a:1,b:2", "orders");
    check_place("postgresql://[::1]/orders", "postgres://[::1]:5432", "orders");
    check_place("postgresql://", "postgres://localhost:5432", "");
}
END_TEST

START_TEST(a_string_of_odbc_gives_the_same_by_its_driver)
{
    check_place("odbc:Driver=MariaDB Unicode;Server=db2;Database=lake;UID=app;PWD=secret", "mysql://db2:3306", "lake");
    check_place("odbc:driver={PostgreSQL Unicode}; servername= db;port=5433;DATABASE=shop;", "postgres://db:5433",
                "shop");
    check_place("odbc:Driver=SQLite3;Database=/tmp/shop.db", "sqlite:/tmp/shop.db", "");
    check_place("odbc:DSN=warehouse;UID=app", "odbc://warehouse", "");
    check_place("mock:", "mock", "");
}
END_TEST

START_TEST(no_part_of_a_password_is_told)
{
    static const char *const urls[] = {
        "postgresql://app:hush/hush@shop/orders",
        "postgresql://app:hush?hush@shop/orders",
        "postgresql://app:x@hush/hush@shop/orders",
        "postgresql://shop/orders?password=hush",
        "postgresql://app:hush@hush@shop/orders",
        "odbc:Driver=MariaDB;PWD={hush;Server=hush};Server=db;Database=lake",
        "odbc:Driver=MariaDB;PWD={hush}};Server=hush};Server=db;Database=lake",
        "odbc:Driver=MariaDB;PWD={hush",
        "odbc:Driver=MariaDB;PWD=hush",
        "odbc:Driver=MariaDB;Server={db;PWD=hush};Database=lake",
        "odbc:Driver=SQLite3;Database={lake;PWD=hush}",
        "postgresql://?dbname=/orders?password=hush",
        "postgresql://?port=/orders?password=hush",
        "mock://hush",
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        incload__str space = INCLOAD__STR(&incload__mem_libc), base = INCLOAD__STR(&incload__mem_libc);
        incload__url_place(urls[i], &space, &base);
        ck_assert_msg(strstr(incload__str_text(&space), "hush") == NULL, "%s: %s", urls[i], incload__str_text(&space));
        ck_assert_msg(strstr(incload__str_text(&base), "hush") == NULL, "%s: %s", urls[i], incload__str_text(&base));
        incload__str_free(&space);
        incload__str_free(&base);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, a_url_of_libpq_gives_host_port_and_name);
    tcase_add_test(tests, a_string_of_odbc_gives_the_same_by_its_driver);
    tcase_add_test(tests, no_part_of_a_password_is_told);
}

HARNESS_MAIN("place", add_tests)

/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of keys: the queries that must give the same sums on both sides. */
#include "fixture.h"

#include "dialect/key_digest.h"

static incload__schema here, there;
static const int32_t key[] = { 0, 1 };

static void
fill(incload__schema *schema, const char *first, incload__kind first_kind, const char *second,
     incload__kind second_kind)
{
    incload__schema_init(schema, &incload__mem_libc);
    add_column(schema, "id", first, (incload__type){ first_kind, 0, 0 }, false);
    add_column(schema, "n", second, (incload__type){ second_kind, 0, 0 }, false);
}

static incload__key_digest
side_of(const incload__dialect *dialect, const incload__dialect *other, const char *prefix)
{
    return (incload__key_digest){ dialect, &here, &there, other, key, 2, prefix, "5eed", false };
}

static void
done(void)
{
    incload__schema_free(&here);
    incload__schema_free(&there);
}

START_TEST(two_kinds_of_server_hash_the_digits_of_whole_numbers)
{
    incload__key_digest postgres = side_of(&incload__dialect_postgres, &incload__dialect_mariadb, "");
    incload__key_digest mariadb = side_of(&incload__dialect_mariadb, &incload__dialect_postgres, "t.");
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    int32_t column;

    fill(&here, "bigint", INCLOAD__INT64, "integer", INCLOAD__INT32);
    fill(&there, "bigint(20)", INCLOAD__INT64, "int(11)", INCLOAD__INT32);
    ck_assert_ptr_null(incload__key_digest_refusal(&postgres, &column));
    ck_assert(incload__key_digest_by_column(&postgres));
    postgres.by_column = mariadb.by_column = true;
    ck_assert_int_eq(incload__key_digest_query(&sql, &postgres, " FROM \"s\"", NULL, -5, 10, NULL), INCLOAD_OK);
    expect_sql(&sql, "SELECT b, COUNT(*), SUM(('x' || substr(m, 1, 16))::bit(64)::bigint), "
                     "SUM(('x' || substr(m, 17, 16))::bit(64)::bigint) FROM (SELECT "
                     "((\"id\"::bigint - (-5)) / 10) AS b, MD5(CONCAT('5eed', '/', "
                     "COALESCE(\"id\"::bigint::text, 'n'), '/', COALESCE(\"n\"::bigint::text, 'n'))) AS m "
                     "FROM \"s\" OFFSET 0) AS d GROUP BY b ORDER BY b");
    ck_assert_int_eq(incload__key_digest_query(&sql, &mariadb, " FROM `t` AS t", "(t.`id` > 1)", 0, 7, NULL),
                     INCLOAD_OK);
    expect_sql(&sql, "SELECT b, COUNT(*), SUM(CAST(CONV(SUBSTR(m, 1, 16), 16, 10) AS UNSIGNED)), "
                     "SUM(CAST(CONV(SUBSTR(m, 17, 16), 16, 10) AS UNSIGNED)) FROM (SELECT "
                     "((CAST(t.`id` AS SIGNED) - (0)) DIV 7) AS b, MD5(CONCAT('5eed', '/', "
                     "COALESCE(CAST(CAST(t.`id` AS SIGNED) AS CHAR), 'n'), '/', "
                     "COALESCE(CAST(CAST(t.`n` AS SIGNED) AS CHAR), 'n'))) AS m FROM `t` AS t WHERE (t.`id` > 1)) AS d "
                     "GROUP BY b ORDER BY b");
    done();
}
END_TEST

START_TEST(two_postgres_servers_hash_the_binary_form_of_any_type)
{
    incload__key_digest side = side_of(&incload__dialect_postgres, &incload__dialect_postgres, "t.");
    incload__str sql = INCLOAD__STR(&incload__mem_libc);
    int32_t column;

    fill(&here, "text", INCLOAD__TEXT, "integer", INCLOAD__INT32);
    fill(&there, "character varying(9)", INCLOAD__TEXT, "bigint", INCLOAD__INT64);
    ck_assert_ptr_null(incload__key_digest_refusal(&side, &column));
    ck_assert(!incload__key_digest_by_column(&side));
    ck_assert_int_eq(incload__key_digest_place(&sql, &side, NULL), INCLOAD_OK);
    expect_sql(&sql, "('x' || substr(md5(record_send(ROW('5eed'::text, t.\"id\"::text, t.\"n\"::bigint))), 1, 15))"
                     "::bit(60)::bigint");
    done();
}
END_TEST

START_TEST(what_servers_have_no_common_form_of_is_told_by_its_column)
{
    incload__key_digest mixed = side_of(&incload__dialect_postgres, &incload__dialect_mariadb, "");
    incload__key_digest sqlite = side_of(&incload__dialect_sqlite, &incload__dialect_postgres, "");
    int32_t column = 7;

    fill(&here, "bigint", INCLOAD__INT64, "text", INCLOAD__TEXT);
    fill(&there, "bigint(20)", INCLOAD__INT64, "varchar(9)", INCLOAD__TEXT);
    ck_assert_ptr_nonnull(strstr(incload__key_digest_refusal(&mixed, &column), "no form"));
    ck_assert_int_eq(column, 1);
    ck_assert_ptr_nonnull(strstr(incload__key_digest_refusal(&sqlite, &column), "PostgreSQL and MariaDB"));
    ck_assert_int_eq(column, -1);
    done();
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, two_kinds_of_server_hash_the_digits_of_whole_numbers);
    tcase_add_test(tests, two_postgres_servers_hash_the_binary_form_of_any_type);
    tcase_add_test(tests, what_servers_have_no_common_form_of_is_told_by_its_column);
}

HARNESS_MAIN("dialect-key-digest", add_tests)

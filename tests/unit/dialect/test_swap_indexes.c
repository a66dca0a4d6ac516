/* SPDX-License-Identifier: Apache-2.0 */
/* Which indexes of MariaDB's SHOW CREATE TABLE are set aside while a table is filled, and in which words. */
#include "fixture.h"

#include "dialect/swap.h"

static void
expect(const char *create, const char *drop, const char *add)
{
    incload__str dropped = INCLOAD__STR(&incload__mem_libc), added = INCLOAD__STR(&incload__mem_libc);

    incload__swap_mariadb.set_aside(&dropped, &added, create, "`stage`");
    expect_sql(&dropped, drop);
    expect_sql(&added, add);
}

START_TEST(plain_indexes_are_set_aside_in_their_order)
{
    expect("CREATE TABLE `t` (\n  `id` bigint(20) NOT NULL,\n  `a` int(11) DEFAULT NULL,\n  `b` varchar(40) DEFAULT "
           "NULL,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `once` (`a`,`b`),\n  KEY `by_a` (`a`),\n  KEY `by_b` (`b`(10) "
           "DESC) USING BTREE COMMENT 'of b' IGNORED,\n  FULLTEXT KEY `words` (`b`)\n) ENGINE=InnoDB DEFAULT "
           "CHARSET=utf8mb4",
           "ALTER TABLE `stage` DROP KEY `by_a`, DROP KEY `by_b`",
           "ALTER TABLE `stage` ADD KEY `by_a` (`a`), ADD KEY `by_b` (`b`(10) DESC) USING BTREE COMMENT 'of b' "
           "IGNORED");
}
END_TEST

START_TEST(names_and_texts_are_no_structure)
{
    expect("CREATE TABLE `t (` (\n  `a,` int(11) DEFAULT NULL COMMENT 'it''s ),\\'\n  KEY `no` (`a`)',\n"
           "  `KEY ``b` varchar(9) DEFAULT concat(')',',','\\\\') CHECK (`KEY ``b` <> '`'),\n"
           "  KEY `x``, DROP COLUMN ``y` (`a,`,`KEY ``b`)\n) ENGINE=InnoDB",
           "ALTER TABLE `stage` DROP KEY `x``, DROP COLUMN ``y`",
           "ALTER TABLE `stage` ADD KEY `x``, DROP COLUMN ``y` (`a,`,`KEY ``b`)");
}
END_TEST

START_TEST(an_index_that_counts_rows_up_keeps_all_in_place)
{
    expect("CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  `n` int(11) NOT NULL AUTO_INCREMENT COMMENT 'n',\n"
           "  PRIMARY KEY (`id`),\n  KEY `by_id` (`id`),\n  KEY `counts` (`n`),\n  KEY `more` (`id`)\n) ENGINE=InnoDB "
           "AUTO_INCREMENT=7",
           "", "");
}
END_TEST

START_TEST(a_primary_key_that_counts_rows_up_is_in_nobodys_way)
{
    expect("CREATE TABLE `t` (\n  `n` int(11) NOT NULL AUTO_INCREMENT,\n  `a` int(11) COMMENT 'no AUTO_INCREMENT',\n"
           "  PRIMARY KEY (`n`),\n  KEY `by_a` (`a`)\n) ENGINE=InnoDB",
           "ALTER TABLE `stage` DROP KEY `by_a`", "ALTER TABLE `stage` ADD KEY `by_a` (`a`)");
}
END_TEST

START_TEST(spatial_indexes_keep_all_in_place)
{
    expect("CREATE TABLE `t` (\n  `a` int(11),\n  `g` point NOT NULL,\n  KEY `by_a` (`a`),\n  SPATIAL KEY `by_g` "
           "(`g`)\n) ENGINE=InnoDB",
           "", "");
}
END_TEST

START_TEST(a_table_without_plain_indexes_is_left_alone)
{
    expect("CREATE TABLE `t` (\n  `a` int(11) NOT NULL,\n  PRIMARY KEY (`a`)\n) ENGINE=InnoDB", "", "");
}
END_TEST

START_TEST(other_engines_are_left_alone)
{
    expect("CREATE TABLE `t` (\n  `a` int(11),\n  KEY `by_a` (`a`)\n) ENGINE=Aria PAGE_CHECKSUM=1", "", "");
}
END_TEST

START_TEST(texts_of_another_form_are_left_alone)
{
    static const char *const texts[] = {
        "",
        "CREATE TABLE t (\n  a int(11),\n  KEY by_a (a)\n) ENGINE=InnoDB",
        "CREATE VIEW `v` AS SELECT 1",
        "CREATE TABLE `t",
        "CREATE TABLE `t` (",
        "CREATE TABLE `t` (\n  `a` int(11),\n  KEY `by_a` (`a`",
        "CREATE TABLE `t` (\n  `a` int(11),\n  KEY `by_a` (`a`)\n",
        "CREATE TABLE `t` (\n  `a` int(11) COMMENT 'open,\n  KEY `by_a` (`a`)\n) ENGINE=InnoDB",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect(texts[i], "", "");
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_test(tests, plain_indexes_are_set_aside_in_their_order);
    tcase_add_test(tests, names_and_texts_are_no_structure);
    tcase_add_test(tests, an_index_that_counts_rows_up_keeps_all_in_place);
    tcase_add_test(tests, a_primary_key_that_counts_rows_up_is_in_nobodys_way);
    tcase_add_test(tests, spatial_indexes_keep_all_in_place);
    tcase_add_test(tests, a_table_without_plain_indexes_is_left_alone);
    tcase_add_test(tests, other_engines_are_left_alone);
    tcase_add_test(tests, texts_of_another_form_are_left_alone);
}

HARNESS_MAIN("swap indexes", add_tests)

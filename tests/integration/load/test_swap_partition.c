/* SPDX-License-Identifier: Apache-2.0 */
/* write=swap swap_by=partition into PostgreSQL, over libpq and over unixODBC: one partition is exchanged for a new one
 * that has everything of the old, and the others are left alone; what cannot be exchanged is refused by its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const kind kinds[] = { POSTGRES, PG_ODBC };
enum { BOTH = sizeof kinds / sizeof kinds[0] };

typedef struct stand {
    place from, to;
    load what;
    char options[300];
} stand;

/* Rows of March in the source, and a target with a partition for each of three months. */
static stand
begin(int32_t which)
{
    stand s = { .from = place_open(POSTGRES, 0), .to = place_open(kinds[which], 1) };

    sql(s.to, "DROP SCHEMA IF EXISTS part CASCADE");
    sql(s.to, "CREATE SCHEMA part");
    table_drop(s.from, "part_from");
    sql(s.from, "CREATE TABLE part_from (id bigint, at date, name text, kind int)");
    sql(s.from, "INSERT INTO part_from SELECT i, date '2024-02-01' + i, 'new ' || i, i %% 3 FROM"
                " generate_series(0, 89) AS i");
    s.what = (load){ .from = s.from, .to = s.to, .table = "part_from", .target = "part.t", .preset = "swap" };
    return s;
}

static void
end(stand *s)
{
    sql(s->to, "DROP SCHEMA part CASCADE");
    table_drop(s->from, "part_from");
    place_close(s->from);
    place_close(s->to);
}

static void
expect_clean(const stand *s)
{
    ck_assert_int_eq(ask_number(s->to, "SELECT COUNT(*) AS c FROM incload.object"), 0);
    expect(s->to, "0\n", "SELECT count(*) FROM pg_class WHERE relname ~ '^incload_[0-9a-f]{16}'");
    expect(s->to, "0\n", "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'incload!_%%bound' ESCAPE '!'");
}

static void
months(const stand *s)
{
    sql(s->to, "CREATE TABLE part.t (id bigint, at date, name text, kind int) PARTITION BY RANGE (at)");
    sql(s->to, "CREATE TABLE part.feb PARTITION OF part.t FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')");
    sql(s->to, "CREATE TABLE part.mar PARTITION OF part.t FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')");
    sql(s->to, "CREATE TABLE part.rest PARTITION OF part.t DEFAULT");
    sql(s->to, "INSERT INTO part.t SELECT i, date '2024-02-01' + i * 3, 'old', 1 FROM generate_series(0, 29) AS i");
}

static const char march[] = "window=interval cursor=at initial=2024-03-01 until=2024-04-01 swap_by=partition";

START_TEST(the_partition_with_the_bounds_of_the_interval_is_exchanged_and_no_other)
{
    stand s = begin(_i);

    months(&s);
    s.what.options = march;
    int64_t others = ask_number(s.to, "SELECT count(*) FROM part.t WHERE at < '2024-03-01' OR at >= '2024-04-01'");
    char *oid = ask(s.to, "SELECT 'part.mar'::regclass::oid::text AS mar, 'part.feb'::regclass::oid::text AS feb");
    load_counts(&s.what, 31, 31);
    expect(s.to, "31|31\n", "SELECT count(*), count(*) FILTER (WHERE name LIKE 'new %%') FROM part.mar");
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM part.t WHERE name = 'old'"), others);
    expect(s.to, "31\n", "SELECT count(*) FROM part.t WHERE at >= '2024-03-01' AND at < '2024-04-01'");
    char *now = ask(s.to, "SELECT 'part.mar'::regclass::oid::text AS mar, 'part.feb'::regclass::oid::text AS feb");
    ck_assert_str_ne(oid, now);
    expect_clean(&s);
    sql(s.from, "DELETE FROM part_from WHERE at > '2024-03-10'");
    load_counts(&s.what, 10, 10);
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM part.t"), others + 10);
    expect_clean(&s);
    free(oid);
    free(now);
    end(&s);
}
END_TEST

/* ---- what is kept ---- */

static const char *const adorned[] = {
    "CREATE TABLE part.kinds (kind int PRIMARY KEY)",
    "INSERT INTO part.kinds SELECT generate_series(0, 5)",
    "CREATE FUNCTION part.tick() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TABLE part.t (id bigint NOT NULL, at timestamptz NOT NULL, name text DEFAULT 'none',"
    " kind int CONSTRAINT known REFERENCES part.kinds, twice bigint GENERATED ALWAYS AS (id * 2) STORED,"
    " CONSTRAINT \"the key\" PRIMARY KEY (at, id), CONSTRAINT sane CHECK (id >= 0)) PARTITION BY RANGE (at)",
    "CREATE INDEX by_name ON part.t (upper(name), kind DESC) WHERE kind < 5",
    "CREATE TRIGGER watch BEFORE INSERT ON part.t FOR EACH ROW EXECUTE FUNCTION part.tick()",
    "CREATE TABLE part.feb PARTITION OF part.t FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
    "CREATE TABLE part.\"M ar\" (twice bigint GENERATED ALWAYS AS (id * 2) STORED, kind int, gone int, name text,"
    " at timestamptz NOT NULL, id bigint NOT NULL, CONSTRAINT sane CHECK (id >= 0),"
    " CONSTRAINT mine CHECK (kind < 9)) WITH (fillfactor = 70)",
    "ALTER TABLE part.\"M ar\" DROP COLUMN gone",
    "ALTER TABLE part.t ATTACH PARTITION part.\"M ar\" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')",
    "CREATE INDEX own ON part.\"M ar\" (kind)",
    "CREATE TRIGGER own BEFORE INSERT ON part.\"M ar\" FOR EACH ROW EXECUTE FUNCTION part.tick()",
    "COMMENT ON TABLE part.\"M ar\" IS 'the month of March'",
    "ALTER TABLE part.\"M ar\" ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY wide ON part.\"M ar\" USING (true)",
    "GRANT SELECT ON part.\"M ar\" TO PUBLIC",
    "CREATE STATISTICS part.linked ON kind, name FROM part.\"M ar\"",
    "CREATE VIEW part.seen AS SELECT id FROM part.\"M ar\"",
    "INSERT INTO part.t (id, at, name, kind) VALUES (1, '2024-03-05', 'old', 1), (2, '2024-02-05', 'old', 1)",
};

static const char *const described[] = {
    "SELECT attname, format_type(atttypid, atttypmod), attnotnull, attgenerated, pg_get_expr(d.adbin, d.adrelid)"
    " FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum"
    " WHERE attrelid = 'part.\"M ar\"'::regclass AND attnum > 0 AND NOT attisdropped",
    "SELECT relname, relowner::regrole, relacl, reloptions, relrowsecurity, relispartition, pg_get_expr(relpartbound,"
    " oid), obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'part.\"M ar\"'::regclass",
    "SELECT i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), i.indisprimary, h.inhparent::regclass"
    " FROM pg_index i LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid WHERE i.indrelid = 'part.\"M "
    "ar\"'::regclass",
    "SELECT c.conname, c.contype, pg_get_constraintdef(c.oid), c.convalidated, c.conislocal, c.coninhcount, p.conname"
    " FROM pg_constraint c LEFT JOIN pg_constraint p ON p.oid = c.conparentid"
    " WHERE c.conrelid = 'part.\"M ar\"'::regclass",
    "SELECT tgname, tgenabled, pg_get_triggerdef(oid), tgparentid <> 0 FROM pg_trigger"
    " WHERE tgrelid = 'part.\"M ar\"'::regclass AND NOT tgisinternal",
    "SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'part.\"M ar\"'::regclass",
    "SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = 'part.\"M ar\"'::regclass",
    "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'part.t'::regclass",
    "SELECT pg_get_viewdef('part.seen'::regclass)",
};
enum { DESCRIBED = sizeof described / sizeof described[0] };

START_TEST(every_object_of_the_partition_is_in_the_catalog_as_before)
{
    stand s = begin(_i);
    char *before[DESCRIBED];

    for (size_t i = 0; i < sizeof adorned / sizeof adorned[0]; i++)
        sql(s.to, "%s", adorned[i]);
    sql(s.from, "ALTER TABLE part_from ALTER COLUMN at TYPE timestamptz");
    s.what.options = march;
    s.what.name = "with times";
    for (int i = 0; i < DESCRIBED; i++)
        before[i] = ask(s.to, "SELECT q::text AS line FROM (%s) AS q", described[i]);
    for (int round = 0; round < 2; round++) {
        load_counts(&s.what, 31, 31);
        for (int i = 0; i < DESCRIBED; i++) {
            char *after = ask(s.to, "SELECT q::text AS line FROM (%s) AS q", described[i]);
            ck_assert_msg(strcmp(before[i], after) == 0, "%s\nbefore: %s\nafter: %s", described[i], before[i], after);
            ck_assert_msg(after[0] != '\0', "%s: nothing", described[i]);
            free(after);
        }
        expect(s.to, "31\n", "SELECT count(*) FROM part.seen");
        expect(s.to, "32\n", "SELECT count(*) FROM part.t");
        expect_clean(&s);
    }
    for (int i = 0; i < DESCRIBED; i++)
        free(before[i]);
    end(&s);
}
END_TEST

/* ---- which partition ---- */

static const struct {
    const char *type;
    const char *low, *high; /* of the partition */
    const char *options;
    int64_t rows;
} bounds[] = {
    { "bigint", "-5", "10", "initial=-5 until=10", 10 },
    { "int", "0", "10", "initial=0 until=10", 10 },
    { "numeric(12,2)", "10", "20.00", "initial=10 until=20", 10 },
    { "bigint", "MINVALUE", "10", NULL, 10 },
    { "text", "'1'", "'2'", NULL, 11 },
};

START_TEST(bounds_are_compared_as_values_of_the_key)
{
    stand s = begin(0);

    sql(s.to, "CREATE TABLE part.t (id %s, at date, name text, kind int) PARTITION BY RANGE (id)", bounds[_i].type);
    sql(s.to, "CREATE TABLE part.one PARTITION OF part.t FOR VALUES FROM (%s) TO (%s)", bounds[_i].low,
        bounds[_i].high);
    sql(s.to, "CREATE TABLE part.two PARTITION OF part.t FOR VALUES FROM (%s) TO (MAXVALUE)", bounds[_i].high);
    snprintf(s.options, sizeof s.options, "window=%s swap_by=partition %s", bounds[_i].options ? "interval" : "all",
             bounds[_i].options ? bounds[_i].options : "swap_partition=one");
    if (bounds[_i].options != NULL)
        strcat(s.options, " cursor=id");
    else
        sql(s.from, "DELETE FROM part_from WHERE %s", _i == 3 ? "id >= 10" : "id::text < '1' OR id::text >= '2'");
    s.what.options = s.options;
    load_counts(&s.what, bounds[_i].rows, bounds[_i].rows);
    ck_assert_int_eq(ask_number(s.to, "SELECT count(*) FROM part.one"), bounds[_i].rows);
    expect_clean(&s);
    end(&s);
}
END_TEST

START_TEST(with_all_rows_it_is_the_one_named_or_the_only_one)
{
    stand s = begin(0);

    sql(s.to, "CREATE TABLE part.t (id bigint, at date, name text, kind int) PARTITION BY LIST (kind)");
    sql(s.to, "CREATE TABLE part.rest PARTITION OF part.t DEFAULT");
    s.what.options = "swap_by=partition";
    load_counts(&s.what, 90, 90);
    expect(s.to, "90\n", "SELECT count(*) FROM part.rest");
    sql(s.to, "TRUNCATE part.t");
    sql(s.to, "CREATE TABLE part.low PARTITION OF part.t FOR VALUES IN (0, 1)");
    load_fails(&s.what, INCLOAD_E_INVALID, "has 2 partitions|swap_partition");
    s.what.options = "swap_by=partition swap_partition=part.high";
    load_fails(&s.what, INCLOAD_E_NOT_FOUND, "has no partition 'part.high'");
    sql(s.from, "DELETE FROM part_from WHERE kind > 1");
    s.what.options = "swap_by=partition swap_partition=part.low";
    load_counts(&s.what, 60, 60);
    expect(s.to, "60\n", "SELECT count(*) FROM part.low");
    expect(s.to, "60\n", "SELECT count(*) FROM part.t");
    expect_clean(&s);
    end(&s);
}
END_TEST

START_TEST(rows_outside_of_the_partition_leave_it_as_it_was)
{
    stand s = begin(_i);

    months(&s);
    s.what.options = "swap_by=partition swap_partition=mar";
    load_fails(&s.what, INCLOAD_E_CONSTRAINT, "_bound");
    expect(s.to, "10\n", "SELECT count(*) FROM part.mar WHERE name = 'old'");
    expect_clean(&s);
    end(&s);
}
END_TEST

START_TEST(guards_compare_with_the_partition_and_not_with_the_whole)
{
    stand s = begin(0);

    months(&s);
    sql(s.to, "INSERT INTO part.t SELECT i, date '2024-02-02', 'old', 1 FROM generate_series(1, 2000) AS i");
    s.what.options = march;
    load_counts(&s.what, 31, 31);
    sql(s.from, "DELETE FROM part_from WHERE at > '2024-03-02'");
    snprintf(s.options, sizeof s.options, "%s max_shrink=10", march);
    s.what.options = s.options;
    load_fails(&s.what, INCLOAD_E_CHECK, "part.mar has 31 rows and the source only 2");
    sql(s.from, "DELETE FROM part_from");
    load_fails(&s.what, INCLOAD_E_STATE, "allow_empty=true");
    expect_clean(&s);
    end(&s);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
    const char *make;
    const char *options;
    int32_t code;
    const char *words;
} refused[] = {
    { "DROP TABLE part.t", march, INCLOAD_E_NOT_FOUND, "is missing|partitioned" },
    { "ALTER TABLE part.t RENAME TO u; CREATE TABLE part.t (LIKE part.u)", march, INCLOAD_E_UNSUPPORTED,
      "is not partitioned|swap_by=rename" },
    { "DROP TABLE part.feb, part.mar, part.rest", "swap_by=partition", INCLOAD_E_UNSUPPORTED, "has no partition" },
    { "SELECT 1", "window=interval cursor=at initial=2024-03-01 until=2024-03-15 swap_by=partition", INCLOAD_E_INVALID,
      "exactly the bounds of the interval|write=replace_interval" },
    { "SELECT 1", "window=interval cursor=at initial=2024-02-01 until=2024-04-01 swap_by=partition", INCLOAD_E_INVALID,
      "exactly the bounds of the interval" },
    { "SELECT 1", "window=interval cursor=id initial=1 until=2 swap_by=partition", INCLOAD_E_UNSUPPORTED,
      "BY RANGE of the cursor" },
    { "SELECT 1", "window=interval cursor=at initial=2024-03-01 until=2024-04-01", INCLOAD_E_INVALID,
      "swap_by=partition" },
    { "SELECT 1", "swap_partition=mar", INCLOAD_E_INVALID, "swap_partition needs swap_by=partition" },
    { "SELECT 1", "swap_by=rename", INCLOAD_E_UNSUPPORTED, "it is a partitioned table" },
    { "ALTER TABLE part.t ADD PRIMARY KEY (id, at); CREATE TABLE part.child (id bigint, at date, CONSTRAINT \"to t\""
      " FOREIGN KEY (id, at) REFERENCES part.t)",
      march, INCLOAD_E_UNSUPPORTED, "foreign key \"to t\" of table part.child" },
    { "DROP PUBLICATION IF EXISTS part_told; CREATE PUBLICATION part_told FOR TABLE part.t WITH"
      " (publish_via_partition_root)",
      march, INCLOAD_E_UNSUPPORTED, "publication part_told" },
    { "DROP TABLE part.mar; CREATE TABLE part.mar PARTITION OF part.t FOR VALUES FROM ('2024-03-01') TO"
      " ('2024-04-01') PARTITION BY LIST (kind)",
      march, INCLOAD_E_UNSUPPORTED, "partitioned itself" },
    { "INSERT INTO part.t SELECT i, date '2025-01-01', repeat('x', 1000), 1 FROM generate_series(1, 10000) AS i", march,
      INCLOAD_E_UNSUPPORTED, "default partition part.rest" },
};

START_TEST(what_cannot_be_exchanged_is_refused_by_its_name)
{
    stand s = begin(_i % BOTH);
    char *statements = strdup(refused[_i].make), *rest = statements;

    months(&s);
    for (char *one = strsep(&rest, ";"); one != NULL; one = strsep(&rest, ";"))
        sql(s.to, "%s", one);
    s.what.options = refused[_i].options;
    load_fails(&s.what, refused[_i].code, refused[_i].words);
    expect_clean(&s);
    sql(s.to, "DROP PUBLICATION IF EXISTS part_told");
    free(statements);
    end(&s);
}
END_TEST

START_TEST(a_new_column_of_the_source_is_refused_by_name)
{
    stand s = begin(0);

    months(&s);
    s.what.options = march;
    load_counts(&s.what, 31, 31);
    sql(s.from, "ALTER TABLE part_from ADD COLUMN extra int");
    load_fails(&s.what, INCLOAD_E_UNSUPPORTED, "'extra'|a partition has the columns of its table");
    expect_clean(&s);
    end(&s);
}
END_TEST

START_TEST(a_plan_shows_the_exchange_and_changes_nothing)
{
    stand s = begin(0);
    incload_error *err = NULL;

    months(&s);
    s.what.options = march;
    incload_step *step = load_step(&s.what, &err);
    incload_plan *plan = incload_step_plan(step, &err);
    ck_assert_msg(err == NULL, "%s", err != NULL ? incload_error_message(err) : "");
    expect_words(incload_plan_text(plan), "DETACH PARTITION part.mar|ATTACH PARTITION part.mar FOR VALUES FROM|_bound");
    expect(s.to, "10\n", "SELECT count(*) FROM part.mar WHERE name = 'old'");
    incload_plan_unref(plan);
    incload_step_unref(step);
    end(&s);
}
END_TEST

START_TEST(other_databases_refuse_it)
{
    static const kind others[] = { MARIADB, SQLITE };
    place from = place_open(POSTGRES, 0), to = place_open(others[_i], 1);
    load what = { .from = from,
                  .to = to,
                  .table = "part_from",
                  .target = "part_other",
                  .preset = "swap",
                  .options = "swap_by=partition" };

    table_drop(from, "part_from");
    table_drop(to, "part_other");
    sql(from, "CREATE TABLE part_from (id int)");
    table_make(to, "part_other", "id:i", "id");
    load_fails(&what, INCLOAD_E_UNSUPPORTED, "swap_by=partition is not offered for|swap_by=rename");
    table_drop(to, "part_other");
    table_drop(from, "part_from");
    place_close(from);
    place_close(to);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_partition_with_the_bounds_of_the_interval_is_exchanged_and_no_other, 0, BOTH);
    tcase_add_loop_test(tests, every_object_of_the_partition_is_in_the_catalog_as_before, 0, BOTH);
    tcase_add_loop_test(tests, bounds_are_compared_as_values_of_the_key, 0, sizeof bounds / sizeof bounds[0]);
    tcase_add_test(tests, with_all_rows_it_is_the_one_named_or_the_only_one);
    tcase_add_loop_test(tests, rows_outside_of_the_partition_leave_it_as_it_was, 0, BOTH);
    tcase_add_test(tests, guards_compare_with_the_partition_and_not_with_the_whole);
    tcase_add_loop_test(tests, what_cannot_be_exchanged_is_refused_by_its_name, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, a_new_column_of_the_source_is_refused_by_name);
    tcase_add_test(tests, a_plan_shows_the_exchange_and_changes_nothing);
    tcase_add_loop_test(tests, other_databases_refuse_it, 0, 2);
}

int
main(void)
{
    return run_tests("swap_partition", 60, add_tests);
}

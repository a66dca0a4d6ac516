/* SPDX-License-Identifier: Apache-2.0 */
/* A few changes of a large table look at a few of its rows. The servers' own account says so: PostgreSQL's plans of all
 * statements, as auto_explain writes them to its log, and the rows that MariaDB has read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"

enum { ROWS = 50000, MOST_READ = 500 };

/* ---- what the servers say ---- */

/* Sessions of this one tell each plan. */
static incload_database *
open_telling(kind which)
{
    incload_error *err = NULL;
    char url[2000];

    snprintf(url, sizeof url, "%s%s", place_url(which, 0),
             which != POSTGRES ? ""
                               : "&options=-c%20session_preload_libraries%3Dauto_explain"
                                 "%20-c%20auto_explain.log_min_duration%3D0");
    incload_database *db = incload_database_new(url, NULL, &err);
    ck_assert_msg(db != NULL, "%s", incload_error_message(err));
    return db;
}

typedef struct account {
    place at;
    const char *table;
    FILE *log;
    int64_t read;
} account;

static int64_t
rows_read(place at, const char *table)
{
    return ask_number(at,
                      "SELECT COALESCE(SUM(ROWS_READ), 0) FROM information_schema.TABLE_STATISTICS WHERE "
                      "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '%s'",
                      table);
}

static account
account_begin(place at, const char *table)
{
    account a = { .at = at, .table = table };
    char path[1024];

    if (at.kind == MARIADB) {
        sql(at, "SET GLOBAL userstat = 1");
        a.read = rows_read(at, table);
        return a;
    }
    snprintf(path, sizeof path, "%s/../log/postgres", getenv("INCLOAD_TEST_DIR"));
    a.log = fopen(path, "r");
    ck_assert_msg(a.log != NULL, "%s cannot be read", path);
    ck_assert_int_eq(fseek(a.log, 0, SEEK_END), 0);
    return a;
}

/* Of the plans that came since, those lines that tell of the table. */
static void
read_plans(account *a, int *plans, int *scans)
{
    char line[8192], scan[100], target[100];

    snprintf(scan, sizeof scan, "Seq Scan on %s", a->table);
    snprintf(target, sizeof target, " on %s", a->table);
    while (fgets(line, sizeof line, a->log) != NULL) {
        *scans += strstr(line, scan) != NULL;
        *plans += strstr(line, target) != NULL && strstr(line, "cost=") != NULL;
    }
    fclose(a->log);
}

/* Whether the table was read from end to end. */
static bool
account_end(account *a)
{
    int plans = 0, scans = 0;

    if (a->at.kind == POSTGRES) {
        read_plans(a, &plans, &scans);
        ck_assert_msg(plans > 0, "no plan of %s is in the log", a->table);
        return scans > 0;
    }
    int64_t read = rows_read(a->at, a->table) - a->read;
    ck_assert_msg(read > 0, "no rows of %s were read", a->table);
    return read > MOST_READ;
}

/* ---- tables ---- */

static void
fill(place at, const char *table, bool marks, bool analysed)
{
    char from[80];

    make_items(at, table, marks);
    snprintf(from, sizeof from,
             at.kind == POSTGRES ? "generate_series(1, %d) AS g(i)" : "(SELECT seq AS i FROM seq_1_to_%d) AS g", ROWS);
    sql(at, "INSERT INTO %s (id, name, qty) SELECT i, 'name', i FROM %s", table, from);
    if (analysed)
        sql(at, at.kind == POSTGRES ? "ANALYZE %s" : "ANALYZE TABLE %s", table);
}

static void
push_some(incload_changes *changes, uint64_t first)
{
    push(changes, UPDATE, first, "id=17 qty=1");
    push(changes, UPDATE, first + 1, "id=4711 name=x qty=2");
    push(changes, UPDATE, first + 2, "id=4712 name=x qty=2");
    push(changes, INSERT, first + 3, "id=60001 name=new qty=3");
    push(changes, INSERT, first + 4, "id=23 name=there qty=3");
    push(changes, DELETE, first + 5, "id=30000");
    push(changes, DELETE, first + 6, "id=30001");
    push_from(changes, first + 7, "id=40000", "id=60002 name=moved qty=4");
    push_from(changes, first + 8, "id=40001", "id=60003 qty=4");
}

/* ---- one table, and several ---- */

static const struct {
    kind which;
    bool analysed;
    bool marks;
} cases[] = { { POSTGRES, false, false }, { POSTGRES, true, false }, { POSTGRES, true, true },
              { MARIADB, false, false },  { MARIADB, true, false },  { MARIADB, true, true } };

enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(a_few_changes_of_a_large_table_find_their_rows_by_its_key)
{
    place at = place_open(cases[_i].which, 0), telling = { cases[_i].which, open_telling(cases[_i].which) };

    fill(at, "planned_one", cases[_i].marks, cases[_i].analysed);
    account a = account_begin(at, "planned_one");
    char name[40];
    snprintf(name, sizeof name, "name=planned_%d", _i);
    incload_changes *changes = changes_open(telling, "planned_one", name);
    push_some(changes, 1);
    commit(changes);
    push_some(changes, 101);
    commit(changes);
    ck_assert(!account_end(&a));
    expect(at, "4\n", "SELECT COUNT(*) FROM planned_one WHERE id > 60000 OR (id = 17 AND qty = 1)");
    incload_changes_unref(changes);
    place_close(telling);
    place_close(at);
}
END_TEST

START_TEST(so_they_do_in_a_group_of_tables_that_refer_to_each_other)
{
    place at = place_open(cases[_i].which, 0), telling = { cases[_i].which, open_telling(cases[_i].which) };
    char name[40];

    snprintf(name, sizeof name, "planned_group_%d", _i);
    table_drop(at, "planned_child");
    fill(at, "planned_parent", cases[_i].marks, cases[_i].analysed);
    fill(at, "planned_child", cases[_i].marks, cases[_i].analysed);
    sql(at, "ALTER TABLE planned_child ADD CONSTRAINT planned_fk_%d FOREIGN KEY (qty) REFERENCES planned_parent (id)",
        _i);
    sql(at, "DELETE FROM planned_child WHERE id = 30000 OR qty IN (30000, 30001, 40000, 40001)");
    account first = account_begin(at, "planned_parent"), second = account_begin(at, "planned_child");
    incload_changes *group = group_open(telling, name, NULL);
    incload_changes *child = group_add(group, "planned_child", NULL);
    incload_changes *parent = group_add(group, "planned_parent", NULL);
    push_some(parent, 1);
    push(child, INSERT, 20, "id=60001 name=new qty=60001");
    push(child, UPDATE, 21, "id=17 qty=60002");
    push(child, DELETE, 22, "id=18");
    commit(group);
    ck_assert(!account_end(&second));
    ck_assert(!account_end(&first));
    expect(at, "17|60002\n60001|60001\n", "SELECT id, qty FROM planned_child WHERE qty > 60000");
    incload_changes_unref(parent);
    incload_changes_unref(child);
    incload_changes_unref(group);
    place_close(telling);
    place_close(at);
}
END_TEST

/* ---- tables without a key ---- */

static const struct {
    kind which;
    bool analysed;
} keyless[] = { { POSTGRES, false }, { POSTGRES, true }, { MARIADB, false }, { MARIADB, true } };

static void
fill_keyless(place at, bool analysed)
{
    bool postgres = at.kind == POSTGRES;

    fill(at, "planned_loose", false, false);
    sql(at, "ALTER TABLE planned_loose DROP %s", postgres ? "CONSTRAINT planned_loose_pkey" : "PRIMARY KEY");
    sql(at, "ALTER TABLE planned_loose %s", postgres ? "ALTER id DROP NOT NULL" : "MODIFY id BIGINT NULL");
    sql(at, "CREATE INDEX planned_loose_id ON planned_loose (id)");
    if (analysed)
        sql(at, postgres ? "ANALYZE planned_loose" : "ANALYZE TABLE planned_loose");
}

START_TEST(rows_without_a_key_are_found_by_any_index)
{
    place at = place_open(keyless[_i].which, 0), telling = { at.kind, open_telling(at.kind) };

    fill_keyless(at, keyless[_i].analysed);
    incload_changes *changes =
        changes_open(telling, "planned_loose",
                     keyless[_i].analysed ? "name=analysed match=whole" : "name=unknown match=whole");
    account a = account_begin(at, "planned_loose");
    push(changes, DELETE, 1, "id=17 name=name qty=17");
    push(changes, DELETE, 2, "id=40000 name=name qty=40000");
    push_from(changes, 3, "id=4711 name=name qty=4711", "id=4711 name=- qty=1");
    commit(changes);
    push(changes, DELETE, 4, "id=4711 name=- qty=1");
    commit(changes);
    ck_assert(!account_end(&a));
    ck_assert_int_eq(incload_changes_rows_deleted(changes), 4);
    expect(at, "49997\n", "SELECT COUNT(*) FROM planned_loose");
    incload_changes_unref(changes);
    place_close(telling);
    place_close(at);
}
END_TEST

/* The tests above could not fail without. */
START_TEST(a_table_that_is_read_from_end_to_end_is_seen)
{
    kind which = _i == 0 ? POSTGRES : MARIADB;
    place at = place_open(which, 0), telling = { which, open_telling(which) };

    fill(at, "planned_read", false, true);
    account a = account_begin(at, "planned_read");
    sql(telling, "UPDATE planned_read SET name = 'other' WHERE qty = 7");
    ck_assert(account_end(&a));
    place_close(telling);
    place_close(at);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_few_changes_of_a_large_table_find_their_rows_by_its_key, 0, CASES);
    tcase_add_loop_test(tests, so_they_do_in_a_group_of_tables_that_refer_to_each_other, 0, CASES);
    tcase_add_loop_test(tests, rows_without_a_key_are_found_by_any_index, 0, sizeof keyless / sizeof keyless[0]);
    tcase_add_loop_test(tests, a_table_that_is_read_from_end_to_end_is_seen, 0, 2);
}

int
main(void)
{
    return run_tests("changes_plans", 60, add_tests);
}

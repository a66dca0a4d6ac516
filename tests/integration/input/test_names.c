/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile names of tables, columns, keys and cursors: loaded under exactly those bytes, or refused; nothing else runs.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canary.h"

#define TEN "nnnnnnnnnn"
#define SIXTY TEN TEN TEN TEN TEN TEN
/* Three bytes a character. */
#define TEN_WIDE                                                                                                       \
    "\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5\x90\x8d\xe5" \
    "\x90\x8d"

static const char *const names[] = {
    "it's",
    "say \"hi\"",
    "back`tick",
    "[brackets]",
    "two words",
    " leading",
    "trailing ",
    "a.b",
    "a.b.c",
    "x; DROP TABLE sentinel",
    "x\"; DROP TABLE sentinel; --",
    "x'; DROP TABLE sentinel; --",
    "x`; DROP TABLE sentinel; -- ",
    "x]; DROP TABLE sentinel; --",
    "x\")); DROP TABLE sentinel; --",
    "-- comment",
    "/* comment",
    "# comment",
    "back\\slash",
    "\\",
    "\"",
    "`",
    "'",
    "%s%n%d",
    "$1",
    "?",
    ":name",
    "{fn now()}",
    "{d '2024-01-01'}",
    "a=b,c:d",
    "select",
    "Mixed CASE",
    "tab\tand\nline",
    "\x01\x1f\x7f",
    "\xc3\xbcml\xc3\xa4ut",
    "\xe5\x90\x8d\xe5\x89\x8d",
    "\xf0\x9f\x98\x80",
    "\xe2\x80\xae\xe2\x80\x8b",
    SIXTY "123",
    SIXTY "1234",
    SIXTY "12345",
    TEN_WIDE TEN_WIDE "123",
    TEN_WIDE TEN_WIDE TEN_WIDE TEN_WIDE TEN_WIDE TEN_WIDE "1234",
    /* No names, whatever a server makes of them: nothing, and bytes that are no text. */
    "",
    "\xff",
    "a\xc3",
    "\xc0\xaf",
    "\xed\xa0\x80",
};

enum { NAMES = sizeof names / sizeof names[0], NO_NAMES = 5 };
enum { AS_TABLE, AS_COLUMN, AS_KEY, AS_CURSOR, ROLES };

static const char *const role_names[] = { "table", "column", "key", "cursor" };

/* Text in quotes, each quote inside doubled; static, good for 8 calls. */
static const char *
quoted(const char *text, char quote)
{
    static char texts[8][1024];
    static int32_t next;
    char *out = texts[next++ % 8], *at = out;

    *at++ = quote;
    for (; *text != '\0'; text++) {
        if (*text == quote)
            *at++ = quote;
        *at++ = *text;
    }
    *at++ = quote;
    *at = '\0';
    return out;
}

static const char *
in_sql(place at, const char *name)
{
    return quoted(name, at.kind == MARIADB ? '`' : '"');
}

typedef struct trial {
    place from, to;
    const char *table;
    const char *id, *at, *item;
} trial;

static trial
trial_of(kind which, int role, const char *name)
{
    return (trial){
        .from = place_open(which, 0),
        .to = place_open(which, 1),
        .table = role == AS_TABLE ? name : "plain",
        .id = role == AS_KEY ? name : "id",
        .at = role == AS_CURSOR ? name : "at",
        .item = role == AS_COLUMN ? name : "item",
    };
}

/* PostgreSQL would cut a name that is too long. */
static bool
is_name(kind which, const char *text)
{
    for (size_t i = NAMES - NO_NAMES; i < NAMES; i++) {
        if (strcmp(text, names[i]) == 0)
            return false;
    }
    return which != POSTGRES || strlen(text) <= 63;
}

/* Makes the source, if the server keeps such names. */
static bool
made(const trial *t)
{
    char text[4096];
    incload_error *err = NULL;

    if (!is_name(t->from.kind, t->table) || !is_name(t->from.kind, t->id) || !is_name(t->from.kind, t->at)
        || !is_name(t->from.kind, t->item))
        return false;
    snprintf(text, sizeof text, "CREATE TABLE %s (%s bigint NOT NULL PRIMARY KEY, %s %s, %s %s)",
             in_sql(t->from, t->table), in_sql(t->from, t->id), in_sql(t->from, t->at),
             t->from.kind == MARIADB ? "datetime(6)" : "timestamp", in_sql(t->from, t->item),
             t->from.kind == MARIADB ? "varchar(50)" : "text");
    if (incload_database_execute(t->from.db, text, NULL, &err) != INCLOAD_OK) {
        incload_error_unref(err);
        return false;
    }
    snprintf(text, sizeof text, "INSERT INTO %s VALUES (1, '2024-03-01 10:00:05', '" CANARY_VALUE "')",
             in_sql(t->from, t->table));
    ck_assert_int_eq(incload_database_execute(t->from.db, text, NULL, NULL), INCLOAD_OK);
    return true;
}

static void
drop(place at, const char *table)
{
    char text[2048];

    snprintf(text, sizeof text, "DROP TABLE IF EXISTS %s", in_sql(at, table));
    incload_database_execute(at.db, text, NULL, NULL);
}

/* Every table of the target but the ledger's and the sentinel. */
static int64_t
tables_of(place at)
{
    if (at.kind == SQLITE)
        return ask_number(at, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'incload%%'"
                              " AND name <> 'sentinel'");
    return ask_number(at, "SELECT count(*) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog',"
                          " 'information_schema', 'mysql', 'performance_schema', 'sys') AND table_name NOT IN"
                          " ('sentinel', 'meta', 'run', 'watermark', 'watermark_history', 'lease', 'lease_beat',"
                          " 'reject',"
                          " 'loaded_columns',"
                          " 'object', 'pipeline_run', 'run_key', 'unit', 'step', 'worker', 'applied', 'coverage',"
                          " 'rate_limit', 'unit_epoch')"
                          " AND table_name NOT LIKE 'incload%%' AND table_schema IN (%s)",
                      at.kind == MARIADB ? "database()" : "'public', 'incload'");
}

static incload_run *
load_it(const trial *t, incload_error **err)
{
    incload_strategy *how = incload_strategy_new("timestamp", NULL, err);
    const char *table = quoted(t->table, '"');

    incload_strategy_set(how, "cursor", t->at, err);
    incload_strategy_set(how, "key", quoted(t->id, '"'), err);
    incload_step *step = incload_step_new_load(t->from.db, table, t->to.db, table, how, err);
    incload_run *run = incload_step_run(step, NULL, err);
    incload_step_unref(step);
    incload_strategy_unref(how);
    return run;
}

/* Loaded twice: made and filled, then merged. */
static void
check_loaded(const trial *t, const char *what)
{
    incload_error *err = NULL;

    ck_assert_msg(tables_of(t->to) == 1, "%s: %lld tables were made", what, (long long)tables_of(t->to));
    expect(t->to, "1|" CANARY_VALUE "\n", "SELECT %s AS a, %s AS b FROM %s", in_sql(t->to, t->id),
           in_sql(t->to, t->item), in_sql(t->to, t->table));
    sql(t->from, "UPDATE %s SET %s = 'changed', %s = '2024-03-01 10:00:06'", in_sql(t->from, t->table),
        in_sql(t->from, t->item), in_sql(t->from, t->at));
    incload_run_unref(load_it(t, &err));
    no_canary(err);
    ck_assert_msg(err == NULL, "%s, again: %s", what, incload_error_message(err));
    expect(t->to, "1|changed\n", "SELECT %s AS a, %s AS b FROM %s", in_sql(t->to, t->id), in_sql(t->to, t->item),
           in_sql(t->to, t->table));
}

static void
check_refused(const trial *t, const incload_error *err, bool there, const char *what)
{
    int32_t code = incload_error_code(err);

    no_canary(err);
    ck_assert_msg(code == INCLOAD_E_INVALID || code == INCLOAD_E_NOT_FOUND, "%s: %s: %s", what, incload_error_name(err),
                  incload_error_message(err));
    ck_assert_msg(strlen(incload_error_message(err)) > 20, "%s: %s", what, incload_error_message(err));
    ck_assert_msg(!there, "%s: the server has it, yet: %s", what, incload_error_message(err));
    ck_assert_msg(tables_of(t->to) == 0, "%s: refused, yet a table was made", what);
}

static void
try_name(kind which, int role, const char *name)
{
    char what[300];
    incload_error *err = NULL;
    trial t = trial_of(which, role, name);

    snprintf(what, sizeof what, "%s: %s '%s'", kind_names[which], role_names[role], name);
    bool there = made(&t);
    incload_run *run = load_it(&t, &err);
    if (err == NULL)
        check_loaded(&t, what);
    else
        check_refused(&t, err, there, what);
    expect(t.from, "alive\n", "SELECT word FROM sentinel");
    expect(t.to, "alive\n", "SELECT word FROM sentinel");
    incload_error_unref(err);
    incload_run_unref(run);
    if (there)
        drop(t.from, t.table);
    if (name[0] != '\0')
        drop(t.to, t.table);
    sql(t.to, "DELETE FROM %s WHERE load_name <> 'nothing'",
        which == POSTGRES ? "incload.watermark" : "incload_watermark");
    sql(t.to, "DELETE FROM %s WHERE load_name <> 'nothing'",
        which == POSTGRES ? "incload.watermark_history" : "incload_watermark_history");
    place_close(t.from);
    place_close(t.to);
}

static void
place_sentinels(kind which)
{
    for (int32_t i = 0; i < 2; i++) {
        place at = place_open(which, i);
        incload_error *err = NULL;
        sql(at, "DROP TABLE IF EXISTS sentinel");
        sql(at, "CREATE TABLE sentinel (word varchar(20))");
        sql(at, "INSERT INTO sentinel VALUES ('alive')");
        /* So that the ledger is there before anything is counted. */
        incload_watermark *mark = incload_watermark_open(at.db, "nothing", &err);
        if (incload_watermark_version(mark) == 0)
            incload_watermark_set(mark, "1", &err);
        ck_assert_msg(err == NULL, "%s", incload_error_message(err));
        incload_watermark_unref(mark);
        place_close(at);
    }
}

START_TEST(hostile_names_are_loaded_exactly_or_refused_and_nothing_else_runs)
{
    kind which = (kind)(_i / ROLES);

    place_sentinels(which);
    for (size_t i = 0; i < NAMES; i++)
        try_name(which, _i % ROLES, names[i]);
    for (int32_t i = 0; i < 2; i++) {
        place at = place_open(which, i);
        sql(at, "DROP TABLE sentinel");
        place_close(at);
    }
}
END_TEST

START_TEST(names_over_the_limit_are_refused_with_the_limit)
{
    static const struct {
        kind which;
        const char *name;
        const char *says;
    } limits[] = {
        { POSTGRES, SIXTY "1234", "too long|PostgreSQL takes at most 63 bytes; choose a shorter name" },
        { MARIADB, SIXTY "12345", "too long|MariaDB takes at most 64 characters; choose a shorter name" },
        { MARIADB, "\xf0\x9f\x98\x80", "a character past U+FFFF, which MariaDB cannot store in names" },
        { MARIADB, "trailing ", "ends in a space, which MariaDB refuses" },
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        trial t = trial_of(limits[i].which, AS_TABLE, "plain");
        incload_error *err = NULL;
        char target[200];

        drop(t.from, "plain");
        ck_assert(made(&t));
        snprintf(target, sizeof target, "\"%s\"", limits[i].name);
        incload_strategy *how = incload_strategy_new("timestamp", "cursor=at key=id", &err);
        incload_step *step = incload_step_new_load(t.from.db, "plain", t.to.db, target, how, &err);
        incload_run_unref(incload_step_run(step, NULL, &err));
        refused_with(err, INCLOAD_E_INVALID, limits[i].says);
        incload_step_unref(step);
        incload_strategy_unref(how);
        drop(t.from, "plain");
        place_close(t.from);
        place_close(t.to);
    }
}
END_TEST

START_TEST(a_hostile_name_of_a_load_is_only_a_name)
{
    for (size_t i = 0; i < NAMES; i++) {
        trial t = trial_of((kind)_i, AS_TABLE, "plain");
        incload_error *err = NULL;

        drop(t.from, "plain");
        drop(t.to, "plain");
        ck_assert(made(&t));
        incload_strategy *how = incload_strategy_new("timestamp", "cursor=at key=id", &err);
        incload_step *step = incload_step_new_load(t.from.db, "plain", t.to.db, "plain", how, &err);
        incload_step_set(step, "name", names[i], &err);
        incload_run_unref(incload_step_run(step, NULL, &err));
        no_canary(err);
        if (err == NULL && names[i][0] != '\0') {
            incload_watermark *mark = incload_watermark_open(t.to.db, names[i], &err);
            ck_assert_msg(incload_watermark_value(mark) != NULL, "%s: load '%s' has no watermark", kind_names[_i],
                          names[i]);
            incload_watermark_unref(mark);
        } else if (err != NULL) {
            ck_assert_msg(incload_error_code(err) == INCLOAD_E_INVALID, "%s: '%s': %s", kind_names[_i], names[i],
                          incload_error_message(err));
        }
        incload_error_unref(err);
        incload_step_unref(step);
        incload_strategy_unref(how);
        drop(t.from, "plain");
        drop(t.to, "plain");
        place_close(t.from);
        place_close(t.to);
    }
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, hostile_names_are_loaded_exactly_or_refused_and_nothing_else_runs, 0, DATABASES * ROLES);
    tcase_add_test(tests, names_over_the_limit_are_refused_with_the_limit);
    tcase_add_loop_test(tests, a_hostile_name_of_a_load_is_only_a_name, 0, DATABASES);
}

int
main(void)
{
    return run_tests("input_names", 120, add_tests);
}

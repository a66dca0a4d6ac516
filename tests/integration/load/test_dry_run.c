/* SPDX-License-Identifier: Apache-2.0 */
/* Plans against real servers: nothing changes, and what they say is what a run then does. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i at:t name:s";
static const char options[] = "cursor=at key=id";

/* All objects of a database, by name, and the ledger's rows where there are any. */
static char *
everything(place at)
{
    static const char *const objects[] = {
        [POSTGRES] = "SELECT c.oid::text || ' ' || c.relname || ' ' || c.relfilenode AS c FROM pg_class AS c"
                     " WHERE c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%')",
        [MARIADB] = "SELECT CONCAT(table_name, ' ', create_time) AS c FROM information_schema.tables"
                    " WHERE table_schema = DATABASE()",
        [SQLITE] = "SELECT name || ' ' || coalesce(sql, '') AS c FROM sqlite_master",
    };
    static const char *const parts[] = { "watermark", "watermark_history", "run", "lease", "lease_beat" };
    kind which = at.kind == PG_ODBC ? POSTGRES : at.kind;
    char *all = ask(at, "%s", objects[which]);

    if (strstr(all, which == POSTGRES ? " watermark_history " : "incload_watermark_history") == NULL)
        return all;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *rows = which == POSTGRES
                         ? ask(at, "SELECT x.xmin::text || x::text AS c FROM incload.%s AS x", parts[i])
                         : ask(at, "SELECT %s AS c FROM incload_%s", i < 3 ? "run_id" : "CAST(epoch AS CHAR(20))",
                               parts[i]);
        char *joined = NULL;
        ck_assert_int_gt(asprintf(&joined, "%s\n%s", all, rows), 0);
        free(all);
        free(rows);
        all = joined;
    }
    return all;
}

static incload_plan *
plan_of(const load *what)
{
    incload_error *err = NULL;
    incload_step *step = load_step(what, &err);
    char *from = everything(what->from), *to = everything(what->to);
    incload_plan *plan = incload_step_plan(step, &err);
    char *from_after = everything(what->from), *to_after = everything(what->to);

    ck_assert_msg(plan != NULL, "%s to %s: %s", kind_names[what->from.kind], kind_names[what->to.kind],
                  incload_error_message(err));
    ck_assert_str_eq(from, from_after);
    ck_assert_str_eq(to, to_after);
    free(from);
    free(to);
    free(from_after);
    free(to_after);
    incload_step_unref(step);
    return plan;
}

/* What a plan foretells of the run that follows it. */
static void
expect_foretold(const incload_plan *plan, const incload_run *run)
{
    ck_assert_str_eq(incload_plan_road(plan), incload_run_road(run));
    ck_assert_str_eq(incload_plan_road_reason(plan), incload_run_road_reason(run));
    ck_assert_str_eq(incload_plan_level(plan), incload_run_level(run));
}

START_TEST(a_plan_changes_nothing_and_foretells_the_run)
{
    scene s = scene_begin("planned", _i, columns, "id", options);

    table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x'), (2, '2024-03-01 10:00:06', 'y')");
    incload_plan *plan = plan_of(&s.what);
    ck_assert_int_eq(incload_plan_creates_target(plan), 1);
    ck_assert_ptr_null(incload_plan_watermark(plan));
    ck_assert_int_eq(incload_plan_is_idle(plan), 0);
    ck_assert_int_eq(strncmp(incload_plan_high(plan), "2024-03-01 10:00:06", 19), 0);
    expect_words(incload_plan_text(plan), "the target table is made|window: from the beginning to 2024-03-01");
    incload_run *run = load_ok(&s.what);
    expect_foretold(plan, run);
    incload_plan_unref(plan);
    incload_run_unref(run);

    plan = plan_of(&s.what);
    ck_assert_int_eq(incload_plan_creates_target(plan), 0);
    ck_assert_int_eq(incload_plan_creates_ledger(plan), 0);
    ck_assert_int_eq(strncmp(incload_plan_watermark(plan), "2024-03-01 10:00:06", 19), 0);
    incload_plan_unref(plan);

    sql(s.from, "UPDATE %s SET name = 'z', at = '2024-03-01 10:00:07' WHERE id = 1", s.source);
    plan = plan_of(&s.what);
    ck_assert_int_eq(strncmp(incload_plan_high(plan), "2024-03-01 10:00:07", 19), 0);
    run = load_ok(&s.what);
    expect_foretold(plan, run);
    incload_plan_unref(plan);
    incload_run_unref(run);
    scene_end(&s);
}
END_TEST

/* A plan must not change anything, and say how the rows land, in every way of writing. */
static const struct {
    const char *preset, *options;
    const char *first, *next; /* words of the plan for a target that is missing, and for one with rows */
} ways[] = {
    { "upsert", "key=id", "CREATE TABLE", "incload_staging_" },
    { "upsert", "key=id detect_deletes=keys deletes=soft", "_deleted|deleted_at", "incload_keys_|_deleted" },
    { "upsert", "key=id delete_marker=name", "incload_staging_", "DELETE |'deleted'" },
    { "upsert", "key=id write=insert_new", "CREATE TABLE", "incload_staging_" },
    { "upsert", "key=id write=delete_insert", "CREATE TABLE", "DELETE " },
    { "full_refresh", "", "CREATE TABLE", "DELETE FROM|INSERT INTO" },
    { "interval", "cursor=at initial='2024-03-01 00:00:00' until='2024-04-01 00:00:00'", "CREATE TABLE",
      "DELETE FROM" },
    { "swap", "", NULL, "incload_" }, /* what it would carry over is read from the target */
    { "history", "key=id", "valid_from|valid_to|is_current", "UPDATE|valid_to|INSERT INTO" },
    { "history", "key=id scd2_deletes=new_record", "is_deleted", "is_deleted|valid_to" },
    { "history", "key=id latest_by=at scd2_compare=timestamp", "valid_from", "UPDATE|valid_to" },
};

START_TEST(each_way_of_writing_is_planned_and_then_carried_out_as_planned)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        scene s = scene_begin("way", _i, columns, "id", ways[i].options);
        char *name = NULL;
        ck_assert_int_gt(asprintf(&name, "way %zu to %s of %d", i, s.target, (int)_i), 0);
        s.what.preset = ways[i].preset;
        s.what.name = name;
        table_add(s.from, s.source, "(1, '2024-03-01 10:00:05', 'x'), (2, '2024-03-01 10:00:06', 'y')");
        if (ways[i].first == NULL)
            load_counts(&s.what, 2, 2);
        for (int32_t round = ways[i].first == NULL; round < 2; round++) {
            incload_plan *plan = plan_of(&s.what);
            ck_assert_int_eq(incload_plan_creates_target(plan), round == 0);
            expect_words(incload_plan_text(plan), round == 0 ? ways[i].first : ways[i].next);
            incload_run *run = load_ok(&s.what);
            expect_foretold(plan, run);
            incload_plan_unref(plan);
            incload_run_unref(run);
        }
        scene_end(&s);
        free(name);
    }
}
END_TEST

START_TEST(rows_are_estimated)
{
    scene s = scene_begin("estimated", _i, columns, "id", options);
    bool mariadb = s.from.kind == MARIADB;

    for (int32_t i = 0; i < 10; i++)
        sql(s.from, "INSERT INTO %s VALUES (%d, '2024-03-01 10:00:%02d', 'x')", s.source, (int)i, (int)i);
    sql(s.from, mariadb ? "ANALYZE TABLE %s" : "ANALYZE %s", s.source);
    incload_plan *plan = plan_of(&s.what);
    ck_assert_str_eq(incload_plan_estimate_origin(plan), s.from.kind == SQLITE ? "counted" : "explain");
    ck_assert_int_ge(incload_plan_estimated_rows(plan), s.from.kind == SQLITE ? 10 : 1);
    ck_assert_int_le(incload_plan_estimated_rows(plan), 10);
    incload_plan_unref(plan);
    scene_end(&s);
}
END_TEST

START_TEST(a_plan_of_a_busy_load_says_who_is_at_work)
{
    scene s = scene_begin("busy", _i, columns, "id", options);

    load_counts(&s.what, 0, 0);
    sql(s.to,
        "UPDATE %slease SET holder = 'far.example pid 7 (x)', taken_us = taken_us + 3600000000 WHERE load_name = '%s'",
        ledger_of(s.to), s.target);
    incload_plan *plan = plan_of(&s.what);
    expect_words(incload_plan_busy(plan), "far.example");
    incload_plan_unref(plan);
    sql(s.to, "UPDATE %slease SET holder = NULL WHERE load_name = '%s'", ledger_of(s.to), s.target);
    plan = plan_of(&s.what);
    ck_assert_ptr_null(incload_plan_busy(plan));
    incload_plan_unref(plan);
    scene_end(&s);
}
END_TEST

START_TEST(what_a_run_would_refuse_is_refused)
{
    scene s = scene_begin("refused", _i, columns, "id", "cursor=at key=id");
    incload_error *err = NULL;

    table_add(s.from, s.source, "(1, NULL, 'x')");
    incload_step *step = load_step(&s.what, &err);
    ck_assert_ptr_null(incload_step_plan(step, &err));
    ck_assert_int_eq(incload_error_code(err), INCLOAD_E_NULL_CURSOR);
    incload_error_unref(err);
    err = NULL;
    incload_step_unref(step);
    scene_end(&s);
}
END_TEST

/* ---- against what a server has logged ---- */

static char *
read_log(long from)
{
    char path[400], *text;

    snprintf(path, sizeof path, "%s/../log/postgres", getenv("INCLOAD_TEST_DIR"));
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    ck_assert_int_eq(fseek(file, from, SEEK_SET), 0);
    text = calloc(1, (size_t)(size - from) + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)(size - from), file), (size_t)(size - from));
    fclose(file);
    return text;
}

static long
log_size(void)
{
    char *text = read_log(0);
    long size = (long)strlen(text);

    free(text);
    return size;
}

/* In the same form on both sides: names of temporary tables without their number, no time of a load, one space for each
 * gap, and of what COPY reads only the part before the parameters, which a run puts in by itself. */
static char *
plain(const char *statement)
{
    static const char *const numbered[] = { "incload_staging_", "incload_keys_", "incload_versions_", "incload_" };
    char *out = calloc(1, strlen(statement) + 1), *to = out;

    ck_assert_ptr_nonnull(out);
    for (const char *at = statement; *at != '\0'; at++) {
        if (isspace((unsigned char)*at)) {
            if (to > out && to[-1] != ' ')
                *to++ = ' ';
            continue;
        }
        *to++ = *at;
        for (size_t i = 0; i < sizeof numbered / sizeof numbered[0]; i++) {
            size_t length = strlen(numbered[i]);
            if ((size_t)(to - out) >= length && strncmp(to - length, numbered[i], length) == 0)
                while (isxdigit((unsigned char)at[1]))
                    at++;
        }
        if (to - out >= 6 && strncmp(to - 6, "CAST('", 6) == 0)
            at += strcspn(at + 1, "'");
    }
    if (strncmp(out, "COPY (", 6) == 0 && strstr(out, " WHERE ") != NULL)
        *strstr(out, " WHERE ") = '\0';
    return out;
}

/* The next statement of the log: "... LOG:  statement: X" or "... LOG:  execute NAME: X", where <unnamed> is the name
 * of what is not kept prepared; its further lines indented by a tab. Freed by the caller; NULL at the end. */
static char *
next_logged(const char **at)
{
    for (;;) {
        const char *one = strstr(*at, "LOG:  statement: "), *other = strstr(*at, "LOG:  execute ");
        bool first = one != NULL && (other == NULL || one < other);
        const char *begin = first ? one + 17 : other != NULL ? strstr(other + 14, ": ") + 2 : NULL;
        if (begin == NULL)
            return NULL;
        const char *end = begin;
        do {
            end += strcspn(end, "\n");
            end += *end != '\0';
        } while (*end == '\t');
        *at = end;
        return strndup(begin, (size_t)(end - begin));
    }
}

static bool
changes(const char *statement)
{
    static const char *const words[] = { "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "COPY", "TRUNCATE", "ALTER" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strncmp(statement, words[i], strlen(words[i])) == 0)
            return true;
    }
    return false;
}

/* The next of the log that writes, makes or copies, in that form; NULL at the end. */
static char *
next_sent(const char **at)
{
    for (char *raw = next_logged(at); raw != NULL; raw = next_logged(at)) {
        char *sent = plain(raw);
        free(raw);
        if (changes(sent))
            return sent;
        free(sent);
    }
    return NULL;
}

static bool
begins_as(const char *sent, const char *planned)
{
    return sent != NULL && strncmp(sent, planned, strlen(planned)) == 0;
}

/* Every statement of the plan that writes, makes or copies is what the server logged next of that kind. The two COPYs
 * of a relay go out side by side: their sessions log them in either order. */
static void
expect_logged(const incload_plan *plan, const char *log)
{
    const char *at = log;
    char *early = NULL, *more;
    int32_t count = 0;

    for (int32_t i = 0; i < incload_plan_statement_count(plan); i++) {
        if (!changes(incload_plan_statement(plan, i)))
            continue;
        char *planned = plain(incload_plan_statement(plan, i));
        char *sent = begins_as(early, planned) ? early : next_sent(&at);
        if (sent == early) {
            early = NULL;
        } else if (early == NULL && !begins_as(sent, planned) && strncmp(planned, "COPY (", 6) == 0) {
            early = sent;
            sent = next_sent(&at);
        }
        ck_assert_msg(sent != NULL, "the run never sent: %s", planned);
        ck_assert_msg(begins_as(sent, planned), "planned: %s\nsent: %s", planned, sent);
        free(planned);
        free(sent);
        count++;
    }
    ck_assert_int_gt(count, 3);
    ck_assert_msg(early == NULL, "not planned: %s", early);
    more = next_sent(&at);
    ck_assert_msg(more == NULL, "not planned: %s", more);
}

static void
set_logging(place at, const char *value)
{
    char *name = ask(at, "SELECT current_database()::text AS c");

    name[strcspn(name, "\n")] = '\0';
    sql(at, "ALTER DATABASE \"%s\" SET log_statement = '%s'", name, value);
    free(name);
}

/* To a database of its own, to the same one, and with further questions. */
static const struct {
    bool same;
    const char *preset, *options;
} logged[] = {
    { false, "timestamp", "cursor=at key=id" },
    { true, "timestamp", "cursor=at key=id" },
    { false, "timestamp", "cursor=at key=id detect_deletes=keys" },
    { false, "timestamp", "cursor=at key=id road=batches" },
    { false, "upsert", "key=id" },
    { true, "append", "" },
    { false, "full_refresh", "" },
    { true, "full_refresh", "key=id" },
    { false, "history", "key=id" },
    { true, "history", "key=id scd2_deletes=invalidate" },
    { false, "history", "key=id scd2_deletes=new_record" },
    { false, "history", "key=id latest_by=at scd2_compare=timestamp" },
    { false, "upsert", "key=id write=delete_insert" },
    { false, "swap", "" },
};

enum { LOGGED = sizeof logged / sizeof logged[0] };

START_TEST(the_statements_are_those_that_the_server_logged)
{
    scene s = scene_begin("logged", _i % ROUTES, columns, "id", logged[_i].options);
    place from = place_open(POSTGRES, 0), to = place_open(POSTGRES, logged[_i].same ? 0 : 1);
    bool once = strcmp(logged[_i].preset, "append") == 0, swaps = strcmp(logged[_i].preset, "swap") == 0;
    char name[40], copy[40];

    /* The databases are the program's own, so nobody else is in the log. */
    set_logging(from, "all");
    set_logging(to, "all");
    place fresh_from = place_open(POSTGRES, 0), fresh_to = place_open(POSTGRES, logged[_i].same ? 0 : 1);
    snprintf(name, sizeof name, "logged_table_%d", (int)_i);
    table_make(fresh_from, name, columns, "id");
    table_add(fresh_from, name, "(1, '2024-03-01 10:00:05', 'x'), (2, '2024-03-01 10:00:06', 'y')");
    s.what.from = fresh_from;
    s.what.to = fresh_to;
    s.what.table = name;
    snprintf(copy, sizeof copy, "logged_copy_%d", (int)_i);
    s.what.target = logged[_i].same ? copy : name;
    s.what.preset = logged[_i].preset;
    table_drop(fresh_to, s.what.target);
    incload_error *err = NULL;
    /* What a swap would carry over is read from a target that is there. */
    if (swaps)
        incload_run_unref(load_ok(&s.what));
    for (int32_t round = 0; round < (once ? 1 : 2); round++) {
        incload_step *step = load_step(&s.what, &err);
        incload_plan *plan = incload_step_plan(step, &err);
        ck_assert_msg(plan != NULL, "%s", incload_error_message(err));
        incload_step_unref(step);
        long before = log_size();
        incload_run_unref(load_ok(&s.what));
        char *log = read_log(before);
        expect_logged(plan, log);
        free(log);
        incload_plan_unref(plan);
        sql(fresh_from, "UPDATE %s SET name = 'z', at = '2024-03-01 10:00:07' WHERE id = 1", name);
    }
    set_logging(from, "none");
    set_logging(to, "none");
    table_drop(fresh_from, name);
    table_drop(fresh_to, s.what.target);
    place_close(fresh_from);
    place_close(fresh_to);
    place_close(from);
    place_close(to);
    scene_end(&s);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_plan_changes_nothing_and_foretells_the_run, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, each_way_of_writing_is_planned_and_then_carried_out_as_planned, 0, DATABASES);
    tcase_add_loop_test(tests, each_way_of_writing_is_planned_and_then_carried_out_as_planned, PAIRS, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, rows_are_estimated, 0, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, a_plan_of_a_busy_load_says_who_is_at_work, 0, PAIRS);
    tcase_add_loop_test(tests, a_plan_of_a_busy_load_says_who_is_at_work, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, what_a_run_would_refuse_is_refused, 0, PAIRS);
    tcase_add_loop_test(tests, what_a_run_would_refuse_is_refused, ODBC_ROUTE, ROUTES_AND_ODBC);
    tcase_add_loop_test(tests, the_statements_are_those_that_the_server_logged, 0, LOGGED);
}

int
main(void)
{
    return run_tests("dry_run", 60, add_tests);
}

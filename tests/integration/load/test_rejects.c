/* SPDX-License-Identifier: Apache-2.0 */
/* Bad rows: wherever they stand and whatever is wrong with them, they are found and kept, and the others land. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char columns[] = "id:i size:i name:s";

/* A SQLite source and a target of each kind, whose events are seen. */
typedef struct bench {
    incload_context *context;
    place from, to;
    char source[40], target[40];
    load what;
    incload_run *run;
} bench;

static const char *
rejects_of(const bench *b)
{
    return b->to.kind == POSTGRES || b->to.kind == PG_ODBC ? "incload.reject" : "incload_reject";
}

/* The target refuses sizes below 0. */
static bench
bench_open(const char *name, int32_t to, const char *preset, const char *options)
{
    static const char *const keys[KINDS] = { "bigint PRIMARY KEY", "bigint PRIMARY KEY", "BIGINT PRIMARY KEY",
                                             "bigint PRIMARY KEY" };
    bench b = { .context = incload_context_new(NULL, NULL) };

    b.from = place_open(SQLITE, 0);
    b.to = place_open_with(b.context, (kind)to, 1, NULL);
    snprintf(b.source, sizeof b.source, "%s_%d", name, (int)to);
    snprintf(b.target, sizeof b.target, "%s_to_%d", name, (int)to);
    table_make(b.from, b.source, columns, NULL);
    table_drop(b.to, b.target);
    sql(b.to, "CREATE TABLE %s (id %s, size bigint CHECK (size >= 0), name varchar(200))", b.target, keys[to]);
    b.what = (load){ .from = b.from, .to = b.to, .table = b.source, .target = b.target, .preset = preset,
                     .options = options };
    /* For the strings' sake the names are copied by the load. */
    return b;
}

static void
bench_close(bench *b)
{
    incload_run_unref(b->run);
    table_drop(b->from, b->source);
    table_drop(b->to, b->target);
    place_close(b->from);
    place_close(b->to);
    incload_context_unref(b->context);
}

static incload_run *
judged(bench *b, incload_run *run, incload_error *err)
{
    ck_assert_msg(err == NULL, "%s: %s: %s", kind_names[b->to.kind], incload_error_name(err),
                  incload_error_message(err));
    ck_assert_int_eq(incload_run_rows_read(run), incload_run_rows_written(run) + incload_run_rows_skipped(run)
                                                     + incload_run_rows_rejected(run));
    incload_run_unref(b->run);
    b->run = run;
    return run;
}

static incload_run *
bench_load(bench *b)
{
    incload_error *err = NULL;

    b->what.table = b->what.query == NULL ? b->source : NULL;
    b->what.target = b->target;
    incload_run *run = load_run(&b->what, &err);
    return judged(b, run, err);
}

static incload_run *
bench_replay(bench *b)
{
    incload_error *err = NULL;

    b->what.table = b->what.query == NULL ? b->source : NULL;
    b->what.target = b->target;
    incload_step *step = load_step(&b->what, &err);
    incload_run *run = incload_step_replay_rejects(step, NULL, &err);
    incload_step_unref(step);
    return judged(b, run, err);
}

static void
bench_fails(bench *b, int32_t code, const char *words)
{
    b->what.table = b->source;
    b->what.target = b->target;
    load_fails(&b->what, code, words);
}

/* What the last load said of its search; -1: nothing. */
static int64_t
retries_told(bench *b)
{
    incload_event *event;
    int64_t retries = -1;

    while ((event = incload_context_next_event(b->context, 0, NULL)) != NULL) {
        const char *told = strstr(incload_event_message(event), "found in ");
        if (incload_event_kind(event) == INCLOAD_EVENT_NOTICE && told != NULL)
            retries = strtoll(told + strlen("found in "), NULL, 10);
        incload_event_unref(event);
    }
    return retries;
}

static void
expect_waiting(bench *b, int64_t count)
{
    ck_assert_int_eq(ask_number(b->to, "SELECT COUNT(*) FROM %s WHERE load_name = '%s' AND replayed_us IS NULL",
                                rejects_of(b), b->target),
                     count);
}

/* `rows` rows, whose size is the id, but for one. */
static void
fill(bench *b, int32_t rows, int32_t poison)
{
    char values[4096];
    size_t used = 0;

    sql(b->from, "DELETE FROM %s", b->source);
    for (int32_t id = 0; id < rows; id++)
        used += (size_t)snprintf(values + used, sizeof values - used, "%s(%d, %d, 'n%d')", id == 0 ? "" : ", ",
                                 (int)id, id == poison ? -1 : (int)id, (int)id);
    table_add(b->from, b->source, values);
}

static void
poison_everywhere(bench *b, int32_t rows, bool staged)
{
    for (int32_t poison = 0; poison < rows; poison++) {
        int64_t log = 0;
        while ((1 << log) < rows)
            log++;
        sql(b->to, "DELETE FROM %s", b->target);
        if (staged)
            sql(b->to, "INSERT INTO %s VALUES (1000, 1, 'x')", b->target);
        fill(b, rows, poison);
        incload_run *run = bench_load(b);
        ck_assert_int_eq(incload_run_rows_rejected(run), 1);
        ck_assert_int_eq(incload_run_rows_written(run), rows - 1);
        ck_assert_str_eq(incload_run_road(run), "batches");
        expect_words(incload_run_road_reason(run), "bad_rows=reject");
        int64_t retries = retries_told(b);
        ck_assert_msg(retries >= 0 && retries <= log + 1, "%s: %lld retries for row %d of %d",
                      kind_names[b->to.kind], (long long)retries, (int)poison, (int)rows);
        ck_assert_int_eq(ask_number(b->to, "SELECT COUNT(*) FROM %s WHERE id < 1000", b->target), rows - 1);
        ck_assert_int_eq(ask_number(b->to, "SELECT COUNT(*) FROM %s WHERE id = %d", b->target, (int)poison), 0);
        expect_waiting(b, poison + 1);
    }
    sql(b->to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(b), b->target);
}

START_TEST(a_bad_row_anywhere_in_a_first_load_is_found_and_the_others_land)
{
    bench b = bench_open("anywhere", _i, "upsert", "key=id bad_rows=reject");

    /* The key is no key in the source, so that it would be staged; an append goes straight in. */
    b.what.preset = "append";
    b.what.options = "bad_rows=reject";
    poison_everywhere(&b, 9, false);
    bench_close(&b);
}
END_TEST

START_TEST(a_bad_row_anywhere_in_staging_is_found_and_the_others_land)
{
    bench b = bench_open("staged", _i, "upsert", "key=id bad_rows=reject");

    poison_everywhere(&b, 9, true);
    bench_close(&b);
}
END_TEST

static const int32_t sizes[] = { 1, 2, 3, 64, 100 };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(one_poisoned_row_at_every_position_takes_log2_of_n_and_one_retries)
{
    bench b = bench_open("position", _i / SIZES, "append", "bad_rows=reject");

    poison_everywhere(&b, sizes[_i % SIZES], false);
    bench_close(&b);
}
END_TEST

START_TEST(several_poisoned_rows_take_as_many_retries_each)
{
    static const int32_t at[][4] = { { 0, 1, 2, 3 }, { 0, 31, 32, 63 }, { 60, 61, 62, 63 }, { 5, 6, 40, 41 } };

    for (size_t i = 0; i < 2 * (sizeof at / sizeof at[0]); i++) {
        bool staged = i % 2 == 1;
        const int32_t *bad = at[i / 2];
        bench b = bench_open("several", _i, staged ? "upsert" : "append",
                             staged ? "key=id bad_rows=reject" : "bad_rows=reject");
        if (staged)
            sql(b.to, "INSERT INTO %s VALUES (1000, 1, 'x')", b.target);
        fill(&b, 64, -1);
        sql(b.from, "UPDATE %s SET size = -1 WHERE id IN (%d, %d, %d, %d)", b.source, (int)bad[0], (int)bad[1],
            (int)bad[2], (int)bad[3]);
        incload_run *run = bench_load(&b);
        ck_assert_int_eq(incload_run_rows_rejected(run), 4);
        ck_assert_int_eq(incload_run_rows_written(run), 60);
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE id < 1000 AND size >= 0", b.target), 60);
        /* log2(64) + 1 for each; staging is published once more behind each search. */
        int64_t retries = retries_told(&b);
        ck_assert_msg(retries >= 4 && retries <= 4 * 7 + (staged ? 4 : 0), "%s: %lld retries", kind_names[_i],
                      (long long)retries);
        sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

/* Ways of writing, with what a target of theirs has beyond the source. */
static const struct {
    const char *preset, *options, *columns;
} written[] = {
    { "upsert", "key=id bad_rows=reject write=insert_new", "" },
    { "upsert", "key=id bad_rows=reject write=delete_insert", "" },
    { "upsert", "key=id bad_rows=reject delete_marker=name", "" },
    { "upsert", "key=id bad_rows=reject detect_deletes=keys delete_all=true deletes=soft",
      ", _deleted %s, deleted_at %s" },
    { "full_refresh", "bad_rows=reject", "" },
    { "full_refresh", "key=id bad_rows=reject", "" },
    { "interval", "cursor=id initial=0 until=100 bad_rows=reject", "" },
    { "history", "key=id bad_rows=reject", ", valid_from %s NOT NULL, valid_to %s, is_current %s NOT NULL" },
};

static void
make_written(const bench *b, size_t way)
{
    const char *flag = b->to.kind == MARIADB ? "tinyint(1)" : "boolean";
    const char *time = b->to.kind == MARIADB  ? "datetime(6)"
                       : b->to.kind == SQLITE ? "TIMESTAMPTZ TEXT"
                                              : "timestamptz";
    char more[200] = "";

    if (strcmp(written[way].preset, "history") == 0)
        snprintf(more, sizeof more, ", valid_from %s NOT NULL, valid_to %s, is_current %s NOT NULL", time, time, flag);
    else if (written[way].columns[0] != '\0')
        snprintf(more, sizeof more, ", _deleted %s, deleted_at %s", flag, time);
    sql(b->to, "DROP TABLE %s", b->target);
    sql(b->to, "CREATE TABLE %s (id bigint NOT NULL, size bigint CHECK (size >= 0), name varchar(200)%s,"
               " PRIMARY KEY (id%s))",
        b->target, more, strstr(more, "valid_from") != NULL ? ", valid_from" : "");
}

/* In every way rows read are those written, rejected and skipped: a bad value, a NULL in the key, the rest lands. */
START_TEST(every_way_of_writing_lands_the_others_and_counts_each_row_once)
{
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        bench b = bench_open("written", _i, written[i].preset, written[i].options);
        bool keyed = strstr(written[i].options, "key=") != NULL;
        make_written(&b, i);
        fill(&b, 8, -1);
        bench_load(&b);
        sql(b.from, "UPDATE %s SET size = size + 100", b.source);
        sql(b.from, "UPDATE %s SET size = -1 WHERE id IN (2, 7)", b.source);
        table_add(b.from, b.source, keyed ? "(8, 108, 'new'), (NULL, 9, 'no key')" : "(8, 108, 'new')");
        incload_run *run = bench_load(&b);
        bool by_key = keyed && strcmp(written[i].preset, "full_refresh") != 0;
        ck_assert_msg(incload_run_rows_rejected(run) >= (by_key ? 1 : 2), "%s: %lld rejected by %s", kind_names[_i],
                      (long long)incload_run_rows_rejected(run), written[i].options);
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE id = 8 AND size = 108", b.target), 1);
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE size < 0 OR id IS NULL", b.target), 0);
        if (by_key)
            ck_assert_int_eq(ask_number(b.to,
                                        "SELECT COUNT(*) FROM %s WHERE load_name = '%s' AND sql_state = '23502'"
                                        " AND reason LIKE '%%NULL in key column ''id''%%'",
                                        rejects_of(&b), b.target),
                             1);
        sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

START_TEST(a_key_that_a_server_would_make_up_for_null_is_rejected)
{
    static const char *const made_up[KINDS] = { "bigserial PRIMARY KEY", "bigint AUTO_INCREMENT PRIMARY KEY",
                                                "INTEGER PRIMARY KEY", "bigserial PRIMARY KEY" };

    for (int32_t rejects = 0; rejects < 2; rejects++) {
        bench b = bench_open("made_up", _i, "upsert", rejects ? "key=id bad_rows=reject" : "key=id");
        sql(b.to, "DROP TABLE %s", b.target);
        sql(b.to, "CREATE TABLE %s (id %s, size bigint, name varchar(200))", b.target, made_up[_i]);
        table_add(b.from, b.source, "(1, 1, 'a'), (NULL, 2, 'b')");
        if (rejects) {
            incload_run *run = bench_load(&b);
            ck_assert_int_eq(incload_run_rows_rejected(run), 1);
            ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s", b.target), 1);
        } else {
            b.what.table = b.source;
            b.what.target = b.target;
            incload_error *err = NULL;
            incload_run_unref(load_run(&b.what, &err));
            ck_assert_msg(err != NULL, "%s made up a key", kind_names[_i]);
            expect_words(incload_error_message(err), "id");
            incload_error_unref(err);
            ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s", b.target), 0);
        }
        if (rejects)
            sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

START_TEST(many_bad_rows_of_a_large_load_are_found)
{
    for (int32_t staged = 0; staged < 2; staged++) {
        bench b = bench_open("many", _i, staged ? "upsert" : "append",
                             staged ? "key=id bad_rows=reject batch_rows=64" : "bad_rows=reject batch_rows=64");
        fill(&b, 200, 17);
        sql(b.from, "UPDATE %s SET size = -2 WHERE id IN (0, 1, 63, 64, 65, 150, 199)", b.source);
        if (staged)
            sql(b.to, "INSERT INTO %s VALUES (1000, 1, 'x')", b.target);
        incload_run *run = bench_load(&b);
        ck_assert_int_eq(incload_run_rows_rejected(run), 8);
        ck_assert_int_eq(incload_run_rows_written(run), 192);
        ck_assert_int_eq(ask_number(b.to, "SELECT SUM(id) FROM %s WHERE id < 1000", b.target),
                         199 * 200 / 2 - (17 + 0 + 1 + 63 + 64 + 65 + 150 + 199));
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE run_id = '%s'", rejects_of(&b),
                                    incload_run_id(run)),
                         8);
        sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

START_TEST(a_row_that_repeats_a_unique_value_of_another_is_found)
{
    for (int32_t staged = 0; staged < 2; staged++) {
        bench b = bench_open("repeats", _i, staged ? "upsert" : "append",
                             staged ? "key=id bad_rows=reject" : "bad_rows=reject");
        sql(b.to, "CREATE UNIQUE INDEX repeats_%d_%d ON %s (name)", (int)_i, (int)staged, b.target);
        if (staged)
            sql(b.to, "INSERT INTO %s VALUES (1000, 1, 'x')", b.target);
        fill(&b, 16, -1);
        sql(b.from, "UPDATE %s SET name = 'n3' WHERE id = 12", b.source);
        incload_run *run = bench_load(&b);
        ck_assert_int_eq(incload_run_rows_rejected(run), 1);
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE id < 1000", b.target), 15);
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE id = 12", b.target), 0);
        sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

/* What can be wrong with a row: a target's column, and a value of the source as its SQL. */
static const struct {
    const char *column;
    const char *source; /* type of the column there */
    const char *good, *bad;
    const char *sqlstate; /* begins so; the class where the library or SQLite's driver refuses */
    bool typed;           /* SQLite's types bind nothing: what does not fit elsewhere is kept there */
} faults[] = {
    { "v bigint NOT NULL", "BIGINT", "1", "NULL", "23", false },
    { "v bigint UNIQUE", "BIGINT", "id", "0", "23", false },
    { "v bigint CHECK (v < 100)", "BIGINT", "id", "100", "23", false },
    { "v bigint, FOREIGN KEY (v) REFERENCES reject_parent (id)", "BIGINT", "1", "77", "23", false },
    { "v smallint", "BIGINT", "1", "40000", "22", true },
    { "v integer", "BIGINT", "1", "-2147483649", "22", true },
    { "v bigint", "DECIMAL TEXT(30,0)", "'1'", "'9223372036854775808'", "22", true },
    { "v bigint", "VARCHAR(40)", "'12'", "'hunter2'", "22", true },
    { "v varchar(5)", "VARCHAR(40)", "'12345'", "'hunter2'", "22", true },
    { "v varchar(5) NOT NULL", "VARCHAR(40)", "'12345'", "NULL", "23", false },
    { "v date", "VARCHAR(40)", "'2024-02-28'", "'2024-02-30'", "22", true },
    { "v decimal(5,2)", "VARCHAR(40)", "'1.25'", "'12345.678'", "22", true },
};

static void
fault_tables(bench *b, int32_t fault)
{
    sql(b->to, "DROP TABLE IF EXISTS %s", b->target);
    sql(b->to, "CREATE TABLE IF NOT EXISTS reject_parent (id bigint PRIMARY KEY)");
    sql(b->to, "DELETE FROM reject_parent");
    sql(b->to, "INSERT INTO reject_parent VALUES (1)");
    sql(b->to, "CREATE TABLE %s (id bigint PRIMARY KEY, %s)", b->target, faults[fault].column);
    sql(b->from, "DROP TABLE IF EXISTS %s", b->source);
    sql(b->from, "CREATE TABLE %s (id BIGINT, v %s)", b->source, faults[fault].source);
    for (int32_t id = 0; id < 8; id++) {
        char text[8];
        const char *value = id == 5 ? faults[fault].bad : faults[fault].good;
        snprintf(text, sizeof text, "%d", (int)id);
        sql(b->from, "INSERT INTO %s VALUES (%d, %s)", b->source, (int)id, strcmp(value, "id") == 0 ? text : value);
    }
}

START_TEST(each_kind_of_fault_is_told_from_the_row_that_has_it)
{
    for (int32_t fault = 0; fault < (int32_t)(sizeof faults / sizeof faults[0]); fault++) {
        for (int32_t staged = 0; staged < 2; staged++) {
            /* A load of its own: another type of the same column would be followed. */
            char name[20];
            snprintf(name, sizeof name, "faults%d_%d", (int)fault, (int)staged);
            bench b = bench_open(name, _i, staged ? "upsert" : "append",
                                 staged ? "key=id bad_rows=reject" : "bad_rows=reject");
            /* A foreign key counts in SQLite only when a session asks for it. */
            bool by_key = strstr(faults[fault].column, "FOREIGN") != NULL && b.to.kind == SQLITE;
            bool loose = faults[fault].typed && b.to.kind == SQLITE;
            if (!by_key && !loose) {
                fault_tables(&b, fault);
                if (staged)
                    sql(b.to, "INSERT INTO %s VALUES (1000, %s)", b.target,
                        strcmp(faults[fault].good, "id") == 0 ? "99" : faults[fault].good);
                incload_run *run = bench_load(&b);
                ck_assert_msg(incload_run_rows_rejected(run) == 1, "%s: %lld rejected: %s", kind_names[_i],
                              (long long)incload_run_rows_rejected(run), faults[fault].column);
                char *told = ask(b.to, "SELECT COALESCE(sql_state, ''), row_json, reason FROM %s WHERE run_id = '%s'",
                                 rejects_of(&b), incload_run_id(run));
                ck_assert_msg(strncmp(told, faults[fault].sqlstate, strlen(faults[fault].sqlstate)) == 0, "%s: %s: %s",
                              kind_names[_i], faults[fault].column, told);
                expect_words(told, "\"id\": \"5\"");
                /* The reason stands behind the row. */
                const char *reason = strrchr(told, '}');
                ck_assert_ptr_nonnull(reason);
                ck_assert_ptr_null(strstr(reason, "hunter2"));
                free(told);
                ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE id < 1000", b.target), 7);
                sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
            }
            bench_close(&b);
        }
    }
}
END_TEST

START_TEST(beyond_the_budget_nothing_lands)
{
    for (int32_t staged = 0; staged < 2; staged++) {
        bench b = bench_open("budget", _i, staged ? "upsert" : "append",
                             staged ? "key=id bad_rows=reject max_rejected=2" : "bad_rows=reject max_rejected=2");
        if (staged)
            sql(b.to, "INSERT INTO %s VALUES (1000, 1, 'x')", b.target);
        fill(&b, 20, 3);
        sql(b.from, "UPDATE %s SET size = -9 WHERE id IN (7, 11)", b.source);
        bench_fails(&b, INCLOAD_E_CHECK, "max_rejected=2|nothing was kept");
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE id < 1000", b.target), 0);
        expect_waiting(&b, 0);
        b.what.options = staged ? "key=id bad_rows=reject max_rejected_percent=14" : "bad_rows=reject "
                                                                                     "max_rejected_percent=14";
        bench_fails(&b, INCLOAD_E_CHECK, "3 of 20 rows|max_rejected_percent=14");
        expect_waiting(&b, 0);
        b.what.options = staged ? "key=id bad_rows=reject max_rejected=3 max_rejected_percent=15"
                                : "bad_rows=reject max_rejected=3 max_rejected_percent=15";
        ck_assert_int_eq(incload_run_rows_rejected(bench_load(&b)), 3);
        sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

START_TEST(a_bad_row_fails_the_load_unless_rejecting_is_asked_for)
{
    bench b = bench_open("default", _i, "append", "");

    fill(&b, 5, 3);
    bench_fails(&b, INCLOAD_E_CONSTRAINT, "");
    ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s", b.target), 0);
    bench_close(&b);
}
END_TEST

/* The target that refuses nothing any more. */
static void
mend(bench *b)
{
    sql(b->to, "DROP TABLE %s", b->target);
    sql(b->to, "CREATE TABLE %s (id bigint PRIMARY KEY, size bigint CHECK (size > -5), name varchar(200))", b->target);
}

START_TEST(rejects_land_when_they_are_replayed_and_those_refused_again_stay)
{
    for (int32_t staged = 0; staged < 2; staged++) {
        bench b = bench_open("replay", _i, staged ? "upsert" : "append",
                             staged ? "key=id bad_rows=reject" : "bad_rows=reject");
        if (staged)
            sql(b.to, "INSERT INTO %s VALUES (1000, 1, 'x')", b.target);
        fill(&b, 8, 2);
        sql(b.from, "UPDATE %s SET size = -6, name = 'a \"quoted\" \\ name' WHERE id = 5", b.source);
        sql(b.from, "UPDATE %s SET name = 'l' || char(10) || 'ne' WHERE id = 2", b.source);
        ck_assert_int_eq(incload_run_rows_rejected(bench_load(&b)), 2);
        mend(&b);
        incload_run *run = bench_replay(&b);
        ck_assert_int_eq(incload_run_rows_read(run), 2);
        ck_assert_int_eq(incload_run_rows_written(run), 1);
        ck_assert_int_eq(incload_run_rows_rejected(run), 1);
        ck_assert_int_eq(ask_number(b.to, "SELECT size FROM %s WHERE id = 2 AND name = 'l\nne'", b.target), -1);
        expect_waiting(&b, 1);
        ck_assert_int_eq(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE replay_run_id = '%s'", rejects_of(&b),
                                    incload_run_id(run)),
                         1);
        sql(b.to, "DROP TABLE %s", b.target);
        sql(b.to, "CREATE TABLE %s (id bigint PRIMARY KEY, size bigint, name varchar(200))", b.target);
        ck_assert_int_eq(incload_run_rows_written(bench_replay(&b)), 1);
        expect_rows(b.to, b.target, columns, "5|-6|a \"quoted\" \\ name\n");
        expect_waiting(&b, 0);
        ck_assert_int_eq(incload_run_rows_read(bench_replay(&b)), 0);
        sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
        bench_close(&b);
    }
}
END_TEST

START_TEST(rejects_are_replayed_on_a_thread_of_the_library)
{
    incload_error *err = NULL;
    bench b = bench_open("there", _i, "append", "bad_rows=reject");

    fill(&b, 8, 2);
    ck_assert_int_eq(incload_run_rows_rejected(bench_load(&b)), 1);
    mend(&b);
    incload_step *step = load_step(&b.what, &err);
    incload_run *run = incload_step_start_replay(step, NULL, &err);
    ck_assert_ptr_nonnull(run);
    ck_assert_int_eq(incload_run_wait(run, -1, &err), INCLOAD_OK);
    ck_assert_int_eq(incload_run_rows_written(run), 1);
    expect_waiting(&b, 0);
    incload_run_unref(run);
    incload_step_unref(step);
    sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
    bench_close(&b);
}
END_TEST

START_TEST(a_row_that_is_refused_in_every_run_is_kept_once)
{
    bench b = bench_open("once", _i, "upsert", "key=id bad_rows=reject");

    fill(&b, 6, 4);
    for (int32_t i = 0; i < 3; i++)
        ck_assert_int_eq(incload_run_rows_rejected(bench_load(&b)), 1);
    /* The first run wrote straight in, or staged: as the source's row, or as the target's. */
    ck_assert_int_le(ask_number(b.to, "SELECT COUNT(*) FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target), 2);
    sql(b.to, "DELETE FROM %s WHERE load_name = '%s'", rejects_of(&b), b.target);
    bench_close(&b);
}
END_TEST

START_TEST(the_watermark_passes_a_rejected_row_and_an_older_version_is_not_replayed_over_a_newer)
{
    bench b = bench_open("older", _i, "timestamp", "cursor=size key=id bad_rows=reject deep=always");

    sql(b.to, "DROP TABLE %s", b.target);
    sql(b.to, "CREATE TABLE %s (id bigint PRIMARY KEY, size bigint, name varchar(200) CHECK (name <> 'bad'))",
        b.target);
    table_add(b.from, b.source, "(1, 10, 'good'), (2, 11, 'bad'), (3, 12, 'good')");
    incload_run *run = bench_load(&b);
    ck_assert_int_eq(incload_run_rows_rejected(run), 1);
    ck_assert_str_eq(incload_run_watermark(run), "12");
    sql(b.from, "UPDATE %s SET size = 20, name = 'newer' WHERE id = 2", b.source);
    ck_assert_int_eq(incload_run_rows_rejected(bench_load(&b)), 0);
    run = bench_replay(&b);
    ck_assert_int_eq(incload_run_rows_read(run), 1);
    ck_assert_int_eq(incload_run_rows_skipped(run), 1);
    expect_rows(b.to, b.target, columns, "1|10|good\n2|20|newer\n3|12|good\n");
    expect_waiting(&b, 0);
    bench_close(&b);
}
END_TEST

static int32_t
drop_every_second(incload_unit *unit, incload_batch *batch, void *data)
{
    const uint8_t bits[] = { 0x55, 0x55, 0x55, 0x55 };

    (void)unit;
    ++*(int32_t *)data;
    return incload_batch_keep(batch, bits, sizeof bits, NULL) == INCLOAD_OK ? INCLOAD_DONE : 0;
}

START_TEST(rows_behind_a_process_function_are_rejected_as_they_left_it)
{
    int32_t calls = 0;
    bench b = bench_open("function", _i, "append", "bad_rows=reject");

    b.what.function = drop_every_second;
    b.what.user_data = &calls;
    fill(&b, 20, 6);
    incload_run *run = bench_load(&b);
    ck_assert_int_eq(incload_run_rows_written(run), 9);
    ck_assert_int_eq(incload_run_rows_skipped(run), 10);
    ck_assert_int_eq(incload_run_rows_rejected(run), 1);
    ck_assert_int_eq(calls, 1);
    sql(b.to, "DELETE FROM %s", b.target);
    mend(&b);
    ck_assert_int_eq(incload_run_rows_written(bench_replay(&b)), 1);
    ck_assert_int_eq(calls, 1);
    expect_rows(b.to, b.target, columns, "6|-1|n6\n");
    bench_close(&b);
}
END_TEST

START_TEST(checks_look_at_replayed_rows_too)
{
    incload_error *err = NULL;
    bench b = bench_open("checked", _i, "append", "bad_rows=reject");

    fill(&b, 4, 1);
    bench_load(&b);
    mend(&b);
    incload_step *step = load_step(&b.what, &err);
    incload_step_add_check(step, "not that one", "SELECT id FROM {staging} WHERE id = 1", &err);
    incload_run *run = judged(&b, incload_step_replay_rejects(step, NULL, &err), err);
    incload_step_unref(step);
    ck_assert_int_eq(incload_run_rows_rejected(run), 1);
    expect_waiting(&b, 1);
    ck_assert_int_eq(ask_number(b.to,
                                "SELECT COUNT(*) FROM %s WHERE load_name = '%s' AND reason LIKE '%%not that one%%'",
                                rejects_of(&b), b.target),
                     1);
    bench_close(&b);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_bad_row_anywhere_in_a_first_load_is_found_and_the_others_land, 0, KINDS);
    tcase_add_loop_test(tests, a_bad_row_anywhere_in_staging_is_found_and_the_others_land, 0, KINDS);
    tcase_add_loop_test(tests, one_poisoned_row_at_every_position_takes_log2_of_n_and_one_retries, 0, KINDS * SIZES);
    tcase_add_loop_test(tests, several_poisoned_rows_take_as_many_retries_each, 0, KINDS);
    tcase_add_loop_test(tests, every_way_of_writing_lands_the_others_and_counts_each_row_once, 0, KINDS);
    tcase_add_loop_test(tests, a_key_that_a_server_would_make_up_for_null_is_rejected, 0, KINDS);
    tcase_add_loop_test(tests, many_bad_rows_of_a_large_load_are_found, 0, KINDS);
    tcase_add_loop_test(tests, a_row_that_repeats_a_unique_value_of_another_is_found, 0, KINDS);
    tcase_add_loop_test(tests, each_kind_of_fault_is_told_from_the_row_that_has_it, 0, KINDS);
    tcase_add_loop_test(tests, beyond_the_budget_nothing_lands, 0, KINDS);
    tcase_add_loop_test(tests, a_bad_row_fails_the_load_unless_rejecting_is_asked_for, 0, KINDS);
    tcase_add_loop_test(tests, rejects_land_when_they_are_replayed_and_those_refused_again_stay, 0, KINDS);
    tcase_add_loop_test(tests, rejects_are_replayed_on_a_thread_of_the_library, 0, KINDS);
    tcase_add_loop_test(tests, a_row_that_is_refused_in_every_run_is_kept_once, 0, KINDS);
    tcase_add_loop_test(tests, the_watermark_passes_a_rejected_row_and_an_older_version_is_not_replayed_over_a_newer,
                        0, KINDS);
    tcase_add_loop_test(tests, rows_behind_a_process_function_are_rejected_as_they_left_it, 0, KINDS);
    tcase_add_loop_test(tests, checks_look_at_replayed_rows_too, 0, KINDS);
}

int
main(void)
{
    return run_tests("rejects", 300, add_tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Whole loads against the mock: two scripted databases, a wall clock that stands still, run ids that are known before.
 *
 * The source holds two orders; the target is empty until a test says otherwise. Statements are compared as one line
 * each, with their parameters behind them in braces; the dialect's catalog queries by their names alone. */
#ifndef INCLOAD_TESTS_UNIT_RIG_H
#define INCLOAD_TESTS_UNIT_RIG_H

#include "harness.h"

#include <incload/incload.h>
#include <incload/mock.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dialect/dialect.h"
#include "dialect/sql.h"
#include "driver/mock/mock.h"

#define RIG_RUN_ID "fedcba9876543210fedcba9876543210"
#define RIG_NOW_US 1700000000000000

typedef struct rig {
    incload_context *context;
    incload_mock *from;
    incload_mock *to;
    const incload__dialect *dialect;
    incload_database *source;
    incload_database *target;
    incload_strategy *strategy;
    incload_step *step;
    incload_run *run;
    const char *run_options;
    incload_error *err;
} rig;

static inline uint64_t
rig_random(void *data)
{
    (void)data;
    return 0x0123456789abcdefu;
}

/* A tenth of a millisecond passes between two looks: what waits for a moment sees it come. */
static inline int64_t
rig_monotonic(void *data)
{
    static _Atomic int64_t looks;

    (void)data;
    return 1000000 + 100 * atomic_fetch_add(&looks, 1);
}

static inline int64_t
rig_wall(void *data)
{
    (void)data;
    return RIG_NOW_US;
}

static inline incload_context *
rig_context(void)
{
    incload_context *context = incload_context_new(NULL, NULL);
    incload_clock clock = { .struct_size = sizeof clock, .monotonic_us = rig_monotonic, .wall_us = rig_wall };

    ck_assert_int_eq(incload_context_set_clock(context, &clock, NULL, NULL, NULL), INCLOAD_OK);
    ck_assert_int_eq(incload_context_set_random(context, rig_random, NULL, NULL, NULL), INCLOAD_OK);
    return context;
}

/* A timestamp is something else in SQL Server. */
static inline const char *
rig_types(const char *dialect)
{
    return strcmp(dialect, "sqlserver") == 0 ? "bigint,datetime2(6),nvarchar(40)" : "bigint,timestamp,text";
}

static inline void
rig_tell_source(incload_mock *mock, const char *types)
{
    static const char *const newest[] = { "2024-01-02 08:00:00" };
    static const char *const none[] = { "0" };
    static const char *const rows[] = { "1", "2024-01-01 08:00:00", "tea", "2", "2024-01-02 08:00:00", "cake" };

    incload_mock_table(mock, "orders", "id,updated,item", types, "id", NULL);
    /* Of several answers the one told last holds. */
    incload_mock_answer_rows(mock, "SELECT % FROM %orders%", 0, "id,updated,item", types, rows, 2, NULL);
    incload_mock_answer_rows(mock, "SELECT COUNT% WHERE %", 0, "n", "bigint", none, 1, NULL);
    incload_mock_answer_rows(mock, "SELECT %MAX(%updated%", 0, "high", "text", newest, 1, NULL);
}

/* A target where the load has run before: a ledger, a watermark of version 3, and rows. */
static inline void
rig_tell_earlier_load(incload_mock *mock)
{
    static const char *const one[] = { "1" }, *const version[] = { "4" };
    static const char *const position[] = { "3", "2024-01-01 08:00:00", "timestamp", "BEST_EFFORT",
                                             ("{\"version\":1,\"kind\":\"cursor\",\"column\":\"updated\","
                                             "\"type\":\"timestamp\",\"value\":\"2024-01-01 08:00:00\"}"),
                                             "5" };

    incload_mock_answer_rows(mock, "SELECT MAX(version)%", 0, "version", "bigint", version, 1, NULL);
    incload_mock_answer_rows(mock, "SELECT version, value%", 0, "version,value,type,level,document,updated_us", NULL,
                             position, 1, NULL);
    incload_mock_answer_rows(mock, "SELECT CASE WHEN EXISTS%", 0, "has", NULL, one, 1, NULL);
    incload_mock_answer_affected(mock, "UPDATE %watermark%", 0, 1, NULL);
    incload_mock_answer_affected(mock, "INSERT INTO %orders% SELECT %", 0, 1, NULL);
}

/* One database: source and target are the same mock, and the rows go into the table "copies". */
static inline rig
rig_new_in(incload_context *context, const char *dialect, bool one_database)
{
    /* One attempt, so that a fault is seen as it is. */
    rig r = { .context = context, .run_options = "retries=0" };
    char url[40];

    snprintf(url, sizeof url, "mock:dialect=%s", dialect);
    r.dialect = incload__dialect_find(dialect);
    r.from = incload_mock_new(NULL);
    r.to = one_database ? incload_mock_ref(r.from) : incload_mock_new(NULL);
    rig_tell_source(r.from, rig_types(dialect));
    incload_mock_table(r.to, one_database ? "copies" : "orders", "id,updated,item", rig_types(dialect), "id",
                       NULL);
    r.source = incload_mock_database(r.from, r.context, url, NULL, &r.err);
    r.target = incload_mock_database(r.to, r.context, url, NULL, &r.err);
    return r;
}

static inline rig
rig_new(const char *dialect)
{
    rig r = rig_new_in(rig_context(), dialect, false);

    ck_assert_msg(r.err == NULL, "%s", incload_error_message(r.err));
    return r;
}

/* Strategy and step; leaves an error in r->err. */
static inline void
rig_plan(rig *r, const char *preset, const char *options)
{
    incload_strategy_unref(r->strategy);
    incload_step_unref(r->step);
    r->strategy = incload_strategy_new_in(r->context, preset, options, &r->err);
    r->step = incload_step_new_load(r->source, "orders", r->target, r->from == r->to ? "copies" : "orders", r->strategy,
                                    &r->err);
}

/* The step, and a second load of the same rows into the table "lines", as one group. */
static inline void
rig_group(rig *r)
{
    incload_step *loads[] = { r->step, NULL };

    incload_mock_table(r->to, "lines", "id,updated,item", rig_types(r->dialect->name), "id", NULL);
    incload_mock_answer_affected(r->to, "INSERT INTO %lines% SELECT %", 0, 1, NULL);
    loads[1] = incload_step_new_load(r->source, "orders", r->target, "lines", r->strategy, &r->err);
    r->step = incload_step_new_group(loads, 2, "name=shop", &r->err);
    incload_step_unref(loads[0]);
    incload_step_unref(loads[1]);
}

static inline int32_t
rig_run(rig *r)
{
    incload_run_unref(r->run);
    r->run = incload_step_run(r->step, r->run_options, &r->err);
    return incload_error_code(r->err);
}

/* A new load from the beginning, with the error of the one before forgotten. */
static inline int32_t
rig_load(rig *r, const char *preset, const char *options)
{
    incload_error_unref(r->err);
    r->err = NULL;
    rig_plan(r, preset, options);
    return rig_run(r);
}

#define BY_TIME "timestamp", "cursor=updated key=id"

static inline void
rig_release(rig *r)
{
    incload_run_unref(r->run);
    incload_step_unref(r->step);
    incload_strategy_unref(r->strategy);
    incload_database_unref(r->source);
    incload_database_unref(r->target);
    incload_context_unref(r->context);
    incload_error_unref(r->err);
}

/* Until a statement like this has come: one that is delayed is then under way. */
static inline void
rig_wait_for_statement(incload_mock *mock, const char *pattern)
{
    const struct timespec moment = { .tv_nsec = 1000000 };

    for (int32_t i = 0; i < 10000; i++) {
        for (int64_t at = 0; at < incload_mock_statement_count(mock); at++) {
            if (incload__mock_matches(pattern, incload_mock_statement(mock, at)))
                return;
        }
        nanosleep(&moment, NULL);
    }
    ck_abort_msg("no statement like this came: %s", pattern);
}

/* The lease's heartbeat ends on a thread of its own, which is not waited for. */
static inline void
rig_expect_closed(incload_mock *mock)
{
    const struct timespec moment = { .tv_nsec = 2000000 };

    for (int32_t i = 0; i < 2500 && incload_mock_open_connection_count(mock) > 0; i++)
        nanosleep(&moment, NULL);
    ck_assert_int_eq(incload_mock_open_connection_count(mock), 0);
}

static inline void
rig_free(rig *r)
{
    rig_release(r);
    rig_expect_closed(r->from);
    rig_expect_closed(r->to);
    incload_mock_unref(r->from);
    incload_mock_unref(r->to);
}

/* ---- statements as text ---- */

static inline const char *
rig_statement_name(const incload__dialect *dialect, const char *sql)
{
    const struct {
        const char *query;
        const char *name;
    } known[] = {
        { dialect->columns_query, "<columns>" },
        { dialect->keys_query, "<keys>" },
        { dialect->schema_query, "<schema>" },
        { dialect->identity_query, "<identity>" },
        { incload__sql_postgres_facts, "<facts>" },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].query != NULL && strcmp(sql, known[i].query) == 0)
            return known[i].name;
    }
    if (strncmp(sql, "SELECT n.now_us, ", 17) == 0)
        return "<lease>";
    return sql;
}

/* One statement with its parameters. */
static inline void
rig_write(const rig *r, incload_mock *mock, int64_t index, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s",
                                   rig_statement_name(r->dialect, incload_mock_statement(mock, index)));

    for (int32_t i = 0; i < incload_mock_statement_parameter_count(mock, index) && used < size; i++) {
        const char *value = incload_mock_statement_parameter(mock, index, i);
        if (value != NULL && strstr(value, " pid ") != NULL)
            value = "<holder>";
        used += (size_t)snprintf(out + used, size - used, " {%s}", value != NULL ? value : "NULL");
    }
    ck_assert_msg(used < size, "statement %lld is too long for the test", (long long)index);
}

static inline void
rig_expect(const rig *r, incload_mock *mock, const char *const *expected, int64_t count)
{
    char found[4096];

    for (int64_t i = 0; i < count && i < incload_mock_statement_count(mock); i++) {
        rig_write(r, mock, i, found, sizeof found);
        ck_assert_str_eq(found, expected[i]);
    }
    ck_assert_int_eq(incload_mock_statement_count(mock), count);
}

#define rig_expect_statements(r, mock, expected)                                                                      \
    rig_expect((r), (mock), (expected), (int64_t)(sizeof(expected) / sizeof((expected)[0])))

/* How many statements match a pattern's beginning. */
static inline int64_t
rig_count(incload_mock *mock, const char *beginning)
{
    int64_t count = 0;

    for (int64_t i = 0; i < incload_mock_statement_count(mock); i++)
        count += strncmp(incload_mock_statement(mock, i), beginning, strlen(beginning)) == 0;
    return count;
}

static inline bool
rig_says(const rig *r, const char *part)
{
    return strstr(incload_error_message(r->err), part) != NULL;
}

#define rig_assert_says(r, part)                                                                                      \
    ck_assert_msg(rig_says((r), (part)), "'%s' does not say '%s'", incload_error_message((r)->err), (part))

#endif

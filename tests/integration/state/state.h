/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger of each test's own on each kind of database, and connections to it, without any load. */
#ifndef INCLOAD_TESTS_INTEGRATION_STATE_STATE_H
#define INCLOAD_TESTS_INTEGRATION_STATE_STATE_H

#include "unit/harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state/args.h"
#include "state/claim.h"
#include "state/complete.h"
#include "state/unit.h"

static const struct {
    const char *variable;
    const char *name;
} kinds[] = {
    { "INCLOAD_TEST_POSTGRES", "postgres" },
    { "INCLOAD_TEST_MARIADB", "mariadb" },
    { "INCLOAD_TEST_SQLITE", "sqlite" },
    { "INCLOAD_TEST_PG_ODBC", "psqlodbc" },
};

enum { KINDS = sizeof kinds / sizeof kinds[0], SQLITE = 2 };

static incload_error *err;
static incload__ledger ledger;
static incload__conn *one, *two;

#define well(call) ck_assert_msg((call) == INCLOAD_OK, "%s", incload_error_message(err))

static inline void
forget(void)
{
    incload_error_unref(err);
    err = NULL;
}

static inline incload__conn *
connect_to(int which)
{
    const char *url = getenv(kinds[which].variable);
    const incload__driver *driver = NULL;
    incload__conn *conn = NULL;

    ck_assert_msg(url != NULL, "%s is not set: run the tests by tests/run.sh", kinds[which].variable);
    well(incload__driver_find(url, &driver, &err));
    incload__connect how = { .env = &incload__env_system, .url = url, .role = INCLOAD__ROLE_WRITE,
                             .deadline_us = incload__deadline_in(&incload__env_system, 20000),
                             .application_name = "state" };
    well(driver->connect(&how, &conn, &err));
    conn->deadline_us = incload__deadline_in(&incload__env_system, 60000);
    return conn;
}

static inline void
run_sql(incload__conn *conn, const char *text)
{
    well(incload__state_execute(&ledger, conn, text, NULL, 0, NULL, &err));
}

static inline int64_t
ask(incload__conn *conn, const char *text)
{
    incload__rows rows;

    well(incload__state_select(&ledger, conn, text, NULL, 0, &rows, &err));
    int64_t value = incload__to_number(incload__rows_get(&rows, 0, 0));
    incload__rows_free(&rows);
    return value;
}

static char data_table[60];

/* The statement with the name of the table of data. */
static inline void
data_sql(incload__conn *conn, const char *text)
{
    const char *at = strstr(text, "%s");
    char sql[200];

    snprintf(sql, sizeof sql, "%.*s%s%s", (int)(at - text), text, data_table, at + 2);
    well(conn->driver->execute(conn, sql, NULL, 0, NULL, &err));
}

static inline void
insert_data(incload__conn *conn, int64_t seq, int64_t epoch)
{
    char sql[200];

    snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (%lld, %lld)", data_table, (long long)seq, (long long)epoch);
    well(conn->driver->execute(conn, sql, NULL, 0, NULL, &err));
}

static inline int64_t
count_data(incload__conn *conn)
{
    char sql[100];

    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", data_table);
    return ask(conn, sql);
}

/* A ledger that is new, and a table for data. */
static inline void
open_kind(int which)
{
    char place[60];

    one = connect_to(which);
    two = connect_to(which);
    snprintf(place, sizeof place, "state_%ld_%s", (long)getpid(), kinds[which].name);
    well(incload__ledger_init(&ledger, &incload__mem_libc, one->dialect, place, &err));
    well(incload__ledger_ensure(&ledger, one, &err));
    snprintf(data_table, sizeof data_table, "data_%ld_%s", (long)getpid(), kinds[which].name);
    data_sql(one, "CREATE TABLE %s (seq bigint, epoch bigint)");
}

static inline void
drop(const char *kind, const char *name)
{
    char sql[300];

    snprintf(sql, sizeof sql, "DROP %s %s", kind, name);
    well(one->driver->execute(one, sql, NULL, 0, NULL, &err));
}

static inline void
close_kind(void)
{
    const char *tables[] = { ledger.run, ledger.watermark, ledger.history, ledger.lease, ledger.beat, ledger.reject,
                             ledger.loaded, ledger.object, ledger.meta, ledger.pipeline_run, ledger.run_key,
                             ledger.unit, ledger.step, ledger.worker, ledger.applied, ledger.coverage, ledger.rate };

    two->driver->close(two);
    data_sql(one, "DROP TABLE %s");
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        drop("TABLE", tables[i]);
    drop(strcmp(one->dialect->name, "sqlite") == 0 ? "TABLE" : "SEQUENCE", ledger.epoch);
    if (one->dialect->has_schemas)
        drop("SCHEMA", ledger.place);
    incload__ledger_free(&ledger);
    one->driver->close(one);
    forget();
}

/* ---- what the tests do again and again ---- */

static inline incload__pipeline_run
make_run(int64_t units, int64_t max_active, int64_t max_failures)
{
    incload__run_spec spec = { .name = "days", .kind = INCLOAD__RUN_OF_BACKFILL, .hash = "0a", .spec = "days of March",
                               .units = units, .max_active = max_active, .max_failures = max_failures };
    incload__pipeline_run run;
    bool created = false;

    well(incload__pipeline_run_create(&ledger, one, &spec, &run, &created, &err));
    ck_assert(created);
    return run;
}

static inline incload__worker
make_worker(incload__conn *conn)
{
    incload__worker worker;

    well(incload__worker_register(&ledger, conn, 0, "a test", 60000000, &worker, &err));
    return worker;
}

static inline incload__claim
claim(incload__conn *conn, int64_t run_no, const incload__worker *worker, int32_t limit)
{
    incload__claim out;

    well(incload__units_claim(&ledger, conn, run_no, worker, limit, &out, &err));
    return out;
}

static inline incload__held_unit
held(const incload__claim *from, int32_t at)
{
    return (incload__held_unit){ from->run_no, from->units[at].seq, from->epoch };
}

static inline incload__landing
landing_of(const incload__pipeline_run *run, const incload__claim *from)
{
    return (incload__landing){ .load = "days", .code_version = "v1", .run_id = run->run_id, .run_no = run->run_no,
                               .epoch = from->epoch };
}

/* A unit's data and its completion, in the open transaction. */
static inline int32_t
land(incload__conn *conn, const incload__pipeline_run *run, const incload__claim *from, int32_t at)
{
    incload__landing landing = landing_of(run, from);
    char key[24];

    snprintf(key, sizeof key, "%lld", (long long)from->units[at].seq);
    incload__landed landed = { .seq = from->units[at].seq, .key = key, .lane = "", .low = from->units[at].seq,
                               .high = from->units[at].seq + 1, .rows_written = 1 };
    insert_data(conn, from->units[at].seq, from->epoch);
    return incload__units_complete(&ledger, conn, &landing, &landed, 1, &err);
}

#endif

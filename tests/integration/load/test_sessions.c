/* SPDX-License-Identifier: Apache-2.0 */
/* The session of a COMMIT whose answer was lost is ended before the ledger is asked, on each server that has
 * sessions. */
#define _GNU_SOURCE
#include "unit/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/driver.h"
#include "state/lease.h"
#include "state/session.h"

static const struct {
    const char *variable;
} servers[] = {
    { "INCLOAD_TEST_POSTGRES" },
    { "INCLOAD_TEST_PG_ODBC" },
    { "INCLOAD_TEST_MARIADB" },
    /* An ordinary role may end its own sessions, too. */
    { "INCLOAD_TEST_POSTGRES_PASSWORD_URL" },
    { "INCLOAD_TEST_MARIADB_PASSWORD_URL" },
};

enum { SERVERS = sizeof servers / sizeof servers[0] };

static incload_error *err;
static incload__ledger ledger;
static char place[40];

#define well(call) ck_assert_msg((call) == INCLOAD_OK, "%s", incload_error_message(err))

static incload__conn *
connect_to(int which)
{
    const char *url = getenv(servers[which].variable);
    const incload__driver *driver = NULL;
    incload__conn *conn = NULL;

    ck_assert_msg(url != NULL, "%s is not set: run the tests by tests/run.sh", servers[which].variable);
    well(incload__driver_find(url, &driver, &err));
    incload__connect how = { .env = &incload__env_system, .url = url, .role = INCLOAD__ROLE_WRITE,
                             .deadline_us = incload__deadline_in(&incload__env_system, 10000),
                             .application_name = "sessions" };
    well(driver->connect(&how, &conn, &err));
    conn->deadline_us = incload__deadline_in(&incload__env_system, 10000);
    return conn;
}

static char *
session_of(incload__conn *conn)
{
    incload__lease none;
    char *session = NULL;

    incload__lease_init(&none, &incload__env_system, "sessions", "0", 0, "sessions");
    well(incload__lease_take(&none, &ledger, conn, &session, &err));
    ck_assert_ptr_nonnull(session);
    return session;
}

static void
open_ledger(incload__conn *conn)
{
    snprintf(place, sizeof place, "sessions_%ld", (long)getpid());
    well(incload__ledger_init(&ledger, &incload__mem_libc, conn->dialect, place, &err));
    well(incload__ledger_ensure(&ledger, conn, &err));
}

static void
drop_ledger(incload__conn *conn)
{
    const char *tables[] = { ledger.run, ledger.watermark, ledger.history, ledger.lease, ledger.beat, ledger.reject,
                             ledger.loaded, ledger.object, ledger.meta, ledger.pipeline_run, ledger.run_key,
                             ledger.unit, ledger.step, ledger.worker, ledger.applied, ledger.coverage, ledger.rate };
    char sql[300];

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        snprintf(sql, sizeof sql, "DROP TABLE %s", tables[i]);
        well(conn->driver->execute(conn, sql, NULL, 0, NULL, &err));
    }
    snprintf(sql, sizeof sql, "DROP SEQUENCE %s", ledger.epoch);
    well(conn->driver->execute(conn, sql, NULL, 0, NULL, &err));
    snprintf(sql, sizeof sql, "DROP SCHEMA %s", place);
    if (conn->dialect->has_schemas)
        well(conn->driver->execute(conn, sql, NULL, 0, NULL, &err));
    incload__ledger_free(&ledger);
}

static const incload__run_record record = { .run_id = "0123456789abcdef0123456789abcdef", .load = "sessions" };

START_TEST(a_session_with_an_open_unit_is_ended_and_its_run_was_not_committed)
{
    incload__conn *old = connect_to(_i), *other = connect_to(_i);
    bool committed = true;

    open_ledger(other);
    char *session = session_of(old);
    well(old->driver->begin(old, &err));
    well(incload__ledger_add_run(&ledger, old, &record, &err));

    int64_t began = incload__monotonic_us(&incload__env_system);
    incload__session_end(other, session, 0);
    well(incload__ledger_resolve(&ledger, other, record.run_id, &committed, &err));
    ck_assert(!committed);
    ck_assert_int_lt(incload__monotonic_us(&incload__env_system) - began, 5000000);
    ck_assert_int_ne(old->driver->commit(old, NULL), INCLOAD_OK);
    incload__free(&incload__mem_libc, session);
    old->driver->close(old);
    drop_ledger(other);
    other->driver->close(other);
}
END_TEST

START_TEST(another_session_is_left_alone)
{
    incload__conn *old = connect_to(_i), *other = connect_to(_i);
    char wrong[300];

    open_ledger(other);
    char *session = session_of(old);
    snprintf(wrong, sizeof wrong, "%sx", session);
    well(old->driver->begin(old, &err));
    well(incload__ledger_add_run(&ledger, old, &record, &err));
    incload__session_end(other, wrong, 0);
    incload__session_end(other, "", 0);
    well(old->driver->commit(old, &err));
    incload__free(&incload__mem_libc, session);
    old->driver->close(old);
    drop_ledger(other);
    other->driver->close(other);
}
END_TEST

START_TEST(a_unit_that_was_committed_is_found)
{
    incload__conn *old = connect_to(_i), *other = connect_to(_i);
    bool committed = false;

    open_ledger(other);
    char *session = session_of(old);
    well(old->driver->begin(old, &err));
    well(incload__ledger_add_run(&ledger, old, &record, &err));
    well(old->driver->commit(old, &err));
    incload__session_end(other, session, 0);
    well(incload__ledger_resolve(&ledger, other, record.run_id, &committed, &err));
    ck_assert(committed);
    incload__free(&incload__mem_libc, session);
    old->driver->close(old);
    drop_ledger(other);
    other->driver->close(other);
}
END_TEST

static void
add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_session_with_an_open_unit_is_ended_and_its_run_was_not_committed, 0, SERVERS);
    tcase_add_loop_test(tests, another_session_is_left_alone, 0, SERVERS);
    tcase_add_loop_test(tests, a_unit_that_was_committed_is_found, 0, SERVERS);
}

HARNESS_MAIN("sessions", add_tests)

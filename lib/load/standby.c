/* SPDX-License-Identifier: Apache-2.0 */
/* A source that is a PostgreSQL standby shows its own sessions only. Its primary knows who is in flight; what was over
 * there when it was asked is visible here once the log up to that moment was replayed. */
#include <string.h>

#include "base/utf8.h"
#include "load/horizon_postgres.h"

enum { CATCH_UP_MS = 10000, LOOK_EVERY_US = 10000 };

static int32_t
ask_text(incload__load *load, incload__conn *conn, const char *sql, const char *param, char *out, size_t size,
         incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__ask_row(load, conn, sql, &param, param != NULL ? 1 : 0, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    const char *text = incload__rows_get(&rows, 0, 0);
    size_t length = text != NULL ? strlen(text) : 0;
    if (length >= size)
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "the source answered in an unknown form");
    else
        memcpy(out, text != NULL ? text : "", length + 1);
    incload__rows_free(&rows);
    return status;
}

/* The standby's facts begin with its system's number. */
static int32_t
check_same_system(incload__load *load, incload__conn *conn, incload_error **err)
{
    char system[100];
    int64_t started = 0;
    const char *source = incload__postgres_fact(load, INCLOAD__FACT_SOURCE);
    incload__postgres_found *found = load->found;
    int32_t status = ask_text(load, conn,
                              "SELECT concat_ws('/', system_identifier, pg_is_in_recovery()::int, (extract(epoch FROM "
                              "pg_postmaster_start_time()) * 1000000)::bigint) FROM pg_control_system()",
                              NULL, system, sizeof system, err);

    if (status != INCLOAD_OK)
        return status;
    char *slash = strchr(system, '/');
    bool primary = slash != NULL && strncmp(slash, "/0/", 3) == 0;
    if (primary && incload__parse_int64(slash + 3, strlen(slash + 3), &started))
        found->started = started;
    size_t length = slash != NULL ? (size_t)(slash - system) : strlen(system);
    if (primary && strncmp(source, system, length) == 0 && source[length] == '/')
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INVALID,
                         "the database named by incload_step_set_primary() is not the primary of this source: it is %s",
                         primary ? "another system" : "a standby itself");
}

static int32_t
wait_for_replay(incload__load *load, const char *position, incload_error **err)
{
    int64_t until = incload__deadline_in(load->env, CATCH_UP_MS);
    char reached[8] = "0";
    int32_t status = INCLOAD_OK;

    while (status == INCLOAD_OK && strcmp(reached, "1") != 0 && incload__monotonic_us(load->env) < until) {
        status = ask_text(load, load->from, "SELECT (pg_last_wal_replay_lsn() >= $1::text::pg_lsn)::int::text",
                          position, reached, sizeof reached, err);
        if (status == INCLOAD_OK && strcmp(reached, "1") != 0) {
            incload__unit_pause(load->unit, incload__monotonic_us(load->env) + LOOK_EVERY_US);
            status = incload__load_check(load, err);
        }
    }
    incload__postgres_found *found = load->found;
    found->primary_asked = status == INCLOAD_OK && strcmp(reached, "1") == 0;
    return status;
}

int32_t
incload__postgres_ask_primary(incload__load *load, incload_error **err)
{
    incload__postgres_found *found = load->found;
    incload_database *primary = load->spec->primary;
    incload__conn *conn = NULL;
    char position[32] = "";
    int32_t status = incload__database_take(primary, INCLOAD__ROLE_READ, load->spec->deadline_us, load->spec->owner,
                                            &conn, err);

    if (status == INCLOAD_OK)
        status = check_same_system(load, conn, err);
    if (status == INCLOAD_OK)
        status = incload__postgres_in_flight(load, conn, &found->backends, &found->prepared, err);
    if (status == INCLOAD_OK)
        status = ask_text(load, conn, "SELECT pg_current_wal_insert_lsn()::text", NULL, position, sizeof position, err);
    if (conn != NULL)
        incload__database_give_back(primary, conn);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "the source's primary");
    status = wait_for_replay(load, position, err);
    if (!found->primary_asked) {
        incload__rows_free(&found->backends);
        incload__rows_free(&found->prepared);
    }
    return status;
}

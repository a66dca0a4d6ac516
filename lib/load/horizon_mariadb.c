/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB shows of no row which transaction wrote it, so stamps must be the server's: NOW() is a statement's start.
 * What is looked for are statements that run now, and transactions that have written and are still open.
 *
 * Why nothing is lost: a thread is marked as running before it takes its statement's time, and a transaction leaves
 * the list only after it is visible. So what runs in neither list is visible to the snapshot that follows, or stamps at
 * or past the clock that was read before the lists. The order is clock, statements, transactions: a statement ends into
 * a listed transaction, never the other way. What ends between the lists and the snapshot stays in the ledger, and its
 * rows are read once more. */
#include "load/horizon_mariadb.h"

#include <string.h>

#include "base/utf8.h"
#include "dialect/sql.h"
#include "load/innodb_list.h"
#include "state/statement.h"

enum { TRIES = 3 };

incload__mariadb_found *
incload__mariadb_found_of(const incload__load *load)
{
    return load->found;
}

void
incload__mariadb_free(incload__load *load)
{
    incload__mariadb_found *found = load->found;

    if (found == NULL)
        return;
    incload__rows_free(&found->facts);
    incload__rows_free(&found->running);
    incload__rows_free(&found->open);
    incload__free(load->mem, found->storage);
    incload__free(load->mem, found);
    load->found = NULL;
}

const char *
incload__mariadb_fact(const incload__load *load, int32_t which)
{
    const char *text = incload__rows_get(&incload__mariadb_found_of(load)->facts, 0, which);

    return text != NULL ? text : "";
}

int64_t
incload__mariadb_number(const char *text)
{
    int64_t value = 0;

    if (text != NULL)
        incload__parse_int64(text, strlen(text), &value);
    return value;
}

static bool
is_fact(const incload__load *load, int32_t which, const char *value)
{
    return strcmp(incload__mariadb_fact(load, which), value) == 0;
}

bool
incload__mariadb_by_versions(const incload__load *load)
{
    return is_fact(load, INCLOAD__MARIADB_GENERATED, "ROW START")
           && incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER;
}

static int32_t
use_cursor_alone(incload__load *load, const char *why, incload_error **err)
{
    incload__mariadb_free(load);
    load->finder = &incload__finder_cursor;
    return incload__window_say(load, err, "%s", why);
}

/* Why the lists of this server would say nothing of who writes to the table. NULL: they say all. */
static const char *
reason_against(const incload__load *load)
{
    const char *engine = incload__mariadb_fact(load, INCLOAD__MARIADB_ENGINE);

    if (!is_fact(load, INCLOAD__MARIADB_CLUSTER, "0"))
        return "the source is a node of a Galera cluster, where others write too";
    if (!is_fact(load, INCLOAD__MARIADB_REPLICATES, "0"))
        return "the source is a replica, which does not show who is in flight on its primary";
    if (engine[0] != '\0' && strcmp(engine, "InnoDB") != 0)
        return "the source's table is not kept by InnoDB, whose transactions alone can be seen";
    if (incload__cursor_unit_of(load) == INCLOAD__UNIT_OTHER)
        return "no bound can be computed for a cursor that is neither a time nor an integer";
    if (engine[0] == '\0' && incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER)
        return "numbers that a query or a view gives need not grow as they are taken";
    return NULL;
}

static int32_t
ask_facts(incload__load *load, incload_error **err)
{
    const char *schema = load->source_name.schema, *table = load->source_name.name;
    const char *column = load->shape.columns[load->cursor].name;
    const char *texts[] = { schema, table, schema, table, column, schema, table, column, schema, table };
    incload__mariadb_found *found = incload__mariadb_found_of(load);
    enum { COUNT = sizeof texts / sizeof texts[0] };
    incload__param params[COUNT];

    for (int32_t i = 0; i < COUNT; i++) {
        const char *text = load->spec->query == NULL ? texts[i] : NULL;
        params[i] = (incload__param){ text, text != NULL ? strlen(text) : 0, INCLOAD__TEXT };
    }
    int32_t status =
        load->from->driver->select(load->from, incload__sql_mariadb_facts, params, COUNT, &found->facts, err);
    if (status == INCLOAD_OK && found->facts.count > 0)
        found->started = incload__mariadb_number(incload__mariadb_fact(load, INCLOAD__MARIADB_CLOCK))
                         - incload__mariadb_number(incload__mariadb_fact(load, INCLOAD__MARIADB_UPTIME));
    return status;
}

/* The greatest number so far, before the lists: whoever begins later takes a greater one. */
static int32_t
ask_greatest(incload__load *load, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    incload__str_add(&sql, "SELECT CAST(MAX(");
    int32_t status = load->from->dialect->quote(&sql, "column", load->shape.columns[load->cursor].name, err);
    incload__str_add(&sql, ") AS CHAR) FROM ");
    if (status == INCLOAD_OK)
        status = incload__quote_table(load->from->dialect, &sql, &load->source_name, err);
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = incload__ask_row(load, load->from, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        const char *text = incload__rows_get(&rows, 0, 0);
        incload__mariadb_found_of(load)->clock =
            text != NULL ? incload__mariadb_number(text) : INCLOAD__NO_NUMBER_YET;
        incload__rows_free(&rows);
    }
    incload__str_free(&sql);
    return status;
}

/* ---- open transactions, proved fresh ---- */

/* One try. */
static int32_t
ask_with_token(incload__load *load, bool *fresh, incload_error **err)
{
    incload__mariadb_found *found = incload__mariadb_found_of(load);

    incload__rows_free(&found->open);
    found->by_status = false;
    return incload__innodb_list(load, load->from, incload__sql_mariadb_transactions, &found->open, fresh, err);
}

static int32_t
ask_status(incload__load *load, incload_error **err)
{
    incload__mariadb_found *found = incload__mariadb_found_of(load);
    incload__rows rows;

    incload__rows_free(&found->open);
    found->open = (incload__rows){ .mem = load->mem };
    found->by_status = true;
    int32_t status = incload__ask_row(load, load->from, "SHOW ENGINE INNODB STATUS", NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *text = incload__rows_get(&rows, 0, 2);
    status = incload__innodb_transactions(text != NULL ? text : "", &found->open, err);
    incload__rows_free(&rows);
    return status;
}

/* The view stands still for a tenth of a second after anybody has read it. The engine's report does not, and is as
 * good unless it was cut; then the view is waited for. */
static int32_t
ask_transactions(incload__load *load, incload_error **err)
{
    incload_error *cut = NULL;
    bool fresh = false;
    int32_t status = ask_with_token(load, &fresh, err);

    if (status != INCLOAD_OK || fresh)
        return status;
    if (ask_status(load, &cut) == INCLOAD_OK)
        return INCLOAD_OK;
    for (int32_t i = 1; i < TRIES && status == INCLOAD_OK && !fresh; i++) {
        incload__unit_pause(load->unit, incload__monotonic_us(load->env) + INCLOAD__INNODB_STALE_US);
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = ask_with_token(load, &fresh, err);
    }
    if (status == INCLOAD_OK && !fresh)
        return incload__error_pass(err, cut);
    incload_error_unref(cut);
    return status;
}

/* ---- all of it ---- */

static int32_t
ask_table(incload__load *load, const char *query, incload__rows *rows, incload_error **err)
{
    const incload__param params[] = { incload__text_param(load->source_name.schema),
                                      incload__text_param(load->source_name.name) };

    *rows = (incload__rows){ .mem = load->mem };
    return load->from->driver->select(load->from, query, params, 2, rows, err);
}

/* An update of columns without versions leaves ROW START as it was. */
static int32_t
ask_unversioned(incload__load *load, bool *any, incload_error **err)
{
    incload__rows rows;
    int32_t status = ask_table(load, incload__sql_mariadb_unversioned, &rows, err);

    *any = false;
    for (int64_t i = 0; status == INCLOAD_OK && i < rows.count; i++)
        *any = *any || incload__schema_find(&load->shape, incload__rows_get(&rows, i, 0)) >= 0;
    incload__rows_free(&rows);
    return status;
}

static int32_t
ask_storage(incload__load *load, incload_error **err)
{
    incload__mariadb_found *found = incload__mariadb_found_of(load);
    incload__rows rows;

    if (load->spec->query != NULL)
        return INCLOAD_OK;
    int32_t status = ask_table(load, incload__sql_mariadb_storage, &rows, err);
    const char *text = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    found->storage = text != NULL ? incload__strdup(load->mem, text) : NULL;
    if (text != NULL && found->storage == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

static bool
has_replica_thread(const incload__rows *running)
{
    for (int64_t i = 0; i < running->count; i++) {
        const char *replica = incload__rows_get(running, i, INCLOAD__RUNS_REPLICA);
        if (replica != NULL && strcmp(replica, "1") == 0)
            return true;
    }
    return false;
}

/* Statements, then transactions: what ends as the one is listed as the other. */
static int32_t
ask_in_flight(incload__load *load, bool *allowed, incload_error **err)
{
    incload__mariadb_found *found = incload__mariadb_found_of(load);
    incload_error *failure = NULL;
    int32_t status =
        incload__ask_row(load, load->from, incload__sql_mariadb_in_flight, NULL, 0, &found->running, err);

    *allowed = true;
    if (status != INCLOAD_OK)
        return status;
    status = ask_transactions(load, &failure);
    if (status == INCLOAD_OK)
        return ask_storage(load, err);
    if (incload_error_native_code(failure) != INCLOAD__INNODB_FORBIDDEN) {
        incload__error_pass(err, failure);
        return status;
    }
    incload_error_unref(failure);
    *allowed = false;
    return INCLOAD_OK;
}

static int32_t
list(incload__load *load, incload_error **err)
{
    bool number = incload__cursor_unit_of(load) == INCLOAD__UNIT_NUMBER;
    bool allowed = true, unversioned = false;

    load->found = incload__alloc(load->mem, sizeof(incload__mariadb_found));
    if (load->found == NULL)
        return incload__fail_memory(err);
    incload__mariadb_found *found = incload__mariadb_found_of(load);
    found->facts.mem = found->running.mem = found->open.mem = load->mem;
    int32_t status = ask_facts(load, err);
    if (status == INCLOAD_OK && found->facts.count == 0)
        return use_cursor_alone(load, "the source tells nothing of its transactions", err);
    const char *against = status == INCLOAD_OK ? reason_against(load) : NULL;
    if (against != NULL)
        return use_cursor_alone(load, against, err);
    bool versions = status == INCLOAD_OK && incload__mariadb_by_versions(load);
    if (versions)
        status = ask_unversioned(load, &unversioned, err);
    if (unversioned)
        return use_cursor_alone(load,
                                "columns that are loaded are WITHOUT SYSTEM VERSIONING, so that an update of them "
                                "alone does not move the cursor",
                                err);
    if (status == INCLOAD_OK && number && !versions)
        status = ask_greatest(load, err);
    if (status == INCLOAD_OK)
        status = ask_in_flight(load, &allowed, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "looking for open transactions in the source");
    if (!allowed)
        return use_cursor_alone(load,
                                "the source's user may not see who is in flight (GRANT PROCESS ON *.* would let it)",
                                err);
    if (has_replica_thread(&found->running))
        return use_cursor_alone(load, "the source is a replica, which does not show who is in flight on its primary",
                                err);
    found->now = incload__mariadb_number(incload__rows_get(&found->running, 0, INCLOAD__RUNS_CLOCK));
    if (!number)
        found->clock = found->now;
    found->step = incload__clock_step(load, found->now);
    if (versions)
        load->finder = &incload__finder_versioned;
    return INCLOAD_OK;
}

const incload__finder incload__finder_mariadb = {
    .kind = INCLOAD__MARK_IN_FLIGHT, .list = list, .bound = incload__mariadb_bound, .free = incload__mariadb_free,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Consuming a change table: batch after batch, each read, landed, and then deleted where it came from. */
#include "cdc/capture.h"
#include "sched/backoff.h"
#include "state/statement.h"

/* ---- one batch ---- */

static int32_t
land(incload__consuming *c, const incload__capture_batch *batch, incload_error **err)
{
    incload_capture *table = c->table;
    int64_t written = incload_changes_rows_written(c->changes), deleted = incload_changes_rows_deleted(c->changes);
    int32_t status = incload_changes_commit(c->changes, err);

    if (status != INCLOAD_OK)
        return status;
    table->written += incload_changes_rows_written(c->changes) - written;
    table->deleted += incload_changes_rows_deleted(c->changes) - deleted;
    status = incload__capture_consume(table, batch, err);
    if (status == INCLOAD_OK)
        table->consumed += batch->count;
    return status;
}

static int32_t
do_batch(incload__consuming *c, incload_error **err)
{
    incload__capture_batch batch;
    incload_error *failure = NULL;
    int32_t status = incload__capture_read(c->table, c->changes, c->limit, &batch, &failure);

    c->count = batch.count;
    if (status == INCLOAD_OK && batch.count > 0)
        status = land(c, &batch, &failure);
    incload__capture_batch_free(c->table, &batch);
    return status == INCLOAD_OK ? status : incload__error_pass(err, failure);
}

/* ---- what becomes of a failure ---- */

/* More than the memory holds: less of it at a time. */
static bool
is_smaller(incload__consuming *c, int32_t code)
{
    if (code != INCLOAD_E_STATE || c->limit == 1)
        return false;
    c->limit /= 2;
    return true;
}

static bool
is_waited_for(incload__consuming *c, int32_t code)
{
    int64_t now = incload__monotonic_us(c->table->env);

    if (code != INCLOAD_E_BUSY)
        return false;
    if (c->wait_until_us == 0)
        c->wait_until_us = now + c->table->values.wait * 1000;
    if (now >= c->wait_until_us)
        return false;
    incload__capture_pause(c->table, incload__backoff_us(c->table->env, 50, 500, 2));
    return true;
}

static bool
is_repeated(incload__consuming *c, const incload_error *failure)
{
    const incload__capture_values *values = &c->table->values;

    if (incload_error_is_retryable(failure) == 0 || incload_error_code(failure) == INCLOAD_E_BUSY
        || c->failures >= values->retries)
        return false;
    c->failures++;
    incload__capture_pause(
        c->table, incload__backoff_us(c->table->env, values->retry_delay, values->retry_max_delay, c->failures));
    return true;
}

static int32_t
settle(incload__consuming *c, incload_error *failure, incload_error **err)
{
    int32_t code = incload_error_code(failure);
    bool again = incload__capture_check(c->table, NULL) == INCLOAD_OK
                 && (is_smaller(c, code) || is_waited_for(c, code) || is_repeated(c, failure));

    if (!again && code == INCLOAD_E_STATE && c->limit == 1 && c->table->values.by == INCLOAD__BY_VERSIONS)
        incload__error_prefix(&failure, "by=versions takes a transaction of the source as a whole, and one does not "
                                        "fit into option 'memory': raise it");
    if (!again)
        return incload__error_pass(err, failure);
    incload_error_unref(failure);
    return incload__capture_check(c->table, err);
}

/* ---- until there is no more ---- */

static int32_t
check_installed(incload_capture *table, incload_error **err)
{
    incload__conn *conn = NULL;
    int32_t status = incload__capture_connect(table, INCLOAD__ROLE_WRITE, &conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__capture_installed(table, conn, err);
    incload__database_give_back(table->source, conn);
    return status;
}

static int32_t
get_ready(incload__consuming *c, incload_error **err)
{
    int32_t status = incload__capture_check(c->table, err);

    if (c->limit == 0)
        c->limit = c->table->values.batch_rows;
    if (status == INCLOAD_OK && !c->checked)
        status = check_installed(c->table, err);
    c->checked = status == INCLOAD_OK;
    return status == INCLOAD_OK ? incload__capture_applier(c->table, &c->changes, err) : status;
}

/* One that lands, after as many attempts as may be. A batch that is not full took all that its snapshot showed: whoever
 * waits for less than nothing would never end while others write. */
static int32_t
take_batch(incload__consuming *c, incload_error **err)
{
    for (;;) {
        incload_error *failure = NULL;
        int64_t limit = c->limit, most = c->table->values.batch_rows;
        if (do_batch(c, &failure) == INCLOAD_OK) {
            c->failures = 0;
            c->wait_until_us = 0;
            c->limit = limit * 2 < most ? limit * 2 : most;
            c->emptied = c->count < limit;
            /* A trigger may be lost while nobody looks. */
            c->checked = c->count > 0;
            return INCLOAD_OK;
        }
        int32_t status = settle(c, failure, err);
        if (status != INCLOAD_OK)
            return status;
    }
}

static int32_t
consume(incload__consuming *c, incload_error **err)
{
    const incload__capture_values *values = &c->table->values;
    bool follow = values->until == INCLOAD__UNTIL_CANCELLED;
    int32_t status;

    do {
        status = get_ready(c, err);
        if (status == INCLOAD_OK)
            status = take_batch(c, err);
        if (status == INCLOAD_OK && follow && c->count == 0)
            incload__capture_pause(c->table, values->poll * 1000);
    } while (status == INCLOAD_OK && (follow || !c->emptied));
    return status;
}

int32_t
incload_capture_run(incload_capture *table, incload_error **err)
{
    incload__consuming c = { .table = table };
    incload_error *failure = NULL;

    INCLOAD_ENTER(err);
    if (table == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the change table must not be NULL");
    if (consume(&c, &failure) == INCLOAD_OK)
        return INCLOAD_OK;
    incload__capture_forget(table);
    return incload__capture_tell(table, failure, err);
}

int32_t
incload__capture_turn(incload__consuming *c, const atomic_bool *told_to_stop, int64_t deadline_us, incload_error **err)
{
    incload_error *failure = NULL;

    c->table->told_to_stop = told_to_stop;
    int32_t status = get_ready(c, &failure);
    if (status == INCLOAD_OK) {
        c->changes->set->told_to_stop = told_to_stop;
        c->changes->set->deadline_us = deadline_us;
        status = take_batch(c, &failure);
        c->changes->set->told_to_stop = NULL;
        c->changes->set->deadline_us = 0;
    }
    if (status != INCLOAD_OK) {
        incload__capture_forget(c->table);
        *c = (incload__consuming){ .table = c->table };
        status = incload__capture_tell(c->table, failure, err);
    }
    c->table->told_to_stop = NULL;
    return status;
}

/* ---- what is left ---- */

static int32_t
write_question(incload_capture *table, incload__conn *conn, incload__str *sql, incload_error **err)
{
    incload_changes *changes = NULL;

    if (table->values.by == INCLOAD__BY_TRIGGERS)
        return incload__capture_pending(sql, &table->capture, err);
    int32_t status = incload__capture_inspect(table, conn, err);
    if (status == INCLOAD_OK)
        status = incload__capture_applier(table, &changes, err);
    if (status == INCLOAD_OK)
        status = incload__change_set_refresh(changes->set, err);
    return status == INCLOAD_OK ? incload__capture_versions_pending(table, changes->set->note, sql, err) : status;
}

static int32_t
count_pending(incload_capture *table, incload__conn *conn, int64_t *rows, int64_t *age, incload_error **err)
{
    incload__str sql = INCLOAD__STR(table->mem);
    incload__rows found = { .mem = table->mem };
    int32_t status = incload__capture_installed(table, conn, err);

    if (status == INCLOAD_OK)
        status = write_question(table, conn, &sql, err);
    if (status == INCLOAD_OK)
        status = conn->driver->select(conn, incload__str_text(&sql), NULL, 0, &found, err);
    if (status == INCLOAD_OK) {
        const char *oldest = incload__rows_get(&found, 0, 1);
        int64_t since = incload__to_number(oldest);
        int64_t now = incload__to_number(incload__rows_get(&found, 0, 2));
        *rows = incload__to_number(incload__rows_get(&found, 0, 0));
        if (age != NULL)
            *age = *rows > 0 && oldest != NULL && now > since ? now - since : 0;
    }
    incload__rows_free(&found);
    incload__str_free(&sql);
    return status;
}

int32_t
incload_capture_pending(incload_capture *table, int64_t *rows, int64_t *age, incload_error **err)
{
    incload__conn *conn = NULL;
    incload_error *failure = NULL;

    INCLOAD_ENTER(err);
    if (table == NULL || rows == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "change table and rows must not be NULL");
    int32_t status = incload__capture_connect(table, INCLOAD__ROLE_WRITE, &conn, &failure);
    if (status == INCLOAD_OK) {
        status = count_pending(table, conn, rows, age, &failure);
        incload__database_give_back(table->source, conn);
    }
    return status == INCLOAD_OK ? status : incload__capture_tell(table, failure, err);
}

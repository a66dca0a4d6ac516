/* SPDX-License-Identifier: Apache-2.0 */
/* Moves the window's rows to their destination, by the road that was planned. */
#include <string.h>

#include "load/internal.h"

#include "driver/failpoint.h"

int32_t
incload__load_check(const incload__load *load, incload_error **err)
{
    if (load->unit->cancelled != NULL && atomic_load(load->unit->cancelled))
        return incload__fail(err, INCLOAD_E_CANCELLED, "the run was cancelled: nothing of this unit was kept");
    if (load->spec->deadline_us != 0 && incload__monotonic_us(load->env) >= load->spec->deadline_us)
        return incload__fail(err, INCLOAD_E_TIMEOUT,
                             "the run's time is over (option 'timeout'): nothing of this unit was kept");
    if (atomic_load(&load->unit->lost))
        return incload__lease_fail_lost(load->lease, err);
    return INCLOAD_OK;
}

bool
incload__order_decides(const incload__load *load)
{
    /* Rows of an interval go as they come where the target takes several of one key. */
    return load->staged && !load->key_is_unique && load->latest_by < 0
           && (incload__by_cursor(load) || load->one_per_key);
}

int32_t
incload__sql_load_order(const incload__load *load, incload__sql *sql, int32_t part, incload_error **err)
{
    /* Which of two rows with one key is the later one is the cursor's word; without duplicates there is nothing to
     * order. */
    if (part != PART_POSITIONED || !incload__order_decides(load))
        return INCLOAD_OK;
    incload__str_add(&sql->text, " ORDER BY ");
    return load->from->dialect->quote(&sql->text, "column", load->shape.columns[load->cursor].name, err);
}

/* SELECT of the columns as they are: the server moves them, so they need no form that a driver survives. */
static int32_t
build_plain_select(const incload__load *load, incload__sql *sql, int32_t part, incload_error **err)
{
    const incload__dialect *dialect = load->from->dialect;

    incload__str_add(&sql->text, "SELECT ");
    int32_t status = incload__quote_columns(dialect, &sql->text, &load->shape, "", err);
    if (status == INCLOAD_OK)
        status = incload__sql_from(load, sql, err);
    if (status == INCLOAD_OK)
        status = incload__window_where(load, sql, dialect, part, NULL, 0, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__sql_load_order(load, sql, part, err);
    return status == INCLOAD_OK ? incload__sql_check(sql, err) : status;
}

static int32_t
transfer_inside(incload__load *load, int32_t part, incload_error **err)
{
    incload__sql sql;
    int64_t rows = -1;

    incload__sql_init(load, &sql);
    incload__str_addf(&sql.text, "INSERT INTO %s (", load->destination);
    int32_t status = incload__quote_columns(load->to->dialect, &sql.text, &load->target, "", err);
    incload__str_add(&sql.text, ") ");
    if (status == INCLOAD_OK)
        status = build_plain_select(load, &sql, part, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "copy.inside.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = load->to->driver->execute(load->to, incload__str_text(&sql.text), sql.params, sql.count, &rows, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "copy.inside.done", INCLOAD_E_CONFLICT, err);
    incload__sql_free(&sql);
    if (status != INCLOAD_OK)
        return status;
    if (rows < 0)
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the server did not say how many rows it moved");
    atomic_fetch_add(&load->unit->rows_read, rows);
    atomic_fetch_add(&load->unit->rows_written, rows);
    return INCLOAD_OK;
}

/* A window in two parts is relayed twice; the bytes of the first count on. */
typedef struct relayed {
    incload__load *load;
    int64_t before;
} relayed;

static int32_t
relay_progress(int64_t bytes, void *data)
{
    const relayed *so_far = data;
    incload__load *load = so_far->load;

    atomic_store(&load->unit->bytes, so_far->before + bytes);
    if (load->spec->progress != NULL)
        load->spec->progress(load->spec->progress_data);
    return incload__load_check(load, NULL);
}

static int32_t
transfer_relay(incload__load *load, int32_t part, incload_error **err)
{
    incload__str columns = INCLOAD__STR(load->mem);
    relayed so_far = { load, atomic_load(&load->unit->bytes) };
    incload__sql sql;
    int64_t rows = 0, bytes = 0;

    incload__sql_init(load, &sql);
    int32_t status = build_plain_select(load, &sql, part, err);
    if (status == INCLOAD_OK)
        status = incload__quote_columns(load->to->dialect, &columns, &load->target, "", err);
    if (status == INCLOAD_OK && columns.failed)
        status = incload__fail_memory(err);
    INCLOAD__FAILPOINT_ON(status, load->to, "copy.relay.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK)
        status = load->from->driver->relay(load->from, incload__str_text(&sql.text), sql.params, sql.count, load->to,
                                           load->destination, incload__str_text(&columns), relay_progress, &so_far,
                                           &rows, &bytes, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "copy.relay.done", INCLOAD_E_CONNECT, err);
    incload__sql_free(&sql);
    incload__str_free(&columns);
    if (status != INCLOAD_OK)
        return incload__load_check(load, err) == INCLOAD_OK ? status : incload__entered_with(err);
    atomic_fetch_add(&load->unit->rows_read, rows);
    atomic_fetch_add(&load->unit->rows_written, rows);
    atomic_store(&load->unit->bytes, so_far.before + bytes);
    return INCLOAD_OK;
}

int32_t
incload__transfer(incload__load *load, incload_error **err)
{
    static int32_t (*const roads[])(incload__load *, int32_t, incload_error **) = {
        [INCLOAD__ROAD_SAME_DATABASE] = transfer_inside,
        [INCLOAD__ROAD_RELAY] = transfer_relay,
        [INCLOAD__ROAD_BATCHES] = incload__transfer_batches,
    };
    int32_t status = INCLOAD_OK;

    for (int32_t part = PART_ALL; part <= PART_POSITIONLESS && status == INCLOAD_OK; part++) {
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK && incload__window_has(load, part))
            status = roads[load->road](load, part, err);
    }
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Steps and units of one run as the ledger keeps them. */
#include <incload/history.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "run/history.h"
#include "state/args.h"
#include "state/step.h"

enum { LABEL_SIZE = 32 };

struct incload_unit_history {
    atomic_int refs;
    incload_database *database;
    const incload__mem *mem;
    incload__unit_row *units;
    char **labels;
    int32_t count;
};

const char *
incload__status_word(int32_t status)
{
    static const char *const words[] = {
        [INCLOAD_STATUS_PENDING] = "PENDING",     [INCLOAD_STATUS_RUNNING] = "RUNNING",
        [INCLOAD_STATUS_SUCCESS] = "SUCCESS",     [INCLOAD_STATUS_FAILED] = "FAILED",
        [INCLOAD_STATUS_SKIPPED] = "SKIPPED",     [INCLOAD_STATUS_PARTIAL] = "PARTIAL",
        [INCLOAD_STATUS_CANCELLED] = "CANCELLED",
    };

    return status > 0 && (size_t)status < sizeof words / sizeof words[0] ? words[status] : "";
}

/* ---- reading ---- */

/* Steps have names; other units are told by their places. */
static int32_t
fill_labels(incload_unit_history *units, const incload__rows *names, incload_error **err)
{
    char place[LABEL_SIZE];
    int64_t at = 0;

    for (int32_t i = 0; i < units->count; i++) {
        while (at < names->count && incload__rows_number(names, at, 0) < units->units[i].seq)
            at++;
        bool named = at < names->count && incload__rows_number(names, at, 0) == units->units[i].seq;
        const char *name = named ? incload__rows_get(names, at, 1) : NULL;
        snprintf(place, sizeof place, "%lld", (long long)units->units[i].seq);
        units->labels[i] = incload__strdup(units->mem, name != NULL ? name : place);
        if (units->labels[i] == NULL)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

static int32_t
read_run(incload_unit_history *units, incload__visit *at, const char *run_id, int64_t from, int32_t limit,
         incload_error **err)
{
    incload__pipeline_run run = { 0 };
    incload__rows names = { .mem = units->mem };
    int32_t status = at->exists ? incload__pipeline_run_by_id(&at->ledger, at->conn, run_id, &run, err)
                                : incload__fail(err, INCLOAD_E_NOT_FOUND, "the database has no ledger");

    if (status == INCLOAD_OK)
        status =
            incload__units_read(&at->ledger, at->conn, run.run_no, from, limit, 0, units->units, &units->count, err);
    if (status == INCLOAD_OK)
        status = incload__steps_names(&at->ledger, at->conn, run.run_no, from, limit, &names, err);
    if (status == INCLOAD_OK)
        status = fill_labels(units, &names, err);
    incload__rows_free(&names);
    incload__pipeline_run_free(&run);
    return status;
}

static int32_t
fill(incload_unit_history *units, const char *run_id, int64_t from, int32_t limit, incload_error **err)
{
    incload__visit at;

    units->units = incload__alloc_array(units->mem, (size_t)limit, sizeof *units->units);
    units->labels = incload__alloc_array(units->mem, (size_t)limit, sizeof *units->labels);
    if (units->units == NULL || units->labels == NULL)
        return incload__fail_memory(err);
    int32_t status = incload__visit_begin(&at, units->database, units, err);
    if (status == INCLOAD_OK)
        status = read_run(units, &at, run_id, from, limit, err);
    incload__visit_end(&at);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "reading the units of run '%.64s'", run_id);
}

incload_unit_history *
incload_unit_history_new(incload_database *database, const char *run_id, int64_t from, int32_t limit,
                         incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (incload__history_check(database, limit, err) != INCLOAD_OK)
        return NULL;
    if (run_id == NULL || from < 0) {
        incload__fail(err, INCLOAD_E_INVALID, "units are told of one run, by its id, from place 0 on or a later one");
        return NULL;
    }
    const incload__mem *mem = &incload__database_env(database)->mem;
    incload_unit_history *units = incload__alloc(mem, sizeof *units);
    if (units == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&units->refs, 1);
    units->mem = mem;
    units->database = incload_database_ref(database);
    if (fill(units, run_id, from, limit, err) != INCLOAD_OK) {
        incload_unit_history_unref(units);
        return NULL;
    }
    return units;
}

incload_unit_history *
incload_unit_history_ref(incload_unit_history *units)
{
    if (units != NULL)
        atomic_fetch_add_explicit(&units->refs, 1, memory_order_relaxed);
    return units;
}

void
incload_unit_history_unref(incload_unit_history *units)
{
    if (units == NULL || atomic_fetch_sub_explicit(&units->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_database *database = units->database;
    for (int32_t i = 0; i < units->count; i++) {
        incload__unit_row_free(&units->units[i]);
        incload__free(units->mem, units->labels[i]);
    }
    incload__free(units->mem, units->units);
    incload__free(units->mem, units->labels);
    incload__free(units->mem, units);
    incload_database_unref(database);
}

int32_t
incload_unit_history_count(const incload_unit_history *units)
{
    return units != NULL ? units->count : 0;
}

/* ---- one of them ---- */

static const incload__unit_row *
unit_at(const incload_unit_history *units, int32_t index)
{
    return units != NULL && index >= 0 && index < units->count ? &units->units[index] : NULL;
}

int64_t
incload_unit_history_place(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? unit->seq : 0;
}

const char *
incload_unit_history_label(const incload_unit_history *units, int32_t index)
{
    return unit_at(units, index) != NULL ? units->labels[index] : "";
}

int32_t
incload_unit_history_status(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? unit->status : 0;
}

const char *
incload_unit_history_status_name(const incload_unit_history *units, int32_t index)
{
    return incload__status_word(incload_unit_history_status(units, index));
}

int32_t
incload_unit_history_attempts(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? (int32_t)unit->attempt : 0;
}

int64_t
incload_unit_history_rows_written(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? unit->rows_written : 0;
}

int64_t
incload_unit_history_started_us(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? unit->started_us : 0;
}

int64_t
incload_unit_history_finished_us(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? unit->finished_us : 0;
}

int32_t
incload_unit_history_error_code(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL ? unit->error_code : 0;
}

const char *
incload_unit_history_error(const incload_unit_history *units, int32_t index)
{
    const incload__unit_row *unit = unit_at(units, index);

    return unit != NULL && unit->error != NULL ? unit->error : "";
}

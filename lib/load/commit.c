/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a unit: the fence, its record and its watermark, and the commit of all that with the rows. */
#include <string.h>

#include "load/internal.h"

#include "driver/failpoint.h"

static int32_t
record_watermark(incload__load *load, incload_error **err)
{
    incload__str document = INCLOAD__STR(load->mem);
    incload__position to = { .value = load->after.value,
                             .type = load->after.type,
                             .level = (char *)(uintptr_t)load->window.level };
    int32_t status = incload__mark_print(&load->after, &document, err);

    to.document = document.data;
    if (status == INCLOAD_OK)
        status = incload__ledger_move(&load->ledger, load->to, load->spec->name, load->before.version, &to,
                                      load->unit->run_id, err);
    incload__str_free(&document);
    return status;
}

/* A load of all rows has no position, but of two at once the second to commit must not land either. */
static int32_t
record_turn(incload__load *load, incload_error **err)
{
    if (incload__is_remembered(load))
        return INCLOAD_OK;
    return incload__ledger_move(&load->ledger, load->to, load->spec->name, load->before.version, &load->before,
                                load->unit->run_id, err);
}

static int32_t
record_run(incload__load *load, incload_error **err)
{
    const incload_unit *unit = load->unit;
    char source[200], target[200];
    incload__run_record record = {
        .run_id = unit->run_id,
        .load = load->spec->name,
        .unit = unit->label,
        .source = load->spec->query != NULL ? "query" : incload__table_text(&load->source_name, source, sizeof source),
        .target = incload__table_text(&load->target_name, target, sizeof target),
        .road = atomic_load(&load->result->road),
        .low = load->window.low,
        .high = load->high,
        .started_us = load->started_us,
        .finished_us = incload__wall_us(load->env),
        .rows_read = atomic_load(&unit->rows_read),
        .rows_written = atomic_load(&unit->rows_written),
    };

    return incload__ledger_post_run(&load->ledger, load->to, &record, &load->recorded, err);
}

/* MariaDB drops the whole transaction at a deadlock and lets the session go on: what hid that error (a handler in a
 * trigger), or committed implicitly, shows here. Without a transaction nothing of the ledger may be written. */
static int32_t
check_transaction(const incload__load *load, incload_error **err)
{
    const char *query = load->to->dialect->in_transaction_query;
    incload__rows rows = { .mem = load->mem };

    if (query == NULL)
        return INCLOAD_OK;
    int32_t status = load->to->driver->select(load->to, query, NULL, 0, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    const char *open = incload__rows_get(&rows, 0, 0);
    if (open != NULL && strcmp(open, "0") == 0)
        status = incload__fail(
            err, INCLOAD_E_STATE,
            "the server has ended the transaction of this unit by itself, by a deadlock that a trigger or routine "
            "hides or a statement that commits: no watermark was moved, but rows of this unit may have stayed in the "
            "target; "
            "find that trigger before you run the load again");
    incload__rows_free(&rows);
    return status;
}

static int32_t
keep_report(const incload__load *load, char **field, const char *text, incload_error **err)
{
    incload__free(load->mem, *field);
    *field = text != NULL ? incload__strdup(load->mem, text) : NULL;
    return text != NULL && *field == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

/* Before the commit: once that took effect nothing may fail any more. */
static int32_t
prepare_report(incload__load *load, incload_error **err)
{
    incload__load_result *result = load->result;

    if (!incload__by_cursor(load))
        return INCLOAD_OK;
    int32_t status = keep_report(load, &result->watermark, load->after.value, err);
    if (status == INCLOAD_OK)
        status = keep_report(load, &result->level_reason, load->window.reason, err);
    if (status == INCLOAD_OK)
        status = keep_report(load, &result->held_by, load->window.held_by, err);
    result->level = load->window.level;
    result->rows_late = load->late_rows;
    result->lateness = load->lateness;
    return status;
}

void
incload__withdraw_report(incload__load *load)
{
    incload__load_result *result = load->result;

    result->level = NULL;
    result->rows_late = 0;
    result->lateness = 0;
    keep_report(load, &result->level_reason, NULL, NULL);
    keep_report(load, &result->held_by, NULL, NULL);
    keep_report(load, &result->watermark, NULL, NULL);
    keep_report(load, &result->schema_changes, NULL, NULL);
}

static int32_t
record_landing(const incload__load *load, incload_error **err)
{
    const incload__load_landing *landing = load->spec->landing;

    if (landing == NULL)
        return INCLOAD_OK;
    return landing->land(landing->data, &load->ledger, load->to, atomic_load(&load->unit->rows_written), err);
}

int32_t
incload__commit_record(incload__load *load, incload_error **err)
{
    int32_t status = check_transaction(load, err);

    INCLOAD__FAILPOINT_ON(status, load->to, "commit.record.before", INCLOAD_E_CONNECT, err);
    if (status == INCLOAD_OK && load->lease->epoch != 0)
        status = incload__lease_fence(load->lease, &load->ledger, load->to, err);
    if (status == INCLOAD_OK)
        status = record_run(load, err);
    /* Only what lands without a watermark goes with it: the fence of that is the answer to its own statement. */
    if (status == INCLOAD_OK && !incload__is_remembered(load))
        status = incload__conn_settle(load->to, err);
    if (status == INCLOAD_OK)
        status = incload__by_cursor(load) ? record_watermark(load, err) : record_turn(load, err);
    if (status == INCLOAD_OK && load->spec->apply != NULL)
        status = incload__ledger_prune(&load->ledger, load->to, load->spec->name, load->before.version + 1, err);
    if (status == INCLOAD_OK)
        status = incload__evolve_record(load, err);
    if (status == INCLOAD_OK)
        status = record_landing(load, err);
    if (status == INCLOAD_OK)
        status = incload__ledger_end_run(&load->ledger, load->to, &load->recorded, err);
    if (status == INCLOAD_OK)
        status = prepare_report(load, err);
    if (status == INCLOAD_OK)
        status = check_transaction(load, err);
    if (status == INCLOAD_OK)
        status = incload__load_check(load, err);
    return status;
}

/* The group's own record: its row is what a COMMIT without an answer is asked for, and what people find by the run. */
static int32_t
record_group(const incload__group *group, incload_error **err)
{
    incload__load *first = group->loads[0];
    incload__run_record record = {
        .run_id = group->unit->run_id,
        .load = group->unit->step,
        .unit = group->unit->label,
        .started_us = first->started_us,
        .finished_us = incload__wall_us(first->env),
    };

    for (int32_t i = 0; i < group->count; i++) {
        record.rows_read += atomic_load(&group->loads[i]->unit->rows_read);
        record.rows_written += atomic_load(&group->loads[i]->unit->rows_written);
    }
    return incload__ledger_add_run(&first->ledger, first->to, &record, err);
}

int32_t
incload__commit_end(incload__group *group, incload_error **err)
{
    incload__conn *to = group->loads[0]->to;
    incload_error *failure = NULL;
    int32_t status = INCLOAD_OK;

    INCLOAD__FAILPOINT_ON(status, to, "commit.before", INCLOAD_E_CONFLICT, &failure);
    if (status == INCLOAD_OK)
        status = to->driver->commit(to, &failure);
    INCLOAD__FAILPOINT_ON(status, to, "commit.after", INCLOAD_E_COMMIT_UNKNOWN, &failure);
    if (status == INCLOAD_E_COMMIT_UNKNOWN)
        status = incload__resolve_commit(group, failure, err);
    else if (status != INCLOAD_OK)
        incload__error_pass(err, failure);
    /* The fence gave them up in the same transaction. */
    for (int32_t i = 0; i < group->count && status == INCLOAD_OK; i++) {
        group->loads[i]->lease->epoch = 0;
        incload__evolve_tell(group->loads[i]);
    }
    return status;
}

int32_t
incload__commit(incload__group *group, incload_error **err)
{
    int32_t status = incload__group_each_by_name(group, incload__commit_record, err);

    if (status == INCLOAD_OK && group->count > 1)
        status = record_group(group, err);
    return status == INCLOAD_OK ? incload__commit_end(group, err) : status;
}

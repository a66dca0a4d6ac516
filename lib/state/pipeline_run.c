/* SPDX-License-Identifier: Apache-2.0 */
#include "state/pipeline_run.h"

#include <string.h>

#include "dialect/units.h"
#include "driver/failpoint.h"
#include "state/args.h"

enum { MOST_LISTED = 1000, DEFAULT_ORPHANS = 3 };

#define COLUMNS                                                                                                        \
    "run_no, run_id, name, idem_key, spec_hash, spec, want_reason, kind, status, want, units, next_seq, max_active,"   \
    " max_failures, max_orphans, failed, attempt, created_us, finished_us"

void
incload__pipeline_run_free(incload__pipeline_run *run)
{
    if (run->mem == NULL)
        return;
    char *texts[] = { run->name, run->key, run->hash, run->spec, run->want_reason };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        incload__free(run->mem, texts[i]);
    memset(run, 0, sizeof *run);
}

/* ---- reading ---- */

static int32_t
copy_row(const incload__ledger *ledger, const incload__rows *rows, int64_t row, incload__pipeline_run *out,
         incload_error **err)
{
    char **texts[] = { &out->name, &out->key, &out->hash, &out->spec, &out->want_reason };
    int64_t *numbers[] = { &out->units,  &out->next_seq, &out->max_active, &out->max_failures, &out->max_orphans,
                           &out->failed, &out->attempt,  &out->created_us, &out->finished_us };
    const char *id = incload__rows_get(rows, row, 1);

    memset(out, 0, sizeof *out);
    out->mem = ledger->mem;
    out->run_no = incload__rows_number(rows, row, 0);
    if (id != NULL && strlen(id) < sizeof out->run_id)
        memcpy(out->run_id, id, strlen(id));
    for (int32_t i = 0; i < 5; i++) {
        const char *text = incload__rows_get(rows, row, 2 + i);
        *texts[i] = text != NULL ? incload__strdup(ledger->mem, text) : NULL;
        if (text != NULL && *texts[i] == NULL) {
            incload__pipeline_run_free(out);
            return incload__fail_memory(err);
        }
    }
    out->kind = (int32_t)incload__rows_number(rows, row, 7);
    out->status = (int32_t)incload__rows_number(rows, row, 8);
    out->want = (int32_t)incload__rows_number(rows, row, 9);
    for (int32_t i = 0; i < 9; i++)
        *numbers[i] = incload__rows_number(rows, row, 10 + i);
    return INCLOAD_OK;
}

static int32_t
fail_unknown(int64_t run_no, incload_error **err)
{
    return incload__fail(err, INCLOAD_E_NOT_FOUND,
                         "the ledger knows no run number %lld: list its runs, or look into the ledger of another "
                         "database",
                         (long long)run_no);
}

static int32_t
read_one(const incload__ledger *ledger, incload__conn *conn, const char *query, const incload__args *args,
         incload__pipeline_run *out, incload_error **err)
{
    incload__rows rows;
    int32_t status = incload__args_select(ledger, conn, query, args, &rows, err);

    memset(out, 0, sizeof *out);
    if (status == INCLOAD_OK && rows.count > 0)
        status = copy_row(ledger, &rows, 0, out, err);
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__pipeline_run_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                           incload__pipeline_run *out, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, run_no);
    int32_t status = read_one(ledger, conn, "SELECT " COLUMNS " FROM {pipeline_run} WHERE run_no = ?", &args, out, err);
    return status == INCLOAD_OK && out->mem == NULL ? fail_unknown(run_no, err) : status;
}

int32_t
incload__pipeline_run_by_id(const incload__ledger *ledger, incload__conn *conn, const char *run_id,
                           incload__pipeline_run *out, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_text(&args, run_id);
    int32_t status =
        read_one(ledger, conn, "SELECT " COLUMNS " FROM {pipeline_run} WHERE run_id = ?", &args, out, err);
    if (status != INCLOAD_OK || out->mem != NULL)
        return status;
    return incload__fail(err, INCLOAD_E_NOT_FOUND,
                         "the ledger knows no run '%.64s': list its runs, or look into the ledger of another database",
                         run_id);
}

int32_t
incload__pipeline_run_wanted(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t *run_status,
                             int32_t *want, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_number(&args, run_no);
    int32_t status = incload__args_select(ledger, conn, "SELECT status, want FROM {pipeline_run} WHERE run_no = ?",
                                          &args, &rows, err);
    bool known = status == INCLOAD_OK && rows.count == 1;
    *run_status = known ? (int32_t)incload__rows_number(&rows, 0, 0) : 0;
    *want = known ? (int32_t)incload__rows_number(&rows, 0, 1) : INCLOAD__WANT_RUN;
    incload__rows_free(&rows);
    return status == INCLOAD_OK && !known ? fail_unknown(run_no, err) : status;
}

int32_t
incload__pipeline_run_list(const incload__ledger *ledger, incload__conn *conn, const char *name, int64_t before,
                           int32_t limit, incload__pipeline_run *out, int32_t *count, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    *count = 0;
    incload__args_number(&args, before > 0 ? before : INT64_MAX);
    incload__args_number(&args, name == NULL);
    incload__args_text(&args, name != NULL ? name : "");
    incload__args_number(&args, limit < 0 ? 0 : limit > MOST_LISTED ? MOST_LISTED : limit);
    int32_t status = incload__args_select(ledger, conn,
                                          "SELECT " COLUMNS " FROM {pipeline_run} WHERE run_no < ?"
                                          " AND (1 = ? OR name = ?) ORDER BY run_no DESC LIMIT ?",
                                          &args, &rows, err);
    while (status == INCLOAD_OK && *count < rows.count && *count < limit) {
        status = copy_row(ledger, &rows, *count, &out[*count], err);
        *count += status == INCLOAD_OK;
    }
    incload__rows_free(&rows);
    while (status != INCLOAD_OK && *count > 0)
        incload__pipeline_run_free(&out[--*count]);
    return status;
}

/* ---- making ---- */

int32_t
incload__pipeline_run_find(const incload__ledger *ledger, incload__conn *conn, const char *key,
                           incload__pipeline_run *out, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_text(&args, key);
    return read_one(ledger, conn,
                    "SELECT " COLUMNS " FROM {pipeline_run} WHERE run_no ="
                    " (SELECT k.run_no FROM {run_key} k WHERE k.idem_key = ?)",
                    &args, out, err);
}

static int32_t
check_hash(const incload__run_spec *spec, const char *key, incload__pipeline_run *found, incload_error **err)
{
    if (strcmp(found->hash, spec->hash) == 0)
        return INCLOAD_OK;
    int32_t status = incload__fail(err, INCLOAD_E_CONFLICT,
                                   "key '%s' belongs to run %s of '%s', which was told other work: use another key, or "
                                   "resume that run with what it was told",
                                   key, found->run_id, found->name);
    incload__error_set_retryable(err, false);
    incload__pipeline_run_free(found);
    return status;
}

static int32_t
insert_key(const incload__ledger *ledger, incload__conn *conn, const char *key, int64_t run_no, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_text(&args, key);
    incload__args_number(&args, run_no);
    return incload__state_insert(ledger, conn, "INSERT INTO {run_key} (idem_key, run_no) VALUES (?, ?)", args.params,
                                 args.count, err);
}

static int32_t
insert_run(const incload__ledger *ledger, incload__conn *conn, const incload__run_spec *spec, int64_t run_no,
           incload_error **err)
{
    incload__args args = { .count = 0 };
    char run_id[INCLOAD__RUN_ID_SIZE];

    incload__run_id(conn->env, run_id);
    incload__args_number(&args, run_no);
    incload__args_text(&args, spec->run_id != NULL ? spec->run_id : run_id);
    incload__args_text(&args, spec->name);
    incload__args_number(&args, spec->kind);
    incload__args_text(&args, spec->key);
    incload__args_text(&args, spec->hash);
    incload__args_text(&args, spec->spec);
    incload__args_number(&args, INCLOAD__PIPELINE_RUNNING);
    incload__args_number(&args, spec->units);
    incload__args_number(&args, spec->max_active);
    incload__args_number(&args, spec->max_failures);
    incload__args_number(&args, spec->max_orphans > 0 ? spec->max_orphans : DEFAULT_ORPHANS);
    return incload__state_insert(ledger, conn,
                                 "INSERT INTO {pipeline_run} (run_no, run_id, name, kind, idem_key, spec_hash, spec,"
                                 " status, want, units, next_seq, max_active, max_failures, max_orphans, failed,"
                                 " attempt, created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?, ?, 0, 1, {now})",
                                 args.params, args.count, err);
}

/* Another process brought the same key in the same moment: whatever it made is the run. Where that cannot be read the
 * reason may pass, while the key would be refused for ever. INCLOAD_E_CONSTRAINT: it is something else. */
static int32_t
find_of_another(const incload__ledger *ledger, incload__conn *conn, const char *key, incload__pipeline_run *out,
                incload_error **failure)
{
    incload_error *unfound = NULL;
    int32_t status;

    if (conn->txn == INCLOAD__TXN_DEAD) {
        status = incload__fail(&unfound, INCLOAD_E_CONNECT,
                               "another process brought key '%s' in the same moment, and the connection was lost "
                               "before its run could be read: run it again",
                               key);
        incload__error_set_retryable(&unfound, true);
    } else {
        status = incload__pipeline_run_find(ledger, conn, key, out, &unfound);
    }
    if (status == INCLOAD_OK && out->mem == NULL)
        return INCLOAD_E_CONSTRAINT;
    incload_error_unref(*failure);
    *failure = unfound;
    return status;
}

int32_t
incload__pipeline_run_create(const incload__ledger *ledger, incload__conn *conn, const incload__run_spec *spec,
                             incload__pipeline_run *out, bool *created, incload_error **err)
{
    /* By its id a run without a key is found again whose COMMIT got no answer. */
    const char *key = spec->key != NULL ? spec->key : spec->run_id;
    incload_error *failure = NULL;
    int64_t run_no = 0;

    *created = false;
    memset(out, 0, sizeof *out);
    if (spec->units < 0 || spec->max_active < 0)
        return incload__fail(err, INCLOAD_E_INVALID, "run of '%s': units and max_active must not be negative",
                             spec->name);
    int32_t status = key == NULL ? INCLOAD_OK : incload__pipeline_run_find(ledger, conn, key, out, err);
    if (status != INCLOAD_OK || out->mem != NULL)
        return status != INCLOAD_OK ? status : check_hash(spec, key, out, err);

    status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__next_epoch(ledger, conn, &run_no, &failure);
    if (status == INCLOAD_OK && key != NULL)
        status = insert_key(ledger, conn, key, run_no, &failure);
    if (status == INCLOAD_OK)
        status = insert_run(ledger, conn, spec, run_no, &failure);
    if (status == INCLOAD_OK && spec->within != NULL)
        status = spec->within(ledger, conn, run_no, spec->within_data, &failure);
    INCLOAD__FAILPOINT_ON(status, conn, "pipeline_run.written", INCLOAD_E_CONNECT, &failure);
    status = incload__state_end(conn, status, &failure);
    if (status == INCLOAD_OK) {
        *created = true;
        return incload__pipeline_run_read(ledger, conn, run_no, out, err);
    }
    if (status == INCLOAD_E_CONSTRAINT && key != NULL)
        status = find_of_another(ledger, conn, key, out, &failure);
    if (status == INCLOAD_OK)
        return check_hash(spec, key, out, err);
    incload__error_prefix(&failure, "recording a run of '%s'", spec->name);
    incload__error_pass(err, failure);
    return status;
}

/* ---- steering ---- */

int32_t
incload__pipeline_run_lock(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, incload__run_row *out,
                           incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);
    incload__rows rows = { .mem = ledger->mem };
    int64_t *numbers[] = { &out->units,        &out->next_seq,    &out->max_active,
                           &out->max_failures, &out->max_orphans, &out->failed };

    if (ledger->dialect->units == NULL)
        return incload__next_epoch(ledger, conn, &out->units, err);
    incload__args_number(&args, run_no);
    incload__str_addf(&query,
                      "SELECT units, next_seq, max_active, max_failures, max_orphans, failed, status, want"
                      " FROM {pipeline_run} WHERE run_no = ?%s",
                      ledger->dialect->units->lock);
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_select(ledger, conn, incload__str_text(&query), &args, &rows, err);
    if (status == INCLOAD_OK && rows.count != 1)
        status = fail_unknown(run_no, err);
    for (int32_t i = 0; i < 6 && status == INCLOAD_OK; i++)
        *numbers[i] = incload__rows_number(&rows, 0, i);
    if (status == INCLOAD_OK) {
        out->status = (int32_t)incload__rows_number(&rows, 0, 6);
        out->want = (int32_t)incload__rows_number(&rows, 0, 7);
    }
    incload__rows_free(&rows);
    incload__str_free(&query);
    return status;
}

bool
incload__run_row_stopped(const incload__run_row *row)
{
    return row->status != INCLOAD__PIPELINE_RUNNING || row->want >= INCLOAD__WANT_DRAIN
           || (row->max_failures >= 0 && row->failed > row->max_failures);
}

int32_t
incload__pipeline_run_want(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t want,
                           const char *reason, incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = -1;

    incload__args_number(&args, want);
    incload__args_text(&args, reason);
    incload__args_number(&args, run_no);
    int32_t status = incload__args_execute(ledger, conn,
                                           "UPDATE {pipeline_run} SET want = ?, want_reason = ? WHERE run_no = ?"
                                           " AND status = 2",
                                           &args, &affected, err);
    if (status != INCLOAD_OK || affected == 1)
        return status;
    return incload__fail(err, INCLOAD_E_STATE,
                         "run number %lld is not running (any more): resume it first, or look for it in the list of "
                         "runs",
                         (long long)run_no);
}

/* ---- the end ---- */

static int32_t
write_end(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t verdict, bool *finished,
          incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = -1;

    incload__args_number(&args, verdict);
    incload__args_number(&args, run_no);
    int32_t status = incload__args_execute(ledger, conn,
                                           "UPDATE {pipeline_run} SET status = ?, finished_us = {now} WHERE run_no = ?"
                                           " AND status = 2",
                                           &args, &affected, err);
    *finished = status == INCLOAD_OK && affected == 1;
    return status;
}

/* Under the run's lock: a unit may be pending or running, or neither. */
static int32_t
look_for_rest(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, bool *pending, bool *running,
              incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_number(&args, run_no);
    incload__args_number(&args, run_no);
    int32_t status = incload__args_select(
        ledger, conn,
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM {unit} p WHERE p.run_no = ? AND p.status = 1) THEN 1 ELSE 0 END,"
        " CASE WHEN EXISTS (SELECT 1 FROM {unit} r WHERE r.run_no = ? AND r.status = 2) THEN 1 ELSE 0 END",
        &args, &rows, err);
    if (status != INCLOAD_OK)
        return status;
    *pending = incload__rows_number(&rows, 0, 0) != 0;
    *running = incload__rows_number(&rows, 0, 1) != 0;
    incload__rows_free(&rows);
    return INCLOAD_OK;
}

static int32_t
verdict_of(const incload__run_row *row, bool left, int64_t optional)
{
    if (row->failed > optional)
        return INCLOAD__PIPELINE_FAILED;
    if (left)
        return row->want >= INCLOAD__WANT_DRAIN ? INCLOAD__PIPELINE_CANCELLED : INCLOAD__PIPELINE_FAILED;
    return row->failed > 0 ? INCLOAD__PIPELINE_PARTIAL : INCLOAD__PIPELINE_SUCCESS;
}

int32_t
incload__pipeline_run_finish(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t optional,
                             int32_t *run_status, bool *finished, incload_error **err)
{
    bool pending = true, running = true;
    incload__run_row row = { 0 };

    *finished = false;
    int32_t status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
    if (status == INCLOAD_OK && row.status == INCLOAD__PIPELINE_RUNNING)
        status = look_for_rest(ledger, conn, run_no, &pending, &running, err);
    bool left = pending || row.next_seq < row.units;
    bool ends = status == INCLOAD_OK && row.status == INCLOAD__PIPELINE_RUNNING && !running
                && (!left || incload__run_row_stopped(&row));
    *run_status = ends ? verdict_of(&row, left, optional) : row.status;
    if (ends)
        status = write_end(ledger, conn, run_no, *run_status, finished, err);
    INCLOAD__FAILPOINT_ON(status, conn, "pipeline_run.ended", INCLOAD_E_CONNECT, err);
    /* Nothing was written: a COMMIT of the lock alone would wait for the disk. */
    if (status == INCLOAD_OK && !ends)
        return conn->driver->rollback(conn, err);
    status = incload__state_end(conn, status, err);
    if (status != INCLOAD_OK)
        *finished = false;
    return status;
}

int32_t
incload__pipeline_run_again(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t *again,
                            incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, run_no);
    int32_t status = incload__args_execute(
        ledger, conn,
        "UPDATE {unit} SET status = 1, reason = 0, again = 0, attempt = 0, orphans = 0, worker_no = 0,"
        " not_before_us = 0, finished_us = NULL WHERE run_no = ? AND status IN (4, 5) AND again = 1",
        &args, again, err);
    if (status != INCLOAD_OK)
        return status;
    return incload__args_execute(ledger, conn,
                                 "UPDATE {pipeline_run} SET status = 2, want = 0, want_reason = NULL, failed = 0,"
                                 " finished_us = NULL, attempt = attempt + 1 WHERE run_no = ?",
                                 &args, NULL, err);
}

int32_t
incload__pipeline_run_resume(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t *again,
                             incload_error **err)
{
    incload__run_row row = { 0 };

    *again = 0;
    int32_t status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
    if (status == INCLOAD_OK)
        status = incload__pipeline_run_again(ledger, conn, run_no, again, err);
    return incload__state_end(conn, status, err);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "state/step.h"

#include <string.h>

#include "base/utf8.h"
#include "state/numbers.h"

void
incload__step_row_free(incload__step_row *row)
{
    if (row->mem == NULL)
        return;
    char *texts[] = { row->name, row->code_version, row->input_hash, row->upstream, row->result };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        incload__free(row->mem, texts[i]);
    memset(row, 0, sizeof *row);
}

/* ---- making ---- */

static int32_t
insert_unit(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_plan *step,
            incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, run_no);
    incload__args_number(&args, step->seq);
    incload__args_number(&args, step->upstream_count > 0);
    incload__args_number(&args, step->priority);
    return incload__state_insert(ledger, conn,
                                 "INSERT INTO {unit} (run_no, seq, status, reason, again, waits, attempt, orphans,"
                                 " epoch, worker_no, priority, not_before_us)"
                                 " VALUES (?, ?, 1, 0, 0, ?, 0, 0, 0, 0, ?, 0)",
                                 args.params, args.count, err);
}

static int32_t
insert_step(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_plan *step,
            incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__str upstream = INCLOAD__STR(ledger->mem);

    incload__numbers_add_list(&upstream, step->upstream, step->upstream_count);
    incload__args_number(&args, run_no);
    incload__args_number(&args, step->seq);
    incload__args_text(&args, step->name);
    incload__args_text(&args, step->code_version);
    incload__args_text(&args, step->input_hash);
    incload__args_text(&args, incload__str_text(&upstream));
    incload__args_number(&args, step->upstream_count);
    int32_t status = upstream.failed
                         ? incload__fail_memory(err)
                         : incload__state_insert(ledger, conn,
                                                 "INSERT INTO {step} (run_no, seq, name, code_version, input_hash,"
                                                 " upstream, pending, up_ok, up_skip, up_bad)"
                                                 " VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
                                                 args.params, args.count, err);
    incload__str_free(&upstream);
    return status;
}

int32_t
incload__steps_add(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_plan *steps,
                   int32_t count, incload_error **err)
{
    incload__run_row row = { 0 };
    incload__args args = { .count = 0 };
    int32_t status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
    int64_t end = row.units;

    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        status = insert_unit(ledger, conn, run_no, &steps[i], err);
        if (status == INCLOAD_OK)
            status = insert_step(ledger, conn, run_no, &steps[i], err);
        end = steps[i].seq >= end ? steps[i].seq + 1 : end;
    }
    /* All of them have rows: the cursor has nothing to hand out. */
    incload__args_number(&args, end);
    incload__args_number(&args, end);
    incload__args_number(&args, run_no);
    if (status == INCLOAD_OK)
        status = incload__args_execute(ledger, conn,
                                       "UPDATE {pipeline_run} SET units = ?, next_seq = ? WHERE run_no = ?", &args,
                                       NULL, err);
    return status;
}

/* ---- reading ---- */

static int32_t
copy_step(const incload__ledger *ledger, const incload__rows *rows, int64_t at, incload__step_row *out,
          incload_error **err)
{
    char **texts[] = { &out->name, &out->code_version, &out->input_hash, &out->upstream, &out->result };

    *out = (incload__step_row){
        .mem = ledger->mem,
        .seq = incload__rows_number(rows, at, 0),
        .status = (int32_t)incload__rows_number(rows, at, 1),
        .reason = (int32_t)incload__rows_number(rows, at, 2),
        .opened = incload__rows_number(rows, at, 3) == 0,
        .again = incload__rows_number(rows, at, 4) != 0,
        .pending = incload__rows_number(rows, at, 5),
        .up_ok = incload__rows_number(rows, at, 6),
        .up_skip = incload__rows_number(rows, at, 7),
        .up_bad = incload__rows_number(rows, at, 8),
    };
    for (int32_t i = 0; i < 5; i++) {
        const char *text = incload__rows_get(rows, at, 9 + i);
        *texts[i] = text != NULL ? incload__strdup(ledger->mem, text) : NULL;
        if (text != NULL && *texts[i] == NULL)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

int32_t
incload__steps_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int32_t limit,
                    incload__step_row *out, int32_t *count, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    *count = 0;
    incload__args_number(&args, run_no);
    incload__args_number(&args, limit);
    int32_t status = incload__args_select(
        ledger, conn,
        "SELECT u.seq, u.status, u.reason, u.waits, u.again, s.pending, s.up_ok, s.up_skip, s.up_bad, s.name,"
        " s.code_version, s.input_hash, s.upstream, s.result FROM {step} s"
        " JOIN {unit} u ON u.run_no = s.run_no AND u.seq = s.seq WHERE s.run_no = ? ORDER BY s.seq LIMIT ?",
        &args, &rows, err);
    for (int64_t i = 0; i < rows.count && *count < limit && status == INCLOAD_OK; i++)
        status = copy_step(ledger, &rows, i, &out[(*count)++], err);
    incload__rows_free(&rows);
    while (status != INCLOAD_OK && *count > 0)
        incload__step_row_free(&out[--*count]);
    return status;
}

int32_t
incload__steps_names(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t from, int32_t limit,
                     incload__rows *out, incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_number(&args, run_no);
    incload__args_number(&args, from);
    incload__args_number(&args, limit);
    return incload__args_select(ledger, conn,
                                "SELECT seq, name FROM {step} WHERE run_no = ? AND seq >= ? ORDER BY seq LIMIT ?",
                                &args, out, err);
}

/* ---- while the run goes on ---- */

int32_t
incload__step_result(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t seq,
                     const char *result, incload_error **err)
{
    incload__args args = { .count = 0 };

    if (result != NULL && strlen(result) > INCLOAD__STEP_RESULT_MOST)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "the result of a step has at most %d bytes: pass where the data are, not the data",
                             (int)INCLOAD__STEP_RESULT_MOST);
    incload__args_text(&args, result);
    incload__args_number(&args, run_no);
    incload__args_number(&args, seq);
    return incload__args_execute(ledger, conn, "UPDATE {step} SET result = ? WHERE run_no = ? AND seq = ?", &args, NULL,
                                 err);
}

int32_t
incload__step_tell(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const int64_t *behind,
                   int32_t count, incload__up how, incload_error **err)
{
    static const char *const updates[] = {
        [INCLOAD__UP_OK] = "UPDATE {step} SET pending = pending - 1, up_ok = up_ok + 1 WHERE run_no = ? AND seq IN (",
        [INCLOAD__UP_SKIP] =
            "UPDATE {step} SET pending = pending - 1, up_skip = up_skip + 1 WHERE run_no = ? AND seq IN (",
        [INCLOAD__UP_BAD] =
            "UPDATE {step} SET pending = pending - 1, up_bad = up_bad + 1 WHERE run_no = ? AND seq IN (",
    };
    incload__args args = { .count = 0 };
    incload__str query = INCLOAD__STR(ledger->mem);

    if (count == 0)
        return INCLOAD_OK;
    incload__args_number(&args, run_no);
    incload__str_add(&query, updates[how]);
    incload__numbers_add_list(&query, behind, count);
    incload__str_add_char(&query, ')');
    int32_t status = query.failed ? incload__fail_memory(err)
                                  : incload__args_execute(ledger, conn, incload__str_text(&query), &args, NULL, err);
    incload__str_free(&query);
    return status;
}

int32_t
incload__step_open(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t seq, bool *opened,
                   incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = 0;

    incload__args_number(&args, run_no);
    incload__args_number(&args, seq);
    int32_t status = incload__args_execute(ledger, conn,
                                           "UPDATE {unit} SET waits = 0 WHERE run_no = ? AND seq = ? AND status = 1"
                                           " AND waits = 1",
                                           &args, &affected, err);
    *opened = status == INCLOAD_OK && affected == 1;
    return status;
}

/* ---- resuming ---- */

/* The next place in a list with commas, from *at on. */
static bool
next_place(const char **at, int64_t *place)
{
    size_t length = strcspn(*at, ",");
    bool found = length > 0 && incload__parse_int64(*at, length, place);

    *at += length + ((*at)[length] == ',');
    return found;
}

/* Some drivers read an empty text as NULL. */
static const char *
places_of(const incload__step_row *row)
{
    return row->upstream != NULL ? row->upstream : "";
}

static bool
same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static int32_t
find_row(const incload__step_row *rows, int32_t count, int64_t seq)
{
    for (int32_t i = 0; i < count; i++) {
        if (rows[i].seq == seq)
            return i;
    }
    return -1;
}

static bool
depends_on_again(const incload__step_row *rows, int32_t count, int32_t at, const bool *again)
{
    const char *list = places_of(&rows[at]);
    int64_t place = 0;

    while (next_place(&list, &place)) {
        int32_t up = find_row(rows, count, place);
        if (up >= 0 && again[up])
            return true;
    }
    return false;
}

int32_t
incload__steps_again(const incload__step_row *rows, int32_t count, const incload__step_plan *now, int64_t from,
                     bool *again, incload_error **err)
{
    bool changed = true;

    if (from >= 0 && find_row(rows, count, from) < 0)
        return incload__fail(err, INCLOAD_E_NOT_FOUND, "the run has no step number %lld to go on from",
                             (long long)from);
    for (int32_t i = 0; i < count; i++) {
        bool kept = rows[i].status == INCLOAD_STATUS_SUCCESS
                    || (rows[i].status == INCLOAD_STATUS_SKIPPED && !rows[i].again);
        bool is_same = now == NULL
                       || (same(rows[i].code_version, now[i].code_version)
                           && same(rows[i].input_hash, now[i].input_hash));
        again[i] = !kept || !is_same || rows[i].seq == from;
    }
    /* Steps may be told in any order: until nothing changes any more, at most one round for each. */
    for (int32_t round = 0; round < count && changed; round++) {
        changed = false;
        for (int32_t i = 0; i < count; i++) {
            if (!again[i] && depends_on_again(rows, count, i, again))
                changed = again[i] = true;
        }
    }
    return INCLOAD_OK;
}

typedef struct ups {
    int64_t pending, ok, skip;
} ups;

/* An upstream that is kept succeeded, or was left out for a reason that stays. */
static ups
count_ups(const incload__step_row *rows, int32_t count, int32_t at, const bool *again)
{
    const char *list = places_of(&rows[at]);
    int64_t place = 0;
    ups out = { 0, 0, 0 };

    while (next_place(&list, &place)) {
        int32_t up = find_row(rows, count, place);
        if (up < 0 || again[up])
            out.pending++;
        else if (rows[up].status == INCLOAD_STATUS_SUCCESS)
            out.ok++;
        else
            out.skip++;
    }
    return out;
}

static int32_t
put_back(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_row *row, ups upstream,
         incload_error **err)
{
    incload__args unit = { .count = 0 }, step = { .count = 0 };

    incload__args_number(&unit, places_of(row)[0] != '\0');
    incload__args_number(&unit, run_no);
    incload__args_number(&unit, row->seq);
    incload__args_number(&step, upstream.pending);
    incload__args_number(&step, upstream.ok);
    incload__args_number(&step, upstream.skip);
    incload__args_number(&step, run_no);
    incload__args_number(&step, row->seq);
    /* One that still runs, in a worker that nobody has heard of yet, is left to be reclaimed. */
    int32_t status = incload__args_execute(ledger, conn,
                                           "UPDATE {unit} SET status = 1, reason = 0, again = 0, waits = ?,"
                                           " attempt = 0, orphans = 0, worker_no = 0, not_before_us = 0,"
                                           " finished_us = NULL WHERE run_no = ? AND seq = ? AND status <> 2",
                                           &unit, NULL, err);
    if (status == INCLOAD_OK)
        status = incload__args_execute(ledger, conn,
                                       "UPDATE {step} SET pending = ?, up_ok = ?, up_skip = ?, up_bad = 0,"
                                       " result = NULL WHERE run_no = ? AND seq = ?",
                                       &step, NULL, err);
    return status;
}

static int32_t
put_back_all(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_row *rows,
             int32_t count, const bool *again, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < count && status == INCLOAD_OK; i++) {
        if (again[i])
            status = put_back(ledger, conn, run_no, &rows[i], count_ups(rows, count, i, again), err);
    }
    return status;
}

int32_t
incload__steps_put_back(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                        const incload__step_row *rows, int32_t count, const bool *again, incload_error **err)
{
    incload__run_row row = { 0 };
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
    if (status == INCLOAD_OK)
        status = put_back_all(ledger, conn, run_no, rows, count, again, err);
    return incload__state_end(conn, status, err);
}

/* ---- a run as a whole ---- */

int32_t
incload__steps_ensure(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                      const incload__step_plan *steps, int32_t count, incload_error **err)
{
    incload__run_row row = { 0 };
    int32_t status = conn->driver->begin(conn, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
    /* Adding them moved the cursor past the last one. */
    if (status == INCLOAD_OK && row.next_seq == 0)
        status = incload__steps_add(ledger, conn, run_no, steps, count, err);
    return incload__state_end(conn, status, err);
}

/* Somebody is at work on the run, as far as leases tell. */
static int32_t
count_alive(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t *alive, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    incload__args_number(&args, run_no);
    int32_t status = incload__args_select(ledger, conn,
                                          "SELECT COUNT(*) FROM {worker} WHERE run_no = ? AND state = 0"
                                          " AND expires_us > {now}",
                                          &args, &rows, err);
    *alive = incload__rows_number(&rows, 0, 0);
    incload__rows_free(&rows);
    return status;
}

static int32_t
write_version(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_plan *step,
              incload_error **err)
{
    incload__args args = { .count = 0 };

    incload__args_text(&args, step->code_version);
    incload__args_text(&args, step->input_hash);
    incload__args_number(&args, run_no);
    incload__args_number(&args, step->seq);
    return incload__args_execute(ledger, conn,
                                 "UPDATE {step} SET code_version = ?, input_hash = ? WHERE run_no = ? AND seq = ?",
                                 &args, NULL, err);
}

/* Under the run's lock. */
static int32_t
resume_steps(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, const incload__step_plan *now,
             int32_t count, incload__step_row *rows, bool *again, incload_error **err)
{
    int64_t put_back = 0;
    int32_t found = 0, status = incload__steps_read(ledger, conn, run_no, count, rows, &found, err);

    if (status == INCLOAD_OK)
        status = incload__steps_again(rows, found, now, -1, again, err);
    if (status == INCLOAD_OK)
        status = incload__pipeline_run_again(ledger, conn, run_no, &put_back, err);
    if (status == INCLOAD_OK)
        status = put_back_all(ledger, conn, run_no, rows, found, again, err);
    for (int32_t i = 0; i < found; i++) {
        if (status == INCLOAD_OK && again[i])
            status = write_version(ledger, conn, run_no, &now[i], err);
        incload__step_row_free(&rows[i]);
    }
    return status;
}

int32_t
incload__steps_resume(const incload__ledger *ledger, incload__conn *conn, int64_t run_no,
                      const incload__step_plan *now, int32_t count, bool *resumed, incload_error **err)
{
    incload__step_row *rows = incload__alloc_array(ledger->mem, (size_t)count, sizeof *rows);
    bool *again = incload__alloc_array(ledger->mem, (size_t)count, sizeof *again);
    incload__run_row row = { 0 };
    int64_t alive = 0;
    int32_t status = rows != NULL && again != NULL ? conn->driver->begin(conn, err) : incload__fail_memory(err);

    *resumed = false;
    if (status == INCLOAD_OK) {
        status = incload__pipeline_run_lock(ledger, conn, run_no, &row, err);
        if (status == INCLOAD_OK && row.status == INCLOAD__PIPELINE_RUNNING)
            status = count_alive(ledger, conn, run_no, &alive, err);
        *resumed = status == INCLOAD_OK && alive == 0 && row.next_seq > 0;
        if (*resumed)
            status = resume_steps(ledger, conn, run_no, now, count, rows, again, err);
        status = incload__state_end(conn, status, err);
    }
    incload__free(ledger->mem, rows);
    incload__free(ledger->mem, again);
    return status;
}

int32_t
incload__step_result_read(const incload__ledger *ledger, incload__conn *conn, int64_t run_no, int64_t seq,
                          char **result, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    *result = NULL;
    incload__args_number(&args, run_no);
    incload__args_number(&args, seq);
    int32_t status = incload__args_select(ledger, conn, "SELECT result FROM {step} WHERE run_no = ? AND seq = ?",
                                          &args, &rows, err);
    const char *text = status == INCLOAD_OK && rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
    *result = text != NULL ? incload__strdup(ledger->mem, text) : NULL;
    if (text != NULL && *result == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One load from begin to end: connect, plan, read and write, publish, and commit it all with the watermark. */
#include "load/load.h"

#include <string.h>

#include "load/internal.h"

static const char level_best_effort[] = "BEST_EFFORT";
static const char level_best_effort_reason[] =
    "the cursor alone decides what was loaded: a row that is committed later with an older cursor value is not seen";

static bool
by_cursor(const incload__load *load)
{
    return load->how->window == INCLOAD__WINDOW_SINCE;
}

static int32_t
target_has_rows(incload__load *load, bool *has, incload_error **err)
{
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    incload__str_add(&sql, "SELECT CASE WHEN EXISTS (SELECT 1 FROM ");
    int32_t status = incload__quote_table(load->to->dialect, &sql, &load->target_name, err);
    incload__str_add(&sql, ") THEN 1 ELSE 0 END");
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
        *has = text != NULL && strcmp(text, "1") == 0;
        incload__rows_free(&rows);
    }
    incload__str_free(&sql);
    return status;
}

/* The greatest cursor value in the target, as the watermark it must have had. */
static int32_t
derive_position(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->target.columns[load->cursor];
    incload__str sql = INCLOAD__STR(load->mem), quoted = INCLOAD__STR(load->mem), max = INCLOAD__STR(load->mem);
    incload__rows rows = { .mem = load->mem };

    /* Its text is the target's, which the source reads the same way only if it speaks the same dialect. */
    if (load->from->dialect != load->to->dialect)
        return incload__fail(
            err, INCLOAD_E_UNSUPPORTED,
            "missing_state=derive needs source and target of one kind (here %s and %s): set the watermark of "
            "load '%s' with incload_watermark_set() instead",
            load->from->dialect->name, load->to->dialect->name, load->spec->name);
    int32_t status = load->to->dialect->quote(&quoted, "column", cursor->name, err);
    if (status == INCLOAD_OK && !quoted.failed)
        incload__str_addf(&max, "MAX(%s)", incload__str_text(&quoted));
    if (status == INCLOAD_OK && (quoted.failed || max.failed))
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK) {
        incload__str_add(&sql, "SELECT ");
        load->to->dialect->exact_text(&sql, cursor, incload__str_text(&max));
        incload__str_add(&sql, " FROM ");
        status = incload__quote_table(load->to->dialect, &sql, &load->target_name, err);
    }
    if (status == INCLOAD_OK) {
        /* Infinity would be a watermark that nothing is ever past. */
        incload__str_add(&sql, " WHERE NOT (");
        load->to->dialect->no_position(&sql, cursor, incload__str_text(&quoted));
        incload__str_add(&sql, ")");
    }
    if (status == INCLOAD_OK && sql.failed)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        status = load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &rows, err);
    if (status == INCLOAD_OK) {
        const char *text = rows.count > 0 ? incload__rows_get(&rows, 0, 0) : NULL;
        load->before.value = text != NULL ? incload__strdup(load->mem, text) : NULL;
        if (text != NULL && load->before.value == NULL)
            status = incload__fail_memory(err);
        incload__rows_free(&rows);
    }
    incload__str_free(&quoted);
    incload__str_free(&max);
    incload__str_free(&sql);
    return status;
}

/* Whether another run of this load has committed since its position was read. */
static int32_t
check_not_overtaken(incload__load *load, incload_error **err)
{
    incload__position now;
    int32_t status = incload__ledger_read(&load->ledger, load->to, load->spec->name, &now, err);

    if (status != INCLOAD_OK)
        return status;
    if (now.version != load->before.version)
        status = incload__ledger_fail_busy(load->spec->name, err);
    incload__position_free(&now);
    return status;
}

/* Rows without a known position are never taken for "from the beginning" by themselves. */
static int32_t
check_state(incload__load *load, bool has_rows, incload_error **err)
{
    char table[200];

    incload__table_text(&load->target_name, table, sizeof table);
    if (!has_rows)
        return INCLOAD_OK;
    if (!by_cursor(load)) {
        if (load->how->write == INCLOAD__WRITE_APPEND && !load->how->append_to_rows)
            return incload__fail(
                err, INCLOAD_E_STATE,
                "target table %s has rows, and window=all write=append would load all rows again: take "
                "write=merge, or empty the table, or set append_to_rows=true if repeated rows are wanted",
                table);
        return INCLOAD_OK;
    }
    if (load->before.value != NULL)
        return INCLOAD_OK;
    /* They may be the rows of a run that was at work when the position was read. */
    int32_t status = check_not_overtaken(load, err);
    if (status != INCLOAD_OK)
        return status;
    switch (load->how->missing_state) {
    case INCLOAD__MISSING_DERIVE:
        return derive_position(load, err);
    case INCLOAD__MISSING_FULL:
        return INCLOAD_OK;
    default:
        return incload__fail(
            err, INCLOAD_E_STATE_MISSING,
            "target table %s has rows, but load '%s' has no watermark: name the position with "
            "incload_watermark_set(), or set missing_state=derive (take the greatest '%s' in the target), or "
            "missing_state=full (read everything again)",
            table, load->spec->name, load->how->cursor);
    }
}

/* Straight into the target only where that cannot repeat a row or overwrite one. */
static bool
needs_staging(const incload__load *load, bool has_rows)
{
    if (load->how->write == INCLOAD__WRITE_APPEND)
        return by_cursor(load) && has_rows;
    return has_rows || !load->key_is_unique || load->spec->function != NULL;
}

/* ---- the ledger ---- */

static void
add_json_text(incload__str *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    incload__str_add_char(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            incload__str_add_char(out, '\\');
            incload__str_add_char(out, *text);
        } else if (c < 0x20) {
            incload__str_add(out, "\\u00");
            incload__str_add_char(out, digits[c >> 4]);
            incload__str_add_char(out, digits[c & 15]);
        } else {
            incload__str_add_char(out, *text);
        }
    }
    incload__str_add_char(out, '"');
}

static int32_t
record_watermark(incload__load *load, incload_error **err)
{
    const incload__column *cursor = &load->shape.columns[load->cursor];
    incload__str document = INCLOAD__STR(load->mem);
    const char *value = load->high != NULL ? load->high : load->before.value;
    incload__position to = { .value = (char *)(uintptr_t)value,
                             .type = cursor->native,
                             .level = (char *)(uintptr_t)level_best_effort };

    incload__str_add(&document, "{\"version\":1,\"kind\":\"cursor\",\"column\":");
    add_json_text(&document, cursor->name);
    incload__str_add(&document, ",\"type\":");
    add_json_text(&document, cursor->native != NULL ? cursor->native : "");
    incload__str_add(&document, ",\"value\":");
    if (value != NULL)
        add_json_text(&document, value);
    else
        incload__str_add(&document, "null");
    incload__str_add(&document, "}");
    to.document = document.data;
    int32_t status = document.failed ? incload__fail_memory(err)
                                     : incload__ledger_move(&load->ledger, load->to, load->spec->name,
                                                            load->before.version, &to, load->unit->run_id, err);
    incload__str_free(&document);
    return status;
}

/* A load of all rows has no position, but of two at once the second to commit must not land either. */
static int32_t
record_turn(incload__load *load, incload_error **err)
{
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
        .low = load->low,
        .high = load->high,
        .started_us = load->started_us,
        .finished_us = incload__wall_us(load->env),
        .rows_read = atomic_load(&unit->rows_read),
        .rows_written = atomic_load(&unit->rows_written),
    };

    return incload__ledger_add_run(&load->ledger, load->to, &record, err);
}

/* The wire broke inside COMMIT. The ledger row is in the same transaction, so it tells what became of it. */
static int32_t
resolve_commit(incload__load *load, incload_error *unknown, incload_error **err)
{
    incload__conn *conn = NULL;
    bool committed = false;
    int64_t limit = incload__deadline_in(load->env, 30000);

    /* The broken connection makes room for the one that asks: there may be a limit on them. */
    incload__database_give_back(load->spec->target, load->to);
    load->to = NULL;
    int32_t status =
        incload__database_take(load->spec->target, INCLOAD__ROLE_WRITE, limit, load->spec->owner, &conn, NULL);
    if (status == INCLOAD_OK)
        status = incload__ledger_resolve(&load->ledger, conn, load->unit->run_id, &committed, NULL);
    if (conn != NULL)
        incload__database_give_back(load->spec->target, conn);
    if (status != INCLOAD_OK) {
        incload__error_prefix(
            &unknown,
            "the connection broke inside COMMIT and the ledger could not be asked what became of run %s "
            "(run the load again: it goes on from what was committed)",
            load->unit->run_id);
        return incload__error_pass(err, unknown);
    }
    incload_error_unref(unknown);
    if (committed)
        return INCLOAD_OK;
    status =
        incload__fail(err, INCLOAD_E_CONNECT,
                      "the connection to the target broke inside COMMIT; the ledger shows that nothing was committed: "
                      "run the load again");
    incload__error_set_server(err, "08007", 0, true);
    return status;
}

/* Before the commit: once that took effect nothing may fail any more. */
static int32_t
prepare_report(incload__load *load, incload_error **err)
{
    const char *value = load->high != NULL ? load->high : load->before.value;

    if (!by_cursor(load))
        return INCLOAD_OK;
    load->result->level = level_best_effort;
    load->result->level_reason = level_best_effort_reason;
    load->result->watermark = value != NULL ? incload__strdup(load->mem, value) : NULL;
    return value != NULL && load->result->watermark == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

/* A load that failed has moved no watermark. */
static void
withdraw_report(incload__load *load)
{
    load->result->level = NULL;
    load->result->level_reason = NULL;
    incload__free(load->mem, load->result->watermark);
    load->result->watermark = NULL;
}

static int32_t
commit(incload__load *load, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = record_run(load, err);

    if (status == INCLOAD_OK)
        status = by_cursor(load) ? record_watermark(load, err) : record_turn(load, err);
    if (status == INCLOAD_OK)
        status = prepare_report(load, err);
    if (status == INCLOAD_OK)
        status = incload__load_check(load, err);
    if (status != INCLOAD_OK)
        return status;
    status = load->to->driver->commit(load->to, &failure);
    if (status == INCLOAD_E_COMMIT_UNKNOWN)
        return resolve_commit(load, failure, err);
    if (status != INCLOAD_OK)
        incload__error_pass(err, failure);
    return status;
}

/* ---- the unit ---- */

static int32_t
use_target(incload__load *load, incload_error **err)
{
    incload__str name = INCLOAD__STR(load->mem);
    int32_t status = incload__quote_table(load->to->dialect, &name, &load->target_name, err);

    load->destination = incload__str_take(&name);
    if (status == INCLOAD_OK && load->destination == NULL)
        status = incload__fail_memory(err);
    return status;
}

/* A key that another run of this load has put in meanwhile says no more than that the other was first. */
static int32_t
explain_constraint(incload__load *load, incload_error **err)
{
    incload_error *told = NULL;

    if (check_not_overtaken(load, &told) != INCLOAD_E_BUSY || err == NULL) {
        incload_error_unref(told);
        return INCLOAD_E_CONSTRAINT;
    }
    incload__error_set_cause(&told, *err);
    *err = told;
    return INCLOAD_E_BUSY;
}

/* Everything inside the two transactions. */
static int32_t
carry_out(incload__load *load, incload_error **err)
{
    const incload__driver *driver = load->to->driver;
    bool has_rows = false;
    int32_t status = driver->begin(load->to, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    status = target_has_rows(load, &has_rows, err);
    if (status == INCLOAD_OK)
        status = check_state(load, has_rows, err);
    if (status == INCLOAD_OK)
        status = load->from->driver->begin(load->from, err);
    if (status == INCLOAD_OK)
        status = incload__window_find(load, load->from, err);
    if (status == INCLOAD_OK) {
        load->staged = needs_staging(load, has_rows);
        status = load->staged ? incload__staging_make(load, err) : use_target(load, err);
    }
    if (status == INCLOAD_OK)
        status = incload__transfer(load, err);
    /* The reading snapshot ends before the commit: on one SQLite file it would stand in its way. */
    load->from->driver->rollback(load->from, NULL);
    if (status == INCLOAD_OK && load->staged)
        status = incload__publish(load, err);
    if (status == INCLOAD_OK)
        status = commit(load, err);
    if (status != INCLOAD_OK && load->to != NULL)
        driver->rollback(load->to, NULL);
    return status == INCLOAD_E_CONSTRAINT ? explain_constraint(load, err) : status;
}

static int32_t
connect_both(incload__load *load, incload_error **err)
{
    const incload__load_spec *spec = load->spec;
    int32_t status =
        incload__database_take(spec->source, INCLOAD__ROLE_READ, spec->deadline_us, spec->owner, &load->from, err);

    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "source");
    status = incload__database_take(spec->target, INCLOAD__ROLE_WRITE, spec->deadline_us, spec->owner, &load->to, err);
    if (status != INCLOAD_OK)
        return incload__error_prefix(err, "target");
    status =
        incload__ledger_init(&load->ledger, load->mem, load->to->dialect, incload__database_ledger(spec->target), err);
    if (status == INCLOAD_OK)
        status = incload__ledger_ensure(&load->ledger, load->to, err);
    if (status == INCLOAD_OK)
        status = incload__ledger_read(&load->ledger, load->to, spec->name, &load->before, err);
    return status;
}

static void
load_free(incload__load *load)
{
    if (load->from != NULL)
        incload__database_give_back(load->spec->source, load->from);
    if (load->to != NULL)
        incload__database_give_back(load->spec->target, load->to);
    incload__ledger_free(&load->ledger);
    incload__position_free(&load->before);
    incload__table_free(load->mem, &load->source_name);
    incload__table_free(load->mem, &load->target_name);
    incload__schema_free(&load->shape);
    incload__schema_free(&load->travel);
    incload__schema_free(&load->target);
    incload__schema_free(&load->write);
    incload__free(load->mem, load->destination);
    incload__free(load->mem, load->high);
    incload__free(load->mem, load);
}

int32_t
incload__load_run(const incload__load_spec *spec, incload_unit *unit, incload__load_result *result, incload_error **err)
{
    const incload__env *env = incload__database_env(spec->target);
    incload__load *load = incload__alloc(&env->mem, sizeof *load);

    if (load == NULL)
        return incload__fail_memory(err);
    load->spec = spec;
    load->how = spec->how;
    load->unit = unit;
    load->result = result;
    load->env = env;
    load->mem = &env->mem;
    load->cursor = -1;
    load->latest_by = -1;
    load->started_us = incload__wall_us(env);
    incload__schema_init(&load->shape, load->mem);
    incload__schema_init(&load->travel, load->mem);
    incload__schema_init(&load->target, load->mem);
    incload__schema_init(&load->write, load->mem);

    int32_t status = connect_both(load, err);
    if (status == INCLOAD_OK)
        status = incload__plan(load, err);
    if (status == INCLOAD_OK)
        status = carry_out(load, err);
    if (status != INCLOAD_OK)
        withdraw_report(load);
    load_free(load);
    return status;
}

void
incload__load_result_free(const incload__mem *mem, incload__load_result *result)
{
    incload__free(mem, result->road_reason);
    incload__free(mem, result->watermark);
    result->road_reason = NULL;
    result->watermark = NULL;
}

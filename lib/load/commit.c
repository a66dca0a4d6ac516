/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a unit: its record and its watermark, the commit of both with the rows, and what to do when the wire breaks
 * inside it. */
#include <string.h>

#include "load/internal.h"

static const char level_best_effort[] = "BEST_EFFORT";
static const char level_best_effort_reason[] =
    "the cursor alone decides what was loaded: a row that is committed later with an older cursor value is not seen";

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

    if (!incload__by_cursor(load))
        return INCLOAD_OK;
    load->result->level = level_best_effort;
    load->result->level_reason = level_best_effort_reason;
    load->result->watermark = value != NULL ? incload__strdup(load->mem, value) : NULL;
    return value != NULL && load->result->watermark == NULL ? incload__fail_memory(err) : INCLOAD_OK;
}

void
incload__withdraw_report(incload__load *load)
{
    load->result->level = NULL;
    load->result->level_reason = NULL;
    incload__free(load->mem, load->result->watermark);
    load->result->watermark = NULL;
}

int32_t
incload__commit(incload__load *load, incload_error **err)
{
    incload_error *failure = NULL;
    int32_t status = record_run(load, err);

    if (status == INCLOAD_OK)
        status = incload__by_cursor(load) ? record_watermark(load, err) : record_turn(load, err);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "load/reject.h"

#include <string.h>

#include "batch/handle.h"
#include "load/bisect.h"
#include "load/mode.h"
#include "state/reject.h"

static const char batch_point[] = "incload_batch";

static bool
is_on(const incload__load *load)
{
    return load->how->bad_rows == INCLOAD__BAD_ROWS_REJECT;
}

int32_t
incload__reject_begin(incload__load *load, incload_error **err)
{
    const char *sql = load->to->dialect->immediate_constraints;

    /* A constraint that waits for COMMIT would refuse all rows there, when it is too late to ask which. */
    if (!is_on(load) || sql == NULL)
        return INCLOAD_OK;
    return load->to->driver->execute(load->to, sql, NULL, 0, NULL, err);
}

bool
incload__reject_is_bad_row(const incload__load *load, const incload_error *why)
{
    const char *sqlstate = incload_error_sqlstate(why);

    if (load->to->txn == INCLOAD__TXN_DEAD || incload_error_is_retryable(why) != 0)
        return false;
    switch (incload_error_code(why)) {
    case INCLOAD_E_DATA:
    case INCLOAD_E_TYPE:
    case INCLOAD_E_CONSTRAINT:
        return true;
    default:
        /* A trigger's own refusal: RAISE in PostgreSQL, SIGNAL in MariaDB. */
        return strcmp(sqlstate, "P0001") == 0 || strcmp(sqlstate, "45000") == 0;
    }
}

const char *
incload__reject_state(const incload_error *why)
{
    static const struct {
        int32_t code;
        const char *state;
    } classes[] = {
        { INCLOAD_E_CONSTRAINT, "23000" },
        { INCLOAD_E_DATA, "22000" },
        { INCLOAD_E_TYPE, "22000" },
        { INCLOAD_E_CHECK, "44000" },
    };
    const char *told = incload_error_sqlstate(why);

    /* SQLite's driver says HY000, a general error, of everything; what is refused here was told by no server. */
    if (told[0] != '\0' && strcmp(told, "HY000") != 0)
        return told;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (classes[i].code == incload_error_code(why))
            return classes[i].state;
    }
    return told;
}

/* ---- the budget ---- */

static int32_t
fail_budget(incload_error **err, incload_error *told, const incload_error *why)
{
    if (why != NULL)
        incload__error_set_cause(&told, incload_error_ref((incload_error *)(uintptr_t)why));
    return incload__error_pass(err, told);
}

int32_t
incload__reject_check_budget(const incload__load *load, int64_t more, const incload_error *why, incload_error **err)
{
    int64_t rejected = atomic_load(&load->unit->rows_rejected);
    incload_error *told = NULL;

    if (rejected + more <= load->how->max_rejected)
        return INCLOAD_OK;
    incload__fail(&told, INCLOAD_E_CHECK,
                  "more than max_rejected=%lld rows are bad: nothing was kept; the last was refused by: %.300s",
                  (long long)load->how->max_rejected, why != NULL ? incload_error_message(why) : "");
    return fail_budget(err, told, why);
}

int32_t
incload__reject_end(incload__load *load, incload_error **err)
{
    int64_t rejected = atomic_load(&load->unit->rows_rejected), read = atomic_load(&load->unit->rows_read);
    int64_t percent = load->how->max_rejected_percent;
    incload__str text = INCLOAD__STR(load->mem);

    if (!is_on(load) || rejected == 0)
        return INCLOAD_OK;
    if (percent < 100 && rejected > read / 100 * percent + read % 100 * percent / 100)
        return incload__fail(err, INCLOAD_E_CHECK,
                             "%lld of %lld rows are bad, more than max_rejected_percent=%lld: nothing was kept",
                             (long long)rejected, (long long)read, (long long)percent);
    incload__str_addf(&text, "%lld rows were refused by the target, found in %lld retries: the ledger keeps them in %s",
                      (long long)rejected, (long long)load->retries_for_bad_rows, load->ledger.reject);
    if (load->spec->notice != NULL && !text.failed)
        load->spec->notice(load->spec->progress_data, incload__str_text(&text));
    incload__str_free(&text);
    return INCLOAD_OK;
}

int32_t
incload__reject_keep(incload__load *load, const char *form, const incload__view *view, int64_t row,
                     const incload_error *why, incload_error **err)
{
    incload__str text = INCLOAD__STR(load->mem);
    int32_t status = incload__reject_check_budget(load, 1, why, err);

    if (status == INCLOAD_OK)
        status = incload__reject_print(view, row, &text, err);
    if (status == INCLOAD_OK) {
        incload__reject reject = {
            .run_id = load->unit->run_id,
            .number = atomic_fetch_add(&load->unit->rows_rejected, 1) + 1,
            .load = load->spec->name,
            .unit = load->unit->label,
            .reason = incload_error_message(why),
            .sqlstate = incload__reject_state(why),
            .form = form,
            .row = incload__str_text(&text),
        };
        status = incload__reject_add(&load->ledger, load->to, &reject, err);
    }
    incload__str_free(&text);
    return status;
}

/* ---- batches ---- */

/* No later load would find the row again; and servers make up a number for a NULL in an AUTO_INCREMENT. */
static int32_t
check_keys(const incload__load *load, const incload__view *view, incload_error **err)
{
    if (!incload__mode_of(load)->needs_key)
        return INCLOAD_OK;
    for (int32_t i = 0; i < load->key_count; i++) {
        for (int64_t row = 0; row < view->rows; row++) {
            if (!incload__is_null(view, load->key[i], row))
                continue;
            incload__fail(err, INCLOAD_E_DATA, "NULL in key column '%.64s'", load->target.columns[load->key[i]].name);
            incload__error_set_server(err, "23502", 0, false);
            return INCLOAD_E_DATA;
        }
    }
    return INCLOAD_OK;
}

int32_t
incload__reject_write(incload__load *load, struct ArrowArray *converted, int64_t *written, incload_error **err)
{
    const incload__driver *driver = load->to->driver;
    incload__writer *writer = NULL;
    incload__view view;

    *written = 0;
    int32_t status = incload__view_init(&view, load->mem, &load->write, converted, err);
    if (status != INCLOAD_OK)
        return status;
    status = check_keys(load, &view, err);
    if (status != INCLOAD_OK)
        goto done;
    status = driver->write_open(load->to, load->destination, &load->write, &writer, err);
    if (status == INCLOAD_OK) {
        status = driver->write_batch(writer, &view, err);
        if (status == INCLOAD_OK)
            status = driver->write_close(writer, written, err);
        else
            driver->write_abandon(writer);
    }
    if (status != INCLOAD_OK)
        incload__name_suspects(load, err);
done:
    incload__view_free(&view);
    return status;
}

typedef struct batch_search {
    incload__load *load;
    incload_batch *batch;
    const char *form;
} batch_search;

static int32_t
write_under_savepoint(incload__load *load, struct ArrowArray *converted, bool *bad, incload_error **err)
{
    int64_t written = 0;
    int32_t status = incload__savepoint_set(load->to, batch_point, err);

    if (status != INCLOAD_OK)
        return status;
    status = incload__reject_write(load, converted, &written, err);
    if (status == INCLOAD_OK) {
        atomic_fetch_add(&load->unit->rows_written, written);
        return incload__savepoint_release(load->to, batch_point, err);
    }
    *bad = incload__reject_is_bad_row(load, *err);
    /* Its failure must not hide why the savepoint is gone to. */
    if (*bad && incload__savepoint_undo(load->to, batch_point, NULL) != INCLOAD_OK)
        *bad = false;
    return status;
}

/* err is the search's own, never NULL. */
static int32_t
attempt_batch(void *data, int64_t first, int64_t last, bool *bad, incload_error **err)
{
    const batch_search *search = data;
    incload__load *load = search->load;
    struct ArrowArray part, converted;

    memset(&part, 0, sizeof part);
    memset(&converted, 0, sizeof converted);
    int32_t status = incload__load_check(load, err);
    if (status == INCLOAD_OK)
        status = incload__batch_lend(search->batch, first, last, &part, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__convert(load->mem, &load->travel, &part, &load->write, &converted, err);
    if (status == INCLOAD_OK)
        status = write_under_savepoint(load, &converted, bad, err);
    else
        *bad = incload__reject_is_bad_row(load, *err);
    incload__array_release(&converted);
    return status;
}

static int32_t
keep_of_batch(void *data, int64_t row, const incload_error *why, incload_error **err)
{
    const batch_search *search = data;
    struct ArrowArray part;
    incload__view view;

    int32_t status = incload__batch_lend(search->batch, row, row + 1, &part, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__view_init(&view, search->load->mem, &search->load->travel, &part, err);
    if (status == INCLOAD_OK) {
        status = incload__reject_keep(search->load, search->form, &view, 0, why, err);
        incload__view_free(&view);
    }
    incload__array_release(&part);
    return status;
}

int32_t
incload__reject_batch(incload__load *load, struct ArrowArray *array, incload_error **err)
{
    bool bad = false, processed = load->spec->function != NULL;
    incload_error *why = NULL;
    incload_batch *batch = incload__batch_new(load->mem, &load->travel, array, err);

    if (batch == NULL)
        return INCLOAD_E_NO_MEMORY;
    batch_search search = { load, batch, processed ? INCLOAD__FORM_PROCESSED : INCLOAD__FORM_SOURCE };
    incload__bisect how = { .data = &search, .attempt = attempt_batch, .reject = keep_of_batch };
    int64_t rows = incload_batch_rows(batch);
    int32_t status = rows > 0 ? attempt_batch(&search, 0, rows, &bad, &why) : INCLOAD_OK;
    if (bad)
        status = incload__bisect_rows(&how, rows, why, err);
    else if (status != INCLOAD_OK)
        incload__error_pass(err, why);
    load->retries_for_bad_rows += how.attempts;
    incload__batch_free(batch);
    return status;
}

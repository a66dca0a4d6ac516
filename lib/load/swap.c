/* SPDX-License-Identifier: Apache-2.0 */
/* What every way of swapping shares: names, the catalog's answers, the rows, and the checks before publishing. */
#include "load/swap.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "driver/failpoint.h"

bool
incload__swap_freezes(const incload__load *load)
{
    const incload__swap_rules *rules = load->to->dialect->swap;

    return load->how->write == INCLOAD__WRITE_SWAP && rules != NULL && rules->freezes
           && load->to->driver->relay != NULL;
}

int32_t
incload__swap_ask(incload__swap *swap, const char *query, const incload__table *table, const char *more,
                  incload__rows *out, incload_error **err)
{
    const incload__load *load = swap->load;
    const char *texts[] = { table->schema, table->name, more, swap->mark };
    incload__param params[4];
    int32_t count = query == swap->rules->plan ? 4 : 3;

    for (int32_t i = 0; i < 4; i++)
        params[i] = (incload__param){ texts[i], texts[i] != NULL ? strlen(texts[i]) : 0, INCLOAD__TEXT };
    *out = (incload__rows){ .mem = load->mem };
    if (more == NULL)
        return incload__select_about(load->to, query, table->schema, table->name, out, err);
    return load->to->driver->select(load->to, query, params, count, out, err);
}

int32_t
incload__swap_list(const incload__rows *rows, incload__str *out)
{
    enum { MOST = 8 };

    for (int64_t i = 0; i < rows->count && i < MOST; i++) {
        const char *text = incload__rows_get(rows, i, 0);
        incload__str_addf(out, "%s%s", i > 0 ? ", " : "", text != NULL ? text : "?");
    }
    if (rows->count > MOST)
        incload__str_addf(out, " and %lld more", (long long)(rows->count - MOST));
    return out->failed ? INCLOAD_E_NO_MEMORY : INCLOAD_OK;
}

int32_t
incload__swap_execute(incload__swap *swap, incload__str *sql, incload_error **err)
{
    const incload__load *load = swap->load;
    int32_t status = sql->failed ? incload__fail_memory(err)
                                 : load->to->driver->execute(load->to, incload__str_text(sql), NULL, 0, NULL, err);

    incload__str_free(sql);
    return status;
}

int32_t
incload__swap_phase(incload__swap *swap, const char *phase, incload_error **err)
{
    const incload__load *load = swap->load;

    for (int64_t i = 0; i < swap->plan.count; i++) {
        const char *of = incload__rows_get(&swap->plan, i, 0), *sql = incload__rows_get(&swap->plan, i, 1);
        if (of == NULL || strcmp(of, phase) != 0 || sql == NULL)
            continue;
        int32_t status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = load->to->driver->execute(load->to, sql, NULL, 0, NULL, err);
        INCLOAD__FAILPOINT_ON(status, load->to, "swap.statement", INCLOAD_E_CONNECT, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

void
incload__swap_notice(const incload__swap *swap, const char *format, ...)
{
    const incload__load_spec *spec = swap->load->spec;
    incload__str text = INCLOAD__STR(swap->load->mem);
    va_list args;

    if (spec->notice == NULL)
        return;
    va_start(args, format);
    incload__str_addv(&text, format, args);
    va_end(args);
    if (!text.failed)
        spec->notice(spec->progress_data, incload__str_text(&text));
    incload__str_free(&text);
}

int64_t
incload__swap_keep_us(const incload__swap *swap)
{
    return swap->load->spec->lease_ms > 0 ? 0 : INT64_C(86400000000);
}

int32_t
incload__swap_find_obstacles(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str list = INCLOAD__STR(load->mem);
    incload__rows rows;
    char name[200];
    const char *by = load->how->swap_by == INCLOAD__SWAP_PARTITION ? "partition" : "rename";
    int32_t status = incload__swap_ask(swap, swap->rules->obstacles, swap->replaced,
                                       swap->rules->partitions != NULL ? by : NULL, &rows, err);

    if (status == INCLOAD_OK && rows.count > 0) {
        status = incload__swap_list(&rows, &list);
        status = status != INCLOAD_OK
                     ? incload__fail_memory(err)
                     : incload__fail(err, INCLOAD_E_UNSUPPORTED,
                                     "a swap of target table %s cannot carry over: %s. Drop what is named and make it "
                                     "again after the load, or take write=merge, which keeps the table",
                                     incload__table_text(swap->replaced, name, sizeof name), incload__str_text(&list));
    }
    incload__rows_free(&rows);
    incload__str_free(&list);
    return status;
}

int32_t
incload__swap_read_digest(incload__swap *swap, char **out, incload_error **err)
{
    incload__load *load = swap->load;
    incload__rows rows;
    char name[200];
    int32_t status = incload__swap_ask(swap, swap->rules->shape, swap->replaced, NULL, &rows, err);

    if (status != INCLOAD_OK)
        return status;
    const char *digest = incload__rows_get(&rows, 0, 1);
    if (digest == NULL)
        status = incload__fail(err, INCLOAD_E_NOT_FOUND, "target table %s is gone",
                               incload__table_text(swap->replaced, name, sizeof name));
    else if ((*out = incload__strdup(load->mem, digest)) == NULL)
        status = incload__fail_memory(err);
    incload__rows_free(&rows);
    return status;
}

int32_t
incload__swap_fail_changed(const incload__swap *swap, incload_error *failure, incload_error **err)
{
    incload_error *told = NULL;
    char name[200];

    incload__fail(&told, INCLOAD_E_CONFLICT,
                  "target table %s, or what depends on it, was changed while the new rows were loaded: nothing was "
                  "published; run the load again",
                  incload__table_text(&swap->load->target_name, name, sizeof name));
    incload__error_set_retryable(&told, true);
    incload__error_set_cause(&told, failure);
    incload__error_pass(err, told);
    return INCLOAD_E_CONFLICT;
}

int32_t
incload__swap_write_down(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    char target[200];
    const incload__object object = {
        .name = swap->stage_name,
        .schema = swap->stage.schema,
        .target = incload__table_text(&load->target_name, target, sizeof target),
        .load = load->spec->name,
        .run_id = load->unit->run_id,
        .state = "staging",
    };

    return incload__object_add(&load->ledger, load->to, &object, incload__swap_keep_us(swap), err);
}

/* What stands cannot be published any more. A server that does not answer leaves it to the next run. */
void
incload__swap_discard_stage(incload__swap *swap)
{
    incload__load *load = swap->load;
    bool gone = false;

    if (load->to == NULL)
        return;
    INCLOAD__PASS("swap.stage.discard");
    load->to->driver->rollback(load->to, NULL);
    if (load->to->txn == INCLOAD__TXN_IDLE)
        incload__swap_drop(swap, &swap->stage, swap->mark, &gone, NULL);
}

static int32_t
use_stage(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str name = INCLOAD__STR(load->mem);
    int32_t status = incload__quote_table(load->to->dialect, &name, &swap->stage, err);

    incload__free(load->mem, load->destination);
    load->destination = incload__str_take(&name);
    if (status == INCLOAD_OK && load->destination == NULL)
        status = incload__fail_memory(err);
    return status;
}

int32_t
incload__swap_transfer(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    int32_t status = use_stage(swap, err);

    load->to->freezes = incload__swap_freezes(load);
    if (status == INCLOAD_OK)
        status = incload__transfer(load, err);
    INCLOAD__FAILPOINT_ON(status, load->to, "swap.stage.filled", INCLOAD_E_CONNECT, err);
    load->to->freezes = false;
    load->from->driver->rollback(load->from, NULL);
    return status;
}

static int32_t
count_stage(incload__swap *swap, int64_t *rows, incload_error **err)
{
    incload__load *load = swap->load;
    incload__str sql = INCLOAD__STR(load->mem);
    incload__rows answer = { .mem = load->mem };
    const char *text = NULL;

    incload__str_addf(&sql, "SELECT COUNT(*) FROM %s", load->destination);
    incload__str_add(&sql, incload__or_empty(swap->rules->own_rows));
    int32_t status = sql.failed ? incload__fail_memory(err)
                                : load->to->driver->select(load->to, incload__str_text(&sql), NULL, 0, &answer, err);
    if (status == INCLOAD_OK)
        text = incload__rows_get(&answer, 0, 0);
    if (status == INCLOAD_OK && (text == NULL || !incload__parse_int64(text, strlen(text), rows)))
        status = incload__fail(err, INCLOAD_E_PROTOCOL, "the server did not count the staging table's rows");
    incload__rows_free(&answer);
    incload__str_free(&sql);
    return status;
}

/* What the target has is not thrown away for nothing: an empty source is more often a fault than a wish. */
static int32_t
check_not_empty(incload__swap *swap, int64_t rows, incload_error **err)
{
    incload__load *load = swap->load;
    bool has_rows = false;
    char name[200];

    if (rows > 0 || load->how->allow_empty)
        return INCLOAD_OK;
    int32_t status = incload__target_has_rows(load, &has_rows, err);
    if (status == INCLOAD_OK && has_rows)
        status = incload__fail(err, INCLOAD_E_STATE,
                               "the source has no row, so the swap would empty target table %s: set allow_empty=true "
                               "if that is meant",
                               incload__table_text(&load->target_name, name, sizeof name));
    return status;
}

int32_t
incload__swap_check(incload__swap *swap, incload_error **err)
{
    const incload_unit *unit = swap->load->unit;
    int64_t expected = atomic_load(&unit->rows_read) + swap->load->rows_added - atomic_load(&unit->rows_skipped);
    int64_t rows = -1;
    if (swap->load->rehearsed)
        return incload__audit_rows(swap->load, 0, true, err);
    int32_t status = count_stage(swap, &rows, err);

    if (status == INCLOAD_OK && (rows != expected || rows != atomic_load(&unit->rows_written)))
        return incload__fail(err, INCLOAD_E_STATE,
                             "%lld rows were to be loaded, but the staging table has %lld: nothing was published; "
                             "is a trigger or rule made for new tables?",
                             (long long)expected, (long long)rows);
    if (status == INCLOAD_OK)
        status = incload__audit_rows(swap->load, rows, true, err);
    INCLOAD__FAILPOINT_ON(status, swap->load->to, "swap.stage.checked", INCLOAD_E_CONNECT, err);
    return status == INCLOAD_OK ? check_not_empty(swap, rows, err) : status;
}

static void
name_objects(incload__swap *swap)
{
    incload__load *load = swap->load;

    snprintf(swap->token, sizeof swap->token, "%016llx", (unsigned long long)incload__random(load->env));
    snprintf(swap->stage_name, sizeof swap->stage_name, "incload_%s", swap->token);
    snprintf(swap->old_name, sizeof swap->old_name, "incload_%s_old", swap->token);
    snprintf(swap->mark, sizeof swap->mark, "made by libincload for run %.40s", load->unit->run_id);
    swap->stage = (incload__table){ load->target_name.schema, swap->stage_name };
    swap->old = (incload__table){ load->target_name.schema, swap->old_name };
    swap->replaced = &load->target_name;
}

static int32_t
check_offered(const incload__load *load, incload_error **err)
{
    if (load->to->dialect->swap == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED,
                             "write=swap is not offered for %s: take write=merge, or load a table of another name and "
                             "rename it yourself",
                             load->to->dialect->name);
    if (load->how->swap_by == INCLOAD__SWAP_PARTITION && load->to->dialect->swap->partitions == NULL)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "swap_by=partition is not offered for %s: take swap_by=rename",
                             load->to->dialect->name);
    return INCLOAD_OK;
}

int32_t
incload__swap_carry_out(incload__load *load, incload_error **err)
{
    static int32_t (*const ways[])(incload__swap *, incload_error **) = {
        [INCLOAD__SWAP_BY_TRANSACTION] = incload__swap_by_transaction,
        [INCLOAD__SWAP_BY_STATEMENT] = incload__swap_by_statement,
        [INCLOAD__SWAP_INSIDE] = incload__swap_inside,
    };
    incload__swap swap = { .load = load, .rules = load->to->dialect->swap, .plan = { .mem = load->mem } };
    int32_t status = check_offered(load, err);
    char name[200];

    if (status == INCLOAD_OK && load->how->swap_by == INCLOAD__SWAP_PARTITION)
        status = incload__evolve_refuse(load, err);
    if (status == INCLOAD_OK && load->rehearsed && load->target_made)
        status = incload__fail(err, INCLOAD_E_UNSUPPORTED,
                               "target table %s is missing, and without it nothing tells what a swap would carry over: "
                               "create it, or run the load, which makes it",
                               incload__table_text(&load->target_name, name, sizeof name));
    if (status != INCLOAD_OK)
        return status;
    name_objects(&swap);
    /* What stands inside of one transaction leaves nothing to sweep. */
    if (swap.rules->manner != INCLOAD__SWAP_INSIDE)
        status = incload__swap_sweep(&swap, err);
    if (status == INCLOAD_OK)
        status = ways[swap.rules->manner](&swap, err);
    load->from->driver->rollback(load->from, NULL);
    if (status != INCLOAD_OK && load->to != NULL)
        load->to->driver->rollback(load->to, NULL);
    incload__rows_free(&swap.plan);
    incload__free(load->mem, swap.digest);
    incload__free(load->mem, swap.indexes);
    load->replaced = NULL;
    incload__table_free(load->mem, &swap.partition);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who commits every second for years must not fill the ledger with what nobody reads: of a load that applies changes
 * the last versions are kept, each with its run. Rows are found and deleted by their keys, a few at a time, so that no
 * others are read or locked; a ledger that was never pruned is worked off bit by bit. */
#include "state/args.h"
#include "state/ledger.h"
#include "state/numbers.h"
#include "state/statement.h"

enum { KEEP = 100, EVERY = 25, MOST = 100 };

static int32_t
find_oldest(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t *version, incload_error **err)
{
    const incload__param name = incload__text_param(load);
    incload__rows rows;
    int32_t status = incload__state_select(ledger, conn, "SELECT MIN(version) FROM {history} WHERE load_name = ?",
                                           &name, 1, &rows, err);

    if (status == INCLOAD_OK)
        *version = incload__rows_number(&rows, 0, 0);
    incload__rows_free(&rows);
    return status;
}

static int32_t
delete_runs(const incload__ledger *ledger, incload__conn *conn, const incload__rows *found, incload_error **err)
{
    incload__str sql = INCLOAD__STR(ledger->mem);
    incload__param runs[MOST];
    int32_t count = found->count < MOST ? (int32_t)found->count : MOST;

    incload__str_add(&sql, "DELETE FROM {run} WHERE run_id IN (");
    for (int32_t i = 0; i < count; i++) {
        incload__str_add(&sql, i > 0 ? ", ?" : "?");
        runs[i] = incload__text_param(incload__rows_get(found, i, 0));
    }
    incload__str_add(&sql, ")");
    int32_t status = INCLOAD_OK;
    if (sql.failed)
        status = incload__fail_memory(err);
    else if (count > 0)
        status = incload__state_execute(ledger, conn, incload__str_text(&sql), runs, count, NULL, err);
    incload__str_free(&sql);
    return status;
}

static int32_t
delete_up_to(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t last, incload_error **err)
{
    incload__number number = incload__as_number(last);
    const incload__param params[] = { incload__text_param(load), incload__number_param(&number) };
    incload__rows found;
    int32_t status = incload__state_select(
        ledger, conn, "SELECT run_id FROM {history} WHERE load_name = ? AND version <= ?", params, 2, &found, err);

    if (status == INCLOAD_OK)
        status = delete_runs(ledger, conn, &found, err);
    if (status == INCLOAD_OK)
        status = incload__state_execute(ledger, conn, "DELETE FROM {history} WHERE load_name = ? AND version <= ?",
                                        params, 2, NULL, err);
    incload__rows_free(&found);
    return status;
}

int32_t
incload__ledger_prune(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t version,
                      incload_error **err)
{
    int64_t oldest = 0;

    if (version % EVERY != 0 || version <= KEEP)
        return INCLOAD_OK;
    int32_t status = find_oldest(ledger, conn, load, &oldest, err);
    int64_t last = oldest + MOST - 1 < version - KEEP ? oldest + MOST - 1 : version - KEEP;
    if (status == INCLOAD_OK && last >= oldest)
        status = delete_up_to(ledger, conn, load, last, err);
    return status == INCLOAD_OK ? status : incload__error_prefix(err, "pruning the history of load '%s'", load);
}

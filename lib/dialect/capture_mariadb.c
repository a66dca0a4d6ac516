/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: three triggers, of which none is atomic with the others: a half-made set is completed by the next try. */
#include "dialect/capture.h"
#include "dialect/sql.h"

static int32_t
make_table(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    /* From the source's own columns: with their types, character sets and collations. What has no default would be
     * asked for here. */
    incload__clause_add(&clause, "CREATE TABLE ");
    incload__clause_table(&clause, capture->changes);
    incload__clause_add(&clause, " (incload_no BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, incload_op CHAR(1) NOT NULL"
                                 " DEFAULT 'R', incload_us BIGINT NOT NULL DEFAULT 0) ENGINE=InnoDB COMMENT=");
    incload__capture_literal(&clause, capture->mark);
    incload__capture_keys(&clause, capture, " SELECT ");
    incload__clause_add(&clause, " FROM ");
    incload__clause_table(&clause, capture->source);
    incload__clause_add(&clause, " WHERE FALSE");
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

/* One statement without semicolons, at which the driver would take it apart. Its rows are counted beforehand: with
 * INSERT ... SELECT a writer would hold the counter of numbers to the end of its statement, and lock out or deadlock
 * with others who never met before. */
static int32_t
make_trigger(incload__statements *out, const incload__capture *capture, const incload__capture_trigger *trigger,
             incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { capture->dialect, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "CREATE OR REPLACE TRIGGER ");
    incload__capture_full_name(&clause, capture, trigger->suffix);
    incload__clause_add(&clause, trigger->event);
    incload__clause_table(&clause, capture->source);
    incload__clause_add(&clause, " FOR EACH ROW ");
    incload__capture_insert(&clause, capture, trigger->before, trigger->behind, NULL);
    int32_t status = incload__clause_finish(&clause, out, false);
    incload__str_free(&sql);
    return status;
}

static int32_t
make_triggers(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int32_t i = 0; i < INCLOAD__CAPTURE_TRIGGERS && status == INCLOAD_OK; i++)
        status = make_trigger(out, capture, &incload__capture_triggers[i], err);
    return status;
}

static int32_t
drop(incload__statements *out, const incload__capture *capture, incload_error **err)
{
    static const char *const suffixes[] = { "_i", "_u", "_d", NULL };

    return incload__capture_drop(out, capture, suffixes, err);
}

const incload__capture_rules incload__capture_mariadb = {
    .found = incload__sql_mariadb_capture_found,
    .triggers = INCLOAD__CAPTURE_TRIGGERS,
    .obstacles = incload__sql_mariadb_capture_obstacles,
    .orphans = incload__sql_mariadb_capture_orphans,
    .make_table = make_table,
    .make_triggers = make_triggers,
    .drop = drop,
    .exact = { "CAST(", " AS BINARY)" },
    /* Found by its key, each row is locked alone; a scan would wait for the rows of those who are still writing. */
    .remove = { "DELETE c FROM ", " AS c FORCE INDEX (PRIMARY)", " WHERE c.incload_no" },
};

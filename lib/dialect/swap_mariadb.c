/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: one RENAME TABLE for both tables, which is atomic and commits. */
#include "dialect/sql.h"
#include "dialect/swap.h"

/* lock_wait_timeout has whole seconds; this ends a statement that waits for its lock as well, and has fractions. */
static void
set_lock_timeout(incload__str *out, int64_t ms)
{
    incload__str_addf(out, "SET SESSION max_statement_time = %lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
}

const incload__swap_rules incload__swap_mariadb = {
    .manner = INCLOAD__SWAP_BY_STATEMENT,
    .obstacles = incload__sql_mariadb_swap_obstacles,
    .shape = incload__sql_mariadb_swap_shape,
    .plan = incload__sql_mariadb_swap_plan,
    .made = incload__sql_mariadb_swap_made,
    .blockers = incload__sql_mariadb_swap_blockers,
    .views = incload__sql_mariadb_swap_views,
    /* The driver has another SQLSTATE for it (HY018) than the server (70100). */
    .lock_failure_code = 1969,
    /* Once it has its locks, a statement whose time is over says what a killed one says. */
    .lock_failure_late = 1317,
    .analyze = "ANALYZE TABLE ",
    /* Pages of secondary indexes do not say whose their rows are before the COMMIT: for each, its row is looked up. */
    .own_rows = " USE INDEX ()",
    .set_lock_timeout = set_lock_timeout,
    .no_lock_timeout = "SET SESSION max_statement_time = DEFAULT",
    .drop_timeout = "SET SESSION lock_wait_timeout = 1",
    .no_drop_timeout = "SET SESSION lock_wait_timeout = DEFAULT",
};

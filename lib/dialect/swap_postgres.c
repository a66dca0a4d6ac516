/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: the swap's short transaction as one DO block, so that the lock is held for one answer of the server and
 * not for one per statement. */
#include "dialect/sql.h"
#include "dialect/swap.h"

/* A client that stops while it has the lock is put out by the server. */
enum { HELD_MS = 1000 };

/* standard_conforming_strings is on in every session of the library. */
static void
add_literal(incload__str *out, const char *text)
{
    if (text == NULL) {
        incload__str_add(out, "NULL");
        return;
    }
    incload__str_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            incload__str_add_char(out, '\'');
        incload__str_add_char(out, *text);
    }
    incload__str_add_char(out, '\'');
}

/* The COMMIT's flush is not waited for under the lock: what comes after it flushes both. */
static void
open_block(incload__str *out, const char *token, int64_t lock_timeout_ms)
{
    incload__str_addf(out,
                      "DO $incload_%s$ BEGIN\nSET LOCAL synchronous_commit = off;\n"
                      "SET LOCAL idle_in_transaction_session_timeout = %d;\nSET LOCAL lock_timeout = %lld;\n",
                      token, (int)HELD_MS, (long long)lock_timeout_ms);
}

static void
guard(incload__str *out, const incload__table *table, const char *digest)
{
    incload__str_add(out, "IF NOT EXISTS (SELECT 1 FROM (\n");
    for (const char *at = incload__sql_postgres_swap_shape; *at != '\0'; at++) {
        if (at[0] == '$' && (at[1] == '1' || at[1] == '2')) {
            add_literal(out, at[1] == '1' ? table->schema : table->name);
            at++;
        } else {
            incload__str_add_char(out, *at);
        }
    }
    incload__str_add(out, "\n) AS s (id, digest) WHERE s.digest = ");
    add_literal(out, digest);
    incload__str_add(out, ") THEN RAISE EXCEPTION 'the table was changed' USING ERRCODE = 'IL001'; END IF;\n");
}

static void
add_line(incload__str *out, const char *sql)
{
    incload__str_addf(out, "%s;\n", sql);
}

static void
close_block(incload__str *out, const char *token)
{
    incload__str_addf(out, "END $incload_%s$", token);
}

static void
set_lock_timeout(incload__str *out, int64_t ms)
{
    incload__str_addf(out, "SET LOCAL lock_timeout = %lld", (long long)ms);
}

const incload__swap_rules incload__swap_postgres = {
    .manner = INCLOAD__SWAP_BY_TRANSACTION,
    .freezes = true,
    .whole_names = "SET LOCAL search_path = ''",
    .obstacles = incload__sql_postgres_swap_obstacles,
    .partitions = incload__sql_postgres_swap_partitions,
    .shape = incload__sql_postgres_swap_shape,
    .plan = incload__sql_postgres_swap_plan,
    .grants = incload__sql_postgres_swap_grants,
    .made = incload__sql_postgres_swap_made,
    .blockers = incload__sql_postgres_swap_blockers,
    .snapshots = incload__sql_postgres_swap_snapshots,
    .lock_failure = "55P03",
    .changed = "IL001",
    .open = open_block,
    .guard = guard,
    .line = add_line,
    .close = close_block,
    .set_lock_timeout = set_lock_timeout,
};

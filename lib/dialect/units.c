/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/units.h"

/* Rows that have ended leave these indexes: a claim does not scan past what was done before. */
#define READY_INDEX                                                                                                    \
    "CREATE INDEX IF NOT EXISTS {unit_ready} ON {unit} (run_no, priority, not_before_us, seq) WHERE status = 1"
#define RUNNING_INDEX "CREATE INDEX IF NOT EXISTS {unit_running} ON {unit} (run_no, worker_no) WHERE status = 2"

#define NEWER                                                                                                          \
    " ON CONFLICT (load_name, unit_key) DO UPDATE SET epoch = excluded.epoch, run_id = excluded.run_id,"               \
    " code_version = excluded.code_version, lane = excluded.lane, low = excluded.low, high = excluded.high,"           \
    " rows_written = excluded.rows_written, applied_us = excluded.applied_us"                                          \
    " WHERE {applied}.epoch < excluded.epoch AND {applied}.run_id <> excluded.run_id"
#define NEWER_STILL(seen) NEWER " AND {applied}.epoch = " seen

static const char *const postgres_make[] = {
    "CREATE SEQUENCE IF NOT EXISTS {epoch}",
    READY_INDEX,
    RUNNING_INDEX,
    /* Each row is written three times, and what is of no use any more is cleared on its own page. */
    "ALTER TABLE {unit} SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)",
    "ALTER TABLE {pipeline_run} SET (fillfactor = 50)",
    "ALTER TABLE {worker} SET (fillfactor = 50)",
    NULL,
};

/* Whoever waits for the run's row looks at it anew when it has it. The epoch is drawn, and the clock read, once. */
static const char postgres_take[] =
    "WITH moved AS (UPDATE {pipeline_run} SET next_seq = next_seq + CAST(? AS bigint)"
    " WHERE run_no = CAST(? AS bigint) AND status = 2 AND want = 0 AND max_active = 0"
    " AND (max_failures < 0 OR failed <= max_failures) AND next_seq + CAST(? AS bigint) <= units"
    " AND EXISTS (SELECT 1 FROM {worker} w WHERE w.worker_no = CAST(? AS bigint) AND w.state = 0"
    " AND w.expires_us > {now})"
    " AND NOT EXISTS (SELECT 1 FROM {unit} u WHERE u.run_no = CAST(? AS bigint) AND u.status = 1 AND u.waits = 0"
    " AND u.not_before_us <= {now}) RETURNING next_seq),"
    " drawn AS (SELECT m.next_seq, nextval(CAST(CAST(? AS text) AS regclass)) AS epoch, {now} AS now_us FROM moved m),"
    " made AS (INSERT INTO {unit} (run_no, seq, status, reason, again, waits, attempt, orphans, epoch, worker_no,"
    " priority, not_before_us, started_us) SELECT CAST(? AS bigint), n.seq, 2, 0, 0, 0, 1, 0, d.epoch,"
    " CAST(? AS bigint), 0, 0, d.now_us FROM drawn d,"
    " generate_series(d.next_seq - CAST(? AS bigint), d.next_seq - 1) AS n (seq) RETURNING seq, epoch)"
    " SELECT COUNT(*), MIN(seq), MAX(epoch) FROM made";

const incload__unit_rules incload__units_postgres = {
    .make = postgres_make,
    .next = "SELECT nextval(CAST(CAST(? AS text) AS regclass))",
    .next_by_name = true,
    .lock = " FOR NO KEY UPDATE",
    .lock_free = " FOR NO KEY UPDATE SKIP LOCKED",
    .newer = NEWER,
    .newer_still = NEWER_STILL("CAST(? AS bigint)"),
    .arrays = true,
    .take = postgres_take,
};

static const char *const mariadb_make[] = {
    "CREATE SEQUENCE IF NOT EXISTS {epoch}",
    "CREATE INDEX IF NOT EXISTS {unit_ready} ON {unit} (run_no, status, priority, not_before_us, seq)",
    NULL,
};

/* How many rows count as affected depends on how the driver connected, so NULL, which the column refuses, stands for
 * what is not newer. */
#define TAKE(column) ", " column " = VALUES(" column ")"
#define NEWER_IF(what)                                                                                                 \
    " ON DUPLICATE KEY UPDATE epoch = IF(epoch < VALUES(epoch) AND run_id <> VALUES(run_id)" what                      \
    ", VALUES(epoch), NULL)" TAKE("run_id") TAKE("code_version") TAKE("lane") TAKE("low") TAKE("high")                 \
        TAKE("rows_written") TAKE("applied_us")

const incload__unit_rules incload__units_mariadb = {
    .make = mariadb_make,
    .next = "SELECT NEXT VALUE FOR {epoch}",
    .lock = " FOR UPDATE",
    .lock_free = " FOR UPDATE SKIP LOCKED",
    .newer = NEWER_IF(""),
    .newer_or_fails = true,
    .newer_still = NEWER_IF(" AND epoch = ?"),
};

static const char *const sqlite_make[] = {
    "CREATE TABLE IF NOT EXISTS {epoch} (value INTEGER NOT NULL)",
    "INSERT INTO {epoch} (value) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {epoch})",
    READY_INDEX,
    RUNNING_INDEX,
    NULL,
};

/* One writer: whoever has begun to write has locked everything. */
const incload__unit_rules incload__units_sqlite = {
    .make = sqlite_make,
    .count = "UPDATE {epoch} SET value = value + 1",
    .next = "SELECT value FROM {epoch}",
    .lock = "",
    .lock_free = "",
    .newer = NEWER,
    .newer_still = NEWER_STILL("?"),
};

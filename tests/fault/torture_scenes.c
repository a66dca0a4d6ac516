/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables are written how, and where they are loaded to. In SQL, @ stands for the table. */
#include "torture.h"

#include <stddef.h>

#define PG_COLUMNS(id, at)                                                                                            \
    "CREATE TABLE @ (id " id " PRIMARY KEY, version bigint NOT NULL, writer integer, how integer, note text, at " at ")"
#define PG_INDEX "CREATE INDEX ON @ (at)"
/* how: 1 and 2 are stamped by the trigger, as tables of hosts are. */
#define PG_TRIGGER_FUNCTION                                                                                           \
    "CREATE FUNCTION @_stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.how = 1 THEN NEW.at := now(); "    \
    "ELSIF NEW.how = 2 THEN NEW.at := clock_timestamp(); END IF; RETURN NEW; END $$"
#define PG_TRIGGER "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON @ FOR EACH ROW EXECUTE FUNCTION @_stamp()"
#define PG_XID_FUNCTION                                                                                               \
    "CREATE FUNCTION @_xid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.sync_xid := pg_current_xact_id(); "     \
    "RETURN NEW; END $$"
#define PG_XID_TRIGGER "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON @ FOR EACH ROW EXECUTE FUNCTION @_xid()"

#define MY_COLUMNS(id, at)                                                                                            \
    "CREATE TABLE @ (id " id " PRIMARY KEY, version bigint NOT NULL, writer int, how int, note varchar(80), at " at   \
    ", KEY (at)) ENGINE=InnoDB"
/* A trigger that assigns the stamp in every case, even to itself, would stop ON UPDATE CURRENT_TIMESTAMP from a
 * statement's second row on (MariaDB 10.11). */
#define MY_TRIGGER(event)                                                                                             \
    "CREATE TRIGGER @_" event " BEFORE " event " ON @ FOR EACH ROW IF NEW.how = 1 THEN SET NEW.at = NOW(6); END IF"

#define LITE_COLUMNS(id)                                                                                              \
    "CREATE TABLE @ (id " id ", version BIGINT NOT NULL, writer INTEGER, how INTEGER, note TEXT, at TIMESTAMP)"
#define LITE_INDEX "CREATE INDEX @_at ON @ (at)"
#define LITE_WAL "PRAGMA journal_mode=WAL"
#define LITE_MS "strftime('%Y-%m-%d %H:%M:%f', 'now')"

#define BY_STAMP "cursor=at key=id"
#define BY_STAMP_OR_NULL "cursor=at key=id null_cursor=include"

const scene_plan scene_plans[] = {
    /* ---- PostgreSQL ---- */
    { .name = "pg_stamps",
      .source = POSTGRES,
      .round = 0,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES | MIX_PREPARED,
      .strategy = BY_STAMP_OR_NULL,
      .tables = { PG_COLUMNS("bigint", "timestamptz DEFAULT now()"), PG_INDEX, PG_TRIGGER_FUNCTION, PG_TRIGGER },
      .stamps = { { "now()", 0, 30, false },
                  { "clock_timestamp()", 0, 15, false },
                  { "statement_timestamp()", 0, 15, false },
                  { "NULL", 1, 20, false },
                  { "NULL", 2, 18, false },
                  { "NULL", 0, 1, false } },
      .loaders = { { "relay", POSTGRES, "relay", "", false, false },
                   { "same", POSTGRES, "same-database", "", true, false },
                   { "lite", SQLITE, "batches", "", false, false },
                   { "naive", POSTGRES, "relay", "", false, true } } },
    { .name = "pg_seconds",
      .source = POSTGRES,
      .round = 1,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES | MIX_PREPARED,
      .strategy = BY_STAMP,
      .tables = { PG_COLUMNS("bigint", "timestamptz(0)"), PG_INDEX },
      .stamps = { { "now()", 0, 70, false }, { "clock_timestamp()", 0, 30, false } },
      .loaders = { { "relay", POSTGRES, "relay", "", false, false },
                   { "odbc", PG_ODBC, "batches", "", false, false } } },
    { .name = "pg_serial",
      .source = POSTGRES,
      .round = 1,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_PREPARED | MIX_SERIAL,
      .strategy = "cursor=id key=id",
      .tables = { PG_COLUMNS("bigserial", "timestamptz") },
      .stamps = { { "now()", 0, 1, false } },
      .loaders = { { "relay", POSTGRES, "relay", "", false, false },
                   { "append", POSTGRES, "relay", "write=append", false, false } } },
    { .name = "pg_clocks",
      .source = POSTGRES,
      .round = 2,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES | MIX_PREPARED,
      .strategy = BY_STAMP_OR_NULL " deep=always",
      .tables = { PG_COLUMNS("bigint", "timestamptz"), PG_INDEX },
      .stamps = { { NULL, 0, 97, true },
                  { "NULL", 0, 1, false },
                  { "'infinity'", 0, 1, false },
                  { "now() + interval '1 hour'", 0, 1, false } },
      .loaders = { { "relay", POSTGRES, "relay", "", false, false } } },
    { .name = "pg_xid",
      .source = POSTGRES,
      .round = 2,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES | MIX_PREPARED,
      .strategy = "cursor=sync_xid key=id",
      .tables = { PG_COLUMNS("bigint", "timestamptz"), "ALTER TABLE @ ADD sync_xid xid8",
                  "CREATE INDEX ON @ (sync_xid)", PG_XID_FUNCTION, PG_XID_TRIGGER },
      .stamps = { { NULL, 0, 1, true } },
      .loaders = { { "relay", POSTGRES, "relay", "", false, false } } },
    { .name = "pg_deletes",
      .source = POSTGRES,
      .round = 2,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES | MIX_DELETES,
      .strategy = BY_STAMP " detect_deletes=keys",
      .tables = { PG_COLUMNS("bigint", "timestamptz"), PG_INDEX },
      .stamps = { { "now()", 0, 1, false } },
      .loaders = { { "relay", POSTGRES, "relay", "", false, false } } },
    /* ---- MariaDB ---- */
    { .name = "my_stamps",
      .source = MARIADB,
      .round = 3,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES | MIX_PREPARED | MIX_SLOW,
      .strategy = BY_STAMP,
      .tables = { MY_COLUMNS("bigint", "timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"),
                  MY_TRIGGER("INSERT"), MY_TRIGGER("UPDATE") },
      .stamps = { { NULL, 0, 40, false }, { "NOW(6)", 0, 30, false }, { "SYSDATE(6)", 0, 10, false },
                  { "NOW(6)", 1, 20, false } },
      .loaders = { { "pg", POSTGRES, "batches", "", false, false },
                   { "same", MARIADB, "same-database", "", true, false },
                   { "naive", POSTGRES, "batches", "", false, true } } },
    { .name = "my_seconds",
      .source = MARIADB,
      .round = 4,
      .writers = 16,
      .mix = MIX_IDLE | MIX_BULK | MIX_UPDATES | MIX_SLOW,
      .strategy = BY_STAMP,
      .tables = { MY_COLUMNS("bigint", "timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP") },
      .stamps = { { NULL, 0, 50, false }, { "NOW()", 0, 50, false } },
      .loaders = { { "pg", POSTGRES, "batches", "", false, false } } },
    { .name = "my_serial",
      .source = MARIADB,
      .round = 4,
      .writers = 16,
      .mix = MIX_IDLE | MIX_BULK | MIX_SLOW | MIX_SERIAL,
      .strategy = "cursor=id key=id",
      .tables = { MY_COLUMNS("bigint AUTO_INCREMENT", "timestamp(6) NULL") },
      .stamps = { { "NOW(6)", 0, 1, false } },
      .loaders = { { "my", MARIADB, "batches", "", false, false } } },
    /* ---- SQLite: one writer at a time, the others wait ---- */
    { .name = "lite_ms",
      .source = SQLITE,
      .round = 5,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES,
      .strategy = BY_STAMP,
      .tables = { LITE_WAL, LITE_COLUMNS("BIGINT PRIMARY KEY"), LITE_INDEX },
      .stamps = { { LITE_MS, 0, 1, false } },
      .loaders = { { "lite", SQLITE, "batches", "", false, false } } },
    { .name = "lite_seconds",
      .source = SQLITE,
      .round = 5,
      .writers = 16,
      .mix = MIX_IDLE | MIX_SAVEPOINTS | MIX_BULK | MIX_UPDATES,
      .strategy = BY_STAMP,
      .tables = { LITE_WAL, LITE_COLUMNS("BIGINT PRIMARY KEY"), LITE_INDEX },
      .stamps = { { "CURRENT_TIMESTAMP", 0, 1, false } },
      .loaders = { { "pg", POSTGRES, "batches", "", false, false } } },
    { .name = "lite_serial",
      .source = SQLITE,
      .round = 5,
      .writers = 16,
      .mix = MIX_IDLE | MIX_BULK | MIX_SERIAL,
      .strategy = "cursor=id key=id",
      .tables = { LITE_WAL, LITE_COLUMNS("INTEGER PRIMARY KEY AUTOINCREMENT") },
      .stamps = { { LITE_MS, 0, 1, false } },
      .loaders = { { "lite", SQLITE, "batches", "", false, false } } },
};

const int scene_plan_count = sizeof scene_plans / sizeof scene_plans[0];

int
rounds_of_scenes(void)
{
    int last = 0;

    for (int i = 0; i < scene_plan_count; i++)
        last = scene_plans[i].round > last ? scene_plans[i].round : last;
    return last + 1;
}

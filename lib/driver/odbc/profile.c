/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/profile.h"

#include <incload/base.h>

#include <stddef.h>
#include <string.h>

#include "base/utf8.h"

static const incload__odbc_option no_options[] = { { 0 } };
static const incload__odbc_connect_rule no_rules[] = { { 0 } };
static const incload__odbc_state_rule no_state_rules[] = { { 0 } };
static const char *const no_skips[] = { NULL };

/* ---- psqlODBC ---- */

static const char *const psql_names[] = { "psqlodbc", NULL };

static const incload__odbc_option psql_options[] = {
    { "Protocol", "7.4-0", true, true, false }, /* no hidden savepoint around every statement */
    { "UseServerSidePrepare", "1", true, true, false },
    { "BoolsAsChar", "0", true, true, false },
    { "TextAsLongVarchar", "0", true, true, false },
    { "UnknownSizes", "2", true, true, false },
    { "LFConversion", "0", true, true, false },
    /* Else the whole result is buffered; but it breaks WITH queries that change data. */
    { "UseDeclareFetch", "1", true, false, false },
    { "Fetch", "1000", true, false, false },
    { "Debug", "0", true, true, false }, /* the driver's logs in /tmp hold row data */
    { "CommLog", "0", true, true, false },
    { 0 },
};

/* Every failure to connect is 08001 in this driver. */
static const incload__odbc_connect_rule psql_rules[] = {
    { "password authentication failed", "28P01", INCLOAD_E_AUTH },
    { "no password supplied", "28P01", INCLOAD_E_AUTH },
    { "no pg_hba.conf entry", "28000", INCLOAD_E_AUTH },
    { "authentication failed", "28000", INCLOAD_E_AUTH },
    { "FATAL:  role \"", "28000", INCLOAD_E_AUTH },
    { "permission denied for database", "42501", INCLOAD_E_PERMISSION },
    { "FATAL:  database \"", "3D000", INCLOAD_E_NOT_FOUND },
    { "too many connections", "53300", INCLOAD_E_CONNECT },
    { "remaining connection slots", "53300", INCLOAD_E_CONNECT },
    { "FATAL:  the database system is", "57P03", INCLOAD_E_CONNECT }, /* starting up, or in recovery */
    { "timeout expired", "08001", INCLOAD_E_TIMEOUT },
    { 0 },
};

/* A connection that is lost while parameters are on their way is HY000. */
static const incload__odbc_state_rule psql_states[] = {
    { "server closed the connection unexpectedly", "08S01", false },
    { "could not send data to server", "08S01", false },
    { "could not receive data from server", "08S01", false },
    { "no connection to the server", "08S01", false },
    { 0 },
};

static const incload__odbc_profile psql = {
    .name = "psqlODBC",
    .driver_names = psql_names,
    .options = psql_options,
    .connect_rules = psql_rules,
    .state_rules = psql_states,
    .session_skips = no_skips,
    .stream_key = "UseDeclareFetch",
    .blocks = true,
    .ints_typed = true,
    /* Floats stay text: the driver would read them through the C library's locale. */
    .params_as_text = true,
    .nul_cuts = true,
    .cancels = true,
    .fetch_waits = true,
    .disconnect_rolls_back = true,
    .copy_hangs = true,
    .bulk = INCLOAD__BULK_UNNEST,
    .bulk_rows = 5000,
    .version_query = "SHOW server_version_num",
    .application_query = "SELECT set_config('application_name', $1, false)",
};

/* ---- MariaDB Connector/ODBC ---- */

static const char *const mariadb_names[] = { "maodbc", NULL };

static const incload__odbc_option mariadb_options[] = {
    { "CONN_TIMEOUT", NULL, true, true, false }, /* SQL_ATTR_LOGIN_TIMEOUT is ignored */
    { 0 },
};

static const incload__odbc_connect_rule mariadb_rules[] = {
    { "Access denied for user", "28000", INCLOAD_E_AUTH },
    { "Unknown database", "42000", INCLOAD_E_NOT_FOUND },
    { "system error: 110", "HYT00", INCLOAD_E_TIMEOUT }, /* ETIMEDOUT, while shaking hands or before */
    { "(110)", "HYT00", INCLOAD_E_TIMEOUT },
    { 0 },
};

/* The driver refuses SET NAMES, and makes every session utf8mb4. */
static const char *const mariadb_skips[] = { "SET NAMES", NULL };

static const incload__odbc_profile mariadb = {
    .name = "MariaDB Connector/ODBC",
    .driver_names = mariadb_names,
    .options = mariadb_options,
    .connect_rules = mariadb_rules,
    .state_rules = no_state_rules,
    .session_skips = mariadb_skips,
    .streams = false, /* always buffers the whole result */
    .blocks = true,
    .ints_typed = true,
    .floats_typed = true,
    .floats_written = true,
    .cancels = true,
    .cancel_by_spare = true, /* it closes the statement when it finds the connection idle */
    .disconnect_rolls_back = true,
    .warns_of_truncation = true,
    /* It reads the columns that the answer has announced, whether they have arrived or not. */
    .direct_crashes = true,
    .bulk = INCLOAD__BULK_ARRAY,
    .bulk_rows = 5000,
    .version_query = "SELECT version()",
};

/* ---- SQLite ODBC ---- */

static const char *const sqlite_names[] = { "sqlite3odbc", NULL };

static const incload__odbc_option sqlite_options[] = {
    { "StepAPI", "1", true, true, false }, /* else the whole result is buffered */
    { "BigInt", "1", true, true, false },
    /* The driver waits for a busy file in two loops, one within the other, that take SQLCancel from each other. So
     * it waits for a moment only, and the statement is run again here until it is cancelled or too late. */
    { "Timeout", "1", true, true, true },
    { "JournalMode", "WAL", false, true, false }, /* readers keep their snapshot while a load commits */
    { "SyncPragma", "FULL", true, true, false },  /* a commit that was reported survives a power cut */
    { "FKSupport", "1", true, true, false },
    { 0 },
};

/* Every error of a statement is HY000 with native code 1. */
static const incload__odbc_state_rule sqlite_states[] = {
    { "no such table", "42S02", false },
    { "no such column", "42S22", false },
    { "already exists", "42S01", false },
    { "JSON path error near '", "22018",
      true },                              /* the dialect's refusal of a value, see incload__sqlite_select_item() */
    { "bad JSON path: '", "22018", true }, /* the same from SQLite 3.45 on */
    { 0 },
};

/* It would replace the driver's handler of busy files. */
static const char *const sqlite_skips[] = { "PRAGMA busy_timeout", NULL };

static const incload__odbc_profile sqlite = {
    .name = "SQLite ODBC",
    .driver_names = sqlite_names,
    .options = sqlite_options,
    .connect_rules = no_rules,
    .state_rules = sqlite_states,
    .session_skips = sqlite_skips,
    .stream_key = "StepAPI",
    .stream_needs_literals = true,
    .blocks = false, /* no gain, and declared types bound nothing */
    .floats_written = true,
    .text_as_bytes = true,
    .text_stays_bound = true,
    .nul_cuts = true,
    .cancels = true,
    .busy_key = "Timeout",
    .busy_code = 5,
    .cancel_by_spare = true, /* it frees the rows of the statement while another thread reads them */
    .fetch_waits = true,
    .disconnect_rolls_back = false, /* fails with 25000 */
    .database_is_file = true,
    .bulk = INCLOAD__BULK_VALUES, /* its parameter arrays store NULL doubles as 0.0 and cut blobs */
    .bulk_rows = 200,
    .with_stays_prepared = true,
    .changes_query = "SELECT changes()",
    /* Reads the file, which is opened only now: one that is no database is told at once. */
    .version_query = "SELECT sqlite_version() FROM (SELECT count(*) FROM sqlite_master)",
};

/* ---- any other ---- */

static const char *const no_names[] = { NULL };

const incload__odbc_profile incload__odbc_profile_unknown = {
    .name = "an unknown ODBC driver",
    .driver_names = no_names,
    .options = no_options,
    .connect_rules = no_rules,
    .state_rules = no_state_rules,
    .session_skips = no_skips,
    .nul_cuts = true,
    .query_timeout = true, /* SQLCancel from another thread crashes some drivers */
    .disconnect_rolls_back = false,
    .bulk = INCLOAD__BULK_ROW,
    .bulk_rows = 1,
};

static const incload__odbc_profile *const profiles[] = { &psql, &mariadb, &sqlite };

static bool
contains(const char *text, const char *part)
{
    for (; *text != '\0'; text++) {
        if (incload__ascii_prefix(text, part))
            return true;
    }
    return false;
}

const incload__odbc_profile *
incload__odbc_profile_of(const char *driver_name)
{
    for (size_t i = 0; driver_name != NULL && i < sizeof profiles / sizeof profiles[0]; i++) {
        for (const char *const *name = profiles[i]->driver_names; *name != NULL; name++) {
            if (contains(driver_name, *name))
                return profiles[i];
        }
    }
    return &incload__odbc_profile_unknown;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* MariaDB: sessions, statements, and what its errors mean. */
#include "dialect/mariadb.h"

#include "dialect/capture.h"
#include "dialect/classify.h"
#include "dialect/quote.h"
#include "dialect/scd2.h"
#include "dialect/sql.h"
#include "dialect/swap.h"
#include "dialect/units.h"

static const char *const session[] = {
    "SET NAMES utf8mb4",
    "SET SESSION time_zone = '+00:00'",
    /* Without NO_AUTO_VALUE_ON_ZERO a key of 0 would become the next number. */
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'",
    /* A server may be set to show versioned tables as they were at some moment. */
    "SET SESSION autocommit = 1 /*M!100304 , system_versioning_asof = DEFAULT */",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    NULL,
};

static const incload__error_rule error_rules[] = {
    { NULL, 1205, INCLOAD_E_CONFLICT, true }, /* lock wait timeout: only the statement is undone */
    { NULL, 1213, INCLOAD_E_CONFLICT, true }, /* deadlock: the whole transaction is undone */
    { NULL, 1020, INCLOAD_E_CONFLICT, true }, /* record has changed since last read */
    { NULL, 1615, INCLOAD_E_CONFLICT, true }, /* a table was swapped under a prepared statement */
    { NULL, 1412, INCLOAD_E_CONFLICT, true }, /* table definition has changed */
    { NULL, 1223, INCLOAD_E_CONFLICT, true }, /* a backup holds the global read lock */
    { NULL, 1637, INCLOAD_E_CONFLICT, true }, /* too many transactions at once */
    { NULL, 1969, INCLOAD_E_TIMEOUT, true },  /* max_statement_time */
    { NULL, 1317, INCLOAD_E_CANCELLED, false },
    { NULL, 1927, INCLOAD_E_CONNECT, true }, /* connection was killed */
    { NULL, 1040, INCLOAD_E_CONNECT, true }, /* too many connections */
    { NULL, 1203, INCLOAD_E_CONNECT, true }, /* too many connections of this user */
    { NULL, 1226, INCLOAD_E_CONNECT, true }, /* this user's share of connections or queries is used up */
    { NULL, 1135, INCLOAD_E_CONNECT, true }, /* the server has no thread left */
    { NULL, 1047, INCLOAD_E_CONNECT, true }, /* a cluster's node is not ready */
    { NULL, 1184, INCLOAD_E_CONNECT, true }, /* the connection was aborted */
    { NULL, 1053, INCLOAD_E_CONNECT, true }, /* shutdown in progress */
    { NULL, 1152, INCLOAD_E_CONNECT, true },
    { NULL, 1158, INCLOAD_E_CONNECT, true },
    { NULL, 1159, INCLOAD_E_CONNECT, true },
    { NULL, 1160, INCLOAD_E_CONNECT, true },
    { NULL, 1161, INCLOAD_E_CONNECT, true },
    { NULL, 2002, INCLOAD_E_CONNECT, true },
    { NULL, 2003, INCLOAD_E_CONNECT, true },
    { NULL, 2005, INCLOAD_E_CONNECT, true },
    { NULL, 2006, INCLOAD_E_CONNECT, true },
    { NULL, 2013, INCLOAD_E_CONNECT, true },
    { NULL, 2012, INCLOAD_E_CONNECT, true },
    { NULL, 2026, INCLOAD_E_CONNECT, false }, /* TLS: a certificate does not get better by waiting */
    { NULL, 2055, INCLOAD_E_CONNECT, true },
    { NULL, 4031, INCLOAD_E_CONNECT, true }, /* idle for too long */
    { NULL, 1129, INCLOAD_E_AUTH, false },   /* the host is blocked */
    { NULL, 1130, INCLOAD_E_AUTH, false },   /* the host is not allowed */
    { NULL, 1045, INCLOAD_E_AUTH, false },
    { NULL, 1698, INCLOAD_E_AUTH, false },
    { NULL, 1044, INCLOAD_E_PERMISSION, false },
    { NULL, 1142, INCLOAD_E_PERMISSION, false },
    { NULL, 1143, INCLOAD_E_PERMISSION, false },
    { NULL, 1227, INCLOAD_E_PERMISSION, false },
    { NULL, 1290, INCLOAD_E_PERMISSION, false }, /* the server runs read-only */
    { NULL, 1370, INCLOAD_E_PERMISSION, false },
    { NULL, 1792, INCLOAD_E_PERMISSION, false }, /* read-only transaction */
    { NULL, 1049, INCLOAD_E_NOT_FOUND, false },
    { NULL, 1051, INCLOAD_E_NOT_FOUND, false },
    { NULL, 1054, INCLOAD_E_NOT_FOUND, false },
    { NULL, 1146, INCLOAD_E_NOT_FOUND, false },
    { NULL, 1305, INCLOAD_E_NOT_FOUND, false },
    { NULL, 1007, INCLOAD_E_EXISTS, false },
    { NULL, 1050, INCLOAD_E_EXISTS, false },
    { NULL, 1060, INCLOAD_E_EXISTS, false },
    { NULL, 1061, INCLOAD_E_EXISTS, false },
    { NULL, 1048, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1062, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1169, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1216, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1217, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1364, INCLOAD_E_CONSTRAINT, false }, /* a column without default was not given */
    { NULL, 1451, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1452, INCLOAD_E_CONSTRAINT, false },
    { NULL, 1557, INCLOAD_E_CONSTRAINT, false },
    { NULL, 4025, INCLOAD_E_CONSTRAINT, false }, /* CHECK */
    { NULL, 1264, INCLOAD_E_DATA, false },
    { NULL, 1265, INCLOAD_E_DATA, false },
    { NULL, 1292, INCLOAD_E_DATA, false },
    { NULL, 1366, INCLOAD_E_DATA, false },
    { NULL, 1406, INCLOAD_E_DATA, false },
    { NULL, 1114, INCLOAD_E_SQL, true }, /* table or disk is full */
    { NULL, 1021, INCLOAD_E_SQL, true }, /* disk is full */
    { NULL, 1037, INCLOAD_E_SQL, true }, /* the server is out of memory */
    { NULL, 1041, INCLOAD_E_SQL, true },
    { NULL, 1153, INCLOAD_E_DATA, false }, /* larger than max_allowed_packet */
    { "08003", 0, INCLOAD_E_CONNECT, true },
    { NULL, 0, 0, false },
};

int32_t
incload__mariadb_quote(incload__str *out, const char *what, const char *name, incload_error **err)
{
    static const incload__quoting rule = {
        .server = "MariaDB", .open = '`', .close = '`', .limit = 64, .unit = INCLOAD__NAME_CHARACTERS,
        .bmp_only = true, .no_trailing_space = true,
    };

    return incload__quote_with(&rule, out, what, name, err);
}

/* " NULL": without it the first TIMESTAMP of a table would fill itself in. */
static int32_t
create_table(incload__str *out, const incload__table *table, const incload__schema *columns, const int32_t *key,
             int32_t key_count, incload_error **err)
{
    incload__clause clause = { &incload__dialect_mariadb, out, err, INCLOAD_OK };

    incload__clause_create(&clause, "CREATE TABLE IF NOT EXISTS ", table, columns, key, key_count, " NULL");
    incload__clause_add(&clause, " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    return incload__clause_status(&clause);
}

/* No index but the load order: one made later (ALTER TABLE, CREATE INDEX) would commit, also on a temporary table. */
static int32_t
create_staging(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err)
{
    incload__clause clause = { &incload__dialect_mariadb, out, err, INCLOAD_OK };

    incload__clause_name(&clause, "CREATE TEMPORARY TABLE ", staging);
    incload__clause_add(&clause, " (`_incload_seq` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, ");
    incload__clause_definitions(&clause, columns, " NULL", true);
    incload__clause_add(&clause, ") ENGINE=InnoDB");
    return incload__clause_status(&clause);
}

static void
drop_staging(incload__str *out, const char *staging)
{
    incload__clause clause = { &incload__dialect_mariadb, out, NULL, INCLOAD_OK };

    incload__clause_name(&clause, "DROP TEMPORARY TABLE IF EXISTS ", staging);
}

/* By bytes where a collation would call different texts equal. */
static bool
compares_loosely(const incload__column *column)
{
    incload__kind kind = incload__mariadb_kind(column);

    return kind == INCLOAD__TEXT || kind == INCLOAD__JSON;
}

static void
equals(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    if (compares_loosely(column))
        incload__str_addf(out, "CAST(%s AS BINARY) <=> CAST(%s AS BINARY)", t, s);
    else
        incload__str_addf(out, "%s <=> %s", t, s);
}

/* For the subquery of append, where the plain comparison of a whole column may use an index. */
static void
same(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    if (compares_loosely(column))
        incload__str_addf(out, "%s <=> %s AND ", t, s);
    equals(out, column, t, s);
}

/* `before`, then the staged rows s by their place among those of their key: the one at place 1 wins. A window finds it,
 * since a self-join would want an index on the key; and it hands them on in key order, so that the target's pages are
 * met one after the other: an update of 4 million rows by 250,000 scattered ones took 28,000 page reads instead of
 * 407,000. STRAIGHT_JOIN keeps that order; the server knows nothing of the size of a temporary table and might read the
 * whole target. */
static void
add_places(incload__clause *clause, const incload__merge *merge, const char *before, const char *place)
{
    incload__clause_add(clause, before);
    incload__clause_add(clause, "(SELECT r.`_incload_seq` FROM (SELECT n.`_incload_seq`, "
                                "ROW_NUMBER() OVER (PARTITION BY ");
    incload__clause_key(clause, merge, "n.");
    incload__clause_add(clause, " ORDER BY ");
    if (merge->latest_by >= 0) {
        incload__clause_name(clause, "n.", merge->columns->columns[merge->latest_by].name);
        incload__clause_add(clause, " DESC, ");
    }
    incload__clause_name(clause, "n.`_incload_seq` DESC) AS place FROM ", merge->staging);
    incload__clause_add(clause, " AS n) AS r WHERE r.place ");
    incload__clause_add(clause, place);
    incload__clause_name(clause, ") AS w STRAIGHT_JOIN ", merge->staging);
    incload__clause_add(clause, " AS s ON s.`_incload_seq` = w.`_incload_seq` ");
}

static void
add_winners(incload__clause *clause, const incload__merge *merge, const char *before)
{
    add_places(clause, merge, before, "= 1");
}

static int32_t
add_update(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_mariadb, &sql, err, INCLOAD_OK };

    add_winners(&clause, merge, "UPDATE ");
    incload__clause_add(&clause, "STRAIGHT_JOIN ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t ON ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_add(&clause, " SET ");
    incload__clause_assign(&clause, merge, "t.", "s.");
    incload__clause_add(&clause, " WHERE NOT (");
    incload__clause_compare(&clause, merge, false, " AND ", "t.", "s.", equals);
    incload__clause_add(&clause, ")");
    return incload__clause_finish(&clause, out, true);
}

static void
add_insert(incload__clause *clause, const incload__merge *merge)
{
    incload__clause_add(clause, "INSERT INTO ");
    incload__clause_table(clause, merge->target);
    incload__clause_add(clause, " (");
    incload__clause_columns(clause, merge, "");
    incload__clause_add(clause, ") SELECT ");
    incload__clause_columns(clause, merge, "s.");
    incload__clause_add(clause, " FROM ");
}

/* Never ON DUPLICATE KEY UPDATE: it fires on any unique index and would overwrite a row with another key. */
static int32_t
merge_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    int32_t status = incload__merge_check(merge, true, err);

    if (status == INCLOAD_OK && !incload__merge_keeps_rows(merge))
        status = add_update(out, merge, err);
    if (status != INCLOAD_OK)
        return status;

    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_mariadb, &sql, err, INCLOAD_OK };

    add_insert(&clause, merge);
    add_winners(&clause, merge, "");
    incload__clause_add(&clause, "LEFT JOIN ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t ON ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_name(&clause, " WHERE t.", merge->columns->columns[merge->key[0]].name);
    incload__clause_add(&clause, " IS NULL");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
append_rows(incload__statements *out, const incload__merge *merge, const char *boundary, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_mariadb, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&clause, merge);
    incload__clause_name(&clause, "", merge->staging);
    incload__clause_add(&clause, " AS s");
    incload__clause_boundary(&clause, merge, boundary, same);
    incload__clause_add(&clause, " ORDER BY s.`_incload_seq`");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
update_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    int32_t status = incload__merge_check(merge, true, err);

    return status == INCLOAD_OK && !incload__merge_keeps_rows(merge) ? add_update(out, merge, err) : status;
}

/* With an index from the beginning: one made later would commit. */
static int32_t
create_keys(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err)
{
    incload__clause clause = { &incload__dialect_mariadb, out, err, INCLOAD_OK };

    incload__clause_name(&clause, "CREATE TEMPORARY TABLE ", staging);
    incload__clause_add(&clause, " (");
    incload__clause_definitions(&clause, columns, " NULL", true);
    for (int32_t i = 0; i < columns->count; i++)
        incload__clause_name(&clause, i == 0 ? ", KEY (" : ", ", columns->columns[i].name);
    incload__clause_add(&clause, ")) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin");
    return incload__clause_status(&clause);
}

/* The keys that come, each once, lead the way to the target's rows. */
static void
add_matched(incload__clause *clause, const incload__merge *merge, const incload__removal *how)
{
    incload__clause_add(clause, "(SELECT DISTINCT ");
    incload__clause_key(clause, merge, "s.");
    incload__clause_name(clause, " FROM ", merge->staging);
    incload__clause_add(clause, " AS s");
    incload__clause_staged(clause, how, " WHERE ");
    incload__clause_add(clause, ") AS s STRAIGHT_JOIN ");
    incload__clause_table(clause, merge->target);
    incload__clause_add(clause, " AS t ON ");
    incload__clause_join(clause, merge, "t.", "s.");
}

static void
add_missing(incload__clause *clause, const incload__merge *merge)
{
    incload__clause_table(clause, merge->target);
    incload__clause_name(clause, " AS t LEFT JOIN ", merge->staging);
    incload__clause_add(clause, " AS s ON ");
    incload__clause_join(clause, merge, "t.", "s.");
}

/* Joins: an UPDATE or DELETE of one table with EXISTS would ask the subquery for each row of the target. */
static int32_t
remove_rows(incload__statements *out, const incload__merge *merge, const incload__removal *how, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_mariadb, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, how->flag != NULL ? "UPDATE " : "DELETE t FROM ");
    if (how->missing)
        add_missing(&clause, merge);
    else
        add_matched(&clause, merge, how);
    if (how->flag != NULL)
        incload__clause_mark(&clause, how, "t.");
    if (how->missing) {
        incload__clause_name(&clause, " WHERE s.", merge->columns->columns[merge->key[0]].name);
        incload__clause_add(&clause, " IS NULL");
    } else {
        incload__clause_add(&clause, how->flag != NULL ? " WHERE TRUE" : "");
    }
    incload__clause_unmarked(&clause, how, "t.");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
delete_missing(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    return remove_rows(out, merge, &(incload__removal){ .missing = true }, err);
}

static int32_t
keep_winners(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_mariadb, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    add_places(&clause, merge, "DELETE s FROM ", "> 1");
    return incload__clause_finish(&clause, out, false);
}

static int32_t
unlike(incload__str *out, const incload__merge *merge, incload_error **err)
{
    incload__clause clause = { &incload__dialect_mariadb, out, err, INCLOAD_OK };

    incload__clause_unlike(&clause, merge, same);
    return incload__clause_status(&clause);
}

static incload__error_class
classify(const char *sqlstate, int64_t native_code)
{
    return incload__classify(error_rules, sqlstate, native_code);
}

static void
differs(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    incload__str_add(out, "NOT (");
    equals(out, column, t, s);
    incload__str_add(out, ")");
}

static const struct incload__history_style history_style = {
    .differs = differs,
    .temp = "",
    .load_order = "`_incload_seq`",
    .descending = " DESC",
    .overriding = "",
    .civil = "datetime(6)",
    .instant = "datetime(6)",
    .joins_updates = true,
    .keys_apart = true,
};

/* The target's column against the staged value, which is a constant to the optimizer: an index serves, as it does not
 * for EXISTS in a DELETE. */
static void
add_equal(incload__clause *clause, const incload__merge *merge, const char *place, const incload__column *column)
{
    incload__str t = INCLOAD__STR(clause->out->mem), s = INCLOAD__STR(clause->out->mem);
    incload__clause left = { clause->dialect, &t, clause->err, clause->status };
    incload__clause right = { clause->dialect, &s, clause->err, clause->status };

    incload__clause_table(&left, merge->target);
    incload__clause_name(&left, ".", column->name);
    incload__clause_name(&right, "(SELECT s.", column->name);
    incload__clause_name(&right, " FROM ", merge->staging);
    incload__clause_add(&right, " AS s WHERE s.`_incload_seq` = '");
    incload__clause_add(&right, place);
    incload__clause_add(&right, "')");
    clause->status = incload__clause_status(&left);
    if (clause->status == INCLOAD_OK)
        clause->status = incload__clause_status(&right);
    if (clause->status == INCLOAD_OK)
        same(clause->out, column, incload__str_text(&t), incload__str_text(&s));
    incload__str_free(&t);
    incload__str_free(&s);
}

/* An alias is not allowed where there is a LIMIT. */
static int32_t
remove_one(incload__str *out, const incload__merge *merge, const char *place, incload_error **err)
{
    incload__clause clause = { &incload__dialect_mariadb, out, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, "DELETE FROM ");
    incload__clause_table(&clause, merge->target);
    for (int32_t i = 0; i < merge->columns->count && clause.status == INCLOAD_OK; i++) {
        incload__clause_add(&clause, i == 0 ? " WHERE " : " AND ");
        add_equal(&clause, merge, place, &merge->columns->columns[i]);
    }
    incload__clause_add(&clause, " LIMIT 1");
    return incload__clause_status(&clause);
}

const incload__dialect incload__dialect_mariadb = {
    .name = "mariadb",
    .ddl_commits = true,
    .civil_is_utc = true,
    .snapshot_reads = true,
    .max_params = 65535,
    .name_limit = 64,
    .name_limit_characters = true,
    /* The snapshot is taken here, not at the first read; the session is at REPEATABLE READ. */
    .begin_read = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    .begin_write = "START TRANSACTION READ WRITE",
    /* For the next transaction only. A log of statements alone would refuse it. */
    .before_copy = "SET @@tx_isolation = IF(@@log_bin AND @@binlog_format = 'STATEMENT', 'REPEATABLE-READ', "
                   "'READ-COMMITTED')",
    .session = session,
    .identity_query = incload__sql_mariadb_identity,
    .quote = incload__mariadb_quote,
    .columns_query = incload__sql_mariadb_columns,
    .keys_query = incload__sql_mariadb_keys,
    .schema_query = incload__sql_mariadb_schema,
    .type_of = incload__mariadb_type_of,
    .native_type = incload__mariadb_native_type,
    .select_item = incload__mariadb_select_item,
    .bind_item = incload__mariadb_bind_item,
    .param = incload__mariadb_param,
    .encode = incload__mariadb_encode,
    .exact_text = incload__mariadb_exact_text,
    .no_position = incload__mariadb_no_position,
    .bounds_place = true,
    .create_table = create_table,
    .create_staging = create_staging,
    .load_order = "`_incload_seq`",
    .drop_staging = drop_staging,
    .merge = merge_rows,
    .append = append_rows,
    .unlike = unlike,
    .create_keys = create_keys,
    .delete_missing = delete_missing,
    .remove_rows = remove_rows,
    .update_rows = update_rows,
    .keep_winners = keep_winners,
    .words = { "FALSE", "TRUE" },
    .text_word = "char",
    .classify = classify,
    /* Not UNIX_TIMESTAMP(), which ends in 2038. */
    .now_us = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
    .session_id = "CONCAT_WS('/', CONNECTION_ID(), @@hostname, @@port, @@datadir)",
    .end_session_query = incload__sql_mariadb_end_session,
    .kill = "KILL HARD CONNECTION ",
    .in_transaction_query = "SELECT @@in_transaction",
    .engine_query = incload__sql_mariadb_engine,
    .history = &history_style,
    .followers_query = incload__sql_mariadb_followers,
    .swap = &incload__swap_mariadb,
    .units = &incload__units_mariadb,
    .parents_query = incload__sql_mariadb_parents,
    .remove_one = remove_one,
    .capture = &incload__capture_mariadb,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: sessions, statements, and what its errors mean. */
#include "dialect/sqlite.h"

#include <string.h>

#include "dialect/capture.h"
#include "dialect/classify.h"
#include "dialect/quote.h"
#include "dialect/scd2.h"
#include "dialect/sql.h"
#include "dialect/swap.h"
#include "dialect/units.h"

static const char *const session[] = {
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    NULL,
};

/* Every SQLSTATE is HY000 here: the native code tells. Extended codes carry the primary one in their low byte. */
static const incload__error_rule error_rules[] = {
    { NULL, 5, INCLOAD_E_CONFLICT, true },  /* SQLITE_BUSY */
    { NULL, 6, INCLOAD_E_CONFLICT, true },  /* SQLITE_LOCKED */
    { NULL, 3, INCLOAD_E_PERMISSION, false },
    { NULL, 4, INCLOAD_E_CANCELLED, false },
    { NULL, 7, INCLOAD_E_NO_MEMORY, false },
    { NULL, 8, INCLOAD_E_PERMISSION, false }, /* SQLITE_READONLY */
    { NULL, 9, INCLOAD_E_CANCELLED, false },  /* SQLITE_INTERRUPT */
    { NULL, 10, INCLOAD_E_SQL, true },        /* SQLITE_IOERR */
    { NULL, 11, INCLOAD_E_SQL, false },       /* SQLITE_CORRUPT */
    { NULL, 13, INCLOAD_E_SQL, true },        /* SQLITE_FULL */
    { NULL, 14, INCLOAD_E_CONNECT, false },   /* SQLITE_CANTOPEN */
    { NULL, 15, INCLOAD_E_CONFLICT, true },   /* SQLITE_PROTOCOL: locking in WAL */
    { NULL, 17, INCLOAD_E_CONFLICT, true },   /* SQLITE_SCHEMA */
    { NULL, 18, INCLOAD_E_DATA, false },      /* SQLITE_TOOBIG */
    { NULL, 19, INCLOAD_E_CONSTRAINT, false },
    { NULL, 20, INCLOAD_E_DATA, false }, /* SQLITE_MISMATCH */
    { NULL, 23, INCLOAD_E_PERMISSION, false },
    { NULL, 26, INCLOAD_E_CONNECT, false }, /* SQLITE_NOTADB */
    { NULL, 0, 0, false },
};

/* Backticks: a name in double quotes that is no column would silently be a string. But the ODBC driver, which counts
 * the question marks itself, ends statements at semicolons and takes braces away, does not know backticks: what it
 * would misread between them stands in double quotes. */
int32_t
incload__sqlite_quote(incload__str *out, const char *what, const char *name, incload_error **err)
{
    bool misread = name != NULL && strpbrk(name, "'\"?;{}") != NULL;
    /* SQLite has no limit; its ODBC driver reports column names of up to 255 bytes. */
    const incload__quoting rule = {
        .server = "SQLite", .open = misread ? '"' : '`', .close = misread ? '"' : '`', .limit = 255,
        .unit = INCLOAD__NAME_BYTES,
    };

    return incload__quote_with(&rule, out, what, name, err);
}

static int32_t
create_table(incload__str *out, const incload__table *table, const incload__schema *columns, const int32_t *key,
             int32_t key_count, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlite, out, err, INCLOAD_OK };

    incload__clause_create(&clause, "CREATE TABLE IF NOT EXISTS ", table, columns, key, key_count, "");
    return incload__clause_status(&clause);
}

static int32_t
create_staging(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlite, out, err, INCLOAD_OK };

    incload__clause_name(&clause, "CREATE TEMP TABLE ", staging);
    /* The rowid, which is load order, under a name that no column of the target hides. */
    incload__clause_add(&clause, " (`_incload_seq` INTEGER PRIMARY KEY, ");
    incload__clause_definitions(&clause, columns, "", true);
    incload__clause_add(&clause, ")");
    return incload__clause_status(&clause);
}

static void
drop_staging(incload__str *out, const char *staging)
{
    incload__clause clause = { &incload__dialect_sqlite, out, NULL, INCLOAD_OK };

    incload__clause_name(&clause, "DROP TABLE IF EXISTS temp.", staging);
}

/* BINARY: under NOCASE a change of case alone would not be seen. */
static void
differs(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    (void)column;
    incload__str_addf(out, "%s COLLATE BINARY IS NOT %s", t, s);
}

static bool
collates(const incload__column *column)
{
    return incload__sqlite_affinity(column->native) == INCLOAD__AFFINITY_TEXT;
}

static void
same(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    incload__str_addf(out, "%s IS %s", t, s);
    if (collates(column))
        incload__str_addf(out, " AND %s COLLATE BINARY IS %s", t, s);
}

static void
add_insert(incload__clause *clause, const incload__merge *merge)
{
    incload__clause_add(clause, "INSERT INTO ");
    incload__clause_table(clause, merge->target);
    incload__clause_add(clause, " AS t (");
    incload__clause_columns(clause, merge, "");
    incload__clause_add(clause, ") SELECT ");
    incload__clause_columns(clause, merge, "s.");
    incload__clause_add(clause, " FROM ");
}

/* Decimals are kept as text, whose order is not theirs. */
static void
add_latest(incload__clause *clause, const incload__merge *merge)
{
    const incload__column *column;
    incload__kind kind;
    bool number;

    if (merge->latest_by < 0)
        return;
    column = &merge->columns->columns[merge->latest_by];
    kind = incload__sqlite_kind(column);
    number = kind == INCLOAD__DECIMAL || kind == INCLOAD__NUMERIC || kind == INCLOAD__UINT64;
    incload__clause_name(clause, number ? "CAST(n." : "n.", column->name);
    incload__clause_add(clause, number ? " AS NUMERIC) DESC, " : " DESC, ");
}

static void
add_places(incload__clause *clause, const incload__merge *merge)
{
    incload__clause_add(clause, "row_number() OVER (PARTITION BY ");
    incload__clause_key(clause, merge, "n.");
    incload__clause_add(clause, " ORDER BY ");
    add_latest(clause, merge);
    incload__clause_name(clause, "n.`_incload_seq` DESC) AS `_incload_place` FROM temp.", merge->staging);
    incload__clause_add(clause, " AS n)");
}

static int32_t
merge_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlite, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&clause, merge);
    incload__clause_add(&clause, "(SELECT ");
    incload__clause_columns(&clause, merge, "n.");
    incload__clause_add(&clause, ", ");
    add_places(&clause, merge);
    /* WHERE also keeps the parser from taking ON for a join's. */
    incload__clause_add(&clause, " AS s WHERE s.`_incload_place` = 1");
    incload__clause_on_conflict(&clause, merge, "excluded.", differs);
    return incload__clause_finish(&clause, out, true);
}

static int32_t
append_rows(incload__statements *out, const incload__merge *merge, const char *boundary, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlite, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&clause, merge);
    incload__clause_name(&clause, "temp.", merge->staging);
    incload__clause_add(&clause, " AS s");
    incload__clause_boundary(&clause, merge, boundary, same);
    incload__clause_add(&clause, " ORDER BY s.`_incload_seq`");
    return incload__clause_finish(&clause, out, true);
}

/* A list that is looked up, made once: an anti-join would scan staging for each row of the target. */
static int32_t
remove_rows(incload__statements *out, const incload__merge *merge, const incload__removal *how, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlite, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, how->flag != NULL ? "UPDATE " : "DELETE FROM ");
    incload__clause_table(&clause, merge->target);
    if (how->flag != NULL)
        incload__clause_mark(&clause, how, "");
    incload__clause_add(&clause, " WHERE (");
    incload__clause_key(&clause, merge, "");
    incload__clause_add(&clause, how->missing ? ") NOT IN (SELECT " : ") IN (SELECT ");
    incload__clause_key(&clause, merge, "s.");
    incload__clause_name(&clause, " FROM temp.", merge->staging);
    incload__clause_add(&clause, " AS s");
    incload__clause_staged(&clause, how, " WHERE ");
    incload__clause_add(&clause, ")");
    incload__clause_unmarked(&clause, how, "");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
update_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlite, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK || incload__merge_keeps_rows(merge))
        return status;
    incload__clause_add(&clause, "UPDATE ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t SET ");
    incload__clause_assign(&clause, merge, "", "s.");
    incload__clause_name(&clause, " FROM temp.", merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_add(&clause, " AND (");
    incload__clause_compare(&clause, merge, false, " OR ", "t.", "s.", differs);
    incload__clause_add(&clause, ")");
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
    incload__clause clause = { &incload__dialect_sqlite, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_name(&clause, "DELETE FROM temp.", merge->staging);
    incload__clause_add(&clause, " WHERE `_incload_seq` IN (SELECT r.`_incload_seq` FROM (SELECT n.`_incload_seq`, ");
    add_places(&clause, merge);
    incload__clause_add(&clause, " AS r WHERE r.`_incload_place` > 1)");
    return incload__clause_finish(&clause, out, false);
}

static int32_t
unlike(incload__str *out, const incload__merge *merge, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlite, out, err, INCLOAD_OK };

    incload__clause_unlike(&clause, merge, same);
    return incload__clause_status(&clause);
}

static incload__error_class
classify(const char *sqlstate, int64_t native_code)
{
    return incload__classify(error_rules, sqlstate, native_code & 0xff);
}

static const struct incload__history_style history_style = {
    .differs = differs,
    .temp = "temp.",
    .load_order = "`_incload_seq`",
    .descending = " DESC",
    .overriding = "",
    .missing_by_list = true,
    .numbers_as_text = true,
};

static int32_t
remove_one(incload__str *out, const incload__merge *merge, const char *place, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlite, out, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, "DELETE FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " WHERE _rowid_ = (SELECT t._rowid_ FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_name(&clause, " AS t, temp.", merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_place(&clause, merge, place, "t.", same);
    incload__clause_add(&clause, " LIMIT 1)");
    return incload__clause_status(&clause);
}

const incload__dialect incload__dialect_sqlite = {
    .name = "sqlite",
    .judges_decimals = true,
    .snapshot_reads = true,
    .max_params = 32766,
    .name_limit = 255,
    .begin_read = "BEGIN",
    /* A deferred transaction that turns to writing after another one's commit fails for good. */
    .begin_write = "BEGIN IMMEDIATE",
    .session = session,
    .identity_query = incload__sql_sqlite_identity,
    .quote = incload__sqlite_quote,
    .columns_query = incload__sql_sqlite_columns,
    .keys_query = incload__sql_sqlite_keys,
    .schema_query = incload__sql_sqlite_schema,
    .type_of = incload__sqlite_type_of,
    .native_type = incload__sqlite_native_type,
    .select_item = incload__sqlite_select_item,
    .bind_item = incload__sqlite_bind_item,
    .param = incload__sqlite_param,
    .encode = incload__sqlite_encode,
    .exact_text = incload__sqlite_exact_text,
    .no_position = incload__sqlite_no_position,
    .misorders = incload__sqlite_misorders,
    .create_table = create_table,
    .create_staging = create_staging,
    .load_order = "`_incload_seq`",
    .drop_staging = drop_staging,
    .merge = merge_rows,
    .append = append_rows,
    .unlike = unlike,
    .create_keys = create_staging,
    .delete_missing = delete_missing,
    .remove_rows = remove_rows,
    .update_rows = update_rows,
    .keep_winners = keep_winners,
    .words = { "0", "1" },
    .text_word = "text",
    .classify = classify,
    /* To the millisecond. */
    .now_us = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000",
    .one_writer = true,
    .history = &history_style,
    .followers_query = incload__sql_sqlite_followers,
    .swap = &incload__swap_sqlite,
    .units = &incload__units_sqlite,
    .parents_query = incload__sql_sqlite_parents,
    .remove_one = remove_one,
    .capture = &incload__capture_sqlite,
};

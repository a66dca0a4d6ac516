/* SPDX-License-Identifier: Apache-2.0 */
/* SQL Server: sessions, statements, and what its errors mean. Written from its documentation. */
#include "dialect/sqlserver.h"

#include "dialect/classify.h"
#include "dialect/clause.h"
#include "dialect/quote.h"
#include "dialect/sql.h"

/* XACT_ABORT: any error ends the transaction, so none is left half done. */
static const char *const session[] = {
    "SET XACT_ABORT ON",
    "SET NOCOUNT OFF",
    "SET ANSI_NULLS ON",
    "SET ANSI_WARNINGS ON",
    "SET ANSI_PADDING ON",
    "SET ARITHABORT ON",
    "SET QUOTED_IDENTIFIER ON",
    "SET CONCAT_NULL_YIELDS_NULL ON",
    "SET DATEFORMAT ymd",
    NULL,
};

static const incload__error_rule error_rules[] = {
    { NULL, 1205, INCLOAD_E_CONFLICT, true }, /* deadlock */
    { NULL, 1222, INCLOAD_E_CONFLICT, true }, /* lock timeout */
    { NULL, 3960, INCLOAD_E_CONFLICT, true }, /* snapshot update conflict */
    { NULL, 3961, INCLOAD_E_CONFLICT, true },
    { NULL, 10053, INCLOAD_E_CONNECT, true },
    { NULL, 10054, INCLOAD_E_CONNECT, true },
    { NULL, 10060, INCLOAD_E_CONNECT, true },
    { NULL, 10928, INCLOAD_E_CONNECT, true },
    { NULL, 10929, INCLOAD_E_CONNECT, true },
    { NULL, 40197, INCLOAD_E_CONNECT, true },
    { NULL, 40501, INCLOAD_E_CONNECT, true },
    { NULL, 40613, INCLOAD_E_CONNECT, true },
    { NULL, 18456, INCLOAD_E_AUTH, false },
    { NULL, 4060, INCLOAD_E_NOT_FOUND, false },
    { NULL, 229, INCLOAD_E_PERMISSION, false },
    { NULL, 230, INCLOAD_E_PERMISSION, false },
    { NULL, 262, INCLOAD_E_PERMISSION, false },
    { NULL, 3906, INCLOAD_E_PERMISSION, false }, /* the database is read-only */
    { NULL, 207, INCLOAD_E_NOT_FOUND, false },
    { NULL, 208, INCLOAD_E_NOT_FOUND, false },
    { NULL, 2714, INCLOAD_E_EXISTS, false },
    { NULL, 515, INCLOAD_E_CONSTRAINT, false },
    { NULL, 547, INCLOAD_E_CONSTRAINT, false },
    { NULL, 2601, INCLOAD_E_CONSTRAINT, false },
    { NULL, 2627, INCLOAD_E_CONSTRAINT, false },
    { NULL, 8672, INCLOAD_E_CONSTRAINT, false }, /* MERGE met one row twice */
    { NULL, 220, INCLOAD_E_DATA, false },
    { NULL, 241, INCLOAD_E_DATA, false },
    { NULL, 245, INCLOAD_E_DATA, false },
    { NULL, 2628, INCLOAD_E_DATA, false },
    { NULL, 8115, INCLOAD_E_DATA, false },
    { NULL, 8152, INCLOAD_E_DATA, false },
    { NULL, 1105, INCLOAD_E_SQL, true }, /* the file group is full */
    { NULL, 9002, INCLOAD_E_SQL, true }, /* the log is full */
    { NULL, 0, 0, false },
};

int32_t
incload__sqlserver_quote(incload__str *out, const char *what, const char *name, incload_error **err)
{
    static const incload__quoting rule = {
        .server = "SQL Server", .open = '[', .close = ']', .limit = 128, .unit = INCLOAD__NAME_UTF16,
    };

    return incload__quote_with(&rule, out, what, name, err);
}

/* There is no IF NOT EXISTS for tables; OBJECT_ID takes the quoted name as a string. */
static int32_t
create_table(incload__str *out, const incload__table *table, const incload__schema *columns, const int32_t *key,
             int32_t key_count, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlserver, out, err, INCLOAD_OK };
    incload__str name = INCLOAD__STR(out->mem);

    clause.status = incload__quote_table(&incload__dialect_sqlserver, &name, table, err);
    incload__clause_add(&clause, "IF OBJECT_ID(N'");
    for (const char *at = name.failed || name.data == NULL ? "" : name.data; *at != '\0'; at++) {
        incload__str_add_char(out, *at);
        if (*at == '\'')
            incload__str_add_char(out, *at);
    }
    incload__clause_add(&clause, "', N'U') IS NULL ");
    incload__clause_create(&clause, "CREATE TABLE ", table, columns, key, key_count, " NULL");
    out->failed = out->failed || name.failed;
    incload__str_free(&name);
    return incload__clause_status(&clause);
}

static void
add_staging(incload__clause *clause, const char *before, const char *staging)
{
    incload__str name = INCLOAD__STR(clause->out->mem);

    if (staging[0] != '#')
        incload__str_add_char(&name, '#');
    incload__str_add(&name, staging);
    if (name.failed)
        clause->out->failed = true;
    else
        incload__clause_name(clause, before, incload__str_text(&name));
    incload__str_free(&name);
}

static int32_t
create_staging(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlserver, out, err, INCLOAD_OK };

    add_staging(&clause, "CREATE TABLE ", staging);
    incload__clause_add(&clause, " ([_incload_seq] bigint IDENTITY(1,1) NOT NULL PRIMARY KEY, ");
    incload__clause_definitions(&clause, columns, " NULL", true);
    incload__clause_add(&clause, ")");
    return incload__clause_status(&clause);
}

static void
drop_staging(incload__str *out, const char *staging)
{
    incload__clause clause = { &incload__dialect_sqlserver, out, NULL, INCLOAD_OK };

    add_staging(&clause, "DROP TABLE IF EXISTS ", staging);
}

/* One side of a comparison by bytes where equality is looser than the value (collations) or missing (xml). EXISTS with
 * EXCEPT and INTERSECT counts NULLs as equal. */
static void
add_exact(incload__str *out, const incload__column *column, const char *c)
{
    incload__kind kind = incload__sqlserver_kind(column);
    bool bytes = kind == INCLOAD__TEXT || kind == INCLOAD__JSON || kind == INCLOAD__NATIVE || kind == INCLOAD__BINARY;

    incload__str_addf(out, bytes ? "CONVERT(varbinary(max), %s)" : "%s", c);
}

static void
exact_target(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    (void)s;
    add_exact(out, column, t);
}

static void
exact_staged(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    (void)t;
    add_exact(out, column, s);
}

static void
add_compare(incload__clause *clause, const incload__merge *merge, bool key_too, const char *set_operator)
{
    incload__clause_add(clause, "EXISTS (SELECT ");
    incload__clause_compare(clause, merge, key_too, ", ", "t.", "s.", exact_staged);
    incload__clause_add(clause, set_operator);
    incload__clause_compare(clause, merge, key_too, ", ", "t.", "s.", exact_target);
    incload__clause_add(clause, ")");
}

static int32_t
add_delete_older(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlserver, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "WITH d AS (SELECT ROW_NUMBER() OVER (PARTITION BY ");
    incload__clause_key(&clause, merge, "s.");
    incload__clause_add(&clause, " ORDER BY ");
    if (merge->latest_by >= 0) {
        incload__clause_name(&clause, "s.", merge->columns->columns[merge->latest_by].name);
        incload__clause_add(&clause, " DESC, ");
    }
    incload__clause_add(&clause, "s.[_incload_seq] DESC) AS place FROM ");
    add_staging(&clause, "", merge->staging);
    incload__clause_add(&clause, " AS s) DELETE FROM d WHERE place > 1");
    return incload__clause_finish(&clause, out, false);
}

/* HOLDLOCK: without it two merges can both find a key missing. MERGE fails on a key that stands twice in its source. */
static int32_t
merge_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    int32_t status = incload__merge_check(merge, true, err);

    if (status == INCLOAD_OK)
        status = add_delete_older(out, merge, err);
    if (status != INCLOAD_OK)
        return status;

    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlserver, &sql, err, INCLOAD_OK };

    incload__clause_add(&clause, "MERGE INTO ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " WITH (HOLDLOCK) AS t USING ");
    add_staging(&clause, "", merge->staging);
    incload__clause_add(&clause, " AS s ON ");
    incload__clause_join(&clause, merge, "t.", "s.");
    if (!incload__merge_keeps_rows(merge)) {
        incload__clause_add(&clause, " WHEN MATCHED AND ");
        add_compare(&clause, merge, false, " EXCEPT SELECT ");
        incload__clause_add(&clause, " THEN UPDATE SET ");
        incload__clause_assign(&clause, merge, "", "s.");
    }
    incload__clause_add(&clause, " WHEN NOT MATCHED BY TARGET THEN INSERT (");
    incload__clause_columns(&clause, merge, "");
    incload__clause_add(&clause, ") VALUES (");
    incload__clause_columns(&clause, merge, "s.");
    incload__clause_add(&clause, ");");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
append_rows(incload__statements *out, const incload__merge *merge, const char *boundary, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlserver, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, "INSERT INTO ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " (");
    incload__clause_columns(&clause, merge, "");
    incload__clause_add(&clause, ") SELECT ");
    incload__clause_columns(&clause, merge, "s.");
    incload__clause_add(&clause, " FROM ");
    add_staging(&clause, "", merge->staging);
    incload__clause_add(&clause, " AS s");
    if (boundary != NULL) {
        incload__clause_add(&clause, " WHERE CASE WHEN (");
        incload__clause_add(&clause, boundary);
        incload__clause_add(&clause, ") THEN 1 ELSE 0 END = 0 OR NOT EXISTS (SELECT 1 FROM ");
        incload__clause_table(&clause, merge->target);
        incload__clause_add(&clause, " AS t WHERE ");
        if (merge->key_count > 0) {
            incload__clause_join(&clause, merge, "t.", "s.");
            incload__clause_add(&clause, " AND ");
        }
        add_compare(&clause, merge, true, " INTERSECT SELECT ");
        incload__clause_add(&clause, ")");
    }
    incload__clause_add(&clause, " ORDER BY s.[_incload_seq]");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
remove_rows(incload__statements *out, const incload__merge *merge, const incload__removal *how, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_sqlserver, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, how->flag != NULL ? "UPDATE t" : "DELETE t");
    if (how->flag != NULL)
        incload__clause_mark(&clause, how, "");
    incload__clause_add(&clause, " FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t");
    incload__clause_add(&clause, how->missing ? " WHERE NOT EXISTS (SELECT 1 FROM " : " WHERE EXISTS (SELECT 1 FROM ");
    add_staging(&clause, "", merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_staged(&clause, how, " AND ");
    incload__clause_add(&clause, ")");
    incload__clause_unmarked(&clause, how, "t.");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
keep_winners(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    int32_t status = incload__merge_check(merge, true, err);

    return status == INCLOAD_OK ? add_delete_older(out, merge, err) : status;
}

static int32_t
unlike(incload__str *out, const incload__merge *merge, incload_error **err)
{
    incload__clause clause = { &incload__dialect_sqlserver, out, err, INCLOAD_OK };

    incload__clause_add(&clause, "NOT EXISTS (SELECT 1 FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_add(&clause, merge->key_count > 0 ? " AND " : "");
    add_compare(&clause, merge, true, " INTERSECT SELECT ");
    incload__clause_add(&clause, ")");
    return incload__clause_status(&clause);
}

static incload__error_class
classify(const char *sqlstate, int64_t native_code)
{
    return incload__classify(error_rules, sqlstate, native_code);
}

const incload__dialect incload__dialect_sqlserver = {
    .name = "sqlserver",
    .has_schemas = true,
    .max_params = 2100,
    .name_limit = 128,
    .name_limit_characters = true,
    /* SNAPSHOT isolation would need a setting of the database, so no snapshot is promised. */
    .begin_read = "BEGIN TRANSACTION",
    .begin_write = "BEGIN TRANSACTION",
    .session = session,
    .identity_query = incload__sql_sqlserver_identity,
    .quote = incload__sqlserver_quote,
    .columns_query = incload__sql_sqlserver_columns,
    .keys_query = incload__sql_sqlserver_keys,
    .schema_query = incload__sql_sqlserver_schema,
    .home_query = "SELECT CASE WHEN SCHEMA_NAME() = ? THEN N'dbo' ELSE SCHEMA_NAME() END",
    .type_of = incload__sqlserver_type_of,
    .native_type = incload__sqlserver_native_type,
    .select_item = incload__sqlserver_select_item,
    .bind_item = incload__sqlserver_bind_item,
    .param = incload__sqlserver_param,
    .encode = incload__sqlserver_encode,
    .exact_text = incload__sqlserver_exact_text,
    .no_position = incload__sqlserver_no_position,
    .bounds_place = true,
    .create_table = create_table,
    .create_staging = create_staging,
    .drop_staging = drop_staging,
    .merge = merge_rows,
    .append = append_rows,
    .unlike = unlike,
    .remove_rows = remove_rows,
    .keep_winners = keep_winners,
    .words = { "0", "1" },
    .text_word = "nvarchar(max)",
    .classify = classify,
    .now_us = "DATEDIFF_BIG(MICROSECOND, '19700101', SYSUTCDATETIME())",
};

/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL: sessions, statements, and what its errors mean. */
#include "dialect/postgres.h"

#include <string.h>

#include "base/utf8.h"
#include "dialect/capture.h"
#include "dialect/classify.h"
#include "dialect/quote.h"
#include "dialect/scd2.h"
#include "dialect/sql.h"
#include "dialect/swap.h"
#include "dialect/units.h"

/* Whatever PGOPTIONS, the role or the database set: text must mean the same on both ends of a load. */
static const char *const session[] = {
    "SET client_encoding = 'UTF8'",
    "SET standard_conforming_strings = on",
    "SET DateStyle = 'ISO, YMD'",
    "SET TimeZone = 'UTC'",
    "SET IntervalStyle = 'postgres'",
    "SET extra_float_digits = 3",
    "SET bytea_output = 'hex'",
    "SET xmloption = 'content'",
    "SET lc_monetary = 'C'",
    "SET array_nulls = on", /* else a NULL in an array's text becomes the word */
    NULL,
};

static const incload__error_rule error_rules[] = {
    { "08", 0, INCLOAD_E_CONNECT, true },
    { "57P01", 0, INCLOAD_E_CONNECT, true }, /* terminated by the administrator */
    { "57P02", 0, INCLOAD_E_CONNECT, true }, /* crash shutdown */
    { "57P03", 0, INCLOAD_E_CONNECT, true }, /* starting up */
    { "57P04", 0, INCLOAD_E_NOT_FOUND, false }, /* the database was dropped */
    { "57P05", 0, INCLOAD_E_CONNECT, true }, /* idle session timeout */
    { "25P03", 0, INCLOAD_E_CONNECT, true }, /* idle in transaction: the session was ended */
    { "25P04", 0, INCLOAD_E_CONNECT, true }, /* transaction timeout: the session was ended */
    { "57014", 0, INCLOAD_E_CANCELLED, false },
    { "53300", 0, INCLOAD_E_CONNECT, true }, /* too many connections */
    { "53", 0, INCLOAD_E_SQL, true },        /* disk or memory of the server is full */
    { "40001", 0, INCLOAD_E_CONFLICT, true },
    { "40P01", 0, INCLOAD_E_CONFLICT, true },
    { "55P03", 0, INCLOAD_E_CONFLICT, true }, /* lock_timeout, NOWAIT */
    { "55006", 0, INCLOAD_E_CONFLICT, true }, /* object in use */
    { "72000", 0, INCLOAD_E_CONFLICT, true }, /* snapshot too old */
    { "26000", 0, INCLOAD_E_CONFLICT, true }, /* a pooler between us lost what was prepared: the next time it is not */
    { "58030", 0, INCLOAD_E_SQL, true },      /* input or output of the server failed */
    { "42501", 0, INCLOAD_E_PERMISSION, false },
    { "25006", 0, INCLOAD_E_PERMISSION, false }, /* read-only transaction: a standby */
    { "42P01", 0, INCLOAD_E_NOT_FOUND, false },
    { "42703", 0, INCLOAD_E_NOT_FOUND, false },
    { "42704", 0, INCLOAD_E_NOT_FOUND, false },
    { "42883", 0, INCLOAD_E_NOT_FOUND, false },
    { "42P07", 0, INCLOAD_E_EXISTS, false },
    { "42710", 0, INCLOAD_E_EXISTS, false },
    { "42P06", 0, INCLOAD_E_EXISTS, false },
    { "42701", 0, INCLOAD_E_EXISTS, false },
    { "42P04", 0, INCLOAD_E_EXISTS, false },
    { "42804", 0, INCLOAD_E_TYPE, false },
    { "42846", 0, INCLOAD_E_TYPE, false },
    { "XX", 0, INCLOAD_E_SQL, false },
    { NULL, 0, 0, false },
};

int32_t
incload__postgres_quote(incload__str *out, const char *what, const char *name, incload_error **err)
{
    static const incload__quoting rule = {
        .server = "PostgreSQL", .open = '"', .close = '"', .limit = 63, .unit = INCLOAD__NAME_BYTES,
    };

    return incload__quote_with(&rule, out, what, name, err);
}

static int32_t
create_table(incload__str *out, const incload__table *table, const incload__schema *columns, const int32_t *key,
             int32_t key_count, incload_error **err)
{
    incload__clause clause = { &incload__dialect_postgres, out, err, INCLOAD_OK };

    incload__clause_create(&clause, "CREATE TABLE IF NOT EXISTS ", table, columns, key, key_count, "");
    return incload__clause_status(&clause);
}

/* pg_temp keeps a table of the same name elsewhere out of reach. */
static void
add_staging(incload__clause *clause, const char *staging)
{
    incload__clause_name(clause, "pg_temp.", staging);
}

static int32_t
create_staging(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err)
{
    incload__clause clause = { &incload__dialect_postgres, out, err, INCLOAD_OK };

    incload__clause_name(&clause, "CREATE TEMP TABLE ", staging);
    incload__clause_add(&clause, " (");
    incload__clause_definitions(&clause, columns, "", true);
    incload__clause_add(&clause, ") ON COMMIT DROP");
    return incload__clause_status(&clause);
}

static void
drop_staging(incload__str *out, const char *staging)
{
    incload__clause clause = { &incload__dialect_postgres, out, NULL, INCLOAD_OK };

    incload__clause_add(&clause, "DROP TABLE IF EXISTS ");
    add_staging(&clause, staging);
}

/* Which operand decides whether two values are the same: types without equality, or whose equality is looser than
 * their text ('1 mon' = '30 days', 1.0 = 1.00 in jsonb, nondeterministic collations), are compared as text. */
static const char *
exact_suffix(const incload__column *column)
{
    switch (incload__postgres_kind(column)) {
    case INCLOAD__NATIVE:
    case INCLOAD__JSON:
        return "::text";
    case INCLOAD__TEXT:
        return column->native != NULL && strcmp(column->native, "\"char\"") == 0 ? "" : " COLLATE \"C\"";
    default:
        return "";
    }
}

static void
differs(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    const char *suffix = exact_suffix(column);

    incload__str_addf(out, "%s%s IS DISTINCT FROM %s%s", t, suffix, s, suffix);
}

/* For the join of append: a plain = where no NULL can be, since IS NOT DISTINCT FROM uses no index. */
static void
same(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    const char *suffix = exact_suffix(column);
    incload__kind kind = incload__postgres_kind(column);
    bool indexable = !column->nullable && kind != INCLOAD__NATIVE && kind != INCLOAD__JSON;

    if (indexable)
        incload__str_addf(out, "%s = %s", t, s);
    if (indexable && suffix[0] == '\0')
        return;
    incload__str_add(out, indexable ? " AND " : "");
    incload__str_addf(out, "%s%s IS NOT DISTINCT FROM %s%s", t, suffix, s, suffix);
}

static void
add_insert(incload__clause *clause, const incload__merge *merge)
{
    incload__clause_add(clause, "INSERT INTO ");
    incload__clause_table(clause, merge->target);
    incload__clause_add(clause, " AS t (");
    incload__clause_columns(clause, merge, "");
    /* A column GENERATED ALWAYS AS IDENTITY takes the source's numbers only so; elsewhere it changes nothing. */
    incload__clause_add(clause, ") OVERRIDING SYSTEM VALUE SELECT ");
}

/* A staging table is only ever appended to, so ctid is load order. */
static void
add_winners(incload__clause *clause, const incload__merge *merge)
{
    incload__clause_add(clause, " ORDER BY ");
    incload__clause_key(clause, merge, "s.");
    if (merge->latest_by >= 0) {
        incload__clause_name(clause, ", s.", merge->columns->columns[merge->latest_by].name);
        incload__clause_add(clause, " DESC NULLS LAST");
    }
    incload__clause_add(clause, ", s.ctid DESC");
}

static int32_t
merge_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_postgres, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&clause, merge);
    if (!merge->one_per_key) {
        incload__clause_add(&clause, "DISTINCT ON (");
        incload__clause_key(&clause, merge, "s.");
        incload__clause_add(&clause, ") ");
    }
    incload__clause_columns(&clause, merge, "s.");
    incload__clause_add(&clause, " FROM ");
    add_staging(&clause, merge->staging);
    incload__clause_add(&clause, " AS s");
    if (!merge->one_per_key)
        add_winners(&clause, merge);
    incload__clause_on_conflict(&clause, merge, "EXCLUDED.", differs);
    return incload__clause_finish(&clause, out, true);
}

static int32_t
append_rows(incload__statements *out, const incload__merge *merge, const char *boundary, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_postgres, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&clause, merge);
    incload__clause_columns(&clause, merge, "s.");
    incload__clause_add(&clause, " FROM ");
    add_staging(&clause, merge->staging);
    incload__clause_add(&clause, " AS s");
    incload__clause_boundary(&clause, merge, boundary, same);
    return incload__clause_finish(&clause, out, true);
}

#define THERE " WHERE EXISTS (SELECT 1 FROM "
#define NOT_THERE " WHERE NOT EXISTS (SELECT 1 FROM "

/* Behind EXISTS keys, each of which is there once, would be made unique first. */
static const char *
beside(const incload__removal *how)
{
    return how->flag != NULL ? " FROM " : " USING ";
}

static int32_t
remove_rows(incload__statements *out, const incload__merge *merge, const incload__removal *how, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_postgres, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, how->flag != NULL ? "UPDATE " : "DELETE FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t");
    if (how->flag != NULL)
        incload__clause_mark(&clause, how, "");
    bool joined = merge->one_per_key && !how->missing;
    incload__clause_add(&clause, joined ? beside(how) : how->missing ? NOT_THERE : THERE);
    add_staging(&clause, merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_staged(&clause, how, " AND ");
    incload__clause_add(&clause, joined ? "" : ")");
    incload__clause_unmarked(&clause, how, "t.");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
update_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_postgres, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK || incload__merge_keeps_rows(merge))
        return status;
    incload__clause_add(&clause, "UPDATE ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t SET ");
    incload__clause_assign(&clause, merge, "", "s.");
    incload__clause_name(&clause, " FROM pg_temp.", merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    if (!merge->all_rows) {
        incload__clause_add(&clause, " AND (");
        incload__clause_compare(&clause, merge, false, " OR ", "t.", "s.", differs);
        incload__clause_add(&clause, ")");
    }
    return incload__clause_finish(&clause, out, true);
}

/* By ctid, of which parts of a table each have their own: the row there must be that row. */
static int32_t
remove_one(incload__str *out, const incload__merge *merge, const char *place, incload_error **err)
{
    incload__clause clause = { &incload__dialect_postgres, out, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, "DELETE FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS d USING (SELECT t.ctid AS place, t.tableoid AS part FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t, ");
    add_staging(&clause, merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_place(&clause, merge, place, "t.", same);
    incload__clause_add(&clause, " LIMIT 1) AS f WHERE d.ctid = f.place AND d.tableoid = f.part");
    return incload__clause_status(&clause);
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
    incload__clause clause = { &incload__dialect_postgres, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, "DELETE FROM ");
    add_staging(&clause, merge->staging);
    incload__clause_add(&clause, " AS s USING (SELECT n.ctid AS id, row_number() OVER (PARTITION BY ");
    incload__clause_key(&clause, merge, "n.");
    incload__clause_add(&clause, " ORDER BY ");
    if (merge->latest_by >= 0) {
        incload__clause_name(&clause, "n.", merge->columns->columns[merge->latest_by].name);
        incload__clause_add(&clause, " DESC NULLS LAST, ");
    }
    incload__clause_add(&clause, "n.ctid DESC) AS place FROM ");
    add_staging(&clause, merge->staging);
    incload__clause_add(&clause, " AS n) AS r WHERE s.ctid = r.id AND r.place > 1");
    return incload__clause_finish(&clause, out, false);
}

static int32_t
unlike(incload__str *out, const incload__merge *merge, incload_error **err)
{
    incload__clause clause = { &incload__dialect_postgres, out, err, INCLOAD_OK };

    incload__clause_unlike(&clause, merge, same);
    return incload__clause_status(&clause);
}

static incload__error_class
classify(const char *sqlstate, int64_t native_code)
{
    return incload__classify(error_rules, sqlstate, native_code);
}

static const struct incload__history_style history_style = {
    .differs = differs,
    .temp = "pg_temp.",
    .load_order = "ctid",
    .descending = " DESC NULLS LAST",
    .overriding = " OVERRIDING SYSTEM VALUE",
    .civil = "timestamp",
    .instant = "timestamptz",
    .has_boolean = true,
};

const incload__dialect incload__dialect_postgres = {
    .name = "postgres",
    .numbered_params = true,
    .has_schemas = true,
    .snapshot_reads = true,
    .max_params = 65535,
    .name_limit = 63,
    .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    /* Not READ WRITE: a role or database that is read-only by default is so for a reason. */
    .begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED",
    .export_snapshot = "SELECT pg_export_snapshot()",
    .begin_import = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
    .import_snapshot = "SET TRANSACTION SNAPSHOT ",
    .hold_snapshot = "SET LOCAL idle_in_transaction_session_timeout = 0",
    .session = session,
    .identity_query = incload__sql_postgres_identity,
    .quote = incload__postgres_quote,
    .columns_query = incload__sql_postgres_columns,
    .keys_query = incload__sql_postgres_keys,
    .schema_query = incload__sql_postgres_schema,
    .home_query =
        "SELECT s FROM unnest(current_schemas(false)) WITH ORDINALITY AS p (s, n) WHERE s <> $1 ORDER BY n LIMIT 1",
    .type_of = incload__postgres_type_of,
    .native_type = incload__postgres_native_type,
    .select_item = incload__postgres_select_item,
    .bind_item = incload__postgres_bind_item,
    .param = incload__postgres_param,
    .encode = incload__postgres_encode,
    .exact_text = incload__postgres_exact_text,
    .no_position = incload__postgres_no_position,
    .infinite = incload__postgres_infinite,
    .bounds_place = true,
    .create_table = create_table,
    .create_staging = create_staging,
    .load_order = "ctid",
    .immediate_constraints = "SET CONSTRAINTS ALL IMMEDIATE",
    .drop_staging = drop_staging,
    .merge = merge_rows,
    .append = append_rows,
    .unlike = unlike,
    .create_keys = create_staging,
    .delete_missing = delete_missing,
    .remove_rows = remove_rows,
    .update_rows = update_rows,
    .update_tells = true,
    /* A batch of about a hundredth of the table would be joined by a scan of all of it, at eight times the cost. */
    .seek_rows = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)",
    .keep_winners = keep_winners,
    .words = { "FALSE", "TRUE" },
    .text_word = "text",
    .classify = classify,
    .now_us = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint",
    .session_id = "(SELECT s.pid || '/' || EXTRACT(EPOCH FROM s.backend_start)"
                  " FROM pg_catalog.pg_stat_get_activity(pg_backend_pid()) s)",
    .end_session_query = incload__sql_postgres_end_session,
    .history = &history_style,
    .followers_query = incload__sql_postgres_followers,
    .version_query = incload__sql_postgres_version,
    .swap = &incload__swap_postgres,
    .units = &incload__units_postgres,
    .parents_query = incload__sql_postgres_parents,
    .defer_constraints = "SET CONSTRAINTS ALL DEFERRED",
    .remove_one = remove_one,
    .durable_commit = "SELECT set_config('synchronous_commit', 'on', true)"
                      " WHERE current_setting('synchronous_commit') = 'off'",
    .capture = &incload__capture_postgres,
};

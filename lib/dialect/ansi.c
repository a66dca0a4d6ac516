/* SPDX-License-Identifier: Apache-2.0 */
/* Standard SQL for a database that the library does not know. Nothing here but what the standard has. */
#include "dialect/ansi.h"

#include "dialect/classify.h"
#include "dialect/clause.h"
#include "dialect/quote.h"
#include "dialect/sql.h"

static const char *const session[] = { NULL };

static const incload__error_rule error_rules[] = {
    { "42S02", 0, INCLOAD_E_NOT_FOUND, false },
    { NULL, 0, 0, false },
};

int32_t
incload__ansi_quote(incload__str *out, const char *what, const char *name, incload_error **err)
{
    static const incload__quoting rule = {
        .server = "this database", .open = '"', .close = '"', .limit = 128, .unit = INCLOAD__NAME_CHARACTERS,
    };

    return incload__quote_with(&rule, out, what, name, err);
}

static int32_t
create_table(incload__str *out, const incload__table *table, const incload__schema *columns, const int32_t *key,
             int32_t key_count, incload_error **err)
{
    incload__clause clause = { &incload__dialect_ansi, out, err, INCLOAD_OK };

    incload__clause_create(&clause, "CREATE TABLE IF NOT EXISTS ", table, columns, key, key_count, "");
    return incload__clause_status(&clause);
}

static int32_t
create_staging(incload__str *out, const char *staging, const incload__schema *columns, incload_error **err)
{
    incload__clause clause = { &incload__dialect_ansi, out, err, INCLOAD_OK };

    incload__clause_name(&clause, "CREATE LOCAL TEMPORARY TABLE ", staging);
    incload__clause_add(&clause, " (\"_incload_seq\" BIGINT GENERATED ALWAYS AS IDENTITY, ");
    incload__clause_definitions(&clause, columns, "", true);
    incload__clause_add(&clause, ") ON COMMIT PRESERVE ROWS");
    return incload__clause_status(&clause);
}

static void
drop_staging(incload__str *out, const char *staging)
{
    incload__clause clause = { &incload__dialect_ansi, out, NULL, INCLOAD_OK };

    incload__clause_name(&clause, "DROP TABLE IF EXISTS ", staging);
}

/* Both are never unknown, so they may be negated and joined. */
static void
differs(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    (void)column;
    incload__str_addf(out,
                      "(%s <> %s OR (%s IS NULL AND %s IS NOT NULL) OR (%s IS NOT NULL AND %s IS NULL))", t, s, t, s, t,
                      s);
}

static void
same(incload__str *out, const incload__column *column, const char *t, const char *s)
{
    (void)column;
    incload__str_addf(out, "(%s = %s OR (%s IS NULL AND %s IS NULL))", t, s, t, s);
}

/* Deletes the rows of a key that another row n of it outdoes. */
static int32_t
add_delete_older(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_ansi, &sql, err, INCLOAD_OK };

    incload__clause_name(&clause, "DELETE FROM ", merge->staging);
    incload__clause_name(&clause, " WHERE EXISTS (SELECT 1 FROM ", merge->staging);
    incload__clause_add(&clause, " AS n WHERE ");
    for (int32_t i = 0; i < merge->key_count; i++) {
        const char *name = merge->columns->columns[merge->key[i]].name;

        incload__clause_name(&clause, "n.", name);
        incload__clause_name(&clause, " = ", merge->staging);
        incload__clause_name(&clause, ".", name);
        incload__clause_add(&clause, " AND ");
    }
    if (merge->latest_by >= 0) {
        const char *name = merge->columns->columns[merge->latest_by].name;

        incload__clause_name(&clause, "(n.", name);
        incload__clause_name(&clause, " > ", merge->staging);
        incload__clause_name(&clause, ".", name);
        incload__clause_name(&clause, " OR (n.", name);
        incload__clause_name(&clause, " IS NOT NULL AND ", merge->staging);
        incload__clause_name(&clause, ".", name);
        incload__clause_name(&clause, " IS NULL) OR ((n.", name);
        incload__clause_name(&clause, " = ", merge->staging);
        incload__clause_name(&clause, ".", name);
        incload__clause_name(&clause, " OR (n.", name);
        incload__clause_name(&clause, " IS NULL AND ", merge->staging);
        incload__clause_name(&clause, ".", name);
        incload__clause_add(&clause, " IS NULL)) AND ");
    }
    incload__clause_name(&clause, "n.\"_incload_seq\" > ", merge->staging);
    incload__clause_add(&clause, merge->latest_by >= 0 ? ".\"_incload_seq\"))" : ".\"_incload_seq\"");
    incload__clause_add(&clause, ")");
    return incload__clause_finish(&clause, out, false);
}

static int32_t
add_update(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_ansi, &sql, err, INCLOAD_OK };
    bool first = true;

    incload__clause_add(&clause, "UPDATE ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t SET ");
    for (int32_t i = 0; i < merge->columns->count; i++) {
        const char *name = merge->columns->columns[i].name;

        if (incload__merge_in_key(merge, i))
            continue;
        incload__clause_name(&clause, first ? "" : ", ", name);
        incload__clause_name(&clause, " = (SELECT s.", name);
        incload__clause_name(&clause, " FROM ", merge->staging);
        incload__clause_add(&clause, " AS s WHERE ");
        incload__clause_join(&clause, merge, "t.", "s.");
        incload__clause_add(&clause, ")");
        first = false;
    }
    incload__clause_name(&clause, " WHERE EXISTS (SELECT 1 FROM ", merge->staging);
    incload__clause_add(&clause, " AS s WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_add(&clause, " AND (");
    incload__clause_compare(&clause, merge, false, " OR ", "t.", "s.", differs);
    incload__clause_add(&clause, "))");
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
    incload__clause_name(clause, " FROM ", merge->staging);
    incload__clause_add(clause, " AS s");
}

static int32_t
merge_rows(incload__statements *out, const incload__merge *merge, incload_error **err)
{
    int32_t status = incload__merge_check(merge, true, err);

    if (status == INCLOAD_OK)
        status = add_delete_older(out, merge, err);
    if (status == INCLOAD_OK && !incload__merge_keeps_rows(merge))
        status = add_update(out, merge, err);
    if (status != INCLOAD_OK)
        return status;

    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_ansi, &sql, err, INCLOAD_OK };

    add_insert(&clause, merge);
    incload__clause_add(&clause, " WHERE NOT EXISTS (SELECT 1 FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t WHERE ");
    incload__clause_join(&clause, merge, "t.", "s.");
    incload__clause_add(&clause, ")");
    return incload__clause_finish(&clause, out, true);
}

static int32_t
append_rows(incload__statements *out, const incload__merge *merge, const char *boundary, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_ansi, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, false, err);

    if (status != INCLOAD_OK)
        return status;
    add_insert(&clause, merge);
    if (boundary != NULL) {
        incload__clause_add(&clause, " WHERE CASE WHEN (");
        incload__clause_add(&clause, boundary);
        incload__clause_add(&clause, ") THEN 1 ELSE 0 END = 0 OR NOT EXISTS (SELECT 1 FROM ");
        incload__clause_table(&clause, merge->target);
        incload__clause_add(&clause, " AS t WHERE ");
        incload__clause_compare(&clause, merge, true, " AND ", "t.", "s.", same);
        incload__clause_add(&clause, ")");
    }
    return incload__clause_finish(&clause, out, true);
}

static int32_t
remove_rows(incload__statements *out, const incload__merge *merge, const incload__removal *how, incload_error **err)
{
    incload__str sql = INCLOAD__STR(out->mem);
    incload__clause clause = { &incload__dialect_ansi, &sql, err, INCLOAD_OK };
    int32_t status = incload__merge_check(merge, true, err);

    if (status != INCLOAD_OK)
        return status;
    incload__clause_add(&clause, how->flag != NULL ? "UPDATE " : "DELETE FROM ");
    incload__clause_table(&clause, merge->target);
    incload__clause_add(&clause, " AS t");
    if (how->flag != NULL)
        incload__clause_mark(&clause, how, "");
    incload__clause_add(&clause, how->missing ? " WHERE NOT EXISTS (SELECT 1" : " WHERE EXISTS (SELECT 1");
    incload__clause_name(&clause, " FROM ", merge->staging);
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
    incload__clause clause = { &incload__dialect_ansi, out, err, INCLOAD_OK };

    incload__clause_unlike(&clause, merge, same);
    return incload__clause_status(&clause);
}

static incload__error_class
classify(const char *sqlstate, int64_t native_code)
{
    return incload__classify(error_rules, sqlstate, native_code);
}

const incload__dialect incload__dialect_ansi = {
    .name = "ansi",
    .max_params = 255,
    .name_limit = 128,
    .name_limit_characters = true,
    .begin_read = "START TRANSACTION",
    .begin_write = "START TRANSACTION",
    .session = session,
    .identity_query = NULL, /* the standard has no name for a database */
    .quote = incload__ansi_quote,
    .columns_query = incload__sql_ansi_columns,
    .keys_query = incload__sql_ansi_keys,
    .schema_query = incload__sql_ansi_schema,
    .type_of = incload__ansi_type_of,
    .native_type = incload__ansi_native_type,
    .select_item = incload__ansi_select_item,
    .bind_item = incload__ansi_bind_item,
    .param = incload__ansi_param,
    .encode = incload__ansi_encode,
    .exact_text = incload__ansi_exact_text,
    .no_position = incload__ansi_no_position,
    .bounds_place = true,
    .create_table = create_table,
    .create_staging = create_staging,
    .drop_staging = drop_staging,
    .merge = merge_rows,
    .append = append_rows,
    .unlike = unlike,
    .remove_rows = remove_rows,
    .keep_winners = keep_winners,
    .words = { "FALSE", "TRUE" },
    .text_word = "varchar(255)",
    .classify = classify,
};

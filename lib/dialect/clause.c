/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/clause.h"

void
incload__clause_add(incload__clause *clause, const char *text)
{
    incload__str_add(clause->out, text);
}

void
incload__clause_name(incload__clause *clause, const char *prefix, const char *name)
{
    if (clause->status != INCLOAD_OK)
        return;
    incload__str_add(clause->out, prefix);
    clause->status = clause->dialect->quote(clause->out, "column", name, clause->err);
}

void
incload__clause_table(incload__clause *clause, const incload__table *table)
{
    if (clause->status == INCLOAD_OK)
        clause->status = incload__quote_table(clause->dialect, clause->out, table, clause->err);
}

void
incload__clause_columns(incload__clause *clause, const incload__merge *merge, const char *prefix)
{
    if (clause->status == INCLOAD_OK)
        clause->status = incload__quote_columns(clause->dialect, clause->out, merge->columns, prefix, clause->err);
}

void
incload__clause_key(incload__clause *clause, const incload__merge *merge, const char *prefix)
{
    for (int32_t i = 0; i < merge->key_count; i++) {
        incload__clause_add(clause, i > 0 ? ", " : "");
        incload__clause_name(clause, prefix, merge->columns->columns[merge->key[i]].name);
    }
}

void
incload__clause_join(incload__clause *clause, const incload__merge *merge, const char *t, const char *s)
{
    for (int32_t i = 0; i < merge->key_count; i++) {
        const char *name = merge->columns->columns[merge->key[i]].name;

        incload__clause_add(clause, i > 0 ? " AND " : "");
        incload__clause_name(clause, t, name);
        incload__clause_add(clause, " = ");
        incload__clause_name(clause, s, name);
    }
}

void
incload__clause_assign(incload__clause *clause, const incload__merge *merge, const char *left, const char *prefix)
{
    bool first = true;

    for (int32_t i = 0; i < merge->columns->count; i++) {
        const char *name = merge->columns->columns[i].name;

        if (incload__merge_in_key(merge, i))
            continue;
        incload__clause_add(clause, first ? "" : ", ");
        incload__clause_name(clause, left, name);
        incload__clause_add(clause, " = ");
        incload__clause_name(clause, prefix, name);
        first = false;
    }
}

static void
compare_column(incload__clause *clause, const incload__column *column, const char *t, const char *s,
               incload__compare compare)
{
    incload__str left = INCLOAD__STR(clause->out->mem);
    incload__str right = INCLOAD__STR(clause->out->mem);
    incload__clause side = *clause;

    side.out = &left;
    incload__clause_name(&side, t, column->name);
    side.out = &right;
    incload__clause_name(&side, s, column->name);
    clause->status = side.status;
    if (left.failed || right.failed)
        clause->out->failed = true;
    else if (side.status == INCLOAD_OK)
        compare(clause->out, column, incload__str_text(&left), incload__str_text(&right));
    incload__str_free(&left);
    incload__str_free(&right);
}

void
incload__clause_compare(incload__clause *clause, const incload__merge *merge, bool key_too, const char *between,
                        const char *t, const char *s, incload__compare compare)
{
    bool first = true;

    for (int32_t i = 0; i < merge->columns->count && clause->status == INCLOAD_OK; i++) {
        if (!key_too && incload__merge_in_key(merge, i))
            continue;
        incload__clause_add(clause, first ? "" : between);
        compare_column(clause, &merge->columns->columns[i], t, s, compare);
        first = false;
    }
}

void
incload__clause_boundary(incload__clause *clause, const incload__merge *merge, const char *boundary,
                         incload__compare same)
{
    if (boundary == NULL)
        return;
    incload__clause_add(clause, " WHERE (");
    incload__clause_add(clause, boundary);
    incload__clause_add(clause, ") IS NOT TRUE OR NOT EXISTS (SELECT 1 FROM ");
    incload__clause_table(clause, merge->target);
    incload__clause_add(clause, " AS t WHERE ");
    incload__clause_compare(clause, merge, true, " AND ", "t.", "s.", same);
    incload__clause_add(clause, ")");
}

void
incload__clause_unlike(incload__clause *clause, const incload__merge *merge, incload__compare same)
{
    incload__clause_add(clause, "NOT EXISTS (SELECT 1 FROM ");
    incload__clause_table(clause, merge->target);
    incload__clause_add(clause, " AS t WHERE ");
    incload__clause_join(clause, merge, "t.", "s.");
    incload__clause_add(clause, merge->key_count > 0 ? " AND " : "");
    incload__clause_compare(clause, merge, true, " AND ", "t.", "s.", same);
    incload__clause_add(clause, ")");
}

void
incload__clause_place(incload__clause *clause, const incload__merge *merge, const char *place, const char *t,
                      incload__compare same)
{
    incload__clause_add(clause, "s.");
    incload__clause_add(clause, clause->dialect->load_order);
    incload__clause_add(clause, " = '");
    incload__clause_add(clause, place);
    incload__clause_add(clause, "' AND ");
    incload__clause_compare(clause, merge, true, " AND ", t, "s.", same);
}

void
incload__clause_on_conflict(incload__clause *clause, const incload__merge *merge, const char *excluded,
                            incload__compare differs)
{
    incload__clause_add(clause, " ON CONFLICT (");
    incload__clause_key(clause, merge, "");
    if (incload__merge_keeps_rows(merge)) {
        incload__clause_add(clause, ") DO NOTHING");
        return;
    }
    incload__clause_add(clause, ") DO UPDATE SET ");
    incload__clause_assign(clause, merge, "", excluded);
    incload__clause_add(clause, " WHERE ");
    incload__clause_compare(clause, merge, false, " OR ", "t.", excluded, differs);
}

static const char *
flag_word(const incload__dialect *dialect, const incload__column *flag, bool value)
{
    return flag->type.kind == INCLOAD__BOOL ? dialect->words[value] : value ? "1" : "0";
}

void
incload__clause_mark(incload__clause *clause, const incload__removal *how, const char *prefix)
{
    incload__clause_add(clause, " SET ");
    incload__clause_name(clause, prefix, how->flag->name);
    incload__clause_add(clause, " = ");
    incload__clause_add(clause, flag_word(clause->dialect, how->flag, true));
    incload__clause_add(clause, ", ");
    incload__clause_name(clause, prefix, how->at->name);
    incload__clause_add(clause, " = ");
    clause->dialect->param(clause->out, how->at, 1);
}

void
incload__clause_unmarked(incload__clause *clause, const incload__removal *how, const char *t)
{
    if (how->flag == NULL)
        return;
    incload__clause_add(clause, " AND (");
    incload__clause_name(clause, t, how->flag->name);
    incload__clause_add(clause, " IS NULL OR ");
    incload__clause_name(clause, t, how->flag->name);
    incload__clause_add(clause, " = ");
    incload__clause_add(clause, flag_word(clause->dialect, how->flag, false));
    incload__clause_add(clause, ")");
}

void
incload__clause_staged(incload__clause *clause, const incload__removal *how, const char *glue)
{
    if (how->staged == NULL)
        return;
    incload__clause_add(clause, glue);
    incload__clause_add(clause, "(");
    incload__clause_add(clause, how->staged);
    incload__clause_add(clause, ")");
}

void
incload__clause_definitions(incload__clause *clause, const incload__schema *columns, const char *null_word,
                            bool all_nullable)
{
    for (int32_t i = 0; i < columns->count && clause->status == INCLOAD_OK; i++) {
        const incload__column *column = &columns->columns[i];

        if (column->native == NULL) {
            clause->status = incload__fail(clause->err, INCLOAD_E_TYPE, "column '%s' has no type in this database",
                                           column->name);
            return;
        }
        incload__clause_add(clause, i > 0 ? ", " : "");
        incload__clause_name(clause, "", column->name);
        /* SQLite columns may have no declared type. */
        incload__clause_add(clause, column->native[0] == '\0' ? "" : " ");
        incload__clause_add(clause, column->native);
        incload__clause_add(clause, all_nullable || column->nullable ? null_word : " NOT NULL");
    }
}

void
incload__clause_create(incload__clause *clause, const char *before, const incload__table *table,
                       const incload__schema *columns, const int32_t *key, int32_t key_count, const char *null_word)
{
    const incload__merge shape = { .columns = columns, .key = key, .key_count = key_count, .latest_by = -1 };

    incload__clause_add(clause, before);
    incload__clause_table(clause, table);
    incload__clause_add(clause, " (");
    incload__clause_definitions(clause, columns, null_word, false);
    if (key_count > 0) {
        incload__clause_add(clause, ", PRIMARY KEY (");
        incload__clause_key(clause, &shape, "");
        incload__clause_add(clause, ")");
    }
    incload__clause_add(clause, ")");
}

bool
incload__merge_in_key(const incload__merge *merge, int32_t column)
{
    for (int32_t i = 0; i < merge->key_count; i++) {
        if (merge->key[i] == column)
            return true;
    }
    return false;
}

bool
incload__merge_keeps_rows(const incload__merge *merge)
{
    if (merge->insert_only)
        return true;
    for (int32_t i = 0; i < merge->columns->count; i++) {
        if (!incload__merge_in_key(merge, i))
            return false;
    }
    return true;
}

int32_t
incload__merge_check(const incload__merge *merge, bool needs_key, incload_error **err)
{
    if (merge->columns->count < 1)
        return incload__fail(err, INCLOAD_E_INVALID, "table '%s': there is no column to write", merge->target->name);
    if (needs_key && merge->key_count < 1)
        return incload__fail(err, INCLOAD_E_INVALID, "table '%s': a merge needs a key", merge->target->name);
    for (int32_t i = 0; i < merge->key_count; i++) {
        if (merge->key[i] < 0 || merge->key[i] >= merge->columns->count)
            return incload__fail(err, INCLOAD_E_INTERNAL, "table '%s': a key column is not among the columns",
                                 merge->target->name);
    }
    if (merge->latest_by >= merge->columns->count)
        return incload__fail(err, INCLOAD_E_INTERNAL, "table '%s': the latest_by column is not among the columns",
                             merge->target->name);
    return INCLOAD_OK;
}

int32_t
incload__clause_status(const incload__clause *clause)
{
    if (clause->status == INCLOAD_OK && clause->out->failed)
        return incload__fail_memory(clause->err);
    return clause->status;
}

int32_t
incload__clause_finish(incload__clause *clause, incload__statements *list, bool counts)
{
    int32_t status = incload__clause_status(clause);

    if (status == INCLOAD_OK)
        return incload__statements_add(list, clause->out, counts, clause->err);
    incload__str_free(clause->out);
    return status;
}

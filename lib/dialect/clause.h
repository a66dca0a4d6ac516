/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a statement in clauses: the first refusal sticks, so a statement is written without a check at each name. */
#ifndef INCLOAD_LIB_DIALECT_CLAUSE_H
#define INCLOAD_LIB_DIALECT_CLAUSE_H

#include "dialect/dialect.h"

typedef struct incload__clause {
    const incload__dialect *dialect;
    incload__str *out;
    incload_error **err;
    int32_t status;
} incload__clause;

/* Writes a condition on one column for the rows t and s, given its quoted name. */
typedef void (*incload__compare)(incload__str *out, const incload__column *column, const char *t, const char *s);

void incload__clause_add(incload__clause *clause, const char *text);
/* prefix, then the quoted name. */
void incload__clause_name(incload__clause *clause, const char *prefix, const char *name);
void incload__clause_table(incload__clause *clause, const incload__table *table);
/* All columns behind a prefix, in their order. */
void incload__clause_columns(incload__clause *clause, const incload__merge *merge, const char *prefix);
void incload__clause_key(incload__clause *clause, const incload__merge *merge, const char *prefix);
/* t.k = s.k AND ... for the key. */
void incload__clause_join(incload__clause *clause, const incload__merge *merge, const char *t, const char *s);
/* c = <prefix>c, ... for the columns outside of the key. */
void incload__clause_assign(incload__clause *clause, const incload__merge *merge, const char *left, const char *prefix);
/* The condition for each column (outside of the key, or all), with `between` between them. */
void incload__clause_compare(incload__clause *clause, const incload__merge *merge, bool key_too, const char *between,
                             const char *t, const char *s, incload__compare compare);
/* WHERE: rows of staging s on the far side of the boundary, or that equal no row of the target. Nothing without one. */
void incload__clause_boundary(incload__clause *clause, const incload__merge *merge, const char *boundary,
                              incload__compare same);
/* Rows of staging s that equal no row of the target, by key where there is one. */
void incload__clause_unlike(incload__clause *clause, const incload__merge *merge, incload__compare same);
/* A row of staging s by its place in load order, and AND all columns are the same in row t. */
void incload__clause_place(incload__clause *clause, const incload__merge *merge, const char *place, const char *t,
                           incload__compare same);
/* ON CONFLICT (key) DO UPDATE of rows that differ, or DO NOTHING where all columns are key. */
void incload__clause_on_conflict(incload__clause *clause, const incload__merge *merge, const char *excluded,
                                 incload__compare differs);
/*  SET <prefix>flag = true, <prefix>at = parameter */
void incload__clause_mark(incload__clause *clause, const incload__removal *how, const char *prefix);
/*  AND the row t is not marked yet. Nothing where rows are deleted. */
void incload__clause_unmarked(incload__clause *clause, const incload__removal *how, const char *t);
/*  AND (the condition on staging). Nothing without one. */
void incload__clause_staged(incload__clause *clause, const incload__removal *how, const char *glue);
/* "c" type [NOT NULL], ...: `null_word` stands behind a nullable one; all_nullable for staging. */
void incload__clause_definitions(incload__clause *clause, const incload__schema *columns, const char *null_word,
                                 bool all_nullable);
/* <before> table (definitions[, PRIMARY KEY (...)]) */
void incload__clause_create(incload__clause *clause, const char *before, const incload__table *table,
                            const incload__schema *columns, const int32_t *key, int32_t key_count,
                            const char *null_word);

bool incload__merge_in_key(const incload__merge *merge, int32_t column);
/* Nothing of a row that is there changes: all columns are key, or only new rows are wanted. */
bool incload__merge_keeps_rows(const incload__merge *merge);
/* INCLOAD_E_INVALID without a key or with an index out of range. */
int32_t incload__merge_check(const incload__merge *merge, bool needs_key, incload_error **err);
/* Adds the statement to the list, or frees it and returns the clause's refusal. */
int32_t incload__clause_finish(incload__clause *clause, incload__statements *list, bool counts);
/* The clause's refusal, or INCLOAD_E_NO_MEMORY when the string failed. */
int32_t incload__clause_status(const incload__clause *clause);

#endif

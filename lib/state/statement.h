/* SPDX-License-Identifier: Apache-2.0 */
/* Statements on the ledger's tables: templates with names and placeholders, and numbers as parameters. */
#ifndef INCLOAD_LIB_STATE_STATEMENT_H
#define INCLOAD_LIB_STATE_STATEMENT_H

#include "state/ledger.h"

/* An integer as a parameter. */
typedef struct incload__number {
    char text[24];
    size_t length;
} incload__number;

incload__number incload__as_number(int64_t value);
/* 0 for NULL, and for what is no number. */
int64_t incload__to_number(const char *text);
/* NULL is SQL NULL. */
incload__param incload__text_param(const char *text);
incload__param incload__number_param(const incload__number *value);

/* Appends a template: `?` becomes a placeholder of the dialect, `{watermark}`, `{history}`, `{run}`, `{lease}`,
 * `{beat}`, `{reject}`, `{loaded}`, `{object}`, `{meta}` and the words of unit_tables.h the quoted names of the tables,
 * `{now}` the server's clock in microseconds since 1970 (ours as a number where the dialect has none), `{session}` what
 * names the session (NULL where nothing does). */
void incload__state_sql(const incload__ledger *ledger, const incload__conn *conn, incload__str *out,
                        const char *text);
/* Runs a template. *affected may be NULL. */
int32_t incload__state_execute(const incload__ledger *ledger, incload__conn *conn, const char *text,
                               const incload__param *params, int32_t count, int64_t *affected, incload_error **err);
/* By incload__conn_post(). */
int32_t incload__state_post(const incload__ledger *ledger, incload__conn *conn, const char *text,
                            const incload__param *params, int32_t count, incload__posted *out, incload_error **err);
int32_t incload__state_select(const incload__ledger *ledger, incload__conn *conn, const char *text,
                              const incload__param *params, int32_t count, incload__rows *rows, incload_error **err);
/* Runs a template that must touch exactly one row: INCLOAD_E_STATE when it did not. */
int32_t incload__state_insert(const incload__ledger *ledger, incload__conn *conn, const char *text,
                              const incload__param *params, int32_t count, incload_error **err);
/* INCLOAD_E_STATE when an insert of one row changed another number of them. */
int32_t incload__state_inserted(const incload__ledger *ledger, int64_t affected, incload_error **err);

#endif

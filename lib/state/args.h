/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of one statement, added in the order of their placeholders. */
#ifndef INCLOAD_LIB_STATE_ARGS_H
#define INCLOAD_LIB_STATE_ARGS_H

#include "state/statement.h"

enum { INCLOAD__ARGS_MAX = 14 };

typedef struct incload__args {
    incload__param params[INCLOAD__ARGS_MAX];
    incload__number numbers[INCLOAD__ARGS_MAX];
    int32_t count;
} incload__args;

/* The text is borrowed; NULL is SQL NULL. */
void incload__args_text(incload__args *args, const char *text);
void incload__args_number(incload__args *args, int64_t number);

int32_t incload__args_execute(const incload__ledger *ledger, incload__conn *conn, const char *text,
                              const incload__args *args, int64_t *affected, incload_error **err);
int32_t incload__args_select(const incload__ledger *ledger, incload__conn *conn, const char *text,
                             const incload__args *args, incload__rows *rows, incload_error **err);
/* A cell as a number; 0 for NULL. */
int64_t incload__rows_number(const incload__rows *rows, int64_t row, int32_t column);

/* Ends a transaction that `status` says failed, or commits it. Returns what became of it. */
int32_t incload__state_end(incload__conn *conn, int32_t status, incload_error **err);
/* The next epoch, in the open transaction. INCLOAD_E_UNSUPPORTED where the dialect keeps no runs. */
int32_t incload__next_epoch(const incload__ledger *ledger, incload__conn *conn, int64_t *epoch, incload_error **err);

#endif

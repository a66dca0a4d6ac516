/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger's table of rejects: rows that the target refused, why, and whether they have landed since. */
#ifndef INCLOAD_LIB_STATE_REJECT_H
#define INCLOAD_LIB_STATE_REJECT_H

#include "state/ledger.h"

typedef struct incload__reject {
    const char *run_id;
    int64_t number; /* from 1, within the run */
    const char *load;
    const char *unit;
    const char *reason;
    const char *sqlstate; /* "" when the library itself refused it */
    const char *form;     /* which columns the row has: see load/reject.h */
    const char *row;      /* JSON */
} incload__reject;

/* In the open transaction. A row that is there already for this load, waiting to be replayed, is not added again. */
int32_t incload__reject_add(const incload__ledger *ledger, incload__conn *conn, const incload__reject *reject,
                            incload_error **err);

/* Where a page of rejects ended. */
typedef struct incload__reject_place {
    int64_t at_us;
    char run_id[INCLOAD__RUN_ID_SIZE];
    int64_t number;
} incload__reject_place;

enum { INCLOAD__REJECT_RUN, INCLOAD__REJECT_NUMBER, INCLOAD__REJECT_AT, INCLOAD__REJECT_FORM, INCLOAD__REJECT_ROW };

/* The load's next rejects behind `place`, oldest first: the columns above. Moves `place` on. */
int32_t incload__reject_page(const incload__ledger *ledger, incload__conn *conn, const char *load,
                             incload__reject_place *place, incload__rows *rows, incload_error **err);
/* In the open transaction: the reject has landed, by that run. */
int32_t incload__reject_landed(const incload__ledger *ledger, incload__conn *conn, const char *run_id, int64_t number,
                               const char *replay_run_id, incload_error **err);
/* In the open transaction: it was refused again, with that. */
int32_t incload__reject_again(const incload__ledger *ledger, incload__conn *conn, const char *run_id, int64_t number,
                              const char *reason, const char *sqlstate, incload_error **err);

#endif

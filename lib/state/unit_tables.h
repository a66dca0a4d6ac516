/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind runs of pipelines and backfills, and how a table of the ledger is described.
 *
 * pipeline_run  one row a run: what it is, what is wanted of it, how far its units were handed out
 * run_key       idempotency keys
 * unit          one row a unit that was handed out, or that is a step: who has it, in which epoch, how it ended
 * step          what a step has beside that: its name, what it waits for, its result
 * worker        one row a process generation: until when it is alive, how far it has come
 * applied       in the database that receives the data, in the data's transaction: which unit landed, in which epoch
 * coverage      intervals that are loaded, per load and version of its code, coalesced
 * rate_limit    one row a limit of starts per time, for all machines
 * unit_epoch    the counter that epochs, and numbers of runs and workers, are drawn from */
#ifndef INCLOAD_LIB_STATE_UNIT_TABLES_H
#define INCLOAD_LIB_STATE_UNIT_TABLES_H

#include "state/ledger.h"

typedef struct incload__ledger_field {
    const char *name;
    incload__kind kind;
    int32_t in_key; /* 0: no; 1: yes; more: and a text of at most so many characters */
    bool nullable;
} incload__ledger_field;

typedef struct incload__ledger_table {
    const char *name;
    const incload__ledger_field *fields;
    int32_t count;
    int32_t since; /* the version of the ledger that brought it */
} incload__ledger_table;

enum { INCLOAD__UNIT_TABLES = 8, INCLOAD__UNITS_SINCE = 4 };
/* Longer ones are refused: MariaDB's keys take 3072 bytes in all. */
enum { INCLOAD__UNIT_KEY_LENGTH = 180, INCLOAD__CODE_VERSION_LENGTH = 60 };

extern const incload__ledger_table incload__unit_tables[INCLOAD__UNIT_TABLES];

/* Makes the counter and the indexes; nothing where the dialect keeps no runs. */
int32_t incload__unit_tables_finish(const incload__ledger *ledger, incload__conn *conn, incload_error **err);

#endif

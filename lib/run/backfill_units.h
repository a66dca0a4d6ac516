/* SPDX-License-Identifier: Apache-2.0 */
/* The units of a backfill whose run a ledger keeps: taken from it a batch at a time, and ended there. What lib/run
 * calls a key is a number of this process, for as long as it has the unit: a unit that was lost and came back has
 * another. */
#ifndef INCLOAD_LIB_RUN_BACKFILL_UNITS_H
#define INCLOAD_LIB_RUN_BACKFILL_UNITS_H

#include "run/backfill_past.h"
#include "run/backfill_spec.h"
#include "run/durable.h"

typedef struct incload__units_config {
    incload_step *step;
    const char *run_key; /* NULL: the run is new */
    const char *run_id;  /* that a new one shall have; NULL: any */
    int64_t lease_ms;
    incload__durable_hooks hooks;
    const incload_error *refusal; /* why no run may be made, only joined; NULL: one may */
} incload__units_config;

/* Makes the run of what is taken, or joins it. INCLOAD_E_CONFLICT: there is none to join, and none may be made. */
incload__backfill_units *incload__backfill_units_open(const incload__units_config *config, const incload__taken *taken,
                                                      incload_error **err);
void incload__backfill_units_free(incload__backfill_units *units);

/* As incload__sched_next_fn; *err tells what else fails the step: an error here, or that of the run in the ledger. */
int32_t incload__backfill_units_next(incload__backfill_units *units, int64_t *key, int64_t *again_us,
                                     incload_error **err);
/* What the run is known by in the ledger. */
const char *incload__backfill_units_run_id(const incload__backfill_units *units);
/* A unit that this process has; false for one that it has no more. */
bool incload__backfill_units_held(incload__backfill_units *units, int64_t key, incload__held *out);

/* What lands. */
typedef struct incload__unit_landing {
    int64_t key;
    int64_t seen; /* what the fence found; 0: there was none */
    int64_t rows_written;
} incload__unit_landing;

/* In the data's transaction: INCLOAD_E_BUSY, not to be tried again, when another has the unit. Of `land` also when
 * another run has landed the same meanwhile, or by a later claim (*taken_away false): the unit is to be done once
 * more. */
int32_t incload__backfill_units_fence(incload__backfill_units *units, int64_t key, const incload__ledger *ledger,
                                      incload__conn *conn, int64_t *seen, incload_error **err);
/* INCLOAD_E_BUSY when the same has landed since the fence. */
int32_t incload__backfill_units_overtaken(incload__backfill_units *units, int64_t key, const incload__ledger *ledger,
                                          incload__conn *conn, int64_t seen, incload_error **err);
int32_t incload__backfill_units_land(incload__backfill_units *units, const incload__unit_landing *what,
                                     const incload__ledger *ledger, incload__conn *conn, bool *taken_away,
                                     incload_error **err);
/* The work of a function is done; in a transaction of its own. INCLOAD_E_BUSY as above. */
int32_t incload__backfill_units_done(incload__backfill_units *units, int64_t key, incload_error **err);
/* How a unit has ended in this process. */
void incload__backfill_units_ended(incload__backfill_units *units, int64_t key, int32_t ending,
                                   const incload_error *error, int32_t reason);

/* What the host wants of the run, in all processes. */
void incload__backfill_units_want(incload__backfill_units *units, int32_t want);
/* It was cancelled: no call to the ledger takes long from now on. */
void incload__backfill_units_hurry(incload__backfill_units *units);
/* The step has ended here: what is left is given back, and the run is ended if nothing of it is. `want`: to be written
 * before that, or -1; `hurry`: in about a second. */
void incload__backfill_units_close(incload__backfill_units *units, int32_t want, bool hurry);
/* After the close, of a run that has ended: how many units have each status; false when it goes on elsewhere. */
bool incload__backfill_units_counts(const incload__backfill_units *units, int64_t counts[INCLOAD_STATUS_SKIPPED + 1]);
/* After the close: units that failed in other processes, as rows; *count of them. */
const incload__unit_row *incload__backfill_units_failed(const incload__backfill_units *units, int32_t *count);
int64_t incload__backfill_units_total(const incload__backfill_units *units);
int64_t incload__backfill_units_ordinal(const incload__backfill_units *units, int64_t seq);
const incload__durable *incload__backfill_units_durable(const incload__backfill_units *units);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* OpenLineage events one by one, for hosts that send them while the run goes on; the report of the same name writes all
 * of a picture. A run, a step and each attempt of a unit are runs of OpenLineage, each the parent of the next: an
 * attempt that is tried again fails, and its successor is a run of its own. */
#ifndef INCLOAD_LIB_RUN_REPORT_LINEAGE_H
#define INCLOAD_LIB_RUN_REPORT_LINEAGE_H

#include "run/report/picture.h"
#include "run/report/sink.h"

enum { INCLOAD__LINEAGE_START = 1, INCLOAD__LINEAGE_END = 2 };

/* Adds one line. `step` -1 is the run itself; `unit` NULL is the step itself; `attempt` counts from 0. END is COMPLETE,
 * FAIL or ABORT by the status. Whoever sends events sends each once. */
void incload__lineage_event(incload__str *out, const incload__picture *picture, int32_t which, int32_t step,
                            const incload__picture_unit *unit, int32_t attempt);
/* The id of that run as OpenLineage knows it: a UUID of version 7 that follows from the ledger's names and the time of
 * the start alone, so that every process tells the same one. `out` has 37 bytes. */
void incload__lineage_id(const incload__picture *picture, int32_t step, const incload__picture_unit *unit,
                         int32_t attempt, char *out);

#endif

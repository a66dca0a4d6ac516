/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what the ledger knows of runs. */
#ifndef INCLOAD_LIB_RUN_HISTORY_H
#define INCLOAD_LIB_RUN_HISTORY_H

#include "driver/database.h"
#include "run/visit.h"
#include "state/pipeline_run.h"

int32_t incload__history_check(const incload_database *database, int32_t limit, incload_error **err);
/* Of a run or unit in the ledger. */
const char *incload__status_word(int32_t status);

#endif

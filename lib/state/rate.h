/* SPDX-License-Identifier: Apache-2.0 */
/* A limit of starts per time that all processes keep together: one row, one timestamp (the generic cell rate
 * algorithm). */
#ifndef INCLOAD_LIB_STATE_RATE_H
#define INCLOAD_LIB_STATE_RATE_H

#include "state/ledger.h"

/* Takes `count` starts of the limit `name`, one each `every_us`, of which `burst` may come at once. *wait_us: 0, they
 * are taken; else none is, and how long to wait before the next try. Outside of a transaction. count <= burst. */
int32_t incload__rate_take(const incload__ledger *ledger, incload__conn *conn, const char *name, int64_t every_us,
                           int64_t burst, int64_t count, int64_t *wait_us, incload_error **err);

#endif

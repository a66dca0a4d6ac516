/* SPDX-License-Identifier: Apache-2.0 */
/* Ending the server's session of a connection that was lost: until it is gone, what it was told last may still
 * happen. */
#ifndef INCLOAD_LIB_STATE_SESSION_H
#define INCLOAD_LIB_STATE_SESSION_H

#include "driver/driver.h"

/* On another connection, outside of a transaction. `session` as the dialect's session_id gave it, NULL: nothing
 * happens; `lived_us`: how old it is at least. Best effort: who may not end it must wait for its end instead. */
void incload__session_end(incload__conn *conn, const char *session, int64_t lived_us);

#endif

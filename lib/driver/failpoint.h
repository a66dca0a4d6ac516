/* SPDX-License-Identifier: Apache-2.0 */
/* Failpoints beside a statement: what fails there leaves the connection as a real failure of that class does. */
#ifndef INCLOAD_LIB_DRIVER_FAILPOINT_H
#define INCLOAD_LIB_DRIVER_FAILPOINT_H

#include "base/failpoint.h"
#include "driver/driver.h"

#ifdef INCLOAD_FAILPOINTS

static inline void
incload__failpoint_broke(incload__conn *conn, int32_t status)
{
    if (status == INCLOAD_E_CONNECT || status == INCLOAD_E_COMMIT_UNKNOWN)
        conn->txn = INCLOAD__TXN_DEAD;
    else if (status != INCLOAD_OK && conn->txn == INCLOAD__TXN_OPEN)
        conn->txn = INCLOAD__TXN_FAILED;
}

#define INCLOAD__FAILPOINT_ON(status, conn, label, error, err)                                                         \
    do {                                                                                                               \
        if ((status) == INCLOAD_OK) {                                                                                  \
            INCLOAD__FAILPOINT(status, label, error, err);                                                             \
            incload__failpoint_broke(conn, status);                                                                    \
        }                                                                                                              \
    } while (0)

#else

#define INCLOAD__FAILPOINT_ON(status, conn, label, error, err) ((void)0)

#endif

#endif

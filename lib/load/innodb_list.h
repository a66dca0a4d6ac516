/* SPDX-License-Identifier: Apache-2.0 */
/* InnoDB's open transactions, and whether the list of them is of this moment. */
#ifndef INCLOAD_LIB_LOAD_INNODB_LIST_H
#define INCLOAD_LIB_LOAD_INNODB_LIST_H

#include "load/internal.h"

/* The column of every such query that has the asker's own statement. */
enum { INCLOAD__INNODB_QUERY = 3 };

/* How long nobody may ask until the list is filled anew; and the server's error for who lacks the privilege PROCESS. */
enum { INCLOAD__INNODB_STALE_US = 110000, INCLOAD__INNODB_FORBIDDEN = 1227 };

/* `query` with TOKEN replaced, in a transaction of its own. The rows are freed by the caller. */
int32_t incload__innodb_list(const incload__load *load, incload__conn *conn, const char *query, incload__rows *rows,
                             bool *fresh, incload_error **err);

#endif

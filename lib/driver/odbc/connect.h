/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_LIB_DRIVER_ODBC_CONNECT_H
#define INCLOAD_LIB_DRIVER_ODBC_CONNECT_H

#include "driver/odbc/odbc.h"

int32_t incload__odbc_connect(const incload__connect *how, incload__conn **out, incload_error **err);
void incload__odbc_close(incload__conn *conn);
int32_t incload__odbc_ping(incload__conn *conn, incload_error **err);
/* A server's version text as one number; 0 when there is none in it. */
int32_t incload__odbc_version(const char *text);

#endif

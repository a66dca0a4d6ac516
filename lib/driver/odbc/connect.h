/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting: connect.c dials, the others are its parts. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_CONNECT_H
#define INCLOAD_LIB_DRIVER_ODBC_CONNECT_H

#include "driver/odbc/connstr.h"
#include "driver/odbc/odbc.h"

int32_t incload__odbc_connect(const incload__connect *how, incload__conn **out, incload_error **err);
void incload__odbc_close(incload__conn *conn);
int32_t incload__odbc_ping(incload__conn *conn, incload_error **err);

/* ---- installed.c ---- */
/* The names of the installed drivers, comma-separated, or "none". */
void incload__odbc_installed(SQLHENV environment, incload__str *out);
/* Options must be given before the driver can be asked for its name, so its file's name tells at first. */
const incload__odbc_profile *incload__odbc_guess_profile(SQLHENV environment, const incload__connstr *list);

/* ---- connect_fail.c ---- */
int32_t incload__odbc_fail_connect(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list,
                                   incload_error **err);

/* ---- session.c ---- */
/* A text of SQLGetInfo, NUL-terminated. */
bool incload__odbc_info(const incload__odbc_conn *conn, SQLUSMALLINT what, char *out, size_t size);
/* A server's version text as one number; 0 when there is none in it. */
int32_t incload__odbc_version(const char *text);
/* Dialect, session statements, server version, application name. */
int32_t incload__odbc_settle(incload__odbc_conn *conn, const incload__connect *how, incload_error **err);

#endif

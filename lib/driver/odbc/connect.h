/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting: connect.c dials, the others are its parts. */
#ifndef INCLOAD_LIB_DRIVER_ODBC_CONNECT_H
#define INCLOAD_LIB_DRIVER_ODBC_CONNECT_H

#include "driver/odbc/connstr.h"
#include "driver/odbc/odbc.h"

/* Dials and sets the session up. */
int32_t incload__odbc_open(incload__odbc_conn *conn, const incload__connstr *list, const char *application_name,
                           incload_error **err);
/* Rolls back what is open, disconnects, frees the handles; whatever of that there is. */
void incload__odbc_hang_up(incload__odbc_conn *conn);

/* ---- installed.c ---- */
/* The names of the installed drivers, comma-separated, or "none". */
void incload__odbc_installed(SQLHENV environment, incload__str *out);
/* Options must be given before the driver can be asked for its name, so its file's name tells at first. */
const incload__odbc_profile *incload__odbc_guess_profile(SQLHENV environment, const incload__connstr *list);

/* ---- connect_fail.c ---- */
/* Where the string leads to: server, socket, source or file. */
const char *incload__odbc_place(const incload__connstr *list);
int32_t incload__odbc_fail_connect(incload__odbc_conn *conn, SQLHENV environment, const incload__connstr *list,
                                   incload_error **err);

/* ---- session.c ---- */
/* A text of SQLGetInfo, NUL-terminated. */
bool incload__odbc_info(const incload__odbc_conn *conn, SQLUSMALLINT what, char *out, size_t size);
/* A server's version text as one number; 0 when there is none in it. */
int32_t incload__odbc_version(const char *text);
/* Dialect, session statements, server version, application name. */
int32_t incload__odbc_settle(incload__odbc_conn *conn, const char *application_name, incload_error **err);

#endif

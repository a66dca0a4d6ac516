/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that sql/embed.py compiles in from sql/<dialect>/<query>.sql. */
#ifndef INCLOAD_LIB_DIALECT_SQL_H
#define INCLOAD_LIB_DIALECT_SQL_H

extern const char incload__sql_postgres_columns[];
extern const char incload__sql_postgres_keys[];
extern const char incload__sql_postgres_schema[];
extern const char incload__sql_postgres_identity[];
extern const char incload__sql_mariadb_columns[];
extern const char incload__sql_mariadb_keys[];
extern const char incload__sql_mariadb_schema[];
extern const char incload__sql_mariadb_identity[];
extern const char incload__sql_sqlite_columns[];
extern const char incload__sql_sqlite_keys[];
extern const char incload__sql_sqlite_schema[];
extern const char incload__sql_sqlite_identity[];
extern const char incload__sql_sqlserver_columns[];
extern const char incload__sql_sqlserver_keys[];
extern const char incload__sql_sqlserver_schema[];
extern const char incload__sql_sqlserver_identity[];
extern const char incload__sql_ansi_columns[];
extern const char incload__sql_ansi_keys[];
extern const char incload__sql_ansi_schema[];

#endif

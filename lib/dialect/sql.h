/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that sql/embed.py compiles in from sql/<dialect>/<query>.sql. */
#ifndef INCLOAD_LIB_DIALECT_SQL_H
#define INCLOAD_LIB_DIALECT_SQL_H

extern const char incload__sql_postgres_columns[];
extern const char incload__sql_postgres_keys[];
extern const char incload__sql_postgres_schema[];
extern const char incload__sql_postgres_identity[];
extern const char incload__sql_postgres_end_session[];
extern const char incload__sql_postgres_cache[];
extern const char incload__sql_postgres_facts[];
extern const char incload__sql_postgres_in_flight[];
extern const char incload__sql_postgres_open_xids[];
extern const char incload__sql_postgres_prepared[];
extern const char incload__sql_postgres_zone[];
extern const char incload__sql_mariadb_columns[];
extern const char incload__sql_mariadb_keys[];
extern const char incload__sql_mariadb_schema[];
extern const char incload__sql_mariadb_identity[];
extern const char incload__sql_mariadb_end_session[];
extern const char incload__sql_mariadb_engine[];
extern const char incload__sql_mariadb_facts[];
extern const char incload__sql_mariadb_in_flight[];
extern const char incload__sql_mariadb_local_time[];
extern const char incload__sql_mariadb_storage[];
extern const char incload__sql_mariadb_transactions[];
extern const char incload__sql_sqlite_columns[];
extern const char incload__sql_sqlite_keys[];
extern const char incload__sql_sqlite_schema[];
extern const char incload__sql_sqlite_identity[];
extern const char incload__sql_sqlite_facts[];
extern const char incload__sql_sqlserver_columns[];
extern const char incload__sql_sqlserver_keys[];
extern const char incload__sql_sqlserver_schema[];
extern const char incload__sql_sqlserver_identity[];
extern const char incload__sql_ansi_columns[];
extern const char incload__sql_ansi_keys[];
extern const char incload__sql_ansi_schema[];
extern const char incload__sql_postgres_look[];
extern const char incload__sql_postgres_look_columns[];
extern const char incload__sql_mariadb_look[];
extern const char incload__sql_mariadb_look_columns[];
extern const char incload__sql_postgres_lint[];
extern const char incload__sql_mariadb_lint[];
extern const char incload__sql_sqlite_look[];
extern const char incload__sql_sqlite_look_columns[];

#endif

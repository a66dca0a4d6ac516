/* SPDX-License-Identifier: Apache-2.0 */
/* Between the servers (server.c) and the driver that talks to them (driver.c). */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_SERVER_INTERNAL_H
#define INCLOAD_TESTS_FAULT_SIMULATION_SERVER_INTERNAL_H

#include "server.h"

enum { LINKS = 48, STATEMENTS = 256 };

/* How long whoever meets a lock waits for it. */
enum { LOCK_WAIT_US = 10000000 };

typedef struct server_statement {
    char *sql;
    sqlite3_stmt *prepared;
    bool used;
} server_statement;

/* A session. The connection to SQLite outlives it, with its prepared statements. */
struct server_link {
    sqlite3 *db;
    int32_t base;
    int32_t number;
    process *client; /* NULL: nobody has it */
    bool orphan;
    bool commits; /* an orphan whose COMMIT is on its way */
    bool made_temp;
    bool set_pragma;
    int64_t linger_us;
    server_statement statements[STATEMENTS];
};

int32_t server_find(const char *name);
server_link *server_take(int32_t base, process *client);
void server_release(server_link *link);
/* Its client is gone: it is rolled back, or commits, after a while. */
void server_orphan(server_link *link, bool commits);
const server_faults *server_faults_of(const process *client);

sqlite3_stmt *server_prepare(server_link *link, const char *sql, int *rc);
void server_put_back(server_link *link, sqlite3_stmt *prepared);
/* Whoever waits for a lock of that database looks again. */
void server_changed(int32_t base);
void server_wait(int32_t base, int64_t until_us);
void server_committed(int32_t base);
bool server_is_busy(int rc);

#endif

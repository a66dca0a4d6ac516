/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of the simulated machine, and the driver that talks to them, in the place of the library's mock: "mock:shop"
 * is the database "shop". A server keeps tables, transactions and sessions by SQLite's own code, in memory. What lies
 * between it and a client is drawn: delays, refusals, connections that break before or after a statement took effect,
 * COMMITs whose answer is lost, sessions that outlive their client, clients that die or stand still. */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_SERVER_H
#define INCLOAD_TESTS_FAULT_SIMULATION_SERVER_H

#include <sqlite3.h>

#include "machine.h"

enum { BASES = 2 };

/* Shares of 10,000 operations, but for commits: of 1,000. */
typedef struct server_faults {
    int64_t latency_us; /* the longest, as the others */
    int64_t linger_us;  /* that a session outlives its client */
    int64_t stall_us;
    int32_t lost;
    int32_t refused;
    int32_t killed;
    int32_t stalled;
    int32_t commits_lost;
    const char *victims; /* the name of the processes that all this happens to; NULL: none */
} server_faults;

typedef struct server_link server_link;

void server_install(void);
/* Called whenever a transaction that wrote to a database has taken effect. */
void server_watch(void (*committed)(int32_t base));
/* For each seed: tables as they were when server_remember() was called, and no session. */
void server_begin(process *host, const server_faults *faults);
void server_remember(void);
void server_set_faults(const server_faults *faults);
/* Before process_kill(): its sessions go on without it. */
void server_client_dies(process *which);
/* "/shop" */
const char *server_name(int32_t base);
/* Sessions that somebody has, those that outlive their client among them. */
int32_t server_sessions(void);

/* ---- without a client, at once ---- */

/* The sum of the cells of all rows as numbers, the first cell as text into `text`, or what went wrong. */
typedef struct server_answer {
    int64_t rows;
    int64_t number; /* the first cell */
    char text[400]; /* of it */
} server_answer;

/* rows < 0: it failed, as it may for a client. */
server_answer server_look(int32_t base, const char *sql);
/* What must work; the program ends where it does not. */
server_answer server_ask(int32_t base, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Each row of a query, cells as text or NULL. */
void server_each(int32_t base, const char *sql, void (*row)(void *data, const char *const *cells), void *data);

/* ---- a session of a process that is no client of the library ---- */

server_link *server_open(int32_t base);
void server_close(server_link *link);
/* Waits for locks, as clients do. False: it had to give up, and a transaction is rolled back. */
bool server_do(server_link *link, const char *sql, server_answer *answer);

#endif

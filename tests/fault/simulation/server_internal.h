/* SPDX-License-Identifier: Apache-2.0 */
/* Between the servers (server.c) and the driver that talks to them (driver.c). */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_SERVER_INTERNAL_H
#define INCLOAD_TESTS_FAULT_SIMULATION_SERVER_INTERNAL_H

#include "server.h"

enum { LINKS = 48, STATEMENTS = 512, WAYS = 8, STAGES = 4 };

/* How long whoever meets a lock waits for it. */
enum { LOCK_WAIT_US = 10000000 };

typedef struct server_statement {
    uint64_t hash;
    sqlite3_stmt *prepared;
    int64_t age; /* by when it was last wanted */
    bool used;
} server_statement;

/* A temporary table that stays when it is dropped, empty, for the next one of the same columns: making one makes SQLite
 * prepare everything anew. */
typedef struct server_stage {
    char token[9]; /* of the name that the client knows it by */
    bool kept;
    bool there;
    bool was_there; /* when the transaction began */
} server_stage;

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
    bool shapes; /* its transaction made, changed or dropped tables */
    int64_t shape; /* the number of the database's tables' shape when its transaction began */
    int64_t linger_us;
    int64_t age;
    server_stage stages[STAGES];
    server_statement statements[STATEMENTS];
};

int32_t server_find(const char *name);
server_link *server_take(int32_t base, process *client);
void server_release(server_link *link);
/* Its client is gone: it is rolled back, or commits, after a while. */
void server_orphan(server_link *link, bool commits);
const server_faults *server_faults_of(const process *client);

/* The statement as it is to be run: a copy of `sql` in `room`, or `sql` itself. */
const char *server_stage_text(server_link *link, const char *sql, char *room, size_t size);
/* In no transaction: none is there, and those that were in demand are at hand. */
void server_stages_keep(server_link *link);
/* Around transactions: what a rollback takes back. */
void server_stages_begin(server_link *link);
void server_stages_roll_back(server_link *link);

uint64_t server_hash(const char *text);
sqlite3_stmt *server_prepare(server_link *link, const char *sql, int *rc);
void server_put_back(server_link *link, sqlite3_stmt *prepared);
/* What the catalog answered to a question. */
typedef struct server_known {
    char *question;
    int64_t shape;
    int32_t columns;
    int64_t rows;
    char **cells;
} server_known;

/* Where the answer to that is kept; NULL: not for this question now. */
server_known *server_known_at(const server_link *link, const char *question);
bool server_known_answers(const server_known *at, const server_link *link, const char *question);
void server_known_forget(server_known *at, const server_link *link, const char *question);
void server_known_add(server_known *at, const char *const *cells, int32_t columns);
/* A number that is another one whenever tables have changed. */
int64_t server_shape(int32_t base);
void server_shapes_changed(int32_t base);

/* Whoever waits for a lock of that database looks again. */
void server_changed(int32_t base);
void server_wait(int32_t base, int64_t until_us);
void server_committed(int32_t base);
bool server_is_busy(int rc);

#endif

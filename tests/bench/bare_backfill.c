/* SPDX-License-Identifier: Apache-2.0 */
/* The limit that a backfill is held against: threads that take the next day until none is left, each with its two
 * connections and blocking libpq calls. A day is one transaction on the target: its rows deleted, and COPY, relayed as
 * bare_relay.c does.
 *
 *     bare_backfill SOURCE TABLE TARGET TABLE COLUMN FROM DAYS WORKERS
 *
 * Prints the microseconds from the first thread's start to the last one's end. */
#include <libpq-fe.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { JOINED = 64 * 1024, SOCKET_BUFFER = 4 * 1024 * 1024, MOST_WORKERS = 64 };

typedef struct relayed {
    PGconn *from, *to;
    char *joined;
    int used;
} relayed;

static char **args;
static atomic_int next_day;
static int days;

static void
die(const PGconn *conn)
{
    fprintf(stderr, "bare_backfill: %s", PQerrorMessage(conn));
    exit(1);
}

static PGconn *
open_connection(const char *url)
{
    PGconn *conn = PQconnectdb(url);
    int size = SOCKET_BUFFER;

    if (PQstatus(conn) != CONNECTION_OK)
        die(conn);
    setsockopt(PQsocket(conn), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(PQsocket(conn), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    return conn;
}

static void
run(PGconn *conn, const char *sql, ExecStatusType expected)
{
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != expected)
        die(conn);
    PQclear(result);
}

static void
put(PGconn *conn, const char *bytes, int length)
{
    if (length > 0 && PQputCopyData(conn, bytes, length) != 1)
        die(conn);
}

static void
finish_copy(PGconn *conn)
{
    PGresult *result = PQgetResult(conn);

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        die(conn);
    PQclear(result);
    while ((result = PQgetResult(conn)) != NULL)
        PQclear(result);
}

static void
relay_rows(relayed *at)
{
    char *row;
    int length;

    at->used = 0;
    while ((length = PQgetCopyData(at->from, &row, 0)) > 0) {
        if (at->used + length > JOINED) {
            put(at->to, at->joined, at->used);
            at->used = 0;
        }
        if (length > JOINED) {
            put(at->to, row, length);
        } else {
            memcpy(at->joined + at->used, row, (size_t)length);
            at->used += length;
        }
        PQfreemem(row);
    }
    put(at->to, at->joined, at->used);
    if (length != -1)
        die(at->from);
    finish_copy(at->from);
    if (PQputCopyEnd(at->to, NULL) != 1)
        die(at->to);
    finish_copy(at->to);
}

static void
load_day(relayed *at, int day)
{
    char where[512], sql[1024];

    snprintf(where, sizeof where, "WHERE %s >= date '%s' + %d AND %s < date '%s' + %d", args[5], args[6], day, args[5],
             args[6], day + 1);
    snprintf(sql, sizeof sql, "COPY (SELECT * FROM %s %s) TO STDOUT (FORMAT binary)", args[2], where);
    run(at->from, sql, PGRES_COPY_OUT);
    run(at->to, "BEGIN", PGRES_COMMAND_OK);
    snprintf(sql, sizeof sql, "DELETE FROM %s %s", args[4], where);
    run(at->to, sql, PGRES_COMMAND_OK);
    snprintf(sql, sizeof sql, "COPY %s FROM STDIN (FORMAT binary)", args[4]);
    run(at->to, sql, PGRES_COPY_IN);
    relay_rows(at);
    run(at->to, "COMMIT", PGRES_COMMAND_OK);
}

static void *
work(void *unused)
{
    relayed at = { open_connection(args[1]), open_connection(args[3]), malloc(JOINED), 0 };

    if (at.joined == NULL)
        exit(1);
    for (int day = atomic_fetch_add(&next_day, 1); day < days; day = atomic_fetch_add(&next_day, 1))
        load_day(&at, day);
    PQfinish(at.from);
    PQfinish(at.to);
    free(at.joined);
    return unused;
}

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int
main(int argc, char **argv)
{
    pthread_t threads[MOST_WORKERS];
    long workers = argc == 9 ? strtol(argv[8], NULL, 10) : 0;

    if (workers < 1 || workers > MOST_WORKERS) {
        fprintf(stderr, "usage: bare_backfill SOURCE TABLE TARGET TABLE COLUMN FROM DAYS WORKERS\n");
        return 2;
    }
    args = argv;
    days = (int)strtol(argv[7], NULL, 10);
    int64_t began = now_us();
    for (long i = 0; i < workers; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            return 1;
    }
    for (long i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    printf("%lld\n", (long long)(now_us() - began));
    return 0;
}

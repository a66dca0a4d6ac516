/* SPDX-License-Identifier: Apache-2.0 */
/* The limit that the relay is held against: blocking libpq calls and nothing else, with the two settings that matter
 * (rows joined to 64 KiB before they are put, socket buffers of 4 MB where the system grants them).
 *
 *     bare_relay SOURCE_URL SELECT TARGET_URL TABLE */
#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { JOINED = 64 * 1024, SOCKET_BUFFER = 4 * 1024 * 1024 };

static PGconn *
open_connection(const char *url)
{
    PGconn *conn = PQconnectdb(url);
    int size = SOCKET_BUFFER;

    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        exit(1);
    }
    setsockopt(PQsocket(conn), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(PQsocket(conn), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    return conn;
}

static void
run(PGconn *conn, const char *sql, ExecStatusType expected)
{
    PGresult *result = PQexec(conn, sql);

    if (PQresultStatus(result) != expected) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        exit(1);
    }
    PQclear(result);
}

static void
put(PGconn *conn, const char *bytes, int length)
{
    if (length > 0 && PQputCopyData(conn, bytes, length) != 1) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
        exit(1);
    }
}

int
main(int argc, char **argv)
{
    static char joined[JOINED];
    int used = 0, length;
    static char sql[8192];
    char *row;

    if (argc != 5) {
        fprintf(stderr, "usage: bare_relay SOURCE_URL SELECT TARGET_URL TABLE\n");
        return 2;
    }
    PGconn *from = open_connection(argv[1]), *to = open_connection(argv[3]);
    snprintf(sql, sizeof sql, "COPY (%s) TO STDOUT (FORMAT binary)", argv[2]);
    run(from, sql, PGRES_COPY_OUT);
    snprintf(sql, sizeof sql, "COPY %s FROM STDIN (FORMAT binary)", argv[4]);
    run(to, sql, PGRES_COPY_IN);
    while ((length = PQgetCopyData(from, &row, 0)) > 0) {
        if (used + length > JOINED) {
            put(to, joined, used);
            used = 0;
        }
        if (length > JOINED) {
            put(to, row, length);
        } else {
            memcpy(joined + used, row, (size_t)length);
            used += length;
        }
        PQfreemem(row);
    }
    put(to, joined, used);
    if (length != -1 || PQputCopyEnd(to, NULL) != 1) {
        fprintf(stderr, "%s%s", PQerrorMessage(from), PQerrorMessage(to));
        return 1;
    }
    PGresult *result = PQgetResult(to);
    int failed = PQresultStatus(result) != PGRES_COMMAND_OK;
    if (failed)
        fprintf(stderr, "%s", PQerrorMessage(to));
    PQclear(result);
    PQfinish(from);
    PQfinish(to);
    return failed;
}

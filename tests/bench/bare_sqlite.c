/* SPDX-License-Identifier: Apache-2.0 */
/* The limit that loads into SQLite are held against: one prepared INSERT by SQLite's own API, a step a row, in one
 * transaction, with the journal and the durability that the library asks for.
 *
 *     bare_sqlite SOURCE_URL TABLE FILE TABLE */
#include <sqlite3.h>
#include <stdio.h>

#include "lib/copy_rows.h"

static void
run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
}

static void
put(sqlite3 *db, sqlite3_stmt *insert, const cell *cells)
{
    for (int i = 0; i < COLUMNS; i++) {
        if (cells[i].is_null)
            sqlite3_bind_null(insert, i + 1);
        else if (forms[i] == FORM_INT)
            sqlite3_bind_int64(insert, i + 1, cells[i].number);
        else if (forms[i] == FORM_DOUBLE)
            sqlite3_bind_double(insert, i + 1, cells[i].real);
        else
            sqlite3_bind_text(insert, i + 1, cells[i].text, cells[i].length, SQLITE_STATIC);
    }
    if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
        die("INSERT", sqlite3_errmsg(db));
}

int
main(int argc, char **argv)
{
    cell cells[COLUMNS];
    sqlite3_stmt *insert;
    copy_rows rows;
    sqlite3 *db;
    char sql[512];

    if (argc != 5) {
        fprintf(stderr, "usage: bare_sqlite SOURCE_URL TABLE FILE TABLE\n");
        return 2;
    }
    copy_open(&rows, argv[1], argv[2]);
    if (sqlite3_open(argv[3], &db) != SQLITE_OK)
        die(argv[3], sqlite3_errmsg(db));
    run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE");
    snprintf(sql, sizeof sql, "INSERT INTO %s %s VALUES (?, ?, ?, ?, ?, ?, ?, ?)", argv[4], insert_columns);
    if (sqlite3_prepare_v2(db, sql, -1, &insert, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(db));
    while (copy_next(&rows, cells))
        put(db, insert, cells);
    sqlite3_finalize(insert);
    run(db, "COMMIT");
    sqlite3_close(db);
    copy_close(&rows);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How one table takes another's place: what is asked of the catalog, and what is said to the server. */
#ifndef INCLOAD_LIB_DIALECT_SWAP_H
#define INCLOAD_LIB_DIALECT_SWAP_H

#include "dialect/dialect.h"

typedef enum incload__swap_manner {
    INCLOAD__SWAP_BY_TRANSACTION, /* the staging table is committed, then renames in one short transaction */
    INCLOAD__SWAP_BY_STATEMENT,   /* one statement renames both, and commits; the ledger tells what became of it */
    INCLOAD__SWAP_INSIDE          /* everything in one transaction, of which readers see nothing */
} incload__swap_manner;

/* Queries have the parameters schema (or NULL) and table first, where they have any. */
struct incload__swap_rules {
    incload__swap_manner manner;
    /* Rows that were inserted while a snapshot was open are missing in it, and COPY alone can make them visible: the
     * road of INSERT ... SELECT is closed where there is COPY. */
    bool freezes;
    /* In this schema the names in what the catalog writes are whole; a statement for the planning transaction. */
    const char *whole_names;
    const char *obstacles; /* a row for each thing that a swap would lose or break, in words */
    /* How the table is partitioned, and into what (see the file): then `obstacles` has a third parameter, 'rename' or
     * 'partition', and a partition can be exchanged. NULL: not. */
    const char *partitions;
    const char *shape;        /* one row: the table's id, and a text that changes with everything that plan looks at */
    const char *plan;         /* further parameters: token, mark. Rows of phase and statement, in order */
    const char *grants;       /* further parameter: token. Statements, once the staging table has its owner */
    const char *made;         /* the table's comment, if there is such a table */
    const char *blockers;     /* who holds a lock on it, in words */
    const char *snapshots;    /* further parameter: seconds since 1970. Who may have a snapshot from before that time */
    /* Without parameters, with a TOKEN (see the file). Who may have a snapshot from before now: for them the plan has
     * the phase 'rebuild'. NULL: the new table needs none. */
    const char *views;
    const char *lock_failure; /* the SQLSTATE of a lock that was not to be had in time; NULL: the code tells */
    int64_t lock_failure_code;
    int64_t lock_failure_late; /* a code that means the same in a try that took its whole time; 0: there is none */
    const char *changed; /* and the one that `guard` raises; NULL: there is none */

    /* The publishing statements, as one statement to the server: open, any number of `line`, close. */
    void (*open)(incload__str *out, const char *token, int64_t lock_timeout_ms);
    /* Fails when `shape` no longer gives `digest` for the table. */
    void (*guard)(incload__str *out, const incload__table *table, const char *digest);
    void (*line)(incload__str *out, const char *sql);
    void (*close)(incload__str *out, const char *token);
    /* For a statement that waits for a table's lock: how long at most, until `no_lock_timeout` or, where that is NULL,
     * the end of the transaction. */
    void (*set_lock_timeout)(incload__str *out, int64_t ms);
    const char *no_lock_timeout;
    /* Before an old table is dropped, which only those wait for who use it still; NULL: set_lock_timeout. */
    const char *drop_timeout;
    const char *no_drop_timeout;
    const char *analyze; /* in front of the staging table's name; NULL: it is part of the plan */
    /* Rows come faster into a table without indexes, and to build each at once costs less than that saves. Behind
     * `create_query` stands a quoted name; what it answers in its second column is `create`. Appends the statements
     * that drop and add the indexes of `table` (quoted) that can be set aside; nothing where there are none. */
    const char *create_query;
    void (*set_aside)(incload__str *drop, incload__str *add, const char *create, const char *table);
    /* Behind the name of a table that the same transaction has filled, when all of it is read; NULL: nothing. */
    const char *own_rows;

    /* ---- INCLOAD__SWAP_INSIDE ---- */
    const char *const *before; /* statements around the transaction; NULL-terminated */
    const char *const *after;
    const char *keys_query; /* '1' where the session enforces foreign keys, and the statement that makes it so again */
    const char *keys_on;
    const char *strays; /* rows whose foreign key points to nothing, in words */
    /* The table's CREATE statement under another (quoted) name. False for a text that is of another form. */
    bool (*rename_create)(incload__str *out, const char *create, const char *quoted);
};

extern const incload__swap_rules incload__swap_postgres;
extern const incload__swap_rules incload__swap_mariadb;
extern const incload__swap_rules incload__swap_sqlite;

#endif

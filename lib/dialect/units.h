/* SPDX-License-Identifier: Apache-2.0 */
/* What the durable state of runs needs of a database, beside plain SQL. Texts are templates of the ledger. */
#ifndef INCLOAD_LIB_DIALECT_UNITS_H
#define INCLOAD_LIB_DIALECT_UNITS_H

#include "dialect/dialect.h"

struct incload__unit_rules {
    /* Statements after which the counter of epochs and the indexes of `unit` are there, as often as they are made;
     * NULL-terminated. */
    const char *const *make;
    /* Statement that moves the counter of epochs; NULL: the query does. */
    const char *count;
    /* Query: the next epoch, which rises for ever, whatever is rolled back. */
    const char *next;
    bool next_by_name; /* its parameter is the counter's quoted name */
    const char *lock;  /* end of a query whose rows stay locked until the end of the transaction */
    const char *lock_free; /* the same, without those that are locked already */
    /* End of INSERT INTO {applied}: another run's row of that key with a smaller epoch is replaced. Any other
     * stays as it is, and is not among the affected rows, or fails the statement as a constraint would. */
    const char *newer;
    bool newer_or_fails;
    /* The same, of a row that has the epoch of its last parameter still. */
    const char *newer_still;
    /* Many rows come as one array for each column, so that the statement is the same for any number of them; false:
     * as so many rows of values. */
    bool arrays;
    /* Query that hands out the next units of a run, none of which has a row, and moves its cursor: all that are asked
     * for, or none when anything is to be weighed (other units come first, there is a limit, the run shall not go on,
     * the worker is dead, fewer are left). Its parameters: how many, run, how many, worker, run, the counter's quoted
     * name, run, worker, how many. Its row: how many it handed out, the first, their epoch. NULL: there is none. */
    const char *take;
};

extern const incload__unit_rules incload__units_postgres;
extern const incload__unit_rules incload__units_mariadb;
extern const incload__unit_rules incload__units_sqlite;

#endif

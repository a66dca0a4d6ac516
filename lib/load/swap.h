/* SPDX-License-Identifier: Apache-2.0 */
/* write=swap: the rows go into a new table beside the target, which takes the target's place. */
#ifndef INCLOAD_LIB_LOAD_SWAP_H
#define INCLOAD_LIB_LOAD_SWAP_H

#include "dialect/swap.h"
#include "load/internal.h"
#include "state/objects.h"

typedef struct incload__swap {
    incload__load *load;
    const incload__swap_rules *rules;
    char token[20];
    char stage_name[48];
    char old_name[48];
    char mark[96];                  /* the comment of our own tables */
    incload__table partition;       /* of the target, with swap_by=partition */
    const incload__table *replaced; /* the target, or that */
    incload__table stage;           /* borrowed names */
    incload__table old;
    incload__rows plan; /* phase and statement */
    char *digest;       /* of the target's shape, as it was when the plan was made */
    char *indexes;      /* the statement that builds those set aside; NULL: there are none */
    int64_t loaded_us;  /* wall: after the staging table was committed */
    int64_t filling_us; /* how long it took to fill, INCLOAD__SWAP_BY_STATEMENT alone */
} incload__swap;

/* swap.c */
bool incload__swap_freezes(const incload__load *load);
/* One of the dialect's queries about a table of the target; `more` (may be NULL) is a third parameter. */
int32_t incload__swap_ask(incload__swap *swap, const char *query, const incload__table *table, const char *more,
                          incload__rows *out, incload_error **err);
/* The first column of the rows, with commas between them; at most 8 of them. */
int32_t incload__swap_list(const incload__rows *rows, incload__str *out);
int32_t incload__swap_execute(incload__swap *swap, incload__str *sql, incload_error **err);
/* The statements of one phase, in order. */
int32_t incload__swap_phase(incload__swap *swap, const char *phase, incload_error **err);
/* INCLOAD_E_UNSUPPORTED, with the names of what a swap would lose. */
int32_t incload__swap_find_obstacles(incload__swap *swap, incload_error **err);
/* The target's shape as it is now. Freed by the caller. */
int32_t incload__swap_read_digest(incload__swap *swap, char **digest, incload_error **err);
int32_t incload__swap_fail_changed(const incload__swap *swap, incload_error *failure, incload_error **err);
/* In the open transaction, or before the table is made. */
int32_t incload__swap_write_down(incload__swap *swap, incload_error **err);
/* Drops the staging table, if the target can be asked. */
void incload__swap_discard_stage(incload__swap *swap);
/* Moves the rows into the staging table, and ends the reading. */
int32_t incload__swap_transfer(incload__swap *swap, incload_error **err);
/* After load, before publish: what was read must be what the staging table has, and must not be nothing. */
int32_t incload__swap_check(incload__swap *swap, incload_error **err);
void incload__swap_notice(const incload__swap *swap, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How long the object is none of anybody's orphans, for a run without a lease; 0 with one. */
int64_t incload__swap_keep_us(const incload__swap *swap);

/* swap_sweep.c: drops what runs that are at work no more have left. What cannot be dropped now stays for later. */
int32_t incload__swap_sweep(incload__swap *swap, incload_error **err);
/* Drops one of our tables in a transaction of its own, with its row in the ledger. *gone: it is not there any more. */
int32_t incload__swap_drop(incload__swap *swap, const incload__table *table, const char *mark, bool *gone,
                           incload_error **err);

/* swap_indexes.c: INCLOAD__SWAP_BY_STATEMENT, before the staging table is filled, and once it is committed. */
int32_t incload__swap_set_indexes_aside(incload__swap *swap, incload_error **err);
int32_t incload__swap_build_indexes(incload__swap *swap, incload_error **err);

/* swap_publish.c: INCLOAD__SWAP_BY_TRANSACTION, once the staging table is committed. */
int32_t incload__swap_publish(incload__swap *swap, incload_error **err);
/* Publishes, and tries again as long as others have the table: INCLOAD_E_CONFLICT names them in the end. */
int32_t incload__swap_in_time(incload__swap *swap, int32_t (*publish)(incload__swap *, incload_error **),
                              incload_error **err);
/* The old table, after the swap; what still reads it leaves it to the next run. */
void incload__swap_drop_old(incload__swap *swap);

/* swap_views.c: once the staging table is committed, sees to it that no older snapshot will find it empty. */
int32_t incload__swap_settle_views(incload__swap *swap, incload_error **err);

/* swap_transaction.c: what to tell where the COMMIT of a staging table had no answer. Whatever became of it, nothing
 * was published, so the unit can be started over. */
int32_t incload__swap_stage_unknown(incload_error *unknown, incload_error **err);

/* swap_partition.c: with swap_by=partition the partition that is exchanged. In the planning transaction. */
int32_t incload__swap_find_partition(incload__swap *swap, incload_error **err);

/* The three manners: swap_transaction.c, swap_statement.c, swap_inside.c. */
int32_t incload__swap_by_transaction(incload__swap *swap, incload_error **err);
int32_t incload__swap_by_statement(incload__swap *swap, incload_error **err);
int32_t incload__swap_inside(incload__swap *swap, incload_error **err);

#endif

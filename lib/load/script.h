/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of a load, written down in place of being run. */
#ifndef INCLOAD_LIB_LOAD_SCRIPT_H
#define INCLOAD_LIB_LOAD_SCRIPT_H

#include "driver/driver.h"

typedef enum incload__side { INCLOAD__SIDE_SOURCE, INCLOAD__SIDE_TARGET } incload__side;

typedef struct incload__scripted {
    incload__side side;
    const char *purpose; /* static: look, begin, create, read, write, commit, rollback */
    const char *lock;    /* static: what it locks, in the database's own words; "" for nothing that others feel */
    char *sql;
    int32_t parameters;
} incload__scripted;

typedef struct incload__script {
    const incload__mem *mem;
    incload__scripted *items;
    int32_t count;
    int32_t capacity;
    bool failed; /* an allocation failed: the script is not whole */

    /* The first read of the window: what the server is asked to estimate. */
    char *read;
    incload__param *read_params; /* copies */
    int32_t read_param_count;
} incload__script;

void incload__script_init(incload__script *script, const incload__mem *mem);
void incload__script_free(incload__script *script);
/* `purpose` NULL: as the statement's first word says. */
void incload__script_add(incload__script *script, const incload__dialect *dialect, incload__side side,
                         const char *purpose, const char *sql, int32_t parameters);
/* Keeps the first one. */
void incload__script_note_read(incload__script *script, const char *sql, const incload__param *params, int32_t count);

/* rehearse.c: connections that stand for two real ones, and write down what they are told. What only looks is asked of
 * the real ones, each time in a read-only transaction; everything else is said to have worked, and to have touched one
 * row, without being sent. Rows are never read: every read ends at once. */
typedef struct incload__rehearsal incload__rehearsal;

incload__rehearsal *incload__rehearsal_new(const incload__mem *mem, incload__conn *source, incload__conn *target,
                                           incload__script *script, incload_error **err);
void incload__rehearsal_free(incload__rehearsal *rehearsal);
incload__conn *incload__rehearsal_source(incload__rehearsal *rehearsal);
incload__conn *incload__rehearsal_target(incload__rehearsal *rehearsal);

#endif

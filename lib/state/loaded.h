/* SPDX-License-Identifier: Apache-2.0 */
/* The columns that the last run of a load filled, as the source declared them then: by them a run tells what has
 * changed in the source since. Kept as versioned JSON in the ledger, written in the transaction of the rows. */
#ifndef INCLOAD_LIB_STATE_LOADED_H
#define INCLOAD_LIB_STATE_LOADED_H

#include "state/ledger.h"

enum { INCLOAD__LOADED_VERSION = 1 };

typedef struct incload__loaded_column {
    char *source; /* its name there */
    char *target;
    char *native; /* the source's own name of the type; may be NULL */
    incload__type type;
} incload__loaded_column;

typedef struct incload__loaded {
    const incload__mem *mem;
    char *table; /* that was filled, "schema.table"; NULL: nothing is known */
    incload__loaded_column *columns;
    int32_t count;
    int32_t capacity;
} incload__loaded;

void incload__loaded_init(incload__loaded *loaded, const incload__mem *mem);
void incload__loaded_free(incload__loaded *loaded);
int32_t incload__loaded_set_table(incload__loaded *loaded, const char *table, incload_error **err);
int32_t incload__loaded_add(incload__loaded *loaded, const char *source, const char *target, const char *native,
                            incload__type type, incload_error **err);
/* By the target's name, or NULL. */
const incload__loaded_column *incload__loaded_find(const incload__loaded *loaded, const char *target);

/* `out` is initialised. INCLOAD_E_UNSUPPORTED for a newer version's document, INCLOAD_E_DATA for a damaged one. */
int32_t incload__loaded_parse(const char *document, incload__loaded *out, incload_error **err);
int32_t incload__loaded_print(const incload__loaded *loaded, incload__str *out, incload_error **err);

/* The ledger's document of a load: *document is NULL when there is none, else freed by the caller. */
int32_t incload__loaded_read(const incload__ledger *ledger, incload__conn *conn, const char *load, char **document,
                             incload_error **err);
/* In the open transaction. */
int32_t incload__loaded_write(const incload__ledger *ledger, incload__conn *conn, const char *load,
                              const char *document, const char *run_id, incload_error **err);

#endif

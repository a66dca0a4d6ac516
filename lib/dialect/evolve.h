/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a table's columns after those of the source. */
#ifndef INCLOAD_LIB_DIALECT_EVOLVE_H
#define INCLOAD_LIB_DIALECT_EVOLVE_H

#include "dialect/dialect.h"

typedef struct incload__evolution {
    /* Statements around the changes of one transaction: they wait for no lock longer than a moment, since whoever comes
     * after them, readers too, waits behind them. NULL: the statements say it themselves, or nothing waits. */
    const char *before;
    const char *after;
    /* Query (parameters: schema or NULL, table, column): names of views that keep the column's type from being changed,
     * and it from being dropped. NULL: there is no such rule, or the server names them. */
    const char *dependents_query;
    /* Query (same parameters): what the column's definition says behind its type, which a change of the type must
     * repeat; NULL in it when that cannot be told. NULL: a change of the type keeps it. */
    const char *rest_query;
    bool folds_names;        /* names that differ by case alone are one name */
    bool numeric_is_bounded; /* a NUMERIC has less room than every DECIMAL together */

    /* A column that may be NULL. */
    int32_t (*add_column)(incload__str *out, const incload__table *table, const char *name, const char *native,
                          incload_error **err);
    /* `column` as it is; to the type `native` of that kind. NULL: not in place. */
    int32_t (*change_type)(incload__str *out, const incload__table *table, const incload__column *column,
                           const char *native, incload__kind kind, const char *rest, incload_error **err);
    int32_t (*drop_column)(incload__str *out, const incload__table *table, const char *name, incload_error **err);
    /* Where a column is best dropped from a table that is complete, the column that has to wait for that may be NULL.
     * NULL: it is dropped from an empty table as well. */
    int32_t (*drop_not_null)(incload__str *out, const incload__table *table, const char *name, incload_error **err);
} incload__evolution;

/* NULL: the library does not change columns there. */
const incload__evolution *incload__evolution_of(const incload__dialect *dialect);

#endif

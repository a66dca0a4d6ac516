/* SPDX-License-Identifier: Apache-2.0 */
/* The keyset condition. The textbook form (a > ? OR (a = ? AND b > ?)) reads the whole table on PostgreSQL and the row
 * form (a, b) > (?, ?) the whole index on MariaDB; `a >= ? AND (a > ? OR b > ?)` is a range for every planner. */
#include "dialect/dialect.h"

typedef struct keyset {
    const incload__dialect *dialect;
    incload__str *out;
    const incload__column *const *columns;
    const char *const *quoted;
    int32_t first;
    int32_t *order;
    int32_t placeholders;
} keyset;

static void
compare(keyset *set, int32_t column, const char *operator_text)
{
    int32_t number = set->dialect->numbered_params ? set->first + column : set->first + set->placeholders;

    incload__str_add(set->out, set->quoted[column]);
    incload__str_add(set->out, operator_text);
    set->dialect->param(set->out, set->columns[column], number);
    if (set->order != NULL)
        set->order[set->placeholders] = column;
    set->placeholders++;
}

int32_t
incload__keyset_after(const incload__dialect *dialect, incload__str *out, const incload__column *const *columns,
                      const char *const *quoted, int32_t count, int32_t first, int32_t *order)
{
    keyset set = {
        .dialect = dialect, .out = out, .columns = columns, .quoted = quoted, .first = first, .order = order,
    };

    for (int32_t i = 0; i < count; i++) {
        if (i == count - 1) {
            compare(&set, i, " > ");
            break;
        }
        compare(&set, i, " >= ");
        incload__str_add(out, " AND (");
        compare(&set, i, " > ");
        incload__str_add(out, i == count - 2 ? " OR " : " OR (");
    }
    for (int32_t i = 0; i < count - 1; i++)
        incload__str_add(out, i == 0 ? ")" : "))");
    return set.placeholders;
}

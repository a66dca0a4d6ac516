/* SPDX-License-Identifier: Apache-2.0 */
/* Finding $1, $2, ... in a statement the way PostgreSQL's scanner does: not inside strings, names, comments or dollar
 * quotes. No value ever goes through here: placeholders are replaced by expressions of our own. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_PARAMS_H
#define INCLOAD_LIB_DRIVER_LIBPQ_PARAMS_H

#include "base/error.h"
#include "base/str.h"

/* Appends `sql` with each $n replaced by texts[n - 1], without semicolons and comments at its end, so that it can stand
 * in brackets. Within brackets that hold an OR, where a condition is a filter and never an index's range, branch_texts
 * are taken. INCLOAD_E_INVALID for a number outside 1..count. Needs standard_conforming_strings, which the session has.
 */
int32_t incload__params_replace(incload__str *out, const char *sql, const char *const *texts,
                                const char *const *branch_texts, int32_t count, incload_error **err);

#endif

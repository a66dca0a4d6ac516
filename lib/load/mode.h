/* SPDX-License-Identifier: Apache-2.0 */
/* What each way of writing needs and bears: one row a mode, read by the plan and by the engine. */
#ifndef INCLOAD_LIB_LOAD_MODE_H
#define INCLOAD_LIB_LOAD_MODE_H

#include "load/internal.h"

typedef struct incload__mode {
    const char *name;
    uint32_t windows;  /* bits, 1 << INCLOAD__WINDOW_... */
    const char *wants; /* the windows in words, for the refusal */
    bool needs_key;
    bool needs_unique; /* the target must have a unique key on exactly the key */
    bool bears_repeats; /* a row that comes again changes nothing */
    bool bears_removal; /* deleted rows of the source can be told to it */
    bool takes_out;     /* rows of the target are deleted to be put back */
} incload__mode;

const incload__mode *incload__mode_by_write(int32_t write);
const incload__mode *incload__mode_of(const incload__load *load);
/* The options that must stand together, before anything is looked at. */
int32_t incload__mode_check_options(const incload__load *load, incload_error **err);
/* After the target's keys are known: load->one_per_key is set. */
int32_t incload__mode_check_key(const incload__load *load, incload_error **err);
/* The columns to make the target's primary key of, as it is made, without the marker: their number. */
int32_t incload__mode_created_key(const incload__load *load, int32_t *key);
/* Straight into the target only where that cannot repeat a row, overwrite one, or pass one that is marked as deleted.
 */
bool incload__mode_needs_staging(const incload__load *load, bool has_rows);
/* The rows of the interval give way first, and others come straight into their place: where readers see the old ones
 * until the commit, all that come lie in the interval, and no key can meet one outside of it. */
bool incload__mode_clears_first(const incload__load *load);
/* Refuses where the target's rows are none this load may add to. */
int32_t incload__mode_check_rows(const incload__load *load, bool has_rows, incload_error **err);

/* Between staging and publishing: refuses rows that could not be found again to be replaced, and to empty the target by
 * surprise. */
int32_t incload__mode_check_staged(incload__load *load, bool has_rows, incload_error **err);
/* ` WHERE` the rows of the target are in the interval, with its bounds; freed by the caller after the statement. */
int32_t incload__interval_where(incload__load *load, incload__sql *sql, const char *prefix, char *bounds[2],
                                incload_error **err);

/* bound.c: the target's text of a value of the source's cursor, as the load would write it there. Freed by the caller.
 */
int32_t incload__bound_in_target(const incload__load *load, const char *text, char **out, incload_error **err);

/* marker.c: rows of the source that are marked as deleted. */
/* Finds the column of option delete_marker among those loaded, and adds it if it is not. */
int32_t incload__marker_find(incload__load *load, const incload__schema *all, incload_error **err);
/* INCLOAD_E_INVALID when a target without the marker would lack its key, cursor or latest_by. */
int32_t incload__marker_check_alone(const incload__load *load, incload_error **err);
/* Condition on the column, in a dialect's SQL, that is true for a value that marks its row. */
int32_t incload__marker_is_set(const incload__dialect *dialect, const incload__column *marker, const char *prefix,
                               incload__str *out, incload_error **err);
/* Condition on staging's alias s ("s.") or on staging alone ("") that is true for such a row. */
int32_t incload__marker_condition(const incload__load *load, const char *prefix, incload__str *out,
                                  incload_error **err);
/* A marker that the target has no column for goes last, out of the columns that are written to the target. */
void incload__marker_move_last(incload__load *load);
/* The columns of staging that have a place in the target: borrowed from load->target. */
incload__schema incload__stored_columns(const incload__load *load);

/* soft.c: rows that are marked in the target instead of being deleted. */
bool incload__soft_is_on(const incload__load *load);
/* The target's two columns, found among `all`, into load->marks. */
int32_t incload__soft_find(incload__load *load, const incload__schema *all, incload_error **err);
/* Adds the two to the shape of a target to be made. */
int32_t incload__soft_add(const incload__load *load, incload__schema *columns, incload_error **err);
/* Adds the two, which say that the row is there, to the columns that are staged or merged. */
int32_t incload__soft_extend(const incload__load *load, bool with_default, incload__schema *columns,
                             incload_error **err);
const char *incload__soft_name(const incload__load *load, int32_t which);
/* Appends a condition behind the target's name in a FROM: rows that are not marked. */
int32_t incload__soft_only_there(const incload__load *load, incload__str *sql, incload_error **err);
/* Takes rows out of the target, deleted or marked as the strategy says; *removed counts. */
int32_t incload__remove(incload__load *load, const incload__merge *merge, bool missing, const char *staged,
                        int64_t *removed, incload_error **err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows take part: those the load would ever read, and with window=loaded those at or before its watermark. The
 * bounds are texts of the source's cursor; the target is told them as the load would have written them there. */
#include <string.h>

#include "load/mode.h"
#include "load/verify_internal.h"

static const char *const operations[BOUNDS] = {
    [BOUND_INITIAL] = " >= ", [BOUND_UNTIL] = " < ", [BOUND_MARK] = " <= "
};

static const incload__column *
cursor_of(const verify *v, int32_t side)
{
    return &v->sides[side].columns->columns[v->load.cursor];
}

static int32_t
set_bound(verify *v, int32_t bound, const char *text, incload_error **err)
{
    if (text == NULL)
        return INCLOAD_OK;
    v->windowed = true;
    v->sides[SOURCE].bounds[bound] = incload__strdup(v->mem, text);
    if (v->sides[SOURCE].bounds[bound] == NULL)
        return incload__fail_memory(err);
    return incload__bound_in_target(&v->load, text, &v->sides[TARGET].bounds[bound], err);
}

int32_t
incload__verify_window(verify *v, const incload__position *position, incload_error **err)
{
    const incload__strategy_values *how = v->spec.how;
    bool loaded = v->values->window == INCLOAD__VERIFY_LOADED;
    bool since = how->window == INCLOAD__WINDOW_SINCE;

    if (loaded && !since)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "window=loaded needs a load with window=since: this one has no watermark");
    if (loaded && position->value == NULL)
        return incload__fail(err, INCLOAD_E_STATE_MISSING,
                             "load '%s' has no watermark yet: run it first, or verify with window=all", v->spec.name);
    bool interval = how->window == INCLOAD__WINDOW_INTERVAL;
    if (!since && !interval)
        return INCLOAD_OK;
    /* Rows without a position: include loads them, exclude never does, and raise has none or has not loaded. */
    v->leave_positionless = how->null_cursor == INCLOAD__NULL_CURSOR_EXCLUDE
                            || ((loaded || interval) && how->null_cursor == INCLOAD__NULL_CURSOR_RAISE);
    v->windowed = v->leave_positionless;
    int32_t status = set_bound(v, BOUND_INITIAL, how->initial, err);
    if (status == INCLOAD_OK)
        status = set_bound(v, BOUND_UNTIL, how->until, err);
    if (status == INCLOAD_OK && loaded)
        status = set_bound(v, BOUND_MARK, position->value, err);
    return status;
}

int32_t
incload__verify_inside(verify *v, int32_t side, incload__sql *sql, incload_error **err)
{
    const incload__dialect *dialect = v->sides[side].conn->dialect;
    const incload__column *cursor = cursor_of(v, side);
    incload__str quoted = INCLOAD__STR(v->mem);
    int32_t status = dialect->quote(&quoted, "column", cursor->name, err);

    if (status == INCLOAD_OK && quoted.failed)
        status = incload__fail_memory(err);
    /* CASE: a comparison with NULL must not make the whole unknown, since NOT of it would be unknown too. */
    incload__str_add(&sql->text, "CASE WHEN ");
    if (status == INCLOAD_OK)
        dialect->no_position(&sql->text, cursor, incload__str_text(&quoted));
    incload__str_add(&sql->text, v->leave_positionless ? " THEN 0" : " THEN 1");
    for (int32_t i = 0, any = 0; i < BOUNDS && status == INCLOAD_OK; i++) {
        const char *value = v->sides[side].bounds[i];
        if (value == NULL)
            continue;
        incload__str_addf(&sql->text, "%s%s%s", any++ > 0 ? " AND " : " WHEN ", incload__str_text(&quoted),
                          operations[i]);
        status = incload__sql_bind(sql, dialect, cursor, value, strlen(value), err);
    }
    bool bounded = v->sides[side].bounds[BOUND_INITIAL] != NULL || v->sides[side].bounds[BOUND_UNTIL] != NULL
                   || v->sides[side].bounds[BOUND_MARK] != NULL;
    incload__str_add(&sql->text, bounded ? " THEN 1 ELSE 0 END = 1" : " ELSE 1 END = 1");
    incload__str_free(&quoted);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows take part: those the load would ever read, and with window=loaded those at or before its watermark. The
 * bounds are texts of the source's cursor; the target is told them as the load would have written them there. */
#include <string.h>

#include "load/verify_internal.h"

static const char *const operations[BOUNDS] = {
    [BOUND_INITIAL] = " >= ", [BOUND_UNTIL] = " < ", [BOUND_MARK] = " <= "
};

static const incload__column *
cursor_of(const verify *v, int32_t side)
{
    return &v->sides[side].columns->columns[v->load.cursor];
}

/* One cell of one column, as read from the source. */
static int32_t
make_cell(verify *v, const incload__schema *schema, const char *text, struct ArrowArray *out, incload_error **err)
{
    incload__builder *builder = incload__builder_new(v->mem, schema, err);

    if (builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = incload__put_text(builder, 0, text, strlen(text));
    if (status == INCLOAD_E_NO_MEMORY)
        incload__fail_memory(err);
    else if (status != INCLOAD_OK)
        incload__fail(err, status, "a bound of the window is no value of the cursor '%.64s': check the options "
                      "'initial' and 'until', and the watermark", schema->columns[0].name);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, out, err);
    incload__builder_free(builder);
    return status;
}

/* The one column that the cursor is, of a schema. */
static int32_t
cursor_schema(const verify *v, const incload__schema *schema, incload__schema *out, incload_error **err)
{
    const incload__column *cursor = &schema->columns[v->load.cursor];

    incload__schema_init(out, v->mem);
    return incload__schema_add(out, cursor->name, cursor->native, cursor->type) != NULL ? INCLOAD_OK
                                                                                         : incload__fail_memory(err);
}

/* The target's text of a value of the source's cursor. */
static int32_t
translate(verify *v, const char *text, char **out, incload_error **err)
{
    incload__schema from, to;
    struct ArrowArray cell, converted;
    incload__view view;
    incload__str result = INCLOAD__STR(v->mem), zoned = INCLOAD__STR(v->mem);

    memset(&cell, 0, sizeof cell);
    memset(&converted, 0, sizeof converted);
    memset(&view, 0, sizeof view);
    int32_t status = cursor_schema(v, &v->load.travel, &from, err);
    int32_t second = cursor_schema(v, &v->load.write, &to, err);
    if (status == INCLOAD_OK)
        status = second;
    if (status == INCLOAD_OK && from.columns[0].type.kind == INCLOAD__TIMESTAMPTZ && strpbrk(text + strcspn(text, ":"),
                                                                                             "+-Zz") == NULL) {
        /* Sessions are in UTC, and MariaDB does not write it. */
        incload__str_addf(&zoned, "%s+00", text);
        text = incload__str_text(&zoned);
        status = text != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    if (status == INCLOAD_OK)
        status = make_cell(v, &from, text, &cell, err);
    if (status == INCLOAD_OK)
        status = incload__convert(v->mem, &from, &cell, &to, &converted, err);
    if (status == INCLOAD_OK)
        status = incload__view_init(&view, v->mem, &to, &converted, err);
    if (status == INCLOAD_OK)
        status = v->load.to->dialect->encode(&view, 0, 0, cursor_of(v, TARGET), &result, err);
    if (status == INCLOAD_OK) {
        *out = incload__str_take(&result);
        status = *out != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    incload__view_free(&view);
    incload__array_release(&converted);
    incload__schema_free(&from);
    incload__schema_free(&to);
    incload__str_free(&zoned);
    incload__str_free(&result);
    return status;
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
    return translate(v, text, &v->sides[TARGET].bounds[bound], err);
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
    if (!since)
        return INCLOAD_OK;
    /* Rows without a position: include loads them, exclude never does, and raise has none or has not loaded. */
    v->leave_positionless = how->null_cursor == INCLOAD__NULL_CURSOR_EXCLUDE
                            || (loaded && how->null_cursor == INCLOAD__NULL_CURSOR_RAISE);
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

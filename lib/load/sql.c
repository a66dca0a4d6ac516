/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "load/internal.h"

void
incload__sql_init(const incload__load *load, incload__sql *sql)
{
    memset(sql, 0, sizeof *sql);
    sql->text.mem = load->mem;
}

void
incload__sql_free(incload__sql *sql)
{
    incload__free(sql->text.mem, sql->params);
    incload__str_free(&sql->text);
    sql->params = NULL;
    sql->count = 0;
}

int32_t
incload__sql_add_param(incload__sql *sql, incload__param param, incload_error **err)
{
    if (sql->count == sql->capacity) {
        int32_t capacity = sql->capacity * 2 + 16;
        incload__param *params = incload__realloc(sql->text.mem, sql->params, (size_t)capacity * sizeof *params);
        if (params == NULL)
            return incload__fail_memory(err);
        sql->params = params;
        sql->capacity = capacity;
    }
    sql->params[sql->count++] = param;
    return INCLOAD_OK;
}

int32_t
incload__sql_from(const incload__load *load, incload__sql *sql, incload_error **err)
{
    const incload__load_spec *spec = load->spec;

    incload__str_add(&sql->text, " FROM ");
    if (spec->query == NULL)
        return incload__quote_table(load->from->dialect, &sql->text, &load->source_name, err);

    /* A line break, since the query may end in a comment. */
    incload__str_addf(&sql->text, "(%s\n) AS q", spec->query);
    for (int32_t i = 0; i < spec->param_count; i++) {
        int32_t status = incload__sql_add_param(sql, spec->params[i], err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

int32_t
incload__sql_bind(incload__sql *sql, const incload__dialect *dialect, const incload__column *column,
                        const char *value, size_t length, incload_error **err)
{
    int32_t status =
        incload__sql_add_param(sql, (incload__param){ value, length, column->type.kind }, err);

    if (status == INCLOAD_OK)
        dialect->param(&sql->text, column, sql->count);
    return status;
}

int32_t
incload__sql_check(const incload__sql *sql, incload_error **err)
{
    return sql->text.failed ? incload__fail_memory(err) : INCLOAD_OK;
}

int32_t
incload__execute(incload__load *load, incload__str *sql, incload_error **err)
{
    int32_t status = incload__load_check(load, err);

    if (status == INCLOAD_OK)
        status = sql->failed ? incload__fail_memory(err)
                             : load->to->driver->execute(load->to, incload__str_text(sql), NULL, 0, NULL, err);
    incload__str_free(sql);
    return status;
}

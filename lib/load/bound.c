/* SPDX-License-Identifier: Apache-2.0 */
/* A bound of the window is a text of the source's cursor. Where the target compares it, it must be what the load would
 * have written there: it goes through the conversion of a row. */
#include <string.h>

#include "load/mode.h"

/* One cell of one column, as read from the source. */
static int32_t
make_cell(const incload__load *load, const incload__schema *schema, const char *text, struct ArrowArray *out,
          incload_error **err)
{
    incload__builder *builder = incload__builder_new(load->mem, schema, err);

    if (builder == NULL)
        return INCLOAD_E_NO_MEMORY;
    int32_t status = incload__put_text(builder, 0, text, strlen(text));
    if (status == INCLOAD_E_NO_MEMORY)
        incload__fail_memory(err);
    else if (status != INCLOAD_OK)
        incload__fail(err, status,
                      "a bound of the window is no value of the cursor '%.64s': check the options 'initial' and "
                      "'until', and the watermark",
                      schema->columns[0].name);
    if (status == INCLOAD_OK)
        status = incload__builder_finish(builder, out, err);
    incload__builder_free(builder);
    return status;
}

/* The one column that the cursor is, of a schema. */
static int32_t
cursor_schema(const incload__load *load, const incload__schema *schema, incload__schema *out, incload_error **err)
{
    const incload__column *cursor = &schema->columns[load->cursor];

    incload__schema_init(out, load->mem);
    return incload__schema_add(out, cursor->name, cursor->native, cursor->type) != NULL ? INCLOAD_OK
                                                                                         : incload__fail_memory(err);
}

/* People write a day where an instant is meant, and servers take it; sessions are in UTC, and MariaDB does not write
 * it. */
static int32_t
complete(const incload__column *cursor, const char *text, incload__str *out, incload_error **err)
{
    incload__kind kind = cursor->type.kind;
    bool has_time = strchr(text, ':') != NULL;

    incload__str_add(out, text);
    if ((kind == INCLOAD__TIMESTAMP || kind == INCLOAD__TIMESTAMPTZ) && !has_time && strlen(text) == 10)
        incload__str_add(out, " 00:00:00");
    if (kind == INCLOAD__TIMESTAMPTZ && strpbrk(text + strcspn(text, ":"), "+-Zz") == NULL)
        incload__str_add(out, "+00");
    return out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

int32_t
incload__bound_cell(const incload__load *load, const char *text, incload__schema *schema, struct ArrowArray *out,
                    incload_error **err)
{
    incload__str whole = INCLOAD__STR(load->mem);
    int32_t status = cursor_schema(load, &load->travel, schema, err);

    if (status == INCLOAD_OK)
        status = complete(&schema->columns[0], text, &whole, err);
    if (status == INCLOAD_OK)
        status = make_cell(load, schema, incload__str_text(&whole), out, err);
    incload__str_free(&whole);
    return status;
}

int32_t
incload__bound_in_target(const incload__load *load, const char *text, char **out, incload_error **err)
{
    incload__schema from, to;
    struct ArrowArray cell, converted;
    incload__view view;
    incload__str result = INCLOAD__STR(load->mem);

    memset(&cell, 0, sizeof cell);
    memset(&converted, 0, sizeof converted);
    memset(&view, 0, sizeof view);
    incload__schema_init(&from, load->mem);
    int32_t status = cursor_schema(load, &load->write, &to, err);
    if (status == INCLOAD_OK)
        status = incload__bound_cell(load, text, &from, &cell, err);
    if (status == INCLOAD_OK)
        status = incload__convert(load->mem, &from, &cell, &to, &converted, err);
    if (status == INCLOAD_OK)
        status = incload__view_init(&view, load->mem, &to, &converted, err);
    if (status == INCLOAD_OK)
        status = load->to->dialect->encode(&view, 0, 0, &load->target.columns[load->cursor], &result, err);
    if (status == INCLOAD_OK) {
        *out = incload__str_take(&result);
        status = *out != NULL ? INCLOAD_OK : incload__fail_memory(err);
    }
    incload__view_free(&view);
    incload__array_release(&converted);
    incload__schema_free(&from);
    incload__schema_free(&to);
    incload__str_free(&result);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <jansson.h>

#include "load/reject.h"

/* A JSON string; what is no control character stays as it is, so that people can read it. */
static void
add_string(incload__str *out, const char *text, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    incload__str_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            incload__str_add_char(out, '\\');
            incload__str_add_char(out, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            incload__str_add(out, "\\u00");
            incload__str_add_char(out, digits[c >> 4]);
            incload__str_add_char(out, digits[c & 15]);
        } else {
            incload__str_add_char(out, (char)c);
        }
    }
    incload__str_add_char(out, '"');
}

int32_t
incload__reject_print(const incload__view *view, int64_t row, incload__str *out, incload_error **err)
{
    incload__str cell = INCLOAD__STR(out->mem);

    incload__str_add_char(out, '{');
    for (int32_t i = 0; i < view->schema->count; i++) {
        const char *name = view->schema->columns[i].name;
        incload__str_add(out, i > 0 ? ", " : "");
        add_string(out, name, strlen(name));
        incload__str_add(out, ": ");
        if (incload__is_null(view, i, row)) {
            incload__str_add(out, "null");
            continue;
        }
        incload__str_clear(&cell);
        incload__cell_text(view, i, row, &cell);
        if (cell.failed)
            out->failed = true;
        else
            add_string(out, cell.data != NULL ? cell.data : "", cell.length);
    }
    incload__str_add_char(out, '}');
    incload__str_free(&cell);
    return out->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

static int32_t
put_cell(incload__builder *builder, int32_t column, const json_t *cell, incload_error **err)
{
    const incload__column *told = &incload__builder_schema(builder)->columns[column];
    char type[48];

    int32_t status = json_is_string(cell) ? incload__put_text(builder, column, json_string_value(cell),
                                                              json_string_length(cell))
                                          : incload__put_null(builder, column);
    if (status == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    if (status != INCLOAD_OK)
        return incload__fail(err, status, "column '%.64s' of a rejected row is no %s any more", told->name,
                             incload__type_text(told->type, type, sizeof type));
    return INCLOAD_OK;
}

int32_t
incload__reject_parse(const char *text, incload__builder *builder, incload_error **err)
{
    const incload__schema *schema = incload__builder_schema(builder);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    int32_t status = INCLOAD_OK;

    if (!json_is_object(root))
        status = incload__fail(err, INCLOAD_E_DATA, "a row in the ledger's table of rejects is damaged: it is no JSON "
                                                    "object");
    for (int32_t i = 0; i < schema->count && status == INCLOAD_OK; i++)
        status = put_cell(builder, i, json_object_get(root, schema->columns[i].name), err);
    json_decref(root);
    return status;
}

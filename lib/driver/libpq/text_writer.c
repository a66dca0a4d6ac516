/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/libpq/text_writer.h"

#include <string.h>

/* What stands behind the backslash for a byte that COPY gives a meaning; 0: none. */
static char
escape_of(char c)
{
    switch (c) {
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    case '\v':
        return 'v';
    default:
        return '\0';
    }
}

static void
add_escaped(incload__str *out, const char *text, size_t length)
{
    size_t start = 0;

    for (size_t i = 0; i < length; i++) {
        /* All but the backslash are control characters. */
        if ((unsigned char)text[i] >= 0x20 && text[i] != '\\')
            continue;
        char escape = escape_of(text[i]);
        if (escape == '\0')
            continue;
        incload__str_add_bytes(out, text + start, i - start);
        incload__str_add_char(out, '\\');
        incload__str_add_char(out, escape);
        start = i + 1;
    }
    incload__str_add_bytes(out, text + start, length - start);
}

static int32_t
add_cell(const incload__dialect *dialect, const incload__schema *schema, const incload__view *view, int32_t column,
         int64_t row, incload__str *cell, incload__str *out, incload_error **err)
{
    if (incload__is_null(view, column, row)) {
        incload__str_add_bytes(out, "\\N", 2);
        return INCLOAD_OK;
    }
    incload__str_clear(cell);
    int32_t status = dialect->encode(view, column, row, &schema->columns[column], cell, err);
    if (status != INCLOAD_OK)
        return status;
    if (cell->length == 0)
        return cell->failed ? incload__fail_memory(err) : INCLOAD_OK;
    if (memchr(cell->data, '\0', cell->length) != NULL)
        return incload__fail(err, INCLOAD_E_DATA, "column '%s' holds a NUL byte, which PostgreSQL text cannot",
                             schema->columns[column].name);
    add_escaped(out, cell->data, cell->length);
    return cell->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

int32_t
incload__text_encode(const incload__dialect *dialect, const incload__schema *schema, const incload__view *view,
                     int64_t *row, size_t enough, incload__str *cell, incload__str *out, incload_error **err)
{
    for (; *row < view->rows && out->length < enough; *row += 1) {
        for (int32_t i = 0; i < schema->count; i++) {
            if (i > 0)
                incload__str_add_char(out, '\t');
            int32_t status = add_cell(dialect, schema, view, i, *row, cell, out, err);
            if (status != INCLOAD_OK)
                return status;
        }
        incload__str_add_char(out, '\n');
        if (out->failed)
            return incload__fail_memory(err);
    }
    return INCLOAD_OK;
}

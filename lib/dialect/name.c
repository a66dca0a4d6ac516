/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a table's name as a host writes it: table, schema.table, "odd.name"."x". */
#include "dialect/dialect.h"

#include <string.h>

#include "base/utf8.h"

/* Reads one part; *text is left behind it. The caller frees `part`. */
static int32_t
read_quoted(const char **text, incload__str *part, incload_error **err)
{
    const char *at = *text + 1;

    for (;; at++) {
        if (*at == '\0')
            return incload__fail(err, INCLOAD_E_INVALID, "table name '%s': a double quote is not closed", *text);
        if (*at == '"') {
            if (at[1] != '"')
                break;
            at++;
        }
        incload__str_add_char(part, *at);
    }
    *text = at + 1;
    return INCLOAD_OK;
}

static int32_t
read_plain(const char **text, incload__str *part, incload_error **err)
{
    const char *at = *text;

    for (; *at != '\0' && *at != '.'; at++) {
        if (*at == '"' || incload__is_space(*at))
            return incload__fail(err, INCLOAD_E_INVALID,
                                 "table name '%s': a part that holds quotes or spaces must stand in double quotes",
                                 *text);
        incload__str_add_char(part, *at);
    }
    *text = at;
    return INCLOAD_OK;
}

static int32_t
read_part(const incload__mem *mem, const char **text, char **out, incload_error **err)
{
    incload__str part = INCLOAD__STR(mem);
    int32_t status = **text == '"' ? read_quoted(text, &part, err) : read_plain(text, &part, err);

    if (status == INCLOAD_OK && part.length == 0 && !part.failed)
        status = incload__fail(err, INCLOAD_E_INVALID, "a table name has an empty part: write table or schema.table");
    if (status == INCLOAD_OK) {
        *out = incload__str_take(&part);
        if (*out == NULL)
            status = incload__fail_memory(err);
    }
    incload__str_free(&part);
    return status;
}

int32_t
incload__table_parse(const incload__mem *mem, const char *text, incload__table *out, incload_error **err)
{
    const char *at = text;
    char *parts[2] = { NULL, NULL };
    int32_t status;

    *out = (incload__table){ NULL, NULL };
    if (text == NULL || *text == '\0')
        return incload__fail(err, INCLOAD_E_INVALID, "a table name must not be empty");
    if (!incload__utf8_valid(text, strlen(text)))
        return incload__fail(err, INCLOAD_E_INVALID, "a table name is not valid UTF-8");

    status = read_part(mem, &at, &parts[0], err);
    if (status == INCLOAD_OK && *at == '.') {
        at++;
        status = read_part(mem, &at, &parts[1], err);
    }
    if (status == INCLOAD_OK && *at != '\0')
        status = incload__fail(err, INCLOAD_E_INVALID, "table name '%s': only table or schema.table is understood",
                               text);
    if (status != INCLOAD_OK) {
        incload__free(mem, parts[0]);
        incload__free(mem, parts[1]);
        return status;
    }
    out->schema = parts[1] == NULL ? NULL : parts[0];
    out->name = parts[1] == NULL ? parts[0] : parts[1];
    return INCLOAD_OK;
}

void
incload__table_free(const incload__mem *mem, incload__table *table)
{
    incload__free(mem, table->schema);
    incload__free(mem, table->name);
    *table = (incload__table){ NULL, NULL };
}

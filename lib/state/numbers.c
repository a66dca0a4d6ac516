/* SPDX-License-Identifier: Apache-2.0 */
#include "state/numbers.h"

void
incload__numbers_add(incload__str *out, int64_t number)
{
    incload__number text = incload__as_number(number);

    incload__str_add(out, text.text);
}

void
incload__numbers_add_list(incload__str *out, const int64_t *numbers, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            incload__str_add_char(out, ',');
        incload__numbers_add(out, numbers[i]);
    }
}

void
incload__array_add_number(incload__str *out, int64_t number)
{
    incload__str_add_char(out, out->length == 0 ? '{' : ',');
    incload__numbers_add(out, number);
}

void
incload__array_add_text(incload__str *out, const char *text)
{
    incload__str_add(out, out->length == 0 ? "{\"" : ",\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            incload__str_add_char(out, '\\');
        incload__str_add_char(out, *text);
    }
    incload__str_add_char(out, '"');
}

void
incload__numbers_add_column(incload__str *out, const incload__rows *rows, int32_t column)
{
    for (int64_t i = 0; i < rows->count; i++) {
        if (i > 0)
            incload__str_add_char(out, ',');
        incload__numbers_add(out, incload__rows_number(rows, i, column));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "run/json.h"

void
incload__json_text(incload__str *out, const char *text)
{
    if (text == NULL) {
        incload__str_add(out, "null");
        return;
    }
    incload__str_add_char(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            incload__str_addf(out, "\\%c", c);
        else if (c < 0x20)
            incload__str_addf(out, "\\u%04x", c);
        else
            incload__str_add_char(out, *text);
    }
    incload__str_add_char(out, '"');
}

void
incload__json_next(incload__str *out)
{
    char last = out->length > 0 ? out->data[out->length - 1] : '{';

    if (last != '{' && last != '[')
        incload__str_add_char(out, ',');
}

void
incload__json_name(incload__str *out, const char *name)
{
    incload__json_next(out);
    incload__json_text(out, name);
    incload__str_add_char(out, ':');
}

void
incload__json_member(incload__str *out, const char *name, const char *text)
{
    incload__json_name(out, name);
    incload__json_text(out, text);
}

void
incload__json_number(incload__str *out, const char *name, int64_t value)
{
    incload__json_name(out, name);
    incload__str_addf(out, "%lld", (long long)value);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/quote.h"

#include <string.h>

#include "base/utf8.h"

static const char *const unit_names[] = {
    [INCLOAD__NAME_BYTES] = "bytes",
    [INCLOAD__NAME_CHARACTERS] = "characters",
    [INCLOAD__NAME_UTF16] = "UTF-16 units",
};

/* Code points past U+FFFF are those of four bytes. */
static size_t
count_supplementary(const char *name)
{
    size_t count = 0;

    for (; *name != '\0'; name++)
        count += (unsigned char)*name >= 0xf0;
    return count;
}

static size_t
measure(incload__name_unit unit, const char *name, size_t length)
{
    if (unit == INCLOAD__NAME_BYTES)
        return length;
    return incload__utf8_length(name, length) + (unit == INCLOAD__NAME_UTF16 ? count_supplementary(name) : 0);
}

int32_t
incload__quote_with(const incload__quoting *rule, incload__str *out, const char *what, const char *name,
                    incload_error **err)
{
    size_t length = name == NULL ? 0 : strlen(name);

    if (length == 0)
        return incload__fail(err, INCLOAD_E_INVALID, "the name of a %s must not be empty", what);
    if (!incload__utf8_valid(name, length))
        return incload__fail(err, INCLOAD_E_INVALID, "the name of a %s is not valid UTF-8", what);
    if (measure(rule->unit, name, length) > (size_t)rule->limit)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "the name of %s '%s' is too long: %s takes at most %d %s; choose a shorter name", what,
                             name, rule->server, (int)rule->limit, unit_names[rule->unit]);
    if (rule->bmp_only && count_supplementary(name) > 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "the name of %s '%s' holds a character past U+FFFF, which %s cannot store in names", what,
                             name, rule->server);
    if (rule->no_trailing_space && name[length - 1] == ' ')
        return incload__fail(err, INCLOAD_E_INVALID, "the name of %s '%s' ends in a space, which %s refuses", what,
                             name, rule->server);

    incload__str_add_char(out, rule->open);
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == rule->close)
            incload__str_add_char(out, rule->close);
        incload__str_add_char(out, *at);
    }
    incload__str_add_char(out, rule->close);
    return INCLOAD_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "driver/replication.h"

void
incload__lsn_print(incload__lsn lsn, incload__str *out)
{
    incload__str_addf(out, "%X/%X", (unsigned)(lsn >> 32), (unsigned)(lsn & 0xffffffffu));
}

static int
digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

/* One to eight digits; where they end, or NULL. */
static const char *
parse_half(const char *text, uint64_t *out)
{
    const char *at = text;

    *out = 0;
    for (; digit(*at) >= 0; at++)
        *out = *out << 4 | (uint64_t)digit(*at);
    return at > text && at - text <= 8 ? at : NULL;
}

bool
incload__lsn_parse(const char *text, incload__lsn *out)
{
    uint64_t high = 0, low = 0;
    const char *at = text != NULL ? parse_half(text, &high) : NULL;

    if (at == NULL || *at != '/' || (at = parse_half(at + 1, &low)) == NULL || *at != '\0')
        return false;
    *out = high << 32 | low;
    return true;
}

bool
incload__slot_name_valid(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length < INCLOAD__SLOT_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

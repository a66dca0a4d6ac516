/* SPDX-License-Identifier: Apache-2.0 */
#include "load/lookback.h"

#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "batch/number.h"

/* Before it texts end in BC, and sort backwards. */
static const int64_t year_1 = INT64_C(-62135596800000000);

/* Microseconds of the text's own clock, and of UTC where it names a zone. */
static bool
parse_time(const char *text, int64_t *local, int64_t *utc)
{
    bool has_zone = false;
    int32_t seconds = 0;

    if (text == NULL || !incload__parse_timestamp(text, strlen(text), local, &has_zone, &seconds))
        return false;
    *utc = *local - (has_zone ? (int64_t)seconds * 1000000 : 0);
    return true;
}

/* The text of `local` in the form of `like`, cut to its digits. */
static bool
write_like(const char *like, int64_t local, char out[INCLOAD__LOOKBACK_TEXT])
{
    char full[64];
    size_t length = incload__format_timestamp(local, false, full), digits = 0;
    size_t date = strcspn(like, " T"), behind = like[date] == '\0' ? date : date + 9;

    /* Four digits of year, and nothing before them: else the columns would not stand where they are expected. */
    if (date != 10 || length < 19 || full[10] != ' ' || strlen(like) >= INCLOAD__LOOKBACK_TEXT || strlen(like) < behind)
        return false;
    full[length] = '\0';
    memset(full + length, '0', sizeof full - length);
    if (length == 19)
        full[19] = '.';
    if (like[date] != '\0' && like[behind] == '.')
        digits = strspn(like + behind + 1, "0123456789") + 1;
    if (digits > 8)
        return false;
    memcpy(out, full, behind + digits);
    out[10] = like[10];
    memcpy(out + behind + digits, like + behind + digits, strlen(like + behind + digits) + 1);
    return true;
}

static bool
look_back_time(const char *value, int64_t distance, const char *initial, char out[INCLOAD__LOOKBACK_TEXT])
{
    int64_t local, utc, first, ignored;

    if (!parse_time(value, &local, &utc) || distance > INT64_MAX / 2)
        return false;
    if (parse_time(initial, &ignored, &first) && utc - distance < first)
        distance = utc > first ? utc - first : 0;
    if (local < year_1 + distance)
        return false;
    return write_like(value, local - distance, out);
}

static bool
look_back_number(const char *value, int64_t distance, const char *initial, char out[INCLOAD__LOOKBACK_TEXT])
{
    int64_t number, first;

    if (value == NULL || !incload__parse_int64(value, strlen(value), &number))
        return false;
    number = number < INT64_MIN + distance ? INT64_MIN : number - distance;
    if (initial != NULL && incload__parse_int64(initial, strlen(initial), &first) && number < first)
        number = first;
    out[incload__int_text(number, out)] = '\0';
    return true;
}

bool
incload__look_back(incload__cursor_unit unit, const char *value, int64_t distance, const char *initial,
                   char out[INCLOAD__LOOKBACK_TEXT])
{
    if (unit == INCLOAD__UNIT_MICROS)
        return look_back_time(value, distance, initial, out);
    return unit == INCLOAD__UNIT_NUMBER && look_back_number(value, distance, initial, out);
}

bool
incload__distance_between(incload__cursor_unit unit, const char *early, const char *late, int64_t *distance)
{
    int64_t a, b, ignored;

    if (early == NULL || late == NULL)
        return false;
    if (unit == INCLOAD__UNIT_MICROS) {
        if (!parse_time(early, &ignored, &a) || !parse_time(late, &ignored, &b))
            return false;
    } else if (unit != INCLOAD__UNIT_NUMBER || !incload__parse_int64(early, strlen(early), &a)
               || !incload__parse_int64(late, strlen(late), &b)) {
        return false;
    }
    return !__builtin_sub_overflow(b, a, distance);
}

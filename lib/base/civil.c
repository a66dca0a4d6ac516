/* SPDX-License-Identifier: Apache-2.0 */
#include "base/civil.h"

#include <string.h>

#include "base/utf8.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)

/* Days of 400 years, and days from 0000-03-01 to 1970-01-01: years that start in March end with the leap day. */
enum { DAYS_PER_ERA = 146097, EPOCH_SHIFT = 719468 };

int64_t
incload__days_from_civil(int64_t year, int32_t month, int32_t day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t era = (march_year >= 0 ? march_year : march_year - 399) / 400;
    int64_t year_of_era = march_year - era * 400;
    int64_t march_month = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT;
}

void
incload__civil_from_days(int64_t days, int64_t *year, int32_t *month, int32_t *day)
{
    int64_t shifted = days + EPOCH_SHIFT;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;

    *day = (int32_t)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int32_t)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

bool
incload__civil_exists(int64_t year, int32_t month, int32_t day)
{
    static const int8_t lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* ---- reading ---- */

typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

static bool
take(cursor *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

/* At least `fewest` and at most `most` digits; more are an error, not a rest. */
static bool
take_number(cursor *in, int fewest, int most, int64_t *value)
{
    const char *start = in->at;

    *value = 0;
    while (in->at < in->end && incload__is_digit(*in->at)) {
        if (in->at - start == most)
            return false;
        *value = *value * 10 + (*in->at++ - '0');
    }
    return in->at - start >= fewest;
}

static bool
take_two(cursor *in, int64_t limit, int64_t *value)
{
    return take_number(in, 2, 2, value) && *value < limit;
}

/* " BC" stands at the very end, behind time and zone. */
static bool
strip_bc(cursor *in)
{
    if (in->end - in->at < 3 || memcmp(in->end - 3, " BC", 3) != 0)
        return false;
    in->end -= 3;
    return true;
}

static bool
take_date(cursor *in, bool bc, int64_t *days)
{
    int64_t year, month, day;

    if (!take_number(in, 4, 7, &year) || year == 0 || !take(in, '-') || !take_number(in, 2, 2, &month) || !take(in, '-')
        || !take_number(in, 2, 2, &day))
        return false;
    if (bc)
        year = 1 - year;
    if (!incload__civil_exists(year, (int32_t)month, (int32_t)day))
        return false;
    *days = incload__days_from_civil(year, (int32_t)month, (int32_t)day);
    return true;
}

/* The digits behind the point; those past the sixth must be 0, since nothing may be lost. */
static bool
take_fraction(cursor *in, int64_t *us)
{
    int64_t weight = US_PER_SECOND / 10;
    const char *start = in->at;

    *us = 0;
    for (; in->at < in->end && incload__is_digit(*in->at); in->at++) {
        if (weight == 0 && *in->at != '0')
            return false;
        *us += (*in->at - '0') * weight;
        weight /= 10;
    }
    return in->at > start;
}

static bool
take_clock(cursor *in, int64_t *us)
{
    int64_t hours, minutes, seconds = 0, fraction = 0;

    /* Ten digits of hours are as far as microseconds in 64 bits reach. */
    if (!take_number(in, 1, 10, &hours) || !take(in, ':') || !take_two(in, 60, &minutes))
        return false;
    if (take(in, ':')) {
        if (!take_two(in, 60, &seconds))
            return false;
        if (take(in, '.') && !take_fraction(in, &fraction))
            return false;
    }
    return !__builtin_mul_overflow(hours, US_PER_HOUR, us)
           && !__builtin_add_overflow(*us, minutes * US_PER_MINUTE + seconds * US_PER_SECOND + fraction, us);
}

/* Z, +HH, +HHMM, +HH:MM or +HH:MM:SS; a space before it is SQL Server's way. */
static bool
take_zone(cursor *in, int32_t *seconds)
{
    int64_t hours, minutes = 0, rest = 0;

    *seconds = 0;
    (void)take(in, ' ');
    if (take(in, 'Z') || take(in, 'z'))
        return true;

    bool negative = take(in, '-');
    if (!negative && !take(in, '+'))
        return false;
    if (in->end - in->at < 2)
        return false;
    cursor hour_part = { in->at, in->at + 2 };
    if (!take_two(&hour_part, 24, &hours))
        return false;
    in->at += 2;

    bool colon = take(in, ':');
    if ((colon || in->at < in->end) && !take_two(in, 60, &minutes))
        return false;
    if (colon && take(in, ':') && !take_two(in, 60, &rest))
        return false;
    *seconds = (int32_t)(hours * 3600 + minutes * 60 + rest);
    if (negative)
        *seconds = -*seconds;
    return true;
}

bool
incload__parse_date(const char *text, size_t length, int64_t *days)
{
    cursor in = { text, text + length };
    bool bc = strip_bc(&in);

    return take_date(&in, bc, days) && in.at == in.end;
}

bool
incload__parse_time(const char *text, size_t length, int64_t *us)
{
    cursor in = { text, text + length };
    bool negative = take(&in, '-');

    if (!take_clock(&in, us) || in.at != in.end)
        return false;
    if (negative)
        *us = -*us;
    return true;
}

bool
incload__parse_timestamp(const char *text, size_t length, int64_t *us, bool *has_zone, int32_t *zone_seconds)
{
    cursor in = { text, text + length };
    bool bc = strip_bc(&in);
    int64_t days, clock = 0;
    bool zone = false;

    if (!take_date(&in, bc, &days))
        return false;
    if (zone_seconds != NULL)
        *zone_seconds = 0;
    if (in.at < in.end) {
        if ((!take(&in, ' ') && !take(&in, 'T')) || !take_clock(&in, &clock) || clock > US_PER_DAY)
            return false;
        if (in.at < in.end) {
            if (zone_seconds == NULL || !take_zone(&in, zone_seconds) || in.at != in.end)
                return false;
            zone = true;
        }
    }
    if (has_zone != NULL)
        *has_zone = zone;

    /* Wider than the result for a moment: the first day that fits begins before INT64_MIN. */
    __int128 sum = (__int128)days * US_PER_DAY + clock;
    if (sum < INT64_MIN || sum > INT64_MAX)
        return false;
    *us = (int64_t)sum;
    return true;
}

/* ---- writing ---- */

static char *
put_number(char *out, uint64_t value, int fewest)
{
    char digits[20];
    int count = 0;

    while (value > 0 || count < fewest) {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    }
    while (count > 0)
        *out++ = digits[--count];
    return out;
}

/* Of a number below 100; every part of most instants is one or two of these. */
static char *
put_two(char *out, uint32_t value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
    return out + 2;
}

static char *
put_text(char *out, const char *text)
{
    size_t length = strlen(text);

    memcpy(out, text, length);
    return out + length;
}

static char *
put_date(char *out, int64_t days, bool *bc)
{
    int64_t year;
    int32_t month, day;

    incload__civil_from_days(days, &year, &month, &day);
    *bc = year <= 0;
    if (year >= 1 && year <= 9999)
        out = put_two(put_two(out, (uint32_t)year / 100), (uint32_t)year % 100);
    else
        out = put_number(out, (uint64_t)(*bc ? 1 - year : year), 4);
    *out++ = '-';
    out = put_two(out, (uint32_t)month);
    *out++ = '-';
    return put_two(out, (uint32_t)day);
}

static char *
put_clock(char *out, uint64_t us)
{
    uint64_t hours = us / US_PER_HOUR;
    uint32_t second = (uint32_t)(us / US_PER_SECOND % 3600);
    uint32_t fraction = (uint32_t)(us % US_PER_SECOND);

    out = hours < 100 ? put_two(out, (uint32_t)hours) : put_number(out, hours, 2);
    *out++ = ':';
    out = put_two(out, second / 60);
    *out++ = ':';
    out = put_two(out, second % 60);
    if (fraction == 0)
        return out;
    *out++ = '.';
    return put_two(put_two(put_two(out, fraction / 10000), fraction / 100 % 100), fraction % 100);
}

size_t
incload__format_date(int64_t days, char *out)
{
    bool bc;
    char *end = put_date(out, days, &bc);

    if (bc)
        end = put_text(end, " BC");
    *end = '\0';
    return (size_t)(end - out);
}

size_t
incload__format_time(int64_t us, char *out)
{
    char *end = out;

    if (us < 0)
        *end++ = '-';
    end = put_clock(end, us < 0 ? -(uint64_t)us : (uint64_t)us);
    *end = '\0';
    return (size_t)(end - out);
}

size_t
incload__format_timestamp(int64_t us, bool utc_suffix, char *out)
{
    int64_t days = us / US_PER_DAY;
    int64_t clock = us % US_PER_DAY;
    bool bc;

    if (clock < 0) {
        clock += US_PER_DAY;
        days--;
    }
    char *end = put_date(out, days, &bc);
    *end++ = ' ';
    end = put_clock(end, (uint64_t)clock);
    if (utc_suffix)
        end = put_text(end, "+00");
    if (bc)
        end = put_text(end, " BC");
    *end = '\0';
    return (size_t)(end - out);
}

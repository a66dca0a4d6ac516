/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tzrule.h"

#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"

enum { SECONDS_PER_DAY = 86400, TWO_O_CLOCK = 7200 };

/* RFC 8536 lets the hours of a change reach a week either way; an offset stays within a day. */
enum { MOST_OFFSET_HOURS = 24, MOST_TIME_HOURS = 167 };

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

static bool
take_number(cursor *in, int32_t least, int32_t most, int32_t *value)
{
    const char *start = in->at;

    *value = 0;
    while (in->at < in->end && incload__is_digit(*in->at) && in->at - start < 4)
        *value = *value * 10 + (*in->at++ - '0');
    return in->at > start && *value >= least && *value <= most;
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Three letters or more, or anything of letters, digits and signs between < and >. */
static bool
take_name(cursor *in)
{
    bool quoted = take(in, '<');
    const char *start = in->at;

    while (in->at < in->end
           && (is_letter(*in->at) || (quoted && (incload__is_digit(*in->at) || *in->at == '+' || *in->at == '-'))))
        in->at++;
    return in->at - start >= 3 && (!quoted || take(in, '>'));
}

/* [+-]h[:mm[:ss]] */
static bool
take_time(cursor *in, int32_t most_hours, int32_t *seconds)
{
    int32_t hours, minutes = 0, rest = 0;
    bool negative = take(in, '-');

    if (!negative)
        (void)take(in, '+');
    if (!take_number(in, 0, most_hours, &hours))
        return false;
    if (take(in, ':')) {
        if (!take_number(in, 0, 59, &minutes))
            return false;
        if (take(in, ':') && !take_number(in, 0, 59, &rest))
            return false;
    }
    *seconds = hours * 3600 + minutes * 60 + rest;
    if (negative)
        *seconds = -*seconds;
    return true;
}

/* POSIX counts west of Greenwich. */
static bool
take_offset(cursor *in, int32_t *east)
{
    if (!take_time(in, MOST_OFFSET_HOURS, east))
        return false;
    *east = -*east;
    return true;
}

static bool
take_day(cursor *in, incload__tzrule_day *day)
{
    bool good;

    day->time = TWO_O_CLOCK;
    if (take(in, 'M')) {
        day->form = 'M';
        good = take_number(in, 1, 12, &day->month) && take(in, '.') && take_number(in, 1, 5, &day->week)
               && take(in, '.') && take_number(in, 0, 6, &day->weekday);
    } else if (take(in, 'J')) {
        day->form = 'J';
        good = take_number(in, 1, 365, &day->month);
    } else {
        day->form = 'N';
        good = take_number(in, 0, 365, &day->month);
    }
    return good && (!take(in, '/') || take_time(in, MOST_TIME_HOURS, &day->time));
}

bool
incload__tzrule_parse(const char *text, size_t length, incload__tzrule *out)
{
    cursor in = { text, text + length };

    memset(out, 0, sizeof *out);
    if (!take_name(&in) || !take_offset(&in, &out->standard))
        return false;
    out->summer = out->standard;
    if (in.at == in.end)
        return true;

    out->changes = true;
    if (!take_name(&in))
        return false;
    if (in.at < in.end && *in.at == ',')
        out->summer = out->standard + 3600;
    else if (!take_offset(&in, &out->summer))
        return false;
    return take(&in, ',') && take_day(&in, &out->start) && take(&in, ',') && take_day(&in, &out->end)
           && in.at == in.end;
}

/* ---- the changes of a year ---- */

/* 1970-01-01 was a Thursday; Sunday is 0. */
static int32_t
weekday_of(int64_t days)
{
    int64_t weekday = (days + 4) % 7;

    return (int32_t)(weekday < 0 ? weekday + 7 : weekday);
}

static int64_t
day_of_month_rule(const incload__tzrule_day *rule, int64_t year)
{
    int64_t first = incload__days_from_civil(year, rule->month, 1);
    int64_t next = rule->month == 12 ? incload__days_from_civil(year + 1, 1, 1)
                                     : incload__days_from_civil(year, rule->month + 1, 1);
    int64_t day = first + (rule->weekday - weekday_of(first) + 7) % 7 + 7 * (rule->week - 1);

    return day < next ? day : day - 7;
}

static int64_t
day_of(const incload__tzrule_day *rule, int64_t year)
{
    int64_t january = incload__days_from_civil(year, 1, 1);

    switch (rule->form) {
    case 'M':
        return day_of_month_rule(rule, year);
    case 'J':
        /* 29 February has no number: those past it are one day later in a leap year. */
        return january + rule->month - 1 + (rule->month >= 60 && incload__civil_exists(year, 2, 29) ? 1 : 0);
    default:
        return january + rule->month;
    }
}

void
incload__tzrule_year(const incload__tzrule *rule, int64_t year, incload__tzrule_event out[2])
{
    /* Each by the clock that ends there. */
    incload__tzrule_event start = { day_of(&rule->start, year) * SECONDS_PER_DAY + rule->start.time - rule->standard,
                                    rule->summer };
    incload__tzrule_event end = { day_of(&rule->end, year) * SECONDS_PER_DAY + rule->end.time - rule->summer,
                                  rule->standard };
    bool start_first = start.at <= end.at;

    out[0] = start_first ? start : end;
    out[1] = start_first ? end : start;
}

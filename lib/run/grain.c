/* SPDX-License-Identifier: Apache-2.0 */
#include "run/grain.h"

#include <string.h>

#include "base/utf8.h"

enum { MOST_COUNT = 10000, SECONDS_PER_DAY = 86400 };

static const struct {
    const char *word;
    incload__grain_base base;
} words[] = {
    { "minute", INCLOAD__GRAIN_MINUTE }, { "minutes", INCLOAD__GRAIN_MINUTE },  { "min", INCLOAD__GRAIN_MINUTE },
    { "hour", INCLOAD__GRAIN_HOUR },     { "hours", INCLOAD__GRAIN_HOUR },      { "h", INCLOAD__GRAIN_HOUR },
    { "day", INCLOAD__GRAIN_DAY },       { "days", INCLOAD__GRAIN_DAY },        { "d", INCLOAD__GRAIN_DAY },
    { "week", INCLOAD__GRAIN_WEEK },     { "weeks", INCLOAD__GRAIN_WEEK },      { "month", INCLOAD__GRAIN_MONTH },
    { "months", INCLOAD__GRAIN_MONTH },  { "quarter", INCLOAD__GRAIN_QUARTER }, { "quarters", INCLOAD__GRAIN_QUARTER },
    { "year", INCLOAD__GRAIN_YEAR },     { "years", INCLOAD__GRAIN_YEAR },
};

/* By base. */
static const struct {
    const char *word;
    int32_t seconds;
    int32_t months;
} bases[] = {
    [INCLOAD__GRAIN_MINUTE] = { "minute", 60, 0 },
    [INCLOAD__GRAIN_HOUR] = { "hour", 3600, 0 },
    [INCLOAD__GRAIN_DAY] = { "day", SECONDS_PER_DAY, 0 },
    [INCLOAD__GRAIN_WEEK] = { "week", 7 * SECONDS_PER_DAY, 0 },
    [INCLOAD__GRAIN_MONTH] = { "month", 0, 1 },
    [INCLOAD__GRAIN_QUARTER] = { "quarter", 0, 3 },
    [INCLOAD__GRAIN_YEAR] = { "year", 0, 12 },
};

static bool
find_word(const char *word, incload__grain *out)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (incload__ascii_equal(word, words[i].word)) {
            out->base = words[i].base;
            return true;
        }
    }
    return false;
}

int32_t
incload__grain_parse(const char *text, incload__grain *out, incload_error **err)
{
    const char *word = text;
    int64_t count = 1;

    while (incload__is_digit(*word))
        word++;
    bool good = word == text || incload__parse_int64(text, (size_t)(word - text), &count);
    if (word != text && *word == ' ')
        word++;
    if (!good || count < 1 || count > MOST_COUNT || !find_word(word, out))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "'%.32s' is no grain: write minute, hour, day, week, month, quarter or year, or so many "
                             "of them, such as 6h or 2 weeks",
                             text);
    out->count = (int32_t)count;
    if (incload__grain_is_short(*out)
        && (incload__grain_seconds(*out) > SECONDS_PER_DAY || SECONDS_PER_DAY % incload__grain_seconds(*out) != 0))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a day cannot be cut into units of %.32s: take a grain that divides it, such as 15 min, "
                             "1h, 6h or 12h, or one of whole days",
                             text);
    return INCLOAD_OK;
}

int64_t
incload__grain_seconds(incload__grain grain)
{
    return (int64_t)bases[grain.base].seconds * grain.count;
}

int32_t
incload__grain_months(incload__grain grain)
{
    return bases[grain.base].months * grain.count;
}

void
incload__grain_text(incload__grain grain, incload__str *out)
{
    if (grain.count == 1)
        incload__str_add(out, bases[grain.base].word);
    else
        incload__str_addf(out, "%d %ss", grain.count, bases[grain.base].word);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Proleptic Gregorian dates without the C library's calendar, which knows locales, zones and too few years. */
#ifndef INCLOAD_LIB_BASE_CIVIL_H
#define INCLOAD_LIB_BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Days since 1970-01-01. Year 0 is 1 BC. The date must exist (incload__civil_exists). */
int64_t incload__days_from_civil(int64_t year, int32_t month, int32_t day);
void incload__civil_from_days(int64_t days, int64_t *year, int32_t *month, int32_t *day);
bool incload__civil_exists(int64_t year, int32_t month, int32_t day);

/* Whole-string parsers; false for anything that is not exactly such a value. Years have 4 to 7 digits, from 0001; " BC"
 * may stand at the very end. A timestamp must fit microseconds in 64 bits (294247 AD). */
bool incload__parse_date(const char *text, size_t length, int64_t *days);
/* [-]H+:MM[:SS[.f+]]; further than 6 fraction digits only if 0. 24:00:00 and beyond are taken: the caller checks. */
bool incload__parse_time(const char *text, size_t length, int64_t *us);
/* Date, then ' ' or 'T', then time below 24:00:00 (24:00:00 only if exact: next day). A zone (Z, +HH, +HH:MM, +HHMM,
 * +HH:MM:SS, a space before it or not) is allowed when `zone_seconds` is not NULL; *has_zone tells; *us is the local
 * clock, not yet shifted. A bare date is midnight. */
bool incload__parse_timestamp(const char *text, size_t length, int64_t *us, bool *has_zone, int32_t *zone_seconds);

/* Writers: the forms that incload__cell_text() documents. Buffers of at least 40 bytes; the length is returned. */
size_t incload__format_date(int64_t days, char *out);
size_t incload__format_time(int64_t us, char *out);
size_t incload__format_timestamp(int64_t us, bool utc_suffix, char *out);

#endif

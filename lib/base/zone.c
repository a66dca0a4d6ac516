/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/str.h"
#include "base/tzif.h"
#include "base/utf8.h"

struct incload__zone {
    const incload__mem *mem;
    char *name;
    incload__tzif tzif;
};

enum { MOST_FILE_BYTES = 1 << 20, MOST_NAME = 64, RULE_YEARS = 3 };

/* The places of tzdata: Debian and nearly all others, then those that put it elsewhere. */
static const char *const folders[] = { "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo",
                                       "/etc/zoneinfo" };

enum { FOLDERS = sizeof folders / sizeof folders[0] };

/* ---- making ---- */

static incload__zone *
new_zone(const incload__mem *mem, const char *name, incload_error **err)
{
    incload__zone *zone = incload__alloc(mem, sizeof *zone);

    if (zone != NULL) {
        zone->mem = mem;
        zone->name = incload__strdup(mem, name);
    }
    if (zone != NULL && zone->name != NULL)
        return zone;
    incload__free(mem, zone);
    (void)incload__fail_memory(err);
    return NULL;
}

incload__zone *
incload__zone_parse(const incload__mem *mem, const char *name, const void *bytes, size_t length, incload_error **err)
{
    incload__zone *zone = new_zone(mem, name, err);

    if (zone == NULL)
        return NULL;
    if (incload__tzif_parse(mem, name, bytes, length, &zone->tzif, err) == INCLOAD_OK)
        return zone;
    incload__zone_free(zone);
    return NULL;
}

void
incload__zone_free(incload__zone *zone)
{
    if (zone == NULL)
        return;
    incload__tzif_free(zone->mem, &zone->tzif);
    incload__free(zone->mem, zone->name);
    incload__free(zone->mem, zone);
}

const char *
incload__zone_name(const incload__zone *zone)
{
    return zone != NULL ? zone->name : "UTC";
}

/* Letters, digits, _ + - in parts with single slashes between: no dot, so no way out of the folder. */
static bool
is_name(const char *name)
{
    size_t length = strlen(name);
    char before = '/';

    if (length > MOST_NAME)
        return false;
    for (const char *at = name; *at != '\0'; before = *at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || incload__is_digit(*at);
        if (!letter && (before == '/' || strchr("_+-/", *at) == NULL))
            return false;
    }
    return before != '/';
}

/* All of an open file; false when it is no file of that kind. */
static int32_t
read_all(int fd, const char *name, incload__str *out, incload_error **err)
{
    struct stat about;
    char chunk[2048];
    ssize_t got;

    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return incload__fail(err, INCLOAD_E_INVALID, "'%.64s' is no time zone: name one such as Europe/Berlin", name);
    do {
        got = read(fd, chunk, sizeof chunk);
        if (got > 0)
            incload__str_add_bytes(out, chunk, (size_t)got);
    } while ((got > 0 && out->length <= MOST_FILE_BYTES) || (got < 0 && errno == EINTR));
    if (out->failed)
        return incload__fail_memory(err);
    if (got != 0 || out->length < 4 || memcmp(out->data, "TZif", 4) != 0)
        return incload__fail(err, INCLOAD_E_INVALID, "'%.64s' is no time zone: name one such as Europe/Berlin", name);
    return INCLOAD_OK;
}

/* -1 when it is nowhere; *any tells whether there is a folder at all. */
static int
open_file(const char *name, bool *any)
{
    char path[MOST_NAME + 32];

    *any = false;
    for (int i = 0; i < FOLDERS; i++) {
        size_t length = strlen(folders[i]);
        memcpy(path, folders[i], length);
        path[length] = '/';
        memcpy(path + length + 1, name, strlen(name) + 1);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd >= 0)
            return fd;
        *any = *any || access(folders[i], F_OK) == 0;
    }
    return -1;
}

static incload__zone *
load_file(const incload__mem *mem, const char *name, incload_error **err)
{
    incload__str bytes = INCLOAD__STR(mem);
    incload__zone *zone = NULL;
    bool any;
    int fd = open_file(name, &any);

    if (fd < 0) {
        (void)incload__fail(err, INCLOAD_E_NOT_FOUND,
                            any ? "the system knows no time zone '%.64s': names look like Europe/Berlin; old names "
                                  "such as US/Eastern may need the package tzdata-legacy"
                                : "time zone '%.64s' cannot be read, since the system has no time zones: install the "
                                  "package tzdata, or use UTC",
                            name);
        return NULL;
    }
    if (read_all(fd, name, &bytes, err) == INCLOAD_OK)
        zone = incload__zone_parse(mem, name, bytes.data, bytes.length, err);
    (void)close(fd);
    incload__str_free(&bytes);
    return zone;
}

incload__zone *
incload__zone_load(const incload__mem *mem, const char *name, incload_error **err)
{
    int saved = errno;

    if (strcmp(name, "UTC") == 0)
        return new_zone(mem, name, err);
    if (!is_name(name)) {
        (void)incload__fail(err, INCLOAD_E_INVALID, "'%.64s' is no time zone: name one such as Europe/Berlin", name);
        return NULL;
    }
    incload__zone *zone = load_file(mem, name, err);
    if (zone != NULL)
        errno = saved;
    return zone;
}

/* ---- UTC to the clock ---- */

static int64_t
year_of(int64_t instant)
{
    int64_t days = instant / 86400 - (instant % 86400 < 0 ? 1 : 0);
    int64_t year;
    int32_t month, day;

    incload__civil_from_days(days, &year, &month, &day);
    return year;
}

/* Behind the last change of the table, whose stretch is `span`. The changes of the year before, this one and the next
 * hold those on both sides of the instant. */
static void
narrow_by_rule(const incload__tzrule *rule, int64_t instant, incload__zone_span *span)
{
    incload__tzrule_event events[2 * (RULE_YEARS + 1)];
    int64_t begin = span->from;
    int64_t year = year_of(instant) - 1;

    for (int i = 0; i <= RULE_YEARS; i++)
        incload__tzrule_year(rule, year + i, &events[2 * i]);
    for (int i = 0; i < 2 * RULE_YEARS; i++) {
        const incload__tzrule_event *event = &events[i];
        /* Summer time all the year ends and begins in one moment: only the later counts, and is looked for up to
         * the year behind. */
        if (event->at <= begin || event->at == event[1].at || event->offset == span->offset)
            continue;
        if (event->at > instant) {
            span->to = event->at;
            return;
        }
        span->from = event->at;
        span->offset = event->offset;
    }
}

/* The last change at or before the instant, or -1. */
static int32_t
find_change(const incload__tzif *tzif, int64_t instant)
{
    int32_t low = 0, high = tzif->count;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (tzif->changes[middle].at <= instant)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

incload__zone_span
incload__zone_span_at(const incload__zone *zone, int64_t instant)
{
    incload__zone_span span = { INT64_MIN, INT64_MAX, 0 };

    if (zone == NULL)
        return span;
    const incload__tzif *tzif = &zone->tzif;
    int32_t at = find_change(tzif, instant);
    span.offset = tzif->first_offset;
    if (at >= 0) {
        span.from = tzif->changes[at].at;
        span.offset = tzif->changes[at].offset;
    }
    if (at + 1 < tzif->count)
        span.to = tzif->changes[at + 1].at;
    else if (tzif->has_rule && tzif->rule.changes)
        narrow_by_rule(&tzif->rule, instant, &span);
    return span;
}

int64_t
incload__zone_clock(const incload__zone *zone, int64_t instant)
{
    return instant + incload__zone_span_at(zone, instant).offset;
}

/* ---- the clock to UTC ---- */

int64_t
incload__zone_first(const incload__zone *zone, int64_t clock)
{
    /* Surely before: here the clock shows less. */
    int64_t at = clock - INCLOAD__ZONE_MOST_OFFSET;

    for (;;) {
        incload__zone_span span = incload__zone_span_at(zone, at);
        if (at + span.offset >= clock)
            return at;
        if (span.to == INT64_MAX || clock - span.offset < span.to)
            return clock - span.offset;
        at = span.to;
    }
}

int32_t
incload__zone_instants(const incload__zone *zone, int64_t clock, int64_t *first, int64_t *last)
{
    int64_t end = clock + INCLOAD__ZONE_MOST_OFFSET;

    *first = incload__zone_first(zone, clock);
    *last = *first;
    incload__zone_span span = incload__zone_span_at(zone, *first);
    if (*first + span.offset != clock)
        return INCLOAD__CLOCK_SKIPPED;
    while (span.to <= end) {
        span = incload__zone_span_at(zone, span.to);
        int64_t at = clock - span.offset;
        if (at >= span.from && at < span.to)
            *last = at;
    }
    return *last == *first ? INCLOAD__CLOCK_ONCE : INCLOAD__CLOCK_TWICE;
}

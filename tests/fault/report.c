/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool speaks_tap;
static int bars, bars_short;

const char *
argument_text(int argc, char **argv, const char *name, const char *preset)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return preset;
}

int64_t
argument_number(int argc, char **argv, const char *name, int64_t preset)
{
    const char *text = argument_text(argc, argv, name, NULL);
    char *end = NULL;

    if (text == NULL)
        return preset;
    errno = 0;
    int64_t value = strtoll(text, &end, 0);
    if (end == text || *end != '\0' || errno != 0)
        report_die("%s takes a number, not '%s'", name, text);
    return value;
}

bool
argument_flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return false;
}

static bool
listed(const char *word, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++) {
        if (strcmp(word, *list) == 0)
            return true;
    }
    return false;
}

bool
arguments_known(int argc, char **argv, const char *const *flags, const char *const *values)
{
    for (int i = 1; i < argc; i++) {
        if (listed(argv[i], values) && i + 1 < argc) {
            i++;
            continue;
        }
        if (!listed(argv[i], flags) && strcmp(argv[i], "--tap") != 0) {
            fprintf(stderr, "'%s' is no argument of this program, or it lacks its value\n", argv[i]);
            return false;
        }
    }
    return true;
}

void
report_begin(bool tap)
{
    speaks_tap = tap;
    setvbuf(stdout, NULL, _IOLBF, 0);
}

__attribute__((format(printf, 1, 0))) static void
say(const char *format, va_list args, bool wrong)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        return;
    printf("%s%s\n", speaks_tap ? "# " : "", text);
    if (wrong && speaks_tap)
        fprintf(stderr, "%s\n", text);
    free(text);
}

void
report_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args, false);
    va_end(args);
}

void
report_wrong(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args, true);
    va_end(args);
}

static void
bar(const char *name, double value, double limit, bool good, const char *relation)
{
    report_say("BAR %s %.4g %.4g %s", name, value, limit, good ? "ok" : "short");
    bars++;
    bars_short += !good;
    if (speaks_tap)
        printf("%sok %d - %s is %.4g, %s %.4g\n", good ? "" : "not ", bars, name, value, relation, limit);
}

void
report_at_most(const char *name, double value, double limit)
{
    bar(name, value, limit, value <= limit, "at most");
}

void
report_at_least(const char *name, double value, double limit)
{
    bar(name, value, limit, value >= limit, "at least");
}

int
report_end(void)
{
    if (speaks_tap)
        printf("1..%d\n", bars);
    return bars == 0 || bars_short > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void
report_die(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (speaks_tap)
        printf("Bail out!\n");
    fflush(stdout);
    _Exit(EXIT_FAILURE);
}

uint64_t
draw(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t
draw_below(uint64_t *seed, int64_t below)
{
    return (int64_t)(draw(seed) % (uint64_t)below);
}

int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
pause_us(int64_t us)
{
    struct timespec rest = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 };

    while (nanosleep(&rest, &rest) != 0)
        ;
}

/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cdc_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

enum { FNV_PRIME_HIGH = 0x100, FNV_PRIME_LOW = 0x1b3 };

typedef struct record {
    spot at;
    uint64_t content;
} record;

/* ---- one change ---- */

static uint64_t
mix(uint64_t hash, const void *bytes, size_t size)
{
    const uint64_t prime = (uint64_t)FNV_PRIME_HIGH << 32 | FNV_PRIME_LOW;
    const unsigned char *at = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * prime;
    return hash;
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
    return mix(hash, text, strlen(text) + 1);
}

/* Length and NULL count, too: what is not told differs from what is empty. */
static uint64_t
mix_value(uint64_t hash, const char *value, int64_t length)
{
    int64_t told[2] = { length, value != NULL };

    hash = mix(hash, told, sizeof told);
    return value != NULL ? mix(hash, value, (size_t)length) : hash;
}

static uint64_t
content_of(const incload_change *change)
{
    uint64_t hash = 14695981039346656037u;
    int32_t operation = incload_change_operation(change);

    hash = mix(hash, &operation, sizeof operation);
    hash = mix_text(hash, incload_change_schema(change));
    hash = mix_text(hash, incload_change_table(change));
    for (int32_t i = 0; i < incload_change_column_count(change); i++) {
        int64_t length = -1;
        hash = mix_text(hash, incload_change_column_name(change, i));
        const char *value = incload_change_value(change, i, &length);
        hash = mix_value(hash, value, length);
        value = incload_change_old_value(change, i, &length);
        hash = mix_value(hash, value, length);
    }
    return hash;
}

/* ---- writing ---- */

int
trace_open(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

    if (file < 0)
        report_die("%s: %s", path, strerror(errno));
    return file;
}

/* One write each: the kernel has it, whatever becomes of the process. */
int32_t
trace_see(incload_change *change, void *data)
{
    record one = { .content = content_of(change) };

    incload_change_position(change, &one.at.position, &one.at.ordinal, NULL);
    return write(*(const int *)data, &one, sizeof one) == (ssize_t)sizeof one ? INCLOAD_DONE : 0;
}

/* ---- judging ---- */

void
trace_begin(trace *t)
{
    t->changes = 0;
    t->digest = 14695981039346656037u;
}

static bool
is_past(spot a, spot b)
{
    return a.position > b.position || (a.position == b.position && a.ordinal > b.ordinal);
}

/* The next of its transaction, or the first of a later one. */
static bool
follows(spot next, spot before)
{
    if (next.position == before.position)
        return next.ordinal == before.ordinal + 1;
    return next.position > before.position && next.ordinal == 1;
}

static void
take_one(trace *t, const record *one, spot before, spot landed)
{
    t->out_of_order += !follows(one->at, before);
    if (is_past(one->at, landed)) {
        t->again++;
        return;
    }
    t->digest = mix(t->digest, one, sizeof *one);
    t->changes++;
}

bool
trace_has_begun(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && found.st_size > 0;
}

int64_t
trace_take(trace *t, const char *path, spot landed)
{
    FILE *file = fopen(path, "re");
    spot before = t->landed;
    int64_t seen = 0;
    record one;

    if (file == NULL)
        report_die("%s: %s", path, strerror(errno));
    /* The last may have been cut off by the process's end. */
    for (; fread(&one, sizeof one, 1, file) == 1; seen++) {
        take_one(t, &one, before, landed);
        before = one.at;
    }
    fclose(file);
    t->out_of_order += is_past(t->landed, landed);
    t->landed = landed;
    return seen;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of each load: a row whose commit had returned before the load began must be in the target when it ends,
 * in that version or a newer one. Of the rows committed since the load before, a sample is looked at; rows that were
 * not there in time are counted, and looked for again after the loads that follow. */
#define _GNU_SOURCE
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 120, MOST_LATE = 60, MOST_DELAYS = 1 << 16 };

/* What is asked, and what the target answered. */
typedef struct sample {
    claim claims[SAMPLE + MOST_LATE];
    int64_t found[SAMPLE + MOST_LATE]; /* version; GONE when there is none */
    int64_t count;
} sample;

/* The first entry of a log that was committed at or past the moment. */
static int64_t
entries_before(const claim_log *log, int64_t from, int64_t moment_us)
{
    int64_t low = from, high = log_count(log);

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (log_at(log, middle).at_us < moment_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
choose(loader *l, int64_t began_us, sample *s)
{
    int64_t passed = 0;

    for (int i = 0; i < l->scene->writer_count; i++) {
        const claim_log *log = &l->scene->writers[i].log;
        int64_t end = entries_before(log, l->seen[i], began_us);
        for (int64_t at = l->seen[i]; at < end; at++) {
            passed++;
            int64_t slot = s->count < SAMPLE ? s->count++ : draw_below(&l->seed, passed);
            if (slot < SAMPLE)
                s->claims[slot] = log_at(log, at);
        }
        l->seen[i] = end;
    }
    l->checked += s->count;
    if (l->late_now > 0)
        memcpy(s->claims + s->count, l->late, (size_t)l->late_now * sizeof *l->late);
    s->count += l->late_now;
}

static void
take_found(void *user_data, const char *const *cells)
{
    sample *s = user_data;
    int64_t id = strtoll(cells[0], NULL, 10), version = strtoll(cells[1], NULL, 10);

    for (int64_t i = 0; i < s->count; i++) {
        if (s->claims[i].id == id && version > s->found[i])
            s->found[i] = version;
    }
}

static void
look(loader *l, sample *s)
{
    char *sql = NULL;
    size_t length = 0;
    FILE *text = open_memstream(&sql, &length);

    if (text == NULL)
        report_die("no memory for a query");
    fprintf(text, "SELECT id, version FROM %s WHERE id IN (", l->target);
    for (int64_t i = 0; i < s->count; i++) {
        s->found[i] = GONE;
        fprintf(text, "%s%lld", i > 0 ? ", " : "", (long long)s->claims[i].id);
    }
    fputc(')', text);
    fclose(text);
    if (!session_each(l->session, sql, take_found, s))
        report_die("%s: %s", l->target, session_error(l->session));
    free(sql);
}

static bool
may_be_gone(const loader *l, int64_t id)
{
    int64_t owner = id / OWN_IDS - 1;

    return owner >= 0 && owner < l->scene->plan->writers && writer_dooms(&l->scene->writers[owner], id);
}

static bool
delivered(const loader *l, const claim *claimed, int64_t found)
{
    if (claimed->version == GONE)
        return found == GONE;
    return found >= claimed->version || (found == GONE && may_be_gone(l, claimed->id));
}

void
loader_check(loader *l, int64_t began_us, int64_t ended_us)
{
    sample s = { .count = 0 };
    int64_t late_before = l->late_now, late = 0;

    choose(l, began_us, &s);
    if (s.count == 0)
        return;
    look(l, &s);
    if (l->late == NULL && (l->late = calloc(MOST_LATE, sizeof *l->late)) == NULL)
        report_die("no memory for late rows");
    for (int64_t i = 0; i < s.count; i++) {
        bool fresh = i < s.count - late_before;
        if (delivered(l, &s.claims[i], s.found[i])) {
            if (l->delay_count < MOST_DELAYS)
                l->delays[l->delay_count++] = ended_us - s.claims[i].at_us;
            continue;
        }
        if (fresh && l->late_ever++ == 0)
            snprintf(l->first_late, sizeof l->first_late,
                     "row %lld in version %lld, which committed %.1f ms before load %lld began; there was version %lld",
                     (long long)s.claims[i].id, (long long)s.claims[i].version,
                     (double)(began_us - s.claims[i].at_us) / 1e3, (long long)l->loads, (long long)s.found[i]);
        if (late < MOST_LATE)
            l->late[late++] = s.claims[i];
    }
    l->late_now = late;
}

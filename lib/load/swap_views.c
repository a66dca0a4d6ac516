/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots that are older than the new table's rows. Where a table takes its place by a rename alone, whoever has one
 * would find it empty, silently; a table that was rebuilt after the snapshot is refused to it (MariaDB: error 1412). To
 * rebuild costs as much again as to load, so it is done for those alone who may have such a snapshot, and are not soon
 * through with it, and where they cannot be seen.
 *
 * Why none is missed: a transaction is in the list before it has a snapshot and until it has none any more, and the
 * first list that counts is filled after the rows' COMMIT has answered. Who comes later sees the rows. */
#include <stdio.h>
#include <string.h>

#include "load/innodb_list.h"
#include "load/swap.h"

/* Most transactions end at once. */
enum { PATIENCE_MS = 2000, LEAST_PATIENCE_US = 2 * INCLOAD__INNODB_STALE_US };

enum { WORDS = 1, BEYOND = 2 };

typedef enum sight {
    CLEAR,
    HELD,  /* somebody of the first list is still in it */
    STALE, /* the list was not of this moment */
    BLIND
} sight;

typedef struct watch {
    int64_t until_us;
    bool begun;
    incload__rows first; /* the first list that was fresh */
    char who[120];
} watch;

static bool
is_among(const incload__rows *rows, const char *words)
{
    for (int64_t i = 0; i < rows->count; i++) {
        const char *other = incload__rows_get(rows, i, WORDS);
        if (other != NULL && strcmp(other, words) == 0)
            return true;
    }
    return false;
}

static sight
judge(watch *at, const incload__rows *rows)
{
    sight seen = CLEAR;

    for (int64_t i = 0; i < rows->count; i++) {
        const char *words = incload__rows_get(rows, i, WORDS), *beyond = incload__rows_get(rows, i, BEYOND);
        if (beyond != NULL && strcmp(beyond, "1") == 0)
            return BLIND;
        if (words == NULL || (at->begun && !is_among(&at->first, words)))
            continue;
        snprintf(at->who, sizeof at->who, "%s", words);
        seen = HELD;
    }
    return seen;
}

/* Whatever keeps the list from being read, a rebuild is right; and a session that is lost fails it as well. */
static int32_t
look(const incload__swap *swap, watch *at, sight *seen, incload_error **err)
{
    incload_error *failure = NULL;
    incload__rows rows;
    bool fresh;
    int32_t status = incload__innodb_list(swap->load, swap->load->to, swap->rules->views, &rows, &fresh, &failure);

    *seen = status != INCLOAD_OK ? BLIND : fresh ? judge(at, &rows) : STALE;
    if (status == INCLOAD_E_NO_MEMORY) {
        incload__rows_free(&rows);
        return incload__error_pass(err, failure);
    }
    incload_error_unref(failure);
    if (!fresh || at->begun) {
        incload__rows_free(&rows);
        return INCLOAD_OK;
    }
    at->first = rows;
    at->begun = true;
    return INCLOAD_OK;
}

/* To wait for longer than a rebuild takes would gain nothing, and that is about as long as it took to load. One more
 * look at a list that was stale is worth its time in any case. */
static int64_t
patience_us(const incload__swap *swap)
{
    int64_t longest = (int64_t)PATIENCE_MS * 1000, wait = swap->load->how->swap_wait * 1000;
    int64_t patience = swap->filling_us > LEAST_PATIENCE_US ? swap->filling_us : LEAST_PATIENCE_US;

    longest = wait < longest ? wait : longest;
    return patience < longest ? patience : longest;
}

/* False: there is no time for another look. */
static bool
pause_before(const incload__load *load, const watch *at)
{
    int64_t next = incload__monotonic_us(load->env) + INCLOAD__INNODB_STALE_US;

    return next < at->until_us && incload__unit_pause(load->unit, next);
}

static int32_t
rebuild(incload__swap *swap, const watch *at, sight seen, incload_error **err)
{
    if (seen == HELD && !swap->load->rehearsed)
        incload__swap_notice(swap, "the new table is rebuilt before it is published: %s may have a snapshot from "
                                   "before its rows were committed",
                             at->who);
    int32_t status = incload__swap_phase(swap, "rebuild", err);
    if (status != INCLOAD_OK)
        incload__error_prefix(err, "rebuilding the staging table");
    return status;
}

int32_t
incload__swap_settle_views(incload__swap *swap, incload_error **err)
{
    incload__load *load = swap->load;
    watch at = { .until_us = incload__monotonic_us(load->env) + patience_us(swap), .first = { .mem = load->mem } };
    sight seen = STALE;
    int32_t status;

    if (swap->rules->views == NULL)
        return INCLOAD_OK;
    do {
        status = incload__load_check(load, err);
        if (status == INCLOAD_OK)
            status = look(swap, &at, &seen, err);
    } while (status == INCLOAD_OK && (seen == HELD || seen == STALE) && !load->rehearsed && pause_before(load, &at));
    /* Who will have a snapshot when the load runs, a rehearsal cannot know: the statement itself says when it runs. */
    if (status == INCLOAD_OK && (seen != CLEAR || load->rehearsed))
        status = rebuild(swap, &at, seen, err);
    incload__rows_free(&at.first);
    return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What each writer saw committed. One thread writes a log, others read it without a lock: entries stand in blocks that
 * never move, and the count is raised behind them. */
#include "torture.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, BLOCKS = 16384 };

void
log_begin(claim_log *log)
{
    log->blocks = calloc(BLOCKS, sizeof *log->blocks);
    if (log->blocks == NULL)
        report_die("no memory for the log");
    atomic_init(&log->count, 0);
}

void
log_end(claim_log *log)
{
    for (int64_t i = 0; i < BLOCKS && log->blocks[i] != NULL; i++)
        free(log->blocks[i]);
    free(log->blocks);
    log->blocks = NULL;
}

void
log_add(claim_log *log, const claim *claims, int64_t count, int64_t at_us)
{
    int64_t at = atomic_load_explicit(&log->count, memory_order_relaxed);

    for (int64_t i = 0; i < count; i++, at++) {
        if (at / BLOCK >= BLOCKS)
            report_die("a writer committed more than its log holds: run for fewer seconds");
        if (log->blocks[at / BLOCK] == NULL) {
            claim *block = malloc(BLOCK * sizeof *block);
            if (block == NULL)
                report_die("no memory for the log");
            log->blocks[at / BLOCK] = block;
        }
        log->blocks[at / BLOCK][at % BLOCK] = (claim){ claims[i].id, claims[i].version, at_us };
    }
    atomic_store_explicit(&log->count, at, memory_order_release);
}

int64_t
log_count(const claim_log *log)
{
    return atomic_load_explicit(&log->count, memory_order_acquire);
}

claim
log_at(const claim_log *log, int64_t index)
{
    return log->blocks[index / BLOCK][index % BLOCK];
}

void
list_add(claim_list *list, int64_t id, int64_t version)
{
    if (list->count == list->room) {
        list->room = list->room == 0 ? 64 : 2 * list->room;
        list->items = realloc(list->items, (size_t)list->room * sizeof *list->items);
        if (list->items == NULL)
            report_die("no memory for a transaction's rows");
    }
    list->items[list->count++] = (claim){ id, version, 0 };
}

void
list_free(claim_list *list)
{
    free(list->items);
    memset(list, 0, sizeof *list);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "state/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "state/args.h"

enum { MOST_MOVED = 20000 };

/* One interval as it is stored; a later epoch covers what an earlier one had. */
typedef struct layer {
    const char *lane; /* borrowed from the rows */
    const char *version;
    int64_t low;
    int64_t high;
    int64_t epoch;
} layer;

void
incload__coverage_free(incload__coverage *coverage)
{
    for (int64_t i = 0; i < coverage->count; i++) {
        incload__free(coverage->mem, coverage->items[i].lane);
        incload__free(coverage->mem, coverage->items[i].code_version);
    }
    if (coverage->mem != NULL)
        incload__free(coverage->mem, coverage->items);
    memset(coverage, 0, sizeof *coverage);
}

/* ---- what lies on top ---- */

static int
by_lane_then_epoch(const void *left, const void *right)
{
    const layer *a = left, *b = right;
    int lanes = strcmp(a->lane, b->lane);

    if (lanes != 0)
        return lanes;
    return (a->epoch > b->epoch) - (a->epoch < b->epoch);
}

static int
by_place(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static int32_t
add_item(incload__coverage *out, const layer *top, int64_t low, int64_t high, incload_error **err)
{
    incload__covered *last = out->count > 0 ? &out->items[out->count - 1] : NULL;

    if (last != NULL && last->high == low && strcmp(last->lane, top->lane) == 0
        && strcmp(last->code_version, top->version) == 0) {
        last->high = high;
        return INCLOAD_OK;
    }
    incload__covered *item = &out->items[out->count];
    *item =
        (incload__covered){ incload__strdup(out->mem, top->lane), incload__strdup(out->mem, top->version), low, high };
    out->count++;
    return item->lane != NULL && item->code_version != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

/* Room for the walk along one lane. */
typedef struct walk {
    int64_t *ends;
    int64_t *order; /* pairs: where a layer begins, its number */
    int64_t *heap;  /* those that have begun: the latest is the first */
    int64_t count;  /* in the heap */
} walk;

static void
walk_free(const incload__mem *mem, walk *w)
{
    incload__free(mem, w->ends);
    incload__free(mem, w->order);
    incload__free(mem, w->heap);
}

static bool
walk_alloc(const incload__mem *mem, walk *w, int64_t count)
{
    w->ends = incload__alloc_array(mem, (size_t)count * 2 + 1, sizeof *w->ends);
    w->order = incload__alloc_array(mem, (size_t)count * 2 + 1, sizeof *w->order);
    w->heap = incload__alloc_array(mem, (size_t)count + 1, sizeof *w->heap);
    w->count = 0;
    return w->ends != NULL && w->order != NULL && w->heap != NULL;
}

static void
swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;

    *a = *b;
    *b = kept;
}

static void
push(walk *w, int64_t number)
{
    int64_t at = w->count++;

    w->heap[at] = number;
    for (; at > 0 && w->heap[(at - 1) / 2] < w->heap[at]; at = (at - 1) / 2)
        swap(&w->heap[(at - 1) / 2], &w->heap[at]);
}

static void
pop(walk *w)
{
    int64_t at = 0;

    w->heap[0] = w->heap[--w->count];
    for (;;) {
        int64_t left = 2 * at + 1, right = left + 1, greatest = at;
        if (left < w->count && w->heap[left] > w->heap[greatest])
            greatest = left;
        if (right < w->count && w->heap[right] > w->heap[greatest])
            greatest = right;
        if (greatest == at)
            return;
        swap(&w->heap[at], &w->heap[greatest]);
        at = greatest;
    }
}

/* One lane, its layers by epoch: between each two ends in a row, the latest layer that is there. */
static int32_t
flatten_lane(incload__coverage *out, const layer *layers, int64_t count, walk *w, incload_error **err)
{
    int32_t status = INCLOAD_OK;
    int64_t begun = 0;

    for (int64_t i = 0; i < count; i++) {
        w->ends[2 * i] = w->order[2 * i] = layers[i].low;
        w->ends[2 * i + 1] = layers[i].high;
        w->order[2 * i + 1] = i;
    }
    qsort(w->ends, (size_t)count * 2, sizeof *w->ends, by_place);
    qsort(w->order, (size_t)count, 2 * sizeof *w->order, by_place);
    w->count = 0;
    for (int64_t i = 0; i + 1 < 2 * count && status == INCLOAD_OK; i++) {
        while (begun < count && w->order[2 * begun] <= w->ends[i])
            push(w, w->order[2 * begun++ + 1]);
        while (w->count > 0 && layers[w->heap[0]].high <= w->ends[i])
            pop(w);
        if (w->count > 0 && w->ends[i] < w->ends[i + 1])
            status = add_item(out, &layers[w->heap[0]], w->ends[i], w->ends[i + 1], err);
    }
    return status;
}

static int32_t
flatten(const incload__mem *mem, layer *layers, int64_t count, incload__coverage *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;
    walk w = { 0 };

    memset(out, 0, sizeof *out);
    out->mem = mem;
    out->items = incload__alloc_array(mem, (size_t)count * 2 + 1, sizeof *out->items);
    if (!walk_alloc(mem, &w, count) || out->items == NULL)
        status = incload__fail_memory(err);
    if (status == INCLOAD_OK)
        qsort(layers, (size_t)count, sizeof *layers, by_lane_then_epoch);
    for (int64_t from = 0, to = 0; from < count && status == INCLOAD_OK; from = to) {
        while (to < count && strcmp(layers[to].lane, layers[from].lane) == 0)
            to++;
        status = flatten_lane(out, &layers[from], to - from, &w, err);
    }
    walk_free(mem, &w);
    if (status != INCLOAD_OK)
        incload__coverage_free(out);
    return status;
}

static int64_t
clip(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Rows of lane, version, low, high, epoch. */
static int32_t
flatten_rows(const incload__mem *mem, const incload__rows *rows, int64_t low, int64_t high, incload__coverage *out,
             incload_error **err)
{
    layer *layers = incload__alloc_array(mem, (size_t)rows->count + 1, sizeof *layers);

    if (layers == NULL)
        return incload__fail_memory(err);
    for (int64_t i = 0; i < rows->count; i++) {
        const char *lane = incload__rows_get(rows, i, 0), *version = incload__rows_get(rows, i, 1);
        layers[i] = (layer){ lane != NULL ? lane : "", version != NULL ? version : "",
                             clip(incload__rows_number(rows, i, 2), low, high),
                             clip(incload__rows_number(rows, i, 3), low, high), incload__rows_number(rows, i, 4) };
    }
    int32_t status = flatten(mem, layers, rows->count, out, err);
    incload__free(mem, layers);
    return status;
}

int32_t
incload__coverage_read(const incload__ledger *ledger, incload__conn *conn, const char *load, const char *lane,
                       int64_t low, int64_t high, incload__coverage *out, incload_error **err)
{
    incload__args args = { .count = 0 };
    incload__rows rows;

    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < 2; i++) {
        incload__args_text(&args, load);
        incload__args_number(&args, high);
        incload__args_number(&args, low);
        incload__args_number(&args, lane == NULL);
        incload__args_text(&args, lane != NULL ? lane : "");
    }
    int32_t status =
        incload__args_select(ledger, conn,
                             "SELECT c.lane, c.code_version, c.low, c.high, 0 FROM {coverage} c"
                             " WHERE c.load_name = ? AND c.low < ? AND c.high > ? AND (1 = ? OR c.lane = ?)"
                             " UNION ALL SELECT a.lane, a.code_version, a.low, a.high, a.epoch FROM {applied} a"
                             " WHERE a.load_name = ? AND a.low < ? AND a.high > ? AND (1 = ? OR a.lane = ?)",
                             &args, &rows, err);
    if (status == INCLOAD_OK)
        status = flatten_rows(ledger->mem, &rows, low, high, out, err);
    incload__rows_free(&rows);
    return status;
}

/* ---- moving what landed into the intervals ---- */

/* The oldest epochs go first, and none that is younger than one that must stay: what stays lies on top.
 * What a run landed has its id of 32 digits first. */
static const char oldest_query[] =
    "SELECT a.lane, a.code_version, a.low, a.high, a.epoch FROM {applied} a WHERE a.load_name = ?"
    " AND a.epoch < (SELECT COALESCE(MIN(o.epoch), 9223372036854775807) FROM {applied} o"
    " LEFT JOIN {pipeline_run} r ON r.run_id = SUBSTR(o.run_id, 1, 32) AND r.status = 2"
    " WHERE o.load_name = ? AND (r.run_no IS NOT NULL OR o.applied_us + ? >= {now})) ORDER BY a.epoch LIMIT ?";

/* How many of them are moved: all up to an epoch, so that one number tells which. */
static int64_t
count_whole(const incload__rows *rows, int64_t limit)
{
    int64_t count = rows->count;

    if (count <= limit)
        return count;
    int64_t cut = incload__rows_number(rows, limit, 4);
    for (count = limit; count > 0 && incload__rows_number(rows, count - 1, 4) == cut; count--)
        ;
    return count;
}

/* Of the lanes of what is moved. */
#define TOUCHED                                                                                                        \
    " FROM {coverage} WHERE load_name = ? AND EXISTS (SELECT 1 FROM {applied} a WHERE a.load_name = ?"                 \
    " AND a.epoch <= ? AND a.lane = {coverage}.lane)"

/* What was coalesced of those lanes, with what landed in them on top; its rows are gone then. */
static int32_t
take_layers(const incload__ledger *ledger, incload__conn *conn, const incload__args *touched,
            const incload__rows *landed, int64_t count, incload__coverage *out, incload_error **err)
{
    incload__rows rows;
    int32_t status =
        incload__args_select(ledger, conn, "SELECT lane, code_version, low, high, 0" TOUCHED, touched, &rows, err);

    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < count && status == INCLOAD_OK; i++)
        status =
            incload__rows_add(&rows, (const char *const *)&landed->cells[i * landed->columns], NULL, landed->columns);
    if (status == INCLOAD_OK)
        status = flatten_rows(ledger->mem, &rows, INT64_MIN, INT64_MAX, out, err);
    incload__rows_free(&rows);
    if (status == INCLOAD_OK)
        status = incload__args_execute(ledger, conn, "DELETE" TOUCHED, touched, NULL, err);
    return status;
}

/* Another that moves the same rows waits here, or has been here. */
static int32_t
delete_applied(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t epoch, int64_t count,
               incload_error **err)
{
    incload__args args = { .count = 0 };
    int64_t affected = -1;

    incload__args_text(&args, load);
    incload__args_number(&args, epoch);
    int32_t status = incload__args_execute(ledger, conn, "DELETE FROM {applied} WHERE load_name = ? AND epoch <= ?",
                                           &args, &affected, err);
    if (status == INCLOAD_OK && affected != count) {
        status = incload__fail(err, INCLOAD_E_CONFLICT, "coverage of load '%s' was changed by another meanwhile", load);
        incload__error_set_retryable(err, true);
    }
    return status;
}

static int32_t
write_coverage(const incload__ledger *ledger, incload__conn *conn, const char *load, const incload__coverage *coverage,
               incload_error **err)
{
    int32_t status = INCLOAD_OK;

    for (int64_t i = 0; i < coverage->count && status == INCLOAD_OK; i++) {
        incload__args args = { .count = 0 };
        incload__args_text(&args, load);
        incload__args_text(&args, coverage->items[i].code_version);
        incload__args_text(&args, coverage->items[i].lane);
        incload__args_number(&args, coverage->items[i].low);
        incload__args_number(&args, coverage->items[i].high);
        status = incload__state_insert(ledger, conn,
                                       "INSERT INTO {coverage} (load_name, code_version, lane, low, high, updated_us)"
                                       " VALUES (?, ?, ?, ?, ?, {now})",
                                       args.params, args.count, err);
    }
    return status;
}

/* In one transaction. */
static int32_t
move(const incload__ledger *ledger, incload__conn *conn, const char *load, const incload__rows *landed, int64_t count,
     incload_error **err)
{
    int64_t epoch = incload__rows_number(landed, count - 1, 4);
    incload__args touched = { .count = 0 };
    incload__coverage whole = { 0 };

    incload__args_text(&touched, load);
    incload__args_text(&touched, load);
    incload__args_number(&touched, epoch);
    int32_t status = take_layers(ledger, conn, &touched, landed, count, &whole, err);
    if (status == INCLOAD_OK)
        status = delete_applied(ledger, conn, load, epoch, count, err);
    if (status == INCLOAD_OK)
        status = write_coverage(ledger, conn, load, &whole, err);
    incload__coverage_free(&whole);
    return status;
}

int32_t
incload__coverage_prune(const incload__ledger *ledger, incload__conn *conn, const char *load, int64_t keep_us,
                        int32_t limit, int64_t *moved, incload_error **err)
{
    int64_t most = limit < 1 ? 1 : limit > MOST_MOVED ? MOST_MOVED : limit, count = 0;
    incload__rows landed = { .mem = ledger->mem };
    incload__args args = { .count = 0 };

    *moved = 0;
    incload__args_text(&args, load);
    incload__args_text(&args, load);
    incload__args_number(&args, keep_us);
    incload__args_number(&args, most + 1);
    int32_t status = conn->driver->begin(conn, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__args_select(ledger, conn, oldest_query, &args, &landed, err);
    if (status == INCLOAD_OK)
        count = count_whole(&landed, most);
    if (count > 0)
        status = move(ledger, conn, load, &landed, count, err);
    status = incload__state_end(conn, status, err);
    if (status == INCLOAD_OK)
        *moved = count;
    incload__rows_free(&landed);
    return status;
}

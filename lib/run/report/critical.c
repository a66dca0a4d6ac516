/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/critical.h"

#include "base/error.h"
#include "run/report/ranks.h"

static int64_t
end_of(const incload__picture *picture, int32_t step)
{
    return incload__picture_end(picture, picture->steps[step].start_us, picture->steps[step].end_us);
}

static bool
later(const incload__picture *picture, int32_t step, int32_t than)
{
    if (picture->steps[step].start_us == 0)
        return false;
    return than < 0 || end_of(picture, step) > end_of(picture, than);
}

static int32_t
last_of_all(const incload__picture *picture)
{
    int32_t last = -1;

    for (int32_t i = 0; i < picture->step_count; i++) {
        if (later(picture, i, last))
            last = i;
    }
    return last;
}

/* For each step the one before it that ended last, or -1. A step that never began passes on what it would have waited
 * for: a cleanup after a skipped step waited for what had it skipped. */
static void
find_before(const incload__picture *picture, const incload__ranks *order, int32_t *before)
{
    for (int32_t i = 0; i < picture->step_count; i++)
        before[i] = -1;
    for (int32_t i = 0; i < picture->step_count; i++) {
        int32_t step = order->steps[i];
        int32_t told = picture->steps[step].start_us != 0 ? step : before[step];
        for (int32_t e = order->first[step]; told >= 0 && e < order->first[step + 1]; e++) {
            int32_t to = picture->edges[order->out[e]].to;
            if (later(picture, told, before[to]))
                before[to] = told;
        }
    }
}

static void
walk_back(incload__critical *critical, const incload__picture *picture, const int32_t *before, int32_t last)
{
    /* The bound ends the walk in a picture whose edges form a cycle. */
    for (int32_t step = last; step >= 0 && critical->count < picture->step_count; step = before[step])
        critical->steps[critical->count++] = step;
    for (int32_t i = 0, j = critical->count - 1; i < j; i++, j--) {
        int32_t step = critical->steps[i];
        critical->steps[i] = critical->steps[j];
        critical->steps[j] = step;
    }
}

static void
sum_up(incload__critical *critical, const incload__picture *picture)
{
    int64_t until = picture->start_us != 0 ? picture->start_us : picture->steps[critical->steps[0]].start_us;

    for (int32_t i = 0; i < critical->count; i++) {
        int64_t start = picture->steps[critical->steps[i]].start_us;
        int64_t end = end_of(picture, critical->steps[i]);
        critical->work_us += end - start;
        critical->wait_us += start > until ? start - until : 0;
        until = end;
    }
}

int32_t
incload__critical_find(incload__critical *critical, const incload__mem *mem, const incload__picture *picture,
                       incload_error **err)
{
    size_t count = (size_t)picture->step_count;
    incload__ranks order;

    *critical = (incload__critical){ 0 };
    int32_t status = incload__ranks_make(&order, mem, picture, err);
    if (status != INCLOAD_OK)
        return status;
    critical->steps = incload__alloc_array(mem, count, sizeof *critical->steps);
    int32_t *before = incload__alloc_array(mem, count, sizeof *before);
    if (critical->steps == NULL || before == NULL) {
        incload__free(mem, before);
        incload__ranks_free(&order);
        incload__critical_free(critical, mem);
        return incload__fail_memory(err);
    }
    find_before(picture, &order, before);
    walk_back(critical, picture, before, last_of_all(picture));
    if (critical->count > 0)
        sum_up(critical, picture);
    incload__free(mem, before);
    incload__ranks_free(&order);
    return INCLOAD_OK;
}

void
incload__critical_free(incload__critical *critical, const incload__mem *mem)
{
    incload__free(mem, critical->steps);
    *critical = (incload__critical){ 0 };
}

bool
incload__critical_has(const incload__critical *critical, int32_t step)
{
    for (int32_t i = 0; i < critical->count; i++) {
        if (critical->steps[i] == step)
            return true;
    }
    return false;
}

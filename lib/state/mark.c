/* SPDX-License-Identifier: Apache-2.0 */
#include "state/mark.h"

#include <string.h>

#include "base/civil.h"

void
incload__mark_init(incload__mark *mark, const incload__mem *mem)
{
    memset(mark, 0, sizeof *mark);
    mark->mem = mem;
}

void
incload__mark_free(incload__mark *mark)
{
    const incload__mem *mem = mark->mem;

    if (mem == NULL)
        return;
    incload__free(mem, mark->column);
    incload__free(mem, mark->type);
    incload__free(mem, mark->value);
    incload__free(mem, mark->source);
    incload__free(mem, mark->table);
    incload__free(mem, mark->policy);
    for (int32_t i = 0; i < mark->flight_count; i++)
        incload__free(mem, mark->flights[i].who);
    incload__free(mem, mark->flights);
    incload__free(mem, mark->done);
    incload__mark_init(mark, mem);
}

int32_t
incload__mark_text(incload__mark *mark, char **field, const char *text, incload_error **err)
{
    char *copy = text != NULL ? incload__strdup(mark->mem, text) : NULL;

    if (text != NULL && copy == NULL)
        return incload__fail_memory(err);
    incload__free(mark->mem, *field);
    *field = copy;
    return INCLOAD_OK;
}

/* Room for one more in an array that doubles, from 8 on. */
static bool
room_for_one(const incload__mem *mem, void **array, int32_t count, size_t size)
{
    bool full = count == 0 || (count >= 8 && (count & (count - 1)) == 0);

    if (!full)
        return true;
    void *more = incload__realloc(mem, *array, (count == 0 ? 8 : (size_t)count * 2) * size);
    if (more == NULL)
        return false;
    *array = more;
    return true;
}

int32_t
incload__mark_add_flight(incload__mark *mark, const char *who, int64_t bound, bool known, incload_error **err)
{
    void *flights = mark->flights;

    if (mark->flight_count >= INCLOAD__MARK_FLIGHT_LIMIT)
        return incload__fail(err, INCLOAD_E_UNSUPPORTED, "more than %d transactions are open in the source",
                             (int)INCLOAD__MARK_FLIGHT_LIMIT);
    bool room = room_for_one(mark->mem, &flights, mark->flight_count, sizeof *mark->flights);
    mark->flights = flights;
    char *name = room ? incload__strdup(mark->mem, who) : NULL;
    if (name == NULL)
        return incload__fail_memory(err);
    mark->flights[mark->flight_count++] = (incload__flight){ name, bound, known };
    return INCLOAD_OK;
}

const incload__flight *
incload__mark_flight(const incload__mark *mark, const char *who)
{
    for (int32_t i = 0; i < mark->flight_count; i++) {
        if (strcmp(mark->flights[i].who, who) == 0)
            return &mark->flights[i];
    }
    return NULL;
}

int32_t
incload__mark_add_done(incload__mark *mark, uint64_t xid, incload_error **err)
{
    void *done = mark->done;

    if (mark->done_overflow)
        return INCLOAD_OK;
    if (mark->done_count >= INCLOAD__MARK_DONE_LIMIT) {
        mark->done_overflow = true;
        mark->done_count = 0;
        return INCLOAD_OK;
    }
    bool room = room_for_one(mark->mem, &done, mark->done_count, sizeof *mark->done);
    mark->done = done;
    if (!room)
        return incload__fail_memory(err);
    mark->done[mark->done_count++] = xid;
    return INCLOAD_OK;
}

static void
sift_down(uint64_t *heap, int32_t at, int32_t count)
{
    for (;;) {
        int32_t child = 2 * at + 1;
        if (child >= count)
            return;
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[at] >= heap[child])
            return;
        uint64_t swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

/* A heap sort: no recursion, no memory, and no qsort(), whose C library version may allocate. */
void
incload__mark_sort_done(incload__mark *mark)
{
    uint64_t *done = mark->done;
    int32_t count = mark->done_count, kept = 0;

    for (int32_t i = count / 2 - 1; i >= 0; i--)
        sift_down(done, i, count);
    for (int32_t end = count - 1; end > 0; end--) {
        uint64_t swap = done[0];
        done[0] = done[end];
        done[end] = swap;
        sift_down(done, 0, end);
    }
    for (int32_t i = 0; i < count; i++) {
        if (kept == 0 || done[kept - 1] != done[i])
            done[kept++] = done[i];
    }
    mark->done_count = kept;
}

/* Every row at a position below it is loaded, now and by commits to come. */
static int64_t
sure_position(const incload__mark *mark)
{
    int64_t position = mark->clock;

    for (int32_t i = 0; i < mark->flight_count; i++) {
        if (!mark->flights[i].known)
            return INT64_MIN;
        if (mark->flights[i].bound < position)
            position = mark->flights[i].bound;
    }
    return position;
}

static bool
is_time(const incload__mark *mark)
{
    return mark->type != NULL && (strstr(mark->type, "time") != NULL || strstr(mark->type, "date") != NULL);
}

void
incload__mark_describe(const incload__mark *mark, incload__str *out)
{
    int64_t position = sure_position(mark);
    char text[64];

    if (mark->kind == INCLOAD__MARK_CURSOR || mark->kind == INCLOAD__MARK_WRITER || mark->clock == 0) {
        if (mark->value == NULL)
            incload__str_add(out, "no row with a position is loaded");
        else
            incload__str_addf(out, "rows up to %s are loaded, as far as the cursor tells", mark->value);
        return;
    }
    if (position == INT64_MIN)
        incload__str_add(out, "every row that was visible is loaded");
    else if (is_time(mark) && (text[incload__format_timestamp(position, true, text)] = '\0', true))
        incload__str_addf(out, "every row stamped before %s is loaded", text);
    else
        incload__str_addf(out, "every row up to number %lld is loaded", (long long)position);
    if (mark->flight_count > 0)
        incload__str_addf(out, "; %d transaction%s still open", (int)mark->flight_count,
                          mark->flight_count == 1 ? " was" : "s were");
}

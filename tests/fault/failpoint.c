/* SPDX-License-Identifier: Apache-2.0 */
/* What the failpoints of lib/ do in a test program (lib/base/failpoint.h). */
#include "base/failpoint.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

enum { DELAY_MS = 60 };

/* The linker's names for the two ends of that section. */
extern const incload__failpoint __start_incload_failpoints[], __stop_incload_failpoints[];

static struct {
    _Atomic int64_t *met;
    int32_t index;
    incload__failpoint_action action;
    int64_t nth;
} armed = { .index = -1 };

int32_t
incload__failpoint_count(void)
{
    return (int32_t)(__stop_incload_failpoints - __start_incload_failpoints);
}

const incload__failpoint *
incload__failpoint_at(int32_t index)
{
    return index < 0 || index >= incload__failpoint_count() ? NULL : &__start_incload_failpoints[index];
}

void
incload__failpoint_watch(_Atomic int64_t *met)
{
    armed.met = met;
}

void
incload__failpoint_arm(int32_t index, incload__failpoint_action action, int64_t nth)
{
    armed.index = index;
    armed.action = action;
    armed.nth = nth;
}

static int32_t
fail(const incload__failpoint *point, incload_error **err)
{
    static const struct {
        int32_t code;
        const char *sqlstate;
        bool retryable;
    } kinds[] = {
        { INCLOAD_E_CONNECT, "08006", true },
        { INCLOAD_E_COMMIT_UNKNOWN, "08007", false },
        { INCLOAD_E_CONFLICT, "40001", true },
    };

    if (point->code == INCLOAD_E_NO_MEMORY)
        return incload__fail_memory(err);
    incload__fail(err, point->code, "failpoint %s", point->name);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].code == point->code)
            incload__error_set_server(err, kinds[i].sqlstate, 0, kinds[i].retryable);
    }
    return point->code;
}

int32_t
incload__failpoint_meet(const incload__failpoint *point, incload_error **err)
{
    int32_t index = (int32_t)(point - __start_incload_failpoints);
    int64_t meeting = armed.met != NULL ? atomic_fetch_add(&armed.met[index], 1) + 1 : 0;
    struct timespec pause = { .tv_nsec = DELAY_MS * 1000000L };

    if (index != armed.index || meeting != armed.nth)
        return INCLOAD_OK;
    switch (armed.action) {
    case INCLOAD__FAILPOINT_KILL:
        kill(getpid(), SIGKILL);
        return INCLOAD_OK;
    case INCLOAD__FAILPOINT_ERROR:
        return point->code != INCLOAD_OK ? fail(point, err) : INCLOAD_OK;
    case INCLOAD__FAILPOINT_DELAY:
        nanosleep(&pause, NULL);
        return INCLOAD_OK;
    default:
        return INCLOAD_OK;
    }
}

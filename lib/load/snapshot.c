/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's snapshots and transaction ids, as texts and numbers. */
#include <string.h>

#include "batch/number.h"
#include "load/horizon_postgres.h"

static bool
take(const char **at, char end, uint64_t *value)
{
    const char *stop = strchr(*at, end);
    size_t length = stop != NULL ? (size_t)(stop - *at) : strlen(*at);

    if (!incload__parse_uint64(*at, length, value))
        return false;
    *at += length + (stop != NULL);
    return true;
}

int32_t
incload__snapshot_parse(const incload__mem *mem, const char *text, incload__snapshot *out, incload_error **err)
{
    int32_t commas = 0;

    if (!take(&text, ':', &out->xmin) || !take(&text, ':', &out->xmax))
        return incload__fail(err, INCLOAD_E_PROTOCOL, "the source described its snapshot in an unknown form");
    incload__free(mem, out->running);
    out->running = NULL;
    out->running_count = 0;
    if (*text == '\0')
        return INCLOAD_OK;
    for (const char *at = text; *at != '\0'; at++)
        commas += *at == ',';
    out->running = incload__alloc_array(mem, (size_t)commas + 1, sizeof *out->running);
    if (out->running == NULL)
        return incload__fail_memory(err);
    while (*text != '\0') {
        if (out->running_count > commas || !take(&text, ',', &out->running[out->running_count++]))
            return incload__fail(err, INCLOAD_E_PROTOCOL, "the source described its snapshot in an unknown form");
    }
    return INCLOAD_OK;
}

bool
incload__snapshot_sees(const incload__snapshot *snapshot, uint64_t xid)
{
    if (xid >= snapshot->xmax)
        return false;
    for (int32_t i = 0; i < snapshot->running_count; i++) {
        if (snapshot->running[i] == xid)
            return false;
    }
    return true;
}

uint64_t
incload__xid_widen(uint64_t from, uint64_t xid)
{
    return from + (uint32_t)((uint32_t)xid - (uint32_t)from);
}

static bool
lists(const incload__rows *rows, int32_t column, const char *who)
{
    for (int64_t i = 0; i < rows->count; i++) {
        const char *text = incload__rows_get(rows, i, column);
        if (text != NULL && strcmp(text, who) == 0)
            return true;
    }
    return false;
}

bool
incload__flight_open(const incload__snapshot *snapshot, const char *who, const incload__rows *backends,
                     const incload__rows *prepared, const incload__rows *xids)
{
    static const char prefix[] = "prepared ";
    uint64_t xid;

    if (strncmp(who, prefix, sizeof prefix - 1) == 0) {
        const char *number = who + sizeof prefix - 1;
        return lists(prepared, 0, who) && incload__parse_uint64(number, strlen(number), &xid)
               && !incload__snapshot_sees(snapshot, incload__xid_widen(snapshot->xmin, xid));
    }
    if (!lists(backends, 1, who))
        return false;
    for (int64_t i = 0; i < xids->count; i++) {
        const char *holder = incload__rows_get(xids, i, 0), *number = incload__rows_get(xids, i, 1);
        if (holder == NULL || number == NULL || strcmp(holder, who) != 0)
            continue;
        if (!incload__parse_uint64(number, strlen(number), &xid)
            || incload__snapshot_sees(snapshot, incload__xid_widen(snapshot->xmin, xid)))
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pictures.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS = 91, WIDE = 365, CHUNKS = 10000, BEGUN = 4000, MONTHS = 30, LATTICE = 400 };

static const int64_t second = 1000000;
static const int64_t began = INT64_C(1711929600) * 1000000; /* 2024-04-01T00:00:00Z */

const char picture_hostile_name[] =
    "a\"b'c</script><script>alert(1)</script><!--&amp;]]>`${x}`\\N\\\" \n\r\t;%%{end}#quot;|[x]"
    " --> n9\xf0\x9f\x9a\x80 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x80\xae"
    "gnp\x1b[2J"
    "\xff\xc0\x80 end";

/* All that was made stays in reach until the process ends, so that a leak checker does not mind. */
typedef struct block {
    struct block *next;
    max_align_t data[];
} block;

static block *blocks;

static void *
array(size_t count, size_t size)
{
    block *made = calloc(1, sizeof *made + count * size);

    if (made == NULL)
        abort();
    made->next = blocks;
    blocks = made;
    return made->data;
}

static char *__attribute__((format(printf, 1, 2)))
text(const char *format, ...)
{
    char *made = array(64, 1);
    va_list args;

    va_start(args, format);
    vsnprintf(made, 64, format, args);
    va_end(args);
    return made;
}

static const incload__picture_field fields[] = { { "id", "bigint" }, { "updated_at", "timestamptz" } };
static const incload__picture_table source = { "postgres://shop:5432", "shop.public.orders", fields, 2, NULL };
static const incload__picture_table target = { "postgres://lake:5432", "lake.public.orders", fields, 2, "OVERWRITE" };

enum { ORDERS, CUSTOMERS, HISTORY, DECIDE, REPORT, MAIL, CLEAN, STEPS };

static const incload__picture_step nightly_steps[STEPS] = {
    [ORDERS] = { .name = "orders",
                 .kind = "load",
                 .group = "sources",
                 .status = INCLOAD_STATUS_SUCCESS,
                 .attempts = 1,
                 .rows = 1900000,
                 .bytes = 123456789,
                 .source = &source,
                 .target = &target },
    [CUSTOMERS] = { .name = "customers",
                    .kind = "load",
                    .group = "sources",
                    .status = INCLOAD_STATUS_SUCCESS,
                    .attempts = 2,
                    .rows = 950 },
    [HISTORY] = { .name = "history",
                  .kind = "backfill",
                  .status = INCLOAD_STATUS_FAILED,
                  .reason = "ERROR",
                  .error = "3 of 91 units failed",
                  .attempts = 1,
                  .rows = 88000,
                  .unit_total = DAYS,
                  .target = &target },
    [DECIDE] = { .name = "decide", .kind = "function", .status = INCLOAD_STATUS_SUCCESS, .attempts = 1 },
    [REPORT] = { .name = "report",
                 .kind = "function",
                 .status = INCLOAD_STATUS_SKIPPED,
                 .reason = "UPSTREAM_FAILED",
                 .rule = "all_success" },
    [MAIL] = { .name = "mail",
               .kind = "function",
               .status = INCLOAD_STATUS_SKIPPED,
               .reason = "CONDITION",
               .optional = true },
    [CLEAN] = { .name = "clean up",
                .kind = "function",
                .rule = "all_done",
                .status = INCLOAD_STATUS_SUCCESS,
                .attempts = 1,
                .cleanup = true },
};

static const incload__picture_edge nightly_edges[] = {
    { ORDERS, HISTORY, false, NULL }, { CUSTOMERS, HISTORY, false, NULL }, { ORDERS, DECIDE, false, NULL },
    { HISTORY, REPORT, false, NULL }, { DECIDE, MAIL, true, "late" },      { DECIDE, REPORT, false, NULL },
    { ORDERS, CLEAN, false, NULL },   { REPORT, CLEAN, false, NULL },
};

static void
set_times(incload__picture_step *step, int64_t start_s, int64_t end_s)
{
    step->start_us = began + start_s * second;
    step->end_us = began + end_s * second;
}

static bool
one_of_three(int32_t day)
{
    return day == 10 || day == 41 || day == 80;
}

static void
fill_day(incload__picture_unit *unit, int32_t day)
{
    static const int8_t lengths[] = { 31, 29, 31 };
    incload__picture_attempt *attempts = array(3, sizeof *attempts);
    int32_t month = 0;
    int32_t rest = day;
    bool fails = one_of_three(day);

    for (; rest >= lengths[month]; month++)
        rest -= lengths[month];
    unit->step = HISTORY;
    unit->label = text("%04d-%02d-%02d", 2024, month + 1, rest + 1);
    unit->lo = INT64_C(1704067200) * second + day * 86400 * second;
    unit->hi = unit->lo + 86400 * second;
    unit->timed = true;
    unit->attempts = attempts;
    unit->attempt_count = fails ? 3 : day == 5 ? 2 : 1;
    unit->status = fails ? INCLOAD_STATUS_FAILED : INCLOAD_STATUS_SUCCESS;
    unit->reason = fails ? "ERROR" : NULL;
    unit->error = fails ? "the target refused the rows: value too long for column \"note\"" : NULL;
    unit->rows = fails ? 0 : 1000;
    unit->bytes = unit->rows * 80;
    for (int32_t i = 0; i < unit->attempt_count; i++) {
        bool last = i + 1 == unit->attempt_count;
        attempts[i].start_us = began + 200 * second + day / 4 * 20 * second + i * 5 * second;
        attempts[i].end_us = attempts[i].start_us + (fails ? 2 : 4 + day % 7 * 2) * second;
        attempts[i].worker = day % 2 == 0 ? "alpha:101" : "beta:202";
        attempts[i].slot = day % 4 / 2;
        attempts[i].status = last && !fails ? INCLOAD_STATUS_SUCCESS : INCLOAD_STATUS_FAILED;
        attempts[i].reason = attempts[i].status == INCLOAD_STATUS_FAILED ? "ERROR" : NULL;
    }
}

static incload__picture *
nightly(void)
{
    incload__picture *picture = array(1, sizeof *picture);
    incload__picture_step *steps = array(STEPS, sizeof *steps);
    incload__picture_unit *units = array(DAYS, sizeof *units);

    memcpy(steps, nightly_steps, sizeof nightly_steps);
    set_times(&steps[ORDERS], 0, 120);
    set_times(&steps[CUSTOMERS], 1, 180);
    set_times(&steps[HISTORY], 200, 675);
    set_times(&steps[DECIDE], 121, 122);
    set_times(&steps[CLEAN], 680, 690);
    for (int32_t i = 0; i < DAYS; i++)
        fill_day(&units[i], i);
    *picture = (incload__picture){
        .run_id = "0190c0ffee00700080000000deadbeef",
        .name = "nightly",
        .state = INCLOAD_STATUS_FAILED,
        .resume = "incload_run_resume(\"0190c0ffee00700080000000deadbeef\", NULL, &err)",
        .start_us = began,
        .end_us = began + 690 * second,
        .now_us = began + 700 * second,
        .steps = steps,
        .step_count = STEPS,
        .edges = nightly_edges,
        .edge_count = (int32_t)(sizeof nightly_edges / sizeof nightly_edges[0]),
        .units = units,
        .unit_count = DAYS,
    };
    /* One was asked to end. */
    incload__picture_attempt *asked = (incload__picture_attempt *)units[41].attempts;
    asked[2].reason = "CANCELLED";
    units[41].reason = "CANCELLED";
    units[41].error = NULL;
    return picture;
}

static incload__picture *
hostile(void)
{
    incload__picture *picture = nightly();
    incload__picture_step *steps = (incload__picture_step *)picture->steps;
    incload__picture_unit *units = (incload__picture_unit *)picture->units;
    incload__picture_edge *edges = array((size_t)picture->edge_count, sizeof *edges);
    incload__picture_table *table = array(1, sizeof *table);
    const char *name = picture_hostile_name;

    *table = (incload__picture_table){ name, name, NULL, 0, NULL };
    memcpy(edges, picture->edges, (size_t)picture->edge_count * sizeof *edges);
    picture->edges = edges;
    picture->name = picture->run_id = picture->space = picture->resume = picture->error = name;
    for (int32_t i = 0; i < picture->step_count; i++) {
        steps[i].name = steps[i].kind = steps[i].group = steps[i].rule = steps[i].reason = name;
        steps[i].error = steps[i].resume = name;
        steps[i].source = steps[i].target = table;
    }
    for (int32_t i = 0; i < picture->edge_count; i++)
        edges[i].label = name;
    for (int64_t i = 0; i < picture->unit_count; i++) {
        incload__picture_attempt *attempts = (incload__picture_attempt *)units[i].attempts;
        units[i].label = units[i].reason = units[i].error = name;
        for (int32_t a = 0; a < units[i].attempt_count; a++)
            attempts[a].worker = attempts[a].reason = name;
    }
    return picture;
}

static incload__picture *
running(void)
{
    incload__picture *picture = nightly();
    incload__picture_step *steps = (incload__picture_step *)picture->steps;
    incload__picture_unit *units = (incload__picture_unit *)picture->units;

    picture->state = INCLOAD_STATUS_RUNNING;
    picture->end_us = 0;
    picture->now_us = began + 300 * second;
    picture->unit_count = 20;
    steps[HISTORY].status = INCLOAD_STATUS_RUNNING;
    steps[HISTORY].end_us = 0;
    steps[HISTORY].reason = NULL;
    for (int32_t i = REPORT; i < STEPS; i++) {
        steps[i].status = INCLOAD_STATUS_PENDING;
        steps[i].reason = "WAITING_DEPS";
        steps[i].start_us = steps[i].end_us = 0;
    }
    for (int32_t i = 18; i < 20; i++) {
        incload__picture_attempt *attempts = (incload__picture_attempt *)units[i].attempts;
        units[i].status = attempts[0].status = INCLOAD_STATUS_RUNNING;
        attempts[0].end_us = 0;
    }
    return picture;
}

static incload__picture *
plain(const char *name, int32_t steps, int32_t edges, int64_t units)
{
    incload__picture *picture = array(1, sizeof *picture);

    *picture = (incload__picture){
        .run_id = "0190c0ffee00700080000000deadbeef",
        .name = name,
        .state = INCLOAD_STATUS_SUCCESS,
        .start_us = began,
        .end_us = began + 3600 * second,
        .now_us = began + 3600 * second,
        .steps = array((size_t)steps, sizeof *picture->steps),
        .step_count = steps,
        .edges = array((size_t)edges, sizeof *picture->edges),
        .edge_count = edges,
        .units = array((size_t)units, sizeof *picture->units),
        .unit_count = units,
    };
    for (int32_t i = 0; i < steps; i++) {
        incload__picture_step *step = (incload__picture_step *)&picture->steps[i];
        step->name = text("step %d", i);
        step->status = INCLOAD_STATUS_SUCCESS;
        step->attempts = 1;
        set_times(step, 0, 3600);
    }
    return picture;
}

static incload__picture *
wide(void)
{
    incload__picture *picture = plain("wide", WIDE + 2, 2 * WIDE, 0);
    incload__picture_step *steps = (incload__picture_step *)picture->steps;
    incload__picture_edge *edges = (incload__picture_edge *)picture->edges;

    for (int32_t i = 0; i < WIDE; i++) {
        edges[2 * i] = (incload__picture_edge){ 0, i + 1, false, NULL };
        edges[2 * i + 1] = (incload__picture_edge){ i + 1, WIDE + 1, false, NULL };
        if (i % 122 == 7)
            steps[i + 1].status = INCLOAD_STATUS_FAILED;
    }
    return picture;
}

/* Each step waits for the two before it in a way of its own. */
static incload__picture *
lattice(void)
{
    incload__picture *picture = plain("lattice", LATTICE, 2 * LATTICE, 0);
    incload__picture_edge *edges = (incload__picture_edge *)picture->edges;

    for (int32_t i = 0; i < LATTICE; i++) {
        edges[2 * i] = (incload__picture_edge){ i / 2, i == 0 ? 1 : i, false, NULL };
        edges[2 * i + 1] = (incload__picture_edge){ i / 3, i == 0 ? 1 : i, false, NULL };
    }
    return picture;
}

static void
fill_unit(incload__picture_unit *unit, char *label, int64_t number, int32_t status)
{
    incload__picture_attempt *attempt = array(1, sizeof *attempt);

    *attempt = (incload__picture_attempt){
        began + number * second / 2, began + number * second / 2 + second, NULL, NULL, (int32_t)(number % 3), status
    };
    *unit = (incload__picture_unit){ .status = status,
                                     .label = label,
                                     .lo = number,
                                     .hi = number + 1,
                                     .rows = 10,
                                     .attempts = attempt,
                                     .attempt_count = 1 };
}

static incload__picture *
chunks(void)
{
    incload__picture *picture = plain("chunks", 1, 0, BEGUN);

    ((incload__picture_step *)picture->steps)->unit_total = CHUNKS;
    for (int32_t i = 0; i < BEGUN; i++)
        fill_unit((incload__picture_unit *)&picture->units[i], text("%d..%d", i * 1000, i * 1000 + 999), i,
                  i == 1234 ? INCLOAD_STATUS_FAILED : INCLOAD_STATUS_SUCCESS);
    return picture;
}

static incload__picture *
months(void)
{
    incload__picture *picture = plain("months", 1, 0, MONTHS);

    ((incload__picture_step *)picture->steps)->unit_total = MONTHS;
    for (int32_t i = 0; i < MONTHS; i++)
        fill_unit((incload__picture_unit *)&picture->units[i], text("%04d-%02d", 2021 + i / 12, i % 12 + 1), i,
                  INCLOAD_STATUS_SUCCESS);
    return picture;
}

const incload__picture *
picture_named(const char *name)
{
    static const struct {
        const char *name;
        incload__picture *(*make)(void);
    } known[] = { { "nightly", nightly }, { "hostile", hostile }, { "running", running }, { "wide", wide },
                  { "lattice", lattice }, { "chunks", chunks },   { "months", months } };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0)
            return known[i].make();
    }
    return strcmp(name, "empty") == 0 ? plain("empty", 0, 0, 0) : NULL;
}

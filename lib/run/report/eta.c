/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/eta.h"

#include <stdlib.h>

/* More units than `REPLAYED` are told by their mean and spread: so many make the normal distribution exact enough. */
enum { REPLAYS = 100, REPLAYED = 500 };

static uint64_t
draw(incload__eta *eta)
{
    uint64_t value = eta->seed += UINT64_C(0x9e3779b97f4a7c15);

    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static int64_t
known(const incload__eta *eta)
{
    return eta->observed < INCLOAD__ETA_OBSERVED ? eta->observed : INCLOAD__ETA_OBSERVED;
}

void
incload__eta_observe(incload__eta *eta, int64_t duration_us)
{
    eta->durations_us[eta->observed % INCLOAD__ETA_OBSERVED] = duration_us < 0 ? 0 : duration_us;
    eta->observed++;
}

static int64_t
duration(incload__eta *eta)
{
    return eta->durations_us[draw(eta) % (uint64_t)known(eta)];
}

/* What is left of a unit that has run for `since`: a duration drawn from those that are longer, and if none is, as long
 * again. */
static int64_t
rest_of(incload__eta *eta, int64_t since)
{
    int64_t start = (int64_t)(draw(eta) % (uint64_t)known(eta));

    for (int64_t i = 0; i < known(eta); i++) {
        int64_t whole = eta->durations_us[(start + i) % known(eta)];
        if (whole > since)
            return whole - since;
    }
    return since;
}

static int32_t
first_free(const int64_t *slots, int32_t count)
{
    int32_t first = 0;

    for (int32_t i = 1; i < count; i++) {
        if (slots[i] < slots[first])
            first = i;
    }
    return first;
}

/* Each unit on the slot that is free first; tells when the last one ends. */
static int64_t
replay(incload__eta *eta, const incload__eta_left *left, int64_t waiting, int32_t parallel)
{
    int64_t slots[INCLOAD__ETA_SLOTS] = { 0 };
    int64_t end = 0;

    for (int32_t i = 0; i < left->running_count; i++) {
        int32_t slot = first_free(slots, parallel);
        slots[slot] += rest_of(eta, left->running[i]);
    }
    for (int64_t i = 0; i < waiting; i++) {
        int32_t slot = first_free(slots, parallel);
        slots[slot] += duration(eta);
    }
    for (int32_t i = 0; i < parallel; i++)
        end = slots[i] > end ? slots[i] : end;
    return end;
}

static double
root(double value)
{
    double guess = value > 1 ? value : 1;

    for (int32_t i = 0; i < 100 && guess * guess > value * 1.000001; i++)
        guess = (guess + value / guess) / 2;
    return guess;
}

/* Before the units that are replayed: the others in a row on all slots. */
static void
add_the_many(const incload__eta *eta, int64_t count, int32_t parallel, int64_t *p50_us, int64_t *p90_us)
{
    double sum = 0;
    double squares = 0;

    for (int64_t i = 0; i < known(eta); i++)
        sum += (double)eta->durations_us[i];
    double mean = sum / (double)known(eta);
    for (int64_t i = 0; i < known(eta); i++)
        squares += ((double)eta->durations_us[i] - mean) * ((double)eta->durations_us[i] - mean);
    double spread = root(squares / (double)known(eta) * (double)count);
    double middle = mean * (double)count / parallel;
    *p50_us += middle < 9e18 ? (int64_t)middle : INT64_MAX / 4;
    *p90_us +=
        middle + 1.2816 * spread / parallel < 9e18 ? (int64_t)(middle + 1.2816 * spread / parallel) : INT64_MAX / 4;
}

static int
by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

bool
incload__eta_tell(incload__eta *eta, const incload__eta_left *left, int64_t *p50_us, int64_t *p90_us)
{
    int64_t ends[REPLAYS];
    int32_t parallel = left->parallel < 1 ? 1 : left->parallel;
    int64_t waiting = left->waiting < REPLAYED ? left->waiting : REPLAYED;
    int64_t many = left->waiting - waiting;

    if (eta->observed == 0)
        return false;
    /* More slots than are replayed: as many units fewer for each. */
    if (parallel > INCLOAD__ETA_SLOTS) {
        waiting = waiting * INCLOAD__ETA_SLOTS / parallel;
        for (int32_t i = 0; i < REPLAYS; i++)
            ends[i] = replay(eta, left, waiting, INCLOAD__ETA_SLOTS);
    } else {
        for (int32_t i = 0; i < REPLAYS; i++)
            ends[i] = replay(eta, left, waiting, parallel);
    }
    qsort(ends, REPLAYS, sizeof ends[0], by_value);
    *p50_us = ends[REPLAYS / 2];
    *p90_us = ends[REPLAYS * 9 / 10];
    if (many > 0)
        add_the_many(eta, many, parallel, p50_us, p90_us);
    return true;
}

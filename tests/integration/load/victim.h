/* SPDX-License-Identifier: Apache-2.0 */
/* A process that loads, and is killed while it is at work. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_VICTIM_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_VICTIM_H

#include "support.h"

typedef struct victim {
    const char *words[12]; /* the loader's arguments, ended by NULL; the first is filled in */
    int64_t usual_us;      /* how long it takes undisturbed, as far as is known */
    int64_t killed;        /* how many were still at work */
} victim;

/* Runs the loader that INCLOAD_TEST_LOADER names to its end. */
void victim_spare(victim *v);
/* Kills it after a part of its usual time, in thousandths of that. */
void victim_kill(victim *v, int64_t after_permille);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline of functions, drawn and run by the process that calls this: its scheduler on threads of the simulated
 * machine, without a database. */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_PIPELINES_H
#define INCLOAD_TESTS_FAULT_SIMULATION_PIPELINES_H

#include <stdbool.h>

/* What did not hold is told by `wrong`. True when every step succeeded. */
bool pipelines_run(void (*wrong)(const char *format, ...) __attribute__((format(printf, 1, 2))));

#endif

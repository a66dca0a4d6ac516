/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of libc that surroundings.c stands in front of, as they are. */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_SURROUNDINGS_H
#define INCLOAD_TESTS_FAULT_SIMULATION_SURROUNDINGS_H

#include <stddef.h>
#include <time.h>

void *real_malloc(size_t size);
void *real_realloc(void *block, size_t size);
void real_free(void *block);
int real_clock_gettime(clockid_t id, struct timespec *out);

#endif

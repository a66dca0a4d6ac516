/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of the program swap: killed loads, and loads under readers. */
#ifndef INCLOAD_TESTS_FAULT_SWAP_H
#define INCLOAD_TESTS_FAULT_SWAP_H

#include "stage.h"

/* A table of so many rows, all of one generation: a reader that sees another number, or two generations, has seen half
 * a swap. */
enum { SWAP_ROWS = 300 };

extern const char swap_source[];
extern const char swap_target[];

/* Makes both tables with rows of generation 0. */
void swap_prepare(stage *s);
/* The next load brings this generation. */
void swap_generation(stage *s, int64_t generation);

/* swap_readers.c: so many swaps under readers in each scene that has the word `only` in its name (NULL: in each), and
 * the bars of that. */
void swap_under_readers(const char *only, int64_t swaps);

#endif

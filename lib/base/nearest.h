/* SPDX-License-Identifier: Apache-2.0 */
/* How alike two names are, for "did you mean". */
#ifndef INCLOAD_LIB_BASE_NEAREST_H
#define INCLOAD_LIB_BASE_NEAREST_H

#include <stdint.h>

/* Farther than this, a name is no suggestion. */
enum { INCLOAD__NEAREST_EDITS = 3 };

/* Bytes to add, drop or change to make one the other; 40 when either is longer than 40. */
int32_t incload__edit_distance(const char *a, const char *b);

#endif

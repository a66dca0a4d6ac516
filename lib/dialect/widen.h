/* SPDX-License-Identifier: Apache-2.0 */
/* The widening lattice: into which type two types can be brought together without losing a value of either.
 *
 *     bool < int8 < int16 < int32 < int64 < decimal(p,s) < numeric      int16 < float32, int32 < float64
 *     uint64 < decimal(20,0)                                            float32 < float64
 *     date < timestamp(n) < timestamp(m > n)                            text(n) < text(m > n) < text
 *
 * What stands in no line has no common type: an int64 and a float64 (not every whole number is a double), a civil time
 * and an instant (no zone is known), a number and a text (a change of meaning, not of width). */
#ifndef INCLOAD_LIB_DIALECT_WIDEN_H
#define INCLOAD_LIB_DIALECT_WIDEN_H

#include "batch/type.h"

/* The least type of the lattice that holds both: commutative, associative, idempotent; false where there is none. Two
 * NATIVE types are taken for the same: only their database can tell. */
bool incload__type_join(incload__type a, incload__type b, incload__type *out);

#endif

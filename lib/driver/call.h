/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind the public handle of a host's call. */
#ifndef INCLOAD_LIB_DRIVER_CALL_H
#define INCLOAD_LIB_DRIVER_CALL_H

#include <stdatomic.h>

#include <incload/call.h>

struct incload_call {
    atomic_int refs;
    incload_database *database;
    atomic_bool cancelled; /* set before its connections are: see incload__pool_take_unless() */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up hosts' names within the deadline. */
#ifndef INCLOAD_LIB_DRIVER_LIBPQ_LOOK_UP_H
#define INCLOAD_LIB_DRIVER_LIBPQ_LOOK_UP_H

#include "driver/libpq/pq.h"

/* What libpq is to be told as host, hostaddr and port: lists with commas, one entry an address. */
typedef struct incload__pq_addresses {
    incload__str hosts, addresses, ports;
    int32_t count; /* 0: tell it nothing */
} incload__pq_addresses;

void incload__pq_addresses_init(incload__pq_addresses *addresses, const incload__mem *mem);
void incload__pq_addresses_free(incload__pq_addresses *addresses);

/* The addresses of the names among `hosts`, in their order; *out (initialised) stays empty when there are none. Names
 * without an address are left out as long as there is another. INCLOAD_E_CONNECT, INCLOAD_E_TIMEOUT,
 * INCLOAD_E_CANCELLED. */
int32_t incload__pq_look_up(incload__pq *pq, const char *hosts, const char *ports, incload_context *context,
                            incload__pq_addresses *out, incload_error **err);

#endif

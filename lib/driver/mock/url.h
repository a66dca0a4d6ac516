/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_LIB_DRIVER_MOCK_URL_H
#define INCLOAD_LIB_DRIVER_MOCK_URL_H

#include "dialect/dialect.h"

typedef struct incload__mock_url {
    const incload__dialect *dialect;
    int32_t version;
} incload__mock_url;

/* Reads `mock:dialect=mariadb;version=101100`. INCLOAD_E_INVALID, or INCLOAD_E_UNKNOWN_OPTION naming the keys
 * there are. */
int32_t incload__mock_url_read(const char *text, incload__mock_url *url, incload_error **err);

#endif

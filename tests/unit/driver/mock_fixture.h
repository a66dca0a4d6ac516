/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to a mock, for the tests of this folder. */
#ifndef INCLOAD_TESTS_UNIT_DRIVER_MOCK_FIXTURE_H
#define INCLOAD_TESTS_UNIT_DRIVER_MOCK_FIXTURE_H

#include <incload/mock.h>

#include <string.h>

#include "driver/driver.h"

#define DRIVER (&incload__driver_mock)

static inline incload__conn *
mock_connection(incload_mock *mock, const char *url)
{
    incload__connect how = {
        .env = &incload__env_system,
        .url = url,
        .role = INCLOAD__ROLE_WRITE,
        .host_data = mock,
    };
    incload__conn *conn = NULL;

    ck_assert_int_eq(DRIVER->connect(&how, &conn, NULL), INCLOAD_OK);
    return conn;
}

static inline int32_t
execute(incload__conn *conn, const char *sql)
{
    return DRIVER->execute(conn, sql, NULL, 0, NULL, NULL);
}

static inline bool
contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The one SQLHENV of the process. A host may load many databases from many threads, and unixODBC loads and unloads
 * drivers under the environment: more than one of them per process is known to race (turbodbc#44, odbc-rs#29). So
 * this is the library's only mutable global, counted by connections and freed with the last. */
#include <unistd.h>

#include "driver/odbc/odbc.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static SQLHENV environment;
static int64_t users;
static int32_t owner; /* a forked child leaves the parent's alone and makes its own */

static bool
environment_make(void)
{
    if (!SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment)))
        return false;
    if (SQL_SUCCEEDED(SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0)))
        return true;
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    return false;
}

int32_t
incload__odbc_environment_take(SQLHENV *out, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    pthread_mutex_lock(&lock);
    int32_t pid = (int32_t)getpid();
    if (owner != pid)
        users = 0;
    if (users == 0 && !environment_make()) {
        status = INCLOAD_E_CONNECT;
    } else {
        owner = pid;
        users++;
        *out = environment;
    }
    pthread_mutex_unlock(&lock);
    if (status != INCLOAD_OK)
        incload__fail(err, status, "the ODBC driver manager gives no environment: is unixODBC installed in full?");
    return status;
}

void
incload__odbc_environment_give(void)
{
    pthread_mutex_lock(&lock);
    if (--users == 0)
        SQLFreeHandle(SQL_HANDLE_ENV, environment);
    pthread_mutex_unlock(&lock);
}

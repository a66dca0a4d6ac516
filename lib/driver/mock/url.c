/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/mock/url.h"

#include <string.h>

#include "base/utf8.h"

/* Servers of the kind that the library is tested with. */
static const struct {
    const char *dialect;
    int32_t version;
} versions[] = {
    { "postgres", 150000 },
    { "mariadb", 101100 },
    { "sqlite", 34000 },
    { "sqlserver", 160000 },
    { "ansi", 0 },
};

static bool
key_is(const char *pair, size_t length, const char *key)
{
    return length == strlen(key) && strncmp(pair, key, length) == 0;
}

static int32_t
read_dialect(const char *value, size_t length, incload__mock_url *url, incload_error **err)
{
    char name[16] = "";

    if (length < sizeof name)
        memcpy(name, value, length);
    url->dialect = incload__dialect_find(name);
    if (url->dialect == NULL)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "a mock's dialect is one of postgres, mariadb, sqlite, sqlserver, ansi");
    return INCLOAD_OK;
}

static int32_t
read_version(const char *value, size_t length, incload__mock_url *url, incload_error **err)
{
    int64_t version;

    if (!incload__parse_int64(value, length, &version) || version < 0 || version > INT32_MAX)
        return incload__fail(err, INCLOAD_E_INVALID, "a mock's version is a number such as 150000");
    url->version = (int32_t)version;
    return INCLOAD_OK;
}

static int32_t
read_pair(const char *pair, size_t length, incload__mock_url *url, incload_error **err)
{
    const char *equals = memchr(pair, '=', length);

    if (length == 0)
        return INCLOAD_OK;
    size_t key = equals != NULL ? (size_t)(equals - pair) : length;
    const char *value = equals != NULL ? equals + 1 : pair + length;
    size_t rest = (size_t)(pair + length - value);
    if (key_is(pair, key, "dialect"))
        return read_dialect(value, rest, url, err);
    if (key_is(pair, key, "version"))
        return read_version(value, rest, url, err);
    return incload__fail(err, INCLOAD_E_UNKNOWN_OPTION, "a mock's url knows the keys dialect and version only");
}

int32_t
incload__mock_url_read(const char *text, incload__mock_url *url, incload_error **err)
{
    *url = (incload__mock_url){ .dialect = &incload__dialect_postgres, .version = -1 };
    for (const char *pair = text + strlen("mock:");;) {
        size_t length = strcspn(pair, ";");
        int32_t status = read_pair(pair, length, url, err);
        if (status != INCLOAD_OK)
            return status;
        if (pair[length] == '\0')
            break;
        pair += length + 1;
    }
    for (size_t i = 0; url->version < 0 && i < sizeof versions / sizeof versions[0]; i++) {
        if (strcmp(versions[i].dialect, url->dialect->name) == 0)
            url->version = versions[i].version;
    }
    return INCLOAD_OK;
}

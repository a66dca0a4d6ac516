/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/place.h"

#include <string.h>

#include "base/utf8.h"

typedef struct piece {
    const char *text;
    size_t size;
} piece;

static const piece nothing = { "", 0 };

static void
add_piece(incload__str *out, piece what, const char *otherwise)
{
    if (what.size > 0)
        incload__str_add_bytes(out, what.text, what.size);
    else
        incload__str_add(out, otherwise);
}

/* A socket's folder is on this machine. What has letters that no host has may be a part of anything. */
static piece
host_of(piece host)
{
    static const piece strange = { "unknown", 7 };

    if (host.size == 0 || host.text[0] == '/' || host.text[0] == '%' || host.text[0] == '@')
        return nothing;
    for (size_t i = 0; i < host.size; i++) {
        char letter = incload__ascii_lower(host.text[i]);
        if (strchr("0123456789abcdefghijklmnopqrstuvwxyz.-_:,[]\\", letter) == NULL)
            return strange;
    }
    return host;
}

/* A name or a port of one database. What is neither may hold all that came behind it, a password too. */
static piece
plain(piece what, const char *strange)
{
    for (size_t i = 0; i < what.size; i++) {
        if (strchr(strange, what.text[i]) != NULL)
            return nothing;
    }
    return what;
}

static piece
port_of(piece port)
{
    for (size_t i = 0; i < port.size; i++) {
        if (!incload__is_digit(port.text[i]) && port.text[i] != ',')
            return nothing;
    }
    return port;
}

static bool
holds(piece text, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= text.size; i++) {
        if (incload__ascii_prefix(text.text + i, word))
            return true;
    }
    return false;
}

/* ---- postgresql://user:password@host:port/name?key=value ---- */

static piece
parameter(const char *options, const char *key)
{
    size_t length = strlen(key);

    while (*options != '\0') {
        options++;
        size_t size = strcspn(options, "&");
        if (size > length && options[length] == '=' && strncmp(options, key, length) == 0)
            return (piece){ options + length + 1, size - length - 1 };
        options += size;
    }
    return nothing;
}

static bool
has_port(piece hosts)
{
    for (size_t i = hosts.size; i > 0 && hosts.text[i - 1] != ']'; i--) {
        if (hosts.text[i - 1] == ':')
            return true;
    }
    return false;
}

static void
place_of_postgres(const char *authority, incload__str *space, incload__str *base)
{
    const char *end = authority + strcspn(authority, "/?");
    const char *options = end + strcspn(end, "?");
    piece hosts = { authority, (size_t)(end - authority) };
    piece name = *end == '/' ? (piece){ end + 1, (size_t)(options - end) - 1 } : nothing;

    /* A password that was not written as an url wants it may have ended anywhere. */
    if (strchr(end, '@') != NULL) {
        incload__str_add(space, "postgres://unknown");
        return;
    }
    for (size_t i = 0; i < hosts.size; i++) {
        if (authority[i] == '@')
            hosts = (piece){ authority + i + 1, (size_t)(end - authority) - i - 1 };
    }
    if (hosts.size == 0)
        hosts = parameter(options, "host");
    hosts = host_of(hosts);
    incload__str_add(space, "postgres://");
    add_piece(space, hosts, "localhost");
    if (!has_port(hosts)) {
        incload__str_add(space, ":");
        add_piece(space, port_of(parameter(options, "port")), "5432");
    }
    add_piece(base, plain(name.size > 0 ? name : parameter(options, "dbname"), "=?"), "");
}

/* ---- odbc:Key=Value;Key={Value};... ---- */

static bool
is_key(piece key, const char *name)
{
    while (key.size > 0 && incload__is_space(key.text[0]))
        key = (piece){ key.text + 1, key.size - 1 };
    return key.size == strlen(name) && incload__ascii_prefix(key.text, name);
}

/* In braces two closing ones stand for one within. */
static piece
value_at(const char *text)
{
    const char *end = text + 1;

    if (*text != '{')
        return (piece){ text, strcspn(text, ";") };
    while (*end != '\0' && (end[0] != '}' || end[1] == '}'))
        end += end[0] == '}' ? 2 : 1;
    return (piece){ text + 1, (size_t)(end - text) - 1 };
}

/* A brace that was never closed makes one value of several items, a password perhaps among them. */
static bool
several(piece value)
{
    return memchr(value.text, ';', value.size) != NULL && memchr(value.text, '=', value.size) != NULL;
}

/* The value of the first of these keys that there is. */
static piece
value_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++) {
        for (const char *at = text; *at != '\0';) {
            piece key = { at, strcspn(at, "=;") };
            at += key.size;
            if (*at == ';') {
                at++;
                continue;
            }
            at += *at == '=';
            while (incload__is_space(*at))
                at++;
            piece value = value_at(at);
            if (is_key(key, *names))
                return several(value) ? nothing : value;
            at = value.text + value.size;
            at += strcspn(at, ";");
            at += *at == ';';
        }
    }
    return nothing;
}

static const char *const driver_keys[] = { "Driver", "DSN", NULL };
static const char *const server_keys[] = { "Server", "Servername", "Host", NULL };
static const char *const port_keys[] = { "Port", NULL };
static const char *const name_keys[] = { "Database", "DB", "DBQ", NULL };

/* By a word in the driver's name. */
static const struct {
    const char *word;
    const char *scheme;
    const char *port;
} servers[] = {
    { "maria", "mysql://", "3306" },
    { "mysql", "mysql://", "3306" },
    { "postgre", "postgres://", "5432" },
    { "sql server", "sqlserver://", "1433" },
};

static void
place_of_odbc(const char *items, incload__str *space, incload__str *base)
{
    piece driver = value_of(items, driver_keys);
    piece host = host_of(value_of(items, server_keys));
    piece name = value_of(items, name_keys);

    if (holds(driver, "sqlite")) {
        incload__str_add(space, "sqlite:");
        add_piece(space, name, "");
        return;
    }
    add_piece(base, name, "");
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        if (!holds(driver, servers[i].word))
            continue;
        incload__str_add(space, servers[i].scheme);
        add_piece(space, host, "localhost");
        incload__str_add(space, ":");
        add_piece(space, port_of(value_of(items, port_keys)), servers[i].port);
        return;
    }
    incload__str_add(space, "odbc://");
    add_piece(space, host.size > 0 ? host : driver, "unknown");
}

void
incload__url_place(const char *url, incload__str *space, incload__str *base)
{
    if (incload__ascii_prefix(url, "odbc:"))
        place_of_odbc(url + strlen("odbc:"), space, base);
    else if (incload__ascii_prefix(url, "postgres") && strstr(url, "://") != NULL)
        place_of_postgres(strstr(url, "://") + 3, space, base);
    else
        incload__str_add(space, incload__ascii_prefix(url, "arrow:") ? "arrow" : "mock");
}

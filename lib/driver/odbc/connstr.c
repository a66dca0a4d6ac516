/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/odbc/connstr.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { MAX_ITEMS = 200, SCHEME_LENGTH = 5 /* odbc: */, NAME_SIZE = 24 };

/* Keys that do harm, with the value that does (NULL: any). */
static const struct {
    const char *key;
    const char *value;
    const char *why;
} refused[] = {
    { "LoadExt", NULL, "it loads code into this process" },
    { "Plugin_Dir", NULL, "it loads code into this process" },
    { "TranslationDLL", NULL, "it loads code into this process" },
    { "Trace", NULL, "it writes row data to a file" },
    { "TraceFile", NULL, "it writes row data to a file" },
    { "SaveFile", NULL, "it writes the password to a file" },
    { "FileDSN", NULL, "put its keys here instead" },
    { "Protocol", "7.4-1", "with 7.4-1 a failed transaction is committed in part; use 7.4-0" },
    { "A1", "7.4-1", "with 7.4-1 a failed transaction is committed in part; use 7.4-0" },
};

static const char *const clear_keys[] = { "Driver", "DSN", "Server", "Servername", "Port", "Database" };
static const char *const secret_keys[] = { "UID", "User", "Username", "PWD", "Password" };
#define COUNT(array) (int32_t)(sizeof(array) / sizeof((array)[0]))

/* ---- parsing ---- */

typedef struct cursor {
    const char *at;
    const incload__mem *mem;
    int32_t number; /* of the item, from 1: what a message can say without repeating text */
} cursor;

static const char *
skip_spaces(const char *at)
{
    while (incload__is_space(*at))
        at++;
    return at;
}

static char *
trimmed(const incload__mem *mem, const char *from, const char *to)
{
    while (from < to && incload__is_space(*from))
        from++;
    while (to > from && incload__is_space(to[-1]))
        to--;
    return incload__strndup(mem, from, (size_t)(to - from));
}

static const char *
find_key(const char *const *keys, int32_t count, const char *key)
{
    for (int32_t i = 0; i < count; i++) {
        if (incload__ascii_equal(keys[i], key))
            return keys[i];
    }
    return NULL;
}

/* NULL for one that is not. */
static const char *
known_key(const incload__connstr_item *item)
{
    const char *known = find_key(clear_keys, COUNT(clear_keys), item->key);

    return known != NULL ? known : find_key(secret_keys, COUNT(secret_keys), item->key);
}

/* What a message calls the item: a key that is not known may be the rest of a password with a semicolon in it. */
static const char *
name_of(const cursor *c, const incload__connstr_item *item, char buffer[static NAME_SIZE])
{
    const char *known = known_key(item);

    if (known != NULL)
        return known;
    snprintf(buffer, NAME_SIZE, "item %d", (int)c->number);
    return buffer;
}

static bool
is_word(const char *key)
{
    for (; *key != '\0'; key++) {
        char letter = incload__ascii_lower(*key);
        if (!incload__is_digit(letter) && (letter < 'a' || letter > 'z') && strchr(" _-.", letter) == NULL)
            return false;
    }
    return true;
}

static int32_t
parse_key(cursor *c, incload__connstr_item *item, incload_error **err)
{
    const char *start = c->at;

    c->at += strcspn(c->at, "=;{}");
    if (*c->at != '=')
        return incload__fail(err, INCLOAD_E_INVALID, "odbc: item %d of the connection string is not Key=Value",
                             c->number);
    item->key = trimmed(c->mem, start, c->at);
    if (item->key == NULL)
        return incload__fail_memory(err);
    if (item->key[0] == '\0')
        return incload__fail(err, INCLOAD_E_INVALID, "odbc: item %d of the connection string has no key before '='",
                             c->number);
    if (!is_word(item->key))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "odbc: the key of item %d of the connection string is no word; put a value that holds "
                             "semicolons in {...}",
                             c->number);
    c->at++;
    return INCLOAD_OK;
}

/* {...} where }} stands for one brace; c->at is at the opening brace. */
static int32_t
parse_braced(cursor *c, incload__connstr_item *item, incload_error **err)
{
    const char *start = c->at++;
    incload__str value = INCLOAD__STR(c->mem);
    bool closed = false;
    char name[NAME_SIZE];

    while (!closed && *c->at != '\0') {
        closed = c->at[0] == '}' && c->at[1] != '}';
        c->at += c->at[0] == '}' && !closed; /* the first of a pair */
        if (!closed)
            incload__str_add_char(&value, *c->at);
        c->at++;
    }
    item->value = incload__str_take(&value);
    item->raw = incload__strndup(c->mem, start, (size_t)(c->at - start));
    if (item->value == NULL || item->raw == NULL)
        return incload__fail_memory(err);
    if (!closed)
        return incload__fail(err, INCLOAD_E_INVALID, "odbc: the value of %s has an opening brace and no closing one",
                             name_of(c, item, name));
    c->at = skip_spaces(c->at);
    if (*c->at != ';' && *c->at != '\0')
        return incload__fail(err, INCLOAD_E_INVALID,
                             "odbc: the value of %s goes on behind its closing brace; write }} for a brace inside",
                             name_of(c, item, name));
    return INCLOAD_OK;
}

static int32_t
parse_plain(cursor *c, incload__connstr_item *item, incload_error **err)
{
    const char *start = c->at;
    char name[NAME_SIZE];

    c->at += strcspn(c->at, ";");
    item->value = trimmed(c->mem, start, c->at);
    if (item->value == NULL)
        return incload__fail_memory(err);
    if (strpbrk(item->value, "{}") != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "odbc: the value of %s holds braces; put the whole value in {...}",
                             name_of(c, item, name));
    item->raw = incload__strdup(c->mem, item->value);
    return item->raw != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

static int32_t
parse_item(cursor *c, incload__connstr *out, incload_error **err)
{
    incload__connstr_item *item = &out->items[out->count++];
    char name[NAME_SIZE];

    c->number++;
    int32_t status = parse_key(c, item, err);
    if (status != INCLOAD_OK)
        return status;
    c->at = skip_spaces(c->at);
    status = *c->at == '{' ? parse_braced(c, item, err) : parse_plain(c, item, err);
    if (status != INCLOAD_OK)
        return status;

    for (int32_t i = 0; i < out->count - 1; i++) {
        if (incload__ascii_equal(out->items[i].key, item->key))
            return incload__fail(err, INCLOAD_E_INVALID, "odbc: the connection string gives %s twice",
                                 name_of(c, item, name));
    }
    return INCLOAD_OK;
}

static int32_t
refuse(const incload__connstr *list, incload_error **err)
{
    for (int32_t i = 0; i < list->count; i++) {
        const incload__connstr_item *item = &list->items[i];
        for (size_t r = 0; r < sizeof refused / sizeof refused[0]; r++) {
            if (incload__ascii_equal(item->key, refused[r].key)
                && (refused[r].value == NULL || strcmp(item->value, refused[r].value) == 0))
                return incload__fail(err, INCLOAD_E_INVALID, "odbc: %s is refused in a connection string: %s",
                                     refused[r].key, refused[r].why);
        }
    }

    const char *driver = incload__connstr_get(list, "Driver");
    const char *dsn = incload__connstr_get(list, "DSN");
    if (driver != NULL && dsn != NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "odbc: give either Driver= or DSN=, not both");
    if ((driver == NULL || driver[0] == '\0') && (dsn == NULL || dsn[0] == '\0'))
        return incload__fail(err, INCLOAD_E_INVALID,
                             "odbc: the connection string names no driver: add Driver=... or DSN=...");
    return INCLOAD_OK;
}

int32_t
incload__connstr_parse(const incload__mem *mem, const char *url, incload__connstr *out, incload_error **err)
{
    *out = (incload__connstr){ .mem = mem };
    if (url == NULL || !incload__ascii_prefix(url, "odbc:") || *skip_spaces(url + SCHEME_LENGTH) == '\0')
        return incload__fail(err, INCLOAD_E_INVALID,
                             "odbc: nothing stands behind 'odbc:'; write odbc:Driver=...;Key=Value;...");
    out->items = incload__alloc_array(mem, MAX_ITEMS, sizeof *out->items);
    if (out->items == NULL)
        return incload__fail_memory(err);

    int32_t status = INCLOAD_OK;
    cursor c = { .at = url + SCHEME_LENGTH, .mem = mem };
    for (;;) {
        while (incload__is_space(*c.at) || *c.at == ';')
            c.at++;
        if (*c.at == '\0')
            break;
        if (out->count == MAX_ITEMS)
            status =
                incload__fail(err, INCLOAD_E_INVALID, "odbc: the connection string has more than %d items", MAX_ITEMS);
        else
            status = parse_item(&c, out, err);
        if (status != INCLOAD_OK)
            goto done;
    }
    status = refuse(out, err);
done:
    if (status != INCLOAD_OK)
        incload__connstr_free(out);
    return status;
}

void
incload__connstr_free(incload__connstr *list)
{
    for (int32_t i = 0; i < list->count; i++) {
        incload__free(list->mem, list->items[i].key);
        incload__free_secret(list->mem, list->items[i].raw);
        incload__free_secret(list->mem, list->items[i].value);
    }
    incload__free(list->mem, list->items);
    list->items = NULL;
    list->count = 0;
}

const char *
incload__connstr_get(const incload__connstr *list, const char *key)
{
    for (int32_t i = 0; i < list->count; i++) {
        if (incload__ascii_equal(list->items[i].key, key))
            return list->items[i].value;
    }
    return NULL;
}

/* ---- writing ---- */

static bool
is_ours(const incload__odbc_profile *profile, const char *key)
{
    for (const incload__odbc_option *option = profile->options; option->key != NULL; option++) {
        if (option->ours && incload__ascii_equal(option->key, key))
            return true;
    }
    return false;
}

/* The driver manager looks for its own words without regard to case, but by the letters of the host's locale: in a
 * Turkish one "Driver" is no "DRIVER", and no driver is found. */
static const char *
as_the_manager_writes(const char *key)
{
    static const char *const keys[] = { "DRIVER", "DSN", "UID", "PWD" };
    const char *known = find_key(keys, COUNT(keys), key);

    return known != NULL ? known : key;
}

void
incload__connstr_text(const incload__connstr *list, const incload__odbc_profile *profile, bool writer,
                      int64_t connect_seconds, incload__str *out)
{
    for (int32_t i = 0; i < list->count; i++) {
        if (is_ours(profile, list->items[i].key))
            continue;
        incload__str_add(out, as_the_manager_writes(list->items[i].key));
        incload__str_add_char(out, '=');
        incload__str_add(out, list->items[i].raw);
        incload__str_add_char(out, ';');
    }
    for (const incload__odbc_option *option = profile->options; option->key != NULL; option++) {
        bool given = !option->ours && incload__connstr_get(list, option->key) != NULL;
        if (!(writer ? option->writer : option->reader) || given)
            continue;
        if (option->value != NULL)
            incload__str_addf(out, "%s=%s;", option->key, option->value);
        else
            incload__str_addf(out, "%s=%lld;", option->key, (long long)connect_seconds);
    }
}

/* A brace that was never closed makes one value of several items. */
static bool
is_clear(const incload__connstr_item *item)
{
    bool several = strchr(item->value, ';') != NULL && strchr(item->value, '=') != NULL;

    return !several && find_key(clear_keys, COUNT(clear_keys), item->key) != NULL;
}

void
incload__connstr_scrubbed(const incload__connstr *list, incload__str *out)
{
    for (int32_t i = 0; i < list->count; i++) {
        const incload__connstr_item *item = &list->items[i];
        incload__str_addf(out, "%s%s=%s", i > 0 ? ";" : "", known_key(item) != NULL ? item->key : "...",
                          is_clear(item) ? item->raw : "...");
    }
}

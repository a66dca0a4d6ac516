/* SPDX-License-Identifier: Apache-2.0 */
/* Names and texts between quotes, each dialect's, against that dialect's own reader of quotes: what was quoted is one
 * token, up to the end, whose value is what was given. One byte for the dialect, the others are the name. */
#include "dialect/capture.h"
#include "input.h"

/* What a server knows of quotes. */
typedef struct server {
    const incload__dialect *dialect;
    const char *opens;  /* each begins a name */
    const char *closes; /* and ends at its own */
    bool backslash;     /* in a text between single quotes */
    bool literals;      /* the library writes some */
    size_t safe;        /* a name of so many bytes is never too long */
} server;

static const server servers[] = {
    { &incload__dialect_postgres, "\"", "\"", false, true, 63 },
    { &incload__dialect_mariadb, "`", "`", true, true, 64 },
    { &incload__dialect_sqlite, "\"`", "\"`", false, true, 255 },
    { &incload__dialect_sqlserver, "[", "]", false, false, 128 },
    { &incload__dialect_ansi, "\"", "\"", false, false, 128 },
};
enum { SERVERS = sizeof servers / sizeof servers[0] };

/* Reads one token from its opening quote on, as the server does; returns what is behind it, NULL when it has no end. */
static const char *
read_token(const char *at, char close, bool backslash, incload__str *value)
{
    for (at++; *at != '\0'; at++) {
        if (backslash && *at == '\\')
            at++;
        else if (*at == close && at[1] == close)
            at++;
        else if (*at == close)
            return at + 1;
        if (*at == '\0')
            return NULL;
        incload__str_add_char(value, *at);
    }
    return NULL;
}

static void
check_token(const char *text, char close, bool backslash, const char *given)
{
    incload__str value = INCLOAD__STR(&incload__mem_libc);
    const char *behind = read_token(text, close, backslash, &value);

    fuzz_check(behind != NULL && *behind == '\0', "what was quoted is one token");
    fuzz_check(strcmp(incload__str_text(&value), given) == 0, "its value is what was given");
    incload__str_free(&value);
}

static bool
is_harmless(const server *s, const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length > s->safe)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < ' ' || name[i] > '~')
            return false;
    }
    return name[length - 1] != ' ';
}

static void
quote_name(const server *s, const char *name)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload_error *err = NULL;
    int32_t status = s->dialect->quote(&out, "column", name, &err);

    if (status == INCLOAD_OK) {
        const char *open = strchr(s->opens, out.data[0]);
        fuzz_check(open != NULL && *open != '\0', "a quote begins it");
        fuzz_check(incload__utf8_valid(name, strlen(name)), "only UTF-8 is taken");
        check_token(out.data, s->closes[open - s->opens], false, name);
    }
    fuzz_check(status == INCLOAD_OK || !is_harmless(s, name), "a harmless name is not refused");
    fuzz_check(status == INCLOAD_OK || out.length == 0, "nothing is written of a refused name");
    check_outcome(status, &err, NULL);
    incload__str_free(&out);
}

static void
quote_text(const server *s, const char *text)
{
    incload__str out = INCLOAD__STR(&incload__mem_libc);
    incload__clause clause = { s->dialect, &out, NULL, INCLOAD_OK };

    incload__capture_literal(&clause, text);
    fuzz_check(clause.status == INCLOAD_OK && out.data[0] == '\'', "every text can be quoted");
    check_token(out.data, '\'', s->backslash, text);
    incload__str_free(&out);
}

/* A table's name as people write it: what was read, written again in quotes, reads the same. */
static void
add_part(incload__str *out, const char *part)
{
    incload__str_add_char(out, '"');
    for (; *part != '\0'; part++) {
        if (*part == '"')
            incload__str_add_char(out, '"');
        incload__str_add_char(out, *part);
    }
    incload__str_add_char(out, '"');
}

static bool
is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
read_table(const char *text)
{
    incload__str again = INCLOAD__STR(&incload__mem_libc);
    incload__table table, other;
    incload_error *err = NULL;
    int32_t status = incload__table_parse(&incload__mem_libc, text, &table, &err);

    check_outcome(status, &err, NULL);
    if (status != INCLOAD_OK)
        return;
    if (table.schema != NULL)
        add_part(&again, table.schema);
    if (table.schema != NULL)
        incload__str_add_char(&again, '.');
    add_part(&again, table.name);
    status = incload__table_parse(&incload__mem_libc, again.data, &other, &err);
    fuzz_check(status == INCLOAD_OK, "a name that was read can be written");
    fuzz_check(is_same(table.schema, other.schema) && is_same(table.name, other.name), "and is the same");
    incload__table_free(&incload__mem_libc, &table);
    incload__table_free(&incload__mem_libc, &other);
    incload__str_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    const server *s = &servers[take_byte(&in) % SERVERS];
    char *text = take_rest(&in);

    quote_name(s, text);
    if (s->literals)
        quote_text(s, text);
    read_table(text);
    free(text);
    return 0;
}

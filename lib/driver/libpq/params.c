/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/libpq/params.h"

#include <string.h>

#include "base/utf8.h"

static bool
starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || ((unsigned char)c & 0x80) != 0;
}

static bool
in_name(char c)
{
    return starts_name(c) || incload__is_digit(c) || c == '$';
}

static bool
is_sql_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static const char *
line_end(const char *at)
{
    while (*at != '\0' && *at != '\n' && *at != '\r')
        at++;
    return at;
}

/* Behind the closing quote, or the end of a text that lacks one. */
static const char *
skip_quoted(const char *at, char quote, bool escapes)
{
    for (at++; *at != '\0'; at++) {
        if (escapes && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == quote && at[1] == quote)
            at++;
        else if (*at == quote)
            return at + 1;
    }
    return at;
}

/* Strings with only space and a line break between them are one string; what E means holds for all of it. */
static const char *
continued(const char *at)
{
    bool newline = false;

    for (;;) {
        if (is_sql_space(*at)) {
            newline = newline || *at == '\n' || *at == '\r';
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at = line_end(at);
        } else {
            return newline && *at == '\'' ? at : NULL;
        }
    }
}

static const char *
skip_string(const char *at, bool escapes)
{
    at = skip_quoted(at, '\'', escapes);
    for (const char *next = continued(at); next != NULL; next = continued(at))
        at = skip_quoted(next, '\'', escapes);
    return at;
}

static const char *
skip_comment(const char *at)
{
    int32_t depth = 0;

    while (*at != '\0') {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return at;
}

/* Behind $tag$...$tag$; NULL when this $ begins no dollar quote. */
static const char *
skip_dollar(const char *at)
{
    const char *end = at + 1;

    if (*end != '$' && !starts_name(*end))
        return NULL;
    while (*end != '$' && in_name(*end))
        end++;
    if (*end != '$')
        return NULL;
    size_t length = (size_t)(end - at) + 1;
    for (const char *close = end + 1; *close != '\0'; close++) {
        if (strncmp(close, at, length) == 0)
            return close + length;
    }
    return end + strlen(end);
}

/* Behind a name and, for E'...', the string it belongs to. */
static const char *
skip_name(const char *at)
{
    bool is_e = (*at == 'e' || *at == 'E') && at[1] == '\'';

    if (is_e)
        return skip_string(at + 1, true);
    while (in_name(*at))
        at++;
    return at;
}

/* Behind the token at `at`; *blank for what means nothing: space and comments. */
static const char *
skip_token(const char *at, bool *blank)
{
    const char *end = NULL;

    *blank = is_sql_space(*at) || (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
    if (is_sql_space(*at))
        return at + 1;
    if (*blank)
        return at[0] == '-' ? line_end(at) : skip_comment(at);
    if (*at == '\'')
        return skip_string(at, false);
    if (*at == '"')
        return skip_quoted(at, '"', false);
    if (starts_name(*at))
        return skip_name(at);
    if (*at == '$')
        end = skip_dollar(at);
    return end != NULL ? end : at + 1;
}

/* ---- brackets ---- */

/* One pair of brackets, in the order in which they open; the first stands for the whole text. */
typedef struct group {
    int32_t parent;
    bool has_or;
} group;

static bool
is_or(const char *at, const char *end)
{
    return end - at == 2 && (at[0] | 0x20) == 'o' && (at[1] | 0x20) == 'r';
}

static int32_t
count_groups(const char *sql)
{
    int32_t count = 1;

    for (; *sql != '\0'; sql++)
        count += *sql == '(' && count < INT32_MAX;
    return count;
}

/* Groups inside one that has an OR have it too. */
static group *
find_groups(const incload__mem *mem, const char *sql)
{
    group *groups = incload__alloc_array(mem, (size_t)count_groups(sql), sizeof *groups);
    int32_t last = 0;
    int32_t now = 0;
    bool blank;

    if (groups == NULL)
        return NULL;
    for (const char *at = sql; *at != '\0';) {
        const char *end = skip_token(at, &blank);
        if (*at == '(') {
            groups[++last] = (group){ .parent = now };
            now = last;
        } else if (*at == ')') {
            now = groups[now].parent;
        } else if (now > 0 && is_or(at, end)) {
            groups[now].has_or = true;
        }
        at = end;
    }
    for (int32_t i = 1; i <= last; i++)
        groups[i].has_or = groups[i].has_or || groups[groups[i].parent].has_or;
    return groups;
}

/* ---- replacing ---- */

static const char *
number_of(const char *at, int32_t *number)
{
    int32_t value = 0;

    for (at++; incload__is_digit(*at); at++)
        value = value < 100000 ? value * 10 + (*at - '0') : value;
    *number = value;
    return at;
}

static bool
is_param(const char *at)
{
    return *at == '$' && incload__is_digit(at[1]);
}

/* Cuts what was added behind `kept`. */
static int32_t
cut_tail(incload__str *out, size_t kept, incload_error **err)
{
    if (out->failed)
        return incload__fail_memory(err);
    if (out->data != NULL) {
        out->length = kept;
        out->data[kept] = '\0';
    }
    return INCLOAD_OK;
}

int32_t
incload__params_replace(incload__str *out, const char *sql, const char *const *texts, const char *const *branch_texts,
                        int32_t count, incload_error **err)
{
    group *groups = find_groups(out->mem, sql);
    size_t kept = out->length; /* what lies behind may turn out to be the tail */
    int32_t last = 0;
    int32_t now = 0;
    int32_t status = groups != NULL ? INCLOAD_OK : incload__fail_memory(err);

    for (const char *at = sql; status == INCLOAD_OK && *at != '\0' && !out->failed;) {
        bool blank = false;
        int32_t number = 0;
        const char *end = is_param(at) ? number_of(at, &number) : skip_token(at, &blank);

        if (!is_param(at)) {
            incload__str_add_bytes(out, at, (size_t)(end - at));
        } else if (number >= 1 && number <= count) {
            incload__str_add(out, (groups[now].has_or ? branch_texts : texts)[number - 1]);
        } else {
            status =
                incload__fail(err, INCLOAD_E_INVALID, "the query has a parameter $%d, but %d are given", number, count);
        }
        if (*at == '(')
            now = ++last;
        else if (*at == ')')
            now = groups[now].parent;
        if (!blank && *at != ';')
            kept = out->length;
        at = end;
    }
    incload__free(out->mem, groups);
    return status == INCLOAD_OK ? cut_tail(out, kept, err) : status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* SQL text is scanned only as far as needed to know what is code: strings and quoted names are copied as they are.
 * Comments become a space, since some drivers count the question marks in them; hints stay. */
#include <string.h>

#include "base/utf8.h"
#include "driver/odbc/odbc.h"

static bool
is_name_char(char c)
{
    return incload__is_digit(c) || (incload__ascii_lower(c) >= 'a' && incload__ascii_lower(c) <= 'z') || c == '_'
           || (unsigned char)c >= 0x80;
}

static const char *
skip_block_comment(const char *at, bool nested)
{
    int32_t depth = 0;

    do {
        if (at[0] == '/' && at[1] == '*' && (nested || depth == 0)) {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            depth--;
            at += 2;
        } else {
            at++;
        }
    } while (depth > 0 && *at != '\0');
    return at;
}

/* Behind $tag$ ... $tag$, or NULL when no dollar quote begins here. */
static const char *
skip_dollar_quoted(const char *at)
{
    const char *tag_end = at + 1;

    if (incload__is_digit(*tag_end))
        return NULL;
    while (is_name_char(*tag_end))
        tag_end++;
    if (*tag_end != '$')
        return NULL;
    size_t tag_length = (size_t)(tag_end + 1 - at);
    for (const char *end = tag_end + 1; *end != '\0'; end++) {
        if (strncmp(end, at, tag_length) == 0)
            return end + tag_length;
    }
    return at + strlen(at);
}

/* Behind whatever begins at `at` and is not code; `at` itself when it is code. */
static const char *
skip_opaque(const incload__dialect *dialect, const char *start, const char *at)
{
    bool postgres = dialect->numbered_params;
    bool backslashes = !postgres && strcmp(dialect->name, "mariadb") == 0;
    const char *behind = NULL;

    switch (*at) {
    case '\'':
        backslashes = backslashes
                      || (postgres && at > start && incload__ascii_lower(at[-1]) == 'e'
                          && (at - 1 == start || !is_name_char(at[-2])));
        return incload__skip_quoted(at, '\'', backslashes, true);
    case '"':
        return incload__skip_quoted(at, '"', backslashes, true);
    case '`':
        return postgres ? at : incload__skip_quoted(at, '`', false, true);
    case '[':
        /* SQL Server doubles the bracket within a name, SQLite has no way to write it. */
        if (strcmp(dialect->name, "sqlserver") == 0)
            return incload__skip_quoted(at, ']', false, true);
        return strcmp(dialect->name, "sqlite") == 0 ? incload__skip_quoted(at, ']', false, false) : at;
    case '-':
        /* MariaDB reads 5--1 as 6. */
        return at[1] == '-' && (!backslashes || incload__is_space(at[2]) || at[2] == '\0') ? at + strcspn(at, "\n")
                                                                                           : at;
    case '/':
        return at[1] == '*' ? skip_block_comment(at, postgres || strcmp(dialect->name, "sqlserver") == 0) : at;
    case '$':
        if (postgres && (at == start || !is_name_char(at[-1])))
            behind = skip_dollar_quoted(at);
        return behind != NULL ? behind : at;
    default:
        return at;
    }
}

/* What skip_opaque() found. */
static void
add_opaque(incload__str *out, const char *from, const char *to)
{
    bool hint = to - from > 2 && strchr("+!M", from[2]) != NULL;

    if (*from == '-' || (*from == '/' && !hint))
        incload__str_add_char(out, ' ');
    else
        incload__str_add_bytes(out, from, (size_t)(to - from));
}

static int32_t
check_number(int64_t number, int32_t count, incload_error **err)
{
    if (number >= 1 && number <= count)
        return INCLOAD_OK;
    return incload__fail(err, INCLOAD_E_INVALID, "the statement refers to parameter $%lld and was given %d",
                         (long long)number, count);
}

/* The number behind a '$'; *end is behind it. */
static int64_t
parse_number(const char *digits, const char **end)
{
    int64_t number = 0;

    for (; incload__is_digit(*digits); digits++)
        number = number > 1000000 ? number : number * 10 + (*digits - '0');
    *end = digits;
    return number;
}

static int32_t
rewrite_numbered(const incload__conn *conn, const char *sql, int32_t count, incload__str *out, int32_t *order,
                 int32_t *placeholders, incload_error **err)
{
    const char *at = sql;

    while (*at != '\0') {
        const char *behind = skip_opaque(conn->dialect, sql, at);
        if (behind > at) {
            add_opaque(out, at, behind);
        } else if (*at == '?') {
            return incload__fail(
                err, INCLOAD_E_UNSUPPORTED,
                "an operator with '?' cannot be sent through ODBC: use its function, such as jsonb_exists()");
        } else if (*at == '$' && incload__is_digit(at[1]) && (at == sql || !is_name_char(at[-1]))) {
            int64_t number = parse_number(at + 1, &behind);
            int32_t status = check_number(number, count, err);
            if (status != INCLOAD_OK)
                return status;
            order[(*placeholders)++] = (int32_t)number - 1;
            incload__str_add_char(out, '?');
        } else {
            incload__str_add_char(out, *at);
            behind = at + 1;
        }
        at = behind;
    }
    return INCLOAD_OK;
}

static int32_t
copy_unnumbered(const incload__conn *conn, const char *sql, int32_t count, incload__str *out, int32_t *order,
                int32_t *placeholders, incload_error **err)
{
    for (const char *at = sql; *at != '\0';) {
        const char *behind = skip_opaque(conn->dialect, sql, at);
        if (behind > at) {
            add_opaque(out, at, behind);
            at = behind;
            continue;
        }
        if (*at == '?' && *placeholders < count) {
            order[*placeholders] = *placeholders;
            (*placeholders)++;
        } else if (*at == '?') {
            return incload__fail(err, INCLOAD_E_INVALID, "the statement has more than its %d parameters", count);
        }
        incload__str_add_char(out, *at++);
    }
    return *placeholders == count
               ? INCLOAD_OK
               : incload__fail(err, INCLOAD_E_INVALID, "the statement has %d placeholders for %d parameters",
                               *placeholders, count);
}

int32_t
incload__params_rewrite(const incload__conn *conn, const char *sql, int32_t count, incload__str *out, int32_t **order,
                        int32_t *placeholders, incload_error **err)
{
    bool numbered = conn->dialect->numbered_params;
    size_t most = numbered ? 1 : (size_t)count + 1;
    int32_t status = INCLOAD_OK;

    for (const char *at = sql; numbered && *at != '\0'; at++)
        most += *at == '$';
    *placeholders = 0;
    *order = incload__alloc_array(&conn->env->mem, most, sizeof **order);
    if (*order == NULL)
        return incload__fail_memory(err);
    if (numbered)
        status = rewrite_numbered(conn, sql, count, out, *order, placeholders, err);
    else
        status = copy_unnumbered(conn, sql, count, out, *order, placeholders, err);
    if (status == INCLOAD_OK && incload__str_text(out) == NULL)
        status = incload__fail_memory(err);
    if (status != INCLOAD_OK) {
        incload__free(&conn->env->mem, *order);
        *order = NULL;
    }
    return status;
}

/* ---- literals ---- */

static void
add_literal(incload__str *out, const incload__param *param)
{
    int64_t number;
    bool is_int = param->kind >= INCLOAD__INT8 && param->kind <= INCLOAD__UINT64;

    if (param->text == NULL) {
        incload__str_add(out, "NULL");
    } else if (is_int && incload__parse_int64(param->text, param->length, &number)) {
        incload__str_addf(out, "(%.*s)", (int)param->length, param->text); /* a--1 would begin a comment */
    } else if (param->kind == INCLOAD__BINARY || memchr(param->text, '\0', param->length) != NULL) {
        bool text = param->kind != INCLOAD__BINARY;
        incload__str_add(out, text ? "CAST(x'" : "x'");
        incload__str_add_hex(out, param->text, param->length);
        incload__str_add(out, text ? "' AS TEXT)" : "'");
    } else {
        incload__str_add_char(out, '\'');
        for (size_t i = 0; i < param->length; i++) {
            if (param->text[i] == '\'')
                incload__str_add_char(out, '\'');
            incload__str_add_char(out, param->text[i]);
        }
        incload__str_add_char(out, '\'');
    }
}

int32_t
incload__params_inline(const incload__conn *conn, const char *sql, const incload__param *params, int32_t count,
                       incload__str *out, incload_error **err)
{
    int32_t used = 0;

    for (const char *at = sql; *at != '\0';) {
        const char *behind = skip_opaque(conn->dialect, sql, at);
        if (behind > at) {
            add_opaque(out, at, behind);
        } else if (*at == '?') {
            int32_t status = check_number(used + 1, count, err);
            if (status != INCLOAD_OK)
                return status;
            add_literal(out, &params[used++]);
            behind = at + 1;
        } else {
            incload__str_add_char(out, *at);
            behind = at + 1;
        }
        at = behind;
    }
    return incload__str_text(out) != NULL ? INCLOAD_OK : incload__fail_memory(err);
}

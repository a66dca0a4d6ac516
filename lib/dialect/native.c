/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/native.h"

#include <string.h>

#include "base/utf8.h"

enum { MAX_DECIMAL_PRECISION = 38, MAX_FRACTION = 6 };

/* What follows one of these says nothing about the kind. */
static const char *const decorations[] = { " character set ", " collate ", " zerofill", " signed" };

/* Reads "(1)", "(1,2)"; returns the end behind ')', quotes minded. */
static const char *
read_args(incload__native *out, const char *at)
{
    const char *start = ++at;
    char quote = '\0';

    while (*at != '\0' && (quote != '\0' || *at != ')')) {
        if (quote == '\0' && (*at == '\'' || *at == '"'))
            quote = *at;
        else if (*at == quote)
            quote = '\0';
        at++;
    }

    int32_t count = 0;
    const char *from = start;
    for (const char *to = start; to <= at && count >= 0; to++) {
        int64_t value;

        if (to != at && *to != ',')
            continue;
        while (from < to && *from == ' ')
            from++;
        if (count < 2 && incload__parse_int64(from, (size_t)(to - from), &value) && value >= INT32_MIN
            && value <= INT32_MAX)
            out->args[count++] = (int32_t)value;
        else
            count = -1;
        from = to + 1;
    }
    out->count = count;
    return *at == ')' ? at + 1 : at;
}

void
incload__native_parse(incload__native *out, const char *text)
{
    size_t length = 0;

    memset(out, 0, sizeof *out);
    for (const char *at = text == NULL ? "" : text; *at != '\0';) {
        if (*at == '(') {
            at = read_args(out, at);
            continue;
        }
        bool space = incload__is_space(*at);
        if (length + 1 == sizeof out->name)
            break;
        if (!space)
            out->name[length++] = incload__ascii_lower(*at);
        else if (length > 0 && out->name[length - 1] != ' ')
            out->name[length++] = ' ';
        at++;
    }
    while (length > 0 && out->name[length - 1] == ' ')
        out->name[--length] = '\0';
    for (size_t i = 0; i < sizeof decorations / sizeof decorations[0]; i++) {
        char *found = strstr(out->name, decorations[i]);

        if (found != NULL)
            *found = '\0';
    }
}

static bool
rule_fits(const char *rule, const char *name)
{
    size_t length = strlen(rule);

    if (length > 0 && rule[length - 1] == '*')
        return strncmp(rule, name, length - 1) == 0;
    return strcmp(rule, name) == 0;
}

static incload__type
apply(const incload__native_rule *rule, const incload__native *native)
{
    incload__type type = { rule->kind, rule->precision, rule->scale };

    switch (rule->args) {
    case INCLOAD__ARGS_LENGTH:
        if (native->count == 1 && native->args[0] > 0)
            type.precision = native->args[0];
        break;
    case INCLOAD__ARGS_FRACTION:
        if (native->count == 1 && native->args[0] >= 0)
            type.scale = native->args[0] > MAX_FRACTION ? MAX_FRACTION : native->args[0];
        break;
    case INCLOAD__ARGS_DECIMAL:
        if (native->count > 0) {
            type.precision = native->args[0];
            type.scale = native->count > 1 ? native->args[1] : 0;
        }
        if (type.precision < 1 || type.precision > MAX_DECIMAL_PRECISION || type.scale < 0
            || type.scale > type.precision)
            type = (incload__type){ INCLOAD__NUMERIC, 0, 0 };
        break;
    case INCLOAD__ARGS_NONE:
        break;
    }
    return type;
}

incload__type
incload__native_type_of(const incload__native_rule *rules, incload__kind unknown, const char *text)
{
    incload__native native;

    incload__native_parse(&native, text);
    for (const incload__native_rule *rule = rules; rule->name != NULL; rule++) {
        if (rule_fits(rule->name, native.name))
            return apply(rule, &native);
    }
    return (incload__type){ unknown, 0, 0 };
}

static const char *
choose(const incload__native_form *form, incload__type type, bool in_key)
{
    bool has_length = type.precision > 0;

    if (in_key && form->key != NULL && !(has_length && type.precision <= form->key_longest))
        return form->key;
    if (form->bounded != NULL && has_length && (in_key || type.precision <= form->longest))
        return form->bounded;
    return form->plain;
}

int32_t
incload__native_write(const incload__native_form *forms, incload__str *out, const char *column, incload__type type,
                      bool in_key, incload_error **err)
{
    const char *form = type.kind < INCLOAD__KIND_COUNT ? choose(&forms[type.kind], type, in_key) : NULL;

    if (form == NULL) {
        char buffer[48];

        return incload__fail(err, INCLOAD_E_TYPE, "column '%s': no type here holds %s; name one for it", column,
                             incload__type_text(type, buffer, sizeof buffer));
    }
    for (const char *at = form; *at != '\0'; at++) {
        if (*at == '%' && (at[1] == 'p' || at[1] == 's')) {
            at++;
            incload__str_addf(out, "%d", (int)(*at == 'p' ? type.precision : type.scale));
        } else {
            incload__str_add_char(out, *at);
        }
    }
    return INCLOAD_OK;
}

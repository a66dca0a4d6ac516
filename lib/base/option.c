/* SPDX-License-Identifier: Apache-2.0 */
#include "base/option.h"

#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"

static const incload__option *
find_option(const incload__option_table *table, const char *name)
{
    for (int32_t i = 0; i < table->count; i++) {
        if (strcmp(table->options[i].name, name) == 0)
            return &table->options[i];
    }
    return NULL;
}

static int32_t
fail_unknown(const incload__option_table *table, const char *name, incload_error **err)
{
    const char *nearest = NULL;
    int32_t least = 4;

    for (int32_t i = 0; i < table->count; i++) {
        int32_t edits = incload__edit_distance(name, table->options[i].name);
        if (edits < least) {
            least = edits;
            nearest = table->options[i].name;
        }
    }
    if (nearest != NULL)
        return incload__fail(err, INCLOAD_E_UNKNOWN_OPTION, "a %s has no option '%.64s': did you mean '%s'?",
                             table->object, name, nearest);
    return incload__fail(err, INCLOAD_E_UNKNOWN_OPTION,
                         "a %s has no option '%.64s': see incload_option_name(\"%s\", ...)", table->object, name,
                         table->object);
}

static bool
parse_boolean(const char *value, bool *out)
{
    static const char *const words[] = { "false", "true", "off", "on", "no", "yes", "0", "1" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (incload__ascii_equal(value, words[i])) {
            *out = (i & 1) != 0;
            return true;
        }
    }
    return false;
}

static bool
parse_duration(const char *value, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 } };
    size_t digits = 0;
    int64_t number;

    while (incload__is_digit(value[digits]))
        digits++;
    if (digits == 0 || !incload__parse_int64(value, digits, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(value + digits, units[i].unit) == 0)
            return !__builtin_mul_overflow(number, units[i].ms, out);
    }
    return false;
}

/* Index of `value` among the words, or -1. */
static int32_t
find_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);
    int32_t index = 0;

    for (const char *word = choices; *word != '\0'; index++) {
        size_t word_length = strcspn(word, " ");
        if (word_length == length && memcmp(word, value, length) == 0)
            return index;
        word += word_length;
        word += *word == ' ';
    }
    return -1;
}

static int32_t
store_number(const incload__option_table *table, const incload__option *option, int64_t *slot, const char *value,
             bool parsed, int64_t number, incload_error **err)
{
    if (!parsed || number < option->minimum || number > option->maximum)
        return incload__fail(
            err, INCLOAD_E_INVALID, "option '%s' of a %s takes %s from %lld to %lld%s%s, not '%.40s'", option->name,
            table->object, option->type == INCLOAD_OPTION_DURATION ? "a duration (such as 500, 5s, 2min)" : "a number",
            (long long)option->minimum, (long long)option->maximum, option->unit[0] ? " " : "", option->unit, value);
    *slot = number;
    return INCLOAD_OK;
}

static int32_t
store_text(const incload__mem *mem, char **slot, const char *value, incload_error **err)
{
    char *copy = NULL;

    if (value[0] != '\0') {
        copy = incload__strdup(mem, value);
        if (copy == NULL)
            return incload__fail_memory(err);
    }
    incload__free(mem, *slot);
    *slot = copy;
    return INCLOAD_OK;
}

int32_t
incload__options_set(const incload__option_table *table, const incload__mem *mem, void *values, const char *name,
                     const char *value, incload_error **err)
{
    if (name == NULL || value == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "an option of a %s needs a name and a value, not NULL",
                             table->object);
    const incload__option *option = find_option(table, name);
    if (option == NULL)
        return fail_unknown(table, name, err);
    if (!incload__utf8_valid(value, strlen(value)))
        return incload__fail(err, INCLOAD_E_INVALID, "the value of option '%s' of a %s is not valid UTF-8", name,
                             table->object);

    void *slot = (char *)values + option->offset;
    int64_t number = 0;
    bool parsed;
    switch (option->type) {
    case INCLOAD_OPTION_INTEGER:
        parsed = incload__parse_int64(value, strlen(value), &number);
        return store_number(table, option, slot, value, parsed, number, err);
    case INCLOAD_OPTION_DURATION:
        parsed = parse_duration(value, &number);
        return store_number(table, option, slot, value, parsed, number, err);
    case INCLOAD_OPTION_BOOLEAN:
        if (!parse_boolean(value, slot))
            return incload__fail(err, INCLOAD_E_INVALID, "option '%s' of a %s takes true or false, not '%.40s'", name,
                                 table->object, value);
        return INCLOAD_OK;
    case INCLOAD_OPTION_CHOICE: {
        int32_t index = find_choice(option->choices, value);
        if (index < 0)
            return incload__fail(err, INCLOAD_E_INVALID, "option '%s' of a %s takes one of: %s; not '%.40s'", name,
                                 table->object, option->choices, value);
        *(int32_t *)slot = index;
        return INCLOAD_OK;
    }
    case INCLOAD_OPTION_LIST: {
        incload__list list;
        int32_t status = incload__list_parse(mem, name, value, &list, err);
        incload__list_free(&list);
        return status != INCLOAD_OK ? status : store_text(mem, slot, value, err);
    }
    default:
        return store_text(mem, slot, value, err);
    }
}

int32_t
incload__options_init(const incload__option_table *table, const incload__mem *mem, void *values, incload_error **err)
{
    for (int32_t i = 0; i < table->count; i++) {
        const incload__option *option = &table->options[i];
        int32_t status = incload__options_set(table, mem, values, option->name, option->default_text, err);
        if (status != INCLOAD_OK)
            return status;
    }
    return INCLOAD_OK;
}

void
incload__options_free(const incload__option_table *table, const incload__mem *mem, void *values)
{
    for (int32_t i = 0; i < table->count; i++) {
        const incload__option *option = &table->options[i];
        char **slot = (char **)((char *)values + option->offset);
        if (option->type == INCLOAD_OPTION_TEXT || option->type == INCLOAD_OPTION_LIST) {
            incload__free(mem, *slot);
            *slot = NULL;
        }
    }
}

bool
incload__options_get(const incload__option_table *table, const void *values, const char *name, incload__str *out)
{
    const incload__option *option = find_option(table, name);

    if (option == NULL)
        return false;
    const void *slot = (const char *)values + option->offset;
    switch (option->type) {
    case INCLOAD_OPTION_INTEGER:
    case INCLOAD_OPTION_DURATION:
        incload__str_addf(out, "%lld", (long long)*(const int64_t *)slot);
        break;
    case INCLOAD_OPTION_BOOLEAN:
        incload__str_add(out, *(const bool *)slot ? "true" : "false");
        break;
    case INCLOAD_OPTION_CHOICE: {
        const char *word = option->choices;
        for (int32_t i = *(const int32_t *)slot; i > 0; i--)
            word += strcspn(word, " ") + 1;
        incload__str_add_bytes(out, word, strcspn(word, " "));
        break;
    }
    default:
        incload__str_add(out, *(char *const *)slot != NULL ? *(char *const *)slot : "");
    }
    return true;
}

/* One value of the key=value form; moves *at behind it. */
static int32_t
read_value(const incload__option_table *table, const char *name, const char **at, incload__str *value,
           incload_error **err)
{
    const char *p = *at;
    bool quoted = *p == '\'';

    p += quoted;
    for (;; p++) {
        if (*p == '\0') {
            if (quoted)
                return incload__fail(err, INCLOAD_E_INVALID,
                                     "the value of option '%s' of a %s has no closing quote", name, table->object);
            break;
        }
        if (quoted ? *p == '\'' : incload__is_space(*p))
            break;
        if (*p == '\\' && (p[1] == '\\' || p[1] == '\''))
            p++;
        incload__str_add_char(value, *p);
    }
    *at = p + quoted;
    if (quoted && **at != '\0' && !incload__is_space(**at))
        return incload__fail(err, INCLOAD_E_INVALID, "a space is missing behind the value of option '%s' of a %s", name,
                             table->object);
    return value->failed ? incload__fail_memory(err) : INCLOAD_OK;
}

int32_t
incload__options_parse(const incload__option_table *table, const incload__mem *mem, void *values, const char *text,
                       incload_error **err)
{
    incload__str name = INCLOAD__STR(mem), value = INCLOAD__STR(mem);
    int32_t status = INCLOAD_OK;
    const char *p = text != NULL ? text : "";

    while (status == INCLOAD_OK) {
        while (incload__is_space(*p))
            p++;
        if (*p == '\0')
            break;
        size_t length = strcspn(p, "= \t\r\n");
        incload__str_clear(&name);
        incload__str_clear(&value);
        incload__str_add_bytes(&name, p, length);
        if (name.failed) {
            status = incload__fail_memory(err);
            break;
        }
        p += length;
        if (*p != '=' || length == 0) {
            status = incload__fail(
                err, INCLOAD_E_INVALID,
                "options of a %s are written key=value with spaces between: '=' is missing behind '%.40s'",
                table->object, incload__str_text(&name));
            break;
        }
        p++;
        status = read_value(table, incload__str_text(&name), &p, &value, err);
        if (status == INCLOAD_OK)
            status = incload__options_set(table, mem, values, incload__str_text(&name), incload__str_text(&value), err);
    }
    incload__str_free(&name);
    incload__str_free(&value);
    return status;
}

void
incload__options_add(incload__str *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    bool quoted = value[0] == '\0';
    for (const char *at = value; *at != '\0' && !quoted; at++)
        quoted = incload__is_space(*at) || *at == '\'' || *at == '\\';
    incload__str_addf(out, "%s%s=%s", out->length > 0 ? " " : "", name, quoted ? "'" : "");
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\'' || *at == '\\')
            incload__str_add_char(out, '\\');
        incload__str_add_char(out, *at);
    }
    incload__str_add(out, quoted ? "'" : "");
}

/* ---- introspection ---- */

static const incload__option_table *
find_table(const char *object)
{
    for (int32_t i = 0; object != NULL && i < incload__option_table_count; i++) {
        if (strcmp(incload__option_tables[i]->object, object) == 0)
            return incload__option_tables[i];
    }
    return NULL;
}

static const incload__option *
option_at(const char *object, int32_t index)
{
    const incload__option_table *table = find_table(object);

    return table != NULL && index >= 0 && index < table->count ? &table->options[index] : NULL;
}

int32_t
incload_option_object_count(void)
{
    return incload__option_table_count;
}

const char *
incload_option_object(int32_t object)
{
    return object >= 0 && object < incload__option_table_count ? incload__option_tables[object]->object : NULL;
}

int32_t
incload_option_count(const char *object)
{
    const incload__option_table *table = find_table(object);

    return table != NULL ? table->count : 0;
}

const char *
incload_option_name(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->name : NULL;
}

int32_t
incload_option_type(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->type : 0;
}

const char *
incload_option_default(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->default_text : NULL;
}

int64_t
incload_option_minimum(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->minimum : 0;
}

int64_t
incload_option_maximum(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->maximum : 0;
}

const char *
incload_option_unit(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->unit : NULL;
}

const char *
incload_option_choices(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->choices : NULL;
}

const char *
incload_option_since(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->since : NULL;
}

const char *
incload_option_description(const char *object, int32_t index)
{
    const incload__option *option = option_at(object, index);

    return option != NULL ? option->description : NULL;
}

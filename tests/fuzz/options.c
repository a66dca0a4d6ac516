/* SPDX-License-Identifier: Apache-2.0 */
/* Option texts, on a table with one option of each type: what was set is what is given back, a text made of what is
 * given back sets the same, and a refused one changes nothing but says why. */
#include "base/option.h"
#include "input.h"

typedef struct values {
    char *text;
    char *list;
    int64_t number;
    int64_t duration;
    bool flag;
    int32_t choice;
} values;

#define OPTION(option, kind, initial, least, most, words)                                                              \
    {                                                                                                                  \
        .name = #option, .type = INCLOAD_OPTION_##kind, .offset = offsetof(values, option), .default_text = (initial), \
        .minimum = (least), .maximum = (most), .unit = "", .choices = (words), .since = "0.1", .description = "",      \
    }

static const incload__option rows[] = {
    OPTION(text, TEXT, "", 0, 0, ""),
    OPTION(list, LIST, "", 0, 0, ""),
    OPTION(number, INTEGER, "7", -5, 1000, ""),
    OPTION(duration, DURATION, "1s", 0, INT64_MAX, ""),
    OPTION(flag, BOOLEAN, "true", 0, 0, ""),
    OPTION(choice, CHOICE, "one", 0, 0, "one two three"),
};
static const incload__option_table table = INCLOAD__OPTION_TABLE("thing", rows);
static const incload__mem *const mem = &incload__mem_libc;

/* All values as a text that sets them: as doc/guide.md says, a quote or backslash has a backslash before it. */
static void
print(const values *v, incload__str *out)
{
    incload__str value = INCLOAD__STR(mem);

    for (int32_t i = 0; i < table.count; i++) {
        incload__str_clear(&value);
        fuzz_check(incload__options_get(&table, v, rows[i].name, &value), "every option has a value");
        incload__str_addf(out, "%s%s='", i > 0 ? " " : "", rows[i].name);
        for (size_t at = 0; at < value.length; at++) {
            if (value.data[at] == '\'' || value.data[at] == '\\')
                incload__str_add_char(out, '\\');
            incload__str_add_char(out, value.data[at]);
        }
        incload__str_add_char(out, '\'');
    }
    incload__str_free(&value);
}

static void
begin(values *v)
{
    memset(v, 0, sizeof *v);
    fuzz_check(incload__options_init(&table, mem, v, NULL) == INCLOAD_OK, "the defaults are allowed");
}

static void
check_values(const values *v)
{
    fuzz_check(v->number >= -5 && v->number <= 1000, "a number is within its bounds");
    fuzz_check(v->duration >= 0, "so is a duration");
    fuzz_check(v->choice >= 0 && v->choice < 3, "a choice is one of them");
    fuzz_check(v->text == NULL || incload__utf8_valid(v->text, strlen(v->text)), "a text is UTF-8");
}

static void
check_kept(const values *v)
{
    incload__str first = INCLOAD__STR(mem), second = INCLOAD__STR(mem);
    values again;

    check_values(v);
    print(v, &first);
    begin(&again);
    fuzz_check(incload__options_parse(&table, mem, &again, first.data, NULL) == INCLOAD_OK, "what is given is taken");
    print(&again, &second);
    fuzz_check(strcmp(first.data, second.data) == 0, "and is the same");
    incload__options_free(&table, mem, &again);
    incload__str_free(&first);
    incload__str_free(&second);
}

static void
set_one(values *v, int32_t index, const char *value)
{
    incload__str before = INCLOAD__STR(mem), after = INCLOAD__STR(mem);
    incload_error *err = NULL;

    print(v, &before);
    int32_t status = incload__options_set(&table, mem, v, rows[index].name, value, &err);
    print(v, &after);
    fuzz_check(status == INCLOAD_OK || strcmp(before.data, after.data) == 0, "a refused value changes nothing");
    fuzz_check(status == INCLOAD_OK || strstr(incload_error_message(err), rows[index].name) != NULL,
               "and its error names the option");
    if (status == INCLOAD_OK && rows[index].type == INCLOAD_OPTION_TEXT)
        fuzz_check(strcmp(v->text != NULL ? v->text : "", value) == 0, "a text is kept as it is");
    check_outcome(status, &err, NULL);
    incload__str_free(&before);
    incload__str_free(&after);
}

static void
read_list(const char *text)
{
    incload_error *err = NULL;
    incload__list list;
    int32_t status = incload__list_parse(mem, "list", text, &list, &err);

    for (int32_t i = 0; i < list.count; i++)
        fuzz_check(list.items[i].name != NULL && list.items[i].name[0] != '\0', "an item has a name");
    fuzz_check(status == INCLOAD_OK || list.count == 0, "of a refused list nothing is left");
    incload__list_free(&list);
    check_outcome(status, &err, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    int32_t index = take_byte(&in) % table.count;
    char *text = take_rest(&in);
    incload_error *err = NULL;
    values v;

    begin(&v);
    set_one(&v, index, text);
    check_kept(&v);
    int32_t status = incload__options_parse(&table, mem, &v, text, &err);
    check_outcome(status, &err, NULL);
    check_kept(&v);
    incload__options_free(&table, mem, &v);
    read_list(text);
    free(text);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a host can set: each option with its type and its words, and the default but of numbers, which may be tuned. */
#include <incload/incload.h>

#include <stdio.h>

static void
tell(const char *object, int32_t i)
{
    const char *name = incload_option_name(object, i), *words = incload_option_choices(object, i);
    int32_t type = incload_option_type(object, i);

    printf("%s.%s type %d from version %s\n", object, name, (int)type, incload_option_since(object, i));
    if (type != INCLOAD_OPTION_INTEGER && type != INCLOAD_OPTION_DURATION)
        printf("%s.%s default '%s'\n", object, name, incload_option_default(object, i));
    for (const char *end; *words != '\0'; words = *end == ' ' ? end + 1 : end) {
        for (end = words; *end != '\0' && *end != ' ';)
            end++;
        printf("%s.%s can be %.*s\n", object, name, (int)(end - words), words);
    }
}

int
main(void)
{
    for (int32_t o = 0; o < incload_option_object_count(); o++) {
        for (int32_t i = 0; i < incload_option_count(incload_option_object(o)); i++)
            tell(incload_option_object(o), i);
    }
    return 0;
}

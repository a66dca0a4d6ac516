/* SPDX-License-Identifier: Apache-2.0 */
/* Options are text: given where an object is made, set one by one, asked for, and listed by the library itself.
 *
 *     options */
#include <incload/incload.h>

#include <stdio.h>

/* What a settings page or a command line of a host's own is made from. */
static void
list(const char *object)
{
    for (int32_t i = 0; i < incload_option_count(object); i++)
        printf("%s %s: %s by default%s\n", object, incload_option_name(object, i),
               incload_option_default(object, i)[0] != '\0' ? incload_option_default(object, i) : "nothing",
               incload_option_choices(object, i)[0] != '\0' ? ", one of a list" : "");
}

int
main(void)
{
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=updated_at key='id,region'", &err);
    incload_strategy_set(how, "lookback", "10min", &err);
    printf("window=%s write=%s key=%s lookback=%s\n", incload_strategy_get(how, "window"),
           incload_strategy_get(how, "write"), incload_strategy_get(how, "key"), incload_strategy_get(how, "lookback"));
    list("database");

    int failed = err != NULL;
    incload_error *refused = NULL;
    incload_strategy_set(how, "lookbak", "10min", &refused);
    printf("%s\n", incload_error_message(refused));

    incload_error_unref(refused);
    incload_strategy_unref(how);
    incload_error_unref(err);
    return failed;
}

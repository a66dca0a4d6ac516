/* SPDX-License-Identifier: Apache-2.0 */
/* Why a key belongs to other work: the two specs, member by member. */
#include <jansson.h>
#include <string.h>

#include "run/durable_internal.h"

enum { LONGEST_SHOWN = 60 };

/* A member as text for people; lists by their length. */
static void
add_value(const json_t *value, incload__str *out)
{
    if (json_is_string(value))
        incload__str_addf(out, "'%.*s'", LONGEST_SHOWN, json_string_value(value));
    else if (json_is_integer(value))
        incload__str_addf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_array(value))
        incload__str_addf(out, "a list of %llu", (unsigned long long)json_array_size(value));
    else
        incload__str_add(out, value == NULL || json_is_null(value) ? "nothing" : "another value");
}

static bool
add_difference(const json_t *there, const json_t *here, incload__str *out)
{
    json_t *theirs = NULL;
    const char *name;

    json_object_foreach((json_t *)(uintptr_t)there, name, theirs)
    {
        const json_t *ours = json_object_get(here, name);
        /* Which units are left is looked up when a run begins, and is no part of what it was told. */
        if (strcmp(name, INCLOAD__SPEC_TAKEN) == 0 || json_equal(theirs, ours))
            continue;
        incload__str_addf(out, "%s is ", name);
        add_value(theirs, out);
        incload__str_add(out, " there and ");
        add_value(ours, out);
        incload__str_add(out, " here");
        return true;
    }
    return false;
}

void
incload__durable_difference(const char *there, const char *here, incload__str *out)
{
    json_t *theirs = there != NULL ? json_loads(there, 0, NULL) : NULL;
    json_t *ours = here != NULL ? json_loads(here, 0, NULL) : NULL;

    if (json_is_object(theirs) && json_is_object(ours) && !add_difference(theirs, ours, out))
        add_difference(ours, theirs, out);
    json_decref(theirs);
    json_decref(ours);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: the table is made by its own text under another name, and renamed where the old one was. */
#include <string.h>

#include "base/utf8.h"
#include "dialect/sql.h"
#include "dialect/swap.h"

/* Foreign keys off, since dropping a parent would delete its rows one by one, with what depends on them; and renaming
 * as it was before 3.25, since it would follow the table into views, triggers and other tables' references. Neither can
 * be set in a transaction. */
static const char *const before[] = { "PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON", NULL };
static const char *const after[] = { "PRAGMA legacy_alter_table = OFF", NULL };

static bool
in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || incload__is_digit(c) || c == '_' || c == '$'
           || (unsigned char)c >= 0x80;
}

/* Behind the name that stands at `at`, quoted or not. */
static const char *
skip_name(const char *at)
{
    char close = *at == '[' ? ']' : *at;

    if (strchr("\"`'[", *at) == NULL || *at == '\0') {
        while (in_name(*at))
            at++;
        return at;
    }
    return incload__skip_quoted(at, close, false, close != ']');
}

/* The catalog's text always begins so, whatever was typed. */
static bool
rename_create(incload__str *out, const char *create, const char *quoted)
{
    static const char head[] = "CREATE TABLE ";

    if (!incload__ascii_prefix(create, head))
        return false;
    const char *name = create + strlen(head);
    const char *end = skip_name(name);
    if (end == name)
        return false;
    incload__str_addf(out, "%s%s%s", head, quoted, end);
    return true;
}

const incload__swap_rules incload__swap_sqlite = {
    .manner = INCLOAD__SWAP_INSIDE,
    .obstacles = incload__sql_sqlite_swap_obstacles,
    .plan = incload__sql_sqlite_swap_plan,
    .strays = incload__sql_sqlite_swap_strays,
    .before = before,
    .after = after,
    .keys_query = "PRAGMA foreign_keys",
    .keys_on = "PRAGMA foreign_keys = ON",
    .rename_create = rename_create,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of doc/types.md, out of columns_*.c. */
#include "conformance.h"

#include <stdio.h>
#include <string.h>

static const char *const dialect_names[DIALECTS] = { "PostgreSQL", "MariaDB", "SQLite" };

static void
print_type(const char *type)
{
    if (type[0] == '\0')
        printf(" (none) |");
    else
        printf(" `%s` |", type);
}

static bool
is_refused(const char *outcome)
{
    return outcome != NULL && strcmp(outcome, REFUSED) == 0;
}

/* Where a value may be refused, and what the page calls it. */
struct place {
    const char *name;
    enum dialect to;
    bool typed;
};

static bool
refused_there(const struct value *value, enum dialect from, const struct place *place)
{
    bool refused = is_refused(outcome_of(value, from, place->to, place->typed));

    /* Of what a process function may not see, only what passes otherwise. */
    return refused && !(place->typed && is_refused(outcome_of(value, from, place->to, false)));
}

static bool
same_refusals(const struct column *column, enum dialect from, const struct place *a, const struct place *b)
{
    for (int i = 0; column->values[i].sql != NULL; i++) {
        if (refused_there(&column->values[i], from, a) != refused_there(&column->values[i], from, b))
            return false;
    }
    return true;
}

/* "MariaDB: NaN, infinity", or nothing. */
static bool
print_refused(const struct column *column, enum dialect from, const struct place *place, bool follows)
{
    bool any = false;

    for (int i = 0; column->values[i].sql != NULL; i++) {
        const struct value *value = &column->values[i];
        if (!refused_there(value, from, place))
            continue;
        if (!any)
            printf("%s%s: ", follows ? "; " : " ", place->name);
        printf("%s%s", any ? ", " : "", value->what != NULL ? value->what : value->sql);
        any = true;
    }
    return any || follows;
}

static void
print_row(const struct column *column, enum dialect from)
{
    static const char *const both[DIALECTS] = { "MariaDB and SQLite", "PostgreSQL and SQLite",
                                                "PostgreSQL and MariaDB" };
    struct place one = { NULL, from == POSTGRES ? MARIADB : POSTGRES, false };
    struct place other = { NULL, from == SQLITE ? MARIADB : SQLITE, false };
    struct place own = { dialect_names[from], from, false };
    struct place process = { "a process function between two of the kind", from, true };

    printf("|");
    print_type(column->type);
    for (int to = 0; to < DIALECTS; to++)
        print_type(column->made[to]);
    bool same = same_refusals(column, from, &one, &other), any = false;
    bool everywhere = same && same_refusals(column, from, &one, &own);
    one.name = everywhere ? "everywhere" : same ? both[from] : dialect_names[one.to];
    other.name = dialect_names[other.to];
    any = print_refused(column, from, &one, any);
    if (!same)
        any = print_refused(column, from, &other, any);
    if (!everywhere)
        any = print_refused(column, from, &own, any);
    print_refused(column, from, &process, any);
    printf(" |\n");
}

void
print_types(void)
{
    for (int from = 0; from < DIALECTS; from++) {
        const struct column *columns = columns_of((enum dialect)from);
        printf("## From %s\n\n", dialect_names[from]);
        printf("| type | in PostgreSQL | in MariaDB | in SQLite | refused |\n|---|---|---|---|---|\n");
        for (int i = 0; columns[i].type != NULL; i++)
            print_row(&columns[i], (enum dialect)from);
        printf("\n");
    }
}

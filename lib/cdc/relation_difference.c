/* SPDX-License-Identifier: Apache-2.0 */
/* What was done to a table between two of its versions. Columns are known by name; where a name is gone and another has
 * come at the same place among those that stayed, with the same type, it was renamed. The order of columns is that of
 * their making, so that a column with an old one behind it cannot be new. */
#include <string.h>

#include "cdc/relation.h"

typedef struct comparison {
    const incload__relation *before;
    const incload__relation *after;
    incload__relation_change *changes;
    int32_t room;
    int32_t count;
} comparison;

static void
add(comparison *c, incload__relation_change_kind kind, int32_t before, int32_t after, bool sure)
{
    if (c->count < c->room)
        c->changes[c->count] = (incload__relation_change){ kind, sure, before, after };
    c->count++;
}

static int32_t
find(const incload__relation *relation, const char *name)
{
    for (int32_t i = 0; i < relation->count; i++) {
        if (strcmp(relation->columns[i].name, name) == 0)
            return i;
    }
    return -1;
}

static bool
stays(const incload__relation *relation, int32_t column, const incload__relation *other)
{
    return find(other, relation->columns[column].name) >= 0;
}

/* How many columns without a namesake in `other` there are between `column` and the last one before it that has one;
 * *anchor is the name of that one, or NULL. */
static int32_t
rank_in_gap(const incload__relation *relation, int32_t column, const incload__relation *other, const char **anchor)
{
    int32_t rank = 0;
    int32_t i = column - 1;

    while (i >= 0 && !stays(relation, i, other)) {
        rank++;
        i--;
    }
    *anchor = i >= 0 ? relation->columns[i].name : NULL;
    return rank;
}

/* The column of `to` that stands where this one stood in `from`, both without a namesake, or -1. */
static int32_t
namesake(const incload__relation *from, int32_t column, const incload__relation *to)
{
    const char *anchor;
    int32_t rank = rank_in_gap(from, column, to, &anchor);
    int32_t start = anchor != NULL ? find(to, anchor) + 1 : 0;
    int32_t at = start + rank;

    for (int32_t i = start; i <= at; i++) {
        if (i >= to->count || stays(to, i, from))
            return -1;
    }
    const incload__relation_column *a = &from->columns[column], *b = &to->columns[at];
    return a->type == b->type && a->typmod == b->typmod ? at : -1;
}

static bool
has_an_old_one_behind(const incload__relation *relation, int32_t column, const incload__relation *before)
{
    for (int32_t i = column + 1; i < relation->count; i++) {
        if (stays(relation, i, before))
            return true;
    }
    return false;
}

static void
compare_column(comparison *c, int32_t column)
{
    const incload__relation_column *before = &c->before->columns[column];
    int32_t at = find(c->after, before->name);

    if (at < 0) {
        at = namesake(c->before, column, c->after);
        if (at < 0) {
            add(c, INCLOAD__RELATION_DROPPED, column, -1, true);
            return;
        }
        add(c, INCLOAD__RELATION_RENAMED, column, at, has_an_old_one_behind(c->after, at, c->before));
    }
    const incload__relation_column *after = &c->after->columns[at];
    if (before->type != after->type || before->typmod != after->typmod)
        add(c, INCLOAD__RELATION_RETYPED, column, at, true);
    if (before->key != after->key)
        add(c, INCLOAD__RELATION_REKEYED, column, at, true);
}

int32_t
incload__relation_most(const incload__relation *before, const incload__relation *after)
{
    return 2 * before->count + after->count + 2;
}

int32_t
incload__relation_difference(const incload__relation *before, const incload__relation *after,
                             incload__relation_change *changes, int32_t room)
{
    comparison c = { .before = before, .after = after, .changes = changes, .room = room };

    for (int32_t i = 0; i < before->count; i++)
        compare_column(&c, i);
    for (int32_t i = 0; i < after->count; i++) {
        if (!stays(after, i, before) && namesake(after, i, before) < 0)
            add(&c, INCLOAD__RELATION_ADDED, -1, i, true);
    }
    if (strcmp(before->name, after->name) != 0 || strcmp(before->schema, after->schema) != 0)
        add(&c, INCLOAD__RELATION_MOVED, -1, -1, true);
    if (before->identity != after->identity)
        add(&c, INCLOAD__RELATION_REIDENTIFIED, -1, -1, true);
    return c.count;
}

/* ---- in words ---- */

static const char *
identity_name(char identity)
{
    switch (identity) {
    case 'd':
        return "default";
    case 'n':
        return "nothing";
    case 'f':
        return "full";
    default:
        return "an index";
    }
}

static void
tell_types(const incload__relations *relations, const incload__relation_column *before,
           const incload__relation_column *after, incload__str *out)
{
    incload__str_addf(out, "column \"%s\" changed its type from ", after->name);
    incload__relations_print_type(relations, before->type, out);
    if (before->type == after->type)
        incload__str_addf(out, " with modifier %d", before->typmod);
    incload__str_add(out, " to ");
    incload__relations_print_type(relations, after->type, out);
    if (before->type == after->type)
        incload__str_addf(out, " with modifier %d", after->typmod);
}

void
incload__relation_tell(const incload__relations *relations, const incload__relation *before,
                       const incload__relation *after, const incload__relation_change *change, incload__str *out)
{
    const incload__relation_column *old = change->before >= 0 ? &before->columns[change->before] : NULL;
    const incload__relation_column *new = change->after >= 0 ? &after->columns[change->after] : NULL;

    switch (change->kind) {
    case INCLOAD__RELATION_ADDED:
        incload__str_addf(out, "column \"%s\" was added (", new->name);
        incload__relations_print_type(relations, new->type, out);
        incload__str_add(out, ")");
        return;
    case INCLOAD__RELATION_DROPPED:
        incload__str_addf(out, "column \"%s\" was dropped", old->name);
        return;
    case INCLOAD__RELATION_RENAMED:
        incload__str_addf(out, "column \"%s\" was renamed to \"%s\"", old->name, new->name);
        if (!change->sure)
            incload__str_add(out, ", or dropped while that was added");
        return;
    case INCLOAD__RELATION_RETYPED:
        tell_types(relations, old, new, out);
        return;
    case INCLOAD__RELATION_REKEYED:
        incload__str_addf(out, "column \"%s\" %s the replica identity", new->name,
                          new->key ? "became part of" : "is no longer part of");
        return;
    case INCLOAD__RELATION_MOVED:
        incload__str_addf(out, "the table was \"%s\".\"%s\" and is \"%s\".\"%s\"", before->schema, before->name,
                          after->schema, after->name);
        return;
    case INCLOAD__RELATION_REIDENTIFIED:
        incload__str_addf(out, "the replica identity was %s and is %s", identity_name(before->identity),
                          identity_name(after->identity));
        return;
    }
}

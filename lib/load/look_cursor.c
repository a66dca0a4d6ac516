/* SPDX-License-Identifier: Apache-2.0 */
/* Which column is most likely set at every change of a row. What the database does by itself speaks louder than a name,
 * and no column is taken by its type alone. */
#include <string.h>

#include "base/utf8.h"
#include "load/look.h"

/* Points. A name is needed, or what the database does; the rest decides between several. */
enum { CHANGED = 100, CHANGED_IN_PART = 60, MADE = 20, SET_AT_UPDATE = 120, INDEXED = 10, NOT_NULL = 5, ZONED = 3 };

static const char *const changed[] = {
    "updated_at",  "updated",          "modified_at",   "modified",          "last_modified", "last_updated",
    "changed_at",  "changed",          "last_changed",  "last_update",       "update_time",   "updated_on",
    "modified_on", "modified_date",    "updated_date",  "modification_date", "mtime",         "lastmod",
    "updatedat",   "lastmodified",     "modifiedat",    "lastupdated",       "sys_changed",   "row_updated",
};
static const char *const changed_in_part[] = { "updat", "modif", "chang" };
static const char *const made[] = { "created_at", "created",     "inserted_at", "inserted",   "created_on",
                                    "creation_date", "create_time", "event_time",  "occurred_at", "logged_at" };
static const char *const versions[] = { "row_version", "rowversion", "version",
                                        "revision",    "change_id",  "sequence_no" };

static bool
is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (incload__ascii_equal(name, list[i]))
            return true;
    }
    return false;
}

static bool
holds_one_of(const char *name, const char *const *list, size_t count)
{
    for (const char *at = name; *at != '\0'; at++) {
        for (size_t i = 0; i < count; i++) {
            if (incload__ascii_prefix(at, list[i]))
                return true;
        }
    }
    return false;
}

#define ONE_OF(name, list) is_one_of((name), (list), sizeof(list) / sizeof((list)[0]))

static int32_t
points_of_name(const incload__dialect *dialect, const incload__column *column, bool append_only)
{
    bool stamp = column->type.kind == INCLOAD__TIMESTAMP || column->type.kind == INCLOAD__TIMESTAMPTZ;
    bool number = column->type.kind == INCLOAD__INT64 || column->type.kind == INCLOAD__UINT64
                  || column->type.kind == INCLOAD__INT32;

    /* SQLite has no type for stamps: they are texts whose order is that of time. */
    if (dialect == &incload__dialect_sqlite && column->type.kind == INCLOAD__TEXT)
        return ONE_OF(column->name, changed) ? CHANGED_IN_PART : 0;
    if (number)
        return ONE_OF(column->name, versions) ? CHANGED_IN_PART : 0;
    if (!stamp && column->type.kind != INCLOAD__DATE)
        return 0;
    /* A date cannot tell two changes of one day apart: only when there is nothing else. */
    int32_t share = stamp ? 1 : 4;
    if (ONE_OF(column->name, changed))
        return CHANGED / share;
    if (holds_one_of(column->name, changed_in_part, sizeof changed_in_part / sizeof changed_in_part[0]))
        return CHANGED_IN_PART / share;
    return append_only && ONE_OF(column->name, made) ? MADE / share : 0;
}

static int32_t
points_of(const incload__looked *looked, const incload__dialect *dialect, const incload__column *column,
          bool append_only)
{
    const char *extra = incload__looked_column(looked, column->name, INCLOAD__LOOK_EXTRA);
    const char *indexed = incload__looked_column(looked, column->name, INCLOAD__LOOK_INDEXED);
    int32_t points = points_of_name(dialect, column, append_only);

    if (dialect->misorders != NULL && dialect->misorders(column))
        return 0;
    /* The transaction itself, and what the server sets at every update, need no name. */
    if (column->native != NULL && strcmp(column->native, "xid8") == 0)
        points += SET_AT_UPDATE;
    if (extra != NULL && holds_one_of(extra, (const char *const[]){ "on update" }, 1))
        points += SET_AT_UPDATE;
    if (points == 0)
        return 0;
    points += indexed != NULL && strcmp(indexed, "1") == 0 ? INDEXED : 0;
    points += column->nullable ? 0 : NOT_NULL;
    return points + (column->type.kind == INCLOAD__TIMESTAMPTZ ? ZONED : 0);
}

int32_t
incload__look_cursor(const incload__looked *looked, const incload__dialect *dialect, bool append_only,
                     incload__str *why)
{
    int32_t best = -1, most = 0;

    for (int32_t i = 0; i < looked->shape.count; i++) {
        int32_t points = points_of(looked, dialect, &looked->shape.columns[i], append_only);
        if (points > most) {
            most = points;
            best = i;
        }
    }
    if (best < 0) {
        incload__str_add(why, "no column has the name and type of one that changes with its row (updated_at, "
                              "last_modified, ...): name it by cursor=... if there is one");
        return best;
    }
    const incload__column *column = &looked->shape.columns[best];
    incload__str_addf(why, "'%.64s' (%.64s) %s", column->name, column->native != NULL ? column->native : "",
                      most >= SET_AT_UPDATE ? "is set by the server at every update"
                                            : "has the name and type of a column that changes with its row");
    return best;
}

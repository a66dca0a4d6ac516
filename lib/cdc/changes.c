/* SPDX-License-Identifier: Apache-2.0 */
#include "cdc/changes.h"

#include <stddef.h>
#include <string.h>

#include "base/utf8.h"
#include "driver/database.h"

/* ---- making it ---- */

static incload_changes *
handle_new(const incload__mem *mem, incload_error **err)
{
    incload_changes *changes = incload__alloc(mem, sizeof *changes);

    if (changes == NULL) {
        incload__fail_memory(err);
        return NULL;
    }
    atomic_init(&changes->refs, 1);
    changes->mem = mem;
    changes->table = -1;
    return changes;
}

static incload_changes *
set_new(incload_database *target, const char *name, const char *options, incload_error **err)
{
    const incload__mem *mem = &incload__database_env(target)->mem;
    incload_changes *changes = handle_new(mem, err);

    if (changes == NULL)
        return NULL;
    if (incload__change_set_new(target, name, options, changes, &changes->set, err) == INCLOAD_OK)
        return changes;
    incload__free(mem, changes);
    return NULL;
}

incload_changes *
incload_changes_new(incload_database *target, const char *table, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (target == NULL || table == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "changes need a target database and the name of its table, in UTF-8");
        return NULL;
    }
    incload_changes *changes = set_new(target, NULL, options, err);
    if (changes == NULL || incload__change_set_add(changes->set, table, NULL, &changes->table, err) == INCLOAD_OK)
        return changes;
    incload_changes_unref(changes);
    return NULL;
}

incload_changes *
incload_changes_new_group(incload_database *target, const char *name, const char *options, incload_error **err)
{
    INCLOAD_ENTER_NULL(err);
    if (target == NULL || name == NULL || name[0] == '\0' || !incload__utf8_valid(name, strlen(name))) {
        incload__fail(err, INCLOAD_E_INVALID, "a group of changes needs a target database and a name, in UTF-8");
        return NULL;
    }
    return set_new(target, name, options, err);
}

incload_changes *
incload_changes_add_table(incload_changes *group, const char *table, const char *options, incload_error **err)
{
    incload_changes *changes;

    INCLOAD_ENTER_NULL(err);
    if (group == NULL || table == NULL || group->table >= 0) {
        incload__fail(err, INCLOAD_E_INVALID,
                      "tables are added, by their names, to changes that incload_changes_new_group() made");
        return NULL;
    }
    changes = handle_new(group->mem, err);
    if (changes == NULL)
        return NULL;
    if (incload__change_set_add(group->set, table, options, &changes->table, err) != INCLOAD_OK) {
        incload__free(group->mem, changes);
        return NULL;
    }
    changes->group = incload_changes_ref(group);
    changes->set = group->set;
    return changes;
}

incload_changes *
incload_changes_ref(incload_changes *changes)
{
    if (changes != NULL)
        atomic_fetch_add_explicit(&changes->refs, 1, memory_order_relaxed);
    return changes;
}

void
incload_changes_unref(incload_changes *changes)
{
    if (changes == NULL || atomic_fetch_sub_explicit(&changes->refs, 1, memory_order_acq_rel) != 1)
        return;
    incload_changes *group = changes->group;
    incload_database *target = incload_database_ref(changes->set->target);
    if (group == NULL)
        incload__change_set_free(changes->set);
    incload__free(changes->mem, changes);
    incload_changes_unref(group);
    incload_database_unref(target);
}

int32_t
incload__changes_member(const incload_changes *changes, incload__change_member **out, incload_error **err)
{
    if (changes == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the changes must not be NULL");
    if (changes->table < 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "events are pushed to a table of a group of changes, which incload_changes_add_table() "
                             "gives, not to the group");
    *out = changes->set->tables[changes->table];
    return INCLOAD_OK;
}

/* ---- events ---- */

static bool
is_image(const char *const *names, const char *const *values, int32_t count)
{
    return count == 0 || (count > 0 && names != NULL && values != NULL);
}

int32_t
incload_changes_push(incload_changes *changes, int32_t operation, const char *const *names, const char *const *values,
                     int32_t count, uint64_t position, uint64_t ordinal, incload_error **err)
{
    incload__image row = { names, values, NULL, count };
    incload__change_member *member = NULL;

    INCLOAD_ENTER(err);
    if (changes == NULL || !is_image(names, values, count))
        return incload__fail(err, INCLOAD_E_INVALID, "changes, names and values must not be NULL");
    if (incload__changes_member(changes, &member, err) != INCLOAD_OK)
        return INCLOAD_E_INVALID;
    return incload__change_set_push(changes->set, changes->table, operation, NULL, &row,
                                    (incload__place){ position, ordinal }, err);
}

int32_t
incload_changes_push_update(incload_changes *changes, const char *const *old_names, const char *const *old_values,
                            int32_t old_count, const char *const *names, const char *const *values, int32_t count,
                            uint64_t position, uint64_t ordinal, incload_error **err)
{
    incload__image old = { old_names, old_values, NULL, old_count }, row = { names, values, NULL, count };
    incload__change_member *member = NULL;

    INCLOAD_ENTER(err);
    if (changes == NULL || !is_image(names, values, count) || !is_image(old_names, old_values, old_count))
        return incload__fail(err, INCLOAD_E_INVALID, "changes, names and values must not be NULL");
    if (incload__changes_member(changes, &member, err) != INCLOAD_OK)
        return INCLOAD_E_INVALID;
    return incload__change_set_push(changes->set, changes->table, INCLOAD_CHANGE_UPDATE, &old, &row,
                                    (incload__place){ position, ordinal }, err);
}

/* ---- the commit ---- */

int32_t
incload_changes_commit(incload_changes *changes, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (changes == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the changes must not be NULL");
    return incload__change_set_commit(changes->set, err);
}

void
incload_changes_discard(incload_changes *changes)
{
    if (changes != NULL)
        incload__change_set_discard(changes->set);
}

void
incload_changes_cancel(incload_changes *changes)
{
    if (changes != NULL)
        incload__change_set_cancel(changes->set);
}

/* ---- what is known ---- */

int32_t
incload_changes_position(incload_changes *changes, uint64_t *position, uint64_t *ordinal, incload_error **err)
{
    INCLOAD_ENTER(err);
    if (changes == NULL || position == NULL || ordinal == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "changes, position and ordinal must not be NULL");
    *position = changes->set->place.major;
    *ordinal = changes->set->place.minor;
    return INCLOAD_OK;
}

/* Of its table, or the sum of all tables of a group. */
static int64_t
sum(const incload_changes *changes, size_t counter)
{
    int64_t total = 0;

    if (changes == NULL)
        return 0;
    for (int32_t i = 0; i < changes->set->count; i++) {
        if (changes->table < 0 || changes->table == i)
            total += *(const int64_t *)(const void *)((const char *)changes->set->tables[i] + counter);
    }
    return total;
}

int64_t
incload_changes_pending(const incload_changes *changes)
{
    return sum(changes, offsetof(incload__change_member, pending));
}

int64_t
incload_changes_applied(const incload_changes *changes)
{
    return sum(changes, offsetof(incload__change_member, done.applied));
}

int64_t
incload_changes_skipped(const incload_changes *changes)
{
    return sum(changes, offsetof(incload__change_member, done.skipped));
}

int64_t
incload_changes_rows_written(const incload_changes *changes)
{
    return sum(changes, offsetof(incload__change_member, done.written));
}

int64_t
incload_changes_rows_deleted(const incload_changes *changes)
{
    return sum(changes, offsetof(incload__change_member, done.deleted));
}

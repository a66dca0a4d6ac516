/* SPDX-License-Identifier: Apache-2.0 */
#include "modes.h"

#include <string.h>

void
append_row(struct content *to, struct row row)
{
    ck_assert_int_lt(to->count, MOST_ROWS);
    to->rows[to->count++] = row;
}

static void
take_out(struct content *from, int index)
{
    memmove(&from->rows[index], &from->rows[index + 1], sizeof from->rows[0] * (size_t)(from->count - index - 1));
    from->count--;
}

int
find_id(const struct content *in, int id)
{
    for (int i = 0; i < in->count; i++) {
        if (in->rows[i].id == id)
            return i;
    }
    return -1;
}

void
take_out_id(struct content *from, int id)
{
    for (int at = find_id(from, id); at >= 0; at = find_id(from, id))
        take_out(from, at);
}

static bool
same_note(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
holds(const struct content *in, const struct row *row)
{
    for (int i = 0; i < in->count; i++) {
        const struct row *other = &in->rows[i];
        if (other->id == row->id && other->at == row->at && other->rank == row->rank
            && same_note(other->note, row->note))
            return true;
    }
    return false;
}

static bool
wins(const struct content *in, int index)
{
    for (int i = 0; i < in->count; i++) {
        if (in->rows[i].id == in->rows[index].id && in->rows[i].rank > in->rows[index].rank)
            return false;
    }
    return true;
}

static bool
in_interval(const struct row *row)
{
    return row->at == NO_POSITION || (row->at >= INTERVAL_BEGINS && row->at < INTERVAL_ENDS);
}

/* ---- what each way makes of a target ---- */

void
appended(struct content *there, const struct content *came)
{
    for (int i = 0; i < came->count; i++)
        append_row(there, came->rows[i]);
}

void
new_versions_appended(struct content *there, const struct content *came)
{
    struct content before = *there;

    for (int i = 0; i < came->count; i++) {
        if (!holds(&before, &came->rows[i]))
            append_row(there, came->rows[i]);
    }
}

void
merged(struct content *there, const struct content *came)
{
    for (int i = 0; i < came->count; i++) {
        if (!wins(came, i))
            continue;
        take_out_id(there, came->rows[i].id);
        append_row(there, came->rows[i]);
    }
}

void
merged_without_missing(struct content *there, const struct content *came)
{
    there->count = 0;
    merged(there, came);
}

void
merged_and_missing_marked(struct content *there, const struct content *came)
{
    merged(there, came);
    for (int i = 0; i < there->count; i++) {
        if (find_id(came, there->rows[i].id) < 0)
            there->rows[i].gone = true;
    }
}

void
merged_without_marked(struct content *there, const struct content *came)
{
    merged(there, came);
    for (int i = there->count - 1; i >= 0; i--) {
        if (there->rows[i].marked)
            take_out(there, i);
    }
}

/* The values stay those from before the row was marked. */
void
merged_and_marked_marked(struct content *there, const struct content *came)
{
    for (int i = 0; i < came->count; i++) {
        const struct row *row = &came->rows[i];
        int at = find_id(there, row->id);
        if (!wins(came, i))
            continue;
        if (row->marked && at >= 0)
            there->rows[at].gone = true;
        if (row->marked)
            continue;
        take_out_id(there, row->id);
        append_row(there, *row);
    }
}

void
new_inserted(struct content *there, const struct content *came)
{
    struct content before = *there;

    for (int i = 0; i < came->count; i++) {
        if (wins(came, i) && find_id(&before, came->rows[i].id) < 0)
            append_row(there, came->rows[i]);
    }
}

void
groups_replaced(struct content *there, const struct content *came)
{
    for (int i = 0; i < came->count; i++)
        take_out_id(there, came->rows[i].id);
    appended(there, came);
}

void
all_replaced(struct content *there, const struct content *came)
{
    there->count = 0;
    appended(there, came);
}

void
interval_replaced(struct content *there, const struct content *came)
{
    for (int i = there->count - 1; i >= 0; i--) {
        if (in_interval(&there->rows[i]))
            take_out(there, i);
    }
    for (int i = 0; i < came->count; i++) {
        if (in_interval(&came->rows[i]))
            append_row(there, came->rows[i]);
    }
}

void
interval_replaced_by_key(struct content *there, const struct content *came)
{
    struct content inside = { .count = 0 };

    interval_replaced(&inside, came);
    for (int i = there->count - 1; i >= 0; i--) {
        if (in_interval(&there->rows[i]))
            take_out(there, i);
    }
    merged(there, &inside);
}

/* ---- histories: no version is ever taken out ---- */

static struct row *
current_version(struct content *in, int id)
{
    for (int i = 0; i < in->count; i++) {
        if (in->rows[i].id == id && !in->rows[i].past)
            return &in->rows[i];
    }
    return NULL;
}

static void
end_version(struct content *in, int id)
{
    struct row *current = current_version(in, id);

    if (current != NULL)
        current->past = true;
}

void
versions_added(struct content *there, const struct content *came)
{
    for (int i = 0; i < came->count; i++) {
        const struct row *row = &came->rows[i], *now = current_version(there, row->id);
        bool same = now != NULL && !now->gone && now->at == row->at && now->rank == row->rank
                    && same_note(now->note, row->note);
        if (!wins(came, i) || same)
            continue;
        end_version(there, row->id);
        append_row(there, *row);
    }
}

static void
missing_end(struct content *there, const struct content *came, bool recorded)
{
    for (int i = there->count - 1; i >= 0; i--) {
        struct row row = there->rows[i];
        if (row.past || row.gone || find_id(came, row.id) >= 0)
            continue;
        there->rows[i].past = true;
        row.gone = true;
        if (recorded)
            append_row(there, row);
    }
}

void
versions_added_and_missing_ended(struct content *there, const struct content *came)
{
    versions_added(there, came);
    missing_end(there, came, false);
}

void
versions_added_and_missing_recorded(struct content *there, const struct content *came)
{
    versions_added(there, came);
    missing_end(there, came, true);
}

/* Each row that is newer than all of its key's versions, oldest first. */
void
versions_added_by_time(struct content *there, const struct content *came)
{
    for (int at = 1; at < 60; at++) {
        for (int i = 0; i < came->count; i++) {
            const struct row *row = &came->rows[i];
            bool newer = row->at == at;
            for (int k = 0; k < there->count; k++)
                newer = newer && (there->rows[k].id != row->id || there->rows[k].at < at);
            if (!newer)
                continue;
            end_version(there, row->id);
            append_row(there, *row);
        }
    }
}

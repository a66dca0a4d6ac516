/* SPDX-License-Identifier: Apache-2.0 */
/* Applies change events to a table: a delete marks its row, everything else upserts, all in one transaction with the
 * position. Run it again: events that were committed are skipped.
 *
 *     changes TARGET_URL */
#include <incload/incload.h>

#include <inttypes.h>
#include <stdio.h>

/* As they come from a queue or topic, each with its offset there. */
static const struct {
    uint64_t offset;
    int32_t operation;
    const char *id, *name, *city;
} events[] = {
    { 1, INCLOAD_CHANGE_INSERT, "1", "Ada", "London" },     { 2, INCLOAD_CHANGE_INSERT, "2", "Blaise", "Paris" },
    { 3, INCLOAD_CHANGE_UPDATE, "1", "Ada", "Marylebone" }, { 4, INCLOAD_CHANGE_INSERT, "3", "Carl", NULL },
    { 5, INCLOAD_CHANGE_DELETE, "2", NULL, NULL },
};

static void
push_all(incload_changes *changes, incload_error **err)
{
    static const char *const names[] = { "id", "name", "city" };

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        const char *const values[] = { events[i].id, events[i].name, events[i].city };
        /* Of a row that is gone the key is all that counts. */
        int32_t count = events[i].operation == INCLOAD_CHANGE_DELETE ? 1 : 3;
        incload_changes_push(changes, events[i].operation, names, values, count, events[i].offset, 0, err);
    }
    incload_changes_commit(changes, err);
}

int
main(int argc, char **argv)
{
    uint64_t offset = 0, ordinal = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: changes TARGET_URL\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *target = incload_database_new(argv[1], NULL, &err);
    incload_changes *changes = incload_changes_new(target, "customers", "key=id deletes=soft", &err);

    push_all(changes, &err);
    incload_changes_position(changes, &offset, &ordinal, &err);
    if (err == NULL)
        printf("%" PRId64 " events applied, %" PRId64 " skipped: %" PRId64 " rows written, %" PRId64
               " marked, committed up to offset %" PRIu64 "\n",
               incload_changes_applied(changes), incload_changes_skipped(changes),
               incload_changes_rows_written(changes), incload_changes_rows_deleted(changes), offset);
    else
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_changes_unref(changes);
    incload_database_unref(target);
    incload_error_unref(err);
    return failed;
}

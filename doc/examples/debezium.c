/* SPDX-License-Identifier: Apache-2.0 */
/* Writes change events as messages of Debezium, and reads them again into another table, as a program at the other end
 * of a topic would. A program that talks to Kafka produces in `produce`, and consumes where this one pushes.
 *
 *     debezium URL */
#include <incload/incload.h>

#include <inttypes.h>
#include <stdio.h>

static const struct {
    int32_t operation;
    const char *id, *name, *city;
} events[] = {
    { INCLOAD_CHANGE_READ, "1", "Ada", "London" },
    { INCLOAD_CHANGE_INSERT, "2", "Blaise", "Paris" },
    { INCLOAD_CHANGE_UPDATE, "1", "Ada", "Marylebone" },
    { INCLOAD_CHANGE_DELETE, "2", NULL, NULL },
};

/* The other end, and the offset of the last message in the topic. */
typedef struct topic {
    incload_changes *reader;
    uint64_t offset;
    incload_error *err;
} topic;

static int32_t
produce(const char *key, size_t key_size, const char *value, size_t value_size, void *user_data)
{
    topic *to = user_data;

    (void)key_size;
    (void)value_size;
    printf("%s %s\n", key, value != NULL ? "has a value" : "is a tombstone");
    incload_changes_push_debezium(to->reader, key, value, ++to->offset, 0, &to->err);
    return to->err == NULL ? INCLOAD_DONE : 0;
}

static void
write_all(incload_debezium *writer, incload_error **err)
{
    static const char *const names[] = { "id", "name", "city" };

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        const char *const values[] = { events[i].id, events[i].name, events[i].city };
        int32_t count = events[i].operation == INCLOAD_CHANGE_DELETE ? 1 : 3;
        incload_debezium_write(writer, events[i].operation, NULL, NULL, 0, names, values, count, i + 1, 0, 0, err);
    }
}

int
main(int argc, char **argv)
{
    topic to = { NULL, 0, NULL };

    if (argc != 2) {
        fprintf(stderr, "usage: debezium URL\n");
        return 2;
    }

    incload_error *err = NULL;
    incload_database *database = incload_database_new(argv[1], NULL, &err);
    incload_debezium *writer =
        incload_debezium_new(database, "customers", "name=crm schemas=false", produce, &to, NULL, &err);
    to.reader = incload_changes_new(database, "copies", NULL, &err);
    write_all(writer, &err);
    incload_changes_commit(to.reader, &err);
    if (err == NULL)
        printf("%" PRIu64 " messages for %s, %" PRId64 " rows in the copy written and %" PRId64 " deleted\n", to.offset,
               incload_debezium_topic(writer), incload_changes_rows_written(to.reader),
               incload_changes_rows_deleted(to.reader));
    else
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(to.err != NULL ? to.err : err));

    int failed = err != NULL;
    incload_changes_unref(to.reader);
    incload_debezium_unref(writer);
    incload_database_unref(database);
    incload_error_unref(to.err);
    incload_error_unref(err);
    return failed;
}

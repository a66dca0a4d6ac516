/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file debezium.h
 * @brief Change events out as messages of Debezium, in JSON, for a host that produces them to Kafka or elsewhere.
 *
 * Whoever reads Debezium reads them, incload_changes_push_debezium() among them: what goes out comes in again with the
 * same values.
 */
#ifndef INCLOAD_DEBEZIUM_H
#define INCLOAD_DEBEZIUM_H

#include <incload/arrow.h>
#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Takes one message.
 *
 * `key` is its key, NULL with a `key_size` of 0 where the table has none; `value` its value, NULL with 0 for a
 * tombstone. Both are JSON in UTF-8, end with NUL, and are borrowed for the call. It must return #INCLOAD_DONE; any
 * other value ends the event with #INCLOAD_E_CALLBACK. @since 0.1
 */
typedef int32_t (*incload_debezium_fn)(const char *key, size_t key_size, const char *value, size_t value_size,
                                       void *user_data);

/**
 * @brief Prepare to write events of a table, whose columns are looked up.
 * @param source  the database with the table
 * @param table  the table, as `"table"` or `"schema.table"`
 * @param options  `key=value` pairs of the object `"debezium"`, or NULL
 * @param function  takes the messages
 * @param user_data  handed to the function
 * @param destroy  called when the object is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Columns that the database computes are left out of the messages.
 *
 * Errors: #INCLOAD_E_NOT_FOUND (the table or a column of its key), #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, and
 * errors of the server.
 * Threads: any. Blocking: up to `connect_timeout` and a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_debezium *incload_debezium_new(incload_database *source, const char *table, const char *options,
                                                   incload_debezium_fn function, void *user_data,
                                                   incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Prepare to write events of a table whose columns are told.
 * @param context  its memory and clock are used; may be NULL
 * @param table  the table's name, as `"table"` or `"schema.table"`
 * @param schema  an Arrow struct with a child for each column
 * @param options  as in incload_debezium_new(); without `key` the messages have no key
 * @param function  takes the messages
 * @param user_data  handed to the function
 * @param destroy  called when the object is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_TYPE (a column's Arrow type is not known), #INCLOAD_E_NOT_FOUND (a column of
 * the key), #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Ownership: the schema is copied from, and released by the library in any case.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_debezium *incload_debezium_new_for(incload_context *context, const char *table,
                                                       struct ArrowSchema *schema, const char *options,
                                                       incload_debezium_fn function, void *user_data,
                                                       incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Take another reference.
 * @param debezium  a writer, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_debezium *incload_debezium_ref(incload_debezium *debezium);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param debezium  a writer, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_debezium_unref(incload_debezium *debezium);

/**
 * @brief Write one event: its messages are handed to the function before this returns.
 * @param debezium  a writer
 * @param operation  one of INCLOAD_CHANGE_...
 * @param old_names  columns of the row as it was before an update; may be NULL when `old_count` is 0
 * @param old_values  their values
 * @param old_count  how many
 * @param names  the columns that it brings; may be NULL when `count` is 0
 * @param values  their values as text, in the form that incload_changes_push() takes
 * @param count  how many columns: of a delete those of the key suffice
 * @param position  where the event stands in the order of all, told in the message's source; 0 with `ordinal` 0: none
 * @param ordinal  its place among events of one `position`
 * @param committed_us  when the source committed it, in microseconds since 1970 UTC; 0: now
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * A delete is followed by a tombstone. An update that changed the key is three messages: a delete of the old key, its
 * tombstone, and a create with the new key; it needs the whole row, from `values` or else `old_values`. A column that
 * an event does not bring is taken from `old_values`, or told as unavailable; see option `partial`.
 *
 * Errors: #INCLOAD_E_INVALID (no such operation; the key is missing or NULL; columns are missing), #INCLOAD_E_NOT_FOUND
 * (no such column), #INCLOAD_E_DATA (a value that is none of its column's type, or has no form in the chosen encoding),
 * #INCLOAD_E_CALLBACK, #INCLOAD_E_NO_MEMORY. No message of the event was handed over then, but with
 * #INCLOAD_E_CALLBACK those before it.
 * Threads: one at a time. Blocking: as the function does. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_debezium_write(incload_debezium *debezium, int32_t operation, const char *const *old_names,
                                           const char *const *old_values, int32_t old_count, const char *const *names,
                                           const char *const *values, int32_t count, uint64_t position,
                                           uint64_t ordinal, int64_t committed_us, incload_error **err);

/**
 * @brief Where Debezium would send the messages: `name.schema.table`.
 * @param debezium  a writer, or NULL (returns `""`)
 * @return borrowed from the writer
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_debezium_topic(const incload_debezium *debezium);

/**
 * @brief The name of the header of the message that the function was just given.
 * @param debezium  a writer, or NULL (returns `""`)
 * @return `__debezium.newkey` for the delete and `__debezium.oldkey` for the create of a changed key; else `""`
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_debezium_header_name(const incload_debezium *debezium);

/**
 * @brief The value of that header: the other message's key.
 * @param debezium  a writer, or NULL (returns `""`)
 * @return borrowed until the function returns; `""` where there is no header
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_debezium_header_value(const incload_debezium *debezium);

INCLOAD_END_DECLS

#endif /* INCLOAD_DEBEZIUM_H */

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file watermark.h
 * @brief The durable position of a load, kept in the target database in the transaction of the data.
 */
#ifndef INCLOAD_WATERMARK_H
#define INCLOAD_WATERMARK_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Read the watermark of a load as it is now.
 * @param target  the database into which the load writes
 * @param load  the load's name: the step's option `name`, by default the target table as it was given
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * The object is a picture of one moment: incload_watermark_refresh() takes a new one.
 *
 * Errors: #INCLOAD_E_CONNECT and other errors of the server; #INCLOAD_E_UNSUPPORTED (the ledger was made by a newer
 * version). A load that never ran is no error: the value is then NULL.
 * Threads: any. Blocking: up to `connect_timeout` and a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_watermark *incload_watermark_open(incload_database *target, const char *load, incload_error **err);

/**
 * @brief Take another reference.
 * @param watermark  a watermark, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_watermark *incload_watermark_ref(incload_watermark *watermark);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param watermark  a watermark, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_watermark_unref(incload_watermark *watermark);

/**
 * @brief Read it again.
 * @param watermark  a watermark
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: as incload_watermark_open().
 * Threads: one at a time. Blocking: a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_watermark_refresh(incload_watermark *watermark, incload_error **err);

/**
 * @brief The load's name.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 * @return borrowed
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_load(const incload_watermark *watermark);

/**
 * @brief The cursor value up to which all has been loaded, in the source's own text.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 * @return borrowed; NULL when the load never completed, was reset, or reads all rows without a cursor
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_value(const incload_watermark *watermark);

/**
 * @brief The cursor column's type as the source names it, or `""`.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 * @return borrowed
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_type(const incload_watermark *watermark);

/**
 * @brief The whole state as a versioned JSON document: for support, never for parsing by hosts.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 * @return borrowed; `""` when there is none
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_document(const incload_watermark *watermark);

/**
 * @brief The whole state in one line for people, such as `every row stamped before 2024-05-01 10:02:07.123+00 is
 * loaded; 1 transaction was still open`.
 * @param watermark  a watermark, or NULL (returns `""`)
 * @return borrowed until the watermark is read again; `""` when there is no memory for it
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_describe(incload_watermark *watermark);

/**
 * @brief How exact the watermark is: `"EXACT"`, `"EXACT_IF_STAMPED"`, `"BEST_EFFORT"`, or `""`.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 * @return borrowed
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_level(const incload_watermark *watermark);

/**
 * @brief How often it was changed; 0 for never.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_watermark_version(const incload_watermark *watermark);

/**
 * @brief When it was changed last, in microseconds since 1970 UTC, by the clock of the process that did it; 0 for
 * never.
 * @param watermark  a watermark, or NULL (returns NULL, `""` or 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_watermark_updated_us(const incload_watermark *watermark);

/**
 * @brief Move it by hand: the next load reads from there.
 * @param watermark  a watermark
 * @param value  a cursor value in the source's own text; rows at or past it will be read
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Whether the value is one of the cursor's type is checked by the source when the next load reads.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_BUSY (it changed since it was read: refresh, look, and decide again), and
 * errors of the server.
 * Threads: one at a time. Blocking: a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_watermark_set(incload_watermark *watermark, const char *value, incload_error **err);

/**
 * @brief Forget it: the next load starts from the beginning. The history stays.
 * @param watermark  a watermark
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * With rows in the target, the next load asks what to do about them: see the option `missing_state`.
 *
 * Errors: #INCLOAD_E_BUSY (it changed since it was read), and errors of the server.
 * Threads: one at a time. Blocking: a few statements. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_watermark_reset(incload_watermark *watermark, incload_error **err);

/**
 * @brief How many changes the ledger holds for this load, this moment's included; reads them.
 * @param watermark  a watermark
 * @param err  where the error goes; may be NULL
 * @return 0 to 1000 (the latest 1000), or a negative error code
 *
 * Errors: errors of the server.
 * Threads: one at a time. Blocking: one query. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_watermark_history_count(incload_watermark *watermark, incload_error **err);

/**
 * @brief The value it had.
 * @param watermark  a watermark of which incload_watermark_history_count() was asked
 * @param index  0 (the latest) to the count - 1
 * @return borrowed until the count is asked again; NULL for a reset, or past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_history_value(const incload_watermark *watermark, int32_t index);

/**
 * @brief The version it had.
 * @param watermark  a watermark of which incload_watermark_history_count() was asked
 * @param index  0 (the latest) to the count - 1
 * @return 0 past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_watermark_history_version(const incload_watermark *watermark, int32_t index);

/**
 * @brief When it was set, in microseconds since 1970 UTC.
 * @param watermark  a watermark of which incload_watermark_history_count() was asked
 * @param index  0 (the latest) to the count - 1
 * @return 0 past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_watermark_history_time_us(const incload_watermark *watermark, int32_t index);

/**
 * @brief The run that set it, `"host"` when it was moved by hand.
 * @param watermark  a watermark of which incload_watermark_history_count() was asked
 * @param index  0 (the latest) to the count - 1
 * @return borrowed; NULL past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_history_run_id(const incload_watermark *watermark, int32_t index);

/**
 * @brief All loads that have a watermark in a database.
 * @param target  a database
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: as incload_watermark_open().
 * Threads: any. Blocking: up to `connect_timeout` and a query. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_watermark_list *incload_watermark_list_new(incload_database *target, incload_error **err);

/**
 * @brief Free a list.
 * @param list  a list, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_watermark_list_unref(incload_watermark_list *list);

/**
 * @brief How many loads the list holds.
 * @param list  a list, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_watermark_list_count(const incload_watermark_list *list);

/**
 * @brief The name of a load.
 * @param list  a list
 * @param index  0 to the count - 1
 * @return borrowed; NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_list_load(const incload_watermark_list *list, int32_t index);

/**
 * @brief Its value.
 * @param list  a list
 * @param index  0 to the count - 1
 * @return borrowed; NULL when it has none, or past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_watermark_list_value(const incload_watermark_list *list, int32_t index);

INCLOAD_END_DECLS

#endif /* INCLOAD_WATERMARK_H */

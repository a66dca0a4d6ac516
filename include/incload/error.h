/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file error.h
 * @brief The error object: immutable, self-contained, and free to move between threads.
 *
 * An error carries what was being done, to which object, what the server said, and what to do next. It never holds a
 * secret and, by default, no row data.
 */
#ifndef INCLOAD_ERROR_H
#define INCLOAD_ERROR_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Take another reference.
 * @param error  an error, or NULL (returns NULL)
 * @return the same error
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_error *incload_error_ref(incload_error *error);

/**
 * @brief Give a reference back; the last one frees the error.
 * @param error  an error, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_error_unref(incload_error *error);

/**
 * @brief The status code, one of `INCLOAD_E_...`.
 * @param error  an error, or NULL (returns #INCLOAD_OK)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_error_code(const incload_error *error);

/**
 * @brief The code's name, such as `"INCLOAD_E_CONFLICT"`.
 * @param error  an error, or NULL (returns `"INCLOAD_OK"`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_name(const incload_error *error);

/**
 * @brief One line for the person who reads it at night: what was done, to which object, what to do next.
 * @param error  an error, or NULL (returns `""`)
 * @return borrowed from the error
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_message(const incload_error *error);

/**
 * @brief The server's SQLSTATE, five characters, or `""`.
 * @param error  an error, or NULL (returns `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_sqlstate(const incload_error *error);

/**
 * @brief The driver's or server's own error number (MariaDB 1213, SQLite 5, ...), or 0.
 * @param error  an error, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_error_native_code(const incload_error *error);

/**
 * @brief 1 if running the same thing again may succeed without anyone changing anything, else 0.
 * @param error  an error, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_error_is_retryable(const incload_error *error);

/**
 * @brief The step in which it happened, or `""`.
 * @param error  an error, or NULL (returns `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_step(const incload_error *error);

/**
 * @brief The unit of the step in which it happened, or `""`.
 * @param error  an error, or NULL (returns `""`)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_unit(const incload_error *error);

/**
 * @brief How many details the error holds: further facts as key and value, such as `"table"` or `"constraint"`.
 * @param error  an error, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_error_detail_count(const incload_error *error);

/**
 * @brief The key of detail `index`, or NULL when there is none.
 * @param error  an error, or NULL (returns NULL)
 * @param index  0 to incload_error_detail_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_detail_key(const incload_error *error, int32_t index);

/**
 * @brief The value of detail `index`, or NULL when there is none.
 * @param error  an error, or NULL (returns NULL)
 * @param index  0 to incload_error_detail_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_error_detail_value(const incload_error *error, int32_t index);

/**
 * @brief The error beneath this one, or NULL.
 * @param error  an error, or NULL (returns NULL)
 * @return borrowed from the error
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const incload_error *incload_error_cause(const incload_error *error);

/**
 * @brief How many status codes the library knows, success included: for bindings that make their own tables.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_status_count(void);

/**
 * @brief The status code at `index`, or #INCLOAD_OK past the end.
 * @param index  0 to incload_status_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_status_code(int32_t index);

/**
 * @brief The name of a status code, such as `"INCLOAD_E_BUSY"`, or `"INCLOAD_E_?"` for a number that is none.
 * @param code  a status code
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_status_name(int32_t code);

INCLOAD_END_DECLS

#endif /* INCLOAD_ERROR_H */

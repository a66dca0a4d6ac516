/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file base.h
 * @brief Status codes, versions, and the words every other header uses.
 *
 * Conventions that hold for the whole library, so that no declaration repeats them:
 *
 * - **Sticky errors.** The last parameter of a fallible function is `incload_error **err`. It may be NULL. A call that
 *   finds `*err` already set does nothing and returns at once: NULL for a constructor, that error's code otherwise.
 * - **NULL handles.** A handle that is NULL is accepted where `*err` is set; otherwise it is #INCLOAD_E_INVALID.
 * - **Strings** are UTF-8, NUL-terminated, and copied when passed in. A returned `const char *` is borrowed: it
 *   lives as
 *   long as the object it was asked of, unless said otherwise.
 * - **Handles** are reference counted with atomic counters. `_unref(NULL)` does nothing. `_unref` never blocks on a
 *   server and never calls a process function. A child holds its parent: release in any order.
 * - **Callbacks** come as `fn, user_data, destroy`. `destroy(user_data)` is called exactly once, also when the
 *   registering
 *   call fails, from any thread, never under a lock of the library. It may be NULL.
 * - **Threads.** "Any thread" means concurrent calls are safe. "One thread at a time" means the object may move between
 *   threads but calls on it must not overlap.
 * - **Time.** Durations are milliseconds (`_ms`), instants are microseconds since 1970-01-01T00:00:00Z (`_us`).
 */
#ifndef INCLOAD_BASE_H
#define INCLOAD_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define INCLOAD_BEGIN_DECLS extern "C" {
#define INCLOAD_END_DECLS }
#else
#define INCLOAD_BEGIN_DECLS
#define INCLOAD_END_DECLS
#endif

#if defined(__GNUC__)
#define INCLOAD_API __attribute__((visibility("default")))
#else
#define INCLOAD_API
#endif

/** The version of these headers. The library's own is incload_version(). @since 0.1 */
#define INCLOAD_VERSION_MAJOR 0
#define INCLOAD_VERSION_MINOR 1
#define INCLOAD_VERSION_PATCH 0

/** Status codes: 0 is success, errors are negative and never renumbered. @since 0.1 */
enum {
    INCLOAD_OK = 0,
    INCLOAD_E_INVALID = -1,         /**< an argument or option is wrong; the message names it */
    INCLOAD_E_NO_MEMORY = -2,       /**< an allocation failed */
    INCLOAD_E_STATE = -3,           /**< the object is not in a state that allows the call */
    INCLOAD_E_UNKNOWN_OPTION = -4,  /**< no option of that name; the message names the nearest */
    INCLOAD_E_UNSUPPORTED = -5,     /**< this build, server or driver cannot do it; the message says what can */
    INCLOAD_E_FORKED = -6,          /**< the handle belongs to the parent process */
    INCLOAD_E_CONNECT = -10,        /**< no connection: unreachable, refused or lost */
    INCLOAD_E_AUTH = -11,           /**< the server refused the user or password */
    INCLOAD_E_PERMISSION = -12,     /**< the user may not do that */
    INCLOAD_E_TIMEOUT = -13,        /**< a deadline passed */
    INCLOAD_E_CANCELLED = -14,      /**< the host cancelled */
    INCLOAD_E_CONFLICT = -15,       /**< deadlock, serialization failure or lock timeout: a retry may succeed */
    INCLOAD_E_BUSY = -16,           /**< another run holds or has moved the watermark */
    INCLOAD_E_NOT_FOUND = -20,      /**< no such table, column, load or object */
    INCLOAD_E_EXISTS = -21,         /**< it exists already, or is not the library's own */
    INCLOAD_E_TYPE = -22,           /**< a type cannot be held by the other side */
    INCLOAD_E_DATA = -23,           /**< a value cannot be held exactly; nothing was changed */
    INCLOAD_E_CONSTRAINT = -24,     /**< a constraint of the target refused a row */
    INCLOAD_E_NULL_CURSOR = -25,    /**< rows without a cursor position, and the policy is to refuse them */
    INCLOAD_E_STATE_MISSING = -26,  /**< the target has rows but no watermark is recorded; the message names remedies */
    INCLOAD_E_SQL = -27,            /**< the server refused a statement for another reason; see sqlstate */
    INCLOAD_E_PROTOCOL = -28,       /**< the server or driver answered something impossible */
    INCLOAD_E_COMMIT_UNKNOWN = -29, /**< the wire broke inside COMMIT and the ledger could not be read */
    INCLOAD_E_CALLBACK = -30,       /**< a process function failed */
    INCLOAD_E_INTERNAL = -31,       /**< a broken invariant inside the library: please report */
    INCLOAD_E_CHECK = -32           /**< a guard or check refused the staged rows; nothing was published */
};

/** What a process function returns for success. Anything else, 0 included, is a failure. @since 0.1 */
enum { INCLOAD_DONE = 0x1C0AD };

/** How a callback's user data is given back. Called exactly once, from any thread. @since 0.1 */
typedef void (*incload_destroy_fn)(void *user_data);

typedef struct incload_error incload_error;
typedef struct incload_context incload_context;
typedef struct incload_database incload_database;
typedef struct incload_call incload_call;
typedef struct incload_strategy incload_strategy;
typedef struct incload_verification incload_verification;
typedef struct incload_watermark incload_watermark;
typedef struct incload_watermark_list incload_watermark_list;
typedef struct incload_step incload_step;
typedef struct incload_run incload_run;
typedef struct incload_unit incload_unit;
typedef struct incload_batch incload_batch;
typedef struct incload_event incload_event;
typedef struct incload_mock incload_mock;
typedef struct incload_recommendation incload_recommendation;
typedef struct incload_plan incload_plan;
typedef struct incload_lint incload_lint;
typedef struct incload_pipeline incload_pipeline;
typedef struct incload_backfill_plan incload_backfill_plan;
typedef struct incload_history incload_history;
typedef struct incload_unit_history incload_unit_history;
typedef struct incload_changes incload_changes;
typedef struct incload_debezium incload_debezium;
typedef struct incload_stream incload_stream;
typedef struct incload_change incload_change;
typedef struct incload_capture incload_capture;

#endif /* INCLOAD_BASE_H */

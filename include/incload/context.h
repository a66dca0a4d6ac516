/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file context.h
 * @brief What a host may lend the library: memory, clocks, randomness; and the queue of events.
 */
#ifndef INCLOAD_CONTEXT_H
#define INCLOAD_CONTEXT_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** A host's allocator. Set `struct_size` to sizeof(incload_allocator); zero the reserved members. @since 0.1 */
typedef struct incload_allocator {
    size_t struct_size;                                             /**< sizeof(incload_allocator) */
    void *(*allocate)(size_t size, void *user_data);                /**< as malloc, any thread; size > 0 */
    void *(*reallocate)(void *block, size_t size, void *user_data); /**< as realloc, any thread; size > 0 */
    void (*release)(void *block, void *user_data);                  /**< as free, any thread; block not NULL */
    void *reserved[4];                                              /**< NULL */
} incload_allocator;

/** A host's clocks, for tests that replay time. @since 0.1 */
typedef struct incload_clock {
    size_t struct_size;                        /**< sizeof(incload_clock) */
    int64_t (*monotonic_us)(void *user_data);  /**< microseconds that never go back; any thread */
    int64_t (*wall_us)(void *user_data);       /**< microseconds since 1970-01-01T00:00:00Z; any thread */
    void *reserved[4];                         /**< NULL */
} incload_clock;

/** 64 uniformly random bits; any thread. @since 0.1 */
typedef uint64_t (*incload_random_fn)(void *user_data);

/**
 * @brief A context with the process's memory, clocks and randomness.
 * @param options  `key=value` pairs of the object `"context"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * A host that needs nothing of this makes no context: each object then brings its own. Objects that shall share one
 * event queue are made in one context.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_context *incload_context_new(const char *options, incload_error **err);

/**
 * @brief Take another reference.
 * @param context  a context, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_context *incload_context_ref(incload_context *context);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param context  a context, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_context_unref(incload_context *context);

/**
 * @brief Lend an allocator: all memory of objects made in this context from now on comes from it. Error objects use
 * malloc.
 * @param context  a context nothing was made in yet
 * @param allocator  copied; all three functions are needed
 * @param user_data  handed to the functions
 * @param destroy  called when the context is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID (a member is missing, or the size is unknown), #INCLOAD_E_STATE (something was made in
 * the context).
 * Threads: one at a time. Blocking: never. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_context_set_allocator(incload_context *context, const incload_allocator *allocator, void
                                                  *user_data, incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Lend clocks: deadlines and recorded times of objects made in this context follow them.
 * @param context  a context nothing was made in yet
 * @param clock  copied; both functions are needed
 * @param user_data  handed to the functions
 * @param destroy  called when the context is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE.
 * Threads: one at a time. Blocking: never. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_context_set_clock(incload_context *context, const incload_clock *clock, void *user_data,
                                              incload_destroy_fn destroy, incload_error **err);

/**
 * @brief Lend randomness: run ids and names of temporary objects come from it.
 * @param context  a context nothing was made in yet
 * @param random  the function
 * @param user_data  handed to the function
 * @param destroy  called when the context is freed, or at once on failure; may be NULL
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE.
 * Threads: one at a time. Blocking: never. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_context_set_random(incload_context *context, incload_random_fn random, void *user_data,
                                               incload_destroy_fn destroy, incload_error **err);

/**
 * @brief The oldest event of the runs in this context.
 * @param context  a context
 * @param timeout_ms  how long to wait for one; 0 does not wait, negative waits for ever
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL when none came in time or on an error
 *
 * The queue is bounded (option `events`). When it is full, progress events are dropped first: the counters of the
 * run itself are always right.
 *
 * Errors: #INCLOAD_E_INVALID.
 * Threads: any. Blocking: up to the timeout. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_event *incload_context_next_event(incload_context *context, int64_t timeout_ms, incload_error
                                                      **err);

/**
 * @brief A file descriptor that is readable while events wait: for poll(), asyncio, libuv, Go's netpoller.
 * @param context  a context
 * @param err  where the error goes; may be NULL
 * @return a descriptor owned by the context (never read or close it), or a negative error code
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_STATE (the system gave no descriptor).
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_context_event_fd(incload_context *context, incload_error **err);

/**
 * @brief Calls into database drivers that did not return by their deadline and have not come back yet.
 * @param context  a context; NULL gives 0
 * @return how many there are now
 *
 * An ODBC call on a server that is frozen or silent may not return for hours, and nothing can end it. The library then
 * leaves it behind: the run ends on time with #INCLOAD_E_TIMEOUT, #INCLOAD_E_CANCELLED or #INCLOAD_E_COMMIT_UNKNOWN,
 * the connection is given up, and a thread of the library waits for the call. When it returns the thread frees
 * everything and ends, and the number goes down. An event of kind #INCLOAD_EVENT_NOTICE tells of both. Each such call
 * holds one thread, one connection and a reference to the context, so what the host lent to that must stay usable
 * until its `destroy` is called; a process may exit meanwhile. Over libpq only the look-up of a host's name and a
 * request to cancel can be left behind.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_context_abandoned_calls(const incload_context *context);

/**
 * @brief The library's version, such as `"0.1.0"`.
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_version(void);

/**
 * @brief The library's version as major * 1,000,000 + minor * 1,000 + patch.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_version_number(void);

/**
 * @brief 1 if this build holds a driver, else 0.
 * @param driver  `"libpq"`, `"odbc"` or `"mock"`; NULL gives 0
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_has_driver(const char *driver);

INCLOAD_END_DECLS

#endif /* INCLOAD_CONTEXT_H */

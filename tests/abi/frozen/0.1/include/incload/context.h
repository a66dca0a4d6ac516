/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_CONTEXT_H
#define INCLOAD_CONTEXT_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
typedef struct incload_allocator {
    size_t struct_size;
    void *(*allocate)(size_t size, void *user_data);
    void *(*reallocate)(void *block, size_t size, void *user_data);
    void (*release)(void *block, void *user_data);
    void *reserved[4];
} incload_allocator;
typedef struct incload_clock {
    size_t struct_size;
    int64_t (*monotonic_us)(void *user_data);
    int64_t (*wall_us)(void *user_data);
    void *reserved[4];
} incload_clock;
typedef uint64_t (*incload_random_fn)(void *user_data);
INCLOAD_API incload_context *incload_context_new(const char *options, incload_error **err);
INCLOAD_API incload_context *incload_context_ref(incload_context *context);
INCLOAD_API void incload_context_unref(incload_context *context);
INCLOAD_API int32_t incload_context_set_allocator(incload_context *context, const incload_allocator *allocator, void
                                                  *user_data, incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_context_set_clock(incload_context *context, const incload_clock *clock, void *user_data,
                                              incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_context_set_random(incload_context *context, incload_random_fn random, void *user_data,
                                               incload_destroy_fn destroy, incload_error **err);
INCLOAD_API incload_event *incload_context_next_event(incload_context *context, int64_t timeout_ms, incload_error
                                                      **err);
INCLOAD_API int32_t incload_context_event_fd(incload_context *context, incload_error **err);
INCLOAD_API int64_t incload_context_abandoned_calls(const incload_context *context);
INCLOAD_API const char *incload_version(void);
INCLOAD_API int32_t incload_version_number(void);
INCLOAD_API int32_t incload_has_driver(const char *driver);
INCLOAD_END_DECLS
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_STREAM_H
#define INCLOAD_STREAM_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
typedef int32_t (*incload_change_fn)(incload_change *change, void *user_data);
INCLOAD_API incload_stream *incload_stream_new(incload_database *source, incload_database *target, const char *options,
                                               incload_error **err);
INCLOAD_API incload_stream *incload_stream_ref(incload_stream *stream);
INCLOAD_API void incload_stream_unref(incload_stream *stream);
INCLOAD_API int32_t incload_stream_set_function(incload_stream *stream, incload_change_fn function, void *user_data,
                                                incload_destroy_fn destroy, incload_error **err);
INCLOAD_API int32_t incload_stream_run(incload_stream *stream, incload_error **err);
INCLOAD_API void incload_stream_stop(incload_stream *stream);
INCLOAD_API void incload_stream_cancel(incload_stream *stream);
INCLOAD_API int32_t incload_stream_remove(incload_stream *stream, incload_error **err);
INCLOAD_API incload_step *incload_step_new_stream(incload_stream *stream, const char *options, incload_error **err);
INCLOAD_API int32_t incload_stream_position(const incload_stream *stream, uint64_t *position, uint64_t *ordinal,
                                            incload_error **err);
INCLOAD_API uint64_t incload_stream_received(const incload_stream *stream);
INCLOAD_API uint64_t incload_stream_confirmed(const incload_stream *stream);
INCLOAD_API int64_t incload_stream_lag_bytes(const incload_stream *stream);
INCLOAD_API int64_t incload_stream_lag_us(const incload_stream *stream);
INCLOAD_API int64_t incload_stream_retained_bytes(const incload_stream *stream);
INCLOAD_API int32_t incload_stream_alarm(const incload_stream *stream);
INCLOAD_API int64_t incload_stream_changes(const incload_stream *stream, int32_t operation);
INCLOAD_API int64_t incload_stream_transactions(const incload_stream *stream);
INCLOAD_API int64_t incload_stream_commits(const incload_stream *stream);
INCLOAD_API int32_t incload_change_operation(const incload_change *change);
INCLOAD_API const char *incload_change_schema(const incload_change *change);
INCLOAD_API const char *incload_change_table(const incload_change *change);
INCLOAD_API int32_t incload_change_column_count(const incload_change *change);
INCLOAD_API const char *incload_change_column_name(const incload_change *change, int32_t index);
INCLOAD_API const char *incload_change_value(const incload_change *change, int32_t index, int64_t *length);
INCLOAD_API const char *incload_change_old_value(const incload_change *change, int32_t index, int64_t *length);
INCLOAD_API int32_t incload_change_set_value(incload_change *change, int32_t index, const char *value,
                                             incload_error **err);
INCLOAD_API int32_t incload_change_position(const incload_change *change, uint64_t *position, uint64_t *ordinal,
                                            incload_error **err);
INCLOAD_API int64_t incload_change_committed_us(const incload_change *change);
INCLOAD_END_DECLS
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What Go cannot say by itself: functions of C that hand the library a Go function, known by the number of its handle.
 * The library calls a function of C, which calls the exported function of Go. */
#ifndef INCLOAD_GO_GLUE_H
#define INCLOAD_GO_GLUE_H

#include <stdint.h>
#include <stdlib.h>

#include <incload/incload.h>

#if INCLOAD_VERSION_MAJOR == 0 && INCLOAD_VERSION_MINOR < 1
#error "this package needs libincload 0.1 or newer"
#endif

incload_step *incload_go_function(uintptr_t user, incload_error **err);
incload_step *incload_go_backfill(const char *from, const char *through, const char *options, uintptr_t user,
                                  incload_error **err);
incload_step *incload_go_backfill_between(const char *from, const char *to, const char *options, uintptr_t user,
                                          incload_error **err);
incload_step *incload_go_backfill_keys(char **keys, int32_t count, const char *options, uintptr_t user,
                                       incload_error **err);
incload_step *incload_go_changes_step(incload_changes *changes, const char *options, uintptr_t user,
                                      incload_error **err);
int32_t incload_go_set_batch_function(incload_step *step, uintptr_t user, incload_error **err);
int32_t incload_go_set_check_function(incload_step *step, uintptr_t user, incload_error **err);
int32_t incload_go_set_condition(incload_pipeline *pipeline, const char *step, uintptr_t user, incload_error **err);
int32_t incload_go_set_change_function(incload_stream *stream, uintptr_t user, incload_error **err);
incload_debezium *incload_go_debezium(incload_database *source, const char *table, const char *options, uintptr_t user,
                                      incload_error **err);
incload_debezium *incload_go_debezium_for(const char *table, struct ArrowSchema *schema, const char *options,
                                          uintptr_t user, incload_error **err);
int32_t incload_go_watch(incload_run *run, const char *options, uintptr_t user, incload_error **err);
int32_t incload_go_report(const incload_run *run, const char *format, const char *options, uintptr_t user,
                          incload_error **err);
int32_t incload_go_render(incload_pipeline *pipeline, const char *format, const char *options, uintptr_t user,
                          incload_error **err);

/* Does the work of a run on the calling thread, whose callbacks are then told the number. */
int32_t incload_go_participate(incload_run *run, uintptr_t by, incload_error **err);

/* Texts of C: `const` is lost on the way through Go. */
int32_t incload_go_set_keys(incload_step *step, char **keys, int32_t count, incload_error **err);
int32_t incload_go_push(incload_changes *changes, int32_t operation, char **names, char **values, int32_t count,
                        uint64_t position, uint64_t ordinal, incload_error **err);
int32_t incload_go_push_update(incload_changes *changes, char **old_names, char **old_values, int32_t old_count,
                               char **names, char **values, int32_t count, uint64_t position, uint64_t ordinal,
                               incload_error **err);

int32_t incload_go_debezium_write(incload_debezium *debezium, int32_t operation, char **old_names, char **old_values,
                                  int32_t old_count, char **names, char **values, int32_t count, uint64_t position,
                                  uint64_t ordinal, int64_t committed_us, incload_error **err);

/* Arrow's structures, whose functions Go cannot call. */
void incload_go_release(struct ArrowSchema *schema, struct ArrowArray *array);
int32_t incload_go_next_array(struct ArrowArrayStream *stream, struct ArrowArray *array);
int32_t incload_go_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema);
const char *incload_go_stream_error(struct ArrowArrayStream *stream);
/* A query whose stream tells when it is released; so it does on failure. */
int32_t incload_go_query(incload_call *call, const char *sql, struct ArrowArrayStream *out, uintptr_t user,
                         incload_error **err);
void incload_go_release_stream(struct ArrowArrayStream *stream);

/* Puts one column of a batch in the place of another; its buffers stay the caller's. */
int32_t incload_go_replace_column(incload_batch *batch, int32_t index, const char *format, int64_t null_count,
                                  void **buffers, int32_t buffer_count, incload_error **err);

#endif /* INCLOAD_GO_GLUE_H */

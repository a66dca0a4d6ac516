/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_CHANGES_H
#define INCLOAD_CHANGES_H
#include <incload/arrow.h>
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_CHANGE_INSERT = 1,
    INCLOAD_CHANGE_UPDATE = 2,
    INCLOAD_CHANGE_DELETE = 3,
    INCLOAD_CHANGE_TRUNCATE = 4,
    INCLOAD_CHANGE_READ = 5,
    INCLOAD_CHANGE_TOMBSTONE = 6
};
typedef int32_t (*incload_changes_fetch_fn)(incload_changes *changes, incload_unit *unit, void *user_data);
INCLOAD_API incload_changes *incload_changes_new(incload_database *target, const char *table, const char *options,
                                                 incload_error **err);
INCLOAD_API incload_changes *incload_changes_new_group(incload_database *target, const char *name, const char *options,
                                                       incload_error **err);
INCLOAD_API incload_changes *incload_changes_add_table(incload_changes *group, const char *table, const char *options,
                                                       incload_error **err);
INCLOAD_API incload_changes *incload_changes_ref(incload_changes *changes);
INCLOAD_API void incload_changes_unref(incload_changes *changes);
INCLOAD_API int32_t incload_changes_push(incload_changes *changes, int32_t operation, const char *const *names,
                                         const char *const *values, int32_t count, uint64_t position, uint64_t ordinal,
                                         incload_error **err);
INCLOAD_API int32_t incload_changes_push_update(incload_changes *changes, const char *const *old_names,
                                                const char *const *old_values, int32_t old_count,
                                                const char *const *names, const char *const *values, int32_t count,
                                                uint64_t position, uint64_t ordinal, incload_error **err);
INCLOAD_API int32_t incload_changes_push_debezium(incload_changes *changes, const char *key, const char *value,
                                                  uint64_t position, uint64_t ordinal, incload_error **err);
INCLOAD_API int32_t incload_changes_push_batch(incload_changes *changes, struct ArrowSchema *schema,
                                               struct ArrowArray *array, const char *options, incload_error **err);
INCLOAD_API int32_t incload_changes_commit(incload_changes *changes, incload_error **err);
INCLOAD_API void incload_changes_discard(incload_changes *changes);
INCLOAD_API void incload_changes_cancel(incload_changes *changes);
INCLOAD_API int32_t incload_changes_position(incload_changes *changes, uint64_t *position, uint64_t *ordinal,
                                             incload_error **err);
INCLOAD_API int64_t incload_changes_pending(const incload_changes *changes);
INCLOAD_API int64_t incload_changes_applied(const incload_changes *changes);
INCLOAD_API int64_t incload_changes_skipped(const incload_changes *changes);
INCLOAD_API int64_t incload_changes_rows_written(const incload_changes *changes);
INCLOAD_API int64_t incload_changes_rows_deleted(const incload_changes *changes);
INCLOAD_API incload_step *incload_step_new_changes(incload_changes *changes, const char *options,
                                                   incload_changes_fetch_fn fetch, void *user_data,
                                                   incload_destroy_fn destroy, incload_error **err);
INCLOAD_END_DECLS
#endif

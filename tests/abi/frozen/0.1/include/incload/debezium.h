/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_DEBEZIUM_H
#define INCLOAD_DEBEZIUM_H
#include <incload/arrow.h>
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
typedef int32_t (*incload_debezium_fn)(const char *key, size_t key_size, const char *value, size_t value_size,
                                       void *user_data);
INCLOAD_API incload_debezium *incload_debezium_new(incload_database *source, const char *table, const char *options,
                                                   incload_debezium_fn function, void *user_data,
                                                   incload_destroy_fn destroy, incload_error **err);
INCLOAD_API incload_debezium *incload_debezium_new_for(incload_context *context, const char *table,
                                                       struct ArrowSchema *schema, const char *options,
                                                       incload_debezium_fn function, void *user_data,
                                                       incload_destroy_fn destroy, incload_error **err);
INCLOAD_API incload_debezium *incload_debezium_ref(incload_debezium *debezium);
INCLOAD_API void incload_debezium_unref(incload_debezium *debezium);
INCLOAD_API int32_t incload_debezium_write(incload_debezium *debezium, int32_t operation, const char *const *old_names,
                                           const char *const *old_values, int32_t old_count, const char *const *names,
                                           const char *const *values, int32_t count, uint64_t position,
                                           uint64_t ordinal, int64_t committed_us, incload_error **err);
INCLOAD_API const char *incload_debezium_topic(const incload_debezium *debezium);
INCLOAD_API const char *incload_debezium_header_name(const incload_debezium *debezium);
INCLOAD_API const char *incload_debezium_header_value(const incload_debezium *debezium);
INCLOAD_END_DECLS
#endif

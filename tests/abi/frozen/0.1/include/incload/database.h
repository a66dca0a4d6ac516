/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_DATABASE_H
#define INCLOAD_DATABASE_H
#include <incload/base.h>
#include <incload/arrow.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_database *incload_database_new(const char *url, const char *options, incload_error **err);
INCLOAD_API incload_database *incload_database_new_in(incload_context *context, const char *url, const char *options,
                                                      incload_error **err);
INCLOAD_API incload_database *incload_database_new_arrow(incload_context *context, struct ArrowArrayStream *stream,
                                                         const char *options, incload_error **err);
INCLOAD_API incload_database *incload_database_ref(incload_database *database);
INCLOAD_API void incload_database_unref(incload_database *database);
INCLOAD_API int32_t incload_database_set(incload_database *database, const char *name, const char *value,
                                         incload_error **err);
INCLOAD_API int32_t incload_database_check(incload_database *database, incload_error **err);
INCLOAD_API const char *incload_database_dialect(incload_database *database, incload_error **err);
INCLOAD_API int32_t incload_database_execute(incload_database *database, const char *sql, int64_t *rows, incload_error
                                             **err);
INCLOAD_API int32_t incload_database_query(incload_database *database, const char *sql, struct ArrowArrayStream *out,
                                           incload_error **err);
INCLOAD_END_DECLS
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_CALL_H
#define INCLOAD_CALL_H
#include <incload/arrow.h>
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_call *incload_call_new(incload_database *database, incload_error **err);
INCLOAD_API incload_call *incload_call_ref(incload_call *call);
INCLOAD_API void incload_call_unref(incload_call *call);
INCLOAD_API int32_t incload_call_check(incload_call *call, incload_error **err);
INCLOAD_API int32_t incload_call_execute(incload_call *call, const char *sql, int64_t *rows, incload_error **err);
INCLOAD_API int32_t incload_call_query(incload_call *call, const char *sql, struct ArrowArrayStream *out,
                                       incload_error **err);
INCLOAD_API void incload_call_cancel(incload_call *call);
INCLOAD_END_DECLS
#endif

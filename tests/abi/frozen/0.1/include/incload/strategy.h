/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_STRATEGY_H
#define INCLOAD_STRATEGY_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
INCLOAD_API incload_strategy *incload_strategy_new(const char *preset, const char *options, incload_error **err);
INCLOAD_API incload_strategy *incload_strategy_new_in(incload_context *context, const char *preset, const char
                                                      *options, incload_error **err);
INCLOAD_API incload_strategy *incload_strategy_ref(incload_strategy *strategy);
INCLOAD_API void incload_strategy_unref(incload_strategy *strategy);
INCLOAD_API int32_t incload_strategy_set(incload_strategy *strategy, const char *name, const char *value,
                                         incload_error **err);
INCLOAD_API const char *incload_strategy_get(const incload_strategy *strategy, const char *name);
INCLOAD_END_DECLS
#endif

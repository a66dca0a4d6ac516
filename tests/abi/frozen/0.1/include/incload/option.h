/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_OPTION_H
#define INCLOAD_OPTION_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum {
    INCLOAD_OPTION_TEXT = 1,
    INCLOAD_OPTION_INTEGER = 2,
    INCLOAD_OPTION_BOOLEAN = 3,
    INCLOAD_OPTION_CHOICE = 4,
    INCLOAD_OPTION_DURATION = 5,
    INCLOAD_OPTION_LIST = 6
};
INCLOAD_API int32_t incload_option_object_count(void);
INCLOAD_API const char *incload_option_object(int32_t object);
INCLOAD_API int32_t incload_option_count(const char *object);
INCLOAD_API const char *incload_option_name(const char *object, int32_t index);
INCLOAD_API int32_t incload_option_type(const char *object, int32_t index);
INCLOAD_API const char *incload_option_default(const char *object, int32_t index);
INCLOAD_API int64_t incload_option_minimum(const char *object, int32_t index);
INCLOAD_API int64_t incload_option_maximum(const char *object, int32_t index);
INCLOAD_API const char *incload_option_unit(const char *object, int32_t index);
INCLOAD_API const char *incload_option_choices(const char *object, int32_t index);
INCLOAD_API const char *incload_option_since(const char *object, int32_t index);
INCLOAD_API const char *incload_option_description(const char *object, int32_t index);
INCLOAD_END_DECLS
#endif

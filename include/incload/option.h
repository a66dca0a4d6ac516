/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file option.h
 * @brief Asking the library about its own options: one table drives parsing, checks, this, and doc/options.md.
 */
#ifndef INCLOAD_OPTION_H
#define INCLOAD_OPTION_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** Types of an option's value. @since 0.1 */
enum {
    INCLOAD_OPTION_TEXT = 1,     /**< any text */
    INCLOAD_OPTION_INTEGER = 2,  /**< decimal digits within minimum and maximum */
    INCLOAD_OPTION_BOOLEAN = 3,  /**< true or false (also on/off, yes/no, 1/0) */
    INCLOAD_OPTION_CHOICE = 4,   /**< one of the words of incload_option_choices() */
    INCLOAD_OPTION_DURATION = 5, /**< digits and ms, s, min or h; milliseconds without a unit */
    INCLOAD_OPTION_LIST = 6      /**< names with commas between; odd ones in double quotes */
};

/**
 * @brief How many kinds of objects have options.
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_option_object_count(void);

/**
 * @brief The name of a kind of objects, such as `"strategy"`, or NULL past the end.
 * @param object  0 to incload_option_object_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_object(int32_t object);

/**
 * @brief How many options such an object has; 0 for a name that is no object.
 * @param object  `"context"`, `"database"`, `"strategy"`, `"step"` or `"run"`; NULL gives 0
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_option_count(const char *object);

/**
 * @brief The name of an option.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return static text, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_name(const char *object, int32_t index);

/**
 * @brief The type of its value.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return one of `INCLOAD_OPTION_...`, or 0 past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_option_type(const char *object, int32_t index);

/**
 * @brief Its value when none is set.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return static text, `""` for none, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_default(const char *object, int32_t index);

/**
 * @brief The least value of an integer or duration (in milliseconds); else 0.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_option_minimum(const char *object, int32_t index);

/**
 * @brief The greatest value of an integer or duration (in milliseconds); else 0.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_option_maximum(const char *object, int32_t index);

/**
 * @brief The unit of the value, such as `"rows"`.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return static text, `""` for none, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_unit(const char *object, int32_t index);

/**
 * @brief The words a choice can be, with spaces between.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return static text, `""` for other types, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_choices(const char *object, int32_t index);

/**
 * @brief The first version that knows the option.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return static text, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_since(const char *object, int32_t index);

/**
 * @brief What the option does, in a sentence or two.
 * @param object  as for incload_option_count()
 * @param index  0 to incload_option_count() - 1
 * @return static text, or NULL past the end
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_option_description(const char *object, int32_t index);

INCLOAD_END_DECLS

#endif /* INCLOAD_OPTION_H */

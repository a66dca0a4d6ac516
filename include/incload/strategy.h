/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file strategy.h
 * @brief A load strategy: which rows are read (window), how they land (write), and by which columns.
 */
#ifndef INCLOAD_STRATEGY_H
#define INCLOAD_STRATEGY_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief A strategy from a preset and options.
 * @param preset  `"timestamp"` (rows past the watermark, merged by key), `"upsert"` (all rows, merged by key),
 *   `"append"` (all rows, inserted), `"full_refresh"` (all rows, in place of all that were there), `"interval"` (rows
 *   of one interval of the cursor, in place of those that were there), `"swap"` (all rows, in a new table that takes
 *   the target's place) or `"history"` (all rows, each change as a version of its own)
 * @param options  `key=value` pairs of the object `"strategy"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Whether the options fit together and the columns exist is checked when a load starts, all at once. A strategy may
 * serve many steps; it can be changed until the first of them starts.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_strategy *incload_strategy_new(const char *preset, const char *options, incload_error **err);

/**
 * @brief As incload_strategy_new(), in a context of the host.
 * @param context  a context
 * @param preset  as for incload_strategy_new()
 * @param options  as for incload_strategy_new()
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Errors: as incload_strategy_new().
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_strategy *incload_strategy_new_in(incload_context *context, const char *preset, const char
                                                      *options, incload_error **err);

/**
 * @brief Take another reference.
 * @param strategy  a strategy, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_strategy *incload_strategy_ref(incload_strategy *strategy);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param strategy  a strategy, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_strategy_unref(incload_strategy *strategy);

/**
 * @brief Set one option.
 * @param strategy  a strategy no load was started with yet
 * @param name  an option of the object `"strategy"`
 * @param value  its value as text
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_INVALID, #INCLOAD_E_STATE (a load was started with it),
 * #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_strategy_set(incload_strategy *strategy, const char *name, const char *value,
                                         incload_error **err);

/**
 * @brief The value of one option as text.
 * @param strategy  a strategy, or NULL (returns NULL)
 * @param name  an option of the object `"strategy"`
 * @return borrowed, valid until the option is set again; NULL for a name that is no option
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_strategy_get(const incload_strategy *strategy, const char *name);

INCLOAD_END_DECLS

#endif /* INCLOAD_STRATEGY_H */

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file unit.h
 * @brief A unit: the part of a step that commits or fails as a whole.
 */
#ifndef INCLOAD_UNIT_H
#define INCLOAD_UNIT_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief What it covers, for people: a table, a day.
 * @param unit  a unit, or NULL (returns `""` or 0)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_label(const incload_unit *unit);

/**
 * @brief The name of its step.
 * @param unit  a unit, or NULL (returns `""` or 0)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_step(const incload_unit *unit);

/**
 * @brief The id of its run.
 * @param unit  a unit, or NULL (returns `""` or 0)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_unit_run_id(const incload_unit *unit);

/**
 * @brief Which attempt this is, from 1. A retry starts the unit over: its process function sees every batch again.
 * @param unit  a unit, or NULL (returns `""` or 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_attempt(const incload_unit *unit);

/**
 * @brief 1 once the run is cancelled, out of time or has lost its lease: a long process function should then return;
 * else 0.
 * @param unit  a unit, or NULL (returns `""` or 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_is_cancelled(const incload_unit *unit);

/**
 * @brief Say why the process function is about to fail.
 * @param unit  the unit it was given
 * @param message  one line; copied; becomes part of the run's error, so keep row data and secrets out of it
 * @return 0, which the process function can return at once: it is not #INCLOAD_DONE
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_unit_fail(incload_unit *unit, const char *message);

INCLOAD_END_DECLS

#endif /* INCLOAD_UNIT_H */

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file plan.h
 * @brief A dry run: what a step would do now, statement by statement, with nothing changed.
 */
#ifndef INCLOAD_PLAN_H
#define INCLOAD_PLAN_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief What a run of this step would do if it began now.
 * @param step  a step
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * The engine itself is gone through, on connections that only look: catalogues, the watermark, who is in flight, the
 * window's bounds. Nothing is written, made or locked, and no row of the window is read; a ledger or target that is
 * missing stays missing. What a run would refuse is refused here with the same error. The statements are those that a
 * run sends, in their order, with placeholders; of pages and batches that repeat the first one stands for all.
 *
 * Errors: any that a load can meet before its rows are read, see doc/guide/errors.md; #INCLOAD_E_UNSUPPORTED for a
 * group.
 * Threads: any. Blocking: at most about the target's option `statement_timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_plan *incload_step_plan(incload_step *step, incload_error **err);

/**
 * @brief Take another reference.
 * @param plan  a plan, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_plan *incload_plan_ref(incload_plan *plan);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param plan  a plan, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_plan_unref(incload_plan *plan);

/**
 * @brief Which road the rows would take: `"same-database"`, `"relay"` or `"batches"`.
 * @param plan  a plan, or NULL (returns `""`)
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_road(const incload_plan *plan);

/**
 * @brief Why not a faster road.
 * @param plan  a plan, or NULL (returns `""`)
 * @return borrowed; `""` for the fastest
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_road_reason(const incload_plan *plan);

/**
 * @brief The watermark as it stands.
 * @param plan  a plan, or NULL (returns NULL)
 * @return borrowed; NULL when there is none
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_watermark(const incload_plan *plan);

/**
 * @brief Where the window begins: the least cursor value that is read, in the source's text.
 * @param plan  a plan, or NULL (returns NULL)
 * @return borrowed; NULL for the beginning, or where no cursor decides
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_low(const incload_plan *plan);

/**
 * @brief Where the window ends: the greatest cursor value that is read.
 * @param plan  a plan, or NULL (returns NULL)
 * @return borrowed; NULL where no cursor decides, or no row has a position
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_high(const incload_plan *plan);

/**
 * @brief How exact the load would be: `"EXACT"`, `"EXACT_IF_STAMPED"` or `"BEST_EFFORT"`.
 * @param plan  a plan, or NULL (returns `""`)
 * @return static text; `""` where no cursor decides
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_level(const incload_plan *plan);

/**
 * @brief What the level rests on, or why it is no higher.
 * @param plan  a plan, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_level_reason(const incload_plan *plan);

/**
 * @brief Where the estimate of rows comes from: `"explain"`, `"counted"` or `"not known"`.
 * @param plan  a plan, or NULL (returns `""`)
 * @return static text
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_estimate_origin(const incload_plan *plan);

/**
 * @brief Who runs this load right now, in the words of the error that a run would get.
 * @param plan  a plan, or NULL (returns NULL)
 * @return borrowed; NULL when nobody does
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_busy(const incload_plan *plan);

/**
 * @brief All of it for people; catalogue lookups are left out.
 * @param plan  a plan, or NULL (returns `""`)
 * @return borrowed; several lines
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_text(const incload_plan *plan);

/**
 * @brief All of it for programs, as one JSON object.
 * @param plan  a plan, or NULL (returns `""`)
 * @return borrowed
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_json(const incload_plan *plan);

/**
 * @brief How many rows the window has, as the source's planner estimates them (SQLite: as counted, up to a million).
 * @param plan  a plan, or NULL (returns 0)
 * @return -1 when that is not known
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_plan_estimated_rows(const incload_plan *plan);

/**
 * @brief Whether the target table would be made.
 * @param plan  a plan, or NULL (returns 0)
 * @return 1 or 0
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_plan_creates_target(const incload_plan *plan);

/**
 * @brief Whether the library's own tables would be made.
 * @param plan  a plan, or NULL (returns 0)
 * @return 1 or 0
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_plan_creates_ledger(const incload_plan *plan);

/**
 * @brief Whether nothing is new, so that no row would be read.
 * @param plan  a plan, or NULL (returns 0)
 * @return 1 or 0
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_plan_is_idle(const incload_plan *plan);

/**
 * @brief How many statements a run would send.
 * @param plan  a plan, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_plan_statement_count(const incload_plan *plan);

/**
 * @brief A statement, with placeholders.
 * @param plan  a plan, or NULL (returns NULL)
 * @param index  from 0
 * @return borrowed; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_statement(const incload_plan *plan, int32_t index);

/**
 * @brief Where a statement goes: `"source"` or `"target"`.
 * @param plan  a plan, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_statement_side(const incload_plan *plan, int32_t index);

/**
 * @brief What a statement is for: `"look"`, `"begin"`, `"create"`, `"read"`, `"write"`, `"commit"` or `"rollback"`.
 * @param plan  a plan, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_statement_purpose(const incload_plan *plan, int32_t index);

/**
 * @brief What a statement locks, in the database's own words.
 * @param plan  a plan, or NULL (returns NULL)
 * @param index  from 0
 * @return static text; `""` for nothing that others feel; NULL for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_plan_statement_lock(const incload_plan *plan, int32_t index);

/**
 * @brief How many parameters go with a statement.
 * @param plan  a plan, or NULL (returns 0)
 * @param index  from 0
 * @return 0 as well for an index that is out of range
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_plan_statement_parameters(const incload_plan *plan, int32_t index);

INCLOAD_END_DECLS

#endif /* INCLOAD_PLAN_H */

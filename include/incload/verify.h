/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file verify.h
 * @brief A verification: proves that a load's target equals its source, or tells what differs.
 *
 * Counts and 128-bit digests of the rows, cell by cell with their types, are compared range by range of the key; ranges
 * that differ are searched down to the rows. Nothing is written, and nothing is locked beyond one reading transaction
 * on each side.
 */
#ifndef INCLOAD_VERIFY_H
#define INCLOAD_VERIFY_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/** Kinds of differences. More may be added. @since 0.1 */
enum {
    INCLOAD_DIFFERENCE_MISSING = 1,   /**< the source has the row, or more copies of it than the target */
    INCLOAD_DIFFERENCE_EXTRA = 2,     /**< the target has a key, or a row, that the source does not have */
    INCLOAD_DIFFERENCE_CHANGED = 3,   /**< both have the key, with other values */
    INCLOAD_DIFFERENCE_DUPLICATED = 4 /**< the target has the key, or the row, more often than the source */
};

/**
 * @brief Verify a load on the calling thread, to the end.
 * @param step  a load; it is not changed, and takes no further changes from now on
 * @param options  `key=value` pairs of the object `"verify"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference to the finished verification, or NULL
 *
 * The same as incload_verification_new() and incload_verification_run().
 *
 * Errors: as these two.
 * Threads: any. Blocking: until both sides are read, at most the option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API incload_verification *incload_verify(incload_step *step, const char *options, incload_error **err);

/**
 * @brief A verification of a load that has not begun yet.
 * @param step  a load; it is not changed, and takes no further changes from now on
 * @param options  `key=value` pairs of the object `"verify"`, or NULL
 * @param err  where the error goes; may be NULL
 * @return a new reference, or NULL
 *
 * Source, target, columns, names and types are the step's. Rows belong together by the strategy's key, else by the
 * source's unique key; without either, whole rows are compared, and how often each is there.
 *
 * Errors: #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_NO_MEMORY; #INCLOAD_E_UNSUPPORTED for a group, and
 * for a step with a process function, since only that knows what the target should hold.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_verification *incload_verification_new(incload_step *step, const char *options, incload_error
                                                           **err);

/**
 * @brief Take another reference.
 * @param verification  a verification, or NULL (returns NULL)
 * @return the same object
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API incload_verification *incload_verification_ref(incload_verification *verification);

/**
 * @brief Give a reference back; the last one frees the object.
 * @param verification  a verification, or NULL (nothing happens)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API void incload_verification_unref(incload_verification *verification);

/**
 * @brief Carry it out on the calling thread, to the end.
 * @param verification  a verification that was not run yet
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK when both sides could be compared, whether they are equal or not; or an error code
 *
 * A target that is missing is an error, as are two sides that cannot be read: no answer is never taken for "equal".
 *
 * Errors: #INCLOAD_E_STATE (it was run already), #INCLOAD_E_NOT_FOUND (no such table or column, on either side),
 * #INCLOAD_E_TYPE and #INCLOAD_E_DATA (a value of the source that the target's column could not hold),
 * #INCLOAD_E_STATE_MISSING (window=loaded without a watermark), #INCLOAD_E_CANCELLED, #INCLOAD_E_TIMEOUT, and errors
 * of the servers.
 * Threads: one at a time, but for incload_verification_cancel(). Blocking: until both sides are read, at most the
 * option `timeout`. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_verification_run(incload_verification *verification, incload_error **err);

/**
 * @brief Ask it to stop: running SQL is interrupted, and incload_verification_run() returns #INCLOAD_E_CANCELLED.
 * @param verification  a verification, or NULL (nothing happens)
 *
 * Before the run it makes that fail at once; after it, nothing happens.
 *
 * Threads: any. Blocking: up to a moment, for the cancel to be sent. Callback-safe: no. @since 0.1
 */
INCLOAD_API void incload_verification_cancel(incload_verification *verification);

/**
 * @brief 1 when the target equals the source, 0 when it does not or the verification did not succeed.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_verification_is_equal(const incload_verification *verification);

/**
 * @brief Rows of the source that took part.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_source_rows(const incload_verification *verification);

/**
 * @brief Rows of the target that took part.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_target_rows(const incload_verification *verification);

/**
 * @brief Rows that the source has and the target lacks.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_missing(const incload_verification *verification);

/**
 * @brief Rows of the target whose key, or who as a whole, the source does not have.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_extra(const incload_verification *verification);

/**
 * @brief Rows with one key and other values.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_changed(const incload_verification *verification);

/**
 * @brief Rows of the target that are there too often.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_duplicated(const incload_verification *verification);

/**
 * @brief With window=loaded: keys met that have changed in the source since the load, which are no differences.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_pending(const incload_verification *verification);

/**
 * @brief 1 when the counts of differences are exact, 0 when there may be more.
 * @param verification  a verification, or NULL (returns 0)
 *
 * They are exact unless millions of rows differ by a key that is no whole number: see the option `memory`. Whether the
 * two sides are equal is never in doubt.
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_verification_is_exact(const incload_verification *verification);

/**
 * @brief The digest of all rows of the source, in 32 hexadecimal digits.
 * @param verification  a verification, or NULL (returns `""`)
 * @return borrowed; `""` before the end
 *
 * It has a secret of its own in each verification: compare it with the target's, never with one of another time.
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_verification_source_digest(const incload_verification *verification);

/**
 * @brief The digest of all rows of the target, in 32 hexadecimal digits.
 * @param verification  a verification, or NULL (returns `""`)
 * @return borrowed; `""` before the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_verification_target_digest(const incload_verification *verification);

/**
 * @brief Where the digests were computed: `"database"` or `"client"`.
 * @param verification  a verification, or NULL (returns `""`)
 * @return static text; `""` before that was decided
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_verification_digest(const incload_verification *verification);

/**
 * @brief Why they were computed there.
 * @param verification  a verification, or NULL (returns `""`)
 * @return borrowed; `""` before that was decided
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_verification_digest_reason(const incload_verification *verification);

/**
 * @brief Rows read out of the two databases so far; a row that was looked at twice counts twice.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_rows_read(const incload_verification *verification);

/**
 * @brief Bytes of these rows in memory, about.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_bytes(const incload_verification *verification);

/**
 * @brief How long it took.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_duration_us(const incload_verification *verification);

/**
 * @brief How many differences are listed: at most the option `list`.
 * @param verification  a verification, or NULL (returns 0)
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_verification_difference_count(const incload_verification *verification);

/**
 * @brief What is wrong with a key.
 * @param verification  a verification
 * @param index  0 to the count - 1
 * @return one of INCLOAD_DIFFERENCE_...; 0 past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_verification_difference_kind(const incload_verification *verification, int32_t index);

/**
 * @brief The key, such as `id = 7` or `region = 'eu', id = 7`, by the source's column names; the whole row where there
 * is no key. Row data, which no error message ever shows.
 * @param verification  a verification
 * @param index  0 to the count - 1
 * @return borrowed; NULL past the end. Values of more than 256 bytes are cut, with `...` behind them
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_verification_difference_key(const incload_verification *verification, int32_t index);

/**
 * @brief The columns in which a changed row differs, by the source's names with commas between.
 * @param verification  a verification
 * @param index  0 to the count - 1
 * @return borrowed; `""` for the other kinds; NULL past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API const char *incload_verification_difference_columns(const incload_verification *verification, int32_t
                                                                index);

/**
 * @brief How many rows with that key (or equal to that row) the source has.
 * @param verification  a verification
 * @param index  0 to the count - 1
 * @return 0 past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_difference_source_rows(const incload_verification *verification, int32_t
                                                                index);

/**
 * @brief How many rows with that key (or equal to that row) the target has.
 * @param verification  a verification
 * @param index  0 to the count - 1
 * @return 0 past the end
 *
 * Threads: one at a time. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int64_t incload_verification_difference_target_rows(const incload_verification *verification, int32_t
                                                                index);

INCLOAD_END_DECLS

#endif /* INCLOAD_VERIFY_H */

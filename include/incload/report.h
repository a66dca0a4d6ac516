/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file report.h
 * @brief What a person sees: the graph of a pipeline, the report of a run, and how a run goes on.
 *
 * The library writes to a function of the host or into a file that the host names, and nowhere else. Nothing that is
 * written holds rows or secrets; names and messages are made harmless for the format that they stand in.
 */
#ifndef INCLOAD_REPORT_H
#define INCLOAD_REPORT_H

#include <incload/base.h>

INCLOAD_BEGIN_DECLS

/**
 * @brief Takes a portion of what is written: `size` bytes of UTF-8 with no NUL behind them; it may end within a line.
 *
 * It returns #INCLOAD_DONE to go on. Anything else ends the writing, and the call fails with #INCLOAD_E_CALLBACK. It
 * is called on the thread that asked for the writing, with no lock held. @since 0.1
 */
typedef int32_t (*incload_write_fn)(const char *text, size_t size, void *user_data);

/**
 * @brief Write the graph of a pipeline, which need not have run.
 * @param pipeline  a pipeline that is valid
 * @param format  `"dot"` (Graphviz) or `"mermaid"` (a flowchart)
 * @param options  `key=value` pairs of the object `"report"`, or NULL
 * @param write  takes what is written
 * @param user_data  handed to the function
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: as incload_pipeline_validate(); #INCLOAD_E_INVALID (no such format), #INCLOAD_E_UNKNOWN_OPTION,
 * #INCLOAD_E_CALLBACK (the function failed), #INCLOAD_E_NO_MEMORY.
 * Threads: one at a time before the pipeline's first run, then any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_pipeline_render(incload_pipeline *pipeline, const char *format, const char *options,
                                            incload_write_fn write, void *user_data, incload_error **err);

/**
 * @brief Write a report of a run, finished or going on.
 * @param run  a run of a load, a group, a function, a backfill or a pipeline; of a step within a run the whole run's
 * @param format  `"html"` (one page that needs nothing else: graph, timeline with the critical path, units on a
 *   calendar, failures), `"dot"`, `"mermaid"`, `"gantt"` (the timeline for Mermaid), `"trace"` (for Perfetto and
 *   chrome://tracing) or `"openlineage"` (events as JSON, one a line)
 * @param options  `key=value` pairs of the object `"report"`, or NULL
 * @param write  takes what is written
 * @param user_data  handed to the function
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * A run remembers 20,000 units one by one. Of more than that, those that failed or were tried again and an even sample
 * of the others; counts are of all.
 *
 * Errors: #INCLOAD_E_INVALID (no such format), #INCLOAD_E_UNKNOWN_OPTION, #INCLOAD_E_CALLBACK (the function failed),
 * #INCLOAD_E_BUSY (units end faster than they can be listed), #INCLOAD_E_NO_MEMORY.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_report(const incload_run *run, const char *format, const char *options,
                                       incload_write_fn write, void *user_data, incload_error **err);

/**
 * @brief Write a report of a run into a file, which is there whole or not at all.
 * @param run  as for incload_run_report()
 * @param format  as for incload_run_report()
 * @param options  `key=value` pairs of the object `"report"`, or NULL
 * @param path  the file; one that is there is replaced. It is written beside it and renamed
 * @param err  where the error goes; may be NULL
 * @return #INCLOAD_OK or an error code
 *
 * Errors: as incload_run_report(), and #INCLOAD_E_NOT_FOUND (no such folder), #INCLOAD_E_PERMISSION, #INCLOAD_E_INVALID
 * (it is a folder or no plain file), #INCLOAD_E_STATE (anything else that the system says, such as a full disk). What
 * was there before is then untouched.
 * Threads: any. Blocking: as long as the file system. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_run_report_file(const incload_run *run, const char *format, const char *options,
                                            const char *path, incload_error **err);

/**
 * @brief Wait until a run has ended, and meanwhile write how it goes on: done, running, failed, rows per second, and
 *   when it will be through.
 * @param run  a run that was started
 * @param options  `key=value` pairs of the object `"watch"`, or NULL: plain lines. Whether there is a terminal, how
 *   wide it is and whether it may be coloured (`NO_COLOR`) is the host's to find out
 * @param write  takes what is written
 * @param user_data  handed to the function
 * @param err  where the error goes; may be NULL
 * @return as incload_run_wait() without a limit; #INCLOAD_E_CALLBACK when the function failed, and then the run goes on
 *
 * With `form=bar` one line is redrawn, and what failed stands in lines above it; with `form=lines` each unit that ended
 * has a line, and the whole has one now and then.
 *
 * Errors: as the return value says; #INCLOAD_E_INVALID, #INCLOAD_E_UNKNOWN_OPTION.
 * Threads: any. Blocking: until the run ends. Callback-safe: no. @since 0.1
 */
INCLOAD_API int32_t incload_run_watch(incload_run *run, const char *options, incload_write_fn write, void *user_data,
                                      incload_error **err);

INCLOAD_END_DECLS

#endif /* INCLOAD_REPORT_H */

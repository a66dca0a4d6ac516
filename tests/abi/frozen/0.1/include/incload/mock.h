/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_MOCK_H
#define INCLOAD_MOCK_H
#include <incload/base.h>
INCLOAD_BEGIN_DECLS
enum { INCLOAD_MOCK_BEFORE = 0, INCLOAD_MOCK_AFTER = 1 };
INCLOAD_API incload_mock *incload_mock_new(incload_error **err);
INCLOAD_API incload_mock *incload_mock_ref(incload_mock *mock);
INCLOAD_API void incload_mock_unref(incload_mock *mock);
INCLOAD_API incload_database *incload_mock_database(incload_mock *mock, incload_context *context, const char *url,
                                                    const char *options, incload_error **err);
INCLOAD_API int32_t incload_mock_strict(incload_mock *mock, int32_t on, incload_error **err);
INCLOAD_API int32_t incload_mock_table(incload_mock *mock, const char *table, const char *columns, const char *types,
                                       const char *key, incload_error **err);
INCLOAD_API int32_t incload_mock_answer_rows(incload_mock *mock, const char *pattern, int64_t nth, const char *columns,
                                             const char *types, const char *const *cells, int64_t n_rows,
                                             incload_error **err);
INCLOAD_API int32_t incload_mock_answer_affected(incload_mock *mock, const char *pattern, int64_t nth, int64_t affected,
                                                 incload_error **err);
INCLOAD_API int32_t incload_mock_fail(incload_mock *mock, const char *pattern, int64_t nth, const char *sqlstate,
                                      int64_t native_code, const char *message, incload_error **err);
INCLOAD_API int32_t incload_mock_delay(incload_mock *mock, const char *pattern, int64_t nth, int64_t delay_ms,
                                       incload_error **err);
INCLOAD_API int32_t incload_mock_disconnect(incload_mock *mock, const char *pattern, int64_t nth, int32_t when,
                                            incload_error **err);
INCLOAD_API int32_t incload_mock_cancel(incload_mock *mock, const char *pattern, int64_t nth, incload_error **err);
INCLOAD_API int32_t incload_mock_clear_rules(incload_mock *mock, incload_error **err);
INCLOAD_API int64_t incload_mock_statement_count(incload_mock *mock);
INCLOAD_API const char *incload_mock_statement(incload_mock *mock, int64_t index);
INCLOAD_API int32_t incload_mock_statement_connection(incload_mock *mock, int64_t index);
INCLOAD_API int32_t incload_mock_statement_applied(incload_mock *mock, int64_t index);
INCLOAD_API int32_t incload_mock_statement_parameter_count(incload_mock *mock, int64_t index);
INCLOAD_API const char *incload_mock_statement_parameter(incload_mock *mock, int64_t index, int32_t parameter);
INCLOAD_API int64_t incload_mock_row_count(incload_mock *mock, const char *table);
INCLOAD_API const char *incload_mock_cell(incload_mock *mock, const char *table, int64_t row, int32_t column);
INCLOAD_API int64_t incload_mock_commit_count(incload_mock *mock);
INCLOAD_API int32_t incload_mock_connection_count(incload_mock *mock);
INCLOAD_API int32_t incload_mock_open_connection_count(incload_mock *mock);
INCLOAD_API int32_t incload_mock_clear_history(incload_mock *mock, incload_error **err);
INCLOAD_END_DECLS
#endif

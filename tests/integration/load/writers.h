/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that write to a source while it is loaded: plain ODBC, without the library. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_WRITERS_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_WRITERS_H

#include "support.h"

typedef struct writer writer;

/* `url` as place_url() gives it. Every statement commits unless it stands in a transaction. */
writer *writer_open(const char *url);
void writer_close(writer *w);
/* One statement, which must succeed. */
void writer_do(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One statement, which may fail: then what the server said is put into `problem`, which is "" otherwise. */
int64_t writer_try(writer *w, char problem[600], const char *format, ...) __attribute__((format(printf, 3, 4)));
int64_t writer_number(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A statement that takes its time, in a thread of its own; writer_wait() must follow. */
void writer_start(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void writer_wait(writer *w);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Where a renderer writes: pieces gather in a text and are passed on in portions, so that a report of any length needs
 * little memory. The first failure stays; what is added after it is dropped. */
#ifndef INCLOAD_LIB_RUN_REPORT_SINK_H
#define INCLOAD_LIB_RUN_REPORT_SINK_H

#include <incload/error.h>

#include "base/str.h"

/* Takes `size` bytes of UTF-8; INCLOAD_OK, or the code of an error that ends the writing. */
typedef int32_t (*incload__write_fn)(void *user_data, const char *text, size_t size);

typedef struct incload__sink {
    incload__str text; /* add to it with incload__str_... */
    incload__write_fn write;
    void *user_data;
    int32_t status;
} incload__sink;

/* Passes on what has gathered when it is enough; between two pieces only, since incload__json_next looks back. */
void incload__sink_pass(incload__sink *sink);
/* Passes on what has gathered, for reports that are written while a run goes on. */
void incload__sink_flush(incload__sink *sink);
/* Passes on the rest and frees the memory: INCLOAD_OK, or what failed, with *err set. */
int32_t incload__sink_end(incload__sink *sink, incload_error **err);

/* Text of others, made harmless. In all of them bytes that are no UTF-8 and marks that turn the direction of what
 * follows become U+FFFD, and control characters a blank. */
void incload__put_plain(incload__str *out, const char *text);   /* terminals: one line without control codes */
void incload__put_json(incload__str *out, const char *text);    /* with quotes; safe within <script> */
void incload__put_html(incload__str *out, const char *text);    /* between tags and within quoted attributes */
void incload__put_dot(incload__str *out, const char *text);     /* within "..." */
void incload__put_mermaid(incload__str *out, const char *text); /* within "...", and as a task of a gantt chart */
/* At most `limit` characters, with an ellipsis for the rest; `put` is one of the above. */
void incload__put_short(incload__str *out, const char *text, int32_t limit,
                        void (*put)(incload__str *out, const char *text));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A host that streams rows of its own in Arrow's layout: an id, a time and a name, in chunks; and what it may do
 * wrong. */
#ifndef INCLOAD_TESTS_INTEGRATION_LOAD_HOSTED_H
#define INCLOAD_TESTS_INTEGRATION_LOAD_HOSTED_H

#include "support.h"

/* Seconds behind 2024-03-01 10:00:00; NO_TIME for NULL. A name may be NULL. */
enum { NO_TIME = INT32_MIN };
typedef struct hosted_row {
    int64_t id;
    int32_t at;
    const char *name;
} hosted_row;

typedef struct hosted {
    const hosted_row *rows;
    int64_t count;
    int64_t chunk;         /* rows of a chunk; 0: all in one */
    int32_t fails_at;      /* get_next fails with `error` at this chunk, from 1 on; 0: never */
    int error;
    const char *words;     /* of get_last_error */
    void (*spoil)(struct ArrowArray *chunk, int32_t number); /* a chunk before it is given; may be NULL */
    /* What became of it. */
    int64_t given;
    int32_t chunks, alive, released;
} hosted;

/* The stream borrows `host`, which lives longer. */
struct ArrowArrayStream hosted_stream(hosted *host);
/* A place that streams these rows; its kind is none. */
place hosted_place(hosted *host);

#define HOSTED(array)                                                                                                  \
    {                                                                                                                  \
        .rows = (array), .count = sizeof(array) / sizeof((array)[0])                                                   \
    }

#endif

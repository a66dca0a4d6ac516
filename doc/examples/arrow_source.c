/* SPDX-License-Identifier: Apache-2.0 */
/* Loads rows that this program has itself, as an Arrow stream, and merges them by key: no table and no file stands
 * between. Any library that speaks Arrow's C stream interface makes such a stream; here it is made by hand, of
 * readings that come in chunks, so that it can be seen what one is.
 *
 *     arrow_source TARGET_URL DAY */
#include <incload/incload.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS = 3, ROWS = 4, COLUMNS = 2 };

/* One chunk: a struct of two columns, whose buffers lie here as well. */
typedef struct chunk {
    int64_t sensors[ROWS];
    double values[ROWS];
    const void *buffers[COLUMNS][2];
    const void *no_buffers[1];
    struct ArrowArray columns[COLUMNS];
    struct ArrowArray *children[COLUMNS];
} chunk;

typedef struct readings {
    int64_t day;
    int next;
} readings;

static void
release_column(struct ArrowArray *column)
{
    column->release = NULL;
}

static void
release_chunk(struct ArrowArray *array)
{
    chunk *made = array->private_data;

    /* A consumer may have taken a column for itself, and released it. */
    for (int i = 0; i < COLUMNS; i++) {
        if (made->columns[i].release != NULL)
            made->columns[i].release(&made->columns[i]);
    }
    free(made);
    array->release = NULL;
}

static int
next_chunk(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    readings *from = stream->private_data;

    memset(out, 0, sizeof *out);
    if (from->next == CHUNKS)
        return 0; /* the end: an array that is released */
    chunk *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ENOMEM;
    for (int row = 0; row < ROWS; row++) {
        made->sensors[row] = from->next * ROWS + row;
        made->values[row] = 10.0 + (double)(from->day + made->sensors[row]) / 4;
    }
    made->buffers[0][1] = made->sensors;
    made->buffers[1][1] = made->values;
    for (int i = 0; i < COLUMNS; i++) {
        made->columns[i] = (struct ArrowArray){
            .length = ROWS, .n_buffers = 2, .buffers = made->buffers[i], .release = release_column
        };
        made->children[i] = &made->columns[i];
    }
    *out = (struct ArrowArray){
        .length = ROWS,
        .n_buffers = 1,
        .buffers = made->no_buffers,
        .n_children = COLUMNS,
        .children = made->children,
        .release = release_chunk,
        .private_data = made,
    };
    from->next++;
    return 0;
}

static void
release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++)
        schema->children[i]->release(schema->children[i]);
    free(schema->private_data);
    schema->release = NULL;
}

static void
release_field(struct ArrowSchema *field)
{
    field->release = NULL;
}

static int
tell_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct {
        struct ArrowSchema fields[COLUMNS];
        struct ArrowSchema *children[COLUMNS];
    } *made = calloc(1, sizeof *made);

    (void)stream;
    if (made == NULL)
        return ENOMEM;
    made->fields[0] = (struct ArrowSchema){ .format = "l", .name = "sensor", .release = release_field };
    made->fields[1] = (struct ArrowSchema){ .format = "g", .name = "celsius", .release = release_field };
    for (int i = 0; i < COLUMNS; i++)
        made->children[i] = &made->fields[i];
    *out = (struct ArrowSchema){
        .format = "+s",
        .name = "",
        .n_children = COLUMNS,
        .children = made->children,
        .release = release_schema,
        .private_data = made,
    };
    return 0;
}

static const char *
tell_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "no memory for another chunk of readings";
}

static void
release_stream(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: arrow_source TARGET_URL DAY\n");
        return 2;
    }

    readings mine = { .day = strtol(argv[2], NULL, 10) };
    struct ArrowArrayStream rows = { tell_schema, next_chunk, tell_error, release_stream, &mine };

    incload_error *err = NULL;
    incload_database *source = incload_database_new_arrow(NULL, &rows, NULL, &err); /* takes the stream over */
    incload_database *target = incload_database_new(argv[1], NULL, &err);
    incload_strategy *merged = incload_strategy_new("upsert", "key=sensor", &err);
    incload_step *load = incload_step_new_load(source, "rows", target, "readings", merged, &err);
    incload_run *run = incload_step_run(load, NULL, &err);

    if (err == NULL)
        printf("%" PRId64 " rows read, %" PRId64 " written\n", incload_run_rows_read(run),
               incload_run_rows_written(run));
    else
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(load);
    incload_strategy_unref(merged);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}

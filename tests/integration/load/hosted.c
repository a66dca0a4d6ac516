/* SPDX-License-Identifier: Apache-2.0 */
#include "hosted.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 3 };

static const int64_t first_us = INT64_C(1709287200000000);

typedef struct chunk {
    hosted *host;
    struct ArrowArray columns[COLUMNS];
    struct ArrowArray *pointers[COLUMNS];
    const void *buffers[COLUMNS][3];
    const void *no_buffers[1];
    int64_t *ids, *stamps;
    int64_t *offsets;
    uint8_t *valid_at, *valid_name;
    char *text;
} chunk;

static void
release_child(struct ArrowArray *array)
{
    array->release = NULL;
}

static void
release_chunk(struct ArrowArray *array)
{
    chunk *c = array->private_data;

    c->host->alive--;
    free(c->ids);
    free(c->stamps);
    free(c->offsets);
    free(c->valid_at);
    free(c->valid_name);
    free(c->text);
    free(c);
    array->release = NULL;
}

static void
set_bit(uint8_t *bits, int64_t at)
{
    bits[at >> 3] = (uint8_t)(bits[at >> 3] | 1u << (at & 7));
}

static void
fill(chunk *c, const hosted_row *rows, int64_t count)
{
    size_t length = 0, n = (size_t)count;

    for (int64_t i = 0; i < count; i++)
        length += rows[i].name != NULL ? strlen(rows[i].name) : 0;
    c->ids = calloc(n + 1, sizeof *c->ids);
    c->stamps = calloc(n + 1, sizeof *c->stamps);
    c->offsets = calloc(n + 1, sizeof *c->offsets);
    c->valid_at = calloc(n / 8 + 1, 1);
    c->valid_name = calloc(n / 8 + 1, 1);
    c->text = calloc(length + 1, 1);
    for (int64_t i = 0; i < count; i++) {
        c->ids[i] = rows[i].id;
        c->offsets[i + 1] = c->offsets[i];
        if (rows[i].at != NO_TIME) {
            set_bit(c->valid_at, i);
            c->stamps[i] = first_us + rows[i].at * INT64_C(1000000);
        }
        if (rows[i].name != NULL) {
            set_bit(c->valid_name, i);
            memcpy(c->text + c->offsets[i], rows[i].name, strlen(rows[i].name));
            c->offsets[i + 1] += (int64_t)strlen(rows[i].name);
        }
    }
}

static void
make_chunk(hosted *host, int64_t count, struct ArrowArray *out)
{
    chunk *c = calloc(1, sizeof *c);

    c->host = host;
    fill(c, host->rows + host->given, count);
    c->buffers[0][1] = c->ids;
    c->buffers[1][0] = c->valid_at;
    c->buffers[1][1] = c->stamps;
    c->buffers[2][0] = c->valid_name;
    c->buffers[2][1] = c->offsets;
    c->buffers[2][2] = c->text;
    for (int i = 0; i < COLUMNS; i++) {
        c->columns[i] = (struct ArrowArray){ .length = count, .n_buffers = i == 2 ? 3 : 2, .buffers = c->buffers[i],
                                             .null_count = i == 0 ? 0 : -1, .release = release_child };
        c->pointers[i] = &c->columns[i];
    }
    *out = (struct ArrowArray){ .length = count, .n_buffers = 1, .buffers = c->no_buffers, .n_children = COLUMNS,
                                .children = c->pointers, .release = release_chunk, .private_data = c };
    host->alive++;
}

static int
get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    hosted *host = stream->private_data;
    int64_t left = host->count - host->given;
    int64_t count = host->chunk > 0 && host->chunk < left ? host->chunk : left;

    ck_assert_int_eq(host->released, 0);
    memset(out, 0, sizeof *out);
    host->chunks++;
    if (host->chunks == host->fails_at)
        return host->error;
    if (left == 0)
        return 0;
    make_chunk(host, count, out);
    host->given += count;
    if (host->spoil != NULL)
        host->spoil(out, host->chunks);
    return 0;
}

static const char *
get_last_error(struct ArrowArrayStream *stream)
{
    return ((hosted *)stream->private_data)->words;
}

static void
release_stream(struct ArrowArrayStream *stream)
{
    ((hosted *)stream->private_data)->released++;
    stream->release = NULL;
}

typedef struct shape {
    struct ArrowSchema columns[COLUMNS];
    struct ArrowSchema *pointers[COLUMNS];
} shape;

static void
release_column(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
release_shape(struct ArrowSchema *schema)
{
    free(schema->private_data);
    schema->release = NULL;
}

static int
get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static const char *const formats[COLUMNS] = { "l", "tsu:", "U" }, *const names[COLUMNS] = { "id", "at", "name" };
    shape *s = calloc(1, sizeof *s);

    (void)stream;
    for (int i = 0; i < COLUMNS; i++) {
        s->columns[i] = (struct ArrowSchema){ .format = formats[i], .name = names[i],
                                              .flags = i == 0 ? 0 : ARROW_FLAG_NULLABLE, .release = release_column };
        s->pointers[i] = &s->columns[i];
    }
    *out = (struct ArrowSchema){ .format = "+s", .name = "", .n_children = COLUMNS, .children = s->pointers,
                                 .release = release_shape, .private_data = s };
    return 0;
}

struct ArrowArrayStream
hosted_stream(hosted *host)
{
    return (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release_stream, host };
}

place
hosted_place(hosted *host)
{
    struct ArrowArrayStream stream = hosted_stream(host);
    incload_error *err = NULL;
    place at = { .kind = POSTGRES, .db = incload_database_new_arrow(NULL, &stream, NULL, &err) };

    ck_assert_msg(at.db != NULL, "%s", incload_error_message(err));
    ck_assert_ptr_null(stream.release);
    return at;
}

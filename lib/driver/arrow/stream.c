/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/arrow/stream.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/utf8.h"

enum { SAID = 300 };

struct incload__arrow_stream {
    const incload__mem *mem;
    struct ArrowArrayStream host;
    struct ArrowSchema schema;
    incload__schema columns;
    atomic_bool claimed;
};

/* ---- what the host says of a failure ---- */

static const struct {
    int number;
    int32_t code;
} codes[] = {
    { ENOMEM, INCLOAD_E_NO_MEMORY },
    { ECANCELED, INCLOAD_E_CANCELLED },
    { ETIMEDOUT, INCLOAD_E_TIMEOUT },
};

static int32_t
code_of(int number)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].number == number)
            return codes[i].code;
    }
    return INCLOAD_E_CALLBACK;
}

/* Its words on one line, cut between characters; the text lives only until the stream's next call. */
static void
copy_words(const char *said, char out[SAID + 1])
{
    size_t length = said != NULL ? strlen(said) : 0, most = length < SAID ? length : SAID;

    while (most > 0 && most < length && ((unsigned char)said[most] & 0xC0) == 0x80)
        most--;
    for (size_t i = 0; i < most; i++)
        out[i] = (unsigned char)said[i] < ' ' || said[i] == 0x7F ? ' ' : said[i];
    out[most] = '\0';
    if (!incload__utf8_valid(out, most))
        out[0] = '\0';
}

static int32_t
fail_with_words(incload__arrow_stream *stream, int number, const char *doing, incload_error **err)
{
    char words[SAID + 1] = "";

    if (stream->host.get_last_error != NULL)
        copy_words(stream->host.get_last_error(&stream->host), words);
    return incload__fail(err, code_of(number), "%s: %s (errno %d)", doing,
                         words[0] != '\0' ? words : "the stream gave no reason", number);
}

/* ---- its schema ---- */

static bool
is_complete(const struct ArrowSchema *child)
{
    return child != NULL && child->format != NULL && (child->dictionary == NULL || child->dictionary->format != NULL);
}

static int32_t
check_schema(const struct ArrowSchema *schema, incload_error **err)
{
    if (schema->release == NULL || schema->format == NULL || strcmp(schema->format, "+s") != 0)
        return incload__fail(err, INCLOAD_E_INVALID,
                             "the stream's schema must be an Arrow struct with one child a column");
    if (schema->n_children < 1 || schema->n_children > INT16_MAX || schema->children == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the stream must have 1 to %d columns", INT16_MAX);
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (!is_complete(schema->children[i]))
            return incload__fail(err, INCLOAD_E_INVALID, "column %lld of the stream's schema is incomplete",
                                 (long long)i + 1);
    }
    return INCLOAD_OK;
}

static int32_t
ask_schema(incload__arrow_stream *stream, incload_error **err)
{
    int saved = errno;
    int number = stream->host.get_schema(&stream->host, &stream->schema);

    errno = saved;
    if (number != 0) {
        /* What it may have left there is none of ours. */
        stream->schema.release = NULL;
        return fail_with_words(stream, number, "asking the stream for its schema", err);
    }
    int32_t status = check_schema(&stream->schema, err);
    if (status == INCLOAD_OK)
        status = incload__schema_import(&stream->schema, &stream->columns, err);
    return status;
}

/* ---- from begin to end ---- */

static void
release_host(struct ArrowArrayStream *host)
{
    int saved = errno;

    if (host->release != NULL)
        host->release(host);
    host->release = NULL;
    errno = saved;
}

void
incload__arrow_stream_refuse(struct ArrowArrayStream *stream)
{
    release_host(stream);
}

incload__arrow_stream *
incload__arrow_stream_new(const incload__mem *mem, struct ArrowArrayStream *stream, incload_error **err)
{
    if (stream->release == NULL || stream->get_schema == NULL || stream->get_next == NULL) {
        incload__fail(err, INCLOAD_E_INVALID, "the stream is released already, or lacks its functions");
        release_host(stream);
        return NULL;
    }
    incload__arrow_stream *taken = incload__alloc(mem, sizeof *taken);
    if (taken == NULL) {
        incload__fail_memory(err);
        release_host(stream);
        return NULL;
    }
    taken->mem = mem;
    taken->host = *stream;
    stream->release = NULL;
    incload__schema_init(&taken->columns, mem);
    atomic_init(&taken->claimed, false);
    if (ask_schema(taken, err) == INCLOAD_OK)
        return taken;
    incload__arrow_stream_free(taken);
    return NULL;
}

void
incload__arrow_stream_free(incload__arrow_stream *stream)
{
    if (stream == NULL)
        return;
    incload__arrow_schema_release(&stream->schema);
    release_host(&stream->host);
    incload__schema_free(&stream->columns);
    incload__free(stream->mem, stream);
}

const incload__schema *
incload__arrow_stream_columns(const incload__arrow_stream *stream)
{
    return &stream->columns;
}

const struct ArrowSchema *
incload__arrow_stream_schema(const incload__arrow_stream *stream)
{
    return &stream->schema;
}

static int32_t
fail_claimed(incload_error **err)
{
    return incload__fail(err, INCLOAD_E_STATE,
                         "the stream's rows were taken already, by this load or another: a stream is read once; make "
                         "another one of the same rows for each load");
}

int32_t
incload__arrow_stream_check(const incload__arrow_stream *stream, incload_error **err)
{
    return atomic_load(&stream->claimed) ? fail_claimed(err) : INCLOAD_OK;
}

int32_t
incload__arrow_stream_claim(incload__arrow_stream *stream, incload_error **err)
{
    return atomic_exchange(&stream->claimed, true) ? fail_claimed(err) : INCLOAD_OK;
}

int32_t
incload__arrow_stream_next(incload__arrow_stream *stream, struct ArrowArray *out, incload_error **err)
{
    memset(out, 0, sizeof *out);
    if (stream->host.release == NULL)
        return INCLOAD_OK;

    int saved = errno;
    int number = stream->host.get_next(&stream->host, out);
    int32_t status = INCLOAD_OK;
    if (number != 0) {
        out->release = NULL;
        status = fail_with_words(stream, number, "reading the stream", err);
    }
    if (out->release == NULL)
        release_host(&stream->host);
    errno = saved;
    return status;
}

void
incload__arrow_stream_end(incload__arrow_stream *stream)
{
    release_host(&stream->host);
}

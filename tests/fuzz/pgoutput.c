/* SPDX-License-Identifier: Apache-2.0 */
/* A replication stream: one byte (the protocol's version less one, and 4 when all goes to a file), then messages, each
 * behind its length in two bytes. Everything that is handed over is read to its last byte. */
#include <string.h>

#include "base/str.h"
#include "cdc/image.h"
#include "fuzz.h"

enum { ON_FILE = 4, ENOUGH = 1 << 20, MOST_CHANGES = 64 };

typedef struct stream {
    incload__assembler assembler;
    incload__place last;
    bool inside;  /* between a begin and its commit */
    uint64_t sum; /* of all bytes, so that each is read */
} stream;

static void
read_bytes(stream *s, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        s->sum += (unsigned char)bytes[i];
}

static void
read_cells(stream *s, const incload__relation *relation, const incload__cell *cells, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        fuzz_check(cells[i].column >= 0 && cells[i].column < relation->count, "a cell is of a column");
        fuzz_check(i == 0 || cells[i].column > cells[i - 1].column, "cells are in the order of their columns");
        if (cells[i].text != NULL)
            read_bytes(s, cells[i].text, cells[i].length);
    }
}

static void
read_change(stream *s, const incload__assembled *item)
{
    size_t size = (size_t)item->relation->count * sizeof(incload__cell) + 1;
    incload__cell *row = malloc(size), *old = malloc(size);
    int32_t row_count, old_count;

    fuzz_check(row != NULL && old != NULL, "there is memory");
    if (item->operation != INCLOAD_CHANGE_TRUNCATE
        && incload__image_read(item, row, &row_count, old, &old_count, NULL) == INCLOAD_OK) {
        read_cells(s, item->relation, row, row_count);
        read_cells(s, item->relation, old, old_count);
    }
    free(row);
    free(old);
}

/* What is different is told in words, for as many changes as there are. */
static void
read_relation(stream *s, const incload__relation *relation)
{
    static incload__relation_change changes[MOST_CHANGES];
    incload__str text = INCLOAD__STR(&incload__mem_libc);

    if (relation->before == NULL)
        return;
    int32_t count = incload__relation_difference(relation->before, relation, changes, MOST_CHANGES);
    fuzz_check(count <= incload__relation_most(relation->before, relation), "there are no more changes than told");
    for (int32_t i = 0; i < count && i < MOST_CHANGES; i++)
        incload__relation_tell(&s->assembler.relations, relation->before, relation, &changes[i], &text);
    if (text.data != NULL)
        read_bytes(s, text.data, text.length);
    incload__str_free(&text);
}

static void
read_item(stream *s, const incload__assembled *item)
{
    bool begins = item->kind == INCLOAD__ASSEMBLED_BEGIN;

    if (item->transaction != NULL) {
        fuzz_check(begins != s->inside, "transactions do not overlap");
        fuzz_check(item->place.major == item->transaction->end_lsn, "a place is that of its commit");
        fuzz_check(incload__place_order(s->last, item->place) <= 0, "places do not go back");
        s->last = item->place;
        s->inside = item->kind != INCLOAD__ASSEMBLED_COMMIT;
    }
    if (item->kind == INCLOAD__ASSEMBLED_CHANGE)
        read_change(s, item);
    if (item->kind == INCLOAD__ASSEMBLED_RELATION)
        read_relation(s, item->relation);
    if (item->kind == INCLOAD__ASSEMBLED_MESSAGE)
        read_bytes(s, item->message.content, item->message.content_length);
}

static int32_t
push(stream *s, const uint8_t *bytes, size_t length)
{
    incload__assembled item = { .kind = INCLOAD__ASSEMBLED_BEGIN };
    int32_t status = incload__assembler_push(&s->assembler, bytes, length, NULL);

    while (status == INCLOAD_OK && item.kind != INCLOAD__ASSEMBLED_NOTHING) {
        status = incload__assembler_next(&s->assembler, &item, NULL);
        if (status == INCLOAD_OK && item.kind != INCLOAD__ASSEMBLED_NOTHING)
            read_item(s, &item);
    }
    fuzz_check(status == INCLOAD_OK || status == INCLOAD_E_DATA || status == INCLOAD_E_NO_MEMORY,
               "a malformed stream is an error of data");
    return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stream s = { .inside = false };
    size_t at = 1;

    if (size == 0)
        return 0;
    incload__assembler_options options = {
        .protocol = (data[0] & 3) + 1,
        .memory = (data[0] & ON_FILE) != 0 ? 0 : ENOUGH,
    };
    if (incload__assembler_init(&s.assembler, &incload__mem_libc, &options, NULL) != INCLOAD_OK)
        return 0;
    while (size - at >= 2) {
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        length = length < size - at ? length : size - at;
        if (push(&s, data + at, length) != INCLOAD_OK)
            break;
        at += length;
    }
    (void)incload__assembler_acknowledge(&s.assembler, s.last.major);
    incload__assembler_free(&s.assembler);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What a server's catalog says of its tables, kept for as long as no table is made, changed or dropped: SQLite would
 * parse a dozen statements of its own for each of these questions. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "server_internal.h"
#include "surroundings.h"

enum { KNOWN = 256 };

static server_known known[BASES][KNOWN];
static int64_t shapes[BASES];

void
server_shapes_changed(int32_t base)
{
    shapes[base]++;
}

int64_t
server_shape(int32_t base)
{
    return shapes[base];
}

/* A transaction that changed tables sees its own; one that began before they changed sees the old ones. */
server_known *
server_known_at(const server_link *link, const char *question)
{
    bool within = sqlite3_get_autocommit(link->db) == 0;

    if (strstr(question, "pragma_") == NULL || (within && (link->shapes || link->shape != shapes[link->base])))
        return NULL;
    return &known[link->base][server_hash(question) % KNOWN];
}

bool
server_known_answers(const server_known *at, const server_link *link, const char *question)
{
    return at->question != NULL && at->shape == shapes[link->base] && strcmp(at->question, question) == 0;
}

void
server_known_forget(server_known *at, const server_link *link, const char *question)
{
    for (int64_t i = 0; i < at->rows * at->columns; i++)
        sqlite3_free(at->cells[i]);
    sqlite3_free(at->question);
    real_free(at->cells);
    *at = (server_known){ .question = sqlite3_mprintf("%s", question), .shape = shapes[link->base] };
}

void
server_known_add(server_known *at, const char *const *cells, int32_t columns)
{
    at->columns = columns;
    at->cells = real_realloc(at->cells, (size_t)(at->rows + 1) * (size_t)columns * sizeof *at->cells);
    for (int32_t i = 0; i < columns; i++)
        at->cells[at->rows * columns + i] = cells[i] != NULL ? sqlite3_mprintf("%s", cells[i]) : NULL;
    at->rows++;
}

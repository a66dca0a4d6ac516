/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle of the end: all rows of source and target by plain SQL, nothing of the library in between. */
#define _GNU_SOURCE
#include "torture.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 320 };

typedef struct row {
    int64_t id, version;
    uint64_t digest; /* of the rest */
} row;

typedef struct rows {
    row *items;
    int64_t count, room;
} rows;

static const char *const queries[KINDS] = {
    [POSTGRES] = "SELECT id, version, writer, how, note, at::text FROM %s",
    [PG_ODBC] = "SELECT id, version, writer, how, note, at::text FROM %s",
    [MARIADB] = "SELECT id, version, writer, how, note, CAST(at AS CHAR) FROM %s",
    [SQLITE] = "SELECT id, version, writer, how, note, CAST(at AS TEXT) FROM %s",
};

static uint64_t
digest_text(uint64_t digest, const char *text)
{
    for (const char *c = text != NULL ? text : "\1"; *c != '\0'; c++)
        digest = (digest ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
    return (digest ^ 0xFF) * UINT64_C(0x100000001B3);
}

/* 'YYYY-MM-DD HH:MM:SS.ffffff' of any way to write it; all servers here live in UTC. */
static const char *
plain_stamp(char out[32], const char *text)
{
    size_t digits = 0;

    if (text == NULL || !isdigit((unsigned char)text[0]) || strlen(text) < 19)
        return text;
    snprintf(out, 32, "%.10s %.8s.000000", text, text + 11);
    for (const char *c = text[19] == '.' ? text + 20 : ""; isdigit((unsigned char)*c) && digits < 6; c++)
        out[20 + digits++] = *c;
    return out;
}

static void
take_row(void *user_data, const char *const *cells)
{
    rows *all = user_data;
    char plain[32];

    if (all->count == all->room) {
        all->room = all->room == 0 ? 4096 : 2 * all->room;
        all->items = realloc(all->items, (size_t)all->room * sizeof *all->items);
        if (all->items == NULL)
            report_die("no memory for a table's rows");
    }
    uint64_t digest = digest_text(UINT64_C(0xCBF29CE484222325), cells[2]);
    digest = digest_text(digest_text(digest, cells[3]), cells[4]);
    all->items[all->count++] = (row){ strtoll(cells[0], NULL, 10), strtoll(cells[1], NULL, 10),
                                      digest_text(digest, plain_stamp(plain, cells[5])) };
}

static int
by_id(const void *a, const void *b)
{
    const row *x = a, *y = b;

    if (x->id != y->id)
        return x->id > y->id ? 1 : -1;
    return (x->version > y->version) - (x->version < y->version);
}

static rows
read_rows(const char *url, kind which, const char *table)
{
    static const char *const zones[KINDS] = { [POSTGRES] = "SET timezone = 'UTC'", [PG_ODBC] = "SET timezone = 'UTC'",
                                              [MARIADB] = "SET time_zone = '+00:00'" };
    rows all = { 0 };
    char sql[TEXT];
    const char *from = strstr(queries[which], "%s");
    session *s = session_open(url);

    if (zones[which] != NULL)
        session_must(s, "%s", zones[which]);
    snprintf(sql, sizeof sql, "%.*s%s", (int)(from - queries[which]), queries[which], table);
    if (!session_each(s, sql, take_row, &all))
        report_die("%s: %s", sql, session_error(s));
    session_close(s);
    qsort(all.items, (size_t)all.count, sizeof *all.items, by_id);
    return all;
}

findings
compare_tables(loader *l)
{
    rows source = read_rows(l->scene->url, l->scene->plan->source, l->scene->table);
    rows target = read_rows(l->url, l->plan->target, l->target);
    findings found = { 0 };
    int64_t s = 0, t = 0;

    while (s < source.count || t < target.count) {
        int64_t left = s < source.count ? source.items[s].id : INT64_MAX;
        int64_t right = t < target.count ? target.items[t].id : INT64_MAX;
        if (left < right) {
            found.lost++;
            s++;
            continue;
        }
        if (right < left) {
            found.ghosts++;
            t++;
            continue;
        }
        while (t + 1 < target.count && target.items[t + 1].id == right) {
            found.duplicated++;
            t++;
        }
        found.stale += source.items[s].version != target.items[t].version
                       || source.items[s].digest != target.items[t].digest;
        s++;
        t++;
    }
    free(source.items);
    free(target.items);
    return found;
}

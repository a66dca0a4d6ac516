/* SPDX-License-Identifier: Apache-2.0 */
/* Staging tables of the library, kept from one load to the next under names of the server's own. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "server_internal.h"

enum { TOKEN = 8 };

static const char made[] = "CREATE TEMP TABLE `incload_staging_";
static const char dropped[] = "DROP TABLE IF EXISTS temp.`incload_staging_";
static const char name[] = "`incload_staging_";

static server_stage *
stage_of(server_link *link, const char *token)
{
    for (int32_t i = 0; i < STAGES; i++) {
        if (link->stages[i].there && strncmp(link->stages[i].token, token, TOKEN) == 0)
            return &link->stages[i];
    }
    return NULL;
}

/* Of all sessions, so that each can make them when it is in no transaction. */
static char columns_known[STAGES][240];

/* NULL: it is to be made as any other. */
static const char *
make(server_link *link, const char *sql, char *room, size_t size)
{
    const char *token = sql + strlen(made), *columns = token + TOKEN;

    for (int32_t i = 0; i < STAGES; i++) {
        server_stage *s = &link->stages[i];
        if (columns_known[i][0] == '\0') {
            snprintf(columns_known[i], sizeof columns_known[i], "%s", columns);
            return NULL;
        }
        if (s->there || !s->kept || strcmp(columns_known[i], columns) != 0)
            continue;
        snprintf(s->token, sizeof s->token, "%.8s", token);
        s->there = true;
        snprintf(room, size, "DELETE FROM temp.%s%08d`", name, (int)i);
        return room;
    }
    return NULL;
}

void
server_stages_keep(server_link *link)
{
    char sql[400];

    for (int32_t i = 0; i < STAGES; i++) {
        link->stages[i].there = link->stages[i].was_there = false;
        if (link->stages[i].kept || columns_known[i][0] == '\0')
            continue;
        snprintf(sql, sizeof sql, "%s%08d%.239s", made, (int)i, columns_known[i]);
        link->stages[i].kept = sqlite3_exec(link->db, sql, NULL, NULL, NULL) == SQLITE_OK;
    }
}

const char *
server_stage_text(server_link *link, const char *sql, char *room, size_t size)
{
    if (strstr(sql, name) == NULL || strlen(sql) >= size)
        return sql;
    if (strncmp(sql, made, strlen(made)) == 0) {
        const char *text = make(link, sql, room, size);
        link->made_temp = link->made_temp || text == NULL;
        return text != NULL ? text : sql;
    }
    bool drops = strncmp(sql, dropped, strlen(dropped)) == 0;
    server_stage *found = stage_of(link, strstr(sql, name) + strlen(name));
    if (found == NULL)
        return sql;
    char number[24];
    snprintf(number, sizeof number, "%08ld", (long)(found - link->stages));
    if (drops) {
        found->there = false;
        snprintf(room, size, "DELETE FROM temp.%s%s`", name, number);
        return room;
    }
    snprintf(room, size, "%s", sql);
    for (char *at = room; (at = strstr(at, name)) != NULL;) {
        at += strlen(name);
        memcpy(at, number, TOKEN);
    }
    return room;
}

void
server_stages_begin(server_link *link)
{
    for (int32_t i = 0; i < STAGES; i++)
        link->stages[i].was_there = link->stages[i].there;
}

void
server_stages_roll_back(server_link *link)
{
    for (int32_t i = 0; i < STAGES; i++)
        link->stages[i].there = link->stages[i].was_there;
}

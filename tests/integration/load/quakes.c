/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "quakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 18, UPDATED = 2, VALUES_AT_ONCE = 100 };

const char quake_columns[] = "id:s time:z updated:z mag:f mag_type:s place:s type:s status:s net:s nst:i dmin:f rms:f "
                             "gap:f tsunami:i sig:i longitude:f latitude:f depth:f";
static const char kinds_of_fields[FIELDS + 1] = "szzfsssssifffiifff";

static const char *const types[KINDS]['z' + 1] = {
    [POSTGRES] = { ['s'] = "text", ['i'] = "integer", ['f'] = "double precision", ['z'] = "timestamptz(3)" },
    [MARIADB] = { ['s'] = "varchar(100)", ['i'] = "int", ['f'] = "double", ['z'] = "datetime(3)" },
    [SQLITE] = { ['s'] = "TEXT", ['i'] = "INTEGER", ['f'] = "REAL", ['z'] = "TIMESTAMP" },
    [PG_ODBC] = { ['s'] = "text", ['i'] = "integer", ['f'] = "double precision", ['z'] = "timestamptz(3)" },
};

static char *quakes[QUAKES][FIELDS]; /* NULL for an empty field */
static char days[QUAKE_DAYS][11];

/* The next field of a line of CSV, in place; a quoted one may hold commas and doubled quotes. */
static char *
next_field(char **line)
{
    char *from = *line, *to = *line, *field = *line;
    bool quoted = *from == '"';

    from += quoted;
    while (*from != '\0' && (quoted || (*from != ',' && *from != '\n'))) {
        if (quoted && *from == '"' && from[1] != '"') {
            from++;
            break;
        }
        from += quoted && *from == '"';
        *to++ = *from++;
    }
    *line = *from == '\0' ? from : from + 1;
    *to = '\0';
    return *field == '\0' ? NULL : field;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void
note_day(const char *updated)
{
    for (int32_t i = 0; i < QUAKE_DAYS; i++) {
        if (strncmp(days[i], updated, 10) == 0)
            return;
        if (days[i][0] == '\0') {
            memcpy(days[i], updated, 10);
            return;
        }
    }
    ck_abort_msg("the earthquakes have more than %d days", QUAKE_DAYS);
}

void
quakes_read(void)
{
    const char *path = getenv("INCLOAD_TEST_EARTHQUAKES");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    char *line = NULL;
    size_t size = 0;
    int32_t count = -1; /* the first line has the names */

    ck_assert_msg(file != NULL, "INCLOAD_TEST_EARTHQUAKES does not name a file");
    for (; getline(&line, &size, file) > 0; count++) {
        char *rest = line;
        if (count < 0)
            continue;
        ck_assert_int_lt(count, QUAKES);
        for (int32_t i = 0; i < FIELDS; i++) {
            const char *field = next_field(&rest);
            quakes[count][i] = field != NULL ? strdup(field) : NULL;
        }
        note_day(quakes[count][UPDATED]);
    }
    free(line);
    fclose(file);
    ck_assert_int_eq(count, QUAKES);
    qsort(days, QUAKE_DAYS, sizeof days[0], by_name);
}

int32_t
quakes_on(int32_t day)
{
    int32_t count = 0;

    for (int32_t i = 0; i < QUAKES; i++)
        count += strncmp(quakes[i][UPDATED], days[day], 10) == 0;
    return count;
}

void
quakes_make(place at, const char *table)
{
    const char *columns = quake_columns;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    table_drop(at, table);
    fprintf(out, "CREATE TABLE %s (", table);
    for (int32_t i = 0; i < FIELDS; i++, columns += strcspn(columns, " ") + 1)
        fprintf(out, "%.*s %s%s, ", (int)strcspn(columns, ":"), columns,
                types[at.kind][(unsigned char)kinds_of_fields[i]], i <= UPDATED ? " NOT NULL" : "");
    fputs("PRIMARY KEY (id))", out);
    fclose(out);
    sql(at, "%s", text);
    sql(at, "CREATE INDEX %s_updated ON %s (updated)", table, table);
    free(text);
}

static void
put_value(FILE *out, const char *text, char type)
{
    if (text == NULL) {
        fputs("NULL", out);
    } else if (type == 'z') {
        fprintf(out, "'%.10s %.12s'", text, text + 11);
    } else if (type == 's') {
        fputc('\'', out);
        for (; *text != '\0'; text++)
            fprintf(out, *text == '\'' ? "''" : "%c", *text);
        fputc('\'', out);
    } else {
        fputs(text, out);
    }
}

static void
add_some(place at, const char *table, const int32_t *which, int32_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    fprintf(out, "INSERT INTO %s VALUES ", table);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t field = 0; field < FIELDS; field++) {
            fputs(field > 0 ? ", " : i > 0 ? "), (" : "(", out);
            put_value(out, quakes[which[i]][field], kinds_of_fields[field]);
        }
    }
    fputc(')', out);
    fclose(out);
    sql(at, "%s", text);
    free(text);
}

void
quakes_add(place at, const char *table, int32_t day, uint64_t seed)
{
    static int32_t order[QUAKES];
    int32_t count = 0;

    for (int32_t i = 0; i < QUAKES; i++) {
        if (strncmp(quakes[i][UPDATED], days[day], 10) == 0)
            order[count++] = i;
    }
    for (int32_t i = count - 1; i > 0; i--) {
        int32_t other = (int32_t)(draw(&seed) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (int32_t i = 0; i < count; i += VALUES_AT_ONCE)
        add_some(at, table, order + i, count - i < VALUES_AT_ONCE ? count - i : VALUES_AT_ONCE);
}

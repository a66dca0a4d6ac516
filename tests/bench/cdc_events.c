/* SPDX-License-Identifier: Apache-2.0 */
/* Applies a workload's changes from memory: the same that cdc.py makes in SQL. Says "ready" when the events are there,
 * then waits for a line; says "done SECONDS" when all are committed, then waits for another.
 *
 *     cdc_events TARGET WORKLOAD FIRST COUNT ROWS BATCH
 *
 * FIRST and COUNT tell the numbers of the workload's changes, or transactions; ROWS the size of the tables that were
 * there before; BATCH the events of a commit. */
#include <incload/incload.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ITEMS, ACCOUNTS, TELLERS, BRANCHES, HISTORY, TABLES, MOST = 6, TELLERS_COUNT = 100, BRANCHES_COUNT = 10 };

static const struct {
    const char *name, *options;
    const char *columns[MOST];
    int32_t count;
} tables[TABLES] = {
    { "items", NULL, { "id", "customer", "amount", "state", "note", "at" }, 6 },
    { "accounts", NULL, { "aid", "bid", "abalance", "filler" }, 4 },
    { "tellers", NULL, { "tid", "bid", "tbalance", "filler" }, 4 },
    { "branches", NULL, { "bid", "bbalance", "filler" }, 3 },
    { "history", "match=whole", { "tid", "bid", "aid", "delta", "mtime" }, 5 },
};

typedef struct event {
    int table;
    int32_t operation, count;
    const char *values[MOST];
    uint64_t position, ordinal;
} event;

typedef struct list {
    event *events;
    size_t count;
    char *text; /* of all values */
    size_t used;
} list;

static void *
room(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    return memory;
}

static event *
add(list *l, int table, int32_t operation, uint64_t position, uint64_t ordinal)
{
    event *e = &l->events[l->count++];

    *e = (event){ .table = table, .operation = operation, .position = position, .ordinal = ordinal };
    return e;
}

static void
number(list *l, event *e, long long value)
{
    char *at = l->text + l->used;

    e->values[e->count++] = at;
    l->used += (size_t)snprintf(at, 24, "%lld", value) + 1;
}

static void
word(list *l, event *e, const char *before, long long value, int width)
{
    char *at = l->text + l->used;

    e->values[e->count++] = at;
    l->used += (size_t)snprintf(at, 100, "%s%-*lld", before, width, value) + 1;
}

static void
amount(list *l, event *e, long long hundredths)
{
    char *at = l->text + l->used;

    e->values[e->count++] = at;
    l->used += (size_t)snprintf(at, 32, "%lld.%02lld", hundredths / 100, hundredths % 100) + 1;
}

/* ---- workloads: each formula stands in cdc.py too ---- */

static void
instant(list *l, event *e, long long g)
{
    char *at = l->text + l->used;
    time_t seconds = (time_t)(1704067200 + g);
    struct tm parts;

    gmtime_r(&seconds, &parts);
    e->values[e->count++] = at;
    l->used += strftime(at, 40, "%Y-%m-%d %H:%M:%S+00", &parts) + 1;
}

static void
item(list *l, int32_t operation, uint64_t position, long long id, long long g)
{
    event *e = add(l, ITEMS, operation, position, 0);

    number(l, e, id);
    if (operation == INCLOAD_CHANGE_DELETE)
        return;
    number(l, e, g % 200000);
    amount(l, e, g % 1000000);
    word(l, e, "state ", g % 7, 0);
    word(l, e, "a note of some length, as rows have them, number ", g, 0);
    instant(l, e, g);
}

typedef struct balances {
    long long *accounts, tellers[TELLERS_COUNT], branches[BRANCHES_COUNT];
} balances;

/* Balances begin at 0 and have seen every transaction before. */
static void
transaction(list *l, balances *b, long long g, long long rows, bool told)
{
    long long account = g * 7919 % rows, teller = g * 31 % TELLERS_COUNT, branch = teller % BRANCHES_COUNT;
    long long delta = g * 13 % 9999 - 5000;

    b->accounts[account] += delta;
    b->tellers[teller] += delta;
    b->branches[branch] += delta;
    if (!told)
        return;
    event *e = add(l, ACCOUNTS, INCLOAD_CHANGE_UPDATE, (uint64_t)g, 1);
    number(l, e, account);
    number(l, e, account % BRANCHES_COUNT);
    number(l, e, b->accounts[account]);
    word(l, e, "", account, 84);
    e = add(l, TELLERS, INCLOAD_CHANGE_UPDATE, (uint64_t)g, 2);
    number(l, e, teller);
    number(l, e, branch);
    number(l, e, b->tellers[teller]);
    word(l, e, "", teller, 84);
    e = add(l, BRANCHES, INCLOAD_CHANGE_UPDATE, (uint64_t)g, 3);
    number(l, e, branch);
    number(l, e, b->branches[branch]);
    word(l, e, "", branch, 84);
    e = add(l, HISTORY, INCLOAD_CHANGE_INSERT, (uint64_t)g, 4);
    number(l, e, teller);
    number(l, e, branch);
    number(l, e, account);
    number(l, e, delta);
    instant(l, e, g);
}

static void
prepare(list *l, const char *workload, long long first, long long count, long long rows)
{
    balances b = { .accounts = room((size_t)rows * sizeof *b.accounts) };
    bool bank = strcmp(workload, "tpcb") == 0;

    l->events = room((size_t)count * 4 * sizeof *l->events);
    l->text = room((size_t)count * 600 + 1000);
    for (long long g = 1; g < first && bank; g++)
        transaction(l, &b, g, rows, false);
    for (long long g = first; g < first + count; g++) {
        if (bank)
            transaction(l, &b, g, rows, true);
        else if (strcmp(workload, "update") == 0)
            item(l, INCLOAD_CHANGE_UPDATE, (uint64_t)g, g * 7919 % rows, g);
        else if (strcmp(workload, "delete") == 0)
            item(l, INCLOAD_CHANGE_DELETE, (uint64_t)g, rows + g, g);
        else
            item(l, INCLOAD_CHANGE_INSERT, (uint64_t)g, rows + g, g);
    }
    free(b.accounts);
}

/* ---- the run ---- */

static double
now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
await_line(const char *said)
{
    char line[16];

    puts(said);
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        exit(1);
}

static void
apply(const list *l, incload_changes *group, incload_changes *const handles[TABLES], size_t batch, incload_error **err)
{
    for (size_t i = 0; i < l->count && *err == NULL; i++) {
        const event *e = &l->events[i];
        incload_changes_push(handles[e->table], e->operation, tables[e->table].columns, e->values, e->count,
                             e->position, e->ordinal, err);
        if ((i + 1) % batch == 0)
            incload_changes_commit(group, err);
    }
    incload_changes_commit(group, err);
}

int
main(int argc, char **argv)
{
    incload_changes *handles[TABLES];
    incload_error *err = NULL;
    char done[48];
    list l = { .count = 0 };

    if (argc != 7) {
        fprintf(stderr, "usage: cdc_events TARGET WORKLOAD FIRST COUNT ROWS BATCH\n");
        return 2;
    }
    prepare(&l, argv[2], strtoll(argv[3], NULL, 10), strtoll(argv[4], NULL, 10), strtoll(argv[5], NULL, 10));
    incload_database *target = incload_database_new(argv[1], NULL, &err);
    incload_changes *group = incload_changes_new_group(target, argv[2], "memory=268435456", &err);
    for (int i = 0; i < TABLES; i++)
        handles[i] = incload_changes_add_table(group, tables[i].name, tables[i].options, &err);
    await_line("ready");
    double began = now();
    if (err == NULL)
        apply(&l, group, handles, (size_t)strtoll(argv[6], NULL, 10), &err);
    snprintf(done, sizeof done, "done %.6f", now() - began);
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        await_line(done);
    for (int i = 0; i < TABLES; i++)
        incload_changes_unref(handles[i]);
    incload_changes_unref(group);
    incload_database_unref(target);
    incload_error_unref(err);
    free(l.events);
    free(l.text);
    return err != NULL;
}

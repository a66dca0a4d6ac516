/* SPDX-License-Identifier: Apache-2.0 */
/* A host that loads: load DIRECTORY. Its memory is its own, a function of its own sees the rows in their Arrow form. */
#include <incload/incload.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct host {
    long blocks; /* that are not given back */
    long asked;
    int64_t seen;
    int destroyed;
} host;

static void *
allocate(size_t size, void *user_data)
{
    host *h = (host *)user_data;
    void *block = malloc(size);

    h->asked++;
    h->blocks += block != NULL;
    return block;
}

static void *
reallocate(void *block, size_t size, void *user_data)
{
    host *h = (host *)user_data;
    void *larger = realloc(block, size);

    h->blocks += block == NULL && larger != NULL;
    return larger;
}

static void
release(void *block, void *user_data)
{
    ((host *)user_data)->blocks--;
    free(block);
}

static void
destroyed(void *user_data)
{
    ((host *)user_data)->destroyed++;
}

static int32_t
see(incload_unit *unit, incload_batch *batch, void *user_data)
{
    host *h = (host *)user_data;
    struct ArrowSchema schema;
    struct ArrowArray rows;

    if (incload_batch_export(batch, &schema, &rows, NULL) != INCLOAD_OK)
        return incload_unit_fail(unit, "no batch");
    h->seen += rows.length == incload_batch_rows(batch) ? rows.length : -1000;
    for (int64_t i = 0; i < schema.n_children && h->seen == rows.length; i++)
        printf("column %s: %s\n", schema.children[i]->name, schema.children[i]->format);
    rows.release(&rows);
    schema.release(&schema);
    return INCLOAD_DONE;
}

static void
run(incload_step *step, incload_context *context, incload_error **err)
{
    incload_run *run = incload_step_run(step, "retries=0", err);
    int unit = 0, finished = 0;
    incload_event *event;

    printf("%s: %ld written, road %s, %s\n", incload_run_status_name(run), (long)incload_run_rows_written(run),
           incload_run_road(run), incload_run_level(run));
    while ((event = incload_context_next_event(context, 0, err)) != NULL) {
        unit += incload_event_kind(event) == INCLOAD_EVENT_UNIT_FINISHED;
        finished += incload_event_kind(event) == INCLOAD_EVENT_RUN_FINISHED;
        incload_event_unref(event);
    }
    printf("told of %d finished unit and %d finished run\n", unit, finished);
    incload_run_unref(run);
}

static void
fail(incload_database *target)
{
    incload_error *err = NULL;
    incload_strategy *how = incload_strategy_new("timestamp", "curser=at", &err);

    printf("%s %d, can be retried: %d\n", incload_error_name(err), (int)incload_error_code(err),
           (int)incload_error_is_retryable(err));
    incload_strategy_unref(how);
    incload_error_unref(err);
    err = NULL;
    printf("%d\n", (int)incload_database_execute(target, "SELECT FROM WHERE", NULL, &err));
    printf("%s with a message: %d\n", incload_error_name(err), incload_error_message(err)[0] != '\0');
    incload_error_unref(err);
}

int
main(int argc, char **argv)
{
    static host h;
    incload_allocator memory = { 0 };
    incload_error *err = NULL;
    char from[4096], to[4096];

    if (argc != 2)
        return 2;
    snprintf(from, sizeof from, "odbc:Driver=SQLite3;Database=%s/from.db", argv[1]);
    snprintf(to, sizeof to, "odbc:Driver=SQLite3;Database=%s/to.db", argv[1]);
    memory.struct_size = sizeof memory;
    memory.allocate = allocate;
    memory.reallocate = reallocate;
    memory.release = release;
    incload_context *context = incload_context_new(NULL, &err);
    incload_context_set_allocator(context, &memory, &h, destroyed, &err);
    incload_database *source = incload_database_new_in(context, from, NULL, &err);
    incload_database *target = incload_database_new_in(context, to, NULL, &err);
    incload_strategy *how = incload_strategy_new("timestamp", "cursor=at key=id", &err);
    incload_database_execute(source, "CREATE TABLE title (id INTEGER PRIMARY KEY, name TEXT, at TEXT)", NULL, &err);
    incload_database_execute(source, "INSERT INTO title VALUES (1, 'one', '2024-01-01 08:00:00'), "
                                     "(2, 'two', '2024-01-02 08:00:00')", NULL, &err);
    incload_step *step = incload_step_new_load(source, "title", target, "title", how, &err);
    incload_step_set_batch_function(step, see, &h, destroyed, &err);
    run(step, context, &err);
    incload_database_execute(source, "UPDATE title SET name = 'first', at = '2024-01-03 08:00:00' WHERE id = 1", NULL,
                             &err);
    run(step, context, &err);
    incload_watermark *mark = incload_watermark_open(target, "title", &err);
    printf("watermark of %d versions\n", (int)incload_watermark_history_count(mark, &err));
    incload_watermark_unref(mark);
    fail(target);
    if (err != NULL)
        printf("%s: %s\n", incload_error_name(err), incload_error_message(err));
    incload_error_unref(err);
    incload_step_unref(step);
    incload_strategy_unref(how);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_context_unref(context);
    printf("asked for memory: %d, not given back: %ld, destroyed: %d, rows seen: %d\n", h.asked > 0, h.blocks,
           h.destroyed, h.seen >= 3);
    return 0;
}

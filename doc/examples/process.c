/* SPDX-License-Identifier: Apache-2.0 */
/* A process function: sees each batch between source and target, here to leave out what is not an earthquake.
 *
 *     process SOURCE_URL TARGET_URL */
#include <incload/incload.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The child array of a column, by name. */
static const struct ArrowArray *
column(const struct ArrowSchema *schema, const struct ArrowArray *rows, const char *name)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (strcmp(schema->children[i]->name, name) == 0)
            return rows->children[i];
    }
    return NULL;
}

static int32_t
only_earthquakes(incload_unit *unit, incload_batch *batch, void *user_data)
{
    struct ArrowSchema schema;
    struct ArrowArray rows;
    size_t size = ((size_t)incload_batch_rows(batch) + 7) / 8;
    uint8_t *keep = calloc(size + 1, 1);
    int64_t *dropped = user_data;

    if (keep == NULL || incload_batch_export(batch, &schema, &rows, NULL) != INCLOAD_OK) {
        free(keep);
        return incload_unit_fail(unit, "no memory to look at the batch");
    }
    const struct ArrowArray *type = column(&schema, &rows, "type");
    const int32_t *offsets = (const int32_t *)type->buffers[1] + type->offset;
    const char *text = type->buffers[2];
    for (int64_t i = 0; i < rows.length; i++) {
        int32_t length = offsets[i + 1] - offsets[i];
        if (length == 10 && memcmp(text + offsets[i], "earthquake", 10) == 0)
            keep[i / 8] |= (uint8_t)(1 << (i % 8));
        else
            (*dropped)++;
    }
    schema.release(&schema);
    rows.release(&rows);

    int32_t kept = incload_batch_keep(batch, keep, size, NULL);
    free(keep);
    return kept == INCLOAD_OK ? INCLOAD_DONE : incload_unit_fail(unit, "the batch could not be filtered");
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: process SOURCE_URL TARGET_URL\n");
        return 2;
    }

    incload_error *err = NULL;
    int64_t dropped = 0;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    incload_strategy *by_time =
        incload_strategy_new("timestamp", "cursor=updated key=id columns=id,updated,type,mag,place", &err);
    incload_step *quakes = incload_step_new_load(source, "earthquakes", target, "only_earthquakes", by_time, &err);
    incload_step_set_batch_function(quakes, only_earthquakes, &dropped, NULL, &err);
    incload_run *run = incload_step_run(quakes, NULL, &err);

    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("%lld rows read, %lld written, %lld left out; %s\n", (long long)incload_run_rows_read(run),
               (long long)incload_run_rows_written(run), (long long)dropped, incload_run_road_reason(run));

    int failed = err != NULL;
    incload_run_unref(run);
    incload_step_unref(quakes);
    incload_strategy_unref(by_time);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
